//! Entries that are passed over: kept with what speaks against them, shown to the operator, and believed once nothing does any more.
//!
//! Two registrars that were apart may both have registered one subject. Each node goes on with the word that it heard first; the other
//! one is not lost, and takes its place where the first registration ends.

use std::time::Duration;

use domain::Timestamp;
use ndi::Code as _;
use ndi::weir_v1::public_log::PublicBody;
use serde::Serialize;
use store::{PassedOverRow, Read, Tx};

use super::apply;
use super::origin::Origins;
use crate::log::{public_body, stored_body};
use crate::{Error, Node};

/// How many entries one transaction looks at.
const PAGE: u32 = 1000;
/// The pause after a failure.
const RETRY: Duration = Duration::from_secs(5);
/// How many entries the status names.
const TOLD_MAX: u32 = 20;

/// Entries that are not believed here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PassedOverView {
    /// How many there are.
    pub total: u64,
    /// The last of them, at most 20.
    pub items: Vec<PassedOver>,
}

/// An entry that is not believed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PassedOver {
    /// The log that it stands in.
    pub origin: String,
    /// Type of its body.
    pub kind: String,
    /// What it is about.
    pub id: String,
    /// What speaks against it.
    pub reason: String,
    /// Since when, RFC 3339.
    pub at: String,
}

/// What is passed over here, for status and doctor.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn passed_over(read: &mut Read) -> Result<PassedOverView, Error> {
    let total = read.count_passed_over().await?;
    let rows = if total == 0 { Vec::new() } else { read.list_passed_over(TOLD_MAX).await? };
    let items = rows.into_iter().map(|row| PassedOver {
        origin: row.origin,
        kind: row.kind,
        id: row.id,
        reason: row.reason,
        at: Timestamp::from_micros(row.at).to_string(),
    });
    Ok(PassedOverView { total, items: items.collect() })
}

/// The same, read by itself.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn passed_over_here(node: &Node) -> Result<PassedOverView, Error> {
    let store = node.store();
    store.read("passed_over", |read| Box::pin(async move { passed_over(read).await })).await
}

/// Keeps an entry that is not believed.
pub(super) async fn keep(
    tx: &mut Tx,
    log: &str,
    body: &PublicBody,
    reason: String,
    now: Timestamp,
) -> Result<(), Error> {
    let (kind, id) = body.key();
    let row = PassedOverRow {
        origin: log.to_owned(),
        kind: kind.code().to_owned(),
        id,
        reason,
        at: now.micros(),
        body: stored_body(body)?,
    };
    Ok(tx.put_passed_over(&row).await?)
}

/// Forgets what a log said before of the objects of these bodies: it is outdated, now that they are believed.
pub(super) async fn forget(tx: &mut Tx, log: &str, believed: &[PublicBody]) -> Result<(), Error> {
    if believed.is_empty() || tx.count_passed_over().await? == 0 {
        return Ok(());
    }
    for body in believed {
        let (kind, id) = body.key();
        tx.delete_passed_over(log, kind.code(), &id).await?;
    }
    Ok(())
}

/// Rings where others may have waited for what these bodies say.
pub(super) fn ring(node: &Node, believed: &[PublicBody]) {
    let may_free = |body: &PublicBody| {
        matches!(body, PublicBody::Node(_) | PublicBody::Organisation(_) | PublicBody::Connector(_))
    };
    if believed.iter().any(may_free) {
        node.feed().freed.notify_one();
    }
}

/// Job: looks again at what is passed over, at the start and whenever a node, organisation or connector changed.
pub async fn look_again(node: Node) {
    loop {
        match look(&node).await {
            Ok(()) => node.feed().freed.notified().await,
            Err(error) => {
                tracing::warn!(%error, "what is passed over cannot be looked at; trying again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Believes all against which nothing speaks any more, and what that frees in turn.
///
/// # Errors
/// [`Error::Store`].
pub(super) async fn look(node: &Node) -> Result<(), Error> {
    while look_once(node).await? {}
    Ok(())
}

/// One round over everything, page by page; whether it freed something.
async fn look_once(node: &Node) -> Result<bool, Error> {
    let (mut has_freed, mut after) = (false, None);
    loop {
        // As frames do: what is believed meanwhile is not replaced by an earlier word.
        let _one_at_a_time = node.feed().taking.lock().await;
        let (origins, now, from) = (super::origins(node).await?, node.now(), after.take());
        let page = node.store().run_tx("passed_look", move |tx| {
            let (origins, from) = (origins.clone(), from.clone());
            Box::pin(async move { look_at_page(tx, &origins, from, now).await })
        });
        let (freed, last) = page.await?;
        has_freed |= !freed.is_empty();
        super::applied(node, &freed);
        crate::catalogue::index(node, &freed);
        match last {
            Some(last) => after = Some(last),
            None => return Ok(has_freed),
        }
    }
}

/// One page: what it frees, and its last entry where more may follow.
async fn look_at_page(
    tx: &mut Tx,
    origins: &Origins,
    after: Option<PassedOverRow>,
    now: Timestamp,
) -> Result<(Vec<PublicBody>, Option<PassedOverRow>), Error> {
    let rows = tx.list_passed_over_after(after.as_ref(), PAGE).await?;
    let mut freed = Vec::new();
    for row in &rows {
        freed.extend(free(tx, origins, row, now).await?);
    }
    let is_full = rows.len() as u64 == u64::from(PAGE);
    Ok((freed, rows.into_iter().next_back().filter(|_| is_full)))
}

/// Believes an entry where nothing speaks against it any more.
async fn free(
    tx: &mut Tx,
    origins: &Origins,
    row: &PassedOverRow,
    now: Timestamp,
) -> Result<Option<PublicBody>, Error> {
    let body = public_body(&row.body)?;
    let may = origins.of(&row.origin).is_some_and(|origin| origin.may_publish(&body));
    if !may || origins.objection(tx, &row.origin, &body).await?.is_some() {
        return Ok(None);
    }
    apply(tx, &row.origin, &body, now).await?;
    tx.delete_passed_over(&row.origin, &row.kind, &row.id).await?;
    Ok(Some(body))
}
