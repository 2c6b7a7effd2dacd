//! May this pass? Asked before the first byte, by every door.
//!
//! Two questions in this order: do the terms allow the use, and is it recorded durably? A use that cannot be recorded is
//! not allowed (ARCHITECTURE.md, invariants: metering never drops). The terms are `domain`'s, the record is whatever keeps a [`UseBook`]; this module makes sure
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::sync::Mutex;

    use domain::TimeRange;
    use domain::id::{AreaCode, IdKind, NodeId, SubjectCode};
    use domain::terms::Action;

    use super::*;

    /// A book in memory; `broken` is a disk that is full.
    #[derive(Default)]
    struct Memory {
        uses: Mutex<Vec<OpenUse>>,
        broken: bool,
    }

    #[async_trait]
    impl UseBook for Memory {
        async fn standing(&self, _: &ContractId, use_id: &UseId) -> Result<Standing, GateRefusal> {
            let uses = self.uses.lock().unwrap();
            Ok(Standing { used: uses.len() as u64, known: uses.iter().any(|open| open.use_id == *use_id) })
        }

        async fn open(&self, open: &OpenUse) -> Result<Admission, GateRefusal> {
            if self.broken {
                return Err(GateRefusal::NotRecorded("the disk is full".into()));
            }
            let mut uses = self.uses.lock().unwrap();
            if let Some(place) = uses.iter().position(|known| known.use_id == open.use_id) {
                if uses[place].fields != open.fields {
                    return Err(GateRefusal::OtherFields { use_id: open.use_id.clone() });
                }
                return Ok(Admission { sequence: place as u64 + 1, again: true });
            }
            if let Some(limit) = open.count_max.filter(|limit| uses.len() as u64 >= *limit) {
                return Err(UseRefusal::Count { limit, used: uses.len() as u64 }.into());
            }
            uses.push(open.clone());
            Ok(Admission { sequence: uses.len() as u64, again: false })
        }

        async fn close(&self, _: &CloseUse) -> Result<(), GateRefusal> {
            Ok(())
        }
    }

    fn terms() -> Terms {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let time = TimeRange::new(at("2026-01-01T00:00:00+08:00"), at("2027-01-01T00:00:00+08:00")).unwrap();
        Terms::new(Action::Read, time)
    }

    fn pass(use_id: &str) -> PassRequest {
        let user = SubjectCode::parse("91110000MA00000001").unwrap();
        let region = AreaCode::parse("3100").unwrap();
        let mut draws = 0..;
        let node = NodeId::mint(IdKind::ServiceNode, &user, region, || draws.next().unwrap()).unwrap();
        let at = Timestamp::parse("2026-11-24T09:30:00+08:00").unwrap();
        PassRequest {
            contract: ContractId::mint(&node, at, || draws.next().unwrap()).unwrap(),
            use_id: UseId::parse(use_id).unwrap(),
            request: UseRequest { at, region, user, fields: None, used_so_far: 0 },
        }
    }

    #[tokio::test]
    async fn a_use_is_counted_before_it_passes() {
        let book = Memory::default();
        let admission = admit(&terms().with_count(2), &pass("one"), &book).await.unwrap();
        assert_eq!(admission, Admission { sequence: 1, again: false });
        let uses = book.uses.lock().unwrap();
        assert_eq!((uses.len(), uses[0].count_max, uses[0].use_id.as_str()), (1, Some(2), "one"));
    }

    #[tokio::test]
    async fn the_use_beyond_the_count_is_refused_and_not_counted() {
        let (book, terms) = (Memory::default(), terms().with_count(1));
        admit(&terms, &pass("one"), &book).await.unwrap();
        let refusal = admit(&terms, &pass("two"), &book).await.unwrap_err();
        assert!(matches!(refusal, GateRefusal::Terms(UseRefusal::Count { limit: 1, used: 1 })), "{refusal}");
        assert_eq!(book.uses.lock().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn the_last_use_can_be_taken_up_again() {
        let (book, terms) = (Memory::default(), terms().with_count(1));
        admit(&terms, &pass("one"), &book).await.unwrap();
        let again = admit(&terms, &pass("one"), &book).await.unwrap();
        assert_eq!(again, Admission { sequence: 1, again: true });
        assert_eq!(book.uses.lock().unwrap().len(), 1, "counted once");
        let mut other = pass("one");
        other.request.fields = Some(BTreeSet::from(["O3".to_owned()]));
        let refusal = admit(&terms, &other, &book).await.unwrap_err();
        assert!(matches!(refusal, GateRefusal::OtherFields { .. }), "{refusal}");
    }

    #[tokio::test]
    async fn what_the_caller_says_about_the_count_does_not_matter() {
        let (book, terms) = (Memory::default(), terms().with_count(1));
        let mut request = pass("one");
        request.request.used_so_far = 99;
        assert!(admit(&terms, &request, &book).await.is_ok());
        request = pass("two");
        request.request.used_so_far = 0;
        assert!(admit(&terms, &request, &book).await.is_err());
    }

    #[tokio::test]
    async fn refused_terms_leave_no_record() {
        let book = Memory::default();
        let mut late = pass("one");
        late.request.at = Timestamp::parse("2027-01-01T00:00:00+08:00").unwrap();
        let refusal = admit(&terms(), &late, &book).await.unwrap_err();
        assert!(matches!(refusal, GateRefusal::Terms(UseRefusal::Over { .. })), "{refusal}");
        let elsewhere = terms().with_regions([AreaCode::parse("1100").unwrap()]);
        let refusal = admit(&elsewhere, &pass("one"), &book).await.unwrap_err();
        assert!(matches!(refusal, GateRefusal::Terms(UseRefusal::Region { .. })), "{refusal}");
        assert!(book.uses.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_cannot_be_recorded_does_not_pass() {
        let book = Memory { broken: true, ..Memory::default() };
        let refusal = admit(&terms(), &pass("one"), &book).await.unwrap_err();
        assert!(matches!(refusal, GateRefusal::NotRecorded(_)), "{refusal}");
    }

    #[tokio::test]
    async fn many_at_once_do_not_exceed_the_count() {
        let (book, terms) = (std::sync::Arc::new(Memory::default()), terms().with_count(5));
        let tries = (0..40).map(|index| {
            let (book, terms) = (book.clone(), terms.clone());
            tokio::spawn(async move { admit(&terms, &pass(&format!("use-{index}")), &*book).await.is_ok() })
        });
        let mut passed = 0;
        for attempt in tries.collect::<Vec<_>>() {
            passed += usize::from(attempt.await.unwrap());
        }
        assert_eq!((passed, book.uses.lock().unwrap().len()), (5, 5));
    }
}
