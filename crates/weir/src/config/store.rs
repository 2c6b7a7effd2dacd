//! The address of a store with its password.

use std::path::Path;

use super::{PasswordSource, Secret, StoreSettings};
use crate::exit::Exit;
use crate::problem::{Failure, Result};

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
