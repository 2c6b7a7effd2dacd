//! Messages that meet faults on their way: sent again until they arrive, and applied once.

use it::market::{self, terms};
use it::network::Network;
use it::proxy::{Fault, Passed, Proxy};
use it::wait::wait_until;
use it::{data, manage::Manage};
use serde_json::{Value, json};

const CREATE: &str = "/contractCreate";
const NEGOTIATE: &str = "/contractNegotiate";

async fn shop(network: &Network) -> String {
    let file = data::csv(network.folder(), "outbox", 60);
    let product = market::publish(&network.member("provider"), &file, terms(Some(1))).await;
    market::listed(&network.member("user"), &product).await;
    product
}

fn proxy<'n>(network: &'n Network, name: &str) -> &'n Proxy {
    &network.site(name).proxy
}

async fn contracts(who: &Manage) -> Vec<Value> {
    who.get("/contracts").await.ok().as_array().unwrap().clone()
}

/// Each message's tries: how often its sequence number came.
fn tries(passed: &[Passed]) -> Vec<usize> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for message in passed {
        let number = message.header("sequenceNum").unwrap();
        match counts.iter_mut().find(|(known, _)| known == number) {
            Some((_, count)) => *count += 1,
            None => counts.push((number.to_owned(), 1)),
        }
    }
    counts.into_iter().map(|(_, count)| count).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_to_a_peer_that_is_away_arrives_once_it_is_back() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = shop(&network).await;
    proxy(&network, "providers").away();
    let key = market::propose(&user, &product, terms(Some(1))).await;
    wait_until("some tries", async || {
        (proxy(&network, "providers").passed(NEGOTIATE).len() >= 3).then_some(())
    })
    .await;
    let waiting = user.get(&format!("/contracts/{key}")).await.ok();
    assert!(waiting["contractId"].is_string() && waiting["state"] != "05", "{waiting:#}");
    let status = network.site("users").manage().get("/status").await.ok();
    assert_eq!(
        (&status["outbox"]["waiting"], &status["outbox"]["dead"]),
        (&json!(1), &json!(0)),
        "{status:#}"
    );
    assert!(contracts(&provider).await.is_empty());

    network.reach("providers");
    let contract = market::reaches(&user, &key, "05").await;
    assert_eq!(contract["rounds"].as_array().unwrap().len(), 1);
    let passed = proxy(&network, "providers").passed(NEGOTIATE);
    let first: Vec<&Passed> =
        passed.iter().filter(|it| it.header("sequenceNum") == passed[0].header("sequenceNum")).collect();
    assert!(first.len() >= 4, "the same number each time");
    assert!(first.iter().all(|it| it.body == first[0].body), "and the same body");
    assert_ne!(
        first[0].header("timestamp"),
        first.last().unwrap().header("timestamp"),
        "with the time of the try"
    );
    assert_eq!(contracts(&provider).await.len(), 1);
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_a_message_its_step_is_done_once() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = shop(&network).await;
    let mut held = 0;
    for (what, fault) in [
        ("lost request", Fault::LoseRequest),
        ("lost answer", Fault::LoseAnswer),
        ("sent twice", Fault::Twice),
    ] {
        for (site, path) in [("space-1100", CREATE), ("providers", NEGOTIATE), ("users", NEGOTIATE)] {
            let before: Vec<usize> = ["space-1100", "providers", "users"]
                .map(|name| proxy(&network, name).passed("/contract").len())
                .to_vec();
            proxy(&network, site).fail(path, fault.clone());
            // One more than is offered: the provider counters, the user signs, so that each side sends.
            let key = market::propose(&user, &product, terms(Some(2))).await;
            let countered =
                market::contract_when(&user, &key, "the counter-offer", |it| it["awaitsUs"] == true).await;
            user.post(&format!("/contracts/{key}/sign"), json!({})).await.ok();
            let ours = market::reaches(&user, &key, "05").await;
            let id = countered["contractId"].as_str().unwrap();
            let theirs = market::reaches(&provider, id, "05").await;
            held += 1;
            let case = format!("{what} of {path} at {site}");
            assert!(proxy(&network, site).all_met(), "{case} came about");
            assert_eq!(
                (ours["rounds"].as_array().unwrap().len(), &ours["signatures"]),
                (2, &theirs["signatures"]),
                "{case}"
            );
            assert_eq!(theirs["rounds"].as_array().unwrap().len(), 2, "{case}");
            assert_eq!(
                (contracts(&user).await.len(), contracts(&provider).await.len()),
                (held, held),
                "{case}"
            );
            let index = ["space-1100", "providers", "users"].iter().position(|name| *name == site).unwrap();
            let since = proxy(&network, site).passed("/contract")[before[index]..].to_vec();
            let repeated = tries(&since).into_iter().filter(|count| *count > 1).count();
            assert_eq!(
                repeated,
                usize::from(!matches!(fault, Fault::Twice)),
                "{case}: one message was sent again"
            );
        }
    }
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_through_lost_answers_makes_one_resource_one_product_and_one_listing() {
    let network = Network::builder().start().await;
    let provider = network.member("provider");
    let file = data::csv(network.folder(), "once", 60);
    for (site, path) in [
        ("region-1100", "/weir/v1/resourceRegister"),
        ("region-1100", "/weir/v1/productRegister"),
        ("space-1100", "/weir/v1/productList"),
    ] {
        proxy(&network, site).fail(path, Fault::LoseAnswer);
    }
    let product = market::publish(&provider, &file, terms(None)).await;
    let again = market::publish(&provider, &file, terms(None)).await;
    assert_eq!(product, again, "the same file with the same title is the same product");
    assert!(proxy(&network, "region-1100").all_met() && proxy(&network, "space-1100").all_met());
    let catalogue = network.site("region-3100").manage();
    let shown = market::listed(&catalogue, &product).await;
    assert_eq!(shown["listings"].as_array().unwrap().len(), 1);
    assert_eq!(catalogue.get("/products").await.ok()["total"], 1);
    assert_eq!(provider.get("/resources").await.ok().as_array().unwrap().len(), 1);
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proposal_that_is_refused_has_its_answer_and_leaves_no_letter_behind() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = shop(&network).await;
    let later = market::with(terms(Some(1)), "from", json!("2190-01-01T00:00:00Z"));
    let later = market::with(later, "to", json!("2191-01-01T00:00:00Z"));
    let key = market::propose(&user, &product, later).await;
    let ended = market::contract_when(&user, &key, "its end", |it| it["cause"].is_string()).await;
    let trouble = &ended["trouble"];
    assert_eq!(
        (&trouble["code"], &trouble["message"]),
        (&json!("300104"), &json!(NEGOTIATE[1..])),
        "{ended:#}"
    );
    assert!(trouble["reason"].as_str().unwrap().contains("time"), "{ended:#}");
    let users = network.site("users").manage();
    let outbox = users.get("/status").await.ok()["outbox"].clone();
    assert_eq!((&outbox["waiting"], &outbox["dead"]), (&json!(0), &json!(0)), "{outbox:#}");
    assert_eq!(outbox_check(&users).await["result"], "ok");

    // What is refused stands in nobody's way.
    market::agree(&user, &provider, &product, terms(Some(1))).await;
    network.end().await;
}

async fn outbox_check(node: &Manage) -> Value {
    let doctor = node.get("/doctor").await.ok();
    let checks = doctor["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["name"] == "outbox").unwrap()
}
