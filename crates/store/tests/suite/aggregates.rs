//! Each aggregate: what is put is got, keys and pages hold, tenants do not see each other.

use store::{
    Body, CatalogueCount, CatalogueRow, ChainRow, ContractRow, DirectoryRow, EnrolmentRow, Issue, IssuedRow,
    ListingRow, OrganisationRow, Page, PassedOverRow, ProductRow, ReceivedUseRow, ResourceRow, Store,
    StoreError, TenantRow, UseSum,
};

use crate::place::{look, places, step};

fn body(text: &str) -> Body {
    Body::versioned(1, &text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn notes() {
    for place in places("notes").await {
        let store = place.open().await;
        assert!(step!(store, |tx| tx.init_meta("a", "1").await).unwrap());
        assert!(!step!(store, |tx| tx.init_meta("a", "2").await).unwrap());
        step!(store, |tx| tx.put_meta("b", "水").await).unwrap();
        step!(store, |tx| tx.put_meta("b", "堰").await).unwrap();
        assert_eq!(look!(store, |read| read.get_meta("a").await).as_deref(), Some("1"));
        assert_eq!(look!(store, |read| read.get_meta("b").await).as_deref(), Some("堰"));
        let second = look!(store, |read| read.list_meta(&Page::after("a", 10)).await);
        assert_eq!(second.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["b"]);
        assert!(step!(store, |tx| tx.delete_meta("a").await).unwrap());
        assert!(!step!(store, |tx| tx.delete_meta("a").await).unwrap());
        assert_eq!(look!(store, |read| read.get_meta("a").await), None);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_ordered_by_their_bytes_everywhere() {
    for place in places("order_of_keys").await {
        let store = place.open().await;
        for key in ["b", "中", "B", "a-", "a", "ä", "A"] {
            step!(store, |tx| tx.put_meta(key, "1").await).unwrap();
        }
        let rows = look!(store, |read| read.list_meta(&Page::first(10)).await);
        let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["A", "B", "a", "a-", "b", "ä", "中"]);
        place.end(store).await;
    }
}

fn enrolment(hash: &str) -> EnrolmentRow {
    EnrolmentRow {
        code_hash: hash.into(),
        kind: "connector".into(),
        subject: "91110000000000000A".into(),
        state: EnrolmentRow::OPEN.into(),
        created_at: 10,
        expires_at: 100,
        used_at: None,
        used_by: None,
        body: body("x"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_once_and_in_time() {
    for place in places("codes").await {
        let store = place.open().await;
        for hash in ["h1", "h2", "h3"] {
            assert!(step!(store, |tx| tx.insert_enrolment(&enrolment(hash)).await).unwrap());
        }
        assert!(!step!(store, |tx| tx.insert_enrolment(&enrolment("h1")).await).unwrap());
        let redeem = |hash: &'static str, now: i64| {
            let store = store.clone();
            async move { step!(store, |tx| tx.redeem_enrolment(hash, "id1", now).await).unwrap() }
        };
        assert!(!redeem("h1", 100).await, "expired");
        assert!(redeem("h1", 99).await);
        assert!(!redeem("h1", 99).await, "used");
        assert!(!redeem("nobody", 50).await);
        assert!(step!(store, |tx| tx.revoke_enrolment("h2").await).unwrap());
        assert!(!redeem("h2", 50).await, "revoked");
        assert!(!step!(store, |tx| tx.revoke_enrolment("h1").await).unwrap());
        let row = look!(store, |read| read.get_enrolment("h1").await).unwrap();
        assert_eq!(
            (row.state.as_str(), row.used_at, row.used_by.as_deref()),
            ("used", Some(99), Some("id1"))
        );
        assert_eq!(look!(store, |read| read.list_enrolments(&Page::first(10)).await).len(), 3);
        place.end(store).await;
    }
}

/// Two joiners with one code: one of them gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_used_by_one_of_many() {
    for place in places("one_of_many").await {
        let store = place.open().await;
        step!(store, |tx| tx.insert_enrolment(&enrolment("h")).await).unwrap();
        let tasks: Vec<_> = (0..16)
            .map(|number| {
                let store = store.clone();
                let by = format!("id{number}");
                tokio::spawn(async move {
                    step!(store, |tx, by| tx.redeem_enrolment("h", &by, 50).await).unwrap()
                })
            })
            .collect();
        let mut winners = 0;
        for task in tasks {
            winners += u32::from(task.await.unwrap());
        }
        assert_eq!(winners, 1);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn organisations_and_tenants() {
    for place in places("organisations").await {
        let store = place.open().await;
        let mut organisation = OrganisationRow {
            code: "o1".into(),
            name: "北京市生态环境监测中心".into(),
            area: "1100".into(),
            state: "registered".into(),
            updated_at: 1,
            body: body("a"),
        };
        step!(store, |tx, organisation| tx.put_organisation(&organisation).await).unwrap();
        organisation.state = "certified".into();
        organisation.body = body("b");
        step!(store, |tx, organisation| tx.put_organisation(&organisation).await).unwrap();
        assert_eq!(look!(store, |read| read.get_organisation("o1").await), Some(organisation.clone()));
        assert_eq!(
            look!(store, |read| read.list_organisations(&Page::first(9)).await),
            [organisation.clone()]
        );
        assert_eq!(look!(store, |read| read.list_organisations(&Page::after("o1", 9)).await), []);
        assert_eq!(look!(store, |read| read.count_organisations().await), 1);
        let tenant = TenantRow {
            connector: "c1".into(),
            owner: "o1".into(),
            state: "active".into(),
            created_at: 5,
            body: body("t"),
        };
        let later = TenantRow { created_at: 6, state: "stopped".into(), ..tenant.clone() };
        step!(store, |tx, tenant| tx.put_tenant(&tenant).await).unwrap();
        step!(store, |tx, later| tx.put_tenant(&later).await).unwrap();
        let found = look!(store, |read| read.get_tenant("c1").await).unwrap();
        assert_eq!((found.created_at, found.state.as_str()), (5, "stopped"), "hosted since the first time");
        assert_eq!(look!(store, |read| read.list_tenants(&Page::first(9)).await), [found]);
        place.end(store).await;
    }
}

fn entry(id: &str, kind: &str, owner: &str, key: Option<&str>) -> DirectoryRow {
    DirectoryRow {
        id: id.into(),
        kind: kind.into(),
        owner: owner.into(),
        area: "3100".into(),
        origin: "weir/3100/public".into(),
        address: key.map(|_| "https://127.0.0.1:1".into()),
        key_id: key.map(Into::into),
        status: "active".into(),
        updated_at: 9,
        body: body(id),
    }
}

fn chain(holder: &str, fingerprint: &str, not_before: i64) -> ChainRow {
    ChainRow {
        holder: holder.into(),
        fingerprint: fingerprint.into(),
        not_before,
        not_after: not_before + 10,
        body: body(fingerprint),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chains_are_found_by_the_time_at_which_they_were_valid() {
    for place in places("chains").await {
        let store = place.open().await;
        for row in [chain("o1", "f1", 0), chain("o1", "f2", 5), chain("o2", "f3", 0)] {
            step!(store, |tx, row| tx.put_chain(&row).await).unwrap();
        }
        let other = ChainRow { body: body("other"), ..chain("o1", "f1", 0) };
        step!(store, |tx, other| tx.put_chain(&other).await).unwrap();
        for (at, expected) in
            [(-1, vec![]), (0, vec!["f1"]), (10, vec!["f2", "f1"]), (11, vec!["f2"]), (16, vec![])]
        {
            let rows = look!(store, |read| read.list_chains_at("o1", at).await);
            let found: Vec<&str> = rows.iter().map(|row| row.fingerprint.as_str()).collect();
            assert_eq!(found, expected, "at {at}");
        }
        assert_eq!(look!(store, |read| read.list_chains_at("o1", 0).await), [chain("o1", "f1", 0)]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_passed_over_is_told_and_paged_until_it_is_believed() {
    for place in places("passed_over").await {
        let store = place.open().await;
        let row = |kind: &str, id: &str, at: i64| PassedOverRow {
            origin: "weir/3100/public".into(),
            kind: kind.into(),
            id: id.into(),
            reason: "another stands".into(),
            at,
            body: body(id),
        };
        for row in [row("o", "o1", 1), row("c", "c1", 2), row("c", "c2", 3), row("o", "o1", 4)] {
            step!(store, |tx, row| tx.put_passed_over(&row).await).unwrap();
        }
        let ids = |rows: Vec<PassedOverRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(look!(store, |read| read.list_passed_over(9).await)), ["o1", "c2", "c1"]);
        assert_eq!(look!(store, |read| read.count_passed_over().await), 3);
        let first = look!(store, |read| read.list_passed_over_after(None, 1).await).remove(0);
        assert_eq!((first.kind.as_str(), first.id.as_str()), ("c", "c1"));
        let rest = look!(store, |read, first| read.list_passed_over_after(Some(&first), 9).await);
        assert_eq!(ids(rest), ["c2", "o1"]);
        step!(store, |tx| tx.delete_passed_over("weir/3100/public", "o", "o1").await).unwrap();
        assert_eq!(ids(look!(store, |read| read.list_passed_over(9).await)), ["c2", "c1"]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_is_found_by_id_kind_owner_and_key() {
    for place in places("directory").await {
        let store = place.open().await;
        for row in [
            entry("n1", "node", "o1", Some("k1")),
            entry("n2", "node", "o2", Some("k2")),
            entry("c1", "connector", "o1", Some("k1")),
            entry("o1", "organisation", "o1", None),
        ] {
            step!(store, |tx, row| tx.put_directory(&row).await).unwrap();
        }
        let ids = |rows: Vec<DirectoryRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(
            ids(look!(store, |read| read.list_directory("node", &Page::first(9)).await)),
            ["n1", "n2"]
        );
        assert_eq!(ids(look!(store, |read| read.list_directory("node", &Page::first(1)).await)), ["n1"]);
        assert_eq!(
            ids(look!(store, |read| read.list_directory_of("o1", &Page::first(9)).await)),
            ["c1", "n1", "o1"]
        );
        assert_eq!(ids(look!(store, |read| read.find_directory_by_key("k1").await)), ["c1", "n1"]);
        assert_eq!(look!(store, |read| read.count_directory("node").await), 2);
        assert_eq!(
            look!(store, |read| read.get_directory("o1").await),
            Some(entry("o1", "organisation", "o1", None))
        );
        assert!(step!(store, |tx| tx.delete_directory("n2").await).unwrap());
        assert_eq!(look!(store, |read| read.get_directory("n2").await), None);
        place.end(store).await;
    }
}

fn resource(tenant: &str, key: &str, id: Option<&str>) -> ResourceRow {
    ResourceRow {
        tenant: tenant.into(),
        key: key.into(),
        id: id.map(Into::into),
        state: "catalogued".into(),
        source: Some("/data/奥体中心.csv".into()),
        stamp: Some("{\"size\":1}".into()),
        updated_at: 3,
        body: body(key),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_see_each_others_resources_and_products() {
    for place in places("tenants").await {
        let store = place.open().await;
        for row in
            [resource("t1", "a", None), resource("t1", "b", Some("r1")), resource("t2", "a", Some("r1"))]
        {
            step!(store, |tx, row| tx.put_resource(&row).await).unwrap();
        }
        let named = resource("t1", "a", Some("r2"));
        step!(store, |tx, named| tx.put_resource(&named).await).unwrap();
        assert_eq!(look!(store, |read| read.get_resource("t1", "a").await), Some(named));
        assert_eq!(look!(store, |read| read.find_resource("t2", "r1").await).unwrap().key, "a");
        assert_eq!(look!(store, |read| read.find_resource("t2", "r2").await), None);
        assert_eq!(look!(store, |read| read.list_resources("t1", &Page::first(9)).await).len(), 2);
        let taken = resource("t1", "c", Some("r1"));
        let error = step!(store, |tx, taken| tx.put_resource(&taken).await).unwrap_err();
        assert!(matches!(error, StoreError::Database { .. }), "an identifier names one resource: {error}");
        assert!(step!(store, |tx| tx.delete_resource("t1", "a").await).unwrap());
        assert_eq!(look!(store, |read| read.get_resource("t2", "a").await).unwrap().tenant, "t2");
        let product = ProductRow {
            tenant: "t1".into(),
            key: "p".into(),
            id: Some("id1".into()),
            resource: "b".into(),
            state: "registered".into(),
            updated_at: 4,
            body: body("p"),
        };
        step!(store, |tx, product| tx.put_product(&product).await).unwrap();
        assert_eq!(look!(store, |read| read.get_product("t1", "p").await), Some(product.clone()));
        assert_eq!(look!(store, |read| read.find_product("t2", "id1").await), None);
        assert_eq!(look!(store, |read| read.find_product("t1", "id1").await), Some(product.clone()));
        assert_eq!(look!(store, |read| read.find_product_of_any("id1").await), Some(product.clone()));
        assert_eq!(look!(store, |read| read.list_products("t1", &Page::first(9)).await), [product]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_come_by_product() {
    for place in places("listings").await {
        let store = place.open().await;
        let listing = |product: &str, service: &str, state: &str| ListingRow {
            tenant: "t".into(),
            product: product.into(),
            service: service.into(),
            state: state.into(),
            updated_at: 1,
            body: body(state),
        };
        for row in
            [listing("p1", "s1", "asked"), listing("p1", "s2", "listed"), listing("p2", "s1", "listed")]
        {
            step!(store, |tx, row| tx.put_listing(&row).await).unwrap();
        }
        let changed = listing("p1", "s1", "listed");
        step!(store, |tx, changed| tx.put_listing(&changed).await).unwrap();
        assert_eq!(look!(store, |read| read.get_listing("t", "p1", "s1").await), Some(changed));
        assert_eq!(look!(store, |read| read.list_listings("t", "p1").await).len(), 2);
        let page = look!(store, |read| read.list_listings_of("t", &Page::first(1)).await);
        assert_eq!(page.len(), 2, "both of the first product");
        let rest = look!(store, |read| read.list_listings_of("t", &Page::after("p1", 9)).await);
        assert_eq!(rest.iter().map(|row| row.product.as_str()).collect::<Vec<_>>(), ["p2"]);
        assert_eq!(look!(store, |read| read.list_listings_of("other", &Page::first(9)).await), []);
        place.end(store).await;
    }
}

fn catalogued(number: u32, listed: bool) -> CatalogueRow {
    CatalogueRow {
        product: format!("p{number:03}"),
        origin: "o".into(),
        provider: format!("v{}", number % 2),
        area: "1100".into(),
        listed,
        updated_at: 1,
        body: body("c"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_written_in_bulk_and_read_by_pages() {
    for place in places("catalogue").await {
        let store = place.open().await;
        let rows: Vec<CatalogueRow> = (0..150).map(|number| catalogued(number, number % 3 == 0)).collect();
        step!(store, |tx, rows| tx.put_catalogue(&rows).await).unwrap();
        step!(store, |tx| tx.put_catalogue(&[catalogued(1, true)]).await).unwrap();
        assert_eq!(
            look!(store, |read| read.count_catalogue().await),
            CatalogueCount { products: 150, listed: 51 }
        );
        assert_eq!(walk(&store, false).await, (0..150).map(|n| format!("p{n:03}")).collect::<Vec<_>>());
        assert_eq!(walk(&store, true).await.len(), 51);
        assert_eq!(look!(store, |read| read.list_catalogue_of("v1", &Page::first(999)).await).len(), 75);
        assert_eq!(look!(store, |read| read.get_catalogue("p001").await), Some(catalogued(1, true)));
        assert!(step!(store, |tx| tx.delete_catalogue("p001").await).unwrap());
        assert!(!step!(store, |tx| tx.delete_catalogue("p001").await).unwrap());
        place.end(store).await;
    }
}

/// All products by pages of seven.
async fn walk(store: &Store, listed: bool) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    loop {
        let page = Page::after(all.last().cloned().unwrap_or_default(), 7);
        let rows = if listed {
            look!(store, |read, page| read.list_catalogue_listed(&page).await)
        } else {
            look!(store, |read, page| read.list_catalogue(&page).await)
        };
        if rows.is_empty() {
            return all;
        }
        all.extend(rows.into_iter().map(|row| row.product));
    }
}

fn contract(key: &str, id: Option<&str>) -> ContractRow {
    ContractRow {
        tenant: "t".into(),
        key: key.into(),
        contract: id.map(Into::into),
        state: "01".into(),
        role: "user".into(),
        peer: "peer".into(),
        product: "p".into(),
        created_at: 1,
        updated_at: 1,
        version: 0,
        body: body(key),
    }
}

async fn put_contract(store: &Store, row: &ContractRow) -> Result<u64, StoreError> {
    step!(store, |tx, row| tx.put_contract(&row).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_is_written_only_by_who_saw_it() {
    for place in places("versions").await {
        let store = place.open().await;
        let first = contract("k1", None);
        assert_eq!(put_contract(&store, &first).await.unwrap(), 1);
        assert!(put_contract(&store, &first).await.unwrap_err().is_conflict(), "not new any more");
        let mut seen = look!(store, |read| read.get_contract("t", "k1").await).unwrap();
        assert_eq!(seen, ContractRow { version: 1, ..first });
        seen.contract = Some("id1".into());
        seen.state = "02".into();
        assert_eq!(put_contract(&store, &seen).await.unwrap(), 2);
        let stale = put_contract(&store, &seen).await.unwrap_err();
        assert!(stale.is_conflict() && stale.to_string().contains("`id1`"), "{stale}");
        let unborn = ContractRow { version: 5, ..contract("k9", None) };
        assert!(put_contract(&store, &unborn).await.unwrap_err().is_conflict());
        let found = look!(store, |read| read.find_contract("t", "id1").await).unwrap();
        assert_eq!((found.version, found.state.as_str()), (2, "02"));
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_id_names_one_contract_of_a_tenant() {
    for place in places("contract_ids").await {
        let store = place.open().await;
        put_contract(&store, &contract("k1", Some("id1"))).await.unwrap();
        assert!(put_contract(&store, &contract("k2", Some("id1"))).await.unwrap_err().is_conflict());
        put_contract(&store, &contract("k2", None)).await.unwrap();
        let stolen = ContractRow { version: 1, ..contract("k2", Some("id1")) };
        assert!(put_contract(&store, &stolen).await.unwrap_err().is_conflict());
        let other = ContractRow { tenant: "t2".into(), ..contract("k1", Some("id1")) };
        assert_eq!(put_contract(&store, &other).await.unwrap(), 1, "the other party has it too");
        let mine = look!(store, |read| read.list_contracts("t", &Page::first(9)).await);
        assert_eq!(mine.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["k1", "k2"]);
        let begun = look!(store, |read| read.list_contracts_in("t", "01", &Page::after("k1", 9)).await);
        assert_eq!(begun.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["k2"]);
        assert_eq!(look!(store, |read| read.list_contracts_in("t", "06", &Page::first(9)).await), []);
        assert_eq!(look!(store, |read| read.count_contracts("t").await), 2);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_gets_its_contract_id_once() {
    for place in places("issued").await {
        let store = place.open().await;
        let issue = |contract: &str, request: &str| {
            let row = IssuedRow {
                contract: contract.into(),
                product: "p".into(),
                provider: "v".into(),
                requester: "u".into(),
                request: request.into(),
                issued_at: 1,
                body: body("i"),
            };
            let store = store.clone();
            async move { step!(store, |tx, row| tx.issue_contract(&row).await) }
        };
        assert_eq!(issue("id1", "r1").await.unwrap(), Issue::Issued);
        let Issue::Before(before) = issue("id2", "r1").await.unwrap() else { panic!("asked twice") };
        assert_eq!(before.contract, "id1");
        assert!(issue("id1", "r2").await.unwrap_err().is_conflict(), "the id is taken");
        assert_eq!(issue("id2", "r2").await.unwrap(), Issue::Issued);
        assert_eq!(look!(store, |read| read.get_issued("id1").await), Some(before));
        let all = look!(store, |read| read.list_issued(&Page::first(9)).await);
        assert_eq!(all.iter().map(|row| row.contract.as_str()).collect::<Vec<_>>(), ["id1", "id2"]);
        place.end(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_meter_adds_up() {
    for place in places("received").await {
        let store = place.open().await;
        let open = |use_id: &str| ReceivedUseRow {
            tenant: "u".into(),
            contract: "c".into(),
            use_id: use_id.into(),
            state: ReceivedUseRow::OPEN.into(),
            sequence: None,
            bytes: 0,
            rows: 0,
            digest: None,
            opened_at: 1,
            closed_at: None,
            in_window: None,
            body: body("r"),
        };
        let whole = ReceivedUseRow {
            state: ReceivedUseRow::COMPLETE.into(),
            sequence: Some(1),
            bytes: 100,
            rows: 9,
            digest: Some("ab".into()),
            closed_at: Some(5),
            in_window: Some(1),
            ..open("a")
        };
        let torn = ReceivedUseRow { state: ReceivedUseRow::INCOMPLETE.into(), bytes: 7, ..open("b") };
        // What the provider refused is kept and does not count.
        let refused = ReceivedUseRow { state: "refused".into(), ..open("a0") };
        // What it has answered is under way; what it has not may never have reached it.
        let answered = ReceivedUseRow { sequence: Some(2), ..open("z") };
        for row in [open("a"), whole.clone(), refused, torn, answered, open("y")] {
            step!(store, |tx, row| tx.put_received_use(&row).await).unwrap();
        }
        assert_eq!(look!(store, |read| read.get_received_use("u", "c", "a").await), Some(whole));
        let sum = look!(store, |read| read.sum_received_uses("u", "c").await);
        assert_eq!(sum, UseSum { uses: 3, complete: 1, bytes: 107, rows: 9 });
        assert_eq!(look!(store, |read| read.sum_received_uses("u", "x").await), UseSum::default());
        let found = look!(store, |read| read.find_received_uses("u", "c", &["z", "nobody", "a", "z"]).await);
        assert_eq!(found.iter().map(|row| row.use_id.as_str()).collect::<Vec<_>>(), ["a", "z"]);
        assert!(look!(store, |read| read.find_received_uses("u", "c", &[]).await).is_empty());
        assert!(look!(store, |read| read.find_received_uses("u", "x", &["a"]).await).is_empty());
        assert_eq!(
            look!(store, |read| read.list_received_uses("u", "c", &Page::after("a", 9)).await).len(),
            4
        );
        place.end(store).await;
    }
}
