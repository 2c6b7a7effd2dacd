//! Contracts between two nodes with keys, stores and logs of their own: what both sides see of the main ways, and how it ends. Lost, late and
//! repeated messages are in `faults`, wrong ones in `messages`; the nodes are `world`'s.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod faults;
mod messages;
mod world;

use std::time::Duration;

use domain::terms::{Action, Terms};
use ndi::weir_v1::terms::TermsObject;
use serde_json::{Value, json};

use self::world::{Site, World, at, offer, year};
use super::*;
use crate::catalogue::product::Negotiation;
use crate::outbox;

const LONG: Duration = Duration::from_secs(20);

fn terms_json(terms: &Terms) -> Value {
    TermsObject::from(terms).to_body().unwrap()
}

fn proposal(world: &World, terms: &Terms, sign: Sign) -> NewContract {
    NewContract { product: world.product.to_string(), name: None, terms: terms_json(terms), sign }
}

async fn propose_at(world: &World, terms: &Terms, sign: Sign) -> ContractView {
    let speaker = world.user.speaker();
    propose(&world.user.node, &speaker, proposal(world, terms, sign)).await.unwrap()
}

async fn shown_at(site: &Site, name: &str) -> ContractView {
    show(&site.node, &site.speaker(), name).await.unwrap()
}

async fn only(site: &Site) -> ContractView {
    let mut all = list(&site.node, &site.speaker(), &Part::all()).await.unwrap();
    assert_eq!(all.len(), 1);
    all.pop().unwrap()
}

/// Sends until nothing is due anywhere.
async fn drain(world: &World) {
    loop {
        let mut tried = 0;
        for site in [&world.user, &world.provider, &world.service] {
            tried += outbox::pump(&site.node).await.unwrap();
        }
        if tried == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn what_lies_within_the_offer_is_in_force_at_once_on_both_sides() {
    let world = World::started(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    assert_eq!((proposed.state, proposed.contract_id.clone(), proposed.sign), ("01", None, "on_agreement"));
    let speaker = world.user.speaker();
    let ours = wait(&world.user.node, &speaker, &proposed.key, "05", LONG).await.unwrap();
    assert_eq!(ours.state, "05");
    let id = ours.contract_id.clone().unwrap();
    let theirs = wait(&world.provider.node, &world.provider.speaker(), &id, "05", LONG).await.unwrap();
    assert_eq!((theirs.state, theirs.role, theirs.sign), ("05", Role::Provider, "automatic"));
    let digests: Vec<&str> =
        ours.signatures.iter().chain(&theirs.signatures).map(|one| one.contract_digest.as_str()).collect();
    assert_eq!(digests.len(), 4);
    assert!(digests.iter().all(|digest| *digest == digests[0]));
    // One message for the id, two of the user's, one of the provider's: nothing is said twice.
    assert_eq!((world.service.came(), world.provider.came(), world.user.came()), (1, 2, 1));
    let gate = for_gate(&world.provider.node, &theirs.provider_connector, &id).await.unwrap();
    assert_eq!((&gate.terms, gate.product.as_str()), (&offer(), world.product.as_str()));
    assert_eq!(gate.user.connector.as_str(), ours.user_connector);
}

#[tokio::test]
async fn more_than_the_offer_is_countered_and_the_user_signs_that() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer().with_count(2), Sign::OnAgreement).await;
    drain(&world).await;
    let countered = shown_at(&world.user, &proposed.key).await;
    assert_eq!((countered.state, countered.awaits_us, countered.rounds.len()), ("02", true, 2));
    assert_eq!(countered.rounds[1].by, Role::Provider);
    assert_eq!(countered.terms.count, Some(1));
    let signed = sign(&world.user.node, &world.user.speaker(), &proposed.key).await.unwrap();
    assert_eq!(signed.state, "03");
    drain(&world).await;
    for site in [&world.user, &world.provider] {
        let view = only(site).await;
        assert_eq!((view.state, view.terms.count, view.signatures.len()), ("05", Some(1), 2));
    }
}

#[tokio::test]
async fn what_has_nothing_in_common_with_the_offer_ends_with_the_constraint_s_name() {
    let world = World::new(Negotiation::Automatic).await;
    let later = domain::TimeRange::new(at("2028-01-01T00:00:00Z"), at("2029-01-01T00:00:00Z")).unwrap();
    let proposed = propose_at(&world, &Terms::new(Action::Read, later), Sign::OnAgreement).await;
    drain(&world).await;
    let refused = shown_at(&world.user, &proposed.key).await;
    assert_eq!(
        (refused.state, refused.cause, refused.ended_by),
        ("06", Some("terminated"), Some(Role::Provider))
    );
    assert!(refused.reason.as_deref().unwrap().contains("time"), "{refused:?}");
    let trouble = refused.trouble.unwrap();
    assert_eq!((trouble.message.as_str(), trouble.code.as_deref()), ("contractNegotiate", Some("300104")));
    assert!(list(&world.provider.node, &world.provider.speaker(), &Part::all()).await.unwrap().is_empty());
    let dead =
        world.user.node.store().read("dead", |read| {
            Box::pin(async move { Ok::<_, Error>(read.list_dead_messages(0, 10).await?) })
        });
    assert!(dead.await.unwrap().is_empty(), "a refusal is an answer");
}

#[tokio::test]
async fn people_negotiate_by_hand_on_both_sides() {
    let world = World::new(Negotiation::Manual).await;
    let (user, provider) = (&world.user, &world.provider);
    let proposed = propose_at(&world, &offer().with_count(5), Sign::Manual).await;
    drain(&world).await;
    let received = only(provider).await;
    assert_eq!(
        (received.state, received.awaits_us, received.user.as_str()),
        ("02", true, "Shanghai Laboratory")
    );
    let id = received.contract_id.unwrap();
    let three = terms_json(&offer().with_count(3));
    counter(&provider.node, &provider.speaker(), &id, &three).await.unwrap();
    drain(&world).await;
    let two = terms_json(&offer().with_count(2));
    counter(&user.node, &user.speaker(), &proposed.key, &two).await.unwrap();
    drain(&world).await;
    let accepted = accept(&provider.node, &provider.speaker(), &id).await.unwrap();
    assert_eq!((accepted.state, accepted.rounds.len()), ("03", 3));
    drain(&world).await;
    assert_eq!(shown_at(user, &proposed.key).await.state, "03");
    // Both sign before either has heard of the other.
    sign(&provider.node, &provider.speaker(), &id).await.unwrap();
    sign(&user.node, &user.speaker(), &id).await.unwrap();
    drain(&world).await;
    for site in [user, provider] {
        let view = only(site).await;
        assert_eq!((view.state, view.terms.count), ("05", Some(2)));
    }
}

#[tokio::test]
async fn neither_side_counters_with_terms_that_leave_out_the_user() {
    let world = World::new(Negotiation::Manual).await;
    let (user, provider) = (&world.user, &world.provider);
    let proposed = propose_at(&world, &offer().with_count(5), Sign::Manual).await;
    drain(&world).await;
    let id = only(provider).await.contract_id.unwrap();
    let others = terms_json(&offer().with_users([provider.speaker().id().subject()]));
    let refused = counter(&provider.node, &provider.speaker(), &id, &others).await;
    assert!(matches!(refused, Err(Error::Terms(_))), "{refused:?}");
    let own = terms_json(&offer().with_users([user.speaker().id().subject()]));
    counter(&provider.node, &provider.speaker(), &id, &own).await.unwrap();
    drain(&world).await;
    let refused = counter(&user.node, &user.speaker(), &proposed.key, &others).await;
    assert!(matches!(refused, Err(Error::Terms(_))), "{refused:?}");
    assert_eq!(only(user).await.rounds.len(), 2);
}

#[tokio::test]
async fn signing_again_gives_the_same_signature() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    drain(&world).await;
    let before = shown_at(&world.user, &proposed.key).await;
    let again = sign(&world.user.node, &world.user.speaker(), &proposed.key).await.unwrap();
    assert_eq!(again.state, "05");
    assert_eq!(again.signatures[1].signature, before.signatures[1].signature);
    assert_eq!(again.updated_at, before.updated_at);
}

#[tokio::test]
async fn a_counter_under_on_agreement_signs_its_own_terms_only() {
    let world = World::new(Negotiation::Manual).await;
    let (user, provider) = (&world.user, &world.provider);
    let proposed = propose_at(&world, &offer().with_count(5), Sign::OnAgreement).await;
    drain(&world).await;
    let id = only(provider).await.contract_id.unwrap();
    counter(&provider.node, &provider.speaker(), &id, &terms_json(&offer())).await.unwrap();
    drain(&world).await;
    // The provider's own terms are not ours: accepting them does not sign them.
    let two = terms_json(&offer().with_count(2));
    counter(&user.node, &user.speaker(), &proposed.key, &two).await.unwrap();
    drain(&world).await;
    accept(&provider.node, &provider.speaker(), &id).await.unwrap();
    drain(&world).await;
    let view = shown_at(user, &proposed.key).await;
    assert_eq!((view.state, view.signatures.len(), view.signatures[0].by), ("03", 1, Role::User));
    assert!(only(provider).await.awaits_us);
}

#[tokio::test]
async fn a_rejection_reaches_the_other_side_with_its_reason() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer().with_count(2), Sign::Manual).await;
    drain(&world).await;
    let user = world.user.speaker();
    let rejected = reject(&world.user.node, &user, &proposed.key, "too few uses").await.unwrap();
    assert_eq!((rejected.state, rejected.cause), ("06", Some("rejected")));
    drain(&world).await;
    let theirs = only(&world.provider).await;
    assert_eq!((theirs.state, theirs.ended_by), ("06", Some(Role::User)));
    assert_eq!(theirs.reason.as_deref(), Some("too few uses"));
    let late = sign(&world.provider.node, &world.provider.speaker(), &theirs.key).await;
    assert!(matches!(late, Err(Error::State(_))));
}

#[tokio::test]
async fn termination_closes_the_gate_on_both_sides() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    drain(&world).await;
    let id = shown_at(&world.user, &proposed.key).await.contract_id.unwrap();
    let provider = world.provider.speaker();
    assert!(for_gate(&world.provider.node, provider.id().as_str(), &id).await.is_ok());
    terminate(&world.user.node, &world.user.speaker(), &id, "done").await.unwrap();
    drain(&world).await;
    for site in [&world.user, &world.provider] {
        let refused = for_gate(&site.node, site.speaker().id().as_str(), &id).await.unwrap_err();
        assert!(matches!(refused, Error::State(_)), "{refused}");
        let view = only(site).await;
        assert_eq!(
            (view.state, view.ended_by, view.reason.as_deref()),
            ("06", Some(Role::User), Some("done"))
        );
    }
    let unknown = for_gate(&world.provider.node, provider.id().as_str(), "nothing").await.unwrap_err();
    assert!(matches!(unknown, Error::NotFound { .. }));
}

#[tokio::test]
async fn a_contract_ends_with_its_time() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    drain(&world).await;
    expiry::end_due(&world.user.node).await;
    assert_eq!(shown_at(&world.user, &proposed.key).await.state, "05");
    let left = year().end().micros_since(at("2026-03-01T12:00:00Z"));
    world.clock.advance_micros(left);
    expiry::end_due(&world.user.node).await;
    let ours = shown_at(&world.user, &proposed.key).await;
    assert_eq!((ours.state, ours.cause), ("06", Some("expired")));
    // The issuer reports it; the provider's own clock had not been looked at.
    drain(&world).await;
    let theirs = only(&world.provider).await;
    assert_eq!((theirs.state, theirs.cause), ("06", Some("expired")));
    expiry::end_due(&world.provider.node).await;
    assert_eq!(only(&world.provider).await.updated_at, theirs.updated_at);
}

#[tokio::test]
async fn the_job_follows_the_node_s_clock_however_it_moves() {
    let world = World::new(Negotiation::Automatic).await;
    let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
    drain(&world).await;
    let (node, speaker) = (&world.user.node, world.user.speaker());
    node.spawn("contracts", expire(node.clone()));
    let ended = wait(node, &speaker, &proposed.key, "06", Duration::from_secs(20));
    let moved = async {
        // The job sleeps by now, for the ten months that it expects.
        while node.contracts().next_expiry().is_none() {
            tokio::task::yield_now().await;
        }
        world.clock.set(year().end());
    };
    let (ended, ()) = tokio::join!(ended, moved);
    assert_eq!(ended.unwrap().cause, Some("expired"));
}

#[tokio::test]
async fn a_signed_contract_whose_time_has_not_begun_is_waited_for() {
    let world = World::new(Negotiation::Automatic).await;
    let start = domain::TimeRange::new(at("2026-03-01T12:00:00.2Z"), at("2026-06-01T00:00:00Z")).unwrap();
    let terms = Terms { time: start, ..offer() };
    let proposed = propose_at(&world, &terms, Sign::OnAgreement).await;
    drain(&world).await;
    assert_eq!(shown_at(&world.user, &proposed.key).await.state, "0301");
    let (user, clock) = (world.user.speaker(), world.clock.clone());
    let waited = wait(&world.user.node, &user, &proposed.key, "05", LONG);
    let moved = async { clock.advance_micros(200_000) };
    let (waited, _) = tokio::join!(waited, moved);
    assert_eq!(waited.unwrap().state, "05");
}

#[tokio::test]
async fn waiting_ends_with_the_time_or_with_the_contract() {
    let world = World::new(Negotiation::Manual).await;
    let proposed = propose_at(&world, &offer(), Sign::Manual).await;
    let (node, user) = (&world.user.node, world.user.speaker());
    let none = wait(node, &user, &proposed.key, "05", Duration::from_millis(1)).await.unwrap();
    assert_eq!(none.state, "01");
    let unknown = wait(node, &user, &proposed.key, "99", LONG).await.unwrap_err();
    assert!(matches!(unknown, Error::Input { ref field, .. } if field == "state"), "{unknown}");
    let waited = wait(node, &user, &proposed.key, "05", LONG);
    let ended = terminate(node, &user, &proposed.key, "changed my mind");
    let (waited, ended) = tokio::join!(waited, ended);
    assert_eq!((waited.unwrap().state, ended.unwrap().state), ("06", "06"));
}

#[tokio::test]
async fn a_proposal_that_cannot_be_is_refused_where_it_is_made() {
    let world = World::new(Negotiation::Automatic).await;
    let (node, user) = (&world.user.node, world.user.speaker());
    let make = |product: &str, terms: Value| NewContract {
        product: product.to_owned(),
        name: None,
        terms,
        sign: Sign::Manual,
    };
    let good = terms_json(&offer());
    let bad_id = propose(node, &user, make("6123", good.clone())).await.unwrap_err();
    assert!(matches!(bad_id, Error::Input { ref field, .. } if field == "product"), "{bad_id}");
    let mut unknown_id = world.product.to_string();
    unknown_id.push_str("•X");
    let not_here = propose(node, &user, make(&unknown_id, good.clone())).await.unwrap_err();
    assert!(matches!(not_here, Error::NotFound { kind: "product", .. }), "{not_here}");
    let mut odd = good.clone();
    odd["volume"] = json!(7);
    let odd = propose(node, &user, make(world.product.as_str(), odd)).await.unwrap_err();
    assert!(odd.to_string().contains("terms.volume"), "{odd}");
    let field = terms_json(&offer().with_fields(["CO2"]));
    let field = propose(node, &user, make(world.product.as_str(), field)).await.unwrap_err();
    assert!(matches!(field, Error::Terms(_)), "{field}");
    let others = terms_json(&offer().with_users([world.provider.speaker().id().subject()]));
    let others = propose(node, &user, make(world.product.as_str(), others)).await.unwrap_err();
    assert!(
        matches!(others, Error::Terms(domain::terms::TermsRefusal::UserLeftOut { ref user, .. })
        if *user == world.user.speaker().id().subject()),
        "{others}"
    );
    let past = domain::TimeRange::new(at("2025-01-01T00:00:00Z"), at("2025-02-01T00:00:00Z")).unwrap();
    let past =
        propose(node, &user, make(world.product.as_str(), terms_json(&Terms { time: past, ..offer() })))
            .await;
    assert!(matches!(past, Err(Error::State(_))));
    assert!(list(node, &user, &Part::all()).await.unwrap().is_empty());
}

#[test]
fn a_new_contract_is_read_as_the_api_documents_it() {
    let body = json!({"product": "6", "terms": {"action": "read"}, "sign": "on_agreement"});
    let new: NewContract = serde_json::from_value(body).unwrap();
    assert_eq!((new.sign, new.name), (Sign::OnAgreement, None));
    let odd = json!({"product": "6", "terms": {}, "price": 1});
    assert!(serde_json::from_value::<NewContract>(odd).is_err());
}

#[tokio::test]
async fn many_contracts_at_once_all_come_into_force() {
    let world = World::started(Negotiation::Automatic).await;
    let user = world.user.speaker();
    let one = |_| async {
        let proposed = propose_at(&world, &offer(), Sign::OnAgreement).await;
        wait(&world.user.node, &user, &proposed.key, "05", LONG).await.unwrap()
    };
    let all = futures_util::future::join_all((0..40).map(one)).await;
    let ids: std::collections::BTreeSet<_> =
        all.iter().map(|view| view.contract_id.clone().unwrap()).collect();
    assert_eq!(ids.len(), 40);
    assert!(all.iter().all(|view| view.state == "05"));
    assert_eq!(list(&world.provider.node, &world.provider.speaker(), &Part::all()).await.unwrap().len(), 40);
    let mut keys: Vec<String> = all.into_iter().map(|view| view.key).collect();
    keys.sort();
    for (after, offset, limit, expected) in
        [("", 0, 3, &keys[..3]), ("", 38, 3, &keys[38..]), (&keys[9], 1, 2, &keys[11..13]), ("z", 0, 9, &[])]
    {
        let part = Part { after: after.to_owned(), offset, limit };
        let part = list(&world.user.node, &user, &part).await.unwrap();
        assert_eq!(part.iter().map(|view| view.key.clone()).collect::<Vec<_>>(), expected);
    }
}
