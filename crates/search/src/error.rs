//! What can go wrong with an index.

use std::io;
use std::path::PathBuf;

use tantivy::TantivyError;
use tantivy::directory::error::LockError;

/// Why an index could not be opened, changed or asked. A query's text is never the reason.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder cannot be made, read or written.
    #[error("search index folder `{path}`: {source}; choose another folder or allow writing to this one")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process (or another index value of this one) is changing the same folder.
    #[error("search index is in use by another process: stop it, or give each node a folder of its own")]
    Busy,
    /// A document has no product id that can be read.
    #[error(
        "search index names a product `{product}`, which is no identifier: delete its folder, it is built anew"
    )]
    Damaged {
        /// What stands in place of the id.
        product: String,
    },
    /// The engine failed, for instance because the disk is full.
    #[error("search index: {0}")]
    Engine(#[source] TantivyError),
}

impl From<TantivyError> for Error {
    fn from(error: TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Busy,
            other => Self::Engine(other),
        }
    }
}

impl From<Error> for domain::engine::EngineError {
    fn from(error: Error) -> Self {
        Self::Failed { engine: "search", reason: error.to_string() }
    }
}
