//! The pages over real nodes: what they show, in both languages, and what they keep to themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod html;
mod world;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

pub(crate) use self::html::check_html;
use self::html::text_of;
use self::world::{HOSTILE, World};
use super::*;

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

async fn ask(router: &Router, address: &str) -> Answer {
    send(router, Request::get(address).body(Body::empty()).unwrap()).await
}

async fn page(router: &Router, address: &str) -> String {
    let answer = ask(router, address).await;
    assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.body);
    check_html(&answer.body);
    answer.body
}

/// The address with the language added.
fn in_lang(address: &str, lang: &str) -> String {
    let sign = if address.contains('?') { '&' } else { '?' };
    format!("{address}{sign}lang={lang}")
}

#[tokio::test]
async fn the_main_pages_in_both_languages() {
    let world = World::new().await;
    let router = world.router();
    let pages = [
        ("overview", "/".to_owned()),
        ("products", "/products?q=ozone".to_owned()),
        ("product", format!("/products/{}", world.product)),
        ("contracts", "/contracts".to_owned()),
        ("contract", format!("/contracts/{}", world.contract)),
        ("usage", "/usage".to_owned()),
    ];
    for (name, address) in pages {
        for lang in ["en", "zh"] {
            let shown = text_of(&page(&router, &in_lang(&address, lang)).await);
            insta::assert_snapshot!(format!("{name}_{lang}"), world.redact(&shown));
        }
    }
}

#[tokio::test]
async fn hostile_names_are_text_everywhere() {
    let world = World::new().await;
    let router = world.router();
    let product = format!("/products/{}", world.product);
    let contract = format!("/contracts/{}", world.contract);
    for address in ["/", "/products", product.as_str(), "/contracts", contract.as_str(), "/usage"] {
        let html = page(&router, address).await;
        assert!(html.contains("&#60;script&#62;"), "{address} shows the name: {html}");
        assert!(!html.contains("<script") && !html.contains(HOSTILE), "{address}");
    }
    let html = page(&router, "/products?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!html.contains("<script"), "{html}");
    let answer = ask(&router, "/contracts/%3Cscript%3E").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.contains("&#60;script&#62;") && !answer.body.contains("<script"), "{}", answer.body);
}

#[tokio::test]
async fn the_language_is_asked_for_or_negotiated_and_the_switch_keeps_the_page() {
    let world = World::new().await;
    let router = world.router();
    let english = page(&router, "/products?q=ozone&lang=en").await;
    assert!(english.contains("<html lang=\"en\">") && english.contains("Products"));
    assert!(english.contains("href=\"/products?q=ozone&#38;lang=zh\""), "{english}");
    let chinese = page(&router, "/products?q=ozone&lang=zh").await;
    assert!(chinese.contains("<html lang=\"zh-CN\">") && chinese.contains("数据产品"));
    assert!(chinese.contains("name=\"lang\" value=\"zh\""), "the form keeps the language");
    let request = Request::get("/").header("accept-language", "zh-CN,zh;q=0.9,en;q=0.8");
    let negotiated = send(&router, request.body(Body::empty()).unwrap()).await;
    assert!(negotiated.body.contains("<html lang=\"zh-CN\">"), "{}", negotiated.body);
}

#[tokio::test]
async fn what_is_not_there_is_said_in_both_languages() {
    let world = World::new().await;
    let router = world.router();
    let other = "611110000600037341L11000000000A";
    let nowhere = format!("/products/{other}");
    for address in
        ["/nowhere", "/products/x/y", "/contracts/none", nowhere.as_str(), "/receipts/C/u", "/products?at=2"]
    {
        for (lang, words) in [("en", "Not found"), ("zh", "没有找到")] {
            let answer = ask(&router, &in_lang(address, lang)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{address}");
            assert!(answer.body.contains(words), "{address}: {}", answer.body);
            check_html(&answer.body);
        }
    }
    // Bytes that are no UTF-8 name nothing.
    assert_eq!(ask(&router, "/contracts/%ff").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let world = World::new().await;
    let router = world.router();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        for (lang, words) in [("en", "Not allowed"), ("zh", "不允许")] {
            let address = in_lang("/products", lang);
            let request = Request::builder().method(method.clone()).uri(address).body(Body::empty()).unwrap();
            let answer = send(&router, request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method}");
            assert_eq!(answer.headers["allow"], "GET, HEAD");
            assert!(answer.body.contains(words), "{}", answer.body);
        }
    }
    let head = Request::head("/").body(Body::empty()).unwrap();
    let answer = send(&router, head).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn every_answer_has_the_strict_headers_and_no_cookie() {
    let world = World::new().await;
    let router = world.router();
    for address in ["/", "/usage", "/nowhere", "/assets/console.css", "/trust.pem", "/products?page=0"] {
        let answer = ask(&router, address).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'self'; img-src 'self' data:;"),
            "{policy}"
        );
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{address}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer");
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let style = ask(&router, "/assets/console.css").await;
    assert_eq!(style.headers["content-type"], "text/css; charset=utf-8");
    assert!(style.body.contains("prefers-color-scheme: dark"));
}

#[tokio::test]
async fn parameters_beyond_their_limits_are_refused_in_words() {
    let world = World::new().await;
    let router = world.router();
    let long = format!("/products?q={}", "x".repeat(201));
    for (address, words) in [
        (long.as_str(), "at most 200 characters"),
        ("/products?page=0", "a number from 1 to 10000"),
        ("/contracts?page=x", "a number from 1 to 10000"),
    ] {
        let answer = ask(&router, address).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(answer.body.contains(words), "{address}: {}", answer.body);
    }
    let answer = ask(&router, &format!("/contracts/{}", "c".repeat(2000))).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.len() < 10_000);
}

#[tokio::test]
async fn the_chosen_node_answers_a_search() {
    let world = World::new().await;
    let router = world.router();
    let at = world.global_id();
    let found = page(&router, &format!("/products?q=ozone&at={at}")).await;
    assert!(found.contains("1 product found for “ozone”."), "{found}");
    assert!(found.contains("selected>global node"), "{found}");
    let none = page(&router, "/products?q=zebra").await;
    assert!(none.contains("Nothing found for “zebra”."), "{none}");
    assert!(!none.contains("<table"));
}

#[tokio::test]
async fn a_receipt_that_is_not_ready_says_so() {
    let world = World::new().await;
    let router = world.router();
    let address = format!("/receipts/{}/{}", world.contract, world::OPEN_USE);
    for address in [address.clone(), format!("{address}/receipt.json")] {
        let answer = ask(&router, &address).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert!(answer.body.contains("Not there yet"), "{}", answer.body);
    }
    let answer = ask(&router, &format!("/receipts/{}/never-used", world.contract)).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
}

#[tokio::test]
async fn a_use_that_both_sides_metered_is_proven_step_by_step() {
    let world = World::proven().await;
    let router = world.router();
    let contract = page(&router, &format!("/contracts/{}", world.contract)).await;
    let address = format!("/receipts/{}/use-1", world.contract);
    assert!(contract.contains(&format!("href=\"{address}\"")), "{contract}");
    assert!(contract.contains("<td class=\"good\">equal</td>"), "{contract}");
    assert!(contract.contains("refused by the provider") && contract.contains("counts on neither side"));
    for (lang, words) in [("en", "Genuine: all 11 steps hold."), ("zh", "回执真实：11 步全部通过。")]
    {
        let html = page(&router, &in_lang(&address, lang)).await;
        assert!(html.contains(words), "{html}");
        assert_eq!(html.matches("<h3 class=\"good\">").count(), 11);
    }
    let receipt = ask(&router, &format!("{address}/receipt.json")).await;
    assert_eq!(receipt.headers["content-disposition"], "attachment; filename=\"receipt-use-1.json\"");
    let trust = ask(&router, "/trust.pem").await.body;
    let receipt = ledger::receipt::Receipt::from_json(receipt.body.as_bytes()).unwrap();
    let roots = crypto::cert::Roots::from_pem(&trust).unwrap();
    let report = ledger::receipt::verify(&receipt, &roots, world.now().secs());
    assert!(report.ok(), "what was taken away verifies offline: {report:?}");
    let usage = page(&router, "/usage").await;
    assert!(usage.contains("Both meters agree. Contracts: 1; uses: 1; rows: 35,064."), "{usage}");
}

#[tokio::test]
async fn a_contract_s_signatures_are_held_against_the_certified_keys() {
    let world = World::new().await;
    let router = world.router();
    let html = page(&router, &format!("/contracts/{}?lang=en", world.contract)).await;
    assert!(html.contains("<span aria-hidden=\"true\">✓</span> holds"), "the user's holds");
    assert!(html.contains("<span aria-hidden=\"true\">✗</span> does not hold"), "the provider's was forged");
}

#[tokio::test]
async fn the_root_certificate_can_be_taken_away() {
    let world = World::new().await;
    let answer = ask(&world.router(), "/trust.pem").await;
    assert!(answer.body.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"trust.pem\"");
    let empty = ask(&router(Vec::new()), "/trust.pem").await;
    assert_eq!(empty.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn no_page_shows_a_path_or_a_key() {
    let world = World::new().await;
    let router = world.router();
    let folder = world.folder();
    let contract = format!("/contracts/{}", world.contract);
    let product = format!("/products/{}", world.product);
    for address in
        ["/", "/products", product.as_str(), "/contracts", contract.as_str(), "/usage", "/trust.pem"]
    {
        let answer = ask(&router, address).await;
        assert!(!answer.body.contains(&folder), "{address} shows a path");
        assert!(!answer.body.contains("PRIVATE KEY"), "{address}");
    }
}

#[tokio::test]
async fn without_nodes_every_list_is_empty_and_nothing_fails() {
    let router = router(Vec::new());
    for address in ["/", "/contracts", "/usage"] {
        page(&router, address).await;
    }
    assert_eq!(ask(&router, "/products").await.status, StatusCode::CONFLICT);
}
