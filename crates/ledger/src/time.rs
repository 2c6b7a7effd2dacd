//! The one textual time that a proof meets: `signatoryTime` of a contract signature, RFC 3339 with an offset.
//!
//! All other times here are microseconds since the Unix epoch, UTC.
//!
//! `domain::Timestamp` reads such texts too. It is not used here: this crate depends on `crypto` alone (ARCHITECTURE.md, map), so that
//! whoever verifies receipts needs no more of Weir than trees, signatures and certificates. Nor do the two read quite the same: a
//! message may write a time in several ways, while here stands the text that was signed, which Weir writes in one. That what
//! `Timestamp` writes is read alike here, a test of `app::receipt` holds.

const MICROS_PER_SEC: i64 = 1_000_000;

/// Microseconds since the Unix epoch, UTC, of a text such as `2026-01-31T08:00:00+08:00`; `None` for any other text.
/// Digits beyond microseconds are cut off. A leap second counts as the second after it.
pub(crate) fn micros_of_rfc3339(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, rest) = rest.strip_prefix('T')?.split_at_checked(8)?;
    let (fraction, offset) = split_fraction(rest)?;
    let secs = days(date)? * 86_400 + seconds(clock)? - offset_secs(offset)?;
    Some(secs * MICROS_PER_SEC + fraction)
}

/// Days since 1970-01-01 of `YYYY-MM-DD` in the proleptic Gregorian calendar.
fn days(date: &str) -> Option<i64> {
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    if !(1..=12).contains(&month) || !(1..=days_in_month(year, month)).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last one; 719468 days lie between 0000-03-01 and 1970.
    let year = if month < 3 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(365 * year + leap_days + day_of_year - 719_468)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn seconds(clock: &str) -> Option<i64> {
    let [hour, minute, second] = numbers(clock, ':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn split_fraction(rest: &str) -> Option<(i64, &str)> {
    let Some(rest) = rest.strip_prefix('.') else { return Some((0, rest)) };
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    let (digits, offset) = rest.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let micros: String = digits.chars().chain("000000".chars()).take(6).collect();
    Some((micros.parse().ok()?, offset))
}

fn offset_secs(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let (sign, clock) = match offset.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let [hour, minute] = numbers(clock, ':', [2, 2])?;
    (hour < 24 && minute < 60).then_some(sign * (hour * 3600 + minute * 60))
}

/// Reads numbers of fixed widths between dividers, and nothing else.
fn numbers<const N: usize>(text: &str, divider: char, widths: [usize; N]) -> Option<[i64; N]> {
    let parts: Vec<&str> = text.split(divider).collect();
    let fits =
        |(part, width): (&&str, usize)| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
    if parts.len() != N || !parts.iter().zip(widths).all(fits) {
        return None;
    }
    let values: Option<Vec<i64>> = parts.iter().map(|part| part.parse().ok()).collect();
    values?.try_into().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1_000_000),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("2000-03-01T00:00:00Z", 951_868_800_000_000),
            ("2026-01-31T08:00:00+08:00", 1_769_817_600_000_000),
            ("2026-01-31T00:00:00.000001Z", 1_769_817_600_000_001),
            ("2026-01-30T19:30:00.5-04:30", 1_769_817_600_500_000),
            ("2026-01-31T00:00:00.1234567890Z", 1_769_817_600_123_456),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000_000),
        ] {
            assert_eq!(micros_of_rfc3339(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn days_follow_each_other_over_four_centuries() {
        let mut expected = days("1900-01-01").unwrap();
        for year in 1900..2300_i64 {
            for month in 1..=12_i64 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days(&format!("{year:04}-{month:02}-{day:02}")), Some(expected));
                    expected += 1;
                }
            }
        }
        assert_eq!(expected - days("1900-01-01").unwrap(), 146_097, "days in four hundred years");
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in [
            "",
            "2026",
            "2026-01-31",
            "2026-01-31 00:00:00Z",
            "2026-01-31T00:00:00",
            "2026-01-31T00:00:00z",
            "2026-1-31T00:00:000Z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31T00:60:00Z",
            "2026-01-31T00:00:61Z",
            "2026-01-31T00:00:00.Z",
            "2026-01-31T00:00:00.5",
            "2026-01-31T00:00:00+0800",
            "2026-01-31T00:00:00+08:60",
            "2026-01-31T00:00:00+24:00",
            "2026-01-31T00:00:00Z ",
            "+026-01-31T00:00:00Z",
            "2026-01-3１T00:00:00Z",
            "一二三四五六七八九十",
        ] {
            assert_eq!(micros_of_rfc3339(text), None, "{text}");
        }
    }
}
