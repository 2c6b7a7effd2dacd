//! Contracts between two connectors: proposed, negotiated, signed by both, in force, ended (TC609-6-2025-14; docs/WIRE.md, 5).
//!
//! The lifecycle is the domain's ([`domain::contract`]); here it meets keys, peers and the store. A use case, a message of the peer's and an
//! answer to a message of ours are each one step, what follows from it by itself, and one commit: state, messages to send, evidence, and
//! the answer or the end of the row that caused it.
//!
//! | module | what |
//! |---|---|
//! | here | what an operator does: propose, counter, accept, sign, reject, terminate, wait |
//! | [`entry`] | a contract as its row holds it |
//! | [`desk`] | contracts in memory |
//! | [`turn`] | steps on one contract, gathered into one change |
//! | [`commit`] | the one way to commit a change |
//! | [`peer`], [`answer`] | messages of the peer's, and what came of ours |
//! | [`platform`] | who gives identifiers, and giving them |
//! | [`automatic`] | a provider that answers from its offer |
//! | [`expiry`] | the end of a contract's time |
//! | [`wire`], [`view`] | messages and views |

mod answer;
mod automatic;
mod commit;
mod desk;
mod entry;
mod expiry;
mod peer;
mod platform;
#[cfg(test)]
mod tests;
mod turn;
mod view;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use domain::contract::{Contract, ContractDraft, ContractState, Input, PartyRef, ProductRef, Role};
use domain::id::ProductId;
use domain::terms::Terms;
use domain::{Timestamp, limits};
use ndi::digital_contract::TERMINATE;
use ndi::weir_v1::terms::TermsObject;
use ndi::{Message as _, Path};
use serde::Deserialize;
use serde_json::Value;
use store::MessageRow;

pub use answer::{answered, id_given, told, undelivered};
pub use desk::{Desk, find, get};
pub use entry::{AutoSign, Entry, GateContract, Held, Trouble};
pub use expiry::expire;
pub use peer::{handle_negotiate, handle_terminate};
pub use platform::handle_create;
pub use view::{ContractView, RoundView, SignatureView, StateName, TroubleView, UsesView};

use crate::member::Speaker;
use crate::{Error, Node, Part, outbox};
use commit::Change;
use turn::Turn;

/// A contract to propose, as `POST /contracts` takes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewContract {
    /// The product's identifier.
    pub product: String,
    /// The contract's name; the product's title where there is none.
    #[serde(default)]
    pub name: Option<String>,
    /// The terms, as docs/MANAGEMENT-API.md has them.
    pub terms: Value,
    /// When our side signs.
    #[serde(default)]
    pub sign: Sign,
}

/// When the proposing side signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sign {
    /// When a person says so.
    #[default]
    Manual,
    /// At once when the other side agrees to exactly our last terms.
    OnAgreement,
}

/// Proposes a contract about a product: asks its platform for an identifier, then proposes to the provider.
///
/// # Errors
/// [`Error::Input`] or [`Error::Message`] naming the field, [`Error::NotFound`] where the product or its provider is not known here,
/// [`Error::Terms`] for a field that the product does not have and for users without ourselves, [`Error::State`] for terms whose time is over.
pub async fn propose(node: &Node, speaker: &Speaker, new: NewContract) -> Result<ContractView, Error> {
    let product = ProductId::parse(&new.product).map_err(|error| Error::input("product", error))?;
    let terms = read_terms(&new.terms)?;
    terms.check_user(speaker.id())?;
    let offered = platform::offered(node, &product).await?;
    check_fields(&terms, &offered)?;
    node.known(offered.product.connector.as_str()).await?;
    let title = offered.product.title.to_domain();
    let product_name = shortened(title.in_zh());
    let draft = ContractDraft {
        key: new_key(node),
        role: Role::User,
        name: new.name.unwrap_or_else(|| product_name.clone()),
        abstract_: String::new(),
        product: ProductRef { id: product, name: product_name },
        provider: offered.provider(),
        user: PartyRef::new(speaker.id().clone(), wire::organisation_name(speaker)?),
    };
    let now = node.now();
    let auto_sign = match new.sign {
        Sign::Manual => AutoSign::Never,
        Sign::OnAgreement => AutoSign::OnAgreement { terms: terms.clone() },
    };
    let turn = Turn::new(Contract::initiate(draft, terms, now)?, auto_sign, now);
    let held = commit::commit(node, turn.change(node, speaker, Some(&offered.platform))?).await?;
    Ok(ContractView::of(&held, UsesView::default(), now))
}

/// A local key: by time, then random, so that a list by key is a list by time.
fn new_key(node: &Node) -> String {
    format!("k{:013}-{:016x}", node.now().millis().max(0), node.entropy().next_u64())
}

fn shortened(text: &str) -> String {
    text.chars().take(limits::NAME_CHARS_MAX).collect()
}

fn read_terms(terms: &Value) -> Result<Terms, Error> {
    let at = Path::ROOT.key("terms");
    Ok(TermsObject::read_at(terms, &at)?.to_domain(&at)?)
}

/// Fields that the catalogue does not have are refused here already.
fn check_fields(terms: &Terms, offered: &platform::Offered) -> Result<(), Error> {
    let columns = &offered.product.columns;
    let unknown =
        terms.fields.iter().flatten().find(|field| columns.iter().all(|column| column.name != **field));
    match unknown {
        Some(field) if !columns.is_empty() => {
            Err(domain::terms::TermsRefusal::UnknownField(field.clone()).into())
        }
        _ => Ok(()),
    }
}

/// A part of the connector's contracts, by key: the oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(node: &Node, speaker: &Speaker, part: &Part) -> Result<Vec<ContractView>, Error> {
    let (tenant, part, now) = (speaker.id().to_string(), part.clone(), node.now());
    node.store()
        .read("contract_list", move |read| {
            let (tenant, part) = (tenant.clone(), part.clone());
            Box::pin(async move {
                let mut views = Vec::new();
                for row in part.of(read.list_contracts(&tenant, &part.page()).await?) {
                    let held = entry::held_of(&row)?;
                    let uses = view::uses_of(read, &tenant, held.contract()).await?;
                    views.push(ContractView::of(&held, uses, now));
                }
                Ok::<_, Error>(views)
            })
        })
        .await
}

/// One contract, by its local key or its identifier.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn show(node: &Node, speaker: &Speaker, name: &str) -> Result<ContractView, Error> {
    let held = get(node, speaker.id().as_str(), name).await?;
    shown(node, speaker, &held).await
}

async fn shown(node: &Node, speaker: &Speaker, held: &Arc<Held>) -> Result<ContractView, Error> {
    let (tenant, wanted) = (speaker.id().to_string(), held.clone());
    let uses = match held.contract().state {
        ContractState::Performing { .. } | ContractState::Ended { .. } => {
            let uses = node.store().peek("contract_uses", move |read| {
                let (tenant, held) = (tenant.clone(), wanted.clone());
                Box::pin(async move { view::uses_of(read, &tenant, held.contract()).await })
            });
            uses.await?
        }
        _ => UsesView::default(),
    };
    Ok(ContractView::of(held, uses, node.now()))
}

/// Proposes other terms than the peer's.
///
/// # Errors
/// [`Error::Message`] naming the field, [`Error::Terms`] for users without the contract's, [`Error::NotFound`], [`Error::State`] where it is not our turn or the terms were proposed before.
pub async fn counter(
    node: &Node,
    speaker: &Speaker,
    name: &str,
    terms: &Value,
) -> Result<ContractView, Error> {
    let terms = read_terms(terms)?;
    act(node, speaker, name, |turn| {
        terms.check_user(&turn.contract().user.connector)?;
        let follows = matches!(turn.entry.auto_sign, AutoSign::OnAgreement { .. });
        let turn = turn.step(Input::Propose { terms: terms.clone() })?;
        // Whoever signs on agreement does so for its last terms.
        Ok(if follows { turn.signs_when(AutoSign::OnAgreement { terms: terms.clone() }) } else { turn })
    })
    .await
}

/// Agrees to the peer's last terms; the signature follows.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] where there is nothing to accept.
pub async fn accept(node: &Node, speaker: &Speaker, name: &str) -> Result<ContractView, Error> {
    act(node, speaker, name, |turn| turn.step(Input::Accept)).await
}

/// Signs the agreed terms, or accepts the peer's and signs them.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] where there is nothing to sign.
pub async fn sign(node: &Node, speaker: &Speaker, name: &str) -> Result<ContractView, Error> {
    act(node, speaker, name, |turn| turn.sign(speaker)).await
}

/// Refuses the terms on the table, or to sign.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] where it is in force already, or too long a reason.
pub async fn reject(node: &Node, speaker: &Speaker, name: &str, reason: &str) -> Result<ContractView, Error> {
    act(node, speaker, name, |turn| turn.step(Input::Reject { reason: reason.to_owned() })).await
}

/// Ends the contract at once; what was used stays used.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] for too long a reason.
pub async fn terminate(
    node: &Node,
    speaker: &Speaker,
    name: &str,
    reason: &str,
) -> Result<ContractView, Error> {
    act(node, speaker, name, |turn| turn.step(Input::Terminate { reason: reason.to_owned() })).await
}

/// A decision of ours on a contract.
async fn act(
    node: &Node,
    speaker: &Speaker,
    name: &str,
    decide: impl Fn(Turn) -> Result<Turn, Error>,
) -> Result<ContractView, Error> {
    let turn = |held: &Arc<Held>| -> Result<Change, Error> {
        decide(Turn::on(held, node.now()))?.change(node, speaker, None)
    };
    let before = desk::find(node, speaker.id().as_str(), name).await?;
    let held = commit::change(node, speaker.id().as_str(), name, turn).await?;
    if before.is_some_and(|before| before.version == held.version) {
        say_again(node, held.contract(), speaker).await?;
    }
    shown(node, speaker, &held).await
}

/// What was decided before is decided again: what of it has not reached the peer is tried again at once.
async fn say_again(node: &Node, contract: &Contract, speaker: &Speaker) -> Result<(), Error> {
    let is_wanted = match contract.is_over() {
        true => |kind: &str| kind == TERMINATE,
        false => |_: &str| true,
    };
    let stream = wire::stream(&contract.key);
    outbox::try_stream_again(node, speaker.id().as_str(), &stream, is_wanted).await.map(drop)
}

/// Whether the contract that a message belongs to is over.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub(crate) async fn is_over(node: &Node, message: &MessageRow) -> Result<bool, Error> {
    let held = get(node, &message.tenant, wire::key_of(&message.stream)?).await?;
    Ok(held.contract().is_over())
}

/// Waits until the contract is in the state of that code, is over, or the time is up; answers what it is then.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Input`] where there is no such state.
pub async fn wait(
    node: &Node,
    speaker: &Speaker,
    name: &str,
    state: &str,
    timeout: Duration,
) -> Result<ContractView, Error> {
    let wanted =
        domain::codes::ContractStatus::from_code(state).map_err(|error| Error::input("state", error))?;
    let tenant = speaker.id().as_str();
    let key = get(node, tenant, name).await?.contract().key.clone();
    let mut bell = node.contracts().watch(tenant, &key);
    let deadline = tokio::time::Instant::now() + timeout;
    loop {
        let held = get(node, tenant, &key).await?;
        let contract = held.contract();
        let is_time_up = tokio::time::Instant::now() >= deadline;
        if contract.status(node.now()) == wanted || contract.is_over() || is_time_up {
            return shown(node, speaker, &held).await;
        }
        tokio::select! {
            () = bell.changed() => {}
            () = tokio::time::sleep_until(deadline) => {}
            () = begins(contract, node.now()) => {}
        }
    }
}

/// Ends when a signed contract's time may have begun by the node's clock: its state changes with that alone.
async fn begins(contract: &Contract, now: Timestamp) {
    match &contract.state {
        ContractState::Performing { terms, .. } if terms.time.start() > now => {
            tokio::time::sleep(expiry::until(terms.time.start(), now)).await;
        }
        _ => std::future::pending().await,
    }
}

/// What the gate needs of a contract in force; asked for each use, and answered from memory.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`] where it is not in force.
pub async fn for_gate(node: &Node, tenant: &str, contract: &str) -> Result<Arc<GateContract>, Error> {
    get(node, tenant, contract).await?.for_gate()
}
