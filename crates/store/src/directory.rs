//! Everything learned of others: organisations, connectors and nodes, with certificates, address and status, as the
//! public logs tell it.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// One of the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryRow {
    /// Its id: a subject code, a connector's or a node's id.
    pub id: String,
    /// What it is.
    pub kind: String,
    /// The organisation behind it.
    pub owner: String,
    /// Its area code.
    pub area: String,
    /// The log that tells of it.
    pub origin: String,
    /// Where it listens.
    pub address: Option<String>,
    /// Its `sign` key's id, for messages that name a key only.
    pub key_id: Option<String>,
    /// Its status.
    pub status: String,
    /// Learned at, microseconds.
    pub updated_at: i64,
    /// The rest, certificates included.
    pub body: Body,
}

from_row!(DirectoryRow {
    id: text,
    kind: text,
    owner: text,
    area: text,
    origin: text,
    address: text_opt,
    key_id: text_opt,
    status: text,
    updated_at: int,
    body: body,
});

impl Tx {
    /// Writes what is known now.
    pub async fn put_directory(&mut self, row: &DirectoryRow) -> Result<()> {
        let statement = sql("-- put_directory
            INSERT INTO directory (id, kind, owner, area, origin, address, key_id, status, updated_at, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, owner = excluded.owner, area = excluded.area,
                origin = excluded.origin, address = excluded.address, key_id = excluded.key_id,
                status = excluded.status, updated_at = excluded.updated_at, body = excluded.body")
        .bind(row.id.as_str())
        .bind(row.kind.as_str())
        .bind(row.owner.as_str())
        .bind(row.area.as_str())
        .bind(row.origin.as_str())
        .bind(row.address.as_deref())
        .bind(row.key_id.as_deref())
        .bind(row.status.as_str())
        .bind(row.updated_at)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }

    /// Forgets one; whether it was known.
    pub async fn delete_directory(&mut self, id: &str) -> Result<bool> {
        let statement = sql("-- delete_directory\nDELETE FROM directory WHERE id = $1").bind(id);
        Ok(self.execute(statement).await? == 1)
    }
}

impl Read {
    /// One of the others, by id.
    pub async fn get_directory(&mut self, id: &str) -> Result<Option<DirectoryRow>> {
        self.find(sql("-- get_directory\nSELECT * FROM directory WHERE id = $1").bind(id)).await
    }

    /// All of one kind, by id.
    pub async fn list_directory(&mut self, kind: &str, page: &Page) -> Result<Vec<DirectoryRow>> {
        let statement = sql("-- list_directory
            SELECT * FROM directory WHERE kind = $1 AND id > $2 ORDER BY id LIMIT $3");
        self.list(statement.bind(kind).bind(page.after.as_str()).bind(page.rows())).await
    }

    /// All that one organisation runs, by id.
    pub async fn list_directory_of(&mut self, owner: &str, page: &Page) -> Result<Vec<DirectoryRow>> {
        let statement = sql("-- list_directory_of
            SELECT * FROM directory WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3");
        self.list(statement.bind(owner).bind(page.after.as_str()).bind(page.rows())).await
    }

    /// Those that have the `sign` key of that id (one, unless somebody lies).
    pub async fn find_directory_by_key(&mut self, key_id: &str) -> Result<Vec<DirectoryRow>> {
        let statement = sql("-- find_directory_by_key
            SELECT * FROM directory WHERE key_id = $1 ORDER BY id LIMIT 100");
        self.list(statement.bind(key_id)).await
    }

    /// How many of one kind are known.
    pub async fn count_directory(&mut self, kind: &str) -> Result<u64> {
        let statement = sql("-- count_directory\nSELECT COUNT(*) AS value FROM directory WHERE kind = $1");
        self.one(statement.bind(kind)).await
    }
}
