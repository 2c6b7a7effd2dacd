//! Delivery: a use counts once however its bytes travel, and a file that is not what was catalogued is refused before it counts.

use it::market::{self, terms};
use it::network::Network;
use it::proxy::Fault;
use it::wait::wait_until;
use it::{data, manage::Manage};
use serde_json::{Value, json};

const DELIVER: &str = "/weir/v1/deliver";

struct Shop {
    network: Network,
    provider: Manage,
    user: Manage,
    file: std::path::PathBuf,
    contract: String,
}

impl Shop {
    async fn open(network: Network, rows: u32, count: Option<u64>) -> Shop {
        let (provider, user) = (network.member("provider"), network.member("user"));
        let file = data::csv(network.folder(), "delivered", rows);
        let product = market::publish(&provider, &file, terms(None)).await;
        let contract = market::agree(&user, &provider, &product, terms(count)).await;
        Shop { network, provider, user, file, contract }
    }

    fn proxy(&self) -> &it::proxy::Proxy {
        &self.network.site("providers").proxy
    }

    async fn uses(&self, who: &Manage) -> Vec<Value> {
        let uses = who.get(&format!("/contracts/{}/uses", self.contract)).await.ok();
        uses["items"].as_array().unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_that_was_cut_is_resumed_under_the_same_use() {
    let shop = Shop::open(Network::builder().start().await, 400, Some(1)).await;
    let whole = std::fs::read(&shop.file).unwrap();
    shop.proxy().fail(DELIVER, Fault::CutAnswer(5000));
    let first = shop.user.data(&shop.contract, "u1", 0).await.unwrap();
    assert!(!first.whole && first.bytes.len() <= 5000, "{} bytes came", first.bytes.len());
    let rest = shop.user.data(&shop.contract, "u1", first.bytes.len() as u64).await.unwrap();
    assert!(rest.whole);
    assert_eq!(rest.digest, first.digest);
    let joined = [first.bytes, rest.bytes].concat();
    assert_eq!(joined, whole);
    shop.user.received(&shop.contract, "u1", &joined).await.ok();

    let usage = market::settled(&shop.user, &shop.provider, &shop.contract, 1).await;
    assert_eq!(usage["meter"], json!({"uses": 1, "complete": 1, "bytes": whole.len(), "rows": 400}));
    assert_eq!((shop.uses(&shop.user).await.len(), shop.uses(&shop.provider).await.len()), (1, 1));
    market::receipt(&shop.user, &shop.contract, "u1").await;
    let refusal = market::refused(&shop.user, &shop.contract, "u2").await;
    assert!(refusal.contains("count"), "{refusal}");
    shop.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_those_announced_are_refused_and_so_is_the_window_that_has_them() {
    let shop = Shop::open(Network::builder().start().await, 60, Some(1)).await;
    let unasked = shop.user.received(&shop.contract, "u1", b"").await.problem();
    assert!(unasked.starts_with("404 "), "{unasked}");
    // What the caller says it has changes nothing; what came wrong past the user's own meter stands against the window.
    shop.proxy().fail(DELIVER, Fault::SpoilAnswer);
    let spoilt = shop.user.data(&shop.contract, "u1", 0).await.unwrap();
    assert!(!spoilt.whole, "the last piece is kept back");
    let wrong = shop.user.received(&shop.contract, "u1", &spoilt.bytes).await.problem();
    assert!(wrong.starts_with("409 evidence: ") && wrong.contains("announced"), "{wrong}");
    let beyond = shop.user.data(&shop.contract, "u1", 1 << 30).await.unwrap_err().problem();
    assert!(beyond.starts_with('4'), "an offset behind the end: {beyond}");
    let dispute = market::disputed(&shop.provider, &shop.contract).await;
    assert_eq!((&dispute["number"], &dispute["code"]), (&json!(1), &json!("300106")), "{dispute:#}");
    assert!(dispute["reason"].as_str().unwrap().contains("`u1`"), "{dispute:#}");
    assert_eq!(market::usage(&shop.user, &shop.contract).await["countersigned"]["uses"], 0);
    shop.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_use_closes_as_incomplete_and_counts() {
    let network =
        Network::builder().with_manual_clock().with_limits(|limits| limits.use_idle_ms = 1000).start().await;
    // Larger than what the system buffers for a socket: the provider must notice that nobody reads on.
    let shop = Shop::open(network, 120_000, Some(1)).await;
    shop.proxy().fail(DELIVER, Fault::CutAnswer(3000));
    let part = shop.user.data(&shop.contract, "u1", 0).await.unwrap();
    assert!(!part.whole);
    assert_eq!(shop.uses(&shop.provider).await[0]["state"], "open");
    wait_until("the use to be closed", async || {
        shop.network.advance_secs(2);
        let uses = shop.uses(&shop.provider).await;
        (uses[0]["state"] == "incomplete" && uses[0]["window"].is_number()).then_some(())
    })
    .await;
    let again = market::refused(&shop.user, &shop.contract, "u1").await;
    assert!(again.contains("u1") && again.starts_with("409 "), "it is over: {again}");
    let other = market::refused(&shop.user, &shop.contract, "u2").await;
    assert!(other.contains("count"), "it counted: {other}");
    // How many of its bytes were sent only the provider can say: once both signed its figure, the user's meter has it too.
    let sides = wait_until("the window to be signed", async || {
        let (theirs, ours) = (
            market::usage(&shop.provider, &shop.contract).await,
            market::usage(&shop.user, &shop.contract).await,
        );
        (ours["countersigned"]["uses"] == 1 && theirs["countersigned"] == ours["countersigned"])
            .then_some([theirs, ours])
    })
    .await;
    assert_eq!(sides[0]["meter"], sides[1]["meter"], "{sides:#?}");
    for usage in sides {
        assert_eq!(
            (&usage["meter"]["uses"], &usage["meter"]["complete"]),
            (&json!(1), &json!(0)),
            "{usage:#}"
        );
    }
    shop.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_only_touched_is_delivered_and_one_that_changed_is_not() {
    let shop = Shop::open(Network::builder().start().await, 100, Some(2)).await;
    let whole = std::fs::read(&shop.file).unwrap();
    // Another inode and another time, the same bytes.
    std::fs::remove_file(&shop.file).unwrap();
    std::fs::write(&shop.file, &whole).unwrap();
    assert_eq!(market::deliver(&shop.user, &shop.contract, "touched").await.bytes, whole);

    let changed = String::from_utf8(whole.clone()).unwrap().replacen("delivered", "Delivered", 1);
    std::fs::write(&shop.file, changed).unwrap();
    let refusal = market::refused(&shop.user, &shop.contract, "changed").await;
    assert!(refusal.starts_with("409 source-changed: "), "{refusal}");
    assert!(!refusal.contains(shop.file.to_str().unwrap()), "where it lies is nobody's business: {refusal}");
    std::fs::remove_file(&shop.file).unwrap();
    let gone = market::refused(&shop.user, &shop.contract, "gone").await;
    assert!(gone.starts_with("409 source-changed: "), "{gone}");
    assert_eq!(shop.uses(&shop.provider).await.len(), 1, "neither was counted");

    std::fs::write(&shop.file, &whole).unwrap();
    market::deliver(&shop.user, &shop.contract, "restored").await;
    let usage = market::settled(&shop.user, &shop.provider, &shop.contract, 2).await;
    assert_eq!((&usage["meter"]["uses"], &usage["meter"]["complete"]), (&json!(2), &json!(2)));
    shop.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_downloads_of_one_use_at_the_same_time_count_once() {
    let shop = Shop::open(Network::builder().start().await, 400, Some(1)).await;
    let fetch = || shop.user.data(&shop.contract, "u1", 0);
    let (a, b, c) = tokio::join!(fetch(), fetch(), fetch());
    let whole = std::fs::read(&shop.file).unwrap();
    let got: Vec<String> = [&a, &b, &c].iter().map(|it| market::outcome(it)).collect();
    let complete = [a, b, c].into_iter().flatten().filter(|data| data.whole && data.bytes == whole).count();
    assert!(complete >= 1, "{got:?}");
    let usage = market::settled(&shop.user, &shop.provider, &shop.contract, 1).await;
    assert_eq!(usage["meter"], json!({"uses": 1, "complete": 1, "bytes": whole.len(), "rows": 400}));
    shop.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_uses_at_once_never_pass_more_than_the_contract_allows() {
    let shop = Shop::open(Network::builder().start().await, 40, Some(5)).await;
    let mut tries = tokio::task::JoinSet::new();
    for number in 0..16 {
        let (user, contract) = (shop.user.clone(), shop.contract.clone());
        tries.spawn(async move { market::outcome(&user.data(&contract, &format!("u{number}"), 0).await) });
    }
    let outcomes = tries.join_all().await;
    let delivered = outcomes.iter().filter(|outcome| *outcome == "delivered").count();
    assert_eq!(delivered, 5, "{outcomes:#?}");
    assert!(outcomes.iter().filter(|it| *it != "delivered").all(|it| it.contains("count")), "{outcomes:#?}");
    let usage = market::settled(&shop.user, &shop.provider, &shop.contract, 5).await;
    assert_eq!((&usage["meter"]["uses"], &usage["meter"]["rows"]), (&json!(5), &json!(200)));
    shop.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_contracts_own_user_is_served() {
    let network = Network::builder().with_tenant("users", "neighbour").start().await;
    let shop = Shop::open(network, 30, None).await;
    let neighbour = shop.network.member("neighbour");
    let unknown = market::refused(&neighbour, &shop.contract, "u1").await;
    assert!(unknown.starts_with("404 "), "it has no such contract: {unknown}");
    let reversed = market::refused(&shop.provider, &shop.contract, "u1").await;
    assert!(reversed.starts_with("403 "), "the provider is not its user: {reversed}");

    // A neighbour that asks past its own host, with a right signature.
    let speaker = shop.network.node("users").tenant(neighbour.connector()).unwrap();
    let provider = shop.network.node("providers").tenant(shop.provider.connector()).unwrap();
    let body = json!({"contractId": shop.contract, "useId": "u1", "offset": 0});
    let voice = it::letter::Voice::of(&speaker);
    let letter = it::letter::Draft::new(&voice, provider.id(), DELIVER, body, shop.network.now()).sign();
    let answer = letter.send(shop.network.site("providers").local()).await;
    assert_eq!((answer.status, answer.code.as_str()), (409, "300109"), "{answer}");
    assert!(shop.uses(&shop.provider).await.is_empty());
    shop.network.end().await;
}
