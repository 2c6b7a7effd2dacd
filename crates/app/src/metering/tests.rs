//! Windows on both sides: closing, comparing, counter-signing, disputes, repeats, restarts, and what people see of them. The form of a window is
//! tested in `ledger`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::Sha256;
use domain::delivery::{Delivered, UseId};
use domain::terms::{Action, Terms};
use futures_util::StreamExt as _;
use ledger::window::{Countersignature, no_window, window_hash};
use ndi::Message as _;
use ndi::weir_v1::usage_window::UsageWindowReply;
use serde_json::{Value, json};
use store::{MessageRow, OutboxCount};

use super::testkit::{Site, World, at, csv, terms};
use super::*;
use crate::config::Limits;
use crate::message::Incoming;

async fn window_at(site: &Site, contract: &ContractId, number: u64) -> WindowRow {
    let tenant = site.speaker.id().as_str();
    window_row(&site.node, tenant, contract.as_str(), number).await.unwrap().unwrap()
}

/// Closes what is due after a second, and takes the messages as a sender would.
async fn closed(world: &World) -> Vec<MessageRow> {
    world.clock.advance_secs(1);
    close_due(&world.provider.node).await.unwrap();
    let now = world.clock_micros();
    let leased = world.provider.node.store().run_tx("lease", move |tx| {
        Box::pin(async move { Ok::<_, Error>(tx.lease_due(500, now, 60_000_000).await?) })
    });
    leased.await.unwrap()
}

async fn incoming(world: &World, sequence: &str, body: &str) -> Incoming {
    let body = serde_json::from_str(body).unwrap();
    world.message(&world.provider, &world.user, "usageWindow", sequence, body).await
}

async fn asked(world: &World, sequence: &str, body: &Value) -> Result<Value, Error> {
    let message = incoming(world, sequence, &body.to_string()).await;
    handle_window(&world.user.node, &message).await
}

fn body_of(message: &MessageRow) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

async fn usage_at(site: &Site, contract: &ContractId) -> UsageView {
    usage_of(&site.node, &site.speaker, contract.as_str()).await.unwrap()
}

fn evidence_error(error: &Error, part: &str) {
    assert!(matches!(error, Error::Evidence(_)), "{error}");
    assert!(error.to_string().contains(part), "`{error}` does not contain `{part}`");
}

#[tokio::test]
async fn a_window_is_closed_counter_signed_and_logged_on_both_sides() {
    let mut world = World::new(100).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    world.fetch(&contract, "u2").await.unwrap();
    close_due(&world.provider.node).await.unwrap();
    assert_eq!(usage_at(&world.provider, &contract).await.unsigned, 0, "too young");
    let messages = closed(&world).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].kind.as_str(), messages[0].destination.as_str()),
        ("usageWindow", world.user.speaker.id().as_str())
    );
    assert_eq!(window_at(&world.provider, &contract, 1).await.state, WindowRow::SIGNED);
    let answer = asked(&world, "s1", &body_of(&messages[0])).await.unwrap();
    window_answered(&world.provider.node, &messages[0], answer).await.unwrap();
    let bytes = csv(100).len() as u64;
    for site in [&world.provider, &world.user] {
        let row = window_at(site, &contract, 1).await;
        assert_eq!((row.state.as_str(), row.first, row.last), (WindowRow::COUNTERSIGNED, 1, 2));
        let view = usage_at(site, &contract).await;
        let sums = Sums { uses: 2, complete: 2, bytes: 2 * bytes, rows: 200 };
        assert_eq!((view.meter, view.countersigned), (sums, WindowSums { windows: 1, sums }));
        assert_eq!((view.unsigned, view.dispute), (0, None));
        for log in site.node.logs().all() {
            crate::log::drain(&site.node, log).await.unwrap();
        }
        let subject = window_subject(contract.as_str(), 1);
        let logged =
            crate::log::inclusion(&site.node, "window.countersigned", &subject).await.unwrap().unwrap();
        let answer: WindowAnswer = row.countersignature.unwrap().get().unwrap();
        let WindowAnswer::Countersigned(object) = answer else { panic!("{answer:?}") };
        assert!(logged.entry.is_evidence_of(&object));
    }
    let both = (window_at(&world.provider, &contract, 1).await, window_at(&world.user, &contract, 1).await);
    assert_eq!(both.0.hash, both.1.hash);
    let uses = uses(&world.user.node, &world.user.speaker, contract.as_str()).await.unwrap();
    assert_eq!(
        (uses.total, uses.items.iter().map(|one| one.window).collect::<Vec<_>>()),
        (2, vec![Some(1), Some(1)])
    );
    let left = world
        .provider
        .node
        .store()
        .read("count", |read| Box::pin(async move { Ok::<_, Error>(read.count_messages().await?) }));
    assert_eq!(left.await.unwrap(), OutboxCount { waiting: 0, dead: 0 });
}

#[tokio::test]
async fn windows_follow_each_other_over_http_and_sums_grow() {
    let mut world = World::new(50).await;
    let contract = world.contract(terms()).await;
    for number in 1..=3_u64 {
        world.fetch(&contract, &format!("u{number}")).await.unwrap();
        world.settle().await;
        let row = window_at(&world.user, &contract, number).await;
        assert_eq!((row.first, row.last), (number, number));
        assert_eq!(usage_at(&world.user, &contract).await.countersigned.sums.uses, number);
    }
    let first: WindowBody = window_at(&world.user, &contract, 1).await.body.get().unwrap();
    let second: WindowBody = window_at(&world.user, &contract, 2).await.body.get().unwrap();
    assert_eq!(window_in(&first.object).unwrap().previous, no_window());
    assert_eq!(window_in(&second.object).unwrap().previous, window_hash(&first.object).unwrap());
    let (ours, theirs) = (
        usage(&world.provider.node, &world.provider.speaker).await.unwrap(),
        usage_at(&world.user, &contract).await,
    );
    assert_eq!((ours.len(), ours[0].meter, ours[0].countersigned), (1, theirs.meter, theirs.countersigned));
}

#[tokio::test]
async fn windows_of_many_contracts_close_in_one_commit_each_with_its_own_uses() {
    let mut world = World::new(5).await;
    let mut contracts = Vec::new();
    for _ in 0..40 {
        contracts.push(world.contract(terms()).await);
    }
    let delivered = Delivered { bytes: 7, rows: 1, digest: Sha256::of(b"x") };
    for (index, contract) in contracts.iter().enumerate() {
        for turn in 0..=index % 3 {
            let (node, speaker) = (&world.provider.node, &world.provider.speaker);
            let use_id = UseId::parse(&format!("u{turn}")).unwrap();
            crate::delivery::use_once(node, speaker, contract, &use_id).await.unwrap();
            crate::delivery::close_use(node, speaker, contract, &use_id, &delivered).await.unwrap();
        }
    }
    let messages = closed(&world).await;
    assert_eq!(messages.len(), 40);
    for (index, contract) in contracts.iter().enumerate() {
        let row = window_at(&world.provider, contract, 1).await;
        assert_eq!((row.first, row.last), (1, 1 + index as u64 % 3));
    }
    assert!(closed(&world).await.is_empty(), "nothing is left");
}

#[tokio::test]
async fn a_full_window_closes_at_once_and_the_rest_waits_its_time() {
    let limits = Limits { window_uses_max: 4, ..Limits::default() };
    let mut world = World::with(5, limits).await;
    let contract = world.contract(terms()).await;
    for turn in 0..9 {
        world.fetch(&contract, &format!("u{turn}")).await.unwrap();
    }
    let next = close_due(&world.provider.node).await.unwrap();
    assert_eq!(next, Some(world.clock_micros() + 1_000_000), "one use is left, and young");
    let ranges: Vec<_> =
        [window_at(&world.provider, &contract, 1).await, window_at(&world.provider, &contract, 2).await]
            .iter()
            .map(|row| (row.first, row.last))
            .collect();
    assert_eq!(ranges, [(1, 4), (5, 8)]);
    world.settle().await;
    let view = usage_at(&world.user, &contract).await;
    assert_eq!((view.countersigned.windows, view.countersigned.sums.uses), (3, 9));
}

#[tokio::test]
async fn after_a_restart_waiting_uses_are_found_in_the_store() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    // What a new process would know: nothing.
    let place = place(world.provider.speaker.id().as_str(), &contract);
    world.provider.node.meters().take_due(i64::MAX, pace(&world.provider.node), 10);
    assert_eq!(close_due(&world.provider.node).await.unwrap(), None);
    world.clock.advance_secs(5);
    world.provider.node.spawn("windows", close_windows(world.provider.node.clone()));
    let mut woken = world.provider.node.store().watch_outbox();
    tokio::time::timeout(std::time::Duration::from_secs(20), woken.changed()).await.unwrap().unwrap();
    assert_eq!(window_at(&world.provider, &contract, 1).await.last, 1, "{place:?}");
}

#[tokio::test]
async fn the_job_sleeps_until_a_close_calls_it() {
    let limits = Limits { window_ms: 0, ..Limits::default() };
    let mut world = World::with(5, limits).await;
    let contract = world.contract(terms()).await;
    let mut woken = world.provider.node.store().watch_outbox();
    world.provider.node.spawn("windows", close_windows(world.provider.node.clone()));
    tokio::task::yield_now().await;
    world.fetch(&contract, "u1").await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(20), woken.changed()).await.unwrap().unwrap();
    assert_eq!(window_at(&world.provider, &contract, 1).await.last, 1);
}

#[tokio::test]
async fn a_repeat_gets_the_same_answer_and_another_content_is_refused() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    let message = closed(&world).await.pop().unwrap();
    let body = body_of(&message);
    let first = asked(&world, "s1", &body).await.unwrap();
    assert!(matches!(asked(&world, "s1", &body).await, Err(Error::Repeated)), "the inbox has that answer");
    assert_eq!(asked(&world, "s2", &body).await.unwrap(), first, "a new message about the same window");
    let mut window: ledger::window::Window =
        window_in(&serde_json::from_value(body["window"].clone()).unwrap()).unwrap();
    window.closed_at += 1;
    let other = json!({"contractId": contract, "window": window.sign(&world.provider.speaker.key).unwrap(), "uses": body["uses"]});
    evidence_error(&asked(&world, "s3", &other).await.unwrap_err(), "another content");
    window_answered(&world.provider.node, &message, first.clone()).await.unwrap();
    window_answered(&world.provider.node, &message, first).await.unwrap();
}

/// A window over changed uses, signed all the same: what a dishonest provider would send.
fn forged(world: &World, body: &Value, change: impl Fn(&mut Vec<UseLeaf>)) -> Value {
    let object: SignedObject = serde_json::from_value(body["window"].clone()).unwrap();
    let honest = window_in(&object).unwrap();
    let mut uses: Vec<UseLeaf> = serde_json::from_value(body["uses"].clone()).unwrap();
    change(&mut uses);
    let start = ledger::window::WindowStart {
        contract_id: honest.contract_id.clone(),
        contract_digest: honest.contract_digest,
        number: honest.number,
        first: honest.first,
        previous: honest.previous,
        log: honest.log.clone(),
    };
    let (window, _) = Window::close(start, &uses, honest.closed_at).unwrap();
    let object = window.sign(&world.provider.speaker.key).unwrap();
    json!({"contractId": honest.contract_id, "window": object, "uses": uses})
}

#[tokio::test]
async fn a_window_that_does_not_agree_with_our_meter_is_refused_by_the_use() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    let message = closed(&world).await.pop().unwrap();
    let body = body_of(&message);
    let more = forged(&world, &body, |uses| uses[0].bytes += 1);
    evidence_error(&asked(&world, "s1", &more).await.unwrap_err(), "use `u1`: window field `bytes`");
    let invented = forged(&world, &body, |uses| {
        let mut another = uses[0].clone();
        (another.use_id, another.sequence) = ("invented".into(), 2);
        uses.push(another);
    });
    evidence_error(&asked(&world, "s2", &invented).await.unwrap_err(), "use `invented`");
    let torn = forged(&world, &body, |uses| {
        let mut another = uses[0].clone();
        (another.use_id, another.sequence) = ("torn".into(), 2);
        (another.complete, another.digest, another.rows) = (false, None, 0);
        uses.push(another);
    });
    evidence_error(&asked(&world, "s2t", &torn).await.unwrap_err(), "use `torn`: this side never asked");
    let incomplete = forged(&world, &body, |uses| {
        (uses[0].complete, uses[0].digest, uses[0].rows) = (false, None, 0);
    });
    evidence_error(&asked(&world, "s3", &incomplete).await.unwrap_err(), "arrived whole");
    let twice = forged(&world, &body, |uses| {
        let mut again = uses[0].clone();
        again.sequence = 2;
        uses.push(again);
    });
    evidence_error(&asked(&world, "s4", &twice).await.unwrap_err(), "twice");
    let mut sums = body.clone();
    sums["uses"][0]["rows"] = 99.into();
    evidence_error(&asked(&world, "s5", &sums).await.unwrap_err(), "do not make the window");
    assert!(asked(&world, "s6", &body).await.is_ok(), "the honest one passes after all of them");
}

/// A delivery that breaks off after 1000 bytes, and nobody takes it up; the message with its window.
async fn broken_off(world: &World, contract: &ContractId) -> MessageRow {
    world.provider.door.cut_after.store(1000, std::sync::atomic::Ordering::SeqCst);
    world.fetch(contract, "u1").await.unwrap_err();
    world.clock.advance_secs(601);
    assert_eq!(sweep_idle(&world.provider.node).await.unwrap(), 1);
    closed(world).await.pop().unwrap()
}

#[tokio::test]
async fn after_a_delivery_broke_off_both_meters_have_what_both_signed() {
    let mut world = World::new(80_000).await;
    let contract = world.contract(terms()).await;
    let message = broken_off(&world, &contract).await;
    let answer = asked(&world, "s1", &body_of(&message)).await.unwrap();
    window_answered(&world.provider.node, &message, answer).await.unwrap();
    let (theirs, ours) = (usage_at(&world.provider, &contract).await, usage_at(&world.user, &contract).await);
    assert!((1000..csv(80_000).len() as u64).contains(&ours.meter.bytes), "{ours:?}");
    assert_eq!((ours.meter.uses, ours.meter.complete, ours.meter.rows), (1, 0, 0));
    assert_eq!((theirs.meter, theirs.countersigned.sums), (ours.meter, ours.meter));
    assert_eq!((theirs.dispute, ours.countersigned.sums), (None, ours.meter));
    let uses = uses(&world.user.node, &world.user.speaker, contract.as_str()).await.unwrap();
    assert_eq!((uses.items[0].bytes, uses.items[0].window), (ours.meter.bytes, Some(1)));
}

#[tokio::test]
async fn an_incomplete_use_with_more_than_there_was_to_send_is_refused_by_the_use() {
    let mut world = World::new(80_000).await;
    let contract = world.contract(terms()).await;
    let body = body_of(&broken_off(&world, &contract).await);
    let whole = csv(80_000).len() as u64;
    for (turn, bytes) in [1 << 50, whole + 1].into_iter().enumerate() {
        let more = forged(&world, &body, |uses| uses[0].bytes = bytes);
        let error = asked(&world, &format!("m{turn}"), &more).await.unwrap_err();
        evidence_error(&error, &format!("use `u1`: the window says that {bytes} bytes were sent; {whole}"));
        assert_eq!(crate::refusal::reply(&error).code.to_string(), "300106");
    }
    let mut rows = body.clone();
    rows["uses"][0]["rows"] = json!(1_u64 << 40);
    evidence_error(&asked(&world, "s1", &rows).await.unwrap_err(), "use `u1`: window field `rows`");
    let view = usage_at(&world.user, &contract).await;
    assert_eq!((view.countersigned.windows, view.meter.bytes), (0, 0), "nothing was taken over");
    assert!(asked(&world, "s2", &body).await.is_ok(), "the honest one passes after all of them");
}

#[tokio::test]
async fn how_far_a_broken_delivery_came_outlives_the_process() {
    let mut world = World::new(80_000).await;
    let contract = world.contract(terms()).await;
    let id = UseId::parse("u1").unwrap();
    let key = store::UseKey {
        tenant: world.provider.speaker.id().to_string(),
        contract: contract.to_string(),
        use_id: id.to_string(),
    };
    let request = ndi::weir_v1::deliver::DeliverRequest { contract_id: contract, use_id: id, offset: 0 };
    let message =
        world.message(&world.user, &world.provider, "deliver", "s", request.to_body().unwrap()).await;
    let node = &world.provider.node;
    let mut stream = crate::delivery::serve(node, &message).await.unwrap().stream;
    let sent = stream.next().await.unwrap().unwrap().len() as u64;
    drop(stream);
    let row = || async {
        let key = key.clone();
        let read = node.store().read("test", move |read| {
            let key = key.clone();
            Box::pin(async move { Ok::<_, Error>(read.get_use(&key).await?.unwrap()) })
        });
        read.await.unwrap()
    };
    while row().await.bytes < sent {
        tokio::task::yield_now().await;
    }
    // What a new process knows: nothing but the row.
    assert_eq!(node.meters().begin_closing(&key), Some(sent));
    node.meters().end_closing(&key, true);
    world.clock.advance_secs(601);
    assert_eq!(sweep_idle(node).await.unwrap(), 1);
    let closed = row().await;
    assert_eq!((closed.complete, closed.bytes, closed.digest), (false, sent, None));
}

#[tokio::test]
async fn a_use_stands_in_one_window_only() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    world.settle().await;
    world.fetch(&contract, "u2").await.unwrap();
    let body = body_of(&closed(&world).await.pop().unwrap());
    let again = forged(&world, &body, |uses| uses[0].use_id = "u1".into());
    evidence_error(&asked(&world, "s1", &again).await.unwrap_err(), "window 1 already");
}

#[tokio::test]
async fn only_the_provider_s_signature_in_the_contract_s_chain_is_taken() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    let other = world.contract(Terms::new(Action::Read, terms().time).with_count(9)).await;
    world.fetch(&contract, "u1").await.unwrap();
    let body = body_of(&closed(&world).await.pop().unwrap());
    let window = window_in(&serde_json::from_value(body["window"].clone()).unwrap()).unwrap();
    let with = |window: &Window, key: &crypto::SigningKey| {
        let mut changed = body.clone();
        changed["window"] = serde_json::to_value(window.sign(key).unwrap()).unwrap();
        changed
    };
    let user = &world.user.speaker;
    evidence_error(
        &asked(&world, "s1", &with(&window, &user.key)).await.unwrap_err(),
        "signature does not hold",
    );
    let second = Window { number: 2, previous: Sha256::of(b"unknown"), first: 2, last: 2, ..window.clone() };
    let mut shifted = with(&second, &world.provider.speaker.key);
    shifted["uses"][0]["sequence"] = 2.into();
    let mut second = second;
    let uses: Vec<UseLeaf> = serde_json::from_value(shifted["uses"].clone()).unwrap();
    second.root = ledger::tree::Tree::from_leaves([uses[0].leaf_hash().unwrap()]).unwrap().root();
    shifted["window"] = serde_json::to_value(second.sign(&world.provider.speaker.key).unwrap()).unwrap();
    let early = asked(&world, "s2", &shifted).await.unwrap_err();
    assert!(matches!(&early, Error::NotReady { what, .. } if what.contains("follows window 1")), "{early}");
    let digest = Window { contract_digest: Sha256::of(b"another contract"), ..window.clone() };
    evidence_error(
        &asked(&world, "s3", &with(&digest, &world.provider.speaker.key)).await.unwrap_err(),
        "contractDigest",
    );
    let future = Window { closed_at: window.closed_at + 600_000_000, ..window.clone() };
    evidence_error(
        &asked(&world, "s4", &with(&future, &world.provider.speaker.key)).await.unwrap_err(),
        "future",
    );
    let mut elsewhere = body.clone();
    elsewhere["contractId"] = json!(other);
    evidence_error(&asked(&world, "s5", &elsewhere).await.unwrap_err(), "contractId");
    let mirrored = world.message(&world.user, &world.provider, "usageWindow", "s6", body.clone()).await;
    let refused = handle_window(&world.provider.node, &mirrored).await.unwrap_err();
    assert!(matches!(refused, Error::Forbidden(_)), "{refused}");
    assert!(asked(&world, "s7", &body).await.is_ok());
}

#[tokio::test]
async fn a_use_that_ends_here_while_its_window_waits_is_not_refused() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    let (node, speaker) = (world.user.node.clone(), world.user.speaker.clone());
    // The bytes come from an offset, so the use stays open here until the caller says what it has.
    let rest = crate::fetch::open(&node, &speaker, contract.as_str(), Some("u1"), 1).await.unwrap();
    super::testkit::read_all(rest.stream).await.unwrap();
    let body = body_of(&closed(&world).await.pop().unwrap());
    let message = incoming(&world, "s1", &body.to_string()).await;
    let answering = tokio::spawn({
        let node = node.clone();
        async move { handle_window(&node, &message).await }
    });
    while node.meters().waiting_for_received() == 0 {
        tokio::task::yield_now().await;
    }
    let content = csv(5);
    let digest = Sha256::of(content.as_bytes());
    crate::fetch::received(&node, &speaker, contract.as_str(), "u1", content.len() as u64, digest)
        .await
        .unwrap();
    assert!(answering.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_use_that_stays_open_here_asks_for_patience_and_not_for_a_dispute() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    let rest = crate::fetch::open(&world.user.node, &world.user.speaker, contract.as_str(), Some("u1"), 1)
        .await
        .unwrap();
    super::testkit::read_all(rest.stream).await.unwrap();
    let message = closed(&world).await.pop().unwrap();
    let asked = incoming(&world, "s1", &message.body).await;
    let error =
        compare::handle_within(&world.user.node, &asked, std::time::Duration::ZERO).await.unwrap_err();
    assert!(matches!(&error, Error::NotReady { what, .. } if what.contains("`u1`")), "{error}");
    assert!(error.is_passing(), "the provider tries again");
    let reply = crate::refusal::reply(&error);
    let told = Error::Peer {
        peer: "p".into(),
        code: reply.code.to_string(),
        message: reply.message,
        data: serde_json::Value::Null,
    };
    assert!(told.is_passing());
    window_undelivered(&world.provider.node, &message, &told).await.unwrap();
    assert_eq!(window_at(&world.provider, &contract, 1).await.state, WindowRow::SIGNED, "nobody said no");
}

#[tokio::test]
async fn windows_that_nobody_answered_are_sent_again_in_their_order_and_refused_ones_are_not() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    let away = Error::Peer {
        peer: "u".into(),
        code: "100001".into(),
        message: "busy".into(),
        data: serde_json::Value::Null,
    };
    let mut letters = Vec::new();
    for turn in 0..3 {
        world.fetch(&contract, &format!("u{turn}")).await.unwrap();
        letters.extend(closed(&world).await);
        window_undelivered(&world.provider.node, letters.last().unwrap(), &away).await.unwrap();
    }
    assert_eq!(resend_windows(&world.provider.node).await.unwrap(), 0, "they rest first");
    world.clock.advance_secs(300);
    assert_eq!(resend_windows(&world.provider.node).await.unwrap(), 3);
    while crate::outbox::pump(&world.provider.node).await.unwrap() > 0 {}
    let view = usage_at(&world.provider, &contract).await;
    assert_eq!((view.countersigned.windows, view.unsigned), (3, 0));
    world.fetch(&contract, "u3").await.unwrap();
    let refused = closed(&world).await.pop().unwrap();
    let no = Error::Peer {
        peer: "u".into(),
        code: "300106".into(),
        message: "no".into(),
        data: serde_json::Value::Null,
    };
    window_undelivered(&world.provider.node, &refused, &no).await.unwrap();
    world.clock.advance_secs(300);
    assert_eq!(resend_windows(&world.provider.node).await.unwrap(), 0);
}

#[tokio::test]
async fn a_refusal_makes_the_window_disputed_for_all_to_see() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    let message = closed(&world).await.pop().unwrap();
    let refusal = Error::Peer {
        peer: "u".into(),
        code: "300106".into(),
        message: "use `u1`: rows".into(),
        data: serde_json::Value::Null,
    };
    window_undelivered(&world.provider.node, &message, &refusal).await.unwrap();
    let view = usage_at(&world.provider, &contract).await;
    let dispute = Dispute { number: 1, code: Some("300106".into()), reason: "use `u1`: rows".into() };
    assert_eq!((view.dispute, view.unsigned, view.countersigned.windows), (Some(dispute), 1, 0));
    for log in world.provider.node.logs().all() {
        crate::log::drain(&world.provider.node, log).await.unwrap();
    }
    let subject = window_subject(contract.as_str(), 1);
    let logged =
        crate::log::inclusion(&world.provider.node, "window.disputed", &subject).await.unwrap().unwrap();
    assert_eq!(logged.entry.body["body"]["reason"], "use `u1`: rows");
    assert_eq!(messages(&world).await, OutboxCount { waiting: 0, dead: 0 }, "the dispute says it all");
}

/// The provider's messages.
async fn messages(world: &World) -> OutboxCount {
    let count = world
        .provider
        .node
        .store()
        .read("count", |read| Box::pin(async move { Ok::<_, Error>(read.count_messages().await?) }));
    count.await.unwrap()
}

/// A dead letter of the provider's to nobody.
async fn dead_letter(world: &World, kind: &str, stream: &str) {
    let now = world.provider.node.now();
    let (tenant, user) = (world.provider.speaker.id(), world.user.speaker.id());
    let message = crate::outbox::message(tenant, stream, user, kind, &serde_json::json!({}), now);
    let written = world.provider.node.store().run_tx("dead_letter", move |tx| {
        let message = message.clone();
        Box::pin(async move {
            let row = tx.add_leased(&[message], 1, 1).await?.remove(0);
            Ok::<_, Error>(tx.bury_message(&row, now.micros(), "no").await?)
        })
    });
    assert!(written.await.unwrap());
}

#[tokio::test]
async fn windows_are_sent_again_however_many_dead_letters_lie_before_them() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    for number in 0..1001 {
        let kind = if number % 2 == 0 { "greeting" } else { crate::outbox::USAGE_WINDOW };
        dead_letter(&world, kind, &format!("s{number}")).await;
    }
    world.fetch(&contract, "u1").await.unwrap();
    let letter = closed(&world).await.pop().unwrap();
    let away = Error::NotYet("the user is away".into());
    window_undelivered(&world.provider.node, &letter, &away).await.unwrap();
    assert_eq!(messages(&world).await.dead, 1002);
    world.clock.advance_secs(300);
    assert_eq!(resend_windows(&world.provider.node).await.unwrap(), 1);
    while crate::outbox::pump(&world.provider.node).await.unwrap() > 0 {}
    assert_eq!(usage_at(&world.provider, &contract).await.countersigned.windows, 1);
}

/// A use's window whose letter was given up without an answer; the letter's number.
async fn dead_window(world: &World, contract: &ContractId, use_id: &str) -> i64 {
    world.fetch(contract, use_id).await.unwrap();
    let letter = closed(world).await.pop().unwrap();
    let away = Error::NotYet("the user is away".into());
    window_undelivered(&world.provider.node, &letter, &away).await.unwrap();
    letter.id
}

#[tokio::test]
async fn a_dead_window_stays_as_long_as_its_contract_and_is_not_sent_for_ever_after() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    let letter = dead_window(&world, &contract, "u1").await;
    let node = &world.provider.node;
    let needed = crate::outbox::dismiss(node, letter).await.unwrap_err();
    assert!(matches!(&needed, Error::Forbidden(why) if why.case() == Some("letter-needed")), "{needed}");
    let limits = Limits::default();
    world.clock.advance_secs(limits.dead_letters_ms / 1000 + 1);
    assert_eq!(crate::outbox::forget_windows(node).await.unwrap(), 0, "it is needed");
    crate::contract::terminate(node, &world.provider.speaker, contract.as_str(), "enough").await.unwrap();
    world.clock.advance_secs(limits.send_age_max_ms / 1000);
    assert_eq!(resend_windows(node).await.unwrap(), 0, "its contract is over for long");
    assert_eq!(crate::outbox::forget_windows(node).await.unwrap(), 1);
    assert!(matches!(crate::outbox::dismiss(node, letter).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_dead_window_of_a_contract_that_is_over_is_dismissed_and_sent_again_till_then() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    let letter = dead_window(&world, &contract, "u1").await;
    let node = &world.provider.node;
    crate::contract::terminate(node, &world.provider.speaker, contract.as_str(), "enough").await.unwrap();
    assert_eq!(crate::outbox::forget_windows(node).await.unwrap(), 0, "it is young");
    world.clock.advance_secs(300);
    assert_eq!(resend_windows(node).await.unwrap(), 1);
    let waits = crate::outbox::dismiss(node, letter).await.unwrap_err();
    assert!(matches!(&waits, Error::Forbidden(why) if why.case() == Some("letter-waits")), "{waits}");
    let row = node
        .store()
        .read("row", move |read| Box::pin(async move { Ok::<_, Error>(read.get_message(letter).await?) }));
    let row = row.await.unwrap().unwrap();
    window_undelivered(node, &row, &Error::NotYet("away".into())).await.unwrap();
    crate::outbox::dismiss(node, letter).await.unwrap();
    assert_eq!(window_at(&world.provider, &contract, 1).await.state, WindowRow::SIGNED);
}

#[tokio::test]
async fn a_counter_signature_of_anyone_else_or_anything_else_is_no_answer() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    let message = closed(&world).await.pop().unwrap();
    let stored: WindowBody = window_at(&world.provider, &contract, 1).await.body.get().unwrap();
    let window = window_in(&stored.object).unwrap();
    let log = world.user.node.logs().evidence().identity().clone();
    let reply = |hash, key: &crypto::SigningKey| {
        let object = Countersignature::of(&window, hash, 1, log.clone()).sign(key).unwrap();
        UsageWindowReply { countersignature: object }.to_body().unwrap()
    };
    let hash = window_hash(&stored.object).unwrap();
    for wrong in
        [reply(hash, &world.provider.speaker.key), reply(Sha256::of(b"other"), &world.user.speaker.key)]
    {
        let error = window_answered(&world.provider.node, &message, wrong).await.unwrap_err();
        evidence_error(&error, "counter-signature of window 1");
        assert_eq!(window_at(&world.provider, &contract, 1).await.state, WindowRow::SIGNED);
    }
    window_answered(&world.provider.node, &message, reply(hash, &world.user.speaker.key)).await.unwrap();
    assert_eq!(window_at(&world.provider, &contract, 1).await.state, WindowRow::COUNTERSIGNED);
}

#[tokio::test]
async fn windows_close_after_the_contract_has_ended_and_after_the_clock_was_set_back() {
    let mut world = World::new(5).await;
    let contract = world.contract(terms()).await;
    world.fetch(&contract, "u1").await.unwrap();
    world.settle().await;
    world.fetch(&contract, "u2").await.unwrap();
    let (node, speaker) = (&world.provider.node, &world.provider.speaker);
    crate::contract::terminate(node, speaker, contract.as_str(), "enough").await.unwrap();
    world.clock.advance_secs(10);
    world.clock.set(at("2026-03-01T12:00:00Z"));
    // Due by its age on the clock that it closed by; the job looks again when the clock has come so far.
    world.clock.advance_secs(3);
    world.settle().await;
    let row = window_at(&world.user, &contract, 2).await;
    assert_eq!((row.first, row.last), (2, 2));
    assert!(row.closed_at >= window_at(&world.user, &contract, 1).await.closed_at);
}

#[test]
fn windows_pace_is_by_age_or_by_number() {
    let meters = Meters::default();
    let pace = Pace { age: 1000, uses: 3 };
    let of = |name: &str| ("t".to_owned(), name.to_owned());
    meters.closed(of("a"), 10, pace);
    meters.closed(of("b"), 500, pace);
    assert_eq!(meters.take_due(1009, pace, 10), (vec![], Some(1010)));
    assert_eq!(meters.take_due(1010, pace, 10), (vec![of("a")], Some(1500)));
    for at in [501, 502] {
        meters.closed(of("b"), at, pace);
    }
    assert_eq!(meters.take_due(600, pace, 10), (vec![of("b")], None), "three wait: at once");
    meters.found(of("c"), 7, 0, pace);
    meters.found(of("c"), 2, 0, pace);
    assert_eq!(meters.take_due(999, pace, 10), (vec![], Some(1000)), "what is found replaces what was known");
}

#[test]
fn a_count_of_unsigned_windows_stands_until_one_of_them_changes() {
    let meters = Meters::default();
    let of = |name: &str| ("t".to_owned(), name.to_owned());
    let before = meters.unsigned(&of("a")).unwrap_err();
    meters.keep_unsigned(of("a"), before, 3);
    meters.keep_unsigned(of("b"), before, 5);
    assert_eq!(meters.unsigned(&of("a")), Ok(3));
    meters.window_changed(&of("a"));
    assert_eq!(meters.unsigned(&of("b")), Ok(5), "another contract's");
    meters.keep_unsigned(of("a"), before, 3);
    let now = meters.unsigned(&of("a")).unwrap_err();
    assert_ne!(now, before, "what was counted before the change is not kept");
    meters.keep_unsigned(of("a"), now, 2);
    assert_eq!(meters.unsigned(&of("a")), Ok(2));
}

#[test]
fn a_use_is_sent_or_closed_and_never_both() {
    let meters = Meters::default();
    let key = store::UseKey { tenant: "t".into(), contract: "c".into(), use_id: "u".into() };
    let send = |upto: u64| {
        meters.begin(&key).unwrap().reach(upto);
        assert_eq!(meters.begin_closing(&key), None, "it is being sent");
        meters.end(&key, false);
    };
    send(70);
    send(30);
    assert_eq!(meters.begin_closing(&key), Some(70), "the furthest byte of all");
    assert!(meters.begin(&key).is_none(), "it is being closed");
    meters.end_closing(&key, false);
    assert_eq!(meters.begin_closing(&key), Some(70), "the close failed: nothing is forgotten");
    meters.end_closing(&key, true);
    assert_eq!(meters.begin_closing(&key), Some(0), "closed: forgotten");
}
