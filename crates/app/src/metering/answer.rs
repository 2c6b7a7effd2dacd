//! The user's answer to a window, at the provider: a counter-signature is checked, logged and kept; a refusal makes the window disputed.

use std::sync::Arc;

use crypto::SignedObject;
use domain::id::ContractId;
use domain::{Evidence, EvidenceKind};
use ledger::window::{COUNTERSIGNATURE_TYPE, Countersignature, Window};
use ndi::Message as _;
use ndi::weir_v1::usage_window::{UsageWindow, UsageWindowReply};
use serde_json::{Value, json};
use store::{Body, MessageRow, WindowRow};

use super::{WindowAnswer, WindowBody, close, window_in, window_row, window_subject};
use crate::log::Entries;
use crate::{Error, Node, outbox};

/// Takes the user's answer to a window: checks the counter-signature, keeps it, logs it, and ends the message, in one transaction.
///
/// # Errors
/// [`Error::Evidence`] where the counter-signature does not hold, [`Error::Message`] for its form, [`Error::NotFound`] for the window.
pub async fn window_answered(node: &Node, message: &MessageRow, answer: Value) -> Result<(), Error> {
    let reply = UsageWindowReply::read(&answer)?;
    let (row, window) = sent(node, message).await?;
    let user = node.known(&message.destination).await?;
    check(&reply.countersignature, &window, &row, &user.key)?;
    let evidence = close::evidence(EvidenceKind::WindowCountersigned, &window, &reply.countersignature)?;
    let answer = WindowAnswer::Countersigned(reply.countersignature);
    keep(node, message, row, WindowRow::COUNTERSIGNED, answer, evidence).await
}

/// Takes the end of a window's message. A refusal is an answer: the window is disputed, visibly. Where there was none, the message is a dead
/// letter until it is sent again ([`super::resend`]).
///
/// # Errors
/// [`Error::NotFound`] for the window, [`Error::Store`].
pub async fn window_undelivered(node: &Node, message: &MessageRow, error: &Error) -> Result<(), Error> {
    let (row, window) = sent(node, message).await?;
    let (code, reason) = match error {
        Error::Peer { code, message, .. } => (Some(code.clone()), message.clone()),
        other => (None, other.to_string()),
    };
    let is_refusal = matches!(error, Error::Peer { .. } | Error::Evidence(_) | Error::Message(_));
    if !is_refusal || error.is_passing() {
        // Nobody said no: the window stays as it is.
        return bury(node, message, error.to_string()).await;
    }
    let contract = ContractId::parse(&row.contract).map_err(|error| Error::Corrupt(error.to_string()))?;
    let evidence = Evidence {
        kind: EvidenceKind::WindowDisputed,
        subject: window_subject(&row.contract, row.number),
        contract: Some(contract),
        body: json!({"number": window.number, "window": row.hash, "code": code, "reason": reason}),
    };
    let answer = WindowAnswer::Refused { code, reason };
    keep(node, message, row, WindowRow::REFUSED, answer, evidence).await
}

/// The window that a message carried, from our own row.
async fn sent(node: &Node, message: &MessageRow) -> Result<(WindowRow, Window), Error> {
    let unreadable = |what: String| Error::Corrupt(format!("outbox row {}: {what}", message.id));
    let body: Value = serde_json::from_str(&message.body).map_err(|error| unreadable(error.to_string()))?;
    let sent = UsageWindow::read(&body).map_err(|error| unreadable(error.to_string()))?;
    let window = window_in(&sent.window)?;
    let row = window_row(node, &message.tenant, sent.contract_id.as_str(), window.number).await?;
    let row = row.ok_or_else(|| {
        Error::not_found("window", window_subject(sent.contract_id.as_str(), window.number))
    })?;
    let stored: WindowBody = row.body.get()?;
    if stored.object != sent.window {
        return Err(unreadable("its window is not the stored one".to_owned()));
    }
    Ok((row, window))
}

fn check(
    countersignature: &SignedObject,
    window: &Window,
    row: &WindowRow,
    user: &crypto::PublicKey,
) -> Result<(), Error> {
    let refused = |error: &dyn std::fmt::Display| {
        Error::Evidence(format!("the counter-signature of window {} does not hold: {error}", row.number))
    };
    let body: Countersignature =
        countersignature.verify(COUNTERSIGNATURE_TYPE, user).map_err(|error| refused(&error))?;
    let hash = row.hash.parse().map_err(|_| Error::Corrupt(format!("hash of window {}", row.number)))?;
    body.refers_to(window, hash).map_err(|error| refused(&error))
}

/// Keeps an answer to a window that waits for one. A second answer changes nothing, but ends its message.
async fn keep(
    node: &Node,
    message: &MessageRow,
    row: WindowRow,
    state: &'static str,
    answer: WindowAnswer,
    evidence: Evidence,
) -> Result<(), Error> {
    let now = node.now();
    let entries = Entries::new().record(node, &row.tenant, &[evidence], now);
    let place = (row.tenant.clone(), row.contract.clone());
    let shared = Arc::new((row, message.clone(), Body::of(&answer)?));
    let kept = node
        .store()
        .run_tx("window_answered", move |tx| {
            let (shared, entries) = (shared.clone(), entries.clone());
            Box::pin(async move {
                let (row, message, answer) = shared.as_ref();
                let place = (row.tenant.as_str(), row.contract.as_str(), row.number);
                if tx.answer_window(place, state, answer, now.micros()).await? {
                    entries.write(tx).await?;
                }
                outbox::complete(tx, message).await
            })
        })
        .await;
    // Also after a failure: it may be one of the answer to the commit.
    node.meters().window_changed(&place);
    kept
}

async fn bury(node: &Node, message: &MessageRow, reason: String) -> Result<(), Error> {
    let (message, at) = (Arc::new(message.clone()), node.now().micros());
    node.store()
        .run_tx("window_undelivered", move |tx| {
            let (message, reason) = (message.clone(), reason.clone());
            Box::pin(async move { Ok::<_, Error>(tx.bury_message(&message, at, &reason).await.map(drop)?) })
        })
        .await
}
