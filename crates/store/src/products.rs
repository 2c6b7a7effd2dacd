//! A tenant's products. The identifier comes from the region node; until then the tenant's own key names it.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::{Result, StoreError},
    page::Page,
};

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    /// The tenant's connector.
    pub tenant: String,
    /// The tenant's own name for it, fixed from the start.
    pub key: String,
    /// The identifier, once one is assigned.
    pub id: Option<String>,
    /// The key of the resource it offers.
    pub resource: String,
    /// Its lifecycle's state.
    pub state: String,
    /// Changed at, microseconds.
    pub updated_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(ProductRow {
    tenant: text,
    key: text,
    id: text_opt,
    resource: text,
    state: text,
    updated_at: int,
    body: body,
});

impl Tx {
    /// Writes a product, new or changed. An identifier, once assigned, gives way to no other.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the stored row has another identifier.
    pub async fn put_product(&mut self, row: &ProductRow) -> Result<()> {
        let statement = sql("-- put_product
            INSERT INTO products (tenant, key, id, resource, state, updated_at, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (tenant, key) DO UPDATE SET id = excluded.id, resource = excluded.resource,
                state = excluded.state, updated_at = excluded.updated_at, body = excluded.body
            WHERE products.id IS NULL OR excluded.id IS NULL OR products.id = excluded.id")
        .bind(row.tenant.as_str())
        .bind(row.key.as_str())
        .bind(row.id.as_deref())
        .bind(row.resource.as_str())
        .bind(row.state.as_str())
        .bind(row.updated_at)
        .bind(row.body.as_str());
        match self.execute(statement).await? {
            0 => Err(StoreError::conflict(format!("the identifier of product `{}`", row.key))),
            _ => Ok(()),
        }
    }
}

impl Read {
    /// A product by the tenant's name for it.
    pub async fn get_product(&mut self, tenant: &str, key: &str) -> Result<Option<ProductRow>> {
        let statement = sql("-- get_product\nSELECT * FROM products WHERE tenant = $1 AND key = $2");
        self.find(statement.bind(tenant).bind(key)).await
    }

    /// A tenant's product by its identifier.
    pub async fn find_product(&mut self, tenant: &str, id: &str) -> Result<Option<ProductRow>> {
        let statement = sql("-- find_product\nSELECT * FROM products WHERE tenant = $1 AND id = $2");
        self.find(statement.bind(tenant).bind(id)).await
    }

    /// Whichever tenant's product has the identifier.
    pub async fn find_product_of_any(&mut self, id: &str) -> Result<Option<ProductRow>> {
        let statement = sql("-- find_product_of_any
            SELECT * FROM products WHERE id = $1 ORDER BY tenant LIMIT 1");
        self.find(statement.bind(id)).await
    }

    /// A tenant's products, by key.
    pub async fn list_products(&mut self, tenant: &str, page: &Page) -> Result<Vec<ProductRow>> {
        let statement = sql("-- list_products
            SELECT * FROM products WHERE tenant = $1 AND key > $2 ORDER BY key LIMIT $3");
        self.list(statement.bind(tenant).bind(page.after.as_str()).bind(page.rows())).await
    }
}
