//! The one outbound HTTP client.
//!
//! Every request that a node makes to another party goes through a [`Client`], a value that the node owns. It holds the
//! rules about them (docs/WIRE.md, 1): no loopback, link-local or private target unless configured, checked again after the name is
//! resolved; no redirect to another origin; plain HTTP on loopback only; a limit on each time and each body.
//!
//! What it leaves to others: the envelope and its signatures (`ndi`), retries with backoff (the outbox in `app`), and
//! the meaning of a status.

mod address;
mod client;
mod error;
mod stream;
#[cfg(test)]
mod tests;

pub use address::AddressKind;
pub use client::{Client, ClientOptions, Response};
pub use error::NetError;
pub use reqwest::StatusCode;
pub use reqwest::header::HeaderMap;
pub use stream::StreamResponse;
