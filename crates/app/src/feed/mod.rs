//! Following public logs: publish at one point, visible everywhere (docs/WIRE.md, 3).
//!
//! | module | what |
//! |---|---|
//! | here | what is believed, taken into the node's own view ([`apply`]) |
//! | [`origin`] | who publishes which log, and what each may say |
//! | [`serve`](mod@serve) | the source's side: lines for a follower |
//! | [`follow`](mod@follow) | the follower's side: connections |
//! | `links` | the streams of both sides as they stand, to be told |
//! | [`take`](mod@take) | the follower's side: checking frames, and believing them |
//! | [`passed`] | what is not believed: kept, told, and looked at again |
//!
//! A node holds a stream open to its upstream and, on function nodes, to every node that it certified. What comes is checked
//! against the source's own log key, stored, relayed to whoever follows us, and only then believed: a carrier needs no trust.
//! Bodies that an origin may not publish stay in its log and are passed over.

pub mod follow;
mod links;
pub mod origin;
pub mod passed;
pub mod serve;
pub mod take;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use domain::Timestamp;
use domain::id::AreaCode;
use ndi::Code as _;
use ndi::weir_v1::public_log::{NodeBody, NodeKind, PublicBody};
use store::{Body, ChainRow, DirectoryRow, Page, Tx};

use crate::directory::{CONNECTOR, ORGANISATION, chain_of};
use crate::log::{public_body, stored_body};
use crate::{Error, Node};

pub use follow::follow;
pub(crate) use links::Follower;
pub use origin::{Origins, origins};
pub use serve::serve;
pub use take::take;

/// How many nodes of one kind a network has at most.
const NODES_MAX: u32 = 10_000;

/// What following and being followed keep in memory.
#[derive(Debug, Default)]
pub struct Feed {
    origins: origin::Cache,
    /// One frame at a time, whoever brings it.
    taking: tokio::sync::Mutex<()>,
    /// Rings where something that is passed over may be believed now.
    freed: tokio::sync::Notify,
    /// Logs that do not go on here, and why.
    troubles: Mutex<BTreeMap<String, String>>,
    pub(crate) links: links::Links,
}

impl Feed {
    /// The logs of others that do not go on here, by origin, and why: forked, gone back, or by nobody known.
    pub fn troubles(&self) -> BTreeMap<String, String> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, log: &str, reason: String) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if troubles.insert(log.to_owned(), reason.clone()).as_ref() != Some(&reason) {
            tracing::warn!(log.origin = log, reason, "a followed log does not go on");
        }
    }

    fn clear_trouble(&self, log: &str) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        if troubles.remove(log).is_some() {
            tracing::info!(log.origin = log, "a followed log goes on again");
        }
    }

    /// Whom the logs belong to has to be read again.
    pub(crate) fn forget_origins(&self) {
        self.origins.forget();
    }
}

/// Takes a body that is believed into the node's own view, within the transaction that makes it so.
///
/// # Errors
/// [`Error::Store`], [`Error::Message`]; [`Error::Corrupt`] where its certificates are none.
pub async fn apply(tx: &mut Tx, origin: &str, body: &PublicBody, now: Timestamp) -> Result<(), Error> {
    match directory_row(origin, body, now)? {
        Some(row) => {
            // Also the chain that is replaced: a store of an earlier version has it in the directory alone.
            if let Some(before) = tx.get_directory(&row.id).await? {
                keep_chain(tx, &public_body(&before.body)?).await?;
            }
            keep_chain(tx, body).await?;
            Ok(tx.put_directory(&row).await?)
        }
        None => crate::catalogue::apply(tx, origin, body, now).await,
    }
}

/// What is to be done in memory after such bodies were committed: the caches, and whom to follow.
pub fn applied(node: &Node, bodies: &[PublicBody]) {
    for body in bodies {
        match body {
            PublicBody::Node(entry) => {
                node.directory().forget(entry.id.as_str());
                node.notify_members();
            }
            PublicBody::Connector(entry) => node.directory().forget(entry.id.as_str()),
            PublicBody::Organisation(entry) => node.directory().forget(entry.subject.as_str()),
            _ => {}
        }
    }
}

/// What of a body stands in a directory row of its own.
struct Listed<'a> {
    id: &'a str,
    kind: &'a str,
    owner: &'a str,
    area: AreaCode,
    address: Option<&'a str>,
    chain: &'a [String],
}

impl<'a> Listed<'a> {
    fn of(body: &'a PublicBody) -> Option<Listed<'a>> {
        Some(match body {
            PublicBody::Node(b) => Listed {
                id: b.id.as_str(),
                kind: b.kind.code(),
                owner: b.subject.as_str(),
                area: b.area,
                address: Some(&b.address),
                chain: &b.sign_chain,
            },
            PublicBody::Connector(b) => Listed {
                id: b.id.as_str(),
                kind: CONNECTOR,
                owner: b.subject.as_str(),
                area: b.area,
                address: Some(&b.address),
                chain: &b.sign_chain,
            },
            PublicBody::Organisation(b) => Listed {
                id: b.subject.as_str(),
                kind: ORGANISATION,
                owner: b.subject.as_str(),
                area: b.area,
                address: None,
                chain: &b.chain,
            },
            PublicBody::Resource(_) | PublicBody::Product(_) | PublicBody::Listing(_) => return None,
        })
    }
}

fn directory_row(origin: &str, body: &PublicBody, now: Timestamp) -> Result<Option<DirectoryRow>, Error> {
    let Some(listed) = Listed::of(body) else { return Ok(None) };
    Ok(Some(DirectoryRow {
        id: listed.id.to_owned(),
        kind: listed.kind.to_owned(),
        owner: listed.owner.to_owned(),
        area: listed.area.to_string(),
        origin: origin.to_owned(),
        address: listed.address.map(str::to_owned),
        key_id: Some(chain_of(listed.chain)?.public_key().key_id().to_string()),
        status: body.status().code().to_owned(),
        updated_at: now.micros(),
        body: stored_body(body)?,
    }))
}

async fn keep_chain(tx: &mut Tx, body: &PublicBody) -> Result<(), Error> {
    match chain_row(body)? {
        Some(chain) => Ok(tx.put_chain(&chain).await?),
        None => Ok(()),
    }
}

/// The chain of a directory body: kept also when a later one takes its place.
fn chain_row(body: &PublicBody) -> Result<Option<ChainRow>, Error> {
    let Some(listed) = Listed::of(body) else { return Ok(None) };
    let chain = chain_of(listed.chain)?;
    let leaf = chain.leaf();
    Ok(Some(ChainRow {
        holder: listed.id.to_owned(),
        fingerprint: leaf.fingerprint().to_string(),
        not_before: leaf.not_before(),
        not_after: leaf.not_after(),
        body: Body::versioned(1, &chain)?,
    }))
}

/// The nodes of a kind that are known, with their bodies.
///
/// # Errors
/// [`Error::Store`].
pub async fn nodes(node: &Node, kind: NodeKind) -> Result<Vec<NodeBody>, Error> {
    let rows = node
        .store()
        .read("nodes_of_kind", move |read| {
            Box::pin(async move {
                Ok::<_, Error>(read.list_directory(kind.code(), &Page::first(NODES_MAX)).await?)
            })
        })
        .await?;
    let bodies = rows.iter().map(|row| public_body(&row.body));
    bodies
        .filter_map(|body| match body {
            Ok(PublicBody::Node(node)) => Some(Ok(node)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
        .collect()
}
