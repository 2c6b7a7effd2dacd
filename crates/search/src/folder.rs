//! The index's folder: its version, whether it is sound, and beginning it anew.

use std::fs;
use std::io;
use std::path::Path;

use tantivy::IndexSettings;
use tantivy::schema::Schema;

use crate::error::Error;
use crate::schema::SCHEMA_VERSION;
use crate::unsynced::{MARKER_FILE, Marker, NEW_SUFFIX, UnsyncedFolder, marker};

/// File that says of which version the index beside it is.
const VERSION_FILE: &str = "weir-search.version";
/// Files of the engine that do not bear a segment's name.
const ENGINE_FILES: [&str; 4] = ["meta.json", ".managed.json", ".tantivy-writer.lock", ".tantivy-meta.lock"];
/// Length of a segment's name.
const SEGMENT_NAME_CHARS: usize = 32;

/// The engine's index of a folder.
pub(crate) struct Found {
    pub index: tantivy::Index,
    /// Whether it was begun by this call.
    pub fresh: bool,
}

/// Opens the index of a folder, or begins one where there is none that can be used.
pub(crate) fn open(dir: &Path, schema: Schema, settings: IndexSettings) -> Result<Found, Error> {
    let folder = |source| Error::Folder { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(folder)?;
    match sound(dir, &schema) {
        Ok(index) => return Ok(Found { index, fresh: false }),
        Err(Unusable::Absent) => {}
        Err(Unusable::Because(reason)) => {
            tracing::warn!(search.dir = %dir.display(), "search index is begun anew: {reason}");
        }
    }
    clear(dir).map_err(folder)?;
    let index = tantivy::Index::builder().schema(schema).settings(settings).open_or_create(unsynced(dir)?)?;
    // Written last: a folder without it is a beginning that was not finished.
    fs::write(dir.join(VERSION_FILE), SCHEMA_VERSION.to_string()).map_err(folder)?;
    Ok(Found { index, fresh: true })
}

fn unsynced(dir: &Path) -> Result<UnsyncedFolder, Error> {
    Ok(UnsyncedFolder::open(dir).map_err(tantivy::TantivyError::from)?)
}

enum Unusable {
    Absent,
    Because(String),
}

fn sound(dir: &Path, schema: &Schema) -> Result<tantivy::Index, Unusable> {
    check_version(dir)?;
    check_marker(dir)?;
    let broken = |error: tantivy::TantivyError| Unusable::Because(error.to_string());
    let folder = unsynced(dir).map_err(|error| Unusable::Because(error.to_string()))?;
    let index = tantivy::Index::open(folder).map_err(broken)?;
    if index.schema() != *schema {
        return Err(Unusable::Because("its fields are not those of its version".to_owned()));
    }
    let damaged = index.validate_checksum().map_err(broken)?;
    match damaged.iter().next() {
        None => Ok(index),
        Some(file) => Err(Unusable::Because(format!("file `{}` is damaged", file.display()))),
    }
}

fn check_version(dir: &Path) -> Result<(), Unusable> {
    match fs::read_to_string(dir.join(VERSION_FILE)) {
        Ok(text) if text.trim() == SCHEMA_VERSION.to_string() => Ok(()),
        Ok(text) => Err(Unusable::Because(format!(
            "it is of version `{}`, this program's is {SCHEMA_VERSION}",
            text.trim().chars().take(16).collect::<String>()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Unusable::Absent),
        Err(error) => Err(Unusable::Because(error.to_string())),
    }
}

fn check_marker(dir: &Path) -> Result<(), Unusable> {
    match marker(dir) {
        Ok(Marker::Absent | Marker::ThisBoot) => Ok(()),
        Ok(Marker::AnotherBoot) => {
            Err(Unusable::Because("the machine went down while it was changed".to_owned()))
        }
        Err(error) => Err(Unusable::Because(error.to_string())),
    }
}

/// Removes what belongs to an index, and nothing else that someone may have put there.
fn clear(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_index_file) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_index_file(name: &str) -> bool {
    let ours = [VERSION_FILE, MARKER_FILE];
    let engines = name.strip_suffix(NEW_SUFFIX).unwrap_or(name);
    ours.contains(&name) || ENGINE_FILES.contains(&engines) || is_segment_file(name)
}

fn is_segment_file(name: &str) -> bool {
    name.split_once('.').is_some_and(|(segment, _)| {
        segment.len() == SEGMENT_NAME_CHARS && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_an_index_are_told_as_such() {
        for name in
            ["meta.json", "meta.json.new", VERSION_FILE, MARKER_FILE, "0123456789abcdef0123456789abcdef.term"]
        {
            assert!(is_index_file(name), "{name}");
        }
        for name in
            ["meta.json.bak", "notes.txt", "0123.term", "0123456789abcdef0123456789abcdeg.term", "weir.db"]
        {
            assert!(!is_index_file(name), "{name}");
        }
    }
}
