//! The joiner's side of `join` (docs/WIRE.md, 2): keys, requests, and believing nothing that does not lead to the root in the code.
//!
//! The keys are found again by name when joining is repeated, so that a lost answer is asked for again by the same key.

use crypto::cert::{Chain, Csr, Roots, Subject};
use crypto::{Sha256, SigningKey};
use domain::id::IdKind;
use ndi::envelope::Sender;
use ndi::weir_v1::enrolment::EnrolmentCode;
use ndi::weir_v1::join::{JoinKind, JoinReply, JoinRequest, NodeCard};
use ndi::{Code as _, Envelope, Headers, Message as _, Reply};
use serde::Deserialize;

use super::kept::{self, keep_standing, keep_tenant};
use super::{ConnectorView, card, host_of, root_of, shorten, view};
use crate::config::Role;
use crate::directory::chain_of;
use crate::member::{Membership, PeerNode};
use crate::{Error, Node, Reason};

/// An order to join.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinOrder {
    /// The enrolment code.
    pub code: String,
    /// The name that others will see; the registered name where it is absent.
    pub name: Option<String>,
}

/// Joins a function node with an enrolment code: a connector on a host, the node itself elsewhere. A node that joined answers what it is.
///
/// # Errors
/// [`Error::Input`] where the code is none, or another's than the node's, [`Error::Enrolment`],
/// [`Error::Peer`] and [`Error::Net`] from the other side, [`Error::Unauthenticated`] where its certificates do not lead to the root
/// that the code names.
pub async fn join(node: &Node, order: JoinOrder) -> Result<ConnectorView, Error> {
    let code: EnrolmentCode = order.code.parse().map_err(no_code)?;
    if let Some(joined) = joined_before(node, &code)? {
        return Ok(joined);
    }
    let keys = JoinKeys::make(node, &code)?;
    let request = keys.request(node, &code, order.name.as_deref())?;
    let envelope = keys.envelope(node, &code, &request)?;
    let reply = ask_to_join(node, &code, envelope).await?;
    conclude(node, &code, &keys, reply, request.name).await
}

/// Checks the answer, keeps what it says, and becomes it.
pub(crate) async fn conclude(
    node: &Node,
    code: &EnrolmentCode,
    keys: &JoinKeys,
    reply: JoinReply,
    name: String,
) -> Result<ConnectorView, Error> {
    let membership = accept(node, code, keys, reply, name)?;
    match &keys.organisation {
        Some((name, _)) => keep_tenant(node, &membership, &keys.sign_name, name).await?,
        None => keep_standing(node, &membership, None).await?,
    }
    kept::load(node).await?;
    let speaker = node.hosted(&membership.id)?;
    Ok(view(&speaker))
}

/// What the node is already, unless it is a host, which takes in more.
fn joined_before(node: &Node, code: &EnrolmentCode) -> Result<Option<ConnectorView>, Error> {
    let standing = node.standing().ok().filter(|_| node.role() != Role::Host);
    let Some(standing) = standing else { return Ok(None) };
    let own = &standing.speaker.membership;
    if own.subject == code.subject && root_of(node.roots()?.as_ref())? == code.root {
        return Ok(Some(view(&standing.speaker)));
    }
    let words = format!("it is for `{}`, and this node joined for `{}` already", code.subject, own.subject);
    let reason = Reason::new("code-of-another", words)
        .with("subject", code.subject.as_str())
        .with("own", own.subject.as_str());
    Err(Error::input("code", reason))
}

/// Whether a text is an enrolment code, as far as its form says it.
///
/// # Errors
/// [`Error::Input`] where it is none.
pub fn check_code(text: &str) -> Result<(), Error> {
    text.parse::<EnrolmentCode>().map(drop).map_err(no_code)
}

/// The refusal of what is no enrolment code.
fn no_code(error: ndi::Error) -> Error {
    Error::input("code", Reason::new("no-enrolment-code", error.to_string()))
}

/// The keys that a joiner makes or made.
pub(crate) struct JoinKeys {
    sign_name: String,
    sign: SigningKey,
    organisation: Option<(String, SigningKey)>,
    authority: Option<SigningKey>,
}

impl JoinKeys {
    pub(crate) fn make(node: &Node, code: &EnrolmentCode) -> Result<JoinKeys, Error> {
        let (keys, suite) = (node.keys(), node.config().suite);
        if node.role() != Role::Host {
            let authority =
                node.role().is_function_node().then(|| keys.signing("authority", suite)).transpose()?;
            let sign = keys.signing("sign", suite)?;
            return Ok(JoinKeys { sign_name: "sign".to_owned(), sign, organisation: None, authority });
        }
        let digest = Sha256::of(code.secret.expose().as_bytes()).to_string();
        let sign_name = format!("connector-{}", digest.get(..16).unwrap_or(&digest));
        let organisation_name = format!("organisation-{}", code.subject);
        let organisation = keys.signing(&organisation_name, suite)?;
        let sign = keys.signing(&sign_name, suite)?;
        Ok(JoinKeys {
            sign_name,
            sign,
            organisation: Some((organisation_name, organisation)),
            authority: None,
        })
    }

    pub(crate) fn request(
        &self,
        node: &Node,
        code: &EnrolmentCode,
        name: Option<&str>,
    ) -> Result<JoinRequest, Error> {
        let config = node.config();
        let name = name.unwrap_or(&config.name).to_owned();
        let subject =
            Subject { cn: host_of(&config.address), ou: code.subject.to_string(), o: shorten(&name) };
        let csr = |key: &SigningKey| Csr::new(key, &subject, &[]).map(|csr| csr.to_pem());
        Ok(JoinRequest {
            secret: code.secret.clone(),
            kind: join_kind(node.role())?,
            name,
            address: config.address.clone(),
            sign_csr: csr(&self.sign)?,
            organisation_csr: self.organisation.as_ref().map(|(_, key)| csr(key)).transpose()?,
            authority_csr: self.authority.as_ref().map(csr).transpose()?,
            log_vkey: node.logs().public().map(|log| log.identity().to_string()),
        })
    }

    /// The request, signed with the key that is to be certified.
    pub(crate) fn envelope(
        &self,
        node: &Node,
        code: &EnrolmentCode,
        request: &JoinRequest,
    ) -> Result<Envelope, Error> {
        let (body, from) = (request.to_body()?, Sender::Subject(code.subject.clone()));
        let headers = Headers::unsigned("join", from, None, self.sign.key_ref())
            .at(node.now().millis(), &node.entropy().hex128())
            .sign(&self.sign, &body)?;
        Ok(Envelope { headers, body })
    }
}

fn join_kind(role: Role) -> Result<JoinKind, Error> {
    let kind = JoinKind::from_code(role.as_str());
    kind.ok_or_else(|| Error::Forbidden(Reason::new("root-joins-nobody", "a global node joins nobody")))
}

async fn ask_to_join(node: &Node, code: &EnrolmentCode, envelope: Envelope) -> Result<JoinReply, Error> {
    let Envelope { headers, body } = envelope;
    let pairs: Vec<(String, String)> =
        headers.to_pairs().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let url = format!("{}/weir/v1/join", code.url.trim_end_matches('/'));
    let response = node.client().post_json(&url, &pairs, body.to_string().as_bytes()).await?;
    let reply = Reply::parse(&response.body)?;
    if !reply.code.is_success() {
        return Err(Error::Peer {
            peer: code.url.clone(),
            code: reply.code.to_string(),
            message: reply.message,
            data: reply.data,
        });
    }
    Ok(reply.response()?)
}

/// Checks that what came back leads to the root that the code names and is about our keys.
pub(super) fn accept(
    node: &Node,
    code: &EnrolmentCode,
    keys: &JoinKeys,
    reply: JoinReply,
    name: String,
) -> Result<Membership, Error> {
    let roots = pinned(node, code, &reply.trust)?;
    check_identity(node, code, &reply)?;
    let check = Check { roots: &roots, seconds: node.now().secs() };
    let (id, subject) = (reply.id.as_str(), reply.subject.as_str());
    let sign_chain = check.certified(&reply.sign_chain, &keys.sign, id)?;
    sign_chain.check_issuer(is_certified_by_root(reply.id.kind()), &reply.area.to_string())?;
    let organisation = keys.organisation.as_ref().map(|(_, key)| key);
    let organisation_chain = check.paired(organisation, reply.organisation_chain.as_deref(), subject)?;
    let authority_chain = check.paired(keys.authority.as_ref(), reply.authority_chain.as_deref(), id)?;
    let (upstream, root_node) = (check.function_node(reply.upstream)?, check.function_node(reply.root_node)?);
    if root_node.id.kind() != IdKind::GlobalNode {
        return Err(Error::unauthenticated(format!("its root node `{}` is no global node", root_node.id)));
    }
    Ok(Membership {
        id: reply.id,
        subject: reply.subject,
        area: reply.area,
        name,
        sign_chain,
        organisation_chain,
        authority_chain,
        trust: reply.trust,
        upstream: Some(upstream),
        root_node,
    })
}

/// The root that came is the one that the code names, and the one that this node trusts where it trusts one.
fn pinned(node: &Node, code: &EnrolmentCode, trust: &str) -> Result<Roots, Error> {
    let roots = Roots::from_pem(trust)?;
    if root_of(&roots)? != code.root || roots.certificates().len() != 1 {
        return Err(Error::unauthenticated(
            "its root is not the one that the enrolment code names: ask the operator for a new code",
        ));
    }
    match node.roots() {
        Ok(pinned) if root_of(&pinned)? != code.root => Err(Error::unauthenticated(
            "this node trusts another root already: use a node of its own for another network",
        )),
        _ => Ok(roots),
    }
}

/// The identifier is of the kind, the subject and the area that it should be.
fn check_identity(node: &Node, code: &EnrolmentCode, reply: &JoinReply) -> Result<(), Error> {
    let kind = join_kind(node.role())?;
    let id = &reply.id;
    let ours = id.subject() == code.subject && reply.subject == code.subject;
    if ours && id.kind() == super::admit::id_kind(kind) && id.area() == reply.area {
        return Ok(());
    }
    Err(Error::unauthenticated(format!(
        "it gave the identifier `{}`, which is not one of a {} of `{}`",
        reply.id,
        kind.code(),
        code.subject
    )))
}

fn is_certified_by_root(kind: IdKind) -> bool {
    matches!(kind, IdKind::GlobalNode | IdKind::RegionNode | IdKind::IndustryNode)
}

/// Chains held against the pinned root.
struct Check<'a> {
    roots: &'a Roots,
    seconds: i64,
}

impl Check<'_> {
    /// A chain that certifies this key for this identifier.
    fn certified(&self, wire: &[String], key: &SigningKey, ou: &str) -> Result<Chain, Error> {
        let chain = chain_of(wire)?;
        let verified = self.roots.verify(&chain, self.seconds)?;
        if chain.public_key() != key.public_key() || verified.id() != Some(ou) {
            return Err(Error::unauthenticated("it certified another key or identifier than was asked for"));
        }
        Ok(chain)
    }

    /// The chain of a key that not every joiner has: there where the key is, and only there.
    fn paired(
        &self,
        key: Option<&SigningKey>,
        wire: Option<&[String]>,
        ou: &str,
    ) -> Result<Option<Chain>, Error> {
        match (key, wire) {
            (Some(key), Some(wire)) => Ok(Some(self.certified(wire, key, ou)?)),
            (None, None) => Ok(None),
            _ => Err(Error::unauthenticated("it certified other keys than were asked for")),
        }
    }

    /// A function node's card: it signed all of it, with a key that the root itself certified under its identifier.
    fn function_node(&self, card: NodeCard) -> Result<PeerNode, Error> {
        let peer = card::read(card)?;
        let verified = self.roots.verify(&peer.sign_chain, self.seconds)?;
        if verified.id() != Some(peer.id.as_str()) || !is_certified_by_root(peer.id.kind()) {
            return Err(Error::unauthenticated(format!("the certificate of `{}` is not its own", peer.id)));
        }
        peer.sign_chain.check_issuer(true, &peer.id.area().to_string())?;
        Ok(peer)
    }
}
