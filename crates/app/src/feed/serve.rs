//! The source's side of the feed: every public log that this node holds, from a follower's cursors on (docs/WIRE.md, 3).
//!
//! A follower that reads slowly holds back its own stream alone: few lines wait for it, and one that takes none for long is left.
//! A follower has one stream; a new one ends the one before.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use ledger::checkpoint::Checkpoint;
use ledger::note::Note;
use ledger::tree::Hash;
use ndi::weir_v1::feed::{FeedEntry, FeedFrame, FeedLine, FeedRequest, Heartbeat, Salt};
use serde_json::Value;
use store::{LogEntry, LogHead, Read};
use tokio::sync::mpsc;

use super::links::Sent;
use crate::message::Incoming;
use crate::{Error, Node};

/// Lines that wait for a slow follower; each has up to 8 MiB.
const LINES_WAITING: usize = 2;
/// After how many heartbeats without taking a line a follower is left.
const SLOW_BEATS: u32 = 12;
/// How many bytes of bodies a frame carries, with room for the rest of its line; a single checkpoint takes in less
/// ([`crate::log::BATCH_BYTES_MAX`]).
const FRAME_BYTES_MAX: usize = 6 << 20;

/// Answers `feed`: every public log that this node holds but the follower's own, from the follower's cursors on, for as long
/// as the follower reads.
///
/// # Errors
/// [`Error::Message`] where the request is malformed.
pub fn serve(node: &Node, incoming: &Incoming) -> Result<impl Stream<Item = Bytes> + Send + use<>, Error> {
    let request: FeedRequest = incoming.read()?;
    let own = incoming.from.log.as_ref().map(|log| log.origin().to_owned());
    let (sender, receiver) = mpsc::channel(LINES_WAITING);
    let holds = own_cursor(node, &request.cursors);
    let links = &node.feed().links;
    let (replaced, sent) = links.enter(&incoming.from.id, &incoming.from.name, holds, node.now());
    let serving = Serving {
        node: node.clone(),
        cursors: request.cursors,
        follower_log: own,
        sender,
        told_smaller: None,
        sent,
    };
    node.spawn("feed of a follower", async move {
        tokio::select! {
            () = serving.run() => {}
            _ = replaced => tracing::debug!("a follower connected again; its stream before ends"),
        }
    });
    Ok(futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|line| (line, receiver))
    }))
}

/// How much of our own public log these cursors say is held.
fn own_cursor(node: &Node, cursors: &BTreeMap<String, u64>) -> u64 {
    let own = node.logs().public().and_then(|log| cursors.get(log.origin()));
    own.copied().unwrap_or_default()
}

struct Serving {
    node: Node,
    cursors: BTreeMap<String, u64>,
    follower_log: Option<String>,
    sender: mpsc::Sender<Bytes>,
    /// The size of our own log that the follower was told because it holds more.
    told_smaller: Option<u64>,
    /// How far the follower was sent our own log, for whoever asks.
    sent: Sent,
}

impl Serving {
    async fn run(mut self) {
        let mut heads = self.node.store().watch_heads();
        let heartbeat = Duration::from_millis(self.node.limits().heartbeat_ms);
        loop {
            heads.mark_unchanged();
            match self.send_new().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    tracing::warn!(%error, "a follower's feed ended; it will connect again");
                    return;
                }
            }
            tokio::select! {
                () = self.sender.closed() => return,
                changed = heads.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(heartbeat) => if !self.beat().await { return },
            }
        }
    }

    async fn beat(&self) -> bool {
        let at = u64::try_from(self.node.now().millis()).unwrap_or_default();
        self.send_line(&FeedLine::Heartbeat(Heartbeat { at })).await
    }

    /// Sends a line; `false` where the follower is gone or takes none.
    async fn send_line(&self, line: &FeedLine) -> bool {
        let text = match line.to_line() {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, "a feed line could not be written");
                return false;
            }
        };
        let patience = Duration::from_millis(self.node.limits().heartbeat_ms) * SLOW_BEATS;
        let sent = tokio::time::timeout(patience, self.sender.send(Bytes::from(text))).await;
        sent.is_ok_and(|sent| sent.is_ok())
    }

    /// Sends all that is beyond the cursors; `false` where the follower is gone.
    async fn send_new(&mut self) -> Result<bool, Error> {
        let heads = heads(&self.node).await?;
        if let Some(frame) = self.smaller(&heads)
            && !self.send_line(&FeedLine::Frame(frame)).await
        {
            return Ok(false);
        }
        for log in self.logs_in_order(&heads).await? {
            loop {
                let cursor = self.cursors.get(&log).copied().unwrap_or_default();
                let Some(frame) = frame_from(&self.node, &log, cursor).await? else { break };
                let size = frame.first + frame.entries.len() as u64;
                if !self.send_line(&FeedLine::Frame(frame)).await {
                    return Ok(false);
                }
                self.cursors.insert(log.clone(), size);
                self.sent.store(own_cursor(&self.node, &self.cursors), Ordering::Relaxed);
            }
        }
        Ok(true)
    }

    /// A frame without entries that says how far our own log goes, for a follower that holds more of it: one of us has lost
    /// something, and the follower should know.
    fn smaller(&mut self, heads: &[LogHead]) -> Option<FeedFrame> {
        let own = self.node.logs().public()?.origin();
        let head = heads.iter().find(|head| head.log == own)?;
        let cursor = self.cursors.get(own).copied().unwrap_or_default();
        if head.size >= cursor || self.told_smaller == Some(head.size) {
            return None;
        }
        let checkpoint = head.checkpoint.clone()?;
        self.told_smaller = Some(head.size);
        Some(FeedFrame { origin: own.to_owned(), first: head.size, entries: Vec::new(), checkpoint })
    }

    /// Logs that have more than the follower, those first that make others verifiable.
    async fn logs_in_order(&self, heads: &[LogHead]) -> Result<Vec<String>, Error> {
        let behind = |log: &str, size: u64| size > self.cursors.get(log).copied().unwrap_or_default();
        let mut logs: Vec<String> = heads
            .iter()
            .filter(|head| is_public(&head.log) && self.follower_log.as_deref() != Some(head.log.as_str()))
            .filter(|head| behind(&head.log, head.size))
            .map(|head| head.log.clone())
            .collect();
        if logs.len() > 1 {
            let origins = super::origins(&self.node).await?;
            logs.sort_by_key(|log| origins.rank(log));
        }
        Ok(logs)
    }
}

/// Whether a log is one that others may follow.
pub(crate) fn is_public(log: &str) -> bool {
    log.ends_with("/public")
}

/// The heads of all logs of a node.
pub(crate) async fn heads(node: &Node) -> Result<Vec<LogHead>, Error> {
    node.store()
        .read("feed_heads", |read| Box::pin(async move { Ok::<_, Error>(read.list_logs().await?) }))
        .await
}

/// The entries from a cursor up to a checkpoint; `None` at the head.
pub(crate) async fn frame_from(node: &Node, log: &str, cursor: u64) -> Result<Option<FeedFrame>, Error> {
    let (origin, limit) = (log.to_owned(), node.limits().feed_frame_entries_max);
    let found = node
        .store()
        .read("feed_frame", move |read| {
            let origin = origin.clone();
            Box::pin(async move { longest(read, &origin, cursor, limit).await })
        })
        .await?;
    let Some((checkpoint, entries)) = found else { return Ok(None) };
    let entries = entries.into_iter().map(feed_entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(FeedFrame { origin: log.to_owned(), first: cursor, entries, checkpoint }))
}

/// A checkpoint beyond the cursor with the entries up to it: the newest where all that lacks fits in a frame, else one about half a
/// frame on, else the next. So a follower that was away long gets few large frames.
async fn longest(
    read: &mut Read,
    log: &str,
    cursor: u64,
    limit: u32,
) -> Result<Option<(String, Vec<LogEntry>)>, Error> {
    let Some(head) = read.log_head(log).await?.filter(|head| head.size > cursor) else { return Ok(None) };
    let half = read.checkpoint_covering(log, cursor + u64::from(limit / 2)).await?;
    for note in head.checkpoint.into_iter().chain(half) {
        if let Some(entries) = entries_up_to(read, log, cursor, &note, limit).await?
            && entries.iter().map(size_of).sum::<usize>() <= FRAME_BYTES_MAX
        {
            return Ok(Some((note, entries)));
        }
    }
    let Some(note) = read.checkpoint_covering(log, cursor).await? else { return Ok(None) };
    match entries_up_to(read, log, cursor, &note, limit).await? {
        Some(entries) => Ok(Some((note, entries))),
        None => {
            Err(Error::Corrupt(format!("a checkpoint of log `{log}` takes in more than {limit} entries")))
        }
    }
}

/// The entries from the cursor up to a checkpoint; `None` where they are more than a frame takes.
async fn entries_up_to(
    read: &mut Read,
    log: &str,
    cursor: u64,
    note: &str,
    limit: u32,
) -> Result<Option<Vec<LogEntry>>, Error> {
    let size = Checkpoint::from_text(note.parse::<Note>()?.text())?.size;
    let Ok(count) = u32::try_from(size.saturating_sub(cursor)) else { return Ok(None) };
    if count > limit {
        return Ok(None);
    }
    let entries = read.log_entries(log, cursor, count).await?;
    if entries.len() as u64 == u64::from(count) {
        return Ok(Some(entries));
    }
    Err(Error::Corrupt(format!("log `{log}` lacks entries below its checkpoint at {size}")))
}

fn size_of(entry: &LogEntry) -> usize {
    entry.body.as_ref().map_or(0, String::len)
}

fn feed_entry(entry: LogEntry) -> Result<FeedEntry, Error> {
    match (entry.salt, entry.body) {
        (Some(salt), Some(body)) => {
            let body: Value =
                serde_json::from_str(&body).map_err(|error| Error::Corrupt(error.to_string()))?;
            Ok(FeedEntry { salt: Some(Salt(salt)), body: Some(body), hash: None })
        }
        _ => Ok(FeedEntry { salt: None, body: None, hash: Some(Hash::from_bytes(entry.leaf)) }),
    }
}

#[cfg(test)]
#[path = "tests/serve_tests.rs"]
mod tests;
