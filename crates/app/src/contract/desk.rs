//! The contracts of this node's connectors in memory: what was read or written last, who waits for a change, and when each one ends.
//!
//! One process writes a store, and every write of a contract goes through [`commit`], which runs to its end even where its caller stops
//! waiting. So an entry here is never older than the last commit that was acknowledged, and the gate may ask it for each use. A version that
//! moved in between is refused by the store all the same.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use domain::Timestamp;
use domain::contract::{Contract, ContractState, PartyRef, Role};
use domain::id::{ContractId, ProductId};
use domain::terms::Terms;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Body, ContractRow, MessageRow, NewMessage, Read, Stored, Tx};
use tokio::sync::{Notify, watch};

use crate::message::Incoming;
use crate::outbox::{self, Lease};
use crate::{Error, Node, log};

/// How many contracts of one connector stay in memory; beyond it all of them are read anew when they are needed.
const KEPT_MAX: usize = 8192;
/// How often a change is tried again when the contract moved under it.
const TRIES_MAX: u32 = 8;
/// Characters of a contract id, which no local key has.
const ID_CHARS: usize = 47;

/// When our side signs without being asked again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AutoSign {
    /// Never: a person signs.
    #[default]
    Never,
    /// When the peer agrees to exactly these terms, our last ones.
    OnAgreement {
        /// The terms.
        terms: Terms,
    },
    /// When the peer has signed these terms, to which we agreed from our offer.
    AfterPeer {
        /// The terms.
        terms: Terms,
    },
}

/// A message that came to nothing, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trouble {
    /// The message's name.
    pub message: String,
    /// Who was to receive it.
    pub peer: String,
    /// The return code of the refusal, where it was one.
    pub code: Option<String>,
    /// What the other side said, or what stood in the way.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A contract as its row holds it: the lifecycle, and what this node does about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The contract.
    pub contract: Contract,
    /// When our side signs by itself.
    #[serde(default)]
    pub auto_sign: AutoSign,
    /// The last message that came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

impl Stored for Entry {
    const VERSION: u32 = 1;
}

/// What the gate needs of a contract in force.
#[derive(Debug, Clone)]
pub struct GateContract {
    /// The contract.
    pub id: ContractId,
    /// Our side.
    pub role: Role,
    /// The signed terms.
    pub terms: Terms,
    /// What it is about.
    pub product: ProductId,
    /// The provider.
    pub provider: PartyRef,
    /// The user.
    pub user: PartyRef,
}

/// A contract with the version of its row.
#[derive(Debug, Clone)]
pub struct Held {
    /// The version that a writer must have seen.
    pub version: u64,
    /// When the row was written.
    pub updated_at: Timestamp,
    /// The contract.
    pub entry: Entry,
    gate: Option<Arc<GateContract>>,
}

impl Held {
    fn new(version: u64, updated_at: Timestamp, entry: Entry) -> Held {
        let gate = gate_contract(&entry.contract).map(Arc::new);
        Held { version, updated_at, entry, gate }
    }

    /// The contract.
    pub fn contract(&self) -> &Contract {
        &self.entry.contract
    }

    /// What the gate needs, where both have signed and it is not over. Whether its time has begun is for the terms to say.
    ///
    /// # Errors
    /// [`Error::State`] in every other state.
    pub fn for_gate(&self) -> Result<Arc<GateContract>, Error> {
        self.gate.clone().ok_or_else(|| {
            let contract = self.contract();
            let refusal = domain::Refusal::NotPossible {
                object: "contract",
                state: contract.state_name(),
                input: "use",
                possible: contract.possible().join(", "),
            };
            Error::State(refusal)
        })
    }
}

fn gate_contract(contract: &Contract) -> Option<GateContract> {
    let (ContractState::Performing { terms, .. }, Some(id)) = (&contract.state, &contract.id) else {
        return None;
    };
    Some(GateContract {
        id: id.clone(),
        role: contract.role,
        terms: terms.clone(),
        product: contract.product.id.clone(),
        provider: contract.provider.clone(),
        user: contract.user.clone(),
    })
}

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
    fn keep_committed(&self, tenant: &str, held: Arc<Held>) {
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
async fn reload(node: &Node, tenant: &str, name: &str) -> Result<Option<Arc<Held>>, Error> {
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

/// A row, read.
///
/// # Errors
/// [`Error::Store`] where a newer version wrote its body.
pub(super) fn held_of(row: &ContractRow) -> Result<Held, Error> {
    Ok(Held::new(row.version, Timestamp::from_micros(row.updated_at), row.body.get()?))
}

/// The same as [`find`], where it must be there.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Store`].
pub async fn get(node: &Node, tenant: &str, name: &str) -> Result<Arc<Held>, Error> {
    find(node, tenant, name).await?.ok_or_else(|| Error::not_found("contract", name))
}

/// What happens to the outbox row whose answer or end causes a change.
#[derive(Debug, Clone)]
pub(super) enum Letter {
    /// It was answered.
    Answered(MessageRow),
    /// It is given up, for this reason.
    Dead(MessageRow, String),
}

/// A change to one contract with everything that belongs to it, ready to be committed.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Whose contract.
    pub tenant: String,
    /// What it replaces; nothing for a new one.
    pub before: Option<Arc<Held>>,
    /// The contract after it.
    pub entry: Entry,
    /// Messages to send.
    pub messages: Vec<NewMessage>,
    /// Evidence.
    pub entries: log::Entries,
    /// The message that caused it, with its answer.
    pub answer: Option<(Incoming, Value)>,
    /// The outbox row that caused it.
    pub letter: Option<Letter>,
    /// When.
    pub now: Timestamp,
}

/// Commits a change in one transaction, and lets memory, waiters and senders know. Runs to its end once it began.
///
/// # Errors
/// [`Error::Store`], a conflict where the contract moved since it was read; [`Error::Repeated`] where the message was handled before.
pub(super) async fn commit(node: &Node, change: Change) -> Result<Arc<Held>, Error> {
    let node = node.clone();
    let whole = tokio::spawn(async move { commit_whole(&node, change).await });
    whole.await.unwrap_or_else(|error| Err(Error::Corrupt(format!("a commit ended early: {error}"))))
}

async fn commit_whole(node: &Node, change: Change) -> Result<Arc<Held>, Error> {
    let row = row(&change)?;
    let (change, lease) = (Arc::new(change), node.post().lease(node));
    let (shared, written) = (change.clone(), Arc::new(row));
    let outcome = node.store().run_tx("contract_change", move |tx| {
        let (change, row) = (shared.clone(), written.clone());
        Box::pin(async move { write(tx, &change, row.as_ref().as_ref(), lease).await })
    });
    let (version, leased) = outcome.await?;
    node.post().hand(leased);
    match (&change.before, version) {
        (Some(before), None) => Ok(before.clone()),
        (_, version) => {
            let held = Arc::new(Held::new(version.unwrap_or(1), change.now, change.entry.clone()));
            node.contracts().keep_committed(&change.tenant, held.clone());
            Ok(held)
        }
    }
}

/// The row to write; none where the contract stays as it is.
fn row(change: &Change) -> Result<Option<ContractRow>, Error> {
    if change.before.as_ref().is_some_and(|before| before.entry == change.entry) {
        return Ok(None);
    }
    let contract = &change.entry.contract;
    Ok(Some(ContractRow {
        tenant: change.tenant.clone(),
        key: contract.key.clone(),
        contract: contract.id.as_ref().map(ToString::to_string),
        state: contract.state.status().code().to_owned(),
        role: contract.role.name().to_owned(),
        peer: contract.peer().connector.to_string(),
        product: contract.product.id.to_string(),
        created_at: contract.created_at.micros(),
        updated_at: change.now.micros(),
        version: change.before.as_ref().map_or(0, |before| before.version),
        body: Body::of(&change.entry)?,
    }))
}

async fn write(
    tx: &mut Tx,
    change: &Change,
    row: Option<&ContractRow>,
    lease: Lease,
) -> Result<(Option<u64>, Vec<MessageRow>), Error> {
    if let Some((incoming, data)) = &change.answer {
        incoming.record(tx, change.now, data).await?;
    }
    let version = match row {
        Some(row) => Some(tx.put_contract(row).await?),
        None => None,
    };
    change.entries.write(tx).await?;
    match &change.letter {
        Some(Letter::Answered(letter)) => outbox::complete(tx, letter).await?,
        Some(Letter::Dead(letter, reason)) => {
            tx.bury_message(letter, change.now.micros(), reason).await?;
        }
        None => {}
    }
    let leased = outbox::write(tx, &change.messages, lease).await?;
    Ok((version, leased))
}

/// Changes a contract: `turn` says how, from what it is now. Where it moved in between, it is read again and asked again.
///
/// # Errors
/// [`Error::NotFound`], those of `turn`, those of [`commit`].
pub(super) async fn change(
    node: &Node,
    tenant: &str,
    name: &str,
    turn: impl Fn(&Arc<Held>) -> Result<Change, Error>,
) -> Result<Arc<Held>, Error> {
    let mut held = get(node, tenant, name).await?;
    for _ in 0..TRIES_MAX {
        match commit(node, turn(&held)?).await {
            Err(Error::Store(error)) if error.is_conflict() => {
                let again = reload(node, tenant, name).await?;
                held = again.ok_or_else(|| Error::not_found("contract", name))?;
            }
            done => return done,
        }
    }
    Err(Error::Store(store::StoreError::Contention { name: "contract_change", attempts: TRIES_MAX }))
}
