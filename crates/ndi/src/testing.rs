//! What the tests of this crate share: identifiers (made up), sheets of the specification, and bodies to bend.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

use std::path::PathBuf;
use std::str::FromStr;

use serde_json::Value;

use crate::{Error, Message};

pub const REGION: &str = "212710000MB0TE5T1X352011BH95JZYH";
pub const SERVICE: &str = "491110000MA0TE5T08H5201Q7W8E9R09";
pub const CONNECTOR: &str = "591110000MA0TE5T08H1101000000004";
pub const OTHER_CONNECTOR: &str = "591310105575958172F1101000000013";
pub const PRODUCT: &str = "691110000MA0TE5T08H1101ZZZZZZZZ3";
pub const RESOURCE: &str = "712710000MB0TE5T1X30065A1B2C3D4I";
pub const CONTRACT: &str = "C491110000MA0TE5T08H520120250901093000Q7W8E9R0N";
pub const SUBJECT: &str = "91110000MA0TE5T08H";
pub const OTHER_SUBJECT: &str = "12710000MB0TE5T1X3";

pub fn parse<T: FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.parse().unwrap()
}

/// A file of the folder beside the clone; `None` where it is absent, which `WEIR_REQUIRE=all` makes a failure.
pub fn shared(path: &str) -> Option<String> {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) => {
            assert_ne!(std::env::var("WEIR_REQUIRE").as_deref(), Ok("all"), "cannot read {path}: {error}");
            let test = std::thread::current().name().unwrap_or_default().to_owned();
            eprintln!("skipped: {test} needs shared/{path}");
            None
        }
    }
}

/// A row `- {name: value, …}` of a sheet as pairs. Values in quotes or brackets are taken whole.
pub fn row(line: &str) -> Option<Vec<(String, String)>> {
    let inner = line.trim().strip_prefix("- {")?.strip_suffix('}')?;
    let mut pairs = Vec::new();
    let mut rest = inner;
    while let Some((name, after)) = rest.split_once(": ") {
        let end = end_of_value(after);
        pairs.push((name.trim().to_owned(), after[..end].trim_matches('\'').to_owned()));
        rest = after[end..].trim_start_matches(", ");
    }
    Some(pairs)
}

fn end_of_value(text: &str) -> usize {
    match text.chars().next() {
        Some('\'') => text[1..].find('\'').map_or(text.len(), |at| at + 2),
        Some('[') => text.find(']').map_or(text.len(), |at| at + 1),
        _ => text.find(", ").unwrap_or(text.len()),
    }
}

/// The value of a column in a row.
pub fn column<'r>(row: &'r [(String, String)], name: &str) -> Option<&'r str> {
    row.iter()
        .find(|(column, _)| column == name)
        .map(|(_, value)| value.as_str())
        .filter(|value| *value != "null")
}

/// `body` with the value at a JSON pointer replaced; with `None`, removed.
pub fn bend(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    match (parent, value) {
        (Value::Object(map), Some(value)) => drop(map.insert(name.to_owned(), value)),
        (Value::Object(map), None) => assert!(map.remove(name).is_some(), "no {pointer} to remove"),
        (Value::Array(list), Some(value)) => list[name.parse::<usize>().unwrap()] = value,
        (Value::Array(list), None) => drop(list.remove(name.parse().unwrap())),
        _ => panic!("{pointer} is inside a plain value"),
    }
    body
}

/// The error of a body that must not be read.
pub fn refusal<M: Message + std::fmt::Debug>(body: &Value) -> Error {
    M::read(body).expect_err("must not be read")
}

/// Reads, writes and compares; then takes each required top-level field away, which must be refused by its name.
pub fn check_codec<M: Message + std::fmt::Debug + PartialEq>(body: &Value) -> M {
    let message = M::read(body).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(&message.to_body().unwrap(), body, "what is read is written again");
    for field in M::fields().iter().filter(|field| field.required && !field.path.contains(['.', '['])) {
        let without = bend(body, &format!("/{}", field.path), None);
        let error = refusal::<M>(&without);
        if without.as_object().unwrap().is_empty() {
            assert_eq!(error, Error::AllEmpty);
        } else {
            assert_eq!(error, Error::Empty { field: field.path.clone() });
        }
        let null = refusal::<M>(&bend(body, &format!("/{}", field.path), Some(Value::Null)));
        assert_eq!(null, Error::Empty { field: field.path.clone() });
    }
    message
}

#[test]
fn rows_of_sheets_are_read() {
    let row =
        row("      - {name: strategy.constraints[].x, zh: 名, length: 47, required: true, meaning: 'a, b'}")
            .unwrap();
    assert_eq!(column(&row, "name"), Some("strategy.constraints[].x"));
    assert_eq!(column(&row, "length"), Some("47"));
    assert_eq!(column(&row, "meaning"), Some("a, b"));
    assert_eq!(column(&row, "enum"), None);
}
