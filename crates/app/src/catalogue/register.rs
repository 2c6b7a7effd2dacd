//! Region and industry nodes: registering resources and products (NDI-TR-2025-02, 4.2; NDI-TR-2025-04, 5.4).
//!
//! The sender's own name for the object (`localKey`) makes a repeat the same object: it keeps its identifier, and what is said
//! of it replaces what was said before.

use std::sync::Arc;

use domain::id::{ProductId, ResourceId};
use domain::{Evidence, EvidenceKind};
use ndi::Code as _;
use ndi::Message as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::catalogue::{
    ProductRegister, ProductRegistered, ProductStatus, ProductWithdraw, ResourceRegister, ResourceRegistered,
};
use ndi::weir_v1::public_log::{BodyType, ProductBody, PublicBody, ResourceBody};
use serde_json::{Value, json};
use store::{ProductRow, ResourceRow};

use crate::log::{Entries, public_body, stored_body};
use crate::message::Incoming;
use crate::{Error, Node};

/// Handles `resourceRegister`.
///
/// # Errors
/// [`Error::Message`] for its form, [`Error::Forbidden`] where the sender registers for others or elsewhere.
pub async fn handle_resource(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: ResourceRegister = incoming.read()?;
    check_sender(node, incoming, request.connector.as_str(), request.subject.as_str())?;
    let id = match resource_row(node, &incoming.from.id, &request.local_key).await?.and_then(|row| row.id) {
        Some(id) => ResourceId::parse(&id).map_err(|error| Error::Corrupt(error.to_string()))?,
        None => ResourceId::mint(&request.subject, own_area(node)?, || node.entropy().next_u64())
            .map_err(|error| Error::Corrupt(error.to_string()))?,
    };
    let now = node.now();
    let body = PublicBody::Resource(ResourceBody {
        type_: BodyType::Resource,
        at: u64::try_from(now.millis()).unwrap_or_default(),
        id: id.clone(),
        connector: request.connector,
        subject: request.subject,
        title: request.title,
        description: request.description,
        keywords: request.keywords,
        profile: request.profile,
        status: Status::Registered,
    });
    let row = ResourceRow {
        tenant: incoming.from.id.clone(),
        key: request.local_key,
        id: Some(id.to_string()),
        state: Status::Registered.code().to_owned(),
        source: None,
        stamp: None,
        updated_at: now.micros(),
        body: stored_body(&body)?,
    };
    let evidence =
        Evidence::new(EvidenceKind::ResourceRegistered, id.as_str(), json!({"connector": incoming.from.id}));
    let data = ResourceRegistered { resource_id: id }.to_body()?;
    publish(node, incoming, body, evidence, &data, Kept::Resource(row)).await?;
    Ok(data)
}

/// Handles `productRegister`.
///
/// # Errors
/// As [`handle_resource`]; [`Error::NotFound`] where the resource is not the sender's.
pub async fn handle_product(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: ProductRegister = incoming.read()?;
    check_sender(node, incoming, request.connector.as_str(), request.subject.as_str())?;
    check_provider(node, &request).await?;
    check_offer(node, incoming, &request).await?;
    let id = match product_row(node, &incoming.from.id, &request.local_key).await?.and_then(|row| row.id) {
        Some(id) => ProductId::parse(&id).map_err(|error| Error::Corrupt(error.to_string()))?,
        None => ProductId::mint(&request.subject, own_area(node)?, || node.entropy().next_u64())
            .map_err(|error| Error::Corrupt(error.to_string()))?,
    };
    let now = node.now();
    let (key, resource) = (request.local_key.clone(), request.resource.to_string());
    let body = PublicBody::Product(product_body(request, id.clone(), now));
    let row = ProductRow {
        tenant: incoming.from.id.clone(),
        key,
        id: Some(id.to_string()),
        resource,
        state: Status::Registered.code().to_owned(),
        updated_at: now.micros(),
        body: stored_body(&body)?,
    };
    let evidence =
        Evidence::new(EvidenceKind::ProductRegistered, id.as_str(), json!({"connector": incoming.from.id}));
    let data = ProductRegistered { product_id: id }.to_body()?;
    publish(node, incoming, body, evidence, &data, Kept::Product(row)).await?;
    Ok(data)
}

fn product_body(request: ProductRegister, id: ProductId, now: domain::Timestamp) -> ProductBody {
    ProductBody {
        type_: BodyType::Product,
        at: u64::try_from(now.millis()).unwrap_or_default(),
        id,
        resource: request.resource,
        connector: request.connector,
        subject: request.subject,
        provider: request.provider,
        title: request.title,
        description: request.description,
        keywords: request.keywords,
        industry: request.industry,
        delivery: request.delivery,
        columns: request.columns,
        rows: request.rows,
        bytes: request.bytes,
        time_range: request.time_range,
        digest: request.digest,
        offer: request.offer,
        status: Status::Registered,
    }
}

/// Handles `productWithdraw`: the entry stays, as withdrawn.
///
/// # Errors
/// [`Error::NotFound`] where the sender has no such product here.
pub async fn handle_withdraw(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: ProductWithdraw = incoming.read()?;
    let (tenant, id) = (incoming.from.id.clone(), request.product_id.to_string());
    let row = node
        .store()
        .read("registered_product", move |read| {
            let (tenant, id) = (tenant.clone(), id.clone());
            Box::pin(async move { Ok::<_, Error>(read.find_product(&tenant, &id).await?) })
        })
        .await?;
    let mut row = row.ok_or_else(|| Error::not_found("product of yours", &request.product_id))?;
    let PublicBody::Product(mut product) = public_body(&row.body)? else {
        return Err(Error::Corrupt(format!("row of product `{}`", request.product_id)));
    };
    let now = node.now();
    product.status = Status::Withdrawn;
    product.at = u64::try_from(now.millis()).unwrap_or_default();
    let body = PublicBody::Product(product);
    row.state = Status::Withdrawn.code().to_owned();
    row.updated_at = now.micros();
    row.body = stored_body(&body)?;
    let reason = json!({"connector": incoming.from.id, "reason": request.reason});
    let evidence = Evidence::new(EvidenceKind::ProductWithdrawn, request.product_id.as_str(), reason);
    let data = ProductStatus { status: Status::Withdrawn }.to_body()?;
    publish(node, incoming, body, evidence, &data, Kept::Product(row)).await?;
    Ok(data)
}

/// The registering node's own row of an object.
#[derive(Clone)]
enum Kept {
    Resource(ResourceRow),
    Product(ProductRow),
}

/// Commits a registration: row, view, public log, evidence and answer in one transaction. The index takes it in by itself.
async fn publish(
    node: &Node,
    incoming: &Incoming,
    body: PublicBody,
    evidence: Evidence,
    data: &Value,
    row: Kept,
) -> Result<(), Error> {
    let now = node.now();
    let entries = Entries::new().record(node, "", &[evidence], now).publish(node, &body)?;
    let origin = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    let (shared, message, answer) = (Arc::new(body.clone()), Arc::new(incoming.clone()), data.clone());
    node.store()
        .run_tx("catalogue_register", move |tx| {
            let (row, body, message) = (row.clone(), shared.clone(), message.clone());
            let (entries, origin, answer) = (entries.clone(), origin.clone(), answer.clone());
            Box::pin(async move {
                match &row {
                    Kept::Resource(row) => tx.put_resource(row).await?,
                    Kept::Product(row) => tx.put_product(row).await?,
                }
                super::apply(tx, &origin, &body, now).await?;
                entries.write(tx).await?;
                message.record(tx, now, &answer).await
            })
        })
        .await?;
    super::index(node, &[body]);
    Ok(())
}

fn own_area(node: &Node) -> Result<domain::id::AreaCode, Error> {
    Ok(node.standing()?.speaker.membership.area)
}

/// The sender is a connector of this area and speaks for itself.
fn check_sender(node: &Node, incoming: &Incoming, connector: &str, subject: &str) -> Result<(), Error> {
    let from = &incoming.from;
    if !matches!(node.role(), crate::config::Role::Region | crate::config::Role::Industry) {
        return Err(Error::Forbidden(
            "resources and products are registered at region and industry nodes".to_owned(),
        ));
    }
    if from.kind != "connector" || from.area != own_area(node)? {
        return Err(Error::Forbidden(format!(
            "`{}` is no connector of this area: register where you joined",
            from.id
        )));
    }
    if from.id != connector || from.subject != subject {
        return Err(Error::Forbidden(format!("`{}` registers for itself only", from.id)));
    }
    Ok(())
}

/// The provider is named as its organisation was certified: the name is searched, and people go by it.
async fn check_provider(node: &Node, request: &ProductRegister) -> Result<(), Error> {
    let known = node.known(request.subject.as_str()).await?;
    let certified = known.chain.leaf().subject_o().unwrap_or_default();
    if request.provider == certified {
        return Ok(());
    }
    Err(Error::Forbidden(format!("`{}` is certified as `{certified}`, not `{}`", known.id, request.provider)))
}

/// The resource is the sender's, and its file can be delivered under the offer.
async fn check_offer(node: &Node, incoming: &Incoming, request: &ProductRegister) -> Result<(), Error> {
    let (tenant, id) = (incoming.from.id.clone(), request.resource.to_string());
    let row = node
        .store()
        .read("registered_resource", move |read| {
            let (tenant, id) = (tenant.clone(), id.clone());
            Box::pin(async move { Ok::<_, Error>(read.find_resource(&tenant, &id).await?) })
        })
        .await?;
    let row = row.ok_or_else(|| Error::not_found("resource of yours", &request.resource))?;
    let PublicBody::Resource(resource) = public_body(&row.body)? else {
        return Err(Error::Corrupt(format!("row of resource `{}`", request.resource)));
    };
    let path = ndi::Path::ROOT;
    let profile = resource.profile.to_domain(&path.key("profile"))?;
    let offer = request.offer.to_domain(&path.key("offer"))?;
    Ok(offer.check_profile(&profile)?)
}

async fn resource_row(node: &Node, tenant: &str, key: &str) -> Result<Option<ResourceRow>, Error> {
    let (tenant, key) = (tenant.to_owned(), key.to_owned());
    node.store()
        .read("registered_resource_key", move |read| {
            let (tenant, key) = (tenant.clone(), key.clone());
            Box::pin(async move { Ok::<_, Error>(read.get_resource(&tenant, &key).await?) })
        })
        .await
}

async fn product_row(node: &Node, tenant: &str, key: &str) -> Result<Option<ProductRow>, Error> {
    let (tenant, key) = (tenant.to_owned(), key.to_owned());
    node.store()
        .read("registered_product_key", move |read| {
            let (tenant, key) = (tenant.clone(), key.clone());
            Box::pin(async move { Ok::<_, Error>(read.get_product(&tenant, &key).await?) })
        })
        .await
}
