//! Uses, the provider's side: one row per use id, counted before the first byte goes out, closed with what went out.
//! (TC609-6-2025-14 counts deliveries under a contract; DESIGN §3.3 and §5 say what a use is.)
//!
//! Invariants, for each contract: sequences of admitted uses run from 1 without gaps and so do the closing sequences;
//! a use id is counted once; `used` never passes the limit that the caller of its admission gave.
//!
//! What a window is and when it is due is not decided here.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use crate::{
    body::Body,
    conn::{Columns as _, FromRow, Many, Read, Statement, Tx, bounded, sql, to_i64, to_u64},
    error::{Result, StoreError},
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
            key: read_key(row)?,
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

impl FromRow for Unwindowed {
    fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            tenant: row.text("tenant")?,
            contract: row.text("contract")?,
            uses: row.count("uses")?,
            oldest_closed_at: row.int("oldest_closed_at")?,
        })
    }
}

fn read_key(row: &AnyRow) -> Result<UseKey> {
    Ok(UseKey { tenant: row.text("tenant")?, contract: row.text("contract")?, use_id: row.text("use_id")? })
}

/// What admission and closing need to know of a use that exists.
struct Known {
    key: UseKey,
    sequence: u64,
    closing: Option<u64>,
}

impl FromRow for Known {
    fn from_row(row: &AnyRow) -> Result<Self> {
        Ok(Self { key: read_key(row)?, sequence: row.count("sequence")?, closing: row.count_opt("closing")? })
    }
}

type ContractKey = (String, String);

struct CounterRow(ContractKey, UseCounter);

impl FromRow for CounterRow {
    fn from_row(row: &AnyRow) -> Result<Self> {
        let counter = UseCounter {
            used: row.count("used")?,
            closed: row.count("closed")?,
            windowed: row.count("windowed")?,
        };
        Ok(Self((row.text("tenant")?, row.text("contract")?), counter))
    }
}

// A join that starts from the values (SQLite keeps the order of a cross join) looks each row up by its key; `IN` over
// row values would read the whole table.
const FIND_USES: Many = Many {
    head: "-- find_uses
        SELECT u.tenant, u.contract, u.use_id, u.sequence, u.closing FROM (VALUES ",
    columns: 3,
    tail: ") AS v CROSS JOIN uses AS u
        WHERE u.tenant = v.column1 AND u.contract = v.column2 AND u.use_id = v.column3",
    is_padded: true,
};

const FIND_COUNTERS: Many = Many {
    head: "-- find_counters
        SELECT c.tenant, c.contract, c.used, c.closed, c.windowed FROM (VALUES ",
    columns: 2,
    tail: ") AS v CROSS JOIN use_counters AS c WHERE c.tenant = v.column1 AND c.contract = v.column2",
    is_padded: true,
};

const INSERT_USES: Many = Many {
    head: "-- insert_uses
        INSERT INTO uses
            (tenant, contract, use_id, sequence, opened_at, touched_at, bytes, rows, complete, body)
        SELECT DISTINCT * FROM (VALUES ",
    columns: 10,
    tail: ") AS v",
    is_padded: true,
};

const PUT_COUNTERS: Many = Many {
    head: "-- put_counters
        INSERT INTO use_counters (tenant, contract, used, closed, windowed)
        SELECT DISTINCT * FROM (VALUES ",
    columns: 5,
    tail: ") AS v WHERE true ON CONFLICT (tenant, contract) DO UPDATE
            SET used = excluded.used, closed = excluded.closed, windowed = excluded.windowed",
    is_padded: true,
};

const CLOSE_USES: Many = Many {
    head: "-- close_uses
        UPDATE uses SET closing = v.column4, closed_at = v.column5, bytes = v.column6, rows = v.column7,
            digest = v.column8, complete = v.column9
        FROM (VALUES ",
    columns: 9,
    tail: ") AS v WHERE uses.tenant = v.column1 AND uses.contract = v.column2 AND uses.use_id = v.column3",
    is_padded: true,
};

// The largest offset stands, in whatever order the signs of life arrive.
const TOUCH_USES: Many = Many {
    head: "-- touch_uses
        UPDATE uses SET touched_at = CASE WHEN touched_at < v.column4 THEN v.column4 ELSE touched_at END,
            bytes = CASE WHEN bytes < v.column5 THEN v.column5 ELSE bytes END
        FROM (VALUES ",
    columns: 5,
    tail: ") AS v WHERE uses.tenant = v.column1 AND uses.contract = v.column2 AND uses.use_id = v.column3
            AND uses.closing IS NULL AND (uses.touched_at < v.column4 OR uses.bytes < v.column5)",
    is_padded: false,
};

fn bind_key(statement: Statement, key: &UseKey) -> Statement {
    statement.bind(key.tenant.as_str()).bind(key.contract.as_str()).bind(key.use_id.as_str())
}

impl Tx {
    /// Admits uses in their order, each against its own limit; see [`crate::Store::append_uses`] for the shared door.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails; then none is admitted.
    pub async fn append_uses(&mut self, uses: &[NewUse]) -> Result<Vec<Admission>> {
        Ok(self.record_uses(uses, &[]).await?.0)
    }

    /// Closes uses in their order and numbers them per contract; see [`crate::Store::close_uses`].
    ///
    /// # Errors
    /// [`StoreError`] where the database fails; then none is closed.
    pub async fn close_uses(&mut self, closes: &[CloseUse]) -> Result<Vec<Closing>> {
        Ok(self.record_uses(&[], closes).await?.1)
    }

    /// Admits uses, then closes uses: as both alone, with half as many statements.
    pub(crate) async fn record_uses(
        &mut self,
        appends: &[NewUse],
        closes: &[CloseUse],
    ) -> Result<(Vec<Admission>, Vec<Closing>)> {
        let keys = appends.iter().map(|one| &one.key).chain(closes.iter().map(|one| &one.key));
        let keys: Vec<&UseKey> = keys.collect();
        let mut known = self.known_uses(&keys).await?;
        let mut counters = self.counters(&keys).await?;
        let (admissions, admitted) = admit_all(appends, &mut known, &mut counters);
        let (closings, closed) = close_all(closes, &mut known, &mut counters);
        self.insert_uses(&admitted).await?;
        self.update_closed(&closed).await?;
        self.put_counters(&counters).await?;
        Ok((admissions, closings))
    }

    /// Notes a sign of life of open uses, and how far each was sent; closed and unknown ones are passed over. Of one use
    /// there may be one sign in a call.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn touch_uses(&mut self, signs: &[UseSign], at: i64) -> Result<()> {
        self.execute_many(&TOUCH_USES, signs, |statement, sign| {
            Ok(bind_key(statement, &sign.key).bind(at).bind(to_i64(sign.upto, "upto")?))
        })
        .await?;
        Ok(())
    }

    /// Puts the closed uses `first..=last` (closing sequences) of a contract into window `window`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] unless exactly these uses follow those of the window before.
    pub async fn mark_windowed(
        &mut self,
        tenant: &str,
        contract: &str,
        first: u64,
        last: u64,
        window: u64,
    ) -> Result<()> {
        let conflict = || StoreError::conflict(format!("the window {window} of contract `{contract}`"));
        let counter = self.use_counter(tenant, contract).await?;
        if first != counter.windowed + 1 || last < first || last > counter.closed {
            return Err(conflict());
        }
        let statement = sql("-- mark_windowed
            UPDATE uses SET in_window = $5
            WHERE tenant = $1 AND contract = $2 AND closing BETWEEN $3 AND $4 AND in_window IS NULL")
        .bind(tenant)
        .bind(contract)
        .bind(to_i64(first, "first")?)
        .bind(to_i64(last, "last")?)
        .bind(to_i64(window, "window")?);
        if self.execute(statement).await? != last - first + 1 {
            return Err(conflict());
        }
        let statement = sql("-- count_windowed
            UPDATE use_counters SET windowed = $3 WHERE tenant = $1 AND contract = $2")
        .bind(tenant)
        .bind(contract)
        .bind(to_i64(last, "last")?);
        self.execute(statement).await?;
        Ok(())
    }

    async fn known_uses(&mut self, keys: &[&UseKey]) -> Result<KnownUses> {
        let rows: Vec<Known> =
            self.list_many(&FIND_USES, keys, |statement, key| Ok(bind_key(statement, key))).await?;
        Ok(rows.into_iter().map(|row| (row.key, (row.sequence, row.closing))).collect())
    }

    async fn counters(&mut self, keys: &[&UseKey]) -> Result<Counters> {
        let mut contracts: Vec<ContractKey> =
            keys.iter().map(|key| (key.tenant.clone(), key.contract.clone())).collect();
        contracts.sort_unstable();
        contracts.dedup();
        let rows: Vec<CounterRow> = self
            .list_many(&FIND_COUNTERS, &contracts, |statement, (tenant, contract)| {
                Ok(statement.bind(tenant.as_str()).bind(contract.as_str()))
            })
            .await?;
        Ok(Counters(rows.into_iter().map(|CounterRow(key, counter)| (key, (counter, false))).collect()))
    }

    async fn insert_uses(&mut self, fresh: &[(&NewUse, u64)]) -> Result<()> {
        self.execute_many(&INSERT_USES, fresh, |statement, (one, sequence)| {
            Ok(bind_key(statement, &one.key)
                .bind(to_i64(*sequence, "sequence")?)
                .bind(one.at)
                .bind(one.at)
                .bind(0_i64)
                .bind(0_i64)
                .bind(0_i64)
                .bind(one.body.as_str()))
        })
        .await?;
        Ok(())
    }

    async fn update_closed(&mut self, fresh: &[(&CloseUse, u64)]) -> Result<()> {
        self.execute_many(&CLOSE_USES, fresh, |statement, (one, closing)| {
            Ok(bind_key(statement, &one.key)
                .bind(to_i64(*closing, "closing")?)
                .bind(one.at)
                .bind(to_i64(one.bytes, "bytes")?)
                .bind(to_i64(one.rows, "rows")?)
                .bind(one.digest.as_deref())
                .bind(i64::from(one.complete)))
        })
        .await?;
        Ok(())
    }

    async fn put_counters(&mut self, counters: &Counters) -> Result<()> {
        self.execute_many(&PUT_COUNTERS, &counters.changed(), |statement, ((tenant, contract), counter)| {
            Ok(statement
                .bind(tenant.as_str())
                .bind(contract.as_str())
                .bind(to_i64(counter.used, "used")?)
                .bind(to_i64(counter.closed, "closed")?)
                .bind(to_i64(counter.windowed, "windowed")?))
        })
        .await?;
        Ok(())
    }
}

/// The counters of a batch's contracts, each with the mark of a change.
struct Counters(HashMap<ContractKey, (UseCounter, bool)>);

impl Counters {
    fn of(&self, key: &UseKey) -> UseCounter {
        let found = self.0.get(&(key.tenant.clone(), key.contract.clone()));
        found.map(|(counter, _)| *counter).unwrap_or_default()
    }

    fn set(&mut self, key: &UseKey, counter: UseCounter) {
        self.0.insert((key.tenant.clone(), key.contract.clone()), (counter, true));
    }

    fn changed(&self) -> Vec<(&ContractKey, UseCounter)> {
        let changed = self.0.iter().filter(|(_, (_, changed))| *changed);
        let mut rows: Vec<_> = changed.map(|(key, (counter, _))| (key, *counter)).collect();
        // One order for all, so that two transactions never wait for each other in turn.
        rows.sort_unstable_by_key(|(key, _)| *key);
        rows
    }
}

/// Uses that exist: their sequence and their closing sequence.
type KnownUses = HashMap<UseKey, (u64, Option<u64>)>;

/// What becomes of each new use, and those that are to be written, with their sequences.
fn admit_all<'u>(
    uses: &'u [NewUse],
    known: &mut KnownUses,
    counters: &mut Counters,
) -> (Vec<Admission>, Vec<(&'u NewUse, u64)>) {
    let (mut answers, mut fresh) = (Vec::with_capacity(uses.len()), Vec::new());
    for one in uses {
        let counter = counters.of(&one.key);
        let answer = admit(one, known.get(&one.key), counter.used);
        if let Admission::Admitted { sequence, used_now } = answer {
            counters.set(&one.key, UseCounter { used: used_now, ..counter });
            known.insert(one.key.clone(), (sequence, None));
            fresh.push((one, sequence));
        }
        answers.push(answer);
    }
    (answers, fresh)
}

/// What becomes of each close, and those that are to be written, with their closing sequences.
fn close_all<'c>(
    closes: &'c [CloseUse],
    known: &mut KnownUses,
    counters: &mut Counters,
) -> (Vec<Closing>, Vec<(&'c CloseUse, u64)>) {
    let (mut answers, mut fresh) = (Vec::with_capacity(closes.len()), Vec::new());
    for one in closes {
        let answer = match known.get_mut(&one.key) {
            None => Closing::Unknown,
            Some((_, Some(closing))) => Closing::Already(*closing),
            Some((_, open)) => {
                let counter = counters.of(&one.key);
                let closed = counter.closed + 1;
                counters.set(&one.key, UseCounter { closed, ..counter });
                *open = Some(closed);
                fresh.push((one, closed));
                Closing::Closed(closed)
            }
        };
        answers.push(answer);
    }
    (answers, fresh)
}

/// The decision alone.
fn admit(one: &NewUse, known: Option<&(u64, Option<u64>)>, used: u64) -> Admission {
    if let Some((sequence, closing)) = known {
        return Admission::Repeat { sequence: *sequence, used_now: *sequence, closed: closing.is_some() };
    }
    match one.limit {
        Some(limit) if used >= limit => Admission::Refused { limit, used },
        _ => Admission::Admitted { sequence: used + 1, used_now: used + 1 },
    }
}

impl Read {
    /// One use.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn get_use(&mut self, key: &UseKey) -> Result<Option<UseRow>> {
        let text = "-- get_use
            SELECT * FROM uses WHERE tenant = $1 AND contract = $2 AND use_id = $3";
        self.find(bind_key(sql(text), key)).await
    }

    /// A contract's counters; all zero where it has no uses.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn use_counter(&mut self, tenant: &str, contract: &str) -> Result<UseCounter> {
        let statement = sql("-- use_counter
            SELECT * FROM use_counters WHERE tenant = $1 AND contract = $2")
        .bind(tenant)
        .bind(contract);
        let row: Option<CounterRow> = self.find(statement).await?;
        Ok(row.map(|CounterRow(_, counter)| counter).unwrap_or_default())
    }

    /// Open uses without a sign of life since `before`, the longest silent first.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn list_open_uses(&mut self, before: i64, limit: u32) -> Result<Vec<UseRow>> {
        let statement = sql("-- list_open_uses
            SELECT * FROM uses WHERE closing IS NULL AND touched_at < $1 ORDER BY touched_at LIMIT $2")
        .bind(before)
        .bind(bounded(limit));
        self.list(statement).await
    }

    /// Contracts that have closed uses in no window, those that wait longest first.
    ///
    /// # Errors
    /// [`StoreError`] where the database fails.
    pub async fn list_unwindowed(&mut self, limit: u32) -> Result<Vec<Unwindowed>> {
        let statement = sql("-- list_unwindowed
            SELECT c.tenant, c.contract, c.closed - c.windowed AS uses, u.closed_at AS oldest_closed_at
            FROM use_counters AS c CROSS JOIN uses AS u
            WHERE c.closed > c.windowed
                AND u.tenant = c.tenant AND u.contract = c.contract AND u.closing = c.windowed + 1
            ORDER BY u.closed_at, c.tenant, c.contract LIMIT $1")
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
            SELECT * FROM uses WHERE tenant = $1 AND contract = $2 AND closing IS NOT NULL AND closing >= $3
            ORDER BY closing LIMIT $4")
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
        let statement = sql("-- sum_uses
            SELECT COUNT(*) AS uses, CAST(COALESCE(SUM(complete), 0) AS BIGINT) AS complete,
                CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, CAST(COALESCE(SUM(rows), 0) AS BIGINT) AS rows
            FROM uses WHERE tenant = $1 AND contract = $2")
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
