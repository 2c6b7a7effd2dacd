//! A small network for the tests: a global node with a catalogue and an index, and a host with two connectors that have a contract, uses
//! and a window between them. Real stores on disk, real certificates; what the feed and the messages would have brought is written
//! into the stores.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use app::config::{Limits, NodeConfig, Role};
use app::contract::Entry;
use app::directory::chain_to_wire;
use app::entropy::Entropy;
use app::member::{Membership, Speaker};
use app::metering::{Sums, UseBody, WindowAnswer, WindowBody};
use app::{Error, Node, Parts, feed, identity};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use crypto::cert::{Subject, Validity};
use crypto::{Sha256, Suite};
use domain::contract::{
    Contract, ContractDraft, ContractState, Input, PartyRef, PartySignature, ProductRef, Role as Side,
    Signatures,
};
use domain::delivery::{Delivered, UseId};
use domain::engine::{
    EngineError, ManualClock, SearchChange, SearchEngine, SearchHit, SearchPage, SearchQuery,
};
use domain::id::{AreaCode, ContractId, IdKind, NodeId, ProductId, ResourceId, SubjectCode};
use domain::terms::{Action, Terms};
use domain::{TimeRange, Timestamp};
use ledger::window::{Countersignature, UseLeaf, Window, WindowStart, window_hash};
use ndi::IsoTime;
use ndi::weir_v1::Status;
use ndi::weir_v1::public_log::{
    BodyType, Column, ColumnKind, ConnectorBody, I18nText, OrganisationBody, ProductBody, PublicBody,
};
use ndi::weir_v1::terms::TermsObject;
use serde_json::json;
use store::{
    Body, CloseUse, NewUse, ReceivedUseRow, Store, StoreOptions, StoreUrl, TenantRow, UseKey, WindowRow,
};

/// A name that would be a script.
pub(super) const HOSTILE: &str = "<script>alert(1)</script>";
/// A use that no window holds.
pub(super) const OPEN_USE: &str = "use-2";
const PROVIDER: &str = "91110000600037341L";
const USER: &str = "91310105575958172F";
const NODE: &str = "91110000MA0TE5T08H";

/// A generator that always draws the same.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// An engine that finds what contains the text.
#[derive(Default)]
struct Contains(Mutex<Vec<(ProductId, String)>>);

impl SearchEngine for Contains {
    fn apply(&self, changes: &[SearchChange]) -> Result<(), EngineError> {
        let mut all = self.0.lock().unwrap();
        for change in changes {
            if let SearchChange::Upsert(document) = change {
                let words = format!("{} {}", document.title.in_en(), document.title.in_zh()).to_lowercase();
                all.push((document.product.clone(), words));
            }
        }
        Ok(())
    }

    fn search(&self, query: &SearchQuery) -> Result<SearchPage, EngineError> {
        query.check()?;
        let all = self.0.lock().unwrap();
        let found = all.iter().filter(|(_, words)| words.contains(&query.text.to_lowercase()));
        let hits: Vec<SearchHit> =
            found.map(|(product, _)| SearchHit { product: product.clone(), score_milli: 1 }).collect();
        Ok(SearchPage { total: hits.len() as u64, hits })
    }
}

/// Whether the provider's signature under the contract holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Honesty {
    Honest,
    Forger,
}

/// The network.
pub(super) struct World {
    global: Node,
    host: Node,
    clock: Arc<ManualClock>,
    user: Arc<Speaker>,
    provider: Arc<Speaker>,
    pub(super) product: ProductId,
    pub(super) contract: ContractId,
    secrets: Vec<(String, &'static str)>,
    folder: tempfile::TempDir,
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn now() -> Timestamp {
    at("2026-06-01T00:00:00Z")
}

fn subject(text: &str) -> SubjectCode {
    SubjectCode::parse(text).unwrap()
}

fn area(code: &str) -> AreaCode {
    AreaCode::parse(code).unwrap()
}

fn terms(count: u64) -> Terms {
    let year = TimeRange::new(at("2025-12-31T16:00:00Z"), at("2026-12-31T16:00:00Z")).unwrap();
    Terms::new(Action::Read, year).with_count(count).with_fields(["PM2.5", HOSTILE])
}

/// Where a node is said to be, and its clock.
struct Site<'a> {
    folder: &'a Path,
    address: &'a str,
    clock: &'a Arc<ManualClock>,
}

async fn node(site: &Site<'_>, role: Role, name: &str, suite: Suite) -> Node {
    let folder = site.folder.join(role.as_str());
    std::fs::create_dir_all(&folder).unwrap();
    let store =
        Store::open(&StoreUrl::sqlite(folder.join("weir.db")), StoreOptions::default()).await.unwrap();
    let search: Option<Arc<dyn SearchEngine>> =
        role.is_function_node().then(|| Arc::new(Contains::default()) as Arc<dyn SearchEngine>);
    let config = NodeConfig {
        role,
        name: name.to_owned(),
        address: site.address.to_owned(),
        suite,
        folder,
        limits: Limits::default(),
    };
    let client = net::Client::new(net::ClientOptions { allow_private: true, ..Default::default() }).unwrap();
    let clock = site.clock.clone();
    Node::open(Parts { config, store, client, clock, entropy: Arc::new(Counter::default()), search })
        .await
        .unwrap()
}

async fn publish(node: &Node, bodies: Vec<PublicBody>) {
    let shared = Arc::new(bodies);
    let written = shared.clone();
    node.store()
        .run_tx("test_publish", move |tx| {
            let bodies = written.clone();
            Box::pin(async move {
                for body in bodies.iter() {
                    feed::apply(tx, "test", body, now()).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
    app::catalogue::index(node, &shared);
}

/// Seats a connector on the host, certified by the global node.
async fn seat(global: &Node, host: &Node, code: &str, name: &str, place: &str) -> Arc<Speaker> {
    let subject = subject(code);
    let id = NodeId::mint(IdKind::Connector, &subject, area(place), || host.entropy().next_u64()).unwrap();
    let standing = global.standing().unwrap();
    let issue = |key: &str, ou: &str| {
        let key = host.keys().signing(key, host.config().suite).unwrap();
        let subject = Subject { cn: "localhost".into(), ou: ou.into(), o: "Certified".into() };
        let validity = Validity::days(at("2026-01-01T00:00:00Z").secs(), 3650).unwrap();
        standing.authority.as_ref().unwrap().issue_leaf(&subject, key.public_key(), validity, &[]).unwrap()
    };
    let (sign_key, organisation_key) = (format!("sign-{code}"), format!("organisation-{code}"));
    let own = &standing.speaker.membership;
    let membership = Membership {
        id: id.clone(),
        subject: subject.clone(),
        area: area(place),
        name: name.to_owned(),
        sign_chain: issue(&sign_key, id.as_str()),
        organisation_chain: Some(issue(&organisation_key, code)),
        authority_chain: None,
        trust: own.trust.clone(),
        upstream: Some(own.root_node.clone()),
        root_node: own.root_node.clone(),
    };
    let chain = chain_to_wire(membership.organisation_chain.as_ref().unwrap());
    let sign = chain_to_wire(&membership.sign_chain);
    let body = json!({"membership": membership, "signKey": sign_key, "organisationKey": organisation_key});
    let row = TenantRow {
        connector: id.to_string(),
        owner: code.to_owned(),
        state: "certified".to_owned(),
        created_at: 0,
        body: Body::versioned(1, &body).unwrap(),
    };
    host.store()
        .run_tx("test_tenant", move |tx| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_tenant(&row).await?) })
        })
        .await
        .unwrap();
    identity::load(host).await.unwrap();
    let organisation = OrganisationBody {
        type_: BodyType::Organisation,
        at: 0,
        subject,
        name: name.to_owned(),
        area: area(place),
        chain,
        status: Status::Certified,
    };
    let connector = ConnectorBody {
        type_: BodyType::Connector,
        at: 0,
        id: id.clone(),
        subject: organisation.subject.clone(),
        name: name.to_owned(),
        area: area(place),
        address: host.config().address.clone(),
        suite: host.config().suite.into(),
        sign_chain: sign,
        status: Status::Certified,
    };
    publish(host, vec![PublicBody::Organisation(organisation), PublicBody::Connector(connector)]).await;
    host.tenant(id.as_str()).unwrap()
}

fn product_body(id: &ProductId, provider: &Speaker) -> ProductBody {
    let column = |name: &str, kind, nulls| Column {
        name: name.to_owned(),
        kind,
        nulls,
        min: Some("0".to_owned()),
        max: Some(HOSTILE.to_owned()),
        title: Some(I18nText { zh: Some("臭氧".to_owned()), en: None }),
    };
    ProductBody {
        type_: BodyType::Product,
        at: 0,
        id: id.clone(),
        resource: ResourceId::mint(provider.subject(), area("1100"), || 7).unwrap(),
        connector: provider.id().clone(),
        subject: provider.subject().clone(),
        provider: HOSTILE.to_owned(),
        title: I18nText { zh: Some("奥体中心 臭氧".to_owned()), en: Some(format!("Ozone {HOSTILE}")) },
        description: Some(I18nText { zh: Some("每小时一行".to_owned()), en: None }),
        keywords: vec!["臭氧".to_owned(), HOSTILE.to_owned()],
        industry: Some(area("0077")),
        delivery: domain::codes::DeliveryForm::Dataset,
        columns: vec![column("O3", ColumnKind::Integer, 925), column(HOSTILE, ColumnKind::Text, 0)],
        rows: 35_064,
        bytes: 2_835_916,
        time_range: Some(vec![IsoTime(at("2013-02-28T16:00:00Z")), IsoTime(at("2017-02-28T15:00:00Z"))]),
        digest: Sha256::of(b"file"),
        offer: TermsObject::from(&terms(2)),
        status: Status::Registered,
    }
}

/// The contract as both sides hold it: proposed with two uses, changed to one, signed. A dishonest provider's signature states another time
/// than it signed.
fn contracts(
    product: &ProductId,
    provider: &Speaker,
    user: &Speaker,
    id: &ContractId,
    honesty: Honesty,
) -> [Contract; 2] {
    let party = |speaker: &Speaker, name: &str| PartyRef::new(speaker.id().clone(), name);
    let draft = |role, key: &str| ContractDraft {
        key: key.to_owned(),
        role,
        name: format!("Contract {HOSTILE}"),
        abstract_: String::new(),
        product: ProductRef { id: product.clone(), name: format!("Ozone {HOSTILE}") },
        provider: party(provider, HOSTILE),
        user: party(user, "Laboratory"),
    };
    let mut ours = Contract::initiate(draft(Side::User, "key-user"), terms(2), now()).unwrap().next;
    ours = ours.step(Input::IdAssigned { id: id.clone() }, now()).unwrap().next;
    ours = ours.step(Input::PeerProposed { terms: terms(1) }, now().plus_secs(1)).unwrap().next;
    let mut theirs =
        Contract::receive(draft(Side::Provider, "key-provider"), id.clone(), terms(2), now()).unwrap().next;
    theirs = theirs.step(Input::Propose { terms: terms(1) }, now().plus_secs(1)).unwrap().next;
    let sign = |contract: &Contract, speaker: &Speaker| {
        let body =
            contract.body().unwrap().signature_body(speaker.subject().clone(), now().plus_secs(2)).unwrap();
        PartySignature::sign(&speaker.organisation.as_ref().unwrap().key, body).unwrap()
    };
    let mut signature = sign(&theirs, provider);
    if honesty == Honesty::Forger {
        signature.body.signatory_time = now().plus_secs(3);
    }
    let signatures = Signatures { provider: Some(signature), user: Some(sign(&ours, user)) };
    [ours, theirs].map(|mut contract| {
        let (terms, signatures) = (terms(1), signatures.clone());
        contract.state = ContractState::Performing { terms, signatures, since: now().plus_secs(2) };
        contract
    })
}

async fn keep_contract(host: &Node, contract: Contract) {
    let created_at = contract.created_at;
    let row = Entry::of(contract).row(0, created_at).unwrap();
    host.store()
        .run_tx("test_contract", move |tx| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_contract(&row).await?) })
        })
        .await
        .unwrap();
}

/// Two uses on both meters: one whole and equal; of the other the user has fewer bytes.
async fn meter(host: &Node, provider: &Speaker, user: &Speaker, contract: &ContractId) -> Vec<UseLeaf> {
    let mut leaves = Vec::new();
    for (sequence, use_id, lost) in [(1, "use-1", 0), (2, OPEN_USE, 5)] {
        let key = |tenant: &Speaker| UseKey {
            tenant: tenant.id().to_string(),
            contract: contract.to_string(),
            use_id: use_id.to_owned(),
        };
        let (opened, closed) = (now().micros(), now().plus_secs(sequence).micros());
        let body = Body::of(&UseBody::default()).unwrap();
        let new = NewUse { key: key(provider), at: opened, limit: None, body };
        host.store().append_uses(vec![new]).await.unwrap();
        let digest = Sha256::of(b"file");
        let close = CloseUse {
            key: key(provider),
            at: closed,
            bytes: 2_835_916,
            rows: 35_064,
            digest: Some(digest.to_string()),
            complete: true,
        };
        host.store().close_uses(vec![close]).await.unwrap();
        let theirs = Delivered { bytes: 2_835_916 - lost, rows: 35_064, digest };
        received(host, user, contract, use_id, sequence.unsigned_abs(), &theirs).await;
        leaves.push(UseLeaf {
            use_id: use_id.to_owned(),
            contract_id: contract.to_string(),
            sequence: u64::try_from(sequence).unwrap(),
            opened_at: opened,
            closed_at: closed,
            bytes: 2_835_916,
            rows: 35_064,
            digest: Some(digest),
            complete: true,
            fields: None,
        });
    }
    leaves
}

/// A use as the user metered it.
async fn received(
    host: &Node,
    user: &Speaker,
    contract: &ContractId,
    use_id: &str,
    sequence: u64,
    whole: &Delivered,
) {
    keep_received(host, received_row(user, contract, use_id, sequence, whole)).await;
}

fn received_row(
    user: &Speaker,
    contract: &ContractId,
    use_id: &str,
    sequence: u64,
    whole: &Delivered,
) -> ReceivedUseRow {
    ReceivedUseRow {
        tenant: user.id().to_string(),
        contract: contract.to_string(),
        use_id: use_id.to_owned(),
        state: ReceivedUseRow::COMPLETE.to_owned(),
        sequence: Some(sequence),
        bytes: whole.bytes,
        rows: whole.rows,
        digest: Some(whole.digest.to_string()),
        opened_at: now().micros(),
        closed_at: Some(now().plus_secs(1).micros()),
        in_window: None,
        body: Body::versioned(1, &json!({})).unwrap(),
    }
}

async fn keep_received(host: &Node, row: ReceivedUseRow) {
    host.store()
        .run_tx("test_received", move |tx| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_received_use(&row).await?) })
        })
        .await
        .unwrap();
}

/// The door of a node: as much of it as a window and a receipt need.
fn door(node: Node) -> Router {
    let take = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
        let pairs: Vec<(&str, &str)> =
            headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let msgcode = uri.path().rsplit('/').next().unwrap_or_default();
        app::message::dispatch(&node, msgcode, pairs, &body).await.to_body().to_string()
    };
    Router::new().fallback(axum::routing::post(take))
}

/// The first use in a window that both signed.
async fn window(host: &Node, provider: &Speaker, user: &Speaker, contract: &Contract, leaf: UseLeaf) {
    let log = host.logs().evidence().identity().clone();
    let id = contract.id.as_ref().unwrap().to_string();
    let start = WindowStart::first(&id, contract.body().unwrap().digest().unwrap(), log.clone());
    let closed_at = now().plus_secs(10).micros();
    let (window, _) = Window::close(start, std::slice::from_ref(&leaf), closed_at).unwrap();
    let object = window.sign(&provider.key).unwrap();
    let hash = window_hash(&object).unwrap();
    let answered_at = now().plus_secs(11).micros();
    let countersignature = Countersignature::of(&window, hash, answered_at, log).sign(&user.key).unwrap();
    let body = WindowBody { object, uses: vec![leaf], total: Sums::default().with(&window) };
    let answer = Body::of(&WindowAnswer::Countersigned(countersignature)).unwrap();
    let row = |tenant: &Speaker| WindowRow {
        tenant: tenant.id().to_string(),
        contract: id.clone(),
        number: 1,
        first: 1,
        last: 1,
        hash: hash.to_string(),
        state: WindowRow::COUNTERSIGNED.to_owned(),
        closed_at,
        countersigned_at: Some(answered_at),
        body: Body::of(&body).unwrap(),
        countersignature: Some(answer.clone()),
    };
    let rows = [row(provider), row(user)];
    let tenant = provider.id().to_string();
    host.store()
        .run_tx("test_window", move |tx| {
            let (rows, tenant, id) = (rows.clone(), tenant.clone(), id.clone());
            Box::pin(async move {
                for row in &rows {
                    tx.insert_window(row).await?;
                }
                tx.mark_windowed(&tenant, &id, 1, 1, 1).await?;
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
}

impl World {
    /// The network, with two uses on both meters and a window over the first. The provider's signature is forged, and the second use differs.
    pub(super) async fn new() -> World {
        let world = World::agreed("http://127.0.0.1:1", Honesty::Forger).await;
        let leaves = meter(&world.host, &world.provider, &world.user, &world.contract).await;
        let ours = world.held(&world.user).await;
        window(&world.host, &world.provider, &world.user, &ours, leaves[0].clone()).await;
        world
    }

    /// The network with one use that both sides metered, windowed, counter-signed and logged, over HTTP on loopback.
    pub(super) async fn proven() -> World {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = World::agreed(&address, Honesty::Honest).await;
        let host = world.host.clone();
        tokio::spawn(async move { axum::serve(listener, door(host)).await });
        let use_id = UseId::parse("use-1").unwrap();
        let (host, provider, contract) = (&world.host, &world.provider, &world.contract);
        app::delivery::use_once(host, provider, contract, &use_id).await.unwrap();
        let delivered = Delivered { bytes: 2_835_916, rows: 35_064, digest: Sha256::of(b"file") };
        received(host, &world.user, contract, "use-1", 1, &delivered).await;
        app::delivery::close_use(host, provider, contract, &use_id, &delivered).await.unwrap();
        world.clock.advance_secs(10);
        app::metering::close_due(host).await.unwrap();
        assert!(app::outbox::pump(host).await.unwrap() > 0, "the window is sent");
        app::log::drain(host, host.logs().evidence()).await.unwrap();
        let none = Delivered { bytes: 0, rows: 0, ..delivered };
        let mut row = received_row(&world.user, contract, "use-too-many", 2, &none);
        (row.state, row.sequence, row.digest) = ("refused".to_owned(), None, None);
        keep_received(host, row).await;
        world
    }

    async fn agreed(address: &str, honesty: Honesty) -> World {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(now()));
        let site = Site { folder: folder.path(), address, clock: &clock };
        let global = node(&site, Role::Global, &format!("Root {HOSTILE}"), Suite::Sm).await;
        identity::create_global(&global, NODE, "1100").await.unwrap();
        let host = node(&site, Role::Host, "Host", Suite::Intl).await;
        let provider = seat(&global, &host, PROVIDER, HOSTILE, "1100").await;
        let user = seat(&global, &host, USER, "Laboratory", "3100").await;
        let product = ProductId::mint(provider.subject(), area("1100"), || 5).unwrap();
        publish(&global, vec![PublicBody::Product(product_body(&product, &provider))]).await;
        let contract = ContractId::mint(global.standing().unwrap().speaker.id(), now(), || 3).unwrap();
        let sides = contracts(&product, &provider, &user, &contract, honesty);
        let secrets = secrets(&[&global, &host], &sides[0]);
        for side in sides {
            keep_contract(&host, side).await;
        }
        World { global, host, clock, user, provider, product, contract, secrets, folder }
    }

    async fn held(&self, side: &Speaker) -> Contract {
        let held = app::contract::get(&self.host, side.id().as_str(), self.contract.as_str()).await.unwrap();
        held.contract().clone()
    }

    /// The pages.
    pub(super) fn router(&self) -> Router {
        crate::router(vec![self.global.clone(), self.host.clone()])
    }

    /// The global node's identifier.
    pub(super) fn global_id(&self) -> String {
        self.global.standing().unwrap().speaker.id().to_string()
    }

    /// What the clock shows.
    pub(super) fn now(&self) -> Timestamp {
        self.host.now()
    }

    /// Where everything stands on the disk.
    pub(super) fn folder(&self) -> String {
        self.folder.path().to_string_lossy().into_owned()
    }

    /// A text without what changes from run to run: keys and what they sign.
    pub(super) fn redact(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, (secret, word)| text.replace(secret, word))
    }
}

fn secrets(nodes: &[&Node], contract: &Contract) -> Vec<(String, &'static str)> {
    let logs = nodes.iter().flat_map(|node| node.logs().all()).map(|log| (log.origin().to_owned(), "[log]"));
    let given = contract.state.signatures().unwrap().to_vec();
    logs.chain(given.into_iter().map(|one| (one.signature.to_string(), "[signature]"))).collect()
}
