//! The envelope of every message: NDI-TR-2025-03, 8.2.1 to 8.2.4 and table 16; docs/WIRE.md, 1.
//!
//! Five headers are the document's (`msgcode`, `msgversion`, `timestamp`, `sequenceNum`, `signValue`), three are ours
//! (`weir-from`, `weir-to`, `weir-key`). `signValue` signs the RFC 8785 form of `{"body", "headers"}`, where `headers` holds
//! every header of the table but itself: see [`signing_input`].
//!
//! Not here: who the sender is, whether its certificate holds, and whether the message was seen before.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crypto::{KeyRef, PublicKey, SigningKey};
use domain::id::{NodeId, SubjectCode};
use serde_json::Value;

use crate::error::shorten;
use crate::read::refused;
use crate::{Error, Path, limits, signature};

/// The interface version that this crate speaks (sample of annex B).
pub const VERSION: &str = "1.0.0";

/// Header `msgcode`.
pub const MSGCODE: &str = "msgcode";
/// Header `msgversion`.
pub const MSGVERSION: &str = "msgversion";
/// Header `timestamp`.
pub const TIMESTAMP: &str = "timestamp";
/// Header `sequenceNum`.
pub const SEQUENCE_NUM: &str = "sequenceNum";
/// Header `signValue`.
pub const SIGN_VALUE: &str = "signValue";
/// Header `weir-from`.
pub const WEIR_FROM: &str = "weir-from";
/// Header `weir-to`.
pub const WEIR_TO: &str = "weir-to";
/// Header `weir-key`.
pub const WEIR_KEY: &str = "weir-key";

/// All headers of the envelope, in the order of docs/WIRE.md.
pub const HEADERS: [&str; 8] =
    [MSGCODE, MSGVERSION, TIMESTAMP, SEQUENCE_NUM, SIGN_VALUE, WEIR_FROM, WEIR_TO, WEIR_KEY];

/// Who sends: a node or connector, or, while joining, a subject that has no node identifier yet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sender {
    /// A node or connector (32 characters).
    Node(NodeId),
    /// A subject (18 characters); in `join` only.
    Subject(SubjectCode),
}

/// The headers of one message, parsed. Field names are the headers' own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headers {
    /// Name of the message, such as `contractNegotiate`.
    pub msgcode: String,
    /// Interface version; see [`VERSION`].
    pub msgversion: String,
    /// Sender's time, epoch milliseconds.
    pub timestamp_ms: i64,
    /// Made by the sender, never used again: the idempotency key.
    pub sequence_num: String,
    /// Signature, as it was sent; empty before signing.
    pub sign_value: String,
    /// Sender.
    pub from: Sender,
    /// Node or connector addressed; `None` in `join`, where it is sent empty.
    pub to: Option<NodeId>,
    /// The key that signs.
    pub key: KeyRef,
}

/// A message: headers and body.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope {
    /// Parsed headers.
    pub headers: Headers,
    /// Body, a JSON object.
    pub body: Value,
}

impl Envelope {
    /// Parses headers and body; checks neither the time nor the signature.
    ///
    /// # Errors
    /// As [`Headers::parse`] and [`crate::parse_body`].
    pub fn parse<'h>(
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: &[u8],
    ) -> Result<Self, Error> {
        Ok(Self { headers: Headers::parse(headers)?, body: crate::parse_body(body)? })
    }

    /// Whether `key` signed this message.
    ///
    /// # Errors
    /// As [`Headers::verify`].
    pub fn verify(&self, key: &PublicKey) -> Result<(), Error> {
        self.headers.verify(key, &self.body)
    }
}

impl Headers {
    /// Headers of a message to be signed with [`Headers::sign`], in version [`VERSION`].
    pub fn unsigned(msgcode: &str, from: Sender, to: Option<NodeId>, key: KeyRef) -> Self {
        Self {
            msgcode: msgcode.to_owned(),
            msgversion: VERSION.to_owned(),
            timestamp_ms: 0,
            sequence_num: String::new(),
            sign_value: String::new(),
            from,
            to,
            key,
        }
    }

    /// The same with the sender's time in epoch milliseconds and its sequence number.
    #[must_use]
    pub fn at(self, timestamp_ms: i64, sequence_num: &str) -> Self {
        Self { timestamp_ms, sequence_num: sequence_num.to_owned(), ..self }
    }

    /// Signs headers and body. What a receiver would refuse is refused here.
    ///
    /// # Errors
    /// A header outside its limits, or [`Error::Write`] where `key` cannot sign or is not [`Headers::key`].
    pub fn sign(self, key: &SigningKey, body: &Value) -> Result<Self, Error> {
        self.sign_canonical(key, &canonical(body)?)
    }

    /// As [`Headers::sign`], for a body whose canonical form ([`crypto::jcs`]) the caller has already.
    ///
    /// # Errors
    /// As [`Headers::sign`].
    pub fn sign_canonical(mut self, key: &SigningKey, body: &[u8]) -> Result<Self, Error> {
        if key.key_ref() != self.key {
            return Err(Error::Write(format!("`{WEIR_KEY}` names {}, not the key that signs", self.key)));
        }
        let written = self.sequence_num.chars().count();
        if written > limits::SEQUENCE_CHARS_WRITTEN {
            let (field, limit) = (SEQUENCE_NUM.to_owned(), limits::SEQUENCE_CHARS_WRITTEN);
            return Err(Error::Length { field, length: written, limit });
        }
        let input = input_of(&self, body)?;
        let signature = key.sign(&input).map_err(|error| Error::Write(error.to_string()))?;
        self.sign_value = signature.raw_hex();
        let pairs = self.to_pairs();
        Self::parse(pairs.iter().map(|(name, value)| (*name, value.as_str())))?;
        Ok(self)
    }

    /// Parses headers, whose names are compared without case; others than those of [`HEADERS`] are passed over.
    ///
    /// # Errors
    /// The header that is missing, repeated, malformed or too long, each with its own return code.
    pub fn parse<'h>(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Result<Self, Error> {
        let found = Found::collect(headers)?;
        let to = found.optional(WEIR_TO).map(|text| parse_header(WEIR_TO, text)).transpose()?;
        let sign_value = found.text(SIGN_VALUE, limits::SIGN_VALUE_CHARS_READ)?;
        let key: KeyRef = parse_header(WEIR_KEY, found.text(WEIR_KEY, limits::KEY_CHARS)?)?;
        if signature::decode(key.suite, sign_value).is_none() {
            return Err(format_error(SIGN_VALUE, sign_value, "r‖s or DER in hexadecimal or base64"));
        }
        Ok(Self {
            msgcode: found.word(MSGCODE, limits::MSGCODE_CHARS)?.to_owned(),
            msgversion: found.word(MSGVERSION, limits::MSGVERSION_CHARS)?.to_owned(),
            timestamp_ms: millis(found.text(TIMESTAMP, limits::STAMP_CHARS_READ)?)?,
            sequence_num: found.word(SEQUENCE_NUM, limits::SEQUENCE_CHARS_READ)?.to_owned(),
            sign_value: sign_value.to_owned(),
            from: found.text(WEIR_FROM, limits::NODE_ID_CHARS)?.parse()?,
            to,
            key,
        })
    }

    /// The headers to send, in the order of [`HEADERS`].
    pub fn to_pairs(&self) -> Vec<(&'static str, String)> {
        let value = |name| match name {
            SIGN_VALUE => self.sign_value.clone(),
            name => self.signed().remove(name).unwrap_or_default(),
        };
        HEADERS.iter().map(|name| (*name, value(*name))).collect()
    }

    /// Checks that the message is the one this address takes, in the version spoken here.
    ///
    /// # Errors
    /// [`Error::MessageName`] or [`Error::Version`].
    pub fn expect(&self, msgcode: &str) -> Result<(), Error> {
        if self.msgcode != msgcode {
            let expected = msgcode.to_owned();
            return Err(Error::MessageName { found: shorten(&self.msgcode), expected });
        }
        if self.msgversion != VERSION {
            return Err(Error::Version { found: shorten(&self.msgversion), expected: VERSION });
        }
        Ok(())
    }

    /// Checks the sender's time against the receiver's, both epoch milliseconds: at most `skew_ms` apart (docs/WIRE.md, 1: [`limits::CLOCK_SKEW_MS`]).
    ///
    /// # Errors
    /// [`Error::Timestamp`], which says how far apart the clocks are.
    pub fn check_time(&self, now_ms: i64, skew_ms: i64) -> Result<(), Error> {
        let ahead = self.timestamp_ms.saturating_sub(now_ms);
        if ahead.saturating_abs() <= skew_ms {
            return Ok(());
        }
        let side = if ahead > 0 { "ahead of" } else { "behind" };
        let (by, limit) = (ahead.saturating_abs() / 1000, skew_ms / 1000);
        let expected = format!(
            "the sender's clock is {by} s {side} the receiver's, at most {limit} s are accepted; set the clock"
        );
        Err(Error::Timestamp { found: self.timestamp_ms.to_string(), expected })
    }

    /// Whether `key` is the key that the message names, and signed it.
    ///
    /// # Errors
    /// [`Error::Signature`].
    pub fn verify(&self, key: &PublicKey, body: &Value) -> Result<(), Error> {
        self.verify_canonical(key, &canonical(body)?)
    }

    /// As [`Headers::verify`], for a body whose canonical form the caller has already.
    ///
    /// # Errors
    /// As [`Headers::verify`].
    pub fn verify_canonical(&self, key: &PublicKey, body: &[u8]) -> Result<(), Error> {
        let refused = || Error::Signature { field: SIGN_VALUE, key: self.key.to_string() };
        let signature = signature::decode(self.key.suite, &self.sign_value).ok_or_else(refused)?;
        if key.key_ref() != self.key {
            return Err(refused());
        }
        key.verify(&input_of(self, body)?, &signature).map_err(|_| refused())
    }

    /// Every header that the signature covers, by name.
    fn signed(&self) -> BTreeMap<&'static str, String> {
        let to = self.to.as_ref().map(ToString::to_string).unwrap_or_default();
        BTreeMap::from([
            (MSGCODE, self.msgcode.clone()),
            (MSGVERSION, self.msgversion.clone()),
            (TIMESTAMP, format!("{:013}", self.timestamp_ms)),
            (SEQUENCE_NUM, self.sequence_num.clone()),
            (WEIR_FROM, self.from.to_string()),
            (WEIR_TO, to),
            (WEIR_KEY, self.key.to_string()),
        ])
    }
}

/// The bytes that `signValue` signs: the RFC 8785 form of `{"body": …, "headers": {all but signValue}}`.
///
/// # Errors
/// [`Error::Write`] where the body has a number that RFC 8785 cannot write.
pub fn signing_input(headers: &Headers, body: &Value) -> Result<Vec<u8>, Error> {
    input_of(headers, &canonical(body)?)
}

fn canonical<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, Error> {
    crypto::jcs::to_vec(value).map_err(|error| Error::Write(error.to_string()))
}

/// `{"body":…,"headers":…}` from the body's canonical bytes: canonical as it stands, for the names are in their order.
fn input_of(headers: &Headers, body: &[u8]) -> Result<Vec<u8>, Error> {
    let headers = canonical(&headers.signed())?;
    Ok([br#"{"body":"#, body, br#","headers":"#, &headers, b"}"].concat())
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(id) => id.fmt(f),
            Self::Subject(code) => code.fmt(f),
        }
    }
}

impl FromStr for Sender {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text.chars().count() {
            limits::SUBJECT_CHARS => parse_header(WEIR_FROM, text).map(Self::Subject),
            _ => parse_header(WEIR_FROM, text).map(Self::Node),
        }
    }
}

/// The envelope's headers among all headers of a request.
struct Found<'h>(BTreeMap<&'static str, &'h str>);

impl<'h> Found<'h> {
    fn collect(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Result<Self, Error> {
        let mut found = BTreeMap::new();
        for (name, value) in headers {
            let Some(known) = HEADERS.iter().find(|known| known.eq_ignore_ascii_case(name)) else { continue };
            if found.insert(*known, value).is_some() {
                return Err(format_error(known, value, "the header once"));
            }
        }
        Ok(Self(found))
    }

    fn optional(&self, name: &str) -> Option<&'h str> {
        self.0.get(name).copied().filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str, limit: usize) -> Result<&'h str, Error> {
        let value = self.optional(name).ok_or_else(|| Error::Empty { field: name.to_owned() })?;
        let length = value.chars().count();
        if length > limit {
            return Err(Error::Length { field: name.to_owned(), length, limit });
        }
        Ok(value)
    }

    /// A value of `0-9A-Za-z`, full stop, hyphen and underscore: it is used as a key and printed in logs.
    fn word(&self, name: &str, limit: usize) -> Result<&'h str, Error> {
        let value = self.text(name, limit)?;
        if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)) {
            Ok(value)
        } else {
            Err(format_error(name, value, "letters, digits, `-`, `.` and `_`"))
        }
    }
}

fn millis(text: &str) -> Result<i64, Error> {
    let digits = text.len() == limits::TIMESTAMP_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = if digits { text.parse().ok() } else { None };
    millis.ok_or_else(|| Error::Timestamp {
        found: shorten(text),
        expected: "expected 13 digits, milliseconds since 1970 such as `1562589083316`".to_owned(),
    })
}

fn parse_header<T>(name: &str, text: &str) -> Result<T, Error>
where
    T: FromStr,
    T::Err: fmt::Display + 'static,
{
    text.parse().map_err(|reason: T::Err| refused(&Path::ROOT.key(name), reason))
}

fn format_error(name: &str, value: &str, expected: &str) -> Error {
    Error::Format { field: name.to_owned(), found: shorten(value), expected: expected.to_owned() }
}

#[cfg(test)]
mod tests;
