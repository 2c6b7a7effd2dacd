//! Checking a chain against pinned roots (RFC 5280, 6.1, without policies and name constraints).

use super::issue::{ANY_USAGE, CLIENT_AUTH, SERVER_AUTH};
use super::{Certificate, Chain, LeafUse};
use crate::{Error, PublicKey, Result, pem_text};

/// The pinned trust: self-signed certificates, as a trust file holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots(Vec<Certificate>);

/// What a successful check says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The certificate that the chain is about.
    pub leaf: Certificate,
    /// The pinned root that vouches for it.
    pub root: Certificate,
    /// The last second at which the whole path is valid, unix time.
    pub valid_until: i64,
}

impl Verified {
    /// The leaf's key.
    pub fn public_key(&self) -> &PublicKey {
        self.leaf.public_key()
    }

    /// The identifier that the leaf was certified for.
    pub fn id(&self) -> Option<&str> {
        self.leaf.subject_ou()
    }
}

impl Roots {
    /// Takes certificates that the operator trusts.
    ///
    /// # Errors
    /// [`Error::NoRoot`] where there is none; [`Error::NotCa`], [`Error::KeyUsage`] or [`Error::CertificateSignature`]
    /// where one is not a self-signed CA certificate. Validity is checked when a chain is.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self> {
        if certificates.is_empty() {
            return Err(Error::NoRoot);
        }
        for root in &certificates {
            check_may_issue(root)?;
            check_link(root, root)?;
        }
        Ok(Self(certificates))
    }

    /// Reads one or several PEM certificates.
    ///
    /// # Errors
    /// [`Error::Pem`], and those of [`Certificate::from_der`] and [`Roots::new`].
    pub fn from_pem(text: &str) -> Result<Self> {
        let blocks = pem_text::decode_all(pem_text::CERTIFICATE, text)?;
        Self::new(blocks.iter().map(|der| Certificate::from_der(der)).collect::<Result<_>>()?)
    }

    /// PEM of all roots.
    pub fn to_pem(&self) -> String {
        self.0.iter().map(Certificate::to_pem).collect()
    }

    /// The roots.
    pub fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// Checks a chain at a moment in unix seconds: every certificate's validity and critical extensions; each
    /// issuer's CA flag, key usage and path length; names, key identifiers and signatures up to a pinned root. The
    /// leaf may be a CA certificate (function nodes sign messages with their certified key), and a chain may be a
    /// root alone, or end with one. A leaf that is certified for other purposes only, such as TLS, signs nothing.
    ///
    /// # Errors
    /// The refusal of the first certificate that fails, from the root downwards, so that no signature of an
    /// untrusted key is ever looked at before its issuer is known to be good.
    pub fn verify(&self, chain: &Chain, at: i64) -> Result<Verified> {
        self.verify_for(LeafUse::Sign, chain, at)
    }

    /// Like [`Roots::verify`], for a TLS certificate: its extended key usage must allow server and client. Whether it
    /// fits the host is left to the TLS library.
    ///
    /// # Errors
    /// Those of [`Roots::verify`].
    pub fn verify_tls(&self, chain: &Chain, at: i64) -> Result<Verified> {
        self.verify_for(LeafUse::Tls, chain, at)
    }

    fn verify_for(&self, purpose: LeafUse, chain: &Chain, at: i64) -> Result<Verified> {
        let mut path: Vec<&Certificate> = chain.iter().collect();
        if let Some(root) = path.last().and_then(|last| self.pinned(last)) {
            path.pop();
            return verify_path(root, &path, purpose, at);
        }
        let root = path.last().map_or(Err(Error::EmptyChain), |last| self.issuer_of(last))?;
        verify_path(root, &path, purpose, at)
    }

    fn pinned(&self, certificate: &Certificate) -> Option<&Certificate> {
        self.0.iter().find(|root| *root == certificate)
    }

    fn issuer_of(&self, certificate: &Certificate) -> Result<&Certificate> {
        self.0.iter().find(|root| certificate.names_issuer(root)).ok_or_else(|| Error::UnknownIssuer {
            subject: certificate.label(),
            issuer: certificate.issuer_label().to_owned(),
        })
    }
}

/// Checks a path below a root; `path` runs from the leaf upwards and is empty where the root stands for itself.
fn verify_path(root: &Certificate, path: &[&Certificate], purpose: LeafUse, at: i64) -> Result<Verified> {
    let mut issuer = root;
    check_alone(root, at)?;
    let mut valid_until = root.not_after();
    for (below, certificate) in path.iter().enumerate().rev() {
        check_may_issue(issuer)?;
        check_path_len(issuer, below)?;
        check_link(certificate, issuer)?;
        check_alone(certificate, at)?;
        valid_until = valid_until.min(certificate.not_after());
        issuer = certificate;
    }
    // After the last turn the "issuer" is the leaf itself.
    check_may_sign(issuer)?;
    check_purpose(issuer, purpose)?;
    Ok(Verified { leaf: issuer.clone(), root: root.clone(), valid_until })
}

/// What a certificate must fulfil wherever it stands.
fn check_alone(certificate: &Certificate, at: i64) -> Result<()> {
    if at < certificate.not_before() {
        let not_before = certificate.not_before();
        return Err(Error::NotYetValid { subject: certificate.label(), not_before, at });
    }
    if at > certificate.not_after() {
        let not_after = certificate.not_after();
        return Err(Error::Expired { subject: certificate.label(), not_after, at });
    }
    match certificate.extensions().unknown_critical {
        Some(oid) => Err(Error::CriticalExtension { subject: certificate.label(), oid: oid.to_string() }),
        None => Ok(()),
    }
}

/// What an issuer must be: a CA, allowed to sign certificates.
pub(super) fn check_may_issue(issuer: &Certificate) -> Result<()> {
    if !issuer.is_ca() {
        return Err(Error::NotCa { subject: issuer.label() });
    }
    match issuer.extensions().usage.is_none_or(|usage| usage.key_cert_sign()) {
        true => Ok(()),
        false => Err(Error::KeyUsage { subject: issuer.label(), usage: "keyCertSign" }),
    }
}

fn check_may_sign(leaf: &Certificate) -> Result<()> {
    match leaf.extensions().usage.is_none_or(|usage| usage.digital_signature()) {
        true => Ok(()),
        false => Err(Error::KeyUsage { subject: leaf.label(), usage: "digitalSignature" }),
    }
}

/// The leaf's extended key usage, where it has one (RFC 5280, 4.2.1.12): signing messages has no identifier of its own.
fn check_purpose(leaf: &Certificate, purpose: LeafUse) -> Result<()> {
    let allowed = &leaf.extensions().extended_usage;
    let needed: &[(_, &'static str)] = match purpose {
        LeafUse::Sign => &[(ANY_USAGE, "anyExtendedKeyUsage")],
        LeafUse::Tls => &[(SERVER_AUTH, "serverAuth"), (CLIENT_AUTH, "clientAuth")],
    };
    let missing = needed.iter().find(|(oid, _)| !allowed.contains(oid));
    match missing.filter(|_| !allowed.is_empty() && !allowed.contains(&ANY_USAGE)) {
        Some((_, usage)) => Err(Error::KeyUsage { subject: leaf.label(), usage }),
        None => Ok(()),
    }
}

/// `below` is how many certificates stand under the one that is issued: all of them but the leaf are CAs, so it is
/// also how many CA certificates stand between the issuer and the leaf.
fn check_path_len(issuer: &Certificate, below: usize) -> Result<()> {
    match issuer.path_len() {
        Some(limit) if below > usize::from(limit) => {
            Err(Error::PathLen { subject: issuer.label(), limit, found: below })
        }
        _ => Ok(()),
    }
}

fn check_link(certificate: &Certificate, issuer: &Certificate) -> Result<()> {
    if !certificate.names_issuer(issuer) {
        return Err(Error::IssuerMismatch {
            subject: certificate.label(),
            named: certificate.issuer_label().to_owned(),
            found: issuer.label(),
        });
    }
    certificate.check_signature(issuer)
}
