//! The configuration as it is written, and what each node of it comes to.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crypto::Suite;
use serde::Deserialize;
use toml::Spanned;

use super::place::Place;
use super::{
    LimitSettings, NAME_CHARS_MAX, NodeSettings, PasswordSource, Role, STORE_FILE, STORE_PASSWORD_ENV,
    Secret, StoreSettings, TlsSettings, folder_name,
};
use crate::problem::Result;

/// Names, sockets and folders must differ between the nodes of a file.
pub(super) fn distinct(place: &Place<'_>, written: &[NodeText], nodes: &[NodeSettings]) -> Result<()> {
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
pub(super) struct FileText {
    #[serde(default)]
    pub node: Vec<NodeText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeText {
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
    pub fn resolve(&self, place: &Place<'_>, base: &Path) -> Result<NodeSettings> {
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
