//! Proving that an entry stands in this node's evidence log.

use ledger::leaf::{Entry, Salt};
use ledger::tree::Hash;

use crate::{Error, Node};

/// Why an entry of ours is in a log: its place, its path to the root of a checkpoint, and that checkpoint.
#[derive(Debug, Clone)]
pub struct Inclusion {
    /// The entry with its salt.
    pub entry: Entry,
    /// Its position.
    pub index: u64,
    /// The path.
    pub proof: Vec<Hash>,
    /// The newest checkpoint.
    pub checkpoint: String,
}

/// Proves the entry of a kind about a subject in this node's evidence log; `None` while it waits for its number.
///
/// # Errors
/// [`Error::Store`]; [`Error::Corrupt`] where the log lacks what it should have.
pub async fn inclusion(node: &Node, kind: &str, subject: &str) -> Result<Option<Inclusion>, Error> {
    let (origin, kind, subject) =
        (node.logs().evidence().origin().to_owned(), kind.to_owned(), subject.to_owned());
    node.store()
        .read("log_inclusion", move |read| {
            let (origin, kind, subject) = (origin.clone(), kind.clone(), subject.clone());
            Box::pin(async move { prove(read, &origin, &kind, &subject).await })
        })
        .await
}

async fn prove(
    read: &mut store::Read,
    origin: &str,
    kind: &str,
    subject: &str,
) -> Result<Option<Inclusion>, Error> {
    let Some(found) = read.find_entries(origin, kind, subject, 1).await?.pop() else { return Ok(None) };
    let head = read.log_head(origin).await?.ok_or_else(|| Error::not_found("log", origin))?;
    let needed = ledger::tree::inclusion_nodes(found.position, head.size)?;
    let wanted: Vec<(u8, u64)> = needed.iter().map(|id| (id.level, id.index)).collect();
    let nodes = read.log_nodes(origin, &wanted).await?;
    let lookup = |level: u8, index: u64| {
        nodes
            .iter()
            .find(|node| node.level == level && node.index == index)
            .map(|node| Hash::from_bytes(node.hash))
    };
    let proof = ledger::tree::inclusion_proof(found.position, head.size, lookup)?;
    let lacking =
        || Error::Corrupt(format!("entry {} of log `{origin}` is erased or unsigned", found.position));
    let (Some(salt), Some(body), Some(checkpoint)) = (found.salt, found.body.as_deref(), head.checkpoint)
    else {
        return Err(lacking());
    };
    let body = serde_json::from_str(body).map_err(|_| lacking())?;
    let entry = Entry::new(Salt::from_bytes(salt), body);
    Ok(Some(Inclusion { entry, index: found.position, proof, checkpoint }))
}
