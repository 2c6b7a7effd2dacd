//! Wire messages of the national data infrastructure documents: bytes to types and types to bytes, nothing else.
//!
//! One module per document:
//! - [`envelope`], [`reply`] and [`return_code`]: NDI-TR-2025-03, 8.2 (headers, signature, response) and annex C;
//! - [`digital_contract`]: TC609-6-2025-14, annex B (create, negotiate, terminate);
//! - [`weir_v1`]: the messages that no document defines, ours, under `/weir/v1`.
//!
//! Wire types are not domain types. They mirror the document's words, lengths and misprints; conversions to the
//! domain are explicit and refuse with the field's path, such as `strategy.constraints[2].constraintValue`.
//! Reading a message goes through [`Message`]: every field is checked for presence, type, format and length, so that a
//! value of a wire type can be trusted to be within its limits.
//!
//! Not here: HTTP, clocks, randomness, key storage, and what a message means.

#[macro_use]
mod codes;
#[macro_use]
mod read;

pub mod digital_contract;
pub mod envelope;
mod error;
#[cfg(test)]
mod hostile;
mod iso_time;
pub mod limits;
mod path;
pub mod reply;
pub mod return_code;
pub mod signature;
mod strict;
#[cfg(test)]
mod testing;
pub mod weir_v1;

pub use codes::Code;
pub use envelope::{Envelope, Headers};
pub use error::Error;
pub use iso_time::IsoTime;
pub use path::Path;
pub use read::{FieldSpec, Message, parse_body, parse_body_within};
pub use reply::Reply;
pub use return_code::{Class, Lang, Module, ReturnCode};
