//! Why a lifecycle does not take an input. One type for all of them, so that one place maps it to answers.

use crypto::Sha256;

use crate::codes::UnknownCode;
use crate::terms::TermsRefusal;
use crate::time::TimeError;
use crate::{Timestamp, limits};

/// An input that a lifecycle refuses. The object is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The state does not allow the input.
    #[error("`{input}` is not possible: the {object} is {state}; possible: {possible}")]
    NotPossible {
        /// What sort of object it is.
        object: &'static str,
        /// The state it is in.
        state: &'static str,
        /// The input.
        input: &'static str,
        /// What is possible instead.
        possible: String,
    },
    /// Terms that cannot be agreed at all.
    #[error(transparent)]
    Terms(#[from] TermsRefusal),
    /// A signature that does not sign what was agreed.
    #[error(transparent)]
    Signature(#[from] SignatureRefusal),
    /// The negotiation has had all its rounds.
    #[error("the negotiation has had its {limit} rounds: accept, reject or start another contract")]
    RoundsExhausted {
        /// The limit.
        limit: usize,
    },
    /// A proposal of the very terms that the peer proposed.
    #[error("these are the peer's own terms: accept them")]
    SameTerms,
    /// A proposal of terms that the same party proposed before.
    #[error(
        "these terms were proposed in round {round} and not accepted: change them, accept the peer's or reject"
    )]
    AlreadyProposed {
        /// The round, from 1.
        round: usize,
    },
    /// The time of the terms is over.
    #[error("the contract's time ended at {end}: agree on a later end")]
    Over {
        /// End of the contract's time.
        end: Timestamp,
    },
    /// The time of the terms is not over yet.
    #[error("the contract's time ends at {end}: terminate it to end it now")]
    NotOver {
        /// End of the contract's time.
        end: Timestamp,
    },
    /// Another id than the one that the object has.
    #[error("the {object} has id `{known}`, not `{given}`: an assigned id never changes")]
    IdConflict {
        /// What sort of object it is.
        object: &'static str,
        /// The id it has.
        known: String,
        /// The id that was given.
        given: String,
    },
    /// A text that is too long.
    #[error("{what} has {actual} characters: at most {limit}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many characters it has.
        actual: usize,
    },
    /// A text or list that is empty.
    #[error("{what} is empty: give one")]
    Empty {
        /// Which.
        what: &'static str,
    },
    /// Too many of something.
    #[error("{actual} {what}: at most {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// A part that contradicts another.
    #[error("invalid {object}: {reason}")]
    Invalid {
        /// What sort of object it is.
        object: &'static str,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A code outside its table.
    #[error(transparent)]
    Code(#[from] UnknownCode),
    /// A text that is no point in time, or an empty time range.
    #[error(transparent)]
    Time(#[from] TimeError),
}

/// A signature that does not sign what was agreed. Whether it is a signature at all was checked before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefusal {
    /// No signature where one is needed.
    #[error("no signature of `{0}`: expected one")]
    Missing(String),
    /// A signature of someone who is no party.
    #[error("signature of `{0}`, who is no party to the contract")]
    NotAParty(String),
    /// Two signatures of one party in one message.
    #[error("two signatures of `{0}` in one message: send one")]
    Twice(String),
    /// A signature under another contract's id.
    #[error("signature is for contract `{given}`, not `{expected}`")]
    Contract {
        /// The contract's id.
        expected: String,
        /// The signed one.
        given: String,
    },
    /// A signature over other terms.
    #[error(
        "signature is over contract digest {given}, not {expected}: the two sides hold different terms or names"
    )]
    Digest {
        /// Digest of what was agreed.
        expected: Sha256,
        /// The signed one.
        given: Sha256,
    },
    /// A signature of a party that has signed already, and otherwise.
    #[error("`{0}` has signed already: its first signature counts")]
    AlreadySigned(String),
    /// A signature in our name that we did not give.
    #[error("signature in the name of `{0}` that it did not give here")]
    NotGiven(String),
}

impl Refusal {
    /// Refuses an empty text or one of more than `limit` characters.
    pub(crate) fn check_text(what: &'static str, text: &str, limit: usize) -> Result<(), Self> {
        if text.is_empty() { Err(Self::Empty { what }) } else { Self::check_length(what, text, limit) }
    }

    /// Refuses a text of more than `limit` characters.
    pub(crate) fn check_length(what: &'static str, text: &str, limit: usize) -> Result<(), Self> {
        limits::too_long(text, limit).map_or(Ok(()), |actual| Err(Self::TooLong { what, limit, actual }))
    }

    /// A second id for an object that has one.
    pub(crate) fn id_conflict(object: &'static str, known: &impl ToString, given: &impl ToString) -> Self {
        Self::IdConflict { object, known: known.to_string(), given: given.to_string() }
    }
}
