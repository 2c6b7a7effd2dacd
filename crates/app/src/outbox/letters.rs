//! Messages as operators see them: those that wait, and those that were given up. A dead letter is tried again, dismissed, or forgotten with
//! its time; one that is tried again is a new message to its receiver, who may have kept its answer to the old one.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use ndi::digital_contract::{CREATE, NEGOTIATE};
use ndi::weir_v1::catalogue::{
    PRODUCT_DELIST_MSG, PRODUCT_LIST_MSG, PRODUCT_REGISTER_MSG, PRODUCT_WITHDRAW_MSG,
};
use serde::{Deserialize, Serialize};
use store::MessageRow;

use super::USAGE_WINDOW;
use crate::catalogue::product;
use crate::{Error, Node, Reason, contract, metering};

/// How many dead letters one transaction brings back or forgets.
const BATCH: u32 = 500;
/// How many messages of one stream are looked at.
const STREAM_MAX: u32 = 100;
/// How often dead letters are forgotten.
const PURGE: Duration = Duration::from_secs(3600);

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is still to be sent.
    Waiting,
    /// It is a dead letter.
    GivenUp,
}

/// A message, without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// Its name, such as `contractNegotiate`.
    pub message: String,
    /// Who sends it.
    pub from: String,
    /// Who is to receive it.
    pub to: String,
    /// What it is about, such as `contract` and its local key.
    pub about: String,
    /// Where it stands.
    pub state: State,
    /// How often it was tried.
    pub attempts: u64,
    /// Why the last try failed; none before the first has.
    pub reason: Option<String>,
    /// When it was written, or brought back; RFC 3339.
    pub written_at: String,
    /// When it is tried next.
    pub next_at: Option<String>,
    /// When it was given up.
    pub given_up_at: Option<String>,
}

impl From<MessageRow> for Letter {
    fn from(row: MessageRow) -> Letter {
        let time = |at: i64| Timestamp::from_micros(at).to_string();
        Letter {
            id: row.id,
            message: row.kind,
            from: row.tenant,
            to: row.destination,
            about: row.stream,
            state: if row.dead_at.is_some() { State::GivenUp } else { State::Waiting },
            attempts: row.attempts,
            reason: row.last_error,
            written_at: time(row.created_at),
            next_at: row.dead_at.is_none().then(|| time(row.next_at)),
            given_up_at: row.dead_at.map(time),
        }
    }
}

/// Messages after number `after`, up to `limit` of them: those in that state, or all.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(node: &Node, state: Option<State>, after: i64, limit: u32) -> Result<Vec<Letter>, Error> {
    let limit = limit.min(node.limits().page_max);
    let rows = node.store().read("outbox_list", move |read| {
        Box::pin(async move {
            let rows = match state {
                None => read.list_messages(after, limit).await?,
                Some(State::Waiting) => read.list_waiting_messages(after, limit).await?,
                Some(State::GivenUp) => read.list_dead_messages(after, limit).await?,
            };
            Ok::<_, Error>(rows)
        })
    });
    Ok(rows.await?.into_iter().map(Letter::from).collect())
}

async fn get(node: &Node, id: i64) -> Result<MessageRow, Error> {
    let row = node
        .store()
        .read("outbox_get", move |read| Box::pin(async move { Ok::<_, Error>(read.get_message(id).await?) }));
    row.await?.ok_or_else(|| Error::not_found("message", id))
}

/// Tries a message again: brings a dead letter back, and makes one that waits due.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] where nothing can come of it: its contract is over, or its product was decided on otherwise.
pub async fn try_again(node: &Node, id: i64) -> Result<Letter, Error> {
    let row = get(node, id).await?;
    if is_obsolete(node, &row).await? {
        let words = format!(
            "message {id} is out of date: what it is about is over, or was decided otherwise since; dismiss it"
        );
        return Err(Error::Forbidden(Reason::new("letter-obsolete", words).with("id", id)));
    }
    again(node, vec![id]).await?;
    get(node, id).await.map(Letter::from)
}

/// Tries every dead letter again that something can come of, and makes due what waits for its next try; how many dead letters that were.
///
/// # Errors
/// [`Error::Store`].
pub async fn try_all_again(node: &Node) -> Result<u64, Error> {
    let (mut after, mut tried) = (0, 0);
    loop {
        let rows = node.store().read("outbox_dead", move |read| {
            Box::pin(async move { Ok::<_, Error>(read.list_dead_messages(after, BATCH).await?) })
        });
        let rows = rows.await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        let mut useful = Vec::new();
        for row in &rows {
            if !is_obsolete(node, row).await? {
                useful.push(row.id);
            }
        }
        tried += again(node, useful).await?;
    }
    let at = node.now().micros();
    let hastened = node.store().run_tx("outbox_hasten", move |tx| {
        Box::pin(async move { Ok::<_, Error>(tx.hasten_all(at).await.map(drop)?) })
    });
    hastened.await?;
    Ok(tried)
}

/// Brings dead letters back and makes those that wait due; how many that changed.
async fn again(node: &Node, ids: Vec<i64>) -> Result<u64, Error> {
    let (ids, at) = (Arc::new(ids), node.now().micros());
    node.store()
        .run_tx("outbox_again", move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                let mut changed = 0;
                for id in ids.iter() {
                    let is_changed = tx.revive_message(*id, at).await? || tx.hasten_message(*id, at).await?;
                    changed += u64::from(is_changed);
                }
                Ok::<_, Error>(changed)
            })
        })
        .await
}

/// Whether nothing good can come of a message: it would propose or sign a contract that is over, or undo what was decided of a product since.
async fn is_obsolete(node: &Node, row: &MessageRow) -> Result<bool, Error> {
    match row.kind.as_str() {
        CREATE | NEGOTIATE => contract::is_over(node, row).await,
        PRODUCT_REGISTER_MSG | PRODUCT_LIST_MSG | PRODUCT_DELIST_MSG | PRODUCT_WITHDRAW_MSG => {
            product::is_outdated(node, row).await
        }
        _ => Ok(false),
    }
}

/// Tries what a stream still has to say of these kinds: brings its dead letters back, and makes those that wait due. How much there was.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn try_stream_again(
    node: &Node,
    tenant: &str,
    stream: &str,
    is_wanted: fn(kind: &str) -> bool,
) -> Result<usize, Error> {
    let (tenant, stream) = (tenant.to_owned(), stream.to_owned());
    let rows = node.store().read("outbox_stream", move |read| {
        let (tenant, stream) = (tenant.clone(), stream.clone());
        Box::pin(
            async move { Ok::<_, Error>(read.list_stream_messages(&tenant, &stream, STREAM_MAX).await?) },
        )
    });
    let ids: Vec<i64> =
        rows.await?.into_iter().filter(|row| is_wanted(&row.kind)).map(|row| row.id).collect();
    let found = ids.len();
    if found > 0 {
        again(node, ids).await?;
    }
    Ok(found)
}

/// Forgets a dead letter; what it was.
///
/// # Errors
/// [`Error::NotFound`]; [`Error::Forbidden`] for a message that still waits, and for a usage window that waits for its answer while its
/// contract goes on.
pub async fn dismiss(node: &Node, id: i64) -> Result<Letter, Error> {
    let row = get(node, id).await?;
    if row.kind == USAGE_WINDOW && row.dead_at.is_some() && metering::is_window_needed(node, &row).await? {
        let words = format!(
            "message {id} carries a usage window, which is sent again until it is answered or its contract is over: it stays"
        );
        return Err(Error::Forbidden(Reason::new("letter-needed", words).with("id", id)));
    }
    if !forget(node, id).await? {
        let words = format!("message {id} is still to be sent: only dead letters are dismissed");
        return Err(Error::Forbidden(Reason::new("letter-waits", words).with("id", id)));
    }
    Ok(row.into())
}

/// Forgets a dead letter; whether it was one.
async fn forget(node: &Node, id: i64) -> Result<bool, Error> {
    node.store()
        .run_tx("outbox_dismiss", move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.dismiss_message(id).await?) })
        })
        .await
}

/// Job: forgets dead letters that are old, or of which there are too many. Those of windows that are sent again stay.
pub async fn forget_dead(node: Node) {
    loop {
        if let Err(error) = forget_windows(&node).await {
            tracing::warn!(%error, "old dead letters of windows could not be forgotten; trying again in an hour");
        }
        match forget_some(&node).await {
            Ok(rows) if rows >= u64::from(BATCH) => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "old dead letters could not be forgotten; trying again in an hour")
            }
        }
        tokio::time::sleep(PURGE).await;
    }
}

/// Before when a dead letter was given up that is old, in microseconds.
fn old(node: &Node) -> i64 {
    node.now().micros().saturating_sub(node.limits().dead_letters_ms.saturating_mul(1000))
}

/// The same for the windows that nobody needs any more; how many there were.
pub(crate) async fn forget_windows(node: &Node) -> Result<usize, Error> {
    let before = old(node);
    let (mut after, mut useless) = (0, Vec::new());
    loop {
        let rows = node.store().read("outbox_dead_windows", move |read| {
            Box::pin(
                async move { Ok::<_, Error>(read.list_dead_messages_of(USAGE_WINDOW, after, BATCH).await?) },
            )
        });
        let rows = rows.await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            if !metering::is_window_needed(node, &row).await? {
                useless.push((row.id, row.dead_at.is_some_and(|at| at < before)));
            }
        }
    }
    let kept = usize::try_from(node.limits().dead_letters_max).unwrap_or(usize::MAX);
    let beyond = useless.len().saturating_sub(kept);
    let mut forgotten = 0;
    for (place, (id, is_old)) in useless.into_iter().enumerate() {
        if is_old || place < beyond {
            forgotten += usize::from(forget(node, id).await?);
        }
    }
    Ok(forgotten)
}

async fn forget_some(node: &Node) -> Result<u64, Error> {
    let (before, kept) = (old(node), node.limits().dead_letters_max);
    node.store()
        .run_tx("outbox_forget", move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(tx.purge_dead_messages(before, kept, USAGE_WINDOW, BATCH).await?)
            })
        })
        .await
}
