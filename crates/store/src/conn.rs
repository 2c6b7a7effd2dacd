//! One connection and the statements that run on it: [`Read`] looks, [`Tx`] also changes. The aggregates' files add the
//! methods; statements over many rows are in [`crate::many`], reading rows in [`crate::columns`].

use std::{fmt, ops};

use futures_util::TryStreamExt as _;
use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Either, Execute as _, Executor as _, Transaction,
    any::{AnyArguments, AnyRow},
    pool::PoolConnection,
    query::Query,
};

use crate::{
    columns::FromRow,
    error::{Result, StoreError, is_retryable},
    wake::Effects,
};

/// Which database a store lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Embedded, one file.
    Sqlite,
    /// A server.
    Postgres,
}

impl Backend {
    /// Puts the backend's own words into the text of a migration. Texts are ordered by their bytes on both, whatever
    /// language the server was installed in.
    pub(crate) fn dialect(self, text: &str) -> String {
        let (bytes, numbered, clustered, string) = match self {
            Self::Sqlite => ("BLOB", "INTEGER PRIMARY KEY AUTOINCREMENT", " WITHOUT ROWID", " TEXT"),
            Self::Postgres => {
                ("BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "", " TEXT COLLATE \"C\"")
            }
        };
        text.replace("{BYTES}", bytes)
            .replace("{NUMBERED}", numbered)
            .replace("{CLUSTERED}", clustered)
            .replace(" TEXT", string)
    }
}

/// A statement with its arguments.
pub(crate) type Statement = Query<'static, Any, AnyArguments>;

/// A statement whose whole text stands in the source.
pub(crate) fn sql(text: &'static str) -> Statement {
    sqlx::query(text)
}

pub(crate) enum Conn {
    /// A connection of an embedded store: the one that writes, or one that reads.
    Own(Box<AnyConnection>),
    /// A pooled connection in its transaction, which ends with it.
    Pooled(Transaction<'static, Any>),
    /// A pooled connection without a transaction.
    Plain(PoolConnection<Any>),
}

impl Conn {
    pub(crate) fn get(&mut self) -> &mut AnyConnection {
        match self {
            Self::Own(conn) => conn,
            Self::Pooled(transaction) => transaction,
            Self::Plain(conn) => conn,
        }
    }
}

/// A view of the store: one state in a transaction and in [`crate::Store::read`], with each statement the newest in
/// [`crate::Store::peek`]. Every getter of every aggregate is a method of this type.
pub struct Read {
    pub(crate) conn: Conn,
    pub(crate) backend: Backend,
    /// Whether a statement failed in a way that only a new run can mend.
    pub(crate) retry: bool,
    /// The first statement that failed. A step that passes over it cannot be committed: PostgreSQL would answer the
    /// commit of such a transaction with a silent rollback.
    pub(crate) failed: Option<StoreError>,
    /// What has to run before the next statement, such as `BEGIN`: it goes in the same text, and so with the same hand-over
    /// to the connection's thread. Empty where there is nothing, as always on a server.
    pub(crate) before: &'static str,
}

/// A transaction: all of it is kept, or nothing. It has the getters of [`Read`] too.
pub struct Tx {
    pub(crate) read: Read,
    pub(crate) effects: Effects,
}

impl ops::Deref for Tx {
    type Target = Read;

    fn deref(&self) -> &Read {
        &self.read
    }
}

impl ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.read
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Read").field("backend", &self.backend).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("backend", &self.read.backend).finish_non_exhaustive()
    }
}

impl Tx {
    pub(crate) fn new(conn: Conn, backend: Backend) -> Self {
        Self { read: Read::new(conn, backend), effects: Effects::default() }
    }
}

impl Read {
    pub(crate) fn new(conn: Conn, backend: Backend) -> Self {
        Self { conn, backend, retry: false, failed: None, before: "" }
    }

    fn fail(&mut self, error: sqlx::Error) -> StoreError {
        self.retry |= is_retryable(&error);
        let error = StoreError::from(error);
        self.failed.get_or_insert_with(|| error.clone());
        error
    }

    /// The statement behind what has to run before it. After a failed statement there is none on SQLite, which may have ended
    /// the transaction by itself: what came after would run, and last, outside of it. (PostgreSQL refuses it by itself.)
    fn led(&mut self, mut statement: Statement) -> Result<Statement> {
        if let Some(error) = self.failed.as_ref().filter(|_| self.backend == Backend::Sqlite) {
            return Err(error.clone());
        }
        if self.before.is_empty() {
            return Ok(statement);
        }
        let arguments = statement.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        // Both are texts of the source; values go in as arguments, and what stands before has none.
        let text = format!("{};\n{}", std::mem::take(&mut self.before), statement.sql().as_str());
        Ok(sqlx::query_with(AssertSqlSafe(text), arguments))
    }

    /// Runs a statement; the number of rows that it changed.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64> {
        let statement = self.led(statement)?;
        match changed_by_last(self.conn.get(), statement).await {
            Ok(changed) => Ok(changed),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// All rows.
    pub(crate) async fn list<T: FromRow>(&mut self, statement: Statement) -> Result<Vec<T>> {
        let statement = self.led(statement)?;
        match statement.fetch_all(self.conn.get()).await {
            Ok(rows) => rows.iter().map(T::from_row).collect(),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The first row, if there is one.
    pub(crate) async fn find<T: FromRow>(&mut self, statement: Statement) -> Result<Option<T>> {
        let statement = self.led(statement)?;
        match first_row(self.conn.get(), statement).await {
            Ok(row) => row.as_ref().map(T::from_row).transpose(),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// The one row of a statement that always has one.
    pub(crate) async fn one<T: FromRow>(&mut self, statement: Statement) -> Result<T> {
        let statement = self.led(statement)?;
        match first_row(self.conn.get(), statement).await.and_then(|row| row.ok_or(sqlx::Error::RowNotFound))
        {
            Ok(row) => T::from_row(&row),
            Err(error) => Err(self.fail(error)),
        }
    }
}

/// Runs a text of one or several statements; how many rows the last one changed. SQLite gives a statement that changes
/// nothing, such as `BEGIN`, the number of the one before it, so that a sum would be wrong.
async fn changed_by_last(conn: &mut AnyConnection, statement: Statement) -> sqlx::Result<u64> {
    let mut outcomes = conn.fetch_many(statement);
    let mut changed = 0;
    while let Some(outcome) = outcomes.try_next().await? {
        if let Either::Left(done) = outcome {
            changed = done.rows_affected();
        }
    }
    Ok(changed)
}

/// Runs a text of one or several statements; the first row of any of them. (`fetch_optional` looks at what the first
/// statement answers, and `BEGIN` answers nothing.)
async fn first_row(conn: &mut AnyConnection, statement: Statement) -> sqlx::Result<Option<AnyRow>> {
    let mut outcomes = conn.fetch_many(statement);
    while let Some(outcome) = outcomes.try_next().await? {
        if let Either::Right(row) = outcome {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
