//! Taking frames: each is checked against the source's own key and what is held of its log, stored, and only then believed.
//!
//! A log only grows. One whose publisher shows less of it than is held here, or another tree over the same entries, is refused from
//! there on; [`Feed::troubles`](super::Feed::troubles) says so until it goes on as it should.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::tree::Hash;
use ndi::weir_v1::feed::{FeedEntry, FeedFrame, Salt};
use ndi::weir_v1::public_log::PublicBody;
use serde_json::Value;
use store::{FollowedEntry, Growth, LogHead, LogNode, Tx};

use super::origin::{Origin, Origins};
use super::{Listed, applied, apply};
use crate::directory::chain_of;
use crate::log::{self, read_frontier};
use crate::message::Target;
use crate::{Error, Node};

/// Takes one frame: checks it against the source's own key, stores it, and believes what its origin may say.
///
/// # Errors
/// [`Error::Ledger`] where a signature does not hold, [`Error::Evidence`] where tree and entries do not; [`Error::Input`] where entries
/// are missing before it; [`Error::NotFound`] where nobody known publishes the log.
pub async fn take(node: &Node, frame: FeedFrame) -> Result<(), Error> {
    let _one_at_a_time = node.feed().taking.lock().await;
    let believed = take_one(node, frame).await?;
    crate::catalogue::index(node, &believed);
    Ok(())
}

/// Takes the frames that wait, and indexes what they say at once. A log whose frame does not hold is refused for the rest of the
/// connection and noted; the other logs go on.
pub(crate) async fn take_waiting(
    node: &Node,
    source: &Target,
    frames: Vec<FeedFrame>,
    refused: &mut BTreeSet<String>,
) -> Result<(), Error> {
    let _one_at_a_time = node.feed().taking.lock().await;
    let mut believed = Vec::new();
    let mut outcome = Ok(());
    for frame in frames {
        let log = frame.origin.clone();
        if refused.contains(&log) {
            continue;
        }
        match take_one(node, frame).await {
            Ok(bodies) => believed.extend(bodies),
            Err(error) if is_about_the_log(&error) => {
                node.feed().set_trouble(&log, format!("{error} (sent by {})", source.id));
                refused.insert(log);
            }
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    crate::catalogue::index(node, &believed);
    outcome
}

fn is_about_the_log(error: &Error) -> bool {
    matches!(
        error,
        Error::Ledger(_)
            | Error::Evidence(_)
            | Error::Input { .. }
            | Error::Message(_)
            | Error::NotFound { .. }
    )
}

/// Takes a frame without indexing; answers what is believed of it.
async fn take_one(node: &Node, frame: FeedFrame) -> Result<Vec<PublicBody>, Error> {
    if node.logs().all().any(|log| log.origin() == frame.origin) {
        return Ok(Vec::new());
    }
    let origins = super::origins(node).await?;
    let origin = origins.of(&frame.origin);
    let origin = origin.ok_or_else(|| Error::not_found("publisher of log", &frame.origin))?;
    let end = frame.first.saturating_add(frame.entries.len() as u64);
    let held = Held::read(node, &frame.origin, end).await?;
    if end <= held.size() {
        held.check_old(node, origin, &frame, end).await?;
        return Ok(Vec::new());
    }
    let grown = Grown::check(origin, frame, held.head.as_ref(), node.now())?;
    let bodies = grown.published(origin);
    let log = grown.growth.log.clone();
    let believed = commit(node, origins.clone(), grown, bodies).await?;
    node.feed().clear_trouble(&log);
    applied(node, &believed);
    super::passed::ring(node, &believed);
    Ok(believed)
}

/// Stores a checked frame, and takes into the view what nothing speaks against.
async fn commit(
    node: &Node,
    origins: Arc<Origins>,
    grown: Grown,
    bodies: Vec<PublicBody>,
) -> Result<Vec<PublicBody>, Error> {
    let (shared, now) = (Arc::new((origins, grown, bodies)), node.now());
    node.store()
        .run_tx("feed_take", move |tx| {
            let shared = shared.clone();
            Box::pin(async move {
                let (origins, grown, bodies) = shared.as_ref();
                tx.append_followed(&grown.growth, &grown.entries).await?;
                let mut believed = Vec::with_capacity(bodies.len());
                for body in bodies {
                    if believe(tx, origins, &grown.growth.log, body, now).await? {
                        believed.push(body.clone());
                    }
                }
                super::passed::forget(tx, &grown.growth.log, &believed).await?;
                Ok::<_, Error>(believed)
            })
        })
        .await
}

async fn believe(
    tx: &mut Tx,
    origins: &Origins,
    log: &str,
    body: &PublicBody,
    now: Timestamp,
) -> Result<bool, Error> {
    if let Some(reason) = origins.objection(tx, log, body).await? {
        tracing::warn!(log.origin = log, key = ?body.key(), reason, "an entry is passed over");
        super::passed::keep(tx, log, body, reason, now).await?;
        return Ok(false);
    }
    apply(tx, log, body, now).await?;
    Ok(true)
}

/// What is held of a log.
struct Held {
    head: Option<LogHead>,
    /// The checkpoint that is held at the frame's end.
    note: Option<String>,
}

impl Held {
    async fn read(node: &Node, log: &str, end: u64) -> Result<Held, Error> {
        let log = log.to_owned();
        node.store()
            .read("feed_head", move |read| {
                let log = log.clone();
                Box::pin(async move {
                    let head = read.log_head(&log).await?;
                    Ok::<_, Error>(Held { head, note: read.checkpoint_at(&log, end).await? })
                })
            })
            .await
    }

    fn size(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.size)
    }

    /// A frame that says nothing new must say what is held; one without entries says that its publisher holds less.
    async fn check_old(
        &self,
        node: &Node,
        origin: &Origin,
        frame: &FeedFrame,
        end: u64,
    ) -> Result<(), Error> {
        if !frame.entries.is_empty() && self.note.as_deref() == Some(frame.checkpoint.as_str()) {
            return Ok(());
        }
        let checkpoint = Checkpoint::open(&frame.checkpoint, &origin.identity)?;
        let (log, size) = (&frame.origin, self.size());
        if checkpoint.size != end {
            return Err(uncovered(log, checkpoint.size));
        }
        if checkpoint.root != root_at(node, log, end).await? {
            return Err(Error::Evidence(format!(
                "log `{log}` forked: its publisher signed two trees of {end} entries"
            )));
        }
        if frame.entries.is_empty() && end < size {
            return Err(Error::Evidence(format!(
                "log `{log}` went back: its publisher shows {end} entries, {size} are held here; it has to restore its store"
            )));
        }
        Ok(())
    }
}

/// The root over the first entries of a log that is held.
async fn root_at(node: &Node, log: &str, size: u64) -> Result<Hash, Error> {
    let wanted: Vec<(u8, u64)> =
        ledger::tree::root_nodes(size).iter().map(|id| (id.level, id.index)).collect();
    let log = log.to_owned();
    let nodes = node
        .store()
        .read("feed_root", move |read| {
            let (log, wanted) = (log.clone(), wanted.clone());
            Box::pin(async move { Ok::<_, Error>(read.log_nodes(&log, &wanted).await?) })
        })
        .await?;
    let lookup = |level: u8, index: u64| {
        let found = nodes.iter().find(|node| node.level == level && node.index == index);
        found.map(|node| Hash::from_bytes(node.hash))
    };
    Ok(ledger::tree::root(size, lookup)?)
}

/// A frame that was checked and continues what is held.
struct Grown {
    growth: Growth,
    entries: Vec<FollowedEntry>,
    values: Vec<Value>,
}

impl Grown {
    fn check(
        origin: &Origin,
        frame: FeedFrame,
        head: Option<&LogHead>,
        now: Timestamp,
    ) -> Result<Grown, Error> {
        let size = head.map_or(0, |head| head.size);
        let end = frame.first.saturating_add(frame.entries.len() as u64);
        if frame.first > size {
            let detail = format!("{}: this node holds {size} entries of that log", frame.first);
            return Err(Error::input("first", detail));
        }
        // The signature first: what nobody signed is not worth hashing.
        let checkpoint = Checkpoint::open(&frame.checkpoint, &origin.identity)?;
        let mut frontier =
            read_frontier(size, head.map(|head| head.frontier.as_slice()).unwrap_or_default())?;
        let held = usize::try_from(size - frame.first).unwrap_or(usize::MAX);
        let mut nodes: Vec<LogNode> = Vec::new();
        let (mut entries, mut values) = (Vec::new(), Vec::new());
        for entry in frame.entries.into_iter().skip(held) {
            let (followed, value) = followed_entry(entry, now)?;
            let complete = frontier.append(Hash::from_bytes(followed.leaf))?;
            nodes.extend(complete.into_iter().map(log::stored_node));
            entries.push(followed);
            values.extend(value);
        }
        if checkpoint.size != end || checkpoint.root != frontier.root() {
            return Err(uncovered(&frame.origin, checkpoint.size));
        }
        let growth = Growth {
            log: frame.origin,
            expected_size: size,
            nodes,
            frontier: log::frontier_bytes(&frontier),
            checkpoint: frame.checkpoint,
            at: now.micros(),
        };
        Ok(Grown { growth, entries, values })
    }

    /// The bodies that this origin may publish; others are passed over, with a line in the log.
    fn published(&self, origin: &Origin) -> Vec<PublicBody> {
        let log = &self.growth.log;
        let bodies = self.values.iter().filter_map(|value| match PublicBody::read(value) {
            Ok(body) => Some(body),
            Err(error) => {
                tracing::warn!(log.origin = log, %error, "an entry is not understood and is passed over");
                None
            }
        });
        let believable = |body: &PublicBody| {
            let may = origin.may_publish(body) && has_certificates(body);
            if !may {
                tracing::warn!(log.origin = log, key = ?body.key(), "its origin may not publish this entry");
            }
            may
        };
        bodies.filter(believable).collect()
    }
}

/// Whether a body that comes with certificates has some that can be read. Whether they hold is checked when they are used.
fn has_certificates(body: &PublicBody) -> bool {
    Listed::of(body).is_none_or(|listed| chain_of(listed.chain).is_ok())
}

fn uncovered(log: &str, size: u64) -> Error {
    Error::Evidence(format!(
        "the checkpoint of log `{log}` at {size} does not cover the entries that came with it: they were changed on the way, or its publisher has two histories"
    ))
}

fn followed_entry(entry: FeedEntry, now: Timestamp) -> Result<(FollowedEntry, Option<Value>), Error> {
    let (Some(Salt(salt)), Some(value)) = (entry.salt, entry.body) else {
        let leaf = entry.hash.ok_or_else(|| Error::input("entries", "an entry without body and hash"))?;
        return Ok((erased(*leaf.as_bytes(), now), None));
    };
    let leaf = ledger::leaf::Entry::new(ledger::leaf::Salt::from_bytes(salt), value.clone()).leaf_hash()?;
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let key = ["id", "subject", "product"].iter().find_map(|name| value.get(*name).and_then(Value::as_str));
    let followed = FollowedEntry {
        kind,
        subject: key.unwrap_or_default().to_owned(),
        salt: Some(salt),
        leaf: *leaf.as_bytes(),
        at: now.micros(),
        body: Some(value.to_string()),
    };
    Ok((followed, Some(value)))
}

/// The place of an entry whose body its publisher erased.
fn erased(leaf: [u8; 32], now: Timestamp) -> FollowedEntry {
    FollowedEntry {
        kind: String::new(),
        subject: String::new(),
        salt: None,
        leaf,
        at: now.micros(),
        body: None,
    }
}

#[cfg(test)]
#[path = "tests/take_tests.rs"]
mod tests;
