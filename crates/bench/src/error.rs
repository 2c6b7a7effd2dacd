//! Why a measurement gave no figure.

use std::path::{Path, PathBuf};

/// Why a measurement gave no figure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A node refused or failed.
    #[error("{0}")]
    App(#[from] app::Error),
    /// The network could not be built or stopped.
    #[error("{0}")]
    Weir(#[from] weir::problem::Failure),
    /// A file, folder or process of this machine.
    #[error("cannot {what} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The plain server or its client.
    #[error("plain http: {0}")]
    Http(String),
    /// Something did not come within its time.
    #[error("{what} did not come within {seconds} s")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
    },
    /// A process that was measured ended badly.
    #[error("`{command}` ended with {status}: {said}")]
    Child {
        /// Its command.
        command: String,
        /// How it ended.
        status: String,
        /// The end of what it said on standard error.
        said: String,
    },
    /// What came is not what must come: a figure of it would be worth nothing.
    #[error("{0}")]
    Wrong(String),
}

impl Error {
    /// An [`Error::Io`], to be given to `map_err`.
    pub fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_owned();
        move |source| Error::Io { what, path, source }
    }
}

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
