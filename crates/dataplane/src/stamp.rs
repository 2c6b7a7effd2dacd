//! What a file looks like from outside: enough to notice that it may have changed without reading it.

use std::fs::{File, Metadata};
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::DataError;

/// Size, time and inode of a file when it was catalogued. Equal stamps mean the same content for every writer that does
/// not forge times; unequal ones mean that the digest must be taken again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Length in bytes.
    pub size: u64,
    /// Time of the last change of content, nanoseconds since 1970 (0 where the system does not know).
    pub modified_ns: i64,
    /// The inode, 0 where there is none.
    pub inode: u64,
}

impl FileStamp {
    /// The stamp of an open file.
    ///
    /// # Errors
    /// [`DataError::Io`], and [`DataError::NotAFile`] for a folder or device. `path` is only for the message.
    pub fn of(file: &File, path: &Path) -> Result<Self, DataError> {
        let metadata = file.metadata().map_err(DataError::io(path, "look at"))?;
        if !metadata.is_file() {
            return Err(DataError::NotAFile { path: path.to_owned() });
        }
        Ok(Self { size: metadata.len(), modified_ns: modified_ns(&metadata), inode: inode(&metadata) })
    }
}

/// Opens a regular file. The path is looked at first, since opening a named pipe would wait for its writer.
pub(crate) fn open_file(path: &Path) -> Result<(File, FileStamp), DataError> {
    let metadata = std::fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => DataError::Missing { path: path.to_owned() },
        _ => DataError::Io { path: path.to_owned(), doing: "open", source },
    })?;
    if !metadata.is_file() {
        return Err(DataError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(DataError::io(path, "open"))?;
    let stamp = FileStamp::of(&file, path)?;
    Ok((file, stamp))
}

fn modified_ns(metadata: &Metadata) -> i64 {
    let Ok(modified) = metadata.modified() else { return 0 };
    match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |ns| -ns),
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> u64 {
    0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_tells_writing_and_replacing_from_leaving_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        std::fs::write(&path, "a\n1\n").unwrap();
        let (_, first) = open_file(&path).unwrap();
        assert_eq!(first, open_file(&path).unwrap().1);
        assert_eq!(first.size, 4);

        std::fs::write(dir.path().join("b.csv"), "a\n2\n").unwrap();
        std::fs::rename(dir.path().join("b.csv"), &path).unwrap();
        let (file, replaced) = open_file(&path).unwrap();
        assert_ne!(first, replaced, "another file of the same size");

        let file = File::options().write(true).open(&path).map(|w| (w, file)).unwrap();
        file.0.set_modified(UNIX_EPOCH).unwrap();
        assert_eq!(FileStamp::of(&file.1, &path).unwrap().modified_ns, 0);
    }

    #[test]
    fn folders_and_missing_paths_are_no_files() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(open_file(dir.path()), Err(DataError::NotAFile { .. })));
        assert!(matches!(open_file(&dir.path().join("missing.csv")), Err(DataError::Missing { .. })));
    }
}
