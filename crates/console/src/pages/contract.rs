//! One contract: parties, terms in words, the rounds of its negotiation, its signatures, and the uses and windows of both sides.

use std::sync::Arc;

use app::contract::Trouble as Undelivered;
use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::contract::{Contract, ContractState, EndCause, PartySignature, Role, Round};
use domain::id::ContractId;
use store::{Page as Rows, ReceivedUseRow, StoreError, UseKey, UseRow};

use super::Figure;
use super::both::{self, Both, Held};
use super::usage::{WindowView, window_view};
use crate::figures::{Moment, thousands};
use crate::network::{Network, Seat};
use crate::page::{Page, Pager, ROWS_MAX, encoded};
use crate::trouble::Trouble;
use crate::words::{self, Term};

/// How many of the user's uses are looked through for refused ones.
const SCANNED_MAX: u32 = 1000;
/// Uses of one page.
const ROWS: u32 = 50;
/// Windows shown: the newest ones.
const WINDOWS: u32 = 50;
/// Characters of an identifier or key in the address.
const NAME_MAX: usize = 64;

#[derive(Template)]
#[template(path = "contract.html")]
struct ContractPage<'a> {
    page: &'a Page,
    name: String,
    id: String,
    state: String,
    product: String,
    product_href: String,
    parties: Vec<PartyView>,
    parts: Vec<Figure>,
    end: Option<String>,
    undelivered: Option<String>,
    terms: Vec<Term>,
    rounds: Vec<RoundView>,
    signatures: Vec<SignatureView>,
    uses: Vec<UseView>,
    open: Option<String>,
    windows: Vec<WindowView>,
    pager: Pager,
}

struct PartyView {
    side: String,
    name: String,
    subject: String,
    connector: String,
    /// The state as this side sees it; where it is hosted elsewhere, that is said instead.
    state: String,
}

struct RoundView {
    number: usize,
    by: String,
    at: Moment,
    terms: Vec<Term>,
    is_first: bool,
}

struct SignatureView {
    side: String,
    name: String,
    subject: String,
    suite: String,
    at: Moment,
    digest: String,
    value: String,
    verdict: Verdict,
}

/// Whether a signature holds.
struct Verdict {
    mark: &'static str,
    text: String,
}

struct UseView {
    id: String,
    provider: Option<Metered>,
    user: Option<Metered>,
    /// What stands in place of a meter that has nothing.
    absent: String,
    is_equal: bool,
    verdict: String,
    window: String,
    receipt: Option<String>,
}

/// A use as one side metered it.
struct Metered {
    rows: String,
    bytes: String,
    state: String,
    at: Moment,
}

/// `GET /contracts/{id}`
pub(crate) async fn show(
    State(network): State<Arc<Network>>,
    path: Result<Path<String>, PathRejection>,
    page: Page,
) -> Response {
    let Ok(Path(name)) = path else { return super::not_found(page).await };
    page.answer(view(&network, &page, &name).await)
}

async fn view<'a>(network: &Network, page: &'a Page, name: &str) -> Result<ContractPage<'a>, Trouble> {
    if name.chars().nth(NAME_MAX).is_some() {
        return Err(Trouble::NotFound(name.chars().take(NAME_MAX).collect()));
    }
    let number = page.number()?;
    let both = both::find(network, name).await?;
    let contract = both.contract();
    let uses = Uses::read(&both, number).await?;
    let windows = both.windows(WINDOWS).await?;
    Ok(ContractPage {
        page,
        name: contract.name.clone(),
        id: both.name(),
        state: words::contract_state(page, contract.status(both.first.seat.node.now())),
        product: contract.product.name.clone(),
        product_href: page.link(&format!("/products/{}", encoded(contract.product.id.as_str()))),
        parties: [Role::Provider, Role::User].map(|role| party(page, &both, role)).into(),
        parts: contract.id.as_ref().map(|id| parts(page, id)).unwrap_or_default(),
        end: end(page, contract),
        undelivered: both.first.entry.trouble.as_ref().map(|trouble| undelivered(page, trouble)),
        terms: words::terms(page, contract.terms()),
        rounds: rounds(page, contract),
        signatures: signatures(page, &both).await,
        open: (uses.open > 0).then(|| page.t1("uses-open", "count", uses.open)),
        pager: page.pager(number, uses.has_more),
        uses: uses.rows.iter().map(|row| row.view(page, &both)).collect(),
        windows: windows.iter().map(|closed| window_view(page, &both, closed)).collect(),
    })
}

fn party(page: &Page, both: &Both, role: Role) -> PartyView {
    let party = both.contract().party(role);
    PartyView {
        side: words::side(page, role),
        name: party.name.clone(),
        subject: party.subject.to_string(),
        connector: party.connector.to_string(),
        state: match both.side(role) {
            Some(Held { seat, entry }) => words::contract_state(page, entry.contract.status(seat.node.now())),
            None => page.t("side-elsewhere"),
        },
    }
}

/// What a contract's identifier says: who issued it, and when.
fn parts(page: &Page, id: &ContractId) -> Vec<Figure> {
    vec![
        Figure::text(page.t("contract-issuer"), words::id_kind(page, id.node_kind())),
        Figure::code(page.t("contract-issuer-subject"), id.node_subject().to_string()),
        Figure::text(page.t("contract-issuer-area"), words::area(page, id.node_area())),
        Figure::text(page.t("contract-issued-at"), Moment::of(id.time()).text),
        Figure::code(page.t("id-random"), id.random()),
    ]
}

fn end(page: &Page, contract: &Contract) -> Option<String> {
    let by = |key: &str, role: &Role, reason: &str| {
        page.msg(key, &[("side", words::side(page, *role).into()), ("reason", reason.into())])
    };
    match &contract.state {
        ContractState::SigningFailed { by: role, reason, .. } => Some(by("end-not-signed", role, reason)),
        ContractState::Ended { cause: EndCause::Rejected { by: role, reason }, .. } => {
            Some(by("end-rejected", role, reason))
        }
        ContractState::Ended { cause: EndCause::Terminated { by: role, reason }, .. } => {
            Some(by("end-terminated", role, reason))
        }
        ContractState::Ended { cause: EndCause::Expired, .. } => Some(page.t("end-expired")),
        _ => None,
    }
}

fn undelivered(page: &Page, trouble: &Undelivered) -> String {
    page.msg(
        "contract-undelivered",
        &[
            ("message", trouble.message.as_str().into()),
            ("peer", trouble.peer.as_str().into()),
            ("reason", trouble.reason.as_str().into()),
        ],
    )
}

/// The first round with all its terms, each later one with those that it changed.
fn rounds(page: &Page, contract: &Contract) -> Vec<RoundView> {
    let mut before: Vec<Term> = Vec::new();
    let view = |(at, round): (usize, &Round)| {
        let terms = words::terms(page, &round.terms);
        let changed = terms.iter().filter(|term| !before.contains(term)).cloned().collect();
        before = terms;
        let by = contract.party(round.by);
        RoundView {
            number: at + 1,
            by: page.msg(
                "round-by",
                &[("side", words::side(page, round.by).into()), ("name", by.name.as_str().into())],
            ),
            at: Moment::of(round.at),
            terms: changed,
            is_first: at == 0,
        }
    };
    contract.rounds.iter().enumerate().map(view).collect()
}

async fn signatures(page: &Page, both: &Both) -> Vec<SignatureView> {
    let contract = both.contract();
    let mut views = Vec::new();
    for role in [Role::Provider, Role::User] {
        let given = contract.state.signatures().and_then(|signatures| signatures.of(role));
        if let Some(signature) = given {
            views.push(signature_view(page, both, role, signature).await);
        }
    }
    views
}

async fn signature_view(page: &Page, both: &Both, role: Role, signature: &PartySignature) -> SignatureView {
    SignatureView {
        side: words::side(page, role),
        name: both.contract().party(role).name.clone(),
        subject: signature.entity().to_string(),
        suite: words::suite(page, signature.signature.suite()),
        at: Moment::of(signature.body.signatory_time),
        digest: signature.body.contract_digest.to_string(),
        value: signature.signature.to_string(),
        verdict: verdict(page, both, signature).await,
    }
}

/// Holds a signature against the key that the directory certifies for the organisation.
async fn verdict(page: &Page, both: &Both, signature: &PartySignature) -> Verdict {
    let known = both.first.seat.node.known(signature.entity().as_str()).await;
    let (mark, key) = match known.map(|known| signature.verify(&known.key).is_ok()) {
        Ok(true) => ("✓", "signature-holds"),
        Ok(false) => ("✗", "signature-fails"),
        Err(_) => ("?", "signature-unchecked"),
    };
    Verdict { mark, text: page.t(key) }
}

/// A page of uses from both sides.
struct Uses {
    rows: Vec<UseOfBoth>,
    /// Uses that the provider admitted and has not closed.
    open: u64,
    has_more: bool,
}

#[derive(Default)]
struct UseOfBoth {
    provider: Option<UseRow>,
    user: Option<ReceivedUseRow>,
}

impl Uses {
    /// Reads from the provider's meter and looks each use up in the user's; where only the user is here, from the user's alone.
    async fn read(both: &Both, number: u64) -> Result<Uses, Trouble> {
        let mut uses = Uses { rows: Vec::new(), open: 0, has_more: false };
        let Some(id) = &both.contract().id else { return Ok(uses) };
        match (both.side(Role::Provider), both.side(Role::User)) {
            (Some(provider), user) => {
                let (rows, open) = admitted(&provider.seat, id, number).await?;
                uses.open = open;
                for row in rows {
                    let theirs = match user {
                        Some(user) => received_one(&user.seat, id, &row.key.use_id).await?,
                        None => None,
                    };
                    uses.rows.push(UseOfBoth { provider: Some(row), user: theirs });
                }
            }
            (None, Some(user)) => {
                let rows = received(&user.seat, id, number).await?;
                uses.rows = rows
                    .into_iter()
                    .map(|row| UseOfBoth { user: Some(row), ..UseOfBoth::default() })
                    .collect();
            }
            (None, None) => {}
        }
        uses.has_more = uses.rows.len() > ROWS as usize;
        uses.rows.truncate(ROWS as usize);
        if let (Some(_), Some(user), 1) = (both.side(Role::Provider), both.side(Role::User), number) {
            let refused = refused(&user.seat, id).await?.into_iter();
            uses.rows.extend(refused.map(|row| UseOfBoth { user: Some(row), ..UseOfBoth::default() }));
        }
        Ok(uses)
    }
}

/// Closed uses of the provider's in the order of their end, one more than a page, and how many are open.
async fn admitted(seat: &Seat, id: &ContractId, number: u64) -> Result<(Vec<UseRow>, u64), Trouble> {
    let (tenant, contract) = (seat.id().to_owned(), id.to_string());
    let first = (number - 1).saturating_mul(u64::from(ROWS)).saturating_add(1);
    let read = seat.node.store().read("console_uses", move |read| {
        let (tenant, contract) = (tenant.clone(), contract.clone());
        Box::pin(async move {
            let rows = read.list_closed_uses(&tenant, &contract, first, ROWS + 1).await?;
            let counter = read.use_counter(&tenant, &contract).await?;
            Ok::<_, StoreError>((rows, counter.used.saturating_sub(counter.closed)))
        })
    });
    Ok(read.await?)
}

/// Uses of the user's in the order of their names, one more than a page.
async fn received(seat: &Seat, id: &ContractId, number: u64) -> Result<Vec<ReceivedUseRow>, Trouble> {
    let (tenant, contract) = (seat.id().to_owned(), id.to_string());
    let read = seat.node.store().read("console_received", move |read| {
        let (tenant, contract) = (tenant.clone(), contract.clone());
        Box::pin(async move {
            let mut after = String::new();
            for _ in 1..number {
                let page = read.list_received_uses(&tenant, &contract, &Rows::after(after, ROWS)).await?;
                let Some(last) = page.last() else { return Ok(Vec::new()) };
                after = last.use_id.clone();
            }
            read.list_received_uses(&tenant, &contract, &Rows::after(after, ROWS + 1)).await
        })
    });
    Ok(read.await?)
}

/// Uses that the provider refused: only the user knows of them.
async fn refused(seat: &Seat, id: &ContractId) -> Result<Vec<ReceivedUseRow>, Trouble> {
    let (tenant, contract) = (seat.id().to_owned(), id.to_string());
    let read = seat.node.store().read("console_refused", move |read| {
        let (tenant, contract) = (tenant.clone(), contract.clone());
        Box::pin(async move { read.list_received_uses(&tenant, &contract, &Rows::first(SCANNED_MAX)).await })
    });
    let rows = read.await?.into_iter().filter(|row| row.state == ReceivedUseRow::REFUSED);
    Ok(rows.take(ROWS as usize).collect())
}

async fn received_one(seat: &Seat, id: &ContractId, use_id: &str) -> Result<Option<ReceivedUseRow>, Trouble> {
    let key = UseKey { tenant: seat.id().to_owned(), contract: id.to_string(), use_id: use_id.to_owned() };
    let read = seat.node.store().read("console_received_one", move |read| {
        let key = key.clone();
        Box::pin(async move { read.get_received_use(&key.tenant, &key.contract, &key.use_id).await })
    });
    Ok(read.await?)
}

impl UseOfBoth {
    fn view(&self, page: &Page, both: &Both) -> UseView {
        let id = match (&self.provider, &self.user) {
            (Some(row), _) => row.key.use_id.clone(),
            (None, Some(row)) => row.use_id.clone(),
            (None, None) => String::new(),
        };
        let window = self.provider.as_ref().and_then(|row| row.window);
        let window = window.or(self.user.as_ref().and_then(|row| row.in_window));
        let path = format!("/receipts/{}/{}", encoded(&both.name()), encoded(&id));
        let verdict = match self.is_equal() {
            None if self.is_refused() => "compare-refused",
            Some(true) => "compare-equal",
            Some(false) => "compare-different",
            None => "compare-one-side",
        };
        UseView {
            id,
            provider: self.provider.as_ref().map(|row| Metered {
                rows: thousands(row.rows),
                bytes: thousands(row.bytes),
                state: page.t(if row.complete { "use-complete" } else { "use-incomplete" }),
                at: Moment::of_micros(row.closed_at.unwrap_or(row.opened_at)),
            }),
            user: self.user.as_ref().map(|row| Metered {
                rows: thousands(row.rows),
                bytes: thousands(row.bytes),
                state: page.t(received_state(&row.state)),
                at: Moment::of_micros(row.closed_at.unwrap_or(row.opened_at)),
            }),
            absent: page.t(match (self.is_refused(), both.second.is_some()) {
                (true, _) => "use-not-admitted",
                (false, true) => "use-unknown",
                (false, false) => "side-elsewhere",
            }),
            is_equal: self.is_equal() == Some(true),
            verdict: page.t(verdict),
            receipt: window.map(|_| page.link(&path)),
            window: window.map_or_else(|| page.t("none"), thousands),
        }
    }

    fn is_refused(&self) -> bool {
        self.user.as_ref().is_some_and(|row| row.state == ReceivedUseRow::REFUSED)
    }

    /// Whether both sides metered the same; `None` where only one is here.
    fn is_equal(&self) -> Option<bool> {
        let (ours, theirs) = (self.provider.as_ref()?, self.user.as_ref()?);
        let is_complete = theirs.state == ReceivedUseRow::COMPLETE;
        Some(
            (ours.bytes, ours.rows, &ours.digest, ours.complete)
                == (theirs.bytes, theirs.rows, &theirs.digest, is_complete),
        )
    }
}

fn received_state(state: &str) -> &'static str {
    match state {
        ReceivedUseRow::COMPLETE => "use-complete",
        ReceivedUseRow::INCOMPLETE => "use-incomplete",
        ReceivedUseRow::REFUSED => "use-refused",
        ReceivedUseRow::MISMATCH => "use-mismatch",
        _ => "use-open",
    }
}

const _: () = assert!(ROWS <= ROWS_MAX && WINDOWS <= ROWS_MAX);
