//! The sequencer: numbers in order, proofs that the ledger accepts, and nothing lost between commit and number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use domain::EvidenceKind;
use ledger::tree::{Frontier, TreeHead, verify_inclusion};
use store::EvidenceRow;

use super::sequence::within;
use super::*;
use crate::Node;
use crate::testkit::{Town, add, head, size};

fn kind() -> &'static str {
    EvidenceKind::AdminAction.code()
}

async fn subjects(node: &Node, log: &str, from: u64) -> Vec<String> {
    let log = log.to_owned();
    let read = node.store().read("test_entries", move |read| {
        let log = log.clone();
        Box::pin(async move { Ok::<_, Error>(read.log_entries(&log, from, 1000).await?) })
    });
    read.await.unwrap().into_iter().map(|entry| entry.subject).collect()
}

#[tokio::test]
async fn entries_are_numbered_in_the_order_of_their_commits_and_each_is_proven() {
    let town = Town::new().await;
    let node = &town.host.node;
    let log = node.logs().evidence();
    let before = size(node, log.origin()).await;
    let names: Vec<String> = (0..11).map(|number| format!("s{number}")).collect();
    for name in &names {
        add(node, name, 3).await;
    }
    assert!(inclusion(node, kind(), "s3").await.unwrap().is_none(), "not before it has a number");
    drain(node, log).await.unwrap();
    assert_eq!(subjects(node, log.origin(), before).await, names);
    for (name, index) in names.iter().zip(before..) {
        let proof = inclusion(node, kind(), name).await.unwrap().unwrap();
        assert_eq!(proof.index, index);
        let checkpoint = Checkpoint::open(&proof.checkpoint, log.identity()).unwrap();
        let tree = TreeHead { size: checkpoint.size, root: checkpoint.root };
        let leaf = proof.entry.leaf_hash().unwrap();
        verify_inclusion(&leaf, proof.index, &tree, &proof.proof).unwrap();
        assert!(verify_inclusion(&leaf, (proof.index + 1) % tree.size, &tree, &proof.proof).is_err());
    }
    drain(node, log).await.unwrap();
    assert_eq!(size(node, log.origin()).await, before + 11, "nothing twice");
}

#[tokio::test]
async fn a_crash_before_numbering_loses_nothing_and_the_log_goes_on() {
    let town = Town::new().await;
    let host = town.host;
    let origin = host.node.logs().evidence().origin().to_owned();
    add(&host.node, "before", 1).await;
    let held = head(&host.node, &origin).await.unwrap();
    let host = host.restart().await.unwrap();
    assert_eq!(host.node.logs().evidence().origin(), origin, "the same log");
    drain(&host.node, host.node.logs().evidence()).await.unwrap();
    add(&host.node, "after", 1).await;
    drain(&host.node, host.node.logs().evidence()).await.unwrap();
    assert_eq!(subjects(&host.node, &origin, held.size).await, ["before", "after"]);
}

#[tokio::test]
async fn two_sequencers_number_each_entry_once() {
    let town = Town::new().await;
    let (node, log) = (&town.host.node, town.host.node.logs().evidence());
    let before = size(node, log.origin()).await;
    for number in 0..20 {
        add(node, &format!("s{number}"), 1).await;
    }
    let (one, two) = tokio::join!(drain(node, log), drain(node, log));
    one.and(two).unwrap();
    assert_eq!(size(node, log.origin()).await, before + 20);
}

#[tokio::test]
async fn a_log_is_named_by_its_key_and_each_note_signed_by_both() {
    let town = Town::new().await;
    let (sm, intl) = (town.region.node.logs().public().unwrap(), town.other.node.logs().public().unwrap());
    assert!(is_named_by_its_key(sm.identity()) && is_named_by_its_key(intl.identity()));
    assert!(sm.identity().sm2().is_some() && intl.identity().sm2().is_none());
    let other = NoteVerifier::ed25519(sm.origin(), LogKey::generate().unwrap().public()).unwrap();
    assert!(!is_named_by_its_key(&LogIdentity::new(other, None).unwrap()), "a claimed name");
    let evidence = town.region.node.logs().evidence();
    assert!(!is_named_by_its_key(evidence.identity()), "nor is it a public one");
    assert_ne!(evidence.origin(), sm.origin());
    assert!(town.host.node.logs().public().is_none());
}

#[test]
fn a_batch_ends_where_bodies_are_large_but_takes_one_at_least() {
    let row = |id: i64, bytes: usize| EvidenceRow {
        id,
        log: String::new(),
        tenant: String::new(),
        kind: String::new(),
        subject: String::new(),
        contract: None,
        salt: [0; 32],
        at: 0,
        body: "x".repeat(bytes),
    };
    let taken = |sizes: &[usize]| {
        let rows = sizes.iter().zip(1..).map(|(size, id)| row(id, *size)).collect();
        within(rows, 10).map(|row| row.id).collect::<Vec<i64>>()
    };
    assert_eq!(taken(&[4, 4, 2, 1]), [1, 2, 3]);
    assert_eq!(taken(&[20, 1]), [1]);
    assert_eq!(taken(&[1, 20, 1]), [1]);
    assert!(taken(&[]).is_empty());
}

#[test]
fn a_frontier_keeps_its_stored_form() {
    let mut frontier = Frontier::new();
    for number in 0..5u8 {
        frontier.append(ledger::tree::leaf_hash(&[number])).unwrap();
        let bytes = frontier_bytes(&frontier);
        assert_eq!(read_frontier(frontier.size(), &bytes).unwrap().root(), frontier.root());
    }
    assert!(matches!(read_frontier(1, &[0; 31]), Err(Error::Corrupt(_))));
    assert!(read_frontier(1, &[]).is_err(), "a size that it does not fit");
}
