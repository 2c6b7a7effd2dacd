//! The steps of the main flow over the management API, as a member does them: publish, agree, deliver, prove.

use std::path::Path;

use domain::Timestamp;
use serde_json::{Value, json};

use crate::manage::{Data, Manage, Told};
use crate::wait::{try_until, wait_until};

/// Terms that allow reading in these years, `count` times.
pub fn terms(count: Option<u64>) -> Value {
    let mut terms = json!({"action": "read", "from": "2026-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z"});
    if let Some(count) = count {
        terms["count"] = json!(count);
    }
    terms
}

/// The same with one dimension more.
#[must_use]
pub fn with(mut terms: Value, name: &str, value: Value) -> Value {
    terms[name] = value;
    terms
}

/// The same with this end.
#[must_use]
pub fn until(terms: Value, end: Timestamp) -> Value {
    with(terms, "to", json!(end.to_string()))
}

/// Catalogues a file, registers a product of it with this offer, and lists it. Answers the product's identifier.
pub async fn publish(provider: &Manage, file: &Path, offer: Value) -> String {
    let product = register(provider, file, offer, "automatic").await;
    provider.post(&format!("/products/{product}/list"), json!({})).await.ok();
    product
}

/// Catalogues a file and registers a product of it. Answers the product's identifier.
pub async fn register(provider: &Manage, file: &Path, offer: Value, negotiation: &str) -> String {
    let resource = provider.post("/resources", json!({"path": file})).await.ok();
    let order = json!({"resource": resource["id"], "offer": offer, "negotiation": negotiation});
    let product = provider.post("/products", order).await.ok();
    product["id"].as_str().unwrap().to_owned()
}

/// Waits until a node shows the product.
pub async fn visible(at: &Manage, product: &str) -> Value {
    wait_until(&format!("product {product} to be visible"), async || {
        let told = at.get(&format!("/products/{product}")).await;
        (told.status == 200).then_some(told.body)
    })
    .await
}

/// Waits until a product is visible there and shown as listed.
pub async fn listed(at: &Manage, product: &str) -> Value {
    wait_until(&format!("product {product} to be listed"), async || {
        let told = at.get(&format!("/products/{product}")).await;
        let listings = told.body["listings"].as_array().map_or(0, Vec::len);
        (told.status == 200 && listings > 0).then_some(told.body)
    })
    .await
}

/// Proposes, and answers the local key. Signs at once where the other side agrees to exactly these terms.
pub async fn propose(user: &Manage, product: &str, terms: Value) -> String {
    let order = json!({"product": product, "terms": terms, "sign": "on_agreement"});
    let contract = user.post("/contracts", order).await.ok();
    contract["key"].as_str().unwrap().to_owned()
}

/// Waits until a contract is as the test wants it.
pub async fn contract_when(who: &Manage, key: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_until(&format!("contract {key}: {what}"), async || {
        let told = who.get(&format!("/contracts/{key}")).await;
        (told.status == 200 && is(&told.body)).then_some(told.body)
    })
    .await
}

/// Waits until a contract is in a state (a code of TC609-6-2025-14, table C.1). Answers it.
pub async fn reaches(who: &Manage, key: &str, state: &str) -> Value {
    contract_when(who, key, &format!("state {state}"), |contract| contract["state"] == state).await
}

/// Proposes terms that the provider's offer covers, and waits until the contract is in force on both sides. Answers its identifier.
pub async fn agree(user: &Manage, provider: &Manage, product: &str, terms: Value) -> String {
    visible(user, product).await;
    let key = propose(user, product, terms).await;
    let contract = reaches(user, &key, "05").await;
    let id = contract["contractId"].as_str().unwrap().to_owned();
    reaches(provider, &id, "05").await;
    id
}

/// Fetches a use whole and reports it received.
///
/// # Panics
/// Where it is refused or broken.
pub async fn deliver(user: &Manage, contract: &str, use_id: &str) -> Data {
    let data = user.data(contract, use_id, 0).await.unwrap_or_else(|told| panic!("{}", told.problem()));
    assert!(data.whole, "the delivery was cut");
    assert_eq!(
        crypto::Sha256::of(&data.bytes).to_string(),
        data.digest,
        "the digest is not that of the bytes"
    );
    user.received(contract, use_id, &data.bytes).await.ok();
    data
}

/// Asks for a use that must be refused.
///
/// # Panics
/// Where it is delivered.
pub async fn refused(user: &Manage, contract: &str, use_id: &str) -> String {
    match user.data(contract, use_id, 0).await {
        Ok(data) => panic!("delivered {} bytes", data.bytes.len()),
        Err(told) => told.problem(),
    }
}

/// One contract's line of `GET /usage`.
pub async fn usage(who: &Manage, contract: &str) -> Value {
    let all = who.get("/usage").await.ok();
    let lines = all.as_array().unwrap();
    lines.iter().find(|line| line["contractId"] == contract).cloned().unwrap_or(Value::Null)
}

/// Waits until so many uses stand in windows that both sides signed, and both sides' figures are equal. Answers the figures.
///
/// # Panics
/// With both sides' figures, where they do not come to that.
pub async fn settled(user: &Manage, provider: &Manage, contract: &str, uses: u64) -> Value {
    let is_signed =
        |line: &Value| line["countersigned"]["uses"] == json!(uses) && line["unsigned"] == json!(0);
    let settled = try_until(async || {
        let (theirs, ours) = (usage(provider, contract).await, usage(user, contract).await);
        (is_signed(&theirs) && is_signed(&ours) && theirs["meter"] == ours["meter"]).then_some(ours)
    })
    .await;
    if let Some(settled) = settled {
        return settled;
    }
    let (theirs, ours) = (usage(provider, contract).await, usage(user, contract).await);
    panic!("{uses} uses in windows that both signed are still to come\nprovider: {theirs:#}\nuser: {ours:#}")
}

/// Waits until the user refuses a window of this contract; none is countersigned meanwhile. Answers the dispute.
///
/// # Panics
/// Where one is countersigned.
pub async fn disputed(provider: &Manage, contract: &str) -> Value {
    wait_until("the user to refuse the window", async || {
        let usage = usage(provider, contract).await;
        assert_eq!(usage["countersigned"]["uses"], 0, "{usage:#}");
        usage["dispute"].is_object().then(|| usage["dispute"].clone())
    })
    .await
}

/// Waits until the receipt of a use can be had.
pub async fn receipt(who: &Manage, contract: &str, use_id: &str) -> Value {
    wait_until(&format!("the receipt of use {use_id}"), async || {
        let told = who.get(&format!("/contracts/{contract}/receipts/{use_id}")).await;
        assert!(told.status == 200 || told.status == 409, "{told:?}");
        (told.status == 200).then_some(told.body)
    })
    .await
}

/// What [`Told`] refuses with, as text; `delivered` where it does not.
pub fn outcome(told: &Result<Data, Told>) -> String {
    match told {
        Ok(_) => "delivered".to_owned(),
        Err(told) => told.problem(),
    }
}
