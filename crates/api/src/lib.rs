//! The HTTP edge of a node: messages between nodes (docs/WIRE.md) and the management API (docs/MANAGEMENT-API.md) on one listener.
//!
//! | module | what it does |
//! |---|---|
//! | [`listen`], [`server`] | the socket, TLS, connections, stopping |
//! | [`edge`] | messages between nodes: headers and body in, the documents' reply form out |
//! | [`manage`] | the management API, one module per capability; handlers parse, call `app` and print |
//! | [`problem`] | the one place where an error becomes a problem document |
//! | [`token`] | who may manage |
//! | [`routes`] | the table of all routes, which tests walk |
//! | [`limits`] | every limit of the edge |
//!
//! No use case stands here: whatever a handler decides beyond parsing belongs into `app`.

mod body;
pub mod edge;
mod error;
mod extract;
pub mod limits;
pub mod listen;
pub mod manage;
pub mod problem;
pub mod routes;
pub mod server;
#[cfg(test)]
mod testing;
pub mod token;

use std::future::Future;

pub use error::ServeError;
pub use listen::{Listen, Tls};
pub use server::{ServeOptions, Server};
pub use token::Token;

/// Pages that a node serves beside its own routes.
pub type Pages = axum::Router;

/// Serves a node until `stop` is ready: binds, then runs. Who needs the port before it runs uses [`Server`].
///
/// # Errors
/// [`ServeError`] where it cannot listen.
pub async fn serve(
    node: app::Node,
    options: ServeOptions,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let server = Server::bind(options).await?;
    server.run(node, stop).await;
    Ok(())
}
