//! The search index of nodes that have one, kept up with the catalogue by a job.
//!
//! Whoever commits something about a product names the product here and goes on; the index takes all that waits in one commit. What it
//! is told of a product is read when it is indexed, so neither order nor repeats matter. A search takes in what waits before it
//! looks ([`catch_up`]): what was answered as registered is found.
//!
//! What waits does not outlive the process. A note in the store says up to when the index has everything ([`INDEXED_UPTO`]); at a start,
//! what changed since then is named again ([`reindex`]).

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::engine::{SearchChange, SearchDocument};
use domain::id::ProductId;
use ndi::weir_v1::Status;
use ndi::weir_v1::convert::keywords_to_domain;
use ndi::weir_v1::public_log::{ProductBody, PublicBody};
use store::{CatalogueRow, Page};
use tokio::sync::Notify;

use crate::log::public_body;
use crate::{Error, Node};

/// How many products one commit of the index takes.
const BATCH: usize = 2000;
/// How many catalogue rows one page of a start's look takes.
const PAGE: u32 = 500;
/// The longest that a search waits for what was registered before it.
const CATCH_UP: Duration = Duration::from_secs(1);
/// How long the job waits after a failure; it doubles up to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_secs(1);
/// The longest pause between two tries.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// The note of the time up to which everything is in the index, in microseconds.
const INDEXED_UPTO: &str = "search.indexed-upto";
/// How old the note may get while products change, in microseconds.
const NOTE_MICROS: i64 = 60 * 1_000_000;
/// How long before its commit a row may have got its time, in microseconds; clocks that were set back a little count in.
const STRAGGLER_MICROS: i64 = 10 * 60 * 1_000_000;

/// Products that wait for the index, and how far it is.
#[derive(Debug, Default)]
pub struct Indexing {
    waiting: Mutex<BTreeSet<String>>,
    bell: Notify,
    /// One commit at a time, also where its caller stops waiting.
    turn: Arc<tokio::sync::Mutex<()>>,
    is_failing: AtomicBool,
    progress: Mutex<Progress>,
}

/// Times in microseconds, of the node's clock.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    /// What the store had at the start is named: only since then an empty queue means anything.
    is_complete: bool,
    /// When the queue was last taken to its end, and the index had it.
    upto: Option<i64>,
    /// What the note says.
    noted: Option<i64>,
}

impl Indexing {
    fn name(&self, products: impl IntoIterator<Item = String>) {
        let mut waiting = lock(&self.waiting);
        waiting.extend(products);
        if !waiting.is_empty() {
            self.bell.notify_one();
        }
    }

    fn has_waiting(&self) -> bool {
        !lock(&self.waiting).is_empty()
    }

    /// Takes a batch; nothing where none waits.
    fn take(&self) -> Option<Batch<'_>> {
        let mut waiting = lock(&self.waiting);
        let rest = waiting.iter().nth(BATCH).cloned();
        let rest = rest.map(|first| waiting.split_off(&first)).unwrap_or_default();
        let products = std::mem::replace(&mut *waiting, rest);
        let is_last = waiting.is_empty();
        drop(waiting);
        if products.is_empty() { None } else { Some(Batch { indexing: self, products, is_last }) }
    }
}

/// Products that were taken from the queue. They go back unless they are [`done`](Batch::done).
struct Batch<'i> {
    indexing: &'i Indexing,
    products: BTreeSet<String>,
    is_last: bool,
}

impl Batch<'_> {
    fn done(mut self) {
        self.products.clear();
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.indexing.name(std::mem::take(&mut self.products));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Names the products of bodies that were committed, on nodes that have an index.
pub fn index(node: &Node, bodies: &[PublicBody]) {
    if node.search().is_none() {
        return;
    }
    node.indexing().name(bodies.iter().filter_map(|body| match body {
        PublicBody::Product(product) => Some(product.id.to_string()),
        _ => None,
    }));
}

/// Job: indexes what is named, at once.
pub async fn keep(node: Node) {
    loop {
        node.indexing().bell.notified().await;
        let mut pause = RETRY;
        while let Err(error) = drain(&node).await {
            tracing::error!(%error, "products could not be indexed, and a search does not find them; trying again");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        }
        if let Err(error) = note(&node, NOTE_MICROS).await {
            tracing::warn!(%error, "how far the search index is was not noted: the next start takes longer");
        }
    }
}

/// Indexes what waits, and notes it, at the end of a node.
pub(crate) async fn settle(node: &Node) {
    let settled = match drain(node).await {
        Ok(()) => note(node, 0).await,
        Err(error) => Err(error),
    };
    if let Err(error) = settled {
        tracing::warn!(%error, "the search index is not up to date: the next start sees to it");
    }
}

/// Waits until what was named before is in the index, but not for long: a search is better late than never.
pub(crate) async fn catch_up(node: &Node) {
    let indexing = node.indexing();
    let is_idle = !indexing.has_waiting() && indexing.turn.try_lock().is_ok();
    if is_idle || indexing.is_failing.load(Ordering::Relaxed) {
        return;
    }
    let caught_up = tokio::spawn({
        let node = node.clone();
        async move { drain(&node).await }
    });
    // Where it failed, the job says so, and tries again.
    let _ = tokio::time::timeout(CATCH_UP, caught_up).await;
}

/// Brings all that waits into the index. What could not be indexed waits on.
///
/// # Errors
/// [`Error::Engine`], [`Error::Store`].
pub async fn drain(node: &Node) -> Result<(), Error> {
    let indexing = node.indexing();
    loop {
        // Whoever has the turn knows that nobody else is at work. To look at the turn without waiting for it would not do: two that
        // drain an empty queue would each see the other's for ever.
        let turn = indexing.turn.clone().lock_owned().await;
        let at = node.now().micros();
        let Some(batch) = indexing.take() else { return Ok(()) };
        let applied = apply(node, &batch.products, turn).await;
        indexing.is_failing.store(applied.is_err(), Ordering::Relaxed);
        applied?;
        if batch.is_last {
            lock(&indexing.progress).upto = Some(at);
        }
        batch.done();
    }
}

/// One commit. The turn ends with it, whoever still waits for it.
async fn apply(
    node: &Node,
    products: &BTreeSet<String>,
    turn: tokio::sync::OwnedMutexGuard<()>,
) -> Result<(), Error> {
    let Some(engine) = node.search().cloned() else { return Ok(()) };
    let changes = changes(node, products).await?;
    let applied = tokio::task::spawn_blocking(move || {
        let applied = engine.apply(&changes);
        drop(turn);
        applied
    });
    let applied = applied.await;
    applied
        .map_err(|error| Error::Corrupt(format!("the index was interrupted: {error}")))?
        .map_err(Error::from)
}

/// What the index is told of these products: what the view has of them now.
async fn changes(node: &Node, products: &BTreeSet<String>) -> Result<Vec<SearchChange>, Error> {
    let ids: Arc<Vec<String>> = Arc::new(products.iter().cloned().collect());
    let wanted = ids.clone();
    let rows = node.store().peek("index_products", move |read| {
        let ids = wanted.clone();
        Box::pin(async move {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids.iter() {
                rows.push(read.get_catalogue(id).await?);
            }
            Ok::<_, Error>(rows)
        })
    });
    let rows = rows.await?;
    Ok(ids.iter().zip(&rows).filter_map(|(id, row)| change_of(id, row.as_ref())).collect())
}

/// A row that cannot be read is passed over: it must not keep the others out.
fn change_of(id: &str, row: Option<&CatalogueRow>) -> Option<SearchChange> {
    let Some(row) = row else { return ProductId::parse(id).ok().map(SearchChange::Remove) };
    match public_body(&row.body) {
        Ok(PublicBody::Product(product)) => Some(change(&product)),
        Ok(_) => None,
        Err(error) => {
            tracing::error!(product.id = id, %error, "a product cannot be indexed");
            None
        }
    }
}

pub(super) fn change(product: &ProductBody) -> SearchChange {
    if product.status == Status::Withdrawn {
        return SearchChange::Remove(product.id.clone());
    }
    let mut keywords = keywords_to_domain(&product.keywords);
    // Titles of columns, so that `臭氧` finds what calls its column `O3`.
    for title in product.columns.iter().filter_map(|column| column.title.as_ref()) {
        keywords.zh.extend(title.zh.clone());
        keywords.en.extend(title.en.clone());
    }
    SearchChange::Upsert(Box::new(SearchDocument {
        product: product.id.clone(),
        title: product.title.to_domain(),
        description: product.description.as_ref().map(|text| text.to_domain()).unwrap_or_default(),
        keywords,
        columns: product.columns.iter().map(|column| column.name.clone()).collect(),
        provider_name: product.provider.clone(),
        area: product.id.area(),
    }))
}

/// Notes how far the index is, where the note is older than `age_max` microseconds.
async fn note(node: &Node, age_max: i64) -> Result<(), Error> {
    let Progress { is_complete, upto, noted } = *lock(&node.indexing().progress);
    let Some(upto) = upto.filter(|_| is_complete) else { return Ok(()) };
    // The clock may have been set back meanwhile.
    if noted.is_some_and(|noted| (noted..=noted.saturating_add(age_max)).contains(&upto)) {
        return Ok(());
    }
    let text = upto.to_string();
    let noted = node.store().run_tx("index_note", move |tx| {
        let text = text.clone();
        Box::pin(async move { Ok::<_, Error>(tx.put_meta(INDEXED_UPTO, &text).await?) })
    });
    noted.await?;
    lock(&node.indexing().progress).noted = Some(upto);
    Ok(())
}

/// Job at the start: fills an index that was opened empty, or what it may have missed at the last end.
pub async fn reindex(node: Node, whole: bool) {
    if node.search().is_none() {
        return;
    }
    let mut pause = RETRY;
    while let Err(error) = reindex_rows(&node, whole).await {
        tracing::error!(%error, "the search index could not be filled; trying again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

async fn reindex_rows(node: &Node, whole: bool) -> Result<(), Error> {
    if whole {
        // Half of an index must not be taken for one that only misses the last minutes.
        let forgotten = node.store().run_tx("index_forget", |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.delete_meta(INDEXED_UPTO).await.map(drop)?) })
        });
        forgotten.await?;
    }
    let since = noted(node).await?.map_or(i64::MIN, |upto| upto.saturating_sub(STRAGGLER_MICROS));
    let at = node.now().micros();
    let mut after = String::new();
    loop {
        let rows = rows_after(node, after, PAGE).await?;
        let changed = rows.iter().filter(|row| row.updated_at >= since);
        node.indexing().name(changed.map(|row| row.product.clone()));
        drain(node).await?;
        match rows.last().filter(|_| rows.len() as u64 == u64::from(PAGE)) {
            Some(last) => after = last.product.clone(),
            None => break,
        }
    }
    {
        let mut progress = lock(&node.indexing().progress);
        progress.is_complete = true;
        progress.upto = progress.upto.max(Some(at));
    }
    note(node, 0).await
}

async fn noted(node: &Node) -> Result<Option<i64>, Error> {
    let read = node.store().peek("index_noted", |read| {
        Box::pin(async move { Ok::<_, Error>(read.get_meta(INDEXED_UPTO).await?) })
    });
    Ok(read.await?.and_then(|text| text.parse().ok()))
}

async fn rows_after(node: &Node, after: String, limit: u32) -> Result<Vec<CatalogueRow>, Error> {
    node.store()
        .read("catalogue_page", move |read| {
            let page = Page::after(after.clone(), limit);
            Box::pin(async move { Ok::<_, Error>(read.list_catalogue(&page).await?) })
        })
        .await
}

#[cfg(test)]
mod tests;
