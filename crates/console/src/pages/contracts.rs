//! The contracts of the connectors hosted here, each once, the newest first.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::contract::Role;

use super::both::{Both, Scan};
use crate::figures::{Moment, thousands};
use crate::network::Network;
use crate::page::{Page, Pager, encoded};
use crate::trouble::Trouble;
use crate::words;

/// Contracts of one page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "contracts.html")]
struct Contracts<'a> {
    page: &'a Page,
    summary: String,
    is_whole: bool,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    href: String,
    id: String,
    name: String,
    product: String,
    provider: String,
    user: String,
    state: String,
    uses: String,
    at: Moment,
}

/// `GET /contracts`
pub(crate) async fn list(State(network): State<Arc<Network>>, page: Page) -> Response {
    page.answer(view(&network, &page).await)
}

async fn view<'a>(network: &Network, page: &'a Page) -> Result<Contracts<'a>, Trouble> {
    let number = page.number()?;
    let scan = Scan::of(network).await?;
    let mut rows = Vec::new();
    for both in scan.page(network, number, ROWS).await? {
        rows.push(row(page, &both).await?);
    }
    let seen = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(ROWS);
    Ok(Contracts {
        page,
        summary: page.t1("contracts-count", "count", scan.len()),
        is_whole: scan.is_whole,
        rows,
        pager: page.pager(number, scan.len() > seen),
    })
}

async fn row(page: &Page, both: &Both) -> Result<Row, Trouble> {
    let contract = both.contract();
    let sum = match both.sum(Role::Provider).await? {
        None => both.sum(Role::User).await?,
        sum => sum,
    };
    let id = both.name();
    Ok(Row {
        href: page.link(&format!("/contracts/{}", encoded(&id))),
        id,
        name: contract.name.clone(),
        product: contract.product.name.clone(),
        provider: contract.provider.name.clone(),
        user: contract.user.name.clone(),
        state: words::contract_state(page, contract.status(both.first.seat.node.now())),
        uses: thousands(sum.map_or(0, |sum| sum.uses)),
        at: Moment::of(contract.created_at),
    })
}
