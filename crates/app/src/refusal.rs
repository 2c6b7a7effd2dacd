//! The one place where an error becomes a return code of NDI-TR-2025-03, annex C (with the cases of docs/WIRE.md, 1).

use domain::engine::EngineError;
use domain::terms::UseRefusal;
use ndi::return_code::{Extension, Module, System};
use ndi::{Reply, ReturnCode};
use serde_json::{Value, json};

use crate::Error;

/// The answer to a message that was refused, with the case and its values as data (docs/WIRE.md, 1). Faults of our own are told by
/// their code only: their text is for our log.
pub fn reply(error: &Error) -> Reply {
    let refused = match error {
        Error::Message(error) => Reply::refuse_error(Module::Common, error),
        Error::Peer { code, message, .. } => {
            return Reply::refuse(code.parse().unwrap_or_else(|_| return_code(error)), message);
        }
        error if is_own_fault(error) => return Reply::refuse(return_code(error), ""),
        error => Reply::refuse(return_code(error), &error.to_string()),
    };
    Reply { data: Value::Object(crate::told::fields(error)), ..refused }
}

/// Whether the fault is this node's: the sender can do nothing about it, and does not see its text.
pub(crate) fn is_own_fault(error: &Error) -> bool {
    matches!(
        error,
        Error::Store(_)
            | Error::Folder { .. }
            | Error::Corrupt(_)
            | Error::Keys(_)
            | Error::Engine(EngineError::Failed { .. })
            | Error::Net(_)
            // Its text names a file of ours.
            | Error::Source(_)
    )
}

/// The return code of an error.
pub fn return_code(error: &Error) -> ReturnCode {
    let common = Module::Common;
    let extension = match error {
        Error::Message(error) => return error.return_code(common),
        Error::Source(dataplane::DataError::SourceChanged { .. }) | Error::SourceChanged(_) => {
            Extension::SourceChanged
        }
        Error::Input { .. } | Error::Source(_) | Error::Engine(EngineError::Query(_)) => {
            return ReturnCode::parameter(common, ndi::return_code::Parameter::Format);
        }
        Error::Crypto(_) | Error::Unauthenticated(_) => {
            return ReturnCode::system(common, System::Unauthorised);
        }
        Error::Store(error) if error.is_conflict() => return ReturnCode::system(common, System::Busy),
        Error::Repeated | Error::NotYet(_) | Error::NotReady { .. } => {
            return ReturnCode::system(common, System::Busy);
        }
        Error::Net(_) => return ReturnCode::system(common, System::NetworkFault),
        Error::Store(_)
        | Error::Folder { .. }
        | Error::Corrupt(_)
        | Error::Keys(_)
        | Error::Engine(EngineError::Failed { .. })
        | Error::NotJoined(_)
        | Error::Peer { .. } => {
            return ReturnCode::system(common, System::Unknown);
        }
        Error::NotFound { .. } => Extension::ObjectNotFound,
        Error::State(_) => Extension::WrongState,
        Error::Terms(_) => Extension::TermsRefused,
        Error::Use(_) | Error::Metering(_) => Extension::UseRefused,
        Error::Ledger(_) | Error::Evidence(_) => Extension::EvidenceRefused,
        Error::Enrolment(_) => Extension::EnrolmentRefused,
        Error::Forbidden(_) => Extension::NotAllowed,
        Error::SequenceReused(_) => Extension::SequenceReused,
    };
    ReturnCode::extension(extension)
}

/// A refused use in fields: the constraint that refused it, its limit, and the value that met it (docs/WIRE.md, 6).
pub fn use_fields(refusal: &UseRefusal) -> Value {
    let constraint = refusal.dimension().map(domain::terms::Dimension::name);
    let (limit, actual) = match refusal {
        UseRefusal::NotPerforming { status } => (Value::Null, json!(status.code())),
        UseRefusal::Count { limit, used } => (json!(limit), json!(used)),
        UseRefusal::NotYet { start: limit, at } | UseRefusal::Over { end: limit, at } => {
            (json!(limit.to_string()), json!(at.to_string()))
        }
        UseRefusal::Field { field, granted } => (json!(granted), json!(field)),
        UseRefusal::Region { allowed, actual } => (json!(allowed), json!(actual)),
        UseRefusal::User { actual } => (Value::Null, json!(actual)),
    };
    json!({"constraint": constraint, "limit": limit, "actual": actual})
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
