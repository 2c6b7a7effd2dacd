//! What a certificate says about its holder: subject, alternative names, validity.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use der::asn1::{Any, Ia5String, ObjectIdentifier};
use der::{Decode, Encode, Tag, Tagged};
use serde::{Deserialize, Serialize};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::{Name, RelativeDistinguishedName};
use x509_cert::time::Time;

use crate::serde_text::serde_as_text;
use crate::{Error, Result, error};

const CN: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const O: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const OU: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");

/// Longest CN, OU or O in characters (ub-common-name and its like, RFC 5280, appendix A).
const MAX_FIELD: usize = 64;

/// Whom a certificate is for (NDI-TR-2025-03, annex A, table A.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Domain name or IP address.
    pub cn: String,
    /// Identifier of the node, connector or organisation.
    pub ou: String,
    /// Name of the organisation.
    pub o: String,
}

impl Subject {
    /// The X.501 name: O, OU, CN, from the widest to the narrowest.
    pub(super) fn to_name(&self) -> Result<Name> {
        let rdns = [("O", O, &self.o), ("OU", OU, &self.ou), ("CN", CN, &self.cn)]
            .into_iter()
            .map(|(field, oid, value)| rdn(field, oid, value))
            .collect::<Result<Vec<_>>>()?;
        rdns.to_der()
            .and_then(|der| Name::from_der(&der))
            .map_err(|_| Error::Signing("name does not fit DER"))
    }
}

fn rdn(field: &'static str, oid: ObjectIdentifier, value: &str) -> Result<RelativeDistinguishedName> {
    let length = value.chars().count();
    if length == 0 || length > MAX_FIELD || value.chars().any(char::is_control) {
        return Err(Error::SubjectField { field, value: error::excerpt(value), max: MAX_FIELD });
    }
    Any::new(Tag::Utf8String, value.as_bytes())
        .and_then(|value| RelativeDistinguishedName::try_from(vec![AttributeTypeAndValue { oid, value }]))
        .map_err(|_| Error::Signing("name does not fit DER"))
}

/// The parts of a name that Weir reads; each absent where the certificate does not say it as text.
#[derive(Debug, Default)]
pub(super) struct NameParts {
    pub cn: Option<String>,
    pub ou: Option<String>,
    pub o: Option<String>,
}

impl NameParts {
    pub(super) fn of(name: &Name) -> Self {
        let text = |wanted| {
            name.iter()
                .find(|attribute| attribute.oid == wanted)
                .and_then(|attribute| text_of(&attribute.value))
        };
        Self { cn: text(CN), ou: text(OU), o: text(O) }
    }

    /// The complete subject, where all three parts are there.
    pub(super) fn subject(&self) -> Option<Subject> {
        Some(Subject { cn: self.cn.clone()?, ou: self.ou.clone()?, o: self.o.clone()? })
    }
}

fn text_of(value: &Any) -> Option<String> {
    let is_text = matches!(value.tag(), Tag::Utf8String | Tag::PrintableString | Tag::Ia5String);
    is_text.then(|| String::from_utf8(value.value().to_vec()).ok()).flatten()
}

/// A subject alternative name: a DNS name or an IP address. Text and JSON form: itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum San {
    /// A host name of letters, digits, hyphens and dots, in lower case.
    Dns(String),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
}

impl San {
    pub(super) fn to_general_name(&self) -> Result<GeneralName> {
        match self {
            San::Dns(name) => {
                Ia5String::new(name).map(GeneralName::DnsName).map_err(|_| Error::Host(error::excerpt(name)))
            }
            San::Ip(address) => Ok(GeneralName::from(*address)),
        }
    }

    /// Reads what Weir understands; other kinds of names are none of its hosts.
    pub(super) fn from_general_name(name: &GeneralName) -> Option<Self> {
        match name {
            GeneralName::DnsName(name) => Some(San::Dns(name.as_str().to_owned())),
            GeneralName::IpAddress(octets) => ip_of(octets.as_bytes()).map(San::Ip),
            _ => None,
        }
    }
}

fn ip_of(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            San::Dns(name) => f.write_str(name),
            San::Ip(address) => address.fmt(f),
        }
    }
}

impl FromStr for San {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(address) = text.parse() {
            return Ok(San::Ip(address));
        }
        let is_host = text.len() <= 253 && text.split('.').all(is_dns_label);
        is_host.then(|| San::Dns(text.to_ascii_lowercase())).ok_or_else(|| Error::Host(error::excerpt(text)))
    }
}

/// A label of a host name (RFC 1123, 2.1).
fn is_dns_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

serde_as_text!(San);

/// When a certificate is valid: both ends included, in unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    not_before: i64,
    not_after: i64,
}

impl Validity {
    /// A period from `not_before` to `not_after`, both included, in unix seconds.
    ///
    /// # Errors
    /// [`Error::Validity`] where it ends before it begins, begins before 1970 or ends after the year 9999.
    pub fn new(not_before: i64, not_after: i64) -> Result<Self> {
        let period = Self { not_before, not_after };
        if not_after < not_before {
            return Err(Error::Validity { not_before, not_after });
        }
        period.to_x509().map(|_| period)
    }

    /// A period of whole days from a moment in unix seconds.
    ///
    /// # Errors
    /// As [`Validity::new`].
    pub fn days(not_before: i64, days: u32) -> Result<Self> {
        Self::new(not_before, not_before.saturating_add(i64::from(days) * 86_400))
    }

    /// First valid second, unix time.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// Last valid second, unix time.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    pub(super) fn to_x509(self) -> Result<x509_cert::time::Validity> {
        let error = || Error::Validity { not_before: self.not_before, not_after: self.not_after };
        let time = |seconds: i64| {
            let since_epoch = u64::try_from(seconds).map(Duration::from_secs).map_err(|_| error())?;
            der::DateTime::from_unix_duration(since_epoch).map(Time::from).map_err(|_| error())
        };
        Ok(x509_cert::time::Validity::new(time(self.not_before)?, time(self.not_after)?))
    }

    pub(super) fn from_x509(validity: &x509_cert::time::Validity) -> Self {
        let seconds = |time: Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        Self { not_before: seconds(validity.not_before), not_after: seconds(validity.not_after) }
    }
}
