//! Area codes: a region by GB/T 2260 or an industry by GB/T 4754, in four digits (NDI-TR-2025-04, 4.2 note).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::IdError;
use crate::codes;

/// A region (`1100`, first four digits of GB/T 2260) or an industry (`0077`: `00` and a division of GB/T 4754).
///
/// The province or the division must be known. A prefecture may be younger than our table; it then goes by its
/// province's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AreaCode(u16);

impl AreaCode {
    /// Reads four digits.
    ///
    /// # Errors
    /// [`IdError::Area`] for anything but four digits, an unknown province, or an unknown division.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let refuse = |reason| IdError::Area { code: text.to_owned(), reason };
        if text.len() != 4 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refuse(
                "is not four digits: expected a region such as `1100` or an industry such as `0077`",
            ));
        }
        let code: u16 = text.parse().map_err(|_| refuse("is no number"))?;
        let area = Self(code);
        if area.is_industry() {
            let known = codes::division(code).is_some();
            known.then_some(area).ok_or_else(|| {
                refuse("is no industry: expected `00` and a division of GB/T 4754, such as `0077`")
            })
        } else {
            let known = codes::province_en(code / 100).is_some();
            known.then_some(area).ok_or_else(|| {
                refuse("is no region: expected the first four digits of a GB/T 2260 code, such as `1100`")
            })
        }
    }

    /// The area part of an id that was checked as a whole.
    pub(super) fn of_part(part: &str) -> Self {
        Self(part.parse().unwrap_or_default())
    }

    /// Whether it is an industry, not a region.
    #[must_use]
    pub const fn is_industry(self) -> bool {
        self.0 < 100
    }

    /// Whether it is a whole province (`NN00`).
    #[must_use]
    pub const fn is_province(self) -> bool {
        !self.is_industry() && self.0.is_multiple_of(100)
    }

    /// The province of a region; an industry is its own.
    #[must_use]
    pub const fn province(self) -> Self {
        if self.is_industry() { self } else { Self(self.0 / 100 * 100) }
    }

    /// Whether the other area lies here: it is the same, or this is its province.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self == other || (self.is_province() && other.province() == self)
    }

    /// The Chinese name of the tables; a prefecture that they lack goes by its province's.
    #[must_use]
    pub fn name_zh(self) -> &'static str {
        if self.is_industry() {
            return codes::division(self.0).map_or("", |division| division.zh);
        }
        codes::region_zh(self.0).or_else(|| codes::region_zh(self.province().0)).unwrap_or_default()
    }

    /// The English name: of the province, or of the industry's division.
    #[must_use]
    pub fn name_en(self) -> &'static str {
        if self.is_industry() {
            return codes::division(self.0).map_or("", |division| division.en);
        }
        codes::province_en(self.0 / 100).unwrap_or_default()
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.0)
    }
}

impl FromStr for AreaCode {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for AreaCode {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<AreaCode> for String {
    fn from(area: AreaCode) -> Self {
        area.to_string()
    }
}
