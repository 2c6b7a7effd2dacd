//! Admission: may this use pass under these terms?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Dimension, Terms, excerpt, list};
use crate::Timestamp;
use crate::codes::ContractStatus;
use crate::id::{AreaCode, SubjectCode};

/// A use that asks to be let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseRequest {
    /// When.
    pub at: Timestamp,
    /// Region of the user's connector.
    pub region: AreaCode,
    /// The user's subject.
    pub user: SubjectCode,
    /// The fields asked for; none means all that the contract grants.
    pub fields: Option<BTreeSet<String>>,
    /// Uses of the contract counted so far, without this one.
    pub used_so_far: u64,
}

/// Why a use was refused: the constraint, its limit, and the value that met it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum UseRefusal {
    /// The contract is not in force.
    #[error("the contract is in state `{}` {}: only a contract in force allows uses", status.code(), status.name_en())]
    NotPerforming {
        /// Its state.
        status: ContractStatus,
    },
    /// All uses are used up.
    #[error("count: the contract allows {limit}, and {used} are used: agree on another contract")]
    Count {
        /// Uses allowed.
        limit: u64,
        /// Uses counted so far.
        used: u64,
    },
    /// The time has not begun.
    #[error("time: the contract begins at {start}, and it is {at}: come back then")]
    NotYet {
        /// Start of the contract's time.
        start: Timestamp,
        /// When the use was asked for.
        at: Timestamp,
    },
    /// The time is over.
    #[error("time: the contract ended at {end}, and it is {at}: agree on another contract")]
    Over {
        /// End of the contract's time.
        end: Timestamp,
        /// When the use was asked for.
        at: Timestamp,
    },
    /// A field that is not granted.
    #[error("fields: the contract does not grant `{}`: ask for {}", excerpt(field), list(granted))]
    Field {
        /// The first field that is not granted.
        field: String,
        /// The fields that are.
        granted: BTreeSet<String>,
    },
    /// The user is elsewhere.
    #[error("region: the contract is for {}, and the user is in `{actual}`", list(allowed))]
    Region {
        /// The regions allowed.
        allowed: BTreeSet<AreaCode>,
        /// The user's region.
        actual: AreaCode,
    },
    /// Another user.
    #[error("user: the contract is not for `{actual}`")]
    User {
        /// The user.
        actual: SubjectCode,
    },
}

impl UseRefusal {
    /// The dimension that refused; none where the contract's state did.
    #[must_use]
    pub const fn dimension(&self) -> Option<Dimension> {
        match self {
            Self::NotPerforming { .. } => None,
            Self::Count { .. } => Some(Dimension::Count),
            Self::NotYet { .. } | Self::Over { .. } => Some(Dimension::Time),
            Self::Field { .. } => Some(Dimension::Fields),
            Self::Region { .. } => Some(Dimension::Region),
            Self::User { .. } => Some(Dimension::User),
        }
    }
}

impl Terms {
    /// Whether the use may pass. Membership in every dimension; the first that fails is named, time before count, so that
    /// an expired contract does not speak of its count.
    ///
    /// # Errors
    /// [`UseRefusal`] with the constraint, its limit and the value.
    pub fn admit(&self, request: &UseRequest) -> Result<(), UseRefusal> {
        self.admit_time(request.at)?;
        if self.users.as_ref().is_some_and(|users| !users.contains(&request.user)) {
            return Err(UseRefusal::User { actual: request.user.clone() });
        }
        if let Some(allowed) = self.regions.as_ref().filter(|allowed| !covers(allowed, request.region)) {
            return Err(UseRefusal::Region { allowed: allowed.clone(), actual: request.region });
        }
        if let Some(granted) = &self.fields {
            let missing = request.fields.iter().flatten().find(|field| !granted.contains(*field));
            if let Some(field) = missing {
                return Err(UseRefusal::Field { field: field.clone(), granted: granted.clone() });
            }
        }
        match self.count {
            Some(limit) if request.used_so_far >= limit => {
                Err(UseRefusal::Count { limit, used: request.used_so_far })
            }
            _ => Ok(()),
        }
    }

    fn admit_time(&self, at: Timestamp) -> Result<(), UseRefusal> {
        if at < self.time.start() {
            return Err(UseRefusal::NotYet { start: self.time.start(), at });
        }
        if at >= self.time.end() {
            return Err(UseRefusal::Over { end: self.time.end(), at });
        }
        Ok(())
    }
}

/// Whether one of the areas contains the other.
pub(super) fn covers(areas: &BTreeSet<AreaCode>, area: AreaCode) -> bool {
    areas.contains(&area) || areas.contains(&area.province())
}
