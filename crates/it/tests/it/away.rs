//! Peers that are away for hours or for good, with the limits of an operator and a clock that the test moves.

use app::config::Limits;
use it::market::{self, terms};
use it::network::Network;
use it::wait::wait_until;
use it::{data, manage::Manage};
use serde_json::{Value, json};

/// Seconds of the longest pause between two tries.
const BACKOFF_SECS: i64 = 300;
/// Seconds after which a message is given up.
const WEEK_SECS: i64 = 7 * 24 * 3600;

async fn network() -> Network {
    Network::builder().with_limits(|limits| *limits = Limits::default()).with_manual_clock().start().await
}

async fn shop(network: &Network) -> String {
    let file = data::csv(network.folder(), "away", 60);
    let product = market::publish(&network.member("provider"), &file, terms(None)).await;
    market::listed(&network.member("user"), &product).await;
    product
}

/// Hours pass, and whatever is due at a node is tried.
async fn hours(network: &Network, name: &str, hours: i64) {
    let mut tried = 0;
    for _ in 0..hours * 3600 / BACKOFF_SECS {
        tried += app::outbox::pump(network.node(name)).await.unwrap();
        network.advance_secs(BACKOFF_SECS);
    }
    assert!(tried > 12, "it was tried {tried} times: more often than in two minutes");
}

/// What comes of something while time passes, and whatever is due at a node is tried.
async fn meanwhile<T>(network: &Network, name: &str, something: impl Future<Output = T>) -> T {
    let mut something = std::pin::pin!(something);
    let passing = async || {
        app::outbox::pump(network.node(name)).await.unwrap();
        network.advance_secs(2);
    };
    loop {
        tokio::select! {
            done = &mut something => return done,
            () = passing() => {}
        }
    }
}

/// A node can be reached again, and the next try of another is due.
async fn back(network: &Network, name: &str, sender: &str) {
    network.reach(name);
    network.advance_secs(BACKOFF_SECS);
    app::outbox::pump(network.node(sender)).await.unwrap();
}

async fn outbox(network: &Network, name: &str) -> (Value, Value) {
    let status = network.site(name).manage().get("/status").await.ok();
    (status["outbox"]["waiting"].clone(), status["outbox"]["dead"].clone())
}

async fn outbox_check(node: &Manage) -> Value {
    let doctor = node.get("/doctor").await.ok();
    let checks = doctor["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["name"] == "outbox").unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_is_signed_by_both_though_the_user_was_away_for_hours() {
    let network = network().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = shop(&network).await;
    network.site("users").proxy.away();
    let key = market::propose(&user, &product, terms(None)).await;
    let ours = market::reaches(&user, &key, "03").await;
    let contract = ours["contractId"].as_str().unwrap();
    market::reaches(&provider, contract, "05").await;
    hours(&network, "providers", 6).await;
    assert_eq!(outbox(&network, "providers").await, (json!(1), json!(0)));
    let check = outbox_check(&network.site("providers").manage()).await;
    assert_eq!((&check["result"], &check["code"]), (&json!("warning"), &json!("outbox-late")), "{check:#}");
    assert_eq!(user.get(&format!("/contracts/{key}")).await.ok()["state"], "03");

    back(&network, "users", "providers").await;
    let ours = market::reaches(&user, &key, "05").await;
    let theirs = market::reaches(&provider, contract, "05").await;
    assert_eq!(ours["signatures"], theirs["signatures"]);
    assert_eq!((&ours["trouble"], &theirs["trouble"]), (&Value::Null, &Value::Null));
    market::deliver(&user, contract, "u1").await;
    assert_eq!(outbox_check(&network.site("providers").manage()).await["result"], "ok");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contract_ends_on_both_sides_though_the_provider_was_away_for_hours() {
    let network = network().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let product = shop(&network).await;
    let contract = market::agree(&user, &provider, &product, terms(None)).await;
    network.site("providers").proxy.away();
    user.post(&format!("/contracts/{contract}/terminate"), json!({"reason": "over"})).await.ok();
    hours(&network, "users", 6).await;
    assert_eq!(outbox(&network, "users").await, (json!(1), json!(0)));
    assert_eq!(provider.get(&format!("/contracts/{contract}")).await.ok()["state"], "05");

    back(&network, "providers", "users").await;
    let theirs = market::reaches(&provider, &contract, "06").await;
    assert_eq!(theirs["reason"], "over", "{theirs:#}");
    let refused = market::refused(&user, &contract, "u1").await;
    assert!(refused.starts_with("409 "), "{refused}");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_is_withdrawn_everywhere_though_the_region_was_away_for_hours() {
    let network = network().await;
    let provider = network.member("provider");
    let product = shop(&network).await;
    let path = format!("/products/{product}/withdraw");
    network.site("region-1100").proxy.away();
    let told = meanwhile(&network, "providers", provider.post(&path, json!({"reason": "over"}))).await;
    assert_eq!((told.status, &told.body["code"]), (409, &json!("not-yet")), "{told:?}");
    hours(&network, "providers", 6).await;
    assert_eq!(outbox(&network, "providers").await, (json!(1), json!(0)));
    let told = provider.post(&path, json!({"reason": "over"})).await;
    assert_eq!((told.status, &told.body["code"]), (409, &json!("not-yet")), "it is not done: {told:?}");
    let catalogue = network.site("region-3100").manage();
    assert_ne!(catalogue.get(&format!("/products/{product}")).await.ok()["status"], "withdrawn");

    network.reach("region-1100");
    let told = provider.post(&path, json!({"reason": "over"})).await.ok();
    assert_eq!((&told["state"], &told["problem"]), (&json!("withdrawn"), &Value::Null), "{told:#}");
    wait_until("the withdrawal to be known elsewhere", async || {
        let known = catalogue.get(&format!("/products/{product}")).await;
        (known.status == 404 || known.body["status"] == "withdrawn").then_some(())
    })
    .await;
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_given_up_is_seen_tried_again_and_dismissed() {
    let network = network().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let users = network.site("users").manage();
    let product = shop(&network).await;
    let contract = market::agree(&user, &provider, &product, terms(None)).await;
    network.site("providers").proxy.away();
    user.post(&format!("/contracts/{contract}/terminate"), json!({"reason": "over"})).await.ok();
    let key = market::propose(&user, &product, terms(None)).await;
    market::reaches(&user, &key, "02").await;
    wait_until("both to have failed", async || {
        let letters = users.get("/outbox?state=waiting").await.ok();
        let failed = letters.as_array().unwrap().iter().filter(|letter| letter["reason"].is_string());
        (failed.count() == 2).then_some(())
    })
    .await;
    network.advance_secs(WEEK_SECS);
    wait_until("both to be given up", async || {
        app::outbox::pump(network.node("users")).await.unwrap();
        (outbox(&network, "users").await.1 == 2).then_some(())
    })
    .await;
    let ended = user.get(&format!("/contracts/{key}")).await.ok();
    assert_eq!(
        (&ended["state"], &ended["trouble"]["message"]),
        (&json!("06"), &json!("contractNegotiate")),
        "{ended:#}"
    );
    let check = outbox_check(&users).await;
    assert_eq!(
        (&check["result"], &check["code"]),
        (&json!("warning"), &json!("outbox-given-up")),
        "{check:#}"
    );
    let letters = users.get("/outbox?state=given_up").await.ok();
    let told: Vec<&str> =
        letters.as_array().unwrap().iter().map(|it| it["message"].as_str().unwrap()).collect();
    assert_eq!(told, ["contractTerminate", "contractNegotiate"], "{letters:#}");
    let [end, proposal] = [0, 1].map(|place: usize| letters[place]["id"].as_i64().unwrap());

    // A proposal of a contract that is over has nothing to bring; the end of one that was in force has.
    let refused = users.post(&format!("/outbox/{proposal}/retry"), json!({})).await.problem();
    assert!(refused.starts_with("403 "), "{refused}");
    users.post(&format!("/outbox/{proposal}/dismiss"), json!({})).await.ok();
    network.reach("providers");
    let back = users.post(&format!("/outbox/{end}/retry"), json!({})).await.ok();
    assert_eq!(back["state"], "waiting", "{back:#}");
    let theirs = market::reaches(&provider, &contract, "06").await;
    assert_eq!(theirs["reason"], "over", "{theirs:#}");
    wait_until("nothing to be left", async || {
        app::outbox::pump(network.node("users")).await.unwrap();
        (outbox(&network, "users").await == (json!(0), json!(0))).then_some(())
    })
    .await;
    assert_eq!(outbox_check(&users).await["result"], "ok");
    assert_eq!(users.post("/outbox/retry", json!({})).await.ok()["retried"], 0);
    network.end().await;
}
