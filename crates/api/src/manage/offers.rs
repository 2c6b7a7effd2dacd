//! What a connector holds and offers: resources and products. On other nodes the products are the whole catalogue.

use std::sync::Arc;

use app::Node;
use app::catalogue;
use app::catalogue::product::{self, NewOffer, OwnProduct};
use app::catalogue::resource::{self, NewResource, OwnResource};
use app::config::Role;
use app::member::Speaker;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::Answer;
use crate::extract::{Acting, JsonBody, PART, PageOf, Parameters, Segments, part};
use crate::limits;
use crate::problem::Problem;
use crate::routes::Table;

pub(super) fn routes() -> Table {
    Table::new()
        .post("/resources", add_resource)
        .get("/resources", resources)
        .post("/products", register)
        .get("/products", products)
        .get("/products/{id}", show)
        .post("/products/{id}/list", list)
        .post("/products/{id}/delist", delist)
        .post("/products/{id}/withdraw", withdraw)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ListOrder {
    service_node: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DelistOrder {
    service_node: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: String,
}

async fn add_resource(
    State(node): State<Node>,
    Acting(speaker): Acting,
    JsonBody(new): JsonBody<NewResource>,
) -> Answer<Value> {
    // Nobody listens to the progress of one request: the caller sees the whole at its end.
    let added = resource::add(&node, &speaker, new, Arc::new(|_| ())).await?;
    Ok(Json(added.view()?))
}

async fn resources(
    State(node): State<Node>,
    Acting(speaker): Acting,
    parameters: Parameters,
) -> Answer<Vec<Value>> {
    let part = part(&parameters.only(&PART)?, &node)?;
    let own = resource::list(&node, &speaker, &part).await?;
    Ok(Json(own.iter().map(OwnResource::view).collect::<Result<_, _>>()?))
}

async fn register(
    State(node): State<Node>,
    Acting(speaker): Acting,
    JsonBody(new): JsonBody<NewOffer>,
) -> Answer<Value> {
    Ok(Json(product::register(&node, &speaker, new).await?.view()?))
}

async fn products(State(node): State<Node>, parameters: Parameters) -> Answer<Value> {
    let parameters = parameters.only(&PART)?;
    if node.role() == Role::Host {
        return own_products(&node, &parameters).await;
    }
    let PageOf { offset, limit } = PageOf::of(&parameters, &node)?;
    let after = after(&node, parameters.text("after"), offset).await?;
    Ok(Json(catalogue::page(&node, after, limit).await?))
}

async fn own_products(node: &Node, parameters: &Parameters) -> Answer<Value> {
    let speaker = node.acting(parameters.text("as"))?;
    let own = product::list(node, &speaker, &part(parameters, node)?).await?;
    Ok(Json(Value::Array(own.iter().map(OwnProduct::view).collect::<Result<_, _>>()?)))
}

/// The product behind which a page begins: `offset` entries behind the one named.
async fn after(node: &Node, named: Option<&str>, offset: u32) -> Result<Option<String>, Problem> {
    if offset > limits::LIST_OFFSET_MAX {
        let limit = limits::LIST_OFFSET_MAX;
        let detail =
            format!("`{offset}`: at most {limit}; go on with `after=<the last identifier you have>`");
        return Err(Problem::input("offset", detail).with("limit", limit));
    }
    let (mut after, mut left) = (named.map(str::to_owned), offset);
    while left > 0 {
        let page = catalogue::page(node, after.clone(), left.min(node.limits().page_max)).await?;
        let items = page.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let last = items.last().and_then(|item| item.get("id")).and_then(Value::as_str);
        let (Some(last), Ok(passed)) = (last, u32::try_from(items.len())) else { break };
        after = Some(last.to_owned());
        left = left.saturating_sub(passed);
    }
    Ok(after)
}

/// A host shows its own product with what only its provider knows of it; every other one comes from the catalogue.
async fn show(
    State(node): State<Node>,
    Segments(id): Segments<String>,
    parameters: Parameters,
) -> Answer<Value> {
    let parameters = parameters.only(&[])?;
    if node.role() == Role::Host
        && let Ok(speaker) = node.acting(parameters.text("as"))
        && let Some(own) = own_product(&node, &speaker, &id).await?
    {
        return Ok(Json(own.view()?));
    }
    Ok(Json(catalogue::product_view(&node, &id).await?))
}

async fn own_product(node: &Node, speaker: &Speaker, id: &str) -> Result<Option<OwnProduct>, Problem> {
    match product::find(node, speaker, id).await {
        Ok(own) => Ok(Some(own)),
        Err(app::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn list(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(id): Segments<String>,
    JsonBody(order): JsonBody<ListOrder>,
) -> Answer<Value> {
    let listed = product::list_on(&node, &speaker, &id, order.service_node.as_deref()).await?;
    Ok(Json(listed.view()?))
}

async fn delist(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(id): Segments<String>,
    JsonBody(order): JsonBody<DelistOrder>,
) -> Answer<Value> {
    let on = order.service_node.as_deref();
    Ok(Json(product::delist(&node, &speaker, &id, on, &order.reason).await?.view()?))
}

async fn withdraw(
    State(node): State<Node>,
    Acting(speaker): Acting,
    Segments(id): Segments<String>,
    JsonBody(Reason { reason }): JsonBody<Reason>,
) -> Answer<Value> {
    Ok(Json(product::withdraw(&node, &speaker, &id, &reason).await?.view()?))
}
