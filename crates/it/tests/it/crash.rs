//! kill -9 and Ctrl-C at random moments of the whole flow, of any node: what was acknowledged stays, nothing is counted twice, and the
//! flow goes on. `kills` has the moments that were chosen.

use std::time::Duration;

use it::data;
use it::insist;
use it::market::{self, terms};
use it::stage::{Member, Stage};
use it::town::apart;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

/// How many times somebody is killed.
const ROUNDS: usize = 6;
/// How many uses a contract allows, and how many are made.
const USES: u64 = 2;

/// How a process ends.
#[derive(Debug, Clone, Copy)]
enum End {
    /// SIGKILL.
    Killed,
    /// SIGINT, as Ctrl-C sends it.
    Interrupted,
}

/// Ends a process and starts it again.
fn end(stage: &Stage, node: &str, end: End) {
    match end {
        End::Killed => stage.kill(node),
        End::Interrupted => {
            let code = tokio::task::block_in_place(|| stage.town().take(node).interrupt());
            assert_eq!(code, Some(0), "{node} stops cleanly in the middle of its work");
        }
    }
    stage.serve(node);
}

/// From a file to the last acknowledged use. Answers product and contract.
async fn trade(stage: &Stage, provider: &Member, user: &Member, round: usize) -> (String, String) {
    let (provider, user) = (&provider.manage, &user.manage);
    let file = data::csv(stage.town().folder(), &format!("round{round}"), 400);
    let (_, product) = insist::publish(provider, &file, &terms(Some(USES))).await;
    insist::listed(user, &product).await;
    let key = insist::propose(user, &product, &terms(Some(USES + 1)), &format!("round {round}")).await;
    let contract = insist::sign_counter_offer(user, &key).await;
    insist::in_force(user, &contract).await;
    for number in 0..USES {
        let bytes = insist::fetch(user, &contract, &format!("u{number}")).await;
        assert_eq!(bytes, std::fs::read(&file).unwrap());
    }
    (product, contract)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_the_flow_goes_on_and_nothing_is_lost_or_counted_twice() {
    let seed: u64 =
        std::env::var("WEIR_CRASH_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    eprintln!("seed {seed}: set WEIR_CRASH_SEED to repeat it");
    let mut random = StdRng::seed_from_u64(seed);
    let stage = Stage::found().await;
    let (provider, user) =
        (stage.join("region-1100", "providers").await, stage.join("region-3100", "users").await);

    let mut traded = Vec::new();
    for round in 0..ROUNDS {
        let victim = apart()[random.random_range(0..apart().len())].node;
        let moment = Duration::from_millis(random.random_range(0..600));
        let how = if random.random_range(0..3) == 0 { End::Interrupted } else { End::Killed };
        let killing = async {
            tokio::time::sleep(moment).await;
            end(&stage, victim, how);
        };
        let (done, ()) = tokio::join!(trade(&stage, &provider, &user, round), killing);
        eprintln!("round {round}: {victim} {how:?} after {} ms, {} done", moment.as_millis(), done.1);
        traded.push(done);
    }

    let roots = stage.roots("users");
    let (provider, user) = (provider.manage, user.manage);
    for (product, contract) in &traded {
        let usage = insist::settled(&user, &provider, contract, USES).await;
        let meter = &usage["meter"];
        assert_eq!(
            (&meter["uses"], &meter["complete"], &meter["rows"]),
            (&json!(USES), &json!(USES), &json!(400 * USES)),
            "seed {seed}"
        );
        let more = market::refused(&user, contract, "one-more").await;
        assert!(more.contains("count"), "seed {seed}: {more}");
        for number in 0..USES {
            insist::proven(&user, contract, &format!("u{number}"), &roots).await;
        }
        let shown = insist::listed(&stage.manage("region-3100"), product).await;
        assert_eq!(shown["listings"].as_array().unwrap().len(), 1, "seed {seed}: {shown:#}");
    }
    // Proposals whose acknowledgement was lost may stand beside the ones above; none of them has a use.
    let all = insist::get(&user, "/contracts", "a list", Value::is_array).await;
    let counted: u64 =
        all.as_array().unwrap().iter().map(|contract| contract["uses"]["count"].as_u64().unwrap()).sum();
    assert_eq!(counted, USES * ROUNDS as u64, "seed {seed}");
    stage.is_well().await;
}
