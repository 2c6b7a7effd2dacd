//! A window at the user: each use is held against the user's own meter, then the window is counter-signed, or refused by the first use
//! that differs.
//!
//! A use whose last bytes came a moment ago may still be open here: the answer waits for it a little, and then says "try again" rather
//! than "wrong". What is compared is read again in the transaction that commits the answer, so that nothing moves in between.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use crypto::SignedObject;
use domain::contract::Role;
use domain::{EvidenceKind, Timestamp};
use ledger::window::{Countersignature, UseLeaf, Window, window_hash};
use ndi::Message as _;
use ndi::weir_v1::usage_window::{UsageWindow, UsageWindowReply};
use serde_json::Value;
use store::{Body, Read, ReceivedUseRow, StoreError, Tx, WindowRow};

use super::agree::{Compared, Known, compare};
use super::{Sums, WindowAnswer, WindowBody, close, verified_window, window_in};
use crate::anew::anew;
use crate::log::Entries;
use crate::message::Incoming;
use crate::{Error, Node};

/// How long the answer waits for uses that are still open here.
const OPEN_WAIT: Duration = Duration::from_secs(3);
/// When the provider may try again after that, in milliseconds.
const OPEN_RETRY_MS: u64 = 1000;

/// Handles `usageWindow`: compares, counter-signs, logs and keeps the window.
///
/// # Errors
/// [`Error::Evidence`] naming what does not hold, [`Error::NotReady`] where a use of it is still open here or the window before is
/// missing, [`Error::Forbidden`] where the sender is not the contract's provider, [`Error::NotFound`] for the contract.
pub async fn handle_window(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    handle_within(node, incoming, OPEN_WAIT).await
}

/// The same, waiting so long for uses that are still open here.
pub(super) async fn handle_within(
    node: &Node,
    incoming: &Incoming,
    patience: Duration,
) -> Result<Value, Error> {
    let message: UsageWindow = incoming.read()?;
    let claim = Claim::read(node, incoming, message).await?;
    if let Some(answer) = answered(node, &claim).await? {
        return record(node, incoming, answer).await;
    }
    anew("window_countersign", || async {
        let own = agreed(node, &claim, patience).await?;
        countersign(node, incoming, &claim, own).await
    })
    .await
}

/// A window that holds by itself: signed by the contract's provider, over these uses, for this contract.
#[derive(Debug)]
struct Claim {
    tenant: String,
    contract: String,
    object: SignedObject,
    window: Arc<Window>,
    hash: crypto::Sha256,
    uses: Arc<Vec<UseLeaf>>,
    known: Known,
}

impl Claim {
    async fn read(node: &Node, incoming: &Incoming, message: UsageWindow) -> Result<Claim, Error> {
        let (tenant, contract) = (incoming.to.id().to_string(), message.contract_id.to_string());
        let held = crate::contract::get(node, &tenant, &contract).await?;
        let held = held.contract();
        if held.role != Role::User || held.provider.connector.as_str() != incoming.from.id {
            return Err(Error::Forbidden(
                format!(
                    "windows of contract `{contract}` are sent by its provider `{}` to its user",
                    held.provider.connector
                )
                .into(),
            ));
        }
        let window = verified_window(&message.window, &incoming.from.key)?;
        require("contractId", &contract, &window.contract_id)?;
        let body = held.body()?;
        require("contractDigest", &body.digest()?, &window.contract_digest)?;
        let latest = node.now().micros().saturating_add(node.limits().clock_skew_ms.saturating_mul(1000));
        if window.closed_at > latest {
            return Err(Error::Evidence(format!(
                "window {} closes in the future: compare the clocks",
                window.number
            )));
        }
        let uses = leaves(&message.uses)?;
        let hash = window_hash(&message.window)?;
        let window = Arc::new(window);
        let uses = Arc::new(uses);
        check_sums(window.clone(), uses.clone()).await?;
        let catalogued = match uses.iter().all(|leaf| leaf.complete) {
            true => None,
            false => catalogued(node, held.product.id.as_str()).await?,
        };
        let fields = body.terms.fields.as_ref().map(|fields| fields.iter().cloned().collect());
        let skew_micros = node.limits().clock_skew_ms.saturating_mul(1000);
        let known = Known { fields, catalogued, skew_micros };
        Ok(Claim { tenant, contract, object: message.window, window, hash, uses, known })
    }
}

async fn catalogued(node: &Node, product: &str) -> Result<Option<u64>, Error> {
    let found = crate::catalogue::shelf::find_product(node, product).await?;
    Ok(found.map(|product| product.bytes))
}

fn require<T: PartialEq + std::fmt::Display>(field: &str, expected: &T, actual: &T) -> Result<(), Error> {
    if expected == actual {
        return Ok(());
    }
    Err(Error::Evidence(format!("window: `{field}` is `{actual}`, expected `{expected}`")))
}

fn leaves(values: &[Value]) -> Result<Vec<UseLeaf>, Error> {
    let mut seen = HashSet::new();
    let mut leaves = Vec::with_capacity(values.len());
    for (place, value) in values.iter().enumerate() {
        let leaf: UseLeaf = serde::Deserialize::deserialize(value)
            .map_err(|error| Error::input(format!("uses[{place}]"), error.to_string()))?;
        leaf.check().map_err(|error| Error::Evidence(format!("use `{}`: {error}", leaf.use_id)))?;
        if !seen.insert(leaf.use_id.clone()) {
            return Err(Error::Evidence(format!("use `{}` stands twice in the window", leaf.use_id)));
        }
        leaves.push(leaf);
    }
    Ok(leaves)
}

/// That these uses make this window: thousands of hashes, off the runtime's threads.
async fn check_sums(window: Arc<Window>, uses: Arc<Vec<UseLeaf>>) -> Result<(), Error> {
    let checked = tokio::task::spawn_blocking(move || window.matches(&uses));
    let checked =
        checked.await.map_err(|error| Error::Corrupt(format!("a window's check ended early: {error}")))?;
    checked.map_err(|error| Error::Evidence(format!("the uses do not make the window: {error}")))
}

/// The answer that this very window got before; a second one under its number is refused.
async fn answered(node: &Node, claim: &Claim) -> Result<Option<Value>, Error> {
    let row = super::window_row(node, &claim.tenant, &claim.contract, claim.window.number).await?;
    let Some(row) = row else { return Ok(None) };
    if row.hash != claim.hash.to_string() {
        return Err(Error::Evidence(format!(
            "window {} of contract `{}` was counter-signed with another content",
            row.number, row.contract
        )));
    }
    let answer: WindowAnswer = match &row.countersignature {
        Some(body) => body.get()?,
        None => return Err(Error::Corrupt(format!("window {} has no answer", row.number))),
    };
    match answer {
        WindowAnswer::Countersigned(countersignature) => {
            Ok(Some(UsageWindowReply { countersignature }.to_body()?))
        }
        WindowAnswer::Refused { reason, .. } => Err(Error::Evidence(reason)),
    }
}

/// Keeps the same answer for the repeats of another message.
async fn record(node: &Node, incoming: &Incoming, answer: Value) -> Result<Value, Error> {
    let (message, data, now) = (Arc::new(incoming.clone()), answer.clone(), node.now());
    node.store()
        .run_tx("window_again", move |tx| {
            let (message, data) = (message.clone(), data.clone());
            Box::pin(async move { message.record(tx, now, &data).await })
        })
        .await?;
    Ok(answer)
}

/// Our own records, one for each of the window's uses; nothing where we have none, which does not agree.
type Own = Vec<Option<ReceivedUseRow>>;

/// Waits until no use of the window is open here, and compares.
async fn agreed(node: &Node, claim: &Claim, patience: Duration) -> Result<Own, Error> {
    let mut ended = node.meters().watch_received();
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        ended.mark_unchanged();
        let own = own_uses(node, claim).await?;
        let Some(open) = compare_all(claim, &own)? else { return Ok(own) };
        if tokio::time::timeout_at(deadline, ended.changed()).await.is_err() {
            let what = format!("use `{open}` has not arrived whole here").into();
            return Err(Error::NotReady { what, retry_after_ms: OPEN_RETRY_MS });
        }
    }
}

async fn own_uses(node: &Node, claim: &Claim) -> Result<Own, Error> {
    let (tenant, contract, uses) = (claim.tenant.clone(), claim.contract.clone(), claim.uses.clone());
    node.store()
        .peek("window_own_uses", move |read| {
            let (tenant, contract, uses) = (tenant.clone(), contract.clone(), uses.clone());
            Box::pin(async move { read_own(read, &tenant, &contract, &uses).await })
        })
        .await
}

async fn read_own(read: &mut Read, tenant: &str, contract: &str, uses: &[UseLeaf]) -> Result<Own, Error> {
    let ids: Vec<&str> = uses.iter().map(|leaf| leaf.use_id.as_str()).collect();
    let found = read.find_received_uses(tenant, contract, &ids).await?;
    let mut by_id: HashMap<String, ReceivedUseRow> =
        found.into_iter().map(|row| (row.use_id.clone(), row)).collect();
    // No use stands twice in a window: `leaves` has seen to that.
    Ok(ids.into_iter().map(|id| by_id.remove(id)).collect())
}

/// Compares use by use; names one that is still open here, where no other is wrong.
fn compare_all(claim: &Claim, own: &Own) -> Result<Option<String>, Error> {
    let mut open = None;
    for (leaf, own) in claim.uses.iter().zip(own) {
        if compare(leaf, own.as_ref(), &claim.known)? == Compared::Open {
            open.get_or_insert_with(|| leaf.use_id.clone());
        }
    }
    Ok(open)
}

/// Counter-signs and commits.
async fn countersign(node: &Node, incoming: &Incoming, claim: &Claim, own: Own) -> Result<Value, Error> {
    let before = claim.window.number.checked_sub(1).filter(|number| *number > 0);
    let before = match before {
        Some(number) => Some(previous(node, claim, number).await?),
        None => None,
    };
    let chained = claim.window.follows(before.as_ref().map(|(window, hash, _)| (window, *hash)));
    chained
        .map_err(|error| Error::Evidence(format!("the window does not follow the one before: {error}")))?;
    let now = node.now();
    let log = node.logs().evidence().identity().clone();
    let body = Countersignature::of(&claim.window, claim.hash, now.micros(), log);
    let object = body.sign(&incoming.to.key)?;
    let total = before.map(|(.., total)| total).unwrap_or_default().with(&claim.window);
    let evidence = close::evidence(EvidenceKind::WindowCountersigned, &claim.window, &object)?;
    let entries = Entries::new().record(node, &claim.tenant, &[evidence], now);
    let answer = UsageWindowReply { countersignature: object.clone() }.to_body()?;
    let commit = Commit {
        row: row(claim, &object, total, now)?,
        uses: settled(claim, &own, now),
        claim_uses: claim.uses.clone(),
        own,
        entries,
        message: incoming.clone(),
        answer: answer.clone(),
        now,
    };
    let commit = Arc::new(commit);
    node.store()
        .run_tx("window_countersign", move |tx| {
            let commit = commit.clone();
            Box::pin(async move { commit.write(tx).await })
        })
        .await?;
    tracing::debug!(
        contract.id = claim.contract,
        window.number = claim.window.number,
        "usage window counter-signed"
    );
    Ok(answer)
}

/// The window before this one, which we counter-signed.
async fn previous(node: &Node, claim: &Claim, number: u64) -> Result<(Window, crypto::Sha256, Sums), Error> {
    let row = super::window_row(node, &claim.tenant, &claim.contract, number).await?;
    // It may still be on its way: the provider sends it again, then this one.
    let row = row.ok_or_else(|| Error::NotReady {
        what: format!("window {} follows window {number}, which was not counter-signed here", number + 1)
            .into(),
        retry_after_ms: OPEN_RETRY_MS,
    })?;
    let body: WindowBody = row.body.get()?;
    Ok((window_in(&body.object)?, window_hash(&body.object)?, body.total))
}

fn row(
    claim: &Claim,
    countersignature: &SignedObject,
    total: Sums,
    now: Timestamp,
) -> Result<WindowRow, Error> {
    let body = WindowBody { object: claim.object.clone(), uses: claim.uses.as_ref().clone(), total };
    Ok(WindowRow {
        tenant: claim.tenant.clone(),
        contract: claim.contract.clone(),
        number: claim.window.number,
        first: claim.window.first,
        last: claim.window.last,
        hash: claim.hash.to_string(),
        state: WindowRow::COUNTERSIGNED.to_owned(),
        closed_at: claim.window.closed_at,
        countersigned_at: Some(now.micros()),
        body: Body::of(&body)?,
        countersignature: Some(Body::of(&WindowAnswer::Countersigned(countersignature.clone()))?),
    })
}

/// Our records of the window's uses once it is counter-signed: each stands in it, and what did not arrive whole is given up, with the bytes
/// that both sides signed, so that the two meters agree.
fn settled(claim: &Claim, own: &Own, now: Timestamp) -> Vec<ReceivedUseRow> {
    let number = Some(claim.window.number);
    let settle = |(leaf, row): (&UseLeaf, &ReceivedUseRow)| match leaf.complete {
        true => ReceivedUseRow { in_window: number, ..row.clone() },
        false => ReceivedUseRow {
            state: ReceivedUseRow::INCOMPLETE.to_owned(),
            bytes: leaf.bytes,
            rows: leaf.rows,
            digest: None,
            closed_at: row.closed_at.or(Some(now.micros())),
            in_window: number,
            ..row.clone()
        },
    };
    claim.uses.iter().zip(own.iter().flatten()).map(settle).collect()
}

/// All that a counter-signature commits.
struct Commit {
    row: WindowRow,
    uses: Vec<ReceivedUseRow>,
    claim_uses: Arc<Vec<UseLeaf>>,
    own: Own,
    entries: Entries,
    message: Incoming,
    answer: Value,
    now: Timestamp,
}

impl Commit {
    async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        self.message.record(tx, self.now, &self.answer).await?;
        let own = read_own(tx, &self.row.tenant, &self.row.contract, &self.claim_uses).await?;
        if own != self.own {
            let what = format!("a use of window {} of contract `{}`", self.row.number, self.row.contract);
            return Err(StoreError::Conflict { what }.into());
        }
        for row in &self.uses {
            tx.put_received_use(row).await?;
        }
        tx.insert_window(&self.row).await?;
        self.entries.write(tx).await
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::super::agree::tests::leaf;
    use super::*;

    #[test]
    fn uses_are_read_strictly_and_stand_once() {
        let value = serde_json::to_value(leaf(true)).unwrap();
        assert_eq!(leaves(std::slice::from_ref(&value)).unwrap(), [leaf(true)]);
        assert!(matches!(leaves(&[value.clone(), value.clone()]), Err(Error::Evidence(_))));
        for forged in [UseLeaf { rows: 1, ..leaf(false) }, UseLeaf { digest: None, ..leaf(true) }] {
            let error = leaves(&[serde_json::to_value(forged).unwrap()]).unwrap_err();
            assert!(matches!(&error, Error::Evidence(text) if text.contains("`u-1`")), "{error}");
        }
        let mut other = value;
        other["surprise"] = true.into();
        let error = leaves(&[other]).unwrap_err();
        assert!(matches!(&error, Error::Input { field, .. } if field == "uses[0]"), "{error}");
    }
}
