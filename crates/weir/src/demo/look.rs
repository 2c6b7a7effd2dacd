//! Looking at answers of the management API, and waiting until they say what is waited for.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::exit::Exit;
use crate::problem::{Failure, Result};
use crate::term::duration;

/// How long the walk waits for what other nodes do by themselves.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often it looks while it waits.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Looks again and again until something is there, for as long as the walk is patient; `key` is the sentence of what never came.
pub async fn wait_for<T, F>(key: &'static str, look: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<Option<T>>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(Failure::new(Exit::Failure, key).with("time", duration(PATIENCE)));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The items of a list; none where it is no list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// What stands at a path of members and positions, such as `profile/timeRange/0`; null where nothing does.
pub fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(&format!("/{path}")).unwrap_or(&Value::Null)
}

/// A text of an object; empty where it has none.
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number of an object; zero where it has none.
pub fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

/// The day of an RFC 3339 time, where the documents live: in UTC+8.
pub fn day(value: &Value) -> Option<String> {
    let at = domain::Timestamp::parse(value.as_str()?).ok()?;
    at.to_document().get(..10).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_day_is_that_of_utc_plus_8() {
        assert_eq!(day(&json!("2013-02-28T16:00:00Z")).as_deref(), Some("2013-03-01"));
        assert_eq!(day(&json!("2013-02-28T15:59:59Z")).as_deref(), Some("2013-02-28"));
        assert_eq!(day(&json!("never")), None);
    }

    #[test]
    fn what_is_not_there_reads_as_nothing() {
        let value = json!({"name": 3});
        assert_eq!(at(&value, "name/0"), &Value::Null);
        assert_eq!(at(&json!({"a": [{"b": 1}]}), "a/0/b"), &json!(1));
        assert_eq!((text(&value, "name"), number(&value, "rows"), list(&value).len()), ("", 0, 0));
    }

    #[tokio::test]
    async fn waiting_ends_with_what_was_found() {
        let looks = std::cell::Cell::new(0);
        let found = wait_for("it", || {
            looks.set(looks.get() + 1);
            let found = (looks.get() == 3).then_some(looks.get());
            async move { Ok(found) }
        })
        .await;
        assert!(matches!(found, Ok(3)));
    }
}
