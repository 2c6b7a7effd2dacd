//! A data resource and its lifecycle: catalogued at the connector, registered at the function node, revoked
//! (NDI-TR-2025-02, 4; NDI-TR-2025-06, 9).

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{I18n, Keywords, Profile, check_description};
use crate::Refusal;
use crate::id::{NodeId, ResourceId};
use crate::{Evidence, EvidenceKind, Outbound, Step, Timestamp, limits};

/// A data resource, as its connector describes it. Where its bytes lie is not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// Name within the connector, from the beginning.
    pub key: String,
    /// The id that the function node gave.
    pub id: Option<ResourceId>,
    /// Connector that holds it.
    pub owner: NodeId,
    /// Title.
    pub title: I18n,
    /// Description.
    pub description: I18n,
    /// Keywords.
    pub keywords: Keywords,
    /// What the file is.
    pub profile: Profile,
    /// When it was catalogued.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: ResourceState,
}

/// Where a resource stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ResourceState {
    /// Known to its connector only.
    Catalogued {
        /// When registration was asked for, if it was.
        submitted_at: Option<Timestamp>,
    },
    /// Registered, and visible to others.
    Registered {
        /// When.
        at: Timestamp,
    },
    /// Taken back; final.
    Revoked {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// What can happen to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResourceInput {
    /// Ask the function node to register it.
    Submit,
    /// The function node registered it under this id.
    IdAssigned {
        /// The id.
        id: ResourceId,
    },
    /// Take it back.
    Revoke {
        /// Why.
        reason: String,
    },
}

impl ResourceInput {
    const fn name(&self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::IdAssigned { .. } => "id assigned",
            Self::Revoke { .. } => "revoke",
        }
    }
}

impl Resource {
    /// Catalogues a resource.
    ///
    /// # Errors
    /// [`Refusal`] where a text is too long, the title is missing, or the profile is one that no catalogue can hold.
    pub fn catalogue(
        key: String,
        owner: NodeId,
        (title, description): (I18n, I18n),
        keywords: Keywords,
        profile: Profile,
        now: Timestamp,
    ) -> Result<Step<Self>, Refusal> {
        Refusal::check_text("resource key", &key, limits::KEY_CHARS_MAX)?;
        check_description(&title, &description, &keywords)?;
        profile.check()?;
        let body = json!({ "owner": owner, "sha256": profile.sha256, "rows": profile.rows, "at": now });
        let evidence = Evidence::new(EvidenceKind::ResourceCatalogued, key.as_str(), body);
        let state = ResourceState::Catalogued { submitted_at: None };
        let resource =
            Self { key, id: None, owner, title, description, keywords, profile, created_at: now, state };
        Ok(Step::logged(resource, evidence))
    }

    /// The same resource catalogued again: what is said of it is new; its identifier and its beginning stay.
    #[must_use]
    pub fn continuing(self, before: &Self) -> Self {
        Self { id: before.id.clone(), created_at: before.created_at, ..self }
    }

    /// The only way to change a resource. Pure; a repeat leaves it as it is.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`], [`Refusal::IdConflict`] for a second id, [`Refusal::TooLong`] for the reason.
    pub fn step(self, input: ResourceInput, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match (&self.state, input) {
            (ResourceState::Catalogued { submitted_at: None }, ResourceInput::Submit) => Ok(self.submit(now)),
            (ResourceState::Catalogued { .. } | ResourceState::Registered { .. }, ResourceInput::Submit) => {
                Ok(Step::unchanged(self))
            }
            (_, ResourceInput::IdAssigned { id }) => self.identify(id, now),
            (ResourceState::Revoked { .. }, ResourceInput::Revoke { .. }) => Ok(Step::unchanged(self)),
            (_, ResourceInput::Revoke { reason }) => self.revoke(reason, now),
            (ResourceState::Revoked { .. }, input @ ResourceInput::Submit) => Err(self.not_possible(&input)),
        }
    }

    fn submit(self, now: Timestamp) -> Step<Self> {
        let evidence =
            Evidence::new(EvidenceKind::ResourceSubmitted, self.key.as_str(), json!({ "at": now }));
        let key = self.key.clone();
        let state = ResourceState::Catalogued { submitted_at: Some(now) };
        Step::logged(Self { state, ..self }, evidence).send(Outbound::RegisterResource { key })
    }

    fn identify(self, id: ResourceId, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match (&self.id, &self.state) {
            (Some(known), _) if *known != id => Err(Refusal::id_conflict("resource", known, &id)),
            (_, ResourceState::Catalogued { submitted_at: Some(_) }) => {
                let body = json!({ "key": self.key, "at": now });
                let evidence = Evidence::new(EvidenceKind::ResourceRegistered, id.as_str(), body);
                let state = ResourceState::Registered { at: now };
                Ok(Step::logged(Self { id: Some(id), state, ..self }, evidence))
            }
            // It was revoked before the answer came: the registration has to be taken back too.
            (None, ResourceState::Revoked { reason, .. }) => {
                let message = Outbound::RevokeResource { resource: id.clone(), reason: reason.clone() };
                Ok(Step::unchanged(Self { id: Some(id), ..self }).send(message))
            }
            (None, _) => Err(self.not_possible(&ResourceInput::IdAssigned { id })),
            (Some(_), _) => Ok(Step::unchanged(self)),
        }
    }

    fn revoke(self, reason: String, now: Timestamp) -> Result<Step<Self>, Refusal> {
        Refusal::check_length("reason", &reason, limits::REASON_CHARS_MAX)?;
        let subject = self.id.as_ref().map_or_else(|| self.key.clone(), ToString::to_string);
        let evidence =
            Evidence::new(EvidenceKind::ResourceRevoked, subject, json!({ "reason": reason, "at": now }));
        let message =
            self.id.clone().map(|resource| Outbound::RevokeResource { resource, reason: reason.clone() });
        let step = Step::logged(Self { state: ResourceState::Revoked { at: now, reason }, ..self }, evidence);
        Ok(message.into_iter().fold(step, Step::send))
    }

    fn not_possible(&self, input: &ResourceInput) -> Refusal {
        let (state, possible) = match self.state {
            ResourceState::Catalogued { submitted_at: None } => ("catalogued", "submit, revoke"),
            ResourceState::Catalogued { .. } => ("submitted", "id assigned, revoke"),
            ResourceState::Registered { .. } => ("registered", "revoke"),
            ResourceState::Revoked { .. } => ("revoked", "nothing: catalogue it again"),
        };
        Refusal::NotPossible { object: "resource", state, input: input.name(), possible: possible.to_owned() }
    }
}
