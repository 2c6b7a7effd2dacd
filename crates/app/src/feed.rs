//! Following public logs: publish at one point, visible everywhere (docs/WIRE.md, 3).
//!
//! A node holds a stream open to its upstream and, on function nodes, to every node that it certified. What comes is checked
//! against the source's own log key, stored, relayed to whoever follows us, and only then believed: a carrier needs no trust.
//! Bodies that an origin may not publish stay in its log and are passed over.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::Timestamp;
use domain::id::{AreaCode, NodeId};
use futures_util::{Stream, StreamExt as _};
use ledger::checkpoint::{Checkpoint, LogIdentity};
use ledger::tree::Hash;
use ndi::Code as _;
use ndi::weir_v1::feed::{FeedEntry, FeedFrame, FeedLine, FeedRequest, Heartbeat, Salt};
use ndi::weir_v1::public_log::{NodeKind, PublicBody};
use serde_json::Value;
use store::{DirectoryRow, FollowedEntry, Growth, LogEntry, LogNode, Page, Tx};
use tokio::sync::{Mutex, mpsc};

use crate::config::Role;
use crate::directory::chain_of;
use crate::log::{self, public_body, read_frontier, stored_body};
use crate::member::PeerNode;
use crate::message::{Incoming, Target};
use crate::{Error, Node};

/// The longest line of a feed, in bytes: a frame of entries with certificates and profiles.
const LINE_BYTES_MAX: usize = 8 << 20;
/// How long a follower waits before it connects again: at first, and at most.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How many nodes of one kind a network has at most.
const NODES_MAX: u32 = 10_000;
/// Lines that wait for a slow follower.
const LINES_WAITING: usize = 16;

/// Who publishes a log, and what it may say.
#[derive(Debug, Clone)]
struct Origin {
    identity: LogIdentity,
    node: NodeId,
    kind: NodeKind,
    area: AreaCode,
}

impl Origin {
    /// Whether this origin may publish that body (docs/WIRE.md, 3).
    fn may_publish(&self, body: &PublicBody) -> bool {
        let regional = matches!(self.kind, NodeKind::Region | NodeKind::Industry);
        match body {
            PublicBody::Node(node) if node.id == self.node => true,
            PublicBody::Node(node) => match self.kind {
                NodeKind::Global => matches!(node.kind, NodeKind::Region | NodeKind::Industry),
                NodeKind::Region | NodeKind::Industry => {
                    node.kind == NodeKind::Service && node.id.area() == self.area
                }
                NodeKind::Service => false,
            },
            PublicBody::Organisation(organisation) => regional && organisation.area == self.area,
            PublicBody::Connector(connector) => regional && connector.id.area() == self.area,
            PublicBody::Resource(resource) => regional && resource.id.area() == self.area,
            PublicBody::Product(product) => regional && product.id.area() == self.area,
            PublicBody::Listing(listing) => listing.service_node == self.node,
        }
    }

    /// The order in which a source sends logs: those that make others verifiable first.
    fn rank(&self) -> u8 {
        match self.kind {
            NodeKind::Global => 0,
            NodeKind::Region | NodeKind::Industry => 1,
            NodeKind::Service => 2,
        }
    }
}

/// Takes a body that is believed into the node's own view, within the transaction that makes it so.
///
/// # Errors
/// [`Error::Store`], [`Error::Message`].
pub async fn apply(tx: &mut Tx, origin: &str, body: &PublicBody, now: Timestamp) -> Result<(), Error> {
    match directory_row(origin, body, now)? {
        Some(row) => Ok(tx.put_directory(&row).await?),
        None => crate::catalogue::apply(tx, origin, body, now).await,
    }
}

/// What is to be done in memory after such bodies were committed: caches, followers, the search index.
pub fn applied(node: &Node, bodies: &[PublicBody]) {
    for body in bodies {
        match body {
            PublicBody::Node(entry) => {
                node.directory().forget(entry.id.as_str());
                node.notify_members();
            }
            PublicBody::Connector(entry) => node.directory().forget(entry.id.as_str()),
            PublicBody::Organisation(entry) => node.directory().forget(entry.subject.as_str()),
            _ => {}
        }
    }
}

fn directory_row(origin: &str, body: &PublicBody, now: Timestamp) -> Result<Option<DirectoryRow>, Error> {
    let row = |id: &str,
               kind: &str,
               owner: &str,
               area: AreaCode,
               address: Option<&str>,
               chain: &[String],
               status: &str| {
        Ok::<_, Error>(Some(DirectoryRow {
            id: id.to_owned(),
            kind: kind.to_owned(),
            owner: owner.to_owned(),
            area: area.to_string(),
            origin: origin.to_owned(),
            address: address.map(str::to_owned),
            key_id: Some(chain_of(chain)?.public_key().key_id().to_string()),
            status: status.to_owned(),
            updated_at: now.micros(),
            body: stored_body(body)?,
        }))
    };
    match body {
        PublicBody::Node(b) => row(
            b.id.as_str(),
            b.kind.code(),
            b.subject.as_str(),
            b.area,
            Some(&b.address),
            &b.sign_chain,
            b.status.code(),
        ),
        PublicBody::Connector(b) => row(
            b.id.as_str(),
            "connector",
            b.subject.as_str(),
            b.area,
            Some(&b.address),
            &b.sign_chain,
            b.status.code(),
        ),
        PublicBody::Organisation(b) => row(
            b.subject.as_str(),
            "organisation",
            b.subject.as_str(),
            b.area,
            None,
            &b.chain,
            b.status.code(),
        ),
        _ => Ok(None),
    }
}

/// The nodes of a kind that are known, with their bodies.
///
/// # Errors
/// [`Error::Store`].
pub async fn nodes(node: &Node, kind: NodeKind) -> Result<Vec<ndi::weir_v1::public_log::NodeBody>, Error> {
    let rows = node
        .store()
        .read("nodes_of_kind", move |read| {
            Box::pin(async move {
                Ok::<_, Error>(read.list_directory(kind.code(), &Page::first(NODES_MAX)).await?)
            })
        })
        .await?;
    let bodies = rows.iter().map(|row| public_body(&row.body));
    bodies
        .filter_map(|body| match body {
            Ok(PublicBody::Node(node)) => Some(Ok(node)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect()
}

/// Every public log whose publisher is known, by origin.
async fn origins(node: &Node) -> Result<HashMap<String, Origin>, Error> {
    let mut known = HashMap::new();
    if let Ok(speaker) = node.speaker() {
        let root = speaker.membership.root_node.clone();
        keep_origin(&mut known, root_origin(&root)?);
    }
    for kind in [NodeKind::Global, NodeKind::Region, NodeKind::Industry, NodeKind::Service] {
        for body in nodes(node, kind).await? {
            let identity = body.log_vkey.parse()?;
            keep_origin(&mut known, Origin { identity, node: body.id, kind, area: body.area });
        }
    }
    Ok(known)
}

fn keep_origin(known: &mut HashMap<String, Origin>, origin: Origin) {
    known.insert(origin.identity.origin().to_owned(), origin);
}

fn root_origin(root: &PeerNode) -> Result<Origin, Error> {
    let identity = root.log_vkey.parse()?;
    Ok(Origin { identity, node: root.id.clone(), kind: NodeKind::Global, area: root.id.area() })
}

// ---------------------------------------------------------------------------------------------- serving

/// Answers `feed`: every public log that this node holds but the follower's own, from the follower's cursors on, for as long
/// as the follower reads.
///
/// # Errors
/// [`Error::Message`] where the request is malformed.
pub fn serve(node: &Node, incoming: &Incoming) -> Result<impl Stream<Item = Bytes> + Send + use<>, Error> {
    let request: FeedRequest = incoming.read()?;
    let own = incoming.from.log.as_ref().map(|log| log.origin().to_owned());
    let (sender, receiver) = mpsc::channel(LINES_WAITING);
    let serving = Serving { node: node.clone(), cursors: request.cursors, follower_log: own, sender };
    node.spawn("feed of a follower", serving.run());
    let lines = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|line| (line, receiver))
    });
    Ok(lines)
}

struct Serving {
    node: Node,
    cursors: BTreeMap<String, u64>,
    follower_log: Option<String>,
    sender: mpsc::Sender<Bytes>,
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

    async fn send_line(&self, line: &FeedLine) -> bool {
        match line.to_line() {
            Ok(text) => self.sender.send(Bytes::from(text)).await.is_ok(),
            Err(error) => {
                tracing::error!(%error, "a feed line could not be written");
                false
            }
        }
    }

    /// Sends all that is beyond the cursors; `false` where the follower is gone.
    async fn send_new(&mut self) -> Result<bool, Error> {
        for log in self.logs_in_order().await? {
            loop {
                let cursor = self.cursors.get(&log).copied().unwrap_or_default();
                let Some(frame) = frame_from(&self.node, &log, cursor).await? else { break };
                let size = frame.first + frame.entries.len() as u64;
                if !self.send_line(&FeedLine::Frame(frame)).await {
                    return Ok(false);
                }
                self.cursors.insert(log.clone(), size);
            }
        }
        Ok(true)
    }

    /// Logs that have more than the follower, those first that make others verifiable.
    async fn logs_in_order(&self) -> Result<Vec<String>, Error> {
        let heads = self
            .node
            .store()
            .read("feed_heads", |read| Box::pin(async move { Ok::<_, Error>(read.list_logs().await?) }))
            .await?;
        let behind = |log: &str, size: u64| size > self.cursors.get(log).copied().unwrap_or_default();
        let mut logs: Vec<String> = heads
            .into_iter()
            .filter(|head| {
                head.log.ends_with("/public") && self.follower_log.as_deref() != Some(head.log.as_str())
            })
            .filter(|head| behind(&head.log, head.size))
            .map(|head| head.log)
            .collect();
        if logs.len() > 1 {
            let known = origins(&self.node).await?;
            logs.sort_by_key(|log| known.get(log).map_or(u8::MAX, Origin::rank));
        }
        Ok(logs)
    }
}

/// The entries from a cursor up to the next checkpoint; `None` at the head.
async fn frame_from(node: &Node, log: &str, cursor: u64) -> Result<Option<FeedFrame>, Error> {
    let (origin, limit) = (log.to_owned(), node.limits().feed_frame_entries_max);
    let (note, entries) = node
        .store()
        .read("feed_frame", move |read| {
            let origin = origin.clone();
            Box::pin(async move {
                let note = read.checkpoint_covering(&origin, cursor).await?;
                Ok::<_, Error>((note, read.log_entries(&origin, cursor, limit).await?))
            })
        })
        .await?;
    let Some(checkpoint) = note else { return Ok(None) };
    let size = Checkpoint::from_text(checkpoint.parse::<ledger::note::Note>()?.text())?.size;
    let count = usize::try_from(size.saturating_sub(cursor)).unwrap_or(usize::MAX);
    let entries: Vec<FeedEntry> =
        entries.into_iter().take(count).map(feed_entry).collect::<Result<_, _>>()?;
    if entries.len() < count {
        return Err(Error::Corrupt(format!(
            "log `{log}` has a checkpoint over {count} entries, more than a frame takes"
        )));
    }
    Ok(Some(FeedFrame { origin: log.to_owned(), first: cursor, entries, checkpoint }))
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

// ---------------------------------------------------------------------------------------------- following

/// Job: follows the upstreams and, on function nodes, every node certified here.
pub async fn follow(node: Node) {
    let taking = Arc::new(Mutex::new(()));
    let mut followed: BTreeSet<String> = BTreeSet::new();
    let mut members = node.watch_members();
    loop {
        members.mark_unchanged();
        match sources(&node).await {
            Ok(sources) => {
                for source in sources {
                    if followed.insert(source.id.to_string()) {
                        node.spawn("following", follow_source(node.clone(), source, taking.clone()));
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
async fn sources(node: &Node) -> Result<Vec<Target>, Error> {
    let upstreams = node.upstreams().into_iter().map(|peer| Target { id: peer.id, address: peer.address });
    let mut sources: Vec<Target> = upstreams.collect();
    let kinds: &[NodeKind] = match node.role() {
        Role::Global => &[NodeKind::Region, NodeKind::Industry],
        Role::Region | Role::Industry => &[NodeKind::Service],
        Role::Service | Role::Host => &[],
    };
    let Ok(own) = node.standing() else { return Ok(sources) };
    for kind in kinds {
        let certified = nodes(node, *kind).await?.into_iter();
        let ours =
            certified.filter(|body| node.role() == Role::Global || body.area == own.speaker.membership.area);
        sources.extend(ours.map(|body| Target { id: body.id, address: body.address }));
    }
    Ok(sources)
}

/// Follows one source for as long as the node runs, connecting again when the stream ends.
async fn follow_source(node: Node, source: Target, taking: Arc<Mutex<()>>) {
    let mut pause = RECONNECT.0;
    loop {
        let started = tokio::time::Instant::now();
        if let Err(error) = follow_once(&node, &source, &taking).await {
            tracing::debug!(source.id = %source.id, %error, "the feed ended; connecting again");
        }
        if started.elapsed() > RECONNECT.1 {
            pause = RECONNECT.0;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RECONNECT.1);
    }
}

async fn follow_once(node: &Node, source: &Target, taking: &Mutex<()>) -> Result<(), Error> {
    let speaker = node.speaker()?;
    let body = ndi::Message::to_body(&FeedRequest { cursors: cursors(node).await? })?;
    let sequence = node.entropy().hex128();
    let response = node.send_for_stream(&speaker, source, "/weir/v1/feed", &body, &sequence).await?;
    let mut chunks = response;
    let mut lines = Lines::default();
    let silence = Duration::from_millis(node.limits().heartbeat_ms.saturating_mul(3));
    loop {
        let next = tokio::time::timeout(silence, chunks.next()).await;
        let Ok(Some(chunk)) = next else { return Ok(()) };
        for line in lines.push(&chunk?)? {
            if let FeedLine::Frame(frame) = FeedLine::parse(&line)? {
                let _one_at_a_time = taking.lock().await;
                take(node, frame).await?;
            }
        }
    }
}

/// How much of every public log this node holds.
async fn cursors(node: &Node) -> Result<BTreeMap<String, u64>, Error> {
    let heads = node
        .store()
        .read("feed_cursors", |read| Box::pin(async move { Ok::<_, Error>(read.list_logs().await?) }))
        .await?;
    Ok(heads
        .into_iter()
        .filter(|head| head.log.ends_with("/public"))
        .map(|head| (head.log, head.size))
        .collect())
}

/// Splits a byte stream into lines.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        let mut lines = Vec::new();
        for piece in chunk.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            if self.rest.len() > LINE_BYTES_MAX {
                return Err(Error::input("feed", format!("a line of more than {LINE_BYTES_MAX} bytes")));
            }
            if self.rest.last() == Some(&b'\n') {
                lines.push(std::mem::take(&mut self.rest));
            }
        }
        Ok(lines)
    }
}

/// Takes one frame: checks it against the source's own key, stores it, and believes what its origin may say.
///
/// # Errors
/// [`Error::Ledger`] where tree or signature do not hold; [`Error::Input`] where entries are missing before it.
pub async fn take(node: &Node, frame: FeedFrame) -> Result<(), Error> {
    if node.logs().all().any(|log| log.origin() == frame.origin) {
        return Ok(());
    }
    let origin = origins(node).await?.remove(&frame.origin);
    let origin = origin.ok_or_else(|| Error::not_found("publisher of log", &frame.origin))?;
    let log = frame.origin.clone();
    let head = node
        .store()
        .read("feed_head", move |read| {
            let log = log.clone();
            Box::pin(async move { Ok::<_, Error>(read.log_head(&log).await?) })
        })
        .await?;
    let (size, frontier) = head.map(|head| (head.size, head.frontier)).unwrap_or_default();
    let Some(grown) = Grown::check(&origin, frame, size, &frontier, node.now())? else { return Ok(()) };
    let believed: Arc<Vec<PublicBody>> = Arc::new(grown.believed(&origin));
    let (grown, bodies, now) = (Arc::new(grown), believed.clone(), node.now());
    node.store()
        .run_tx("feed_take", move |tx| {
            let (grown, bodies) = (grown.clone(), bodies.clone());
            Box::pin(async move {
                tx.append_followed(&grown.growth, &grown.entries).await?;
                for body in bodies.iter() {
                    apply(tx, &grown.growth.log, body, now).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await?;
    applied(node, &believed);
    crate::catalogue::index(node, &believed).await
}

/// A frame that was checked and continues what is held.
struct Grown {
    growth: Growth,
    entries: Vec<FollowedEntry>,
    values: Vec<Value>,
}

impl Grown {
    /// `None` where the frame says nothing new.
    fn check(
        origin: &Origin,
        frame: FeedFrame,
        size: u64,
        frontier: &[u8],
        now: Timestamp,
    ) -> Result<Option<Grown>, Error> {
        let end = frame.first.saturating_add(frame.entries.len() as u64);
        if end <= size {
            return Ok(None);
        }
        if frame.first > size {
            return Err(Error::input(
                "first",
                format!("{}: this node holds {size} entries of that log", frame.first),
            ));
        }
        let mut frontier = read_frontier(size, frontier)?;
        let held = usize::try_from(size - frame.first).unwrap_or(usize::MAX);
        let mut nodes: Vec<LogNode> = Vec::new();
        let (mut entries, mut values) = (Vec::new(), Vec::new());
        for entry in frame.entries.into_iter().skip(held) {
            let (followed, value) = followed_entry(entry, now)?;
            let leaf = frontier.append(Hash::from_bytes(followed.leaf))?;
            nodes.extend(leaf.into_iter().map(log::stored_node));
            entries.push(followed);
            values.extend(value);
        }
        let checkpoint = Checkpoint::open(&frame.checkpoint, &origin.identity)?;
        if checkpoint.size != end || checkpoint.root != frontier.root() {
            return Err(Error::Evidence(format!(
                "the checkpoint of log `{}` at {} does not cover the entries that came with it",
                frame.origin, checkpoint.size
            )));
        }
        let growth = Growth {
            log: frame.origin,
            expected_size: size,
            nodes,
            frontier: log::frontier_bytes(&frontier),
            checkpoint: frame.checkpoint,
            at: now.micros(),
        };
        Ok(Some(Grown { growth, entries, values }))
    }

    /// The bodies that this origin may publish; others are passed over, with a line in the log.
    fn believed(&self, origin: &Origin) -> Vec<PublicBody> {
        let bodies = self.values.iter().filter_map(|value| match PublicBody::read(value) {
            Ok(body) => Some(body),
            Err(error) => {
                tracing::warn!(log.origin = self.growth.log, %error, "an entry is not understood and is passed over");
                None
            }
        });
        bodies
            .filter(|body| {
                let may = origin.may_publish(body);
                if !may {
                    tracing::warn!(log.origin = self.growth.log, key = ?body.key(), "its origin may not publish this entry");
                }
                may
            })
            .collect()
    }
}

fn followed_entry(entry: FeedEntry, now: Timestamp) -> Result<(FollowedEntry, Option<Value>), Error> {
    let (Some(Salt(salt)), Some(value)) = (entry.salt, entry.body) else {
        let leaf = entry.hash.ok_or_else(|| Error::input("entries", "an entry without body and hash"))?;
        let erased = FollowedEntry {
            kind: String::new(),
            subject: String::new(),
            salt: None,
            leaf: *leaf.as_bytes(),
            at: now.micros(),
            body: None,
        };
        return Ok((erased, None));
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
