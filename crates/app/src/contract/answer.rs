//! What came of our own messages: the identifier that a platform gave, a peer's answer, a refusal, or nothing at all.
//!
//! Each is one commit with the end of the outbox row that it answers, so an answer takes effect once.

use std::sync::Arc;

use domain::Timestamp;
use domain::contract::{ContractState, Input};
use ndi::digital_contract::{CREATE, ContractCreated, ResultStatus, TERMINATE};
use ndi::return_code::Extension;
use ndi::{Message as _, Path, ReturnCode};
use serde_json::Value;
use store::MessageRow;

use super::commit::{self, Change};
use super::entry::{Held, Trouble};
use super::turn::Turn;
use super::wire;
use crate::member::Speaker;
use crate::outbox::End;
use crate::{Error, Node};

/// Takes the identifier that the platform gave, and proposes to the peer.
///
/// # Errors
/// [`Error::Message`] where the answer is none, [`Error::Evidence`] where the platform refused it in its data, [`Error::Store`].
pub async fn id_given(node: &Node, row: &MessageRow, data: &Value) -> Result<(), Error> {
    let created = ContractCreated::read_at(data, &Path::ROOT)?;
    if created.creation_flag != ResultStatus::Success {
        return Err(Error::Evidence(format!("`{}` did not create the contract", row.destination)));
    }
    let input = Input::IdAssigned { id: created.contract_id };
    settle(node, row, |_, turn| turn.step(input.clone())).await
}

/// Takes the peer's answer to a negotiate message: where it agrees to our terms, they are agreed, and signed if that was decided in advance.
///
/// # Errors
/// [`Error::Message`] where the answer is none, [`Error::Store`].
pub async fn answered(node: &Node, row: &MessageRow, data: &Value) -> Result<(), Error> {
    let is_agreed = wire::is_agreed(data)?;
    settle(node, row, |speaker, turn| {
        let contract = turn.contract();
        let awaits_peer = matches!(&contract.state, ContractState::Negotiating { proposed_by, .. } if *proposed_by == contract.role);
        if is_agreed && awaits_peer { turn.step(Input::PeerAccepted)?.sign_if_due(speaker) } else { Ok(turn) }
    })
    .await
}

/// The peer knows that we ended the contract.
///
/// # Errors
/// [`Error::Store`].
pub async fn told(node: &Node, row: &MessageRow) -> Result<(), Error> {
    settle(node, row, |_, turn| Ok(turn)).await
}

/// A message was refused for good or could not be delivered, and the contract shows why. A refusal is an answer: it ends a contract that
/// is not over, and the message is done with. Where the other side could not be reached in all that time, the message becomes a dead letter;
/// we end a contract that is not in force, and tell the other side when it is back.
///
/// # Errors
/// [`Error::Store`].
pub async fn undelivered(node: &Node, row: &MessageRow, error: &Error) -> Result<(), Error> {
    let trouble = trouble(row, error, node.now());
    let end = |turn: Turn| match row.kind.as_str() {
        TERMINATE => Ok(turn),
        CREATE => no_id(turn, &trouble),
        _ if is_refusal(error) => refused(turn, &trouble),
        _ => unreachable_peer(turn, &trouble),
    };
    let is_answered = is_answer(row, error);
    let (speaker, key) = (speaker(node, row)?, wire::key_of(&row.stream)?);
    let changed = commit::change(node, &row.tenant, key, |held| {
        let turn = end(Turn::on(held, node.now()))?.trouble(trouble.clone());
        let letter = match is_answered {
            true => End::Answered(row.clone()),
            false => End::Dead(row.clone(), trouble.reason.clone()),
        };
        Ok(turn.change(node, &speaker, None)?.settling(letter))
    });
    changed.await.map(drop)
}

/// Whether the other side said no.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Peer { .. }) && !error.is_passing()
}

/// Whether a refusal leaves nothing to do: a proposal or signature that was refused has its answer, and a contract that the other side does
/// not know needs no end there.
fn is_answer(row: &MessageRow, error: &Error) -> bool {
    let is_unknown_there = matches!(error, Error::Peer { code, .. }
        if *code == ReturnCode::extension(Extension::ObjectNotFound).to_string());
    is_refusal(error) && (row.kind != TERMINATE || is_unknown_there)
}

fn trouble(row: &MessageRow, error: &Error, at: Timestamp) -> Trouble {
    let (code, reason) = match error {
        Error::Peer { code, message, .. } => (Some(code.clone()), message.clone()),
        other => (None, other.to_string()),
    };
    Trouble { message: row.kind.clone(), peer: row.destination.clone(), code, reason, at }
}

/// No identifier, no contract: nobody else has heard of it.
fn no_id(turn: Turn, trouble: &Trouble) -> Result<Turn, Error> {
    match turn.contract().state {
        ContractState::Initiated { .. } => turn
            .step(Input::Terminate { reason: short(format!("no contract identifier: {}", trouble.reason)) }),
        _ => Ok(turn),
    }
}

/// The peer refused: it ended the contract. Where it has taken part it is told so, lest it waits.
fn refused(turn: Turn, trouble: &Trouble) -> Result<Turn, Error> {
    let contract = turn.contract();
    if contract.is_over() || matches!(contract.state, ContractState::Initiated { .. }) {
        return Ok(turn);
    }
    let reason = short(trouble.reason.clone());
    let peer = contract.role.other();
    let took_part = contract.rounds.iter().any(|round| round.by == peer)
        || !matches!(contract.state, ContractState::Negotiating { .. });
    let turn = if took_part { turn.tell(Input::Terminate { reason: reason.clone() })? } else { turn };
    turn.step(Input::PeerTerminated { reason })
}

/// The peer is away for too long: a negotiation ends. A contract that both signed goes on, with the trouble to be seen.
fn unreachable_peer(turn: Turn, trouble: &Trouble) -> Result<Turn, Error> {
    match turn.contract().state {
        ContractState::Negotiating { .. } | ContractState::Signing { .. } => {
            turn.step(Input::Terminate { reason: short(format!("not delivered: {}", trouble.reason)) })
        }
        _ => Ok(turn),
    }
}

/// A reason within the domain's limit.
fn short(reason: String) -> String {
    reason.chars().take(domain::limits::REASON_CHARS_MAX).collect()
}

/// Commits what an answer means together with the end of its row. A trouble with a message of that kind is over.
async fn settle(
    node: &Node,
    row: &MessageRow,
    take: impl Fn(&Speaker, Turn) -> Result<Turn, Error>,
) -> Result<(), Error> {
    let (speaker, key) = (speaker(node, row)?, wire::key_of(&row.stream)?);
    let turn = |held: &Arc<Held>| -> Result<Change, Error> {
        let turn = take(&speaker, Turn::on(held, node.now()))?.relieved(&row.kind);
        Ok(turn.change(node, &speaker, None)?.settling(End::Answered(row.clone())))
    };
    commit::change(node, &row.tenant, key, turn).await.map(drop)
}

fn speaker(node: &Node, row: &MessageRow) -> Result<Arc<Speaker>, Error> {
    node.tenant(&row.tenant)
}
