//! One certificate, parsed once.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use const_oid::AssociatedOid;
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Encode, Sequence};
use x509_cert::TbsCertificate;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierRef;

use super::names::{NameParts, San, Subject, Validity};
use crate::serde_text::serde_as_base64_der;
use crate::{Error, KeyId, PublicKey, Result, Sha256, Signature, Suite, pem_text};

/// The outer shape of certificates and requests alike: what is signed, how, and the signature.
#[derive(Sequence)]
pub(super) struct Signed<'a> {
    pub content: AnyRef<'a>,
    pub algorithm: AlgorithmIdentifierRef<'a>,
    pub signature: BitStringRef<'a>,
}

impl Signed<'_> {
    /// The signature, in the suite that the algorithm names.
    pub(super) fn read_signature(&self, what: &'static str) -> Result<Signature> {
        let suite =
            Suite::from_signature_oid(self.algorithm.oid).ok_or_else(|| Error::MalformedCertificate {
                what,
                detail: format!("unknown signature algorithm `{}`", self.algorithm.oid),
            })?;
        Signature::from_der(suite, self.signature.as_bytes().unwrap_or_default())
    }
}

/// A certificate of either suite. Cheap to clone; two are equal where their bytes are. JSON form: base64 of its DER.
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    der: Vec<u8>,
    fingerprint: Sha256,
    /// The signed bytes.
    tbs: Vec<u8>,
    signature: Signature,
    /// The names as they stand, to be compared byte by byte (RFC 5280, 7.1, allows no less for UTF8String).
    issuer: Vec<u8>,
    subject: Vec<u8>,
    issuer_text: String,
    subject_parts: NameParts,
    serial: String,
    validity: Validity,
    key: PublicKey,
    extensions: Extensions,
    /// The key that was found to have signed it: a signature is checked once, however often its chain is.
    signed_by: OnceLock<KeyId>,
}

/// The extensions that decide something here.
#[derive(Default)]
pub(super) struct Extensions {
    pub basic: Option<BasicConstraints>,
    pub usage: Option<KeyUsage>,
    pub extended_usage: Vec<ObjectIdentifier>,
    pub sans: Vec<San>,
    pub subject_key: Option<Vec<u8>>,
    pub authority_key: Option<Vec<u8>>,
    /// The first critical extension that is none of these.
    pub unknown_critical: Option<ObjectIdentifier>,
}

const WHAT: &str = "certificate";

fn malformed(error: impl fmt::Display) -> Error {
    Error::MalformedCertificate { what: WHAT, detail: error.to_string() }
}

impl Certificate {
    /// Reads strict DER.
    ///
    /// # Errors
    /// [`Error::MalformedCertificate`] where it is not a version 3 certificate or is signed by an algorithm of
    /// neither suite, [`Error::PublicKey`] where its key is of neither.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let outer = Signed::from_der(der).map_err(malformed)?;
        let tbs = outer.content.to_der().map_err(malformed)?;
        let parsed = TbsCertificate::from_der(&tbs).map_err(malformed)?;
        if parsed.signature().oid != outer.algorithm.oid {
            return Err(malformed("its two signature algorithms differ"));
        }
        if parsed.version() != x509_cert::Version::V3 {
            return Err(malformed("it is not of version 3"));
        }
        let inner = Inner {
            signature: outer.read_signature(WHAT)?,
            issuer: parsed.issuer().to_der().map_err(malformed)?,
            subject: parsed.subject().to_der().map_err(malformed)?,
            issuer_text: label(parsed.issuer()),
            subject_parts: NameParts::of(parsed.subject()),
            serial: hex::encode(parsed.serial_number().as_bytes()),
            validity: Validity::from_x509(parsed.validity()),
            key: PublicKey::from_spki_der(&parsed.subject_public_key_info().to_der().map_err(malformed)?)?,
            extensions: Extensions::read(parsed.extensions().map_or(&[], |all| all.as_slice()))?,
            fingerprint: Sha256::of(der),
            der: der.to_vec(),
            signed_by: OnceLock::new(),
            tbs,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Reads one PEM `CERTIFICATE`.
    ///
    /// # Errors
    /// [`Error::Pem`], and those of [`Certificate::from_der`].
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_der(&pem_text::decode_one(pem_text::CERTIFICATE, text)?)
    }

    /// PEM `CERTIFICATE`.
    pub fn to_pem(&self) -> String {
        pem_text::encode(pem_text::CERTIFICATE, &self.0.der)
    }

    /// Its DER, as it was read.
    pub fn to_der(&self) -> &[u8] {
        &self.0.der
    }

    /// Common name: the holder's domain name or address.
    pub fn subject_cn(&self) -> Option<&str> {
        self.0.subject_parts.cn.as_deref()
    }

    /// Organisational unit: the identifier of the node, connector or organisation.
    pub fn subject_ou(&self) -> Option<&str> {
        self.0.subject_parts.ou.as_deref()
    }

    /// Organisation: its name.
    pub fn subject_o(&self) -> Option<&str> {
        self.0.subject_parts.o.as_deref()
    }

    /// The whole subject, where CN, OU and O are all there.
    pub fn subject(&self) -> Option<Subject> {
        self.0.subject_parts.subject()
    }

    /// The holder's key.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// The suite of the issuer's signature; the holder's own suite is that of [`Certificate::public_key`].
    pub fn signature_suite(&self) -> Suite {
        self.0.signature.suite()
    }

    /// Serial number as hexadecimal digits.
    pub fn serial(&self) -> &str {
        &self.0.serial
    }

    /// First valid second, unix time.
    pub fn not_before(&self) -> i64 {
        self.0.validity.not_before()
    }

    /// Last valid second, unix time.
    pub fn not_after(&self) -> i64 {
        self.0.validity.not_after()
    }

    /// Whether it may issue certificates, as far as its basic constraints say.
    pub fn is_ca(&self) -> bool {
        self.0.extensions.basic.as_ref().is_some_and(|basic| basic.ca)
    }

    /// How many CA certificates may stand below it; `None` where it sets no limit.
    pub fn path_len(&self) -> Option<u8> {
        self.0.extensions.basic.as_ref().and_then(|basic| basic.path_len_constraint)
    }

    /// The hosts it is valid for.
    pub fn sans(&self) -> &[San] {
        &self.0.extensions.sans
    }

    /// SHA-256 of its DER.
    pub fn fingerprint(&self) -> Sha256 {
        self.0.fingerprint
    }

    /// Whether it names itself as its issuer.
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// How messages and errors name the holder: CN with OU, or whatever there is.
    pub fn label(&self) -> String {
        label_of(&self.0.subject_parts).unwrap_or_else(|| format!("serial {}", self.0.serial))
    }

    /// How errors name the issuer.
    pub(super) fn issuer_label(&self) -> &str {
        &self.0.issuer_text
    }

    pub(super) fn extensions(&self) -> &Extensions {
        &self.0.extensions
    }

    pub(super) fn subject_der(&self) -> &[u8] {
        &self.0.subject
    }

    /// Whether the names, and the key identifiers where both give them, say that `issuer` issued it.
    pub(super) fn names_issuer(&self, issuer: &Certificate) -> bool {
        let keys = (&self.0.extensions.authority_key, &issuer.0.extensions.subject_key);
        let keys_agree = match keys {
            (Some(authority), Some(subject)) => authority == subject,
            _ => true,
        };
        keys_agree && self.0.issuer == issuer.0.subject
    }

    /// Checks the signature with the issuer's key, once per key.
    pub(super) fn check_signature(&self, issuer: &Certificate) -> Result<()> {
        let key = issuer.public_key();
        if self.0.signed_by.get() == Some(&key.key_id()) {
            return Ok(());
        }
        key.verify(&self.0.tbs, &self.0.signature)
            .map_err(|_| Error::CertificateSignature { subject: self.label(), issuer: issuer.label() })?;
        // A second key that also verifies is impossible short of a forgery; the first one stays.
        let _ = self.0.signed_by.set(key.key_id());
        Ok(())
    }
}

impl Extensions {
    fn read(all: &[Extension]) -> Result<Self> {
        let mut read = Self::default();
        for (index, extension) in all.iter().enumerate() {
            let repeated = all.iter().take(index).any(|before| before.extn_id == extension.extn_id);
            if repeated {
                return Err(malformed(format!("extension `{}` stands twice", extension.extn_id)));
            }
            read.add(extension).map_err(malformed)?;
        }
        Ok(read)
    }

    fn add(&mut self, extension: &Extension) -> der::Result<()> {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            BasicConstraints::OID => self.basic = Some(BasicConstraints::from_der(value)?),
            KeyUsage::OID => self.usage = Some(KeyUsage::from_der(value)?),
            ExtendedKeyUsage::OID => self.extended_usage = ExtendedKeyUsage::from_der(value)?.0,
            SubjectAltName::OID => self.sans = read_sans(value)?,
            SubjectKeyIdentifier::OID => {
                self.subject_key = Some(SubjectKeyIdentifier::from_der(value)?.0.as_bytes().to_vec());
            }
            AuthorityKeyIdentifier::OID => {
                let identifier = AuthorityKeyIdentifier::from_der(value)?.key_identifier;
                self.authority_key = identifier.map(|identifier| identifier.as_bytes().to_vec());
            }
            unknown if extension.critical => {
                self.unknown_critical.get_or_insert(unknown);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The hosts in a SubjectAltName.
pub(super) fn read_sans(value: &[u8]) -> der::Result<Vec<San>> {
    Ok(SubjectAltName::from_der(value)?.0.iter().filter_map(San::from_general_name).collect())
}

fn label(name: &Name) -> String {
    label_of(&NameParts::of(name)).unwrap_or_else(|| crate::error::excerpt(&name.to_string()))
}

fn label_of(parts: &NameParts) -> Option<String> {
    match (&parts.cn, &parts.ou) {
        (Some(cn), Some(ou)) => Some(format!("{cn} ({ou})")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => parts.o.clone(),
    }
}

serde_as_base64_der!(Certificate, "certificate");

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl Hash for Certificate {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.fingerprint.hash(state);
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.label())
            .field("issuer", &self.issuer_label())
            .field("serial", &self.serial())
            .finish_non_exhaustive()
    }
}
