//! Nodes with stores on disk, each behind a fault proxy, joined to one network over real HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::config::{Limits, NodeConfig, Role};
use app::entropy::OsEntropy;
use app::identity::{self, JoinOrder, NewOrganisation};
use app::{Node, Parts};
use crypto::Suite;
use domain::Timestamp;
use domain::engine::{Clock, ManualClock, SearchEngine};
use net::{Client, ClientOptions};
use search::{Dictionary, Index};
use store::{Store, StoreOptions, StoreUrl};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::manage::Manage;
use crate::needs::needed;
use crate::proxy::Proxy;
use crate::wait::wait_until;

/// The token of every node's management API.
pub const TOKEN: &str = "integration-test-token-0123456789";
/// What a manual clock shows at first.
pub const BEGINNING: &str = "2026-03-01T12:00:00Z";

/// One node of the plan: name, role, area, suite, number of its organisation.
#[derive(Debug, Clone)]
struct Plan {
    name: &'static str,
    role: Role,
    area: &'static str,
    suite: Suite,
    /// The node that it joins.
    upstream: &'static str,
}

const GLOBAL: Plan =
    Plan { name: "global", role: Role::Global, area: "1100", suite: Suite::Sm, upstream: "" };
const REGION_1100: Plan =
    Plan { name: "region-1100", role: Role::Region, area: "1100", suite: Suite::Sm, upstream: "global" };
const REGION_3100: Plan =
    Plan { name: "region-3100", role: Role::Region, area: "3100", suite: Suite::Intl, upstream: "global" };
const INDUSTRY: Plan =
    Plan { name: "industry-0077", role: Role::Industry, area: "0077", suite: Suite::Sm, upstream: "global" };
const SPACE: Plan =
    Plan { name: "space-1100", role: Role::Service, area: "1100", suite: Suite::Sm, upstream: "region-1100" };
const PROVIDERS: Plan =
    Plan { name: "providers", role: Role::Host, area: "1100", suite: Suite::Sm, upstream: "region-1100" };
const USERS: Plan =
    Plan { name: "users", role: Role::Host, area: "3100", suite: Suite::Intl, upstream: "region-3100" };

/// What a network is made of.
pub struct Builder {
    plans: Vec<Plan>,
    tenants: Vec<(&'static str, &'static str)>,
    clock: Option<Arc<ManualClock>>,
    limits: Limits,
    on_postgres: Option<String>,
}

impl Builder {
    /// Adds an industry node.
    #[must_use]
    pub fn with_industry(mut self) -> Builder {
        self.plans.push(INDUSTRY);
        self
    }

    /// Adds a connector to a host (`providers` or `users`).
    #[must_use]
    pub fn with_tenant(mut self, host: &'static str, name: &'static str) -> Builder {
        self.tenants.push((host, name));
        self
    }

    /// All nodes show the time of one clock that the test moves.
    #[must_use]
    pub fn with_manual_clock(mut self) -> Builder {
        self.clock = Some(Arc::new(ManualClock::new(Timestamp::parse(BEGINNING).unwrap())));
        self
    }

    /// Other limits.
    #[must_use]
    pub fn with_limits(mut self, change: impl FnOnce(&mut Limits)) -> Builder {
        change(&mut self.limits);
        self
    }

    /// Stores on this PostgreSQL server, one schema each.
    #[must_use]
    pub fn on_postgres(mut self, url: String) -> Builder {
        self.on_postgres = Some(url);
        self
    }

    /// Starts all nodes, lets them join, and waits until everybody knows everybody.
    pub async fn start(self) -> Network {
        let folder = tempfile::tempdir().unwrap();
        let mut network = Network {
            sites: BTreeMap::new(),
            members: BTreeMap::new(),
            clock: self.clock,
            dictionary: Dictionary::new(),
            folder,
            organisations: 0,
        };
        let run = format!("it_{:016x}", rand::random::<u64>());
        for plan in self.plans {
            let site = Site {
                folder: network.folder.path().join(plan.name),
                proxy: Proxy::start().await,
                limits: self.limits.clone(),
                store: self.on_postgres.as_deref().map(|url| (url.to_owned(), schema(&run, plan.name))),
                live: None,
                skew: Arc::default(),
                plan: plan.clone(),
            };
            network.sites.insert(plan.name, site);
            network.start(plan.name).await;
            network.join(&plan).await;
        }
        for (host, name) in self.tenants {
            network.add_tenant(host, name).await;
        }
        network.settle().await;
        network
    }
}

fn schema(run: &str, name: &str) -> String {
    format!("{run}_{}", name.replace('-', "_"))
}

/// One node: its place on disk, its proxy, and the running node when it runs.
pub struct Site {
    plan: Plan,
    folder: PathBuf,
    limits: Limits,
    store: Option<(String, String)>,
    live: Option<Live>,
    skew: Arc<ManualClock>,
    /// Where others reach it.
    pub proxy: Proxy,
}

struct Live {
    node: Node,
    local: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
}

/// The network's time and how far this node's clock stands from it.
#[derive(Debug)]
struct SkewedClock {
    base: Option<Arc<ManualClock>>,
    skew: Arc<ManualClock>,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        let base = match &self.base {
            Some(clock) => clock.now(),
            None => system_now(),
        };
        Timestamp::from_micros(base.micros() + self.skew.now().micros())
    }
}

/// The machine's time.
pub fn system_now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

impl Site {
    /// The running node.
    ///
    /// # Panics
    /// While it is stopped.
    #[track_caller]
    pub fn node(&self) -> &Node {
        &self.live.as_ref().unwrap().node
    }

    /// Its own address, past the proxy.
    ///
    /// # Panics
    /// While it is stopped.
    #[track_caller]
    pub fn local(&self) -> &str {
        &self.live.as_ref().unwrap().local
    }

    /// Moves this node's clock away from the network's by so many seconds.
    pub fn skew_clock(&self, secs: i64) {
        self.skew.advance_secs(secs);
    }

    /// A client of its management API.
    #[track_caller]
    pub fn manage(&self) -> Manage {
        Manage::new(self.local(), TOKEN, None)
    }

    /// The folder of the node.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    async fn store(&self) -> Store {
        let (url, schema) = match &self.store {
            Some((url, schema)) => (url.parse().unwrap(), schema.clone()),
            None => (StoreUrl::sqlite(self.folder.join("weir.db")), "weir".to_owned()),
        };
        let options = StoreOptions { schema, connections: 4, ..StoreOptions::default() };
        Store::open(&url, options).await.unwrap()
    }
}

/// A running network.
pub struct Network {
    sites: BTreeMap<&'static str, Site>,
    members: BTreeMap<String, (&'static str, String)>,
    clock: Option<Arc<ManualClock>>,
    dictionary: Dictionary,
    folder: TempDir,
    organisations: u32,
}

impl Network {
    /// Global node, regions 1100 (sm) and 3100 (intl), a service node in 1100, a provider's host in 1100 with connector `provider`, a
    /// user's host in 3100 with connector `user`.
    pub fn builder() -> Builder {
        let plans = vec![GLOBAL, REGION_1100, REGION_3100, SPACE, PROVIDERS, USERS];
        let tenants = vec![("providers", "provider"), ("users", "user")];
        Builder { plans, tenants, clock: None, limits: quick_limits(), on_postgres: None }
    }

    /// Global node and region 1100 with a host, whose one connector is `provider`: enough for messages and feeds.
    pub fn small() -> Builder {
        let plans = vec![GLOBAL, REGION_1100, PROVIDERS];
        Builder {
            plans,
            tenants: vec![("providers", "provider")],
            clock: None,
            limits: quick_limits(),
            on_postgres: None,
        }
    }

    /// A node by its name.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn site(&self, name: &str) -> &Site {
        self.sites.get(name).unwrap_or_else(|| panic!("no node `{name}`"))
    }

    /// A running node by its name.
    #[track_caller]
    pub fn node(&self, name: &str) -> &Node {
        self.site(name).node()
    }

    /// The management client of a connector, by the name it joined under.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn member(&self, name: &str) -> Manage {
        let (host, id) = self.members.get(name).unwrap_or_else(|| panic!("no connector `{name}`"));
        self.site(host).manage().acting_as(id)
    }

    /// The subject code of a connector's organisation.
    #[track_caller]
    pub fn subject_of(&self, name: &str) -> String {
        let (host, id) = &self.members[name];
        self.node(host).tenant(id).unwrap().subject().to_string()
    }

    /// A folder for files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Moves the manual clock.
    ///
    /// # Panics
    /// On a network with the system's clock.
    #[track_caller]
    pub fn advance_secs(&self, secs: i64) {
        self.clock.as_ref().unwrap().advance_secs(secs);
    }

    /// The network's time.
    pub fn now(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(system_now, |clock| clock.now())
    }

    /// Starts a node on what its folder holds.
    ///
    /// # Panics
    /// Where it cannot start.
    pub async fn start(&mut self, name: &str) {
        let clock = SkewedClock { base: self.clock.clone(), skew: self.site(name).skew.clone() };
        let site = self.site(name);
        std::fs::create_dir_all(&site.folder).unwrap();
        let search: Option<Arc<dyn SearchEngine>> = match site.plan.role {
            Role::Host => None,
            _ => Some(Arc::new(Index::in_memory(&self.dictionary).unwrap())),
        };
        let parts = Parts {
            config: NodeConfig {
                role: site.plan.role,
                name: name.to_owned(),
                address: site.proxy.url(),
                suite: site.plan.suite,
                folder: site.folder.clone(),
                limits: site.limits.clone(),
            },
            store: site.store().await,
            client: Client::new(ClientOptions { allow_private: true, ..ClientOptions::default() }).unwrap(),
            clock: Arc::new(clock),
            entropy: Arc::new(OsEntropy),
            search,
        };
        let live = Live::start(Node::open(parts).await.unwrap()).await;
        site.proxy.lead_to(live.1);
        let site = self.sites.get_mut(name).unwrap();
        site.live = Some(live.0);
    }

    /// Stops a node as an operator would; its proxy leads nowhere.
    pub async fn stop(&mut self, name: &str) {
        let site = self.sites.get_mut(name).unwrap();
        site.proxy.away();
        if let Some(live) = site.live.take() {
            live.stop().await;
        }
    }

    /// Stops every node, and leaves nothing behind on a shared database.
    pub async fn end(mut self) {
        let names: Vec<&'static str> = self.sites.keys().copied().collect();
        for site in self.sites.values() {
            site.proxy.away();
        }
        for name in names {
            self.stop(name).await;
        }
        for (url, schema) in self.sites.values().filter_map(|site| site.store.as_ref()) {
            drop_schema(url, schema).await;
        }
    }

    /// Lets others reach a node again after its proxy was away.
    #[track_caller]
    pub fn reach(&self, name: &str) {
        let site = self.site(name);
        site.proxy.lead_to(site.local().trim_start_matches("http://").parse().unwrap());
    }

    /// Starts one more connector host in the area of a region that stands in [`Network::builder`].
    ///
    /// # Panics
    /// Where it cannot start.
    pub async fn add_host(&mut self, name: &'static str, region: &'static str) {
        let like = self.site(region);
        let plan =
            Plan { name, role: Role::Host, area: like.plan.area, suite: like.plan.suite, upstream: region };
        let site = Site {
            folder: self.folder.path().join(name),
            limits: like.limits.clone(),
            store: like.store.clone().map(|(url, schema)| (url, format!("{schema}_{name}"))),
            proxy: Proxy::start().await,
            live: None,
            skew: Arc::default(),
            plan,
        };
        self.sites.insert(name, site);
        self.start(name).await;
    }

    fn new_subject(&mut self) -> String {
        self.organisations += 1;
        credit_code(self.organisations)
    }

    async fn join(&mut self, plan: &Plan) {
        let subject = self.new_subject();
        match plan.role {
            Role::Host => {}
            Role::Global => identity::create_global(self.node(plan.name), &subject, plan.area).await.unwrap(),
            role => {
                let new = NewOrganisation {
                    subject,
                    name: plan.name.to_owned(),
                    runs: role.as_str().to_owned(),
                    area: Some(plan.area.to_owned()),
                };
                let code = identity::register_organisation(self.node(plan.upstream), new).await.unwrap().code;
                identity::join(self.node(plan.name), JoinOrder { code, name: None }).await.unwrap();
            }
        }
    }

    /// Registers an organisation at the host's region, and joins with its code. Answers the connector's identifier.
    pub async fn add_tenant(&mut self, host: &'static str, name: &str) -> String {
        let region = self.site(host).plan.upstream;
        self.add_tenant_of(host, region, name).await
    }

    /// The same at a region that is not the host's own.
    ///
    /// # Panics
    /// Where region or host refuse.
    pub async fn add_tenant_of(&mut self, host: &'static str, region: &str, name: &str) -> String {
        let subject = self.new_subject();
        let body = serde_json::json!({"subject": subject, "name": name, "runs": "connector"});
        let enrolment = self.site(region).manage().post("/organisations", body).await.ok();
        let order = serde_json::json!({"code": enrolment["code"], "name": name});
        let joined = self.site(host).manage().post("/connectors", order).await.ok();
        let id = joined["connector"].as_str().unwrap().to_owned();
        self.members.insert(name.to_owned(), (host, id.clone()));
        id
    }

    /// Waits until every running node knows every node and connector.
    pub async fn settle(&self) {
        let mut ids: Vec<String> = self.members.values().map(|(_, id)| id.clone()).collect();
        let standing = self.sites.values().filter_map(|site| site.live.as_ref()?.node.standing().ok());
        ids.extend(standing.map(|standing| standing.speaker.id().to_string()));
        for (name, site) in &self.sites {
            let Some(live) = &site.live else { continue };
            if live.node.speaker().is_err() {
                continue;
            }
            for id in &ids {
                let what = format!("{name} to know {id}");
                wait_until(&what, async || live.node.known(id).await.ok()).await;
            }
        }
    }
}

impl Live {
    async fn start(node: Node) -> (Live, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = api::ServeOptions {
            listen: api::Listen::Bound(listener),
            token: api::Token::new(TOKEN).unwrap(),
            tls: None,
            extra: None,
        };
        let server = api::Server::bind(options).await.unwrap();
        node.start();
        let (stop, mut stopping) = watch::channel(false);
        let served = node.clone();
        let server = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopping.wait_for(|stop| *stop).await;
            };
            server.run(served, stopped).await;
        });
        (Live { node, local: format!("http://{address}"), stop, server }, address)
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.server.await.unwrap();
        self.node.stop().await;
    }
}

async fn drop_schema(url: &str, schema: &str) {
    use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
    let mut connection = sqlx::postgres::PgConnection::connect(url).await.unwrap();
    let statement = AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {schema} CASCADE"));
    connection.execute(sqlx::raw_sql(statement)).await.unwrap();
    connection.close().await.unwrap();
}

/// Limits for tests: the same as an operator's, but for pauses between tries and for how soon a window closes.
fn quick_limits() -> Limits {
    Limits { send_backoff_max_ms: 50, window_ms: 50, ..Limits::default() }
}

/// A credit code (GB 32100) that no other number gives.
pub fn credit_code(number: u32) -> String {
    domain::id::SubjectCode::with_check(&format!("91110000MA0WE{number:04}")).unwrap().to_string()
}

/// Where PostgreSQL is, as [`needed`].
pub fn postgres(test: &str) -> Option<String> {
    needed(test, "PostgreSQL server in WEIR_TEST_POSTGRES", std::env::var("WEIR_TEST_POSTGRES").ok())
}
