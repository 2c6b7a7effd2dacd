//! The demo's network: seven nodes in this process, each with its own store, keys and port on loopback, talking real HTTP.
//!
//! Ports and the seed are kept in `demo.json`, the nodes in an ordinary `weir.toml`, so that every command of the command line works on the
//! running demo, and a later demo on the same folder finds the same network.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crypto::Suite;
use search::Dictionary;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::client::Client;
use crate::config::{LimitSettings, NodeSettings, PasswordSource, Role, STORE_PASSWORD_ENV, StoreSettings};
use crate::exit::Exit;
use crate::files::name_of;
use crate::private;
use crate::problem::{Failure, Result};
use crate::running::{self, Running};

/// One node of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The name in `weir.toml`.
    pub name: &'static str,
    /// Its role.
    pub role: Role,
    /// The area that it serves or joins.
    pub area: &'static str,
    /// The suite of its keys: SM2 in 1100, ES256 in 3100.
    pub suite: Suite,
    /// Body of the credit code of the organisation that runs it (the check digit is computed).
    pub subject: &'static str,
}

impl Plan {
    /// Whether it is a region's or an industry's function node.
    pub fn serves_an_area(&self) -> bool {
        matches!(self.role, Role::Region | Role::Industry)
    }

    /// Whether it hosts connectors, and has no identity of its own.
    pub fn hosts_connectors(&self) -> bool {
        self.role == Role::Connector
    }
}

/// The nodes in the order in which they join.
pub const PLANS: [Plan; 7] = [
    Plan { name: "global", role: Role::Global, area: "1100", suite: Suite::Sm, subject: "12100000MB0DEM001" },
    Plan {
        name: "region-1100",
        role: Role::Region,
        area: "1100",
        suite: Suite::Sm,
        subject: "12110000MB0DEM002",
    },
    Plan {
        name: "region-3100",
        role: Role::Region,
        area: "3100",
        suite: Suite::Intl,
        subject: "12310000MB0DEM003",
    },
    Plan {
        name: "industry-0077",
        role: Role::Industry,
        area: "0077",
        suite: Suite::Sm,
        subject: "12100000MB0DEM004",
    },
    Plan {
        name: "space-1100",
        role: Role::Service,
        area: "1100",
        suite: Suite::Sm,
        subject: "91110000MA0DEM005",
    },
    Plan {
        name: "providers-1100",
        role: Role::Connector,
        area: "1100",
        suite: Suite::Sm,
        subject: "91110000MA0DEM006",
    },
    Plan {
        name: "user-3100",
        role: Role::Connector,
        area: "3100",
        suite: Suite::Intl,
        subject: "91310000MA0DEM007",
    },
];

/// What a demo's folder remembers.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct State {
    /// The port of each node, in the order of [`PLANS`].
    pub ports: Vec<u16>,
    /// The folder with the data.
    pub data: PathBuf,
    /// Whether the data was generated, and from which seed.
    pub seed: Option<u64>,
    /// The names of the files that became providers, in the order in which they did: a provider keeps its number, whatever comes and
    /// goes beside its file.
    #[serde(default)]
    providers: Vec<String>,
}

impl State {
    /// The state of a new network over a folder of data.
    pub fn new(data: PathBuf, seed: Option<u64>) -> State {
        State { ports: Vec::new(), data, seed, providers: Vec::new() }
    }

    /// Gives every file that has none yet a provider of its own.
    pub fn provide<'f>(&mut self, files: impl IntoIterator<Item = &'f Path>) {
        for name in files.into_iter().map(name_of) {
            if !self.providers.contains(&name) {
                self.providers.push(name);
            }
        }
    }

    /// The credit code of a file's provider.
    pub fn provider_of(&self, file: &Path) -> String {
        let name = name_of(file);
        let place = self.providers.iter().position(|known| *known == name).unwrap_or(self.providers.len());
        credit_code(&format!("12110000MB0P{:05}", place + 1))
    }

    /// Where the state stands in a demo's folder.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("demo.json")
    }

    /// What the folder remembers, if it is a demo's.
    ///
    /// # Errors
    /// [`Exit::Failure`] where the file is there and cannot be read.
    pub fn load(folder: &Path) -> Result<Option<State>> {
        let path = State::path(folder);
        match std::fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| {
                Failure::new(Exit::Failure, "demo-state-unreadable")
                    .with("path", path.display())
                    .because(error)
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(Exit::Failure, "file-unreadable", &path, error)),
        }
    }

    /// The same, where it is about the data that was asked for: a kept demo goes on with its own.
    ///
    /// # Errors
    /// [`Exit::Usage`] for another folder.
    pub fn for_data(self, data: Option<&Path>) -> Result<State> {
        let wanted = data.map(|data| std::path::absolute(data).unwrap_or_else(|_| data.to_owned()));
        match wanted {
            Some(wanted) if wanted != self.data => Err(Failure::new(Exit::Usage, "demo-other-data")
                .with("kept", self.data.display())
                .with("wanted", wanted.display())),
            _ => Ok(self),
        }
    }

    /// Remembers it.
    ///
    /// # Errors
    /// [`Exit::Failure`] where the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = State::path(folder);
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        app::keys::write_private(&path, text.as_bytes()).map_err(|error| Failure::unwritable(&path, error))
    }
}

/// The running network.
pub struct Network {
    nodes: Vec<Running>,
    /// Clients of the nodes' management APIs, in the same order.
    clients: Vec<Client>,
    /// Where `weir.toml` stands.
    pub config: PathBuf,
}

impl Network {
    /// Binds all ports, opens all nodes, and serves them; the page stands on the first node's address.
    ///
    /// # Errors
    /// [`Exit::Failure`] where a port is taken or a store cannot be opened.
    pub async fn start(folder: &Path, state: &mut State, page_port: u16) -> Result<Network> {
        let mut listeners = Vec::new();
        for index in 0..PLANS.len() {
            let kept = state.ports.get(index).copied();
            let wanted = if index == 0 { Some(kept.unwrap_or(page_port)) } else { kept };
            // A kept network's addresses are known to all its nodes: another port would be another network.
            let taken = if kept.is_some() { "demo-kept-port-taken" } else { "demo-port-taken" };
            listeners.push(bind(wanted, taken).await?);
        }
        let ports: std::io::Result<Vec<u16>> =
            listeners.iter().map(|listener| listener.local_addr().map(|address| address.port())).collect();
        state.ports = ports.map_err(|error| Failure::unwritable(folder, error))?;
        let settings: Vec<NodeSettings> =
            PLANS.iter().zip(&state.ports).map(|(plan, port)| settings_of(folder, plan, *port)).collect();
        // The state first: it says whose folder this is.
        state.save(folder)?;
        let config = write_config(folder, &settings)?;
        let nodes = serve(settings, listeners).await?;
        let clients: Result<Vec<Client>> =
            nodes.iter().map(|running| Client::new(&running.settings, None)).collect();
        Ok(Network { clients: clients?, nodes, config })
    }

    /// A client of the management API of a node, acting for one of its connectors.
    ///
    /// # Errors
    /// [`Exit::NotFound`] for a name that no node has.
    pub fn client(&self, name: &str, acting: Option<String>) -> Result<Client> {
        let found = self.nodes.iter().zip(&self.clients).find(|(running, _)| running.settings.name == name);
        let (_, client) =
            found.ok_or_else(|| Failure::new(Exit::NotFound, "node-unknown").with("node", name))?;
        Ok(client.acting_as(acting))
    }

    /// A running node by its name in [`PLANS`].
    ///
    /// # Errors
    /// [`Exit::NotFound`] for another name.
    pub fn running(&self, name: &str) -> Result<&Running> {
        let found = self.nodes.iter().find(|running| running.settings.name == name);
        found.ok_or_else(|| Failure::new(Exit::NotFound, "node-unknown").with("node", name))
    }

    /// Every running node.
    pub fn nodes(&self) -> &[Running] {
        &self.nodes
    }

    /// The address of the page.
    pub fn page(&self) -> String {
        self.nodes.first().map(|node| node.settings.address.clone()).unwrap_or_default()
    }

    /// Stops all nodes, those first that others follow least.
    pub async fn stop(self) {
        for running in self.nodes.into_iter().rev() {
            running.stop().await;
        }
    }
}

async fn bind(port: Option<u16>, taken: &'static str) -> Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(Exit::Failure, taken).with("port", address.port()).with("reason", &error).because(error)
    })
}

async fn serve(settings: Vec<NodeSettings>, listeners: Vec<TcpListener>) -> Result<Vec<Running>> {
    let dictionary = Dictionary::new();
    let mut opened = Vec::new();
    for one in &settings {
        opened.push(running::open(one, &dictionary).await?);
    }
    let page = console::router(opened.iter().map(|opened| opened.node.clone()).collect());
    let mut page = Some(page);
    let mut nodes = Vec::new();
    for ((opened, settings), listener) in opened.into_iter().zip(settings).zip(listeners) {
        let server = running::bind(&settings, Some(listener), page.take()).await?;
        nodes.push(Running::start(opened, settings, server));
    }
    Ok(nodes)
}

fn settings_of(folder: &Path, plan: &Plan, port: u16) -> NodeSettings {
    let own = folder.join(plan.name);
    NodeSettings {
        name: plan.name.to_owned(),
        role: plan.role,
        address: format!("http://127.0.0.1:{port}"),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        suite: plan.suite,
        store: StoreSettings {
            url: format!("sqlite:{}", own.join("weir.db").display()),
            password: PasswordSource::Env(STORE_PASSWORD_ENV.to_owned()),
        },
        folder: own,
        allow_private: true,
        code: None,
        subject: (plan.role == Role::Global).then(|| credit_code(plan.subject)),
        area: (plan.role == Role::Global).then(|| plan.area.to_owned()),
        tls: None,
        limits: LimitSettings::default(),
    }
}

/// A credit code (GB 32100) from its first 17 characters.
pub fn credit_code(body: &str) -> String {
    // The demo's own beginnings are good (a test holds them to it); of a bad one the region would refuse the empty code.
    domain::id::SubjectCode::with_check(body).map(|code| code.to_string()).unwrap_or_default()
}

/// Writes folders, tokens and `weir.toml`, so that every command works on the demo's nodes.
fn write_config(folder: &Path, settings: &[NodeSettings]) -> Result<PathBuf> {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# The nodes of a demonstration network: made by `weir demo`, and good for every other command of weir.\n",
    );
    for node in settings {
        write_token(node)?;
        let suite = node.suite.as_str();
        let _ = write!(
            text,
            "\n[[node]]\nname = \"{}\"\nrole = \"{}\"\naddress = \"{}\"\nlisten = \"{}\"\nsuite = \"{suite}\"\nfolder = \"{}\"\nallow_private = true\n",
            node.name,
            node.role.as_str(),
            node.address,
            node.listen,
            node.name
        );
        if let (Some(subject), Some(area)) = (&node.subject, &node.area) {
            let _ = write!(text, "subject = \"{subject}\"\narea = \"{area}\"\n");
        }
    }
    let path = folder.join(crate::config::FILE_NAME);
    std::fs::write(&path, text).map_err(|error| Failure::unwritable(&path, error))?;
    Ok(path)
}

/// The administrator's token of a node, made once.
fn write_token(node: &NodeSettings) -> Result<()> {
    let path = node.token_file();
    let full = |error| Failure::unwritable(&path, error);
    std::fs::create_dir_all(&node.folder).map_err(full)?;
    if path.exists() {
        return Ok(());
    }
    app::keys::write_private(&path, private::new_token()?.as_bytes()).map_err(full)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_organisation_of_the_demo_has_a_good_credit_code() {
        for plan in PLANS {
            assert!(domain::id::SubjectCode::uscc(&credit_code(plan.subject)).is_ok(), "{}", plan.name);
        }
    }

    #[test]
    fn the_state_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), None);
        let mut state = State::new(PathBuf::from("/data"), Some(7));
        state.ports = vec![1, 2];
        state.provide([Path::new("/data/a.csv")]);
        state.save(folder.path()).unwrap();
        assert_eq!(State::load(folder.path()).unwrap(), Some(state));
    }

    #[test]
    fn a_kept_demo_goes_on_with_its_own_data() {
        let state = State::new(PathBuf::from("/data"), None);
        assert!(state.clone().for_data(None).is_ok());
        assert!(state.clone().for_data(Some(Path::new("/data"))).is_ok());
        assert_eq!(state.for_data(Some(Path::new("/other"))).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_provider_keeps_its_number_whatever_comes_and_goes() {
        let [a, b, c] = ["/data/a.csv", "/data/b.csv", "/data/c.csv"].map(Path::new);
        let mut state = State::new(PathBuf::from("/data"), None);
        state.provide([b, c]);
        let (of_b, of_c) = (state.provider_of(b), state.provider_of(c));
        state.provide([a, c]);
        assert_eq!((state.provider_of(b), state.provider_of(c)), (of_b.clone(), of_c.clone()));
        assert!(![of_b, of_c].contains(&state.provider_of(a)));
        assert!(domain::id::SubjectCode::uscc(&state.provider_of(a)).is_ok());
    }

    #[test]
    fn the_config_that_is_written_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let settings: Vec<NodeSettings> = PLANS
            .iter()
            .zip(1u16..)
            .map(|(plan, port)| settings_of(folder.path(), plan, 20_000 + port))
            .collect();
        let path = write_config(folder.path(), &settings).unwrap();
        let read = crate::config::Config::load(&path).unwrap();
        assert_eq!(read.nodes, settings);
    }
}
