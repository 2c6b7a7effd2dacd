//! Where the bytes go, with the digest of all that went there.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use crypto::Hasher;

use crate::commands::closed;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// Where the bytes go, with the digest of all that went there.
pub(super) struct Sink {
    to: Target,
    pub written: u64,
    hasher: Hasher,
}

enum Target {
    File(File),
    Stdout,
}

impl Sink {
    /// A part as an earlier run left it, or a new one. It is locked: two downloads into one file would spoil it.
    pub fn open(part: &Path) -> Result<Sink> {
        let failed = |error| Failure::unwritable(part, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(part)
            .map_err(failed)?;
        file.try_lock().map_err(|_| Failure::new(Exit::Refused, "get-busy").with("path", part.display()))?;
        let mut hasher = Hasher::new();
        let written = std::io::copy(&mut file, &mut hasher).map_err(failed)?;
        Ok(Sink { to: Target::File(file), written, hasher })
    }

    pub fn stdout() -> Sink {
        Sink { to: Target::Stdout, written: 0, hasher: Hasher::new() }
    }

    pub fn put(&mut self, piece: &[u8]) -> std::io::Result<()> {
        match &mut self.to {
            Target::File(file) => file.write_all(piece)?,
            Target::Stdout => std::io::stdout().lock().write_all(piece)?,
        }
        self.hasher.update(piece);
        self.written += piece.len() as u64;
        Ok(())
    }

    /// Forgets what was written; what went to standard output cannot be taken back.
    pub fn restart(&mut self, path: &Path) -> Result<()> {
        if self.written == 0 {
            return Ok(());
        }
        match &mut self.to {
            Target::File(file) => file
                .set_len(0)
                .and_then(|()| file.seek(SeekFrom::Start(0)))
                .map_err(|error| Failure::unwritable(path, error))?,
            Target::Stdout => return Err(Failure::new(Exit::Failure, "get-not-resumed")),
        };
        (self.written, self.hasher) = (0, Hasher::new());
        Ok(())
    }

    pub fn digest(&self) -> String {
        self.hasher.clone().finish().to_string()
    }

    pub fn sync(&self, path: &Path) -> Result<()> {
        match &self.to {
            Target::File(file) => file.sync_all().map_err(|error| Failure::unwritable(path, error)),
            Target::Stdout => std::io::stdout().flush().map_err(closed),
        }
    }
}
