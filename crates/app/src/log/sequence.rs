//! The job that numbers waiting entries into the tree and signs a checkpoint over each batch; the tree's form in the store.

use std::time::Duration;

use ledger::leaf::{Entry, Salt};
use ledger::tree::{Frontier, Hash, Node as TreeNode};
use store::{EvidenceRow, Growth, LogNode};

use super::OwnLog;
use crate::{Error, Node};

/// How long the sequencer sleeps without a wake-up before it looks anyway.
const SWEEP: Duration = Duration::from_secs(5);

/// How many bytes of bodies one checkpoint takes in: a feed's frame ends at a checkpoint and must fit in a line.
pub const BATCH_BYTES_MAX: usize = 4 << 20;

/// How long evidence waits for more of it. The steps of one contract follow each other within milliseconds: a checkpoint for each of them
/// would stand in the way of the next. Evidence is durable before that; only its number in the log, and so its receipt, comes this much later.
const EVIDENCE_GATHERS: Duration = Duration::from_millis(100);

/// Job: numbers waiting entries into the logs, public ones as soon as they are committed.
pub async fn sequence(node: Node) {
    let public = async {
        if let Some(log) = node.logs().public() {
            sequence_log(&node, log, Duration::ZERO).await;
        }
    };
    tokio::join!(public, sequence_log(&node, node.logs().evidence(), EVIDENCE_GATHERS));
}

/// Numbers what waits for one log, whenever the store rings for any.
async fn sequence_log(node: &Node, log: &OwnLog, gathers: Duration) {
    let mut woken = node.store().watch_evidence();
    loop {
        woken.mark_unchanged();
        if let Err(error) = drain(node, log).await {
            tracing::warn!(log.origin = log.origin(), %error, "entries wait for their number; trying again");
        }
        if tokio::time::timeout(SWEEP, woken.changed()).await.is_ok() {
            tokio::time::sleep(gathers).await;
        }
    }
}

/// Numbers all that waits for a log, checkpoint by checkpoint.
///
/// # Errors
/// [`Error::Store`]; [`Error::Corrupt`] where a waiting row cannot be hashed.
pub async fn drain(node: &Node, log: &OwnLog) -> Result<(), Error> {
    while number_once(node, log).await? {}
    Ok(())
}

/// One checkpoint; `false` where nothing waits. What is read need not agree: the commit compares both with what stands then.
async fn number_once(node: &Node, log: &OwnLog) -> Result<bool, Error> {
    let (origin, limit) = (log.origin().to_owned(), node.limits().sequence_batch_max);
    let waiting = node
        .store()
        .peek("log_waiting", move |read| {
            let origin = origin.clone();
            Box::pin(async move {
                let rows = read.take_unsequenced(&origin, limit).await?;
                if rows.is_empty() {
                    return Ok(None);
                }
                let head = read.log_head(&origin).await?.ok_or_else(|| Error::not_found("log", &origin))?;
                Ok::<_, Error>(Some((head, rows)))
            })
        })
        .await?;
    let Some((head, rows)) = waiting else { return Ok(false) };
    let (growth, rows) = grow(node, log, &head, rows)?;
    let committed = node
        .store()
        .run_tx("log_sequence", move |tx| {
            let (growth, rows) = (growth.clone(), rows.clone());
            Box::pin(async move { Ok::<_, Error>(tx.commit_sequenced(&growth, &rows).await?) })
        })
        .await;
    match committed {
        Ok(_) => Ok(true),
        Err(Error::Store(error)) if error.is_conflict() => Ok(true),
        Err(error) => Err(error),
    }
}

/// Rows with the hash of their leaf.
type Hashed = Vec<(EvidenceRow, [u8; 32])>;

/// Hashes the rows onto the frontier and signs the new head; outside any transaction.
fn grow(
    node: &Node,
    log: &OwnLog,
    head: &store::LogHead,
    rows: Vec<EvidenceRow>,
) -> Result<(Growth, Hashed), Error> {
    let mut frontier = read_frontier(head.size, &head.frontier)?;
    let mut nodes = Vec::new();
    let mut hashed = Vec::with_capacity(rows.len());
    for row in within(rows, BATCH_BYTES_MAX) {
        let leaf = leaf_of(&row.salt, &row.body)?;
        nodes.extend(frontier.append(leaf)?.into_iter().map(stored_node));
        hashed.push((row, *leaf.as_bytes()));
    }
    let size = head.size + hashed.len() as u64;
    let growth = Growth {
        log: log.origin().to_owned(),
        expected_size: head.size,
        nodes,
        frontier: frontier_bytes(&frontier),
        checkpoint: log.sign(size, frontier.root())?,
        at: node.now().micros(),
    };
    Ok((growth, hashed))
}

/// The first rows whose bodies have together no more than `bytes`; at least one.
pub(super) fn within(rows: Vec<EvidenceRow>, bytes: usize) -> impl Iterator<Item = EvidenceRow> {
    let mut sum = 0;
    rows.into_iter().enumerate().map_while(move |(at, row)| {
        sum += row.body.len();
        (at == 0 || sum <= bytes).then_some(row)
    })
}

/// The tree leaf of a stored entry.
///
/// # Errors
/// [`Error::Corrupt`] where the body is no JSON.
pub fn leaf_of(salt: &[u8; 32], body: &str) -> Result<Hash, Error> {
    let body = serde_json::from_str(body).map_err(|error| Error::Corrupt(format!("log entry: {error}")))?;
    Ok(Entry::new(Salt::from_bytes(*salt), body).leaf_hash()?)
}

/// A frontier from the store's form: its hashes one after the other.
///
/// # Errors
/// [`Error::Corrupt`] where they do not fit the size.
pub fn read_frontier(size: u64, bytes: &[u8]) -> Result<Frontier, Error> {
    let hashes = bytes.chunks(32).map(|chunk| <[u8; 32]>::try_from(chunk).map(Hash::from_bytes));
    let hashes: Result<Vec<Hash>, _> = hashes.collect();
    let hashes =
        hashes.map_err(|_| Error::Corrupt("frontier of a log: not a multiple of 32 bytes".to_owned()))?;
    Ok(Frontier::from_parts(size, hashes)?)
}

/// The store's form of a frontier.
pub fn frontier_bytes(frontier: &Frontier) -> Vec<u8> {
    frontier.hashes().iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// The store's form of a tree node.
pub fn stored_node(node: TreeNode) -> LogNode {
    LogNode { level: node.id.level, index: node.id.index, hash: *node.hash.as_bytes() }
}
