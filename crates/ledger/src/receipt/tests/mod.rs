//! Receipts with real certificates: genuine ones, and ones whose parts lie, belong elsewhere or came too late.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod mutation;
mod world;

use crypto::Suite;
use crypto::cert::Validity;
use serde_json::json;

use self::world::{Draft, NOW, PROVIDER, USER, World};
use super::*;
use crate::contract::Party;
use crate::window::{COUNTERSIGNATURE_TYPE, WINDOW_TYPE};

fn fault(report: &Report, step: StepKind) -> Fault {
    report.step(step).unwrap().fault().unwrap_or_else(|| panic!("{step} holds: {report}")).clone()
}

fn failing(report: &Report) -> Vec<StepKind> {
    report.steps.iter().filter(|step| !step.ok).map(|step| step.step).collect()
}

fn differing(fault: Fault) -> &'static str {
    match fault {
        Fault::Differs { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_genuine_receipt_holds_in_every_step_with_its_figures() {
    let world = World::new();
    let receipt = world.receipt();
    let report = verify(&receipt, &world.roots, NOW);
    assert!(report.ok(), "{report}");
    assert!(report.first_failure().is_none());
    assert_eq!(report.steps.iter().map(|step| step.step).collect::<Vec<_>>(), StepKind::ALL);
    assert_eq!(report.record, receipt.record);

    let detail = |step| report.step(step).unwrap().detail.clone();
    assert!(
        matches!(detail(StepKind::Use), Detail::Use { use_id, sequence: 2, bytes: 200, rows: 20, complete: true, .. } if use_id == "use-2")
    );
    assert_eq!(
        detail(StepKind::Window),
        Detail::Window { number: 1, first: 1, last: 3, uses: 3, complete: 3, bytes: 600, rows: 60 }
    );
    assert!(matches!(detail(StepKind::Contract), Detail::Contract { contract_id, provider, .. }
        if contract_id == "contract-1" && provider == Party { subject: PROVIDER.0.into(), connector: PROVIDER.1.into() }));
    assert!(
        matches!(detail(StepKind::ProviderSignature), Detail::Signature { signer, organisation, suite: Suite::Sm, at }
        if signer == PROVIDER.1 && organisation == "Provider Ltd" && at == world::CLOSED)
    );
    assert!(
        matches!(detail(StepKind::UserContract), Detail::Signature { signer, suite: Suite::Intl, .. } if signer == USER.0)
    );
    assert_eq!(
        detail(StepKind::ProviderInclusion),
        Detail::Inclusion { origin: "weir/provider/evidence".into(), index: 3, size: 6 }
    );
    assert!(matches!(detail(StepKind::ProviderCheckpoint), Detail::Checkpoint { sm2: true, size: 6, .. }));
    assert!(matches!(detail(StepKind::UserCheckpoint), Detail::Checkpoint { sm2: false, .. }));
}

#[test]
fn every_use_of_a_window_has_its_receipt_and_chains_are_checked_once() {
    let world = World::new();
    let mut verifier = Verifier::new(&world.roots, NOW);
    for sequence in 1..=3 {
        let receipt = Draft { sequence, ..Draft::default() }.seal(&world);
        let report = verifier.verify(&receipt);
        assert!(report.ok(), "{report}");
        assert_eq!(report.record.sequence, sequence);
        assert_eq!(verifier.known_chains(), 4, "two organisations, two connectors");
    }
}

#[test]
fn the_document_survives_its_json() {
    let world = World::new();
    let receipt = world.receipt();
    let json = receipt.to_json().unwrap();
    assert!(json.starts_with("{\n  \"type\": \"weir.receipt/1\",\n  \"use\": {"), "{json}");
    let again = Receipt::from_json(json.as_bytes()).unwrap();
    assert_eq!(again.to_json().unwrap(), json);
    assert!(verify(&again, &world.roots, NOW).ok());
    assert!(json.len() < 64 * 1024, "a receipt has some ten thousand bytes, not {}", json.len());
}

#[test]
fn what_is_no_receipt_is_refused_on_reading() {
    let json = World::new().receipt().to_json().unwrap();
    for bad in
        ["", "{}", "[]", "null", &json[..json.len() / 2], &json.replace("weir.receipt/1", "weir.receipt/2")]
    {
        assert!(matches!(Receipt::from_json(bad.as_bytes()), Err(LedgerError::ReceiptFormat(_))), "{bad}");
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(Receipt::from_json(deep.as_bytes()), Err(LedgerError::ReceiptFormat(_))));
    let deep = json.replacen("{\n", &format!("{{ \"path\": {deep},"), 1);
    assert!(matches!(Receipt::from_json(deep.as_bytes()), Err(LedgerError::ReceiptFormat(_))));
    let large = " ".repeat(MAX_RECEIPT_BYTES + 1);
    assert!(matches!(
        Receipt::from_json(large.as_bytes()),
        Err(LedgerError::TooLarge { what: "receipt", .. })
    ));
}

#[test]
fn an_incomplete_use_has_a_receipt_that_says_so() {
    let world = World::new();
    let mut draft = Draft::default();
    draft.uses[1].complete = false;
    draft.uses[1].digest = None;
    draft.uses[1].rows = 0;
    let report = verify(&draft.seal(&world), &world.roots, NOW);
    assert!(report.ok(), "{report}");
    assert!(matches!(report.steps[0].detail, Detail::Use { complete: false, digest: None, .. }));
    assert!(matches!(report.steps[1].detail, Detail::Window { uses: 3, complete: 2, .. }));
}

#[test]
fn a_certificate_that_expired_after_signing_does_not_undo_it() {
    let world = World::new();
    let later = NOW + 20 * 365 * 86_400;
    assert!(verify(&world.receipt(), &world.roots, later).ok());
}

#[test]
fn a_certificate_that_was_not_valid_at_signing_is_not_trusted() {
    let signed = world::CLOSED / 1_000_000;
    for (validity, reason) in [
        (Validity::new(world::BEGIN, signed - 1).unwrap(), "expired"),
        (Validity::new(signed + 1, signed + 1000).unwrap(), "valid from"),
    ] {
        let mut world = World::new();
        world.provider.recertify_connector(&world.provider_region, validity);
        let report = verify(&world.receipt(), &world.roots, NOW);
        assert_eq!(failing(&report), [StepKind::ProviderSignature]);
        let Fault::Untrusted { reason: found } = fault(&report, StepKind::ProviderSignature) else {
            panic!()
        };
        assert!(found.contains(reason), "{found}");
    }
}

#[test]
fn an_authority_speaks_for_members_of_its_own_area_alone() {
    // Another region certifies the very keys of a member: its chain leads to the root too.
    let mut world = World::new();
    world.provider.recertify_connector(&world.user_region, world::year());
    let report = verify(&world.receipt(), &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderSignature]);
    let Fault::Untrusted { reason } = fault(&report, StepKind::ProviderSignature) else { panic!("{report}") };
    assert!(reason.contains(PROVIDER.1) && reason.contains("does not certify it"), "{reason}");

    let mut world = World::new();
    world.user.recertify_organisation(&world.provider_region);
    let report = verify(&world.receipt(), &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::UserContract]);
    assert!(matches!(fault(&report, StepKind::UserContract), Fault::Untrusted { .. }), "{report}");

    // A connector's identifier that names no area has no authority at all.
    let mut draft = Draft::default();
    draft.contract["provider"]["connector"] = json!("connector");
    let report = verify(&draft.seal(&World::new()), &world.roots, NOW);
    assert!(failing(&report).contains(&StepKind::ProviderSignature), "{report}");
}

#[test]
fn a_remembered_chain_is_still_refused_outside_its_validity() {
    let mut world = World::new();
    let signed = world::CLOSED / 1_000_000;
    world.provider.recertify_connector(&world.provider_region, Validity::new(world::BEGIN, signed).unwrap());
    let mut verifier = Verifier::new(&world.roots, NOW);
    assert!(verifier.verify(&world.receipt()).ok(), "valid to the very second of signing");
    let late = Draft { closed_at: world::CLOSED + 1_000_000, ..Draft::default() }.seal(&world);
    let report = verifier.verify(&late);
    assert_eq!(failing(&report), [StepKind::ProviderSignature]);
    assert!(matches!(fault(&report, StepKind::ProviderSignature), Fault::Untrusted { .. }));
}

#[test]
fn roots_of_others_are_not_trusted() {
    let report = verify(&World::new().receipt(), &World::new().roots, NOW);
    assert_eq!(
        failing(&report),
        [
            StepKind::ProviderContract,
            StepKind::UserContract,
            StepKind::ProviderSignature,
            StepKind::UserSignature,
        ]
    );
    for step in failing(&report) {
        assert!(matches!(fault(&report, step), Fault::Untrusted { .. }), "{report}");
    }
}

#[test]
fn a_time_that_is_still_to_come_is_refused_beyond_the_clocks_difference() {
    let world = World::new();
    let closed = world::CLOSED / 1_000_000;
    assert!(verify(&world.receipt(), &world.roots, closed - MAX_CLOCK_LEAD_SECS + 1).ok());
    let early = closed - MAX_CLOCK_LEAD_SECS - 1;
    let report = verify(&world.receipt(), &world.roots, early);
    assert_eq!(failing(&report), [StepKind::ProviderSignature, StepKind::UserSignature]);
    assert_eq!(fault(&report, StepKind::ProviderSignature), Fault::FromFuture { signed: closed, now: early });
    for at in [i64::MIN, i64::MAX] {
        assert_eq!(verify(&world.receipt(), &world.roots, at).ok(), at == i64::MAX);
    }
}

#[test]
fn only_the_connectors_and_organisations_that_the_contract_names_may_sign() {
    let world = World::new();
    let genuine = world.receipt();
    let as_user = |receipt: &mut Receipt| {
        receipt.window.object = Draft::default().window(&world).sign(&world.user.connector_key).unwrap();
        receipt.window.chain = world.user.connector_chain.clone();
    };
    let mut receipt = genuine.clone();
    as_user(&mut receipt);
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(differing(fault(&report, StepKind::ProviderSignature)), "signer");

    let mut receipt = genuine.clone();
    receipt.contract.user = receipt.contract.provider.clone();
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::UserContract]);
    assert_eq!(differing(fault(&report, StepKind::UserContract)), "entityId");

    // The organisation's key may not stand for its connector.
    let mut receipt = genuine.clone();
    receipt.window.chain = world.provider.org_chain.clone();
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderSignature]);
    assert_eq!(differing(fault(&report, StepKind::ProviderSignature)), "signer");

    // A certificate of the same name over another key.
    let mut receipt = genuine;
    let mut other = world.provider.clone();
    other.renew_connector(&world.provider_region);
    receipt.window.chain = other.connector_chain;
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderSignature]);
    assert!(matches!(fault(&report, StepKind::ProviderSignature), Fault::BadSignature { .. }));
}

#[test]
fn a_window_that_was_not_summed_up_from_its_uses_is_found_out() {
    let world = World::new();
    for (field, step, lie) in [
        ("bytes", StepKind::Use, (|w| w.bytes = 199) as fn(&mut crate::window::Window)),
        ("rows", StepKind::Use, |w| w.rows = 19),
        ("complete", StepKind::Use, |w| w.complete = 0),
        ("closedAt", StepKind::Use, |w| w.closed_at = world::OPENED),
        ("sequence", StepKind::Use, |w| {
            (w.number, w.first, w.last, w.previous) = (2, 3, 5, crate::tree::empty_root())
        }),
        ("complete", StepKind::Window, |w| w.complete = 4),
        ("uses", StepKind::Window, |w| w.last = 9),
        ("first", StepKind::Window, |w| w.number = 2),
        ("previous", StepKind::Window, |w| w.previous = crate::tree::empty_root()),
        ("contractDigest", StepKind::Contract, |w| w.contract_digest = crate::tree::empty_root()),
    ] {
        // The provider signs its own lie properly, and the user counter-signs it: the figures alone give it away.
        let report = verify(&Draft { lie: Some(lie), ..Draft::default() }.seal(&world), &world.roots, NOW);
        assert_eq!(failing(&report), [step], "{field}: {report}");
        assert_eq!(differing(fault(&report, step)), field);
    }
}

#[test]
fn a_use_of_another_window_is_not_in_this_one() {
    let world = World::new();
    let mut receipt = world.receipt();
    let other = Draft { sequence: 1, ..Draft::default() }.seal(&world);
    receipt.record = other.record.clone();
    assert_eq!(fault(&verify(&receipt, &world.roots, NOW), StepKind::Use), Fault::NotIncluded { size: 3 });
    receipt.path = other.path;
    assert!(verify(&receipt, &world.roots, NOW).ok(), "with its own path it is");
    receipt.record.contract_id = "contract-2".into();
    assert_eq!(differing(fault(&verify(&receipt, &world.roots, NOW), StepKind::Use)), "contractId");
}

#[test]
fn a_countersignature_of_another_window_does_not_count() {
    let world = World::new();
    let mut receipt = world.receipt();
    let other = Draft { closed_at: world::CLOSED + 1, ..Draft::default() }.seal(&world);
    receipt.countersignature = other.countersignature;
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::UserSignature]);
    assert_eq!(differing(fault(&report, StepKind::UserSignature)), "window");
}

#[test]
fn one_kind_of_object_does_not_pass_for_another() {
    let world = World::new();
    let genuine = world.receipt();
    let mut receipt = genuine.clone();
    receipt.countersignature.object = genuine.window.object.clone();
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(
        fault(&report, StepKind::UserSignature),
        Fault::Differs { field: "type", expected: COUNTERSIGNATURE_TYPE.into(), actual: WINDOW_TYPE.into() }
    );
    assert_eq!(
        fault(&report, StepKind::UserInclusion),
        Fault::NotChecked { because: StepKind::UserSignature }
    );
    let mut receipt = genuine;
    receipt.window.object.body = json!("nothing");
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(differing(fault(&report, StepKind::Window)), "type");
    assert_eq!(fault(&report, StepKind::Use), Fault::NotChecked { because: StepKind::Window });
}

#[test]
fn an_entry_that_logs_something_else_proves_nothing() {
    let world = World::new();
    let mut receipt = world.receipt();
    let salt = receipt.window.log.entry.salt;
    let entry = Entry::evidence(salt, "window.closed", &receipt.countersignature.object).unwrap();
    receipt.window.log = world.provider.log(entry);
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderInclusion]);
    assert_eq!(fault(&report, StepKind::ProviderInclusion), Fault::NotLogged);
}

#[test]
fn an_entry_may_carry_more_than_the_object() {
    let world = World::new();
    let mut receipt = world.receipt();
    let mut entry = receipt.window.log.entry.clone();
    entry.body["subject"] = json!("contract-1");
    receipt.window.log = world.provider.log(entry);
    assert!(verify(&receipt, &world.roots, NOW).ok());
}

#[test]
fn another_log_or_another_tree_is_found_out() {
    let world = World::new();
    let genuine = world.receipt();

    let mut receipt = genuine.clone();
    receipt.window.log = world.user.log(receipt.window.log.entry);
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(
        failing(&report),
        [StepKind::ProviderCheckpoint],
        "the log is not the one that the window names"
    );
    assert_eq!(
        fault(&report, StepKind::ProviderCheckpoint),
        Fault::Unsigned { origin: "weir/provider/evidence".into() }
    );

    let mut receipt = genuine.clone();
    receipt.window.log.checkpoint =
        world.provider.log(Entry::new(receipt.window.log.entry.salt, json!(1))).checkpoint;
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderInclusion], "a genuine checkpoint of another tree");
    assert_eq!(fault(&report, StepKind::ProviderInclusion), Fault::NotIncluded { size: 6 });

    let mut receipt = genuine.clone();
    receipt.window.log.index = 6;
    assert_eq!(differing(fault(&verify(&receipt, &world.roots, NOW), StepKind::ProviderInclusion)), "index");

    let mut receipt = genuine;
    receipt.window.log.checkpoint = "no note".into();
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderInclusion, StepKind::ProviderCheckpoint]);
    assert_eq!(
        fault(&report, StepKind::ProviderInclusion),
        Fault::NotChecked { because: StepKind::ProviderCheckpoint }
    );
}

#[test]
fn a_node_of_suite_sm_must_sign_its_checkpoint_with_both_keys() {
    let world = World::new();
    let mut receipt = world.receipt();
    let mut lines: Vec<&str> = receipt.window.log.checkpoint.lines().collect();
    assert_eq!(lines.len(), 6, "three lines of text, an empty one, two signatures");
    lines.pop();
    receipt.window.log.checkpoint = lines.join("\n") + "\n";
    let report = verify(&receipt, &world.roots, NOW);
    assert_eq!(failing(&report), [StepKind::ProviderCheckpoint]);
    assert!(matches!(fault(&report, StepKind::ProviderCheckpoint), Fault::Unsigned { .. }));
}

#[test]
fn a_contract_without_parties_is_named_as_the_cause() {
    let world = World::new();
    let mut receipt = world.receipt();
    receipt.contract.body.as_object_mut().unwrap().remove("user");
    let report = verify(&receipt, &world.roots, NOW);
    assert!(
        matches!(fault(&report, StepKind::Contract), Fault::Unreadable { reason } if reason.contains("user"))
    );
    for step in [StepKind::ProviderContract, StepKind::UserContract, StepKind::ProviderSignature] {
        assert_eq!(fault(&report, step), Fault::NotChecked { because: StepKind::Contract });
    }
}

#[test]
fn a_report_is_written_with_stable_codes() {
    let world = World::new();
    let mut receipt = world.receipt();
    receipt.record.rows += 1;
    let report = verify(&receipt, &world.roots, NOW);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["use"]["useId"], "use-2");
    assert_eq!(
        json["steps"][0],
        json!({
            "step": "use", "ok": false, "detail": {"kind": "failed", "fault": {"code": "not-included", "size": 3}},
        })
    );
    assert_eq!(
        json["steps"][1],
        json!({
            "step": "window", "ok": true,
            "detail": {"kind": "window", "number": 1, "first": 1, "last": 3, "uses": 3, "complete": 3, "bytes": 600, "rows": 60},
        })
    );
    for (result, step) in report.steps.iter().zip(json["steps"].as_array().unwrap()) {
        assert_eq!(step["step"], result.step.code());
    }
    assert_eq!(report.first_failure().unwrap().step, StepKind::Use);
    let text = report.to_string();
    assert!(
        text.starts_with("use `use-2`\nuse: the path does not lead to the root of `3` leaves\nwindow: ok\n"),
        "{text}"
    );
}

#[test]
fn every_fault_has_a_code_that_its_json_shows_and_a_sentence() {
    let origin = || "weir/l/evidence".to_owned();
    let reason = || "reason".to_owned();
    for fault in [
        Fault::Differs { field: "rows", expected: "1".into(), actual: "2".into() },
        Fault::Unreadable { reason: reason() },
        Fault::NotIncluded { size: 3 },
        Fault::Untrusted { reason: reason() },
        Fault::BadSignature { reason: reason() },
        Fault::NotLogged,
        Fault::Unsigned { origin: origin() },
        Fault::Forged { origin: origin() },
        Fault::FromFuture { signed: 2, now: 1 },
        Fault::NotChecked { because: StepKind::Window },
    ] {
        assert_eq!(serde_json::to_value(&fault).unwrap()["code"], fault.code());
        let sentence = fault.to_string();
        assert!(!sentence.is_empty() && !sentence.ends_with('.'), "{sentence}");
    }
}

#[test]
fn hostile_texts_reach_no_terminal_as_they_are() {
    let world = World::new();
    let mut receipt = world.receipt();
    receipt.record.use_id = format!("u\u{1b}[31m\u{202e}\n\"{}", "x".repeat(1000));
    let fault = fault(&verify(&receipt, &world.roots, NOW), StepKind::Use);
    assert_eq!(differing(fault.clone()), "useId");
    let text = fault.to_string();
    assert!(text.contains("u\\u{1b}[31m\\u{202e}\\n\"xxx"), "{text}");
    assert!(text.ends_with("…`: expected `1 to 64 characters of 0-9A-Za-z-`") && text.len() < 400, "{text}");
}
