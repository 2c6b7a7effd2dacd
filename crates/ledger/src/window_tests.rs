//! Windows over uses: sums, chains, what the two sides compare, and what the wire carries.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::{LogKey, Suite};
use serde_json::json;

use super::*;
use crate::note::NoteSigner;
use crate::tree::{TreeHead, verify_inclusion};

const CONTRACT: &str = "contract-1";

fn log() -> LogIdentity {
    let signer = NoteSigner::ed25519("weir/l-1/evidence", LogKey::generate().unwrap()).unwrap();
    LogIdentity::new(signer.verifier().clone(), None).unwrap()
}

fn record(sequence: u64) -> UseLeaf {
    let opened_at = 1_700_000_000_000_000 + 1000 * i64::try_from(sequence).unwrap();
    UseLeaf {
        use_id: format!("use-{sequence}"),
        contract_id: CONTRACT.into(),
        sequence,
        opened_at,
        closed_at: opened_at + 500,
        bytes: 100 * sequence,
        rows: 10 * sequence,
        digest: Some(Sha256::of(&sequence.to_be_bytes())),
        complete: true,
        fields: None,
    }
}

fn abandoned(sequence: u64) -> UseLeaf {
    UseLeaf { complete: false, digest: None, rows: 0, ..record(sequence) }
}

fn start() -> WindowStart {
    WindowStart::first(CONTRACT, Sha256::of(b"contract"), log())
}

const CLOSED: i64 = 1_700_000_100_000_000;

fn differing(result: Result<(), LedgerError>) -> &'static str {
    match result {
        Err(LedgerError::Window { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_window_counts_and_sums_its_uses() {
    let uses = [record(1), abandoned(2), record(3)];
    let (window, tree) = Window::close(start(), &uses, CLOSED).unwrap();
    assert_eq!((window.number, window.first, window.last, window.uses), (1, 1, 3, 3));
    assert_eq!((window.complete, window.bytes, window.rows), (2, 600, 40), "an abandoned use counts");
    assert_eq!(window.previous, no_window());
    assert_eq!(window.root, tree.root());
    window.matches(&uses).unwrap();
    window.follows(None).unwrap();
}

#[test]
fn every_use_has_its_path_in_the_window() {
    let uses: Vec<UseLeaf> = (1..=11).map(record).collect();
    let (window, tree) = Window::close(start(), &uses, CLOSED).unwrap();
    let head = TreeHead { size: window.uses, root: window.root };
    for record in &uses {
        let position = window.position(record.sequence).unwrap();
        let path = tree.inclusion_proof(position).unwrap();
        verify_inclusion(&record.leaf_hash().unwrap(), position, &head, &path).unwrap();
    }
    assert_eq!((window.position(0), window.position(12)), (None, None));
}

#[test]
fn windows_of_a_contract_form_one_chain() {
    let key = SigningKey::generate(Suite::Intl).unwrap();
    let (first, _) = Window::close(start(), &[record(1), record(2)], CLOSED).unwrap();
    let hash = window_hash(&first.sign(&key).unwrap()).unwrap();
    let next = first.next_start(hash).unwrap();
    assert_eq!((next.number, next.first, next.previous), (2, 3, hash));
    let (second, _) = Window::close(next, &[record(3)], CLOSED + 1).unwrap();
    second.follows(Some((&first, hash))).unwrap();

    assert_eq!(differing(second.follows(None)), "number");
    assert_eq!(differing(first.follows(Some((&first, hash)))), "number");
    assert_eq!(differing(second.follows(Some((&first, Hash::of(b"other"))))), "previous");
    let gap = Window { first: 4, last: 4, ..second.clone() };
    assert_eq!(differing(gap.follows(Some((&first, hash)))), "first");
    let other = Window { contract_id: "contract-2".into(), ..second.clone() };
    assert_eq!(differing(other.follows(Some((&first, hash)))), "contractId");
    let changed = Window { contract_digest: Sha256::of(b"changed"), ..second.clone() };
    assert_eq!(differing(changed.follows(Some((&first, hash)))), "contractDigest");
    let early = Window { closed_at: CLOSED - 1, ..second };
    assert_eq!(differing(early.follows(Some((&first, hash)))), "closedAt");
}

#[test]
fn a_window_is_not_closed_over_uses_that_do_not_belong_in_it() {
    let close = |uses: &[UseLeaf]| Window::close(start(), uses, CLOSED).map(|_| ());
    assert!(matches!(close(&[]), Err(LedgerError::WindowEmpty)));
    let many: Vec<UseLeaf> = (1..=MAX_USES + 1).map(record).collect();
    assert!(matches!(close(&many), Err(LedgerError::WindowFull { limit: MAX_USES, actual: 4097 })));
    close(&many[..4096]).unwrap();
    assert_eq!(differing(close(&[record(2)])), "sequence");
    assert_eq!(differing(close(&[record(1), record(3)])), "sequence");
    assert_eq!(differing(close(&[record(1), record(1)])), "sequence");
    assert_eq!(differing(close(&[UseLeaf { contract_id: "contract-2".into(), ..record(1) }])), "contractId");
    assert_eq!(differing(close(&[UseLeaf { closed_at: CLOSED + 1, ..record(1) }])), "closedAt");
    assert_eq!(differing(close(&[UseLeaf { closed_at: 0, ..record(1) }])), "closedAt");
    assert_eq!(differing(close(&[UseLeaf { digest: None, ..record(1) }])), "complete");
    assert_eq!(differing(close(&[UseLeaf { complete: false, ..record(1) }])), "complete");
    assert_eq!(differing(close(&[UseLeaf { rows: 1, ..abandoned(1) }])), "rows");
    close(&[UseLeaf { bytes: 0, ..abandoned(1) }]).unwrap();
    for use_id in [String::new(), "use 1".into(), "使用-1".into(), "u\u{1b}[31m".into(), "u".repeat(65)] {
        assert_eq!(differing(close(&[UseLeaf { use_id, ..record(1) }])), "useId");
    }
    let most = UseLeaf { bytes: crypto::jcs::MAX_EXACT, ..record(1) };
    assert_eq!(differing(close(&[most.clone(), record(2)])), "bytes");
    assert!(matches!(close(&[UseLeaf { bytes: most.bytes + 1, ..most }]), Err(LedgerError::Crypto(_))));
    let late = WindowStart { first: u64::MAX, ..start() };
    assert_eq!(differing(Window::close(late, &[record(1)], CLOSED).map(|_| ())), "last");
}

#[test]
fn the_counts_of_a_use_are_bounded_and_an_incomplete_one_has_no_rows() {
    let most = crypto::jcs::MAX_EXACT;
    UseLeaf { bytes: most, rows: most, ..record(1) }.check().unwrap();
    UseLeaf { bytes: most, ..abandoned(1) }.check().unwrap();
    for (field, bad) in [
        ("bytes", UseLeaf { bytes: most + 1, ..record(1) }),
        ("bytes", UseLeaf { bytes: most + 1, ..abandoned(1) }),
        ("rows", UseLeaf { rows: most + 1, ..record(1) }),
        ("rows", UseLeaf { rows: 1, ..abandoned(1) }),
    ] {
        assert_eq!(differing(bad.check()), field, "{bad:?}");
    }
}

#[test]
fn a_window_that_does_not_hold_in_itself_is_refused() {
    let (window, _) = Window::close(start(), &[record(1), record(2)], CLOSED).unwrap();
    let hash = Hash::of(b"before");
    for (field, bad) in [
        ("number", Window { number: 0, ..window.clone() }),
        ("first", Window { first: 0, ..window.clone() }),
        ("last", Window { first: 3, ..window.clone() }),
        ("uses", Window { uses: 3, ..window.clone() }),
        ("uses", Window { uses: 0, ..window.clone() }),
        ("uses", Window { last: MAX_USES + 1, uses: MAX_USES + 1, ..window.clone() }),
        ("uses", Window { last: u64::MAX, ..window.clone() }),
        ("complete", Window { complete: 3, ..window.clone() }),
        ("previous", Window { previous: hash, ..window.clone() }),
        ("previous", Window { number: 2, first: 3, last: 4, ..window.clone() }),
        ("first", Window { number: 3, first: 2, last: 3, previous: hash, ..window.clone() }),
        ("first", Window { first: 2, last: 3, ..window.clone() }),
    ] {
        assert_eq!(differing(bad.check()), field, "{bad:?}");
    }
    window.check().unwrap();
}

#[test]
fn each_figure_of_a_window_is_held_against_the_uses() {
    let uses = [record(1), record(2)];
    let (window, _) = Window::close(start(), &uses, CLOSED).unwrap();
    for (field, bad) in [
        ("complete", Window { complete: 1, ..window.clone() }),
        ("bytes", Window { bytes: 301, ..window.clone() }),
        ("rows", Window { rows: 29, ..window.clone() }),
        ("root", Window { root: Hash::of(b"other"), ..window.clone() }),
        ("sequence", Window { number: 2, first: 3, last: 4, previous: Hash::of(b"b"), ..window.clone() }),
        ("contractId", Window { contract_id: "contract-2".into(), ..window.clone() }),
        ("closedAt", Window { closed_at: 0, ..window.clone() }),
    ] {
        assert_eq!(differing(bad.matches(&uses)), field);
    }
    assert_eq!(differing(window.matches(&uses[..1])), "uses");
    assert_eq!(
        differing(window.matches(&[record(1), UseLeaf { fields: Some(vec!["O3".into()]), ..record(2) }])),
        "root"
    );
}

#[test]
fn the_two_meters_are_compared_but_for_their_clocks() {
    let own = record(1);
    UseLeaf { opened_at: 1, closed_at: 2, ..own.clone() }.agrees_with(&own).unwrap();
    for (field, other) in [
        ("useId", UseLeaf { use_id: "use-2".into(), ..own.clone() }),
        ("contractId", UseLeaf { contract_id: "contract-2".into(), ..own.clone() }),
        ("sequence", UseLeaf { sequence: 2, ..own.clone() }),
        ("complete", UseLeaf { complete: false, ..own.clone() }),
        ("bytes", UseLeaf { bytes: 1, ..own.clone() }),
        ("rows", UseLeaf { rows: 1, ..own.clone() }),
        ("digest", UseLeaf { digest: None, ..own.clone() }),
        ("digest", UseLeaf { digest: Some(Sha256::of(b"other")), ..own.clone() }),
    ] {
        assert_eq!(differing(other.agrees_with(&own)), field);
    }
}

#[test]
fn every_member_of_a_use_changes_its_leaf() {
    let leaf = record(1).leaf_hash().unwrap();
    for other in [
        UseLeaf { use_id: "x".into(), ..record(1) },
        UseLeaf { contract_id: "x".into(), ..record(1) },
        UseLeaf { sequence: 2, ..record(1) },
        UseLeaf { opened_at: 0, ..record(1) },
        UseLeaf { closed_at: 0, ..record(1) },
        UseLeaf { bytes: 0, ..record(1) },
        UseLeaf { rows: 0, ..record(1) },
        UseLeaf { digest: None, ..record(1) },
        UseLeaf { complete: false, ..record(1) },
        UseLeaf { fields: Some(Vec::new()), ..record(1) },
    ] {
        assert_ne!(other.leaf_hash().unwrap(), leaf, "{other:?}");
    }
}

#[test]
fn signed_bodies_are_written_as_the_wire_has_them() {
    for suite in [Suite::Sm, Suite::Intl] {
        let key = SigningKey::generate(suite).unwrap();
        let (window, _) = Window::close(start(), &[record(1)], CLOSED).unwrap();
        let signed = window.sign(&key).unwrap();
        assert_eq!(
            signed.body,
            json!({
                "type": "weir.usage-window/1", "contractId": CONTRACT,
                "contractDigest": window.contract_digest.to_string(), "number": 1, "first": 1, "last": 1, "uses": 1,
                "complete": 1, "bytes": 100, "rows": 10, "root": window.root.to_string(), "previous": "0".repeat(64),
                "closedAt": CLOSED, "log": window.log.to_string(),
            })
        );
        let read: Window = signed.verify(WINDOW_TYPE, key.public_key()).unwrap();
        assert_eq!(read, window);

        let hash = window_hash(&signed).unwrap();
        assert_eq!(hash, Sha256::of(&crypto::jcs::to_vec(&signed.body).unwrap()));
        let counter = Countersignature::of(&window, hash, CLOSED + 5, log());
        let signed = counter.sign(&key).unwrap();
        assert_eq!(
            signed.body,
            json!({
                "type": "weir.usage-window-countersignature/1", "contractId": CONTRACT, "number": 1,
                "window": hash.to_string(), "countersignedAt": CLOSED + 5, "log": counter.log.to_string(),
            })
        );
        let read: Countersignature = signed.verify(COUNTERSIGNATURE_TYPE, key.public_key()).unwrap();
        assert_eq!(read, counter);
        assert!(signed.check(WINDOW_TYPE, key.public_key()).is_err(), "one type does not pass for the other");
    }
}

#[test]
fn a_countersignature_refers_to_one_window() {
    let (window, _) = Window::close(start(), &[record(1)], CLOSED).unwrap();
    let hash = Hash::of(b"window");
    let counter = Countersignature::of(&window, hash, CLOSED, log());
    counter.refers_to(&window, hash).unwrap();
    assert_eq!(differing(counter.refers_to(&window, Hash::of(b"other"))), "window");
    let other = Countersignature { number: 2, ..counter.clone() };
    assert_eq!(differing(other.refers_to(&window, hash)), "number");
    let other = Countersignature { contract_id: "x".into(), ..counter };
    assert_eq!(differing(other.refers_to(&window, hash)), "contractId");
}

#[test]
fn unknown_members_are_refused() {
    let mut json = serde_json::to_value(record(1)).unwrap();
    json["note"] = json!("hidden");
    assert!(serde_json::from_value::<UseLeaf>(json).is_err(), "it would not be under the hash");
}
