//! A node: one store, its keys, its logs and its address, with one role. A value; a process hosts as many as it likes.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, RwLock};

use crypto::cert::Roots;
use domain::Timestamp;
use domain::engine::{Clock, SearchEngine};
use domain::id::NodeId;
use store::Store;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::{Limits, NodeConfig, Role};
use crate::directory::{Directory, Known};
use crate::entropy::Entropy;
use crate::keys::KeyFolder;
use crate::member::{PeerNode, Speaker, Standing};
use crate::{Error, Reason};

/// What a node is made of; the binary and the tests choose each part.
pub struct Parts {
    /// Role, name, address, folder, limits.
    pub config: NodeConfig,
    /// The node's store.
    pub store: Store,
    /// The node's outbound client.
    pub client: net::Client,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The search engine; function and service nodes need one.
    pub search: Option<Arc<dyn SearchEngine>>,
}

/// A node. Clones share everything.
#[derive(Clone)]
pub struct Node {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    keys: KeyFolder,
    directory: Directory,
    members: RwLock<Members>,
    logs: crate::log::OwnLogs,
    feed: crate::feed::Feed,
    contracts: crate::contract::Desk,
    post: crate::outbox::Post,
    meters: crate::metering::Meters,
    indexing: crate::catalogue::indexing::Indexing,
    stopping: watch::Sender<bool>,
    joined: watch::Sender<u64>,
    jobs: Mutex<JoinSet<()>>,
}

/// Who this node is and whom it hosts; changes when it or a connector joins.
#[derive(Default)]
struct Members {
    standing: Option<Arc<Standing>>,
    tenants: BTreeMap<NodeId, Arc<Speaker>>,
    roots: Option<Arc<Roots>>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let config = self.config();
        f.debug_struct("Node").field("role", &config.role).field("name", &config.name).finish_non_exhaustive()
    }
}

impl Node {
    /// Opens a node: reads (and where they are missing, makes) its keys, and loads what it became by joining. Starts nothing.
    ///
    /// # Errors
    /// [`Error::Folder`] where keys cannot be read or written, [`Error::Store`], [`Error::Crypto`] where stored certificates do not fit the keys.
    pub async fn open(parts: Parts) -> Result<Node, Error> {
        // Where a key was lost, nothing is put in its place, not even its folder.
        let held = parts.store.read("logs_own", |read| Box::pin(crate::log::own_logs(read))).await?;
        crate::log::check_keys(&KeyFolder::at(&parts.config.folder), parts.config.suite, &held)?;
        let keys = KeyFolder::open(&parts.config.folder)?;
        let logs = crate::log::OwnLogs::open(&keys, &parts.store, &parts.config).await?;
        let inner = Inner {
            keys,
            logs,
            feed: crate::feed::Feed::default(),
            contracts: crate::contract::Desk::default(),
            post: crate::outbox::Post::default(),
            meters: crate::metering::Meters::default(),
            indexing: crate::catalogue::indexing::Indexing::default(),
            directory: Directory::default(),
            members: RwLock::default(),
            stopping: watch::Sender::new(false),
            joined: watch::Sender::new(0),
            jobs: Mutex::default(),
            parts,
        };
        let node = Node { inner: Arc::new(inner) };
        crate::identity::load(&node).await?;
        Ok(node)
    }

    /// Starts the background jobs. To be called once, within a Tokio runtime.
    pub fn start(&self) {
        self.spawn("sequencer", crate::log::sequence(self.clone()));
        self.spawn("feed", crate::feed::follow(self.clone()));
        self.spawn("passed over", crate::feed::passed::look_again(self.clone()));
        self.spawn("outbox", crate::outbox::deliver(self.clone()));
        self.spawn("dead letters", crate::outbox::forget_dead(self.clone()));
        self.spawn("windows", crate::metering::close_windows(self.clone()));
        self.spawn("uses under way", crate::metering::keep_progress(self.clone()));
        self.spawn("idle uses", crate::metering::sweep_idle_uses(self.clone()));
        self.spawn("contracts", crate::contract::expire(self.clone()));
        self.spawn("search index", crate::catalogue::indexing::keep(self.clone()));
        self.spawn("inbox", crate::message::forget_old_answers(self.clone()));
    }

    /// Tells every job to stop, waits for them, and closes the store. What is acknowledged is already durable.
    pub async fn stop(&self) {
        self.inner.stopping.send_replace(true);
        let mut jobs = match self.inner.jobs.lock() {
            Ok(mut jobs) => std::mem::take(&mut *jobs),
            Err(_) => JoinSet::new(),
        };
        while jobs.join_next().await.is_some() {}
        crate::catalogue::indexing::settle(self).await;
        self.inner.parts.store.close().await;
    }

    /// Runs a job until it ends or the node stops; `name` names it in the log.
    pub fn spawn(&self, name: &'static str, job: impl Future<Output = ()> + Send + 'static) {
        let mut stopping = self.stopping();
        let guarded = async move {
            tokio::select! {
                () = job => tracing::debug!(job.name = name, "job ended"),
                _ = stopping.wait_for(|stop| *stop) => {}
            }
        };
        if let Ok(mut jobs) = self.inner.jobs.lock() {
            while jobs.try_join_next().is_some() {}
            jobs.spawn(guarded);
        }
    }

    /// Role, name, address, folder and limits.
    pub fn config(&self) -> &NodeConfig {
        &self.inner.parts.config
    }

    /// The node's limits.
    pub fn limits(&self) -> &Limits {
        &self.config().limits
    }

    /// What the node is for.
    pub fn role(&self) -> Role {
        self.config().role
    }

    /// The node's store.
    pub fn store(&self) -> &Store {
        &self.inner.parts.store
    }

    /// The outbound client.
    pub fn client(&self) -> &net::Client {
        &self.inner.parts.client
    }

    /// The clock's time.
    pub fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    /// Randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        self.inner.parts.entropy.as_ref()
    }

    /// The search engine, on nodes that have one.
    pub fn search(&self) -> Option<&Arc<dyn SearchEngine>> {
        self.inner.parts.search.as_ref()
    }

    /// The key folder.
    pub fn keys(&self) -> &KeyFolder {
        &self.inner.keys
    }

    /// The logs that this node writes.
    pub fn logs(&self) -> &crate::log::OwnLogs {
        &self.inner.logs
    }

    /// What following others' logs keeps in memory.
    pub fn feed(&self) -> &crate::feed::Feed {
        &self.inner.feed
    }

    /// The contracts in memory, and who waits for them.
    pub fn contracts(&self) -> &crate::contract::Desk {
        &self.inner.contracts
    }

    /// Where committed steps leave messages that are to leave at once.
    pub fn post(&self) -> &crate::outbox::Post {
        &self.inner.post
    }

    /// What delivery and metering keep in memory.
    pub fn meters(&self) -> &crate::metering::Meters {
        &self.inner.meters
    }

    /// What waits for the search index.
    pub fn indexing(&self) -> &crate::catalogue::indexing::Indexing {
        &self.inner.indexing
    }

    /// The cache of everyone known.
    pub fn directory(&self) -> &Directory {
        &self.inner.directory
    }

    /// Turns true when the node is to stop.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.inner.stopping.subscribe()
    }

    /// Changes whenever the node or one of its connectors joined.
    pub fn watch_members(&self) -> watch::Receiver<u64> {
        self.inner.joined.subscribe()
    }

    /// Tells the jobs that depend on who is known that somebody joined.
    pub(crate) fn notify_members(&self) {
        self.inner.feed.forget_origins();
        self.inner.joined.send_modify(|count| *count += 1);
    }

    /// The pinned roots.
    ///
    /// # Errors
    /// [`Error::NotJoined`] before the first joining.
    pub fn roots(&self) -> Result<Arc<Roots>, Error> {
        let roots = self.members(|members| members.roots.clone());
        roots.ok_or_else(|| {
            Error::NotJoined(Reason::new(
                "trusts-nobody",
                "it trusts nobody so far; join with an enrolment code",
            ))
        })
    }

    /// The node's own standing; connector hosts have none.
    ///
    /// # Errors
    /// [`Error::NotJoined`] before joining, and on connector hosts.
    pub fn standing(&self) -> Result<Arc<Standing>, Error> {
        let standing = self.members(|members| members.standing.clone());
        standing.ok_or_else(|| {
            Error::NotJoined(Reason::new("not-joined", "give its enrolment code to `weir init --code`"))
        })
    }

    /// The connectors that this node hosts, by identifier.
    pub fn tenants(&self) -> Vec<Arc<Speaker>> {
        self.members(|members| members.tenants.values().cloned().collect())
    }

    /// The connector of that identifier.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is not hosted here.
    pub fn tenant(&self, id: &str) -> Result<Arc<Speaker>, Error> {
        let found = self
            .members(|members| members.tenants.values().find(|tenant| tenant.id().as_str() == id).cloned());
        found.ok_or_else(|| Error::not_found("connector", id))
    }

    /// The connector that acts for a caller: the one named, or the only one there is.
    ///
    /// # Errors
    /// [`Error::Input`] where several are hosted and none is named, [`Error::NotFound`], [`Error::NotJoined`] where there is none yet,
    /// [`Error::Forbidden`] on a function or service node, which hosts none.
    pub fn acting(&self, named: Option<&str>) -> Result<Arc<Speaker>, Error> {
        if let Some(id) = named {
            return self.tenant(id);
        }
        let tenants = self.tenants();
        match tenants.as_slice() {
            [only] => Ok(only.clone()),
            [] if self.standing().is_ok() => Err(Error::Forbidden(Reason::new(
                "hosts-no-connectors",
                "this node hosts no connectors: resources, products and contracts live on connector hosts, so ask one of them",
            ))),
            [] => Err(Error::NotJoined(Reason::new(
                "no-connector",
                "no connector has joined here; use `weir connector join`",
            ))),
            several => {
                let words = format!("{} connectors are hosted here: name the one that acts", several.len());
                Err(Error::input("as", Reason::new("several-connectors", words).with("count", several.len())))
            }
        }
    }

    /// Who signs what the node sends on its own behalf: the node, or on a connector host the first connector.
    ///
    /// # Errors
    /// [`Error::NotJoined`] where there is neither.
    pub fn speaker(&self) -> Result<Arc<Speaker>, Error> {
        if let Ok(standing) = self.standing() {
            return Ok(standing.speaker.clone());
        }
        let first = self.tenants().into_iter().next();
        first.ok_or_else(|| {
            Error::NotJoined(Reason::new("no-identity", "neither the node nor a connector has an identity"))
        })
    }

    /// Whom an identifier of ours belongs to: the node itself or a connector hosted here.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is nobody here.
    pub fn hosted(&self, id: &NodeId) -> Result<Arc<Speaker>, Error> {
        match self.standing() {
            Ok(standing) if standing.speaker.id() == id => Ok(standing.speaker.clone()),
            _ => self.tenant(id.as_str()),
        }
    }

    /// The function nodes joined, each once: the node's own upstream, or those of its connectors.
    pub fn upstreams(&self) -> Vec<PeerNode> {
        let own = self.standing().ok().and_then(|standing| standing.speaker.membership.upstream.clone());
        let theirs = self.tenants().into_iter().filter_map(|tenant| tenant.membership.upstream.clone());
        let mut all: Vec<PeerNode> = own.into_iter().chain(theirs).collect();
        all.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        all.dedup_by(|a, b| a.id == b.id);
        all
    }

    /// The directory entry of an identifier, verified.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Crypto`], [`Error::NotJoined`].
    pub async fn known(&self, id: &str) -> Result<Arc<Known>, Error> {
        self.directory().find(self.store(), self.roots()?.as_ref(), self.now(), id).await
    }

    /// Takes over the node's own standing after it joined.
    pub(crate) fn set_standing(&self, standing: Standing, roots: Roots) {
        self.change_members(|members| {
            members.standing = Some(Arc::new(standing));
            members.roots = Some(Arc::new(roots));
        });
    }

    /// Takes over a connector after it joined.
    pub(crate) fn add_tenant(&self, tenant: Speaker, roots: Roots) {
        self.change_members(|members| {
            members.tenants.insert(tenant.id().clone(), Arc::new(tenant));
            members.roots = Some(Arc::new(roots));
        });
    }

    fn members<T>(&self, read: impl FnOnce(&Members) -> T) -> T {
        let members = self.inner.members.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        read(&members)
    }

    fn change_members(&self, change: impl FnOnce(&mut Members)) {
        change(&mut self.inner.members.write().unwrap_or_else(std::sync::PoisonError::into_inner));
        self.notify_members();
    }
}
