//! The bytes of a delivery on their way in: digested, and the last piece held until the end is recorded.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use crypto::{Hasher, Sha256};
use domain::delivery::Delivered;
use futures_util::Stream;
use net::StreamResponse;
use tokio::task::JoinHandle;

use super::mismatch;
use super::record::{self, Place};
use crate::{Error, Node};

/// The bytes of a delivery as they come. Ends after the last one; or with an error, and the use can be resumed.
pub struct FetchStream {
    bytes: StreamResponse,
    node: Node,
    place: Place,
    whole: Delivered,
    upto: u64,
    /// Digests what comes from the beginning.
    hasher: Option<Hasher>,
    last: Last,
}

enum Last {
    Ahead,
    /// The last piece waits until its use is recorded as ended; an error is handed on in its place.
    Ending(Bytes, Option<Error>, JoinHandle<Result<(), Error>>),
    Gone,
}

impl FetchStream {
    pub(super) async fn new(
        node: &Node,
        place: Place,
        bytes: StreamResponse,
        whole: &Delivered,
        offset: u64,
    ) -> Result<FetchStream, Error> {
        let mut stream = FetchStream {
            bytes,
            node: node.clone(),
            place,
            whole: whole.clone(),
            upto: offset,
            hasher: (offset == 0).then(Hasher::new),
            last: Last::Ahead,
        };
        if offset == whole.bytes {
            // Nobody asks an empty stream for its end.
            stream.last = Last::Gone;
            if let Some((is_right, digest)) = stream.judge() {
                record::end(node, stream.place.clone(), whole.clone(), is_right, 0).await?;
                if !is_right {
                    return Err(mismatch(&stream.place.use_id, whole, 0, &digest));
                }
            }
        }
        Ok(stream)
    }

    /// Whether all that came has the announced digest; nothing where it did not come from the beginning.
    fn judge(&mut self) -> Option<(bool, Sha256)> {
        let digest = self.hasher.take()?.finish();
        Some((digest == self.whole.digest, digest))
    }

    fn end(&mut self, piece: Bytes) {
        let Some((is_right, digest)) = self.judge() else {
            self.last = Last::Gone;
            return;
        };
        let error = (!is_right).then(|| mismatch(&self.place.use_id, &self.whole, self.upto, &digest));
        let (node, place, whole, upto) =
            (self.node.clone(), self.place.clone(), self.whole.clone(), self.upto);
        let ending = tokio::spawn(async move { record::end(&node, place, whole, is_right, upto).await });
        self.last = Last::Ending(piece, error, ending);
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        match ready!(Pin::new(&mut self.bytes).poll_next(cx)) {
            Some(Ok(piece)) => self.take(piece, cx),
            Some(Err(error)) => self.fail(Error::Net(error)),
            None => self.fail(self.wrong_length()),
        }
    }

    fn take(&mut self, piece: Bytes, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        self.upto += piece.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&piece);
        }
        if self.upto < self.whole.bytes {
            return Poll::Ready(Some(Ok(piece)));
        }
        if self.upto > self.whole.bytes {
            return self.fail(self.wrong_length());
        }
        self.end(piece.clone());
        match self.last {
            Last::Ending(..) => self.poll_last(cx),
            _ => Poll::Ready(Some(Ok(piece))),
        }
    }

    fn fail(&mut self, error: Error) -> Poll<Option<Result<Bytes, Error>>> {
        self.last = Last::Gone;
        Poll::Ready(Some(Err(error)))
    }

    fn wrong_length(&self) -> Error {
        Error::Evidence(format!(
            "use `{}`: {} of {} announced bytes came: resume it",
            self.place.use_id, self.upto, self.whole.bytes
        ))
    }

    fn poll_last(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let Last::Ending(piece, wrong, ending) = &mut self.last else { return Poll::Ready(None) };
        let ended = ready!(Pin::new(ending).poll(cx));
        let (piece, wrong) = (std::mem::take(piece), wrong.take());
        self.last = Last::Gone;
        Poll::Ready(Some(match (ended, wrong) {
            (Ok(Ok(())), None) => Ok(piece),
            (Ok(Ok(())), Some(wrong)) => Err(wrong),
            (Ok(Err(error)), _) => Err(error),
            (Err(error), _) => Err(Error::Corrupt(format!("recording a use ended early: {error}"))),
        }))
    }
}

impl Stream for FetchStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.last {
            Last::Ahead => self.poll_piece(cx),
            Last::Ending(..) => self.poll_last(cx),
            Last::Gone => Poll::Ready(None),
        }
    }
}

impl std::fmt::Debug for FetchStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FetchStream")
            .field("place", &self.place)
            .field("upto", &self.upto)
            .finish_non_exhaustive()
    }
}
