//! Enrolment codes, both sides of `join`, and loading what it gave: who is refused, and what a repeat or a crash leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use crypto::cert::{Authority, Roots, Subject, self_signed_ca};
use crypto::{SigningKey, Suite};
use domain::engine::ManualClock;
use domain::id::{AreaCode, IdKind, NodeId, SubjectCode};
use ndi::weir_v1::enrolment::EnrolmentCode;
use ndi::weir_v1::join::JoinReply;

use super::join::{JoinKeys, accept, join as join_over_http};
use super::*;
use crate::config::Role;
use crate::directory::chain_to_wire;
use crate::testkit::{PROVIDER, Site, Town, ask, at, carry, credit_code, join, join_with, number, subject};

fn code(view: &EnrolmentView) -> EnrolmentCode {
    view.code.parse().unwrap()
}

/// A region with an open code for a connector, and a host that has not used it.
struct Door {
    town: Town,
    host: Site,
    code: EnrolmentCode,
}

impl Door {
    async fn open() -> Door {
        let town = Town::new().await;
        let host = town.newcomer("newcomer", Suite::Intl).await;
        let view = register_organisation(&town.region.node, subject(30, "connector", None)).await.unwrap();
        Door { code: code(&view), town, host }
    }

    async fn ask(&self, keys: &JoinKeys) -> Result<JoinReply, Error> {
        ask(&self.town.region.node, &self.host.node, &self.code, keys).await
    }

    fn keys(&self) -> JoinKeys {
        JoinKeys::make(&self.host.node, &self.code).unwrap()
    }

    fn accept(&self, keys: &JoinKeys, reply: JoinReply) -> Result<crate::member::Membership, Error> {
        accept(&self.host.node, &self.code, keys, reply, "newcomer".to_owned())
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, words: &str) {
    let error = outcome.expect_err(words);
    assert!(matches!(error, Error::Enrolment(_)), "{error:?}");
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn a_code_is_good_for_its_subject_and_kind_alone() {
    let door = Door::open().await;
    let keys = door.keys();
    let mut unknown = door.code.clone();
    unknown.secret = "00".repeat(16).parse().unwrap();
    let region = &door.town.region.node;
    refused(ask(region, &door.host.node, &unknown, &keys).await, "nobody here gave out this code");
    let mut another = door.code.clone();
    another.subject = SubjectCode::uscc(&credit_code(31)).unwrap();
    refused(ask(region, &door.host.node, &another, &keys).await, "it is for a connector of");
    let service = Site::open(Role::Service, "space", Suite::Sm, &door.town.clock).await;
    let service_keys = JoinKeys::make(&service.node, &door.code).unwrap();
    refused(ask(region, &service.node, &door.code, &service_keys).await, "it is for a connector of");
    assert!(door.ask(&keys).await.is_ok(), "none of these has used it up");
}

#[tokio::test]
async fn a_code_ends_after_its_time() {
    let door = Door::open().await;
    door.town.clock.advance_secs(7 * 24 * 3600);
    refused(door.ask(&door.keys()).await, "expired");
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_however_late_and_another_none() {
    let door = Door::open().await;
    let keys = door.keys();
    let first = door.ask(&keys).await.unwrap();
    door.town.clock.advance_secs(30 * 24 * 3600);
    assert_eq!(door.ask(&keys).await.unwrap(), first, "a lost answer is asked for again");
    let thief = door.town.newcomer("thief", Suite::Intl).await;
    let stolen = JoinKeys::make(&thief.node, &door.code).unwrap();
    refused(ask(&door.town.region.node, &thief.node, &door.code, &stolen).await, "another key");
}

#[tokio::test]
async fn two_that_ask_at_once_with_one_key_are_one() {
    let door = Door::open().await;
    let keys = door.keys();
    let (one, two) = tokio::join!(door.ask(&keys), door.ask(&keys));
    assert_eq!(one.unwrap(), two.unwrap());
    number(&door.town.region.node).await;
    let log = crate::testkit::public(&door.town.region.node);
    let published = crate::testkit::size(&door.town.region.node, &log).await;
    assert_eq!(published, 1 + 2 + 2, "service node, provider and newcomer once each");
}

/// Two codes make it two joins; one key makes it one connector, or one node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_codes_used_at_once_with_one_key_give_one_identifier() {
    let town = Town::new().await;
    let region = &town.region.node;
    for number in 30..36 {
        for (role, runs) in [(Role::Host, "connector"), (Role::Service, "service")] {
            let site = Site::open(role, "newcomer", Suite::Intl, &town.clock).await;
            let joiner = &site.node;
            let one = code(&register_organisation(region, subject(number, runs, None)).await.unwrap());
            let other = code(&register_organisation(region, subject(number, runs, None)).await.unwrap());
            let keys = JoinKeys::make(joiner, &one).unwrap();
            let (first, second) =
                tokio::join!(ask(region, joiner, &one, &keys), ask(region, joiner, &other, &keys));
            let (first, second) = (first.unwrap(), second.unwrap());
            assert_eq!(first.id, second.id, "{runs} {number}");
            let again = ask(region, joiner, &other, &keys).await.unwrap();
            assert_eq!(again, second, "each code has its answer");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_joins_of_one_organisation_at_once_leave_what_the_later_one_made() {
    let town = Town::new().await;
    let region = &town.region.node;
    for number in 30..50 {
        let host = &town.host.node;
        let one = code(&register_organisation(region, subject(number, "connector", None)).await.unwrap());
        let other = code(&register_organisation(region, subject(number, "connector", None)).await.unwrap());
        let (one_keys, other_keys) =
            (JoinKeys::make(host, &one).unwrap(), JoinKeys::make(host, &other).unwrap());
        let (first, second) =
            tokio::join!(ask(region, host, &one, &one_keys), ask(region, host, &other, &other_keys));
        assert_ne!(first.unwrap().id, second.unwrap().id, "two keys are two connectors");
        let subject = credit_code(number);
        let published = region.known(&subject).await.unwrap().chain.leaf().fingerprint();
        let state = registered(region, &subject).await.state;
        let domain::subject::OrganisationState::Certified { certificate, .. } = state else {
            panic!("{state:?}")
        };
        assert_eq!(certificate, published, "register and directory name one certificate");
    }
}

/// A registration that is in the evidence is in the register too, whatever joined meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_registered_anew_while_it_joins_is_what_was_registered_last() {
    let town = Town::new().await;
    let (region, host) = (&town.region.node, &town.host.node);
    for number in 30..50 {
        let one = code(&register_organisation(region, subject(number, "connector", None)).await.unwrap());
        let keys = JoinKeys::make(host, &one).unwrap();
        let anew = register_organisation(region, subject(number, "service", None));
        let (joined, registered_anew) = tokio::join!(ask(region, host, &one, &keys), anew);
        assert!(joined.is_ok() && registered_anew.is_ok(), "{joined:?}");
        register_and_evidence_agree(region, &credit_code(number)).await;
    }
}

async fn register_and_evidence_agree(region: &Node, code: &str) {
    number(region).await;
    let (log, subject) = (region.logs().evidence().origin().to_owned(), code.to_owned());
    let read = region.store().read("test_evidence", move |read| {
        let (log, subject) = (log.clone(), subject.clone());
        Box::pin(async move {
            Ok::<_, Error>(read.find_entries(&log, "organisation.registered", &subject, 9).await?.len())
        })
    });
    let runs = match read.await.unwrap() {
        1 => IdKind::Connector,
        2 => IdKind::ServiceNode,
        other => panic!("{other} registrations of {code}"),
    };
    let organisation = registered(region, code).await;
    assert!(organisation.is_certified());
    assert_eq!(organisation.role_hint, Some(runs), "{code}");
}

async fn registered(node: &Node, code: &str) -> domain::subject::Organisation {
    let code = code.to_owned();
    let read = node.store().read("test_organisation", move |read| {
        let code = code.clone();
        Box::pin(async move { Ok::<_, Error>(read.get_organisation(&code).await?) })
    });
    read.await.unwrap().unwrap().body.get_versioned(1, |_, _| None).unwrap()
}

#[tokio::test]
async fn a_request_signed_by_another_key_than_it_names_is_refused() {
    let door = Door::open().await;
    let keys = door.keys();
    let request = keys.request(&door.host.node, &door.code, None).unwrap();
    let mut envelope = keys.envelope(&door.host.node, &door.code, &request).unwrap();
    envelope.body["name"] = "Somebody else".into();
    let error = serve_join(&door.town.region.node, envelope).await.unwrap_err();
    assert!(matches!(error, Error::Message(_)), "{error:?}");
}

#[tokio::test]
async fn the_joiner_refuses_another_root_key_or_identifier() {
    let door = Door::open().await;
    let keys = door.keys();
    let reply = door.ask(&keys).await.unwrap();
    assert!(door.accept(&keys, reply.clone()).is_ok());

    let root_key = SigningKey::generate(Suite::Sm).unwrap();
    let name = Subject { cn: "root".into(), ou: "root".into(), o: "Root".into() };
    let root = self_signed_ca(&root_key, &name, validity(door.town.clock_now(), 10).unwrap()).unwrap();
    let other_root = JoinReply { trust: root.to_pem(), ..reply.clone() };
    let two_roots = JoinReply { trust: format!("{}{}", reply.trust, root.to_pem()), ..reply.clone() };

    let authority = Authority::root(root_key, root).unwrap();
    let leaf = |ou: &str| {
        let name = Subject { ou: ou.to_owned(), ..name.clone() };
        let key = SigningKey::generate(Suite::Intl).unwrap();
        let validity = validity(door.town.clock_now(), 10).unwrap();
        chain_to_wire(&authority.issue_leaf(&name, key.public_key(), validity, &[]).unwrap())
    };
    let foreign_chain = JoinReply { sign_chain: leaf(reply.id.as_str()), ..reply.clone() };
    let stranger = door.town.provider.membership.sign_chain.clone();
    let other_key = JoinReply { sign_chain: chain_to_wire(&stranger), ..reply.clone() };
    let area = AreaCode::parse("1100").unwrap();
    let own = SubjectCode::uscc(&credit_code(30)).unwrap();
    let mint = |kind, subject: &SubjectCode| NodeId::mint(kind, subject, area, rand::random::<u64>).unwrap();
    let other_id = JoinReply { id: mint(IdKind::Connector, &own), ..reply.clone() };
    let other_kind = JoinReply { id: mint(IdKind::ServiceNode, &own), ..reply.clone() };
    let other_subject =
        JoinReply { subject: SubjectCode::uscc(&credit_code(PROVIDER)).unwrap(), ..reply.clone() };
    let no_organisation = JoinReply { organisation_chain: None, ..reply.clone() };
    let mut false_root_node = reply.clone();
    false_root_node.root_node = reply.upstream.clone();
    let mut borrowed = reply.clone();
    borrowed.upstream.sign_chain = reply.root_node.sign_chain.clone();
    borrowed.upstream.signature = reply.root_node.signature;

    for (what, reply) in [
        ("another root", other_root),
        ("a root beside it", two_roots),
        ("a chain of another root", foreign_chain),
        ("another key", other_key),
        ("another identifier", other_id),
        ("another kind", other_kind),
        ("another subject", other_subject),
        ("no organisation", no_organisation),
        ("a region as the root node", false_root_node),
        ("a node under another's certificate", borrowed),
    ] {
        let outcome = door.accept(&keys, reply);
        let refused =
            matches!(outcome, Err(Error::Unauthenticated(_) | Error::Crypto(_) | Error::Corrupt(_)));
        assert!(refused, "{what}: {outcome:?}");
    }
    assert!(door.host.node.tenants().is_empty(), "nothing was kept");
}

/// A region answers `join`, and could say of the global node what it likes: every log key known later follows from the root's.
#[tokio::test]
async fn a_card_is_believed_only_as_its_own_node_signed_it() {
    let door = Door::open().await;
    let keys = door.keys();
    let reply = door.ask(&keys).await.unwrap();
    let told = door.accept(&keys, reply.clone()).unwrap();
    let vkey = |node: &Node| node.logs().public().unwrap().identity().to_string();
    assert_eq!(told.root_node.log_vkey, vkey(&door.town.global.node));

    let region = &door.town.region.node;
    let speaker = region.speaker().unwrap();
    let of = &reply.root_node;
    let chain = crate::directory::chain_of(&of.sign_chain).unwrap();
    let resigned = super::card::own(region, &of.id, &of.name, &chain, &speaker.key).unwrap();
    type Change = fn(&mut ndi::weir_v1::join::NodeCard, &ndi::weir_v1::join::NodeCard);
    let changes: [(&str, Change); 6] = [
        ("another log", |card, other| card.log_vkey.clone_from(&other.log_vkey)),
        ("another address", |card, other| card.address.clone_from(&other.address)),
        ("another name", |card, _| card.name.push('x')),
        ("another suite", |card, _| card.suite = Suite::Intl.into()),
        ("another's signature", |card, other| card.signature = other.signature),
        ("another's chain", |card, other| card.sign_chain.clone_from(&other.sign_chain)),
    ];
    for (what, change) in changes {
        for of_root in [true, false] {
            let mut forged = reply.clone();
            let (root, upstream) = (&mut forged.root_node, &mut forged.upstream);
            if of_root {
                change(root, upstream)
            } else {
                change(upstream, root)
            }
            let outcome = door.accept(&keys, forged);
            assert!(
                matches!(outcome, Err(Error::Unauthenticated(_))),
                "{what}, root: {of_root}: {outcome:?}"
            );
        }
    }
    let mut resigned_by_region = reply.clone();
    resigned_by_region.root_node.log_vkey = resigned.log_vkey;
    resigned_by_region.root_node.address = resigned.address;
    resigned_by_region.root_node.signature = resigned.signature;
    let outcome = door.accept(&keys, resigned_by_region);
    assert!(matches!(outcome, Err(Error::Unauthenticated(_))), "signed by the region: {outcome:?}");
    assert!(door.host.node.tenants().is_empty(), "nothing was kept");
}

#[tokio::test]
async fn a_node_that_joined_says_what_it_is_and_takes_no_other_code() {
    let town = Town::new().await;
    let again = register_organisation(&town.region.node, subject(4, "service", None)).await.unwrap();
    let own = town.service.node.speaker().unwrap().id().to_string();
    let view = join_over_http(&town.service.node, JoinOrder { code: again.code, name: None }).await.unwrap();
    assert_eq!(view.connector, own);
    let other = register_organisation(&town.region.node, subject(40, "service", None)).await.unwrap();
    let error = join_over_http(&town.service.node, JoinOrder { code: other.code, name: None }).await;
    assert!(matches!(error, Err(Error::Input { .. })), "{error:?}");
}

#[tokio::test]
async fn who_joins_again_with_the_same_key_keeps_its_identifier_and_another_cannot_take_its_log() {
    let town = Town::new().await;
    let own = town.service.node.speaker().unwrap().id().clone();
    let again = register_organisation(&town.region.node, subject(4, "service", None)).await.unwrap();
    let again = code(&again);
    let keys = JoinKeys::make(&town.service.node, &again).unwrap();
    let reply = ask(&town.region.node, &town.service.node, &again, &keys).await.unwrap();
    assert_eq!(reply.id, own);

    let thief = Site::open(Role::Service, "thief", Suite::Sm, &town.clock).await;
    let other = code(&register_organisation(&town.region.node, subject(40, "service", None)).await.unwrap());
    let keys = JoinKeys::make(&thief.node, &other).unwrap();
    let mut request = keys.request(&thief.node, &other, None).unwrap();
    let mut attempt = async |vkey: String, address: &str| {
        request.log_vkey = Some(vkey);
        request.address = address.to_owned();
        serve_join(&town.region.node, keys.envelope(&thief.node, &other, &request).unwrap()).await
    };
    let vkey = |node: &Node| node.logs().public().unwrap().identity().to_string();
    let taken = attempt(vkey(&town.service.node), "http://127.0.0.1:1").await;
    assert!(matches!(taken, Err(Error::Forbidden(_))), "{taken:?}");
    let root_log = attempt(vkey(&town.global.node), "http://127.0.0.1:1").await;
    assert!(matches!(root_log, Err(Error::Forbidden(_))), "{root_log:?}");
    let rubbish = attempt("rubbish".to_owned(), "http://127.0.0.1:1").await;
    assert!(rubbish.is_err());
    let nowhere = attempt(vkey(&thief.node), "file:///etc").await;
    assert!(matches!(nowhere, Err(Error::Input { .. })), "{nowhere:?}");
    assert!(attempt(vkey(&thief.node), "http://127.0.0.1:1").await.is_ok(), "the code was not used up");
}

#[tokio::test]
async fn a_subject_that_another_region_registered_is_refused_by_name_of_that_region() {
    let town = Town::new().await;
    let again = register_organisation(&town.other.node, subject(PROVIDER, "connector", None)).await;
    let Err(Error::Forbidden(reason)) = again else { panic!("{again:?}") };
    assert!(reason.contains("region-1100 (1100)"), "{reason}");
    let service = register_organisation(&town.other.node, subject(PROVIDER, "service", None)).await;
    assert!(service.is_ok(), "a service node takes no organisation's place");
}

#[tokio::test]
async fn of_two_regions_that_register_one_subject_the_first_to_certify_stands() {
    let town = Town::new().await;
    let (here, there) = (subject(50, "connector", None), subject(50, "connector", None));
    let here = register_organisation(&town.region.node, here).await.unwrap();
    let there = register_organisation(&town.other.node, there).await.unwrap();
    let first = town.newcomer("first", Suite::Sm).await;
    join_with(&town.region.node, &first.node, &here.code).await.unwrap();
    town.carry().await;
    let late = town.newcomer("late", Suite::Intl).await;
    let late = join_with(&town.other.node, &late.node, &there.code).await;
    assert!(matches!(late, Err(Error::Forbidden(_))), "{late:?}");
}

#[tokio::test]
async fn registering_again_makes_a_new_code_and_leaves_who_is_certified() {
    let town = Town::new().await;
    let before = organisations(&town.region.node).await.unwrap();
    let again = register_organisation(&town.region.node, subject(PROVIDER, "connector", None)).await.unwrap();
    assert!(code(&again).subject.as_str() == credit_code(PROVIDER));
    let after = organisations(&town.region.node).await.unwrap();
    let state = |all: &[OrganisationView]| {
        all.iter().find(|one| one.subject == credit_code(PROVIDER)).unwrap().state.clone()
    };
    assert_eq!((state(&before), state(&after)), ("certified".to_owned(), "certified".to_owned()));
}

#[tokio::test]
async fn each_node_registers_only_what_belongs_below_it() {
    let town = Town::new().await;
    let attempt = async |node: &Node, runs: &str, area: Option<&str>| {
        register_organisation(node, subject(60, runs, area)).await.map(|view| view.area)
    };
    let forbidden = |outcome: Result<String, Error>| matches!(outcome, Err(Error::Forbidden(_)));
    let input = |outcome: Result<String, Error>| matches!(outcome, Err(Error::Input { .. }));
    assert!(forbidden(attempt(&town.global.node, "connector", None).await));
    assert!(forbidden(attempt(&town.region.node, "region", Some("3200")).await));
    assert!(forbidden(attempt(&town.region.node, "global", None).await));
    assert!(input(attempt(&town.region.node, "bakery", None).await));
    assert!(input(attempt(&town.global.node, "region", None).await));
    assert!(input(attempt(&town.global.node, "region", Some("0077")).await), "an industry is no region");
    assert!(input(attempt(&town.global.node, "industry", Some("3200")).await));
    assert_eq!(attempt(&town.global.node, "industry", Some("0077")).await.unwrap(), "0077");
    assert_eq!(attempt(&town.region.node, "connector", Some("3100")).await.unwrap(), "1100");
}

#[tokio::test]
async fn a_restart_finds_everybody_again_and_mends_the_trust_file() {
    let town = Town::new().await;
    let (region, host) = (town.region, town.host);
    let ids = (region.node.speaker().unwrap().id().clone(), host.node.speaker().unwrap().id().clone());
    let trust = std::fs::read_to_string(host.folder.path().join("trust.pem")).unwrap();
    std::fs::remove_file(host.folder.path().join("trust.pem")).unwrap();
    std::fs::write(region.folder.path().join("trust.pem"), "-----BEGIN CERT").unwrap();
    let (region, host) = (region.restart().await.unwrap(), host.restart().await.unwrap());
    for site in [&region, &host] {
        assert_eq!(std::fs::read_to_string(site.folder.path().join("trust.pem")).unwrap(), trust);
    }
    assert_eq!(region.node.speaker().unwrap().id(), &ids.0);
    assert_eq!(host.node.speaker().unwrap().id(), &ids.1);
    assert!(region.node.standing().unwrap().authority.is_some());
    assert!(host.node.speaker().unwrap().organisation.is_some());
    assert!(Roots::from_pem(&trust).is_ok());
}

#[tokio::test]
async fn a_key_folder_that_was_swapped_or_lost_a_key_is_refused_and_not_filled() {
    for name in ["sign", "authority", "log-public", "log-evidence", "log-public-sm2"] {
        for lost in [true, false] {
            let clock = Arc::new(ManualClock::new(at("2026-03-01T12:00:00Z")));
            let global = Site::open(Role::Global, "global", Suite::Sm, &clock).await;
            create_global(&global.node, &credit_code(1), "1100").await.unwrap();
            let folder = global.folder.clone();
            let path = folder.path().join(format!("keys/{name}.pem"));
            std::fs::remove_file(&path).unwrap();
            if !lost {
                let _ = match name {
                    "log-public" | "log-evidence" => global.node.keys().log(name).map(drop),
                    _ => global.node.keys().signing(name, Suite::Sm).map(drop),
                };
            }
            let refused = global.restart().await.err();
            let refused = refused.unwrap_or_else(|| panic!("`{name}`, lost: {lost}"));
            assert!(refused.to_string().contains("restore the"), "{name}: {refused}");
            assert_eq!(path.exists(), !lost, "{name}: no key is made in its place");
        }
    }
}

#[tokio::test]
async fn a_tenants_keys_belong_to_its_certificates() {
    let town = Town::new().await;
    let keys = town.host.folder.path().join("keys");
    let organisation = keys.join(format!("organisation-{}.pem", credit_code(PROVIDER)));
    std::fs::remove_file(&organisation).unwrap();
    town.host.node.keys().signing(&format!("organisation-{}", credit_code(PROVIDER)), Suite::Sm).unwrap();
    let refused = town.host.restart().await.err().unwrap();
    assert!(matches!(refused, Error::Keys(_)), "{refused}");
}

#[tokio::test]
async fn a_second_connector_of_a_subject_joins_beside_the_first() {
    let town = Town::new().await;
    let second = join(&town.region.node, &town.host.node, PROVIDER, "connector", None).await.unwrap();
    assert_ne!(second.connector, town.provider.id().as_str());
    assert_eq!(connectors(&town.host.node).len(), 2);
    number(&town.region.node).await;
    carry(&town.region.node, &town.host.node).await;
    let known = town.host.node.known(&credit_code(PROVIDER)).await.unwrap();
    assert_eq!(known.key, *town.provider.organisation.as_ref().unwrap().key.public_key(), "one key");
}

/// Another key would make the contracts of the first host's connectors unverifiable.
#[tokio::test]
async fn a_second_host_of_a_subject_joins_with_the_organisations_key_or_not_at_all() {
    let town = Town::new().await;
    let region = &town.region.node;
    let subject_code = credit_code(PROVIDER);
    let certified = region.known(&subject_code).await.unwrap().key.clone();
    let second = town.newcomer("second", Suite::Intl).await;
    let enrolment = register_organisation(region, subject(PROVIDER, "connector", None)).await.unwrap();
    let refused = join_with(region, &second.node, &enrolment.code).await;
    let Err(Error::Forbidden(reason)) = refused else { panic!("{refused:?}") };
    let file = format!("keys/organisation-{subject_code}.pem");
    assert!(reason.contains(&file), "{reason}");
    assert!(second.node.tenants().is_empty());
    assert_eq!(region.known(&subject_code).await.unwrap().key, certified, "the first host's key stands");

    std::fs::copy(town.host.folder.path().join(&file), second.folder.path().join(&file)).unwrap();
    let joined = join_with(region, &second.node, &enrolment.code).await.expect("the code is good still");
    assert_ne!(joined.connector, town.provider.id().as_str(), "a connector of its own");
    let tenant = second.node.tenant(&joined.connector).unwrap();
    assert_ne!(tenant.key.public_key(), town.provider.key.public_key(), "under a key of its own");
    assert_eq!(tenant.organisation.as_ref().unwrap().key.public_key(), &certified);
    assert_eq!(region.known(&subject_code).await.unwrap().key, certified);
}

#[tokio::test]
async fn a_subject_keeps_its_registered_name() {
    let town = Town::new().await;
    let region = &town.region.node;
    for (number, kind) in [(PROVIDER, "connector"), (4, "service")] {
        let named = NewOrganisation { name: "Another Ltd".to_owned(), ..subject(number, kind, None) };
        let Err(Error::Input { field, detail }) = register_organisation(region, named).await else {
            panic!()
        };
        assert!(field == "name" && detail.contains(&format!("`Organisation {number}`")), "{field}: {detail}");
    }
    let new = register_organisation(region, subject(70, "service", None)).await.unwrap();
    let renamed = NewOrganisation { name: "Another Ltd".to_owned(), ..subject(70, "connector", None) };
    assert!(register_organisation(region, renamed).await.is_err(), "before anything of it joined, too");
    let again = register_organisation(region, subject(70, "connector", None)).await.unwrap();
    assert_eq!((new.name.as_str(), again.name.as_str()), ("Organisation 70", "Organisation 70"));
}

#[tokio::test]
async fn the_register_says_what_each_subject_runs_and_whether_it_joined() {
    let town = Town::new().await;
    let told = async |node: &Node, number: u32| {
        let code = credit_code(number);
        let all = organisations(node).await.unwrap();
        let one = all.into_iter().find(|one| one.subject == code).unwrap();
        (one.runs.join(" "), one.state)
    };
    let is = |runs: &str, state: &str| (runs.to_owned(), state.to_owned());
    let region = &town.region.node;
    assert_eq!(told(region, 4).await, is("service", "certified"));
    assert_eq!(told(region, PROVIDER).await, is("connector", "certified"));
    assert_eq!(told(&town.global.node, 2).await, is("region", "certified"));
    register_organisation(region, subject(71, "service", None)).await.unwrap();
    assert_eq!(told(region, 71).await, is("service", "registered"));
    join(region, &town.host.node, 4, "connector", None).await.unwrap();
    assert_eq!(told(region, 4).await, is("connector service", "certified"));
}

#[test]
fn the_host_of_an_address_is_what_stands_before_port_and_path() {
    for (address, host) in [
        ("http://127.0.0.1:18083", "127.0.0.1"),
        ("https://node.example.cn", "node.example.cn"),
        ("https://node.example.cn:8443/a/b:c", "node.example.cn"),
        ("http://[::1]:80/x", "::1"),
        ("node", "node"),
    ] {
        assert_eq!(host_of(address), host);
    }
    assert_eq!(shorten(&"区".repeat(70)).chars().count(), 64);
}
