//! Steps that are made from what was read before their transaction, and checked there: where it moved in between, they are made anew.

use store::StoreError;

use crate::Error;

/// How often a step is made.
const TRIES_MAX: u32 = 8;

/// Makes a step, and makes it anew as long as what it was made from has moved.
///
/// # Errors
/// Those of the step; [`Error::Store`], as contention where nothing stands still.
pub(crate) async fn anew<T, F>(name: &'static str, step: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    for _ in 0..TRIES_MAX {
        match step().await {
            Err(Error::Store(error)) if error.is_conflict() => {}
            done => return done,
        }
    }
    Err(StoreError::Contention { name, attempts: TRIES_MAX }.into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// A step that finds things moved so many times.
    async fn made(moves: u32, then: Result<u32, Error>) -> (Result<u32, Error>, u32) {
        let (tries, then) = (Cell::new(0), Cell::new(Some(then)));
        let step = || async {
            tries.set(tries.get() + 1);
            let moved = StoreError::Conflict { what: "a row".to_owned() };
            if tries.get() > moves { then.take().unwrap() } else { Err(moved.into()) }
        };
        let outcome = anew("test", step).await;
        (outcome, tries.get())
    }

    #[tokio::test]
    async fn what_moved_is_made_anew_and_nothing_else() {
        assert!(matches!(made(0, Ok(7)).await, (Ok(7), 1)));
        assert!(matches!(made(3, Ok(7)).await, (Ok(7), 4)));
        let refused = made(2, Err(Error::Forbidden("no".into()))).await;
        assert!(matches!(refused, (Err(Error::Forbidden(_)), 3)), "{refused:?}");
        let (never, tries) = made(99, Ok(7)).await;
        assert_eq!(tries, TRIES_MAX);
        let contention = StoreError::Contention { name: "test", attempts: TRIES_MAX };
        assert_eq!(never.unwrap_err().to_string(), contention.to_string());
    }
}
