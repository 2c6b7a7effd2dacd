//! The two logs of a node (ARCHITECTURE.md, logs and feed): the public log of what it publishes, and the evidence log of what its members do.
//!
//! Steps add unnumbered rows in their own transaction ([`publish`], [`record`]); one job ([`sequence`]) numbers them into the
//! tree and signs a checkpoint. So steps never collide on a log's head, and a crash between the two loses nothing: the rows wait.
//!
//! A log's name (C2SP origin) is `weir/<log id>/public` or `…/evidence`, where the log id is the first 16 bytes of the SHA-256 of
//! its Ed25519 key in hexadecimal; who answers for the log is said by its node's directory entry, or by the signed window that names it.

use std::time::Duration;

use crypto::{LogKey, Sha256, Suite};
use domain::{Evidence, Timestamp};
use ledger::checkpoint::{Checkpoint, LogIdentity};
use ledger::leaf::{Entry, Salt};
use ledger::note::{NoteSigner, NoteVerifier};
use ledger::tree::{Frontier, Hash, Node as TreeNode};
use ndi::Code as _;
use ndi::weir_v1::public_log::PublicBody;
use serde_json::{Value, json};
use store::{Body, EvidenceRow, Growth, LogNode, NewEvidence, Read, Store, Tx};

use crate::config::NodeConfig;
use crate::keys::KeyFolder;
use crate::{Error, Node, Reason};

/// A log that this node writes: its name and the keys that sign its checkpoints.
#[derive(Debug)]
pub struct OwnLog {
    identity: LogIdentity,
    ed25519: NoteSigner,
    sm2: Option<NoteSigner>,
}

impl OwnLog {
    fn open(keys: &KeyFolder, name: &str, suite: Suite) -> Result<OwnLog, Error> {
        let (file, sm2_file) = key_files(name);
        let key = keys.log(&file)?;
        let origin = origin(&key, name);
        let vkey = NoteVerifier::ed25519(&origin, key.public())?;
        let sm2_key = match suite {
            Suite::Sm => Some(keys.signing(&sm2_file, Suite::Sm)?),
            Suite::Intl => None,
        };
        let sm2_verifier =
            sm2_key.as_ref().map(|key| NoteVerifier::sm2(&origin, key.public_key().clone())).transpose()?;
        Ok(OwnLog {
            identity: LogIdentity::new(vkey, sm2_verifier)?,
            ed25519: NoteSigner::ed25519(&origin, key)?,
            sm2: sm2_key.map(|key| NoteSigner::sm2(&origin, key)).transpose()?,
        })
    }

    /// The log's name, the first line of its checkpoints.
    pub fn origin(&self) -> &str {
        self.identity.origin()
    }

    /// The keys by which others check its checkpoints.
    pub fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    fn sign(&self, size: u64, root: Hash) -> Result<String, Error> {
        let signers: Vec<&NoteSigner> = std::iter::once(&self.ed25519).chain(&self.sm2).collect();
        Ok(Checkpoint { origin: self.origin().to_owned(), size, root }.sign(&signers)?)
    }
}

/// The names of a log's keys: Ed25519, and SM2 where the suite has it.
fn key_files(name: &str) -> (String, String) {
    (format!("log-{name}"), format!("log-{name}-sm2"))
}

/// Whether the keys of the logs `held` by the store are still there: with another key each would be another log, and nobody would follow
/// it. Nothing is made.
///
/// # Errors
/// [`Error::Keys`] with the first key that is missing or another, [`Error::Folder`], [`Error::Crypto`].
pub(crate) fn check_keys(keys: &KeyFolder, suite: Suite, held: &[String]) -> Result<(), Error> {
    for log in held {
        let name = log.rsplit('/').next().unwrap_or_default();
        let (file, sm2_file) = key_files(name);
        if !keys.has(&file) || origin(&keys.log(&file)?, name) != *log {
            return Err(lost_key(log, &file));
        }
        if suite == Suite::Sm && !keys.has(&sm2_file) {
            return Err(lost_key(log, &sm2_file));
        }
    }
    Ok(())
}

fn lost_key(log: &str, key: &str) -> Error {
    let words = format!("the key `{key}` of log `{log}` is missing or another: restore the key folder");
    Error::Keys(Reason::new("log-key-lost", words).with("key", key))
}

fn origin(key: &LogKey, name: &str) -> String {
    log_name(Sha256::of(&key.public().to_bytes()), name)
}

pub(crate) fn log_name(key: Sha256, name: &str) -> String {
    let digest = key.to_string();
    format!("weir/{}/{name}", digest.get(..32).unwrap_or(&digest))
}

/// The logs that a node writes.
#[derive(Debug)]
pub struct OwnLogs {
    public: Option<OwnLog>,
    evidence: OwnLog,
}

impl OwnLogs {
    /// Opens a node's logs, making keys and empty logs where they are missing: those that the store has were checked ([`check_keys`]).
    /// A connector host has no public log.
    ///
    /// # Errors
    /// [`Error::Folder`], [`Error::Crypto`], [`Error::Store`].
    pub async fn open(keys: &KeyFolder, store: &Store, config: &NodeConfig) -> Result<OwnLogs, Error> {
        let open = |name: &str| OwnLog::open(keys, name, config.suite);
        let public = config.role.publishes().then(|| open("public")).transpose()?;
        let logs = OwnLogs { public, evidence: open("evidence")? };
        for origin in logs.all().map(|log| log.origin().to_owned()) {
            store
                .run_tx("log_create", move |tx| {
                    let origin = origin.clone();
                    Box::pin(async move { Ok::<_, Error>(tx.create_log(&origin, 0).await?) })
                })
                .await?;
        }
        Ok(logs)
    }

    /// The public log, on nodes that have one.
    pub fn public(&self) -> Option<&OwnLog> {
        self.public.as_ref()
    }

    /// The evidence log.
    pub fn evidence(&self) -> &OwnLog {
        &self.evidence
    }

    /// Both.
    pub fn all(&self) -> impl Iterator<Item = &OwnLog> {
        self.public.iter().chain(std::iter::once(&self.evidence))
    }
}

/// The logs that the store has as its own.
/// The names of the logs of its own that a store has.
pub(crate) async fn own_logs(read: &mut Read) -> Result<Vec<String>, Error> {
    let heads = read.list_logs().await?;
    Ok(heads.into_iter().filter(|head| head.own).map(|head| head.log).collect())
}

/// Whether a public log has the name that its Ed25519 key gives it. So nobody can claim the name of another's log.
pub fn is_named_by_its_key(identity: &LogIdentity) -> bool {
    use base64::Engine as _;
    let vkey = identity.vkey().to_string();
    let key = vkey.splitn(3, '+').nth(2).unwrap_or_default();
    // The first byte says what the key is for.
    let key = base64::engine::general_purpose::STANDARD.decode(key).unwrap_or_default();
    let digest = Sha256::of(key.get(1..).unwrap_or_default());
    identity.origin() == log_name(digest, "public")
}

/// What goes into a log with a step: prepared outside the transaction (the salt is random), committed with it.
#[derive(Debug, Clone)]
pub struct Entries(Vec<NewEvidence>);

impl Entries {
    /// No entry yet.
    pub fn new() -> Entries {
        Entries(Vec::new())
    }

    /// Adds the evidence of a step to a node's evidence log; `tenant` is the connector it belongs to, empty for the node itself.
    #[must_use]
    pub fn record(mut self, node: &Node, tenant: &str, evidence: &[Evidence], at: Timestamp) -> Entries {
        self.0.extend(evidence.iter().map(|one| NewEvidence {
            log: node.logs().evidence().origin().to_owned(),
            tenant: tenant.to_owned(),
            kind: one.kind.code().to_owned(),
            subject: one.subject.clone(),
            contract: one.contract.as_ref().map(ToString::to_string),
            salt: node.entropy().bytes32(),
            at: at.micros(),
            body: json!({"kind": one.kind.code(), "subject": one.subject, "at": at.millis(), "body": one.body}).to_string(),
        }));
        self
    }

    /// Adds a body to a node's public log.
    ///
    /// # Errors
    /// [`Error::NotFound`] on a connector host, which has none; [`Error::Message`] where the body is outside its limits.
    pub fn publish(mut self, node: &Node, body: &PublicBody) -> Result<Entries, Error> {
        let log =
            node.logs().public().ok_or_else(|| Error::not_found("public log of", &node.config().name))?;
        let (kind, subject) = body.key();
        self.0.push(NewEvidence {
            log: log.origin().to_owned(),
            tenant: String::new(),
            kind: kind.code().to_owned(),
            subject,
            contract: None,
            salt: node.entropy().bytes32(),
            at: i64::try_from(body.at()).unwrap_or(i64::MAX).saturating_mul(1000),
            body: body.to_body()?.to_string(),
        });
        Ok(self)
    }

    /// Writes them, within the transaction of the step that they belong to.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        Ok(tx.add_evidence(&self.0).await?)
    }
}

impl Default for Entries {
    fn default() -> Entries {
        Entries::new()
    }
}

/// A public body as directory and catalogue rows keep it.
///
/// # Errors
/// [`Error::Store`] where the row is of a newer version, [`Error::Corrupt`] where it is no public body: what a row lacks is no fault of
/// the message that has it read.
pub fn public_body(stored: &Body) -> Result<PublicBody, Error> {
    let value: Value = stored.get_versioned(PUBLIC_BODY_VERSION, |_, _| None)?;
    PublicBody::read(&value).map_err(|error| Error::Corrupt(format!("stored public body: {error}")))
}

/// The row form of a public body.
///
/// # Errors
/// [`Error::Message`] where the body is outside its limits.
pub fn stored_body(body: &PublicBody) -> Result<Body, Error> {
    Ok(Body::versioned(PUBLIC_BODY_VERSION, &body.to_body()?)?)
}

/// Version of public bodies in rows.
const PUBLIC_BODY_VERSION: u32 = 1;

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
fn within(rows: Vec<EvidenceRow>, bytes: usize) -> impl Iterator<Item = EvidenceRow> {
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

/// Why an entry of ours is in a log: its place, its path to the root of a checkpoint, and that checkpoint.
#[derive(Debug, Clone)]
pub struct Inclusion {
    /// The entry with its salt.
    pub entry: Entry,
    /// Its position.
    pub index: u64,
    /// The path.
    pub proof: Vec<Hash>,
    /// The newest checkpoint.
    pub checkpoint: String,
}

/// Proves the entry of a kind about a subject in this node's evidence log; `None` while it waits for its number.
///
/// # Errors
/// [`Error::Store`]; [`Error::Corrupt`] where the log lacks what it should have.
pub async fn inclusion(node: &Node, kind: &str, subject: &str) -> Result<Option<Inclusion>, Error> {
    let (origin, kind, subject) =
        (node.logs().evidence().origin().to_owned(), kind.to_owned(), subject.to_owned());
    node.store()
        .read("log_inclusion", move |read| {
            let (origin, kind, subject) = (origin.clone(), kind.clone(), subject.clone());
            Box::pin(async move { prove(read, &origin, &kind, &subject).await })
        })
        .await
}

async fn prove(
    read: &mut store::Read,
    origin: &str,
    kind: &str,
    subject: &str,
) -> Result<Option<Inclusion>, Error> {
    let Some(found) = read.find_entries(origin, kind, subject, 1).await?.pop() else { return Ok(None) };
    let head = read.log_head(origin).await?.ok_or_else(|| Error::not_found("log", origin))?;
    let needed = ledger::tree::inclusion_nodes(found.position, head.size)?;
    let wanted: Vec<(u8, u64)> = needed.iter().map(|id| (id.level, id.index)).collect();
    let nodes = read.log_nodes(origin, &wanted).await?;
    let lookup = |level: u8, index: u64| {
        nodes
            .iter()
            .find(|node| node.level == level && node.index == index)
            .map(|node| Hash::from_bytes(node.hash))
    };
    let proof = ledger::tree::inclusion_proof(found.position, head.size, lookup)?;
    let lacking =
        || Error::Corrupt(format!("entry {} of log `{origin}` is erased or unsigned", found.position));
    let (Some(salt), Some(body), Some(checkpoint)) = (found.salt, found.body.as_deref(), head.checkpoint)
    else {
        return Err(lacking());
    };
    let body = serde_json::from_str(body).map_err(|_| lacking())?;
    let entry = Entry::new(Salt::from_bytes(salt), body);
    Ok(Some(Inclusion { entry, index: found.position, proof, checkpoint }))
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
