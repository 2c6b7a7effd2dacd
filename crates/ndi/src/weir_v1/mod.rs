//! Weir's own messages under `/weir/v1`, for what no document defines: docs/WIRE.md, 2 to 6.
//!
//! One module per group. Each message has the envelope of [`crate::envelope`], and its name (the constants `*_MSG`) is
//! both the last segment of its path and its `msgcode`. Field names follow the documents' style.

pub mod catalogue;
pub mod clock;
pub mod convert;
pub mod deliver;
pub mod enrolment;
pub mod feed;
pub mod join;
pub mod public_log;
pub mod receipt_part;
pub mod terms;
pub mod usage_window;

/// Path prefix of all messages of this module.
pub const PREFIX: &str = "/weir/v1";

/// The path of a message: `/weir/v1/<name>`.
pub fn path(msgcode: &str) -> String {
    format!("{PREFIX}/{msgcode}")
}

codes! {
    /// Signature suite of a node, as messages name it.
    pub enum SuiteCode {
        /// SM2 with SM3.
        Sm = "sm",
        /// ES256.
        Intl = "intl",
    }
}

codes! {
    /// State of what the public log shows (docs/WIRE.md, 3).
    pub enum Status {
        /// A node, organisation or connector that holds a certificate.
        Certified = "certified",
        /// A resource or product that has its identifier.
        Registered = "registered",
        /// A product on a service node.
        Listed = "listed",
        /// A product that its provider took back.
        Withdrawn = "withdrawn",
        /// A product that left a service node.
        Delisted = "delisted",
        /// A node, organisation, connector or resource that is no longer registered.
        Deregistered = "deregistered",
    }
}

impl From<crypto::Suite> for SuiteCode {
    fn from(suite: crypto::Suite) -> Self {
        match suite {
            crypto::Suite::Sm => Self::Sm,
            crypto::Suite::Intl => Self::Intl,
        }
    }
}

impl From<SuiteCode> for crypto::Suite {
    fn from(code: SuiteCode) -> Self {
        match code {
            SuiteCode::Sm => Self::Sm,
            SuiteCode::Intl => Self::Intl,
        }
    }
}

#[cfg(test)]
mod tests;
