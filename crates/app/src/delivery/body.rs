//! The bytes of a delivery on their way out, and the end of their use.
//!
//! The last piece waits until the use is closed durably: a crash after it finds a closed use at the provider, never one that is closed
//! as abandoned while the user has everything. A stream that is dropped before leaves its use open, to be taken up at any offset. How far it
//! came is noted meanwhile ([`crate::metering::note_progress`]) and at its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dataplane::ByteStream;
use dataplane::gate::Admission;
use domain::delivery::Delivered;
use futures_util::Stream;
use store::{UseKey, UseSign};
use tokio::task::JoinHandle;

use super::{content, gate};
use crate::metering::Furthest;
use crate::{Error, Node, Reason};

/// Somebody sends a use: it is not taken for abandoned as long as this lives.
#[derive(Debug)]
pub(super) struct Sending {
    node: Node,
    key: UseKey,
    furthest: Furthest,
    upto: u64,
    counted: bool,
    over: bool,
}

impl Sending {
    /// Begins to send a use.
    ///
    /// # Errors
    /// [`Error::NotReady`] where the use is just being closed as abandoned.
    pub(super) fn begin(node: &Node, key: UseKey) -> Result<Sending, Error> {
        let Some(furthest) = node.meters().begin(&key) else {
            let words = format!("use `{}` is being closed as abandoned", key.use_id);
            let what = Reason::new("use-closing", words).with("use", key.use_id.as_str());
            return Err(Error::NotReady { what, retry_after_ms: CLOSING_MS });
        };
        Ok(Sending { node: node.clone(), key, furthest, upto: 0, counted: false, over: false })
    }

    fn reach(&mut self, upto: u64) {
        self.upto = upto;
        self.furthest.reach(upto);
    }
}

/// How long closing an abandoned use may take, in milliseconds.
const CLOSING_MS: u64 = 100;

impl Drop for Sending {
    fn drop(&mut self) {
        self.node.meters().end(&self.key, self.over);
        // Outside a runtime the process is ending, and the next one gives open uses their whole time anyway.
        if self.counted && !self.over && tokio::runtime::Handle::try_current().is_ok() {
            let (sign, at) = (UseSign { key: self.key.clone(), upto: self.upto }, self.node.now().micros());
            self.node.spawn("touch a use", touch(self.node.clone(), sign, at));
        }
    }
}

async fn touch(node: Node, sign: UseSign, at: i64) {
    let use_id = sign.key.use_id.clone();
    if let Err(error) = node.store().touch_uses(vec![sign], at).await {
        tracing::warn!(use.id = use_id, %error, "the end of a broken delivery was not kept: its use may close early, and with fewer bytes");
    }
}

/// The bytes of a delivery. Ends after the last one, with the use closed; or with an error, and the use stays open.
#[derive(Debug)]
pub struct DeliveryStream {
    bytes: ByteStream,
    whole: Delivered,
    sending: Sending,
    last: Last,
}

/// The end of a stream.
#[derive(Debug)]
enum Last {
    /// Not reached.
    Ahead,
    /// The last piece waits until the use is closed.
    Closing(Bytes, JoinHandle<Result<(), Error>>),
    /// Nothing more comes.
    Gone,
}

impl DeliveryStream {
    /// The bytes of a use that was let through, from `offset`. Where there are none left, the use closes at once: nobody would ask the
    /// stream for its end.
    pub(super) async fn new(
        mut sending: Sending,
        bytes: ByteStream,
        whole: Delivered,
        offset: u64,
        admission: &Admission,
    ) -> Result<DeliveryStream, Error> {
        sending.counted = true;
        sending.reach(offset);
        let mut last = Last::Ahead;
        if offset == whole.bytes {
            gate::close(&sending.node, &sending.key, &whole).await?;
            (sending.over, last) = (true, Last::Gone);
        }
        tracing::debug!(use.id = sending.key.use_id, use.sequence = admission.sequence, use.again = admission.again, offset, "delivery begins");
        Ok(DeliveryStream { bytes, whole, sending, last })
    }

    fn close(&mut self, held: Bytes) -> Last {
        let (node, key, whole) = (self.sending.node.clone(), self.sending.key.clone(), self.whole.clone());
        // A task of its own: a receiver that goes away now does not leave the close half done.
        Last::Closing(held, tokio::spawn(async move { gate::close(&node, &key, &whole).await }))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        match ready!(Pin::new(&mut self.bytes).poll_next(cx)) {
            Some(Ok(piece)) => {
                self.sending.reach(self.sending.upto + piece.len() as u64);
                if self.sending.upto < self.whole.bytes {
                    return Poll::Ready(Some(Ok(piece)));
                }
                self.last = self.close(piece);
                self.poll_last(cx)
            }
            Some(Err(error)) => {
                self.last = Last::Gone;
                Poll::Ready(Some(Err(content::told(&self.sending.key.contract, error))))
            }
            None => {
                self.last = Last::Gone;
                Poll::Ready(None)
            }
        }
    }

    fn poll_last(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Last::Closing(held, closing) = &mut self.last else { return Poll::Ready(None) };
        let closed = ready!(Pin::new(closing).poll(cx));
        let held = std::mem::take(held);
        self.last = Last::Gone;
        Poll::Ready(Some(match closed {
            Ok(Ok(())) => {
                self.sending.over = true;
                Ok(held)
            }
            Ok(Err(error)) => Err(error),
            Err(error) => Err(Error::Corrupt(format!("closing a use ended early: {error}"))),
        }))
    }
}

impl Stream for DeliveryStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.last {
            Last::Ahead => self.poll_piece(cx),
            Last::Closing(..) => self.poll_last(cx),
            Last::Gone => Poll::Ready(None),
        }
    }
}
