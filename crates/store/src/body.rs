//! Bodies: what a row holds beside the columns that are searched, as versioned JSON text `{"v":1,"body":…}`.
//!
//! The store never looks into a body. The version lets a later Weir read what an earlier one wrote.

use std::sync::Arc;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::error::{Result, StoreError};

/// A type that rows hold as their body.
pub trait Stored: Serialize + DeserializeOwned {
    /// The version that is written. Raised whenever the serde form changes, and never lowered.
    const VERSION: u32;

    /// Turns the body of an older version into today's form, or `None` where that version is unknown.
    #[must_use]
    fn upgrade(version: u32, body: Value) -> Option<Value> {
        let _ = (version, body);
        None
    }
}

/// A body as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body(String);

#[derive(Serialize)]
struct Written<'a, T> {
    v: u32,
    body: &'a T,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
}

#[derive(Deserialize)]
struct Whole<T> {
    body: T,
}

impl Body {
    /// Writes `value` at its own version.
    ///
    /// # Errors
    /// [`StoreError::Encode`] where the type has no JSON form.
    pub fn of<T: Stored>(value: &T) -> Result<Self> {
        Self::versioned(T::VERSION, value)
    }

    /// Writes `value` at the version given, for types that cannot implement [`Stored`].
    ///
    /// # Errors
    /// [`StoreError::Encode`] where the type has no JSON form.
    pub fn versioned<T: Serialize>(version: u32, value: &T) -> Result<Self> {
        serde_json::to_string(&Written { v: version, body: value })
            .map(Self)
            .map_err(|e| StoreError::Encode { source: Arc::new(e) })
    }

    /// A body that says nothing (`null`, version 0), for rows whose columns say all.
    #[must_use]
    pub fn empty() -> Self {
        Self(r#"{"v":0,"body":null}"#.to_owned())
    }

    /// Reads the body, upgrading an older version.
    ///
    /// # Errors
    /// [`StoreError::BodyVersion`] for a version that the type does not know, [`StoreError::Decode`] for another form.
    pub fn get<T: Stored>(&self) -> Result<T> {
        self.get_versioned(T::VERSION, T::upgrade)
    }

    /// Reads the body at the version given; `upgrade` is asked about every other version that is older.
    ///
    /// # Errors
    /// As [`Body::get`].
    pub fn get_versioned<T: DeserializeOwned>(
        &self,
        known: u32,
        upgrade: impl Fn(u32, Value) -> Option<Value>,
    ) -> Result<T> {
        let Head { v: found } = serde_json::from_str(&self.0).map_err(decode_error)?;
        if found == known {
            return self.read();
        }
        let unknown = StoreError::BodyVersion { found, known };
        if found > known {
            return Err(unknown);
        }
        let new = upgrade(found, self.read()?).ok_or(unknown)?;
        serde_json::from_value(new).map_err(decode_error)
    }

    fn read<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str::<Whole<T>>(&self.0).map(|whole| whole.body).map_err(decode_error)
    }

    /// The text as stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn from_text(text: String) -> Self {
        Self(text)
    }
}

fn decode_error(error: serde_json::Error) -> StoreError {
    StoreError::Decode { source: Arc::new(error) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Station {
        name_zh: String,
        v: u8,
    }

    impl Stored for Station {
        const VERSION: u32 = 2;

        fn upgrade(version: u32, body: Value) -> Option<Value> {
            (version == 1).then(|| json!({"name_zh": body.get("name"), "v": 0}))
        }
    }

    fn station() -> Station {
        Station { name_zh: "奥体中心".into(), v: 7 }
    }

    #[test]
    fn a_body_keeps_its_version_apart_from_its_fields() {
        let body = Body::of(&station()).unwrap();
        assert_eq!(body.as_str(), r#"{"v":2,"body":{"name_zh":"奥体中心","v":7}}"#);
        assert_eq!(body.get::<Station>().unwrap(), station());
    }

    #[test]
    fn an_older_version_is_upgraded() {
        let old = Body::from_text(r#"{"v":1,"body":{"name":"奥体中心"}}"#.into());
        assert_eq!(old.get::<Station>().unwrap(), Station { name_zh: "奥体中心".into(), v: 0 });
    }

    #[test]
    fn versions_nobody_knows_are_refused() {
        for (text, found) in [(r#"{"v":3,"body":{}}"#, 3), (r#"{"v":0,"body":{}}"#, 0)] {
            let error = Body::from_text(text.into()).get::<Station>().unwrap_err();
            assert!(matches!(error, StoreError::BodyVersion { found: f, known: 2 } if f == found), "{error}");
        }
    }

    #[test]
    fn another_form_is_refused() {
        for text in ["", "{}", r#"{"v":2}"#, r#"{"v":2,"body":{"name_zh":1,"v":7}}"#, r#"{"v":2,"body":"#] {
            let error = Body::from_text(text.into()).get::<Station>().unwrap_err();
            assert!(matches!(error, StoreError::Decode { .. }), "{text}: {error}");
        }
    }
}
