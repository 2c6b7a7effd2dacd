//! Usage windows, on either side: the provider's under its connector, the user's copy under the user's.
//! Numbers run from 1 without gaps, which [`Tx::insert_window`] keeps.

use crate::{
    body::Body,
    columns::{from_row, to_i64},
    conn::{Read, Tx, sql},
    error::{Result, StoreError},
    page::bounded,
};

/// A window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowRow {
    /// Whose copy: a connector.
    pub tenant: String,
    /// The contract.
    pub contract: String,
    /// Its place in the contract's chain, from 1.
    pub number: u64,
    /// The first closing sequence in it.
    pub first: u64,
    /// The last closing sequence in it.
    pub last: u64,
    /// The hash that the next window names, hexadecimal.
    pub hash: String,
    /// [`WindowRow::SIGNED`], [`WindowRow::COUNTERSIGNED`] or [`WindowRow::REFUSED`].
    pub state: String,
    /// Closed at, microseconds.
    pub closed_at: i64,
    /// Counter-signed (or refused) at, microseconds.
    pub countersigned_at: Option<i64>,
    /// The signed window.
    pub body: Body,
    /// The user's counter-signature, or what it refused the window with.
    pub countersignature: Option<Body>,
}

from_row!(WindowRow {
    tenant: text,
    contract: text,
    number: count,
    first: count,
    last: count,
    hash: text,
    state: text,
    closed_at: int,
    countersigned_at: int_opt,
    body: body,
    countersignature: body_opt,
});

impl WindowRow {
    /// Signed by the provider, not answered yet.
    pub const SIGNED: &'static str = "signed";
    /// Signed by both.
    pub const COUNTERSIGNED: &'static str = "countersigned";
    /// Refused by the user.
    pub const REFUSED: &'static str = "refused";
}

impl Tx {
    /// Adds a contract's next window.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] unless its number and first use follow those of the window before.
    pub async fn insert_window(&mut self, row: &WindowRow) -> Result<()> {
        let before = self.last_window(&row.tenant, &row.contract).await?;
        let (number, last) = before.map_or((0, 0), |window| (window.number, window.last));
        if row.number != number + 1 || row.first != last + 1 || row.last < row.first {
            let what = format!("the window {} of contract `{}`", row.number, row.contract);
            return Err(StoreError::conflict(what));
        }
        let statement = sql("-- insert_window
            INSERT INTO windows (tenant, contract, number, first, last, hash, state, closed_at, countersigned_at,
                body, countersignature)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)")
        .bind(row.tenant.as_str())
        .bind(row.contract.as_str())
        .bind(to_i64(row.number, "number")?)
        .bind(to_i64(row.first, "first")?)
        .bind(to_i64(row.last, "last")?)
        .bind(row.hash.as_str())
        .bind(row.state.as_str())
        .bind(row.closed_at)
        .bind(row.countersigned_at)
        .bind(row.body.as_str())
        .bind(row.countersignature.as_ref().map(Body::as_str));
        self.execute(statement).await.map(drop)
    }

    /// Notes the user's answer to a window that waits for one; whether it waited. (A second answer changes nothing.)
    pub async fn answer_window(
        &mut self,
        (tenant, contract, number): (&str, &str, u64),
        state: &str,
        countersignature: &Body,
        at: i64,
    ) -> Result<bool> {
        let statement = sql("-- answer_window
            UPDATE windows SET state = $4, countersignature = $5, countersigned_at = $6
            WHERE tenant = $1 AND contract = $2 AND number = $3 AND state = 'signed'")
        .bind(tenant)
        .bind(contract)
        .bind(to_i64(number, "number")?)
        .bind(state)
        .bind(countersignature.as_str())
        .bind(at);
        Ok(self.execute(statement).await? == 1)
    }
}

impl Read {
    /// One window.
    pub async fn get_window(
        &mut self,
        tenant: &str,
        contract: &str,
        number: u64,
    ) -> Result<Option<WindowRow>> {
        let statement = sql("-- get_window
            SELECT * FROM windows WHERE tenant = $1 AND contract = $2 AND number = $3");
        self.find(statement.bind(tenant).bind(contract).bind(to_i64(number, "number")?)).await
    }

    /// A contract's newest window.
    pub async fn last_window(&mut self, tenant: &str, contract: &str) -> Result<Option<WindowRow>> {
        let statement = sql("-- last_window
            SELECT * FROM windows WHERE tenant = $1 AND contract = $2 ORDER BY number DESC LIMIT 1");
        self.find(statement.bind(tenant).bind(contract)).await
    }

    /// A contract's windows from number `from` on.
    pub async fn list_windows(
        &mut self,
        tenant: &str,
        contract: &str,
        from: u64,
        limit: u32,
    ) -> Result<Vec<WindowRow>> {
        let statement = sql("-- list_windows
            SELECT * FROM windows WHERE tenant = $1 AND contract = $2 AND number >= $3 ORDER BY number LIMIT $4");
        self.list(statement.bind(tenant).bind(contract).bind(to_i64(from, "from")?).bind(bounded(limit)))
            .await
    }

    /// Windows in one state over all contracts, in contract and number order.
    pub async fn list_windows_in(&mut self, state: &str, limit: u32) -> Result<Vec<WindowRow>> {
        let statement = sql("-- list_windows_in
            SELECT * FROM windows WHERE state = $1 ORDER BY tenant, contract, number LIMIT $2");
        self.list(statement.bind(state).bind(bounded(limit))).await
    }

    /// How many of a contract's windows the user has not counter-signed.
    pub async fn count_unsigned_windows(&mut self, tenant: &str, contract: &str) -> Result<u64> {
        let statement = sql("-- count_unsigned_windows
            SELECT COUNT(*) AS value FROM windows
            WHERE tenant = $1 AND contract = $2 AND state <> 'countersigned'");
        self.one(statement.bind(tenant).bind(contract)).await
    }
}
