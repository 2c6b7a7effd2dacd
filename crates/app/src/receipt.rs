//! Receipts (docs/WIRE.md, 7): everything that proves one use, gathered from both sides, and verified before it is handed out.
//!
//! Either side can make one: the window with its uses stands in its own store, and each log proves its own half. The other half is asked
//! for with `receiptPart`. What a receipt holds and how it is checked is the ledger's.

use crypto::SignedObject;
use crypto::cert::Chain;
use domain::contract::{Contract, PartySignature, Role, Signatures};
use domain::id::{ContractId, NodeId};
use domain::{EvidenceKind, Timestamp};
use ledger::leaf::{Entry, Salt};
use ledger::receipt::{Endorsed, LogProof, Logged, Receipt, ReceiptKind, SignedContract};
use ledger::tree::Tree;
use ledger::window::UseLeaf;
use ndi::Message as _;
use ndi::weir_v1::feed;
use ndi::weir_v1::path;
use ndi::weir_v1::receipt_part::{EvidenceEntry, RECEIPT_PART_MSG, ReceiptPart, ReceiptPartReply};
use serde_json::Value;
use store::{ReceivedUseRow, UseKey, WindowRow};

use crate::member::Speaker;
use crate::message::Incoming;
use crate::metering::{self, WindowAnswer, WindowBody};
use crate::{Error, Node, Reason, log};

/// When the next try may have what is missing here, in milliseconds: the sequencer numbers entries at once.
const LOG_RETRY_MS: u64 = 100;

/// The receipt of a use, from either side of its contract (named by identifier or local key). It verifies, or is not handed out.
///
/// # Errors
/// [`Error::NotFound`] for contract or use; [`Error::NotReady`] while the use is open, its window is open or not counter-signed, or a log
/// has not numbered it; [`Error::Evidence`] where the window is disputed or the receipt would not hold; [`Error::Metering`] for a refused
/// use; [`Error::Net`] and [`Error::Peer`] where the other side does not give its half.
pub async fn receipt(node: &Node, speaker: &Speaker, contract: &str, use_id: &str) -> Result<Receipt, Error> {
    let held = crate::contract::get(node, speaker.id().as_str(), contract).await?;
    let contract = held.contract();
    let window = signed_window(node, speaker, contract, use_id).await?;
    let ours = half(node, &window.row, contract.role).await?;
    let theirs = other_half(node, speaker, contract, &window.row).await?;
    let receipt = assemble(node, contract, window, use_id, ours, theirs).await?;
    verified(node, receipt).await
}

/// A counter-signed window with its uses.
struct SignedWindow {
    row: WindowRow,
    window: SignedObject,
    countersignature: SignedObject,
    uses: Vec<UseLeaf>,
}

async fn signed_window(
    node: &Node,
    speaker: &Speaker,
    contract: &Contract,
    use_id: &str,
) -> Result<SignedWindow, Error> {
    let tenant = speaker.id().to_string();
    let id = contract.id.as_ref().ok_or_else(|| Error::not_found("use", use_id))?.to_string();
    let number = match contract.role {
        Role::Provider => provided_in(node, &tenant, &id, use_id).await?,
        Role::User => received_in(node, &tenant, &id, use_id).await?,
    };
    let row = metering::window_row(node, &tenant, &id, number).await?;
    let row = row.ok_or_else(|| Error::Corrupt(format!("window {number} of contract `{id}` is missing")))?;
    let body: WindowBody = row.body.get()?;
    let countersignature = countersignature(node, &row)?;
    let uses = match contract.role {
        Role::Provider => provided_uses(node, &row).await?,
        Role::User => body.uses,
    };
    Ok(SignedWindow { row, window: body.object, countersignature, uses })
}

/// The window of a use that we provided.
async fn provided_in(node: &Node, tenant: &str, contract: &str, use_id: &str) -> Result<u64, Error> {
    let key = UseKey { tenant: tenant.to_owned(), contract: contract.to_owned(), use_id: use_id.to_owned() };
    let row = node.store().read("receipt_use", move |read| {
        let key = key.clone();
        Box::pin(async move { Ok::<_, Error>(read.get_use(&key).await?) })
    });
    let row = row.await?.ok_or_else(|| Error::not_found("use", use_id))?;
    row.window.ok_or_else(|| match row.closing {
        Some(_) => open_window(node, use_id),
        None => {
            let words = format!("use `{use_id}` has not ended");
            not_ready(node, Reason::new("use-open", words).with("use", use_id))
        }
    })
}

/// The window of a use that we received.
async fn received_in(node: &Node, tenant: &str, contract: &str, use_id: &str) -> Result<u64, Error> {
    let place = (tenant.to_owned(), contract.to_owned(), use_id.to_owned());
    let row = node.store().read("receipt_received", move |read| {
        let (tenant, contract, use_id) = place.clone();
        Box::pin(async move { Ok::<_, Error>(read.get_received_use(&tenant, &contract, &use_id).await?) })
    });
    let row = row.await?.ok_or_else(|| Error::not_found("use", use_id))?;
    if row.state == ReceivedUseRow::REFUSED {
        let words = format!("use `{use_id}` was refused by its provider: it has no receipt");
        return Err(Error::Metering(Reason::new("use-without-receipt", words).with("use", use_id)));
    }
    row.in_window.ok_or_else(|| match row.state.as_str() {
        ReceivedUseRow::COMPLETE => open_window(node, use_id),
        _ => {
            let words = format!("use `{use_id}` has not arrived whole");
            not_ready(node, Reason::new("use-not-whole", words).with("use", use_id))
        }
    })
}

fn open_window(node: &Node, use_id: &str) -> Error {
    let words = format!("the usage window of use `{use_id}` is open");
    not_ready(node, Reason::new("window-open", words).with("use", use_id))
}

fn not_ready(node: &Node, what: Reason) -> Error {
    let retry_after_ms = u64::try_from(node.limits().window_ms).unwrap_or_default().max(LOG_RETRY_MS);
    Error::NotReady { what, retry_after_ms }
}

fn countersignature(node: &Node, row: &WindowRow) -> Result<SignedObject, Error> {
    let Some(body) = &row.countersignature else {
        let words = format!("window {} is not counter-signed yet", row.number);
        return Err(not_ready(node, Reason::new("window-unsigned", words).with("window", row.number)));
    };
    match body.get::<WindowAnswer>()? {
        WindowAnswer::Countersigned(object) => Ok(object),
        WindowAnswer::Refused { reason, .. } => {
            Err(Error::Evidence(format!("window {} was refused by the user: {reason}", row.number)))
        }
    }
}

async fn provided_uses(node: &Node, row: &WindowRow) -> Result<Vec<UseLeaf>, Error> {
    let (tenant, contract, first) = (row.tenant.clone(), row.contract.clone(), row.first);
    let count = u32::try_from(row.last - row.first + 1)
        .map_err(|_| Error::Corrupt(format!("window {} has too many uses", row.number)))?;
    let rows = node.store().read("receipt_uses", move |read| {
        let (tenant, contract) = (tenant.clone(), contract.clone());
        Box::pin(
            async move { Ok::<_, Error>(read.list_closed_uses(&tenant, &contract, first, count).await?) },
        )
    });
    rows.await?.iter().map(metering::leaf_of).collect()
}

/// What a side logged about a window.
const fn logged_as(role: Role) -> EvidenceKind {
    match role {
        Role::Provider => EvidenceKind::WindowClosed,
        Role::User => EvidenceKind::WindowCountersigned,
    }
}

/// Our half: the entry of our evidence log, with its proof.
async fn half(node: &Node, row: &WindowRow, role: Role) -> Result<LogProof, Error> {
    let subject = metering::window_subject(&row.contract, row.number);
    match log::inclusion(node, logged_as(role).code(), &subject).await? {
        Some(log::Inclusion { entry, index, proof, checkpoint }) => {
            Ok(LogProof { entry, index, proof, checkpoint })
        }
        None => {
            let words = format!("the evidence log has not numbered window {} yet", row.number);
            let what = Reason::new("window-unnumbered", words).with("window", row.number);
            Err(Error::NotReady { what, retry_after_ms: LOG_RETRY_MS })
        }
    }
}

/// The other side's half: asked for, or from our own log where the other side is hosted here too.
async fn other_half(
    node: &Node,
    speaker: &Speaker,
    contract: &Contract,
    row: &WindowRow,
) -> Result<LogProof, Error> {
    let peer = &contract.peer().connector;
    if node.hosted(peer).is_ok() {
        return half(node, row, contract.role.other()).await;
    }
    let contract_id = ContractId::parse(&row.contract).map_err(|error| Error::Corrupt(error.to_string()))?;
    let body = ReceiptPart { contract_id, number: row.number }.to_body()?;
    let target = node.target(peer).await?;
    let answer = node.send(speaker, &target, &path(RECEIPT_PART_MSG), &body, &node.entropy().hex128()).await;
    match answer {
        Ok(data) => part_to_ledger(&data),
        Err(error @ Error::Peer { .. }) if error.is_passing() => {
            Err(not_ready(node, error.to_string().into()))
        }
        Err(error) => Err(error),
    }
}

/// Handles `receiptPart`: our half of a window's receipt. Asking changes nothing, so the answer is not kept.
///
/// # Errors
/// [`Error::Forbidden`] where the sender is not the contract's other side, [`Error::NotFound`] for contract or window, [`Error::NotReady`]
/// while the log has not numbered it.
pub async fn handle_part(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    let request: ReceiptPart = incoming.read()?;
    let (tenant, id) = (incoming.to.id().as_str(), request.contract_id.as_str());
    let held = crate::contract::get(node, tenant, id).await?;
    let contract = held.contract();
    if contract.peer().connector.as_str() != incoming.from.id {
        return Err(Error::Forbidden(format!("contract `{id}` is not the sender's").into()));
    }
    let row = metering::window_row(node, tenant, id, request.number).await?;
    let row = row.ok_or_else(|| Error::not_found("window", metering::window_subject(id, request.number)))?;
    part_to_wire(half(node, &row, contract.role).await?)
}

fn part_to_wire(half: LogProof) -> Result<Value, Error> {
    let LogProof { entry, index, proof, checkpoint } = half;
    let entry = EvidenceEntry { salt: feed::Salt(*entry.salt.as_bytes()), body: entry.body };
    Ok(ReceiptPartReply { entry, index, proof, checkpoint }.to_body()?)
}

fn part_to_ledger(data: &Value) -> Result<LogProof, Error> {
    let ReceiptPartReply { entry, index, proof, checkpoint } = ReceiptPartReply::read(data)?;
    Ok(LogProof { entry: Entry::new(Salt::from_bytes(entry.salt.0), entry.body), index, proof, checkpoint })
}

async fn assemble(
    node: &Node,
    contract: &Contract,
    signed: SignedWindow,
    use_id: &str,
    ours: LogProof,
    theirs: LogProof,
) -> Result<Receipt, Error> {
    let (record, path) = place(signed.uses, use_id)?;
    let (provider_log, user_log) = match contract.role {
        Role::Provider => (ours, theirs),
        Role::User => (theirs, ours),
    };
    let (closed, countersigned) = (&signed.window, &signed.countersignature);
    let provider = chain_of_object(node, &contract.provider.connector, closed, "closedAt").await?;
    let user = chain_of_object(node, &contract.user.connector, countersigned, "countersignedAt").await?;
    Ok(Receipt {
        kind: ReceiptKind::V1,
        record,
        path,
        window: Logged { object: signed.window, chain: provider, log: provider_log },
        countersignature: Logged { object: signed.countersignature, chain: user, log: user_log },
        contract: signed_contract(node, contract).await?,
    })
}

/// A use among those of its window, and its path to the window's root.
fn place(uses: Vec<UseLeaf>, use_id: &str) -> Result<(UseLeaf, Vec<ledger::tree::Hash>), Error> {
    let missing = || Error::Corrupt(format!("use `{use_id}` is not in the window that names it"));
    let index = uses.iter().position(|leaf| leaf.use_id == use_id).ok_or_else(missing)?;
    let leaves: Result<Vec<_>, _> = uses.iter().map(UseLeaf::leaf_hash).collect();
    let tree = Tree::from_leaves(leaves?)?;
    let path = tree.inclusion_proof(index as u64)?;
    let record = uses.into_iter().nth(index).ok_or_else(missing)?;
    Ok((record, path))
}

async fn signed_contract(node: &Node, contract: &Contract) -> Result<SignedContract, Error> {
    let body = serde_json::to_value(contract.body()?).map_err(|error| Error::Corrupt(error.to_string()))?;
    let unsigned = || Error::Corrupt("a contract with uses lacks a signature".to_owned());
    let signatures: &Signatures = contract.state.signatures().ok_or_else(unsigned)?;
    let provider = endorsed(node, signatures.provider.as_ref().ok_or_else(unsigned)?).await?;
    let user = endorsed(node, signatures.user.as_ref().ok_or_else(unsigned)?).await?;
    Ok(SignedContract { body, provider, user })
}

/// An organisation's signature, with the certificates of its key.
async fn endorsed(node: &Node, signature: &PartySignature) -> Result<Endorsed, Error> {
    let at = signature.body.signatory_time.secs();
    let is_signers = |chain: &Chain| signature.verify(chain.public_key()).is_ok();
    let chain = chain_at(node, signature.entity().as_str(), at, is_signers).await?;
    let body = serde_json::to_value(&signature.body).map_err(|error| Error::Corrupt(error.to_string()))?;
    let object = SignedObject { body, key: chain.public_key().key_ref(), signature: signature.signature };
    Ok(Endorsed { object, chain })
}

/// The chain of the connector that signed an object, as it was at the object's time.
async fn chain_of_object(
    node: &Node,
    connector: &NodeId,
    object: &SignedObject,
    time: &'static str,
) -> Result<Chain, Error> {
    let micros = object.body.get(time).and_then(Value::as_i64);
    let micros = micros.ok_or_else(|| Error::Corrupt(format!("a signed object lacks its `{time}`")))?;
    let at = Timestamp::from_micros(micros).secs();
    let is_signers = |chain: &Chain| chain.public_key().key_ref() == object.key;
    chain_at(node, connector.as_str(), at, is_signers).await
}

/// The certificate chain under which a connector or organisation signed at a time (unix seconds). It may have been certified anew
/// since: a signature is proven with the certificate of its own time. Where that is not known here, the one that counts now.
async fn chain_at(
    node: &Node,
    id: &str,
    at: i64,
    is_signers: impl Fn(&Chain) -> bool,
) -> Result<Chain, Error> {
    let holder = id.to_owned();
    let rows = node.store().read("receipt_chains", move |read| {
        let holder = holder.clone();
        Box::pin(async move { Ok::<_, Error>(read.list_chains_at(&holder, at).await?) })
    });
    for row in rows.await? {
        let chain: Chain = row.body.get_versioned(1, |_, _| None)?;
        if is_signers(&chain) {
            return Ok(chain);
        }
    }
    chain_of(node, id).await
}

/// The certificate chain of a connector or organisation: our own where it is hosted here, else the directory's.
async fn chain_of(node: &Node, id: &str) -> Result<Chain, Error> {
    for tenant in node.tenants() {
        if tenant.id().as_str() == id {
            return Ok(tenant.membership.sign_chain.clone());
        }
        if let Some(organisation) = &tenant.organisation
            && tenant.subject().as_str() == id
        {
            return Ok(organisation.chain.clone());
        }
    }
    Ok(node.known(id).await?.chain.clone())
}

/// A receipt that verifies with the pinned roots alone, as it will where it goes.
async fn verified(node: &Node, receipt: Receipt) -> Result<Receipt, Error> {
    let (roots, at) = (node.roots()?, node.now().secs());
    let checked = tokio::task::spawn_blocking(move || {
        let report = ledger::receipt::verify(&receipt, &roots, at);
        (receipt, report)
    });
    let (receipt, report) =
        checked.await.map_err(|error| Error::Corrupt(format!("verifying a receipt ended early: {error}")))?;
    match report.first_failure() {
        None => Ok(receipt),
        Some(step) => Err(Error::Evidence(format!("the receipt would not hold: {step}"))),
    }
}

#[cfg(test)]
mod tests;
