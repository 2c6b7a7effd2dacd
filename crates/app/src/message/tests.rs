//! Which answers are kept for repeats: those that say something of the message, never a fault of ours.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use domain::engine::EngineError;
use ndi::Message as _;
use ndi::weir_v1::catalogue::ResourceRegister;
use ndi::weir_v1::public_log::{FileFormat, I18nText, Profile};
use serde_json::json;
use store::{Body, StoreError};

use super::*;
use crate::testkit::{Site, Town};

fn request(town: &Town) -> Value {
    let provider = &town.provider;
    let request = ResourceRegister {
        local_key: "r1".to_owned(),
        connector: provider.id().clone(),
        subject: provider.subject().clone(),
        title: I18nText { zh: None, en: Some("Air".to_owned()) },
        description: None,
        keywords: Vec::new(),
        profile: Profile {
            format: FileFormat::Csv,
            encoding: None,
            delimiter: None,
            columns: Vec::new(),
            rows: 0,
            bytes: 1,
            digest: Sha256::of(b"x"),
            time_range: None,
            nulls: 0,
        },
    };
    request.to_body().unwrap()
}

/// A message of the provider's under a number that it keeps.
async fn say(town: &Town, to: &Site, msgcode: &str, number: &str, body: &Value) -> Reply {
    let speaker = &town.provider;
    let addressee = to.node.speaker().unwrap().id().clone();
    let from = Sender::Node(speaker.id().clone());
    let headers = Headers::unsigned(msgcode, from, Some(addressee), speaker.key.key_ref())
        .at(to.node.now().millis(), number)
        .sign(&speaker.key, body)
        .unwrap();
    let pairs = headers.to_pairs();
    let pairs = pairs.iter().map(|(name, value)| (*name, value.as_str()));
    dispatch(&to.node, msgcode, pairs, body.to_string().as_bytes()).await
}

async fn kept(town: &Town, at: &Site, number: &str) -> Option<String> {
    let (sender, number) = (town.provider.id().to_string(), number.to_owned());
    let read = at.node.store().read("test_inbox", move |read| {
        let (sender, number) = (sender.clone(), number.clone());
        Box::pin(async move { Ok::<_, Error>(read.get_received(&sender, &number).await?) })
    });
    read.await.unwrap().and_then(|row| row.answer)
}

async fn put_product(site: &Site, row: store::ProductRow) {
    let put = site.node.store().run_tx("test_put", move |tx| {
        let row = row.clone();
        Box::pin(async move { Ok::<_, Error>(tx.put_product(&row).await?) })
    });
    put.await.unwrap();
}

#[tokio::test]
async fn a_fault_of_ours_is_no_answer_and_the_same_message_is_handled_once_it_is_mended() {
    let town = Town::new().await;
    let id = domain::id::ProductId::mint(
        town.provider.subject(),
        domain::id::AreaCode::parse("1100").unwrap(),
        rand::random::<u64>,
    );
    let id = id.unwrap();
    // A row that another version wrote, or a disk that lies.
    let damaged = store::ProductRow {
        tenant: town.provider.id().to_string(),
        key: "p1".to_owned(),
        id: Some(id.to_string()),
        resource: String::new(),
        state: "registered".to_owned(),
        updated_at: 0,
        body: Body::versioned(1, &json!({"no": "product"})).unwrap(),
    };
    put_product(&town.region, damaged.clone()).await;
    let body = json!({"productId": id, "reason": "r"});
    for _ in 0..2 {
        let reply = say(&town, &town.region, PRODUCT_WITHDRAW_MSG, "n1", &body).await;
        assert!(reply.code.to_string().starts_with('1'), "{}: the sender tries again", reply.code);
        assert!(!reply.message.contains("product"), "and sees no text of ours: {}", reply.message);
        assert_eq!(kept(&town, &town.region, "n1").await, None);
    }
    put_product(&town.region, store::ProductRow { id: None, ..damaged }).await;
    let reply = say(&town, &town.region, PRODUCT_WITHDRAW_MSG, "n1", &body).await;
    assert_eq!(reply.code.to_string(), "300103", "asked anew: there is none of that identifier");
    assert!(kept(&town, &town.region, "n1").await.is_some(), "which is an answer, and stays");
}

#[tokio::test]
async fn a_store_that_failed_is_tried_again_by_the_same_number() {
    let mut town = Town::new().await;
    let body = request(&town);
    town.region.node.store().close().await;
    let reply = say(&town, &town.region, RESOURCE_REGISTER_MSG, "n1", &body).await;
    assert!(reply.code.to_string().starts_with('1'), "{}", reply.code);
    town.region = town.region.kill().await;
    let reply = say(&town, &town.region, RESOURCE_REGISTER_MSG, "n1", &body).await;
    assert!(reply.code.is_success(), "{}", reply.message);
    let again = say(&town, &town.region, RESOURCE_REGISTER_MSG, "n1", &body).await;
    assert_eq!(again.data, reply.data, "now it is answered, once and for all");
}

#[tokio::test]
async fn a_refusal_stands_for_repeats_and_a_number_for_one_message() {
    let town = Town::new().await;
    let body = json!({"productId": "rubbish", "reason": "r"});
    let first = say(&town, &town.region, PRODUCT_WITHDRAW_MSG, "n1", &body).await;
    assert_eq!(
        kept(&town, &town.region, "n1").await.map(|kept| Reply::parse(kept.as_bytes()).unwrap()),
        Some(first)
    );
    let reused = crate::refusal::return_code(&Error::SequenceReused(String::new()));
    let other = json!({"productId": "other rubbish", "reason": "r"});
    let reply = say(&town, &town.region, PRODUCT_WITHDRAW_MSG, "n1", &other).await;
    assert_eq!(reply.code, reused, "another body");
    let reply = say(&town, &town.region, PRODUCT_LIST_MSG, "n1", &body).await;
    assert_eq!(reply.code, reused, "the same body as another message");
}

#[test]
fn what_may_be_mended_is_not_final() {
    let path = std::path::PathBuf::from("/x");
    let passing: [Error; 9] = [
        StoreError::Closed.into(),
        StoreError::Conflict { what: "x".into() }.into(),
        StoreError::Panicked { name: "x" }.into(),
        EngineError::Failed { engine: "e", reason: "disk full".into() }.into(),
        Error::Folder { path, source: std::io::Error::other("disk full") },
        Error::Corrupt("x".into()),
        Error::NotJoined("x".into()),
        Error::NotYet("x".into()),
        Error::Repeated,
    ];
    for error in passing {
        assert!(!is_final(&error), "{error}");
    }
    let answers = [
        Error::Forbidden("x".into()),
        Error::Evidence("x".into()),
        Error::not_found("product", "x"),
        Error::input("x", "x"),
        EngineError::Query("x".into()).into(),
    ];
    for error in answers {
        assert!(is_final(&error), "{error}");
    }
}
