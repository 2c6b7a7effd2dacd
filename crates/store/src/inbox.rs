//! Messages that were received, by sender and sequence number (the idempotency key of the envelope): a repeat gets the
//! stored answer, another body under the same number is refused. Kept 30 days; the caller purges.

use crate::{
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::bounded,
};

/// How long a received message is remembered, microseconds (30 days).
pub const INBOX_KEPT_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxRow {
    /// Who sent it.
    pub sender: String,
    /// Its `sequenceNum`.
    pub sequence: String,
    /// SHA-256 of what makes it the same message (its name, addressee and body), hexadecimal.
    pub body_hash: String,
    /// What it was answered.
    pub answer: Option<String>,
    /// Received at, microseconds.
    pub received_at: i64,
}

from_row!(InboxRow { sender: text, sequence: text, body_hash: text, answer: text_opt, received_at: int });

/// Whether a message is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is; it is noted now, with its answer.
    New,
    /// Its number came before: [`Read::get_received`] tells with which body, and what it was answered. Nothing was changed.
    Known,
}

impl Tx {
    /// Notes a message with its answer, unless its number is known. `row.received_at` is now.
    pub async fn receive(&mut self, row: &InboxRow) -> Result<Arrival> {
        let statement = sql("-- receive
            INSERT INTO inbox (sender, sequence, body_hash, answer, received_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (sender, sequence) DO NOTHING")
        .bind(row.sender.as_str())
        .bind(row.sequence.as_str())
        .bind(row.body_hash.as_str())
        .bind(row.answer.as_deref())
        .bind(row.received_at);
        Ok(if self.execute(statement).await? == 1 { Arrival::New } else { Arrival::Known })
    }

    /// Forgets the oldest `limit` messages received before `before` (a few more where times are equal); how many.
    pub async fn purge_inbox(&mut self, before: i64, limit: u32) -> Result<u64> {
        let statement = sql("-- purge_inbox
            DELETE FROM inbox WHERE received_at <= (
                SELECT MAX(received_at) FROM (
                    SELECT received_at FROM inbox WHERE received_at < $1 ORDER BY received_at LIMIT $2) AS oldest)")
        .bind(before)
        .bind(bounded(limit));
        self.execute(statement).await
    }
}

impl Read {
    /// A received message.
    pub async fn get_received(&mut self, sender: &str, sequence: &str) -> Result<Option<InboxRow>> {
        let statement = sql("-- get_received\nSELECT * FROM inbox WHERE sender = $1 AND sequence = $2");
        self.find(statement.bind(sender).bind(sequence)).await
    }
}
