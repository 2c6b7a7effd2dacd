//! Everything that can go wrong with keys, signatures and certificates.

use crate::Suite;

/// A refusal of this crate. `Display` is for the log; what a user reads comes from the interface's catalogue.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A suite was named that does not exist.
    #[error("unknown signature suite `{0}`: expected `sm` or `intl`")]
    UnknownSuite(String),

    /// Text that should be hexadecimal of a fixed length is not.
    #[error("malformed {what} `{text}`: expected {digits} hexadecimal digits")]
    MalformedHex {
        /// What was being read, such as `digest`.
        what: &'static str,
        /// The text as given, cut to a readable length.
        text: String,
        /// How many digits it must have.
        digits: usize,
    },

    /// Text that should be base64 is not.
    #[error("malformed {what}: expected base64")]
    MalformedBase64 {
        /// What was being read.
        what: &'static str,
    },

    /// A reference such as a signature or a key reference lacks its `suite:` prefix.
    #[error("malformed {what} `{text}`: expected `<suite>:<hexadecimal>`, such as `sm:0f3a…`")]
    MissingSuite {
        /// What was being read.
        what: &'static str,
        /// The text as given, cut to a readable length.
        text: String,
    },

    /// A PEM text is damaged, or holds another kind of object.
    #[error("malformed PEM: {detail}; expected `-----BEGIN {expected}-----`")]
    Pem {
        /// The label that was expected.
        expected: &'static str,
        /// What was found instead. Never contains key material.
        detail: String,
    },

    /// A private key cannot be read.
    #[error(
        "malformed private key: {0}; expected PKCS#8 with its public key, as `openssl genpkey` writes it for SM2 or P-256"
    )]
    PrivateKey(&'static str),

    /// A public key is of an unknown kind or not a point of its curve.
    #[error(
        "malformed public key: expected a SubjectPublicKeyInfo with an uncompressed point on SM2 or P-256"
    )]
    PublicKey,

    /// A log key is not 32 bytes of a valid Ed25519 point.
    #[error("malformed log key: expected an Ed25519 public key of 32 bytes")]
    LogKey,

    /// A signature has the wrong length or is not the DER form of two integers.
    #[error("malformed signature: expected {0}")]
    MalformedSignature(&'static str),

    /// The signature does not belong to this message and key.
    #[error("signature does not match: the message was changed, or another key signed it")]
    BadSignature,

    /// The signature or key is of the other suite.
    #[error("wrong suite `{found}`: expected `{expected}`")]
    WrongSuite {
        /// The suite that the verifier's key has.
        expected: Suite,
        /// The suite that was presented.
        found: Suite,
    },

    /// An object names another key than the one it is checked against.
    #[error(
        "signed by key `{found}`, but checked against `{expected}`: look up the key that the object names"
    )]
    WrongKey {
        /// The key of the verifier.
        expected: String,
        /// The key that the object names.
        found: String,
    },

    /// A signed object is of another type than the caller accepts.
    #[error("signed object of type `{found}`: expected `{expected}`")]
    WrongType {
        /// What the caller accepts.
        expected: String,
        /// What the object says it is; empty where it says nothing.
        found: String,
    },

    /// A body cannot be signed as an object.
    #[error("body cannot be signed: {0}")]
    Body(&'static str),

    /// A number would lose digits in canonical JSON.
    #[error(
        "number `{0}` cannot be signed exactly: integers must lie within ±(2^53 − 1); write it as a string"
    )]
    InexactNumber(String),

    /// A value cannot be turned into JSON or back.
    #[error("json: {0}")]
    Json(#[from] serde_json::Error),

    /// A certificate or request is not valid DER of its kind.
    #[error("malformed {what}: {detail}")]
    MalformedCertificate {
        /// `certificate` or `certificate request`.
        what: &'static str,
        /// Where it broke.
        detail: String,
    },

    /// A chain holds no certificate.
    #[error("empty certificate chain: expected the leaf first, then its issuers")]
    EmptyChain,

    /// A chain is longer than any that Weir issues.
    #[error("certificate chain of {found}: at most {max} certificates")]
    ChainTooLong {
        /// How many there were.
        found: usize,
        /// [`crate::cert::MAX_CHAIN`].
        max: usize,
    },

    /// A trust file holds no certificate.
    #[error("no trusted root: expected at least one certificate in the trust file")]
    NoRoot,

    /// The time lies after a certificate's end.
    #[error("certificate of `{subject}` expired at {not_after} (unix seconds), and it is {at}: renew it")]
    Expired {
        /// Whose certificate.
        subject: String,
        /// End of validity, unix seconds.
        not_after: i64,
        /// The time of the check, unix seconds.
        at: i64,
    },

    /// The time lies before a certificate's begin.
    #[error(
        "certificate of `{subject}` is valid from {not_before} (unix seconds), and it is {at}: check the clock"
    )]
    NotYetValid {
        /// Whose certificate.
        subject: String,
        /// Begin of validity, unix seconds.
        not_before: i64,
        /// The time of the check, unix seconds.
        at: i64,
    },

    /// No pinned root issued the chain's last certificate.
    #[error("certificate of `{subject}` was issued by `{issuer}`, which is not in the trust file")]
    UnknownIssuer {
        /// Whose certificate.
        subject: String,
        /// The issuer it names.
        issuer: String,
    },

    /// Two neighbours of a chain do not belong together.
    #[error(
        "certificate of `{subject}` names `{named}` as its issuer, but the next in the chain is `{found}`"
    )]
    IssuerMismatch {
        /// Whose certificate.
        subject: String,
        /// The issuer it names.
        named: String,
        /// The certificate that follows.
        found: String,
    },

    /// A certificate's signature is not its issuer's.
    #[error("certificate of `{subject}` does not carry a signature of `{issuer}`")]
    CertificateSignature {
        /// Whose certificate.
        subject: String,
        /// Who should have signed it.
        issuer: String,
    },

    /// An authority certified a member of another area, or what only the root certifies.
    #[error("the certificate of `{subject}` comes from `{issuer}`, which does not certify it")]
    ForeignIssuer {
        /// Whose certificate: an identifier.
        subject: String,
        /// The identifier of the authority that issued it.
        issuer: String,
    },

    /// A leaf certificate stands where a CA must.
    #[error("certificate of `{subject}` issued another one, but is not a CA certificate")]
    NotCa {
        /// Whose certificate.
        subject: String,
    },

    /// A certificate's key usage forbids what it was used for.
    #[error("certificate of `{subject}` lacks key usage `{usage}`")]
    KeyUsage {
        /// Whose certificate.
        subject: String,
        /// The usage that was needed, by its RFC 5280 name.
        usage: &'static str,
    },

    /// More CA certificates follow than an issuer allows.
    #[error("certificate of `{subject}` allows {limit} CA certificates below it, and there are {found}")]
    PathLen {
        /// Whose certificate.
        subject: String,
        /// Its pathLenConstraint.
        limit: u8,
        /// How many CA certificates stand below it.
        found: usize,
    },

    /// A critical extension that Weir does not know.
    #[error("certificate of `{subject}` has the critical extension `{oid}`, which is not understood")]
    CriticalExtension {
        /// Whose certificate.
        subject: String,
        /// The extension's object identifier.
        oid: String,
    },

    /// A certificate authority was given a certificate of another key.
    #[error("private key does not belong to the certificate of `{subject}`")]
    KeyMismatch {
        /// Whose certificate.
        subject: String,
    },

    /// A validity period ends before it begins or lies outside what X.509 can say.
    #[error("validity from {not_before} to {not_after} (unix seconds) is not a period")]
    Validity {
        /// Begin, unix seconds.
        not_before: i64,
        /// End, unix seconds.
        not_after: i64,
    },

    /// A field of a subject is empty, too long or has control characters.
    #[error(
        "subject field `{field}` cannot be `{value}`: expected 1 to {max} characters without control characters"
    )]
    SubjectField {
        /// `CN`, `OU` or `O`.
        field: &'static str,
        /// The value as given, cut to a readable length.
        value: String,
        /// The upper bound of RFC 5280, appendix A.
        max: usize,
    },

    /// A subject alternative name is neither an address nor a host name.
    #[error("malformed host `{0}`: expected a DNS name or an IP address")]
    Host(String),

    /// The system's random source failed.
    #[error("the system's random source failed")]
    Random,

    /// A library refused to sign or encode; cannot happen with keys that were accepted.
    #[error("signing failed: {0}")]
    Signing(&'static str),
}

/// Cuts a text of unknown origin to what an error message should repeat.
pub(crate) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
