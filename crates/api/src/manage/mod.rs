//! The management API (docs/MANAGEMENT-API.md): one module per capability. A handler reads the request, calls one use case and
//! prints its view; whatever it would decide beyond that belongs into `app`.

mod contracts;
mod data;
mod identity;
mod observe;
mod offers;
mod outbox;
mod search;

use axum::Json;

use crate::problem::Problem;
use crate::routes::Table;

/// What a handler answers with.
type Answer<T> = Result<Json<T>, Problem>;

/// Every management route, below [`crate::routes::MANAGE`].
pub(crate) fn routes() -> Table {
    observe::routes()
        .and(outbox::routes())
        .and(identity::routes())
        .and(offers::routes())
        .and(search::routes())
        .and(contracts::routes())
        .and(data::routes())
}

#[cfg(test)]
mod tests;
