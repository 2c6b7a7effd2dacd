//! Closing windows at the provider: once the first closed use of a contract is old enough, or enough of them wait.
//!
//! The job sleeps until a window is due; closes call it sooner where they must. Windows that fall due together are committed together:
//! each with its uses' marks, its evidence and its message to the user. Signing is done before the transaction.

use std::sync::Arc;
use std::time::Duration;

use crypto::SignedObject;
use domain::id::NodeId;
use domain::{Evidence, EvidenceKind};
use ledger::checkpoint::LogIdentity;
use ledger::window::{UseLeaf, Window, WindowStart, window_hash};
use serde_json::json;
use store::{Body, NewMessage, Tx, UseRow, WindowRow};

use super::meters::Place;
use super::{Sums, WindowBody, leaf_of, pace, window_in, window_subject};
use crate::log::Entries;
use crate::member::Speaker;
use crate::outbox::{self, USAGE_WINDOW};
use crate::{Error, Node};

/// How many windows one transaction closes.
const BATCH: usize = 128;
/// How many uses the windows of one transaction hold at most, but for the first of them.
const BATCH_USES: usize = 16_384;
/// How many bytes the uses of one window have as JSON at most: with its envelope it must fit into a message.
const USES_BYTES_MAX: usize = 3 << 20;
/// How many bytes the longest leaf without fields has as JSON, or a little more.
const PLAIN_LEAF_BYTES: usize = 512;
/// How often the store is asked for waiting uses that nobody told of.
const SWEEP: Duration = Duration::from_secs(60);
/// How many contracts one look at the store takes up.
const FOUND_MAX: u32 = 4096;
/// How long the job waits after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// Job: closes windows as they fall due.
pub async fn close_windows(node: Node) {
    let mut swept = None;
    loop {
        if swept.is_none_or(|at: tokio::time::Instant| at.elapsed() >= SWEEP) {
            match look(&node).await {
                Ok(()) => swept = Some(tokio::time::Instant::now()),
                Err(error) => tracing::warn!(%error, "waiting uses could not be read; trying again"),
            }
        }
        let next = match close_due(&node).await {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(%error, "usage windows could not be closed; trying again");
                // What was taken for closing is found again in the store.
                swept = None;
                tokio::time::sleep(RETRY).await;
                continue;
            }
        };
        let now = node.now().micros();
        let pause = next
            .map_or(SWEEP, |at| Duration::from_micros(u64::try_from(at.saturating_sub(now)).unwrap_or(0)));
        let _ = tokio::time::timeout(pause.min(SWEEP), node.meters().sooner.notified()).await;
    }
}

/// What the job does at its start and once in a while.
async fn look(node: &Node) -> Result<(), Error> {
    find_waiting(node).await?;
    super::resend_windows(node).await.map(drop)
}

/// Takes up uses that wait in the store: after a start, and those that a failure left behind.
async fn find_waiting(node: &Node) -> Result<(), Error> {
    let read = node.store().read("windows_waiting", |read| {
        Box::pin(async move { Ok::<_, Error>(read.list_unwindowed(FOUND_MAX).await?) })
    });
    for found in read.await? {
        node.meters().found((found.tenant, found.contract), found.uses, found.oldest_closed_at, pace(node));
    }
    Ok(())
}

/// Closes every window that is due now; says when the next one will be, in microseconds.
///
/// # Errors
/// [`Error::Store`]; [`Error::Corrupt`] where rows do not fit together.
pub async fn close_due(node: &Node) -> Result<Option<i64>, Error> {
    loop {
        let (places, next) = node.meters().take_due(node.now().micros(), pace(node), BATCH);
        if places.is_empty() {
            return Ok(next);
        }
        close_batch(node, places).await?;
    }
}

async fn close_batch(node: &Node, places: Vec<Place>) -> Result<(), Error> {
    let mut drafts = Vec::with_capacity(places.len());
    let mut uses = 0;
    for place in places {
        match draft(node, place.clone()).await {
            Ok(Some(draft)) => {
                uses += draft.leaves.len();
                drafts.push(draft);
            }
            Ok(None) => {}
            // One contract whose connector has gone must not stop the others.
            Err(error) if !error.is_of_the_store() => {
                tracing::error!(contract.id = place.1, %error, "a usage window cannot be closed");
            }
            Err(error) => return Err(error),
        }
        if uses >= BATCH_USES {
            commit(node, std::mem::take(&mut drafts)).await?;
            uses = 0;
        }
    }
    commit(node, drafts).await
}

/// A window to be closed: all that it is made from.
struct Draft {
    provider: Arc<Speaker>,
    user: NodeId,
    start: WindowStart,
    leaves: Vec<UseLeaf>,
    closed_at: i64,
    before: Sums,
    /// Uses that wait beyond this window, and since when.
    rest: Option<(u64, i64)>,
}

/// Reads what a contract's next window is made from; nothing where no use waits.
async fn draft(node: &Node, (tenant, contract): Place) -> Result<Option<Draft>, Error> {
    let provider = node.tenant(&tenant)?;
    let held = crate::contract::get(node, &tenant, &contract).await?;
    let user = held.contract().user.connector.clone();
    let Waiting { uses, count, last } = read_waiting(node, tenant, contract.clone()).await?;
    if uses.is_empty() {
        return Ok(None);
    }
    let log = node.logs().evidence().identity().clone();
    let (start, before, not_before) = match last {
        Some(row) => follow(&row, log)?,
        None => {
            (WindowStart::first(&contract, held.contract().body()?.digest()?, log), Sums::default(), i64::MIN)
        }
    };
    let (leaves, next_since) = fill(uses, pace(node).uses)?;
    let rest = next_since.map(|since| (count.saturating_sub(leaves.len() as u64), since));
    let last_end = leaves.iter().map(|leaf| leaf.closed_at).max().unwrap_or(i64::MIN);
    // A window is never older than its uses or the one before, even where the clock was set back.
    let closed_at = node.now().micros().max(last_end).max(not_before);
    Ok(Some(Draft { provider, user, start, leaves, closed_at, before, rest }))
}

/// The uses of a contract that wait for a window.
struct Waiting {
    /// As many as a window takes, and one more.
    uses: Vec<UseRow>,
    /// How many there are.
    count: u64,
    /// The window before.
    last: Option<WindowRow>,
}

async fn read_waiting(node: &Node, tenant: String, contract: String) -> Result<Waiting, Error> {
    let limit = u32::try_from(pace(node).uses + 1).unwrap_or(u32::MAX);
    node.store()
        .read("window_uses", move |read| {
            let (tenant, contract) = (tenant.clone(), contract.clone());
            Box::pin(async move {
                let counter = read.use_counter(&tenant, &contract).await?;
                let uses = read.list_closed_uses(&tenant, &contract, counter.windowed + 1, limit).await?;
                let last = read.last_window(&tenant, &contract).await?;
                Ok::<_, Error>(Waiting { uses, count: counter.closed.saturating_sub(counter.windowed), last })
            })
        })
        .await
}

/// What the window after a stored one takes over: its place in the chain, the sums so far, and its earliest time.
fn follow(row: &WindowRow, log: LogIdentity) -> Result<(WindowStart, Sums, i64), Error> {
    let body: WindowBody = row.body.get()?;
    let window = window_in(&body.object)?;
    let start = window.next_start(window_hash(&body.object)?)?;
    Ok((WindowStart { log, ..start }, body.total, window.closed_at))
}

/// As many uses as a window takes, by number and by size, and when the first one after them closed.
fn fill(waiting: Vec<UseRow>, uses_max: u64) -> Result<(Vec<UseLeaf>, Option<i64>), Error> {
    let (mut leaves, mut bytes): (Vec<UseLeaf>, usize) = (Vec::new(), 0);
    for row in waiting {
        let leaf = leaf_of(&row)?;
        bytes = bytes.saturating_add(size_of(&leaf));
        let is_full = leaves.len() as u64 >= uses_max || bytes > USES_BYTES_MAX;
        if is_full && !leaves.is_empty() {
            return Ok((leaves, Some(leaf.closed_at)));
        }
        leaves.push(leaf);
    }
    Ok((leaves, None))
}

/// Bytes of a leaf as JSON, or a little more.
fn size_of(leaf: &UseLeaf) -> usize {
    match &leaf.fields {
        None => PLAIN_LEAF_BYTES,
        Some(_) => serde_json::to_vec(leaf).map_or(usize::MAX, |json| json.len()),
    }
}

/// A window, signed, with everything that its commit writes.
struct Closed {
    row: WindowRow,
    evidence: Evidence,
    message: NewMessage,
    rest: Option<(u64, i64)>,
}

async fn commit(node: &Node, drafts: Vec<Draft>) -> Result<(), Error> {
    if drafts.is_empty() {
        return Ok(());
    }
    let now = node.now();
    let signed = tokio::task::spawn_blocking(move || sign_each(drafts, now));
    let closed =
        signed.await.map_err(|error| Error::Corrupt(format!("signing windows ended early: {error}")))?;
    if closed.is_empty() {
        return Ok(());
    }
    let entries = closed.iter().fold(Entries::new(), |entries, one| {
        entries.record(node, &one.row.tenant, std::slice::from_ref(&one.evidence), now)
    });
    let (closed, lease) = (Arc::new(closed), node.post().lease(node));
    let written = closed.clone();
    let leased = node.store().run_tx("windows_close", move |tx| {
        let (closed, entries) = (written.clone(), entries.clone());
        Box::pin(async move { write(tx, &closed, &entries, lease).await })
    });
    let leased = leased.await;
    for one in closed.iter() {
        node.meters().window_changed(&(one.row.tenant.clone(), one.row.contract.clone()));
    }
    node.post().hand(leased?);
    for one in closed.iter() {
        tracing::debug!(
            contract.id = one.row.contract,
            window.number = one.row.number,
            "usage window closed"
        );
        if let Some((uses, since)) = one.rest {
            node.meters().left((one.row.tenant.clone(), one.row.contract.clone()), uses, since, pace(node));
        }
    }
    Ok(())
}

/// Signs what can be signed: one contract whose window cannot must not stop the others.
fn sign_each(drafts: Vec<Draft>, now: domain::Timestamp) -> Vec<Closed> {
    let signed = drafts.into_iter().filter_map(|draft| {
        let contract = draft.start.contract_id.clone();
        let failed = |error: &Error| tracing::error!(contract.id = %contract, %error, "a usage window cannot be signed");
        sign(draft, now).inspect_err(failed).ok()
    });
    signed.collect()
}

async fn write(
    tx: &mut Tx,
    closed: &[Closed],
    entries: &Entries,
    lease: outbox::Lease,
) -> Result<Vec<store::MessageRow>, Error> {
    for Closed { row, .. } in closed {
        tx.insert_window(row).await?;
        tx.mark_windowed(&row.tenant, &row.contract, row.first, row.last, row.number).await?;
    }
    entries.write(tx).await?;
    let messages: Vec<NewMessage> = closed.iter().map(|one| one.message.clone()).collect();
    outbox::write(tx, &messages, lease).await
}

fn sign(draft: Draft, now: domain::Timestamp) -> Result<Closed, Error> {
    let Draft { provider, user, start, leaves, closed_at, before, rest } = draft;
    let (window, _) = Window::close(start, &leaves, closed_at)?;
    let object = window.sign(&provider.key)?;
    let contract = &window.contract_id;
    let message = json!({"contractId": contract, "window": object, "uses": leaves});
    let stream = format!("{user} {contract}");
    let message = outbox::message(provider.id(), stream, &user, USAGE_WINDOW, &message, now);
    Ok(Closed {
        evidence: evidence(EvidenceKind::WindowClosed, &window, &object)?,
        row: WindowRow {
            tenant: provider.id().to_string(),
            contract: contract.clone(),
            number: window.number,
            first: window.first,
            last: window.last,
            hash: window_hash(&object)?.to_string(),
            state: WindowRow::SIGNED.to_owned(),
            closed_at,
            countersigned_at: None,
            body: Body::of(&WindowBody { object, uses: Vec::new(), total: before.with(&window) })?,
            countersignature: None,
        },
        message,
        rest,
    })
}

/// Evidence of a signed object about a window: in the log it stands as it was signed.
pub(super) fn evidence(
    kind: EvidenceKind,
    window: &Window,
    object: &SignedObject,
) -> Result<Evidence, Error> {
    let body = serde_json::to_value(object).map_err(|error| Error::Corrupt(error.to_string()))?;
    let contract = domain::id::ContractId::parse(&window.contract_id)
        .map_err(|error| Error::Corrupt(format!("window: {error}")))?;
    let subject = window_subject(&window.contract_id, window.number);
    Ok(Evidence { kind, subject, contract: Some(contract), body })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use store::UseKey;

    use super::super::UseBody;
    use super::*;

    fn row(closing: u64, fields: Option<Vec<String>>) -> UseRow {
        UseRow {
            key: UseKey { tenant: "T".into(), contract: "C".repeat(47), use_id: "u".repeat(64) },
            sequence: closing,
            opened_at: i64::MAX / 2048,
            touched_at: 0,
            closing: Some(closing),
            closed_at: Some(i64::MAX / 2048),
            bytes: (1 << 53) - 1,
            rows: (1 << 53) - 1,
            digest: Some(crypto::Sha256::of(b"x").to_string()),
            complete: true,
            window: None,
            body: Body::of(&UseBody { fields }).unwrap(),
        }
    }

    #[test]
    fn a_plain_leaf_is_never_larger_than_it_is_taken_for() {
        let leaf = leaf_of(&row((1 << 53) - 1, None)).unwrap();
        assert!(serde_json::to_vec(&leaf).unwrap().len() <= PLAIN_LEAF_BYTES);
        // A window of plain leaves is full by number first.
        const { assert!(PLAIN_LEAF_BYTES * 4096 <= USES_BYTES_MAX) };
    }

    #[test]
    fn a_window_is_full_by_number_or_by_size_and_holds_one_use_at_least() {
        let rows =
            |count: u64, fields: Option<Vec<String>>| (1..=count).map(|n| row(n, fields.clone())).collect();
        let (leaves, next) = fill(rows(3, None), 3).unwrap();
        assert_eq!((leaves.len(), next), (3, None));
        let (leaves, next) = fill(rows(4, None), 3).unwrap();
        assert_eq!((leaves.len(), next), (3, Some(i64::MAX / 2048)));
        let wide = Some(vec!["f".repeat(1 << 20); 2]);
        assert_eq!(fill(rows(3, wide), 100).unwrap().0.len(), 1);
        let too_wide = Some(vec!["f".repeat(1 << 22)]);
        assert_eq!(fill(rows(2, too_wide), 100).unwrap().0.len(), 1);
    }

    #[test]
    fn a_use_that_was_given_up_has_no_digest_and_an_open_one_no_leaf() {
        let given_up = UseRow { complete: false, ..row(1, None) };
        assert_eq!(leaf_of(&given_up).unwrap().digest, None);
        let open = UseRow { closing: None, closed_at: None, ..row(1, None) };
        assert!(matches!(leaf_of(&open), Err(Error::Corrupt(_))));
        let set_back = UseRow { closed_at: Some(0), ..row(1, None) };
        leaf_of(&set_back).unwrap().check().unwrap();
    }
}
