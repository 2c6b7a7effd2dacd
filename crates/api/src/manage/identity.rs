//! Subjects, and the connectors that join.

use app::Node;
use app::identity::{self, ConnectorView, EnrolmentView, JoinOrder, NewOrganisation, OrganisationView};
use axum::Json;
use axum::extract::State;

use super::Answer;
use crate::extract::{JsonBody, Parameters};
use crate::routes::Table;

pub(super) fn routes() -> Table {
    Table::new()
        .post("/organisations", register)
        .get("/organisations", organisations)
        .post("/connectors", join)
        .get("/connectors", connectors)
}

async fn register(
    State(node): State<Node>,
    JsonBody(new): JsonBody<NewOrganisation>,
) -> Answer<EnrolmentView> {
    Ok(Json(identity::register_organisation(&node, new).await?))
}

async fn organisations(State(node): State<Node>, parameters: Parameters) -> Answer<Vec<OrganisationView>> {
    parameters.only(&[])?;
    Ok(Json(identity::organisations(&node).await?))
}

async fn join(State(node): State<Node>, JsonBody(order): JsonBody<JoinOrder>) -> Answer<ConnectorView> {
    Ok(Json(identity::join(&node, order).await?))
}

async fn connectors(State(node): State<Node>, parameters: Parameters) -> Answer<Vec<ConnectorView>> {
    parameters.only(&[])?;
    Ok(Json(identity::connectors(&node)))
}
