//! The client against a server on loopback: what it sends, and what it makes of each answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::json;

use super::*;
use crate::testing::{Reply, Request, Server, node};

async fn client_of(server: &Server, acting: Option<&str>) -> Client {
    let folder = tempfile::tempdir().unwrap();
    Client::new(&node(folder.path(), server.address), acting.map(str::to_owned)).unwrap()
}

fn data(headers: &[(&str, &str)]) -> Reply {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Reply { status: 200, headers, body: b"abc".to_vec(), cut: None }
}

#[tokio::test]
async fn every_request_carries_the_token_and_who_acts() {
    let server = Server::start(|_: &Request| Reply::json(200, &json!({"ok": true}))).await;
    let client = client_of(&server, Some("5A•1")).await;
    assert_eq!(client.get("/search", &[("q", "臭氧 &=?#")]).await.unwrap(), json!({"ok": true}));
    client.post("/contracts", &json!({"product": "6A"})).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].target, "/manage/v1/search?as=5A%E2%80%A21&q=%E8%87%AD%E6%B0%A7%20%26%3D%3F%23");
    assert_eq!(seen[1].target, "/manage/v1/contracts?as=5A%E2%80%A21");
    assert_eq!(seen[1].body, json!({"product": "6A"}));
    for request in seen {
        assert_eq!(request.authorization.as_deref(), Some("Bearer s3cret"));
    }
    assert!(!format!("{client:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_long_list_is_read_part_by_part_to_its_end() {
    let server = Server::start(|request: &Request| {
        let after = request.target.split("after=").nth(1).and_then(|rest| rest.split('&').next());
        let first = after.map_or(0, |key| key.trim_start_matches('k').parse::<usize>().unwrap() + 1);
        let items: Vec<_> =
            (first..250.min(first + 100)).map(|n| json!({"key": format!("k{n:03}")})).collect();
        match request.route().as_str() {
            "GET /manage/v1/contracts" => Reply::json(200, &json!(items)),
            _ => Reply::json(200, &json!({"total": 250, "items": items})),
        }
    })
    .await;
    let client = client_of(&server, None).await;
    let bare = client.get_all("/contracts").await.unwrap();
    let keys: Vec<&str> = bare.as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
    assert_eq!((keys.len(), keys[0], keys[249]), (250, "k000", "k249"));
    assert_eq!(server.seen().len(), 4, "a list ends where nothing follows");
    let member = client.get_all("/products").await.unwrap();
    assert_eq!((member["items"].as_array().unwrap().len(), &member["total"]), (250, &json!(250)));
}

#[tokio::test]
async fn an_empty_answer_is_null_and_one_that_is_no_json_is_refused() {
    let server = Server::start(|request: &Request| match request.route().as_str() {
        "GET /manage/v1/empty" => Reply { status: 204, headers: vec![], body: vec![], cut: None },
        _ => Reply { status: 200, headers: vec![], body: b"<html>".to_vec(), cut: None },
    })
    .await;
    let client = client_of(&server, None).await;
    assert_eq!(client.get("/empty", &[]).await.unwrap(), Value::Null);
    let failure = client.get("/page", &[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Failure, "client-unreadable"));
}

#[tokio::test]
async fn a_refusal_keeps_its_problem() {
    let server = Server::start(|_: &Request| {
        Reply::json(
            409,
            &json!({"code": "use-refused", "title": "t", "detail": "d", "limit": 1, "actual": 2}),
        )
    })
    .await;
    let client = client_of(&server, None).await;
    let failure = client.post("/x", &json!({})).await.unwrap_err();
    assert_eq!((failure.exit, failure.problem_code()), (Exit::Refused, Some("use-refused")));
    assert_eq!(failure.problem.unwrap().number("actual"), Some(2));
    let failure = client.download("C1", "u", 0).await.unwrap_err();
    assert_eq!((failure.exit, failure.problem_code()), (Exit::Refused, Some("use-refused")));
}

#[tokio::test]
async fn a_refused_token_names_its_file() {
    let server = Server::start(|_: &Request| Reply::json(401, &json!({"code": "unauthorised"}))).await;
    let client = client_of(&server, None).await;
    for failure in
        [client.get("/x", &[]).await.unwrap_err(), client.download("C1", "u", 0).await.unwrap_err()]
    {
        assert_eq!((failure.exit, failure.message.key), (Exit::Unauthorised, "error-unauthorised"));
        assert!(failure.message.arg("path").unwrap().ends_with("admin.token"));
        assert!(!format!("{failure:?}").contains("s3cret"));
    }
}

#[tokio::test]
async fn nobody_listening_and_a_broken_answer_are_told_apart() {
    let server = Server::start(|_: &Request| Reply {
        status: 200,
        headers: vec![],
        body: vec![b' '; 100],
        cut: Some(10),
    })
    .await;
    let client = client_of(&server, None).await;
    let failure = client.get("/x", &[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unreachable, "client-broken"));

    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let client = Client::new(&node(folder.path(), address), None).unwrap();
    let failure = client.get("/x", &[]).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unreachable, "client-not-running"));
    assert!(failure.message.arg("address").unwrap().contains(&address.port().to_string()));
}

#[tokio::test]
async fn a_node_that_does_not_answer_in_time_is_named_with_the_limit() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let options = ClientOptions {
        allow_private: true,
        request_timeout: Duration::from_millis(20),
        ..ClientOptions::default()
    };
    let failure = time_of(&net::Client::new(options).unwrap(), &address).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unreachable, "error-timeout"));
}

#[tokio::test]
async fn a_download_says_what_it_brings_or_is_refused() {
    let whole = [
        ("weir-use", "u"),
        ("weir-digest", "AB"),
        ("weir-bytes", "3"),
        ("weir-rows", "1"),
        ("content-type", "text/csv"),
    ];
    for missing in ["weir-use", "weir-digest", "weir-bytes"] {
        let headers: Vec<_> = whole.into_iter().filter(|(name, _)| *name != missing).collect();
        let server = Server::start(move |_: &Request| data(&headers)).await;
        let failure = client_of(&server, None).await.download("C1", "u", 0).await.unwrap_err();
        assert_eq!(failure.message.arg("header"), Some(missing));
    }
    let server = Server::start(move |_: &Request| data(&whole)).await;
    let mut download = client_of(&server, None).await.download("C 1", "u", 7).await.unwrap();
    assert_eq!((download.sha256.as_str(), download.bytes, download.rows), ("ab", 3, Some(1)));
    assert!(!download.partial);
    assert_eq!(download.next().await.unwrap().unwrap().as_ref(), b"abc");
    assert!(download.next().await.is_none());
    assert_eq!(server.seen()[0].target, "/manage/v1/contracts/C%201/data?use=u&offset=7");
}

#[tokio::test]
async fn a_node_tells_its_time_without_a_token() {
    let server = Server::start(|_: &Request| {
        Reply::json(200, &json!({"id": "2A", "timestamp": 5, "version": "0.1.0"}))
    })
    .await;
    let time = time_at(&format!("http://{}", server.address), None).await.unwrap();
    assert_eq!(time, NodeTime { id: "2A".into(), timestamp: 5, version: "0.1.0".into() });
    assert_eq!(server.seen()[0].authorization, None);
    let server = Server::start(|_: &Request| Reply::json(200, &json!({"hello": 1}))).await;
    let failure = time_at(&format!("http://{}", server.address), None).await.unwrap_err();
    assert_eq!(failure.message.key, "client-unreadable");
}

#[test]
fn without_a_token_there_is_no_client() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), "127.0.0.1:1".parse().unwrap());
    std::fs::remove_file(node.token_file()).unwrap();
    assert_eq!(Client::new(&node, None).unwrap_err().exit, Exit::Unauthorised);
}
