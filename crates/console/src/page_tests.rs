//! Languages, parameters and links, hostile ones among them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use axum::http::HeaderValue;

use super::*;

fn page_of(address: &str, accept: Option<&str>) -> Page {
    let mut headers = HeaderMap::new();
    if let Some(accept) = accept {
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_str(accept).unwrap());
    }
    Page::of(&address.parse().unwrap(), &headers, &Network::new(Vec::new()))
}

#[test]
fn the_language_is_the_chosen_one_else_the_preferred_one_else_english() {
    let cases = [
        ("/?lang=zh", Some("en"), Lang::Zh),
        ("/?lang=en", Some("zh"), Lang::En),
        ("/?lang=de", Some("zh-CN,zh;q=0.9"), Lang::Zh),
        ("/", Some("de, en;q=0.5, zh;q=0.7"), Lang::Zh),
        ("/", Some("zh;q=0.7, en;q=0.7"), Lang::Zh),
        ("/", Some("zh;q=0, en;q=0.001"), Lang::En),
        ("/", Some("zh;q=2, fr"), Lang::En),
        ("/", Some("zh;q=x"), Lang::En),
        ("/", Some(""), Lang::En),
        ("/", None, Lang::En),
    ];
    for (address, accept, lang) in cases {
        assert_eq!(page_of(address, accept).lang(), lang, "{address} {accept:?}");
    }
}

#[test]
fn a_chosen_language_is_carried_on_and_a_preferred_one_is_not() {
    assert_eq!(page_of("/?lang=zh", None).link("/products"), "/products?lang=zh");
    assert_eq!(page_of("/", Some("zh")).link("/products"), "/products");
    assert_eq!(page_of("/?lang=xx", None).link("/products"), "/products");
}

#[test]
fn the_switch_keeps_the_page_and_its_parameters() {
    let page = page_of("/products?q=%E8%87%AD%E6%B0%A7&at=2&page=3&lang=zh&x=1", None);
    assert_eq!(page.switch(), "/products?q=%E8%87%AD%E6%B0%A7&at=2&page=3&lang=en");
    assert_eq!(page_of("/", None).switch(), "/?lang=zh");
}

#[test]
fn no_link_leads_to_another_host() {
    for address in ["//evil.example/x", "///evil.example", "/\\evil.example"] {
        assert!(own_path(address) == "/", "{address}");
    }
    assert_eq!(own_path("/products/6x"), "/products/6x");
    let page = page_of("/?q=%22%3E%3Cscript%3E%26lang%3Dzh", None);
    assert_eq!(page.switch(), "/?q=%22%3E%3Cscript%3E%26lang%3Dzh&lang=zh");
}

#[test]
fn parameters_are_trimmed_and_limited() {
    let page = page_of("/?q=%20ozone%20&at=", None);
    assert_eq!(page.parameter("q", 5).unwrap(), Some("ozone"));
    assert_eq!(page.parameter("at", 5).unwrap(), None);
    assert!(matches!(page.parameter("q", 4), Err(Trouble::TooLong { name: "q", limit: 4 })));
    let long = format!("/?q={}", "x".repeat(9000));
    assert!(
        matches!(page_of(&long, None).parameter("q", 10), Err(Trouble::TooLong { .. })),
        "not passed over"
    );
    // Bytes that are no UTF-8 do not come through.
    assert_eq!(page_of("/?q=%ff", None).parameter("q", 10).unwrap(), Some("\u{fffd}"));
}

#[test]
fn page_numbers_are_numbers_from_one() {
    assert_eq!(page_of("/", None).number().unwrap(), 1);
    assert_eq!(page_of("/?page=17", None).number().unwrap(), 17);
    for bad in ["0", "-1", "1.5", "x", "10001", "99999999999999999"] {
        assert!(page_of(&format!("/?page={bad}"), None).number().is_err(), "{bad}");
    }
}

#[test]
fn the_pager_leads_one_page_back_and_forth() {
    let page = page_of("/products?q=a+b&page=2&lang=zh", None);
    let pager = page.pager(2, true);
    assert_eq!(pager.previous.as_deref(), Some("/products?q=a%20b&page=1&lang=zh"));
    assert_eq!(pager.next.as_deref(), Some("/products?q=a%20b&page=3&lang=zh"));
    let only = page_of("/products", None).pager(1, false);
    assert!(only.previous.is_none() && only.next.is_none());
}

#[test]
fn the_navigation_knows_where_the_reader_is() {
    let here = |address: &str| -> Vec<String> {
        page_of(address, None).nav().into_iter().filter(|link| link.here).map(|link| link.text).collect()
    };
    assert_eq!(here("/"), ["Network"]);
    assert_eq!(here("/products/6x?lang=en"), ["Products"]);
    assert_eq!(here("/receipts/C/1"), ["Contracts"]);
    assert!(here("/nowhere").is_empty());
}
