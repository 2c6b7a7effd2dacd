//! Unified identity (统一身份登记): subjects are registered by a function node's operator, join with an enrolment code, and are certified.
//!
//! Both sides of `join` stand here (docs/WIRE.md, 2). Keys are made where they are used and never travel; a crash at any point is
//! mended by joining again with the same code, which gives the same answer to the same key.

use std::sync::Arc;

use crypto::cert::{Authority, Chain, Csr, Roots, Subject, Validity, self_signed_ca};
use crypto::{PublicKey, Sha256, SigningKey};
use domain::codes::EnterpriseType;
use domain::id::{AreaCode, IdKind, NodeId, SubjectCode};
use domain::subject::{Organisation, OrganisationInput};
use domain::{Evidence, EvidenceKind, Timestamp};
use ndi::envelope::Sender;
use ndi::weir_v1::enrolment::EnrolmentCode;
use ndi::weir_v1::join::{JoinKind, JoinReply, JoinRequest, NodeCard};
use ndi::weir_v1::public_log::{BodyType, ConnectorBody, NodeBody, NodeKind, OrganisationBody, PublicBody};
use ndi::weir_v1::{Status, SuiteCode};
use ndi::{Code as _, Envelope, Headers, Message as _, Reply};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Body, EnrolmentRow, OrganisationRow, Page, TenantRow};

use crate::config::Role;
use crate::directory::{chain_of, chain_to_wire};
use crate::log::Entries;
use crate::member::{Membership, OrganisationKey, PeerNode, Speaker, Standing};
use crate::{Error, Node};

/// How long a root and a function node's authority are valid, in days.
const AUTHORITY_DAYS: u32 = 3650;
/// How long other certificates are valid, in days.
const LEAF_DAYS: u32 = 730;
/// How many rows one page of a load takes.
const LOAD_PAGE: u32 = 500;
/// Where a node's own membership stands in its store.
const MEMBERSHIP: &str = "membership";

/// A subject to be registered.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOrganisation {
    /// Unified social credit code; its own check digit is checked.
    pub subject: String,
    /// Registered name.
    pub name: String,
    /// What it will run: `connector` or `service` at a region or industry, `region` or `industry` at the global node.
    pub runs: String,
    /// Code of the region or industry that a function node serves; elsewhere it is the registering node's own.
    pub area: Option<String>,
}

/// What the operator hands to the subject.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentView {
    /// The one-time code; whoever has it can join in the subject's name.
    pub code: String,
    /// Subject code.
    pub subject: String,
    /// Registered name.
    pub name: String,
    /// What it will run.
    pub runs: String,
    /// Area of the identifier that it will get.
    pub area: String,
    /// When the code ends, RFC 3339.
    pub expires_at: String,
}

/// A registered subject.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationView {
    /// Subject code.
    pub subject: String,
    /// Registered name.
    pub name: String,
    /// Area where it is registered.
    pub area: String,
    /// `registered`, `certified` or `deregistered`.
    pub state: String,
}

/// A connector or node that joined here.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorView {
    /// Identifier.
    pub connector: String,
    /// Its organisation.
    pub subject: String,
    /// Its name.
    pub name: String,
    /// Area of the identifier.
    pub area: String,
    /// Suite of its `sign` key.
    pub suite: String,
    /// End of its certificate, RFC 3339.
    pub certified_until: String,
    /// The function node that certified it.
    pub upstream: Option<String>,
}

/// An order to join.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JoinOrder {
    /// The enrolment code.
    pub code: String,
    /// The name that others will see; the registered name where it is absent.
    pub name: Option<String>,
}

/// Registers a subject at this function node and makes its enrolment code. Registering it again makes a new code.
///
/// # Errors
/// [`Error::Input`] for a code, name, role or area that cannot be; [`Error::Forbidden`] where this node does not register such.
pub async fn register_organisation(node: &Node, new: NewOrganisation) -> Result<EnrolmentView, Error> {
    let subject =
        SubjectCode::uscc(&new.subject).map_err(|error| Error::input("subject", error.to_string()))?;
    let (kind, area) = admitted_here(node, &new)?;
    let now = node.now();
    let secret = node.entropy().hex128();
    let code = enrolment_code(node, &subject, &secret)?;
    let sort = EnterpriseType::from_code("1").map_err(|error| Error::Corrupt(error.to_string()))?;
    let step = Organisation::register(subject.clone(), new.name.clone(), area, Some(kind), sort, now)?;
    let expires_at =
        Timestamp::from_micros(now.micros().saturating_add(node.limits().enrolment_ms.saturating_mul(1000)));
    let enrolment = EnrolmentRow {
        code_hash: Sha256::of(secret.as_bytes()).to_string(),
        kind: new.runs.clone(),
        subject: subject.to_string(),
        state: EnrolmentRow::OPEN.to_owned(),
        created_at: now.micros(),
        expires_at: expires_at.micros(),
        used_at: None,
        used_by: None,
        body: Body::versioned(1, &json!({"area": area, "name": new.name}))?,
    };
    let entries = Entries::new().record(node, "", &step.evidence, now);
    let row = organisation_row(&step.next, now)?;
    node.store()
        .run_tx("organisation_register", move |tx| {
            let (row, enrolment, entries) = (row.clone(), enrolment.clone(), entries.clone());
            Box::pin(async move {
                if tx.get_organisation(&row.code).await?.is_none() {
                    tx.put_organisation(&row).await?;
                }
                tx.insert_enrolment(&enrolment).await?;
                entries.write(tx).await
            })
        })
        .await?;
    Ok(EnrolmentView {
        code,
        subject: subject.to_string(),
        name: new.name,
        runs: new.runs,
        area: area.to_string(),
        expires_at: expires_at.to_string(),
    })
}

/// Which kind of identifier the subject will get, and of which area.
fn admitted_here(node: &Node, new: &NewOrganisation) -> Result<(IdKind, AreaCode), Error> {
    let own_area = node.standing()?.speaker.membership.area;
    let runs = Role::parse(&new.runs).ok_or_else(|| {
        Error::input(
            "runs",
            format!("`{}`: expected `connector`, `service`, `region` or `industry`", new.runs),
        )
    })?;
    match (node.role(), runs) {
        (Role::Global, Role::Region | Role::Industry) => {
            let text = new
                .area
                .as_deref()
                .ok_or_else(|| Error::input("area", "missing: name the region or industry code"))?;
            let area = AreaCode::parse(text).map_err(|error| Error::input("area", error.to_string()))?;
            let kind = if runs == Role::Region { IdKind::RegionNode } else { IdKind::IndustryNode };
            Ok((kind, area))
        }
        (Role::Region | Role::Industry, Role::Service) => Ok((IdKind::ServiceNode, own_area)),
        (Role::Region | Role::Industry, Role::Host) => Ok((IdKind::Connector, own_area)),
        (role, runs) => Err(Error::Forbidden(format!(
            "a {} node does not register what runs a {}: the global node registers regions and industries, these register service nodes and connectors",
            role.as_str(),
            runs.as_str()
        ))),
    }
}

fn enrolment_code(node: &Node, subject: &SubjectCode, secret: &str) -> Result<String, Error> {
    let roots = node.roots()?;
    let root = root_certificate(&roots)?;
    let code = EnrolmentCode {
        url: node.config().address.clone(),
        subject: subject.clone(),
        root,
        secret: secret.parse()?,
    };
    Ok(code.to_string())
}

fn root_certificate(roots: &Roots) -> Result<Sha256, Error> {
    let first = roots.certificates().first();
    first
        .map(crypto::cert::Certificate::fingerprint)
        .ok_or_else(|| Error::Corrupt("the trust file is empty".to_owned()))
}

fn organisation_row(organisation: &Organisation, now: Timestamp) -> Result<OrganisationRow, Error> {
    let state = match organisation.state {
        domain::subject::OrganisationState::Registered => "registered",
        domain::subject::OrganisationState::Certified { .. } => "certified",
        domain::subject::OrganisationState::Deregistered { .. } => "deregistered",
    };
    Ok(OrganisationRow {
        code: organisation.code.to_string(),
        name: organisation.name.clone(),
        area: organisation.area.to_string(),
        state: state.to_owned(),
        updated_at: now.micros(),
        body: Body::versioned(1, organisation)?,
    })
}

/// The subjects that this node registered, by code.
///
/// # Errors
/// [`Error::Store`].
pub async fn organisations(node: &Node) -> Result<Vec<OrganisationView>, Error> {
    let rows = node
        .store()
        .read("organisations", |read| {
            Box::pin(async move {
                let mut all: Vec<OrganisationRow> = Vec::new();
                loop {
                    let after = all.last().map(|row| row.code.clone()).unwrap_or_default();
                    let page = read.list_organisations(&Page::after(after, LOAD_PAGE)).await?;
                    let more = page.len() as u64 == u64::from(LOAD_PAGE);
                    all.extend(page);
                    if !more {
                        return Ok::<_, Error>(all);
                    }
                }
            })
        })
        .await?;
    let view = |row: OrganisationRow| OrganisationView {
        subject: row.code,
        name: row.name,
        area: row.area,
        state: row.state,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// The connectors that joined here, and the node itself where it has an identity.
pub fn connectors(node: &Node) -> Vec<ConnectorView> {
    node.tenants().iter().map(|tenant| view(tenant)).collect()
}

/// What an operator sees of a member.
pub fn view(speaker: &Speaker) -> ConnectorView {
    let membership = &speaker.membership;
    let until = Timestamp::from_micros(membership.sign_chain.leaf().not_after().saturating_mul(1_000_000));
    ConnectorView {
        connector: membership.id.to_string(),
        subject: membership.subject.to_string(),
        name: membership.name.clone(),
        area: membership.area.to_string(),
        suite: speaker.key.suite().to_string(),
        certified_until: until.to_string(),
        upstream: membership.upstream.as_ref().map(|upstream| upstream.id.to_string()),
    }
}

/// Answers `join`: certifies the keys of whoever has an open enrolment code, and publishes them.
///
/// # Errors
/// [`Error::Enrolment`] for a code that is unknown, used, expired or for something else; [`Error::Message`] for the form.
pub async fn serve_join(node: &Node, envelope: Envelope) -> Result<Value, Error> {
    let Envelope { headers, body } = envelope;
    headers.expect("join")?;
    headers.check_time(node.now().millis())?;
    let request = JoinRequest::read(&body)?;
    let sign = Csr::from_pem(&request.sign_csr)?;
    headers.verify(sign.public_key(), &body)?;
    let Sender::Subject(subject) = &headers.from else {
        return Err(Error::input("weir-from", "in `join` it is the subject code, 18 characters"));
    };
    let enrolment = match open_enrolment(node, &request, subject, sign.public_key()).await? {
        Enrolled::Before(answer) => return Ok(answer),
        Enrolled::Now(enrolment) => enrolment,
    };
    let admission = Admission::prepare(node, &request, subject.clone(), &enrolment, &sign)?;
    admission.commit(node, &enrolment, sign.public_key()).await
}

enum Enrolled {
    /// This key joined with this code before.
    Before(Value),
    /// The code is open.
    Now(EnrolmentRow),
}

async fn open_enrolment(
    node: &Node,
    request: &JoinRequest,
    subject: &SubjectCode,
    key: &PublicKey,
) -> Result<Enrolled, Error> {
    let hash = Sha256::of(request.secret.expose().as_bytes()).to_string();
    let wanted = hash.clone();
    let (row, answer) = node
        .store()
        .read("enrolment_find", move |read| {
            let hash = wanted.clone();
            Box::pin(async move {
                let row = read.get_enrolment(&hash).await?;
                Ok::<_, Error>((row, read.get_meta(&join_answer(&hash)).await?))
            })
        })
        .await?;
    let refused = |text: &str| Err(Error::Enrolment(text.to_owned()));
    let Some(row) = row else {
        return refused("nobody here gave out this code: ask the operator of the node for one");
    };
    if row.subject != subject.as_str() || row.kind != request.kind.code() {
        return Err(Error::Enrolment(format!("it is for a {} of `{}`", row.kind, row.subject)));
    }
    if row.state == EnrolmentRow::USED {
        return match answer {
            Some(answer) if row.used_by.as_deref() == Some(key.key_id().to_string().as_str()) => {
                serde_json::from_str(&answer)
                    .map(Enrolled::Before)
                    .map_err(|error| Error::Corrupt(error.to_string()))
            }
            _ => refused("it was used already, by another key: ask the operator for a new one"),
        };
    }
    if row.state != EnrolmentRow::OPEN || row.expires_at <= node.now().micros() {
        return refused("it is expired or revoked: ask the operator for a new one");
    }
    Ok(Enrolled::Now(row))
}

fn join_answer(code_hash: &str) -> String {
    format!("join/{code_hash}")
}

/// Everything that admitting a joiner makes, before it is committed.
struct Admission {
    reply: JoinReply,
    bodies: Vec<PublicBody>,
    organisation: Option<Sha256>,
    evidence: Evidence,
}

/// What the enrolment row says besides its columns.
#[derive(Deserialize)]
struct EnrolmentBody {
    area: AreaCode,
    name: String,
}

impl Admission {
    fn prepare(
        node: &Node,
        request: &JoinRequest,
        subject: SubjectCode,
        enrolment: &EnrolmentRow,
        sign: &Csr,
    ) -> Result<Admission, Error> {
        let standing = node.standing()?;
        let authority = standing.authority.as_ref().ok_or_else(|| {
            Error::Forbidden("this node certifies nobody: join at a function node".to_owned())
        })?;
        let details: EnrolmentBody = enrolment.body.get_versioned(1, |_, _| None)?;
        let kind = id_kind(request.kind);
        let id = NodeId::mint(kind, &subject, details.area, || node.entropy().next_u64())
            .map_err(|error| Error::Corrupt(error.to_string()))?;
        let (now, host) = (node.now(), host_of(&request.address));
        let issue = |csr: &Csr, ou: &str, days: u32| -> Result<Chain, Error> {
            let name = Subject { cn: host.clone(), ou: ou.to_owned(), o: shorten(&details.name) };
            Ok(authority.issue_leaf(&name, csr.public_key(), validity(now, days)?, &[])?)
        };
        let sign_chain = issue(sign, id.as_str(), LEAF_DAYS)?;
        let organisation_csr = request.organisation_csr.as_deref().map(Csr::from_pem).transpose()?;
        let organisation_chain =
            organisation_csr.as_ref().map(|csr| issue(csr, subject.as_str(), LEAF_DAYS)).transpose()?;
        let authority_csr = request.authority_csr.as_deref().map(Csr::from_pem).transpose()?;
        let authority_chain = match &authority_csr {
            Some(csr) => {
                let name = Subject { cn: host.clone(), ou: id.to_string(), o: shorten(&details.name) };
                Some(authority.issue_ca(&name, csr.public_key(), validity(now, AUTHORITY_DAYS)?, 0)?)
            }
            None => None,
        };
        let wire = |chain: &Option<Chain>| chain.as_ref().map(chain_to_wire);
        let reply = JoinReply {
            id: id.clone(),
            subject: subject.clone(),
            area: details.area,
            sign_chain: chain_to_wire(&sign_chain),
            organisation_chain: wire(&organisation_chain),
            authority_chain: wire(&authority_chain),
            trust: node.roots()?.to_pem(),
            upstream: card(node)?,
            root_node: root_card(node)?,
        };
        let bodies = public_bodies(request, &reply, &details.name, sign.public_key(), now);
        let kind = match request.kind {
            JoinKind::Connector => EvidenceKind::ConnectorAdmitted,
            _ => EvidenceKind::NodeAdmitted,
        };
        let body = json!({"subject": subject, "name": request.name, "address": request.address,
            "certificate": sign_chain.leaf().fingerprint()});
        let evidence = Evidence::new(kind, id.as_str(), body);
        let organisation = organisation_chain.map(|chain| chain.leaf().fingerprint());
        Ok(Admission { reply, bodies, organisation, evidence })
    }

    /// Commits the use of the code, the published entries and the answer in one transaction.
    async fn commit(self, node: &Node, enrolment: &EnrolmentRow, key: &PublicKey) -> Result<Value, Error> {
        let (now, answer) = (node.now(), self.reply.to_body()?);
        let (organisation, mut evidence) = self.certified(node, &enrolment.subject, now).await?;
        evidence.push(self.evidence.clone());
        let mut entries = Entries::new().record(node, "", &evidence, now);
        for body in &self.bodies {
            entries = entries.publish(node, body)?;
        }
        let origin = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
        let (hash, used_by, bodies) =
            (enrolment.code_hash.clone(), key.key_id().to_string(), Arc::new(self.bodies));
        let (stored, applied) = (answer.to_string(), bodies.clone());
        node.store()
            .run_tx("join", move |tx| {
                let (hash, used_by, stored, organisation) =
                    (hash.clone(), used_by.clone(), stored.clone(), organisation.clone());
                let (entries, bodies, origin) = (entries.clone(), bodies.clone(), origin.clone());
                Box::pin(async move {
                    if !tx.redeem_enrolment(&hash, &used_by, now.micros()).await? {
                        return Err(Error::Enrolment("it was used in the meantime".to_owned()));
                    }
                    tx.put_meta(&join_answer(&hash), &stored).await?;
                    if let Some(row) = &organisation {
                        tx.put_organisation(row).await?;
                    }
                    for body in bodies.iter() {
                        crate::feed::apply(tx, &origin, body, now).await?;
                    }
                    entries.write(tx).await
                })
            })
            .await?;
        crate::feed::applied(node, &applied);
        Ok(answer)
    }

    /// The organisation's row after its key was certified, with the evidence of it.
    async fn certified(
        &self,
        node: &Node,
        subject: &str,
        now: Timestamp,
    ) -> Result<(Option<OrganisationRow>, Vec<Evidence>), Error> {
        let Some(certificate) = self.organisation else { return Ok((None, Vec::new())) };
        let code = subject.to_owned();
        let row = node
            .store()
            .read("organisation_get", move |read| {
                let code = code.clone();
                Box::pin(async move { Ok::<_, Error>(read.get_organisation(&code).await?) })
            })
            .await?
            .ok_or_else(|| Error::not_found("organisation", subject))?;
        let organisation: Organisation = row.body.get_versioned(1, |_, _| None)?;
        let step = organisation.step(OrganisationInput::Certify { certificate }, now)?;
        Ok((Some(organisation_row(&step.next, now)?), step.evidence))
    }
}

/// What others will learn of the joiner.
fn public_bodies(
    request: &JoinRequest,
    reply: &JoinReply,
    organisation_name: &str,
    key: &PublicKey,
    now: Timestamp,
) -> Vec<PublicBody> {
    let at = u64::try_from(now.millis()).unwrap_or_default();
    let suite = SuiteCode::from(key.suite());
    let kind = match request.kind {
        JoinKind::Region => NodeKind::Region,
        JoinKind::Industry => NodeKind::Industry,
        JoinKind::Service => NodeKind::Service,
        JoinKind::Connector => {
            let organisation = OrganisationBody {
                type_: BodyType::Organisation,
                at,
                subject: reply.subject.clone(),
                name: organisation_name.to_owned(),
                area: reply.area,
                chain: reply.organisation_chain.clone().unwrap_or_default(),
                status: Status::Certified,
            };
            let connector = ConnectorBody {
                type_: BodyType::Connector,
                at,
                id: reply.id.clone(),
                subject: reply.subject.clone(),
                name: request.name.clone(),
                area: reply.area,
                address: request.address.clone(),
                suite,
                sign_chain: reply.sign_chain.clone(),
                status: Status::Certified,
            };
            return vec![PublicBody::Organisation(organisation), PublicBody::Connector(connector)];
        }
    };
    vec![PublicBody::Node(NodeBody {
        type_: BodyType::Node,
        at,
        id: reply.id.clone(),
        kind,
        subject: reply.subject.clone(),
        name: request.name.clone(),
        area: reply.area,
        address: request.address.clone(),
        suite,
        sign_chain: reply.sign_chain.clone(),
        log_vkey: request.log_vkey.clone().unwrap_or_default(),
        status: Status::Certified,
    })]
}

fn id_kind(kind: JoinKind) -> IdKind {
    match kind {
        JoinKind::Region => IdKind::RegionNode,
        JoinKind::Industry => IdKind::IndustryNode,
        JoinKind::Service => IdKind::ServiceNode,
        JoinKind::Connector => IdKind::Connector,
    }
}

/// This node's card for joiners.
fn card(node: &Node) -> Result<NodeCard, Error> {
    let standing = node.standing()?;
    let membership = &standing.speaker.membership;
    let log = node.logs().public().ok_or_else(|| Error::not_found("public log of", &membership.name))?;
    Ok(NodeCard {
        id: membership.id.clone(),
        name: membership.name.clone(),
        address: node.config().address.clone(),
        suite: SuiteCode::from(standing.speaker.key.suite()),
        sign_chain: chain_to_wire(&membership.sign_chain),
        log_vkey: log.identity().to_string(),
    })
}

fn root_card(node: &Node) -> Result<NodeCard, Error> {
    if node.role() == Role::Global {
        return card(node);
    }
    let root = node.standing()?.speaker.membership.root_node.clone();
    Ok(NodeCard {
        id: root.id,
        name: root.name,
        address: root.address,
        suite: SuiteCode::from(root.suite),
        sign_chain: chain_to_wire(&root.sign_chain),
        log_vkey: root.log_vkey,
    })
}

fn peer_of(card: NodeCard) -> Result<PeerNode, Error> {
    Ok(PeerNode {
        id: card.id,
        name: card.name,
        address: card.address,
        suite: card.suite.into(),
        sign_chain: chain_of(&card.sign_chain)?,
        log_vkey: card.log_vkey,
    })
}

fn validity(now: Timestamp, days: u32) -> Result<Validity, Error> {
    // A minute of slack, so that a peer whose clock is a little behind accepts a new certificate.
    Ok(Validity::days(now.micros().div_euclid(1_000_000).saturating_sub(60), days)?)
}

/// The host of an address, for the certificate's CN; the address itself where it has none.
pub fn host_of(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.to_owned()
}

/// A certificate's name fields have at most 64 characters.
fn shorten(name: &str) -> String {
    name.chars().take(64).collect()
}

/// Makes this node the root of a new network: its authority, its identity and its first published entry.
///
/// # Errors
/// [`Error::Input`] where the area is no region; [`Error::Forbidden`] on other nodes; nothing happens where it exists already.
pub async fn create_global(node: &Node, subject: &str, area: &str) -> Result<(), Error> {
    if node.role() != Role::Global {
        return Err(Error::Forbidden(
            "only a global node is a root; others join with an enrolment code".to_owned(),
        ));
    }
    if node.standing().is_ok() {
        return Ok(());
    }
    let subject = SubjectCode::uscc(subject).map_err(|error| Error::input("subject", error.to_string()))?;
    let area = AreaCode::parse(area).map_err(|error| Error::input("area", error.to_string()))?;
    let id = NodeId::mint(IdKind::GlobalNode, &subject, area, || node.entropy().next_u64())
        .map_err(|error| Error::input("area", error.to_string()))?;
    let (now, config) = (node.now(), node.config());
    let name = Subject { cn: host_of(&config.address), ou: id.to_string(), o: shorten(&config.name) };
    let authority_key = node.keys().signing("authority", config.suite)?;
    let root = self_signed_ca(&authority_key, &name, validity(now, AUTHORITY_DAYS)?)?;
    let authority = Authority::root(authority_key, root.clone())?;
    let key = node.keys().signing("sign", config.suite)?;
    let sign_chain = authority.issue_leaf(&name, key.public_key(), validity(now, AUTHORITY_DAYS)?, &[])?;
    let log = node.logs().public().ok_or_else(|| Error::not_found("public log of", &config.name))?;
    let own = PeerNode {
        id: id.clone(),
        name: config.name.clone(),
        address: config.address.clone(),
        suite: config.suite,
        sign_chain: sign_chain.clone(),
        log_vkey: log.identity().to_string(),
    };
    let membership = Membership {
        id,
        subject,
        area,
        name: config.name.clone(),
        sign_chain,
        organisation_chain: None,
        authority_chain: Some(Chain::new(vec![root.clone()])?),
        trust: root.to_pem(),
        upstream: None,
        root_node: own,
    };
    let body = own_node_body(node, &membership, NodeKind::Global);
    keep_standing(node, &membership, Some(PublicBody::Node(body))).await?;
    load(node).await
}

fn own_node_body(node: &Node, membership: &Membership, kind: NodeKind) -> NodeBody {
    NodeBody {
        type_: BodyType::Node,
        at: u64::try_from(node.now().millis()).unwrap_or_default(),
        id: membership.id.clone(),
        kind,
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

async fn keep_standing(node: &Node, membership: &Membership, body: Option<PublicBody>) -> Result<(), Error> {
    let mut entries = Entries::new();
    if let Some(body) = &body {
        entries = entries.publish(node, body)?;
    }
    let now = node.now();
    let text = serde_json::to_string(membership).map_err(|error| Error::Corrupt(error.to_string()))?;
    let origin = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    let body = Arc::new(body);
    node.store()
        .run_tx("membership_keep", move |tx| {
            let (text, entries, body, origin) = (text.clone(), entries.clone(), body.clone(), origin.clone());
            Box::pin(async move {
                if !tx.init_meta(MEMBERSHIP, &text).await? {
                    return Ok(());
                }
                if let Some(body) = body.as_ref() {
                    crate::feed::apply(tx, &origin, body, now).await?;
                }
                entries.write(tx).await
            })
        })
        .await
}

/// Joins a function node with an enrolment code: a connector on a host, the node itself elsewhere.
///
/// # Errors
/// [`Error::Message`] where the code is none, [`Error::Enrolment`], [`Error::Peer`] and [`Error::Net`] from the other side,
/// [`Error::Unauthenticated`] where its certificates do not lead to the root that the code names.
pub async fn join(node: &Node, order: JoinOrder) -> Result<ConnectorView, Error> {
    let code: EnrolmentCode = order.code.parse()?;
    if node.role() != Role::Host
        && let Ok(standing) = node.standing()
    {
        return Ok(view(&standing.speaker));
    }
    let keys = JoinKeys::make(node, &code)?;
    let request = keys.request(node, &code, order.name.as_deref())?;
    let reply = ask_to_join(node, &code, &keys.sign, &request).await?;
    let membership = accept(node, &code, &keys, reply, request.name)?;
    write_trust(node, &membership.trust)?;
    match node.role() {
        Role::Host => keep_tenant(node, &membership, &keys).await?,
        _ => keep_standing(node, &membership, None).await?,
    }
    load(node).await?;
    let speaker = node.hosted(&membership.id)?;
    Ok(view(&speaker))
}

/// The keys that a joiner makes or made: found again by name when joining is repeated.
struct JoinKeys {
    sign_name: String,
    sign: SigningKey,
    organisation: Option<(String, SigningKey)>,
    authority: Option<SigningKey>,
}

impl JoinKeys {
    fn make(node: &Node, code: &EnrolmentCode) -> Result<JoinKeys, Error> {
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

    fn request(&self, node: &Node, code: &EnrolmentCode, name: Option<&str>) -> Result<JoinRequest, Error> {
        let config = node.config();
        let name = name.unwrap_or(&config.name).to_owned();
        let subject =
            Subject { cn: host_of(&config.address), ou: code.subject.to_string(), o: shorten(&name) };
        let csr = |key: &SigningKey| Csr::new(key, &subject, &[]).map(|csr| csr.to_pem());
        let kind = JoinKind::from_code(config.role.as_str())
            .ok_or_else(|| Error::Forbidden("a global node joins nobody".to_owned()))?;
        Ok(JoinRequest {
            secret: code.secret.clone(),
            kind,
            name,
            address: config.address.clone(),
            sign_csr: csr(&self.sign)?,
            organisation_csr: self.organisation.as_ref().map(|(_, key)| csr(key)).transpose()?,
            authority_csr: self.authority.as_ref().map(csr).transpose()?,
            log_vkey: node.logs().public().map(|log| log.identity().to_string()),
        })
    }
}

async fn ask_to_join(
    node: &Node,
    code: &EnrolmentCode,
    key: &SigningKey,
    request: &JoinRequest,
) -> Result<JoinReply, Error> {
    let body = request.to_body()?;
    let headers = Headers::unsigned("join", Sender::Subject(code.subject.clone()), None, key.key_ref())
        .at(node.now().millis(), &node.entropy().hex128())
        .sign(key, &body)?;
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
fn accept(
    node: &Node,
    code: &EnrolmentCode,
    keys: &JoinKeys,
    reply: JoinReply,
    name: String,
) -> Result<Membership, Error> {
    let roots = Roots::from_pem(&reply.trust)?;
    if root_certificate(&roots)? != code.root || roots.certificates().len() != 1 {
        return Err(Error::unauthenticated(
            "its root is not the one that the enrolment code names: ask the operator for a new code",
        ));
    }
    if let Ok(pinned) = node.roots()
        && root_certificate(&pinned)? != code.root
    {
        return Err(Error::unauthenticated(
            "this node trusts another root already: use a node of its own for another network",
        ));
    }
    let seconds = node.now().micros().div_euclid(1_000_000);
    let certified = |wire: &[String], key: &SigningKey, ou: &str| -> Result<Chain, Error> {
        let chain = chain_of(wire)?;
        let verified = roots.verify(&chain, seconds)?;
        if chain.public_key() != key.public_key() || verified.id() != Some(ou) {
            return Err(Error::unauthenticated("it certified another key or identifier than was asked for"));
        }
        Ok(chain)
    };
    let sign_chain = certified(&reply.sign_chain, &keys.sign, reply.id.as_str())?;
    let organisation_chain = match (&keys.organisation, &reply.organisation_chain) {
        (Some((_, key)), Some(wire)) => Some(certified(wire, key, reply.subject.as_str())?),
        (None, None) => None,
        _ => return Err(Error::unauthenticated("it certified other keys than were asked for")),
    };
    let authority_chain = match (&keys.authority, &reply.authority_chain) {
        (Some(key), Some(wire)) => Some(certified(wire, key, reply.id.as_str())?),
        (None, None) => None,
        _ => return Err(Error::unauthenticated("it certified other keys than were asked for")),
    };
    let (upstream, root_node) = (peer_of(reply.upstream)?, peer_of(reply.root_node)?);
    for peer in [&upstream, &root_node] {
        roots.verify(&peer.sign_chain, seconds)?;
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

fn write_trust(node: &Node, trust: &str) -> Result<(), Error> {
    let path = node.config().folder.join("trust.pem");
    std::fs::write(&path, trust).map_err(|source| Error::Folder { path, source })
}

/// A tenant's row body: what joining gave, and under which names its keys stand.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantBody {
    membership: Membership,
    sign_key: String,
    organisation_key: String,
}

async fn keep_tenant(node: &Node, membership: &Membership, keys: &JoinKeys) -> Result<(), Error> {
    let organisation_key = keys.organisation.as_ref().map(|(name, _)| name.clone()).unwrap_or_default();
    let body =
        TenantBody { membership: membership.clone(), sign_key: keys.sign_name.clone(), organisation_key };
    let row = TenantRow {
        connector: membership.id.to_string(),
        owner: membership.subject.to_string(),
        state: "certified".to_owned(),
        created_at: node.now().micros(),
        body: Body::versioned(1, &body)?,
    };
    node.store()
        .run_tx("tenant_keep", move |tx| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_tenant(&row).await?) })
        })
        .await
}

/// Loads what the node and its connectors became by joining.
///
/// # Errors
/// [`Error::Store`], [`Error::Crypto`] where keys and certificates do not belong together, [`Error::Corrupt`].
pub async fn load(node: &Node) -> Result<(), Error> {
    let membership = node
        .store()
        .read("membership_load", |read| {
            Box::pin(async move { Ok::<_, Error>(read.get_meta(MEMBERSHIP).await?) })
        })
        .await?;
    if let Some(text) = membership {
        let membership: Membership =
            serde_json::from_str(&text).map_err(|error| Error::Corrupt(error.to_string()))?;
        load_standing(node, membership)?;
    }
    for row in tenant_rows(node).await? {
        let body: TenantBody = row.body.get_versioned(1, |_, _| None)?;
        load_tenant(node, body)?;
    }
    Ok(())
}

fn load_standing(node: &Node, membership: Membership) -> Result<(), Error> {
    write_trust(node, &membership.trust)?;
    let roots = Roots::from_pem(&membership.trust)?;
    let suite = node.config().suite;
    let key = node.keys().signing("sign", suite)?;
    if membership.sign_chain.public_key() != key.public_key() {
        return Err(Error::Corrupt(
            "the `sign` key in the key folder is not the one that was certified: restore the folder"
                .to_owned(),
        ));
    }
    let authority = match (&membership.authority_chain, node.role()) {
        (Some(chain), Role::Global) => {
            Some(Authority::root(node.keys().signing("authority", suite)?, chain.leaf().clone())?)
        }
        (Some(chain), _) => {
            Some(Authority::intermediate(node.keys().signing("authority", suite)?, chain.clone())?)
        }
        (None, _) => None,
    };
    let speaker = Arc::new(Speaker { membership, key, organisation: None });
    node.set_standing(Standing { speaker, authority }, roots);
    Ok(())
}

fn load_tenant(node: &Node, body: TenantBody) -> Result<(), Error> {
    let suite = node.config().suite;
    let roots = Roots::from_pem(&body.membership.trust)?;
    let key = node.keys().signing(&body.sign_key, suite)?;
    if body.membership.sign_chain.public_key() != key.public_key() {
        let id = &body.membership.id;
        return Err(Error::Corrupt(format!(
            "the key of connector `{id}` in the key folder is not the one that was certified: restore the folder"
        )));
    }
    let organisation = match &body.membership.organisation_chain {
        Some(chain) => Some(OrganisationKey {
            key: node.keys().signing(&body.organisation_key, suite)?,
            chain: chain.clone(),
        }),
        None => None,
    };
    node.add_tenant(Speaker { membership: body.membership, key, organisation }, roots);
    Ok(())
}

async fn tenant_rows(node: &Node) -> Result<Vec<TenantRow>, Error> {
    node.store()
        .read("tenants_load", |read| {
            Box::pin(async move {
                let mut all: Vec<TenantRow> = Vec::new();
                loop {
                    let after = all.last().map(|row| row.connector.clone()).unwrap_or_default();
                    let page = read.list_tenants(&Page::after(after, LOAD_PAGE)).await?;
                    let more = page.len() as u64 == u64::from(LOAD_PAGE);
                    all.extend(page);
                    if !more {
                        return Ok::<_, Error>(all);
                    }
                }
            })
        })
        .await
}
