//! kill -9 while writing: what was acknowledged is there afterwards, once.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
};

use store::{Admission, Store, StoreOptions, StoreUrl};

use crate::{
    place::{Place, lasting_places, look, step},
    uses::{key, new_use},
};

/// Tells a child process where to write; the test of the same name then plays the child.
const CHILD: &str = "WEIR_STORE_TEST_CHILD";
const CHILD_SCHEMA: &str = "WEIR_STORE_TEST_SCHEMA";
const WRITERS: u32 = 8;
/// How many acknowledgements the parent waits for before it kills.
const KILL_AFTER: usize = 200;
const ROUNDS: u32 = 3;

/// Writes until it is killed, and says what was acknowledged, one line each.
async fn child(url: StoreUrl) {
    let schema = std::env::var(CHILD_SCHEMA).unwrap();
    let options = StoreOptions { schema, ..StoreOptions::default() };
    let store = Store::open(&url, options).await.unwrap();
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        tasks.push(tokio::spawn(async move { write_for_ever(&store, writer).await }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn write_for_ever(store: &Store, writer: u32) {
    let round = std::process::id();
    for number in 0_u64.. {
        let id = format!("{round}-{writer}-{number}");
        let answer = store.append_uses(vec![new_use("c1", &id, None)]).await.unwrap()[0];
        let Admission::Admitted { sequence, .. } = answer else { panic!("{answer:?}") };
        say(&format!("use {id} {sequence}"));
        step!(store, |tx, id| tx.put_meta(&id, "1").await).unwrap();
        say(&format!("meta {id}"));
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// Runs a child until it has acknowledged enough, kills it, and gives back all that it said.
fn run_and_kill(place: &Place, url: &str) -> Vec<String> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::nothing_acknowledged_is_lost_or_counted_twice", "--nocapture"])
        .env(CHILD, url)
        .env(CHILD_SCHEMA, &place.options.schema)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said: Vec<String> = Vec::new();
    while said.len() < KILL_AFTER {
        said.push(lines.next().expect("the child writes until it is killed").unwrap());
    }
    child.kill().unwrap();
    // What it said before it died, and the parent had not read yet, counts as well; a torn last line does not.
    said.extend(lines.map_while(Result::ok));
    child.wait().unwrap();
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_or_counted_twice() {
    if let Ok(url) = std::env::var(CHILD) {
        return child(url.parse().unwrap()).await;
    }
    for place in lasting_places("crash").await {
        let url = match &place.url {
            StoreUrl::Postgres { url } => url.clone(),
            other => other.to_string(),
        };
        let mut acknowledged = BTreeSet::new();
        for _ in 0..ROUNDS {
            for line in run_and_kill(&place, &url) {
                let words: Vec<&str> = line.split(' ').collect();
                match words.as_slice() {
                    ["use", id, sequence] => {
                        acknowledged.insert(((*id).to_owned(), sequence.parse::<u64>().ok()));
                    }
                    ["meta", id] => {
                        acknowledged.insert(((*id).to_owned(), None));
                    }
                    _ => {}
                }
            }
            assert!(acknowledged.len() + WRITERS as usize > KILL_AFTER, "the child's words are understood");
            check(&place, &acknowledged).await;
        }
        let store = open_when_free(&place).await;
        place.end(store).await;
    }
}

/// A server needs a moment to notice that the killed process is gone; its lock is asked for until then.
async fn open_when_free(place: &Place) -> Store {
    loop {
        match Store::open(&place.url, place.options.clone()).await {
            Ok(store) => return store,
            Err(store::StoreError::Locked { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

async fn check(place: &Place, acknowledged: &BTreeSet<(String, Option<u64>)>) {
    let store = open_when_free(place).await;
    for (id, sequence) in acknowledged {
        match sequence {
            Some(sequence) => {
                let row = look!(store, |read, id| read.get_use(&key("c1", &id)).await);
                assert_eq!(row.map(|row| row.sequence), Some(*sequence), "use {id}");
                let again = store.append_uses(vec![new_use("c1", id, None)]).await.unwrap()[0];
                assert!(
                    matches!(again, Admission::Repeat { sequence: s, .. } if s == *sequence),
                    "{again:?}"
                );
            }
            None => {
                let value = look!(store, |read, id| read.get_meta(&id).await);
                assert_eq!(value.as_deref(), Some("1"), "step {id}");
            }
        }
    }
    let counter = look!(store, |read| read.use_counter("provider", "c1").await);
    let sum = look!(store, |read| read.sum_uses("provider", "c1").await);
    assert_eq!(counter.used, sum.uses, "the counter and the rows say the same");
    let open = look!(store, |read| read.list_open_uses(i64::MAX, 10_000).await);
    let sequences: BTreeSet<u64> = open.iter().map(|row| row.sequence).collect();
    assert_eq!(sequences, (1..=counter.used).collect(), "numbered without gaps, none twice");
    store.close().await;
}
