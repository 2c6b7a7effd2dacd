//! Open uses: how far they are sent is noted while it happens, and those that nobody asks bytes of any more close after a while as
//! incomplete, and count (docs/WIRE.md, 6).

use std::time::Duration;

use store::{CloseUse, UseRow, UseSign};

use crate::{Error, Node};

/// How many uses one look takes.
const BATCH: u32 = 512;
/// The longest pause between two looks.
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// The shortest pause between two looks.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// How often it is noted how far uses are sent.
const NOTE_EVERY: Duration = Duration::from_secs(1);

/// Job: notes how far uses are sent, so that a crash does not forget it.
pub async fn keep_progress(node: Node) {
    loop {
        tokio::time::sleep(NOTE_EVERY).await;
        if let Err(error) = note_progress(&node).await {
            tracing::warn!(%error, "how far deliveries are was not noted; trying again");
        }
    }
}

/// Notes how far each use was sent that got further since the last time; of how many.
///
/// # Errors
/// [`Error::Store`].
pub async fn note_progress(node: &Node) -> Result<usize, Error> {
    let advanced = node.meters().advanced();
    let uses = advanced.len();
    if uses > 0 {
        node.store().touch_uses(advanced, node.now().micros()).await?;
    }
    Ok(uses)
}

/// Job: closes abandoned uses. The time that the node was down does not count: nobody could ask it for bytes.
pub async fn sweep_idle_uses(node: Node) {
    let idle_ms = u64::try_from(node.limits().use_idle_ms).unwrap_or(0);
    let idle = Duration::from_millis(idle_ms);
    tokio::time::sleep(idle).await;
    loop {
        if let Err(error) = sweep_idle(&node).await {
            tracing::warn!(%error, "abandoned uses could not be closed; trying again");
        }
        // An abandoned use waits at most a tenth longer than it must.
        tokio::time::sleep((idle / 10).clamp(PAUSE_MIN, PAUSE_MAX)).await;
    }
}

/// Closes every use that is idle for too long now; how many.
///
/// # Errors
/// [`Error::Store`].
pub async fn sweep_idle(node: &Node) -> Result<usize, Error> {
    let before = node.now().micros().saturating_sub(node.limits().use_idle_ms.saturating_mul(1000));
    let mut closed = 0;
    loop {
        let idle = node.store().read("uses_idle", move |read| {
            Box::pin(async move { Ok::<_, Error>(read.list_open_uses(before, BATCH).await?) })
        });
        let idle = idle.await?;
        let more = idle.len() as u64 >= u64::from(BATCH);
        closed += sweep_rows(node, idle).await?;
        if !more {
            return Ok(closed);
        }
    }
}

/// Closes the abandoned ones of these uses, and notes that the others live.
async fn sweep_rows(node: &Node, rows: Vec<UseRow>) -> Result<usize, Error> {
    let (mut alive, mut closed): (Vec<UseSign>, usize) = (Vec::new(), 0);
    for UseRow { key, opened_at, bytes, .. } in rows {
        let Some(upto) = node.meters().begin_closing(&key) else {
            alive.push(UseSign { key, upto: bytes });
            continue;
        };
        // What a process before this one sent of it stands in the row.
        let upto = upto.max(bytes);
        let at = node.now().micros().max(opened_at);
        let close = CloseUse { key: key.clone(), at, bytes: upto, rows: 0, digest: None, complete: false };
        let done = super::close(node, close).await;
        node.meters().end_closing(&key, done.is_ok());
        done?;
        tracing::info!(contract.id = key.contract, use.id = key.use_id, bytes = upto, "an abandoned use closed as incomplete");
        closed += 1;
    }
    if !alive.is_empty() {
        let at = node.now().micros();
        node.store().touch_uses(alive, at).await?;
    }
    Ok(closed)
}
