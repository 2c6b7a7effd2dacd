//! Signed objects: a JSON body that says what it is, signed over its canonical form (RFC 8785).
//!
//! The body carries its `type`, and the verifier names the type that it accepts: a signature given for one purpose
//! never passes for another.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, KeyRef, PublicKey, Result, Sha256, Signature, SigningKey, jcs};

/// The body's field that names its type.
const TYPE: &str = "type";

/// A signed JSON object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedObject {
    /// What is signed: a JSON object with a field `type`.
    pub body: Value,
    /// Which key signed.
    pub key: KeyRef,
    /// The signature over the canonical form of `body`.
    pub signature: Signature,
}

/// Signs a body as an object of a type. The field `type` is added; the body must not have one of its own, unless it
/// says the same.
///
/// # Errors
/// [`Error::Body`] where the body is no JSON object or is of another type, and those of [`jcs::to_vec`].
pub fn sign_object<T: Serialize + ?Sized>(key: &SigningKey, type_: &str, body: &T) -> Result<SignedObject> {
    let Value::Object(mut fields) = serde_json::to_value(body)? else {
        return Err(Error::Body("it is not a JSON object"));
    };
    let before = fields.insert(TYPE.to_owned(), Value::from(type_));
    if before.is_some_and(|named| named != type_) {
        return Err(Error::Body("it names another type than it is signed as"));
    }
    let body = Value::Object(fields);
    let signature = key.sign(&jcs::value_to_vec(&body)?)?;
    Ok(SignedObject { body, key: key.key_ref(), signature })
}

impl SignedObject {
    /// Checks type, key and signature, and reads the body. `T` sees the body without `type`, unless it declares
    /// such a field itself (then deserialise from [`SignedObject::body`] after [`SignedObject::check`]).
    ///
    /// # Errors
    /// Those of [`SignedObject::check`], and [`Error::Json`] where the body is not a `T`.
    pub fn verify<T: DeserializeOwned>(&self, type_: &str, key: &PublicKey) -> Result<T> {
        let mut fields = self.check(type_, key)?.clone();
        fields.remove(TYPE);
        Ok(serde_json::from_value(Value::Object(fields))?)
    }

    /// Checks type, key and signature, and returns the body's fields, `type` included.
    ///
    /// # Errors
    /// [`Error::WrongType`], [`Error::WrongKey`] or [`Error::BadSignature`], checked in this order, and those of
    /// [`jcs::to_vec`].
    pub fn check(&self, type_: &str, key: &PublicKey) -> Result<&Map<String, Value>> {
        let fields = self.body.as_object().ok_or(Error::Body("it is not a JSON object"))?;
        let found = fields.get(TYPE).and_then(Value::as_str).unwrap_or_default();
        if found != type_ {
            return Err(Error::WrongType { expected: type_.to_owned(), found: crate::error::excerpt(found) });
        }
        if self.key != key.key_ref() {
            return Err(Error::WrongKey { expected: key.key_ref().to_string(), found: self.key.to_string() });
        }
        key.verify(&jcs::value_to_vec(&self.body)?, &self.signature)?;
        Ok(fields)
    }

    /// The type that the body claims, unchecked: to choose how to verify, never to trust.
    pub fn claimed_type(&self) -> Option<&str> {
        self.body.get(TYPE).and_then(Value::as_str)
    }

    /// SHA-256 of the body's canonical form: how other objects refer to this one.
    ///
    /// # Errors
    /// Those of [`jcs::to_vec`].
    pub fn body_hash(&self) -> Result<Sha256> {
        Ok(Sha256::of(&jcs::value_to_vec(&self.body)?))
    }
}
