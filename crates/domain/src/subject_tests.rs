//! The lifecycle of an organisation, and its stored form.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::testkit::{area, now, subject};

const CODE: &str = "91110000MA0TE5T08H";

fn registered() -> Step<Organisation> {
    let (code, name) = (subject(CODE), "北京市生态环境监测中心".to_owned());
    Organisation::register(
        code,
        name,
        area("1100"),
        Some(IdKind::Connector),
        EnterpriseType::Enterprise,
        now(),
    )
    .unwrap()
}

fn certify(text: &[u8]) -> OrganisationInput {
    OrganisationInput::Certify { certificate: Sha256::of(text) }
}

#[test]
fn an_organisation_is_registered_certified_and_deregistered() {
    let step = registered();
    assert_eq!(step.evidence[0].kind, EvidenceKind::OrganisationRegistered);
    assert!(step.outbox.is_empty() && !step.next.is_certified());
    let step = step.next.step(certify(b"one"), now()).unwrap();
    assert!(step.next.is_certified());
    assert_eq!(step.evidence[0].subject, CODE);
    let step = step.next.step(OrganisationInput::Deregister { reason: "left".to_owned() }, now()).unwrap();
    assert_eq!(step.evidence[0].kind, EvidenceKind::OrganisationDeregistered);
    assert!(!step.next.is_certified());
    let refusal = step.next.step(certify(b"two"), now()).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "`certify` is not possible: the organisation is deregistered; possible: nothing: register the organisation again"
    );
}

#[test]
fn a_certificate_may_be_replaced_and_repeats_change_nothing() {
    let certified = registered().next.step(certify(b"one"), now()).unwrap().next;
    assert!(certified.clone().step(certify(b"one"), now().plus_secs(9)).unwrap().is_unchanged());
    let replaced = certified.step(certify(b"two"), now().plus_secs(9)).unwrap();
    let since = now().plus_secs(9);
    assert_eq!(replaced.next.state, OrganisationState::Certified { certificate: Sha256::of(b"two"), since });
    let gone =
        registered().next.step(OrganisationInput::Deregister { reason: String::new() }, now()).unwrap().next;
    assert!(
        gone.step(OrganisationInput::Deregister { reason: "again".to_owned() }, now())
            .unwrap()
            .is_unchanged()
    );
}

#[test]
fn names_and_roles_are_checked() {
    let register = |name: &str, role| {
        Organisation::register(
            subject(CODE),
            name.to_owned(),
            area("1100"),
            role,
            EnterpriseType::Other,
            now(),
        )
    };
    assert_eq!(register("", None).unwrap_err(), Refusal::Empty { what: "organisation name" });
    assert!(matches!(
        register(&"名".repeat(129), None),
        Err(Refusal::TooLong { limit: 128, actual: 129, .. })
    ));
    assert!(matches!(register("n", Some(IdKind::DataProduct)), Err(Refusal::Invalid { .. })));
    let long = OrganisationInput::Deregister { reason: "x".repeat(1_025) };
    assert!(matches!(registered().next.step(long, now()), Err(Refusal::TooLong { .. })));
}

#[test]
fn the_stored_form_reads_back() {
    for organisation in
        [registered().next.clone(), registered().next.step(certify(b"one"), now()).unwrap().next]
    {
        let json = serde_json::to_string(&organisation).unwrap();
        assert_eq!(serde_json::from_str::<Organisation>(&json).unwrap(), organisation);
    }
}
