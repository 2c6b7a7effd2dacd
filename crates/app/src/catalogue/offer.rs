//! What a connector's resources and products have in common: their keys, their region, and waiting for an answer.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use crypto::Sha256;
use domain::id::NodeId;
use ndi::weir_v1::catalogue::{
    PRODUCT_DELIST_MSG, PRODUCT_LIST_MSG, PRODUCT_REGISTER_MSG, PRODUCT_WITHDRAW_MSG, RESOURCE_REGISTER_MSG,
};
use serde_json::Value;
use store::MessageRow;

use crate::member::Speaker;
use crate::{Error, Node, Reason};

/// How long a use case waits for the region or service node before it says that the message is under way.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// The key of a resource: the same file is the same resource, and the path does not show in it.
pub(crate) fn key_of(path: &Path) -> String {
    let digest = Sha256::of(path.to_string_lossy().as_bytes()).to_string();
    digest.get(..24).map(str::to_owned).unwrap_or(digest)
}

/// The function node where a connector registers.
pub(crate) fn region_of(speaker: &Speaker) -> Result<NodeId, Error> {
    let upstream = speaker.membership.upstream.as_ref();
    upstream
        .map(|peer| peer.id.clone())
        .ok_or_else(|| Error::NotJoined(Reason::new("no-region", "it has no region")))
}

/// Waits until `look` finds what it looks for; looks again whenever a message was answered.
///
/// # Errors
/// Those of `look`; [`Error::NotYet`] where the other side does not answer in time (the message stays under way).
pub(crate) async fn settled<T, F>(node: &Node, look: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<Option<T>, Error>>,
{
    let mut changed = node.store().watch_outbox();
    let deadline = tokio::time::Instant::now() + ANSWER_WAIT;
    loop {
        changed.mark_unchanged();
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if tokio::time::timeout_at(deadline, changed.changed()).await.is_err() {
            return Err(unanswered());
        }
    }
}

/// The other side was told, and has not answered.
pub(crate) fn unanswered() -> Error {
    Error::NotYet(Reason::new("unanswered", "the other side has not answered; the message is under way"))
}

/// Whether the outbox asks the catalogue what an answer to such a message means.
pub(crate) fn owns(kind: &str) -> bool {
    [RESOURCE_REGISTER_MSG, PRODUCT_REGISTER_MSG, PRODUCT_LIST_MSG, PRODUCT_DELIST_MSG, PRODUCT_WITHDRAW_MSG]
        .contains(&kind)
}

/// Takes an answer to a catalogue message, and ends the message in the same transaction.
pub(crate) async fn answered(node: &Node, row: &MessageRow, data: &Value) -> Result<(), Error> {
    match row.kind.as_str() {
        RESOURCE_REGISTER_MSG => super::resource::answered(node, row, data).await,
        _ => super::product::answered(node, row, data).await,
    }
}

/// Takes note that a catalogue message was refused for good.
pub(crate) async fn undelivered(node: &Node, row: &MessageRow, error: &Error) -> Result<(), Error> {
    match row.kind.as_str() {
        RESOURCE_REGISTER_MSG => super::resource::undelivered(node, row, error).await,
        _ => super::product::undelivered(node, row, error).await,
    }
}
