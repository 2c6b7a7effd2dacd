//! Contracts: proposing, negotiating, signing, ending, and waiting for a state.

use std::time::Duration;

use app::Node;
use app::contract::{self, ContractView, NewContract};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::Answer;
use crate::extract::{Acting, JsonBody, PART, Parameters, Segments, part};
use crate::limits;
use crate::routes::Table;
use crate::server::Edge;

pub(super) fn routes() -> Table {
    Table::new()
        .post("/contracts", propose)
        .get("/contracts", list)
        .get("/contracts/{contract}", show)
        .post("/contracts/{contract}/counter", counter)
        .post("/contracts/{contract}/accept", accept)
        .post("/contracts/{contract}/sign", sign)
        .post("/contracts/{contract}/reject", reject)
        .post("/contracts/{contract}/terminate", terminate)
        .get("/contracts/{contract}/wait", wait)
}

/// The state that is waited for where the caller does not say: in force.
const IN_FORCE: &str = "05";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherTerms {
    terms: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

async fn propose(
    State(node): State<Node>,
    Acting(speaker): Acting,
    JsonBody(new): JsonBody<NewContract>,
) -> Answer<ContractView> {
    Ok(Json(contract::propose(&node, &speaker, new).await?))
}

async fn list(
    State(node): State<Node>,
    Acting(speaker): Acting,
    parameters: Parameters,
) -> Answer<Vec<ContractView>> {
    let part = part(&parameters.only(&PART)?, &node)?;
    Ok(Json(contract::list(&node, &speaker, &part).await?))
}

async fn show(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
    parameters: Parameters,
) -> Answer<ContractView> {
    parameters.only(&[])?;
    Ok(Json(contract::show(&node, &speaker, &name).await?))
}

async fn counter(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
    JsonBody(OtherTerms { terms }): JsonBody<OtherTerms>,
) -> Answer<ContractView> {
    Ok(Json(contract::counter(&node, &speaker, &name, &terms).await?))
}

async fn accept(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
) -> Answer<ContractView> {
    Ok(Json(contract::accept(&node, &speaker, &name).await?))
}

async fn sign(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
) -> Answer<ContractView> {
    Ok(Json(contract::sign(&node, &speaker, &name).await?))
}

async fn reject(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
    JsonBody(Reason { reason }): JsonBody<Reason>,
) -> Answer<ContractView> {
    Ok(Json(contract::reject(&node, &speaker, &name, &reason).await?))
}

async fn terminate(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
    JsonBody(Reason { reason }): JsonBody<Reason>,
) -> Answer<ContractView> {
    Ok(Json(contract::terminate(&node, &speaker, &name, &reason).await?))
}

/// Holds the answer until the contract is in the state. Where the node is to stop, it answers with what is now.
async fn wait(
    State(edge): State<Edge>,
    Acting(speaker): Acting,
    Segments(name): Segments<String>,
    parameters: Parameters,
) -> Answer<ContractView> {
    let parameters = parameters.only(&["state", "timeout_ms"])?;
    let wanted = parameters.text("state").unwrap_or(IN_FORCE);
    let millis = parameters.number("timeout_ms")?.unwrap_or(limits::WAIT_MS).min(limits::WAIT_MS_MAX);
    let reached = contract::wait(&edge.node, &speaker, &name, wanted, Duration::from_millis(millis));
    let view = tokio::select! {
        reached = reached => reached?,
        () = edge.stopped() => contract::show(&edge.node, &speaker, &name).await?,
    };
    Ok(Json(view))
}
