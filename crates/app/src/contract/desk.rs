//! The contracts of this node's connectors in memory: what was read or written last, who waits for a change, and when each one ends.
//!
//! One process writes a store, and every write of a contract goes through [`super::commit::commit`], which runs to its end even where its
//! caller stops waiting. So an entry here is never older than the last commit that was acknowledged, and the gate may ask it for each use. A
//! version that moved in between is refused by the store all the same.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use domain::Timestamp;
use futures_util::future::BoxFuture;
use store::{ContractRow, Read};
use tokio::sync::{Notify, watch};

use super::entry::{Held, held_of};
use crate::{Error, Node};

/// How many contracts of one connector stay in memory; beyond it all of them are read anew when they are needed.
const KEPT_MAX: usize = 8192;
/// Characters of a contract id, which no local key has.
const ID_CHARS: usize = 47;

/// End of a contract's time, its connector and its key.
pub(super) type Expiry = (Timestamp, String, String);

/// The contracts in memory.
#[derive(Debug, Default)]
pub struct Desk {
    tenants: RwLock<HashMap<String, Shelf>>,
    waiting: Mutex<HashMap<(String, String), watch::Sender<u64>>>,
    expiries: Mutex<BTreeSet<Expiry>>,
    pub(super) sooner: Notify,
}

/// One connector's contracts, by key and by id.
#[derive(Debug, Default)]
struct Shelf {
    by_key: HashMap<String, Arc<Held>>,
    keys: HashMap<String, String>,
    /// Counts how often the shelf was emptied: what was read before may be old, and is not kept.
    emptied: u64,
}

impl Shelf {
    fn find(&self, name: &str) -> Option<&Arc<Held>> {
        let key = if is_contract_id(name) { self.keys.get(name)? } else { name };
        self.by_key.get(key)
    }

    fn keep(&mut self, held: Arc<Held>) {
        let contract = held.contract();
        if self.by_key.get(&contract.key).is_some_and(|kept| kept.version >= held.version) {
            return;
        }
        if self.by_key.len() >= KEPT_MAX {
            *self = Shelf { emptied: self.emptied + 1, ..Shelf::default() };
        }
        if let Some(id) = &contract.id {
            self.keys.insert(id.to_string(), contract.key.clone());
        }
        self.by_key.insert(contract.key.clone(), held);
    }
}

/// Whether a name is a contract id rather than a local key.
pub(super) fn is_contract_id(name: &str) -> bool {
    name.len() == ID_CHARS && name.starts_with('C')
}

impl Desk {
    fn find(&self, tenant: &str, name: &str) -> Option<Arc<Held>> {
        self.read(|tenants| tenants.get(tenant)?.find(name).cloned())
    }

    fn emptied(&self, tenant: &str) -> u64 {
        self.read(|tenants| tenants.get(tenant).map_or(0, |shelf| shelf.emptied))
    }

    fn read<T>(&self, look: impl FnOnce(&HashMap<String, Shelf>) -> T) -> T {
        look(&self.tenants.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// Keeps what was read from the store after `emptied` was asked for.
    fn keep_read(&self, tenant: &str, emptied: u64, held: Arc<Held>) {
        let mut tenants = self.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let shelf = tenants.entry(tenant.to_owned()).or_default();
        if shelf.emptied == emptied {
            shelf.keep(held);
        }
    }

    /// Keeps what was committed and tells whoever waits for it.
    pub(super) fn keep_committed(&self, tenant: &str, held: Arc<Held>) {
        let contract = held.contract();
        let place = (tenant.to_owned(), contract.key.clone());
        if !contract.is_over() {
            self.expect((contract.terms().time.end(), tenant.to_owned(), contract.key.clone()));
        }
        {
            let mut tenants = self.tenants.write().unwrap_or_else(std::sync::PoisonError::into_inner);
            tenants.entry(tenant.to_owned()).or_default().keep(held);
        }
        let waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(bell) = waiting.get(&place) {
            bell.send_modify(|count| *count = count.wrapping_add(1));
        }
    }

    /// Notes when a contract's time ends.
    pub(super) fn expect(&self, expiry: Expiry) {
        let mut expiries = self.expiries.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let is_soonest = expiries.first().is_none_or(|first| expiry < *first);
        expiries.insert(expiry);
        if is_soonest {
            self.sooner.notify_one();
        }
    }

    /// When the next contract's time ends.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        let expiries = self.expiries.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        expiries.first().map(|(at, ..)| *at)
    }

    /// Takes a contract whose time is over at `now`.
    pub(super) fn take_expired(&self, now: Timestamp) -> Option<Expiry> {
        let mut expiries = self.expiries.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if expiries.first().is_some_and(|(at, ..)| *at <= now) { expiries.pop_first() } else { None }
    }

    /// A bell that rings at each commit of a contract; look at the contract after asking for it.
    pub(super) fn watch(&self, tenant: &str, key: &str) -> Waiting<'_> {
        let place = (tenant.to_owned(), key.to_owned());
        let mut waiting = self.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bell = waiting.entry(place.clone()).or_insert_with(|| watch::Sender::new(0)).subscribe();
        Waiting { desk: self, place, bell: Some(bell) }
    }
}

/// Somebody who waits for a contract; the last one to leave takes the bell away.
pub(super) struct Waiting<'d> {
    desk: &'d Desk,
    place: (String, String),
    bell: Option<watch::Receiver<u64>>,
}

impl Waiting<'_> {
    /// Returns after the next commit since this was last asked.
    pub(super) async fn changed(&mut self) {
        let rang = match &mut self.bell {
            Some(bell) => bell.changed().await.is_ok(),
            None => false,
        };
        if !rang {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = self.desk.waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.bell = None;
        if waiting.get(&self.place).is_some_and(|bell| bell.receiver_count() == 0) {
            waiting.remove(&self.place);
        }
    }
}

/// A connector's contract by its local key or its id.
///
/// # Errors
/// [`Error::Store`].
pub async fn find(node: &Node, tenant: &str, name: &str) -> Result<Option<Arc<Held>>, Error> {
    match node.contracts().find(tenant, name) {
        Some(held) => Ok(Some(held)),
        None => reload(node, tenant, name).await,
    }
}

/// The same, read from the store whatever is in memory.
pub(super) async fn reload(node: &Node, tenant: &str, name: &str) -> Result<Option<Arc<Held>>, Error> {
    let emptied = node.contracts().emptied(tenant);
    let (owner, wanted) = (tenant.to_owned(), name.to_owned());
    let row = node.store().peek("contract_find", move |read| {
        let (owner, wanted) = (owner.clone(), wanted.clone());
        Box::pin(async move { row_of(read, &owner, &wanted).await })
    });
    let Some(row) = row.await? else { return Ok(None) };
    let held = Arc::new(held_of(&row)?);
    node.contracts().keep_read(tenant, emptied, held.clone());
    Ok(Some(held))
}

/// [`find`], and something else, where it has to be asked at all. Both need not be of one moment: a contract that moved is refused by its
/// version.
pub(super) async fn find_and<T, F>(
    node: &Node,
    tenant: &str,
    name: &str,
    also: F,
) -> Result<(Option<Arc<Held>>, T), Error>
where
    F: for<'r> Fn(&'r mut Read) -> BoxFuture<'r, Result<T, Error>> + Send + Sync + 'static,
    T: Send + 'static,
{
    let (kept, emptied) = (node.contracts().find(tenant, name), node.contracts().emptied(tenant));
    let (owner, wanted) = (tenant.to_owned(), kept.is_none().then(|| name.to_owned()));
    let also = Arc::new(also);
    let looked = node.store().peek("contract_find_and", move |read| {
        let (owner, wanted, also) = (owner.clone(), wanted.clone(), also.clone());
        Box::pin(async move {
            let row = match &wanted {
                Some(name) => row_of(read, &owner, name).await?,
                None => None,
            };
            Ok::<_, Error>((row, also(read).await?))
        })
    });
    let (row, other) = looked.await?;
    let Some(row) = row else { return Ok((kept, other)) };
    let held = Arc::new(held_of(&row)?);
    node.contracts().keep_read(tenant, emptied, held.clone());
    Ok((Some(held), other))
}

async fn row_of(read: &mut Read, tenant: &str, name: &str) -> Result<Option<ContractRow>, Error> {
    Ok(match is_contract_id(name) {
        true => read.find_contract(tenant, name).await?,
        false => read.get_contract(tenant, name).await?,
    })
}

/// The same as [`find`], where it must be there.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn get(node: &Node, tenant: &str, name: &str) -> Result<Arc<Held>, Error> {
    find(node, tenant, name).await?.ok_or_else(|| Error::not_found("contract", name))
}
