//! The main flow from a file to a receipt, on both backends: everything over the management API, real HTTP between the parties.

use crypto::cert::Roots;
use it::network::{self, Network};
use it::{data, market};
use ledger::receipt::{Receipt, StepKind, verify};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_is_published_found_contracted_delivered_and_proven() {
    walk(Network::builder().with_industry().start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_on_postgres() {
    if let Some(url) = network::postgres("the_same_on_postgres") {
        walk(Network::builder().on_postgres(url).start().await).await;
    }
}

async fn walk(network: Network) {
    let (provider, user) = (network.member("provider"), network.member("user"));
    let file = data::csv(network.folder(), "aotizhongxin", 300);
    let text = std::fs::read(&file).unwrap();

    // Published in 1100, visible and found in 3100.
    let product = market::publish(&provider, &file, market::terms(Some(1))).await;
    let region = network.site("region-3100").manage();
    let shown = market::listed(&region, &product).await;
    assert_eq!((shown["rows"].as_u64(), shown["bytes"].as_u64()), (Some(300), Some(text.len() as u64)));
    assert_eq!(shown["digest"], crypto::Sha256::of(&text).to_string());
    let columns: Vec<&str> =
        shown["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(columns, data::COLUMNS);
    let found = it::wait::wait_until("the search to find it", async || {
        let page = user.get("/search?q=aotizhongxin").await.ok();
        (page["total"] == 1).then_some(page)
    })
    .await;
    assert_eq!(found["items"][0]["id"], product.as_str());

    // Two uses wanted, one offered: one change, then both sign.
    let key = market::propose(&user, &product, market::terms(Some(2))).await;
    let countered =
        market::contract_when(&user, &key, "the provider's counter-offer", |it| it["awaitsUs"] == true).await;
    assert_eq!(
        (countered["state"].as_str(), &countered["terms"]["count"]),
        (Some("02"), &json!(1)),
        "{countered:#}"
    );
    user.post(&format!("/contracts/{key}/sign"), json!({})).await.ok();
    let signed = market::reaches(&user, &key, "05").await;
    let contract = signed["contractId"].as_str().unwrap().to_owned();
    let theirs = market::reaches(&provider, &contract, "05").await;
    let by: Vec<&str> =
        signed["rounds"].as_array().unwrap().iter().map(|it| it["by"].as_str().unwrap()).collect();
    assert_eq!(by, ["user", "provider"]);
    assert_eq!(signed["signatures"].as_array().unwrap().len(), 2);
    assert_eq!(signed["signatures"], theirs["signatures"], "both hold the same two signatures");
    assert_eq!(signed["terms"], theirs["terms"]);

    // One delivery; a second is refused by the constraint that forbids it, and counts nothing.
    let delivered = market::deliver(&user, &contract, "first").await;
    assert_eq!((&delivered.bytes, delivered.rows), (&text, 300));
    let refusal = market::refused(&user, &contract, "second").await;
    assert!(refusal.starts_with("409 use-refused: "), "{refusal}");
    assert!(refusal.contains("count: the contract allows 1, and 1 are used"), "{refusal}");

    // Both meters agree, in windows that both signed.
    let usage = market::settled(&user, &provider, &contract, 1).await;
    assert_eq!(
        usage["meter"],
        json!({"uses": 1, "complete": 1, "bytes": delivered.bytes.len(), "rows": 300})
    );
    assert_eq!(usage["countersigned"]["rows"], 300);

    // The receipt holds offline, from either side, with nothing but the pinned root.
    let trust = std::fs::read_to_string(network.site("users").folder().join("trust.pem")).unwrap();
    let now = network.now().micros().div_euclid(1_000_000);
    let mut halves = Vec::new();
    for side in [&user, &provider] {
        halves.push(market::receipt(side, &contract, "first").await);
    }
    network.end().await;
    let roots = Roots::from_pem(&trust).unwrap();
    for half in &halves {
        let report = verify(&Receipt::from_json(half.to_string().as_bytes()).unwrap(), &roots, now);
        assert!(report.ok(), "{report:#?}");
        assert_eq!(report.steps.iter().map(|step| step.step).collect::<Vec<_>>(), StepKind::ALL);
    }
    assert_receipt_is_brittle(&halves[0], &roots, now);
}

/// Whatever is changed in a receipt, it no longer holds.
fn assert_receipt_is_brittle(receipt: &Value, roots: &Roots, now: i64) {
    let changes: [(&str, Value); 4] = [
        ("/use/rows", json!(299)),
        ("/use/digest", json!(crypto::Sha256::of(b"other").to_string())),
        ("/window/object/body/bytes", json!(1)),
        ("/contract/body/terms/count", json!(9)),
    ];
    for (place, value) in changes {
        let mut changed = receipt.clone();
        let field = changed.pointer_mut(place).unwrap_or_else(|| panic!("no {place} in {receipt:#}"));
        assert_ne!(*field, value);
        *field = value;
        let read = Receipt::from_json(changed.to_string().as_bytes()).unwrap();
        assert!(!verify(&read, roots, now).ok(), "{place} was changed");
    }
    let stranger = crypto::SigningKey::generate(crypto::Suite::Sm).unwrap();
    let subject = crypto::cert::Subject { cn: "localhost".into(), ou: "root".into(), o: "Stranger".into() };
    let validity = crypto::cert::Validity::days(now - 60, 10).unwrap();
    let root = crypto::cert::self_signed_ca(&stranger, &subject, validity).unwrap();
    let others = Roots::from_pem(&root.to_pem()).unwrap();
    let read = Receipt::from_json(receipt.to_string().as_bytes()).unwrap();
    assert!(!verify(&read, &others, now).ok(), "another root is pinned");
}
