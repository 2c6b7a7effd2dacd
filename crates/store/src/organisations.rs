//! Organisations that this node registered: those it answers for. What it learned of others stands in the directory.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// An organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrganisationRow {
    /// Its subject code (18 characters).
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its area code.
    pub area: String,
    /// Its lifecycle's state.
    pub state: String,
    /// Changed at, microseconds.
    pub updated_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(OrganisationRow { code: text, name: text, area: text, state: text, updated_at: int, body: body });

impl Tx {
    /// Writes an organisation, new or changed.
    pub async fn put_organisation(&mut self, row: &OrganisationRow) -> Result<()> {
        let statement = sql("-- put_organisation
            INSERT INTO organisations (code, name, area, state, updated_at, body)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (code) DO UPDATE SET name = excluded.name, area = excluded.area, state = excluded.state,
                updated_at = excluded.updated_at, body = excluded.body")
        .bind(row.code.as_str())
        .bind(row.name.as_str())
        .bind(row.area.as_str())
        .bind(row.state.as_str())
        .bind(row.updated_at)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }
}

impl Read {
    /// An organisation by its subject code.
    pub async fn get_organisation(&mut self, code: &str) -> Result<Option<OrganisationRow>> {
        self.find(sql("-- get_organisation\nSELECT * FROM organisations WHERE code = $1").bind(code)).await
    }

    /// Organisations by code.
    pub async fn list_organisations(&mut self, page: &Page) -> Result<Vec<OrganisationRow>> {
        let statement = sql("-- list_organisations
            SELECT * FROM organisations WHERE code > $1 ORDER BY code LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }

    /// How many organisations there are.
    pub async fn count_organisations(&mut self) -> Result<u64> {
        self.one(sql("-- count_organisations\nSELECT COUNT(*) AS value FROM organisations")).await
    }
}
