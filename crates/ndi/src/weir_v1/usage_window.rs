//! Windows of closed uses: `POST /weir/v1/usageWindow`, docs/WIRE.md, 6. The bodies of window, counter-signature and uses are
//! the ledger's; here they are checked for shape and size only.

use crypto::SignedObject;
use domain::id::ContractId;
use serde_json::Value;

use crate::limits;
use crate::read::{Json, List, Serde, parsed, serde_form};

/// `msgcode`.
pub const USAGE_WINDOW_MSG: &str = "usageWindow";
/// Type of a window's signed body.
pub const WINDOW_TYPE: &str = "weir.usage-window/1";
/// Type of a counter-signature's signed body.
pub const COUNTERSIGNATURE_TYPE: &str = "weir.usage-window-countersignature/1";

message! {
    /// Provider's connector to user's: a window, signed, with its uses.
    pub struct UsageWindow {
        /// Contract.
        required contract_id: ContractId = "contractId" => parsed::<ContractId>(limits::CONTRACT_ID_CHARS);
        /// The window.
        required window: SignedObject = "window" => SIGNED;
        /// The window's uses in the order of its leaves.
        required uses: Vec<Value> = "uses" => List(Json, limits::WINDOW_USES);
    }
}

message! {
    /// The user's counter-signature.
    pub struct UsageWindowReply {
        /// The counter-signature.
        required countersignature: SignedObject = "countersignature" => SIGNED;
    }
}

const SIGNED: Serde<SignedObject> = serde_form("a signed object of `body`, `key` and `signature`");
