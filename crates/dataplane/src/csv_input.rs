//! A CSV file as records of UTF-8: what profile and projection have in common.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::DataError;
use crate::text::{BUFFER_BYTES, LineEnd, TextForm, TextReader};

/// Columns that a file may have.
pub const COLUMNS_MAX: usize = 1_024;

/// Characters of a column's name.
pub const COLUMN_NAME_CHARS_MAX: usize = domain::limits::COLUMN_NAME_CHARS_MAX;

/// Reads the records of one file in turn; the header is read and checked when it is opened.
pub(crate) struct CsvInput<R, P> {
    path: PathBuf,
    reader: Reader<TextReader<R, P>>,
    record: ByteRecord,
    columns: Vec<String>,
    delimiter: u8,
}

impl<R: Read, P: FnMut(u64)> CsvInput<R, P> {
    /// Begins to read `file`, whose name is `path`; `digest` says whether its bytes are hashed on the way.
    pub(crate) fn open(
        path: &Path,
        file: R,
        form: TextForm,
        digest: bool,
        progress: P,
    ) -> Result<Self, DataError> {
        let text = TextReader::new(file, path, form.encoding, digest, progress);
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(form.delimiter)
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(text);
        let mut input = Self {
            path: path.to_owned(),
            reader,
            record: ByteRecord::new(),
            columns: Vec::new(),
            delimiter: form.delimiter,
        };
        if !input.read_record()? {
            return Err(DataError::Empty { path: path.to_owned() });
        }
        input.columns = header(&input.path, &input.record)?;
        Ok(input)
    }

    /// The names of the columns, in order.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The next row, which has exactly one field per column.
    pub(crate) fn next_row(&mut self) -> Result<Option<&ByteRecord>, DataError> {
        if !self.read_record()? {
            return Ok(None);
        }
        let (expected, found) = (self.columns.len(), self.record.len());
        if expected != found {
            return Err(DataError::Ragged {
                path: self.path.clone(),
                line: self.row_line(),
                expected,
                found,
                delimiter: char::from(self.delimiter),
            });
        }
        Ok(Some(&self.record))
    }

    /// The reader below, after the last row.
    pub(crate) fn into_text(self) -> TextReader<R, P> {
        self.reader.into_inner()
    }

    fn read_record(&mut self) -> Result<bool, DataError> {
        let found = match self.reader.read_byte_record(&mut self.record) {
            Ok(found) => found,
            Err(error) => return Err(self.explain(error)),
        };
        self.reader.get_mut().row_done();
        Ok(found)
    }

    /// The line on which the last row begins. The library's position of a row is where the one before it ended, which is
    /// before the line feed of `\r\n` and before blank lines.
    fn row_line(&self) -> u64 {
        let Some(begin) = self.record.position() else { return 1 };
        let (end, text) = (self.reader.position().line(), self.record.as_slice());
        let inner = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        match self.reader.get_ref().line_end() {
            LineEnd::CrLf => end.saturating_sub(inner).max(begin.line()),
            LineEnd::Lf => end.saturating_sub(inner + 1).max(begin.line()),
            // Every row is a line then.
            LineEnd::NoLf => begin.record() + 1,
        }
    }

    /// As [`Self::row_line`], for a row whose end was not reached.
    fn unfinished_row_line(&self) -> u64 {
        let Some(begin) = self.record.position() else { return 1 };
        match self.reader.get_ref().line_end() {
            LineEnd::CrLf if begin.record() > 0 => begin.line() + 1,
            LineEnd::CrLf | LineEnd::Lf => begin.line(),
            LineEnd::NoLf => begin.record() + 1,
        }
    }

    fn explain(&self, error: csv::Error) -> DataError {
        let source = match error.into_kind() {
            csv::ErrorKind::Io(source) => source,
            // The other kinds belong to UTF-8 records, deserialising and rows of unequal length, which are not in use.
            other => std::io::Error::other(format!("{other:?}")),
        };
        match DataError::unwrap_io(&self.path, source) {
            DataError::RowTooLong { path, limit, .. } => {
                DataError::RowTooLong { path, line: self.unfinished_row_line(), limit }
            }
            other => other,
        }
    }
}

/// The names of the columns, checked.
fn header(path: &Path, record: &ByteRecord) -> Result<Vec<String>, DataError> {
    if record.len() > COLUMNS_MAX {
        let (path, found) = (path.to_owned(), record.len());
        return Err(DataError::TooManyColumns { path, found, limit: COLUMNS_MAX });
    }
    let names: Vec<String> =
        record.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect();
    check_names(path, &names)?;
    Ok(names)
}

/// Refuses names that are missing, too long or there twice.
pub(crate) fn check_names(path: &Path, names: &[String]) -> Result<(), DataError> {
    let mut seen = std::collections::HashMap::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        let (path, column, chars) = (path.to_owned(), index + 1, name.chars().count());
        if chars == 0 {
            return Err(DataError::EmptyHeader { path, column });
        }
        if chars > COLUMN_NAME_CHARS_MAX {
            return Err(DataError::LongHeader { path, column, chars, limit: COLUMN_NAME_CHARS_MAX });
        }
        if let Some(first) = seen.insert(name.as_str(), column) {
            return Err(DataError::DuplicateHeader { path, name: name.clone(), first, second: column });
        }
    }
    Ok(())
}
