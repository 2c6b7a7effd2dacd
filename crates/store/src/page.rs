//! Lists in pages.

/// A page of a list in key order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The last key of the page before, or the empty text for the first page.
    pub after: String,
    /// How many rows at most; more than [`Page::MAX`] is read as [`Page::MAX`].
    pub limit: u32,
}

impl Page {
    /// The most rows that one call answers with.
    pub const MAX: u32 = 10_000;

    /// The first page.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: String::new(), limit }
    }

    /// The page after the row of the key given.
    #[must_use]
    pub fn after(key: impl Into<String>, limit: u32) -> Self {
        Self { after: key.into(), limit }
    }

    pub(crate) fn rows(&self) -> i64 {
        bounded(self.limit)
    }
}

/// A limit that no caller can raise beyond [`Page::MAX`].
pub(crate) fn bounded(limit: u32) -> i64 {
    i64::from(limit.min(Page::MAX))
}
