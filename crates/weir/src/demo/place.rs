//! Where a demo's state stands: a folder that is kept, or a temporary one that goes with the process.

use std::path::{Path, PathBuf};

use super::data::GENERATED;
use super::network::State;
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
    /// [`Exit::Failure`] where it cannot be made; [`Exit::Refused`] where something else than a demo lives in it.
    pub fn of(keep: Option<&Path>) -> Result<Place> {
        let Some(folder) = keep else { return TemporaryFolder::new().map(Place::Temporary) };
        std::fs::create_dir_all(folder).map_err(|error| Failure::unwritable(folder, error))?;
        let folder = absolute(folder)?;
        refuse_foreign(&folder)?;
        Ok(Place::Kept(folder))
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

/// A demo's own folder, or an empty one: the demo writes a configuration, and nobody's may be lost by that. Data generated before the demo's
/// state was first written is its own too.
fn refuse_foreign(folder: &Path) -> Result<()> {
    if State::path(folder).exists() {
        return Ok(());
    }
    let entries = std::fs::read_dir(folder).map_err(|error| Failure::unwritable(folder, error))?;
    let foreign = entries.flatten().map(|entry| entry.file_name()).find(|name| name != GENERATED);
    match foreign {
        None => Ok(()),
        Some(name) => Err(Failure::new(Exit::Refused, "demo-foreign-folder")
            .with("folder", folder.display())
            .with("name", name.to_string_lossy())),
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

    #[test]
    fn the_demo_moves_in_with_nobody() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(GENERATED)).unwrap();
        assert!(Place::of(Some(folder.path())).is_ok(), "killed while it generated data");
        std::fs::write(folder.path().join("weir.toml"), "[[node]]").unwrap();
        let refused = Place::of(Some(folder.path())).err().unwrap();
        assert_eq!((refused.exit, refused.message.key), (Exit::Refused, "demo-foreign-folder"));
        assert_eq!(refused.message.arg("name"), Some("weir.toml"));
        assert_eq!(std::fs::read_to_string(folder.path().join("weir.toml")).unwrap(), "[[node]]");
        std::fs::write(State::path(folder.path()), "{}").unwrap();
        assert!(Place::of(Some(folder.path())).is_ok(), "its own");
    }
}
