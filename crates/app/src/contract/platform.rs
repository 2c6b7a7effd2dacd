//! Who gives contract identifiers (TC609-6-2025-14, 7.2 c): the service node that lists the product, else the region or industry node where
//! it is registered. Both sides of that: finding it, and being it.

use std::sync::Arc;

use domain::contract::PartyRef;
use domain::id::{ContractId, NodeId, ProductId};
use domain::{Evidence, EvidenceKind, Timestamp};
use ndi::Code as _;
use ndi::Message as _;
use ndi::digital_contract::{ContractCreated, ResultStatus};
use ndi::weir_v1::Status;
use ndi::weir_v1::public_log::{ProductBody, PublicBody};
use serde_json::{Value, json};
use store::{Body, Issue, IssuedRow, Page, Read, Tx};

use super::wire;
use crate::catalogue::NETWORK;
use crate::config::Role;
use crate::log::{self, Entries};
use crate::message::Incoming;
use crate::{Error, Node, Reason};

/// How often another identifier is drawn where one was taken.
const DRAWS_MAX: usize = 8;
/// The function nodes that register products.
const REGISTERING: [&str; 2] = ["region", "industry"];

/// A product that can be contracted, and who gives the contract its identifier.
#[derive(Debug, Clone)]
pub(super) struct Offered {
    pub(super) product: ProductBody,
    pub(super) platform: NodeId,
}

impl Offered {
    /// The provider as a party.
    pub(super) fn provider(&self) -> PartyRef {
        PartyRef::new(self.product.connector.clone(), self.product.provider.clone())
    }
}

/// A product of the catalogue with its platform.
///
/// # Errors
/// [`Error::NotFound`] where the product, or a node that gives identifiers for it, is not known here; [`Error::Input`] where it is withdrawn.
pub(super) async fn offered(node: &Node, product: &ProductId) -> Result<Offered, Error> {
    let wanted = product.clone();
    node.store()
        .peek("contract_product", move |read| {
            let product = wanted.clone();
            Box::pin(async move { read_offered(read, &product).await })
        })
        .await
}

async fn read_offered(read: &mut Read, product: &ProductId) -> Result<Offered, Error> {
    let body = catalogued(read, product).await?;
    let platform = match listing_node(read, product).await? {
        Some(service) => service,
        None => registering_node(read, product).await?,
    };
    let platform = NodeId::parse(&platform).map_err(|error| Error::Corrupt(error.to_string()))?;
    Ok(Offered { product: body, platform })
}

/// The catalogue's entry of a product that is offered.
async fn catalogued(read: &mut Read, product: &ProductId) -> Result<ProductBody, Error> {
    let row = read.get_catalogue(product.as_str()).await?;
    let row = row.ok_or_else(|| Error::not_found("product", product))?;
    let PublicBody::Product(body) = log::public_body(&row.body)? else {
        return Err(Error::Corrupt(format!("catalogue row of `{product}` is no product")));
    };
    if body.status == Status::Withdrawn {
        let words = format!("`{product}` is withdrawn: search for another");
        return Err(Error::input(
            "product",
            Reason::new("product-withdrawn", words).with("product", product.as_str()),
        ));
    }
    Ok(body)
}

/// The first service node that lists the product.
async fn listing_node(read: &mut Read, product: &ProductId) -> Result<Option<String>, Error> {
    let listings = read.list_listings(NETWORK, product.as_str()).await?;
    let listed = listings.into_iter().find(|row| row.state == Status::Listed.code());
    Ok(listed.map(|row| row.service))
}

/// The region or industry node that registered the product: the one of its area.
async fn registering_node(read: &mut Read, product: &ProductId) -> Result<String, Error> {
    let area = product.area().to_string();
    for kind in REGISTERING {
        let nodes = read.list_directory(kind, &Page::first(Page::MAX)).await?;
        if let Some(node) = nodes.into_iter().find(|node| node.area == area) {
            return Ok(node.id);
        }
    }
    Err(Error::not_found("function node of area", area))
}

/// Handles `contractCreate`: gives the contract an identifier. The same request of the same connector gets the same one again.
///
/// # Errors
/// [`Error::Message`] for its form or signature, [`Error::Forbidden`] where this node gives no identifiers or the sender speaks for another,
/// [`Error::NotFound`] where the product is not listed (service node) or registered (region, industry) here.
pub async fn handle_create(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    if matches!(node.role(), Role::Host | Role::Global) {
        return Err(Error::Forbidden(
            "contract identifiers come from the service node that lists the product, or from its region"
                .into(),
        ));
    }
    let (create, product) = wire::read_create(node, incoming).await?;
    for _ in 0..DRAWS_MAX {
        match issue(node, incoming, &create.contract_name, product.as_ref()).await {
            Err(Error::Store(error)) if error.is_conflict() => {}
            done => return done,
        }
    }
    Err(Error::Corrupt(format!("no free contract identifier after {DRAWS_MAX} draws")))
}

async fn issue(
    node: &Node,
    incoming: &Incoming,
    name: &str,
    product: Option<&ProductId>,
) -> Result<Value, Error> {
    let now = node.now();
    let own = incoming.to.id();
    let id = ContractId::mint(own, now, || node.entropy().next_u64())
        .map_err(|error| Error::Corrupt(error.to_string()))?;
    let evidence = Evidence::of_contract(
        EvidenceKind::ContractIdGiven,
        &id,
        json!({"requester": incoming.from.id, "product": product, "at": now}),
    );
    let giving = Giving {
        row: IssuedRow {
            contract: id.to_string(),
            product: product.map(ToString::to_string).unwrap_or_default(),
            provider: String::new(),
            requester: incoming.from.id.clone(),
            request: incoming.sequence.clone(),
            issued_at: now.micros(),
            body: Body::versioned(1, &json!({"name": name}))?,
        },
        data: created(id)?,
        entries: Entries::new().record(node, own.as_str(), &[evidence], now),
        product: product.cloned(),
        is_service: node.role() == Role::Service,
        own: own.clone(),
        message: incoming.clone(),
        now,
    };
    let giving = Arc::new(giving);
    node.store()
        .run_tx("contract_issue", move |tx| {
            let giving = giving.clone();
            Box::pin(async move { giving.write(tx).await })
        })
        .await
}

fn created(contract_id: ContractId) -> Result<Value, Error> {
    Ok(ContractCreated { contract_id, creation_flag: ResultStatus::Success }.to_body()?)
}

/// An identifier about to be given.
struct Giving {
    row: IssuedRow,
    data: Value,
    entries: Entries,
    product: Option<ProductId>,
    is_service: bool,
    own: NodeId,
    message: Incoming,
    now: Timestamp,
}

impl Giving {
    async fn write(&self, tx: &mut Tx) -> Result<Value, Error> {
        let mut row = self.row.clone();
        if let Some(product) = &self.product {
            row.provider = self.check_product(tx, product).await?;
        }
        let data = match tx.issue_contract(&row).await? {
            Issue::Issued => {
                self.entries.write(tx).await?;
                self.data.clone()
            }
            Issue::Before(row) => {
                let id =
                    ContractId::parse(&row.contract).map_err(|error| Error::Corrupt(error.to_string()))?;
                created(id)?
            }
        };
        self.message.record(tx, self.now, &data).await?;
        Ok(data)
    }

    /// The product is ours to give identifiers for; answers its connector.
    async fn check_product(&self, tx: &mut Tx, product: &ProductId) -> Result<String, Error> {
        let body = catalogued(tx, product).await?;
        let is_ours = if self.is_service {
            let listing = tx.get_listing(NETWORK, product.as_str(), self.own.as_str()).await?;
            listing.is_some_and(|row| row.state == Status::Listed.code())
        } else {
            body.id.area() == self.own.area()
        };
        if is_ours {
            Ok(body.connector.to_string())
        } else {
            Err(Error::not_found("listed product", product))
        }
    }
}
