//! The client of a node's management API (`docs/MANAGEMENT-API.md`): what the commands speak.
//!
//! It goes through the one outbound client of `net`, so the token travels over TLS or on this machine only. What can go wrong is told
//! apart as far as the reader's next step differs: nobody listens, the token is refused, no answer in time, a refusal with its reason.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use net::{ClientOptions, NetError, Response, StreamResponse};
use serde_json::Value;

use crate::config::{NodeSettings, Secret, percent_encoded};
use crate::exit::Exit;
use crate::problem::{Failure, Problem, Result};

/// The path of the API below a node's address.
const BASE: &str = "/manage/v1";
/// The longest that a node may take to answer a question.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// The longest that a node may take for what reads whole files: profiling, hashing, the first byte of a large projection.
const WORK_MAX: Duration = Duration::from_secs(3600);
/// The longest answer that is read into memory, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// The longest error answer to a download that is read, in bytes.
const ERROR_BYTES_MAX: usize = 1 << 20;

/// A client of one node, acting as one administrator.
#[derive(Debug, Clone)]
pub struct Client {
    quick: net::Client,
    patient: net::Client,
    address: String,
    token: Secret,
    token_file: PathBuf,
    acting: Option<String>,
}

/// A query parameter.
pub type Parameter<'a> = (&'a str, &'a str);

/// What a node says about itself without a token: `GET /weir/v1/time` (WIRE, 2).
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct NodeTime {
    /// The node's identifier.
    pub id: String,
    /// Its clock, in epoch milliseconds.
    pub timestamp: i64,
    /// Its version.
    pub version: String,
}

/// The items of a list that stands bare or as a member.
fn items(answer: &mut Value) -> Option<&mut Vec<Value>> {
    match answer {
        Value::Array(items) => Some(items),
        other => other.get_mut("items")?.as_array_mut(),
    }
}

/// The key behind which a list goes on; nothing where it has no items.
fn last_key(answer: &Value) -> Option<String> {
    let items = answer.as_array().or_else(|| answer.get("items")?.as_array())?;
    // One's own are kept by their keys, the catalogue by its identifiers.
    let last = items.last()?;
    last.get("key").or_else(|| last.get("id"))?.as_str().map(str::to_owned)
}

impl Client {
    /// A client of the node of `settings`. `acting` names the connector that acts, where the node hosts several.
    ///
    /// # Errors
    /// [`Exit::Unauthorised`] without a readable token; [`Exit::Usage`] when the TLS roots cannot be used.
    pub fn new(settings: &NodeSettings, acting: Option<String>) -> Result<Client> {
        let token = settings.token()?;
        let roots = roots(settings)?;
        Client::at(settings.local_address(), token, settings.token_file(), acting, roots)
    }

    fn at(
        address: String,
        token: Secret,
        token_file: PathBuf,
        acting: Option<String>,
        roots_pem: Option<String>,
    ) -> Result<Client> {
        let options = |request_timeout| ClientOptions {
            allow_private: true,
            request_timeout,
            response_body_bytes_max: ANSWER_BYTES_MAX,
            roots_pem: roots_pem.clone(),
            ..ClientOptions::default()
        };
        let made = |timeout| net::Client::new(options(timeout)).map_err(other);
        Ok(Client { quick: made(ANSWER_MAX)?, patient: made(WORK_MAX)?, address, token, token_file, acting })
    }

    /// The same client, acting for a connector; it shares the connections.
    #[must_use]
    pub fn acting_as(&self, connector: Option<String>) -> Client {
        Client { acting: connector, ..self.clone() }
    }

    /// The node's base address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Reads `path` (below `/manage/v1`).
    ///
    /// # Errors
    /// A [`Failure`] that says what to do next; an error answer of the API as its [`Problem`].
    pub async fn get(&self, path: &str, query: &[Parameter<'_>]) -> Result<Value> {
        let answer = self.quick.get(&self.url(path, query), &self.headers()).await;
        self.value(answer.map_err(|error| self.failed(error))?)
    }

    /// Reads a whole list, part by part: every item in one list, or in the `items` of an object.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_all(&self, path: &str) -> Result<Value> {
        let mut all = self.get(path, &[]).await?;
        // How much a node gives at once is its own affair: a list ends where nothing follows.
        while let Some(last) = last_key(&all) {
            let mut part = self.get(path, &[("after", &last)]).await?;
            if last_key(&part).as_ref() == Some(&last) {
                break;
            }
            match (items(&mut all), items(&mut part)) {
                (Some(all), Some(part)) if !part.is_empty() => all.append(part),
                _ => break,
            }
        }
        Ok(all)
    }

    /// As [`Client::get`], for what may take long.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_patiently(&self, path: &str, query: &[Parameter<'_>]) -> Result<Value> {
        let answer = self.patient.get(&self.url(path, query), &self.headers()).await;
        self.value(answer.map_err(|error| self.failed(error))?)
    }

    /// Sends `body` to `path` (below `/manage/v1`).
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let bytes = body.to_string();
        let answer = self.patient.post_json(&self.url(path, &[]), &self.headers(), bytes.as_bytes()).await;
        self.value(answer.map_err(|error| self.failed(error))?)
    }

    /// Begins the download of a use's bytes from `offset`.
    ///
    /// # Errors
    /// As [`Client::get`]; and a failure when the answer does not say what it brings.
    pub async fn download(&self, contract: &str, use_id: &str, offset: u64) -> Result<Download> {
        let path = format!("/contracts/{}/data", percent_encoded(contract));
        let offset_text = offset.to_string();
        let url = self.url(&path, &[("use", use_id), ("offset", &offset_text)]);
        let answer =
            self.patient.get_stream(&url, &self.headers()).await.map_err(|error| self.failed(error))?;
        if answer.status.is_success() {
            return Download::read(answer);
        }
        let status = answer.status.as_u16();
        let body = answer.read_all(ERROR_BYTES_MAX).await.map_err(|error| self.failed(error))?;
        Err(self.refused(Problem::parse(status, &body)))
    }

    /// What the node says about itself, without a token.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn time(&self) -> Result<NodeTime> {
        time_of(&self.quick, &self.address).await
    }

    fn headers(&self) -> Vec<(String, String)> {
        vec![("authorization".to_owned(), format!("Bearer {}", self.token.expose()))]
    }

    fn url(&self, path: &str, query: &[Parameter<'_>]) -> String {
        let acting = self.acting.as_deref().map(|id| ("as", id));
        let mut url = format!("{}{BASE}{path}", self.address);
        for (i, (name, value)) in acting.into_iter().chain(query.iter().copied()).enumerate() {
            url.push(if i == 0 { '?' } else { '&' });
            url.push_str(&format!("{name}={}", percent_encoded(value)));
        }
        url
    }

    fn value(&self, answer: Response) -> Result<Value> {
        if !answer.status.is_success() {
            return Err(self.refused(Problem::parse(answer.status.as_u16(), &answer.body)));
        }
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|error| self.unreadable().because(error))
    }

    fn unreadable(&self) -> Failure {
        Failure::new(Exit::Failure, "client-unreadable").with("address", &self.address)
    }

    fn refused(&self, problem: Problem) -> Failure {
        if problem.status != 401 {
            return problem.into();
        }
        let mut failure = Failure::new(Exit::Unauthorised, "error-unauthorised")
            .with("address", &self.address)
            .with("path", self.token_file.display());
        failure.problem = Some(Box::new(problem));
        failure
    }

    fn failed(&self, error: NetError) -> Failure {
        net_failure(&self.address, error)
    }
}

/// What the node at `address` says about itself; anyone may ask.
///
/// # Errors
/// [`Exit::Unreachable`] when nobody answers there, [`Exit::Failure`] when it is no node that answers.
pub async fn time_at(address: &str, roots_pem: Option<String>) -> Result<NodeTime> {
    let options = ClientOptions {
        allow_private: true,
        request_timeout: Duration::from_secs(5),
        roots_pem,
        ..ClientOptions::default()
    };
    let client = net::Client::new(options).map_err(other)?;
    time_of(&client, address).await
}

async fn time_of(client: &net::Client, address: &str) -> Result<NodeTime> {
    let answer = client
        .get(&format!("{address}/weir/v1/time"), &[])
        .await
        .and_then(Response::success)
        .map_err(|error| net_failure(address, error))?;
    serde_json::from_slice(&answer.body).map_err(|error| {
        Failure::new(Exit::Failure, "client-unreadable").with("address", address).because(error)
    })
}

/// The roots for a node with TLS: those that it gives its peers, else its own certificate.
pub fn roots(settings: &NodeSettings) -> Result<Option<String>> {
    let Some(tls) = &settings.tls else { return Ok(None) };
    let path = tls.roots.as_ref().unwrap_or(&tls.cert);
    std::fs::read_to_string(path)
        .map(Some)
        .map_err(|error| Failure::file(Exit::Usage, "error-config-read", path, error))
}

fn net_failure(address: &str, error: NetError) -> Failure {
    let failure = |exit, key| Failure::new(exit, key).with("address", address);
    match &error {
        NetError::Unreachable { .. } => failure(Exit::Unreachable, "client-not-running").because(error),
        NetError::Unresolved { .. } => failure(Exit::Unreachable, "error-unreachable").because(error),
        NetError::Timeout { limit, .. } => {
            let time = format!("{} s", limit.as_secs());
            failure(Exit::Unreachable, "error-timeout").with("time", time).because(error)
        }
        NetError::Broken { .. } => failure(Exit::Unreachable, "client-broken").because(error),
        NetError::Tls { .. } => Failure::of(Exit::Unreachable, "failure-problem", error.into()),
        _ => other(error),
    }
}

fn other(error: NetError) -> Failure {
    Failure::of(Exit::Failure, "failure-problem", error.into())
}

/// The bytes of a use as they come, and what the headers say about the whole.
#[derive(Debug)]
pub struct Download {
    /// The use under which the bytes are counted.
    pub use_id: String,
    /// SHA-256 of the whole delivery, in lower-case hexadecimal.
    pub sha256: String,
    /// Bytes of the whole delivery.
    pub bytes: u64,
    /// Rows of the whole delivery, where it has rows.
    pub rows: Option<u64>,
    /// The media type.
    pub content_type: String,
    /// Whether the bytes begin at the offset that was asked for, not at the beginning.
    pub partial: bool,
    stream: StreamResponse,
}

impl Download {
    fn read(answer: StreamResponse) -> Result<Download> {
        let missing = |name: &str| Failure::new(Exit::Failure, "client-header").with("header", name);
        let text = |name: &str| answer.header(name).map(str::to_owned);
        let number = |name: &str| answer.header(name).and_then(|value| value.parse().ok());
        Ok(Download {
            use_id: text("weir-use").ok_or_else(|| missing("weir-use"))?,
            sha256: text("weir-digest").ok_or_else(|| missing("weir-digest"))?.to_ascii_lowercase(),
            bytes: number("weir-bytes").ok_or_else(|| missing("weir-bytes"))?,
            rows: number("weir-rows"),
            content_type: text("content-type").unwrap_or_default(),
            partial: answer.status.as_u16() == 206,
            stream: answer,
        })
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// What the connection reports: the download can go on later under the same use.
    pub async fn next(&mut self) -> Option<Result<Bytes, NetError>> {
        self.stream.next().await
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
