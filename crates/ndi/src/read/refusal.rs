//! Why a value is refused, with what stood in its place.

use std::any::Any;
use std::fmt::Display;

use domain::codes::UnknownCode;
use domain::id::IdError;
use domain::terms::TermsRefusal;
use domain::{Refusal, TimeError};
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
pub(crate) fn terms_refused(at: &Path<'_>, reason: impl Display + 'static) -> Error {
    let cause = cause(&reason);
    Error::Terms { field: at.to_string(), reason: clean(&reason.to_string(), REASON_CHARS), cause }
}

/// A refusal by the domain, with its own words.
pub(crate) fn refused(at: &Path<'_>, reason: impl Display + 'static) -> Error {
    let cause = cause(&reason);
    Error::Refused { field: at.to_string(), reason: clean(&reason.to_string(), REASON_CHARS), cause }
}

/// The domain's refusal itself, for whoever tells it in another language.
fn cause<R: 'static>(reason: &R) -> Option<Box<domain::Error>> {
    fn as_a<E: Clone + Into<domain::Error> + 'static>(reason: &dyn Any) -> Option<domain::Error> {
        reason.downcast_ref::<E>().cloned().map(Into::into)
    }
    let kinds =
        [as_a::<IdError>, as_a::<TermsRefusal>, as_a::<TimeError>, as_a::<UnknownCode>, as_a::<Refusal>];
    kinds.iter().find_map(|kind| kind(reason)).map(Box::new)
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
