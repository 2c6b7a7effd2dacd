//! The streams of the feed as they stand: when each source was last heard, and how far each follower was sent our own log.
//!
//! Kept in memory, for whoever asks how the node does: it begins anew with the process.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::Timestamp;
use tokio::sync::oneshot;

/// Sources and followers, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Links {
    heard: Mutex<BTreeMap<String, Timestamp>>,
    followers: Mutex<HashMap<String, Held>>,
}

/// A stream that a follower holds. A follower has one: a new one ends the one before.
#[derive(Debug)]
struct Held {
    ends: oneshot::Sender<()>,
    name: String,
    since: Timestamp,
    sent: Sent,
}

/// How many entries of our own public log a follower was sent, or said that it holds.
pub(crate) type Sent = Arc<AtomicU64>;

/// A follower as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Follower {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Since when it holds its stream.
    pub since: Timestamp,
    /// How many entries of our own public log it was sent, or said that it holds.
    pub sent: u64,
}

impl Links {
    /// A source said something, and all that it said before is held.
    pub(crate) fn heard(&self, source: &str, at: Timestamp) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(source.to_owned(), at);
    }

    /// When a source was last heard, since the process began; `None` before it was.
    pub(crate) fn last_heard(&self, source: &str) -> Option<Timestamp> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).get(source).copied()
    }

    /// Enters a follower that holds so much of our own log; what comes back ends when it connects again.
    pub(crate) fn enter(
        &self,
        id: &str,
        name: &str,
        holds: u64,
        since: Timestamp,
    ) -> (oneshot::Receiver<()>, Sent) {
        let (ends, ended) = oneshot::channel();
        let sent = Sent::new(AtomicU64::new(holds));
        let held = Held { ends, name: name.to_owned(), since, sent: sent.clone() };
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|_, held| !held.ends.is_closed());
        followers.insert(id.to_owned(), held);
        (ended, sent)
    }

    /// Those who hold a stream now, by identifier.
    pub(crate) fn followers(&self) -> Vec<Follower> {
        let held = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = held.iter().filter(|(_, held)| !held.ends.is_closed());
        let mut followers: Vec<Follower> = open
            .map(|(id, held)| Follower {
                id: id.clone(),
                name: held.name.clone(),
                since: held.since,
                sent: held.sent.load(Ordering::Relaxed),
            })
            .collect();
        followers.sort_by(|one, other| one.id.cmp(&other.id));
        followers
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_follower_is_told_while_it_holds_its_stream() {
        let (links, at) = (Links::default(), Timestamp::from_secs(1_767_225_600));
        assert!(links.followers().is_empty());
        let (first, _) = links.enter("5b", "b", 1, at);
        let (_other, sent) = links.enter("5a", "a", 7, at);
        sent.store(9, Ordering::Relaxed);
        let told: Vec<(String, u64)> = links.followers().into_iter().map(|one| (one.id, one.sent)).collect();
        assert_eq!(told, [("5a".to_owned(), 9), ("5b".to_owned(), 1)]);
        drop(first);
        assert_eq!(links.followers().len(), 1, "it let go");
    }

    #[test]
    fn the_last_time_counts() {
        let (links, at) = (Links::default(), Timestamp::from_secs(1_767_225_600));
        assert_eq!(links.last_heard("2a"), None);
        links.heard("2a", at);
        links.heard("2a", at.plus_secs(5));
        assert_eq!((links.last_heard("2a"), links.last_heard("2b")), (Some(at.plus_secs(5)), None));
    }
}
