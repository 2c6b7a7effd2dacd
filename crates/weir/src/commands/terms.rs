//! Terms on the command line and on the screen: flags or a JSON file in, one line out (MANAGEMENT-API, "Terms").
//!
//! What the terms mean, and whether they can be had, is the node's to say; here only what cannot be a time, a file or a user's code is refused.

use std::path::Path;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, SecondsFormat, TimeZone};
use domain::id::{IdError, SubjectCode};
use serde_json::{Map, Value, json};

use crate::cli::TermsArgs;
use crate::commands::Context;
use crate::commands::view::{OFFSET_SECS, day_or_time, last_day_or_time, plain};
use crate::exit::Exit;
use crate::files::read_within;
use crate::problem::{Failure, Result};

/// The longest terms file that is read, in bytes: the API takes no more.
const FILE_BYTES_MAX: u64 = 1 << 20;

impl TermsArgs {
    /// Whether nothing was said about terms.
    pub(crate) fn is_empty(&self) -> bool {
        let lists = [&self.fields, &self.regions, &self.users];
        self.terms.is_none()
            && self.action.is_none()
            && self.count.is_none()
            && self.from.is_none()
            && self.to.is_none()
            && lists.iter().all(|list| list.is_empty())
    }
}

/// The terms that the flags say, on top of `base` (an offer, or the other side's last terms): a flag replaces its dimension.
///
/// # Errors
/// [`Exit::Usage`] for a time that is none and for a user's code whose check character is wrong; [`Exit::BadInput`] for a file that is no
/// JSON object.
pub(crate) fn over(base: &Value, args: &TermsArgs) -> Result<Value> {
    if let Some(path) = &args.terms {
        let terms = read(path)?;
        let users = terms.get("users").and_then(Value::as_array);
        users.into_iter().flatten().filter_map(Value::as_str).try_for_each(check_code)?;
        return Ok(terms);
    }
    args.users.iter().map(String::as_str).try_for_each(check_code)?;
    let mut terms = base.as_object().cloned().unwrap_or_default();
    terms.retain(|_, value| !value.is_null());
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            terms.insert(name.to_owned(), value);
        }
    };
    let list = |values: &[String]| (!values.is_empty()).then(|| json!(values));
    set("action", args.action.as_ref().map(|action| json!(action)));
    set("count", args.count.map(|count| json!(count)));
    set(
        "from",
        args.from.as_deref().map(|text| time("--from", text, Edge::Start)).transpose()?.map(Value::from),
    );
    set("to", args.to.as_deref().map(|text| time("--to", text, Edge::End)).transpose()?.map(Value::from));
    set("fields", list(&args.fields));
    set("regions", list(&args.regions));
    set("users", list(&args.users));
    Ok(Value::Object(terms))
}

/// Whether a user's code is a unified social credit code (GB 32100): with a wrong one the terms would fit nobody.
fn check_code(code: &str) -> Result<()> {
    let refuse = |key| Failure::new(Exit::Usage, key).with("value", code);
    match SubjectCode::uscc(code) {
        Ok(_) => Ok(()),
        Err(IdError::CreditCode { computed, .. }) => {
            Err(refuse("terms-user-check").with("computed", computed))
        }
        Err(_) => Err(refuse("terms-user")),
    }
}

fn read(path: &Path) -> Result<Value> {
    let refuse = |reason: String| {
        Failure::new(Exit::BadInput, "terms-file").with("path", path.display()).with("reason", reason)
    };
    let json = read_within(path, FILE_BYTES_MAX).map_err(|error| refuse(error.to_string()))?;
    let terms: Map<String, Value> =
        serde_json::from_slice(&json).map_err(|error| refuse(error.to_string()))?;
    Ok(Value::Object(terms))
}

/// Which end of a day a date without a time means.
#[derive(Clone, Copy)]
enum Edge {
    /// Its first moment.
    Start,
    /// The first moment of the next day.
    End,
}

/// A time in RFC 3339, or a date, which is a whole day at UTC+8.
fn time(flag: &'static str, text: &str, edge: Edge) -> Result<String> {
    if DateTime::parse_from_rfc3339(text).is_ok() {
        return Ok(text.to_owned());
    }
    day(text, edge)
        .ok_or_else(|| Failure::new(Exit::Usage, "terms-time").with("flag", flag).with("value", text))
}

fn day(text: &str, edge: Edge) -> Option<String> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let date = match edge {
        Edge::Start => date,
        Edge::End => date.succ_opt()?,
    };
    let zone = FixedOffset::east_opt(OFFSET_SECS)?;
    let moment = zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).single()?;
    Some(moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Terms on one line: `read · at most 1 use · 2026-01-01 to 2026-12-31 · fields PM2.5, O3`.
pub(crate) fn shown(context: &Context, terms: &Value) -> String {
    let text = |name: &str| terms.get(name).filter(|value| !value.is_null()).map(plain);
    let action = text("action").map(|action| super::view::word(context, &action, &action));
    let mut parts: Vec<String> = action.into_iter().collect();
    if let Some(count) = terms.get("count").and_then(Value::as_u64) {
        parts.push(context.msg("terms-count", &[("count", count.into())]));
    }
    if let (Some(from), Some(to)) = (terms.get("from"), terms.get("to")) {
        let args = [("from", day_or_time(from).into()), ("to", last_day_or_time(to).into())];
        parts.push(context.msg("terms-span", &args));
    }
    for (name, key) in [("fields", "terms-fields"), ("regions", "terms-regions"), ("users", "terms-users")] {
        parts.extend(text(name).map(|values| context.msg(key, &[("values", values.into())])));
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::commands::tests::context;

    #[test]
    fn flags_replace_their_dimension_and_leave_the_others() {
        let base = json!({"action": "read", "count": 2, "from": "a", "to": "b", "fields": null, "regions": ["1100"]});
        let args =
            TermsArgs { count: Some(1), fields: vec!["PM2.5".into(), "O3".into()], ..TermsArgs::default() };
        assert_eq!(
            over(&base, &args).unwrap(),
            json!({"action": "read", "count": 1, "from": "a", "to": "b", "fields": ["PM2.5", "O3"], "regions": ["1100"]})
        );
        assert!(TermsArgs::default().is_empty() && !args.is_empty());
    }

    #[test]
    fn a_date_is_a_whole_day_at_utc_plus_8() {
        let args = TermsArgs {
            from: Some("2026-01-01".into()),
            to: Some("2026-12-31".into()),
            ..TermsArgs::default()
        };
        let terms = over(&Value::Null, &args).unwrap();
        assert_eq!(terms["from"], "2026-01-01T00:00:00+08:00");
        assert_eq!(terms["to"], "2027-01-01T00:00:00+08:00");
        let args = TermsArgs { from: Some("2026-01-01T08:30:00Z".into()), ..TermsArgs::default() };
        assert_eq!(over(&Value::Null, &args).unwrap()["from"], "2026-01-01T08:30:00Z");
    }

    #[test]
    fn what_is_no_time_is_refused_with_its_flag() {
        for text in ["tomorrow", "2026-13-01", "2026-01-01 10:00", ""] {
            let args = TermsArgs { to: Some(text.into()), ..TermsArgs::default() };
            let failure = over(&Value::Null, &args).unwrap_err();
            assert_eq!((failure.exit, failure.message.key), (Exit::Usage, "terms-time"), "{text}");
            assert_eq!(failure.message.arg("flag"), Some("--to"));
        }
    }

    #[test]
    fn a_user_s_code_with_a_wrong_check_character_is_refused_with_the_right_one() {
        let users = |code: &str| TermsArgs { users: vec![code.into()], ..TermsArgs::default() };
        let failure = over(&Value::Null, &users("91310000MA0000005F")).unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::Usage, "terms-user-check"));
        assert_eq!(failure.message.arg("computed"), Some("E"));
        for code in ["9131", "91310000MI0000005E", ""] {
            assert_eq!(over(&Value::Null, &users(code)).unwrap_err().message.key, "terms-user", "{code}");
        }
        let good = over(&Value::Null, &users("91310000MA0000005E")).unwrap();
        assert_eq!(good, json!({"users": ["91310000MA0000005E"]}));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terms.json");
        std::fs::write(&path, "{\"users\": [\"91310000MA0000005F\"]}").unwrap();
        let args = TermsArgs { terms: Some(path), ..TermsArgs::default() };
        assert_eq!(over(&Value::Null, &args).unwrap_err().message.key, "terms-user-check");
    }

    #[test]
    fn a_file_is_read_whole_or_refused_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terms.json");
        let args = TermsArgs { terms: Some(path.clone()), ..TermsArgs::default() };
        let refused = || {
            let failure = over(&json!({"count": 9}), &args).unwrap_err();
            assert_eq!((failure.exit, failure.message.key), (Exit::BadInput, "terms-file"));
        };
        refused();
        for text in ["", "[1]", "{\"a\":", "7"] {
            std::fs::write(&path, text).unwrap();
            refused();
        }
        std::fs::write(&path, vec![b' '; FILE_BYTES_MAX as usize + 1]).unwrap();
        refused();
        std::fs::write(&path, "{\"action\": \"read\"}").unwrap();
        assert_eq!(over(&json!({"count": 9}), &args).unwrap(), json!({"action": "read"}));
    }

    #[test]
    fn terms_fit_on_one_line() {
        let (context, _) = context(&[]);
        let terms = json!({"action": "read", "count": 1, "from": "2025-12-31T16:00:00Z", "to": "2026-06-01T12:00:00Z",
            "fields": ["PM2.5", "O3"], "users": null});
        let line = shown(&context, &terms);
        assert_eq!(line, "read · at most 1 use · 2026-01-01 to 2026-06-01T20:00:00+08:00 · fields PM2.5, O3");
        let args = TermsArgs {
            from: Some("2030-01-01".into()),
            to: Some("2030-12-31".into()),
            ..TermsArgs::default()
        };
        let days = over(&Value::Null, &args).unwrap();
        assert_eq!(shown(&context, &days), "2030-01-01 to 2030-12-31");
        assert_eq!(shown(&context, &Value::Null), "");
    }
}
