//! Terms as constraints, at the gate, in negotiation, and, with random ones, as sets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::Timestamp;
use crate::id::IdKind;
use crate::testkit::{Rng, area, at, now, profile, subject, terms, user, year};

fn triple(name: &str, operator: &str, value: &str) -> Constraint {
    Constraint { name: name.to_owned(), operator: operator.to_owned(), value: value.to_owned() }
}

const YEAR: &str = "2026-01-01T00:00:00Z--2027-01-01T00:00:00Z";

fn read(triples: &[Constraint]) -> Result<Terms, TermsRefusal> {
    let mut all = vec![triple("time", "09", YEAR)];
    all.extend_from_slice(triples);
    Terms::from_constraints(&["read"], &all)
}

fn full() -> Terms {
    terms()
        .with_fields(["PM2.5", "O3, \"ground\""])
        .with_regions([area("3100"), area("1101")])
        .with_users([user().subject])
}

fn request() -> UseRequest {
    UseRequest { at: now(), region: area("3101"), user: user().subject, fields: None, used_so_far: 0 }
}

#[test]
fn terms_are_written_as_the_documents_triples() {
    let triples = full().to_constraints();
    let expected = [
        triple("time", "09", YEAR),
        triple("count", "11", "2"),
        triple("dataField", "07", r#"["O3, \"ground\"","PM2.5"]"#),
        triple("region", "07", r#"["1101","3100"]"#),
        triple("expansionItem", "07", r#"{"user":["91310105575958172F"]}"#),
    ];
    assert_eq!(triples, expected);
    assert_eq!(Terms::from_constraints(&["read"], &triples), Ok(full()));
    assert_eq!(terms().to_constraints().len(), 2);
}

#[test]
fn other_forms_of_the_same_triples_are_read() {
    let one = [
        triple("count", "lt", "3"),
        triple("dataField", "isA", r#"["PM2.5"]"#),
        triple("region", "eq", "3100"),
        triple("expansionItem", "isPartOf", r#"{"user":["91310105575958172F"]}"#),
    ];
    let expected = terms().with_fields(["PM2.5"]).with_regions([area("3100")]).with_users([user().subject]);
    assert_eq!(read(&one), Ok(expected));
    let documents = [triple("time", "isA", "2026-01-01 08:00:00--20270101080000")];
    assert_eq!(
        Terms::from_constraints(&["download"], &documents).unwrap(),
        Terms::new(Action::Download, year())
    );
}

#[test]
fn what_cannot_be_enforced_is_refused_by_name() {
    use ConstraintName as Name;
    let refused =
        |name: &str, operator: &str, value: &str| read(&[triple(name, operator, value)]).unwrap_err();
    assert_eq!(refused("colour", "01", "red"), TermsRefusal::UnknownConstraint("colour".to_owned()));
    assert_eq!(refused("frequency", "11", "5"), TermsRefusal::UnsupportedConstraint(Name::Frequency));
    assert_eq!(refused("dataRecord", "11", "5"), TermsRefusal::UnsupportedConstraint(Name::DataRecord));
    assert_eq!(refused("count", "13", "5"), TermsRefusal::UnknownOperator("13".to_owned()));
    assert!(matches!(
        refused("count", "02", "5"),
        TermsRefusal::UnsupportedOperator { operator: Operator::Gt, .. }
    ));
    assert!(matches!(
        refused("region", "08", "[]"),
        TermsRefusal::UnsupportedOperator { name: Name::Region, .. }
    ));
    assert!(matches!(refused("expansionItem", "01", "{}"), TermsRefusal::UnsupportedOperator { .. }));
    assert_eq!(refused("time", "09", YEAR), TermsRefusal::Duplicate(Name::Time));
    let message = refused("count", "11", "10000 次/天").to_string();
    assert_eq!(
        message,
        "value `10000 次/天` of `count` is wrong: expected a whole number such as `10`, without a unit"
    );
    // Every name and operator is either enforced or refused, never ignored.
    for name in Name::ALL {
        for operator in Operator::ALL {
            let result = read(&[triple(name.code(), operator.code(), "?")]);
            assert!(result.is_err() || *operator == Operator::Eq, "{name} {operator}: {result:?}");
        }
    }
}

#[test]
fn wrong_values_are_refused() {
    for (name, operator, value) in [
        ("count", "11", ""),
        ("count", "11", "-1"),
        ("count", "11", "1.5"),
        ("count", "11", "99999999999999999999"),
        ("dataField", "07", "PM2.5"),
        ("dataField", "07", "[1]"),
        ("region", "07", "[\"9901\"]"),
        ("region", "01", "Shanghai"),
        ("expansionItem", "07", r#"{"user":["x"]}"#),
        ("expansionItem", "07", r#"{"user":["91310105575958172F"],"purpose":"any"}"#),
        ("expansionItem", "07", r#"{"purpose":"research"}"#),
    ] {
        let refusal = read(&[triple(name, operator, value)]).unwrap_err();
        assert!(matches!(refusal, TermsRefusal::BadValue { .. }), "{name} {value}: {refusal}");
    }
    let backwards = "2027-01-01T00:00:00Z--2026-01-01T00:00:00Z";
    let refusal = Terms::from_constraints(&["read"], &[triple("time", "09", backwards)]).unwrap_err();
    assert!(matches!(refusal, TermsRefusal::BadValue { name: ConstraintName::Time, .. }));
}

#[test]
fn empty_and_oversized_dimensions_are_refused() {
    assert_eq!(read(&[triple("count", "11", "0")]), Err(TermsRefusal::CountRange(0)));
    assert_eq!(read(&[triple("count", "lt", "1")]), Err(TermsRefusal::CountRange(0)));
    assert_eq!(read(&[triple("dataField", "07", "[]")]), Err(TermsRefusal::Empty(Dimension::Fields)));
    assert_eq!(read(&[triple("region", "07", "[]")]), Err(TermsRefusal::Empty(Dimension::Region)));
    assert_eq!(
        read(&[triple("expansionItem", "07", r#"{"user":[]}"#)]),
        Err(TermsRefusal::Empty(Dimension::User))
    );
    assert_eq!(terms().with_regions([area("0077")]).check(), Err(TermsRefusal::NotARegion(area("0077"))));
    let many = terms().with_fields((0..=limits::FIELDS_MAX).map(|n| format!("f{n}")));
    let (limit, actual) = (limits::FIELDS_MAX, limits::FIELDS_MAX + 1);
    assert_eq!(many.check(), Err(TermsRefusal::TooMany { dimension: Dimension::Fields, limit, actual }));
    assert!(terms().with_fields((0..limits::FIELDS_MAX).map(|n| format!("f{n}"))).check().is_ok());
    assert!(matches!(terms().with_fields([""]).check(), Err(TermsRefusal::FieldName(_))));
    assert!(matches!(terms().with_fields(["x".repeat(257)]).check(), Err(TermsRefusal::FieldName(_))));
    let long = "x".repeat(limits::CONSTRAINT_VALUE_CHARS_MAX + 1);
    assert!(matches!(read(&[triple("dataField", "01", &long)]), Err(TermsRefusal::TooLarge { .. })));
    let crowd = vec![triple("count", "11", "1"); limits::CONSTRAINTS_MAX + 1];
    assert!(matches!(Terms::from_constraints(&["read"], &crowd), Err(TermsRefusal::TooLarge { .. })));
    assert_eq!(
        terms().with_count(limits::COUNT_MAX + 1).check(),
        Err(TermsRefusal::CountRange(limits::COUNT_MAX + 1))
    );
}

#[test]
fn the_start_and_end_are_mandatory() {
    let refusal = Terms::from_constraints(&["read"], &[triple("count", "11", "1")]).unwrap_err();
    assert_eq!(refusal, TermsRefusal::Missing(ConstraintName::Time));
}

#[test]
fn only_actions_of_the_gate_are_taken() {
    let time = [triple("time", "09", YEAR)];
    assert_eq!(Terms::from_constraints::<&str>(&[], &time), Err(TermsRefusal::ActionCount(0)));
    assert_eq!(Terms::from_constraints(&["read", "download"], &time), Err(TermsRefusal::ActionCount(2)));
    assert_eq!(Terms::from_constraints(&["fly"], &time), Err(TermsRefusal::UnknownAction("fly".to_owned())));
    for action in Action::ALL {
        let taken = Terms::from_constraints(&[action.code()], &time);
        let supported = matches!(action, Action::Read | Action::Download);
        assert_eq!(taken.is_ok(), supported, "{action}");
        if !supported {
            assert_eq!(taken, Err(TermsRefusal::UnsupportedAction(*action)));
        }
    }
    assert_eq!(Action::parse("policyTransmit"), Err(TermsRefusal::UnsupportedAction(Action::PolicyTransmit)));
}

#[test]
fn fields_are_refused_on_parquet_and_where_they_do_not_exist() {
    let csv = profile(Format::Csv, &["PM2.5", "O3"]);
    let parquet = profile(Format::Parquet, &["PM2.5", "O3"]);
    let wanted = terms().with_fields(["PM2.5"]);
    assert_eq!(wanted.check_profile(&csv), Ok(()));
    assert_eq!(wanted.check_profile(&parquet), Err(TermsRefusal::FieldsOnFormat(Format::Parquet)));
    assert_eq!(terms().check_profile(&parquet), Ok(()));
    let unknown = terms().with_fields(["PM10"]);
    assert_eq!(unknown.check_profile(&csv), Err(TermsRefusal::UnknownField("PM10".to_owned())));
}

#[test]
fn a_use_passes_in_every_dimension_or_is_refused_by_name() {
    assert_eq!(full().admit(&request()), Ok(()));
    let refused = |change: fn(&mut UseRequest)| {
        let mut request = request();
        change(&mut request);
        full().admit(&request).unwrap_err()
    };
    let count = refused(|request| request.used_so_far = 2);
    assert_eq!(count, UseRefusal::Count { limit: 2, used: 2 });
    assert_eq!(count.to_string(), "count: the contract allows 2, and 2 are used: agree on another contract");
    let early = refused(|request| request.at = at("2025-12-31T23:59:59.999999Z"));
    assert!(matches!(early, UseRefusal::NotYet { .. }));
    let late = refused(|request| request.at = at("2027-01-01T00:00:00Z"));
    assert!(matches!(late, UseRefusal::Over { .. }));
    let elsewhere = refused(|request| request.region = area("4403"));
    assert_eq!(elsewhere.to_string(), "region: the contract is for 1101, 3100, and the user is in `4403`");
    let other = refused(|request| request.user = subject("12710000MB0TE5T1X3"));
    assert_eq!(other, UseRefusal::User { actual: subject("12710000MB0TE5T1X3") });
    let field = refused(|request| request.fields = Some(BTreeSet::from(["SO2".to_owned()])));
    assert!(matches!(&field, UseRefusal::Field { field, .. } if field == "SO2"));
    let named = [count, early, late, elsewhere, other, field].map(|refusal| refusal.dimension().unwrap());
    use Dimension::{Count, Fields, Region, Time, User};
    assert_eq!(named, [Count, Time, Time, Region, User, Fields]);
}

#[test]
fn a_use_at_the_edge_passes() {
    let edge = UseRequest { at: at("2026-01-01T00:00:00Z"), used_so_far: 1, ..request() };
    assert_eq!(full().admit(&edge), Ok(()));
    let some_fields = UseRequest { fields: Some(BTreeSet::from(["PM2.5".to_owned()])), ..request() };
    assert_eq!(full().admit(&some_fields), Ok(()));
    // A region term for a prefecture does not let the whole province in.
    let province = UseRequest { region: area("1100"), ..request() };
    assert!(full().admit(&province).is_err());
    let unlimited = Terms::new(Action::Read, year());
    assert_eq!(unlimited.admit(&UseRequest { used_so_far: u64::MAX, ..request() }), Ok(()));
}

#[test]
fn a_proposal_within_the_offer_is_accepted() {
    let offer = terms().with_count(10);
    assert_eq!(decide(&offer, &terms()), Decision::Accept);
    assert_eq!(decide(&offer, &offer), Decision::Accept);
    let narrow = full();
    assert_eq!(decide(&Terms::new(Action::Read, year()), &narrow), Decision::Accept);
    assert!(terms().with_regions([area("3101")]).is_within(&terms().with_regions([area("3100")])).is_ok());
}

#[test]
fn a_wider_proposal_is_countered_with_what_both_have() {
    let offer = terms().with_count(1).with_regions([area("3100")]).with_fields(["PM2.5", "O3"]);
    let proposal = terms().with_regions([area("3101"), area("1100")]).with_fields(["O3", "SO2"]);
    let expected = terms().with_count(1).with_regions([area("3101")]).with_fields(["O3"]);
    assert_eq!(decide(&offer, &proposal), Decision::Counter(expected.clone()));
    assert!(expected.is_within(&offer).is_ok() && expected.is_within(&proposal).is_ok());
    let unlimited = Terms::new(Action::Read, year());
    assert_eq!(decide(&offer, &unlimited), Decision::Counter(offer.clone()));
}

#[test]
fn what_has_nothing_in_common_is_refused_by_dimension() {
    let refused = |offer: &Terms, proposal: &Terms| match decide(offer, proposal) {
        Decision::Refuse(refusal) => refusal.dimension(),
        other => panic!("{other:?}"),
    };
    let later = TimeRange::new(at("2028-01-01T00:00:00Z"), at("2029-01-01T00:00:00Z")).unwrap();
    assert_eq!(refused(&terms(), &Terms::new(Action::Read, later)), Some(Dimension::Time));
    assert_eq!(refused(&terms(), &Terms::new(Action::Download, year())), Some(Dimension::Action));
    assert_eq!(refused(&terms().with_fields(["a"]), &terms().with_fields(["b"])), Some(Dimension::Fields));
    let (here, there) = (terms().with_regions([area("1100")]), terms().with_regions([area("3100")]));
    assert_eq!(refused(&here, &there), Some(Dimension::Region));
    let (me, you) =
        (terms().with_users([user().subject]), terms().with_users([subject("12710000MB0TE5T1X3")]));
    assert_eq!(refused(&me, &you), Some(Dimension::User));
    // Terms that nobody can keep are refused for that, whatever the offer.
    assert_eq!(refused(&terms(), &Terms::new(Action::Sell, year())), Some(Dimension::Action));
}

#[test]
fn refusals_name_what_was_wanted_and_offered() {
    let refusal = terms().is_within(&terms().with_count(1)).unwrap_err();
    assert_eq!(refusal.to_string(), "count `2` is more than is offered: ask for 1");
    let unlimited = Terms::new(Action::Read, year());
    let refusal = unlimited.is_within(&terms()).unwrap_err();
    assert_eq!(refusal.to_string(), "count `unlimited` is more than is offered: ask for 2");
    let refusal = terms().is_within(&terms().with_fields(["a", "b"])).unwrap_err();
    assert_eq!(refusal.to_string(), "fields `unlimited` is more than is offered: ask for a, b");
    let many = terms().with_fields((0..20).map(|n| format!("f{n:02}")));
    let text = many.is_within(&terms().with_fields(["a"])).unwrap_err().to_string();
    assert!(text.contains("f07, …") && !text.contains("f08"), "{text}");
}

fn random_terms(rng: &mut Rng) -> Terms {
    let start = i64::try_from(rng.below(10)).unwrap();
    let end = start + 1 + i64::try_from(rng.below(10)).unwrap();
    let mut terms = Terms::new(
        Action::Read,
        TimeRange::new(Timestamp::from_secs(start), Timestamp::from_secs(end)).unwrap(),
    );
    let some = |rng: &mut Rng, from: &[&str]| -> Vec<String> {
        let mut picked: Vec<_> =
            from.iter().filter(|_| rng.chance(50)).map(|text| (*text).to_owned()).collect();
        if picked.is_empty() {
            picked.push(from[rng.below(from.len())].to_owned());
        }
        picked
    };
    if rng.chance(50) {
        terms.count = Some(1 + rng.next() % 4);
    }
    if rng.chance(50) {
        terms = terms.with_fields(some(rng, &["a", "b", "c"]));
    }
    if rng.chance(50) {
        terms =
            terms.with_regions(some(rng, &["1100", "1101", "3100", "4403"]).iter().map(|code| area(code)));
    }
    if rng.chance(50) {
        let users = some(rng, &["91310105575958172F", "12710000MB0TE5T1X3"]);
        terms = terms.with_users(users.iter().map(|code| subject(code)));
    }
    terms
}

fn random_request(rng: &mut Rng) -> UseRequest {
    let regions = ["1100", "1101", "3100", "3101", "4403"];
    let users = ["91310105575958172F", "12710000MB0TE5T1X3"];
    UseRequest {
        at: Timestamp::from_secs(i64::try_from(rng.below(22)).unwrap()),
        region: area(regions[rng.below(regions.len())]),
        user: subject(users[rng.below(2)]),
        fields: Some(BTreeSet::from([["a", "b", "c"][rng.below(3)].to_owned()])),
        used_so_far: rng.next() % 5,
    }
}

/// The laws of sets: a use passes under a meet if and only if it passes under both; what is within an offer admits nothing
/// that the offer does not; a decision never grants more than the offer.
#[test]
fn terms_behave_as_sets() {
    let seed = 0x5EED_0001;
    let mut rng = Rng(seed);
    let (mut met, mut within) = (0, 0);
    for round in 0..5_000 {
        let (left, right) = (random_terms(&mut rng), random_terms(&mut rng));
        let meet = left.meet(&right);
        met += u32::from(meet.is_some());
        let is_within = left.is_within(&right).is_ok();
        within += u32::from(is_within);
        for _ in 0..8 {
            let request = random_request(&mut rng);
            let (in_left, in_right) = (left.admit(&request).is_ok(), right.admit(&request).is_ok());
            let in_meet = meet.as_ref().is_some_and(|meet| meet.admit(&request).is_ok());
            assert_eq!(
                in_meet,
                in_left && in_right,
                "seed {seed:#x} round {round}: {left:?} {right:?} {request:?}"
            );
            assert!(!is_within || !in_left || in_right, "seed {seed:#x} round {round}");
        }
        assert_eq!(meet, right.meet(&left), "seed {seed:#x} round {round}");
        match decide(&right, &left) {
            Decision::Accept => assert!(is_within),
            Decision::Counter(terms) => {
                assert!(terms.is_within(&right).is_ok() && terms.is_within(&left).is_ok());
                assert_eq!(decide(&right, &terms), Decision::Accept);
            }
            Decision::Refuse(_) => assert_eq!(meet, None),
        }
        assert_eq!(Terms::from_constraints(&["read"], &left.to_constraints()).as_ref(), Ok(&left));
    }
    assert!(met > 500 && within > 50, "the cases are too one-sided: {met} met, {within} within");
}

#[test]
fn the_signed_form_is_stable() {
    let json = serde_json::to_string(&full()).unwrap();
    let expected = r#"{"action":"read","count":2,"time":{"start":"2026-01-01T00:00:00Z","end":"2027-01-01T00:00:00Z"},"fields":["O3, \"ground\"","PM2.5"],"regions":["1101","3100"],"users":["91310105575958172F"]}"#;
    assert_eq!(json, expected);
    assert_eq!(serde_json::from_str::<Terms>(&json).unwrap(), full());
    assert!(serde_json::from_str::<Terms>(&expected.replace("\"count\"", "\"purpose\"")).is_err());
}

#[test]
fn every_dimension_but_the_action_has_a_constraint() {
    let written: BTreeSet<String> = full().to_constraints().into_iter().map(|triple| triple.name).collect();
    let dimensions =
        [Dimension::Count, Dimension::Time, Dimension::Fields, Dimension::Region, Dimension::User];
    let named = dimensions.map(|dimension| dimension.constraint().unwrap().code().to_owned());
    assert_eq!(written, BTreeSet::from(named));
    assert_eq!(Dimension::Action.constraint(), None);
}

#[test]
fn terms_that_leave_out_the_contract_s_user_or_its_region_are_refused_with_the_way_out() {
    let (own, other) = (subject("91310000MA0000005E"), subject("91310000MA0000005F"));
    let mut next = 0;
    let mut draw = || {
        next += 1;
        next
    };
    let user = NodeId::mint(IdKind::Connector, &own, area("3101"), &mut draw).unwrap();
    let open = terms();
    assert_eq!(open.check_user(&user), Ok(()));
    assert_eq!(open.clone().with_users([other.clone(), own.clone()]).check_user(&user), Ok(()));
    let refusal = open.clone().with_users([other.clone()]).check_user(&user).unwrap_err();
    assert_eq!(refusal.dimension(), Some(Dimension::User));
    assert_eq!(refusal, TermsRefusal::UserLeftOut { user: own.clone(), users: other.to_string() });
    assert!(refusal.to_string().contains(own.as_str()), "{refusal}");

    // A province stands for what lies in it.
    for region in ["3101", "3100"] {
        assert_eq!(open.clone().with_regions([area("1100"), area(region)]).check_user(&user), Ok(()));
    }
    let refusal = open.with_regions([area("1100")]).check_user(&user).unwrap_err();
    assert_eq!(refusal.dimension(), Some(Dimension::Region));
    let expected = TermsRefusal::RegionLeftOut { region: area("3101"), regions: "1100".to_owned() };
    assert_eq!(refusal, expected);
}
