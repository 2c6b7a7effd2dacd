//! Joining a region, industry or the global node: `POST /weir/v1/join`, docs/WIRE.md, 2.
//!
//! Signed with the key of `signCsr`; `weir-from` is the subject code, `weir-to` is empty.

use crypto::Signature;
use domain::id::{AreaCode, NodeId, SubjectCode};

use super::SuiteCode;
use super::enrolment::{Secret, SecretText};
use crate::read::{List, Text, nested, one_of, parsed};
use crate::{Error, Path, limits};

/// `msgcode`.
pub const JOIN_MSG: &str = "join";

codes! {
    /// What joins.
    pub enum JoinKind {
        /// A region function node, at the global node.
        Region = "region",
        /// An industry function node, at the global node.
        Industry = "industry",
        /// A service node, at a region or industry.
        Service = "service",
        /// A connector, at a region or industry.
        Connector = "connector",
    }
}

message! {
    /// Asks for an identifier and certificates.
    pub struct JoinRequest {
        /// The enrolment code's secret.
        required secret: Secret = "secret" => SecretText;
        /// What joins.
        required kind: JoinKind = "kind" => one_of::<JoinKind>(16);
        /// Its name.
        required name: String = "name" => Text(limits::NAME_CHARS);
        /// Its address, `http://` or `https://`.
        required address: String = "address" => Text(limits::ADDRESS_CHARS);
        /// PEM request for the `sign` key.
        required sign_csr: String = "signCsr" => Text(limits::CSR_CHARS);
        /// PEM request for the organisation's key; connectors send it.
        optional organisation_csr: String = "organisationCsr" => Text(limits::CSR_CHARS);
        /// PEM request for the certificate authority's key; regions and industries send it.
        optional authority_csr: String = "authorityCsr" => Text(limits::CSR_CHARS);
        /// Verifier key of the public log; all but connectors send it.
        optional log_vkey: String = "logVkey" => Text(limits::VKEY_CHARS);
    }
    check parts_fit_kind;
}

message! {
    /// Identifier, certificates and whom to follow.
    pub struct JoinReply {
        /// Identifier of the joiner.
        required id: NodeId = "id" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Its subject.
        required subject: SubjectCode = "subject" => parsed::<SubjectCode>(limits::SUBJECT_CHARS);
        /// Area of the identifier.
        required area: AreaCode = "area" => parsed::<AreaCode>(4);
        /// Chain of the `sign` key: base64 DER, leaf first, without the root.
        required sign_chain: Vec<String> = "signChain" => CHAIN;
        /// Chain of the organisation's key, for connectors.
        optional organisation_chain: Vec<String> = "organisationChain" => CHAIN;
        /// Chain of the certificate authority, for regions and industries.
        optional authority_chain: Vec<String> = "authorityChain" => CHAIN;
        /// PEM of the root, whose digest stands in the enrolment code.
        required trust: String = "trust" => Text(limits::CERTIFICATE_CHARS);
        /// The node that certified the joiner.
        required upstream: NodeCard = "upstream" => nested::<NodeCard>();
        /// The global node.
        required root_node: NodeCard = "rootNode" => nested::<NodeCard>();
    }
}

message! {
    /// What a joiner needs to know of a node before it can read its public log.
    pub struct NodeCard {
        /// Identifier.
        required id: NodeId = "id" => parsed::<NodeId>(limits::NODE_ID_CHARS);
        /// Name.
        required name: String = "name" => Text(limits::NAME_CHARS);
        /// Address.
        required address: String = "address" => Text(limits::ADDRESS_CHARS);
        /// Suite of its `sign` key.
        required suite: SuiteCode = "suite" => one_of::<SuiteCode>(4);
        /// Chain of its `sign` key: base64 DER, leaf first, without the root.
        required sign_chain: Vec<String> = "signChain" => CHAIN;
        /// Verifier key of its public log.
        required log_vkey: String = "logVkey" => Text(limits::VKEY_CHARS);
        /// The node's own signature of the card: of all the fields above but the chain.
        required signature: Signature = "signature" => parsed::<Signature>(limits::SIGNATURE_CHARS);
    }
}

/// A chain of certificates as base64 DER.
pub(super) const CHAIN: List<Text> = List(Text(limits::CERTIFICATE_CHARS), limits::CHAIN_CERTIFICATES);

/// Which parts go with which kind (docs/WIRE.md, 2). What a kind does not send is refused, so that nobody believes it certified.
fn parts_fit_kind(request: &JoinRequest, at: &Path<'_>) -> Result<(), Error> {
    let connector = request.kind == JoinKind::Connector;
    let authority = matches!(request.kind, JoinKind::Region | JoinKind::Industry);
    let parts = [
        ("organisationCsr", request.organisation_csr.is_some(), connector),
        ("authorityCsr", request.authority_csr.is_some(), authority),
        ("logVkey", request.log_vkey.is_some(), !connector),
    ];
    for (name, sent, wanted) in parts {
        let field = at.key(name).to_string();
        match (sent, wanted) {
            (false, true) => return Err(Error::Empty { field }),
            (true, false) => {
                let reason = format!("a {} does not send it", request.kind);
                return Err(Error::Refused { field, reason, cause: None });
            }
            _ => {}
        }
    }
    Ok(())
}
