//! Issuing certificates: roots, CAs below them, and leaves, of either suite under either.

use const_oid::AssociatedOid;
use der::asn1::{BitString, ObjectIdentifier, OctetString};
use der::{Decode, Encode, Sequence};
use x509_cert::Version;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use super::names::{San, Subject, Validity};
use super::request::algorithm;
use super::verify::check_may_issue;
use super::{Certificate, Chain};
use crate::{Error, PublicKey, Result, SigningKey, random};

/// id-kp-serverAuth, id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280, 4.2.1.12).
pub(super) const SERVER_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
pub(super) const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
pub(super) const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// TBSCertificate (RFC 5280, 4.1) as it is written: x509-cert's own type is for reading.
#[derive(Sequence)]
pub(super) struct Tbs {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub version: Version,
    pub serial: SerialNumber,
    pub signature: AlgorithmIdentifierOwned,
    pub issuer: Name,
    pub validity: x509_cert::time::Validity,
    pub subject: Name,
    pub key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    pub extensions: Vec<Extension>,
}

/// Certificate (RFC 5280, 4.1) as it is written.
#[derive(Sequence)]
pub(super) struct Written {
    pub tbs: Tbs,
    pub algorithm: AlgorithmIdentifierOwned,
    pub signature: BitString,
}

/// What a leaf certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeafUse {
    /// Signing messages, tokens, windows and contracts.
    Sign,
    /// Being a TLS server and client.
    Tls,
}

/// What is certified, apart from who certifies it.
struct Wish<'a> {
    subject: &'a Subject,
    key: &'a PublicKey,
    validity: Validity,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Ca { path_len: Option<u8> },
    Leaf { sans: &'a [San], purpose: LeafUse },
}

/// Makes a self-signed root for a key, allowed to certify CAs to any depth.
///
/// # Errors
/// [`Error::SubjectField`] where a name cannot stand in a certificate; [`Error::Random`], [`Error::Signing`].
pub fn self_signed_ca(key: &SigningKey, subject: &Subject, validity: Validity) -> Result<Certificate> {
    let wish = Wish { subject, key: key.public_key(), validity, kind: Kind::Ca { path_len: None } };
    write(key, &subject.to_name()?, &wish)
}

/// One that issues certificates: a CA key with its certificate, and the chain above it.
#[derive(Clone, Debug)]
pub struct Authority {
    key: SigningKey,
    certificate: Certificate,
    /// What an issued chain carries above its leaf: empty for a root.
    above: Vec<Certificate>,
}

impl Authority {
    /// An authority whose certificate is itself a pinned root, so that issued chains leave it out.
    ///
    /// # Errors
    /// [`Error::KeyMismatch`], [`Error::NotCa`] or [`Error::KeyUsage`] where the certificate does not fit.
    pub fn root(key: SigningKey, certificate: Certificate) -> Result<Self> {
        Self::checked(key, certificate, Vec::new())
    }

    /// An authority that is certified by another; issued chains carry its own.
    ///
    /// # Errors
    /// As [`Authority::root`].
    pub fn intermediate(key: SigningKey, chain: Chain) -> Result<Self> {
        let certificate = chain.leaf().clone();
        Self::checked(key, certificate, chain.into())
    }

    fn checked(key: SigningKey, certificate: Certificate, above: Vec<Certificate>) -> Result<Self> {
        check_may_issue(&certificate)?;
        if key.public_key() != certificate.public_key() {
            return Err(Error::KeyMismatch { subject: certificate.label() });
        }
        Ok(Self { key, certificate, above })
    }

    /// Its own certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// What an issued chain carries above its leaf: empty for a root.
    pub fn above(&self) -> &[Certificate] {
        &self.above
    }

    /// Certifies a CA that may in turn certify CAs `path_len` deep (0: leaves only). The key also signs messages.
    /// The validity is cut where the authority's own certificate ends.
    ///
    /// # Errors
    /// [`Error::PathLen`] where the authority may not certify CAs so deep, [`Error::Validity`] where nothing of the
    /// period is left, [`Error::SubjectField`], [`Error::ChainTooLong`], [`Error::Random`].
    pub fn issue_ca(
        &self,
        subject: &Subject,
        key: &PublicKey,
        validity: Validity,
        path_len: u8,
    ) -> Result<Chain> {
        let found = usize::from(path_len) + 1;
        match self.certificate.path_len() {
            Some(limit) if found > usize::from(limit) => {
                Err(Error::PathLen { subject: self.certificate.label(), limit, found })
            }
            _ => self.issue(Wish { subject, key, validity, kind: Kind::Ca { path_len: Some(path_len) } }),
        }
    }

    /// Certifies a key that signs and certifies nothing: a service node's, connector's or organisation's. The
    /// validity is cut where the authority's own certificate ends.
    ///
    /// # Errors
    /// [`Error::Validity`] where nothing of the period is left, [`Error::SubjectField`], [`Error::Host`],
    /// [`Error::ChainTooLong`], [`Error::Random`].
    pub fn issue_leaf(
        &self,
        subject: &Subject,
        key: &PublicKey,
        validity: Validity,
        sans: &[San],
    ) -> Result<Chain> {
        self.issue_leaf_for(LeafUse::Sign, subject, key, validity, sans)
    }

    pub(crate) fn issue_leaf_for(
        &self,
        purpose: LeafUse,
        subject: &Subject,
        key: &PublicKey,
        validity: Validity,
        sans: &[San],
    ) -> Result<Chain> {
        self.issue(Wish { subject, key, validity, kind: Kind::Leaf { sans, purpose } })
    }

    fn issue(&self, mut wish: Wish<'_>) -> Result<Chain> {
        let not_after = wish.validity.not_after().min(self.certificate.not_after());
        wish.validity = Validity::new(wish.validity.not_before(), not_after)?;
        let issuer = Name::from_der(self.certificate.subject_der()).map_err(encode_error)?;
        let certificate = write(&self.key, &issuer, &wish)?;
        Chain::new(std::iter::once(certificate).chain(self.above.iter().cloned()).collect())
    }
}

fn encode_error(_: der::Error) -> Error {
    Error::Signing("certificate does not fit DER")
}

/// Builds one certificate.
fn write(issuer_key: &SigningKey, issuer: &Name, wish: &Wish<'_>) -> Result<Certificate> {
    let tbs = Tbs {
        version: Version::V3,
        serial: draw_serial()?,
        signature: algorithm(issuer_key.suite()),
        issuer: issuer.clone(),
        validity: wish.validity.to_x509()?,
        subject: wish.subject.to_name()?,
        key: SubjectPublicKeyInfoOwned::from_der(wish.key.to_spki_der()).map_err(encode_error)?,
        extensions: extensions(issuer_key.public_key(), wish)?,
    };
    seal(issuer_key, tbs)
}

/// Signs a certificate's content and reads the whole back.
pub(super) fn seal(issuer_key: &SigningKey, tbs: Tbs) -> Result<Certificate> {
    let signature = issuer_key.sign(&tbs.to_der().map_err(encode_error)?)?.to_der()?;
    let written = Written {
        algorithm: algorithm(issuer_key.suite()),
        signature: BitString::from_bytes(&signature).map_err(encode_error)?,
        tbs,
    };
    Certificate::from_der(&written.to_der().map_err(encode_error)?)
}

/// Sixteen random bytes, the first kept in 0x40..=0x7f: positive, of one length, 126 bits of chance.
fn draw_serial() -> Result<SerialNumber> {
    let mut bytes = [0; 16];
    random::fill(&mut bytes)?;
    if let Some(first) = bytes.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    SerialNumber::new(&bytes).map_err(encode_error)
}

fn extensions(issuer: &PublicKey, wish: &Wish<'_>) -> Result<Vec<Extension>> {
    let key_id = |key: &PublicKey| OctetString::new(key.key_id().as_bytes().as_slice()).map_err(encode_error);
    let authority = AuthorityKeyIdentifier { key_identifier: Some(key_id(issuer)?), ..Default::default() };
    let mut all =
        vec![extension(false, &SubjectKeyIdentifier(key_id(wish.key)?))?, extension(false, &authority)?];
    match wish.kind {
        Kind::Ca { path_len } => {
            let usage = KeyUsages::KeyCertSign | KeyUsages::CRLSign | KeyUsages::DigitalSignature;
            all.push(extension(true, &BasicConstraints { ca: true, path_len_constraint: path_len })?);
            all.push(extension(true, &KeyUsage(usage))?);
        }
        Kind::Leaf { sans, purpose } => {
            all.push(extension(true, &BasicConstraints { ca: false, path_len_constraint: None })?);
            all.extend(leaf_extensions(sans, purpose)?);
        }
    }
    Ok(all)
}

fn leaf_extensions(sans: &[San], purpose: LeafUse) -> Result<Vec<Extension>> {
    let mut all = vec![match purpose {
        LeafUse::Sign => extension(true, &KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation))?,
        LeafUse::Tls => extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
    }];
    if purpose == LeafUse::Tls {
        all.push(extension(false, &ExtendedKeyUsage(vec![SERVER_AUTH, CLIENT_AUTH]))?);
    }
    if !sans.is_empty() {
        let names = sans.iter().map(San::to_general_name).collect::<Result<Vec<_>>>()?;
        all.push(extension(false, &SubjectAltName(names))?);
    }
    Ok(all)
}

/// Wraps a value as an extension.
pub(super) fn extension<T: AssociatedOid + Encode>(critical: bool, value: &T) -> Result<Extension> {
    let extn_value = value.to_der().and_then(OctetString::new).map_err(encode_error)?;
    Ok(Extension { extn_id: T::OID, critical, extn_value })
}
