//! The object-safe traits of the engines, and the clock as a value.
//!
//! An engine stands alone and knows the domain only; the binary plugs it in. What the domain itself decides is no trait.

use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::catalogue::{I18n, Keywords};
use crate::id::{AreaCode, ProductId};
use crate::limits;

/// Where the time comes from. A node owns its clock; nothing else asks for the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// A clock that stands still until it is moved, for tests and simulations.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows `at`.
    #[must_use]
    pub const fn new(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.micros()))
    }

    /// Moves the clock on by `micros` (back where negative) and returns the new time.
    pub fn advance_micros(&self, micros: i64) -> Timestamp {
        let before = self.0.fetch_add(micros, Ordering::SeqCst);
        Timestamp::from_micros(before.wrapping_add(micros))
    }

    /// Moves the clock on by `secs` and returns the new time.
    pub fn advance_secs(&self, secs: i64) -> Timestamp {
        self.advance_micros(secs.saturating_mul(1_000_000))
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// What the search engine knows of one product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchDocument {
    /// The product; a later document of the same product replaces the earlier.
    pub product: ProductId,
    /// Title in both languages.
    pub title: I18n,
    /// Description in both languages.
    pub description: I18n,
    /// Keywords in both languages.
    pub keywords: Keywords,
    /// Names and titles of the columns.
    pub columns: Vec<String>,
    /// Name of the provider.
    pub provider_name: String,
    /// Region or industry where the product is registered.
    pub area: AreaCode,
}

/// A change to the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchChange {
    /// Adds a product or replaces it.
    Upsert(Box<SearchDocument>),
    /// Removes a product; one that is not there is no error.
    Remove(ProductId),
}

/// What to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words in Chinese or English, all of which must occur; empty finds everything.
    pub text: String,
    /// Hits of the page, at most [`limits::SEARCH_PAGE_MAX`].
    pub limit: u32,
    /// Hits before the page.
    pub offset: u32,
    /// Only products of this region, province or industry.
    pub area: Option<AreaCode>,
}

impl SearchQuery {
    /// A query for the first page, without a restriction of area.
    #[must_use]
    pub fn new(text: impl Into<String>, limit: u32) -> Self {
        Self { text: text.into(), limit, offset: 0, area: None }
    }

    /// Checks the query against the limits.
    ///
    /// # Errors
    /// [`EngineError::Query`] that names the limit.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.limit == 0 || self.limit > limits::SEARCH_PAGE_MAX {
            let limit = limits::SEARCH_PAGE_MAX;
            return Err(EngineError::Query(format!("a page of `{}` hits: ask for 1 to {limit}", self.limit)));
        }
        match limits::too_long(&self.text, limits::SEARCH_TEXT_CHARS_MAX) {
            Some(chars) => {
                let limit = limits::SEARCH_TEXT_CHARS_MAX;
                Err(EngineError::Query(format!("a search text of {chars} characters: give at most {limit}")))
            }
            None => Ok(()),
        }
    }
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The product.
    pub product: ProductId,
    /// Score in thousandths; only its order within one answer means anything.
    pub score_milli: u32,
}

/// A page of hits, best first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// Number of all hits, not only of this page.
    pub total: u64,
    /// The hits of this page.
    pub hits: Vec<SearchHit>,
}

/// Full-text search over products.
pub trait SearchEngine: Send + Sync {
    /// Applies changes in order; when this returns, they are found.
    ///
    /// # Errors
    /// [`EngineError::Failed`] where the index cannot take them; none of them counts then.
    fn apply(&self, changes: &[SearchChange]) -> Result<(), EngineError>;

    /// Looks for products.
    ///
    /// # Errors
    /// [`EngineError::Query`] for a query beyond the limits, [`EngineError::Failed`] where the index cannot be read.
    fn search(&self, query: &SearchQuery) -> Result<SearchPage, EngineError>;
}

/// Why an engine did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The request itself is at fault.
    #[error("search refused: {0}")]
    Query(String),
    /// The engine failed; the text says what it could not do.
    #[error("engine `{engine}` failed: {reason}")]
    Failed {
        /// Which engine.
        engine: &'static str,
        /// What it could not do.
        reason: String,
    },
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
