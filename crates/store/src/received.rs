//! Uses, the user's side: the user's own meter, against which it checks the provider's windows.

use crate::{
    body::Body,
    columns::{from_row, to_i64, to_i64_opt},
    conn::{Read, Tx, sql},
    error::Result,
    many::Many,
    page::Page,
    uses::UseSum,
};

/// A use as the user metered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedUseRow {
    /// The user's connector.
    pub tenant: String,
    /// The contract.
    pub contract: String,
    /// The use id, minted by the user.
    pub use_id: String,
    /// Its state, one of those below.
    pub state: String,
    /// The provider's sequence, once told.
    pub sequence: Option<u64>,
    /// Bytes received; of an incomplete use in a window, those that both sides signed.
    pub bytes: u64,
    /// Rows received.
    pub rows: u64,
    /// SHA-256 of what was received.
    pub digest: Option<String>,
    /// Begun at, microseconds.
    pub opened_at: i64,
    /// Ended at, microseconds.
    pub closed_at: Option<i64>,
    /// The window that the user countersigned it in.
    pub in_window: Option<u64>,
    /// The rest.
    pub body: Body,
}

from_row!(ReceivedUseRow {
    tenant: text,
    contract: text,
    use_id: text,
    state: text,
    sequence: count_opt,
    bytes: count,
    rows: count,
    digest: text_opt,
    opened_at: int,
    closed_at: int_opt,
    in_window: count_opt,
    body: body,
});

impl ReceivedUseRow {
    /// Not at its end.
    pub const OPEN: &'static str = "open";
    /// Received whole, digest checked.
    pub const COMPLETE: &'static str = "complete";
    /// Given up.
    pub const INCOMPLETE: &'static str = "incomplete";
    /// Refused by its provider: it does not count.
    pub const REFUSED: &'static str = "refused";
    /// Received with another digest than the one that was announced.
    pub const MISMATCH: &'static str = "mismatch";
}

// A join that starts from the values looks each row up by its key: see metering.rs.
const FIND_RECEIVED: Many = Many {
    head: "-- find_received
        SELECT r.* FROM (VALUES ",
    columns: 3,
    tail: ") AS v CROSS JOIN received_uses AS r
        WHERE r.tenant = v.column1 AND r.contract = v.column2 AND r.use_id = v.column3",
    is_padded: true,
};

impl Tx {
    /// Writes a use, new or changed.
    pub async fn put_received_use(&mut self, row: &ReceivedUseRow) -> Result<()> {
        let statement = sql("-- put_received_use
            INSERT INTO received_uses (tenant, contract, use_id, state, sequence, bytes, rows, digest, opened_at,
                closed_at, in_window, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (tenant, contract, use_id) DO UPDATE SET state = excluded.state,
                sequence = excluded.sequence, bytes = excluded.bytes, rows = excluded.rows,
                digest = excluded.digest, closed_at = excluded.closed_at, in_window = excluded.in_window,
                body = excluded.body")
        .bind(row.tenant.as_str())
        .bind(row.contract.as_str())
        .bind(row.use_id.as_str())
        .bind(row.state.as_str())
        .bind(to_i64_opt(row.sequence, "sequence")?)
        .bind(to_i64(row.bytes, "bytes")?)
        .bind(to_i64(row.rows, "rows")?)
        .bind(row.digest.as_deref())
        .bind(row.opened_at)
        .bind(row.closed_at)
        .bind(to_i64_opt(row.in_window, "in_window")?)
        .bind(row.body.as_str());
        self.execute(statement).await.map(drop)
    }
}

impl Read {
    /// One use.
    pub async fn get_received_use(
        &mut self,
        tenant: &str,
        contract: &str,
        use_id: &str,
    ) -> Result<Option<ReceivedUseRow>> {
        let statement = sql("-- get_received_use
            SELECT * FROM received_uses WHERE tenant = $1 AND contract = $2 AND use_id = $3");
        self.find(statement.bind(tenant).bind(contract).bind(use_id)).await
    }

    /// Those of a contract's uses that are known here, in no order.
    pub async fn find_received_uses(
        &mut self,
        tenant: &str,
        contract: &str,
        use_ids: &[&str],
    ) -> Result<Vec<ReceivedUseRow>> {
        let mut found: Vec<ReceivedUseRow> = self
            .list_many(&FIND_RECEIVED, use_ids, |statement, id| {
                Ok(statement.bind(tenant).bind(contract).bind(*id))
            })
            .await?;
        // What stands in the list several times is found as often.
        found.sort_unstable_by(|a, b| a.use_id.cmp(&b.use_id));
        found.dedup_by(|a, b| a.use_id == b.use_id);
        Ok(found)
    }

    /// A contract's uses, by use id.
    pub async fn list_received_uses(
        &mut self,
        tenant: &str,
        contract: &str,
        page: &Page,
    ) -> Result<Vec<ReceivedUseRow>> {
        let statement = sql("-- list_received_uses
            SELECT * FROM received_uses WHERE tenant = $1 AND contract = $2 AND use_id > $3
            ORDER BY use_id LIMIT $4");
        self.list(statement.bind(tenant).bind(contract).bind(page.after.as_str()).bind(page.rows())).await
    }

    /// What came in under a contract. A use that its provider refused is none, and one that it has not answered is none yet: whether it
    /// was counted there, its window will say.
    pub async fn sum_received_uses(&mut self, tenant: &str, contract: &str) -> Result<UseSum> {
        let statement = sql("-- sum_received_uses
            SELECT COUNT(*) AS uses,
                CAST(COALESCE(SUM(CASE WHEN state = 'complete' THEN 1 ELSE 0 END), 0) AS BIGINT) AS complete,
                CAST(COALESCE(SUM(bytes), 0) AS BIGINT) AS bytes, CAST(COALESCE(SUM(rows), 0) AS BIGINT) AS rows
            FROM received_uses WHERE tenant = $1 AND contract = $2 AND state <> 'refused'
                AND (state <> 'open' OR sequence IS NOT NULL)");
        self.one(statement.bind(tenant).bind(contract)).await
    }
}
