//! Every case of what a node refuses has a sentence in both languages, with all its values in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api::problem::Code;
use app::{Error, Reason};
use dataplane::DataError;
use domain::codes::{ContractStatus, UnknownCode};
use domain::id::{AreaCode, IdError, SubjectCode};
use domain::terms::{Action, ConstraintName, Dimension, Operator, TermsRefusal, UseRefusal};
use domain::{Refusal, TimeError, Timestamp};
use net::NetError;
use serde_json::json;
use store::StoreError;

use super::*;
use crate::i18n::Lang;
use crate::testing::context_in;

const SOURCES: [&str; 2] =
    [include_str!("../../../app/src/told.rs"), include_str!("../../../app/src/told/outside.rs")];

fn has_han(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

fn zh(error: Error) -> String {
    sentence(&context_in(Lang::Zh, &[]).0, &error.into())
}

fn en(error: Error) -> String {
    sentence(&context_in(Lang::En, &[]).0, &error.into())
}

fn ids() -> Vec<IdError> {
    let text = || "6A".to_owned();
    vec![
        IdError::Length { text: text(), what: "an identifier", expected: "32", actual: 2 },
        IdError::Character { text: text(), found: 'O', position: 2, expected: "digits" },
        IdError::Type { text: text(), found: '9', expected: "`1` to `7`" },
        IdError::CheckCharacter { text: text(), found: '5', computed: '4' },
        IdError::Separator { text: text(), found: '-' },
        IdError::Extension { text: text(), reason: "it is empty" },
        IdError::Area { code: "9901".to_owned(), reason: "is unknown" },
        IdError::CreditCode { text: text(), found: '5', computed: '4' },
        IdError::Time { text: text(), time: "2026".to_owned() },
        IdError::Draws(64),
    ]
}

fn times() -> Vec<TimeError> {
    let at = Timestamp::from_secs(1_767_225_600);
    vec![
        TimeError::Rfc3339("now".to_owned()),
        TimeError::Compact("now".to_owned()),
        TimeError::Document("now".to_owned()),
        TimeError::EmptyRange { start: at, end: at },
        TimeError::OutOfRange,
        TimeError::Range("now".to_owned()),
    ]
}

fn terms() -> Vec<TermsRefusal> {
    let (wanted, offered) = ("2026-01-01T00:00:00Z--2027-01-01T00:00:00Z".to_owned(), "unlimited".to_owned());
    vec![
        TermsRefusal::Exceeds {
            dimension: Dimension::Count,
            wanted: "2".to_owned(),
            offered: "1".to_owned(),
        },
        TermsRefusal::Disjoint { dimension: Dimension::Time, wanted, offered },
        TermsRefusal::UnknownAction("sell".to_owned()),
        TermsRefusal::UnsupportedAction(Action::Anonymize),
        TermsRefusal::ActionCount(2),
        TermsRefusal::UnknownConstraint("mood".to_owned()),
        TermsRefusal::UnsupportedConstraint(ConstraintName::TimeWindow),
        TermsRefusal::UnknownOperator("13".to_owned()),
        TermsRefusal::UnsupportedOperator {
            name: ConstraintName::Count,
            operator: Operator::Gt,
            supported: "lteq",
        },
        TermsRefusal::BadValue { name: ConstraintName::Count, value: "x".to_owned(), expected: "a number" },
        TermsRefusal::Duplicate(ConstraintName::Count),
        TermsRefusal::Missing(ConstraintName::Time),
        TermsRefusal::Empty(Dimension::Region),
        TermsRefusal::CountRange(0),
        TermsRefusal::TooMany { dimension: Dimension::User, limit: 1000, actual: 1001 },
        TermsRefusal::TooLarge { what: "policy", limit: 1, actual: 2 },
        TermsRefusal::UserLeftOut {
            user: SubjectCode::parse("91310000MA0000005E").unwrap(),
            users: "x".to_owned(),
        },
        TermsRefusal::RegionLeftOut { region: AreaCode::parse("3100").unwrap(), regions: "x".to_owned() },
        TermsRefusal::NotARegion(AreaCode::parse("0077").unwrap()),
        TermsRefusal::FieldsOnFormat(domain::catalogue::Format::Parquet),
        TermsRefusal::UnknownField("O4".to_owned()),
        TermsRefusal::FieldName(String::new()),
    ]
}

fn uses() -> Vec<UseRefusal> {
    let at = Timestamp::from_secs(1_767_225_600);
    vec![
        UseRefusal::NotPerforming { status: ContractStatus::from_code("06").unwrap() },
        UseRefusal::Count { limit: 1, used: 1 },
        UseRefusal::NotYet { start: at, at },
        UseRefusal::Over { end: at, at },
        UseRefusal::Field { field: "CO".to_owned(), granted: BTreeSet::from(["O3".to_owned()]) },
        UseRefusal::Region {
            allowed: BTreeSet::from([AreaCode::parse("1100").unwrap()]),
            actual: AreaCode::parse("3100").unwrap(),
        },
        UseRefusal::User { actual: SubjectCode::parse("91310000MA0000005E").unwrap() },
    ]
}

fn refusals() -> Vec<Refusal> {
    let at = Timestamp::from_secs(1_767_225_600);
    let possible = |possible: &str| Refusal::NotPossible {
        object: "contract",
        state: "negotiating, with our side to answer",
        input: "sign",
        possible: possible.to_owned(),
    };
    let code = UnknownCode { table: "action", code: "x".to_owned(), expected: "a, b".to_owned() };
    vec![
        possible("propose, accept, peer signed"),
        possible("nothing: start another contract"),
        Refusal::Signature(domain::SignatureRefusal::Missing("x".to_owned())),
        Refusal::RoundsExhausted { limit: 16 },
        Refusal::SameTerms,
        Refusal::AlreadyProposed { round: 2 },
        Refusal::Over { end: at },
        Refusal::NotOver { end: at },
        Refusal::IdConflict { object: "contract", known: "1".to_owned(), given: "2".to_owned() },
        Refusal::TooLong { what: "title", limit: 128, actual: 200 },
        Refusal::Empty { what: "title" },
        Refusal::TooMany { what: "keywords", limit: 1, actual: 2 },
        Refusal::Invalid { object: "party", reason: "it is nobody".to_owned() },
        Refusal::Code(code),
    ]
}

fn messages() -> Vec<ndi::Error> {
    let field = || "terms.to".to_owned();
    let (found, expected) = ("x".to_owned(), "y".to_owned());
    let reason = || "no".to_owned();
    let cause = |error: domain::Error| Some(Box::new(error));
    vec![
        ndi::Error::Empty { field: field() },
        ndi::Error::Format { field: field(), found: found.clone(), expected: expected.clone() },
        ndi::Error::Length { field: field(), length: 9, limit: 8 },
        ndi::Error::AllEmpty,
        ndi::Error::Version { found: found.clone(), expected: "1" },
        ndi::Error::Timestamp { found: found.clone(), expected: expected.clone() },
        ndi::Error::MessageName { found, expected },
        ndi::Error::Unparsable { detail: reason() },
        ndi::Error::Refused { field: field(), reason: reason(), cause: None },
        ndi::Error::Refused { field: field(), reason: reason(), cause: cause(ids().remove(6).into()) },
        ndi::Error::Terms { field: field(), reason: reason(), cause: None },
        ndi::Error::Terms { field: field(), reason: reason(), cause: cause(terms().remove(0).into()) },
        ndi::Error::Signature { field: "signValue", key: "sm:00".to_owned() },
        ndi::Error::Write(reason()),
    ]
}

fn files() -> Vec<DataError> {
    let path = || PathBuf::from("/data/a.csv");
    let reason = || "no".to_owned();
    vec![
        DataError::Missing { path: path() },
        DataError::NotAFile { path: path() },
        DataError::UnknownExtension { path: path() },
        DataError::Empty { path: path() },
        DataError::Io { path: path(), doing: "open", source: std::io::Error::other("no") },
        DataError::UnknownText { path: path(), line: 2, offset: 3 },
        DataError::Malformed { path: path(), line: 2, offset: 3, encoding: "GBK".to_owned() },
        DataError::WrongEncoding { path: path(), encoding: "GBK".to_owned() },
        DataError::UnknownEncoding { name: "gbx".to_owned() },
        DataError::Ragged { path: path(), line: 2, expected: 4, found: 5, delimiter: ',' },
        DataError::RowTooLong { path: path(), line: 2, limit: 10 },
        DataError::UnclosedQuote { path: path(), line: 2 },
        DataError::TooManyColumns { path: path(), found: 3, limit: 2 },
        DataError::DuplicateHeader { path: path(), name: "O3".to_owned(), first: 1, second: 2 },
        DataError::EmptyHeader { path: path(), column: 1 },
        DataError::LongHeader { path: path(), column: 1, chars: 9, limit: 8 },
        DataError::ControlInHeader { path: path(), column: 1, character: "U+0002".to_owned() },
        DataError::ChangedWhileRead { path: path() },
        DataError::SourceChanged {
            path: path(),
            catalogued: crypto::Sha256::of(b"a"),
            found: crypto::Sha256::of(b"b"),
        },
        DataError::Parquet { path: path(), reason: reason() },
        DataError::ParquetProjection,
        DataError::UnknownField { field: "O4".to_owned(), known: "O3".to_owned() },
        DataError::NoFields,
        DataError::OffsetBeyondEnd { offset: 2, bytes: 1 },
        DataError::BadStation { name: "?".to_owned() },
        DataError::ReaderFailed { path: path(), reason: reason() },
        DataError::Interrupted(reason()),
    ]
}

fn stores() -> Vec<StoreError> {
    let (location, reason) = (|| "/data/node.db".to_owned(), || "no".to_owned());
    let io = || Arc::new(std::io::Error::other("no"));
    vec![
        StoreError::Address { address: location(), reason: reason() },
        StoreError::SchemaName { name: "A".to_owned() },
        StoreError::NotWritable { path: location().into(), source: io() },
        StoreError::Missing { location: location() },
        StoreError::NotAStore { location: location() },
        StoreError::Newer { location: location(), found: 9, known: 8, written_by: "0.2.0".to_owned() },
        StoreError::Locked { location: location(), holder: "process 7".to_owned() },
        StoreError::Fenced,
        StoreError::Closed,
        StoreError::Conflict { what: "row".to_owned() },
        StoreError::NotFound { what: "row".to_owned() },
        StoreError::Contention { name: "x", attempts: 8 },
        StoreError::Panicked { name: "x" },
        StoreError::BodyVersion { found: 2, known: 1 },
        StoreError::Value { what: "column".to_owned() },
    ]
}

fn nets() -> Vec<NetError> {
    let host = || "node.example:8443".to_owned();
    let reason = || "no".to_owned();
    let source = || Box::<dyn std::error::Error + Send + Sync>::from("no");
    vec![
        NetError::BadUrl { url: host(), reason: reason() },
        NetError::PlainHttp { host: host() },
        NetError::Unresolved { host: host(), source: std::io::Error::other("no") },
        NetError::Unreachable { host: host(), source: source() },
        NetError::Timeout { host: host(), waited_for: "answer", limit: Duration::from_secs(1) },
        NetError::Tls { host: host(), reason: reason() },
        NetError::TooLarge { host: host(), limit: 1 },
        NetError::Redirected { host: host(), to: host() },
        NetError::Status { host: host(), status: 500 },
        NetError::Broken { host: host(), source: source() },
        NetError::BadHeader { name: "x".to_owned() },
        NetError::Setup(reason()),
    ]
}

fn certificates() -> Vec<crypto::Error> {
    let subject = || "1A".to_owned();
    vec![
        crypto::Error::Expired { subject: subject(), not_after: 1, at: 2 },
        crypto::Error::NotYetValid { subject: subject(), not_before: 2, at: 1 },
        crypto::Error::UnknownIssuer { subject: subject(), issuer: "x".to_owned() },
        crypto::Error::PrivateKey("no"),
        crypto::Error::BadSignature,
        crypto::Error::NoRoot,
    ]
}

fn peer(code: &str, data: Value) -> Error {
    Error::Peer { peer: "1A".to_owned(), code: code.to_owned(), message: "it says so".to_owned(), data }
}

fn words() -> Vec<Error> {
    let (words, at) = (|| Reason::from("only words"), "2026-01-01T00:00:00Z");
    vec![
        Error::Input { field: "offset".to_owned(), detail: words() },
        Error::input("use", domain::delivery::UseId::parse("?").unwrap_err()),
        Error::not_found("contract", "C1"),
        Error::not_found("some later thing", "C1"),
        Error::Metering(words()),
        Error::Unauthenticated("no".to_owned()),
        Error::Evidence(format!("signed at {at}")),
        Error::Forbidden(words()),
        Error::Enrolment(words()),
        Error::SequenceReused("1".to_owned()),
        Error::NotYet(words()),
        Error::NotReady { what: words(), retry_after_ms: 5 },
        Error::SourceChanged("6A".to_owned()),
        Error::Repeated,
        Error::NotJoined(words()),
        Error::Folder { path: PathBuf::from("/data"), source: std::io::Error::other("no") },
        Error::Keys(words()),
        Error::Corrupt(format!("a row of {at}")),
        Error::Ledger(ledger::LedgerError::TreeFull),
        Error::Engine(domain::engine::EngineError::Query("too long".to_owned())),
        Error::Engine(domain::engine::EngineError::Failed { engine: "index", reason: "no".to_owned() }),
        peer("300109", json!({})),
        peer("300108", json!({"case": "enrolment-used"})),
        peer("300102", json!({"case": "no-such-case-here"})),
        peer("nonsense", Value::Null),
    ]
}

/// Every error that can be made here.
fn errors() -> Vec<Error> {
    let mut all = words();
    all.extend(ids().into_iter().map(|error| Error::input("subject", error)));
    all.extend(times().into_iter().map(|error| Error::State(error.into())));
    all.extend(terms().into_iter().map(Error::Terms));
    all.extend(uses().into_iter().map(Error::Use));
    all.extend(refusals().into_iter().map(Error::State));
    all.extend(messages().into_iter().map(Error::Message));
    all.extend(files().into_iter().map(Error::Source));
    all.extend(stores().into_iter().map(Error::Store));
    all.extend(nets().into_iter().map(Error::Net));
    all.extend(certificates().into_iter().map(Error::Crypto));
    all
}

#[test]
fn every_refusal_has_a_sentence_in_both_languages_with_its_values_and_no_foreign_time() {
    for (zh_told, en_told) in errors().into_iter().map(zh).zip(errors().into_iter().map(en)) {
        assert!(has_han(&zh_told), "not Chinese: {zh_told}");
        assert!(!has_han(&en_told), "not English: {en_told}");
        for told in [zh_told, en_told] {
            assert!(!told.contains("{$") && !told.contains("told-") && !told.contains("bad-file"), "{told}");
            assert!(!told.contains(":00Z"), "a time that is not at UTC+8: {told}");
        }
    }
}

#[test]
fn every_code_has_a_sentence_for_what_has_no_case() {
    let (zh, en) = (context_in(Lang::Zh, &[]).0, context_in(Lang::En, &[]).0);
    for code in Code::ALL {
        let body = api::problem::Problem::new(code, "in its own words").to_json().to_string();
        let problem = Problem::parse(409, body.as_bytes());
        assert_eq!(sentence(&en, &problem), "in its own words");
        let told = sentence(&zh, &problem);
        assert!(has_han(&told) && told.contains("in its own words"), "{told}");
        assert!(zh.messages.has(&format!("problem-{}", code.name())), "{}", code.name());
    }
    let later = Problem::parse(409, br#"{"code":"of-a-later-version","detail":"no"}"#);
    assert_eq!(sentence(&zh, &later), "节点拒绝（no）");
    assert_eq!(
        sentence(&zh, &Problem::parse(502, b"")),
        zh.msg("failure-status", &[("status", "502".into())])
    );
}

/// The cases that the code names: in its table, and where reasons are made.
fn cases() -> BTreeSet<String> {
    let named = SOURCES.iter().flat_map(|source| source.split(['(', '>']).skip(1)).filter_map(|rest| {
        let (case, after) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        (after.trim_start().starts_with(',') && !case.is_empty()).then(|| case.to_owned())
    });
    let in_table = named.filter(|case| !["case", "peer", "peerCode", "reason"].contains(&case.as_str()));
    in_table.chain(reasons().into_iter().map(|(case, _)| case)).chain(["use-id".to_owned()]).collect()
}

/// The reasons that the use cases make, each with the source that follows to the next one or to the function's end.
fn reasons() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src");
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "reason.rs" {
                let source = std::fs::read_to_string(&path).unwrap();
                let source = source.split("#[cfg(test)]\n").next().unwrap().to_owned();
                for rest in source.split("Reason::new(").skip(1) {
                    let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                    let case = rest.split('"').next().unwrap().to_owned();
                    found.push((case, rest.split("\n}\n").next().unwrap().to_owned()));
                }
            }
        }
    }
    // Those of `admit` go through a closure that takes the case.
    for case in ["enrolment-unknown", "enrolment-used", "enrolment-expired"] {
        found.push((case.to_owned(), String::new()));
    }
    found
}

#[test]
fn every_case_that_the_code_names_has_a_sentence_and_every_sentence_a_case() {
    let messages = context_in(Lang::Zh, &[]).0.messages;
    let cases = cases();
    assert!(cases.len() > 120, "the scan found only {}", cases.len());
    for case in &cases {
        let key =
            if OF_A_FILE.contains(&case.as_str()) { format!("bad-{case}") } else { format!("told-{case}") };
        assert!(messages.has(&key), "no sentence `{key}` in locales/");
    }
    let catalogue = include_str!("../../locales/en.ftl");
    let told = catalogue.lines().filter_map(|line| line.strip_prefix("told-")?.split(" = ").next());
    for case in told.filter(|case| *case != "not-possible-any-more") {
        assert!(cases.contains(case), "no code names the case `{case}`: remove `told-{case}` from locales/");
    }
}

#[test]
fn a_reason_brings_the_values_that_its_sentence_has() {
    let catalogue = include_str!("../../locales/en.ftl");
    for (case, source) in reasons() {
        let start = format!("told-{case} = ");
        let line = catalogue.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        for variable in line.split("{ $").skip(1).map(|rest| rest.split(' ').next().unwrap()) {
            let given =
                source.contains(&format!(".with(\"{variable}\"")) || ["field", "program"].contains(&variable);
            assert!(given, "`told-{case}` has `{variable}`, which the reason does not bring");
        }
    }
}

#[test]
fn what_people_run_into_reads_well() {
    assert_eq!(zh(Error::not_found("contract", "C1")), "此处没有合约 `C1`");
    assert_eq!(en(Error::not_found("contract", "C1")), "there is no contract `C1` here");
    let wrong = SubjectCode::uscc("110000000000000015").unwrap_err();
    let told = zh(Error::input("subject", wrong));
    assert!(told.contains("校验码为 `5`") && told.contains("营业执照"), "{told}");
    let [some, none] = [refusals().remove(0), refusals().remove(1)].map(|refusal| zh(Error::State(refusal)));
    assert_eq!(
        some,
        "不能签署：该合约正在协商，待本方答复；可用的命令有 `contract counter`, `contract accept`"
    );
    assert_eq!(none, "不能签署：该合约正在协商，待本方答复");
    let withdrawn = || Refusal::NotPossible {
        object: "product",
        state: "withdrawn",
        input: "list",
        possible: "nothing: draft it again".to_owned(),
    };
    for told in [zh(Error::State(withdrawn())), en(Error::State(withdrawn()))] {
        assert!(told.contains("product register`"), "the way out: {told}");
    }
    assert_eq!(zh(peer("300108", json!({"case": "enrolment-used"}))).split('：').next(), Some("1A 拒绝"));
    assert!(zh(Error::Store(stores().remove(6))).contains("（进程 7）"));
    let told = zh(Error::Source(files().remove(9)));
    assert!(told.starts_with("/data/a.csv：第 2 行有 5 个字段"), "{told}");
    let told = zh(Error::Terms(terms().remove(1)));
    assert!(told.contains("2026-01-01T08:00:00+08:00--2027") && told.contains("（时间）"), "{told}");
}
