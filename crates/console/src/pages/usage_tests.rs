//! Meters that agree, differ, or are not both here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;

fn sum(uses: u64, rows: u64) -> Sums {
    Sums { uses, complete: uses, bytes: rows * 10, rows }
}

#[test]
fn one_contract_that_differs_is_enough_to_say_so_even_where_the_totals_are_equal() {
    let mut totals = Totals::default();
    totals.add(Some(sum(1, 10)), Some(sum(2, 20)));
    totals.add(Some(sum(2, 20)), Some(sum(1, 10)));
    assert!(!totals.is_agreed);
    assert_eq!((totals.provider, totals.user, totals.contracts), (sum(3, 30), sum(3, 30), 2));
}

#[test]
fn a_contract_of_which_one_side_is_elsewhere_is_in_no_total() {
    let mut totals = Totals::default();
    totals.add(Some(sum(1, 10)), None);
    totals.add(None, Some(sum(1, 10)));
    assert_eq!((totals.contracts, totals.provider), (0, Sums::default()));
    totals.add(Some(sum(1, 10)), Some(sum(1, 10)));
    assert!(totals.is_agreed);
    assert_eq!(totals.contracts, 1);
}

#[test]
fn sums_do_not_overflow() {
    let most = sum(u64::MAX / 10, u64::MAX / 10);
    assert_eq!(plus(plus(most, most), plus(most, most)).bytes, u64::MAX);
}
