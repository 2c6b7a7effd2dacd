//! The checks of `cargo xtask tidy`.

mod edges;
mod graph;
mod map;
mod sources;

use std::fmt;
use std::path::{Path, PathBuf};

/// Something to put right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File or crate.
    pub place: String,
    /// What is wrong, and the way out.
    pub text: String,
}

/// The checks could not be made.
#[derive(Debug)]
pub enum Error {
    /// A file or folder could not be read.
    Read(PathBuf, std::io::Error),
    /// `cargo metadata` could not be run.
    Cargo(String),
    /// Its output was not what cargo documents.
    Metadata(String),
}

/// Every problem of the workspace at `root`, in order.
///
/// # Errors
/// Where a check could not be made at all.
pub fn check(root: &Path) -> Result<Vec<Problem>, Error> {
    let graph = graph::Graph::load(root)?;
    let mut problems = edges::check(&graph);
    problems.extend(sources::check(root)?);
    problems.extend(map::check(root)?);
    problems.sort();
    Ok(problems)
}

fn problem(place: impl Into<String>, text: impl Into<String>) -> Problem {
    Problem { place: place.into(), text: text.into() }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(path, error) => write!(f, "cannot read `{}`: {error}", path.display()),
            Self::Cargo(text) => write!(f, "cannot run `cargo metadata`: {text}"),
            Self::Metadata(text) => {
                write!(f, "`cargo metadata` printed something else than expected: {text}")
            }
        }
    }
}

impl std::error::Error for Error {}
