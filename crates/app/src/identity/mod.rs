//! Unified identity (统一身份登记): subjects are registered by a function node's operator, join with an enrolment code, and are certified.
//!
//! | module | whose side |
//! |---|---|
//! | [`enrolment`] | the function node's operator: subjects and their codes |
//! | [`register`] | the same: what became of them |
//! | [`admit`] | the function node: answering `join` |
//! | [`join`](mod@join) | the joiner |
//! | `card` | what both are told of the function node and of the root node |
//! | [`root`] | the global node, which joins nobody |
//! | [`kept`] | what joining gave, kept in store and key folder, and loaded at a start |
//!
//! Keys are made where they are used and never travel; a crash at any point is mended by joining again with the same code, which
//! gives the same answer to the same key (docs/WIRE.md, 2).

pub mod admit;
mod card;
pub mod enrolment;
pub mod join;
pub mod kept;
pub mod register;
pub mod root;

use crypto::Sha256;
use crypto::cert::{Certificate, Roots, Validity};
use domain::Timestamp;
use serde::Serialize;

use crate::member::Speaker;
use crate::{Error, Node};

pub use admit::serve_join;
pub use enrolment::{EnrolmentView, NewOrganisation, register_organisation};
pub use join::{JoinOrder, check_code, join};
pub use kept::{check_keys, load};
pub use register::{OrganisationView, organisations};
pub use root::create_global;

/// How long a root and a function node's authority are valid, in days.
const AUTHORITY_DAYS: u32 = 3650;
/// How long other certificates are valid, in days.
const LEAF_DAYS: u32 = 730;
/// How long before now a certificate begins: a peer whose clock is as far behind as messages may be accepts it.
const SLACK_SECS: i64 = 5 * 60;
/// How many rows one page of a load takes.
const LOAD_PAGE: u32 = 500;
/// How many characters a name field of a certificate has at most (RFC 5280, `ub-common-name`).
const NAME_FIELD_CHARS: usize = 64;

/// A connector or node that joined here.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectorView {
    /// Identifier.
    pub connector: String,
    /// Its organisation.
    pub subject: String,
    /// Its name.
    pub name: String,
    /// Area of the identifier.
    pub area: String,
    /// Suite of its `sign` key.
    pub suite: String,
    /// End of its certificate, RFC 3339.
    pub certified_until: String,
    /// The function node that certified it.
    pub upstream: Option<String>,
}

/// The connectors that joined here, and the node itself where it has an identity.
pub fn connectors(node: &Node) -> Vec<ConnectorView> {
    node.tenants().iter().map(|tenant| view(tenant)).collect()
}

/// What an operator sees of a member.
pub fn view(speaker: &Speaker) -> ConnectorView {
    let membership = &speaker.membership;
    let until = Timestamp::from_micros(membership.sign_chain.leaf().not_after().saturating_mul(1_000_000));
    ConnectorView {
        connector: membership.id.to_string(),
        subject: membership.subject.to_string(),
        name: membership.name.clone(),
        area: membership.area.to_string(),
        suite: speaker.key.suite().to_string(),
        certified_until: until.to_string(),
        upstream: membership.upstream.as_ref().map(|upstream| upstream.id.to_string()),
    }
}

/// The fingerprint of the root that this trust consists of.
fn root_of(roots: &Roots) -> Result<Sha256, Error> {
    let first = roots.certificates().first().map(Certificate::fingerprint);
    first.ok_or_else(|| Error::Corrupt("the trust file is empty".to_owned()))
}

fn validity(now: Timestamp, days: u32) -> Result<Validity, Error> {
    Ok(Validity::days(now.secs().saturating_sub(SLACK_SECS), days)?)
}

/// The host of an address, for the certificate's CN; the address itself where it has none.
pub fn host_of(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.to_owned()
}

/// A name as a certificate's field takes it.
fn shorten(name: &str) -> String {
    name.chars().take(NAME_FIELD_CHARS).collect()
}

#[cfg(test)]
mod tests;
