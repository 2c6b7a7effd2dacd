//! Changing what a connector holds or offers: read, step, commit, and again where another step came in between.

use std::sync::Arc;

use domain::{Evidence, Timestamp};
use store::{NewMessage, Tx};

use super::kept::{Kept, Place};
use crate::log::Entries;
use crate::outbox::End;
use crate::{Error, Node};

/// A connector's own object, kept in one row under the connector's own name for it.
pub(super) trait Own: Sized + Send + Sync + 'static {
    /// The row.
    type Row: Kept;

    fn of(row: &Self::Row) -> Result<Self, Error>;
    fn row(&self, now: Timestamp) -> Result<Self::Row, Error>;
    /// The connector and its name for the object.
    fn place(&self) -> Place;
}

/// A change of one object with all that belongs to it.
pub(super) struct Change<O> {
    pub(super) own: O,
    pub(super) evidence: Vec<Evidence>,
    pub(super) messages: Vec<NewMessage>,
}

impl<O> Change<O> {
    /// A change that nobody is told of.
    pub(super) const fn quiet(own: O) -> Change<O> {
        Change { own, evidence: Vec::new(), messages: Vec::new() }
    }
}

/// Changes an object: `turn` says how, from what it is now, if it is there. Where it moved in between, it is read and asked again.
/// `ended` is the message whose answer or end this is.
///
/// # Errors
/// Those of `turn`; [`Error::Store`].
pub(super) async fn change<O: Own>(
    node: &Node,
    tenant: &str,
    key: &str,
    ended: Option<&End>,
    turn: impl Fn(Option<O>) -> Result<Change<O>, Error>,
) -> Result<(), Error> {
    let turn = &turn;
    let place = Place { tenant: tenant.to_owned(), key: key.to_owned() };
    let committed = place.change(node, "catalogue_change", |before: Option<O::Row>| async move {
        let own = before.as_ref().map(O::of).transpose()?;
        commit(node, before, turn(own)?, ended).await
    });
    committed.await
}

/// The same for an object that must be there.
///
/// # Errors
/// As [`change`]; [`Error::NotFound`].
pub(super) async fn change_known<O: Own>(
    node: &Node,
    tenant: &str,
    key: &str,
    ended: Option<&End>,
    turn: impl Fn(O) -> Result<Change<O>, Error>,
) -> Result<(), Error> {
    let turn = |own: Option<O>| turn(own.ok_or_else(|| Error::not_found(O::Row::KIND, key))?);
    change(node, tenant, key, ended, turn).await
}

/// An object by its connector's name for it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub(super) async fn get<O: Own>(node: &Node, tenant: &str, key: &str) -> Result<O, Error> {
    let place = Place { tenant: tenant.to_owned(), key: key.to_owned() };
    let row = place.read::<O::Row>(node).await?;
    O::of(&row.ok_or_else(|| Error::not_found(O::Row::KIND, key))?)
}

/// All that one transaction changes.
struct Commit<K> {
    place: Place,
    before: Option<K>,
    row: K,
    entries: Entries,
    messages: Vec<NewMessage>,
    ended: Option<End>,
    now: Timestamp,
}

async fn commit<O: Own>(
    node: &Node,
    before: Option<O::Row>,
    change: Change<O>,
    ended: Option<&End>,
) -> Result<(), Error> {
    let now = node.now();
    let Change { own, evidence, messages } = change;
    let place = own.place();
    let commit = Arc::new(Commit {
        before,
        row: own.row(now)?,
        entries: Entries::new().record(node, &place.tenant, &evidence, now),
        place,
        messages,
        ended: ended.cloned(),
        now,
    });
    node.store()
        .run_tx("catalogue_change", move |tx| {
            let commit = commit.clone();
            Box::pin(async move { commit.write(tx).await })
        })
        .await
}

impl<K: Kept> Commit<K> {
    async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        self.place.replace(tx, self.before.as_ref(), &self.row).await?;
        self.entries.write(tx).await?;
        if !self.messages.is_empty() {
            self.dismiss_older(tx).await?;
            tx.add_messages(&self.messages).await?;
        }
        match &self.ended {
            Some(ended) => ended.write(tx, self.now).await,
            None => Ok(()),
        }
    }

    /// What was given up gives way to what is said to the same receiver now.
    async fn dismiss_older(&self, tx: &mut Tx) -> Result<(), Error> {
        for message in &self.messages {
            tx.dismiss_stream(&message.tenant, &message.stream, &message.destination).await?;
        }
        Ok(())
    }
}
