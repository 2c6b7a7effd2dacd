//! The operator's side of enrolment: registering subjects, and the one-time codes with which they join (docs/WIRE.md, 2).
//!
//! Of a code's secret only a hash is kept. A subject that another region registered is refused: its registration stands until it
//! is deregistered there.

use std::sync::Arc;

use crypto::Sha256;
use domain::codes::EnterpriseType;
use domain::id::{AreaCode, IdKind, SubjectCode};
use domain::subject::{Organisation, OrganisationState};
use domain::{Evidence, Timestamp};
use ndi::weir_v1::enrolment::EnrolmentCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Body, EnrolmentRow, OrganisationRow};

use super::root_of;
use crate::config::Role;
use crate::log::Entries;
use crate::{Error, Node, Reason, feed};

/// The state in which a subject may be registered anew, under any name.
const DEREGISTERED: &str = "deregistered";

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

/// Registers a subject at this function node and makes its enrolment code. Registering it again makes a new code.
///
/// # Errors
/// [`Error::Input`] for a code, name, role or area that cannot be, and for another name than the registered one; [`Error::Forbidden`]
/// where this node does not register such, or where another region registered it.
pub async fn register_organisation(node: &Node, new: NewOrganisation) -> Result<EnrolmentView, Error> {
    let subject = SubjectCode::uscc(&new.subject).map_err(|error| Error::input("subject", error))?;
    let (kind, area) = admitted_here(node, &new)?;
    let now = node.now();
    let secret = node.entropy().hex128();
    let code = enrolment_code(node, &subject, &secret)?;
    let sort = EnterpriseType::from_code("1").map_err(|error| Error::Corrupt(error.to_string()))?;
    let step = Organisation::register(subject.clone(), new.name.clone(), area, Some(kind), sort, now)?;
    let enrolment = enrolment_row(node, (&new, &subject), area, &secret, now)?;
    let expires_at = Timestamp::from_micros(enrolment.expires_at);
    keep(node, step.next, &step.evidence, enrolment, now).await?;
    Ok(EnrolmentView {
        code,
        subject: subject.to_string(),
        name: new.name,
        runs: new.runs,
        area: area.to_string(),
        expires_at: expires_at.to_string(),
    })
}

fn enrolment_row(
    node: &Node,
    (new, subject): (&NewOrganisation, &SubjectCode),
    area: AreaCode,
    secret: &str,
    now: Timestamp,
) -> Result<EnrolmentRow, Error> {
    Ok(EnrolmentRow {
        code_hash: Sha256::of(secret.as_bytes()).to_string(),
        kind: new.runs.clone(),
        subject: subject.to_string(),
        state: EnrolmentRow::OPEN.to_owned(),
        created_at: now.micros(),
        expires_at: now.micros().saturating_add(node.limits().enrolment_ms.saturating_mul(1000)),
        used_at: None,
        used_by: None,
        body: Body::versioned(1, &json!({"area": area, "name": new.name}))?,
    })
}

/// Commits code and register. A subject that is certified stays as it is; any other is registered anew.
async fn keep(
    node: &Node,
    organisation: Organisation,
    evidence: &[Evidence],
    enrolment: EnrolmentRow,
    now: Timestamp,
) -> Result<(), Error> {
    let entries = Entries::new().record(node, "", evidence, now);
    let row = organisation_row(&organisation, now)?;
    let is_connector = organisation.role_hint == Some(IdKind::Connector);
    let registrars = feed::origins(node).await?;
    let log = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    let shared = Arc::new((row, enrolment, entries, registrars, log));
    node.store()
        .run_tx("organisation_register", move |tx| {
            let shared = shared.clone();
            Box::pin(async move {
                let (row, enrolment, entries, registrars, log) = shared.as_ref();
                if is_connector && let Some(other) = registrars.registrar_of(tx, log, &row.code).await? {
                    return Err(registered_elsewhere(&row.code, &other));
                }
                let held = tx.get_organisation(&row.code).await?.filter(|held| held.state != DEREGISTERED);
                if let Some(held) = held.as_ref().filter(|held| held.name != row.name) {
                    return Err(registered_as(held));
                }
                tx.insert_enrolment(enrolment).await?;
                if is_certified(held.as_ref())? {
                    return Ok(());
                }
                tx.put_organisation(row).await?;
                entries.write(tx).await
            })
        })
        .await
}

fn is_certified(row: Option<&OrganisationRow>) -> Result<bool, Error> {
    let Some(row) = row else { return Ok(false) };
    let organisation: Organisation = row.body.get_versioned(1, |_, _| None)?;
    Ok(organisation.is_certified())
}

/// A subject has one name: the one that its certificates and contracts bear.
fn registered_as(held: &OrganisationRow) -> Error {
    let words = format!("`{}` is registered here as `{}`: give that name", held.code, held.name);
    let reason = Reason::new("registered-as", words);
    Error::input("name", reason.with("subject", held.code.as_str()).with("name", held.name.as_str()))
}

/// The refusal of a subject that stands in another register.
pub(super) fn registered_elsewhere(subject: &str, registrar: &str) -> Error {
    let words = format!(
        "`{subject}` is registered at {registrar} already: it has to be deregistered there first, or join there"
    );
    let reason = Reason::new("registered-elsewhere", words);
    Error::Forbidden(reason.with("subject", subject).with("registrar", registrar))
}

/// Which kind of identifier the subject will get, and of which area.
fn admitted_here(node: &Node, new: &NewOrganisation) -> Result<(IdKind, AreaCode), Error> {
    let runs = Role::parse(&new.runs).ok_or_else(|| {
        let words = format!("`{}`: expected `connector`, `service`, `region` or `industry`", new.runs);
        Error::input("runs", Reason::new("unknown-role", words).with("actual", new.runs.as_str()))
    })?;
    let own_area = || Ok::<_, Error>(node.standing()?.speaker.membership.area);
    match (node.role(), runs) {
        (Role::Global, Role::Region | Role::Industry) => function_node(runs, new.area.as_deref()),
        (Role::Region | Role::Industry, Role::Service) => Ok((IdKind::ServiceNode, own_area()?)),
        (Role::Region | Role::Industry, Role::Host) => Ok((IdKind::Connector, own_area()?)),
        (role, runs) => {
            let words = format!(
                "a {} node does not register what runs a {}: the global node registers regions and industries, these register service nodes and connectors",
                role.as_str(),
                runs.as_str()
            );
            let reason = Reason::new("does-not-register", words);
            Err(Error::Forbidden(reason.with("role", role.as_str()).with("runs", runs.as_str())))
        }
    }
}

fn function_node(runs: Role, area: Option<&str>) -> Result<(IdKind, AreaCode), Error> {
    let text = area.ok_or_else(|| {
        Error::input("area", Reason::new("area-missing", "missing: name the region or industry code"))
    })?;
    let area = AreaCode::parse(text).map_err(|error| Error::input("area", error))?;
    let kind = if runs == Role::Region { IdKind::RegionNode } else { IdKind::IndustryNode };
    if area.is_industry() == (kind == IdKind::IndustryNode) {
        return Ok((kind, area));
    }
    let words = format!("`{text}` is not of what a {} node serves", runs.as_str());
    let reason = Reason::new("area-of-another-kind", words);
    Err(Error::input("area", reason.with("actual", text).with("runs", runs.as_str())))
}

fn enrolment_code(node: &Node, subject: &SubjectCode, secret: &str) -> Result<String, Error> {
    let roots = node.roots()?;
    let root = root_of(&roots)?;
    let code = EnrolmentCode {
        url: node.config().address.clone(),
        subject: subject.clone(),
        root,
        secret: secret.parse()?,
    };
    Ok(code.to_string())
}

pub(super) fn organisation_row(
    organisation: &Organisation,
    now: Timestamp,
) -> Result<OrganisationRow, Error> {
    let state = match organisation.state {
        OrganisationState::Registered => "registered",
        OrganisationState::Certified { .. } => "certified",
        OrganisationState::Deregistered { .. } => DEREGISTERED,
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
