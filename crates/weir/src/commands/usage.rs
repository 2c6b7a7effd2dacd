//! `weir usage`: per contract, this side's meter beside the sums of the windows that both sides signed.

use crate::commands::Context;
use crate::commands::view::{self, Column, Kind, column};
use crate::problem::Result;

const COLUMNS: [Column; 7] = [
    column("head-contract", &["/contractId", "/contract", "/key"], Kind::Text),
    column("metering-uses", &["/meter/uses", "/uses"], Kind::Count),
    column("metering-rows", &["/meter/rows", "/rows"], Kind::Count),
    column("metering-bytes", &["/meter/bytes", "/bytes"], Kind::Bytes),
    column("head-window-uses", &["/windows/uses", "/countersigned/uses"], Kind::Count),
    column("head-window-rows", &["/windows/rows", "/countersigned/rows"], Kind::Count),
    column("head-window-bytes", &["/windows/bytes", "/countersigned/bytes"], Kind::Bytes),
];

pub(super) async fn run(context: &Context) -> Result<()> {
    view::list(context, &context.client()?.get("/usage", &[]).await?, &COLUMNS)
}
