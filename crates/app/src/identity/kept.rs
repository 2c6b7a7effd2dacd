//! What joining gave: the memberships in the store, their keys in the key folder, the root in `trust.pem`; kept, and loaded at a start.
//!
//! The store says what is so. A `trust.pem` that a crash left out or half written is written again from it; a key folder that does
//! not belong to it is refused, and no key is made in place of one that was certified.

use std::path::Path;
use std::sync::Arc;

use crypto::cert::{Authority, Chain, Roots};
use crypto::{PublicKey, SigningKey, Suite};
use ndi::weir_v1::public_log::PublicBody;
use serde::{Deserialize, Serialize};
use store::{Body, Page, Read, TenantRow};

use super::LOAD_PAGE;
use crate::config::Role;
use crate::keys::KeyFolder;
use crate::log::Entries;
use crate::member::{Membership, OrganisationKey, Speaker, Standing};
use crate::{Error, Node, Reason, feed, keys, log};

/// Where a node's own membership stands in its store.
const MEMBERSHIP: &str = "membership";
/// The file that others verify receipts with.
const TRUST: &str = "trust.pem";

/// A tenant's row body: what joining gave, and under which names its keys stand.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantBody {
    membership: Membership,
    sign_key: String,
    organisation_key: String,
}

/// Keeps what the node itself became, with the entry that it publishes of itself. What it became before stands.
pub(super) async fn keep_standing(
    node: &Node,
    membership: &Membership,
    body: Option<PublicBody>,
) -> Result<(), Error> {
    let mut entries = Entries::new();
    if let Some(body) = &body {
        entries = entries.publish(node, body)?;
    }
    let now = node.now();
    let text = serde_json::to_string(membership).map_err(|error| Error::Corrupt(error.to_string()))?;
    let origin = node.logs().public().map(|log| log.origin().to_owned()).unwrap_or_default();
    let shared = Arc::new((text, entries, body, origin));
    node.store()
        .run_tx("membership_keep", move |tx| {
            let shared = shared.clone();
            Box::pin(async move {
                let (text, entries, body, origin) = shared.as_ref();
                if !tx.init_meta(MEMBERSHIP, text).await? {
                    return Ok(());
                }
                if let Some(body) = body {
                    feed::apply(tx, origin, body, now).await?;
                }
                entries.write(tx).await
            })
        })
        .await
}

/// Keeps a connector that joined, with the names of its keys.
pub(super) async fn keep_tenant(
    node: &Node,
    membership: &Membership,
    sign_key: &str,
    organisation_key: &str,
) -> Result<(), Error> {
    let body = TenantBody {
        membership: membership.clone(),
        sign_key: sign_key.to_owned(),
        organisation_key: organisation_key.to_owned(),
    };
    let row = TenantRow {
        connector: membership.id.to_string(),
        owner: membership.subject.to_string(),
        state: "certified".to_owned(),
        created_at: node.now().micros(),
        body: Body::versioned(1, &body)?,
    };
    node.store()
        .run_tx("tenant_keep", move |tx| {
            let row = row.clone();
            Box::pin(async move { Ok::<_, Error>(tx.put_tenant(&row).await?) })
        })
        .await
}

fn write_trust(node: &Node, trust: &str) -> Result<(), Error> {
    let path = node.config().folder.join(TRUST);
    if std::fs::read_to_string(&path).is_ok_and(|held| held == trust) {
        return Ok(());
    }
    keys::write_public(&path, trust.as_bytes()).map_err(|source| Error::Folder { path, source })
}

/// Loads what the node and its connectors became by joining.
///
/// # Errors
/// [`Error::Store`], [`Error::Folder`], [`Error::Keys`] where keys and certificates do not belong together.
pub async fn load(node: &Node) -> Result<(), Error> {
    let membership = node
        .store()
        .read("membership_load", |read| {
            Box::pin(async move { Ok::<_, Error>(read.get_meta(MEMBERSHIP).await?) })
        })
        .await?;
    if let Some(text) = membership {
        let membership: Membership =
            serde_json::from_str(&text).map_err(|error| Error::Corrupt(error.to_string()))?;
        load_standing(node, membership)?;
    }
    for row in tenant_rows(node).await? {
        let body: TenantBody = row.body.get_versioned(1, |_, _| None)?;
        load_tenant(node, body)?;
    }
    Ok(())
}

/// Whether the keys below `folder` are those that were certified for the node and the connectors in the store, and those of its logs;
/// whether there are certified ones. For a node that does not run: nothing is changed.
///
/// # Errors
/// As [`load`].
pub async fn check_keys(read: &mut Read, folder: &Path, suite: Suite) -> Result<bool, Error> {
    let keys = KeyFolder::at(folder);
    let mut certified = Vec::new();
    if let Some(text) = read.get_meta(MEMBERSHIP).await? {
        let membership: Membership =
            serde_json::from_str(&text).map_err(|error| Error::Corrupt(error.to_string()))?;
        if let Some(chain) = membership.authority_chain {
            certified.push(("authority".to_owned(), chain));
        }
        certified.push(("sign".to_owned(), membership.sign_chain));
    }
    for row in all_tenants(read).await? {
        let body: TenantBody = row.body.get_versioned(1, |_, _| None)?;
        certified.extend(body.membership.organisation_chain.map(|chain| (body.organisation_key, chain)));
        certified.push((body.sign_key, body.membership.sign_chain));
    }
    for (name, chain) in &certified {
        certified_key(&keys, name, chain.public_key())?;
    }
    log::check_keys(&keys, suite, &log::own_logs(read).await?)?;
    Ok(!certified.is_empty())
}

fn load_standing(node: &Node, membership: Membership) -> Result<(), Error> {
    let roots = Roots::from_pem(&membership.trust)?;
    let key = certified_key(node.keys(), "sign", membership.sign_chain.public_key())?;
    let authority = authority(node, &membership)?;
    let log = node.logs().public().map(|log| log.identity().to_string()).unwrap_or_default();
    if node.role() == Role::Global && membership.root_node.log_vkey != log {
        return Err(another_key("log-public"));
    }
    write_trust(node, &membership.trust)?;
    let speaker = Arc::new(Speaker { membership, key, organisation: None });
    node.set_standing(Standing { speaker, authority }, roots);
    Ok(())
}

fn authority(node: &Node, membership: &Membership) -> Result<Option<Authority>, Error> {
    let Some(chain) = &membership.authority_chain else { return Ok(None) };
    let key = certified_key(node.keys(), "authority", chain.public_key())?;
    Ok(Some(match node.role() {
        Role::Global => Authority::root(key, chain.leaf().clone())?,
        _ => Authority::intermediate(key, chain.clone())?,
    }))
}

fn load_tenant(node: &Node, body: TenantBody) -> Result<(), Error> {
    let roots = Roots::from_pem(&body.membership.trust)?;
    let key = certified_key(node.keys(), &body.sign_key, body.membership.sign_chain.public_key())?;
    let organisation = match &body.membership.organisation_chain {
        Some(chain) => Some(organisation_key(node, &body.organisation_key, chain)?),
        None => None,
    };
    write_trust(node, &body.membership.trust)?;
    node.add_tenant(Speaker { membership: body.membership, key, organisation }, roots);
    Ok(())
}

fn organisation_key(node: &Node, name: &str, chain: &Chain) -> Result<OrganisationKey, Error> {
    Ok(OrganisationKey { key: certified_key(node.keys(), name, chain.public_key())?, chain: chain.clone() })
}

/// The key of that name in the key folder, which must be the one that was certified.
fn certified_key(keys: &KeyFolder, name: &str, certified: &PublicKey) -> Result<SigningKey, Error> {
    match keys.existing(name)? {
        Some(key) if key.public_key() == certified => Ok(key),
        _ => Err(another_key(name)),
    }
}

fn another_key(name: &str) -> Error {
    let words =
        format!("the key `{name}` in the key folder is not the one that was certified: restore the folder");
    Error::Keys(Reason::new("key-not-certified", words).with("key", name))
}

async fn tenant_rows(node: &Node) -> Result<Vec<TenantRow>, Error> {
    node.store().read("tenants_load", |read| Box::pin(all_tenants(read))).await
}

async fn all_tenants(read: &mut Read) -> Result<Vec<TenantRow>, Error> {
    let mut all: Vec<TenantRow> = Vec::new();
    loop {
        let after = all.last().map(|row| row.connector.clone()).unwrap_or_default();
        let page = read.list_tenants(&Page::after(after, LOAD_PAGE)).await?;
        let more = page.len() as u64 == u64::from(LOAD_PAGE);
        all.extend(page);
        if !more {
            return Ok(all);
        }
    }
}
