//! Metering, on both sides: what was used, folded into windows that the provider signs and the user counter-signs after comparing them with
//! its own meter (docs/WIRE.md, 6).
//!
//! | module | side | what |
//! |---|---|---|
//! | here | both | the end of a use, and what stands in the rows |
//! | [`meters`] | both | what is kept in memory |
//! | [`close`] | provider | closing windows, and sending them |
//! | [`idle`] | provider | noting how far uses are sent, closing those that nobody takes up |
//! | [`compare`] | user | a window against its own meter; the counter-signature |
//! | [`agree`] | user | one use against its own record |
//! | [`answer`] | provider | the user's answer to a window |
//! | [`resend`] | provider | windows that nobody answered |
//! | [`view`] | both | what people see |
//!
//! A window's `first` and `last`, and the `sequence` of its leaves, count closed uses in the order of their end; the `weir-sequence`
//! of a delivery counts admitted ones.

mod agree;
mod answer;
mod close;
mod compare;
mod idle;
mod meters;
mod resend;
mod view;

use crypto::{PublicKey, SignedObject};
use domain::id::ContractId;
use ledger::window::{UseLeaf, WINDOW_TYPE, Window};
use serde::{Deserialize, Serialize};
use store::{CloseUse, Closing, Stored, UseRow, WindowRow};

pub use self::answer::{window_answered, window_undelivered};
pub use self::close::{close_due, close_windows};
pub use self::compare::handle_window;
pub use self::idle::{keep_progress, note_progress, sweep_idle, sweep_idle_uses};
pub(crate) use self::meters::Furthest;
pub use self::meters::Meters;
pub(crate) use self::resend::is_window_needed;
pub use self::resend::resend_windows;
pub(crate) use self::view::meter;
pub use self::view::{Dispute, Sums, UsageView, UseView, UsesView, WindowSums, usage, usage_of, uses};

use self::meters::{Pace, place};
use crate::member::Speaker;
use crate::{Error, Node, Reason};

/// What a use's leaf says beside the columns of its row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UseBody {
    /// The fields that it is restricted to, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
}

impl Stored for UseBody {
    const VERSION: u32 = 1;
}

/// A window as its row holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowBody {
    /// What the provider signed.
    pub object: SignedObject,
    /// Its uses: the user keeps them, for receipts; the provider has them in its own rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<UseLeaf>,
    /// The sums of this window and all before it.
    pub total: Sums,
}

impl Stored for WindowBody {
    const VERSION: u32 = 1;
}

/// What stands in a window's row as the user's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum WindowAnswer {
    /// The counter-signature.
    Countersigned(SignedObject),
    /// What the user refused it with.
    Refused {
        /// Its return code, where it is one.
        code: Option<String>,
        /// Its message.
        reason: String,
    },
}

impl Stored for WindowAnswer {
    const VERSION: u32 = 1;
}

/// Closes a use durably and notes that it waits for a window.
///
/// # Errors
/// [`Error::NotFound`] where no such use was admitted, [`Error::Store`].
pub(crate) async fn close(node: &Node, close: CloseUse) -> Result<(), Error> {
    let (key, at) = (close.key.clone(), close.at);
    match node.store().close_uses(vec![close]).await?.pop() {
        Some(Closing::Closed(_)) => {
            node.meters().closed((key.tenant, key.contract), at, pace(node));
            Ok(())
        }
        Some(Closing::Already(_)) => Ok(()),
        Some(Closing::Unknown) | None => Err(Error::not_found("use", key.use_id)),
    }
}

/// When windows close on this node.
fn pace(node: &Node) -> Pace {
    let limits = node.limits();
    let uses = u64::from(limits.window_uses_max).clamp(1, ledger::window::MAX_USES);
    Pace { age: limits.window_ms.saturating_mul(1000), uses }
}

/// Refuses new uses where too many windows of the contract wait for the user's counter-signature.
///
/// A contract's count is kept in memory until one of its windows is closed or answered ([`Meters::window_changed`]).
///
/// # Errors
/// [`Error::Metering`], [`Error::Store`].
pub(crate) async fn check_signed(
    node: &Node,
    provider: &Speaker,
    contract: &ContractId,
) -> Result<(), Error> {
    let place = place(provider.id().as_str(), contract);
    let windows = match node.meters().unsigned(&place) {
        Ok(windows) => windows,
        Err(changes) => {
            let windows = count_unsigned(node, place.clone()).await?;
            node.meters().keep_unsigned(place, changes, windows);
            windows
        }
    };
    let limit = u64::from(node.limits().unsigned_windows_max);
    if windows < limit {
        return Ok(());
    }
    let words = format!(
        "{windows} usage windows of contract `{contract}` wait for the user's counter-signature, and {limit} are the limit: counter-sign them first"
    );
    let reason = Reason::new("windows-unsigned", words).with("contract", contract.as_str());
    Err(Error::Metering(reason.with("actual", windows).with("limit", limit)))
}

async fn count_unsigned(node: &Node, (tenant, contract): meters::Place) -> Result<u64, Error> {
    node.store()
        .peek("windows_unsigned", move |read| {
            let (tenant, contract) = (tenant.clone(), contract.clone());
            Box::pin(async move { Ok::<_, Error>(read.count_unsigned_windows(&tenant, &contract).await?) })
        })
        .await
}

/// The leaf of a closed use.
///
/// # Errors
/// [`Error::Corrupt`] where the row is of an open use or its digest is none.
pub(crate) fn leaf_of(row: &UseRow) -> Result<UseLeaf, Error> {
    let lacking = |what: &str| Error::Corrupt(format!("use `{}` has no {what}", row.key.use_id));
    let body: UseBody = row.body.get()?;
    let digest = row.digest.as_deref().map(str::parse).transpose().map_err(|_| lacking("readable digest"))?;
    Ok(UseLeaf {
        use_id: row.key.use_id.clone(),
        contract_id: row.key.contract.clone(),
        sequence: row.closing.ok_or_else(|| lacking("end"))?,
        opened_at: row.opened_at,
        // The clock may have been set back meanwhile.
        closed_at: row.closed_at.ok_or_else(|| lacking("end"))?.max(row.opened_at),
        bytes: row.bytes,
        rows: row.rows,
        digest: digest.filter(|_| row.complete),
        complete: row.complete,
        fields: body.fields,
    })
}

/// The window that an object of ours holds; its signature was checked when it was stored.
pub(crate) fn window_in(object: &SignedObject) -> Result<Window, Error> {
    let mut body = object.body.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("type");
    }
    serde_json::from_value(body).map_err(|error| Error::Corrupt(format!("stored window: {error}")))
}

/// The window that a peer signed.
fn verified_window(object: &SignedObject, key: &PublicKey) -> Result<Window, Error> {
    object
        .verify(WINDOW_TYPE, key)
        .map_err(|error| Error::Evidence(format!("the window's signature does not hold: {error}")))
}

/// The subject under which both logs have a window.
pub(crate) fn window_subject(contract: &str, number: u64) -> String {
    format!("{contract}/{number}")
}

/// A window's row, read.
pub(crate) async fn window_row(
    node: &Node,
    tenant: &str,
    contract: &str,
    number: u64,
) -> Result<Option<WindowRow>, Error> {
    let (tenant, contract) = (tenant.to_owned(), contract.to_owned());
    node.store()
        .peek("window", move |read| {
            let (tenant, contract) = (tenant.clone(), contract.clone());
            Box::pin(async move { Ok::<_, Error>(read.get_window(&tenant, &contract, number).await?) })
        })
        .await
}

#[cfg(test)]
pub(crate) mod testkit;
#[cfg(test)]
mod tests;
