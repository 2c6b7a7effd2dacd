//! Windows whose message was given up without a "no": the user's node was away too long, or a use stayed open there. They are sent again
//! once in a while, in their order, because a contract whose windows stay unsigned comes to a stop. Disputed windows are left to people.

use std::collections::BTreeMap;

use ndi::Message as _;
use ndi::weir_v1::usage_window::UsageWindow;
use serde_json::Value;
use store::{MessageRow, WindowRow};

use super::meters::Place;
use super::{window_in, window_row};
use crate::outbox::USAGE_WINDOW;
use crate::{Error, Node};

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
        let waiting = waiting_letters(node, &place, numbered).await?;
        sent += waiting.len();
        revive(node, waiting).await?;
    }
    Ok(sent)
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
