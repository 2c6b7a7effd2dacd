//! Files that a provider catalogues: what is wrong with one is said with its place and the way out, and nothing is registered.

use it::market::{self, terms};
use it::network::Network;
use serde_json::json;

/// Every bad file of the issue, and what its refusal must name.
fn bad_files() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let wide: Vec<String> = (0..5000).map(|number| format!("c{number}")).collect();
    let wide = format!("{}\n{}\n", wide.join(","), vec!["1"; 5000].join(","));
    vec![
        ("empty.csv", Vec::new(), &["empty"]),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n".to_vec(), &["3"]),
        ("twice.csv", b"a,b,a\n1,2,3\n".to_vec(), &["`a`"]),
        ("wide.csv", wide.into_bytes(), &["5000"]),
        ("broken.parquet", b"PAR1 and nothing more".to_vec(), &["arquet"]),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00".to_vec(), &["picture.png"]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_refused_with_its_place_and_nothing_is_registered() {
    let network = Network::small().start().await;
    let provider = network.member("provider");
    for (name, bytes, words) in bad_files() {
        let path = network.folder().join(name);
        std::fs::write(&path, bytes).unwrap();
        let told = provider.post("/resources", json!({"path": path})).await;
        let problem = told.problem();
        assert!((400..500).contains(&told.status), "{name}: {problem}");
        assert!(problem.contains(name), "{name}: the file is named: {problem}");
        for word in words {
            assert!(problem.contains(word), "{name}: {word}: {problem}");
        }
    }
    let missing =
        provider.post("/resources", json!({"path": network.folder().join("missing.csv")})).await.problem();
    assert!(missing.starts_with('4') && missing.contains("missing.csv"), "{missing}");
    assert_eq!(provider.get("/resources").await.ok(), json!([]));
    assert!(
        network.site("region-1100").proxy.passed("/weir/v1/resourceRegister").is_empty(),
        "nobody heard of them"
    );
    network.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chinese_gbk_and_a_file_without_rows_are_taken() {
    let network = Network::builder().start().await;
    let (provider, user) = (network.member("provider"), network.member("user"));
    // 站点,臭氧 and one row, in GBK.
    let gbk = [b"\xd5\xbe\xb5\xe3,\xb3\xf4\xd1\xf5\n".as_slice(), b"\xb0\xc2\xcc\xe5\xd6\xd0\xd0\xc4,41\n"]
        .concat();
    let (file, named) = (network.folder().join("gbk.csv"), network.folder().join("named.csv"));
    for (path, encoding) in [(&file, None), (&named, Some("gbk"))] {
        std::fs::write(path, &gbk).unwrap();
        let resource = provider.post("/resources", json!({"path": path, "encoding": encoding})).await.ok();
        let columns: Vec<&str> = resource["profile"]["columns"]
            .as_array()
            .unwrap()
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        assert_eq!(columns, ["站点", "臭氧"], "{resource:#}");
        assert_eq!(resource["profile"]["rows"], 1);
    }

    let none = network.folder().join("none.csv");
    std::fs::write(&none, "hour,PM2.5\n").unwrap();
    for (path, rows) in [(&file, 1), (&none, 0)] {
        let product = market::publish(&provider, path, terms(None)).await;
        let contract = market::agree(&user, &provider, &product, terms(None)).await;
        let delivered = market::deliver(&user, &contract, "u1").await;
        assert_eq!(
            (delivered.bytes, delivered.rows),
            (std::fs::read(path).unwrap(), rows),
            "as it lies there"
        );
        market::settled(&user, &provider, &contract, 1).await;
    }
    network.end().await;
}
