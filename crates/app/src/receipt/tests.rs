//! Receipts from either side: what makes one wait, and where there is none. What a receipt proves is tested in `ledger`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::atomic::Ordering;

use domain::id::ContractId;
use ledger::receipt::{Report, verify};

use super::*;
use crate::metering::testkit::{Site, World, terms};

async fn receipt_at(site: &Site, contract: &ContractId, use_id: &str) -> Result<Receipt, Error> {
    receipt(&site.node, &site.speaker, contract.as_str(), use_id).await
}

/// What somebody else finds who has the document and the root, and nothing more.
fn report(world: &World, receipt: &Receipt) -> Report {
    let json = receipt.to_json().unwrap();
    let read = Receipt::from_json(json.as_bytes()).unwrap();
    verify(&read, &world.user.node.roots().unwrap(), world.user.node.now().secs())
}

#[tokio::test]
async fn both_sides_hand_out_the_same_proof_of_every_use() {
    let mut world = World::new(20).await;
    let contract = world.contract(terms()).await;
    for turn in 0..5 {
        world.fetch(&contract, &format!("u{turn}")).await.unwrap();
    }
    world.settle().await;
    world.fetch(&contract, "later").await.unwrap();
    world.settle().await;
    for use_id in ["u0", "u3", "u4", "later"] {
        let ours = receipt_at(&world.provider, &contract, use_id).await.unwrap();
        let theirs = receipt_at(&world.user, &contract, use_id).await.unwrap();
        for one in [&ours, &theirs] {
            let report = report(&world, one);
            assert!(report.ok(), "{report}");
            assert_eq!(report.record.use_id, use_id);
            assert_eq!(report.record.rows, 20);
        }
        assert_eq!((&ours.record, &ours.path), (&theirs.record, &theirs.path));
    }
    let mut forged = receipt_at(&world.user, &contract, "u0").await.unwrap();
    forged.record.rows += 1;
    assert!(!report(&world, &forged).ok());
}

#[tokio::test]
async fn a_receipt_that_is_not_ready_says_when_to_ask_again() {
    let mut world = World::new(20).await;
    let contract = world.contract(terms()).await;
    assert!(matches!(receipt_at(&world.user, &contract, "u1").await, Err(Error::NotFound { .. })));
    world.fetch(&contract, "u1").await.unwrap();
    for site in [&world.provider, &world.user] {
        let early = receipt_at(site, &contract, "u1").await.unwrap_err();
        assert!(
            matches!(&early, Error::NotReady { what, retry_after_ms: 1000 } if what.contains("window")),
            "{early}"
        );
    }
    world.clock.advance_secs(1);
    metering::close_due(&world.provider.node).await.unwrap();
    let unsigned = receipt_at(&world.provider, &contract, "u1").await.unwrap_err();
    assert!(
        matches!(&unsigned, Error::NotReady { what, .. } if what.contains("counter-signed")),
        "{unsigned}"
    );
    while crate::outbox::pump(&world.provider.node).await.unwrap() > 0 {}
    let unnumbered = receipt_at(&world.user, &contract, "u1").await.unwrap_err();
    assert!(matches!(&unnumbered, Error::NotReady { what, .. } if what.contains("log")), "{unnumbered}");
    log::drain(&world.user.node, world.user.node.logs().evidence()).await.unwrap();
    let theirs = receipt_at(&world.user, &contract, "u1").await.unwrap_err();
    assert!(
        matches!(&theirs, Error::NotReady { what, .. } if what.contains("numbered")),
        "the other half: {theirs}"
    );
    log::drain(&world.provider.node, world.provider.node.logs().evidence()).await.unwrap();
    assert!(receipt_at(&world.user, &contract, "u1").await.is_ok());
}

#[tokio::test]
async fn an_incomplete_use_is_proven_as_what_it_is_and_a_refused_one_not_at_all() {
    let mut world = World::new(80_000).await;
    let contract = world.contract(terms().with_count(1)).await;
    world.provider.door.cut_after.store(30, Ordering::SeqCst);
    assert!(world.fetch(&contract, "u1").await.is_err());
    let refused = world.fetch(&contract, "u2").await.unwrap_err();
    assert!(matches!(refused, Error::Peer { .. }), "{refused}");
    world.clock.advance_secs(601);
    assert_eq!(metering::sweep_idle(&world.provider.node).await.unwrap(), 1);
    world.settle().await;
    for site in [&world.provider, &world.user] {
        match receipt_at(site, &contract, "u1").await {
            Ok(receipt) => assert!(report(&world, &receipt).ok() && !receipt.record.complete),
            Err(error) => panic!("{error}"),
        }
    }
    let none = receipt_at(&world.user, &contract, "u2").await.unwrap_err();
    assert!(matches!(none, Error::Metering(_)), "{none}");
    assert!(matches!(receipt_at(&world.provider, &contract, "u2").await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn halves_are_for_the_contract_s_other_side_only() {
    let mut world = World::new(20).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    world.settle().await;
    let ask = |number: u64| ReceiptPart { contract_id: contract.clone(), number }.to_body().unwrap();
    let own = world.message(&world.provider, &world.provider, RECEIPT_PART_MSG, "s", ask(1)).await;
    let refused = handle_part(&world.provider.node, &own).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden(_)), "{refused}");
    let unknown = world.message(&world.user, &world.provider, RECEIPT_PART_MSG, "s", ask(2)).await;
    assert!(matches!(handle_part(&world.provider.node, &unknown).await, Err(Error::NotFound { .. })));
    let asked = world.message(&world.user, &world.provider, RECEIPT_PART_MSG, "s", ask(1)).await;
    let half = part_to_ledger(&handle_part(&world.provider.node, &asked).await.unwrap()).unwrap();
    assert_eq!(half.entry.body["kind"], "window.closed");
    let asked = world.message(&world.provider, &world.user, RECEIPT_PART_MSG, "s", ask(1)).await;
    let half = part_to_ledger(&handle_part(&world.user.node, &asked).await.unwrap()).unwrap();
    assert_eq!(half.entry.body["kind"], "window.countersigned");
}

#[tokio::test]
async fn a_disputed_window_gives_no_receipt() {
    let mut world = World::new(20).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    world.clock.advance_secs(1);
    metering::close_due(&world.provider.node).await.unwrap();
    let now = world.clock_micros();
    let leased =
        world.provider.node.store().run_tx("lease", move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.lease_due(1, now, 1).await?) })
        });
    let message = leased.await.unwrap().pop().unwrap();
    let refusal = Error::Evidence("use `u1`: bytes".into());
    metering::window_undelivered(&world.provider.node, &message, &refusal).await.unwrap();
    let error = receipt_at(&world.provider, &contract, "u1").await.unwrap_err();
    assert!(matches!(&error, Error::Evidence(text) if text.contains("use `u1`: bytes")), "{error}");
}

/// `domain` writes the time of a signature and the ledger reads it, each by its own code.
#[test]
fn the_time_of_a_signature_is_the_same_when_a_receipt_is_read() {
    use domain::Timestamp;
    let of = |text: String| ledger::contract::ContractSignature {
        contract_id: String::new(),
        contract_digest: crypto::Sha256::of(b""),
        entity_id: String::new(),
        signatory_time: text,
    };
    for text in [
        "0000-01-01T00:00:00Z",
        "1900-02-28T23:59:59Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "2000-02-29T12:00:00.000001Z",
        "2026-01-31T08:00:00+08:00",
        "2026-12-31T23:59:59.5-11:30",
        "9999-12-31T23:59:59.999999Z",
    ] {
        let at = Timestamp::parse(text).unwrap();
        for written in [text.to_owned(), at.to_string(), at.to_document(), at.format_offset(-690)] {
            // Beyond the years 0000 and 9999 an offset cannot be written.
            if Timestamp::parse(&written) == Ok(at) {
                assert_eq!(of(written.clone()).signed_at().unwrap(), at.micros(), "{text}: {written}");
            }
        }
        assert_eq!(Timestamp::parse(&at.to_string()), Ok(at), "{text}");
    }
}
