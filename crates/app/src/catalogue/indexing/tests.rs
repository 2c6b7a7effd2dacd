//! The index's queue: what shares a commit, what a search finds, and what an end in between leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::json;

use super::*;
use crate::catalogue::search::search;
use crate::catalogue::tests::Market;
use crate::testkit::Site;

async fn total(site: &Site, text: &str) -> u64 {
    search(&site.node, text, 0, 10).await.unwrap()["total"].as_u64().unwrap()
}

fn changes(site: &Site) -> Vec<usize> {
    site.shelf.changes.lock().unwrap().clone()
}

async fn noted_upto(site: &Site) -> Option<i64> {
    super::noted(&site.node).await.unwrap()
}

/// Ends when the engine has begun so many changes.
async fn begun(site: &Site, changes: usize) {
    site.shelf.begun.subscribe().wait_for(|begun| *begun >= changes).await.unwrap();
}

#[tokio::test]
async fn registrations_do_not_wait_for_the_index_and_share_a_commit() {
    let market = Market::open().await;
    let region = &market.town.region;
    region.node.spawn("search index", keep(region.node.clone()));
    region.shelf.hold();
    market.register_as("p0", "Air 0").await;
    begun(region, 1).await;
    for number in 1..=30 {
        // Answered, though the index still has the first one in hand.
        market.register_as(&format!("p{number}"), &format!("Air {number}")).await;
    }
    assert_eq!(changes(region), [] as [usize; 0]);
    region.shelf.release();
    assert_eq!(total(region, "Air").await, 31, "a search finds what was answered before it");
    assert_eq!(changes(region), [1, 30], "thirty registrations, one commit");
}

#[tokio::test]
async fn a_product_that_changes_while_it_waits_is_indexed_once_as_it_is_in_the_end() {
    let market = Market::open().await;
    let region = &market.town.region;
    for name in ["Air", "Water", "Soil"] {
        market.register_as("p1", name).await;
    }
    assert_eq!((total(region, "Soil").await, total(region, "Air").await), (1, 0));
    assert_eq!(changes(region), [1]);
}

#[tokio::test]
async fn a_search_does_not_wait_long_for_a_slow_index() {
    let market = Market::open().await;
    let region = &market.town.region;
    region.shelf.hold();
    market.register_as("p1", "Air").await;
    assert_eq!(total(region, "Air").await, 0, "late it is better than never");
    region.shelf.release();
    assert_eq!(total(region, "Air").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_drain_the_queue_at_once_all_of_them_end() {
    let market = Market::open().await;
    let region = &market.town.region;
    market.register_as("p1", "Air").await;
    let drains = (0..32).map(|_| {
        let node = region.node.clone();
        tokio::spawn(async move { drain(&node).await })
    });
    let drains: Vec<_> = drains.collect();
    for drain in drains {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(30), drain).await;
        ended.expect("two that drain wait for each other").unwrap().unwrap();
    }
    assert_eq!(changes(region), [1]);
}

#[tokio::test]
async fn what_an_index_could_not_take_waits_for_the_next_try() {
    let market = Market::open().await;
    let region = &market.town.region;
    region.shelf.is_full.store(true, Ordering::SeqCst);
    market.register_as("p1", "Air").await;
    assert!(matches!(drain(&region.node).await, Err(Error::Engine(_))));
    assert_eq!(total(region, "Air").await, 0, "a search still answers");
    assert_eq!(*region.shelf.begun.borrow(), 1, "and leaves the trying to the job");
    region.shelf.is_full.store(false, Ordering::SeqCst);
    drain(&region.node).await.unwrap();
    assert_eq!(total(region, "Air").await, 1);
}

#[tokio::test]
async fn killed_between_store_and_index_it_is_found_after_the_start() {
    let mut market = Market::open().await;
    market.register_as("p1", "Air").await;
    assert_eq!(changes(&market.town.region), [] as [usize; 0], "committed, and not indexed");
    market.town.region = market.town.region.kill().await;
    let region = &market.town.region;
    reindex(region.node.clone(), false).await;
    assert_eq!(total(region, "Air").await, 1);
}

#[tokio::test]
async fn however_long_the_index_failed_before_the_end_nothing_is_missing_after_the_start() {
    let mut market = Market::open().await;
    reindex(market.town.region.node.clone(), true).await;
    market.register_as("p1", "Old air").await;
    market.town.clock.advance_secs(3600);
    settle(&market.town.region.node).await;
    let noted = noted_upto(&market.town.region).await.unwrap();
    market.town.region.shelf.is_full.store(true, Ordering::SeqCst);
    market.register_as("p2", "Early air").await;
    assert!(drain(&market.town.region.node).await.is_err());
    // Far more than a straggler's time later.
    market.town.clock.advance_secs(1200);
    market.register_as("p3", "Late air").await;
    settle(&market.town.region.node).await;
    assert_eq!(noted_upto(&market.town.region).await, Some(noted), "what is missing is not noted as indexed");
    market.town.region = market.town.region.kill().await;
    let region = &market.town.region;
    region.shelf.is_full.store(false, Ordering::SeqCst);
    let before = changes(region).len();
    reindex(region.node.clone(), false).await;
    assert_eq!(total(region, "air").await, 3);
    assert_eq!(changes(region)[before..], [2], "and only what is missing is indexed again");
    assert!(noted_upto(region).await > Some(noted));
}

#[tokio::test]
async fn a_whole_filling_that_was_cut_off_is_begun_anew() {
    let mut market = Market::open().await;
    reindex(market.town.region.node.clone(), true).await;
    market.register_as("p1", "Air").await;
    settle(&market.town.region.node).await;
    assert!(noted_upto(&market.town.region).await.is_some());
    market.town.clock.advance_secs(86_400);
    // The index is lost, and its filling ends early.
    let lost = market.town.region.shelf.clone();
    lost.documents.lock().unwrap().clear();
    lost.is_full.store(true, Ordering::SeqCst);
    assert!(reindex_rows(&market.town.region.node, true).await.is_err());
    market.town.region = market.town.region.kill().await;
    lost.is_full.store(false, Ordering::SeqCst);
    // The engine has some of it now, and does not know that it has not all.
    reindex(market.town.region.node.clone(), false).await;
    assert_eq!(total(&market.town.region, "Air").await, 1);
}

#[tokio::test]
async fn the_end_of_a_node_takes_in_what_waits() {
    let market = Market::open().await;
    let region = &market.town.region;
    market.register_as("p1", "Air").await;
    let id = market.product_of("Air").await;
    region.node.stop().await;
    assert!(region.shelf.documents.lock().unwrap().contains_key(&id));
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_no_other_out() {
    let market = Market::open().await;
    let region = &market.town.region;
    market.register_as("p1", "Air").await;
    let id = market.product_of("Air").await;
    assert_eq!(change_of("rubbish", None), None);
    assert!(matches!(change_of(&id, None), Some(SearchChange::Remove(_))));
    let mut row = rows_after(&region.node, String::new(), 1).await.unwrap().remove(0);
    assert!(matches!(change_of(&id, Some(&row)), Some(SearchChange::Upsert(_))));
    row.body = store::Body::versioned(1, &json!({"type": "product"})).unwrap();
    assert_eq!(change_of(&id, Some(&row)), None);
}
