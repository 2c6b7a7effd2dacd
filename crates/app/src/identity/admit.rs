//! The function node's side of `join` (docs/WIRE.md, 2): whoever has an open enrolment code is certified, and published.
//!
//! The use of the code, what is published and the answer are one transaction. The same key with the same code gets that answer
//! again, however often and whenever it asks; two that come at once are one. What a join builds on (the organisation, the identifier that
//! its key has) is read again in the transaction: where it moved, the join is made anew.

use std::sync::Arc;

use crypto::cert::{Authority, Chain, Csr, Subject};
use crypto::{PublicKey, Sha256};
use domain::id::{AreaCode, IdKind, NodeId, SubjectCode};
use domain::subject::{Organisation, OrganisationInput};
use domain::{Evidence, EvidenceKind, Timestamp};
use ndi::envelope::Sender;
use ndi::weir_v1::join::{JoinKind, JoinReply, JoinRequest};
use ndi::weir_v1::public_log::{BodyType, ConnectorBody, NodeBody, NodeKind, OrganisationBody, PublicBody};
use ndi::weir_v1::{Status, SuiteCode};
use ndi::{Code as _, Envelope, Message as _};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{EnrolmentRow, OrganisationRow, Read, StoreError, Tx};

use super::enrolment::organisation_row;
use super::{AUTHORITY_DAYS, LEAF_DAYS, card, host_of, shorten, validity};
use crate::anew::anew;
use crate::directory::{chain_of, chain_to_wire};
use crate::feed::Origins;
use crate::log::{Entries, is_named_by_its_key};
use crate::member::Standing;
use crate::{Error, Node, Reason, feed};

/// Answers `join`: certifies the keys of whoever has an open enrolment code, and publishes them.
///
/// # Errors
/// [`Error::Enrolment`] for a code that is unknown, used, expired or for something else; [`Error::Message`] and [`Error::Input`] for
/// the form; [`Error::Forbidden`] where another region registered the subject, or where its organisation's key is
/// another than the one that was certified before.
pub async fn serve_join(node: &Node, envelope: Envelope) -> Result<Value, Error> {
    let Envelope { headers, body } = envelope;
    headers.expect("join")?;
    headers.check_time(node.now().millis(), node.limits().clock_skew_ms)?;
    let request = JoinRequest::read(&body)?;
    let sign = Csr::from_pem(&request.sign_csr)?;
    headers.verify(sign.public_key(), &body)?;
    let Sender::Subject(subject) = &headers.from else {
        return Err(Error::input("weir-from", "in `join` it is the subject code, 18 characters"));
    };
    // Where the same request was a moment faster, its answer stands; where another join of the subject was, this one goes on from
    // what that left.
    anew("join", || admit(node, &request, subject, &sign)).await
}

/// One try: everything is read, made and committed.
async fn admit(
    node: &Node,
    request: &JoinRequest,
    subject: &SubjectCode,
    sign: &Csr,
) -> Result<Value, Error> {
    let enrolment = match enrolled(node, request, subject, sign.public_key()).await? {
        Enrolled::Before(answer) => return Ok(answer),
        Enrolled::Now(enrolment) => enrolment,
    };
    let joiner = Joiner::of(node, request, subject, sign.public_key());
    // Before the identifier: a log that this key has just got is known then as its own.
    let origins = feed::origins(node).await?;
    let earlier = joiner.known_before(node).await?;
    check_request(&origins, request, earlier.as_ref())?;
    let admission = Admission::prepare(node, request, subject.clone(), &enrolment, sign, earlier.clone())?;
    admission.commit(node, &enrolment, joiner, earlier).await
}

/// Whom a key stands for in the directory.
#[derive(Debug, Clone)]
struct Joiner {
    key: String,
    kind: &'static str,
    subject: String,
    log: String,
}

impl Joiner {
    fn of(node: &Node, request: &JoinRequest, subject: &SubjectCode, key: &PublicKey) -> Joiner {
        Joiner {
            key: key.key_id().to_string(),
            kind: request.kind.code(),
            subject: subject.to_string(),
            log: node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default(),
        }
    }

    async fn known_before(&self, node: &Node) -> Result<Option<NodeId>, Error> {
        let joiner = self.clone();
        node.store()
            .read("join_earlier", move |read| {
                let joiner = joiner.clone();
                Box::pin(async move { joiner.earlier(read).await })
            })
            .await
    }

    /// The identifier that this key got here before with another code: whoever joins again stays who it is.
    async fn earlier(&self, read: &mut Read) -> Result<Option<NodeId>, Error> {
        let mut rows = read.find_directory_by_key(&self.key).await?.into_iter();
        let same =
            rows.find(|row| row.kind == self.kind && row.owner == self.subject && row.origin == self.log);
        let id = same.map(|row| NodeId::parse(&row.id)).transpose();
        id.map_err(|error| Error::Corrupt(error.to_string()))
    }
}

/// What others will be told of the joiner must be something that they can use, and its log must not be another's.
fn check_request(origins: &Origins, request: &JoinRequest, earlier: Option<&NodeId>) -> Result<(), Error> {
    if !["http://", "https://"].iter().any(|scheme| request.address.starts_with(scheme)) {
        return Err(Error::input(
            "address",
            "expected a base address such as `https://node.example.cn:8443`",
        ));
    }
    let Some(vkey) = &request.log_vkey else { return Ok(()) };
    let identity: ledger::checkpoint::LogIdentity = vkey.parse()?;
    if !is_named_by_its_key(&identity) {
        return Err(Error::input("logVkey", "a log is named by its own key: `weir/<log id>/public`"));
    }
    match origins.of(identity.origin()) {
        Some(taken) if Some(&taken.node) != earlier => {
            Err(Error::Forbidden(format!("that log is the one of `{}`", taken.node).into()))
        }
        _ => Ok(()),
    }
}

enum Enrolled {
    /// This key joined with this code before.
    Before(Value),
    /// The code is open.
    Now(EnrolmentRow),
}

async fn enrolled(
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
    let refused = |case, words: &str| Err(Error::Enrolment(Reason::new(case, words)));
    let Some(row) = row else {
        return refused(
            "enrolment-unknown",
            "nobody here gave out this code: ask the operator of the node for one",
        );
    };
    if row.subject != subject.as_str() || row.kind != request.kind.code() {
        let words = format!("it is for a {} of `{}`", row.kind, row.subject);
        let reason = Reason::new("enrolment-of-another", words);
        return Err(Error::Enrolment(reason.with("runs", row.kind).with("subject", row.subject)));
    }
    if row.state == EnrolmentRow::USED {
        return match answer {
            Some(answer) if row.used_by.as_deref() == Some(key.key_id().to_string().as_str()) => {
                serde_json::from_str(&answer)
                    .map(Enrolled::Before)
                    .map_err(|error| Error::Corrupt(error.to_string()))
            }
            _ => refused(
                "enrolment-used",
                "it was used already, by another key: ask the operator for a new one",
            ),
        };
    }
    if row.state != EnrolmentRow::OPEN || row.expires_at <= node.now().micros() {
        return refused("enrolment-expired", "it is expired or revoked: ask the operator for a new one");
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
        earlier: Option<NodeId>,
    ) -> Result<Admission, Error> {
        let standing = node.standing()?;
        let details: EnrolmentBody = enrolment.body.get_versioned(1, |_, _| None)?;
        let minted =
            || NodeId::mint(id_kind(request.kind), &subject, details.area, || node.entropy().next_u64());
        let id = match earlier {
            Some(id) => id,
            None => minted().map_err(|error| Error::Corrupt(error.to_string()))?,
        };
        let now = node.now();
        let desk = Desk::of(&standing, request, &details.name, now)?;
        let sign_chain = desk.leaf(sign, id.as_str())?;
        let organisation = request.organisation_csr.as_deref().map(Csr::from_pem).transpose()?;
        let organisation = organisation.map(|csr| desk.leaf(&csr, subject.as_str())).transpose()?;
        let authority = request.authority_csr.as_deref().map(Csr::from_pem).transpose()?;
        let authority = authority.map(|csr| desk.authority(&csr, id.as_str())).transpose()?;
        let evidence = admitted(request, &id, &subject, &sign_chain);
        let reply = JoinReply {
            id,
            subject,
            area: details.area,
            sign_chain: chain_to_wire(&sign_chain),
            organisation_chain: organisation.as_ref().map(chain_to_wire),
            authority_chain: authority.as_ref().map(chain_to_wire),
            trust: node.roots()?.to_pem(),
            upstream: card::upstream(node)?,
            root_node: card::root(node)?,
        };
        let bodies = public_bodies(request, &reply, &details.name, sign.public_key(), now);
        let organisation = organisation.map(|chain| chain.leaf().fingerprint());
        Ok(Admission { reply, bodies, organisation, evidence })
    }

    /// Commits the use of the code, the published entries and the answer in one transaction.
    async fn commit(
        self,
        node: &Node,
        enrolment: &EnrolmentRow,
        joiner: Joiner,
        earlier: Option<NodeId>,
    ) -> Result<Value, Error> {
        let (now, answer) = (node.now(), self.reply.to_body()?);
        let (organisation, mut evidence) = self.certified(node, &enrolment.subject, now).await?;
        evidence.push(self.evidence.clone());
        let mut entries = Entries::new().record(node, "", &evidence, now);
        for body in &self.bodies {
            entries = entries.publish(node, body)?;
        }
        let writing = Arc::new(Writing {
            code_hash: enrolment.code_hash.clone(),
            joiner,
            earlier,
            answer: answer.to_string(),
            organisation,
            bodies: self.bodies,
            entries,
            origins: feed::origins(node).await?,
            now,
        });
        let written = writing.clone();
        node.store()
            .run_tx("join", move |tx| {
                let writing = writing.clone();
                Box::pin(async move { writing.write(tx).await })
            })
            .await?;
        feed::applied(node, &written.bodies);
        Ok(answer)
    }

    /// The organisation's row before and after its key was certified, with the evidence of it.
    async fn certified(
        &self,
        node: &Node,
        subject: &str,
        now: Timestamp,
    ) -> Result<(Option<Certified>, Vec<Evidence>), Error> {
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
        let after = organisation_row(&step.next, now)?;
        Ok((Some(Certified { before: row, after }), step.evidence))
    }
}

/// Issues a joiner's certificates.
struct Desk<'a> {
    authority: &'a Authority,
    host: String,
    organisation: &'a str,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    fn of(
        standing: &'a Standing,
        request: &JoinRequest,
        organisation: &'a str,
        now: Timestamp,
    ) -> Result<Desk<'a>, Error> {
        let authority = standing.authority.as_ref().ok_or_else(|| {
            Error::Forbidden(Reason::new(
                "certifies-nobody",
                "this node certifies nobody: join at a function node",
            ))
        })?;
        Ok(Desk { authority, host: host_of(&request.address), organisation, now })
    }

    fn name(&self, ou: &str) -> Subject {
        Subject { cn: self.host.clone(), ou: ou.to_owned(), o: shorten(self.organisation) }
    }

    fn leaf(&self, csr: &Csr, ou: &str) -> Result<Chain, Error> {
        let validity = validity(self.now, LEAF_DAYS)?;
        Ok(self.authority.issue_leaf(&self.name(ou), csr.public_key(), validity, &[])?)
    }

    /// An authority that certifies members, and no further authorities.
    fn authority(&self, csr: &Csr, ou: &str) -> Result<Chain, Error> {
        let validity = validity(self.now, AUTHORITY_DAYS)?;
        Ok(self.authority.issue_ca(&self.name(ou), csr.public_key(), validity, 0)?)
    }
}

fn admitted(request: &JoinRequest, id: &NodeId, subject: &SubjectCode, sign_chain: &Chain) -> Evidence {
    let kind = match request.kind {
        JoinKind::Connector => EvidenceKind::ConnectorAdmitted,
        _ => EvidenceKind::NodeAdmitted,
    };
    let body = json!({"subject": subject, "name": request.name, "address": request.address,
        "certificate": sign_chain.leaf().fingerprint()});
    Evidence::new(kind, id.as_str(), body)
}

/// An organisation's row as it was read, and with its key certified.
struct Certified {
    before: OrganisationRow,
    after: OrganisationRow,
}

/// What the transaction of a joining writes.
struct Writing {
    code_hash: String,
    joiner: Joiner,
    earlier: Option<NodeId>,
    answer: String,
    organisation: Option<Certified>,
    bodies: Vec<PublicBody>,
    entries: Entries,
    origins: Arc<Origins>,
    now: Timestamp,
}

impl Writing {
    async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        if !tx.redeem_enrolment(&self.code_hash, &self.joiner.key, self.now.micros()).await? {
            return Err(StoreError::Conflict { what: "an enrolment code".to_owned() }.into());
        }
        self.check_unmoved(tx).await?;
        tx.put_meta(&join_answer(&self.code_hash), &self.answer).await?;
        if let Some(organisation) = &self.organisation {
            tx.put_organisation(&organisation.after).await?;
        }
        for body in &self.bodies {
            if let Some(objection) = self.origins.objection(tx, &self.joiner.log, body).await? {
                return Err(Error::Forbidden(objection.into()));
            }
            if let PublicBody::Organisation(organisation) = body {
                check_one_key(tx, organisation).await?;
            }
            feed::apply(tx, &self.joiner.log, body, self.now).await?;
        }
        self.entries.write(tx).await
    }

    /// What the admission was made from is so still.
    async fn check_unmoved(&self, read: &mut Read) -> Result<(), Error> {
        if self.joiner.earlier(read).await? != self.earlier {
            return Err(StoreError::Conflict { what: format!("key `{}`", self.joiner.key) }.into());
        }
        let Some(Certified { before, .. }) = &self.organisation else { return Ok(()) };
        if read.get_organisation(&before.code).await?.as_ref() != Some(before) {
            return Err(StoreError::Conflict { what: format!("organisation `{}`", before.code) }.into());
        }
        Ok(())
    }
}

/// An organisation signs with one key, whichever of its connectors speaks: another would take from its contracts the key that they are
/// checked with, and from its other connectors the word.
async fn check_one_key(read: &mut Read, new: &OrganisationBody) -> Result<(), Error> {
    let subject = new.subject.as_str();
    let held = read.get_directory(subject).await?.filter(|row| row.status == Status::Certified.code());
    let key = chain_of(&new.chain)?.public_key().key_id().to_string();
    if held.and_then(|row| row.key_id).is_none_or(|certified| certified == key) {
        return Ok(());
    }
    let words = format!(
        "`{subject}` has another signing key already, which its first connector brought: join with this code on the host where that connector is, or put that host's `keys/organisation-{subject}.pem` in place of the one in the data folder here, and join again"
    );
    Err(Error::Forbidden(Reason::new("another-key", words).with("subject", subject)))
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

/// The kind of identifier that such a joiner gets.
pub(super) fn id_kind(kind: JoinKind) -> IdKind {
    match kind {
        JoinKind::Region => IdKind::RegionNode,
        JoinKind::Industry => IdKind::IndustryNode,
        JoinKind::Service => IdKind::ServiceNode,
        JoinKind::Connector => IdKind::Connector,
    }
}
