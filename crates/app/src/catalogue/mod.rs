//! The unified catalogue (统一目录标识): one view over all regions, made of what public logs say, and what each role does with it.
//!
//! | module | who |
//! |---|---|
//! | here | every node: the view ([`apply`]) and its search index ([`index`]) |
//! | [`register`] | region and industry nodes: identifiers for resources and products |
//! | [`shelf`] | service nodes: listing |
//! | [`resource`], [`product`], [`offer`] | connectors: what they hold and offer |
//! | [`search`] | finding and resolving |

pub mod offer;
pub mod product;
pub mod register;
pub mod resource;
pub mod search;
pub mod shelf;

use std::sync::Arc;

use domain::Timestamp;
use domain::engine::{SearchChange, SearchDocument};
use ndi::Code as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::convert::keywords_to_domain;
use ndi::weir_v1::public_log::{ListingBody, ProductBody, PublicBody, ResourceBody};
use serde_json::Value;
use store::{CatalogueRow, DirectoryRow, ListingRow, Page, Read, Tx};

use crate::log::{public_body, stored_body};
use crate::{Error, Node};

/// The `tenant` of rows that are the network's view, not a connector's own record.
pub(crate) const NETWORK: &str = "";
/// How many catalogue rows one page of a rebuild takes.
const REINDEX_PAGE: u32 = 500;
/// Rows that changed within this time before the newest are indexed again at a start: the index may have missed them in a crash.
const REINDEX_WINDOW_MICROS: i64 = 10 * 60 * 1_000_000;

/// Takes a catalogue body that is believed into the view, within the transaction that makes it so.
///
/// # Errors
/// [`Error::Store`], [`Error::Message`].
pub async fn apply(tx: &mut Tx, origin: &str, body: &PublicBody, now: Timestamp) -> Result<(), Error> {
    match body {
        PublicBody::Product(product) => apply_product(tx, origin, product, now).await,
        PublicBody::Resource(resource) => apply_resource(tx, origin, resource, now).await,
        PublicBody::Listing(listing) => apply_listing(tx, listing, now).await,
        _ => Ok(()),
    }
}

async fn apply_product(
    tx: &mut Tx,
    origin: &str,
    product: &ProductBody,
    now: Timestamp,
) -> Result<(), Error> {
    let listings = tx.list_listings(NETWORK, product.id.as_str()).await?;
    let row = CatalogueRow {
        product: product.id.to_string(),
        origin: origin.to_owned(),
        provider: product.subject.to_string(),
        area: product.id.area().to_string(),
        listed: product.status == Status::Registered && listings.iter().any(is_listed),
        updated_at: now.micros(),
        body: stored_body(&PublicBody::Product(product.clone()))?,
    };
    Ok(tx.put_catalogue(&[row]).await?)
}

/// Resources stand in the directory: they are resolved, not searched.
async fn apply_resource(
    tx: &mut Tx,
    origin: &str,
    resource: &ResourceBody,
    now: Timestamp,
) -> Result<(), Error> {
    let row = DirectoryRow {
        id: resource.id.to_string(),
        kind: "resource".to_owned(),
        owner: resource.connector.to_string(),
        area: resource.id.area().to_string(),
        origin: origin.to_owned(),
        address: None,
        key_id: None,
        status: resource.status.code().to_owned(),
        updated_at: now.micros(),
        body: stored_body(&PublicBody::Resource(resource.clone()))?,
    };
    Ok(tx.put_directory(&row).await?)
}

async fn apply_listing(tx: &mut Tx, listing: &ListingBody, now: Timestamp) -> Result<(), Error> {
    let row = ListingRow {
        tenant: NETWORK.to_owned(),
        product: listing.product.to_string(),
        service: listing.service_node.to_string(),
        state: listing.status.code().to_owned(),
        updated_at: now.micros(),
        body: stored_body(&PublicBody::Listing(listing.clone()))?,
    };
    tx.put_listing(&row).await?;
    // A listing may come before its product: logs of different nodes have no common order. Then the product finds it here.
    let Some(mut product) = tx.get_catalogue(listing.product.as_str()).await? else { return Ok(()) };
    let listings = tx.list_listings(NETWORK, listing.product.as_str()).await?;
    let withdrawn = public_body(&product.body)?.status() == Status::Withdrawn;
    product.listed = !withdrawn && listings.iter().any(is_listed);
    Ok(tx.put_catalogue(&[product]).await?)
}

fn is_listed(row: &ListingRow) -> bool {
    row.state == Status::Listed.code()
}

/// Brings bodies that were committed into the search index, on nodes that have one.
///
/// # Errors
/// [`Error::Engine`].
pub async fn index(node: &Node, bodies: &[PublicBody]) -> Result<(), Error> {
    let changes = bodies.iter().filter_map(|body| match body {
        PublicBody::Product(product) => Some(change(product)),
        _ => None,
    });
    apply_changes(node, changes.collect()).await
}

async fn apply_changes(node: &Node, changes: Vec<SearchChange>) -> Result<(), Error> {
    let Some(engine) = node.search().filter(|_| !changes.is_empty()).cloned() else { return Ok(()) };
    let applied = tokio::task::spawn_blocking(move || engine.apply(&changes)).await;
    applied
        .map_err(|error| Error::Corrupt(format!("the index was interrupted: {error}")))?
        .map_err(Error::from)
}

fn change(product: &ProductBody) -> SearchChange {
    if product.status == Status::Withdrawn {
        return SearchChange::Remove(product.id.clone());
    }
    let mut keywords = keywords_to_domain(&product.keywords);
    // Titles of columns, so that `臭氧` finds what calls its column `O3`.
    for title in product.columns.iter().filter_map(|column| column.title.as_ref()) {
        keywords.zh.extend(title.zh.clone());
        keywords.en.extend(title.en.clone());
    }
    SearchChange::Upsert(Box::new(SearchDocument {
        product: product.id.clone(),
        title: product.title.to_domain(),
        description: product.description.as_ref().map(|text| text.to_domain()).unwrap_or_default(),
        keywords,
        columns: product.columns.iter().map(|column| column.name.clone()).collect(),
        provider_name: product.provider.clone(),
        area: product.id.area(),
    }))
}

/// Job at the start: fills a search index that was opened empty, or what it may have missed in a crash.
pub async fn reindex(node: Node, whole: bool) {
    if node.search().is_none() {
        return;
    }
    if let Err(error) = reindex_rows(&node, whole).await {
        tracing::error!(%error, "the search index could not be filled; restart the node to try again");
    }
}

async fn reindex_rows(node: &Node, whole: bool) -> Result<(), Error> {
    let rows = all_rows(node).await?;
    let newest = rows.iter().map(|row| row.updated_at).max().unwrap_or_default();
    let since = if whole { i64::MIN } else { newest.saturating_sub(REINDEX_WINDOW_MICROS) };
    for chunk in rows.chunks(REINDEX_PAGE as usize) {
        let bodies: Result<Vec<PublicBody>, Error> =
            chunk.iter().filter(|row| row.updated_at >= since).map(|row| public_body(&row.body)).collect();
        index(node, &bodies?).await?;
    }
    Ok(())
}

async fn all_rows(node: &Node) -> Result<Vec<CatalogueRow>, Error> {
    let mut all: Vec<CatalogueRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.product.clone()).unwrap_or_default();
        let page = rows_after(node, after, REINDEX_PAGE).await?;
        let more = page.len() as u64 == u64::from(REINDEX_PAGE);
        all.extend(page);
        if !more {
            return Ok(all);
        }
    }
}

async fn rows_after(node: &Node, after: String, limit: u32) -> Result<Vec<CatalogueRow>, Error> {
    node.store()
        .read("catalogue_page", move |read| {
            let page = Page::after(after.clone(), limit);
            Box::pin(async move { Ok::<_, Error>(read.list_catalogue(&page).await?) })
        })
        .await
}

/// The product of an identifier in this node's view, as others see it: its public body and `listings`.
///
/// # Errors
/// [`Error::NotFound`].
pub async fn product_view(node: &Node, id: &str) -> Result<Value, Error> {
    let wanted = id.to_owned();
    node.store()
        .read("catalogue_product", move |read| {
            let id = wanted.clone();
            Box::pin(async move {
                let row = read.get_catalogue(&id).await?.ok_or_else(|| Error::not_found("product", &id))?;
                view(read, &row).await
            })
        })
        .await
}

/// A catalogue row as others see it.
pub(crate) async fn view(read: &mut Read, row: &CatalogueRow) -> Result<Value, Error> {
    let public = public_body(&row.body)?;
    let mut body = public.to_body()?;
    let listings = read.list_listings(NETWORK, &row.product).await?.into_iter();
    // What is withdrawn is on no shelf, whatever a service node still says.
    let offered = listings.filter(|row| public.status() == Status::Registered && is_listed(row));
    let nodes: Vec<Value> = offered.map(|row| Value::from(row.service)).collect();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("listings".to_owned(), Value::from(nodes));
    }
    Ok(body)
}

/// A page of the whole catalogue in the order of identifiers, with the number of products in all.
///
/// # Errors
/// [`Error::Store`].
pub async fn page(node: &Node, after: Option<String>, limit: u32) -> Result<Value, Error> {
    let (after, limit) = (Arc::new(after.unwrap_or_default()), limit.min(node.limits().page_max));
    node.store()
        .read("catalogue_view", move |read| {
            let after = after.clone();
            Box::pin(async move {
                let total = read.count_catalogue().await?.products;
                let mut items = Vec::new();
                for row in read.list_catalogue(&Page::after(after.as_str(), limit)).await? {
                    items.push(view(read, &row).await?);
                }
                Ok::<_, Error>(serde_json::json!({"total": total, "items": items}))
            })
        })
        .await
}

/// The nodes known, in the form of their directory entries.
///
/// # Errors
/// [`Error::Store`].
pub async fn nodes(node: &Node) -> Result<Value, Error> {
    use ndi::weir_v1::public_log::NodeKind;
    let mut all = Vec::new();
    for kind in [NodeKind::Global, NodeKind::Region, NodeKind::Industry, NodeKind::Service] {
        for body in crate::feed::nodes(node, kind).await? {
            all.push(serde_json::json!({
                "id": body.id, "kind": body.kind.code(), "name": body.name, "area": body.area,
                "areaName": {"zh": body.area.name_zh(), "en": body.area.name_en()},
                "address": body.address, "suite": body.suite.code(), "status": body.status.code(),
            }));
        }
    }
    Ok(Value::from(all))
}

#[cfg(test)]
mod tests;
