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
use crate::encoding::{TextForm, encoding_named};
use crate::source::{ReadAt, Source};

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
    Within(Box<Input>),
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
            self.state = State::Within(Box::new(self.open()?));
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use futures_util::StreamExt;

    use super::*;
    use crate::chunks::ByteStream;
    use crate::profile::{ProfileOptions, Profiled, profile};

    struct Fixture {
        _dir: tempfile::TempDir,
        path: std::path::PathBuf,
        profiled: Profiled,
    }

    impl Fixture {
        fn new(content: impl AsRef<[u8]>) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("data.csv");
            std::fs::write(&path, content).unwrap();
            let profiled = profile(&path, &ProfileOptions::default(), &|_| ()).unwrap();
            Self { _dir: dir, path, profiled }
        }

        fn source(&self) -> Source {
            Source::open_blocking(&self.path, &self.profiled.stamp, &self.profiled.profile.sha256).unwrap()
        }

        async fn measured(&self, names: &[&str]) -> Result<Projected, DataError> {
            self.source().project_digest(&self.profiled.profile, &fields(names)).await
        }

        async fn read(&self, names: &[&str], offset: u64) -> Result<Vec<u8>, DataError> {
            let projected = self.measured(names).await?;
            let stream =
                self.source().project_csv(&self.profiled.profile, &fields(names), &projected, offset)?;
            assert_eq!(stream.len(), projected.bytes - offset);
            collect(stream).await
        }
    }

    fn fields(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    async fn collect(mut stream: ByteStream) -> Result<Vec<u8>, DataError> {
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn the_named_columns_come_in_the_order_of_the_file() {
        let fixture = Fixture::new(
            "id;name;\"note\"\r\n1;\"a,b\";x\r\n2;\"say \"\"hi\"\"\";\"two\nlines\"\r\n3;;z\r\n",
        );
        let text = fixture.read(&["note", "name"], 0).await.unwrap();
        let expected = "name,note\n\"a,b\",x\n\"say \"\"hi\"\"\",\"two\nlines\"\n,z\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let projected = fixture.measured(&["note", "name"]).await.unwrap();
        let sha256 = Sha256::of(expected.as_bytes());
        assert_eq!(projected, Projected { rows: 3, bytes: expected.len() as u64, sha256 });
    }

    #[tokio::test]
    async fn a_projection_can_be_read_as_a_file_again() {
        let fixture = Fixture::new("a,b\n\"\",x\n1,y\n,z\n");
        let text = fixture.read(&["a"], 0).await.unwrap();
        assert_eq!(
            String::from_utf8(text.clone()).unwrap(),
            "a\n\"\"\n1\n\"\"\n",
            "an empty cell stays a row"
        );
        let again = Fixture::new(text);
        let profile = &again.profiled.profile;
        assert_eq!((profile.rows, profile.columns[0].nulls), (3, 2));
    }

    #[tokio::test]
    async fn gbk_without_a_final_newline_is_projected_whole() {
        for end in ["", "\n", "\r\n"] {
            let text = format!("站点,日期\n奥体中心,2013-03-01\n昌平,天坛公园{end}");
            let fixture = Fixture::new(encoding_rs::GBK.encode(&text).0);
            let read = fixture.read(&["日期"], 0).await.unwrap();
            assert_eq!(String::from_utf8(read).unwrap(), "日期\n2013-03-01\n天坛公园\n", "{end:?}");
        }
    }

    #[tokio::test]
    async fn gbk_is_projected_to_utf8() {
        let text = "站点,日期,臭氧\n奥体中心,2013-03-01,77\n昌平,2013-03-02,NA\n";
        let fixture = Fixture::new(encoding_rs::GBK.encode(text).0);
        assert_eq!(fixture.profiled.profile.encoding, "gbk");
        let projected = fixture.read(&["站点", "臭氧"], 0).await.unwrap();
        assert_eq!(String::from_utf8(projected).unwrap(), "站点,臭氧\n奥体中心,77\n昌平,NA\n");
    }

    #[tokio::test]
    async fn any_range_continues_the_same_bytes() {
        let rows: String = (0..60_000).map(|row| format!("{row},station {row},{}\n", row * 7)).collect();
        let fixture = Fixture::new(format!("no,station,value\n{rows}"));
        let whole = fixture.read(&["station", "value"], 0).await.unwrap();
        let projected = fixture.measured(&["station", "value"]).await.unwrap();
        assert_eq!((projected.rows, projected.bytes), (60_000, whole.len() as u64));
        assert_eq!(projected.sha256, Sha256::of(&whole));
        assert!(whole.len() > 3 * CHUNK_BYTES, "the test needs several pieces");
        let edges = [
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            CHUNK_BYTES + 40,
            2 * CHUNK_BYTES,
            whole.len() - 1,
            whole.len(),
        ];
        for offset in edges {
            let rest = fixture.read(&["station", "value"], offset as u64).await.unwrap();
            assert!(rest == whole[offset..], "from {offset}");
        }
        let beyond = fixture.read(&["station", "value"], projected.bytes + 1).await.unwrap_err();
        assert!(matches!(beyond, DataError::OffsetBeyondEnd { .. }), "{beyond}");
    }

    #[tokio::test]
    async fn a_header_alone_projects_to_a_header_alone() {
        let fixture = Fixture::new("a,b\n");
        assert_eq!(fixture.read(&["b"], 0).await.unwrap(), b"b\n");
        assert_eq!(fixture.measured(&["b"]).await.unwrap().rows, 0);
    }

    #[tokio::test]
    async fn what_cannot_be_projected_is_refused_by_name() {
        let fixture = Fixture::new("a,b\n1,2\n");
        let unknown = fixture.measured(&["a", "c"]).await.unwrap_err();
        assert_eq!(unknown.to_string(), "no column `c`: the file has `a`, `b`");
        assert!(matches!(fixture.measured(&[]).await, Err(DataError::NoFields)));
        let mut profile = fixture.profiled.profile.clone();
        profile.format = Format::Parquet;
        let error = check_fields(&profile, &fields(&["a"])).unwrap_err();
        assert!(matches!(error, DataError::ParquetProjection), "{error}");
        assert!(error.to_string().contains("drop the fields term"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_changes_on_the_way_ends_the_stream_with_an_error() {
        let rows: String = (0..100_000).map(|row| format!("{row},{row}\n")).collect();
        let fixture = Fixture::new(format!("a,b\n{rows}"));
        let projected = fixture.measured(&["a"]).await.unwrap();
        let source = fixture.source();
        let mut stream =
            source.project_csv(&fixture.profiled.profile, &fields(&["a"]), &projected, 0).unwrap();
        stream.next().await.unwrap().unwrap();
        let file = std::fs::File::options().append(true).open(&fixture.path).unwrap();
        std::io::Write::write_all(&mut &file, b"7,7\n").unwrap();
        let error = collect(stream).await.unwrap_err();
        assert!(matches!(error, DataError::ChangedWhileRead { .. }), "{error}");
    }

    #[test]
    fn long_lists_of_names_are_cut() {
        let header: Vec<String> = (0..30).map(|column| format!("c{column}")).collect();
        let fixture = Fixture::new(header.join(",") + "\n");
        let text = names(&fixture.profiled.profile);
        assert!(text.ends_with("`c23` and 6 more"), "{text}");
    }
}
