//! Figures as people read them: thousands grouped, bytes in decimal units, shares with a tenth, times in UTC+8 (the documents' zone).

use domain::Timestamp;

/// `420768` as `420,768`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A size in bytes, in decimal units, with a tenth below a hundred: `999 B`, `32.5 MB`, `120 GB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    let mut scale: u128 = 1;
    let mut shown = format!("{bytes} B");
    for unit in UNITS {
        if rounded(u128::from(bytes), scale) < 1000 {
            break;
        }
        scale *= 1000;
        let tenths = rounded(u128::from(bytes) * 10, scale);
        shown = match tenths {
            0..1000 => format!("{}.{} {unit}", tenths / 10, tenths % 10),
            _ => format!("{} {unit}", rounded(u128::from(bytes), scale)),
        };
    }
    shown
}

/// A share in per cent with a tenth: `1.0 %`. What is more than nothing does not show as nothing. Nothing of nothing is none.
pub fn share(part: u64, whole: u64) -> String {
    let tenths = rounded(u128::from(part) * 1000, u128::from(whole.max(1)));
    match tenths {
        0 if part > 0 => "< 0.1 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

fn rounded(amount: u128, unit: u128) -> u128 {
    (amount + unit / 2) / unit
}

/// A point in time: what a machine reads, and what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    /// RFC 3339, for the `datetime` attribute.
    pub(crate) iso: String,
    /// `2026-01-31 08:00:00`, UTC+8; a fraction is left out.
    pub(crate) text: String,
}

impl Moment {
    /// The moment of a timestamp.
    pub(crate) fn of(at: Timestamp) -> Moment {
        let iso = at.to_document();
        let text = iso.get(..19).unwrap_or(&iso).replace('T', " ");
        Moment { iso, text }
    }

    /// The moment of microseconds since 1970.
    pub(crate) fn of_micros(micros: i64) -> Moment {
        Moment::of(Timestamp::from_micros(micros))
    }
}

/// A point in time in a sentence, `2026-01-31 08:00:00`; without the time of day where that is midnight.
pub(crate) fn moment(at: Timestamp) -> String {
    let text = Moment::of(at).text;
    text.strip_suffix(" 00:00:00").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown: Vec<String> =
            [0, 999, 1000, 420_768, 1_234_567, u64::MAX].into_iter().map(thousands).collect();
        assert_eq!(shown, ["0", "999", "1,000", "420,768", "1,234,567", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn bytes_change_their_unit_where_rounding_does() {
        for (bytes, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (99_949, "99.9 kB"),
            (99_950, "100 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (999_999, "1.0 MB"),
            (32_456_789, "32.5 MB"),
            (32_468_512, "32.5 MB"),
            (99_949_999, "99.9 MB"),
            (99_950_000, "100 MB"),
            (1_073_741_824, "1.1 GB"),
            (120_000_000_000, "120 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(size(bytes), shown, "{bytes}");
        }
    }

    #[test]
    fn a_small_share_is_not_none() {
        assert_eq!(share(0, 35_064), "0.0 %");
        assert_eq!(share(1, 35_064), "< 0.1 %");
        assert_eq!(share(925, 35_064), "2.6 %");
        assert_eq!(share(7, 7), "100.0 %");
        assert_eq!(share(0, 0), "0.0 %");
        for (part, whole, text) in [(0, 100, "0.0 %"), (1, 100, "1.0 %"), (1, 3, "33.3 %"), (2, 3, "66.7 %")]
        {
            assert_eq!(share(part, whole), text, "{part}/{whole}");
        }
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
    }

    #[test]
    fn times_are_shown_in_the_documents_zone() {
        let at = Timestamp::parse("2026-01-31T00:00:00.250Z").unwrap();
        let expected =
            Moment { iso: "2026-01-31T08:00:00.250000+08:00".into(), text: "2026-01-31 08:00:00".into() };
        assert_eq!(Moment::of(at), expected);
        assert_eq!(Moment::of_micros(at.micros()), expected);
        assert_eq!(moment(at), "2026-01-31 08:00:00");
        assert_eq!(moment(Timestamp::parse("2013-02-28T16:00:00Z").unwrap()), "2013-03-01");
    }
}
