//! What a peer's connector sends: proposals, acceptances, signatures, the end (`contractNegotiate`, `contractTerminate`).
//!
//! A message is checked and its signatures are verified before anything is read; then it is one step, what follows from it by itself, and
//! one commit with the answer. `negotiationStatus` `0` says that the terms of the message are agreed; after `1` a message of ours follows,
//! at once or when a person has decided.

use std::sync::Arc;

use domain::Negotiate;
use domain::contract::{Contract, ContractDraft, Input, PartyRef, Role};
use serde_json::Value;

use super::automatic::{self, Response, Stance};
use super::commit::{self, Change};
use super::desk;
use super::entry::{AutoSign, Held};
use super::turn::Turn;
use super::wire;
use crate::message::Incoming;
use crate::{Error, Node};

/// Handles `contractNegotiate`.
///
/// # Errors
/// [`Error::Message`] for its form, [`Error::Forbidden`] where the sender is no party, [`Error::Evidence`] for a signature, [`Error::Terms`]
/// where a first proposal cannot be agreed, or a proposal leaves out the contract's user, [`Error::State`] where the contract's state does not allow it, [`Error::NotFound`].
pub async fn handle_negotiate(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let (negotiate, role) = wire::read_negotiate(incoming)?;
    wire::verify_signatures(node, &negotiate, role).await?;
    if negotiate.signatures.is_empty() {
        negotiate.terms.check_user(&negotiate.user.connector)?;
    }
    let (held, stance) = look(node, incoming, &negotiate, role).await?;
    if held.is_none() {
        match receive(node, incoming, &negotiate, role, stance.as_ref()).await {
            // The same contract came in the meantime, by another message.
            Err(Error::Store(error)) if error.is_conflict() => {}
            done => return done,
        }
    }
    respond(node, incoming, &negotiate, role, stance.as_ref()).await
}

/// The contract of a message, and, where it is a proposal to us as the provider, how its product is negotiated, in one look at the store.
async fn look(
    node: &Node,
    incoming: &Incoming,
    negotiate: &Negotiate,
    role: Role,
) -> Result<(Option<Arc<Held>>, Option<Stance>), Error> {
    let (tenant, contract) = (incoming.to.id().as_str(), negotiate.contract.as_str());
    if role == Role::User || !negotiate.signatures.is_empty() {
        return Ok((desk::find(node, tenant, contract).await?, None));
    }
    let (owner, product) = (tenant.to_owned(), negotiate.product.id.clone());
    desk::find_and(node, tenant, contract, move |read| {
        let (owner, product) = (owner.clone(), product.clone());
        Box::pin(async move { automatic::stance(read, &owner, &product).await })
    })
    .await
}

/// A first proposal: a contract that is new here.
async fn receive(
    node: &Node,
    incoming: &Incoming,
    negotiate: &Negotiate,
    role: Role,
    stance: Option<&Stance>,
) -> Result<Value, Error> {
    if !negotiate.signatures.is_empty() {
        return Err(Error::not_found("contract", &negotiate.contract));
    }
    if role == Role::User {
        return Err(Error::Forbidden("the user's connector begins a contract: propose it there".into()));
    }
    let stance = stance.ok_or_else(|| Error::not_found("offered product", &negotiate.product.id))?;
    check_names(node, incoming, negotiate).await?;
    let now = node.now();
    let step =
        Contract::receive(draft(negotiate, role), negotiate.contract.clone(), negotiate.terms.clone(), now)?;
    let turn = match automatic::respond(Turn::new(step, AutoSign::Never, now), stance)? {
        Response::Taken(turn) => turn,
        Response::Refused(_, error) => return Err(error),
    };
    let data = wire::negotiated(automatic::is_agreed(turn.contract()))?;
    let change = turn.change(node, &incoming.to, None)?.answering(incoming, data.clone());
    commit::commit(node, change).await?;
    Ok(data)
}

/// Our view of a contract that the peer began. Its identifier is its local key as well.
fn draft(negotiate: &Negotiate, role: Role) -> ContractDraft {
    ContractDraft {
        key: negotiate.contract.to_string(),
        role,
        name: negotiate.name.clone(),
        abstract_: negotiate.abstract_.clone(),
        product: negotiate.product.clone(),
        provider: negotiate.provider.clone(),
        user: negotiate.user.clone(),
    }
}

/// The names of both parties, which both will sign, are the certified ones. Without a name a party's code stands for it.
async fn check_names(node: &Node, incoming: &Incoming, negotiate: &Negotiate) -> Result<(), Error> {
    let known = node.known(negotiate.user.subject.as_str()).await?;
    let user = known.chain.leaf().subject_o().unwrap_or(&known.name);
    check_name("strategy.policyExpansion.userName", &negotiate.user, user)?;
    let provider = wire::organisation_name(&incoming.to)?;
    check_name("strategy.policyExpansion.providerName", &negotiate.provider, &provider)
}

fn check_name(field: &'static str, party: &PartyRef, certified: &str) -> Result<(), Error> {
    if party.name == certified || party.name == party.subject.as_str() {
        return Ok(());
    }
    Err(Error::input(field, format!("`{}` is certified as `{certified}`: give that name", party.subject)))
}

/// A message about a contract that is here. Where its product is not offered any more, what is on the table waits for a person.
async fn respond(
    node: &Node,
    incoming: &Incoming,
    negotiate: &Negotiate,
    role: Role,
    stance: Option<&Stance>,
) -> Result<Value, Error> {
    let tenant = incoming.to.id().as_str();
    let changed = commit::change(node, tenant, negotiate.contract.as_str(), |held| {
        check_same(held.contract(), negotiate, role)?;
        let turn = Turn::on(held, node.now()).step(ndi::digital_contract::peer_input(negotiate))?;
        let turn = match stance {
            Some(stance) => decided(turn, stance)?,
            None => turn,
        };
        answer(node, incoming, turn.sign_if_due(&incoming.to)?)
    });
    let held = changed.await?;
    wire::negotiated(automatic::is_agreed(held.contract()))
}

/// An automatic provider's answer to a later round. What it cannot agree to ends the negotiation, with the reason.
fn decided(turn: Turn, stance: &Stance) -> Result<Turn, Error> {
    if !turn.contract().awaits_us() {
        return Ok(turn);
    }
    match automatic::respond(turn, stance)? {
        Response::Taken(turn) => Ok(turn),
        Response::Refused(turn, error) => turn.step(Input::Reject { reason: error.to_string() }),
    }
}

fn answer(node: &Node, incoming: &Incoming, turn: Turn) -> Result<Change, Error> {
    let data = wire::negotiated(automatic::is_agreed(turn.contract()))?;
    Ok(turn.change(node, &incoming.to, None)?.answering(incoming, data))
}

/// A message is about the contract as it began: the same parties, product and name. Terms may differ, nothing else.
fn check_same(contract: &Contract, negotiate: &Negotiate, role: Role) -> Result<(), Error> {
    let differs = |field: &str| {
        Err(Error::input(field, format!("differs from contract `{}` as it began", negotiate.contract)))
    };
    if contract.role != role || contract.provider != negotiate.provider || contract.user != negotiate.user {
        return differs("strategy.executionNodeInfo");
    }
    if contract.product != negotiate.product {
        return differs("strategy.subjectInfo");
    }
    if contract.name != negotiate.name {
        return differs("contractName");
    }
    Ok(())
}

/// Handles `contractTerminate`: it takes effect at once; what was used stays used.
///
/// # Errors
/// [`Error::Message`] for its form or signature, [`Error::Forbidden`] where the sender is not the other party, [`Error::NotFound`].
pub async fn handle_terminate(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let (terminate, reason) = wire::read_terminate(node, incoming).await?;
    let data = wire::terminated()?;
    let tenant = incoming.to.id().as_str();
    commit::change(node, tenant, terminate.contract_id.as_str(), |held| {
        check_peer(held, incoming)?;
        let turn = Turn::on(held, node.now()).step(Input::PeerTerminated { reason: reason.clone() })?;
        Ok(turn.change(node, &incoming.to, None)?.answering(incoming, data.clone()))
    })
    .await?;
    Ok(data)
}

fn check_peer(held: &Arc<Held>, incoming: &Incoming) -> Result<(), Error> {
    if held.contract().peer().connector.as_str() == incoming.from.id {
        return Ok(());
    }
    Err(Error::Forbidden(format!("`{}` is no party to this contract", incoming.from.id).into()))
}
