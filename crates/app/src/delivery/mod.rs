//! Delivery at the provider: `deliver` (docs/WIRE.md, 6; NDI-TR-2025-05). Under a contract in force, past the gate, counted durably before
//! the first byte, metered to the last one.
//!
//! | module | what |
//! |---|---|
//! | here | the message, and the order of the checks |
//! | [`gate`] | may this use pass? The way that every door takes |
//! | [`content`] | the file or its projection, compared with the catalogue |
//! | [`body`] | the bytes on their way, and the end of the use |
//!
//! The order matters: everything that can refuse without counting comes before the count, and nothing can refuse after it.
//! HTTP is the edge's; closing windows over the uses is metering's.

mod body;
mod content;
mod gate;

use dataplane::gate::Admission;
use domain::delivery::{Delivered, UseId};
use domain::id::ContractId;
use ndi::Envelope;
use ndi::weir_v1::deliver::{DELIVER_MSG, DeliverRequest};
use store::UseKey;

pub use self::body::DeliveryStream;

use self::body::Sending;
use self::content::Content;
use crate::member::Speaker;
use crate::message::Incoming;
use crate::{Error, Node, Reason};

/// A delivery that was let through: what its headers say, and its bytes.
#[derive(Debug)]
pub struct Delivery {
    /// The use.
    pub use_id: UseId,
    /// Its place among the contract's uses, from 1 (`weir-sequence`).
    pub sequence: u64,
    /// The whole delivery (`weir-digest`, `weir-bytes`, `weir-rows`).
    pub whole: Delivered,
    /// Media type of the bytes (`content-type`).
    pub media_type: &'static str,
    /// Where the bytes begin: `206` where it is not 0.
    pub offset: u64,
    /// How many bytes follow (`content-length`).
    pub length: u64,
    /// The bytes.
    pub stream: DeliveryStream,
}

/// Checks the envelope of a `deliver` message and serves it. Its idempotency key is the use id: it is not kept in the inbox.
///
/// # Errors
/// Those of [`Node::receive`] and [`serve`].
pub async fn open(node: &Node, envelope: Envelope) -> Result<Delivery, Error> {
    let incoming = node.receive(DELIVER_MSG, envelope).await?;
    serve(node, &incoming).await
}

/// Serves a `deliver` message whose sender is known.
///
/// # Errors
/// [`Error::Message`] for its form, [`Error::NotFound`] and [`Error::State`] for the contract, [`Error::Forbidden`] for another sender than
/// its user, [`Error::Source`] where the file is not the catalogued one or the offset lies behind its end, [`Error::Use`] where the terms
/// do not admit the use, [`Error::Metering`] where it is over or windows wait for their counter-signature. None of them counts the use.
pub async fn serve(node: &Node, incoming: &Incoming) -> Result<Delivery, Error> {
    let request: DeliverRequest = incoming.read()?;
    let pass = gate::Pass::of(node, &incoming.to, &request.contract_id).await?;
    pass.check_sender(&incoming.from.id)?;
    let content = Content::find(node, &incoming.to, &pass.contract).await?;
    let offset = request.offset;
    let bytes = content.stream(offset)?;
    let sending = Sending::begin(node, key(&incoming.to, &request.contract_id, &request.use_id))?;
    let admission = pass.admit(node, &request.use_id).await?;
    let whole = content.whole();
    let stream = DeliveryStream::new(sending, bytes, whole.clone(), offset, &admission).await?;
    Ok(Delivery {
        use_id: request.use_id,
        sequence: admission.sequence,
        length: whole.bytes - offset,
        whole,
        media_type: content.media_type(),
        offset,
        stream,
    })
}

/// Lets one use of a contract pass, without bytes: the same gate and the same durable count as [`serve`], for doors that bring their own
/// content. The use is to be closed with [`close_use`].
///
/// # Errors
/// Those of [`serve`] that come from contract, terms and meter.
pub async fn use_once(
    node: &Node,
    provider: &Speaker,
    contract: &ContractId,
    use_id: &UseId,
) -> Result<Admission, Error> {
    gate::Pass::of(node, provider, contract).await?.admit(node, use_id).await
}

/// Closes a use that was let through, durably, with what was delivered. A use that is closed already stays as it is.
///
/// # Errors
/// [`Error::NotFound`] where it was never let through, [`Error::Store`].
pub async fn close_use(
    node: &Node,
    provider: &Speaker,
    contract: &ContractId,
    use_id: &UseId,
    delivered: &Delivered,
) -> Result<(), Error> {
    gate::close(node, &key(provider, contract, use_id), delivered).await
}

fn key(provider: &Speaker, contract: &ContractId, use_id: &UseId) -> UseKey {
    UseKey {
        tenant: provider.id().to_string(),
        contract: contract.to_string(),
        use_id: use_id.as_str().to_owned(),
    }
}

/// The refusal of a use that was abandoned.
pub(crate) fn use_over(use_id: &str) -> Reason {
    let words = format!("use `{use_id}` is closed as incomplete: begin another use");
    Reason::new("use-abandoned", words).with("use", use_id)
}

#[cfg(test)]
mod tests;
