//! Terms: what a contract does not allow is refused, at the negotiation or at the gate, with the constraint that forbids it.

use domain::Timestamp;
use it::manage::Manage;
use it::market::{self, terms, with};
use it::network::Network;
use it::{data, wait};
use serde_json::{Value, json};

/// A product of a small file, offered without limits but the time.
async fn product(network: &Network, name: &str) -> String {
    let file = data::csv(network.folder(), name, 120);
    market::publish(&network.member("provider"), &file, terms(None)).await
}

/// Proposes what must not come into force, and answers why it ended.
async fn turned_down(user: &Manage, product: &str, terms: Value) -> String {
    market::visible(user, product).await;
    let key = market::propose(user, product, terms).await;
    let ended = market::contract_when(user, &key, "to be turned down", |it| it["cause"].is_string()).await;
    assert!(ended["signatures"].as_array().unwrap().is_empty(), "{ended:#}");
    format!(
        "{}: {}",
        ended["trouble"]["code"].as_str().unwrap_or("-"),
        ended["reason"].as_str().unwrap_or("-")
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fields_contract_delivers_its_columns_alone_with_digest_and_rows_of_their_own() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = product(&network, "fields").await;
    let text = data::csv_text("fields", 120);
    let wanted = ["hour", "PM2.5"];
    let contract =
        market::agree(&user, &provider, &product, with(terms(Some(2)), "fields", json!(wanted))).await;
    let delivered = market::deliver(&user, &contract, "u1").await;
    let expected = data::projected(&text, &wanted);
    assert_eq!(String::from_utf8(delivered.bytes.clone()).unwrap(), expected);
    assert_eq!(
        (delivered.rows, delivered.digest.clone()),
        (120, crypto::Sha256::of(expected.as_bytes()).to_string())
    );
    assert_ne!(delivered.digest, crypto::Sha256::of(text.as_bytes()).to_string(), "not the whole file's");

    let usage = market::settled(&user, &provider, &contract, 1).await;
    assert_eq!((&usage["meter"]["bytes"], &usage["meter"]["rows"]), (&json!(expected.len()), &json!(120)));
    let receipt = market::receipt(&user, &contract, "u1").await;
    assert_eq!(receipt["use"]["fields"], json!(["PM2.5", "hour"]));

    let unknown = user
        .post("/contracts", json!({"product": product, "terms": with(terms(None), "fields", json!(["SO2"]))}))
        .await;
    let problem = unknown.problem();
    assert!(problem.starts_with("409 terms: ") && problem.contains("SO2"), "{problem}");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fields_of_a_parquet_file_are_refused_when_they_are_negotiated() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let file = data::parquet(network.folder(), "whole", 90);
    let product = market::publish(&provider, &file, terms(None)).await;
    let reason = turned_down(&user, &product, with(terms(None), "fields", json!(["No"]))).await;
    assert!(reason.starts_with("300104: ") && reason.to_lowercase().contains("parquet"), "{reason}");

    let contract = market::agree(&user, &provider, &product, terms(Some(1))).await;
    let delivered = market::deliver(&user, &contract, "u1").await;
    assert_eq!(
        (delivered.bytes, delivered.rows),
        (std::fs::read(file).unwrap(), 90),
        "the whole of it can be had"
    );
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_for_other_regions_or_users_delivers_nothing() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = product(&network, "elsewhere").await;
    market::visible(&user, &product).await;
    let others = json!([network.subject_of("provider")]);
    for (name, theirs, ours, expected) in [
        ("users", others, json!([network.subject_of("user")]), "409 terms: the users "),
        ("regions", json!(["1100"]), json!(["3100"]), "409 terms: the regions `1100` leave out `3100`"),
    ] {
        let terms = |value| with(terms(None), name, value);
        let refused = user.post("/contracts", json!({"product": product, "terms": terms(theirs)})).await;
        let refused = refused.problem();
        assert!(refused.starts_with(expected), "{refused}");
        let contract = market::agree(&user, &provider, &product, terms(ours)).await;
        market::deliver(&user, &contract, "u1").await;
    }
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_is_the_widest_that_can_be_had() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let file = data::csv(network.folder(), "narrow", 60);
    let offer = with(with(terms(Some(3)), "regions", json!(["3100"])), "fields", json!(["hour", "O3"]));
    let product = market::publish(&provider, &file, offer).await;
    market::visible(&user, &product).await;

    let key = market::propose(&user, &product, with(terms(Some(9)), "fields", json!(["O3", "PM2.5"]))).await;
    let countered =
        market::contract_when(&user, &key, "the counter-offer", |it| it["awaitsUs"] == true).await;
    let met = (&countered["terms"]["count"], &countered["terms"]["fields"], &countered["terms"]["regions"]);
    assert_eq!(met, (&json!(3), &json!(["O3"]), &json!(["3100"])), "what both have in common");
    user.post(&format!("/contracts/{key}/reject"), json!({"reason": "too few"})).await.ok();
    let told =
        market::contract_when(&provider, countered["contractId"].as_str().unwrap(), "the rejection", |it| {
            it["cause"].is_string()
        })
        .await;
    assert_eq!(
        (told["endedBy"].as_str(), told["reason"].as_str()),
        (Some("user"), Some("too few")),
        "{told:#}"
    );

    let reason = turned_down(&user, &product, with(terms(None), "fields", json!(["station"]))).await;
    assert!(reason.starts_with("300104: ") && reason.contains("fields"), "{reason}");
    let wide = with(terms(None), "regions", json!(["1100", "3100"]));
    let key = market::propose(&user, &product, wide).await;
    let countered =
        market::contract_when(&user, &key, "the counter-offer", |it| it["awaitsUs"] == true).await;
    assert_eq!(countered["terms"]["regions"], json!(["3100"]), "of both regions the one that is offered");
    let unknown = json!({"product": product, "terms": with(terms(None), "action", json!("translate"))});
    let problem = user.post("/contracts", unknown).await.problem();
    assert!(problem.contains("translate"), "{problem}");
    let unbounded = json!({"product": product, "terms": with(terms(None), "purpose", json!("research"))});
    let problem = user.post("/contracts", unbounded).await.problem();
    assert!(problem.contains("purpose"), "a bound that nobody can enforce is refused: {problem}");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_begins_and_ends_with_its_time() {
    let network = Network::builder().with_manual_clock().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = product(&network, "hours").await;
    let at = |secs: i64| Timestamp::from_micros(network.now().micros() + secs * 1_000_000).to_string();
    let hour = with(with(terms(None), "from", json!(at(600))), "to", json!(at(4200)));
    market::visible(&user, &product).await;
    let key = market::propose(&user, &product, hour).await;
    let signed = market::contract_when(&user, &key, "two signatures", |it| {
        it["signatures"].as_array().unwrap().len() == 2
    })
    .await;
    let contract = signed["contractId"].as_str().unwrap().to_owned();
    market::contract_when(&provider, &contract, "two signatures", |it| {
        it["signatures"].as_array().unwrap().len() == 2
    })
    .await;

    let early = market::refused(&user, &contract, "early").await;
    assert!(early.starts_with("409 ") && early.contains("begin"), "{early}");
    network.advance_secs(601);
    market::deliver(&user, &contract, "in-time").await;
    network.advance_secs(3600);
    let late = market::refused(&user, &contract, "late").await;
    assert!(late.starts_with("409 "), "{late}");
    // The job that ends contracts sleeps by the machine's clock: a start makes it look at ours.
    let mut network = network;
    for host in ["users", "providers"] {
        network.stop(host).await;
        network.start(host).await;
    }
    let (provider, user) = (network.member("provider"), network.member("user"));
    for side in [&user, &provider] {
        let ended = market::reaches(side, &contract, "06").await;
        assert_eq!(ended["cause"], "expired", "{ended:#}");
        assert_eq!(ended["uses"]["count"], 1);
    }
    // What was used in time is still proven.
    wait::wait_until("the receipt", async || {
        network.advance_secs(1);
        let told = user.get(&format!("/contracts/{contract}/receipts/in-time")).await;
        (told.status == 200).then_some(())
    })
    .await;
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminated_contract_delivers_nothing_more_and_what_was_used_stays_used() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = product(&network, "ended").await;
    let contract = market::agree(&user, &provider, &product, terms(None)).await;
    market::deliver(&user, &contract, "u1").await;
    provider.post(&format!("/contracts/{contract}/terminate"), json!({"reason": "moved away"})).await.ok();
    let refusal = market::refused(&user, &contract, "u2").await;
    assert!(refusal.starts_with("409 "), "{refusal}");
    let ended = market::contract_when(&user, &contract, "its end", |it| it["cause"].is_string()).await;
    let told = (ended["cause"].as_str(), ended["endedBy"].as_str(), ended["reason"].as_str());
    assert_eq!(told, (Some("terminated"), Some("provider"), Some("moved away")));
    let usage = market::settled(&user, &provider, &contract, 1).await;
    assert_eq!(usage["meter"]["complete"], 1);
    market::receipt(&user, &contract, "u1").await;
    network.end().await;
}
