//! Outbox and inbox.

use store::{Arrival, MessageRow, NewMessage, OutboxCount, Store, StoreError};

use crate::{
    place::{look, places, step},
    steps::message,
};

async fn add(store: &Store, messages: Vec<NewMessage>) {
    step!(store, |tx, messages| tx.add_messages(&messages).await).unwrap();
}

async fn lease(store: &Store, now: i64) -> Vec<MessageRow> {
    step!(store, |tx| tx.lease_due(10, now, 50).await).unwrap()
}

fn bodies(rows: &[MessageRow]) -> Vec<&str> {
    rows.iter().map(|row| row.body.as_str()).collect()
}

fn numbered(stream: &str, body: &str) -> NewMessage {
    NewMessage { body: body.into(), ..message(stream) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_leaves_in_its_order() {
    for place in places("order").await {
        let store = place.open().await;
        add(&store, vec![numbered("a", "a1"), numbered("a", "a2"), numbered("b", "b1")]).await;
        add(&store, vec![NewMessage { tenant: "other".into(), ..numbered("a", "o1") }]).await;
        assert!(lease(&store, 99).await.is_empty(), "not due yet");
        let first = lease(&store, 100).await;
        assert_eq!(bodies(&first), ["a1", "b1", "o1"], "one of each stream");
        assert!(lease(&store, 120).await.is_empty(), "all heads are leased");
        let head = first[0].clone();
        assert!(step!(store, |tx, head| tx.complete_message(&head).await).unwrap());
        assert!(!step!(store, |tx, head| tx.complete_message(&head).await).unwrap(), "only once");
        assert_eq!(bodies(&lease(&store, 120).await), ["a2"]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_ran_out_is_given_again_and_the_late_holder_is_ignored() {
    for place in places("lease").await {
        let store = place.open().await;
        add(&store, vec![numbered("a", "a1")]).await;
        let slow = lease(&store, 100).await.remove(0);
        assert_eq!((slow.attempts, slow.lease_until), (1, Some(150)));
        assert_eq!(look!(store, |read| read.next_message_at().await), Some(150));
        let quick = lease(&store, 150).await.remove(0);
        assert_eq!(quick.attempts, 2);
        assert!(!step!(store, |tx, slow| tx.complete_message(&slow).await).unwrap());
        assert!(!step!(store, |tx, slow| tx.retry_message(&slow, 500, "late").await).unwrap());
        assert!(!step!(store, |tx, slow| tx.bury_message(&slow, 500, "late").await).unwrap());
        assert!(step!(store, |tx, quick| tx.retry_message(&quick, 500, "no route").await).unwrap());
        assert_eq!(look!(store, |read| read.next_message_at().await), Some(500));
        assert!(lease(&store, 499).await.is_empty());
        let third = lease(&store, 500).await.remove(0);
        assert_eq!((third.attempts, third.last_error.as_deref()), (3, Some("no route")));
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_of_a_process_that_is_gone_end_at_the_next_start() {
    for place in places("free").await {
        let store = place.open().await;
        add(&store, vec![numbered("a", "a1"), numbered("b", "b1"), numbered("c", "c1")]).await;
        let held = lease(&store, 100).await;
        let buried = held[2].clone();
        assert!(step!(store, |tx, buried| tx.bury_message(&buried, 110, "refused").await).unwrap());
        assert!(lease(&store, 120).await.is_empty());
        assert_eq!(step!(store, |tx| tx.free_leases().await).unwrap(), 2, "not that of the dead letter");
        let again = lease(&store, 120).await;
        assert_eq!((bodies(&again), again[0].attempts), (vec!["a1", "b1"], 2));
        assert_eq!(step!(store, |tx| tx.free_leases().await).unwrap(), 2);
        assert_eq!(step!(store, |tx| tx.free_leases().await).unwrap(), 0);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_stays_visible_lets_others_pass_and_can_come_back() {
    for place in places("dead").await {
        let store = place.open().await;
        add(&store, vec![numbered("a", "a1"), numbered("a", "a2")]).await;
        let head = lease(&store, 100).await.remove(0);
        assert!(step!(store, |tx, head| tx.bury_message(&head, 130, "refused by the peer").await).unwrap());
        assert_eq!(look!(store, |read| read.count_messages().await), OutboxCount { waiting: 1, dead: 1 });
        let dead = look!(store, |read| read.list_dead_messages(0, 10).await);
        assert_eq!(bodies(&dead), ["a1"]);
        assert_eq!(
            (dead[0].dead_at, dead[0].last_error.as_deref()),
            (Some(130), Some("refused by the peer"))
        );
        let id = dead[0].id;
        assert!(look!(store, |read| read.list_dead_messages(id, 10).await).is_empty());
        let next = lease(&store, 130).await.remove(0);
        assert_eq!(next.body, "a2");
        assert!(!step!(store, |tx, head| tx.complete_message(&head).await).unwrap(), "a dead letter stays");
        assert!(step!(store, |tx| tx.revive_message(id, 140).await).unwrap());
        assert!(!step!(store, |tx| tx.revive_message(id, 140).await).unwrap());
        assert_eq!(bodies(&lease(&store, 140).await), ["a1"]);
        assert_eq!(look!(store, |read| read.get_message(id).await).unwrap().dead_at, None);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_senders_never_lease_the_same_message() {
    for place in places("two_senders").await {
        let store = place.open().await;
        add(&store, (0..60).map(|n| numbered(&format!("s{n}"), &format!("{n:02}"))).collect()).await;
        let mut tasks = Vec::new();
        for _ in 0..8 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move { lease(&store, 100).await }));
        }
        let mut leased = Vec::new();
        for task in tasks {
            leased.extend(task.await.unwrap().into_iter().map(|row| row.body));
        }
        leased.sort_unstable();
        let expected: Vec<String> = (0..60).map(|n| format!("{n:02}")).collect();
        assert_eq!(leased, expected);
        assert_eq!(look!(store, |read| read.next_message_at().await), Some(150));
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_outbox_has_nothing_due() {
    for place in places("empty_outbox").await {
        let store = place.open().await;
        assert!(lease(&store, i64::MAX).await.is_empty());
        assert_eq!(look!(store, |read| read.next_message_at().await), None);
        assert_eq!(look!(store, |read| read.count_messages().await), OutboxCount { waiting: 0, dead: 0 });
        place.end(store).await;
    }
}

async fn receive(store: &Store, sequence: &'static str, hash: &'static str) -> Arrival {
    step!(store, |tx| tx.receive("peer", sequence, hash, 1_000).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_stored_answer() {
    for place in places("repeat").await {
        let store = place.open().await;
        assert_eq!(receive(&store, "1", "aa").await, Arrival::New);
        assert_eq!(receive(&store, "1", "aa").await, Arrival::Repeat(None));
        step!(store, |tx| tx.answer_received("peer", "1", "{\"code\":1}").await).unwrap();
        assert_eq!(receive(&store, "1", "aa").await, Arrival::Repeat(Some("{\"code\":1}".into())));
        assert_eq!(receive(&store, "1", "bb").await, Arrival::Different);
        assert_eq!(receive(&store, "2", "aa").await, Arrival::New);
        let other = step!(store, |tx| tx.receive("another", "1", "bb", 1_000).await).unwrap();
        assert_eq!(other, Arrival::New, "numbers are each sender's own");
        let error = step!(store, |tx| tx.answer_received("peer", "9", "x").await).unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_are_forgotten() {
    for place in places("purge").await {
        let store = place.open().await;
        for (sequence, at) in [("1", 10), ("2", 20), ("3", 30)] {
            step!(store, |tx| tx.receive("peer", sequence, "aa", at).await).unwrap();
        }
        assert_eq!(step!(store, |tx| tx.purge_inbox(30, 1).await).unwrap(), 1);
        assert_eq!(step!(store, |tx| tx.purge_inbox(30, 10).await).unwrap(), 1);
        assert_eq!(step!(store, |tx| tx.purge_inbox(30, 10).await).unwrap(), 0);
        assert_eq!(look!(store, |read| read.get_received("peer", "2").await), None);
        assert_eq!(look!(store, |read| read.get_received("peer", "3").await).unwrap().received_at, 30);
        place.end(store).await;
    }
}
