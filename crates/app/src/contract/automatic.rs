//! What a provider's connector answers by itself: its product's offer decides ([`domain::terms::decide`]), unless the product is
//! negotiated by hand.

use domain::catalogue::Profile;
use domain::contract::{Contract, ContractState, Input};
use domain::id::ProductId;
use domain::terms::{Decision, Terms, decide};
use store::Read;

use super::entry::AutoSign;
use super::turn::Turn;
use crate::Error;
use crate::catalogue::product::{self, Negotiation};
use crate::catalogue::resource;

/// How a product of ours is negotiated.
#[derive(Debug, Clone)]
pub(super) struct Stance {
    /// The widest terms that we agree to.
    pub(super) offer: Terms,
    /// The file behind the product: fields that it does not have, or cannot be limited to, are refused.
    pub(super) profile: Profile,
    /// Whether the offer decides, or a person.
    pub(super) is_automatic: bool,
}

/// A proposal of the peer's was taken up: answers whether the peer's terms are agreed by that.
///
/// By hand, nothing is decided yet. Automatically, what fits the offer is accepted (the answer says so, no message is needed), what does
/// not is countered with what both have in common; where that is nothing, or was proposed before, `refused` says why.
pub(super) fn respond(turn: Turn, stance: &Stance) -> Result<Response, Error> {
    let ContractState::Negotiating { terms, .. } = &turn.contract().state else {
        return Ok(Response::Taken(turn));
    };
    let terms = terms.clone();
    if let Err(refusal) = terms.check_profile(&stance.profile) {
        return Ok(Response::Refused(turn, refusal.into()));
    }
    if !stance.is_automatic {
        return Ok(Response::Taken(turn));
    }
    match decide(&stance.offer, &terms) {
        Decision::Accept => {
            let agreed = turn.step_quietly(Input::Accept)?.signs_when(AutoSign::AfterPeer { terms });
            Ok(Response::Taken(agreed))
        }
        Decision::Counter(ours) => match ours.check_user(&turn.contract().user.connector) {
            Ok(()) => counter(turn, ours),
            Err(refusal) => Ok(Response::Refused(turn, refusal.into())),
        },
        Decision::Refuse(refusal) => Ok(Response::Refused(turn, refusal.into())),
    }
}

/// What became of a proposal.
pub(super) enum Response {
    /// It stands, is agreed, or is countered.
    Taken(Turn),
    /// It cannot be agreed.
    Refused(Turn, Error),
}

fn counter(turn: Turn, terms: Terms) -> Result<Response, Error> {
    let before = turn.clone();
    match turn.step(Input::Propose { terms: terms.clone() }) {
        Ok(countered) => Ok(Response::Taken(countered.signs_when(AutoSign::AfterPeer { terms }))),
        // Proposed before, or too many rounds.
        Err(error @ Error::State(_)) => Ok(Response::Refused(before, error)),
        Err(error) => Err(error),
    }
}

/// Whether the terms on the table are agreed.
pub(super) fn is_agreed(contract: &Contract) -> bool {
    matches!(contract.state, ContractState::Signing { .. } | ContractState::Performing { .. })
}

/// How a product of the connector's is negotiated; nothing where it offers no such product.
///
/// # Errors
/// [`Error::Store`].
pub(super) async fn stance(read: &mut Read, tenant: &str, id: &ProductId) -> Result<Option<Stance>, Error> {
    match read_stance(read, tenant, id).await {
        Err(Error::NotFound { .. }) => Ok(None),
        other => other.map(Some),
    }
}

async fn read_stance(read: &mut Read, tenant: &str, id: &ProductId) -> Result<Stance, Error> {
    let own = product::own(read, tenant, id).await?;
    if !own.product.is_offered() {
        return Err(Error::not_found("offered product", id));
    }
    let resource = resource::own(read, tenant, &own.product.resource).await?;
    let is_automatic = own.negotiation == Negotiation::Automatic;
    Ok(Stance { offer: own.product.offer, profile: resource.resource.profile, is_automatic })
}
