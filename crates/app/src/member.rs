//! Who a node or tenant is once it has joined, and who speaks for it.

use crypto::cert::{Authority, Chain};
use crypto::{Signature, SigningKey, Suite};
use domain::id::{AreaCode, NodeId, SubjectCode};
use serde::{Deserialize, Serialize};

/// A node that we know through joining: where it is and how to check what it signs (docs/WIRE.md, 2).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerNode {
    /// Its identifier.
    pub id: NodeId,
    /// Its name.
    pub name: String,
    /// Its base address.
    pub address: String,
    /// Suite of its `sign` key.
    pub suite: Suite,
    /// Certificate chain of its `sign` key.
    pub sign_chain: Chain,
    /// Verifier key of its public log.
    pub log_vkey: String,
    /// Its own signature of all this but the chain, with which others are told of it.
    pub signature: Signature,
}

/// What joining gave: identifier, certificates and trust. Stored, so it has no secret in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// The identifier that the function node minted.
    pub id: NodeId,
    /// The organisation that the node or connector belongs to.
    pub subject: SubjectCode,
    /// Region or industry.
    pub area: AreaCode,
    /// The name that others see.
    pub name: String,
    /// Chain of the `sign` key.
    pub sign_chain: Chain,
    /// Chain of the organisation's key; connectors have one.
    pub organisation_chain: Option<Chain>,
    /// Chain of the certificate authority's key; region and industry nodes have one. The global node's authority is the root itself.
    pub authority_chain: Option<Chain>,
    /// The pinned root, PEM.
    pub trust: String,
    /// The function node that was joined; the global node has none.
    pub upstream: Option<PeerNode>,
    /// The global node.
    pub root_node: PeerNode,
}

/// An organisation's key with its certificates: it signs contracts.
#[derive(Debug, Clone)]
pub struct OrganisationKey {
    /// The key.
    pub key: SigningKey,
    /// Its certificate chain.
    pub chain: Chain,
}

/// Who signs a message: the node itself, or one of the connectors that it hosts.
#[derive(Debug, Clone)]
pub struct Speaker {
    /// Identity and certificates.
    pub membership: Membership,
    /// The `sign` key.
    pub key: SigningKey,
    /// The organisation's key; connectors have one.
    pub organisation: Option<OrganisationKey>,
}

impl Speaker {
    /// Its identifier.
    pub fn id(&self) -> &NodeId {
        &self.membership.id
    }

    /// Its organisation.
    pub fn subject(&self) -> &SubjectCode {
        &self.membership.subject
    }
}

/// The node's own standing: its speaker and, on function nodes, its certificate authority.
#[derive(Debug)]
pub struct Standing {
    /// Who signs for the node.
    pub speaker: std::sync::Arc<Speaker>,
    /// The certificate authority of a function node.
    pub authority: Option<Authority>,
}
