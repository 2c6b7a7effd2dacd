//! Messages about a product: what is sent to its region and to service nodes, which of them still count, and waiting until they arrived.

use crypto::Sha256;
use domain::Outbound;
use domain::catalogue::{Product, ProductInput, ProductState, Profile};
use domain::id::{IdKind, NodeId};
use ndi::IsoTime;
use ndi::Message as _;
use ndi::weir_v1::catalogue::{
    PRODUCT_DELIST_MSG, PRODUCT_LIST_MSG, PRODUCT_REGISTER_MSG, PRODUCT_WITHDRAW_MSG, ProductDelist,
    ProductList, ProductRegister, ProductWithdraw,
};
use ndi::weir_v1::convert::keywords_of;
use ndi::weir_v1::public_log::{Column, I18nText};
use ndi::weir_v1::terms::TermsObject;
use store::{MessageRow, NewMessage};

use super::super::change::{Change, Own, change_known, get};
use super::super::offer;
use super::OwnProduct;
use crate::member::Speaker;
use crate::{Error, Node, Reason, outbox};

impl OwnProduct {
    /// Whether that message is what the region was sent last to register it.
    pub(super) fn is_registered_by(&self, row: &MessageRow) -> bool {
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
}

pub(super) fn register_message(
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
pub(super) fn stream(key: &str, receiver: &NodeId) -> String {
    match receiver.kind() {
        IdKind::ServiceNode => format!("product/{key}/{receiver}"),
        _ => format!("product/{key}"),
    }
}

/// Sends again what has not been answered: the very message where it is still there, or another one where it came to nothing.
pub(super) async fn tell_again(
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

/// The message of an outbound order of the lifecycle.
pub(super) fn outbound(
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
pub(super) async fn arrived(
    node: &Node,
    speaker: &Speaker,
    key: &str,
    receiver: &NodeId,
) -> Result<OwnProduct, Error> {
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

pub(super) fn key_of(row: &MessageRow) -> &str {
    let rest = row.stream.strip_prefix("product/").unwrap_or(&row.stream);
    rest.split_once('/').map_or(rest, |(key, _)| key)
}
