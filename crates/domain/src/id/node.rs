//! Ids of nodes and connectors: 32 characters, types 1 to 5 (NDI-TR-2025-04, 4.2).

use serde::{Deserialize, Serialize};

use super::{
    AREA, AreaCode, CORE_LEN, Core, IdError, IdKind, RANDOM, SUBJECT, SubjectCode, part, string_identifier,
};

/// The id of a node or connector.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NodeId(String);

string_identifier!(NodeId);

impl NodeId {
    /// Reads 32 characters.
    ///
    /// # Errors
    /// Any [`IdError`] of a text; a type error for the id of a product or resource.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let kind = Core::kind_of(text)?;
        if kind.is_data() {
            let found = kind.code();
            return Err(IdError::Type {
                text: text.to_owned(),
                found,
                expected: "`1` to `5`, a node or connector",
            });
        }
        refuse_tail(text)?;
        Core::check(text, kind)?;
        Ok(Self(text.to_owned()))
    }

    /// Makes a new id. Draws the random part again until the check character is not `*`.
    ///
    /// # Errors
    /// [`IdError::Area`] where the area does not fit the kind, [`IdError::Type`] for a kind of data,
    /// [`IdError::Draws`] where the random source repeats itself.
    pub fn mint(
        kind: IdKind,
        subject: &SubjectCode,
        area: AreaCode,
        random: impl FnMut() -> u64,
    ) -> Result<Self, IdError> {
        if kind.is_data() {
            let expected = "`1` to `5`, a node or connector";
            return Err(IdError::Type { text: kind.to_string(), found: kind.code(), expected });
        }
        Core::mint(kind, subject, area, random).map(Self)
    }

    /// What the id names.
    #[must_use]
    pub fn kind(&self) -> IdKind {
        self.0.chars().next().and_then(IdKind::from_code).unwrap_or(IdKind::Connector)
    }

    /// The owner.
    #[must_use]
    pub fn subject(&self) -> SubjectCode {
        SubjectCode::of_part(part(&self.0, SUBJECT))
    }

    /// The node's area; for types 4 and 5 that of the node that assigned the id.
    #[must_use]
    pub fn area(&self) -> AreaCode {
        AreaCode::of_part(part(&self.0, AREA))
    }

    /// The random part, eight characters.
    #[must_use]
    pub fn random(&self) -> &str {
        part(&self.0, RANDOM)
    }
}

/// A node's id has 32 characters and no extension.
fn refuse_tail(text: &str) -> Result<(), IdError> {
    match text.chars().nth(CORE_LEN) {
        None => Ok(()),
        Some('•' | '·') => Err(IdError::Extension {
            text: text.to_owned(),
            reason: "only products and resources (types 6 and 7) have one",
        }),
        Some(_) => {
            let actual = text.chars().count();
            Err(IdError::Length {
                text: text.to_owned(),
                what: "a node's or connector's id",
                expected: "32",
                actual,
            })
        }
    }
}
