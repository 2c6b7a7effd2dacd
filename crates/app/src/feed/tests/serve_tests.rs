//! Frames: where they end, how large they grow, and what they say of erased entries; a follower that holds more than there is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::json;

use super::*;
use crate::log::BATCH_BYTES_MAX;
use crate::testkit::{Town, add, frame, head, number, public, size};

#[tokio::test]
async fn many_small_checkpoints_go_in_one_frame() {
    let town = Town::new().await;
    let (node, log) = (&town.region.node, town.region.node.logs().evidence().origin().to_owned());
    let before = size(node, &log).await;
    for _ in 0..5 {
        add(node, "s", 10).await;
        number(node).await;
    }
    let one = frame(node, &log, before).await.unwrap();
    assert_eq!((one.first, one.entries.len()), (before, 5));
    assert_eq!(Some(one.checkpoint), head(node, &log).await.unwrap().checkpoint);
    assert!(frame(node, &log, before + 5).await.is_none(), "at the head there is nothing");
    assert!(frame(node, &log, before + 9).await.is_none(), "nor beyond it");
    assert_eq!(frame(node, &log, before + 3).await.unwrap().entries.len(), 2);
}

#[tokio::test]
async fn large_bodies_neither_outgrow_a_checkpoint_nor_a_frame() {
    let town = Town::new().await;
    let (node, log) = (&town.region.node, town.region.node.logs().evidence().origin().to_owned());
    let mut cursor = size(node, &log).await;
    for _ in 0..9 {
        add(node, "s", 1 << 20).await;
    }
    number(node).await;
    let end = size(node, &log).await;
    assert_eq!(end, cursor + 9);
    while cursor < end {
        let next = frame(node, &log, cursor).await.unwrap();
        assert!(!next.entries.is_empty());
        cursor += next.entries.len() as u64;
        let line = FeedLine::Frame(next).to_line().unwrap();
        assert!(line.len() < 8 << 20, "{} bytes", line.len());
        assert!(line.len() < 2 * BATCH_BYTES_MAX);
    }
    assert_eq!(cursor, end);
}

fn serving(node: &Node, cursors: BTreeMap<String, u64>) -> (Serving, mpsc::Receiver<Bytes>) {
    let (sender, receiver) = mpsc::channel(16);
    let sent = Sent::default();
    let serving =
        Serving { node: node.clone(), cursors, follower_log: None, sender, told_smaller: None, sent };
    (serving, receiver)
}

#[tokio::test]
async fn a_follower_that_holds_more_is_told_once_how_far_the_log_goes() {
    let town = Town::new().await;
    let (node, log) = (&town.region.node, public(&town.region.node));
    let end = size(node, &log).await;
    let cursors = |more: u64| BTreeMap::from([(log.clone(), end + more)]);
    let heads = super::heads(node).await.unwrap();
    let (mut ahead, _lines) = serving(node, cursors(2));
    let told = ahead.smaller(&heads).unwrap();
    assert_eq!((told.first, told.entries.len()), (end, 0));
    assert!(ahead.smaller(&heads).is_none(), "once");
    let (mut level, _lines) = serving(node, cursors(0));
    assert!(level.smaller(&heads).is_none());
}

#[tokio::test]
async fn a_follower_gets_every_log_but_its_own_the_roots_first() {
    let town = Town::new().await;
    let node = &town.region.node;
    let heads = super::heads(node).await.unwrap();
    let (mut serving, mut lines) = serving(node, BTreeMap::new());
    serving.follower_log = Some(public(&town.other.node));
    let logs = serving.logs_in_order(&heads).await.unwrap();
    assert_eq!(logs.first(), Some(&public(&town.global.node)));
    assert!(logs.contains(&public(node)) && !logs.contains(&public(&town.other.node)));
    assert!(logs.iter().all(|log| is_public(log)), "evidence is nobody's to follow");
    assert!(serving.send_new().await.unwrap());
    assert!(serving.logs_in_order(&heads).await.unwrap().is_empty(), "all is sent");
    assert_eq!(serving.sent.load(Ordering::Relaxed), size(node, &public(node)).await, "and so it is told");
    let first = FeedLine::parse(&lines.recv().await.unwrap()).unwrap();
    assert!(matches!(first, FeedLine::Frame(frame) if frame.origin == public(&town.global.node)));
    drop(lines);
    assert!(!serving.beat().await, "the follower is gone");
}

#[tokio::test]
async fn a_follower_that_connects_again_ends_its_stream_before() {
    let town = Town::new().await;
    let feed = town.region.node.feed();
    let enter = |id: &str| feed.links.enter(id, id, 0, town.clock_now()).0;
    let first = enter("5a");
    let _other = enter("5b");
    let _second = enter("5a");
    assert!(first.await.is_err(), "the one before is dropped");
    assert_eq!(feed.links.followers().len(), 2);
}

#[test]
fn an_erased_entry_keeps_its_place_by_its_hash() {
    let entry = LogEntry {
        position: 0,
        tenant: String::new(),
        kind: String::new(),
        subject: String::new(),
        contract: None,
        salt: None,
        leaf: [7; 32],
        at: 0,
        body: None,
    };
    let sent = feed_entry(entry.clone()).unwrap();
    assert_eq!((sent.salt, sent.body, sent.hash), (None, None, Some(Hash::from_bytes([7; 32]))));
    let whole = LogEntry { salt: Some([1; 32]), body: Some("{\"a\":1}".to_owned()), ..entry };
    assert_eq!(feed_entry(whole).unwrap().body, Some(json!({"a": 1})));
}
