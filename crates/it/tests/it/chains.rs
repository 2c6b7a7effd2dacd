//! Certificates change, and end; what was signed under an earlier one stays proven, and whoever has none that is valid may not speak.

use it::letter::{Draft, Voice};
use it::market::{self, terms};
use it::network::Network;
use it::{data, manage::Manage};
use serde_json::json;

/// The organisation of a member joins once more, with a further connector on the same host.
async fn join_again(network: &Network, member: &str, host: &str) {
    let body = json!({"subject": network.subject_of(member), "name": member, "runs": "connector"});
    let region = network.site("region-1100").manage();
    let code = region.post("/organisations", body).await.ok()["code"].as_str().unwrap().to_owned();
    let order = json!({"code": code, "name": "its second connector"});
    let joined = network.site(host).manage().post("/connectors", order).await.ok();
    assert_ne!(joined["connector"], network.member(member).connector());
    network.settle().await;
}

async fn receipts(parties: [&Manage; 2], contract: &str, use_id: &str) {
    for party in parties {
        let told = market::receipt(party, contract, use_id).await;
        assert_eq!(told["use"]["useId"], use_id, "{told:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_hold_after_an_organisation_was_certified_anew() {
    let network = Network::builder().with_manual_clock().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let file = data::csv(network.folder(), "chains", 30);
    let product = market::publish(&provider, &file, terms(None)).await;
    let contract = market::agree(&user, &provider, &product, terms(None)).await;
    market::deliver(&user, &contract, "before").await;
    network.advance_secs(2);
    receipts([&provider, &user], &contract, "before").await;

    network.advance_secs(3600);
    join_again(&network, "provider", "providers").await;
    receipts([&provider, &user], &contract, "before").await;

    market::deliver(&user, &contract, "after").await;
    network.advance_secs(2);
    receipts([&provider, &user], &contract, "after").await;
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whose_certificate_has_ended_is_not_heard() {
    let network = Network::small().with_manual_clock().start().await;
    let speaker = network.node("providers").tenants()[0].clone();
    let region = network.node("region-1100").speaker().unwrap().id().clone();
    let ask = async || {
        let body = json!({"id": speaker.id()});
        let draft = Draft::new(&Voice::of(&speaker), &region, "/weir/v1/resolve", body, network.now());
        draft.sign().send(network.site("region-1100").local()).await
    };
    network.advance_secs(729 * 86_400);
    assert_eq!(ask().await.code, "000000");
    network.advance_secs(2 * 86_400);
    let answer = ask().await;
    assert_ne!(answer.code, "000000");
    assert!(answer.to_string().contains("not valid now"), "{answer}");
    network.end().await;
}
