//! The two signature suites, and the object identifiers that stand for them in DER.

use std::fmt;
use std::str::FromStr;

use der::asn1::ObjectIdentifier;

use crate::serde_text::serde_as_text;
use crate::{Error, error};

/// The distinguishing identifier of every SM2 signature (GB/T 35276, 10).
pub(crate) const SM2_ID: &str = "1234567812345678";

/// Which algorithms a signature uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Suite {
    /// SM2 signatures over SM3 digests (GB/T 32918, GB/T 32905).
    Sm,
    /// ES256: ECDSA on P-256 over SHA-256 digests (RFC 7518, 3.4).
    Intl,
}

impl Suite {
    /// The name on the wire: `sm` or `intl`.
    pub fn as_str(self) -> &'static str {
        match self {
            Suite::Sm => "sm",
            Suite::Intl => "intl",
        }
    }

    /// The signature algorithm's identifier in certificates: SM2 with SM3 (GM/T 0006) or ecdsa-with-SHA256 (RFC 5758).
    pub(crate) fn signature_oid(self) -> ObjectIdentifier {
        match self {
            Suite::Sm => ObjectIdentifier::new_unwrap("1.2.156.10197.1.501"),
            Suite::Intl => ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2"),
        }
    }

    /// The suite that a certificate's signature algorithm stands for.
    pub(crate) fn from_signature_oid(oid: ObjectIdentifier) -> Option<Suite> {
        [Suite::Sm, Suite::Intl].into_iter().find(|suite| suite.signature_oid() == oid)
    }

    /// The curve's identifier: sm2p256v1 (GM/T 0006) or prime256v1 (RFC 5480).
    pub(crate) fn curve_oid(self) -> ObjectIdentifier {
        match self {
            Suite::Sm => ObjectIdentifier::new_unwrap("1.2.156.10197.1.301"),
            Suite::Intl => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
        }
    }

    /// The suite whose keys lie on a curve.
    pub(crate) fn from_curve_oid(oid: ObjectIdentifier) -> Option<Suite> {
        [Suite::Sm, Suite::Intl].into_iter().find(|suite| suite.curve_oid() == oid)
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Suite {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "sm" => Ok(Suite::Sm),
            "intl" => Ok(Suite::Intl),
            other => Err(Error::UnknownSuite(error::excerpt(other))),
        }
    }
}

serde_as_text!(Suite);

/// Splits `<suite>:<rest>`; `what` names the thing for the error.
pub(crate) fn split_suite<'a>(what: &'static str, text: &'a str) -> Result<(Suite, &'a str), Error> {
    let (suite, rest) =
        text.split_once(':').ok_or_else(|| Error::MissingSuite { what, text: error::excerpt(text) })?;
    Ok((suite.parse()?, rest))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_nothing_else_does() {
        for suite in [Suite::Sm, Suite::Intl] {
            assert_eq!(suite.to_string().parse::<Suite>().unwrap(), suite);
            assert_eq!(Suite::from_signature_oid(suite.signature_oid()), Some(suite));
            assert_eq!(Suite::from_curve_oid(suite.curve_oid()), Some(suite));
            assert_eq!(Suite::from_curve_oid(suite.signature_oid()), None);
        }
        for bad in ["", "SM", "sm2", "es256", " sm"] {
            let error = bad.parse::<Suite>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("unknown signature suite `{bad}`: expected `sm` or `intl`")
            );
        }
    }

    #[test]
    fn a_long_name_is_cut_in_the_message() {
        let message = "国".repeat(500).parse::<Suite>().unwrap_err().to_string();
        assert!(message.chars().count() < 160, "{message}");
    }
}
