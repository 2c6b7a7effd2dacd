//! The shared door for uses: calls that wait at the same time become one transaction of few statements, so that the
//! cost of a durable use is a small part of a commit's. Nobody is answered before that commit.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::{
    conn::Tx,
    error::{Result, StoreError},
    store::{Core, Store},
    uses::{Admission, CloseUse, Closing, NewUse, UseSign},
};

/// The most calls that share a transaction.
const CALLS_MAX: usize = 512;
/// The most calls that wait in the queue; further callers wait to be queued.
const QUEUE_DEPTH: usize = 4096;
/// How often the door looks for more calls in vain before it begins.
const QUIET_TURNS: u32 = 4;

impl Store {
    /// Admits uses, each counted durably before this returns, and never beyond its limit, whoever else asks at the
    /// same time. The answers stand in the order of the uses.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails: then nothing is known to be admitted, and the same use ids may be
    /// given again without being counted twice.
    pub async fn append_uses(&self, uses: Vec<NewUse>) -> Result<Vec<Admission>> {
        self.uses.call(uses, Request::Append).await
    }

    /// Closes uses and numbers them per contract from 1 without gaps.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails; closing again is harmless.
    pub async fn close_uses(&self, closes: Vec<CloseUse>) -> Result<Vec<Closing>> {
        self.uses.call(closes, Request::Close).await
    }

    /// Notes a sign of life of open uses, so that they are not taken for abandoned, and how far each was sent.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn touch_uses(&self, signs: Vec<UseSign>, at: i64) -> Result<()> {
        let signs = Arc::new(signs);
        self.run_tx("touch_uses", move |tx| {
            let signs = Arc::clone(&signs);
            Box::pin(async move { tx.touch_uses(&signs, at).await })
        })
        .await
    }
}

/// The queue of the door; its task ends with the last sender.
#[derive(Clone)]
pub(crate) struct UsesDoor {
    queue: mpsc::Sender<Request>,
}

/// A call that waits.
enum Request {
    Append(Waiting<NewUse, Admission>),
    Close(Waiting<CloseUse, Closing>),
}

struct Waiting<I, O> {
    items: Vec<I>,
    caller: oneshot::Sender<Result<Vec<O>>>,
}

impl UsesDoor {
    pub(crate) fn open(core: Arc<Core>) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_DEPTH);
        tokio::spawn(serve(requests, core));
        Self { queue }
    }

    async fn call<I, O>(
        &self,
        items: Vec<I>,
        request: impl FnOnce(Waiting<I, O>) -> Request,
    ) -> Result<Vec<O>> {
        let (caller, answer) = oneshot::channel();
        self.queue.send(request(Waiting { items, caller })).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

/// Takes what waits, runs it as one transaction, answers each caller with its part.
async fn serve(mut queue: mpsc::Receiver<Request>, core: Arc<Core>) {
    let mut requests = Vec::with_capacity(CALLS_MAX);
    while queue.recv_many(&mut requests, CALLS_MAX).await > 0 {
        gather(&mut queue, &mut requests).await;
        let (mut appends, mut closes) = (Batch::default(), Batch::default());
        for request in requests.drain(..) {
            match request {
                Request::Append(waiting) => appends.take(waiting),
                Request::Close(waiting) => closes.take(waiting),
            }
        }
        serve_batch(&core, appends, closes).await;
    }
}

/// Runs a batch as one transaction. What fails for another reason than the database's (a value that no column holds) is run
/// again call by call, so that it is told to its own caller and to no other.
async fn serve_batch(core: &Core, appends: Batch<NewUse, Admission>, closes: Batch<CloseUse, Closing>) {
    let calls = appends.callers.len() + closes.callers.len();
    let (opened, closed) = (Arc::new(appends.items), Arc::new(closes.items));
    match run(core, Arc::clone(&opened), Arc::clone(&closed)).await {
        Ok((admissions, closings)) => {
            deal(Ok(admissions), appends.callers);
            deal(Ok(closings), closes.callers);
        }
        Err(error) if calls > 1 && error.is_of_a_value() => {
            for (items, caller) in apart(&opened, appends.callers) {
                let outcome = run(core, Arc::new(items), Arc::default()).await;
                let _ = caller.send(outcome.map(|(admissions, _)| admissions));
            }
            for (items, caller) in apart(&closed, closes.callers) {
                let outcome = run(core, Arc::default(), Arc::new(items)).await;
                let _ = caller.send(outcome.map(|(_, closings)| closings));
            }
        }
        Err(error) => {
            deal(Err(error.clone()), appends.callers);
            deal(Err(error), closes.callers);
        }
    }
}

/// Each caller with its own items.
fn apart<I: Clone, O>(items: &[I], callers: Vec<Caller<O>>) -> Vec<(Vec<I>, Answer<O>)> {
    let mut items = items.iter().cloned();
    callers.into_iter().map(|(count, caller)| (items.by_ref().take(count).collect(), caller)).collect()
}

/// Callers of the batch before wake one after the other, and mostly have a next call: lets them queue up, as long as some come.
async fn gather(queue: &mut mpsc::Receiver<Request>, requests: &mut Vec<Request>) {
    let mut quiet = 0;
    while quiet < QUIET_TURNS && requests.len() < CALLS_MAX {
        tokio::task::yield_now().await;
        quiet += 1;
        while requests.len() < CALLS_MAX
            && let Ok(request) = queue.try_recv()
        {
            requests.push(request);
            quiet = 0;
        }
    }
}

async fn run(
    core: &Core,
    appends: Arc<Vec<NewUse>>,
    closes: Arc<Vec<CloseUse>>,
) -> Result<(Vec<Admission>, Vec<Closing>)> {
    core.run_tx("uses", move |tx: &mut Tx| {
        let (appends, closes) = (Arc::clone(&appends), Arc::clone(&closes));
        Box::pin(async move { tx.record_uses(&appends, &closes).await })
    })
    .await
}

/// Where a call's answer goes.
type Answer<O> = oneshot::Sender<Result<Vec<O>>>;
/// How many items a call has, and where its answer goes.
type Caller<O> = (usize, Answer<O>);

/// The items of many calls, and how many are whose.
struct Batch<I, O> {
    items: Vec<I>,
    callers: Vec<Caller<O>>,
}

impl<I, O> Default for Batch<I, O> {
    fn default() -> Self {
        Self { items: Vec::new(), callers: Vec::new() }
    }
}

impl<I, O> Batch<I, O> {
    fn take(&mut self, waiting: Waiting<I, O>) {
        self.callers.push((waiting.items.len(), waiting.caller));
        self.items.extend(waiting.items);
    }
}

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
