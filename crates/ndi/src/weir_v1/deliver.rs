//! Delivery: `POST /weir/v1/deliver`, docs/WIRE.md, 6. The answer is the bytes themselves, described by headers.
//!
//! `useId` is the idempotency key: the same id again is the same use, however often and from whichever offset.

use domain::delivery::UseId;
use domain::id::ContractId;

use crate::limits;
use crate::read::{Integer, parsed};

/// `msgcode`.
pub const DELIVER_MSG: &str = "deliver";
/// Answer's header: SHA-256 of the whole delivery, hexadecimal.
pub const DIGEST_HEADER: &str = "weir-digest";
/// Answer's header: bytes of the whole delivery.
pub const BYTES_HEADER: &str = "weir-bytes";
/// Answer's header: rows of the whole delivery.
pub const ROWS_HEADER: &str = "weir-rows";
/// Answer's header: the use's place among the contract's uses, from 1.
pub const SEQUENCE_HEADER: &str = "weir-sequence";

message! {
    /// User's connector to provider's: asks for the bytes.
    pub struct DeliverRequest {
        /// Contract.
        required contract_id: ContractId = "contractId" => parsed::<ContractId>(limits::CONTRACT_ID_CHARS);
        /// Use, named by the user.
        required use_id: UseId = "useId" => parsed::<UseId>(limits::USE_ID_CHARS);
        /// First byte wanted.
        required offset: u64 = "offset" => Integer;
    }
}
