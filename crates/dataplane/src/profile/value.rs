//! Reading one field: is it nothing, a number, a truth value, a date?
//!
//! Called once per field of every file, so nothing here allocates. Numbers become exact integers of one scale, so that
//! they can be compared without floating point.

/// Fraction digits of the common scale of all numbers.
const SCALE: u32 = 18;

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// The offset of times without a zone: UTC+8, the documents' time.
const DEFAULT_OFFSET_MINUTES: i64 = 8 * 60;

const POWERS: [i128; SCALE as usize + 1] = {
    let mut powers = [1; SCALE as usize + 1];
    let mut index = 1;
    #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    while index < powers.len() {
        powers[index] = powers[index - 1] * 10;
        index += 1;
    }
    powers
};

/// A field without the blanks around it.
pub(super) fn trim(field: &[u8]) -> &[u8] {
    match field {
        [first, .., last] if *first > b' ' && *last > b' ' => field,
        _ => field.trim_ascii(),
    }
}

/// Whether a (trimmed) field stands for a missing value.
pub(super) fn is_null(field: &[u8]) -> bool {
    let Some(first) = field.first() else { return true };
    if !matches!(first, b'n' | b'N' | b'#' | b'\\') || field.len() > 4 {
        return false;
    }
    const WORDS: [&[u8]; 8] = [b"NA", b"N/A", b"#N/A", b"NULL", b"NaN", b"None", b"\\N", b"nil"];
    WORDS.iter().any(|word| field.eq_ignore_ascii_case(word))
}

/// A number in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// The value times 10^18.
    pub(super) key: i128,
    /// Whether it is written as a whole number.
    pub(super) integer: bool,
}

/// Reads a number. Not numbers here: more than 18 digits before the point, and codes such as `00123`.
pub(super) fn number(field: &[u8]) -> Option<Number> {
    let (negative, digits) = match field {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, field),
    };
    let (whole, length) = leading_digits(digits, 0, SCALE)?;
    let rest = digits.get(length..).unwrap_or_default();
    if digits.first() == Some(&b'0') && length > 2 {
        return None;
    }
    let sign = |key: i128| if negative { -key } else { key };
    let unit = i128::from(whole) * power(SCALE);
    match rest {
        [] if length > 0 => Some(Number { key: sign(unit), integer: true }),
        [b'.', fraction @ ..] if length + fraction.len() > 0 => {
            let (part, shown, tail) = fraction_digits(fraction);
            let key = unit + i128::from(part) * power(SCALE - shown);
            let key = if tail.is_empty() { key } else { scaled(key, exponent(tail)?)? };
            Some(Number { key: sign(key), integer: false })
        }
        tail if length > 0 => Some(Number { key: sign(scaled(unit, exponent(tail)?)?), integer: false }),
        _ => None,
    }
}

/// The digits at the head of `text`, appended to `value`, and how many they are. Nothing if they are more than `max`.
fn leading_digits(text: &[u8], mut value: i64, max: u32) -> Option<(i64, usize)> {
    let mut length = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        length += 1;
        if length > max as usize {
            return None;
        }
    }
    Some((value, length))
}

/// The first 18 digits after the point, how many were taken, and what follows all digits.
fn fraction_digits(text: &[u8]) -> (i64, u32, &[u8]) {
    let (mut value, mut taken, mut length) = (0, 0, 0);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        if taken < SCALE {
            value = value * 10 + i64::from(digit);
            taken += 1;
        }
        length += 1;
    }
    (value, taken, text.get(length..).unwrap_or_default())
}

/// The exponent of `e-05` and the like.
fn exponent(text: &[u8]) -> Option<i32> {
    let [b'e' | b'E', rest @ ..] = text else { return None };
    let (negative, digits) = match rest {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        _ => (false, rest),
    };
    let (value, length) = leading_digits(digits, 0, 4)?;
    let value = i32::try_from(value).ok()?;
    (length > 0 && length == digits.len()).then_some(if negative { -value } else { value })
}

/// `key` times 10 to the exponent; what is too small becomes zero, what is too large is no number here.
fn scaled(key: i128, exponent: i32) -> Option<i128> {
    match (exponent >= 0, 10_i128.checked_pow(exponent.unsigned_abs())) {
        (true, Some(factor)) => key.checked_mul(factor),
        (true, None) => (key == 0).then_some(0),
        (false, factor) => Some(factor.map_or(0, |factor| key / factor)),
    }
}

fn power(exponent: u32) -> i128 {
    POWERS.get(exponent as usize).copied().unwrap_or(1)
}

/// Whether a field is a truth value. `0` and `1` are numbers.
pub(super) fn is_boolean(field: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"true", b"false", b"yes", b"no", "是".as_bytes(), "否".as_bytes()];
    field.len() <= 5 && WORDS.iter().any(|word| field.eq_ignore_ascii_case(word))
}

/// A point in time in a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Microseconds since 1970, UTC.
    pub(super) micros: i64,
    /// Whether it has a time of day.
    pub(super) timed: bool,
}

/// Reads a date (`2013-03-01`, `2013/3/1`) or a date and time (`2013-03-01 08:00[:00[.5]][Z|+08:00]`, also with `T`).
/// Times without a zone are UTC+8.
pub(super) fn moment(field: &[u8]) -> Option<Moment> {
    let [_, _, _, _, separator @ (b'-' | b'/'), rest @ ..] = field else { return None };
    let year = digits(field.get(..4)?)?;
    let month_length = rest.iter().position(|byte| byte == separator)?;
    let month = digits(rest.get(..month_length)?)?;
    let rest = rest.get(month_length + 1..)?;
    let day_length = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
    let day = digits(rest.get(..day_length)?)?;
    let midnight = days_from_civil(year, month, day)?.checked_mul(DAY_MICROS)?;
    let (time, offset_minutes, timed) = match rest.get(day_length..)? {
        [] => (0, DEFAULT_OFFSET_MINUTES, false),
        [b'T' | b't' | b' ', clock @ ..] => {
            let (time, zone) = time_of_day(clock)?;
            (time, zone_offset(zone)?, true)
        }
        _ => return None,
    };
    Some(Moment { micros: midnight + time - offset_minutes * 60_000_000, timed })
}

/// One to four digits, all of them.
pub(super) fn digits(text: &[u8]) -> Option<i64> {
    let (value, length) = leading_digits(text, 0, 4)?;
    (length > 0 && length == text.len()).then_some(value)
}

/// Microseconds since midnight, and what follows.
fn time_of_day(text: &[u8]) -> Option<(i64, &[u8])> {
    let (hour, rest) = clock_part(text, 24)?;
    let [b':', rest @ ..] = rest else { return None };
    let (minute, rest) = clock_part(rest, 59)?;
    let (second, rest) = match rest {
        [b':', rest @ ..] => clock_part(rest, 60)?,
        _ => (0, rest),
    };
    let (micros, rest) = match rest {
        [b'.', rest @ ..] => {
            let (value, taken, rest) = fraction_digits(rest);
            let micros = i128::from(value) * power(SCALE - taken) / power(12);
            (i64::try_from(micros).ok().filter(|_| taken > 0)?, rest)
        }
        _ => (0, rest),
    };
    Some((((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, rest))
}

/// One or two digits up to `max`, and what follows.
fn clock_part(text: &[u8], max: i64) -> Option<(i64, &[u8])> {
    let length = text.iter().take(2).take_while(|byte| byte.is_ascii_digit()).count();
    let value = digits(text.get(..length)?)?;
    (value <= max).then_some((value, text.get(length..)?))
}

/// Minutes east of Greenwich.
fn zone_offset(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [] => return Some(DEFAULT_OFFSET_MINUTES),
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = clock_part(rest, 23)?;
    let minutes = match rest {
        [] => 0,
        [b':', rest @ ..] | rest => {
            let (minutes, rest) = clock_part(rest, 59)?;
            rest.is_empty().then_some(minutes)?
        }
    };
    Some(sign * (hours * 60 + minutes))
}

/// Days since 1970-01-01 of a date of the Gregorian calendar; nothing for the 30th of February.
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=length).contains(&day) || !(0..=9999).contains(&year) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last one. 719,468 days lie between 0000-03-01 and 1970.
    let (year, month) = if month < 3 { (year - 1, month + 9) } else { (year, month - 3) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Microseconds since 1970 of an hour given in numbers, in UTC+8.
pub(super) fn hour_micros(year: i64, month: i64, day: i64, hour: i64) -> Option<i64> {
    if !(0..=24).contains(&hour) || year < 1000 {
        return None;
    }
    let days = days_from_civil(year, month, day)?;
    Some(days * DAY_MICROS + (hour * 60 - DEFAULT_OFFSET_MINUTES) * 60_000_000)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn key(text: &str) -> Option<i128> {
        number(text.as_bytes()).map(|number| number.key)
    }

    #[test]
    fn the_words_for_nothing() {
        for word in ["", "NA", "na", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "\\N", "nil"]
        {
            assert!(is_null(word.as_bytes()), "{word}");
        }
        for word in ["0", "N", "NNW", "no", "NANA", "None!", "-", "Nanjing"] {
            assert!(!is_null(word.as_bytes()), "{word}");
        }
        assert_eq!(trim(b" a b\t"), b"a b");
        assert_eq!(trim(b" "), b"");
        assert_eq!(trim(b"x"), b"x");
    }

    #[test]
    fn numbers_keep_their_value_exactly() {
        let one = 10_i128.pow(18);
        assert_eq!(key("0"), Some(0));
        assert_eq!(key("-0.7"), Some(-one / 10 * 7));
        assert_eq!(key("+12"), Some(12 * one));
        assert_eq!(key("1023.2"), Some(10232 * one / 10));
        assert_eq!(key(".5"), Some(one / 2));
        assert_eq!(key("5."), Some(5 * one));
        assert_eq!(key("999999999999999999"), Some(999_999_999_999_999_999 * one));
        assert_eq!(key("0.000000000000000001"), Some(1));
        assert_eq!(key("0.0000000000000000019"), Some(1), "digits beyond the scale are cut");
        assert_eq!(key("1e3"), Some(1000 * one));
        assert_eq!(key("1.5E-3"), Some(one * 15 / 10_000));
        assert_eq!(key("1e-300"), Some(0));
        assert_eq!(key("01"), Some(one), "months and days are written like this");
        assert!(number(b"7").unwrap().integer);
        assert!(!number(b"7.0").unwrap().integer);
        assert!(!number(b"1e3").unwrap().integer);
    }

    #[test]
    fn what_only_looks_like_a_number() {
        for text in [
            "", "-", "+", ".", "-.", "1-2", "1.2.3", "12a", "e5", "1e", "1e+", "1e99", "00123", "--1",
            "0x1f", "1 2",
        ] {
            assert_eq!(key(text), None, "{text}");
        }
        assert_eq!(key("1000000000000000000"), None, "nineteen digits are an identifier");
        assert_eq!(key("110101199003070010X"), None);
    }

    #[test]
    fn truth_values_in_two_languages() {
        for text in ["true", "FALSE", "Yes", "no", "是", "否"] {
            assert!(is_boolean(text.as_bytes()), "{text}");
        }
        for text in ["1", "0", "t", "nope", "是否"] {
            assert!(!is_boolean(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn dates_and_times() {
        let at = |text: &str| moment(text.as_bytes()).map(|moment| (moment.micros, moment.timed));
        let march_first = (15_765 * 24 - 8) * 3_600_000_000_i64;
        assert_eq!(at("2013-03-01"), Some((march_first, false)));
        assert_eq!(at("2013/3/1"), Some((march_first, false)));
        assert_eq!(at("2013-03-01 00:00"), Some((march_first, true)));
        assert_eq!(at("2013-03-01T08:00:00+08:00"), Some((15_765 * DAY_MICROS, true)));
        assert_eq!(at("2013-03-01T00:00:00Z"), Some((15_765 * DAY_MICROS, true)));
        assert_eq!(at("2013-03-01 00:00:00.25Z"), Some((15_765 * DAY_MICROS + 250_000, true)));
        assert_eq!(at("2013-03-01T00:00:00-0130"), Some((15_765 * DAY_MICROS + 90 * 60_000_000, true)));
        assert_eq!(at("1970-01-01T00:00Z"), Some((0, true)));
        assert_eq!(at("1969-12-31T23:59:59Z"), Some((-1_000_000, true)));
        assert_eq!(at("2024-02-29").map(|(_, timed)| timed), Some(false));
    }

    #[test]
    fn what_only_looks_like_a_date() {
        let bad = [
            "2013-02-29",
            "2013-13-01",
            "2013-00-01",
            "2013-1",
            "2013-1-1x",
            "13-01-01",
            "2013-01/01",
            "20130101",
            "2013-01-01 25:00",
            "2013-01-01 10",
            "2013-01-01 10:60",
            "2013-01-01T10:00:00.",
            "2013-01-01T10:00+8:",
            "2013-01-01T10:00Zulu",
            "2013--1-1",
            "abcd-01-01",
        ];
        for text in bad {
            assert_eq!(moment(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn days_agree_with_known_ones() {
        assert_eq!(days_from_civil(1970, 1, 1), Some(0));
        assert_eq!(days_from_civil(2000, 2, 29), Some(11_016));
        assert_eq!(days_from_civil(2017, 2, 28), Some(17_225));
        assert_eq!(days_from_civil(1900, 2, 29), None, "no leap year");
        assert_eq!(hour_micros(2013, 3, 1, 8), Some(15_765 * DAY_MICROS));
        assert_eq!(hour_micros(2013, 3, 1, 25), None);
        assert_eq!(hour_micros(13, 3, 1, 0), None);
    }
}
