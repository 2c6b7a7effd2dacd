//! Contract ids: 47 characters (TC609-6-2025-14, tables B.3 and C.1).
//!
//! Type letter, node type, node's subject, node's area, time, random part, check character. The letter is `C`, the time is
//! `YYYYMMDDHHMMSS` in UTC+8, the check is MOD 37-2 over all 47 characters: the document states none of the three.

use serde::{Deserialize, Serialize};

use super::{
    AreaCode, IdError, IdKind, NodeId, SubjectCode, area_mismatch, check_alphabet, part, seal,
    string_identifier, verify_check_char,
};
use crate::Timestamp;

/// The type letter of a contract id.
pub(super) const TYPE_LETTER: char = 'C';
const LEN: usize = 47;
const NODE_SUBJECT: std::ops::Range<usize> = 2..20;
const NODE_AREA: std::ops::Range<usize> = 20..24;
const TIME: std::ops::Range<usize> = 24..38;
const RANDOM: std::ops::Range<usize> = 38..46;

/// The id of a contract. It names the node that gave it: the service node that lists the product, or a function node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContractId(String);

string_identifier!(ContractId);

impl ContractId {
    /// Reads 47 characters.
    ///
    /// # Errors
    /// Any [`IdError`] of a text, among them [`IdError::Time`] for a time code that is no date-time.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let actual = text.chars().count();
        if actual != LEN {
            return Err(IdError::Length {
                text: text.to_owned(),
                what: "a contract id",
                expected: "47",
                actual,
            });
        }
        check_alphabet(text, LEN)?;
        let kind = node_kind(text)?;
        verify_check_char(text, LEN)?;
        let area = AreaCode::parse(part(text, NODE_AREA))?;
        if !kind.admits(area) {
            return Err(area_mismatch(kind, area));
        }
        let time = part(text, TIME);
        if Timestamp::from_compact(time).is_err() {
            return Err(IdError::Time { text: text.to_owned(), time: time.to_owned() });
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a new id at the node that gives it. Draws the random part again until the check character is not `*`.
    ///
    /// # Errors
    /// [`IdError::Type`] where the node is a connector, [`IdError::Draws`] where the random source repeats itself.
    pub fn mint(node: &NodeId, at: Timestamp, mut random: impl FnMut() -> u64) -> Result<Self, IdError> {
        let kind = node.kind();
        if kind == IdKind::Connector {
            let expected = "a service or function node, which alone gives contract ids";
            return Err(IdError::Type { text: node.to_string(), found: kind.code(), expected });
        }
        let head =
            format!("{TYPE_LETTER}{}{}{}{}", kind.code(), node.subject(), node.area(), at.to_compact());
        seal(&head, &mut random).map(Self)
    }

    /// The kind of the node that gave the id.
    #[must_use]
    pub fn node_kind(&self) -> IdKind {
        node_kind(&self.0).unwrap_or(IdKind::ServiceNode)
    }

    /// The subject that runs that node.
    #[must_use]
    pub fn node_subject(&self) -> SubjectCode {
        SubjectCode::of_part(part(&self.0, NODE_SUBJECT))
    }

    /// The area of that node.
    #[must_use]
    pub fn node_area(&self) -> AreaCode {
        AreaCode::of_part(part(&self.0, NODE_AREA))
    }

    /// When the id was given, to the second.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        Timestamp::from_compact(part(&self.0, TIME)).unwrap_or_default()
    }

    /// The random part, eight characters.
    #[must_use]
    pub fn random(&self) -> &str {
        part(&self.0, RANDOM)
    }
}

/// The second character: a function or service node. The first is the letter.
fn node_kind(text: &str) -> Result<IdKind, IdError> {
    let mut chars = text.chars();
    let refuse = |found, expected| IdError::Type { text: text.to_owned(), found, expected };
    let letter = chars.next().unwrap_or_default();
    if letter != TYPE_LETTER {
        return Err(refuse(letter, "`C`, a contract"));
    }
    let code = chars.next().unwrap_or_default();
    let kind = IdKind::from_code(code).filter(|kind| kind.is_function_node() || *kind == IdKind::ServiceNode);
    kind.ok_or_else(|| refuse(code, "a node type `1` to `4` after the letter"))
}
