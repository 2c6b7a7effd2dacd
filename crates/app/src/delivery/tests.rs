//! The provider's side of a delivery: the order of the checks, the durable count, resuming, projections, changed files. The user's side is
//! tested in `fetch`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::fs::File;
use std::time::UNIX_EPOCH;

use crypto::Sha256;
use domain::id::AreaCode;
use domain::terms::UseRefusal;
use futures_util::StreamExt as _;
use ndi::envelope::Sender;
use ndi::{Headers, Message as _};
use store::{UseCounter, UseRow};

use super::*;
use crate::config::Limits;
use crate::metering::testkit::{World, at, csv, read_all, run, terms};
use crate::metering::{self, sweep_idle};

/// Enough rows for several pieces of a file (512 KiB each).
const MANY: usize = 80_000;

async fn ask(world: &World, contract: &ContractId, use_id: &str, offset: u64) -> Result<Delivery, Error> {
    let request =
        DeliverRequest { contract_id: contract.clone(), use_id: UseId::parse(use_id).unwrap(), offset };
    let body = request.to_body().unwrap();
    let message = world.message(&world.user, &world.provider, "deliver", "s", body).await;
    serve(&world.provider.node, &message).await
}

async fn get_all(world: &World, contract: &ContractId, use_id: &str, offset: u64) -> Vec<u8> {
    read_all(ask(world, contract, use_id, offset).await.unwrap().stream).await.unwrap()
}

pub(super) async fn counter(world: &World, contract: &ContractId) -> UseCounter {
    let (tenant, contract) = (world.provider.speaker.id().to_string(), contract.to_string());
    let read = world.provider.node.store().read("test", move |read| {
        let (tenant, contract) = (tenant.clone(), contract.clone());
        Box::pin(async move { Ok::<_, Error>(read.use_counter(&tenant, &contract).await?) })
    });
    read.await.unwrap()
}

pub(super) async fn row(world: &World, contract: &ContractId, use_id: &str) -> Option<UseRow> {
    let key = key(&world.provider.speaker, contract, &UseId::parse(use_id).unwrap());
    let read = world.provider.node.store().read("test", move |read| {
        let key = key.clone();
        Box::pin(async move { Ok::<_, Error>(read.get_use(&key).await?) })
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_whole_file_is_counted_then_sent_then_closed() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms()).await;
    let delivery = ask(&world, &contract, "u1", 0).await.unwrap();
    let content = csv(MANY).into_bytes();
    assert_eq!(delivery.whole.bytes, content.len() as u64);
    assert_eq!((delivery.whole.rows, delivery.whole.digest), (MANY as u64, Sha256::of(&content)));
    assert_eq!((delivery.sequence, delivery.offset, delivery.length), (1, 0, delivery.whole.bytes));
    assert_eq!(delivery.media_type, "text/csv");
    let open = row(&world, &contract, "u1").await.unwrap();
    assert_eq!((open.sequence, open.closing), (1, None), "counted before its first byte");
    let mut stream = delivery.stream;
    let mut got = Vec::new();
    while got.len() < content.len() {
        got.extend_from_slice(&stream.next().await.unwrap().unwrap());
    }
    assert!(got == content);
    let closed = row(&world, &contract, "u1").await.unwrap();
    assert!(closed.complete, "closed before the stream is asked for its end, as HTTP never does");
    assert_eq!((closed.bytes, closed.rows), (content.len() as u64, MANY as u64));
    assert_eq!(closed.digest, Some(Sha256::of(&content).to_string()));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn any_range_is_the_same_use_and_so_are_its_bytes_again() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms().with_count(1)).await;
    let content = csv(MANY).into_bytes();
    let mut first = ask(&world, &contract, "u1", 0).await.unwrap().stream;
    let head = first.next().await.unwrap().unwrap();
    drop(first);
    let rest = ask(&world, &contract, "u1", head.len() as u64).await.unwrap();
    assert_eq!((rest.sequence, rest.length), (1, (content.len() - head.len()) as u64));
    assert!(read_all(rest.stream).await.unwrap() == content[head.len()..]);
    assert!(get_all(&world, &contract, "u1", 0).await == content, "again, after it closed");
    assert_eq!(counter(&world, &contract).await, UseCounter { used: 1, closed: 1, windowed: 0 });
}

#[tokio::test]
async fn the_use_beyond_the_count_is_refused_with_both_figures() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms().with_count(1)).await;
    get_all(&world, &contract, "u1", 0).await;
    let refused = ask(&world, &contract, "u2", 0).await.unwrap_err();
    assert!(matches!(refused, Error::Use(UseRefusal::Count { limit: 1, used: 1 })), "{refused}");
    assert_eq!(crate::refusal::return_code(&refused).to_string(), "300105");
    assert!(row(&world, &contract, "u2").await.is_none());
    assert_eq!(counter(&world, &contract).await.used, 1);
}

#[tokio::test]
async fn terms_refuse_before_anything_is_counted() {
    let mut world = World::new(10).await;
    let beijing = world.contract(terms().with_regions([AreaCode::parse("1100").unwrap()])).await;
    let refused = ask(&world, &beijing, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::Use(UseRefusal::Region { .. })), "{refused}");
    let others = world.contract(terms().with_users([world.provider.speaker.subject().clone()])).await;
    let refused = ask(&world, &others, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::Use(UseRefusal::User { .. })), "{refused}");
    let contract = world.contract(terms()).await;
    world.clock.set(at("2027-01-01T00:00:00Z"));
    let refused = ask(&world, &contract, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::Use(UseRefusal::Over { .. })), "{refused}");
    for id in [&beijing, &others, &contract] {
        assert_eq!(counter(&world, id).await, UseCounter::default());
    }
}

#[tokio::test]
async fn only_the_contract_s_user_may_ask_and_only_while_it_is_in_force() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let request =
        DeliverRequest { contract_id: contract.clone(), use_id: UseId::parse("u1").unwrap(), offset: 0 };
    let body = request.to_body().unwrap();
    let stranger = world.message(&world.provider, &world.provider, "deliver", "s", body.clone()).await;
    let refused = serve(&world.provider.node, &stranger).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden(_)), "{refused}");
    let backwards = world.message(&world.provider, &world.user, "deliver", "s", body).await;
    let refused = serve(&world.user.node, &backwards).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden(_)), "the user does not provide: {refused}");
    let (node, speaker) = (&world.provider.node, &world.provider.speaker);
    crate::contract::terminate(node, speaker, contract.as_str(), "enough").await.unwrap();
    let refused = ask(&world, &contract, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::State(_)), "at once: {refused}");
    assert_eq!(counter(&world, &contract).await.used, 0);
}

#[tokio::test]
async fn fields_are_delivered_as_a_projection_with_its_own_figures() {
    let mut world = World::new(1000).await;
    let contract = world.contract(terms().with_fields(["O3"])).await;
    let expected: String =
        csv(1000).lines().map(|line| format!("{}\n", line.rsplit(',').next().unwrap())).collect();
    let delivery = ask(&world, &contract, "u1", 0).await.unwrap();
    assert_eq!((delivery.whole.rows, delivery.whole.bytes), (1000, expected.len() as u64));
    assert_eq!(delivery.whole.digest, Sha256::of(expected.as_bytes()));
    assert!(read_all(delivery.stream).await.unwrap() == expected.as_bytes());
    assert!(get_all(&world, &contract, "u1", 100).await == expected.as_bytes()[100..]);
    let closed = row(&world, &contract, "u1").await.unwrap();
    assert_eq!((closed.bytes, closed.rows), (expected.len() as u64, 1000));
    assert_eq!(metering::leaf_of(&closed).unwrap().fields, Some(vec!["O3".to_owned()]));
    let place = world
        .provider
        .node
        .meters()
        .projection(world.profiled.profile.sha256, &BTreeSet::from(["O3".to_owned()]));
    assert_eq!(place.get().unwrap().bytes, expected.len() as u64, "measured once and kept");
}

#[tokio::test]
async fn a_changed_source_is_refused_before_it_is_counted_and_tells_no_path() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    std::fs::write(&world.file, csv(11)).unwrap();
    let refused = ask(&world, &contract, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::SourceChanged(_)), "{refused}");
    assert_eq!(crate::refusal::return_code(&refused).to_string(), "300107");
    assert!(refused.to_string().contains(world.product.as_str()));
    assert!(!refused.to_string().contains("air.csv"), "{refused}");
    std::fs::remove_file(&world.file).unwrap();
    let refused = ask(&world, &contract, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::SourceChanged(_)), "{refused}");
    assert_eq!(counter(&world, &contract).await, UseCounter::default());
}

#[tokio::test]
async fn a_touched_source_is_digested_once_and_its_new_stamp_kept() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    File::options().write(true).open(&world.file).unwrap().set_modified(UNIX_EPOCH).unwrap();
    assert!(get_all(&world, &contract, "u1", 0).await == csv(10).as_bytes());
    let tenant = world.provider.speaker.id().to_string();
    let read = world.provider.node.store().read("test", move |read| {
        let tenant = tenant.clone();
        Box::pin(async move { Ok::<_, Error>(read.get_resource(&tenant, "r1").await?) })
    });
    let stamp: dataplane::FileStamp =
        serde_json::from_str(&read.await.unwrap().unwrap().stamp.unwrap()).unwrap();
    assert_eq!(stamp.modified_ns, 0);
    assert_ne!(stamp, world.profiled.stamp);
}

#[tokio::test]
async fn an_offset_behind_the_end_does_not_count_and_one_at_the_end_closes() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let bytes = csv(10).len() as u64;
    let refused = ask(&world, &contract, "u1", bytes + 1).await.unwrap_err();
    assert!(matches!(refused, Error::Source(dataplane::DataError::OffsetBeyondEnd { .. })), "{refused}");
    assert_eq!(counter(&world, &contract).await.used, 0);
    drop(ask(&world, &contract, "u1", 0).await.unwrap());
    let rest = ask(&world, &contract, "u1", bytes).await.unwrap();
    assert_eq!((rest.sequence, rest.length), (1, 0));
    assert!(row(&world, &contract, "u1").await.unwrap().complete, "without being asked for its end");
    assert!(read_all(rest.stream).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_abandoned_use_closes_as_incomplete_with_its_furthest_byte_and_is_over() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms().with_count(2)).await;
    let mut stream = ask(&world, &contract, "u1", 0).await.unwrap().stream;
    let sent = stream.next().await.unwrap().unwrap().len() as u64;
    world.clock.advance_secs(601);
    assert_eq!(sweep_idle(&world.provider.node).await.unwrap(), 0, "it is being sent");
    assert_eq!(row(&world, &contract, "u1").await.unwrap().touched_at, world.clock_micros(), "and lives on");
    drop(stream);
    world.clock.advance_secs(601);
    assert_eq!(sweep_idle(&world.provider.node).await.unwrap(), 1);
    let closed = row(&world, &contract, "u1").await.unwrap();
    assert_eq!((closed.complete, closed.bytes, closed.rows, closed.digest.clone()), (false, sent, 0, None));
    let leaf = metering::leaf_of(&closed).unwrap();
    leaf.check().unwrap();
    let refused = ask(&world, &contract, "u1", 0).await.unwrap_err();
    assert!(matches!(&refused, Error::Metering(text) if text.contains("begin another use")), "{refused}");
    assert_eq!(counter(&world, &contract).await.used, 1, "it counts");
    assert!(ask(&world, &contract, "u2", 0).await.is_ok());
}

/// Sends two pieces, notes it, sends a third, and is killed. Answers the bytes of two and of three.
async fn killed_in_the_middle(world: &mut World, contract: &ContractId) -> (u64, u64) {
    let mut stream = ask(world, contract, "u1", 0).await.unwrap().stream;
    let mut sent = Vec::new();
    for piece in 0..3 {
        sent.push(stream.next().await.unwrap().unwrap().len() as u64);
        if piece == 1 {
            assert_eq!(metering::note_progress(&world.provider.node).await.unwrap(), 1);
            assert_eq!(metering::note_progress(&world.provider.node).await.unwrap(), 0, "it is noted");
        }
    }
    world.kill_provider().await;
    drop(stream);
    (sent[0] + sent[1], sent.iter().sum())
}

#[tokio::test]
async fn a_use_that_a_crash_broke_off_goes_on_as_the_same_one() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms().with_count(1)).await;
    let content = csv(MANY).into_bytes();
    let (noted, sent) = killed_in_the_middle(&mut world, &contract).await;
    let open = row(&world, &contract, "u1").await.unwrap();
    assert_eq!((open.bytes, open.closing), (noted, None));
    let rest = ask(&world, &contract, "u1", sent).await.unwrap();
    assert_eq!(rest.sequence, 1);
    assert!(read_all(rest.stream).await.unwrap() == content[sent as usize..]);
    assert!(row(&world, &contract, "u1").await.unwrap().complete);
    assert_eq!(counter(&world, &contract).await, UseCounter { used: 1, closed: 1, windowed: 0 });
}

#[tokio::test]
async fn a_use_that_a_crash_broke_off_closes_with_what_was_noted_where_nobody_takes_it_up() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms()).await;
    let (noted, _) = killed_in_the_middle(&mut world, &contract).await;
    world.clock.advance_secs(601);
    assert_eq!(sweep_idle(&world.provider.node).await.unwrap(), 1);
    let closed = row(&world, &contract, "u1").await.unwrap();
    assert_eq!((closed.complete, closed.bytes), (false, noted));
}

#[tokio::test]
async fn a_source_that_changes_on_the_way_ends_the_stream_and_leaves_the_use_open() {
    let mut world = World::new(MANY).await;
    let contract = world.contract(terms()).await;
    let mut stream = ask(&world, &contract, "u1", 0).await.unwrap().stream;
    stream.next().await.unwrap().unwrap();
    File::options().write(true).open(&world.file).unwrap().set_modified(UNIX_EPOCH).unwrap();
    let error = read_all(&mut stream).await.unwrap_err();
    assert!(matches!(error, Error::SourceChanged(_)), "{error}");
    assert_eq!(row(&world, &contract, "u1").await.unwrap().closing, None);
}

#[tokio::test]
async fn many_callers_never_pass_the_count_and_every_use_is_closed() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms().with_count(50)).await;
    let delivered = Delivered { bytes: 1, rows: 1, digest: Sha256::of(b"x") };
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..16 {
        let (node, speaker) = (world.provider.node.clone(), world.provider.speaker.clone());
        let (contract, delivered) = (contract.clone(), delivered.clone());
        callers.spawn(async move {
            let mut passed = 0;
            for turn in 0..8 {
                let use_id = UseId::parse(&format!("u-{caller}-{turn}")).unwrap();
                match use_once(&node, &speaker, &contract, &use_id).await {
                    Ok(admission) => {
                        assert!(!admission.again);
                        close_use(&node, &speaker, &contract, &use_id, &delivered).await.unwrap();
                        passed += 1;
                    }
                    Err(Error::Use(UseRefusal::Count { limit: 50, .. })) => {}
                    Err(other) => panic!("{other}"),
                }
            }
            passed
        });
    }
    let passed: u64 = callers.join_all().await.into_iter().sum();
    assert_eq!(passed, 50);
    assert_eq!(counter(&world, &contract).await, UseCounter { used: 50, closed: 50, windowed: 0 });
}

#[tokio::test]
async fn windows_without_counter_signature_stop_new_uses_until_one_comes() {
    let limits = Limits { unsigned_windows_max: 1, ..Limits::default() };
    let mut world = World::with(10, limits).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    world.clock.advance_secs(1);
    metering::close_due(&world.provider.node).await.unwrap();
    let refused = ask(&world, &contract, "u2", 0).await.unwrap_err();
    assert!(matches!(&refused, Error::Metering(text) if text.contains("counter-sign")), "{refused}");
    world.settle().await;
    assert!(world.fetch(&contract, "u2").await.is_ok());
}

#[tokio::test]
async fn an_envelope_is_checked_before_its_delivery() {
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let request = DeliverRequest { contract_id: contract, use_id: UseId::parse("u1").unwrap(), offset: 0 };
    let body = request.to_body().unwrap();
    let (user, provider) = (&world.user.speaker, &world.provider.speaker);
    let headers = |key: &crypto::SigningKey| {
        Headers::unsigned(
            "deliver",
            Sender::Node(user.id().clone()),
            Some(provider.id().clone()),
            user.key.key_ref(),
        )
        .at(world.provider.node.now().millis(), "s1")
        .sign(key, &body)
        .unwrap()
    };
    let good = Envelope { headers: headers(&user.key), body: body.clone() };
    let delivery = open(&world.provider.node, good).await.unwrap();
    assert_eq!(delivery.use_id.as_str(), "u1");
    let mut changed = Envelope { headers: headers(&user.key), body: body.clone() };
    changed.body["offset"] = 1.into();
    assert!(open(&world.provider.node, changed).await.is_err());
}

#[tokio::test]
async fn a_resource_profiled_anew_is_not_delivered_as_what_was_published() {
    use ndi::weir_v1::public_log::{BodyType, I18nText, ProductBody, PublicBody};
    let mut world = World::new(10).await;
    let contract = world.contract(terms()).await;
    let profile = &world.profiled.profile;
    let body = PublicBody::Product(ProductBody {
        type_: BodyType::Product,
        at: 0,
        id: world.product.clone(),
        resource: domain::id::ResourceId::mint(
            world.provider.speaker.subject(),
            AreaCode::parse("1100").unwrap(),
            rand::random::<u64>,
        )
        .unwrap(),
        connector: world.provider.speaker.id().clone(),
        subject: world.provider.speaker.subject().clone(),
        provider: "p".into(),
        title: I18nText::of(&domain::catalogue::I18n::same("Air")).unwrap(),
        description: None,
        keywords: ndi::weir_v1::convert::keywords_of(&domain::catalogue::Keywords::default()),
        industry: None,
        delivery: domain::codes::DeliveryForm::Dataset,
        columns: profile.columns.iter().map(Into::into).collect(),
        rows: profile.rows,
        bytes: profile.bytes,
        time_range: None,
        digest: Sha256::of(b"what was published"),
        offer: ndi::weir_v1::terms::TermsObject::from(&terms()),
        status: ndi::weir_v1::Status::Registered,
    });
    run(&world.provider.node, move |tx| {
        let body = body.clone();
        Box::pin(async move { crate::catalogue::apply(tx, "test", &body, at("2026-01-01T00:00:00Z")).await })
    })
    .await;
    let refused = ask(&world, &contract, "u1", 0).await.unwrap_err();
    assert!(matches!(refused, Error::SourceChanged(_)), "{refused}");
    assert_eq!(counter(&world, &contract).await.used, 0);
}
