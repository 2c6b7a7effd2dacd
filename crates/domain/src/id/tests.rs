//! Identifiers against the vectors of NDI-TR-2025-04: parsing, minting, check characters, hostile texts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeMap;

use super::*;
use crate::Timestamp;
use crate::testkit::{Rng, area, at, block, contract_id, flow_map, shared, subject};

const SHEET: &str = "spec/ndi/identifier.yaml";

fn vectors(section: &str) -> Vec<BTreeMap<String, String>> {
    let Some(sheet) = shared(section, SHEET) else { return Vec::new() };
    let found: Vec<_> = block(&sheet, section).into_iter().map(flow_map).collect();
    assert!(found.len() >= 5, "{section} has only {} vectors", found.len());
    found
}

fn kind_name(id: &AnyId) -> &'static str {
    let kind = match id {
        AnyId::Node(id) => id.kind(),
        AnyId::Product(id) => id.kind(),
        AnyId::Resource(id) => id.kind(),
        AnyId::Contract(_) => return "contract",
    };
    match kind {
        IdKind::GlobalNode => "global-node",
        IdKind::RegionNode => "region-node",
        IdKind::IndustryNode => "industry-node",
        IdKind::ServiceNode => "service-node",
        IdKind::Connector => "connector",
        IdKind::DataProduct => "data-product",
        IdKind::DataResource => "data-resource",
    }
}

/// Subject, area, random part and extension of an id.
fn parts(id: &AnyId) -> (String, String, String, Option<String>) {
    macro_rules! of {
        ($id:expr, $extension:expr) => {
            ($id.subject().to_string(), $id.area().to_string(), $id.random().to_owned(), $extension)
        };
    }
    match id {
        AnyId::Node(id) => of!(id, None),
        AnyId::Product(id) => of!(id, id.extension().map(str::to_owned)),
        AnyId::Resource(id) => of!(id, id.extension().map(str::to_owned)),
        AnyId::Contract(id) => {
            (id.node_subject().to_string(), id.node_area().to_string(), id.random().to_owned(), None)
        }
    }
}

fn text(id: &AnyId) -> &str {
    match id {
        AnyId::Node(id) => id.as_str(),
        AnyId::Product(id) => id.as_str(),
        AnyId::Resource(id) => id.as_str(),
        AnyId::Contract(id) => id.as_str(),
    }
}

#[test]
fn valid_vectors_parse_into_their_parts() {
    for vector in vectors("valid:") {
        let code = &vector["code"];
        let id = AnyId::parse(code).unwrap_or_else(|error| panic!("{}: {error}", vector["id"]));
        assert_eq!(text(&id), code);
        assert_eq!(kind_name(&id), vector["kind"], "{code}");
        assert_eq!(code.chars().count(), vector["length"].parse::<usize>().unwrap());
        assert_eq!(code.chars().nth(31), vector["check"].chars().next());
        let extension = Some(vector["extension"].clone()).filter(|text| text != "null");
        let expected =
            (vector["subject"].clone(), vector["area"].clone(), vector["random"].clone(), extension);
        assert_eq!(parts(&id), expected, "{code}");
    }
}

#[test]
fn invalid_vectors_are_refused_for_their_reason() {
    for vector in vectors("invalid:") {
        let error = AnyId::parse(&vector["code"]).expect_err(&vector["id"]);
        assert_eq!(error.reason(), vector["reason"], "{}: {error}", vector["id"]);
    }
}

#[test]
fn contract_vectors_hold() {
    for vector in vectors("contract:") {
        let parsed = ContractId::parse(&vector["code"]);
        assert_eq!(parsed.is_ok(), vector["valid"] == "true", "{}: {parsed:?}", vector["id"]);
    }
    let reason = |text: &str| ContractId::parse(text).expect_err("invalid").reason();
    assert_eq!(reason("C491110000MA0TE5T08H520120250901093000Q7W8E9R0O"), "check-character");
    assert_eq!(reason("C491110000MA0TE5T08H520120250901093000Q7W8E9R0"), "length");
    assert_eq!(reason("C491110000MA0TE5T08H520120251301093000Q7W8E9R0L"), "time");
    assert_eq!(reason("D491110000MA0TE5T08H520120250901093000Q7W8E9R0N"), "type");
    assert_eq!(reason("C591110000MA0TE5T08H520120250901093000Q7W8E9R0N"), "type");
}

#[test]
fn a_contract_id_names_node_and_time() {
    let id = contract_id();
    assert_eq!(id.node_kind(), IdKind::ServiceNode);
    assert_eq!(id.node_subject().as_str(), "91110000MA0TE5T08H");
    assert_eq!(id.node_area(), area("5201"));
    assert_eq!(id.time(), at("2025-09-01T09:30:00+08:00"));
    assert_eq!(id.random(), "Q7W8E9R0");
}

#[test]
fn check_characters_agree_with_the_weighted_sum() {
    let weight = |i: u32| (0..i - 1).fold(1_u32, |weight, _| weight * 2 % 37);
    let value = |c: char| if c == '*' { 36 } else { c.to_digit(36).unwrap() };
    let mut rng = Rng(4);
    for _ in 0..500 {
        let body: String = (0..31)
            .map(|_| "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".as_bytes()[rng.below(36)] as char)
            .collect();
        let full = format!("{body}{}", check_char(&body).unwrap());
        let sum: u32 = full.chars().rev().zip(1..).map(|(c, i)| value(c) * weight(i)).sum();
        assert_eq!(sum % 37, 1, "{full}");
    }
    assert_eq!(check_char("abc"), None);
    assert_eq!(check_char("A*"), None);
}

#[test]
fn the_sheets_residues_are_our_symbols() {
    let Some(sheet) = shared("residues", SHEET) else { return };
    let table = block(&sheet, "- name: check-value");
    let entries: Vec<_> = table.iter().skip_while(|line| line.trim() != "entries:").skip(1).collect();
    assert_eq!(entries.len(), 37);
    for line in entries {
        let (residue, symbol) = line.trim().split_once(": ").unwrap();
        let residue: u32 = crate::testkit::unquote(residue).parse().unwrap();
        // A single character `c` has the weighted sum 2c, so that every residue has one.
        let body = (0..36).find(|v| v * 2 % 37 == residue).and_then(|v| char::from_digit(v, 36));
        let Some(body) = body else { continue };
        let expected = crate::testkit::unquote(symbol).chars().next();
        assert_eq!(check_char(&body.to_ascii_uppercase().to_string()), expected, "residue {residue}");
    }
}

#[test]
fn credit_codes_are_checked_at_registration_only() {
    for code in ["91110000MA0TE5T08H", "12710000MB0TE5T1X3"] {
        assert_eq!(SubjectCode::uscc(code).unwrap().as_str(), code);
    }
    let wrong = "91310105575958172F";
    assert!(SubjectCode::parse(wrong).is_ok());
    assert!(!subject(wrong).is_uscc());
    let error = SubjectCode::uscc(wrong).unwrap_err();
    assert_eq!(error, IdError::CreditCode { text: wrong.to_owned(), found: 'F', computed: 'A' });
    assert!(matches!(SubjectCode::uscc("9111000OMA0TE5T08H"), Err(IdError::Character { position: 8, .. })));
    assert_eq!(SubjectCode::with_check("91110000MA0TE5T08"), SubjectCode::uscc("91110000MA0TE5T08H").ok());
    assert!(SubjectCode::uscc("91110000MA0TE5T08H").is_ok());
    assert_eq!(SubjectCode::with_check("91110000MA0TE5T0"), None);
    assert_eq!(SubjectCode::with_check("91110000MI0TE5T08"), None);
}

#[test]
fn subject_codes_have_eighteen_capitals_and_digits() {
    assert_eq!(SubjectCode::parse("K7Q2M9X4B8D1R6T3Z").unwrap_err().reason(), "length");
    assert_eq!(SubjectCode::parse("K7Q2M9X4B8D1R6T3Z*").unwrap_err().reason(), "character");
    assert_eq!(SubjectCode::parse("K7Q2M9X4B8D1R6T3Z站").unwrap_err().reason(), "character");
    assert_eq!(SubjectCode::parse("").unwrap_err().reason(), "length");
}

#[test]
fn minted_ids_parse_again_and_never_end_in_a_star() {
    let mut rng = Rng(1);
    let owner = subject("91110000MA0TE5T08H");
    for _ in 0..2_000 {
        let product = ProductId::mint(&owner, area("1100"), || rng.next()).unwrap();
        assert!(!product.as_str().ends_with('*'));
        assert_eq!(ProductId::parse(product.as_str()).as_ref(), Ok(&product));
        assert_eq!((product.subject(), product.area()), (owner.clone(), area("1100")));
    }
    let node = NodeId::mint(IdKind::IndustryNode, &owner, area("0077"), || rng.next()).unwrap();
    assert_eq!(node.kind(), IdKind::IndustryNode);
    let resource = ResourceId::mint(&owner, area("0077"), || rng.next()).unwrap();
    assert_eq!(resource.kind(), IdKind::DataResource);
}

#[test]
fn a_star_is_drawn_again() {
    let owner = subject("91110000MA0TE5T08H");
    // The random part STAR000W gives the check character * (vector V12).
    let star = u64::from_str_radix("W000RATS", 36).unwrap();
    let mut draws = [star, star, 8].into_iter();
    let id = ProductId::mint(&owner, area("3301"), || draws.next().unwrap()).unwrap();
    assert_eq!(draws.next(), None);
    assert!(!id.as_str().ends_with('*'));
    assert_eq!(ProductId::mint(&owner, area("3301"), || star), Err(IdError::Draws(limits::MINT_DRAWS_MAX)));
    assert!(ProductId::parse("691110000MA0TE5T08H3301STAR000W*").is_ok());
}

#[test]
fn minting_refuses_what_parsing_would() {
    let owner = subject("91110000MA0TE5T08H");
    assert_eq!(NodeId::mint(IdKind::IndustryNode, &owner, area("1100"), || 1).unwrap_err().reason(), "area");
    assert_eq!(NodeId::mint(IdKind::RegionNode, &owner, area("0077"), || 1).unwrap_err().reason(), "area");
    assert_eq!(NodeId::mint(IdKind::DataProduct, &owner, area("1100"), || 1).unwrap_err().reason(), "type");
}

#[test]
fn contract_ids_are_minted_by_service_and_function_nodes() {
    let mut rng = Rng(9);
    let moment = Timestamp::parse("2026-11-24T23:59:59.9Z").unwrap();
    for node in ["491110000MA0TE5T08H5201Q7W8E9R09", "212710000MB0TE5T1X352011BH95JZYH"] {
        let node = NodeId::parse(node).unwrap();
        let id = ContractId::mint(&node, moment, || rng.next()).unwrap();
        assert_eq!(ContractId::parse(id.as_str()).as_ref(), Ok(&id));
        assert_eq!((id.node_kind(), id.node_subject()), (node.kind(), node.subject()));
        assert_eq!(id.time(), at("2026-11-25T07:59:59+08:00"));
    }
    let connector = NodeId::parse("591110000MA0TE5T08H1101000000004").unwrap();
    assert_eq!(ContractId::mint(&connector, moment, || 1).unwrap_err().reason(), "type");
}

#[test]
fn both_separators_are_read_and_one_is_written() {
    let dotted = "612710000MB0TE5T1X311015KX2M8PA8·7";
    let id = ProductId::parse(dotted).unwrap();
    assert_eq!(id.as_str(), "612710000MB0TE5T1X311015KX2M8PA8•7");
    assert_eq!((id.core(), id.extension()), ("612710000MB0TE5T1X311015KX2M8PA8", Some("7")));
    let renamed = id.with_extension("A/1").unwrap();
    assert_eq!(renamed.extension(), Some("A/1"));
    assert_eq!(id.with_extension("").unwrap_err().reason(), "extension");
    assert_eq!(id.with_extension("a b").unwrap_err().reason(), "extension");
    assert_eq!(id.with_extension(&"A".repeat(33)).unwrap_err().reason(), "extension");
}

#[test]
fn kinds_do_not_pass_for_each_other() {
    let product = "691110000MA0TE5T08H1101ZZZZZZZZ3";
    assert_eq!(NodeId::parse(product).unwrap_err().reason(), "type");
    assert_eq!(ResourceId::parse(product).unwrap_err().reason(), "type");
    assert_eq!(ProductId::parse("712710000MB0TE5T1X30065A1B2C3D4I").unwrap_err().reason(), "type");
    for kind in IdKind::ALL {
        assert_eq!(IdKind::from_code(kind.code()), Some(kind));
        assert_ne!(kind.is_node(), kind.is_data());
    }
    assert_eq!(IdKind::from_code('8'), None);
}

#[test]
fn hostile_texts_are_refused_without_harm() {
    for text in ["", "•", "6", "中文标识码中文标识码中文标识码中文标识码", "C", "\u{0}", "6\u{1F600}"]
    {
        assert!(AnyId::parse(text).is_err(), "{text}");
    }
    let mut rng = Rng(77);
    let alphabet: Vec<char> = "0169CZ*•·é中 \n".chars().collect();
    for _ in 0..3_000 {
        let text: String = (0..rng.below(70)).map(|_| alphabet[rng.below(alphabet.len())]).collect();
        if let Ok(id) = AnyId::parse(&text) {
            assert_eq!(AnyId::parse(super::tests::text(&id)), Ok(id));
        }
    }
}

#[test]
fn areas_are_regions_or_industries() {
    let beijing = area("1100");
    assert_eq!((beijing.name_zh(), beijing.name_en()), ("北京市", "Beijing"));
    assert!(beijing.is_province() && beijing.contains(area("1101")) && !area("1101").contains(beijing));
    assert!(!beijing.contains(area("3100")));
    let industry = area("0077");
    assert!(industry.is_industry() && !industry.is_province() && industry.contains(industry));
    assert_eq!(industry.name_zh(), "生态保护和环境治理业");
    assert_eq!(industry.name_en(), "Ecological protection and environmental governance");
    // A prefecture that is younger than the table goes by its province's name.
    assert_eq!(area("1399").name_zh(), "河北省");
    for wrong in ["9901", "0098", "0000", "110", "11000", "110A", "北京市", ""] {
        assert_eq!(AreaCode::parse(wrong).unwrap_err().reason(), "area", "{wrong}");
    }
}

#[test]
fn ids_are_strings_in_json_and_checked_when_read() {
    let json = serde_json::to_string(&contract_id()).unwrap();
    assert_eq!(json, format!("\"{}\"", contract_id()));
    assert_eq!(serde_json::from_str::<ContractId>(&json).unwrap(), contract_id());
    assert!(serde_json::from_str::<ContractId>("\"C4\"").is_err());
    assert_eq!(serde_json::to_string(&area("0077")).unwrap(), "\"0077\"");
    assert!(serde_json::from_str::<AreaCode>("\"9901\"").is_err());
}

#[test]
fn messages_name_the_input_and_the_way_out() {
    let message = |text: &str| AnyId::parse(text).unwrap_err().to_string();
    assert_eq!(
        message("591110000MA0TE5T08H1101Q7W8E9R0V"),
        "`591110000MA0TE5T08H1101Q7W8E9R0V` ends its first part with check character `V`, computed `U`: compare it with the source, a character is wrong"
    );
    assert_eq!(
        AreaCode::parse("9901").unwrap_err().to_string(),
        "area code `9901` is no region: expected the first four digits of a GB/T 2260 code, such as `1100`"
    );
}
