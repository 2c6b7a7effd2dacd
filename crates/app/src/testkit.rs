//! A small network for tests: real nodes over SQLite, joined by calling both sides of `join` directly; messages go straight into
//! [`crate::message::dispatch`], and logs are carried frame by frame. No HTTP, no jobs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use crypto::Suite;
use domain::engine::{
    EngineError, ManualClock, SearchChange, SearchDocument, SearchEngine, SearchHit, SearchPage, SearchQuery,
};
use domain::id::ProductId;
use domain::{Evidence, EvidenceKind, Timestamp};
use ndi::envelope::Sender;
use ndi::weir_v1::enrolment::EnrolmentCode;
use ndi::weir_v1::feed::FeedFrame;
use ndi::weir_v1::join::JoinReply;
use ndi::{Headers, Message as _, Reply};
use serde_json::{Value, json};
use store::{LogHead, Store, StoreOptions, StoreUrl};
use tokio::sync::watch;

use crate::config::{Limits, NodeConfig, Role};
use crate::entropy::OsEntropy;
use crate::identity::join::{JoinKeys, conclude};
use crate::identity::{ConnectorView, NewOrganisation, create_global, register_organisation, serve_join};
use crate::member::Speaker;
use crate::{Error, Node, Parts, feed, log, message};

/// An engine that finds what contains the text, and tells how often it was changed. Its disk may be slow, or full.
#[derive(Default)]
pub struct Shelf {
    pub documents: Mutex<BTreeMap<String, SearchDocument>>,
    pub changes: Mutex<Vec<usize>>,
    /// How many changes were begun.
    pub begun: watch::Sender<usize>,
    pub is_full: AtomicBool,
    held: Mutex<bool>,
    released: Condvar,
}

impl Shelf {
    /// No change ends until [`Shelf::release`].
    pub fn hold(&self) {
        *self.held.lock().unwrap() = true;
    }

    pub fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.released.notify_all();
    }
}

impl SearchEngine for Shelf {
    fn apply(&self, changes: &[SearchChange]) -> Result<(), EngineError> {
        self.begun.send_modify(|count| *count += 1);
        drop(self.released.wait_while(self.held.lock().unwrap(), |held| *held).unwrap());
        if self.is_full.load(Ordering::SeqCst) {
            return Err(EngineError::Failed { engine: "shelf", reason: "the disk is full".to_owned() });
        }
        self.changes.lock().unwrap().push(changes.len());
        let mut documents = self.documents.lock().unwrap();
        for change in changes {
            match change {
                SearchChange::Upsert(one) => {
                    documents.insert(one.product.to_string(), one.as_ref().clone());
                }
                SearchChange::Remove(product) => {
                    documents.remove(product.as_str());
                }
            }
        }
        Ok(())
    }

    fn search(&self, query: &SearchQuery) -> Result<SearchPage, EngineError> {
        query.check()?;
        let documents = self.documents.lock().unwrap();
        let found = documents.values().filter(|one| one.title.in_en().contains(&query.text));
        let hits: Vec<SearchHit> =
            found.map(|one| SearchHit { product: one.product.clone(), score_milli: 1 }).collect();
        Ok(SearchPage { total: hits.len() as u64, hits })
    }
}

/// A node with its folder.
pub struct Site {
    pub node: Node,
    pub shelf: Arc<Shelf>,
    pub folder: Arc<tempfile::TempDir>,
    clock: Arc<ManualClock>,
}

impl Site {
    pub async fn open(role: Role, name: &str, suite: Suite, clock: &Arc<ManualClock>) -> Site {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        Site::over(folder, Arc::default(), role, name, suite, clock).await.unwrap()
    }

    async fn over(
        folder: Arc<tempfile::TempDir>,
        shelf: Arc<Shelf>,
        role: Role,
        name: &str,
        suite: Suite,
        clock: &Arc<ManualClock>,
    ) -> Result<Site, Error> {
        let url = StoreUrl::sqlite(folder.path().join("weir.db"));
        let search = (role != Role::Host).then(|| shelf.clone() as Arc<dyn SearchEngine>);
        let parts = Parts {
            config: NodeConfig {
                role,
                name: name.to_owned(),
                address: format!("http://127.0.0.1:1/{name}"),
                suite,
                folder: folder.path().to_owned(),
                limits: Limits::default(),
            },
            store: Store::open(&url, StoreOptions::default()).await.unwrap(),
            client: net::Client::new(net::ClientOptions { allow_private: true, ..Default::default() })
                .unwrap(),
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            search,
        };
        Ok(Site { node: Node::open(parts).await?, shelf, folder, clock: clock.clone() })
    }

    /// Stops and opens again, over the same folder.
    pub async fn restart(self) -> Result<Site, Error> {
        let config = self.node.config().clone();
        self.node.stop().await;
        Site::over(self.folder, Arc::default(), config.role, &config.name, config.suite, &self.clock).await
    }

    /// Ends without a last word, and opens again with what the disk has. Nothing else may hold the node.
    pub async fn kill(self) -> Site {
        let Site { node, shelf, folder, clock } = self;
        let config = node.config().clone();
        node.store().close().await;
        drop(node);
        Site::over(folder, shelf, config.role, &config.name, config.suite, &clock).await.unwrap()
    }
}

/// Global node, regions 1100 (`sm`) and 3100 (`intl`), a service node and a connector host in 1100, a host in 3100.
pub struct Town {
    pub clock: Arc<ManualClock>,
    pub global: Site,
    pub region: Site,
    pub other: Site,
    pub service: Site,
    pub host: Site,
    pub provider: Arc<Speaker>,
}

pub const PROVIDER: u32 = 21;

impl Town {
    pub async fn new() -> Town {
        let clock = Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z")));
        let open = async |role, name, suite| Site::open(role, name, suite, &clock).await;
        let global = open(Role::Global, "global", Suite::Sm).await;
        create_global(&global.node, &credit_code(1), "1100").await.unwrap();
        let region = open(Role::Region, "region-1100", Suite::Sm).await;
        let other = open(Role::Region, "region-3100", Suite::Intl).await;
        join(&global.node, &region.node, 2, "region", Some("1100")).await.unwrap();
        join(&global.node, &other.node, 3, "region", Some("3100")).await.unwrap();
        let service = open(Role::Service, "space", Suite::Sm).await;
        join(&region.node, &service.node, 4, "service", None).await.unwrap();
        let host = open(Role::Host, "host", Suite::Sm).await;
        let view = join(&region.node, &host.node, PROVIDER, "connector", None).await.unwrap();
        let provider = host.node.tenant(&view.connector).unwrap();
        let town = Town { clock, global, region, other, service, host, provider };
        town.carry().await;
        town
    }

    /// Carries every log to everybody, in the way that the feed goes.
    pub async fn carry(&self) {
        let all = [&self.global, &self.region, &self.other, &self.service, &self.host];
        for site in all {
            number(&site.node).await;
        }
        for (from, to) in [
            (&self.region, &self.global),
            (&self.other, &self.global),
            (&self.global, &self.region),
            (&self.global, &self.other),
            (&self.region, &self.service),
            (&self.service, &self.region),
            (&self.region, &self.global),
            (&self.global, &self.other),
            (&self.region, &self.host),
        ] {
            carry(&from.node, &to.node).await;
        }
        for site in all {
            crate::catalogue::indexing::drain(&site.node).await.unwrap();
        }
    }

    /// A connector host that has not joined.
    pub async fn newcomer(&self, name: &str, suite: Suite) -> Site {
        Site::open(Role::Host, name, suite, &self.clock).await
    }

    pub fn clock_now(&self) -> Timestamp {
        domain::engine::Clock::now(self.clock.as_ref())
    }

    /// The provider's connector says something to a node.
    pub async fn say(&self, to: &Site, msgcode: &str, body: &Value) -> Reply {
        say(&self.provider, &to.node, msgcode, body).await
    }
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A credit code with its check character.
pub fn credit_code(number: u32) -> String {
    domain::id::SubjectCode::with_check(&format!("91110000MA0WE{number:04}")).unwrap().to_string()
}

pub fn subject(number: u32, runs: &str, area: Option<&str>) -> NewOrganisation {
    NewOrganisation {
        subject: credit_code(number),
        name: format!("Organisation {number}"),
        runs: runs.to_owned(),
        area: area.map(str::to_owned),
    }
}

/// Registers a subject at one node, and joins another with its code.
pub async fn join(
    upstream: &Node,
    joiner: &Node,
    number: u32,
    runs: &str,
    area: Option<&str>,
) -> Result<ConnectorView, Error> {
    let code = register_organisation(upstream, subject(number, runs, area)).await?.code;
    join_with(upstream, joiner, &code).await
}

pub async fn join_with(upstream: &Node, joiner: &Node, code: &str) -> Result<ConnectorView, Error> {
    let code: EnrolmentCode = code.parse().unwrap();
    let keys = JoinKeys::make(joiner, &code)?;
    let reply = ask(upstream, joiner, &code, &keys).await?;
    conclude(joiner, &code, &keys, reply, joiner.config().name.clone()).await
}

/// What the function node answers.
pub async fn ask(
    upstream: &Node,
    joiner: &Node,
    code: &EnrolmentCode,
    keys: &JoinKeys,
) -> Result<JoinReply, Error> {
    let request = keys.request(joiner, code, None)?;
    let data = serve_join(upstream, keys.envelope(joiner, code, &request)?).await?;
    Ok(JoinReply::read(&data).unwrap())
}

/// Adds an entry to a node's log of its own acts, which has the same form as the public one.
pub async fn add(node: &Node, subject: &str, bytes: usize) {
    let evidence = Evidence::new(EvidenceKind::AdminAction, subject, json!({"text": "x".repeat(bytes)}));
    let entries = log::Entries::new().record(node, "", &[evidence], node.now());
    node.store()
        .run_tx("test_add", move |tx| {
            let entries = entries.clone();
            Box::pin(async move { entries.write(tx).await })
        })
        .await
        .unwrap();
}

/// Numbers what waits for a node's logs.
pub async fn number(node: &Node) {
    for own in node.logs().all() {
        log::drain(node, own).await.unwrap();
    }
}

pub fn public(node: &Node) -> String {
    node.logs().public().unwrap().origin().to_owned()
}

pub async fn head(node: &Node, log: &str) -> Option<LogHead> {
    feed::serve::heads(node).await.unwrap().into_iter().find(|head| head.log == log)
}

pub async fn size(node: &Node, log: &str) -> u64 {
    head(node, log).await.map_or(0, |head| head.size)
}

/// The next frame of a log for whoever holds so much of it.
pub async fn frame(node: &Node, log: &str, cursor: u64) -> Option<FeedFrame> {
    feed::serve::frame_from(node, log, cursor).await.unwrap()
}

/// Carries what one node has to another, as a stream between the two would.
pub async fn carry(from: &Node, to: &Node) {
    let origins = feed::origins(from).await.unwrap();
    let heads = feed::serve::heads(from).await.unwrap();
    let mut logs: Vec<String> = heads.into_iter().map(|head| head.log).collect();
    logs.retain(|log| feed::serve::is_public(log));
    logs.sort_by_key(|log| origins.rank(log));
    for log in logs.into_iter().filter(|log| *log != public_or_none(to)) {
        while let Some(frame) = frame(from, &log, size(to, &log).await).await {
            feed::take(to, frame).await.unwrap();
        }
    }
}

fn public_or_none(node: &Node) -> String {
    node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default()
}

/// One message with a number of its own, straight into the receiver.
pub async fn say(speaker: &Speaker, to: &Node, msgcode: &str, body: &Value) -> Reply {
    let from = Sender::Node(speaker.id().clone());
    let addressee = to.speaker().unwrap().id().clone();
    let headers = Headers::unsigned(msgcode, from, Some(addressee), speaker.key.key_ref())
        .at(to.now().millis(), &format!("{:032x}", rand::random::<u128>()))
        .sign(&speaker.key, body)
        .unwrap();
    let pairs = headers.to_pairs();
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    message::dispatch(to, msgcode, pairs, body.to_string().as_bytes()).await
}

pub fn product_id(reply: &Reply) -> ProductId {
    ProductId::parse(reply.data["productId"].as_str().unwrap()).unwrap()
}
