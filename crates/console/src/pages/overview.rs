//! The first page: the nodes of this process with their logs and counts, the connectors that they host, and who else is known.

use std::collections::BTreeSet;
use std::sync::Arc;

use app::Node;
use app::log::OwnLog;
use app::member::Speaker;
use app::metering;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::note::Note;
use ndi::weir_v1::public_log::NodeKind;
use store::{Page as Rows, StoreError};

use crate::figures::{Moment, thousands};
use crate::network::{Network, own_id};
use crate::page::{Page, Pager, ROWS_MAX};
use crate::trouble::Trouble;
use crate::words;

/// How many contracts of a node are asked for their uses; beyond it the number of uses is a lower bound.
const COUNTED_MAX: u32 = 200;
/// How many nodes of the directory are shown.
const KNOWN_MAX: usize = ROWS_MAX as usize;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    page: &'a Page,
    nodes: Vec<NodeView>,
    connectors: Vec<ConnectorView>,
    connectors_total: String,
    known: Vec<KnownView>,
    pager: Pager,
}

struct NodeView {
    kind: String,
    name: String,
    area: Option<String>,
    id: Option<String>,
    address: String,
    suite: String,
    state: String,
    products: String,
    contracts: String,
    uses: String,
    logs: Vec<LogView>,
}

struct LogView {
    name: String,
    origin: String,
    /// How many entries it has, how many of them a checkpoint signs, and how many wait for their number.
    entries: String,
}

struct ConnectorView {
    name: String,
    id: String,
    subject: String,
    area: String,
    suite: String,
    until: Moment,
}

struct KnownView {
    kind: String,
    name: String,
    area: String,
    id: String,
    address: String,
    suite: String,
    state: String,
}

/// `GET /`
pub(crate) async fn show(State(network): State<Arc<Network>>, page: Page) -> Response {
    page.answer(view(&network, &page).await)
}

async fn view<'a>(network: &Network, page: &'a Page) -> Result<Overview<'a>, Trouble> {
    let number = page.number()?;
    let mut nodes = Vec::new();
    for node in network.nodes() {
        nodes.push(node_view(page, node).await?);
    }
    let seats = network.seats();
    let rows = ROWS_MAX as usize;
    let skipped = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(rows);
    let connectors = seats.iter().skip(skipped).take(rows).map(|seat| connector_view(page, seat));
    Ok(Overview {
        page,
        nodes,
        connectors: connectors.collect(),
        connectors_total: page.t1("overview-connectors-count", "count", seats.len()),
        known: known(network, page).await?,
        pager: page.pager(number, seats.len() > skipped.saturating_add(rows)),
    })
}

async fn node_view(page: &Page, node: &Node) -> Result<NodeView, Trouble> {
    let config = node.config();
    let membership = node.standing().ok().map(|standing| standing.speaker.membership.clone());
    let tally = tally(node).await?;
    let mut logs = Vec::new();
    for log in node.logs().all() {
        logs.push(log_view(page, node, log).await?);
    }
    let has_identity = own_id(node).is_some();
    Ok(NodeView {
        kind: words::role_kind(page, node.role()),
        name: config.name.clone(),
        area: membership.as_ref().map(|membership| words::area(page, membership.area)),
        id: membership.map(|membership| membership.id.to_string()),
        address: config.address.clone(),
        suite: words::suite(page, config.suite),
        state: page.t(if has_identity { "status-certified" } else { "status-not-joined" }),
        products: page
            .msg("overview-products", &[("count", tally.products.into()), ("listed", tally.listed.into())]),
        contracts: thousands(tally.contracts),
        uses: match tally.is_whole {
            true => thousands(tally.uses),
            false => page.t1("at-least", "count", tally.uses),
        },
        logs,
    })
}

/// What a node holds.
#[derive(Default, Clone)]
struct Tally {
    products: u64,
    listed: u64,
    contracts: u64,
    uses: u64,
    is_whole: bool,
}

async fn tally(node: &Node) -> Result<Tally, Trouble> {
    let counted = node.store().read("console_catalogue", |read| Box::pin(read.count_catalogue()));
    let catalogue = counted.await?;
    let mut tally =
        Tally { products: catalogue.products, listed: catalogue.listed, is_whole: true, ..Tally::default() };
    let mut left = COUNTED_MAX;
    for tenant in node.tenants() {
        let (total, contracts) = contracts_of(node, &tenant, left).await?;
        tally.contracts += total;
        tally.is_whole &= contracts.len() as u64 == total;
        left = left.saturating_sub(u32::try_from(contracts.len()).unwrap_or(u32::MAX));
        for contract in contracts.into_iter().flatten() {
            tally.uses += metering::usage_of(node, &tenant, &contract).await?.meter.uses;
        }
    }
    Ok(tally)
}

/// How many contracts a connector has, and the identifiers of the first of them, those that have one.
async fn contracts_of(
    node: &Node,
    tenant: &Speaker,
    limit: u32,
) -> Result<(u64, Vec<Option<String>>), Trouble> {
    let tenant = tenant.id().to_string();
    let read = node.store().read("console_contracts_of", move |read| {
        let tenant = tenant.clone();
        Box::pin(async move {
            let total = read.count_contracts(&tenant).await?;
            let rows = read.list_contracts(&tenant, &Rows::first(limit)).await?;
            Ok::<_, StoreError>((total, rows.into_iter().map(|row| row.contract).collect()))
        })
    });
    Ok(read.await?)
}

async fn log_view(page: &Page, node: &Node, log: &OwnLog) -> Result<LogView, Trouble> {
    let origin = log.origin().to_owned();
    let head = node.store().read("console_log", move |read| {
        let origin = origin.clone();
        Box::pin(async move {
            Ok::<_, StoreError>((read.log_head(&origin).await?, read.count_unsequenced(&origin).await?))
        })
    });
    let (head, waiting) = head.await?;
    let size = head.as_ref().map_or(0, |head| head.size);
    let signed = head.and_then(|head| head.checkpoint).as_deref().and_then(signed_size);
    let is_public = node.logs().public().is_some_and(|public| public.origin() == log.origin());
    let signed = match signed {
        Some(signed) => page.t1("log-signed", "count", signed),
        None => page.t("log-unsigned"),
    };
    let entries = [page.t1("log-entries", "count", size), signed, page.t1("log-waiting", "count", waiting)];
    Ok(LogView {
        name: page.t(if is_public { "log-public" } else { "log-evidence" }),
        origin: log.origin().to_owned(),
        entries: entries.join(page.lang().pick("，", ", ")),
    })
}

/// The number of entries that a checkpoint signs.
fn signed_size(note: &str) -> Option<u64> {
    let note: Note = note.parse().ok()?;
    Checkpoint::from_text(note.text()).ok().map(|checkpoint| checkpoint.size)
}

fn connector_view(page: &Page, seat: &crate::network::Seat) -> ConnectorView {
    let membership = &seat.speaker.membership;
    let until = Timestamp::from_secs(membership.sign_chain.leaf().not_after());
    ConnectorView {
        name: membership.name.clone(),
        id: membership.id.to_string(),
        subject: membership.subject.to_string(),
        area: words::area(page, membership.area),
        suite: words::suite(page, seat.speaker.key.suite()),
        until: Moment::of(until),
    }
}

/// Nodes of other processes, as the directories of ours know them.
async fn known(network: &Network, page: &Page) -> Result<Vec<KnownView>, Trouble> {
    let mut seen: BTreeSet<String> = network.nodes().iter().filter_map(own_id).collect();
    let mut all = Vec::new();
    for kind in [NodeKind::Global, NodeKind::Region, NodeKind::Industry, NodeKind::Service] {
        for node in network.nodes() {
            for body in app::feed::nodes(node, kind).await? {
                if all.len() < KNOWN_MAX && seen.insert(body.id.to_string()) {
                    all.push(KnownView {
                        kind: words::kind(page, ndi::Code::code(body.kind)),
                        name: body.name,
                        area: words::area(page, body.area),
                        id: body.id.to_string(),
                        address: body.address,
                        suite: words::suite_code(page, body.suite),
                        state: words::status(page, body.status),
                    });
                }
            }
        }
    }
    Ok(all)
}
