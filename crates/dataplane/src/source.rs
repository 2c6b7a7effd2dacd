//! A catalogued file, opened for delivery.
//!
//! Before the first byte leaves, the file must still be what the catalogue says. Looking at size, time and inode is
//! enough as long as they are the same; where they differ the file is digested again. While bytes leave, a change is
//! noticed at the end at the latest, and ends the stream with an error, so that the receiver knows of it as well.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use crypto::{Hasher, Sha256};
use domain::catalogue::Profile;
use tokio::task::spawn_blocking;

use crate::chunks::{ByteStream, ReadChunk};
use crate::project::{Projected, Projection};
use crate::stamp::open_file;
use crate::text::Progress;
use crate::{DataError, FileStamp};

/// Bytes of one piece of a whole file: large enough to make the hand-over cheap, small enough to stay in a cache.
const CHUNK_BYTES: usize = 512 << 10;

/// Buffers of one stream that wait to be filled again: one is read ahead, the others are on their way out.
const SPARE_BUFFERS_MAX: usize = 4;

/// A file whose content is the catalogued one.
#[derive(Debug, Clone)]
pub struct Source {
    path: PathBuf,
    file: Arc<File>,
    stamp: FileStamp,
}

impl Source {
    /// Opens the file and makes sure that it is the catalogued one.
    ///
    /// # Errors
    /// [`DataError::SourceChanged`] where the digest differs, else what [`FileStamp::of`] reports.
    pub async fn open(path: &Path, stamp: &FileStamp, sha256: &Sha256) -> Result<Self, DataError> {
        let (path, stamp, sha256) = (path.to_owned(), *stamp, *sha256);
        blocking(move || Self::open_blocking(&path, &stamp, &sha256)).await
    }

    /// As [`Source::open`], on the calling thread.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_blocking(path: &Path, stamp: &FileStamp, sha256: &Sha256) -> Result<Self, DataError> {
        let (file, found) = open_file(path)?;
        if found != *stamp {
            let (_, digest) = digest_file(&file, path, &|_| ())?;
            if digest != *sha256 {
                let (path, catalogued) = (path.to_owned(), *sha256);
                return Err(DataError::SourceChanged { path, catalogued, found: digest });
            }
            if FileStamp::of(&file, path)? != found {
                return Err(DataError::ChangedWhileRead { path: path.to_owned() });
            }
        }
        Ok(Self { path: path.to_owned(), file: Arc::new(file), stamp: found })
    }

    /// The stamp that the file has now: another one than was given if the file was touched but not changed.
    pub fn stamp(&self) -> FileStamp {
        self.stamp
    }

    /// Length in bytes.
    pub fn bytes(&self) -> u64 {
        self.stamp.size
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file's bytes from `offset`.
    ///
    /// # Errors
    /// [`DataError::OffsetBeyondEnd`]; the stream ends with [`DataError::ChangedWhileRead`] if the file changes.
    pub fn stream_file(&self, offset: u64) -> Result<ByteStream, DataError> {
        let bytes = self.bytes();
        let left = bytes.checked_sub(offset).ok_or(DataError::OffsetBeyondEnd { offset, bytes })?;
        let reader = FileChunks { source: self.clone(), offset, buffers: Arc::default() };
        Ok(ByteStream::new(reader, left))
    }

    /// Reads the whole file once for what a projection to `fields` will be: rows, bytes, digest. The caller keeps it.
    ///
    /// # Errors
    /// [`DataError::UnknownField`], [`DataError::ParquetProjection`], or what is wrong with the file.
    pub async fn project_digest(
        &self,
        profile: &Profile,
        fields: &BTreeSet<String>,
    ) -> Result<Projected, DataError> {
        let mut projection = Projection::begin(self, profile, fields)?;
        blocking(move || projection.measure()).await
    }

    /// The projection to `fields` from `offset`: the same bytes every time. `projected` is what
    /// [`Source::project_digest`] found for the same file and fields.
    ///
    /// # Errors
    /// As [`Source::project_digest`], and [`DataError::OffsetBeyondEnd`].
    pub fn project_csv(
        &self,
        profile: &Profile,
        fields: &BTreeSet<String>,
        projected: &Projected,
        offset: u64,
    ) -> Result<ByteStream, DataError> {
        let bytes = projected.bytes;
        let left = bytes.checked_sub(offset).ok_or(DataError::OffsetBeyondEnd { offset, bytes })?;
        let projection = Projection::begin(self, profile, fields)?;
        Ok(ByteStream::new(projection.stream(offset, bytes), left))
    }

    /// The open file. Readers must not move its position, which is shared.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Refuses a file that is no longer as it was opened.
    pub(crate) fn check_unchanged(&self) -> Result<(), DataError> {
        if FileStamp::of(&self.file, &self.path)? == self.stamp {
            return Ok(());
        }
        Err(DataError::ChangedWhileRead { path: self.path.clone() })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DataError> + Send + 'static,
) -> Result<T, DataError> {
    spawn_blocking(work).await.map_err(|join| DataError::Interrupted(join.to_string()))?
}

/// Length and digest of a file's bytes.
pub(crate) fn digest_file(
    file: &File,
    path: &Path,
    progress: Progress<'_>,
) -> Result<(u64, Sha256), DataError> {
    let (mut hasher, mut bytes, mut buffer) = (Hasher::new(), 0, vec![0; CHUNK_BYTES]);
    loop {
        let count = read_at(file, &mut buffer, bytes).map_err(DataError::io(path, "read"))?;
        if count == 0 {
            return Ok((bytes, hasher.finish()));
        }
        hasher.update(buffer.get(..count).unwrap_or_default());
        bytes += count as u64;
        progress(bytes);
    }
}

/// Reads at a position of its own, so that many readers can share one open file.
pub(crate) struct ReadAt {
    pub(crate) file: Arc<File>,
    pub(crate) offset: u64,
}

impl Read for ReadAt {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = read_at(&self.file, buf, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match std::os::unix::fs::FileExt::read_at(file, buf, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(windows)]
fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buf, offset)
}

/// The pieces of a whole file.
struct FileChunks {
    source: Source,
    offset: u64,
    buffers: Arc<Buffers>,
}

impl ReadChunk for FileChunks {
    fn read_chunk(&mut self) -> Result<Option<Bytes>, DataError> {
        let left = self.source.bytes() - self.offset;
        if left == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(left).map_or(CHUNK_BYTES, |left| left.min(CHUNK_BYTES));
        let mut buffer = Buffers::take(&self.buffers);
        let into = buffer.bytes.get_mut(..wanted).unwrap_or_default();
        let count = read_at(&self.source.file, into, self.offset)
            .map_err(DataError::io(&self.source.path, "read"))?;
        self.offset += count as u64;
        buffer.filled = count;
        if count == 0 || self.offset == self.source.bytes() {
            // The last piece is held back until the file has proven to be what it was.
            self.source.check_unchanged()?;
        }
        match count {
            0 => Err(DataError::ChangedWhileRead { path: self.source.path.clone() }),
            _ => Ok(Some(Bytes::from_owner(buffer))),
        }
    }
}

/// Buffers that come back when their bytes are gone: memory that is warm, and cleared only once.
#[derive(Default)]
struct Buffers {
    spare: Mutex<Vec<Vec<u8>>>,
}

struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
    home: Arc<Buffers>,
}

impl Buffers {
    fn take(self: &Arc<Self>) -> Buffer {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = spare.unwrap_or_else(|| vec![0; CHUNK_BYTES]);
        Buffer { bytes, filled: 0, home: Arc::clone(self) }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut spare = self.home.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_BUFFERS_MAX {
            spare.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::time::UNIX_EPOCH;

    use futures_util::StreamExt;

    use super::*;

    struct Fixture {
        _dir: tempfile::TempDir,
        path: PathBuf,
        stamp: FileStamp,
        content: Vec<u8>,
    }

    impl Fixture {
        fn new(bytes: usize) -> Self {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("data.csv");
            let content: Vec<u8> = (0..bytes).map(|index| (index % 251) as u8).collect();
            std::fs::write(&path, &content).unwrap();
            let stamp = open_file(&path).unwrap().1;
            Self { _dir: dir, path, stamp, content }
        }

        async fn open(&self) -> Result<Source, DataError> {
            Source::open(&self.path, &self.stamp, &Sha256::of(&self.content)).await
        }

        fn touch(&self) {
            File::options().write(true).open(&self.path).unwrap().set_modified(UNIX_EPOCH).unwrap();
        }
    }

    async fn collect(mut stream: ByteStream) -> Result<Vec<u8>, DataError> {
        let mut all = Vec::new();
        while let Some(piece) = stream.next().await {
            all.extend_from_slice(&piece?);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn a_file_is_streamed_from_any_offset() {
        let fixture = Fixture::new(3 * CHUNK_BYTES + 17);
        let source = fixture.open().await.unwrap();
        for offset in [0, 1, CHUNK_BYTES, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 16, fixture.content.len()] {
            let stream = source.stream_file(offset as u64).unwrap();
            assert_eq!(stream.len() as usize, fixture.content.len() - offset);
            let bytes = collect(stream).await.unwrap();
            assert!(bytes == fixture.content[offset..], "from {offset}");
        }
        let beyond = source.stream_file(source.bytes() + 1).unwrap_err();
        assert!(matches!(beyond, DataError::OffsetBeyondEnd { .. }), "{beyond}");
    }

    #[tokio::test]
    async fn an_empty_file_is_an_empty_stream() {
        let fixture = Fixture::new(0);
        let stream = fixture.open().await.unwrap().stream_file(0).unwrap();
        assert!(stream.is_empty());
        assert!(collect(stream).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn pieces_that_are_kept_are_not_overwritten() {
        let fixture = Fixture::new(8 * CHUNK_BYTES);
        let mut stream = fixture.open().await.unwrap().stream_file(0).unwrap();
        let mut kept = Vec::new();
        while let Some(piece) = stream.next().await {
            kept.push(piece.unwrap());
        }
        assert!(kept.concat() == fixture.content);
    }

    #[tokio::test]
    async fn a_touched_file_is_digested_again_and_accepted() {
        let fixture = Fixture::new(1_000);
        assert_eq!(fixture.open().await.unwrap().stamp(), fixture.stamp);
        fixture.touch();
        let source = fixture.open().await.unwrap();
        assert_ne!(source.stamp(), fixture.stamp, "the caller can keep the new stamp");
        assert!(collect(source.stream_file(0).unwrap()).await.unwrap() == fixture.content);
    }

    #[tokio::test]
    async fn a_changed_file_is_refused_before_the_first_byte() {
        let fixture = Fixture::new(1_000);
        let mut other = fixture.content.clone();
        other[500] ^= 1;
        std::fs::write(&fixture.path, &other).unwrap();
        fixture.touch();
        match fixture.open().await.unwrap_err() {
            DataError::SourceChanged { catalogued, found, .. } => {
                assert_eq!((catalogued, found), (Sha256::of(&fixture.content), Sha256::of(&other)));
            }
            other => panic!("{other}"),
        }
        std::fs::remove_file(&fixture.path).unwrap();
        assert!(matches!(fixture.open().await, Err(DataError::Missing { .. })));
    }

    #[tokio::test]
    async fn a_file_that_changes_on_the_way_ends_the_stream_with_an_error() {
        let fixture = Fixture::new(8 * CHUNK_BYTES);
        let source = fixture.open().await.unwrap();
        let mut stream = source.stream_file(0).unwrap();
        stream.next().await.unwrap().unwrap();
        fixture.touch();
        let error = collect(stream).await.unwrap_err();
        assert!(matches!(error, DataError::ChangedWhileRead { .. }), "{error}");

        let source = fixture.open().await.unwrap();
        let mut stream = source.stream_file(0).unwrap();
        stream.next().await.unwrap().unwrap();
        File::options().write(true).open(&fixture.path).unwrap().set_len(10).unwrap();
        let error = collect(stream).await.unwrap_err();
        assert!(matches!(error, DataError::ChangedWhileRead { .. }), "cut short: {error}");
    }

    #[tokio::test]
    async fn a_replaced_file_does_not_disturb_a_stream_that_began() {
        let fixture = Fixture::new(4 * CHUNK_BYTES);
        let stream = fixture.open().await.unwrap().stream_file(0).unwrap();
        let other = fixture.path.with_extension("new");
        std::fs::write(&other, "other").unwrap();
        std::fs::rename(&other, &fixture.path).unwrap();
        assert!(collect(stream).await.unwrap() == fixture.content, "the open file is still the old one");
    }
}
