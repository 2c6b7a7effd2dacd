//! Metering: never beyond a limit, never twice, numbered without gaps.

use std::collections::{BTreeMap, BTreeSet};

use store::{
    Admission, Body, CloseUse, Closing, NewUse, Store, StoreError, UseCounter, UseKey, UseSign, UseSum,
    WindowRow,
};

use crate::place::{look, places, step};

pub fn key(contract: &str, use_id: &str) -> UseKey {
    UseKey { tenant: "provider".into(), contract: contract.into(), use_id: use_id.into() }
}

pub fn new_use(contract: &str, use_id: &str, limit: Option<u64>) -> NewUse {
    NewUse { key: key(contract, use_id), at: 1_000, limit, body: Body::empty() }
}

fn close(contract: &str, use_id: &str, complete: bool) -> CloseUse {
    CloseUse {
        key: key(contract, use_id),
        at: 2_000,
        bytes: 10,
        rows: 2,
        digest: complete.then(|| "ab".into()),
        complete,
    }
}

async fn append(store: &Store, uses: Vec<NewUse>) -> Vec<Admission> {
    store.append_uses(uses).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_is_counted_once_and_never_beyond_its_limit() {
    for place in places("limit").await {
        let store = place.open().await;
        let answers =
            append(&store, ["a", "b", "a", "c"].map(|id| new_use("c1", id, Some(2))).to_vec()).await;
        assert_eq!(
            answers,
            [
                Admission::Admitted { sequence: 1, used_now: 1 },
                Admission::Admitted { sequence: 2, used_now: 2 },
                Admission::Repeat { sequence: 1, used_now: 1, closed: false },
                Admission::Refused { limit: 2, used: 2 },
            ]
        );
        let again = append(&store, vec![new_use("c1", "b", Some(2)), new_use("c1", "d", None)]).await;
        assert_eq!(again[0], Admission::Repeat { sequence: 2, used_now: 2, closed: false });
        assert_eq!(again[1], Admission::Admitted { sequence: 3, used_now: 3 });
        assert_eq!(
            append(&store, vec![new_use("c2", "a", Some(0))]).await,
            [Admission::Refused { limit: 0, used: 0 }]
        );
        assert_eq!(append(&store, vec![]).await, []);
        let missing = look!(store, |read| read.get_use(&key("c1", "c")).await);
        assert_eq!(missing, None, "a refused use leaves nothing");
        place.end(store).await;
    }
}

/// 64 callers ask for 10 contracts that allow 25 uses each, with repeats of the same ids among them.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_callers_never_pass_the_limit() {
    const LIMIT: u64 = 25;
    for place in places("concurrent").await {
        let store = place.open().await;
        let mut tasks = Vec::new();
        for caller in 0..64_u32 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mut mine = Vec::new();
                for round in 0..10 {
                    let contract = format!("c{}", (caller + round) % 10);
                    // Two callers share each id.
                    let one = new_use(&contract, &format!("u{}-{round}", caller / 2), Some(LIMIT));
                    let answer = append(&store, vec![one]).await[0];
                    mine.push((contract, answer));
                }
                mine
            }));
        }
        let mut sequences: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for task in tasks {
            for (contract, answer) in task.await.unwrap() {
                match answer {
                    Admission::Admitted { sequence, used_now } => {
                        assert_eq!(sequence, used_now);
                        sequences.entry(contract).or_default().push(sequence);
                    }
                    Admission::Repeat { sequence, .. } => assert!(sequence <= LIMIT),
                    Admission::Refused { limit, used } => assert_eq!((limit, used), (LIMIT, LIMIT)),
                }
            }
        }
        for number in 0..10 {
            let contract = format!("c{number}");
            let mut admitted = sequences.remove(&contract).unwrap();
            admitted.sort_unstable();
            assert_eq!(admitted, (1..=LIMIT).collect::<Vec<_>>(), "{contract}: each number once, no gap");
            let counter = look!(store, |read, contract| read.use_counter("provider", &contract).await);
            assert_eq!(counter, UseCounter { used: LIMIT, closed: 0, windowed: 0 });
        }
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_numbers_uses_without_gaps() {
    for place in places("closing").await {
        let store = place.open().await;
        let ids: Vec<String> = (0..40).map(|n| format!("u{n:02}")).collect();
        append(&store, ids.iter().map(|id| new_use("c1", id, None)).collect()).await;
        let mut tasks = Vec::new();
        for id in ids.clone() {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                store.close_uses(vec![close("c1", &id, true)]).await.unwrap()[0]
            }));
        }
        let mut numbers = BTreeSet::new();
        for task in tasks {
            let Closing::Closed(number) = task.await.unwrap() else { panic!("each closes once") };
            assert!(numbers.insert(number));
        }
        assert_eq!(numbers, (1..=40).collect());
        let again = store
            .close_uses(vec![
                close("c1", "u00", false),
                close("c1", "nobody", true),
                close("c2", "u00", true),
            ])
            .await
            .unwrap();
        assert!(matches!(again[0], Closing::Already(n) if n <= 40));
        assert_eq!(again[1..], [Closing::Unknown, Closing::Unknown]);
        let first = look!(store, |read| read.get_use(&key("c1", "u00")).await).unwrap();
        assert!(first.complete, "the first close stands");
        assert_eq!((first.bytes, first.rows, first.digest.as_deref()), (10, 2, Some("ab")));
        let repeat = append(&store, vec![new_use("c1", "u00", None)]).await[0];
        assert!(matches!(repeat, Admission::Repeat { closed: true, .. }), "{repeat:?}");
        let listed = look!(store, |read| read.list_closed_uses("provider", "c1", 1, 100).await);
        assert_eq!(
            listed.iter().map(|row| row.closing.unwrap()).collect::<Vec<_>>(),
            (1..=40).collect::<Vec<_>>()
        );
        let sum = look!(store, |read| read.sum_uses("provider", "c1").await);
        assert_eq!(sum, UseSum { uses: 40, complete: 40, bytes: 400, rows: 80 });
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_stored_fails_alone() {
    for place in places("alone").await {
        let store = place.open().await;
        append(&store, ["a", "b"].map(|id| new_use("c1", id, None)).to_vec()).await;
        let impossible = CloseUse { bytes: u64::MAX, ..close("c1", "a", true) };
        let (refused, admitted, closed) = tokio::join!(
            store.close_uses(vec![impossible]),
            store.append_uses(vec![new_use("c2", "a", None), new_use("c2", "b", None)]),
            store.close_uses(vec![close("c1", "b", true)]),
        );
        assert!(matches!(refused, Err(StoreError::Value { .. })), "{refused:?}");
        let admitted = admitted.unwrap();
        let numbers = [1, 2].map(|number| Admission::Admitted { sequence: number, used_now: number });
        assert_eq!(admitted, numbers);
        assert_eq!(closed.unwrap(), [Closing::Closed(1)]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_repeated_within_one_close_is_closed_once() {
    for place in places("close_twice").await {
        let store = place.open().await;
        append(&store, vec![new_use("c1", "a", None)]).await;
        let twice = vec![close("c1", "a", false), close("c1", "a", true)];
        assert_eq!(store.close_uses(twice).await.unwrap(), [Closing::Closed(1), Closing::Already(1)]);
        let row = look!(store, |read| read.get_use(&key("c1", "a")).await).unwrap();
        assert!(!row.complete && row.digest.is_none());
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_open_uses_are_found() {
    for place in places("silent").await {
        let store = place.open().await;
        append(&store, ["a", "b", "c"].map(|id| new_use("c1", id, None)).to_vec()).await;
        store.close_uses(vec![close("c1", "c", true)]).await.unwrap();
        let sign = |contract, id, upto| UseSign { key: key(contract, id), upto };
        let signs = vec![sign("c1", "b", 70), sign("c1", "c", 80), sign("c1", "nobody", 90)];
        store.touch_uses(signs, 5_000).await.unwrap();
        // Neither an older sign nor a nearer offset takes anything back.
        store.touch_uses(vec![sign("c1", "b", 60)], 4_000).await.unwrap();
        store.touch_uses(vec![sign("c1", "b", 75)], 4_500).await.unwrap();
        store.touch_uses(vec![sign("c1", "b", 0)], 4_999).await.unwrap();
        let ids = |rows: Vec<store::UseRow>| rows.into_iter().map(|row| row.key.use_id).collect::<Vec<_>>();
        assert_eq!(ids(look!(store, |read| read.list_open_uses(5_000, 10).await)), ["a"]);
        assert_eq!(ids(look!(store, |read| read.list_open_uses(5_001, 10).await)), ["a", "b"]);
        assert_eq!(ids(look!(store, |read| read.list_open_uses(5_001, 1).await)), ["a"]);
        assert_eq!(ids(look!(store, |read| read.list_open_uses(1_000, 10).await)), Vec::<String>::new());
        append(&store, vec![new_use("c2", "d", None)]).await;
        for (contract, open) in [("c1", vec!["a", "b"]), ("c2", vec!["d"]), ("c3", vec![])] {
            let key = key(contract, "");
            let found =
                look!(store, |read, key| read.list_open_uses_of(&key.tenant, &key.contract, 10).await);
            assert_eq!(ids(found), open);
        }
        let one = key("c1", "");
        let first = look!(store, |read, one| read.list_open_uses_of(&one.tenant, &one.contract, 1).await);
        assert_eq!(ids(first), ["a"]);
        assert_eq!(look!(store, |read| read.count_open_uses().await), 3);
        let bytes = |row: Option<store::UseRow>| row.map(|row| row.bytes);
        assert_eq!(bytes(look!(store, |read| read.get_use(&key("c1", "a")).await)), Some(0));
        assert_eq!(bytes(look!(store, |read| read.get_use(&key("c1", "b")).await)), Some(75));
        let closed = close("c1", "c", true);
        assert_eq!(
            bytes(look!(store, |read| read.get_use(&key("c1", "c")).await)),
            Some(closed.bytes),
            "it is closed"
        );
        place.end(store).await;
    }
}

fn window(number: u64, first: u64, last: u64) -> WindowRow {
    WindowRow {
        tenant: "provider".into(),
        contract: "c1".into(),
        number,
        first,
        last,
        hash: format!("h{number}"),
        state: WindowRow::SIGNED.into(),
        closed_at: 3_000,
        countersigned_at: None,
        body: Body::empty(),
        countersignature: None,
    }
}

async fn put_window(store: &Store, row: WindowRow) -> Result<(), StoreError> {
    step!(store, |tx, row| {
        tx.mark_windowed(&row.tenant, &row.contract, row.first, row.last, row.number).await?;
        tx.insert_window(&row).await
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_take_closed_uses_in_order_and_once() {
    for place in places("windows").await {
        let store = place.open().await;
        append(&store, (0..6).map(|n| new_use("c1", &format!("u{n}"), None)).collect()).await;
        store.close_uses((0..5).map(|n| close("c1", &format!("u{n}"), true)).collect()).await.unwrap();
        let waiting = look!(store, |read| read.list_unwindowed(10).await);
        assert_eq!((waiting.len(), waiting[0].uses, waiting[0].oldest_closed_at), (1, 5, 2_000));
        for wrong in [window(1, 2, 3), window(1, 1, 6), window(1, 0, 3), window(2, 1, 3), window(1, 3, 2)] {
            let error = put_window(&store, wrong).await.unwrap_err();
            assert!(error.is_conflict(), "{error}");
        }
        put_window(&store, window(1, 1, 3)).await.unwrap();
        assert!(put_window(&store, window(1, 1, 3)).await.unwrap_err().is_conflict());
        assert!(put_window(&store, window(2, 5, 5)).await.unwrap_err().is_conflict());
        put_window(&store, window(2, 4, 5)).await.unwrap();
        assert_eq!(look!(store, |read| read.list_unwindowed(10).await), []);
        let counter = look!(store, |read| read.use_counter("provider", "c1").await);
        assert_eq!(counter, UseCounter { used: 6, closed: 5, windowed: 5 });
        let uses = look!(store, |read| read.list_closed_uses("provider", "c1", 3, 2).await);
        assert_eq!(uses.iter().map(|row| row.window).collect::<Vec<_>>(), [Some(1), Some(2)]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_answered_once() {
    for place in places("answers").await {
        let store = place.open().await;
        step!(store, |tx| tx.insert_window(&window(1, 1, 3)).await).unwrap();
        step!(store, |tx| tx.insert_window(&window(2, 4, 4)).await).unwrap();
        assert!(step!(store, |tx| tx.insert_window(&window(4, 5, 5)).await).unwrap_err().is_conflict());
        assert!(step!(store, |tx| tx.insert_window(&window(3, 6, 6)).await).unwrap_err().is_conflict());
        let unsigned = |store: Store| async move {
            look!(store, |read| read.count_unsigned_windows("provider", "c1").await)
        };
        assert_eq!(unsigned(store.clone()).await, 2);
        let signature = Body::versioned(1, &"signature").unwrap();
        let answer = |number: u64, state: &'static str| {
            let (store, signature) = (store.clone(), signature.clone());
            async move {
                step!(store, |tx, signature| {
                    tx.answer_window(("provider", "c1", number), state, &signature, 9_000).await
                })
                .unwrap()
            }
        };
        assert!(answer(1, WindowRow::COUNTERSIGNED).await);
        assert!(!answer(1, WindowRow::REFUSED).await, "the first answer stands");
        assert!(!answer(7, WindowRow::COUNTERSIGNED).await);
        assert_eq!(unsigned(store.clone()).await, 1);
        let row = look!(store, |read| read.get_window("provider", "c1", 1).await).unwrap();
        assert_eq!((row.state.as_str(), row.countersigned_at), (WindowRow::COUNTERSIGNED, Some(9_000)));
        assert_eq!(row.countersignature, Some(signature.clone()));
        assert_eq!(look!(store, |read| read.last_window("provider", "c1").await).unwrap().number, 2);
        let signed = look!(store, |read| read.list_windows_in(WindowRow::SIGNED, 10).await);
        assert_eq!(signed.iter().map(|row| row.number).collect::<Vec<_>>(), [2]);
        assert_eq!(look!(store, |read| read.list_windows("provider", "c1", 2, 10).await).len(), 1);
        place.end(store).await;
    }
}

/// A step may open and close one use at once, and the first uses of a contract with those of others.
#[tokio::test(flavor = "multi_thread")]
async fn a_step_can_open_and_close_uses_of_new_contracts() {
    for place in places("open_close").await {
        let store = place.open().await;
        let answers = step!(store, |tx| {
            let uses: Vec<NewUse> = (0..70).map(|n| new_use(&format!("c{n:02}"), "a", Some(1))).collect();
            let admissions = tx.append_uses(&uses).await?;
            let closings = tx.close_uses(&[close("c00", "a", true), close("c69", "a", false)]).await?;
            Ok((admissions, closings))
        })
        .unwrap();
        assert_eq!(answers.0, vec![Admission::Admitted { sequence: 1, used_now: 1 }; 70]);
        assert_eq!(answers.1, [Closing::Closed(1), Closing::Closed(1)]);
        let sum = look!(store, |read| read.sum_uses("provider", "c69").await);
        assert_eq!(sum, UseSum { uses: 1, complete: 0, bytes: 10, rows: 2 });
        let other = look!(store, |read| read.sum_uses("provider", "c68").await);
        assert_eq!(other, UseSum { uses: 1, complete: 0, bytes: 0, rows: 0 });
        let nobody = look!(store, |read| read.sum_uses("nobody", "c68").await);
        assert_eq!(nobody, UseSum::default());
        assert_eq!(look!(store, |read| read.list_unwindowed(10).await).len(), 2);
        place.end(store).await;
    }
}
