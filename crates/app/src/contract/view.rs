//! A contract as the management API shows it (docs/MANAGEMENT-API.md): codes and plain values, times in RFC 3339.

use domain::Timestamp;
use domain::contract::{Contract, ContractState, EndCause, PartyRef, PartySignature, Role, Round};
use domain::terms::Terms;
use ndi::IsoTime;
use ndi::weir_v1::terms::TermsObject;
use serde::Serialize;
use store::Read;

use super::entry::{AutoSign, Held, Trouble};
use crate::Error;

/// A contract.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ContractView {
    /// Our own name for it.
    pub key: String,
    /// Its identifier, once there is one.
    pub contract_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Our side: `provider` or `user`.
    pub role: Role,
    /// Code of its state (TC609-6-2025-14, table C.1).
    pub state: &'static str,
    /// The state in words.
    pub state_name: StateName,
    /// Whether our side is to decide or to sign.
    pub awaits_us: bool,
    /// The product's identifier.
    pub product: String,
    /// The product's name.
    pub product_name: String,
    /// The provider's name.
    pub provider: String,
    /// The provider's subject code.
    pub provider_subject: String,
    /// The provider's connector.
    pub provider_connector: String,
    /// The user's name.
    pub user: String,
    /// The user's subject code.
    pub user_subject: String,
    /// The user's connector.
    pub user_connector: String,
    /// The terms on the table, agreed, signed or last held.
    pub terms: TermsObject,
    /// `manual`, `on_agreement` or `automatic`: when our side signs.
    pub sign: &'static str,
    /// Every proposal, in order.
    pub rounds: Vec<RoundView>,
    /// The signatures so far, the provider's first.
    pub signatures: Vec<SignatureView>,
    /// The uses as our side counted them.
    pub uses: UsesView,
    /// Why it ended, where it did: `rejected`, `terminated`, `expired` or `not_signed`.
    pub cause: Option<&'static str>,
    /// Who ended it.
    pub ended_by: Option<Role>,
    /// The reason given.
    pub reason: Option<String>,
    /// The last message that came to nothing.
    pub trouble: Option<TroubleView>,
    /// When it began, or was first heard of.
    pub created_at: IsoTime,
    /// When it changed last.
    pub updated_at: IsoTime,
}

/// Names of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StateName {
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

/// One proposal.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundView {
    /// Who proposed.
    pub by: Role,
    /// What.
    pub terms: TermsObject,
    /// When.
    pub at: IsoTime,
}

/// One signature.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignatureView {
    /// Whose.
    pub by: Role,
    /// The organisation's subject code.
    pub subject: String,
    /// SHA-256 of the contract's body, which is signed.
    pub contract_digest: String,
    /// `<suite>:<hex>`.
    pub signature: String,
    /// When it was given.
    pub signed_at: IsoTime,
}

/// Uses of a contract, counted by our side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct UsesView {
    /// Uses.
    pub count: u64,
    /// Of them, those that ended whole.
    pub complete: u64,
    /// Bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
}

/// A message that came to nothing.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TroubleView {
    /// The message's name.
    pub message: String,
    /// Who was to receive it.
    pub peer: String,
    /// Return code of the refusal, where it was one.
    pub code: Option<String>,
    /// What the other side said, or what stood in the way.
    pub reason: String,
    /// When.
    pub at: IsoTime,
}

impl ContractView {
    /// The view of a contract at `now`, with its uses.
    pub(super) fn of(held: &Held, uses: UsesView, now: Timestamp) -> ContractView {
        let contract = held.contract();
        let status = contract.status(now);
        let (provider, user) = (Party::of(&contract.provider), Party::of(&contract.user));
        let end = End::of(contract);
        ContractView {
            key: contract.key.clone(),
            contract_id: contract.id.as_ref().map(ToString::to_string),
            name: contract.name.clone(),
            role: contract.role,
            state: status.code(),
            state_name: StateName { zh: status.name_zh(), en: status.name_en() },
            awaits_us: contract.awaits_us(),
            product: contract.product.id.to_string(),
            product_name: contract.product.name.clone(),
            provider: provider.name,
            provider_subject: provider.subject,
            provider_connector: provider.connector,
            user: user.name,
            user_subject: user.subject,
            user_connector: user.connector,
            terms: terms(contract.terms()),
            sign: sign(&held.entry.auto_sign),
            rounds: contract.rounds.iter().map(RoundView::of).collect(),
            signatures: signatures(contract),
            uses,
            cause: end.cause,
            ended_by: end.by,
            reason: end.reason,
            trouble: held.entry.trouble.as_ref().map(TroubleView::of),
            created_at: IsoTime(contract.created_at),
            updated_at: IsoTime(held.updated_at),
        }
    }
}

struct Party {
    name: String,
    subject: String,
    connector: String,
}

impl Party {
    fn of(party: &PartyRef) -> Party {
        Party {
            name: party.name.clone(),
            subject: party.subject.to_string(),
            connector: party.connector.to_string(),
        }
    }
}

impl RoundView {
    fn of(round: &Round) -> RoundView {
        RoundView { by: round.by, terms: terms(&round.terms), at: IsoTime(round.at) }
    }
}

impl TroubleView {
    fn of(trouble: &Trouble) -> TroubleView {
        TroubleView {
            message: trouble.message.clone(),
            peer: trouble.peer.clone(),
            code: trouble.code.clone(),
            reason: trouble.reason.clone(),
            at: IsoTime(trouble.at),
        }
    }
}

fn terms(terms: &Terms) -> TermsObject {
    TermsObject::from(terms)
}

fn sign(auto_sign: &AutoSign) -> &'static str {
    match auto_sign {
        AutoSign::Never => "manual",
        AutoSign::OnAgreement { .. } => "on_agreement",
        AutoSign::AfterPeer { .. } => "automatic",
    }
}

fn signatures(contract: &Contract) -> Vec<SignatureView> {
    let Some(signatures) = contract.state.signatures() else { return Vec::new() };
    let sides = [Role::Provider, Role::User].into_iter();
    sides.filter_map(|by| signatures.of(by).map(|signature| SignatureView::of(by, signature))).collect()
}

impl SignatureView {
    fn of(by: Role, signature: &PartySignature) -> SignatureView {
        SignatureView {
            by,
            subject: signature.entity().to_string(),
            contract_digest: signature.body.contract_digest.to_string(),
            signature: signature.signature.to_string(),
            signed_at: IsoTime(signature.body.signatory_time),
        }
    }
}

/// How a contract ended.
#[derive(Default)]
struct End {
    cause: Option<&'static str>,
    by: Option<Role>,
    reason: Option<String>,
}

impl End {
    fn of(contract: &Contract) -> End {
        let ended = |cause, by, reason: &String| End {
            cause: Some(cause),
            by: Some(by),
            reason: (!reason.is_empty()).then(|| reason.clone()),
        };
        match &contract.state {
            ContractState::SigningFailed { by, reason, .. } => ended("not_signed", *by, reason),
            ContractState::Ended { cause: EndCause::Rejected { by, reason }, .. } => {
                ended("rejected", *by, reason)
            }
            ContractState::Ended { cause: EndCause::Terminated { by, reason }, .. } => {
                ended("terminated", *by, reason)
            }
            ContractState::Ended { cause: EndCause::Expired, .. } => {
                End { cause: Some("expired"), ..End::default() }
            }
            _ => End::default(),
        }
    }
}

/// The uses of a contract, as our side's meter has them.
///
/// # Errors
/// [`Error::Store`].
pub(super) async fn uses_of(read: &mut Read, tenant: &str, contract: &Contract) -> Result<UsesView, Error> {
    let Some(id) = &contract.id else { return Ok(UsesView::default()) };
    let sum = crate::metering::meter(read, tenant, id.as_str(), contract.role).await?;
    Ok(UsesView { count: sum.uses, complete: sum.complete, bytes: sum.bytes, rows: sum.rows })
}
