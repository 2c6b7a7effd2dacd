//! Every code table against the sheets of its document, where those are there; order and lookups always.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::terms::{Action, ConstraintName, Operator};
use crate::testkit::{block, flow_map, shared, unquote};

#[test]
fn regions_are_those_of_the_standard() {
    let Some(csv) = shared("regions", "spec/codes/region.csv") else { return };
    let expected: Vec<(u16, &str)> = csv
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(','))
        .map(|(code, name)| (code.parse().unwrap(), name))
        .collect();
    assert_eq!(regions::REGIONS, expected.as_slice());
    let provinces = expected.iter().filter(|(code, _)| code % 100 == 0).map(|(code, _)| code / 100);
    assert!(provinces.eq(regions::PROVINCES_EN.iter().map(|entry| entry.0)));
}

#[test]
fn industries_are_those_of_the_standard() {
    let Some(csv) = shared("industries", "spec/codes/industry.csv") else { return };
    // Names contain the Chinese comma only, so that a plain comma parts the columns.
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), industries::DIVISIONS.len());
    for row in rows {
        let found = division(row[2].parse().unwrap()).unwrap();
        assert_eq!(
            (found.section.letter.to_string().as_str(), found.section.zh, found.zh),
            (row[0], row[1], row[3])
        );
        assert!(!found.section.en.is_empty() && found.en.is_ascii() && !found.en.is_empty());
    }
    assert_eq!(industries::SECTIONS.len(), 20);
    let english: std::collections::BTreeSet<_> = industries::DIVISIONS.iter().map(|entry| entry.3).collect();
    assert_eq!(english.len(), industries::DIVISIONS.len(), "each division has a name of its own");
}

#[test]
fn tables_are_sorted_so_that_lookups_find() {
    assert!(regions::REGIONS.is_sorted_by_key(|entry| entry.0));
    assert!(regions::PROVINCES_EN.is_sorted_by_key(|entry| entry.0));
    assert!(industries::DIVISIONS.is_sorted_by_key(|entry| entry.0));
    assert_eq!(region_zh(1100), Some("北京市"));
    assert_eq!(region_zh(9900), None);
    assert_eq!(province_en(31), Some("Shanghai"));
    assert_eq!(province_en(99), None);
    assert!(division(98).is_none());
}

/// Code and Chinese name of every value of a table.
macro_rules! pairs {
    ($table:ty) => {
        <$table>::ALL
            .iter()
            .map(|value| (value.code().to_owned(), value.name_zh().to_owned()))
            .collect::<Vec<_>>()
    };
}

/// Entries of a table of digital-contract.yaml: one mapping per line with `code` and `zh`.
fn contract_table(sheet: &str, id: &str) -> Vec<(String, String)> {
    let lines = block(sheet, &format!("- id: {id}"));
    let entries = lines.into_iter().filter(|line| line.trim_start().starts_with("- {code:"));
    entries.map(flow_map).map(|map| (map["code"].clone(), map["zh"].clone())).collect()
}

#[test]
fn contract_tables_are_those_of_the_document() {
    let Some(sheet) = shared("contract tables", "spec/ndi/digital-contract.yaml") else { return };
    assert_eq!(pairs!(ContractStatus), contract_table(&sheet, "contract-status"));
    assert_eq!(pairs!(SignMode), contract_table(&sheet, "sign-mode"));
    assert_eq!(pairs!(SignatoryType), contract_table(&sheet, "signatory-type"));
    assert_eq!(pairs!(TerminateType), contract_table(&sheet, "terminate-type"));
    assert_eq!(pairs!(Action), contract_table(&sheet, "actions"));
    assert_eq!(pairs!(ConstraintName), contract_table(&sheet, "constraint-names"));
    assert_eq!(pairs!(Operator), contract_table(&sheet, "operators"));
    assert_eq!(pairs!(ExecutionEnv), contract_table(&sheet, "execution-env"));
    assert_eq!(pairs!(EncryptMode), contract_table(&sheet, "encrypt-mode"));
    assert_eq!(pairs!(DeliveryMethod), contract_table(&sheet, "delivery-method"));
    assert_eq!(Action::ALL.len(), 21);
    let names =
        block(&sheet, "- id: operators").into_iter().filter(|line| line.contains("{code:")).map(flow_map);
    assert!(names.map(|map| map["name"].clone()).eq(Operator::ALL.iter().map(|op| op.name_en().to_owned())));
}

/// Entries of a table of catalog.yaml: `'001': {zh: …}`.
fn catalogue_table(sheet: &str, name: &str) -> Vec<(String, String)> {
    let lines = block(sheet, &format!("- name: {name}"));
    let entries = lines.into_iter().filter(|line| line.trim_start().starts_with("'00"));
    let pair = |line: &str| (unquote(line.split_once(':').unwrap().0), flow_map(line)["zh"].clone());
    entries.map(pair).collect()
}

#[test]
fn catalogue_tables_are_those_of_the_document() {
    let Some(sheet) = shared("catalogue tables", "spec/ndi/catalog.yaml") else { return };
    assert_eq!(pairs!(Classification), catalogue_table(&sheet, "classification"));
    assert_eq!(pairs!(DataSource), catalogue_table(&sheet, "source"));
    assert_eq!(pairs!(DeliveryForm), catalogue_table(&sheet, "delivery-form"));
    assert_eq!(pairs!(UpdateFrequency), catalogue_table(&sheet, "update-frequency"));
    assert_eq!(pairs!(QualityLevel), catalogue_table(&sheet, "quality-level"));
    assert_eq!(pairs!(SecurityLevel), catalogue_table(&sheet, "security-level"));
    assert_eq!(pairs!(ServiceType), catalogue_table(&sheet, "service-type"));
}

/// Codes of a table of identity.yaml, and the text that its Chinese name stands in.
fn identity_table(sheet: &str, name: &str) -> Vec<(String, String)> {
    let lines = block(sheet, &format!("- name: {name}"));
    let entries = lines.into_iter().skip_while(|line| line.trim() != "entries:").skip(1);
    entries
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(code, text)| (unquote(code), text.to_owned()))
        .collect()
}

#[test]
fn identity_tables_are_those_of_the_document() {
    let Some(sheet) = shared("identity tables", "spec/ndi/identity.yaml") else { return };
    for (ours, table) in [
        (pairs!(EnterpriseType), "enterprise-type"),
        (pairs!(ConnectorJoinType), "connector-join-type"),
        (pairs!(ConnectorType), "connector-type"),
    ] {
        let theirs = identity_table(&sheet, table);
        assert_eq!(ours.len(), theirs.len(), "{table}");
        for ((code, zh), (their_code, text)) in ours.iter().zip(&theirs) {
            assert_eq!(code, their_code, "{table}");
            assert!(text.starts_with(zh.as_str()), "{table}: `{text}` does not begin with `{zh}`");
        }
    }
    let codes = identity_table(&sheet, "enterprise-auth-type").into_iter().map(|(code, _)| code);
    assert!(codes.eq(EnterpriseAuthType::ALL.iter().map(|value| value.code().to_owned())));
}

#[test]
fn codes_are_read_written_and_refused_by_name() {
    assert_eq!(DeliveryForm::from_code("001"), Ok(DeliveryForm::Dataset));
    assert_eq!("0301".parse(), Ok(ContractStatus::Signed));
    assert_eq!(serde_json::to_string(&TerminateType::Early).unwrap(), "\"01\"");
    assert_eq!(serde_json::from_str::<TerminateType>("\"02\"").unwrap(), TerminateType::OnExpiry);
    assert!(serde_json::from_str::<TerminateType>("\"03\"").is_err());
    let error = ContractStatus::from_code("04").unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown contract status code `04`: expected one of 01, 02, 03, 0301, 0302, 05, 06"
    );
}
