//! Usage windows: counter-signed as they close; without the user's signature new uses stop, and go on when it is back.

use domain::delivery::{Delivered, UseId};
use domain::id::ContractId;
use it::market::{self, terms};
use it::network::Network;
use it::proxy::Fault;
use it::wait::wait_until;
use it::{data, manage::Manage};
use serde_json::json;

const WINDOW: &str = "/weir/v1/usageWindow";

async fn contract(network: &Network) -> String {
    let (provider, user) = (network.member("provider"), network.member("user"));
    let file = data::csv(network.folder(), "windows", 30);
    let product = market::publish(&provider, &file, terms(None)).await;
    market::agree(&user, &provider, &product, terms(None)).await
}

/// The provider counts what nobody asked for: its own gate lets the use pass, and its own meter closes it, or it is given up.
async fn invent_use(network: &Network, contract: &str, delivered: Option<Delivered>) {
    let node = network.node("providers");
    let speaker = node.tenant(network.member("provider").connector()).unwrap();
    let (id, invented) = (ContractId::parse(contract).unwrap(), UseId::parse("invented").unwrap());
    app::delivery::use_once(node, &speaker, &id, &invented).await.unwrap();
    if let Some(delivered) = delivered {
        app::delivery::close_use(node, &speaker, &id, &invented, &delivered).await.unwrap();
    }
}

async fn unsigned(provider: &Manage, contract: &str) -> u64 {
    market::usage(provider, contract).await["unsigned"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn windows_that_the_user_does_not_countersign_stop_new_uses_until_it_is_back() {
    let network = Network::builder()
        .with_limits(|limits| {
            limits.unsigned_windows_max = 2;
            limits.window_ms = 1;
        })
        .start()
        .await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let contract = contract(&network).await;
    // The user fetches; what the provider sends to it does not arrive.
    network.site("users").proxy.away();
    for number in 1..=2 {
        market::deliver(&user, &contract, &format!("u{number}")).await;
        let what = format!("window {number} to close");
        wait_until(&what, async || (unsigned(&provider, &contract).await == number).then_some(())).await;
    }
    let refusal = market::refused(&user, &contract, "u3").await;
    assert!(refusal.contains("2 usage windows") && refusal.contains("counter-sign"), "{refusal}");
    assert_eq!(market::usage(&provider, &contract).await["meter"]["uses"], 2, "it was not counted");

    network.reach("users");
    wait_until("the windows to be signed", async || {
        (unsigned(&provider, &contract).await == 0).then_some(())
    })
    .await;
    market::deliver(&user, &contract, "u3").await;
    let usage = market::settled(&user, &provider, &contract, 3).await;
    assert_eq!(usage["countersigned"]["windows"], 3, "{usage:#}");
    for number in 1..=3 {
        market::receipt(&user, &contract, &format!("u{number}")).await;
    }
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_is_countersigned_once_whatever_happens_to_it_on_its_way() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let contract = contract(&network).await;
    for (number, fault) in [Fault::LoseAnswer, Fault::Twice, Fault::LoseRequest].into_iter().enumerate() {
        network.site("users").proxy.fail(WINDOW, fault);
        market::deliver(&user, &contract, &format!("u{number}")).await;
        let usage = market::settled(&user, &provider, &contract, number as u64 + 1).await;
        assert_eq!(usage["countersigned"]["windows"], json!(number + 1), "{usage:#}");
        assert!(network.site("users").proxy.all_met());
        market::receipt(&provider, &contract, &format!("u{number}")).await;
    }
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_is_not_yet_there_while_its_window_is_open_or_unsigned() {
    let network = Network::builder().with_manual_clock().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let contract = contract(&network).await;
    market::deliver(&user, &contract, "u1").await;
    let path = format!("/contracts/{contract}/receipts/u1");
    for side in [&user, &provider] {
        let told = side.get(&path).await;
        assert_eq!(told.status, 409, "{told:?}");
        assert!(told.body["retry_after_ms"].is_number(), "{:#}", told.body);
    }
    let unknown = user.get(&format!("/contracts/{contract}/receipts/u2")).await;
    assert_eq!(unknown.status, 404, "{unknown:?}");
    network.advance_secs(1);
    market::receipt(&user, &contract, "u1").await;
    market::receipt(&provider, &contract, "u1").await;
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_with_a_use_that_never_was_is_not_countersigned() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let contract = contract(&network).await;
    let delivered = Delivered { bytes: 10, rows: 1, digest: crypto::Sha256::of(b"invented") };
    invent_use(&network, &contract, Some(delivered)).await;
    let dispute = market::disputed(&provider, &contract).await;
    assert_eq!((&dispute["number"], &dispute["code"]), (&json!(1), &json!("300106")), "{dispute:#}");
    assert!(
        dispute["reason"].as_str().unwrap().contains("invented"),
        "the first use that differs: {dispute:#}"
    );
    assert_eq!(market::usage(&user, &contract).await["countersigned"]["uses"], 0);
    let receipt = provider.get(&format!("/contracts/{contract}/receipts/invented")).await.problem();
    assert!(receipt.starts_with("409 "), "{receipt}");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incomplete_use_that_nobody_asked_for_is_not_countersigned() {
    let network = Network::builder().with_limits(|limits| limits.use_idle_ms = 50).start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    let contract = contract(&network).await;
    invent_use(&network, &contract, None).await;
    let dispute = market::disputed(&provider, &contract).await;
    assert_eq!(dispute["code"], "300106", "{dispute:#}");
    assert_eq!(market::usage(&user, &contract).await["countersigned"]["uses"], 0);
    network.end().await;
}
