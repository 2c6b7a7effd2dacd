//! The client itself: two pools (plain on loopback, TLS elsewhere) behind one set of rules.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, RequestBuilder, StatusCode, Url};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::NetError;
use crate::address::{CheckedResolver, Rule};
use crate::error::{ANSWER, Limits, classify};
use crate::stream::StreamResponse;

/// Redirects within one origin that are followed for one request.
const REDIRECTS_MAX: usize = 4;

/// Idle connections kept open per peer.
const IDLE_CONNECTIONS_PER_HOST_MAX: usize = 64;

/// How long an idle connection is kept: shorter than the peers' own limit, so that it is we who close it.
const IDLE_CONNECTION_KEPT: Duration = Duration::from_secs(50);

/// How a [`Client`] behaves. `Debug` does not print the identity.
#[derive(Clone)]
pub struct ClientOptions {
    /// Whether loopback, private, unique-local and link-local targets are allowed.
    pub allow_private: bool,
    /// The longest time to establish a connection.
    pub connect_timeout: Duration,
    /// The longest time for a whole exchange; of a stream, for its headers.
    pub request_timeout: Duration,
    /// The longest silence within a streamed body.
    pub stream_idle_timeout: Duration,
    /// The longest body that is read into memory, in bytes.
    pub response_body_bytes_max: usize,
    /// The roots that a peer's TLS certificate must lead to, in PEM. Without them every https peer is refused.
    pub roots_pem: Option<String>,
    /// Our certificate chain and private key, in PEM, for peers that ask who we are.
    pub identity_pem: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            allow_private: false,
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            stream_idle_timeout: Duration::from_secs(90),
            response_body_bytes_max: 8 << 20,
            roots_pem: None,
            identity_pem: None,
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("allow_private", &self.allow_private)
            .field("connect_timeout", &self.connect_timeout)
            .field("request_timeout", &self.request_timeout)
            .field("stream_idle_timeout", &self.stream_idle_timeout)
            .field("response_body_bytes_max", &self.response_body_bytes_max)
            .field("roots_pem", &self.roots_pem.is_some())
            .field("identity_pem", &self.identity_pem.as_ref().map(|_| "redacted"))
            .finish()
    }
}

/// An answer with its whole body.
#[derive(Debug, Clone)]
pub struct Response {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    /// The body, at most `response_body_bytes_max` long.
    pub body: Bytes,
    host: String,
}

impl Response {
    /// The value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// This answer if its status is a success.
    ///
    /// # Errors
    /// [`NetError::Status`] for any other status.
    pub fn success(self) -> Result<Self, NetError> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(NetError::Status { host: self.host, status: self.status.as_u16() })
    }
}

/// The outbound HTTP client of one node. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    plain: reqwest::Client,
    tls: reqwest::Client,
    options: ClientOptions,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("options", &self.inner.options).finish()
    }
}

impl Client {
    /// A client with its own connections.
    ///
    /// # Errors
    /// [`NetError::Setup`] when roots or identity are no usable PEM.
    pub fn new(options: ClientOptions) -> Result<Self, NetError> {
        let allow_private = options.allow_private;
        let config = tls_config(&options)?;
        // The plain pool never speaks TLS; given no configuration, the library would look for a process-wide provider.
        let plain = builder(&options, Rule::Plain { allow_private }).use_preconfigured_tls(config.clone());
        let tls =
            builder(&options, Rule::Tls { allow_private }).https_only(true).use_preconfigured_tls(config);
        let built = |b: reqwest::ClientBuilder| b.build().map_err(|e| NetError::Setup(chain_text(&e)));
        Ok(Self { inner: Arc::new(Inner { plain: built(plain)?, tls: built(tls)?, options }) })
    }

    /// The options that this client was made with.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Sends `body` as JSON and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// See [`NetError`]; a status is not an error here, see [`Response::success`].
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<Response, NetError> {
        self.whole(&Call::post(headers, body), url).await
    }

    /// Sends `body` as JSON and gives the answer as a stream.
    ///
    /// # Errors
    /// As [`Client::post_json`].
    pub async fn post_stream(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<StreamResponse, NetError> {
        self.streamed(&Call::post(headers, body), url).await
    }

    /// Reads the whole answer to a GET.
    ///
    /// # Errors
    /// As [`Client::post_json`].
    pub async fn get(&self, url: &str, headers: &[(String, String)]) -> Result<Response, NetError> {
        self.whole(&Call::get(headers), url).await
    }

    /// Gives the answer to a GET as a stream.
    ///
    /// # Errors
    /// As [`Client::post_json`].
    pub async fn get_stream(
        &self,
        url: &str,
        headers: &[(String, String)],
    ) -> Result<StreamResponse, NetError> {
        self.streamed(&Call::get(headers), url).await
    }

    async fn whole(&self, call: &Call<'_>, url: &str) -> Result<Response, NetError> {
        let target = Target::parse(url)?;
        let limit = self.inner.options.request_timeout;
        let exchange = async {
            let response = self.send(call, &target).await?;
            self.collect(&target.host, response).await
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(result) => result,
            Err(_) => Err(NetError::Timeout { host: target.host, waited_for: ANSWER, limit }),
        }
    }

    async fn streamed(&self, call: &Call<'_>, url: &str) -> Result<StreamResponse, NetError> {
        let target = Target::parse(url)?;
        let limit = self.inner.options.request_timeout;
        match tokio::time::timeout(limit, self.send(call, &target)).await {
            Ok(response) => {
                Ok(StreamResponse::new(target.host, response?, self.inner.options.stream_idle_timeout))
            }
            Err(_) => Err(NetError::Timeout { host: target.host, waited_for: ANSWER, limit }),
        }
    }

    /// Sends, and follows the few redirects that stay on the peer's own origin.
    async fn send(&self, call: &Call<'_>, target: &Target) -> Result<reqwest::Response, NetError> {
        let mut url = target.url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let response = self
                .request(call, &url)?
                .send()
                .await
                .map_err(|error| classify(&target.host, error, &self.limits()))?;
            match redirect(&response, call, &url) {
                Redirect::None => return Ok(response),
                Redirect::Follow(next) => url = next,
                Redirect::Refuse(to) => return Err(NetError::Redirected { host: target.host.clone(), to }),
            }
        }
        Err(NetError::Redirected { host: target.host.clone(), to: shown(&url) })
    }

    fn request(&self, call: &Call<'_>, url: &Url) -> Result<RequestBuilder, NetError> {
        let client = self.client_for(url)?;
        let mut headers = HeaderMap::with_capacity(call.headers.len() + 1);
        if call.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in call.headers {
            let bad = || NetError::BadHeader { name: name.clone() };
            let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
            headers.insert(key, HeaderValue::from_str(value).map_err(|_| bad())?);
        }
        let request = client.request(call.method.clone(), url.clone()).headers(headers);
        Ok(match &call.body {
            Some(body) => request.body(body.clone()),
            None => request,
        })
    }

    /// The pool for this URL. A literal address never passes the resolver, so it is checked here.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, NetError> {
        let allow_private = self.inner.options.allow_private;
        let (rule, client) = match url.scheme() {
            "https" => (Rule::Tls { allow_private }, &self.inner.tls),
            _ => (Rule::Plain { allow_private }, &self.inner.plain),
        };
        let host = url.host_str().unwrap_or_default();
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            rule.check(host, address)?;
        }
        Ok(client)
    }

    async fn collect(&self, host: &str, mut response: reqwest::Response) -> Result<Response, NetError> {
        let limit = self.inner.options.response_body_bytes_max;
        let too_large = || NetError::TooLarge { host: host.into(), limit };
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_large());
        }
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = read_body(&mut response, limit)
            .await
            .map_err(|error| classify(host, error, &self.limits()))?
            .ok_or_else(too_large)?;
        Ok(Response { status, headers, body, host: host.into() })
    }

    fn limits(&self) -> Limits {
        let options = &self.inner.options;
        Limits { connect: options.connect_timeout, answer: options.request_timeout }
    }
}

/// The body, or nothing when it is longer than the limit.
async fn read_body(response: &mut reqwest::Response, limit: usize) -> reqwest::Result<Option<Bytes>> {
    let Some(first) = response.chunk().await? else { return Ok(Some(Bytes::new())) };
    if first.len() > limit {
        return Ok(None);
    }
    // Most messages come in one piece, and need no copy.
    let Some(second) = response.chunk().await? else { return Ok(Some(first)) };
    let mut body = Vec::with_capacity(first.len() + second.len());
    body.extend_from_slice(&first);
    let mut piece = Some(second);
    while let Some(bytes) = piece {
        if body.len() + bytes.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&bytes);
        piece = response.chunk().await?;
    }
    Ok(Some(body.into()))
}

/// One request, apart from where it goes.
struct Call<'a> {
    method: Method,
    headers: &'a [(String, String)],
    body: Option<Bytes>,
}

impl<'a> Call<'a> {
    fn get(headers: &'a [(String, String)]) -> Self {
        Self { method: Method::GET, headers, body: None }
    }

    fn post(headers: &'a [(String, String)], body: &[u8]) -> Self {
        Self { method: Method::POST, headers, body: Some(Bytes::copy_from_slice(body)) }
    }
}

/// A URL that this client speaks, and the name by which errors call the peer.
struct Target {
    url: Url,
    host: String,
}

impl Target {
    fn parse(text: &str) -> Result<Self, NetError> {
        let bad = |reason: String| NetError::BadUrl { url: shown_text(text), reason };
        let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("the scheme `{}` is neither http nor https", url.scheme())));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("a user name or password has no place in it".into()));
        }
        let host = url.host_str().ok_or_else(|| bad("it names no host".into()))?;
        let host = match url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.into(),
        };
        Ok(Self { url, host })
    }
}

/// A URL for an error: without what may hold secrets.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

/// As [`shown`], for a text that may be no URL.
fn shown_text(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    match text.split_once("://") {
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{host}"),
            None => text.into(),
        },
        None => text.into(),
    }
}

enum Redirect {
    None,
    Follow(Url),
    Refuse(String),
}

/// What to do with an answer that may be a redirect. A POST is only repeated where its method and body stay.
fn redirect(response: &reqwest::Response, call: &Call<'_>, from: &Url) -> Redirect {
    let keeps_body = matches!(response.status().as_u16(), 307 | 308);
    let location = match response.status().as_u16() {
        301 | 302 | 303 | 307 | 308 => response.headers().get(LOCATION),
        _ => return Redirect::None,
    };
    let Some(text) = location.and_then(|value| value.to_str().ok()) else { return Redirect::None };
    let Ok(to) = from.join(text) else { return Redirect::Refuse(shown_text(text)) };
    if to.origin() == from.origin() && (keeps_body || call.method == Method::GET) {
        Redirect::Follow(to)
    } else {
        Redirect::Refuse(shown(&to))
    }
}

fn builder(options: &ClientOptions, rule: Rule) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(options.connect_timeout)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_PER_HOST_MAX)
        .pool_idle_timeout(IDLE_CONNECTION_KEPT)
        .dns_resolver(Arc::new(CheckedResolver { rule }))
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
}

/// The TLS side: our own roots only, the provider named here so that no process-wide default is needed.
fn tls_config(options: &ClientOptions) -> Result<rustls::ClientConfig, NetError> {
    let setup = |what: &str, error: &dyn fmt::Display| NetError::Setup(format!("{what}: {error}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| setup("tls versions", &error))?
        .with_root_certificates(roots(options.roots_pem.as_deref())?);
    let Some(pem) = options.identity_pem.as_deref() else { return Ok(config.with_no_client_auth()) };
    let chain = certificates(pem).map_err(|error| setup("`identity_pem`", &error))?;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
        .map_err(|error| setup("`identity_pem` has no usable private key", &error))?;
    config.with_client_auth_cert(chain, key).map_err(|error| setup("`identity_pem`", &error))
}

fn roots(pem: Option<&str>) -> Result<rustls::RootCertStore, NetError> {
    let mut store = rustls::RootCertStore::empty();
    let Some(pem) = pem else { return Ok(store) };
    let bad = |error: &dyn fmt::Display| NetError::Setup(format!("`roots_pem`: {error}"));
    for certificate in certificates(pem).map_err(|error| bad(&error))? {
        store.add(certificate).map_err(|error| bad(&error))?;
    }
    Ok(store)
}

/// The certificates of a PEM text, at least one.
fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it holds no certificate".into()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}

/// An error and its causes in one line.
fn chain_text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
