//! Messages to send, written in the step that causes them. A sender leases what is due, sends, and reports back; a
//! lease that runs out is given again. Messages of one stream (tenant and stream key) leave in their order: only the
//! first that is alive can be leased. A message that cannot be delivered ends as a visible dead letter and lets those
//! behind it pass; it can be brought back, is dismissed, or goes with its time.

use std::collections::HashSet;

use crate::{
    columns::{from_row, to_i64, without_nul},
    conn::{Read, Tx, sql},
    error::Result,
    many::Many,
    page::bounded,
};

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// The sender: a connector's or the node's own id.
    pub tenant: String,
    /// What must keep its order, for instance destination and contract.
    pub stream: String,
    /// The receiver's id.
    pub destination: String,
    /// What message it is.
    pub kind: String,
    /// Its body, JSON text; it is signed anew for every attempt.
    pub body: String,
    /// Now, microseconds; it is due at once.
    pub at: i64,
}

/// A message as stored. One that was leased is its own lease: `id` and `attempts` together name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageRow {
    /// Its number; higher ones were written later.
    pub id: i64,
    /// The sender.
    pub tenant: String,
    /// What must keep its order.
    pub stream: String,
    /// The receiver's id.
    pub destination: String,
    /// What message it is.
    pub kind: String,
    /// Its body, JSON text.
    pub body: String,
    /// How often it was leased.
    pub attempts: u64,
    /// Written at, microseconds.
    pub created_at: i64,
    /// Due at, microseconds.
    pub next_at: i64,
    /// Leased until, microseconds.
    pub lease_until: Option<i64>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Given up at, microseconds.
    pub dead_at: Option<i64>,
}

from_row!(MessageRow {
    id: int,
    tenant: text,
    stream: text,
    destination: text,
    kind: text,
    body: text,
    attempts: count,
    created_at: int,
    next_at: int,
    lease_until: int_opt,
    last_error: text_opt,
    dead_at: int_opt,
});

const ADD_MESSAGES: Many = Many {
    head: "-- add_messages
        INSERT INTO outbox (tenant, stream, destination, kind, body, attempts, created_at, next_at) VALUES ",
    columns: 8,
    tail: "",
    is_padded: false,
};

// A message is leased at once where its stream has no other that is alive.
const ADD_LEASED: Many = Many {
    head: "-- add_leased
        INSERT INTO outbox
            (tenant, stream, destination, kind, body, created_at, next_at, attempts, lease_until)
        SELECT one.column1, one.column2, one.column3, one.column4, one.column5, one.column6, one.column6,
            CASE WHEN one.lease IS NULL THEN 0 ELSE 1 END, one.lease
        FROM (SELECT v.*, CASE WHEN EXISTS (
                SELECT 1 FROM outbox AS before
                WHERE before.tenant = v.column1 AND before.stream = v.column2 AND before.dead_at IS NULL)
            THEN NULL ELSE v.column7 END AS lease
        FROM (VALUES ",
    columns: 7,
    tail: ") AS v) AS one RETURNING *",
    is_padded: false,
};

impl Tx {
    /// Adds messages in their order.
    pub async fn add_messages(&mut self, messages: &[NewMessage]) -> Result<()> {
        let added = self.execute_many(&ADD_MESSAGES, messages, |statement, one| {
            Ok(statement
                .bind(one.tenant.as_str())
                .bind(one.stream.as_str())
                .bind(one.destination.as_str())
                .bind(one.kind.as_str())
                .bind(one.body.as_str())
                .bind(0_i64)
                .bind(one.at)
                .bind(one.at))
        });
        self.effects.outbox |= added.await? > 0;
        Ok(())
    }

    /// Adds messages in their order and leases up to `limit` of them for `lease_micros`, those that are the first of their
    /// stream; answers the leased ones. Nobody is woken for them: they are the caller's to send.
    pub async fn add_leased(
        &mut self,
        messages: &[NewMessage],
        limit: u32,
        lease_micros: i64,
    ) -> Result<Vec<MessageRow>> {
        let rows = with_leases(messages, limit, lease_micros);
        let added = self.list_many(&ADD_LEASED, &rows, |statement, (one, until)| {
            Ok(statement
                .bind(one.tenant.as_str())
                .bind(one.stream.as_str())
                .bind(one.destination.as_str())
                .bind(one.kind.as_str())
                .bind(one.body.as_str())
                .bind(one.at)
                .bind(*until))
        });
        let mut leased: Vec<MessageRow> = added.await?;
        leased.retain(|row| row.lease_until.is_some());
        leased.sort_unstable_by_key(|row| row.id);
        self.effects.outbox |= leased.len() < messages.len();
        Ok(leased)
    }

    /// Leases up to `limit` messages that are due at `now`, for `lease_micros`.
    pub async fn lease_due(&mut self, limit: u32, now: i64, lease_micros: i64) -> Result<Vec<MessageRow>> {
        let statement = sql("-- lease_due
            UPDATE outbox SET lease_until = $1, attempts = attempts + 1
            WHERE id IN (
                SELECT due.id FROM outbox AS due
                WHERE due.dead_at IS NULL AND due.next_at <= $2
                    AND (due.lease_until IS NULL OR due.lease_until <= $2)
                    AND NOT EXISTS (
                        SELECT 1 FROM outbox AS before
                        WHERE before.tenant = due.tenant AND before.stream = due.stream
                            AND before.dead_at IS NULL AND before.id < due.id)
                ORDER BY due.next_at, due.id LIMIT $3)
            RETURNING *")
        .bind(now.saturating_add(lease_micros))
        .bind(now)
        .bind(bounded(limit));
        let mut leased: Vec<MessageRow> = self.list(statement).await?;
        leased.sort_unstable_by_key(|row| row.id);
        Ok(leased)
    }

    /// Ends every lease: to be called at a start, before anything is leased. One process has a store, so whoever held them is gone.
    /// Answers how many there were.
    pub async fn free_leases(&mut self) -> Result<u64> {
        let freed = self.execute(sql("-- free_leases
            UPDATE outbox SET lease_until = NULL WHERE lease_until IS NOT NULL AND dead_at IS NULL"));
        let freed = freed.await?;
        self.effects.outbox |= freed > 0;
        Ok(freed)
    }

    /// The message arrived: it goes, and the next of its stream is free. `false` where the lease was lost meanwhile.
    pub async fn complete_message(&mut self, lease: &MessageRow) -> Result<bool> {
        let statement = sql("-- complete_message
            DELETE FROM outbox WHERE id = $1 AND attempts = $2 AND dead_at IS NULL")
        .bind(lease.id)
        .bind(to_i64(lease.attempts, "attempts")?);
        let done = self.execute(statement).await? == 1;
        self.effects.outbox |= done;
        Ok(done)
    }

    /// The attempt failed: try again at `next_at`. `false` where the lease was lost meanwhile.
    pub async fn retry_message(&mut self, lease: &MessageRow, next_at: i64, error: &str) -> Result<bool> {
        let statement = sql("-- retry_message
            UPDATE outbox SET next_at = $3, lease_until = NULL, last_error = $4
            WHERE id = $1 AND attempts = $2 AND dead_at IS NULL")
        .bind(lease.id)
        .bind(to_i64(lease.attempts, "attempts")?)
        .bind(next_at)
        .bind(without_nul(error));
        let done = self.execute(statement).await? == 1;
        self.effects.outbox |= done;
        Ok(done)
    }

    /// The message is given up and kept as a dead letter. `false` where the lease was lost meanwhile.
    pub async fn bury_message(&mut self, lease: &MessageRow, at: i64, reason: &str) -> Result<bool> {
        let statement = sql("-- bury_message
            UPDATE outbox SET dead_at = $3, lease_until = NULL, last_error = $4
            WHERE id = $1 AND attempts = $2 AND dead_at IS NULL")
        .bind(lease.id)
        .bind(to_i64(lease.attempts, "attempts")?)
        .bind(at)
        .bind(without_nul(reason));
        let done = self.execute(statement).await? == 1;
        self.effects.outbox |= done;
        Ok(done)
    }

    /// Brings a dead letter back as if it were written at `at`, in its old place in the stream; whether it was one.
    pub async fn revive_message(&mut self, id: i64, at: i64) -> Result<bool> {
        let statement = sql("-- revive_message
            UPDATE outbox SET dead_at = NULL, lease_until = NULL, next_at = $2, created_at = $2
            WHERE id = $1 AND dead_at IS NOT NULL")
        .bind(id)
        .bind(at);
        let done = self.execute(statement).await? == 1;
        self.effects.outbox |= done;
        Ok(done)
    }

    /// Makes a message that waits for its next try due at `at`; whether it waits.
    pub async fn hasten_message(&mut self, id: i64, at: i64) -> Result<bool> {
        let statement = sql("-- hasten_message
            UPDATE outbox SET next_at = $2
            WHERE id = $1 AND dead_at IS NULL AND lease_until IS NULL AND next_at > $2")
        .bind(id)
        .bind(at);
        let done = self.execute(statement).await? == 1;
        self.effects.outbox |= done;
        Ok(done)
    }

    /// Makes what waits for its next try to that receiver due at `at`; how much that is.
    pub async fn hasten_messages_to(&mut self, destination: &str, at: i64) -> Result<u64> {
        let statement = sql("-- hasten_messages_to
            UPDATE outbox SET next_at = $2
            WHERE destination = $1 AND dead_at IS NULL AND lease_until IS NULL AND next_at > $2")
        .bind(destination)
        .bind(at);
        let hastened = self.execute(statement).await?;
        self.effects.outbox |= hastened > 0;
        Ok(hastened)
    }

    /// Makes whatever waits for its next try due at `at`; how much that is.
    pub async fn hasten_all(&mut self, at: i64) -> Result<u64> {
        let statement = sql("-- hasten_all
            UPDATE outbox SET next_at = $1 WHERE dead_at IS NULL AND lease_until IS NULL AND next_at > $1")
        .bind(at);
        let hastened = self.execute(statement).await?;
        self.effects.outbox |= hastened > 0;
        Ok(hastened)
    }

    /// Forgets a dead letter; whether it was one.
    pub async fn dismiss_message(&mut self, id: i64) -> Result<bool> {
        let statement =
            sql("-- dismiss_message\nDELETE FROM outbox WHERE id = $1 AND dead_at IS NOT NULL").bind(id);
        Ok(self.execute(statement).await? == 1)
    }

    /// Forgets the dead letters of a stream to that receiver: something newer takes their place. How many there were.
    pub async fn dismiss_stream(&mut self, tenant: &str, stream: &str, destination: &str) -> Result<u64> {
        let statement = sql("-- dismiss_stream
            DELETE FROM outbox
            WHERE tenant = $1 AND stream = $2 AND destination = $3 AND dead_at IS NOT NULL")
        .bind(tenant)
        .bind(stream)
        .bind(destination);
        self.execute(statement).await
    }

    /// Forgets up to `limit` dead letters, the oldest first, that were given up before `before` or of which `kept` newer ones are
    /// there; none of the kind `but`. How many there were.
    pub async fn purge_dead_messages(
        &mut self,
        before: i64,
        kept: u32,
        but: &str,
        limit: u32,
    ) -> Result<u64> {
        let statement = sql("-- purge_dead_messages
            DELETE FROM outbox WHERE id IN (
                SELECT id FROM outbox WHERE dead_at IS NOT NULL AND kind <> $3 AND (dead_at < $1 OR id <= (
                    SELECT COALESCE(MAX(id), -1) FROM (
                        SELECT id FROM outbox WHERE dead_at IS NOT NULL AND kind <> $3
                        ORDER BY id DESC LIMIT 1 OFFSET $2) AS beyond))
                ORDER BY id LIMIT $4)")
        .bind(before)
        .bind(i64::from(kept))
        .bind(but)
        .bind(bounded(limit));
        self.execute(statement).await
    }
}

/// Which of these messages may be leased, and until when: the first of each stream, up to `limit`.
fn with_leases(messages: &[NewMessage], limit: u32, lease_micros: i64) -> Vec<(&NewMessage, Option<i64>)> {
    let mut streams = HashSet::new();
    let mut left = limit;
    let lease = |one: &NewMessage| {
        let is_first = streams.insert((one.tenant.clone(), one.stream.clone()));
        let is_leased = is_first && left > 0;
        left -= u32::from(is_leased);
        is_leased.then(|| one.at.saturating_add(lease_micros))
    };
    let until: Vec<Option<i64>> = messages.iter().map(lease).collect();
    messages.iter().zip(until).collect()
}

/// How many messages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxCount {
    /// Still to be sent.
    pub waiting: u64,
    /// Given up.
    pub dead: u64,
}

from_row!(OutboxCount { waiting: count, dead: count });

impl Read {
    /// When the next message is due or its lease ends, microseconds; `None` where nothing waits.
    pub async fn next_message_at(&mut self) -> Result<Option<i64>> {
        let statement = sql("-- next_message_at
            SELECT CASE WHEN lease_until IS NULL OR lease_until < next_at THEN next_at ELSE lease_until END AS value
            FROM outbox AS due WHERE dead_at IS NULL AND NOT EXISTS (
                SELECT 1 FROM outbox AS before
                WHERE before.tenant = due.tenant AND before.stream = due.stream
                    AND before.dead_at IS NULL AND before.id < due.id)
            ORDER BY value LIMIT 1");
        self.find(statement).await
    }

    /// A message by its number, dead or alive.
    pub async fn get_message(&mut self, id: i64) -> Result<Option<MessageRow>> {
        self.find(sql("-- get_message\nSELECT * FROM outbox WHERE id = $1").bind(id)).await
    }

    /// Dead letters after number `after`.
    pub async fn list_dead_messages(&mut self, after: i64, limit: u32) -> Result<Vec<MessageRow>> {
        let statement = sql("-- list_dead_messages
            SELECT * FROM outbox WHERE dead_at IS NOT NULL AND id > $1 ORDER BY id LIMIT $2");
        self.list(statement.bind(after).bind(bounded(limit))).await
    }

    /// Dead letters of one kind after number `after`.
    pub async fn list_dead_messages_of(
        &mut self,
        kind: &str,
        after: i64,
        limit: u32,
    ) -> Result<Vec<MessageRow>> {
        let statement = sql("-- list_dead_messages_of
            SELECT * FROM outbox WHERE dead_at IS NOT NULL AND kind = $1 AND id > $2 ORDER BY id LIMIT $3");
        self.list(statement.bind(kind).bind(after).bind(bounded(limit))).await
    }

    /// All messages after number `after`.
    pub async fn list_messages(&mut self, after: i64, limit: u32) -> Result<Vec<MessageRow>> {
        let statement = sql("-- list_messages
            SELECT * FROM outbox WHERE id > $1 ORDER BY id LIMIT $2");
        self.list(statement.bind(after).bind(bounded(limit))).await
    }

    /// Messages still to be sent, after number `after`.
    pub async fn list_waiting_messages(&mut self, after: i64, limit: u32) -> Result<Vec<MessageRow>> {
        let statement = sql("-- list_waiting_messages
            SELECT * FROM outbox WHERE dead_at IS NULL AND id > $1 ORDER BY id LIMIT $2");
        self.list(statement.bind(after).bind(bounded(limit))).await
    }

    /// The messages of a stream in their order, dead or alive.
    pub async fn list_stream_messages(
        &mut self,
        tenant: &str,
        stream: &str,
        limit: u32,
    ) -> Result<Vec<MessageRow>> {
        let statement = sql("-- list_stream_messages
            SELECT * FROM outbox WHERE tenant = $1 AND stream = $2 ORDER BY id LIMIT $3");
        self.list(statement.bind(tenant).bind(stream).bind(bounded(limit))).await
    }

    /// The first message of a stream that is alive.
    pub async fn first_in_stream(&mut self, tenant: &str, stream: &str) -> Result<Option<MessageRow>> {
        let statement = sql("-- first_in_stream
            SELECT * FROM outbox WHERE tenant = $1 AND stream = $2 AND dead_at IS NULL ORDER BY id LIMIT 1");
        self.find(statement.bind(tenant).bind(stream)).await
    }

    /// The message that has failed and waited the longest, written before `before`.
    pub async fn find_late_message(&mut self, before: i64) -> Result<Option<MessageRow>> {
        let statement = sql("-- find_late_message
            SELECT * FROM outbox WHERE dead_at IS NULL AND last_error IS NOT NULL AND created_at < $1
            ORDER BY created_at, id LIMIT 1");
        self.find(statement.bind(before)).await
    }

    /// How many messages wait, and how many are dead.
    pub async fn count_messages(&mut self) -> Result<OutboxCount> {
        let statement = sql("-- count_messages
            SELECT CAST(COALESCE(SUM(CASE WHEN dead_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting,
                CAST(COALESCE(SUM(CASE WHEN dead_at IS NULL THEN 0 ELSE 1 END), 0) AS BIGINT) AS dead
            FROM outbox");
        self.one(statement).await
    }
}
