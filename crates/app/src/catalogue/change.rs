//! Changing what a connector holds or offers: read, step, commit, and again where another step came in between.

use std::sync::Arc;

use domain::id::NodeId;
use domain::{Evidence, Timestamp};
use futures_util::future::BoxFuture;
use store::{MessageRow, NewMessage, Read, StoreError, Tx};

use crate::log::Entries;
use crate::{Error, Node, outbox};

/// How often a change is tried again when the object moved under it.
const TRIES_MAX: u32 = 8;

/// A connector's own object, kept in one row under the connector's own name for it.
pub(super) trait Own: Sized + Send + Sync + 'static {
    /// The row.
    type Row: Clone + PartialEq + Send + Sync + 'static;
    /// What it is called.
    const KIND: &'static str;

    fn of(row: &Self::Row) -> Result<Self, Error>;
    fn row(&self, now: Timestamp) -> Result<Self::Row, Error>;
    /// The connector and its name for the object.
    fn place(&self) -> (&NodeId, &str);
    fn get<'r>(
        read: &'r mut Read,
        tenant: &'r str,
        key: &'r str,
    ) -> BoxFuture<'r, Result<Option<Self::Row>, StoreError>>;
    fn put<'t>(tx: &'t mut Tx, row: &'t Self::Row) -> BoxFuture<'t, Result<(), StoreError>>;
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
/// `answered` is the message whose answer or end this is.
///
/// # Errors
/// Those of `turn`; [`Error::Store`].
pub(super) async fn change<O: Own>(
    node: &Node,
    tenant: &str,
    key: &str,
    answered: Option<&MessageRow>,
    turn: impl Fn(Option<O>) -> Result<Change<O>, Error>,
) -> Result<(), Error> {
    for _ in 0..TRIES_MAX {
        let before = row::<O>(node, tenant, key).await?;
        let change = turn(before.as_ref().map(O::of).transpose()?)?;
        match commit(node, before, change, answered).await {
            Err(Error::Store(error)) if error.is_conflict() => {}
            done => return done,
        }
    }
    Err(StoreError::Contention { name: "catalogue_change", attempts: TRIES_MAX }.into())
}

/// The same for an object that must be there.
///
/// # Errors
/// As [`change`]; [`Error::NotFound`].
pub(super) async fn change_known<O: Own>(
    node: &Node,
    tenant: &str,
    key: &str,
    answered: Option<&MessageRow>,
    turn: impl Fn(O) -> Result<Change<O>, Error>,
) -> Result<(), Error> {
    let turn = |own: Option<O>| turn(own.ok_or_else(|| Error::not_found(O::KIND, key))?);
    change(node, tenant, key, answered, turn).await
}

/// An object by its connector's name for it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub(super) async fn get<O: Own>(node: &Node, tenant: &str, key: &str) -> Result<O, Error> {
    let row = row::<O>(node, tenant, key).await?;
    O::of(&row.ok_or_else(|| Error::not_found(O::KIND, key))?)
}

async fn row<O: Own>(node: &Node, tenant: &str, key: &str) -> Result<Option<O::Row>, Error> {
    let (tenant, key) = (tenant.to_owned(), key.to_owned());
    node.store()
        .peek("catalogue_own", move |read| {
            let (tenant, key) = (tenant.clone(), key.clone());
            Box::pin(async move { Ok::<_, Error>(O::get(read, &tenant, &key).await?) })
        })
        .await
}

/// All that one transaction changes.
struct Commit<O: Own> {
    tenant: String,
    key: String,
    before: Option<O::Row>,
    row: O::Row,
    entries: Entries,
    messages: Vec<NewMessage>,
    answered: Option<MessageRow>,
}

async fn commit<O: Own>(
    node: &Node,
    before: Option<O::Row>,
    change: Change<O>,
    answered: Option<&MessageRow>,
) -> Result<(), Error> {
    let now = node.now();
    let Change { own, evidence, messages } = change;
    let (owner, key) = own.place();
    let commit = Arc::new(Commit::<O> {
        tenant: owner.to_string(),
        key: key.to_owned(),
        before,
        row: own.row(now)?,
        entries: Entries::new().record(node, owner.as_str(), &evidence, now),
        messages,
        answered: answered.cloned(),
    });
    node.store()
        .run_tx("catalogue_change", move |tx| {
            let commit = commit.clone();
            Box::pin(async move { commit.write(tx).await })
        })
        .await
}

impl<O: Own> Commit<O> {
    async fn write(&self, tx: &mut Tx) -> Result<(), Error> {
        if O::get(tx, &self.tenant, &self.key).await? != self.before {
            return Err(StoreError::Conflict { what: format!("{} `{}`", O::KIND, self.key) }.into());
        }
        O::put(tx, &self.row).await?;
        self.entries.write(tx).await?;
        if !self.messages.is_empty() {
            tx.add_messages(&self.messages).await?;
        }
        match &self.answered {
            Some(message) => outbox::complete(tx, message).await,
            None => Ok(()),
        }
    }
}
