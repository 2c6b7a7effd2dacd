//! Why a command ended without its result.
//!
//! A [`Failure`] is an exit code and a sentence of the catalogue with its values; the reader's language is chosen where it is
//! printed. A [`Problem`] is what the management API answers instead of a result (RFC 9457), kept as it came.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::exit::Exit;

/// An error answer of the management API (`application/problem+json`, RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// The stable name of the case, such as `contract-state`.
    #[serde(default)]
    pub code: String,
    /// The case in a few words.
    #[serde(default)]
    pub title: String,
    /// This occurrence in a sentence.
    #[serde(default)]
    pub detail: String,
    /// What else came: the typed fields of the case, such as `field`, `limit`, `actual`, `retry_after_ms`.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl Problem {
    /// Reads an error answer. A body that is no problem document (a proxy's page, nothing at all) becomes one with the status alone.
    pub fn parse(status: u16, body: &[u8]) -> Problem {
        let read = serde_json::from_slice::<Problem>(body).ok();
        let mut problem = read.filter(|p| !p.code.is_empty() || !p.title.is_empty()).unwrap_or_else(|| {
            let text: String = String::from_utf8_lossy(body).chars().take(200).collect();
            Problem {
                status,
                code: String::new(),
                title: String::new(),
                detail: text.trim().to_owned(),
                fields: Map::new(),
            }
        });
        problem.status = status;
        problem
    }

    /// A whole number among the typed fields.
    pub fn number(&self, field: &str) -> Option<u64> {
        self.fields.get(field).and_then(Value::as_u64)
    }

    /// How a command ends that got this answer.
    pub fn exit(&self) -> Exit {
        match self.status {
            400 => Exit::Usage,
            401 => Exit::Unauthorised,
            404 => Exit::NotFound,
            409 if self.code == "evidence" => Exit::Unverified,
            403 | 409 | 410 | 422 if self.is_about_a_file() => Exit::BadInput,
            403 | 409 | 410 | 422 => Exit::Refused,
            413 | 415 => Exit::BadInput,
            502..=504 => Exit::Unreachable,
            _ => Exit::Failure,
        }
    }

    /// Whether a file that the caller named is at fault; one that changed at its provider is not the caller's.
    fn is_about_a_file(&self) -> bool {
        matches!(self.code.as_str(), "source" | "file")
    }

    /// The document as the API gave it.
    pub fn to_json(&self) -> Value {
        let mut all = self.fields.clone();
        all.insert("status".into(), self.status.into());
        for (name, text) in [("code", &self.code), ("title", &self.title), ("detail", &self.detail)] {
            if !text.is_empty() {
                all.insert(name.into(), text.as_str().into());
            }
        }
        Value::Object(all)
    }
}

/// What a use case refuses in this very process reads as what a node would answer.
impl From<app::Error> for Problem {
    fn from(error: app::Error) -> Problem {
        let document = api::problem::Problem::from(error).to_json();
        let status =
            document.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        Problem::parse(status.unwrap_or_default(), document.to_string().as_bytes())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.detail)
    }
}

/// A sentence of the catalogue: its key, and the values that stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The key in the catalogues of `locales/`.
    pub key: &'static str,
    /// Names and values of the variables in the sentence.
    pub args: Vec<(&'static str, String)>,
}

impl Message {
    /// The sentence `key`, without values.
    pub fn new(key: &'static str) -> Message {
        Message { key, args: Vec::new() }
    }

    /// The same with one value more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Message {
        self.args.push((name, value.to_string()));
        self
    }

    /// The value named `name`, if there is one.
    pub fn arg(&self, name: &str) -> Option<&str> {
        self.args.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key)?;
        for (name, value) in &self.args {
            write!(f, " {name}=`{value}`")?;
        }
        Ok(())
    }
}

/// Why a command ended without its result. `Display` is for the log; people get the sentence of their language.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The exit code of the process.
    pub exit: Exit,
    /// What to tell the reader.
    pub message: Message,
    /// The API's answer, where that is the cause.
    pub problem: Option<Box<Problem>>,
    /// What another library or the system said.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything in this crate.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failure with the sentence `key`.
    pub fn new(exit: Exit, key: &'static str) -> Failure {
        Failure { exit, message: Message::new(key), problem: None, source: None }
    }

    /// The same with one value more for the sentence.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Failure {
        self.message = self.message.with(name, value);
        self
    }

    /// The same with its cause, which also stands in the sentence as `reason`.
    #[must_use]
    pub fn because(self, source: impl std::error::Error + Send + Sync + 'static) -> Failure {
        let mut failure = self.with("reason", &source);
        failure.source = Some(Box::new(source));
        failure
    }

    /// A use case failed in this process: its sentence stands in that of `key` as `reason`.
    pub fn of(exit: Exit, key: &'static str, error: app::Error) -> Failure {
        let mut failure = Failure::new(exit, key);
        failure.problem = Some(Box::new(error.into()));
        failure
    }

    /// A file or folder cannot be used: `key` says what was tried with it.
    pub fn file(exit: Exit, key: &'static str, path: &Path, source: std::io::Error) -> Failure {
        Failure::new(exit, key).with("path", path.display()).because(source)
    }

    /// A file or folder cannot be written; the sentence says what to do in the commonest cases.
    pub fn unwritable(path: &Path, source: std::io::Error) -> Failure {
        let key = match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "error-disk-full",
            std::io::ErrorKind::PermissionDenied => "error-not-permitted",
            std::io::ErrorKind::ReadOnlyFilesystem => "error-read-only",
            std::io::ErrorKind::NotFound => "error-folder-missing",
            _ => "error-unwritable",
        };
        Failure::file(Exit::Failure, key, path, source)
    }

    /// Whether our output could not be written because its reader closed it.
    pub fn is_reader_gone(&self) -> bool {
        let source = self.source.as_deref().and_then(|source| source.downcast_ref::<std::io::Error>());
        source.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// The case when this is an answer of the API.
    pub fn problem_code(&self) -> Option<&str> {
        self.problem.as_deref().map(|problem| problem.code.as_str())
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        let message = Message::new("failure-problem")
            .with("status", problem.status)
            .with("code", &problem.code)
            .with("title", &problem.title)
            .with("detail", &problem.detail);
        Failure { exit: problem.exit(), message, problem: Some(Box::new(problem)), source: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::i18n::Lang;

    #[test]
    fn a_problem_document_keeps_its_typed_fields() {
        let body = br#"{"type":"/problems/use-refused","title":"use refused","status":409,"detail":"count","code":"use-refused","limit":1,"actual":2}"#;
        let problem = Problem::parse(409, body);
        assert_eq!(problem.code, "use-refused");
        assert_eq!(problem.number("limit"), Some(1));
        assert_eq!(problem.number("actual"), Some(2));
        assert_eq!(problem.number("retry_after_ms"), None);
        assert_eq!(problem.to_json()["limit"], 1);
        assert_eq!(problem.to_json()["type"], "/problems/use-refused");
        assert_eq!(problem.exit(), Exit::Refused);
    }

    #[test]
    fn the_status_line_wins_over_the_body() {
        assert_eq!(Problem::parse(404, br#"{"code":"x","status":200}"#).status, 404);
    }

    #[test]
    fn what_is_no_problem_document_keeps_its_beginning() {
        for body in [&b"<html>Bad gateway</html>"[..], b"", b"{", b"[1]", b"{\"a\":1}", &[0xff; 600]] {
            let problem = Problem::parse(502, body);
            assert_eq!(problem.exit(), Exit::Unreachable);
            assert!(problem.detail.chars().count() <= 200);
        }
        assert!(Problem::parse(502, b"<html>Bad gateway</html>").detail.contains("Bad gateway"));
    }

    #[test]
    fn each_status_has_its_exit_code() {
        let exit = |status: u16, code: &str| {
            Problem::parse(status, format!("{{\"code\":\"{code}\"}}").as_bytes()).exit()
        };
        let table = [
            (400, "input", Exit::Usage),
            (401, "unauthorised", Exit::Unauthorised),
            (403, "forbidden", Exit::Refused),
            (404, "not-found", Exit::NotFound),
            (409, "state", Exit::Refused),
            (409, "source-changed", Exit::Refused),
            (409, "evidence", Exit::Unverified),
            (422, "source", Exit::BadInput),
            (422, "file", Exit::BadInput),
            (413, "too-large", Exit::BadInput),
            (500, "internal", Exit::Failure),
            (502, "peer", Exit::Unreachable),
            (503, "unavailable", Exit::Unreachable),
        ];
        for (status, code, expected) in table {
            assert_eq!(exit(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn a_failure_shows_key_and_values_in_the_log() {
        let failure = Failure::new(Exit::Usage, "config-missing").with("path", "/a/weir.toml");
        assert_eq!(failure.to_string(), "config-missing path=`/a/weir.toml`");
        assert_eq!(failure.message.arg("path"), Some("/a/weir.toml"));
        let io = std::io::Error::other("disk on fire");
        let failure = Failure::file(Exit::Failure, "file-write", Path::new("/a"), io);
        assert_eq!(failure.message.arg("reason"), Some("disk on fire"));
        assert!(failure.source.is_some());
    }

    #[test]
    fn what_keeps_a_file_from_being_written_is_told_apart_with_the_way_out() {
        use std::io::{Error, ErrorKind};
        let table = [
            (ErrorKind::StorageFull, "error-disk-full", "full", "磁盘已满"),
            (ErrorKind::QuotaExceeded, "error-disk-full", "full", "配额"),
            (ErrorKind::PermissionDenied, "error-not-permitted", "may not write", "没有写权限"),
            (ErrorKind::ReadOnlyFilesystem, "error-read-only", "read-only", "只读"),
            (ErrorKind::NotFound, "error-folder-missing", "its folder", "目录不存在"),
            (ErrorKind::Other, "error-unwritable", "on fire", "on fire"),
        ];
        for (kind, key, en, zh) in table {
            let failure = Failure::unwritable(Path::new("/a/b"), Error::new(kind, "on fire"));
            assert_eq!((failure.exit, failure.message.key), (Exit::Failure, key));
            for (lang, words) in [(Lang::En, en), (Lang::Zh, zh)] {
                let sentence = crate::testing::context_in(lang, &[]).0.sentence(&failure.message);
                assert!(sentence.contains("/a/b") && sentence.contains(words), "{sentence}");
            }
        }
        let missing = std::fs::write("/nowhere/at/all", "").unwrap_err();
        assert_eq!(
            Failure::unwritable(Path::new("/nowhere/at/all"), missing).message.key,
            "error-folder-missing"
        );
    }
}
