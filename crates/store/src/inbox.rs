//! Messages that were received, by sender and sequence number (the idempotency key of the envelope): a repeat gets the
//! stored answer, another body under the same number is refused. Kept 30 days; the caller purges.

use crate::{
    conn::{Read, Tx, bounded, from_row, sql},
    error::{Result, StoreError},
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
    /// SHA-256 of its body, hexadecimal.
    pub body_hash: String,
    /// What it was answered, once it was.
    pub answer: Option<String>,
    /// Received at, microseconds.
    pub received_at: i64,
}

from_row!(InboxRow { sender: text, sequence: text, body_hash: text, answer: text_opt, received_at: int });

/// Whether a message is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// It is; it is noted now.
    New,
    /// It came before, with the same body: give the same answer (`None`: it was not answered yet).
    Repeat(Option<String>),
    /// Its number came before with another body: refuse it.
    Different,
}

impl Tx {
    /// Notes a message, unless its number is known.
    pub async fn receive(
        &mut self,
        sender: &str,
        sequence: &str,
        body_hash: &str,
        at: i64,
    ) -> Result<Arrival> {
        let statement = sql("-- receive
            INSERT INTO inbox (sender, sequence, body_hash, received_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (sender, sequence) DO NOTHING")
        .bind(sender)
        .bind(sequence)
        .bind(body_hash)
        .bind(at);
        if self.execute(statement).await? == 1 {
            return Ok(Arrival::New);
        }
        match self.get_received(sender, sequence).await? {
            Some(row) if row.body_hash == body_hash => Ok(Arrival::Repeat(row.answer)),
            Some(_) => Ok(Arrival::Different),
            None => Err(StoreError::conflict(format!("message `{sequence}` of `{sender}`"))),
        }
    }

    /// Keeps the answer to a message, for its repeats.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where no such message was received.
    pub async fn answer_received(&mut self, sender: &str, sequence: &str, answer: &str) -> Result<()> {
        let statement = sql("-- answer_received
            UPDATE inbox SET answer = $3 WHERE sender = $1 AND sequence = $2")
        .bind(sender)
        .bind(sequence)
        .bind(answer);
        if self.execute(statement).await? == 1 {
            return Ok(());
        }
        Err(StoreError::NotFound { what: format!("message `{sequence}` of `{sender}`") })
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
