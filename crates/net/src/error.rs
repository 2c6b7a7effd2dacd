//! Everything that can go wrong between this node and a peer, told apart as far as the caller's next step differs.

use std::error::Error as StdError;
use std::net::IpAddr;
use std::time::Duration;

use crate::AddressKind;

/// Why a request did not bring its answer.
///
/// [`NetError::is_transient`] says whether the same request may succeed later.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The address is no URL that this client speaks.
    #[error("cannot use `{url}` as an address: {reason}; expected one such as `https://node.example:8443`")]
    BadUrl {
        /// The text that was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Plain HTTP to another machine.
    #[error(
        "refused plain http to `{host}`, which is not this machine: give the peer a certificate and use https"
    )]
    PlainHttp {
        /// The host of the URL.
        host: String,
    },
    /// The target's address is one that the rules exclude.
    #[error(
        "refused `{host}`: {address} is a {kind} address; set `allow_private = true` if this peer is meant to be there"
    )]
    AddressRefused {
        /// The host of the URL.
        host: String,
        /// The address that it has.
        address: IpAddr,
        /// What kind of address that is.
        kind: AddressKind,
    },
    /// The name has no address.
    #[error("cannot find the address of `{host}`: check the name, or the resolver of this machine")]
    Unresolved {
        /// The host of the URL.
        host: String,
        /// What the resolver said.
        #[source]
        source: std::io::Error,
    },
    /// Nobody accepts connections there: the peer is down, or a firewall stands between.
    #[error("cannot connect to `{host}`: the peer is down or does not listen there")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The peer took longer than the limit.
    #[error("`{host}` took longer than {} ms to {waited_for}: try again, or raise the limit", limit.as_millis())]
    Timeout {
        /// Host and port.
        host: String,
        /// What was waited for: `connect`, `answer` or `send the next bytes`.
        waited_for: &'static str,
        /// The limit that was passed.
        limit: Duration,
    },
    /// The peer's certificate, or ours, was not accepted.
    #[error("no trusted connection to `{host}`: {reason}; check the pinned roots and the peer's certificate")]
    Tls {
        /// Host and port.
        host: String,
        /// What the TLS library said.
        reason: String,
    },
    /// The answer is longer than the limit.
    #[error("the answer of `{host}` is larger than the limit of {limit} bytes (`response_body_bytes_max`)")]
    TooLarge {
        /// Host and port.
        host: String,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The peer sent the request elsewhere, where we do not follow.
    #[error("`{host}` redirects to `{to}`: not followed; configure the peer's own address")]
    Redirected {
        /// Host and port.
        host: String,
        /// The address that the peer named, without query.
        to: String,
    },
    /// The peer answered with a status that is no success (see [`crate::Response::success`]).
    #[error("`{host}` answered with status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// The connection broke after it was established.
    #[error("the connection to `{host}` broke: try again")]
    Broken {
        /// Host and port.
        host: String,
        /// What the HTTP library said.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// A header that cannot be sent.
    #[error("cannot send the header `{name}`: its name or value has characters that HTTP does not allow")]
    BadHeader {
        /// The name as given; the value may be a secret and is not repeated.
        name: String,
    },
    /// The client's own configuration is unusable.
    #[error("cannot set up the http client: {0}")]
    Setup(String),
}

impl NetError {
    /// Whether the same request may succeed later without a change on our side.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Broken { .. } => true,
            Self::Status { status, .. } => *status >= 500 || *status == 429 || *status == 408,
            Self::BadUrl { .. }
            | Self::PlainHttp { .. }
            | Self::AddressRefused { .. }
            | Self::Tls { .. }
            | Self::TooLarge { .. }
            | Self::Redirected { .. }
            | Self::BadHeader { .. }
            | Self::Setup(_) => false,
        }
    }

    /// Whether the request certainly did not reach the peer.
    pub fn never_sent(&self) -> bool {
        match self {
            Self::BadUrl { .. }
            | Self::PlainHttp { .. }
            | Self::AddressRefused { .. }
            | Self::Unresolved { .. }
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::BadHeader { .. }
            | Self::Setup(_) => true,
            Self::Timeout { waited_for, .. } => *waited_for == CONNECT,
            Self::TooLarge { .. } | Self::Redirected { .. } | Self::Status { .. } | Self::Broken { .. } => {
                false
            }
        }
    }
}

/// The phases of [`NetError::Timeout`].
pub(crate) const CONNECT: &str = "connect";
pub(crate) const ANSWER: &str = "answer";
pub(crate) const NEXT_BYTES: &str = "send the next bytes";

/// The limits that were in force, to be named in an error.
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
}

/// Tells apart what the HTTP library reports as one type.
pub(crate) fn classify(host: &str, error: reqwest::Error, limits: &Limits) -> NetError {
    let host = host.to_owned();
    if let Some(reason) = find(&error, tls_reason) {
        return NetError::Tls { host, reason };
    }
    let (timeout, connect) = (error.is_timeout(), error.is_connect());
    match (timeout, connect) {
        (true, true) => NetError::Timeout { host, waited_for: CONNECT, limit: limits.connect },
        (true, false) => NetError::Timeout { host, waited_for: ANSWER, limit: limits.answer },
        (false, true) => match find(&error, own_refusal) {
            Some(refusal) => refusal,
            None => NetError::Unreachable { host, source: error.without_url().into() },
        },
        (false, false) => NetError::Broken { host, source: error.without_url().into() },
    }
}

/// The first answer of `look` along the chain of sources, looking inside I/O errors as well.
fn find<T>(error: &(dyn StdError + 'static), look: fn(&(dyn StdError + 'static)) -> Option<T>) -> Option<T> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = look(current) {
            return Some(found);
        }
        // An I/O error's `source` skips the error that it wraps.
        let inner = current.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find(inner, look)) {
            return Some(found);
        }
        next = current.source();
    }
    None
}

fn tls_reason(error: &(dyn StdError + 'static)) -> Option<String> {
    error.downcast_ref::<rustls::Error>().map(ToString::to_string)
}

/// The refusal of our own resolver, copied out of the library's error.
fn own_refusal(error: &(dyn StdError + 'static)) -> Option<NetError> {
    match error.downcast_ref::<NetError>()? {
        NetError::AddressRefused { host, address, kind } => {
            Some(NetError::AddressRefused { host: host.clone(), address: *address, kind: *kind })
        }
        NetError::PlainHttp { host } => Some(NetError::PlainHttp { host: host.clone() }),
        NetError::Unresolved { host, source } => Some(NetError::Unresolved {
            host: host.clone(),
            source: std::io::Error::new(source.kind(), source.to_string()),
        }),
        _ => None,
    }
}
