//! Rows as structs: reading columns by name, and the counts and hashes that columns hold.

use sqlx::{Row as _, any::AnyRow};

use crate::{
    body::Body,
    error::{Result, StoreError},
};

/// A row struct, read from a row.
pub(crate) trait FromRow: Sized {
    fn from_row(row: &AnyRow) -> Result<Self>;
}

/// Reads a row struct whose fields are named like their columns: `from_row!(Row { code: text, at: int })`.
macro_rules! from_row {
    ($row:ident { $($field:ident: $kind:ident),+ $(,)? }) => {
        impl $crate::columns::FromRow for $row {
            fn from_row(row: &sqlx::any::AnyRow) -> $crate::error::Result<Self> {
                use $crate::columns::Columns as _;
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

/// Free text as every database can hold it: PostgreSQL has no character of value 0.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_that_no_column_holds_are_refused() {
        assert_eq!(to_i64(7, "bytes").unwrap(), 7);
        assert!(to_i64(u64::MAX, "bytes").unwrap_err().to_string().contains("bytes"));
        assert!(to_u64(-1, "rows").is_err());
        assert!(to_hash(&[0; 31], "leaf").is_err());
    }
}
