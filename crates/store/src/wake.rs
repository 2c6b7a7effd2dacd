//! Wake-ups after commits. A `watch` channel keeps the fact that something happened, so that a listener who was
//! busy when it happened still learns of it; a slow sweep of the listener covers a process that died in between.

use tokio::sync::watch;

/// What a transaction added that somebody waits for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Rows to send.
    pub outbox: bool,
    /// Evidence to number.
    pub evidence: bool,
    /// A log grew.
    pub heads: bool,
}

impl Effects {
    /// Adds what another transaction of the same commit did.
    pub(crate) fn merge(&mut self, other: Self) {
        self.outbox |= other.outbox;
        self.evidence |= other.evidence;
        self.heads |= other.heads;
    }
}

/// The three bells of a store.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    outbox: watch::Sender<u64>,
    evidence: watch::Sender<u64>,
    heads: watch::Sender<u64>,
}

impl Wake {
    /// Rings for what was committed.
    pub(crate) fn ring(&self, effects: Effects) {
        for (bell, rung) in
            [(&self.outbox, effects.outbox), (&self.evidence, effects.evidence), (&self.heads, effects.heads)]
        {
            if rung {
                bell.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
    }

    pub(crate) fn outbox(&self) -> watch::Receiver<u64> {
        self.outbox.subscribe()
    }

    pub(crate) fn evidence(&self) -> watch::Receiver<u64> {
        self.evidence.subscribe()
    }

    pub(crate) fn heads(&self) -> watch::Receiver<u64> {
        self.heads.subscribe()
    }
}
