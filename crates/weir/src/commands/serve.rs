//! `weir serve` and `weir demo`: both hand over to the wiring.

use crate::cli::Demo;
use crate::commands::Context;
use crate::problem::Result;
use crate::wiring;

/// Runs the nodes of the configuration until they are stopped.
pub(super) async fn run(context: &Context) -> Result<()> {
    wiring::serve(&context.nodes()?, context).await
}

/// Runs the demonstration network.
pub(super) async fn demo(args: &Demo, context: &Context) -> Result<()> {
    wiring::demo(args, context).await
}
