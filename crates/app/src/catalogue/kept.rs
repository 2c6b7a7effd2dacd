//! Rows of resources and products, a connector's own or a registrar's: reading them, and changing them only where nobody else did
//! meanwhile.

use domain::id::NodeId;
use futures_util::future::BoxFuture;
use store::{ProductRow, Read, ResourceRow, StoreError, Tx};

use crate::anew::anew;
use crate::{Error, Node};

/// A row under its connector's own name for the object.
pub(super) trait Kept: Clone + PartialEq + Send + Sync + 'static {
    /// What the object is called.
    const KIND: &'static str;

    fn get<'r>(
        read: &'r mut Read,
        tenant: &'r str,
        key: &'r str,
    ) -> BoxFuture<'r, Result<Option<Self>, StoreError>>;
    fn put<'t>(&'t self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), StoreError>>;
}

impl Kept for ResourceRow {
    const KIND: &'static str = "resource";

    fn get<'r>(
        read: &'r mut Read,
        tenant: &'r str,
        key: &'r str,
    ) -> BoxFuture<'r, Result<Option<Self>, StoreError>> {
        Box::pin(read.get_resource(tenant, key))
    }

    fn put<'t>(&'t self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        Box::pin(tx.put_resource(self))
    }
}

impl Kept for ProductRow {
    const KIND: &'static str = "product";

    fn get<'r>(
        read: &'r mut Read,
        tenant: &'r str,
        key: &'r str,
    ) -> BoxFuture<'r, Result<Option<Self>, StoreError>> {
        Box::pin(read.get_product(tenant, key))
    }

    fn put<'t>(&'t self, tx: &'t mut Tx) -> BoxFuture<'t, Result<(), StoreError>> {
        Box::pin(tx.put_product(self))
    }
}

/// Where a row stands: its connector, and the connector's name for the object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tenant: String,
    pub(super) key: String,
}

impl Place {
    pub(super) fn new(tenant: &NodeId, key: &str) -> Place {
        Place { tenant: tenant.to_string(), key: key.to_owned() }
    }

    /// The row that stands there now.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub(super) async fn read<K: Kept>(&self, node: &Node) -> Result<Option<K>, Error> {
        let place = self.clone();
        node.store()
            .peek("catalogue_kept", move |read| {
                let place = place.clone();
                Box::pin(async move { Ok::<_, Error>(K::get(read, &place.tenant, &place.key).await?) })
            })
            .await
    }

    /// Writes a row in the place of the one that was read.
    ///
    /// # Errors
    /// A conflict where another stands there by now; [`Error::Store`].
    pub(super) async fn replace<K: Kept>(
        &self,
        tx: &mut Tx,
        before: Option<&K>,
        row: &K,
    ) -> Result<(), Error> {
        if K::get(tx, &self.tenant, &self.key).await?.as_ref() != before {
            return Err(StoreError::Conflict { what: format!("{} `{}`", K::KIND, self.key) }.into());
        }
        Ok(row.put(tx).await?)
    }

    /// Reads the row and lets `turn` change it, and again where it moved in between.
    ///
    /// # Errors
    /// Those of `turn`; [`Error::Store`], as contention where it never stands still.
    pub(super) async fn change<K: Kept, T, F>(
        &self,
        node: &Node,
        name: &'static str,
        turn: impl Fn(Option<K>) -> F,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let turn = &turn;
        anew(name, || async { turn(self.read(node).await?).await }).await
    }
}
