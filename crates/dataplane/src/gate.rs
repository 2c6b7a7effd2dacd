//! May this pass? What every door asks before the first byte, and how it says no.
//!
//! Two questions in this order: do the terms allow the use ([`hold`]), and is it counted durably ([`Counted::admission`])? The terms
//! are `domain`'s. The count is the record's alone: only the transaction that counts a use can compare it with its limit, however many
//! ask at once. Keeping that record, and letting nothing pass that it could not take, is the door's (`app`).

use domain::delivery::UseId;
use domain::terms::{Terms, UseRefusal, UseRequest};

/// A use that was let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Its place among the contract's uses, from 1.
    pub sequence: u64,
    /// Whether it was counted before: a resumed or repeated delivery.
    pub again: bool,
}

/// What the durable record says of a use that was to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// It is counted now.
    First {
        /// Its place among the contract's uses, from 1.
        sequence: u64,
    },
    /// It was counted before, and is not counted again.
    Again {
        /// Its place, as told then.
        sequence: u64,
        /// Whether it was closed before all of it had gone out.
        abandoned: bool,
    },
    /// The contract allows no more. It is not counted.
    Beyond {
        /// The uses that the contract allows.
        limit: u64,
        /// The uses that are counted.
        used: u64,
    },
}

/// Why a use did not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
}

/// Holds a request against every term but the count, whatever it says of the uses so far: those are known to the record.
///
/// # Errors
/// [`GateRefusal::Terms`] with the constraint, its limit and the value.
pub fn hold(terms: &Terms, request: UseRequest) -> Result<(), GateRefusal> {
    Ok(terms.admit(&UseRequest { used_so_far: 0, ..request })?)
}

impl Counted {
    /// Whether the use passes, as far as the count decides it.
    ///
    /// # Errors
    /// [`GateRefusal::Terms`] with the count and its limit; [`GateRefusal::Over`] for a use that was abandoned.
    pub fn admission(self, use_id: &UseId) -> Result<Admission, GateRefusal> {
        match self {
            Self::First { sequence } => Ok(Admission { sequence, again: false }),
            Self::Again { abandoned: true, .. } => Err(GateRefusal::Over { use_id: use_id.clone() }),
            Self::Again { sequence, .. } => Ok(Admission { sequence, again: true }),
            Self::Beyond { limit, used } => Err(UseRefusal::Count { limit, used }.into()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::collections::BTreeSet;

    use domain::id::{AreaCode, SubjectCode};
    use domain::terms::Action;
    use domain::{TimeRange, Timestamp};

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn terms() -> Terms {
        let time = TimeRange::new(at("2026-01-01T00:00:00+08:00"), at("2027-01-01T00:00:00+08:00")).unwrap();
        Terms::new(Action::Read, time)
    }

    fn request() -> UseRequest {
        let user = SubjectCode::parse("91110000MA00000001").unwrap();
        let region = AreaCode::parse("3100").unwrap();
        UseRequest { at: at("2026-11-24T09:30:00+08:00"), region, user, fields: None, used_so_far: 0 }
    }

    fn refused(terms: &Terms, request: UseRequest) -> UseRefusal {
        match hold(terms, request).unwrap_err() {
            GateRefusal::Terms(refusal) => refusal,
            over @ GateRefusal::Over { .. } => panic!("{over}"),
        }
    }

    #[test]
    fn a_use_within_the_terms_is_held_good() {
        let (here, fields) = (request(), BTreeSet::from(["O3".to_owned()]));
        let terms = terms().with_regions([here.region]).with_users([here.user.clone()]).with_fields(["O3"]);
        assert_eq!(hold(&terms, UseRequest { fields: Some(fields), ..here }), Ok(()));
    }

    #[test]
    fn time_is_refused_before_its_start_and_from_its_end() {
        let asked = |text| UseRequest { at: at(text), ..request() };
        let (start, end) = (terms().time.start(), terms().time.end());
        let early = asked("2025-12-31T23:59:59+08:00");
        assert_eq!(refused(&terms(), early.clone()), UseRefusal::NotYet { start, at: early.at });
        assert_eq!(hold(&terms(), asked("2026-01-01T00:00:00+08:00")), Ok(()));
        assert_eq!(refused(&terms(), asked("2027-01-01T00:00:00+08:00")), UseRefusal::Over { end, at: end });
    }

    #[test]
    fn region_user_and_field_are_refused_by_name() {
        let beijing = AreaCode::parse("1100").unwrap();
        let allowed = BTreeSet::from([beijing]);
        let elsewhere = refused(&terms().with_regions([beijing]), request());
        assert_eq!(elsewhere, UseRefusal::Region { allowed, actual: request().region });
        let other = SubjectCode::parse("12710000MB0TE5T1X3").unwrap();
        let stranger = refused(&terms().with_users([other]), request());
        assert_eq!(stranger, UseRefusal::User { actual: request().user });
        let wanted = UseRequest { fields: Some(BTreeSet::from(["SO2".to_owned()])), ..request() };
        let granted = BTreeSet::from(["O3".to_owned()]);
        let field = refused(&terms().with_fields(["O3"]), wanted);
        assert_eq!(field, UseRefusal::Field { field: "SO2".to_owned(), granted });
    }

    #[test]
    fn what_the_caller_says_about_the_count_does_not_matter() {
        assert_eq!(hold(&terms().with_count(1), UseRequest { used_so_far: 99, ..request() }), Ok(()));
    }

    #[test]
    fn the_record_decides_about_the_count() {
        let use_id = UseId::parse("one").unwrap();
        let passes = |counted: Counted| counted.admission(&use_id);
        assert_eq!(passes(Counted::First { sequence: 7 }), Ok(Admission { sequence: 7, again: false }));
        let again = |abandoned| Counted::Again { sequence: 7, abandoned };
        assert_eq!(passes(again(false)), Ok(Admission { sequence: 7, again: true }));
        let over = passes(again(true)).unwrap_err();
        assert_eq!(over.to_string(), "use `one` is closed as incomplete: begin another use");
        let beyond = passes(Counted::Beyond { limit: 2, used: 3 });
        assert_eq!(beyond, Err(GateRefusal::Terms(UseRefusal::Count { limit: 2, used: 3 })));
    }
}
