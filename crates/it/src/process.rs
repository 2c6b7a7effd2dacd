//! The real `weir` binary as child processes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::wait::wait_until_in_thread;

/// How long a process may take to start or stop.
const PROCESS_PATIENCE: Duration = Duration::from_secs(30);

/// The `weir` binary of this build, built once where it is missing or old.
///
/// # Panics
/// Where it cannot be built.
pub fn weir() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "weir", "--bin", "weir"]);
        if profile.file_name().is_some_and(|name| name == "release") {
            build.arg("--release");
        }
        // What cargo told this test about itself would make build scripts run again, and half of the workspace with them.
        let of_cargo =
            |name: &str| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|begin| name.starts_with(begin));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_cargo)) {
            build.env_remove(name);
        }
        for name in ["CARGO_CRATE_NAME", "CARGO_BIN_NAME", "CARGO_PRIMARY_PACKAGE", "LD_LIBRARY_PATH"] {
            build.env_remove(name);
        }
        let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
        assert!(built.success(), "`cargo build -p weir` failed");
        profile.join("weir")
    })
}

/// `weir` with these arguments, in this folder, in English, with `WEIR_CONFIG` as given.
pub fn command(folder: &Path, config: Option<&Path>, args: &[&str]) -> Command {
    let mut command = Command::new(weir());
    command
        .args(args)
        .current_dir(folder)
        .env_remove("WEIR_CONFIG")
        .env("WEIR_LANG", "en")
        .env("LANG", "C.UTF-8");
    if let Some(config) = config {
        command.env("WEIR_CONFIG", config);
    }
    command
}

/// Runs `weir` to its end.
///
/// # Panics
/// Where it cannot be started.
pub fn run(folder: &Path, config: Option<&Path>, args: &[&str]) -> Output {
    command(folder, config, args).stdin(Stdio::null()).output().unwrap()
}

/// What a command that must succeed prints.
///
/// # Panics
/// With all that it wrote, where it fails.
#[track_caller]
pub fn run_ok(folder: &Path, config: Option<&Path>, args: &[&str]) -> String {
    let output = run(folder, config, args);
    assert!(output.status.success(), "weir {}\n{}", args.join(" "), text(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// The JSON that a command prints with `--json`.
///
/// # Panics
/// As [`run_ok`], and where it prints something else.
#[track_caller]
pub fn run_json(folder: &Path, config: Option<&Path>, args: &[&str]) -> Value {
    let printed = run_ok(folder, config, &[args, &["--json"]].concat());
    serde_json::from_str(&printed)
        .unwrap_or_else(|error| panic!("weir {}: {error}\n{printed}", args.join(" ")))
}

/// Exit code and both outputs, for messages.
pub fn text(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("exit {:?}\nstdout: {out}\nstderr: {err}", output.status.code())
}

/// A `weir serve` that runs until it is stopped; killed at the latest when it is dropped.
pub struct Serving {
    child: Child,
    log: PathBuf,
}

impl Serving {
    /// Starts `weir serve`, and waits until every address answers.
    ///
    /// # Panics
    /// With the process's log, where it ends before.
    pub fn start(folder: &Path, config: &Path, addresses: &[String]) -> Serving {
        let log = folder.join("serve.log");
        let output = std::fs::File::options().create(true).append(true).open(&log).unwrap();
        let child = command(folder, Some(config), &["serve"])
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut serving = Serving { child, log };
        for address in addresses {
            wait_until_in_thread(&format!("{address} to answer"), PROCESS_PATIENCE, || {
                let ended = serving.child.try_wait().unwrap();
                assert!(ended.is_none(), "weir serve ended: {ended:?}\n{}", serving.log());
                answers(address).then_some(())
            });
        }
        serving
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGKILL: no last word.
    ///
    /// # Panics
    /// Where it is gone already.
    pub fn kill(mut self) {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "weir serve ended before: {ended:?}\n{}", self.log());
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGINT, as Ctrl-C sends it. Answers the exit code.
    ///
    /// # Panics
    /// Where it does not end.
    pub fn interrupt(mut self) -> Option<i32> {
        interrupt(&self.child);
        let ended =
            wait_until_in_thread("weir serve to stop", PROCESS_PATIENCE, || self.child.try_wait().unwrap());
        ended.code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// SIGINT, as Ctrl-C sends it.
///
/// # Panics
/// Where it cannot be sent.
pub fn interrupt(child: &Child) {
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Whether a node answers at `http://host:port`; of one at `https://host:port`, whether it listens.
fn answers(address: &str) -> bool {
    use std::io::{Read as _, Write as _};
    if let Some(host) = address.strip_prefix("https://") {
        return std::net::TcpStream::connect(host).is_ok();
    }
    let host = address.trim_start_matches("http://");
    let Ok(mut stream) = std::net::TcpStream::connect(host) else { return false };
    let asked = format!("GET /weir/v1/time HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    stream.write_all(asked.as_bytes()).is_ok()
        && stream.read_to_string(&mut answer).is_ok()
        && answer.starts_with("HTTP/1.1 200")
}

/// A port of loopback that is free now, outside the range from which the system takes ports for outgoing connections: a node that is
/// started again must find its own.
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(20_000..32_000);
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
