//! Read-only pages: what a network of nodes holds, for people, in Chinese and English.
//!
//! | path | what |
//! |---|---|
//! | `/` | nodes with their logs, connectors, and who else is known |
//! | `/products`, `/products/{id}` | search at a chosen node; one product with its columns, terms and listings |
//! | `/contracts`, `/contracts/{id}` | parties, terms, negotiation, signatures, uses of both sides |
//! | `/usage` | both sides' meters side by side, and the windows between them |
//! | `/receipts/{contract}/{use}` | a receipt's verification step by step; `…/receipt.json` is the receipt |
//! | `/trust.pem` | the pinned root, which a verifier needs |
//!
//! The pages are rendered on the server and need no script. They show what is public, and what the given nodes' own members hold:
//! whoever may not see the latter must not reach them, because there is no login here. No page changes anything, and none shows
//! a key, a token or a path. Left to others: the management API, and where the pages are served.
//!
//! Sentences stand in `locales/`, one file per language; code and templates name them by key.

pub mod figures;
pub mod fluent;
mod i18n;
mod network;
mod page;
mod pages;
mod trouble;
mod words;

use std::sync::Arc;

use app::Node;
use axum::Router;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::get;

use crate::network::Network;

/// What a browser may do with a page: show it, with its own style sheet, and send its search form back here.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every answer, errors included. Pages are made anew for each request, so nobody keeps them.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The pages over the nodes of this process. They are read only: `GET` and `HEAD`.
///
/// With several nodes, a contract whose two connectors are hosted here is shown from both sides.
pub fn router(nodes: Vec<Node>) -> Router {
    Router::new()
        .route("/", get(pages::overview::show))
        .route("/products", get(pages::products::list))
        .route("/products/{id}", get(pages::product::show))
        .route("/contracts", get(pages::contracts::list))
        .route("/contracts/{id}", get(pages::contract::show))
        .route("/usage", get(pages::usage::show))
        .route("/receipts/{contract}/{use}", get(pages::receipt::show))
        .route("/receipts/{contract}/{use}/receipt.json", get(pages::receipt::download))
        .route("/trust.pem", get(pages::receipt::trust))
        .route("/assets/console.css", get(pages::style))
        .fallback(pages::not_found)
        .method_not_allowed_fallback(pages::not_allowed)
        .layer(map_response(with_headers))
        .with_state(Arc::new(Network::new(nodes)))
}

async fn with_headers(mut response: Response) -> Response {
    let is_not_allowed = response.status() == StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if is_not_allowed {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

#[cfg(test)]
mod tests;
