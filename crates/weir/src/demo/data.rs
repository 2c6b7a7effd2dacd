//! The demo's data: a folder of CSV and Parquet files, or generated ones of the same kind as the stations'.

use std::path::{Path, PathBuf};

use dataplane::generate::{GenerateOptions, generate};

use crate::exit::Exit;
use crate::problem::{Failure, Result};

use super::titles;

/// Endings of the files that become providers.
const ENDINGS: [&str; 3] = ["csv", "tsv", "parquet"];
/// More providers than this are not started in one demo.
pub const FILES_MAX: usize = 200;

/// The files of a folder that can be data, by name; others are passed over.
///
/// # Errors
/// [`Exit::BadInput`] where the folder cannot be read or holds no data.
pub fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| Failure::file(Exit::BadInput, "demo-folder-unreadable", folder, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let ending =
            path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if path.is_file() && ENDINGS.contains(&ending.as_str()) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::new(Exit::BadInput, "demo-folder-empty").with("folder", folder.display()));
    }
    if files.len() > FILES_MAX {
        return Err(Failure::new(Exit::BadInput, "demo-folder-many")
            .with("found", files.len())
            .with("limit", FILES_MAX));
    }
    Ok(files)
}

/// Generates the twelve stations' files into a folder (again where they are there: the same seed gives the same bytes).
///
/// # Errors
/// [`Exit::BadInput`] where the folder cannot be written.
pub fn generated(folder: &Path, seed: u64) -> Result<Vec<PathBuf>> {
    let stations = titles::station_names();
    let options = GenerateOptions { seed, stations: &stations, ..GenerateOptions::default() };
    generate(folder, &options).map_err(|error| {
        Failure::new(Exit::BadInput, "demo-generate-failed").with("folder", folder.display()).because(error)
    })?;
    files_of(folder)
}
