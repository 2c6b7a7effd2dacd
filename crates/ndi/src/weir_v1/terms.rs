//! Terms as an object: the offer of a product (docs/WIRE.md, 3), and terms on the management API.
//!
//! In a contract's messages terms are constraints, see [`crate::digital_contract`]. An unknown field is refused: it may be
//! a bound.

use domain::id::{AreaCode, SubjectCode};

use crate::read::{Integer, List, Text, parsed};
use crate::{IsoTime, limits};

message! {
    /// Terms; what is absent is not bounded.
    pub struct TermsObject: Closed {
        /// Action, a code of TC609-6-2025-14, table C.5.
        required action: String = "action" => Text(limits::NAME_CHARS);
        /// Most uses.
        optional count: u64 = "count" => Integer;
        /// First moment of use.
        required from: IsoTime = "from" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// End of use, not included.
        required to: IsoTime = "to" => parsed::<IsoTime>(limits::TIME_CHARS);
        /// Only these fields.
        optional fields: Vec<String> = "fields" => List(Text(limits::COLUMN_CHARS), limits::COLUMNS);
        /// Only in these regions.
        optional regions: Vec<AreaCode> = "regions" => List(parsed::<AreaCode>(4), limits::PAGE_ITEMS);
        /// Only these users.
        optional users: Vec<SubjectCode> = "users" => List(parsed::<SubjectCode>(limits::SUBJECT_CHARS), limits::PAGE_ITEMS);
    }
}
