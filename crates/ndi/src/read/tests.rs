//! Messages of every kind of field, whole and broken.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::limits;
use crate::testing::refusal;

message! {
    /// A message with a field of each kind.
    pub struct Sample {
        required name: String = "name" | "nom" => Text(4);
        optional note: String = "note" => Text(8);
        many parts: Part = "parts" => List(nested::<Part>(), 2);
        required sizes: BTreeMap<String, u64> = "sizes" => Sizes { names: 3, items: 2 };
    }
    check name_is_not_note;
}

message! {
    /// A part.
    pub struct Part: Closed {
        required size: u64 = "size" => Integer;
    }
}

fn name_is_not_note(sample: &Sample, at: &Path<'_>) -> Result<(), Error> {
    match &sample.note {
        Some(note) if *note == sample.name => Err(refused(&at.key("note"), "it repeats the name")),
        _ => Ok(()),
    }
}

fn sample() -> Value {
    json!({"name": "名", "note": "n", "parts": [{"size": 1}], "sizes": {"a": 2}})
}

#[test]
fn fields_are_described() {
    let described: Vec<(String, bool, Option<usize>, &str)> = Sample::fields()
        .into_iter()
        .map(|field| (field.path, field.required, field.limit, field.kind))
        .collect();
    let expected = [
        ("name", true, Some(4), "text"),
        ("note", false, Some(8), "text"),
        ("parts", false, None, "list"),
        ("parts[].size", true, None, "integer"),
        ("sizes", true, Some(2), "object"),
    ];
    assert_eq!(
        described,
        expected.map(|(path, required, limit, kind)| (path.to_owned(), required, limit, kind))
    );
}

#[test]
fn absent_optional_parts_are_not_written() {
    let least = json!({"name": "a", "sizes": {}});
    let message = Sample::read(&least).unwrap();
    assert_eq!((message.note.as_ref(), message.parts.len()), (None, 0));
    assert_eq!(message.to_body().unwrap(), least);
    assert_eq!(Sample::read(&sample()).unwrap().to_body().unwrap(), sample());
}

#[test]
fn another_spelling_is_read_and_the_first_written() {
    let message = Sample::read(&json!({"nom": "a", "sizes": {}})).unwrap();
    assert_eq!(message.to_body().unwrap(), json!({"name": "a", "sizes": {}}));
    let both = Sample::read(&json!({"name": "a", "nom": "b", "sizes": {}})).unwrap();
    assert_eq!(both.name, "a");
}

#[test]
fn each_refusal_names_its_field() {
    let with = |name: &str, value: Value| {
        let mut body = sample();
        body.as_object_mut().unwrap().insert(name.to_owned(), value);
        refusal::<Sample>(&body).to_string()
    };
    assert_eq!(with("name", json!("abcde")), "`name` has length 5: the limit is 4");
    assert_eq!(with("name", json!(["a"])), "`name` is `a list`: expected text");
    assert_eq!(with("note", json!("名")), "`note` is refused: it repeats the name");
    assert_eq!(with("parts", json!([{"size": 1}, {"size": -1}])), with_integer("parts[1].size", "-1"));
    assert_eq!(with("parts", json!([{"size": 1.5}])), with_integer("parts[0].size", "1.5"));
    assert_eq!(
        with("parts", json!([{"size": 9_007_199_254_740_992_u64}])),
        with_integer("parts[0].size", "9007199254740992")
    );
    assert_eq!(with("parts", json!([{}, {}, {}])), "`parts` has length 3: the limit is 2");
    assert_eq!(with("parts", json!([{}])), "`parts[0].size` is missing or empty: it is required");
    assert!(with("parts", json!([{"size": 1, "colour": 2}])).starts_with("`parts[0].colour` is refused"));
    assert_eq!(with("sizes", json!({"a": "1"})), with_integer("sizes.a", "1"));
    assert_eq!(with("sizes", json!({"long": 1})), "`sizes` has length 4: the limit is 3");
    assert_eq!(with("sizes", json!({"a": 1, "b": 1, "c": 1})), "`sizes` has length 3: the limit is 2");
}

fn with_integer(field: &str, found: &str) -> String {
    format!("`{field}` is `{found}`: expected a whole number from 0 to 9007199254740991")
}

#[test]
fn what_we_would_not_read_we_do_not_send() {
    let message = Sample { name: "abcde".to_owned(), note: None, parts: vec![], sizes: BTreeMap::new() };
    assert_eq!(message.to_body().unwrap_err().to_string(), "`name` has length 5: the limit is 4");
}

#[test]
fn nothing_at_all_has_a_code_of_its_own() {
    assert_eq!(refusal::<Sample>(&json!({})), Error::AllEmpty);
    assert!(matches!(refusal::<Sample>(&json!([])), Error::Format { .. }));
    assert!(matches!(refusal::<Sample>(&Value::Null), Error::Empty { .. }));
}

#[test]
fn foreign_values_are_shortened_and_cleaned() {
    let error = refusal::<Sample>(
        &json!({"name": "a", "note": format!("\u{1b}[31m{}", "x".repeat(500)), "sizes": {}}),
    );
    assert!(error.to_string().chars().count() < 200, "{error}");
    let error = refusal::<Part>(&json!({"size": format!("\u{1b}{}", "x".repeat(500))})).to_string();
    assert!(!error.contains('\u{1b}') && error.contains('…'), "{error}");
}

#[test]
fn bodies_are_objects_within_limits() {
    let refusal = |bytes: &[u8]| match parse_body(bytes).unwrap_err() {
        Error::Unparsable { detail } => detail,
        other => other.to_string(),
    };
    assert_eq!(parse_body(b"{}").unwrap(), json!({}));
    assert_eq!(refusal(b"[]"), "it is a list, not a JSON object");
    assert_eq!(refusal(b"null"), "it is null, not a JSON object");
    assert!(refusal(b"{\"a\":").contains("line 1 column 5"), "{}", refusal(b"{\"a\":"));
    assert!(refusal(b"{} {}").contains("trailing"));
    assert!(refusal(b"").contains("EOF"));
    assert!(refusal(b"{\"a\":\"\xff\"}").contains("unicode"), "{}", refusal(b"{\"a\":\"\xff\"}"));
    let long = vec![b' '; limits::BODY_BYTES + 1];
    assert_eq!(refusal(&long), "it has 1048577 bytes, the limit is 1048576");
    assert_eq!(
        parse_body_within(b"{}", 1).unwrap_err().to_string(),
        "the body cannot be parsed: it has 2 bytes, the limit is 1"
    );
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "{\"a\":".repeat(depth - 1) + "{}", "}".repeat(depth - 1));
    assert!(parse_body(nested(limits::BODY_DEPTH).as_bytes()).is_ok());
    let error = parse_body(nested(limits::BODY_DEPTH + 1).as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), "the body cannot be parsed: it is nested deeper than 32 levels");
    assert!(parse_body(nested(100_000).as_bytes()).is_err(), "and does not take the stack with it");
}
