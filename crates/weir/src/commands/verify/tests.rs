//! Receipts in files: genuine, false, unreadable; and where the trust comes from. `fixtures/` has a genuine receipt of another time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use ledger::receipt::{Fault, StepKind};

use super::sentences::fault_sentence;
use super::*;
use crate::i18n::Lang;
use crate::testing::{command, context, context_in, node};

const RECEIPT: &str = include_str!("../../../fixtures/genuine.receipt.json");
const TRUST: &str = include_str!("../../../fixtures/trust.pem");

struct Shelf(tempfile::TempDir);

impl Shelf {
    fn new() -> Shelf {
        let shelf = Shelf(tempfile::tempdir().unwrap());
        shelf.put("trust.pem", TRUST);
        shelf
    }

    fn put(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    /// The end, standard output and standard error.
    fn verify(&self, path: &str, options: &[&str]) -> (Result<Exit>, String, String) {
        let trust = self.0.path().join("trust.pem");
        let crate::cli::Command::Verify(args) =
            command(&["verify", path, "--trust", trust.to_str().unwrap()])
        else {
            panic!("not a verification");
        };
        let (context, captured) = context(options);
        (run(&args, &context), captured.out(), captured.err())
    }
}

/// The receipt with one digit of a figure changed.
fn lie() -> String {
    let lie = RECEIPT.replacen("\"rows\": 20,", "\"rows\": 21,", 1);
    assert_ne!(lie, RECEIPT);
    lie
}

#[test]
fn a_genuine_receipt_shows_every_step_with_its_figures() {
    let shelf = Shelf::new();
    let (exit, out, err) = shelf.verify(&shelf.put("a.receipt.json", RECEIPT), &[]);
    assert_eq!(exit.unwrap(), Exit::Ok, "{out}");
    assert_eq!(out.matches('✓').count(), StepKind::ALL.len(), "{out}");
    assert!(!out.contains('✗'), "{out}");
    for figure in ["use-2", "20 rows", "Provider Ltd", "weir/provider/evidence", "sm", "intl"] {
        assert!(out.contains(figure), "{figure}: {out}");
    }
    assert!(err.contains("1 receipt verified"), "{err}");
}

#[test]
fn a_false_receipt_shows_where_it_is_false() {
    let shelf = Shelf::new();
    let (exit, out, err) = shelf.verify(&shelf.put("a.receipt.json", &lie()), &[]);
    assert_eq!(exit.unwrap(), Exit::Unverified);
    assert!(out.contains('✗') && out.contains('✓'), "{out}");
    assert!(err.contains("1 of 1 receipt not verified"), "{err}");
}

/// The receipt of a file `air.csv` that holds `data`. The record's figures are changed, so the receipt itself is false.
fn receipt_of(data: &[u8]) -> String {
    let digest = crypto::Sha256::of(data).to_string();
    RECEIPT.replacen("\"bytes\": 200,", &format!("\"bytes\": {},", data.len()), 1).replacen(
        "cd04a4754498e06db5a13c5f371f1f04ff6d2470f24aa9bd886540e5dce77f70",
        &digest,
        1,
    )
}

#[test]
fn a_data_file_that_is_not_there_is_said_and_no_failure() {
    let shelf = Shelf::new();
    let receipt = shelf.put("air.csv.receipt.json", RECEIPT);
    let (exit, out, _) = shelf.verify(&receipt, &[]);
    assert_eq!(exit.unwrap(), Exit::Ok, "{out}");
    let line = out.lines().last().unwrap();
    assert!(line.starts_with('–') && line.contains("air.csv is not beside"), "{out}");
    let (_, out, _) = shelf.verify(&receipt, &["--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["receipts"][0]["data"]["outcome"], "missing");
}

#[test]
fn a_data_file_that_changed_makes_a_genuine_receipt_fail() {
    let shelf = Shelf::new();
    let receipt = shelf.put("air.csv.receipt.json", RECEIPT);
    for (data, outcome, word) in
        [("x".repeat(200), "other-digest", "SHA-256"), ("x".repeat(199), "other-length", "199")]
    {
        shelf.put("air.csv", &data);
        let (exit, out, err) = shelf.verify(&receipt, &[]);
        assert_eq!(exit.unwrap(), Exit::Unverified, "{out}");
        let failed: Vec<_> = out.lines().filter(|line| line.starts_with('✗')).collect();
        assert!(failed.len() == 1 && failed[0].contains("air.csv") && failed[0].contains(word), "{out}");
        assert!(err.contains("1 of 1 receipt not verified"), "{err}");
        let (_, out, _) = shelf.verify(&receipt, &["--json"]);
        let document: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["receipts"][0]["data"]["outcome"], outcome);
        assert_eq!((&document["receipts"][0]["ok"], &document["failed"]), (&json!(false), &json!(1)));
    }
}

#[test]
fn a_data_file_that_is_the_same_is_a_step_of_its_own() {
    let shelf = Shelf::new();
    let receipt = shelf.put("air.csv.receipt.json", &receipt_of(b"year,O3\n2013,5\n"));
    shelf.put("air.csv", "year,O3\n2013,5\n");
    let (exit, out, _) = shelf.verify(&receipt, &[]);
    assert_eq!(exit.unwrap(), Exit::Unverified, "the receipt was changed");
    let line = out.lines().last().unwrap();
    assert!(line.starts_with('✓') && line.contains("air.csv") && line.contains("15 B"), "{out}");
}

#[test]
fn a_folder_is_verified_whole_and_one_false_receipt_decides() {
    let shelf = Shelf::new();
    shelf.put("a.receipt.json", RECEIPT);
    shelf.put("b.receipt.json", &lie());
    shelf.put("c.receipt.json", "{}");
    shelf.put("other.json", "not a receipt, and not named as one");
    let (exit, out, _) = shelf.verify(&shelf.path(), &["--json"]);
    assert_eq!(exit.unwrap(), Exit::Unverified);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&document["verified"], &document["failed"]), (&json!(1), &json!(2)));
    let receipts = document["receipts"].as_array().unwrap();
    assert_eq!(
        receipts.iter().map(|receipt| receipt["ok"].as_bool().unwrap()).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(receipts[0]["steps"].as_array().unwrap().len(), StepKind::ALL.len());
    assert!(receipts[2]["error"].is_string());
}

#[test]
fn what_is_no_receipt_is_a_bad_input_file() {
    let shelf = Shelf::new();
    let large = " ".repeat(MAX_RECEIPT_BYTES + 1);
    for text in ["", "{}", "[]", &RECEIPT[..RECEIPT.len() / 2], large.as_str()] {
        let (exit, out, err) = shelf.verify(&shelf.put("a.json", text), &[]);
        assert_eq!((exit.unwrap(), out.as_str()), (Exit::BadInput, ""));
        assert!(err.contains("a.json"), "{err}");
    }
    let failure = read(Path::new(&shelf.put("a.json", "{\"a\": 1}"))).unwrap_err();
    for (lang, words) in [(Lang::En, "is no receipt: give"), (Lang::Zh, "不是回执：请给出")] {
        let told = context_in(lang, &[]).0.sentence(&failure.message);
        assert!(told.contains(words) && !told.contains("column"), "{told}");
    }
    // One that was cut off, or changed, is told with its place.
    let mut changed: Value = serde_json::from_str(RECEIPT).unwrap();
    changed.as_object_mut().unwrap().remove("path");
    for text in [&RECEIPT[..RECEIPT.len() / 2], &changed.to_string()] {
        let failure = read(Path::new(&shelf.put("a.json", text))).unwrap_err();
        for (lang, words) in [(Lang::En, "is damaged as a receipt"), (Lang::Zh, "已损坏")] {
            let told = context_in(lang, &[]).0.sentence(&failure.message);
            assert!(
                told.contains(words) && told.contains("at line") && told.contains("--receipt-only"),
                "{told}"
            );
        }
    }
    let (exit, _, err) = shelf.verify("/nowhere/receipt.json", &[]);
    assert_eq!(exit.unwrap(), Exit::BadInput);
    assert!(err.contains("/nowhere/receipt.json"), "{err}");
}

#[test]
fn a_folder_without_receipts_and_a_trust_that_is_none_are_refused() {
    let shelf = Shelf::new();
    let failure = shelf.verify(&shelf.path(), &[]).0.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "verify-none"));
    let file = shelf.put("a.json", RECEIPT);
    for text in ["", "no certificate", RECEIPT] {
        shelf.put("trust.pem", text);
        let failure = shelf.verify(&file, &[]).0.unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "error-trust-none"), "{text:.20}");
        for (lang, words) in [(Lang::En, "has no certificate"), (Lang::Zh, "中没有证书")] {
            let told = context_in(lang, &[]).0.sentence(&failure.message);
            assert!(told.contains(words) && told.contains("trust.pem"), "{told}");
        }
    }
    shelf.put("trust.pem", &TRUST[..TRUST.len() / 2]);
    assert_eq!(shelf.verify(&file, &[]).0.unwrap_err().message.key, "error-trust");
}

#[test]
fn the_trust_of_the_configured_node_is_taken_where_none_is_named() {
    let shelf = Shelf::new();
    let node = node(shelf.0.path(), "127.0.0.1:1".parse().unwrap());
    let config = shelf.0.path().join("weir.toml");
    let (context, _) = context(&["--config", config.to_str().unwrap()]);
    let file = shelf.put("a.receipt.json", RECEIPT);
    let crate::cli::Command::Verify(args) = command(&["verify", &file]) else { panic!("not a verification") };
    let failure = run(&args, &context).unwrap_err();
    assert_eq!(
        (failure.exit, failure.message.key),
        (Exit::Usage, "verify-no-trust"),
        "the node has not joined"
    );
    std::fs::write(node.trust_file(), TRUST).unwrap();
    assert_eq!(run(&args, &context).unwrap(), Exit::Ok);
    let (elsewhere, _) = crate::testing::context(&["--config", "/nowhere/weir.toml"]);
    assert_eq!(run(&args, &elsewhere).unwrap_err().message.key, "verify-no-trust");
}

#[test]
fn every_step_and_fault_has_its_sentence_in_both_languages() {
    let faults = [
        Fault::Differs { field: "rows", expected: "1".into(), actual: "2".into() },
        Fault::Unreadable { reason: "r".into() },
        Fault::NotIncluded { size: 3 },
        Fault::Untrusted { reason: "r".into() },
        Fault::BadSignature { reason: "r".into() },
        Fault::NotLogged,
        Fault::Unsigned { origin: "o".into() },
        Fault::Forged { origin: "o".into() },
        Fault::FromFuture { signed: 2, now: i64::MAX },
        Fault::NotChecked { because: StepKind::Window },
    ];
    for lang in Lang::ALL {
        let (context, _) = context_in(lang, &[]);
        let sentences: std::collections::BTreeSet<_> =
            faults.iter().map(|fault| fault_sentence(&context, fault)).collect();
        assert_eq!(sentences.len(), faults.len());
        let steps: std::collections::BTreeSet<_> =
            StepKind::ALL.map(|step| context.msg(step_key(step), &[])).into();
        assert_eq!(steps.len(), StepKind::ALL.len(), "{steps:?}");
        let file = std::path::PathBuf::from("/a/air.csv");
        let (sha256, expected) = (crypto::Sha256::of(b"a"), crypto::Sha256::of(b"b"));
        let files: std::collections::BTreeSet<_> = [
            Found::Same { bytes: 1 },
            Found::Missing,
            Found::Unproven,
            Found::OtherLength { bytes: 1, expected: 2 },
            Found::OtherDigest { sha256, expected },
            Found::Unreadable { reason: "r".into() },
        ]
        .into_iter()
        .map(|found| data_sentence(&context, &DataFile { file: file.clone(), found }))
        .collect();
        assert!(files.len() == 6 && files.iter().all(|text| text.contains("air.csv")), "{files:?}");
        for step in StepKind::ALL {
            assert!(context.messages.has(step_key(step)) && context.messages.has(part_key(step)), "{step}");
        }
    }
}
