//! Service nodes: listing registered products (上架, NDI-TR-2025-02, 4.3) and taking them off.
//!
//! A service node knows products through its region's feed. One that was registered a moment ago may not have come yet: then the
//! answer is "busy", and the connector tries again.

use std::sync::Arc;
use std::time::Duration;

use domain::{Evidence, EvidenceKind};
use ndi::Message as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::catalogue::{ProductDelist, ProductList, ProductStatus};
use ndi::weir_v1::public_log::{BodyType, ListingBody, ProductBody, PublicBody};
use serde_json::{Value, json};

use crate::config::Role;
use crate::log::{Entries, public_body};
use crate::message::Incoming;
use crate::{Error, Node, Reason};

/// How long a listing waits for its product to come through the feed.
const FEED_WAIT: Duration = Duration::from_secs(2);

/// Handles `productList`.
///
/// # Errors
/// [`Error::Forbidden`] where the product is another's; [`Error::NotYet`] where it is not known here so far.
pub async fn handle_list(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: ProductList = incoming.read()?;
    let product = own_product(node, incoming, request.product_id.as_str()).await?;
    if product.status != Status::Registered {
        let words = format!("product `{}` is withdrawn: register it again first", product.id);
        return Err(Error::Forbidden(
            Reason::new("product-withdrawn", words).with("product", product.id.as_str()),
        ));
    }
    let evidence = Evidence::new(
        EvidenceKind::ProductListed,
        product.id.as_str(),
        json!({"connector": incoming.from.id}),
    );
    shelve(node, incoming, product, Status::Listed, evidence).await
}

/// Handles `productDelist`.
///
/// # Errors
/// As [`handle_list`].
pub async fn handle_delist(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: ProductDelist = incoming.read()?;
    let product = own_product(node, incoming, request.product_id.as_str()).await?;
    let reason = json!({"connector": incoming.from.id, "reason": request.reason});
    let evidence = Evidence::new(EvidenceKind::ProductDelisted, product.id.as_str(), reason);
    shelve(node, incoming, product, Status::Delisted, evidence).await
}

async fn shelve(
    node: &Node,
    incoming: &Incoming,
    product: ProductBody,
    status: Status,
    evidence: Evidence,
) -> Result<Value, Error> {
    let now = node.now();
    let body = PublicBody::Listing(ListingBody {
        type_: BodyType::Listing,
        at: u64::try_from(now.millis()).unwrap_or_default(),
        product: product.id,
        service_node: node.standing()?.speaker.id().clone(),
        status,
    });
    let entries = Entries::new().record(node, "", &[evidence], now).publish(node, &body)?;
    let origin = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    let data = ProductStatus { status }.to_body()?;
    let (body, message, answer) = (Arc::new(body), Arc::new(incoming.clone()), data.clone());
    node.store()
        .run_tx("listing", move |tx| {
            let (body, message, answer) = (body.clone(), message.clone(), answer.clone());
            let (entries, origin) = (entries.clone(), origin.clone());
            Box::pin(async move {
                super::apply(tx, &origin, &body, now).await?;
                entries.write(tx).await?;
                message.record(tx, now, &answer).await
            })
        })
        .await?;
    Ok(data)
}

/// The product, which must be the sender's own.
async fn own_product(node: &Node, incoming: &Incoming, id: &str) -> Result<ProductBody, Error> {
    if node.role() != Role::Service {
        return Err(Error::Forbidden(Reason::new("no-service-node", "products are listed on service nodes")));
    }
    let product = await_product(node, id).await?;
    if product.connector.as_str() == incoming.from.id {
        return Ok(product);
    }
    Err(Error::Forbidden(
        Reason::new("product-of-another", format!("product `{id}` belongs to another connector"))
            .with("product", id),
    ))
}

/// The product of an identifier, after a short wait for the feed where it is not known yet.
pub(crate) async fn await_product(node: &Node, id: &str) -> Result<ProductBody, Error> {
    let mut heads = node.store().watch_heads();
    let deadline = tokio::time::Instant::now() + FEED_WAIT;
    loop {
        heads.mark_unchanged();
        if let Some(product) = find_product(node, id).await? {
            return Ok(product);
        }
        if tokio::time::timeout_at(deadline, heads.changed()).await.is_err() {
            let words = format!("product `{id}` has not come through the feed yet");
            return Err(Error::NotYet(Reason::new("product-on-its-way", words).with("product", id)));
        }
    }
}

/// The product of an identifier in this node's view.
pub(crate) async fn find_product(node: &Node, id: &str) -> Result<Option<ProductBody>, Error> {
    let wanted = id.to_owned();
    let row = node
        .store()
        .read("catalogue_find", move |read| {
            let id = wanted.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_catalogue(&id).await?) })
        })
        .await?;
    match row.map(|row| public_body(&row.body)).transpose()? {
        Some(PublicBody::Product(product)) => Ok(Some(product)),
        Some(_) => Err(Error::Corrupt(format!("catalogue row of `{id}`"))),
        None => Ok(None),
    }
}
