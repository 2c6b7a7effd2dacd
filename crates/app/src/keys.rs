//! The key folder of a node: private keys as PEM files that only their owner can read.
//!
//! Signing keys never enter the store, so that a copy of the database is no copy of the node. Where an HSM takes over one day,
//! it takes over here.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crypto::{LogKey, SigningKey, Suite};

use crate::Error;

/// The folder `keys/` of one node.
#[derive(Debug, Clone)]
pub struct KeyFolder {
    folder: PathBuf,
    /// Held while a key is looked for and made, so that two who ask at once get the same.
    making: Arc<Mutex<()>>,
}

impl KeyFolder {
    /// The key folder below a node's data folder; made, with mode 0700, where it is missing.
    ///
    /// # Errors
    /// [`Error::Folder`] where it cannot be made.
    pub fn open(node_folder: &Path) -> Result<KeyFolder, Error> {
        let folder = node_folder.join("keys");
        create_private_dir(&folder).map_err(|source| Error::Folder { path: folder.clone(), source })?;
        Ok(KeyFolder { folder, making: Arc::default() })
    }

    /// The key folder below a node's data folder as it is: nothing is made.
    pub(crate) fn at(node_folder: &Path) -> KeyFolder {
        KeyFolder { folder: node_folder.join("keys"), making: Arc::default() }
    }

    /// The signing key of the given name, made and written where there is none yet.
    ///
    /// # Errors
    /// [`Error::Folder`] where the file cannot be read or written, [`Error::Crypto`] where it is no key.
    pub fn signing(&self, name: &str, suite: Suite) -> Result<SigningKey, Error> {
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match self.read(name)? {
            Some(pem) => Ok(SigningKey::from_pkcs8_pem(&pem)?),
            None => {
                let key = SigningKey::generate(suite)?;
                self.write(name, &key.to_pkcs8_pem()?)?;
                Ok(key)
            }
        }
    }

    /// The signing key of the given name, where there is one: of what was certified no other is made.
    ///
    /// # Errors
    /// As [`KeyFolder::signing`].
    pub fn existing(&self, name: &str) -> Result<Option<SigningKey>, Error> {
        Ok(self.read(name)?.map(|pem| SigningKey::from_pkcs8_pem(&pem)).transpose()?)
    }

    /// Whether there is a key of that name.
    pub fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// The log key of the given name, made and written where there is none yet.
    ///
    /// # Errors
    /// As [`KeyFolder::signing`].
    pub fn log(&self, name: &str) -> Result<LogKey, Error> {
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        match self.read(name)? {
            Some(pem) => Ok(LogKey::from_pem(&pem)?),
            None => {
                let key = LogKey::generate()?;
                self.write(name, &key.to_pem()?)?;
                Ok(key)
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.pem"))
    }

    fn read(&self, name: &str) -> Result<Option<String>, Error> {
        let path = self.path(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Folder { path, source }),
        }
    }

    /// Writes to a temporary name, syncs and renames, so that a crash leaves a whole key or none.
    fn write(&self, name: &str, pem: &str) -> Result<(), Error> {
        let path = self.path(name);
        let written = write_private(&path, pem.as_bytes());
        written.map_err(|source| Error::Folder { path, source })
    }
}

/// Writes a file that only its owner can read (0600), durably and all at once.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    write_whole(path, content, 0o600)
}

/// Writes a file that everyone can read (0644), durably and all at once.
///
/// # Errors
/// Those of the file system.
pub fn write_public(path: &Path, content: &[u8]) -> std::io::Result<()> {
    write_whole(path, content, 0o644)
}

#[cfg_attr(not(unix), allow(unused_variables))]
fn write_whole(path: &Path, content: &[u8], mode: u32) -> std::io::Result<()> {
    let staged = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(&staged)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&staged, path)?;
    match path.parent() {
        Some(parent) => std::fs::File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn create_private_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let made = keys.signing("sign", Suite::Sm).unwrap();
        let read = keys.signing("sign", Suite::Sm).unwrap();
        assert_eq!(made.public_key().key_id(), read.public_key().key_id());
        let log = keys.log("log").unwrap();
        assert_eq!(log.public().to_bytes(), keys.log("log").unwrap().public().to_bytes());
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_keys() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        keys.signing("sign", Suite::Intl).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("keys")), 0o700);
        assert_eq!(mode(&folder.path().join("keys/sign.pem")), 0o600);
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        std::fs::write(folder.path().join("keys/sign.pem"), "rubbish").unwrap();
        assert!(matches!(keys.signing("sign", Suite::Sm), Err(Error::Crypto(_))));
    }

    #[test]
    fn two_that_ask_at_once_get_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        let ask = || keys.clone().signing("sign", Suite::Intl).unwrap().public_key().key_id();
        let ids: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn a_key_that_must_exist_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::open(folder.path()).unwrap();
        assert!(keys.existing("sign").unwrap().is_none());
        assert!(!keys.has("sign"));
        let made = keys.signing("sign", Suite::Sm).unwrap();
        assert_eq!(keys.existing("sign").unwrap().unwrap().public_key(), made.public_key());
        assert!(keys.has("sign"));
    }

    #[cfg(unix)]
    #[test]
    fn a_public_file_is_replaced_whole_and_readable() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trust.pem");
        std::fs::write(&path, "half").unwrap();
        write_public(&path, b"whole").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing staged is left");
    }
}
