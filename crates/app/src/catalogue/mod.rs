//! The unified catalogue (统一目录标识): one view over all regions, made of what public logs say, and what each role does with it.
//!
//! | module | who |
//! |---|---|
//! | here | every node: the view ([`apply`]) |
//! | [`indexing`] | the search index of nodes that have one |
//! | [`register`] | region and industry nodes: identifiers for resources and products |
//! | [`shelf`] | service nodes: listing |
//! | [`resource`], [`product`], [`offer`], [`change`] | connectors: what they hold and offer |
//! | [`search`] | finding and resolving |

mod change;
pub mod indexing;
mod kept;
pub mod offer;
pub mod product;
pub mod register;
pub mod resource;
pub mod search;
pub mod shelf;

use std::sync::Arc;

use domain::Timestamp;
use domain::id::ProductId;
use ndi::Code as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::public_log::{ListingBody, ProductBody, PublicBody, ResourceBody};
use serde_json::Value;
use store::{CatalogueRow, DirectoryRow, ListingRow, Page, Read, Tx};

pub use indexing::{index, reindex};

use crate::log::{public_body, stored_body};
use crate::{Error, Node};

/// The `tenant` of rows that are the network's view, not a connector's own record.
pub(crate) const NETWORK: &str = "";

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

/// The product of an identifier in this node's view, as others see it: its public body and `listings`.
///
/// # Errors
/// [`Error::Input`] where it is no identifier, [`Error::NotFound`].
pub async fn product_view(node: &Node, id: &str) -> Result<Value, Error> {
    let wanted = ProductId::parse(id).map_err(|error| Error::input("product", error))?.to_string();
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
