//! Fetching at the user: the other end of `deliver` (docs/WIRE.md, 6), with a meter of its own.
//!
//! Every use is recorded here before the provider hears of it, so that no window can name one that this side does not know. Bytes are
//! passed through as they come; what comes from the beginning is digested on its way, and its last piece is handed on only when the
//! digest was right and the end is recorded. What was resumed is digested by whoever has all of it, and closed with [`received`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use crypto::{Hasher, Sha256};
use domain::contract::Role;
use domain::delivery::{Delivered, UseId};
use futures_util::Stream;
use ndi::Message as _;
use ndi::weir_v1::deliver::{
    BYTES_HEADER, DELIVER_MSG, DIGEST_HEADER, DeliverRequest, ROWS_HEADER, SEQUENCE_HEADER,
};
use ndi::weir_v1::path;
use net::StreamResponse;
use serde::{Deserialize, Serialize};
use store::{Body, ReceivedUseRow, Stored, Tx};
use tokio::task::JoinHandle;

use crate::contract::GateContract;
use crate::member::Speaker;
use crate::{Error, Node};

/// State of a received use that its provider refused: it does not count.
pub(crate) const REFUSED: &str = "refused";
/// State of a received use whose bytes do not have the digest that was announced.
pub(crate) const MISMATCH: &str = "mismatch";
/// What a delivery is taken for where its provider does not say.
const UNKNOWN_MEDIA: &str = "application/octet-stream";
/// The longest media type that is handed on.
const MEDIA_CHARS_MAX: usize = 100;

/// What a received use's row holds beside its columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedBody {
    /// The whole delivery, as the provider announced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Delivered>,
}

impl Stored for ReceivedBody {
    const VERSION: u32 = 1;
}

/// A use's place among this side's records.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    tenant: String,
    contract: String,
    use_id: UseId,
}

/// A delivery that has begun.
#[derive(Debug)]
pub struct Fetched {
    /// The use: to be named when the delivery is resumed.
    pub use_id: UseId,
    /// The whole delivery as announced.
    pub whole: Delivered,
    /// The use's place among the contract's uses.
    pub sequence: u64,
    /// Media type of the bytes.
    pub media_type: String,
    /// Where the bytes begin.
    pub offset: u64,
    /// How many bytes follow.
    pub length: u64,
    /// The bytes.
    pub stream: FetchStream,
}

/// Asks the provider of a contract (by identifier or local key) for its data, from `offset`, under a use: the one named, or a new one.
///
/// # Errors
/// [`Error::Input`] for the use id or an offset without a use, [`Error::NotFound`], [`Error::State`] and [`Error::Forbidden`] for the contract,
/// [`Error::Metering`] for a use that is over, [`Error::Peer`] with the provider's refusal, [`Error::Net`] where it cannot be reached,
/// [`Error::Evidence`] where what it announces is not what was catalogued or announced before.
pub async fn open(
    node: &Node,
    speaker: &Speaker,
    contract: &str,
    use_id: Option<&str>,
    offset: u64,
) -> Result<Fetched, Error> {
    let gate = crate::contract::for_gate(node, speaker.id().as_str(), contract).await?;
    if gate.role != Role::User {
        return Err(Error::Forbidden(format!(
            "contract `{}`: this side provides the data, its user fetches it",
            gate.id
        )));
    }
    let use_id = match use_id {
        Some(text) => UseId::parse(text).map_err(|error| Error::input("use", error.to_string()))?,
        None if offset == 0 => new_use_id(node)?,
        None => return Err(Error::input("use", "missing: name the use that is to be resumed")),
    };
    let place = place(speaker, &gate, use_id);
    let begun = begin(node, &place).await?;
    let response = match ask(node, speaker, &gate, &place.use_id, offset).await {
        Ok(response) => response,
        Err(error) => return Err(not_given(node, place, begun, error).await),
    };
    let announced = Announced::read(&response, &gate, offset)?;
    check_catalogue(node, &gate, &announced.whole).await?;
    note(node, &place, &announced).await?;
    let stream = FetchStream::new(node, place.clone(), response, &announced.whole, offset).await?;
    Ok(Fetched {
        use_id: place.use_id,
        length: announced.whole.bytes - offset,
        whole: announced.whole,
        sequence: announced.sequence,
        media_type: announced.media_type,
        offset,
        stream,
    })
}

/// Closes a use with what the caller has, after a delivery that was resumed: the bytes of the whole, and their digest. A report of anything
/// else is refused and changes nothing: a slip of the caller's must not stand against the provider's window, and what really arrived
/// wrong shows when it is fetched from the beginning, past this side's own meter.
///
/// # Errors
/// [`Error::NotFound`] for the contract or the use, [`Error::Metering`] where nothing was announced yet or the use is over,
/// [`Error::Evidence`] where bytes or digest are not those announced.
pub async fn received(
    node: &Node,
    speaker: &Speaker,
    contract: &str,
    use_id: &str,
    bytes: u64,
    sha256: Sha256,
) -> Result<(), Error> {
    let held = crate::contract::get(node, speaker.id().as_str(), contract).await?;
    let id =
        held.contract().id.as_ref().ok_or_else(|| Error::not_found("identifier of contract", contract))?;
    let use_id = UseId::parse(use_id).map_err(|error| Error::input("use", error.to_string()))?;
    let place = Place { tenant: speaker.id().to_string(), contract: id.to_string(), use_id };
    let row = read_row(node, &place).await?.ok_or_else(|| Error::not_found("use", &place.use_id))?;
    let announced = row.body.get::<ReceivedBody>()?.announced.ok_or_else(|| {
        Error::Metering(format!(
            "use `{}`: its provider announced nothing yet, ask for the bytes first",
            place.use_id
        ))
    })?;
    if announced.bytes != bytes || announced.digest != sha256 {
        return Err(mismatch(&place.use_id, &announced, bytes, &sha256));
    }
    end(node, place, announced, true, bytes).await
}

fn mismatch(use_id: &UseId, announced: &Delivered, bytes: u64, sha256: &Sha256) -> Error {
    Error::Evidence(format!(
        "use `{use_id}`: {bytes} bytes with digest {sha256} are not the {} bytes with digest {} that were announced: fetch them again from the beginning",
        announced.bytes, announced.digest
    ))
}

/// A use id that nobody has: milliseconds since 1970, then 80 bits of chance, in 32 hexadecimal digits. Ids that are made one after the other stand one after
/// the other in the indexes of both sides too, so that uses of many contracts touch few of their pages.
///
/// # Errors
/// None in practice: the form is the same each time.
pub fn new_use_id(node: &Node) -> Result<UseId, Error> {
    let chance = node.entropy().hex128();
    let chance = chance.get(12..).unwrap_or_default();
    let id = format!("{:012x}{chance}", node.now().millis().max(0));
    UseId::parse(&id).map_err(|error| Error::Corrupt(error.to_string()))
}

fn place(speaker: &Speaker, gate: &GateContract, use_id: UseId) -> Place {
    Place { tenant: speaker.id().to_string(), contract: gate.id.to_string(), use_id }
}

async fn read_row(node: &Node, place: &Place) -> Result<Option<ReceivedUseRow>, Error> {
    let place = place.clone();
    node.store()
        .peek("received_use", move |read| {
            let place = place.clone();
            Box::pin(async move {
                Ok::<_, Error>(
                    read.get_received_use(&place.tenant, &place.contract, place.use_id.as_str()).await?,
                )
            })
        })
        .await
}

/// Whether a use was recorded by this very call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    New,
    Known,
}

/// Records a use as open before anybody hears of it. One that is known stays as it is, unless its provider refused it before.
async fn begin(node: &Node, place: &Place) -> Result<Begun, Error> {
    let row = Arc::new(ReceivedUseRow {
        tenant: place.tenant.clone(),
        contract: place.contract.clone(),
        use_id: place.use_id.to_string(),
        state: ReceivedUseRow::OPEN.to_owned(),
        sequence: None,
        bytes: 0,
        rows: 0,
        digest: None,
        opened_at: node.now().micros(),
        closed_at: None,
        in_window: None,
        body: Body::of(&ReceivedBody::default())?,
    });
    node.store()
        .run_tx("fetch_begin", move |tx| {
            let row = row.clone();
            Box::pin(async move {
                match tx.get_received_use(&row.tenant, &row.contract, &row.use_id).await? {
                    Some(known) if known.state == ReceivedUseRow::INCOMPLETE => Err(Error::Metering(
                        format!("use `{}` is closed as incomplete: begin another use", row.use_id),
                    )),
                    Some(known) if known.state != REFUSED => Ok(Begun::Known),
                    _ => {
                        tx.put_received_use(&row).await?;
                        Ok(Begun::New)
                    }
                }
            })
        })
        .await
}

async fn ask(
    node: &Node,
    speaker: &Speaker,
    gate: &GateContract,
    use_id: &UseId,
    offset: u64,
) -> Result<StreamResponse, Error> {
    let request = DeliverRequest { contract_id: gate.id.clone(), use_id: use_id.clone(), offset };
    let target = node.target(&gate.provider.connector).await?;
    // The use id is the idempotency key; the envelope's number is new each time.
    let sequence = node.entropy().hex128();
    node.send_for_stream(speaker, &target, &path(DELIVER_MSG), &request.to_body()?, &sequence).await
}

/// The provider gave nothing. A use that began with this call, and was refused for good, does not count; any other may have been counted.
async fn not_given(node: &Node, place: Place, begun: Begun, error: Error) -> Error {
    if begun == Begun::New && matches!(error, Error::Peer { .. }) && !error.is_passing() {
        let at = node.now().micros();
        let refused = change(node, "fetch_refused", place.clone(), move |row| {
            let is_open = row.state == ReceivedUseRow::OPEN;
            is_open.then(|| ReceivedUseRow { state: REFUSED.to_owned(), closed_at: Some(at), ..row })
        });
        if let Err(error) = refused.await {
            tracing::warn!(contract.id = place.contract, use.id = %place.use_id, %error, "a refused use stays open in our records");
        }
    }
    error
}

/// What the provider says of the whole delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Announced {
    whole: Delivered,
    sequence: u64,
    media_type: String,
}

impl Announced {
    fn read(response: &StreamResponse, gate: &GateContract, offset: u64) -> Result<Announced, Error> {
        let provider = &gate.provider.connector;
        let wrong = |name: &str| {
            Error::Evidence(format!("the provider `{provider}` sent no readable header `{name}`"))
        };
        let number = |name: &str| {
            response.header(name).and_then(|text| text.parse::<u64>().ok()).ok_or_else(|| wrong(name))
        };
        let digest = response.header(DIGEST_HEADER).and_then(|text| text.parse().ok());
        let whole = Delivered {
            bytes: number(BYTES_HEADER)?,
            rows: number(ROWS_HEADER)?,
            digest: digest.ok_or_else(|| wrong(DIGEST_HEADER))?,
        };
        if offset > whole.bytes {
            return Err(Error::input(
                "offset",
                format!("{offset} lies behind the end of {} bytes", whole.bytes),
            ));
        }
        let media_type = response.header("content-type").unwrap_or(UNKNOWN_MEDIA);
        Ok(Announced {
            whole,
            sequence: number(SEQUENCE_HEADER)?,
            media_type: media_type.chars().take(MEDIA_CHARS_MAX).collect(),
        })
    }
}

/// Compares a whole delivery with the catalogue, where this node knows the product; a projection has figures of its own.
async fn check_catalogue(node: &Node, gate: &GateContract, whole: &Delivered) -> Result<(), Error> {
    if gate.terms.fields.is_some() {
        return Ok(());
    }
    let Some(product) = crate::catalogue::shelf::find_product(node, gate.product.as_str()).await? else {
        return Ok(());
    };
    let catalogued = Delivered { bytes: product.bytes, rows: product.rows, digest: product.digest };
    if catalogued == *whole {
        return Ok(());
    }
    Err(Error::Evidence(format!(
        "the provider announces {} bytes, {} rows, digest {}, and the catalogue says {} bytes, {} rows, digest {}",
        whole.bytes, whole.rows, whole.digest, catalogued.bytes, catalogued.rows, catalogued.digest
    )))
}

/// Keeps what was announced, durably, before the first byte: a resumed download is closed against it. It never changes between two parts.
async fn note(node: &Node, place: &Place, announced: &Announced) -> Result<(), Error> {
    let row = read_row(node, place).await?.ok_or_else(|| Error::not_found("use", &place.use_id))?;
    match row.body.get::<ReceivedBody>()?.announced {
        Some(before) if before != announced.whole => {
            return Err(Error::Evidence(format!(
                "use `{}`: the provider announces digest {}, and announced {} before: begin another use",
                place.use_id, announced.whole.digest, before.digest
            )));
        }
        Some(_) if row.sequence == Some(announced.sequence) => return Ok(()),
        _ => {}
    }
    let body = Body::of(&ReceivedBody { announced: Some(announced.whole.clone()) })?;
    let sequence = Some(announced.sequence);
    change(node, "fetch_announced", place.clone(), move |row| {
        Some(ReceivedUseRow { sequence, body: body.clone(), ..row })
    })
    .await
}

/// Changes a record where it is still there; `turn` answers nothing where it stays as it is.
async fn change(
    node: &Node,
    name: &'static str,
    place: Place,
    turn: impl Fn(ReceivedUseRow) -> Option<ReceivedUseRow> + Send + Sync + 'static,
) -> Result<(), Error> {
    let turn = Arc::new(turn);
    node.store()
        .run_tx(name, move |tx| {
            let (place, turn) = (place.clone(), turn.clone());
            Box::pin(async move { write_turn(tx, &place, turn.as_ref()).await })
        })
        .await
}

async fn write_turn(
    tx: &mut Tx,
    place: &Place,
    turn: &(impl Fn(ReceivedUseRow) -> Option<ReceivedUseRow> + Send + Sync),
) -> Result<(), Error> {
    let row = tx.get_received_use(&place.tenant, &place.contract, place.use_id.as_str()).await?;
    let row = row.ok_or_else(|| Error::not_found("use", &place.use_id))?;
    match turn(row) {
        Some(changed) => Ok(tx.put_received_use(&changed).await?),
        None => Ok(()),
    }
}

/// Ends a use in our records: whole, or with another digest. What was whole stays whole; what was wrong may come right.
async fn end(node: &Node, place: Place, whole: Delivered, is_right: bool, bytes: u64) -> Result<(), Error> {
    let at = node.now().micros();
    change(node, "fetch_end", place, move |row| {
        let unsettled =
            row.in_window.is_none() && matches!(row.state.as_str(), ReceivedUseRow::OPEN | MISMATCH);
        unsettled.then(|| match is_right {
            true => ReceivedUseRow {
                state: ReceivedUseRow::COMPLETE.to_owned(),
                bytes: whole.bytes,
                rows: whole.rows,
                digest: Some(whole.digest.to_string()),
                closed_at: Some(at.max(row.opened_at)),
                ..row
            },
            false => ReceivedUseRow { state: MISMATCH.to_owned(), bytes, closed_at: Some(at), ..row },
        })
    })
    .await?;
    node.meters().ring_received();
    Ok(())
}

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
    async fn new(
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
                end(node, stream.place.clone(), whole.clone(), is_right, 0).await?;
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
        let ending = tokio::spawn(async move { end(&node, place, whole, is_right, upto).await });
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

#[cfg(test)]
mod tests;
