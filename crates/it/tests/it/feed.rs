//! Following public logs: what is forged is not believed, whoever was away catches up, and it does not matter who carries a log.

use std::sync::Arc;

use app::config::Role;
use app::log::{frontier_bytes, read_frontier};
use app::{Error, Node, feed};
use crypto::{LogKey, SigningKey};
use domain::id::{AreaCode, IdKind, NodeId, SubjectCode};
use it::network::{Network, credit_code};
use it::proxy::{Fault, Gate};
use it::wait::wait_until;
use it::{data, market};
use ledger::checkpoint::Checkpoint;
use ledger::leaf::{Entry, Salt};
use ledger::note::NoteSigner;
use ndi::weir_v1::feed::{FeedEntry, FeedFrame, FeedLine};
use serde_json::{Value, json};
use store::LogHead;

/// The origin of a node's public log.
fn origin(node: &Node) -> String {
    node.logs().public().unwrap().origin().to_owned()
}

/// What a node holds of a log.
async fn head(node: &Node, log: &str) -> Option<LogHead> {
    let log = log.to_owned();
    let read = node.store().read("it_head", move |read| {
        let log = log.clone();
        Box::pin(async move { Ok::<_, Error>(read.log_head(&log).await?) })
    });
    read.await.unwrap()
}

async fn size(node: &Node, log: &str) -> u64 {
    head(node, log).await.map_or(0, |head| head.size)
}

/// The entries of a log from `first` on, with its newest checkpoint: what its source would send.
async fn frame(node: &Node, log: &str, first: u64) -> FeedFrame {
    let wanted = log.to_owned();
    let read = node.store().read("it_frame", move |read| {
        let log = wanted.clone();
        Box::pin(async move {
            let head = read.log_head(&log).await?.unwrap();
            let entries = read.log_entries(&log, first, 1000).await?;
            Ok::<_, Error>((head.checkpoint.unwrap(), entries))
        })
    });
    let (checkpoint, entries) = read.await.unwrap();
    let whole = |entry: store::LogEntry| {
        FeedEntry::whole(entry.salt.unwrap(), serde_json::from_str(&entry.body.unwrap()).unwrap())
    };
    FeedFrame { origin: log.to_owned(), first, entries: entries.into_iter().map(whole).collect(), checkpoint }
}

/// Signs as somebody who has these keys, under any origin's name.
fn signers(origin: &str, log: LogKey, sm2: SigningKey) -> Vec<NoteSigner> {
    vec![NoteSigner::ed25519(origin, log).unwrap(), NoteSigner::sm2(origin, sm2).unwrap()]
}

/// The frame that continues what `follower` holds with these bodies, signed by these signers.
async fn forge(follower: &Node, log: &str, bodies: &[Value], signers: &[NoteSigner]) -> FeedFrame {
    let head = head(follower, log).await.unwrap();
    let mut frontier = read_frontier(head.size, &head.frontier).unwrap();
    let mut entries = Vec::new();
    for body in bodies {
        let salt: [u8; 32] = rand_salt();
        let leaf = Entry::new(Salt::from_bytes(salt), body.clone()).leaf_hash().unwrap();
        frontier.append(leaf).unwrap();
        entries.push(FeedEntry::whole(salt, body.clone()));
    }
    assert!(!frontier_bytes(&frontier).is_empty());
    let size = head.size + bodies.len() as u64;
    let checkpoint = Checkpoint { origin: log.to_owned(), size, root: frontier.root() };
    let signers: Vec<&NoteSigner> = signers.iter().collect();
    FeedFrame {
        origin: log.to_owned(),
        first: head.size,
        entries,
        checkpoint: checkpoint.sign(&signers).unwrap(),
    }
}

fn rand_salt() -> [u8; 32] {
    crypto::Sha256::of(&rand::random::<u64>().to_le_bytes()).as_bytes().to_owned()
}

/// Region 1100 has a connector more, and the provider's host has not heard of it: its feed is held at the gate.
struct Ahead {
    network: Network,
    log: String,
    gate: Gate,
    newcomer: String,
}

impl Ahead {
    async fn open() -> Ahead {
        let mut network = Network::small().start().await;
        let gate = Gate::default();
        let region = network.site("region-1100");
        let (log, held) = (origin(region.node()), region.proxy.passed("/weir/v1/feed").len());
        let follower = network.node("providers").speaker().unwrap().id().to_string();
        region.proxy.fail_from(&follower, "/weir/v1/feed", Fault::Hold(gate.clone()));
        region.proxy.cut_all();
        wait_until("the follower to be held", async || {
            let region = network.site("region-1100");
            let asked = region.proxy.passed("/weir/v1/feed");
            asked.iter().skip(held).any(|passed| passed.hit).then_some(())
        })
        .await;
        let newcomer = newcomer(&mut network).await;
        wait_until("the region to number the newcomer's entries", async || {
            let (region, follower) = (network.node("region-1100"), network.node("providers"));
            (size(region, &log).await >= size(follower, &log).await + 2).then_some(())
        })
        .await;
        Ahead { network, log, gate, newcomer }
    }

    fn follower(&self) -> &Node {
        self.network.node("providers")
    }

    /// What the region would send the follower now.
    async fn next_frame(&self) -> FeedFrame {
        let first = size(self.follower(), &self.log).await;
        frame(self.network.node("region-1100"), &self.log, first).await
    }

    async fn knows(&self, id: &str) -> bool {
        self.follower().known(id).await.is_ok()
    }
}

/// A connector joins region 1100 from a host of its own; answers its identifier.
async fn newcomer(network: &mut Network) -> String {
    network.add_host("newcomers", "region-1100").await;
    network.add_tenant("newcomers", "newcomer").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_that_does_not_hold_is_not_believed_and_the_right_one_still_is() {
    let ahead = Ahead::open().await;
    let right = ahead.next_frame().await;
    let before = size(ahead.follower(), &ahead.log).await;
    assert!(!right.entries.is_empty(), "the region has published the newcomer");

    let mut changed = right.clone();
    let body = changed.entries.last_mut().unwrap().body.as_mut().unwrap();
    body["name"] = json!("Somebody else");
    let mut shortened = right.clone();
    shortened.entries.pop();
    let mut swapped = right.clone();
    swapped.entries.reverse();
    let mut gap = right.clone();
    gap.first += 1;
    let mut unknown = right.clone();
    unknown.origin = "weir/00000000000000000000000000000000/public".to_owned();
    let strangers =
        signers(&ahead.log, LogKey::generate().unwrap(), SigningKey::generate(crypto::Suite::Sm).unwrap());
    let bodies: Vec<Value> = right.entries.iter().map(|entry| entry.body.clone().unwrap()).collect();
    let wrong_key = forge(ahead.follower(), &ahead.log, &bodies, &strangers).await;
    let mut other_note = right.clone();
    other_note.checkpoint = wrong_key.checkpoint.clone();
    let mut no_note = right.clone();
    no_note.checkpoint = "nothing\n".to_owned();

    for (what, frame, expected) in [
        ("a changed body", changed, "does not cover"),
        ("an entry left out", shortened, "does not cover"),
        ("entries in another order", swapped, "does not cover"),
        ("a gap", gap, "first"),
        ("a log of nobody", unknown, "publisher of log"),
        ("a checkpoint by another key", wrong_key, ""),
        ("the right entries under another key's checkpoint", other_note, ""),
        ("no checkpoint", no_note, ""),
    ] {
        let error = feed::take(ahead.follower(), frame).await.expect_err(what).to_string();
        assert!(error.contains(expected), "{what}: {error}");
        assert_eq!(size(ahead.follower(), &ahead.log).await, before, "{what}: nothing was stored");
        assert!(!ahead.knows(&ahead.newcomer).await, "{what}: nothing was believed");
    }

    feed::take(ahead.follower(), right.clone()).await.unwrap();
    assert!(ahead.knows(&ahead.newcomer).await);
    feed::take(ahead.follower(), right).await.expect("the same again says nothing new");
    ahead.gate.open();
    ahead.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_that_its_origin_may_not_publish_is_stored_and_not_believed() {
    let ahead = Ahead::open().await;
    feed::take(ahead.follower(), ahead.next_frame().await).await.unwrap();
    // The region itself, with its own keys, speaks of what is not its own.
    let keys = ahead.network.site("region-1100").folder().join("keys");
    let read = |name: &str| std::fs::read_to_string(keys.join(name)).unwrap();
    let own = || {
        let sm2 = SigningKey::from_pkcs8_pem(&read("log-public-sm2.pem")).unwrap();
        signers(&ahead.log, LogKey::from_pem(&read("log-public.pem")).unwrap(), sm2)
    };
    let genuine = frame(ahead.network.node("region-1100"), &ahead.log, 0).await;
    let mut connector = genuine.entries.iter().filter_map(|entry| entry.body.clone());
    let connector = connector.rfind(|body| body["type"] == "weir.connector/1").unwrap();
    let elsewhere = {
        let subject = SubjectCode::uscc(&credit_code(800)).unwrap();
        let area = AreaCode::parse("3100").unwrap();
        NodeId::mint(IdKind::Connector, &subject, area, rand::random::<u64>).unwrap()
    };
    let mut foreign = connector.clone();
    foreign["id"] = json!(elsewhere);
    foreign["area"] = json!("3100");
    let global = ahead.network.node("global").speaker().unwrap().id().to_string();
    let mut usurper = node_body(ahead.network.node("global"), &origin(ahead.network.node("global"))).await;
    assert_eq!(usurper["id"], global.as_str());
    usurper["address"] = json!("http://127.0.0.1:1");
    let rubbish = json!({"type": "weir.rumour/1", "at": 0, "id": "x"});

    let before = size(ahead.follower(), &ahead.log).await;
    let forged = forge(ahead.follower(), &ahead.log, &[foreign, usurper, rubbish], &own()).await;
    feed::take(ahead.follower(), forged).await.expect("the log is well-formed: its entries are kept");
    assert_eq!(size(ahead.follower(), &ahead.log).await, before + 3);
    assert!(!ahead.knows(elsewhere.as_str()).await, "a connector of another area");
    let address = ahead.follower().known(&global).await.unwrap().address.clone();
    assert_eq!(
        address.as_deref(),
        Some(ahead.network.site("global").proxy.url().as_str()),
        "another node's entry"
    );
    ahead.gate.open();
    ahead.network.end().await;
}

/// The entry of a node about itself.
async fn node_body(node: &Node, log: &str) -> Value {
    let frame = frame(node, log, 0).await;
    let id = node.speaker().unwrap().id().to_string();
    let mut bodies = frame.entries.into_iter().filter_map(|entry| entry.body);
    bodies.rfind(|body| body["id"] == id.as_str()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_is_sent_forged_lines_connects_again_and_learns_the_truth() {
    let ahead = Ahead::open().await;
    let mut forged = ahead.next_frame().await;
    forged.entries.last_mut().unwrap().body.as_mut().unwrap()["name"] = json!("Somebody else");
    let region = ahead.network.site("region-1100");
    let asked = region.proxy.passed("/weir/v1/feed").len();
    let follower = ahead.follower().speaker().unwrap().id().to_string();
    let body = FeedLine::Frame(forged).to_line().unwrap().into_bytes();
    region.proxy.fail_from(
        &follower,
        "/weir/v1/feed",
        Fault::Answer { content_type: "application/x-ndjson", body },
    );
    region.proxy.cut_all();
    wait_until("the follower to leave the forger", async || {
        let from_it = |passed: &it::proxy::Passed| passed.header("weir-from") == Some(follower.as_str());
        let again = region.proxy.passed("/weir/v1/feed").into_iter().skip(asked).filter(from_it).count();
        (again >= 2).then_some(())
    })
    .await;
    wait_until("the newcomer to be known", async || ahead.knows(&ahead.newcomer).await.then_some(())).await;
    let name = ahead.follower().known(&ahead.newcomer).await.unwrap().name.clone();
    assert_eq!(name, "newcomer");
    assert!(region.proxy.all_met());
    ahead.network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_was_away_catches_up_across_the_global_node() {
    let mut network = Network::builder().start().await;
    network.stop("users").await;
    network.stop("region-3100").await;
    let provider = network.member("provider");
    let file = data::csv(network.folder(), "shunyi", 40);
    let product = market::publish(&provider, &file, market::terms(None)).await;
    network.start("region-3100").await;
    network.start("users").await;
    market::listed(&network.site("region-3100").manage(), &product).await;
    market::listed(&network.member("user"), &product).await;
    let page = network.member("user").get("/search?q=shunyi").await.ok();
    assert_eq!(page["items"][0]["id"], product.as_str(), "the index has it too");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn regions_hear_of_each_other_through_the_global_node_alone() {
    let network = Network::builder().start().await;
    network.site("global").proxy.away();
    let provider = network.member("provider");
    let file = data::csv(network.folder(), "huairou", 40);
    let product = market::publish(&provider, &file, market::terms(None)).await;
    market::listed(&network.site("region-1100").manage(), &product).await;
    let there = network.site("region-3100").manage().get(&format!("/products/{product}")).await;
    assert_eq!(there.status, 404, "nobody carried it: {:#}", there.body);
    let log = origin(network.node("region-1100"));
    let global = network.node("global");
    network.reach("global");
    market::listed(&network.site("region-3100").manage(), &product).await;
    let (carried, own) =
        (size(network.node("region-3100"), &log).await, size(network.node("region-1100"), &log).await);
    assert_eq!(carried, own);
    assert_eq!(global.role(), Role::Global);
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_comes_from_two_sources_is_taken_once_and_outlives_either() {
    let mut network = Network::builder().start().await;
    // A connector of 3100 on the host in 1100: the host follows both regions, and gets each log from both.
    network.add_tenant_of("providers", "region-3100", "second").await;
    network.settle().await;
    let (first, second) = (origin(network.node("region-1100")), origin(network.node("region-3100")));
    wait_until("both logs to be whole at the host", async || {
        let host = network.node("providers");
        let mut whole = true;
        for (log, region) in [(&first, "region-1100"), (&second, "region-3100")] {
            whole &= size(host, log).await == size(network.node(region), log).await;
        }
        whole.then_some(())
    })
    .await;

    // Its own region's feed is held: what 1100 publishes comes by way of 3100.
    let region = network.site("region-1100");
    let gate = Gate::default();
    let follower = network.node("providers").speaker().unwrap().id().to_string();
    region.proxy.fail_from(&follower, "/weir/v1/feed", Fault::Hold(gate.clone()));
    region.proxy.cut_all();
    let file = data::csv(network.folder(), "wanliu", 40);
    let product = market::publish(&network.member("provider"), &file, market::terms(None)).await;
    market::listed(&network.member("user"), &product).await;
    wait_until("the product to come the other way", async || {
        let known = network.node("providers").store();
        let id = Arc::new(product.clone());
        let row = known.read("it_product", move |read| {
            let id = id.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_catalogue(&id).await?) })
        });
        row.await.unwrap()
    })
    .await;
    gate.open();
    wait_until("the log to be whole, once", async || {
        let (held, published) =
            (size(network.node("providers"), &first).await, size(network.node("region-1100"), &first).await);
        assert!(held <= published);
        (held == published).then_some(())
    })
    .await;
    network.end().await;
}
