//! What `weir serve` would look at before its node runs: secrets, store, keys, enrolment code. Nothing is changed: no store is migrated,
//! no key made, no code used.

use std::path::PathBuf;

use store::{Read, Store};

use super::{Check, Found};
use crate::commands::Context;
use crate::config::{NodeSettings, Role};
use crate::exit::Exit;
use crate::private;
use crate::problem::{Failure, Message, Result};
use crate::running::{self, Refused};

/// The checks of a node that does not run.
pub(super) async fn checks(context: &Context, node: &NodeSettings) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Err(failure) = private::check(node) {
        checks.push(Check::failed(context, "doctor-keys", &failure));
    }
    let has_joined = match look(node).await {
        Err(failure) => {
            checks.push(Check::failed(context, "doctor-store", &failure));
            return checks;
        }
        Ok(None) if running::has_joined_before(node) => {
            checks.push(Check::failed(context, "doctor-store", &running::store_lost(node)));
            return checks;
        }
        Ok(None) => {
            let message = Message::new("doctor-store-none").with("location", &node.store.url);
            checks.push(Check::new("doctor-store", Found::Warning, message));
            false
        }
        Ok(Some(mut read)) => {
            let message = Message::new("doctor-store-opens").with("location", &node.store.url);
            checks.push(Check::new("doctor-store", Found::Good, message));
            match app::identity::check_keys(&mut read, &node.folder, node.suite).await {
                Ok(has_joined) => {
                    checks.extend(has_joined.then(|| keys_fit(node)));
                    has_joined
                }
                Err(error) => {
                    checks.push(Check::failed(context, "doctor-keys", &running::failed(node, error)));
                    true
                }
            }
        }
    };
    checks.extend(code(context, node, has_joined));
    checks
}

async fn look(node: &NodeSettings) -> Result<Option<Read>> {
    let (url, options) = running::store_of(node)?;
    Store::look(&url, &options).await.map_err(|error| running::failed(node, error.into()))
}

fn keys_fit(node: &NodeSettings) -> Check {
    let folder: PathBuf = node.folder.join("keys");
    let message = Message::new("doctor-keys-fit").with("folder", folder.display());
    Check::new("doctor-keys", Found::Good, message)
}

/// Whether a node that has not joined can: with a code, which is one, and which was not refused at the last start.
fn code(context: &Context, node: &NodeSettings, has_joined: bool) -> Option<Check> {
    if has_joined || !matches!(node.role, Role::Region | Role::Industry | Role::Service) {
        return None;
    }
    let name = "doctor-code";
    let Some(code) = &node.code else {
        let failure = Failure::new(Exit::Failure, "code-missing").with("node", &node.name);
        return Some(Check::failed(context, name, &failure));
    };
    if let Err(error) = app::identity::check_code(code.expose()) {
        return Some(Check::failed(context, name, &running::failed(node, error)));
    }
    Some(match Refused::read(node) {
        Some(failure) => Check::failed(context, name, &failure),
        None => Check::new(name, Found::Good, Message::new("doctor-code-good")),
    })
}
