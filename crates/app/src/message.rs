//! Messages between nodes: signing and sending, receiving and checking, and answering a repeat as before (docs/WIRE.md, 1).
//!
//! What a message means stands in the capability's own module; [`dispatch`] is the table of them.

use std::sync::Arc;

use crypto::Sha256;
use domain::Timestamp;
use domain::id::NodeId;
use ndi::digital_contract::{CREATE, NEGOTIATE, TERMINATE};
use ndi::envelope::Sender;
use ndi::return_code::Module;
use ndi::weir_v1::catalogue::{
    PRODUCT_DELIST_MSG, PRODUCT_LIST_MSG, PRODUCT_REGISTER_MSG, PRODUCT_WITHDRAW_MSG, RESOLVE_MSG,
    RESOURCE_REGISTER_MSG, SEARCH_MSG,
};
use ndi::weir_v1::join::JOIN_MSG;
use ndi::weir_v1::receipt_part::RECEIPT_PART_MSG;
use ndi::weir_v1::usage_window::USAGE_WINDOW_MSG;
use ndi::{Envelope, Headers, Reply};
use serde_json::Value;
use store::{Arrival, InboxRow};

use crate::directory::Known;
use crate::member::Speaker;
use crate::{Error, Node};

/// Where a message goes.
#[derive(Debug, Clone)]
pub struct Target {
    /// The node or connector addressed.
    pub id: NodeId,
    /// Base address of the node that hosts it.
    pub address: String,
}

/// A message that came in and was checked: the sender is known, certified and signed it.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// Who sent it.
    pub from: Arc<Known>,
    /// Whom of us it addresses.
    pub to: Arc<Speaker>,
    /// Its name.
    pub msgcode: String,
    /// Its sequence number, the sender's idempotency key.
    pub sequence: String,
    /// Its body.
    pub body: Value,
    /// SHA-256 of the canonical body.
    pub body_hash: Sha256,
}

impl Node {
    /// Signs and sends a message and gives the `data` of its answer. Tries once: repeating is the outbox's business, with the same `sequence`.
    ///
    /// # Errors
    /// [`Error::Net`] where there is no answer, [`Error::Peer`] where it is a refusal, [`Error::Message`] where it cannot be read.
    pub async fn send(
        &self,
        speaker: &Speaker,
        target: &Target,
        path: &str,
        body: &Value,
        sequence: &str,
    ) -> Result<Value, Error> {
        let (headers, bytes) = self.signed(speaker, &target.id, path, body, sequence)?;
        let url = format!("{}{path}", target.address);
        let response = self.client().post_json(&url, &headers, &bytes).await?;
        data_of(&target.id, &response.body)
    }

    /// Signs and sends a message whose answer is a stream; a refusal is read whole.
    ///
    /// # Errors
    /// As [`Node::send`].
    pub async fn send_for_stream(
        &self,
        speaker: &Speaker,
        target: &Target,
        path: &str,
        body: &Value,
        sequence: &str,
    ) -> Result<net::StreamResponse, Error> {
        let (headers, bytes) = self.signed(speaker, &target.id, path, body, sequence)?;
        let url = format!("{}{path}", target.address);
        let response = self.client().post_stream(&url, &headers, &bytes).await?;
        if response.status.is_success() {
            return Ok(response);
        }
        let refusal = response.read_all(REFUSAL_BYTES_MAX).await?;
        match data_of(&target.id, &refusal) {
            Ok(_) => Err(Error::Corrupt(format!("{} refused without a code", target.id))),
            Err(error) => Err(error),
        }
    }

    fn signed(
        &self,
        speaker: &Speaker,
        to: &NodeId,
        path: &str,
        body: &Value,
        sequence: &str,
    ) -> Result<SignedMessage, Error> {
        let msgcode = path.rsplit('/').next().unwrap_or(path);
        let from = Sender::Node(speaker.id().clone());
        // The form that is signed is as good as any other on the wire, and made already.
        let canonical = crypto::jcs::to_vec(body)?;
        let headers = Headers::unsigned(msgcode, from, Some(to.clone()), speaker.key.key_ref())
            .at(self.now().millis(), sequence)
            .sign_canonical(&speaker.key, &canonical)?;
        let pairs = headers.to_pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok((pairs, canonical))
    }

    /// The node or connector of an identifier, as a target: a node that we joined, or one that the feed told us of.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it is unknown or has no address.
    pub async fn target(&self, id: &NodeId) -> Result<Target, Error> {
        if let Some(upstream) = self.upstreams().into_iter().find(|peer| peer.id == *id) {
            return Ok(Target { id: upstream.id, address: upstream.address });
        }
        let known = self.known(id.as_str()).await?;
        let address = known.address.clone().ok_or_else(|| Error::not_found("address of", id))?;
        Ok(Target { id: id.clone(), address })
    }

    /// Checks a message in the order of docs/WIRE.md, 1: form, name, version, addressee, time, sender, signature.
    ///
    /// # Errors
    /// [`Error::Message`] for its form, [`Error::NotFound`] where the addressee is not here, [`Error::Unauthenticated`] for the sender.
    pub async fn receive(&self, msgcode: &str, envelope: Envelope) -> Result<Incoming, Error> {
        let Envelope { headers, body } = envelope;
        headers.expect(msgcode)?;
        let to = headers
            .to
            .as_ref()
            .ok_or_else(|| Error::input("weir-to", "missing: name the node or connector"))?;
        let to = self.hosted(to)?;
        headers.check_time(self.now().millis(), self.limits().clock_skew_ms)?;
        let from = self.sender(&headers).await?;
        let canonical = crypto::jcs::to_vec(&body)?;
        headers.verify_canonical(&from.key, &canonical)?;
        crate::outbox::heard(self, from.address.as_deref());
        let body_hash = Sha256::of(&canonical);
        let (msgcode, sequence) = (headers.msgcode, headers.sequence_num);
        Ok(Incoming { from, to, msgcode, sequence, body, body_hash })
    }

    async fn sender(&self, headers: &Headers) -> Result<Arc<Known>, Error> {
        let refused = |reason: String| Error::unauthenticated(reason);
        let Sender::Node(id) = &headers.from else {
            return Err(refused(
                "`weir-from` is a subject: only `join` is sent before there is an identifier".to_owned(),
            ));
        };
        let known = match self.known(id.as_str()).await {
            Err(Error::NotFound { .. }) => {
                return Err(refused(format!(
                    "nobody here knows the sender `{id}`: it must have joined a region"
                )));
            }
            other => other?,
        };
        if !known.may_act(self.now()) {
            return Err(refused(format!(
                "the certificate of `{id}` is not valid now or its status is `{}`",
                known.status
            )));
        }
        Ok(known)
    }
}

/// Headers and body as they are sent.
type SignedMessage = (Vec<(String, String)>, Vec<u8>);

/// How many old answers are forgotten in one transaction.
const FORGET_BATCH: u32 = 1000;

/// The largest refusal that is read where a stream was expected, in bytes.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

fn data_of(peer: &NodeId, answer: &[u8]) -> Result<Value, Error> {
    let reply = Reply::parse(answer)?;
    if reply.code.is_success() {
        return Ok(reply.data);
    }
    let (peer, code) = (peer.to_string(), reply.code.to_string());
    Err(Error::Peer { peer, code, message: reply.message, data: reply.data })
}

impl Incoming {
    /// Keeps the answer for repeats, in the transaction that makes it true.
    ///
    /// # Errors
    /// [`Error::Store`]; a conflict where the same message was handled in the meantime.
    pub async fn record(&self, tx: &mut store::Tx, now: Timestamp, data: &Value) -> Result<(), Error> {
        self.keep(tx, now, &done(data.clone())).await
    }

    /// What makes a message the same: its name, whom it addresses, and its body. A number goes with one of them.
    fn digest(&self) -> Sha256 {
        let text = format!("{}\n{}\n{}", self.msgcode, self.to.id(), self.body_hash);
        Sha256::of(text.as_bytes())
    }

    async fn keep(&self, tx: &mut store::Tx, now: Timestamp, reply: &Reply) -> Result<(), Error> {
        let row = InboxRow {
            sender: self.from.id.clone(),
            sequence: self.sequence.clone(),
            body_hash: self.digest().to_string(),
            answer: Some(reply.to_body().to_string()),
            received_at: now.micros(),
        };
        match tx.receive(&row).await? {
            Arrival::New => Ok(()),
            Arrival::Known => Err(Error::Repeated),
        }
    }

    /// The body as a message of its interface, every field checked.
    ///
    /// # Errors
    /// [`Error::Message`] naming the field's path.
    pub fn read<M: ndi::Message>(&self) -> Result<M, Error> {
        Ok(M::read(&self.body)?)
    }
}

fn done(data: Value) -> Reply {
    Reply { data, ..Reply::done(Module::Common) }
}

/// Handles one message: its form, its sender, a repeat, its meaning. Answers always; an error becomes a refusal with its code.
pub async fn dispatch<'h>(
    node: &Node,
    msgcode: &str,
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    body: &[u8],
) -> Reply {
    let envelope = match Envelope::parse(headers, body) {
        Ok(envelope) => envelope,
        Err(error) => return Reply::refuse_error(Module::Common, &error),
    };
    let answer = match msgcode {
        JOIN_MSG => crate::identity::serve_join(node, envelope).await.map(done),
        _ => answer(node, msgcode, envelope).await,
    };
    answer.unwrap_or_else(|error| {
        match crate::refusal::is_own_fault(&error) && !error.is_passing() {
            true => tracing::error!(message.code = msgcode, %error, "a message could not be handled"),
            false => tracing::info!(message.code = msgcode, %error, "message refused"),
        }
        crate::refusal::reply(&error)
    })
}

async fn answer(node: &Node, msgcode: &str, envelope: Envelope) -> Result<Reply, Error> {
    let incoming = node.receive(msgcode, envelope).await?;
    if !records(&incoming.msgcode)
        && let Some(before) = answered(node, &incoming).await?
    {
        return Ok(before);
    }
    match handle(node, &incoming).await {
        Ok(data) => Ok(done(data)),
        Err(Error::Repeated) => answered(node, &incoming).await?.ok_or(Error::Repeated),
        // A repeat may be refused for what the message itself brought about: its first answer stands.
        Err(error) if !is_final(&error) => answered(node, &incoming).await?.ok_or(error),
        Err(error) => Ok(refused(node, incoming, &error).await?),
    }
}

/// Whether a refusal says something of the message, and so is the answer to its repeats. What passes, and what is our own fault, is not:
/// the next try may find it mended.
fn is_final(error: &Error) -> bool {
    !error.is_passing() && !crate::refusal::is_own_fault(error) && !matches!(error, Error::NotJoined(_))
}

/// Whether every success of a message's handler is recorded by it ([`Incoming::record`]). Then a repeat cannot succeed a second time, and
/// the inbox is asked only where something went wrong: most messages come once.
fn records(msgcode: &str) -> bool {
    !matches!(msgcode, SEARCH_MSG | RESOLVE_MSG | RECEIPT_PART_MSG)
}

/// The table of messages. `deliver` and `feed` answer with streams and have doors of their own.
async fn handle(node: &Node, incoming: &Incoming) -> Result<Value, Error> {
    match incoming.msgcode.as_str() {
        RESOURCE_REGISTER_MSG => crate::catalogue::register::handle_resource(node, incoming).await,
        PRODUCT_REGISTER_MSG => crate::catalogue::register::handle_product(node, incoming).await,
        PRODUCT_WITHDRAW_MSG => crate::catalogue::register::handle_withdraw(node, incoming).await,
        PRODUCT_LIST_MSG => crate::catalogue::shelf::handle_list(node, incoming).await,
        PRODUCT_DELIST_MSG => crate::catalogue::shelf::handle_delist(node, incoming).await,
        SEARCH_MSG => crate::catalogue::search::handle_search(node, incoming).await,
        RESOLVE_MSG => crate::catalogue::search::handle_resolve(node, incoming).await,
        CREATE => crate::contract::handle_create(node, incoming).await,
        NEGOTIATE => crate::contract::handle_negotiate(node, incoming).await,
        TERMINATE => crate::contract::handle_terminate(node, incoming).await,
        USAGE_WINDOW_MSG => crate::metering::handle_window(node, incoming).await,
        RECEIPT_PART_MSG => crate::receipt::handle_part(node, incoming).await,
        other => Err(Error::not_found("message", other)),
    }
}

/// The answer that this very message got before.
async fn answered(node: &Node, incoming: &Incoming) -> Result<Option<Reply>, Error> {
    let (sender, sequence) = (incoming.from.id.clone(), incoming.sequence.clone());
    let row = node
        .store()
        .peek("message_answered", move |read| {
            let (sender, sequence) = (sender.clone(), sequence.clone());
            Box::pin(async move { Ok::<_, Error>(read.get_received(&sender, &sequence).await?) })
        })
        .await?;
    let Some(row) = row else { return Ok(None) };
    if row.body_hash != incoming.digest().to_string() {
        return Err(Error::SequenceReused(incoming.sequence.clone()));
    }
    row.answer.map(|answer| Ok(Reply::parse(answer.as_bytes())?)).transpose()
}

/// Keeps a refusal for repeats. Where the same message was answered in the meantime, that answer stands.
async fn refused(node: &Node, incoming: Incoming, error: &Error) -> Result<Reply, Error> {
    tracing::info!(message.code = incoming.msgcode, message.from = incoming.from.id, %error, "message refused");
    let reply = crate::refusal::reply(error);
    let (kept, now, incoming) = (reply.clone(), node.now(), Arc::new(incoming));
    let message = incoming.clone();
    let stored = node
        .store()
        .run_tx("inbox_refused", move |tx| {
            let (message, kept) = (message.clone(), kept.clone());
            Box::pin(async move { message.keep(tx, now, &kept).await })
        })
        .await;
    match stored {
        Ok(()) => Ok(reply),
        Err(_) => Ok(answered(node, &incoming).await?.unwrap_or(reply)),
    }
}

/// Job: forgets answers older than the inbox keeps them, once an hour.
pub async fn forget_old_answers(node: Node) {
    loop {
        let before = node.now().micros().saturating_sub(node.limits().inbox_ms.saturating_mul(1000));
        let forgotten = node
            .store()
            .run_tx("inbox_forget", move |tx| {
                Box::pin(async move { Ok::<_, Error>(tx.purge_inbox(before, FORGET_BATCH).await?) })
            })
            .await;
        match forgotten {
            Ok(rows) if rows >= u64::from(FORGET_BATCH) => continue,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "old answers could not be forgotten; trying again in an hour")
            }
        }
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    }
}

#[cfg(test)]
mod tests;
