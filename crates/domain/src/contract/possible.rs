//! Names of states and inputs, and which input a state takes: what a refusal tells the reader.

use super::{Contract, ContractState, Input, Refusal};

impl Input {
    /// The name, as in messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Propose { .. } => "propose",
            Self::IdAssigned { .. } => "id assigned",
            Self::Accept => "accept",
            Self::Sign(_) => "sign",
            Self::Reject { .. } => "reject",
            Self::Terminate { .. } => "terminate",
            Self::Expire => "expire",
            Self::PeerProposed { .. } => "peer proposed",
            Self::PeerAccepted => "peer accepted",
            Self::PeerSigned(_) => "peer signed",
            Self::PeerTerminated { .. } => "peer terminated",
        }
    }
}

impl Contract {
    /// The state in words, with whose turn it is.
    #[must_use]
    pub fn state_name(&self) -> &'static str {
        match &self.state {
            ContractState::Initiated { .. } => "initiated",
            ContractState::Negotiating { .. } if self.awaits_us() => "negotiating, with our side to answer",
            ContractState::Negotiating { .. } => "negotiating, with the peer to answer",
            ContractState::Signing { .. } if self.awaits_us() => "agreed, without our signature",
            ContractState::Signing { .. } => "agreed, without the peer's signature",
            ContractState::SigningFailed { .. } => "not signed",
            ContractState::Performing { .. } => "performing",
            ContractState::Ended { .. } => "ended",
        }
    }

    /// The inputs that change the contract in its state, by [`Input::name`]. The peer's are among them: they say what to
    /// wait for.
    #[must_use]
    pub fn possible(&self) -> &'static [&'static str] {
        match &self.state {
            ContractState::Initiated { .. } => &["id assigned", "terminate", "expire"],
            ContractState::Negotiating { .. } if self.awaits_us() => {
                &["propose", "accept", "sign", "reject", "terminate", "expire", "peer terminated"]
            }
            ContractState::Negotiating { .. } => &[
                "reject",
                "terminate",
                "expire",
                "peer proposed",
                "peer accepted",
                "peer signed",
                "peer terminated",
            ],
            ContractState::Signing { signatures, .. } => {
                match (self.awaits_us(), signatures.of(self.role.other()).is_some()) {
                    (true, true) => &["sign", "reject", "terminate", "expire", "peer terminated"],
                    (true, false) => {
                        &["sign", "reject", "terminate", "expire", "peer signed", "peer terminated"]
                    }
                    (false, _) => &["reject", "terminate", "expire", "peer signed", "peer terminated"],
                }
            }
            ContractState::SigningFailed { .. } => &["terminate"],
            ContractState::Performing { .. } => &["terminate", "expire", "peer terminated"],
            ContractState::Ended { .. } => &[],
        }
    }

    pub(super) fn not_possible(&self, input: &'static str) -> Refusal {
        let possible = self.possible();
        let possible = if possible.is_empty() {
            "nothing: start another contract".to_owned()
        } else {
            possible.join(", ")
        };
        Refusal::NotPossible { object: "contract", state: self.state_name(), input, possible }
    }
}
