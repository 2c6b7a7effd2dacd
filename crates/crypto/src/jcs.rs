//! Canonical JSON (RFC 8785): the one byte form of a value that is signed or hashed.

use serde::Serialize;
use serde_json::Value;

use crate::{Error, Result};

/// The largest integer that canonical JSON keeps exactly, 2^53 − 1 (RFC 8785, 3.2.2.3; RFC 7493, 2.2).
pub const MAX_EXACT: u64 = (1 << 53) - 1;

/// The canonical bytes of a value.
///
/// # Errors
/// [`Error::InexactNumber`] where an integer lies outside ±[`MAX_EXACT`]: two different bodies must never have one
/// byte form. [`Error::Json`] where the value has no JSON form.
pub fn to_vec<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let value = serde_json::to_value(value)?;
    value_to_vec(&value)
}

/// Like [`to_vec`], without the detour, for a value that is JSON already.
pub(crate) fn value_to_vec(value: &Value) -> Result<Vec<u8>> {
    check_numbers(value)?;
    Ok(serde_json_canonicalizer::to_vec(value)?)
}

fn check_numbers(value: &Value) -> Result<()> {
    match value {
        Value::Number(number) => match number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs)) {
            Some(magnitude) if magnitude > MAX_EXACT => Err(Error::InexactNumber(number.to_string())),
            _ => Ok(()),
        },
        Value::Array(items) => items.iter().try_for_each(check_numbers),
        Value::Object(fields) => fields.values().try_for_each(check_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}
