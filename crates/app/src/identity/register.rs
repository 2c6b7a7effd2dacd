//! The register of a function node as its operator sees it: subjects, how far they came, and what they run.

use domain::id::IdKind;
use domain::subject::Organisation;
use ndi::Code as _;
use ndi::weir_v1::Status;
use serde::Serialize;
use store::{OrganisationRow, Page, Read};

use super::LOAD_PAGE;
use crate::config::Role;
use crate::directory::ORGANISATION;
use crate::{Error, Node};

/// A registered subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationView {
    /// Subject code.
    pub subject: String,
    /// Registered name.
    pub name: String,
    /// Area where it is registered.
    pub area: String,
    /// What of it was certified here: `connector`, `service`, `region`, `industry`; before that, what it is registered to run.
    pub runs: Vec<String>,
    /// `registered`; `certified` once something of it has joined; `deregistered`.
    pub state: String,
}

/// The subjects that this node registered, by code.
///
/// # Errors
/// [`Error::Store`].
pub async fn organisations(node: &Node) -> Result<Vec<OrganisationView>, Error> {
    let log = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    node.store()
        .read("organisations", move |read| {
            let log = log.clone();
            Box::pin(async move {
                let mut all = Vec::new();
                for row in rows(read).await? {
                    let runs = certified_of(read, &row.code, &log).await?;
                    all.push(view(row, runs)?);
                }
                Ok::<_, Error>(all)
            })
        })
        .await
}

async fn rows(read: &mut Read) -> Result<Vec<OrganisationRow>, Error> {
    let mut all: Vec<OrganisationRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.code.clone()).unwrap_or_default();
        let page = read.list_organisations(&Page::after(after, LOAD_PAGE)).await?;
        let more = page.len() as u64 == u64::from(LOAD_PAGE);
        all.extend(page);
        if !more {
            return Ok(all);
        }
    }
}

/// Which kinds of node and connector of a subject this node certified: what stands in the directory under its code, but for itself.
async fn certified_of(read: &mut Read, subject: &str, log: &str) -> Result<Vec<String>, Error> {
    let held = read.list_directory_of(subject, &Page::first(LOAD_PAGE)).await?;
    let ours = held.into_iter().filter(|row| {
        row.origin == log && row.kind != ORGANISATION && row.status == Status::Certified.code()
    });
    let mut kinds: Vec<String> = ours.map(|row| row.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

fn view(row: OrganisationRow, certified: Vec<String>) -> Result<OrganisationView, Error> {
    let organisation: Organisation = row.body.get_versioned(1, |_, _| None)?;
    let state = if certified.is_empty() { row.state } else { Status::Certified.code().to_owned() };
    let runs = match organisation.role_hint.and_then(role_of) {
        Some(role) if certified.is_empty() => vec![role.as_str().to_owned()],
        _ => certified,
    };
    Ok(OrganisationView { subject: row.code, name: row.name, area: row.area, runs, state })
}

fn role_of(kind: IdKind) -> Option<Role> {
    match kind {
        IdKind::RegionNode => Some(Role::Region),
        IdKind::IndustryNode => Some(Role::Industry),
        IdKind::ServiceNode => Some(Role::Service),
        IdKind::Connector => Some(Role::Host),
        _ => None,
    }
}
