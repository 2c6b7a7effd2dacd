//! kill -9 at random moments of negotiation and delivery: what was acknowledged stays, nothing is counted twice, and the flow goes on.

use std::sync::Mutex;
use std::time::Duration;

use crypto::cert::Roots;
use it::data;
use it::manage::Manage;
use it::market::{self, terms};
use it::town::Town;
use it::wait::wait_until;
use ledger::receipt::{Receipt, verify};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// How many times somebody is killed.
const ROUNDS: usize = 6;
/// How many uses a contract of a round allows, and how many are made.
const USES: u64 = 2;

/// A member of the town, through whatever happens to its process.
struct Member {
    process: &'static str,
    node: &'static str,
    place: usize,
    connector: String,
}

impl Member {
    fn manage(&self, town: &Mutex<Town>) -> Manage {
        town.lock().unwrap().manage(self.process, self.node, self.place, &self.connector)
    }
}

fn join(town: &mut Town, region: &str, process: &'static str, node: &'static str, place: usize) -> Member {
    let subject = town.new_subject();
    let enrolment = town.json(region, &["org", "register", &subject, "--name", node]);
    let code = enrolment["code"].as_str().unwrap();
    let joined = town.json(process, &["connector", "join", code, "--node", node]);
    Member { process, node, place, connector: joined["connector"].as_str().unwrap().to_owned() }
}

/// Repeats a request until it is answered, whoever is killed meanwhile. A refusal is an answer.
async fn insist(who: &Manage, path: &str, body: &Value) -> it::manage::Told {
    wait_until(&format!("an answer to {path}"), async || {
        let told = who.try_post(path, body).await?;
        (told.status < 500).then_some(told)
    })
    .await
}

/// One contract from its proposal to the last acknowledged use. Answers its identifier.
async fn trade(user: &Manage, product: &str, round: usize) -> String {
    let order = json!({"product": product, "terms": terms(Some(USES)), "name": format!("round {round}"), "sign": "on_agreement"});
    let proposed = insist(user, "/contracts", &order).await.ok();
    let key = proposed["key"].as_str().unwrap().to_owned();
    let contract = wait_until(&format!("contract {key} to be in force"), async || {
        let told = user.try_get(&format!("/contracts/{key}")).await?;
        assert_ne!(told.status, 404, "an acknowledged contract is lost: {:#}", told.body);
        assert!(told.status != 200 || told.body["cause"].is_null(), "{:#}", told.body);
        (told.body["state"] == "05").then(|| told.body["contractId"].as_str().unwrap().to_owned())
    })
    .await;
    for number in 0..USES {
        let use_id = format!("r{round}-{number}");
        let bytes = wait_until(&format!("use {use_id} to arrive"), async || {
            let data = user.try_data(&contract, &use_id, 0).await?.ok()?;
            data.whole.then_some(data.bytes)
        })
        .await;
        let body = json!({"bytes": bytes.len(), "sha256": crypto::Sha256::of(&bytes).to_string()});
        let told = insist(user, &format!("/contracts/{contract}/uses/{use_id}/received"), &body).await;
        assert!(told.status < 300, "{told:?}");
    }
    contract
}

/// How a process ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// SIGKILL.
    Killed,
    /// SIGINT, as Ctrl-C sends it.
    Interrupted,
}

/// Ends a process and starts it again.
fn strike(town: &Mutex<Town>, process: &str, end: End) {
    let mut town = town.lock().unwrap();
    let serving = town.take(process);
    match end {
        End::Killed => serving.kill(),
        End::Interrupted => {
            assert_eq!(serving.interrupt(), Some(0), "{process} stops cleanly in the middle of its work")
        }
    }
    town.serve(process);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_the_flow_goes_on_and_nothing_is_lost_or_counted_twice() {
    let seed: u64 =
        std::env::var("WEIR_CRASH_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    eprintln!("seed {seed}: set WEIR_CRASH_SEED to repeat it");
    let mut random = StdRng::seed_from_u64(seed);
    let mut town = tokio::task::spawn_blocking(Town::found).await.unwrap();
    let (provider, user) = tokio::task::block_in_place(|| {
        (
            join(&mut town, "region-1100", "market", "providers", 1),
            join(&mut town, "region-3100", "users", "users", 0),
        )
    });
    let file = data::csv(town.folder(), "crash", 400);
    let rows = 400 * USES;
    let town = Mutex::new(town);
    let product = market::publish(&provider.manage(&town), &file, terms(None)).await;
    market::listed(&user.manage(&town), &product).await;

    let mut contracts = Vec::new();
    for round in 0..ROUNDS {
        let victim = ["market", "users"][random.random_range(0..2)];
        let moment = Duration::from_millis(random.random_range(0..250));
        let end = if random.random_range(0..3) == 0 { End::Interrupted } else { End::Killed };
        let manage = user.manage(&town);
        let working = trade(&manage, &product, round);
        let killing = async {
            tokio::time::sleep(moment).await;
            tokio::task::block_in_place(|| strike(&town, victim, end));
        };
        let (contract, ()) = tokio::join!(working, killing);
        eprintln!("round {round}: {victim} {end:?} after {} ms, {contract} done", moment.as_millis());
        contracts.push(contract);
    }

    let trust = std::fs::read_to_string(town.lock().unwrap().home("users").join("users/trust.pem")).unwrap();
    let roots = Roots::from_pem(&trust).unwrap();
    let (provider, user) = (provider.manage(&town), user.manage(&town));
    for (round, contract) in contracts.iter().enumerate() {
        let usage = market::settled(&user, &provider, contract, USES).await;
        let meter = &usage["meter"];
        assert_eq!(
            (&meter["uses"], &meter["complete"], &meter["rows"]),
            (&json!(USES), &json!(USES), &json!(rows)),
            "seed {seed}"
        );
        let more = market::refused(&user, contract, "one-more").await;
        assert!(more.contains("count"), "seed {seed}: {more}");
        for number in 0..USES {
            let receipt = market::receipt(&user, contract, &format!("r{round}-{number}")).await;
            let report =
                verify(&Receipt::from_json(receipt.to_string().as_bytes()).unwrap(), &roots, now_secs());
            assert!(report.ok(), "seed {seed}: {report}");
        }
    }
    // Proposals whose acknowledgement was lost may stand beside the ones above; none of them has a use.
    let all = user.get("/contracts").await.ok();
    let counted: u64 =
        all.as_array().unwrap().iter().map(|contract| contract["uses"]["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, USES * ROUNDS as u64, "seed {seed}");
}

fn now_secs() -> i64 {
    it::network::system_now().micros().div_euclid(1_000_000)
}
