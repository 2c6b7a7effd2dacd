//! Certificate requests (PKCS#10, RFC 2986): a key with the proof that its sender holds it.

use std::fmt;
use std::sync::Arc;

use const_oid::AssociatedOid;
use der::asn1::{Any, BitString, SetOfVec};
use der::{Decode, Encode};
use x509_cert::attr::Attribute;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::request::{CertReq, CertReqInfo, ExtensionReq, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::certificate::{Signed, read_sans};
use super::issue::extension;
use super::names::{NameParts, San, Subject};
use crate::serde_text::serde_as_base64_der;
use crate::{Error, PublicKey, Result, SigningKey, Suite, pem_text};

const WHAT: &str = "certificate request";

fn malformed(error: impl fmt::Display) -> Error {
    Error::MalformedCertificate { what: WHAT, detail: error.to_string() }
}

/// A request whose own signature was found good: its sender holds the key. JSON form: base64 of its DER.
///
/// What it asks for is a wish; the authority decides the subject that it certifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr(Arc<Inner>);

#[derive(Debug, PartialEq, Eq)]
struct Inner {
    der: Vec<u8>,
    subject: Subject,
    key: PublicKey,
    sans: Vec<San>,
}

impl Csr {
    /// Makes a request for a key; `sans` are the hosts of a TLS certificate, empty otherwise.
    ///
    /// # Errors
    /// [`Error::SubjectField`] or [`Error::Host`] where a name cannot stand in a certificate; [`Error::Signing`].
    pub fn new(key: &SigningKey, subject: &Subject, sans: &[San]) -> Result<Self> {
        let encode = |_| Error::Signing("request does not fit DER");
        let info = CertReqInfo {
            version: Version::V1,
            subject: subject.to_name()?,
            public_key: SubjectPublicKeyInfoOwned::from_der(key.public_key().to_spki_der())
                .map_err(encode)?,
            attributes: attributes(sans)?,
        };
        let signature = key.sign(&info.to_der().map_err(encode)?)?.to_der()?;
        let request = CertReq {
            info,
            algorithm: algorithm(key.suite()),
            signature: BitString::from_bytes(&signature).map_err(encode)?,
        };
        Self::from_der(&request.to_der().map_err(encode)?)
    }

    /// Reads a request and checks its own signature.
    ///
    /// # Errors
    /// [`Error::MalformedCertificate`] where it is not PKCS#10 with CN, OU and O; [`Error::PublicKey`];
    /// [`Error::BadSignature`] or [`Error::WrongSuite`] where its sender does not hold the key.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        let outer = Signed::from_der(der).map_err(malformed)?;
        let content = outer.content.to_der().map_err(malformed)?;
        let info = CertReqInfo::from_der(&content).map_err(malformed)?;
        let key = PublicKey::from_spki_der(&info.public_key.to_der().map_err(malformed)?)?;
        key.verify(&content, &outer.read_signature(WHAT)?)?;
        let subject = NameParts::of(&info.subject).subject();
        let inner = Inner {
            der: der.to_vec(),
            subject: subject.ok_or_else(|| malformed("its subject lacks CN, OU or O"))?,
            key,
            sans: requested_sans(&info).map_err(malformed)?,
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Reads one PEM `CERTIFICATE REQUEST`.
    ///
    /// # Errors
    /// [`Error::Pem`], and those of [`Csr::from_der`].
    pub fn from_pem(text: &str) -> Result<Self> {
        Self::from_der(&pem_text::decode_one(pem_text::REQUEST, text)?)
    }

    /// Its DER.
    pub fn to_der(&self) -> &[u8] {
        &self.0.der
    }

    /// PEM `CERTIFICATE REQUEST`.
    pub fn to_pem(&self) -> String {
        pem_text::encode(pem_text::REQUEST, &self.0.der)
    }

    /// Whom the sender wants certified.
    pub fn subject(&self) -> &Subject {
        &self.0.subject
    }

    /// The key, which the sender holds.
    pub fn public_key(&self) -> &PublicKey {
        &self.0.key
    }

    /// The hosts that the sender wants certified.
    pub fn sans(&self) -> &[San] {
        &self.0.sans
    }
}

serde_as_base64_der!(Csr, "certificate request");

/// The signature algorithm's DER identifier; neither suite has parameters.
pub(super) fn algorithm(suite: Suite) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: suite.signature_oid(), parameters: None }
}

/// The attribute that asks for alternative names (RFC 2985, 5.4.2), or none.
fn attributes(sans: &[San]) -> Result<SetOfVec<Attribute>> {
    let mut attributes = SetOfVec::new();
    if sans.is_empty() {
        return Ok(attributes);
    }
    let names = sans.iter().map(San::to_general_name).collect::<Result<Vec<_>>>()?;
    let wanted = ExtensionReq(vec![extension(false, &SubjectAltName(names))?]);
    Attribute::try_from(wanted)
        .and_then(|attribute| attributes.insert(attribute))
        .map_err(|_| Error::Signing("request does not fit DER"))?;
    Ok(attributes)
}

fn requested_sans(info: &CertReqInfo) -> der::Result<Vec<San>> {
    let mut sans = Vec::new();
    let requests = info.attributes.iter().filter(|attribute| attribute.oid == ExtensionReq::OID);
    for value in requests.flat_map(|attribute| attribute.values.iter()) {
        for wanted in Any::decode_as::<ExtensionReq>(value)?.0 {
            if wanted.extn_id == SubjectAltName::OID {
                sans.extend(read_sans(wanted.extn_value.as_bytes())?);
            }
        }
    }
    Ok(sans)
}
