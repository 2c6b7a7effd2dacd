//! Receipts: all that proves one use, in one JSON document, checked with nothing but pinned roots.
//!
//! A receipt holds the use's record and its path in the window; the window, signed by the provider's connector and
//! logged; the user's counter-signature, signed and logged likewise; the contract with both organisations' signatures;
//! and the certificate chain of every signer. The logs' keys need no place of their own: a window and a
//! counter-signature name the log in which they are recorded under their own signature.
//!
//! [`verify`] answers step by step, and never panics, whatever it is given. Signatures are judged at the time that they
//! state: a certificate that has expired since does not undo them, and a time that is still to come is refused. An
//! organisation and its connector are certified by the root or by the authority of the area that the connector's
//! identifier names; no other authority speaks for them ([`crypto::cert::Chain::check_issuer`]). What an
//! offline verifier cannot know is whether a certificate was revoked, and whether a log showed others another tree: that
//! is the business of who follows the logs.

mod report;
mod trust;
mod verify;

use crypto::SignedObject;
use crypto::cert::Chain;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::LedgerError;
use crate::leaf::Entry;
use crate::tree::Hash;
use crate::window::UseLeaf;

pub use self::report::{Detail, Fault, Report, StepKind, StepResult};
pub use self::verify::{MAX_CLOCK_LEAD_SECS, Verifier, verify};

/// The largest receipt that is read, in bytes. A real one has some ten thousand.
pub const MAX_RECEIPT_BYTES: usize = 1024 * 1024;

/// Everything that proves one use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// Says what the document is.
    #[serde(rename = "type")]
    pub kind: ReceiptKind,
    /// The use, as both sides recorded it.
    #[serde(rename = "use")]
    pub record: UseLeaf,
    /// From the use's leaf up to the window's root, the lowest sibling first.
    pub path: Vec<Hash>,
    /// The [`crate::window::Window`], signed by the provider's connector.
    pub window: Logged,
    /// The [`crate::window::Countersignature`], signed by the user's connector.
    pub countersignature: Logged,
    /// The contract under which the use was admitted.
    pub contract: SignedContract,
}

/// The type of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum ReceiptKind {
    /// The only version so far.
    #[default]
    #[serde(rename = "weir.receipt/1")]
    V1,
}

/// A signed object with the certificates of who signed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endorsed {
    /// What was signed.
    pub object: SignedObject,
    /// The signer's certificate and those above it, without the root.
    pub chain: Chain,
}

/// A signed object, the certificates of who signed it, and the proof that it was logged.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    /// What was signed.
    pub object: SignedObject,
    /// The signer's certificate and those above it, without the root.
    pub chain: Chain,
    /// Where it stands in the signer's evidence log.
    pub log: LogProof,
}

/// Where an entry stands in a log.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogProof {
    /// The entry, with the salt that hides it from others ([`Entry::evidence`]).
    pub entry: Entry,
    /// Its index in the log, from 0.
    pub index: u64,
    /// The inclusion proof, the lowest sibling first.
    pub proof: Vec<Hash>,
    /// The log's checkpoint under which the proof holds, as a signed note.
    pub checkpoint: String,
}

/// A contract with the signatures of both organisations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedContract {
    /// The contract; [`crate::contract`] says which members are read.
    pub body: Value,
    /// The [`crate::contract::ContractSignature`] of the providing organisation.
    pub provider: Endorsed,
    /// The [`crate::contract::ContractSignature`] of the using organisation.
    pub user: Endorsed,
}

impl Receipt {
    /// Reads a receipt. It is not verified by that: see [`verify`].
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] beyond [`MAX_RECEIPT_BYTES`], [`LedgerError::ReceiptFormat`] for anything that is not a
    /// receipt of a known version, certificates included.
    pub fn from_json(json: &[u8]) -> Result<Self, LedgerError> {
        if json.len() > MAX_RECEIPT_BYTES {
            return Err(LedgerError::TooLarge {
                what: "receipt",
                actual: json.len(),
                limit: MAX_RECEIPT_BYTES,
            });
        }
        serde_json::from_slice(json).map_err(LedgerError::ReceiptFormat)
    }

    /// Writes the receipt as indented JSON with a final newline.
    ///
    /// # Errors
    /// [`LedgerError::Json`] if it cannot be written.
    pub fn to_json(&self) -> Result<String, LedgerError> {
        let json = serde_json::to_string_pretty(self).map_err(LedgerError::Json)?;
        Ok(json + "\n")
    }
}

#[cfg(test)]
mod tests;
