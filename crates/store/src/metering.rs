//! Admitting, closing and folding uses: the writing half of [`crate::uses`].
//!
//! A transaction takes many of them with few statements, and few pages of the file: a contract's long names stand once, and
//! its uses name it by a number; rows of uses stand in the order in which they came.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use crate::{
    columns::{Columns as _, FromRow, from_row, to_i64},
    conn::{Tx, sql},
    error::{Result, StoreError},
    many::Many,
    uses::{Admission, CloseUse, Closing, Metered, NewUse, UseCounter, UseKey, UseSign, bind_key},
};

// A join that starts from the values (SQLite keeps the order of a cross join) looks each row up by its key; `IN` over
// row values would read the whole table.
const FIND_USES: Many = Many {
    head: "-- find_uses
        SELECT v.column4 AS place, m.id, m.used, m.closed, m.windowed, u.sequence, u.closing FROM (VALUES ",
    columns: 4,
    tail: ") AS v CROSS JOIN metered_contracts AS m LEFT JOIN metered_uses AS u
            ON u.use_id = v.column3 AND u.metered = m.id
        WHERE m.tenant = v.column1 AND m.contract = v.column2",
    is_padded: true,
};

const BEGIN_METERING: Many = Many {
    head: "-- begin_metering
        INSERT INTO metered_contracts (tenant, contract, used, closed, windowed)
        SELECT DISTINCT v.column1, v.column2, 0, 0, 0 FROM (VALUES ",
    columns: 2,
    tail: ") AS v WHERE true ON CONFLICT (tenant, contract) DO UPDATE SET used = metered_contracts.used
        RETURNING id, tenant, contract",
    is_padded: true,
};

const INSERT_USES: Many = Many {
    head: "-- insert_uses
        INSERT INTO metered_uses
            (metered, use_id, sequence, opened_at, touched_at, bytes, rows, complete, body)
        SELECT DISTINCT * FROM (VALUES ",
    columns: 9,
    tail: ") AS v",
    is_padded: true,
};

const CLOSE_USES: Many = Many {
    head: "-- close_uses
        UPDATE metered_uses SET closing = v.column3, closed_at = v.column4, bytes = v.column5, rows = v.column6,
            digest = v.column7, complete = v.column8
        FROM (VALUES ",
    columns: 8,
    tail: ") AS v WHERE metered_uses.metered = v.column1 AND metered_uses.use_id = v.column2",
    is_padded: true,
};

const PUT_COUNTERS: Many = Many {
    head: "-- put_counters
        UPDATE metered_contracts SET used = v.column2, closed = v.column3 FROM (VALUES ",
    columns: 3,
    tail: ") AS v WHERE metered_contracts.id = v.column1",
    is_padded: true,
};

// The largest offset stands, in whatever order the signs of life arrive.
const TOUCH_USES: Many = Many {
    head: "-- touch_uses
        UPDATE metered_uses
        SET touched_at = CASE WHEN touched_at < v.column4 THEN v.column4 ELSE touched_at END,
            bytes = CASE WHEN bytes < v.column5 THEN v.column5 ELSE bytes END
        FROM (VALUES ",
    columns: 5,
    tail: ") AS v CROSS JOIN metered_contracts AS m
        WHERE m.tenant = v.column1 AND m.contract = v.column2
            AND metered_uses.metered = m.id AND metered_uses.use_id = v.column3
            AND metered_uses.closing IS NULL
            AND (metered_uses.touched_at < v.column4 OR metered_uses.bytes < v.column5)",
    is_padded: false,
};

/// What is found of a use, and of its contract.
struct FoundUse {
    /// The place of its name in the list that was asked for.
    place: u64,
    metered: Metered,
    /// Its sequence and its closing sequence, where it exists.
    known: Option<Known>,
}

impl FromRow for FoundUse {
    fn from_row(row: &AnyRow) -> Result<Self> {
        let closing = row.count_opt("closing")?;
        Ok(Self {
            place: row.count("place")?,
            metered: Metered::from_row(row)?,
            known: row.count_opt("sequence")?.map(|sequence| Known { sequence, closing }),
        })
    }
}

/// A contract whose metering began.
struct Begun {
    id: i64,
    tenant: String,
    contract: String,
}

from_row!(Begun { id: int, tenant: text, contract: text });

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
        let mut book = self.find_uses(&keys.collect::<Vec<_>>()).await?;
        let (admissions, admitted) = book.admit_all(appends);
        let (closings, closed) = book.close_all(closes);
        self.begin_metering(&mut book).await?;
        self.write_uses(&book, &admitted, &closed).await?;
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
        let metered = self.metered(tenant, contract).await?.ok_or_else(conflict)?;
        let counter = metered.counter;
        if first != counter.windowed + 1 || last < first || last > counter.closed {
            return Err(conflict());
        }
        let statement = sql("-- mark_windowed
            UPDATE metered_uses SET in_window = $4
            WHERE metered = $1 AND closing BETWEEN $2 AND $3 AND in_window IS NULL")
        .bind(metered.id)
        .bind(to_i64(first, "first")?)
        .bind(to_i64(last, "last")?)
        .bind(to_i64(window, "window")?);
        if self.execute(statement).await? != last - first + 1 {
            return Err(conflict());
        }
        let statement = sql("-- count_windowed
            UPDATE metered_contracts SET windowed = $2 WHERE id = $1")
        .bind(metered.id)
        .bind(to_i64(last, "last")?);
        self.execute(statement).await?;
        Ok(())
    }

    async fn find_uses<'k>(&mut self, keys: &[&'k UseKey]) -> Result<Book<'k>> {
        let places: Vec<(u64, &UseKey)> = (0..).zip(keys.iter().copied()).collect();
        let found: Vec<FoundUse> = self
            .list_many(&FIND_USES, &places, |statement, (place, key)| {
                Ok(bind_key(statement, key).bind(to_i64(*place, "place")?))
            })
            .await?;
        let mut book = Book::default();
        for FoundUse { place, metered: Metered { id, counter }, known } in found {
            let place = usize::try_from(place).ok().and_then(|place| keys.get(place));
            let key = place.ok_or_else(|| StoreError::value("the place of a use"))?;
            book.contracts.insert(contract_of(key), Account { id: Some(id), counter, changed: false });
            if let Some(known) = known {
                book.uses.insert(key, known);
            }
        }
        Ok(book)
    }

    /// Gives a number to each contract that has its first use.
    async fn begin_metering(&mut self, book: &mut Book<'_>) -> Result<()> {
        let fresh = book.contracts.iter().filter(|(_, account)| account.id.is_none() && account.changed);
        let mut fresh: Vec<ContractName<'_>> = fresh.map(|(name, _)| *name).collect();
        // One order for all, so that two transactions never wait for each other in turn.
        fresh.sort_unstable();
        let begun: Vec<Begun> = self
            .list_many(&BEGIN_METERING, &fresh, |statement, (tenant, contract)| {
                Ok(statement.bind(*tenant).bind(*contract))
            })
            .await?;
        let numbers: HashMap<ContractName<'_>, i64> =
            begun.iter().map(|row| ((row.tenant.as_str(), row.contract.as_str()), row.id)).collect();
        for (name, account) in &mut book.contracts {
            account.id = account.id.or_else(|| numbers.get(name).copied());
        }
        Ok(())
    }

    async fn write_uses(
        &mut self,
        book: &Book<'_>,
        admitted: &[(&NewUse, u64)],
        closed: &[(&CloseUse, u64)],
    ) -> Result<()> {
        let mut script = self.script();
        script.add(&INSERT_USES, admitted, |statement, (one, sequence)| {
            Ok(statement
                .bind(book.number(&one.key)?)
                .bind(one.key.use_id.as_str())
                .bind(to_i64(*sequence, "sequence")?)
                .bind(one.at)
                .bind(one.at)
                .bind(0_i64)
                .bind(0_i64)
                .bind(0_i64)
                .bind(one.body.as_str()))
        })?;
        script.add(&CLOSE_USES, closed, |statement, (one, closing)| {
            Ok(statement
                .bind(book.number(&one.key)?)
                .bind(one.key.use_id.as_str())
                .bind(to_i64(*closing, "closing")?)
                .bind(one.at)
                .bind(to_i64(one.bytes, "bytes")?)
                .bind(to_i64(one.rows, "rows")?)
                .bind(one.digest.as_deref())
                .bind(i64::from(one.complete)))
        })?;
        script.add(&PUT_COUNTERS, &book.changed(), |statement, (id, counter)| {
            Ok(statement
                .bind(*id)
                .bind(to_i64(counter.used, "used")?)
                .bind(to_i64(counter.closed, "closed")?))
        })?;
        self.run_script(script).await
    }
}

/// Tenant and contract.
type ContractName<'k> = (&'k str, &'k str);

fn contract_of(key: &UseKey) -> ContractName<'_> {
    (&key.tenant, &key.contract)
}

/// A contract's number and counters.
#[derive(Debug, Default)]
struct Account {
    /// None before its first use is written.
    id: Option<i64>,
    counter: UseCounter,
    changed: bool,
}

/// A use that exists.
#[derive(Debug, Clone, Copy)]
struct Known {
    sequence: u64,
    closing: Option<u64>,
}

/// What admission and closing need to know, and what they change.
#[derive(Debug, Default)]
struct Book<'k> {
    contracts: HashMap<ContractName<'k>, Account>,
    uses: HashMap<&'k UseKey, Known>,
}

impl<'k> Book<'k> {
    /// What becomes of each new use, and those that are to be written, with their sequences.
    fn admit_all<'u: 'k>(&mut self, uses: &'u [NewUse]) -> (Vec<Admission>, Vec<(&'u NewUse, u64)>) {
        let (mut answers, mut fresh) = (Vec::with_capacity(uses.len()), Vec::new());
        for one in uses {
            let account = self.contracts.entry(contract_of(&one.key)).or_default();
            let answer = admit(one, self.uses.get(&one.key).copied(), account.counter.used);
            if let Admission::Admitted { sequence, used_now } = answer {
                account.counter.used = used_now;
                account.changed = true;
                self.uses.insert(&one.key, Known { sequence, closing: None });
                fresh.push((one, sequence));
            }
            answers.push(answer);
        }
        (answers, fresh)
    }

    /// What becomes of each close, and those that are to be written, with their closing sequences.
    fn close_all<'c: 'k>(&mut self, closes: &'c [CloseUse]) -> (Vec<Closing>, Vec<(&'c CloseUse, u64)>) {
        let (mut answers, mut fresh) = (Vec::with_capacity(closes.len()), Vec::new());
        for one in closes {
            let answer = match self.uses.get_mut(&one.key) {
                None => Closing::Unknown,
                Some(Known { closing: Some(closing), .. }) => Closing::Already(*closing),
                Some(Known { closing, .. }) => {
                    let account = self.contracts.entry(contract_of(&one.key)).or_default();
                    account.counter.closed += 1;
                    account.changed = true;
                    let number = account.counter.closed;
                    *closing = Some(number);
                    fresh.push((one, number));
                    Closing::Closed(number)
                }
            };
            answers.push(answer);
        }
        (answers, fresh)
    }

    fn number(&self, key: &UseKey) -> Result<i64> {
        let account = self.contracts.get(&contract_of(key));
        account.and_then(|account| account.id).ok_or_else(|| StoreError::value("the number of a contract"))
    }

    /// The numbers and counters that are to be written.
    fn changed(&self) -> Vec<(i64, UseCounter)> {
        let changed = self.contracts.values().filter(|account| account.changed);
        let mut rows: Vec<_> = changed.filter_map(|account| Some((account.id?, account.counter))).collect();
        rows.sort_unstable_by_key(|(id, _)| *id);
        rows
    }
}

/// The decision alone.
fn admit(one: &NewUse, known: Option<Known>, used: u64) -> Admission {
    if let Some(Known { sequence, closing }) = known {
        return Admission::Repeat { sequence, used_now: sequence, closed: closing.is_some() };
    }
    match one.limit {
        Some(limit) if used >= limit => Admission::Refused { limit, used },
        _ => Admission::Admitted { sequence: used + 1, used_now: used + 1 },
    }
}
