//! What can go wrong in a use case. The edge (api) turns it into a response: a code and typed fields for people, a return code for peers.

use std::path::PathBuf;

use domain::{Refusal, terms::TermsRefusal, terms::UseRefusal};

use crate::Reason;

/// Why a use case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key, certificate or signature is not what it should be.
    #[error("{0}")]
    Crypto(#[from] crypto::Error),
    /// The store failed or refused; the case is logged where it is handled.
    #[error("{0}")]
    Store(#[from] store::StoreError),
    /// The other side cannot be reached, or its answer is no answer.
    #[error("{0}")]
    Net(#[from] net::NetError),
    /// A log, window or receipt does not hold.
    #[error("{0}")]
    Ledger(#[from] ledger::LedgerError),
    /// The search engine failed.
    #[error("{0}")]
    Engine(#[from] domain::engine::EngineError),
    /// A source file cannot be profiled or delivered, or is no longer what was catalogued.
    #[error("{0}")]
    Source(#[from] dataplane::DataError),
    /// A message does not have the form that its document asks for.
    #[error("{0}")]
    Message(#[from] ndi::Error),
    /// A field of a request cannot be used; `field` is its path.
    #[error("field `{field}`: {detail}")]
    Input {
        /// Path of the field.
        field: String,
        /// What is wrong with it and what would be right.
        detail: Reason,
    },
    /// Nothing of that kind has that identifier here.
    #[error("no {kind} `{id}` here")]
    NotFound {
        /// What was asked for.
        kind: &'static str,
        /// Under which name.
        id: String,
    },
    /// The object's state does not allow this.
    #[error("{0}")]
    State(#[from] Refusal),
    /// The terms lie outside what is offered or cannot be enforced.
    #[error("{0}")]
    Terms(#[from] TermsRefusal),
    /// The gate refused a use.
    #[error("{0}")]
    Use(#[from] UseRefusal),
    /// A use can't be metered or proven, so it is not allowed: the reason names what is missing.
    #[error("{0}")]
    Metering(Reason),
    /// The sender is unknown or its signature or certificate does not hold; the text says what was wrong and what to do.
    #[error("message refused: {0}")]
    Unauthenticated(String),
    /// A contract signature, window or counter-signature does not hold.
    #[error("{0}")]
    Evidence(String),
    /// The sender may not do this to that object.
    #[error("{0}")]
    Forbidden(Reason),
    /// An enrolment code that is unknown, used or expired.
    #[error("enrolment code: {0}")]
    Enrolment(Reason),
    /// The same sequence number came before with another body.
    #[error("sequence number `{0}` was used before with another message: use a new one")]
    SequenceReused(String),
    /// What is asked for will be here soon; the sender tries again.
    #[error("{0}: try again in a moment")]
    NotYet(Reason),
    /// What is asked for is not there yet, and when to ask again.
    #[error("{what}: try again in {retry_after_ms} ms")]
    NotReady {
        /// What is missing.
        what: Reason,
        /// When it may be there, in milliseconds.
        retry_after_ms: u64,
    },
    /// The source of a product is not what was catalogued; where it lies is told to nobody.
    #[error(
        "the source of `{0}` changed since it was catalogued: its provider has to restore it, or to catalogue it again and register the product again"
    )]
    SourceChanged(String),
    /// The same message was handled in the meantime: its stored answer stands.
    #[error("the same message is being handled")]
    Repeated,
    /// The other side answered with a refusal.
    #[error("{peer} refused: {message} ({code})")]
    Peer {
        /// Identifier of the side that answered.
        peer: String,
        /// Its return code.
        code: String,
        /// Its message.
        message: String,
        /// What it said in fields, such as constraint, limit and value of a refused use; null where nothing.
        data: serde_json::Value,
    },
    /// The node has no identity yet.
    #[error("this node has not joined yet: {0}")]
    NotJoined(Reason),
    /// A folder or file of the node cannot be used.
    #[error("`{}`: {source}", path.display())]
    Folder {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The key folder does not belong to what was certified.
    #[error("{0}")]
    Keys(Reason),
    /// Stored data is not what this version wrote: a defect, never the caller's fault.
    #[error("inconsistent data: {0}")]
    Corrupt(String),
}

impl Error {
    /// An [`Error::Input`].
    pub fn input(field: impl Into<String>, detail: impl Into<Reason>) -> Error {
        Error::Input { field: field.into(), detail: detail.into() }
    }

    /// An [`Error::NotFound`].
    pub fn not_found(kind: &'static str, id: impl ToString) -> Error {
        Error::NotFound { kind, id: id.to_string() }
    }

    /// An [`Error::Unauthenticated`].
    pub fn unauthenticated(reason: impl Into<String>) -> Error {
        Error::Unauthenticated(reason.into())
    }

    /// Whether our own store could not do its work just then: that says nothing of the step, which may even have been committed. A value
    /// that the store refuses is refused every time, and is not meant.
    pub fn is_of_the_store(&self) -> bool {
        matches!(self, Error::Store(error) if error.is_passing())
    }

    /// Whether trying the same again later can succeed: the other side is away, or the store was busy.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Net(error) => error.is_transient(),
            Error::Peer { code, .. } => code.starts_with('1'),
            Error::Store(error) => error.is_conflict(),
            Error::Repeated | Error::NotYet(_) | Error::NotReady { .. } => true,
            _ => false,
        }
    }
}
