//! Files on this machine: what they are called, what they hold, and how a shell takes their paths.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use crypto::{Hasher, Sha256};

use crate::exit::Exit;
use crate::problem::{Failure, Message};
use crate::term::thousands;

/// The last part of a path, as it can be shown: what is no text, and control characters, are replaced.
pub(crate) fn name_of(path: &Path) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    path.file_name().map(|name| name.to_string_lossy().chars().map(shown).collect()).unwrap_or_default()
}

/// A path as it goes into JSON.
///
/// # Errors
/// [`Exit::BadInput`] where it is no UTF-8 or has control characters.
pub(crate) fn in_json(path: &Path) -> Result<&str, Failure> {
    let refused = |key| Failure::new(Exit::BadInput, key).with("path", name_of(path));
    match path.to_str() {
        None => Err(refused("error-path-not-text")),
        Some(text) if text.contains(char::is_control) => Err(refused("error-path-control")),
        Some(text) => Ok(text),
    }
}

/// Why what stands at the path is no file; it is not opened, since a pipe would wait for its writer.
pub(crate) fn no_file(path: &Path) -> Option<Message> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => None,
        Ok(found) if found.is_dir() => Some(Message::new("bad-file-folder")),
        Ok(_) => Some(Message::new("bad-file-special")),
        Err(_) if path.is_symlink() => Some(Message::new("bad-file-link")),
        Err(error) => Some(Message::new("bad-file-unreadable").with("reason", error)),
    }
}

/// Reads a file as a whole.
///
/// # Errors
/// The system's, and [`ErrorKind::FileTooLarge`] where it has more than `bytes_max`.
pub(crate) fn read_within(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut content)?;
    match content.len() as u64 > bytes_max {
        true => Err(io::Error::new(ErrorKind::FileTooLarge, format!("> {} B", thousands(bytes_max)))),
        false => Ok(content),
    }
}

/// The digest of a file, and its length in bytes.
///
/// # Errors
/// The system's.
pub(crate) fn digest_of(path: &Path) -> io::Result<(Sha256, u64)> {
    let mut hasher = Hasher::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hasher)?;
    Ok((hasher.finish(), bytes))
}

/// A word or path as a shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:@%".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_are_shown_and_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/d/b\xff\n.csv"));
        assert_eq!(name_of(path), "b\u{fffd}\u{fffd}.csv");
        assert_eq!(in_json(path).unwrap_err().exit, Exit::BadInput);
        assert_eq!(in_json(Path::new("/d/b.csv")).unwrap(), "/d/b.csv");
    }

    #[test]
    fn a_file_is_read_up_to_its_limit_and_not_beyond() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        assert_eq!(read_within(&path, 4).unwrap_err().kind(), ErrorKind::NotFound);
        std::fs::write(&path, b"abcd").unwrap();
        assert_eq!(read_within(&path, 4).unwrap(), b"abcd");
        let refused = read_within(&path, 3).unwrap_err();
        assert_eq!((refused.kind(), refused.to_string().as_str()), (ErrorKind::FileTooLarge, "> 3 B"));
        assert_eq!(read_within(&path, u64::MAX).unwrap(), b"abcd");
        assert_eq!(digest_of(&path).unwrap(), (Sha256::of(b"abcd"), 4));
        assert_eq!(name_of(&path), "a.csv");
    }

    #[test]
    fn a_command_that_is_shown_can_be_pasted() {
        for (word, shown) in [
            ("/tmp/weir-1/weir.toml", "/tmp/weir-1/weir.toml"),
            ("/srv/weir/主机/admin.token", "/srv/weir/主机/admin.token"),
            ("臭氧", "臭氧"),
            ("river levels", "'river levels'"),
            ("it's $1", r"'it'\''s $1'"),
            ("/a b/it's", r"'/a b/it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), shown);
        }
    }
}
