//! The one way to commit a change of a contract: state, messages, evidence, and the answer or row that caused it, in one transaction.

use std::sync::Arc;

use domain::Timestamp;
use serde_json::Value;
use store::{ContractRow, MessageRow, NewMessage, Tx};

use super::desk::{get, reload};
use super::entry::{Entry, Held};
use crate::message::Incoming;
use crate::outbox::{self, End, Lease};
use crate::{Error, Node, log};

/// How often a change is tried again when the contract moved under it.
const TRIES_MAX: u32 = 8;

/// A change to one contract with everything that belongs to it, ready to be committed.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Whose contract.
    pub tenant: String,
    /// What it replaces; nothing for a new one.
    pub before: Option<Arc<Held>>,
    /// The contract after it.
    pub entry: Entry,
    /// Messages to send.
    pub messages: Vec<NewMessage>,
    /// Evidence.
    pub entries: log::Entries,
    /// The message that caused it, with its answer.
    pub answer: Option<(Incoming, Value)>,
    /// The message of ours that caused it by its end.
    pub letter: Option<End>,
    /// When.
    pub now: Timestamp,
}

/// Commits a change in one transaction, and lets memory, waiters and senders know. Runs to its end once it began.
///
/// # Errors
/// [`Error::Store`], a conflict where the contract moved since it was read; [`Error::Repeated`] where the message was handled before.
pub(super) async fn commit(node: &Node, change: Change) -> Result<Arc<Held>, Error> {
    let node = node.clone();
    let whole = tokio::spawn(async move { commit_whole(&node, change).await });
    whole.await.unwrap_or_else(|error| Err(Error::Corrupt(format!("a commit ended early: {error}"))))
}

async fn commit_whole(node: &Node, change: Change) -> Result<Arc<Held>, Error> {
    let row = row(&change)?;
    let (change, lease) = (Arc::new(change), node.post().lease(node));
    let (shared, written) = (change.clone(), Arc::new(row));
    let outcome = node.store().run_tx("contract_change", move |tx| {
        let (change, row) = (shared.clone(), written.clone());
        Box::pin(async move { write(tx, &change, row.as_ref().as_ref(), lease).await })
    });
    let (version, leased) = outcome.await?;
    node.post().hand(leased);
    match (&change.before, version) {
        (Some(before), None) => Ok(before.clone()),
        (_, version) => {
            let held = Arc::new(Held::new(version.unwrap_or(1), change.now, change.entry.clone()));
            node.contracts().keep_committed(&change.tenant, held.clone());
            Ok(held)
        }
    }
}

/// The row to write; none where the contract stays as it is.
fn row(change: &Change) -> Result<Option<ContractRow>, Error> {
    if change.before.as_ref().is_some_and(|before| before.entry == change.entry) {
        return Ok(None);
    }
    change.entry.row(change.before.as_ref().map_or(0, |before| before.version), change.now).map(Some)
}

async fn write(
    tx: &mut Tx,
    change: &Change,
    row: Option<&ContractRow>,
    lease: Lease,
) -> Result<(Option<u64>, Vec<MessageRow>), Error> {
    if let Some((incoming, data)) = &change.answer {
        incoming.record(tx, change.now, data).await?;
    }
    let version = match row {
        Some(row) => Some(tx.put_contract(row).await?),
        None => None,
    };
    change.entries.write(tx).await?;
    if let Some(letter) = &change.letter {
        letter.write(tx, change.now).await?;
    }
    let leased = outbox::write(tx, &change.messages, lease).await?;
    Ok((version, leased))
}

/// Changes a contract: `turn` says how, from what it is now. Where it moved in between, it is read again and asked again.
///
/// # Errors
/// [`Error::NotFound`], those of `turn`, those of [`commit`].
pub(super) async fn change(
    node: &Node,
    tenant: &str,
    name: &str,
    turn: impl Fn(&Arc<Held>) -> Result<Change, Error>,
) -> Result<Arc<Held>, Error> {
    let mut held = get(node, tenant, name).await?;
    for _ in 0..TRIES_MAX {
        match commit(node, turn(&held)?).await {
            Err(Error::Store(error)) if error.is_conflict() => {
                let again = reload(node, tenant, name).await?;
                held = again.ok_or_else(|| Error::not_found("contract", name))?;
            }
            done => return done,
        }
    }
    Err(Error::Store(store::StoreError::Contention { name: "contract_change", attempts: TRIES_MAX }))
}
