//! Tests of problem documents: every case comes about, and the whole table is a snapshot.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use domain::Timestamp;
use domain::terms::{TermsRefusal, UseRefusal};
use http_body_util::BodyExt as _;
use store::StoreError;

use super::*;

fn peer(code: &str) -> Error {
    Error::Peer {
        peer: "5".repeat(32),
        code: code.to_owned(),
        message: "it says so".to_owned(),
        data: serde_json::Value::Null,
    }
}

fn not_possible() -> Refusal {
    let possible = "Accept, Reject".to_owned();
    Refusal::NotPossible { object: "contract", state: "negotiating", input: "Sign", possible }
}

fn file() -> PathBuf {
    PathBuf::from("/data/a.csv")
}

/// A problem of each case, in the way in which it comes about. A new case does not compile until it has one.
fn an_occurrence_of(code: Code) -> Problem {
    let error = match code {
        Code::BodyTooLarge | Code::BodyIncomplete | Code::Unauthorised | Code::UnknownPath | Code::Method => {
            return Problem::new(code, "made by the edge itself");
        }
        Code::Input => Error::input("subject", "`123`: expected 18 characters"),
        Code::Unparsable => Error::Message(ndi::Error::AllEmpty),
        Code::NotFound => Error::not_found("contract", "k1"),
        Code::Forbidden => Error::Forbidden("this node certifies nobody".into()),
        Code::NotJoined => Error::NotJoined("join first".into()),
        Code::State => Error::State(not_possible()),
        Code::Terms => Error::Terms(TermsRefusal::UnknownField("O4".to_owned())),
        Code::UseRefused => Error::Use(UseRefusal::Count { limit: 1, used: 1 }),
        Code::Metering => Error::Metering("60 windows wait".into()),
        Code::Evidence => Error::Evidence("the digest differs".to_owned()),
        Code::Certificate => Error::Crypto(crypto::Error::BadSignature),
        Code::Enrolment => Error::Enrolment("it was used already".into()),
        Code::SequenceReused => Error::SequenceReused("a1".to_owned()),
        Code::Source => Error::Source(DataError::Empty { path: file() }),
        Code::SourceChanged => Error::SourceChanged("6".repeat(32)),
        Code::File => Error::Folder { path: file(), source: io::Error::other("no such file") },
        Code::SearchQuery => Error::Engine(EngineError::Query("a page of `0` hits".to_owned())),
        Code::SearchFailed => {
            Error::Engine(EngineError::Failed { engine: "tantivy", reason: "no space".to_owned() })
        }
        Code::NotYet => Error::NotReady { what: "the window is open".into(), retry_after_ms: 1000 },
        Code::Busy => Error::Repeated,
        Code::PeerUnreachable => {
            let source = io::Error::other("refused").into();
            Error::Net(NetError::Unreachable { host: "peer:1".to_owned(), source })
        }
        Code::PeerTimeout => {
            let limit = Duration::from_secs(30);
            Error::Net(NetError::Timeout { host: "peer:1".to_owned(), waited_for: "answer", limit })
        }
        Code::PeerAddress => Error::Net(NetError::PlainHttp { host: "peer".to_owned() }),
        Code::PeerUntrusted => Error::unauthenticated("another root"),
        Code::PeerAnswer => Error::Net(NetError::Status { host: "peer:1".to_owned(), status: 418 }),
        Code::PeerRefused => peer("300109"),
        Code::PeerFailed => peer("100001"),
        Code::Store => Error::Store(StoreError::Closed),
        Code::Internal => Error::Corrupt("row of `6`".to_owned()),
    };
    Problem::from(error)
}

#[test]
fn every_case_comes_about_and_is_told_under_its_own_name() {
    for code in Code::ALL {
        assert_eq!(an_occurrence_of(code).code(), code);
    }
    let names: BTreeSet<&str> = Code::ALL.into_iter().map(Code::name).collect();
    assert_eq!(names.len(), Code::ALL.len(), "two cases of one name");
    let codes: BTreeSet<Code> = Code::ALL.into_iter().collect();
    assert_eq!(codes.len(), Code::ALL.len(), "a case stands twice in the list, and another is missing");
}

#[test]
fn the_whole_table() {
    let lines = Code::ALL.into_iter().map(|code| {
        let problem = an_occurrence_of(code).to_json();
        let fields: Vec<String> = problem
            .as_object()
            .unwrap()
            .keys()
            .filter(|name| !STANDARD.contains(&name.as_str()))
            .cloned()
            .collect();
        let fields = if fields.is_empty() { String::new() } else { format!(" [{}]", fields.join(", ")) };
        format!(
            "{} {} · {}{fields}\n",
            problem["status"],
            problem["code"].as_str().unwrap(),
            problem["title"].as_str().unwrap()
        )
    });
    insta::assert_snapshot!(lines.collect::<String>());
}

const STANDARD: [&str; 5] = ["type", "title", "status", "detail", "code"];

#[test]
fn every_case_stands_in_the_document_with_its_status() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/MANAGEMENT-API.md");
    let document = std::fs::read_to_string(path).unwrap();
    for code in Code::ALL {
        let (name, status) = (format!("`{}`", code.name()), format!("| {} |", code.status().as_u16()));
        let stands = document
            .lines()
            .any(|line| line.starts_with("| `") && line.contains(&name) && line.contains(&status));
        assert!(stands, "{name} {status}");
    }
}

#[test]
fn the_typed_fields_of_what_people_run_into() {
    let terms =
        |dimension| TermsRefusal::Exceeds { dimension, wanted: "2".to_owned(), offered: "1".to_owned() };
    let at = Timestamp::from_secs(1_767_225_600);
    let errors = [
        Error::Terms(terms(domain::terms::Dimension::Count)),
        Error::State(Refusal::Terms(TermsRefusal::UnknownAction("sell".to_owned()))),
        Error::Use(UseRefusal::Over { end: at, at: at.plus_secs(1) }),
        Error::Use(UseRefusal::Field { field: "CO".to_owned(), granted: BTreeSet::from(["O3".to_owned()]) }),
        Error::Use(UseRefusal::Region {
            allowed: BTreeSet::from(["1100".parse().unwrap()]),
            actual: "3100".parse().unwrap(),
        }),
        Error::State(Refusal::TooLong { what: "title", limit: 128, actual: 200 }),
        Error::Message(ndi::Error::Length { field: "terms.fields".to_owned(), length: 9, limit: 8 }),
        Error::Source(DataError::Ragged { path: file(), line: 7, expected: 18, found: 17, delimiter: ',' }),
        Error::Source(DataError::OffsetBeyondEnd { offset: 10, bytes: 9 }),
        Error::NotReady { what: "window 3 is open".into(), retry_after_ms: 700 },
        peer("300105"),
    ];
    let all: Vec<Value> = errors.into_iter().map(|error| Problem::from(error).to_json()).collect();
    insta::assert_snapshot!(serde_json::to_string_pretty(&all).unwrap());
}

#[test]
fn a_peers_refusal_is_the_case_that_its_code_names() {
    for (code, case) in [
        ("300102", Code::State),
        ("300104", Code::Terms),
        ("300105", Code::UseRefused),
        ("300106", Code::Evidence),
        ("300107", Code::SourceChanged),
        ("300108", Code::Enrolment),
        ("300103", Code::PeerRefused),
        ("300101", Code::PeerRefused),
        ("300109", Code::PeerRefused),
        ("200002", Code::PeerRefused),
        ("100003", Code::PeerFailed),
        ("977123", Code::PeerRefused),
        ("nonsense", Code::PeerAnswer),
    ] {
        let problem = Problem::from(peer(code));
        assert_eq!(problem.code(), case, "{code}");
        assert_eq!(problem.to_json()["peerCode"], code);
    }
}

#[test]
fn what_a_peer_sends_in_fields_replaces_nothing_of_ours() {
    let data = json!({"constraint": "count", "code": "all-is-well", "status": 200, "peer": "somebody"});
    let (peer, message) = ("5".repeat(32), "no".to_owned());
    let told =
        Problem::from(Error::Peer { peer: peer.clone(), code: "300105".to_owned(), message, data }).to_json();
    assert_eq!((&told["code"], &told["status"]), (&json!("use-refused"), &json!(409)));
    assert_eq!((&told["constraint"], &told["peer"]), (&json!("count"), &json!(peer)));
}

#[test]
fn a_moved_row_is_busy_and_not_a_broken_store() {
    let conflict = StoreError::Contention { name: "contract_change", attempts: 8 };
    assert_eq!(Code::of(&Error::Store(conflict)), Code::Busy);
}

#[tokio::test]
async fn a_problem_is_a_problem_document() {
    let response = an_occurrence_of(Code::Busy).into_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["type"], "/problems/busy");

    let response = an_occurrence_of(Code::Unauthorised).into_response();
    assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
    assert!(response.headers().get(header::RETRY_AFTER).is_none());
}
