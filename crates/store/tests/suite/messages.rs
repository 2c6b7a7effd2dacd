//! Outbox and inbox.

use store::{Arrival, InboxRow, MessageRow, NewMessage, OutboxCount, Store};

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

async fn add_leased(store: &Store, messages: Vec<NewMessage>, limit: u32) -> Vec<MessageRow> {
    step!(store, |tx, messages| tx.add_leased(&messages, limit, 50).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_leased_as_it_is_added_where_it_is_the_first_of_its_stream() {
    for place in places("add_leased").await {
        let store = place.open().await;
        let many = vec![numbered("a", "a1"), numbered("a", "a2"), numbered("b", "b1"), numbered("c", "c1")];
        let leased = add_leased(&store, many, 2).await;
        assert_eq!(bodies(&leased), ["a1", "b1"], "one of each stream, two at most");
        assert_eq!((leased[0].attempts, leased[0].lease_until, leased[0].next_at), (1, Some(150), 100));
        assert!(add_leased(&store, vec![numbered("a", "a3")], 9).await.is_empty(), "a1 goes before it");
        assert_eq!(bodies(&lease(&store, 120).await), ["c1"], "what was not leased is due");
        let (a1, b1) = (leased[0].clone(), leased[1].clone());
        assert!(step!(store, |tx, a1| tx.complete_message(&a1).await).unwrap());
        let a2 = lease(&store, 120).await;
        assert_eq!((bodies(&a2), a2[0].attempts), (vec!["a2"], 1));
        assert!(step!(store, |tx, b1| tx.bury_message(&b1, 130, "refused").await).unwrap());
        assert_eq!(
            bodies(&add_leased(&store, vec![numbered("b", "b2")], 1).await),
            ["b2"],
            "the dead do not count"
        );
        let other = NewMessage { tenant: "other".into(), ..numbered("a", "o1") };
        assert_eq!(bodies(&add_leased(&store, vec![other], 1).await), ["o1"]);
        assert!(add_leased(&store, vec![numbered("z", "z1")], 0).await.is_empty());
        assert_eq!(look!(store, |read| read.count_messages().await), OutboxCount { waiting: 6, dead: 1 });
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_woken_for_a_message_that_its_step_leased() {
    for place in places("leased_bell").await {
        let store = place.open().await;
        let mut bell = store.watch_outbox();
        bell.mark_unchanged();
        add_leased(&store, vec![numbered("a", "a1")], 1).await;
        assert!(!bell.has_changed().unwrap());
        add_leased(&store, vec![numbered("a", "a2")], 1).await;
        assert!(bell.has_changed().unwrap());
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
        let back = look!(store, |read| read.get_message(id).await).unwrap();
        assert_eq!((back.dead_at, back.created_at), (None, 140), "as if it were new");
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_noted_whatever_characters_it_is_told_in() {
    for place in places("nul").await {
        let store = place.open().await;
        add(&store, vec![numbered("a", "a1")]).await;
        let first = lease(&store, 100).await.remove(0);
        assert!(step!(store, |tx, first| tx.retry_message(&first, 200, "it said \0").await).unwrap());
        let second = lease(&store, 200).await.remove(0);
        assert_eq!(second.last_error.as_deref(), Some("it said \u{fffd}"));
        assert!(step!(store, |tx, second| tx.bury_message(&second, 300, "\0\0").await).unwrap());
        let dead = look!(store, |read| read.list_dead_messages(0, 10).await);
        assert_eq!(dead[0].last_error.as_deref(), Some("\u{fffd}\u{fffd}"));
        place.end(store).await;
    }
}

/// Adds a message of that kind and gives it up at `at`; its number.
async fn bury(store: &Store, stream: &str, kind: &str, at: i64) -> i64 {
    add(store, vec![NewMessage { kind: kind.into(), ..message(stream) }]).await;
    let leased = lease(store, 100).await.pop().unwrap();
    let id = leased.id;
    assert!(step!(store, |tx, leased| tx.bury_message(&leased, at, "no").await).unwrap());
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_next_try_is_made_due_by_number_by_receiver_and_altogether() {
    for place in places("hasten").await {
        let store = place.open().await;
        let to = |stream: &str, whom: &str| NewMessage { destination: whom.into(), ..message(stream) };
        add(&store, vec![to("a", "x"), to("b", "x"), to("c", "y"), to("d", "y")]).await;
        let leased = lease(&store, 100).await;
        for row in leased.iter().take(3) {
            assert!(step!(store, |tx, row| tx.retry_message(&row, 9_000, "away").await).unwrap());
        }
        assert!(lease(&store, 120).await.is_empty());
        let (first, under_way) = (leased[0].id, leased[3].id);
        assert!(step!(store, |tx| tx.hasten_message(first, 120).await).unwrap());
        assert!(!step!(store, |tx| tx.hasten_message(first, 120).await).unwrap(), "it is due");
        assert!(!step!(store, |tx| tx.hasten_message(under_way, 120).await).unwrap(), "it is leased");
        assert_eq!(lease(&store, 120).await.iter().map(|row| row.id).collect::<Vec<_>>(), [first]);
        assert_eq!(step!(store, |tx| tx.hasten_messages_to("x", 130).await).unwrap(), 1);
        let second = lease(&store, 130).await;
        assert_eq!((second.len(), second[0].destination.as_str()), (1, "x"));
        assert_eq!(step!(store, |tx| tx.hasten_all(140).await).unwrap(), 1);
        assert_eq!(lease(&store, 140).await[0].stream, "c");
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_by_kind_dismissed_and_forgotten_with_their_time() {
    for place in places("dead_many").await {
        let store = place.open().await;
        let mut ids = Vec::new();
        for (number, kind) in ["order", "window", "order", "order", "window", "order"].into_iter().enumerate()
        {
            ids.push(bury(&store, &format!("s{number}"), kind, 100 + number as i64).await);
        }
        let windows = look!(store, |read| read.list_dead_messages_of("window", 0, 10).await);
        assert_eq!(windows.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[1], ids[4]]);
        let (second, after) = (ids[4], ids[1]);
        let rest = look!(store, |read| read.list_dead_messages_of("window", after, 10).await);
        assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), [second]);
        let oldest = ids[0];
        assert!(step!(store, |tx| tx.dismiss_message(oldest).await).unwrap());
        assert!(!step!(store, |tx| tx.dismiss_message(oldest).await).unwrap());
        // By their time, then by their number; of the kind that is to stay, none.
        let purge = async |before: i64, kept: u32| {
            step!(store, |tx| tx.purge_dead_messages(before, kept, "window", 10).await).unwrap()
        };
        assert_eq!(purge(103, 10).await, 1);
        assert_eq!(purge(103, 10).await, 0);
        assert_eq!(purge(0, 1).await, 1);
        assert_eq!(purge(0, 1).await, 0);
        let left = look!(store, |read| read.list_dead_messages(0, 10).await);
        assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [ids[1], ids[4], ids[5]]);
        assert_eq!(
            step!(store, |tx| tx.purge_dead_messages(i64::MAX, 0, "", 2).await).unwrap(),
            2,
            "in parts"
        );
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_told_whole_and_its_dead_letters_give_way_to_what_is_newer() {
    for place in places("stream").await {
        let store = place.open().await;
        let dead = bury(&store, "a", "order", 100).await;
        add(&store, vec![numbered("a", "a2"), numbered("b", "b1")]).await;
        let all = look!(store, |read| read.list_messages(0, 10).await);
        assert_eq!((all.len(), all[0].id), (3, dead));
        let waiting = look!(store, |read| read.list_waiting_messages(0, 10).await);
        assert_eq!(bodies(&waiting), ["a2", "b1"]);
        let (row, after) = (waiting[0].clone(), waiting[0].id);
        assert_eq!(bodies(&look!(store, |read| read.list_waiting_messages(after, 10).await)), ["b1"]);
        let tenant = row.tenant.clone();
        let whole = look!(store, |read, tenant| read.list_stream_messages(&tenant, "a", 10).await);
        assert_eq!(whole.iter().map(|row| row.id).collect::<Vec<_>>(), [dead, after]);
        let first = look!(store, |read, tenant| read.first_in_stream(&tenant, "a").await);
        assert_eq!(first.map(|row| row.id), Some(after), "the first that is alive");
        assert_eq!(look!(store, |read, tenant| read.first_in_stream(&tenant, "z").await), None);
        assert_eq!(look!(store, |read| read.find_late_message(i64::MAX).await), None, "nothing has failed");
        let leased = lease(&store, 100).await.remove(0);
        assert!(step!(store, |tx, leased| tx.retry_message(&leased, 200, "away").await).unwrap());
        assert_eq!(look!(store, |read| read.find_late_message(101).await).unwrap().id, after);
        assert_eq!(look!(store, |read| read.find_late_message(100).await), None, "not before it was written");
        let to = row.destination.clone();
        let (other, same) = (tenant.clone(), tenant);
        assert_eq!(step!(store, |tx, other| tx.dismiss_stream(&other, "a", "nobody").await).unwrap(), 0);
        assert_eq!(step!(store, |tx, same, to| tx.dismiss_stream(&same, "a", &to).await).unwrap(), 1);
        let left = look!(store, |read| read.count_messages().await);
        assert_eq!(left, OutboxCount { waiting: 2, dead: 0 });
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

fn received(sender: &str, sequence: &str, hash: &str, answer: &str, at: i64) -> InboxRow {
    InboxRow {
        sender: sender.into(),
        sequence: sequence.into(),
        body_hash: hash.into(),
        answer: Some(answer.into()),
        received_at: at,
    }
}

async fn receive(store: &Store, row: InboxRow) -> Arrival {
    step!(store, |tx, row| tx.receive(&row).await).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_to_a_message_is_the_one_that_is_kept() {
    for place in places("repeat").await {
        let store = place.open().await;
        let first = received("peer", "1", "aa", "{\"code\":1}", 1_000);
        assert_eq!(look!(store, |read| read.get_received("peer", "1").await), None);
        assert_eq!(receive(&store, first.clone()).await, Arrival::New);
        for other in [first.clone(), received("peer", "1", "bb", "{}", 2_000)] {
            assert_eq!(receive(&store, other).await, Arrival::Known);
            assert_eq!(look!(store, |read| read.get_received("peer", "1").await).as_ref(), Some(&first));
        }
        assert_eq!(receive(&store, received("peer", "2", "aa", "{}", 1_000)).await, Arrival::New);
        let other = receive(&store, received("another", "1", "bb", "{}", 1_000)).await;
        assert_eq!(other, Arrival::New, "numbers are each sender's own");
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_are_forgotten() {
    for place in places("purge").await {
        let store = place.open().await;
        for (sequence, at) in [("1", 10), ("2", 20), ("3", 30)] {
            receive(&store, received("peer", sequence, "aa", "{}", at)).await;
        }
        assert_eq!(step!(store, |tx| tx.purge_inbox(30, 1).await).unwrap(), 1);
        assert_eq!(step!(store, |tx| tx.purge_inbox(30, 10).await).unwrap(), 1);
        assert_eq!(step!(store, |tx| tx.purge_inbox(30, 10).await).unwrap(), 0);
        assert_eq!(look!(store, |read| read.get_received("peer", "2").await), None);
        assert_eq!(look!(store, |read| read.get_received("peer", "3").await).unwrap().received_at, 30);
        place.end(store).await;
    }
}
