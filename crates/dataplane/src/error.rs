//! What can be wrong with a source, with the place and the way out.

use std::io;
use std::path::{Path, PathBuf};

use crypto::Sha256;

/// Why a file cannot be profiled or delivered.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The path is a folder, a device or nothing at all.
    #[error("there is no file at `{}`: give the path of one CSV or Parquet file", path.display())]
    Missing {
        /// The path as given.
        path: PathBuf,
    },
    /// A folder, a named pipe or a device stands at the path.
    #[error("`{}` is a folder, a pipe or a device: give the path of one CSV or Parquet file", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The name does not end in a known way.
    #[error("`{}` has no known ending: expected .csv, .tsv, .txt or .parquet", path.display())]
    UnknownExtension {
        /// The path as given.
        path: PathBuf,
    },
    /// The file has no content, not even a header.
    #[error("`{}` is empty: it needs at least a line of column names", path.display())]
    Empty {
        /// The path as given.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {doing} `{}`: check that the file exists and may be read", path.display())]
    Io {
        /// The path as given.
        path: PathBuf,
        /// What was tried: `open`, `read`, …
        doing: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The bytes are no UTF-8, and no other encoding could be detected; UTF-16 without a byte order mark looks like this.
    #[error(
        "`{}`, line {line}: neither UTF-8 nor a Chinese encoding (byte {offset}); save it as UTF-8, or as UTF-16 with a byte order mark, or name the encoding with --encoding, such as `--encoding gb18030`",
        path.display()
    )]
    UnknownText {
        /// The path as given.
        path: PathBuf,
        /// The line of the first byte that is not UTF-8, counted from 1.
        line: u64,
        /// The offset of that byte, counted from 0.
        offset: u64,
    },
    /// The bytes do not fit the encoding that was named or detected.
    #[error(
        "`{}`, line {line}: byte {offset} does not fit the encoding {encoding}; name another one with --encoding, or repair the line",
        path.display()
    )]
    Malformed {
        /// The path as given.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The offset of the byte, counted from 0.
        offset: u64,
        /// The encoding's name.
        encoding: String,
    },
    /// Another encoding was named for a file that is UTF-8.
    #[error("`{}` is UTF-8, not {encoding}: leave --encoding away", path.display())]
    WrongEncoding {
        /// The path as given.
        path: PathBuf,
        /// The name of the encoding that was named.
        encoding: String,
    },
    /// The name of an encoding that nobody knows.
    #[error("unknown encoding `{name}`: expected one such as `utf-8`, `gbk`, `gb18030` or `big5`")]
    UnknownEncoding {
        /// The name as given.
        name: String,
    },
    /// A row has more or fewer fields than the header.
    #[error(
        "`{}`, line {line}: {found} fields where the header has {expected}; repair the line, or quote fields that contain the delimiter `{delimiter}`",
        path.display()
    )]
    Ragged {
        /// The path as given.
        path: PathBuf,
        /// The line on which the row begins, counted from 1.
        line: u64,
        /// The number of columns.
        expected: usize,
        /// The number of fields of this row.
        found: usize,
        /// The delimiter in use.
        delimiter: char,
    },
    /// A row is longer than any row should be; an unclosed quote looks like this.
    #[error(
        "`{}`, line {line}: a row longer than {limit} bytes; close the quote that begins in it",
        path.display()
    )]
    RowTooLong {
        /// The path as given.
        path: PathBuf,
        /// The line on which the row begins, counted from 1.
        line: u64,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The file ends inside a quoted field.
    #[error(
        "`{}`, line {line}: the file ends inside a quoted field; close the quote that begins in this line",
        path.display()
    )]
    UnclosedQuote {
        /// The path as given.
        path: PathBuf,
        /// The line on which the quote begins, counted from 1.
        line: u64,
    },
    /// More columns than a resource may have.
    #[error("`{}`, line 1: {found} columns; the limit is {limit}: split the file, or turn columns into rows", path.display())]
    TooManyColumns {
        /// The path as given.
        path: PathBuf,
        /// The number of columns.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// Two columns of one name.
    #[error(
        "`{}`, line 1: columns {first} and {second} are both named `{name}`; rename one of them",
        path.display()
    )]
    DuplicateHeader {
        /// The path as given.
        path: PathBuf,
        /// The name.
        name: String,
        /// The first column of that name, counted from 1.
        first: usize,
        /// The second column of that name, counted from 1.
        second: usize,
    },
    /// A column without a name.
    #[error("`{}`, line 1: column {column} has no name; give it one", path.display())]
    EmptyHeader {
        /// The path as given.
        path: PathBuf,
        /// The column, counted from 1.
        column: usize,
    },
    /// A column's name is longer than it may be.
    #[error("`{}`, line 1: the name of column {column} has {chars} characters; the limit is {limit}", path.display())]
    LongHeader {
        /// The path as given.
        path: PathBuf,
        /// The column, counted from 1.
        column: usize,
        /// The length of the name.
        chars: usize,
        /// The limit.
        limit: usize,
    },
    /// A column's name has a character that cannot be shown.
    #[error("`{}`, line 1: the name of column {column} has the control character {character}; remove it", path.display())]
    ControlInHeader {
        /// The path as given.
        path: PathBuf,
        /// The column, counted from 1.
        column: usize,
        /// The character, as `U+0002`.
        character: String,
    },
    /// Somebody wrote to the file while it was read.
    #[error("`{}` changed while it was read: wait until it is complete, then try again", path.display())]
    ChangedWhileRead {
        /// The path as given.
        path: PathBuf,
    },
    /// The file is not the one that was catalogued.
    #[error(
        "`{}` is not the file that was catalogued: its digest is {found}, the catalogue's {catalogued}; restore it, or catalogue it again (`weir resource add`) and register its product again (`weir product register`)",
        path.display()
    )]
    SourceChanged {
        /// The path as given.
        path: PathBuf,
        /// The digest in the catalogue.
        catalogued: Sha256,
        /// The digest of the file as it is.
        found: Sha256,
    },
    /// The file ends in `.parquet` and is none, or not a complete one.
    #[error("`{}` is not a complete Parquet file ({reason}): copy it again from its source", path.display())]
    Parquet {
        /// The path as given.
        path: PathBuf,
        /// What the Parquet library said.
        reason: String,
    },
    /// A fields term on a format that cannot be projected.
    #[error("cannot deliver single fields of a Parquet file: drop the fields term, or offer the data as CSV")]
    ParquetProjection,
    /// A field that the file does not have.
    #[error("no column `{field}`: the file has {known}")]
    UnknownField {
        /// The name as given.
        field: String,
        /// The names that there are.
        known: String,
    },
    /// No field at all.
    #[error("no field is named: name at least one column")]
    NoFields,
    /// A range that begins behind the end.
    #[error("offset {offset} lies behind the end of {bytes} bytes: begin at 0, or at what was received")]
    OffsetBeyondEnd {
        /// The offset as given.
        offset: u64,
        /// The length in bytes.
        bytes: u64,
    },
    /// A station whose name cannot be part of a file's name.
    #[error("`{name}` is no station's name: expected letters, digits, `-` and `_`")]
    BadStation {
        /// The name as given.
        name: String,
    },
    /// Reading the file ended with a defect of ours.
    #[error("`{}`: the reader failed ({reason}); this is a defect of the program, not of the file: report it, with the file if it may be shown", path.display())]
    ReaderFailed {
        /// The path as given.
        path: PathBuf,
        /// What the failure said.
        reason: String,
    },
    /// The process stops, and took the reading task with it.
    #[error("reading was interrupted: the process is stopping, or the reader failed ({0})")]
    Interrupted(String),
}

impl DataError {
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, doing, source }
    }

    /// Takes our own error out of the I/O error that carried it through a reader.
    pub(crate) fn unwrap_io(path: &Path, error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(own) => own,
            Err(source) => Self::Io { path: path.to_owned(), doing: "read", source },
        }
    }
}
