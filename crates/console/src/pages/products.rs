//! The catalogue with search: the index of a node that the reader chooses answers.

use std::sync::Arc;

use app::Node;
use app::config::Role;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use ndi::Message as _;
use ndi::weir_v1::convert::time_pair;
use ndi::weir_v1::public_log::ProductBody;
use serde_json::Value;

use crate::figures::{moment, size, thousands};
use crate::network::{Network, own_id};
use crate::page::{Page, Pager, encoded};
use crate::trouble::Trouble;
use crate::words;

/// Characters of a search text.
const TEXT_MAX: usize = 200;
/// Characters of a node's identifier.
const ID_MAX: usize = 32;
/// Products of one page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "products.html")]
struct Products<'a> {
    page: &'a Page,
    text: String,
    text_max: usize,
    places: Vec<Place>,
    answered: String,
    summary: String,
    rows: Vec<Row>,
    pager: Pager,
}

/// A node that can be asked.
struct Place {
    id: String,
    label: String,
    is_chosen: bool,
}

struct Row {
    href: String,
    title: String,
    provider: String,
    area: String,
    rows: String,
    size: String,
    time: String,
    listed: String,
}

/// `GET /products`
pub(crate) async fn list(State(network): State<Arc<Network>>, page: Page) -> Response {
    page.answer(view(&network, &page).await)
}

async fn view<'a>(network: &Network, page: &'a Page) -> Result<Products<'a>, Trouble> {
    let number = page.number()?;
    let text = page.parameter("q", TEXT_MAX)?.unwrap_or_default().to_owned();
    let nodes = network.searchable();
    let node = chosen(&nodes, page.parameter("at", ID_MAX)?)?;
    let offset = u32::try_from(number - 1).unwrap_or(u32::MAX).saturating_mul(ROWS);
    let found = app::catalogue::search::search(node, &text, offset, ROWS).await?;
    let total = found.get("total").and_then(Value::as_u64).unwrap_or_default();
    let items = found.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rows = items.iter().map(|item| row(page, item)).collect::<Result<Vec<_>, _>>()?;
    let name = label(page, node);
    Ok(Products {
        page,
        answered: page.t1("products-answered", "node", name),
        summary: summary(page, &text, total),
        pager: page.pager(number, u64::from(offset) + (rows.len() as u64) < total && !rows.is_empty()),
        rows,
        text,
        text_max: TEXT_MAX,
        places: places(page, &nodes, node),
    })
}

/// The node that is asked: the one named, else a region, else whoever can answer.
fn chosen<'n>(nodes: &[&'n Node], named: Option<&str>) -> Result<&'n Node, Trouble> {
    let found = match named {
        Some(id) => nodes.iter().find(|node| own_id(node).as_deref() == Some(id)),
        None => nodes.iter().find(|node| node.role() == Role::Region).or(nodes.first()),
    };
    match (found, named) {
        (Some(node), _) => Ok(*node),
        (None, Some(id)) => Err(Trouble::NotFound(id.to_owned())),
        (None, None) => Err(Trouble::NotYet(app::Error::NotJoined("no node can be searched".into()))),
    }
}

fn places(page: &Page, nodes: &[&Node], node: &Node) -> Vec<Place> {
    let chosen = own_id(node);
    let place = |node: &&Node| {
        let id = own_id(node)?;
        Some(Place { label: label(page, node), is_chosen: chosen.as_ref() == Some(&id), id })
    };
    nodes.iter().filter_map(place).collect()
}

/// `Region node · Shanghai (3100) · name`.
fn label(page: &Page, node: &Node) -> String {
    let kind = words::role_kind(page, node.role());
    let name = node.config().name.clone();
    match node.speaker() {
        Ok(speaker) => format!("{kind} · {} · {name}", words::area(page, speaker.membership.area)),
        Err(_) => format!("{kind} · {name}"),
    }
}

fn summary(page: &Page, text: &str, total: u64) -> String {
    match (text, total) {
        ("", 0) => page.t("products-none"),
        ("", total) => page.t1("products-all", "count", total),
        (text, 0) => page.t1("products-not-found", "text", text),
        (text, total) => page.msg("products-found", &[("text", text.into()), ("count", total.into())]),
    }
}

fn row(page: &Page, item: &Value) -> Result<Row, Trouble> {
    let product = ProductBody::read(item).map_err(app::Error::from)?;
    let listings = item.get("listings").and_then(Value::as_array).map_or(0, Vec::len);
    let time = time_pair(product.time_range.as_deref());
    Ok(Row {
        href: page.link(&format!("/products/{}", encoded(product.id.as_str()))),
        title: words::text(page, &product.title).to_owned(),
        provider: product.provider.clone(),
        area: words::area(page, product.id.area()),
        rows: thousands(product.rows),
        size: size(product.bytes),
        time: time.map_or_else(
            || page.t("none"),
            |(from, to)| page.msg("range", &[("from", moment(from).into()), ("to", moment(to).into())]),
        ),
        listed: page.t1("products-listed", "count", listings),
    })
}
