//! Points in time and ranges: reading, printing, calendar, arithmetic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use super::*;
use crate::testkit::Rng;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

#[test]
fn known_points_in_time() {
    for (text, secs) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2000-02-29T12:34:56Z", 951_827_696),
        ("2013-03-01T00:00:00+08:00", 1_362_067_200),
        ("1969-12-31T23:59:59Z", -1),
        ("0000-01-01T00:00:00Z", MIN_SECS),
        ("9999-12-31T23:59:59Z", MAX_SECS),
    ] {
        assert_eq!(at(text).secs(), secs, "{text}");
    }
    assert_eq!(at("2013-03-01T00:00:00+08:00").to_string(), "2013-02-28T16:00:00Z");
    assert_eq!(at("2013-03-01t00:00:00.5-03:30").to_string(), "2013-03-01T03:30:00.500000Z");
    assert_eq!(at("2013-03-01 00:00:00.123456789z").micros() % 1_000_000, 123_456);
}

#[test]
fn what_is_no_date_time_is_refused() {
    for text in [
        "",
        "2013",
        "2013-03-01",
        "2013-03-01T00:00:00",
        "2013-13-01T00:00:00Z",
        "2013-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2013-03-01T24:00:00Z",
        "2013-03-01T00:60:00Z",
        "2013-03-01T00:00:60Z",
        "2013-03-01T00:00:00.Z",
        "2013-03-01T00:00:00.1234567890Z",
        "2013-03-01T00:00:00+24:00",
        "2013-03-01T00:00:00+0800",
        "2013-03-01T00:00:00Zx",
        "2013-00-01T00:00:00Z",
        "2013-03-00T00:00:00Z",
        "+013-03-01T00:00:00Z",
        "２０13-03-01T00:00:00Z",
    ] {
        assert_eq!(Timestamp::parse(text), Err(TimeError::Rfc3339(text.to_owned())));
    }
}

#[test]
fn documents_write_utc_plus_eight() {
    let moment = at("2025-09-01T09:30:00+08:00");
    assert_eq!(moment.to_compact(), "20250901093000");
    assert_eq!(Timestamp::from_compact("20250901093000"), Ok(moment));
    assert_eq!(moment.to_document(), "2025-09-01T09:30:00+08:00");
    for text in ["20250901093000", "2025-09-01 09:30:00", "2025-09-01T09:30:00", "2025-09-01T01:30:00Z"] {
        assert_eq!(Timestamp::parse_document(text), Ok(moment), "{text}");
    }
    for text in ["20251301093000", "2025090109300", "202509010930000", "2025090109300x", "20250230000000"] {
        assert!(Timestamp::from_compact(text).is_err(), "{text}");
        assert!(Timestamp::parse_document(text).is_err(), "{text}");
    }
    assert_eq!(moment.format_offset(-90), "2025-09-01T00:00:00-01:30");
}

#[test]
fn every_printed_time_reads_back() {
    let mut rng = Rng(20_260_301);
    for _ in 0..20_000 {
        let span = u64::try_from(MAX_SECS - MIN_SECS).unwrap();
        let secs = MIN_SECS + 86_400 + i64::try_from(rng.next() % (span - 172_800)).unwrap();
        let micros = i64::try_from(rng.next() % 1_000_000).unwrap();
        let moment = Timestamp::from_micros(secs * MICROS_PER_SEC + micros);
        assert_eq!(Timestamp::parse(&moment.to_string()), Ok(moment));
        let offset = i32::try_from(rng.below(1_439)).unwrap() - 719;
        assert_eq!(Timestamp::parse(&moment.format_offset(offset)), Ok(moment), "{moment} at {offset}");
        let second = Timestamp::from_secs(moment.secs());
        assert_eq!(Timestamp::from_compact(&moment.to_compact()), Ok(second));
    }
}

#[test]
fn days_follow_each_other_through_four_centuries() {
    let mut before = civil_from_days(-719_528);
    for day in -719_527..(-719_527 + 146_097 + 366) {
        let date = civil_from_days(day);
        assert_eq!(days_from_civil(date.0, date.1, date.2), day);
        let (year, month, day_of_month) = before;
        let expected = if day_of_month < days_in_month(year, month) {
            (year, month, day_of_month + 1)
        } else if month < 12 {
            (year, month + 1, 1)
        } else {
            (year + 1, 1, 1)
        };
        assert_eq!(date, expected);
        before = date;
    }
}

#[test]
fn units_round_towards_the_past() {
    let moment = Timestamp::from_micros(-1);
    assert_eq!((moment.millis(), moment.secs()), (-1, -1));
    assert_eq!(Timestamp::from_millis(1_767_225_600_000).to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(moment.plus_secs(1).micros(), 999_999);
    assert_eq!(moment.plus_micros(1), Timestamp::default());
    assert_eq!(Timestamp::from_secs(2).micros_since(Timestamp::from_secs(1)), 1_000_000);
    assert_eq!(Timestamp::from_secs(i64::MAX).micros(), i64::MAX);
    // Printing clamps and does not fail.
    assert!(Timestamp::from_micros(i64::MAX).to_string().starts_with("9999-12-31T23:59:59"));
    assert!(Timestamp::from_micros(i64::MIN).to_compact().starts_with("0000"));
}

#[test]
fn ranges_have_a_start_and_no_end_of_their_own() {
    let (start, end) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
    let range = TimeRange::new(start, end).unwrap();
    assert!(range.contains(start) && range.contains(end.plus_micros(-1)));
    assert!(!range.contains(end) && !range.contains(start.plus_micros(-1)));
    assert_eq!(TimeRange::new(end, start), Err(TimeError::EmptyRange { start: end, end: start }));
    assert_eq!(TimeRange::new(start, start).unwrap_err(), TimeError::EmptyRange { start, end: start });
    assert_eq!(TimeRange::new(start, Timestamp::from_micros(i64::MAX)), Err(TimeError::OutOfRange));
    assert_eq!(TimeRange::parse(&range.to_string()), Ok(range));
    assert_eq!(TimeRange::parse("2026-01-01 08:00:00--20270101080000"), Ok(range));
    assert!(matches!(TimeRange::parse("2026"), Err(TimeError::Range(_))));
    assert!(matches!(TimeRange::parse("2026--2027"), Err(TimeError::Document(_))));
}

#[test]
fn ranges_meet_where_they_overlap() {
    let range =
        |from: i64, to: i64| TimeRange::new(Timestamp::from_secs(from), Timestamp::from_secs(to)).unwrap();
    assert_eq!(range(0, 10).meet(&range(5, 20)), Some(range(5, 10)));
    assert_eq!(range(0, 10).meet(&range(10, 20)), None);
    assert!(range(2, 3).is_within(&range(2, 3)) && range(2, 3).is_within(&range(0, 9)));
    assert!(!range(2, 10).is_within(&range(0, 9)));
}

#[test]
fn times_are_numbers_and_ranges_are_texts_in_json() {
    let moment = at("2026-01-01T00:00:00Z");
    assert_eq!(serde_json::to_string(&moment).unwrap(), "1767225600000000");
    let range = TimeRange::new(moment, moment.plus_micros(1)).unwrap();
    let json = serde_json::to_string(&range).unwrap();
    assert_eq!(json, r#"{"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:00.000001Z"}"#);
    assert_eq!(serde_json::from_str::<TimeRange>(&json).unwrap(), range);
    let backwards = r#"{"start":"2026-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z"}"#;
    assert!(serde_json::from_str::<TimeRange>(backwards).is_err());
}
