//! Joining: enrolment codes are good once, for one key; whoever joined is known everywhere.

use app::config::Role;
use it::network::{Network, credit_code};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_joined_is_known_everywhere_with_the_suite_of_its_region() {
    let network = Network::builder().with_industry().start().await;
    for name in ["global", "region-1100", "region-3100", "industry-0077", "space-1100", "providers", "users"]
    {
        let nodes = network.site(name).manage().get("/nodes").await.ok();
        let mut kinds: Vec<&str> =
            nodes.as_array().unwrap().iter().map(|node| node["kind"].as_str().unwrap()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["global", "industry", "region", "region", "service"], "at {name}");
        assert_eq!(network.node(name).role() == Role::Host, name == "providers" || name == "users");
    }
    let provider = network.site("providers").manage().get("/connectors").await.ok();
    let user = network.site("users").manage().get("/connectors").await.ok();
    assert_eq!((provider[0]["suite"].as_str(), provider[0]["area"].as_str()), (Some("sm"), Some("1100")));
    assert_eq!((user[0]["suite"].as_str(), user[0]["area"].as_str()), (Some("intl"), Some("3100")));
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrolment_code_is_good_for_one_key_and_for_its_time() {
    let network = Network::small().with_manual_clock().start().await;
    let (region, host) = (network.site("region-1100").manage(), network.site("providers").manage());
    let register = async |number| {
        let body = json!({"subject": credit_code(number), "name": "Station", "runs": "connector"});
        region.post("/organisations", body).await.ok()["code"].as_str().unwrap().to_owned()
    };
    let code = register(100).await;
    let first = host.post("/connectors", json!({"code": code})).await.ok();
    let again = host.post("/connectors", json!({"code": code})).await.ok();
    assert_eq!(first["connector"], again["connector"], "the same key gets the same identity");

    std::fs::remove_dir_all(network.site("providers").folder().join("keys")).unwrap();
    std::fs::create_dir(network.site("providers").folder().join("keys")).unwrap();
    let stolen = host.post("/connectors", json!({"code": code})).await.problem();
    assert!(stolen.starts_with("409 enrolment: ") && stolen.contains("another key"), "{stolen}");

    let late = register(101).await;
    network.advance_secs(7 * 24 * 3600 + 1);
    let late = host.post("/connectors", json!({"code": late})).await.problem();
    assert!(late.starts_with("409 enrolment: ") && late.contains("expired"), "{late}");
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_needs_a_good_credit_code_and_a_role_that_the_node_registers() {
    let network = Network::small().start().await;
    let region = network.site("region-1100").manage();
    let wrong_digit = credit_code(100).chars().rev().collect::<String>();
    for (subject, runs, expected) in [
        (wrong_digit.as_str(), "connector", "400 input: field `subject`"),
        (&credit_code(100), "palace", "400 input: field `runs`"),
        (&credit_code(100), "region", "403 forbidden: "),
    ] {
        let told =
            region.post("/organisations", json!({"subject": subject, "name": "X", "runs": runs})).await;
        let problem = told.problem();
        assert!(problem.starts_with(expected), "{problem}");
    }
    assert_eq!(
        region.get("/organisations").await.ok().as_array().unwrap().len(),
        1,
        "only the provider stands there"
    );
    let host = network.site("providers").manage();
    let order = json!({"subject": credit_code(100), "name": "X", "runs": "connector"});
    let nobody = host.post("/organisations", order).await.problem();
    assert!(nobody.starts_with("403 forbidden: a connector node does not register"), "{nobody}");
    network.end().await;
}
