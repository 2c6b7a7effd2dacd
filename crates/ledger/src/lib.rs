//! What proves a use afterwards: trees, notes, checkpoints, windows, receipts, and their offline verifier.
//!
//! Bytes and values in, bytes and values out: no clock, no randomness, no storage and no network. The parts, from the
//! bottom up:
//!
//! * [`tree`]: Merkle trees of RFC 6962, their inclusion and consistency proofs, and a frontier that appends in
//!   constant memory;
//! * [`note`] and [`checkpoint`]: signed notes and log checkpoints as C2SP writes them, so that tools which are not
//!   ours can check a log;
//! * [`leaf`]: what stands in a log: a salted hash that can outlive its body;
//! * [`window`]: the uses of one contract, closed into one signed object, and the user's counter-signature;
//! * [`contract`]: how two organisations sign a contract, as far as a proof needs it;
//! * [`receipt`]: everything that proves one use, in one JSON document, and [`receipt::verify`], which needs nothing
//!   but that document and the pinned trust.
//!
//! Left to others: who appends when (store and app), how a document travels (ndi), what a contract means (domain).

pub mod checkpoint;
pub mod contract;
mod error;
pub mod leaf;
pub mod note;
pub mod receipt;
mod time;
pub mod tree;
pub mod window;

pub use crate::error::LedgerError;
