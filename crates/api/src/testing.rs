//! A node of its own for each test, served on this machine, and a client that can send anything.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;

use app::config::{Limits, NodeConfig, Role};
use app::entropy::OsEntropy;
use app::{Node, Parts};
use bytes::Bytes;
use crypto::Suite;
use domain::Timestamp;
use domain::engine::ManualClock;
use http_body_util::{BodyExt as _, Full};
use hyper::header::HeaderMap;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use store::{Store, StoreOptions, StoreUrl};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Listen, ServeOptions, Server, Token};

/// The token of every node under test.
pub const TOKEN: &str = "0123456789abcdef-the-token";
/// A subject code whose check digit is right.
pub const SUBJECT: &str = "91110000600037341L";
/// Another one.
pub const OTHER_SUBJECT: &str = "91310000MA1FL4B24G";
/// When it is: 2026-01-01T00:00:00Z.
pub const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);

/// A node that is served.
pub struct Served {
    pub node: Node,
    pub address: SocketAddr,
    pub clock: Arc<ManualClock>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answered {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header `{name}`")).to_str().unwrap()
    }
}

impl Served {
    /// A node of the role that has not joined anybody.
    pub async fn of(role: Role) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let clock = Arc::new(ManualClock::new(NOW));
        let client =
            net::Client::new(net::ClientOptions { allow_private: true, ..Default::default() }).unwrap();
        let node = Node::open(Parts {
            config: NodeConfig {
                role,
                name: format!("测试 {}", role.as_str()),
                address: format!("http://{address}"),
                suite: Suite::Intl,
                folder: folder.path().to_owned(),
                limits: Limits::default(),
            },
            store: Store::open(&StoreUrl::SqliteMemory, StoreOptions::default()).await.unwrap(),
            client,
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            search: None,
        })
        .await
        .unwrap();
        let options = ServeOptions {
            listen: Listen::Bound(listener),
            token: Token::new(TOKEN).unwrap(),
            tls: None,
            extra: None,
        };
        let server = Server::bind(options).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = node.clone();
        let task = tokio::spawn(async move {
            let stopped = async move { drop(stopped.await) };
            server.run(served, stopped).await;
        });
        Served { node, address, clock, stop: Some(stop), task, _folder: folder }
    }

    /// A global node with its identity.
    pub async fn global() -> Served {
        let served = Served::of(Role::Global).await;
        app::identity::create_global(&served.node, SUBJECT, "1100").await.unwrap();
        served
    }

    /// A node of the role that joined `upstream`, which registers such.
    pub async fn joined(role: Role, upstream: &Served, subject: &str, area: Option<&str>) -> Served {
        let served = Served::of(role).await;
        let new = app::identity::NewOrganisation {
            subject: subject.to_owned(),
            name: "试验单位".to_owned(),
            runs: role.as_str().to_owned(),
            area: area.map(str::to_owned),
        };
        let code = app::identity::register_organisation(&upstream.node, new).await.unwrap().code;
        app::identity::join(&served.node, app::identity::JoinOrder { code, name: None }).await.unwrap();
        served
    }

    /// Calls without a token.
    pub async fn call(&self, method: &str, path: &str, body: &str) -> Answered {
        self.send(method, path, &[], body.as_bytes()).await
    }

    /// Calls with the token.
    pub async fn manage(&self, method: &str, path: &str, body: &str) -> Answered {
        let bearer = format!("Bearer {TOKEN}");
        self.send(method, path, &[("authorization", bearer.as_bytes())], body.as_bytes()).await
    }

    /// Calls with any headers.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Answered {
        let stream = TcpStream::connect(self.address).await.unwrap();
        exchange(stream, request(method, path, headers, body)).await
    }

    /// Tells the listener to stop and waits until it has.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        self.task.await.unwrap();
    }
}

/// A request as hyper sends it.
pub fn request(method: &str, path: &str, headers: &[(&str, &[u8])], body: &[u8]) -> Request<Full<Bytes>> {
    let mut builder = Request::builder()
        .method(Method::from_bytes(method.as_bytes()).unwrap())
        .uri(path)
        .header("host", "localhost");
    for (name, value) in headers {
        builder = builder.header(*name, hyper::header::HeaderValue::from_bytes(value).unwrap());
    }
    builder.body(Full::new(Bytes::copy_from_slice(body))).unwrap()
}

/// Sends one request over a connection of its own and reads the whole answer.
pub async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Answered
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    drop(sender);
    connection.abort();
    Answered { status: parts.status, headers: parts.headers, body }
}

/// JSON with the values of these fields, at any depth, replaced by their name.
pub fn redacted(mut value: Value, names: &[&str]) -> String {
    redact(&mut value, names);
    serde_json::to_string_pretty(&value).unwrap()
}

fn redact(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if names.contains(&name.as_str()) && !value.is_null() {
                    *value = Value::from(format!("[{name}]"));
                } else {
                    redact(value, names);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, names)),
        _ => {}
    }
}
