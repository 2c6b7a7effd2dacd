//! Tests of the management API over HTTP: no route without the token, and the form of every answer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use app::config::Role;
use axum::http::StatusCode;
use domain::id::{AreaCode, ProductId, SubjectCode};
use serde_json::{Value, json};

use crate::routes;
use crate::testing::{Answered, OTHER_SUBJECT, SUBJECT, Served, TOKEN, redacted};

const VOLATILE: [&str; 12] = [
    "id",
    "connector",
    "code",
    "address",
    "location",
    "origin",
    "checkpoint",
    "node",
    "upstream",
    "detail",
    "wayOut",
    "version",
];

/// A third organisation.
const MEMBER: &str = "91310105575958172A";

/// A path of the table with something in place of its variables.
fn filled(path: &str) -> String {
    path.replace("{id}", "x").replace("{contract}", "x").replace("{use}", "x")
}

fn problem(answer: &Answered) -> Value {
    assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
    let problem = answer.json();
    assert_eq!(problem["status"], answer.status.as_u16());
    assert_eq!(problem["type"], format!("/problems/{}", problem["code"].as_str().unwrap()));
    problem
}

#[test]
fn the_table_of_routes() {
    let lines = routes::all().into_iter().map(|route| {
        let token = if route.needs_token { "token" } else { "-" };
        format!("{:4} {} {token}\n", route.method.as_str(), route.path)
    });
    insta::assert_snapshot!(lines.collect::<String>());
}

#[test]
fn every_management_route_asks_for_the_token_and_stands_in_the_document() {
    let document =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/MANAGEMENT-API.md"));
    let document = document.unwrap();
    for route in routes::all().into_iter().filter(|route| route.path.starts_with("/manage")) {
        assert!(route.needs_token, "{}", route.path);
        let last = route.path.rsplit('/').find(|segment| !segment.starts_with('{')).unwrap();
        assert!(document.contains(&format!("/{last}")), "{} is not documented", route.path);
    }
}

#[tokio::test]
async fn no_management_route_answers_without_the_token() {
    let served = Served::of(Role::Host).await;
    for route in routes::all().into_iter().filter(|route| route.needs_token) {
        let (method, path) = (route.method.as_str(), filled(&route.path));
        let answer = served.call(method, &path, "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(problem(&answer)["code"], "unauthorised");

        let wrong = format!("Bearer {TOKEN}x");
        let answer = served.send(method, &path, &[("authorization", wrong.as_bytes())], b"{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path} with a wrong token");

        let answer = served.manage("PATCH", &path, "{}").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "PATCH {path}");
        assert!(answer.header("allow").contains(method), "{path}");
        assert_eq!(problem(&answer)["code"], "method");
        let answer = served.call("PATCH", &path, "{}").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "PATCH {path} without a token");
    }
}

#[tokio::test]
async fn nobody_learns_paths_without_the_token() {
    let served = Served::of(Role::Host).await;
    let answer = served.call("GET", "/manage/v1/nothing", "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let answer = served.manage("GET", "/manage/v1/nothing", "").await;
    assert_eq!(problem(&answer)["code"], "unknown-path");
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn looking_at_data_with_head_uses_nothing() {
    let served = Served::of(Role::Host).await;
    let answer = served.manage("HEAD", "/manage/v1/contracts/x/data", "").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_subject_is_registered_and_joins() {
    let global = Served::global().await;
    let body = json!({"subject": OTHER_SUBJECT, "name": "上海节点", "runs": "region", "area": "3100"});
    let enrolment = global.manage("POST", "/manage/v1/organisations", &body.to_string()).await;
    assert_eq!(enrolment.status, StatusCode::OK, "{enrolment:?}");
    insta::assert_snapshot!(redacted(enrolment.json(), &VOLATILE));

    let region = Served::of(Role::Region).await;
    let order = json!({"code": enrolment.json()["code"], "name": "上海区域节点"});
    let joined = region.manage("POST", "/manage/v1/connectors", &order.to_string()).await;
    assert_eq!(joined.status, StatusCode::OK, "{joined:?}");
    insta::assert_snapshot!(redacted(joined.json(), &VOLATILE));

    let organisations = global.manage("GET", "/manage/v1/organisations", "").await;
    insta::assert_snapshot!(redacted(organisations.json(), &VOLATILE));
    let nodes = global.manage("GET", "/manage/v1/nodes", "").await;
    insta::assert_snapshot!(redacted(nodes.json(), &VOLATILE));
}

#[tokio::test]
async fn a_used_code_and_a_wrong_subject_are_refused() {
    let global = Served::global().await;
    let register = |body: Value| {
        let global = &global;
        async move { global.manage("POST", "/manage/v1/organisations", &body.to_string()).await }
    };
    let answer =
        register(json!({"subject": "91110000600037341X", "name": "a", "runs": "region", "area": "3100"}))
            .await;
    assert_eq!((answer.status, &problem(&answer)["field"]), (StatusCode::BAD_REQUEST, &json!("subject")));
    let answer = register(json!({"subject": SUBJECT, "name": "a", "runs": "connector"})).await;
    assert_eq!(problem(&answer)["code"], "forbidden");
    let answer = register(json!({"subject": SUBJECT, "name": "a", "runs": "region"})).await;
    assert_eq!(problem(&answer)["field"], "area");

    let code = register(json!({"subject": OTHER_SUBJECT, "name": "a", "runs": "region", "area": "3100"}))
        .await
        .json();
    let order = json!({"code": code["code"]}).to_string();
    let first = Served::of(Role::Region).await;
    assert_eq!(first.manage("POST", "/manage/v1/connectors", &order).await.status, StatusCode::OK);
    let second = Served::of(Role::Region).await;
    let refused = second.manage("POST", "/manage/v1/connectors", &order).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let refused = problem(&refused);
    assert_eq!((&refused["code"], &refused["peerCode"]), (&json!("enrolment"), &json!("300108")));
}

#[tokio::test]
async fn a_body_that_cannot_be_used_names_its_field() {
    let served = Served::global().await;
    for (body, code, field) in [
        (r#"{"name": "a", "runs": "region"}"#, "input", json!("subject")),
        (r#"{"subject": 1, "name": "a", "runs": "region"}"#, "input", json!("subject")),
        (r#"{"subject": "1", "name": "a", "runs": "region", "zone": "1"}"#, "input", json!("zone")),
        ("", "unparsable", Value::Null),
        ("{", "unparsable", Value::Null),
    ] {
        let answer = served.manage("POST", "/manage/v1/organisations", body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        let problem = problem(&answer);
        assert_eq!((&problem["code"], &problem["field"]), (&json!(code), &field), "{body}");
    }
    let large = format!(r#"{{"name": "{}"}}"#, "a".repeat(crate::limits::MANAGE_BYTES_MAX));
    let answer = served.manage("POST", "/manage/v1/organisations", &large).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem(&answer)["limit"], crate::limits::MANAGE_BYTES_MAX);
}

#[tokio::test]
async fn messages_are_asked_for_by_state_and_number() {
    let served = Served::of(Role::Host).await;
    for query in ["", "?state=waiting", "?state=given_up&after=3&limit=5"] {
        let answer = served.manage("GET", &format!("/manage/v1/outbox{query}"), "").await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!([])), "{query}");
    }
    let answer = served.manage("GET", "/manage/v1/outbox?state=dead", "").await;
    assert_eq!((answer.status, &problem(&answer)["field"]), (StatusCode::BAD_REQUEST, &json!("state")));
    for action in ["retry", "dismiss"] {
        let answer = served.manage("POST", &format!("/manage/v1/outbox/7/{action}"), "").await;
        let told = problem(&answer);
        assert_eq!((answer.status, &told["kind"]), (StatusCode::NOT_FOUND, &json!("message")), "{told}");
        let answer = served.manage("POST", &format!("/manage/v1/outbox/seven/{action}"), "").await;
        assert!(answer.status.is_client_error(), "{action}: {answer:?}");
    }
    let answer = served.manage("POST", "/manage/v1/outbox/retry", "").await;
    assert_eq!(answer.json(), json!({"retried": 0}));
}

#[tokio::test]
async fn a_query_that_cannot_be_used_names_its_parameter() {
    let served = Served::global().await;
    for (path, field) in [
        ("/products?limit=x", "limit"),
        ("/products?limit=0", "limit"),
        ("/products?offset=-1", "offset"),
        ("/products?offset=10001", "offset"),
        ("/products?page=2", "page"),
        ("/products?limit=1&limit=2", "limit"),
        ("/nodes?q=1", "q"),
    ] {
        let answer = served.manage("GET", &format!("/manage/v1{path}"), "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(problem(&answer)["field"], field, "{path}");
    }
}

#[tokio::test]
async fn a_host_without_connectors_says_what_to_do() {
    let served = Served::of(Role::Host).await;
    for path in ["/resources", "/products", "/contracts", "/contracts/x", "/usage", "/contracts/x/uses"] {
        let answer = served.manage("GET", &format!("/manage/v1{path}"), "").await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{path}");
        let problem = problem(&answer);
        assert_eq!(problem["code"], "not-joined", "{path}");
        assert!(problem["detail"].as_str().unwrap().contains("join"), "{problem}");
    }
    assert_eq!(served.manage("GET", "/manage/v1/connectors", "").await.json(), json!([]));
    let answer = served.manage("GET", "/manage/v1/usage?as=5x", "").await;
    assert_eq!((answer.status, &problem(&answer)["kind"]), (StatusCode::NOT_FOUND, &json!("connector")));
}

#[tokio::test]
async fn lists_of_one_s_own_are_read_in_parts() {
    let global = Served::global().await;
    let region = Served::joined(Role::Region, &global, OTHER_SUBJECT, Some("3100")).await;
    let host = Served::joined(Role::Host, &region, MEMBER, None).await;
    for path in ["/resources", "/products", "/contracts"] {
        let ask = async |query: &str| host.manage("GET", &format!("/manage/v1{path}?{query}"), "").await;
        assert_eq!(ask("after=k1&offset=9900&limit=1000").await.json(), json!([]), "{path}");
        for (query, field) in [("limit=0", "limit"), ("offset=9901", "offset"), ("before=x", "before")] {
            let answer = ask(query).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}?{query}");
            assert_eq!(problem(&answer)["field"], field, "{path}?{query}");
        }
    }
}

#[tokio::test]
async fn the_catalogue_of_a_new_network_is_empty() {
    let served = Served::global().await;
    let answer = served.manage("GET", "/manage/v1/products?offset=5&limit=1000", "").await;
    assert_eq!(answer.json(), json!({"total": 0, "items": []}));
    let (subject, area) = (SubjectCode::uscc(SUBJECT).unwrap(), AreaCode::parse("1100").unwrap());
    let id = ProductId::mint(&subject, area, || 7).unwrap().to_string();
    let answer = served.manage("GET", &format!("/manage/v1/products/{id}"), "").await;
    assert_eq!((answer.status, &problem(&answer)["kind"]), (StatusCode::NOT_FOUND, &json!("product")));
    // A slip in the identifier is told as one.
    let (rest, last) = id.split_at(id.len() - 1);
    let slip = format!("{rest}{}", if last == "W" { "X" } else { "W" });
    let answer = served.manage("GET", &format!("/manage/v1/products/{slip}"), "").await;
    assert_eq!((answer.status, &problem(&answer)["case"]), (StatusCode::BAD_REQUEST, &json!("id-check")));
}

#[tokio::test]
async fn the_status_of_a_global_node() {
    let served = Served::global().await;
    let status = served.manage("GET", "/manage/v1/status", "").await;
    insta::assert_snapshot!(redacted(status.json(), &VOLATILE));
}

#[tokio::test]
async fn the_doctor_of_a_region_finds_nothing_broken_but_the_feed_that_never_came() {
    let global = Served::global().await;
    let region = Served::joined(Role::Region, &global, OTHER_SUBJECT, Some("3100")).await;
    let answer = region.manage("GET", "/manage/v1/doctor", "").await.json();
    let results: Vec<(String, String)> = answer["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| {
            (check["name"].as_str().unwrap().to_owned(), check["result"].as_str().unwrap().to_owned())
        })
        .filter(|(name, _)| name != "disk")
        .collect();
    let expected = [
        ("store", "ok"),
        ("keys", "ok"),
        ("certificates", "ok"),
        ("clock", "ok"),
        ("feed", "failed"),
        ("logs", "ok"),
        ("outbox", "ok"),
    ];
    assert_eq!(results, expected.map(|(name, result)| (name.to_owned(), result.to_owned())));
    assert_eq!(answer["ok"], false);

    // A clock that is off is told with its difference.
    region.clock.advance_secs(400);
    let answer = region.manage("GET", "/manage/v1/doctor", "").await.json();
    let clock =
        answer["checks"].as_array().unwrap().iter().find(|check| check["name"] == "clock").unwrap().clone();
    assert_eq!(clock["result"], "failed");
    assert!(clock["detail"].as_str().unwrap().starts_with("400000 ms ahead of"), "{clock}");
}
