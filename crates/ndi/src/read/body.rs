//! Bodies: bytes to one JSON object within the limits of size and depth.

use serde_json::Value;

use super::refusal::type_name;
use crate::strict::Strict;
use crate::{Error, limits};

/// Parses a body: one JSON object within [`limits::BODY_BYTES`] and [`limits::BODY_DEPTH`].
///
/// # Errors
/// [`Error::Unparsable`], with line and column for a syntax error.
pub fn parse_body(bytes: &[u8]) -> Result<Value, Error> {
    parse_body_within(bytes, limits::BODY_BYTES)
}

/// [`parse_body`] with a limit of its own, in bytes, such as [`limits::USAGE_WINDOW_BODY_BYTES`].
///
/// # Errors
/// As [`parse_body`].
pub fn parse_body_within(bytes: &[u8], limit: usize) -> Result<Value, Error> {
    if bytes.len() > limit {
        let detail = format!("it has {} bytes, the limit is {limit}", bytes.len());
        return Err(Error::Unparsable { detail });
    }
    let Strict(value) =
        serde_json::from_slice(bytes).map_err(|error| Error::Unparsable { detail: error.to_string() })?;
    if !value.is_object() {
        return Err(Error::Unparsable { detail: format!("it is {}, not a JSON object", type_name(&value)) });
    }
    if !within_depth(&value, limits::BODY_DEPTH) {
        let detail = format!("it is nested deeper than {} levels", limits::BODY_DEPTH);
        return Err(Error::Unparsable { detail });
    }
    Ok(value)
}

fn within_depth(value: &Value, left: usize) -> bool {
    match value {
        Value::Array(items) => left > 0 && items.iter().all(|item| within_depth(item, left - 1)),
        Value::Object(map) => left > 0 && map.values().all(|item| within_depth(item, left - 1)),
        _ => true,
    }
}
