//! The products' titles in the reader's language, beside the contracts about them.
//!
//! A contract carries one name of its product, which both sides sign; the catalogue has the title in both languages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::client::Client;
use crate::commands::{Context, product};

/// How many products are looked up for one list; the others keep the name that their contract carries.
const PRODUCTS_MAX: usize = 32;

/// Puts the titles into what people read. Programs get the contracts as they are.
pub(super) async fn put(client: &Client, context: &Context, answer: &mut Value) {
    if context.out.is_json() {
        return;
    }
    let mut titles = BTreeMap::new();
    for id in products(answer) {
        // A product that is not known here any more leaves its contract as it is.
        if let Ok(Some(title)) = product::title_of(client, &id).await {
            titles.insert(id, title);
        }
    }
    for contract in contracts(answer) {
        title(contract, &titles);
    }
}

fn contracts(answer: &mut Value) -> Vec<&mut Value> {
    let list = if answer.get("items").is_some() { answer.get_mut("items") } else { Some(answer) };
    match list {
        Some(Value::Array(items)) => items.iter_mut().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    }
}

fn products(answer: &mut Value) -> Vec<String> {
    let ids = contracts(answer)
        .into_iter()
        .filter_map(|contract| contract.get("product")?.as_str().map(str::to_owned));
    ids.collect::<BTreeSet<_>>().into_iter().take(PRODUCTS_MAX).collect()
}

/// The title of a contract's product; it is the contract's name too, where that is only the product's.
fn title(contract: &mut Value, titles: &BTreeMap<String, Value>) {
    let Some(members) = contract.as_object_mut() else { return };
    let found = members.get("product").and_then(Value::as_str).and_then(|id| titles.get(id));
    let Some(title) = found else { return };
    members.insert("productTitle".to_owned(), title.clone());
    if members.get("name") == members.get("productName") {
        members.insert("name".to_owned(), title.clone());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_contract_named_after_its_product_has_the_title_in_both_languages() {
        let titles = BTreeMap::from([("6A".to_owned(), json!({"zh": "臭氧", "en": "ozone"}))]);
        let mut answer = json!({"items": [
            {"product": "6A", "productName": "臭氧", "name": "臭氧"},
            {"product": "6A", "productName": "臭氧", "name": "our own"},
            {"product": "6B", "productName": "温度", "name": "温度"},
        ]});
        assert_eq!(products(&mut answer), ["6A", "6B"]);
        for contract in contracts(&mut answer) {
            title(contract, &titles);
        }
        let items = &answer["items"];
        assert_eq!(items[0]["name"]["en"], "ozone");
        assert_eq!(
            (&items[1]["name"], &items[1]["productTitle"]["en"]),
            (&json!("our own"), &json!("ozone"))
        );
        assert_eq!((&items[2]["name"], items[2].get("productTitle")), (&json!("温度"), None));
        assert_eq!(products(&mut json!({"product": "6A"})), ["6A"]);
    }
}
