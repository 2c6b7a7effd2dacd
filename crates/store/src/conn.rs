//! One connection in one transaction: [`Read`] sees a snapshot, [`Tx`] also changes it. The aggregates' files add the
//! methods; here is what they share: running statements, many-row statements, and reading columns.

use std::{fmt, ops};

use futures_util::TryStreamExt as _;
use sqlx::{
    Any, AnyConnection, AssertSqlSafe, Either, Execute as _, Executor as _, Row as _, Transaction,
    any::{AnyArguments, AnyRow},
    pool::PoolConnection,
    query::Query,
};

use crate::{
    body::Body,
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

/// How many rows one statement of many rows carries at most.
const ROWS_PER_STATEMENT: usize = 64;

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

/// A consistent view of the store. Every getter of every aggregate is a method of this type.
pub struct Read {
    pub(crate) conn: Conn,
    pub(crate) backend: Backend,
    /// Whether a statement failed in a way that only a new run can mend.
    pub(crate) retry: bool,
    /// The first statement that failed. A step that passes over it cannot be committed: PostgreSQL would answer the
    /// commit of such a transaction with a silent rollback.
    pub(crate) failed: Option<StoreError>,
    /// What has to run before the next statement, such as `BEGIN`: it goes in the same text, and so with the same hand-over
    /// to the connection's thread. Empty on a server, and where there is nothing. On an embedded store only.
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

    /// Runs one statement over many rows, in as few pieces as the number of rows allows: see [`Many::is_padded`].
    pub(crate) async fn execute_many<R>(
        &mut self,
        text: &Many,
        rows: &[R],
        bind: impl Fn(Statement, &R) -> Result<Statement>,
    ) -> Result<u64> {
        let mut changed = 0;
        for piece in text.pieces(rows) {
            let statement = text.bound(self.backend, piece, &bind)?;
            changed += self.execute(statement).await?;
        }
        Ok(changed)
    }

    /// An empty script for this connection.
    pub(crate) fn script(&self) -> Script {
        Script { backend: self.backend, text: String::new(), arguments: sql(""), statements: Vec::new() }
    }

    /// Runs a script.
    pub(crate) async fn run_script(&mut self, script: Script) -> Result<()> {
        for statement in script.into_statements()? {
            self.execute(statement).await?;
        }
        Ok(())
    }

    /// As [`Read::execute_many`], for statements that answer with rows.
    pub(crate) async fn list_many<R, T: FromRow>(
        &mut self,
        text: &Many,
        rows: &[R],
        bind: impl Fn(Statement, &R) -> Result<Statement>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        for piece in text.pieces(rows) {
            let statement = text.bound(self.backend, piece, &bind)?;
            found.extend(self.list(statement).await?);
        }
        Ok(found)
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

/// Statements over many rows that are run one after the other, and of which nobody asks what they changed: on SQLite with
/// one hand-over to the connection's thread, on a server each by itself.
pub(crate) struct Script {
    backend: Backend,
    /// SQLite: all texts, and all their arguments in that order.
    text: String,
    arguments: Statement,
    /// A server: the statements.
    statements: Vec<Statement>,
}

impl Script {
    /// Adds a statement; none where there are no rows.
    pub(crate) fn add<R>(
        &mut self,
        text: &Many,
        rows: &[R],
        bind: impl Fn(Statement, &R) -> Result<Statement>,
    ) -> Result<()> {
        for piece in text.pieces(rows) {
            match self.backend {
                Backend::Postgres => self.statements.push(text.bound(self.backend, piece, &bind)?),
                Backend::Sqlite => {
                    let length = text.length(piece.len());
                    self.text.push_str(&text.text(self.backend, length));
                    self.text.push_str(";\n");
                    let arguments = std::mem::replace(&mut self.arguments, sql(""));
                    self.arguments = Many::bind(arguments, length, piece, &bind)?;
                }
            }
        }
        Ok(())
    }

    fn into_statements(mut self) -> Result<Vec<Statement>> {
        if !self.text.is_empty() {
            // SQLite takes the arguments for the places of one statement after the other.
            let arguments = self.arguments.take_arguments().map_err(sqlx::Error::Encode)?;
            self.statements.push(sqlx::query_with(AssertSqlSafe(self.text), arguments.unwrap_or_default()));
        }
        Ok(self.statements)
    }
}

/// The text of a statement over many rows: `head ($1, $2), ($3, $4) tail`.
pub(crate) struct Many {
    pub head: &'static str,
    pub columns: usize,
    pub tail: &'static str,
    /// Whether the statement means the same when its last row stands there several times. Its pieces have 64 rows but for
    /// the last, which is filled up to 32, …, 1. The pieces of other statements have 64, 32, …, 1 rows of the list. So only
    /// seven texts of each statement ever stand in the cache of prepared ones.
    pub is_padded: bool,
}

impl Many {
    /// On SQLite the arguments are plain question marks: `$1` is a name there, and looking up hundreds of names, one
    /// after the other in a list, costs more than running the statement.
    fn text(&self, backend: Backend, rows: usize) -> String {
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + rows * self.columns * 6);
        text.push_str(self.head);
        let mut number = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ", (" });
            for column in 0..self.columns {
                number += 1;
                text.push_str(if column == 0 { "" } else { ", " });
                match backend {
                    Backend::Sqlite => text.push('?'),
                    Backend::Postgres => text.push_str(&format!("${number}")),
                }
            }
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }

    fn bound<R>(
        &self,
        backend: Backend,
        rows: &[R],
        bind: impl Fn(Statement, &R) -> Result<Statement>,
    ) -> Result<Statement> {
        // The text is made of the source's own pieces and numbers; values go in as arguments.
        let length = self.length(rows.len());
        Self::bind(sqlx::query(AssertSqlSafe(self.text(backend, length))), length, rows, bind)
    }

    /// How many rows the statement has for so many of the list.
    fn length(&self, rows: usize) -> usize {
        if self.is_padded { rows.next_power_of_two() } else { rows }
    }

    fn bind<R>(
        statement: Statement,
        length: usize,
        rows: &[R],
        bind: impl Fn(Statement, &R) -> Result<Statement>,
    ) -> Result<Statement> {
        let padding = rows.last().into_iter().cycle().take(length.saturating_sub(rows.len()));
        rows.iter().chain(padding).try_fold(statement, bind)
    }

    fn pieces<'r, R>(&self, rows: &'r [R]) -> impl Iterator<Item = &'r [R]> + use<'r, R> {
        pieces(rows, self.is_padded)
    }
}

/// Cuts rows into runs of at most 64, whose lengths are powers of two unless they are to be padded.
fn pieces<R>(rows: &[R], are_padded: bool) -> impl Iterator<Item = &[R]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let length = match rest.len() {
            0 => return None,
            len if len >= ROWS_PER_STATEMENT => ROWS_PER_STATEMENT,
            len if are_padded => len,
            len => 1 << len.ilog2(),
        };
        let (piece, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(piece)
    })
}

/// A row struct, read from a row.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &AnyRow) -> Result<Self>;
}

/// Reads a row struct whose fields are named like their columns: `from_row!(Row { code: text, at: int })`.
macro_rules! from_row {
    ($row:ident { $($field:ident: $kind:ident),+ $(,)? }) => {
        impl $crate::conn::FromRow for $row {
            fn from_row(row: &sqlx::any::AnyRow) -> $crate::error::Result<Self> {
                use $crate::conn::Columns as _;
                Ok(Self { $($field: row.$kind(stringify!($field))?),+ })
            }
        }
    };
}
pub(crate) use from_row;

impl FromRow for i64 {
    fn from_row(row: &AnyRow) -> Result<Self> {
        row.int("value")
    }
}

impl FromRow for u64 {
    fn from_row(row: &AnyRow) -> Result<Self> {
        row.count("value")
    }
}

impl FromRow for String {
    fn from_row(row: &AnyRow) -> Result<Self> {
        row.text("value")
    }
}

/// Columns by name, in the types that rows have.
pub(crate) trait Columns {
    fn text(&self, name: &str) -> Result<String>;
    fn text_opt(&self, name: &str) -> Result<Option<String>>;
    fn int(&self, name: &str) -> Result<i64>;
    fn int_opt(&self, name: &str) -> Result<Option<i64>>;
    fn bytes_opt(&self, name: &str) -> Result<Option<Vec<u8>>>;

    fn count(&self, name: &str) -> Result<u64> {
        to_u64(self.int(name)?, name)
    }

    fn count_opt(&self, name: &str) -> Result<Option<u64>> {
        self.int_opt(name)?.map(|value| to_u64(value, name)).transpose()
    }

    fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.int(name)? != 0)
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>> {
        self.bytes_opt(name)?.ok_or_else(|| StoreError::value(format!("column `{name}`")))
    }

    fn hash(&self, name: &str) -> Result<[u8; 32]> {
        to_hash(&self.bytes(name)?, name)
    }

    fn hash_opt(&self, name: &str) -> Result<Option<[u8; 32]>> {
        self.bytes_opt(name)?.map(|bytes| to_hash(&bytes, name)).transpose()
    }

    fn body(&self, name: &str) -> Result<Body> {
        self.text(name).map(Body::from_text)
    }

    fn body_opt(&self, name: &str) -> Result<Option<Body>> {
        Ok(self.text_opt(name)?.map(Body::from_text))
    }
}

impl Columns for AnyRow {
    fn text(&self, name: &str) -> Result<String> {
        Ok(self.try_get(name)?)
    }

    fn text_opt(&self, name: &str) -> Result<Option<String>> {
        Ok(self.try_get(name)?)
    }

    fn int(&self, name: &str) -> Result<i64> {
        Ok(self.try_get(name)?)
    }

    fn int_opt(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.try_get(name)?)
    }

    fn bytes_opt(&self, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.try_get(name)?)
    }
}

/// A count as a column holds it.
pub(crate) fn to_i64(value: u64, what: &str) -> Result<i64> {
    i64::try_from(value).map_err(|_| StoreError::value(format!("`{what}`: {value}")))
}

/// An optional count as a column holds it.
pub(crate) fn to_i64_opt(value: Option<u64>, what: &str) -> Result<Option<i64>> {
    value.map(|value| to_i64(value, what)).transpose()
}

pub(crate) fn to_u64(value: i64, what: &str) -> Result<u64> {
    u64::try_from(value).map_err(|_| StoreError::value(format!("`{what}`: {value}")))
}

pub(crate) fn to_hash(bytes: &[u8], what: &str) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| StoreError::value(format!("`{what}`: {} bytes instead of 32", bytes.len())))
}

/// A page of a list in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The last key of the page before, or the empty text for the first page.
    pub after: String,
    /// How many rows at most; more than [`Page::MAX`] is read as [`Page::MAX`].
    pub limit: u32,
}

impl Page {
    /// The most rows that one call answers with.
    pub const MAX: u32 = 10_000;

    /// The first page.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: String::new(), limit }
    }

    /// The page after the row of the key given.
    #[must_use]
    pub fn after(key: impl Into<String>, limit: u32) -> Self {
        Self { after: key.into(), limit }
    }

    pub(crate) fn rows(&self) -> i64 {
        bounded(self.limit)
    }
}

/// A limit that no caller can raise beyond [`Page::MAX`].
pub(crate) fn bounded(limit: u32) -> i64 {
    i64::from(limit.min(Page::MAX))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use std::cell::Cell;

    use super::*;

    #[test]
    fn rows_are_cut_into_powers_of_two() {
        let lengths = |n: usize| pieces(&vec![(); n], false).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(0), Vec::<usize>::new());
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(7), [4, 2, 1]);
        assert_eq!(lengths(64), [64]);
        assert_eq!(lengths(150), [64, 64, 16, 4, 2]);
    }

    #[test]
    fn rows_that_are_padded_need_one_statement_each_64() {
        let lengths = |n: usize| pieces(&vec![(); n], true).map(<[()]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(0), Vec::<usize>::new());
        assert_eq!(lengths(63), [63]);
        assert_eq!(lengths(150), [64, 64, 22]);
        let many = Many { head: "SELECT ", columns: 1, tail: "", is_padded: true };
        let bound = Cell::new(0);
        let bind = |statement: Statement, row: &i64| {
            bound.set(bound.get() + 1);
            Ok(statement.bind(*row))
        };
        for (rows, arguments) in [(1, 1), (2, 2), (3, 4), (22, 32), (33, 64), (64, 64)] {
            bound.set(0);
            drop(many.bound(Backend::Sqlite, &vec![7; rows], bind).unwrap());
            assert_eq!(bound.get(), arguments, "{rows}");
        }
    }

    #[test]
    fn many_rows_number_their_arguments() {
        let many = Many { head: "INSERT INTO t VALUES ", columns: 2, tail: " RETURNING a", is_padded: false };
        let text = many.text(Backend::Postgres, 2);
        assert_eq!(text, "INSERT INTO t VALUES ($1, $2), ($3, $4) RETURNING a");
        assert_eq!(many.text(Backend::Sqlite, 2), "INSERT INTO t VALUES (?, ?), (?, ?) RETURNING a");
    }

    #[test]
    fn a_script_is_one_statement_on_sqlite_and_many_on_a_server() {
        let first = Many { head: "INSERT INTO a VALUES ", columns: 1, tail: "", is_padded: true };
        let second = Many { head: "INSERT INTO b VALUES ", columns: 2, tail: "", is_padded: true };
        let script = |backend| {
            let (text, arguments) = (String::new(), sql(""));
            let mut script = Script { backend, text, arguments, statements: Vec::new() };
            script.add(&first, &[1_i64, 2, 3], |statement, row| Ok(statement.bind(*row))).unwrap();
            script.add(&first, &[], |statement, row: &i64| Ok(statement.bind(*row))).unwrap();
            script.add(&second, &[7_i64], |statement, row| Ok(statement.bind(*row).bind("x"))).unwrap();
            script.into_statements().unwrap()
        };
        let mut one = script(Backend::Sqlite);
        assert_eq!(one.len(), 1);
        assert_eq!(sqlx::Arguments::len(&one[0].take_arguments().unwrap().unwrap()), 4 + 2);
        assert!(sqlx::Execute::persistent(&one[0]), "it is prepared once");
        let text = one.remove(0).sql();
        assert_eq!(text.as_str(), "INSERT INTO a VALUES (?), (?), (?), (?);\nINSERT INTO b VALUES (?, ?);\n");
        assert_eq!(script(Backend::Postgres).len(), 2);
    }

    #[test]
    fn counts_that_no_column_holds_are_refused() {
        assert_eq!(to_i64(7, "bytes").unwrap(), 7);
        assert!(to_i64(u64::MAX, "bytes").unwrap_err().to_string().contains("bytes"));
        assert!(to_u64(-1, "rows").is_err());
        assert!(to_hash(&[0; 31], "leaf").is_err());
    }
}
