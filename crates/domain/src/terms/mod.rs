//! What a contract allows: one box over the dimensions action, count, time, fields, region and user.
//!
//! TC609-6-2025-14, 6.2.2 and tables C.5, C.6. Three questions are answered here: does a proposal fit an offer
//! ([`Terms::is_within`]), what do two parties have in common ([`Terms::meet`]), and may this use pass ([`Terms::admit`]).
//! A dimension that is `None` is not limited. The union of boxes of the full policy model comes later.
//!
//! The wire form, triples of name, operator and value, is in [`constraint`]. A term that cannot be enforced is refused when
//! the contract is negotiated, never ignored later.

mod action;
mod admit;
pub mod constraint;
mod negotiate;

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use action::Action;
pub use admit::{UseRefusal, UseRequest};
pub use constraint::{Constraint, ConstraintName, Operator};
pub use negotiate::{Decision, decide};

use crate::catalogue::{Format, Profile};
use crate::id::{AreaCode, NodeId, SubjectCode};
use crate::{TimeRange, limits};

/// Terms of a contract, of an offer, or of a proposal. Every door (wire, store, lifecycle) calls [`Terms::check`].
///
/// The serde form is also the one that is signed: a dimension that is not limited is absent, times are microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Terms {
    /// What may be done.
    pub action: Action,
    /// Uses at most, over the whole time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// When. Mandatory: a contract has a start and an end.
    pub time: TimeRange,
    /// Only these fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<BTreeSet<String>>,
    /// Only for users in these regions; a province covers its prefectures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions: Option<BTreeSet<AreaCode>>,
    /// Only for these users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<BTreeSet<SubjectCode>>,
}

/// A dimension of [`Terms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// What may be done.
    Action,
    /// How often.
    Count,
    /// When.
    Time,
    /// Which columns.
    Fields,
    /// From where.
    Region,
    /// By whom.
    User,
}

impl Dimension {
    /// The name, as in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Count => "count",
            Self::Time => "time",
            Self::Fields => "fields",
            Self::Region => "region",
            Self::User => "user",
        }
    }

    /// The name of the constraint that carries it on the wire; the action has a place of its own.
    #[must_use]
    pub const fn constraint(self) -> Option<ConstraintName> {
        match self {
            Self::Action => None,
            Self::Count => Some(ConstraintName::Count),
            Self::Time => Some(ConstraintName::Time),
            Self::Fields => Some(ConstraintName::DataField),
            Self::Region => Some(ConstraintName::Region),
            Self::User => Some(ConstraintName::ExpansionItem),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why terms cannot be agreed. Names the dimension or constraint, what was wanted, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TermsRefusal {
    /// More is wanted in a dimension than is offered.
    #[error("{dimension} `{wanted}` is more than is offered: ask for {offered}")]
    Exceeds {
        /// The dimension.
        dimension: Dimension,
        /// What was wanted.
        wanted: String,
        /// What is offered.
        offered: String,
    },
    /// The two have nothing in common in a dimension.
    #[error("{dimension} `{wanted}` has nothing in common with the offer: ask for {offered}")]
    Disjoint {
        /// The dimension.
        dimension: Dimension,
        /// What was wanted.
        wanted: String,
        /// What is offered.
        offered: String,
    },
    /// An action that the document does not know.
    #[error("unknown action `{0}`: expected one of table C.5, such as `read`")]
    UnknownAction(String),
    /// An action that cannot be enforced here.
    #[error("action `{0}` cannot be enforced here: ask for `read` or `download`")]
    UnsupportedAction(Action),
    /// Not exactly one action.
    #[error("{0} actions: a contract has exactly one, `read` or `download`")]
    ActionCount(usize),
    /// A constraint that the document does not know.
    #[error("unknown constraint `{0}`: expected one of table C.6, such as `count`")]
    UnknownConstraint(String),
    /// A constraint that cannot be enforced here.
    #[error(
        "constraint `{0}` cannot be enforced here: use count, time, dataField, region or expansionItem with user"
    )]
    UnsupportedConstraint(ConstraintName),
    /// An operator that the document does not know.
    #[error("unknown operator `{0}`: expected a code `01` to `12` or its name, such as `lteq`")]
    UnknownOperator(String),
    /// An operator that makes no sense with the constraint.
    #[error("operator `{operator}` cannot be enforced on `{name}`: use {supported}")]
    UnsupportedOperator {
        /// The constraint.
        name: ConstraintName,
        /// The operator.
        operator: Operator,
        /// Operators that would do.
        supported: &'static str,
    },
    /// A value that is not of its constraint's form.
    #[error("value `{value}` of `{name}` is wrong: expected {expected}")]
    BadValue {
        /// The constraint.
        name: ConstraintName,
        /// The value, cut short where it is long.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// A constraint that occurs twice.
    #[error("constraint `{0}` occurs twice: give it once")]
    Duplicate(ConstraintName),
    /// A constraint that must be there.
    #[error("constraint `{0}` is missing: a contract has a start and an end")]
    Missing(ConstraintName),
    /// A dimension with an empty set: nothing would be allowed.
    #[error("{0} is limited to nothing: name at least one or leave it out")]
    Empty(Dimension),
    /// A count outside its range.
    #[error("count `{0}` is out of range: expected 1 to {max}", max = limits::COUNT_MAX)]
    CountRange(u64),
    /// More items than a dimension can hold.
    #[error("{dimension} names {actual} items: at most {limit}")]
    TooMany {
        /// The dimension.
        dimension: Dimension,
        /// The limit.
        limit: usize,
        /// How many there are.
        actual: usize,
    },
    /// More constraints than a policy can hold, or a longer value.
    #[error("{what} is {actual}: at most {limit}")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// How large it is.
        actual: usize,
    },
    /// Users without the contract's own: nobody could use it.
    #[error(
        "the users `{users}` leave out this contract's user `{user}`, so it could never be used: name `{user}` among them, or leave the users away"
    )]
    UserLeftOut {
        /// The contract's user.
        user: SubjectCode,
        /// The users that are named.
        users: String,
    },
    /// Regions without that of the contract's user: nobody could use it.
    #[error(
        "the regions `{regions}` leave out `{region}`, where this contract's user is registered, so it could never be used: name `{region}` among them, or leave the regions away"
    )]
    RegionLeftOut {
        /// The region of the contract's user.
        region: AreaCode,
        /// The regions that are named.
        regions: String,
    },
    /// An industry code among the regions.
    #[error("`{0}` is an industry, not a region: expected a code such as `3100`")]
    NotARegion(AreaCode),
    /// A fields term on a format that cannot be projected yet.
    #[error("fields cannot be limited on {0} files yet: leave the fields term out")]
    FieldsOnFormat(Format),
    /// A field that the product does not have.
    #[error("the product has no field `{0}`: compare it with the catalogue's columns")]
    UnknownField(String),
    /// A field name that is empty or too long.
    #[error("field name `{0}` has a wrong length: expected 1 to {max} characters", max = limits::COLUMN_NAME_CHARS_MAX)]
    FieldName(String),
}

impl TermsRefusal {
    /// The dimension that the refusal is about, where it is about one.
    #[must_use]
    pub const fn dimension(&self) -> Option<Dimension> {
        match self {
            Self::Exceeds { dimension, .. } | Self::Disjoint { dimension, .. } => Some(*dimension),
            Self::Empty(dimension) | Self::TooMany { dimension, .. } => Some(*dimension),
            Self::UnknownAction(_) | Self::UnsupportedAction(_) | Self::ActionCount(_) => {
                Some(Dimension::Action)
            }
            Self::CountRange(_) => Some(Dimension::Count),
            Self::NotARegion(_) => Some(Dimension::Region),
            Self::UserLeftOut { .. } => Some(Dimension::User),
            Self::RegionLeftOut { .. } => Some(Dimension::Region),
            Self::FieldsOnFormat(_) | Self::UnknownField(_) | Self::FieldName(_) => Some(Dimension::Fields),
            _ => None,
        }
    }
}

impl Terms {
    /// Terms with nothing limited but action and time.
    #[must_use]
    pub const fn new(action: Action, time: TimeRange) -> Self {
        Self { action, count: None, time, fields: None, regions: None, users: None }
    }

    /// The same terms with at most `count` uses.
    #[must_use]
    pub fn with_count(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }

    /// The same terms with these fields only.
    #[must_use]
    pub fn with_fields<S: Into<String>>(self, fields: impl IntoIterator<Item = S>) -> Self {
        Self { fields: Some(fields.into_iter().map(Into::into).collect()), ..self }
    }

    /// The same terms for users in these regions only.
    #[must_use]
    pub fn with_regions(self, regions: impl IntoIterator<Item = AreaCode>) -> Self {
        Self { regions: Some(regions.into_iter().collect()), ..self }
    }

    /// The same terms for these users only.
    #[must_use]
    pub fn with_users(self, users: impl IntoIterator<Item = SubjectCode>) -> Self {
        Self { users: Some(users.into_iter().collect()), ..self }
    }

    /// Checks that the terms can be kept by anyone: a supported action, no empty set, all within the limits.
    ///
    /// # Errors
    /// [`TermsRefusal`] that names the dimension.
    pub fn check(&self) -> Result<(), TermsRefusal> {
        if !self.action.is_supported() {
            return Err(TermsRefusal::UnsupportedAction(self.action));
        }
        if let Some(count) = self.count.filter(|count| !(1..=limits::COUNT_MAX).contains(count)) {
            return Err(TermsRefusal::CountRange(count));
        }
        check_set(Dimension::Fields, self.fields.as_ref(), limits::FIELDS_MAX)?;
        check_set(Dimension::Region, self.regions.as_ref(), limits::REGIONS_MAX)?;
        check_set(Dimension::User, self.users.as_ref(), limits::USERS_MAX)?;
        self.fields.iter().flatten().try_for_each(|field| check_field_name(field))?;
        match self.regions.iter().flatten().find(|area| area.is_industry()) {
            Some(area) => Err(TermsRefusal::NotARegion(*area)),
            None => Ok(()),
        }
    }

    /// Checks that the contract's user, by its connector, may use it: users and regions are not limited, or it and its region are among them.
    ///
    /// # Errors
    /// [`TermsRefusal::UserLeftOut`], [`TermsRefusal::RegionLeftOut`].
    pub fn check_user(&self, user: &NodeId) -> Result<(), TermsRefusal> {
        let (subject, region) = (user.subject(), user.area());
        if let Some(users) = self.users.as_ref().filter(|users| !users.contains(&subject)) {
            return Err(TermsRefusal::UserLeftOut { user: subject, users: list(users) });
        }
        match self.regions.as_ref().filter(|regions| !admit::covers(regions, region)) {
            Some(regions) => Err(TermsRefusal::RegionLeftOut { region, regions: list(regions) }),
            None => Ok(()),
        }
    }

    /// Checks that the terms can be kept on such a file: fields only on CSV, and only fields that exist.
    ///
    /// # Errors
    /// As [`Terms::check`], and [`TermsRefusal::FieldsOnFormat`], [`TermsRefusal::UnknownField`].
    pub fn check_profile(&self, profile: &Profile) -> Result<(), TermsRefusal> {
        self.check()?;
        let Some(fields) = &self.fields else { return Ok(()) };
        if profile.format != Format::Csv {
            return Err(TermsRefusal::FieldsOnFormat(profile.format));
        }
        let known: BTreeSet<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
        match fields.iter().find(|field| !known.contains(field.as_str())) {
            Some(field) => Err(TermsRefusal::UnknownField(field.clone())),
            None => Ok(()),
        }
    }
}

fn check_set<T>(dimension: Dimension, set: Option<&BTreeSet<T>>, limit: usize) -> Result<(), TermsRefusal> {
    match set.map(BTreeSet::len) {
        Some(0) => Err(TermsRefusal::Empty(dimension)),
        Some(actual) if actual > limit => Err(TermsRefusal::TooMany { dimension, limit, actual }),
        _ => Ok(()),
    }
}

fn check_field_name(field: &str) -> Result<(), TermsRefusal> {
    if field.is_empty() || limits::too_long(field, limits::COLUMN_NAME_CHARS_MAX).is_some() {
        return Err(TermsRefusal::FieldName(excerpt(field)));
    }
    Ok(())
}

/// A value for a message: its first characters, because it may be hostile in length.
fn excerpt(text: &str) -> String {
    const SHOWN: usize = 80;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// A set for a message, its first items only.
fn list<T: fmt::Display>(items: impl IntoIterator<Item = T>) -> String {
    const SHOWN: usize = 8;
    let mut items = items.into_iter();
    let mut shown: Vec<String> = items.by_ref().take(SHOWN).map(|item| excerpt(&item.to_string())).collect();
    if items.next().is_some() {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests;
