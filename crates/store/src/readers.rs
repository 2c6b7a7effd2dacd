//! The reading connections of an embedded store. They are handed out without being asked whether they are alive (the
//! database is a file of this process), so that a read costs its statements and nothing else.

use std::sync::{Mutex, PoisonError};

use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    error::{Result, StoreError},
    open::{ACQUIRE_TIMEOUT, connect},
};

const PRAGMAS: &str = "-- reader_pragmas
PRAGMA busy_timeout = 5000;
PRAGMA query_only = ON;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -4000;";

/// Connections that are opened when they are needed, and kept.
pub(crate) struct Readers {
    url: String,
    location: String,
    free: Mutex<Vec<AnyConnection>>,
    slots: Semaphore,
    connections: u32,
}

impl Readers {
    pub(crate) fn new(url: String, location: String, connections: u32) -> Self {
        let connections = connections.max(1);
        let slots = Semaphore::new(usize::try_from(connections).unwrap_or(1));
        Self { url, location, free: Mutex::default(), slots, connections }
    }

    /// A connection for one read. One that is not [given back](Self::give) is closed: nobody knows what it is in the middle of.
    pub(crate) async fn take(&self) -> Result<(SemaphorePermit<'_>, AnyConnection)> {
        let slot = tokio::time::timeout(ACQUIRE_TIMEOUT, self.slots.acquire()).await;
        let slot = slot.map_err(|_| sqlx::Error::PoolTimedOut)?.map_err(|_| StoreError::Closed)?;
        if let Some(conn) = self.free().pop() {
            return Ok((slot, conn));
        }
        let mut conn = connect(&self.url, &self.location).await?;
        sqlx::raw_sql(PRAGMAS).execute(&mut conn).await?;
        Ok((slot, conn))
    }

    /// Takes a connection back that is in no transaction.
    pub(crate) fn give(&self, conn: AnyConnection) {
        self.free().push(conn);
    }

    /// Waits for the reads that are under way, refuses later ones, and closes the connections.
    pub(crate) async fn close(&self) {
        let all = self.slots.acquire_many(self.connections).await;
        self.slots.close();
        drop(all);
        let free = std::mem::take(&mut *self.free());
        for conn in free {
            if let Err(error) = conn.close().await {
                tracing::debug!(%error, "a reading connection did not close cleanly");
            }
        }
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<AnyConnection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use std::time::Duration;

    use super::*;
    use crate::{Page, Store, StoreOptions, StoreUrl, store::Engine};

    async fn open(folder: &tempfile::TempDir, connections: u32) -> Store {
        let url = StoreUrl::sqlite(folder.path().join("node.db"));
        Store::open(&url, StoreOptions { connections, ..StoreOptions::default() }).await.unwrap()
    }

    async fn list(store: &Store) -> Result<usize> {
        let rows = store.peek("list", |read| {
            Box::pin(async { Ok::<_, StoreError>(read.list_meta(&Page::first(9)).await?.len()) })
        });
        rows.await
    }

    fn kept(store: &Store) -> usize {
        match &store.core.engine {
            Engine::Sqlite { readers: Some(readers), .. } => readers.free().len(),
            _ => panic!("a file has readers"),
        }
    }

    #[tokio::test]
    async fn a_connection_is_used_again_and_never_more_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder, 2).await;
        for _ in 0..3 {
            assert_eq!(list(&store).await.unwrap(), 0);
        }
        assert_eq!(kept(&store), 1);
        futures_util::future::join_all((0..20).map(|_| list(&store)))
            .await
            .into_iter()
            .for_each(|n| assert_eq!(n.unwrap(), 0));
        assert!((1..=2).contains(&kept(&store)));
        store.close().await;
        assert!(matches!(list(&store).await, Err(StoreError::Closed)));
    }

    #[tokio::test]
    async fn a_read_that_is_given_up_takes_its_connection_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder, 1).await;
        let stuck = store.read("stuck", |read| {
            Box::pin(async {
                read.list_meta(&Page::first(1)).await?;
                std::future::pending::<Result<()>>().await
            })
        });
        assert!(tokio::time::timeout(Duration::from_millis(50), stuck).await.is_err());
        assert_eq!(kept(&store), 0);
        assert_eq!(list(&store).await.unwrap(), 0, "another one is opened in its place");
        assert_eq!(kept(&store), 1);
        store.close().await;
    }

    #[tokio::test]
    async fn a_failed_statement_leaves_a_connection_that_can_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder, 1).await;
        let failed: Result<u64> = store
            .read("bad", |read| {
                Box::pin(async { read.execute(crate::conn::sql("SELECT nothing FROM nowhere")).await })
            })
            .await;
        assert!(failed.is_err());
        let written: Result<u64> = store
            .peek("bad", |read| Box::pin(async { read.execute(crate::conn::sql("DELETE FROM meta")).await }))
            .await;
        assert!(written.is_err(), "a reader cannot write");
        assert_eq!(list(&store).await.unwrap(), 0);
        store.close().await;
    }
}
