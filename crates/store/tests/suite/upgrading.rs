//! Stores of earlier versions: opened by this one, they keep everything.

use store::{Admission, Body, CloseUse, Closing, Store, StoreUrl, UseCounter, UseRow, UseSum};

use crate::{
    place::{Place, lasting_places, look, step},
    uses::{key, new_use},
};

/// The schema of version 1 in the words of the backend, and the rows that say so.
fn version_1(url: &StoreUrl) -> String {
    let (bytes, numbered, clustered, text) = match url {
        StoreUrl::Postgres { .. } => {
            ("BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "", " TEXT COLLATE \"C\"")
        }
        _ => ("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT", " WITHOUT ROWID", " TEXT"),
    };
    let first = include_str!("../../src/migrations/0001_first.sql")
        .replace("{BYTES}", bytes)
        .replace("{NUMBERED}", numbered)
        .replace("{CLUSTERED}", clustered)
        .replace(" TEXT", text);
    format!(
        "{first}
        CREATE TABLE weir_schema (version BIGINT NOT NULL PRIMARY KEY, written_by TEXT NOT NULL);
        CREATE TABLE weir_owner (id BIGINT NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL);
        INSERT INTO weir_owner (id, epoch) VALUES (1, 0);
        INSERT INTO weir_schema (version, written_by) VALUES (1, '0.1.0');"
    )
}

/// Two contracts: of `c1` a use in a window, one that waits for a window and an open one; of `c2` an open one with the id of another.
const ROWS: &str = r#"
    INSERT INTO node_meta (key, value) VALUES ('id', '42');
    INSERT INTO use_counters (tenant, contract, used, closed, windowed)
    VALUES ('provider', 'c1', 3, 2, 1), ('provider', 'c2', 1, 0, 0);
    INSERT INTO uses (tenant, contract, use_id, sequence, opened_at, touched_at, closing, closed_at, bytes, rows,
        digest, complete, in_window, body)
    VALUES ('provider', 'c1', 'z', 1, 100, 110, 2, 400, 10, 2, 'ab', 1, NULL, '{"v":1,"body":{}}'),
        ('provider', 'c1', 'a', 2, 200, 210, 1, 300, 7, 0, NULL, 0, 1, '{"v":1,"body":{"fields":["x"]}}'),
        ('provider', 'c1', 'open', 3, 300, 350, NULL, NULL, 5, 0, NULL, 0, NULL, '{"v":1,"body":{}}'),
        ('provider', 'c2', 'a', 1, 150, 160, NULL, NULL, 0, 0, NULL, 0, NULL, '{"v":1,"body":{}}');"#;

async fn store_of_version_1(place: &Place) -> Store {
    if let StoreUrl::Postgres { .. } = place.url {
        place.execute(&format!("CREATE SCHEMA {}", place.options.schema)).await;
    }
    place.execute(&version_1(&place.url)).await;
    place.execute(ROWS).await;
    place.open().await
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_of_version_1_are_all_kept() {
    for place in lasting_places("upgrade_kept").await {
        let store = store_of_version_1(&place).await;
        assert_eq!(look!(store, |read| read.get_meta("id").await).as_deref(), Some("42"));
        let windowed = look!(store, |read| read.get_use(&key("c1", "a")).await).unwrap();
        let expected = UseRow {
            key: key("c1", "a"),
            sequence: 2,
            opened_at: 200,
            touched_at: 210,
            closing: Some(1),
            closed_at: Some(300),
            bytes: 7,
            rows: 0,
            digest: None,
            complete: false,
            window: Some(1),
            body: Body::versioned(1, &serde_json::json!({"fields": ["x"]})).unwrap(),
        };
        assert_eq!(windowed, expected);
        let closed = look!(store, |read| read.list_closed_uses("provider", "c1", 1, 10).await);
        assert_eq!(closed.iter().map(|row| row.key.use_id.as_str()).collect::<Vec<_>>(), ["a", "z"]);
        let last = closed.last().unwrap();
        assert_eq!((last.digest.as_deref(), last.complete, last.window), (Some("ab"), true, None));
        let open = look!(store, |read| read.list_open_uses(i64::MAX, 10).await);
        assert_eq!(
            open.iter().map(|row| row.key.clone()).collect::<Vec<_>>(),
            [key("c2", "a"), key("c1", "open")]
        );
        let sum = look!(store, |read| read.sum_uses("provider", "c1").await);
        assert_eq!(sum, UseSum { uses: 3, complete: 1, bytes: 22, rows: 2 });
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metering_goes_on_where_version_1_stopped() {
    for place in lasting_places("upgrade_on").await {
        let store = store_of_version_1(&place).await;
        let waiting = look!(store, |read| read.list_unwindowed(10).await);
        assert_eq!((waiting.len(), waiting[0].uses, waiting[0].oldest_closed_at), (1, 1, 400));
        let again =
            store.append_uses(vec![new_use("c1", "a", None), new_use("c2", "b", Some(2))]).await.unwrap();
        assert_eq!(again[0], Admission::Repeat { sequence: 2, used_now: 2, closed: true });
        assert_eq!(again[1], Admission::Admitted { sequence: 2, used_now: 2 });
        let close = |id: &str| CloseUse {
            key: key("c1", id),
            at: 500,
            bytes: 9,
            rows: 1,
            digest: Some("cd".into()),
            complete: true,
        };
        let closings = store.close_uses(vec![close("z"), close("open")]).await.unwrap();
        assert_eq!(closings, [Closing::Already(2), Closing::Closed(3)]);
        step!(store, |tx| tx.mark_windowed("provider", "c1", 2, 3, 2).await).unwrap();
        store.close().await;
        let store = place.open().await;
        let counter = look!(store, |read| read.use_counter("provider", "c1").await);
        assert_eq!(counter, UseCounter { used: 3, closed: 3, windowed: 3 });
        let sum = look!(store, |read| read.sum_uses("provider", "c1").await);
        assert_eq!(sum, UseSum { uses: 3, complete: 2, bytes: 26, rows: 3 });
        place.end(store).await;
    }
}
