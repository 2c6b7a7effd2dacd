//! Delivered: every product arrives under its contract. What stands on the disk at the end is read again and held against the catalogue.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use crypto::{Hasher, Sha256};
use serde_json::{Value, json};

use super::item::Item;
use super::{FIRST_USE, Part, Walk, unwritable};
use crate::client::Client;
use crate::demo::look::{at, list, number, text};
use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::{Progress, Unit, bytes};

/// A file as it stands on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnDisk {
    pub sha256: Sha256,
    pub bytes: u64,
}

impl OnDisk {
    /// Reads it; nothing where there is no such file.
    pub(super) fn of(path: &Path) -> Result<Option<OnDisk>> {
        let unreadable = |error| Failure::file(Exit::Failure, "file-unreadable", path, error);
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error)),
        };
        let mut hasher = Hasher::new();
        let bytes = std::io::copy(&mut file, &mut Hashing(&mut hasher)).map_err(unreadable)?;
        Ok(Some(OnDisk { sha256: hasher.finish(), bytes }))
    }
}

struct Hashing<'h>(&'h mut Hasher);

impl std::io::Write for Hashing<'_> {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        self.0.update(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Walk<'_> {
    pub(super) async fn deliver(&mut self) -> Result<()> {
        let began = self.begin(Part::Delivered);
        let folder = self.folder.join("downloads");
        std::fs::create_dir_all(&folder).map_err(unwritable(&folder))?;
        let user = self.user()?;
        let length = |item: &Item| number(item.profile(), "bytes");
        let progress = self.progress(self.items.iter().map(length).sum(), Unit::Bytes);
        let (mut files, mut there, mut size) = (0u64, 0u64, 0u64);
        for item in &mut self.items {
            item.copy = folder.join(item.file());
            let was_there = has_arrived(&user, item).await?;
            match was_there {
                true => progress.add(length(item)),
                false => download(&user, &item.contract, &item.copy, &progress).await?,
            }
            let copy = OnDisk::of(&item.copy)?.filter(|copy| is_of(item.profile(), *copy));
            let copy = copy.ok_or_else(|| other_bytes(&item.copy))?;
            files += 1;
            there += u64::from(was_there);
            size += copy.bytes;
        }
        drop(progress);
        let key = if there == 0 { "demo-delivered" } else { "demo-delivered-before" };
        let args = [("files", files.into()), ("bytes", bytes(size).into()), ("there", there.into())];
        self.done(key, &args, json!({"files": files, "bytes": size, "there": there}), began)
    }
}

pub(super) fn other_bytes(file: &Path) -> Failure {
    Failure::new(Exit::Unverified, "demo-digest-differs").with("file", file.display())
}

/// Whether a copy is what the catalogue says.
fn is_of(profile: &Value, copy: OnDisk) -> bool {
    text(profile, "digest") == copy.sha256.to_string() && number(profile, "bytes") == copy.bytes
}

/// Whether an earlier walk brought the file: its use is whole, and so is the copy.
async fn has_arrived(user: &Client, item: &Item) -> Result<bool> {
    let uses = user.get(&format!("/contracts/{}/uses", item.contract), &[]).await?;
    let first = list(at(&uses, "items")).iter().find(|one| text(one, "use") == FIRST_USE);
    let is_whole = first.is_some_and(|one| text(one, "state") == "complete");
    Ok(is_whole && OnDisk::of(&item.copy)?.is_some_and(|copy| is_of(item.profile(), copy)))
}

/// Downloads a contract's data to a file under the walk's use, and checks the digest that was announced.
async fn download(user: &Client, contract: &str, file: &Path, progress: &Progress) -> Result<()> {
    let mut download = user.download(contract, FIRST_USE, 0).await?;
    let unwritable = unwritable(file);
    let mut out = File::create(file).map_err(unwritable)?;
    let (mut hasher, mut length) = (Hasher::new(), 0u64);
    while let Some(chunk) = download.next().await {
        let chunk = chunk.map_err(|error| {
            Failure::new(Exit::Failure, "demo-broken-off").with("reason", &error).because(error)
        })?;
        hasher.update(&chunk);
        out.write_all(&chunk).map_err(unwritable)?;
        length += chunk.len() as u64;
        progress.add(chunk.len() as u64);
    }
    out.sync_all().map_err(unwritable)?;
    match hasher.finish().to_string() == download.sha256 && length == download.bytes {
        true => Ok(()),
        false => Err(other_bytes(file)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_held_against_the_catalogue_by_what_stands_on_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.csv");
        assert_eq!(OnDisk::of(&path).unwrap(), None);
        std::fs::write(&path, b"a,b\n1,2\n").unwrap();
        let copy = OnDisk::of(&path).unwrap().unwrap();
        assert_eq!(copy, OnDisk { sha256: Sha256::of(b"a,b\n1,2\n"), bytes: 8 });
        let profile = json!({"digest": copy.sha256, "bytes": 8});
        assert!(is_of(&profile, copy));
        std::fs::write(&path, b"a,b\n1,3\n").unwrap();
        assert!(!is_of(&profile, OnDisk::of(&path).unwrap().unwrap()));
        assert!(!is_of(&json!({"digest": copy.sha256, "bytes": 9}), copy));
    }
}
