//! Why a node does not listen.

use std::net::SocketAddr;

/// Why the listener could not be set up. Once it listens, errors end connections, not the listener.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error(
        "port {} of {} is taken: stop the process that listens there, or choose another port with `listen`",
        address.port(),
        address.ip()
    )]
    PortTaken {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The system reserves the port.
    #[error(
        "port {} of {} needs more rights than this process has: choose one above 1023 with `listen`",
        address.port(),
        address.ip()
    )]
    PortReserved {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address is none of this machine's, or the system refuses for another reason.
    #[error("cannot listen on `{address}`: {source}; choose an address of this machine with `listen`")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Plain HTTP is for this machine alone.
    #[error(
        "`{address}` can be reached from other machines, and there is no certificate: give the node `tls`, or listen on 127.0.0.1"
    )]
    PlainHttp {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The certificate, its key or the client roots cannot be used.
    #[error("{part} cannot be used for TLS: {reason}; expected PEM")]
    Tls {
        /// Which part: `certificate`, `private key`, `client roots`.
        part: &'static str,
        /// What is wrong with it. Never contains key material.
        reason: String,
    },
    /// A token that anybody could guess.
    #[error(
        "the administrator's token is too short: its length is {length}, at least {least} characters are needed; `weir init` makes one"
    )]
    WeakToken {
        /// How long it is.
        length: usize,
        /// How long it has to be.
        least: usize,
    },
}
