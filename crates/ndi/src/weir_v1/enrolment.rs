//! Enrolment codes: docs/WIRE.md, 2. `weir1.` and base64url of `{"url", "subject", "root", "secret"}`.
//!
//! The code is handed from the operator of a function node to the joiner by any way that they trust: it tells the joiner
//! which root to believe, and tells the node who joins. How long and how often it is good is the node's to decide.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::Sha256;
use domain::id::SubjectCode;

use crate::read::{Kind, Text, parsed};
use crate::{Error, Message, Path, limits};

const PREFIX: &str = "weir1.";
/// Longest code that is looked at, in characters.
const CODE_CHARS: usize = 1024;

/// 128 random bits as 32 hexadecimal digits. Not printed in Debug.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

message! {
    /// What an enrolment code says. Its Display is the code itself: it is a secret.
    pub struct EnrolmentCode {
        /// Address of the function node.
        required url: String = "url" => Text(limits::ADDRESS_CHARS);
        /// The subject that was registered: the joiner's organisation.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// SHA-256 of the root certificate (DER).
        required root: Sha256 = "root" => parsed::<Sha256>(64);
        /// What proves the joiner to the node.
        required secret: Secret = "secret" => SecretText;
    }
}

impl Secret {
    /// The 32 digits, to be sent or compared by digest only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<[u8; 16]> for Secret {
    fn from(bytes: [u8; 16]) -> Self {
        Self(hex::encode(bytes))
    }
}

impl FromStr for Secret {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() == 32 && text.bytes().all(lower_hex) {
            return Ok(Self(text.to_owned()));
        }
        // The text is not shown: it may be most of a real secret.
        let expected = "32 lower-case hexadecimal digits".to_owned();
        Err(Error::Format { field: "secret".to_owned(), found: "…".to_owned(), expected })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl serde::Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = self.to_body().map_err(|_| fmt::Error)?.to_string();
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }
}

impl FromStr for EnrolmentCode {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || Error::Format {
            field: "code".to_owned(),
            found: format!("{}…", text.chars().take(PREFIX.len()).collect::<String>()),
            expected: format!("an enrolment code, which begins with `{PREFIX}`; copy all of it"),
        };
        let text = text.trim();
        let encoded = text.strip_prefix(PREFIX).filter(|_| text.len() <= CODE_CHARS).ok_or_else(refused)?;
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| refused())?;
        let value = serde_json::from_slice(&json).map_err(|_| refused())?;
        Self::read_at(&value, &Path::ROOT.key("code"))
    }
}

/// Reads a secret; its text never stands in an error.
pub(super) struct SecretText;

impl Kind for SecretText {
    type Out = Secret;

    fn read(&self, value: &serde_json::Value, at: &Path<'_>) -> Result<Secret, Error> {
        let secret = value.as_str().and_then(|text| text.parse().ok());
        secret.ok_or_else(|| Error::Format {
            field: at.to_string(),
            found: "…".to_owned(),
            expected: "32 lower-case hexadecimal digits".to_owned(),
        })
    }

    fn name(&self) -> &'static str {
        "text"
    }

    fn limit(&self) -> Option<usize> {
        Some(32)
    }
}
