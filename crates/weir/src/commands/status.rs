//! `weir status` and `weir nodes`: what a node says about itself and about the network.

use crate::commands::Context;
use crate::commands::view::{self, Column, Kind, column};
use crate::problem::Result;

const NODES: [Column; 6] = [
    column("head-node", &["/id"], Kind::Text),
    column("head-kind", &["/kind", "/role"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-area", &["/area"], Kind::Text),
    column("head-address", &["/address"], Kind::Text),
    column("head-state", &["/status", "/state"], Kind::State),
];

pub(super) async fn run(context: &Context) -> Result<()> {
    let answer = context.client()?.get("/status", &[]).await?;
    context.result(&answer, || view::outline(&answer))
}

pub(super) async fn nodes(context: &Context) -> Result<()> {
    view::list(context, &context.client()?.get("/nodes", &[]).await?, &NODES)
}
