//! Contract messages as they travel (docs/WIRE.md, 5): what a step wants sent, as rows of the outbox, and what a message says of its parties.
//!
//! Two fields are ours, beside the tables': `dataProductId` in create, by which the platform knows what the contract is about, and
//! `terminateReason` in terminate. Both are signed like the others, and a reader that does not know them passes over them.

use domain::codes::TerminateType;
use domain::contract::{PartySignature, Role};
use domain::id::{NodeId, ProductId, SubjectCode};
use domain::{CreateContract, Negotiate, Outbound, Terminate, Timestamp};
use ndi::digital_contract::{
    self as wire, ContractCreate, ContractNegotiate, ContractNegotiated, ContractTerminate,
    ContractTerminated, ResultStatus,
};
use ndi::{Message, Path};
use serde_json::Value;
use store::NewMessage;

use crate::member::{OrganisationKey, Speaker};
use crate::message::Incoming;
use crate::{Error, Node, Reason, outbox};

/// Our field of create: the product.
const PRODUCT: &str = "dataProductId";
/// Our field of terminate: why.
const REASON: &str = "terminateReason";

/// The organisation's key of a connector.
///
/// # Errors
/// [`Error::NotJoined`] where the speaker is no connector.
pub(super) fn organisation(speaker: &Speaker) -> Result<&OrganisationKey, Error> {
    speaker.organisation.as_ref().ok_or_else(|| {
        let words = format!("`{}` has no organisation's key: only connectors sign contracts", speaker.id());
        Error::NotJoined(Reason::new("no-organisation-key", words).with("id", speaker.id().as_str()))
    })
}

/// The name of a connector's organisation, as its certificate says it.
///
/// # Errors
/// As [`organisation`].
pub(super) fn organisation_name(speaker: &Speaker) -> Result<String, Error> {
    let name = organisation(speaker)?.chain.leaf().subject_o();
    Ok(name.unwrap_or(speaker.membership.name.as_str()).to_owned())
}

/// The outbox row of a message that a step of the contract `key` wants sent. `platform` gives contract ids.
///
/// # Errors
/// [`Error::Message`] where a value has no wire form, [`Error::NotJoined`] without an organisation's key.
pub(super) fn letter(
    speaker: &Speaker,
    key: &str,
    outbound: &Outbound,
    platform: Option<&NodeId>,
    now: Timestamp,
) -> Result<NewMessage, Error> {
    let (kind, to, body) = match outbound {
        Outbound::CreateContract(create) => {
            let platform = platform.ok_or_else(|| {
                Error::Corrupt("a contract without a platform cannot ask for its id".to_owned())
            })?;
            (wire::CREATE, platform, create_body(speaker, create)?)
        }
        Outbound::Negotiate(negotiate) => {
            (wire::NEGOTIATE, &negotiate.to, ContractNegotiate::try_from(&**negotiate)?.to_body()?)
        }
        Outbound::Terminate(terminate) => {
            (wire::TERMINATE, &terminate.to, terminate_body(speaker, terminate)?)
        }
        other => return Err(Error::Corrupt(format!("no message of a contract: {other:?}"))),
    };
    Ok(outbox::message(speaker.id(), stream(key), to, kind, &body, now))
}

/// The stream of a contract's messages: they arrive in the order in which they were sent.
pub(super) fn stream(key: &str) -> String {
    format!("contract {key}")
}

/// The local key that a stream was made of.
pub(super) fn key_of(stream: &str) -> Result<&str, Error> {
    stream
        .strip_prefix("contract ")
        .ok_or_else(|| Error::Corrupt(format!("`{stream}` is no contract's stream")))
}

fn create_body(speaker: &Speaker, create: &CreateContract) -> Result<Value, Error> {
    let fields = with(wire::create_fields(create)?, PRODUCT, create.product.id.as_str());
    Ok(wire::sign_fields(fields, &organisation(speaker)?.key)?)
}

fn terminate_body(speaker: &Speaker, terminate: &Terminate) -> Result<Value, Error> {
    let fields = wire::terminate_fields(terminate)?;
    let fields = match terminate.reason.as_str() {
        "" => fields,
        reason => with(fields, REASON, reason),
    };
    Ok(wire::sign_fields(fields, &organisation(speaker)?.key)?)
}

fn with(mut fields: Value, name: &str, text: &str) -> Value {
    if let Some(map) = fields.as_object_mut() {
        map.insert(name.to_owned(), Value::String(text.to_owned()));
    }
    fields
}

/// A create message, whose organisation's signature was checked.
///
/// # Errors
/// [`Error::Message`] for its form or signature, [`Error::Forbidden`] where it is sent in another's name, [`Error::NotFound`] where
/// nobody here knows the organisation.
pub(super) async fn read_create(
    node: &Node,
    incoming: &Incoming,
) -> Result<(ContractCreate, Option<ProductId>), Error> {
    let create: ContractCreate = incoming.read()?;
    check_issuer(incoming, &create.issuer_id, &create.issuer_entity_id)?;
    let key = &node.known(create.issuer_entity_id.as_str()).await?;
    wire::verify_fields(&incoming.body, &create.signature, &key.key)?;
    let product = match incoming.body.get(PRODUCT).and_then(Value::as_str) {
        Some(text) => Some(ProductId::parse(text).map_err(|error| Error::input(PRODUCT, error))?),
        None => None,
    };
    Ok((create, product))
}

/// A terminate message, whose organisation's signature was checked, and the reason given.
///
/// # Errors
/// As [`read_create`].
pub(super) async fn read_terminate(
    node: &Node,
    incoming: &Incoming,
) -> Result<(ContractTerminate, String), Error> {
    let terminate: ContractTerminate = incoming.read()?;
    check_issuer(incoming, &terminate.issuer_id, &terminate.issuer_entity_id)?;
    let key = &node.known(terminate.issuer_entity_id.as_str()).await?;
    wire::verify_fields(&incoming.body, &terminate.signature, &key.key)?;
    let given = incoming.body.get(REASON).and_then(Value::as_str).unwrap_or_default();
    let reason = match (given, terminate.terminate_type) {
        ("", TerminateType::OnExpiry) => "its time is over",
        (given, _) => given,
    };
    Ok((terminate, reason.to_owned()))
}

fn check_issuer(incoming: &Incoming, issuer: &NodeId, entity: &SubjectCode) -> Result<(), Error> {
    if issuer.as_str() != incoming.from.id {
        return Err(Error::Forbidden(
            format!("`{}` sends in the name of `{issuer}`: the issuer must be the sender", incoming.from.id)
                .into(),
        ));
    }
    if entity.as_str() != incoming.from.subject {
        return Err(Error::Forbidden(
            format!("connector `{issuer}` belongs to `{}`, not to `{entity}`", incoming.from.subject).into(),
        ));
    }
    Ok(())
}

/// A negotiate message with our role in it: we are one of its parties, the sender is the other.
///
/// # Errors
/// [`Error::Message`] for its form or terms, [`Error::Forbidden`] where sender or addressee is no party.
pub(super) fn read_negotiate(incoming: &Incoming) -> Result<(Negotiate, Role), Error> {
    let message: ContractNegotiate = incoming.read()?;
    let negotiate = message.to_domain(incoming.to.id().clone())?;
    let (provider, user) = (negotiate.provider.connector.as_str(), negotiate.user.connector.as_str());
    let (ours, theirs) = (incoming.to.id().as_str(), incoming.from.id.as_str());
    let role = match () {
        () if provider == ours && user == theirs => Role::Provider,
        () if user == ours && provider == theirs => Role::User,
        () => {
            return Err(Error::Forbidden(
                format!(
                    "`{theirs}` and `{ours}` are not the parties that `strategy.executionNodeInfo` names"
                )
                .into(),
            ));
        }
    };
    Ok((negotiate, role))
}

/// Checks the peer's signature in a message with the key of its organisation. One in our own name is compared with what we gave, by the
/// contract's step.
///
/// # Errors
/// [`Error::Evidence`] where it does not hold, [`Error::NotFound`] where nobody here knows the organisation.
pub(super) async fn verify_signatures(node: &Node, negotiate: &Negotiate, us: Role) -> Result<(), Error> {
    let peer = match us {
        Role::Provider => &negotiate.user.subject,
        Role::User => &negotiate.provider.subject,
    };
    let Some(signature) = negotiate.signatures.iter().find(|signature| signature.entity() == peer) else {
        return Ok(());
    };
    let known = node.known(peer.as_str()).await?;
    if !known.may_act(node.now()) {
        return Err(Error::Evidence(format!(
            "organisation `{peer}` may not sign: its certificate is not valid now or its status is `{}`",
            known.status
        )));
    }
    signature.verify(&known.key).map_err(|_| {
        Error::Evidence(format!(
            "the signature in the name of `{peer}` does not hold under its certified key"
        ))
    })
}

/// Our organisation's signature over the current terms of a contract.
///
/// # Errors
/// [`Error::State`] before the contract has an id, [`Error::NotJoined`] without an organisation's key.
pub(super) fn sign(
    speaker: &Speaker,
    contract: &domain::contract::Contract,
    now: Timestamp,
) -> Result<PartySignature, Error> {
    // Whole milliseconds: every reader of RFC 3339 keeps them.
    let body = contract.signature_body(Timestamp::from_millis(now.millis()))?;
    Ok(PartySignature::sign(&organisation(speaker)?.key, body)?)
}

/// The answer to a negotiate message.
///
/// # Errors
/// [`Error::Message`], which does not happen.
pub(super) fn negotiated(is_agreed: bool) -> Result<Value, Error> {
    let negotiation_status = if is_agreed { ResultStatus::Success } else { ResultStatus::Failure };
    Ok(ContractNegotiated { negotiation_status }.to_body()?)
}

/// Whether a peer's answer to a negotiate message says that it agrees.
///
/// # Errors
/// [`Error::Message`] where it is no such answer.
pub(super) fn is_agreed(data: &Value) -> Result<bool, Error> {
    Ok(ContractNegotiated::read_at(data, &Path::ROOT)?.negotiation_status == ResultStatus::Success)
}

/// The answer to a terminate message.
///
/// # Errors
/// [`Error::Message`], which does not happen.
pub(super) fn terminated() -> Result<Value, Error> {
    Ok(ContractTerminated { status: ResultStatus::Success }.to_body()?)
}
