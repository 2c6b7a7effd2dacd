//! Half a receipt: `POST /weir/v1/receiptPart`, docs/WIRE.md, 6. Each side of a contract asks the other for the leaf of its
//! evidence log: the provider's holds the window, the user's the counter-signature.

use crypto::Sha256;
use domain::id::ContractId;
use serde_json::Value;

use super::feed::{Salt, SaltText};
use crate::limits;
use crate::read::{Integer, Json, List, Text, nested, parsed};

/// `msgcode`.
pub const RECEIPT_PART_MSG: &str = "receiptPart";

message! {
    /// Asks for the other side's leaf of a window.
    pub struct ReceiptPart {
        /// Contract.
        required contract_id: ContractId = "contractId" => parsed::<ContractId>(limits::CONTRACT_ID_CHARS);
        /// Number of the window, from 1.
        required number: u64 = "number" => Integer;
    }
}

message! {
    /// A leaf of the evidence log with its proof.
    pub struct ReceiptPartReply {
        /// Salt and body of the leaf.
        required entry: EvidenceEntry = "entry" => nested::<EvidenceEntry>();
        /// Index of the leaf.
        required index: u64 = "index" => Integer;
        /// Inclusion proof, from the leaf upwards.
        required proof: Vec<Sha256> = "proof" => List(parsed::<Sha256>(64), limits::PROOF_HASHES);
        /// Signed note that covers the leaf.
        required checkpoint: String = "checkpoint" => Text(limits::NOTE_CHARS);
    }
}

message! {
    /// A leaf of an evidence log, opened.
    pub struct EvidenceEntry {
        /// 32 random bytes.
        required salt: Salt = "salt" => SaltText;
        /// The signed object that was logged.
        required body: Value = "body" => Json;
    }
}
