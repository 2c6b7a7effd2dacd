//! Why a value is refused, with what stood in its place.

use serde_json::Value;

use crate::error::{clean, shorten};
use crate::{Error, Path};

/// A value of the wrong type or form.
pub(crate) fn format_error(at: &Path<'_>, value: &Value, expected: impl Into<String>) -> Error {
    let found = match value {
        Value::String(text) => shorten(text),
        Value::Array(_) | Value::Object(_) => type_name(value).to_owned(),
        other => shorten(&other.to_string()),
    };
    Error::Format { field: at.to_string(), found, expected: expected.into() }
}

/// Longest reason of the domain's that goes into an error, in characters.
const REASON_CHARS: usize = 512;

/// A refusal of terms, with the domain's own words.
pub(crate) fn terms_refused(at: &Path<'_>, reason: impl std::fmt::Display) -> Error {
    Error::Terms { field: at.to_string(), reason: clean(&reason.to_string(), REASON_CHARS) }
}

/// A refusal by the domain, with its own words.
pub(crate) fn refused(at: &Path<'_>, reason: impl std::fmt::Display) -> Error {
    Error::Refused { field: at.to_string(), reason: clean(&reason.to_string(), REASON_CHARS) }
}

/// What a value is, for a sentence.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
