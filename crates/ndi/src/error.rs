//! Why a message was not understood: each variant names the field and carries the return code of NDI-TR-2025-03,
//! annex C. Turning it into an HTTP answer is the API's task.

use crate::return_code::{Extension, Module, Parameter, ReturnCode, System};

/// A message that could not be read or may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A required header or field is absent, null or empty: 2XX001.
    #[error("`{field}` is missing or empty: it is required")]
    Empty {
        /// Path of the field.
        field: String,
    },
    /// A header or field has the wrong type or form: 2XX002.
    #[error("`{field}` is `{found}`: expected {expected}")]
    Format {
        /// Path of the field.
        field: String,
        /// What stood there, shortened.
        found: String,
        /// What should stand there.
        expected: String,
    },
    /// A text or list is longer than its limit: 2XX003.
    #[error("`{field}` has length {length}: the limit is {limit}")]
    Length {
        /// Path of the field.
        field: String,
        /// Length found, in characters or items.
        length: usize,
        /// Longest accepted.
        limit: usize,
    },
    /// No parameter at all was sent where some are required: 2XX004.
    #[error("the message has no parameters: send a JSON object with the fields of the interface")]
    AllEmpty,
    /// The interface version is none that this node speaks: 2XX005.
    #[error("`msgversion` is `{found}`: expected `{expected}`")]
    Version {
        /// Version that was sent.
        found: String,
        /// Version spoken here.
        expected: &'static str,
    },
    /// The timestamp is no 13-digit number of milliseconds, or too far from the receiver's clock: 2XX006.
    #[error("`timestamp` is `{found}`: {expected}")]
    Timestamp {
        /// Timestamp that was sent.
        found: String,
        /// What is accepted, with the difference to the receiver's clock where that is the reason.
        expected: String,
    },
    /// `msgcode` names another interface than the one called: 2XX007.
    #[error("`msgcode` is `{found}`: this address takes `{expected}`")]
    MessageName {
        /// Name that was sent.
        found: String,
        /// Name that belongs to the address.
        expected: String,
    },
    /// The body is no JSON object within the limits: 2XX008.
    #[error("the body cannot be parsed: {detail}")]
    Unparsable {
        /// Reason, with the place where one is known.
        detail: String,
    },
    /// A field is well formed, but the domain refuses its value: 2XX002.
    #[error("`{field}` is refused: {reason}")]
    Refused {
        /// Path of the field.
        field: String,
        /// The domain's own words.
        reason: String,
        /// The domain's refusal, where it was one of its types.
        cause: Option<Box<domain::Error>>,
    },
    /// A term that cannot be understood or enforced: 300104 (docs/WIRE.md, 1).
    #[error("`{field}` is refused: {reason}")]
    Terms {
        /// Path of the field.
        field: String,
        /// The domain's own words, which name constraint, operator or action.
        reason: String,
        /// The domain's refusal, where it was one of its types.
        cause: Option<Box<domain::Error>>,
    },
    /// A signature is not the named key's over this message: 1XX004 for `signValue`, 300106 for an organisation's.
    #[error("`{field}` does not match the message and the key `{key}`: sign the RFC 8785 form again")]
    Signature {
        /// `signValue`, or the field that holds the organisation's signature.
        field: &'static str,
        /// Key that was to have signed.
        key: String,
    },
    /// Our own message could not be signed or written: 1XX000.
    #[error("the message could not be written: {0}")]
    Write(String),
}

impl Error {
    /// The return code of annex C, in the given business module.
    pub fn return_code(&self, module: Module) -> ReturnCode {
        let parameter = match self {
            Self::Empty { .. } => Parameter::Empty,
            Self::Format { .. } | Self::Refused { .. } => Parameter::Format,
            Self::Length { .. } => Parameter::Length,
            Self::AllEmpty => Parameter::AllEmpty,
            Self::Version { .. } => Parameter::Version,
            Self::Timestamp { .. } => Parameter::Timestamp,
            Self::MessageName { .. } => Parameter::MessageName,
            Self::Unparsable { .. } => Parameter::Unparsable,
            Self::Terms { .. } => return ReturnCode::extension(Extension::TermsRefused),
            Self::Signature { field: crate::envelope::SIGN_VALUE, .. } => {
                return ReturnCode::system(module, System::Unauthorised);
            }
            Self::Signature { .. } => return ReturnCode::extension(Extension::EvidenceRefused),
            Self::Write(_) => return ReturnCode::system(module, System::Unknown),
        };
        ReturnCode::parameter(module, parameter)
    }

    /// Path of the field at fault, where one is.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Empty { field }
            | Self::Format { field, .. }
            | Self::Length { field, .. }
            | Self::Refused { field, .. }
            | Self::Terms { field, .. } => Some(field),
            Self::Version { .. } => Some("msgversion"),
            Self::Timestamp { .. } => Some("timestamp"),
            Self::MessageName { .. } => Some("msgcode"),
            Self::Signature { field, .. } => Some(field),
            Self::AllEmpty | Self::Unparsable { .. } | Self::Write(_) => None,
        }
    }
}

/// At most 64 characters of a foreign value, cleaned: error texts end up in logs and on terminals.
pub(crate) fn shorten(value: &str) -> String {
    clean(value, 64)
}

/// At most `limit` characters; control characters, and those that reorder text, replaced.
pub(crate) fn clean(text: &str, limit: usize) -> String {
    let reorders = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let harmless = |c: char| if c.is_control() || reorders(c) { '\u{fffd}' } else { c };
    let mut short: String = text.chars().take(limit).map(harmless).collect();
    if text.chars().nth(limit).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cleaned_and_cut() {
        assert_eq!(shorten("臭氧 O3"), "臭氧 O3");
        assert_eq!(clean("a\u{1b}[31m\n\u{202e}b", 20), "a\u{fffd}[31m\u{fffd}\u{fffd}b");
        assert_eq!(clean("abcd", 4), "abcd");
        assert_eq!(clean("abcde", 4), "abcd…");
        assert_eq!(shorten(&"长".repeat(65)).chars().count(), 65);
    }
}
