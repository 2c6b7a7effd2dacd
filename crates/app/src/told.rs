//! An error without words: the name of its case, and the values that a sentence about it has. The interfaces say it in their
//! reader's language (docs/MANAGEMENT-API.md, "Problems"); `Display` of an error is for the log.
//!
//! A case without values of its own, and what only another library has words for, is left to the error's code.

use domain::codes::UnknownCode;
use domain::id::IdError;
use domain::terms::{TermsRefusal, UseRefusal};
use domain::{Refusal, TimeError};
use serde_json::{Map, Value, json};

use crate::{Error, Reason};

mod outside;

/// After how many milliseconds to ask again for what will be here soon.
pub const RETRY_AFTER_MS: u64 = 500;

/// A case, and its values.
pub(crate) type Case = (&'static str, Value);

/// The case of an error where it has one, as `case`, with its values. A peer's own are among them where it sent such.
pub fn fields(error: &Error) -> Map<String, Value> {
    let (case, value) = case(error);
    let mut fields = match value {
        Value::Object(fields) => fields.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    };
    if !case.is_empty() {
        fields.insert("case".to_owned(), case.into());
    }
    fields
}

fn case(error: &Error) -> Case {
    match error {
        Error::Crypto(error) => outside::certificate(error),
        Error::Store(error) => outside::store(error),
        Error::Net(error) => outside::net(error),
        Error::Source(error) => outside::source(error),
        Error::Message(error) => message(error),
        Error::Input { field, detail } => at_field(field, reason(detail)),
        Error::NotFound { kind, id } => ("not-found", json!({"kind": kind, "id": id})),
        Error::State(error) => refusal(error),
        Error::Terms(error) => terms(error),
        Error::Use(error) => used(error),
        Error::Metering(detail)
        | Error::Forbidden(detail)
        | Error::Enrolment(detail)
        | Error::NotJoined(detail)
        | Error::Keys(detail) => reason(detail),
        Error::SequenceReused(sequence) => ("sequence-reused", json!({"sequenceNum": sequence})),
        Error::NotYet(detail) => again(reason(detail), RETRY_AFTER_MS),
        Error::NotReady { what, retry_after_ms } => again(reason(what), *retry_after_ms),
        Error::SourceChanged(product) => ("product-changed", json!({"product": product})),
        Error::Repeated => again(("repeated", json!({})), RETRY_AFTER_MS),
        Error::Peer { peer, code, message, data } => ("", peer_said(peer, code, message, data)),
        Error::Folder { path, source } => ("folder", json!({"path": path, "reason": source.to_string()})),
        Error::Ledger(_)
        | Error::Engine(_)
        | Error::Unauthenticated(_)
        | Error::Evidence(_)
        | Error::Corrupt(_) => ("", Value::Null),
    }
}

fn reason(reason: &Reason) -> Case {
    (reason.case().unwrap_or_default(), Value::Object(reason.values().clone()))
}

fn at_field(field: &str, (case, values): Case) -> Case {
    (case, with(values, "field", field.into()))
}

fn again((case, values): Case, retry_after_ms: u64) -> Case {
    (case, with(values, "retry_after_ms", retry_after_ms.into()))
}

fn with(values: Value, name: &str, value: Value) -> Value {
    let mut all = match values {
        Value::Object(all) => all,
        _ => Map::new(),
    };
    all.insert(name.to_owned(), value);
    Value::Object(all)
}

/// What a peer said, with its own typed fields beside ours.
fn peer_said(peer: &str, code: &str, message: &str, data: &Value) -> Value {
    let mut fields = data.as_object().cloned().unwrap_or_default();
    for (name, value) in [("peer", peer), ("peerCode", code), ("reason", message)] {
        fields.insert(name.to_owned(), Value::from(value));
    }
    Value::Object(fields)
}

fn message(error: &ndi::Error) -> Case {
    let (case, values) = match error {
        ndi::Error::Empty { .. } => ("field-missing", json!({})),
        ndi::Error::Format { found, expected, .. } => {
            ("field-form", json!({"found": found, "expected": expected}))
        }
        ndi::Error::Length { length, limit, .. } => {
            ("field-length", json!({"actual": length, "limit": limit}))
        }
        ndi::Error::AllEmpty => ("body-empty", json!({})),
        ndi::Error::Version { found, expected } => {
            ("field-form", json!({"found": found, "expected": expected}))
        }
        ndi::Error::Timestamp { found, expected } => {
            ("field-form", json!({"found": found, "expected": expected}))
        }
        ndi::Error::MessageName { found, expected } => {
            ("field-form", json!({"found": found, "expected": expected}))
        }
        ndi::Error::Refused { reason, cause, .. } => match cause.as_deref().map(of_domain) {
            Some(case) if !case.0.is_empty() => case,
            _ => ("field-refused", json!({"reason": reason})),
        },
        ndi::Error::Terms { reason, cause, .. } => match cause.as_deref().map(of_domain) {
            Some(case) if !case.0.is_empty() => case,
            _ => ("terms-refused", json!({"reason": reason})),
        },
        ndi::Error::Signature { key, .. } => ("signature", json!({"key": key})),
        ndi::Error::Unparsable { .. } | ndi::Error::Write(_) => ("", json!({})),
    };
    match error.field() {
        Some(field) => at_field(field, (case, values)),
        None => (case, values),
    }
}

fn of_domain(error: &domain::Error) -> Case {
    match error {
        domain::Error::Id(error) => id(error),
        domain::Error::Time(error) => time(error),
        domain::Error::Code(error) => code(error),
        domain::Error::Terms(error) => terms(error),
        domain::Error::Use(error) => used(error),
        domain::Error::Step(error) => refusal(error),
        domain::Error::Engine(_) => ("", Value::Null),
    }
}

/// Why a text is no identifier.
pub(crate) fn id(error: &IdError) -> Case {
    match error {
        IdError::Length { text, expected, actual, .. } => {
            ("id-length", json!({"text": text, "expected": expected, "actual": actual}))
        }
        IdError::Character { text, found, position, .. } => {
            ("id-character", json!({"text": text, "found": found, "position": position}))
        }
        IdError::Type { text, found, expected } => {
            ("id-type", json!({"text": text, "found": found, "expected": expected}))
        }
        IdError::CheckCharacter { text, found, computed } => {
            ("id-check", json!({"text": text, "found": found, "computed": computed}))
        }
        IdError::Separator { text, found } => ("id-separator", json!({"text": text, "found": found})),
        IdError::Extension { text, .. } => ("id-extension", json!({"text": text})),
        IdError::Area { code, .. } => ("area", json!({"text": code})),
        IdError::CreditCode { text, found, computed } => {
            ("credit-code", json!({"text": text, "found": found, "computed": computed}))
        }
        IdError::Time { text, time } => ("id-time", json!({"text": text, "time": time})),
        IdError::Draws(draws) => ("id-draws", json!({"draws": draws})),
    }
}

/// Why a text is none of a table's codes.
pub(crate) fn code(error: &UnknownCode) -> Case {
    ("unknown-code", json!({"table": error.table, "text": error.code, "expected": error.expected}))
}

fn time(error: &TimeError) -> Case {
    match error {
        TimeError::Rfc3339(text) | TimeError::Compact(text) | TimeError::Document(text) => {
            ("no-time", json!({"text": text}))
        }
        TimeError::EmptyRange { start, end } => {
            ("time-range-empty", json!({"from": start.to_string(), "to": end.to_string()}))
        }
        TimeError::OutOfRange => ("time-out-of-range", json!({})),
        TimeError::Range(text) => ("no-time-range", json!({"text": text})),
    }
}

fn refusal(error: &Refusal) -> Case {
    match error {
        Refusal::NotPossible { object, state, input, possible } => {
            ("not-possible", json!({"object": object, "state": state, "input": input, "possible": possible}))
        }
        Refusal::Terms(error) => terms(error),
        Refusal::Signature(_) => ("", Value::Null),
        Refusal::RoundsExhausted { limit } => ("rounds-exhausted", json!({"limit": limit})),
        Refusal::SameTerms => ("same-terms", json!({})),
        Refusal::AlreadyProposed { round } => ("already-proposed", json!({"round": round})),
        Refusal::Over { end } => ("terms-over", json!({"end": end.to_string()})),
        Refusal::NotOver { end } => ("terms-not-over", json!({"end": end.to_string()})),
        Refusal::IdConflict { object, known, given } => {
            ("id-conflict", json!({"object": object, "known": known, "given": given}))
        }
        Refusal::TooLong { what, limit, actual } => {
            ("text-too-long", json!({"field": what, "limit": limit, "actual": actual}))
        }
        Refusal::TooMany { what, limit, actual } => {
            ("too-many", json!({"field": what, "limit": limit, "actual": actual}))
        }
        Refusal::Empty { what } => ("text-empty", json!({"field": what})),
        Refusal::Invalid { object, reason } => ("invalid", json!({"object": object, "reason": reason})),
        Refusal::Code(error) => code(error),
        Refusal::Time(error) => time(error),
    }
}

fn terms(error: &TermsRefusal) -> Case {
    match error {
        TermsRefusal::Exceeds { dimension, wanted, offered } => {
            ("terms-exceed", json!({"constraint": dimension.name(), "wanted": wanted, "offered": offered}))
        }
        TermsRefusal::Disjoint { dimension, wanted, offered } => {
            ("terms-disjoint", json!({"constraint": dimension.name(), "wanted": wanted, "offered": offered}))
        }
        TermsRefusal::UnknownAction(action) => {
            ("unknown-action", json!({"constraint": "action", "actual": action}))
        }
        TermsRefusal::UnsupportedAction(action) => {
            ("unsupported-action", json!({"constraint": "action", "actual": action.to_string()}))
        }
        TermsRefusal::ActionCount(count) => ("one-action", json!({"constraint": "action", "actual": count})),
        TermsRefusal::UnknownConstraint(name) => ("unknown-constraint", json!({"constraint": name})),
        TermsRefusal::UnsupportedConstraint(name) => {
            ("unsupported-constraint", json!({"constraint": name.to_string()}))
        }
        TermsRefusal::UnknownOperator(operator) => ("unknown-operator", json!({"operator": operator})),
        TermsRefusal::UnsupportedOperator { name, operator, supported } => (
            "unsupported-operator",
            json!({"constraint": name.to_string(), "operator": operator.to_string(), "possible": supported}),
        ),
        TermsRefusal::BadValue { name, value, expected } => {
            ("bad-value", json!({"constraint": name.to_string(), "actual": value, "expected": expected}))
        }
        TermsRefusal::Duplicate(name) => ("constraint-twice", json!({"constraint": name.to_string()})),
        TermsRefusal::Missing(name) => ("constraint-missing", json!({"constraint": name.to_string()})),
        TermsRefusal::Empty(dimension) => ("limited-to-nothing", json!({"constraint": dimension.name()})),
        TermsRefusal::CountRange(count) => (
            "count-range",
            json!({"constraint": "count", "actual": count, "limit": domain::limits::COUNT_MAX}),
        ),
        TermsRefusal::TooMany { dimension, limit, actual } => {
            ("too-many-items", json!({"constraint": dimension.name(), "limit": limit, "actual": actual}))
        }
        TermsRefusal::TooLarge { what, limit, actual } => {
            ("terms-too-large", json!({"what": what, "limit": limit, "actual": actual}))
        }
        TermsRefusal::UserLeftOut { user, users } => {
            ("user-left-out", json!({"constraint": "user", "user": user, "users": users}))
        }
        TermsRefusal::RegionLeftOut { region, regions } => (
            "region-left-out",
            json!({"constraint": "region", "region": region.to_string(), "regions": regions}),
        ),
        TermsRefusal::NotARegion(area) => {
            ("not-a-region", json!({"constraint": "region", "actual": area.to_string()}))
        }
        TermsRefusal::FieldsOnFormat(format) => {
            ("fields-on-format", json!({"constraint": "fields", "actual": format.to_string()}))
        }
        TermsRefusal::UnknownField(field) => {
            ("unknown-field", json!({"constraint": "fields", "actual": field}))
        }
        TermsRefusal::FieldName(field) => (
            "field-name",
            json!({"constraint": "fields", "actual": field, "limit": domain::limits::COLUMN_NAME_CHARS_MAX}),
        ),
    }
}

/// A refused use is told by its constraint, limit and value; where the state refused it, by the state.
fn used(error: &UseRefusal) -> Case {
    let case = match error {
        UseRefusal::NotPerforming { .. } => "use-in-state",
        UseRefusal::Count { .. } => "use-count",
        UseRefusal::NotYet { .. } => "use-before-its-time",
        UseRefusal::Over { .. } => "use-after-its-time",
        UseRefusal::Field { .. } => "use-field",
        UseRefusal::Region { .. } => "use-region",
        UseRefusal::User { .. } => "use-user",
    };
    (case, crate::refusal::use_fields(error))
}
