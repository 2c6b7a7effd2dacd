//! X.509 certificates (RFC 5280; GM/T 0015) of both suites: reading, issuing, and checking chains that may mix them.
//!
//! The subject is that of NDI-TR-2025-03, annex A: CN is the domain name or address, OU the identifier of the node
//! or connector, O the organisation's name. Signatures inside certificates are the DER SEQUENCE of r and s in both
//! suites, as OpenSSL and other SM2 software write it; SM2's distinguishing identifier is the default one.
//!
//! - [`Certificate`], [`Chain`]: parsed once, compared by their bytes.
//! - [`Roots`]: the pinned trust, and the check of a chain against it at a given time; [`Chain::check_issuer`]: who may certify whom.
//! - [`Csr`], [`Authority`], [`self_signed_ca`]: making certificates.
//!
//! Left to others: revocation (the public log carries it), name constraints and policies (a certificate that makes
//! them critical is refused).

mod certificate;
mod chain;
mod issue;
mod issuer;
mod names;
mod request;
mod verify;

pub use certificate::Certificate;
pub use chain::{Chain, MAX_CHAIN};
pub use issue::{Authority, self_signed_ca};
pub use issuer::area_of;
pub use names::{San, Subject, Validity};
pub use request::Csr;
pub use verify::{Roots, Verified};

pub(crate) use issue::LeafUse;

#[cfg(test)]
mod tests;
