//! The kinds of values that fields have: how each is read, and how the document's table would describe it.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::refusal::{format_error, refused};
use super::{FieldSpec, Message};
use crate::{Code, Error, Path, limits};

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
    T::Err: std::fmt::Display + 'static,
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
        T::deserialize(value).map_err(|reason| refused(at, format!("{reason}; expected {}", self.expected)))
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
