//! New nodes: what is written, that it can be read back, and that nothing is overwritten.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::config::Role;
use crate::testing::{command, context_in};

async fn init(lang: Lang, folder: &Path, options: &[&str]) -> Result<String> {
    let line = [&["init", "--dir", folder.to_str().unwrap()], options].concat();
    let crate::cli::Command::Init(args) = command(&line) else { panic!("not init") };
    let (context, captured) = context_in(lang, &[]);
    run(&args, &context).await?;
    Ok(captured.out() + &captured.err())
}

const REGION: [&str; 6] = ["--role", "region", "--name", "Beijing", "--listen", "127.0.0.1:18081"];

/// An enrolment code that can be read.
fn code() -> String {
    let code = json!({"url": "http://127.0.0.1:18080", "subject": "91310000MA0000005E", "root": "0".repeat(64),
        "secret": "5a".repeat(16)});
    format!("weir1.{}", URL_SAFE_NO_PAD.encode(code.to_string()))
}

#[tokio::test]
async fn what_is_no_enrolment_code_is_refused_as_serve_would_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let whole = code();
    for wrong in ["zzz", "weir1.abc", &whole[..whole.len() - 9]] {
        let failure =
            init(Lang::En, folder.path(), &[&REGION[..], &["--code", wrong]].concat()).await.unwrap_err();
        assert_eq!(failure.exit, Exit::Usage, "{wrong}");
        for (lang, words) in [(Lang::En, "this is no enrolment code"), (Lang::Zh, "这不是注册码")] {
            let told = crate::commands::failure_sentence(&context_in(lang, &[]).0, &failure);
            assert!(told.contains(words), "{told}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_new_node_can_be_read_back_in_both_languages() {
    for lang in Lang::ALL {
        let folder = tempfile::tempdir().unwrap();
        let code = code();
        let said = init(lang, folder.path(), &[&REGION[..], &["--code", &code, "--suite", "intl"]].concat())
            .await
            .unwrap();
        let file = folder.path().join(FILE_NAME);
        assert!(said.contains(file.to_str().unwrap()) && said.contains("serve"), "{said}");
        let node = Config::load(&file).unwrap().nodes.remove(0);
        assert_eq!(
            (node.name.as_str(), node.role, node.suite),
            ("Beijing", Role::Region, crypto::Suite::Intl)
        );
        assert_eq!(node.address, "http://127.0.0.1:18081");
        assert_eq!(node.code.unwrap().expose(), code);
        assert_eq!(node.folder, std::path::absolute(folder.path()).unwrap().join("beijing"));
        assert!(node.allow_private, "a node on loopback has its peers there");
    }
}

#[tokio::test]
async fn the_token_is_long_new_and_closed() {
    let token = |folder: &Path| std::fs::read_to_string(folder.join("beijing").join("admin.token")).unwrap();
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    init(Lang::En, a.path(), &REGION).await.unwrap();
    let said = init(Lang::En, b.path(), &REGION).await.unwrap();
    assert_ne!(token(a.path()), token(b.path()));
    assert_eq!(URL_SAFE_NO_PAD.decode(token(a.path()).trim()).unwrap().len(), 32);
    assert!(!said.contains(token(b.path()).trim()), "the token must not be shown");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(a.path().join("beijing/admin.token")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    init(Lang::En, folder.path(), &REGION).await.unwrap();
    let before = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
    let failure = init(Lang::En, folder.path(), &REGION).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Refused, "init-exists"));
    // Nor a token whose configuration was lost.
    let file = folder.path().join(FILE_NAME);
    std::fs::remove_file(&file).unwrap();
    let failure = init(Lang::En, folder.path(), &REGION).await.unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Refused, "error-exists"));
    assert!(!file.exists());
    assert!(before.contains("[[node]]"));
}

#[tokio::test]
async fn a_node_is_added_to_a_file_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    init(Lang::En, folder.path(), &REGION).await.unwrap();
    let before = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
    let host = ["--role", "connector", "--name", "主机 1", "--listen", "127.0.0.1:18083", "--add"];
    init(Lang::Zh, folder.path(), &host).await.unwrap();
    let text = std::fs::read_to_string(folder.path().join(FILE_NAME)).unwrap();
    assert!(text.starts_with(before.trim_end()), "what was there stays as it was");
    let config = Config::load(&folder.path().join(FILE_NAME)).unwrap();
    assert_eq!(config.nodes.len(), 2);
    assert!(config.node(Some("主机 1")).unwrap().token().is_ok());
    assert!(!folder.path().join("weir.toml.new").exists());
    let again = init(Lang::Zh, folder.path(), &host).await.unwrap_err();
    assert_eq!((again.message.key, again.message.arg("flag")), ("init-twice", Some("--name")));
    // What is wrong in the file itself is still told by its line.
    let file = folder.path().join(FILE_NAME);
    std::fs::write(&file, before.replace("role =", "roll =")).unwrap();
    let broken = init(Lang::Zh, folder.path(), &host).await.unwrap_err();
    assert_eq!(broken.message.key, "config-unknown-key");
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let global = ["--role", "global", "--name", "a", "--listen", "127.0.0.1:1"];
    let region = |name, listen| ["--role", "region", "--name", name, "--listen", listen];
    let connector = ["--role", "connector", "--name", "a", "--listen", "127.0.0.1:1"];
    let here = "127.0.0.1:1";
    let long = "a".repeat(200);
    let refused: [(Vec<&str>, &str, &str); 11] = [
        (global.to_vec(), "init-needs-subject", "--subject"),
        ([&global[..], &["--subject", "12100000400000000W"]].concat(), "init-needs-area", "--area"),
        ([&connector[..], &["--code", "weir1.x"]].concat(), "init-connectors-join", "connector join"),
        ([&connector[..], &["--area", "1100"]].concat(), "init-not-for-role", "--area"),
        (region("a", "0.0.0.0:1").to_vec(), "init-plain", "--listen 0.0.0.0:1"),
        (region(" ", here).to_vec(), "init-name-empty", "--name"),
        (region(&long, here).to_vec(), "init-name-too-long", "--name"),
        ([&region("a", here)[..], &["--address", "here"]].concat(), "init-address", "--address"),
        ([&region("a", here)[..], &["--store", "mysql:x"]].concat(), "init-store", "--store"),
        (
            [&region("a", here)[..], &["--store", "postgres://u:p@h/d"]].concat(),
            "init-store-password",
            "WEIR_STORE_PASSWORD",
        ),
        ([&global[..], &["--subject", "1", "--area", "1100"]].concat(), "init-root-refused", "--subject"),
    ];
    for (options, key, way_out) in refused {
        let failure = init(Lang::En, folder.path(), &options).await.unwrap_err();
        assert_eq!((failure.exit, failure.message.key), (Exit::Usage, key), "{options:?}");
        for lang in Lang::ALL {
            let sentence = context_in(lang, &[]).0.sentence(&failure.message);
            assert!(sentence.contains(way_out), "{sentence}");
            assert!(!sentence.contains(FILE_NAME) || key == "init-plain", "no file is there yet: {sentence}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn names_and_values_with_quotes_stay_values() {
    let folder = tempfile::tempdir().unwrap();
    let name = "a\"\nrole = \"global\" # \\ '";
    init(Lang::En, folder.path(), &["--role", "region", "--name", name, "--listen", "127.0.0.1:1"])
        .await
        .unwrap();
    let node = Config::load(&folder.path().join(FILE_NAME)).unwrap().nodes.remove(0);
    assert_eq!((node.name.as_str(), node.role), (name.trim(), Role::Region));
}

#[test]
fn every_key_that_can_be_written_is_in_the_templates() {
    for template in [NODE_EN, NODE_ZH] {
        for key in [
            "name",
            "role",
            "listen",
            "address",
            "suite",
            "folder",
            "store",
            "store_password_file",
            "store_password_env",
            "allow_private",
            "code",
            "subject",
            "area",
            "cert",
            "roots",
            "window_ms",
        ] {
            assert!(
                template.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} = "))),
                "{key}"
            );
        }
    }
    assert_eq!(filled("# code = {code}", &[("code", None)]), "# code = \"…\"");
    assert_eq!(filled("# code = {code}", &[("code", Some("\"x\"".into()))]), "code = \"x\"");
}
