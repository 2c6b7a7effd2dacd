//! The network of README.md and README.zh-CN.md, command by command as a reader copies it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use it::process::{free_port, text, weir};

/// Where the files stand.
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
/// What goes before the commands: the nodes stop with the script, and a pause ends when every node listens too (this build is slower than
/// the reader's, and other tests run beside it).
const BEFORE: &str = r#"set -eu
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
sleep() {
  for port in $(sed -n 's/^listen = "127.0.0.1:\([0-9]*\)".*/\1/p' */weir.toml); do
    for _ in $(seq 300); do
      (: >"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
      command sleep 0.1
    done
  done
  command sleep "$1"
}
"#;

/// The fenced commands below a heading.
fn commands(file: &str, heading: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(file)).unwrap();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    // The first block builds the program and makes the folder.
    let blocks: Vec<&str> = blocks.skip(1).collect();
    assert!(blocks.len() >= 4, "{file}: {} blocks", blocks.len());
    blocks.concat()
}

/// The commands on ports that are free here.
fn on_free_ports(mut commands: String) -> String {
    for port in 18080..=18085 {
        let written = format!("127.0.0.1:{port}");
        assert!(commands.contains(&written), "{written} is not in the commands");
        commands = commands.replace(&written, &format!("127.0.0.1:{}", free_port()));
    }
    commands
}

fn follow(file: &str, heading: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("readme.sh");
    std::fs::write(&script, format!("{BEFORE}{}", on_free_ports(commands(file, heading)))).unwrap();
    let folders = [weir().parent().unwrap().to_owned()];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path))).unwrap();
    let mut bash = Command::new("bash");
    bash.arg(&script)
        .current_dir(folder.path())
        .env("PATH", path)
        .env("LANG", "C.UTF-8")
        .env("WEIR_LANG", "en");
    let ended = bash.env_remove("WEIR_CONFIG").stdin(Stdio::null()).output().unwrap();

    assert_eq!(ended.status.code(), Some(6), "the last command is refused: {}", text(&ended));
    let refused = String::from_utf8_lossy(&ended.stderr);
    assert!(refused.contains("allows 1"), "for the count: {}", text(&ended));
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    assert_eq!(std::fs::read(file("got.csv")).unwrap(), std::fs::read(file("air.csv")).unwrap());
    assert!(!file("again.csv").exists(), "a refused use leaves no file");
}

#[test]
fn the_network_of_the_readme_does_what_it_says() {
    follow("README.md", "The same for real");
}

#[test]
fn the_network_of_the_chinese_readme_does_what_it_says() {
    follow("README.zh-CN.md", "按真实部署走一遍");
}
