//! A PostgreSQL server that crashes under five running processes: nobody is told what is not durable, all come back by themselves, and
//! nothing acknowledged is lost.

use std::time::Duration;

use it::cluster::Cluster;
use it::data;
use it::insist;
use it::manage::Manage;
use it::market::{self, terms};
use it::town::{FIVE, Town};
use serde_json::json;

const USES: u64 = 2;

/// The time in which somebody would answer who answers at all.
const MOMENT: Duration = Duration::from_millis(500);

/// Crashes the server. While it is away, nothing that has to be kept is acknowledged. Then it is there again.
async fn crash(cluster: &Cluster, who: &Manage, product: &str) {
    tokio::task::block_in_place(|| cluster.crash());
    let order = json!({"product": product, "terms": terms(Some(1)), "name": "while it is away"});
    let told = tokio::time::timeout(MOMENT, who.try_post("/contracts", &order)).await;
    if let Ok(Some(told)) = told {
        assert!(told.status >= 500, "acknowledged without a store: {told:?}");
    }
    tokio::task::block_in_place(|| cluster.start_again());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_of_the_database_server_loses_nothing_that_was_acknowledged() {
    let Some(cluster) = tokio::task::block_in_place(|| Cluster::start("a_crash_of_the_database_server"))
    else {
        return;
    };
    let (town, provider, user) = tokio::task::block_in_place(|| {
        let mut town = Town::found_with(&FIVE, |_| vec!["--store".to_owned(), cluster.url()]);
        let provider = town.join("region-1100", "market", "providers");
        let user = town.join("region-3100", "users", "users");
        (town, provider, user)
    });
    let (provider, user) =
        (town.manage("market", "providers", Some(&provider)), town.manage("users", "users", Some(&user)));
    let file = data::csv(town.folder(), "durable", 300);
    let (resource, product) = insist::publish(&provider, &file, &terms(Some(USES))).await;
    crash(&cluster, &user, &product).await;
    insist::listed(&user, &product).await;
    assert_eq!(insist::publish(&provider, &file, &terms(Some(USES))).await, (resource, product.clone()));

    let key = insist::propose(&user, &product, &terms(Some(USES + 1)), "crashes").await;
    crash(&cluster, &user, &product).await;
    let contract = insist::sign_counter_offer(&user, &key).await;
    crash(&cluster, &user, &product).await;
    for side in [&user, &provider] {
        insist::in_force(side, &contract).await;
    }
    let bytes = insist::fetch(&user, &contract, "u0").await;
    assert_eq!(bytes, std::fs::read(&file).unwrap());
    crash(&cluster, &user, &product).await;
    let (last, ()) = tokio::join!(insist::fetch(&user, &contract, "u1"), crash(&cluster, &user, &product));
    assert_eq!(last, bytes);
    let usage = insist::settled(&user, &provider, &contract, USES).await;
    assert_eq!(usage["meter"]["rows"], 300 * USES);
    crash(&cluster, &user, &product).await;
    assert_eq!(insist::settled(&user, &provider, &contract, USES).await, usage);
    let roots = town.roots("users", "users");
    for use_id in ["u0", "u1"] {
        insist::proven(&user, &contract, use_id, &roots).await;
    }
    let more = market::refused(&user, &contract, "one-more").await;
    assert!(more.contains(&format!("count: the contract allows {USES}, and {USES} are used")), "{more}");

    // Everybody goes on as if nothing had been: no process was started again, and what is published now is heard of.
    let file = data::csv(town.folder(), "afterwards", 30);
    let (_, later) = insist::publish(&provider, &file, &terms(None)).await;
    insist::listed(&user, &later).await;
    for plot in &FIVE {
        let status = tokio::task::block_in_place(|| town.is_well(plot.process, plot.node));
        assert_eq!(status["store"]["backend"], "postgres", "{status:#}");
    }
}
