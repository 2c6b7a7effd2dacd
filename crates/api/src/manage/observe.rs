//! What an operator sees: status and checks.

use app::Node;
use app::doctor::{self, DoctorView};
use app::status::{self, StatusView};
use axum::Json;
use axum::extract::State;

use super::Answer;
use crate::extract::Parameters;
use crate::routes::Table;

pub(super) fn routes() -> Table {
    Table::new().get("/status", status).get("/doctor", doctor)
}

async fn status(State(node): State<Node>, parameters: Parameters) -> Answer<StatusView> {
    parameters.only(&[])?;
    Ok(Json(status::status(&node).await?))
}

async fn doctor(State(node): State<Node>, parameters: Parameters) -> Answer<DoctorView> {
    parameters.only(&[])?;
    Ok(Json(doctor::doctor(&node).await))
}
