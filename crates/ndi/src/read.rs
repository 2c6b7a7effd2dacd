//! Reading with the field's path: kinds of values, and the macro that declares a message once, from which its type,
//! its reading, its writing and the table of its fields follow.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{clean, shorten};
use crate::strict::Strict;
use crate::{Code, Error, Path, limits};

/// One field of a message as the document's table would list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSpec {
    /// Path in the document's notation: `strategy.constraints[].constraintName`.
    pub path: String,
    /// Whether the field must be there.
    pub required: bool,
    /// Longest value, in characters or items, where it has a limit.
    pub limit: Option<usize>,
    /// `text`, `code`, `integer`, `list`, `object` or `json`.
    pub kind: &'static str,
}

/// A wire message or a part of one.
pub trait Message: Sized + Serialize {
    /// Reads this part, which stands at `at`, and checks every field.
    ///
    /// # Errors
    /// The first field that is missing, malformed, too long or refused.
    fn read_at(value: &Value, at: &Path<'_>) -> Result<Self, Error>;

    /// Appends the fields of this part to `out`, with `at` as the prefix of their paths.
    fn describe(at: &str, out: &mut Vec<FieldSpec>);

    /// Reads a whole message from its body.
    ///
    /// # Errors
    /// As [`Message::read_at`], and [`Error::AllEmpty`] for an empty object where something is required.
    fn read(body: &Value) -> Result<Self, Error> {
        let empty = body.as_object().is_some_and(Map::is_empty);
        if empty && Self::fields().iter().any(|field| field.required) {
            return Err(Error::AllEmpty);
        }
        Self::read_at(body, &Path::ROOT)
    }

    /// The body to send. What the receiver would refuse is refused here, with the same words.
    ///
    /// # Errors
    /// A field that is outside its limits.
    fn to_body(&self) -> Result<Value, Error> {
        let body = serde_json::to_value(self).map_err(|error| Error::Write(error.to_string()))?;
        Self::read_at(&body, &Path::ROOT)?;
        Ok(body)
    }

    /// All fields, nested ones included.
    fn fields() -> Vec<FieldSpec> {
        let mut fields = Vec::new();
        Self::describe("", &mut fields);
        fields
    }
}

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

/// How a field's value is read, and how the document's table would describe it.
pub(crate) trait Kind {
    type Out;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Self::Out, Error>;

    fn name(&self) -> &'static str;

    fn limit(&self) -> Option<usize> {
        None
    }

    /// Fields inside this one.
    fn describe(&self, _at: &str, _out: &mut Vec<FieldSpec>) {}
}

/// Text of one to `limit` characters.
pub(crate) struct Text(pub usize);

impl Kind for Text {
    type Out = String;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<String, Error> {
        let text = text_of(value, at)?;
        within(text.chars().count(), self.0, at)?;
        if let Some(bad) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(format_error(
                at,
                value,
                format!("text without the control character U+{:04X}", bad as u32),
            ));
        }
        Ok(text.to_owned())
    }

    fn name(&self) -> &'static str {
        "text"
    }

    fn limit(&self) -> Option<usize> {
        Some(self.0)
    }
}

/// Text that a domain type parses: identifiers, digests, times.
pub(crate) struct Parsed<T> {
    limit: usize,
    parsed: PhantomData<T>,
}

/// Text of at most `limit` characters that `T` accepts.
pub(crate) const fn parsed<T>(limit: usize) -> Parsed<T> {
    Parsed { limit, parsed: PhantomData }
}

impl<T> Kind for Parsed<T>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    type Out = T;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<T, Error> {
        let text = text_of(value, at)?;
        within(text.chars().count(), self.limit, at)?;
        text.parse().map_err(|reason: T::Err| refused(at, reason))
    }

    fn name(&self) -> &'static str {
        "text"
    }

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }
}

/// One of a table of codes; the limit is the document's length of the field.
pub(crate) struct OneOf<C> {
    limit: usize,
    code: PhantomData<C>,
}

/// A code of at most `limit` characters.
pub(crate) const fn one_of<C>(limit: usize) -> OneOf<C> {
    OneOf { limit, code: PhantomData }
}

impl<C: Code> Kind for OneOf<C> {
    type Out = C;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<C, Error> {
        C::from_code(text_of(value, at)?).ok_or_else(|| format_error(at, value, C::expected()))
    }

    fn name(&self) -> &'static str {
        "code"
    }

    fn limit(&self) -> Option<usize> {
        Some(self.limit)
    }
}

/// A whole number from 0 to [`limits::INTEGER_MAX`].
pub(crate) struct Integer;

impl Kind for Integer {
    type Out = u64;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<u64, Error> {
        let number = value.as_u64().filter(|number| *number <= limits::INTEGER_MAX);
        number.ok_or_else(|| {
            format_error(at, value, format!("a whole number from 0 to {}", limits::INTEGER_MAX))
        })
    }

    fn name(&self) -> &'static str {
        "integer"
    }
}

/// Any JSON object; what it holds is another reader's concern (signed objects, bodies of the log).
pub(crate) struct Json;

impl Kind for Json {
    type Out = Value;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Value, Error> {
        if value.is_object() { Ok(value.clone()) } else { Err(format_error(at, value, "a JSON object")) }
    }

    fn name(&self) -> &'static str {
        "json"
    }
}

/// A value that a type of another crate reads by its own serde form; the path stops at its border.
pub(crate) struct Serde<T> {
    expected: &'static str,
    form: PhantomData<T>,
}

/// A value of the serde form of `T`, described for errors.
pub(crate) const fn serde_form<T>(expected: &'static str) -> Serde<T> {
    Serde { expected, form: PhantomData }
}

impl<T: DeserializeOwned> Kind for Serde<T> {
    type Out = T;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<T, Error> {
        T::deserialize(value)
            .map_err(|reason| refused(at, format_args!("{reason}; expected {}", self.expected)))
    }

    fn name(&self) -> &'static str {
        "json"
    }
}

/// Names with whole numbers; both are checked, the names against a limit of characters.
pub(crate) struct Sizes {
    pub names: usize,
    pub items: usize,
}

impl Kind for Sizes {
    type Out = BTreeMap<String, u64>;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Self::Out, Error> {
        let map = value.as_object().ok_or_else(|| format_error(at, value, "an object of whole numbers"))?;
        within(map.len(), self.items, at)?;
        let entry = |(name, value): (&String, &Value)| {
            let name = Text(self.names).read(&Value::String(name.clone()), at)?;
            let size = Integer.read(value, &at.key(&name))?;
            Ok((name, size))
        };
        map.iter().map(entry).collect()
    }

    fn name(&self) -> &'static str {
        "object"
    }

    fn limit(&self) -> Option<usize> {
        Some(self.items)
    }
}

/// A nested message.
pub(crate) struct Nested<M>(PhantomData<M>);

/// A nested message of type `M`.
pub(crate) const fn nested<M>() -> Nested<M> {
    Nested(PhantomData)
}

impl<M: Message> Kind for Nested<M> {
    type Out = M;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<M, Error> {
        M::read_at(value, at)
    }

    fn name(&self) -> &'static str {
        "object"
    }

    fn describe(&self, at: &str, out: &mut Vec<FieldSpec>) {
        M::describe(at, out);
    }
}

/// A list of at most so many items.
pub(crate) struct List<K>(pub K, pub usize);

impl<K: Kind> Kind for List<K> {
    type Out = Vec<K::Out>;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Vec<K::Out>, Error> {
        let items = value.as_array().ok_or_else(|| format_error(at, value, "a list"))?;
        within(items.len(), self.1, at)?;
        items.iter().enumerate().map(|(index, item)| self.0.read(item, &at.index(index))).collect()
    }

    fn name(&self) -> &'static str {
        "list"
    }

    fn describe(&self, at: &str, out: &mut Vec<FieldSpec>) {
        self.0.describe(&format!("{at}[]"), out);
    }
}

/// A JSON object being read as a message.
pub(crate) struct Object<'a> {
    map: &'a Map<String, Value>,
    at: &'a Path<'a>,
}

impl<'a> Object<'a> {
    pub(crate) fn open(value: &'a Value, at: &'a Path<'a>) -> Result<Self, Error> {
        let map = value.as_object().ok_or_else(|| match value {
            Value::Null => Error::Empty { field: at.to_string() },
            _ => format_error(at, value, "a JSON object"),
        })?;
        Ok(Self { map, at })
    }

    /// Refuses every field that is not in `known`: in terms, what is not understood must not be ignored.
    pub(crate) fn close(&self, known: &[&str]) -> Result<(), Error> {
        match self.map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Error::Terms {
                field: shorten(&self.at.key(key).to_string()),
                reason: "this field is unknown here, and what is not understood cannot be kept".to_owned(),
            }),
            None => Ok(()),
        }
    }

    /// A field that must be there; the first name is the written one.
    pub(crate) fn required<K: Kind>(&self, names: &[&str], kind: &K) -> Result<K::Out, Error> {
        match self.find(names) {
            Some((name, value)) => kind.read(value, &self.at.key(name)),
            None => Err(Error::Empty {
                field: self.at.key(names.first().copied().unwrap_or_default()).to_string(),
            }),
        }
    }

    /// A field that may be absent, null or empty text.
    pub(crate) fn optional<K: Kind>(&self, names: &[&str], kind: &K) -> Result<Option<K::Out>, Error> {
        self.find(names).map(|(name, value)| kind.read(value, &self.at.key(name))).transpose()
    }

    /// A list that may be absent, which means empty.
    pub(crate) fn many<K, T>(&self, names: &[&str], kind: &K) -> Result<Vec<T>, Error>
    where
        K: Kind<Out = Vec<T>>,
    {
        Ok(self.optional(names, kind)?.unwrap_or_default())
    }

    fn find<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &'a Value)> {
        let present = |name: &&'n str| Some((*name, self.map.get(*name).filter(|value| !is_empty(value))?));
        names.iter().find_map(present)
    }
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Null) || value.as_str().is_some_and(str::is_empty)
}

/// Describes one field and what is inside it.
pub(crate) fn describe_field<K: Kind>(
    at: &str,
    name: &str,
    required: bool,
    kind: &K,
    out: &mut Vec<FieldSpec>,
) {
    let path = if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    out.push(FieldSpec { path: path.clone(), required, limit: kind.limit(), kind: kind.name() });
    kind.describe(&path, out);
}

fn text_of<'a>(value: &'a Value, at: &Path<'_>) -> Result<&'a str, Error> {
    match value {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::String(_) | Value::Null => Err(Error::Empty { field: at.to_string() }),
        _ => Err(format_error(at, value, "text")),
    }
}

fn within(length: usize, limit: usize, at: &Path<'_>) -> Result<(), Error> {
    if length > limit { Err(Error::Length { field: at.to_string(), length, limit }) } else { Ok(()) }
}

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

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Declares a message. Each line: whether the field is `required`, `optional` or `many` (a list that may be absent),
/// its name and type, its name on the wire with other spellings that are read, and its kind. `: Closed` after the
/// struct's name refuses unknown fields; `check f;` after the struct adds rules over several fields.
macro_rules! message {
    ($(#[$meta:meta])* pub struct $name:ident $(: $closed:ident)? { $(
        $(#[$field_meta:meta])*
        $how:ident $field:ident : $type:ty = $wire:literal $(| $alias:literal)* => $kind:expr;
    )* } $(check $check:path;)?) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[$field_meta])* pub $field: message!(@type $how $type)),* }

        impl $crate::Message for $name {
            fn read_at(value: &serde_json::Value, at: &$crate::Path<'_>) -> Result<Self, $crate::Error> {
                let object = $crate::read::Object::open(value, at)?;
                if message!(@closed $($closed)?) {
                    object.close(&[$($wire $(, $alias)*),*])?;
                }
                let message = Self { $($field: object.$how(&[$wire $(, $alias)*], &$kind)?),* };
                $($check(&message, at)?;)?
                Ok(message)
            }

            fn describe(at: &str, out: &mut Vec<$crate::FieldSpec>) {
                $($crate::read::describe_field(at, $wire, message!(@required $how), &$kind, out);)*
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                $(message!(@write $how map, $wire, &self.$field);)*
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = <serde_json::Value as serde::Deserialize>::deserialize(deserializer)?;
                <Self as $crate::Message>::read(&value).map_err(serde::de::Error::custom)
            }
        }
    };
    (@type required $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type many $type:ty) => { Vec<$type> };
    (@required required) => { true };
    (@required $how:ident) => { false };
    (@closed) => { false };
    (@closed Closed) => { true };
    (@write required $map:ident, $wire:literal, $value:expr) => { $map.serialize_entry($wire, $value)? };
    (@write optional $map:ident, $wire:literal, $value:expr) => {
        if let Some(value) = $value { $map.serialize_entry($wire, value)? }
    };
    (@write many $map:ident, $wire:literal, $value:expr) => {
        if !$value.is_empty() { $map.serialize_entry($wire, $value)? }
    };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
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
        let nested =
            |depth: usize| format!("{}{}", "{\"a\":".repeat(depth - 1) + "{}", "}".repeat(depth - 1));
        assert!(parse_body(nested(limits::BODY_DEPTH).as_bytes()).is_ok());
        let error = parse_body(nested(limits::BODY_DEPTH + 1).as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "the body cannot be parsed: it is nested deeper than 32 levels");
        assert!(parse_body(nested(100_000).as_bytes()).is_err(), "and does not take the stack with it");
    }
}
