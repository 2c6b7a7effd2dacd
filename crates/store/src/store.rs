//! The store: its doors for reading and for steps. Opening stands in `open.rs`, the group commit in `writer.rs`.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures_util::future::BoxFuture;
use sqlx::{Any, AnyConnection, Connection as _, Pool};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::{
    conn::{Backend, Conn, Read, Tx, sql},
    error::{Result, StoreError, is_retryable},
    readers::Readers,
    uses_door::UsesDoor,
    wake::Wake,
    writer::{Call, Command, guarded},
};

/// How often PostgreSQL may ask to run a transaction again.
const ATTEMPTS_MAX: u32 = 20;
/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// All of a node's durable state. Cheap to clone; the last clone's end closes it.
#[derive(Clone)]
pub struct Store {
    pub(crate) core: Arc<Core>,
    pub(crate) uses: UsesDoor,
}

/// What a read sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    /// One state, whatever is committed meanwhile.
    Snapshot,
    /// With each statement the newest.
    Newest,
}

/// What the doors share.
pub(crate) struct Core {
    pub(crate) engine: Engine,
    pub(crate) wake: Arc<Wake>,
    pub(crate) closed: AtomicBool,
    pub(crate) location: String,
}

pub(crate) enum Engine {
    Sqlite {
        writer: mpsc::Sender<Command>,
        /// Absent where the database lives in memory: then the writer reads as well.
        readers: Option<Readers>,
    },
    Postgres {
        pool: Pool<Any>,
        /// The connection that holds the advisory lock.
        guard: Mutex<Option<AnyConnection>>,
        /// This process's number in the row of owners; a higher one there means that another took over.
        epoch: i64,
    },
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.core.location)
    }
}

impl Store {
    /// Runs a step: all that `closure` changes is committed when it answers `Ok`, and nothing of it otherwise.
    ///
    /// The closure may be run more than once, so it does no I/O, no signing, and takes its clock's time and random
    /// values from outside. It must not call another door of the same store (the writer would wait for itself).
    /// `name` names the transaction in errors and logs. When this returns, the change is durable. A caller that stops
    /// waiting does not take its change back.
    ///
    /// # Errors
    /// The closure's own; [`StoreError`] through `E` where the database fails.
    pub async fn run_tx<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.core.run_tx(name, closure).await
    }

    /// Reads a consistent snapshot. Writes made through the connection are impossible by type.
    ///
    /// # Errors
    /// The closure's own; [`StoreError`] through `E` where the database fails.
    pub async fn read<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Read) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.core.read(name, View::Snapshot, closure).await
    }

    /// Reads without a snapshot: each statement by itself sees what was committed when it ran. For single looks, which
    /// cost a third of a [`Store::read`], and for looks that do not have to agree with each other.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn peek<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Read) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.core.read(name, View::Newest, closure).await
    }

    /// Which database this is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.core.engine {
            Engine::Sqlite { .. } => Backend::Sqlite,
            Engine::Postgres { .. } => Backend::Postgres,
        }
    }

    /// Where the store lives, without user information.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.core.location
    }

    /// Changes whenever rows to send were committed.
    #[must_use]
    pub fn watch_outbox(&self) -> watch::Receiver<u64> {
        self.core.wake.outbox()
    }

    /// Changes whenever evidence to number was committed.
    #[must_use]
    pub fn watch_evidence(&self) -> watch::Receiver<u64> {
        self.core.wake.evidence()
    }

    /// Changes whenever a log of this store grew, own or followed.
    #[must_use]
    pub fn watch_heads(&self) -> watch::Receiver<u64> {
        self.core.wake.heads()
    }

    /// Finishes what is queued, refuses what comes later, and gives the store free for another process.
    pub async fn close(&self) {
        self.core.close().await;
    }
}

impl Core {
    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(StoreError::Closed) } else { Ok(()) }
    }

    pub(crate) async fn run_tx<T, E, F>(&self, name: &'static str, closure: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.check_open()?;
        match &self.engine {
            Engine::Sqlite { writer, .. } => queue(writer, name, true, closure).await,
            Engine::Postgres { pool, epoch, .. } => self.run_serializable(pool, *epoch, name, closure).await,
        }
    }

    async fn read<T, E, F>(&self, name: &'static str, view: View, closure: F) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Read) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.check_open()?;
        match &self.engine {
            Engine::Sqlite { readers: Some(readers), .. } => read_file(readers, view, &closure).await,
            Engine::Sqlite { writer, readers: None } => {
                queue(writer, name, false, move |tx: &mut Tx| closure(&mut tx.read)).await
            }
            Engine::Postgres { pool, .. } => read_server(pool, name, view, &closure).await,
        }
    }

    async fn run_serializable<T, E, F>(
        &self,
        pool: &Pool<Any>,
        epoch: i64,
        name: &'static str,
        closure: F,
    ) -> Result<T, E>
    where
        F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        for attempt in 0..ATTEMPTS_MAX {
            if let Some(outcome) = self.attempt(pool, epoch, name, &closure).await {
                return outcome;
            }
            tracing::debug!(transaction.name = name, attempt, "concurrent changes: running it again");
            tokio::time::sleep(pause(attempt)).await;
        }
        Err(StoreError::Contention { name, attempts: ATTEMPTS_MAX }.into())
    }

    /// One run on PostgreSQL; `None` where it is to be run again.
    async fn attempt<T, E, F>(
        &self,
        pool: &Pool<Any>,
        epoch: i64,
        name: &'static str,
        closure: &F,
    ) -> Option<Result<T, E>>
    where
        F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + Sync,
        T: Send,
        E: From<StoreError> + Send,
    {
        let begun = pool.begin_with("-- begin_step\nBEGIN ISOLATION LEVEL SERIALIZABLE").await;
        let mut tx = match begun {
            Ok(transaction) => Tx::new(Conn::Pooled(transaction), Backend::Postgres),
            Err(error) => return Some(Err(StoreError::from(error).into())),
        };
        if let Err(error) = check_epoch(&mut tx, epoch).await {
            return (!tx.retry).then(|| Err(error.into()));
        }
        let outcome = guarded(name, closure, &mut tx).await;
        if tx.retry {
            return None;
        }
        let effects = tx.effects;
        let Conn::Pooled(transaction) = tx.read.conn else { return Some(outcome) };
        if outcome.is_err() {
            if let Err(error) = transaction.rollback().await {
                tracing::debug!(%error, transaction.name = name, "a rollback failed; the connection is dropped");
            }
            return Some(outcome);
        }
        match transaction.commit().await {
            Ok(()) => self.wake.ring(effects),
            Err(error) if is_retryable(&error) => return None,
            Err(error) => return Some(Err(StoreError::commit(error).into())),
        }
        Some(outcome)
    }

    async fn close(&self) {
        if self.closed.swap(true, Ordering::AcqRel) {
            return;
        }
        match &self.engine {
            Engine::Sqlite { writer, readers } => {
                if let Some(readers) = readers {
                    readers.close().await;
                }
                let (done, closed) = oneshot::channel();
                if writer.send(Command::Close(done)).await.is_ok() {
                    let _ = closed.await;
                }
            }
            Engine::Postgres { pool, guard, .. } => {
                pool.close().await;
                if let Some(conn) = guard.lock().await.take()
                    && let Err(error) = unlock(conn).await
                {
                    tracing::debug!(%error, "the connection of the store's lock was already gone");
                }
            }
        }
    }
}

/// Reads from a file.
async fn read_file<T, E, F>(readers: &Readers, view: View, closure: &F) -> Result<T, E>
where
    F: for<'a> Fn(&'a mut Read) -> BoxFuture<'a, Result<T, E>> + Sync,
    E: From<StoreError>,
{
    let (_slot, conn) = readers.take().await?;
    let mut read = Read::new(Conn::Own(Box::new(conn)), Backend::Sqlite);
    if view == View::Snapshot {
        read.before = "-- begin_read\nBEGIN";
    }
    let outcome = closure(&mut read).await;
    let has_begun = view == View::Snapshot && std::mem::take(&mut read.before).is_empty();
    let is_clean = !has_begun || read.execute(sql("-- end_read\nROLLBACK")).await.is_ok();
    if let Conn::Own(conn) = read.conn
        && is_clean
    {
        readers.give(*conn);
    }
    outcome
}

/// Reads from a server.
async fn read_server<T, E, F>(pool: &Pool<Any>, name: &'static str, view: View, closure: &F) -> Result<T, E>
where
    F: for<'a> Fn(&'a mut Read) -> BoxFuture<'a, Result<T, E>> + Sync,
    E: From<StoreError>,
{
    if view == View::Newest {
        let conn = pool.acquire().await.map_err(StoreError::from)?;
        return closure(&mut Read::new(Conn::Plain(conn), Backend::Postgres)).await;
    }
    let begin = "-- begin_read\nBEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    let transaction = pool.begin_with(begin).await.map_err(StoreError::from)?;
    let mut read = Read::new(Conn::Pooled(transaction), Backend::Postgres);
    let outcome = closure(&mut read).await;
    if let Conn::Pooled(transaction) = read.conn
        && let Err(error) = transaction.rollback().await
    {
        tracing::debug!(%error, transaction.name = name, "a read did not end cleanly");
    }
    outcome
}

/// Hands a closure to the writer and waits for the commit.
async fn queue<T, E, F>(
    writer: &mpsc::Sender<Command>,
    name: &'static str,
    keep: bool,
    closure: F,
) -> Result<T, E>
where
    F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + Sync + 'static,
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (call, answer) = Call::new(name, keep, closure);
    writer.send(Command::Run(Box::new(call))).await.map_err(|_| StoreError::Closed)?;
    answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
}

/// Gives the lock of a server's schema free. The server would do so too, some time after the connection has ended: too late for who opens
/// the store again at once.
async fn unlock(mut conn: AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query("-- unlock_schema\nSELECT 1::bigint AS value FROM pg_advisory_unlock_all()")
        .execute(&mut conn)
        .await?;
    conn.close().await
}

/// Under SERIALIZABLE this read makes a step that overlaps a take-over either come before it or fail.
async fn check_epoch(tx: &mut Tx, epoch: i64) -> Result<()> {
    let found: i64 =
        tx.one(sql("-- check_epoch\nSELECT epoch AS value FROM weir_owner WHERE id = 1")).await?;
    if found == epoch { Ok(()) } else { Err(StoreError::Fenced) }
}

/// 1, 2, 4, … milliseconds. Attempts that collide differ in length by themselves, so no randomness is needed.
fn pause(attempt: u32) -> Duration {
    Duration::from_millis(1 << attempt.min(10)).min(PAUSE_MAX)
}
