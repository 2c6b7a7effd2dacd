//! Where a demo's state stands: a folder that is kept, or a temporary one that goes with the process.

use std::path::{Path, PathBuf};

use crate::commands::absolute;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// Where a demo's state stands.
pub enum Place {
    /// A folder that is kept.
    Kept(PathBuf),
    /// A folder that is removed at the end.
    Temporary(TemporaryFolder),
}

impl Place {
    /// The folder that is kept, or a temporary one where none is; it is there afterwards.
    ///
    /// # Errors
    /// [`Exit::Failure`] where it cannot be made.
    pub fn of(keep: Option<&Path>) -> Result<Place> {
        let Some(folder) = keep else { return TemporaryFolder::new().map(Place::Temporary) };
        std::fs::create_dir_all(folder).map_err(|error| Failure::unwritable(folder, error))?;
        absolute(folder).map(Place::Kept)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        match self {
            Place::Kept(path) => path,
            Place::Temporary(folder) => &folder.0,
        }
    }

    /// The folder, where it is kept.
    pub fn kept(&self) -> Option<&Path> {
        match self {
            Place::Kept(path) => Some(path),
            Place::Temporary(_) => None,
        }
    }

    /// What to say when Ctrl-C ends the walk.
    pub fn interrupted(&self) -> Failure {
        match self {
            Place::Kept(_) => Failure::new(Exit::Failure, "demo-interrupted"),
            Place::Temporary(_) => Failure::new(Exit::Failure, "demo-interrupted-for-good"),
        }
    }
}

/// A folder below the system's temporary one, removed when it is dropped.
pub struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new() -> Result<TemporaryFolder> {
        use app::entropy::Entropy as _;
        let name = format!("weir-demo-{:016x}", app::entropy::OsEntropy.next_u64());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).map_err(|error| Failure::unwritable(&path, error))?;
        Ok(TemporaryFolder(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the demo's temporary folder could not be removed");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_place_goes_and_a_kept_one_stays() {
        let temporary = Place::of(None).unwrap();
        let path = temporary.path().to_owned();
        assert!(path.is_dir() && temporary.kept().is_none());
        drop(temporary);
        assert!(!path.exists());
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("a/b");
        let kept = Place::of(Some(&folder)).unwrap();
        assert_eq!((kept.path(), kept.kept()), (folder.as_path(), Some(folder.as_path())));
        drop(kept);
        assert!(folder.is_dir());
    }
}
