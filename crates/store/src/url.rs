//! Where a store lives: the text of the configuration, parsed.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::any::AnyConnectOptions;

use crate::error::{Result, StoreError};

/// The address of a store. `Display` and `Debug` never show user information.
#[derive(Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// An embedded database in one file (beside it `-wal`, `-shm` and `.lock`).
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// An embedded database that ends with its [`crate::Store`]; for tests and tries.
    SqliteMemory,
    /// A PostgreSQL server, with everything its address may carry.
    Postgres {
        /// The whole address, password included.
        url: String,
    },
}

impl StoreUrl {
    /// The store in the file `path`.
    #[must_use]
    pub fn sqlite(path: impl Into<PathBuf>) -> Self {
        Self::Sqlite { path: path.into() }
    }
}

impl FromStr for StoreUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        if text == "sqlite::memory:" {
            return Ok(Self::SqliteMemory);
        }
        if let Some(rest) = text.strip_prefix("sqlite:") {
            return parse_sqlite(text, rest.strip_prefix("//").unwrap_or(rest));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return parse_postgres(text);
        }
        Err(refuse("<hidden>", "unknown scheme"))
    }
}

fn parse_sqlite(text: &str, path: &str) -> Result<StoreUrl> {
    if path.is_empty() {
        return Err(refuse(text, "the path is empty"));
    }
    if path.contains('\0') {
        return Err(refuse(text, "the path contains a zero byte"));
    }
    Ok(StoreUrl::sqlite(path))
}

fn parse_postgres(text: &str) -> Result<StoreUrl> {
    let options =
        AnyConnectOptions::from_str(text).map_err(|_| refuse("postgres://…", "it is not a valid URL"))?;
    if options.database_url.path().trim_matches('/').is_empty() {
        return Err(refuse(&redact(&options), "the database name is missing"));
    }
    Ok(StoreUrl::Postgres { url: text.to_owned() })
}

fn refuse(address: &str, reason: &str) -> StoreError {
    StoreError::Address { address: address.to_owned(), reason: reason.to_owned() }
}

/// The address without user, password and parameters.
fn redact(options: &AnyConnectOptions) -> String {
    let url = &options.database_url;
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{}{port}{}", url.host_str().unwrap_or("localhost"), url.path())
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { path } => write!(f, "sqlite:{}", path.display()),
            Self::SqliteMemory => f.write_str("sqlite::memory:"),
            Self::Postgres { url } => match AnyConnectOptions::from_str(url) {
                Ok(options) => f.write_str(&redact(&options)),
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreUrl({self})")
    }
}

/// The driver's address of a database file: absolute, every byte that is not plain percent-encoded.
pub(crate) fn sqlite_driver_url(path: &Path, mode: &str) -> Result<String> {
    let absolute = std::path::absolute(path)
        .map_err(|e| StoreError::NotWritable { path: path.to_path_buf(), source: std::sync::Arc::new(e) })?;
    let text = absolute
        .to_str()
        .ok_or_else(|| refuse(&absolute.to_string_lossy(), "the path is not valid UTF-8"))?;
    let mut url = String::from("sqlite://");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_') {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
    url.push_str("?mode=");
    url.push_str(mode);
    Ok(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!("sqlite::memory:".parse::<StoreUrl>().unwrap(), StoreUrl::SqliteMemory);
        assert_eq!("sqlite:/a/b.db".parse::<StoreUrl>().unwrap(), StoreUrl::sqlite("/a/b.db"));
        assert_eq!("sqlite://a/b.db".parse::<StoreUrl>().unwrap(), StoreUrl::sqlite("a/b.db"));
        assert!(matches!("postgres://h/db".parse::<StoreUrl>().unwrap(), StoreUrl::Postgres { .. }));
    }

    #[test]
    fn wrong_addresses_are_refused_with_the_way_out() {
        for text in ["", "sqlite:", "mysql://a/b", "postgres://host", "postgres://host/", "postgres://[/x"] {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(matches!(error, StoreError::Address { .. }), "{text}: {error}");
            assert!(error.to_string().contains("sqlite:<path>"), "{error}");
        }
    }

    #[test]
    fn passwords_are_never_shown() {
        let url = "postgres://weir:geheim@db.example:5433/weir?sslmode=require".parse::<StoreUrl>().unwrap();
        assert_eq!(url.to_string(), "postgres://db.example:5433/weir");
        assert!(!format!("{url:?}").contains("geheim"));
        for text in ["postgres://weir:geheim@db.example", "mysql://weir:geheim@db.example/x"] {
            let error = text.parse::<StoreUrl>().unwrap_err();
            assert!(!error.to_string().contains("geheim"), "{error}");
            assert!(!format!("{error:?}").contains("geheim"), "{error:?}");
        }
    }

    #[test]
    fn driver_addresses_keep_every_path() {
        let url = sqlite_driver_url(Path::new("/tmp/数据 a%b?c#d.db"), "rwc").unwrap();
        assert_eq!(url, "sqlite:///tmp/%E6%95%B0%E6%8D%AE%20a%25b%3Fc%23d.db?mode=rwc");
    }
}
