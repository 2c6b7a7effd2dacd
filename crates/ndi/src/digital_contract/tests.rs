//! Contract messages against the sheet of TC609-6-2025-14, and against bad input.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use crypto::Suite;
use domain::contract::{PartyRef, ProductRef, Role};
use domain::terms::{Action, Terms};
use domain::{CreateContract, Negotiate, Terminate, TimeRange, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::return_code::{Extension, Module, Parameter, System};
use crate::testing::{
    CONNECTOR, CONTRACT, OTHER_CONNECTOR, OTHER_SUBJECT, PRODUCT, SUBJECT, bend, check_codec, column, parse,
    refusal, row, shared,
};
use crate::{Error, FieldSpec, Message, ReturnCode};

const SIGNATURE: &str = "sm:0101010101010101010101010101010101010101010101010101010101010101\
                         0202020202020202020202020202020202020202020202020202020202020202";

fn create() -> Value {
    json!({
        "contractName": "奥体中心数据使用合约", "contractAbstract": "按次读取", "issueTime": "2025-09-01T01:30:00Z",
        "activationTime": "2026-01-01T00:00:00Z", "endTime": "2026-12-31T00:00:00Z", "signMode": "01",
        "issuerId": CONNECTOR, "issuerEntityId": SUBJECT, "signature": SIGNATURE,
    })
}

fn negotiate() -> Value {
    json!({
        "contractName": "奥体中心数据使用合约", "contractId": CONTRACT,
        "strategy": {
            "subjectInfo": {"dataProductId": PRODUCT, "dataProductName": "奥体中心空气质量"},
            "executionNodeInfo": {"providerNodeId": CONNECTOR, "consumerNodeId": OTHER_CONNECTOR},
            "actions": ["read"],
            "constraints": [
                {"constraintName": "time", "constraintOperator": "09",
                 "constraintValue": "2026-01-01T00:00:00Z--2026-12-31T00:00:00Z"},
                {"constraintName": "count", "constraintOperator": "11", "constraintValue": "1"},
                {"constraintName": "dataField", "constraintOperator": "07", "constraintValue": "[\"O3\",\"PM2.5\"]"},
            ],
            "policyExpansion": "{\"userName\":\"上海某研究所\"}",
        },
        "signatureList": [{"entityId": SUBJECT, "signature": SIGNATURE, "signatoryTime": "2025-09-01T01:31:00Z"}],
    })
}

fn terminate() -> Value {
    json!({
        "contractName": "奥体中心数据使用合约", "contractId": CONTRACT, "issueTime": "2026-06-01T00:00:00Z",
        "erminateType": "01", "activationTime": "2026-01-01T00:00:00Z", "scheduledEndTime": "2026-12-31T00:00:00Z",
        "agreedEndTime": "2026-06-01T00:00:00Z", "issuerId": CONNECTOR, "issuerEntityId": SUBJECT,
        "signature": SIGNATURE,
    })
}

/// Rows of one part (`request`, `response`) of an interface of the sheet.
fn rows(sheet: &str, interface: &str, part: &str) -> Vec<Vec<(String, String)>> {
    let start = format!("\n  - id: {interface}\n");
    let block = sheet.split(&start).nth(1).unwrap_or_else(|| panic!("no interface {interface}"));
    let block = block.split("\n  - id: ").next().unwrap();
    let rows = block.split(&format!("\n    {part}:\n")).nth(1).unwrap();
    rows.lines().take_while(|line| line.starts_with("      - {")).filter_map(row).collect()
}

/// Every row is a field of ours with the same obligation and length, and we have no field that is in no row.
fn compare(sheet: &str, interface: &str, part: &str, fields: &[FieldSpec]) {
    let rows = rows(sheet, interface, part);
    assert!(!rows.is_empty(), "{interface} {part}");
    for row in &rows {
        let name = column(row, "name").unwrap();
        let field = fields.iter().find(|field| field.path == name);
        let field = field.unwrap_or_else(|| panic!("{interface} {part}: no field {name}"));
        assert_eq!(
            Some(field.required.to_string().as_str()),
            column(row, "required"),
            "{interface} {part} {name}"
        );
        if let Some(length) = column(row, "length") {
            assert_eq!(field.limit.unwrap().to_string(), length, "{interface} {part} {name}");
        }
    }
    for field in fields {
        let known = rows.iter().any(|row| column(row, "name") == Some(&field.path));
        assert!(known, "{interface} {part}: `{}` is in no row", field.path);
    }
}

#[test]
fn every_field_of_the_three_interfaces_is_the_sheets() {
    let Some(sheet) = shared("spec/ndi/digital-contract.yaml") else { return };
    compare(&sheet, "contract-create", "request", &ContractCreate::fields());
    compare(&sheet, "contract-create", "response", &ContractCreated::fields());
    compare(&sheet, "contract-negotiate", "request", &ContractNegotiate::fields());
    compare(&sheet, "contract-negotiate", "response", &ContractNegotiated::fields());
    compare(&sheet, "contract-terminate", "request", &ContractTerminate::fields());
    compare(&sheet, "contract-terminate", "response", &ContractTerminated::fields());
}

#[test]
fn messages_are_named_as_the_sheets_paths() {
    let Some(sheet) = shared("spec/ndi/digital-contract.yaml") else { return };
    for name in [CREATE, NEGOTIATE, TERMINATE] {
        assert!(sheet.contains(&format!("\n    path: /{name}\n")), "{name}");
        assert!(name.chars().count() <= limits::MSGCODE_CHARS);
    }
}

#[test]
fn messages_are_written_as_they_are_read() {
    check_codec::<ContractCreate>(&create());
    check_codec::<ContractCreated>(&json!({"contractId": CONTRACT, "creationFlag": "0"}));
    check_codec::<ContractNegotiate>(&negotiate());
    check_codec::<ContractNegotiated>(&json!({"negotiationStatus": "1"}));
    check_codec::<ContractTerminate>(&terminate());
    check_codec::<ContractTerminated>(&json!({"status": "0"}));
}

#[test]
fn serde_reads_the_same() {
    let message: ContractNegotiate = serde_json::from_value(negotiate()).unwrap();
    assert_eq!(serde_json::to_value(&message).unwrap(), negotiate());
    let error = serde_json::from_value::<ContractTerminated>(json!({"status": "2"})).unwrap_err();
    assert_eq!(error.to_string(), "`status` is `2`: expected one of `0`, `1`");
}

#[test]
fn what_is_optional_may_be_absent_null_or_empty() {
    let body = negotiate();
    for pointer in ["/signatureList", "/strategy/constraints", "/strategy/policyExpansion"] {
        assert!(ContractNegotiate::read(&bend(&body, pointer, None)).is_ok(), "{pointer}");
        assert!(ContractNegotiate::read(&bend(&body, pointer, Some(Value::Null))).is_ok(), "{pointer}");
    }
    let empty = bend(&body, "/strategy/subjectInfo/dataProductName", Some(json!("")));
    assert_eq!(ContractNegotiate::read(&empty).unwrap().strategy.subject_info.data_product_name, None);
}

#[test]
fn both_spellings_of_the_misprint_are_read_and_the_printed_one_written() {
    let meant = bend(&bend(&terminate(), "/erminateType", None), "/terminateType", Some(json!("01")));
    let message = ContractTerminate::read(&meant).unwrap();
    assert_eq!(message.terminate_type, TerminateType::Early);
    assert_eq!(message.to_body().unwrap(), terminate());
    let wrong = bend(&meant, "/terminateType", Some(json!("03")));
    assert_eq!(refusal::<ContractTerminate>(&wrong).field(), Some("terminateType"));
    let none = bend(&meant, "/terminateType", None);
    assert_eq!(refusal::<ContractTerminate>(&none), Error::Empty { field: "erminateType".to_owned() });
}

#[test]
fn an_early_end_names_its_time() {
    let without = bend(&terminate(), "/agreedEndTime", None);
    assert_eq!(refusal::<ContractTerminate>(&without), Error::Empty { field: "agreedEndTime".to_owned() });
    let expiry = bend(&without, "/erminateType", Some(json!("02")));
    assert_eq!(ContractTerminate::read(&expiry).unwrap().agreed_end_time, None);
}

#[test]
fn operators_are_read_by_code_and_name_and_written_as_codes() {
    for (name, code) in [("lteq", "11"), ("11", "11"), ("isPartOf", "09"), ("isAnyOf", "07"), ("neq", "12")] {
        let body = bend(&negotiate(), "/strategy/constraints/1/constraintOperator", Some(json!(name)));
        let message = ContractNegotiate::read(&body).unwrap();
        assert_eq!(message.strategy.constraints[1].constraint_operator.code(), code);
        let written = message.to_body().unwrap();
        assert_eq!(written.pointer("/strategy/constraints/1/constraintOperator"), Some(&json!(code)));
    }
}

#[test]
fn a_list_as_value_is_read_as_its_text() {
    let body = bend(&negotiate(), "/strategy/constraints/2/constraintValue", Some(json!(["O3", "PM2.5"])));
    let message = ContractNegotiate::read(&body).unwrap();
    assert_eq!(message.strategy.constraints[2].constraint_value, "[\"O3\",\"PM2.5\"]");
}

#[test]
fn bad_fields_are_named_with_their_path_and_code() {
    let cases: &[(&str, Value, &str, Parameter)] = &[
        ("/contractName", json!("长".repeat(129)), "contractName", Parameter::Length),
        ("/contractName", json!(7), "contractName", Parameter::Format),
        ("/contractName", json!(""), "contractName", Parameter::Empty),
        ("/contractName", json!("a\u{0}b"), "contractName", Parameter::Format),
        ("/contractId", json!(&CONTRACT[..46]), "contractId", Parameter::Format),
        ("/contractId", json!(format!("{CONTRACT}0")), "contractId", Parameter::Length),
        ("/contractId", json!(CONTRACT.replace('Q', "R")), "contractId", Parameter::Format),
        ("/strategy", json!([]), "strategy", Parameter::Format),
        ("/strategy/actions", json!([]), "strategy.actions", Parameter::Empty),
        ("/strategy/actions", json!("read"), "strategy.actions", Parameter::Format),
        ("/strategy/actions/0", json!(null), "strategy.actions[0]", Parameter::Empty),
        (
            "/strategy/subjectInfo/dataProductId",
            json!(CONNECTOR),
            "strategy.subjectInfo.dataProductId",
            Parameter::Format,
        ),
        (
            "/strategy/constraints/2/constraintValue",
            json!(null),
            "strategy.constraints[2].constraintValue",
            Parameter::Empty,
        ),
        (
            "/strategy/constraints/1/constraintValue",
            json!(1),
            "strategy.constraints[1].constraintValue",
            Parameter::Format,
        ),
        ("/strategy/constraints/1", json!("count"), "strategy.constraints[1]", Parameter::Format),
        ("/signatureList/0/signature", json!("sm:00"), "signatureList[0].signature", Parameter::Format),
        (
            "/signatureList/0/signatoryTime",
            json!("soon"),
            "signatureList[0].signatoryTime",
            Parameter::Format,
        ),
    ];
    for (pointer, value, field, code) in cases {
        let error = refusal::<ContractNegotiate>(&bend(&negotiate(), pointer, Some(value.clone())));
        assert_eq!(error.field(), Some(*field), "{error}");
        assert_eq!(
            error.return_code(Module::Common),
            ReturnCode::parameter(Module::Common, *code),
            "{error}"
        );
    }
}

#[test]
fn lists_have_limits() {
    let constraint = json!({"constraintName": "count", "constraintOperator": "11", "constraintValue": "1"});
    let body =
        bend(&negotiate(), "/strategy/constraints", Some(json!(vec![constraint; limits::CONSTRAINTS + 1])));
    let limit = limits::CONSTRAINTS;
    let expected = Error::Length { field: "strategy.constraints".to_owned(), length: limit + 1, limit };
    assert_eq!(refusal::<ContractNegotiate>(&body), expected);
}

/// The error of taking a message as terms.
fn terms_error(pointer: &str, value: Option<Value>) -> Error {
    let message = match ContractNegotiate::read(&bend(&negotiate(), pointer, value)) {
        Ok(message) => message,
        Err(error) => return error,
    };
    message.to_domain(parse(CONNECTOR)).expect_err("must be refused")
}

#[test]
fn terms_that_cannot_be_kept_are_refused_by_name() {
    let constraint = |part: &str| format!("/strategy/constraints/1/{part}");
    let path = |part: &str| format!("strategy.constraints[1].{part}");
    let cases = [
        ("/strategy/actions".to_owned(), json!(["sell"]), "strategy.actions".to_owned(), "`sell`"),
        ("/strategy/actions".to_owned(), json!(["fly"]), "strategy.actions".to_owned(), "`fly`"),
        (
            "/strategy/actions".to_owned(),
            json!(["read", "download"]),
            "strategy.actions".to_owned(),
            "2 actions",
        ),
        (constraint("constraintName"), json!("colour"), path("constraintName"), "`colour`"),
        (constraint("constraintName"), json!("payAmount"), path("constraintName"), "`payAmount`"),
        (constraint("constraintOperator"), json!("99"), path("constraintOperator"), "`99`"),
        (constraint("constraintOperator"), json!("02"), path("constraintOperator"), "`02`"),
        (constraint("constraintValue"), json!("10000 次/天"), path("constraintValue"), "10000 次/天"),
        (constraint("constraintValue"), json!("0"), path("constraintValue"), "`0`"),
        (constraint("action"), json!("read"), path("action"), "unknown"),
        ("/strategy/duty".to_owned(), json!("pay"), "strategy.duty".to_owned(), "unknown"),
        (
            "/strategy/constraints/0/constraintName".to_owned(),
            json!("count"),
            path("constraintName"),
            "twice",
        ),
    ];
    for (pointer, value, field, word) in cases {
        // The value of constraint 0 is no count; with it the doubled constraint would not be reached.
        let error = match pointer.contains("/0/") {
            false => terms_error(&pointer, Some(value)),
            true => {
                let time =
                    json!({"constraintName": "count", "constraintOperator": "11", "constraintValue": "2"});
                terms_error("/strategy/constraints/0", Some(time))
            }
        };
        assert_eq!(error.field(), Some(field.as_str()), "{error}");
        assert!(error.to_string().contains(word), "{error} does not say {word}");
        assert_eq!(
            error.return_code(Module::Common),
            ReturnCode::extension(Extension::TermsRefused),
            "{error}"
        );
    }
}

#[test]
fn a_contract_without_time_is_refused() {
    let error = terms_error("/strategy/constraints/0", None);
    assert_eq!(error.field(), Some("strategy.constraints"));
    assert!(error.to_string().contains("`time` is missing"), "{error}");
}

#[test]
fn what_a_contract_needs_beyond_the_table_is_asked_for_by_name() {
    let error = terms_error("/strategy/executionNodeInfo/consumerNodeId", None);
    assert_eq!(error, Error::Empty { field: "strategy.executionNodeInfo.consumerNodeId".to_owned() });
    for name in ["entityId", "signature", "signatoryTime"] {
        let error = terms_error(&format!("/signatureList/0/{name}"), None);
        assert_eq!(error, Error::Empty { field: format!("signatureList[0].{name}") });
    }
}

#[test]
fn the_extension_is_read_and_may_not_contradict() {
    let bent = |text: &str| terms_error("/strategy/policyExpansion", Some(json!(text)));
    let error = bent("not json");
    assert_eq!(error.field(), Some("strategy.policyExpansion"));
    let error = bent("{\"penalty\":\"1 CNY\"}");
    assert_eq!(error.field(), Some("strategy.policyExpansion.penalty"));
    assert_eq!(error.return_code(Module::Common), ReturnCode::extension(Extension::TermsRefused));
    let error = bent("{\"endTime\":\"2027-01-01T00:00:00Z\"}");
    assert_eq!(error.field(), Some("strategy.policyExpansion.endTime"));
    let error = bent(&format!("{{\"user\":\"{OTHER_SUBJECT}\"}}"));
    assert_eq!(error.field(), Some("strategy.policyExpansion.user"));
    assert!(error.to_string().contains(OTHER_SUBJECT), "{error}");
}

fn terms() -> Terms {
    let time = TimeRange::new(at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z")).unwrap();
    Terms::new(Action::Read, time)
        .with_count(1)
        .with_fields(["PM2.5", "O3"])
        .with_regions([parse("3100")])
        .with_users([parse("91310105575958172F")])
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn sample() -> Negotiate {
    Negotiate {
        contract: parse(CONTRACT),
        to: parse(OTHER_CONNECTOR),
        name: "奥体中心数据使用合约".to_owned(),
        abstract_: String::new(),
        product: ProductRef { id: parse(PRODUCT), name: "奥体中心空气质量".to_owned() },
        provider: PartyRef::new(parse(CONNECTOR), "北京某监测中心"),
        user: PartyRef::new(parse(OTHER_CONNECTOR), "上海某研究所"),
        terms: terms(),
        signatures: Vec::new(),
    }
}

/// Over the wire and back: through bytes, as a peer would get it.
fn over_the_wire(negotiate: &Negotiate) -> Negotiate {
    let body = ContractNegotiate::try_from(negotiate).unwrap().to_body().unwrap();
    let body = crate::parse_body(body.to_string().as_bytes()).unwrap();
    ContractNegotiate::read(&body).unwrap().to_domain(negotiate.to.clone()).unwrap()
}

#[test]
fn a_round_arrives_as_it_was_sent() {
    let negotiate = sample();
    let received = over_the_wire(&negotiate);
    assert_eq!(received, negotiate);
    assert_eq!(peer_input(&received), domain::contract::Input::PeerProposed { terms: terms() });
    let unlimited = Negotiate { terms: Terms::new(Action::Download, terms().time), ..sample() };
    assert_eq!(over_the_wire(&unlimited), unlimited);
}

#[test]
fn signatures_arrive_and_hold() {
    for suite in [Suite::Sm, Suite::Intl] {
        let key = crypto::SigningKey::generate(suite).unwrap();
        let mut negotiate = sample();
        let signed_at = Timestamp::from_micros(1_756_690_200_123_456);
        let body =
            contract_body(&negotiate).signature_body(negotiate.provider.subject.clone(), signed_at).unwrap();
        negotiate.signatures = vec![domain::contract::PartySignature::sign(&key, body).unwrap()];
        let received = over_the_wire(&negotiate);
        assert_eq!(received, negotiate);
        received.signatures[0].verify(key.public_key()).unwrap();
        assert_eq!(peer_input(&received), domain::contract::Input::PeerSigned(negotiate.signatures));
    }
}

/// A peer cannot move a signature to other terms: the digest is computed from what the message says.
#[test]
fn a_signature_is_bound_to_the_terms_of_its_message() {
    let key = crypto::SigningKey::generate(Suite::Intl).unwrap();
    let mut negotiate = sample();
    let signed_at = at("2025-09-01T01:30:00Z");
    let body =
        contract_body(&negotiate).signature_body(negotiate.provider.subject.clone(), signed_at).unwrap();
    negotiate.signatures = vec![domain::contract::PartySignature::sign(&key, body).unwrap()];
    let body = ContractNegotiate::try_from(&negotiate).unwrap().to_body().unwrap();
    let more = bend(&body, "/strategy/constraints/1/constraintValue", Some(json!("2")));
    let received = ContractNegotiate::read(&more).unwrap().to_domain(negotiate.to).unwrap();
    assert_eq!(received.terms.count, Some(2));
    assert!(received.signatures[0].verify(key.public_key()).is_err());
}

#[test]
fn creating_is_signed_over_the_other_fields() {
    let create = CreateContract {
        key: "c1".to_owned(),
        name: "奥体中心数据使用合约".to_owned(),
        abstract_: String::new(),
        product: sample().product,
        provider: sample().provider,
        user: sample().user,
        issuer: Role::User,
        terms: terms(),
        issued_at: at("2025-09-01T01:30:00Z"),
    };
    let key = crypto::SigningKey::generate(Suite::Sm).unwrap();
    let body = sign_fields(create_fields(&create).unwrap(), &key).unwrap();
    let message = ContractCreate::read(&body).unwrap();
    assert_eq!(message.issuer_id.to_string(), OTHER_CONNECTOR);
    assert_eq!(message.contract_abstract, "奥体中心数据使用合约", "the table requires an abstract");
    assert_eq!(message.end_time.0, at("2026-12-31T00:00:00Z"));
    verify_fields(&body, &message.signature, key.public_key()).unwrap();
    for field in ContractCreate::fields().iter().filter(|field| field.path != "signature") {
        let bent = bend(&body, &format!("/{}", field.path), Some(json!("other")));
        let error = verify_fields(&bent, &message.signature, key.public_key()).unwrap_err();
        assert_eq!(error.return_code(Module::Common), ReturnCode::extension(Extension::EvidenceRefused));
        assert_eq!(error.field(), Some("signature"));
    }
    let stranger = crypto::SigningKey::generate(Suite::Sm).unwrap();
    assert!(verify_fields(&body, &message.signature, stranger.public_key()).is_err());
}

#[test]
fn ending_is_written_from_the_domain() {
    let mut terminate = Terminate {
        contract: parse(CONTRACT),
        to: parse(OTHER_CONNECTOR),
        name: "奥体中心数据使用合约".to_owned(),
        kind: TerminateType::Early,
        reason: "no field for it".to_owned(),
        issued_at: at("2026-06-01T00:00:00Z"),
        activation: at("2026-01-01T00:00:00Z"),
        scheduled_end: at("2026-12-31T00:00:00Z"),
        agreed_end: Some(at("2026-06-01T00:00:00Z")),
        issuer: parse(CONNECTOR),
        issuer_entity: parse(SUBJECT),
    };
    let key = crypto::SigningKey::generate(Suite::Intl).unwrap();
    let body = sign_fields(terminate_fields(&terminate).unwrap(), &key).unwrap();
    let message = ContractTerminate::read(&body).unwrap();
    verify_fields(&body, &message.signature, key.public_key()).unwrap();
    assert_eq!(bend(&body, "/signature", Some(json!(SIGNATURE))), self::terminate());
    terminate.kind = TerminateType::OnExpiry;
    terminate.agreed_end = None;
    let body = sign_fields(terminate_fields(&terminate).unwrap(), &key).unwrap();
    assert_eq!(ContractTerminate::read(&body).unwrap().agreed_end_time, None);
}

#[test]
fn a_bad_organisation_signature_is_not_a_bad_sender() {
    let key = crypto::SigningKey::generate(Suite::Sm).unwrap();
    let error = verify_fields(&create(), &parse(SIGNATURE), key.public_key()).unwrap_err();
    assert_ne!(error.return_code(Module::Common), ReturnCode::system(Module::Common, System::Unauthorised));
    assert!(error.to_string().contains(&key.key_ref().to_string()));
}
