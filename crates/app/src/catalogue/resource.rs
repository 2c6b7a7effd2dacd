//! Connectors: resources, profiled from the file itself, catalogued here and registered at the region (NDI-TR-2025-06, 9).
//!
//! Where the file lies and how it looked from outside when it was read is the tenant's own and never leaves the node.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dataplane::profile::{ProfileOptions, Profiled};
use dataplane::{DataError, FileStamp};
use domain::catalogue::{I18n, Keywords, Resource, ResourceInput, ResourceState};
use domain::id::ResourceId;
use domain::{Step, Timestamp};
use ndi::Message as _;
use ndi::weir_v1::catalogue::{RESOURCE_REGISTER_MSG, ResourceRegister, ResourceRegistered};
use ndi::weir_v1::convert::keywords_of;
use ndi::weir_v1::public_log::{I18nText, Profile as WireProfile};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Body, MessageRow, NewMessage, Read, ResourceRow};

use super::change::{Change, Own, change, change_known, get};
use super::kept::Place;
use super::offer;
use crate::member::Speaker;
use crate::outbox::End;
use crate::{Error, Node, Part, Reason, outbox};

/// A file to be catalogued.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewResource {
    /// Where the file lies on the node's machine.
    pub path: PathBuf,
    /// Encoding of a text file; detected where it is absent.
    pub encoding: Option<String>,
    /// Title; made from the file's name where it is absent.
    pub title: Option<I18n>,
    /// Description.
    #[serde(default)]
    pub description: I18n,
    /// Keywords.
    #[serde(default)]
    pub keywords: Keywords,
    /// Titles of columns, by name.
    #[serde(default)]
    pub column_titles: std::collections::BTreeMap<String, I18n>,
}

impl NewResource {
    /// What the order does not say stays as it was: adding a file again renews its profile, not its description.
    fn or_as_before(mut self, before: &Resource) -> NewResource {
        self.title = self.title.filter(|title| !title.is_empty()).or_else(|| Some(before.title.clone()));
        if self.description.is_empty() {
            self.description = before.description.clone();
        }
        if self.keywords == Keywords::default() {
            self.keywords = before.keywords.clone();
        }
        for column in &before.profile.columns {
            if let Some(title) = &column.title {
                self.column_titles.entry(column.name.clone()).or_insert_with(|| title.clone());
            }
        }
        self
    }
}

/// A connector's own row of a resource.
#[derive(Debug, Clone)]
pub struct OwnResource {
    /// The resource.
    pub resource: Resource,
    /// Where its file lies.
    pub source: PathBuf,
    /// How the file looked when it was profiled.
    pub stamp: FileStamp,
    /// Why registering failed for good, where it did.
    pub problem: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(flatten)]
    resource: Resource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Own for OwnResource {
    type Row = ResourceRow;
    fn of(row: &ResourceRow) -> Result<OwnResource, Error> {
        let stored: Stored = row.body.get_versioned(1, |_, _| None)?;
        let lacking = || Error::Corrupt(format!("resource `{}` without its source", row.key));
        let stamp =
            row.stamp.as_deref().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(lacking)?;
        let source = row.source.clone().map(PathBuf::from).ok_or_else(lacking)?;
        Ok(OwnResource { resource: stored.resource, source, stamp, problem: stored.problem })
    }

    fn row(&self, now: Timestamp) -> Result<ResourceRow, Error> {
        let stamp = serde_json::to_string(&self.stamp).map_err(|error| Error::Corrupt(error.to_string()))?;
        let body = Stored { resource: self.resource.clone(), problem: self.problem.clone() };
        Ok(ResourceRow {
            tenant: self.resource.owner.to_string(),
            key: self.resource.key.clone(),
            id: self.resource.id.as_ref().map(ToString::to_string),
            state: state_word(&self.resource.state).to_owned(),
            source: Some(self.source.to_string_lossy().into_owned()),
            stamp: Some(stamp),
            updated_at: now.micros(),
            body: Body::versioned(1, &body)?,
        })
    }

    fn place(&self) -> Place {
        Place::new(&self.resource.owner, &self.resource.key)
    }
}

impl OwnResource {
    /// As the management API shows it.
    pub fn view(&self) -> Result<Value, Error> {
        let resource = &self.resource;
        let mut profile = WireProfile::from(&resource.profile).to_body()?;
        if let Some(fields) = profile.as_object_mut() {
            fields.insert("nullPermille".to_owned(), Value::from(resource.profile.null_permille()));
        }
        Ok(json!({
            "key": resource.key, "id": resource.id, "connector": resource.owner, "title": resource.title,
            "description": resource.description, "keywords": resource.keywords, "profile": profile,
            "state": state_word(&resource.state), "path": self.source, "problem": self.problem,
        }))
    }
}

fn state_word(state: &ResourceState) -> &'static str {
    match state {
        ResourceState::Catalogued { .. } => "catalogued",
        ResourceState::Registered { .. } => "registered",
        ResourceState::Revoked { .. } => "revoked",
    }
}

/// Profiles a file, catalogues it and registers it at the region. The same path again is the same resource with a new profile.
/// `progress` is told how many bytes were read so far.
///
/// # Errors
/// [`Error::Source`] for what is wrong with the file; [`Error::State`] for a title or profile beyond the limits;
/// [`Error::Peer`] where the region refused.
pub async fn add(
    node: &Node,
    speaker: &Speaker,
    new: NewResource,
    progress: Arc<dyn Fn(u64) + Send + Sync>,
) -> Result<OwnResource, Error> {
    let path =
        std::path::absolute(&new.path).map_err(|source| Error::Folder { path: new.path.clone(), source })?;
    let options = ProfileOptions { encoding: new.encoding.clone() };
    let file = path.clone();
    let profiled =
        tokio::task::spawn_blocking(move || dataplane::profile::profile(&file, &options, progress.as_ref()))
            .await
            .map_err(|ended| reader_ended(&path, &ended))??;
    let key = offer::key_of(&path);
    let turn =
        |before: Option<OwnResource>| catalogued(node, speaker, &new, (&path, &key), &profiled, before);
    change(node, speaker.id().as_str(), &key, None, turn).await?;
    settle(node, speaker.id().as_str(), &key).await
}

/// Why the task that read a file has no result: it panicked over this file, or the process stops.
fn reader_ended(path: &Path, ended: &tokio::task::JoinError) -> DataError {
    match ended.is_panic() {
        true => DataError::ReaderFailed { path: path.to_owned(), reason: ended.to_string() },
        false => DataError::Interrupted(ended.to_string()),
    }
}

/// The resource of a file that was profiled, submitted to the region. One that is there already keeps its identifier.
fn catalogued(
    node: &Node,
    speaker: &Speaker,
    new: &NewResource,
    (path, key): (&Path, &str),
    profiled: &Profiled,
    before: Option<OwnResource>,
) -> Result<Change<OwnResource>, Error> {
    let (now, before) = (node.now(), before.map(|own| own.resource));
    let new = match &before {
        Some(before) => new.clone().or_as_before(before),
        None => new.clone(),
    };
    let mut profile = profiled.profile.clone();
    for column in &mut profile.columns {
        column.title = new.column_titles.get(&column.name).cloned();
    }
    let title = new.title.filter(|title| !title.is_empty()).unwrap_or_else(|| title_of(path));
    let described = (title, new.description);
    let catalogued =
        Resource::catalogue(key.to_owned(), speaker.id().clone(), described, new.keywords, profile, now)?;
    let submitted = catalogued.next.step(ResourceInput::Submit, now)?;
    let resource = match &before {
        Some(before) => submitted.next.continuing(before),
        None => submitted.next,
    };
    let message = register_message(node, speaker, &resource)?;
    let own = OwnResource { resource, source: path.to_owned(), stamp: profiled.stamp, problem: None };
    let evidence = catalogued.evidence.into_iter().chain(submitted.evidence).collect();
    Ok(Change { own, evidence, messages: vec![message] })
}

/// Waits until the region has answered.
async fn settle(node: &Node, tenant: &str, key: &str) -> Result<OwnResource, Error> {
    let settled = offer::settled(node, || async move {
        let own: OwnResource = get(node, tenant, key).await?;
        let is_registered = matches!(own.resource.state, ResourceState::Registered { .. });
        Ok((is_registered || own.problem.is_some()).then_some(own))
    })
    .await?;
    match settled.problem {
        Some(problem) => Err(Error::Forbidden(problem.into())),
        None => Ok(settled),
    }
}

fn register_message(node: &Node, speaker: &Speaker, resource: &Resource) -> Result<NewMessage, Error> {
    let title = I18nText::of(&resource.title)
        .ok_or_else(|| Error::input("title", Reason::new("field-missing", "missing: give one")))?;
    let request = ResourceRegister {
        local_key: resource.key.clone(),
        connector: speaker.id().clone(),
        subject: speaker.subject().clone(),
        title,
        description: I18nText::of(&resource.description),
        keywords: keywords_of(&resource.keywords),
        profile: WireProfile::from(&resource.profile),
    };
    let region = offer::region_of(speaker)?;
    let stream = format!("resource/{}", resource.key);
    Ok(outbox::message(speaker.id(), stream, &region, RESOURCE_REGISTER_MSG, &request.to_body()?, node.now()))
}

/// A title from the file's name, without its ending.
fn title_of(path: &Path) -> I18n {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().replace(['_', '-'], " "));
    I18n::same(stem.unwrap_or_default())
}

/// Takes the region's answer to a registration: the identifier.
pub(crate) async fn answered(node: &Node, row: &MessageRow, data: &Value) -> Result<(), Error> {
    let id = ResourceRegistered::read(data)?.resource_id;
    let turn = |own: OwnResource| {
        let Step { next, evidence, .. } =
            own.resource.step(ResourceInput::IdAssigned { id: id.clone() }, node.now())?;
        let own = OwnResource { resource: next, problem: None, ..own };
        Ok(Change { own, evidence, messages: Vec::new() })
    };
    change_known(node, &row.tenant, key_of(row), Some(&End::Answered(row.clone())), turn).await
}

/// Takes note that a registration was refused for good or could not be delivered; the message is a dead letter.
pub(crate) async fn undelivered(node: &Node, row: &MessageRow, error: &Error) -> Result<(), Error> {
    let turn = |own: OwnResource| Ok(Change::quiet(OwnResource { problem: Some(error.to_string()), ..own }));
    let ended = End::Dead(row.clone(), error.to_string());
    change_known(node, &row.tenant, key_of(row), Some(&ended), turn).await
}

fn key_of(row: &MessageRow) -> &str {
    row.stream.strip_prefix("resource/").unwrap_or(&row.stream)
}

/// A connector's own resource by its identifier.
///
/// # Errors
/// [`Error::NotFound`] where the connector has none of that identifier.
pub async fn own(read: &mut Read, tenant: &str, id: &ResourceId) -> Result<OwnResource, Error> {
    let row = read.find_resource(tenant, id.as_str()).await?;
    OwnResource::of(&row.ok_or_else(|| Error::not_found("resource", id))?)
}

/// A part of a connector's resources, in the order of their keys.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(node: &Node, speaker: &Speaker, part: &Part) -> Result<Vec<OwnResource>, Error> {
    let (tenant, page) = (speaker.id().to_string(), part.page());
    let rows = node
        .store()
        .read("resources_list", move |read| {
            let (tenant, page) = (tenant.clone(), page.clone());
            Box::pin(async move { Ok::<_, Error>(read.list_resources(&tenant, &page).await?) })
        })
        .await?;
    part.of(rows).map(|row| OwnResource::of(&row)).collect()
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeMap;

    use domain::catalogue::{Column, ColumnKind, Format, Profile};

    use super::*;

    fn before() -> Resource {
        let title = Some(I18n::new("臭氧", "ozone"));
        let column =
            Column { name: "O3".into(), kind: ColumnKind::Integer, nulls: 0, min: None, max: None, title };
        let profile = Profile {
            format: Format::Csv,
            encoding: "utf-8".into(),
            delimiter: Some(','),
            columns: vec![column],
            rows: 0,
            bytes: 3,
            sha256: crypto::Sha256::of(b"O3\n"),
            time_range: None,
            null_cells: 0,
        };
        Resource {
            key: "k".into(),
            id: None,
            owner: domain::id::NodeId::parse("591110000MA0TE5T08H1101000000004")
                .unwrap_or_else(|e| panic!("{e}")),
            title: I18n::new("真标题", "Real title"),
            description: I18n::same("what it is"),
            keywords: Keywords { zh: vec!["空气".into()], en: vec![] },
            profile,
            created_at: Timestamp::from_micros(0),
            state: ResourceState::Catalogued { submitted_at: None },
        }
    }

    fn order(title: Option<I18n>) -> NewResource {
        NewResource {
            path: PathBuf::from("a.csv"),
            encoding: None,
            title,
            description: I18n::default(),
            keywords: Keywords::default(),
            column_titles: BTreeMap::new(),
        }
    }

    #[test]
    fn adding_a_file_again_keeps_what_was_said_of_it() {
        let kept = order(None).or_as_before(&before());
        assert_eq!(kept.title, Some(I18n::new("真标题", "Real title")));
        assert_eq!((kept.description, kept.keywords), (before().description, before().keywords));
        assert_eq!(kept.column_titles.get("O3"), Some(&I18n::new("臭氧", "ozone")));
    }

    #[tokio::test]
    async fn a_reader_that_fails_names_the_file_and_what_to_do() {
        let path = Path::new("/data/air.csv");
        let panicked = tokio::spawn(async { panic!("a defect") }).await.unwrap_err();
        let error = reader_ended(path, &panicked);
        let text = error.to_string();
        assert!(matches!(error, DataError::ReaderFailed { .. }), "{text}");
        assert!(["/data/air.csv", "a defect", "report it"].iter().all(|part| text.contains(part)), "{text}");
        let stopped = tokio::spawn(std::future::pending::<()>());
        stopped.abort();
        let error = reader_ended(path, &stopped.await.unwrap_err());
        assert!(matches!(error, DataError::Interrupted(_)), "{error}");
    }

    #[test]
    fn what_the_order_says_wins() {
        let changed = order(Some(I18n::same("New"))).or_as_before(&before());
        assert_eq!(changed.title, Some(I18n::same("New")));
    }
}
