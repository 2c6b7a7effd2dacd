//! Where products are listed. A provider keeps its own products' listings under its connector's id; a service node
//! keeps the listings that it grants under its own id.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// A product's listing at a service node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingRow {
    /// Whose record this is: a connector's or the service node's own id.
    pub tenant: String,
    /// The product's identifier.
    pub product: String,
    /// The service node's id.
    pub service: String,
    /// Its state.
    pub state: String,
    /// Changed at, microseconds.
    pub updated_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(ListingRow {
    tenant: text,
    product: text,
    service: text,
    state: text,
    updated_at: int,
    body: body
});

impl Tx {
    /// Writes a listing, new or changed.
    pub async fn put_listing(&mut self, row: &ListingRow) -> Result<()> {
        let statement = sql("-- put_listing
            INSERT INTO listings (tenant, product, service, state, updated_at, body)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (tenant, product, service) DO UPDATE SET state = excluded.state,
                updated_at = excluded.updated_at, body = excluded.body")
        .bind(row.tenant.as_str())
        .bind(row.product.as_str())
        .bind(row.service.as_str())
        .bind(row.state.as_str())
        .bind(row.updated_at)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }
}

impl Read {
    /// One listing.
    pub async fn get_listing(
        &mut self,
        tenant: &str,
        product: &str,
        service: &str,
    ) -> Result<Option<ListingRow>> {
        let statement = sql("-- get_listing
            SELECT * FROM listings WHERE tenant = $1 AND product = $2 AND service = $3");
        self.find(statement.bind(tenant).bind(product).bind(service)).await
    }

    /// A product's listings, by service node.
    pub async fn list_listings(&mut self, tenant: &str, product: &str) -> Result<Vec<ListingRow>> {
        let statement = sql("-- list_listings
            SELECT * FROM listings WHERE tenant = $1 AND product = $2 ORDER BY service LIMIT $3");
        self.list(statement.bind(tenant).bind(product).bind(i64::from(Page::MAX))).await
    }

    /// All listings of one owner, by product (a product with several comes whole or not at all on a page's edge).
    pub async fn list_listings_of(&mut self, tenant: &str, page: &Page) -> Result<Vec<ListingRow>> {
        let statement = sql("-- list_listings_of
            SELECT * FROM listings WHERE tenant = $1 AND product IN (
                SELECT DISTINCT product FROM listings WHERE tenant = $1 AND product > $2 ORDER BY product LIMIT $3)
            ORDER BY product, service");
        self.list(statement.bind(tenant).bind(page.after.as_str()).bind(page.rows())).await
    }
}
