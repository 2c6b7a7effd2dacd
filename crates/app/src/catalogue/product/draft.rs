//! What a provider asks for when it registers a product, and what the product becomes by that. What is not named stays as it was.

use crypto::Sha256;
use domain::catalogue::{I18n, Keywords, NewProduct, Product};
use domain::codes::DeliveryForm;
use domain::id::{AreaCode, ResourceId};
use domain::terms::{Action, Terms};
use domain::{TimeRange, Timestamp};
use ndi::Message as _;
use ndi::weir_v1::terms::TermsObject;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::resource::{self, OwnResource};
use super::{Negotiation, OwnProduct};
use crate::member::Speaker;
use crate::{Error, Node, Reason};

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

/// What was asked for, with the resource that it is about.
pub(super) struct Draft {
    pub(super) key: String,
    title: I18n,
    industry: Option<AreaCode>,
    pub(super) resource: OwnResource,
    id: ResourceId,
    new: NewOffer,
}

impl Draft {
    pub(super) async fn of(node: &Node, speaker: &Speaker, new: NewOffer) -> Result<Draft, Error> {
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

    pub(super) fn negotiation(&self, before: Option<&OwnProduct>) -> Negotiation {
        let earlier = before.map(|own| own.negotiation);
        self.new.negotiation.or(earlier).unwrap_or_default()
    }

    pub(super) fn product(
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
