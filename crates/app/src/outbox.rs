//! Sending what steps left to be sent, until it arrives (ARCHITECTURE.md, the life of a message): at once after the commit, in order
//! within a stream, again with backoff and jitter for days while the other side is away and at once when it is heard of ([`away`]), and as
//! a visible dead letter when there is no use in trying ([`letters`]).
//!
//! A row of the outbox holds the message's body as it travels; its `kind` is the message's name, its `stream` what must keep its order. A
//! retry carries the same `sequenceNum` ([`sequence_of`]), so the receiver knows it, and is signed anew. What an answer means is the
//! capability's: it commits the effect of the answer and the end of the row ([`complete`]) in one transaction.
//!
//! Two ways lead a row to its sender. A step that has the [`Lease`] of the open [`Post`] leases its own messages in its own transaction
//! ([`write`]) and hands them over after the commit: no second commit stands between a step and its message. Whatever else is due, the job
//! [`deliver`] leases when the store rings. A row that was leased and forgotten comes back when its lease is over; at a start every row does, since
//! whoever had leased it is gone.

mod away;
mod letters;

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use crypto::Sha256;
use domain::Timestamp;
use domain::id::NodeId;
use ndi::digital_contract::{CREATE, NEGOTIATE, TERMINATE};
use serde_json::Value;
use store::{Backend, MessageRow, NewMessage, Tx};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;

use crate::catalogue::offer;
use crate::message::Target;
use crate::{Error, Node, contract, metering};

pub use away::heard;
#[cfg(test)]
pub(crate) use letters::forget_windows;
pub(crate) use letters::try_stream_again;
pub use letters::{Letter, State, dismiss, forget_dead, list, try_again, try_all_again};

/// How long a sender keeps a message to itself: longer than any exchange may take.
const LEASE_MICROS: i64 = 45 * 1_000_000;
/// How long the job sleeps without a wake-up before it looks anyway.
const SWEEP: Duration = Duration::from_secs(5);
/// How soon after a look the next one may come; handed-over messages do not wait for it.
const GAP: Duration = Duration::from_millis(10);
/// The pause before the second try, in microseconds; it doubles with every try.
const FIRST_PAUSE_MICROS: i64 = 50_000;
/// The name of the message that metering sends.
pub const USAGE_WINDOW: &str = "usageWindow";

/// A new message of a speaker: due at once, in order after those of the same stream.
pub fn message(
    tenant: &NodeId,
    stream: impl Into<String>,
    destination: &NodeId,
    kind: &str,
    body: &Value,
    now: Timestamp,
) -> NewMessage {
    NewMessage {
        tenant: tenant.to_string(),
        stream: stream.into(),
        destination: destination.to_string(),
        kind: kind.to_owned(),
        body: body.to_string(),
        at: now.micros(),
    }
}

/// What a transaction may lease for the open [`Post`]: nothing, where nobody sends or the database leaves it to the job.
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    rows: u32,
}

/// Adds messages within the transaction of their step and leases those that are the first of their stream. Hand the rows to [`Post::hand`]
/// after the commit. What an ended message set free, the job takes up.
///
/// # Errors
/// [`Error::Store`].
pub async fn write(tx: &mut Tx, messages: &[NewMessage], lease: Lease) -> Result<Vec<MessageRow>, Error> {
    if messages.is_empty() {
        return Ok(Vec::new());
    }
    if lease.rows == 0 {
        tx.add_messages(messages).await?;
        return Ok(Vec::new());
    }
    Ok(tx.add_leased(messages, lease.rows, LEASE_MICROS).await?)
}

/// Ends a message that was answered, in the transaction that holds what the answer changed.
///
/// # Errors
/// [`Error::Store`].
pub async fn complete(tx: &mut Tx, row: &MessageRow) -> Result<(), Error> {
    if !tx.complete_message(row).await? {
        tracing::debug!(
            message.id = row.id,
            "a message was answered after its lease was over: another try is under way"
        );
    }
    Ok(())
}

/// How a message ends by the step of a capability.
#[derive(Debug, Clone)]
pub enum End {
    /// It was answered.
    Answered(MessageRow),
    /// It is given up, for this reason.
    Dead(MessageRow, String),
}

impl End {
    /// Ends the message in the step's transaction.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn write(&self, tx: &mut Tx, now: Timestamp) -> Result<(), Error> {
        match self {
            End::Answered(row) => complete(tx, row).await,
            End::Dead(row, reason) => Ok(tx.bury_message(row, now.micros(), reason).await.map(drop)?),
        }
    }
}

/// Where committed steps leave messages that they leased. Open while the job [`deliver`] runs.
#[derive(Debug, Default)]
pub struct Post {
    door: RwLock<Option<Door>>,
    away: away::Away,
}

#[derive(Debug, Clone)]
struct Door {
    hand: mpsc::UnboundedSender<MessageRow>,
    slots: Arc<Semaphore>,
}

impl Post {
    /// What the next transaction may lease. On PostgreSQL nothing: there steps run beside each other, and would collide on the due rows.
    pub fn lease(&self, node: &Node) -> Lease {
        let free = match node.store().backend() {
            Backend::Sqlite => self.door().map_or(0, |door| door.slots.available_permits()),
            Backend::Postgres => 0,
        };
        Lease { rows: u32::try_from(free).unwrap_or(u32::MAX) }
    }

    /// Gives leased messages to their senders.
    pub fn hand(&self, rows: Vec<MessageRow>) {
        let Some(door) = self.door() else { return };
        for row in rows {
            if let Err(lost) = door.hand.send(row) {
                tracing::debug!(
                    message.id = lost.0.id,
                    "the outbox is closed: the message waits for its lease"
                );
            }
        }
    }

    fn door(&self) -> Option<Door> {
        self.door.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    fn open(&self, door: Door) {
        *self.door.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(door);
    }
}

/// Job: sends what is due, many messages at once.
pub async fn deliver(node: Node) {
    if let Err(error) = free_leases(&node).await {
        tracing::warn!(%error, "messages that were on their way at the last end wait for their leases");
    }
    let (hand, handed) = mpsc::unbounded_channel();
    let slots = Arc::new(Semaphore::new(node.limits().sends_in_flight_max.max(1)));
    node.post().open(Door { hand: hand.clone(), slots: slots.clone() });
    let woken = node.store().watch_outbox();
    tokio::join!(lease_all(&node, woken, &hand, &slots), send_all(&node, handed, &slots));
}

/// Messages that a process took up and did not end, because it was killed, are due again at once, and so is what waits for its next try: a
/// restart may have mended what was in its way.
async fn free_leases(node: &Node) -> Result<(), Error> {
    let now = node.now().micros();
    let freed = node.store().run_tx("outbox_free", move |tx| {
        Box::pin(async move {
            let freed = tx.free_leases().await?;
            tx.hasten_all(now).await?;
            Ok::<_, Error>(freed)
        })
    });
    match freed.await? {
        0 => {}
        messages => {
            tracing::info!(messages, "messages were on their way at the last end; sending them again")
        }
    }
    Ok(())
}

/// Sends what is handed over, each message in a task of its own.
async fn send_all(node: &Node, mut handed: mpsc::UnboundedReceiver<MessageRow>, slots: &Arc<Semaphore>) {
    let mut sends = JoinSet::new();
    while let Some(row) = handed.recv().await {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        while sends.try_join_next().is_some() {}
        let node = node.clone();
        sends.spawn(async move {
            send(&node, row).await;
            drop(slot);
        });
    }
}

/// Leases what is due whenever the store rings, when the next message is due, and once in a while.
async fn lease_all(
    node: &Node,
    mut woken: watch::Receiver<u64>,
    hand: &mpsc::UnboundedSender<MessageRow>,
    slots: &Semaphore,
) {
    loop {
        woken.mark_unchanged();
        let looked = Instant::now();
        let pause = match lease_due(node, slots.available_permits()).await {
            Ok((rows, pause)) => {
                rows.into_iter().for_each(|row| drop(hand.send(row)));
                pause
            }
            Err(error) => {
                tracing::warn!(%error, "messages to send could not be read; trying again");
                SWEEP
            }
        };
        let _ = tokio::time::timeout(pause, woken.changed()).await;
        tokio::time::sleep(GAP.saturating_sub(looked.elapsed())).await;
    }
}

/// Leases up to `free` due messages; also how long there is nothing to do.
async fn lease_due(node: &Node, free: usize) -> Result<(Vec<MessageRow>, Duration), Error> {
    let now = node.now().micros();
    let next = node
        .store()
        .peek("outbox_next", |read| Box::pin(async move { Ok::<_, Error>(read.next_message_at().await?) }))
        .await?;
    let limit = u32::try_from(free).unwrap_or(u32::MAX);
    match next {
        None => Ok((Vec::new(), SWEEP)),
        Some(at) if at > now => Ok((Vec::new(), pause_until(at, now))),
        // Every message that ends rings.
        Some(_) if limit == 0 => Ok((Vec::new(), SWEEP)),
        Some(_) => {
            let leased = node.store().run_tx("outbox_lease", move |tx| {
                Box::pin(async move { Ok::<_, Error>(tx.lease_due(limit, now, LEASE_MICROS).await?) })
            });
            Ok((leased.await?, Duration::ZERO))
        }
    }
}

fn pause_until(at: i64, now: i64) -> Duration {
    let micros = u64::try_from(at.saturating_sub(now)).unwrap_or(0);
    Duration::from_micros(micros).min(SWEEP)
}

/// Leases and sends what is due now and waits for it: what the job does, once, for tests and for the end of a node. Answers how many
/// messages were tried.
///
/// # Errors
/// [`Error::Store`].
pub async fn pump(node: &Node) -> Result<usize, Error> {
    let (rows, _) = lease_due(node, node.limits().sends_in_flight_max).await?;
    let tried = rows.len();
    let mut sends = JoinSet::new();
    for row in rows {
        let node = node.clone();
        sends.spawn(async move { send(&node, row).await });
    }
    while sends.join_next().await.is_some() {}
    Ok(tried)
}

/// One try of one message, and what follows from it.
async fn send(node: &Node, row: MessageRow) {
    let outcome = match attempt(node, &row).await {
        Ok(data) => {
            away::answered(node, &row.destination).await;
            answered(node, &row, data).await
        }
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        note_failure(node, &row, &error).await;
    }
}

/// Notes a failed try. A store that is away is asked again as long as the message is ours: its lease outlasts most outages, and nobody else
/// would take it up before.
async fn note_failure(node: &Node, row: &MessageRow, error: &Error) {
    let began = Instant::now();
    let mut tries = 0;
    while let Err(second) = failed(node, row, error).await {
        tries += 1;
        if !second.is_of_the_store() || began.elapsed().as_micros() >= u128::from(LEASE_MICROS.unsigned_abs())
        {
            tracing::warn!(message.id = row.id, message.kind = row.kind, error = %second, "a failed message waits for its lease");
            return;
        }
        let micros = pause(tries, node.limits().send_backoff_max_ms, node.entropy().next_u64());
        tokio::time::sleep(Duration::from_micros(micros.unsigned_abs())).await;
    }
}

async fn attempt(node: &Node, row: &MessageRow) -> Result<Value, Error> {
    let speaker = node.hosted(&id_of(&row.tenant)?)?;
    let target = target(node, &row.destination).await?;
    let body = serde_json::from_str(&row.body)
        .map_err(|error| Error::Corrupt(format!("outbox row {}: {error}", row.id)))?;
    node.send(&speaker, &target, &path_of(&row.kind), &body, &sequence_of(row)).await
}

/// Whom a message goes to. Somebody unknown may become known, as the feed brings news.
async fn target(node: &Node, destination: &str) -> Result<Target, Error> {
    node.target(&id_of(destination)?).await
}

fn id_of(text: &str) -> Result<NodeId, Error> {
    NodeId::parse(text).map_err(|error| Error::Corrupt(format!("outbox: {error}")))
}

/// Contract messages stand at the root of the address (TC609-6-2025-14, annex B), ours under `/weir/v1`.
fn path_of(kind: &str) -> String {
    match kind {
        CREATE | NEGOTIATE | TERMINATE => format!("/{kind}"),
        _ => format!("/weir/v1/{kind}"),
    }
}

/// The sequence number of a message: the same for every try of a row, and no other row's.
pub fn sequence_of(row: &MessageRow) -> String {
    let name = format!("{} {} {}", row.tenant, row.id, row.created_at);
    let digest = Sha256::of(name.as_bytes()).to_string();
    digest.get(..32).map(str::to_owned).unwrap_or(digest)
}

/// The capability that an answer belongs to.
async fn answered(node: &Node, row: &MessageRow, data: Value) -> Result<(), Error> {
    match row.kind.as_str() {
        CREATE => contract::id_given(node, row, &data).await,
        NEGOTIATE => contract::answered(node, row, &data).await,
        TERMINATE => contract::told(node, row).await,
        USAGE_WINDOW => metering::window_answered(node, row, data).await,
        kind if offer::owns(kind) => offer::answered(node, row, &data).await,
        other => Err(Error::Corrupt(format!("outbox: nobody takes answers to `{other}`"))),
    }
}

/// A failed try: again later where that can help, else the end of it.
async fn failed(node: &Node, row: &MessageRow, error: &Error) -> Result<(), Error> {
    let age = node.now().micros().saturating_sub(row.created_at);
    let is_young = age < node.limits().send_age_max_ms.saturating_mul(1000);
    if is_tried_again(error, is_young) {
        return retry(node, row, error).await;
    }
    tracing::warn!(message.id = row.id, message.kind = row.kind, message.to = row.destination, %error, "message given up");
    let given_up = match row.kind.as_str() {
        CREATE | NEGOTIATE | TERMINATE => contract::undelivered(node, row, error).await,
        USAGE_WINDOW => metering::window_undelivered(node, row, error).await,
        kind if offer::owns(kind) => offer::undelivered(node, row, error).await,
        _ => bury(node, row, error.to_string()).await,
    };
    match given_up {
        // The capability could not take note: the letter is dead all the same, and shows why.
        Err(second) if !second.is_passing() && !second.is_of_the_store() => {
            bury(node, row, format!("{error}; {second}")).await
        }
        other => other,
    }
}

/// Whether another try can help. Who is not found may become known, as the feed brings news. A store that is away says nothing of the
/// message, which may even have been answered: it is tried again for as long as that takes, and its receiver knows it by its number.
fn is_tried_again(error: &Error, is_young: bool) -> bool {
    let is_passing = error.is_passing() || matches!(error, Error::NotFound { .. });
    error.is_of_the_store() || (is_passing && is_young)
}

async fn retry(node: &Node, row: &MessageRow, error: &Error) -> Result<(), Error> {
    let began = row.lease_until.map_or(row.next_at, |until| until.saturating_sub(LEASE_MICROS));
    let is_back = away::note(node, &row.destination, Timestamp::from_micros(began)).await;
    let tries = if is_back { 1 } else { row.attempts };
    let pause = pause(tries, node.limits().send_backoff_max_ms, node.entropy().next_u64());
    let next_at = node.now().plus_micros(pause).micros();
    tracing::info!(message.id = row.id, message.kind = row.kind, message.to = row.destination, pause.ms = pause / 1000, %error, "message not delivered; trying again");
    let (row, reason) = (Arc::new(row.clone()), error.to_string());
    node.store()
        .run_tx("outbox_retry", move |tx| {
            let (row, reason) = (row.clone(), reason.clone());
            Box::pin(async move { Ok::<_, Error>(tx.retry_message(&row, next_at, &reason).await.map(drop)?) })
        })
        .await
}

async fn bury(node: &Node, row: &MessageRow, reason: String) -> Result<(), Error> {
    let (row, at) = (Arc::new(row.clone()), node.now().micros());
    node.store()
        .run_tx("outbox_bury", move |tx| {
            let (row, reason) = (row.clone(), reason.clone());
            Box::pin(async move { Ok::<_, Error>(tx.bury_message(&row, at, &reason).await.map(drop)?) })
        })
        .await
}

/// How long to wait after the given number of tries, in microseconds: doubling up to the limit, of which a random half is taken off.
fn pause(tries: u64, max_ms: i64, random: u64) -> i64 {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(32);
    let whole = FIRST_PAUSE_MICROS.saturating_mul(1_i64 << doublings).min(max_ms.saturating_mul(1000)).max(2);
    let half = whole / 2;
    half + i64::try_from(random % u64::try_from(half).unwrap_or(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(id: i64, created_at: i64) -> MessageRow {
        MessageRow {
            id,
            tenant: "5".into(),
            stream: "s".into(),
            destination: "4".into(),
            kind: CREATE.into(),
            body: "{}".into(),
            attempts: 1,
            created_at,
            next_at: created_at,
            lease_until: None,
            last_error: None,
            dead_at: None,
        }
    }

    #[test]
    fn every_try_of_a_row_has_the_same_number_and_no_other_row_has_it() {
        let first = sequence_of(&row(1, 10));
        let again = MessageRow { attempts: 7, next_at: 99, last_error: Some("away".into()), ..row(1, 10) };
        assert_eq!(sequence_of(&again), first);
        assert_eq!(first.len(), 32);
        for other in [row(2, 10), row(1, 11), MessageRow { tenant: "6".into(), ..row(1, 10) }] {
            assert_ne!(sequence_of(&other), first);
        }
    }

    #[test]
    fn pauses_double_up_to_the_limit_and_differ_by_half() {
        for (tries, whole) in
            [(1, 50_000), (2, 100_000), (5, 800_000), (30, 2_000_000), (u64::MAX, 2_000_000)]
        {
            assert_eq!(pause(tries, 2000, 0), whole / 2, "{tries}");
            for random in [1, 12_345, u64::MAX] {
                let pause = pause(tries, 2000, random);
                assert!((whole / 2..whole).contains(&pause), "{tries}: {pause}");
            }
        }
        assert!(pause(1, 0, 5) >= 1);
    }

    #[test]
    fn a_pause_until_the_past_is_none_and_none_is_longer_than_the_sweep() {
        assert_eq!(pause_until(5, 10), Duration::ZERO);
        assert_eq!(pause_until(1_500, 500), Duration::from_micros(1000));
        assert_eq!(pause_until(i64::MAX, -5), SWEEP);
    }

    #[test]
    fn a_store_that_is_away_ends_no_message_and_one_that_refuses_its_values_does() {
        let away = Error::Store(store::StoreError::Closed);
        assert!(is_tried_again(&away, true) && is_tried_again(&away, false));
        let refused = Error::Store(store::StoreError::Value { what: "a text".to_owned() });
        assert!(!is_tried_again(&refused, true) && !is_tried_again(&refused, false), "no try mends it");
        let busy = Error::NotYet("the window before".into());
        assert!(is_tried_again(&busy, true) && !is_tried_again(&busy, false));
        assert!(!is_tried_again(&Error::Corrupt("a row".to_owned()), true), "no try mends it");
    }

    #[test]
    fn contract_messages_stand_at_the_root_of_the_address() {
        assert_eq!(path_of(NEGOTIATE), "/contractNegotiate");
        assert_eq!(path_of(USAGE_WINDOW), "/weir/v1/usageWindow");
    }
}
