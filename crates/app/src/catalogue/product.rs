//! Connectors: products with the terms that they are offered on, registered at the region and listed on service nodes.

use crypto::Sha256;
use domain::catalogue::{I18n, Keywords, NewProduct, Product, ProductInput, ProductState, Profile};
use domain::codes::DeliveryForm;
use domain::id::{AreaCode, IdKind, NodeId, ProductId, ResourceId};
use domain::terms::{Action, Terms};
use domain::{Outbound, Step, TimeRange, Timestamp};
use ndi::IsoTime;
use ndi::Message as _;
use ndi::weir_v1::catalogue::{
    PRODUCT_DELIST_MSG, PRODUCT_LIST_MSG, PRODUCT_REGISTER_MSG, PRODUCT_WITHDRAW_MSG, ProductDelist,
    ProductList, ProductRegister, ProductRegistered, ProductWithdraw,
};
use ndi::weir_v1::convert::keywords_of;
use ndi::weir_v1::public_log::{Column, I18nText, NodeKind};
use ndi::weir_v1::terms::TermsObject;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Body, MessageRow, NewMessage, ProductRow, Read};

use super::change::{Change, Own, change, change_known, get};
use super::kept::Place;
use super::resource::OwnResource;
use super::{offer, resource};
use crate::member::Speaker;
use crate::outbox::End;
use crate::{Error, Node, Part, Reason, outbox};

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

/// A product to be registered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOffer {
    /// The resource that it is made from.
    pub resource: String,
    /// Title; the resource's where it is absent.
    pub title: Option<I18n>,
    /// Description; where it is absent, that of the product that is registered anew, else the resource's.
    pub description: Option<I18n>,
    /// Keywords; the same.
    pub keywords: Option<Keywords>,
    /// Industry: `00` and the division of GB/T 4754; where it is absent, that of the product that is registered anew.
    pub industry: Option<String>,
    /// The widest terms that the provider agrees to, whole.
    pub offer: Option<Value>,
    /// In place of `offer`: what is different from the offer of the product that is registered anew, else from reading for a year from
    /// now on. A dimension that is named takes the place of the earlier one.
    pub terms: Option<Map<String, Value>>,
    /// Who answers proposals; where it is absent, as with the product that is registered anew, else automatic.
    pub negotiation: Option<Negotiation>,
}

/// How long an offer stands that does not say it, in days.
const OFFER_DAYS: i64 = 365;

impl NewOffer {
    /// The terms of the offer. What is not named stays as it was: registering a product anew, for a changed file, opens nothing.
    fn offer(&self, before: Option<&Product>, now: Timestamp) -> Result<Terms, Error> {
        let at = ndi::Path::ROOT;
        let (value, name) = match (&self.offer, &self.terms) {
            (Some(_), Some(_)) => {
                let words =
                    "given beside `offer`: give the whole offer, or what is different from the earlier one";
                return Err(Error::input("terms", Reason::new("offer-twice", words)));
            }
            (Some(whole), None) => (whole.clone(), "offer"),
            (None, changes) => {
                let whole = match before {
                    Some(product) => product.offer.clone(),
                    None => a_year_from(now)?,
                };
                let mut whole = TermsObject::from(&whole).to_body()?;
                if let (Some(members), Some(changes)) = (whole.as_object_mut(), changes) {
                    members.extend(changes.clone());
                }
                (whole, "terms")
            }
        };
        let at = at.key(name);
        Ok(TermsObject::read_at(&value, &at)?.to_domain(&at)?)
    }
}

fn a_year_from(now: Timestamp) -> Result<Terms, Error> {
    let time = TimeRange::new(now, now.plus_secs(OFFER_DAYS * 86_400));
    Ok(Terms::new(Action::Read, time.map_err(|error| Error::Corrupt(error.to_string()))?))
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

    /// Whether that message is what the region was sent last to register it.
    fn is_registered_by(&self, row: &MessageRow) -> bool {
        let is_newest = || self.registration.is_none_or(|digest| digest == Sha256::of(row.body.as_bytes()));
        row.kind == PRODUCT_REGISTER_MSG && is_newest()
    }

    /// Whether a message about it says what has been decided otherwise since.
    fn outdates(&self, row: &MessageRow) -> bool {
        let is_listed = || self.product.listings().iter().any(|one| one.node.as_str() == row.destination);
        let is_withdrawn = matches!(self.product.state, ProductState::Withdrawn { .. });
        let is_before = self.withdrawn_at.is_some_and(|at| row.created_at <= at);
        match row.kind.as_str() {
            PRODUCT_REGISTER_MSG => is_withdrawn || !self.is_registered_by(row),
            PRODUCT_LIST_MSG => is_before || !self.product.is_offered(),
            PRODUCT_DELIST_MSG => is_listed(),
            PRODUCT_WITHDRAW_MSG => !is_withdrawn,
            _ => false,
        }
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

/// What was asked for, with the resource that it is about.
struct Draft {
    key: String,
    title: I18n,
    industry: Option<AreaCode>,
    resource: OwnResource,
    id: ResourceId,
    new: NewOffer,
}

impl Draft {
    async fn of(node: &Node, speaker: &Speaker, new: NewOffer) -> Result<Draft, Error> {
        let id = ResourceId::parse(&new.resource).map_err(|error| Error::input("resource", error))?;
        let tenant = speaker.id().to_string();
        let wanted = id.clone();
        let resource = node
            .store()
            .read("resource_of_product", move |read| {
                let (tenant, id) = (tenant.clone(), wanted.clone());
                Box::pin(async move { resource::own(read, &tenant, &id).await })
            })
            .await?;
        let industry = new.industry.as_deref().map(AreaCode::parse).transpose();
        let industry = industry.map_err(|error| Error::input("industry", error))?;
        let title = new.title.clone().filter(|title| !title.is_empty());
        let title = title.unwrap_or_else(|| resource.resource.title.clone());
        Ok(Draft { key: product_key(&id, &title), title, industry, resource, id, new })
    }

    fn negotiation(&self, before: Option<&OwnProduct>) -> Negotiation {
        let earlier = before.map(|own| own.negotiation);
        self.new.negotiation.or(earlier).unwrap_or_default()
    }

    fn product(
        &self,
        speaker: &Speaker,
        before: Option<&Product>,
        now: Timestamp,
    ) -> Result<NewProduct, Error> {
        let resource = &self.resource.resource;
        let description = before.map_or(&resource.description, |product| &product.description);
        let keywords = before.map_or(&resource.keywords, |product| &product.keywords);
        Ok(NewProduct {
            key: self.key.clone(),
            resource: self.id.clone(),
            connector: speaker.id().clone(),
            title: self.title.clone(),
            description: self.new.description.clone().unwrap_or_else(|| description.clone()),
            keywords: self.new.keywords.clone().unwrap_or_else(|| keywords.clone()),
            industry: self.industry.or_else(|| before.and_then(|product| product.industry)),
            delivery: DeliveryForm::Dataset,
            offer: self.new.offer(before, now)?,
        })
    }
}

fn product_key(resource: &ResourceId, title: &I18n) -> String {
    let digest = Sha256::of(format!("{resource} {} {}", title.zh, title.en).as_bytes()).to_string();
    digest.get(..24).map(str::to_owned).unwrap_or(digest)
}

fn register_message(
    node: &Node,
    speaker: &Speaker,
    product: &Product,
    profile: &Profile,
) -> Result<NewMessage, Error> {
    let title = I18nText::of(&product.title)
        .ok_or_else(|| Error::input("title", Reason::new("field-missing", "missing: give one")))?;
    let request = ProductRegister {
        local_key: product.key.clone(),
        resource: product.resource.clone(),
        connector: speaker.id().clone(),
        subject: speaker.subject().clone(),
        provider: organisation_name(speaker),
        title,
        description: I18nText::of(&product.description),
        keywords: keywords_of(&product.keywords),
        industry: product.industry,
        delivery: product.delivery,
        columns: profile.columns.iter().map(Column::from).collect(),
        rows: profile.rows,
        bytes: profile.bytes,
        time_range: profile.time_range.map(|(first, last)| vec![IsoTime(first), IsoTime(last)]),
        digest: profile.sha256,
        offer: TermsObject::from(&product.offer),
    };
    let region = offer::region_of(speaker)?;
    Ok(outbox::message(
        speaker.id(),
        stream(&product.key, &region),
        &region,
        PRODUCT_REGISTER_MSG,
        &request.to_body()?,
        node.now(),
    ))
}

/// The name that the organisation was certified under.
fn organisation_name(speaker: &Speaker) -> String {
    let chain = speaker.organisation.as_ref().map(|organisation| &organisation.chain);
    let certified = chain.and_then(|chain| chain.leaf().subject_o()).map(str::to_owned);
    certified.unwrap_or_else(|| speaker.membership.name.clone())
}

/// The stream of messages about a product: the region's, or a service node's own, so that one that is away holds up no other.
fn stream(key: &str, receiver: &NodeId) -> String {
    match receiver.kind() {
        IdKind::ServiceNode => format!("product/{key}/{receiver}"),
        _ => format!("product/{key}"),
    }
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

/// Sends again what has not been answered: the very message where it is still there, or another one where it came to nothing.
async fn tell_again(
    node: &Node,
    tenant: &str,
    own: OwnProduct,
    input: &ProductInput,
    reason: &str,
    receiver: &NodeId,
) -> Result<(), Error> {
    let Some((kind, out)) = end_of(&own.product, input) else { return Ok(()) };
    let found = outbox::try_stream_again(node, tenant, &stream(&own.product.key, receiver), kind).await?;
    if found > 0 || own.problem_with(receiver).is_none() {
        return Ok(());
    }
    let key = own.product.key.clone();
    let turn = |own: OwnProduct| {
        let messages = outbound(node, &own.product, &out, reason)?.into_iter().collect();
        Ok(Change { messages, ..Change::quiet(own) })
    };
    change_known(node, tenant, &key, None, turn).await
}

/// Tells messages by their name.
type IsMessage = fn(&str) -> bool;

/// Which messages end what a product is elsewhere, and such a message.
fn end_of(product: &Product, input: &ProductInput) -> Option<(IsMessage, Outbound)> {
    let id = product.id.clone()?;
    match (input, &product.state) {
        (ProductInput::Delist { node }, _) => Some((
            |kind| kind == PRODUCT_DELIST_MSG,
            Outbound::DelistProduct { product: id, node: node.clone() },
        )),
        (ProductInput::Withdraw { .. }, ProductState::Withdrawn { reason, .. }) => Some((
            |kind| kind == PRODUCT_WITHDRAW_MSG,
            Outbound::WithdrawProduct { product: id, reason: reason.clone() },
        )),
        _ => None,
    }
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

/// The message of an outbound order of the lifecycle.
fn outbound(
    node: &Node,
    product: &Product,
    out: &Outbound,
    reason: &str,
) -> Result<Option<NewMessage>, Error> {
    let connector = &product.connector;
    let why = |text: &str| if text.is_empty() { "not given".to_owned() } else { text.to_owned() };
    let (destination, kind, body) = match out {
        Outbound::ListProduct { product, node } => {
            (node.clone(), PRODUCT_LIST_MSG, ProductList { product_id: product.clone() }.to_body()?)
        }
        Outbound::DelistProduct { product, node } => {
            let body = ProductDelist { product_id: product.clone(), reason: why(reason) }.to_body()?;
            (node.clone(), PRODUCT_DELIST_MSG, body)
        }
        Outbound::WithdrawProduct { product, reason } => {
            let speaker = node.hosted(connector)?;
            let body = ProductWithdraw { product_id: product.clone(), reason: why(reason) }.to_body()?;
            (offer::region_of(&speaker)?, PRODUCT_WITHDRAW_MSG, body)
        }
        _ => return Ok(None),
    };
    let stream = stream(&product.key, &destination);
    Ok(Some(outbox::message(connector, stream, &destination, kind, &body, node.now())))
}

/// How near the next try of a message is that is waited for, in microseconds.
const NEAR_MICROS: i64 = 1_000_000;

/// Waits until nothing about the product is under way to `receiver` any more, or a try has failed and the next one is not near.
///
/// # Errors
/// [`Error::NotYet`] where the message is still under way; [`Error::Forbidden`] where `receiver` refused it, or it was given up.
async fn arrived(node: &Node, speaker: &Speaker, key: &str, receiver: &NodeId) -> Result<OwnProduct, Error> {
    let (tenant, begun) = (speaker.id().to_string(), std::sync::OnceLock::new());
    let look = async || {
        let (own, head) = with_head(node, &tenant, key, receiver).await?;
        let Some(head) = head else {
            return match own.problem_with(receiver) {
                Some(problem) => Err(Error::Forbidden(problem.to_owned().into())),
                None => Ok(Some(own)),
            };
        };
        let (id, attempts) = *begun.get_or_init(|| (head.id, head.attempts));
        let has_failed = head.id == id && head.attempts > attempts && head.lease_until.is_none();
        let is_next_far = head.next_at.saturating_sub(node.now().micros()) > NEAR_MICROS;
        if has_failed && is_next_far { Err(offer::unanswered()) } else { Ok(None) }
    };
    offer::settled(node, look).await
}

/// A product and the message about it that is to arrive first at a receiver.
async fn with_head(
    node: &Node,
    tenant: &str,
    key: &str,
    receiver: &NodeId,
) -> Result<(OwnProduct, Option<MessageRow>), Error> {
    let (tenant, key, stream) = (tenant.to_owned(), key.to_owned(), stream(key, receiver));
    node.store()
        .read("product_messages", move |read| {
            let (tenant, key, stream) = (tenant.clone(), key.clone(), stream.clone());
            Box::pin(async move {
                let row = read.get_product(&tenant, &key).await?;
                let row = row.ok_or_else(|| Error::not_found("product", &key))?;
                Ok((OwnProduct::of(&row)?, read.first_in_stream(&tenant, &stream).await?))
            })
        })
        .await
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

/// Whether a message about a product says what has been decided otherwise since, or the product is gone.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn is_outdated(node: &Node, row: &MessageRow) -> Result<bool, Error> {
    match get::<OwnProduct>(node, &row.tenant, key_of(row)).await {
        Ok(own) => Ok(own.outdates(row)),
        Err(Error::NotFound { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

fn key_of(row: &MessageRow) -> &str {
    let rest = row.stream.strip_prefix("product/").unwrap_or(&row.stream);
    rest.split_once('/').map_or(rest, |(key, _)| key)
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
