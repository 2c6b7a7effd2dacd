//! The follower's side of the feed: whom to follow, connecting, and reading lines. What they say is [`super::take`]'s.
//!
//! Reading and taking go side by side, so that frames which come while others are indexed are indexed together. A log whose frame is
//! refused does not hold up the others of the same source: it is left out until the source has sent what waits, then the follower
//! connects again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt as _;
use ndi::Message as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::feed::{FeedFrame, FeedLine, FeedRequest};
use ndi::weir_v1::public_log::NodeKind;
use tokio::sync::mpsc;

use super::take::take_waiting;
use crate::config::Role;
use crate::message::Target;
use crate::{Error, Node};

/// The longest line of a feed, in bytes: a frame of entries with certificates and profiles.
const LINE_BYTES_MAX: usize = 8 << 20;
/// How long a follower waits before it connects again: at first, and at most.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How many frames wait to be taken, and are indexed together.
const FRAMES_WAITING: usize = 8;

/// Job: follows the upstreams and, on function nodes, every node certified here.
pub async fn follow(node: Node) {
    let mut followed: BTreeSet<String> = BTreeSet::new();
    let mut members = node.watch_members();
    loop {
        members.mark_unchanged();
        match sources(&node).await {
            Ok(sources) => {
                for source in sources {
                    if followed.insert(source.id.to_string()) {
                        node.spawn("following", follow_source(node.clone(), source));
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "whom to follow could not be read"),
        }
        if members.changed().await.is_err() {
            return;
        }
    }
}

/// Whom this node follows.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn sources(node: &Node) -> Result<Vec<Target>, Error> {
    let upstreams = node.upstreams().into_iter().map(|peer| Target { id: peer.id, address: peer.address });
    let mut sources: Vec<Target> = upstreams.collect();
    let kinds: &[NodeKind] = match node.role() {
        Role::Global => &[NodeKind::Region, NodeKind::Industry],
        Role::Region | Role::Industry => &[NodeKind::Service],
        Role::Service | Role::Host => &[],
    };
    let Ok(own) = node.standing() else { return Ok(sources) };
    let area = own.speaker.membership.area;
    for kind in kinds {
        let certified = super::nodes(node, *kind).await?.into_iter();
        let ours = certified.filter(|body| {
            body.status == Status::Certified && (node.role() == Role::Global || body.area == area)
        });
        sources.extend(ours.map(|body| Target { id: body.id, address: body.address }));
    }
    Ok(sources)
}

/// Follows one source for as long as the node runs, connecting again when the stream ends.
async fn follow_source(node: Node, source: Target) {
    let mut pause = RECONNECT.0;
    loop {
        let started = tokio::time::Instant::now();
        let source = address_now(&node, &source).await;
        if let Err(error) = follow_once(&node, &source).await {
            tracing::debug!(source.id = %source.id, %error, "the feed ended; connecting again");
        }
        if started.elapsed() > RECONNECT.1 {
            pause = RECONNECT.0;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT.1);
    }
}

/// Where the source is now: it may have moved since it was first followed.
async fn address_now(node: &Node, source: &Target) -> Target {
    match node.known(source.id.as_str()).await.ok().and_then(|known| known.address.clone()) {
        Some(address) => Target { id: source.id.clone(), address },
        None => source.clone(),
    }
}

async fn follow_once(node: &Node, source: &Target) -> Result<(), Error> {
    let speaker = node.speaker()?;
    let body = FeedRequest { cursors: cursors(node).await? }.to_body()?;
    let sequence = node.entropy().hex128();
    let stream = node.send_for_stream(&speaker, source, "/weir/v1/feed", &body, &sequence).await?;
    let silence = Duration::from_millis(node.limits().heartbeat_ms.saturating_mul(3));
    let (sender, receiver) = mpsc::channel(FRAMES_WAITING);
    tokio::try_join!(read_lines(stream, silence, sender), take_lines(node, source, receiver)).map(drop)
}

/// Reads lines until the stream ends or is silent.
async fn read_lines(
    mut stream: net::StreamResponse,
    silence: Duration,
    lines: mpsc::Sender<FeedLine>,
) -> Result<(), Error> {
    let mut rest = Lines::default();
    loop {
        let next = tokio::time::timeout(silence, stream.next()).await;
        let Ok(Some(chunk)) = next else { return Ok(()) };
        for line in rest.push(&chunk?)? {
            if lines.send(FeedLine::parse(&line)?).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// Takes what was read, as much at once as waits.
async fn take_lines(
    node: &Node,
    source: &Target,
    mut waiting: mpsc::Receiver<FeedLine>,
) -> Result<(), Error> {
    let mut refused = BTreeSet::new();
    let mut lines = Vec::with_capacity(FRAMES_WAITING);
    while waiting.recv_many(&mut lines, FRAMES_WAITING).await > 0 {
        let idle = lines.iter().any(|line| matches!(line, FeedLine::Heartbeat(_)));
        let frames: Vec<FeedFrame> = lines.drain(..).filter_map(frame_of).collect();
        take_waiting(node, source, frames, &mut refused).await?;
        node.feed().links.heard(source.id.as_str(), node.now());
        crate::outbox::heard(node, Some(&source.address));
        if idle && let Some(log) = refused.first() {
            return Err(Error::Evidence(format!("{} sent what does not hold of log `{log}`", source.id)));
        }
    }
    Ok(())
}

fn frame_of(line: FeedLine) -> Option<FeedFrame> {
    match line {
        FeedLine::Frame(frame) => Some(frame),
        FeedLine::Heartbeat(_) => None,
    }
}

/// How much of every public log this node holds.
async fn cursors(node: &Node) -> Result<BTreeMap<String, u64>, Error> {
    let heads = super::serve::heads(node).await?.into_iter();
    Ok(heads.filter(|head| super::serve::is_public(&head.log)).map(|head| (head.log, head.size)).collect())
}

/// Splits a byte stream into lines.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    /// The lines that end in this chunk, each with its line feed.
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let mut lines = Vec::new();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            if self.rest.len() + piece.len() > LINE_BYTES_MAX {
                return Err(Error::input("feed", format!("a line of more than {LINE_BYTES_MAX} bytes")));
            }
            self.rest.extend_from_slice(piece);
            if self.rest.last() == Some(&b'\n') {
                lines.push(std::mem::take(&mut self.rest));
            }
        }
        Ok(lines)
    }
}

#[cfg(test)]
#[path = "tests/follow_tests.rs"]
mod tests;
