//! The one unsigned question: `GET /weir/v1/time`, docs/WIRE.md, 2. `weir doctor` compares clocks with it.

use domain::id::NodeId;

use crate::limits;
use crate::read::{Integer, Text, parsed};

/// Last segment of the path.
pub const TIME_MSG: &str = "time";

message! {
    /// A node's clock.
    pub struct TimeReply {
        /// The node.
        required id: NodeId = "id" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Its time, epoch milliseconds.
        required timestamp: u64 = "timestamp" => Integer;
        /// Version of its software.
        required version: String = "version" => Text(limits::MSGVERSION_CHARS);
    }
}
