//! Signed notes: a text and signature lines under it (C2SP signed-note).
//!
//! Two kinds of signature: Ed25519 (type `0x01`), which every C2SP tool verifies, and a private one (type `0xff`
//! followed by `weir sm2`) with which a node of suite `sm` signs the same text by SM2 with SM3. The public key of the
//! private kind is the SubjectPublicKeyInfo in DER, its signature is r‖s. A verifier that does not know the private
//! kind skips its line, as the specification asks. Other kinds are skipped here in the same way.
//!
//! Left to others: what the text says (see [`crate::checkpoint`]), and which keys are to be trusted.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::{LogKey, LogPublicKey, PublicKey, Sha256, Signature, SigningKey, Suite};
use serde::{Deserialize, Serialize};

use crate::LedgerError;

/// The largest note that is read, in bytes.
pub const MAX_NOTE_BYTES: usize = 64 * 1024;

/// The greatest number of signature lines that is read; the specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 64;

/// The longest key name, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// The type byte of Ed25519 signatures (C2SP signed-note, "Signature types").
const TYPE_ED25519: &[u8] = &[0x01];

/// The type byte for types without an assigned one, followed by our own identifier.
const TYPE_SM2: &[u8] = b"\xffweir sm2";

/// What a signature line begins with: an em dash and a space.
const LINE_START: &str = "\u{2014} ";

/// The first four bytes of a key's hash; together with the name they say which key signed.
pub type KeyHash = [u8; 4];

/// Signs notes under a name.
#[derive(Debug, Clone)]
pub struct NoteSigner {
    verifier: NoteVerifier,
    key: SignerKey,
}

#[derive(Debug, Clone)]
enum SignerKey {
    Ed25519(LogKey),
    Sm2(SigningKey),
}

impl NoteSigner {
    /// A signer that every C2SP tool can verify.
    ///
    /// # Errors
    /// [`LedgerError::KeyName`] for a name that signature lines cannot carry.
    pub fn ed25519(name: &str, key: LogKey) -> Result<Self, LedgerError> {
        let verifier = NoteVerifier::ed25519(name, key.public())?;
        Ok(Self { verifier, key: SignerKey::Ed25519(key) })
    }

    /// A signer of the private SM2 kind.
    ///
    /// # Errors
    /// [`LedgerError::KeyName`] for a name that signature lines cannot carry, [`LedgerError::VerifierKey`] for a key
    /// of the other suite.
    pub fn sm2(name: &str, key: SigningKey) -> Result<Self, LedgerError> {
        let verifier = NoteVerifier::sm2(name, key.public_key().clone())?;
        Ok(Self { verifier, key: SignerKey::Sm2(key) })
    }

    /// What others need to check this signer's lines.
    #[must_use]
    pub const fn verifier(&self) -> &NoteVerifier {
        &self.verifier
    }

    fn sign(&self, text: &str) -> Result<NoteSignature, LedgerError> {
        let signature = match &self.key {
            SignerKey::Ed25519(key) => key.sign(text.as_bytes()).to_vec(),
            SignerKey::Sm2(key) => key.sign(text.as_bytes())?.as_raw().to_vec(),
        };
        Ok(NoteSignature { name: self.verifier.name.clone(), key_hash: self.verifier.key_hash, signature })
    }
}

/// Checks the signature lines of one key. Its text form is the verifier key `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NoteVerifier {
    name: String,
    key_hash: KeyHash,
    key: VerifierKey,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum VerifierKey {
    Ed25519(LogPublicKey),
    Sm2(PublicKey),
}

impl NoteVerifier {
    /// A verifier of Ed25519 lines.
    ///
    /// # Errors
    /// [`LedgerError::KeyName`] for a name that signature lines cannot carry.
    pub fn ed25519(name: &str, key: LogPublicKey) -> Result<Self, LedgerError> {
        Self::new(name, VerifierKey::Ed25519(key))
    }

    /// A verifier of the private SM2 lines.
    ///
    /// # Errors
    /// [`LedgerError::KeyName`] for a name that signature lines cannot carry, [`LedgerError::VerifierKey`] for a key
    /// of the other suite.
    pub fn sm2(name: &str, key: PublicKey) -> Result<Self, LedgerError> {
        if key.suite() != Suite::Sm {
            return Err(bad_key(name, "expected an SM2 key"));
        }
        Self::new(name, VerifierKey::Sm2(key))
    }

    fn new(name: &str, key: VerifierKey) -> Result<Self, LedgerError> {
        check_name(name)?;
        let key_hash = key_hash(name, &key.to_typed_bytes());
        Ok(Self { name: name.to_owned(), key_hash, key })
    }

    /// The key's name; for a log it is the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0A ‖ type ‖ key)`.
    #[must_use]
    pub const fn key_hash(&self) -> KeyHash {
        self.key_hash
    }

    /// Whether it is of the private SM2 kind; otherwise it is Ed25519.
    #[must_use]
    pub const fn is_sm2(&self) -> bool {
        matches!(self.key, VerifierKey::Sm2(_))
    }

    fn is_named_by(&self, line: &NoteSignature) -> bool {
        line.name == self.name && line.key_hash == self.key_hash
    }

    fn accepts(&self, text: &str, line: &NoteSignature) -> bool {
        match &self.key {
            VerifierKey::Ed25519(key) => key.verify(text.as_bytes(), &line.signature).is_ok(),
            VerifierKey::Sm2(key) => <[u8; 64]>::try_from(line.signature.as_slice())
                .is_ok_and(|raw| key.verify(text.as_bytes(), &Signature::from_raw(Suite::Sm, raw)).is_ok()),
        }
    }
}

impl VerifierKey {
    /// The type and the key as they are hashed and written into a verifier key.
    fn to_typed_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => [TYPE_ED25519, &key.to_bytes()].concat(),
            Self::Sm2(key) => [TYPE_SM2, key.to_spki_der()].concat(),
        }
    }

    fn from_typed_bytes(bytes: &[u8]) -> Result<Self, &'static str> {
        if let Some(key) = bytes.strip_prefix(TYPE_SM2) {
            let key = PublicKey::from_spki_der(key).map_err(|_| "the key is not a public key in DER")?;
            return if key.suite() == Suite::Sm { Ok(Self::Sm2(key)) } else { Err("expected an SM2 key") };
        }
        let key = bytes.strip_prefix(TYPE_ED25519).ok_or("expected a key of type Ed25519 or SM2")?;
        LogPublicKey::from_bytes(key).map(Self::Ed25519).map_err(|_| "the key is not an Ed25519 key")
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode(self.key.to_typed_bytes());
        write!(f, "{}+{}+{key}", self.name, hex::encode(self.key_hash))
    }
}

impl FromStr for NoteVerifier {
    type Err = LedgerError;

    fn from_str(vkey: &str) -> Result<Self, Self::Err> {
        if vkey.len() > MAX_NOTE_BYTES {
            return Err(bad_key(vkey, "it is longer than any key"));
        }
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad_key(vkey, "expected `name+hash+base64`"));
        };
        let key = STANDARD.decode(key).map_err(|_| bad_key(vkey, "its last part is not base64"))?;
        let key = VerifierKey::from_typed_bytes(&key).map_err(|reason| bad_key(vkey, reason))?;
        let verifier = Self::new(name, key)?;
        if hash == hex::encode(verifier.key_hash) {
            Ok(verifier)
        } else {
            Err(bad_key(vkey, "its hash is not that of its name and key"))
        }
    }
}

impl TryFrom<String> for NoteVerifier {
    type Error = LedgerError;

    fn try_from(vkey: String) -> Result<Self, Self::Error> {
        vkey.parse()
    }
}

impl From<NoteVerifier> for String {
    fn from(verifier: NoteVerifier) -> Self {
        verifier.to_string()
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key that signed.
    pub name: String,
    /// The hash of the key that signed.
    pub key_hash: KeyHash,
    /// The signature's bytes, without the key hash.
    pub signature: Vec<u8>,
}

/// A text with its signature lines. Nothing is verified by reading one: see [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// Signs a text, which must end with a newline, with each of the signers.
    ///
    /// # Errors
    /// [`LedgerError::NoteFormat`] when a note cannot carry the text or there is no signer.
    pub fn sign(text: &str, signers: &[&NoteSigner]) -> Result<Self, LedgerError> {
        check_text(text)?;
        check_count(signers.len())?;
        let signatures = signers.iter().map(|signer| signer.sign(text)).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text with its final newline. Do not act on it before [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order, verified or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Requires a valid line of every given key. Lines of other keys are skipped.
    ///
    /// # Errors
    /// [`LedgerError::NoteForged`] when a line of a given key does not verify, [`LedgerError::NoteUnsigned`] when a
    /// given key has no line.
    pub fn verify(&self, verifiers: &[&NoteVerifier]) -> Result<(), LedgerError> {
        for verifier in verifiers {
            let mut lines = self.signatures.iter().filter(|line| verifier.is_named_by(line)).peekable();
            if lines.peek().is_none() {
                return Err(LedgerError::NoteUnsigned { name: verifier.name.clone() });
            }
            if !lines.all(|line| verifier.accepts(&self.text, line)) {
                return Err(LedgerError::NoteForged { name: verifier.name.clone() });
            }
        }
        Ok(())
    }
}

impl FromStr for Note {
    type Err = LedgerError;

    fn from_str(note: &str) -> Result<Self, Self::Err> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(LedgerError::TooLarge { what: "note", actual: note.len(), limit: MAX_NOTE_BYTES });
        }
        let malformed = |reason| LedgerError::NoteFormat { reason };
        let (head, lines) =
            note.rsplit_once("\n\n").ok_or_else(|| malformed("no empty line divides text and signatures"))?;
        let text = format!("{head}\n");
        check_text(&text)?;
        let lines =
            lines.strip_suffix('\n').ok_or_else(|| malformed("its last line does not end with a newline"))?;
        let signatures = lines.split('\n').map(parse_line).collect::<Result<Vec<_>, _>>()?;
        check_count(signatures.len())?;
        Ok(Self { text, signatures })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let bytes = STANDARD.encode([line.key_hash.as_slice(), &line.signature].concat());
            writeln!(f, "{LINE_START}{} {bytes}", line.name)?;
        }
        Ok(())
    }
}

fn parse_line(line: &str) -> Result<NoteSignature, LedgerError> {
    let malformed = |reason| LedgerError::NoteFormat { reason };
    let line = line
        .strip_prefix(LINE_START)
        .ok_or_else(|| malformed("a signature line does not begin with `— `"))?;
    let (name, bytes) = line.split_once(' ').ok_or_else(|| malformed("a signature line has no signature"))?;
    check_name(name)?;
    let bytes = STANDARD.decode(bytes).map_err(|_| malformed("a signature is not base64"))?;
    match bytes.split_first_chunk::<4>() {
        Some((key_hash, signature)) if !signature.is_empty() => {
            Ok(NoteSignature { name: name.to_owned(), key_hash: *key_hash, signature: signature.to_vec() })
        }
        _ => Err(malformed("a signature is shorter than its key hash")),
    }
}

fn check_text(text: &str) -> Result<(), LedgerError> {
    let reason = if text.len() > MAX_NOTE_BYTES / 2 {
        "its text is too long"
    } else if !text.ends_with('\n') {
        "its text does not end with a newline"
    } else if text.contains(|c: char| c < ' ' && c != '\n') {
        "its text has control characters"
    } else {
        return Ok(());
    };
    Err(LedgerError::NoteFormat { reason })
}

const fn check_count(count: usize) -> Result<(), LedgerError> {
    match count {
        0 => Err(LedgerError::NoteFormat { reason: "it has no signature" }),
        1..=MAX_SIGNATURES => Ok(()),
        _ => Err(LedgerError::NoteFormat { reason: "it has more than 64 signatures" }),
    }
}

fn check_name(name: &str) -> Result<(), LedgerError> {
    let unusable = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.contains(unusable) {
        return Err(LedgerError::KeyName { name: shorten(name) });
    }
    Ok(())
}

fn key_hash(name: &str, typed_key: &[u8]) -> KeyHash {
    let digest = Sha256::of(&[name.as_bytes(), b"\n", typed_key].concat());
    let [a, b, c, d, ..] = *digest.as_bytes();
    [a, b, c, d]
}

fn bad_key(vkey: &str, reason: &'static str) -> LedgerError {
    LedgerError::VerifierKey { vkey: shorten(vkey), reason }
}

/// Enough of hostile input to recognise it by.
fn shorten(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
#[path = "note_tests.rs"]
mod tests;
