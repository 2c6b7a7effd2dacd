//! Data under a contract, and what proves it: bytes, uses, receipts, usage.

use app::fetch::{self, Fetched};
use app::metering::{self, UsageView, UsesView};
use app::{Node, receipt};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use crypto::Sha256;
use ndi::weir_v1::deliver::{BYTES_HEADER, DIGEST_HEADER, ROWS_HEADER, SEQUENCE_HEADER};
use serde::Deserialize;

use super::Answer;
use crate::extract::{Acting, JsonBody, Parameters, Segments};
use crate::problem::Problem;
use crate::routes::Table;

pub(super) fn routes() -> Table {
    Table::new()
        .get("/contracts/{contract}/data", data)
        .post("/contracts/{contract}/uses/{use}/received", received)
        .get("/contracts/{contract}/uses", uses)
        .get("/contracts/{contract}/receipts/{use}", show_receipt)
        .get("/usage", usage)
}

/// The header that names the use: the caller resumes with it.
const USE_HEADER: &str = "weir-use";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Received {
    bytes: u64,
    sha256: Sha256,
}

/// The bytes as they come from the provider; `206` where they do not begin at the beginning.
async fn data(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(contract): Segments<String>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["use", "offset"])?;
    let offset = parameters.number("offset")?.unwrap_or(0);
    let fetched = fetch::open(&node, &speaker, &contract, parameters.text("use"), offset).await?;
    Ok(stream(fetched))
}

fn stream(fetched: Fetched) -> Response {
    let status = if fetched.offset == 0 { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let whole = &fetched.whole;
    let headers = [
        (USE_HEADER, fetched.use_id.to_string()),
        (DIGEST_HEADER, whole.digest.to_string()),
        (BYTES_HEADER, whole.bytes.to_string()),
        (ROWS_HEADER, whole.rows.to_string()),
        (SEQUENCE_HEADER, fetched.sequence.to_string()),
        (header::CONTENT_LENGTH.as_str(), fetched.length.to_string()),
        (header::CONTENT_TYPE.as_str(), fetched.media_type.clone()),
    ];
    crate::edge::with_headers(status, headers, Body::from_stream(fetched.stream))
}

async fn received(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments((contract, use_id)): Segments<(String, String)>,
    JsonBody(Received { bytes, sha256 }): JsonBody<Received>,
) -> Result<Response, Problem> {
    fetch::received(&node, &speaker, &contract, &use_id, bytes, sha256).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn uses(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(contract): Segments<String>,
    parameters: Parameters,
) -> Answer<UsesView> {
    parameters.only(&[])?;
    Ok(Json(metering::uses(&node, &speaker, &contract).await?))
}

async fn show_receipt(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments((contract, use_id)): Segments<(String, String)>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.only(&[])?;
    let receipt = receipt::receipt(&node, &speaker, &contract, &use_id).await?;
    Ok(Json(receipt).into_response())
}

async fn usage(
    State(node): State<Node>,
    Acting(speaker): Acting,
    parameters: Parameters,
) -> Answer<Vec<UsageView>> {
    parameters.only(&[])?;
    Ok(Json(metering::usage(&node, &speaker).await?))
}
