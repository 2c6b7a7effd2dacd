//! Organisations: the subjects that run nodes and connectors and sign contracts (NDI-TR-2025-03, 6.1.2).
//!
//! Registered by the operator of a function node, certified when the joiner presents its enrolment code, deregistered
//! when it leaves. Enrolment codes and certificates themselves are left to the application and to `crypto`.

use crypto::Sha256;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Refusal;
use crate::codes::EnterpriseType;
use crate::id::{AreaCode, IdKind, SubjectCode};
use crate::{Evidence, EvidenceKind, Step, Timestamp, limits};

/// An organisation as the function node that registered it knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// Its subject code; for an organisation the credit code.
    pub code: SubjectCode,
    /// Its name.
    pub name: String,
    /// The region or industry of the node that registered it.
    pub area: AreaCode,
    /// What it will run, if that is known.
    pub role_hint: Option<IdKind>,
    /// What sort of organisation it is.
    pub sort: EnterpriseType,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// Where it stands.
    pub state: OrganisationState,
}

/// Where an organisation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum OrganisationState {
    /// Entered in the register; has no certificate yet.
    Registered,
    /// Holds a certificate for the key that signs its contracts.
    Certified {
        /// SHA-256 of the certificate.
        certificate: Sha256,
        /// Since when.
        since: Timestamp,
    },
    /// Left, or was removed; final.
    Deregistered {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

/// What can happen to an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrganisationInput {
    /// A certificate was issued, the first or one that replaces the former.
    Certify {
        /// SHA-256 of the certificate.
        certificate: Sha256,
    },
    /// It leaves.
    Deregister {
        /// Why.
        reason: String,
    },
}

impl Organisation {
    /// Registers an organisation.
    ///
    /// # Errors
    /// [`Refusal::TooLong`] or [`Refusal::Empty`] for the name, [`Refusal::Invalid`] for a role that no node has.
    pub fn register(
        code: SubjectCode,
        name: String,
        area: AreaCode,
        role_hint: Option<IdKind>,
        sort: EnterpriseType,
        now: Timestamp,
    ) -> Result<Step<Self>, Refusal> {
        Refusal::check_text("organisation name", &name, limits::NAME_CHARS_MAX)?;
        if let Some(kind) = role_hint.filter(|kind| kind.is_data()) {
            let reason = format!("an organisation runs nodes or connectors, not a {kind}");
            return Err(Refusal::Invalid { object: "organisation", reason });
        }
        let state = OrganisationState::Registered;
        let body = json!({ "name": name, "area": area, "roleHint": role_hint, "sort": sort, "at": now });
        let evidence = Evidence::new(EvidenceKind::OrganisationRegistered, code.as_str(), body);
        Ok(Step::logged(Self { code, name, area, role_hint, sort, registered_at: now, state }, evidence))
    }

    /// The only way to change an organisation. Pure; a repeat leaves it as it is.
    ///
    /// # Errors
    /// [`Refusal::NotPossible`] after deregistration, [`Refusal::TooLong`] for the reason.
    pub fn step(self, input: OrganisationInput, now: Timestamp) -> Result<Step<Self>, Refusal> {
        match (&self.state, input) {
            (
                OrganisationState::Certified { certificate, .. },
                OrganisationInput::Certify { certificate: again },
            ) if *certificate == again => Ok(Step::unchanged(self)),
            (
                OrganisationState::Registered | OrganisationState::Certified { .. },
                OrganisationInput::Certify { certificate },
            ) => {
                let body = json!({ "certificate": certificate, "at": now });
                let evidence = Evidence::new(EvidenceKind::OrganisationCertified, self.code.as_str(), body);
                let state = OrganisationState::Certified { certificate, since: now };
                Ok(Step::logged(Self { state, ..self }, evidence))
            }
            (OrganisationState::Deregistered { .. }, OrganisationInput::Deregister { .. }) => {
                Ok(Step::unchanged(self))
            }
            (_, OrganisationInput::Deregister { reason }) => {
                Refusal::check_length("reason", &reason, limits::REASON_CHARS_MAX)?;
                let body = json!({ "reason": reason, "at": now });
                let evidence =
                    Evidence::new(EvidenceKind::OrganisationDeregistered, self.code.as_str(), body);
                Ok(Step::logged(
                    Self { state: OrganisationState::Deregistered { at: now, reason }, ..self },
                    evidence,
                ))
            }
            (OrganisationState::Deregistered { .. }, OrganisationInput::Certify { .. }) => {
                let possible = "nothing: register the organisation again".to_owned();
                let state = "deregistered";
                Err(Refusal::NotPossible { object: "organisation", state, input: "certify", possible })
            }
        }
    }

    /// Whether its signatures count now.
    #[must_use]
    pub const fn is_certified(&self) -> bool {
        matches!(self.state, OrganisationState::Certified { .. })
    }
}

#[cfg(test)]
#[path = "subject_tests.rs"]
mod tests;
