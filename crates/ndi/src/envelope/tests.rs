//! The envelope: each header's own return code, signatures of both suites, and what a change of any part does to them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use crypto::Suite;
use serde_json::json;

use super::*;
use crate::ReturnCode;
use crate::return_code::{Module, Parameter, System};
use crate::testing::{CONNECTOR, OTHER_CONNECTOR, SUBJECT, parse, shared};

const NOW: i64 = 1_767_225_600_000;
const SEQUENCE: &str = "01J9Z3-7f3a";

fn body() -> Value {
    json!({"contractName": "合约", "n": 1, "list": [1, 2.5, null]})
}

fn signed(key: &SigningKey) -> Headers {
    let (from, to) = (Sender::Node(parse(CONNECTOR)), Some(parse(OTHER_CONNECTOR)));
    Headers::unsigned("contractNegotiate", from, to, key.key_ref())
        .at(NOW, SEQUENCE)
        .sign(key, &body())
        .unwrap()
}

fn key(suite: Suite) -> SigningKey {
    SigningKey::generate(suite).unwrap()
}

/// Parses the headers of a good message after `bend` had its way with them.
fn parse_bent(bend: impl FnOnce(&mut Vec<(&'static str, String)>)) -> Result<Headers, Error> {
    let mut pairs = signed(&key(Suite::Intl)).to_pairs();
    bend(&mut pairs);
    Headers::parse(pairs.iter().map(|(name, value)| (*name, value.as_str())))
}

fn set(name: &str, value: &str) -> Result<Headers, Error> {
    parse_bent(|pairs| {
        pairs.iter_mut().filter(|(known, _)| *known == name).for_each(|pair| pair.1 = value.to_owned())
    })
}

#[test]
fn a_signed_message_is_parsed_and_verified_in_both_suites() {
    for suite in [Suite::Sm, Suite::Intl] {
        let key = key(suite);
        let headers = signed(&key);
        assert_eq!(headers.sign_value.len(), 128, "r‖s in hexadecimal");
        let pairs = headers.to_pairs();
        let shouting: Vec<(String, &str)> =
            pairs.iter().map(|(name, value)| (name.to_uppercase(), value.as_str())).collect();
        let others = [("content-type", "application/json"), ("host", "127.0.0.1")];
        let all = shouting.iter().map(|(name, value)| (name.as_str(), *value)).chain(others);
        let envelope = Envelope::parse(all, body().to_string().as_bytes()).unwrap();
        assert_eq!(envelope.headers, headers);
        assert_eq!(envelope.body, body());
        envelope.verify(key.public_key()).unwrap();
        envelope.headers.expect("contractNegotiate").unwrap();
        envelope.headers.check_time(NOW, limits::CLOCK_SKEW_MS).unwrap();
    }
}

#[test]
fn the_signing_input_is_the_documented_one() {
    let key = key(Suite::Sm);
    let text = String::from_utf8(signing_input(&signed(&key), &json!({"b": 1, "a": "é"})).unwrap()).unwrap();
    let expected = format!(
        "{{\"body\":{{\"a\":\"é\",\"b\":1}},\"headers\":{{\"msgcode\":\"contractNegotiate\",\"msgversion\":\"1.0.0\",\
         \"sequenceNum\":\"{SEQUENCE}\",\"timestamp\":\"{NOW}\",\"weir-from\":\"{CONNECTOR}\",\
         \"weir-key\":\"{}\",\"weir-to\":\"{OTHER_CONNECTOR}\"}}}}",
        key.key_ref()
    );
    assert_eq!(text, expected);
}

/// docs/WIRE.md shows the same headers.
#[test]
fn the_wire_document_lists_the_same_headers() {
    let wire = include_str!("../../../../docs/WIRE.md");
    let table = wire.split("| header | value | source |").nth(1).unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let documented: Vec<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    assert_eq!(documented, HEADERS);
}

#[test]
fn limits_are_those_of_table_16() {
    let Some(sheet) = shared("spec/ndi/identity.yaml") else { return };
    let table = sheet.split("- name: MessageHeader").nth(1).unwrap();
    let rows: Vec<_> =
        table.lines().skip_while(|line| !line.contains("- {")).map_while(crate::testing::row).collect();
    let expected = [
        (MSGCODE, limits::MSGCODE_CHARS),
        (MSGVERSION, limits::MSGVERSION_CHARS),
        (TIMESTAMP, limits::TIMESTAMP_DIGITS),
        (SEQUENCE_NUM, limits::SEQUENCE_CHARS_WRITTEN),
        (SIGN_VALUE, 128),
    ];
    assert_eq!(rows.len(), expected.len());
    for (row, (name, length)) in rows.iter().zip(expected) {
        assert_eq!(crate::testing::column(row, "name"), Some(name));
        assert_eq!(crate::testing::column(row, "length"), Some(length.to_string().as_str()), "{name}");
    }
}

#[test]
fn every_change_breaks_the_signature() {
    for suite in [Suite::Sm, Suite::Intl] {
        let key = key(suite);
        let headers = signed(&key);
        let refused = Err(Error::Signature { field: SIGN_VALUE, key: key.key_ref().to_string() });
        let changed = [
            Headers { msgcode: "contractTerminate".to_owned(), ..headers.clone() },
            Headers { msgversion: "1.0.1".to_owned(), ..headers.clone() },
            Headers { timestamp_ms: NOW + 1, ..headers.clone() },
            Headers { sequence_num: "other".to_owned(), ..headers.clone() },
            Headers { from: Sender::Subject(parse(SUBJECT)), ..headers.clone() },
            Headers { to: None, ..headers.clone() },
        ];
        for bent in changed {
            assert_eq!(bent.verify(key.public_key(), &body()), refused, "{bent:?}");
        }
        assert_eq!(headers.verify(key.public_key(), &json!({})), refused);
        headers.verify(key.public_key(), &body()).unwrap();
        let stranger = self::key(suite);
        assert_eq!(
            headers.verify(stranger.public_key(), &body()),
            refused,
            "the key is not the one that was named"
        );
        let renamed = Headers { key: stranger.key_ref(), ..headers };
        assert!(renamed.verify(stranger.public_key(), &body()).is_err());
    }
}

#[test]
fn a_der_signature_of_other_software_is_read() {
    let key = key(Suite::Sm);
    let headers = signed(&key);
    let der = crypto::Signature::from_raw_hex(Suite::Sm, &headers.sign_value).unwrap().to_der().unwrap();
    let headers = Headers { sign_value: hex::encode(der), ..headers };
    let pairs = headers.to_pairs();
    let read = Headers::parse(pairs.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
    read.verify(key.public_key(), &body()).unwrap();
}

#[test]
fn each_missing_header_is_named() {
    for name in HEADERS.into_iter().filter(|name| *name != WEIR_TO) {
        let error = parse_bent(|pairs| pairs.retain(|(known, _)| *known != name)).unwrap_err();
        assert_eq!(error, Error::Empty { field: name.to_owned() });
        assert_eq!(set(name, "").unwrap_err(), error, "an empty header is a missing one");
        assert_eq!(error.return_code(Module::Common).to_string(), "200001");
    }
    assert_eq!(set(WEIR_TO, "").unwrap().to, None, "join addresses nobody");
    assert_eq!(parse_bent(|pairs| pairs.retain(|(known, _)| *known != WEIR_TO)).unwrap().to, None);
}

#[test]
fn each_bad_header_has_its_own_code() {
    let long = |n: usize| "7".repeat(n);
    let cases = [
        (MSGCODE, long(21), Parameter::Length),
        (MSGCODE, "a b".to_owned(), Parameter::Format),
        (MSGVERSION, long(21), Parameter::Length),
        (TIMESTAMP, long(12), Parameter::Timestamp),
        (TIMESTAMP, long(14), Parameter::Timestamp),
        (TIMESTAMP, "176722560000x".to_owned(), Parameter::Timestamp),
        (TIMESTAMP, "-767225600000".to_owned(), Parameter::Timestamp),
        (TIMESTAMP, long(65), Parameter::Length),
        (SEQUENCE_NUM, long(65), Parameter::Length),
        (SEQUENCE_NUM, "a/b".to_owned(), Parameter::Format),
        (SEQUENCE_NUM, "流水".to_owned(), Parameter::Format),
        (SIGN_VALUE, long(257), Parameter::Length),
        (SIGN_VALUE, long(127), Parameter::Format),
        (SIGN_VALUE, "zz".repeat(64), Parameter::Format),
        (WEIR_FROM, CONNECTOR[..31].to_owned(), Parameter::Format),
        (WEIR_FROM, CONNECTOR.replace('4', "5"), Parameter::Format),
        (WEIR_FROM, long(33), Parameter::Length),
        (WEIR_TO, SUBJECT.to_owned(), Parameter::Format),
        (WEIR_KEY, "rsa:00112233445566778899aabbccddeeff".to_owned(), Parameter::Format),
        (WEIR_KEY, "sm:0011".to_owned(), Parameter::Format),
        (WEIR_KEY, long(49), Parameter::Length),
    ];
    for (name, value, parameter) in cases {
        let error = set(name, &value).unwrap_err();
        assert_eq!(error.field(), Some(name), "{error}");
        assert_eq!(
            error.return_code(Module::Common),
            ReturnCode::parameter(Module::Common, parameter),
            "{error}"
        );
    }
}

#[test]
fn lengths_that_the_samples_show_are_read() {
    let sequence = "a".repeat(37);
    assert_eq!(set(SEQUENCE_NUM, &sequence).unwrap().sequence_num, sequence);
    assert_eq!(set(SEQUENCE_NUM, &"a".repeat(64)).unwrap().sequence_num.len(), 64);
}

#[test]
fn a_doubled_header_is_refused() {
    let error = parse_bent(|pairs| pairs.push(("MSGCODE", "contractTerminate".to_owned()))).unwrap_err();
    assert_eq!(error.field(), Some(MSGCODE));
    assert_eq!(error.return_code(Module::Common).to_string(), "200002");
}

#[test]
fn name_and_version_are_checked_against_the_address() {
    let headers = signed(&key(Suite::Sm));
    let error = headers.expect("contractTerminate").unwrap_err();
    assert_eq!(error.to_string(), "`msgcode` is `contractNegotiate`: this address takes `contractTerminate`");
    assert_eq!(error.return_code(Module::Common).to_string(), "200007");
    let error =
        Headers { msgversion: "2.0.0".to_owned(), ..headers }.expect("contractNegotiate").unwrap_err();
    assert_eq!(error.to_string(), "`msgversion` is `2.0.0`: expected `1.0.0`");
    assert_eq!(error.return_code(Module::Common).to_string(), "200005");
}

#[test]
fn a_clock_off_by_more_than_five_minutes_is_told_by_how_much() {
    let headers = signed(&key(Suite::Sm));
    for fine in [NOW - 300_000, NOW, NOW + 300_000] {
        headers.check_time(fine, limits::CLOCK_SKEW_MS).unwrap();
    }
    let error = headers.check_time(NOW + 301_000, limits::CLOCK_SKEW_MS).unwrap_err();
    assert!(error.to_string().contains("301 s behind the receiver's, at most 300 s"), "{error}");
    assert_eq!(error.return_code(Module::Common).to_string(), "200006");
    let error = headers.check_time(NOW - 3_600_000, limits::CLOCK_SKEW_MS).unwrap_err();
    assert!(error.to_string().contains("3600 s ahead of"), "{error}");
    assert!(
        headers.check_time(i64::MIN, limits::CLOCK_SKEW_MS).is_err()
            && headers.check_time(i64::MAX, limits::CLOCK_SKEW_MS).is_err()
    );
}

#[test]
fn a_subject_sends_while_it_joins() {
    let key = key(Suite::Sm);
    let headers = Headers::unsigned("join", Sender::Subject(parse(SUBJECT)), None, key.key_ref());
    let headers = headers.at(NOW, SEQUENCE).sign(&key, &body()).unwrap();
    let pairs = headers.to_pairs();
    assert!(pairs.contains(&(WEIR_TO, String::new())));
    let read = Headers::parse(pairs.iter().map(|(name, value)| (*name, value.as_str()))).unwrap();
    assert_eq!(read.from, Sender::Subject(parse(SUBJECT)));
    read.verify(key.public_key(), &body()).unwrap();
}

#[test]
fn what_a_receiver_would_refuse_is_not_signed() {
    let key = key(Suite::Intl);
    let unsigned = || Headers::unsigned("join", Sender::Subject(parse(SUBJECT)), None, key.key_ref());
    let error = unsigned().at(NOW, &"a".repeat(33)).sign(&key, &body()).unwrap_err();
    assert_eq!(error, Error::Length { field: SEQUENCE_NUM.to_owned(), length: 33, limit: 32 });
    let error = unsigned().sign(&key, &body()).unwrap_err();
    assert_eq!(error, Error::Empty { field: SEQUENCE_NUM.to_owned() });
    let error = unsigned().at(12, SEQUENCE).sign(&self::key(Suite::Intl), &body()).unwrap_err();
    assert!(matches!(error, Error::Write(_)));
    assert_eq!(error.return_code(Module::Common), ReturnCode::system(Module::Common, System::Unknown));
    let error =
        Headers { msgcode: "a".repeat(21), ..unsigned() }.at(NOW, SEQUENCE).sign(&key, &body()).unwrap_err();
    assert_eq!(error.field(), Some(MSGCODE));
}
