//! One product: what the catalogue says about it, what its identifier is made of, and where it can be seen.

use std::sync::Arc;

use app::Node;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::id::ProductId;
use ndi::weir_v1::Status;
use ndi::weir_v1::convert::time_pair;
use ndi::weir_v1::public_log::{Column, I18nText, ProductBody};
use ndi::{Code as _, Message as _};
use serde_json::Value;
use store::ListingRow;

use super::{Figure, exact_bytes};
use crate::figures::{Moment, moment, share};
use crate::network::{Network, own_id};
use crate::page::{Page, Pager, ROWS_MAX};
use crate::trouble::Trouble;
use crate::words::{self, Term};

#[derive(Template)]
#[template(path = "product.html")]
struct ProductPage<'a> {
    page: &'a Page,
    title: String,
    title_zh: Option<String>,
    title_en: Option<String>,
    description: Option<Foreign>,
    id: String,
    parts: Vec<Part>,
    facts: Vec<Figure>,
    offer: Vec<Term>,
    columns: Vec<ColumnView>,
    columns_total: String,
    listings: Vec<ListingView>,
    places: Vec<PlaceView>,
    pager: Pager,
}

/// A text with the language that it is in.
struct Foreign {
    tag: &'static str,
    text: String,
}

/// A part of an identifier.
struct Part {
    label: String,
    text: String,
    meaning: String,
}

struct ColumnView {
    name: String,
    title: String,
    kind: String,
    nulls: String,
    least: String,
    most: String,
}

struct ListingView {
    node: String,
    id: String,
    state: String,
    at: Moment,
}

/// Whether the product is in a node's view, and since when.
struct PlaceView {
    node: String,
    kind: String,
    at: Option<Moment>,
}

/// `GET /products/{id}`
pub(crate) async fn show(
    State(network): State<Arc<Network>>,
    path: Result<Path<String>, PathRejection>,
    page: Page,
) -> Response {
    let Ok(Path(id)) = path else { return super::not_found(page).await };
    page.answer(view(&network, &page, &id).await)
}

async fn view<'a>(network: &Network, page: &'a Page, id: &str) -> Result<ProductPage<'a>, Trouble> {
    let not_found = || Trouble::NotFound(id.chars().take(80).collect());
    let id = ProductId::parse(id).map_err(|_| not_found())?;
    let number = page.number()?;
    let (product, listings) = find(network, &id).await?.ok_or_else(not_found)?;
    let rows = ROWS_MAX as usize;
    let skipped = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(rows);
    let columns = product.columns.iter().skip(skipped).take(rows);
    let offer = product.offer.to_domain(&ndi::Path::ROOT).map_err(app::Error::from)?;
    Ok(ProductPage {
        page,
        title: words::text(page, &product.title).to_owned(),
        title_zh: product.title.zh.clone(),
        title_en: product.title.en.clone(),
        description: product.description.as_ref().and_then(|text| foreign(page, text)),
        id: product.id.to_string(),
        parts: parts(page, &product.id),
        facts: facts(page, &product),
        offer: words::terms(page, &offer),
        columns: columns.map(|column| column_view(page, column, product.rows)).collect(),
        columns_total: page.t1("product-columns-count", "count", product.columns.len()),
        listings: listing_views(network, page, listings).await?,
        places: places(network, page, &id).await?,
        pager: page.pager(number, product.columns.len() > skipped.saturating_add(rows)),
    })
}

/// The product with its listings, at the first node that has it.
async fn find(network: &Network, id: &ProductId) -> Result<Option<(ProductBody, Vec<ListingRow>)>, Trouble> {
    for node in network.nodes() {
        let body: Value = match app::catalogue::product_view(node, id.as_str()).await {
            Ok(body) => body,
            Err(app::Error::NotFound { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let product = ProductBody::read(&body).map_err(app::Error::from)?;
        return Ok(Some((product, listings(node, id).await?)));
    }
    Ok(None)
}

/// The network's listings of a product, as a node's view has them.
async fn listings(node: &Node, id: &ProductId) -> Result<Vec<ListingRow>, Trouble> {
    let product = id.to_string();
    let rows = node.store().read("console_listings", move |read| {
        let product = product.clone();
        // Rows that belong to no connector are the network's.
        Box::pin(async move { read.list_listings("", &product).await })
    });
    Ok(rows.await?)
}

fn foreign(page: &Page, text: &I18nText) -> Option<Foreign> {
    let shown = words::text(page, text);
    let is_own = match page.lang() {
        crate::i18n::Lang::Zh => text.zh.is_some(),
        crate::i18n::Lang::En => text.en.is_some(),
    };
    let tag = if is_own { page.tag() } else { page.other().tag() };
    (!shown.is_empty()).then(|| Foreign { tag, text: shown.to_owned() })
}

fn parts(page: &Page, id: &ProductId) -> Vec<Part> {
    let part = |label: &str, text: String, meaning: String| Part { label: page.t(label), text, meaning };
    let check = id.core().chars().last().map(String::from).unwrap_or_default();
    let mut parts = vec![
        part("id-type", id.kind().code().to_string(), words::id_kind(page, id.kind())),
        part("id-subject", id.subject().to_string(), page.t("id-subject-meaning")),
        part("id-area", id.area().to_string(), words::area(page, id.area())),
        part("id-random", id.random().to_owned(), page.t("id-random-meaning")),
        part("id-check", check, page.t("id-check-meaning")),
    ];
    if let Some(extension) = id.extension() {
        parts.push(part("id-extension", extension.to_owned(), page.t("id-extension-meaning")));
    }
    parts
}

fn facts(page: &Page, product: &ProductBody) -> Vec<Figure> {
    let label = |key: &str| page.t(key);
    let delivery = page.lang().pick(product.delivery.name_zh(), product.delivery.name_en());
    let mut facts = vec![
        Figure::text(label("product-provider"), product.provider.clone()),
        Figure::code(label("product-subject"), product.subject.to_string()),
        Figure::code(label("product-connector"), product.connector.to_string()),
        Figure::code(label("product-resource"), product.resource.to_string()),
        Figure::text(label("product-state"), words::status(page, product.status)),
        Figure::text(label("product-delivery"), delivery),
        Figure::count(label("product-rows"), product.rows),
        Figure::text(label("product-bytes"), exact_bytes(page, product.bytes)),
    ];
    if let Some((from, to)) = time_pair(product.time_range.as_deref()) {
        let range = page.msg("range", &[("from", moment(from).into()), ("to", moment(to).into())]);
        facts.push(Figure::text(label("product-time"), range));
    }
    if let Some(industry) = product.industry {
        facts.push(Figure::text(label("product-industry"), words::area(page, industry)));
    }
    if !product.keywords.is_empty() {
        let total = product.keywords.len();
        let list = words::list(page, product.keywords.iter().cloned(), total);
        facts.push(Figure::text(label("product-keywords"), list));
    }
    facts.push(Figure::code(label("product-digest"), product.digest.to_string()));
    facts
}

fn column_view(page: &Page, column: &Column, rows: u64) -> ColumnView {
    ColumnView {
        name: column.name.clone(),
        title: column.title.as_ref().map(|title| words::text(page, title).to_owned()).unwrap_or_default(),
        kind: words::column_kind(page, column.kind),
        nulls: share(column.nulls, rows),
        least: column.min.clone().unwrap_or_default(),
        most: column.max.clone().unwrap_or_default(),
    }
}

async fn listing_views(
    network: &Network,
    page: &Page,
    rows: Vec<ListingRow>,
) -> Result<Vec<ListingView>, Trouble> {
    let mut views = Vec::new();
    for row in rows.into_iter().take(ROWS_MAX as usize) {
        let named = network.named(&row.service).await?;
        let node = named.map(|named| format!("{} · {}", named.name, words::area(page, named.area)));
        views.push(ListingView {
            node: node.unwrap_or_else(|| page.t("unknown-node")),
            id: row.service,
            state: Status::from_code(&row.state)
                .map_or_else(|| row.state.clone(), |state| words::status(page, state)),
            at: Moment::of_micros(row.updated_at),
        });
    }
    Ok(views)
}

async fn places(network: &Network, page: &Page, id: &ProductId) -> Result<Vec<PlaceView>, Trouble> {
    let mut places = Vec::new();
    for node in network.nodes().iter().filter(|node| own_id(node).is_some()) {
        let product = id.to_string();
        let row = node.store().read("console_visible", move |read| {
            let product = product.clone();
            Box::pin(async move { read.get_catalogue(&product).await })
        });
        places.push(PlaceView {
            node: node.config().name.clone(),
            kind: words::role_kind(page, node.role()),
            at: row.await?.map(|row| Moment::of_micros(row.updated_at)),
        });
    }
    Ok(places)
}
