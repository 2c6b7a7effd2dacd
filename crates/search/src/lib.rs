//! Full-text search over the catalogue, Chinese and English.
//!
//! [`Index`] implements [`domain::engine::SearchEngine`]. What is found:
//! - words in titles, keywords, provider, column names, area and description; all words of a query must be there;
//! - Chinese without spaces: text is cut into words by a dictionary, and a name that the dictionary does not know is found
//!   by its characters; the [`Dictionary`] is loaded at the first Chinese text;
//! - Latin words whatever their case and accents, the last one also by its beginning; `PM2.5` and units as they are written;
//! - a product by its whole id.
//!
//! Left to others: what is in the catalogue, and who may see it.

mod dictionary;
mod error;
mod folder;
mod index;
mod query;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod unsynced;

pub use dictionary::Dictionary;
pub use error::Error;
pub use index::{Index, Opened};
pub use query::MAX_PREFIX_WORDS;
pub use text::{MAX_FIELD_CHARS, MAX_PHRASE_CHARS, MAX_QUERY_WORDS, MAX_WORD_BYTES, MIN_PREFIX_CHARS};
