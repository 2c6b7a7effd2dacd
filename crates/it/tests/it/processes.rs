//! Real processes from real configuration files, driven by the command line alone; and what a process says that cannot start.

use std::path::Path;
use std::process::Stdio;

use it::cluster::Database;
use it::data;
use it::process::{self, free_port, text};
use it::town::{FIVE, Town};
use it::wait::{PATIENCE, wait_until_in_thread};
use serde_json::{Value, json};

fn field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no `{name}` in {value:#}")).to_owned()
}

#[test]
fn five_processes_do_the_whole_flow_with_the_command_line_alone() {
    walk(Town::found());
}

#[test]
fn five_processes_do_the_same_on_postgres() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let created = runtime.block_on(Database::create("five_processes_do_the_same_on_postgres"));
    let Some(database) = created else { return };
    walk(Town::found_with(&FIVE, |_| vec!["--store".to_owned(), database.url()]));
    runtime.block_on(database.end());
}

fn walk(mut town: Town) {
    let (provider, user) = members(&mut town);

    // A file becomes a product on the shelf of the data space, and is found in the other region.
    let file = data::csv(town.folder(), "aotizhongxin", 300);
    let bytes = std::fs::read(&file).unwrap();
    let path = file.to_str().unwrap();
    let market = |args: &[&str]| town.json("market", &[args, &["--node", "providers"]].concat());
    let users = |args: &[&str]| town.json("users", args);
    let added = market(&[
        "resource",
        "add",
        path,
        "--title-zh",
        "奥体中心空气质量",
        "--title-en",
        "Air at Aotizhongxin",
    ]);
    let resource = first(&added);
    let product = field(&market(&["product", "register", &field(resource, "id"), "--count", "1"]), "id");
    let listed = market(&["product", "list", &product]);
    assert_eq!(listed["state"], "listed", "{listed:#}");
    let found = town.until("users", &["search", "空气质量"], |page| page["total"] == 1);
    assert_eq!(found["items"][0]["id"], product.as_str());
    let human = town.weir("users", &["search", "Aotizhongxin"]);
    assert!(human.contains(&product), "{human}");

    // A folder without data is named, and so is the place in a file that cannot be read; each with the way out.
    let (nothing, uneven) = (town.home("nothing"), town.home("uneven").join("u.csv"));
    std::fs::write(&uneven, "a,b\n1,2\n1,2,3\n").unwrap();
    let no_data = ["has no CSV or Parquet file that can be used", "give a folder with at least one"];
    let ragged = ["line 3 has 3 fields where the header has 2", "repair the line, or quote fields"];
    for (path, words) in [(&nothing, no_data), (&uneven, ragged)] {
        let path = path.to_str().unwrap();
        let (exit, why) = town.fails("market", &["resource", "add", path, "--node", "providers"]);
        assert_eq!(exit, 8, "{why}");
        for words in [path, words[0], words[1]] {
            assert!(why.contains(words), "{words}: {why}");
        }
    }

    // Two uses wanted, one offered: the counter-offer is accepted and signed.
    let proposed = users(&["contract", "propose", &product, "--count", "2"]);
    let key = field(&proposed, "key");
    let countered = town.until("users", &["contract", "show", &key], |contract| contract["awaitsUs"] == true);
    assert_eq!((&countered["terms"]["count"], countered["rounds"].as_array().unwrap().len()), (&json!(1), 2));
    users(&["contract", "accept", &key]);
    let signed = users(&["contract", "sign", &key, "--wait", "30"]);
    let contract = field(&signed, "contractId");
    assert_eq!((signed["state"].as_str(), signed["signatures"].as_array().unwrap().len()), (Some("05"), 2));
    let theirs = market(&["contract", "show", &contract]);
    assert_eq!((theirs["role"].as_str(), &theirs["signatures"]), (Some("provider"), &signed["signatures"]));
    assert_eq!((&theirs["providerConnector"], &theirs["userConnector"]), (&json!(provider), &json!(user)));

    // The data arrives, with its receipt; a second use is refused with its reason.
    let got = users(&["get", &contract, "-o", "air.csv"]);
    assert_eq!(std::fs::read(field(&got, "file")).unwrap(), bytes);
    assert_eq!((&got["rows"], &got["sha256"]), (&json!(300), &json!(crypto::Sha256::of(&bytes).to_string())));
    let (exit, why) = town.fails("users", &["get", &contract, "-o", "again.csv"]);
    assert_eq!(exit, 6, "{why}");
    assert!(why.contains("count"), "{why}");

    // The receipt holds where there is no node at all: the file and the pinned root.
    let receipt = field(&got, "receipt");
    let away = town.home("auditor");
    let trust = town.home("users").join("users/trust.pem");
    let (receipt, trust) = (copied(&receipt, &away), copied(trust.to_str().unwrap(), &away));
    let verified = process::run_json(&away, None, &["verify", &receipt, "--trust", &trust]);
    assert_eq!((&verified["verified"], &verified["failed"]), (&json!(1), &json!(0)), "{verified:#}");
    assert_eq!(verified["receipts"][0]["steps"].as_array().unwrap().len(), 11);
    let forged = std::fs::read_to_string(&receipt).unwrap().replacen("300", "301", 1);
    std::fs::write(away.join("forged.json"), forged).unwrap();
    let output = process::run(&away, None, &["verify", "forged.json", "--trust", &trust]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));

    // Both meters agree, and everybody is well.
    let usage = users(&["usage"]);
    assert_eq!(usage[0]["meter"], market(&["usage"])[0]["meter"]);
    assert_eq!((&usage[0]["meter"]["uses"], &usage[0]["countersigned"]["rows"]), (&json!(1), &json!(300)));
    for plot in &FIVE {
        town.is_well(plot.process, plot.node);
    }
    for process in ["users", "market", "region-3100", "region-1100", "global"] {
        let serving = town.take(process);
        assert_eq!(serving.interrupt(), Some(0), "{process} stops cleanly on Ctrl-C");
    }
    let (exit, why) = town.fails("users", &["status"]);
    assert_eq!(exit, 3, "nobody is there any more: {why}");
}

/// One organisation each joins as provider and as user; answers their connectors.
fn members(town: &mut Town) -> (String, String) {
    let mut joined = Vec::new();
    for (region, process, node, name) in [
        ("region-1100", "market", "providers", "Aotizhongxin station"),
        ("region-3100", "users", "users", "Shanghai Laboratory"),
    ] {
        let subject = town.new_subject();
        let code = field(&town.json(region, &["org", "register", &subject, "--name", name]), "code");
        let connector = town.json(process, &["connector", "join", &code, "--name", name, "--node", node]);
        joined.push(field(&connector, "connector"));
        let (exit, why) = town.fails(process, &["connector", "join", "weir1.nonsense", "--node", node]);
        assert!([2, 6, 8].contains(&exit), "{exit}: {why}");
    }
    (joined[0].clone(), joined[1].clone())
}

/// The first of a list, or the one that stands for itself.
fn first(value: &Value) -> &Value {
    [value.get(0), value["items"].get(0)].into_iter().flatten().next().unwrap_or(value)
}

fn copied(file: &str, folder: &Path) -> String {
    let to = folder.join(Path::new(file).file_name().unwrap());
    std::fs::copy(file, &to).unwrap();
    to.to_str().unwrap().to_owned()
}

/// A global node that was made and does not run: its folder and configuration.
fn global(town: &mut Town) -> std::path::PathBuf {
    let operator = town.new_subject();
    town.init("global", "global", "global", &["--subject", &operator, "--area", "1100"]);
    town.config("global")
}

#[test]
fn a_port_that_is_taken_is_named_and_nothing_is_lost() {
    let mut town = Town::new();
    let config = global(&mut town);
    let address = town.addresses("global")[0].trim_start_matches("http://").to_owned();
    let taken = std::net::TcpListener::bind(&address).unwrap();
    let output = process::run(&town.home("global"), Some(&config), &["serve"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = format!("{address} is taken");
    for words in [why.as_str(), "stop the process that listens there, or choose another port with `listen`"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(output.stdout.is_empty(), "standard output is for results");
    drop(taken);
    town.serve("global");
    assert_eq!(town.take("global").interrupt(), Some(0));
}

#[test]
fn a_node_writes_what_is_asked_for_about_itself_to_standard_error() {
    let mut town = Town::new().with(&FIVE[..1], &mut |_| Vec::new());
    town.prepare(&FIVE[1], &[]);
    town.take("global").kill();
    let (home, config) = (town.home("region-1100"), town.config("region-1100"));
    let log = home.join("asked.log");
    let mut serving = process::command(&home, Some(&config), &["serve"])
        .env("WEIR_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    wait_until_in_thread("the node to say that it cannot join", PATIENCE, || {
        let written = std::fs::read_to_string(&log).unwrap();
        (written.contains("not joined yet") && written.contains("region-1100")).then_some(())
    });
    process::interrupt(&serving);
    assert_eq!(serving.wait().unwrap().code(), Some(0));
    let refused =
        process::command(&home, Some(&config), &["serve"]).env("WEIR_LOG", "app=loud").output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("WEIR_LOG"), "{}", text(&refused));
}

#[test]
fn a_store_that_another_process_has_is_refused_with_a_word_and_left_alone() {
    let mut town = Town::new();
    let config = global(&mut town);
    town.serve("global");
    let id = town.joined("global", "global");
    // The same node again, on another port.
    let text_of = std::fs::read_to_string(&config).unwrap();
    let address = town.addresses("global")[0].trim_start_matches("http://").to_owned();
    let other = town.home("global").join("other.toml");
    std::fs::write(&other, text_of.replace(&address, &format!("127.0.0.1:{}", free_port()))).unwrap();
    let output = process::run(&town.home("global"), Some(&other), &["serve"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    for words in
        ["weir.db` is in use by process ", "stop that process first, or give this node a store of its own"]
    {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(town.json("global", &["status"])["id"], id.as_str(), "the first goes on");
    // Killed without a word, it leaves the store free.
    town.take("global").kill();
    town.serve("global");
    assert_eq!(town.joined("global", "global"), id);
}

/// Makes a store look as a later program would leave it.
async fn write_version(store: &Path, version: i64) {
    use sqlx::ConnectOptions as _;
    let mut connection = sqlx::sqlite::SqliteConnectOptions::new().filename(store).connect().await.unwrap();
    let written =
        sqlx::query("INSERT INTO weir_schema (version, written_by) VALUES ($1, '9.9.9')").bind(version);
    assert_eq!(written.execute(&mut connection).await.unwrap().rows_affected(), 1);
    sqlx::Connection::close(connection).await.unwrap();
}

#[test]
fn a_store_from_a_newer_version_is_refused_and_not_touched() {
    let mut town = Town::new();
    let config = global(&mut town);
    let store = town.home("global").join("global/weir.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(write_version(&store, 99));
    let before = std::fs::read(&store).unwrap();
    let output = process::run(&town.home("global"), Some(&config), &["serve"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let why = "weir.db` has version 99 (written by Weir 9.9.9), and this program knows versions up to ";
    for words in [why, "run a Weir that is at least as new, or restore the backup made before the upgrade"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(std::fs::read(&store).unwrap(), before);
}

#[test]
fn what_cannot_be_used_is_refused_before_anything_is_made() {
    let town = Town::new();
    let home = town.home("new");
    let output = process::run(&home, None, &["serve"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("weir init"), "the way out: {}", text(&output));
    let wrong = [
        "init",
        "--role",
        "global",
        "--name",
        "g",
        "--listen",
        "127.0.0.1:1",
        "--subject",
        "91110000MA0WE00010",
    ];
    let output = process::run(&home, None, &[wrong.as_slice(), &["--area", "1100"]].concat());
    assert!(!output.status.success(), "a wrong check digit: {}", text(&output));
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0, "nothing was made");
    std::fs::write(home.join("trust.pem"), "rubbish").unwrap();
    let output = process::run(&home, None, &["verify", "nothing.json", "--trust", "trust.pem"]);
    assert_eq!(output.status.code(), Some(8), "{}", text(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("trust.pem"), "{}", text(&output));
}
