//! What can go wrong in the store, and what its caller can do about it.

use std::{path::PathBuf, sync::Arc};

/// The error of every door of this crate.
///
/// Locations never carry a password: a PostgreSQL address is printed without its user information.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The text is no address of a store.
    #[error(
        "cannot read the store address `{address}`: {reason}; \
         expected `sqlite:<path>`, `sqlite::memory:` or `postgres://user@host:port/database`"
    )]
    Address {
        /// The text as given, without user information.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A schema name that PostgreSQL would need quoting for.
    #[error(
        "`{name}` cannot name a schema: use 1 to 63 lower-case letters, digits and underscores, starting with a letter"
    )]
    SchemaName {
        /// The name as given.
        name: String,
    },
    /// The database server does not answer, or refuses the user.
    #[error(
        "cannot reach the database at `{location}`: {source}; check that the server runs and that user, password and database name are right"
    )]
    Unreachable {
        /// Where it was looked for.
        location: String,
        /// The driver's words.
        source: Arc<sqlx::Error>,
    },
    /// The folder or file cannot be written.
    #[error("cannot write the store `{path}`: {source}; check that its folder exists and belongs to this user", path = .path.display())]
    NotWritable {
        /// The file that could not be opened.
        path: PathBuf,
        /// The system's words.
        source: Arc<std::io::Error>,
    },
    /// There is no store, and the caller did not ask for a new one.
    #[error("there is no store at `{location}`: create one with `weir init`, or correct the address")]
    Missing {
        /// Where it was looked for.
        location: String,
    },
    /// Something else lives there.
    #[error(
        "`{location}` holds something that is not a Weir store: choose another address, nothing was changed"
    )]
    NotAStore {
        /// Where it was looked for.
        location: String,
    },
    /// A newer Weir wrote the store.
    #[error(
        "the store at `{location}` has version {found} (written by Weir {written_by}), and this program knows versions up to {known}: \
         run a Weir that is at least as new, or restore the backup made before the upgrade"
    )]
    Newer {
        /// The store.
        location: String,
        /// The version found in it.
        found: u64,
        /// The newest version this program knows.
        known: u64,
        /// The program version that migrated it last.
        written_by: String,
    },
    /// Another process serves the store.
    #[error(
        "the store at `{location}` is in use by {holder}: stop that process first, or give this node a store of its own"
    )]
    Locked {
        /// The store.
        location: String,
        /// Who holds it, as far as is known.
        holder: String,
    },
    /// Another process took the store over while this one had lost its connection.
    #[error("another process has taken over the store: restart this one to see the newer state")]
    Fenced,
    /// The store was closed.
    #[error("the store is closed: the node is shutting down")]
    Closed,
    /// The row changed since it was read. Read it again and repeat the step.
    #[error("{what} changed in the meantime: read it again and repeat")]
    Conflict {
        /// The row, in words with its key.
        what: String,
    },
    /// What is asked for is not in the store.
    #[error("{what} is not in the store")]
    NotFound {
        /// The row, in words with its key.
        what: String,
    },
    /// PostgreSQL kept refusing the transaction because of concurrent ones.
    #[error("the transaction `{name}` met concurrent changes {attempts} times: try again later")]
    Contention {
        /// The transaction's name.
        name: &'static str,
        /// How often it was run.
        attempts: u32,
    },
    /// The closure of a transaction panicked; nothing of it was kept.
    #[error("the transaction `{name}` ended in a defect of the program and left no trace: please report it")]
    Panicked {
        /// The transaction's name.
        name: &'static str,
    },
    /// A value cannot be written as a body.
    #[error("a stored body cannot be written: {source}")]
    Encode {
        /// The encoder's words.
        source: Arc<serde_json::Error>,
    },
    /// A body does not read as the type that is asked for.
    #[error("a stored body cannot be read: {source}")]
    Decode {
        /// The decoder's words.
        source: Arc<serde_json::Error>,
    },
    /// A body has a version that the reader does not know.
    #[error("a stored body has version {found}, and this program reads version {known}: run a newer Weir")]
    BodyVersion {
        /// The version found.
        found: u32,
        /// The version the reader's type has.
        known: u32,
    },
    /// A column holds a value that its type excludes, or a number passes what a column can hold.
    #[error("the store cannot hold or holds a wrong value in {what}")]
    Value {
        /// The column or number, in words.
        what: String,
    },
    /// The commit failed: whether the change is there is decided by reading it again.
    #[error("the change could not be made durable: {source}; check free space and the health of the disk")]
    Commit {
        /// The driver's words.
        source: Arc<sqlx::Error>,
    },
    /// Any other failure of the database.
    #[error("the database failed: {source}")]
    Database {
        /// The driver's words.
        source: Arc<sqlx::Error>,
    },
}

/// Short form used through the crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        match source {
            sqlx::Error::PoolClosed => Self::Closed,
            source => Self::Database { source: Arc::new(source) },
        }
    }
}

impl StoreError {
    pub(crate) fn commit(source: sqlx::Error) -> Self {
        Self::Commit { source: Arc::new(source) }
    }

    pub(crate) fn value(what: impl Into<String>) -> Self {
        Self::Value { what: what.into() }
    }

    pub(crate) fn conflict(what: impl Into<String>) -> Self {
        Self::Conflict { what: what.into() }
    }

    /// Whether a statement failed for what it was given, as far as can be told: a commit, a lost connection or a closed store
    /// fails for all alike.
    pub(crate) fn is_of_a_value(&self) -> bool {
        match self {
            Self::Value { .. } => true,
            Self::Database { source } => {
                matches!(**source, sqlx::Error::Database(_) | sqlx::Error::Encode(_))
            }
            _ => false,
        }
    }

    /// Whether the store could not do its work just then, whatever it was given: it is away, closed, busy or full, or others
    /// were at the same rows. The same may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Closed | Self::Fenced | Self::Commit { .. } => true,
            Self::Database { source } => is_passing(source),
            other => other.is_conflict(),
        }
    }

    /// Whether the row moved under the caller, who may read it again and repeat.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Contention { .. })
    }
}

/// What the driver says by itself is of the connection, but for these few. What the database says has a code: five characters, of which
/// two name the class, from PostgreSQL, a number of which the low byte names the kind from SQLite.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(inner) => inner.code().is_some_and(|code| is_passing_code(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        _ => false,
    }
}

fn is_passing_code(code: &str) -> bool {
    if let (5, Some(class)) = (code.len(), code.get(..2)) {
        // Connection, read-only transaction (a server that is a stand-by for now), roll-back, resources (full), locks, operator, system.
        return code == "25006" || matches!(class, "08" | "40" | "53" | "55" | "57" | "58");
    }
    // Busy, locked, out of memory, read-only, interrupted, input and output, full, cannot be opened, locking.
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5..=10 | 13..=15))
}

/// PostgreSQL's words for "run it again": serialization failure and deadlock.
pub(crate) fn is_retryable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(inner) => {
            matches!(inner.code().as_deref(), Some("40001" | "40P01"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_away_busy_or_full_passes_and_a_value_that_it_refuses_does_not() {
        for code in
            ["08006", "25006", "40001", "53100", "55P03", "57P01", "58030", "5", "517", "10", "778", "13"]
        {
            assert!(is_passing_code(code), "{code}");
        }
        for code in ["22021", "23505", "25P02", "42P01", "XX000", "1", "19", "2067", "", "soon"] {
            assert!(!is_passing_code(code), "{code}");
        }
        let passes = |error: sqlx::Error| StoreError::from(error).is_passing();
        assert!(passes(sqlx::Error::PoolTimedOut) && passes(sqlx::Error::PoolClosed));
        assert!(!passes(sqlx::Error::Encode("too long".into())) && !passes(sqlx::Error::RowNotFound));
        assert!(StoreError::conflict("a row").is_passing() && StoreError::Closed.is_passing());
        assert!(!StoreError::value("a number").is_passing());
    }
}
