//! The table of all routes. Router and table are made in one go, so that no route can be forgotten by the tests that walk it.

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::problem::{Code, Problem};
use crate::server::Edge;
use crate::{Token, edge, manage, token};

/// The base path of the management API.
pub const MANAGE: &str = "/manage/v1";

/// A route of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method; no other is taken.
    pub method: Method,
    /// The path; `{…}` stands for a variable segment.
    pub path: String,
    /// Whether it asks for the administrator's token.
    pub needs_token: bool,
}

/// Routes while they are put together.
pub(crate) struct Table {
    router: Router<Edge>,
    routes: Vec<Route>,
}

impl Table {
    /// No route yet.
    pub fn new() -> Table {
        Table { router: Router::new(), routes: Vec::new() }
    }

    /// Adds a route that reads. `HEAD` is not taken: it would do the work, and count a use, without giving the bytes.
    pub fn get<H, T>(self, path: &str, handler: H) -> Table
    where
        H: Handler<T, Edge>,
        T: 'static,
    {
        let only_get = on(MethodFilter::GET, handler).on(MethodFilter::HEAD, refuse_head);
        self.add(Method::GET, path, only_get)
    }

    /// Adds a route that changes something, or is a message.
    pub fn post<H, T>(self, path: &str, handler: H) -> Table
    where
        H: Handler<T, Edge>,
        T: 'static,
    {
        self.add(Method::POST, path, on(MethodFilter::POST, handler))
    }

    fn add(mut self, method: Method, path: &str, handler: MethodRouter<Edge>) -> Table {
        self.routes.push(Route { method, path: path.to_owned(), needs_token: false });
        self.router = self.router.route(path, handler);
        self
    }

    /// Both tables in one.
    pub fn and(mut self, other: Table) -> Table {
        self.router = self.router.merge(other.router);
        self.routes.extend(other.routes);
        self
    }
}

/// Every route of a node, in the order of the documents.
pub fn all() -> Vec<Route> {
    let managed = manage::routes().routes.into_iter();
    let managed =
        managed.map(|route| Route { path: format!("{MANAGE}{}", route.path), needs_token: true, ..route });
    edge::routes().routes.into_iter().chain(managed).collect()
}

/// The router of a node: messages for everyone, management for who has the token, and whatever the binary adds.
pub(crate) fn router(edge: Edge, token: Token, extra: Option<Router>) -> Router {
    let managed = manage::routes()
        .router
        .fallback(unknown_path)
        .method_not_allowed_fallback(refuse_method)
        .layer(from_fn_with_state(token, token::require));
    let ours = edge::routes().router.method_not_allowed_fallback(edge::refuse_method).nest(MANAGE, managed);
    let ours: Router = ours.with_state(edge);
    match extra {
        Some(extra) => ours.merge(extra),
        None => ours,
    }
    .fallback(edge::unknown_path)
}

async fn unknown_path() -> Response {
    Problem::new(
        Code::UnknownPath,
        "the management API has no such path; its routes stand in docs/MANAGEMENT-API.md",
    )
    .into_response()
}

async fn refuse_head() -> impl IntoResponse {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")])
}

async fn refuse_method(request: Request) -> Response {
    let method = request.method().as_str();
    Problem::new(Code::Method, format!("`{method}` is not taken here; see the header `allow`"))
        .with("method", method)
        .into_response()
}
