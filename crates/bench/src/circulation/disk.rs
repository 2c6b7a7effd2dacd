//! What the disk gives: every durable step waits for at least one of these.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::NAME;
use crate::error::{Error, Result};
use crate::figure::{Figure, Metric};
use crate::stats::Samples;

/// What is appended each time.
const BLOCK: [u8; 4096] = [0x5a; 4096];

/// Times of appending 4 KiB to a file in the folder and forcing it to the disk.
///
/// # Errors
/// [`Error::Io`].
pub async fn fsync(folder: &Path, times: u32) -> Result<Samples> {
    let path = folder.join("fsync.bin");
    let appended = tokio::task::spawn_blocking(move || append(path, times)).await;
    appended.map_err(|error| Error::Wrong(format!("appending was interrupted: {error}")))?
}

fn append(path: PathBuf, times: u32) -> Result<Samples> {
    let opened = OpenOptions::new().create(true).append(true).open(&path);
    let mut file = opened.map_err(Error::io("make", &path))?;
    let mut samples = Vec::new();
    for _ in 0..times {
        let started = Instant::now();
        file.write_all(&BLOCK).and_then(|()| file.sync_all()).map_err(Error::io("append to", &path))?;
        samples.push(started.elapsed());
    }
    std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
    Ok(Samples::new(samples))
}

/// The figure.
pub fn figure(median_ms: f64, times: u32) -> Figure {
    Figure::new(
        NAME,
        Metric::FsyncP50Ms,
        median_ms,
        format!("{times} times 4 KiB appended and forced to the disk"),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_takes_its_samples_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let samples = fsync(folder.path(), 3).await.unwrap();
        assert_eq!(samples.len(), 3);
        assert!(samples.median_ms() > 0.0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(fsync(&folder.path().join("none"), 1).await.is_err());
    }
}
