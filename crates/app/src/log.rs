//! The two logs of a node (ARCHITECTURE.md, logs and feed): the public log of what it publishes, and the evidence log of what its members do.
//!
//! Steps add unnumbered rows in their own transaction ([`Entries`]); one job ([`sequence`]) numbers them into the
//! tree and signs a checkpoint. So steps never collide on a log's head, and a crash between the two loses nothing: the rows wait.
//!
//! A log's name (C2SP origin) is `weir/<log id>/public` or `…/evidence`, where the log id is the first 16 bytes of the SHA-256 of
//! its Ed25519 key in hexadecimal; who answers for the log is said by its node's directory entry, or by the signed window that names it.

mod entries;
mod inclusion;
mod sequence;

use crypto::{LogKey, Sha256, Suite};
use ledger::checkpoint::{Checkpoint, LogIdentity};
use ledger::note::{NoteSigner, NoteVerifier};
use ledger::tree::Hash;
use store::{Read, Store};

use crate::config::NodeConfig;
use crate::keys::KeyFolder;
use crate::{Error, Reason};

pub use entries::{Entries, public_body, stored_body};
pub use inclusion::{Inclusion, inclusion};
pub use sequence::{BATCH_BYTES_MAX, drain, frontier_bytes, leaf_of, read_frontier, sequence, stored_node};

/// A log that this node writes: its name and the keys that sign its checkpoints.
#[derive(Debug)]
pub struct OwnLog {
    identity: LogIdentity,
    ed25519: NoteSigner,
    sm2: Option<NoteSigner>,
}

impl OwnLog {
    fn open(keys: &KeyFolder, name: &str, suite: Suite) -> Result<OwnLog, Error> {
        let (file, sm2_file) = key_files(name);
        let key = keys.log(&file)?;
        let origin = origin(&key, name);
        let vkey = NoteVerifier::ed25519(&origin, key.public())?;
        let sm2_key = match suite {
            Suite::Sm => Some(keys.signing(&sm2_file, Suite::Sm)?),
            Suite::Intl => None,
        };
        let sm2_verifier =
            sm2_key.as_ref().map(|key| NoteVerifier::sm2(&origin, key.public_key().clone())).transpose()?;
        Ok(OwnLog {
            identity: LogIdentity::new(vkey, sm2_verifier)?,
            ed25519: NoteSigner::ed25519(&origin, key)?,
            sm2: sm2_key.map(|key| NoteSigner::sm2(&origin, key)).transpose()?,
        })
    }

    /// The log's name, the first line of its checkpoints.
    pub fn origin(&self) -> &str {
        self.identity.origin()
    }

    /// The keys by which others check its checkpoints.
    pub fn identity(&self) -> &LogIdentity {
        &self.identity
    }

    fn sign(&self, size: u64, root: Hash) -> Result<String, Error> {
        let signers: Vec<&NoteSigner> = std::iter::once(&self.ed25519).chain(&self.sm2).collect();
        Ok(Checkpoint { origin: self.origin().to_owned(), size, root }.sign(&signers)?)
    }
}

/// The names of a log's keys: Ed25519, and SM2 where the suite has it.
fn key_files(name: &str) -> (String, String) {
    (format!("log-{name}"), format!("log-{name}-sm2"))
}

/// Whether the keys of the logs `held` by the store are still there: with another key each would be another log, and nobody would follow
/// it. Nothing is made.
///
/// # Errors
/// [`Error::Keys`] with the first key that is missing or another, [`Error::Folder`], [`Error::Crypto`].
pub(crate) fn check_keys(keys: &KeyFolder, suite: Suite, held: &[String]) -> Result<(), Error> {
    for log in held {
        let name = log.rsplit('/').next().unwrap_or_default();
        let (file, sm2_file) = key_files(name);
        if !keys.has(&file) || origin(&keys.log(&file)?, name) != *log {
            return Err(lost_key(log, &file));
        }
        if suite == Suite::Sm && !keys.has(&sm2_file) {
            return Err(lost_key(log, &sm2_file));
        }
    }
    Ok(())
}

fn lost_key(log: &str, key: &str) -> Error {
    let words = format!("the key `{key}` of log `{log}` is missing or another: restore the key folder");
    Error::Keys(Reason::new("log-key-lost", words).with("key", key))
}

fn origin(key: &LogKey, name: &str) -> String {
    log_name(Sha256::of(&key.public().to_bytes()), name)
}

pub(crate) fn log_name(key: Sha256, name: &str) -> String {
    let digest = key.to_string();
    format!("weir/{}/{name}", digest.get(..32).unwrap_or(&digest))
}

/// The logs that a node writes.
#[derive(Debug)]
pub struct OwnLogs {
    public: Option<OwnLog>,
    evidence: OwnLog,
}

impl OwnLogs {
    /// Opens a node's logs, making keys and empty logs where they are missing: those that the store has were checked ([`check_keys`]).
    /// A connector host has no public log.
    ///
    /// # Errors
    /// [`Error::Folder`], [`Error::Crypto`], [`Error::Store`].
    pub async fn open(keys: &KeyFolder, store: &Store, config: &NodeConfig) -> Result<OwnLogs, Error> {
        let open = |name: &str| OwnLog::open(keys, name, config.suite);
        let public = config.role.publishes().then(|| open("public")).transpose()?;
        let logs = OwnLogs { public, evidence: open("evidence")? };
        for origin in logs.all().map(|log| log.origin().to_owned()) {
            store
                .run_tx("log_create", move |tx| {
                    let origin = origin.clone();
                    Box::pin(async move { Ok::<_, Error>(tx.create_log(&origin, 0).await?) })
                })
                .await?;
        }
        Ok(logs)
    }

    /// The public log, on nodes that have one.
    pub fn public(&self) -> Option<&OwnLog> {
        self.public.as_ref()
    }

    /// The evidence log.
    pub fn evidence(&self) -> &OwnLog {
        &self.evidence
    }

    /// Both.
    pub fn all(&self) -> impl Iterator<Item = &OwnLog> {
        self.public.iter().chain(std::iter::once(&self.evidence))
    }
}

/// The names of the logs of its own that a store has.
pub(crate) async fn own_logs(read: &mut Read) -> Result<Vec<String>, Error> {
    let heads = read.list_logs().await?;
    Ok(heads.into_iter().filter(|head| head.own).map(|head| head.log).collect())
}

/// Whether a public log has the name that its Ed25519 key gives it. So nobody can claim the name of another's log.
pub fn is_named_by_its_key(identity: &LogIdentity) -> bool {
    use base64::Engine as _;
    let vkey = identity.vkey().to_string();
    let key = vkey.splitn(3, '+').nth(2).unwrap_or_default();
    // The first byte says what the key is for.
    let key = base64::engine::general_purpose::STANDARD.decode(key).unwrap_or_default();
    let digest = Sha256::of(key.get(1..).unwrap_or_default());
    identity.origin() == log_name(digest, "public")
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
