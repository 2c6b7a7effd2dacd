//! Ids of products and resources: 32 to 65 characters, types 6 and 7 (NDI-TR-2025-04, 4.3).
//!
//! The separator before an extension is written `•` (U+2022); `·` (U+00B7) is accepted, because the stored text leaves
//! open which is meant. The extension's alphabet is not stated either: we accept ASCII letters and digits and `-._:/`.

use serde::{Deserialize, Serialize};

use super::{
    AREA, AreaCode, CORE_LEN, Core, IdError, IdKind, RANDOM, SUBJECT, SubjectCode, part, string_identifier,
};

const SEPARATOR: char = '•';
const EXTENSION_CHARS_MAX: usize = 32;

macro_rules! data_identifier {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $expected:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        string_identifier!($name);

        impl $name {
            /// Reads 32 characters, or 34 to 65 with an extension; the separator is normalised to `•`.
            ///
            /// # Errors
            /// Any [`IdError`] of a text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse_data(text, $kind, $expected).map(Self)
            }

            /// Makes a new id without extension. Draws the random part again until the check character is not `*`.
            ///
            /// # Errors
            /// [`IdError::Draws`] where the random source repeats itself.
            pub fn mint(
                subject: &SubjectCode,
                area: AreaCode,
                random: impl FnMut() -> u64,
            ) -> Result<Self, IdError> {
                Core::mint($kind, subject, area, random).map(Self)
            }

            /// The same id with an extension, which may carry the code of another scheme.
            ///
            /// # Errors
            /// [`IdError::Extension`] where it is empty, longer than 32 characters, or has other characters than
            /// ASCII letters, digits and `-._:/`.
            pub fn with_extension(&self, extension: &str) -> Result<Self, IdError> {
                Self::parse(&format!("{}{SEPARATOR}{extension}", self.core()))
            }

            /// What the id names.
            #[must_use]
            pub const fn kind(&self) -> IdKind {
                $kind
            }

            /// The owner.
            #[must_use]
            pub fn subject(&self) -> SubjectCode {
                SubjectCode::of_part(part(&self.0, SUBJECT))
            }

            /// The region or industry of the platform that accepted the registration.
            #[must_use]
            pub fn area(&self) -> AreaCode {
                AreaCode::of_part(part(&self.0, AREA))
            }

            /// The random part, eight characters.
            #[must_use]
            pub fn random(&self) -> &str {
                part(&self.0, RANDOM)
            }

            /// The first 32 characters, which are unique by themselves.
            #[must_use]
            pub fn core(&self) -> &str {
                part(&self.0, 0..CORE_LEN)
            }

            /// The extension, if there is one.
            #[must_use]
            pub fn extension(&self) -> Option<&str> {
                self.0.get(CORE_LEN + SEPARATOR.len_utf8()..)
            }
        }
    };
}

data_identifier!(
    /// The id of a data product.
    ProductId, IdKind::DataProduct, "`6`, a data product"
);
data_identifier!(
    /// The id of a data resource.
    ResourceId, IdKind::DataResource, "`7`, a data resource"
);

fn parse_data(text: &str, wanted: IdKind, expected: &'static str) -> Result<String, IdError> {
    let kind = Core::kind_of(text)?;
    if kind != wanted {
        return Err(IdError::Type { text: text.to_owned(), found: kind.code(), expected });
    }
    let (core, tail) = text.split_at_checked(CORE_LEN).unwrap_or((text, ""));
    let extension = check_tail(text, tail)?;
    Core::check(core, kind)?;
    Ok(match extension {
        Some(extension) => format!("{core}{SEPARATOR}{extension}"),
        None => core.to_owned(),
    })
}

/// The extension of what follows the core.
fn check_tail<'a>(text: &str, tail: &'a str) -> Result<Option<&'a str>, IdError> {
    let Some(found) = tail.chars().next() else { return Ok(None) };
    let Some(extension) = tail.strip_prefix([SEPARATOR, '·']) else {
        return Err(IdError::Separator { text: text.to_owned(), found });
    };
    let refuse = |reason| Err(IdError::Extension { text: text.to_owned(), reason });
    match extension.chars().count() {
        0 => refuse("nothing follows the separator: give 1 to 32 characters or leave it out"),
        1..=EXTENSION_CHARS_MAX if extension.chars().all(is_extension_char) => Ok(Some(extension)),
        1..=EXTENSION_CHARS_MAX => refuse("expected ASCII letters, digits and `-._:/` only"),
        _ => refuse("it has more than 32 characters"),
    }
}

fn is_extension_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._:/".contains(c)
}
