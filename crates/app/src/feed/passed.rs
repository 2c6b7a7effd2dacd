//! Entries that are passed over: kept with what speaks against them, shown to the operator, and believed once nothing does any more.
//!
//! Two registrars that were apart may both have registered one subject. Each node goes on with the word that it heard first; the other
//! one is not lost, and takes its place where the first registration ends.

use std::collections::VecDeque;

use domain::Timestamp;
use ndi::Code as _;
use ndi::weir_v1::public_log::PublicBody;
use serde::Serialize;
use store::{PassedOverRow, Read, Tx};

use super::apply;
use super::origin::Origins;
use crate::log::{public_body, stored_body};
use crate::{Error, Node};

/// How many entries on one object are looked at again.
const LOOKED_AT_MAX: u32 = 1000;
/// How many objects one change may set free in one transaction.
const OBJECTS_MAX: usize = 1000;
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
        owner: owner_of(body),
        reason,
        at: now.micros(),
        body: stored_body(body)?,
    };
    Ok(tx.put_passed_over(&row).await?)
}

/// What an object belongs to.
fn owner_of(body: &PublicBody) -> String {
    match body {
        PublicBody::Connector(connector) => connector.subject.to_string(),
        PublicBody::Resource(resource) => resource.connector.to_string(),
        PublicBody::Product(product) => product.connector.to_string(),
        PublicBody::Node(_) | PublicBody::Organisation(_) | PublicBody::Listing(_) => String::new(),
    }
}

/// Whether others may have waited for what this body says.
const fn may_free(body: &PublicBody) -> bool {
    matches!(body, PublicBody::Node(_) | PublicBody::Organisation(_) | PublicBody::Connector(_))
}

/// Looks again at what waited for these bodies of a log, and for what becomes believed by that; answers what is believed now. What the
/// log itself said of the same objects before is outdated, and forgotten.
pub(super) async fn look_again(
    tx: &mut Tx,
    origins: &Origins,
    log: &str,
    believed: &[PublicBody],
    now: Timestamp,
) -> Result<Vec<PublicBody>, Error> {
    if believed.is_empty() || tx.count_passed_over().await? == 0 {
        return Ok(Vec::new());
    }
    for body in believed {
        let (kind, id) = body.key();
        tx.delete_passed_over(log, kind.code(), &id).await?;
    }
    let mut changed: VecDeque<String> =
        believed.iter().filter(|body| may_free(body)).map(|body| body.key().1).collect();
    let mut freed = Vec::new();
    for _ in 0..OBJECTS_MAX {
        let Some(id) = changed.pop_front() else { break };
        for row in tx.list_passed_over_of(&id, LOOKED_AT_MAX).await? {
            if let Some(body) = free(tx, origins, &row, now).await? {
                if may_free(&body) {
                    changed.push_back(body.key().1);
                }
                freed.push(body);
            }
        }
    }
    Ok(freed)
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

/// Looks again at everything that is passed over, the oldest first, page by page, until a round frees nothing; answers what is believed
/// now.
///
/// # Errors
/// [`Error::Store`].
pub(super) async fn look_at_all(node: &Node) -> Result<Vec<PublicBody>, Error> {
    let mut all = Vec::new();
    loop {
        let mut freed = look_once(node).await?;
        if freed.is_empty() {
            return Ok(all);
        }
        super::applied(node, &freed);
        all.append(&mut freed);
    }
}

async fn look_once(node: &Node) -> Result<Vec<PublicBody>, Error> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let (origins, now, from) = (super::origins(node).await?, node.now(), after.take());
        let page = node.store().run_tx("passed_look", move |tx| {
            let (origins, from) = (origins.clone(), from.clone());
            Box::pin(async move { look_at_page(tx, &origins, from, now).await })
        });
        let (freed, last) = page.await?;
        all.extend(freed);
        match last {
            Some(last) => after = Some(last),
            None => return Ok(all),
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
    let rows = tx.list_passed_over_after(after.as_ref(), LOOKED_AT_MAX).await?;
    let mut freed = Vec::new();
    for row in &rows {
        freed.extend(free(tx, origins, row, now).await?);
    }
    let is_full = rows.len() as u64 == u64::from(LOOKED_AT_MAX);
    Ok((freed, rows.into_iter().next_back().filter(|_| is_full)))
}
