//! Connectors: products with the terms that they are offered on, registered at the region and listed on service nodes.

mod draft;
mod letters;

use crypto::Sha256;
use domain::catalogue::{Product, ProductInput, ProductState};
use domain::id::{NodeId, ProductId};
use domain::{Step, Timestamp};
use ndi::Message as _;
use ndi::weir_v1::catalogue::{PRODUCT_LIST_MSG, PRODUCT_REGISTER_MSG, ProductRegistered};
use ndi::weir_v1::public_log::NodeKind;
use ndi::weir_v1::terms::TermsObject;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Body, MessageRow, ProductRow, Read};

use self::draft::Draft;
use self::letters::{arrived, key_of, outbound, register_message, tell_again};
use super::change::{Change, Own, change, change_known};
use super::kept::Place;
use super::offer;
use crate::member::Speaker;
use crate::outbox::End;
use crate::{Error, Node, Part, Reason};

pub use draft::NewOffer;
pub(crate) use letters::is_outdated;

/// How a provider answers proposals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Negotiation {
    /// By itself: what lies within the offer is agreed to and signed, the rest is answered with what of it lies within.
    #[default]
    Automatic,
    /// By the provider's people.
    Manual,
}

/// A connector's own row of a product.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OwnProduct {
    /// The product.
    #[serde(flatten)]
    pub product: Product,
    /// Who answers proposals.
    #[serde(default)]
    pub negotiation: Negotiation,
    /// Whether the region has not answered yet to what was said of it last.
    #[serde(default)]
    pub awaits_region: bool,
    /// The digest of the registration that was sent to the region last; none where that was before digests were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Sha256>,
    /// When it was withdrawn last, microseconds: what was said of it to service nodes before does not count any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<i64>,
    /// Why the last message about it failed for good, where it did; an answer of the same receiver ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Who that receiver is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_with: Option<String>,
}

impl Own for OwnProduct {
    type Row = ProductRow;
    fn of(row: &ProductRow) -> Result<OwnProduct, Error> {
        Ok(row.body.get_versioned(1, |_, _| None)?)
    }

    fn row(&self, now: Timestamp) -> Result<ProductRow, Error> {
        Ok(ProductRow {
            tenant: self.product.connector.to_string(),
            key: self.product.key.clone(),
            id: self.product.id.as_ref().map(ToString::to_string),
            resource: self.product.resource.to_string(),
            state: self.state_word().to_owned(),
            updated_at: now.micros(),
            body: Body::versioned(1, self)?,
        })
    }

    fn place(&self) -> Place {
        Place::new(&self.product.connector, &self.product.key)
    }
}

impl OwnProduct {
    /// One that the region has not heard of.
    pub(crate) const fn new(product: Product, negotiation: Negotiation) -> OwnProduct {
        OwnProduct {
            product,
            negotiation,
            awaits_region: true,
            registration: None,
            withdrawn_at: None,
            problem: None,
            problem_with: None,
        }
    }

    /// The problem that there is with that receiver.
    fn problem_with(&self, receiver: &NodeId) -> Option<&str> {
        let is_theirs = self.problem_with.as_deref().is_none_or(|with| with == receiver.as_str());
        self.problem.as_deref().filter(|_| is_theirs)
    }

    /// The same after an answer of that receiver.
    fn answered_by(self, receiver: &str) -> OwnProduct {
        match self.problem_with.as_deref().is_none_or(|with| with == receiver) {
            true => OwnProduct { problem: None, problem_with: None, ..self },
            false => self,
        }
    }

    /// `draft`, `registered`, `listed` or `withdrawn`.
    pub fn state_word(&self) -> &'static str {
        match self.product.state {
            ProductState::Draft { .. } => "draft",
            ProductState::Registered { .. } => "registered",
            ProductState::Listed { .. } => "listed",
            ProductState::Withdrawn { .. } => "withdrawn",
        }
    }

    /// As the management API shows it.
    ///
    /// # Errors
    /// [`Error::Message`] where the offer is beyond the wire's limits.
    pub fn view(&self) -> Result<Value, Error> {
        let product = &self.product;
        let listings: Vec<NodeId> = product.listings().into_iter().map(|listing| listing.node).collect();
        Ok(json!({
            "key": product.key, "id": product.id, "resource": product.resource, "connector": product.connector,
            "title": product.title, "description": product.description, "keywords": product.keywords,
            "industry": product.industry, "delivery": product.delivery, "offer": TermsObject::from(&product.offer).to_body()?,
            "negotiation": self.negotiation, "state": self.state_word(), "listings": listings, "problem": self.problem,
        }))
    }
}

/// Drafts a product of a resource, and registers it at the region. The same resource with the same title is the same product: it keeps its
/// identifier, stays where it is listed, and what is not named anew stays as it was.
///
/// # Errors
/// [`Error::Message`] and [`Error::Terms`] for an offer that cannot be; [`Error::NotFound`] for the resource; [`Error::Peer`] where the region refused.
pub async fn register(node: &Node, speaker: &Speaker, new: NewOffer) -> Result<OwnProduct, Error> {
    let draft = Draft::of(node, speaker, new).await?;
    let region = offer::region_of(speaker)?;
    let turn = |before: Option<OwnProduct>| {
        let now = node.now();
        let profile = &draft.resource.resource.profile;
        let negotiation = draft.negotiation(before.as_ref());
        let new = draft.product(speaker, before.as_ref().map(|own| &own.product), now)?;
        let drafted = Product::draft(new, profile, now)?;
        let submitted = drafted.next.step(ProductInput::Submit, now)?;
        let product = match &before {
            Some(before) => submitted.next.continuing(&before.product),
            None => submitted.next,
        };
        let message = register_message(node, speaker, &product, profile)?;
        let registration = Some(Sha256::of(message.body.as_bytes()));
        // What a service node did not take stays its problem.
        let earlier = before.map(|own| own.answered_by(region.as_str()));
        let own = match earlier {
            Some(own) => OwnProduct { product, negotiation, awaits_region: true, registration, ..own },
            None => OwnProduct { registration, ..OwnProduct::new(product, negotiation) },
        };
        let evidence = drafted.evidence.into_iter().chain(submitted.evidence).collect();
        Ok(Change { own, evidence, messages: vec![message] })
    };
    change(node, speaker.id().as_str(), &draft.key, None, turn).await?;
    arrived(node, speaker, &draft.key, &region).await
}

/// Lists a product on a service node: the one named, or the only one known.
///
/// # Errors
/// [`Error::Input`] where the node is not named and several are known; [`Error::State`]; [`Error::Peer`] where it refused.
pub async fn list_on(
    node: &Node,
    speaker: &Speaker,
    id: &str,
    on: Option<&str>,
) -> Result<OwnProduct, Error> {
    let service = service_node(node, on).await?;
    let input = ProductInput::List { node: service.clone() };
    let key = step_and_send(node, speaker, id, &input, "", &service).await?;
    arrived(node, speaker, &key, &service).await
}

/// Takes a product off a service node. Said again, it is sent again as long as the service node has not answered.
///
/// # Errors
/// As [`list_on`]; [`Error::NotYet`] where the service node has not answered: the message is under way.
pub async fn delist(
    node: &Node,
    speaker: &Speaker,
    id: &str,
    on: Option<&str>,
    reason: &str,
) -> Result<OwnProduct, Error> {
    let service = service_node(node, on).await?;
    let input = ProductInput::Delist { node: service.clone() };
    let key = step_and_send(node, speaker, id, &input, reason, &service).await?;
    arrived(node, speaker, &key, &service).await
}

/// Withdraws a product: no new contract can be made of it, contracts in force go on. Said again, it is sent again as long as the region has
/// not answered.
///
/// # Errors
/// [`Error::NotFound`], [`Error::State`]; [`Error::NotYet`] where the region has not answered: the message is under way; [`Error::Forbidden`]
/// where it refused.
pub async fn withdraw(node: &Node, speaker: &Speaker, id: &str, reason: &str) -> Result<OwnProduct, Error> {
    let (input, region) = (ProductInput::Withdraw { reason: reason.to_owned() }, offer::region_of(speaker)?);
    let key = step_and_send(node, speaker, id, &input, reason, &region).await?;
    arrived(node, speaker, &key, &region).await
}

async fn service_node(node: &Node, named: Option<&str>) -> Result<NodeId, Error> {
    if let Some(id) = named {
        return NodeId::parse(id).map_err(|error| Error::input("serviceNode", error));
    }
    let known = crate::feed::nodes(node, NodeKind::Service).await?;
    match known.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(Error::not_found("service node", "any")),
        several => {
            let words = format!("{} are known: name one of them", several.len());
            let reason = Reason::new("several-service-nodes", words).with("count", several.len());
            Err(Error::input("serviceNode", reason))
        }
    }
}

/// Takes a step and sends what it asks for; answers the product's key. A step that was taken before is told again, as long as `receiver` has
/// not answered.
async fn step_and_send(
    node: &Node,
    speaker: &Speaker,
    id: &str,
    input: &ProductInput,
    reason: &str,
    receiver: &NodeId,
) -> Result<String, Error> {
    let tenant = speaker.id().as_str();
    let own = find(node, speaker, id).await?;
    let key = own.product.key.clone();
    if own.product.clone().step(input.clone(), node.now())?.outbox.is_empty() {
        tell_again(node, tenant, own, input, reason, receiver).await?;
        return Ok(key);
    }
    change_known(node, tenant, &key, None, |own| stepped(node, own, input.clone(), reason)).await?;
    Ok(key)
}

/// A step with the messages that it asks for.
fn stepped(
    node: &Node,
    own: OwnProduct,
    input: ProductInput,
    reason: &str,
) -> Result<Change<OwnProduct>, Error> {
    let now = node.now();
    let withdrawn_at = match input {
        ProductInput::Withdraw { .. } => Some(now.micros()),
        _ => own.withdrawn_at,
    };
    let Step { next, outbox, evidence } = own.product.step(input, now)?;
    let messages = outbox.iter().filter_map(|out| outbound(node, &next, out, reason).transpose());
    let messages = messages.collect::<Result<_, _>>()?;
    Ok(Change { own: OwnProduct { product: next, withdrawn_at, ..own }, evidence, messages })
}

/// Takes an answer of the region or a service node, and ends the message in the same transaction.
pub(crate) async fn answered(node: &Node, row: &MessageRow, data: &Value) -> Result<(), Error> {
    let input = match row.kind.as_str() {
        PRODUCT_REGISTER_MSG => {
            Some(ProductInput::IdAssigned { id: ProductRegistered::read(data)?.product_id })
        }
        PRODUCT_LIST_MSG => {
            let node = NodeId::parse(&row.destination).map_err(|error| Error::Corrupt(error.to_string()))?;
            Some(ProductInput::Listed { node })
        }
        _ => None,
    };
    let turn = |own: OwnProduct| {
        let awaits_region = own.awaits_region && !own.is_registered_by(row);
        let own = OwnProduct { awaits_region, ..own }.answered_by(&row.destination);
        match input.clone() {
            Some(input) => stepped(node, own, input, ""),
            None => Ok(Change::quiet(own)),
        }
    };
    change_known(node, &row.tenant, key_of(row), Some(&End::Answered(row.clone())), turn).await
}

/// Takes note that a message about a product was refused for good or could not be delivered; it is a dead letter.
pub(crate) async fn undelivered(node: &Node, row: &MessageRow, error: &Error) -> Result<(), Error> {
    let turn = |own: OwnProduct| {
        let awaits_region = own.awaits_region && !own.is_registered_by(row);
        let (problem, problem_with) = (Some(error.to_string()), Some(row.destination.clone()));
        Ok(Change::quiet(OwnProduct { awaits_region, problem, problem_with, ..own }))
    };
    let ended = End::Dead(row.clone(), error.to_string());
    change_known(node, &row.tenant, key_of(row), Some(&ended), turn).await
}

/// A product of the acting connector by its identifier.
///
/// # Errors
/// [`Error::Input`] where it is no identifier, [`Error::NotFound`] where the connector has none of it.
pub async fn find(node: &Node, speaker: &Speaker, id: &str) -> Result<OwnProduct, Error> {
    let id = ProductId::parse(id).map_err(|error| Error::input("product", error))?;
    let tenant = speaker.id().to_string();
    node.store()
        .read("product_find", move |read| {
            let (tenant, id) = (tenant.clone(), id.clone());
            Box::pin(async move { own(read, &tenant, &id).await })
        })
        .await
}

/// A connector's own product by its identifier.
///
/// # Errors
/// [`Error::NotFound`] where the connector has none of that identifier.
pub async fn own(read: &mut Read, tenant: &str, id: &ProductId) -> Result<OwnProduct, Error> {
    let row = read.find_product(tenant, id.as_str()).await?;
    OwnProduct::of(&row.ok_or_else(|| Error::not_found("product", id))?)
}

/// A part of a connector's products, in the order of their keys.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(node: &Node, speaker: &Speaker, part: &Part) -> Result<Vec<OwnProduct>, Error> {
    let (tenant, page) = (speaker.id().to_string(), part.page());
    let rows = node
        .store()
        .read("products_list", move |read| {
            let (tenant, page) = (tenant.clone(), page.clone());
            Box::pin(async move { Ok::<_, Error>(read.list_products(&tenant, &page).await?) })
        })
        .await?;
    part.of(rows).map(|row| OwnProduct::of(&row)).collect()
}
