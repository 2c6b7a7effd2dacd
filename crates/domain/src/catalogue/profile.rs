//! What a file is, found out from the file itself: columns, rows, types, nulls, digest.

use crypto::Sha256;
use serde::{Deserialize, Serialize};

use super::I18n;
use crate::Refusal;
use crate::{TimeRange, Timestamp, limits};

/// Format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values (RFC 4180, with any delimiter).
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// The name, as in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    /// The media type of a delivery.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Whole numbers.
    Integer,
    /// Numbers with a fraction.
    Decimal,
    /// Anything else.
    Text,
    /// True or false.
    Boolean,
    /// Days.
    Date,
    /// Points in time.
    DateTime,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// Type of its values.
    pub kind: ColumnKind,
    /// Cells without a value.
    pub nulls: u64,
    /// Smallest value, as the file writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest value, as the file writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// A title for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<I18n>,
}

/// What profiling found out about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Format of the file.
    pub format: Format,
    /// Encoding of its text, such as `utf-8` or `gbk`; `binary` for Parquet.
    pub encoding: String,
    /// Delimiter of a CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The columns in the order of the file.
    pub columns: Vec<Column>,
    /// Rows, without a header.
    pub rows: u64,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Sha256,
    /// First and last point in time of the data, both included, where a column or several give one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_range: Option<(Timestamp, Timestamp)>,
    /// Cells without a value, over all columns.
    pub null_cells: u64,
}

impl Profile {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// All cells: rows times columns.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.rows.saturating_mul(u64::try_from(self.columns.len()).unwrap_or(u64::MAX))
    }

    /// Share of the cells without a value, in thousandths, rounded to the nearest; 0 where there is no cell.
    #[must_use]
    pub fn null_permille(&self) -> u64 {
        let cells = u128::from(self.cells());
        let share = (u128::from(self.null_cells) * 1_000 + cells / 2).checked_div(cells).unwrap_or_default();
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    /// The time range as a range with an open end: the last point is included.
    #[must_use]
    pub fn time_span(&self) -> Option<TimeRange> {
        self.time_range.and_then(|(first, last)| TimeRange::new(first, last.plus_micros(1)).ok())
    }

    /// Checks what a catalogue can hold.
    ///
    /// # Errors
    /// [`Refusal::Empty`] without columns, [`Refusal::TooMany`] with too many, [`Refusal::TooLong`] for a name,
    /// [`Refusal::Invalid`] for a name that occurs twice or counts that cannot be.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.columns.is_empty() {
            return Err(Refusal::Empty { what: "list of columns" });
        }
        let (limit, actual) = (limits::COLUMNS_MAX, self.columns.len());
        if actual > limit {
            return Err(Refusal::TooMany { what: "columns", limit, actual });
        }
        let mut names = std::collections::BTreeSet::new();
        for column in &self.columns {
            Refusal::check_text("column name", &column.name, limits::COLUMN_NAME_CHARS_MAX)?;
            if !names.insert(&column.name) {
                let reason = format!("column `{}` occurs twice: rename one of them", column.name);
                return Err(Refusal::Invalid { object: "profile", reason });
            }
            if column.nulls > self.rows {
                let reason = format!("column `{}` has more empty cells than there are rows", column.name);
                return Err(Refusal::Invalid { object: "profile", reason });
            }
        }
        Ok(())
    }
}
