//! Opening: what stands in the way, and what the error says about it.

use store::{Store, StoreError, StoreOptions, StoreUrl};

use crate::place::{Place, lasting_places, look, step};

async fn refused(place: &Place) -> StoreError {
    Store::open(&place.url, place.options.clone()).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_there_again_after_reopening() {
    for place in lasting_places("reopen").await {
        let store = place.open().await;
        step!(store, |tx| tx.put_meta("id", "42").await).unwrap();
        store.close().await;
        store.close().await;
        let store = place.open().await;
        assert_eq!(look!(store, |read| read.get_meta("id").await).as_deref(), Some("42"));
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused() {
    for place in lasting_places("second").await {
        let store = place.open().await;
        let error = refused(&place).await;
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        assert!(error.to_string().contains("stop that process first"), "{error}");
        step!(store, |tx| tx.put_meta("still", "mine").await).unwrap();
        place.end(store).await;
    }
}

fn files(place: &Place) -> Vec<std::ffi::OsString> {
    let StoreUrl::Sqlite { path } = &place.url else { return Vec::new() };
    let entries = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_keeps_nobody_from_opening_and_leaves_no_file() {
    for place in lasting_places("looked").await {
        let store = place.open().await;
        step!(store, |tx| tx.put_meta("id", "42").await).unwrap();
        let error = Store::look(&place.url, &place.options).await.err().unwrap();
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
        store.close().await;
        drop(store);
        let before = files(&place);
        let mut one = Store::look(&place.url, &place.options).await.unwrap().unwrap();
        assert_eq!(one.get_meta("id").await.unwrap().as_deref(), Some("42"));
        let other = Store::look(&place.url, &place.options).await.unwrap().unwrap();
        drop((one, other));
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(files(&place), before, "as it was");
        let look = Store::look(&place.url, &place.options).await.unwrap().unwrap();
        let store = place.open().await;
        drop(look);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_from_a_newer_version_is_refused_unchanged() {
    for place in lasting_places("newer").await {
        place.open().await.close().await;
        place.execute("INSERT INTO weir_schema (version, written_by) VALUES (99, '9.9.9')").await;
        let error = refused(&place).await;
        let StoreError::Newer { found: 99, known, .. } = &error else { panic!("{error}") };
        let text = error.to_string();
        assert!(text.contains("99") && text.contains(&format!("up to {known}")), "{text}");
        assert!(*known < 99 && text.contains("9.9.9"), "{text}");
        assert!(text.contains("restore the backup"), "{text}");
        place.execute("DELETE FROM weir_schema WHERE version = 99").await;
        let store = place.open().await;
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_database_is_refused_unchanged() {
    for place in lasting_places("stranger").await {
        if let StoreUrl::Postgres { .. } = place.url {
            place.execute(&format!("CREATE SCHEMA {}", place.options.schema)).await;
        }
        place.execute("CREATE TABLE cats (name TEXT); INSERT INTO cats VALUES ('Mimi')").await;
        let error = refused(&place).await;
        assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
        place.execute("INSERT INTO cats VALUES ('Luna')").await;
        place.execute("DROP TABLE cats").await;
        let store = place.open().await;
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database_is_refused_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "shopping list: tea, ink").unwrap();
    let error = Store::open(&StoreUrl::sqlite(&path), StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert!(error.to_string().contains("notes.txt"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "shopping list: tea, ink");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for path in [folder.path().join("missing/node.db"), folder.path().to_path_buf()] {
        let error = Store::open(&StoreUrl::sqlite(&path), StoreOptions::default()).await.unwrap_err();
        assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_store_is_not_created_unasked() {
    for mut place in lasting_places("missing").await {
        place.options.create = false;
        let error = refused(&place).await;
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        assert!(error.to_string().contains("weir init"), "{error}");
        place.options.create = true;
        place.open().await.close().await;
        place.options.create = false;
        let store = place.open().await;
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_answer_is_named_without_its_password() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url: StoreUrl = format!("postgres://weir:geheim@127.0.0.1:{port}/weir").parse().unwrap();
    let error = Store::open(&url, StoreOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    let text = format!("{error} {error:?}");
    assert!(text.contains(&port.to_string()) && !text.contains("geheim"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_name_that_needs_quotes_is_refused() {
    let url: StoreUrl = "postgres://127.0.0.1:1/weir".parse().unwrap();
    for schema in ["", "1a", "Weir", "a-b", "a; drop schema b", &"a".repeat(64)] {
        let options = StoreOptions { schema: schema.into(), ..StoreOptions::default() };
        let error = Store::open(&url, options).await.unwrap_err();
        assert!(matches!(error, StoreError::SchemaName { .. }), "{error}");
    }
}

/// The lock of a server ends with its connection; the epoch then stops the one who lost it.
#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_store_can_no_longer_write() {
    let Some(place) = Place::postgres("fenced").await else { return };
    let store = place.open().await;
    step!(store, |tx| tx.put_meta("a", "1").await).unwrap();
    place.execute("UPDATE weir_owner SET epoch = epoch + 1").await;
    let error = step!(store, |tx| tx.put_meta("a", "2").await).unwrap_err();
    assert!(matches!(error, StoreError::Fenced), "{error}");
    assert_eq!(look!(store, |read| read.get_meta("a").await).as_deref(), Some("1"));
    place.end(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_holds_many_nodes() {
    let (Some(one), Some(two)) = (Place::postgres("node_a").await, Place::postgres("node_b").await) else {
        return;
    };
    let (a, b) = (one.open().await, two.open().await);
    step!(a, |tx| tx.put_meta("name", "a").await).unwrap();
    assert_eq!(look!(b, |read| read.get_meta("name").await), None);
    one.end(a).await;
    two.end(b).await;
}
