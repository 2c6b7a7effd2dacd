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
/// ```
/// use crypto::{SigningKey, Suite, sign_object};
///
/// # fn main() -> crypto::Result<()> {
/// let key = SigningKey::generate(Suite::Sm)?;
/// let object = sign_object(&key, "example.reading/1", &serde_json::json!({ "rows": 35064 }))?;
/// let body: serde_json::Value = object.verify("example.reading/1", key.public_key())?;
/// assert_eq!(body["rows"], 35064);
/// assert!(object.verify::<serde_json::Value>("example.contract/1", key.public_key()).is_err());
/// # Ok(())
/// # }
/// ```
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Suite;

    const TYPE_NAME: &str = "weir.test/1";

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Reading {
        station: String,
        rows: u64,
    }

    fn reading() -> Reading {
        Reading { station: "奥体中心".to_owned(), rows: 35_064 }
    }

    fn both() -> [SigningKey; 2] {
        [Suite::Sm, Suite::Intl].map(|suite| SigningKey::generate(suite).unwrap())
    }

    #[test]
    fn what_was_signed_is_read_back() {
        for key in both() {
            let object = sign_object(&key, TYPE_NAME, &reading()).unwrap();
            assert_eq!(object.claimed_type(), Some(TYPE_NAME));
            assert_eq!(object.key, key.key_ref());
            // Over the wire and back, in another layout.
            let text = serde_json::to_string_pretty(&object).unwrap();
            let read: SignedObject = serde_json::from_str(&text).unwrap();
            assert_eq!(read.verify::<Reading>(TYPE_NAME, key.public_key()).unwrap(), reading());
            assert_eq!(read.body_hash().unwrap(), object.body_hash().unwrap());
        }
    }

    #[test]
    fn every_change_is_noticed() {
        for key in both() {
            let object = sign_object(&key, TYPE_NAME, &reading()).unwrap();
            let mut changed = object.clone();
            changed.body["rows"] = json!(35_065);
            let mut longer = object.clone();
            longer.body["note"] = json!("");
            let mut shorter = object.clone();
            shorter.body.as_object_mut().unwrap().remove("rows");
            for tampered in [changed, longer, shorter] {
                let error = tampered.check(TYPE_NAME, key.public_key()).unwrap_err();
                assert!(matches!(error, Error::BadSignature), "{error}");
                assert_ne!(tampered.body_hash().unwrap(), object.body_hash().unwrap());
            }
        }
    }

    #[test]
    fn a_signature_for_one_purpose_is_none_for_another() {
        let key = SigningKey::generate(Suite::Intl).unwrap();
        let object = sign_object(&key, TYPE_NAME, &reading()).unwrap();
        let error = object.verify::<Reading>("weir.other/1", key.public_key()).unwrap_err();
        assert!(matches!(error, Error::WrongType { .. }), "{error}");
        // Renaming it breaks the signature.
        let mut renamed = object;
        renamed.body["type"] = json!("weir.other/1");
        let error = renamed.verify::<Reading>("weir.other/1", key.public_key()).unwrap_err();
        assert!(matches!(error, Error::BadSignature), "{error}");
    }

    #[test]
    fn another_key_is_refused_by_name() {
        let [sm, intl] = both();
        let object = sign_object(&sm, TYPE_NAME, &reading()).unwrap();
        let error = object.check(TYPE_NAME, intl.public_key()).unwrap_err();
        assert!(matches!(error, Error::WrongKey { .. }), "{error}");
        // Claiming the other key does not help, and neither does claiming the other suite.
        let mut claimed = object.clone();
        claimed.key = intl.key_ref();
        let error = claimed.check(TYPE_NAME, intl.public_key()).unwrap_err();
        assert!(matches!(error, Error::WrongSuite { expected: Suite::Intl, found: Suite::Sm }), "{error}");
        claimed.signature = Signature::from_raw(Suite::Intl, *object.signature.as_raw());
        let error = claimed.check(TYPE_NAME, intl.public_key()).unwrap_err();
        assert!(matches!(error, Error::BadSignature), "{error}");
    }

    #[test]
    fn only_objects_that_agree_about_their_type_are_signed() {
        let key = SigningKey::generate(Suite::Intl).unwrap();
        for body in [json!(1), json!([1]), json!("text"), json!(null), json!({"type": "weir.other/1"})] {
            assert!(matches!(sign_object(&key, TYPE_NAME, &body), Err(Error::Body(_))), "{body}");
        }
        assert!(sign_object(&key, TYPE_NAME, &json!({"type": TYPE_NAME})).is_ok());
        let rounded = sign_object(&key, TYPE_NAME, &json!({"n": u64::MAX}));
        assert!(matches!(rounded, Err(Error::InexactNumber(_))));
    }

    #[test]
    fn a_body_of_another_shape_is_refused_after_its_signature_was_good() {
        let key = SigningKey::generate(Suite::Sm).unwrap();
        let object = sign_object(&key, TYPE_NAME, &json!({"rows": "many"})).unwrap();
        assert!(matches!(object.verify::<Reading>(TYPE_NAME, key.public_key()), Err(Error::Json(_))));
        let mut hollow = object;
        hollow.body = json!([]);
        assert!(matches!(hollow.check(TYPE_NAME, key.public_key()), Err(Error::Body(_))));
        assert!(hollow.claimed_type().is_none());
    }

    #[test]
    fn unknown_fields_beside_the_body_are_refused() {
        let key = SigningKey::generate(Suite::Intl).unwrap();
        let mut json = serde_json::to_value(sign_object(&key, TYPE_NAME, &reading()).unwrap()).unwrap();
        json["unsigned"] = json!(true);
        assert!(serde_json::from_value::<SignedObject>(json).is_err());
    }
}
