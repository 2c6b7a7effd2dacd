//! Objects, identifiers, terms and lifecycles of the data infrastructure.
//!
//! Pure: no input or output, no clock, no randomness. Time comes in as a [`Timestamp`], random numbers as a closure, and
//! what shall happen comes out as a [`Step`]: the next state, the messages to send, the evidence to log. The caller
//! commits a step as a whole or not at all.
//!
//! | module | holds | source |
//! |---|---|---|
//! | [`id`] | identifiers and their check characters | NDI-TR-2025-04; TC609-6-2025-14, table C.1 |
//! | [`codes`] | code tables | GB/T 2260, GB/T 4754; NDI-TR-2025-03, -06; TC609-6-2025-14 |
//! | [`subject`] | organisations | NDI-TR-2025-03, 6.1.2 |
//! | [`catalogue`] | resources, products, listings | NDI-TR-2025-02, 4; NDI-TR-2025-06 |
//! | [`terms`] | what a contract allows, and whether a use is allowed | TC609-6-2025-14, 6.2.2 |
//! | [`contract`] | a contract as one party sees it | TC609-6-2025-14, 7 |
//! | [`delivery`] | one use | NDI-TR-2025-05 |
//! | [`engine`] | traits of the engines and the clock | |
//!
//! The serde forms here are for the store and for signed bodies; wire messages have their own types elsewhere.

pub mod catalogue;
pub mod codes;
pub mod contract;
pub mod delivery;
pub mod engine;
mod error;
pub mod id;
pub mod limits;
mod refusal;
mod step;
pub mod subject;
pub mod terms;
mod time;

pub use error::{Error, Result};
pub use refusal::{Refusal, SignatureRefusal};
pub use step::{CreateContract, Evidence, EvidenceKind, Negotiate, Outbound, Step, Terminate};
pub use time::{TimeError, TimeRange, Timestamp, rfc3339};

#[cfg(test)]
mod testkit;
