//! A JSON object whose fields are taken by name, and described by name.

use serde_json::{Map, Value};

use super::refusal::format_error;
use super::{FieldSpec, Kind};
use crate::error::shorten;
use crate::{Error, Path};

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
                cause: None,
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
