//! What organisations sign: the whole contract by its digest, with the contract's id and the time of signing
//! (TC609-6-2025-14, 6.2.1: a signature covers both).

use crypto::{PublicKey, Sha256, Signature, SigningKey, jcs};
use serde::{Deserialize, Serialize};

use super::{PartyRef, ProductRef, Refusal, Role};
use crate::Timestamp;
use crate::id::{ContractId, SubjectCode};
use crate::terms::Terms;
use crate::time::rfc3339;

/// The `type` of a contract signature.
pub const SIGNATURE_TYPE: &str = "weir.contract-signature/1";

/// The `type` of a contract body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ContractType {
    /// The first version.
    #[default]
    #[serde(rename = "weir.contract/1")]
    V1,
}

/// The `type` of a signature's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SignatureType {
    /// The first version.
    #[default]
    #[serde(rename = "weir.contract-signature/1")]
    V1,
}

/// A contract as it is signed. Activation and end are the terms' time range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractBody {
    /// Says what this is.
    #[serde(rename = "type", default)]
    pub type_: ContractType,
    /// The contract.
    pub contract_id: ContractId,
    /// Its name.
    pub contract_name: String,
    /// What it is about.
    pub product: ProductRef,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
    /// The terms.
    pub terms: Terms,
}

impl ContractBody {
    /// SHA-256 of the canonical form (RFC 8785).
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where it has no canonical form, which checked terms always have.
    pub fn digest(&self) -> Result<Sha256, Refusal> {
        Ok(Sha256::of(&canonical("contract", self)?))
    }

    /// What a party signs.
    ///
    /// # Errors
    /// As [`ContractBody::digest`].
    pub fn signature_body(&self, entity: SubjectCode, at: Timestamp) -> Result<SignatureBody, Refusal> {
        Ok(SignatureBody {
            type_: SignatureType::V1,
            contract_id: self.contract_id.clone(),
            contract_digest: self.digest()?,
            entity_id: entity,
            signatory_time: at,
        })
    }
}

/// What one party signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignatureBody {
    /// Says what this is.
    #[serde(rename = "type", default)]
    pub type_: SignatureType,
    /// The contract.
    pub contract_id: ContractId,
    /// Digest of the [`ContractBody`].
    pub contract_digest: Sha256,
    /// The party that signs.
    pub entity_id: SubjectCode,
    /// When it signs; written in UTC.
    #[serde(with = "rfc3339")]
    pub signatory_time: Timestamp,
}

impl SignatureBody {
    /// The bytes that are signed: the canonical form (RFC 8785).
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where it has none, which does not happen.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, Refusal> {
        canonical("signature", self)
    }
}

fn canonical<T: Serialize>(object: &'static str, value: &T) -> Result<Vec<u8>, Refusal> {
    jcs::to_vec(value).map_err(|error| Refusal::Invalid { object, reason: error.to_string() })
}

/// A party's signature under a contract. The key is the organisation's; its certificate travels apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartySignature {
    /// What is signed.
    pub body: SignatureBody,
    /// The signature over the body's canonical form.
    pub signature: Signature,
}

impl PartySignature {
    /// Signs with the organisation's key. The nonce is drawn inside `crypto`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where the key cannot sign.
    pub fn sign(key: &SigningKey, body: SignatureBody) -> Result<Self, Refusal> {
        let signature = key
            .sign(&body.signed_bytes()?)
            .map_err(|error| Refusal::Invalid { object: "signature", reason: error.to_string() })?;
        Ok(Self { body, signature })
    }

    /// Verifies with the organisation's public key. What is signed is checked by [`super::Contract::step`].
    ///
    /// # Errors
    /// [`Refusal::Invalid`] where the signature does not hold.
    pub fn verify(&self, key: &PublicKey) -> Result<(), Refusal> {
        key.verify(&self.body.signed_bytes()?, &self.signature)
            .map_err(|error| Refusal::Invalid { object: "signature", reason: error.to_string() })
    }

    /// The party that signed.
    #[must_use]
    pub const fn entity(&self) -> &SubjectCode {
        &self.body.entity_id
    }
}

/// At most one signature of each side.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signatures {
    /// The provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<PartySignature>,
    /// The user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<PartySignature>,
}

impl Signatures {
    /// The signature of a side.
    #[must_use]
    pub const fn of(&self, role: Role) -> Option<&PartySignature> {
        match role {
            Role::Provider => self.provider.as_ref(),
            Role::User => self.user.as_ref(),
        }
    }

    /// The same with the signature of a side.
    #[must_use]
    pub fn with(mut self, role: Role, signature: PartySignature) -> Self {
        match role {
            Role::Provider => self.provider = Some(signature),
            Role::User => self.user = Some(signature),
        }
        self
    }

    /// Whether both have signed.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.provider.is_some() && self.user.is_some()
    }

    /// The signatures there are, the provider's first.
    #[must_use]
    pub fn to_vec(&self) -> Vec<PartySignature> {
        self.provider.iter().chain(&self.user).cloned().collect()
    }

    /// When the last of them was given.
    #[must_use]
    pub fn last_signed_at(&self) -> Option<Timestamp> {
        self.provider.iter().chain(&self.user).map(|signature| signature.body.signatory_time).max()
    }
}
