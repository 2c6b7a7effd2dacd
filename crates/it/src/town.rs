//! A network of real processes, one configuration file each, made with the command line alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::manage::Manage;
use crate::network::credit_code;
use crate::process::{self, Serving, free_port};
use crate::wait::wait_until_in_thread;

/// How long a node may take to join.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);
/// Pauses and windows for tests.
const LIMITS: &str = "\n[node.limits]\nsend_backoff_max_ms = 200\nwindow_ms = 50\n";

/// The processes and their folders.
pub struct Town {
    folder: TempDir,
    addresses: BTreeMap<String, Vec<String>>,
    running: BTreeMap<String, Serving>,
    organisations: u32,
}

impl Default for Town {
    fn default() -> Self {
        Self::new()
    }
}

impl Town {
    /// Nothing yet but a folder.
    pub fn new() -> Town {
        let (addresses, running) = (BTreeMap::new(), BTreeMap::new());
        Town { folder: tempfile::tempdir().unwrap(), addresses, running, organisations: 0 }
    }

    /// Global node, regions 1100 and 3100, a service node beside the providers' host, and the users' host: five processes.
    pub fn found() -> Town {
        let mut town = Town::new();
        let operator = town.new_subject();
        town.init("global", "global", "global", &["--suite", "sm", "--subject", &operator, "--area", "1100"]);
        town.serve("global");
        for (region, suite) in [("1100", "sm"), ("3100", "intl")] {
            let (name, subject) = (format!("region-{region}"), town.new_subject());
            let registered = town.json(
                "global",
                &["org", "register", &subject, "--name", &name, "--runs", "region", "--area", region],
            );
            let code = registered["code"].as_str().unwrap().to_owned();
            town.init(&name, &name, "region", &["--suite", suite, "--code", &code]);
            town.serve(&name);
            town.joined(&name, &name);
        }
        let subject = town.new_subject();
        let registered = town
            .json("region-1100", &["org", "register", &subject, "--name", "Data space", "--runs", "service"]);
        let code = registered["code"].as_str().unwrap().to_owned();
        town.init("market", "space", "service", &["--suite", "sm", "--code", &code]);
        town.init("market", "providers", "connector", &["--suite", "sm", "--add"]);
        town.serve("market");
        town.joined("market", "space");
        town.init("users", "users", "connector", &["--suite", "intl"]);
        town.serve("users");
        town
    }

    /// A credit code that nobody has yet.
    pub fn new_subject(&mut self) -> String {
        self.organisations += 1;
        credit_code(self.organisations)
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of a process, made where it is missing.
    ///
    /// # Panics
    /// Where it cannot be made.
    pub fn home(&self, process: &str) -> PathBuf {
        let home = self.folder.path().join(process);
        std::fs::create_dir_all(&home).unwrap();
        home
    }

    /// A process's configuration file.
    pub fn config(&self, process: &str) -> PathBuf {
        self.home(process).join("weir.toml")
    }

    /// `weir init` of a node in a process's configuration, on a free port.
    ///
    /// # Panics
    /// Where it fails.
    pub fn init(&mut self, process: &str, name: &str, role: &str, more: &[&str]) {
        let (home, listen) = (self.home(process), format!("127.0.0.1:{}", free_port()));
        let dir = home.to_str().unwrap();
        let args =
            [&["init", "--role", role, "--name", name, "--listen", &listen, "--dir", dir], more].concat();
        process::run_ok(&home, None, &args);
        let config = self.config(process);
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text + LIMITS).unwrap();
        self.addresses.entry(process.to_owned()).or_default().push(format!("http://{listen}"));
    }

    /// Starts a process, and waits until all its nodes answer.
    pub fn serve(&mut self, process: &str) {
        let serving = Serving::start(&self.home(process), &self.config(process), &self.addresses[process]);
        self.running.insert(process.to_owned(), serving);
    }

    /// The addresses of a process's nodes, in the order of their `init`.
    pub fn addresses(&self, process: &str) -> &[String] {
        &self.addresses[process]
    }

    /// Takes a running process out, to be killed or interrupted.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn take(&mut self, process: &str) -> Serving {
        self.running.remove(process).unwrap()
    }

    /// Waits until a node has its identity. Answers it.
    ///
    /// # Panics
    /// Where it does not get it in time.
    pub fn joined(&self, process: &str, node: &str) -> String {
        wait_until_in_thread(&format!("{node} to join"), JOIN_PATIENCE, || {
            let status = self.json(process, &["status", "--node", node]);
            status["id"].as_str().map(str::to_owned)
        })
    }

    /// What a command of a process's operator prints.
    pub fn weir(&self, process: &str, args: &[&str]) -> String {
        process::run_ok(&self.home(process), Some(&self.config(process)), args)
    }

    /// The same as JSON.
    pub fn json(&self, process: &str, args: &[&str]) -> Value {
        process::run_json(&self.home(process), Some(&self.config(process)), args)
    }

    /// A command that must fail: its exit code and what it says on standard error.
    ///
    /// # Panics
    /// Where it succeeds.
    pub fn fails(&self, process: &str, args: &[&str]) -> (i32, String) {
        let output = process::run(&self.home(process), Some(&self.config(process)), args);
        assert!(!output.status.success(), "weir {}\n{}", args.join(" "), process::text(&output));
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Waits until a command prints JSON that is as it should be.
    pub fn until(&self, process: &str, args: &[&str], is: impl Fn(&Value) -> bool) -> Value {
        wait_until_in_thread(&format!("weir {}", args.join(" ")), JOIN_PATIENCE, || {
            let output =
                process::run(&self.home(process), Some(&self.config(process)), &[args, &["--json"]].concat());
            let value = serde_json::from_slice(&output.stdout).ok()?;
            is(&value).then_some(value)
        })
    }

    /// A client of the management API of a process's node, by its place in the configuration.
    ///
    /// # Panics
    /// Where its token cannot be read.
    pub fn manage(&self, process: &str, node: &str, place: usize, acting: &str) -> Manage {
        let token = std::fs::read_to_string(self.home(process).join(node).join("admin.token")).unwrap();
        Manage::new(&self.addresses[process][place], token.trim(), Some(acting.to_owned()))
    }
}
