//! What runs a node. So far a node's folder is made here, and nothing else.

use crate::cli::Demo;
use crate::commands::Context;
use crate::config::NodeSettings;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// Makes what a node needs before its first start.
///
/// # Errors
/// [`Exit::Failure`] when the folder cannot be made.
pub async fn prepare(node: &NodeSettings) -> Result<()> {
    std::fs::create_dir_all(&node.folder)
        .map_err(|error| Failure::file(Exit::Failure, "error-disk-full", &node.folder, error))
}

/// Runs nodes until they are stopped.
///
/// # Errors
/// [`Exit::Failure`]: nothing runs nodes yet.
pub async fn serve(_: &[NodeSettings], _: &Context) -> Result<()> {
    Err(Failure::new(Exit::Failure, "wiring-absent"))
}

/// Runs the demonstration network.
///
/// # Errors
/// As [`serve`].
pub async fn demo(_: &Demo, _: &Context) -> Result<()> {
    Err(Failure::new(Exit::Failure, "wiring-absent"))
}
