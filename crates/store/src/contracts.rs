//! Contracts as one party sees them (TC609-6-2025-14). The lifecycle is the domain's; here a version guards it: who
//! writes must have seen the row that he replaces.

use crate::{
    body::Body,
    columns::{from_row, to_i64},
    conn::{Read, Tx, sql},
    error::{Result, StoreError},
    page::Page,
};

/// A contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContractRow {
    /// The party's connector.
    pub tenant: String,
    /// The party's own name for it, fixed before the contract has an id.
    pub key: String,
    /// The 47-character id, once issued; unique per tenant.
    pub contract: Option<String>,
    /// The document's state code.
    pub state: String,
    /// `provider` or `user`.
    pub role: String,
    /// The other party's connector.
    pub peer: String,
    /// The product.
    pub product: String,
    /// Begun at, microseconds.
    pub created_at: i64,
    /// Changed at, microseconds.
    pub updated_at: i64,
    /// How often it was written; 0 for a row that is not stored yet. Set by the store.
    pub version: u64,
    /// The rest.
    pub body: Body,
}

from_row!(ContractRow {
    tenant: text,
    key: text,
    contract: text_opt,
    state: text,
    role: text,
    peer: text,
    product: text,
    created_at: int,
    updated_at: int,
    version: count,
    body: body,
});

impl Tx {
    /// Writes a contract over the version that `row` was read at (0: it must be new). Answers the new version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another version is stored, or another contract of the tenant has the id.
    pub async fn put_contract(&mut self, row: &ContractRow) -> Result<u64> {
        let written = if row.version == 0 { insert(self, row).await? } else { update(self, row).await? };
        if written == 1 {
            Ok(row.version + 1)
        } else {
            Err(StoreError::conflict(format!("contract `{}`", row.contract.as_ref().unwrap_or(&row.key))))
        }
    }
}

async fn insert(tx: &mut Tx, row: &ContractRow) -> Result<u64> {
    let statement = sql("-- insert_contract
        INSERT INTO contracts
            (tenant, key, contract, state, role, peer, product, created_at, updated_at, version, body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10) ON CONFLICT DO NOTHING")
    .bind(row.tenant.as_str())
    .bind(row.key.as_str())
    .bind(row.contract.as_deref())
    .bind(row.state.as_str())
    .bind(row.role.as_str())
    .bind(row.peer.as_str())
    .bind(row.product.as_str())
    .bind(row.created_at)
    .bind(row.updated_at)
    .bind(row.body.as_str());
    tx.execute(statement).await
}

/// The inner condition turns a second contract with the id into "nothing written" instead of a failed statement.
async fn update(tx: &mut Tx, row: &ContractRow) -> Result<u64> {
    let statement = sql("-- update_contract
        UPDATE contracts SET contract = $3, state = $4, role = $5, peer = $6, product = $7, updated_at = $8,
            version = version + 1, body = $10
        WHERE tenant = $1 AND key = $2 AND version = $9 AND NOT EXISTS (
            SELECT 1 FROM contracts AS other
            WHERE other.tenant = $1 AND other.contract = $3 AND other.key <> $2)")
    .bind(row.tenant.as_str())
    .bind(row.key.as_str())
    .bind(row.contract.as_deref())
    .bind(row.state.as_str())
    .bind(row.role.as_str())
    .bind(row.peer.as_str())
    .bind(row.product.as_str())
    .bind(row.updated_at)
    .bind(to_i64(row.version, "version")?)
    .bind(row.body.as_str());
    tx.execute(statement).await
}

impl Read {
    /// A contract by the party's own name for it.
    pub async fn get_contract(&mut self, tenant: &str, key: &str) -> Result<Option<ContractRow>> {
        let statement = sql("-- get_contract\nSELECT * FROM contracts WHERE tenant = $1 AND key = $2");
        self.find(statement.bind(tenant).bind(key)).await
    }

    /// A contract by its id.
    pub async fn find_contract(&mut self, tenant: &str, contract: &str) -> Result<Option<ContractRow>> {
        let statement = sql("-- find_contract\nSELECT * FROM contracts WHERE tenant = $1 AND contract = $2");
        self.find(statement.bind(tenant).bind(contract)).await
    }

    /// A party's contracts, by key.
    pub async fn list_contracts(&mut self, tenant: &str, page: &Page) -> Result<Vec<ContractRow>> {
        let statement = sql("-- list_contracts
            SELECT * FROM contracts WHERE tenant = $1 AND key > $2 ORDER BY key LIMIT $3");
        self.list(statement.bind(tenant).bind(page.after.as_str()).bind(page.rows())).await
    }

    /// A party's contracts in one state, by key.
    pub async fn list_contracts_in(
        &mut self,
        tenant: &str,
        state: &str,
        page: &Page,
    ) -> Result<Vec<ContractRow>> {
        let statement = sql("-- list_contracts_in
            SELECT * FROM contracts WHERE tenant = $1 AND state = $2 AND key > $3 ORDER BY key LIMIT $4");
        self.list(statement.bind(tenant).bind(state).bind(page.after.as_str()).bind(page.rows())).await
    }

    /// How many contracts a party has.
    pub async fn count_contracts(&mut self, tenant: &str) -> Result<u64> {
        let statement = sql("-- count_contracts\nSELECT COUNT(*) AS value FROM contracts WHERE tenant = $1");
        self.one(statement.bind(tenant)).await
    }
}
