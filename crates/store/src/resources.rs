//! A tenant's resources. Where the data lies and what its file looked like are private: they stand in columns of their
//! own and in no body.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::{Result, StoreError},
    page::Page,
};

/// A resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRow {
    /// The tenant's connector.
    pub tenant: String,
    /// The tenant's own name for it, fixed from the start.
    pub key: String,
    /// The identifier, once one is assigned.
    pub id: Option<String>,
    /// Its state.
    pub state: String,
    /// Where the data lies; private.
    pub source: Option<String>,
    /// What the file looked like when it was catalogued (size, time, inode), in the data plane's own form; private.
    pub stamp: Option<String>,
    /// Changed at, microseconds.
    pub updated_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(ResourceRow {
    tenant: text,
    key: text,
    id: text_opt,
    state: text,
    source: text_opt,
    stamp: text_opt,
    updated_at: int,
    body: body,
});

impl Tx {
    /// Writes a resource, new or changed. An identifier, once assigned, gives way to no other.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the stored row has another identifier.
    pub async fn put_resource(&mut self, row: &ResourceRow) -> Result<()> {
        let statement = sql("-- put_resource
            INSERT INTO resources (tenant, key, id, state, source, stamp, updated_at, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (tenant, key) DO UPDATE SET id = excluded.id, state = excluded.state,
                source = excluded.source, stamp = excluded.stamp, updated_at = excluded.updated_at,
                body = excluded.body
            WHERE resources.id IS NULL OR excluded.id IS NULL OR resources.id = excluded.id")
        .bind(row.tenant.as_str())
        .bind(row.key.as_str())
        .bind(row.id.as_deref())
        .bind(row.state.as_str())
        .bind(row.source.as_deref())
        .bind(row.stamp.as_deref())
        .bind(row.updated_at)
        .bind(row.body.as_str());
        match self.execute(statement).await? {
            0 => Err(StoreError::conflict(format!("the identifier of resource `{}`", row.key))),
            _ => Ok(()),
        }
    }

    /// Removes a resource; whether there was one.
    pub async fn delete_resource(&mut self, tenant: &str, key: &str) -> Result<bool> {
        let statement = sql("-- delete_resource\nDELETE FROM resources WHERE tenant = $1 AND key = $2");
        Ok(self.execute(statement.bind(tenant).bind(key)).await? == 1)
    }
}

impl Read {
    /// A resource by the tenant's name for it.
    pub async fn get_resource(&mut self, tenant: &str, key: &str) -> Result<Option<ResourceRow>> {
        let statement = sql("-- get_resource\nSELECT * FROM resources WHERE tenant = $1 AND key = $2");
        self.find(statement.bind(tenant).bind(key)).await
    }

    /// A resource by its identifier.
    pub async fn find_resource(&mut self, tenant: &str, id: &str) -> Result<Option<ResourceRow>> {
        let statement = sql("-- find_resource\nSELECT * FROM resources WHERE tenant = $1 AND id = $2");
        self.find(statement.bind(tenant).bind(id)).await
    }

    /// A tenant's resources, by key.
    pub async fn list_resources(&mut self, tenant: &str, page: &Page) -> Result<Vec<ResourceRow>> {
        let statement = sql("-- list_resources
            SELECT * FROM resources WHERE tenant = $1 AND key > $2 ORDER BY key LIMIT $3");
        self.list(statement.bind(tenant).bind(page.after.as_str()).bind(page.rows())).await
    }
}
