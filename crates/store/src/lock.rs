//! One process per store. An embedded store is guarded by an exclusive lock on a file beside it, which the system
//! gives back when its holder ends, however it ends. (A server guards with an advisory lock: open.rs.)

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::error::{Result, StoreError};

/// How long the lock is waited for: who only looks holds it for a moment, and who ends gives it back soon.
const PATIENCE: Duration = Duration::from_secs(2);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// The lock; it ends with this value.
#[derive(Debug)]
pub(crate) struct LockFile {
    _file: File,
}

impl LockFile {
    /// Locks the store in the file `database`; waits a little for another to let go of it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another holds it, [`StoreError::NotWritable`] where the folder refuses the file.
    pub(crate) async fn acquire(database: &Path) -> Result<Self> {
        let began = Instant::now();
        loop {
            match Self::try_acquire(database) {
                Err(StoreError::Locked { .. }) if began.elapsed() < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                }
                other => return other,
            }
        }
    }

    fn try_acquire(database: &Path) -> Result<Self> {
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
    /// Whether nobody holds the lock; makes no file and keeps nothing. Others may look at the same time, and who acquires meanwhile waits
    /// for it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another holds it.
    pub(crate) fn check_free(database: &Path) -> Result<()> {
        let Ok(mut file) = OpenOptions::new().read(true).write(true).open(lock_path(database)) else {
            return Ok(());
        };
        match file.try_lock_shared() {
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
        let first = LockFile::try_acquire(&database).unwrap();
        let error = LockFile::try_acquire(&database).unwrap_err();
        let StoreError::Locked { holder, .. } = error else { panic!("{error}") };
        assert_eq!(holder, format!("process {}", std::process::id()));
        drop(first);
        LockFile::try_acquire(&database).unwrap();
    }

    #[tokio::test]
    async fn a_look_refuses_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("node.db");
        drop(LockFile::try_acquire(&database).unwrap());
        let look = File::options().read(true).write(true).open(lock_path(&database)).unwrap();
        look.try_lock_shared().unwrap();
        LockFile::check_free(&database).unwrap();
        let (lock, ()) = tokio::join!(LockFile::acquire(&database), async {
            tokio::task::yield_now().await;
            drop(look);
        });
        lock.unwrap();
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = LockFile::try_acquire(&folder.path().join("no/node.db")).unwrap_err();
        assert!(error.to_string().contains("no/node.db"), "{error}");
    }
}
