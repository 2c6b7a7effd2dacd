//! Reading a request's body within its limits of size and time.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits;

/// Why a body was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NotRead {
    /// It is longer than the limit, in bytes.
    TooLarge {
        /// The limit.
        limit: usize,
        /// How long it says it is, where it says.
        declared: Option<u64>,
    },
    /// Too many large bodies are under way.
    Crowded,
    /// It took longer than [`limits::BODY_TIME_MAX`].
    Slow,
    /// The connection broke, or the chunks are no chunks.
    Broken,
}

impl std::fmt::Display for NotRead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotRead::TooLarge { limit, declared: Some(bytes) } => {
                write!(f, "the body has {bytes} bytes: the limit is {limit}")
            }
            NotRead::TooLarge { limit, declared: None } => {
                write!(f, "the body is longer than the limit of {limit} bytes")
            }
            NotRead::Crowded => {
                f.write_str("too many large messages are under way: send it again in a while")
            }
            NotRead::Slow => {
                write!(f, "the body took longer than {} s: send it again", limits::BODY_TIME_MAX.as_secs())
            }
            NotRead::Broken => f.write_str("the body broke off: send it again"),
        }
    }
}

/// What the larger bodies under way may hold together.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    /// A budget of so many bytes.
    pub fn new(bytes: usize) -> Budget {
        Budget(Arc::new(Semaphore::new(bytes)))
    }

    /// Room for the next bytes of a body that has `read` already; nothing is needed within [`limits::BODY_BYTES_FREE`].
    fn room(&self, read: usize, next: usize) -> Result<Option<OwnedSemaphorePermit>, NotRead> {
        let needed = (read + next).saturating_sub(limits::BODY_BYTES_FREE.max(read));
        if needed == 0 {
            return Ok(None);
        }
        let needed = u32::try_from(needed).map_err(|_| NotRead::Crowded)?;
        let room = self.0.clone().try_acquire_many_owned(needed);
        room.map(Some).map_err(|_| NotRead::Crowded)
    }
}

/// A body with its room in the budget, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    /// The body.
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

/// Reads a body of at most `limit` bytes within the budget of all bodies.
///
/// # Errors
/// [`NotRead`].
pub(crate) async fn read_sharing(body: Body, limit: usize, budget: &Budget) -> Result<Held, NotRead> {
    read_within(body, limit, limits::BODY_TIME_MAX, Some(budget)).await
}

/// Reads a body of at most `limit` bytes.
///
/// What is too long is not kept, but read and thrown away for a moment: else the sender would see a broken connection in
/// place of the refusal.
///
/// # Errors
/// [`NotRead`].
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, NotRead> {
    read_within(body, limit, limits::BODY_TIME_MAX, None).await.map(|held| held.bytes)
}

async fn read_within(
    mut body: Body,
    limit: usize,
    time: Duration,
    budget: Option<&Budget>,
) -> Result<Held, NotRead> {
    let declared = body.size_hint().exact();
    if declared.is_some_and(|bytes| bytes > limit as u64) {
        drain(body).await;
        return Err(NotRead::TooLarge { limit, declared });
    }
    match tokio::time::timeout(time, collect(&mut body, limit, budget)).await {
        Err(_) => Err(NotRead::Slow),
        Ok(Err(error @ NotRead::TooLarge { .. })) => {
            drain(body).await;
            Err(error)
        }
        Ok(read) => read,
    }
}

async fn collect(body: &mut Body, limit: usize, budget: Option<&Budget>) -> Result<Held, NotRead> {
    let (mut read, mut room) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| NotRead::Broken)?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Err(NotRead::TooLarge { limit, declared: None });
        }
        if let Some(budget) = budget {
            match (&mut room, budget.room(read.len(), data.len())?) {
                // One permit, however small the pieces are.
                (Some(room), Some(more)) => room.merge(more),
                (room, more) => *room = room.take().or(more),
            }
        }
        if read.is_empty() && body.is_end_stream() {
            return Ok(Held { bytes: data, _room: room });
        }
        read.extend_from_slice(&data);
    }
    Ok(Held { bytes: read.freeze(), _room: room })
}

async fn drain(mut body: Body) {
    let all = async {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > limits::DRAIN_BYTES_MAX {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(limits::DRAIN_TIME_MAX, all).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn chunked(chunks: &'static [&'static str]) -> Body {
        let chunks = chunks.iter().map(|chunk| Ok::<_, std::io::Error>(Bytes::from_static(chunk.as_bytes())));
        Body::from_stream(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn a_body_within_its_limit_is_read_whole() {
        assert_eq!(read(Body::from("12345"), 5).await.unwrap(), "12345");
        assert_eq!(read(chunked(&["12", "", "345"]), 5).await.unwrap(), "12345");
        assert_eq!(read(Body::empty(), 5).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_longer_one_is_refused_whether_it_says_so_or_not() {
        let declared = read(Body::from("123456"), 5).await.unwrap_err();
        assert_eq!(declared.to_string(), "the body has 6 bytes: the limit is 5");
        let silent = read(chunked(&["123", "456"]), 5).await.unwrap_err();
        assert_eq!(silent.to_string(), "the body is longer than the limit of 5 bytes");
    }

    #[tokio::test]
    async fn one_that_never_ends_is_given_up() {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read_within(body, 5, Duration::ZERO, None).await.unwrap_err(), NotRead::Slow);
    }

    #[tokio::test]
    async fn large_bodies_share_what_there_is_and_small_ones_need_nothing() {
        let budget = Budget::new(100);
        let (small, large) = (limits::BODY_BYTES_FREE, limits::BODY_BYTES_FREE + 60);
        let body = |bytes: usize| Body::from(vec![b' '; bytes]);
        let read = |bytes| read_sharing(body(bytes), 1 << 20, &budget);
        let first = read(large).await.unwrap();
        assert_eq!(read(large).await.unwrap_err(), NotRead::Crowded);
        assert_eq!(read(small).await.unwrap().bytes.len(), small);
        drop(first);
        assert_eq!(read(large).await.unwrap().bytes.len(), large);
        // Chunk by chunk it is the same.
        let chunk = Bytes::from(vec![b' '; limits::BODY_BYTES_FREE]);
        let chunks = [chunk.clone(), Bytes::from_static(&[b' '; 90]), Bytes::from_static(&[b' '; 20])];
        let chunks = |most: usize| chunks.clone().into_iter().take(most).map(Ok::<_, std::io::Error>);
        let streamed = |most| Body::from_stream(futures_util::stream::iter(chunks(most)));
        let bytes =
            (0..limits::BODY_BYTES_FREE + 90).map(|_| Ok::<_, std::io::Error>(Bytes::from_static(b" ")));
        let byte_by_byte = Body::from_stream(futures_util::stream::iter(bytes));
        let held = read_sharing(byte_by_byte, 1 << 20, &budget).await.unwrap();
        assert_eq!(held._room.as_ref().map(OwnedSemaphorePermit::num_permits), Some(90));
        drop(held);
        assert!(read_sharing(streamed(2), 1 << 20, &budget).await.is_ok());
        assert_eq!(read_sharing(streamed(3), 1 << 20, &budget).await.unwrap_err(), NotRead::Crowded);
    }

    #[tokio::test]
    async fn one_that_breaks_off_is_refused() {
        let chunks = [Ok(Bytes::from_static(b"12")), Err(std::io::Error::other("reset"))];
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        assert_eq!(read(body, 5).await, Err(NotRead::Broken));
    }
}
