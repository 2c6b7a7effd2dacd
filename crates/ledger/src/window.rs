//! Usage windows: the closed uses of one contract as one signed object, and the user's counter-signature.
//!
//! A provider closes a window over consecutive uses of a contract: their records are the leaves of a Merkle tree, the
//! window states root, counts and sums, and names the window before it by hash, so that a contract's windows form one
//! chain. The provider's connector signs and logs it; the user checks it with [`UseLeaf::agrees_with`],
//! [`Window::matches`] and [`Window::follows`], counter-signs it by hash, and logs that. Both name, under their signature, the log in which
//! they record it.
//!
//! Times are microseconds since the Unix epoch, UTC. Bytes and rows are what the user received. Left to others: when a
//! window is closed, and what happens when a counter-signature stays away.

use crypto::{Sha256, SignedObject, SigningKey, sign_object};
use serde::{Deserialize, Serialize};

use crate::LedgerError;
use crate::checkpoint::LogIdentity;
use crate::tree::{Hash, Tree, leaf_hash};

/// The type of a signed [`Window`].
pub const WINDOW_TYPE: &str = "weir.usage-window/1";

/// The type of a signed [`Countersignature`].
pub const COUNTERSIGNATURE_TYPE: &str = "weir.usage-window-countersignature/1";

/// The greatest number of uses in one window.
pub const MAX_USES: u64 = 4096;

/// The hash that the first window of a contract names as the one before it.
#[must_use]
pub fn no_window() -> Hash {
    Sha256::from_bytes([0; 32])
}

/// One closed use, as both sides recorded it: a leaf of its window's tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UseLeaf {
    /// The use's id, chosen by the user; one delivery under one id is one use.
    pub use_id: String,
    /// The contract under which it was admitted.
    pub contract_id: String,
    /// Its number among the uses of the contract, from 1, without gaps.
    pub sequence: u64,
    /// When it was admitted, before its first byte.
    pub opened_at: i64,
    /// When it ended or was given up.
    pub closed_at: i64,
    /// Bytes delivered; of an incomplete use, the furthest one that the provider sent.
    pub bytes: u64,
    /// Rows delivered; 0 of an incomplete use, whose rows nobody counted.
    pub rows: u64,
    /// SHA-256 over the delivered bytes; only a complete use has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Sha256>,
    /// Whether everything was delivered. A use that was given up counts all the same.
    pub complete: bool,
    /// The columns it was restricted to, where the contract restricts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Vec<String>>,
}

impl UseLeaf {
    /// The leaf of the window's tree: the RFC 6962 leaf hash of the record in canonical JSON.
    ///
    /// # Errors
    /// [`LedgerError::Crypto`] when a count is beyond what canonical JSON carries exactly.
    pub fn leaf_hash(&self) -> Result<Hash, LedgerError> {
        Ok(leaf_hash(&crypto::jcs::to_vec(self)?))
    }

    /// Holds the provider's record of a use against one's own. Times are not compared: each side takes its own.
    ///
    /// # Errors
    /// [`LedgerError::Window`] names the first member that differs; `expected` is one's own.
    pub fn agrees_with(&self, own: &Self) -> Result<(), LedgerError> {
        let digest = |record: &Self| record.digest.map(|digest| digest.to_string()).unwrap_or_default();
        require("useId", &own.use_id, &self.use_id)?;
        require("contractId", &own.contract_id, &self.contract_id)?;
        require("sequence", own.sequence, self.sequence)?;
        require("complete", own.complete, self.complete)?;
        require("bytes", own.bytes, self.bytes)?;
        require("rows", own.rows, self.rows)?;
        require("digest", digest(own), digest(self))
    }

    /// Checks what holds for every closed use: an id of 1 to 64 characters of `0-9A-Za-z-`, times in order, counts that
    /// canonical JSON carries exactly, a digest exactly where it is complete, and no rows where it is not.
    ///
    /// # Errors
    /// [`LedgerError::Window`] names the member that does not hold.
    pub fn check(&self) -> Result<(), LedgerError> {
        let has_id = (1..=64).contains(&self.use_id.len())
            && self.use_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !has_id {
            return Err(differs("useId", "1 to 64 characters of 0-9A-Za-z-".to_owned(), self.use_id.clone()));
        }
        require_at_least("sequence", 1, self.sequence)?;
        require_at_least("closedAt", self.opened_at, self.closed_at)?;
        require_at_most("bytes", crypto::jcs::MAX_EXACT, self.bytes)?;
        require("complete", self.digest.is_some(), self.complete)?;
        let rows_max = if self.complete { crypto::jcs::MAX_EXACT } else { 0 };
        require_at_most("rows", rows_max, self.rows)
    }
}

/// What a window says: counts, sums and the root over consecutive uses of one contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// The contract whose uses these are.
    pub contract_id: String,
    /// SHA-256 over the contract's body in canonical JSON.
    pub contract_digest: Sha256,
    /// Its number among the windows of the contract, from 1, without gaps.
    pub number: u64,
    /// The sequence number of the first use.
    pub first: u64,
    /// The sequence number of the last use.
    pub last: u64,
    /// How many uses.
    pub uses: u64,
    /// How many of them are complete.
    pub complete: u64,
    /// Bytes delivered in all of them.
    pub bytes: u64,
    /// Rows delivered in all of them.
    pub rows: u64,
    /// The root of the tree whose leaves are the uses in their order.
    pub root: Hash,
    /// The hash of the window before this one ([`window_hash`]), or [`no_window`].
    pub previous: Hash,
    /// When it was closed.
    pub closed_at: i64,
    /// The evidence log in which the provider records it.
    pub log: LogIdentity,
}

/// What a window takes over from before its uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowStart {
    /// The contract whose uses it counts.
    pub contract_id: String,
    /// SHA-256 over the contract's body in canonical JSON.
    pub contract_digest: Sha256,
    /// Its number, from 1.
    pub number: u64,
    /// The sequence number with which its uses begin, from 1.
    pub first: u64,
    /// The hash of the window before it, or [`no_window`].
    pub previous: Hash,
    /// The evidence log in which the provider records it.
    pub log: LogIdentity,
}

impl WindowStart {
    /// The start of a contract's first window.
    #[must_use]
    pub fn first(contract_id: &str, contract_digest: Sha256, log: LogIdentity) -> Self {
        Self {
            contract_id: contract_id.to_owned(),
            contract_digest,
            number: 1,
            first: 1,
            previous: no_window(),
            log,
        }
    }
}

impl Window {
    /// Closes a window over uses; returns it with its tree, from which the paths of receipts come.
    ///
    /// # Errors
    /// [`LedgerError::WindowEmpty`], [`LedgerError::WindowFull`], and [`LedgerError::Window`] when a use is of another
    /// contract, out of sequence or not closed, or when a sum overflows.
    pub fn close(start: WindowStart, uses: &[UseLeaf], closed_at: i64) -> Result<(Self, Tree), LedgerError> {
        let count = count_of(uses)?;
        let tree = tree_of(uses)?;
        let mut window = Self {
            contract_id: start.contract_id,
            contract_digest: start.contract_digest,
            number: start.number,
            first: start.first,
            last: sum("last", start.first, count - 1)?,
            uses: count,
            complete: 0,
            bytes: 0,
            rows: 0,
            root: tree.root(),
            previous: start.previous,
            closed_at,
            log: start.log,
        };
        for (sequence, record) in (window.first..).zip(uses) {
            window.take(record, sequence)?;
        }
        window.check()?;
        Ok((window, tree))
    }

    fn take(&mut self, record: &UseLeaf, sequence: u64) -> Result<(), LedgerError> {
        record.check()?;
        require("contractId", &self.contract_id, &record.contract_id)?;
        require("sequence", sequence, record.sequence)?;
        require_at_least("closedAt", record.closed_at, self.closed_at)?;
        self.complete += u64::from(record.complete);
        self.bytes = sum("bytes", self.bytes, record.bytes)?;
        self.rows = sum("rows", self.rows, record.rows)?;
        Ok(())
    }

    /// Checks what holds for every window by itself: numbers from 1, counts that fit together, a chain that begins
    /// with the first window.
    ///
    /// # Errors
    /// [`LedgerError::Window`] names the member that does not hold.
    pub fn check(&self) -> Result<(), LedgerError> {
        require_at_least("number", 1, self.number)?;
        require_at_least("first", 1, self.first)?;
        require_at_least("last", self.first, self.last)?;
        require("uses", self.last - self.first + 1, self.uses)?;
        require_at_most("uses", MAX_USES, self.uses)?;
        require_at_most("complete", self.uses, self.complete)?;
        require_at_least("first", self.number, self.first)?;
        let begins = self.previous == no_window();
        require("previous", self.number == 1, begins)?;
        if begins { require("first", 1, self.first) } else { Ok(()) }
    }

    /// The user's check that these uses, each held against its own meter ([`UseLeaf::agrees_with`]), make this window.
    ///
    /// # Errors
    /// [`LedgerError::Window`] names the first member that differs; `expected` is what the given uses make.
    pub fn matches(&self, uses: &[UseLeaf]) -> Result<(), LedgerError> {
        self.check()?;
        let start = WindowStart {
            contract_id: self.contract_id.clone(),
            contract_digest: self.contract_digest,
            number: self.number,
            first: self.first,
            previous: self.previous,
            log: self.log.clone(),
        };
        let (own, _) = Self::close(start, uses, self.closed_at)?;
        require("uses", own.uses, self.uses)?;
        require("complete", own.complete, self.complete)?;
        require("bytes", own.bytes, self.bytes)?;
        require("rows", own.rows, self.rows)?;
        require("root", own.root, self.root)
    }

    /// Checks that this window is the next one of its contract: after the given one, or the first.
    ///
    /// # Errors
    /// [`LedgerError::Window`] names the member that does not continue the window before.
    pub fn follows(&self, before: Option<(&Self, Hash)>) -> Result<(), LedgerError> {
        let Some((before, hash)) = before else {
            require("number", 1, self.number)?;
            return require("previous", no_window(), self.previous);
        };
        require("contractId", &before.contract_id, &self.contract_id)?;
        require("contractDigest", before.contract_digest, self.contract_digest)?;
        require("number", sum("number", before.number, 1)?, self.number)?;
        require("first", sum("first", before.last, 1)?, self.first)?;
        require("previous", hash, self.previous)?;
        require_at_least("closedAt", before.closed_at, self.closed_at)
    }

    /// What the next window takes over from this one, given its hash ([`window_hash`]).
    ///
    /// # Errors
    /// [`LedgerError::Window`] when a number overflows.
    pub fn next_start(&self, hash: Hash) -> Result<WindowStart, LedgerError> {
        Ok(WindowStart {
            contract_id: self.contract_id.clone(),
            contract_digest: self.contract_digest,
            number: sum("number", self.number, 1)?,
            first: sum("first", self.last, 1)?,
            previous: hash,
            log: self.log.clone(),
        })
    }

    /// The position of a use in the window's tree, if its sequence number lies in the window.
    #[must_use]
    pub const fn position(&self, sequence: u64) -> Option<u64> {
        if self.first <= sequence && sequence <= self.last { Some(sequence - self.first) } else { None }
    }

    /// Signs the window with the provider connector's key.
    ///
    /// # Errors
    /// [`LedgerError::Crypto`] when signing fails or a count is beyond what canonical JSON carries exactly.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedObject, LedgerError> {
        Ok(sign_object(key, WINDOW_TYPE, self)?)
    }
}

/// By which a window is referred to: SHA-256 over its signed body in canonical JSON, `type` included.
///
/// # Errors
/// [`LedgerError::Crypto`] when the body has no exact canonical form.
pub fn window_hash(window: &SignedObject) -> Result<Hash, LedgerError> {
    Ok(window.body_hash()?)
}

/// What the user signs after comparing a window with its own meter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Countersignature {
    /// The contract of the window.
    pub contract_id: String,
    /// The number of the window.
    pub number: u64,
    /// The hash of the window ([`window_hash`]).
    pub window: Hash,
    /// When the user signed.
    pub countersigned_at: i64,
    /// The evidence log in which the user records it.
    pub log: LogIdentity,
}

impl Countersignature {
    /// The counter-signature of a window whose hash is given.
    #[must_use]
    pub fn of(window: &Window, hash: Hash, countersigned_at: i64, log: LogIdentity) -> Self {
        let (contract_id, number) = (window.contract_id.clone(), window.number);
        Self { contract_id, number, window: hash, countersigned_at, log }
    }

    /// Signs it with the user connector's key.
    ///
    /// # Errors
    /// [`LedgerError::Crypto`] when signing fails.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedObject, LedgerError> {
        Ok(sign_object(key, COUNTERSIGNATURE_TYPE, self)?)
    }

    /// Checks that it refers to this very window. Times are not compared: the two sides' clocks may differ.
    ///
    /// # Errors
    /// [`LedgerError::Window`] names the member that does not refer to the window.
    pub fn refers_to(&self, window: &Window, hash: Hash) -> Result<(), LedgerError> {
        require("window", hash, self.window)?;
        require("contractId", &window.contract_id, &self.contract_id)?;
        require("number", window.number, self.number)
    }
}

fn count_of(uses: &[UseLeaf]) -> Result<u64, LedgerError> {
    match u64::try_from(uses.len()).unwrap_or(u64::MAX) {
        0 => Err(LedgerError::WindowEmpty),
        actual if actual > MAX_USES => Err(LedgerError::WindowFull { limit: MAX_USES, actual }),
        count => Ok(count),
    }
}

fn tree_of(uses: &[UseLeaf]) -> Result<Tree, LedgerError> {
    let mut tree = Tree::new();
    for record in uses {
        tree.push(record.leaf_hash()?)?;
    }
    Ok(tree)
}

fn sum(field: &'static str, so_far: u64, more: u64) -> Result<u64, LedgerError> {
    match so_far.checked_add(more) {
        Some(sum) if sum <= crypto::jcs::MAX_EXACT => Ok(sum),
        _ => Err(differs(field, format!("at most {}", crypto::jcs::MAX_EXACT), format!("{so_far} + {more}"))),
    }
}

/// Requires two values of a member to be equal.
pub(crate) fn require<T: PartialEq + ToString>(
    field: &'static str,
    expected: T,
    actual: T,
) -> Result<(), LedgerError> {
    if expected == actual { Ok(()) } else { Err(differs(field, expected.to_string(), actual.to_string())) }
}

/// Requires a member to be no less than a bound.
pub(crate) fn require_at_least<T: PartialOrd + ToString>(
    field: &'static str,
    bound: T,
    actual: T,
) -> Result<(), LedgerError> {
    if actual >= bound {
        return Ok(());
    }
    Err(differs(field, format!("at least {}", bound.to_string()), actual.to_string()))
}

/// Requires a member to be no greater than a bound.
pub(crate) fn require_at_most<T: PartialOrd + ToString>(
    field: &'static str,
    bound: T,
    actual: T,
) -> Result<(), LedgerError> {
    if actual <= bound {
        return Ok(());
    }
    Err(differs(field, format!("at most {}", bound.to_string()), actual.to_string()))
}

const fn differs(field: &'static str, expected: String, actual: String) -> LedgerError {
    LedgerError::Window { field, expected, actual }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
