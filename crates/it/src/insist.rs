//! The steps of the main flow by a member who asks again until it is answered, whoever is killed meanwhile.
//!
//! A refusal is an answer; none is no answer, one of class 5, and one that asks to try again. What was acknowledged once must never be missing afterwards.

use std::path::Path;

use crypto::Sha256;
use crypto::cert::Roots;
use ledger::receipt::{Receipt, verify};
use serde_json::{Value, json};

use crate::manage::{Manage, Told};
use crate::wait::wait_until;

/// Repeats a request until it is answered.
pub async fn post(who: &Manage, path: &str, body: &Value) -> Told {
    wait_until(&format!("an answer to POST {path}"), async || {
        let told = who.try_post(path, body).await?;
        (told.status < 500 && told.body["retry_after_ms"].is_null()).then_some(told)
    })
    .await
}

/// Repeats a question until its answer is as it should be.
///
/// # Panics
/// Where what is asked for is not there.
pub async fn get(who: &Manage, path: &str, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    wait_until(&format!("{path}: {what}"), async || {
        let told = who.try_get(path).await?;
        assert_ne!(told.status, 404, "{path}: what was acknowledged is lost: {:#}", told.body);
        (told.status == 200 && is(&told.body)).then_some(told.body)
    })
    .await
}

/// Catalogues a file, registers a product of it with this offer and lists it. Answers the identifiers of resource and product.
pub async fn publish(provider: &Manage, file: &Path, offer: &Value) -> (String, String) {
    let resource = post(provider, "/resources", &json!({"path": file})).await.ok();
    let resource = resource["id"].as_str().unwrap().to_owned();
    let product = post(provider, "/products", &json!({"resource": resource, "offer": offer})).await.ok();
    let product = product["id"].as_str().unwrap().to_owned();
    post(provider, &format!("/products/{product}/list"), &json!({})).await.ok();
    (resource, product)
}

/// Waits until a product is seen, and listed, at another node.
pub async fn listed(at: &Manage, product: &str) -> Value {
    wait_until(&format!("product {product} to be listed"), async || {
        let told = at.try_get(&format!("/products/{product}")).await?;
        let listings = told.body["listings"].as_array().map_or(0, Vec::len);
        (told.status == 200 && listings > 0).then_some(told.body)
    })
    .await
}

/// Proposes more than is offered. Answers the contract's key, which is acknowledged.
pub async fn propose(user: &Manage, product: &str, terms: &Value, name: &str) -> String {
    let order = json!({"product": product, "terms": terms, "name": name});
    let proposed = post(user, "/contracts", &order).await.ok();
    proposed["key"].as_str().unwrap().to_owned()
}

/// Signs the other side's counter-offer, once it is there. Answers the contract's identifier.
pub async fn sign_counter_offer(user: &Manage, key: &str) -> String {
    let path = format!("/contracts/{key}");
    let countered = get(user, &path, "the counter-offer", |it| it["awaitsUs"] == true).await;
    // Where the answer to a signature was lost, the next one finds it there, and is refused.
    let told = post(user, &format!("{path}/sign"), &json!({})).await;
    assert!(told.status < 300 || told.status == 409, "{told:?}");
    countered["contractId"].as_str().unwrap().to_owned()
}

/// Waits until a contract is in force.
///
/// # Panics
/// Where it ended before.
pub async fn in_force(who: &Manage, contract: &str) -> Value {
    get(who, &format!("/contracts/{contract}"), "in force", |it| {
        assert!(it["cause"].is_null(), "{it:#}");
        it["state"] == "05"
    })
    .await
}

/// Fetches a use until all its bytes are there, going on where it broke off, and reports them. Answers the bytes.
pub async fn fetch(user: &Manage, contract: &str, use_id: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut digest = String::new();
    while Sha256::of(&bytes).to_string() != digest {
        let offset = bytes.len() as u64;
        let data = wait_until(&format!("use {use_id} from byte {offset}"), async || {
            match user.try_data(contract, use_id, offset).await? {
                Ok(data) => Some(data),
                Err(told) => {
                    assert!(told.status >= 500, "{use_id} from byte {offset}: {told:?}");
                    None
                }
            }
        })
        .await;
        bytes.extend_from_slice(&data.bytes);
        digest = data.digest;
    }
    let body = json!({"bytes": bytes.len(), "sha256": digest});
    let told = post(user, &format!("/contracts/{contract}/uses/{use_id}/received"), &body).await;
    assert!(told.status < 300, "{told:?}");
    bytes
}

/// Gets the receipt of a use, and verifies it.
///
/// # Panics
/// Where it does not hold.
pub async fn proven(who: &Manage, contract: &str, use_id: &str, roots: &Roots) -> Value {
    let receipt = wait_until(&format!("the receipt of use {use_id}"), async || {
        let told = who.try_get(&format!("/contracts/{contract}/receipts/{use_id}")).await?;
        assert!(told.status == 200 || told.status == 409 || told.status >= 500, "{told:?}");
        (told.status == 200).then_some(told.body)
    })
    .await;
    let now = crate::network::system_now().micros().div_euclid(1_000_000);
    let report = verify(&Receipt::from_json(receipt.to_string().as_bytes()).unwrap(), roots, now);
    assert!(report.ok(), "{report}");
    receipt
}

/// Waits until so many uses stand in windows that both sides signed and both sides' figures are equal. Answers the figures.
pub async fn settled(user: &Manage, provider: &Manage, contract: &str, uses: u64) -> Value {
    wait_until(&format!("{uses} uses of {contract} in windows that both signed"), async || {
        let (theirs, ours) = (usage(provider, contract).await?, usage(user, contract).await?);
        let is_signed =
            |line: &Value| line["countersigned"]["uses"] == json!(uses) && line["unsigned"] == json!(0);
        assert!(ours["meter"]["uses"].as_u64() <= Some(uses), "counted twice: {ours:#}");
        (is_signed(&theirs) && is_signed(&ours) && theirs["meter"] == ours["meter"]).then_some(ours)
    })
    .await
}

/// One contract's line of `GET /usage`; nothing where nobody answers.
async fn usage(who: &Manage, contract: &str) -> Option<Value> {
    let told = who.try_get("/usage").await?;
    told.body.as_array()?.iter().find(|line| line["contractId"] == contract).cloned()
}
