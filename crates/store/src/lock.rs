//! One process per store. An embedded store is guarded by an exclusive lock on a file beside it, which the system
//! gives back when its holder ends, however it ends. (A server guards with an advisory lock: open.rs.)

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::error::{Result, StoreError};

/// The lock; it ends with this value.
#[derive(Debug)]
pub(crate) struct LockFile {
    _file: File,
}

impl LockFile {
    /// Locks the store in the file `database`.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another holds it, [`StoreError::NotWritable`] where the folder refuses the file.
    pub(crate) fn acquire(database: &Path) -> Result<Self> {
        let path = lock_path(database);
        let refuse =
            |source| StoreError::NotWritable { path: database.to_path_buf(), source: Arc::new(source) };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(refuse)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let location = database.display().to_string();
                return Err(StoreError::Locked { location, holder: read_holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(refuse(source)),
        }
        write_holder(&mut file).map_err(refuse)?;
        Ok(Self { _file: file })
    }
}

impl LockFile {
    /// Whether nobody holds the lock; makes no file and holds nothing.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another holds it.
    pub(crate) fn check_free(database: &Path) -> Result<()> {
        let Ok(mut file) = OpenOptions::new().read(true).write(true).open(lock_path(database)) else {
            return Ok(());
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let location = database.display().to_string();
                Err(StoreError::Locked { location, holder: read_holder(&mut file) })
            }
            _ => Ok(()),
        }
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(std::process::id().to_string().as_bytes())
}

/// The holder's process number is only a help for people: the lock itself decides.
fn read_holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(32).read_to_string(&mut text) {
        Ok(_) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => format!("process {text}"),
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("node.db");
        let first = LockFile::acquire(&database).unwrap();
        let error = LockFile::acquire(&database).unwrap_err();
        let StoreError::Locked { holder, .. } = error else { panic!("{error}") };
        assert_eq!(holder, format!("process {}", std::process::id()));
        drop(first);
        LockFile::acquire(&database).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = LockFile::acquire(&folder.path().join("no/node.db")).unwrap_err();
        assert!(error.to_string().contains("no/node.db"), "{error}");
    }
}
