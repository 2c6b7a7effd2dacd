//! What the meters of one node keep in memory: nothing that is not in the store, but for how far a use is sent that is being sent.
//!
//! After a crash it begins empty, and is filled again from the store: windows that are due by the job's first look, counts when they
//! are asked for. How far a use was sent is noted in its row while it is sent ([`super::note_progress`]) and when its stream breaks off; a
//! crash in the middle of a stream loses what was sent since the last note, which favours the user.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crypto::Sha256;
use dataplane::project::Projected;
use domain::id::ContractId;
use store::{UseKey, UseSign};
use tokio::sync::{Notify, OnceCell, watch};

/// How many measured projections are remembered.
const PROJECTIONS_MAX: usize = 1024;
/// How many contracts' counts of unsigned windows are remembered.
const COUNTS_MAX: usize = 8192;

/// A contract of a connector: the connector's id and the contract's.
pub(crate) type Place = (String, String);

/// A file's digest and the fields that are taken from it.
type ProjectionKey = (Sha256, BTreeSet<String>);

/// In-memory state of delivery and metering; one for each node.
#[derive(Debug, Default)]
pub struct Meters {
    waiting: Mutex<Waiting>,
    /// Rings when the windows job has to look sooner than it planned.
    pub(super) sooner: Notify,
    open: Mutex<HashMap<UseKey, InFlight>>,
    received: watch::Sender<u64>,
    projections: Mutex<HashMap<ProjectionKey, Arc<OnceCell<Projected>>>>,
    unsigned: Mutex<Unsigned>,
}

/// Closed uses that stand in no window yet.
#[derive(Debug, Default)]
struct Waiting {
    contracts: HashMap<Place, Due>,
    /// When the job will look next; none where it sleeps until it is called.
    planned: Option<i64>,
}

/// How many uses of a contract wait, and when the first of them closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    uses: u64,
    since: i64,
}

/// When a window closes: how old its first use may get, and how many uses may wait.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Microseconds from the first use's end.
    pub age: i64,
    /// Uses.
    pub uses: u64,
}

impl Due {
    fn at(self, pace: Pace) -> i64 {
        if self.uses >= pace.uses { i64::MIN } else { self.since.saturating_add(pace.age) }
    }
}

/// An open use that bytes are sent of, or were.
#[derive(Debug, Default)]
struct InFlight {
    streams: u32,
    furthest: Furthest,
    /// What the store was told of it.
    noted: u64,
    /// It is being closed as abandoned: nobody may take it up again.
    closing: bool,
}

/// The furthest byte of a use that was sent, shared by all who send it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Furthest(Arc<AtomicU64>);

impl Furthest {
    /// The bytes up to `upto` were sent.
    pub(crate) fn reach(&self, upto: u64) {
        self.0.fetch_max(upto, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts of unsigned windows, and how often a window changed: a count that was begun before a change is not kept.
#[derive(Debug, Default)]
struct Unsigned {
    windows: HashMap<Place, u64>,
    changes: u64,
}

impl Meters {
    /// Notes that a use closed. Calls the windows job where a window is due sooner than the job knows.
    pub(super) fn closed(&self, place: Place, at: i64, pace: Pace) {
        self.wait(place, Due { uses: 1, since: at }, pace);
    }

    /// Notes uses that wait in the store, in place of what was known about their contract.
    pub(super) fn found(&self, place: Place, uses: u64, since: i64, pace: Pace) {
        lock(&self.waiting).contracts.remove(&place);
        self.wait(place, Due { uses, since }, pace);
    }

    /// Notes uses that a window left behind. One that closed meanwhile may be counted twice, which closes the next window the sooner.
    pub(super) fn left(&self, place: Place, uses: u64, since: i64, pace: Pace) {
        self.wait(place, Due { uses, since }, pace);
    }

    fn wait(&self, place: Place, more: Due, pace: Pace) {
        let mut waiting = lock(&self.waiting);
        let due = waiting.contracts.entry(place).or_insert(Due { uses: 0, since: more.since });
        due.uses += more.uses;
        due.since = due.since.min(more.since);
        let at = due.at(pace);
        if waiting.planned.is_none_or(|planned| at < planned) {
            waiting.planned = Some(at);
            self.sooner.notify_one();
        }
    }

    /// Takes up to `limit` contracts whose window is due at `now`, and says when the next one will be.
    pub(super) fn take_due(&self, now: i64, pace: Pace, limit: usize) -> (Vec<Place>, Option<i64>) {
        let mut waiting = lock(&self.waiting);
        let due = waiting.contracts.iter().filter(|(_, due)| due.at(pace) <= now).map(|(place, _)| place);
        let mut taken: Vec<Place> = due.take(limit).cloned().collect();
        taken.sort_unstable();
        for place in &taken {
            waiting.contracts.remove(place);
        }
        waiting.planned = waiting.contracts.values().map(|due| due.at(pace)).min();
        (taken, waiting.planned)
    }

    /// Somebody begins to send a use: as long as he does, it is not taken for abandoned. Nothing where it is just being closed.
    pub(crate) fn begin(&self, key: &UseKey) -> Option<Furthest> {
        let mut open = lock(&self.open);
        let flight = open.entry(key.clone()).or_default();
        if flight.closing {
            return None;
        }
        flight.streams += 1;
        Some(flight.furthest.clone())
    }

    /// Who began to send has ended; `over` where the use has ended with that.
    pub(crate) fn end(&self, key: &UseKey, over: bool) {
        let mut open = lock(&self.open);
        let Some(flight) = open.get_mut(key) else { return };
        flight.streams = flight.streams.saturating_sub(1);
        if flight.streams == 0 && (over || flight.furthest.get() == 0) {
            open.remove(key);
        }
    }

    /// The uses that got further since this was asked last.
    pub(super) fn advanced(&self) -> Vec<UseSign> {
        let mut open = lock(&self.open);
        let flights = open.iter_mut().filter_map(|(key, flight)| {
            let upto = flight.furthest.get();
            let before = std::mem::replace(&mut flight.noted, upto);
            (upto > before).then(|| UseSign { key: key.clone(), upto })
        });
        flights.collect()
    }

    /// Marks a use as being closed and says how far it was sent; nothing where somebody sends it.
    pub(super) fn begin_closing(&self, key: &UseKey) -> Option<u64> {
        let mut open = lock(&self.open);
        let flight = open.entry(key.clone()).or_default();
        if flight.streams > 0 || flight.closing {
            return None;
        }
        flight.closing = true;
        Some(flight.furthest.get())
    }

    /// The mark goes; what was known of the use too, where it is closed now.
    pub(super) fn end_closing(&self, key: &UseKey, closed: bool) {
        let mut open = lock(&self.open);
        match open.get_mut(key) {
            Some(flight) if !closed => flight.closing = false,
            _ => drop(open.remove(key)),
        }
    }

    /// Tells whoever waits that a received use has ended.
    pub(crate) fn ring_received(&self) {
        self.received.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Changes whenever a received use has ended.
    pub(super) fn watch_received(&self) -> watch::Receiver<u64> {
        self.received.subscribe()
    }

    /// How many wait for that.
    #[cfg(test)]
    pub(super) fn waiting_for_received(&self) -> usize {
        self.received.receiver_count()
    }

    /// The place of a measured projection; measured once, however many ask.
    pub(crate) fn projection(&self, file: Sha256, fields: &BTreeSet<String>) -> Arc<OnceCell<Projected>> {
        let mut projections = lock(&self.projections);
        if projections.len() >= PROJECTIONS_MAX {
            projections.clear();
        }
        projections.entry((file, fields.clone())).or_default().clone()
    }

    /// The unsigned windows of a contract, or, where they have to be counted, the state of the windows before the count.
    pub(super) fn unsigned(&self, place: &Place) -> Result<u64, u64> {
        let unsigned = lock(&self.unsigned);
        unsigned.windows.get(place).copied().ok_or(unsigned.changes)
    }

    /// Keeps a count, unless a window changed since the state that it began with.
    pub(super) fn keep_unsigned(&self, place: Place, changes: u64, windows: u64) {
        let mut unsigned = lock(&self.unsigned);
        if unsigned.changes != changes {
            return;
        }
        if unsigned.windows.len() >= COUNTS_MAX {
            unsigned.windows.clear();
        }
        unsigned.windows.insert(place, windows);
    }

    /// A window of the contract was closed or answered: what was counted is old.
    pub(super) fn window_changed(&self, place: &Place) {
        let mut unsigned = lock(&self.unsigned);
        unsigned.changes += 1;
        unsigned.windows.remove(place);
    }
}

/// The place of a contract.
pub(crate) fn place(tenant: &str, contract: &ContractId) -> Place {
    (tenant.to_owned(), contract.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
