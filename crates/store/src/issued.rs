//! Contract ids that this node issued (it lists the product, or registers its provider). The same request gets the
//! same id again.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::{Result, StoreError},
    page::Page,
};

/// An issued contract id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedRow {
    /// The 47-character id.
    pub contract: String,
    /// The product it is about.
    pub product: String,
    /// The provider's connector.
    pub provider: String,
    /// The connector that asked.
    pub requester: String,
    /// The requester's own name of its request.
    pub request: String,
    /// Issued at, microseconds.
    pub issued_at: i64,
    /// The rest.
    pub body: Body,
}

from_row!(IssuedRow {
    contract: text,
    product: text,
    provider: text,
    requester: text,
    request: text,
    issued_at: int,
    body: body,
});

/// What became of an id that was to be issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issue {
    /// It is issued now.
    Issued,
    /// The request had got an id before: this one.
    Before(IssuedRow),
}

impl Tx {
    /// Issues an id for a request, once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the id itself is taken: mint another.
    pub async fn issue_contract(&mut self, row: &IssuedRow) -> Result<Issue> {
        if let Some(before) = self.find_issued(&row.requester, &row.request).await? {
            return Ok(Issue::Before(before));
        }
        let statement = sql("-- issue_contract
            INSERT INTO issued_contracts (contract, product, provider, requester, request, issued_at, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING")
        .bind(row.contract.as_str())
        .bind(row.product.as_str())
        .bind(row.provider.as_str())
        .bind(row.requester.as_str())
        .bind(row.request.as_str())
        .bind(row.issued_at)
        .bind(row.body.as_str());
        if self.execute(statement).await? == 1 {
            return Ok(Issue::Issued);
        }
        Err(StoreError::conflict(format!("the contract id `{}`", row.contract)))
    }
}

impl Read {
    /// An issued id.
    pub async fn get_issued(&mut self, contract: &str) -> Result<Option<IssuedRow>> {
        let statement = sql("-- get_issued\nSELECT * FROM issued_contracts WHERE contract = $1");
        self.find(statement.bind(contract)).await
    }

    /// The id that a request got.
    pub async fn find_issued(&mut self, requester: &str, request: &str) -> Result<Option<IssuedRow>> {
        let statement = sql("-- find_issued
            SELECT * FROM issued_contracts WHERE requester = $1 AND request = $2");
        self.find(statement.bind(requester).bind(request)).await
    }

    /// The issued ids, in their order.
    pub async fn list_issued(&mut self, page: &Page) -> Result<Vec<IssuedRow>> {
        let statement = sql("-- list_issued
            SELECT * FROM issued_contracts WHERE contract > $1 ORDER BY contract LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }
}
