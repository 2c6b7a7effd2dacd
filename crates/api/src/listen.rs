//! The socket that a node listens on: plain on this machine, TLS everywhere else.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::ServeError;

/// Where to listen.
#[derive(Debug)]
pub enum Listen {
    /// On this address; port 0 takes any that is free.
    Address(SocketAddr),
    /// On a socket that is bound already.
    Bound(TcpListener),
}

/// Certificate and key of a node that ends TLS itself; all PEM. `Debug` does not print the key.
#[derive(Clone)]
pub struct Tls {
    /// The certificate chain, leaf first.
    pub cert_pem: String,
    /// Its private key.
    pub key_pem: String,
    /// Roots of client certificates. A client that presents a certificate must then have one of theirs; one that presents none is let in, since every message is signed anyway.
    pub client_roots_pem: Option<String>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("client_roots_pem", &self.client_roots_pem.is_some())
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// What accepts connections with this certificate.
    ///
    /// # Errors
    /// [`ServeError::Tls`] naming the part that cannot be used.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, ServeError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let wrong_certificate = |error: rustls::Error| wrong("certificate", error);
        let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(wrong_certificate)?;
        let builder = match &self.client_roots_pem {
            None => builder.with_no_client_auth(),
            Some(pem) => builder.with_client_cert_verifier(client_verifier(pem, provider)?),
        };
        let key = PrivateKeyDer::from_pem_slice(self.key_pem.as_bytes())
            .map_err(|error| wrong("private key", error))?;
        let chain = certificates("certificate", &self.cert_pem)?;
        let mut config = builder.with_single_cert(chain, key).map_err(wrong_certificate)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn client_verifier(
    pem: &str,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, ServeError> {
    const PART: &str = "client roots";
    let mut roots = RootCertStore::empty();
    for root in certificates(PART, pem)? {
        roots.add(root).map_err(|error| wrong(PART, error))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| wrong(PART, error))
}

fn certificates(part: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let all = all.map_err(|error| wrong(part, error))?;
    if all.is_empty() {
        return Err(wrong(part, "it holds no certificate"));
    }
    Ok(all)
}

fn wrong(part: &'static str, reason: impl std::fmt::Display) -> ServeError {
    ServeError::Tls { part, reason: reason.to_string() }
}

/// Binds, unless that would offer plain HTTP to other machines.
///
/// # Errors
/// [`ServeError`] that names address and way out.
pub(crate) async fn bind(listen: Listen, has_tls: bool) -> Result<TcpListener, ServeError> {
    let listener = match listen {
        Listen::Address(address) => {
            refuse_plain(address, has_tls)?;
            TcpListener::bind(address).await.map_err(|source| not_bound(address, source))?
        }
        Listen::Bound(listener) => listener,
    };
    refuse_plain(local_address(&listener)?, has_tls)?;
    Ok(listener)
}

/// The address that a listener has.
///
/// # Errors
/// [`ServeError::Listen`] where the system does not know.
pub(crate) fn local_address(listener: &TcpListener) -> Result<SocketAddr, ServeError> {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    listener.local_addr().map_err(|source| ServeError::Listen { address: nowhere, source })
}

fn refuse_plain(address: SocketAddr, has_tls: bool) -> Result<(), ServeError> {
    if has_tls || address.ip().is_loopback() { Ok(()) } else { Err(ServeError::PlainHttp { address }) }
}

fn not_bound(address: SocketAddr, source: std::io::Error) -> ServeError {
    match source.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::PortTaken { address },
        std::io::ErrorKind::PermissionDenied => ServeError::PortReserved { address },
        _ => ServeError::Listen { address, source },
    }
}
