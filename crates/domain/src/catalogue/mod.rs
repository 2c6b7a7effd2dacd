//! The catalogue: resources with their profiles, products with their terms, listings on service nodes.
//!
//! NDI-TR-2025-02, clause 4 (registration, listing) and NDI-TR-2025-06 (description). The dictionaries of annex A are
//! missing from the stored draft; the items are those that the texts name. Where a resource's bytes lie is private to its
//! connector and not here; profiling files is left to the data plane, publishing entries to the application.

mod product;
mod profile;
mod resource;

use serde::{Deserialize, Serialize};

pub use product::{Listing, NewProduct, Product, ProductInput, ProductState};
pub use profile::{Column, ColumnKind, Format, Profile};
pub use resource::{Resource, ResourceInput, ResourceState};

use crate::Refusal;
use crate::limits;

/// A text in both languages. Either may be empty; a reader falls back to the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct I18n {
    /// Chinese.
    #[serde(default)]
    pub zh: String,
    /// English.
    #[serde(default)]
    pub en: String,
}

impl I18n {
    /// A text in both languages.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The same text for both languages, for names that have no translation.
    #[must_use]
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { zh: text.clone(), en: text }
    }

    /// The Chinese text, or the English where there is none.
    #[must_use]
    pub fn in_zh(&self) -> &str {
        if self.zh.is_empty() { &self.en } else { &self.zh }
    }

    /// The English text, or the Chinese where there is none.
    #[must_use]
    pub fn in_en(&self) -> &str {
        if self.en.is_empty() { &self.zh } else { &self.en }
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.zh.is_empty() && self.en.is_empty()
    }

    fn check(&self, what: &'static str, max: usize) -> Result<(), Refusal> {
        Refusal::check_length(what, &self.zh, max)?;
        Refusal::check_length(what, &self.en, max)
    }
}

/// Keywords in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Keywords {
    /// Chinese words.
    #[serde(default)]
    pub zh: Vec<String>,
    /// English words.
    #[serde(default)]
    pub en: Vec<String>,
}

impl Keywords {
    fn check(&self) -> Result<(), Refusal> {
        for words in [&self.zh, &self.en] {
            let (limit, actual) = (limits::KEYWORDS_MAX, words.len());
            if actual > limit {
                return Err(Refusal::TooMany { what: "keywords", limit, actual });
            }
            words
                .iter()
                .try_for_each(|word| Refusal::check_text("keyword", word, limits::KEYWORD_CHARS_MAX))?;
        }
        Ok(())
    }
}

/// Title, description and keywords within their limits, and a title at all.
fn check_description(title: &I18n, description: &I18n, keywords: &Keywords) -> Result<(), Refusal> {
    if title.is_empty() {
        return Err(Refusal::Empty { what: "title" });
    }
    title.check("title", limits::NAME_CHARS_MAX)?;
    description.check("description", limits::ABSTRACT_CHARS_MAX)?;
    keywords.check()
}

#[cfg(test)]
mod tests;
