//! Code tables of the documents, as closed enums with code and names in both languages.
//!
//! Regions: GB/T 2260 ([`regions`]); industries: GB/T 4754-2017 ([`industries`]); subjects and connectors:
//! NDI-TR-2025-03; catalogue: NDI-TR-2025-06, 7.1; contract: TC609-6-2025-14, annexes B and C. A value outside its table
//! is refused by name.

pub mod industries;
pub mod regions;
mod tables;

pub use industries::Section;
pub use tables::{
    Classification, ConnectorJoinType, ConnectorType, ContractStatus, DataSource, DeliveryForm,
    DeliveryMethod, EncryptMode, EnterpriseAuthType, EnterpriseType, ExecutionEnv, QualityLevel,
    SecurityLevel, ServiceType, SignMode, SignatoryType, TerminateType, UpdateFrequency,
};

/// A code that its table does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {table} code `{code}`: expected one of {expected}")]
pub struct UnknownCode {
    /// Name of the table.
    pub table: &'static str,
    /// The code that was given.
    pub code: String,
    /// The codes of the table, joined by commas.
    pub expected: String,
}

/// An industry: a division of GB/T 4754 with its section.
#[derive(Clone, Copy)]
pub struct Division {
    /// Two digits as a number, 1 to 97.
    pub code: u16,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
    /// The section that it belongs to.
    pub section: &'static Section,
}

/// The division of two digits (`77`), if the table has it.
#[must_use]
pub fn division(code: u16) -> Option<Division> {
    let index = industries::DIVISIONS.binary_search_by_key(&code, |entry| entry.0).ok()?;
    let (code, letter, zh, en) = *industries::DIVISIONS.get(index)?;
    let section = industries::SECTIONS.iter().find(|section| section.letter == letter)?;
    Some(Division { code, zh, en, section })
}

/// The Chinese name of a region of four digits (`1100`), if the table has it.
#[must_use]
pub fn region_zh(code: u16) -> Option<&'static str> {
    let index = regions::REGIONS.binary_search_by_key(&code, |entry| entry.0).ok()?;
    regions::REGIONS.get(index).map(|entry| entry.1)
}

/// The English name of a province by its two digits (`11`), if there is such a province.
#[must_use]
pub fn province_en(code: u16) -> Option<&'static str> {
    let index = regions::PROVINCES_EN.binary_search_by_key(&code, |entry| entry.0).ok()?;
    regions::PROVINCES_EN.get(index).map(|entry| entry.1)
}

/// A closed code table: an enum whose variants have a code and two names. Serialised as the code.
macro_rules! code_table {
    (
        $(#[$doc:meta])*
        $name:ident, $table:literal;
        $($variant:ident = $code:literal, $zh:literal, $en:literal;)+
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $code, "` ", $zh, ": ", $en, ".")]
                $variant,
            )+
        }

        impl $name {
            /// All values in the order of the document.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code, as messages carry it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The document's Chinese name.
            #[must_use]
            pub const fn name_zh(self) -> &'static str {
                match self { $(Self::$variant => $zh),+ }
            }

            /// English name.
            #[must_use]
            pub const fn name_en(self) -> &'static str {
                match self { $(Self::$variant => $en),+ }
            }

            /// Reads a code.
            ///
            /// # Errors
            /// [`UnknownCode`](crate::codes::UnknownCode) for one that the table lacks.
            pub fn from_code(code: &str) -> Result<Self, $crate::codes::UnknownCode> {
                Self::ALL.iter().copied().find(|value| value.code() == code).ok_or_else(|| {
                    let expected = Self::ALL.iter().map(|value| value.code()).collect::<Vec<_>>().join(", ");
                    $crate::codes::UnknownCode { table: $table, code: code.to_owned(), expected }
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::codes::UnknownCode;

            fn from_str(code: &str) -> Result<Self, Self::Err> {
                Self::from_code(code)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::from_code(&code).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use code_table;

#[cfg(test)]
mod tests;
