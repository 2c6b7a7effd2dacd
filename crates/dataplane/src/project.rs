//! The named columns of a CSV file, as a CSV file of its own.
//!
//! A fields term grants columns; what is delivered then is not the file but this. It is written in one way only: UTF-8,
//! comma, line feed, quotes where they are needed, columns in the order of the file. So it has a length and a digest of
//! its own, any range of it can be sent again, and it has as many rows as the file.

use std::collections::BTreeSet;

use bytes::Bytes;
use crypto::{Hasher, Sha256};
use csv::ByteRecord;
use domain::catalogue::{Format, Profile};
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::chunks::ReadChunk;
use crate::csv_input::CsvInput;
use crate::source::{ReadAt, Source};
use crate::text::{TextForm, encoding_named};

/// Bytes of one piece of a projection (a row more at most).
const CHUNK_BYTES: usize = 256 << 10;

/// Names of columns that an error lists.
const NAMES_SHOWN_MAX: usize = 24;

/// What a projection is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projected {
    /// Rows, without the header.
    pub rows: u64,
    /// Length in bytes.
    pub bytes: u64,
    /// Digest of these bytes.
    pub sha256: Sha256,
}

type Input = CsvInput<ReadAt, fn(u64)>;

/// A projection on its way.
pub(crate) struct Projection {
    source: Source,
    form: TextForm,
    /// The columns that the catalogue has.
    columns: Vec<String>,
    /// Which of them are wanted, in order.
    picks: Vec<usize>,
    state: State,
}

enum State {
    Before,
    Within(Input),
    Done,
}

impl Projection {
    /// Prepares a projection; the file is not touched yet.
    pub(crate) fn begin(
        source: &Source,
        profile: &Profile,
        fields: &BTreeSet<String>,
    ) -> Result<Self, DataError> {
        check_fields(profile, fields)?;
        let delimiter = profile.delimiter.and_then(|delimiter| u8::try_from(delimiter).ok()).unwrap_or(b',');
        let columns: Vec<String> = profile.columns.iter().map(|column| column.name.clone()).collect();
        let wanted = columns.iter().enumerate().filter(|(_, name)| fields.contains(*name));
        Ok(Self {
            source: source.clone(),
            form: TextForm { encoding: encoding_named(&profile.encoding)?, delimiter },
            picks: wanted.map(|(index, _)| index).collect(),
            columns,
            state: State::Before,
        })
    }

    /// Runs through the whole projection.
    pub(crate) fn measure(&mut self) -> Result<Projected, DataError> {
        let (mut hasher, mut buffer) = (Hasher::new(), Vec::with_capacity(CHUNK_BYTES));
        let (mut rows, mut bytes) = (0, 0);
        loop {
            buffer.clear();
            rows += self.fill(&mut buffer)?;
            if buffer.is_empty() {
                return Ok(Projected { rows, bytes, sha256: hasher.finish() });
            }
            hasher.update(&buffer);
            bytes += buffer.len() as u64;
        }
    }

    /// The projection in pieces, from `offset`; `bytes` is its whole length as it was measured.
    pub(crate) fn stream(self, offset: u64, bytes: u64) -> impl ReadChunk {
        ProjectionChunks { projection: self, at: 0, offset, bytes }
    }

    /// Appends rows to `out` until it holds a piece, and says how many. Nothing is appended at the end.
    fn fill(&mut self, out: &mut Vec<u8>) -> Result<u64, DataError> {
        if matches!(self.state, State::Before) {
            self.state = State::Within(self.open()?);
            let names = ByteRecord::from(self.columns.clone());
            write_row(out, &names, &self.picks);
        }
        let State::Within(input) = &mut self.state else { return Ok(0) };
        let mut rows = 0;
        while out.len() < CHUNK_BYTES {
            let Some(row) = input.next_row()? else {
                self.state = State::Done;
                self.source.check_unchanged()?;
                break;
            };
            write_row(out, row, &self.picks);
            rows += 1;
        }
        Ok(rows)
    }

    fn open(&self) -> Result<Input, DataError> {
        let file = ReadAt { file: self.source.file().clone(), offset: 0 };
        let unheard: fn(u64) = |_| ();
        let input = CsvInput::open(self.source.path(), file, self.form, false, unheard)?;
        if input.columns() != self.columns {
            return Err(DataError::ChangedWhileRead { path: self.source.path().to_owned() });
        }
        Ok(input)
    }
}

struct ProjectionChunks {
    projection: Projection,
    /// Where the next piece begins in the projection.
    at: u64,
    offset: u64,
    bytes: u64,
}

impl ReadChunk for ProjectionChunks {
    fn read_chunk(&mut self) -> Result<Option<Bytes>, DataError> {
        loop {
            let mut piece = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
            self.projection.fill(&mut piece)?;
            let begin = self.at;
            self.at += piece.len() as u64;
            let ended = piece.is_empty();
            if self.at > self.bytes || (ended && self.at != self.bytes) {
                let path = self.projection.source.path().to_owned();
                return Err(DataError::ChangedWhileRead { path });
            }
            if ended {
                return Ok(None);
            }
            let skipped = usize::try_from(self.offset.saturating_sub(begin)).unwrap_or(usize::MAX);
            if skipped < piece.len() {
                return Ok(Some(Bytes::from(piece).slice(skipped..)));
            }
        }
    }
}

/// Refuses fields that the file cannot give.
///
/// # Errors
/// [`DataError::ParquetProjection`], [`DataError::NoFields`], [`DataError::UnknownField`].
pub fn check_fields(profile: &Profile, fields: &BTreeSet<String>) -> Result<(), DataError> {
    if profile.format == Format::Parquet {
        return Err(DataError::ParquetProjection);
    }
    if fields.is_empty() {
        return Err(DataError::NoFields);
    }
    match fields.iter().find(|field| profile.column(field).is_none()) {
        Some(field) => Err(DataError::UnknownField { field: field.clone(), known: names(profile) }),
        None => Ok(()),
    }
}

fn names(profile: &Profile) -> String {
    let shown = profile.columns.iter().take(NAMES_SHOWN_MAX).map(|column| format!("`{}`", column.name));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if profile.columns.len() > NAMES_SHOWN_MAX {
        text.push_str(&format!(" and {} more", profile.columns.len() - NAMES_SHOWN_MAX));
    }
    text
}

fn write_row(out: &mut Vec<u8>, row: &ByteRecord, picks: &[usize]) {
    let start = out.len();
    for (position, index) in picks.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write_field(out, row.get(*index).unwrap_or_default());
    }
    if out.len() == start {
        // A blank line would be no row.
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

fn write_field(out: &mut Vec<u8>, field: &[u8]) {
    if !field.iter().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        out.extend_from_slice(field);
        return;
    }
    out.push(b'"');
    for part in field.split_inclusive(|byte| *byte == b'"') {
        out.extend_from_slice(part);
        if part.ends_with(b"\"") {
            out.push(b'"');
        }
    }
    out.push(b'"');
}
