//! TLS between real processes, with the certificates of their configuration: messages, management API and commands go over https; who
//! shows another certificate is not spoken to, and plain HTTP does not leave the machine.

use it::data;
use it::insist;
use it::manage::Manage;
use it::market::{self, terms};
use it::process::{self, free_port};
use it::tls::TlsFiles;
use it::town::{FIVE, Plot, Town};
use ndi::Message as _;
use ndi::weir_v1::enrolment::EnrolmentCode;
use serde_json::json;

/// The global node, region 1100, the providers' host, and the users' host.
fn plots() -> Vec<Plot> {
    FIVE.into_iter().filter(|plot| !["region-3100", "space"].contains(&plot.node)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hosts_trade_over_tls() {
    let (town, provider, user) = tokio::task::block_in_place(|| {
        let mut town = Town::new_with_tls().with(&plots(), &mut |_| Vec::new());
        let provider = town.join("region-1100", "market", "providers");
        let user = town.join("region-1100", "users", "users");
        (town, provider, user)
    });
    let nodes = tokio::task::block_in_place(|| town.json("market", &["status"]));
    assert!(nodes["upstreams"][0]["address"].as_str().unwrap().starts_with("https://"), "{nodes:#}");
    let file = data::csv(town.folder(), "encrypted", 300);
    let (provider, user) =
        (town.manage("market", "providers", Some(&provider)), town.manage("users", "users", Some(&user)));
    // Management API: all of it, with the bytes of a delivery.
    let product = market::register(&provider, &file, terms(Some(2)), "automatic").await;
    let contract = market::agree(&user, &provider, &product, terms(Some(2))).await;
    let delivered = market::deliver(&user, &contract, "u1").await;
    assert_eq!(delivered.bytes, std::fs::read(&file).unwrap());
    // The same with a command.
    let got = tokio::task::block_in_place(|| town.json("users", &["get", &contract, "-o", "encrypted.csv"]));
    assert_eq!(std::fs::read(got["file"].as_str().unwrap()).unwrap(), delivered.bytes);
    let usage = market::settled(&user, &provider, &contract, 2).await;
    assert_eq!(usage["meter"]["rows"], 600);
    insist::proven(&user, &contract, "u1", &town.roots("users", "users")).await;

    // Behind the same port there is no plain HTTP.
    let plain = town.addresses("users")[0].replace("https://", "http://");
    let token = std::fs::read_to_string(town.home("users").join("users/admin.token")).unwrap();
    let told = Manage::new(&plain, token.trim(), None).try_get("/status").await;
    assert!(told.is_none(), "{told:?}");
    for plot in plots() {
        tokio::task::block_in_place(|| town.is_well(plot.process, plot.node));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_root_is_refused_with_the_way_out() {
    tokio::task::block_in_place(|| {
        let plots: Vec<_> =
            FIVE.into_iter().filter(|plot| ["global", "region-1100"].contains(&plot.node)).collect();
        let mut town = Town::new_with_tls().with(&plots, &mut |_| Vec::new());
        let other = TlsFiles::make(town.folder(), "other");
        let right = town.folder().join("tls/roots.pem").display().to_string();
        let wrong = other.roots_file().display().to_string();

        // A command that pins another root than its node's.
        let config = std::fs::read_to_string(town.config("global")).unwrap();
        let mistaken = town.home("global").join("mistaken.toml");
        std::fs::write(&mistaken, config.replace(&right, &wrong)).unwrap();
        let output = process::run(&town.home("global"), Some(&mistaken), &["status"]);
        assert_eq!(output.status.code(), Some(3), "{}", process::text(&output));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let host = town.addresses("global")[0].trim_start_matches("https://").to_owned();
        assert_untrusted(&said, &host);

        // A node that pins another root than its peers'. Its operator's commands pin the right one.
        town.init("users", "users", "connector", &["--suite", "intl"]);
        let config = std::fs::read_to_string(town.config("users")).unwrap();
        std::fs::write(town.config("users"), config.replace(&right, &wrong)).unwrap();
        town.serve("users");
        std::fs::write(town.config("users"), config).unwrap();
        let subject = town.new_subject();
        let enrolment = town.json("region-1100", &["org", "register", &subject, "--name", "Station"]);
        let code = enrolment["code"].as_str().unwrap();
        let (exit, said) = town.fails("users", &["connector", "join", code]);
        assert_eq!(exit, 3, "{said}");
        assert_untrusted(&said, town.addresses("region-1100")[0].trim_start_matches("https://"));
        assert_eq!(town.json("users", &["connector", "list"]), json!([]), "nobody joined");
    });
}

fn assert_untrusted(said: &str, host: &str) {
    for words in [
        &format!("no trusted connection to `{host}`"),
        "UnknownIssuer",
        "check the root certificates and that node's certificate",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_http_does_not_leave_the_machine() {
    let town = tokio::task::block_in_place(|| {
        let mut town = Town::new();
        let operator = town.new_subject();
        town.init("global", "global", "global", &["--subject", &operator, "--area", "1100"]);
        town.init("users", "users", "connector", &[]);
        town
    });
    // To listen for others without a certificate.
    let config = std::fs::read_to_string(town.config("global")).unwrap();
    let host = town.addresses("global")[0].trim_start_matches("http://").to_owned();
    let listen = format!("listen = \"{host}\"");
    assert!(config.contains(&listen), "{config}");
    std::fs::write(
        town.config("global"),
        config.replace(&listen, &format!("listen = \"0.0.0.0:{}\"", free_port())),
    )
    .unwrap();
    let output = process::run(&town.home("global"), Some(&town.config("global")), &["serve"]);
    assert_eq!(output.status.code(), Some(2), "{}", process::text(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in [
        "`listen` is `0.0.0.0:",
        "plain HTTP stays on this machine",
        "listen at 127.0.0.1, or give [node.tls] a certificate",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }

    // To speak to others.
    let mut town = town;
    tokio::task::block_in_place(|| town.serve("users"));
    let (subject, root, secret) = (town.new_subject(), "0".repeat(64), "1".repeat(32));
    let body = json!({"url": "http://8.8.8.8:18080", "subject": subject, "root": root, "secret": secret});
    let code = EnrolmentCode::read(&body).unwrap().to_string();
    let problem =
        town.manage("users", "users", None).post("/connectors", json!({"code": code})).await.problem();
    for words in
        ["502 peer-address: ", "refused plain http to `8.8.8.8", "give the peer a certificate and use https"]
    {
        assert!(problem.contains(words), "{words}: {problem}");
    }
}
