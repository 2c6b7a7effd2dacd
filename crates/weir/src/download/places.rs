//! Where a download stands: the names of its files, and what another process needs to go on.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Order;
use crate::commands::absolute;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// What the name of a file that was not named can end in, by its media type.
const EXTENSIONS: [&str; 3] = ["csv", "parquet", UNKNOWN];
/// What it ends in where the media type says nothing.
pub(super) const UNKNOWN: &str = "bin";

/// What `FILE.part.json` keeps: all that another process needs to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    #[serde(rename = "type")]
    pub kind: StateKind,
    pub contract: String,
    #[serde(rename = "use")]
    pub use_id: String,
    pub sha256: Option<String>,
    pub bytes: Option<u64>,
    pub rows: Option<u64>,
    /// What the file's name ends in, where no name was given.
    pub extension: Option<String>,
    /// The name that the file gets, once the digest was found right.
    pub complete: Option<PathBuf>,
}

impl State {
    pub fn new(contract: &str, use_id: String) -> State {
        let contract = contract.to_owned();
        let (sha256, bytes, rows, extension, complete) = (None, None, None, None, None);
        State { kind: StateKind::V1, contract, use_id, sha256, bytes, rows, extension, complete }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum StateKind {
    #[serde(rename = "weir.part/1")]
    V1,
}

/// The places of one download.
#[derive(Debug, Clone)]
pub(super) struct Places {
    /// The file's name, where it was given; else the beginning of one that gets its extension from the media type.
    pub name: PathBuf,
    pub given: bool,
    pub part: PathBuf,
    pub state: PathBuf,
}

impl Places {
    pub fn of(order: &Order<'_>) -> Result<Places> {
        let name = match order.file {
            Some(file) => absolute(file)?,
            None => absolute(Path::new(&plain_name(order.contract)))?,
        };
        if name.file_name().is_some_and(|file| file.len() + LONGEST_ENDING.len() > FILE_NAME_BYTES_MAX) {
            return Err(Failure::new(Exit::BadInput, "get-name-too-long").with("path", name.display()));
        }
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", name.display()));
        Ok(Places { part: beside(".part"), state: beside(".part.json"), given: order.file.is_some(), name })
    }

    /// Every name that the file could get.
    pub fn names(&self) -> Vec<PathBuf> {
        match self.given {
            true => vec![self.name.clone()],
            false => EXTENSIONS.iter().map(|extension| self.named(extension)).collect(),
        }
    }

    pub fn named(&self, extension: &str) -> PathBuf {
        match self.given {
            true => self.name.clone(),
            false => PathBuf::from(format!("{}.{extension}", self.name.display())),
        }
    }

    /// Refuses before a use is spent on a file that could not get its name.
    pub fn refuse_existing(&self, force: bool) -> Result<()> {
        match self.names().into_iter().find(|name| name.exists()) {
            Some(there) if !force => {
                Err(Failure::new(Exit::Refused, "get-exists").with("path", there.display()))
            }
            _ => Ok(()),
        }
    }

    /// The state of an earlier run of an order for this contract.
    pub fn load(&self, contract: &str) -> Result<Option<State>> {
        let unusable = |reason: String| {
            Failure::new(Exit::BadInput, "get-state")
                .with("path", self.state.display())
                .with("contract", contract)
                .with("reason", reason)
        };
        match std::fs::read(&self.state) {
            Ok(json) => serde_json::from_slice(&json).map(Some).map_err(|error| unusable(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(error.to_string())),
        }
    }

    /// Durable before it returns: the use that it names may be counted right after.
    pub fn save(&self, state: &State) -> Result<()> {
        let json = serde_json::to_vec(state)
            .map_err(|error| Failure::new(Exit::Failure, "error-other").because(error))?;
        write_durably(&self.state, &json)
    }
}

/// The longest name of a file that common file systems take, in bytes.
pub(crate) const FILE_NAME_BYTES_MAX: usize = 255;
/// The longest ending that is put behind a file's name.
pub(crate) const LONGEST_ENDING: &str = ".receipt.json.new";

/// What the name of a receipt ends in.
pub(crate) const RECEIPT_ENDING: &str = ".receipt.json";

/// Where the receipt of a delivery into `file` stands.
pub(crate) fn receipt_beside(file: &Path) -> PathBuf {
    PathBuf::from(format!("{}{RECEIPT_ENDING}", file.display()))
}

/// Letters, digits, `-` and `_` of an identifier; everything else becomes `-`.
pub(crate) fn plain_name(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect()
}

/// Writes a file so that it is there whole or not at all, and stays.
pub(crate) fn write_durably(path: &Path, content: &[u8]) -> Result<()> {
    let beside = PathBuf::from(format!("{}.new", path.display()));
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(content).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path))
        .and_then(|()| sync_folder(path));
    written.map_err(|error| Failure::unwritable(path, error))
}

/// Makes a new name in a folder durable.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// What a file of this media type ends in.
pub(super) fn extension(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "text/csv" => "csv",
        "application/vnd.apache.parquet" | "application/x-parquet" => "parquet",
        _ => UNKNOWN,
    }
}
