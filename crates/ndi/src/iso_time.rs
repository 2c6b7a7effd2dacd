//! Times in messages: ISO 8601. Written as RFC 3339 in UTC; read with an offset, or without one as UTC+8, which is what
//! the documents mean.

use std::fmt;
use std::str::FromStr;

use domain::{TimeError, Timestamp};
use serde::{Serialize, Serializer};

/// A point in time as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsoTime(pub Timestamp);

impl From<Timestamp> for IsoTime {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl fmt::Display for IsoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for IsoTime {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Timestamp::parse_document(text).map(Self)
    }
}

impl Serialize for IsoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn times_are_written_in_utc_and_read_as_the_documents_show_them() {
        let utc: IsoTime = "2025-09-01T01:30:00Z".parse().unwrap();
        for text in
            ["2025-09-01T09:30:00+08:00", "2025-09-01T09:30:00", "2025-09-01 09:30:00", "20250901093000"]
        {
            assert_eq!(text.parse::<IsoTime>().unwrap(), utc, "{text}");
        }
        assert_eq!(serde_json::to_string(&utc).unwrap(), "\"2025-09-01T01:30:00Z\"");
        assert_eq!(IsoTime::from(utc.0), utc);
    }

    #[test]
    fn a_day_that_does_not_exist_is_refused() {
        for text in ["2025-02-30T00:00:00Z", "2025-09-01", "tomorrow", ""] {
            assert!(text.parse::<IsoTime>().is_err(), "{text}");
        }
    }
}
