//! The cases of what lies below the use cases: store, network, files, certificates.

use dataplane::DataError;
use net::NetError;
use serde_json::{Value, json};
use store::StoreError;

use super::{Case, RETRY_AFTER_MS};

pub(super) fn certificate(error: &crypto::Error) -> Case {
    use crypto::Error;
    let at = |secs: i64| domain::Timestamp::from_secs(secs).to_string();
    match error {
        Error::Expired { subject, not_after, .. } => {
            ("certificate-expired", json!({"subject": subject, "end": at(*not_after)}))
        }
        Error::NotYetValid { subject, not_before, at: now } => {
            ("certificate-not-yet", json!({"subject": subject, "from": at(*not_before), "at": at(*now)}))
        }
        Error::UnknownIssuer { subject, issuer } => {
            ("certificate-untrusted", json!({"subject": subject, "issuer": issuer}))
        }
        Error::PrivateKey(_) => ("private-key", Value::Null),
        Error::BadSignature => ("signature-differs", Value::Null),
        _ => ("", Value::Null),
    }
}

pub(super) fn store(error: &StoreError) -> Case {
    match error {
        StoreError::Address { address, reason } => {
            ("store-address", json!({"address": address, "reason": reason}))
        }
        StoreError::Unreachable { location, source } => {
            ("store-unreachable", json!({"location": location, "reason": source.to_string()}))
        }
        StoreError::NotWritable { path, source } => {
            ("store-not-writable", json!({"path": path, "reason": source.to_string()}))
        }
        StoreError::Missing { location } => ("store-missing", json!({"location": location})),
        StoreError::NotAStore { location } => ("store-foreign", json!({"location": location})),
        StoreError::Newer { location, found, known, written_by } => (
            "store-newer",
            json!({"location": location, "found": found, "known": known, "writtenBy": written_by}),
        ),
        StoreError::Locked { location, holder } => {
            ("store-locked", json!({"location": location, "holder": holder}))
        }
        StoreError::Fenced => ("store-taken-over", Value::Null),
        StoreError::Closed => ("store-closed", Value::Null),
        StoreError::Conflict { .. } | StoreError::Contention { .. } => {
            ("store-busy", json!({"retry_after_ms": RETRY_AFTER_MS}))
        }
        StoreError::BodyVersion { found, known } => {
            ("store-body-newer", json!({"found": found, "known": known}))
        }
        StoreError::Commit { source } => ("store-not-durable", json!({"reason": source.to_string()})),
        StoreError::Database { source } => ("store-database", json!({"reason": source.to_string()})),
        _ => ("", Value::Null),
    }
}

pub(super) fn net(error: &NetError) -> Case {
    match error {
        NetError::BadUrl { url, reason } => ("net-address", json!({"host": url, "reason": reason})),
        NetError::PlainHttp { host } => ("net-plain", json!({"host": host})),
        NetError::AddressRefused { host, address, .. } => {
            ("net-private", json!({"host": host, "address": address.to_string()}))
        }
        NetError::Unresolved { host, .. } => ("net-unresolved", json!({"host": host})),
        NetError::Unreachable { host, .. } => ("net-unreachable", json!({"host": host})),
        NetError::Timeout { host, limit, .. } => {
            ("net-timeout", json!({"host": host, "limitMs": u64::try_from(limit.as_millis()).ok()}))
        }
        NetError::Tls { host, reason } => ("net-tls", json!({"host": host, "reason": reason})),
        NetError::TooLarge { host, limit } => ("net-too-large", json!({"host": host, "limit": limit})),
        NetError::Redirected { host, to } => ("net-redirected", json!({"host": host, "to": to})),
        NetError::Status { host, status } => ("net-status", json!({"host": host, "answered": status})),
        NetError::Broken { host, .. } => ("net-broken", json!({"host": host})),
        NetError::BadHeader { .. } | NetError::Setup(_) => ("", Value::Null),
    }
}

pub(super) fn source(error: &DataError) -> Case {
    match error {
        DataError::UnknownText { path, line, offset } => {
            ("file-text", json!({"path": path, "line": line, "offset": offset}))
        }
        DataError::Malformed { path, line, offset, encoding } => {
            ("file-encoding", json!({"path": path, "line": line, "offset": offset, "encoding": encoding}))
        }
        DataError::UnclosedQuote { path, line } => ("file-quote", json!({"path": path, "line": line})),
        DataError::Ragged { path, line, expected, found, .. } => {
            ("file-ragged", json!({"path": path, "line": line, "expected": expected, "found": found}))
        }
        DataError::RowTooLong { path, line, limit } => {
            ("file-row", json!({"path": path, "line": line, "limit": limit}))
        }
        DataError::TooManyColumns { path, found, limit } => (
            "file-columns",
            json!({"path": path, "line": 1, "limit": limit, "actual": found, "found": found}),
        ),
        DataError::LongHeader { path, chars, limit, column } => (
            "file-long-name",
            json!({"path": path, "line": 1, "column": column, "limit": limit, "actual": chars, "found": chars}),
        ),
        DataError::DuplicateHeader { path, name, first, second } => (
            "file-header",
            json!({"path": path, "line": 1, "column": second, "first": first, "second": second, "name": name}),
        ),
        DataError::ControlInHeader { path, column, character } => {
            ("file-control-name", json!({"path": path, "line": 1, "column": column, "character": character}))
        }
        DataError::EmptyHeader { path, column } => {
            ("file-nameless", json!({"path": path, "line": 1, "column": column}))
        }
        DataError::SourceChanged { path, catalogued, found } => {
            ("file-changed", json!({"path": path, "catalogued": catalogued, "found": found}))
        }
        DataError::Missing { path } => ("file-missing", json!({"path": path})),
        DataError::NotAFile { path } => ("file-special", json!({"path": path})),
        DataError::UnknownExtension { path } => ("file-ending", json!({"path": path})),
        DataError::Empty { path } => ("file-empty", json!({"path": path})),
        DataError::Io { path, source, .. } => {
            ("file-unreadable", json!({"path": path, "reason": source.to_string()}))
        }
        DataError::ChangedWhileRead { path } => ("file-changing", json!({"path": path})),
        DataError::ReaderFailed { path, reason } => ("file-defect", json!({"path": path, "reason": reason})),
        DataError::Parquet { path, reason } => ("file-parquet", json!({"path": path, "reason": reason})),
        DataError::WrongEncoding { path, encoding } => (
            "file-is-utf8",
            json!({"path": path, "field": "encoding", "actual": encoding, "encoding": encoding}),
        ),
        DataError::UnknownEncoding { name } => {
            ("unknown-encoding", json!({"field": "encoding", "actual": name}))
        }
        DataError::UnknownField { field, .. } => {
            ("unknown-field", json!({"constraint": "fields", "actual": field}))
        }
        DataError::ParquetProjection => {
            ("fields-on-format", json!({"constraint": "fields", "actual": "Parquet"}))
        }
        DataError::NoFields => ("limited-to-nothing", json!({"constraint": "fields"})),
        DataError::OffsetBeyondEnd { offset, bytes } => {
            ("offset-beyond-end", json!({"field": "offset", "limit": bytes, "actual": offset}))
        }
        DataError::BadStation { .. } => ("", Value::Null),
        DataError::Interrupted(_) => ("interrupted", json!({"retry_after_ms": RETRY_AFTER_MS})),
    }
}
