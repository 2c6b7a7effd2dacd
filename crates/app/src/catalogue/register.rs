//! Region and industry nodes: registering resources and products (NDI-TR-2025-02, 4.2; NDI-TR-2025-04, 5.4).
//!
//! The sender's own name for the object (`localKey`) makes a repeat the same object: it keeps its identifier, and what is said
//! of it replaces what was said before. Of two messages about one object at once, the later one finds the row moved and reads it again.

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
use store::{ProductRow, ResourceRow, Tx};

use super::kept::{Kept, Place};
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
    let key = request.local_key.clone();
    register(node, incoming, &key, |before: Option<&ResourceRow>| {
        let id = match before.and_then(|row| row.id.as_deref()) {
            Some(id) => ResourceId::parse(id),
            None => ResourceId::mint(&request.subject, own_area(node)?, || node.entropy().next_u64()),
        };
        let id = id.map_err(|error| Error::Corrupt(error.to_string()))?;
        let now = node.now();
        let body = PublicBody::Resource(resource_body(request.clone(), id.clone(), now));
        let row = ResourceRow {
            tenant: incoming.from.id.clone(),
            key: request.local_key.clone(),
            id: Some(id.to_string()),
            state: Status::Registered.code().to_owned(),
            source: None,
            stamp: None,
            updated_at: now.micros(),
            body: stored_body(&body)?,
        };
        let by = json!({"connector": incoming.from.id});
        let evidence = Evidence::new(EvidenceKind::ResourceRegistered, id.as_str(), by);
        Ok(Registration { row, body, evidence, answer: ResourceRegistered { resource_id: id }.to_body()? })
    })
    .await
}

fn resource_body(request: ResourceRegister, id: ResourceId, now: domain::Timestamp) -> ResourceBody {
    ResourceBody {
        type_: BodyType::Resource,
        at: u64::try_from(now.millis()).unwrap_or_default(),
        id,
        connector: request.connector,
        subject: request.subject,
        title: request.title,
        description: request.description,
        keywords: request.keywords,
        profile: request.profile,
        status: Status::Registered,
    }
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
    let key = request.local_key.clone();
    register(node, incoming, &key, |before: Option<&ProductRow>| {
        let id = match before.and_then(|row| row.id.as_deref()) {
            Some(id) => ProductId::parse(id),
            None => ProductId::mint(&request.subject, own_area(node)?, || node.entropy().next_u64()),
        };
        let id = id.map_err(|error| Error::Corrupt(error.to_string()))?;
        let now = node.now();
        let body = PublicBody::Product(product_body(request.clone(), id.clone(), now));
        let row = ProductRow {
            tenant: incoming.from.id.clone(),
            key: request.local_key.clone(),
            id: Some(id.to_string()),
            resource: request.resource.to_string(),
            state: Status::Registered.code().to_owned(),
            updated_at: now.micros(),
            body: stored_body(&body)?,
        };
        let by = json!({"connector": incoming.from.id});
        let evidence = Evidence::new(EvidenceKind::ProductRegistered, id.as_str(), by);
        Ok(Registration { row, body, evidence, answer: ProductRegistered { product_id: id }.to_body()? })
    })
    .await
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
    let named = node
        .store()
        .read("registered_product", move |read| {
            let (tenant, id) = (tenant.clone(), id.clone());
            Box::pin(async move { Ok::<_, Error>(read.find_product(&tenant, &id).await?) })
        })
        .await?;
    let unknown = || Error::not_found("product of yours", &request.product_id);
    let key = named.ok_or_else(unknown)?.key;
    register(node, incoming, &key, |before: Option<&ProductRow>| {
        let is_named = |row: &&ProductRow| row.id.as_deref() == Some(request.product_id.as_str());
        let row = before.filter(is_named).ok_or_else(unknown)?.clone();
        withdrawn(node, incoming, &request, row)
    })
    .await
}

fn withdrawn(
    node: &Node,
    incoming: &Incoming,
    request: &ProductWithdraw,
    row: ProductRow,
) -> Result<Registration<ProductRow>, Error> {
    let PublicBody::Product(mut product) = public_body(&row.body)? else {
        return Err(Error::Corrupt(format!("row of product `{}`", request.product_id)));
    };
    let now = node.now();
    product.status = Status::Withdrawn;
    product.at = u64::try_from(now.millis()).unwrap_or_default();
    let body = PublicBody::Product(product);
    let state = Status::Withdrawn.code().to_owned();
    let row = ProductRow { state, updated_at: now.micros(), body: stored_body(&body)?, ..row };
    let reason = json!({"connector": incoming.from.id, "reason": request.reason});
    let evidence = Evidence::new(EvidenceKind::ProductWithdrawn, request.product_id.as_str(), reason);
    Ok(Registration { row, body, evidence, answer: ProductStatus { status: Status::Withdrawn }.to_body()? })
}

/// What a message makes of an object.
struct Registration<K> {
    row: K,
    body: PublicBody,
    evidence: Evidence,
    answer: Value,
}

/// Changes an object: `turn` says how, from its row, if it is there. Where the row moved in between, it is read and asked again.
async fn register<K: Kept>(
    node: &Node,
    incoming: &Incoming,
    key: &str,
    turn: impl Fn(Option<&K>) -> Result<Registration<K>, Error>,
) -> Result<Value, Error> {
    let (turn, place) = (&turn, Place { tenant: incoming.from.id.clone(), key: key.to_owned() });
    let published = place.change(node, "catalogue_register", |before: Option<K>| {
        let place = place.clone();
        async move {
            let registration = turn(before.as_ref())?;
            publish(node, incoming, place, before, registration).await
        }
    });
    published.await
}

/// All that one transaction writes. The index takes it in by itself.
struct Commit<K> {
    incoming: Incoming,
    place: Place,
    before: Option<K>,
    registration: Registration<K>,
    entries: Entries,
    origin: String,
    now: domain::Timestamp,
}

/// Commits a registration: row, view, public log, evidence and answer in one transaction.
async fn publish<K: Kept>(
    node: &Node,
    incoming: &Incoming,
    place: Place,
    before: Option<K>,
    registration: Registration<K>,
) -> Result<Value, Error> {
    let now = node.now();
    let evidence = std::slice::from_ref(&registration.evidence);
    let entries = Entries::new().record(node, "", evidence, now).publish(node, &registration.body)?;
    let origin = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    let incoming = incoming.clone();
    let commit = Arc::new(Commit { incoming, place, before, registration, entries, origin, now });
    let shared = commit.clone();
    node.store()
        .run_tx("catalogue_register", move |tx| {
            let commit = shared.clone();
            Box::pin(async move { commit.write(tx).await })
        })
        .await?;
    super::index(node, std::slice::from_ref(&commit.registration.body));
    Ok(commit.registration.answer.clone())
}

impl<K: Kept> Commit<K> {
    async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        let Registration { row, body, answer, .. } = &self.registration;
        self.place.replace(tx, self.before.as_ref(), row).await?;
        super::apply(tx, &self.origin, body, self.now).await?;
        self.entries.write(tx).await?;
        self.incoming.record(tx, self.now, answer).await
    }
}

fn own_area(node: &Node) -> Result<domain::id::AreaCode, Error> {
    Ok(node.standing()?.speaker.membership.area)
}

/// The sender is a connector of this area and speaks for itself.
fn check_sender(node: &Node, incoming: &Incoming, connector: &str, subject: &str) -> Result<(), Error> {
    let from = &incoming.from;
    if !matches!(node.role(), crate::config::Role::Region | crate::config::Role::Industry) {
        return Err(Error::Forbidden(
            "resources and products are registered at region and industry nodes".into(),
        ));
    }
    if from.kind != "connector" || from.area != own_area(node)? {
        return Err(Error::Forbidden(
            format!("`{}` is no connector of this area: register where you joined", from.id).into(),
        ));
    }
    if from.id != connector || from.subject != subject {
        return Err(Error::Forbidden(format!("`{}` registers for itself only", from.id).into()));
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
    Err(Error::Forbidden(
        format!("`{}` is certified as `{certified}`, not `{}`", known.id, request.provider).into(),
    ))
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
