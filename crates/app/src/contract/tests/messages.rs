//! Messages that a peer should not send, and what becomes of them.

use std::sync::Arc;

use crypto::Sha256;
use domain::Negotiate;
use domain::contract::PartySignature;
use domain::id::{ContractId, IdKind, NodeId};
use ndi::digital_contract::{self as wire, ContractCreated, ContractNegotiate};

use super::*;
use crate::member::Speaker;
use crate::message::Incoming;

/// A message as it looks after the envelope was checked.
async fn incoming(from: &Site, to: &Site, to_speaker: Arc<Speaker>, sequence: &str, body: Value) -> Incoming {
    let sender = from.speaker();
    Incoming {
        from: to.node.known(sender.id().as_str()).await.unwrap(),
        to: to_speaker,
        msgcode: "test".into(),
        sequence: sequence.into(),
        body_hash: Sha256::of(body.to_string().as_bytes()),
        body,
    }
}

/// A create message of the user's, as it is sent.
async fn create_body(world: &World) -> Value {
    propose_at(world, &offer(), Sign::Manual).await;
    let now = world.user.node.now().micros();
    let leased =
        world.user.node.store().run_tx("lease", move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.lease_due(1, now, 1).await?) })
        });
    serde_json::from_str(&leased.await.unwrap()[0].body).unwrap()
}

async fn create(world: &World, from: &Site, sequence: &str, body: Value) -> Result<Value, Error> {
    let to = world.service.node.standing().unwrap().speaker.clone();
    let message = incoming(from, &world.service, to, sequence, body).await;
    handle_create(&world.service.node, &message).await
}

#[tokio::test]
async fn an_identifier_is_given_once_for_a_request() {
    let world = World::new(Negotiation::Manual).await;
    let body = create_body(&world).await;
    let first = create(&world, &world.user, "s1", body.clone()).await.unwrap();
    let id = ContractCreated::read(&first).unwrap().contract_id;
    assert_eq!(id.node_kind(), IdKind::ServiceNode);
    // The same message again is the inbox's business: it has its answer.
    let again = create(&world, &world.user, "s1", body.clone()).await;
    assert!(matches!(again, Err(Error::Repeated)), "{again:?}");
    let other = create(&world, &world.user, "s2", body).await.unwrap();
    assert_ne!(ContractCreated::read(&other).unwrap().contract_id, id);
}

#[tokio::test]
async fn an_identifier_is_not_given_in_another_s_name_or_for_what_is_not_listed() {
    let world = World::new(Negotiation::Manual).await;
    let body = create_body(&world).await;
    let stolen = create(&world, &world.provider, "s1", body.clone()).await.unwrap_err();
    assert!(matches!(stolen, Error::Forbidden(_)), "{stolen}");
    let mut changed = body.clone();
    changed["contractName"] = json!("another");
    let changed = create(&world, &world.user, "s2", changed).await.unwrap_err();
    assert!(matches!(changed, Error::Message(ndi::Error::Signature { .. })), "{changed}");
    let key = &world.user.speaker().organisation.clone().unwrap().key;
    let mut fields = body.clone();
    fields.as_object_mut().unwrap().remove("signature");
    fields["dataProductId"] = json!(format!("{}•X", world.product));
    let unlisted = wire::sign_fields(fields.clone(), key).unwrap();
    let unlisted = create(&world, &world.user, "s3", unlisted).await.unwrap_err();
    assert!(matches!(unlisted, Error::NotFound { .. }), "{unlisted}");
    // A requester of another make names no product.
    fields.as_object_mut().unwrap().remove("dataProductId");
    let bare = wire::sign_fields(fields, key).unwrap();
    assert!(create(&world, &world.user, "s4", bare).await.is_ok());
    let host = incoming(&world.user, &world.provider, world.provider.speaker(), "s5", body).await;
    let host = handle_create(&world.provider.node, &host).await.unwrap_err();
    assert!(matches!(host, Error::Forbidden(_)), "{host}");
}

/// A first proposal of the user's to the provider.
fn proposal_message(world: &World, terms: &Terms) -> Negotiate {
    let service = world.service.node.standing().unwrap().speaker.clone();
    let user = world.user.speaker();
    let provider = world.provider.speaker();
    let party = |speaker: &Speaker, name: &str| PartyRef::new(speaker.id().clone(), name);
    Negotiate {
        contract: ContractId::mint(service.id(), world.user.node.now(), rand::random::<u64>).unwrap(),
        to: provider.id().clone(),
        name: "Air quality".into(),
        abstract_: String::new(),
        product: ProductRef { id: world.product.clone(), name: "Air".into() },
        provider: party(&provider, "奥体中心站"),
        user: party(&user, "Shanghai Laboratory"),
        terms: terms.clone(),
        signatures: Vec::new(),
    }
}

async fn negotiate(world: &World, sequence: &str, negotiate: &Negotiate) -> Result<bool, Error> {
    let body = ContractNegotiate::try_from(negotiate).unwrap().to_body().unwrap();
    let message = incoming(&world.user, &world.provider, world.provider.speaker(), sequence, body).await;
    super::super::wire::is_agreed(&handle_negotiate(&world.provider.node, &message).await?)
}

#[tokio::test]
async fn the_answer_says_whether_the_terms_are_agreed() {
    let world = World::new(Negotiation::Automatic).await;
    assert!(negotiate(&world, "s1", &proposal_message(&world, &offer())).await.unwrap());
    assert!(!negotiate(&world, "s2", &proposal_message(&world, &offer().with_count(9))).await.unwrap());
    let by_hand = World::new(Negotiation::Manual).await;
    assert!(!negotiate(&by_hand, "s1", &proposal_message(&by_hand, &offer())).await.unwrap());
}

#[tokio::test]
async fn the_same_proposal_under_another_number_changes_nothing() {
    let world = World::new(Negotiation::Automatic).await;
    let message = proposal_message(&world, &offer().with_count(2));
    assert!(!negotiate(&world, "s1", &message).await.unwrap());
    let before = only(&world.provider).await;
    assert!(!negotiate(&world, "s2", &message).await.unwrap());
    let after = only(&world.provider).await;
    assert_eq!((after.rounds.len(), after.updated_at), (2, before.updated_at));
}

#[tokio::test]
async fn a_proposal_in_another_s_name_or_about_another_product_is_refused() {
    let world = World::new(Negotiation::Automatic).await;
    let good = proposal_message(&world, &offer());
    let mut named = good.clone();
    named.user.name = "Another Laboratory".into();
    let named = negotiate(&world, "s1", &named).await.unwrap_err();
    assert!(matches!(named, Error::Input { ref field, .. } if field.ends_with("userName")), "{named}");
    let mut renamed_us = good.clone();
    renamed_us.provider.name = "Another Station".into();
    let refused = negotiate(&world, "s1p", &renamed_us).await.unwrap_err();
    assert!(
        matches!(refused, Error::Input { ref field, .. } if field.ends_with("providerName")),
        "{refused}"
    );
    let mut stranger = good.clone();
    let other = NodeId::mint(IdKind::Connector, &stranger.user.subject, stranger.user.connector.area(), || 7)
        .unwrap();
    stranger.user.connector = other;
    assert!(matches!(negotiate(&world, "s2", &stranger).await, Err(Error::Forbidden(_))));
    let mut elsewhere = good.clone();
    elsewhere.product.id = domain::id::ProductId::parse(&format!("{}•X", world.product)).unwrap();
    assert!(matches!(negotiate(&world, "s3", &elsewhere).await, Err(Error::NotFound { .. })));
    let mut fields = good.clone();
    fields.terms = offer().with_fields(["CO2"]);
    assert!(matches!(negotiate(&world, "s4", &fields).await, Err(Error::Terms(_))));
    let mut others = good.clone();
    others.terms = offer().with_users([good.provider.subject.clone()]);
    assert!(matches!(negotiate(&world, "s4u", &others).await, Err(Error::Terms(_))));
    negotiate(&world, "s5", &good).await.unwrap();
    let mut renamed = good;
    renamed.name = "Another".into();
    let renamed = negotiate(&world, "s6", &renamed).await.unwrap_err();
    assert!(matches!(renamed, Error::Input { ref field, .. } if field == "contractName"), "{renamed}");
}

fn signature(speaker: &Speaker, message: &Negotiate, entity: &domain::id::SubjectCode) -> PartySignature {
    let body =
        wire::contract_body(message).signature_body(entity.clone(), at("2026-03-01T12:00:00Z")).unwrap();
    PartySignature::sign(&speaker.organisation.as_ref().unwrap().key, body).unwrap()
}

#[tokio::test]
async fn only_the_organisation_s_own_signature_over_the_agreed_terms_counts() {
    let world = World::new(Negotiation::Automatic).await;
    let (user, provider) = (world.user.speaker(), world.provider.speaker());
    let message = proposal_message(&world, &offer());
    assert!(negotiate(&world, "s1", &message).await.unwrap());
    let forged =
        Negotiate { signatures: vec![signature(&provider, &message, user.subject())], ..message.clone() };
    let forged = negotiate(&world, "s2", &forged).await.unwrap_err();
    assert!(matches!(forged, Error::Evidence(_)), "{forged}");
    let ours =
        Negotiate { signatures: vec![signature(&provider, &message, provider.subject())], ..message.clone() };
    assert!(matches!(negotiate(&world, "s3", &ours).await, Err(Error::State(_))));
    let other = Negotiate { terms: offer().with_count(7), ..message.clone() };
    let wider = Negotiate { signatures: vec![signature(&user, &other, user.subject())], ..other };
    let wider = negotiate(&world, "s4", &wider).await.unwrap_err();
    assert!(matches!(wider, Error::State(_)), "{wider}");
    assert_eq!(only(&world.provider).await.state, "03");
    let good = Negotiate { signatures: vec![signature(&user, &message, user.subject())], ..message };
    assert!(negotiate(&world, "s5", &good).await.unwrap());
    assert_eq!(only(&world.provider).await.state, "05");
}

#[tokio::test]
async fn a_signature_before_any_proposal_is_about_nothing() {
    let world = World::new(Negotiation::Automatic).await;
    let message = proposal_message(&world, &offer());
    let user = world.user.speaker();
    let signed = Negotiate { signatures: vec![signature(&user, &message, user.subject())], ..message };
    assert!(matches!(negotiate(&world, "s1", &signed).await, Err(Error::NotFound { .. })));
    assert!(list(&world.provider.node, &world.provider.speaker(), &Part::all()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_third_round_that_cannot_be_met_ends_the_negotiation() {
    let world = World::new(Negotiation::Automatic).await;
    let message = proposal_message(&world, &offer().with_count(9));
    assert!(!negotiate(&world, "s1", &message).await.unwrap());
    // Still too much: the counter would be the one that was given already.
    let again = Negotiate { terms: offer().with_count(8), ..message };
    assert!(!negotiate(&world, "s2", &again).await.unwrap());
    let ended = only(&world.provider).await;
    assert_eq!((ended.state, ended.cause, ended.rounds.len()), ("06", Some("rejected"), 3));
}

#[tokio::test]
async fn only_a_party_ends_a_contract_and_only_with_its_signature() {
    let world = World::new(Negotiation::Automatic).await;
    propose_at(&world, &offer(), Sign::OnAgreement).await;
    drain(&world).await;
    let id = only(&world.user).await.contract_id.unwrap();
    terminate(&world.user.node, &world.user.speaker(), &id, "done").await.unwrap();
    let now = world.user.node.now().micros();
    let leased =
        world.user.node.store().run_tx("lease", move |tx| {
            Box::pin(async move { Ok::<_, Error>(tx.lease_due(1, now, 1).await?) })
        });
    let body: Value = serde_json::from_str(&leased.await.unwrap()[0].body).unwrap();
    let (node, to) = (&world.provider.node, world.provider.speaker());
    let mut changed = body.clone();
    changed["terminateReason"] = json!("because");
    let changed = incoming(&world.user, &world.provider, to.clone(), "s1", changed).await;
    let changed = handle_terminate(node, &changed).await.unwrap_err();
    assert!(matches!(changed, Error::Message(ndi::Error::Signature { .. })), "{changed}");
    assert_eq!(only(&world.provider).await.state, "05");
    let good = incoming(&world.user, &world.provider, to, "s2", body).await;
    handle_terminate(node, &good).await.unwrap();
    let ended = only(&world.provider).await;
    assert_eq!((ended.state, ended.reason.as_deref()), ("06", Some("done")));
}
