//! The demo's data: a folder of CSV and Parquet files, or generated ones of the same kind as the stations'.
//!
//! Every file is read once before the network starts: nobody is registered for a file that cannot be used, and each of those is named
//! with its reason. What the catalogue says of a file its provider's node finds out for itself.

use std::path::{Path, PathBuf};

use dataplane::DataError;
use dataplane::generate::{GenerateOptions, generate};
use dataplane::profile::{ProfileOptions, profile};
use futures_util::StreamExt as _;

use super::reason::reason;
use crate::download::{FILE_NAME_BYTES_MAX, LONGEST_ENDING};
use crate::exit::Exit;
use crate::files::no_file;
use crate::problem::{Failure, Message, Result};
use crate::term::Progress;

/// The folder, in the demo's own, of the data that is generated.
pub const GENERATED: &str = "data";
/// Endings of the files that become providers.
const ENDINGS: [&str; 3] = ["csv", "tsv", "parquet"];
/// More providers than this are not started in one demo.
pub const FILES_MAX: usize = 200;

/// What in a folder is named like data, in the order of the names; the rest is passed over. Links that lead nowhere, folders and
/// pipes of such a name are among it: [`examine`] says why they are no data.
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
        if ENDINGS.contains(&ending.as_str()) {
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
pub fn generated(folder: &Path, seed: u64) -> Result<()> {
    let options = GenerateOptions { seed, ..GenerateOptions::default() };
    let written = generate(folder, &options);
    written.map(drop).map_err(|error| {
        Failure::new(Exit::BadInput, "demo-generate-failed").with("folder", folder.display()).because(error)
    })
}

/// What the files of a folder are good for.
#[derive(Debug, Default)]
pub struct Examined {
    /// Those that become providers.
    pub usable: Vec<Usable>,
    /// Those that do not.
    pub left_out: Vec<LeftOut>,
}

/// A file that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usable {
    /// The file.
    pub path: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The file.
    pub path: PathBuf,
    /// Why, and what to do about it.
    pub reason: Message,
}

impl LeftOut {
    /// The file's name.
    pub fn name(&self) -> String {
        crate::files::name_of(&self.path)
    }
}

/// Reads every file once, several at a time. What cannot be used is left out with its reason, also where reading it panics: one file
/// never ends the demo of the others.
pub async fn examine(files: Vec<PathBuf>, progress: &Progress) -> Examined {
    examine_by(look_into, files, progress).await
}

async fn examine_by(
    look: fn(&Path) -> Result<(u64, u64), Message>,
    files: Vec<PathBuf>,
    progress: &Progress,
) -> Examined {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let read = |path: PathBuf| async move {
        let task = path.clone();
        let found = tokio::task::spawn_blocking(move || look(&task)).await;
        (path, found)
    };
    let mut found = futures_util::stream::iter(files).map(read).buffered(at_once);
    let mut examined = Examined::default();
    while let Some((path, looked)) = found.next().await {
        match looked {
            Ok(Ok((rows, bytes))) => examined.usable.push(Usable { path, rows, bytes }),
            Ok(Err(reason)) => examined.left_out.push(LeftOut { path, reason }),
            Err(ended) => {
                let reason = Message::new("bad-file-defect").with("reason", ended);
                examined.left_out.push(LeftOut { path, reason });
            }
        }
        progress.add(1);
    }
    examined
}

/// The longest name of a file whose copy and receipt can be written beside each other, in bytes.
const NAME_BYTES_MAX: usize = FILE_NAME_BYTES_MAX - LONGEST_ENDING.len();

/// Rows and bytes of a file, or why it cannot be used.
fn look_into(path: &Path) -> Result<(u64, u64), Message> {
    match path.file_name().and_then(|name| name.to_str()) {
        Some(_) if path.to_str().is_none() => return Err(Message::new("bad-file-name")),
        Some(name) if name.contains(char::is_control) => return Err(Message::new("bad-file-name-control")),
        Some(name) if name.len() > NAME_BYTES_MAX => {
            let message = Message::new("bad-file-name-long");
            return Err(message.with("found", name.len()).with("limit", NAME_BYTES_MAX));
        }
        Some(_) => {}
        None => return Err(Message::new("bad-file-name")),
    }
    if let Some(reason) = no_file(path) {
        return Err(reason);
    }
    let found: Result<_, DataError> = profile(path, &ProfileOptions::default(), &|_| {});
    let profile = found.map_err(|error| reason(&error))?.profile;
    Ok((profile.rows, profile.bytes))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;
    use crate::term::Unit;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn files_that_can_be_data_are_taken_in_the_order_of_their_names() {
        let folder = folder(&[("b.CSV", ""), ("a.tsv", ""), ("c.parquet", ""), ("notes.txt", ""), ("x", "")]);
        std::fs::create_dir(folder.path().join("d.csv")).unwrap();
        std::fs::create_dir(folder.path().join("e")).unwrap();
        let names: Vec<_> = files_of(folder.path()).unwrap();
        let names: Vec<_> = names.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["a.tsv", "b.CSV", "c.parquet", "d.csv"]);
    }

    #[test]
    fn a_folder_without_data_is_named() {
        let folder = folder(&[("readme.md", "nothing")]);
        let failure = files_of(folder.path()).unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "demo-folder-empty"));
        let failure = files_of(&folder.path().join("none")).unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "demo-folder-unreadable"));
    }

    #[tokio::test]
    async fn every_file_is_told_apart_in_the_order_of_the_folder() {
        let folder = folder(&[("a.csv", "x,y\n1,2\n3,4\n"), ("b.csv", "x,y\n1\n"), ("c.csv", "x,y\n")]);
        let (context, _) = crate::testing::context(&[]);
        let progress = context.out.progress("", None, Unit::Items);
        let examined = examine(files_of(folder.path()).unwrap(), &progress).await;
        let usable: Vec<_> = examined.usable.iter().map(|file| (file.rows, file.bytes)).collect();
        assert_eq!(usable, [(2, 12), (0, 4)]);
        let left_out: Vec<_> = examined.left_out.iter().map(|file| (file.name(), file.reason.key)).collect();
        assert_eq!(left_out, [("b.csv".to_owned(), "bad-file-ragged")]);
    }

    fn left_out(examined: &Examined) -> Vec<(String, &'static str)> {
        examined.left_out.iter().map(|file| (file.name(), file.reason.key)).collect()
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_no_file_is_named_with_its_reason_and_never_opened() {
        let folder = folder(&[("a.csv", "x,y\n1,2\n"), ("f.csv", "x,y\n1,\"2\n")]);
        let at = |name: &str| folder.path().join(name);
        std::os::unix::fs::symlink("gone.csv", at("b.csv")).unwrap();
        std::fs::create_dir(at("c.csv")).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(at("d.csv")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("e.csv")).status().unwrap().success());
        std::os::unix::fs::symlink("a.csv", at("g.csv")).unwrap();
        let (context, _) = crate::testing::context(&[]);
        let progress = context.out.progress("", None, Unit::Items);
        let examined = examine(files_of(folder.path()).unwrap(), &progress).await;
        let expected = [
            ("b.csv", "bad-file-link"),
            ("c.csv", "bad-file-folder"),
            ("d.csv", "bad-file-special"),
            ("e.csv", "bad-file-special"),
            ("f.csv", "bad-file-quote"),
        ];
        assert_eq!(left_out(&examined), expected.map(|(name, key)| (name.to_owned(), key)));
        assert_eq!(examined.usable.len(), 2, "a link to a file is a file");
    }

    #[tokio::test]
    async fn a_reader_that_panics_leaves_out_its_file_alone() {
        let folder = folder(&[("a.csv", "x\n"), ("b.csv", "x\n"), ("c.csv", "x\n")]);
        let (context, _) = crate::testing::context(&[]);
        let progress = context.out.progress("", None, Unit::Items);
        let look = |path: &Path| match path.ends_with("b.csv") {
            true => panic!("a defect"),
            false => look_into(path),
        };
        let examined = examine_by(look, files_of(folder.path()).unwrap(), &progress).await;
        assert_eq!(left_out(&examined), [("b.csv".to_owned(), "bad-file-defect")]);
        assert!(examined.left_out[0].reason.arg("reason").unwrap().contains("a defect"));
        assert_eq!(examined.usable.len(), 2);
    }
}
