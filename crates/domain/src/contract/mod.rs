//! A contract as one party sees it: initiated, negotiated, signed by both, performed, ended.
//!
//! TC609-6-2025-14, clause 7 and annexes A.2, B, C.1. Each party holds a [`Contract`] of its own; the two meet in messages
//! only. What keeps them together is the signature: each signs the digest of the whole [`ContractBody`], so that two
//! parties can never perform different terms, whatever messages were lost, doubled or reordered.
//!
//! | state | code | goes to |
//! |---|---|---|
//! | initiated | 01 | negotiating (the platform's id arrived) |
//! | negotiating | 02 | signing (accepted), ended (rejected) |
//! | signing | 03 | performing (both signed), signing failed |
//! | signed, time not begun | 0301 | (a performing contract before its start) |
//! | signing failed | 0302 | ended |
//! | performing | 05 | ended |
//! | ended | 06 | – |
//!
//! The document leaves the transitions open; these are ours. Parties take turns, and neither proposes the same terms twice,
//! so that a message that arrives again is known as a repeat. Verifying signatures, finding addresses and sending are left to
//! the application; wire forms to `ndi`.

mod body;
mod possible;
mod step;

use serde::{Deserialize, Serialize};

pub use body::{ContractBody, PartySignature, SIGNATURE_TYPE, SignatureBody, Signatures};

pub use crate::refusal::{Refusal, SignatureRefusal};
pub use crate::terms::{Decision, decide};

use crate::codes::{ContractStatus, SignatoryType};
use crate::id::{ContractId, IdKind, NodeId, ProductId, SubjectCode};
use crate::terms::{Terms, UseRefusal, UseRequest};
use crate::{Timestamp, limits};

/// Side of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Provides the data.
    Provider,
    /// Uses it.
    User,
}

impl Role {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Provider => Self::User,
            Self::User => Self::Provider,
        }
    }

    /// The name, as in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::User => "user",
        }
    }

    /// The document's code for a signer of this side.
    #[must_use]
    pub const fn signatory(self) -> SignatoryType {
        match self {
            Self::Provider => SignatoryType::Provider,
            Self::User => SignatoryType::User,
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One party: its connector executes the policy, its subject signs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PartyRef {
    /// Its connector.
    pub connector: NodeId,
    /// The subject that owns the connector.
    pub subject: SubjectCode,
    /// Its name.
    pub name: String,
}

impl PartyRef {
    /// A party by its connector, whose id names the subject.
    #[must_use]
    pub fn new(connector: NodeId, name: impl Into<String>) -> Self {
        let subject = connector.subject();
        Self { connector, subject, name: name.into() }
    }

    fn check(&self) -> Result<(), Refusal> {
        Refusal::check_text("party name", &self.name, limits::NAME_CHARS_MAX)?;
        if self.connector.kind() != IdKind::Connector {
            let reason =
                format!("`{}` is a {}: a party has a connector", self.connector, self.connector.kind());
            return Err(Refusal::Invalid { object: "party", reason });
        }
        if self.connector.subject() != self.subject {
            let reason =
                format!("connector `{}` does not belong to subject `{}`", self.connector, self.subject);
            return Err(Refusal::Invalid { object: "party", reason });
        }
        Ok(())
    }
}

/// What a contract is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductRef {
    /// The product.
    pub id: ProductId,
    /// Its name.
    pub name: String,
}

/// What stands from the beginning of a contract, before any terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractDraft {
    /// Name within the connector.
    pub key: String,
    /// The side of the party that holds this view.
    pub role: Role,
    /// Name of the contract.
    pub name: String,
    /// Abstract; may be empty.
    pub abstract_: String,
    /// What it is about.
    pub product: ProductRef,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
}

impl ContractDraft {
    fn check(&self) -> Result<(), Refusal> {
        Refusal::check_text("contract key", &self.key, limits::KEY_CHARS_MAX)?;
        Refusal::check_text("contract name", &self.name, limits::NAME_CHARS_MAX)?;
        Refusal::check_length("contract abstract", &self.abstract_, limits::ABSTRACT_CHARS_MAX)?;
        Refusal::check_length("product name", &self.product.name, limits::NAME_CHARS_MAX)?;
        self.provider.check()?;
        self.user.check()?;
        if self.provider.subject == self.user.subject {
            let reason =
                format!("`{}` is both provider and user: a contract has two parties", self.user.subject);
            return Err(Refusal::Invalid { object: "contract", reason });
        }
        Ok(())
    }
}

/// One proposal of a negotiation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Round {
    /// Who proposed.
    pub by: Role,
    /// What.
    pub terms: Terms,
    /// When it was proposed or received.
    pub at: Timestamp,
}

/// Why a contract ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum EndCause {
    /// A party did not want the other's terms.
    Rejected {
        /// Who.
        by: Role,
        /// Why.
        reason: String,
    },
    /// A party ended it early.
    Terminated {
        /// Who.
        by: Role,
        /// Why.
        reason: String,
    },
    /// Its time was over.
    Expired,
}

/// Where a contract stands, with what that state owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ContractState {
    /// Made here; the platform's id has not arrived.
    Initiated {
        /// The first proposal.
        terms: Terms,
    },
    /// Terms are on the table.
    Negotiating {
        /// The terms of the last round.
        terms: Terms,
        /// Who proposed them; the other side is to answer.
        proposed_by: Role,
    },
    /// Terms are agreed; at most one side has signed.
    Signing {
        /// The agreed terms.
        terms: Terms,
        /// Signatures so far.
        signatures: Signatures,
    },
    /// A side refused to sign after the terms were agreed.
    SigningFailed {
        /// The agreed terms.
        terms: Terms,
        /// Signatures given before it failed: they stay as evidence.
        signatures: Signatures,
        /// Who refused.
        by: Role,
        /// Why.
        reason: String,
        /// When.
        at: Timestamp,
    },
    /// Signed by both.
    Performing {
        /// The signed terms.
        terms: Terms,
        /// Both signatures.
        signatures: Signatures,
        /// When the second signature came.
        since: Timestamp,
    },
    /// Over.
    Ended {
        /// The last terms.
        terms: Terms,
        /// Signatures so far; both if it was ever performed.
        signatures: Signatures,
        /// Why.
        cause: EndCause,
        /// When.
        at: Timestamp,
    },
}

impl ContractState {
    /// The document's code (table C.1), without regard to time; see [`Contract::status`].
    #[must_use]
    pub const fn status(&self) -> ContractStatus {
        match self {
            Self::Initiated { .. } => ContractStatus::Initiated,
            Self::Negotiating { .. } => ContractStatus::Negotiating,
            Self::Signing { .. } => ContractStatus::Signing,
            Self::SigningFailed { .. } => ContractStatus::SigningFailed,
            Self::Performing { .. } => ContractStatus::Performing,
            Self::Ended { .. } => ContractStatus::Ended,
        }
    }

    /// The terms on the table, agreed, signed or last held.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        match self {
            Self::Initiated { terms }
            | Self::Negotiating { terms, .. }
            | Self::Signing { terms, .. }
            | Self::SigningFailed { terms, .. }
            | Self::Performing { terms, .. }
            | Self::Ended { terms, .. } => terms,
        }
    }

    /// Signatures so far, in the states that have any.
    #[must_use]
    pub const fn signatures(&self) -> Option<&Signatures> {
        match self {
            Self::Signing { signatures, .. }
            | Self::SigningFailed { signatures, .. }
            | Self::Performing { signatures, .. }
            | Self::Ended { signatures, .. } => Some(signatures),
            _ => None,
        }
    }
}

/// What can happen to a contract: decisions taken here, and what the peer or the platform sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Ours: propose other terms than the peer's.
    Propose {
        /// The terms.
        terms: Terms,
    },
    /// The platform's: the contract has this id.
    IdAssigned {
        /// The id.
        id: ContractId,
    },
    /// Ours: accept the peer's terms; the signature follows.
    Accept,
    /// Ours: sign the agreed terms, or accept the peer's and sign in one go.
    Sign(Box<PartySignature>),
    /// Ours: refuse the terms, or refuse to sign.
    Reject {
        /// Why.
        reason: String,
    },
    /// Ours: end the contract.
    Terminate {
        /// Why.
        reason: String,
    },
    /// The clock's: the time of the terms is over.
    Expire,
    /// The peer's: it proposed terms. Our own terms without a signature are an acceptance.
    PeerProposed {
        /// The terms.
        terms: Terms,
    },
    /// The peer's: it answered that it agrees.
    PeerAccepted,
    /// The peer's: it signed. One signature from the first signer, both from the second; each was verified.
    PeerSigned(Vec<PartySignature>),
    /// The peer's: it ended the contract.
    PeerTerminated {
        /// Why, if it said so.
        reason: String,
    },
}

/// A contract as one party sees it.
///
/// The fields are open to be read; [`Contract::step`] is the only way to change one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// Name within the connector, from the beginning.
    pub key: String,
    /// Our side.
    pub role: Role,
    /// The platform's id, once it arrived.
    pub id: Option<ContractId>,
    /// Name of the contract.
    pub name: String,
    /// Abstract.
    #[serde(rename = "abstract")]
    pub abstract_: String,
    /// What it is about.
    pub product: ProductRef,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
    /// The side that initiated it.
    pub issuer: Role,
    /// When it was initiated, or first heard of.
    pub created_at: Timestamp,
    /// Every proposal, in order.
    pub rounds: Vec<Round>,
    /// Where it stands.
    pub state: ContractState,
}

impl Contract {
    /// The party of a side.
    #[must_use]
    pub const fn party(&self, role: Role) -> &PartyRef {
        match role {
            Role::Provider => &self.provider,
            Role::User => &self.user,
        }
    }

    /// Our party.
    #[must_use]
    pub const fn us(&self) -> &PartyRef {
        self.party(self.role)
    }

    /// The other party.
    #[must_use]
    pub const fn peer(&self) -> &PartyRef {
        self.party(self.role.other())
    }

    /// The terms on the table, agreed, signed or last held.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        self.state.terms()
    }

    /// The document's state at a time: a contract that both signed is `0301` until its time begins, then `05`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> ContractStatus {
        match &self.state {
            ContractState::Performing { terms, .. } if now < terms.time.start() => ContractStatus::Signed,
            state => state.status(),
        }
    }

    /// Whether it is over, one way or the other.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, ContractState::SigningFailed { .. } | ContractState::Ended { .. })
    }

    /// Whether a decision is wanted from our side: the peer's terms are on the table, or our signature is missing.
    #[must_use]
    pub fn awaits_us(&self) -> bool {
        match &self.state {
            ContractState::Negotiating { proposed_by, .. } => *proposed_by != self.role,
            ContractState::Signing { signatures, .. } => signatures.of(self.role).is_none(),
            _ => false,
        }
    }

    /// What both sign, over the current terms.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`] before the platform's id has arrived.
    pub fn body(&self) -> Result<ContractBody, Refusal> {
        self.body_with(self.terms())
    }

    /// What our organisation signs, for [`PartySignature::sign`].
    ///
    /// # Errors
    /// As [`Contract::body`].
    pub fn signature_body(&self, at: Timestamp) -> Result<SignatureBody, Refusal> {
        self.body()?.signature_body(self.us().subject.clone(), at)
    }

    /// Whether the use may pass: the contract is in force, and its terms admit the use. The provider's gate and the user's
    /// own check ask the same.
    ///
    /// # Errors
    /// [`UseRefusal`] with the constraint, its limit and the value.
    pub fn admit(&self, request: &UseRequest) -> Result<(), UseRefusal> {
        match &self.state {
            ContractState::Performing { terms, .. } => terms.admit(request),
            state => Err(UseRefusal::NotPerforming { status: state.status() }),
        }
    }

    fn body_with(&self, terms: &Terms) -> Result<ContractBody, Refusal> {
        let id = self.id.clone().ok_or_else(|| self.not_possible("sign"))?;
        Ok(ContractBody {
            type_: body::ContractType::V1,
            contract_id: id,
            contract_name: self.name.clone(),
            product: self.product.clone(),
            provider: self.provider.clone(),
            user: self.user.clone(),
            terms: terms.clone(),
        })
    }
}

#[cfg(test)]
mod pair_tests;
#[cfg(test)]
mod tests;
