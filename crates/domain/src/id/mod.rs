//! Identifiers: subjects, nodes and connectors, products and resources, contracts.
//!
//! NDI-TR-2025-04, clause 4 and annex B; the contract id is that of TC609-6-2025-14, table C.1, whose type letter, time
//! pattern and check algorithm are ours (the documents leave them open): letter `C`, `YYYYMMDDHHMMSS` in UTC+8, MOD 37-2
//! over all 47 characters.
//!
//! The only way to an identifier is its `parse` or `mint`. Whether an id was ever assigned is left to the registers.
//! The parsers do not check a credit code's own check digit; [`SubjectCode::uscc`] does, when a subject registers.

mod area;
mod check;
mod contract;
mod data;
mod node;
mod subject;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use area::AreaCode;
pub use check::check_char;
pub use contract::ContractId;
pub use data::{ProductId, ResourceId};
pub use node::NodeId;
pub use subject::SubjectCode;

use crate::limits;

/// What an identifier names: the first character of an id (NDI-TR-2025-04, 4.2 and 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IdKind {
    /// `1`, the global function node.
    GlobalNode,
    /// `2`, a region function node.
    RegionNode,
    /// `3`, an industry function node.
    IndustryNode,
    /// `4`, a service node.
    ServiceNode,
    /// `5`, a connector.
    Connector,
    /// `6`, a data product.
    DataProduct,
    /// `7`, a data resource.
    DataResource,
}

impl IdKind {
    /// All kinds in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::GlobalNode,
        Self::RegionNode,
        Self::IndustryNode,
        Self::ServiceNode,
        Self::Connector,
        Self::DataProduct,
        Self::DataResource,
    ];

    /// The type code, `1` to `7`.
    #[must_use]
    pub const fn code(self) -> char {
        match self {
            Self::GlobalNode => '1',
            Self::RegionNode => '2',
            Self::IndustryNode => '3',
            Self::ServiceNode => '4',
            Self::Connector => '5',
            Self::DataProduct => '6',
            Self::DataResource => '7',
        }
    }

    /// The kind of a type code.
    #[must_use]
    pub fn from_code(code: char) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Whether an id of this kind names a node or connector (types 1 to 5).
    #[must_use]
    pub const fn is_node(self) -> bool {
        !self.is_data()
    }

    /// Whether it names data (types 6 and 7), and so may carry an extension.
    #[must_use]
    pub const fn is_data(self) -> bool {
        matches!(self, Self::DataProduct | Self::DataResource)
    }

    /// Whether it is a function node: global, region or industry.
    #[must_use]
    pub const fn is_function_node(self) -> bool {
        matches!(self, Self::GlobalNode | Self::RegionNode | Self::IndustryNode)
    }

    /// English name, as in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GlobalNode => "global node",
            Self::RegionNode => "region node",
            Self::IndustryNode => "industry node",
            Self::ServiceNode => "service node",
            Self::Connector => "connector",
            Self::DataProduct => "data product",
            Self::DataResource => "data resource",
        }
    }

    /// Whether the area code fits the kind: types 1 and 2 carry a region, type 3 an industry, the others either
    /// (NDI-TR-2025-04, 4.2 a to e).
    pub(crate) fn admits(self, area: AreaCode) -> bool {
        match self {
            Self::GlobalNode | Self::RegionNode => !area.is_industry(),
            Self::IndustryNode => area.is_industry(),
            _ => true,
        }
    }
}

impl fmt::Display for IdKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a text is no identifier, or why none could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Too short or too long.
    #[error("the length of `{text}` is {actual}: {what} has {expected} characters")]
    Length {
        /// The text.
        text: String,
        /// What it should be.
        what: &'static str,
        /// How long that is.
        expected: &'static str,
        /// How long the text is, in characters.
        actual: usize,
    },
    /// A character outside the alphabet.
    #[error("`{text}` has `{found}` at position {position}: expected {expected}")]
    Character {
        /// The text.
        text: String,
        /// The character.
        found: char,
        /// Its position, from 1.
        position: usize,
        /// What may stand there.
        expected: &'static str,
    },
    /// The type code is not one of the expected kinds.
    #[error("`{text}` has type `{found}`: expected {expected}")]
    Type {
        /// The text.
        text: String,
        /// The type code found.
        found: char,
        /// The types that would do.
        expected: &'static str,
    },
    /// The check character does not match.
    #[error(
        "`{text}` ends its first part with check character `{found}`, computed `{computed}`: compare it with the source, a character is wrong"
    )]
    CheckCharacter {
        /// The text.
        text: String,
        /// The check character found.
        found: char,
        /// The one that the characters before it give.
        computed: char,
    },
    /// Something else than the bullet stands between the id and its extension.
    #[error("`{text}` has `{found}` as position 33: expected the separator `•` before an extension")]
    Separator {
        /// The text.
        text: String,
        /// The character found.
        found: char,
    },
    /// An extension where none may be, or none or too much after the separator, or a character that it may not have.
    #[error("`{text}` has a wrong extension: {reason}")]
    Extension {
        /// The text.
        text: String,
        /// What is wrong, and what would be right.
        reason: &'static str,
    },
    /// The area code is unknown or of the wrong sort for the kind.
    #[error("area code `{code}` {reason}")]
    Area {
        /// The code.
        code: String,
        /// What is wrong, and what would be right.
        reason: &'static str,
    },
    /// A credit code's own check digit does not match (GB 32100).
    #[error(
        "credit code `{text}` has check character `{found}`, computed `{computed}`: compare it with the licence"
    )]
    CreditCode {
        /// The code.
        text: String,
        /// The check character found.
        found: char,
        /// The one computed.
        computed: char,
    },
    /// The time code of a contract id is no date-time.
    #[error("`{text}` has time code `{time}`: expected a date-time YYYYMMDDHHMMSS")]
    Time {
        /// The text.
        text: String,
        /// Its time code.
        time: String,
    },
    /// The random source gave the check character `*` every time.
    #[error("no identifier after {0} draws: the random source repeats itself")]
    Draws(usize),
}

impl IdError {
    /// The reason as one word, as the specification's test vectors name it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Length { .. } => "length",
            Self::Character { .. } => "character",
            Self::Type { .. } => "type",
            Self::CheckCharacter { .. } | Self::CreditCode { .. } => "check-character",
            Self::Separator { .. } => "separator",
            Self::Extension { .. } => "extension",
            Self::Area { .. } => "area",
            Self::Time { .. } => "time",
            Self::Draws(_) => "draws",
        }
    }
}

/// Any identifier of types 1 to 7, or a contract's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AnyId {
    /// Types 1 to 5.
    Node(NodeId),
    /// Type 6.
    Product(ProductId),
    /// Type 7.
    Resource(ResourceId),
    /// A contract.
    Contract(ContractId),
}

impl AnyId {
    /// Reads any identifier; the first character says which it is.
    ///
    /// # Errors
    /// [`IdError`], of the kind that the first character promises; a type error where it promises none.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match text.chars().next() {
            Some(contract::TYPE_LETTER) => ContractId::parse(text).map(Self::Contract),
            Some('6') => ProductId::parse(text).map(Self::Product),
            Some('7') => ResourceId::parse(text).map(Self::Resource),
            _ => NodeId::parse(text).map(Self::Node),
        }
    }
}

/// The 32 characters that every id of types 1 to 7 begins with.
struct Core;

/// Positions of the parts of a core, in bytes (a checked core is ASCII).
const SUBJECT: std::ops::Range<usize> = 1..19;
const AREA: std::ops::Range<usize> = 19..23;
const RANDOM: std::ops::Range<usize> = 23..31;
/// Characters of a core.
const CORE_LEN: usize = 32;
/// Characters of the random part.
const RANDOM_LEN: usize = 8;

impl Core {
    /// Length and alphabet of the core: everything that can be said before its kind matters.
    fn kind_of(text: &str) -> Result<IdKind, IdError> {
        let actual = text.chars().count();
        if actual < CORE_LEN {
            let expected = "32 (with an extension up to 65)";
            return Err(IdError::Length { text: text.to_owned(), what: "an identifier", expected, actual });
        }
        check_alphabet(text, CORE_LEN)?;
        let found = text.chars().next().unwrap_or_default();
        IdKind::from_code(found).ok_or_else(|| IdError::Type {
            text: text.to_owned(),
            found,
            expected: "`1` to `7`",
        })
    }

    /// Check character and area, once the characters are known to be in the alphabet.
    fn check(text: &str, kind: IdKind) -> Result<(), IdError> {
        verify_check_char(text, CORE_LEN)?;
        let area = AreaCode::parse(part(text, AREA))?;
        if !kind.admits(area) {
            return Err(area_mismatch(kind, area));
        }
        Ok(())
    }

    /// A new core: the random part is drawn until the check character is not `*`.
    fn mint(
        kind: IdKind,
        subject: &SubjectCode,
        area: AreaCode,
        mut random: impl FnMut() -> u64,
    ) -> Result<String, IdError> {
        if !kind.admits(area) {
            return Err(area_mismatch(kind, area));
        }
        let head = format!("{}{subject}{area}", kind.code());
        seal(&head, &mut random)
    }
}

fn area_mismatch(kind: IdKind, area: AreaCode) -> IdError {
    let reason = match kind {
        IdKind::IndustryNode => "is a region: an industry node needs an industry code, `00` and two digits",
        _ => "is an industry: a global or region node needs a region code, such as `1100`",
    };
    IdError::Area { code: area.to_string(), reason }
}

/// Appends a random part and a check character that is not `*`.
fn seal(head: &str, random: &mut impl FnMut() -> u64) -> Result<String, IdError> {
    for _ in 0..limits::MINT_DRAWS_MAX {
        let body = format!("{head}{}", random_part(random()));
        if let Some(check) = check_char(&body).filter(|check| *check != '*') {
            return Ok(format!("{body}{check}"));
        }
    }
    Err(IdError::Draws(limits::MINT_DRAWS_MAX))
}

/// Eight characters of `0-9A-Z`, from the low bits of a random number.
fn random_part(mut random: u64) -> String {
    let mut text = String::with_capacity(RANDOM_LEN);
    for _ in 0..RANDOM_LEN {
        let digit = u32::try_from(random % 36).unwrap_or_default();
        text.push(char::from_digit(digit, 36).unwrap_or('0').to_ascii_uppercase());
        random /= 36;
    }
    text
}

/// Every character before the `len`-th is one of `0-9A-Z`; the `len`-th, the check character, may be `*` too.
fn check_alphabet(text: &str, len: usize) -> Result<(), IdError> {
    for (index, found) in text.chars().take(len).enumerate() {
        let is_check = index + 1 == len;
        let is_fine = found.is_ascii_digit() || found.is_ascii_uppercase() || (is_check && found == '*');
        if !is_fine {
            let expected = if is_check { "`0-9`, `A-Z` or `*`" } else { "`0-9` or `A-Z`" };
            return Err(IdError::Character { text: text.to_owned(), found, position: index + 1, expected });
        }
    }
    Ok(())
}

/// Every character is one of `0-9A-Z`.
fn check_alphabet_open(text: &str) -> Result<(), IdError> {
    check_alphabet(text, usize::MAX)
}

fn verify_check_char(text: &str, len: usize) -> Result<(), IdError> {
    let body = text.get(..len - 1).unwrap_or_default();
    let found = text.chars().nth(len - 1).unwrap_or_default();
    match check_char(body) {
        Some(computed) if computed == found => Ok(()),
        computed => {
            let computed = computed.unwrap_or_default();
            Err(IdError::CheckCharacter { text: text.to_owned(), found, computed })
        }
    }
}

/// A part of an id whose characters were checked to be ASCII, so that the range cannot miss.
fn part(text: &str, range: std::ops::Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// What every identifier type has: text in, text out, serde as a string.
macro_rules! string_identifier {
    ($name:ident) => {
        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::id::IdError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
pub(crate) use string_identifier;

#[cfg(test)]
mod tests;
