//! The clock that tests move, the limits of a search, and that the engine's trait can be a trait object.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;

#[test]
fn a_manual_clock_stands_until_it_is_moved() {
    let start = Timestamp::from_secs(1_000);
    let clock = ManualClock::new(start);
    assert_eq!((clock.now(), clock.now()), (start, start));
    assert_eq!(clock.advance_secs(5), start.plus_secs(5));
    assert_eq!(clock.advance_micros(-1), clock.now());
    clock.set(start);
    let clock: Box<dyn Clock> = Box::new(clock);
    assert_eq!(clock.now(), start);
}

#[test]
fn queries_are_held_to_their_limits() {
    assert_eq!(SearchQuery::new("臭氧", 20).check(), Ok(()));
    assert_eq!(SearchQuery::new("", limits::SEARCH_PAGE_MAX).check(), Ok(()));
    let refusal = SearchQuery::new("臭氧", 0).check().unwrap_err();
    assert_eq!(refusal.to_string(), "search refused: a page of `0` hits: ask for 1 to 100");
    assert!(SearchQuery::new("臭氧", limits::SEARCH_PAGE_MAX + 1).check().is_err());
    assert!(SearchQuery::new("臭".repeat(513), 20).check().is_err());
}

#[test]
fn the_search_trait_is_object_safe() {
    struct Nothing;
    impl SearchEngine for Nothing {
        fn apply(&self, _: &[SearchChange]) -> Result<(), EngineError> {
            Err(EngineError::Failed { engine: "nothing", reason: "it keeps nothing".to_owned() })
        }

        fn search(&self, query: &SearchQuery) -> Result<SearchPage, EngineError> {
            query.check().map(|()| SearchPage::default())
        }
    }
    let engine: Box<dyn SearchEngine> = Box::new(Nothing);
    assert_eq!(engine.search(&SearchQuery::new("x", 1)).unwrap().total, 0);
    assert_eq!(engine.apply(&[]).unwrap_err().to_string(), "engine `nothing` failed: it keeps nothing");
}
