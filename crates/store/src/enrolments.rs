//! One-time codes with which a subject joins. Only a code's hash is kept.

use crate::{
    body::Body,
    columns::from_row,
    conn::{Read, Tx, sql},
    error::Result,
    page::Page,
};

/// A code, as its hash, with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentRow {
    /// SHA-256 of the code, hexadecimal.
    pub code_hash: String,
    /// What will join: an organisation's connector, a node.
    pub kind: String,
    /// The organisation it was given to.
    pub subject: String,
    /// `open`, `used` or `revoked`.
    pub state: String,
    /// Issued at, microseconds.
    pub created_at: i64,
    /// Good until, microseconds.
    pub expires_at: i64,
    /// Used at, microseconds.
    pub used_at: Option<i64>,
    /// The id that joined with it.
    pub used_by: Option<String>,
    /// The rest.
    pub body: Body,
}

from_row!(EnrolmentRow {
    code_hash: text,
    kind: text,
    subject: text,
    state: text,
    created_at: int,
    expires_at: int,
    used_at: int_opt,
    used_by: text_opt,
    body: body,
});

impl EnrolmentRow {
    /// The state of a code that can still be used.
    pub const OPEN: &'static str = "open";
    /// The state of a code that was used.
    pub const USED: &'static str = "used";
    /// The state of a code that was taken back.
    pub const REVOKED: &'static str = "revoked";
}

impl Tx {
    /// Adds a code; whether it was new.
    pub async fn insert_enrolment(&mut self, row: &EnrolmentRow) -> Result<bool> {
        let statement = sql("-- insert_enrolment
            INSERT INTO enrolments
                (code_hash, kind, subject, state, created_at, expires_at, used_at, used_by, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (code_hash) DO NOTHING")
        .bind(row.code_hash.as_str())
        .bind(row.kind.as_str())
        .bind(row.subject.as_str())
        .bind(row.state.as_str())
        .bind(row.created_at)
        .bind(row.expires_at)
        .bind(row.used_at)
        .bind(row.used_by.as_deref())
        .bind(row.body.as_str());
        Ok(self.execute(statement).await? == 1)
    }

    /// Uses a code for `by`, once: `false` where it is unknown, used, revoked or expired at `now`.
    pub async fn redeem_enrolment(&mut self, code_hash: &str, by: &str, now: i64) -> Result<bool> {
        let statement = sql("-- redeem_enrolment
            UPDATE enrolments SET state = 'used', used_at = $3, used_by = $2
            WHERE code_hash = $1 AND state = 'open' AND expires_at > $3")
        .bind(code_hash)
        .bind(by)
        .bind(now);
        Ok(self.execute(statement).await? == 1)
    }

    /// Takes an unused code back; whether it was open.
    pub async fn revoke_enrolment(&mut self, code_hash: &str) -> Result<bool> {
        let statement = sql("-- revoke_enrolment
            UPDATE enrolments SET state = 'revoked' WHERE code_hash = $1 AND state = 'open'")
        .bind(code_hash);
        Ok(self.execute(statement).await? == 1)
    }
}

impl Read {
    /// A code by its hash.
    pub async fn get_enrolment(&mut self, code_hash: &str) -> Result<Option<EnrolmentRow>> {
        self.find(sql("-- get_enrolment\nSELECT * FROM enrolments WHERE code_hash = $1").bind(code_hash))
            .await
    }

    /// The codes, by hash.
    pub async fn list_enrolments(&mut self, page: &Page) -> Result<Vec<EnrolmentRow>> {
        let statement = sql("-- list_enrolments
            SELECT * FROM enrolments WHERE code_hash > $1 ORDER BY code_hash LIMIT $2");
        self.list(statement.bind(page.after.as_str()).bind(page.rows())).await
    }
}
