//! Messages between nodes: the HTTP side of docs/WIRE.md. What a message means is decided in `app`.
//!
//! Everything here is read from strangers: a head or body beyond its limits, a header that is no text, an unknown path or a wrong
//! method each gets the documents' reply form with its return code, and costs no more than its reading.

use std::convert::Infallible;

use app::delivery::{self, Delivery};
use app::message::Incoming;
use app::{Error, Node, feed, message, refusal};
use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;
use ndi::return_code::{Business, Class, Extension, Module, Parameter, System};
use ndi::weir_v1::deliver::{BYTES_HEADER, DELIVER_MSG, DIGEST_HEADER, ROWS_HEADER, SEQUENCE_HEADER};
use ndi::{Envelope, Reply, ReturnCode};
use serde_json::{Value, json};

use crate::body::{self, Held, NotRead};
use crate::limits;
use crate::routes::Table;
use crate::server::Edge;

/// Messages of TC609-6-2025-14, annex B: at the root of the address.
const CONTRACT_MESSAGES: [&str; 3] = ["contractCreate", "contractNegotiate", "contractTerminate"];
/// Messages of our own under `/weir/v1`. `deliver` and `feed` answer with streams and have handlers of their own.
const OWN_MESSAGES: [&str; 10] = [
    "join",
    "resourceRegister",
    "productRegister",
    "productWithdraw",
    "productList",
    "productDelist",
    "search",
    "resolve",
    USAGE_WINDOW,
    "receiptPart",
];
const USAGE_WINDOW: &str = "usageWindow";
const FEED: &str = "feed";

/// The routes of messages, and the clock.
pub(crate) fn routes() -> Table {
    let mut table = Table::new();
    for name in CONTRACT_MESSAGES {
        table = table.post(&format!("/{name}"), take);
    }
    for name in OWN_MESSAGES {
        table = table.post(&format!("/weir/v1/{name}"), take);
    }
    table.post("/weir/v1/feed", take_feed).post("/weir/v1/deliver", take_deliver).get("/weir/v1/time", time)
}

/// The HTTP status of a return code (docs/WIRE.md, 1).
pub fn status_of(code: ReturnCode) -> StatusCode {
    let is_business = |case: Business| code.case() == case as u32;
    let is_system = |case: System| code.case() == case as u32;
    match code.class() {
        Some(Class::Success) => StatusCode::OK,
        Some(Class::Parameter) => StatusCode::BAD_REQUEST,
        Some(Class::System)
            if [System::Unauthorised, System::TokenExpired, System::KeyInvalid]
                .into_iter()
                .any(is_system) =>
        {
            StatusCode::UNAUTHORIZED
        }
        Some(Class::System) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Class::Business)
            if is_business(Business::NotFound)
                || code == ReturnCode::extension(Extension::ObjectNotFound) =>
        {
            StatusCode::NOT_FOUND
        }
        Some(Class::Business) => StatusCode::CONFLICT,
        None => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn respond(reply: &Reply) -> Response {
    with_status(status_of(reply.code), reply)
}

fn with_status(status: StatusCode, reply: &Reply) -> Response {
    (status, Json(reply.to_body())).into_response()
}

fn parameter(case: Parameter, detail: &str) -> Reply {
    Reply::refuse(ReturnCode::parameter(Module::Common, case), detail)
}

/// Answers a message that is answered with one JSON document.
async fn take(State(edge): State<Edge>, request: Request) -> Response {
    let name = name_of(request.uri()).to_owned();
    let limit = if name == USAGE_WINDOW { limits::USAGE_WINDOW_BYTES_MAX } else { limits::MESSAGE_BYTES_MAX };
    let (headers, body) = match read(&edge, request, limit).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let texts = match texts(&headers) {
        Ok(texts) => texts,
        Err(error) => return respond(&Reply::refuse_error(Module::Common, &error)),
    };
    respond(&message::dispatch(&edge.node, &name, texts, &body.bytes).await)
}

/// The message that a path takes: its last segment.
fn name_of(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
}

/// Head and body within their limits.
async fn read(edge: &Edge, request: Request, limit: usize) -> Result<(HeaderMap, Held), Response> {
    let (parts, body) = request.into_parts();
    let head: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if head > limits::MESSAGE_HEAD_BYTES_MAX {
        let detail =
            format!("the headers have {head} bytes: the limit is {}", limits::MESSAGE_HEAD_BYTES_MAX);
        let reply = parameter(Parameter::Length, &detail);
        return Err(with_status(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, &reply));
    }
    let held = body::read_sharing(body, limit, &edge.budget).await.map_err(|why| not_read(&why))?;
    Ok((parts.headers, held))
}

fn not_read(why: &NotRead) -> Response {
    let (status, case) = match why {
        NotRead::Crowded => {
            let code = ReturnCode::system(Module::Common, System::Busy);
            return respond(&Reply::refuse(code, &why.to_string()));
        }
        NotRead::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, Parameter::Length),
        NotRead::Slow => (StatusCode::REQUEST_TIMEOUT, Parameter::Unparsable),
        NotRead::Broken => (StatusCode::BAD_REQUEST, Parameter::Unparsable),
    };
    with_status(status, &parameter(case, &why.to_string()))
}

/// The headers as texts. One of the envelope that is no text is refused by name; others do not matter.
fn texts(headers: &HeaderMap) -> Result<Vec<(&str, &str)>, ndi::Error> {
    let mut texts = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        match value.to_str() {
            Ok(text) => texts.push((name.as_str(), text)),
            Err(_) if is_envelope(name.as_str()) => {
                return Err(ndi::Error::Format {
                    field: name.to_string(),
                    found: "bytes that are no text".to_owned(),
                    expected: "visible ASCII characters".to_owned(),
                });
            }
            Err(_) => {}
        }
    }
    Ok(texts)
}

fn is_envelope(name: &str) -> bool {
    ndi::envelope::HEADERS.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A message whose answer is a stream, checked as every other.
async fn receive(node: &Node, name: &str, headers: &HeaderMap, body: &[u8]) -> Result<Incoming, Error> {
    node.receive(name, Envelope::parse(texts(headers)?, body)?).await
}

fn refuse(error: &Error, name: &str) -> Response {
    tracing::info!(message.code = name, %error, "message refused");
    respond(&refusal::reply(error))
}

/// Answers `feed` with a stream that stays open until the follower leaves or the node stops.
async fn take_feed(State(edge): State<Edge>, request: Request) -> Response {
    let (headers, body) = match read(&edge, request, limits::MESSAGE_BYTES_MAX).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let lines = match receive(&edge.node, FEED, &headers, &body.bytes).await {
        Ok(incoming) => feed::serve(&edge.node, &incoming),
        Err(error) => Err(error),
    };
    match lines {
        Ok(lines) => {
            let until_stopped = lines.take_until(async move { edge.stopped().await });
            let body = Body::from_stream(until_stopped.map(Ok::<_, Infallible>));
            let kind = HeaderValue::from_static("application/x-ndjson");
            ([(header::CONTENT_TYPE, kind)], body).into_response()
        }
        Err(error) => refuse(&error, FEED),
    }
}

/// Answers `deliver` with the bytes; `206` where they do not begin at the beginning. The use counts before the first byte.
async fn take_deliver(State(edge): State<Edge>, request: Request) -> Response {
    let node = &edge.node;
    let (headers, body) = match read(&edge, request, limits::MESSAGE_BYTES_MAX).await {
        Ok(read) => read,
        Err(refused) => return refused,
    };
    let delivery = match receive(node, DELIVER_MSG, &headers, &body.bytes).await {
        Ok(incoming) => delivery::serve(node, &incoming).await,
        Err(error) => Err(error),
    };
    match delivery {
        Ok(delivery) => deliver(delivery),
        Err(error) => refuse(&error, DELIVER_MSG),
    }
}

fn deliver(delivery: Delivery) -> Response {
    let status = if delivery.offset == 0 { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let headers = [
        (DIGEST_HEADER, delivery.whole.digest.to_string()),
        (BYTES_HEADER, delivery.whole.bytes.to_string()),
        (ROWS_HEADER, delivery.whole.rows.to_string()),
        (SEQUENCE_HEADER, delivery.sequence.to_string()),
        (header::CONTENT_LENGTH.as_str(), delivery.length.to_string()),
        (header::CONTENT_TYPE.as_str(), delivery.media_type.to_owned()),
    ];
    with_headers(status, headers, Body::from_stream(delivery.stream))
}

/// A streamed answer. A value that no header can hold is left out: it is never one of ours.
pub(crate) fn with_headers<const N: usize>(
    status: StatusCode,
    headers: [(&'static str, String); N],
    body: Body,
) -> Response {
    let mut response = (status, body).into_response();
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Who answers here and what its clock says; nothing that is not public. The identifier is empty before the node joined.
async fn time(State(node): State<Node>) -> Json<Value> {
    let id = node.speaker().map(|speaker| speaker.id().to_string()).unwrap_or_default();
    Json(json!({"id": id, "timestamp": node.now().millis(), "version": env!("CARGO_PKG_VERSION")}))
}

/// A message that ended in a defect of ours: its sender may try again.
pub(crate) fn failed() -> Response {
    respond(&Reply::refuse(ReturnCode::system(Module::Common, System::Unknown), ""))
}

/// A path that no message and no page has.
pub(crate) async fn unknown_path() -> Response {
    let reply = parameter(Parameter::MessageName, "no message has this path; they stand in docs/WIRE.md");
    with_status(StatusCode::NOT_FOUND, &reply)
}

/// A path that takes another method.
pub(crate) async fn refuse_method() -> Response {
    let reply =
        parameter(Parameter::MessageName, "the path does not take this method; see the header `allow`");
    with_status(StatusCode::METHOD_NOT_ALLOWED, &reply)
}

#[cfg(test)]
mod tests;
