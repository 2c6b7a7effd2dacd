//! Signing and verifying keys of both suites.
//!
//! A private key travels as PKCS#8 (RFC 5958), a public key as SubjectPublicKeyInfo (RFC 5480; GB/T 35276, 7.1).
//! Both are parsed once: cloning shares the parsed key. The encoded form of a private key is wiped when the last
//! clone is dropped; the scalars inside sm2 and ring are theirs to hold.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use der::Decode;
use der::asn1::ObjectIdentifier;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use sm2::dsa::signature::{Signer, Verifier as _};
use sm2::pkcs8::{EncodePrivateKey, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use crate::serde_text::{from_lower_hex, serde_as_base64_der, serde_as_text};
use crate::suite::{SM2_ID, split_suite};
use crate::{Error, Result, Sha256, Signature, Suite, pem_text, random};

/// Bytes of an uncompressed point of either curve.
const POINT_LEN: usize = 65;

/// What stands before the point in a SubjectPublicKeyInfo: id-ecPublicKey with the suite's curve, then the head of
/// the BIT STRING. Only this form is accepted, so that one key has one id.
const SM_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x81,
    0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00,
];
const INTL_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

fn spki_prefix(suite: Suite) -> &'static [u8] {
    match suite {
        Suite::Sm => &SM_SPKI,
        Suite::Intl => &INTL_SPKI,
    }
}

/// The name of a key: the first 16 bytes of the SHA-256 of its SubjectPublicKeyInfo, as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 16]);

impl KeyId {
    fn of_spki(spki: &[u8]) -> Self {
        let mut id = [0; 16];
        id.iter_mut().zip(Sha256::of(spki).as_bytes()).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        from_lower_hex("key id", text).map(Self)
    }
}

serde_as_text!(KeyId);

/// Which key signed, and of which suite it is: the header `weir-key`. Text and JSON form: `<suite>:<key id>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyRef {
    /// The key's suite.
    pub suite: Suite,
    /// The key's id.
    pub id: KeyId,
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.suite, self.id)
    }
}

impl FromStr for KeyRef {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (suite, id) = split_suite("key reference", text)?;
        Ok(Self { suite, id: id.parse()? })
    }
}

serde_as_text!(KeyRef);

/// A key that verifies signatures of one suite. Cheap to clone. JSON form: base64 of its SubjectPublicKeyInfo.
#[derive(Clone)]
pub struct PublicKey(Arc<PublicInner>);

struct PublicInner {
    spki: Vec<u8>,
    id: KeyId,
    verifier: Verifier,
}

enum Verifier {
    Sm(Box<sm2::dsa::VerifyingKey>),
    Intl(UnparsedPublicKey<Vec<u8>>),
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo with an uncompressed point on either curve.
    ///
    /// # Errors
    /// [`Error::PublicKey`] for any other form, algorithm or curve, and for an SM2 point off its curve (a P-256
    /// point off its curve is accepted and verifies nothing).
    pub fn from_spki_der(der: &[u8]) -> Result<Self> {
        let known = [Suite::Sm, Suite::Intl]
            .into_iter()
            .find_map(|suite| der.strip_prefix(spki_prefix(suite)).map(|point| (suite, point)));
        let (suite, point) = known.ok_or(Error::PublicKey)?;
        Self::from_point(suite, point)
    }

    fn from_point(suite: Suite, point: &[u8]) -> Result<Self> {
        if point.len() != POINT_LEN || point.first() != Some(&4) {
            return Err(Error::PublicKey);
        }
        let verifier = match suite {
            Suite::Sm => sm2::dsa::VerifyingKey::from_sec1_bytes(SM2_ID, point)
                .map(|key| Verifier::Sm(Box::new(key)))
                .map_err(|_| Error::PublicKey)?,
            Suite::Intl => Verifier::Intl(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point.to_vec())),
        };
        let spki = [spki_prefix(suite), point].concat();
        Ok(Self(Arc::new(PublicInner { id: KeyId::of_spki(&spki), spki, verifier })))
    }

    /// Reads a PEM `PUBLIC KEY`.
    ///
    /// # Errors
    /// As [`PublicKey::from_spki_der`], and [`Error::Pem`].
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_spki_der(&pem_text::decode_one(pem_text::PUBLIC_KEY, text)?)
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn to_spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// PEM `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem_text::encode(pem_text::PUBLIC_KEY, &self.0.spki)
    }

    /// The suite whose signatures it verifies.
    pub fn suite(&self) -> Suite {
        match self.0.verifier {
            Verifier::Sm(_) => Suite::Sm,
            Verifier::Intl(_) => Suite::Intl,
        }
    }

    /// Its name.
    pub fn key_id(&self) -> KeyId {
        self.0.id
    }

    /// Its name with its suite.
    pub fn key_ref(&self) -> KeyRef {
        KeyRef { suite: self.suite(), id: self.0.id }
    }

    /// Checks a signature over a message.
    ///
    /// # Errors
    /// [`Error::WrongSuite`] where the signature names the other suite, [`Error::BadSignature`] where it does not
    /// belong to this message and key.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<()> {
        if signature.suite() != self.suite() {
            return Err(Error::WrongSuite { expected: self.suite(), found: signature.suite() });
        }
        match &self.0.verifier {
            Verifier::Sm(key) => sm2::dsa::Signature::from_slice(signature.as_raw())
                .and_then(|signature| key.verify(message, &signature))
                .map_err(|_| Error::BadSignature),
            Verifier::Intl(key) => key.verify(message, signature.as_raw()).map_err(|_| Error::BadSignature),
        }
    }

    // Names that the serde macro expects.
    fn to_der(&self) -> &[u8] {
        self.to_spki_der()
    }

    fn from_der(der: &[u8]) -> Result<Self> {
        Self::from_spki_der(der)
    }
}

serde_as_base64_der!(PublicKey, "public key");

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.spki.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.key_ref())
    }
}

/// A private key of one suite. Cheap to clone; `Debug` shows its public name only.
#[derive(Clone)]
pub struct SigningKey(Arc<SigningInner>);

struct SigningInner {
    public: PublicKey,
    pkcs8: Zeroizing<Vec<u8>>,
    signer: PrivateKey,
}

enum PrivateKey {
    Sm(Box<sm2::dsa::SigningKey>),
    Intl(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Draws a new key.
    ///
    /// # Errors
    /// [`Error::Random`] where the system gives no randomness.
    pub fn generate(suite: Suite) -> Result<Self> {
        let pkcs8 = match suite {
            Suite::Sm => generate_sm2()?,
            Suite::Intl => {
                let rng = ring::rand::SystemRandom::new();
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &rng)
                    .map_err(|_| Error::Random)?;
                Zeroizing::new(document.as_ref().to_vec())
            }
        };
        Self::from_pkcs8_der(pkcs8)
    }

    /// Reads a PEM `PRIVATE KEY` (PKCS#8, not encrypted); its curve says which suite it is.
    ///
    /// # Errors
    /// [`Error::Pem`] or [`Error::PrivateKey`]; neither repeats any of the key.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self> {
        Self::from_pkcs8_der(pem_text::decode_secret(text)?)
    }

    fn from_pkcs8_der(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self> {
        let (signer, public) = match pkcs8_suite(&pkcs8)? {
            Suite::Sm => {
                let key = parse_sm2(&pkcs8)?;
                let public = PublicKey::from_point(Suite::Sm, &key.verifying_key().to_sec1_bytes())?;
                (PrivateKey::Sm(Box::new(key)), public)
            }
            Suite::Intl => {
                let rng = ring::rand::SystemRandom::new();
                let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &rng)
                    .map_err(|_| Error::PrivateKey("not a P-256 key with its public key"))?;
                let public = PublicKey::from_point(Suite::Intl, key.public_key().as_ref())?;
                (PrivateKey::Intl(Box::new(key)), public)
            }
        };
        Ok(Self(Arc::new(SigningInner { public, pkcs8, signer })))
    }

    /// PEM `PRIVATE KEY`; the text is wiped when dropped.
    ///
    /// # Errors
    /// [`Error::PrivateKey`], which a key that was accepted never causes.
    pub fn to_pkcs8_pem(&self) -> Result<Zeroizing<String>> {
        pem_text::encode_secret(&self.0.pkcs8)
    }

    /// The suite it signs with.
    pub fn suite(&self) -> Suite {
        self.0.public.suite()
    }

    /// The key that verifies its signatures.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public
    }

    /// Its public name with its suite, for the header `weir-key`.
    pub fn key_ref(&self) -> KeyRef {
        self.0.public.key_ref()
    }

    /// Signs a message. SM2's nonce is derived from key and message (RFC 6979), ES256's also from the system's
    /// random source.
    ///
    /// # Errors
    /// [`Error::Signing`] or [`Error::Random`], neither with a healthy system.
    pub fn sign(&self, message: &[u8]) -> Result<Signature> {
        match &self.0.signer {
            PrivateKey::Sm(key) => {
                let signature: sm2::dsa::Signature =
                    key.try_sign(message).map_err(|_| Error::Signing("SM2 found no nonce"))?;
                Ok(Signature::from_raw(Suite::Sm, signature.to_bytes().into()))
            }
            PrivateKey::Intl(key) => {
                let rng = ring::rand::SystemRandom::new();
                let signature = key.sign(&rng, message).map_err(|_| Error::Random)?;
                let raw =
                    signature.as_ref().try_into().map_err(|_| Error::Signing("ES256 is not 64 bytes"))?;
                Ok(Signature::from_raw(Suite::Intl, raw))
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({}, private part redacted)", self.key_ref())
    }
}

/// Which suite a PKCS#8 document's curve stands for.
fn pkcs8_suite(pkcs8: &[u8]) -> Result<Suite> {
    const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(|_| Error::PrivateKey("not PKCS#8"))?;
    let curve = info.algorithm.parameters_oid().ok().filter(|_| info.algorithm.oid == EC);
    curve.and_then(Suite::from_curve_oid).ok_or(Error::PrivateKey("neither SM2 nor P-256"))
}

fn parse_sm2(pkcs8: &[u8]) -> Result<sm2::dsa::SigningKey> {
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(|_| Error::PrivateKey("not PKCS#8"))?;
    let secret = sm2::SecretKey::try_from(info).map_err(|_| Error::PrivateKey("not an SM2 key"))?;
    sm2::dsa::SigningKey::new(SM2_ID, &secret).map_err(|_| Error::PrivateKey("not an SM2 key"))
}

/// Draws an SM2 scalar; one of 2^32 draws is out of range, so a few are enough.
fn generate_sm2() -> Result<Zeroizing<Vec<u8>>> {
    for _ in 0..8 {
        let mut scalar = Zeroizing::new([0; 32]);
        random::fill(scalar.as_mut())?;
        if let Ok(secret) = sm2::SecretKey::from_slice(scalar.as_ref()) {
            let document = secret.to_pkcs8_der().map_err(|_| Error::PrivateKey("SM2 does not fit PKCS#8"))?;
            return Ok(document.to_bytes());
        }
    }
    Err(Error::Random)
}

#[cfg(test)]
mod tests;
