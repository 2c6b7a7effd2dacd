//! Delivered: every product arrives under its contract. What stands on the disk at the end is read again and held against the catalogue.

use std::path::Path;

use crypto::Sha256;
use serde_json::{Value, json};

use super::item::Item;
use super::{FIRST_USE, Part, Walk};
use crate::client::Client;
use crate::commands::Context;
use crate::demo::look::{at, list, number, text};
use crate::download::{self, Order, Patience};
use crate::exit::Exit;
use crate::files;
use crate::problem::{Failure, Result};
use crate::term::{Progress, Unit, size};

/// A file as it stands on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnDisk {
    pub sha256: Sha256,
    pub bytes: u64,
}

impl OnDisk {
    /// Reads it; nothing where there is no such file.
    pub(super) fn of(path: &Path) -> Result<Option<OnDisk>> {
        match files::digest_of(path) {
            Ok((sha256, bytes)) => Ok(Some(OnDisk { sha256, bytes })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(Exit::Failure, "file-unreadable", path, error)),
        }
    }
}

impl Walk<'_> {
    pub(super) async fn deliver(&mut self) -> Result<()> {
        let began = self.begin(Part::Delivered);
        let folder = self.downloads();
        std::fs::create_dir_all(&folder).map_err(|error| Failure::unwritable(&folder, error))?;
        let user = self.user()?;
        let length = |item: &Item| number(item.profile(), "bytes");
        let progress = self.progress(self.items.iter().map(length).sum(), Unit::Bytes);
        let (mut files, mut there, mut bytes) = (0u64, 0u64, 0u64);
        for item in &mut self.items {
            item.copy = folder.join(item.file());
            let was_there = has_arrived(&user, item).await?;
            match was_there {
                true => progress.add(length(item)),
                false => fetch(self.context, &user, item, &progress).await?,
            }
            let copy = OnDisk::of(&item.copy)?.filter(|copy| is_of(item.profile(), *copy));
            let copy = copy.ok_or_else(|| other_bytes(&item.copy))?;
            files += 1;
            there += u64::from(was_there);
            bytes += copy.bytes;
        }
        drop(progress);
        let key = if there == 0 { "demo-delivered" } else { "demo-delivered-before" };
        let args = [("files", files.into()), ("bytes", size(bytes).into()), ("there", there.into())];
        self.done(key, &args, json!({"files": files, "bytes": bytes, "there": there}), began)
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

/// Brings the data under the walk's use, from where an earlier walk was interrupted; a copy that is another file's goes first.
async fn fetch(context: &Context, user: &Client, item: &Item, progress: &Progress) -> Result<()> {
    if item.copy.exists() {
        std::fs::remove_file(&item.copy).map_err(|error| Failure::unwritable(&item.copy, error))?;
    }
    let order = Order {
        contract: &item.contract,
        use_id: Some(FIRST_USE),
        file: Some(&item.copy),
        force: true,
        patience: Patience::default(),
    };
    download::to_file(user, context, &order, progress).await?.forget()
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
