//! `run_tx` and `read`: all or nothing, isolation within a group, panics, retries, wake-ups, closing.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use store::{NewEvidence, NewMessage, Page, Store, StoreError};

use crate::place::{Place, lasting_places, look, places, step};

/// An error of a caller's own.
#[derive(Debug)]
enum StepError {
    Refused,
    Store { _why: StoreError },
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Store { _why: error }
    }
}

async fn put(store: &Store, key: String) -> Result<(), StoreError> {
    step!(store, |tx, key| tx.put_meta(&key, "1").await)
}

async fn refuse(store: &Store, key: String) -> Result<(), StepError> {
    store
        .run_tx("refuse", move |tx| {
            let key = key.clone();
            Box::pin(async move {
                tx.put_meta(&key, "1").await?;
                Err(StepError::Refused)
            })
        })
        .await
}

async fn panic_after_writing(store: &Store, key: String) -> Result<(), StoreError> {
    store
        .run_tx("panics", move |tx| {
            let key = key.clone();
            Box::pin(async move {
                tx.put_meta(&key, "1").await?;
                panic!("a defect in a step")
            })
        })
        .await
}

async fn keys(store: &Store) -> Vec<String> {
    let rows = look!(store, |read| read.list_meta(&Page::first(1000)).await);
    rows.into_iter().map(|row| row.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_step_leaves_no_trace() {
    for place in places("refused").await {
        let store = place.open().await;
        let error = refuse(&store, "gone".into()).await.unwrap_err();
        assert!(matches!(error, StepError::Refused), "{error:?}");
        put(&store, "kept".into()).await.unwrap();
        assert_eq!(keys(&store).await, ["kept"]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_leaves_no_trace_and_the_writer_lives() {
    for place in places("panic").await {
        let store = place.open().await;
        let error = panic_after_writing(&store, "gone".into()).await.unwrap_err();
        assert!(matches!(error, StoreError::Panicked { name: "panics" }), "{error}");
        let early: Result<(), StoreError> = store
            .run_tx("early", |_| if keep() { panic!("before the future") } else { Box::pin(ok()) })
            .await;
        assert!(matches!(early.unwrap_err(), StoreError::Panicked { name: "early" }));
        put(&store, "kept".into()).await.unwrap();
        assert_eq!(keys(&store).await, ["kept"]);
        place.end(store).await;
    }
}

/// Opaque to the compiler's eye for dead code.
fn keep() -> bool {
    std::env::args().count() > 0
}

async fn ok() -> Result<(), StoreError> {
    Ok(())
}

/// Steps that fail and panic stand between steps that succeed, all in the queue at once.
#[tokio::test(flavor = "multi_thread")]
async fn neighbours_in_a_group_do_not_feel_each_other() {
    for place in places("neighbours").await {
        let store = place.open().await;
        let mut tasks = Vec::new();
        for number in 0..90 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let key = format!("k{number:03}");
                match number % 3 {
                    0 => assert!(put(&store, key).await.is_ok()),
                    1 => assert!(matches!(refuse(&store, key).await, Err(StepError::Refused))),
                    _ => {
                        let error = panic_after_writing(&store, key).await.unwrap_err();
                        assert!(matches!(error, StoreError::Panicked { .. }), "{error}");
                    }
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let expected: Vec<String> = (0..90).step_by(3).map(|number| format!("k{number:03}")).collect();
        assert_eq!(keys(&store).await, expected);
        place.end(store).await;
    }
}

/// A statement that the database refuses inside one step (here: a broken reference) is that step's matter alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_statement_is_undone_alone() {
    for place in lasting_places("failed_statement").await {
        let store = place.open().await;
        put(&store, "before".into()).await.unwrap();
        let huge = store::LogNode { level: 0, index: u64::MAX, hash: [0; 32] };
        let growth = store::Growth {
            log: "x".into(),
            expected_size: 0,
            nodes: vec![huge],
            frontier: vec![],
            checkpoint: "c".into(),
            at: 0,
        };
        let error = step!(store, |tx, growth| tx.append_followed(&growth, &[]).await).unwrap_err();
        assert!(matches!(error, StoreError::Value { .. }), "{error}");
        assert_eq!(look!(store, |read| read.log_head("x").await), None);
        put(&store, "after".into()).await.unwrap();
        assert_eq!(keys(&store).await, ["after", "before"]);
        place.end(store).await;
    }
}

/// A caller that passes over a failed statement and says `Ok` would, on PostgreSQL, commit nothing without a word.
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_statement_cannot_be_passed_over() {
    for place in places("passed_over").await {
        let store = place.open().await;
        let outcome = step!(store, |tx| {
            tx.put_meta("gone", "1").await?;
            tx.put_resource(&resource("a")).await?;
            let refused = tx.put_resource(&resource("b")).await;
            assert!(refused.is_err(), "the identifier is taken");
            Ok(())
        });
        assert!(matches!(outcome, Err(StoreError::Database { .. })), "{outcome:?}");
        put(&store, "kept".into()).await.unwrap();
        assert_eq!(keys(&store).await, ["kept"]);
        place.end(store).await;
    }
}

fn resource(key: &str) -> store::ResourceRow {
    store::ResourceRow {
        tenant: "t".into(),
        key: key.into(),
        id: Some("the same".into()),
        state: "s".into(),
        source: None,
        stamp: None,
        updated_at: 1,
        body: store::Body::empty(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_increments_all_count() {
    for place in places("increments").await {
        let store = place.open().await;
        let runs = Arc::new(AtomicU32::new(0));
        let mut tasks = Vec::new();
        for _ in 0..40 {
            let (store, runs) = (store.clone(), Arc::clone(&runs));
            tasks.push(tokio::spawn(async move { increment(&store, runs).await.unwrap() }));
        }
        let mut seen = Vec::new();
        for task in tasks {
            seen.push(task.await.unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=40).collect::<Vec<u32>>(), "each saw the one before");
        assert!(runs.load(Ordering::Relaxed) >= 40);
        place.end(store).await;
    }
}

async fn increment(store: &Store, runs: Arc<AtomicU32>) -> Result<u32, StoreError> {
    store
        .run_tx("increment", move |tx| {
            runs.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                let before = tx.get_meta("count").await?;
                let next = before.map_or(0, |text| text.parse::<u32>().unwrap()) + 1;
                tx.put_meta("count", &next.to_string()).await?;
                Ok(next)
            })
        })
        .await
}

/// Parties that have nothing to do with each other must not wear each other out, however small the tables are.
#[tokio::test(flavor = "multi_thread")]
async fn many_parties_step_side_by_side() {
    for place in places("side_by_side").await {
        let store = place.open().await;
        let tasks: Vec<_> = (0..32)
            .map(|party| {
                let store = store.clone();
                tokio::spawn(async move { negotiate(&store, party).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let count = look!(store, |read| read.count_messages().await);
        assert_eq!(count.waiting, 32 * 10);
        assert_eq!(look!(store, |read| read.count_unsequenced("l").await), 32 * 10);
        place.end(store).await;
    }
}

/// Ten rounds of a contract: received, read, written, answered, logged.
async fn negotiate(store: &Store, party: u32) {
    let tenant = format!("t{party:02}");
    for round in 0..10_u32 {
        step!(store, |tx, tenant| {
            let message_in = store::InboxRow {
                sender: tenant.clone(),
                sequence: round.to_string(),
                body_hash: "hash".into(),
                answer: Some("{}".into()),
                received_at: 1,
            };
            assert_eq!(tx.receive(&message_in).await?, store::Arrival::New);
            let row = match tx.get_contract(&tenant, "k").await? {
                Some(row) => row,
                None => contract(&tenant),
            };
            let version = tx.put_contract(&row).await?;
            assert_eq!(version, u64::from(round) + 1);
            tx.add_messages(&[message(&tenant)]).await?;
            tx.add_evidence(&[proof(&tenant)]).await
        })
        .unwrap();
    }
}

fn contract(tenant: &str) -> store::ContractRow {
    store::ContractRow {
        tenant: tenant.into(),
        key: "k".into(),
        contract: None,
        state: "01".into(),
        role: "user".into(),
        peer: "peer".into(),
        product: "p".into(),
        created_at: 1,
        updated_at: 1,
        version: 0,
        body: store::Body::empty(),
    }
}

fn proof(tenant: &str) -> NewEvidence {
    NewEvidence {
        log: "l".into(),
        tenant: tenant.into(),
        kind: "k".into(),
        subject: "s".into(),
        contract: None,
        salt: [1; 32],
        at: 1,
        body: "{}".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_see_a_snapshot_and_write_nothing() {
    for place in lasting_places("snapshot").await {
        let store = place.open().await;
        put(&store, "first".into()).await.unwrap();
        let (seen, again) = {
            let writer = store.clone();
            store
                .read::<_, StoreError, _>("snapshot", move |read| {
                    let writer = writer.clone();
                    Box::pin(async move {
                        let seen = read.get_meta("second").await?;
                        put(&writer, "second".into()).await?;
                        Ok((seen, read.get_meta("second").await?))
                    })
                })
                .await
                .unwrap()
        };
        assert_eq!((seen, again), (None, None));
        assert_eq!(keys(&store).await, ["first", "second"]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_wake_those_who_wait() {
    for place in places("wake").await {
        let store = place.open().await;
        let (mut outbox, mut evidence, heads) =
            (store.watch_outbox(), store.watch_evidence(), store.watch_heads());
        let message = message("t");
        let row = proof("t");
        put(&store, "silent".into()).await.unwrap();
        let refused: Result<(), StoreError> = step!(store, |tx, message| {
            tx.add_messages(&[message]).await?;
            Err(StoreError::Fenced)
        });
        assert!(refused.is_err());
        assert!(!outbox.has_changed().unwrap(), "nothing was committed that wakes a sender");
        step!(store, |tx, message, row| {
            tx.add_messages(&[message]).await?;
            tx.add_evidence(&[row]).await
        })
        .unwrap();
        assert!(outbox.has_changed().unwrap() && evidence.has_changed().unwrap());
        assert!(!heads.has_changed().unwrap());
        outbox.mark_unchanged();
        evidence.mark_unchanged();
        step!(store, |tx, row| tx.add_evidence(&[row]).await).unwrap();
        assert!(!outbox.has_changed().unwrap() && evidence.has_changed().unwrap());
        place.end(store).await;
    }
}

pub fn message(stream: &str) -> NewMessage {
    NewMessage {
        tenant: "t".into(),
        stream: stream.into(),
        destination: "d".into(),
        kind: "k".into(),
        body: "{}".into(),
        at: 100,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_finishes_its_queue_and_refuses_the_rest() {
    for place in lasting_places("closed").await {
        let store = place.open().await;
        let waiting: Vec<_> = (0..20)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { (number, put(&store, format!("k{number:02}")).await) })
            })
            .collect();
        store.close().await;
        let mut acknowledged = Vec::new();
        for task in waiting {
            match task.await.unwrap() {
                (number, Ok(())) => acknowledged.push(format!("k{number:02}")),
                (_, Err(error)) => assert!(matches!(error, StoreError::Closed), "an honest refusal: {error}"),
            }
        }
        assert!(matches!(put(&store, "late".into()).await, Err(StoreError::Closed)));
        let store = place.open().await;
        let kept = keys(&store).await;
        assert!(acknowledged.iter().all(|key| kept.contains(key)), "{acknowledged:?} in {kept:?}");
        assert!(!kept.contains(&"late".to_owned()));
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_clone_gives_the_store_free() {
    let place = Place::file();
    let store = place.open().await;
    put(&store, "kept".into()).await.unwrap();
    drop(store);
    // The writer ends by itself; until then the lock stands. It is asked for again until it is free.
    let store = loop {
        match Store::open(&place.url, place.options.clone()).await {
            Ok(store) => break store,
            Err(StoreError::Locked { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(keys(&store).await, ["kept"]);
    place.end(store).await;
}
