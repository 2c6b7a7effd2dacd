//! Why a page cannot be shown, as a status and a sentence of the catalogue. The only place where an error becomes a page.

use app::Error;
use axum::http::StatusCode;
use domain::engine::EngineError;

/// Why a page cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// Nothing has that name here.
    #[error("no `{0}` here")]
    NotFound(String),
    /// A parameter of the address is longer than it may be.
    #[error("parameter `{name}` has more than {limit} characters")]
    TooLong {
        /// Which one.
        name: &'static str,
        /// The limit, in characters.
        limit: usize,
    },
    /// A parameter of the address is not what it must be; the key names the sentence that says what would do.
    #[error("parameter of the address: {0}")]
    Parameter(&'static str),
    /// What is asked for will be here soon.
    #[error("not there yet: {0}")]
    NotYet(Error),
    /// A node of another process did not answer.
    #[error("the other side did not answer: {0}")]
    Away(Error),
    /// The evidence of a use does not hold, or one side disputes it.
    #[error("the evidence does not hold: {0}")]
    Disputed(Error),
    /// The program failed; the text is for the log only.
    #[error("{0}")]
    Failed(Error),
    /// A template failed; the text is for the log only.
    #[error("{0}")]
    Template(#[from] askama::Error),
}

impl Trouble {
    /// The answer's status.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Trouble::NotFound(_) => StatusCode::NOT_FOUND,
            Trouble::TooLong { .. } | Trouble::Parameter(_) => StatusCode::BAD_REQUEST,
            Trouble::NotYet(_) | Trouble::Disputed(_) => StatusCode::CONFLICT,
            Trouble::Away(_) => StatusCode::BAD_GATEWAY,
            Trouble::Failed(_) | Trouble::Template(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The key of the heading.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Trouble::NotFound(_) => "error-not-found",
            Trouble::TooLong { .. } | Trouble::Parameter(_) => "error-request",
            Trouble::NotYet(_) => "error-not-yet",
            Trouble::Disputed(_) => "error-disputed",
            Trouble::Away(_) => "error-away",
            Trouble::Failed(_) | Trouble::Template(_) => "error-failed",
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { id, .. } => Trouble::NotFound(id),
            Error::NotYet(_) | Error::NotReady { .. } | Error::Repeated | Error::NotJoined(_) => {
                Trouble::NotYet(error)
            }
            Error::Evidence(_) | Error::Metering(_) => Trouble::Disputed(error),
            Error::Net(_) | Error::Peer { .. } => Trouble::Away(error),
            Error::Engine(EngineError::Query(_)) | Error::Input { .. } | Error::Message(_) => {
                Trouble::Parameter("error-parameter")
            }
            other => Trouble::Failed(other),
        }
    }
}

impl From<store::StoreError> for Trouble {
    fn from(error: store::StoreError) -> Self {
        Trouble::Failed(Error::Store(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_status() {
        let cases = [
            (Error::not_found("product", "6…"), StatusCode::NOT_FOUND),
            (Error::NotYet("the window is open".into()), StatusCode::CONFLICT),
            (Error::NotJoined("no identity".into()), StatusCode::CONFLICT),
            (Error::input("text", "too long"), StatusCode::BAD_REQUEST),
            (Error::Engine(EngineError::Query("too long".into())), StatusCode::BAD_REQUEST),
            (
                Error::Peer {
                    peer: "5…".into(),
                    code: "100003".into(),
                    message: "busy".into(),
                    data: serde_json::Value::Null,
                },
                StatusCode::BAD_GATEWAY,
            ),
            (Error::Corrupt("a row".into()), StatusCode::INTERNAL_SERVER_ERROR),
        ];
        for (error, status) in cases {
            let text = error.to_string();
            assert_eq!(Trouble::from(error).status(), status, "{text}");
        }
    }
}
