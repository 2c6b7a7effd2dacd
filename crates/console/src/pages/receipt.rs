//! A receipt's verification step by step, the receipt to take away, and the root that a verifier pins.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::contract::Role;
use domain::delivery::UseId;
use domain::id::ContractId;
use ledger::receipt::{Detail, Fault, Receipt, Report, StepResult};

use super::both;
use super::{Figure, exact_bytes};
use crate::figures::Moment;
use crate::network::{Network, Seat};
use crate::page::{Page, encoded};
use crate::trouble::Trouble;
use crate::words;

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage<'a> {
    page: &'a Page,
    use_id: String,
    contract: String,
    contract_href: String,
    product: String,
    is_genuine: bool,
    verdict: String,
    steps: Vec<StepView>,
    download: String,
    file: String,
    trust: String,
    command: String,
}

struct StepView {
    title: String,
    checked: String,
    is_ok: bool,
    verdict: String,
    figures: Vec<Figure>,
    fault: Option<String>,
}

type Names = Result<Path<(String, String)>, PathRejection>;

/// `GET /receipts/{contract}/{use}`
pub(crate) async fn show(State(network): State<Arc<Network>>, path: Names, page: Page) -> Response {
    let Ok(Path((contract, use_id))) = path else { return super::not_found(page).await };
    page.answer(view(&network, &page, &contract, &use_id).await)
}

/// `GET /receipts/{contract}/{use}/receipt.json`
pub(crate) async fn download(State(network): State<Arc<Network>>, path: Names, page: Page) -> Response {
    let Ok(Path((contract, use_id))) = path else { return super::not_found(page).await };
    let json = match find(&network, &contract, &use_id).await {
        Ok(found) => found.receipt.to_json().map_err(|error| Trouble::Failed(error.into())),
        Err(trouble) => Err(trouble),
    };
    match json {
        Ok(json) => attachment("application/json", &file_name(&use_id), json),
        Err(trouble) => super::trouble(&page, &trouble),
    }
}

/// `GET /trust.pem`: the network's root certificate, which is public.
pub(crate) async fn trust(State(network): State<Arc<Network>>, page: Page) -> Response {
    let speaker = network.nodes().iter().find_map(|node| node.speaker().ok());
    match speaker {
        Some(speaker) => attachment("application/x-pem-file", "trust.pem", speaker.membership.trust.clone()),
        None => super::trouble(&page, &Trouble::NotFound("trust.pem".to_owned())),
    }
}

fn attachment(kind: &'static str, name: &str, body: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], body).into_response()
}

/// A use id has letters, digits and hyphens only, so it can stand in a file's name and in a command.
fn file_name(use_id: &str) -> String {
    format!("receipt-{use_id}.json")
}

/// A receipt with the seat that made it.
struct Found {
    receipt: Receipt,
    seat: Seat,
    product: String,
}

async fn find(network: &Network, contract: &str, use_id: &str) -> Result<Found, Trouble> {
    let not_found = |name: &str| Trouble::NotFound(name.chars().take(80).collect());
    let contract = ContractId::parse(contract).map_err(|_| not_found(contract))?;
    let use_id = UseId::parse(use_id).map_err(|_| not_found(use_id))?;
    let both = both::find(network, contract.as_str()).await?;
    let held = both.side(Role::User).unwrap_or(&both.first);
    let receipt =
        app::receipt::receipt(&held.seat.node, &held.seat.speaker, contract.as_str(), use_id.as_str());
    Ok(Found {
        receipt: receipt.await?,
        seat: held.seat.clone(),
        product: both.contract().product.name.clone(),
    })
}

async fn view<'a>(
    network: &Network,
    page: &'a Page,
    contract: &str,
    use_id: &str,
) -> Result<ReceiptPage<'a>, Trouble> {
    let Found { receipt, seat, product } = find(network, contract, use_id).await?;
    let report = ledger::receipt::verify(&receipt, seat.node.roots()?.as_ref(), seat.node.now().secs());
    let file = file_name(use_id);
    Ok(ReceiptPage {
        page,
        contract_href: page.link(&format!("/contracts/{}", encoded(contract))),
        download: format!("/receipts/{}/{}/receipt.json", encoded(contract), encoded(use_id)),
        command: format!("weir verify {file} --trust trust.pem"),
        trust: "/trust.pem".to_owned(),
        is_genuine: report.ok(),
        verdict: verdict(page, &report),
        steps: steps(page, &report),
        use_id: use_id.to_owned(),
        contract: contract.to_owned(),
        product,
        file,
    })
}

fn verdict(page: &Page, report: &Report) -> String {
    let (steps, failed) = (report.steps.len(), report.steps.iter().filter(|step| !step.ok).count());
    match report.ok() {
        true => page.t1("receipt-genuine", "steps", steps),
        false => page.msg("receipt-not-genuine", &[("steps", steps.into()), ("failed", failed.into())]),
    }
}

fn steps(page: &Page, report: &Report) -> Vec<StepView> {
    report.steps.iter().map(|step| step_view(page, step)).collect()
}

fn step_view(page: &Page, step: &StepResult) -> StepView {
    let code = step.step.code();
    StepView {
        title: page.t(&format!("step-{code}")),
        checked: page.t(&format!("checked-{code}")),
        is_ok: step.ok,
        verdict: page.t(if step.ok { "step-holds" } else { "step-fails" }),
        figures: figures(page, &step.detail),
        fault: step.fault().map(|fault| fault_text(page, fault)),
    }
}

fn figures(page: &Page, detail: &Detail) -> Vec<Figure> {
    let t = |key: &str| page.t(key);
    let at = |micros: &i64| Moment::of_micros(*micros).text;
    match detail {
        Detail::Use { use_id, sequence, bytes, rows, complete, digest, opened_at, closed_at } => {
            let mut figures = vec![
                Figure::code(t("figure-use"), use_id),
                Figure::count(t("figure-sequence"), *sequence),
                Figure::count(t("figure-rows"), *rows),
                Figure::text(t("figure-bytes"), exact_bytes(page, *bytes)),
                Figure::text(t("figure-state"), t(if *complete { "use-complete" } else { "use-incomplete" })),
                Figure::text(t("figure-opened"), at(opened_at)),
                Figure::text(t("figure-closed"), at(closed_at)),
            ];
            figures.extend(digest.map(|digest| Figure::code(t("figure-digest"), digest.to_string())));
            figures
        }
        Detail::Window { number, first, last, uses, complete, bytes, rows } => vec![
            Figure::count(t("figure-window"), *number),
            Figure::count(t("figure-first"), *first),
            Figure::count(t("figure-last"), *last),
            Figure::count(t("figure-uses"), *uses),
            Figure::count(t("figure-complete"), *complete),
            Figure::count(t("figure-rows"), *rows),
            Figure::text(t("figure-bytes"), exact_bytes(page, *bytes)),
        ],
        Detail::Contract { contract_id, digest, provider, user } => vec![
            Figure::code(t("figure-contract"), contract_id),
            Figure::code(t("figure-contract-digest"), digest.to_string()),
            Figure::code(t("figure-provider"), &provider.subject),
            Figure::code(t("figure-provider-connector"), &provider.connector),
            Figure::code(t("figure-user"), &user.subject),
            Figure::code(t("figure-user-connector"), &user.connector),
        ],
        Detail::Signature { signer, organisation, suite, at: signed } => vec![
            Figure::text(t("figure-organisation"), organisation),
            Figure::code(t("figure-signer"), signer),
            Figure::text(t("figure-suite"), words::suite(page, *suite)),
            Figure::text(t("figure-signed"), at(signed)),
        ],
        Detail::Inclusion { origin, index, size } => vec![
            Figure::code(t("figure-log"), origin),
            Figure::count(t("figure-index"), *index),
            Figure::count(t("figure-size"), *size),
        ],
        Detail::Checkpoint { origin, size, root, sm2 } => vec![
            Figure::code(t("figure-log"), origin),
            Figure::count(t("figure-size"), *size),
            Figure::code(t("figure-root"), root.to_string()),
            Figure::text(t("figure-keys"), t(if *sm2 { "keys-both" } else { "keys-ed25519" })),
        ],
        Detail::Failed { .. } => Vec::new(),
    }
}

/// Why a step does not hold, in the reader's language; what the receipt says stays as it is.
fn fault_text(page: &Page, fault: &Fault) -> String {
    let key = format!("fault-{}", fault.code());
    match fault {
        Fault::Differs { field, expected, actual } => page.msg(
            &key,
            &[("field", (*field).into()), ("expected", expected.into()), ("actual", actual.into())],
        ),
        Fault::Unreadable { reason } | Fault::Untrusted { reason } | Fault::BadSignature { reason } => {
            page.t1(&key, "reason", reason)
        }
        Fault::NotIncluded { size } => page.t1(&key, "size", *size),
        Fault::NotLogged => page.t(&key),
        Fault::Unsigned { origin } | Fault::Forged { origin } => page.t1(&key, "origin", origin),
        Fault::FromFuture { signed, now } => {
            let at = |secs: i64| Moment::of(domain::Timestamp::from_secs(secs)).text;
            page.msg(&key, &[("signed", at(*signed).into()), ("now", at(*now).into())])
        }
        Fault::NotChecked { because } => page.t1(&key, "step", page.t(&format!("step-{}", because.code()))),
    }
}

#[cfg(test)]
#[path = "receipt_tests.rs"]
pub(crate) mod tests;
