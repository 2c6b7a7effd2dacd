//! A CSV file as records of UTF-8: what profile and projection have in common.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::DataError;
use crate::encoding::TextForm;
use crate::text::{BUFFER_BYTES, LineEnd, TextReader};

/// Columns that a file may have.
pub const COLUMNS_MAX: usize = 1_024;

/// Characters of a column's name.
pub const COLUMN_NAME_CHARS_MAX: usize = domain::limits::COLUMN_NAME_CHARS_MAX;

/// Reads the records of one file in turn; the header is read and checked when it is opened.
pub(crate) struct CsvInput<R, P> {
    path: PathBuf,
    reader: Reader<EndMarked<R, P>>,
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
            .from_reader(EndMarked { text, is_given: false });
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
        self.reader.into_inner().text
    }

    fn read_record(&mut self) -> Result<bool, DataError> {
        let found = match self.reader.read_byte_record(&mut self.record) {
            Ok(found) => found,
            Err(error) => return Err(self.explain(error)),
        };
        self.reader.get_mut().text.row_done();
        if self.record.as_slice().last() != Some(&END_MARK) {
            return Ok(found);
        }
        match self.record.as_slice() {
            // A row of its own: the file ended between two rows.
            [END_MARK] if self.record.len() == 1 => Ok(false),
            _ => Err(DataError::UnclosedQuote { path: self.path.clone(), line: self.open_quote_line() }),
        }
    }

    /// The line of the quote that took in the end of the file: the last field of the record begins with it.
    fn open_quote_line(&self) -> u64 {
        let lines = |field: &[u8], end: u8| field.iter().filter(|byte| **byte == end).count() as u64;
        let field = self.record.iter().next_back().unwrap_or_default();
        match self.line_end() {
            LineEnd::Lf | LineEnd::CrLf => self.reader.position().line().saturating_sub(lines(field, b'\n')),
            LineEnd::NoLf => {
                let row = lines(self.record.as_slice(), b'\r') - lines(field, b'\r');
                row + self.record.position().map_or(1, |begin| begin.record() + 1)
            }
        }
    }

    fn line_end(&self) -> LineEnd {
        self.reader.get_ref().text.line_end()
    }

    /// The line on which the last row begins. The library's position of a row is where the one before it ended, which is
    /// before the line feed of `\r\n` and before blank lines.
    fn row_line(&self) -> u64 {
        let Some(begin) = self.record.position() else { return 1 };
        let (end, text) = (self.reader.position().line(), self.record.as_slice());
        let inner = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        match self.line_end() {
            LineEnd::CrLf => end.saturating_sub(inner).max(begin.line()),
            LineEnd::Lf => end.saturating_sub(inner + 1).max(begin.line()),
            // Every row is a line then.
            LineEnd::NoLf => begin.record() + 1,
        }
    }

    /// As [`Self::row_line`], for a row whose end was not reached.
    fn unfinished_row_line(&self) -> u64 {
        let Some(begin) = self.record.position() else { return 1 };
        match self.line_end() {
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

/// What follows the end of the file on a line of its own: a byte that no UTF-8 has.
const END_MARK: u8 = 0xff;

/// The text of a file, then a line end and [`END_MARK`]. The CSV reader takes the end of the file for the end of a quoted
/// field; the mark tells the two apart, since an open quote takes it into its field.
struct EndMarked<R, P> {
    text: TextReader<R, P>,
    is_given: bool,
}

impl<R: Read, P: FnMut(u64)> Read for EndMarked<R, P> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.is_given {
            return Ok(0);
        }
        let count = self.text.read(buf)?;
        if count > 0 || buf.is_empty() {
            return Ok(count);
        }
        // The line end is one of the file's kind, since lines are counted by it.
        let line_end = if self.text.line_end() == LineEnd::Lf { b'\n' } else { b'\r' };
        let Some(room) = buf.first_chunk_mut() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room for the mark of the end"));
        };
        *room = [line_end, END_MARK];
        self.is_given = true;
        Ok(room.len())
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

/// Refuses names that are missing, too long, there twice, or cannot be shown.
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
        if let Some(control) = name.chars().find(|c| c.is_control()) {
            let character = format!("U+{:04X}", u32::from(control));
            return Err(DataError::ControlInHeader { path, column, character });
        }
        if let Some(first) = seen.insert(name.as_str(), column) {
            return Err(DataError::DuplicateHeader { path, name: name.clone(), first, second: column });
        }
    }
    Ok(())
}
