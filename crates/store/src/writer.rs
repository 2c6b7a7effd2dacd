//! The one writer of an embedded store. Queued transactions run one after the other, each in a savepoint of one
//! durable commit: many small steps share one fsync (group commit). Nobody is answered before that commit.
//!
//! Each text of statements costs a hand-over to the connection's thread and back, which is more than most statements cost. So
//! what begins a transaction goes with its first statement, what stands between two with the first of the second, and a
//! transaction that is alone has no savepoint.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};
use sqlx::Connection as _;
use tokio::sync::{mpsc, oneshot};

use crate::{
    conn::{Backend, Conn, Tx, sql},
    error::{Result, StoreError},
    lock::LockFile,
    wake::{Effects, Wake},
};

/// The most transactions that share a commit.
const GROUP_MAX: usize = 256;
/// The most transactions that wait; further callers wait to be queued.
pub(crate) const QUEUE_DEPTH: usize = 1024;

/// How a transaction begins that is alone in its commit.
const BEGIN_ALONE: &str = "-- begin_alone\nBEGIN IMMEDIATE";
/// How a commit of several begins.
const BEGIN_GROUP: &str = "-- begin_group\nBEGIN IMMEDIATE; SAVEPOINT one";
/// What stands between two of them.
const NEXT_ONE: &str = "-- next_one\nRELEASE one; SAVEPOINT one";

/// A queued transaction.
pub(crate) trait Job: Send {
    /// Runs it; whether its changes are to be kept. Never panics.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    /// Tells the caller, after the commit or its failure.
    fn answer(self: Box<Self>, committed: Result<()>);
}

pub(crate) enum Command {
    Run(Box<dyn Job>),
    /// Finish what was queued before, close the connection, answer.
    Close(oneshot::Sender<()>),
}

/// A closure with its caller.
pub(crate) struct Call<T, E, F> {
    name: &'static str,
    closure: F,
    keep: bool,
    outcome: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Call<T, E, F> {
    /// A call whose changes are kept on `Ok` if `keep` is set, and never otherwise.
    pub(crate) fn new(name: &'static str, keep: bool, closure: F) -> (Self, oneshot::Receiver<Result<T, E>>) {
        let (caller, answer) = oneshot::channel();
        (Self { name, closure, keep, outcome: None, caller }, answer)
    }
}

impl<T, E, F> Job for Call<T, E, F>
where
    F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Send + Sync,
    T: Send,
    E: From<StoreError> + Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let outcome = guarded(self.name, &self.closure, tx).await;
            let keep = self.keep && outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<()>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(error)), _) => Err(error),
            (_, Err(error)) => Err(error.into()),
            (Some(outcome), Ok(())) => outcome,
            (None, Ok(())) => Err(StoreError::Closed.into()),
        };
        // A caller that no longer waits loses its answer, not its change.
        let _ = self.caller.send(outcome);
    }
}

/// Calls a closure so that its panic becomes an error, and so does a failed statement that it passed over.
pub(crate) async fn guarded<T, E, F>(name: &'static str, closure: &F, tx: &mut Tx) -> Result<T, E>
where
    F: for<'a> Fn(&'a mut Tx) -> BoxFuture<'a, Result<T, E>> + Sync,
    T: Send,
    E: From<StoreError> + Send,
{
    tx.read.failed = None;
    let run = AssertUnwindSafe(async { closure(&mut *tx).await });
    let outcome = run.catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(transaction.name = name, "a transaction panicked and was rolled back");
        Err(E::from(StoreError::Panicked { name }))
    });
    match tx.read.failed.take() {
        Some(error) if outcome.is_ok() => Err(error.into()),
        _ => outcome,
    }
}

/// The writer task's own things.
pub(crate) struct Writer {
    tx: Tx,
    wake: Arc<Wake>,
    /// Held as long as the connection lives.
    _lock: Option<LockFile>,
}

impl Writer {
    pub(crate) fn new(conn: sqlx::AnyConnection, wake: Arc<Wake>, lock: Option<LockFile>) -> Self {
        let tx = Tx::new(Conn::Own(Box::new(conn)), Backend::Sqlite);
        Self { tx, wake, _lock: lock }
    }

    /// Serves until every sender is gone or one asks to close.
    pub(crate) async fn serve(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut taken = Vec::with_capacity(GROUP_MAX);
        let mut closing = None;
        while closing.is_none() && queue.recv_many(&mut taken, GROUP_MAX).await > 0 {
            let mut jobs = Vec::with_capacity(taken.len());
            for command in taken.drain(..) {
                match command {
                    Command::Run(job) if closing.is_none() => jobs.push(job),
                    Command::Run(job) => job.answer(Err(StoreError::Closed)),
                    Command::Close(done) => closing = Some(done),
                }
            }
            self.group(jobs).await;
        }
        self.close(queue, closing).await;
    }

    async fn close(self, mut queue: mpsc::Receiver<Command>, closing: Option<oneshot::Sender<()>>) {
        queue.close();
        while let Ok(command) = queue.try_recv() {
            if let Command::Run(job) = command {
                job.answer(Err(StoreError::Closed));
            }
        }
        if let Conn::Own(conn) = self.tx.read.conn
            && let Err(error) = conn.close().await
        {
            tracing::warn!(%error, "the store's connection did not close cleanly");
        }
        drop(self._lock);
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    /// Runs jobs as one commit and answers all of them.
    async fn group(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if jobs.is_empty() {
            return;
        }
        let committed = self.commit_group(&mut jobs).await;
        if let Err(error) = &committed {
            tracing::error!(%error, transactions = jobs.len(), "a group of transactions could not be committed");
            self.abandon().await;
        }
        let effects = std::mem::take(&mut self.tx.effects);
        let outcome = committed.map(|()| self.wake.ring(effects));
        for job in jobs {
            job.answer(outcome.clone());
        }
    }

    async fn commit_group(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<()> {
        self.tx.effects = match jobs {
            [only] => self.commit_one(only.as_mut()).await?,
            many => self.commit_many(many).await?,
        };
        Ok(())
    }

    async fn commit_one(&mut self, job: &mut dyn Job) -> Result<Effects> {
        self.tx.read.before = BEGIN_ALONE;
        let keep = job.run(&mut self.tx).await;
        if self.nothing_ran() {
            return Ok(if keep { std::mem::take(&mut self.tx.effects) } else { Effects::default() });
        }
        if keep {
            self.control("-- commit_alone\nCOMMIT").await?;
            return Ok(std::mem::take(&mut self.tx.effects));
        }
        // There may be nothing to undo: SQLite ends a transaction by itself when the disk is full or fails.
        self.abandon().await;
        Ok(Effects::default())
    }

    /// Runs each job in a savepoint. An error here means that the whole transaction is gone (SQLite ends it by itself
    /// when the disk is full or fails), so that nothing after it may run outside of it.
    async fn commit_many(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Effects> {
        self.tx.read.before = BEGIN_GROUP;
        let mut effects = Effects::default();
        for job in jobs.iter_mut() {
            let keep = job.run(&mut self.tx).await;
            if keep {
                effects.merge(self.tx.effects);
            }
            // A job that ran no statement leaves the savepoint, or its beginning, to the job after it.
            if self.tx.read.before.is_empty() {
                if keep {
                    self.tx.read.before = NEXT_ONE;
                } else {
                    self.control("-- undo_one\nROLLBACK TO one").await?;
                }
            }
            self.tx.effects = Effects::default();
        }
        if self.nothing_ran() {
            return Ok(effects);
        }
        self.tx.read.before = "";
        self.control("-- commit_group\nRELEASE one; COMMIT").await?;
        Ok(effects)
    }

    /// Whether the transaction has not begun, because no statement was run. Then it will not.
    fn nothing_ran(&mut self) -> bool {
        let nothing = [BEGIN_ALONE, BEGIN_GROUP].contains(&self.tx.read.before);
        if nothing {
            self.tx.read.before = "";
        }
        nothing
    }

    async fn control(&mut self, text: &'static str) -> Result<()> {
        sql(text).execute(self.tx.read.conn.get()).await.map(drop).map_err(StoreError::commit)
    }

    /// Leaves no transaction open. That there may be none any more is no error.
    async fn abandon(&mut self) {
        self.tx.effects = Effects::default();
        self.tx.read.before = "";
        if let Err(error) = self.control("-- abandon\nROLLBACK").await {
            tracing::debug!(%error, "there was no transaction to roll back");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use futures_util::future::join_all;

    use super::*;
    use crate::{Page, Store, StoreOptions, StoreUrl, conn::sql};

    async fn put(store: &Store, key: &'static str, bytes: usize) -> Result<()> {
        store
            .run_tx("put", move |tx| Box::pin(async move { tx.put_meta(key, &"x".repeat(bytes)).await }))
            .await
    }

    /// Runs a statement that no aggregate has, to bring about what a disk or a defect would.
    async fn run(store: &Store, text: &'static str) -> Result<()> {
        store.run_tx("run", move |tx| Box::pin(async move { tx.execute(sql(text)).await.map(drop) })).await
    }

    async fn keys(store: &Store) -> Vec<String> {
        let rows: Result<_> =
            store.read("keys", |read| Box::pin(async { read.list_meta(&Page::first(100)).await })).await;
        rows.unwrap().into_iter().map(|row| row.key).collect()
    }

    async fn open(folder: &tempfile::TempDir) -> Store {
        let url = StoreUrl::sqlite(folder.path().join("node.db"));
        Store::open(&url, StoreOptions::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_failed_commit_is_told_to_all_and_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        // The broken reference is only noticed by the commit.
        let broken = store.run_tx("broken", |tx| {
            Box::pin(async move {
                tx.execute(sql("PRAGMA defer_foreign_keys = ON")).await?;
                let text = "INSERT INTO log_checkpoints (log, size, at, note) VALUES ('nobody', 1, 1, '')";
                tx.execute(sql(text)).await
            })
        });
        let (before, broken, after) = tokio::join!(put(&store, "before", 1), broken, put(&store, "after", 1));
        let broken: Result<u64> = broken;
        for outcome in [before, broken.map(drop), after] {
            assert!(matches!(outcome, Err(StoreError::Commit { .. })), "{outcome:?}");
        }
        assert_eq!(keys(&store).await, Vec::<String>::new());
        put(&store, "later", 1).await.unwrap();
        assert_eq!(keys(&store).await, ["later"]);
        store.close().await;
    }

    #[tokio::test]
    async fn what_begins_a_transaction_is_in_no_count_and_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        put(&store, "a", 1).await.unwrap();
        let first_changes_nothing = || async {
            let text = "UPDATE node_meta SET value = 'z' WHERE key = 'nobody'";
            let changed =
                store.run_tx("change", move |tx| Box::pin(async move { tx.execute(sql(text)).await }));
            let changed: u64 = changed.await.unwrap();
            changed
        };
        let first_finds = || async {
            let found = store.run_tx("find", |tx| Box::pin(async move { tx.get_meta("a").await }));
            let found: Option<String> = found.await.unwrap();
            found
        };
        assert_eq!((first_changes_nothing().await, first_finds().await.as_deref()), (0, Some("x")));
        let (put, changed, found) = tokio::join!(put(&store, "b", 1), first_changes_nothing(), first_finds());
        assert_eq!((put.unwrap(), changed, found.as_deref()), ((), 0, Some("x")));
        store.close().await;
    }

    #[tokio::test]
    async fn a_transaction_of_no_statement_is_none_and_disturbs_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        let idle = || store.run_tx("idle", |_| Box::pin(async { Ok::<_, StoreError>(7) }));
        let refused = || store.run_tx("refused", |_| Box::pin(async { Err::<(), _>(StoreError::Closed) }));
        assert_eq!(idle().await.unwrap(), 7);
        assert!(refused().await.is_err());
        let (first, one, second, other, third) =
            tokio::join!(idle(), put(&store, "a", 1), refused(), put(&store, "b", 1), idle());
        assert_eq!((first.unwrap(), third.unwrap()), (7, 7));
        assert!(second.is_err());
        one.and(other).unwrap();
        let (first, second) = tokio::join!(idle(), refused());
        assert!(first.is_ok() && second.is_err());
        assert_eq!(keys(&store).await, ["a", "b"]);
        store.close().await;
    }

    #[tokio::test]
    async fn nothing_runs_outside_a_transaction_that_the_database_ended() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        run(&store, "PRAGMA max_page_count = 200").await.unwrap();
        let outcome = store.run_tx("careless", |tx| {
            Box::pin(async move {
                tx.put_meta("first", "x").await?;
                let full = tx.put_meta("second", &"x".repeat(10_000_000)).await;
                assert!(full.is_err(), "it does not fit");
                let _ = tx.put_meta("leak", "x").await;
                Ok::<_, StoreError>(())
            })
        });
        outcome.await.unwrap_err();
        assert_eq!(keys(&store).await, Vec::<String>::new());
        store.close().await;
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_and_not_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(&folder).await;
        run(&store, "PRAGMA max_page_count = 200").await.unwrap();
        let names = ["a", "b", "c", "d"];
        let outcomes =
            join_all(names.map(|name| put(&store, name, if name == "b" { 10_000_000 } else { 10 }))).await;
        assert!(outcomes[1].is_err(), "it does not fit");
        let acknowledged: Vec<&str> = names
            .iter()
            .zip(&outcomes)
            .filter(|(_, outcome)| outcome.is_ok())
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(keys(&store).await, acknowledged, "what was acknowledged is there, and nothing else");
        put(&store, "e", 10).await.unwrap();
        run(&store, "PRAGMA max_page_count = 100000").await.unwrap();
        put(&store, "b", 10_000_000).await.unwrap();
        store.close().await;
        let store = open(&folder).await;
        let kept = keys(&store).await;
        assert!(kept.contains(&"b".to_owned()) && kept.contains(&"e".to_owned()), "{kept:?}");
        store.close().await;
    }
}
