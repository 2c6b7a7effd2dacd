//! May this pass? Asked before the first byte, by every door.
//!
//! Two questions in this order: do the terms allow the use, and is it recorded durably? A use that cannot be recorded is
//! not allowed (DESIGN §5). The terms are `domain`'s, the record is whatever keeps a [`UseBook`]; this module makes sure
//! that no door forgets one of the two.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::Timestamp;
use domain::delivery::{Delivered, UseId};
use domain::id::ContractId;
use domain::terms::{Terms, UseRefusal, UseRequest};

/// A use that asks to pass: one delivery under one use id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassRequest {
    /// The contract.
    pub contract: ContractId,
    /// The use; the same id again is the same use.
    pub use_id: UseId,
    /// What the terms look at. `used_so_far` is filled in from the book.
    pub request: UseRequest,
}

/// What the book knows before a use is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Uses of the contract that are counted, this one included if it is.
    pub used: u64,
    /// Whether this use id is counted already.
    pub known: bool,
}

/// A use to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenUse {
    /// The contract.
    pub contract: ContractId,
    /// The use.
    pub use_id: UseId,
    /// When it asked.
    pub at: Timestamp,
    /// The fields that it asked for.
    pub fields: Option<BTreeSet<String>>,
    /// Uses that the contract allows; the book refuses the one beyond, however many ask at once.
    pub count_max: Option<u64>,
}

/// A use that was let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Its place among the contract's uses, from 1.
    pub sequence: u64,
    /// Whether it was counted before: a resumed or repeated delivery.
    pub again: bool,
}

/// How a use went, as far as this door saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseUse {
    /// The contract.
    pub contract: ContractId,
    /// The use.
    pub use_id: UseId,
    /// When the last byte left, or the delivery broke off.
    pub at: Timestamp,
    /// The offset after the last byte that left.
    pub upto: u64,
    /// The whole delivery, if its last byte left; otherwise the use stays open, to be resumed.
    pub delivered: Option<Delivered>,
}

/// Why a use did not pass.
#[derive(Debug, thiserror::Error)]
pub enum GateRefusal {
    /// The terms do not allow it.
    #[error(transparent)]
    Terms(#[from] UseRefusal),
    /// The use was abandoned, and cannot be taken up again.
    #[error("use `{use_id}` is closed as incomplete: begin another use")]
    Over {
        /// The use.
        use_id: UseId,
    },
    /// The same use id asked for something else before.
    #[error("use `{use_id}` was begun with other fields: ask for the same, or begin another use")]
    OtherFields {
        /// The use.
        use_id: UseId,
    },
    /// The record could not be made, so nothing passes.
    #[error("cannot record the use, so it may not pass: try again")]
    NotRecorded(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Where uses are counted, durably.
#[async_trait]
pub trait UseBook: Send + Sync {
    /// What is counted so far.
    async fn standing(&self, contract: &ContractId, use_id: &UseId) -> Result<Standing, GateRefusal>;

    /// Counts a use. When this returns, the count is durable; a use id that is counted already is not counted again.
    async fn open(&self, open: &OpenUse) -> Result<Admission, GateRefusal>;

    /// Records how a use went.
    async fn close(&self, close: &CloseUse) -> Result<(), GateRefusal>;
}

/// Lets a use pass, or says why not: the terms first, then the durable count. No byte may leave before this returns.
///
/// # Errors
/// [`GateRefusal`], of which only [`GateRefusal::NotRecorded`] may be otherwise a moment later.
pub async fn admit(terms: &Terms, pass: &PassRequest, book: &dyn UseBook) -> Result<Admission, GateRefusal> {
    let standing = book.standing(&pass.contract, &pass.use_id).await?;
    let used_so_far = standing.used.saturating_sub(u64::from(standing.known));
    terms.admit(&UseRequest { used_so_far, ..pass.request.clone() })?;
    let open = OpenUse {
        contract: pass.contract.clone(),
        use_id: pass.use_id.clone(),
        at: pass.request.at,
        fields: pass.request.fields.clone(),
        count_max: terms.count,
    };
    book.open(&open).await
}
