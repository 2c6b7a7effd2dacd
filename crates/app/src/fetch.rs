//! Fetching at the user: the other end of `deliver` (docs/WIRE.md, 6), with a meter of its own.
//!
//! | module | what |
//! |---|---|
//! | here | asking the provider, and what it announces |
//! | `record` | the use in our own records |
//! | `stream` | the bytes as they come |
//!
//! Every use is recorded here before the provider hears of it, so that no window can name one that this side does not know. Bytes are
//! passed through as they come; what comes from the beginning is digested on its way, and its last piece is handed on only when the
//! digest was right and the end is recorded. What was resumed is digested by whoever has all of it, and closed with [`received`].

mod record;
mod stream;

use crypto::Sha256;
use domain::contract::Role;
use domain::delivery::{Delivered, UseId};
use ndi::Message as _;
use ndi::weir_v1::deliver::{
    BYTES_HEADER, DELIVER_MSG, DIGEST_HEADER, DeliverRequest, ROWS_HEADER, SEQUENCE_HEADER,
};
use ndi::weir_v1::path;
use net::StreamResponse;

pub use self::record::ReceivedBody;
pub use self::stream::FetchStream;

use self::record::{Place, begin, end, not_given, note, read_row};
use crate::contract::GateContract;
use crate::member::Speaker;
use crate::{Error, Node, Reason};

/// What a delivery is taken for where its provider does not say.
const UNKNOWN_MEDIA: &str = "application/octet-stream";
/// The longest media type that is handed on.
const MEDIA_CHARS_MAX: usize = 100;

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
        let words = format!("contract `{}`: this side provides the data, its user fetches it", gate.id);
        return Err(Error::Forbidden(
            Reason::new("provides-itself", words).with("contract", gate.id.as_str()),
        ));
    }
    let use_id = match use_id {
        Some(text) => UseId::parse(text).map_err(|error| Error::input("use", error))?,
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
    note(node, &place, announced.sequence, &announced.whole).await?;
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
    let use_id = UseId::parse(use_id).map_err(|error| Error::input("use", error))?;
    let place = Place { tenant: speaker.id().to_string(), contract: id.to_string(), use_id };
    let row = read_row(node, &place).await?.ok_or_else(|| Error::not_found("use", &place.use_id))?;
    let announced = row.body.get::<ReceivedBody>()?.announced.ok_or_else(|| {
        let words =
            format!("use `{}`: its provider announced nothing yet, ask for the bytes first", place.use_id);
        Error::Metering(Reason::new("use-unannounced", words).with("use", place.use_id.as_str()))
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

/// A use id that nobody has: milliseconds since 1970, then 80 bits of chance, in 32 hexadecimal digits. Ids that are made one after
/// the other stand one after the other in the indexes of both sides too, so that uses of many contracts touch few of their pages.
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

/// Compares a whole delivery with the catalogue, where this node knows the product; a projection has bytes and a digest of its own, but
/// every row.
async fn check_catalogue(node: &Node, gate: &GateContract, whole: &Delivered) -> Result<(), Error> {
    let Some(product) = crate::catalogue::shelf::find_product(node, gate.product.as_str()).await? else {
        return Ok(());
    };
    let catalogued = Delivered { bytes: product.bytes, rows: product.rows, digest: product.digest };
    let fits = match gate.terms.fields {
        Some(_) => catalogued.rows == whole.rows,
        None => catalogued == *whole,
    };
    if fits {
        return Ok(());
    }
    Err(Error::Evidence(format!(
        "the provider announces {} bytes, {} rows, digest {}, and the catalogue says {} bytes, {} rows, digest {}",
        whole.bytes, whole.rows, whole.digest, catalogued.bytes, catalogued.rows, catalogued.digest
    )))
}

#[cfg(test)]
mod tests;
