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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::{SigningKey, Suite};

    // RFC 8032, 7.1, test 1: the public key, and its signature over the empty message.
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const SIGNATURE: &str = "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

    #[test]
    fn standards_example() {
        let key = LogPublicKey::from_bytes(&hex::decode(PUBLIC).unwrap()).unwrap();
        let signature = hex::decode(SIGNATURE).unwrap();
        key.verify(b"", &signature).unwrap();
        assert!(matches!(key.verify(b"x", &signature), Err(Error::BadSignature)));
    }

    #[test]
    fn signs_and_reads_back() {
        let key = LogKey::generate().unwrap();
        let again = LogKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.public(), key.public());
        let signature = again.sign(b"note");
        key.public().verify(b"note", &signature).unwrap();
        assert!(key.public().verify(b"Note", &signature).is_err());
        assert!(LogKey::generate().unwrap().public().verify(b"note", &signature).is_err());
        for bad in [&signature[..63], &[], &[signature.as_slice(), &[0]].concat()] {
            assert!(matches!(key.public().verify(b"note", bad), Err(Error::MalformedSignature(_))));
        }
    }

    #[test]
    fn public_key_has_a_text_and_json_form() {
        let key = LogKey::generate().unwrap().public();
        assert_eq!(key.to_string().parse::<LogPublicKey>().unwrap(), key);
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<LogPublicKey>(&json).unwrap(), key);
        assert!(matches!(LogPublicKey::from_bytes(&[1; 31]), Err(Error::LogKey)));
        assert!("not base64!".parse::<LogPublicKey>().is_err());
    }

    #[test]
    fn a_key_of_small_order_verifies_nothing() {
        // The neutral element: with it, an all-but-empty signature would fit every message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        let key = LogPublicKey::from_bytes(&neutral).unwrap();
        assert!(matches!(key.verify(b"anything", &signature), Err(Error::BadSignature)));
    }

    #[test]
    fn other_keys_are_refused_and_debug_shows_no_secret() {
        let other = SigningKey::generate(Suite::Intl).unwrap().to_pkcs8_pem().unwrap();
        assert!(matches!(LogKey::from_pem(&other), Err(Error::PrivateKey(_))));
        assert!(matches!(LogKey::from_pem("nothing"), Err(Error::Pem { .. })));
        let key = LogKey::generate().unwrap();
        let debug = format!("{key:?}");
        assert!(debug.contains("redacted") && !debug.contains(&hex::encode(key.0.to_bytes())), "{debug}");
        assert!(!debug.contains(&to_base64(&key.0.to_bytes())), "{debug}");
    }
}
