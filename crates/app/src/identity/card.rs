//! Cards: what a joiner is told of the node that it joins, and of the root node (docs/WIRE.md, 2).
//!
//! A card is signed by the node that it is about, with the `sign` key that the root itself certified. So a region that hands on the
//! root's card can change nothing in it: above all not the key of the root's log, from which the keys of all other logs follow.

use crypto::cert::Chain;
use crypto::{SignedObject, SigningKey, sign_object};
use domain::id::NodeId;
use ndi::weir_v1::SuiteCode;
use ndi::weir_v1::join::NodeCard;
use serde::Serialize;

use crate::config::Role;
use crate::directory::{chain_of, chain_to_wire};
use crate::member::PeerNode;
use crate::{Error, Node};

/// The type of what a card's signature covers.
const CARD_TYPE: &str = "weir.node-card/1";

/// What the signature of a card covers: all of the card but the chain, which is what verifies it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "type")]
    type_: &'static str,
    id: &'a NodeId,
    name: &'a str,
    address: &'a str,
    suite: SuiteCode,
    log_vkey: &'a str,
}

/// This node as others know it, signed with its `sign` key.
///
/// # Errors
/// [`Error::NotFound`] on a node without a public log, [`Error::Crypto`] where it cannot be signed.
pub(super) fn own(
    node: &Node,
    id: &NodeId,
    name: &str,
    sign_chain: &Chain,
    key: &SigningKey,
) -> Result<PeerNode, Error> {
    let log = node.logs().public().ok_or_else(|| Error::not_found("public log of", name))?;
    let (address, log_vkey) = (node.config().address.clone(), log.identity().to_string());
    let suite = SuiteCode::from(key.suite());
    let statement = Statement { type_: CARD_TYPE, id, name, address: &address, suite, log_vkey: &log_vkey };
    let signature = sign_object(key, CARD_TYPE, &statement)?.signature;
    Ok(PeerNode {
        id: id.clone(),
        name: name.to_owned(),
        suite: key.suite(),
        sign_chain: sign_chain.clone(),
        address,
        log_vkey,
        signature,
    })
}

/// This function node's card for joiners.
///
/// # Errors
/// As [`own`]; [`Error::NotJoined`] before it has joined.
pub(super) fn upstream(node: &Node) -> Result<NodeCard, Error> {
    let standing = node.standing()?;
    let speaker = &standing.speaker;
    let member = &speaker.membership;
    Ok(to_wire(own(node, &member.id, &member.name, &member.sign_chain, &speaker.key)?))
}

/// The root node's card for joiners: the global node's own, elsewhere the one that joining gave, handed on as it was signed.
///
/// # Errors
/// As [`upstream`].
pub(super) fn root(node: &Node) -> Result<NodeCard, Error> {
    if node.role() == Role::Global {
        return upstream(node);
    }
    Ok(to_wire(node.standing()?.speaker.membership.root_node.clone()))
}

fn to_wire(peer: PeerNode) -> NodeCard {
    NodeCard {
        id: peer.id,
        name: peer.name,
        address: peer.address,
        suite: SuiteCode::from(peer.suite),
        sign_chain: chain_to_wire(&peer.sign_chain),
        log_vkey: peer.log_vkey,
        signature: peer.signature,
    }
}

/// What a card says, once the key at the end of its chain is found to have signed all of it. Whether the chain leads to the root, and is
/// of the right node, the caller checks.
///
/// # Errors
/// [`Error::Corrupt`] where the chain is none, [`Error::Unauthenticated`] where the signature does not hold.
pub(super) fn read(card: NodeCard) -> Result<PeerNode, Error> {
    let sign_chain = chain_of(&card.sign_chain)?;
    check_signature(&card, &sign_chain).map_err(|error| {
        Error::unauthenticated(format!("the card of `{}` is not as that node signed it: {error}", card.id))
    })?;
    Ok(PeerNode {
        id: card.id,
        name: card.name,
        address: card.address,
        suite: card.suite.into(),
        sign_chain,
        log_vkey: card.log_vkey,
        signature: card.signature,
    })
}

fn check_signature(card: &NodeCard, chain: &Chain) -> Result<(), crypto::Error> {
    let NodeCard { id, name, address, suite, log_vkey, .. } = card;
    let statement = Statement { type_: CARD_TYPE, id, name, address, suite: *suite, log_vkey };
    let (body, key) = (serde_json::to_value(statement)?, chain.public_key());
    let signed = SignedObject { body, key: key.key_ref(), signature: card.signature };
    signed.check(CARD_TYPE, key).map(drop)
}
