//! The table of all routes. Router and table are made in one go, so that no route can be forgotten by the tests that walk it.

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
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
    let ours: Router = ours.with_state(edge).layer(from_fn(to_the_end));
    match extra {
        Some(extra) => ours.merge(extra),
        None => ours,
    }
    .fallback(edge::unknown_path)
}

/// Lets what changes something run to its end, whether or not the caller still listens: a step is committed in the store before
/// memory follows, and a caller who leaves in between must not part the two. What only reads ends with its caller.
async fn to_the_end(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let is_managed = request.uri().path().starts_with(MANAGE);
    let whole = tokio::spawn(next.run(request));
    whole.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request ended in a defect of the program; please report it");
        if is_managed {
            Problem::new(Code::Internal, "the request ended in a defect of the program: please report it")
                .into_response()
        } else {
            edge::failed()
        }
    })
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use axum::routing::any;
    use tokio::sync::oneshot;
    use tower::ServiceExt as _;

    use super::*;

    /// The ends of a handler that says when it was entered, waits, and says when it is done.
    struct Handler {
        entered: oneshot::Receiver<()>,
        go_on: oneshot::Sender<()>,
        done: oneshot::Receiver<()>,
        router: Router,
    }

    fn handler() -> Handler {
        let ((enter, entered), (go_on, wait)) = (oneshot::channel(), oneshot::channel::<()>());
        let (end, done) = oneshot::channel();
        let inside = Arc::new(Mutex::new(Some((enter, wait, end))));
        let handle = move || {
            let inside = inside.lock().unwrap().take();
            async move {
                let (enter, wait, end) = inside.unwrap();
                enter.send(()).unwrap();
                let _ = wait.await;
                let _ = end.send(());
            }
        };
        let router = Router::new().route("/", any(handle)).layer(from_fn(to_the_end));
        Handler { entered, go_on, done, router }
    }

    /// Calls and leaves once the handler is at work; whether it came to its end.
    async fn ends_after_the_caller_left(method: Method) -> bool {
        let Handler { entered, go_on, done, router } = handler();
        let request = axum::http::Request::builder().method(method).body(Body::empty()).unwrap();
        let mut call = Box::pin(router.oneshot(request));
        tokio::select! {
            _ = &mut call => {}
            entered = entered => entered.unwrap(),
        }
        drop(call);
        let _ = go_on.send(());
        done.await.is_ok()
    }

    #[tokio::test]
    async fn a_change_goes_on_when_its_caller_leaves_and_a_read_does_not() {
        assert!(ends_after_the_caller_left(Method::POST).await);
        assert!(!ends_after_the_caller_left(Method::GET).await);
    }

    #[tokio::test]
    async fn a_defect_in_a_change_is_told_and_ends_nothing_else() {
        let broken = || async { assert_eq!(1, 2, "a defect") };
        let router: Router = Router::new().fallback(broken).layer(from_fn(to_the_end));
        for (path, status) in [
            ("/manage/v1/contracts", StatusCode::INTERNAL_SERVER_ERROR),
            // A peer tries again.
            ("/contractCreate", StatusCode::SERVICE_UNAVAILABLE),
        ] {
            let request = axum::http::Request::builder().method(Method::POST).uri(path).body(Body::empty());
            let answer = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}
