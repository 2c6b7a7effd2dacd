//! What the doctor sees without a node, beside one, and where somebody else holds the port.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::commands::tests::context;
use crate::i18n::Lang;
use crate::testing::{Reply, Request, Server, context_in, node};

async fn examine(folder: &Path) -> (Exit, Value) {
    let config = folder.join("weir.toml");
    let (context, captured) = context(&["--json", "--config", config.to_str().unwrap()]);
    let exit = run(&context).await.unwrap();
    (exit, serde_json::from_str(&captured.out()).unwrap())
}

/// The result of a check.
fn result(document: &Value, name: &str) -> String {
    let checks = document["checks"].as_array().unwrap();
    let check = checks
        .iter()
        .find(|check| check["name"] == name)
        .unwrap_or_else(|| panic!("no `{name}` in {document}"));
    check["result"].as_str().unwrap().to_owned()
}

fn close(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
}

async fn free() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_new_node_that_does_not_run_has_warnings_only() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), free().await);
    close(&node.token_file());
    let (exit, document) = examine(folder.path()).await;
    assert_eq!(exit, Exit::Ok, "{document}");
    for (name, expected) in [
        ("config", "ok"),
        ("folder", "ok"),
        ("token", "ok"),
        ("clock", "ok"),
        ("trust", "warning"),
        ("store", "warning"),
        ("port", "warning"),
    ] {
        assert_eq!(result(&document, name), expected, "{name}");
    }
    let left: Vec<_> =
        std::fs::read_dir(&node.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["admin.token"], "the probe is gone");
}

#[tokio::test]
async fn without_a_configuration_that_is_the_finding() {
    let folder = tempfile::tempdir().unwrap();
    let (exit, document) = examine(folder.path()).await;
    assert_eq!((exit, result(&document, "config").as_str()), (Exit::Failure, "failed"));
}

#[tokio::test]
async fn a_missing_folder_a_bad_trust_and_a_lost_token_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), free().await);
    std::fs::write(node.trust_file(), "no certificate").unwrap();
    assert_eq!(result(&examine(folder.path()).await.1, "trust"), "failed");
    std::fs::remove_dir_all(&node.folder).unwrap();
    let (exit, document) = examine(folder.path()).await;
    assert_eq!(exit, Exit::Failure);
    assert_eq!(
        (result(&document, "folder").as_str(), result(&document, "token").as_str()),
        ("failed", "failed")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_token_that_others_can_read_is_found() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let node = node(folder.path(), free().await);
    std::fs::set_permissions(node.token_file(), std::fs::Permissions::from_mode(0o640)).unwrap();
    let (exit, document) = examine(folder.path()).await;
    assert_eq!((exit, result(&document, "token").as_str()), (Exit::Failure, "failed"));
    assert!(!document.to_string().contains("s3cret"));
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|_: &Request| Reply::json(404, &Value::Null)).await;
    node(folder.path(), server.address);
    let (exit, document) = examine(folder.path()).await;
    assert_eq!((exit, result(&document, "port").as_str()), (Exit::Failure, "failed"));
    assert!(document.to_string().contains(&server.address.to_string()));
}

fn running(checks: Value) -> impl Fn(&Request) -> Reply + Send + Sync + 'static {
    move |request| match request.route().as_str() {
        "GET /weir/v1/time" => Reply::json(200, &json!({"id": "2A", "timestamp": 0, "version": "0.1.0"})),
        "GET /manage/v1/doctor" => Reply::json(200, &checks),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_running_node_adds_its_own_checks() {
    let folder = tempfile::tempdir().unwrap();
    let checks = json!({"checks": [
        {"name": "disk", "result": "ok", "code": "disk-free", "fields": {"freeMiB": 2048, "folder": "/data"}, "detail": "2048 MiB free"},
        {"name": "feed", "result": "warning", "code": "feed-of-tomorrow", "detail": "12 behind", "wayOut": "look"}, {"name": "新检查", "result": "ok"}]});
    let server = Server::start(running(checks)).await;
    close(&node(folder.path(), server.address).token_file());
    let (exit, document) = examine(folder.path()).await;
    assert_eq!((exit, result(&document, "port").as_str()), (Exit::Ok, "ok"));
    assert_eq!((result(&document, "disk").as_str(), result(&document, "feed").as_str()), ("ok", "warning"));
    let config = folder.path().join("weir.toml");
    let (context, captured) = context_in(Lang::Zh, &["--config", config.to_str().unwrap()]);
    run(&context).await.unwrap();
    let told = captured.out();
    // A finding that this version knows is told in the reader's language, another as it came.
    for line in ["✓ 磁盘", "剩余 2,048 MiB", "✗ 信息流", "警告：12 behind: look", "✓ 新检查"]
    {
        assert!(told.contains(line), "`{line}` is missing in {told}");
    }
}

#[test]
fn times_of_a_finding_are_told_at_utc_plus_8_to_the_second() {
    let at = "2026-11-24T10:06:35.070533Z";
    for (code, name) in [
        ("certificates-hold", "end"),
        ("certificates-end-soon", "end"),
        ("certificates-ended", "end"),
        ("feed-held", "last"),
        ("outbox-late", "since"),
        ("windows-late", "since"),
    ] {
        let check = json!({"name": "x", "result": "ok", "code": code, "fields": {name: at}});
        for lang in Lang::ALL {
            let (_, _, told) = line_of(&context_in(lang, &[]).0, &check);
            assert!(told.contains("2026-11-24T18:06:35+08:00") && !told.contains(at), "{code}: {told}");
        }
    }
    let later = json!({"name": "x", "result": "ok", "code": "of-tomorrow", "detail": format!("since {at}")});
    let (_, _, told) = line_of(&context_in(Lang::Zh, &[]).0, &later);
    assert_eq!(told, "since 2026-11-24T18:06:35+08:00");
}

#[tokio::test]
async fn a_failed_check_of_the_node_fails_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let checks = json!({"checks": [{"name": "clock", "result": "failed", "ok": false, "detail": "301 s off", "wayOut": "set it"}]});
    let server = Server::start(running(checks)).await;
    close(&node(folder.path(), server.address).token_file());
    let config = folder.path().join("weir.toml");
    let (context, captured) = context(&["--config", config.to_str().unwrap()]);
    assert_eq!(run(&context).await.unwrap(), Exit::Failure);
    assert!(captured.out().contains("301 s off: set it"), "{}", captured.out());
}

/// The codes in the source of the node's checks: each has a sentence here.
#[test]
fn every_finding_of_the_node_has_its_sentence() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app/src/doctor");
    let mut codes = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let words = source.split('"').skip(1).step_by(2).map(str::to_owned);
        codes.extend(words.filter(|word| {
            word.contains('-') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        }));
    }
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        assert!(sentence_key(&code).is_some_and(|key| key == format!("doctor-said-{code}")), "{code}");
    }
}

#[test]
fn files_from_the_future_show_that_the_clock_went_back() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("weir.db"), "x").unwrap();
    let now = SystemTime::now();
    assert_eq!(clock_check(folder.path(), now).found, Found::Good);
    assert_eq!(clock_check(folder.path(), now - Duration::from_secs(100)).found, Found::Good);
    assert_eq!(clock_check(folder.path(), now - Duration::from_secs(3600)).found, Found::Bad);
}

/// A region that has its configuration, and its folder with a token.
fn region(folder: &Path, code: &str) -> NodeSettings {
    let path = folder.join("weir.toml");
    let text = format!(
        "[[node]]\nname = \"town\"\nrole = \"region\"\nlisten = \"127.0.0.1:1\"\nallow_private = true\ncode = \"{code}\"\n"
    );
    std::fs::write(&path, text).unwrap();
    let node = crate::config::Config::load(&path).unwrap().nodes.remove(0);
    std::fs::create_dir_all(&node.folder).unwrap();
    app::keys::write_private(&node.token_file(), b"s3cret\n").unwrap();
    node
}

/// What the doctor says of `name`, in Chinese; it ends as a failure.
async fn fault(folder: &Path, name: &str) -> String {
    let config = folder.join("weir.toml");
    let (context, captured) = context_in(Lang::Zh, &["--json", "--config", config.to_str().unwrap()]);
    assert_eq!(run(&context).await.unwrap(), Exit::Failure);
    let document: Value = serde_json::from_str(&captured.out()).unwrap();
    assert_eq!(result(&document, name), "failed", "{document}");
    let checks = document["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_store_that_serve_would_refuse_is_found_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let node = region(folder.path(), "weir1.x");
    let file = node.store.url.strip_prefix("sqlite:").unwrap().to_owned();
    std::fs::write(&file, "rubbish").unwrap();
    let told = fault(folder.path(), "store").await;
    assert!(told.contains("不是 Weir 的存储") && told.contains(&file), "{told}");
    assert_eq!(std::fs::read(&file).unwrap(), b"rubbish");
    std::fs::write(&file, [b"SQLite format 3\0".as_slice(), &[9; 3000]].concat()).unwrap();
    let told = fault(folder.path(), "store").await;
    assert!(told.contains("备份"), "{told}");
}

#[tokio::test]
async fn a_code_that_is_none_or_was_refused_is_found() {
    let folder = tempfile::tempdir().unwrap();
    region(folder.path(), "weir1.x");
    let told = fault(folder.path(), "code").await;
    assert!(told.contains("这不是注册码"), "{told}");

    let code = "weir1.eyJ1cmwiOiJodHRwOi8vMTI3LjAuMC4xOjEiLCJzdWJqZWN0IjoiOTEzMTAwMDBNQTAwMDAwMDVFIn0";
    let node = region(folder.path(), code);
    let form = app::identity::check_code(code);
    let used = app::Error::Enrolment(app::Reason::new("enrolment-used", "it was used already"));
    crate::running::Refused::keep(&node, &crate::running::failed(&node, used));
    let told = fault(folder.path(), "code").await;
    assert_eq!(told.contains("已被使用"), form.is_ok(), "{told}");
    let failure = crate::running::Refused::read(&node).unwrap();
    let told = failure_sentence(&context_in(Lang::Zh, &[]).0, &failure);
    assert!(told.contains("town") && told.contains("已被使用"), "{told}");
    let other = region(folder.path(), "weir1.y");
    assert!(crate::running::Refused::read(&other).is_none(), "another code was not refused");
}

/// A global node, which has joined by making itself.
async fn root(folder: &Path) -> NodeSettings {
    let path = folder.join("weir.toml");
    let text = "[[node]]\nname = \"root\"\nrole = \"global\"\nlisten = \"127.0.0.1:1\"\nsubject = \"12100000400000000W\"\narea = \"1100\"\n";
    std::fs::write(&path, text).unwrap();
    let node = crate::config::Config::load(&path).unwrap().nodes.remove(0);
    crate::wiring::prepare(&node).await.unwrap();
    app::keys::write_private(&node.token_file(), b"s3cret\n").unwrap();
    node
}

/// What `serve` says instead of starting the node.
async fn refusal(node: &NodeSettings, lang: Lang) -> String {
    let opened = crate::running::open(node, &search::Dictionary::new()).await;
    failure_sentence(&context_in(lang, &[]).0, &opened.err().unwrap())
}

#[tokio::test]
async fn lost_keys_of_a_node_that_joined_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let node = root(folder.path()).await;
    let (exit, document) = examine(folder.path()).await;
    assert_eq!((exit, result(&document, "keys").as_str()), (Exit::Ok, "ok"), "{document}");
    assert_eq!(result(&document, "store"), "ok");
    std::fs::remove_dir_all(node.folder.join("keys")).unwrap();
    let told = fault(folder.path(), "keys").await;
    assert!(told.contains("`sign`") || told.contains("`authority`"), "{told}");
    assert!(told.contains("从备份恢复"), "{told}");
    assert!(!node.folder.join("keys").exists(), "the doctor makes no keys");
    let refused = refusal(&node, Lang::En).await;
    assert!(refused.contains("restore the folder"), "{refused}");
    assert!(!node.folder.join("keys").exists(), "nor does a start that is refused");
}

#[tokio::test]
async fn a_lost_key_of_a_log_is_found_and_told_as_what_it_is() {
    for key in ["log-evidence", "log-public", "log-public-sm2"] {
        let folder = tempfile::tempdir().unwrap();
        let node = root(folder.path()).await;
        std::fs::remove_file(node.folder.join(format!("keys/{key}.pem"))).unwrap();
        let told = fault(folder.path(), "keys").await;
        assert!(told.contains(&format!("日志密钥 `{key}`")) && told.contains("从备份恢复"), "{told}");
        for (lang, words) in
            [(Lang::En, "restore the folder from a backup"), (Lang::Zh, "请从备份恢复该目录")]
        {
            let refused = refusal(&node, lang).await;
            assert!(refused.contains(&format!("`{key}`")) && refused.contains(words), "{refused}");
            assert!(!refused.contains("缺陷") && !refused.contains("report"), "{refused}");
        }
    }
}

#[tokio::test]
async fn a_lost_store_of_a_node_that_joined_is_found_and_no_empty_one_is_put_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let node = root(folder.path()).await;
    let file = std::path::PathBuf::from(node.store.url.strip_prefix("sqlite:").unwrap());
    std::fs::remove_file(&file).unwrap();
    for is_empty in [false, true] {
        if is_empty {
            std::fs::write(&file, "").unwrap();
        }
        let told = fault(folder.path(), "store").await;
        assert!(told.contains("缺失或为空") && told.contains("从备份恢复存储"), "{told}");
        let refused = refusal(&node, Lang::En).await;
        assert!(refused.contains("restore the store") && refused.contains("begin anew"), "{refused}");
        assert_eq!(std::fs::metadata(&file).map_or(0, |file| file.len()), 0, "no store is made");
        assert_eq!(file.exists(), is_empty);
    }
    // Keys of connectors that joined show it too; keys of a node that has not joined do not.
    std::fs::remove_file(node.trust_file()).unwrap();
    std::fs::write(node.folder.join("keys/connector-0123456789abcdef.pem"), "").unwrap();
    assert!(crate::running::has_joined_before(&node));
    std::fs::remove_dir_all(node.folder.join("keys")).unwrap();
    assert!(!crate::running::has_joined_before(&node));
    crate::wiring::prepare(&node).await.unwrap();
}
