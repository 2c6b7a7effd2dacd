//! The user's side of a delivery: what is recorded before the provider hears of it, digests, resuming, refusals. The provider's side is
//! tested in `delivery`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::atomic::Ordering;

use domain::codes::DeliveryForm;
use domain::id::{ContractId, ResourceId};
use domain::terms::Terms;
use futures_util::StreamExt as _;
use ndi::weir_v1::Status;
use ndi::weir_v1::public_log::{BodyType, I18nText, ProductBody, PublicBody};
use ndi::weir_v1::terms::TermsObject;
use store::ReceivedUseRow;

use super::*;
use crate::metering::testkit::{World, csv, read_all, terms};

/// Enough rows for several pieces of a file.
const MANY: usize = 80_000;

async fn record(world: &World, contract: &ContractId, use_id: &str) -> Option<ReceivedUseRow> {
    let place = Place {
        tenant: world.user.speaker.id().to_string(),
        contract: contract.to_string(),
        use_id: UseId::parse(use_id).unwrap(),
    };
    read_row(&world.user.node, &place).await.unwrap()
}

async fn begin_at(world: &World, contract: &ContractId, use_id: &str, offset: u64) -> Result<Fetched, Error> {
    open(&world.user.node, &world.user.speaker, contract.as_str(), Some(use_id), offset).await
}

async fn received_at(
    world: &World,
    contract: &ContractId,
    use_id: &str,
    content: &[u8],
) -> Result<(), Error> {
    let (node, speaker) = (&world.user.node, &world.user.speaker);
    received(node, speaker, contract.as_str(), use_id, content.len() as u64, Sha256::of(content)).await
}

#[tokio::test]
async fn a_whole_delivery_is_digested_and_recorded_before_its_last_byte() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms()).await;
    let content = csv(MANY).into_bytes();
    let fetched = begin_at(&world, &contract, "u1", 0).await.unwrap();
    assert_eq!(
        (fetched.sequence, fetched.length, fetched.media_type.as_str()),
        (1, content.len() as u64, "text/csv")
    );
    assert_eq!((fetched.whole.rows, fetched.whole.digest), (MANY as u64, Sha256::of(&content)));
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, ReceivedUseRow::OPEN);
    let (mut stream, mut got) = (fetched.stream, Vec::new());
    while got.len() < content.len() {
        got.extend_from_slice(&stream.next().await.unwrap().unwrap());
    }
    assert!(got == content);
    let row = record(&world, &contract, "u1").await.unwrap();
    assert_eq!((row.state.as_str(), row.bytes, row.rows), ("complete", content.len() as u64, MANY as u64));
    assert_eq!((row.digest, row.sequence), (Some(Sha256::of(&content).to_string()), Some(1)));
    assert!(stream.next().await.is_none());
}

/// Tells the user's node of the product, as the feed does.
async fn catalogue_at_user(world: &World, whole: &Delivered) {
    let speaker = &world.provider.speaker;
    let body = PublicBody::Product(ProductBody {
        type_: BodyType::Product,
        at: 0,
        id: world.product.clone(),
        resource: ResourceId::mint(speaker.subject(), speaker.membership.area, rand::random::<u64>).unwrap(),
        connector: speaker.id().clone(),
        subject: speaker.subject().clone(),
        provider: "P".to_owned(),
        title: I18nText { zh: None, en: Some("Air".to_owned()) },
        description: None,
        keywords: Vec::new(),
        industry: None,
        delivery: DeliveryForm::Dataset,
        columns: Vec::new(),
        rows: whole.rows,
        bytes: whole.bytes,
        time_range: None,
        digest: whole.digest,
        offer: TermsObject::from(&terms()),
        status: Status::Registered,
    });
    let (node, now) = (&world.user.node, world.user.node.now());
    let told = node.store().run_tx("test_product", move |tx| {
        let body = body.clone();
        Box::pin(async move { crate::catalogue::apply(tx, "test", &body, now).await })
    });
    told.await.unwrap();
}

#[tokio::test]
async fn what_is_announced_is_what_was_catalogued_and_stays_so() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let content = csv(10);
    let whole = Delivered { bytes: content.len() as u64, rows: 10, digest: Sha256::of(content.as_bytes()) };
    let wrong = [
        Delivered { bytes: 1, ..whole.clone() },
        Delivered { rows: 11, ..whole.clone() },
        Delivered { digest: Sha256::of(b"other"), ..whole.clone() },
    ];
    for catalogued in &wrong {
        catalogue_at_user(&world, catalogued).await;
        let refused = begin_at(&world, &contract, "u1", 0).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Evidence(text) if text.contains("the catalogue says")),
            "{refused}"
        );
    }
    catalogue_at_user(&world, &whole).await;
    begin_at(&world, &contract, "u1", 0).await.unwrap();

    let (node, speaker) = (&world.user.node, &world.user.speaker);
    let gate = crate::contract::for_gate(node, speaker.id().as_str(), contract.as_str()).await.unwrap();
    // Of single columns the bytes are others; the rows are the same.
    let columns = Some(["a".to_owned()].into());
    let narrow = GateContract { terms: Terms { fields: columns, ..gate.terms.clone() }, ..(*gate).clone() };
    for (announced, fits) in wrong.iter().zip([true, false, true]) {
        assert_eq!(check_catalogue(node, &narrow, announced).await.is_ok(), fits, "{announced:?}");
    }
    let place = place(speaker, &gate, UseId::parse("u1").unwrap());
    note(node, &place, 1, &whole).await.unwrap();
    for announced in &wrong {
        let changed = note(node, &place, 1, announced).await.unwrap_err();
        assert!(changed.to_string().contains("begin another use"), "{changed}");
    }
}

#[tokio::test]
async fn a_use_without_a_name_gets_one() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let (node, speaker) = (&world.user.node, &world.user.speaker);
    let fetched = open(node, speaker, "k1", None, 0).await.unwrap();
    assert_eq!(fetched.use_id.as_str().len(), 32);
    let use_id = fetched.use_id.to_string();
    read_all(fetched.stream).await.unwrap();
    assert_eq!(record(&world, &contract, &use_id).await.unwrap().state, "complete");
    let nameless = open(node, speaker, contract.as_str(), None, 5).await.unwrap_err();
    assert!(matches!(&nameless, Error::Input { field, .. } if field == "use"), "{nameless}");
    let bad = open(node, speaker, contract.as_str(), Some("no such id"), 0).await.unwrap_err();
    assert!(matches!(&bad, Error::Input { field, .. } if field == "use"), "{bad}");
}

#[tokio::test]
async fn a_new_use_id_begins_with_the_time_and_ends_with_chance() {
    let world = World::new(10).await;
    let node = &world.user.node;
    let before = node.now().millis();
    let (one, other) = (new_use_id(node).unwrap(), new_use_id(node).unwrap());
    let after = node.now().millis();
    for id in [&one, &other] {
        let time = i64::from_str_radix(&id.as_str()[..12], 16).unwrap();
        assert!((before..=after).contains(&time), "{id}");
    }
    assert_ne!(one.as_str()[12..], other.as_str()[12..]);
}

#[tokio::test]
async fn a_broken_download_is_resumed_as_the_same_use_and_closed_by_what_is_on_disk() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms().with_count(1)).await;
    let content = csv(MANY).into_bytes();
    world.provider.door.cut_after.store(1_000_000, Ordering::SeqCst);
    let mut stream = begin_at(&world, &contract, "u1", 0).await.unwrap().stream;
    let mut got = Vec::new();
    let broken = loop {
        match stream.next().await.unwrap() {
            Ok(piece) => got.extend_from_slice(&piece),
            Err(error) => break error,
        }
    };
    assert!(broken.is_passing() || matches!(broken, Error::Net(_)), "{broken}");
    assert!(got.len() <= 1_000_000 && !got.is_empty());
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, ReceivedUseRow::OPEN);
    world.provider.door.cut_after.store(u64::MAX, Ordering::SeqCst);
    let rest = begin_at(&world, &contract, "u1", got.len() as u64).await.unwrap();
    assert_eq!(
        (rest.sequence, rest.offset, rest.length),
        (1, got.len() as u64, (content.len() - got.len()) as u64)
    );
    got.extend(read_all(rest.stream).await.unwrap());
    assert!(got == content);
    assert_eq!(
        record(&world, &contract, "u1").await.unwrap().state,
        ReceivedUseRow::OPEN,
        "nobody saw the whole here"
    );
    received_at(&world, &contract, "u1", &got).await.unwrap();
    received_at(&world, &contract, "u1", &got).await.unwrap();
    let row = record(&world, &contract, "u1").await.unwrap();
    assert_eq!((row.state.as_str(), row.bytes), ("complete", content.len() as u64));
}

#[tokio::test]
async fn what_the_caller_has_must_be_what_was_announced() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    assert!(matches!(received_at(&world, &contract, "u1", b"x").await, Err(Error::NotFound { .. })));
    drop(begin_at(&world, &contract, "u1", 5).await.unwrap());
    let wrong = received_at(&world, &contract, "u1", b"something else").await.unwrap_err();
    assert!(matches!(&wrong, Error::Evidence(text) if text.contains("fetch them again")), "{wrong}");
    assert_eq!(
        record(&world, &contract, "u1").await.unwrap().state,
        ReceivedUseRow::OPEN,
        "a slip says nothing"
    );
    received_at(&world, &contract, "u1", csv(10).as_bytes()).await.unwrap();
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, "complete", "it came right in the end");
    assert!(received_at(&world, &contract, "u1", b"something else").await.is_err());
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, "complete", "and stays right");
}

#[tokio::test]
async fn a_slip_in_a_report_is_no_dispute_and_can_be_put_right() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    read_all(begin_at(&world, &contract, "u1", 5).await.unwrap().stream).await.unwrap();
    assert!(received_at(&world, &contract, "u1", b"a slip").await.is_err());
    let usage = async || {
        let (node, speaker) = (&world.provider.node, &world.provider.speaker);
        crate::metering::usage_of(node, speaker, contract.as_str()).await.unwrap()
    };
    world.settle().await;
    let waits = usage().await;
    assert_eq!((waits.dispute, waits.unsigned), (None, 1), "the window waits");
    received_at(&world, &contract, "u1", csv(10).as_bytes()).await.unwrap();
    world.clock.advance_secs(60);
    world.settle().await;
    assert_eq!(usage().await.countersigned.windows, 1, "signed once it came right");
}

#[tokio::test]
async fn a_wrong_digest_keeps_the_last_piece_back() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms()).await;
    world.provider.door.corrupts.store(true, Ordering::SeqCst);
    let mut stream = begin_at(&world, &contract, "u1", 0).await.unwrap().stream;
    let (mut bytes, mut failed) = (0, None);
    while let Some(piece) = stream.next().await {
        match piece {
            Ok(piece) => bytes += piece.len(),
            Err(error) => failed = Some(error),
        }
    }
    assert!(matches!(failed, Some(Error::Evidence(_))), "{failed:?}");
    assert!(bytes < csv(MANY).len());
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, ReceivedUseRow::MISMATCH);
    world.provider.door.corrupts.store(false, Ordering::SeqCst);
    assert!(world.fetch(&contract, "u1").await.unwrap() == csv(MANY).as_bytes());
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, "complete");
}

#[tokio::test]
async fn a_refusal_comes_through_and_does_not_count_here() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms().with_count(1)).await;
    world.fetch(&contract, "u1").await.unwrap();
    let refused = world.fetch(&contract, "u2").await.unwrap_err();
    match &refused {
        Error::Peer { code, message, .. } => {
            assert_eq!(code, "300105");
            assert!(message.contains("count: the contract allows 1"), "{message}");
        }
        other => panic!("{other}"),
    }
    assert_eq!(record(&world, &contract, "u2").await.unwrap().state, ReceivedUseRow::REFUSED);
    let usage =
        crate::metering::usage_of(&world.user.node, &world.user.speaker, contract.as_str()).await.unwrap();
    assert_eq!((usage.meter.uses, usage.meter.complete), (1, 1));
    // What was whole before stays so, whatever the provider says later.
    std::fs::write(&world.file, "gone").unwrap();
    assert!(world.fetch(&contract, "u1").await.is_err());
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, "complete");
}

#[tokio::test]
async fn a_refused_use_may_be_tried_again() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let content = std::fs::read(&world.file).unwrap();
    std::fs::write(&world.file, "a,b\n").unwrap();
    let refused = world.fetch(&contract, "u1").await.unwrap_err();
    assert!(matches!(&refused, Error::Peer { code, .. } if code == "300107"), "{refused}");
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, ReceivedUseRow::REFUSED);
    std::fs::write(&world.file, &content).unwrap();
    assert!(world.fetch(&contract, "u1").await.unwrap() == content);
    assert_eq!(record(&world, &contract, "u1").await.unwrap().state, "complete");
}

#[tokio::test]
async fn only_the_user_s_side_fetches() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let wrong =
        open(&world.provider.node, &world.provider.speaker, contract.as_str(), None, 0).await.unwrap_err();
    assert!(matches!(wrong, Error::Forbidden(_)), "{wrong}");
    assert_eq!(world.provider.door.came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_use_that_a_window_closed_as_incomplete_is_over_here_too() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms()).await;
    world.provider.door.cut_after.store(1000, Ordering::SeqCst);
    assert!(world.fetch(&contract, "u1").await.is_err());
    world.clock.advance_secs(601);
    assert_eq!(crate::metering::sweep_idle(&world.provider.node).await.unwrap(), 1);
    world.settle().await;
    let row = record(&world, &contract, "u1").await.unwrap();
    assert_eq!((row.state.as_str(), row.in_window), (ReceivedUseRow::INCOMPLETE, Some(1)));
    let over = world.fetch(&contract, "u1").await.unwrap_err();
    assert!(matches!(&over, Error::Metering(text) if text.contains("begin another use")), "{over}");
}
