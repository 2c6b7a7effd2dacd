//! The shared door for uses: calls that wait at the same time become one transaction of few statements, so that the
//! cost of a durable use is a small part of a commit's. Nobody is answered before that commit.

use std::{future::Future, sync::Arc};

use tokio::sync::{mpsc, oneshot};

use crate::{
    conn::Tx,
    error::{Result, StoreError},
    store::{Core, Store},
    uses::{Admission, CloseUse, Closing, NewUse, UseKey},
};

/// The most calls that share a transaction.
const CALLS_MAX: usize = 512;
/// The most calls that wait in the queue; further callers wait to be queued.
const QUEUE_DEPTH: usize = 4096;

impl Store {
    /// Admits uses, each counted durably before this returns, and never beyond its limit, whoever else asks at the
    /// same time. The answers stand in the order of the uses.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails: then nothing is known to be admitted, and the same use ids may be
    /// given again without being counted twice.
    pub async fn append_uses(&self, uses: Vec<NewUse>) -> Result<Vec<Admission>> {
        call(&self.uses.appends, uses).await
    }

    /// Closes uses and numbers them per contract from 1 without gaps.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails; closing again is harmless.
    pub async fn close_uses(&self, closes: Vec<CloseUse>) -> Result<Vec<Closing>> {
        call(&self.uses.closes, closes).await
    }

    /// Notes a sign of life of open uses, so that they are not taken for abandoned.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn touch_uses(&self, keys: Vec<UseKey>, at: i64) -> Result<()> {
        let keys = Arc::new(keys);
        self.run_tx("touch_uses", move |tx| {
            let keys = Arc::clone(&keys);
            Box::pin(async move { tx.touch_uses(&keys, at).await })
        })
        .await
    }
}

/// The queues of the door; their tasks end with the last of them.
#[derive(Clone)]
pub(crate) struct UsesDoor {
    appends: mpsc::Sender<Request<NewUse, Admission>>,
    closes: mpsc::Sender<Request<CloseUse, Closing>>,
}

struct Request<I, O> {
    items: Vec<I>,
    caller: oneshot::Sender<Result<Vec<O>>>,
}

impl UsesDoor {
    pub(crate) fn open(core: Arc<Core>) -> Self {
        let (appends, queue) = mpsc::channel(QUEUE_DEPTH);
        tokio::spawn(serve(queue, Arc::clone(&core), append));
        let (closes, queue) = mpsc::channel(QUEUE_DEPTH);
        tokio::spawn(serve(queue, core, close));
        Self { appends, closes }
    }
}

async fn call<I, O>(queue: &mpsc::Sender<Request<I, O>>, items: Vec<I>) -> Result<Vec<O>> {
    let (caller, answer) = oneshot::channel();
    queue.send(Request { items, caller }).await.map_err(|_| StoreError::Closed)?;
    answer.await.unwrap_or(Err(StoreError::Closed))
}

async fn append(core: Arc<Core>, uses: Arc<Vec<NewUse>>) -> Result<Vec<Admission>> {
    core.run_tx("append_uses", move |tx: &mut Tx| {
        let uses = Arc::clone(&uses);
        Box::pin(async move { tx.append_uses(&uses).await })
    })
    .await
}

async fn close(core: Arc<Core>, closes: Arc<Vec<CloseUse>>) -> Result<Vec<Closing>> {
    core.run_tx("close_uses", move |tx: &mut Tx| {
        let closes = Arc::clone(&closes);
        Box::pin(async move { tx.close_uses(&closes).await })
    })
    .await
}

/// Takes what waits, runs it as one transaction, answers each caller with its part.
async fn serve<I, O, F>(
    mut queue: mpsc::Receiver<Request<I, O>>,
    core: Arc<Core>,
    run: impl Fn(Arc<Core>, Arc<Vec<I>>) -> F,
) where
    F: Future<Output = Result<Vec<O>>>,
{
    let mut requests = Vec::with_capacity(CALLS_MAX);
    while queue.recv_many(&mut requests, CALLS_MAX).await > 0 {
        // Callers of the last batch wake one after the other: let them queue up before the next one starts.
        tokio::task::yield_now().await;
        while requests.len() < CALLS_MAX
            && let Ok(request) = queue.try_recv()
        {
            requests.push(request);
        }
        let mut items = Vec::new();
        let mut callers = Vec::with_capacity(requests.len());
        for request in requests.drain(..) {
            callers.push((request.items.len(), request.caller));
            items.extend(request.items);
        }
        deal(run(Arc::clone(&core), Arc::new(items)).await, callers);
    }
}

type Caller<O> = (usize, oneshot::Sender<Result<Vec<O>>>);

fn deal<O>(outcome: Result<Vec<O>>, callers: Vec<Caller<O>>) {
    match outcome {
        Ok(answers) => {
            let mut answers = answers.into_iter();
            for (count, caller) in callers {
                // A caller that no longer waits loses its answer, not its uses.
                let _ = caller.send(Ok(answers.by_ref().take(count).collect()));
            }
        }
        Err(error) => {
            for (_, caller) in callers {
                let _ = caller.send(Err(error.clone()));
            }
        }
    }
}
