//! The schema and its versions. Migrations are only ever added; a store from a newer Weir is refused.

use sqlx::{AnyConnection, AssertSqlSafe, Row};

use crate::{
    conn::Backend,
    error::{Result, StoreError},
};

/// The migrations in their order; the version of a store is the number of those that it has.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_metered.sql"),
    include_str!("migrations/0003_chains.sql"),
    include_str!("migrations/0004_passed_over.sql"),
];

/// The version this program writes.
pub(crate) const KNOWN: u64 = MIGRATIONS.len() as u64;

const CREATE_SCHEMA_TABLES: &str = "-- create_schema_tables
CREATE TABLE weir_schema (version BIGINT NOT NULL PRIMARY KEY, written_by TEXT NOT NULL);
CREATE TABLE weir_owner (id BIGINT NOT NULL PRIMARY KEY, epoch BIGINT NOT NULL);
INSERT INTO weir_owner (id, epoch) VALUES (1, 0);";

/// Brings the store on `conn` to today's version, within the transaction that the caller holds.
///
/// # Errors
/// [`StoreError::NotAStore`] where foreign tables stand, [`StoreError::Newer`] for a later version.
pub(crate) async fn migrate(conn: &mut AnyConnection, backend: Backend, location: &str) -> Result<()> {
    if !check(conn, backend, location).await? {
        sqlx::raw_sql(CREATE_SCHEMA_TABLES).execute(&mut *conn).await?;
    }
    let (found, _) = read_version(conn).await?;
    apply_after(conn, backend, found).await
}

/// Whether a store is there that this program can read or bring to its version; changes nothing.
///
/// # Errors
/// As [`migrate`].
pub(crate) async fn check(conn: &mut AnyConnection, backend: Backend, location: &str) -> Result<bool> {
    let tables = list_tables(conn, backend).await?;
    if !tables.iter().any(|table| table == "weir_schema") {
        return match tables.is_empty() {
            true => Ok(false),
            false => Err(StoreError::NotAStore { location: location.to_owned() }),
        };
    }
    let (found, written_by) = read_version(conn).await?;
    if found > KNOWN {
        return Err(StoreError::Newer { location: location.to_owned(), found, known: KNOWN, written_by });
    }
    Ok(true)
}

async fn apply_after(conn: &mut AnyConnection, backend: Backend, found: u64) -> Result<()> {
    for (version, text) in (1_u64..).zip(MIGRATIONS) {
        if version <= found {
            continue;
        }
        sqlx::raw_sql(AssertSqlSafe(backend.dialect(text))).execute(&mut *conn).await?;
        let number = i64::try_from(version).map_err(|_| StoreError::value("the schema version"))?;
        sqlx::query("-- record_migration\nINSERT INTO weir_schema (version, written_by) VALUES ($1, $2)")
            .bind(number)
            .bind(env!("CARGO_PKG_VERSION"))
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

async fn read_version(conn: &mut AnyConnection) -> Result<(u64, String)> {
    let row = sqlx::query(
        "-- read_version\nSELECT version, written_by FROM weir_schema ORDER BY version DESC LIMIT 1",
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok((0, String::new())) };
    let version: i64 = row.try_get("version")?;
    let version = u64::try_from(version).map_err(|_| StoreError::value("the schema version"))?;
    Ok((version, row.try_get("written_by")?))
}

async fn list_tables(conn: &mut AnyConnection, backend: Backend) -> Result<Vec<String>> {
    let text = match backend {
        Backend::Sqlite => {
            "-- list_tables
            SELECT name AS name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        }
        Backend::Postgres => {
            "-- list_tables
            SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    let rows = sqlx::query(text).fetch_all(conn).await?;
    Ok(rows.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?)
}

/// Takes ownership: whoever held an older epoch can no longer write ([`StoreError::Fenced`]).
pub(crate) async fn next_epoch(conn: &mut AnyConnection) -> Result<i64> {
    let row =
        sqlx::query("-- next_epoch\nUPDATE weir_owner SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch")
            .fetch_one(conn)
            .await?;
    Ok(row.try_get("epoch")?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    #[test]
    fn no_word_of_the_dialect_is_left_over() {
        for backend in [Backend::Sqlite, Backend::Postgres] {
            for text in MIGRATIONS {
                let done = backend.dialect(text);
                let statements: String = done.lines().filter(|line| !line.starts_with("--")).collect();
                assert!(!statements.contains('{'), "{backend:?}");
            }
        }
    }
}
