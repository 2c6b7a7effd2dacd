//! Subject codes: eighteen characters that name an organisation or a person (NDI-TR-2025-04, 4.1).

use serde::{Deserialize, Serialize};

use super::check::uscc_check_char;
use super::{IdError, check_alphabet_open, string_identifier};

const LEN: usize = 18;

/// The code of a subject: an organisation's unified social credit code, a person's encrypted number, or one allotted.
///
/// Parsing checks length and alphabet alone, because the document takes all three sorts alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectCode(String);

string_identifier!(SubjectCode);

impl SubjectCode {
    /// Reads eighteen characters of `0-9A-Z`.
    ///
    /// # Errors
    /// [`IdError::Length`], [`IdError::Character`].
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let actual = text.chars().count();
        if actual != LEN {
            return Err(IdError::Length {
                text: text.to_owned(),
                what: "a subject code",
                expected: "18",
                actual,
            });
        }
        check_alphabet_open(text)?;
        Ok(Self(text.to_owned()))
    }

    /// Reads a unified social credit code and checks its own check character (GB 32100), for the registration of an
    /// organisation.
    ///
    /// # Errors
    /// As [`SubjectCode::parse`], and [`IdError::CreditCode`] where the check character differs,
    /// [`IdError::Character`] for the letters that a credit code never has.
    pub fn uscc(text: &str) -> Result<Self, IdError> {
        let code = Self::parse(text)?;
        let expected = "a character of a credit code: digits and capitals without I, O, S, V, Z";
        if let Some((index, found)) = text.chars().enumerate().find(|(_, c)| "IOSVZ".contains(*c)) {
            return Err(IdError::Character { text: text.to_owned(), found, position: index + 1, expected });
        }
        let computed = text.get(..LEN - 1).and_then(uscc_check_char).unwrap_or_default();
        let found = text.chars().last().unwrap_or_default();
        if computed == found {
            Ok(code)
        } else {
            Err(IdError::CreditCode { text: text.to_owned(), found, computed })
        }
    }

    /// The unified social credit code that begins with these 17 characters: its check character (GB 32100) is added. `None` where one
    /// of them is outside the code's alphabet, or their number is wrong.
    #[must_use]
    pub fn with_check(body: &str) -> Option<Self> {
        uscc_check_char(body).map(|check| Self(format!("{body}{check}")))
    }

    /// The subject part of an id that was checked as a whole.
    pub(super) fn of_part(part: &str) -> Self {
        Self(part.to_owned())
    }

    /// Whether the text is a credit code with the right check character.
    #[must_use]
    pub fn is_uscc(&self) -> bool {
        Self::uscc(&self.0).is_ok()
    }
}
