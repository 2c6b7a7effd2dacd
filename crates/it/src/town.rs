//! A network of real processes, one configuration file each, made with the command line alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crypto::cert::Roots;
use serde_json::Value;
use tempfile::TempDir;

use crate::manage::Manage;
use crate::network::credit_code;
use crate::process::{self, Serving, free_port};
use crate::tls::TlsFiles;
use crate::wait::wait_until_in_thread;

/// How long a node may take to join.
const JOIN_PATIENCE: Duration = Duration::from_secs(30);
/// Pauses and windows for tests; and nobody is given up while it is killed and started again.
const LIMITS: &str = "\n[node.limits]\nsend_backoff_max_ms = 200\nwindow_ms = 50\n";

/// A node of a town, and the process that runs it.
#[derive(Debug, Clone, Copy)]
pub struct Plot {
    /// The process.
    pub process: &'static str,
    /// The node's name.
    pub node: &'static str,
    /// Its role, as the configuration writes it.
    pub role: &'static str,
    /// Its suite.
    pub suite: &'static str,
    /// Its area; of the global node and of regions.
    pub area: &'static str,
    /// The node that it joins: its process and its name have one word in every town.
    pub upstream: &'static str,
}

/// A global node, regions 1100 and 3100, a service node beside the providers' host, and the users' host: five processes.
pub const FIVE: [Plot; 6] = [
    Plot { process: "global", node: "global", role: "global", suite: "sm", area: "1100", upstream: "" },
    Plot {
        process: "region-1100",
        node: "region-1100",
        role: "region",
        suite: "sm",
        area: "1100",
        upstream: "global",
    },
    Plot {
        process: "region-3100",
        node: "region-3100",
        role: "region",
        suite: "intl",
        area: "3100",
        upstream: "global",
    },
    Plot {
        process: "market",
        node: "space",
        role: "service",
        suite: "sm",
        area: "1100",
        upstream: "region-1100",
    },
    Plot { process: "market", node: "providers", role: "connector", suite: "sm", area: "1100", upstream: "" },
    Plot { process: "users", node: "users", role: "connector", suite: "intl", area: "3100", upstream: "" },
];

/// The same with a process for each node.
pub fn apart() -> [Plot; 6] {
    FIVE.map(|plot| Plot { process: plot.node, ..plot })
}

/// The processes and their folders.
pub struct Town {
    folder: TempDir,
    addresses: BTreeMap<String, Vec<String>>,
    address_of: BTreeMap<String, String>,
    running: BTreeMap<String, Serving>,
    organisations: u32,
    tls: Option<TlsFiles>,
}

impl Default for Town {
    fn default() -> Self {
        Self::new()
    }
}

impl Town {
    /// Nothing yet but a folder.
    pub fn new() -> Town {
        Town {
            folder: tempfile::tempdir().unwrap(),
            addresses: BTreeMap::new(),
            address_of: BTreeMap::new(),
            running: BTreeMap::new(),
            organisations: 0,
            tls: None,
        }
    }

    /// Nothing yet but a folder and certificates: every node will listen with TLS.
    pub fn new_with_tls() -> Town {
        let mut town = Town::new();
        town.tls = Some(TlsFiles::make(town.folder(), "tls"));
        town
    }

    /// The [`FIVE`] processes.
    pub fn found() -> Town {
        Town::found_with(&FIVE, |_| Vec::new())
    }

    /// These nodes, each with what `init` is told beside; all that join have joined.
    pub fn found_with(plots: &[Plot], mut more: impl FnMut(&Plot) -> Vec<String>) -> Town {
        Town::new().with(plots, &mut more)
    }

    /// With these nodes.
    #[must_use]
    pub fn with(mut self, plots: &[Plot], more: &mut dyn FnMut(&Plot) -> Vec<String>) -> Town {
        for (place, plot) in plots.iter().enumerate() {
            let more = more(plot);
            self.prepare(plot, &more.iter().map(String::as_str).collect::<Vec<_>>());
            if plots[place + 1..].iter().any(|later| later.process == plot.process) {
                continue;
            }
            self.serve(plot.process);
            for joining in plots.iter().filter(|it| it.process == plot.process && !it.upstream.is_empty()) {
                self.joined(joining.process, joining.node);
            }
        }
        self
    }

    /// Makes a node: registers its operator at its upstream, where it has one, and writes its configuration.
    pub fn prepare(&mut self, plot: &Plot, more: &[&str]) {
        let subject = self.new_subject();
        let code = (!plot.upstream.is_empty()).then(|| {
            let args = ["org", "register", &subject, "--name", plot.node, "--runs", plot.role];
            let area: &[&str] = if plot.role == "region" { &["--area", plot.area] } else { &[] };
            let registered = self.json(plot.upstream, &[&args, area].concat());
            registered["code"].as_str().unwrap().to_owned()
        });
        let mut args = vec!["--suite", plot.suite];
        match &code {
            Some(code) => args.extend(["--code", code]),
            None if plot.role == "global" => args.extend(["--subject", &subject, "--area", plot.area]),
            None => {}
        }
        if self.config(plot.process).exists() {
            args.push("--add");
        }
        self.init(plot.process, plot.node, plot.role, &[&args, more].concat());
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
        let (scheme, tls) = match &self.tls {
            Some(files) => ("https", files.table()),
            None => ("http", String::new()),
        };
        let address = format!("{scheme}://{listen}");
        let mut args = vec!["init", "--role", role, "--name", name, "--listen", &listen, "--dir", dir];
        if !more.contains(&"--address") {
            args.extend(["--address", &address]);
        }
        process::run_ok(&home, None, &[&args, more].concat());
        let config = self.config(process);
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text + &tls + LIMITS).unwrap();
        self.address_of.insert(name.to_owned(), address.clone());
        self.addresses.entry(process.to_owned()).or_default().push(address);
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

    /// A client of the management API of a process's node; as one of its connectors, where it hosts some.
    ///
    /// # Panics
    /// Where its token cannot be read.
    pub fn manage(&self, process: &str, node: &str, acting: Option<&str>) -> Manage {
        let token = std::fs::read_to_string(self.home(process).join(node).join("admin.token")).unwrap();
        let roots = self.tls.as_ref().map(TlsFiles::roots);
        Manage::trusting(roots, &self.address_of[node], token.trim(), acting.map(str::to_owned))
    }

    /// The root that a process's node pinned.
    ///
    /// # Panics
    /// Where it pinned none.
    pub fn roots(&self, process: &str, node: &str) -> Roots {
        let trust = self.home(process).join(node).join("trust.pem");
        Roots::from_pem(&std::fs::read_to_string(trust).unwrap()).unwrap()
    }

    /// Holds that a process's node gave no message up, and that none of its checks fails. Answers its status.
    ///
    /// # Panics
    /// With what is wrong.
    pub fn is_well(&self, process: &str, node: &str) -> Value {
        let status = self.json(process, &["status", "--node", node]);
        assert_eq!(
            (status["name"].as_str(), status["outbox"]["dead"].as_u64()),
            (Some(node), Some(0)),
            "{status:#}"
        );
        let doctor = self.json(process, &["doctor", "--node", node]);
        let checks = doctor["checks"].as_array().unwrap();
        let failed: Vec<&Value> = checks.iter().filter(|it| it["result"] == "failed").collect();
        assert!(!checks.is_empty() && failed.is_empty(), "{node}: {failed:#?}");
        status
    }

    /// Registers an organisation at a region, and lets it join the only host of a process. Answers the connector's identifier.
    ///
    /// # Panics
    /// Where region or host refuse.
    pub fn join(&mut self, region: &str, process: &str, host: &str) -> String {
        let subject = self.new_subject();
        let enrolment = self.json(region, &["org", "register", &subject, "--name", "Station"]);
        let code = enrolment["code"].as_str().unwrap();
        let joined = self.json(process, &["connector", "join", code, "--node", host]);
        joined["connector"].as_str().unwrap().to_owned()
    }
}
