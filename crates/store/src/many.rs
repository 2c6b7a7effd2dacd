//! Statements over many rows: their texts, how rows are cut into pieces, and running several of them at once.

use sqlx::{AssertSqlSafe, Execute as _};

use crate::{
    columns::FromRow,
    conn::{Backend, Read, Statement, sql},
    error::Result,
};

/// How many rows one statement of many rows carries at most.
const ROWS_PER_STATEMENT: usize = 64;

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
    fn new(backend: Backend) -> Self {
        Self { backend, text: String::new(), arguments: sql(""), statements: Vec::new() }
    }

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

impl Read {
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

    /// An empty script for this connection.
    pub(crate) fn script(&self) -> Script {
        Script::new(self.backend)
    }

    /// Runs a script.
    pub(crate) async fn run_script(&mut self, script: Script) -> Result<()> {
        for statement in script.into_statements()? {
            self.execute(statement).await?;
        }
        Ok(())
    }
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
            let mut script = Script::new(backend);
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
}
