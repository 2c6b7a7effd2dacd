//! A use in the user's own records: open before anybody hears of it, then what was announced for it, then its end.

use std::sync::Arc;

use domain::delivery::{Delivered, UseId};
use serde::{Deserialize, Serialize};
use store::{Body, ReceivedUseRow, Stored, Tx};

use crate::{Error, Node};

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
pub(super) struct Place {
    pub tenant: String,
    pub contract: String,
    pub use_id: UseId,
}

pub(super) async fn read_row(node: &Node, place: &Place) -> Result<Option<ReceivedUseRow>, Error> {
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
pub(super) enum Begun {
    New,
    Known,
}

/// Records a use as open before anybody hears of it. One that is known stays as it is, unless its provider refused it before.
pub(super) async fn begin(node: &Node, place: &Place) -> Result<Begun, Error> {
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
                    Some(known) if known.state == ReceivedUseRow::INCOMPLETE => {
                        Err(Error::Metering(crate::delivery::use_over(&row.use_id)))
                    }
                    Some(known) if known.state != ReceivedUseRow::REFUSED => Ok(Begun::Known),
                    _ => {
                        tx.put_received_use(&row).await?;
                        Ok(Begun::New)
                    }
                }
            })
        })
        .await
}

/// The provider gave nothing. A use that began with this call, and was refused for good, does not count; any other may have been counted.
pub(super) async fn not_given(node: &Node, place: Place, begun: Begun, error: Error) -> Error {
    if begun == Begun::New && matches!(error, Error::Peer { .. }) && !error.is_passing() {
        let at = node.now().micros();
        let refused = change(node, "fetch_refused", place.clone(), move |row| {
            let is_open = row.state == ReceivedUseRow::OPEN;
            is_open.then(|| ReceivedUseRow {
                state: ReceivedUseRow::REFUSED.to_owned(),
                closed_at: Some(at),
                ..row
            })
        });
        if let Err(error) = refused.await {
            tracing::warn!(contract.id = place.contract, use.id = %place.use_id, %error, "a refused use stays open in our records");
        }
    }
    error
}

/// Keeps what was announced, durably, before the first byte: a resumed download is closed against it. It never changes between two parts.
pub(super) async fn note(node: &Node, place: &Place, sequence: u64, whole: &Delivered) -> Result<(), Error> {
    let row = read_row(node, place).await?.ok_or_else(|| Error::not_found("use", &place.use_id))?;
    match row.body.get::<ReceivedBody>()?.announced {
        Some(before) if before != *whole => {
            return Err(Error::Evidence(format!(
                "use `{}`: the provider announces digest {}, and announced {} before: begin another use",
                place.use_id, whole.digest, before.digest
            )));
        }
        Some(_) if row.sequence == Some(sequence) => return Ok(()),
        _ => {}
    }
    let body = Body::of(&ReceivedBody { announced: Some(whole.clone()) })?;
    change(node, "fetch_announced", place.clone(), move |row| {
        Some(ReceivedUseRow { sequence: Some(sequence), body: body.clone(), ..row })
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
pub(super) async fn end(
    node: &Node,
    place: Place,
    whole: Delivered,
    is_right: bool,
    bytes: u64,
) -> Result<(), Error> {
    let at = node.now().micros();
    change(node, "fetch_end", place, move |row| {
        let unsettled = row.in_window.is_none()
            && matches!(row.state.as_str(), ReceivedUseRow::OPEN | ReceivedUseRow::MISMATCH);
        unsettled.then(|| match is_right {
            true => ReceivedUseRow {
                state: ReceivedUseRow::COMPLETE.to_owned(),
                bytes: whole.bytes,
                rows: whole.rows,
                digest: Some(whole.digest.to_string()),
                closed_at: Some(at.max(row.opened_at)),
                ..row
            },
            false => ReceivedUseRow {
                state: ReceivedUseRow::MISMATCH.to_owned(),
                bytes,
                closed_at: Some(at),
                ..row
            },
        })
    })
    .await?;
    node.meters().ring_received();
    Ok(())
}
