//! Certificate chains, also those that were replaced by later ones.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
};

/// How many chains of one holder are looked at: a holder is certified anew every year or so, and at each joining.
const CHAINS_MAX: i64 = 1000;

/// A certificate chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainRow {
    /// Whose it is: a subject code, a connector's or a node's id.
    pub holder: String,
    /// SHA-256 of the leaf certificate, hexadecimal.
    pub fingerprint: String,
    /// Beginning of the leaf's validity, unix seconds.
    pub not_before: i64,
    /// End of the leaf's validity, unix seconds.
    pub not_after: i64,
    /// The chain.
    pub body: Body,
}

from_row!(ChainRow { holder: text, fingerprint: text, not_before: int, not_after: int, body: body });

impl Tx {
    /// Keeps a chain. One that is there stays as it is.
    pub async fn put_chain(&mut self, row: &ChainRow) -> Result<()> {
        let statement = sql("-- put_chain
            INSERT INTO chains (holder, fingerprint, not_before, not_after, body) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (holder, fingerprint) DO NOTHING")
        .bind(row.holder.as_str())
        .bind(row.fingerprint.as_str())
        .bind(row.not_before)
        .bind(row.not_after)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }
}

impl Read {
    /// The chains of a holder that were valid at a time (unix seconds), the youngest first; at most 1,000.
    pub async fn list_chains_at(&mut self, holder: &str, at: i64) -> Result<Vec<ChainRow>> {
        let statement = sql("-- list_chains_at
            SELECT * FROM chains WHERE holder = $1 AND not_before <= $2 AND not_after >= $2
            ORDER BY not_before DESC, fingerprint LIMIT $3");
        self.list(statement.bind(holder).bind(at).bind(CHAINS_MAX)).await
    }
}
