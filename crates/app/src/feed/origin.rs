//! Who publishes which public log, what each may say (docs/WIRE.md, 3), and whose word stands where two say something of one object.
//!
//! First come, first served: what stands under one origin is replaced by that origin alone, as long as its publisher is certified.
//! So no region can put another key in the place of an organisation, a connector or a node that it did not register itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use domain::id::{AreaCode, IdKind, NodeId};
use ledger::checkpoint::LogIdentity;
use ndi::Code as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::public_log::{
    ConnectorBody, ListingBody, NodeBody, NodeKind, OrganisationBody, ProductBody, PublicBody, ResourceBody,
};
use store::{DirectoryRow, Read};

use crate::log::is_named_by_its_key;
use crate::member::PeerNode;
use crate::{Error, Node};

/// Who publishes a log.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The keys that sign its checkpoints.
    pub identity: LogIdentity,
    /// The publisher.
    pub node: NodeId,
    /// The publisher's name.
    pub name: String,
    /// What it is.
    pub kind: NodeKind,
    /// The area for which it speaks.
    pub area: AreaCode,
    /// Whether it may act; of one that may not, nothing new is believed.
    pub certified: bool,
}

impl Origin {
    fn of_root(root: &PeerNode) -> Result<Origin, Error> {
        Ok(Origin {
            identity: root.log_vkey.parse()?,
            node: root.id.clone(),
            name: root.name.clone(),
            kind: NodeKind::Global,
            area: root.id.area(),
            certified: true,
        })
    }

    fn of(body: NodeBody) -> Result<Origin, Error> {
        Ok(Origin {
            identity: body.log_vkey.parse()?,
            certified: body.status == Status::Certified,
            node: body.id,
            name: body.name,
            kind: body.kind,
            area: body.area,
        })
    }

    /// Whether this origin may publish that body (docs/WIRE.md, 3).
    pub(super) fn may_publish(&self, body: &PublicBody) -> bool {
        self.certified
            && match body {
                PublicBody::Node(node) => self.may_publish_node(node),
                PublicBody::Organisation(organisation) => self.may_publish_organisation(organisation),
                PublicBody::Connector(connector) => self.may_publish_connector(connector),
                PublicBody::Resource(resource) => self.may_publish_resource(resource),
                PublicBody::Product(product) => self.may_publish_product(product),
                PublicBody::Listing(listing) => self.may_publish_listing(listing),
            }
    }

    fn is_regional(&self) -> bool {
        matches!(self.kind, NodeKind::Region | NodeKind::Industry)
    }

    /// The global node says itself, regions and industries; these their service nodes. Nobody else speaks for himself: an entry gives
    /// its node's area, kind and log key, and with them what it may publish.
    fn may_publish_node(&self, node: &NodeBody) -> bool {
        let fits = node.id.kind() == kind_of(node.kind) && node.id.area() == node.area;
        fits && names_own_log(node)
            && node.id.subject() == node.subject
            && match node.kind {
                NodeKind::Global => self.kind == NodeKind::Global && node.id == self.node,
                NodeKind::Region | NodeKind::Industry => self.kind == NodeKind::Global,
                NodeKind::Service => self.is_regional() && node.area == self.area,
            }
    }

    fn may_publish_organisation(&self, organisation: &OrganisationBody) -> bool {
        self.is_regional() && organisation.area == self.area
    }

    fn may_publish_connector(&self, connector: &ConnectorBody) -> bool {
        self.is_own_connector(&connector.id)
            && connector.area == self.area
            && connector.id.subject() == connector.subject
    }

    fn may_publish_resource(&self, resource: &ResourceBody) -> bool {
        self.is_own_connector(&resource.connector)
            && resource.id.area() == self.area
            && resource.id.subject() == resource.subject
            && resource.connector.subject() == resource.subject
    }

    fn may_publish_product(&self, product: &ProductBody) -> bool {
        self.is_own_connector(&product.connector)
            && product.id.area() == self.area
            && product.id.subject() == product.subject
            && product.connector.subject() == product.subject
            && product.resource.area() == self.area
    }

    fn may_publish_listing(&self, listing: &ListingBody) -> bool {
        self.kind == NodeKind::Service && listing.service_node == self.node
    }

    fn is_own_connector(&self, id: &NodeId) -> bool {
        self.is_regional() && id.kind() == IdKind::Connector && id.area() == self.area
    }

    /// The order in which a source sends logs: those that make others verifiable first.
    fn rank(&self) -> u8 {
        match self.kind {
            NodeKind::Global => 0,
            NodeKind::Region | NodeKind::Industry => 1,
            NodeKind::Service => 2,
        }
    }
}

/// Whether a node's log is named by its own key: else it could bear the name of another's.
fn names_own_log(node: &NodeBody) -> bool {
    node.log_vkey.parse().is_ok_and(|identity| is_named_by_its_key(&identity))
}

fn kind_of(kind: NodeKind) -> IdKind {
    match kind {
        NodeKind::Global => IdKind::GlobalNode,
        NodeKind::Region => IdKind::RegionNode,
        NodeKind::Industry => IdKind::IndustryNode,
        NodeKind::Service => IdKind::ServiceNode,
    }
}

/// Every public log whose publisher is known.
#[derive(Debug, Default)]
pub struct Origins(HashMap<String, Origin>);

impl Origins {
    /// The publisher of a log.
    pub fn of(&self, log: &str) -> Option<&Origin> {
        self.0.get(log)
    }

    /// Takes in a publisher. A log has one: who is nearer to the root comes first, and stands.
    pub(super) fn add(&mut self, origin: Origin) {
        self.0.entry(origin.identity.origin().to_owned()).or_insert(origin);
    }

    /// The order in which logs are sent; those of nobody last.
    pub(crate) fn rank(&self, log: &str) -> u8 {
        self.of(log).map_or(u8::MAX, Origin::rank)
    }

    /// Where a subject stands in the register of another log than this one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn registrar_of(
        &self,
        read: &mut Read,
        log: &str,
        subject: &str,
    ) -> Result<Option<String>, Error> {
        let held = read.get_directory(subject).await?;
        Ok(held.filter(|row| self.stands_against(row, log)).map(|row| self.publisher(&row.origin)))
    }

    /// Why a body is not believed although its origin may publish such: another origin's word stands, or what it belongs to is not
    /// known from the same origin. `None` where nothing speaks against it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn objection(
        &self,
        read: &mut Read,
        log: &str,
        body: &PublicBody,
    ) -> Result<Option<String>, Error> {
        match body {
            PublicBody::Node(node) => {
                Ok(self.log_taken(node).or(self.standing(read, log, node.id.as_str()).await?))
            }
            PublicBody::Organisation(organisation) => {
                self.standing(read, log, organisation.subject.as_str()).await
            }
            PublicBody::Connector(connector) => {
                let taken = self.standing(read, log, connector.id.as_str()).await?;
                let owner = belongs(read, log, connector.subject.as_str()).await?;
                Ok(taken.or(owner))
            }
            PublicBody::Resource(resource) => {
                let taken = self.standing(read, log, resource.id.as_str()).await?;
                Ok(taken.or(belongs(read, log, resource.connector.as_str()).await?))
            }
            PublicBody::Product(product) => belongs(read, log, product.connector.as_str()).await,
            PublicBody::Listing(_) => Ok(None),
        }
    }

    /// A node cannot claim the log of another.
    fn log_taken(&self, node: &NodeBody) -> Option<String> {
        let log = crate::status::origin_of(&node.log_vkey);
        let taken = self.of(log).filter(|origin| origin.node != node.id)?;
        Some(format!("log `{log}` is the one of `{}`", taken.node))
    }

    async fn standing(&self, read: &mut Read, log: &str, id: &str) -> Result<Option<String>, Error> {
        let held = read.get_directory(id).await?.filter(|row| self.stands_against(row, log));
        Ok(held.map(|row| format!("`{id}` is registered at {} already", self.publisher(&row.origin))))
    }

    /// Whether an entry keeps its place when another log says something of the same object.
    fn stands_against(&self, row: &DirectoryRow, log: &str) -> bool {
        let stands = row.status != Status::Deregistered.code();
        let certified = self.of(&row.origin).is_none_or(|origin| origin.certified);
        row.origin != log && stands && certified
    }

    fn publisher(&self, log: &str) -> String {
        match self.of(log) {
            Some(origin) => format!("{} ({})", origin.name, origin.area),
            None => format!("another node (log `{log}`)"),
        }
    }
}

/// What an object belongs to must be known from the same log.
async fn belongs(read: &mut Read, log: &str, owner: &str) -> Result<Option<String>, Error> {
    let held = read.get_directory(owner).await?;
    let same = held.is_some_and(|row| row.origin == log);
    Ok((!same).then(|| format!("`{owner}`, to which it belongs, is not registered by the same node")))
}

/// The publishers, read once and again after a node's entry changed.
#[derive(Debug, Default)]
pub(super) struct Cache {
    held: RwLock<Option<Arc<Origins>>>,
    /// Counts how often it was forgotten, so that what was read before is not kept after.
    generation: AtomicU64,
}

impl Cache {
    fn get(&self) -> Option<Arc<Origins>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, origins: Arc<Origins>, generation: u64) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if self.generation.load(Ordering::Acquire) == generation {
            *held = Some(origins);
        }
    }

    pub(super) fn forget(&self) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::AcqRel);
        *held = None;
    }
}

/// Every public log whose publisher is known here.
///
/// # Errors
/// [`Error::Store`].
pub async fn origins(node: &Node) -> Result<Arc<Origins>, Error> {
    let cache = &node.feed().origins;
    if let Some(origins) = cache.get() {
        return Ok(origins);
    }
    let generation = cache.generation.load(Ordering::Acquire);
    let origins = Arc::new(read_origins(node).await?);
    cache.keep(origins.clone(), generation);
    Ok(origins)
}

async fn read_origins(node: &Node) -> Result<Origins, Error> {
    let mut origins = Origins::default();
    if let Ok(speaker) = node.speaker() {
        match Origin::of_root(&speaker.membership.root_node) {
            Ok(root) => origins.add(root),
            Err(error) => tracing::warn!(%error, "the root node's log has no key that can be read"),
        }
    }
    for kind in [NodeKind::Global, NodeKind::Region, NodeKind::Industry, NodeKind::Service] {
        for body in super::nodes(node, kind).await? {
            let id = body.id.clone();
            match Origin::of(body) {
                Ok(origin) => origins.add(origin),
                Err(error) => tracing::warn!(node.id = %id, %error, "its log has no key that can be read"),
            }
        }
    }
    Ok(origins)
}

#[cfg(test)]
#[path = "tests/origin_tests.rs"]
mod tests;
