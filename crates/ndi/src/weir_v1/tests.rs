//! Our own messages: written as read, refused by name, and as docs/WIRE.md shows them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use domain::TimeRange;
use domain::catalogue as d;
use domain::terms::{Action, Terms};
use serde_json::{Value, json};

use super::catalogue::*;
use super::clock::TimeReply;
use super::deliver::DeliverRequest;
use super::enrolment::{EnrolmentCode, Secret};
use super::feed::{FeedEntry, FeedFrame, FeedLine, FeedRequest, Heartbeat};
use super::join::{JoinKind, JoinReply, JoinRequest};
use super::public_log::{BodyType, PublicBody};
use super::receipt_part::{ReceiptPart, ReceiptPartReply};
use super::terms::TermsObject;
use super::usage_window::{UsageWindow, UsageWindowReply};
use super::*;
use crate::return_code::{Extension, Module, ReturnCode};
use crate::testing::{
    CONNECTOR, CONTRACT, PRODUCT, REGION, RESOURCE, SERVICE, SUBJECT, bend, check_codec, parse, refusal,
};
use crate::{Error, Message, Path, limits};

const SECRET: &str = "00112233445566778899aabbccddeeff";

fn digest() -> String {
    "ab".repeat(32)
}

fn salt() -> String {
    format!("{}=", "A".repeat(43))
}

fn join_request(kind: &str) -> Value {
    let mut body = json!({"secret": SECRET, "kind": kind, "name": "奥体中心站", "address": "http://127.0.0.1:18083",
        "signCsr": "-----BEGIN CERTIFICATE REQUEST-----"});
    let map = body.as_object_mut().unwrap();
    let mut add = |name: &str| drop(map.insert(name.to_owned(), json!("text")));
    match kind {
        "connector" => add("organisationCsr"),
        "service" => add("logVkey"),
        _ => ["authorityCsr", "logVkey"].into_iter().for_each(add),
    }
    body
}

fn node_card() -> Value {
    json!({"id": REGION, "name": "北京", "address": "http://127.0.0.1:18081", "suite": "sm", "signChain": ["MIIB"],
        "logVkey": "weir/2/public+00000000+AQ", "signature": format!("sm:{}", "01".repeat(64))})
}

fn signed_object() -> Value {
    json!({"body": {"type": "weir.usage-window/1", "number": 1}, "key": format!("sm:{SECRET}"),
        "signature": format!("sm:{}", "01".repeat(64))})
}

fn profile() -> Value {
    json!({"format": "csv", "encoding": "utf-8", "delimiter": ",", "rows": 35064, "bytes": 2_835_916, "digest": digest(),
        "nulls": 925, "timeRange": ["2013-03-01T00:00:00Z", "2017-02-28T23:00:00Z"],
        "columns": [{"name": "PM2.5", "kind": "integer", "nulls": 925, "min": "3", "max": "898",
                     "title": {"zh": "细颗粒物", "en": "PM2.5"}}]})
}

fn offer() -> Value {
    json!({"action": "read", "count": 2, "from": "2026-01-01T00:00:00Z", "to": "2026-12-31T00:00:00Z",
        "fields": ["O3", "PM2.5"], "regions": ["3100"], "users": [SUBJECT]})
}

fn resource_register() -> Value {
    json!({"localKey": "aotizhongxin", "connector": CONNECTOR, "subject": SUBJECT, "title": {"zh": "奥体中心", "en": "Aotizhongxin"},
        "description": {"en": "hourly"}, "keywords": ["臭氧", "ozone"], "profile": profile()})
}

fn product_register() -> Value {
    json!({"localKey": "aotizhongxin", "resource": RESOURCE, "connector": CONNECTOR, "subject": SUBJECT, "provider": "监测中心",
        "title": {"zh": "奥体中心"}, "keywords": ["臭氧"], "industry": "0077", "delivery": "001", "rows": 35064,
        "columns": [{"name": "PM2.5", "kind": "integer", "nulls": 925}], "bytes": 2_835_916,
        "timeRange": ["2013-03-01T00:00:00Z", "2017-02-28T23:00:00Z"], "digest": digest(), "offer": offer()})
}

/// A registering message as the body that the log then shows.
fn as_body(register: &Value, type_: &str, id: &str, status: &str) -> Value {
    let mut body = bend(register, "/localKey", None);
    let more = json!({"type": type_, "at": 1_767_225_600_000_u64, "id": id, "status": status});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn public_bodies() -> Vec<Value> {
    let at = 1_767_225_600_000_u64;
    vec![
        json!({"type": "weir.node/1", "at": at, "id": REGION, "kind": "region", "subject": SUBJECT, "name": "北京", "area": "1100",
            "address": "http://127.0.0.1:18081", "suite": "sm", "signChain": ["MIIB"], "logVkey": "v", "status": "certified"}),
        json!({"type": "weir.organisation/1", "at": at, "subject": SUBJECT, "name": "监测中心", "area": "1100", "chain": ["MIIB"],
            "status": "certified"}),
        json!({"type": "weir.connector/1", "at": at, "id": CONNECTOR, "subject": SUBJECT, "name": "奥体中心站", "area": "1100",
            "address": "http://127.0.0.1:18083", "suite": "intl", "signChain": ["MIIB"], "status": "certified"}),
        as_body(&resource_register(), "weir.resource/1", RESOURCE, "registered"),
        as_body(&product_register(), "weir.product/1", PRODUCT, "registered"),
        json!({"type": "weir.listing/1", "at": at, "product": PRODUCT, "serviceNode": SERVICE, "status": "listed"}),
    ]
}

#[test]
fn messages_are_written_as_they_are_read() {
    for kind in ["region", "industry", "service", "connector"] {
        let request = check_codec::<JoinRequest>(&join_request(kind));
        assert_eq!(request.kind.to_string(), kind);
    }
    check_codec::<JoinReply>(
        &json!({"id": CONNECTOR, "subject": SUBJECT, "area": "1100", "signChain": ["MIIB", "MIIC"],
        "organisationChain": ["MIIB"], "trust": "-----BEGIN CERTIFICATE-----", "upstream": node_card(), "rootNode": node_card()}),
    );
    check_codec::<TimeReply>(&json!({"id": REGION, "timestamp": 1_767_225_600_000_u64, "version": "0.1.0"}));
    check_codec::<FeedRequest>(&json!({"cursors": {"weir/2/public": 17, "weir/1/public": 0}}));
    check_codec::<ResourceRegister>(&resource_register());
    check_codec::<ResourceRegistered>(&json!({"resourceId": RESOURCE}));
    check_codec::<ProductRegister>(&product_register());
    check_codec::<ProductRegistered>(&json!({"productId": PRODUCT}));
    check_codec::<ProductList>(&json!({"productId": PRODUCT}));
    check_codec::<ProductWithdraw>(&json!({"productId": PRODUCT, "reason": "outdated"}));
    check_codec::<ProductDelist>(&json!({"productId": PRODUCT, "reason": "outdated"}));
    check_codec::<ProductStatus>(&json!({"status": "delisted"}));
    check_codec::<Search>(&json!({"text": "臭氧", "offset": 0, "limit": 100}));
    check_codec::<SearchReply>(&json!({"total": 1, "items": [{"listings": [SERVICE]}]}));
    check_codec::<Resolve>(&json!({"id": CONNECTOR}));
    check_codec::<Resolved>(
        &json!({"id": CONNECTOR, "kind": "connector", "address": "http://h", "status": "certified"}),
    );
    check_codec::<DeliverRequest>(&json!({"contractId": CONTRACT, "useId": "use-1", "offset": 0}));
    check_codec::<UsageWindow>(
        &json!({"contractId": CONTRACT, "window": signed_object(), "uses": [{"useId": "use-1"}]}),
    );
    check_codec::<UsageWindowReply>(&json!({"countersignature": signed_object()}));
    check_codec::<ReceiptPart>(&json!({"contractId": CONTRACT, "number": 1}));
    check_codec::<ReceiptPartReply>(&json!({"entry": {"salt": salt(), "body": signed_object()}, "index": 3,
        "proof": [digest()], "checkpoint": "weir/x/evidence\n4\nroot\n\n— x y\n"}));
}

#[test]
fn names_fit_the_header_and_the_path() {
    let names = [
        RESOURCE_REGISTER_MSG,
        PRODUCT_REGISTER_MSG,
        PRODUCT_WITHDRAW_MSG,
        PRODUCT_LIST_MSG,
        PRODUCT_DELIST_MSG,
        SEARCH_MSG,
        RESOLVE_MSG,
        deliver::DELIVER_MSG,
        feed::FEED_MSG,
        join::JOIN_MSG,
        receipt_part::RECEIPT_PART_MSG,
        clock::TIME_MSG,
        usage_window::USAGE_WINDOW_MSG,
    ];
    let wire = include_str!("../../../../docs/WIRE.md");
    for name in names {
        assert!(name.chars().count() <= limits::MSGCODE_CHARS, "{name}");
        let documented =
            wire.contains(&format!("/weir/v1/{name}`")) || wire.contains(&format!("| `{name}` |"));
        assert!(documented, "{name} is not in docs/WIRE.md");
        assert_eq!(path(name), format!("/weir/v1/{name}"));
    }
}

#[test]
fn public_bodies_are_written_as_they_are_read() {
    for body in public_bodies() {
        let read = PublicBody::read(&body).unwrap();
        assert_eq!(read.to_body().unwrap(), body);
        assert_eq!(read.key().0.to_string(), body["type"]);
        assert_eq!(Some(read.at()), body["at"].as_u64());
        assert_eq!(read.status().to_string(), body["status"]);
        let error = PublicBody::read(&bend(&body, "/status", Some(json!("lost")))).unwrap_err();
        assert_eq!(error.field(), Some("status"));
    }
}

#[test]
fn a_public_body_is_known_by_type_and_key() {
    let [node, .., listing] = &public_bodies()[..] else { panic!("six bodies") };
    assert_eq!(PublicBody::read(node).unwrap().key(), (BodyType::Node, REGION.to_owned()));
    assert_eq!(PublicBody::read(listing).unwrap().key(), (BodyType::Listing, format!("{PRODUCT} {SERVICE}")));
    let error = PublicBody::read(&bend(node, "/type", Some(json!("weir.node/2")))).unwrap_err();
    assert!(
        error.to_string().starts_with("`type` is `weir.node/2`: expected one of `weir.node/1`"),
        "{error}"
    );
    assert_eq!(PublicBody::read(&json!({})).unwrap_err(), Error::Empty { field: "type".to_owned() });
    let error = public_log::NodeBody::read(&bend(node, "/type", Some(json!("weir.listing/1")))).unwrap_err();
    assert_eq!(error.field(), Some("type"));
}

#[test]
fn bodies_of_the_log_have_the_documented_fields() {
    let wire = include_str!("../../../../docs/WIRE.md");
    let examples = wire.lines().filter(|line| line.starts_with("{\"type\": \"weir."));
    let types: Vec<&str> = examples.map(|line| line.split('"').nth(3).unwrap()).collect();
    let ours: Vec<&str> = <BodyType as crate::Code>::TABLE.iter().map(|(_, code)| *code).collect();
    for type_ in &ours {
        assert!(types.contains(type_), "{type_} has no example in docs/WIRE.md");
    }
}

#[test]
fn parts_of_a_join_fit_its_kind() {
    let error = refusal::<JoinRequest>(&bend(&join_request("connector"), "/organisationCsr", None));
    assert_eq!(error, Error::Empty { field: "organisationCsr".to_owned() });
    let error = refusal::<JoinRequest>(&bend(&join_request("region"), "/authorityCsr", None));
    assert_eq!(error, Error::Empty { field: "authorityCsr".to_owned() });
    let error = refusal::<JoinRequest>(&bend(&join_request("service"), "/logVkey", None));
    assert_eq!(error, Error::Empty { field: "logVkey".to_owned() });
    let error = refusal::<JoinRequest>(&bend(&join_request("connector"), "/authorityCsr", Some(json!("x"))));
    assert_eq!(error.to_string(), "`authorityCsr` is refused: a connector does not send it");
    let error = refusal::<JoinRequest>(&bend(&join_request("service"), "/kind", Some(json!("global"))));
    assert_eq!(
        error.to_string(),
        "`kind` is `global`: expected one of `region`, `industry`, `service`, `connector`"
    );
    let null = bend(&join_request("connector"), "/authorityCsr", Some(Value::Null));
    assert_eq!(JoinRequest::read(&null).unwrap().kind, JoinKind::Connector, "as docs/WIRE.md shows it");
}

#[test]
fn a_secret_is_never_printed() {
    let request = JoinRequest::read(&join_request("connector")).unwrap();
    assert!(!format!("{request:?}").contains(SECRET));
    assert_eq!(request.secret.expose(), SECRET);
    for wrong in [&SECRET[1..], &SECRET.to_uppercase(), "0123zz"] {
        let error = refusal::<JoinRequest>(&bend(&join_request("connector"), "/secret", Some(json!(wrong))));
        assert_eq!(error.field(), Some("secret"));
        assert!(!error.to_string().contains(wrong), "{error}");
    }
}

#[test]
fn an_enrolment_code_is_one_word_and_comes_back() {
    let code = EnrolmentCode {
        url: "http://127.0.0.1:18081".to_owned(),
        subject: parse(SUBJECT),
        root: parse(&digest()),
        secret: Secret::from([0x5a; 16]),
    };
    let text = code.to_string();
    assert!(
        text.starts_with("weir1.")
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    );
    assert_eq!(text.parse::<EnrolmentCode>().unwrap(), code);
    assert_eq!(format!("  {text}\n").parse::<EnrolmentCode>().unwrap(), code, "as it is pasted");
    assert!(!format!("{code:?}").contains("5a5a5a"));
    let cut = &text[..text.len() - 9];
    for wrong in
        ["", "weir2.e30", "weir1.", "weir1.e30", "weir1.###", cut, &format!("weir1.{}", "A".repeat(2000))]
    {
        let error = wrong.parse::<EnrolmentCode>().unwrap_err();
        assert!(error.field().is_some_and(|field| field.starts_with("code")), "{error}");
        assert!(!error.to_string().contains(&text[10..40]), "no part of a code in an error: {error}");
    }
}

#[test]
fn lines_of_the_feed() {
    let frame = FeedLine::Frame(FeedFrame {
        origin: "weir/2/public".to_owned(),
        first: 17,
        entries: vec![
            FeedEntry::whole([0; 32], public_bodies().remove(5)),
            FeedEntry::erased(parse(&digest())),
        ],
        checkpoint: "weir/2/public\n19\nroot\n\n— x y\n".to_owned(),
    });
    let beat = FeedLine::Heartbeat(Heartbeat { at: 1_767_225_600_000 });
    for line in [frame, beat] {
        let text = line.to_line().unwrap();
        assert_eq!(text.matches('\n').count(), 1, "one line each");
        assert_eq!(FeedLine::parse(text.trim_end().as_bytes()).unwrap(), line);
    }
    assert!(matches!(FeedLine::parse(b"{\"at\":").unwrap_err(), Error::Unparsable { .. }));
    assert_eq!(FeedLine::parse(b"{\"origin\":\"o\"}").unwrap_err().field(), Some("first"));
}

#[test]
fn an_entry_is_whole_or_erased() {
    let whole = json!({"salt": salt(), "body": {"type": "x"}});
    check_codec::<FeedEntry>(&whole);
    check_codec::<FeedEntry>(&json!({"hash": digest()}));
    let body = json!({"type": "x"});
    for wrong in [
        json!({}),
        json!({"salt": salt()}),
        json!({"body": body}),
        json!({"salt": salt(), "body": body, "hash": digest()}),
        json!({"body": body, "hash": digest()}),
    ] {
        assert!(refusal::<FeedEntry>(&wrong).to_string().contains("`salt` and `body`, or `hash` alone"));
    }
    for wrong in [json!("AAAA"), json!(7), json!("not base64!")] {
        assert_eq!(refusal::<FeedEntry>(&bend(&whole, "/salt", Some(wrong))).field(), Some("salt"));
    }
}

#[test]
fn a_window_brings_signed_objects_and_bounded_uses() {
    let window = json!({"contractId": CONTRACT, "window": signed_object(), "uses": []});
    let error = refusal::<UsageWindow>(&bend(&window, "/window/signature", None));
    assert_eq!(error.field(), Some("window"));
    assert!(error.to_string().contains("missing field `signature`"), "{error}");
    let many = vec![json!({}); limits::WINDOW_USES + 1];
    let error = refusal::<UsageWindow>(&bend(&window, "/uses", Some(json!(many))));
    assert_eq!(error, Error::Length { field: "uses".to_owned(), length: 4097, limit: 4096 });
    assert_eq!(refusal::<UsageWindow>(&bend(&window, "/uses", Some(json!([1])))).field(), Some("uses[0]"));
}

#[test]
fn a_page_of_a_search_has_a_size() {
    for limit in [0, 101, u64::MAX >> 11] {
        let error = refusal::<Search>(&json!({"text": "臭氧", "offset": 0, "limit": limit}));
        assert_eq!(error.to_string(), format!("`limit` is `{limit}`: expected a number from 1 to 100"));
    }
    assert_eq!(Search::read(&json!({"offset": 0, "limit": 1})).unwrap().text, None, "everything");
}

#[test]
fn identifiers_are_checked_where_they_are_read() {
    let deliver = json!({"contractId": CONTRACT, "useId": "use-1", "offset": 0});
    for (pointer, value) in [
        ("/contractId", json!(CONNECTOR)),
        ("/useId", json!("a b")),
        ("/useId", json!("x".repeat(65))),
        ("/offset", json!(-1)),
        ("/offset", json!("0")),
    ] {
        assert_eq!(
            refusal::<DeliverRequest>(&bend(&deliver, pointer, Some(value))).field(),
            Some(&pointer[1..])
        );
    }
    let list = json!({"productId": PRODUCT});
    assert_eq!(
        refusal::<ProductList>(&bend(&list, "/productId", Some(json!(RESOURCE)))).field(),
        Some("productId")
    );
}

#[test]
fn a_time_range_has_two_ends_in_order() {
    let range = |range: Value| {
        refusal::<ResourceRegister>(&bend(&resource_register(), "/profile/timeRange", Some(range)))
    };
    let (early, late) = ("2013-03-01T00:00:00Z", "2017-02-28T23:00:00Z");
    assert_eq!(range(json!([late, early])).field(), Some("profile.timeRange"));
    assert_eq!(range(json!([early])).field(), Some("profile.timeRange"));
    assert_eq!(range(json!([early, "late"])).field(), Some("profile.timeRange[1]"));
    assert!(matches!(range(json!([early, late, late])), Error::Length { .. }));
}

fn domain_profile() -> d::Profile {
    d::Profile {
        format: d::Format::Csv,
        encoding: "gbk".to_owned(),
        delimiter: Some(';'),
        columns: vec![d::Column {
            name: "PM2.5".to_owned(),
            kind: d::ColumnKind::Decimal,
            nulls: 1,
            min: Some("0.5".to_owned()),
            max: None,
            title: Some(d::I18n::new("细颗粒物", "")),
        }],
        rows: 3,
        bytes: 99,
        sha256: parse(&digest()),
        time_range: Some((at("2013-03-01T00:00:00Z"), at("2013-03-01T02:00:00Z"))),
        null_cells: 1,
    }
}

fn at(text: &str) -> domain::Timestamp {
    domain::Timestamp::parse(text).unwrap()
}

#[test]
fn profiles_come_back_from_the_wire() {
    let parquet = d::Profile {
        format: d::Format::Parquet,
        encoding: "binary".to_owned(),
        delimiter: None,
        time_range: None,
        ..domain_profile()
    };
    for profile in [domain_profile(), parquet] {
        let body = public_log::Profile::from(&profile).to_body().unwrap();
        let read = public_log::Profile::read(&body).unwrap().to_domain(&Path::ROOT.key("profile")).unwrap();
        assert_eq!(read, profile);
    }
    let many = d::Profile { columns: vec![domain_profile().columns[0].clone(); 2], ..domain_profile() };
    let error = public_log::Profile::from(&many).to_domain(&Path::ROOT.key("profile")).unwrap_err();
    assert_eq!(error.field(), Some("profile"));
    assert!(error.to_string().contains("`PM2.5` occurs twice"), "{error}");
}

#[test]
fn a_cell_that_says_nothing_is_left_out() {
    let mut profile = domain_profile();
    profile.columns[0].min = Some(String::new());
    profile.columns[0].max = Some("x".repeat(limits::CELL_CHARS + 1));
    let wire = public_log::Profile::from(&profile);
    assert_eq!((&wire.columns[0].min, &wire.columns[0].max), (&None, &None));
    assert!(wire.to_body().is_ok());
}

#[test]
fn every_kind_of_column_and_format_has_its_counterpart() {
    use d::ColumnKind::{Boolean, Date, DateTime, Decimal, Integer, Text};
    for kind in [Integer, Decimal, Text, Boolean, Date, DateTime] {
        let wire = public_log::ColumnKind::from(kind);
        assert_eq!(d::ColumnKind::from(wire), kind);
        assert_eq!(
            serde_json::to_value(wire).unwrap(),
            serde_json::to_value(kind).unwrap(),
            "one word for both"
        );
    }
    for format in [d::Format::Csv, d::Format::Parquet] {
        assert_eq!(d::Format::from(public_log::FileFormat::from(format)), format);
        assert_eq!(public_log::FileFormat::from(format).to_string(), format.name());
    }
}

#[test]
fn texts_and_keywords_come_back() {
    for text in [d::I18n::new("臭氧", "ozone"), d::I18n::new("臭氧", ""), d::I18n::new("", "ozone")] {
        assert_eq!(public_log::I18nText::of(&text).unwrap().to_domain(), text);
    }
    assert_eq!(public_log::I18nText::of(&d::I18n::default()), None);
    assert_eq!(refusal::<public_log::I18nText>(&json!({"zh": "", "en": ""})).field(), Some(""));
    let keywords = d::Keywords {
        zh: vec!["臭氧".to_owned(), "PM2.5".to_owned()],
        en: vec!["ozone".to_owned(), "PM2.5".to_owned()],
    };
    let list = convert::keywords_of(&keywords);
    assert_eq!(list, ["臭氧", "PM2.5", "ozone"], "each word once");
    let back = convert::keywords_to_domain(&list);
    assert_eq!((back.zh, back.en), (vec!["臭氧".to_owned()], vec!["PM2.5".to_owned(), "ozone".to_owned()]));
}

#[test]
fn terms_come_back_from_the_wire() {
    let time = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z")).unwrap();
    let bounded = Terms::new(Action::Read, time)
        .with_count(2)
        .with_fields(["PM2.5", "O3"])
        .with_regions([parse("3100")])
        .with_users([parse(SUBJECT)]);
    assert_eq!(TermsObject::from(&bounded).to_body().unwrap(), offer());
    for terms in [bounded, Terms::new(Action::Download, time)] {
        let body = TermsObject::from(&terms).to_body().unwrap();
        assert_eq!(TermsObject::read(&body).unwrap().to_domain(&Path::ROOT).unwrap(), terms);
    }
}

#[test]
fn terms_that_cannot_be_kept_are_refused_at_their_dimension() {
    let cases = [
        ("/action", json!("sell"), "offer.action"),
        ("/count", json!(0), "offer.count"),
        ("/to", json!("2025-12-31T00:00:00Z"), "offer.to"),
        ("/fields", json!([]), "offer.fields"),
        ("/regions", json!(["0077"]), "offer.regions"),
        ("/users", json!([]), "offer.users"),
    ];
    for (pointer, value, field) in cases {
        let terms = TermsObject::read(&bend(&offer(), pointer, Some(value))).unwrap();
        let error = terms.to_domain(&Path::ROOT.key("offer")).unwrap_err();
        assert_eq!(error.field(), Some(field), "{error}");
        assert_eq!(error.return_code(Module::Common), ReturnCode::extension(Extension::TermsRefused));
    }
    let error = refusal::<TermsObject>(&bend(&offer(), "/colour", Some(json!("red"))));
    assert_eq!(error.field(), Some("colour"));
    assert_eq!(error.return_code(Module::Common), ReturnCode::extension(Extension::TermsRefused));
}

#[test]
fn suites_have_the_names_of_the_keys() {
    for suite in [crypto::Suite::Sm, crypto::Suite::Intl] {
        assert_eq!(SuiteCode::from(suite).to_string(), suite.to_string());
        assert_eq!(crypto::Suite::from(SuiteCode::from(suite)), suite);
    }
}
