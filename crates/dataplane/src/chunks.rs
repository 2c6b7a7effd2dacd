//! Blocking readers as streams.
//!
//! A reader is moved to a blocking task for one piece at a time, so that a slow receiver holds no thread; and one piece
//! is read ahead, so that a fast one does not wait for the disk.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::DataError;

/// Something that reads the next piece, and may block for it.
pub(crate) trait ReadChunk: Send + 'static {
    /// The next piece, or nothing at the end. Not called again after the end or an error.
    fn read_chunk(&mut self) -> Result<Option<Bytes>, DataError>;
}

type Read = (Box<dyn ReadChunk>, Result<Option<Bytes>, DataError>);

/// A stream of the bytes of a source. It ends after the last byte, or with one error.
pub struct ByteStream {
    bytes: u64,
    state: State,
}

enum State {
    Reading(JoinHandle<Read>),
    Ended,
}

impl ByteStream {
    /// Begins to read; `bytes` is what the stream will give in all.
    pub(crate) fn new(reader: impl ReadChunk, bytes: u64) -> Self {
        Self { bytes, state: State::Reading(next(Box::new(reader))) }
    }

    /// The number of bytes that the stream gives from its beginning to its end.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether the stream has no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

impl std::fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByteStream").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

fn next(mut reader: Box<dyn ReadChunk>) -> JoinHandle<Read> {
    spawn_blocking(move || {
        let chunk = reader.read_chunk();
        (reader, chunk)
    })
}

impl Stream for ByteStream {
    type Item = Result<Bytes, DataError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let State::Reading(task) = &mut self.state else { return Poll::Ready(None) };
        let read = match Pin::new(task).poll(cx) {
            Poll::Ready(read) => read,
            Poll::Pending => return Poll::Pending,
        };
        self.state = State::Ended;
        Poll::Ready(match read {
            Ok((reader, Ok(Some(chunk)))) => {
                self.state = State::Reading(next(reader));
                Some(Ok(chunk))
            }
            Ok((_, Ok(None))) => None,
            Ok((_, Err(error))) => Some(Err(error)),
            Err(join) => Some(Err(DataError::Interrupted(join.to_string()))),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use futures_util::StreamExt;

    use super::*;

    struct Count {
        left: u32,
        then: Option<DataError>,
    }

    impl ReadChunk for Count {
        fn read_chunk(&mut self) -> Result<Option<Bytes>, DataError> {
            if self.left == 0 {
                return self.then.take().map_or(Ok(None), Err);
            }
            self.left -= 1;
            Ok(Some(Bytes::from(self.left.to_string())))
        }
    }

    #[tokio::test]
    async fn pieces_come_in_order_and_then_the_end() {
        let mut stream = ByteStream::new(Count { left: 3, then: None }, 3);
        assert_eq!((stream.len(), stream.is_empty()), (3, false));
        let mut seen = String::new();
        while let Some(piece) = stream.next().await {
            seen.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
        assert_eq!(seen, "210");
        assert!(stream.next().await.is_none(), "the end stays the end");
    }

    #[tokio::test]
    async fn an_error_ends_the_stream() {
        let then = Some(DataError::NoFields);
        let mut stream = ByteStream::new(Count { left: 1, then }, 1);
        assert!(stream.next().await.unwrap().is_ok());
        assert!(matches!(stream.next().await.unwrap(), Err(DataError::NoFields)));
        assert!(stream.next().await.is_none());
    }

    struct Broken;

    impl ReadChunk for Broken {
        fn read_chunk(&mut self) -> Result<Option<Bytes>, DataError> {
            panic!("the reader fails")
        }
    }

    #[tokio::test]
    async fn a_failing_reader_is_an_error_of_the_stream() {
        let mut stream = ByteStream::new(Broken, 1);
        assert!(matches!(stream.next().await.unwrap(), Err(DataError::Interrupted(_))));
        assert!(stream.next().await.is_none());
    }
}
