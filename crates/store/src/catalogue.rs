//! The one catalogue over all regions, as this node sees it: a row per product, told by the public logs. Finding
//! products by words is the search engine's; this is what it is filled from.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    many::Many,
    page::Page,
};

/// A product in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueRow {
    /// Its identifier.
    pub product: String,
    /// The log that tells of it.
    pub origin: String,
    /// The provider's subject code or connector.
    pub provider: String,
    /// The provider's area code.
    pub area: String,
    /// Whether it can be contracted now.
    pub listed: bool,
    /// Learned at, microseconds.
    pub updated_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(CatalogueRow {
    product: text,
    origin: text,
    provider: text,
    area: text,
    listed: flag,
    updated_at: int,
    body: body,
});

const PUT_CATALOGUE: Many = Many {
    head: "-- put_catalogue
        INSERT INTO catalogue (product, origin, provider, area, listed, updated_at, body) VALUES ",
    columns: 7,
    tail: " ON CONFLICT (product) DO UPDATE SET origin = excluded.origin, provider = excluded.provider,
            area = excluded.area, listed = excluded.listed, updated_at = excluded.updated_at, body = excluded.body",
    is_padded: false,
};

impl Tx {
    /// Writes rows, new or changed; each product at most once in a call.
    pub async fn put_catalogue(&mut self, rows: &[CatalogueRow]) -> Result<()> {
        self.execute_many(&PUT_CATALOGUE, rows, |statement, row| {
            Ok(statement
                .bind(row.product.as_str())
                .bind(row.origin.as_str())
                .bind(row.provider.as_str())
                .bind(row.area.as_str())
                .bind(i64::from(row.listed))
                .bind(row.updated_at)
                .bind(row.body.as_str()))
        })
        .await
        .map(drop)
    }

    /// Takes a product out; whether it was there.
    pub async fn delete_catalogue(&mut self, product: &str) -> Result<bool> {
        let statement = sql("-- delete_catalogue\nDELETE FROM catalogue WHERE product = $1").bind(product);
        Ok(self.execute(statement).await? == 1)
    }
}

impl Read {
    /// One product.
    pub async fn get_catalogue(&mut self, product: &str) -> Result<Option<CatalogueRow>> {
        self.find(sql("-- get_catalogue\nSELECT * FROM catalogue WHERE product = $1").bind(product)).await
    }

    /// All products, by identifier.
    pub async fn list_catalogue(&mut self, page: &Page) -> Result<Vec<CatalogueRow>> {
        let statement = sql("-- list_catalogue
            SELECT * FROM catalogue WHERE product > $1 ORDER BY product LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }

    /// Products that can be contracted now, by identifier.
    pub async fn list_catalogue_listed(&mut self, page: &Page) -> Result<Vec<CatalogueRow>> {
        let statement = sql("-- list_catalogue_listed
            SELECT * FROM catalogue WHERE listed = 1 AND product > $1 ORDER BY product LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }

    /// One provider's products, by identifier.
    pub async fn list_catalogue_of(&mut self, provider: &str, page: &Page) -> Result<Vec<CatalogueRow>> {
        let statement = sql("-- list_catalogue_of
            SELECT * FROM catalogue WHERE provider = $1 AND product > $2 ORDER BY product LIMIT $3");
        self.list(statement.bind(provider).bind(page.after.as_str()).bind(page.rows())).await
    }

    /// How many products there are: all, and those listed.
    pub async fn count_catalogue(&mut self) -> Result<CatalogueCount> {
        let statement = sql("-- count_catalogue
            SELECT COUNT(*) AS products, CAST(COALESCE(SUM(listed), 0) AS BIGINT) AS listed FROM catalogue");
        self.one(statement).await
    }
}

/// The catalogue's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueCount {
    /// All products.
    pub products: u64,
    /// Those that can be contracted now.
    pub listed: u64,
}

from_row!(CatalogueCount { products: count, listed: count });
