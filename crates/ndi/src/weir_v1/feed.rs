//! Following public logs: `POST /weir/v1/feed`, docs/WIRE.md, 3. The answer is a held stream of lines, one JSON object each.
//!
//! Whether a frame's leaves lead to its checkpoint's root, and whether its key is the origin's, is the follower's check.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::Sha256;
use serde_json::Value;

use crate::read::{Integer, Json, Kind, List, Sizes, Text, format_error, nested, parsed};
use crate::{Error, Message, Path, limits};

/// `msgcode`.
pub const FEED_MSG: &str = "feed";
/// Content type of the stream.
pub const CONTENT_TYPE: &str = "application/x-ndjson";
/// Milliseconds between heartbeats (TC609-6-2025-11).
pub const HEARTBEAT_MS: u64 = 5_000;

message! {
    /// Opens the stream.
    pub struct FeedRequest {
        /// For each origin the size that the follower holds; an origin that is not named is sent from the start.
        required cursors: BTreeMap<String, u64> = "cursors" => Sizes { names: limits::ORIGIN_CHARS, items: limits::ORIGINS };
    }
}

/// A line of the stream.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedLine {
    /// Entries of one log.
    Frame(FeedFrame),
    /// Nothing new.
    Heartbeat(Heartbeat),
}

message! {
    /// Entries of one log with a checkpoint that covers them.
    pub struct FeedFrame {
        /// The log's origin, `weir/<node id>/public`.
        required origin: String = "origin" => Text(limits::ORIGIN_CHARS);
        /// Index of the first entry.
        required first: u64 = "first" => Integer;
        /// Entries in the log's order.
        required entries: Vec<FeedEntry> = "entries" => List(nested::<FeedEntry>(), limits::PAGE_ITEMS);
        /// Signed note whose size is `first` and the number of entries.
        required checkpoint: String = "checkpoint" => Text(limits::NOTE_CHARS);
    }
}

message! {
    /// One entry: salt and body, or the leaf's hash where the body was erased.
    pub struct FeedEntry {
        /// 32 random bytes.
        optional salt: Salt = "salt" => SaltText;
        /// The body, one of [`super::public_log`].
        optional body: Value = "body" => Json;
        /// Hash of the leaf in the tree, of an erased body.
        optional hash: Sha256 = "hash" => parsed::<Sha256>(64);
    }
    check whole_or_erased;
}

message! {
    /// Sign of life.
    pub struct Heartbeat {
        /// The source's time, epoch milliseconds.
        required at: u64 = "at" => Integer;
    }
}

/// Salt of a leaf; text form base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl serde::Serialize for Salt {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0))
    }
}

/// 32 bytes in base64.
pub(super) struct SaltText;

impl Kind for SaltText {
    type Out = Salt;

    fn read(&self, value: &Value, at: &Path<'_>) -> Result<Salt, Error> {
        let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
        let salt = bytes.and_then(|bytes| bytes.try_into().ok());
        salt.map(Salt).ok_or_else(|| format_error(at, value, "32 bytes in base64"))
    }

    fn name(&self) -> &'static str {
        "text"
    }

    fn limit(&self) -> Option<usize> {
        Some(44)
    }
}

impl FeedEntry {
    /// An entry with its body.
    pub fn whole(salt: [u8; 32], body: Value) -> Self {
        Self { salt: Some(Salt(salt)), body: Some(body), hash: None }
    }

    /// An entry whose body was erased.
    pub fn erased(hash: Sha256) -> Self {
        Self { salt: None, body: None, hash: Some(hash) }
    }
}

impl FeedLine {
    /// Reads one line.
    ///
    /// # Errors
    /// As [`crate::parse_body`] and [`Message::read`].
    pub fn parse(line: &[u8]) -> Result<Self, Error> {
        let value = crate::parse_body_within(line, limits::FEED_LINE_BYTES)?;
        if value.get("origin").is_some() {
            FeedFrame::read(&value).map(Self::Frame)
        } else {
            Heartbeat::read(&value).map(Self::Heartbeat)
        }
    }

    /// The line to send, with its line feed.
    ///
    /// # Errors
    /// A field outside its limits.
    pub fn to_line(&self) -> Result<String, Error> {
        let body = match self {
            Self::Frame(frame) => frame.to_body()?,
            Self::Heartbeat(beat) => beat.to_body()?,
        };
        Ok(format!("{body}\n"))
    }
}

/// Salt and body together, or the hash alone.
fn whole_or_erased(entry: &FeedEntry, at: &Path<'_>) -> Result<(), Error> {
    match (&entry.salt, &entry.body, &entry.hash) {
        (Some(_), Some(_), None) | (None, None, Some(_)) => Ok(()),
        _ => Err(Error::Refused {
            field: at.to_string(),
            reason: "an entry has `salt` and `body`, or `hash` alone".to_owned(),
            cause: None,
        }),
    }
}
