//! `weir demo` as a process: its figures, resuming what it kept, files that cannot be used, what makes a step fail, and its pages.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use it::data;
use it::process;
use it::wait::wait_until_in_thread;
use serde_json::{Value, json};

/// How long a whole walk over small files may take, on a machine that is busy with other tests.
const WALK: Duration = Duration::from_secs(150);

/// A demo that runs, or did; killed at the latest when it is dropped.
pub(crate) struct Demo {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// How a demo ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    exit: Option<i32>,
    out: String,
    err: String,
}

impl Demo {
    /// Starts `weir demo` with these arguments; `folder` takes what it writes.
    pub(crate) fn start(folder: &Path, args: &[&str]) -> Demo {
        let (out, err) = (folder.join("demo.out"), folder.join("demo.err"));
        let to = |path: &Path| Stdio::from(std::fs::File::create(path).unwrap());
        let child = process::command(folder, None, &[&["demo"], args].concat())
            .stdin(Stdio::null())
            .stdout(to(&out))
            .stderr(to(&err))
            .spawn()
            .unwrap();
        Demo { child, out, err }
    }

    /// Runs one to its end.
    #[track_caller]
    pub(crate) fn run(folder: &Path, args: &[&str]) -> Ended {
        Demo::start(folder, args).ended()
    }

    #[track_caller]
    fn ended(mut self) -> Ended {
        let status = wait_until_in_thread("the demo to end", WALK, || self.child.try_wait().unwrap());
        Ended { exit: status.code(), out: text(&self.out), err: text(&self.err) }
    }

    /// Waits until it has written this; answers the line that it stands in.
    #[track_caller]
    pub(crate) fn writes(&mut self, what: &str) -> String {
        wait_until_in_thread(&format!("the demo to write `{what}`"), WALK, || {
            // Asked first: what it wrote before its end is there afterwards.
            let ended = self.child.try_wait().unwrap();
            let all = text(&self.out) + "\n" + &text(&self.err);
            let line = all.lines().find(|line| line.contains(what)).map(str::to_owned);
            assert!(line.is_some() || ended.is_none(), "the demo ended without `{what}`:\n{all}");
            line
        })
    }

    /// The address of its pages, once the walk is done.
    #[track_caller]
    pub(crate) fn address(&mut self) -> String {
        let line = self.writes("open http://");
        line.trim().trim_start_matches("open ").to_owned()
    }

    /// Ctrl-C.
    #[track_caller]
    pub(crate) fn interrupt(self) -> Ended {
        process::interrupt(&self.child);
        self.ended()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// The report of a walk that went well.
    #[track_caller]
    fn report(&self) -> Value {
        assert_eq!(self.exit, Some(0), "{self:?}");
        self.json()
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[track_caller]
fn step<'r>(report: &'r Value, name: &str) -> &'r Value {
    let found = report["steps"].as_array().unwrap().iter().find(|step| step["step"] == name);
    found.unwrap_or_else(|| panic!("no step `{name}` in {report:#}"))
}

#[track_caller]
fn figures<'r>(report: &'r Value, name: &str) -> &'r Value {
    &step(report, name)["figures"]
}

/// Two stations and a Parquet file.
fn three_files(folder: &Path) -> PathBuf {
    let data = folder.join("data");
    std::fs::create_dir_all(&data).unwrap();
    data::csv(&data, "air_aotizhongxin", 60);
    data::csv(&data, "air_tiantan", 50);
    data::parquet(&data, "sensors", 40);
    data
}

/// The bytes of a folder's files, receipts not counted.
fn bytes_in(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let data = files.filter(|file| !file.file_name().to_string_lossy().ends_with(".receipt.json"));
    data.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn what_a_walk_tells_is_what_the_network_holds_and_a_second_walk_adds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = three_files(folder.path());
    let (data_arg, kept) = (data.to_str().unwrap(), folder.path().join("kept"));
    let keep = kept.to_str().unwrap();
    let first =
        Demo::run(folder.path(), &["--once", "--json", "--port", "0", "--data", data_arg, "--keep", keep]);
    let first = first.report();

    // What is told agrees with the files, and the parts agree with each other.
    let network = json!({"global": 1, "region": 2, "industry": 1, "service": 1, "hosts": 2});
    assert_eq!(figures(&first, "network"), &network);
    assert_eq!(figures(&first, "identity"), &json!({"organisations": 4, "providers": 3, "users": 1}));
    let catalogue = figures(&first, "catalogue");
    assert_eq!((&catalogue["resources"], &catalogue["rows"]), (&json!(3), &json!(150)));
    assert_eq!(catalogue["columns"], json!([2, 5]));
    let products = figures(&first, "register")["products"].as_array().unwrap();
    assert_eq!(products.iter().collect::<std::collections::HashSet<_>>().len(), 3, "{products:?}");
    assert_eq!(figures(&first, "listed"), &json!({"serviceNode": 3, "region": 3}));
    assert_eq!(figures(&first, "found")[1], json!({"query": "臭氧", "total": 2}));
    let contract = figures(&first, "contract");
    assert_eq!((&contract["asked"], &contract["agreed"]), (&json!([2]), &json!([1])));
    assert_eq!((&contract["signatures"], &contract["new"]), (&json!(6), &json!(3)));
    let bytes = bytes_in(&data);
    assert_eq!(figures(&first, "delivered"), &json!({"files": 3, "bytes": bytes, "there": 0}));
    assert_eq!(bytes_in(&kept.join("downloads")), bytes);
    assert_eq!(figures(&first, "refused"), &json!({"constraint": "count", "limit": 1, "actual": 1}));
    let side = json!({"uses": 3, "rows": 150, "bytes": bytes});
    assert_eq!(figures(&first, "metering"), &json!({"provider": side, "user": side, "equal": true}));
    assert_eq!(figures(&first, "proven"), &json!({"receipts": 3, "checks": 33, "uses": 3, "rows": 150}));

    // The second walk finds it all: the same identifiers, nothing delivered or counted again.
    let second = Demo::run(folder.path(), &["--once", "--json", "--keep", keep]).report();
    for same in ["network", "identity", "register", "listed", "refused", "closed", "metering", "proven"] {
        assert_eq!(figures(&second, same), figures(&first, same), "{same}");
    }
    assert_eq!(figures(&second, "contract")["contracts"], contract["contracts"]);
    assert_eq!(figures(&second, "contract")["new"], 0);
    assert_eq!(figures(&second, "delivered"), &json!({"files": 3, "bytes": bytes, "there": 3}));
    assert_eq!(figures(&second, "visible")["timed"], 0);
    let told = step(&second, "visible")["text"].as_str().unwrap();
    assert!(told.contains("earlier walk") && !told.contains("ms"), "{told}");

    // People are told the same, in lines.
    let people = Demo::run(folder.path(), &["--once", "--keep", keep]);
    assert_eq!(people.exit, Some(0), "{people:?}");
    for step in second["steps"].as_array().unwrap().iter().filter_map(|step| step["text"].as_str()) {
        assert!(people.out.contains(step), "`{step}` is missing in {}", people.out);
    }
    assert!(people.out.contains("data: 3 files, 150 rows"), "{}", people.out);
    assert!(people.out.contains("total"), "{}", people.out);
}

#[test]
fn bad_files_are_named_with_their_reasons_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let wide = (0..5000).map(|column| format!("c{column}")).collect::<Vec<_>>().join(",");
    let bad: [(&str, &[u8], &str, &str); 6] = [
        ("empty.csv", b"", "empty", "为空"),
        ("ragged.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 fields", "第 3 行有 3 个字段"),
        ("twice.csv", b"a,b,a\n1,2,3\n", "columns 1 and 3", "第 1 列与第 3 列"),
        ("bytes.csv", b"a,b\n1,\xff\xfe\x80\xc1\n", "line 2 is neither UTF-8", "第 2 行既不是 UTF-8"),
        ("wide.csv", wide.as_bytes(), "5000 columns", "5000 列"),
        ("torn.parquet", b"PAR1 torn", "not a complete Parquet file", "不是完整的 Parquet 文件"),
    ];
    for (name, content, ..) in bad {
        std::fs::write(data.join(name), content).unwrap();
    }
    let data_arg = data.to_str().unwrap();

    // Nothing but bad files: an error that names each, in the reader's language, before anything starts.
    for lang in ["en", "zh"] {
        let ended = Demo::run(folder.path(), &["--once", "--port", "0", "--lang", lang, "--data", data_arg]);
        assert_eq!(ended.exit, Some(8), "{ended:?}");
        for (name, _, en, zh) in bad {
            let reason = if lang == "en" { en } else { zh };
            let line = ended.err.lines().find(|line| line.contains(name));
            assert!(line.is_some_and(|line| line.contains(reason)), "{name}: {ended:?}");
        }
        assert!(ended.err.contains(data_arg), "{ended:?}");
    }

    // Good ones beside them, in GBK, without rows, and Parquet, walk the whole way.
    let gbk = b"\xd5\xbe\xb5\xe3,\xb3\xf4\xd1\xf5\n\xcc\xec\xcc\xb3,12\n";
    std::fs::write(data.join("gbk.csv"), gbk).unwrap();
    std::fs::write(data.join("rowless.csv"), "time,value\n").unwrap();
    data::parquet(&data, "sensors", 7);
    let report = Demo::run(folder.path(), &["--once", "--json", "--port", "0", "--data", data_arg]).report();
    let skipped: Vec<&str> =
        report["skipped"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    let mut expected = bad.map(|(name, ..)| name);
    expected.sort_unstable();
    assert_eq!(skipped, expected);
    assert_eq!(figures(&report, "identity")["providers"], 3, "nobody is registered for a bad file");
    assert_eq!(
        (&figures(&report, "catalogue")["rows"], &figures(&report, "proven")["receipts"]),
        (&json!(8), &json!(3))
    );
}

#[test]
fn a_folder_without_data_and_a_taken_port_are_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let nothing = folder.path().join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    std::fs::write(nothing.join("notes.md"), "no data").unwrap();
    let ended = Demo::run(folder.path(), &["--once", "--data", nothing.to_str().unwrap()]);
    assert_eq!((ended.exit, ended.out.as_str()), (Some(8), ""), "{ended:?}");
    assert!(ended.err.contains(nothing.to_str().unwrap()) && ended.err.contains(".parquet"), "{ended:?}");
    let ended = Demo::run(folder.path(), &["--once", "--data", "/nowhere/at/all"]);
    assert!(ended.exit == Some(8) && ended.err.contains("/nowhere/at/all"), "{ended:?}");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let data = three_files(folder.path());
    let ended = Demo::run(folder.path(), &["--once", "--port", &port, "--data", data.to_str().unwrap()]);
    assert_eq!(ended.exit, Some(1), "{ended:?}");
    assert!(ended.err.contains(&port) && ended.err.contains("--port"), "{ended:?}");
}

#[test]
fn a_file_that_changed_after_it_was_catalogued_makes_the_delivery_fail_until_it_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let file = data::csv(&data, "levels", 20);
    let original = std::fs::read(&file).unwrap();
    let kept = folder.path().join("kept");
    let (data, keep) = (data.to_str().unwrap(), kept.to_str().unwrap());

    // Stopped when the contract stands: nothing has been delivered.
    let mut demo = Demo::start(folder.path(), &["--once", "--port", "0", "--data", data, "--keep", keep]);
    demo.writes("✓ found");
    let ended = demo.interrupt();
    if ended.exit == Some(0) {
        // It was quicker than the signal: what it brought goes, so that it has to be delivered again.
        std::fs::remove_dir_all(kept.join("downloads")).unwrap();
    }
    std::fs::write(&file, [&original[..], b"21,2017-01-01 20:00:00,1,2,levels\n"].concat()).unwrap();
    let failed = Demo::run(folder.path(), &["--once", "--json", "--keep", keep]);
    assert_eq!(failed.exit, Some(6), "{failed:?}");
    let report = failed.json();
    let last = report["steps"].as_array().unwrap().last().unwrap();
    assert_eq!((last["step"].as_str(), &last["ok"]), (Some("delivered"), &json!(false)), "{failed:?}");
    let people = Demo::run(folder.path(), &["--once", "--keep", keep]);
    assert!(people.exit == Some(6) && people.out.contains("✗ delivered"), "{people:?}");
    assert!(people.err.contains("delivered") && !people.out.contains("proven"), "{people:?}");

    std::fs::write(&file, &original).unwrap();
    let mended = Demo::run(folder.path(), &["--once", "--json", "--keep", keep]).report();
    let side = json!({"uses": 1, "rows": 20, "bytes": original.len()});
    assert_eq!(figures(&mended, "metering"), &json!({"provider": side, "user": side, "equal": true}));
}

#[test]
fn a_walk_that_was_interrupted_anywhere_is_resumed_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let data = three_files(folder.path());
    let kept = folder.path().join("kept");
    let (data, keep) = (data.to_str().unwrap(), kept.to_str().unwrap());
    let mut example = None;
    for (step, args) in [
        ("✓ network", ["--once", "--port", "0", "--data", data, "--keep", keep].as_slice()),
        ("✓ register", &["--once", "--keep", keep]),
        ("✓ contract", &["--once", "--keep", keep]),
        ("✓ delivered", &["--once", "--keep", keep]),
    ] {
        let mut demo = Demo::start(folder.path(), args);
        demo.writes(step);
        let ended = demo.interrupt();
        // It may have been quicker than the signal; then it did not fail either.
        assert!(
            ended.exit == Some(0) || (ended.exit == Some(1) && ended.err.contains("Interrupted")),
            "{ended:?}"
        );
        let named = ended.out.lines().find(|line| line.contains("for instance")).map(product_in);
        assert!(example.is_none() || named.is_none() || example == named, "{example:?} {named:?}");
        example = example.or(named);
    }
    let report = Demo::run(folder.path(), &["--once", "--json", "--keep", keep]).report();
    let metering = figures(&report, "metering");
    assert_eq!((&metering["equal"], &metering["user"]["uses"]), (&json!(true), &json!(3)));
    assert_eq!(metering["provider"], metering["user"]);
    assert_eq!(figures(&report, "register")["products"][0].as_str(), example.as_deref());
    assert_eq!(figures(&report, "contract")["contracts"].as_array().unwrap().len(), 3);
}

/// The identifier at the end of the step that registers products.
fn product_in(line: &str) -> String {
    let (_, example) = line.split_once("for instance ").unwrap();
    example.split_whitespace().next().unwrap().to_owned()
}

#[test]
fn the_pages_at_the_printed_address_answer_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let data = three_files(folder.path());
    let mut demo = Demo::start(folder.path(), &["--port", "0", "--data", data.to_str().unwrap()]);
    let address = demo.address();
    let page = |path: &str| get(&address, path);

    for (lang, nodes, found) in [("en", "Nodes", "1 product"), ("zh", "节点", "1 个产品")] {
        let overview = page(&format!("/?lang={lang}"));
        assert!(overview.contains(&format!("<html lang=\"{lang}")) && overview.contains(nodes), "{overview}");
        for name in ["global", "region-1100", "region-3100", "industry-0077", "space-1100", "user-3100"] {
            assert!(overview.contains(name), "{name} is missing in {overview}");
        }
        // 奥体中心 臭氧
        let query = "%E5%A5%A5%E4%BD%93%E4%B8%AD%E5%BF%83%20%E8%87%AD%E6%B0%A7";
        let products = page(&format!("/products?q={query}&lang={lang}"));
        assert!(products.contains(found), "`{found}` is missing in {products}");
        let contracts = page(&format!("/contracts?lang={lang}"));
        let contract = link(&contracts, "/contracts/");
        let shown = page(&contract);
        let receipt = link(&shown, "/receipts/");
        let verified = page(&receipt);
        assert_eq!(verified.matches("<li>\n<h3 class=\"good\">").count(), 11, "{verified}");
        assert!(!verified.contains("class=\"bad\""), "{verified}");
    }
    let ended = demo.interrupt();
    assert!(ended.exit == Some(0) && ended.err.contains("Stopping"), "{ended:?}");
}

/// Where the first link below a path leads.
#[track_caller]
fn link(page: &str, below: &str) -> String {
    let begins = format!("href=\"{below}");
    let at = page.find(&begins).unwrap_or_else(|| panic!("no link below {below} in {page}"));
    let href = page[at + 6..].split('"').next().unwrap();
    href.replace("&amp;", "&").replace("&#38;", "&")
}

/// What a page answers.
#[track_caller]
fn get(address: &str, path: &str) -> String {
    let host = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    answer
}
