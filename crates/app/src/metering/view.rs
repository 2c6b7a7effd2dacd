//! What people see of metering: uses, and per contract our own meter beside the windows that both sides signed.

use domain::Timestamp;
use domain::contract::{Contract, Role};
use ledger::window::Window;
use serde::{Deserialize, Serialize};
use store::{Page, Read, ReceivedUseRow, UseRow, WindowRow};

use super::{WindowAnswer, WindowBody};
use crate::member::Speaker;
use crate::{Error, Node};

/// How many uses one view lists.
const USES_MAX: u32 = 1000;
/// How many contracts one look takes.
const CONTRACTS_PAGE: u32 = 1000;

/// What was used: on one side's meter, or in windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    /// Uses.
    pub uses: u64,
    /// Of them, those that were delivered whole.
    pub complete: u64,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
}

impl Sums {
    /// The sums with one more window.
    #[must_use]
    pub fn with(self, window: &Window) -> Sums {
        Sums {
            uses: self.uses.saturating_add(window.uses),
            complete: self.complete.saturating_add(window.complete),
            bytes: self.bytes.saturating_add(window.bytes),
            rows: self.rows.saturating_add(window.rows),
        }
    }
}

impl From<store::UseSum> for Sums {
    fn from(sum: store::UseSum) -> Sums {
        Sums { uses: sum.uses, complete: sum.complete, bytes: sum.bytes, rows: sum.rows }
    }
}

/// The sums of windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowSums {
    /// How many windows.
    pub windows: u64,
    /// What they say in all.
    #[serde(flatten)]
    pub sums: Sums,
}

/// A window that the user refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispute {
    /// Its number.
    pub number: u64,
    /// The return code of the refusal, where it was one.
    pub code: Option<String>,
    /// Why.
    pub reason: String,
}

/// The usage of one contract, as this side sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsageView {
    /// The contract's identifier.
    pub contract_id: String,
    /// Its name.
    pub name: String,
    /// Our side: `provider` or `user`.
    pub role: Role,
    /// The product.
    pub product: String,
    /// The other side's name.
    pub peer: String,
    /// Our own meter. The provider's has every use that it counted, an open one with the bytes that are known to be sent. The user's has
    /// neither uses that were refused nor those that the provider has not answered; an open one has no bytes there yet, and an
    /// incomplete one those that both sides signed.
    pub meter: Sums,
    /// The windows that both sides signed.
    pub countersigned: WindowSums,
    /// Windows that wait for the user's counter-signature.
    pub unsigned: u64,
    /// The first window that the user refused; the provider knows it.
    pub dispute: Option<Dispute>,
}

/// One use, as this side metered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UseView {
    /// Its id.
    #[serde(rename = "use")]
    pub use_id: String,
    /// `open`, `complete`, `incomplete`; at the user also `refused`, `mismatch`, and `unanswered` where the provider has not answered, and
    /// may not know of it.
    pub state: String,
    /// Its place among the contract's uses, from 1.
    pub sequence: Option<u64>,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// SHA-256 of the bytes, where it is whole.
    pub sha256: Option<String>,
    /// When it began, RFC 3339.
    pub opened_at: String,
    /// When it ended, RFC 3339.
    pub closed_at: Option<String>,
    /// The window that it stands in.
    pub window: Option<u64>,
}

/// Uses of a contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UsesView {
    /// How many there are.
    pub total: u64,
    /// The last of them in the order of their beginning, at most 1,000.
    pub items: Vec<UseView>,
}

/// The usage of every contract of a connector that has an identifier, in the order of their keys.
///
/// # Errors
/// [`Error::Store`]; [`Error::Corrupt`] where rows do not fit together.
pub async fn usage(node: &Node, speaker: &Speaker) -> Result<Vec<UsageView>, Error> {
    let mut views = Vec::new();
    let mut after = String::new();
    loop {
        let page = contracts(node, speaker, after).await?;
        let Some(last) = page.last() else { return Ok(views) };
        after = last.key.clone();
        for contract in page.iter().filter(|contract| contract.id.is_some()) {
            views.push(view_of(node, speaker, contract).await?);
        }
    }
}

/// The usage of one contract, named by its identifier or its local key.
///
/// # Errors
/// As [`usage`], and [`Error::NotFound`].
pub async fn usage_of(node: &Node, speaker: &Speaker, contract: &str) -> Result<UsageView, Error> {
    let held = crate::contract::get(node, speaker.id().as_str(), contract).await?;
    view_of(node, speaker, held.contract()).await
}

async fn contracts(node: &Node, speaker: &Speaker, after: String) -> Result<Vec<Contract>, Error> {
    let tenant = speaker.id().to_string();
    let rows = node.store().read("usage_contracts", move |read| {
        let (tenant, page) = (tenant.clone(), Page::after(after.clone(), CONTRACTS_PAGE));
        Box::pin(async move { Ok::<_, Error>(read.list_contracts(&tenant, &page).await?) })
    });
    let rows = rows.await?;
    rows.iter().map(|row| Ok(row.body.get::<crate::contract::Entry>()?.contract)).collect()
}

async fn view_of(node: &Node, speaker: &Speaker, contract: &Contract) -> Result<UsageView, Error> {
    let (tenant, id) = (speaker.id().to_string(), contract.id.as_ref().map(ToString::to_string));
    let id = id.ok_or_else(|| Error::not_found("identifier of contract", &contract.key))?;
    let (role, place) = (contract.role, (tenant, id.clone()));
    let figures = node.store().read("usage", move |read| {
        let (tenant, id) = place.clone();
        Box::pin(async move {
            let meter = meter(read, &tenant, &id, role).await?;
            let (countersigned, dispute) = windows(read, &tenant, &id).await?;
            Ok::<_, Error>((meter, countersigned, dispute, read.count_unsigned_windows(&tenant, &id).await?))
        })
    });
    let (meter, countersigned, dispute, unsigned) = figures.await?;
    Ok(UsageView {
        contract_id: id,
        name: contract.name.clone(),
        role,
        product: contract.product.id.to_string(),
        peer: contract.peer().name.clone(),
        meter,
        countersigned,
        unsigned,
        dispute,
    })
}

/// What a side's own meter says of a contract.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn meter(read: &mut Read, tenant: &str, contract: &str, role: Role) -> Result<Sums, Error> {
    let sum = match role {
        Role::Provider => read.sum_uses(tenant, contract).await?,
        Role::User => read.sum_received_uses(tenant, contract).await?,
    };
    Ok(sum.into())
}

/// What both sides signed, and what the user refused. Windows are counter-signed in their order, and each states the sums up to itself:
/// the last one that is counter-signed says it all.
async fn windows(
    read: &mut Read,
    tenant: &str,
    contract: &str,
) -> Result<(WindowSums, Option<Dispute>), Error> {
    let (mut next, mut dispute) = (read.last_window(tenant, contract).await?, None);
    while let Some(row) = next {
        if row.state == WindowRow::COUNTERSIGNED {
            let body: WindowBody = row.body.get()?;
            return Ok((WindowSums { windows: row.number, sums: body.total }, dispute));
        }
        if row.state == WindowRow::REFUSED {
            dispute = Some(dispute_of(&row)?);
        }
        next = match row.number.checked_sub(1) {
            Some(number) if number > 0 => read.get_window(tenant, contract, number).await?,
            _ => None,
        };
    }
    Ok((WindowSums::default(), dispute))
}

fn dispute_of(row: &WindowRow) -> Result<Dispute, Error> {
    let answer = row.countersignature.as_ref().map(|body| body.get::<WindowAnswer>()).transpose()?;
    match answer {
        Some(WindowAnswer::Refused { code, reason }) => Ok(Dispute { number: row.number, code, reason }),
        _ => Err(Error::Corrupt(format!("window {} is refused without a reason", row.number))),
    }
}

/// The uses of a contract, named by its identifier or its local key, as this side metered them.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn uses(node: &Node, speaker: &Speaker, contract: &str) -> Result<UsesView, Error> {
    let held = crate::contract::get(node, speaker.id().as_str(), contract).await?;
    let Some(id) = held.contract().id.as_ref().map(ToString::to_string) else {
        return Ok(UsesView { total: 0, items: Vec::new() });
    };
    let (tenant, role) = (speaker.id().to_string(), held.contract().role);
    node.store()
        .read("uses_view", move |read| {
            let (tenant, id) = (tenant.clone(), id.clone());
            Box::pin(async move {
                match role {
                    Role::Provider => provided(read, &tenant, &id).await,
                    Role::User => received(read, &tenant, &id).await,
                }
            })
        })
        .await
}

async fn provided(read: &mut Read, tenant: &str, contract: &str) -> Result<UsesView, Error> {
    let counter = read.use_counter(tenant, contract).await?;
    let first = counter.closed.saturating_sub(u64::from(USES_MAX)) + 1;
    let mut rows = read.list_closed_uses(tenant, contract, first, USES_MAX).await?;
    rows.extend(read.list_open_uses_of(tenant, contract, USES_MAX).await?);
    rows.sort_unstable_by_key(|row| row.sequence);
    let surplus = rows.len().saturating_sub(USES_MAX as usize);
    rows.drain(..surplus);
    Ok(UsesView { total: counter.used, items: rows.iter().map(provided_view).collect() })
}

async fn received(read: &mut Read, tenant: &str, contract: &str) -> Result<UsesView, Error> {
    let mut rows: Vec<ReceivedUseRow> = Vec::new();
    let (mut total, mut after) = (0, String::new());
    loop {
        let page = read.list_received_uses(tenant, contract, &Page::after(after, CONTRACTS_PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = last.use_id.clone();
        total += page.len() as u64;
        rows.extend(page);
        rows.sort_by_key(|row| row.opened_at);
        let surplus = rows.len().saturating_sub(USES_MAX as usize);
        rows.drain(..surplus);
    }
    Ok(UsesView { total, items: rows.iter().map(received_view).collect() })
}

fn provided_view(row: &UseRow) -> UseView {
    let state = match (row.closed_at, row.complete) {
        (None, _) => ReceivedUseRow::OPEN,
        (Some(_), true) => ReceivedUseRow::COMPLETE,
        (Some(_), false) => ReceivedUseRow::INCOMPLETE,
    };
    UseView {
        use_id: row.key.use_id.clone(),
        state: state.to_owned(),
        sequence: Some(row.sequence),
        bytes: row.bytes,
        rows: row.rows,
        sha256: row.digest.clone(),
        opened_at: time(row.opened_at),
        closed_at: row.closed_at.map(time),
        window: row.window,
    }
}

fn received_view(row: &ReceivedUseRow) -> UseView {
    let state = match row.sequence {
        None if row.state == ReceivedUseRow::OPEN => UNANSWERED,
        _ => &row.state,
    };
    UseView {
        use_id: row.use_id.clone(),
        state: state.to_owned(),
        sequence: row.sequence,
        bytes: row.bytes,
        rows: row.rows,
        sha256: row.digest.clone(),
        opened_at: time(row.opened_at),
        closed_at: row.closed_at.map(time),
        window: row.in_window,
    }
}

/// How an open use is told that got no number yet, which comes with the provider's answer.
const UNANSWERED: &str = "unanswered";

fn time(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

#[cfg(test)]
mod tests {
    use store::Body;

    use super::*;

    #[test]
    fn a_use_that_its_provider_has_not_answered_is_not_under_way() {
        let row = |state: &str, sequence| ReceivedUseRow {
            tenant: "5a".to_owned(),
            contract: "C".to_owned(),
            use_id: "u".to_owned(),
            state: state.to_owned(),
            sequence,
            bytes: 0,
            rows: 0,
            digest: None,
            opened_at: 0,
            closed_at: None,
            in_window: None,
            body: Body::empty(),
        };
        let state = |state: &str, sequence| received_view(&row(state, sequence)).state;
        assert_eq!(state(ReceivedUseRow::OPEN, None), "unanswered");
        assert_eq!(state(ReceivedUseRow::OPEN, Some(1)), "open");
        assert_eq!(state(ReceivedUseRow::REFUSED, None), "refused");
    }
}
