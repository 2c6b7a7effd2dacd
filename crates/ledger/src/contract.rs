//! A contract as far as a proof needs it: who the parties are, its digest, and the organisations' signatures.
//!
//! A contract's body is an opaque JSON value, hashed in canonical form. Five members of it are read here:
//!
//! ```json
//! { "contractId": "…", "provider": { "subject": "…", "connector": "…" }, "user": { "subject": "…", "connector": "…" } }
//! ```
//!
//! Each organisation signs an object of its own that names the contract's id, its digest and the time of signing
//! (TC609-6-2025-14, 6.2.1: the signature covers the contract id and the signing time; table B.4: it covers a digest).
//! Entity, signature and time are what a `signatureList` carries, so the object can be built again from the wire.

use crypto::{Sha256, SignedObject, SigningKey, sign_object};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::LedgerError;
use crate::time::micros_of_rfc3339;

/// The type of a signed [`ContractSignature`].
pub const CONTRACT_SIGNATURE_TYPE: &str = "weir.contract-signature/1";

/// The digest of a contract: SHA-256 over its body in canonical JSON.
///
/// # Errors
/// [`LedgerError::Crypto`] when the body has no exact canonical form.
pub fn contract_digest(body: &Value) -> Result<Sha256, LedgerError> {
    Ok(Sha256::of(&crypto::jcs::to_vec(body)?))
}

/// The members of a contract's body that a proof refers to. All others are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractParties {
    /// The contract's 47-character id.
    pub contract_id: String,
    /// Who provides the data.
    pub provider: Party,
    /// Who uses it.
    pub user: Party,
}

/// One side of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// The code of the organisation that signs the contract; the OU of its certificate.
    pub subject: String,
    /// The id of the connector that signs windows or counter-signatures; the OU of its certificate.
    pub connector: String,
}

impl ContractParties {
    /// Reads the parties from a contract's body.
    ///
    /// # Errors
    /// [`LedgerError::ContractBody`] when a member is missing or not a text.
    pub fn of(body: &Value) -> Result<Self, LedgerError> {
        Self::deserialize(body).map_err(LedgerError::ContractBody)
    }
}

/// What an organisation signs when it signs a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractSignature {
    /// The contract's id.
    pub contract_id: String,
    /// The contract's digest ([`contract_digest`]).
    pub contract_digest: Sha256,
    /// The code of the organisation that signs.
    pub entity_id: String,
    /// When it signed: RFC 3339 with an offset, the very text that the message carries.
    pub signatory_time: String,
}

impl ContractSignature {
    /// What `entity_id` signs under the given body.
    ///
    /// # Errors
    /// [`LedgerError::ContractBody`] when the body does not name its id and parties, [`LedgerError::Crypto`] when it
    /// has no exact canonical form.
    pub fn of(body: &Value, entity_id: &str, signatory_time: &str) -> Result<Self, LedgerError> {
        Ok(Self {
            contract_id: ContractParties::of(body)?.contract_id,
            contract_digest: contract_digest(body)?,
            entity_id: entity_id.to_owned(),
            signatory_time: signatory_time.to_owned(),
        })
    }

    /// When it was signed, in microseconds since the Unix epoch.
    ///
    /// # Errors
    /// [`LedgerError::Time`] when the time is not RFC 3339 with an offset.
    pub fn signed_at(&self) -> Result<i64, LedgerError> {
        micros_of_rfc3339(&self.signatory_time)
            .ok_or_else(|| LedgerError::Time { text: self.signatory_time.chars().take(80).collect() })
    }

    /// Signs with the organisation's key.
    ///
    /// # Errors
    /// [`LedgerError::Crypto`] when signing fails.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedObject, LedgerError> {
        Ok(sign_object(key, CONTRACT_SIGNATURE_TYPE, self)?)
    }

    /// The signed object again from what a message carried: this content, a key and its signature. Nothing is verified.
    ///
    /// # Errors
    /// [`LedgerError::Json`] if the content cannot be written as JSON.
    pub fn with_signature(
        &self,
        key: crypto::KeyRef,
        signature: crypto::Signature,
    ) -> Result<SignedObject, LedgerError> {
        let mut body = serde_json::to_value(self).map_err(LedgerError::Json)?;
        if let Value::Object(members) = &mut body {
            members.insert("type".to_owned(), CONTRACT_SIGNATURE_TYPE.into());
        }
        Ok(SignedObject { body, key, signature })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use crypto::Suite;
    use serde_json::json;

    use super::*;

    fn body() -> Value {
        json!({
            "contractId": "C-1",
            "provider": {"subject": "S-1", "connector": "K-1", "name": "provider"},
            "user": {"subject": "S-2", "connector": "K-2"},
            "terms": {"count": 1},
        })
    }

    #[test]
    fn parties_are_read_and_the_rest_is_left_alone() {
        let parties = ContractParties::of(&body()).unwrap();
        assert_eq!(parties.contract_id, "C-1");
        assert_eq!(parties.provider, Party { subject: "S-1".into(), connector: "K-1".into() });
        assert_eq!(parties.user.connector, "K-2");
        let mut incomplete = body();
        incomplete["user"].as_object_mut().unwrap().remove("connector");
        let error = ContractParties::of(&incomplete).unwrap_err().to_string();
        assert!(error.contains("connector"), "{error}");
    }

    #[test]
    fn the_digest_covers_every_member_and_no_order() {
        let digest = contract_digest(&body()).unwrap();
        let shuffled: Value = serde_json::from_str(&body().to_string()).unwrap();
        assert_eq!(contract_digest(&shuffled).unwrap(), digest);
        let mut changed = body();
        changed["terms"]["count"] = 2.into();
        assert_ne!(contract_digest(&changed).unwrap(), digest);
        changed["terms"]["count"] = u64::MAX.into();
        assert!(contract_digest(&changed).is_err());
    }

    #[test]
    fn a_time_without_offset_is_refused() {
        let signature = ContractSignature::of(&body(), "S-1", "20260131080000").unwrap();
        assert!(signature.signed_at().unwrap_err().to_string().contains("`20260131080000`"));
    }

    #[test]
    fn a_signature_can_be_rebuilt_from_what_the_wire_carries() {
        for suite in [Suite::Sm, Suite::Intl] {
            let key = SigningKey::generate(suite).unwrap();
            let signature = ContractSignature::of(&body(), "S-1", "2026-01-31T08:00:00+08:00").unwrap();
            let signed = signature.sign(&key).unwrap();
            let hex = signed.signature.raw_hex();
            let raw = crypto::Signature::from_raw_hex(suite, &hex).unwrap();
            let again = signature.with_signature(signed.key, raw).unwrap();
            assert_eq!(again, signed);
            let read: ContractSignature = again.verify(CONTRACT_SIGNATURE_TYPE, key.public_key()).unwrap();
            assert_eq!(read, signature);
            assert_eq!(read.signed_at().unwrap(), 1_769_817_600_000_000);
            // Even the same moment written otherwise is another text, and was not signed.
            let later = ContractSignature { signatory_time: "2026-01-31T00:00:00Z".into(), ..signature };
            let forged = later.with_signature(again.key, again.signature).unwrap();
            assert!(forged.check(CONTRACT_SIGNATURE_TYPE, key.public_key()).is_err(), "the time is covered");
        }
    }
}
