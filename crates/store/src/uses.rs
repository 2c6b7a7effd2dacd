//! Uses, the provider's side: one row per use id, counted before the first byte goes out, closed with what went out.
//! (TC609-6-2025-14 counts deliveries under a contract; docs/WIRE.md, 6, says what a use is.)
//!
//! Invariants, for each contract: sequences of admitted uses run from 1 without gaps and so do the closing sequences;
//! a use id is counted once; `used` never passes the limit that the caller of its admission gave.
//!
//! Here is what is known of them; [`crate::metering`] admits, closes and folds them. What a window is and when it is due is not
//! decided here.

use sqlx::any::AnyRow;

use crate::{
    body::Body,
    columns::{Columns as _, FromRow, from_row, to_i64, to_u64},
    conn::{Read, Statement, sql},
    error::Result,
    page::bounded,
};

/// The name of a use: tenant, contract, use id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UseKey {
    /// The provider's connector.
    pub tenant: String,
    /// The contract's 47-character id.
    pub contract: String,
    /// The user's id of this use.
    pub use_id: String,
}

/// A use that asks to be admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUse {
    /// Its name.
    pub key: UseKey,
    /// Now, in microseconds.
    pub at: i64,
    /// How many uses the contract allows in all; `None` is no limit.
    pub limit: Option<u64>,
    /// What its leaf will say beside the columns, such as the fields.
    pub body: Body,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Counted, durably.
    Admitted {
        /// Its place among the contract's uses, from 1.
        sequence: u64,
        /// The contract's uses, this one included.
        used_now: u64,
    },
    /// The same use id was admitted before; it is not counted again.
    Repeat {
        /// Its place, as told then.
        sequence: u64,
        /// The contract's uses when it was admitted.
        used_now: u64,
        /// Whether it has closed in the meantime.
        closed: bool,
    },
    /// The contract allows no more. Nothing was stored.
    Refused {
        /// The limit that was given.
        limit: u64,
        /// The contract's uses.
        used: u64,
    },
}

/// A sign of life of an open use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseSign {
    /// Its name.
    pub key: UseKey,
    /// The furthest byte that went out.
    pub upto: u64,
}

/// The end of a use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseUse {
    /// Its name.
    pub key: UseKey,
    /// Now, in microseconds.
    pub at: i64,
    /// Bytes that went out.
    pub bytes: u64,
    /// Rows that went out.
    pub rows: u64,
    /// SHA-256 of what went out, hexadecimal, if it was complete.
    pub digest: Option<String>,
    /// Whether all of it went out.
    pub complete: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Closed now; its place among the contract's closed uses, from 1.
    Closed(u64),
    /// Closed before, with that place; the first close stands.
    Already(u64),
    /// No such use was admitted.
    Unknown,
}

/// A use as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRow {
    /// Its name.
    pub key: UseKey,
    /// Its place among the contract's uses, from 1.
    pub sequence: u64,
    /// Admitted at, microseconds.
    pub opened_at: i64,
    /// Last sign of life, microseconds.
    pub touched_at: i64,
    /// Its place among the contract's closed uses, from 1.
    pub closing: Option<u64>,
    /// Closed at, microseconds.
    pub closed_at: Option<i64>,
    /// Bytes that went out; while it is open, the furthest that is known.
    pub bytes: u64,
    /// Rows that went out.
    pub rows: u64,
    /// SHA-256 of what went out.
    pub digest: Option<String>,
    /// Whether all of it went out.
    pub complete: bool,
    /// The window that has it.
    pub window: Option<u64>,
    /// As given at admission.
    pub body: Body,
}

/// A contract's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UseCounter {
    /// Uses admitted.
    pub used: u64,
    /// Uses closed.
    pub closed: u64,
    /// Closed uses that stand in a window.
    pub windowed: u64,
}

/// A contract that has closed uses in no window yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwindowed {
    /// The provider's connector.
    pub tenant: String,
    /// The contract.
    pub contract: String,
    /// How many uses wait.
    pub uses: u64,
    /// When the first of them closed, microseconds.
    pub oldest_closed_at: i64,
}

impl FromRow for UseRow {
    fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            key: UseKey {
                tenant: row.text("tenant")?,
                contract: row.text("contract")?,
                use_id: row.text("use_id")?,
            },
            sequence: row.count("sequence")?,
            opened_at: row.int("opened_at")?,
            touched_at: row.int("touched_at")?,
            closing: row.count_opt("closing")?,
            closed_at: row.int_opt("closed_at")?,
            bytes: row.count("bytes")?,
            rows: row.count("rows")?,
            digest: row.text_opt("digest")?,
            complete: row.flag("complete")?,
            window: row.count_opt("in_window")?,
            body: row.body("body")?,
        })
    }
}

from_row!(Unwindowed { tenant: text, contract: text, uses: count, oldest_closed_at: int });

from_row!(UseCounter { used: count, closed: count, windowed: count });

/// A contract's row: its number, by which its uses name it, and its counters.
pub(crate) struct Metered {
    pub id: i64,
    pub counter: UseCounter,
}

impl FromRow for Metered {
    fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self { id: row.int("id")?, counter: UseCounter::from_row(row)? })
    }
}

pub(crate) fn bind_key(statement: Statement, key: &UseKey) -> Statement {
    statement.bind(key.tenant.as_str()).bind(key.contract.as_str()).bind(key.use_id.as_str())
}

impl Read {
    /// One use.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn get_use(&mut self, key: &UseKey) -> Result<Option<UseRow>> {
        let text = "-- get_use
            SELECT m.tenant, m.contract, u.* FROM metered_contracts AS m CROSS JOIN metered_uses AS u
            WHERE m.tenant = $1 AND m.contract = $2 AND u.use_id = $3 AND u.metered = m.id";
        self.find(bind_key(sql(text), key)).await
    }

    /// A contract's counters; all zero where it has no uses.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn use_counter(&mut self, tenant: &str, contract: &str) -> Result<UseCounter> {
        let found = self.metered(tenant, contract).await?;
        Ok(found.map(|metered| metered.counter).unwrap_or_default())
    }

    pub(crate) async fn metered(&mut self, tenant: &str, contract: &str) -> Result<Option<Metered>> {
        let text = "-- metered
            SELECT * FROM metered_contracts WHERE tenant = $1 AND contract = $2";
        self.find(sql(text).bind(tenant).bind(contract)).await
    }

    /// Open uses without a sign of life since `before`, the longest silent first.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn list_open_uses(&mut self, before: i64, limit: u32) -> Result<Vec<UseRow>> {
        let statement = sql("-- list_open_uses
            SELECT m.tenant, m.contract, u.* FROM metered_uses AS u CROSS JOIN metered_contracts AS m
            WHERE u.closing IS NULL AND u.touched_at < $1 AND m.id = u.metered
            ORDER BY u.touched_at LIMIT $2")
        .bind(before)
        .bind(bounded(limit));
        self.list(statement).await
    }

    /// Open uses of a contract, the longest silent first.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn list_open_uses_of(
        &mut self,
        tenant: &str,
        contract: &str,
        limit: u32,
    ) -> Result<Vec<UseRow>> {
        let statement = sql("-- list_open_uses_of
            SELECT m.tenant, m.contract, u.* FROM metered_contracts AS m CROSS JOIN metered_uses AS u
            WHERE m.tenant = $1 AND m.contract = $2 AND u.metered = m.id AND u.closing IS NULL
            ORDER BY u.touched_at LIMIT $3")
        .bind(tenant)
        .bind(contract)
        .bind(bounded(limit));
        self.list(statement).await
    }

    /// How many uses are open.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn count_open_uses(&mut self) -> Result<u64> {
        self.one(sql("-- count_open_uses
            SELECT COUNT(*) AS value FROM metered_uses WHERE closing IS NULL"))
            .await
    }

    /// Contracts that have closed uses in no window, those that wait longest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn list_unwindowed(&mut self, limit: u32) -> Result<Vec<Unwindowed>> {
        let statement = sql("-- list_unwindowed
            SELECT m.tenant, m.contract, m.closed - m.windowed AS uses, u.closed_at AS oldest_closed_at
            FROM metered_contracts AS m CROSS JOIN metered_uses AS u
            WHERE m.closed > m.windowed AND u.metered = m.id AND u.closing = m.windowed + 1
            ORDER BY u.closed_at, m.tenant, m.contract LIMIT $1")
        .bind(bounded(limit));
        self.list(statement).await
    }

    /// A contract's closed uses from closing sequence `first` on, in that order.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn list_closed_uses(
        &mut self,
        tenant: &str,
        contract: &str,
        first: u64,
        limit: u32,
    ) -> Result<Vec<UseRow>> {
        let statement = sql("-- list_closed_uses
            SELECT m.tenant, m.contract, u.* FROM metered_contracts AS m CROSS JOIN metered_uses AS u
            WHERE m.tenant = $1 AND m.contract = $2 AND u.metered = m.id AND u.closing IS NOT NULL
                AND u.closing >= $3
            ORDER BY u.closing LIMIT $4")
        .bind(tenant)
        .bind(contract)
        .bind(to_i64(first, "first")?)
        .bind(bounded(limit));
        self.list(statement).await
    }

    /// What went out under a contract: complete and incomplete uses together.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn sum_uses(&mut self, tenant: &str, contract: &str) -> Result<UseSum> {
        // Two halves, each with the index that has its rows and no others.
        let statement = sql("-- sum_uses
            SELECT COUNT(*) AS uses, CAST(COALESCE(SUM(complete), 0) AS BIGINT) AS complete,
                CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, CAST(COALESCE(SUM(rows), 0) AS BIGINT) AS rows
            FROM (
                SELECT u.complete, u.bytes, u.rows FROM metered_contracts AS m CROSS JOIN metered_uses AS u
                WHERE m.tenant = $1 AND m.contract = $2 AND u.metered = m.id AND u.closing >= 1
                UNION ALL
                SELECT u.complete, u.bytes, u.rows FROM metered_contracts AS m CROSS JOIN metered_uses AS u
                WHERE m.tenant = $1 AND m.contract = $2 AND u.metered = m.id AND u.closing IS NULL
                    AND u.touched_at >= -9223372036854775807
            ) AS both_halves")
        .bind(tenant)
        .bind(contract);
        self.one(statement).await
    }
}

/// A contract's sums, on either side's meter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UseSum {
    /// Uses.
    pub uses: u64,
    /// Of them, those that ended whole.
    pub complete: u64,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
}

impl FromRow for UseSum {
    fn from_row(row: &AnyRow) -> Result<Self> {
        let count = |name| row.int(name).and_then(|value| to_u64(value, name));
        Ok(Self {
            uses: count("uses")?,
            complete: count("complete")?,
            bytes: count("bytes")?,
            rows: count("rows")?,
        })
    }
}
