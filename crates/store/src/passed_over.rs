//! Entries of followed logs that were not believed, with what speaks against them.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// An entry that was not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOverRow {
    /// The log that it stands in.
    pub origin: String,
    /// Type of its body.
    pub kind: String,
    /// What it is about.
    pub id: String,
    /// What speaks against it.
    pub reason: String,
    /// Passed over at, microseconds.
    pub at: i64,
    /// The entry's body.
    pub body: Body,
}

from_row!(PassedOverRow { origin: text, kind: text, id: text, reason: text, at: int, body: body });

impl Tx {
    /// Keeps an entry; a later one of the same log on the same object takes its place.
    pub async fn put_passed_over(&mut self, row: &PassedOverRow) -> Result<()> {
        let statement = sql("-- put_passed_over
            INSERT INTO passed_over (origin, kind, id, reason, at, body) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (origin, kind, id) DO UPDATE SET reason = excluded.reason, at = excluded.at,
                body = excluded.body")
        .bind(row.origin.as_str())
        .bind(row.kind.as_str())
        .bind(row.id.as_str())
        .bind(row.reason.as_str())
        .bind(row.at)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }

    /// Forgets an entry, which is believed now.
    pub async fn delete_passed_over(&mut self, origin: &str, kind: &str, id: &str) -> Result<()> {
        let statement =
            sql("-- delete_passed_over\nDELETE FROM passed_over WHERE origin = $1 AND kind = $2 AND id = $3")
                .bind(origin)
                .bind(kind)
                .bind(id);
        self.execute(statement).await.map(drop)
    }
}

impl Read {
    /// All entries in the order of their log, type and object, from behind one.
    pub async fn list_passed_over_after(
        &mut self,
        after: Option<&PassedOverRow>,
        most: u32,
    ) -> Result<Vec<PassedOverRow>> {
        let (origin, kind, id) =
            after.map_or(("", "", ""), |row| (row.origin.as_str(), row.kind.as_str(), row.id.as_str()));
        let statement = sql("-- list_passed_over_after
            SELECT * FROM passed_over WHERE (origin, kind, id) > ($1, $2, $3) ORDER BY origin, kind, id LIMIT $4");
        let statement = statement.bind(origin).bind(kind).bind(id).bind(Page::first(most).rows());
        self.list(statement).await
    }

    /// The entries that were passed over last.
    pub async fn list_passed_over(&mut self, most: u32) -> Result<Vec<PassedOverRow>> {
        let statement = sql("-- list_passed_over
            SELECT * FROM passed_over ORDER BY at DESC, origin, kind, id LIMIT $1");
        self.list(statement.bind(Page::first(most).rows())).await
    }

    /// How many there are.
    pub async fn count_passed_over(&mut self) -> Result<u64> {
        self.one(sql("-- count_passed_over\nSELECT COUNT(*) AS value FROM passed_over")).await
    }
}
