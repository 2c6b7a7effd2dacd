//! A data product and its lifecycle: drafted, registered at the function node, listed on service nodes, withdrawn
//! (NDI-TR-2025-02, 4.2 to 4.3).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{I18n, Keywords, Profile, check_description};
use crate::Refusal;
use crate::codes::DeliveryForm;
use crate::id::{AreaCode, IdKind, NodeId, ProductId, ResourceId};
use crate::terms::Terms;
use crate::{Evidence, EvidenceKind, Outbound, Step, Timestamp, limits};

/// What a provider says of a product before it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    /// Name within the connector.
    pub key: String,
    /// The resource that it offers.
    pub resource: ResourceId,
    /// Connector that delivers it.
    pub connector: NodeId,
    /// Title.
    pub title: I18n,
    /// Description.
    pub description: I18n,
    /// Keywords.
    pub keywords: Keywords,
    /// Industry that it belongs to.
    pub industry: Option<AreaCode>,
    /// Form of delivery.
    pub delivery: DeliveryForm,
    /// The widest terms that the provider agrees to.
    pub offer: Terms,
}

/// A data product, as its connector describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Name within the connector, from the beginning.
    pub key: String,
    /// The id that the function node gave.
    pub id: Option<ProductId>,
    /// The resource that it offers.
    pub resource: ResourceId,
    /// Connector that delivers it.
    pub connector: NodeId,
    /// Title.
    pub title: I18n,
    /// Description.
    pub description: I18n,
    /// Keywords.
    pub keywords: Keywords,
    /// Industry that it belongs to (GB/T 4754).
    pub industry: Option<AreaCode>,
    /// Form of delivery.
    pub delivery: DeliveryForm,
    /// The widest terms that the provider agrees to.
    pub offer: Terms,
    /// When it was drafted.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: ProductState,
}

/// Where a product stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ProductState {
    /// Known to its connector only.
    Draft {
        /// When registration was asked for, if it was.
        submitted_at: Option<Timestamp>,
    },
    /// Registered, and on no service node.
    Registered {
        /// When.
        at: Timestamp,
    },
    /// Listed on one or more service nodes.
    Listed {
        /// When it was registered.
        registered_at: Timestamp,
        /// The service nodes, with the time of each listing.
        nodes: BTreeMap<NodeId, Timestamp>,
    },
    /// Withdrawn; final. Contracts that were signed go on.
    Withdrawn {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// What can happen to a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductInput {
    /// Ask the function node to register it.
    Submit,
    /// The function node registered it under this id.
    IdAssigned {
        /// The id.
        id: ProductId,
    },
    /// Ask a service node to list it.
    List {
        /// The service node.
        node: NodeId,
    },
    /// The service node listed it.
    Listed {
        /// The service node.
        node: NodeId,
    },
    /// Take it off a service node.
    Delist {
        /// The service node.
        node: NodeId,
    },
    /// Withdraw it from the catalogue and every service node.
    Withdraw {
        /// Why.
        reason: String,
    },
}

impl Product {
    /// Drafts a product over a resource with this profile.
    ///
    /// # Errors
    /// [`Refusal`] where a text is too long, the title is missing, the industry is a region, or the offer cannot be kept
    /// on such a resource.
    pub fn draft(new: NewProduct, profile: &Profile, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let NewProduct { key, resource, connector, title, description, keywords, industry, delivery, offer } =
            new;
        Refusal::check_text("product key", &key, limits::KEY_CHARS_MAX)?;
        check_description(&title, &description, &keywords)?;
        offer.check_profile(profile)?;
        if let Some(region) = industry.filter(|area| !area.is_industry()) {
            let reason = format!("`{region}` is a region, not an industry: expected a code such as `0077`");
            return Err(Refusal::Invalid { object: "product", reason });
        }
        let body = json!({ "resource": resource, "connector": connector, "offer": offer, "at": now });
        let evidence = Evidence::new(EvidenceKind::ProductDrafted, key.as_str(), body);
        let state = ProductState::Draft { submitted_at: None };
        let product = Self {
            key,
            id: None,
            resource,
            connector,
            title,
            description,
            keywords,
            industry,
            delivery,
            offer,
            created_at: now,
            state,
        };
        Ok(Step::logged(product, evidence))
    }

    /// The same product drafted again: what is said of it is new; its identifier, its beginning, and where it is registered and
    /// listed stay. One that was withdrawn begins again under its identifier.
    #[must_use]
    pub fn continuing(self, before: &Self) -> Self {
        let state = if before.is_offered() { before.state.clone() } else { self.state };
        Self { id: before.id.clone(), created_at: before.created_at, state, ..self }
    }

    /// The only way to change a product. Pure; a repeat leaves it as it is.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`], [`Refusal::IdConflict`] for a second id, [`Refusal::TooLong`] for the reason,
    /// [`Refusal::TooMany`] listings, [`Refusal::Invalid`] for a node that lists nothing.
    pub fn step(self, input: ProductInput, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match input {
            ProductInput::Submit => self.submit(now),
            ProductInput::IdAssigned { id } => self.identify(id, now),
            ProductInput::List { node } => self.list(node, now),
            ProductInput::Listed { node } => self.listed(node, now),
            ProductInput::Delist { node } => self.delist(node, now),
            ProductInput::Withdraw { reason } => self.withdraw(reason, now),
        }
    }

    /// The listings of the product.
    #[must_use]
    pub fn listings(&self) -> Vec<Listing> {
        let (Some(product), ProductState::Listed { nodes, .. }) = (&self.id, &self.state) else {
            return Vec::new();
        };
        nodes
            .iter()
            .map(|(node, at)| Listing { product: product.clone(), node: node.clone(), at: *at })
            .collect()
    }

    /// Whether a contract about it may be made: it is registered and not withdrawn.
    #[must_use]
    pub const fn is_offered(&self) -> bool {
        matches!(self.state, ProductState::Registered { .. } | ProductState::Listed { .. })
    }

    fn submit(self, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match self.state {
            ProductState::Draft { submitted_at: None } => {
                let body = json!({ "at": now });
                let evidence = Evidence::new(EvidenceKind::ProductSubmitted, self.key.as_str(), body);
                let key = self.key.clone();
                let state = ProductState::Draft { submitted_at: Some(now) };
                Ok(Step::logged(Self { state, ..self }, evidence).send(Outbound::RegisterProduct { key }))
            }
            ProductState::Withdrawn { .. } => Err(self.not_possible("submit")),
            _ => Ok(Step::unchanged(self)),
        }
    }

    fn identify(self, id: ProductId, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match (&self.id, &self.state) {
            (Some(known), _) if *known != id => Err(Refusal::id_conflict("product", known, &id)),
            (_, ProductState::Draft { submitted_at: Some(_) }) => {
                let body = json!({ "key": self.key, "at": now });
                let evidence = Evidence::new(EvidenceKind::ProductRegistered, id.as_str(), body);
                let state = ProductState::Registered { at: now };
                Ok(Step::logged(Self { id: Some(id), state, ..self }, evidence))
            }
            // It was withdrawn before the answer came: the registration has to be withdrawn too.
            (None, ProductState::Withdrawn { reason, .. }) => {
                let message = Outbound::WithdrawProduct { product: id.clone(), reason: reason.clone() };
                Ok(Step::unchanged(Self { id: Some(id), ..self }).send(message))
            }
            (None, _) => Err(self.not_possible("id assigned")),
            (Some(_), _) => Ok(Step::unchanged(self)),
        }
    }

    fn list(self, node: NodeId, now: Timestamp) -> Result<Step<Self>, Refusal> {
        check_service_node(&node)?;
        let product = self.registered_id("list")?;
        if self.is_listed_on(&node) {
            return Ok(Step::unchanged(self));
        }
        let (limit, actual) = (limits::LISTINGS_MAX, self.listings().len() + 1);
        if actual > limit {
            return Err(Refusal::TooMany { what: "listings", limit, actual });
        }
        let body = json!({ "node": node, "at": now });
        let evidence = Evidence::new(EvidenceKind::ProductListing, product.as_str(), body);
        Ok(Step::logged(self, evidence).send(Outbound::ListProduct { product, node }))
    }

    fn listed(self, node: NodeId, now: Timestamp) -> Result<Step<Self>, Refusal> {
        check_service_node(&node)?;
        let product = self.registered_id("listed")?;
        if self.is_listed_on(&node) {
            return Ok(Step::unchanged(self));
        }
        let body = json!({ "node": node, "at": now });
        let evidence = Evidence::new(EvidenceKind::ProductListed, product.as_str(), body);
        let state = match self.state {
            ProductState::Listed { registered_at, mut nodes } => {
                nodes.insert(node, now);
                ProductState::Listed { registered_at, nodes }
            }
            ProductState::Registered { at } => {
                ProductState::Listed { registered_at: at, nodes: BTreeMap::from([(node, now)]) }
            }
            other => other,
        };
        Ok(Step::logged(Self { state, ..self }, evidence))
    }

    fn delist(self, node: NodeId, now: Timestamp) -> Result<Step<Self>, Refusal> {
        let product = self.registered_id("delist")?;
        let ProductState::Listed { registered_at, mut nodes } = self.state else {
            return Ok(Step::unchanged(self));
        };
        let was_listed = nodes.remove(&node).is_some();
        let state = if nodes.is_empty() {
            ProductState::Registered { at: registered_at }
        } else {
            ProductState::Listed { registered_at, nodes }
        };
        let next = Self { state, ..self };
        if !was_listed {
            return Ok(Step::unchanged(next));
        }
        let evidence = Evidence::new(
            EvidenceKind::ProductDelisted,
            product.as_str(),
            json!({ "node": node, "at": now }),
        );
        Ok(Step::logged(next, evidence).send(Outbound::DelistProduct { product, node }))
    }

    fn withdraw(self, reason: String, now: Timestamp) -> Result<Step<Self>, Refusal> {
        if matches!(self.state, ProductState::Withdrawn { .. }) {
            return Ok(Step::unchanged(self));
        }
        Refusal::check_length("reason", &reason, limits::REASON_CHARS_MAX)?;
        let subject = self.id.as_ref().map_or_else(|| self.key.clone(), ToString::to_string);
        let evidence =
            Evidence::new(EvidenceKind::ProductWithdrawn, subject, json!({ "reason": reason, "at": now }));
        let delist = self.listings().into_iter();
        let mut messages: Vec<_> = delist
            .map(|listing| Outbound::DelistProduct { product: listing.product, node: listing.node })
            .collect();
        if let Some(product) = self.id.clone() {
            messages.push(Outbound::WithdrawProduct { product, reason: reason.clone() });
        }
        let next = Self { state: ProductState::Withdrawn { at: now, reason }, ..self };
        Ok(messages.into_iter().fold(Step::logged(next, evidence), Step::send))
    }

    /// The id of a registered product; a refusal in every other state.
    fn registered_id(&self, input: &'static str) -> Result<ProductId, Refusal> {
        self.id.clone().filter(|_| self.is_offered()).ok_or_else(|| self.not_possible(input))
    }

    fn is_listed_on(&self, node: &NodeId) -> bool {
        matches!(&self.state, ProductState::Listed { nodes, .. } if nodes.contains_key(node))
    }

    fn not_possible(&self, input: &'static str) -> Refusal {
        let (state, possible) = match self.state {
            ProductState::Draft { submitted_at: None } => ("draft", "submit, withdraw"),
            ProductState::Draft { .. } => ("submitted", "id assigned, withdraw"),
            ProductState::Registered { .. } => ("registered", "list, listed, withdraw"),
            ProductState::Listed { .. } => ("listed", "list, listed, delist, withdraw"),
            ProductState::Withdrawn { .. } => ("withdrawn", "nothing: draft it again"),
        };
        Refusal::NotPossible { object: "product", state, input, possible: possible.to_owned() }
    }
}

fn check_service_node(node: &NodeId) -> Result<(), Refusal> {
    if node.kind() == IdKind::ServiceNode {
        return Ok(());
    }
    let reason = format!("`{node}` is a {}: products are listed on service nodes", node.kind());
    Err(Refusal::Invalid { object: "listing", reason })
}

/// A product on a service node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// The product.
    pub product: ProductId,
    /// The service node.
    pub node: NodeId,
    /// Since when.
    pub at: Timestamp,
}
