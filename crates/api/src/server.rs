//! Connections: accepting, HTTP/1.1, and stopping so that what is under way may end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use app::Node;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::body::Budget;
use crate::listen::{self, Listen, Tls};
use crate::{ServeError, Token, limits, routes};

/// How a node is served.
#[derive(Debug)]
pub struct ServeOptions {
    /// Where to listen.
    pub listen: Listen,
    /// The token that every management route asks for.
    pub token: Token,
    /// Certificate and key; without them the node listens on this machine only.
    pub tls: Option<Tls>,
    /// Routes beside the node's own, such as the console's pages. Their paths may not be the node's, and need no token.
    pub extra: Option<Router>,
}

/// A listener that is bound and serves nobody yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    token: Token,
    tls: Option<TlsAcceptor>,
    extra: Option<Router>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tls = self.tls.is_some();
        f.debug_struct("Server").field("address", &self.address).field("tls", &tls).finish_non_exhaustive()
    }
}

/// What every handler can reach.
#[derive(Clone)]
pub(crate) struct Edge {
    /// The node that is served.
    pub node: Node,
    /// Turns true when the listener is to stop; held answers end then.
    pub stopping: watch::Receiver<bool>,
    /// Room for the bodies of messages.
    pub budget: Budget,
}

impl axum::extract::FromRef<Edge> for Node {
    fn from_ref(edge: &Edge) -> Node {
        edge.node.clone()
    }
}

impl Edge {
    /// Is ready when the listener is to stop, or is gone.
    pub async fn stopped(&self) {
        let _ = self.stopping.clone().wait_for(|stop| *stop).await;
    }
}

impl Server {
    /// Binds the listener and reads the certificates.
    ///
    /// # Errors
    /// [`ServeError`]: the port is taken, the address may not be served in plain, a certificate cannot be used.
    pub async fn bind(options: ServeOptions) -> Result<Server, ServeError> {
        let tls = options.tls.as_ref().map(Tls::acceptor).transpose()?;
        let listener = listen::bind(options.listen, tls.is_some()).await?;
        let address = listen::local_address(&listener)?;
        Ok(Server { listener, address, token: options.token, tls, extra: options.extra })
    }

    /// The address that it is bound to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is ready. Then no connection is accepted any more, held feeds and waits end, and requests and
    /// deliveries under way get [`limits::STOP_TIME_MAX`] to end.
    pub async fn run(self, node: Node, stop: impl Future<Output = ()> + Send) {
        let (stopping, stopped) = watch::channel(false);
        let edge = Edge { node, stopping: stopped, budget: Budget::new(limits::BODIES_BYTES_MAX) };
        let router = routes::router(edge.clone(), self.token, self.extra);
        let acceptor = Acceptor { router, tls: self.tls, edge };
        let mut connections = JoinSet::new();
        tracing::info!(listen.address = %self.address, listen.tls = acceptor.tls.is_some(), "listening");
        tokio::select! {
            () = acceptor.accept_all(&self.listener, &mut connections) => {}
            () = stop => {}
        }
        drop(self.listener);
        stopping.send_replace(true);
        let ended = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(limits::STOP_TIME_MAX, ended).await.is_err() {
            tracing::warn!(
                connections.cut = connections.len(),
                "answers were still under way and are cut off"
            );
            connections.shutdown().await;
        }
    }
}

struct Acceptor {
    router: Router,
    tls: Option<TlsAcceptor>,
    edge: Edge,
}

impl Acceptor {
    /// Accepts for ever. Whatever is wrong with one connection does not end the others.
    async fn accept_all(&self, listener: &TcpListener, connections: &mut JoinSet<()>) {
        let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    while connections.try_join_next().is_some() {}
                    connections.spawn(self.connection(stream, place));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// One connection, from its handshake to its end.
    fn connection(&self, stream: TcpStream, place: OwnedSemaphorePermit) -> impl Future<Output = ()> + use<> {
        let (router, tls, edge) = (self.router.clone(), self.tls.clone(), self.edge.clone());
        async move {
            let _place = place;
            let _ = stream.set_nodelay(true);
            match tls {
                None => speak(stream, router, &edge).await,
                Some(tls) => {
                    match tokio::time::timeout(limits::HANDSHAKE_TIME_MAX, tls.accept(stream)).await {
                        Ok(Ok(stream)) => speak(stream, router, &edge).await,
                        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                        Err(_) => tracing::debug!("a TLS handshake took too long"),
                    }
                }
            }
        }
    }
}

/// Speaks HTTP/1.1 until the peer leaves or the node stops.
async fn speak<S>(stream: S, router: Router, edge: &Edge)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD_TIME_MAX)
        .max_header_size(limits::HEAD_BYTES_MAX)
        .max_headers(limits::HEADERS_MAX)
        .max_buf_size(limits::BUFFER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = edge.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests;
