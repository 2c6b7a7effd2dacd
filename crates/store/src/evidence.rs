//! Evidence that no log has numbered yet. Steps insert it here, so that they never meet at a log's head; the log's
//! sequencer takes it from here ([`Read::take_unsequenced`], [`Tx::commit_sequenced`]).

use crate::{
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    many::Many,
    page::bounded,
};

/// Evidence to be logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvidence {
    /// The log's origin.
    pub log: String,
    /// Whose it is: a connector's or the node's own id.
    pub tenant: String,
    /// What it says.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The contract it belongs to.
    pub contract: Option<String>,
    /// The salt of its leaf, drawn by the caller.
    pub salt: [u8; 32],
    /// When it happened, microseconds.
    pub at: i64,
    /// Its body, JSON text; its leaf is the salted hash of the canonical form.
    pub body: String,
}

/// Evidence as it waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    /// Its number here; not its position in the log.
    pub id: i64,
    /// The log's origin.
    pub log: String,
    /// Whose it is.
    pub tenant: String,
    /// What it says.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The contract it belongs to.
    pub contract: Option<String>,
    /// The salt of its leaf.
    pub salt: [u8; 32],
    /// When it happened, microseconds.
    pub at: i64,
    /// Its body, JSON text.
    pub body: String,
}

from_row!(EvidenceRow {
    id: int,
    log: text,
    tenant: text,
    kind: text,
    subject: text,
    contract: text_opt,
    salt: hash,
    at: int,
    body: text,
});

const ADD_EVIDENCE: Many = Many {
    head: "-- add_evidence
        INSERT INTO evidence (log, tenant, kind, subject, contract, salt, at, body) VALUES ",
    columns: 8,
    tail: "",
    is_padded: false,
};

impl Tx {
    /// Adds evidence.
    pub async fn add_evidence(&mut self, rows: &[NewEvidence]) -> Result<()> {
        let added = self.execute_many(&ADD_EVIDENCE, rows, |statement, one| {
            Ok(statement
                .bind(one.log.as_str())
                .bind(one.tenant.as_str())
                .bind(one.kind.as_str())
                .bind(one.subject.as_str())
                .bind(one.contract.as_deref())
                .bind(one.salt.as_slice())
                .bind(one.at)
                .bind(one.body.as_str()))
        });
        self.effects.evidence |= added.await? > 0;
        Ok(())
    }
}

impl Read {
    /// Up to `limit` rows that wait for a log, the oldest first.
    pub async fn take_unsequenced(&mut self, log: &str, limit: u32) -> Result<Vec<EvidenceRow>> {
        let statement = sql("-- take_unsequenced
            SELECT * FROM evidence WHERE log = $1 ORDER BY id LIMIT $2");
        self.list(statement.bind(log).bind(bounded(limit))).await
    }

    /// How many rows wait for a log.
    pub async fn count_unsequenced(&mut self, log: &str) -> Result<u64> {
        let statement = sql("-- count_unsequenced\nSELECT COUNT(*) AS value FROM evidence WHERE log = $1");
        self.one(statement.bind(log)).await
    }
}
