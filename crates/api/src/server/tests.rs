//! Tests of the listener: addresses, TLS, connections and stopping.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::time::Duration;

use app::config::Role;
use axum::routing::get;
use crypto::Suite;
use crypto::cert::{Authority, Subject, Validity, self_signed_ca};
use hyper::StatusCode;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;

use super::*;
use crate::testing::{Served, TOKEN, exchange, request};

fn options(listen: Listen) -> ServeOptions {
    ServeOptions { listen, token: Token::new(TOKEN).unwrap(), tls: None, extra: None }
}

fn anywhere() -> Listen {
    Listen::Address(SocketAddr::from(([127, 0, 0, 1], 0)))
}

#[tokio::test]
async fn a_taken_port_is_named_with_the_way_out() {
    let first = Server::bind(options(anywhere())).await.unwrap();
    let error = Server::bind(options(Listen::Address(first.address()))).await.unwrap_err();
    let expected = format!(
        "port {} of 127.0.0.1 is taken: stop the process that listens there, or choose another port with `listen`",
        first.address().port()
    );
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn plain_http_is_for_this_machine_only() {
    for address in ["0.0.0.0:0", "192.0.2.1:80", "[::]:0"] {
        let error = Server::bind(options(Listen::Address(address.parse().unwrap()))).await.unwrap_err();
        assert!(matches!(error, ServeError::PlainHttp { .. }), "{address}: {error}");
        assert!(error.to_string().contains("give the node `tls`, or listen on 127.0.0.1"), "{error}");
    }
    let bound = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let error = Server::bind(options(Listen::Bound(bound))).await.unwrap_err();
    assert!(matches!(error, ServeError::PlainHttp { .. }), "{error}");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_named() {
    let tls = |cert: &str, key: &str, roots: Option<&str>| Tls {
        cert_pem: cert.to_owned(),
        key_pem: key.to_owned(),
        client_roots_pem: roots.map(str::to_owned),
    };
    let good = certified();
    for (tls, part) in [
        (tls("", &good.key_pem, None), "certificate"),
        (tls(&good.cert_pem, "-----BEGIN NOTHING-----", None), "private key"),
        (tls(&good.cert_pem, &good.key_pem, Some("")), "client roots"),
        (tls(&good.cert_pem, &certified().key_pem, None), "certificate"),
    ] {
        let error = Server::bind(ServeOptions { tls: Some(tls), ..options(anywhere()) }).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("{part} cannot be used for TLS")), "{error}");
    }
    assert!(!format!("{good:?}").contains("PRIVATE"));
}

/// A certificate for 127.0.0.1 that is its own root's leaf; the root is the last of the chain.
fn certified() -> Tls {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let validity = || Validity::days(i64::try_from(now).unwrap() - 60, 30).unwrap();
    let subject = |cn: &str| Subject { cn: cn.to_owned(), ou: "tls".to_owned(), o: "堰".to_owned() };
    let root_key = crypto::SigningKey::generate(Suite::Intl).unwrap();
    let root = self_signed_ca(&root_key, &subject("root.test"), validity()).unwrap();
    let authority = Authority::root(root_key, root.clone()).unwrap();
    let key = crypto::tls::generate_key().unwrap();
    let sans = ["127.0.0.1".parse().unwrap()];
    let leaf =
        crypto::tls::issue_tls_leaf(&authority, &subject("127.0.0.1"), key.public_key(), validity(), &sans);
    Tls {
        cert_pem: format!("{}{}", leaf.unwrap().to_pem(), root.to_pem()),
        key_pem: key.to_pkcs8_pem().unwrap().to_string(),
        client_roots_pem: Some(root.to_pem()),
    }
}

/// Runs a server for the node of `served` beside its own; ends when the sender is dropped.
async fn run(
    served: &Served,
    options: ServeOptions,
) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let server = Server::bind(options).await.unwrap();
    let (address, node) = (server.address(), served.node.clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move { server.run(node, async move { drop(stopped.await) }).await });
    (address, stop, task)
}

#[tokio::test]
async fn tls_is_spoken_with_the_certificate_given() {
    let served = Served::of(Role::Host).await;
    let tls = certified();
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(tls.client_roots_pem.as_deref().unwrap().as_bytes()) {
        roots.add(root.unwrap()).unwrap();
    }
    let (address, _stop, _task) = run(&served, ServeOptions { tls: Some(tls), ..options(anywhere()) }).await;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = TcpStream::connect(address).await.unwrap();
    let stream = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
    let answer = exchange(stream, request("GET", "/weir/v1/time", &[], b"")).await;
    assert_eq!(answer.status, StatusCode::OK);

    // Plain bytes on that port get no answer of HTTP.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /weir/v1/time HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn extra_routes_stand_beside_the_nodes_own_and_need_no_token() {
    let served = Served::of(Role::Host).await;
    let extra = Router::new().route("/", get(|| async { "the page" })).fallback(|| async { "not this" });
    let (address, _stop, _task) =
        run(&served, ServeOptions { extra: Some(extra), ..options(anywhere()) }).await;
    let call = |path: &'static str| async move {
        exchange(TcpStream::connect(address).await.unwrap(), request("GET", path, &[], b"")).await
    };
    assert_eq!(call("/").await.body, "the page");
    assert_eq!(call("/weir/v1/time").await.status, StatusCode::OK);
    assert_eq!(call("/manage/v1/status").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(call("/elsewhere").await.json()["code"], "200007");
}

#[tokio::test]
async fn one_connection_takes_many_requests() {
    let served = Served::of(Role::Host).await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /weir/v1/time HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut answer = vec![0; 4096];
        let read = stream.read(&mut answer).await.unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_ends_its_connection_only() {
    let served = Served::of(Role::Host).await;
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\na b: c\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
    }
    assert_eq!(served.call("GET", "/weir/v1/time", "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_under_way_ends_and_no_new_one_is_taken() {
    let served = Served::of(Role::Host).await;
    let (entered, inside) = oneshot::channel::<()>();
    let (finish, finished) = oneshot::channel::<()>();
    let once = std::sync::Mutex::new(Some((entered, finished)));
    let once = Arc::new(once);
    let slow = get(move || {
        let taken = once.lock().unwrap().take();
        async move {
            let (entered, finished) = taken.unwrap();
            entered.send(()).unwrap();
            finished.await.unwrap();
            "whole"
        }
    });
    let extra = Some(Router::new().route("/slow", slow));
    let (address, stop, task) = run(&served, ServeOptions { extra, ..options(anywhere()) }).await;
    let stream = TcpStream::connect(address).await.unwrap();
    let asked = tokio::spawn(exchange(stream, request("GET", "/slow", &[], b"")));
    inside.await.unwrap();
    drop(stop);
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    finish.send(()).unwrap();
    assert_eq!(asked.await.unwrap().body, "whole");
    tokio::time::timeout(Duration::from_secs(4), task)
        .await
        .expect("stops at once when nothing is under way")
        .unwrap();
}
