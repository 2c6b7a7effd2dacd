//! What passed? A stream that counts what it lets through, and reports once, however it ends.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use crypto::{Hasher, Sha256};
use futures_util::Stream;
use tokio::sync::oneshot;

/// What a [`Meter`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Bytes that passed.
    pub bytes: u64,
    /// Whether that was everything.
    pub complete: bool,
    /// Digest of the bytes that passed, if it was asked for and everything passed.
    pub sha256: Option<Sha256>,
}

/// Counts the bytes of a stream.
///
/// It is complete when the stream ends, or when as many bytes have passed as were announced: an HTTP server that sent a
/// `content-length` does not ask for the end. A byte has passed when the next layer took it; what that layer still holds
/// when the connection breaks is for the receiver's meter to miss.
///
/// The report is given exactly once: at the end, at an error, or when the stream is dropped.
pub struct Meter<S> {
    inner: S,
    bytes: u64,
    announced: Option<u64>,
    hasher: Option<Hasher>,
    report: Option<Box<dyn FnOnce(Outcome) + Send>>,
}

impl<S> Meter<S> {
    /// Meters `inner`; `report` hears the outcome, and must not block.
    pub fn new(inner: S, report: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self { inner, bytes: 0, announced: None, hasher: None, report: Some(Box::new(report)) }
    }

    /// Meters `inner`; the outcome comes through the channel.
    pub fn with_channel(inner: S) -> (Self, oneshot::Receiver<Outcome>) {
        let (sender, receiver) = oneshot::channel();
        let report = move |outcome| {
            // Nobody waits for the outcome any more: then nobody needs it.
            let _ = sender.send(outcome);
        };
        (Self::new(inner, report), receiver)
    }

    /// Says how many bytes make it complete.
    #[must_use]
    pub fn announcing(mut self, bytes: u64) -> Self {
        self.announced = Some(bytes);
        self
    }

    /// Digests the bytes as well.
    #[must_use]
    pub fn hashing(mut self) -> Self {
        self.hasher = Some(Hasher::new());
        self
    }

    /// Bytes that passed so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn finish(&mut self, ended: bool) {
        let Some(report) = self.report.take() else { return };
        let complete = self.announced.map_or(ended, |announced| announced == self.bytes);
        let digest = self.hasher.take().map(Hasher::finish);
        report(Outcome { bytes: self.bytes, complete, sha256: digest.filter(|_| complete) });
    }
}

impl<S, E> Stream for Meter<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Item = Result<Bytes, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let item = match Pin::new(&mut this.inner).poll_next(cx) {
            Poll::Ready(item) => item,
            Poll::Pending => return Poll::Pending,
        };
        match &item {
            Some(Ok(bytes)) => {
                this.bytes += bytes.len() as u64;
                if let Some(hasher) = &mut this.hasher {
                    hasher.update(bytes);
                }
            }
            Some(Err(_)) => this.finish(false),
            None => this.finish(true),
        }
        Poll::Ready(item)
    }
}

impl<S> Unpin for Meter<S> where S: Unpin {}

impl<S> Drop for Meter<S> {
    fn drop(&mut self) {
        self.finish(false);
    }
}

impl<S> std::fmt::Debug for Meter<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter")
            .field("bytes", &self.bytes)
            .field("announced", &self.announced)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::{StreamExt, stream};

    use super::*;

    type Item = Result<Bytes, &'static str>;

    fn pieces(items: &[Item]) -> impl Stream<Item = Item> + Unpin + use<> {
        stream::iter(items.to_vec())
    }

    fn bytes(text: &'static str) -> Item {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_stream_read_to_its_end_is_complete() {
        let (meter, outcome) = Meter::with_channel(pieces(&[bytes("abc"), bytes("de")]));
        let passed: Vec<Item> = meter.hashing().collect().await;
        assert_eq!(passed, [bytes("abc"), bytes("de")]);
        let sha256 = Some(Sha256::of(b"abcde"));
        assert_eq!(outcome.await.unwrap(), Outcome { bytes: 5, complete: true, sha256 });
    }

    #[tokio::test]
    async fn a_dropped_stream_is_incomplete_with_what_passed() {
        let (mut meter, outcome) = Meter::with_channel(pieces(&[bytes("abc"), bytes("de")]));
        meter.next().await.unwrap().unwrap();
        assert_eq!(meter.bytes(), 3);
        drop(meter);
        assert_eq!(outcome.await.unwrap(), Outcome { bytes: 3, complete: false, sha256: None });
    }

    #[tokio::test]
    async fn an_error_ends_the_count() {
        let (meter, outcome) = Meter::with_channel(pieces(&[bytes("abc"), Err("broken"), bytes("de")]));
        let passed: Vec<Item> = meter.hashing().take(2).collect().await;
        assert_eq!(passed[1], Err("broken"));
        assert_eq!(outcome.await.unwrap(), Outcome { bytes: 3, complete: false, sha256: None });
    }

    #[tokio::test]
    async fn as_many_bytes_as_announced_are_complete_without_asking_for_the_end() {
        let (meter, outcome) = Meter::with_channel(pieces(&[bytes("abc"), bytes("de")]));
        let mut meter = meter.announcing(5).hashing();
        for _ in 0..2 {
            meter.next().await.unwrap().unwrap();
        }
        drop(meter);
        let sha256 = Some(Sha256::of(b"abcde"));
        assert_eq!(outcome.await.unwrap(), Outcome { bytes: 5, complete: true, sha256 });
    }

    #[tokio::test]
    async fn an_end_before_the_announced_one_is_incomplete() {
        let (meter, outcome) = Meter::with_channel(pieces(&[bytes("abc")]));
        let passed: Vec<Item> = meter.announcing(5).collect().await;
        assert_eq!(passed.len(), 1);
        assert_eq!(outcome.await.unwrap(), Outcome { bytes: 3, complete: false, sha256: None });
    }

    #[tokio::test]
    async fn an_empty_stream_is_complete_when_asked_and_not_when_dropped() {
        let (meter, outcome) = Meter::with_channel(pieces(&[]));
        assert_eq!(meter.collect::<Vec<Item>>().await, []);
        assert!(outcome.await.unwrap().complete);
        let (meter, outcome) = Meter::with_channel(pieces(&[]));
        drop(meter);
        assert!(!outcome.await.unwrap().complete);
    }

    #[tokio::test]
    async fn the_report_is_given_exactly_once() {
        let reports = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reports);
        let mut meter = Meter::new(pieces(&[bytes("abc")]), move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        while meter.next().await.is_some() {}
        assert!(meter.next().await.is_none());
        drop(meter);
        assert_eq!(reports.load(Ordering::SeqCst), 1);
    }
}
