//! A provider and a user for tests of delivery and metering: two connector hosts with certificates under one root, real stores on disk, a
//! real file, a contract that both signed, and HTTP on loopback. Who knows whom is written into the stores, as the feed would have done.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crypto::cert::{Authority, Chain, Roots, Subject, Validity, self_signed_ca};
use crypto::{Sha256, SigningKey, Suite};
use dataplane::profile::{ProfileOptions, Profiled};
use domain::catalogue::{I18n, Keywords, Resource, ResourceInput};
use domain::contract::{
    Contract, ContractState, PartyRef, PartySignature, ProductRef, Role as Side, Signatures,
};
use domain::engine::ManualClock;
use domain::id::{AreaCode, ContractId, IdKind, NodeId, ProductId, ResourceId, SubjectCode};
use domain::terms::{Action, Terms};
use domain::{TimeRange, Timestamp};
use futures_util::StreamExt as _;
use ndi::Envelope;
use ndi::weir_v1::public_log::{BodyType, ConnectorBody, OrganisationBody, PublicBody};
use ndi::weir_v1::{Status, SuiteCode};
use serde_json::Value;
use store::{Body, DirectoryRow, ProductRow, ResourceRow, Store, StoreOptions, StoreUrl};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};

use crate::config::{Limits, NodeConfig, Role};
use crate::contract::Entry;
use crate::entropy::OsEntropy;
use crate::member::{Membership, OrganisationKey, PeerNode, Speaker};
use crate::message::Incoming;
use crate::{Error, Node, Parts, delivery};

/// One party's process.
pub(crate) struct Site {
    pub node: Node,
    pub speaker: Arc<Speaker>,
    pub door: Arc<Door>,
    pub folder: tempfile::TempDir,
}

/// What happens to deliveries on their way out.
#[derive(Debug)]
pub(crate) struct Door {
    /// Break the connection after so many bytes of a body.
    pub cut_after: AtomicU64,
    /// Change a byte of every piece.
    pub corrupts: AtomicBool,
    /// Messages that came.
    pub came: AtomicU64,
}

impl Default for Door {
    fn default() -> Door {
        Door {
            cut_after: AtomicU64::new(u64::MAX),
            corrupts: AtomicBool::new(false),
            came: AtomicU64::new(0),
        }
    }
}

/// A provider with a file, a user, and what they agreed on.
pub(crate) struct World {
    pub provider: Site,
    pub user: Site,
    pub clock: Arc<ManualClock>,
    pub product: ProductId,
    pub profiled: Profiled,
    pub file: PathBuf,
    contracts: u64,
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Read, in 2026.
pub(crate) fn terms() -> Terms {
    let year = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap();
    Terms::new(Action::Read, year)
}

fn area(code: &str) -> AreaCode {
    AreaCode::parse(code).unwrap()
}

struct Party {
    id: NodeId,
    subject: SubjectCode,
    name: &'static str,
    area: AreaCode,
    suite: Suite,
    sign: (SigningKey, Chain),
    organisation: (SigningKey, Chain),
    address: String,
}

fn validity() -> Validity {
    Validity::days(at("2025-01-01T00:00:00Z").secs(), 3650).unwrap()
}

struct Registrar {
    authority: Authority,
    trust: String,
}

impl Registrar {
    fn new() -> Registrar {
        let key = SigningKey::generate(Suite::Sm).unwrap();
        let subject = Subject { cn: "localhost".into(), ou: "root".into(), o: "Root".into() };
        let root = self_signed_ca(&key, &subject, validity()).unwrap();
        Registrar { trust: root.to_pem(), authority: Authority::root(key, root).unwrap() }
    }

    fn issue(&self, suite: Suite, ou: &str, o: &str) -> (SigningKey, Chain) {
        let key = SigningKey::generate(suite).unwrap();
        let subject = Subject { cn: "localhost".into(), ou: ou.into(), o: o.into() };
        let chain = self.authority.issue_leaf(&subject, key.public_key(), validity(), &[]).unwrap();
        (key, chain)
    }
}

impl Party {
    fn new(registrar: &Registrar, code: &str, name: &'static str, suite: Suite, address: String) -> Party {
        let subject = SubjectCode::parse(code).unwrap();
        let area = area(if suite == Suite::Sm { "1100" } else { "3100" });
        let id = NodeId::mint(IdKind::Connector, &subject, area, rand::random::<u64>).unwrap();
        let sign = registrar.issue(suite, id.as_str(), name);
        let organisation = registrar.issue(suite, subject.as_str(), name);
        Party { id, subject, name, area, suite, sign, organisation, address }
    }

    fn speaker(&self, trust: &str) -> Speaker {
        let root_node = PeerNode {
            id: self.id.clone(),
            name: "root".into(),
            address: self.address.clone(),
            suite: self.suite,
            sign_chain: self.sign.1.clone(),
            log_vkey: String::new(),
            signature: self.sign.0.sign(b"").unwrap(),
        };
        Speaker {
            membership: Membership {
                id: self.id.clone(),
                subject: self.subject.clone(),
                area: self.area,
                name: self.name.to_owned(),
                sign_chain: self.sign.1.clone(),
                organisation_chain: Some(self.organisation.1.clone()),
                authority_chain: None,
                trust: trust.to_owned(),
                upstream: None,
                root_node,
            },
            key: self.sign.0.clone(),
            organisation: Some(OrganisationKey {
                key: self.organisation.0.clone(),
                chain: self.organisation.1.clone(),
            }),
        }
    }

    fn directory(&self) -> [DirectoryRow; 2] {
        let connector = PublicBody::Connector(ConnectorBody {
            type_: BodyType::Connector,
            at: 0,
            id: self.id.clone(),
            subject: self.subject.clone(),
            name: self.name.to_owned(),
            area: self.area,
            address: self.address.clone(),
            suite: SuiteCode::from(self.suite),
            sign_chain: crate::directory::chain_to_wire(&self.sign.1),
            status: Status::Certified,
        });
        let organisation = PublicBody::Organisation(OrganisationBody {
            type_: BodyType::Organisation,
            at: 0,
            subject: self.subject.clone(),
            name: self.name.to_owned(),
            area: self.area,
            chain: crate::directory::chain_to_wire(&self.organisation.1),
            status: Status::Certified,
        });
        [
            self.row(self.id.as_str(), "connector", &connector),
            self.row(self.subject.as_str(), "organisation", &organisation),
        ]
    }

    fn row(&self, id: &str, kind: &str, body: &PublicBody) -> DirectoryRow {
        DirectoryRow {
            id: id.to_owned(),
            kind: kind.to_owned(),
            owner: self.subject.to_string(),
            area: self.area.to_string(),
            origin: "test".to_owned(),
            address: None,
            key_id: None,
            status: "certified".to_owned(),
            updated_at: 0,
            body: crate::log::stored_body(body).unwrap(),
        }
    }
}

async fn open_node(
    folder: &std::path::Path,
    address: &str,
    suite: Suite,
    clock: Arc<ManualClock>,
    limits: Limits,
) -> Node {
    let url = StoreUrl::sqlite(folder.join("weir.db"));
    let parts = Parts {
        config: NodeConfig {
            role: Role::Host,
            name: "test".into(),
            address: address.to_owned(),
            suite,
            folder: folder.to_owned(),
            limits,
        },
        store: Store::open(&url, StoreOptions::default()).await.unwrap(),
        client: net::Client::new(net::ClientOptions { allow_private: true, ..Default::default() }).unwrap(),
        clock,
        entropy: Arc::new(OsEntropy),
        search: None,
    };
    Node::open(parts).await.unwrap()
}

/// A CSV file of so many rows: three columns, 20 bytes a row.
pub(crate) fn csv(rows: usize) -> String {
    let lines = (0..rows).map(|row| format!("{row:08},{:04},{:05}\n", row % 971, row % 31));
    std::iter::once("hour,PM2.5,O3\n".to_owned()).chain(lines).collect()
}

impl World {
    pub(crate) async fn new(rows: usize) -> World {
        World::with(rows, Limits::default()).await
    }

    pub(crate) async fn with(rows: usize, limits: Limits) -> World {
        let clock = Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z")));
        let listeners = [
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
            TcpListener::bind("127.0.0.1:0").await.unwrap(),
        ];
        let address = |index: usize| format!("http://{}", listeners[index].local_addr().unwrap());
        let registrar = Registrar::new();
        let provider = Party::new(&registrar, "91110000600037341L", "奥体中心站", Suite::Sm, address(0));
        let user =
            Party::new(&registrar, "91310105575958172F", "Shanghai Laboratory", Suite::Intl, address(1));
        let directory: Vec<DirectoryRow> = provider.directory().into_iter().chain(user.directory()).collect();
        let mut sites = Vec::new();
        for (party, listener) in [&provider, &user].into_iter().zip(listeners) {
            let folder = tempfile::tempdir().unwrap();
            let node =
                open_node(folder.path(), &party.address, party.suite, clock.clone(), limits.clone()).await;
            node.add_tenant(party.speaker(&registrar.trust), Roots::from_pem(&registrar.trust).unwrap());
            let rows = directory.clone();
            run(&node, move |tx| {
                let rows = rows.clone();
                Box::pin(async move {
                    for row in &rows {
                        tx.put_directory(row).await?;
                    }
                    Ok(())
                })
            })
            .await;
            let door = Arc::new(Door::default());
            tokio::spawn(serve(node.clone(), listener, door.clone()));
            sites.push(Site { speaker: node.tenants().pop().unwrap(), node, door, folder });
        }
        let user = sites.pop().unwrap();
        let provider = sites.pop().unwrap();
        let file = provider.folder.path().join("air.csv");
        std::fs::write(&file, csv(rows)).unwrap();
        let profiled = dataplane::profile::profile(&file, &ProfileOptions::default(), &|_| ()).unwrap();
        let product = ProductId::mint(provider.speaker.subject(), area("1100"), rand::random::<u64>).unwrap();
        let world = World { provider, user, clock, product, profiled, file, contracts: 0 };
        world.register().await;
        world
    }

    /// The provider's process ends without a last word, and another begins over its folder. Nothing reaches that one by HTTP.
    pub(crate) async fn kill_provider(&mut self) {
        let site = &mut self.provider;
        let config = site.node.config().clone();
        site.node.store().close().await;
        let (folder, clock) = (site.folder.path(), self.clock.clone());
        let node = open_node(folder, &config.address, config.suite, clock, config.limits).await;
        let roots = Roots::from_pem(&site.speaker.membership.trust).unwrap();
        node.add_tenant(site.speaker.as_ref().clone(), roots);
        site.node = node;
    }

    /// Writes resource and product as the catalogue does.
    async fn register(&self) {
        let (speaker, now) = (&self.provider.speaker, self.provider.node.now());
        let id = ResourceId::mint(speaker.subject(), area("1100"), rand::random::<u64>).unwrap();
        let texts = (I18n::new("空气", "Air"), I18n::default());
        let profile = self.profiled.profile.clone();
        let made =
            Resource::catalogue("r1".into(), speaker.id().clone(), texts, Keywords::default(), profile, now);
        let made = made.unwrap().next.step(ResourceInput::Submit, now).unwrap().next;
        let made = made.step(ResourceInput::IdAssigned { id: id.clone() }, now).unwrap().next;
        let resource = ResourceRow {
            tenant: speaker.id().to_string(),
            key: "r1".into(),
            id: Some(id.to_string()),
            state: "registered".into(),
            source: Some(self.file.to_string_lossy().into_owned()),
            stamp: Some(serde_json::to_string(&self.profiled.stamp).unwrap()),
            updated_at: now.micros(),
            body: Body::of(&made).unwrap(),
        };
        let product = ProductRow {
            tenant: speaker.id().to_string(),
            key: "p1".into(),
            id: Some(self.product.to_string()),
            resource: id.to_string(),
            state: "registered".into(),
            updated_at: now.micros(),
            body: Body::empty(),
        };
        run(&self.provider.node, move |tx| {
            let (resource, product) = (resource.clone(), product.clone());
            Box::pin(async move {
                tx.put_resource(&resource).await?;
                Ok(tx.put_product(&product).await?)
            })
        })
        .await;
    }

    /// A contract in force on both sides, signed by both organisations.
    pub(crate) async fn contract(&mut self, terms: Terms) -> ContractId {
        self.contracts += 1;
        let mut draws = self.contracts * 1000..;
        let platform = SubjectCode::parse("91110000MA0TE5T08H").unwrap();
        let platform =
            NodeId::mint(IdKind::ServiceNode, &platform, area("1100"), rand::random::<u64>).unwrap();
        let id = ContractId::mint(&platform, at("2026-02-01T00:00:00Z"), || draws.next().unwrap()).unwrap();
        let party =
            |site: &Site| PartyRef::new(site.speaker.id().clone(), site.speaker.membership.name.clone());
        let mut contract = Contract {
            key: format!("k{}", self.contracts),
            role: Side::Provider,
            id: Some(id.clone()),
            name: "Air quality".into(),
            abstract_: String::new(),
            product: ProductRef { id: self.product.clone(), name: "Air".into() },
            provider: party(&self.provider),
            user: party(&self.user),
            issuer: Side::User,
            created_at: at("2026-02-01T00:00:00Z"),
            rounds: Vec::new(),
            state: ContractState::Initiated { terms: terms.clone() },
        };
        let signed_at = at("2026-02-01T08:00:00Z");
        let sign = |site: &Site| {
            let body =
                contract.body().unwrap().signature_body(site.speaker.subject().clone(), signed_at).unwrap();
            PartySignature::sign(&site.speaker.organisation.as_ref().unwrap().key, body).unwrap()
        };
        let signatures = Signatures::default()
            .with(Side::Provider, sign(&self.provider))
            .with(Side::User, sign(&self.user));
        contract.state = ContractState::Performing { terms, signatures, since: signed_at };
        for (site, role) in [(&self.provider, Side::Provider), (&self.user, Side::User)] {
            let row = Entry::of(Contract { role, ..contract.clone() }).row(0, signed_at).unwrap();
            run(&site.node, move |tx| {
                let row = row.clone();
                Box::pin(async move { Ok(tx.put_contract(&row).await.map(drop)?) })
            })
            .await;
        }
        id
    }

    /// A message as it is after its envelope was checked.
    pub(crate) async fn message(
        &self,
        from: &Site,
        to: &Site,
        msgcode: &str,
        sequence: &str,
        body: Value,
    ) -> Incoming {
        Incoming {
            from: to.node.known(from.speaker.id().as_str()).await.unwrap(),
            to: to.speaker.clone(),
            msgcode: msgcode.to_owned(),
            sequence: sequence.to_owned(),
            body_hash: Sha256::of(body.to_string().as_bytes()),
            body,
        }
    }
}

/// A transaction of a test.
pub(crate) async fn run<F>(node: &Node, closure: F)
where
    F: for<'a> Fn(&'a mut store::Tx) -> futures_util::future::BoxFuture<'a, Result<(), Error>>
        + Send
        + Sync
        + 'static,
{
    node.store().run_tx("test", closure).await.unwrap();
}

/// As much of HTTP/1.1 as the client needs.
async fn serve(node: Node, listener: TcpListener, door: Arc<Door>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        tokio::spawn(talk(node.clone(), BufStream::new(stream), door.clone()));
    }
}

async fn talk(node: Node, mut stream: BufStream<TcpStream>, door: Arc<Door>) {
    while let Some((path, headers, body)) = request(&mut stream).await {
        door.came.fetch_add(1, Ordering::SeqCst);
        let pairs: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let msgcode = path.rsplit('/').next().unwrap_or_default();
        let reply = match msgcode {
            "deliver" => match deliver(&node, &pairs, &body, &mut stream, &door).await {
                Ok(true) => continue,
                Ok(false) => return,
                Err(error) => crate::refusal::reply(&error),
            },
            _ => crate::message::dispatch(&node, msgcode, pairs, &body).await,
        };
        let text = reply.to_body().to_string();
        let status = if reply.code.is_success() { 200 } else { 409 };
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
}

/// Sends a delivery; whether the connection is still good after it.
async fn deliver(
    node: &Node,
    headers: &[(&str, &str)],
    body: &[u8],
    stream: &mut BufStream<TcpStream>,
    door: &Door,
) -> Result<bool, Error> {
    let mut delivery = delivery::open(node, Envelope::parse(headers.iter().copied(), body)?).await?;
    let head = format!(
        "HTTP/1.1 {} -\r\ncontent-type: {}\r\ncontent-length: {}\r\nweir-digest: {}\r\nweir-bytes: {}\r\nweir-rows: {}\r\nweir-sequence: {}\r\n\r\n",
        if delivery.offset > 0 { 206 } else { 200 },
        delivery.media_type,
        delivery.length,
        delivery.whole.digest,
        delivery.whole.bytes,
        delivery.whole.rows,
        delivery.sequence,
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut left = door.cut_after.load(Ordering::SeqCst);
    while left > 0
        && let Some(Ok(piece)) = delivery.stream.next().await
    {
        let mut piece = piece[..piece.len().min(usize::try_from(left).unwrap_or(usize::MAX))].to_vec();
        left -= piece.len() as u64;
        if door.corrupts.load(Ordering::SeqCst) {
            piece[0] ^= 1;
        }
        if stream.write_all(&piece).await.is_err() {
            return Ok(false);
        }
    }
    Ok(stream.flush().await.is_ok() && left > 0)
}

async fn request(stream: &mut BufStream<TcpStream>) -> Option<(String, BTreeMap<String, String>, Vec<u8>)> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length: usize = headers.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((path, headers, body))
}

impl World {
    /// Fetches a whole delivery over HTTP.
    pub(crate) async fn fetch(&self, contract: &ContractId, use_id: &str) -> Result<Vec<u8>, Error> {
        let fetched =
            crate::fetch::open(&self.user.node, &self.user.speaker, contract.as_str(), Some(use_id), 0)
                .await?;
        read_all(fetched.stream).await
    }

    /// Lets a window's time pass, closes what is due, sends the windows over HTTP, and numbers all evidence.
    pub(crate) async fn settle(&self) {
        self.clock.advance_secs(1);
        super::close_due(&self.provider.node).await.unwrap();
        while crate::outbox::pump(&self.provider.node).await.unwrap() > 0 {}
        for node in [&self.provider.node, &self.user.node] {
            for log in node.logs().all() {
                crate::log::drain(node, log).await.unwrap();
            }
        }
    }
}

/// All bytes of a stream, or its error.
pub(crate) async fn read_all(
    stream: impl futures_util::Stream<Item = Result<bytes::Bytes, Error>>,
) -> Result<Vec<u8>, Error> {
    let mut stream = std::pin::pin!(stream);
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

impl World {
    /// What the clock shows.
    pub(crate) fn clock_micros(&self) -> i64 {
        self.provider.node.now().micros()
    }
}
