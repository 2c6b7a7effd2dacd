//! `weir.toml`: which nodes a process runs, and where the commands find them.
//!
//! Reading is strict: a key that is not known, a value that cannot be used and a combination that cannot work are refused with the
//! file, the line, the key and the way out. Paths are relative to the file. Secrets never stand in it: the store's password comes from
//! a file or the environment, the administrator's token from `admin.token` in the node's folder. `docs/CONFIGURATION.md` lists every key.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crypto::Suite;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::exit::Exit;
use crate::problem::{Failure, Result};

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
        match self {
            Role::Global => "global",
            Role::Region => "region",
            Role::Industry => "industry",
            Role::Service => "service",
            Role::Connector => "connector",
        }
    }

    /// Whether the node enrols with a code at its first start; connectors join one by one, and the global node is the root.
    pub fn enrols(self) -> bool {
        matches!(self, Role::Region | Role::Industry | Role::Service)
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
    /// How many times a message is tried before it becomes a dead letter.
    pub send_attempts_max: Option<u32>,
    /// The longest pause between two tries, in milliseconds.
    pub send_backoff_max_ms: Option<u32>,
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

impl StoreSettings {
    /// The address with its password, for the store alone.
    ///
    /// # Errors
    /// [`Exit::Usage`] when the password's file cannot be read.
    pub fn connect_url(&self, env: impl Fn(&str) -> Option<String>) -> Result<Secret> {
        if !self.url.starts_with("postgres") {
            return Ok(Secret::new(&self.url));
        }
        let password = match &self.password {
            PasswordSource::Env(name) => env(name),
            PasswordSource::File(path) => Some(first_line(path)?),
        };
        Ok(Secret::new(match password {
            Some(password) => with_password(&self.url, &password),
            None => self.url.clone(),
        }))
    }
}

fn first_line(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::file(Exit::Usage, "config-password-file", path, error))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// `postgres://user@host/db` with the password behind the user, percent-encoded.
fn with_password(url: &str, password: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let (user, host) = authority.rsplit_once('@').unwrap_or(("weir", authority));
    format!("{scheme}://{user}:{}@{host}{path}", percent_encoded(password))
}

pub(crate) fn percent_encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
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

/// Names, sockets and folders must differ between the nodes of a file.
fn distinct(place: &Place<'_>, written: &[NodeText], nodes: &[NodeSettings]) -> Result<()> {
    let (mut names, mut sockets, mut folders) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (text, node) in written.iter().zip(nodes) {
        let line = text.name.span().start;
        let twice = |key: &str, value: String| place.value("config-twice", line, key).with("value", value);
        if !names.insert(&node.name) {
            return Err(twice("name", node.name.clone()));
        }
        if node.listen.port() != 0 && !sockets.insert(node.listen) {
            return Err(twice("listen", node.listen.to_string()));
        }
        if !folders.insert(&node.folder) {
            return Err(twice("folder", node.folder.display().to_string()));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    node: Vec<NodeText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NodeText {
    name: Spanned<String>,
    role: Spanned<Role>,
    listen: Spanned<String>,
    address: Option<Spanned<String>>,
    suite: Option<Suite>,
    folder: Option<PathBuf>,
    store: Option<Spanned<String>>,
    store_password_file: Option<PathBuf>,
    store_password_env: Option<String>,
    #[serde(default)]
    allow_private: bool,
    code: Option<Spanned<String>>,
    subject: Option<Spanned<String>>,
    area: Option<Spanned<String>>,
    tls: Option<TlsText>,
    #[serde(default)]
    limits: LimitSettings,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsText {
    cert: PathBuf,
    key: PathBuf,
    roots: Option<PathBuf>,
}

impl NodeText {
    fn resolve(&self, place: &Place<'_>, base: &Path) -> Result<NodeSettings> {
        let name = self.checked_name(place)?;
        let listen = self.checked_listen(place)?;
        self.check_role_keys(place)?;
        let folder = base.join(self.folder.clone().unwrap_or_else(|| folder_name(&name).into()));
        let tls = self.tls.as_ref().map(|tls| TlsSettings {
            cert: base.join(&tls.cert),
            key: base.join(&tls.key),
            roots: tls.roots.as_ref().map(|roots| base.join(roots)),
        });
        let text = |value: &Option<Spanned<String>>| value.as_ref().map(|value| value.get_ref().clone());
        Ok(NodeSettings {
            role: *self.role.get_ref(),
            address: self.checked_address(place, listen)?,
            listen,
            suite: self.suite.unwrap_or(Suite::Sm),
            store: self.checked_store(place, base, &folder)?,
            allow_private: self.allow_private,
            code: text(&self.code).map(Secret::new),
            subject: text(&self.subject),
            area: text(&self.area),
            limits: self.limits.clone(),
            name,
            folder,
            tls,
        })
    }

    fn checked_name(&self, place: &Place<'_>) -> Result<String> {
        let name = self.name.get_ref().trim();
        let refuse = |key| place.value(key, self.name.span().start, "name").with("limit", NAME_CHARS_MAX);
        if name.is_empty() {
            return Err(refuse("config-empty"));
        }
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(refuse("config-too-long"));
        }
        Ok(name.to_owned())
    }

    fn checked_listen(&self, place: &Place<'_>) -> Result<SocketAddr> {
        let (text, line) = (self.listen.get_ref(), self.listen.span().start);
        let listen: SocketAddr =
            text.parse().map_err(|_| place.value("config-listen", line, "listen").with("value", text))?;
        if self.tls.is_none() && !listen.ip().is_loopback() {
            return Err(place.value("config-plain", line, "listen").with("value", text));
        }
        Ok(listen)
    }

    /// Enrolment codes, subjects and areas belong to certain roles; elsewhere they would be ignored, so they are refused.
    fn check_role_keys(&self, place: &Place<'_>) -> Result<()> {
        let role = *self.role.get_ref();
        let keys = [
            ("code", &self.code, role.enrols(), false),
            ("subject", &self.subject, role == Role::Global, true),
            ("area", &self.area, role == Role::Global, true),
        ];
        for (key, value, belongs, needed) in keys {
            match value {
                Some(value) if !belongs => {
                    let refusal = place.value("config-not-for-role", value.span().start, key);
                    return Err(refusal.with("role", role.as_str()));
                }
                None if belongs && needed => {
                    let refusal = place.value("config-needed-for-role", self.role.span().start, key);
                    return Err(refusal.with("role", role.as_str()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn checked_address(&self, place: &Place<'_>, listen: SocketAddr) -> Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let Some(written) = &self.address else { return Ok(format!("{scheme}://{listen}")) };
        let text = written.get_ref().trim_end_matches('/');
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let broken = host.is_empty() || host.contains(['/', '?', '#', '@', ' ']);
        if broken || (self.tls.is_some() && !text.starts_with("https://")) {
            let refusal = place.value("config-address", written.span().start, "address");
            return Err(refusal.with("value", written.get_ref()).with("scheme", scheme));
        }
        Ok(text.to_owned())
    }

    fn checked_store(&self, place: &Place<'_>, base: &Path, folder: &Path) -> Result<StoreSettings> {
        let password = match (&self.store_password_file, &self.store_password_env) {
            (Some(file), _) => PasswordSource::File(base.join(file)),
            (None, Some(name)) => PasswordSource::Env(name.clone()),
            (None, None) => PasswordSource::Env(STORE_PASSWORD_ENV.to_owned()),
        };
        let Some(written) = &self.store else {
            return Ok(StoreSettings {
                url: format!("sqlite:{}", folder.join(STORE_FILE).display()),
                password,
            });
        };
        let (text, line) = (written.get_ref(), written.span().start);
        if let Some(path) = text.strip_prefix("sqlite:") {
            return Ok(StoreSettings { url: format!("sqlite:{}", base.join(path).display()), password });
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(place.value("config-store", line, "store"));
        }
        if carries_password(text) {
            return Err(place
                .value("config-store-password", line, "store")
                .with("variable", STORE_PASSWORD_ENV));
        }
        Ok(StoreSettings { url: text.clone(), password })
    }
}

/// Whether an address has a password before its host or among its parameters.
fn carries_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.contains(':') || rest.split_once('?').is_some_and(|(_, query)| query.contains("password="))
}

/// The folder of a node named `name`: letters and digits of any script, `-` and `_`; everything else becomes `-`.
pub fn folder_name(name: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' };
    let plain: String = name.trim().chars().map(kept).collect();
    let plain = plain.trim_matches('-');
    if plain.is_empty() { "node".to_owned() } else { plain.to_lowercase() }
}

/// A configuration file's text, to say where in it something is wrong.
struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    /// The line (from 1) of the byte at `offset`.
    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// A refusal of what stands at `offset` under `key`.
    fn value(&self, sentence: &'static str, offset: usize, key: &str) -> Failure {
        Failure::new(Exit::Usage, sentence)
            .with("path", self.path.display())
            .with("line", self.line(offset))
            .with("key", key)
    }

    /// A refusal of the parser, told apart: an unknown key or word with the nearest known one, a missing key, anything else.
    fn toml(&self, error: &toml::de::Error) -> Failure {
        let offset = error.span().map_or(0, |span| span.start);
        let said = error.message();
        let words = backticked(said);
        let (first, rest) = words.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
        let nearest = || nearest(first, rest).unwrap_or(NONE_NEAR);
        if said.starts_with("unknown field") {
            let refusal = self.value("config-unknown-key", offset, first);
            return refusal.with("nearest", nearest()).with("known", rest.join(", "));
        }
        if said.starts_with("unknown variant") {
            let refusal = self.value("config-unknown-word", offset, &self.key_at(offset));
            return refusal.with("value", first).with("nearest", nearest()).with("known", rest.join(", "));
        }
        if said.starts_with("missing field") {
            return self.value("config-missing-key", offset, first);
        }
        let refusal = self.value("config-syntax", offset, &self.key_at(offset));
        refusal.with("reason", said.replace('\n', ", "))
    }

    /// What stands before the `=` of the line at `offset`.
    fn key_at(&self, offset: usize) -> String {
        let line = self.text.lines().nth(self.line(offset) - 1).unwrap_or_default();
        line.split('=').next().unwrap_or_default().trim().to_owned()
    }
}

/// The words between backticks.
fn backticked(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The known word that `word` was probably meant to be: at most a third of its characters differ.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let allowed = (word.chars().count().max(3) / 3).max(1);
    let distances = known.iter().map(|candidate| (distance(word, candidate), *candidate));
    distances.filter(|(steps, _)| *steps <= allowed).min_by_key(|(steps, _)| *steps).map(|(_, word)| word)
}

/// Levenshtein's distance: insertions, deletions and replacements of one character.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for ((to, above), diagonal) in b.iter().zip(row.iter().skip(1)).zip(&row) {
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(from != *to)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
