//! Windows whose message was given up without a "no": the user's node was away too long, or a use stayed open there. They are sent again
//! once in a while, in their order, because a contract whose windows stay unsigned comes to a stop. Disputed windows are left to people, and
//! a contract that is over needs its windows only as long as any message is tried.

use std::collections::BTreeMap;

use domain::contract::ContractState;
use ndi::Message as _;
use ndi::weir_v1::usage_window::UsageWindow;
use serde_json::Value;
use store::{MessageRow, WindowRow};

use super::meters::Place;
use super::{window_in, window_row};
use crate::outbox::USAGE_WINDOW;
use crate::{Error, Node, contract};

/// How long a dead window rests before it is sent again, in microseconds.
const REST_MICROS: i64 = 5 * 60 * 1_000_000;
/// How many dead letters one look takes at once.
const PAGE: u32 = 500;

/// Sends windows again that nobody refused; how many.
///
/// # Errors
/// [`Error::Store`].
pub async fn resend_windows(node: &Node) -> Result<usize, Error> {
    let mut sent = 0;
    for (place, numbered) in dead_windows(node).await? {
        if is_past(node, &place).await? {
            continue;
        }
        let waiting = waiting_letters(node, &place, numbered).await?;
        sent += waiting.len();
        revive(node, waiting).await?;
    }
    Ok(sent)
}

/// Whether the dead letter of a window is needed: the window waits for its answer, and its contract goes on.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn is_window_needed(node: &Node, letter: &MessageRow) -> Result<bool, Error> {
    let Some((id, number)) = carried(letter) else { return Ok(false) };
    let window = window_row(node, &letter.tenant, &id, number).await?;
    if window.is_none_or(|row| row.state != WindowRow::SIGNED) {
        return Ok(false);
    }
    let held = contract::find(node, &letter.tenant, &id).await?;
    Ok(held.is_some_and(|held| !held.contract().is_over()))
}

/// Whether a contract is over for so long that no message about it is tried any more.
async fn is_past(node: &Node, (tenant, id): &Place) -> Result<bool, Error> {
    let Some(held) = contract::find(node, tenant, id).await? else { return Ok(true) };
    let ended = match &held.contract().state {
        ContractState::Ended { at, .. } | ContractState::SigningFailed { at, .. } => *at,
        _ => return Ok(false),
    };
    let age = node.now().micros().saturating_sub(ended.micros());
    Ok(age >= node.limits().send_age_max_ms.saturating_mul(1000))
}

/// The dead letters of windows that have rested, by contract and by window.
async fn dead_windows(node: &Node) -> Result<BTreeMap<Place, BTreeMap<u64, i64>>, Error> {
    let latest = node.now().micros().saturating_sub(REST_MICROS);
    let mut letters: BTreeMap<Place, BTreeMap<u64, i64>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = node.store().read("windows_dead", move |read| {
            Box::pin(
                async move { Ok::<_, Error>(read.list_dead_messages_of(USAGE_WINDOW, after, PAGE).await?) },
            )
        });
        let page = page.await?;
        let Some(last) = page.last() else { return Ok(letters) };
        after = last.id;
        for row in page.into_iter().filter(|row| row.dead_at.is_some_and(|at| at <= latest)) {
            if let Some((contract, number)) = carried(&row) {
                letters.entry((row.tenant, contract)).or_default().insert(number, row.id);
            }
        }
    }
}

/// The window that a message carries.
fn carried(message: &MessageRow) -> Option<(String, u64)> {
    let body: Value = serde_json::from_str(&message.body).ok()?;
    let sent = UsageWindow::read(&body).ok()?;
    let number = window_in(&sent.window).ok()?.number;
    Some((sent.contract_id.to_string(), number))
}

/// Of a contract's dead letters those whose window waits for an answer, unless a window before them was refused.
async fn waiting_letters(
    node: &Node,
    (tenant, contract): &Place,
    numbered: BTreeMap<u64, i64>,
) -> Result<Vec<i64>, Error> {
    let mut waiting = Vec::new();
    for (number, id) in numbered {
        let state = |row: Option<WindowRow>| row.map(|row| row.state).unwrap_or_default();
        if waiting.is_empty() && number > 1 {
            let before = window_row(node, tenant, contract, number - 1).await?;
            if state(before) == WindowRow::REFUSED {
                return Ok(waiting);
            }
        }
        match state(window_row(node, tenant, contract, number).await?).as_str() {
            WindowRow::SIGNED => waiting.push(id),
            WindowRow::REFUSED => return Ok(waiting),
            _ => {}
        }
    }
    Ok(waiting)
}

async fn revive(node: &Node, letters: Vec<i64>) -> Result<(), Error> {
    let at = node.now().micros();
    node.store()
        .run_tx("windows_resend", move |tx| {
            let letters = letters.clone();
            Box::pin(async move {
                for id in letters {
                    tx.revive_message(id, at).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
}
