//! An answer whose body is read as it comes.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::time::{Instant, Sleep};

use crate::NetError;
use crate::error::NEXT_BYTES;

/// An answer whose body is a stream of bytes; dropping it closes the connection.
///
/// The stream has no limit on its length, but one on the time between two pieces.
pub struct StreamResponse {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers of the answer.
    pub headers: HeaderMap,
    host: String,
    body: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    idle_max: Duration,
    idle: Pin<Box<Sleep>>,
    ended: bool,
}

impl StreamResponse {
    pub(crate) fn new(host: String, response: reqwest::Response, idle_max: Duration) -> Self {
        Self {
            status: response.status(),
            headers: response.headers().clone(),
            host,
            body: Box::pin(response.bytes_stream()),
            idle_max,
            idle: Box::pin(tokio::time::sleep(idle_max)),
            ended: false,
        }
    }

    /// The value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// This answer if its status is a success.
    ///
    /// # Errors
    /// [`NetError::Status`] for any other status.
    pub fn success(self) -> Result<Self, NetError> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(NetError::Status { host: self.host, status: self.status.as_u16() })
    }

    /// Reads the rest of the body, up to `bytes_max`: for error answers to a streaming request.
    ///
    /// # Errors
    /// [`NetError::TooLarge`] beyond the limit, else what the stream reports.
    pub async fn read_all(mut self, bytes_max: usize) -> Result<Bytes, NetError> {
        use futures_util::StreamExt;
        let mut body = Vec::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if body.len() + piece.len() > bytes_max {
                return Err(NetError::TooLarge { host: self.host, limit: bytes_max });
            }
            body.extend_from_slice(&piece);
        }
        Ok(body.into())
    }
}

impl std::fmt::Debug for StreamResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamResponse").field("host", &self.host).field("status", &self.status).finish()
    }
}

impl Stream for StreamResponse {
    type Item = Result<Bytes, NetError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        match this.body.as_mut().poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                this.idle.as_mut().reset(Instant::now() + this.idle_max);
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.ended = true;
                let source = error.without_url().into();
                Poll::Ready(Some(Err(NetError::Broken { host: this.host.clone(), source })))
            }
            Poll::Ready(None) => {
                this.ended = true;
                Poll::Ready(None)
            }
            Poll::Pending => this.idle.as_mut().poll(cx).map(|()| {
                this.ended = true;
                let (host, limit) = (this.host.clone(), this.idle_max);
                Some(Err(NetError::Timeout { host, waited_for: NEXT_BYTES, limit }))
            }),
        }
    }
}
