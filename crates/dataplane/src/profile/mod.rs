//! What a file holds, learnt from the file itself in one pass.
//!
//! CSV: encoding and delimiter are detected, the kinds of the columns inferred from every row. Parquet: schema, rows and
//! ranges come from its metadata, and from the columns where the metadata lacks statistics. Both: the SHA-256 digest of
//! the bytes, and a stamp by which a later change is noticed.

mod clock;
mod column;
mod csv;
mod parquet;
#[cfg(test)]
mod tests;
mod value;

use std::path::Path;

use ::domain::Timestamp;
use ::domain::catalogue::{Column, ColumnKind, Format, Profile};
use crypto::Sha256;

pub use crate::csv_input::{COLUMN_NAME_CHARS_MAX, COLUMNS_MAX};
use crate::stamp::open_file;
use crate::{DataError, FileStamp};

/// How a file is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProfileOptions {
    /// The encoding of a text file, by any of its usual names; detected when it is not given.
    pub encoding: Option<String>,
}

/// A profile and what is needed to open the same file later.
#[derive(Debug, Clone, PartialEq)]
pub struct Profiled {
    /// What the file holds.
    pub profile: Profile,
    /// What the file looked like from outside while it was read.
    pub stamp: FileStamp,
}

/// Profiles the file at `path`. `progress` hears the number of bytes read so far; the file's size is their goal (a file
/// in a detected Chinese encoding may be begun again). Blocks: call it from a blocking task.
///
/// # Errors
/// [`DataError`] names the place and the way out.
pub fn profile(path: &Path, options: &ProfileOptions, progress: &dyn Fn(u64)) -> Result<Profiled, DataError> {
    let (file, stamp) = open_file(path)?;
    let format = format_of(path)?;
    if stamp.size == 0 {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    let content = match format {
        Format::Csv => csv::scan(path, options, progress)?,
        Format::Parquet => parquet::scan(path, &file, progress)?,
    };
    let after = FileStamp::of(&file, path)?;
    let (_, reopened) = open_file(path)?;
    if stamp != after || stamp != reopened || content.bytes != stamp.size {
        return Err(DataError::ChangedWhileRead { path: path.to_owned() });
    }
    Ok(Profiled { profile: content.into_profile(format), stamp })
}

/// The format that the name of a file announces.
///
/// # Errors
/// [`DataError::UnknownExtension`].
pub fn format_of(path: &Path) -> Result<Format, DataError> {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_deref().and_then(|ending| ending.to_str()) {
        Some("csv" | "tsv" | "txt") => Ok(Format::Csv),
        Some("parquet") => Ok(Format::Parquet),
        _ => Err(DataError::UnknownExtension { path: path.to_owned() }),
    }
}

/// The time range of the first column of times, or else of the first column of dates.
fn best_time_range(
    columns: impl Iterator<Item = (ColumnKind, Option<(i64, i64)>)> + Clone,
) -> Option<(i64, i64)> {
    let of =
        |wanted: ColumnKind| columns.clone().filter(|(kind, _)| *kind == wanted).find_map(|(_, range)| range);
    of(ColumnKind::DateTime).or_else(|| of(ColumnKind::Date))
}

/// What a pass over a file found.
struct Content {
    encoding: String,
    delimiter: Option<char>,
    columns: Vec<Column>,
    rows: u64,
    bytes: u64,
    sha256: Sha256,
    /// First and last point in time, microseconds.
    time_range: Option<(i64, i64)>,
}

impl Content {
    fn into_profile(self, format: Format) -> Profile {
        let at = Timestamp::from_micros;
        Profile {
            format,
            encoding: self.encoding,
            delimiter: self.delimiter,
            null_cells: self.columns.iter().map(|column| column.nulls).sum(),
            columns: self.columns,
            rows: self.rows,
            bytes: self.bytes,
            sha256: self.sha256,
            time_range: self.time_range.map(|(first, last)| (at(first), at(last))),
        }
    }
}
