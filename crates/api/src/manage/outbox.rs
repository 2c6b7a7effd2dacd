//! Messages to be sent, and those that were given up: to be seen, tried again, dismissed.

use app::Node;
use app::outbox::{self, Letter, State};
use axum::Json;
use axum::extract::State as Of;
use serde_json::{Value, json};

use super::Answer;
use crate::extract::{Parameters, Segments};
use crate::problem::Problem;
use crate::routes::Table;

pub(super) fn routes() -> Table {
    Table::new()
        .get("/outbox", list)
        .post("/outbox/retry", retry_all)
        .post("/outbox/{id}/retry", retry)
        .post("/outbox/{id}/dismiss", dismiss)
}

async fn list(Of(node): Of<Node>, parameters: Parameters) -> Answer<Vec<Letter>> {
    let parameters = parameters.only(&["state", "after", "limit"])?;
    let state = match parameters.text("state") {
        None => None,
        Some("waiting") => Some(State::Waiting),
        Some("given_up") => Some(State::GivenUp),
        Some(other) => {
            let detail = format!("`{other}`: expected `waiting` or `given_up`");
            return Err(Problem::input("state", detail));
        }
    };
    let (after, limit) = (parameters.number("after")?, parameters.number("limit")?);
    let limit = limit.unwrap_or(node.limits().page_max);
    Ok(Json(outbox::list(&node, state, after.unwrap_or(0), limit).await?))
}

async fn retry_all(Of(node): Of<Node>, parameters: Parameters) -> Answer<Value> {
    parameters.only(&[])?;
    Ok(Json(json!({"retried": outbox::try_all_again(&node).await?})))
}

async fn retry(Of(node): Of<Node>, Segments(id): Segments<i64>) -> Answer<Letter> {
    Ok(Json(outbox::try_again(&node, id).await?))
}

async fn dismiss(Of(node): Of<Node>, Segments(id): Segments<i64>) -> Answer<Letter> {
    Ok(Json(outbox::dismiss(&node, id).await?))
}
