//! A contract from both sides, as far as they are hosted here: what each holds of it, and what each metered.
//!
//! Both connectors keep a contract, its uses and its windows of their own; where both are hosted by nodes of this process, a page can lay
//! them side by side. A connector that is hosted elsewhere is simply absent.

use app::contract::Entry;
use app::metering::{self, Sums, WindowAnswer, WindowBody};
use domain::contract::{Contract, Role};
use ledger::window::Window;
use store::{ContractRow, Page as Rows, WindowRow};

use crate::network::{Network, Seat};
use crate::trouble::Trouble;

/// How many rows of contracts a list looks through. Larger collections are for the management API.
const SCANNED_MAX: u32 = 2000;

/// A contract as one side holds it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Whose.
    pub(crate) seat: Seat,
    /// The contract.
    pub(crate) entry: Entry,
}

impl Held {
    fn of(seat: Seat, row: &ContractRow) -> Result<Held, Trouble> {
        Ok(Held { seat, entry: row.body.get()? })
    }

    /// The contract.
    pub(crate) fn contract(&self) -> &Contract {
        &self.entry.contract
    }
}

/// A contract from both sides; at least one of them is there.
#[derive(Debug, Clone)]
pub(crate) struct Both {
    /// The side that is told from: the user's where it is hosted here, because it begins.
    pub(crate) first: Held,
    /// The other side, where it is hosted here and has heard of the contract.
    pub(crate) second: Option<Held>,
}

impl Both {
    /// The contract as the first side holds it.
    pub(crate) fn contract(&self) -> &Contract {
        self.first.contract()
    }

    /// What a side holds, where it is hosted here.
    pub(crate) fn side(&self, role: Role) -> Option<&Held> {
        [Some(&self.first), self.second.as_ref()]
            .into_iter()
            .flatten()
            .find(|held| held.contract().role == role)
    }

    /// The contract's identifier, once it has one; until then its key.
    pub(crate) fn name(&self) -> String {
        let contract = self.contract();
        contract.id.as_ref().map_or_else(|| contract.key.clone(), ToString::to_string)
    }

    /// What a side metered, refused uses not counted; nothing where it is hosted elsewhere.
    pub(crate) async fn sum(&self, role: Role) -> Result<Option<Sums>, Trouble> {
        let (Some(held), Some(id)) = (self.side(role), &self.contract().id) else { return Ok(None) };
        let usage = metering::usage_of(&held.seat.node, &held.seat.speaker, id.as_str()).await?;
        Ok(Some(usage.meter))
    }

    /// The newest windows of the contract in the order of their numbers, as the provider has them (the user, where only it is here).
    pub(crate) async fn windows(&self, limit: u32) -> Result<Vec<Closed>, Trouble> {
        let Some(id) = &self.contract().id else { return Ok(Vec::new()) };
        let held = self.side(Role::Provider).unwrap_or(&self.first);
        let (tenant, contract) = (held.seat.id().to_owned(), id.to_string());
        let rows = held.seat.node.store().read("console_windows", move |read| {
            let (tenant, contract) = (tenant.clone(), contract.clone());
            Box::pin(async move {
                let last = read.last_window(&tenant, &contract).await?.map_or(0, |row| row.number);
                let from = last.saturating_sub(u64::from(limit)).saturating_add(1);
                read.list_windows(&tenant, &contract, from, limit).await
            })
        });
        rows.await?.iter().map(Closed::of).collect()
    }
}

/// A closed window with the user's answer.
#[derive(Debug, Clone)]
pub(crate) struct Closed {
    /// What the provider signed.
    pub(crate) window: Window,
    /// The user's answer, where it came.
    pub(crate) answer: Answer,
}

/// What the user made of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It has not answered.
    None,
    /// It counter-signed, at this time in microseconds.
    Countersigned(i64),
    /// It refused, for this reason.
    Refused(String),
}

impl Closed {
    fn of(row: &WindowRow) -> Result<Closed, Trouble> {
        let body: WindowBody = row.body.get()?;
        Ok(Closed { window: window_in(&body)?, answer: answer(row)? })
    }
}

/// The window that a row holds; its signature was checked when it was stored, and receipts check it again.
fn window_in(body: &WindowBody) -> Result<Window, Trouble> {
    let mut object = body.object.body.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("type");
    }
    let corrupt = |error| Trouble::Failed(app::Error::Corrupt(format!("stored window: {error}")));
    serde_json::from_value(object).map_err(corrupt)
}

fn answer(row: &WindowRow) -> Result<Answer, Trouble> {
    if row.state == WindowRow::COUNTERSIGNED {
        return Ok(Answer::Countersigned(row.countersigned_at.unwrap_or(row.closed_at)));
    }
    let Some(body) = &row.countersignature else { return Ok(Answer::None) };
    Ok(match body.get::<WindowAnswer>()? {
        WindowAnswer::Countersigned(_) => {
            Answer::Countersigned(row.countersigned_at.unwrap_or(row.closed_at))
        }
        WindowAnswer::Refused { reason, .. } => Answer::Refused(reason),
    })
}

/// Contracts of everybody hosted here, each once, the newest first.
#[derive(Debug)]
pub(crate) struct Scan {
    rows: Vec<(Seat, ContractRow)>,
    /// Whether all were looked through.
    pub(crate) is_whole: bool,
}

impl Scan {
    /// Looks through the contracts of every connector hosted here.
    pub(crate) async fn of(network: &Network) -> Result<Scan, Trouble> {
        let mut scan = Scan { rows: Vec::new(), is_whole: true };
        let mut left = SCANNED_MAX;
        for seat in network.seats() {
            let rows = rows_of(&seat, left.saturating_add(1)).await?;
            scan.is_whole &= rows.len() <= left as usize;
            let kept = rows.len().min(left as usize);
            left -= u32::try_from(kept).unwrap_or(left);
            let shown =
                |row: &ContractRow| row.role == Role::User.name() || network.seat(&row.peer).is_none();
            let own = rows.into_iter().take(kept).filter(shown).map(|row| (seat.clone(), row));
            scan.rows.extend(own);
        }
        scan.rows.sort_by(|(_, a), (_, b)| (b.created_at, &a.key).cmp(&(a.created_at, &b.key)));
        Ok(scan)
    }

    /// How many contracts there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The contracts of one page, from both sides.
    pub(crate) async fn page(
        &self,
        network: &Network,
        number: u64,
        rows: usize,
    ) -> Result<Vec<Both>, Trouble> {
        let skipped = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX).saturating_mul(rows);
        let mut page = Vec::new();
        for (seat, row) in self.rows.iter().skip(skipped).take(rows) {
            page.push(with_peer(network, Held::of(seat.clone(), row)?).await?);
        }
        Ok(page)
    }
}

async fn rows_of(seat: &Seat, limit: u32) -> Result<Vec<ContractRow>, Trouble> {
    let tenant = seat.id().to_owned();
    let rows = seat.node.store().read("console_contracts", move |read| {
        let tenant = tenant.clone();
        Box::pin(async move { read.list_contracts(&tenant, &Rows::first(limit)).await })
    });
    Ok(rows.await?)
}

/// The contract of an identifier or, where it has none yet, of a key.
///
/// # Errors
/// [`Trouble::NotFound`] where nobody hosted here has it.
pub(crate) async fn find(network: &Network, name: &str) -> Result<Both, Trouble> {
    let mut found: Option<Held> = None;
    for seat in network.seats() {
        if let Some(row) = row_of(&seat, name).await? {
            let held = Held::of(seat, &row)?;
            let is_user = held.contract().role == Role::User;
            if is_user || found.is_none() {
                found = Some(held);
            }
            if is_user {
                break;
            }
        }
    }
    let first = found.ok_or_else(|| Trouble::NotFound(name.to_owned()))?;
    with_peer(network, first).await
}

async fn with_peer(network: &Network, first: Held) -> Result<Both, Trouble> {
    let contract = first.contract();
    let peer = network.seat(contract.peer().connector.as_str());
    let second = match (peer, &contract.id) {
        (Some(seat), Some(id)) => match row_of(&seat, id.as_str()).await? {
            Some(row) => Some(Held::of(seat, &row)?),
            None => None,
        },
        _ => None,
    };
    Ok(Both { first, second })
}

async fn row_of(seat: &Seat, name: &str) -> Result<Option<ContractRow>, Trouble> {
    let (tenant, name) = (seat.id().to_owned(), name.to_owned());
    let row = seat.node.store().read("console_contract", move |read| {
        let (tenant, name) = (tenant.clone(), name.clone());
        Box::pin(async move {
            match read.find_contract(&tenant, &name).await? {
                Some(row) => Ok(Some(row)),
                None => read.get_contract(&tenant, &name).await,
            }
        })
    });
    Ok(row.await?)
}
