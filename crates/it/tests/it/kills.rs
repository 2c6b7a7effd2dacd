//! kill -9 at a chosen message, of who sent it and of who got it, before it arrived and after it was answered: the flow goes on, what was
//! acknowledged stays, and nothing is done or counted twice. Each node runs in a process of its own.

use crypto::cert::Roots;
use it::insist;
use it::manage::Manage;
use it::market::terms;
use it::proxy::{Fault, Gate};
use it::stage::{DEATHS, Message, Moment, Stage, Victim};
use it::town::apart;
use it::wait::wait_until;
use it::{data, market};
use serde_json::{Value, json};

const JOIN: &str = "/weir/v1/join";
const FEED: &str = "/weir/v1/feed";

/// How many uses are offered, and made.
const USES: u64 = 2;

const fn message(path: &'static str, sender: &'static str, receiver: &'static str) -> Message {
    Message { path, sender, receiver }
}

async fn nodes(stage: &Stage, at: &str) -> Vec<String> {
    let nodes = insist::get(&stage.manage(at), "/nodes", "a list", Value::is_array).await;
    let mut kinds: Vec<String> =
        nodes.as_array().unwrap().iter().map(|node| node["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort_unstable();
    kinds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_joins_a_node_or_connector_becomes_one() {
    let mut stage = Stage::default();
    let deaths = [
        None,
        Some((Moment::Answered, Victim::Receiver)),
        Some((Moment::Answered, Victim::Sender)),
        Some((Moment::Sent, Victim::Receiver)),
        None,
        None,
    ];
    for (plot, death) in apart().iter().zip(deaths) {
        stage.prepare(plot).await;
        let blow = death.map(|death| stage.plan(message(JOIN, plot.node, plot.upstream), death));
        stage.serve(plot.node);
        if let Some(blow) = blow {
            blow.fall().await;
            let id = stage.joined(plot.node);
            stage.strike(plot.node);
            assert_eq!(stage.joined(plot.node), id, "{} stays who it is", plot.node);
        }
    }
    let mut connectors = Vec::new();
    for death in DEATHS {
        let subject = stage.town().new_subject();
        let code = stage.enrol("region-1100", &subject).await;
        stage.strike("region-1100");
        let blow = stage.plan(message(JOIN, "providers", "region-1100"), death);
        let (host, body) = (stage.manage("providers"), json!({"code": code}));
        let (joined, ()) = tokio::join!(insist::post(&host, "/connectors", &body), blow.fall());
        let id = joined.ok()["connector"].as_str().unwrap().to_owned();
        stage.strike("providers");
        let again = insist::post(&host, "/connectors", &body).await.ok();
        assert_eq!(again["connector"], id.as_str(), "{death:?}");
        connectors.push(id);
    }
    connectors.sort_unstable();
    connectors.dedup();
    assert_eq!(connectors.len(), DEATHS.len());

    let host = insist::get(&stage.manage("providers"), "/connectors", "a list", Value::is_array).await;
    assert_eq!(host.as_array().unwrap().len(), DEATHS.len(), "{host:#}");
    let region = insist::get(&stage.manage("region-1100"), "/organisations", "a list", Value::is_array).await;
    let register = region.as_array().unwrap();
    let operator_of_the_space = 1;
    assert_eq!(register.len(), DEATHS.len() + operator_of_the_space, "{region:#}");
    assert!(register.iter().all(|it| it["state"] == "certified"), "{region:#}");
    for at in ["global", "region-1100", "region-3100", "space"] {
        wait_until(&format!("everybody at {at}"), async || {
            let kinds = nodes(&stage, at).await;
            assert!(kinds.len() <= 4, "{at}: a node became two: {kinds:?}");
            (kinds == ["global", "region", "region", "service"]).then_some(())
        })
        .await;
    }
    // Whoever joined this way is believed everywhere.
    let file = data::csv(stage.town().folder(), "joined", 20);
    let user = stage.join("region-3100", "users").await;
    let roots = stage.roots("users");
    for connector in connectors {
        let provider = stage.manage("providers").acting_as(&connector);
        let (_, product) = insist::publish(&provider, &file, &terms(Some(USES))).await;
        insist::listed(&user.manage, &product).await;
        trade(&user.manage, &provider, &product, "after joining", &roots).await;
    }
    stage.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_is_published_a_file_becomes_one_resource_one_product_and_one_listing() {
    let stage = Stage::found().await;
    let provider = stage.join("region-1100", "providers").await.manage;
    let mut published = Vec::new();
    for (number, death) in DEATHS.into_iter().enumerate() {
        let file = data::csv(stage.town().folder(), &format!("station{number}"), 20);
        let blows = [
            message("/weir/v1/resourceRegister", "providers", "region-1100"),
            message("/weir/v1/productRegister", "providers", "region-1100"),
            message("/weir/v1/productList", "providers", "space"),
        ]
        .map(|message| stage.plan(message, death));
        let falling = async {
            for blow in blows {
                blow.fall().await;
            }
        };
        let offer = terms(None);
        let (done, ()) = tokio::join!(insist::publish(&provider, &file, &offer), falling);
        assert_eq!(insist::publish(&provider, &file, &offer).await, done, "{death:?}: the same again");
        published.push(done.1);
    }
    published.push(killed_before_it_is_heard_of(&stage, &provider).await);
    published.sort_unstable();
    published.dedup();
    assert_eq!(published.len(), DEATHS.len() + 1);

    for product in &published {
        let shown = insist::listed(&stage.manage("region-3100"), product).await;
        assert_eq!(shown["listings"].as_array().unwrap().len(), 1, "{shown:#}");
    }
    for at in ["global", "region-1100", "region-3100"] {
        let what = "all of them, once";
        insist::get(&stage.manage(at), "/products", what, |it| it["total"] == published.len()).await;
    }
    let own = insist::get(&provider, "/resources", "a list", Value::is_array).await;
    assert_eq!(own.as_array().unwrap().len(), published.len(), "{own:#}");
    stage.is_well().await;

    // What a follower has taken, it has: also when it comes back and nobody tells it anything.
    stage.proxy("global").away();
    stage.strike("region-3100");
    let region = stage.manage("region-3100");
    let found = insist::get(&region, "/search?q=station1", "found", |it| it["total"] == 1).await;
    assert_eq!(found["items"][0]["title"]["en"], "station1");
}

/// Registers a product of which nobody can hear, and kills its region; then one link after the other on its way to the other region.
async fn killed_before_it_is_heard_of(stage: &Stage, provider: &Manage) -> String {
    let links = [("region-1100", "global"), ("global", "region-3100")].map(|(source, follower)| {
        let gate = Gate::default();
        let id = stage.joined(follower);
        stage.proxy(source).fail_from(&id, FEED, Fault::Hold(gate.clone()));
        stage.proxy(source).cut_all();
        (source, gate)
    });
    for (source, gate) in &links {
        gate.reached(&format!("a follower of {source}")).await;
    }
    let file = data::csv(stage.town().folder(), "unheard", 20);
    let (_, product) = insist::publish(provider, &file, &terms(None)).await;
    for ((source, gate), unaware) in links.iter().zip(["global", "region-3100"]) {
        let manage = stage.manage(unaware);
        assert_eq!(manage.get(&format!("/products/{product}")).await.status, 404, "{unaware} cannot know it");
        stage.kill(source);
        gate.open();
        stage.serve(source);
        market::visible(&manage, &product).await;
    }
    product
}

/// One contract from its proposal to its receipts. Answers its identifier.
async fn trade(user: &Manage, provider: &Manage, product: &str, name: &str, roots: &Roots) -> String {
    let key = insist::propose(user, product, &terms(Some(USES + 1)), name).await;
    let contract = insist::sign_counter_offer(user, &key).await;
    for side in [user, provider] {
        let held = insist::in_force(side, &contract).await;
        let found = (held["rounds"].as_array().unwrap().len(), held["signatures"].as_array().unwrap().len());
        assert_eq!(found, (2, 2), "{name}: {held:#}");
    }
    let mut bytes = Vec::new();
    for number in 0..USES {
        bytes = insist::fetch(user, &contract, &format!("u{number}")).await;
    }
    let usage = insist::settled(user, provider, &contract, USES).await;
    let meter = json!({"uses": USES, "complete": USES, "bytes": USES * bytes.len() as u64,
        "rows": USES * (bytes.iter().filter(|byte| **byte == b'\n').count() as u64 - 1)});
    assert_eq!(usage["meter"], meter, "{name}");
    for number in 0..USES {
        let use_id = format!("u{number}");
        let (ours, theirs) = (
            insist::proven(user, &contract, &use_id, roots).await,
            insist::proven(provider, &contract, &use_id, roots).await,
        );
        assert_eq!(ours["use"], theirs["use"], "{name}");
    }
    contract
}

/// After all that happened, a contract's count is what it was, and the bytes are those of the file.
async fn is_used_up(user: &Manage, contract: &str) {
    let more = market::refused(user, contract, "one-more").await;
    assert!(more.contains(&format!("count: the contract allows {USES}, and {USES} are used")), "{more}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_message_of_a_contract_it_is_signed_delivered_and_metered_once() {
    let stage = Stage::found().await;
    let provider = stage.join("region-1100", "providers").await.manage;
    let user = stage.join("region-3100", "users").await.manage;
    let roots = stage.roots("users");
    let file = data::csv(stage.town().folder(), "contracted", 200);
    let (_, product) = insist::publish(&provider, &file, &terms(Some(USES))).await;
    insist::listed(&user, &product).await;
    let (asks, answers) = (
        message("/contractNegotiate", "users", "providers"),
        message("/contractNegotiate", "providers", "users"),
    );
    for death in DEATHS {
        // Proposal, counter-offer, first signature, the list of both.
        let blows = [
            message("/contractCreate", "users", "space"),
            asks,
            answers,
            asks,
            answers,
            message("/weir/v1/deliver", "users", "providers"),
            message("/weir/v1/usageWindow", "providers", "users"),
            message("/weir/v1/receiptPart", "users", "providers"),
        ]
        .map(|message| stage.plan(message, death));
        let falling = async {
            for blow in blows {
                blow.fall().await;
            }
        };
        let name = format!("{death:?}");
        let (contract, ()) = tokio::join!(trade(&user, &provider, &product, &name, &roots), falling);
        is_used_up(&user, &contract).await;
    }
    for side in [&user, &provider] {
        let contracts = insist::get(side, "/contracts", "a list", Value::is_array).await;
        assert_eq!(contracts.as_array().unwrap().len(), DEATHS.len(), "{contracts:#}");
    }
    stage.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_delivery_it_goes_on_under_the_same_use() {
    let stage = Stage::found().await;
    let provider = stage.join("region-1100", "providers").await.manage;
    let user = stage.join("region-3100", "users").await.manage;
    let roots = stage.roots("users");
    // Larger than what the system buffers for a socket: nobody is at the end when somebody is killed.
    let file = data::csv(stage.town().folder(), "long", 120_000);
    let (_, product) = insist::publish(&provider, &file, &terms(Some(USES))).await;
    insist::listed(&user, &product).await;
    for victim in [Victim::Sender, Victim::Receiver] {
        let deliver = message("/weir/v1/deliver", "users", "providers");
        let blow = stage.plan(deliver, (Moment::Halfway(1_000_000), victim));
        let name = format!("{victim:?} in the middle");
        let (contract, ()) = tokio::join!(trade(&user, &provider, &product, &name, &roots), blow.fall());
        is_used_up(&user, &contract).await;
    }
    stage.is_well().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_right_after_an_acknowledgement_everybody_still_knows_what_it_said() {
    let stage = Stage::found().await;
    let provider = stage.join("region-1100", "providers").await.manage;
    let user = stage.join("region-3100", "users").await.manage;
    let file = data::csv(stage.town().folder(), "told", 50);
    let resource = provider.post("/resources", json!({"path": file})).await.ok();
    stage.strike("providers");
    stage.strike("region-1100");
    let order = json!({"resource": resource["id"], "offer": terms(Some(USES))});
    let product = provider.post("/products", order).await.ok();
    stage.strike("region-1100");
    stage.strike("providers");
    let product = product["id"].as_str().unwrap();
    provider.post(&format!("/products/{product}/list"), json!({})).await.ok();
    stage.strike("space");
    insist::listed(&user, product).await;

    let key = market::propose(&user, product, terms(Some(USES))).await;
    stage.strike("users");
    let ours = market::reaches(&user, &key, "05").await;
    for node in ["users", "providers", "space"] {
        stage.strike(node);
    }
    let contract = ours["contractId"].as_str().unwrap();
    let theirs = market::reaches(&provider, contract, "05").await;
    assert_eq!(ours["signatures"], theirs["signatures"]);
    assert_eq!(user.get(&format!("/contracts/{key}")).await.ok()["state"], "05");

    // The bytes are there and not yet reported; then they are reported.
    let data = user.data(contract, "u0", 0).await.unwrap();
    stage.strike("users");
    stage.strike("providers");
    user.received(contract, "u0", &data.bytes).await.ok();
    stage.strike("users");
    insist::fetch(&user, contract, "u1").await;
    let usage = insist::settled(&user, &provider, contract, USES).await;
    for node in ["users", "providers"] {
        stage.strike(node);
        for side in [&user, &provider] {
            assert_eq!(market::usage(side, contract).await["countersigned"], usage["countersigned"]);
        }
    }
    for use_id in ["u0", "u1"] {
        insist::proven(&user, contract, use_id, &stage.roots("users")).await;
    }
    is_used_up(&user, contract).await;
    stage.is_well().await;
}
