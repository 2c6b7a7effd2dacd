//! A contract as its row holds it: the lifecycle, and what this node does about it.

use std::sync::Arc;

use domain::Timestamp;
use domain::contract::{Contract, ContractState, PartyRef, Role};
use domain::id::{ContractId, ProductId};
use domain::terms::Terms;
use serde::{Deserialize, Serialize};
use store::{Body, ContractRow, Stored};

use crate::Error;

/// When our side signs without being asked again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AutoSign {
    /// Never: a person signs.
    #[default]
    Never,
    /// When the peer agrees to exactly these terms, our last ones.
    OnAgreement {
        /// The terms.
        terms: Terms,
    },
    /// When the peer has signed these terms, to which we agreed from our offer.
    AfterPeer {
        /// The terms.
        terms: Terms,
    },
}

/// A message that came to nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The message's name.
    pub message: String,
    /// Who was to receive it.
    pub peer: String,
    /// The return code of the refusal, where it was one.
    pub code: Option<String>,
    /// What the other side said, or what stood in the way.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A contract as its row holds it: the lifecycle, and what this node does about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The contract.
    pub contract: Contract,
    /// When our side signs by itself.
    #[serde(default)]
    pub auto_sign: AutoSign,
    /// The last message that came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl Stored for Entry {
    const VERSION: u32 = 1;
}

impl Entry {
    /// A contract that nothing is done about by itself.
    pub fn of(contract: Contract) -> Entry {
        Entry { contract, auto_sign: AutoSign::Never, trouble: None }
    }

    /// The row that takes the place of the one with this version (0: a new one), as of `now`.
    ///
    /// # Errors
    /// [`Error::Store`] where it cannot be written as a body.
    pub fn row(&self, version: u64, now: Timestamp) -> Result<ContractRow, Error> {
        let contract = &self.contract;
        Ok(ContractRow {
            tenant: contract.us().connector.to_string(),
            key: contract.key.clone(),
            contract: contract.id.as_ref().map(ToString::to_string),
            state: contract.state.status().code().to_owned(),
            role: contract.role.name().to_owned(),
            peer: contract.peer().connector.to_string(),
            product: contract.product.id.to_string(),
            created_at: contract.created_at.micros(),
            updated_at: now.micros(),
            version,
            body: Body::of(self)?,
        })
    }
}

/// What the gate needs of a contract in force.
#[derive(Debug, Clone)]
pub struct GateContract {
    /// The contract.
    pub id: ContractId,
    /// Our side.
    pub role: Role,
    /// The signed terms.
    pub terms: Terms,
    /// What it is about.
    pub product: ProductId,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
}

/// A contract with the version of its row.
#[derive(Debug, Clone)]
pub struct Held {
    /// The version that a writer must have seen.
    pub version: u64,
    /// When the row was written.
    pub updated_at: Timestamp,
    /// The contract.
    pub entry: Entry,
    gate: Option<Arc<GateContract>>,
}

impl Held {
    pub(super) fn new(version: u64, updated_at: Timestamp, entry: Entry) -> Held {
        let gate = gate_contract(&entry.contract).map(Arc::new);
        Held { version, updated_at, entry, gate }
    }

    /// The contract.
    pub fn contract(&self) -> &Contract {
        &self.entry.contract
    }

    /// What the gate needs, where both have signed and it is not over. Whether its time has begun is for the terms to say.
    ///
    /// # Errors
    /// [`Error::State`] in every other state.
    pub fn for_gate(&self) -> Result<Arc<GateContract>, Error> {
        self.gate.clone().ok_or_else(|| {
            let contract = self.contract();
            let refusal = domain::Refusal::NotPossible {
                object: "contract",
                state: contract.state_name(),
                input: "use",
                possible: contract.possible().join(", "),
            };
            Error::State(refusal)
        })
    }
}

fn gate_contract(contract: &Contract) -> Option<GateContract> {
    let (ContractState::Performing { terms, .. }, Some(id)) = (&contract.state, &contract.id) else {
        return None;
    };
    Some(GateContract {
        id: id.clone(),
        role: contract.role,
        terms: terms.clone(),
        product: contract.product.id.clone(),
        provider: contract.provider.clone(),
        user: contract.user.clone(),
    })
}

/// A row, read.
///
/// # Errors
/// [`Error::Store`] where a newer version wrote its body.
pub(super) fn held_of(row: &ContractRow) -> Result<Held, Error> {
    Ok(Held::new(row.version, Timestamp::from_micros(row.updated_at), row.body.get()?))
}
