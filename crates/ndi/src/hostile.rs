//! Bodies that were bent at every place with every kind of hostile value: whatever comes, the answer is a message or an error
//! that names a field, and never a panic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use serde_json::{Value, json};

use crate::digital_contract::{ContractNegotiate, ContractTerminate};
use crate::return_code::{Class, Module};
use crate::testing::{CONNECTOR, CONTRACT, OTHER_CONNECTOR, PRODUCT, parse};
use crate::weir_v1::public_log::PublicBody;
use crate::{Error, Message};

/// Values that break careless readers.
fn hostile() -> Vec<Value> {
    let deep = (0..20).fold(json!([]), |inner, _| json!([inner]));
    vec![
        Value::Null,
        json!(true),
        json!(-1),
        json!(1.0e300),
        json!(u64::MAX),
        json!(""),
        json!("\u{202e}\u{0}\u{1b}[31m"),
        json!("•".repeat(70)),
        json!("x".repeat(100_000)),
        json!([]),
        json!({}),
        json!([{}, {}]),
        json!({"": null, "a.b[0]": 1}),
        deep,
    ]
}

/// JSON pointers of every place in a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut enter = |name: &str, inner: &Value| {
        let place = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        found.push(place.clone());
        places(inner, &place, found);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| enter(name, inner)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, inner)| enter(&index.to_string(), inner))
        }
        _ => {}
    }
}

/// Bends `body` everywhere and hands each result to `read`; returns how many were refused.
fn bend_everywhere(body: &Value, read: impl Fn(&Value) -> Result<(), Error>) -> usize {
    read(body).expect("the body is good before it is bent");
    let mut found = Vec::new();
    places(body, "", &mut found);
    let mut refused = 0;
    for place in found {
        for value in hostile() {
            let mut bent = body.clone();
            *bent.pointer_mut(&place).unwrap() = value;
            let Err(error) = read(&bent) else { continue };
            refused += 1;
            let class = error.return_code(Module::Common).class();
            assert!(matches!(class, Some(Class::Parameter | Class::Business)), "{place}: {error}");
            let field = error.field().unwrap_or_else(|| panic!("{place}: {error} names no field"));
            let top = place.split('/').nth(1).unwrap();
            assert!(field.starts_with(top), "{place} was bent, {field} is blamed");
            let text = error.to_string();
            assert!(
                text.chars().count() < 2_000 && !text.contains('\u{1b}'),
                "{place}: {} characters",
                text.len()
            );
        }
    }
    refused
}

#[test]
fn a_bent_negotiation_is_read_or_refused_by_field() {
    let body = json!({
        "contractName": "c", "contractId": CONTRACT,
        "strategy": {
            "subjectInfo": {"dataProductId": PRODUCT},
            "executionNodeInfo": {"providerNodeId": CONNECTOR, "consumerNodeId": OTHER_CONNECTOR},
            "actions": ["read"],
            "constraints": [
                {"constraintName": "time", "constraintOperator": "09",
                 "constraintValue": "2026-01-01T00:00:00Z--2026-12-31T00:00:00Z"},
                {"constraintName": "expansionItem", "constraintOperator": "07", "constraintValue": "{\"user\":[]}"},
            ],
            "policyExpansion": "{}",
        },
    });
    let mut body = body;
    body["strategy"]["constraints"][1]["constraintValue"] = json!("{\"user\":[\"91110000MA0TE5T08H\"]}");
    let refused = bend_everywhere(&body, |bent| {
        ContractNegotiate::read(bent)?.to_domain(parse(OTHER_CONNECTOR)).map(drop)
    });
    assert!(refused > 200, "{refused}");
}

#[test]
fn a_bent_end_is_read_or_refused_by_field() {
    let body = json!({
        "contractName": "c", "contractId": CONTRACT, "issueTime": "2026-06-01T00:00:00Z", "erminateType": "02",
        "activationTime": "2026-01-01T00:00:00Z", "scheduledEndTime": "2026-12-31T00:00:00Z", "issuerId": CONNECTOR,
        "issuerEntityId": "91110000MA0TE5T08H", "signature": format!("sm:{}", "01".repeat(64)),
    });
    let refused = bend_everywhere(&body, |bent| ContractTerminate::read(bent).map(drop));
    assert!(refused > 100, "{refused}");
}

#[test]
fn a_bent_body_of_a_log_is_read_or_refused_by_field() {
    let body = json!({"type": "weir.connector/1", "at": 0, "id": CONNECTOR, "subject": "91110000MA0TE5T08H", "name": "c",
        "area": "1100", "address": "http://127.0.0.1:1", "suite": "sm", "signChain": ["MIIB"], "status": "certified"});
    let refused = bend_everywhere(&body, |bent| PublicBody::read(bent).map(drop));
    assert!(refused > 100, "{refused}");
}

/// Every prefix and every single flipped byte of a good body: parsed or refused, whatever it is.
#[test]
fn bent_bytes_are_parsed_or_refused() {
    let text = json!({"productId": PRODUCT, "reason": "过期 \u{1f600}"}).to_string();
    let read = |bytes: &[u8]| {
        let value = crate::parse_body(bytes)?;
        crate::weir_v1::catalogue::ProductWithdraw::read(&value)
    };
    assert!(read(text.as_bytes()).is_ok());
    for end in 0..text.len() {
        assert!(read(&text.as_bytes()[..end]).is_err(), "a prefix of {end} bytes is no message");
    }
    for at in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(message) = read(&bytes) {
                assert_eq!(
                    message.product_id.to_string(),
                    PRODUCT,
                    "the check character guards the identifier"
                );
            }
        }
    }
}
