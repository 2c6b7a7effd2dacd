//! The one place where an error becomes a problem document (RFC 9457): `{type, title, status, detail, code}` and the typed fields of the case.
//!
//! What a program should look at is `code`, `case` and their fields; `title` is the code in a few words, `detail` this occurrence in a
//! sentence. Both are English: a client shows its reader the sentence of his own catalogue. Cases and fields are those of [`app::told`].

use app::Error;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dataplane::DataError;
use domain::Refusal;
use domain::engine::EngineError;
use ndi::ReturnCode;
use ndi::return_code::{Class, Extension};
use net::NetError;
use serde_json::{Map, Value, json};

/// The cases. Their names are part of the interface: a new case may be added, none is renamed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A field of the request cannot be used.
    Input,
    /// The request's body is no JSON of the expected form.
    Unparsable,
    /// The request's body is larger than the limit.
    BodyTooLarge,
    /// The request's body did not come in time or broke off.
    BodyIncomplete,
    /// No token, or not this node's.
    Unauthorised,
    /// No such path.
    UnknownPath,
    /// The path does not take this method.
    Method,
    /// No such object here.
    NotFound,
    /// The acting party may not do this here.
    Forbidden,
    /// The node or connector has not joined.
    NotJoined,
    /// The object's state does not allow this.
    State,
    /// The terms cannot be agreed.
    Terms,
    /// The gate refused a use.
    UseRefused,
    /// The use cannot be metered or proven.
    Metering,
    /// A signature, window or receipt does not hold.
    Evidence,
    /// A key or certificate cannot be used.
    Certificate,
    /// The enrolment code is unknown, used or expired.
    Enrolment,
    /// The sequence number was used before.
    SequenceReused,
    /// The file cannot be read as data.
    Source,
    /// The file is not the one that was catalogued.
    SourceChanged,
    /// A folder or file of the node cannot be used.
    File,
    /// The search cannot be done as asked.
    SearchQuery,
    /// The search engine failed.
    SearchFailed,
    /// What is asked for will be here soon.
    NotYet,
    /// The same is being done, or the store is busy.
    Busy,
    /// The other side cannot be reached.
    PeerUnreachable,
    /// The other side did not answer in time.
    PeerTimeout,
    /// The other side's address may not be used.
    PeerAddress,
    /// The other side is not who it should be.
    PeerUntrusted,
    /// The other side's answer is no answer.
    PeerAnswer,
    /// The other side refused.
    PeerRefused,
    /// The other side failed.
    PeerFailed,
    /// The store failed.
    Store,
    /// A defect of this program or its data.
    Internal,
}

impl Code {
    /// All cases.
    pub const ALL: [Code; 34] = [
        Code::Input,
        Code::Unparsable,
        Code::BodyTooLarge,
        Code::BodyIncomplete,
        Code::Unauthorised,
        Code::UnknownPath,
        Code::Method,
        Code::NotFound,
        Code::Forbidden,
        Code::NotJoined,
        Code::State,
        Code::Terms,
        Code::UseRefused,
        Code::Metering,
        Code::Evidence,
        Code::Certificate,
        Code::Enrolment,
        Code::SequenceReused,
        Code::Source,
        Code::SourceChanged,
        Code::File,
        Code::SearchQuery,
        Code::SearchFailed,
        Code::NotYet,
        Code::Busy,
        Code::PeerUnreachable,
        Code::PeerTimeout,
        Code::PeerAddress,
        Code::PeerUntrusted,
        Code::PeerAnswer,
        Code::PeerRefused,
        Code::PeerFailed,
        Code::Store,
        Code::Internal,
    ];

    /// Name, HTTP status and title: the table.
    fn entry(self) -> (&'static str, u16, &'static str) {
        match self {
            Code::Input => ("input", 400, "a field cannot be used"),
            Code::Unparsable => ("unparsable", 400, "the body cannot be read"),
            Code::BodyTooLarge => ("body-too-large", 413, "the body is too large"),
            Code::BodyIncomplete => ("body-incomplete", 408, "the body did not come in time"),
            Code::Unauthorised => ("unauthorised", 401, "the administrator's token is asked for"),
            Code::UnknownPath => ("unknown-path", 404, "no such path"),
            Code::Method => ("method", 405, "the path does not take this method"),
            Code::NotFound => ("not-found", 404, "no such object here"),
            Code::Forbidden => ("forbidden", 403, "not allowed"),
            Code::NotJoined => ("not-joined", 409, "not joined yet"),
            Code::State => ("state", 409, "the state does not allow this"),
            Code::Terms => ("terms", 409, "the terms cannot be agreed"),
            Code::UseRefused => ("use-refused", 409, "the use was refused"),
            Code::Metering => ("metering", 409, "the use cannot be metered"),
            Code::Evidence => ("evidence", 409, "the evidence does not hold"),
            Code::Certificate => ("certificate", 409, "a key or certificate cannot be used"),
            Code::Enrolment => ("enrolment", 409, "the enrolment code cannot be used"),
            Code::SequenceReused => ("sequence-reused", 409, "the sequence number was used before"),
            Code::Source => ("source", 422, "the file cannot be read as data"),
            Code::SourceChanged => ("source-changed", 409, "the file changed since it was catalogued"),
            Code::File => ("file", 422, "a folder or file cannot be used"),
            Code::SearchQuery => ("search-query", 400, "the search cannot be done as asked"),
            Code::SearchFailed => ("search-failed", 500, "the search failed"),
            Code::NotYet => ("not-yet", 409, "not yet"),
            Code::Busy => ("busy", 503, "busy"),
            Code::PeerUnreachable => ("peer-unreachable", 502, "the other side cannot be reached"),
            Code::PeerTimeout => ("peer-timeout", 504, "the other side did not answer in time"),
            Code::PeerAddress => ("peer-address", 502, "the other side's address cannot be used"),
            Code::PeerUntrusted => ("peer-untrusted", 502, "the other side is not who it should be"),
            Code::PeerAnswer => ("peer-answer", 502, "the other side's answer cannot be used"),
            Code::PeerRefused => ("peer-refused", 409, "the other side refused"),
            Code::PeerFailed => ("peer-failed", 502, "the other side failed"),
            Code::Store => ("store", 500, "the store failed"),
            Code::Internal => ("internal", 500, "a defect of the node"),
        }
    }

    /// The name, as in `code` and at the end of `type`.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.entry().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The case in a few words.
    pub fn title(self) -> &'static str {
        self.entry().2
    }

    /// The case of an error of the use cases.
    pub fn of(error: &Error) -> Code {
        match error {
            Error::Crypto(_) => Code::Certificate,
            Error::Store(error) if error.is_conflict() => Code::Busy,
            Error::Store(_) => Code::Store,
            Error::Net(error) => of_net(error),
            Error::Ledger(_) | Error::Evidence(_) => Code::Evidence,
            Error::Engine(EngineError::Query(_)) => Code::SearchQuery,
            Error::Engine(EngineError::Failed { .. }) => Code::SearchFailed,
            Error::Source(error) => of_source(error),
            Error::Message(error) => of_message(error),
            Error::Input { .. } => Code::Input,
            Error::NotFound { .. } => Code::NotFound,
            Error::State(refusal) => of_refusal(refusal),
            Error::Terms(_) => Code::Terms,
            Error::Use(_) => Code::UseRefused,
            Error::Metering(_) => Code::Metering,
            Error::Unauthenticated(_) => Code::PeerUntrusted,
            Error::Forbidden(_) => Code::Forbidden,
            Error::Enrolment(_) => Code::Enrolment,
            Error::SequenceReused(_) => Code::SequenceReused,
            Error::NotYet(_) | Error::NotReady { .. } => Code::NotYet,
            Error::SourceChanged(_) => Code::SourceChanged,
            Error::Repeated => Code::Busy,
            Error::Peer { code, .. } => of_return_code(code),
            Error::NotJoined(_) => Code::NotJoined,
            Error::Folder { .. } | Error::Keys(_) => Code::File,
            Error::Corrupt(_) => Code::Internal,
        }
    }
}

fn of_net(error: &NetError) -> Code {
    match error {
        NetError::BadUrl { .. } | NetError::PlainHttp { .. } | NetError::AddressRefused { .. } => {
            Code::PeerAddress
        }
        NetError::Unresolved { .. } | NetError::Unreachable { .. } | NetError::Broken { .. } => {
            Code::PeerUnreachable
        }
        NetError::Timeout { .. } => Code::PeerTimeout,
        NetError::Tls { .. } => Code::PeerUntrusted,
        NetError::TooLarge { .. } | NetError::Redirected { .. } | NetError::Status { .. } => Code::PeerAnswer,
        NetError::BadHeader { .. } | NetError::Setup(_) => Code::Internal,
    }
}

fn of_source(error: &DataError) -> Code {
    match error {
        DataError::SourceChanged { .. } => Code::SourceChanged,
        DataError::OffsetBeyondEnd { .. } => Code::Input,
        DataError::ParquetProjection | DataError::UnknownField { .. } | DataError::NoFields => Code::Terms,
        DataError::Interrupted(_) => Code::Busy,
        _ => Code::Source,
    }
}

fn of_message(error: &ndi::Error) -> Code {
    match error {
        ndi::Error::Terms { .. } => Code::Terms,
        ndi::Error::Signature { .. } => Code::Evidence,
        ndi::Error::Write(_) => Code::Internal,
        ndi::Error::AllEmpty | ndi::Error::Unparsable { .. } => Code::Unparsable,
        _ => Code::Input,
    }
}

fn of_refusal(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::Terms(_) | Refusal::SameTerms | Refusal::AlreadyProposed { .. } => Code::Terms,
        Refusal::Signature(_) => Code::Evidence,
        Refusal::TooLong { .. }
        | Refusal::Empty { .. }
        | Refusal::TooMany { .. }
        | Refusal::Invalid { .. }
        | Refusal::Code(_)
        | Refusal::Time(_) => Code::Input,
        Refusal::NotPossible { .. }
        | Refusal::RoundsExhausted { .. }
        | Refusal::Over { .. }
        | Refusal::NotOver { .. }
        | Refusal::IdConflict { .. } => Code::State,
    }
}

/// A refusal of the other side is the same case as one of our own, where the documents' code says which.
fn of_return_code(code: &str) -> Code {
    let Ok(code) = code.parse::<ReturnCode>() else { return Code::PeerAnswer };
    let case = Extension::ALL.into_iter().find(|case| ReturnCode::extension(*case) == code);
    match case {
        Some(Extension::WrongState) => Code::State,
        Some(Extension::TermsRefused) => Code::Terms,
        Some(Extension::UseRefused) => Code::UseRefused,
        Some(Extension::EvidenceRefused) => Code::Evidence,
        Some(Extension::SourceChanged) => Code::SourceChanged,
        Some(Extension::EnrolmentRefused) => Code::Enrolment,
        Some(Extension::SequenceReused | Extension::ObjectNotFound | Extension::NotAllowed) => {
            Code::PeerRefused
        }
        None if code.class() == Some(Class::System) => Code::PeerFailed,
        None => Code::PeerRefused,
    }
}

/// A problem document.
#[derive(Debug, Clone)]
pub struct Problem {
    code: Code,
    detail: String,
    fields: Map<String, Value>,
}

impl Problem {
    /// A problem of the case, with this occurrence in a sentence.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem { code, detail: detail.into(), fields: Map::new() }
    }

    /// A field of the request that cannot be used.
    pub fn input(field: &str, detail: impl std::fmt::Display) -> Problem {
        Problem::new(Code::Input, format!("field `{field}`: {detail}")).with("field", field)
    }

    /// The same with a typed field more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// The case.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The document. The standard members are ours: a field of that name, which a peer may have sent, does not replace them.
    pub fn to_json(&self) -> Value {
        let mut members = self.fields.clone();
        let name = self.code.name();
        for (member, value) in [
            ("type", json!(format!("/problems/{name}"))),
            ("title", json!(self.code.title())),
            ("status", json!(self.code.status().as_u16())),
            ("detail", json!(self.detail)),
            ("code", json!(name)),
        ] {
            members.insert(member.to_owned(), value);
        }
        Value::Object(members)
    }

    /// What the log says of it: faults of our own loudly, the caller's quietly. Logged once, here.
    fn log(&self) {
        let (code, detail) = (self.code.name(), self.detail.as_str());
        match self.code {
            Code::Store | Code::Internal | Code::SearchFailed => {
                tracing::error!(problem.code = code, problem.detail = detail, "a management request failed");
            }
            _ => tracing::info!(problem.code = code, problem.detail = detail, "management request refused"),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem { code: Code::of(&error), detail: error.to_string(), fields: app::told::fields(&error) }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let mut response = (self.code.status(), Json(self.to_json())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.code {
            Code::Unauthorised => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Code::Busy => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests;
