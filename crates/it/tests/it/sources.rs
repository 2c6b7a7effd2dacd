//! Files that a provider catalogues: what is wrong with one is said with its place and the way out, and nothing is registered.

use it::market::{self, terms};
use it::network::Network;
use serde_json::json;

/// A file that cannot be catalogued: its bytes, the encoding that is named, and how its refusal begins and ends.
struct Bad {
    name: &'static str,
    bytes: Vec<u8>,
    encoding: Option<&'static str>,
    reason: &'static str,
    way_out: &'static str,
}

/// Every bad file of the issue. The paths in the sentences are shown without their folder.
fn bad_files() -> Vec<Bad> {
    let wide: Vec<String> = (0..5000).map(|number| format!("c{number}")).collect();
    let wide = format!("{}\n{}\n", wide.join(","), vec!["1"; 5000].join(","));
    let bad = |name, bytes: &[u8], reason, way_out| Bad {
        name,
        bytes: bytes.to_vec(),
        encoding: None,
        reason,
        way_out,
    };
    vec![
        bad("a.csv", b"", "422 source: `a.csv` is empty: ", "it needs at least a line of column names"),
        bad(
            "b.csv",
            b"a,b\n1,2\n1,2,3\n",
            "422 source: `b.csv`, line 3: 3 fields where the header has 2; ",
            "repair the line, or quote fields that contain the delimiter `,`",
        ),
        bad(
            "c.csv",
            b"a,b,a\n1,2,3\n",
            "422 source: `c.csv`, line 1: columns 1 and 3 are both named `a`; ",
            "rename one of them",
        ),
        bad(
            "d.csv",
            wide.as_bytes(),
            "422 source: `d.csv`, line 1: 5000 columns; the limit is 1024: ",
            "split the file, or turn columns into rows",
        ),
        bad(
            "e.csv",
            b"a,b\n1,2\n1,\xff\xff\xff\n",
            "422 source: `e.csv`, line 3: byte 10 does not fit the encoding GBK; ",
            "name another one with --encoding, or repair the line",
        ),
        Bad {
            encoding: Some("utf-8"),
            ..bad(
                "f.csv",
                b"\xd5\xbe\xb5\xe3,b\n1,2\n",
                "422 source: `f.csv`, line 1: byte ",
                "does not fit the encoding UTF-8; name another one with --encoding, or repair the line",
            )
        },
        Bad {
            encoding: Some("klingon"),
            ..bad(
                "g.csv",
                b"a,b\n1,2\n",
                "422 source: unknown encoding `klingon`: ",
                "expected one such as `utf-8`, `gbk`, `gb18030` or `big5`",
            )
        },
        bad(
            "h.parquet",
            b"PAR1 and nothing more",
            "422 source: `h.parquet` is not a complete Parquet file (",
            "copy it again from its source",
        ),
        bad(
            "i.png",
            b"\x89PNG\r\n\x1a\n\x00\x00",
            "422 source: `i.png` has no known ending: ",
            "expected .csv, .tsv, .txt or .parquet",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_file_is_refused_with_its_place_and_the_way_out_and_nothing_is_registered() {
    let network = Network::small().start().await;
    let provider = network.member("provider");
    let folder = format!("{}/", network.folder().display());
    let refused = async |name: &str, encoding| {
        let body = json!({"path": network.folder().join(name), "encoding": encoding});
        provider.post("/resources", body).await.problem().replace(&folder, "")
    };
    for bad in bad_files() {
        std::fs::write(network.folder().join(bad.name), &bad.bytes).unwrap();
        let problem = refused(bad.name, bad.encoding).await;
        assert!(problem.starts_with(bad.reason), "{}: {problem}", bad.name);
        assert!(problem.ends_with(bad.way_out), "{}: {problem}", bad.name);
    }
    std::fs::create_dir(network.folder().join("j.csv")).unwrap();
    for (what, name) in
        [("`j.csv` is a folder, a pipe or a device", "j.csv"), ("there is no file at `k.csv`", "k.csv")]
    {
        let expected = format!("422 source: {what}: give the path of one CSV or Parquet file");
        assert_eq!(refused(name, None).await, expected);
    }
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
