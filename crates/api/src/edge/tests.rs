//! Tests of the edge between nodes: what strangers may send, and what known nodes get.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use app::config::Role;
use app::message::Target;
use futures_util::StreamExt as _;
use ndi::Headers;
use ndi::envelope::Sender;

use super::*;
use crate::testing::{Answered, NOW, OTHER_SUBJECT, Served};

/// The code and message of the documents' reply form.
fn reply(answer: &Answered) -> (String, String) {
    let body = answer.json();
    assert!(body["data"].is_object(), "{body}");
    (body["code"].as_str().unwrap().to_owned(), body["message"].as_str().unwrap().to_owned())
}

#[test]
fn the_status_of_every_code() {
    let mut lines = Vec::new();
    let mut tell = |code: ReturnCode| lines.push(format!("{code} {}\n", status_of(code).as_u16()));
    tell(ReturnCode::success(Module::Common));
    System::ALL.into_iter().for_each(|case| tell(ReturnCode::system(Module::Common, case)));
    Parameter::ALL.into_iter().for_each(|case| tell(ReturnCode::parameter(Module::Common, case)));
    Business::of(Module::Connector)
        .iter()
        .for_each(|case| tell(ReturnCode::business(Module::Connector, *case)));
    Extension::ALL.into_iter().for_each(|case| tell(ReturnCode::extension(case)));
    tell("977123".parse().unwrap());
    insta::assert_snapshot!(lines.concat());
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_get_the_reply_form() {
    let served = Served::global().await;
    for path in ["/", "/contractDelete", "/weir/v1/", "/weir/v1/unknown", "/weir/v2/join", "/%ff"] {
        let answer = served.call("POST", path, "{}").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply(&answer).0, "200007", "{path}");
    }
    for (method, path, allow) in [
        ("GET", "/contractCreate", "POST"),
        ("PUT", "/weir/v1/join", "POST"),
        ("DELETE", "/weir/v1/deliver", "POST"),
        ("POST", "/weir/v1/time", "GET"),
        ("HEAD", "/weir/v1/time", "GET"),
    ] {
        let answer = served.call(method, path, "").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert!(answer.header("allow").contains(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn anybody_may_ask_for_the_time() {
    let served = Served::global().await;
    let time = served.call("GET", "/weir/v1/time", "").await.json();
    assert_eq!(time["id"], served.node.speaker().unwrap().id().as_str());
    assert_eq!(time["timestamp"], NOW.millis());
    assert_eq!(time["version"], env!("CARGO_PKG_VERSION"));

    let unjoined = Served::of(Role::Host).await;
    assert_eq!(unjoined.call("GET", "/weir/v1/time", "").await.json()["id"], "");
}

#[tokio::test]
async fn what_is_no_message_is_refused_by_name() {
    let served = Served::global().await;
    for name in CONTRACT_MESSAGES
        .into_iter()
        .map(|name| format!("/{name}"))
        .chain(OWN_MESSAGES.into_iter().chain([FEED, DELIVER_MSG]).map(|name| format!("/weir/v1/{name}")))
    {
        let answer = served.call("POST", &name, "{}").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
        let (code, message) = reply(&answer);
        assert_eq!(code, "200001", "{name}");
        assert!(message.contains('`'), "{name}: {message}");
    }
}

#[tokio::test]
async fn a_header_that_is_no_text_is_named() {
    let served = Served::global().await;
    let answer = served.send("POST", "/weir/v1/search", &[("weir-from", b"\xff\xfe")], b"{}").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(reply(&answer).0, "200002");
    assert!(reply(&answer).1.contains("`weir-from`"), "{answer:?}");
    // Another party's header does not matter.
    let answer = served.send("POST", "/weir/v1/search", &[("x-trace", b"\xff")], b"{}").await;
    assert_eq!(reply(&answer).0, "200001");
}

#[tokio::test]
async fn an_oversized_body_is_refused_with_its_limit() {
    let served = Served::global().await;
    let large = vec![b' '; limits::MESSAGE_BYTES_MAX + 1];
    for path in ["/contractNegotiate", "/weir/v1/feed", "/weir/v1/deliver"] {
        let answer = served.send("POST", path, &[], &large).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        let (code, message) = reply(&answer);
        assert_eq!(code, "200003");
        assert!(message.contains("the body has 1048577 bytes: the limit is 1048576"), "{message}");
    }
    // A window is larger than other messages: it gets as far as its headers.
    let answer = served.send("POST", "/weir/v1/usageWindow", &[], &large).await;
    assert_eq!(reply(&answer).0, "200001");
    let larger = vec![b' '; limits::USAGE_WINDOW_BYTES_MAX + 1];
    let answer = served.send("POST", "/weir/v1/usageWindow", &[], &larger).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn an_oversized_head_is_refused_with_its_limit() {
    let served = Served::global().await;
    let long = vec![b'a'; limits::MESSAGE_HEAD_BYTES_MAX];
    let answer = served.send("POST", "/weir/v1/search", &[("x-long", &long)], b"{}").await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    assert!(reply(&answer).1.contains("the limit is 8192"), "{answer:?}");
    let longer = vec![b'a'; limits::HEAD_BYTES_MAX];
    let answer = served.send("POST", "/weir/v1/search", &[("x-long", &longer)], b"{}").await;
    assert_eq!(answer.status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

/// A message of `from` to `to`, signed; sent with whatever the caller changes about it.
fn signed(
    from: &Served,
    to: &Served,
    name: &str,
    body: &Value,
    sequence: &str,
) -> Vec<(&'static str, String)> {
    let speaker = from.node.speaker().unwrap();
    let to = to.node.speaker().unwrap().id().clone();
    let headers =
        Headers::unsigned(name, Sender::Node(speaker.id().clone()), Some(to), speaker.key.key_ref())
            .at(from.node.now().millis(), sequence)
            .sign(&speaker.key, body)
            .unwrap();
    headers.to_pairs()
}

async fn post(to: &Served, path: &str, headers: &[(&'static str, String)], body: &Value) -> Answered {
    let headers: Vec<(&str, &[u8])> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    to.send("POST", path, &headers, body.to_string().as_bytes()).await
}

#[tokio::test]
async fn a_message_of_a_known_node_is_answered_and_a_forged_one_is_not() {
    let global = Served::global().await;
    let region = Served::joined(Role::Region, &global, OTHER_SUBJECT, Some("3100")).await;
    let body = json!({"id": region.node.speaker().unwrap().id()});

    let headers = signed(&region, &global, "resolve", &body, "a1");
    let answer = post(&global, "/weir/v1/resolve", &headers, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.json()["data"]["kind"], "region");

    let forged = json!({"id": global.node.speaker().unwrap().id()});
    let answer = post(&global, "/weir/v1/resolve", &headers, &forged).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(reply(&answer).0, "100004");

    // The same message to another path is another message.
    let answer = post(&global, "/weir/v1/search", &headers, &body).await;
    assert_eq!(reply(&answer).0, "200007");

    // And an old one is too old.
    global.clock.advance_secs(301);
    let answer = post(&global, "/weir/v1/resolve", &headers, &body).await;
    assert_eq!(reply(&answer).0, "200006");
}

#[tokio::test]
async fn a_refusal_is_repeated_as_it_was() {
    let global = Served::global().await;
    let region = Served::joined(Role::Region, &global, OTHER_SUBJECT, Some("3100")).await;
    let body = json!({"id": "nobody"});
    let headers = signed(&region, &global, "resolve", &body, "b1");
    let first = post(&global, "/weir/v1/resolve", &headers, &body).await;
    assert_eq!(first.status, StatusCode::BAD_REQUEST, "{first:?}");
    let again = post(&global, "/weir/v1/resolve", &headers, &body).await;
    assert_eq!(again.json(), first.json());

    let other = json!({"id": "somebody else"});
    let headers = signed(&region, &global, "resolve", &other, "b1");
    let answer = post(&global, "/weir/v1/resolve", &headers, &other).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    assert_eq!(reply(&answer).0, "300101");
}

#[tokio::test]
async fn a_delivery_that_is_refused_has_the_reply_form() {
    let global = Served::global().await;
    let region = Served::joined(Role::Region, &global, OTHER_SUBJECT, Some("3100")).await;
    let body = json!({"contractId": "no contract", "useId": "u1", "offset": 0});
    let headers = signed(&region, &global, DELIVER_MSG, &body, "c1");
    let answer = post(&global, "/weir/v1/deliver", &headers, &body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(reply(&answer).1.contains("contractId"), "{answer:?}");
}

#[tokio::test]
async fn a_feed_sends_what_is_there_stays_open_and_ends_with_the_node() {
    let global = Served::global().await;
    let region = Served::joined(Role::Region, &global, OTHER_SUBJECT, Some("3100")).await;
    for log in global.node.logs().all() {
        app::log::drain(&global.node, log).await.unwrap();
    }
    let speaker = region.node.speaker().unwrap();
    let target = Target {
        id: global.node.speaker().unwrap().id().clone(),
        address: format!("http://{}", global.address),
    };
    let body = json!({"cursors": {}});
    let opened = region.node.send_for_stream(&speaker, &target, "/weir/v1/feed", &body, "d1").await;
    let mut lines = opened.unwrap();
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let line = lines.next().await.unwrap().unwrap();
    let frame: Value = serde_json::from_slice(line.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(frame["first"], 0);
    assert_eq!(frame["entries"][0]["body"]["type"], "weir.node/1");

    global.stop().await;
    while let Some(Ok(_)) = lines.next().await {}
}
