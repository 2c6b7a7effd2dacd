//! A small network for tests: a user's host, a provider's host and a service node, with certificates under one root, real stores on disk
//! and real HTTP on loopback. Who knows whom is written into the stores, as the feed would have done it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crypto::cert::{Authority, Chain, Roots, Subject, Validity, self_signed_ca};
use crypto::{SigningKey, Suite};
use dataplane::FileStamp;
use domain::catalogue::{
    Column, ColumnKind, Format, I18n, Keywords, NewProduct, Product, ProductInput, Profile, Resource,
    ResourceInput,
};
use domain::codes::DeliveryForm;
use domain::engine::ManualClock;
use domain::id::{AreaCode, IdKind, NodeId, ProductId, ResourceId, SubjectCode};
use domain::terms::{Action, Terms};
use domain::{TimeRange, Timestamp};
use ndi::weir_v1::convert::keywords_of;
use ndi::weir_v1::public_log::{
    BodyType, ConnectorBody, I18nText, ListingBody, NodeBody, NodeKind, OrganisationBody, ProductBody,
    PublicBody,
};
use ndi::weir_v1::terms::TermsObject;
use ndi::weir_v1::{Status, SuiteCode};
use store::{Body, DirectoryRow, ProductRow, ResourceRow, Store, StoreOptions, StoreUrl, Tx};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};

use crate::catalogue::product::{Negotiation, OwnProduct};
use crate::config::{Limits, NodeConfig, Role};
use crate::entropy::OsEntropy;
use crate::member::{Membership, OrganisationKey, PeerNode, Speaker, Standing};
use crate::{Error, Node, Parts};

pub const SERVICE_SUBJECT: &str = "91110000MA0TE5T08H";
pub const PROVIDER_SUBJECT: &str = "91110000600037341L";
pub const USER_SUBJECT: &str = "91310105575958172F";

/// One party's process: its node, and how its door behaves.
pub struct Site {
    pub node: Node,
    pub door: Arc<Door>,
    _folder: tempfile::TempDir,
}

/// What happens to messages on their way in, and how many came.
#[derive(Default)]
pub struct Door {
    /// Refuse connections.
    pub closed: AtomicBool,
    /// Handle the message, and lose the answer.
    pub loses_answers: AtomicBool,
    /// Messages that came.
    pub came: AtomicU64,
}

pub struct World {
    pub user: Site,
    pub provider: Site,
    pub service: Site,
    pub product: ProductId,
    pub clock: Arc<ManualClock>,
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub fn year() -> TimeRange {
    TimeRange::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap()
}

/// Read, once, in 2026, two fields.
pub fn offer() -> Terms {
    Terms::new(Action::Read, year()).with_count(1)
}

pub fn subject(text: &str) -> SubjectCode {
    SubjectCode::parse(text).unwrap()
}

fn area() -> AreaCode {
    AreaCode::parse("1100").unwrap()
}

/// A certified key with its chain.
struct Issued {
    key: SigningKey,
    chain: Chain,
}

/// The certificate authority of the test.
struct Registrar {
    authority: Authority,
    trust: String,
}

impl Registrar {
    fn new() -> Registrar {
        let key = SigningKey::generate(Suite::Sm).unwrap();
        let subject = Subject { cn: "localhost".into(), ou: "root".into(), o: "Root".into() };
        let root = self_signed_ca(&key, &subject, Self::validity()).unwrap();
        Registrar { trust: root.to_pem(), authority: Authority::root(key, root).unwrap() }
    }

    fn validity() -> Validity {
        Validity::days(at("2025-01-01T00:00:00Z").secs(), 3650).unwrap()
    }

    fn issue(&self, suite: Suite, ou: &str, o: &str) -> Issued {
        let key = SigningKey::generate(suite).unwrap();
        let subject = Subject { cn: "localhost".into(), ou: ou.into(), o: o.into() };
        let chain = self.authority.issue_leaf(&subject, key.public_key(), Self::validity(), &[]).unwrap();
        Issued { key, chain }
    }

    fn roots(&self) -> Roots {
        Roots::from_pem(&self.trust).unwrap()
    }
}

/// One party before its node is complete.
struct Party {
    id: NodeId,
    subject: SubjectCode,
    name: &'static str,
    suite: Suite,
    sign: Issued,
    organisation: Issued,
    address: String,
}

impl Party {
    fn new(
        registrar: &Registrar,
        kind: IdKind,
        code: &str,
        name: &'static str,
        suite: Suite,
        address: String,
    ) -> Party {
        let subject = subject(code);
        let id = NodeId::mint(kind, &subject, area(), rand::random::<u64>).unwrap();
        let sign = registrar.issue(suite, id.as_str(), name);
        let organisation = registrar.issue(suite, subject.as_str(), name);
        Party { id, subject, name, suite, sign, organisation, address }
    }

    fn speaker(&self, trust: &str, root_node: PeerNode) -> Speaker {
        Speaker {
            membership: Membership {
                id: self.id.clone(),
                subject: self.subject.clone(),
                area: area(),
                name: self.name.to_owned(),
                sign_chain: self.sign.chain.clone(),
                organisation_chain: Some(self.organisation.chain.clone()),
                authority_chain: None,
                trust: trust.to_owned(),
                upstream: None,
                root_node,
            },
            key: self.sign.key.clone(),
            organisation: Some(OrganisationKey {
                key: self.organisation.key.clone(),
                chain: self.organisation.chain.clone(),
            }),
        }
    }

    fn suite_code(&self) -> SuiteCode {
        match self.suite {
            Suite::Sm => SuiteCode::Sm,
            Suite::Intl => SuiteCode::Intl,
        }
    }

    fn organisation_body(&self) -> PublicBody {
        PublicBody::Organisation(OrganisationBody {
            type_: BodyType::Organisation,
            at: 0,
            subject: self.subject.clone(),
            name: self.name.to_owned(),
            area: area(),
            chain: crate::directory::chain_to_wire(&self.organisation.chain),
            status: Status::Certified,
        })
    }

    fn connector_body(&self) -> PublicBody {
        PublicBody::Connector(ConnectorBody {
            type_: BodyType::Connector,
            at: 0,
            id: self.id.clone(),
            subject: self.subject.clone(),
            name: self.name.to_owned(),
            area: area(),
            address: self.address.clone(),
            suite: self.suite_code(),
            sign_chain: crate::directory::chain_to_wire(&self.sign.chain),
            status: Status::Certified,
        })
    }

    fn node_body(&self, log_vkey: String) -> PublicBody {
        PublicBody::Node(NodeBody {
            type_: BodyType::Node,
            at: 0,
            id: self.id.clone(),
            kind: NodeKind::Service,
            subject: self.subject.clone(),
            name: self.name.to_owned(),
            area: area(),
            address: self.address.clone(),
            suite: self.suite_code(),
            sign_chain: crate::directory::chain_to_wire(&self.sign.chain),
            log_vkey,
            status: Status::Certified,
        })
    }
}

fn directory_row(id: &str, kind: &str, owner: &str, body: &PublicBody) -> DirectoryRow {
    DirectoryRow {
        id: id.to_owned(),
        kind: kind.to_owned(),
        owner: owner.to_owned(),
        area: area().to_string(),
        origin: "test".to_owned(),
        address: None,
        key_id: None,
        status: "certified".to_owned(),
        updated_at: 0,
        body: crate::log::stored_body(body).unwrap(),
    }
}

pub fn profile() -> Profile {
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: ColumnKind::Decimal,
        nulls: 0,
        min: None,
        max: None,
        title: None,
    };
    Profile {
        format: Format::Csv,
        encoding: "utf-8".to_owned(),
        delimiter: Some(','),
        columns: ["hour", "PM2.5", "O3"].map(column).to_vec(),
        rows: 100,
        bytes: 4096,
        sha256: crypto::Sha256::of(b"file"),
        time_range: None,
        null_cells: 0,
    }
}

/// What the provider has registered.
struct Goods {
    resource: Resource,
    product: Product,
}

impl Goods {
    fn new(provider: &Party, now: Timestamp) -> Goods {
        let mint = rand::random::<u64>;
        let resource_id = ResourceId::mint(&provider.subject, area(), mint).unwrap();
        let title = I18n::new("奥体中心空气质量", "Air quality at Aotizhongxin");
        let texts = (title.clone(), I18n::default());
        let resource =
            Resource::catalogue("r1".into(), provider.id.clone(), texts, Keywords::default(), profile(), now)
                .unwrap();
        let resource = resource.next.step(ResourceInput::Submit, now).unwrap().next;
        let resource =
            resource.step(ResourceInput::IdAssigned { id: resource_id.clone() }, now).unwrap().next;
        let new = NewProduct {
            key: "p1".into(),
            resource: resource_id,
            connector: provider.id.clone(),
            title,
            description: I18n::default(),
            keywords: Keywords::default(),
            industry: None,
            delivery: DeliveryForm::Dataset,
            offer: offer(),
        };
        let product = Product::draft(new, &resource.profile, now).unwrap().next;
        let product = product.step(ProductInput::Submit, now).unwrap().next;
        let id = ProductId::mint(&provider.subject, area(), mint).unwrap();
        let product = product.step(ProductInput::IdAssigned { id }, now).unwrap().next;
        Goods { resource, product }
    }

    fn id(&self) -> ProductId {
        self.product.id.clone().unwrap()
    }

    fn body(&self, provider: &Party) -> PublicBody {
        let product = &self.product;
        PublicBody::Product(ProductBody {
            type_: BodyType::Product,
            at: 0,
            id: self.id(),
            resource: product.resource.clone(),
            connector: product.connector.clone(),
            subject: provider.subject.clone(),
            provider: provider.name.to_owned(),
            title: I18nText::of(&product.title).unwrap(),
            description: None,
            keywords: keywords_of(&product.keywords),
            industry: None,
            delivery: product.delivery,
            columns: self.resource.profile.columns.iter().map(Into::into).collect(),
            rows: self.resource.profile.rows,
            bytes: self.resource.profile.bytes,
            time_range: None,
            digest: self.resource.profile.sha256,
            offer: TermsObject::from(&product.offer),
            status: Status::Registered,
        })
    }

    fn resource_row(&self) -> ResourceRow {
        let stamp = FileStamp { size: 4096, modified_ns: 0, inode: 1 };
        ResourceRow {
            tenant: self.resource.owner.to_string(),
            key: self.resource.key.clone(),
            id: self.resource.id.as_ref().map(ToString::to_string),
            state: "registered".to_owned(),
            source: Some("/nowhere.csv".to_owned()),
            stamp: Some(serde_json::to_string(&stamp).unwrap()),
            updated_at: 0,
            body: Body::versioned(1, &self.resource).unwrap(),
        }
    }

    fn product_row(&self, negotiation: Negotiation) -> ProductRow {
        let own = OwnProduct { awaits_region: false, ..OwnProduct::new(self.product.clone(), negotiation) };
        ProductRow {
            tenant: self.product.connector.to_string(),
            key: self.product.key.clone(),
            id: Some(self.id().to_string()),
            resource: self.product.resource.to_string(),
            state: "registered".to_owned(),
            updated_at: 0,
            body: Body::versioned(1, &own).unwrap(),
        }
    }
}

/// Everything that each party is told of the others.
struct News {
    directory: Vec<DirectoryRow>,
    product: PublicBody,
    listing: PublicBody,
}

impl News {
    async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        for row in &self.directory {
            tx.put_directory(row).await?;
        }
        crate::catalogue::apply(tx, "test", &self.product, Timestamp::from_micros(0)).await?;
        crate::catalogue::apply(tx, "test", &self.listing, Timestamp::from_micros(0)).await
    }
}

async fn open(role: Role, address: &str, suite: Suite, clock: Arc<ManualClock>) -> (Node, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = StoreUrl::sqlite(folder.path().join("weir.db"));
    let parts = Parts {
        config: NodeConfig {
            role,
            name: "test".into(),
            address: address.to_owned(),
            suite,
            folder: folder.path().to_owned(),
            limits: Limits::default(),
        },
        store: Store::open(&url, StoreOptions::default()).await.unwrap(),
        client: net::Client::new(net::ClientOptions { allow_private: true, ..Default::default() }).unwrap(),
        clock,
        entropy: Arc::new(OsEntropy),
        search: None,
    };
    (Node::open(parts).await.unwrap(), folder)
}

impl World {
    /// A user of suite `intl`, a provider of suite `sm` that negotiates as given, and a service node that lists its product.
    pub async fn new(negotiation: Negotiation) -> World {
        let clock = Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z")));
        let mut listeners = Vec::new();
        for _ in 0..3 {
            listeners.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
        }
        let address = |index: usize| format!("http://{}", listeners[index].local_addr().unwrap());
        let registrar = Registrar::new();
        let user = Party::new(
            &registrar,
            IdKind::Connector,
            USER_SUBJECT,
            "Shanghai Laboratory",
            Suite::Intl,
            address(0),
        );
        let provider =
            Party::new(&registrar, IdKind::Connector, PROVIDER_SUBJECT, "奥体中心站", Suite::Sm, address(1));
        let service =
            Party::new(&registrar, IdKind::ServiceNode, SERVICE_SUBJECT, "Exchange", Suite::Sm, address(2));
        let (user_node, user_folder) = open(Role::Host, &user.address, user.suite, clock.clone()).await;
        let (provider_node, provider_folder) =
            open(Role::Host, &provider.address, provider.suite, clock.clone()).await;
        let (service_node, service_folder) =
            open(Role::Service, &service.address, service.suite, clock.clone()).await;
        let log_vkey = service_node.logs().public().unwrap().identity().to_string();
        let root_node = PeerNode {
            id: service.id.clone(),
            name: "root".into(),
            address: service.address.clone(),
            suite: Suite::Sm,
            sign_chain: service.sign.chain.clone(),
            log_vkey: log_vkey.clone(),
            signature: service.sign.key.sign(b"").unwrap(),
        };
        let goods = Goods::new(&provider, at("2026-01-01T00:00:00Z"));
        user_node.add_tenant(user.speaker(&registrar.trust, root_node.clone()), registrar.roots());
        provider_node.add_tenant(provider.speaker(&registrar.trust, root_node.clone()), registrar.roots());
        let speaker =
            Arc::new(Speaker { organisation: None, ..service.speaker(&registrar.trust, root_node) });
        service_node.set_standing(Standing { speaker, authority: None }, registrar.roots());
        let news = Arc::new(news(&user, &provider, &service, &goods, log_vkey));
        for node in [&user_node, &provider_node, &service_node] {
            let news = news.clone();
            let written = node.store().run_tx("test_news", move |tx| {
                let news = news.clone();
                Box::pin(async move { news.write(tx).await })
            });
            written.await.unwrap();
        }
        own(&provider_node, goods.resource_row(), goods.product_row(negotiation)).await;
        let site = |node: Node, folder, listener| {
            let door = Arc::new(Door::default());
            tokio::spawn(serve(node.clone(), listener, door.clone()));
            Site { node, door, _folder: folder }
        };
        let mut listeners = listeners.into_iter();
        World {
            user: site(user_node, user_folder, listeners.next().unwrap()),
            provider: site(provider_node, provider_folder, listeners.next().unwrap()),
            service: site(service_node, service_folder, listeners.next().unwrap()),
            product: goods.id(),
            clock,
        }
    }

    /// The same with every outbox at work.
    pub async fn started(negotiation: Negotiation) -> World {
        let world = World::new(negotiation).await;
        for site in [&world.user, &world.provider, &world.service] {
            site.node.spawn("outbox", crate::outbox::deliver(site.node.clone()));
        }
        world
    }
}

fn news(user: &Party, provider: &Party, service: &Party, goods: &Goods, log_vkey: String) -> News {
    let mut directory = Vec::new();
    for party in [user, provider] {
        directory.push(directory_row(
            party.id.as_str(),
            "connector",
            party.subject.as_str(),
            &party.connector_body(),
        ));
        let organisation = party.organisation_body();
        directory.push(directory_row(
            party.subject.as_str(),
            "organisation",
            party.subject.as_str(),
            &organisation,
        ));
    }
    let node = service.node_body(log_vkey);
    directory.push(directory_row(service.id.as_str(), "service", service.subject.as_str(), &node));
    let listing = PublicBody::Listing(ListingBody {
        type_: BodyType::Listing,
        at: 0,
        product: goods.id(),
        service_node: service.id.clone(),
        status: Status::Listed,
    });
    News { directory, product: goods.body(provider), listing }
}

async fn own(node: &Node, resource: ResourceRow, product: ProductRow) {
    let written = node.store().run_tx("test_goods", move |tx| {
        let (resource, product) = (resource.clone(), product.clone());
        Box::pin(async move {
            tx.put_resource(&resource).await?;
            Ok::<_, Error>(tx.put_product(&product).await?)
        })
    });
    written.await.unwrap();
}

impl Site {
    /// The connector that the site hosts.
    pub fn speaker(&self) -> Arc<Speaker> {
        self.node.tenants().pop().unwrap()
    }

    pub fn came(&self) -> u64 {
        self.door.came.load(Ordering::SeqCst)
    }
}

/// As much of HTTP/1.1 as the client needs.
async fn serve(node: Node, listener: TcpListener, door: Arc<Door>) {
    while let Ok((stream, _)) = listener.accept().await {
        if door.closed.load(Ordering::SeqCst) {
            continue;
        }
        stream.set_nodelay(true).unwrap();
        tokio::spawn(talk(node.clone(), BufStream::new(stream), door.clone()));
    }
}

async fn talk(node: Node, mut stream: BufStream<TcpStream>, door: Arc<Door>) {
    while let Some((path, headers, body)) = request(&mut stream).await {
        if door.closed.load(Ordering::SeqCst) {
            return;
        }
        door.came.fetch_add(1, Ordering::SeqCst);
        let msgcode = path.rsplit('/').next().unwrap_or_default();
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let reply = crate::message::dispatch(&node, msgcode, pairs, &body).await;
        if door.loses_answers.load(Ordering::SeqCst) {
            return;
        }
        let text = reply.to_body().to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }
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
