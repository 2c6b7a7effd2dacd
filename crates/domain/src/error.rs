//! The one error of the crate: a wrapper over what each part refuses, for callers that need not tell them apart.

use crate::codes::UnknownCode;
use crate::engine::EngineError;
use crate::id::IdError;
use crate::refusal::Refusal;
use crate::terms::{TermsRefusal, UseRefusal};
use crate::time::TimeError;

/// Anything that the domain refuses. Match on the inner type to react; print it to explain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A text is no identifier, or none of the wanted kind.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A text is no point in time.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// A code is not in its table.
    #[error(transparent)]
    Code(#[from] UnknownCode),
    /// Terms that cannot be agreed.
    #[error(transparent)]
    Terms(#[from] TermsRefusal),
    /// A use that its contract does not allow.
    #[error(transparent)]
    Use(#[from] UseRefusal),
    /// A step that the state does not allow.
    #[error(transparent)]
    Step(#[from] Refusal),
    /// An engine failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Result with the crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AreaCode;
    use crate::time::Timestamp;

    fn area(text: &str) -> Result<AreaCode> {
        Ok(AreaCode::parse(text)?)
    }

    #[test]
    fn the_wrapper_adds_no_words_of_its_own() {
        let inner = AreaCode::parse("9901").map_err(|error| error.to_string());
        assert_eq!(area("9901").map_err(|error| error.to_string()), inner);
        let time: Result<Timestamp> = Timestamp::parse("now").map_err(Error::from);
        assert!(matches!(time, Err(Error::Time(_))));
    }
}
