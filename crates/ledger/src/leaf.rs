//! What stands in a log: a salted hash of a body that travels beside it.
//!
//! A leaf's data is `SHA-256(salt ‖ body)`, the body in canonical JSON (RFC 8785), and its tree leaf the RFC 6962 leaf
//! hash of those 32 bytes. Who sees the leaf alone learns nothing about the body, and the body can be erased without
//! breaking the log. The salt has 32 random bytes, drawn by the caller for each entry.

use std::fmt;
use std::str::FromStr;

use crypto::{Hasher, SignedObject};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::LedgerError;
use crate::tree::{Hash, leaf_hash};

/// The member of an evidence entry's body under which the evidence itself stands.
const EVIDENCE: &str = "body";

/// The 32 random bytes that hide a body behind its hash. Text and JSON form: lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt([u8; 32]);

impl Salt {
    /// A salt of bytes that the caller drew.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Salt {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| LedgerError::Salt)?;
        // One salt, one text: upper-case digits are refused.
        if hex::encode(bytes) == text { Ok(Self(bytes)) } else { Err(LedgerError::Salt) }
    }
}

impl TryFrom<String> for Salt {
    type Error = LedgerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        salt.to_string()
    }
}

/// An entry of a log with its body: what its leaf is the hash of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Hides the body behind the leaf.
    pub salt: Salt,
    /// What was logged.
    pub body: Value,
}

impl Entry {
    /// An entry that logs a body.
    #[must_use]
    pub const fn new(salt: Salt, body: Value) -> Self {
        Self { salt, body }
    }

    /// An evidence entry that logs a signed object: `{"kind": …, "body": the object}`.
    ///
    /// # Errors
    /// [`LedgerError::Json`] if the object cannot be written as JSON.
    pub fn evidence(salt: Salt, kind: &str, object: &SignedObject) -> Result<Self, LedgerError> {
        let object = serde_json::to_value(object).map_err(LedgerError::Json)?;
        Ok(Self::new(salt, json!({ "kind": kind, EVIDENCE: object })))
    }

    /// The leaf's data: `SHA-256(salt ‖ canonical body)`. This is what a log publishes.
    ///
    /// # Errors
    /// [`LedgerError::Crypto`] when the body has no exact canonical form.
    pub fn data(&self) -> Result<Hash, LedgerError> {
        let mut hasher = Hasher::new();
        hasher.update(self.salt.as_bytes());
        hasher.update(crypto::jcs::to_vec(&self.body)?);
        Ok(hasher.finish())
    }

    /// The hash under which the entry stands in the tree.
    ///
    /// # Errors
    /// [`LedgerError::Crypto`] when the body has no exact canonical form.
    pub fn leaf_hash(&self) -> Result<Hash, LedgerError> {
        Ok(leaf_hash(self.data()?.as_bytes()))
    }

    /// Whether the evidence that was logged is this very object, signature included.
    #[must_use]
    pub fn is_evidence_of(&self, object: &SignedObject) -> bool {
        let logged = self.body.get(EVIDENCE);
        serde_json::to_value(object).is_ok_and(|object| logged == Some(&object))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use crypto::{Sha256, SigningKey, Suite, sign_object};

    use super::*;

    fn salt(byte: u8) -> Salt {
        Salt::from_bytes([byte; 32])
    }

    #[test]
    fn the_leaf_is_the_hash_of_salt_and_canonical_body() {
        let entry = Entry::new(salt(7), json!({"b": 1, "a": "ü"}));
        let data = Sha256::of(&[&[7_u8; 32][..], "{\"a\":\"ü\",\"b\":1}".as_bytes()].concat());
        assert_eq!(entry.data().unwrap(), data);
        assert_eq!(entry.leaf_hash().unwrap(), Sha256::of(&[&[0_u8][..], data.as_bytes()].concat()));
    }

    #[test]
    fn salt_and_body_both_change_the_leaf_and_member_order_does_not() {
        let leaf = |entry: Entry| entry.leaf_hash().unwrap();
        let entry = Entry::new(salt(1), json!({"a": 1, "b": 2}));
        assert_eq!(leaf(entry.clone()), leaf(Entry::new(salt(1), json!({"b": 2, "a": 1}))));
        assert_ne!(leaf(entry.clone()), leaf(Entry::new(salt(2), json!({"a": 1, "b": 2}))));
        assert_ne!(leaf(entry), leaf(Entry::new(salt(1), json!({"a": 1, "b": 3}))));
    }

    #[test]
    fn a_body_without_exact_form_has_no_leaf() {
        let entry = Entry::new(salt(1), json!({"rows": u64::MAX}));
        assert!(matches!(entry.leaf_hash(), Err(LedgerError::Crypto(_))));
    }

    #[test]
    fn json_form_is_hexadecimal_salt_and_plain_body() {
        let entry = Entry::new(salt(0xab), json!([1, 2]));
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(text, format!("{{\"salt\":\"{}\",\"body\":[1,2]}}", "ab".repeat(32)));
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        for bad in ["ab", &"zz".repeat(32), &"ab".repeat(33), &"AB".repeat(32)] {
            let error = serde_json::from_value::<Entry>(json!({"salt": bad, "body": 1})).unwrap_err();
            assert!(error.to_string().contains("64 lower-case hexadecimal digits"), "{error}");
        }
    }

    #[test]
    fn evidence_is_recognised_only_as_itself() {
        let key = SigningKey::generate(Suite::Intl).unwrap();
        let object = sign_object(&key, "weir.test/1", &json!({"n": 1})).unwrap();
        let entry = Entry::evidence(salt(3), "test", &object).unwrap();
        assert!(entry.is_evidence_of(&object));
        let again = sign_object(&key, "weir.test/1", &json!({"n": 2})).unwrap();
        assert!(!entry.is_evidence_of(&again));
        let mut bare = entry;
        bare.body = bare.body["body"].clone();
        assert!(!bare.is_evidence_of(&object), "the object must stand under `body`");
    }
}
