//! Looking at a store that nobody serves, as opening it would, and changing nothing: no migration, no new file, no new owner,
//! and nobody refused who opens it meanwhile.

use std::path::Path;

use crate::{
    conn::{Backend, Conn, Read},
    error::Result,
    lock::LockFile,
    open::{StoreOptions, check_file, check_schema_free, check_schema_name, connect, has_schema, set_schema},
    schema,
    store::Store,
    url::{StoreUrl, sqlite_driver_url},
};

impl Store {
    /// What stands at the address: nothing where there is no store yet, else the store to be read.
    ///
    /// # Errors
    /// Those that [`Store::open`] would have for what stands there: unreachable, not readable, not a store, newer, locked, damaged.
    pub async fn look(url: &StoreUrl, options: &StoreOptions) -> Result<Option<Read>> {
        sqlx::any::install_default_drivers();
        let location = url.to_string();
        match url {
            StoreUrl::SqliteMemory => Ok(None),
            StoreUrl::Sqlite { path } if !path.exists() => Ok(None),
            StoreUrl::Sqlite { path } => {
                check_file(path, &location)?;
                LockFile::check_free(path)?;
                let mut conn = connect(&sqlite_driver_url(path, mode(path))?, &location).await?;
                let is_there = schema::check(&mut conn, Backend::Sqlite, &location).await?;
                Ok(is_there.then(|| Read::new(Conn::Own(Box::new(conn)), Backend::Sqlite)))
            }
            StoreUrl::Postgres { url } => look_at_server(url, &location, &options.schema).await,
        }
    }
}

/// Reading as usual would make files beside a store that was closed in good order, which its owner might not be able to write. Where
/// there are none, nothing of the store stands outside of its file.
fn mode(path: &Path) -> &'static str {
    // They stand beside the file itself, wherever a link to it stands.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let is_there = |end: &str| {
        let mut name = path.clone().into_os_string();
        name.push(end);
        Path::new(&name).exists()
    };
    if is_there("-wal") || is_there("-journal") { "ro" } else { "ro&immutable=true" }
}

async fn look_at_server(url: &str, location: &str, name: &str) -> Result<Option<Read>> {
    check_schema_name(name)?;
    let location = format!("{location} (schema {name})");
    let mut conn = connect(url, &location).await?;
    check_schema_free(&mut conn, &location, name).await?;
    if !has_schema(&mut conn, name).await? {
        return Ok(None);
    }
    set_schema(&mut conn, name).await?;
    let is_there = schema::check(&mut conn, Backend::Postgres, &location).await?;
    Ok(is_there.then(|| Read::new(Conn::Own(Box::new(conn)), Backend::Postgres)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::StoreError;

    async fn look(path: &std::path::Path) -> Result<Option<Read>> {
        Store::look(&StoreUrl::Sqlite { path: path.to_path_buf() }, &StoreOptions::default()).await
    }

    async fn raw(path: &std::path::Path, text: &'static str) {
        let mut conn = connect(&sqlite_driver_url(path, "rw").unwrap(), "test").await.unwrap();
        sqlx::raw_sql(text).execute(&mut conn).await.unwrap();
        sqlx::Connection::close(conn).await.unwrap();
    }

    #[tokio::test]
    async fn looking_tells_what_opening_would_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("node.db");
        assert!(look(&path).await.unwrap().is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes no file");

        let url = StoreUrl::Sqlite { path: path.clone() };
        let store = Store::open(&url, StoreOptions::default()).await.unwrap();
        store.run_tx("test", |tx| Box::pin(async move { tx.put_meta("a", "b").await })).await.unwrap();
        assert!(matches!(look(&path).await, Err(StoreError::Locked { .. })));
        store.close().await;
        drop(store);
        let mut read = loop {
            match look(&path).await {
                Err(StoreError::Locked { .. }) => tokio::task::yield_now().await,
                other => break other.unwrap().unwrap(),
            }
        };
        assert_eq!(read.get_meta("a").await.unwrap().as_deref(), Some("b"));
        drop(read);

        raw(&path, "INSERT INTO weir_schema (version, written_by) VALUES (999, '9.9.9')").await;
        let newer = look(&path).await.unwrap_err();
        assert!(matches!(newer, StoreError::Newer { found: 999, .. }), "{newer}");

        std::fs::write(&path, "rubbish, and no database").unwrap();
        assert!(matches!(look(&path).await, Err(StoreError::NotAStore { .. })));
        std::fs::write(&path, [b"SQLite format 3\0".as_slice(), &[7; 4000]].concat()).unwrap();
        assert!(look(&path).await.is_err(), "a damaged file");
        assert!(std::fs::read(&path).unwrap().ends_with(&[7; 100]), "it is as it was");
    }
}
