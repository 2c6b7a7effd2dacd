//! The one writer of an embedded store. Queued transactions run one after the other, each in a savepoint of one
//! durable commit: many small steps share one fsync (group commit). Nobody is answered before that commit.

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
        let tx = Tx::new(Conn::Writer(Box::new(conn)), Backend::Sqlite);
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
        if let Conn::Writer(conn) = self.tx.read.conn
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
        self.control("-- begin_group\nBEGIN IMMEDIATE").await?;
        let mut effects = Effects::default();
        for job in jobs {
            effects.merge(self.savepoint(job.as_mut()).await?);
        }
        self.control("-- commit_group\nCOMMIT").await?;
        self.tx.effects = effects;
        Ok(())
    }

    /// Runs one job in a savepoint. An error here means that the whole transaction is gone (SQLite ends it by itself
    /// when the disk is full or fails), so that nothing after it may run outside of it.
    async fn savepoint(&mut self, job: &mut dyn Job) -> Result<Effects> {
        self.tx.effects = Effects::default();
        self.control("-- begin_one\nSAVEPOINT one").await?;
        let keep = job.run(&mut self.tx).await;
        if !keep {
            self.control("-- undo_one\nROLLBACK TO one").await?;
        }
        self.control("-- end_one\nRELEASE one").await?;
        Ok(if keep { self.tx.effects } else { Effects::default() })
    }

    async fn control(&mut self, text: &'static str) -> Result<()> {
        sql(text).execute(self.tx.read.conn.get()).await.map(drop).map_err(StoreError::commit)
    }

    /// Leaves no transaction open. That there may be none any more is no error.
    async fn abandon(&mut self) {
        self.tx.effects = Effects::default();
        if let Err(error) = self.control("-- abandon\nROLLBACK").await {
            tracing::debug!(%error, "there was no transaction to roll back");
        }
    }
}
