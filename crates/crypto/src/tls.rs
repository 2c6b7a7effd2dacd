//! TLS keys and certificates: ES256 all the way up, since rustls and every common TLS stack know no SM2.
//!
//! A node's TLS certificates hang from an ES256 root of their own (a [`crate::cert::self_signed_ca`] of an `intl` key),
//! pinned beside the signing root. Serving and connecting are left to others; here are keys, requests and certificates.

use zeroize::Zeroizing;

use crate::cert::{Authority, Chain, Csr, LeafUse, San, Subject, Validity};
use crate::{Error, PublicKey, Result, SigningKey, Suite};

/// A TLS key with its certificates, as rustls takes them.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    key: SigningKey,
    chain: Chain,
}

impl TlsIdentity {
    /// Puts a key and its certificates together.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`] where the leaf certifies another key, [`Error::WrongSuite`] where anything is not ES256.
    pub fn new(key: SigningKey, chain: Chain) -> Result<Self> {
        check_es256(key.suite())?;
        chain.iter().try_for_each(|certificate| {
            check_es256(certificate.public_key().suite())?;
            check_es256(certificate.signature_suite())
        })?;
        if key.public_key() != chain.public_key() {
            return Err(Error::KeyMismatch { subject: chain.leaf().label() });
        }
        Ok(Self { key, chain })
    }

    /// Reads a PEM private key and PEM certificates, leaf first.
    ///
    /// # Errors
    /// Those of [`SigningKey::from_pkcs8_pem`], [`Chain::from_pem`] and [`TlsIdentity::new`].
    pub fn from_pem(key: &str, chain: &str) -> Result<Self> {
        Self::new(SigningKey::from_pkcs8_pem(key)?, Chain::from_pem(chain)?)
    }

    /// The private key as PEM PKCS#8; wiped when dropped.
    ///
    /// # Errors
    /// Those of [`SigningKey::to_pkcs8_pem`].
    pub fn key_pem(&self) -> Result<Zeroizing<String>> {
        self.key.to_pkcs8_pem()
    }

    /// The certificates as PEM, leaf first.
    pub fn chain_pem(&self) -> String {
        self.chain.to_pem()
    }

    /// The certificates.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }
}

/// Draws a TLS key.
///
/// # Errors
/// [`Error::Random`].
pub fn generate_key() -> Result<SigningKey> {
    SigningKey::generate(Suite::Intl)
}

/// Asks for a TLS certificate for these hosts.
///
/// # Errors
/// [`Error::WrongSuite`] for an SM2 key, and those of [`Csr::new`].
pub fn request(key: &SigningKey, subject: &Subject, sans: &[San]) -> Result<Csr> {
    check_es256(key.suite())?;
    Csr::new(key, subject, sans)
}

/// Certifies a TLS key as server and client for these hosts.
///
/// # Errors
/// [`Error::WrongSuite`] where the authority, one above it or the key is not ES256, [`Error::Host`] where no host is
/// given, and those of [`Authority::issue_leaf`].
pub fn issue_tls_leaf(
    authority: &Authority,
    subject: &Subject,
    key: &PublicKey,
    validity: Validity,
    sans: &[San],
) -> Result<Chain> {
    check_es256(key.suite())?;
    check_es256(authority.key().suite())?;
    authority.above().iter().try_for_each(|certificate| check_es256(certificate.signature_suite()))?;
    if sans.is_empty() {
        return Err(Error::Host(String::new()));
    }
    authority.issue_leaf_for(LeafUse::Tls, subject, key, validity, sans)
}

fn check_es256(found: Suite) -> Result<()> {
    match found {
        Suite::Intl => Ok(()),
        Suite::Sm => Err(Error::WrongSuite { expected: Suite::Intl, found }),
    }
}

#[cfg(test)]
mod tests;
