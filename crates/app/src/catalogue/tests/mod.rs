//! The catalogue's far side: registering, withdrawing and listing by message, the view that comes of it, finding and resolving.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod at_once;
mod own;

use crypto::Sha256;
use domain::TimeRange;
use domain::codes::DeliveryForm;
use domain::engine::SearchChange;
use domain::id::{ProductId, ResourceId};
use domain::terms::{Action, Terms};
use ndi::Message as _;
use ndi::weir_v1::catalogue::{ProductRegister, ResourceRegister};
use ndi::weir_v1::public_log::{Column, ColumnKind, FileFormat, I18nText, Profile};
use serde_json::json;

use super::*;
use crate::config::Role;
use crate::member::Speaker;
use crate::testkit::{PROVIDER, Site, Town, at, join, number, product_id, public, say, size};

fn title(text: &str) -> I18nText {
    I18nText { zh: None, en: Some(text.to_owned()) }
}

fn column() -> Column {
    Column {
        name: "O3".to_owned(),
        kind: ColumnKind::Integer,
        nulls: 0,
        min: None,
        max: None,
        title: Some(I18nText { zh: Some("臭氧".to_owned()), en: None }),
    }
}

fn resource(speaker: &Speaker, key: &str) -> ResourceRegister {
    ResourceRegister {
        local_key: key.to_owned(),
        connector: speaker.id().clone(),
        subject: speaker.subject().clone(),
        title: title("Air"),
        description: None,
        keywords: Vec::new(),
        profile: Profile {
            format: FileFormat::Csv,
            encoding: Some("utf-8".to_owned()),
            delimiter: Some(",".to_owned()),
            columns: vec![column()],
            rows: 1,
            bytes: 10,
            digest: Sha256::of(b"file"),
            time_range: None,
            nulls: 0,
        },
    }
}

fn product(speaker: &Speaker, resource: &ResourceId, name: &str) -> ProductRegister {
    let year = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap();
    ProductRegister {
        local_key: "p1".to_owned(),
        resource: resource.clone(),
        connector: speaker.id().clone(),
        subject: speaker.subject().clone(),
        provider: format!("Organisation {PROVIDER}"),
        title: title(name),
        description: None,
        keywords: Vec::new(),
        industry: None,
        delivery: DeliveryForm::Dataset,
        columns: vec![column()],
        rows: 1,
        bytes: 10,
        time_range: None,
        digest: Sha256::of(b"file"),
        offer: (&Terms::new(Action::Read, year)).into(),
    }
}

/// A town with a resource of the provider.
pub(in crate::catalogue) struct Market {
    pub(in crate::catalogue) town: Town,
    resource: ResourceId,
}

impl Market {
    pub(in crate::catalogue) async fn open() -> Market {
        let town = Town::new().await;
        let body = resource(&town.provider, "r1").to_body().unwrap();
        let reply = town.say(&town.region, "resourceRegister", &body).await;
        let resource = ResourceId::parse(reply.data["resourceId"].as_str().unwrap()).unwrap();
        Market { town, resource }
    }

    fn product(&self, name: &str) -> ProductRegister {
        product(&self.town.provider, &self.resource, name)
    }

    async fn register(&self, request: &ProductRegister) -> ndi::Reply {
        self.town.say(&self.town.region, "productRegister", &request.to_body().unwrap()).await
    }

    /// Registers a product under the provider's own name for it.
    pub(in crate::catalogue) async fn register_as(&self, key: &str, name: &str) {
        let request = ProductRegister { local_key: key.to_owned(), ..self.product(name) };
        assert_eq!(self.register(&request).await.code.to_string(), DONE);
    }

    /// The identifier of the region's product of that title.
    pub(in crate::catalogue) async fn product_of(&self, name: &str) -> String {
        let page = page(&self.town.region.node, None, 100).await.unwrap();
        let items = page["items"].as_array().unwrap();
        let found = items.iter().find(|item| item["title"]["en"] == name).unwrap();
        found["id"].as_str().unwrap().to_owned()
    }

    async fn code(&self, to: &Site, msgcode: &str, body: Value) -> String {
        self.town.say(to, msgcode, &body).await.code.to_string()
    }

    async fn registered(&self) -> ProductId {
        product_id(&self.register(&self.product("Air quality")).await)
    }

    async fn row(&self, site: &Site, id: &ProductId) -> Option<CatalogueRow> {
        let id = id.to_string();
        let read = site.node.store().read("test_row", move |read| {
            let id = id.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_catalogue(&id).await?) })
        });
        read.await.unwrap()
    }
}

const DONE: &str = "000000";
const NOT_ALLOWED: &str = "300109";
const NOT_HERE: &str = "300103";

#[tokio::test]
async fn the_same_local_key_is_the_same_object_with_what_was_said_last() {
    let market = Market::open().await;
    let again = resource(&market.town.provider, "r1").to_body().unwrap();
    let again = market.town.say(&market.town.region, "resourceRegister", &again).await;
    assert_eq!(again.data["resourceId"], market.resource.as_str());
    let other = resource(&market.town.provider, "r2").to_body().unwrap();
    let other = market.town.say(&market.town.region, "resourceRegister", &other).await;
    assert_ne!(other.data["resourceId"], market.resource.as_str());

    let id = market.registered().await;
    let renamed = market.register(&market.product("Clean air")).await;
    assert_eq!(product_id(&renamed), id);
    let view = product_view(&market.town.region.node, id.as_str()).await.unwrap();
    assert_eq!((&view["title"]["en"], &view["listings"]), (&json!("Clean air"), &json!([])));
    indexing::drain(&market.town.region.node).await.unwrap();
    assert_eq!(market.town.region.shelf.documents.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn nobody_registers_for_another_or_elsewhere() {
    let market = Market::open().await;
    let town = &market.town;
    let guest = Site::open(Role::Host, "guest", crypto::Suite::Sm, &town.clock).await;
    let joined = join(&town.region.node, &guest.node, 30, "connector", None).await.unwrap();
    let stranger = guest.node.tenant(&joined.connector).unwrap();
    let code = async |speaker: &Speaker, to: &Site, msgcode: &str, body: Value| {
        say(speaker, &to.node, msgcode, &body).await.code.to_string()
    };
    let foreign = resource(&town.provider, "r9").to_body().unwrap();
    assert_eq!(code(&stranger, &town.region, "resourceRegister", foreign.clone()).await, NOT_ALLOWED);
    assert_eq!(code(&town.provider, &town.service, "resourceRegister", foreign).await, NOT_ALLOWED);
    let borrowed = product(&stranger, &market.resource, "Air").to_body().unwrap();
    assert_eq!(code(&stranger, &town.region, "productRegister", borrowed).await, NOT_ALLOWED, "another name");
    let named = ProductRegister {
        provider: "Organisation 30".to_owned(),
        ..product(&stranger, &market.resource, "Air")
    };
    let borrowed = named.to_body().unwrap();
    assert_eq!(
        code(&stranger, &town.region, "productRegister", borrowed).await,
        NOT_HERE,
        "another's resource"
    );
    let id = market.registered().await;
    let withdraw = json!({"productId": id, "reason": "r"});
    assert_eq!(code(&stranger, &town.region, "productWithdraw", withdraw).await, NOT_HERE);
    town.carry().await;
    let list = json!({"productId": id});
    assert_eq!(code(&stranger, &town.service, "productList", list).await, NOT_ALLOWED, "another's product");
    let renamed = ProductRegister { provider: "国家气象局".to_owned(), ..market.product("Air") };
    assert_eq!(market.register(&renamed).await.code.to_string(), NOT_ALLOWED);
}

#[tokio::test]
async fn an_offer_of_fields_that_the_resource_lacks_is_refused() {
    let market = Market::open().await;
    let mut request = market.product("Air");
    request.offer.fields = Some(vec!["SO2".to_owned()]);
    assert_eq!(market.register(&request).await.code.to_string(), "300104");
    request.offer.fields = Some(vec!["O3".to_owned()]);
    assert_eq!(market.register(&request).await.code.to_string(), DONE);
}

#[tokio::test]
async fn a_listed_product_is_seen_everywhere_until_it_is_withdrawn() {
    let market = Market::open().await;
    let (town, id) = (&market.town, market.registered().await);
    town.carry().await;
    assert_eq!(market.code(&town.service, "productList", json!({"productId": id})).await, DONE);
    town.carry().await;
    let service = town.service.node.speaker().unwrap().id().to_string();
    for site in [&town.region, &town.global, &town.other, &town.service] {
        assert!(market.row(site, &id).await.unwrap().listed, "{:?}", site.node);
        let view = product_view(&site.node, id.as_str()).await.unwrap();
        assert_eq!(view["listings"], json!([service]));
        assert!(site.shelf.documents.lock().unwrap().contains_key(id.as_str()));
    }
    let page = page(&town.other.node, None, 10).await.unwrap();
    assert_eq!((&page["total"], &page["items"][0]["id"]), (&json!(1), &json!(id)));

    let withdraw = json!({"productId": id, "reason": "replaced"});
    assert_eq!(market.code(&town.region, "productWithdraw", withdraw).await, DONE);
    town.carry().await;
    for site in [&town.region, &town.global, &town.other, &town.service] {
        assert!(!market.row(site, &id).await.unwrap().listed, "{:?}", site.node);
        let view = product_view(&site.node, id.as_str()).await.unwrap();
        assert_eq!((&view["status"], &view["listings"]), (&json!("withdrawn"), &json!([])));
        assert!(site.shelf.documents.lock().unwrap().is_empty(), "it is not found any more");
    }
    assert_eq!(market.code(&town.service, "productList", json!({"productId": id})).await, NOT_ALLOWED);
    assert_eq!(
        market.code(&town.service, "productDelist", json!({"productId": id, "reason": "r"})).await,
        DONE
    );
}

#[tokio::test]
async fn a_listing_that_comes_before_its_product_waits_for_it() {
    let market = Market::open().await;
    let (town, id) = (&market.town, market.registered().await);
    town.carry().await;
    market.code(&town.service, "productList", json!({"productId": id})).await;
    number(&town.service.node).await;
    let fresh = Site::open(Role::Region, "late", crypto::Suite::Sm, &town.clock).await;
    let listing = {
        let log = public(&town.service.node);
        let frame = crate::testkit::frame(&town.service.node, &log, 0).await.unwrap();
        PublicBody::read(frame.entries.last().unwrap().body.as_ref().unwrap()).unwrap()
    };
    let product = shelf::find_product(&town.region.node, id.as_str()).await.unwrap().unwrap();
    for (body, listed) in [(listing, None), (PublicBody::Product(product), Some(true))] {
        let written = fresh.node.store().run_tx("test_apply", move |tx| {
            let body = body.clone();
            Box::pin(
                async move { apply(tx, "weir/x/public", &body, domain::Timestamp::from_micros(0)).await },
            )
        });
        written.await.unwrap();
        assert_eq!(market.row(&fresh, &id).await.map(|row| row.listed), listed);
    }
}

#[tokio::test]
async fn search_gives_what_the_index_finds_with_its_listings() {
    let market = Market::open().await;
    let (town, id) = (&market.town, market.registered().await);
    let found = town.say(&town.region, "search", &json!({"text": "quality", "offset": 0, "limit": 5})).await;
    assert_eq!((&found.data["total"], &found.data["items"][0]["id"]), (&json!(1), &json!(id)));
    let nothing = town.say(&town.region, "search", &json!({"text": "water", "offset": 0, "limit": 5})).await;
    assert_eq!(nothing.data, json!({"total": 0, "items": []}));
    let unbounded = json!({"text": "", "offset": 0, "limit": 101});
    assert!(market.code(&town.region, "search", unbounded).await.starts_with('2'));
}

#[test]
fn column_titles_are_words_of_a_product() {
    let mut body: ProductBody = {
        let id = crate::testkit::credit_code(1);
        let subject = domain::id::SubjectCode::uscc(&id).unwrap();
        let area = domain::id::AreaCode::parse("1100").unwrap();
        let connector =
            domain::id::NodeId::mint(domain::id::IdKind::Connector, &subject, area, rand::random::<u64>);
        let year = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap();
        ProductBody {
            type_: ndi::weir_v1::public_log::BodyType::Product,
            at: 0,
            id: ProductId::mint(&subject, area, rand::random::<u64>).unwrap(),
            resource: ResourceId::mint(&subject, area, rand::random::<u64>).unwrap(),
            connector: connector.unwrap(),
            subject,
            provider: "o".to_owned(),
            title: title("Air"),
            description: None,
            keywords: Vec::new(),
            industry: None,
            delivery: DeliveryForm::Dataset,
            columns: vec![column()],
            rows: 0,
            bytes: 0,
            time_range: None,
            digest: Sha256::of(b""),
            offer: (&Terms::new(Action::Read, year)).into(),
            status: Status::Registered,
        }
    };
    let SearchChange::Upsert(document) = indexing::change(&body) else { panic!("it is not withdrawn") };
    assert!(document.keywords.zh.contains(&"臭氧".to_owned()));
    assert_eq!(document.columns, ["O3"]);
    body.status = Status::Withdrawn;
    assert_eq!(indexing::change(&body), SearchChange::Remove(body.id));
}

#[tokio::test]
async fn identifiers_of_every_kind_are_resolved_to_an_address() {
    let market = Market::open().await;
    let (town, id) = (&market.town, market.registered().await);
    town.carry().await;
    let host = town.host.node.config().address.clone();
    let of = |site: &Site| site.node.speaker().unwrap().id().to_string();
    for (id, kind, address, status) in [
        (id.to_string(), "product", &host, "registered"),
        (market.resource.to_string(), "resource", &host, "registered"),
        (of(&town.host), "connector", &host, "certified"),
        (of(&town.service), "service", &town.service.node.config().address, "certified"),
        (of(&town.region), "region", &town.region.node.config().address, "certified"),
        (of(&town.global), "global", &town.global.node.config().address, "certified"),
    ] {
        for site in [&town.region, &town.global] {
            let found = search::resolve(&site.node, &id).await.unwrap();
            let told = (found.kind.as_str(), found.address.as_ref(), found.status.code());
            assert_eq!(told, (kind, Some(address), status), "{id}");
        }
    }
    let asked = town.say(&town.region, "resolve", &json!({"id": id})).await;
    assert_eq!(asked.data["kind"], "product");
    let unknown = ProductId::mint(
        town.provider.subject(),
        domain::id::AreaCode::parse("1100").unwrap(),
        rand::random::<u64>,
    );
    assert_eq!(market.code(&town.region, "resolve", json!({"id": unknown.unwrap()})).await, NOT_HERE);
    assert!(market.code(&town.region, "resolve", json!({"id": "rubbish"})).await.starts_with('2'));
}

#[tokio::test]
async fn what_waits_is_indexed_together() {
    let market = Market::open().await;
    let town = &market.town;
    let log = public(&town.region.node);
    let start = size(&town.global.node, &log).await;
    let mut frames = Vec::new();
    for key in ["a", "b", "c"] {
        let request = ProductRegister { local_key: key.to_owned(), ..market.product(key) };
        assert_eq!(market.register(&request).await.code.to_string(), DONE);
        number(&town.region.node).await;
    }
    let mut cursor = start;
    let whole = crate::testkit::frame(&town.region.node, &log, start).await.unwrap();
    for entry in whole.entries {
        let checkpoint = town.region.node.store().read("test_note", {
            let log = log.clone();
            move |read| {
                let log = log.clone();
                Box::pin(async move { Ok::<_, Error>(read.checkpoint_covering(&log, cursor).await?) })
            }
        });
        let checkpoint = checkpoint.await.unwrap().unwrap();
        frames.push((cursor, entry, checkpoint));
        cursor += 1;
    }
    let changes = |site: &Site| site.shelf.changes.lock().unwrap().clone();
    let before = changes(&town.global).len();
    let mut grouped: Vec<ndi::weir_v1::feed::FeedFrame> = Vec::new();
    for (first, entry, checkpoint) in frames {
        match grouped.last_mut().filter(|last| last.checkpoint == checkpoint) {
            Some(last) => last.entries.push(entry),
            None => grouped.push(ndi::weir_v1::feed::FeedFrame {
                origin: log.clone(),
                first,
                entries: vec![entry],
                checkpoint,
            }),
        }
    }
    assert!(grouped.len() >= 3, "a checkpoint each");
    let id = town.region.node.speaker().unwrap().id().clone();
    let source = crate::message::Target { id, address: String::new() };
    let mut refused = std::collections::BTreeSet::new();
    crate::feed::take::take_waiting(&town.global.node, &source, grouped, &mut refused).await.unwrap();
    assert!(refused.is_empty());
    indexing::drain(&town.global.node).await.unwrap();
    assert_eq!(changes(&town.global)[before..], [3]);
}
