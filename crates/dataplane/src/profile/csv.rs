//! The one pass over a text file.

use std::path::Path;

use ::domain::catalogue::Column;
use encoding_rs::UTF_8;

use super::clock::Clock;
use super::column::ColumnStats;
use super::{Content, ProfileOptions, best_time_range};
use crate::DataError;
use crate::csv_input::CsvInput;
use crate::encoding::{TextForm, detect, detect_deep, encoding_named};
use crate::stamp::open_file;
use crate::text::Progress;

/// Reads the whole file. A file that begins as UTF-8 and turns out to be something else is read again as that.
pub(super) fn scan(
    path: &Path,
    options: &ProfileOptions,
    progress: Progress<'_>,
) -> Result<Content, DataError> {
    let named = options.encoding.as_deref().map(encoding_named).transpose()?;
    let form = detect(path, named)?;
    match scan_as(path, form, progress) {
        Err(DataError::Malformed { .. }) if named.is_none() && form.encoding == UTF_8 => {
            match detect_deep(path)? {
                Some(encoding) => scan_as(path, TextForm { encoding, ..form }, progress),
                // UTF-8 with a defect: the second pass ends with the same error, which names the line.
                None => scan_as(path, form, progress),
            }
        }
        result => result,
    }
}

fn scan_as(path: &Path, form: TextForm, progress: Progress<'_>) -> Result<Content, DataError> {
    let (file, _) = open_file(path)?;
    let mut input = CsvInput::open(path, file, form, true, progress)?;
    let mut columns: Vec<ColumnStats> = input.columns().iter().cloned().map(ColumnStats::new).collect();
    let mut clock = Clock::find(input.columns());
    let mut rows = 0;
    while let Some(row) = input.next_row()? {
        rows += 1;
        for (column, field) in columns.iter_mut().zip(row) {
            column.see(field);
        }
        if let Some(clock) = &mut clock {
            clock.see(|index| row.get(index));
        }
    }
    let (bytes, sha256) = input.into_text().finish();
    let sha256 = sha256.unwrap_or(crypto::Sha256::ZERO);
    let from_columns = best_time_range(columns.iter().map(|column| (column.kind(), column.time_range())));
    Ok(Content {
        encoding: form.encoding.name().to_ascii_lowercase(),
        delimiter: Some(char::from(form.delimiter)),
        columns: columns.iter().map(described).collect(),
        rows,
        bytes,
        sha256,
        time_range: from_columns.or_else(|| clock.and_then(|clock| clock.range())),
    })
}

fn described(column: &ColumnStats) -> Column {
    let (min, max) = column.range();
    Column { name: column.name.clone(), kind: column.kind(), nulls: column.nulls, min, max, title: None }
}
