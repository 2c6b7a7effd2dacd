//! Who may publish what, as a table; whose word stands where two origins say something of one object.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::Sha256;
use domain::codes::DeliveryForm;
use domain::id::{ProductId, ResourceId, SubjectCode};
use domain::terms::{Action, Terms};
use domain::{TimeRange, Timestamp};
use ledger::note::NoteVerifier;
use ndi::weir_v1::SuiteCode;
use ndi::weir_v1::public_log::{BodyType, FileFormat, I18nText, Profile};

use super::*;
use crate::testkit::{at, credit_code};

fn area(code: &str) -> AreaCode {
    AreaCode::parse(code).unwrap()
}

fn subject(number: u32) -> SubjectCode {
    SubjectCode::uscc(&credit_code(number)).unwrap()
}

fn node_id(kind: IdKind, number: u32, place: &str) -> NodeId {
    NodeId::mint(kind, &subject(number), area(place), counting(number)).unwrap()
}

/// The same numbers each time.
fn counting(from: u32) -> impl FnMut() -> u64 {
    let mut next = u64::from(from);
    move || {
        next += 1;
        next
    }
}

fn vkey(origin: &str) -> String {
    NoteVerifier::ed25519(origin, crypto::LogKey::generate().unwrap().public()).unwrap().to_string()
}

/// A log that is named by its own key.
fn own_vkey() -> String {
    let key = crypto::LogKey::generate().unwrap().public();
    let name = crate::log::log_name(Sha256::of(&key.to_bytes()), "public");
    NoteVerifier::ed25519(&name, key).unwrap().to_string()
}

fn origin(kind: NodeKind, place: &str) -> Origin {
    let log = format!("weir/{}/public", kind.code());
    Origin {
        identity: vkey(&log).parse().unwrap(),
        node: node_id(kind_of(kind), 1, place),
        name: kind.code().to_owned(),
        kind,
        area: area(place),
        certified: true,
    }
}

fn node(kind: NodeKind, number: u32, place: &str) -> NodeBody {
    NodeBody {
        type_: BodyType::Node,
        at: 0,
        id: node_id(kind_of(kind), number, place),
        kind,
        subject: subject(number),
        name: "n".to_owned(),
        area: area(place),
        address: "http://127.0.0.1:1".to_owned(),
        suite: SuiteCode::Sm,
        sign_chain: Vec::new(),
        log_vkey: own_vkey(),
        status: Status::Certified,
    }
}

fn organisation(place: &str) -> OrganisationBody {
    OrganisationBody {
        type_: BodyType::Organisation,
        at: 0,
        subject: subject(5),
        name: "o".to_owned(),
        area: area(place),
        chain: Vec::new(),
        status: Status::Certified,
    }
}

fn connector(place: &str) -> ConnectorBody {
    ConnectorBody {
        type_: BodyType::Connector,
        at: 0,
        id: node_id(IdKind::Connector, 5, place),
        subject: subject(5),
        name: "c".to_owned(),
        area: area(place),
        address: "http://127.0.0.1:1".to_owned(),
        suite: SuiteCode::Sm,
        sign_chain: Vec::new(),
        status: Status::Certified,
    }
}

fn title() -> I18nText {
    I18nText { zh: None, en: Some("t".to_owned()) }
}

fn resource(place: &str) -> ResourceBody {
    ResourceBody {
        type_: BodyType::Resource,
        at: 0,
        id: ResourceId::mint(&subject(5), area(place), counting(7)).unwrap(),
        connector: node_id(IdKind::Connector, 5, place),
        subject: subject(5),
        title: title(),
        description: None,
        keywords: Vec::new(),
        profile: Profile {
            format: FileFormat::Csv,
            encoding: None,
            delimiter: None,
            columns: Vec::new(),
            rows: 0,
            bytes: 0,
            digest: Sha256::of(b""),
            time_range: None,
            nulls: 0,
        },
        status: Status::Registered,
    }
}

fn product(place: &str) -> ProductBody {
    let year = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap();
    ProductBody {
        type_: BodyType::Product,
        at: 0,
        id: ProductId::mint(&subject(5), area(place), counting(7)).unwrap(),
        resource: ResourceId::mint(&subject(5), area(place), counting(7)).unwrap(),
        connector: node_id(IdKind::Connector, 5, place),
        subject: subject(5),
        provider: "o".to_owned(),
        title: title(),
        description: None,
        keywords: Vec::new(),
        industry: None,
        delivery: DeliveryForm::Dataset,
        columns: Vec::new(),
        rows: 0,
        bytes: 0,
        time_range: None,
        digest: Sha256::of(b""),
        offer: (&Terms::new(Action::Read, year)).into(),
        status: Status::Registered,
    }
}

fn listing(service_node: NodeId) -> ListingBody {
    let product = product("1100").id;
    ListingBody { type_: BodyType::Listing, at: 0, product, service_node, status: Status::Listed }
}

/// Every sort of body, in 1100 and elsewhere, with the origins that may publish it.
#[test]
fn each_origin_publishes_its_own_alone() {
    let global = origin(NodeKind::Global, "1100");
    let region = origin(NodeKind::Region, "1100");
    let other = origin(NodeKind::Region, "3100");
    let industry = origin(NodeKind::Industry, "0077");
    let service = origin(NodeKind::Service, "1100");
    let all = [("G", &global), ("R", &region), ("O", &other), ("I", &industry), ("S", &service)];
    let own_service =
        NodeBody { id: service.node.clone(), subject: subject(1), ..node(NodeKind::Service, 1, "1100") };
    let own_region =
        NodeBody { id: region.node.clone(), subject: subject(1), ..node(NodeKind::Region, 1, "1100") };
    let table: Vec<(&str, PublicBody, &str)> = vec![
        ("the global node", PublicBody::Node(node(NodeKind::Global, 1, "1100")), "G"),
        ("another global node", PublicBody::Node(node(NodeKind::Global, 9, "1100")), ""),
        ("a region", PublicBody::Node(node(NodeKind::Region, 9, "1100")), "G"),
        ("a region by itself", PublicBody::Node(own_region), "G"),
        ("an industry", PublicBody::Node(node(NodeKind::Industry, 9, "0077")), "G"),
        ("a service node", PublicBody::Node(node(NodeKind::Service, 9, "1100")), "R"),
        ("a service node by itself", PublicBody::Node(own_service), "R"),
        ("a service node elsewhere", PublicBody::Node(node(NodeKind::Service, 9, "3100")), "O"),
        ("an organisation", PublicBody::Organisation(organisation("1100")), "R"),
        ("an organisation elsewhere", PublicBody::Organisation(organisation("3100")), "O"),
        ("an organisation of an industry", PublicBody::Organisation(organisation("0077")), "I"),
        ("a connector", PublicBody::Connector(connector("1100")), "R"),
        ("a connector elsewhere", PublicBody::Connector(connector("3100")), "O"),
        ("a resource", PublicBody::Resource(resource("1100")), "R"),
        ("a resource elsewhere", PublicBody::Resource(resource("3100")), "O"),
        ("a product", PublicBody::Product(product("1100")), "R"),
        ("a product of an industry", PublicBody::Product(product("0077")), "I"),
        ("a listing", PublicBody::Listing(listing(service.node.clone())), "S"),
        ("a listing of another", PublicBody::Listing(listing(node_id(IdKind::ServiceNode, 9, "1100"))), ""),
        ("a region's shelf", PublicBody::Listing(listing(region.node.clone())), ""),
    ];
    for (what, body, expected) in table {
        let may: String =
            all.iter().filter(|(_, origin)| origin.may_publish(&body)).map(|(name, _)| *name).collect();
        assert_eq!(may, expected, "{what}");
    }
}

#[test]
fn what_contradicts_itself_is_nobodys_to_publish() {
    let region = origin(NodeKind::Region, "1100");
    let global = origin(NodeKind::Global, "1100");
    let promoted = NodeBody { kind: NodeKind::Region, ..node(NodeKind::Service, 9, "1100") };
    let moved = NodeBody { area: area("3100"), ..node(NodeKind::Region, 9, "1100") };
    let lent = NodeBody { subject: subject(8), ..node(NodeKind::Region, 9, "1100") };
    for (what, body) in [("kind", promoted), ("area", moved), ("subject", lent)] {
        let body = PublicBody::Node(body);
        assert!(!global.may_publish(&body) && !region.may_publish(&body), "{what}");
    }
    let connectors = [
        ConnectorBody { area: area("3100"), ..connector("1100") },
        ConnectorBody { subject: subject(8), ..connector("1100") },
        ConnectorBody { id: node_id(IdKind::ServiceNode, 5, "1100"), ..connector("1100") },
    ];
    for body in connectors {
        assert!(!region.may_publish(&PublicBody::Connector(body)));
    }
    let elsewhere = node_id(IdKind::Connector, 5, "3100");
    assert!(!region.may_publish(&PublicBody::Resource(ResourceBody {
        connector: elsewhere.clone(),
        ..resource("1100")
    })));
    assert!(
        !region.may_publish(&PublicBody::Product(ProductBody { connector: elsewhere, ..product("1100") }))
    );
    let lent = ProductBody { subject: subject(8), ..product("1100") };
    assert!(!region.may_publish(&PublicBody::Product(lent)));
    let foreign = ProductBody { resource: resource("3100").id, ..product("1100") };
    assert!(!region.may_publish(&PublicBody::Product(foreign)));
}

#[test]
fn a_node_whose_log_bears_another_name_than_its_keys_is_not_believed() {
    let region = origin(NodeKind::Region, "1100");
    let right = node(NodeKind::Service, 9, "1100");
    assert!(region.may_publish(&PublicBody::Node(right.clone())));
    let borrowed = NodeBody { log_vkey: vkey("weir/x/public"), ..right };
    assert!(!region.may_publish(&PublicBody::Node(borrowed)));
}

#[test]
fn who_is_not_certified_any_more_publishes_nothing() {
    let region = Origin { certified: false, ..origin(NodeKind::Region, "1100") };
    assert!(!region.may_publish(&PublicBody::Connector(connector("1100"))));
}

#[test]
fn a_log_belongs_to_the_first_who_has_it() {
    let region = origin(NodeKind::Region, "1100");
    let log = region.identity.origin().to_owned();
    let thief = Origin { node: node_id(IdKind::ServiceNode, 9, "3100"), ..region.clone() };
    let mut origins = Origins::default();
    origins.add(region.clone());
    origins.add(thief.clone());
    assert_eq!(origins.of(&log).unwrap().node, region.node);
    let claim = NodeBody { log_vkey: vkey(&log), ..node(NodeKind::Service, 9, "3100") };
    assert!(origins.log_taken(&claim).unwrap().contains(region.node.as_str()));
    let own = NodeBody { id: region.node.clone(), log_vkey: vkey(&log), ..node(NodeKind::Region, 1, "1100") };
    assert_eq!(origins.log_taken(&own), None);
    assert_eq!((origins.rank(&log), origins.rank("weir/x/public")), (1, u8::MAX));
}

fn row(origin: &str, status: Status) -> DirectoryRow {
    let body = PublicBody::Organisation(organisation("1100"));
    DirectoryRow {
        id: subject(5).to_string(),
        kind: "organisation".to_owned(),
        owner: subject(5).to_string(),
        area: "1100".to_owned(),
        origin: origin.to_owned(),
        address: None,
        key_id: None,
        status: status.code().to_owned(),
        updated_at: Timestamp::from_micros(0).micros(),
        body: crate::log::stored_body(&body).unwrap(),
    }
}

#[test]
fn a_registration_stands_until_it_or_its_registrar_ends() {
    let (region, other) = (origin(NodeKind::Region, "1100"), "weir/other/public");
    let log = region.identity.origin().to_owned();
    let mut origins = Origins::default();
    origins.add(region.clone());
    assert!(origins.stands_against(&row(&log, Status::Certified), other));
    assert!(!origins.stands_against(&row(&log, Status::Certified), &log), "its own is replaced");
    assert!(!origins.stands_against(&row(&log, Status::Deregistered), other));
    assert!(origins.stands_against(&row("weir/unknown/public", Status::Certified), other));
    let mut ended = Origins::default();
    ended.add(Origin { certified: false, ..region });
    assert!(!ended.stands_against(&row(&log, Status::Certified), other));
}
