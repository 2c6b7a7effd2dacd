//! What a check tells: a code with its figures, from which the reader's own language makes a sentence, and the English one beside it.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::Error;

/// What a check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// All is well.
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It does not work.
    Failed,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// What was found.
    pub result: Found,
    /// Whether it works: everything but a failure.
    pub ok: bool,
    /// Which finding it is (docs/MANAGEMENT-API.md has them all).
    pub code: &'static str,
    /// What the finding speaks of, by name. Sizes and durations have their unit in the name.
    pub fields: BTreeMap<&'static str, Value>,
    /// The figures, in English.
    pub detail: String,
    /// What to do, where there is something, in English.
    pub way_out: Option<String>,
}

impl Check {
    /// All is well.
    pub(super) fn good(name: &'static str, code: &'static str, detail: impl Into<String>) -> Check {
        Check::of(name, Found::Ok, code, detail.into(), None)
    }

    /// Something should be looked at, or does not work.
    pub(super) fn bad(
        name: &'static str,
        result: Found,
        code: &'static str,
        detail: impl Into<String>,
        way_out: &str,
    ) -> Check {
        Check::of(name, result, code, detail.into(), Some(way_out.to_owned()))
    }

    /// The check could not be made.
    pub(super) fn not_made(name: &'static str, error: &Error) -> Check {
        let detail = format!("could not be looked at: {error}");
        Check::bad(name, Found::Failed, "not-made", detail, "see the store's check").with("reason", error)
    }

    fn of(
        name: &'static str,
        result: Found,
        code: &'static str,
        detail: String,
        way_out: Option<String>,
    ) -> Check {
        Check { name, result, ok: result != Found::Failed, code, fields: BTreeMap::new(), detail, way_out }
    }

    /// With a number.
    pub(super) fn count(mut self, field: &'static str, value: impl Into<Value>) -> Check {
        self.fields.insert(field, value.into());
        self
    }

    /// With a name, a time or the like.
    pub(super) fn with(self, field: &'static str, value: impl ToString) -> Check {
        self.count(field, value.to_string())
    }
}

/// All checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DoctorView {
    /// Whether none failed.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

#[cfg(test)]
pub(super) fn results(checks: impl IntoIterator<Item = Check>) -> Vec<Found> {
    let results = checks.into_iter().inspect(|check| {
        assert_eq!(check.ok, check.result != Found::Failed, "{check:?}");
        assert_eq!(check.way_out.is_none(), check.result == Found::Ok, "a finding has a way out: {check:?}");
    });
    results.map(|check| check.result).collect()
}
