//! The data file beside a receipt, as `weir get` writes both: `air.csv` beside `air.csv.receipt.json`. A receipt proves what was
//! delivered; whether that is still what lies on the disk, only the file itself can say.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crypto::Sha256;
use ledger::window::UseLeaf;
use serde::Serialize;

use crate::download::RECEIPT_ENDING;
use crate::files::{digest_of, name_of};
use crate::term::Mark;

/// A data file, and what it turned out to be.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct DataFile {
    /// Where it stands, or would.
    #[serde(serialize_with = "shown")]
    pub file: PathBuf,
    #[serde(flatten)]
    pub found: Found,
}

/// What a data file turned out to be.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(super) enum Found {
    /// What was delivered, byte for byte.
    Same { bytes: u64 },
    /// Not there: it may be anywhere else, so this is no failure.
    Missing,
    /// There; but the use was given up, so its record has no digest to hold it against.
    Unproven,
    /// Longer or shorter than what was delivered.
    OtherLength { bytes: u64, expected: u64 },
    /// As long as what was delivered, but not the same.
    OtherDigest { sha256: Sha256, expected: Sha256 },
    /// There, but it cannot be read.
    Unreadable { reason: String },
}

/// Paths need not be text; JSON is.
fn shown<S: serde::Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

impl DataFile {
    /// The file beside `receipt`, held against the record of its use. Nothing where the receipt's name does not say which file it is
    /// about.
    pub fn beside(receipt: &Path, record: &UseLeaf) -> Option<DataFile> {
        let name = name_of(receipt);
        let data = name.strip_suffix(RECEIPT_ENDING).filter(|data| !data.is_empty())?;
        let file = receipt.with_file_name(data);
        let found = find(&file, record).unwrap_or_else(|error| match error.kind() {
            ErrorKind::NotFound => Found::Missing,
            _ => Found::Unreadable { reason: error.to_string() },
        });
        Some(DataFile { file, found })
    }

    /// Whether nothing speaks against the file.
    pub fn ok(&self) -> bool {
        matches!(self.found, Found::Same { .. } | Found::Missing | Found::Unproven)
    }

    /// How its line begins.
    pub fn mark(&self) -> Mark {
        match self.found {
            Found::Same { .. } => Mark::Done,
            Found::Missing | Found::Unproven => Mark::Skipped,
            Found::OtherLength { .. } | Found::OtherDigest { .. } | Found::Unreadable { .. } => Mark::Failed,
        }
    }

    /// Its name, without the folder, which is the receipt's.
    pub fn name(&self) -> String {
        name_of(&self.file)
    }
}

/// A file of another length is not read.
fn find(path: &Path, record: &UseLeaf) -> std::io::Result<Found> {
    let bytes = std::fs::metadata(path)?.len();
    let Some(expected) = record.digest else { return Ok(Found::Unproven) };
    if bytes != record.bytes {
        return Ok(Found::OtherLength { bytes, expected: record.bytes });
    }
    let (sha256, bytes) = digest_of(path)?;
    Ok(if sha256 == expected { Found::Same { bytes } } else { Found::OtherDigest { sha256, expected } })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    fn record(data: &[u8]) -> UseLeaf {
        UseLeaf {
            use_id: "use-1".into(),
            contract_id: "contract-1".into(),
            sequence: 1,
            opened_at: 0,
            closed_at: 1,
            bytes: data.len() as u64,
            rows: 1,
            digest: Some(Sha256::of(data)),
            complete: true,
            fields: None,
        }
    }

    #[test]
    fn what_lies_beside_a_receipt_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (receipt, data) = (folder.path().join("air.csv.receipt.json"), folder.path().join("air.csv"));
        let long = vec![b'x'; 200_000];
        let found = |record: &UseLeaf| DataFile::beside(&receipt, record).unwrap();
        assert_eq!(found(&record(&long)).found, Found::Missing);
        std::fs::write(&data, &long).unwrap();
        assert_eq!(found(&record(&long)).found, Found::Same { bytes: long.len() as u64 });
        assert_eq!(found(&UseLeaf { digest: None, complete: false, ..record(&long) }).found, Found::Unproven);
        assert!(matches!(found(&record(b"x")).found, Found::OtherLength { expected: 1, .. }));
        let mut other = long.clone();
        other[199_999] = b'y';
        std::fs::write(&data, &other).unwrap();
        let found = found(&record(&long));
        assert_eq!(
            found.found,
            Found::OtherDigest { sha256: Sha256::of(&other), expected: Sha256::of(&long) }
        );
        assert_eq!((found.ok(), found.mark(), found.name().as_str()), (false, Mark::Failed, "air.csv"));
    }

    #[test]
    fn a_folder_under_the_name_is_no_data() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("air.csv");
        std::fs::create_dir(&data).unwrap();
        let length = std::fs::metadata(&data).unwrap().len();
        let record = UseLeaf { bytes: length, ..record(b"x") };
        let found = DataFile::beside(&folder.path().join("air.csv.receipt.json"), &record).unwrap();
        assert!(matches!(found.found, Found::Unreadable { .. }), "{found:?}");
    }

    #[test]
    fn a_name_that_says_nothing_has_no_data_file() {
        for name in ["receipt.json", "a.json", ".receipt.json"] {
            assert_eq!(DataFile::beside(Path::new(name), &record(b"x")), None, "{name}");
        }
    }
}
