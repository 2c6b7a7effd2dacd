//! Reading with the field's path. The macro [`message!`] declares a message once, from which its type, its reading, its writing and the
//! table of its fields follow; [`kinds`] has the kinds of values that fields have.

mod body;
pub(crate) mod kinds;
mod object;
mod refusal;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{Error, Path};

pub use self::body::{parse_body, parse_body_within};
pub(crate) use self::kinds::{
    Integer, Json, Kind, List, Nested, Serde, Sizes, Text, nested, one_of, parsed, serde_form,
};
pub(crate) use self::object::{Object, describe_field};
pub(crate) use self::refusal::{format_error, refused, terms_refused};

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
mod tests;
