//! Ed25519 keys of log notes (RFC 8032; C2SP signed-note), the same on every node whatever its suite.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ed25519_dalek::Signer as _;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey, KeypairBytes};
use zeroize::Zeroizing;

use crate::serde_text::{from_base64, serde_as_text, to_base64};
use crate::{Error, Result, pem_text, random};

/// A log's private key. Cheap to clone, wiped when dropped, `Debug` shows its public half only.
#[derive(Clone)]
pub struct LogKey(Arc<ed25519_dalek::SigningKey>);

impl LogKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`Error::Random`] where the system gives no randomness.
    pub fn generate() -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        random::fill(seed.as_mut())?;
        Ok(Self(Arc::new(ed25519_dalek::SigningKey::from_bytes(&seed))))
    }

    /// Reads a PEM `PRIVATE KEY` (PKCS#8, RFC 8410).
    ///
    /// # Errors
    /// [`Error::Pem`] or [`Error::PrivateKey`]; neither repeats any of the key.
    pub fn from_pem(text: &str) -> Result<Self> {
        let der = pem_text::decode_secret(text)?;
        ed25519_dalek::SigningKey::from_pkcs8_der(&der)
            .map(|key| Self(Arc::new(key)))
            .map_err(|_| Error::PrivateKey("not an Ed25519 key"))
    }

    /// PEM `PRIVATE KEY`; the text is wiped when dropped. The public half is left out, as OpenSSL 3 wants it.
    ///
    /// # Errors
    /// [`Error::PrivateKey`], which a key that was accepted never causes.
    pub fn to_pem(&self) -> Result<Zeroizing<String>> {
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        let der = pair.to_pkcs8_der().map_err(|_| Error::PrivateKey("Ed25519 does not fit PKCS#8"))?;
        pem_text::encode_secret(der.as_bytes())
    }

    /// Signs a note's text.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    /// The key that verifies its signatures.
    pub fn public(&self) -> LogPublicKey {
        LogPublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({}, private part redacted)", self.public())
    }
}

/// A log's public key. Text and JSON form: base64 of its 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogPublicKey(ed25519_dalek::VerifyingKey);

impl LogPublicKey {
    /// Reads 32 bytes.
    ///
    /// # Errors
    /// [`Error::LogKey`] where they are no point of the curve, or there are more or fewer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bytes = bytes.try_into().map_err(|_| Error::LogKey)?;
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| Error::LogKey)
    }

    /// Its 32 bytes.
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Checks a signature of 64 bytes; keys and points of small order are refused.
    ///
    /// # Errors
    /// [`Error::MalformedSignature`] where it is not 64 bytes, [`Error::BadSignature`] where it does not match.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<()> {
        let signature = ed25519_dalek::Signature::from_slice(signature)
            .map_err(|_| Error::MalformedSignature("64 bytes of Ed25519"))?;
        self.0.verify_strict(message, &signature).map_err(|_| Error::BadSignature)
    }
}

impl fmt::Display for LogPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_base64(self.0.as_bytes()))
    }
}

impl fmt::Debug for LogPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogPublicKey({self})")
    }
}

impl FromStr for LogPublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::from_bytes(&from_base64("log key", text)?)
    }
}

serde_as_text!(LogPublicKey);
