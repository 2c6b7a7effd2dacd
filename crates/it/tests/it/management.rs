//! The management API over real HTTP, at nodes of different roles: what is nearly the token opens nothing.

use it::network::{Network, TOKEN};
use net::{Client, ClientOptions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_token_in_the_wrong_place_opens_no_management_route() {
    let network = Network::small().start().await;
    let client = Client::new(ClientOptions { allow_private: true, ..ClientOptions::default() }).unwrap();
    let routes: Vec<api::routes::Route> =
        api::routes::all().into_iter().filter(|route| route.needs_token).collect();
    assert!(routes.len() >= 30, "{} routes", routes.len());
    let nearly = [
        ("authorization", "Bearer guess".to_owned()),
        ("authorization", format!("Bearer {}", &TOKEN[1..])),
        ("authorization", format!("Bearer {TOKEN} {TOKEN}")),
        ("authorization", format!("Basic {TOKEN}")),
        ("authorization", TOKEN.to_owned()),
        ("x-authorization", format!("Bearer {TOKEN}")),
        ("cookie", format!("token={TOKEN}; authorization=Bearer {TOKEN}")),
    ];
    for site in ["global", "region-1100", "providers"] {
        let local = network.site(site).local();
        for route in &routes {
            let path = concrete(&route.path);
            for (header, wrong) in &nearly {
                let headers = [((*header).to_owned(), wrong.clone())];
                let url = format!("{local}{path}?token={TOKEN}&access_token={TOKEN}");
                let answer = match route.method.as_str() {
                    "GET" => client.get(&url, &headers).await,
                    _ => client.post_json(&url, &headers, b"{}").await,
                }
                .unwrap();
                let what = format!("{site}: {} {path} with {header}: {wrong}", route.method);
                assert_eq!(answer.status.as_u16(), 401, "{what}");
                assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{what}");
            }
        }
        let known = client.get(&format!("{local}/manage/v1/status"), &bearer()).await.unwrap();
        assert_eq!(known.status.as_u16(), 200, "with it, it answers");
    }
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_below_manage_asks_for_the_token_and_messages_do_not() {
    let network = Network::small().start().await;
    let client = Client::new(ClientOptions { allow_private: true, ..ClientOptions::default() }).unwrap();
    let local = network.site("region-1100").local();
    for path in
        ["/manage/v1", "/manage/v1/", "/manage/v1/nothing", "/manage/v1/status/more", "/manage/v1//status"]
    {
        let answer = client.get(&format!("{local}{path}"), &[]).await.unwrap();
        assert!([401, 404].contains(&answer.status.as_u16()), "{path}: {}", answer.status);
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(!body.contains("region-1100"), "{path}: {body}");
    }
    let time = client.get(&format!("{local}/weir/v1/time"), &[]).await.unwrap();
    assert_eq!(time.status.as_u16(), 200);
    for route in api::routes::all().into_iter().filter(|route| !route.needs_token) {
        assert!(!route.path.starts_with("/manage"), "{route:?}");
    }
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_with_several_connectors_asks_which_one_acts() {
    let network = Network::small().with_tenant("providers", "second").start().await;
    let host = network.site("providers").manage();
    let unnamed = host.get("/resources").await.problem();
    assert!(unnamed.starts_with("400 input: field `as`"), "{unnamed}");
    let nobody = host.acting_as("5").get("/resources").await.problem();
    assert!(nobody.starts_with("404 not-found"), "{nobody}");
    assert_eq!(network.member("second").get("/resources").await.ok(), serde_json::json!([]));
    network.end().await;
}

fn bearer() -> Vec<(String, String)> {
    vec![("authorization".to_owned(), format!("Bearer {TOKEN}"))]
}

/// The path with something in each variable segment.
fn concrete(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}
