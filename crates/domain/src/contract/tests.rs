//! One party's contract, input by input: states, messages, repeats, refusals, signed bodies, stored forms. Two parties over a bad line
//! are in `pair_tests.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use crypto::{Sha256, Signature, SigningKey, Suite};

use super::*;
use crate::codes::TerminateType;
use crate::terms::TermsRefusal;
use crate::testkit::{
    CONTRACT, OTHER_CONTRACT, at, contract_id, draft, now, provider, subject, terms, user, year,
};
use crate::{EvidenceKind, Outbound, Step};

fn step(contract: &Contract, input: Input) -> Result<Step<Contract>, Refusal> {
    contract.clone().step(input, now())
}

fn ok(contract: &Contract, input: Input) -> Step<Contract> {
    step(contract, input).unwrap()
}

fn kinds(step: &Step<Contract>) -> Vec<EvidenceKind> {
    step.evidence.iter().map(|evidence| evidence.kind).collect()
}

/// A signature that nobody verifies: `step` looks at what is signed only.
fn signature(contract: &Contract, by: Role) -> PartySignature {
    let entity = contract.party(by).subject.clone();
    let body = contract.body().unwrap().signature_body(entity, now()).unwrap();
    PartySignature { body, signature: Signature::from_raw(Suite::Intl, [by as u8 + 1; 64]) }
}

fn sign(contract: &Contract) -> Input {
    Input::Sign(Box::new(signature(contract, contract.role)))
}

fn peer_signed(contract: &Contract) -> Input {
    Input::PeerSigned(vec![signature(contract, contract.role.other())])
}

fn initiated() -> Contract {
    Contract::initiate(draft(Role::User), terms(), now()).unwrap().next
}

/// The user proposed; the provider is to answer.
fn proposed() -> Contract {
    ok(&initiated(), Input::IdAssigned { id: contract_id() }).next
}

/// The provider's view of the same.
fn received() -> Contract {
    Contract::receive(draft(Role::Provider), contract_id(), terms(), now()).unwrap().next
}

fn agreed() -> Contract {
    ok(&received(), Input::Accept).next
}

fn performing() -> Contract {
    let signed = ok(&agreed(), sign(&agreed())).next;
    ok(&signed, peer_signed(&signed)).next
}

fn reason(text: &str) -> String {
    text.to_owned()
}

#[test]
fn initiating_asks_the_platform_for_an_id() {
    let step = Contract::initiate(draft(Role::User), terms(), now()).unwrap();
    assert_eq!(kinds(&step), [EvidenceKind::ContractInitiated]);
    let [Outbound::CreateContract(message)] = step.outbox.as_slice() else { panic!("{:?}", step.outbox) };
    assert_eq!((message.key.as_str(), &message.terms, message.issuer), ("k1", &terms(), Role::User));
    let contract = step.next;
    assert_eq!(contract.status(now()).code(), "01");
    assert_eq!(contract.rounds.len(), 1);
    assert!(matches!(contract.body(), Err(Refusal::NotPossible { input: "sign", .. })));
    assert_eq!(step.evidence[0].subject, "k1");
    assert_eq!(step.evidence[0].contract, None);
}

#[test]
fn the_id_sends_the_first_proposal_to_the_peer() {
    let step = ok(&initiated(), Input::IdAssigned { id: contract_id() });
    assert_eq!(kinds(&step), [EvidenceKind::ContractIdentified, EvidenceKind::ContractProposed]);
    let [Outbound::Negotiate(message)] = step.outbox.as_slice() else { panic!("{:?}", step.outbox) };
    assert_eq!((&message.to, &message.terms), (&provider().connector, &terms()));
    assert!(message.signatures.is_empty());
    assert_eq!(step.next.status(now()).code(), "02");
    assert!(!step.next.awaits_us());
    assert!(ok(&step.next, Input::IdAssigned { id: contract_id() }).is_unchanged());
    let other = ContractId::parse(OTHER_CONTRACT).unwrap();
    let refusal = super::tests::step(&step.next, Input::IdAssigned { id: other }).unwrap_err();
    assert!(matches!(refusal, Refusal::IdConflict { .. }), "{refusal}");
}

/// The flow of the wire: proposed, one change, accepted and signed in one go, signed, performing on both sides.
#[test]
fn two_parties_with_real_keys_come_to_perform_the_same() {
    for (provider_suite, user_suite) in [(Suite::Sm, Suite::Intl), (Suite::Intl, Suite::Sm)] {
        let provider_key = SigningKey::generate(provider_suite).unwrap();
        let user_key = SigningKey::generate(user_suite).unwrap();
        let countered = ok(&received(), Input::Propose { terms: terms().with_count(1) });
        let provider = countered.next;
        let user = ok(&proposed(), Input::PeerProposed { terms: terms().with_count(1) }).next;
        assert!(user.awaits_us());

        let first = PartySignature::sign(&user_key, user.signature_body(now()).unwrap()).unwrap();
        let signed = ok(&user, Input::Sign(Box::new(first.clone())));
        assert_eq!(kinds(&signed), [EvidenceKind::ContractAccepted, EvidenceKind::ContractSigned]);
        let [Outbound::Negotiate(message)] = signed.outbox.as_slice() else { panic!("one message") };
        assert_eq!(message.signatures, std::slice::from_ref(&first));
        first.verify(user_key.public_key()).unwrap();
        assert!(first.verify(provider_key.public_key()).is_err());

        let taken = ok(&provider, Input::PeerSigned(message.signatures.clone()));
        assert_eq!(taken.next.status(now()).code(), "03");
        assert!(taken.outbox.is_empty() && taken.next.awaits_us());
        let second = PartySignature::sign(&provider_key, taken.next.signature_body(now()).unwrap()).unwrap();
        let done = ok(&taken.next, Input::Sign(Box::new(second.clone())));
        assert_eq!(kinds(&done), [EvidenceKind::ContractSigned, EvidenceKind::ContractPerforming]);
        let [Outbound::Negotiate(message)] = done.outbox.as_slice() else { panic!("one message") };
        assert_eq!(message.signatures, [second, first]);

        let user = ok(&signed.next, Input::PeerSigned(message.signatures.clone()));
        assert!(user.outbox.is_empty(), "the provider showed that it has the user's signature");
        assert_eq!(user.next.status(now()).code(), "05");
        assert_eq!(user.next.body().unwrap().digest(), done.next.body().unwrap().digest());
        assert_eq!(user.next.state.signatures(), done.next.state.signatures());
    }
}

#[test]
fn the_provider_may_be_first_to_sign() {
    let provider = ok(&received(), sign(&received()));
    assert_eq!(provider.outbox.len(), 1);
    let user = ok(&proposed(), peer_signed(&proposed())).next;
    let done = ok(&user, sign(&user));
    assert_eq!(done.next.status(now()).code(), "05");
    assert!(matches!(&done.outbox[..], [Outbound::Negotiate(message)] if message.signatures.len() == 2));
}

#[test]
fn crossing_signatures_complete_both_sides() {
    let (provider, user) = (agreed(), ok(&proposed(), Input::PeerAccepted).next);
    let (provider, user) = (ok(&provider, sign(&provider)).next, ok(&user, sign(&user)).next);
    let (provider, user) = (ok(&provider, peer_signed(&provider)), ok(&user, peer_signed(&user)));
    for done in [&provider, &user] {
        assert_eq!(done.next.status(now()).code(), "05");
        // The other side may not have ours yet, so both signatures go out; there they are a repeat.
        assert!(matches!(&done.outbox[..], [Outbound::Negotiate(message)] if message.signatures.len() == 2));
    }
    let both = user.next.state.signatures().unwrap().to_vec();
    assert!(ok(&provider.next, Input::PeerSigned(both)).is_unchanged());
}

#[test]
fn accepting_answers_with_the_peers_own_terms() {
    let step = ok(&received(), Input::Accept);
    assert_eq!(kinds(&step), [EvidenceKind::ContractAccepted]);
    let [Outbound::Negotiate(message)] = step.outbox.as_slice() else { panic!("one message") };
    assert!(message.signatures.is_empty() && message.terms == terms());
    let user = ok(&proposed(), Input::PeerProposed { terms: message.terms.clone() });
    assert_eq!(kinds(&user), [EvidenceKind::ContractAccepted]);
    assert_eq!(user.next.status(now()).code(), "03");
    assert_eq!(ok(&proposed(), Input::PeerAccepted).next, user.next);
}

#[test]
fn repeats_of_the_peer_change_nothing() {
    let countered = ok(&received(), Input::Propose { terms: terms().with_count(1) }).next;
    let done = performing();
    let both = done.state.signatures().unwrap().to_vec();
    let half = ok(&agreed(), peer_signed(&agreed())).next;
    let ended = ok(&done, Input::PeerTerminated { reason: reason("over") }).next;
    for (contract, input) in [
        (received(), Input::PeerProposed { terms: terms() }),
        (countered, Input::PeerProposed { terms: terms() }),
        (agreed(), Input::PeerProposed { terms: terms() }),
        (agreed(), Input::PeerAccepted),
        (half.clone(), peer_signed(&half)),
        (done.clone(), Input::PeerSigned(both)),
        (done.clone(), peer_signed(&done)),
        (done.clone(), Input::PeerProposed { terms: terms() }),
        (done, Input::PeerAccepted),
        (ended.clone(), Input::PeerTerminated { reason: reason("over") }),
        (ended, Input::PeerProposed { terms: terms() }),
    ] {
        let step = ok(&contract, input.clone());
        assert!(step.is_unchanged(), "{input:?}");
        assert_eq!(step.next, contract, "{input:?}");
    }
}

#[test]
fn repeats_of_our_own_decisions_change_nothing() {
    let done = performing();
    for (contract, input) in [
        (initiated(), Input::Propose { terms: terms() }),
        (proposed(), Input::Propose { terms: terms() }),
        (agreed(), Input::Accept),
        (done.clone(), sign(&done)),
        (done.clone(), Input::Accept),
        (ok(&done, Input::Terminate { reason: reason("a") }).next, Input::Terminate { reason: reason("b") }),
        (ok(&agreed(), Input::Reject { reason: reason("a") }).next, Input::Reject { reason: reason("b") }),
    ] {
        assert!(ok(&contract, input.clone()).is_unchanged(), "{input:?}");
    }
}

#[test]
fn a_signature_over_anything_else_is_refused() {
    let contract = agreed();
    let fine = signature(&contract, Role::User);
    let refused = |change: &dyn Fn(&mut PartySignature)| {
        let mut signature = fine.clone();
        change(&mut signature);
        let input = Input::PeerSigned(vec![signature]);
        match step(&contract, input).unwrap_err() {
            Refusal::Signature(refusal) => refusal,
            other => panic!("{other}"),
        }
    };
    let digest = refused(&|signature| signature.body.contract_digest = Sha256::of(b"other terms"));
    assert!(matches!(digest, SignatureRefusal::Digest { .. }));
    let id = refused(&|signature| signature.body.contract_id = ContractId::parse(OTHER_CONTRACT).unwrap());
    assert_eq!(id, SignatureRefusal::Contract { expected: reason(CONTRACT), given: reason(OTHER_CONTRACT) });
    let stranger = refused(&|signature| signature.body.entity_id = subject("12710000MB0TE5T1X3"));
    assert_eq!(stranger, SignatureRefusal::NotAParty(reason("12710000MB0TE5T1X3")));
    let ours = refused(&|signature| signature.body.entity_id = provider().subject);
    assert_eq!(ours, SignatureRefusal::Missing(user().subject.to_string()));
}

#[test]
fn signature_lists_are_checked_as_a_whole() {
    let contract = agreed();
    let (ours, theirs) = (signature(&contract, Role::Provider), signature(&contract, Role::User));
    let refused =
        |contract: &Contract, list: Vec<PartySignature>| match step(contract, Input::PeerSigned(list))
            .unwrap_err()
        {
            Refusal::Signature(refusal) => refusal,
            other => panic!("{other}"),
        };
    assert_eq!(refused(&contract, Vec::new()), SignatureRefusal::Missing(user().subject.to_string()));
    let twice = vec![theirs.clone(), theirs.clone()];
    assert_eq!(refused(&contract, twice), SignatureRefusal::Twice(user().subject.to_string()));
    let both = vec![ours, theirs.clone()];
    assert_eq!(refused(&contract, both), SignatureRefusal::NotGiven(provider().subject.to_string()));
    let done = performing();
    let mut again = theirs;
    again.body.signatory_time = now().plus_secs(1);
    assert_eq!(
        refused(&done, vec![again.clone()]),
        SignatureRefusal::AlreadySigned(user().subject.to_string())
    );
    let mut ours_again = signature(&done, Role::Provider);
    ours_again.body.signatory_time = now().plus_secs(1);
    let refusal = step(&done, Input::Sign(Box::new(ours_again))).unwrap_err();
    assert_eq!(refusal, SignatureRefusal::AlreadySigned(provider().subject.to_string()).into());
}

#[test]
fn a_signature_over_our_counter_does_not_sign_the_first_terms() {
    let countered = ok(&received(), Input::Propose { terms: terms().with_count(1) }).next;
    let old = signature(&received(), Role::User);
    let refusal = step(&countered, Input::PeerSigned(vec![old])).unwrap_err();
    assert!(matches!(refusal, Refusal::Signature(SignatureRefusal::Digest { .. })), "{refusal}");
}

#[test]
fn rejecting_ends_a_negotiation_and_fails_a_signing() {
    let ended = ok(&received(), Input::Reject { reason: reason("too wide") });
    assert_eq!(kinds(&ended), [EvidenceKind::ContractRejected]);
    let cause = EndCause::Rejected { by: Role::Provider, reason: reason("too wide") };
    assert!(matches!(&ended.next.state, ContractState::Ended { cause: actual, .. } if *actual == cause));
    let [Outbound::Terminate(message)] = ended.outbox.as_slice() else { panic!("one message") };
    assert_eq!((message.kind, message.agreed_end), (TerminateType::Early, Some(now())));
    assert_eq!((&message.to, &message.issuer_entity), (&user().connector, &provider().subject));

    let failed = ok(&agreed(), Input::Reject { reason: reason("no budget") });
    assert_eq!(kinds(&failed), [EvidenceKind::ContractSigningFailed]);
    assert_eq!(failed.next.status(now()).code(), "0302");
    assert_eq!(failed.outbox.len(), 1);
    let theirs = ok(&agreed(), Input::PeerTerminated { reason: reason("no budget") });
    assert_eq!(theirs.next.status(now()).code(), "0302");
    // A signature that was given stays with the contract, whatever becomes of it.
    let half = ok(&agreed(), sign(&agreed())).next;
    let given = half.state.signatures().cloned();
    let failed = ok(&half, Input::PeerTerminated { reason: reason("no budget") }).next;
    assert_eq!(failed.state.signatures().cloned(), given);
    let ended = ok(&failed, Input::Terminate { reason: reason("over") }).next;
    assert_eq!(ended.state.signatures().cloned(), given);
    assert!(step(&performing(), Input::Reject { reason: "over".to_owned() }).is_err());
}

#[test]
fn terminating_ends_what_the_peer_knows_of_with_a_message() {
    let quiet = ok(&initiated(), Input::Terminate { reason: reason("mistake") });
    assert!(quiet.outbox.is_empty());
    let late = ok(&quiet.next, Input::IdAssigned { id: contract_id() });
    assert!(late.is_unchanged() && late.next.id == Some(contract_id()) && late.next.is_over());
    let ended = ok(&performing(), Input::Terminate { reason: reason("done") });
    assert_eq!(kinds(&ended), [EvidenceKind::ContractTerminated]);
    assert!(
        matches!(&ended.outbox[..], [Outbound::Terminate(message)] if message.scheduled_end == year().end())
    );
    let ContractState::Ended { signatures, .. } = &ended.next.state else { panic!("ended") };
    assert!(signatures.is_complete(), "the signatures stay with the contract");
    let long = "x".repeat(limits::REASON_CHARS_MAX + 1);
    assert!(matches!(
        step(&performing(), Input::Terminate { reason: long.clone() }),
        Err(Refusal::TooLong { .. })
    ));
    let theirs = ok(&performing(), Input::PeerTerminated { reason: long }).next;
    let ContractState::Ended { cause: EndCause::Terminated { by, reason }, .. } = theirs.state else {
        panic!("ended")
    };
    assert_eq!((by, reason.len()), (Role::User, limits::REASON_CHARS_MAX));
}

#[test]
fn time_ends_a_contract_and_the_issuer_reports_it() {
    let end = year().end();
    let done = performing();
    assert_eq!(done.clone().step(Input::Expire, end.plus_micros(-1)), Err(Refusal::NotOver { end }));
    let expired = done.clone().step(Input::Expire, end).unwrap();
    assert!(matches!(&expired.next.state, ContractState::Ended { cause: EndCause::Expired, .. }));
    assert!(expired.outbox.is_empty(), "the provider did not issue it");
    assert!(expired.next.clone().step(Input::Expire, end).unwrap().is_unchanged());
    let theirs = done.step(Input::PeerTerminated { reason: "over".to_owned() }, end).unwrap();
    assert!(matches!(theirs.next.state, ContractState::Ended { cause: EndCause::Expired, .. }));

    let user = ok(&proposed(), Input::PeerAccepted).next;
    let user = ok(&user, sign(&user)).next;
    let user = ok(&user, peer_signed(&user)).next;
    let reported = user.step(Input::Expire, end).unwrap();
    let [Outbound::Terminate(message)] = reported.outbox.as_slice() else { panic!("one message") };
    assert_eq!((message.kind, message.agreed_end), (TerminateType::OnExpiry, None));
}

#[test]
fn nothing_is_agreed_after_the_end() {
    let end = year().end();
    let over = Refusal::Over { end };
    let input = Input::Propose { terms: terms().with_count(1) };
    assert_eq!(received().step(input, end), Err(over.clone()));
    assert_eq!(received().step(Input::Accept, end), Err(over.clone()));
    assert_eq!(agreed().step(sign(&agreed()), end), Err(over.clone()));
    assert_eq!(agreed().step(peer_signed(&agreed()), end), Err(over.clone()));
    assert_eq!(Contract::initiate(draft(Role::User), terms(), end), Err(over.clone()));
    assert_eq!(Contract::receive(draft(Role::Provider), contract_id(), terms(), end), Err(over));
}

#[test]
fn proposals_take_turns_and_do_not_repeat() {
    let other = terms().with_count(1);
    let refusal = step(&proposed(), Input::Propose { terms: other.clone() }).unwrap_err();
    assert!(
        matches!(refusal, Refusal::NotPossible { state: "negotiating, with the peer to answer", .. }),
        "{refusal}"
    );
    assert_eq!(step(&received(), Input::Propose { terms: terms() }), Err(Refusal::SameTerms));
    let countered = ok(&received(), Input::Propose { terms: other.clone() }).next;
    let back = ok(&countered, Input::PeerProposed { terms: terms().with_count(3) }).next;
    assert_eq!(step(&back, Input::Propose { terms: other }), Err(Refusal::AlreadyProposed { round: 2 }));
    // The peer's earlier terms may be taken up.
    assert_eq!(ok(&back, Input::Propose { terms: terms() }).next.rounds.len(), 4);
}

#[test]
fn a_negotiation_has_sixteen_rounds() {
    let mut contract = received();
    for round in 2..=limits::ROUNDS_MAX {
        let terms = terms().with_count(100 + u64::try_from(round).unwrap());
        let input =
            if contract.awaits_us() { Input::Propose { terms } } else { Input::PeerProposed { terms } };
        contract = ok(&contract, input).next;
    }
    assert_eq!(contract.rounds.len(), 16);
    let refusal = step(&contract, Input::PeerProposed { terms: terms().with_count(99) }).unwrap_err();
    assert_eq!(refusal, Refusal::RoundsExhausted { limit: 16 });
    assert!(ok(&contract, Input::PeerAccepted).next.awaits_us());
}

#[test]
fn drafts_that_contradict_themselves_are_refused() {
    let refused = |change: &dyn Fn(&mut ContractDraft)| {
        let mut draft = draft(Role::User);
        change(&mut draft);
        Contract::initiate(draft, terms(), now()).unwrap_err()
    };
    assert_eq!(refused(&|draft| draft.name.clear()), Refusal::Empty { what: "contract name" });
    assert!(matches!(refused(&|draft| draft.name = "名".repeat(129)), Refusal::TooLong { actual: 129, .. }));
    assert!(matches!(refused(&|draft| draft.abstract_ = "x".repeat(1_025)), Refusal::TooLong { .. }));
    assert!(matches!(refused(&|draft| draft.key = "k".repeat(65)), Refusal::TooLong { .. }));
    assert!(matches!(
        refused(&|draft| draft.user.subject = provider().subject),
        Refusal::Invalid { object: "party", .. }
    ));
    assert!(matches!(refused(&|draft| draft.user = provider()), Refusal::Invalid { object: "contract", .. }));
    let service = NodeId::parse(crate::testkit::NODE).unwrap();
    assert!(matches!(
        refused(&|draft| draft.user = PartyRef::new(service.clone(), "n")),
        Refusal::Invalid { .. }
    ));
    let nothing = terms().with_count(0);
    let refusal = Contract::initiate(draft(Role::User), nothing, now()).unwrap_err();
    assert_eq!(refusal, Refusal::Terms(TermsRefusal::CountRange(0)));
}

#[test]
fn uses_are_admitted_while_the_contract_is_in_force() {
    let request = |at, used_so_far| UseRequest {
        at,
        region: crate::testkit::area("3100"),
        user: user().subject,
        fields: None,
        used_so_far,
    };
    assert_eq!(performing().admit(&request(now(), 1)), Ok(()));
    assert_eq!(performing().admit(&request(now(), 2)), Err(UseRefusal::Count { limit: 2, used: 2 }));
    assert!(matches!(performing().admit(&request(year().end(), 0)), Err(UseRefusal::Over { .. })));
    let refusal = agreed().admit(&request(now(), 0)).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the contract is in state `03` signing: only a contract in force allows uses"
    );
    for input in [Input::Terminate { reason: String::new() }, Input::Reject { reason: String::new() }] {
        assert!(step(&agreed(), input).is_err(), "whoever ends a contract says why");
    }
    let ended = ok(&performing(), Input::Terminate { reason: "over".to_owned() }).next;
    assert_eq!(
        ended.admit(&request(now(), 0)),
        Err(UseRefusal::NotPerforming { status: ContractStatus::Ended })
    );
}

#[test]
fn a_signed_contract_before_its_start_has_a_state_of_its_own() {
    let before = at("2025-12-01T00:00:00Z");
    assert_eq!(performing().status(before).code(), "0301");
    assert_eq!(performing().status(year().start()).code(), "05");
}

/// Every state by name, and for each the inputs that change it: exactly those that a refusal promises.
#[test]
fn a_refusal_promises_exactly_what_is_possible() {
    let half_ours = ok(&agreed(), sign(&agreed())).next;
    let half_theirs = ok(&agreed(), peer_signed(&agreed())).next;
    let failed = ok(&agreed(), Input::Reject { reason: "over".to_owned() }).next;
    let ended = ok(&performing(), Input::Terminate { reason: "over".to_owned() }).next;
    let states =
        [initiated(), proposed(), received(), agreed(), half_ours, half_theirs, failed, performing(), ended];
    for contract in states {
        let mut signable = contract.clone();
        signable.id = Some(contract_id());
        let fresh = || terms().with_count(77);
        let inputs = [
            Input::Propose { terms: fresh() },
            Input::IdAssigned { id: contract_id() },
            Input::Accept,
            sign(&signable),
            Input::Reject { reason: reason("r") },
            Input::Terminate { reason: reason("r") },
            Input::Expire,
            Input::PeerProposed { terms: fresh() },
            Input::PeerAccepted,
            peer_signed(&signable),
            Input::PeerTerminated { reason: reason("r") },
        ];
        for input in inputs {
            let name = input.name();
            let moment = if name == "expire" { year().end() } else { now() };
            let changed = match contract.clone().step(input, moment) {
                Ok(step) => step.next != contract,
                Err(Refusal::NotPossible { input, possible, .. }) => {
                    assert_eq!(input, name);
                    assert!(!possible.split(", ").any(|other| other == name), "{possible}");
                    false
                }
                Err(other) => panic!("{name} in {}: {other}", contract.state_name()),
            };
            assert_eq!(changed, contract.possible().contains(&name), "{name} in {}", contract.state_name());
        }
    }
}

#[test]
fn a_refusal_says_the_state_and_what_is_possible() {
    let refusal = step(&initiated(), Input::Accept).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`accept` is not possible: the contract is initiated; possible: id assigned, terminate, expire"
    );
    let ended = ok(&performing(), Input::Terminate { reason: "over".to_owned() }).next;
    let refusal = step(&ended, Input::Accept).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`accept` is not possible: the contract is ended; possible: nothing: start another contract"
    );
}

#[test]
fn every_step_of_a_contract_that_has_an_id_is_logged_under_it() {
    let step = ok(&agreed(), sign(&agreed()));
    for evidence in &step.evidence {
        assert_eq!((evidence.contract.as_ref(), evidence.subject.as_str()), (Some(&contract_id()), CONTRACT));
    }
    let done = ok(&step.next, peer_signed(&step.next));
    let performing = done.evidence.last().unwrap();
    assert_eq!(performing.kind, EvidenceKind::ContractPerforming);
    let body: ContractBody = serde_json::from_value(performing.body["contract"].clone()).unwrap();
    assert_eq!(body, done.next.body().unwrap());
    assert_eq!(performing.body["signatures"].as_array().unwrap().len(), 2);
}

#[test]
fn bodies_say_what_they_are() {
    let body = agreed().body().unwrap();
    let json = serde_json::to_value(&body).unwrap();
    assert_eq!(json["type"], "weir.contract/1");
    assert_eq!(json["provider"]["connector"], provider().connector.as_str());
    assert_eq!(serde_json::from_value::<ContractBody>(json.clone()).unwrap(), body);
    let mut other = json;
    other["type"] = "weir.contract/2".into();
    assert!(serde_json::from_value::<ContractBody>(other).is_err());

    let signed = agreed().signature_body(now()).unwrap();
    let text = String::from_utf8(signed.signed_bytes().unwrap()).unwrap();
    let expected = format!(
        r#"{{"contractDigest":"{}","contractId":"{CONTRACT}","entityId":"{}","signatoryTime":"2026-03-01T04:00:00Z","type":"{SIGNATURE_TYPE}"}}"#,
        body.digest().unwrap(),
        provider().subject,
    );
    assert_eq!(text, expected);
}

/// The digest that parties sign must not change with the code: contracts outlive versions.
#[test]
fn the_digest_of_a_known_contract_stays() {
    let body = agreed().body().unwrap();
    let canonical = concat!(
        r#"{"contractId":"C491110000MA0TE5T08H520120250901093000Q7W8E9R0N","contractName":"Air quality of 2026","#,
        r#""product":{"id":"691110000MA0TE5T08H1101ZZZZZZZZ3","name":"奥体中心空气质量"},"#,
        r#""provider":{"connector":"591110000MA0TE5T08H1101000000004","name":"奥体中心站","subject":"91110000MA0TE5T08H"},"#,
        r#""terms":{"action":"read","count":2,"time":{"end":"2027-01-01T00:00:00Z","start":"2026-01-01T00:00:00Z"}},"#,
        r#""type":"weir.contract/1","#,
        r#""user":{"connector":"591310105575958172F1101000000013","name":"Shanghai Laboratory","subject":"91310105575958172F"}}"#,
    );
    assert_eq!(body.digest().unwrap(), Sha256::of(canonical.as_bytes()));
}

#[test]
fn the_stored_form_of_every_state_reads_back() {
    let failed = ok(&agreed(), Input::Reject { reason: reason("r") }).next;
    let ended = ok(&performing(), Input::Terminate { reason: reason("r") }).next;
    for contract in [initiated(), proposed(), received(), agreed(), failed, performing(), ended] {
        let json = serde_json::to_string(&contract).unwrap();
        assert_eq!(serde_json::from_str::<Contract>(&json).unwrap(), contract);
    }
}
