//! Finding products by words, and resolving identifiers (NDI-TR-2025-02, 4.6; NDI-TR-2025-04, 6).
//!
//! Function and service nodes answer from their own index and view. A connector host holds the view but no index, and asks its region.

use domain::engine::{SearchHit, SearchQuery};
use domain::id::AnyId;
use ndi::weir_v1::Status;
use ndi::weir_v1::catalogue::{Resolve, Resolved, Search, SearchReply};
use ndi::{Code as _, Message as _};
use serde_json::Value;

use crate::log::public_body;
use crate::message::{Incoming, Target};
use crate::{Error, Node, Reason};

/// Searches the catalogue: here where there is an index, else at the region.
///
/// # Errors
/// [`Error::Engine`] for a text or page beyond the limits; [`Error::Net`] and [`Error::Peer`] from the region.
pub async fn search(node: &Node, text: &str, offset: u32, limit: u32) -> Result<Value, Error> {
    let limit = limit.clamp(1, node.limits().page_max);
    if node.search().is_some() {
        return here(node, text, offset, limit).await;
    }
    let speaker = node.speaker()?;
    let upstream = speaker.membership.upstream.clone();
    let upstream = upstream
        .ok_or_else(|| Error::NotJoined(Reason::new("no-region", "it has no region to search at")))?;
    let request = Search {
        text: Some(text.to_owned()).filter(|text| !text.trim().is_empty()),
        offset: offset.into(),
        limit: limit.into(),
    };
    let target = Target { id: upstream.id, address: upstream.address };
    node.send(&speaker, &target, "/weir/v1/search", &request.to_body()?, &node.entropy().hex128()).await
}

/// Handles `search`.
///
/// # Errors
/// As [`search`].
pub async fn handle_search(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: Search = incoming.read()?;
    let bounded = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let text = request.text.unwrap_or_default();
    here(node, &text, bounded(request.offset), bounded(request.limit)).await
}

async fn here(node: &Node, text: &str, offset: u32, limit: u32) -> Result<Value, Error> {
    let engine = node.search().cloned();
    let engine = engine.ok_or_else(|| {
        Error::Forbidden(Reason::new("no-index", "this node keeps no search index: ask a region"))
    })?;
    super::indexing::catch_up(node).await;
    let query = SearchQuery { text: text.to_owned(), limit, offset, area: None };
    let found = tokio::task::spawn_blocking(move || engine.search(&query)).await;
    let page = found.map_err(|error| Error::Corrupt(format!("the search was interrupted: {error}")))??;
    let items = views(node, page.hits).await?;
    Ok(SearchReply { total: page.total, items }.to_body()?)
}

/// The products of the hits, in the same order. One that left the view since is passed over.
async fn views(node: &Node, hits: Vec<SearchHit>) -> Result<Vec<Value>, Error> {
    node.store()
        .read("search_views", move |read| {
            let hits = hits.clone();
            Box::pin(async move {
                let mut items = Vec::with_capacity(hits.len());
                for hit in &hits {
                    if let Some(row) = read.get_catalogue(hit.product.as_str()).await? {
                        items.push(super::view(read, &row).await?);
                    }
                }
                Ok::<_, Error>(items)
            })
        })
        .await
}

/// Handles `resolve`.
///
/// # Errors
/// [`Error::Input`] where it is no identifier, [`Error::NotFound`] where nobody is known by it.
pub async fn handle_resolve(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: Resolve = incoming.read()?;
    Ok(resolve(node, &request.id).await?.to_body()?)
}

/// Where an identifier's object is, and its state.
///
/// # Errors
/// As [`handle_resolve`].
pub async fn resolve(node: &Node, id: &str) -> Result<Resolved, Error> {
    let parsed = AnyId::parse(id).map_err(|error| Error::input("id", error))?;
    match parsed {
        AnyId::Product(_) => {
            let product =
                super::shelf::find_product(node, id).await?.ok_or_else(|| Error::not_found("product", id))?;
            let host = node.known(product.connector.as_str()).await?;
            Ok(resolved(id, "product", host.address.clone(), product.status))
        }
        AnyId::Resource(_) => resolve_resource(node, id).await,
        AnyId::Contract(_) => resolve_contract(node, id).await,
        AnyId::Node(_) => {
            let known = node.known(id).await?;
            Ok(resolved(id, &known.kind, known.address.clone(), status(&known.status)?))
        }
    }
}

async fn resolve_resource(node: &Node, id: &str) -> Result<Resolved, Error> {
    let wanted = id.to_owned();
    let row = node
        .store()
        .read("resolve_resource", move |read| {
            let id = wanted.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_directory(&id).await?) })
        })
        .await?;
    let row = row.ok_or_else(|| Error::not_found("resource", id))?;
    public_body(&row.body)?;
    let host = node.known(&row.owner).await?;
    Ok(resolved(id, "resource", host.address.clone(), status(&row.status)?))
}

/// Where a contract is answered for: at the connector of its provider. Only the node that gave its identifier knows.
async fn resolve_contract(node: &Node, id: &str) -> Result<Resolved, Error> {
    let wanted = id.to_owned();
    let row = node
        .store()
        .read("resolve_contract", move |read| {
            let id = wanted.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_issued(&id).await?) })
        })
        .await?;
    let row = row.ok_or_else(|| Error::not_found("contract", id))?;
    let host = node.known(&row.provider).await?;
    Ok(resolved(id, "contract", host.address.clone(), Status::Registered))
}

fn status(code: &str) -> Result<Status, Error> {
    Status::from_code(code).ok_or_else(|| Error::Corrupt(format!("status `{code}`")))
}

fn resolved(id: &str, kind: &str, address: Option<String>, status: Status) -> Resolved {
    Resolved { id: id.to_owned(), kind: kind.to_owned(), address, status }
}
