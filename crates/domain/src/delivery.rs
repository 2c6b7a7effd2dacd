//! One use: one delivery under one use id (NDI-TR-2025-05, data delivery).
//!
//! A use counts, durably, before its first byte, and once however often its bytes are sent: ranges resume it. Closing
//! adds bytes, rows and digest; an abandoned one closes as incomplete, and counts. Whether a use may open is
//! [`crate::contract::Contract::admit`]'s answer; counting durably is left to the store, and folding uses into windows to
//! the ledger.

use std::fmt;
use std::str::FromStr;

use crypto::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Refusal;
use crate::id::ContractId;
use crate::{Evidence, EvidenceKind, Step, Timestamp, limits};

/// The id of a use, chosen by the user: 1 to 64 characters of `0-9A-Za-z-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UseId(String);

/// Why a text is no use id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no use id: expected 1 to 64 characters of `0-9A-Za-z-`")]
pub struct UseIdError(String);

impl UseId {
    /// Reads a use id.
    ///
    /// # Errors
    /// [`UseIdError`] for an empty or long text, or one with other characters.
    pub fn parse(text: &str) -> Result<Self, UseIdError> {
        let is_fine = (1..=limits::USE_ID_CHARS_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if is_fine { Ok(Self(text.to_owned())) } else { Err(UseIdError(text.to_owned())) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UseId {
    type Err = UseIdError;

    fn from_str(text: &str) -> Result<Self, UseIdError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for UseId {
    type Error = UseIdError;

    fn try_from(text: String) -> Result<Self, UseIdError> {
        Self::parse(&text)
    }
}

impl From<UseId> for String {
    fn from(id: UseId) -> Self {
        id.0
    }
}

/// What a whole delivery consists of: known before the first byte for a whole file, after the last for a projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// Bytes of the whole delivery.
    pub bytes: u64,
    /// Rows of the whole delivery, as the catalogue counts them.
    pub rows: u64,
    /// SHA-256 of the whole delivery.
    pub digest: Sha256,
}

/// Where a use stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum UseState {
    /// Counted, and being sent.
    Open {
        /// The furthest byte sent so far: the largest offset and length of any range.
        bytes_sent: u64,
        /// When bytes were last asked for.
        touched_at: Timestamp,
    },
    /// Sent to the last byte.
    Closed {
        /// What was sent.
        delivered: Delivered,
        /// When the last byte was sent.
        at: Timestamp,
    },
    /// Abandoned before the last byte.
    Incomplete {
        /// The furthest byte sent.
        bytes_sent: u64,
        /// When it was given up.
        at: Timestamp,
    },
}

/// One use of one contract, as either party's meter sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    /// The use.
    pub id: UseId,
    /// The contract that allows it.
    pub contract: ContractId,
    /// Its place among the contract's uses, from 1.
    pub sequence: u64,
    /// The fields that were asked for; none means all that the contract grants.
    pub fields: Option<std::collections::BTreeSet<String>>,
    /// When it was counted.
    pub opened_at: Timestamp,
    /// Where it stands.
    pub state: UseState,
}

/// What can happen to a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UseInput {
    /// Bytes went out; `upto` is the offset after the last of them.
    Sent {
        /// Offset after the last byte that was sent.
        upto: u64,
    },
    /// The last byte went out.
    Finish(Delivered),
    /// Nobody asked for bytes for too long, or the contract ended.
    Abandon,
}

impl UseInput {
    const fn name(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent",
            Self::Finish(_) => "finish",
            Self::Abandon => "abandon",
        }
    }
}

impl Use {
    /// Opens a use that was admitted. The store counts it in the same commit.
    #[must_use]
    pub fn open(
        id: UseId,
        contract: ContractId,
        sequence: u64,
        fields: Option<std::collections::BTreeSet<String>>,
        now: Timestamp,
    ) -> Step<Self> {
        let state = UseState::Open { bytes_sent: 0, touched_at: now };
        let opened = Self { id, contract, sequence, fields, opened_at: now, state };
        let evidence = opened.evidence(EvidenceKind::UseOpened, json!({ "sequence": sequence, "at": now }));
        Step::logged(opened, evidence)
    }

    /// The only way to change a use. Pure; a repeat leaves it as it is.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`] for an input after the end, or a second end that differs from the first.
    pub fn step(self, input: UseInput, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match (&self.state, input) {
            (UseState::Open { bytes_sent, .. }, UseInput::Sent { upto }) => {
                let state = UseState::Open { bytes_sent: upto.max(*bytes_sent), touched_at: now };
                Ok(Step::unchanged(Self { state, ..self }))
            }
            (UseState::Open { .. }, UseInput::Finish(delivered)) => {
                let body = json!({ "sequence": self.sequence, "at": now, "delivered": delivered });
                Ok(self.end(UseState::Closed { delivered, at: now }, EvidenceKind::UseClosed, body))
            }
            (UseState::Open { bytes_sent, .. }, UseInput::Abandon) => {
                let bytes_sent = *bytes_sent;
                let body = json!({ "sequence": self.sequence, "at": now, "bytesSent": bytes_sent });
                Ok(self.end(UseState::Incomplete { bytes_sent, at: now }, EvidenceKind::UseIncomplete, body))
            }
            (UseState::Closed { delivered, .. }, UseInput::Finish(again)) if *delivered == again => {
                Ok(Step::unchanged(self))
            }
            // The same bytes may be asked for again after the end: that is the same use.
            (UseState::Closed { .. }, UseInput::Sent { .. })
            | (UseState::Incomplete { .. }, UseInput::Abandon) => Ok(Step::unchanged(self)),
            (_, input) => Err(self.not_possible(&input)),
        }
    }

    /// Whether it has ended, one way or the other.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        !matches!(self.state, UseState::Open { .. })
    }

    /// Whether it was sent to the last byte.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, UseState::Closed { .. })
    }

    fn end(self, state: UseState, kind: EvidenceKind, body: serde_json::Value) -> Step<Self> {
        let evidence = self.evidence(kind, body);
        Step::logged(Self { state, ..self }, evidence)
    }

    fn evidence(&self, kind: EvidenceKind, body: serde_json::Value) -> Evidence {
        Evidence { kind, subject: self.id.to_string(), contract: Some(self.contract.clone()), body }
    }

    fn not_possible(&self, input: &UseInput) -> Refusal {
        let (state, possible) = match self.state {
            UseState::Open { .. } => ("open", "sent, finish, abandon"),
            UseState::Closed { .. } => ("closed", "nothing: open another use"),
            UseState::Incomplete { .. } => ("incomplete", "nothing: open another use"),
        };
        Refusal::NotPossible { object: "use", state, input: input.name(), possible: possible.to_owned() }
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
