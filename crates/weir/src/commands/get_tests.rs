//! The receipt of a download: beside the file, later, or not at all. The download itself is tested in `crate::download`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::download::tests::{DATA, Desk, HASTE, honest, sha256};
use crate::problem::Problem;
use crate::testing::{Reply, Request, command, context};

async fn get(desk: &Desk) -> Got {
    let file = desk.path("air.csv");
    let crate::cli::Command::Get(args) = command(&["get", "C1", "-o", file.to_str().unwrap()]) else {
        panic!("not a download")
    };
    let (context, _) = context(&[]);
    to_file(&desk.client, &context, &args, HASTE, Duration::ZERO).await.unwrap()
}

#[tokio::test]
async fn a_download_leaves_file_and_receipt_and_nothing_else() {
    let desk = Desk::new(honest).await;
    let got = get(&desk).await;
    assert_eq!(std::fs::read(desk.path("air.csv")).unwrap(), DATA);
    let receipt: Value =
        serde_json::from_slice(&std::fs::read(desk.path("air.csv.receipt.json")).unwrap()).unwrap();
    assert_eq!(receipt["type"], "weir.receipt/1");
    assert!(!desk.has("air.csv.part") && !desk.has("air.csv.part.json"));
    let answer = got.to_json();
    assert_eq!((&answer["bytes"], &answer["sha256"]), (&json!(DATA.len()), &json!(sha256())));
    assert_eq!(answer["receipt"], json!(desk.path("air.csv.receipt.json")));
}

#[tokio::test]
async fn killed_after_the_file_got_its_name_only_the_receipt_is_fetched() {
    let desk = Desk::new(honest).await;
    desk.left_named();
    let got = get(&desk).await;
    assert_eq!((got.arrived.use_id.as_str(), desk.asked().len()), ("use-1", 0));
    assert!(desk.has("air.csv.receipt.json") && !desk.has("air.csv.part.json"));
}

fn receipt_after(refusals: usize, pause_ms: u64) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    let asked = AtomicUsize::new(0);
    move |request| {
        if request.route().contains("/receipts/") && asked.fetch_add(1, Ordering::SeqCst) < refusals {
            return Reply::json(409, &json!({"code": "receipt-not-ready", "retry_after_ms": pause_ms}));
        }
        honest(request)
    }
}

#[tokio::test]
async fn the_receipt_is_asked_for_until_it_is_ready() {
    let desk = Desk::new(receipt_after(2, 0)).await;
    let receipt = receipt_within(&desk.client, "C1", "u", Duration::from_secs(60)).await.unwrap();
    assert_eq!(receipt.unwrap()["type"], "weir.receipt/1");
    assert_eq!(desk.server.routes(), vec!["GET /manage/v1/contracts/C1/receipts/u"; 3]);
}

#[tokio::test]
async fn a_receipt_that_takes_longer_can_be_fetched_later() {
    let desk = Desk::new(receipt_after(1, 60_000)).await;
    let got = get(&desk).await;
    assert!(got.receipt.is_none() && desk.has("air.csv") && !desk.has("air.csv.receipt.json"));
    let name = desk.path("later.json");
    let line = ["get", "C1", "--use", &got.arrived.use_id, "--receipt-only", "-o", name.to_str().unwrap()];
    let crate::cli::Command::Get(args) = command(&line) else { panic!("not a download") };
    let (context, captured) = context(&[]);
    receipt_only(&desk.client, &context, &args).await.unwrap();
    assert!(desk.has("later.json") && captured.out().contains("later.json"));
    assert_eq!(receipt_only(&desk.client, &context, &args).await.unwrap_err().message.key, "get-exists");
}

#[tokio::test]
async fn other_refusals_of_the_receipt_are_failures() {
    let desk = Desk::new(|_| Reply::json(404, &json!({"code": "not-found"}))).await;
    let failure = receipt_within(&desk.client, "C1", "u", Duration::ZERO).await.unwrap_err();
    assert_eq!(failure.exit, Exit::NotFound);
    assert_eq!(failure.problem.as_deref().map(Problem::exit), Some(Exit::NotFound));
}

#[tokio::test]
async fn a_use_that_is_none_is_refused_before_anything_counts() {
    let uses = json!({"total": 1, "items": [{"use": "f1e09537aa", "state": "open"}]});
    let desk = Desk::new(move |request| match request.route().ends_with("/uses") {
        true => Reply::json(200, &uses),
        false => honest(request),
    })
    .await;
    assert!(refuse_unknown(&desk.client, "C1", "f1e09537aa").await.is_ok());
    let refused = refuse_unknown(&desk.client, "C1", "f1e09537").await.unwrap_err();
    assert_eq!((refused.exit, refused.message.key), (Exit::NotFound, "get-no-use"));
    assert!(desk.server.routes().iter().all(|route| route == "GET /manage/v1/contracts/C1/uses"));
}
