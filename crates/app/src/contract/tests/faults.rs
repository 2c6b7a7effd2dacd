//! Lost messages, lost answers, a peer that is away, and a contract that moves under its writer.

use std::sync::atomic::Ordering;

use store::MessageRow;

use super::*;

async fn waiting(site: &Site) -> (u64, u64) {
    let count = site
        .node
        .store()
        .read("count", |read| Box::pin(async move { Ok::<_, Error>(read.count_messages().await?) }));
    let count = count.await.unwrap();
    (count.waiting, count.dead)
}

/// One try of what is due, then the clock moves past every pause.
async fn try_once(world: &World, site: &Site) -> usize {
    let tried = outbox::pump(&site.node).await.unwrap();
    world.clock.advance_micros(10_000_000);
    tried
}

/// What a look finds before long.
async fn soon<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LONG, found).await.unwrap()
}

/// Tries what is due every five minutes for so long.
async fn hours(world: &World, site: &Site, hours: u32) {
    for _ in 0..hours * 12 {
        outbox::pump(&site.node).await.unwrap();
        world.clock.advance_secs(300);
    }
}

/// One try of what is due now, and the last one a week later.
async fn until_given_up(world: &World, site: &Site) {
    assert_eq!(outbox::pump(&site.node).await.unwrap(), 1);
    world.clock.advance_secs(7 * 24 * 3600);
    assert_eq!(outbox::pump(&site.node).await.unwrap(), 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_is_given_again_and_takes_effect_once() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    for site in [&world.service, &world.provider] {
        site.door.loses_answers.store(true, Ordering::SeqCst);
        assert_eq!(try_once(&world, &world.user).await, 1);
        assert_eq!(waiting(&world.user).await, (1, 0));
        site.door.loses_answers.store(false, Ordering::SeqCst);
        try_once(&world, &world.user).await;
    }
    drain(&world).await;
    let ours = shown_at(&world.user, &proposed.key).await;
    assert_eq!((ours.state, ours.trouble.is_none()), ("05", true));
    assert_eq!(only(&world.provider).await.rounds.len(), 1);
    let issued = world.service.node.store().read("issued", |read| {
        Box::pin(async move { Ok::<_, Error>(read.list_issued(&store::Page::first(10)).await?) })
    });
    let issued = issued.await.unwrap();
    assert_eq!(issued.len(), 1);
    assert_eq!(
        (issued[0].product.as_str(), &issued[0].provider),
        (world.product.as_str(), &ours.provider_connector)
    );
}

#[tokio::test]
async fn a_platform_that_stays_away_leaves_a_dead_letter_and_an_ended_contract() {
    let world = World::new(Negotiation::Automatic).await;
    world.service.door.closed.store(true, Ordering::SeqCst);
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    hours(&world, &world.user, 6).await;
    assert_eq!(waiting(&world.user).await, (1, 0));
    until_given_up(&world, &world.user).await;
    assert_eq!(waiting(&world.user).await, (0, 1));
    let ended = shown_at(&world.user, &proposed.key).await;
    assert_eq!((ended.state, ended.contract_id.clone()), ("06", None));
    assert!(ended.reason.unwrap().starts_with("no contract identifier"));
    let trouble = ended.trouble.unwrap();
    assert_eq!((trouble.message.as_str(), trouble.code), ("contractCreate", None));
}

#[tokio::test]
async fn a_provider_that_stays_away_ends_the_negotiation_and_is_told_when_it_is_back() {
    let world = World::new(Negotiation::Manual).await;
    let proposed = propose_at(&world, &offer(), Sign::Manual).await;
    drain(&world).await;
    world.provider.door.closed.store(true, Ordering::SeqCst);
    let id = only(&world.provider).await.contract_id.unwrap();
    let (provider, user) = (&world.provider, &world.user);
    counter(&provider.node, &provider.speaker(), &id, &terms_json(&offer().with_count(3))).await.unwrap();
    drain(&world).await;
    counter(&user.node, &user.speaker(), &proposed.key, &terms_json(&offer().with_count(2))).await.unwrap();
    until_given_up(&world, user).await;
    let ended = shown_at(user, &proposed.key).await;
    assert_eq!((ended.state, ended.ended_by), ("06", Some(Role::User)));
    assert_eq!(waiting(user).await, (1, 1));
    provider.door.closed.store(false, Ordering::SeqCst);
    drain(&world).await;
    let theirs = only(provider).await;
    assert_eq!((theirs.state, theirs.ended_by), ("06", Some(Role::User)));
    assert!(theirs.reason.unwrap().starts_with("not delivered"));
}

/// A contract that the provider has signed, and the user does not know that it has.
async fn half_signed() -> World {
    let world = World::new(Negotiation::Automatic).await;
    propose_at(&world, &offer(), Sign::OnAgreement).await;
    world.user.door.closed.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        try_once(&world, &world.user).await;
    }
    assert_eq!((only(&world.provider).await.state, only(&world.user).await.state), ("05", "03"));
    world
}

#[tokio::test]
async fn a_peer_that_is_away_for_hours_while_a_contract_is_signed_has_it_signed_when_it_is_back() {
    let world = half_signed().await;
    hours(&world, &world.provider, 6).await;
    assert_eq!(waiting(&world.provider).await, (1, 0), "nothing is given up");
    world.user.door.closed.store(false, Ordering::SeqCst);
    drain(&world).await;
    let (ours, theirs) = (only(&world.user).await, only(&world.provider).await);
    assert_eq!((ours.state, theirs.state), ("05", "05"));
    assert!(ours.trouble.is_none() && theirs.trouble.is_none());
    let tenant = world.user.speaker().id().to_string();
    for_gate(&world.user.node, &tenant, ours.contract_id.as_deref().unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_message_that_cannot_be_delivered_ends_no_contract_in_force_and_leaves_when_it_is_signed_again() {
    let world = half_signed().await;
    until_given_up(&world, &world.provider).await;
    let theirs = only(&world.provider).await;
    assert_eq!((theirs.state, theirs.trouble.unwrap().message.as_str()), ("05", "contractNegotiate"));
    assert_eq!(waiting(&world.provider).await, (0, 1));
    world.user.door.closed.store(false, Ordering::SeqCst);
    let (node, provider) = (&world.provider.node, world.provider.speaker());
    let again = sign(node, &provider, &theirs.key).await.unwrap();
    assert_eq!((again.state, waiting(&world.provider).await), ("05", (1, 0)));
    drain(&world).await;
    assert_eq!(only(&world.user).await.state, "05");
    assert!(only(&world.provider).await.trouble.is_none(), "it arrived");
    assert_eq!(waiting(&world.provider).await, (0, 0));
}

#[tokio::test]
async fn a_termination_reaches_a_peer_that_was_away_for_hours() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    drain(&world).await;
    world.provider.door.closed.store(true, Ordering::SeqCst);
    let (node, user) = (&world.user.node, world.user.speaker());
    terminate(node, &user, &proposed.key, "no longer needed").await.unwrap();
    hours(&world, &world.user, 6).await;
    assert_eq!((only(&world.provider).await.state, waiting(&world.user).await), ("05", (1, 0)));
    world.provider.door.closed.store(false, Ordering::SeqCst);
    drain(&world).await;
    let theirs = only(&world.provider).await;
    assert_eq!((theirs.state, theirs.reason.as_deref()), ("06", Some("no longer needed")));
}

#[tokio::test]
async fn a_termination_that_was_given_up_leaves_when_it_is_said_again_and_by_its_number() {
    for by_number in [false, true] {
        let world = World::new(Negotiation::Automatic).await;
        let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
        drain(&world).await;
        world.provider.door.closed.store(true, Ordering::SeqCst);
        let (node, user) = (&world.user.node, world.user.speaker());
        terminate(node, &user, &proposed.key, "no longer needed").await.unwrap();
        until_given_up(&world, &world.user).await;
        assert_eq!(waiting(&world.user).await, (0, 1));
        assert_eq!(shown_at(&world.user, &proposed.key).await.trouble.unwrap().message, "contractTerminate");
        world.provider.door.closed.store(false, Ordering::SeqCst);
        if by_number {
            let dead = outbox::list(node, Some(outbox::State::GivenUp), 0, 10).await.unwrap();
            let back = outbox::try_again(node, dead[0].id).await.unwrap();
            assert_eq!((back.state, back.message.as_str()), (outbox::State::Waiting, "contractTerminate"));
        } else {
            terminate(node, &user, &proposed.key, "again").await.unwrap();
        }
        drain(&world).await;
        let theirs = only(&world.provider).await;
        assert_eq!((theirs.state, theirs.reason.as_deref()), ("06", Some("no longer needed")));
        assert_eq!(waiting(&world.user).await, (0, 0));
        assert!(shown_at(&world.user, &proposed.key).await.trouble.is_none());
    }
}

#[tokio::test]
async fn a_proposal_of_a_contract_that_is_over_is_dismissed_but_not_tried_again() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    outbox::pump(&world.user.node).await.unwrap();
    world.provider.door.closed.store(true, Ordering::SeqCst);
    until_given_up(&world, &world.user).await;
    assert_eq!(shown_at(&world.user, &proposed.key).await.state, "06");
    let node = &world.user.node;
    let dead = outbox::list(node, Some(outbox::State::GivenUp), 0, 10).await.unwrap();
    assert_eq!((dead.len(), dead[0].message.as_str(), dead[0].attempts), (1, "contractNegotiate", 2));
    let refused = outbox::try_again(node, dead[0].id).await.unwrap_err();
    assert!(matches!(&refused, Error::Forbidden(why) if why.case() == Some("letter-obsolete")), "{refused}");
    assert_eq!(outbox::try_all_again(node).await.unwrap(), 0);
    let waits = outbox::list(node, Some(outbox::State::Waiting), 0, 10).await.unwrap();
    assert_eq!(waits[0].message, "contractTerminate", "the provider is told when it is back");
    let refused = outbox::dismiss(node, waits[0].id).await.unwrap_err();
    assert!(matches!(&refused, Error::Forbidden(why) if why.case() == Some("letter-waits")), "{refused}");
    outbox::dismiss(node, dead[0].id).await.unwrap();
    assert!(matches!(outbox::dismiss(node, dead[0].id).await, Err(Error::NotFound { .. })));
    world.provider.door.closed.store(false, Ordering::SeqCst);
    drain(&world).await;
    assert_eq!(waiting(&world.user).await, (0, 0), "that the provider never knew of it is an answer too");
}

#[tokio::test]
async fn what_waits_for_a_peer_is_due_as_soon_as_the_peer_is_heard_of() {
    let world = World::started(Negotiation::Manual).await;
    let proposed = propose_at(&world, &offer(), Sign::Manual).await;
    let (user, node) = (world.user.speaker(), &world.user.node);
    let provider = world.provider.speaker();
    let id = soon(async || {
        let all = list(&world.provider.node, &provider, &Part::all()).await.unwrap();
        all.into_iter().next().and_then(|view| view.contract_id)
    })
    .await;
    world.user.door.closed.store(true, Ordering::SeqCst);
    let three = terms_json(&offer().with_count(3));
    counter(&world.provider.node, &provider, &id, &three).await.unwrap();
    // Its next try is minutes away, by a clock that stands still.
    let store = world.provider.node.store();
    soon(async || {
        let read = store.read("waiting", |read| {
            Box::pin(async move { Ok::<_, Error>(read.list_waiting_messages(0, 10).await?) })
        });
        read.await.unwrap().into_iter().next().filter(|row| row.last_error.is_some())
    })
    .await;
    world.user.door.closed.store(false, Ordering::SeqCst);
    terminate(node, &user, &proposed.key, "never mind").await.unwrap();
    soon(async || (waiting(&world.provider).await == (0, 0)).then_some(())).await;
    assert_eq!(only(&world.provider).await.state, "06");
}

#[tokio::test]
async fn two_decisions_at_once_are_taken_one_after_the_other() {
    let world = World::new(Negotiation::Manual).await;
    let proposed = propose_at(&world, &offer(), Sign::Manual).await;
    drain(&world).await;
    let (node, speaker) = (&world.provider.node, world.provider.speaker());
    let id = only(&world.provider).await.contract_id.unwrap();
    let (accepted, terminated) =
        tokio::join!(accept(node, &speaker, &id), terminate(node, &speaker, &id, "second thoughts"));
    assert_eq!(terminated.unwrap().state, "06");
    assert!(
        accepted.is_ok_and(|view| view.state == "03") || shown_at(&world.provider, &id).await.state == "06"
    );
    drain(&world).await;
    let ours = shown_at(&world.user, &proposed.key).await;
    assert!(["06", "0302"].contains(&ours.state), "{}", ours.state);
}

#[tokio::test]
async fn what_is_in_memory_is_what_is_stored() {
    let world = World::started(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    let (node, user) = (&world.user.node, world.user.speaker());
    wait(node, &user, &proposed.key, "05", LONG).await.unwrap();
    let tenant = user.id().to_string();
    let kept = get(node, &tenant, &proposed.key).await.unwrap();
    let (owner, key) = (tenant.clone(), proposed.key.clone());
    let row = node.store().read("row", move |read| {
        let (owner, key) = (owner.clone(), key.clone());
        Box::pin(async move { Ok::<_, Error>(read.get_contract(&owner, &key).await?) })
    });
    let row = row.await.unwrap().unwrap();
    assert_eq!((row.version, row.state.as_str()), (kept.version, "05"));
    assert_eq!(row.body.get::<Entry>().unwrap(), kept.entry);
    assert_eq!(kept.version, 4);
}

#[tokio::test]
async fn a_message_that_nobody_knows_becomes_a_dead_letter() {
    let world = World::new(Negotiation::Automatic).await;
    let (user, service) = (world.user.speaker(), world.service.node.standing().unwrap().speaker.clone());
    let message =
        outbox::message(user.id(), "s", service.id(), "greeting", &json!({"a": 1}), world.user.node.now());
    let written = world.user.node.store().run_tx("test", move |tx| {
        let message = message.clone();
        Box::pin(async move { Ok::<_, Error>(tx.add_messages(&[message]).await?) })
    });
    written.await.unwrap();
    drain(&world).await;
    assert_eq!(waiting(&world.user).await, (0, 1));
    let rows =
        world.user.node.store().read("dead", |read| {
            Box::pin(async move { Ok::<_, Error>(read.list_dead_messages(0, 1).await?) })
        });
    let rows: Vec<MessageRow> = rows.await.unwrap();
    assert!(rows[0].last_error.as_deref().unwrap().contains("300103"), "{rows:?}");
}

#[tokio::test]
async fn a_later_message_of_a_stream_waits_for_the_earlier_one() {
    let world = World::new(Negotiation::Automatic).await;
    let (user, node) = (world.user.speaker(), &world.user.node);
    let proposed = propose_at(&world, &offer().with_count(2), Sign::Manual).await;
    drain(&world).await;
    world.provider.door.closed.store(true, Ordering::SeqCst);
    sign(node, &user, &proposed.key).await.unwrap();
    terminate(node, &user, &proposed.key, "never mind").await.unwrap();
    assert_eq!(waiting(&world.user).await, (2, 0));
    assert_eq!(try_once(&world, &world.user).await, 1);
    world.provider.door.closed.store(false, Ordering::SeqCst);
    assert_eq!(try_once(&world, &world.user).await, 1);
    assert_eq!(only(&world.provider).await.state, "05");
    drain(&world).await;
    assert_eq!(
        (only(&world.provider).await.state, shown_at(&world.user, &proposed.key).await.state),
        ("06", "06")
    );
}

#[tokio::test]
async fn what_was_left_by_a_node_that_stopped_is_sent_by_the_next() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    // The message was leased, and its sender died.
    let now = world.user.node.now().micros();
    let leased = world.user.node.store().run_tx("lease", move |tx| {
        Box::pin(async move { Ok::<_, Error>(tx.lease_due(1, now, 45_000_000).await?) })
    });
    assert_eq!(leased.await.unwrap().len(), 1);
    assert_eq!(outbox::pump(&world.user.node).await.unwrap(), 0);
    world.clock.advance_micros(45_000_000);
    drain(&world).await;
    assert_eq!(shown_at(&world.user, &proposed.key).await.state, "05");
}
