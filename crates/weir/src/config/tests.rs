//! Tests of the configuration file: what is read, and what is refused with which place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::nearest::distance;
use super::*;

const REGION: &str = r#"
[[node]]
name = "Beijing"
role = "region"
listen = "127.0.0.1:18080"
"#;

fn parse(text: &str) -> Result<Config> {
    Config::parse(Path::new("/etc/weir/weir.toml"), text)
}

fn only(text: &str) -> NodeSettings {
    parse(text).unwrap().nodes.remove(0)
}

/// The key of the sentence, the line and the key in the file.
fn refusal(text: &str) -> (&'static str, String, String) {
    let failure = parse(text).unwrap_err();
    assert_eq!(failure.exit, Exit::Usage);
    assert_eq!(failure.message.arg("path"), Some("/etc/weir/weir.toml"));
    let arg = |name| failure.message.arg(name).unwrap_or_default().to_owned();
    (failure.message.key, arg("line"), arg("key"))
}

fn expect(text: &str, key: &str, line: &str, field: &str) {
    let (sentence, at, named) = refusal(text);
    assert_eq!((sentence, at.as_str(), named.as_str()), (key, line, field), "{text}");
}

#[test]
fn the_shortest_file_gets_every_default() {
    let node = only(REGION);
    assert_eq!(node.name, "Beijing");
    assert_eq!(node.role, Role::Region);
    assert_eq!(node.address, "http://127.0.0.1:18080");
    assert_eq!(node.suite, Suite::Sm);
    assert_eq!(node.folder, Path::new("/etc/weir/beijing"));
    assert_eq!(node.store.url, "sqlite:/etc/weir/beijing/weir.db");
    assert_eq!(node.token_file(), Path::new("/etc/weir/beijing/admin.token"));
    assert_eq!(node.limits, LimitSettings::default());
    assert!(!node.allow_private);
    assert!(node.tls.is_none() && node.code.is_none());
}

#[test]
fn a_full_file_is_read_with_paths_relative_to_it() {
    let node = only(
        r#"
[[node]]
name = "上海"
role = "service"
listen = "0.0.0.0:8443"
address = "https://space.example.cn:8443/"
suite = "intl"
folder = "data/上海"
store = "postgres://weir@db.example/weir"
store_password_file = "secrets/db"
allow_private = true
code = "weir1.abc"
[node.tls]
cert = "tls/cert.pem"
key = "/keys/key.pem"
[node.limits]
window_ms = 500
page_max = 50
"#,
    );
    assert_eq!(node.address, "https://space.example.cn:8443");
    assert_eq!(node.suite, Suite::Intl);
    assert_eq!(node.folder, Path::new("/etc/weir/data/上海"));
    assert_eq!(node.store.password, PasswordSource::File("/etc/weir/secrets/db".into()));
    let tls = node.tls.clone().unwrap();
    assert_eq!(tls.cert, Path::new("/etc/weir/tls/cert.pem"));
    assert_eq!(tls.key, Path::new("/keys/key.pem"));
    assert_eq!((node.limits.window_ms, node.limits.page_max), (Some(500), Some(50)));
    assert_eq!(node.code.as_ref().unwrap().expose(), "weir1.abc");
    assert!(!format!("{node:?}").contains("weir1.abc"), "the code must not be shown");
    assert_eq!(node.local_address(), "https://space.example.cn:8443");
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    let failure = parse(&format!("{REGION}adress = \"http://x\"\n")).unwrap_err();
    assert_eq!(failure.message.key, "config-unknown-key");
    assert_eq!(failure.message.arg("line"), Some("6"));
    assert_eq!(failure.message.arg("key"), Some("adress"));
    assert_eq!(failure.message.arg("nearest"), Some("address"));
    assert!(failure.message.arg("known").unwrap().contains("allow_private"));

    let failure = parse(&format!("{REGION}[node.limits]\nwindow_msec = 5\n")).unwrap_err();
    assert_eq!(failure.message.arg("nearest"), Some("window_ms"));
    assert_eq!(failure.message.arg("line"), Some("7"));

    let failure = parse(&format!("{REGION}zzzzzzzz = 1\n")).unwrap_err();
    assert_eq!(failure.message.arg("nearest"), Some(NONE_NEAR));
}

#[test]
fn an_unknown_word_is_named_with_the_nearest_known_one() {
    let failure = parse(&REGION.replace("\"region\"", "\"regoin\"")).unwrap_err();
    assert_eq!(failure.message.key, "config-unknown-word");
    assert_eq!(failure.message.arg("key"), Some("role"));
    assert_eq!(failure.message.arg("value"), Some("regoin"));
    assert_eq!(failure.message.arg("nearest"), Some("region"));
    assert_eq!(failure.message.arg("line"), Some("4"));
}

#[test]
fn what_is_no_toml_or_has_the_wrong_type_is_named_with_its_line() {
    expect(&format!("{REGION}folder = \n"), "config-syntax", "6", "folder");
    expect(&format!("{REGION}allow_private = \"yes\"\n"), "config-syntax", "6", "allow_private");
    expect(&format!("{REGION}[node.limits]\npage_max = -1\n"), "config-syntax", "7", "page_max");
    expect("[[node]]\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n", "config-missing-key", "1", "role");
}

#[test]
fn values_that_cannot_work_are_refused_at_their_line() {
    expect(&REGION.replace("127.0.0.1:18080", "18080"), "config-listen", "5", "listen");
    expect(&REGION.replace("127.0.0.1:18080", "0.0.0.0:18080"), "config-plain", "5", "listen");
    expect(&REGION.replace("Beijing", " "), "config-empty", "3", "name");
    expect(&REGION.replace("Beijing", &"京".repeat(129)), "config-too-long", "3", "name");
    for address in ["ftp://x", "node.example", "http://", "http://x/path", "http://u@x"] {
        expect(&format!("{REGION}address = \"{address}\"\n"), "config-address", "6", "address");
    }
    expect(&format!("{REGION}store = \"mysql://x/y\"\n"), "config-store", "6", "store");
    let tls = "address = \"http://x\"\n[node.tls]\ncert = \"c\"\nkey = \"k\"\n";
    expect(&format!("{REGION}{tls}"), "config-address", "6", "address");
}

#[test]
fn a_password_in_the_store_address_is_refused_and_not_repeated() {
    for url in ["postgres://weir:geheim@db/weir", "postgres://db/weir?user=a&password=geheim"] {
        let failure = parse(&format!("{REGION}store = \"{url}\"\n")).unwrap_err();
        assert_eq!(failure.message.key, "config-store-password", "{url}");
        assert!(!format!("{failure} {failure:?}").contains("geheim"), "{failure:?}");
    }
    assert_eq!(
        only(&format!("{REGION}store = \"postgres://weir@db:5433/weir\"\n")).store.url,
        "postgres://weir@db:5433/weir"
    );
}

#[test]
fn keys_that_the_role_does_not_use_are_refused() {
    expect(&format!("{REGION}subject = \"91\"\n"), "config-not-for-role", "6", "subject");
    let host = REGION.replace("\"region\"", "\"connector\"");
    expect(&format!("{host}code = \"weir1.x\"\n"), "config-not-for-role", "6", "code");
    let global = REGION.replace("\"region\"", "\"global\"");
    expect(&global, "config-needed-for-role", "4", "subject");
    let node = only(&format!("{global}subject = \"911100001000000000\"\narea = \"1100\"\n"));
    assert_eq!((node.subject.as_deref(), node.area.as_deref()), (Some("911100001000000000"), Some("1100")));
}

#[test]
fn nodes_of_one_file_differ_in_name_socket_and_folder() {
    let second = |name: &str, port: u16, folder: &str| {
        format!(
            "{REGION}[[node]]\nname = \"{name}\"\nrole = \"connector\"\nlisten = \"127.0.0.1:{port}\"\nfolder = \"{folder}\"\n"
        )
    };
    expect(&second("Beijing", 2, "b"), "config-twice", "7", "name");
    expect(&second("b", 18080, "b"), "config-twice", "7", "listen");
    expect(&second("b", 2, "beijing"), "config-twice", "7", "folder");
    let config = parse(&second("Shanghai", 2, "b")).unwrap();
    assert_eq!(config.node(Some("Shanghai")).unwrap().listen.port(), 2);
    let failure = config.node(None).unwrap_err();
    assert_eq!(failure.message.key, "config-several-nodes");
    assert_eq!(failure.message.arg("names"), Some("Beijing, Shanghai"));
    let failure = config.node(Some("Shangai")).unwrap_err();
    assert_eq!(failure.message.key, "config-unknown-node");
    assert_eq!(failure.message.arg("nearest"), Some("Shanghai"));
}

#[test]
fn a_file_without_nodes_or_none_at_all_says_so() {
    assert_eq!(refusal("").0, "config-no-node");
    assert_eq!(refusal("# nothing\n").0, "config-no-node");
    let folder = tempfile::tempdir().unwrap();
    let failure = Config::load(&folder.path().join("weir.toml")).unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Usage, "config-missing"));
    let failure = Config::load(folder.path()).unwrap_err();
    assert_eq!(failure.message.key, "config-unreadable");
}

#[test]
fn an_oversized_file_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.toml");
    std::fs::File::create(&path).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
    assert_eq!(Config::load(&path).unwrap_err().message.key, "config-too-large");
}

#[test]
fn the_token_is_read_from_the_folder_and_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::parse(&folder.path().join("weir.toml"), REGION).unwrap();
    let node = config.node(None).unwrap();
    let failure = node.token().unwrap_err();
    assert_eq!((failure.exit, failure.message.key), (Exit::Unauthorised, "token-missing"));
    std::fs::create_dir(&node.folder).unwrap();
    std::fs::write(node.token_file(), "\n").unwrap();
    assert_eq!(node.token().unwrap_err().message.key, "token-empty");
    std::fs::write(node.token_file(), "s3cret\n").unwrap();
    let token = node.token().unwrap();
    assert_eq!(token.expose(), "s3cret");
    assert!(!format!("{token:?}").contains("s3cret"));
}

#[test]
fn the_store_password_comes_from_file_or_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.password");
    std::fs::write(&file, "p@ss/w:rd 密\nsecond line\n").unwrap();
    let url = "postgres://weir@db:5433/weir?sslmode=require".to_owned();
    let store = StoreSettings { url: url.clone(), password: PasswordSource::File(file) };
    assert_eq!(
        store.connect_url(|_| None).unwrap().expose(),
        "postgres://weir:p%40ss%2Fw%3Ard%20%E5%AF%86@db:5433/weir?sslmode=require"
    );
    let store = StoreSettings { url: url.clone(), password: PasswordSource::Env("X".into()) };
    assert_eq!(store.connect_url(|_| None).unwrap().expose(), url);
    let found = store.connect_url(|name| (name == "X").then(|| "y".to_owned())).unwrap();
    assert_eq!(found.expose(), "postgres://weir:y@db:5433/weir?sslmode=require");
    let gone = StoreSettings { url, password: PasswordSource::File("/nowhere/at/all".into()) };
    assert_eq!(gone.connect_url(|_| None).unwrap_err().message.key, "config-password-file");
    let sqlite = StoreSettings { url: "sqlite:/a".into(), password: PasswordSource::Env("X".into()) };
    assert_eq!(sqlite.connect_url(|_| Some("y".into())).unwrap().expose(), "sqlite:/a");
}

#[test]
fn folders_get_names_that_every_file_system_takes() {
    assert_eq!(folder_name("Beijing 区域/节点"), "beijing-区域-节点");
    assert_eq!(folder_name("../.."), "node");
    assert_eq!(folder_name("a_b-1"), "a_b-1");
}

#[test]
fn the_nearest_word_is_near() {
    assert_eq!(nearest("lisen", &["listen", "store"]), Some("listen"));
    assert_eq!(nearest("xyz", &["listen", "store"]), None);
    assert_eq!(distance("kitten", "sitting"), 3);
    assert_eq!(distance("", "abc"), 3);
}

#[test]
fn the_page_about_the_configuration_has_every_limit_with_its_default() {
    let page = include_str!("../../../../docs/CONFIGURATION.md");
    let limits = app::config::Limits::default();
    let defaults: [(&str, i128); 16] = [
        ("clock_skew_ms", limits.clock_skew_ms.into()),
        ("enrolment_ms", limits.enrolment_ms.into()),
        ("inbox_ms", limits.inbox_ms.into()),
        ("window_ms", limits.window_ms.into()),
        ("window_uses_max", limits.window_uses_max.into()),
        ("unsigned_windows_max", limits.unsigned_windows_max.into()),
        ("use_idle_ms", limits.use_idle_ms.into()),
        ("heartbeat_ms", limits.heartbeat_ms.into()),
        ("send_age_max_ms", limits.send_age_max_ms.into()),
        ("send_backoff_max_ms", limits.send_backoff_max_ms.into()),
        ("dead_letters_ms", limits.dead_letters_ms.into()),
        ("dead_letters_max", limits.dead_letters_max.into()),
        ("sends_in_flight_max", limits.sends_in_flight_max as i128),
        ("sequence_batch_max", limits.sequence_batch_max.into()),
        ("feed_frame_entries_max", limits.feed_frame_entries_max.into()),
        ("page_max", limits.page_max.into()),
    ];
    for (key, value) in defaults {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{key}` |"))).unwrap_or_default();
        assert!(row.ends_with(&format!("| {value} |")), "{key} is {value}: {row}");
        let node = only(&format!("{REGION}[node.limits]\n{key} = {value}\n"));
        assert_ne!(node.limits, LimitSettings::default(), "{key} was not read");
    }
}
