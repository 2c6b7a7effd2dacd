//! Every limit of the domain, named in one place. What exceeds one gets a refusal that names it.

/// Rounds of one negotiation, both parties counted.
pub const ROUNDS_MAX: usize = 16;
/// Field names of one fields term.
pub const FIELDS_MAX: usize = 5_000;
/// Region codes of one region term.
pub const REGIONS_MAX: usize = 512;
/// Users named in one user term.
pub const USERS_MAX: usize = 1_000;
/// Largest count: the largest whole number that every JSON reader keeps exactly.
pub const COUNT_MAX: u64 = 9_007_199_254_740_991;
/// Characters of a field or column name.
pub const COLUMN_NAME_CHARS_MAX: usize = 256;
/// Columns of one resource.
pub const COLUMNS_MAX: usize = 4_096;
/// Characters of the value of one constraint on the wire: room for [`FIELDS_MAX`] names of usual length.
pub const CONSTRAINT_VALUE_CHARS_MAX: usize = 400_000;
/// Constraints of one policy on the wire.
pub const CONSTRAINTS_MAX: usize = 64;
/// Characters of a name (contract, product, organisation, connector): C..128 in TC609-6-2025-14, annex C.
pub const NAME_CHARS_MAX: usize = 128;
/// Characters of an abstract or description: C..1024 in TC609-6-2025-14, annex C.
pub const ABSTRACT_CHARS_MAX: usize = 1_024;
/// Keywords of a resource or product, per language.
pub const KEYWORDS_MAX: usize = 64;
/// Characters of one keyword.
pub const KEYWORD_CHARS_MAX: usize = 64;
/// Characters of a reason for an end.
pub const REASON_CHARS_MAX: usize = 1_024;
/// Characters of a local key (contract, resource, product).
pub const KEY_CHARS_MAX: usize = 64;
/// Characters of a use id.
pub const USE_ID_CHARS_MAX: usize = 64;
/// Service nodes on which one product is listed.
pub const LISTINGS_MAX: usize = 256;
/// Draws of the random part before a minter gives up: each fails with a chance of 1 in 37.
pub const MINT_DRAWS_MAX: usize = 64;
/// Hits of one page of search.
pub const SEARCH_PAGE_MAX: u32 = 100;
/// Characters of a search text.
pub const SEARCH_TEXT_CHARS_MAX: usize = 512;

/// The number of characters of `text`, if that is more than `max`.
pub(crate) fn too_long(text: &str, max: usize) -> Option<usize> {
    let chars = text.chars().count();
    (chars > max).then_some(chars)
}
