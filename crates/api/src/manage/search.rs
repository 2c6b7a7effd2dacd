//! Finding products, and the nodes known.

use app::{Node, catalogue};
use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::Answer;
use crate::extract::{PageOf, Parameters};
use crate::routes::Table;

pub(super) fn routes() -> Table {
    Table::new().get("/search", search).get("/nodes", nodes)
}

async fn search(State(node): State<Node>, parameters: Parameters) -> Answer<Value> {
    let parameters = parameters.only(&["q", "offset", "limit"])?;
    let page = PageOf::of(&parameters, &node)?;
    let text = parameters.text("q").unwrap_or_default();
    Ok(Json(catalogue::search::search(&node, text, page.offset, page.limit).await?))
}

async fn nodes(State(node): State<Node>, parameters: Parameters) -> Answer<Value> {
    parameters.only(&[])?;
    Ok(Json(catalogue::nodes(&node).await?))
}
