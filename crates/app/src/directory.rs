//! Everyone whom this node knows: nodes, connectors and organisations, with certificate chains that were verified once.
//!
//! The rows stand in the store (they came through the feed or were made here); this is their cache in memory. An entry is
//! verified when it is first used and again when its certificate changes; its validity period is checked at every use.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::PublicKey;
use crypto::cert::{Chain, Roots};
use domain::Timestamp;
use domain::id::AreaCode;
use ledger::checkpoint::LogIdentity;
use ndi::Code;
use ndi::weir_v1::public_log::{ConnectorBody, NodeBody, OrganisationBody, PublicBody};
use store::Store;

use crate::Error;

/// An entry of the directory whose chain leads to the pinned root.
#[derive(Debug, Clone)]
pub struct Known {
    /// Identifier: 32 characters of a node or connector, 18 of an organisation.
    pub id: String,
    /// `region`, `industry`, `service`, `global`, `connector` or `organisation`.
    pub kind: String,
    /// The organisation that it belongs to (itself, for an organisation).
    pub subject: String,
    /// Its name.
    pub name: String,
    /// Region or industry where it was registered.
    pub area: AreaCode,
    /// Base address; organisations have none.
    pub address: Option<String>,
    /// Certificate chain, leaf first.
    pub chain: Chain,
    /// The key that the chain certifies.
    pub key: PublicKey,
    /// Verifier of its public log, where it has one.
    pub log: Option<LogIdentity>,
    /// `certified`, or why it may not act any more.
    pub status: String,
}

impl Known {
    /// Whether it may act at this time: certified, and within the validity of its certificate and of its issuers'.
    pub fn may_act(&self, now: Timestamp) -> bool {
        let seconds = now.secs();
        let valid = self.chain.iter().all(|one| one.not_before() <= seconds && seconds <= one.not_after());
        self.status == "certified" && valid
    }

    /// Reads a directory body (docs/WIRE.md, 3) and verifies its chain at `now`: it must lead to the root, and its `OU` must be the identifier.
    ///
    /// # Errors
    /// [`Error::Corrupt`] where the body is none, [`Error::Crypto`] where the chain does not hold.
    pub fn from_body(body: &PublicBody, roots: &Roots, now: Timestamp) -> Result<Known, Error> {
        let known = match body {
            PublicBody::Node(node) => Self::from_node(node)?,
            PublicBody::Connector(connector) => Self::from_connector(connector)?,
            PublicBody::Organisation(organisation) => Self::from_organisation(organisation)?,
            _ => return Err(Error::Corrupt("the body is no node, connector or organisation".to_owned())),
        };
        roots.verify(&known.chain, now.secs())?;
        known.chain.check_issuer(ROOT_CERTIFIED.contains(&known.kind.as_str()), &known.area.to_string())?;
        let certified = known.chain.leaf().subject_ou().unwrap_or_default();
        if certified == known.id {
            return Ok(known);
        }
        Err(Error::Corrupt(format!("the certificate of `{}` is for `{certified}`", known.id)))
    }

    fn from_node(node: &NodeBody) -> Result<Known, Error> {
        let chain = chain_of(&node.sign_chain)?;
        let log = Some(node.log_vkey.parse()?);
        Ok(Known {
            id: node.id.to_string(),
            kind: node.kind.code().to_owned(),
            subject: node.subject.to_string(),
            name: node.name.clone(),
            area: node.area,
            address: Some(node.address.clone()),
            key: chain.public_key().clone(),
            chain,
            log,
            status: node.status.code().to_owned(),
        })
    }

    fn from_connector(connector: &ConnectorBody) -> Result<Known, Error> {
        let chain = chain_of(&connector.sign_chain)?;
        Ok(Known {
            id: connector.id.to_string(),
            kind: CONNECTOR.to_owned(),
            subject: connector.subject.to_string(),
            name: connector.name.clone(),
            area: connector.area,
            address: Some(connector.address.clone()),
            key: chain.public_key().clone(),
            chain,
            log: None,
            status: connector.status.code().to_owned(),
        })
    }

    fn from_organisation(organisation: &OrganisationBody) -> Result<Known, Error> {
        let chain = chain_of(&organisation.chain)?;
        Ok(Known {
            id: organisation.subject.to_string(),
            kind: ORGANISATION.to_owned(),
            subject: organisation.subject.to_string(),
            name: organisation.name.clone(),
            area: organisation.area,
            address: None,
            key: chain.public_key().clone(),
            chain,
            log: None,
            status: organisation.status.code().to_owned(),
        })
    }
}

/// The kind under which the directory keeps connectors.
pub(crate) const CONNECTOR: &str = "connector";
/// The kind under which the directory keeps organisations.
pub(crate) const ORGANISATION: &str = "organisation";
/// Kinds that the root itself certifies.
const ROOT_CERTIFIED: [&str; 3] = ["global", "region", "industry"];

/// A certificate chain from its wire form, base64 DER, leaf first.
///
/// # Errors
/// [`Error::Corrupt`] where it is empty or no certificates.
pub fn chain_of(certificates: &[String]) -> Result<Chain, Error> {
    let value = serde_json::Value::from(certificates);
    serde_json::from_value(value).map_err(|error| Error::Corrupt(format!("certificate chain: {error}")))
}

/// The wire form of a chain.
pub fn chain_to_wire(chain: &Chain) -> Vec<String> {
    use base64::Engine as _;
    chain
        .iter()
        .map(|certificate| base64::engine::general_purpose::STANDARD.encode(certificate.to_der()))
        .collect()
}

/// How many entries the cache holds; when it is full it starts anew.
const CACHED_MAX: usize = 65_536;

/// The cache.
#[derive(Debug, Default)]
pub struct Directory {
    cached: RwLock<Cached>,
}

#[derive(Debug, Default)]
struct Cached {
    known: HashMap<String, Arc<Known>>,
    /// Counts how often something was forgotten, so that what was read before is not kept after.
    generation: u64,
}

impl Directory {
    /// The entry of an identifier: from the cache, else from the store, where it is verified first.
    ///
    /// # Errors
    /// [`Error::NotFound`] where nobody has that identifier, [`Error::Crypto`] where its chain does not hold.
    pub async fn find(
        &self,
        store: &Store,
        roots: &Roots,
        now: Timestamp,
        id: &str,
    ) -> Result<Arc<Known>, Error> {
        if let Some(known) = self.cached(id) {
            return Ok(known);
        }
        let generation = self.read(|cached| cached.generation);
        let wanted = id.to_owned();
        let row = store
            .peek("directory_find", move |read| {
                let id = wanted.clone();
                Box::pin(async move { Ok::<_, Error>(read.get_directory(&id).await?) })
            })
            .await?;
        let row = row.ok_or_else(|| Error::not_found("node, connector or organisation", id))?;
        let body = crate::log::public_body(&row.body)?;
        let known = Arc::new(Known::from_body(&body, roots, now)?);
        self.keep(known.clone(), generation);
        Ok(known)
    }

    /// Forgets an entry, after its row changed.
    pub fn forget(&self, id: &str) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        cached.generation += 1;
        cached.known.remove(id);
    }

    fn cached(&self, id: &str) -> Option<Arc<Known>> {
        self.read(|cached| cached.known.get(id).cloned())
    }

    fn read<T>(&self, look: impl FnOnce(&Cached) -> T) -> T {
        look(&self.cached.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps an entry that was read at a generation, unless something changed since.
    fn keep(&self, entry: Arc<Known>, generation: u64) {
        let mut cached = self.cached.write().unwrap_or_else(PoisonError::into_inner);
        if cached.generation != generation {
            return;
        }
        if cached.known.len() >= CACHED_MAX {
            cached.known.clear();
        }
        cached.known.insert(entry.id.clone(), entry);
    }
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
