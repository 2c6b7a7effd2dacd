//! Both sides' meters side by side, and the windows that tie them together.

use std::sync::Arc;

use app::metering::Sums;
use askama::Template;
use axum::extract::State;
use axum::response::Response;
use domain::contract::Role;

use super::both::{Answer, Both, Closed, Scan};
use crate::figures::{Moment, thousands};
use crate::network::Network;
use crate::page::{Page, Pager, ROWS_MAX, encoded};
use crate::trouble::Trouble;

/// Contracts of one page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "usage.html")]
struct Usage<'a> {
    page: &'a Page,
    rows: Vec<Row>,
    total: Option<Compared>,
    verdict: Option<String>,
    is_agreed: bool,
    windows: Vec<WindowView>,
    has_older: bool,
    is_whole: bool,
    pager: Pager,
}

struct Row {
    href: String,
    product: String,
    provider: String,
    compared: Compared,
}

/// Two meters and whether they agree.
struct Compared {
    provider: Option<Meter>,
    user: Option<Meter>,
    is_equal: bool,
    verdict: String,
}

struct Meter {
    uses: String,
    complete: String,
    rows: String,
    bytes: String,
}

/// A window between two meters.
pub(crate) struct WindowView {
    /// The contract's page.
    pub(crate) href: String,
    /// What the contract is about.
    pub(crate) product: String,
    /// Its number.
    pub(crate) number: String,
    /// Its uses: how many, and from which to which.
    pub(crate) uses: String,
    /// Rows delivered.
    pub(crate) rows: String,
    /// Bytes delivered, exactly: two meters may differ by one.
    pub(crate) bytes: String,
    /// Root over the uses.
    pub(crate) root: String,
    /// When the provider closed and signed it.
    pub(crate) at: Moment,
    /// Whether the user counter-signed it.
    pub(crate) is_signed: bool,
    /// The user's answer in words.
    pub(crate) answer: String,
}

/// `GET /usage`
pub(crate) async fn show(State(network): State<Arc<Network>>, page: Page) -> Response {
    page.answer(view(&network, &page).await)
}

async fn view<'a>(network: &Network, page: &'a Page) -> Result<Usage<'a>, Trouble> {
    let number = page.number()?;
    let scan = Scan::of(network).await?;
    let contracts = scan.page(network, number, ROWS).await?;
    let (mut rows, mut totals) = (Vec::new(), Totals::default());
    for both in &contracts {
        let (provider, user) = (both.sum(Role::Provider).await?, both.sum(Role::User).await?);
        totals.add(provider, user);
        rows.push(Row {
            href: contract_link(page, both),
            product: both.contract().product.name.clone(),
            provider: both.contract().provider.name.clone(),
            compared: Compared::of(page, provider, user),
        });
    }
    let (windows, has_older) = windows(page, &contracts).await?;
    let seen = usize::try_from(number).unwrap_or(usize::MAX).saturating_mul(ROWS);
    let total = totals.compared(page);
    Ok(Usage {
        page,
        is_agreed: totals.is_agreed,
        verdict: totals.verdict(page),
        total,
        rows,
        windows,
        has_older,
        is_whole: scan.is_whole,
        pager: page.pager(number, scan.len() > seen),
    })
}

fn contract_link(page: &Page, both: &Both) -> String {
    page.link(&format!("/contracts/{}", encoded(&both.name())))
}

/// Sums over the contracts of a page of which both sides are here.
struct Totals {
    provider: Sums,
    user: Sums,
    contracts: u64,
    is_agreed: bool,
}

impl Default for Totals {
    fn default() -> Self {
        Totals { provider: Sums::default(), user: Sums::default(), contracts: 0, is_agreed: true }
    }
}

impl Totals {
    fn add(&mut self, provider: Option<Sums>, user: Option<Sums>) {
        let (Some(provider), Some(user)) = (provider, user) else { return };
        self.contracts += 1;
        self.is_agreed &= provider == user;
        self.provider = plus(self.provider, provider);
        self.user = plus(self.user, user);
    }

    fn compared(&self, page: &Page) -> Option<Compared> {
        (self.contracts > 0).then(|| Compared::of(page, Some(self.provider), Some(self.user)))
    }

    /// What a reader wants to know first.
    fn verdict(&self, page: &Page) -> Option<String> {
        let key = if self.is_agreed { "usage-agreed" } else { "usage-disagreed" };
        let args = [
            ("contracts", self.contracts.into()),
            ("uses", self.provider.uses.into()),
            ("rows", self.provider.rows.into()),
        ];
        (self.contracts > 0).then(|| page.msg(key, &args))
    }
}

fn plus(a: Sums, b: Sums) -> Sums {
    Sums {
        uses: a.uses.saturating_add(b.uses),
        complete: a.complete.saturating_add(b.complete),
        bytes: a.bytes.saturating_add(b.bytes),
        rows: a.rows.saturating_add(b.rows),
    }
}

impl Compared {
    fn of(page: &Page, provider: Option<Sums>, user: Option<Sums>) -> Compared {
        let is_equal = provider.is_some() && provider == user;
        let verdict = match (provider, user) {
            (Some(_), Some(_)) if is_equal => "compare-equal",
            (Some(_), Some(_)) => "compare-different",
            _ => "compare-one-side",
        };
        Compared {
            provider: provider.map(Meter::of),
            user: user.map(Meter::of),
            is_equal,
            verdict: page.t(verdict),
        }
    }
}

impl Meter {
    fn of(sum: Sums) -> Meter {
        Meter {
            uses: thousands(sum.uses),
            complete: thousands(sum.complete),
            rows: thousands(sum.rows),
            bytes: thousands(sum.bytes),
        }
    }
}

/// The newest windows of the page's contracts, and whether older ones are left out.
async fn windows(page: &Page, contracts: &[Both]) -> Result<(Vec<WindowView>, bool), Trouble> {
    let each = ROWS_MAX / u32::try_from(contracts.len()).unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX);
    let (mut views, mut has_older) = (Vec::new(), false);
    for both in contracts {
        let newest = both.windows(each).await?;
        has_older |= newest.first().is_some_and(|first| first.window.number > 1);
        views.extend(newest.iter().map(|closed| window_view(page, both, closed)));
    }
    Ok((views, has_older))
}

/// A window in words.
pub(crate) fn window_view(page: &Page, both: &Both, closed: &Closed) -> WindowView {
    let window = &closed.window;
    let uses = [
        ("count", window.uses.into()),
        ("first", thousands(window.first).into()),
        ("last", thousands(window.last).into()),
        ("complete", window.complete.into()),
    ];
    WindowView {
        href: contract_link(page, both),
        product: both.contract().product.name.clone(),
        number: thousands(window.number),
        uses: page.msg("window-uses", &uses),
        rows: thousands(window.rows),
        bytes: thousands(window.bytes),
        root: window.root.to_string(),
        at: Moment::of_micros(window.closed_at),
        is_signed: matches!(closed.answer, Answer::Countersigned(_)),
        answer: match &closed.answer {
            Answer::None => page.t("window-waits"),
            Answer::Countersigned(at) => page.t1("window-countersigned", "at", Moment::of_micros(*at).text),
            Answer::Refused(reason) => page.t1("window-refused", "reason", reason),
        },
    }
}

#[cfg(test)]
#[path = "usage_tests.rs"]
mod tests;
