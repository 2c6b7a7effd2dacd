//! Messages about one object at once: none is lost, and no identifier gives way to another.

use super::*;

const PAIRS: u32 = 20;

/// The provider's products in the region's catalogue, by identifier.
async fn catalogue(market: &Market) -> Vec<String> {
    let page = page(&market.town.region.node, None, 100).await.unwrap();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_local_key_registered_twice_at_once_is_one_product() {
    let market = Market::open().await;
    let mut given = Vec::new();
    for pair in 0..PAIRS {
        let request =
            |name: &str| ProductRegister { local_key: format!("at-once-{pair}"), ..market.product(name) };
        let (one, other) = (request("Air"), request("Clean air"));
        let (one, other) = tokio::join!(market.register(&one), market.register(&other));
        assert_eq!(product_id(&one), product_id(&other), "pair {pair}");
        given.push(product_id(&one).to_string());
    }
    given.sort();
    let mut shown = catalogue(&market).await;
    shown.sort();
    assert_eq!(shown, given, "one entry each");
    indexing::drain(&market.town.region.node).await.unwrap();
    assert_eq!(market.town.region.shelf.documents.lock().unwrap().len(), given.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_local_key_registered_twice_at_once_is_one_resource() {
    let market = Market::open().await;
    let (town, node) = (&market.town, &market.town.region.node);
    for pair in 0..PAIRS {
        let body = resource(&town.provider, &format!("at-once-{pair}")).to_body().unwrap();
        let register = async || town.say(&town.region, "resourceRegister", &body).await.data;
        let (one, other) = tokio::join!(register(), register());
        assert!(one["resourceId"].is_string(), "{one}");
        assert_eq!(one, other, "pair {pair}");
        let found = search::resolve(node, one["resourceId"].as_str().unwrap()).await.unwrap();
        assert_eq!(found.kind, "resource");
    }
}

/// Either order is good; a registration that was answered and is nowhere is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawal_and_a_registration_at_once_come_one_after_the_other() {
    let market = Market::open().await;
    let town = &market.town;
    for pair in 0..PAIRS {
        let key = format!("at-once-{pair}");
        let request = |name: &str| ProductRegister { local_key: key.clone(), ..market.product(name) };
        let id = product_id(&market.register(&request("Air")).await);
        let (again, withdraw) = (request("Clean air"), json!({"productId": id, "reason": "r"}));
        let (registered, withdrawn) =
            tokio::join!(market.register(&again), market.code(&town.region, "productWithdraw", withdraw));
        assert_eq!((product_id(&registered), withdrawn.as_str()), (id.clone(), DONE), "pair {pair}");
        let view = product_view(&town.region.node, id.as_str()).await.unwrap();
        assert_eq!(view["title"]["en"], "Clean air", "pair {pair}: what was registered stands");
        number(&town.region.node).await;
        let last = last_published(&town.region).await;
        assert_eq!(stood(&last), stood(&view), "pair {pair}: the log ends with what the catalogue shows");
    }
    assert_eq!(catalogue(&market).await.len(), usize::try_from(PAIRS).unwrap());
}

/// Identifier, title and status of a product.
fn stood(body: &Value) -> [&Value; 3] {
    [&body["id"], &body["title"], &body["status"]]
}

/// The newest entry of a node's public log.
async fn last_published(site: &Site) -> Value {
    let log = public(&site.node);
    let newest = size(&site.node, &log).await - 1;
    let frame = crate::testkit::frame(&site.node, &log, newest).await.unwrap();
    frame.entries.last().unwrap().body.clone().unwrap()
}
