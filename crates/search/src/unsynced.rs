//! A folder of the engine whose files are not forced to the disk one by one.
//!
//! A commit writes a dozen files, and forcing each takes longer than all the rest of it, much longer on a busy disk. The
//! index is derived data, so it is enough to know afterwards whether something may be missing: while files are not
//! forced, a marker names the machine's boot. What a killed process wrote, the system still holds; where the machine itself
//! went down in between, the marker names another boot, and the index is begun anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::directory::error::{DeleteError, LockError, OpenDirectoryError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    AntiCallToken, Directory, DirectoryLock, FileHandle, Lock, MmapDirectory, TerminatingWrite,
    WatchCallback, WatchHandle, WritePtr,
};

/// File that is there while the index's files may not be on the disk. It holds the machine's boot.
pub(crate) const MARKER_FILE: &str = "weir-search.unsynced";
/// End of the name of a file that will replace another.
pub(crate) const NEW_SUFFIX: &str = ".new";

const BOOT_ID_FILE: &str = "/proc/sys/kernel/random/boot_id";

/// What the folder's marker says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marker {
    /// Everything is on the disk.
    Absent,
    /// Something may not be on the disk, and the system still holds it.
    ThisBoot,
    /// Something may be lost.
    AnotherBoot,
}

/// Reads the folder's marker. A system that does not name its boots always counts as another boot.
pub(crate) fn marker(dir: &Path) -> io::Result<Marker> {
    match fs::read_to_string(dir.join(MARKER_FILE)) {
        Ok(text) if boot().is_some_and(|boot| boot == text.trim()) => Ok(Marker::ThisBoot),
        Ok(_) => Ok(Marker::AnotherBoot),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Marker::Absent),
        Err(error) => Err(error),
    }
}

/// Sets the marker, on the disk, before the first file that is not forced to it.
pub(crate) fn mark(dir: &Path) -> io::Result<()> {
    let mut file = File::create(dir.join(MARKER_FILE))?;
    file.write_all(boot().unwrap_or_default().as_bytes())?;
    file.sync_all()?;
    sync_folder(dir)
}

/// Forces all files to the disk and takes the marker away.
pub(crate) fn settle(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync_folder(dir)?;
    fs::remove_file(dir.join(MARKER_FILE))
}

fn boot() -> Option<String> {
    let text = fs::read_to_string(BOOT_ID_FILE).ok()?;
    Some(text.trim().to_owned()).filter(|boot| !boot.is_empty())
}

#[cfg(unix)]
fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Elsewhere a folder is not a file that could be forced.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Reads as the engine's own folder does, and writes without forcing.
#[derive(Clone, Debug)]
pub(crate) struct UnsyncedFolder {
    reading: MmapDirectory,
    root: PathBuf,
}

impl UnsyncedFolder {
    /// The folder, which must be there.
    pub fn open(root: &Path) -> Result<Self, OpenDirectoryError> {
        Ok(Self { reading: MmapDirectory::open(root)?, root: root.to_owned() })
    }
}

impl Directory for UnsyncedFolder {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.reading.get_file_handle(path)
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.reading.delete(path)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        self.reading.exists(path)
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let file = OpenOptions::new().write(true).create_new(true).open(self.root.join(path));
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => OpenWriteError::FileAlreadyExists(path.to_owned()),
            _ => OpenWriteError::wrap_io_error(error, path.to_owned()),
        })?;
        Ok(BufWriter::new(Box::new(UnsyncedFile(file))))
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.reading.atomic_read(path)
    }

    /// The engine writes one file of a name at a time, so the new one needs no name of its own each time.
    fn atomic_write(&self, path: &Path, data: &[u8]) -> io::Result<()> {
        let target = self.root.join(path);
        let mut name = target.clone().into_os_string();
        name.push(NEW_SUFFIX);
        fs::write(&name, data)?;
        fs::rename(&name, target)
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        self.reading.acquire_lock(lock)
    }

    fn watch(&self, callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        self.reading.watch(callback)
    }
}

struct UnsyncedFile(File);

impl Write for UnsyncedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl TerminatingWrite for UnsyncedFile {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_marker_tells_the_boots_apart() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        assert_eq!(marker(dir).unwrap(), Marker::Absent);
        mark(dir).unwrap();
        let expected = if boot().is_some() { Marker::ThisBoot } else { Marker::AnotherBoot };
        assert_eq!(marker(dir).unwrap(), expected);
        fs::write(dir.join(MARKER_FILE), "another").unwrap();
        assert_eq!(marker(dir).unwrap(), Marker::AnotherBoot);
        fs::write(dir.join(MARKER_FILE), "").unwrap();
        assert_eq!(marker(dir).unwrap(), Marker::AnotherBoot, "an empty marker names no boot");
        settle(dir).unwrap();
        assert_eq!(marker(dir).unwrap(), Marker::Absent);
    }

    #[test]
    fn files_are_written_once_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let unsynced = UnsyncedFolder::open(folder.path()).unwrap();
        let path = Path::new("a");
        let mut file = unsynced.open_write(path).unwrap();
        file.write_all(b"one").unwrap();
        file.terminate().unwrap();
        assert!(matches!(unsynced.open_write(path), Err(OpenWriteError::FileAlreadyExists(_))));
        assert_eq!(unsynced.atomic_read(path).unwrap(), b"one");
        unsynced.atomic_write(path, b"two").unwrap();
        assert_eq!(unsynced.atomic_read(path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
