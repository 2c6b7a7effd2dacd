//! The global node: the root of a new network, which joins nobody (docs/WIRE.md, 2).

use crypto::cert::{Authority, Chain, Subject, self_signed_ca};
use domain::id::{AreaCode, IdKind, NodeId, SubjectCode};
use ndi::weir_v1::public_log::{BodyType, NodeBody, NodeKind, PublicBody};
use ndi::weir_v1::{Status, SuiteCode};

use super::kept::{self, keep_standing};
use super::{AUTHORITY_DAYS, card, host_of, shorten, validity};
use crate::config::Role;
use crate::directory::chain_to_wire;
use crate::member::Membership;
use crate::{Error, Node, Reason};

/// Makes this node the root of a new network: its authority, its identity and its first published entry.
///
/// # Errors
/// [`Error::Input`] where the area is no region; [`Error::Forbidden`] on other nodes; nothing happens where it exists already.
pub async fn create_global(node: &Node, subject: &str, area: &str) -> Result<(), Error> {
    if node.role() != Role::Global {
        return Err(Error::Forbidden(Reason::new(
            "no-root",
            "only a global node is a root; others join with an enrolment code",
        )));
    }
    if node.standing().is_ok() {
        return Ok(());
    }
    let subject = SubjectCode::uscc(subject).map_err(|error| Error::input("subject", error))?;
    let area = AreaCode::parse(area).map_err(|error| Error::input("area", error))?;
    let id = NodeId::mint(IdKind::GlobalNode, &subject, area, || node.entropy().next_u64())
        .map_err(|error| Error::input("area", error))?;
    let membership = founded(node, id, subject, area)?;
    let body = own_node_body(node, &membership);
    keep_standing(node, &membership, Some(PublicBody::Node(body))).await?;
    kept::load(node).await
}

/// The global node's membership: certified by its own authority.
fn founded(node: &Node, id: NodeId, subject: SubjectCode, area: AreaCode) -> Result<Membership, Error> {
    let (now, config) = (node.now(), node.config());
    let name = Subject { cn: host_of(&config.address), ou: id.to_string(), o: shorten(&config.name) };
    let authority_key = node.keys().signing("authority", config.suite)?;
    let root = self_signed_ca(&authority_key, &name, validity(now, AUTHORITY_DAYS)?)?;
    let authority = Authority::root(authority_key, root.clone())?;
    let key = node.keys().signing("sign", config.suite)?;
    let sign_chain = authority.issue_leaf(&name, key.public_key(), validity(now, AUTHORITY_DAYS)?, &[])?;
    let root_node = card::own(node, &id, &config.name, &sign_chain, &key)?;
    Ok(Membership {
        id,
        subject,
        area,
        name: config.name.clone(),
        sign_chain,
        organisation_chain: None,
        authority_chain: Some(Chain::new(vec![root.clone()])?),
        trust: root.to_pem(),
        upstream: None,
        root_node,
    })
}

fn own_node_body(node: &Node, membership: &Membership) -> NodeBody {
    NodeBody {
        type_: BodyType::Node,
        at: u64::try_from(node.now().millis()).unwrap_or_default(),
        id: membership.id.clone(),
        kind: NodeKind::Global,
        subject: membership.subject.clone(),
        name: membership.name.clone(),
        area: membership.area,
        address: node.config().address.clone(),
        suite: SuiteCode::from(node.config().suite),
        sign_chain: chain_to_wire(&membership.sign_chain),
        log_vkey: node.logs().public().map(|log| log.identity().to_string()).unwrap_or_default(),
        status: Status::Certified,
    }
}
