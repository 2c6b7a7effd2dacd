//! A running node: its parts put together, its HTTP edge, its jobs. `weir serve` and the demo run nodes the same way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use app::config::{Limits, NodeConfig};
use app::entropy::OsEntropy;
use app::{Node, Parts};
use domain::Timestamp;
use domain::engine::{Clock, SearchEngine};
use net::ClientOptions;
use search::{Dictionary, Index};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError, StoreOptions, StoreUrl};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{LimitSettings, NodeSettings, Role, TlsSettings};
use crate::exit::Exit;
use crate::private;
use crate::problem::{Failure, Result};

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A node whose parts are put together; nothing runs yet.
pub struct Opened {
    /// The node.
    pub node: Node,
    /// Its index, to be released at the end.
    index: Option<Index>,
    /// Whether the index is to be filled from the store as a whole.
    index_is_fresh: bool,
}

/// Opens a node: store, keys, client and, on function and service nodes, the search index.
///
/// # Errors
/// [`Exit::Failure`] with what is wrong and what to do: a store of a newer version or in use, a folder that cannot be written, a token
/// or key that others can read.
pub async fn open(settings: &NodeSettings, dictionary: &Dictionary) -> Result<Opened> {
    private::check(settings)?;
    std::fs::create_dir_all(&settings.folder)
        .and_then(|()| owner_only(&settings.folder))
        .map_err(|error| Failure::unwritable(&settings.folder, error))?;
    let (index, index_is_fresh) = open_index(settings, dictionary)?;
    let engine = index.clone().map(|index| Arc::new(index) as Arc<dyn SearchEngine>);
    let parts = Parts {
        config: config_of(settings),
        store: open_store(settings).await?,
        client: client_of(settings)?,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        search: engine,
    };
    let node = Node::open(parts).await.map_err(|error| failed(settings, error))?;
    Ok(Opened { node, index, index_is_fresh })
}

impl Opened {
    /// Makes what a node has before its first start, and closes it again: keys and store (made by opening), and the root of a new network
    /// where it is a global node.
    ///
    /// # Errors
    /// [`Exit::Failure`] where subject or area of a global node are refused.
    pub async fn prepare(self, settings: &NodeSettings) -> Result<()> {
        let made = match settings.role {
            Role::Global => make_root(&self.node, settings).await,
            _ => Ok(()),
        };
        self.node.stop().await;
        release(self.index, settings);
        made
    }
}

async fn make_root(node: &Node, settings: &NodeSettings) -> Result<()> {
    let subject = settings.subject.as_deref().unwrap_or_default();
    let area = settings.area.as_deref().unwrap_or_default();
    app::identity::create_global(node, subject, area).await.map_err(|error| failed(settings, error))
}

fn release(index: Option<Index>, settings: &NodeSettings) {
    if let Some(index) = index
        && let Err(error) = index.release()
    {
        tracing::warn!(node.name = settings.name, %error, "the search index was not closed; it will be filled again");
    }
}

/// Store, keys and token are the owner's alone.
fn owner_only(folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    let _ = folder;
    Ok(())
}

/// What a use case refused at a node, with the node's name.
pub(crate) fn failed(settings: &NodeSettings, error: app::Error) -> Failure {
    Failure::of(Exit::Failure, "node-failed", error).with("node", &settings.name)
}

fn config_of(settings: &NodeSettings) -> NodeConfig {
    NodeConfig {
        role: settings.role.into(),
        name: settings.name.clone(),
        address: settings.address.clone(),
        suite: settings.suite,
        folder: settings.folder.clone(),
        limits: limits_of(&settings.limits),
    }
}

fn limits_of(settings: &LimitSettings) -> Limits {
    let mut limits = Limits::default();
    let millis = |limit: &mut i64, value: Option<u32>| *limit = value.map_or(*limit, i64::from);
    let count = |limit: &mut u32, value: Option<u32>| *limit = value.unwrap_or(*limit);
    millis(&mut limits.clock_skew_ms, settings.clock_skew_ms);
    millis(&mut limits.enrolment_ms, settings.enrolment_ms);
    millis(&mut limits.inbox_ms, settings.inbox_ms);
    millis(&mut limits.window_ms, settings.window_ms);
    count(&mut limits.window_uses_max, settings.window_uses_max);
    count(&mut limits.unsigned_windows_max, settings.unsigned_windows_max);
    millis(&mut limits.use_idle_ms, settings.use_idle_ms);
    limits.heartbeat_ms = settings.heartbeat_ms.map_or(limits.heartbeat_ms, u64::from);
    millis(&mut limits.send_age_max_ms, settings.send_age_max_ms);
    millis(&mut limits.send_backoff_max_ms, settings.send_backoff_max_ms);
    millis(&mut limits.dead_letters_ms, settings.dead_letters_ms);
    count(&mut limits.dead_letters_max, settings.dead_letters_max);
    limits.sends_in_flight_max = settings
        .sends_in_flight_max
        .and_then(|value| usize::try_from(value).ok())
        .unwrap_or(limits.sends_in_flight_max);
    count(&mut limits.sequence_batch_max, settings.sequence_batch_max);
    count(&mut limits.feed_frame_entries_max, settings.feed_frame_entries_max);
    count(&mut limits.page_max, settings.page_max);
    limits
}

async fn open_store(settings: &NodeSettings) -> Result<Store> {
    let (url, mut options) = store_of(settings)?;
    // An empty store in place of a lost one would be a node without its contracts.
    options.create = !has_joined_before(settings);
    if !options.create && is_empty_file(&url) {
        return Err(store_lost(settings));
    }
    Store::open(&url, options).await.map_err(|error| match error {
        StoreError::Missing { .. } => store_lost(settings),
        other => failed(settings, other.into()),
    })
}

/// Whether the node's folder shows that the node, or a connector on it, has joined: the pinned root, or keys of connectors and their
/// organisations. Such a node had a store.
pub(crate) fn has_joined_before(settings: &NodeSettings) -> bool {
    let of_a_member = |name: &str| name.starts_with("connector-") || name.starts_with("organisation-");
    let keys = std::fs::read_dir(settings.folder.join("keys")).into_iter().flatten().flatten();
    settings.trust_file().exists()
        || keys.into_iter().any(|entry| of_a_member(&entry.file_name().to_string_lossy()))
}

/// The refusal of a node that has joined and whose store is not there.
pub(crate) fn store_lost(settings: &NodeSettings) -> Failure {
    Failure::new(Exit::Failure, "store-lost")
        .with("node", &settings.name)
        .with("location", &settings.store.url)
        .with("folder", settings.folder.display())
}

fn is_empty_file(url: &StoreUrl) -> bool {
    let StoreUrl::Sqlite { path } = url else { return false };
    std::fs::metadata(path).is_ok_and(|file| file.len() == 0)
}

/// Where a node's store is, and how it is opened.
///
/// # Errors
/// [`Exit::Failure`] where the address or the file with the password cannot be read.
pub(crate) fn store_of(settings: &NodeSettings) -> Result<(StoreUrl, StoreOptions)> {
    let address = settings.store.connect_url(|name| std::env::var(name).ok())?;
    let url: StoreUrl =
        address.expose().parse().map_err(|error: StoreError| failed(settings, error.into()))?;
    Ok((url, StoreOptions { schema: schema_of(&settings.name), ..StoreOptions::default() }))
}

/// A node's own schema in a shared PostgreSQL database: its name, as far as a schema's name can say it.
fn schema_of(name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let digest = crypto::Sha256::of(name.as_bytes()).to_string();
    format!("weir_{}_{}", plain.chars().take(32).collect::<String>(), digest.get(..8).unwrap_or_default())
}

fn client_of(settings: &NodeSettings) -> Result<net::Client> {
    let tls = settings.tls.as_ref();
    let roots_pem = tls.and_then(|tls| tls.roots.as_deref()).map(read).transpose()?;
    let identity_pem = tls.map(identity_pem).transpose()?;
    let options = ClientOptions {
        allow_private: settings.allow_private,
        roots_pem,
        identity_pem,
        ..ClientOptions::default()
    };
    net::Client::new(options).map_err(|error| Failure::of(Exit::Failure, "tls-failed", error.into()))
}

fn identity_pem(tls: &TlsSettings) -> Result<String> {
    Ok(format!("{}\n{}", read(&tls.cert)?, read(&tls.key)?))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::file(Exit::Failure, "file-unreadable", path, error))
}

fn open_index(settings: &NodeSettings, dictionary: &Dictionary) -> Result<(Option<Index>, bool)> {
    if settings.role == Role::Connector {
        return Ok((None, false));
    }
    let opened = Index::open(&settings.folder.join("index"), dictionary)
        .map_err(|error| Failure::new(Exit::Failure, "index-failed").with("reason", &error).because(error))?;
    Ok((Some(opened.index), opened.opened_fresh))
}

/// Binds a node's HTTP edge: to its configured address, or to a socket that is bound already.
///
/// # Errors
/// [`Exit::Failure`] where the port is taken or may not be used, or token or TLS files cannot be read.
pub async fn bind(
    settings: &NodeSettings,
    listen: Option<tokio::net::TcpListener>,
    extra: Option<api::Pages>,
) -> Result<api::Server> {
    let refused = |error: api::ServeError| not_served(settings, error);
    let tls = match &settings.tls {
        Some(tls) => Some(api::Tls {
            cert_pem: read(&tls.cert)?,
            key_pem: read(&tls.key)?,
            client_roots_pem: tls.roots.as_deref().map(read).transpose()?,
        }),
        None => None,
    };
    let options = api::ServeOptions {
        listen: listen.map_or(api::Listen::Address(settings.listen), api::Listen::Bound),
        token: api::Token::new(settings.token()?.expose()).map_err(refused)?,
        tls,
        extra,
    };
    api::Server::bind(options).await.map_err(refused)
}

/// Why a node's edge is not there, in the reader's language.
fn not_served(settings: &NodeSettings, error: api::ServeError) -> Failure {
    let failure = |key| Failure::new(Exit::Failure, key).with("node", &settings.name);
    let told = match &error {
        api::ServeError::PortTaken { address } => failure("serve-port-taken").with("address", address),
        api::ServeError::PortReserved { address } => failure("serve-port-reserved").with("address", address),
        api::ServeError::Listen { address, source } => {
            failure("serve-listen").with("address", address).with("reason", source)
        }
        api::ServeError::PlainHttp { address } => failure("serve-plain").with("address", address),
        api::ServeError::Tls { part, reason } => {
            failure("serve-tls").with("part", part).with("reason", reason)
        }
        api::ServeError::WeakToken { length, least } => {
            failure("serve-weak-token").with("length", length).with("least", least)
        }
    };
    Failure { source: Some(Box::new(error)), ..told }
}

/// Why the upstream refused a node's enrolment code at its last start: the code stands in the configuration until somebody changes it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Refused {
    /// SHA-256 of the code.
    code: String,
    /// What was refused, as the management API would tell it.
    problem: serde_json::Value,
}

impl Refused {
    fn file(settings: &NodeSettings) -> PathBuf {
        settings.folder.join("join-refused.json")
    }

    fn digest(settings: &NodeSettings) -> Option<String> {
        Some(crypto::Sha256::of(settings.code.as_ref()?.expose().trim().as_bytes()).to_string())
    }

    /// Notes it. The note is a help for `weir doctor`: where it cannot be written, the refusal itself still is told.
    pub(crate) fn keep(settings: &NodeSettings, failure: &Failure) {
        let (Some(code), Some(problem)) = (Refused::digest(settings), failure.problem.as_deref()) else {
            return;
        };
        let refused = Refused { code, problem: problem.to_json() };
        let written = serde_json::to_vec(&refused)
            .map_err(std::io::Error::from)
            .and_then(|bytes| app::keys::write_private(&Refused::file(settings), &bytes));
        if let Err(error) = written {
            tracing::debug!(node.name = settings.name, %error, "the refusal was not noted");
        }
    }

    fn forget(settings: &NodeSettings) {
        // It is there only after a refusal.
        let _ = std::fs::remove_file(Refused::file(settings));
    }

    /// The refusal of the very code that is configured now, where there was one.
    pub(crate) fn read(settings: &NodeSettings) -> Option<Failure> {
        let bytes = std::fs::read(Refused::file(settings)).ok()?;
        let refused: Refused = serde_json::from_slice(&bytes).ok()?;
        let is_of_this_code = Refused::digest(settings)? == refused.code;
        let mut failure = Failure::new(Exit::Failure, "node-failed").with("node", &settings.name);
        failure.problem = Some(Box::new(serde_json::from_value(refused.problem).ok()?));
        is_of_this_code.then_some(failure)
    }
}

/// A node with its jobs and its HTTP edge.
pub struct Running {
    /// The node.
    pub node: Node,
    /// How it was configured.
    pub settings: NodeSettings,
    index: Option<Index>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// After how long a node that cannot reach its upstream tries again to join.
const JOIN_PAUSE: Duration = Duration::from_millis(500);
/// After how long it says again that it waits.
const JOIN_SAID: Duration = Duration::from_secs(15);
/// How long an upstream may take to answer before the node says that it waits.
const JOIN_SILENT: Duration = Duration::from_secs(2);

impl Running {
    /// Starts an opened node on its bound edge.
    pub fn start(opened: Opened, settings: NodeSettings, server: api::Server) -> Running {
        let Opened { node, index, index_is_fresh } = opened;
        let (stop, mut stopping) = watch::channel(false);
        node.start();
        node.spawn("reindex", app::catalogue::reindex(node.clone(), index_is_fresh));
        let served = node.clone();
        let server = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            server.run(served, stopped).await;
        });
        Running { node, settings, index, stop, server }
    }

    /// What a node of its role needs at its first start: the root makes itself, others join with the configured code, trying until
    /// their upstream answers. While it does not, `waits` is told so, at once and then now and then.
    ///
    /// # Errors
    /// [`Exit::Failure`] where the code or the subject is refused.
    pub async fn settle(&self, mut waits: impl FnMut(&Failure)) -> Result<()> {
        if self.settings.role == Role::Connector || self.node.standing().is_ok() {
            return Ok(());
        }
        if self.settings.role == Role::Global {
            return make_root(&self.node, &self.settings).await;
        }
        let Some(code) = &self.settings.code else {
            return Err(Failure::new(Exit::Failure, "code-missing").with("node", &self.settings.name));
        };
        let mut said: Option<Instant> = None;
        let mut say = |failure: Failure| {
            if said.is_none_or(|said| said.elapsed() >= JOIN_SAID) {
                waits(&failure.with("node", &self.settings.name));
                said = Some(Instant::now());
            }
        };
        loop {
            let order = app::identity::JoinOrder { code: code.expose().to_owned(), name: None };
            let mut join = std::pin::pin!(app::identity::join(&self.node, order));
            let answer = match tokio::time::timeout(JOIN_SILENT, &mut join).await {
                Ok(answer) => answer,
                Err(_) => {
                    say(Failure::new(Exit::Unreachable, "serve-waits-silent"));
                    join.await
                }
            };
            match answer {
                Ok(_) => {
                    Refused::forget(&self.settings);
                    return Ok(());
                }
                Err(error) if error.is_passing() => {
                    tracing::info!(node.name = self.settings.name, %error, "not joined yet; trying again");
                    say(Failure::of(Exit::Unreachable, "serve-waits", error));
                    tokio::time::sleep(JOIN_PAUSE).await;
                }
                Err(error) => {
                    let failure = failed(&self.settings, error);
                    Refused::keep(&self.settings, &failure);
                    return Err(failure);
                }
            }
        }
    }

    /// Stops serving, then the jobs, then closes store and index. What was acknowledged is kept.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.server.await {
            tracing::warn!(node.name = self.settings.name, %error, "the server was interrupted");
        }
        self.node.stop().await;
        release(self.index, &self.settings);
    }
}
