//! Signature suites, keys, digests, signed objects and certificates.
//!
//! The one place where Weir touches cryptography. It answers four questions: who signed this
//! ([`PublicKey`], [`SignedObject`]), who vouches for that key ([`cert`]), is this content what it was
//! ([`Sha256`], [`sm3()`]), and which bytes of a JSON value are signed ([`jcs`]).
//!
//! - Organisations, nodes and connectors sign with a [`SigningKey`] of one of two [`Suite`]s: `sm` (SM2 with
//!   SM3, distinguishing identifier `1234567812345678`; GB/T 32918, GB/T 35276) or `intl` (ES256; RFC 7518, 3.4).
//!   A verifier knows both. Every [`Signature`] names its suite.
//! - Log notes are signed by a [`LogKey`] (Ed25519, RFC 8032) on every node.
//! - Certificates are X.509 (RFC 5280) in both suites, and chains may mix them.
//! - [`tls`] makes what rustls needs: ES256 all the way up, since no common TLS stack verifies SM2.
//!
//! What it leaves to others: where keys are kept, what time it is (callers pass unix seconds), revocation (the
//! public log carries it), and the wire format of messages. No primitive is implemented here.

pub mod cert;
mod digest;
mod error;
pub mod jcs;
mod key;
mod log_key;
mod object;
mod pem_text;
mod random;
mod serde_text;
mod signature;
mod suite;
pub mod tls;

pub use digest::{Hasher, Sha256, sm3};
pub use error::Error;
pub use key::{KeyId, KeyRef, PublicKey, SigningKey};
pub use log_key::{LogKey, LogPublicKey};
pub use object::{SignedObject, sign_object};
pub use signature::Signature;
pub use suite::Suite;

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
