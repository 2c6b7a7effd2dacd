//! `weir usage`: per contract, this side's meter beside the sums of the windows that both sides signed; of one contract, its uses.

use crate::commands::Context;
use crate::commands::contract::path as contract_path;
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

const USE_COLUMNS: [Column; 7] = [
    column("head-use", &["/use"], Kind::Text),
    column("head-state", &["/state"], Kind::State),
    column("head-opened-at", &["/openedAt"], Kind::Time),
    column("head-closed-at", &["/closedAt"], Kind::Time),
    column("head-rows", &["/rows"], Kind::Count),
    column("head-bytes", &["/bytes"], Kind::Bytes),
    column("head-window", &["/window"], Kind::Count),
];

pub(super) async fn run(contract: Option<&str>, context: &Context) -> Result<()> {
    let client = context.client()?;
    match contract {
        Some(contract) => {
            view::list(context, &client.get(&contract_path(contract, "/uses"), &[]).await?, &USE_COLUMNS)
        }
        None => view::list(context, &client.get("/usage", &[]).await?, &COLUMNS),
    }
}
