//! Serde for types whose JSON form is their `Display` text, read back through `FromStr`.

/// Implements `Serialize` and `Deserialize` through `Display` and `FromStr`.
macro_rules! serde_as_text {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Implements `Serialize` and `Deserialize` as the base64 of `to_der`, read back through `from_der`.
macro_rules! serde_as_base64_der {
    ($type:ty, $what:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$crate::serde_text::to_base64(self.to_der()))
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                $crate::serde_text::from_base64($what, &text)
                    .and_then(|der| Self::from_der(&der))
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {serde_as_base64_der, serde_as_text};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Error, error};

/// Standard base64 with padding (RFC 4648, 4).
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64 with padding.
pub(crate) fn from_base64(what: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error::MalformedBase64 { what })
}

/// Reads exactly `N` bytes of hexadecimal, either case.
pub(crate) fn from_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Error::MalformedHex {
        what,
        text: error::excerpt(text),
        digits: N * 2,
    })?;
    Ok(bytes)
}

/// Reads exactly `N` bytes of lower-case hexadecimal: one value has one text.
pub(crate) fn from_lower_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], Error> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(Error::MalformedHex { what, text: error::excerpt(text), digits: N * 2 });
    }
    from_hex(what, text)
}
