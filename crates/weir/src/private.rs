//! Files that hold secrets are for their owner alone: the administrator's token, the node's keys, the private key of its TLS certificate.
//! A node whose secrets others could read does not start (docs/CONFIGURATION.md, "Secrets").

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;

use crate::config::NodeSettings;
use crate::exit::Exit;
use crate::files::quoted;
use crate::problem::{Failure, Result};

/// The node's keys, below its folder.
const KEY_FOLDER: &str = "keys";
/// Random bytes of a token: 256 bits.
const TOKEN_BYTES: usize = 32;

/// Whether anybody but its owner can read, write or enter what stands at `path`. What is not there is closed.
pub(crate) fn is_open(path: &Path) -> bool {
    mode(path) & 0o077 != 0
}

/// As [`is_open`], but the owner's group may read: servers share the key of a certificate that way.
fn is_open_beyond_group(path: &Path) -> bool {
    mode(path) & 0o037 != 0
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode())
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0
}

/// Refuses a node whose secrets are open to others.
///
/// # Errors
/// [`Exit::Failure`] with the files, and the command that closes them.
pub(crate) fn check(settings: &NodeSettings) -> Result<()> {
    let open = open_files(settings);
    if open.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = open.iter().map(|path| quoted(&path.display().to_string())).collect();
    Err(Failure::new(Exit::Failure, "private-open")
        .with("node", &settings.name)
        .with("files", names.join(" ")))
}

fn open_files(settings: &NodeSettings) -> Vec<PathBuf> {
    let keys = std::fs::read_dir(settings.folder.join(KEY_FOLDER)).into_iter().flatten().flatten();
    let mut own: Vec<PathBuf> = keys.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    own.push(settings.token_file());
    own.sort();
    let tls = settings.tls.iter().map(|tls| tls.key.clone()).filter(|key| is_open_beyond_group(key));
    own.into_iter().filter(|path| is_open(path)).chain(tls).collect()
}

/// A new token: 256 random bits as 43 characters of base64url, and a line end.
///
/// # Errors
/// [`Exit::Failure`] where the system has no random bits.
pub(crate) fn new_token() -> Result<String> {
    let mut bytes = [0; TOKEN_BYTES];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| Failure::new(Exit::Failure, "error-other").because(error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes) + "\n")
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::TlsSettings;
    use crate::i18n::Lang;
    use crate::testing::{context_in, node};

    fn set(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn put(path: &Path, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "secret").unwrap();
        set(path, mode);
    }

    #[test]
    fn a_token_or_key_that_others_can_read_is_refused_with_the_command_that_closes_it() {
        let folder = tempfile::tempdir().unwrap();
        let node = node(folder.path(), "127.0.0.1:1".parse().unwrap());
        let (token, key) = (node.token_file(), node.folder.join("keys/sign.pem"));
        put(&key, 0o600);
        set(&token, 0o600);
        check(&node).unwrap();
        for (path, mode) in [(&token, 0o640), (&token, 0o604), (&key, 0o660), (&key, 0o601)] {
            set(path, mode);
            let failure = check(&node).unwrap_err();
            assert_eq!((failure.exit, failure.message.key), (Exit::Failure, "private-open"), "{mode:o}");
            for lang in Lang::ALL {
                let sentence = context_in(lang, &[]).0.sentence(&failure.message);
                assert!(sentence.contains(&format!("chmod 600 {}", path.display())), "{sentence}");
                assert!(!sentence.contains("s3cret"), "{sentence}");
            }
            set(path, 0o600);
        }
    }

    #[test]
    fn the_key_of_a_certificate_may_be_its_group_s_to_read_but_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut node = node(folder.path(), "127.0.0.1:1".parse().unwrap());
        set(&node.token_file(), 0o600);
        let key = folder.path().join("tls/key.pem");
        node.tls =
            Some(TlsSettings { cert: folder.path().join("tls/cert.pem"), key: key.clone(), roots: None });
        for (mode, open) in [(0o600, false), (0o640, false), (0o660, true), (0o644, true)] {
            put(&key, mode);
            assert_eq!(check(&node).is_err(), open, "{mode:o}");
        }
    }

    #[test]
    fn every_token_is_another_one() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_eq!((one.trim().len(), one.ends_with('\n')), (43, true));
        assert_ne!(one, other);
    }
}
