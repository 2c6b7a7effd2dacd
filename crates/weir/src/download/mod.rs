//! A contract's data into a file, whatever happens in between, under one use.
//!
//! A use counts before its first byte, so its id must outlive this process: it is drawn here and stands in `FILE.part.json` on the disk
//! before the node is asked. Whoever orders the same file again after an interruption (a broken connection, Ctrl-C, `kill -9`, a
//! power cut) goes on under the same use where `FILE.part` ends. The digest is checked over the whole file at the end; where a resumed
//! file does not have it, its beginning is not trusted, and the whole comes once more under the same use. Then the file gets its name, and
//! the node is told what arrived.
//!
//! Left to others: the receipt of the use, and when its state may be forgotten ([`Arrived::forget`]).

mod places;
mod sink;
mod transfer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use self::places::{Places, State, UNKNOWN};
use self::transfer::Transfer;
use crate::client::Client;
use crate::commands::Context;
use crate::config::percent_encoded;
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Progress, size};

pub(crate) use self::places::{
    FILE_NAME_BYTES_MAX, LONGEST_ENDING, RECEIPT_ENDING, plain_name, receipt_beside, write_durably,
};

/// How often a download without progress is taken up again before it is given up, and how long it pauses in between.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// So many tries without a byte.
    pub tries_max: u32,
    /// The pause after the first of them; after the second twice as long, and so on.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { tries_max: 5, pause: Duration::from_millis(500) }
    }
}

/// What is to be downloaded, and where to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order<'a> {
    /// The contract's identifier or local key.
    pub contract: &'a str,
    /// The use, where it is to be a certain one; else that of an interrupted download, or a new one.
    pub use_id: Option<&'a str>,
    /// The file; without it the name is the contract's, in the working folder, with an ending that says the format.
    pub file: Option<&'a Path>,
    /// Whether a file that is there may be overwritten.
    pub force: bool,
    /// When to give up.
    pub patience: Patience,
}

/// A finished download.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// The contract.
    pub contract: String,
    /// The use under which the bytes were counted.
    pub use_id: String,
    /// The file, complete and under its name.
    pub file: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its rows, where it has rows.
    pub rows: Option<u64>,
    /// Its digest, in hexadecimal.
    pub sha256: String,
    state: PathBuf,
}

impl Arrived {
    /// Forgets the use: whoever orders the file again afterwards begins a new one.
    ///
    /// # Errors
    /// [`Exit::Failure`] where `FILE.part.json` cannot be removed.
    pub fn forget(&self) -> Result<()> {
        std::fs::remove_file(&self.state).map_err(|error| Failure::unwritable(&self.state, error))
    }
}

/// Brings the data, checks them, gives the file its name, and tells the node. `progress` counts on from where it stands; where it has
/// no total yet, it gets the delivery's.
///
/// # Errors
/// [`Exit::Refused`] where the file is there, another download is at work on it, or the use is refused; [`Exit::Unverified`] where the
/// bytes are not those that were announced; [`Exit::Unreachable`] when patience is over: the same order goes on later.
pub(crate) async fn to_file(
    client: &Client,
    context: &Context,
    order: &Order<'_>,
    progress: &Progress,
) -> Result<Arrived> {
    let places = Places::of(order)?;
    let begun = begin(order, &places)?;
    let named = begun.state.complete.clone().filter(|file| file.exists() && !places.part.exists());
    let (file, state) = match named {
        Some(file) => (file, begun.state),
        None => {
            let mut transfer = Transfer::to_part(client, &places, begun, order.patience, progress)?;
            let resumed = transfer.written();
            if resumed > 0 {
                context.note(&context.msg("progress-resuming", &[("bytes", size(resumed).into())]))?;
            }
            transfer.run_checked().await?;
            name(transfer, &places, order.force)?
        }
    };
    let (sha256, bytes) = (state.sha256.unwrap_or_default(), state.bytes.unwrap_or_default());
    received(client, &state.contract, &state.use_id, bytes, &sha256).await?;
    let (contract, use_id, rows, state) = (state.contract, state.use_id, state.rows, places.state);
    Ok(Arrived { contract, use_id, file, bytes, rows, sha256, state })
}

/// Sends the data of a use to standard output. Nothing is kept, so only this process can resume.
///
/// # Errors
/// As [`to_file`].
pub(crate) async fn to_stdout(
    client: &Client,
    contract: &str,
    use_id: &str,
    patience: Patience,
    progress: &Progress,
) -> Result<()> {
    let state = State::new(contract, use_id.to_owned());
    let mut transfer = Transfer::to_stdout(client, state, patience, progress);
    transfer.run().await?;
    let Transfer { sink, state, .. } = transfer;
    sink.sync(Path::new("-"))?;
    let sha256 = sink.digest();
    if state.sha256.as_deref() != Some(sha256.as_str()) {
        return Err(Failure::new(Exit::Unverified, "error-digest").with("file", "-"));
    }
    received(client, &state.contract, &state.use_id, sink.written, &sha256).await
}

/// The state to go on from.
struct Begun {
    state: State,
    /// Whether the node cannot have heard of the use yet.
    fresh: bool,
}

/// The state of an earlier run, or a new one that is on the disk before the node hears of it.
fn begin(order: &Order<'_>, places: &Places) -> Result<Begun> {
    if let Some(state) = places.load(order.contract)? {
        let other_use = order.use_id.is_some_and(|id| id != state.use_id);
        if state.contract != order.contract || other_use {
            return Err(Failure::new(Exit::Refused, "get-other-part")
                .with("path", places.state.display())
                .with("contract", state.contract)
                .with("use", state.use_id));
        }
        if state.complete.is_none() {
            places.refuse_existing(order.force)?;
        }
        return Ok(Begun { state, fresh: false });
    }
    places.refuse_existing(order.force)?;
    // A part without its state is of an unknown use: it is not built upon, unless the use is named. Its digest is checked in the end.
    if order.use_id.is_none() && places.part.exists() {
        return Err(Failure::new(Exit::Refused, "get-part-alone")
            .with("path", places.part.display())
            .with("state", places.state.display())
            .with("contract", order.contract));
    }
    let state = State::new(order.contract, order.use_id.map_or_else(new_use_id, str::to_owned));
    places.save(&state)?;
    Ok(Begun { state, fresh: order.use_id.is_none() })
}

/// The id of a use that is to begin.
pub(crate) fn new_use_id() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Gives a part whose bytes are all there its name, once they are found to be the right ones.
fn name(transfer: Transfer<'_>, places: &Places, force: bool) -> Result<(PathBuf, State)> {
    let Transfer { sink, mut state, .. } = transfer;
    if state.sha256.as_deref() != Some(sink.digest().as_str()) {
        let wrong = Failure::new(Exit::Unverified, "error-digest").with("file", places.part.display());
        // The use is spent and stays known, so that another try does not cost another one.
        drop(sink);
        std::fs::remove_file(&places.part).map_err(|error| Failure::unwritable(&places.part, error))?;
        return Err(wrong);
    }
    sink.sync(&places.part)?;
    let file =
        state.complete.clone().unwrap_or_else(|| places.named(state.extension.as_deref().unwrap_or(UNKNOWN)));
    if file.exists() && !force {
        return Err(Failure::new(Exit::Refused, "get-exists").with("path", file.display()));
    }
    state.complete = Some(file.clone());
    places.save(&state)?;
    std::fs::rename(&places.part, &file)
        .and_then(|()| places::sync_folder(&file))
        .map_err(|error| Failure::unwritable(&file, error))?;
    Ok((file, state))
}

/// Tells the node what is on the disk: its meter closes the use with it.
async fn received(client: &Client, contract: &str, use_id: &str, bytes: u64, sha256: &str) -> Result<()> {
    let path = format!("/contracts/{}/uses/{}/received", percent_encoded(contract), percent_encoded(use_id));
    client.post(&path, &json!({"bytes": bytes, "sha256": sha256})).await.map(drop)
}

#[cfg(test)]
pub(crate) mod tests;
