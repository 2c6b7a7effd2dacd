//! Connectors that this node hosts, one organisation's each.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// A hosted connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantRow {
    /// Its id (type 5); the first part of every key that belongs to it.
    pub connector: String,
    /// The organisation's subject code.
    pub owner: String,
    /// Its state.
    pub state: String,
    /// Hosted since, microseconds.
    pub created_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(TenantRow { connector: text, owner: text, state: text, created_at: int, body: body });

impl Tx {
    /// Writes a tenant, new or changed; its `created_at` stays what it was.
    pub async fn put_tenant(&mut self, row: &TenantRow) -> Result<()> {
        let statement = sql("-- put_tenant
            INSERT INTO tenants (connector, owner, state, created_at, body) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (connector) DO UPDATE SET owner = excluded.owner, state = excluded.state,
                body = excluded.body")
        .bind(row.connector.as_str())
        .bind(row.owner.as_str())
        .bind(row.state.as_str())
        .bind(row.created_at)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }
}

impl Read {
    /// A tenant by its connector's id.
    pub async fn get_tenant(&mut self, connector: &str) -> Result<Option<TenantRow>> {
        self.find(sql("-- get_tenant\nSELECT * FROM tenants WHERE connector = $1").bind(connector)).await
    }

    /// The tenants, by connector id.
    pub async fn list_tenants(&mut self, page: &Page) -> Result<Vec<TenantRow>> {
        let statement = sql("-- list_tenants
            SELECT * FROM tenants WHERE connector > $1 ORDER BY connector LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }
}
