//! The logs: this node's own (RFC 6962 trees under signed checkpoints; docs/WIRE.md, 3), and those that it follows. Both
//! are entries by position, tree nodes by level and index, and checkpoints; only who may append differs.
//!
//! Invariants: positions run from 0 to size without gaps; a log only grows, by compare-and-set on its size; entries,
//! nodes, head and checkpoint of one growth commit together. An entry's body can be erased, its leaf stays.
//!
//! Hashing, signing and checking are the ledger's.

use sqlx::any::AnyRow;

use crate::{
    columns::{Columns as _, FromRow, from_row, to_i64},
    conn::{Read, Tx, sql},
    error::{Result, StoreError},
    evidence::EvidenceRow,
    many::Many,
    page::bounded,
};

/// A log's newest state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHead {
    /// Its origin, which is its name here too.
    pub log: String,
    /// Whether this node writes it.
    pub own: bool,
    /// How many entries it has.
    pub size: u64,
    /// The ledger's own form of the tree's right edge; empty for an empty log.
    pub frontier: Vec<u8>,
    /// The newest checkpoint, a signed note.
    pub checkpoint: Option<String>,
    /// Grown at, microseconds.
    pub updated_at: i64,
}

from_row!(LogHead {
    log: text,
    own: flag,
    size: count,
    frontier: bytes,
    checkpoint: text_opt,
    updated_at: int,
});

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Its position, from 0.
    pub position: u64,
    /// Whose it is; empty where that is not told.
    pub tenant: String,
    /// What it says.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The contract it belongs to.
    pub contract: Option<String>,
    /// The salt of its leaf, unless erased or not told.
    pub salt: Option<[u8; 32]>,
    /// The tree leaf's hash.
    pub leaf: [u8; 32],
    /// When it happened, microseconds.
    pub at: i64,
    /// Its body, JSON text, unless erased or not told.
    pub body: Option<String>,
}

from_row!(LogEntry {
    position: count,
    tenant: text,
    kind: text,
    subject: text,
    contract: text_opt,
    salt: hash_opt,
    leaf: hash,
    at: int,
    body: text_opt,
});

/// A complete subtree's hash: `index` counts the subtrees of 2^`level` leaves from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogNode {
    /// 0 for leaves.
    pub level: u8,
    /// From 0.
    pub index: u64,
    /// Its hash.
    pub hash: [u8; 32],
}

impl FromRow for LogNode {
    fn from_row(row: &AnyRow) -> Result<Self> {
        let level = u8::try_from(row.int("level")?).map_err(|_| StoreError::value("column `level`"))?;
        Ok(Self { level, index: row.count("idx")?, hash: row.hash("hash")? })
    }
}

/// What a log grows by, apart from its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The log's origin.
    pub log: String,
    /// The size that the caller built upon; another one is a conflict.
    pub expected_size: u64,
    /// All tree nodes that became complete.
    pub nodes: Vec<LogNode>,
    /// The new frontier.
    pub frontier: Vec<u8>,
    /// The checkpoint at the new size, a signed note.
    pub checkpoint: String,
    /// Now, microseconds.
    pub at: i64,
}

/// An entry of a followed log, as told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowedEntry {
    /// What it says.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// The salt, where the body is told.
    pub salt: Option<[u8; 32]>,
    /// The tree leaf's hash.
    pub leaf: [u8; 32],
    /// When it happened, microseconds.
    pub at: i64,
    /// The body, where it is told.
    pub body: Option<String>,
}

struct Entry<'a> {
    log: &'a str,
    position: u64,
    tenant: &'a str,
    kind: &'a str,
    subject: &'a str,
    contract: Option<&'a str>,
    salt: Option<&'a [u8]>,
    leaf: &'a [u8],
    at: i64,
    body: Option<&'a str>,
}

const ADD_ENTRIES: Many = Many {
    head: "-- add_log_entries
        INSERT INTO log_entries (log, position, tenant, kind, subject, contract, salt, leaf, at, body) VALUES ",
    columns: 10,
    tail: "",
    is_padded: false,
};

const ADD_NODES: Many = Many {
    head: "-- add_log_nodes
        INSERT INTO log_nodes (log, level, idx, hash) VALUES ",
    columns: 4,
    tail: "",
    is_padded: false,
};

const DROP_SEQUENCED: Many = Many {
    head: "-- drop_sequenced
        DELETE FROM evidence WHERE id IN (SELECT e.id FROM (VALUES ",
    columns: 2,
    tail: ") AS v CROSS JOIN evidence AS e WHERE e.id = v.column1 AND e.log = v.column2)",
    is_padded: false,
};

const FIND_NODES: Many = Many {
    head: "-- find_log_nodes
        SELECT n.level, n.idx, n.hash FROM (VALUES ",
    columns: 3,
    tail: ") AS v CROSS JOIN log_nodes AS n
        WHERE n.log = v.column1 AND n.level = v.column2 AND n.idx = v.column3",
    is_padded: false,
};

impl Tx {
    /// Begins an own log, empty; whether it was new.
    pub async fn create_log(&mut self, log: &str, at: i64) -> Result<bool> {
        self.insert_log(log, true, at).await
    }

    async fn insert_log(&mut self, log: &str, own: bool, at: i64) -> Result<bool> {
        let statement = sql("-- insert_log
            INSERT INTO logs (log, own, size, frontier, updated_at) VALUES ($1, $2, 0, $3, $4)
            ON CONFLICT (log) DO NOTHING")
        .bind(log)
        .bind(i64::from(own))
        .bind([].as_slice())
        .bind(at);
        Ok(self.execute(statement).await? == 1)
    }

    /// Numbers evidence into an own log: `rows`, each with its tree leaf's hash, take the positions from
    /// `expected_size` on and leave the waiting rows.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the log has another size, or a row no longer waits: then another sequencer was
    /// faster, and nothing is changed.
    pub async fn commit_sequenced(
        &mut self,
        growth: &Growth,
        rows: &[(EvidenceRow, [u8; 32])],
    ) -> Result<LogHead> {
        let log = growth.log.as_str();
        let entries: Vec<Entry<'_>> = (growth.expected_size..)
            .zip(rows)
            .map(|(position, (row, leaf))| Entry {
                log,
                position,
                tenant: &row.tenant,
                kind: &row.kind,
                subject: &row.subject,
                contract: row.contract.as_deref(),
                salt: Some(&row.salt),
                leaf,
                at: row.at,
                body: Some(&row.body),
            })
            .collect();
        let head = self.grow(growth, true, &entries).await?;
        let dropped = self
            .execute_many(&DROP_SEQUENCED, rows, |statement, (row, _)| Ok(statement.bind(row.id).bind(log)));
        if dropped.await? == rows.len() as u64 {
            return Ok(head);
        }
        Err(StoreError::conflict(format!("the evidence waiting for log `{log}`")))
    }

    /// Appends to a followed log, which begins with its first append.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the log has another size, or is this node's own.
    pub async fn append_followed(&mut self, growth: &Growth, entries: &[FollowedEntry]) -> Result<LogHead> {
        self.insert_log(&growth.log, false, growth.at).await?;
        let entries: Vec<Entry<'_>> = (growth.expected_size..)
            .zip(entries)
            .map(|(position, entry)| Entry {
                log: &growth.log,
                position,
                tenant: "",
                kind: &entry.kind,
                subject: &entry.subject,
                contract: None,
                salt: entry.salt.as_ref().map(<[u8; 32]>::as_slice),
                leaf: &entry.leaf,
                at: entry.at,
                body: entry.body.as_deref(),
            })
            .collect();
        self.grow(growth, false, &entries).await
    }

    async fn grow(&mut self, growth: &Growth, own: bool, entries: &[Entry<'_>]) -> Result<LogHead> {
        let size = growth.expected_size + entries.len() as u64;
        let statement = sql("-- grow_log
            UPDATE logs SET size = $4, frontier = $5, checkpoint = $6, updated_at = $7
            WHERE log = $1 AND own = $2 AND size = $3 RETURNING *")
        .bind(growth.log.as_str())
        .bind(i64::from(own))
        .bind(to_i64(growth.expected_size, "size")?)
        .bind(to_i64(size, "size")?)
        .bind(growth.frontier.as_slice())
        .bind(growth.checkpoint.as_str())
        .bind(growth.at);
        let head: LogHead = self
            .find(statement)
            .await?
            .ok_or_else(|| StoreError::conflict(format!("the head of log `{}`", growth.log)))?;
        self.add_entries(entries).await?;
        self.add_nodes(&growth.log, &growth.nodes).await?;
        self.put_checkpoint(&growth.log, size, &growth.checkpoint, growth.at).await?;
        self.effects.heads = true;
        Ok(head)
    }

    async fn add_entries(&mut self, entries: &[Entry<'_>]) -> Result<()> {
        self.execute_many(&ADD_ENTRIES, entries, |statement, one| {
            Ok(statement
                .bind(one.log)
                .bind(to_i64(one.position, "position")?)
                .bind(one.tenant)
                .bind(one.kind)
                .bind(one.subject)
                .bind(one.contract)
                .bind(one.salt)
                .bind(one.leaf)
                .bind(one.at)
                .bind(one.body))
        })
        .await
        .map(drop)
    }

    async fn add_nodes(&mut self, log: &str, nodes: &[LogNode]) -> Result<()> {
        self.execute_many(&ADD_NODES, nodes, |statement, node| {
            Ok(statement
                .bind(log)
                .bind(i64::from(node.level))
                .bind(to_i64(node.index, "index")?)
                .bind(node.hash.as_slice()))
        })
        .await
        .map(drop)
    }

    async fn put_checkpoint(&mut self, log: &str, size: u64, note: &str, at: i64) -> Result<()> {
        let statement = sql("-- put_checkpoint
            INSERT INTO log_checkpoints (log, size, at, note) VALUES ($1, $2, $3, $4)
            ON CONFLICT (log, size) DO UPDATE SET at = excluded.at, note = excluded.note")
        .bind(log)
        .bind(to_i64(size, "size")?)
        .bind(at)
        .bind(note);
        self.execute(statement).await.map(drop)
    }

    /// Replaces the checkpoint of a log that has not grown, for instance by one with more signatures. `false` where
    /// the log has another size.
    pub async fn renew_checkpoint(&mut self, log: &str, size: u64, note: &str, at: i64) -> Result<bool> {
        let statement = sql("-- renew_checkpoint
            UPDATE logs SET checkpoint = $3, updated_at = $4 WHERE log = $1 AND size = $2")
        .bind(log)
        .bind(to_i64(size, "size")?)
        .bind(note)
        .bind(at);
        if self.execute(statement).await? == 0 {
            return Ok(false);
        }
        self.put_checkpoint(log, size, note, at).await?;
        self.effects.heads = true;
        Ok(true)
    }

    /// Erases an entry's body and salt; its leaf stays, so the log still verifies. Whether there was something.
    pub async fn erase_entry(&mut self, log: &str, position: u64) -> Result<bool> {
        let statement = sql("-- erase_entry
            UPDATE log_entries SET body = NULL, salt = NULL
            WHERE log = $1 AND position = $2 AND (body IS NOT NULL OR salt IS NOT NULL)")
        .bind(log)
        .bind(to_i64(position, "position")?);
        Ok(self.execute(statement).await? == 1)
    }
}

impl Read {
    /// A log's newest state.
    pub async fn log_head(&mut self, log: &str) -> Result<Option<LogHead>> {
        self.find(sql("-- log_head\nSELECT * FROM logs WHERE log = $1").bind(log)).await
    }

    /// All logs, own and followed, by origin.
    pub async fn list_logs(&mut self) -> Result<Vec<LogHead>> {
        self.list(sql("-- list_logs\nSELECT * FROM logs ORDER BY log")).await
    }

    /// Entries from position `from` on.
    pub async fn log_entries(&mut self, log: &str, from: u64, limit: u32) -> Result<Vec<LogEntry>> {
        let statement = sql("-- log_entries
            SELECT * FROM log_entries WHERE log = $1 AND position >= $2 ORDER BY position LIMIT $3");
        self.list(statement.bind(log).bind(to_i64(from, "from")?).bind(bounded(limit))).await
    }

    /// Entries of one kind about one subject, in their order.
    pub async fn find_entries(
        &mut self,
        log: &str,
        kind: &str,
        subject: &str,
        limit: u32,
    ) -> Result<Vec<LogEntry>> {
        let statement = sql("-- find_entries
            SELECT * FROM log_entries WHERE log = $1 AND kind = $2 AND subject = $3 ORDER BY position LIMIT $4");
        self.list(statement.bind(log).bind(kind).bind(subject).bind(bounded(limit))).await
    }

    /// A contract's entries from position `from` on.
    pub async fn contract_entries(
        &mut self,
        log: &str,
        contract: &str,
        from: u64,
        limit: u32,
    ) -> Result<Vec<LogEntry>> {
        let statement = sql("-- contract_entries
            SELECT * FROM log_entries WHERE log = $1 AND contract = $2 AND position >= $3
            ORDER BY position LIMIT $4");
        self.list(statement.bind(log).bind(contract).bind(to_i64(from, "from")?).bind(bounded(limit))).await
    }

    /// Tree nodes by level and index, those that are complete; in no order.
    pub async fn log_nodes(&mut self, log: &str, wanted: &[(u8, u64)]) -> Result<Vec<LogNode>> {
        self.list_many(&FIND_NODES, wanted, |statement, (level, index)| {
            Ok(statement.bind(log).bind(i64::from(*level)).bind(to_i64(*index, "index")?))
        })
        .await
    }

    /// The checkpoint that was signed at a size.
    pub async fn checkpoint_at(&mut self, log: &str, size: u64) -> Result<Option<String>> {
        let statement = sql("-- checkpoint_at
            SELECT note AS value FROM log_checkpoints WHERE log = $1 AND size = $2");
        self.find(statement.bind(log).bind(to_i64(size, "size")?)).await
    }

    /// The oldest checkpoint that covers a position.
    pub async fn checkpoint_covering(&mut self, log: &str, position: u64) -> Result<Option<String>> {
        let statement = sql("-- checkpoint_covering
            SELECT note AS value FROM log_checkpoints WHERE log = $1 AND size > $2 ORDER BY size LIMIT 1");
        self.find(statement.bind(log).bind(to_i64(position, "position")?)).await
    }
}
