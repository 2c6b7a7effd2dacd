//! The lifecycle of one use: it opens, sends, closes once. Counting uses is tested in `store`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::testkit::{contract_id, now};

fn opened() -> Use {
    Use::open(UseId::parse("use-1").unwrap(), contract_id(), 7, None, now()).next
}

fn delivered() -> Delivered {
    Delivered { bytes: 4_096, rows: 100, digest: Sha256::of(b"file") }
}

fn kinds(step: &Step<Use>) -> Vec<EvidenceKind> {
    step.evidence.iter().map(|evidence| evidence.kind).collect()
}

#[test]
fn a_use_opens_sends_and_closes() {
    let step = Use::open(UseId::parse("use-1").unwrap(), contract_id(), 7, None, now());
    assert_eq!(kinds(&step), [EvidenceKind::UseOpened]);
    assert_eq!(step.evidence[0].body["sequence"], 7);
    assert_eq!(step.evidence[0].contract, Some(contract_id()));
    let later = now().plus_secs(5);
    let sent = step.next.step(UseInput::Sent { upto: 100 }, later).unwrap();
    assert!(sent.evidence.is_empty());
    assert_eq!(sent.next.state, UseState::Open { bytes_sent: 100, touched_at: later });
    let closed = sent.next.step(UseInput::Finish(delivered()), later).unwrap();
    assert_eq!(kinds(&closed), [EvidenceKind::UseClosed]);
    assert!(closed.next.is_over() && closed.next.is_complete());
}

#[test]
fn a_range_sent_again_does_not_count_twice() {
    let ahead = opened().step(UseInput::Sent { upto: 900 }, now()).unwrap().next;
    let again = ahead.step(UseInput::Sent { upto: 300 }, now().plus_secs(1)).unwrap().next;
    assert_eq!(again.state, UseState::Open { bytes_sent: 900, touched_at: now().plus_secs(1) });
    let closed = again.step(UseInput::Finish(delivered()), now()).unwrap().next;
    let repeated = closed.clone().step(UseInput::Sent { upto: 300 }, now()).unwrap();
    assert!(repeated.is_unchanged() && repeated.next == closed);
    assert!(closed.clone().step(UseInput::Finish(delivered()), now()).unwrap().is_unchanged());
}

#[test]
fn an_abandoned_use_closes_as_incomplete() {
    let sent = opened().step(UseInput::Sent { upto: 10 }, now()).unwrap().next;
    let step = sent.step(UseInput::Abandon, now()).unwrap();
    assert_eq!(kinds(&step), [EvidenceKind::UseIncomplete]);
    assert_eq!(step.next.state, UseState::Incomplete { bytes_sent: 10, at: now() });
    assert!(step.next.is_over() && !step.next.is_complete());
    assert!(step.next.clone().step(UseInput::Abandon, now()).unwrap().is_unchanged());
    let refusal = step.next.clone().step(UseInput::Finish(delivered()), now()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`finish` is not possible: the use is incomplete; possible: nothing: open another use"
    );
    assert!(step.next.step(UseInput::Sent { upto: 20 }, now()).is_err());
}

#[test]
fn a_closed_use_does_not_close_otherwise() {
    let closed = opened().step(UseInput::Finish(delivered()), now()).unwrap().next;
    let other = Delivered { rows: 99, ..delivered() };
    assert!(matches!(closed.clone().step(UseInput::Finish(other), now()), Err(Refusal::NotPossible { .. })));
    assert!(matches!(
        closed.step(UseInput::Abandon, now()),
        Err(Refusal::NotPossible { state: "closed", .. })
    ));
}

#[test]
fn use_ids_are_short_and_plain() {
    for fine in ["0", "a-Z-9", &"x".repeat(64)] {
        assert_eq!(UseId::parse(fine).unwrap().as_str(), fine);
    }
    for wrong in ["", "a b", "a/b", "a_b", "é", "../x", &"x".repeat(65)] {
        assert_eq!(UseId::parse(wrong), Err(UseIdError(wrong.to_owned())));
        assert!(serde_json::from_value::<UseId>(wrong.into()).is_err());
    }
}

#[test]
fn the_stored_form_reads_back() {
    let closed = opened().step(UseInput::Finish(delivered()), now()).unwrap().next;
    let incomplete = opened().step(UseInput::Abandon, now()).unwrap().next;
    for stored in [opened(), closed, incomplete] {
        let json = serde_json::to_string(&stored).unwrap();
        assert_eq!(serde_json::from_str::<Use>(&json).unwrap(), stored);
    }
}
