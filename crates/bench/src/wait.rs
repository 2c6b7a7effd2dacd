//! Waiting for something to come true, with an end to it.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Result};

/// How often it is looked.
const PAUSE: Duration = Duration::from_millis(1);
/// How long anything that must come is waited for.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks every millisecond until `look` finds something, for as long as [`PATIENCE`].
///
/// # Errors
/// Those of [`until_within`].
pub async fn until<T, F>(what: &str, look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    until_within(PATIENCE, what, look).await
}

/// Looks every millisecond until `look` finds something; looks at least once.
///
/// # Errors
/// Those of `look`; [`Error::TimedOut`] after `patience`.
pub async fn until_within<T, F>(patience: Duration, what: &str, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(Error::TimedOut { what: what.to_owned(), seconds: patience.as_secs() });
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was asked for, or nothing where asking again later can succeed.
///
/// # Errors
/// Any other.
pub fn passing<T>(asked: app::Result<T>) -> Result<Option<T>> {
    match asked {
        Ok(found) => Ok(Some(found)),
        Err(error)
            if error.is_passing() || matches!(error, app::Error::NotFound { .. } | app::Error::State(_)) =>
        {
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_comes_is_found_and_what_does_not_is_named() {
        let mut looks = 0;
        let found = until("the third look", || {
            looks += 1;
            let found = (looks == 3).then_some(looks);
            async move { Ok(found) }
        });
        assert_eq!(found.await.unwrap(), 3);
        let never = until_within::<(), _>(Duration::ZERO, "nothing", || async { Ok(None) }).await;
        assert_eq!(never.unwrap_err().to_string(), "nothing did not come within 0 s");
    }

    #[test]
    fn a_refusal_for_good_is_not_waited_out() {
        assert!(passing::<()>(Err(app::Error::NotYet("x".into()))).unwrap().is_none());
        assert!(passing::<()>(Err(app::Error::not_found("contract", "C1"))).unwrap().is_none());
        assert!(passing::<()>(Err(app::Error::Forbidden("no".into()))).is_err());
    }
}
