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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text<T: Serialize>(value: &T) -> String {
        String::from_utf8(to_vec(value).unwrap()).unwrap()
    }

    #[test]
    fn keys_are_sorted_by_utf16_units_and_nothing_is_escaped_without_need() {
        // U+FB33 sorts after U+1F600 in UTF-16 units, before it in code points (RFC 8785, 3.2.3).
        let value =
            json!({"\u{fb33}": 1, "\u{1f600}": 2, "ö": 3, "1": 4, "\r": 5, "臭氧": "é\u{7f}\n\u{1}\"\\/"});
        assert_eq!(
            text(&value),
            "{\"\\r\":5,\"1\":4,\"ö\":3,\"臭氧\":\"é\u{7f}\\n\\u0001\\\"\\\\/\",\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn numbers_have_their_shortest_form() {
        assert_eq!(text(&json!([1.0, -0.0, 1e21, 1e-7, 0.1, 333_333_333.333_333_3])), {
            "[1,0,1e+21,1e-7,0.1,333333333.3333333]"
        });
        assert_eq!(text(&json!([MAX_EXACT, -(MAX_EXACT as i64)])), "[9007199254740991,-9007199254740991]");
    }

    #[test]
    fn integers_that_would_be_rounded_are_refused_wherever_they_stand() {
        let beyond = MAX_EXACT + 1;
        for value in [
            json!(beyond),
            json!(-(beyond as i64)),
            json!(u64::MAX),
            json!(i64::MIN),
            json!([{"a": [beyond]}]),
        ] {
            let error = to_vec(&value).unwrap_err();
            assert!(matches!(error, Error::InexactNumber(_)), "{value}: {error}");
        }
        assert!(error_names_the_number(beyond));
    }

    fn error_names_the_number(number: u64) -> bool {
        to_vec(&number).unwrap_err().to_string().contains(&format!("`{number}`"))
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        let keys_that_are_no_text = std::collections::BTreeMap::from([([1_u8, 2], 1)]);
        assert!(matches!(to_vec(&keys_that_are_no_text), Err(Error::Json(_))));
    }

    #[test]
    fn the_same_value_written_otherwise_has_the_same_bytes() {
        let one: Value = serde_json::from_str(r#"{ "b" : [1.0, "\u0061"], "a": null }"#).unwrap();
        let other: Value = serde_json::from_str(r#"{"a":null,"b":[1,"a"]}"#).unwrap();
        assert_eq!(to_vec(&one).unwrap(), to_vec(&other).unwrap());
    }
}
