//! Where the node lives: its store, the disk, and who can read its keys.

use std::path::{Path, PathBuf};

use super::check::{Check, Found};
use crate::{Error, Node};

/// Below how much free space the disk is a warning, in bytes.
const DISK_WARNING_BYTES: u64 = 1 << 30;
/// Below how much free space it is a failure, in bytes: a commit may not find room any more.
const DISK_FAILURE_BYTES: u64 = 100 << 20;
/// How many files a finding names.
const NAMED_MAX: usize = 3;
/// Where the trial write of the store leaves its time.
const TRIAL: &str = "doctor";

/// Whether the store takes a write.
pub(super) async fn store(node: &Node) -> Check {
    let now = node.now().to_string();
    let written = node
        .store()
        .run_tx("doctor_trial", move |tx| {
            let now = now.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_meta(TRIAL, &now).await?) })
        })
        .await;
    let location = node.store().location();
    match written {
        Ok(()) => Check::good("store", "store-writes", format!("`{location}` takes writes"))
            .with("location", location),
        Err(error) => {
            let way_out =
                "check free space, the disk and the rights of the store's folder, or the database server";
            Check::bad("store", Found::Failed, "store-broken", format!("`{location}`: {error}"), way_out)
                .with("location", location)
                .with("reason", error)
        }
    }
}

/// How much room is left.
pub(super) fn disk(node: &Node) -> Check {
    let folder = &node.config().folder;
    match free_bytes(folder) {
        Some(bytes) => disk_found(folder, bytes),
        None => Check::good("disk", "disk-unknown", "this system does not tell the free space: not checked"),
    }
}

fn disk_found(folder: &Path, bytes: u64) -> Check {
    let detail = format!("{} MiB free at `{}`", bytes >> 20, folder.display());
    let little =
        |found| Check::bad("disk", found, "disk-little", &*detail, "make room: logs and stores only grow");
    let check = match bytes {
        0..DISK_FAILURE_BYTES => little(Found::Failed),
        DISK_FAILURE_BYTES..DISK_WARNING_BYTES => little(Found::Warning),
        _ => Check::good("disk", "disk-free", &*detail),
    };
    check.count("freeMiB", bytes >> 20).with("folder", folder.display())
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Whether anybody but the owner can read private keys.
pub(super) fn keys(folder: &Path) -> Check {
    let keys = folder.join("keys");
    let files = std::fs::read_dir(&keys).into_iter().flatten().flatten().map(|entry| entry.path());
    let open: Vec<PathBuf> =
        std::iter::once(keys.clone()).chain(files).filter(|path| is_open(path)).collect();
    if open.is_empty() {
        let folder = keys.display();
        return Check::good("keys", "keys-closed", format!("`{folder}` is for its owner only"))
            .with("folder", folder);
    }
    let way_out =
        "chmod 700 the folder and chmod 600 the files; think of keys that others could read as stolen";
    let files = named(&open);
    Check::bad("keys", Found::Failed, "keys-open", format!("others can read {files}"), way_out)
        .with("files", files)
        .count("count", open.len())
}

#[cfg(unix)]
fn is_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path) -> bool {
    false
}

/// The first few of several paths; dots where there are more.
pub(super) fn named(paths: &[PathBuf]) -> String {
    let first: Vec<String> =
        paths.iter().take(NAMED_MAX).map(|path| format!("`{}`", path.display())).collect();
    let more = if paths.len() > NAMED_MAX { ", …" } else { "" };
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::check::results;
    use super::*;

    #[test]
    fn a_full_disk_is_told_before_it_is_full() {
        let free =
            [0, DISK_FAILURE_BYTES - 1, DISK_FAILURE_BYTES, DISK_WARNING_BYTES - 1, DISK_WARNING_BYTES];
        let checks = free.map(|bytes| disk_found(Path::new("/data"), bytes));
        use Found::{Failed, Ok, Warning};
        assert_eq!(results(checks), [Failed, Failed, Warning, Warning, Ok]);
    }

    #[cfg(unix)]
    #[test]
    fn the_free_space_of_a_folder_is_known() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).is_some());
        assert_eq!(free_bytes(&folder.path().join("missing")), None);
    }

    #[cfg(unix)]
    #[test]
    fn keys_that_others_can_read_are_named() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let held = crate::keys::KeyFolder::open(folder.path()).unwrap();
        held.signing("sign", crypto::Suite::Intl).unwrap();
        assert_eq!(keys(folder.path()).result, Found::Ok);
        let file = folder.path().join("keys/sign.pem");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let check = keys(folder.path());
        assert_eq!(check.result, Found::Failed);
        assert!(check.detail.contains("sign.pem"), "{check:?}");
    }

    #[test]
    fn of_many_paths_a_few_are_named() {
        let paths: Vec<PathBuf> = (0..5).map(|number| PathBuf::from(number.to_string())).collect();
        assert_eq!(named(&paths), "`0`, `1`, `2`, …");
        assert_eq!(named(paths.get(..3).unwrap()), "`0`, `1`, `2`");
    }
}
