//! The client against peers on this machine: real sockets, hand-written answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Client, ClientOptions, NetError};

/// What a peer answers, byte by byte; afterwards the connection is kept, closed or left hanging.
#[derive(Clone)]
enum Answer {
    Keep(String),
    Close(String),
    Hang(String),
}

/// A request as the peer read it.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    head: String,
    body: String,
}

struct Peer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    /// Answers the requests of each path as `answers` says.
    async fn start(answers: fn(&str) -> Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            seen: Arc::default(),
        };
        let (connections, seen) = (Arc::clone(&peer.connections), Arc::clone(&peer.seen));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket, answers, Arc::clone(&seen)));
            }
        });
        peer
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().unwrap().clone()
    }
}

async fn serve(
    mut socket: impl AsyncRead + AsyncWrite + Unpin,
    answers: fn(&str) -> Answer,
    seen: Arc<Mutex<Vec<Seen>>>,
) {
    while let Some(request) = read_request(&mut socket).await {
        let path = request.head.split(' ').nth(1).unwrap().to_owned();
        seen.lock().unwrap().push(request);
        let (text, keep) = match answers(&path) {
            Answer::Keep(text) => (text, true),
            Answer::Close(text) => (text, false),
            Answer::Hang(text) => {
                socket.write_all(text.as_bytes()).await.unwrap();
                std::future::pending::<()>().await;
                return;
            }
        };
        if socket.write_all(text.as_bytes()).await.is_err() || !keep {
            return;
        }
    }
}

async fn read_request(socket: &mut (impl AsyncRead + Unpin)) -> Option<Seen> {
    let mut text = Vec::new();
    loop {
        if let Some(end) = text.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(text[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.parse().unwrap());
            let mut body = text[end + 4..].to_vec();
            while body.len() < length {
                if socket.read_buf(&mut body).await.ok()? == 0 {
                    return None;
                }
            }
            return Some(Seen { head, body: String::from_utf8(body).unwrap() });
        }
        if socket.read_buf(&mut text).await.ok()? == 0 {
            return None;
        }
    }
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

fn ordinary(path: &str) -> Answer {
    Answer::Keep(match path {
        "/moved" => reply("302 Found", "location: /hello\r\n", ""),
        "/moved-keeping" => reply("307 Temporary Redirect", "location: /hello\r\n", ""),
        "/moved-away" => reply("302 Found", "location: http://peer.example/x?token=secret\r\n", ""),
        "/moved-port" => reply("302 Found", "location: http://127.0.0.1:1/\r\n", ""),
        "/loop" => reply("302 Found", "location: /loop\r\n", ""),
        "/broken" => reply("503 Service Unavailable", "", "later"),
        "/refused" => reply("403 Forbidden", "", "no"),
        "/long" => reply("200 OK", "", &"x".repeat(2_000)),
        "/empty" => reply("204 No Content", "", ""),
        "/long-chunked" => {
            let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1_000));
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n")
        }
        "/cut" => return Answer::Close("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this".into()),
        "/silent" => return Answer::Hang(String::new()),
        "/stalls" => return Answer::Hang("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfirst".into()),
        _ => reply("200 OK", "weir-to: you\r\n", "{\"hello\":\"你好\"}"),
    })
}

fn options() -> ClientOptions {
    ClientOptions { allow_private: true, response_body_bytes_max: 1_500, ..ClientOptions::default() }
}

fn client() -> Client {
    Client::new(options()).unwrap()
}

fn hasty() -> Client {
    let short = Duration::from_millis(100);
    Client::new(ClientOptions { request_timeout: short, stream_idle_timeout: short, ..options() }).unwrap()
}

#[tokio::test]
async fn a_message_goes_out_as_it_is_and_the_answer_comes_back_whole() {
    let peer = Peer::start(ordinary).await;
    let headers = [("weir-from".to_owned(), "me".to_owned()), ("signvalue".to_owned(), "ab12".to_owned())];
    let response = client().post_json(&peer.url("/hello?x=1"), &headers, b"{\"a\":1}").await.unwrap();
    assert_eq!((response.status.as_u16(), response.header("weir-to")), (200, Some("you")));
    assert_eq!(response.header("absent"), None);
    assert_eq!(response.body, "{\"hello\":\"你好\"}".as_bytes());
    let seen = peer.last();
    assert!(seen.head.starts_with("POST /hello?x=1 HTTP/1.1\r\n"), "{}", seen.head);
    for line in ["weir-from: me", "signvalue: ab12", "content-type: application/json"] {
        assert!(seen.head.lines().any(|found| found == line), "{line} in {}", seen.head);
    }
    assert_eq!(seen.body, "{\"a\":1}");
}

#[tokio::test]
async fn many_messages_share_one_connection() {
    let (peer, client) = (Peer::start(ordinary).await, client());
    for _ in 0..20 {
        client.post_json(&peer.url("/hello"), &[], b"{}").await.unwrap();
        client.get(&peer.url("/empty"), &[]).await.unwrap();
    }
    assert_eq!(peer.connections(), 1);
    assert!(client.clone().get(&peer.url("/hello"), &[]).await.is_ok());
    assert_eq!(peer.connections(), 1, "a clone shares the connections");
}

#[tokio::test]
async fn a_kept_connection_that_the_peer_closed_is_replaced() {
    fn closing(_: &str) -> Answer {
        Answer::Close(reply("200 OK", "connection: close\r\n", "ok"))
    }
    let (peer, client) = (Peer::start(closing).await, client());
    for _ in 0..3 {
        assert_eq!(client.get(&peer.url("/"), &[]).await.unwrap().body, "ok");
    }
    assert_eq!(peer.connections(), 3);
}

#[tokio::test]
async fn a_status_is_an_answer_until_the_caller_wants_success() {
    let (peer, client) = (Peer::start(ordinary).await, client());
    let response = client.get(&peer.url("/broken"), &[]).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (503, &b"later"[..]));
    let error = response.success().unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` answered with status 503", peer.address));
    assert!(error.is_transient() && !error.never_sent());
    let stream = client.post_stream(&peer.url("/refused"), &[], b"{}").await.unwrap();
    assert!(!stream.success().unwrap_err().is_transient());
    let stream = client.get_stream(&peer.url("/refused"), &[]).await.unwrap();
    assert_eq!(stream.read_all(10).await.unwrap(), "no");
    assert!(client.get(&peer.url("/hello"), &[]).await.unwrap().success().is_ok());
}

#[tokio::test]
async fn a_stream_gives_headers_first_and_then_its_bytes() {
    let peer = Peer::start(ordinary).await;
    let mut stream = client().get_stream(&peer.url("/long"), &[]).await.unwrap().success().unwrap();
    assert_eq!(stream.header("content-length"), Some("2000"));
    let mut bytes = 0;
    while let Some(piece) = stream.next().await {
        bytes += piece.unwrap().len();
    }
    assert_eq!(bytes, 2_000, "the limit on bodies in memory is not one on streams");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn private_targets_are_refused_before_a_connection() {
    let peer = Peer::start(ordinary).await;
    let strict = Client::new(ClientOptions::default()).unwrap();
    let by_name = format!("http://localhost:{}/hello", peer.address.port());
    for url in [peer.url("/hello"), by_name.clone(), by_name.replace("http:", "https:")] {
        let error = strict.post_json(&url, &[], b"{}").await.unwrap_err();
        assert!(matches!(error, NetError::AddressRefused { .. }), "{url}: {error}");
        assert!(error.never_sent() && !error.is_transient());
    }
    let odd = format!("http://0x7f.1:{}/hello", peer.address.port());
    let error = strict.get(&odd, &[]).await.unwrap_err();
    assert!(matches!(error, NetError::AddressRefused { .. }), "other spellings of an address: {error}");
    let mapped = format!("https://[::ffff:10.0.0.1]:{}/", peer.address.port());
    let error = strict.get_stream(&mapped, &[]).await.unwrap_err();
    assert!(matches!(error, NetError::AddressRefused { .. }), "{error}");
    assert_eq!(peer.connections(), 0);

    let response = client().get(&by_name, &[]).await.unwrap();
    assert_eq!(response.status.as_u16(), 200, "allowed where it is configured");
}

#[tokio::test]
async fn plain_http_is_for_this_machine_only() {
    for url in ["http://1.1.1.1/", "http://10.0.0.1/", "http://[fd00::1]/"] {
        let error = client().get(url, &[]).await.unwrap_err();
        assert!(matches!(error, NetError::PlainHttp { .. }), "{url}: {error}");
    }
    let error = client().get("http://0.0.0.0:1/", &[]).await.unwrap_err();
    assert!(matches!(error, NetError::AddressRefused { .. }), "{error}");
}

#[tokio::test]
async fn texts_that_are_no_addresses_are_refused_without_repeating_secrets() {
    for url in ["", "peer:8443", "ftp://peer/", "http://", "https://me:secret@peer/?secret"] {
        let error = client().get(url, &[]).await.unwrap_err();
        assert!(matches!(error, NetError::BadUrl { .. }), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_peer_that_is_down_is_told_from_a_name_that_does_not_exist() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client().post_json(&format!("http://{address}/"), &[], b"{}").await.unwrap_err();
    assert!(matches!(error, NetError::Unreachable { .. }), "{error}");
    assert!(error.is_transient() && error.never_sent());

    let unspeakable = format!("http://{}.invalid/", "x".repeat(70));
    let error = client().get(&unspeakable, &[]).await.unwrap_err();
    assert!(matches!(error, NetError::Unresolved { .. }), "{error}");
    assert!(error.is_transient() && error.never_sent());
}

#[tokio::test]
async fn silence_ends_in_a_timeout_that_says_what_was_waited_for() {
    let peer = Peer::start(ordinary).await;
    let error = hasty().post_json(&peer.url("/silent"), &[], b"{}").await.unwrap_err();
    assert!(error.to_string().contains("longer than 100 ms to answer"), "{error}");
    assert!(error.is_transient() && !error.never_sent());
    let error = hasty().get(&peer.url("/stalls"), &[]).await.unwrap_err();
    assert!(matches!(error, NetError::Timeout { .. }), "a body that stalls: {error}");
    let error = hasty().get_stream(&peer.url("/silent"), &[]).await.unwrap_err();
    assert!(matches!(error, NetError::Timeout { .. }), "{error}");

    let mut stream = hasty().get_stream(&peer.url("/stalls"), &[]).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "first");
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("to send the next bytes"), "{error}");
    assert!(stream.next().await.is_none(), "one error ends the stream");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_announced_or_not() {
    let (peer, client) = (Peer::start(ordinary).await, client());
    for path in ["/long", "/long-chunked"] {
        let error = client.get(&peer.url(path), &[]).await.unwrap_err();
        assert!(matches!(error, NetError::TooLarge { limit: 1_500, .. }), "{path}: {error}");
    }
    let stream = client.get_stream(&peer.url("/long"), &[]).await.unwrap();
    assert!(matches!(stream.read_all(1_999).await, Err(NetError::TooLarge { limit: 1_999, .. })));
    let stream = client.get_stream(&peer.url("/long-chunked"), &[]).await.unwrap();
    assert_eq!(stream.read_all(2_000).await.unwrap().len(), 2_000);
}

#[tokio::test]
async fn a_connection_that_breaks_is_no_short_answer() {
    let (peer, client) = (Peer::start(ordinary).await, client());
    let error = client.get(&peer.url("/cut"), &[]).await.unwrap_err();
    assert!(matches!(error, NetError::Broken { .. }), "{error}");
    let mut stream = client.get_stream(&peer.url("/cut"), &[]).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "only this");
    let error = stream.next().await.unwrap().unwrap_err();
    assert!(matches!(error, NetError::Broken { .. }) && error.is_transient(), "{error}");
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn redirects_stay_on_the_peer_and_keep_the_message() {
    let (peer, client) = (Peer::start(ordinary).await, client());
    assert_eq!(client.get(&peer.url("/moved"), &[]).await.unwrap().status.as_u16(), 200);
    client.post_json(&peer.url("/moved-keeping"), &[], b"{\"a\":1}").await.unwrap();
    assert_eq!(peer.last().body, "{\"a\":1}");
    assert!(peer.last().head.starts_with("POST /hello "), "{}", peer.last().head);
    for path in ["/moved-away", "/moved-port", "/loop"] {
        let error = client.get(&peer.url(path), &[]).await.unwrap_err();
        assert!(matches!(error, NetError::Redirected { .. }), "{path}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let error = client.post_json(&peer.url("/moved"), &[], b"{}").await.unwrap_err();
    assert!(matches!(error, NetError::Redirected { .. }), "a POST is not turned into a GET: {error}");
}

#[tokio::test]
async fn headers_that_http_does_not_allow_are_named_without_their_value() {
    let url = Peer::start(ordinary).await.url("/hello");
    for (name, value) in [("weir-from", "secret\nx: y"), ("we ir", "secret")] {
        let headers = [(name.to_owned(), value.to_owned())];
        let error = client().post_json(&url, &headers, b"{}").await.unwrap_err();
        assert!(matches!(&error, NetError::BadHeader { name: bad } if bad == name), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

mod tls {
    use std::time::{SystemTime, UNIX_EPOCH};

    use crypto::cert::{Authority, San, Subject, Validity, self_signed_ca};
    use crypto::tls::{TlsIdentity, generate_key, issue_tls_leaf};
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::server::WebPkiClientVerifier;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// A root and what it certifies.
    struct Issuer {
        authority: Authority,
        validity: Validity,
    }

    impl Issuer {
        fn new() -> Self {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
            let (key, validity) = (generate_key().unwrap(), Validity::days(now - 60, 2).unwrap());
            let root = self_signed_ca(&key, &subject("root"), validity).unwrap();
            Self { authority: Authority::root(key, root).unwrap(), validity }
        }

        fn roots_pem(&self) -> String {
            self.authority.certificate().to_pem()
        }

        fn identity(&self, sans: &[San]) -> TlsIdentity {
            let key = generate_key().unwrap();
            let subject = subject("leaf");
            let chain =
                issue_tls_leaf(&self.authority, &subject, key.public_key(), self.validity, sans).unwrap();
            TlsIdentity::new(key, chain).unwrap()
        }
    }

    fn subject(cn: &str) -> Subject {
        Subject { cn: format!("{cn}.example"), ou: "id".into(), o: "Test".into() }
    }

    fn pem(identity: &TlsIdentity) -> String {
        identity.chain_pem() + &identity.key_pem().unwrap()
    }

    /// A peer that speaks TLS; with `clients`, to those that these roots certify.
    async fn start(identity: &TlsIdentity, clients: Option<&Issuer>) -> SocketAddr {
        let text = pem(identity);
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(text.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(issuer) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(issuer.roots_pem().as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    if let Ok(socket) = acceptor.accept(socket).await {
                        serve(socket, ordinary, Arc::default()).await;
                    }
                });
            }
        });
        address
    }

    /// A peer that answers a TLS greeting as an HTTP server does.
    async fn start_plain() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                socket.write_all(reply("400 Bad Request", "", "").as_bytes()).await.unwrap();
            }
        });
        address
    }

    fn loopback() -> [San; 2] {
        [San::Ip("127.0.0.1".parse().unwrap()), San::Dns("localhost".into())]
    }

    fn trusting(issuer: &Issuer, identity: Option<&TlsIdentity>) -> Client {
        let (roots_pem, identity_pem) = (Some(issuer.roots_pem()), identity.map(pem));
        Client::new(ClientOptions { roots_pem, identity_pem, ..options() }).unwrap()
    }

    #[tokio::test]
    async fn a_peer_of_a_pinned_root_is_trusted_by_address_and_by_name() {
        let issuer = Issuer::new();
        let address = start(&issuer.identity(&loopback()), None).await;
        let client = trusting(&issuer, None);
        for host in ["127.0.0.1", "localhost"] {
            let url = format!("https://{host}:{}/hello", address.port());
            assert_eq!(client.get(&url, &[]).await.unwrap().status.as_u16(), 200, "{url}");
        }
    }

    #[tokio::test]
    async fn another_root_another_host_or_no_tls_at_all_is_not_trusted() {
        let (issuer, other) = (Issuer::new(), Issuer::new());
        let address = start(&issuer.identity(&loopback()), None).await;
        let elsewhere = start(&issuer.identity(&[San::Dns("peer.example".into())]), None).await;
        let plain = start_plain().await;
        let cases = [
            (trusting(&other, None), address),
            (client(), address),
            (trusting(&issuer, None), elsewhere),
            (trusting(&issuer, None), plain),
        ];
        for (client, address) in cases {
            let error = client.get(&format!("https://{address}/hello"), &[]).await.unwrap_err();
            assert!(matches!(error, NetError::Tls { .. }), "{error}");
            assert!(error.never_sent() && !error.is_transient());
        }
    }

    #[tokio::test]
    async fn a_peer_that_asks_who_we_are_hears_it() {
        let issuer = Issuer::new();
        let address = start(&issuer.identity(&loopback()), Some(&issuer)).await;
        let url = format!("https://{address}/hello");
        let known = trusting(&issuer, Some(&issuer.identity(&loopback())));
        assert_eq!(known.get(&url, &[]).await.unwrap().status.as_u16(), 200);
        let error = trusting(&issuer, None).get(&url, &[]).await.unwrap_err();
        assert!(matches!(error, NetError::Tls { .. }), "{error}");
    }

    #[tokio::test]
    async fn unusable_pem_is_refused_at_once_and_keys_are_not_shown() {
        let bad = |roots: Option<&str>, identity: Option<String>| {
            let roots_pem = roots.map(str::to_owned);
            Client::new(ClientOptions { roots_pem, identity_pem: identity, ..options() }).unwrap_err()
        };
        let issuer = Issuer::new();
        let identity = issuer.identity(&loopback());
        let unlike = issuer.identity(&loopback()).chain_pem() + &identity.key_pem().unwrap();
        let cases = [
            bad(Some("no pem"), None),
            bad(Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), None),
            bad(None, Some(identity.chain_pem())),
            bad(None, Some(identity.key_pem().unwrap().to_string())),
            bad(None, Some(unlike)),
        ];
        for (index, error) in cases.iter().enumerate() {
            assert!(matches!(error, NetError::Setup(_)), "case {index}: {error}");
        }
        let shown = format!("{:?}", trusting(&issuer, Some(&identity)));
        assert!(shown.contains("redacted") && !shown.contains("BEGIN"), "{shown}");
    }
}

#[tokio::test]
async fn a_peer_that_never_accepts_ends_in_a_timeout_while_connecting() {
    // A listener with a full queue drops what knocks; the queue of one is filled by connections that nobody takes.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    for _ in 0..8 {
        let connect = TcpStream::connect(address);
        if let Ok(connected) = tokio::time::timeout(Duration::from_millis(50), connect).await {
            waiting.push(connected.unwrap());
        }
    }
    let connect_timeout = Duration::from_millis(100);
    let client = Client::new(ClientOptions { connect_timeout, ..options() }).unwrap();
    let error = client.get(&format!("http://{address}/"), &[]).await.unwrap_err();
    assert!(error.to_string().contains("longer than 100 ms to connect"), "{error}");
    assert!(error.is_transient() && error.never_sent());
}
