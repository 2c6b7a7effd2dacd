//! Canonical JSON (RFC 8785): the one byte form of a value that is signed or hashed.

use std::cmp::Ordering;

use serde::Serialize;
use serde_json::{Map, Number, Value};

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
    let mut out = Vec::with_capacity(1024);
    write(value, &mut out)?;
    Ok(out)
}

fn write(value: &Value, out: &mut Vec<u8>) -> Result<()> {
    match value {
        Value::Number(number) => write_number(number, out),
        Value::Array(items) => write_array(items, out),
        Value::Object(fields) => write_object(fields, out),
        // Their ordinary form is the canonical one: strings escape the same characters in the same way (RFC 8785, 3.2.2.2).
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(serde_json::to_writer(out, value)?),
    }
}

fn write_number(number: &Number, out: &mut Vec<u8>) -> Result<()> {
    match number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs)) {
        Some(magnitude) if magnitude > MAX_EXACT => Err(Error::InexactNumber(number.to_string())),
        Some(_) => Ok(serde_json::to_writer(out, number)?),
        // Fractions and exponents, as ECMAScript writes them.
        None => {
            out.extend(serde_json_canonicalizer::to_vec(number)?);
            Ok(())
        }
    }
}

fn write_array(items: &[Value], out: &mut Vec<u8>) -> Result<()> {
    out.push(b'[');
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(item, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_object(fields: &Map<String, Value>, out: &mut Vec<u8>) -> Result<()> {
    let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| compare(a, b));
    out.push(b'{');
    for (place, (name, value)) in sorted.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, name)?;
        out.push(b':');
        write(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// The order of names: by UTF-16 units (RFC 8785, 3.2.3), which for ASCII is that of the bytes.
fn compare(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() { a.cmp(b) } else { a.encode_utf16().cmp(b.encode_utf16()) }
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

    /// A value made from a seed: nested, with every kind of number, name and character.
    fn any_value(seed: &mut u64, depth: u32) -> Value {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = *seed >> 33;
        let kinds = if depth == 0 { 5 } else { 7 };
        match drawn % kinds {
            0 => Value::Null,
            1 => json!(drawn.is_multiple_of(2)),
            2 => json!((drawn as i64 - (1 << 30)) << (drawn % 21)),
            3 => json!(f64::from_bits(seed.rotate_left(17)).clamp(-1e300, 1e300)),
            4 => Value::String(any_text(seed)),
            5 => (0..drawn % 5).map(|_| any_value(seed, depth - 1)).collect(),
            _ => {
                Value::Object((0..drawn % 6).map(|_| (any_text(seed), any_value(seed, depth - 1))).collect())
            }
        }
    }

    fn any_text(seed: &mut u64) -> String {
        let letter = |_| {
            *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let drawn = (*seed >> 33) as u32;
            let among = [0x80, 0x100, 0x3000, 0xd800, 0x1_0000, 0x11_0000][drawn as usize % 6];
            char::from_u32(drawn / 6 % among).unwrap_or('\u{fb33}')
        };
        (0..6).map(letter).collect()
    }

    #[test]
    fn every_value_is_written_as_the_reference_writes_it() {
        let mut seed = 8785;
        for _ in 0..3000 {
            let value = any_value(&mut seed, 4);
            let expected = serde_json_canonicalizer::to_string(&value).unwrap();
            assert_eq!(text(&value), expected);
        }
        let all: String = (0..0x180).filter_map(char::from_u32).collect();
        assert_eq!(text(&all), serde_json_canonicalizer::to_string(&all).unwrap());
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
