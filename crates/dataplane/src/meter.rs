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
