//! Who could not be reached. As soon as such a peer is heard of (a message from it, its feed, or an answer), what waits for it is due, and
//! need not wait until its pause is over. Peers that share an address are one: a host that is back is back for all its connectors.
//!
//! While nobody is away this costs one look at a flag for each message.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Timestamp;

use crate::{Error, Node};

/// How soon after a peer was heard of it may make messages due again: one that speaks but does not listen is not tried at each word.
const AGAIN_MICROS: i64 = 60 * 1_000_000;

/// The peers that could not be reached since the node started.
#[derive(Debug, Default)]
pub(super) struct Away {
    is_anybody: AtomicBool,
    by_address: Mutex<HashMap<String, Peer>>,
}

/// Whoever has that address.
#[derive(Debug, Default)]
struct Peer {
    ids: BTreeSet<String>,
    heard_at: Option<Timestamp>,
}

impl Away {
    fn peers(&self) -> MutexGuard<'_, HashMap<String, Peer>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anybody is away.
    fn is_anybody(&self) -> bool {
        self.is_anybody.load(Ordering::Relaxed)
    }

    /// A try that began at `began` failed. Answers whether the peer was heard of since: then the next try need not wait.
    fn note(&self, id: &str, address: &str, began: Timestamp) -> bool {
        let mut peers = self.peers();
        let peer = peers.entry(address.to_owned()).or_default();
        peer.ids.insert(id.to_owned());
        self.is_anybody.store(true, Ordering::Relaxed);
        peer.heard_at.is_some_and(|at| at >= began)
    }

    /// A peer was heard of: whose messages are due now.
    fn heard(&self, address: &str, now: Timestamp) -> Vec<String> {
        let mut peers = self.peers();
        let Some(peer) = peers.get_mut(address) else { return Vec::new() };
        if peer.heard_at.is_some_and(|at| now.micros().saturating_sub(at.micros()) < AGAIN_MICROS) {
            return Vec::new();
        }
        peer.heard_at = Some(now);
        peer.ids.iter().cloned().collect()
    }

    /// Nothing waits for that peer any more.
    fn forget(&self, address: &str) {
        let mut peers = self.peers();
        peers.remove(address);
        self.is_anybody.store(!peers.is_empty(), Ordering::Relaxed);
    }
}

/// Notes that a try for a peer failed, which began at `began`. Answers whether the peer was heard of since.
pub(super) async fn note(node: &Node, id: &str, began: Timestamp) -> bool {
    let address = match super::target(node, id).await {
        Ok(target) => target.address,
        Err(_) => id.to_owned(),
    };
    node.post().away.note(id, &address, began)
}

/// Takes note that a peer was heard of: by a message, or on a stream.
pub fn heard(node: &Node, address: Option<&str>) {
    if let Some(address) = address
        && node.post().away.is_anybody()
    {
        wake(node, address, false);
    }
}

/// The same after an answer to a message of ours.
pub(super) async fn answered(node: &Node, id: &str) {
    if node.post().away.is_anybody()
        && let Ok(target) = super::target(node, id).await
    {
        wake(node, &target.address, true);
    }
}

/// Makes what waits for a peer due. After an answer, a peer for whom nothing waits is away no more.
fn wake(node: &Node, address: &str, has_answered: bool) {
    let ids = node.post().away.heard(address, node.now());
    if ids.is_empty() {
        return;
    }
    let (waker, address) = (node.clone(), address.to_owned());
    node.spawn("messages to a peer that is back", async move {
        match hasten(&waker, ids).await {
            Ok(0) if has_answered => waker.post().away.forget(&address),
            Ok(messages) => {
                tracing::debug!(messages, peer = address, "a peer was heard of; trying what waits for it")
            }
            Err(error) => {
                tracing::debug!(%error, "what waits for a peer that is back waits for its next try")
            }
        }
    });
}

async fn hasten(node: &Node, ids: Vec<String>) -> Result<u64, Error> {
    let at = node.now().micros();
    node.store()
        .run_tx("outbox_hasten", move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                let mut hastened = 0;
                for id in ids {
                    hastened += tx.hasten_messages_to(&id, at).await?;
                }
                Ok::<_, Error>(hastened)
            })
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn whoever_was_not_reached_is_due_when_its_address_is_heard_of_but_not_at_each_word() {
        let away = Away::default();
        assert!(!away.is_anybody());
        assert!(!away.note("5a", "http://host", at(10)));
        assert!(!away.note("5b", "http://host", at(11)));
        assert!(!away.note("2a", "2a", at(12)), "one whose address is unknown goes by its name");
        assert!(away.is_anybody());
        assert!(away.heard("http://other", at(20)).is_empty());
        assert_eq!(away.heard("http://host", at(20)), ["5a", "5b"]);
        assert!(away.heard("http://host", at(79)).is_empty());
        assert_eq!(away.heard("http://host", at(80)), ["5a", "5b"]);
    }

    #[test]
    fn a_try_during_which_the_peer_came_back_is_told_apart() {
        let away = Away::default();
        away.note("5a", "http://host", at(10));
        away.heard("http://host", at(20));
        assert!(away.note("5a", "http://host", at(15)), "it spoke while we tried");
        assert!(!away.note("5a", "http://host", at(21)));
    }

    #[test]
    fn with_the_last_one_everybody_is_there() {
        let away = Away::default();
        away.note("5a", "http://a", at(1));
        away.note("5b", "http://b", at(1));
        away.forget("http://a");
        assert!(away.is_anybody());
        away.forget("http://b");
        assert!(!away.is_anybody());
    }
}
