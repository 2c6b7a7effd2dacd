//! Use cases and background jobs of a node, one module per capability. No HTTP types: the edge (api) calls in, the client (net) goes out.
//!
//! | module | what it does |
//! |---|---|
//! | [`node`], [`config`], [`member`], [`keys`], [`entropy`] | a node as a value: parts, identity, keys |
//! | [`message`], [`refusal`], [`told`] | messages between nodes: checked, answered once, refused by code; errors without words |
//! | [`identity`], [`directory`] | subjects, enrolment, certificates; everyone known |
//! | [`log`], [`feed`] | the two logs, and following others' |
//! | [`catalogue`] | resources, products, listings, search |
//! | [`contract`], [`outbox`] | negotiation between two connectors; sending until it arrives |
//! | [`delivery`], [`fetch`], [`metering`], [`receipt`] | bytes under terms, counted by both sides, proven |
//! | [`status`], [`doctor`] | what an operator sees |

mod anew;
pub mod catalogue;
pub mod config;
pub mod contract;
pub mod delivery;
pub mod directory;
pub mod doctor;
pub mod entropy;
mod error;
pub mod feed;
pub mod fetch;
pub mod identity;
pub mod keys;
pub mod log;
pub mod member;
pub mod message;
pub mod metering;
pub mod node;
pub mod outbox;
mod part;
mod reason;
pub mod receipt;
pub mod refusal;
pub mod status;
#[cfg(test)]
mod testkit;
pub mod told;

pub use error::Error;
pub use node::{Node, Parts};
pub use part::Part;
pub use reason::Reason;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
