//! The whole table of errors and the codes that peers see, and what of an error's text they do not see.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use domain::terms::TermsRefusal;

use super::*;

/// The name of an error's variant. A new variant does not compile until it stands here, and then fails until it is in the table.
const VARIANTS: usize = 25;

fn variant(error: &Error) -> (&'static str, usize) {
    match error {
        Error::Crypto(_) => ("Crypto", 0),
        Error::Store(_) => ("Store", 1),
        Error::Net(_) => ("Net", 2),
        Error::Ledger(_) => ("Ledger", 3),
        Error::Engine(_) => ("Engine", 4),
        Error::Source(_) => ("Source", 5),
        Error::Message(_) => ("Message", 6),
        Error::Input { .. } => ("Input", 7),
        Error::NotFound { .. } => ("NotFound", 8),
        Error::State(_) => ("State", 9),
        Error::Terms(_) => ("Terms", 10),
        Error::Use(_) => ("Use", 11),
        Error::Metering(_) => ("Metering", 12),
        Error::Unauthenticated(_) => ("Unauthenticated", 13),
        Error::Evidence(_) => ("Evidence", 14),
        Error::Forbidden(_) => ("Forbidden", 15),
        Error::Enrolment(_) => ("Enrolment", 16),
        Error::SequenceReused(_) => ("SequenceReused", 17),
        Error::NotYet(_) => ("NotYet", 18),
        Error::NotReady { .. } => ("NotReady", 19),
        Error::SourceChanged(_) => ("SourceChanged", 20),
        Error::Repeated => ("Repeated", 21),
        Error::Peer { .. } => ("Peer", 22),
        Error::NotJoined(_) => ("NotJoined", 23),
        Error::Folder { .. } | Error::Corrupt(_) | Error::Keys(_) => ("Folder, Keys or Corrupt", 24),
    }
}

const SECRET: &str = "/var/secret";

fn text() -> String {
    SECRET.to_owned()
}

fn peer(code: &str) -> Error {
    let (peer, code) = ("4x".to_owned(), code.to_owned());
    Error::Peer { peer, code, message: "no".to_owned(), data: Value::Null }
}

fn all() -> Vec<(Error, &'static str)> {
    let path = PathBuf::from(SECRET);
    let source = || std::io::Error::other("disk");
    let failed = EngineError::Failed { engine: "e", reason: text() };
    let url = net::NetError::BadUrl { url: text(), reason: text() };
    vec![
        (Error::Crypto(crypto::Error::NoRoot), "100004"),
        (Error::Store(store::StoreError::Closed), "100000"),
        (Error::Store(store::StoreError::Conflict { what: text() }), "100001"),
        (Error::Net(url), "100003"),
        (Error::Ledger(ledger::LedgerError::CheckpointFormat { reason: "r" }), "300106"),
        (Error::Engine(failed), "100000"),
        (Error::Engine(EngineError::Query("too long".to_owned())), "200002"),
        (Error::Source(dataplane::DataError::NotAFile { path: path.clone() }), "200002"),
        (Error::Message(ndi::Error::Empty { field: "f".to_owned() }), "200001"),
        (Error::input("f", "d"), "200002"),
        (Error::not_found("k", "i"), "300103"),
        (Error::State(domain::Refusal::SameTerms), "300102"),
        (
            Error::Terms(TermsRefusal::Exceeds {
                dimension: domain::terms::Dimension::Count,
                wanted: "2".into(),
                offered: "1".into(),
            }),
            "300104",
        ),
        (Error::Use(UseRefusal::Count { limit: 1, used: 1 }), "300105"),
        (Error::Metering(text().into()), "300105"),
        (Error::unauthenticated("r"), "100004"),
        (Error::Evidence(text()), "300106"),
        (Error::Forbidden(text().into()), "300109"),
        (Error::Enrolment(text().into()), "300108"),
        (Error::SequenceReused("1".to_owned()), "300101"),
        (Error::NotYet("w".into()), "100001"),
        (Error::NotReady { what: "w".into(), retry_after_ms: 5 }, "100001"),
        (Error::SourceChanged("6x".to_owned()), "300107"),
        (Error::Repeated, "100001"),
        (peer("300102"), "100000"),
        (Error::NotJoined("r".into()), "100000"),
        (Error::Folder { path, source: source() }, "100000"),
        (Error::Corrupt(text()), "100000"),
        (Error::Keys(text().into()), "100000"),
    ]
}

#[test]
fn every_error_has_its_code() {
    let mut seen = BTreeSet::new();
    let table: Vec<String> = all()
        .iter()
        .map(|(error, _)| {
            let (name, number) = variant(error);
            seen.insert(number);
            format!("{name} {}", return_code(error))
        })
        .collect();
    let expected: Vec<String> =
        all().iter().map(|(error, code)| format!("{} {code}", variant(error).0)).collect();
    assert_eq!(table.join("\n"), expected.join("\n"));
    assert_eq!(seen.len(), VARIANTS, "each variant stands in the table");
}

#[test]
fn our_own_faults_are_told_by_their_code_alone() {
    for (error, _) in all() {
        let hidden = matches!(
            error,
            Error::Store(_)
                | Error::Folder { .. }
                | Error::Corrupt(_)
                | Error::Keys(_)
                | Error::Net(_)
                | Error::Source(_)
        ) || matches!(error, Error::Engine(EngineError::Failed { .. }));
        let told = reply(&error).message;
        if hidden {
            assert!(!told.contains(SECRET), "{error:?} tells `{told}`");
        } else if !matches!(error, Error::Message(_) | Error::Peer { .. }) {
            assert!(told.contains(&error.to_string()), "{error:?} tells `{told}`");
        }
    }
}

#[test]
fn a_peers_refusal_is_handed_on_with_its_own_code() {
    assert_eq!(reply(&peer("300102")).code.to_string(), "300102");
    assert_eq!(reply(&peer("rubbish")).code.to_string(), "100000");
}

#[test]
fn a_refused_use_says_constraint_limit_and_value_in_fields() {
    let told = reply(&Error::Use(UseRefusal::Count { limit: 2, used: 3 })).data;
    assert_eq!(told, json!({"case": "use-count", "constraint": "count", "limit": 2, "actual": 3}));
    let at = domain::Timestamp::from_micros(0);
    let over = use_fields(&UseRefusal::Over { end: at, at });
    assert_eq!(over["limit"], "1970-01-01T00:00:00Z");
}

/// People at the other side read the refusal in their language, and not in the words of our log.
#[test]
fn a_refusal_brings_its_case_and_the_values() {
    let used = Error::Enrolment(crate::Reason::new("enrolment-used", "it was used already"));
    assert_eq!(reply(&used).data, json!({"case": "enrolment-used"}));
    let wrong = domain::id::SubjectCode::uscc("110000000000000015").unwrap_err();
    let told = reply(&Error::input("subject", wrong)).data;
    assert_eq!(
        (&told["case"], &told["field"], &told["found"]),
        (&json!("credit-code"), &json!("subject"), &json!("5"))
    );
    assert_eq!(reply(&Error::Corrupt(text())).data, json!({}), "our own faults are nobody's business");
}
