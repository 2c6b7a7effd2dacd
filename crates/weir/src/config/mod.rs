//! `weir.toml`: which nodes a process runs, and where the commands find them.
//!
//! Reading is strict: a key that is not known, a value that cannot be used and a combination that cannot work are refused with the
//! file, the line, the key and the way out. Paths are relative to the file. Secrets never stand in it: the store's password comes from
//! a file or the environment, the administrator's token from `admin.token` in the node's folder. `docs/CONFIGURATION.md` lists every key.

mod nearest;
mod place;
mod store;
mod text;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crypto::Suite;
use serde::{Deserialize, Serialize};

use self::place::Place;
use self::text::{FileText, distinct};
use crate::exit::Exit;
use crate::problem::{Failure, Result};

pub use self::nearest::nearest;
pub(crate) use self::store::percent_encoded;

/// The file's name where none is given.
pub const FILE_NAME: &str = "weir.toml";
/// The environment variable that names the configuration file.
pub const CONFIG_ENV: &str = "WEIR_CONFIG";
/// The environment variable that holds the store's password where the configuration names none.
pub const STORE_PASSWORD_ENV: &str = "WEIR_STORE_PASSWORD";
/// The administrator's token, in the node's folder.
pub const TOKEN_FILE: &str = "admin.token";
/// The pinned root certificate, in the node's folder.
pub const TRUST_FILE: &str = "trust.pem";
/// The embedded store, in the node's folder.
pub const STORE_FILE: &str = "weir.db";
/// The longest configuration file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 1 << 20;
/// The longest name of a node, in characters.
pub const NAME_CHARS_MAX: usize = 128;
/// What a sentence gets as the nearest word where none is near; the catalogues know it.
const NONE_NEAR: &str = "none";

/// What a node is for (NDI-TR-2025-02, clause 3), as the configuration writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// 全域功能节点: the root of trust.
    Global,
    /// 区域功能节点.
    Region,
    /// 行业功能节点.
    Industry,
    /// 业务节点.
    Service,
    /// Hosts the connectors (接入连接器) of one or many organisations.
    Connector,
}

impl Role {
    /// The word in the configuration and on the wire.
    pub fn as_str(self) -> &'static str {
        app::config::Role::from(self).as_str()
    }

    /// Whether the node enrols with a code at its first start; connectors join one by one, and the global node is the root.
    pub fn enrols(self) -> bool {
        matches!(self, Role::Region | Role::Industry | Role::Service)
    }
}

impl From<Role> for app::config::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Global => Self::Global,
            Role::Region => Self::Region,
            Role::Industry => Self::Industry,
            Role::Service => Self::Service,
            Role::Connector => Self::Host,
        }
    }
}

/// A text that must not be shown. `Debug` hides it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Where a node's store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `sqlite:<absolute path>` or `postgres://…` without a password.
    pub url: String,
    /// Where the password of a server comes from.
    pub password: PasswordSource,
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordSource {
    /// The first line of a file.
    File(PathBuf),
    /// An environment variable.
    Env(String),
}

/// Certificate, key and roots of a node that listens with TLS; absolute paths of PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate chain, leaf first.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The roots that peers' certificates must lead to.
    pub roots: Option<PathBuf>,
}

/// What differs from the default limits (`app::config::Limits`); absent means the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSettings {
    /// How far a message's time may stand from ours, in milliseconds.
    pub clock_skew_ms: Option<u32>,
    /// How long an enrolment code is good, in milliseconds.
    pub enrolment_ms: Option<u32>,
    /// How long answers are kept for repeats, in milliseconds.
    pub inbox_ms: Option<u32>,
    /// How long a usage window stays open after its first closed use, in milliseconds.
    pub window_ms: Option<u32>,
    /// At how many uses a window closes at once.
    pub window_uses_max: Option<u32>,
    /// After how many windows without a counter-signature new uses stop.
    pub unsigned_windows_max: Option<u32>,
    /// After how long without a request an open use closes as incomplete, in milliseconds.
    pub use_idle_ms: Option<u32>,
    /// How often a held feed says that it is alive, in milliseconds.
    pub heartbeat_ms: Option<u32>,
    /// How long a message is tried before it becomes a dead letter, in milliseconds.
    pub send_age_max_ms: Option<u32>,
    /// The longest pause between two tries, in milliseconds.
    pub send_backoff_max_ms: Option<u32>,
    /// How long dead letters are kept, in milliseconds.
    pub dead_letters_ms: Option<u32>,
    /// How many dead letters are kept.
    pub dead_letters_max: Option<u32>,
    /// How many messages are under way at once.
    pub sends_in_flight_max: Option<u32>,
    /// How many leaves one checkpoint takes in.
    pub sequence_batch_max: Option<u32>,
    /// How many entries one feed frame carries.
    pub feed_frame_entries_max: Option<u32>,
    /// The largest page of a list or a search.
    pub page_max: Option<u32>,
}

/// One node as configured, with every path absolute and every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSettings {
    /// The name that others see, and that `--node` takes.
    pub name: String,
    /// What the node is for.
    pub role: Role,
    /// The base address under which others reach the node, without a slash at its end.
    pub address: String,
    /// Where the process listens.
    pub listen: SocketAddr,
    /// The suite of the keys that the node makes.
    pub suite: Suite,
    /// Keys, token, pinned trust and embedded store.
    pub folder: PathBuf,
    /// The store.
    pub store: StoreSettings,
    /// Whether peers may be at loopback, private and link-local addresses.
    pub allow_private: bool,
    /// The enrolment code for the first start (regions, industries, service nodes).
    pub code: Option<Secret>,
    /// The subject code of the operator (global node).
    pub subject: Option<String>,
    /// The area code of the node (global node).
    pub area: Option<String>,
    /// TLS, where the process itself ends it.
    pub tls: Option<TlsSettings>,
    /// What differs from the default limits.
    pub limits: LimitSettings,
}

impl NodeSettings {
    /// The file with the administrator's token.
    pub fn token_file(&self) -> PathBuf {
        self.folder.join(TOKEN_FILE)
    }

    /// The file with the pinned root certificate, written when the node joins.
    pub fn trust_file(&self) -> PathBuf {
        self.folder.join(TRUST_FILE)
    }

    /// The administrator's token.
    ///
    /// # Errors
    /// [`Exit::Unauthorised`] when the file is not there, not readable by this user, or empty.
    pub fn token(&self) -> Result<Secret> {
        let path = self.token_file();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Failure::file(Exit::Unauthorised, token_key(&error), &path, error))?;
        match text.trim() {
            "" => Err(Failure::new(Exit::Unauthorised, "token-empty").with("path", path.display())),
            token => Ok(Secret::new(token)),
        }
    }

    /// The base address that commands on this machine use: the listening socket, or the public address where TLS needs its name.
    pub fn local_address(&self) -> String {
        if self.tls.is_some() {
            return self.address.clone();
        }
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.listen.port()))
    }
}

fn token_key(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::NotFound => "token-missing",
        _ => "token-unreadable",
    }
}

/// A configuration file, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where it stands, absolute.
    pub path: PathBuf,
    /// Its nodes, in the file's order; at least one.
    pub nodes: Vec<NodeSettings>,
}

impl Config {
    /// Reads the configuration file at `path`.
    ///
    /// # Errors
    /// [`Exit::Usage`], with file, line and key where the fault has them.
    pub fn load(path: &Path) -> Result<Config> {
        let path = std::path::absolute(path)
            .map_err(|error| Failure::file(Exit::Usage, "config-unreadable", path, error))?;
        let unreadable = |error: std::io::Error| {
            let key = match error.kind() {
                std::io::ErrorKind::NotFound => "config-missing",
                _ => "config-unreadable",
            };
            Failure::file(Exit::Usage, key, &path, error)
        };
        let bytes = std::fs::metadata(&path).map_err(unreadable)?.len();
        if bytes > FILE_BYTES_MAX {
            return Err(Failure::new(Exit::Usage, "config-too-large")
                .with("path", path.display())
                .with("limit", FILE_BYTES_MAX));
        }
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        Config::parse(&path, &text)
    }

    /// Reads a configuration from its text; `path` is where it stands, for messages and relative paths.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Config> {
        let place = Place { path, text };
        let file: FileText = toml::from_str(text).map_err(|error| place.toml(&error))?;
        if file.node.is_empty() {
            return Err(Failure::new(Exit::Usage, "config-no-node").with("path", path.display()));
        }
        let base = path.parent().unwrap_or(Path::new("."));
        let nodes = file.node.iter().map(|node| node.resolve(&place, base)).collect::<Result<Vec<_>>>()?;
        distinct(&place, &file.node, &nodes)?;
        Ok(Config { path: path.to_path_buf(), nodes })
    }

    /// The node named `name`, or the only one.
    ///
    /// # Errors
    /// [`Exit::Usage`] when there are several and none is named, or none has the name.
    pub fn node(&self, name: Option<&str>) -> Result<&NodeSettings> {
        let names = || self.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>();
        match (name, self.nodes.as_slice()) {
            (Some(name), nodes) => nodes.iter().find(|node| node.name == name).ok_or_else(|| {
                Failure::new(Exit::Usage, "config-unknown-node")
                    .with("name", name)
                    .with("path", self.path.display())
                    .with("nearest", nearest(name, &names()).unwrap_or(NONE_NEAR))
                    .with("names", names().join(", "))
            }),
            (None, [only]) => Ok(only),
            (None, _) => Err(Failure::new(Exit::Usage, "config-several-nodes")
                .with("path", self.path.display())
                .with("names", names().join(", "))),
        }
    }
}

/// The folder of a node named `name`: letters and digits of any script, `-` and `_`; everything else becomes `-`.
pub fn folder_name(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let plain: String = name.trim().chars().map(kept).collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "node".to_owned() } else { plain.to_lowercase() }
}

#[cfg(test)]
mod tests;
