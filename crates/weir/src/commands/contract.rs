//! `weir contract`: from a proposal to its end, on either side (TC609-6-2025-14, 7).

mod titles;

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::{Contract, Sign, TermsArgs};
use crate::client::Client;
use crate::commands::view::{self, Column, Kind, column};
use crate::commands::{Context, product, terms};
use crate::config::percent_encoded;
use crate::exit::Exit;
use crate::problem::{Failure, Result};

/// The state of a contract that can be used.
const IN_FORCE: &str = "05";
/// The states in which a contract has ended.
const ENDED: [&str; 2] = ["0302", "06"];
/// How long one question for a state waits at the node, in milliseconds.
const WAIT_STEP_MS: u64 = 20_000;

const COLUMNS: [Column; 6] = [
    column("head-contract", &["/contractId", "/key"], Kind::Text),
    column("head-role", &["/role"], Kind::Word),
    column("head-product", &["/productTitle", "/productName", "/product"], Kind::Words),
    column("head-state", &["/state"], Kind::State),
    column("head-terms", &["/terms"], Kind::Terms),
    column("metering-uses", &["/uses/count"], Kind::Count),
];

const LINES: [Column; 15] = [
    column("head-contract", &["/contractId"], Kind::Text),
    column("head-key", &["/key"], Kind::Text),
    column("head-name", &["/name"], Kind::Words),
    column("head-role", &["/role"], Kind::Word),
    column("head-product", &["/product"], Kind::Text),
    column("head-title", &["/productTitle", "/productName"], Kind::Words),
    column("head-provider", &["/provider"], Kind::Text),
    column("head-user", &["/user"], Kind::Text),
    column("head-state", &["/state"], Kind::State),
    column("head-terms", &["/terms"], Kind::Terms),
    column("metering-uses", &["/uses/count"], Kind::Count),
    column("head-rows", &["/uses/rows"], Kind::Count),
    column("head-bytes", &["/uses/bytes"], Kind::Bytes),
    column("head-end", &["/endWords"], Kind::Text),
    column("head-problem", &["/trouble/reason"], Kind::Text),
];

pub(super) async fn run(command: &Contract, context: &Context) -> Result<()> {
    let client = context.client()?;
    match command {
        Contract::List => {
            let mut answer = client.get_all("/contracts").await?;
            titles::put(&client, context, &mut answer).await;
            view::list(context, &answer, &COLUMNS)
        }
        Contract::Show { contract } => {
            show(&client, context, client.get(&path(contract, ""), &[]).await?).await
        }
        Contract::Propose { product, name, sign, terms, wait } => {
            let body = proposal(&client, product, name.as_deref(), *sign, terms).await?;
            let answer = client.post("/contracts", &body).await?;
            finish(&client, context, answer, *wait).await
        }
        Contract::Counter { contract, terms } => {
            let body = json!({"terms": countered(&client, contract, terms).await?});
            show(&client, context, client.post(&path(contract, "/counter"), &body).await?).await
        }
        Contract::Accept { contract } => {
            show(&client, context, client.post(&path(contract, "/accept"), &json!({})).await?).await
        }
        Contract::Sign { contract, wait } => {
            let answer = client.post(&path(contract, "/sign"), &json!({})).await?;
            finish(&client, context, answer, *wait).await
        }
        Contract::Wait { contract, state, timeout } => {
            let waited = wait(&client, contract, state, Duration::from_secs((*timeout).into())).await?;
            show(&client, context, waited).await
        }
        Contract::Reject { contract, reason } => {
            show(&client, context, client.post(&path(contract, "/reject"), &json!({"reason": reason})).await?)
                .await
        }
        Contract::Terminate { contract, reason } => {
            show(
                &client,
                context,
                client.post(&path(contract, "/terminate"), &json!({"reason": reason})).await?,
            )
            .await
        }
    }
}

/// A contract's route.
pub(super) fn path(contract: &str, action: &str) -> String {
    format!("/contracts/{}{action}", percent_encoded(contract))
}

/// Shows a contract: to people with its product's title in their language, and how it ended, also in words.
async fn show(client: &Client, context: &Context, mut contract: Value) -> Result<()> {
    titles::put(client, context, &mut contract).await;
    let contract = &contract;
    context.result(contract, || {
        let mut text = view::members(context, &with_end(context, contract), &LINES);
        let rounds = contract.get("rounds").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (i, round) in rounds.iter().enumerate() {
            let by = round.get("by").map(|by| view::shown(context, by, Kind::Word));
            let terms = terms::shown(context, round.get("terms").unwrap_or(round));
            let args =
                [("number", (i + 1).into()), ("by", by.unwrap_or_default().into()), ("terms", terms.into())];
            text.push('\n');
            text.push_str(&context.msg("contract-round", &args));
        }
        text
    })?;
    match contract.get("awaitsUs").and_then(Value::as_bool) {
        Some(true) if !context.out.is_json() => context.note(&context.msg("contract-awaits", &[])),
        _ => Ok(()),
    }
}

/// The contract with how it ended, in words: the reason stands as whoever ended it wrote it.
fn with_end(context: &Context, contract: &Value) -> Value {
    let mut contract = contract.clone();
    let text = |name: &str| contract.pointer(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let (cause, by, reason) = (text("/cause"), text("/endedBy"), text("/reason"));
    let word = |text: &str| view::word(context, text, text);
    let cause = cause.map(word).map(|cause| match by {
        Some(by) => context.msg("contract-end-by", &[("cause", cause.into()), ("by", word(by).into())]),
        None => cause,
    });
    let reason = reason.map(view::times_in);
    let words = match (cause, reason) {
        (Some(cause), Some(reason)) => {
            context.msg("contract-end", &[("cause", cause.into()), ("reason", reason.into())])
        }
        (cause, reason) => cause.or(reason).unwrap_or_default(),
    };
    if let Some(members) = contract.as_object_mut() {
        members.insert("endWords".to_owned(), words.into());
    }
    contract
}

/// The body of a proposal: the offer's terms, with what the flags say instead.
async fn proposal(
    client: &Client,
    product: &str,
    name: Option<&str>,
    sign: Sign,
    flags: &TermsArgs,
) -> Result<Value> {
    let base = if flags.terms.is_some() { Value::Null } else { product::offer_of(client, product).await? };
    let sign = match sign {
        Sign::Manual => "manual",
        Sign::OnAgreement => "on_agreement",
    };
    let mut body = json!({"product": product, "terms": terms::over(&base, flags)?, "sign": sign});
    if let (Some(name), Some(members)) = (name, body.as_object_mut()) {
        members.insert("name".into(), json!(name));
    }
    Ok(body)
}

/// The terms of a counter-proposal: the last ones, with what the flags say instead.
async fn countered(client: &Client, contract: &str, flags: &TermsArgs) -> Result<Value> {
    if flags.is_empty() {
        return Err(Failure::new(Exit::Usage, "terms-needed"));
    }
    if flags.terms.is_some() {
        return terms::over(&Value::Null, flags);
    }
    let contract = client.get(&path(contract, ""), &[]).await?;
    let last = contract.pointer("/rounds").and_then(Value::as_array).and_then(|rounds| rounds.last());
    let last = last.and_then(|round| round.get("terms")).or_else(|| contract.get("terms"));
    terms::over(last.unwrap_or(&Value::Null), flags)
}

/// Shows what a step brought; with `--wait`, what the contract is once it is in force.
async fn finish(client: &Client, context: &Context, answer: Value, wait_secs: Option<u32>) -> Result<()> {
    let Some(secs) = wait_secs else { return show(client, context, answer).await };
    let name = ["contractId", "key", "id"].iter().find_map(|name| answer.get(*name)?.as_str());
    match name {
        Some(name) => {
            let waited = wait(client, name, IN_FORCE, Duration::from_secs(secs.into())).await?;
            show(client, context, waited).await
        }
        None => show(client, context, answer).await,
    }
}

/// Waits until the contract is in the state.
///
/// # Errors
/// [`Exit::Refused`] when it ended otherwise, [`Exit::Failure`] when the time was over.
async fn wait(client: &Client, contract: &str, state: &str, timeout: Duration) -> Result<Value> {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now()).as_millis() as u64;
        let step = left.min(WAIT_STEP_MS).to_string();
        let answer = client.get(&path(contract, "/wait"), &[("state", state), ("timeout_ms", &step)]).await?;
        let now = answer.get("state").and_then(Value::as_str).unwrap_or_default();
        let outcome = |exit, key| {
            Failure::new(exit, key).with("contract", contract).with("state", now).with("wanted", state)
        };
        if now == state {
            return Ok(answer);
        }
        if ENDED.contains(&now) {
            return Err(outcome(Exit::Refused, "contract-ended"));
        }
        if left <= WAIT_STEP_MS {
            return Err(outcome(Exit::Failure, "contract-not-yet"));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use super::*;
    use crate::i18n::Lang;
    use crate::testing::context_in;

    #[test]
    fn how_a_contract_ended_is_told_in_the_reader_s_language() {
        let ended =
            json!({"cause": "rejected", "endedBy": "provider", "reason": "it ended at 2026-01-01T00:00:00Z"});
        let told = |lang, contract: &Value| {
            with_end(&context_in(lang, &[]).0, contract)["endWords"].as_str().unwrap().to_owned()
        };
        assert_eq!(told(Lang::Zh, &ended), "拒绝（提供方）：it ended at 2026-01-01T08:00:00+08:00");
        assert_eq!(told(Lang::En, &ended), "rejected by the provider: it ended at 2026-01-01T08:00:00+08:00");
        assert_eq!(told(Lang::Zh, &json!({"cause": "expired"})), "到期");
        assert_eq!(told(Lang::Zh, &json!({"cause": null, "reason": null})), "");
    }

    #[tokio::test]
    async fn every_step_shows_the_title_of_the_reader_s_language() {
        let answer = |request: &crate::testing::Request| match request.target.contains("/products/") {
            true => crate::testing::Reply::json(200, &json!({"title": {"zh": "臭氧", "en": "Ozone"}})),
            false => crate::testing::Reply::json(
                200,
                &json!({"contractId": "C1", "product": "6A", "productName": "臭氧", "name": "臭氧", "state": "05", "role": "user"}),
            ),
        };
        for args in
            [&["contract", "accept", "C1"][..], &["contract", "sign", "C1"], &["contract", "wait", "C1"]]
        {
            let server = crate::testing::Server::start(answer).await;
            let folder = tempfile::tempdir().unwrap();
            crate::testing::node(folder.path(), server.address);
            let config = folder.path().join("weir.toml");
            let (context, captured) = context_in(Lang::En, &["--config", config.to_str().unwrap()]);
            let crate::cli::Command::Contract(command) = crate::testing::command(args) else {
                panic!("{args:?}")
            };
            run(&command, &context).await.unwrap();
            let shown = captured.out();
            assert!(shown.contains("Ozone") && !shown.contains("臭氧"), "{args:?}: {shown}");
        }
    }
}
