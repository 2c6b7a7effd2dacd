//! Waiting for what another task or process does, with a deadline. No test waits for time to pass.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long a step of a flow may take before the test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(10);

/// Looks again and again until `look` gives a value.
///
/// # Panics
/// After [`PATIENCE`], with `what` was waited for.
pub async fn wait_until<T, F: Future<Output = Option<T>>>(what: &str, look: impl FnMut() -> F) -> T {
    let found = try_until(look).await;
    found.unwrap_or_else(|| panic!("after {} s: still waiting for {what}", PATIENCE.as_secs()))
}

/// The same; nothing where it never comes.
pub async fn try_until<T, F: Future<Output = Option<T>>>(mut look: impl FnMut() -> F) -> Option<T> {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(value) = look().await {
            return Some(value);
        }
        tokio::time::sleep(LOOK).await;
    }
    None
}

/// [`wait_until`] for threads that are no tasks.
///
/// # Panics
/// After `patience`.
pub fn wait_until_in_thread<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = look() {
            return value;
        }
        assert!(began.elapsed() < patience, "after {} s: still waiting for {what}", patience.as_secs());
        std::thread::sleep(LOOK);
    }
}
