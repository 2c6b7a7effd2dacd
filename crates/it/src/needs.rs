//! What a test needs of the machine that it runs on.

/// What was found. Where nothing was, a word that the test is skipped; with `WEIR_REQUIRE=all` it fails instead.
///
/// # Panics
/// Where it is required and not there.
pub fn needed<T>(test: &str, what: &str, found: Option<T>) -> Option<T> {
    if found.is_none() {
        let required = std::env::var("WEIR_REQUIRE").is_ok_and(|value| value == "all");
        assert!(!required, "{test}: WEIR_REQUIRE=all, but there is no {what}");
        eprintln!("{test}: skipped, there is no {what}");
    }
    found
}
