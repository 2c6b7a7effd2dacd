//! The lifecycles of resources and products, what they refuse, and their stored forms. What a region or service node does with them
//! is tested in `app`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::codes::DeliveryForm;
use crate::id::{NodeId, ProductId, ResourceId};
use crate::terms::TermsRefusal;
use crate::testkit::{NODE, PRODUCT, RESOURCE, area, now, profile, provider, terms};
use crate::{EvidenceKind, Outbound, Refusal, Step};

fn resource() -> Resource {
    let text = (I18n::new("奥体中心空气质量", "Air quality of Aotizhongxin"), I18n::default());
    let columns = profile(Format::Csv, &["PM2.5", "O3"]);
    Resource::catalogue("aoti".to_owned(), provider().connector, text, Keywords::default(), columns, now())
        .unwrap()
        .next
}

fn new_product() -> NewProduct {
    NewProduct {
        key: "aoti".to_owned(),
        resource: ResourceId::parse(RESOURCE).unwrap(),
        connector: provider().connector,
        title: I18n::same("Air quality"),
        description: I18n::default(),
        keywords: Keywords { zh: vec!["臭氧".to_owned()], en: vec!["ozone".to_owned()] },
        industry: Some(area("0077")),
        delivery: DeliveryForm::Dataset,
        offer: terms(),
    }
}

fn product() -> Product {
    Product::draft(new_product(), &profile(Format::Csv, &["PM2.5"]), now()).unwrap().next
}

fn product_id() -> ProductId {
    ProductId::parse(PRODUCT).unwrap()
}

fn node() -> NodeId {
    NodeId::parse(NODE).unwrap()
}

fn other_node() -> NodeId {
    NodeId::parse("491110000MA0TE5T08H0085Q7W8E9R0Q").unwrap()
}

fn ok(product: &Product, input: ProductInput) -> Step<Product> {
    product.clone().step(input, now()).unwrap()
}

fn registered() -> Product {
    let submitted = ok(&product(), ProductInput::Submit).next;
    ok(&submitted, ProductInput::IdAssigned { id: product_id() }).next
}

fn listed() -> Product {
    ok(&registered(), ProductInput::Listed { node: node() }).next
}

#[test]
fn a_product_is_drafted_registered_listed_and_withdrawn() {
    let submitted = ok(&product(), ProductInput::Submit);
    assert_eq!(submitted.outbox, [Outbound::RegisterProduct { key: "aoti".to_owned() }]);
    let registered = ok(&submitted.next, ProductInput::IdAssigned { id: product_id() });
    assert_eq!(registered.evidence[0].subject, PRODUCT);
    assert!(registered.next.is_offered());
    let listing = ok(&registered.next, ProductInput::List { node: node() });
    assert_eq!(listing.outbox, [Outbound::ListProduct { product: product_id(), node: node() }]);
    assert!(listing.next.listings().is_empty(), "it is listed when the service node says so");
    let listed = ok(&listing.next, ProductInput::Listed { node: node() });
    assert_eq!(listed.next.listings(), [Listing { product: product_id(), node: node(), at: now() }]);
    let gone = ok(&listed.next, ProductInput::Withdraw { reason: "moved".to_owned() });
    let expected = [
        Outbound::DelistProduct { product: product_id(), node: node() },
        Outbound::WithdrawProduct { product: product_id(), reason: "moved".to_owned() },
    ];
    assert_eq!(gone.outbox, expected);
    assert!(!gone.next.is_offered() && gone.next.listings().is_empty());
    assert_eq!(gone.evidence[0].kind, EvidenceKind::ProductWithdrawn);
}

#[test]
fn a_product_stands_on_several_service_nodes() {
    let two = ok(&listed(), ProductInput::Listed { node: other_node() }).next;
    assert_eq!(two.listings().len(), 2);
    let one = ok(&two, ProductInput::Delist { node: node() });
    assert_eq!(one.outbox, [Outbound::DelistProduct { product: product_id(), node: node() }]);
    assert_eq!(one.next.listings()[0].node, other_node());
    let none = ok(&one.next, ProductInput::Delist { node: other_node() }).next;
    assert_eq!(none.state, ProductState::Registered { at: now() });
}

#[test]
fn repeats_change_nothing() {
    let submitted = ok(&product(), ProductInput::Submit).next;
    let withdrawn = ok(&listed(), ProductInput::Withdraw { reason: String::new() }).next;
    for (product, input) in [
        (submitted, ProductInput::Submit),
        (registered(), ProductInput::Submit),
        (registered(), ProductInput::IdAssigned { id: product_id() }),
        (listed(), ProductInput::List { node: node() }),
        (listed(), ProductInput::Listed { node: node() }),
        (listed(), ProductInput::Delist { node: other_node() }),
        (registered(), ProductInput::Delist { node: node() }),
        (withdrawn.clone(), ProductInput::Withdraw { reason: "again".to_owned() }),
        (withdrawn, ProductInput::IdAssigned { id: product_id() }),
    ] {
        let step = ok(&product, input.clone());
        assert!(step.is_unchanged() && step.next == product, "{input:?}");
    }
}

#[test]
fn what_the_state_does_not_allow_is_refused() {
    let refused = |product: Product, input: ProductInput| product.step(input, now()).unwrap_err();
    let early = refused(product(), ProductInput::List { node: node() });
    assert_eq!(early.to_string(), "`list` is not possible: the product is draft; possible: submit, withdraw");
    let unasked = refused(product(), ProductInput::IdAssigned { id: product_id() });
    assert!(matches!(unasked, Refusal::NotPossible { state: "draft", .. }));
    let other = ProductId::parse("691310105575958172F110100000001I").unwrap();
    assert!(matches!(
        refused(registered(), ProductInput::IdAssigned { id: other }),
        Refusal::IdConflict { .. }
    ));
    let withdrawn = ok(&listed(), ProductInput::Withdraw { reason: String::new() }).next;
    for input in
        [ProductInput::Submit, ProductInput::List { node: node() }, ProductInput::Delist { node: node() }]
    {
        assert!(matches!(refused(withdrawn.clone(), input), Refusal::NotPossible { state: "withdrawn", .. }));
    }
    let connector = refused(registered(), ProductInput::List { node: provider().connector });
    assert!(connector.to_string().contains("products are listed on service nodes"));
}

#[test]
fn a_product_withdrawn_too_early_is_withdrawn_when_its_id_comes() {
    let submitted = ok(&product(), ProductInput::Submit).next;
    let withdrawn = ok(&submitted, ProductInput::Withdraw { reason: "mistake".to_owned() });
    assert!(withdrawn.outbox.is_empty());
    let late = ok(&withdrawn.next, ProductInput::IdAssigned { id: product_id() });
    let message = Outbound::WithdrawProduct { product: product_id(), reason: "mistake".to_owned() };
    assert_eq!(late.outbox, [message]);
    assert!(!late.next.is_offered());
}

#[test]
fn a_product_drafted_again_stays_who_and_where_it_is() {
    let renewed = ok(&product(), ProductInput::Submit).next;
    let before = Product { created_at: now().plus_micros(-1), title: I18n::same("Old"), ..listed() };
    let next = renewed.clone().continuing(&before);
    assert_eq!((&next.id, &next.state, next.created_at), (&before.id, &before.state, before.created_at));
    assert_eq!(next.title, renewed.title, "what is said of it is new");
    let again = ok(&next, ProductInput::IdAssigned { id: product_id() });
    assert_eq!(again.next, next);
    let withdrawn = ok(&before, ProductInput::Withdraw { reason: "r".to_owned() }).next;
    let begun = renewed.continuing(&withdrawn);
    assert!(!begun.is_offered() && begun.id.is_some(), "found by its identifier, and not offered yet");
    assert!(ok(&begun, ProductInput::IdAssigned { id: product_id() }).next.is_offered());
}

#[test]
fn a_resource_catalogued_again_keeps_its_identifier() {
    let id = ResourceId::parse(RESOURCE).unwrap();
    let submitted = resource().step(ResourceInput::Submit, now()).unwrap().next;
    let given = ResourceInput::IdAssigned { id: id.clone() };
    let first = submitted.clone().step(given.clone(), now()).unwrap().next;
    let again = submitted.continuing(&Resource { created_at: now().plus_micros(-1), ..first });
    assert_eq!((again.id.as_ref(), again.created_at), (Some(&id), now().plus_micros(-1)));
    assert!(matches!(again.state, ResourceState::Catalogued { .. }), "the region has not answered");
    let answered = again.step(given, now()).unwrap();
    assert!(matches!(answered.next.state, ResourceState::Registered { .. }));
    assert_eq!(answered.evidence.len(), 1);
}

#[test]
fn an_offer_that_cannot_be_kept_is_refused() {
    let draft = |change: &dyn Fn(&mut NewProduct), format| {
        let mut new = new_product();
        change(&mut new);
        Product::draft(new, &profile(format, &["PM2.5"]), now()).unwrap_err()
    };
    let fields = |new: &mut NewProduct| new.offer = terms().with_fields(["PM2.5"]);
    assert_eq!(draft(&fields, Format::Parquet), TermsRefusal::FieldsOnFormat(Format::Parquet).into());
    let unknown = |new: &mut NewProduct| new.offer = terms().with_fields(["SO2"]);
    assert_eq!(draft(&unknown, Format::Csv), TermsRefusal::UnknownField("SO2".to_owned()).into());
    let untitled = draft(&|new| new.title = I18n::default(), Format::Csv);
    assert_eq!(untitled, Refusal::Empty { what: "title" });
    assert!(matches!(draft(&|new| new.industry = Some(area("1100")), Format::Csv), Refusal::Invalid { .. }));
    let words = draft(&|new| new.keywords.zh = vec!["词".to_owned(); 65], Format::Csv);
    assert_eq!(words, Refusal::TooMany { what: "keywords", limit: 64, actual: 65 });
    assert!(matches!(
        draft(&|new| new.keywords.en = vec![String::new()], Format::Csv),
        Refusal::Empty { .. }
    ));
    assert!(matches!(
        draft(&|new| new.description.zh = "长".repeat(1_025), Format::Csv),
        Refusal::TooLong { .. }
    ));
}

#[test]
fn a_resource_is_catalogued_registered_and_revoked() {
    let id = ResourceId::parse(RESOURCE).unwrap();
    let submitted = resource().step(ResourceInput::Submit, now()).unwrap();
    assert_eq!(submitted.outbox, [Outbound::RegisterResource { key: "aoti".to_owned() }]);
    assert!(submitted.next.clone().step(ResourceInput::Submit, now()).unwrap().is_unchanged());
    let registered = submitted.next.step(ResourceInput::IdAssigned { id: id.clone() }, now()).unwrap();
    assert_eq!(registered.evidence[0].kind, EvidenceKind::ResourceRegistered);
    assert!(
        registered
            .next
            .clone()
            .step(ResourceInput::IdAssigned { id: id.clone() }, now())
            .unwrap()
            .is_unchanged()
    );
    let revoked = registered.next.step(ResourceInput::Revoke { reason: "gone".to_owned() }, now()).unwrap();
    assert_eq!(revoked.outbox, [Outbound::RevokeResource { resource: id, reason: "gone".to_owned() }]);
    let again = revoked.next.clone().step(ResourceInput::Revoke { reason: String::new() }, now()).unwrap();
    assert!(again.is_unchanged());
    assert!(matches!(revoked.next.step(ResourceInput::Submit, now()), Err(Refusal::NotPossible { .. })));
}

#[test]
fn a_resource_revoked_too_early_is_revoked_when_its_id_comes() {
    let id = ResourceId::parse(RESOURCE).unwrap();
    let submitted = resource().step(ResourceInput::Submit, now()).unwrap().next;
    let revoked = submitted.step(ResourceInput::Revoke { reason: "mistake".to_owned() }, now()).unwrap().next;
    let late = revoked.step(ResourceInput::IdAssigned { id: id.clone() }, now()).unwrap();
    assert_eq!(
        late.outbox,
        [Outbound::RevokeResource { resource: id.clone(), reason: "mistake".to_owned() }]
    );
    let unasked = resource().step(ResourceInput::IdAssigned { id }, now()).unwrap_err();
    assert!(matches!(unasked, Refusal::NotPossible { state: "catalogued", .. }));
}

#[test]
fn profiles_are_held_to_what_a_catalogue_can_hold() {
    let names: Vec<String> = (0..5_000).map(|n| format!("c{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let wide = profile(Format::Csv, &names);
    assert_eq!(wide.check(), Err(Refusal::TooMany { what: "columns", limit: 4_096, actual: 5_000 }));
    assert_eq!(profile(Format::Csv, &[]).check(), Err(Refusal::Empty { what: "list of columns" }));
    let twice = profile(Format::Csv, &["a", "b", "a"]).check().unwrap_err();
    assert_eq!(twice.to_string(), "invalid profile: column `a` occurs twice: rename one of them");
    let mut hollow = profile(Format::Csv, &["a"]);
    hollow.columns[0].nulls = 101;
    assert!(matches!(hollow.check(), Err(Refusal::Invalid { .. })));
    assert_eq!(Profile { rows: 0, ..profile(Format::Csv, &["a"]) }.check(), Ok(()));
}

#[test]
fn shares_are_counted_in_whole_numbers() {
    let two = profile(Format::Csv, &["a", "b"]);
    assert_eq!((two.cells(), two.null_permille()), (200, 15));
    assert_eq!(Profile { rows: 0, ..two.clone() }.null_permille(), 0);
    let huge = Profile { rows: u64::MAX, null_cells: u64::MAX, ..two.clone() };
    assert_eq!(huge.null_permille(), 1_000);
    assert_eq!(two.column("b").map(|column| column.name.as_str()), Some("b"));
    assert_eq!(two.column("c"), None);
    let point = Profile { time_range: Some((now(), now())), ..two };
    assert!(point.time_span().is_some_and(|span| span.contains(now())));
}

#[test]
fn texts_fall_back_to_the_other_language() {
    let both = I18n::new("臭氧", "ozone");
    assert_eq!((both.in_zh(), both.in_en()), ("臭氧", "ozone"));
    let chinese = I18n::new("臭氧", "");
    assert_eq!((chinese.in_zh(), chinese.in_en()), ("臭氧", "臭氧"));
    assert!(I18n::default().is_empty() && !chinese.is_empty());
}

#[test]
fn the_stored_forms_read_back() {
    let stored = resource();
    let json = serde_json::to_string(&stored).unwrap();
    assert!(!json.contains("path"), "where the bytes lie is not part of a resource");
    assert_eq!(serde_json::from_str::<Resource>(&json).unwrap(), stored);
    let withdrawn = ok(&listed(), ProductInput::Withdraw { reason: "r".to_owned() }).next;
    for product in [product(), registered(), listed(), withdrawn] {
        let json = serde_json::to_string(&product).unwrap();
        assert_eq!(serde_json::from_str::<Product>(&json).unwrap(), product);
    }
}
