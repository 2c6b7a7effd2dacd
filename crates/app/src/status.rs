//! What a node is and how it does, in figures from its own store (`GET /status`).
//!
//! Everything is read in one snapshot, so that the figures belong together. What is wrong and what to do about it is [`crate::doctor`]'s.

use std::collections::{BTreeMap, HashMap};

use domain::Timestamp;
use ndi::weir_v1::public_log::NodeKind;
use serde::Serialize;
use store::{Backend, LogHead, MessageRow, Page, Read};

use crate::config::Role;
use crate::directory::CONNECTOR;
use crate::feed::passed::{PassedOverView, passed_over};
use crate::member::Membership;
use crate::{Error, Node};

/// How many dead letters are told; their number is told whole.
const DEAD_LETTERS_TOLD: u32 = 20;

/// A node's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusView {
    /// Version of the program.
    pub version: &'static str,
    /// The node's time, RFC 3339.
    pub at: String,
    /// Identifier; a connector host and a node that has not joined have none.
    pub id: Option<String>,
    /// `global`, `region`, `industry`, `service` or `connector`.
    pub role: &'static str,
    /// Name.
    pub name: String,
    /// Base address.
    pub address: String,
    /// Suite of its keys.
    pub suite: String,
    /// Region or industry.
    pub area: Option<String>,
    /// Where the node's state is kept.
    pub store: StoreView,
    /// The logs that the node writes.
    pub logs: Vec<LogView>,
    /// The function nodes that were joined.
    pub upstreams: Vec<UpstreamView>,
    /// The nodes at which this node holds a stream, or tries to.
    pub sources: Vec<SourceView>,
    /// The public logs that the node follows.
    pub followed: Vec<FollowedView>,
    /// Entries of those logs that are not believed here, because another word on the same object stands.
    pub passed_over: PassedOverView,
    /// Those who hold a stream here now.
    pub followers: Vec<FollowerView>,
    /// Messages on their way.
    pub outbox: OutboxView,
    /// What there is.
    pub counts: Counts,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreView {
    /// `sqlite` or `postgres`.
    pub backend: &'static str,
    /// Where it is, without user information.
    pub location: String,
}

/// A log of the node's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogView {
    /// Its name.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Entries that wait for their number.
    pub waiting: u64,
    /// The newest checkpoint, a signed note; none while the log is empty.
    pub checkpoint: Option<String>,
    /// When it grew last, RFC 3339.
    pub grown_at: Option<String>,
}

/// A function node that was joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamView {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Base address.
    pub address: String,
    /// Entries of its public log that are held here.
    pub size: u64,
    /// When the last of them came, RFC 3339.
    pub last_entry_at: Option<String>,
}

/// A node that is followed: what it holds comes from there, its own log and those that it hands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceView {
    /// Its identifier.
    pub node: String,
    /// Its name, where that is known.
    pub name: Option<String>,
    /// Its base address.
    pub address: String,
    /// When it was last heard, RFC 3339: a frame or a heartbeat; none since this process began.
    pub last_heard_at: Option<String>,
    /// How long ago that was, in milliseconds: all that it had until then is held here.
    pub lag_ms: Option<u64>,
}

/// A node that follows this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowerView {
    /// Its identifier.
    pub node: String,
    /// Its name.
    pub name: String,
    /// Since when it holds its stream, RFC 3339.
    pub since: String,
    /// Entries of this node's public log that it was sent, or said that it holds.
    pub sent: u64,
    /// Entries that it still has to be sent.
    pub lag: u64,
}

/// A public log of another node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FollowedView {
    /// Its name.
    pub origin: String,
    /// Who publishes it, where that is known.
    pub node: Option<String>,
    /// The publisher's name.
    pub name: Option<String>,
    /// Entries of it that are held here.
    pub size: u64,
    /// When the last of them came, RFC 3339.
    pub last_entry_at: Option<String>,
    /// Why it does not go on here, where it does not: it forked, went back, or nobody known publishes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Messages that are to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxView {
    /// Still to be sent.
    pub waiting: u64,
    /// Given up.
    pub dead: u64,
    /// The first of those that were given up.
    pub dead_letters: Vec<DeadLetter>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub message: String,
    /// Who sent it.
    pub from: String,
    /// Who was to receive it.
    pub to: String,
    /// How often it was tried.
    pub attempts: u64,
    /// Why it was given up.
    pub reason: String,
    /// When, RFC 3339.
    pub at: Option<String>,
}

/// How much of everything a node has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Subjects that were registered here.
    pub organisations: u64,
    /// Connectors: on a host its own, elsewhere those known.
    pub connectors: u64,
    /// Products: on a host its own, elsewhere those of the catalogue.
    pub products: u64,
    /// Contracts of the host's connectors.
    pub contracts: u64,
    /// Uses under way.
    pub open_uses: u64,
}

/// A node's status.
///
/// # Errors
/// [`Error::Store`].
pub async fn status(node: &Node) -> Result<StatusView, Error> {
    let tenants: Vec<String> = node.tenants().iter().map(|tenant| tenant.id().to_string()).collect();
    let is_host = node.role() == Role::Host;
    let figures = node
        .store()
        .read("status", move |read| {
            let tenants = tenants.clone();
            Box::pin(async move { Figures::read(read, &tenants, is_host).await })
        })
        .await?;
    let publishers = publishers(node).await?;
    let sources = sources(node, &publishers).await?;
    let config = node.config();
    let membership = node.standing().ok().map(|standing| standing.speaker.membership.clone());
    let area = membership.as_ref().map(|own| own.area).or_else(|| area_of_tenants(node));
    Ok(StatusView {
        version: env!("CARGO_PKG_VERSION"),
        at: node.now().to_string(),
        id: membership.map(|own: Membership| own.id.to_string()),
        role: config.role.as_str(),
        name: config.name.clone(),
        address: config.address.clone(),
        suite: config.suite.to_string(),
        area: area.map(|area| area.to_string()),
        store: store_view(node),
        logs: figures.own_logs(node),
        upstreams: upstreams(node, &figures.heads),
        sources,
        followed: followed_of(&figures.heads, &publishers, node.feed().troubles()),
        followers: figures.followers(node),
        passed_over: figures.passed_over,
        outbox: figures.outbox,
        counts: figures.counts,
    })
}

fn area_of_tenants(node: &Node) -> Option<domain::id::AreaCode> {
    node.tenants().first().map(|tenant| tenant.membership.area)
}

fn store_view(node: &Node) -> StoreView {
    let backend = match node.store().backend() {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    StoreView { backend, location: node.store().location().to_owned() }
}

/// Who publishes which log: identifier and name by origin.
async fn publishers(node: &Node) -> Result<HashMap<String, (String, String)>, Error> {
    let mut known = HashMap::new();
    for kind in [NodeKind::Global, NodeKind::Region, NodeKind::Industry, NodeKind::Service] {
        for body in crate::feed::nodes(node, kind).await? {
            known.insert(origin_of(&body.log_vkey).to_owned(), (body.id.to_string(), body.name));
        }
    }
    Ok(known)
}

/// The log that a verifier key (`name+hash+key`) belongs to.
pub(crate) fn origin_of(vkey: &str) -> &str {
    vkey.split('+').next().unwrap_or(vkey)
}

fn upstreams(node: &Node, heads: &[LogHead]) -> Vec<UpstreamView> {
    let view = |peer: crate::member::PeerNode| {
        let origin = origin_of(&peer.log_vkey);
        let head = heads.iter().find(|head| head.log == origin);
        UpstreamView {
            size: head.map_or(0, |head| head.size),
            last_entry_at: head.and_then(grown_at),
            id: peer.id.to_string(),
            name: peer.name,
            address: peer.address,
        }
    };
    node.upstreams().into_iter().map(view).collect()
}

async fn sources(
    node: &Node,
    publishers: &HashMap<String, (String, String)>,
) -> Result<Vec<SourceView>, Error> {
    let (now, feed) = (node.now(), node.feed());
    let names: HashMap<&str, &str> =
        publishers.values().map(|(id, name)| (id.as_str(), name.as_str())).collect();
    let view = |source: crate::message::Target| {
        let heard = feed.links.last_heard(source.id.as_str());
        SourceView {
            name: names.get(source.id.as_str()).map(|name| (*name).to_owned()),
            node: source.id.to_string(),
            address: source.address,
            last_heard_at: heard.map(|at| at.to_string()),
            lag_ms: heard.map(|at| lag_ms(at, now)),
        }
    };
    Ok(crate::feed::follow::sources(node).await?.into_iter().map(view).collect())
}

/// How long ago that was, in milliseconds; 0 where the clock went back.
fn lag_ms(heard: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.micros_since(heard) / 1000).unwrap_or_default()
}

/// When a log grew last; none where it is empty.
fn grown_at(head: &LogHead) -> Option<String> {
    (head.size > 0).then(|| Timestamp::from_micros(head.updated_at).to_string())
}

/// What is read in one snapshot.
struct Figures {
    heads: Vec<LogHead>,
    waiting: HashMap<String, u64>,
    outbox: OutboxView,
    counts: Counts,
    passed_over: PassedOverView,
}

impl Figures {
    async fn read(read: &mut Read, tenants: &[String], is_host: bool) -> Result<Figures, Error> {
        let heads = read.list_logs().await?;
        let mut waiting = HashMap::new();
        for head in heads.iter().filter(|head| head.own) {
            waiting.insert(head.log.clone(), read.count_unsequenced(&head.log).await?);
        }
        Ok(Figures {
            heads,
            waiting,
            outbox: outbox(read).await?,
            counts: counts(read, tenants, is_host).await?,
            passed_over: passed_over(read).await?,
        })
    }

    /// The logs that the node writes, the public one first.
    fn own_logs(&self, node: &Node) -> Vec<LogView> {
        let own = node.logs().all().filter_map(|log| self.heads.iter().find(|head| head.log == log.origin()));
        own.map(|head| LogView {
            origin: head.log.clone(),
            size: head.size,
            waiting: self.waiting.get(&head.log).copied().unwrap_or_default(),
            checkpoint: head.checkpoint.clone(),
            grown_at: grown_at(head),
        })
        .collect()
    }

    /// Those who follow, and what they lack of the node's own public log.
    fn followers(&self, node: &Node) -> Vec<FollowerView> {
        let own =
            node.logs().public().and_then(|log| self.heads.iter().find(|head| head.log == log.origin()));
        let size = own.map_or(0, |head| head.size);
        let view = |follower: crate::feed::Follower| FollowerView {
            node: follower.id,
            name: follower.name,
            since: follower.since.to_string(),
            sent: follower.sent,
            lag: size.saturating_sub(follower.sent),
        };
        node.feed().links.followers().into_iter().map(view).collect()
    }
}

/// The public logs that the node follows, and those of which nothing could be taken yet.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn followed(node: &Node) -> Result<Vec<FollowedView>, Error> {
    let heads = crate::feed::serve::heads(node).await?;
    Ok(followed_of(&heads, &publishers(node).await?, node.feed().troubles()))
}

/// The logs that are followed, and those of which nothing could be taken yet.
fn followed_of(
    heads: &[LogHead],
    publishers: &HashMap<String, (String, String)>,
    mut troubles: BTreeMap<String, String>,
) -> Vec<FollowedView> {
    let view = |origin: &str, head: Option<&LogHead>, problem: Option<String>| {
        let (node, name) = publishers.get(origin).cloned().unzip();
        FollowedView {
            origin: origin.to_owned(),
            node,
            name,
            size: head.map_or(0, |head| head.size),
            last_entry_at: head.and_then(grown_at),
            problem,
        }
    };
    let held = heads.iter().filter(|head| !head.own);
    let mut followed: Vec<FollowedView> =
        held.map(|head| view(&head.log, Some(head), troubles.remove(&head.log))).collect();
    followed.extend(troubles.into_iter().map(|(origin, problem)| view(&origin, None, Some(problem))));
    followed
}

/// The messages that are to be sent, and those that were given up.
///
/// # Errors
/// [`Error::Store`].
pub(crate) async fn outbox(read: &mut Read) -> Result<OutboxView, Error> {
    let count = read.count_messages().await?;
    let dead = read.list_dead_messages(0, DEAD_LETTERS_TOLD).await?;
    Ok(OutboxView {
        waiting: count.waiting,
        dead: count.dead,
        dead_letters: dead.into_iter().map(dead_letter).collect(),
    })
}

fn dead_letter(row: MessageRow) -> DeadLetter {
    DeadLetter {
        id: row.id,
        message: row.kind,
        from: row.tenant,
        to: row.destination,
        attempts: row.attempts,
        reason: row.last_error.unwrap_or_default(),
        at: row.dead_at.map(|at| Timestamp::from_micros(at).to_string()),
    }
}

async fn counts(read: &mut Read, tenants: &[String], is_host: bool) -> Result<Counts, Error> {
    if !is_host {
        return Ok(Counts {
            organisations: read.count_organisations().await?,
            connectors: read.count_directory(CONNECTOR).await?,
            products: read.count_catalogue().await?.products,
            ..Counts::default()
        });
    }
    let mut counts = Counts { connectors: tenants.len() as u64, ..Counts::default() };
    for tenant in tenants {
        counts.products += read.list_products(tenant, &Page::first(Page::MAX)).await?.len() as u64;
        counts.contracts += read.count_contracts(tenant).await?;
    }
    counts.open_uses = read.count_open_uses().await?;
    Ok(counts)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn head(log: &str, own: bool, size: u64) -> LogHead {
        let updated_at = Timestamp::from_secs(1_767_225_600).micros();
        LogHead { log: log.to_owned(), own, size, frontier: Vec::new(), checkpoint: None, updated_at }
    }

    #[test]
    fn the_origin_is_the_first_part_of_a_verifier_key() {
        assert_eq!(origin_of("weir/5c0e/public+1f2e3d4c+AQ=="), "weir/5c0e/public");
        assert_eq!(origin_of("weir/5c0e/public"), "weir/5c0e/public");
    }

    #[test]
    fn an_empty_log_has_not_grown() {
        assert_eq!(grown_at(&head("a", true, 0)), None);
        assert_eq!(grown_at(&head("a", true, 1)).unwrap(), "2026-01-01T00:00:00Z");
    }

    #[test]
    fn followed_logs_are_told_with_their_publisher_where_it_is_known() {
        let heads = [head("own", true, 9), head("a", false, 2), head("b", false, 0)];
        let publishers = HashMap::from([("a".to_owned(), ("2x".to_owned(), "上海".to_owned()))]);
        let troubles = BTreeMap::from([("a", "it forked"), ("c", "nobody publishes it")]);
        let troubles = troubles.into_iter().map(|(log, why)| (log.to_owned(), why.to_owned())).collect();
        let followed = followed_of(&heads, &publishers, troubles);
        let told: Vec<(&str, Option<&str>, u64, Option<&str>)> = followed
            .iter()
            .map(|log| (log.origin.as_str(), log.node.as_deref(), log.size, log.problem.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("a", Some("2x"), 2, Some("it forked")),
                ("b", None, 0, None),
                ("c", None, 0, Some("nobody publishes it"))
            ]
        );
    }

    #[tokio::test]
    async fn sources_are_told_with_when_they_were_heard_and_followers_with_what_they_lack() {
        let town = crate::testkit::Town::new().await;
        let region = &town.region.node;
        let (service, global) = (town.service.node.speaker().unwrap(), town.global.node.speaker().unwrap());
        let links = &region.feed().links;
        links.heard(service.id().as_str(), town.clock_now());
        town.clock.advance_secs(7);
        let size = crate::testkit::size(region, &crate::testkit::public(region)).await;
        let (_stream, _sent) = links.enter("5a", "host", size - 1, town.clock_now());
        let told = status(region).await.unwrap();
        let sources: Vec<(&str, Option<&str>, Option<u64>)> =
            told.sources.iter().map(|one| (one.node.as_str(), one.name.as_deref(), one.lag_ms)).collect();
        assert!(sources.contains(&(service.id().as_str(), Some("space"), Some(7000))), "{sources:?}");
        assert!(sources.contains(&(global.id().as_str(), Some("global"), None)), "{sources:?}");
        let followers: Vec<(&str, u64, u64)> =
            told.followers.iter().map(|one| (one.name.as_str(), one.sent, one.lag)).collect();
        assert_eq!(followers, [("host", size - 1, 1)]);
    }

    #[test]
    fn a_dead_letter_tells_who_what_and_why() {
        let row = MessageRow {
            id: 7,
            tenant: "5a".to_owned(),
            stream: "k1".to_owned(),
            destination: "5b".to_owned(),
            kind: "contractNegotiate".to_owned(),
            body: r#"{"secret": "terms"}"#.to_owned(),
            attempts: 12,
            created_at: 0,
            next_at: 0,
            lease_until: None,
            last_error: Some("it refused".to_owned()),
            dead_at: Some(0),
        };
        let told = serde_json::to_value(dead_letter(row)).unwrap();
        let expected = serde_json::json!({
            "id": 7, "message": "contractNegotiate", "from": "5a", "to": "5b", "attempts": 12,
            "reason": "it refused", "at": "1970-01-01T00:00:00Z",
        });
        assert_eq!(told, expected, "and not what stands in it");
    }
}
