//! Points in time and time ranges.
//!
//! Storage counts microseconds since 1970-01-01 UTC. Documents write a time without zone in UTC+8, our own interfaces write
//! RFC 3339 with an offset. Leap seconds do not exist here (`:60` is refused). Reading a clock is left to
//! [`crate::engine::Clock`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const MICROS_PER_SEC: i64 = 1_000_000;
const SECS_PER_DAY: i64 = 86_400;
const SECS_PER_MINUTE: i64 = 60;
/// 0000-01-01T00:00:00Z in seconds.
const MIN_SECS: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z in seconds.
const MAX_SECS: i64 = 253_402_300_799;
/// The zone of the documents, in minutes east of Greenwich.
const DOCUMENT_OFFSET_MINUTES: i32 = 480;

/// A point in time: microseconds since 1970-01-01T00:00:00 UTC, serialised as that whole number.
///
/// Between years 0000 and 9999 it prints as RFC 3339 in UTC; beyond, printing clamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Why a text is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not RFC 3339 with an offset.
    #[error("`{0}` is no date-time: expected RFC 3339 with an offset, such as `2025-09-01T09:30:00+08:00`")]
    Rfc3339(String),
    /// Not the fourteen digits of the documents.
    #[error(
        "`{0}` is no date-time: expected fourteen digits YYYYMMDDHHMMSS in UTC+8, such as `20250901093000`"
    )]
    Compact(String),
    /// None of the forms that documents show.
    #[error(
        "`{0}` is no date-time: expected ISO 8601, such as `2025-09-01T09:30:00+08:00` or `20250901093000`"
    )]
    Document(String),
    /// The end of a range is not after its start.
    #[error("time range ends at {end}, which is not after its start {start}: give a later end")]
    EmptyRange {
        /// Start of the range.
        start: Timestamp,
        /// End of the range.
        end: Timestamp,
    },
    /// A year before 0000 or after 9999.
    #[error("time range lies outside the years 0000 to 9999: choose dates within them")]
    OutOfRange,
    /// No `start--end`.
    #[error("`{0}` is no time range: expected two date-times joined by `--`")]
    Range(String),
}

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since the epoch (the unit of the documents' headers); saturates.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds since the epoch (the unit of certificates); saturates.
    #[must_use]
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(MICROS_PER_SEC))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the epoch, rounded towards the past.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SEC)
    }

    /// Later by `micros` (earlier where negative); saturates.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// Later by `secs` (earlier where negative); saturates.
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(MICROS_PER_SEC)))
    }

    /// Microseconds from `earlier` to here; negative where `earlier` is later. Saturates.
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339: date, `T` (or a space), time, up to nine digits of a second (the rest beyond microseconds is
    /// dropped), and an offset, which must be there.
    ///
    /// # Errors
    /// [`TimeError::Rfc3339`] for any other text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        parse_iso(text, None).ok_or_else(|| TimeError::Rfc3339(text.to_owned()))
    }

    /// Reads fourteen digits `YYYYMMDDHHMMSS` in UTC+8 (TC609-6-2025-14, annex C).
    ///
    /// # Errors
    /// [`TimeError::Compact`] for any other text, also for the thirteenth month.
    pub fn from_compact(text: &str) -> Result<Self, TimeError> {
        parse_compact(text).ok_or_else(|| TimeError::Compact(text.to_owned()))
    }

    /// Reads what documents show for a time: RFC 3339, the same without offset (UTC+8), or fourteen digits (UTC+8).
    ///
    /// # Errors
    /// [`TimeError::Document`] for any other text.
    pub fn parse_document(text: &str) -> Result<Self, TimeError> {
        parse_compact(text)
            .or_else(|| parse_iso(text, Some(DOCUMENT_OFFSET_MINUTES)))
            .ok_or_else(|| TimeError::Document(text.to_owned()))
    }

    /// Fourteen digits `YYYYMMDDHHMMSS` in UTC+8, rounded towards the past.
    #[must_use]
    pub fn to_compact(self) -> String {
        let Civil { year, month, day, hour, minute, second, .. } = Civil::of(self, DOCUMENT_OFFSET_MINUTES);
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }

    /// RFC 3339 at the given offset in minutes east of Greenwich; `0` prints as `Z`. A fraction appears only where
    /// there is one, with six digits.
    #[must_use]
    pub fn format_offset(self, offset_minutes: i32) -> String {
        let civil = Civil::of(self, offset_minutes);
        let Civil { year, month, day, hour, minute, second, micro } = civil;
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if micro != 0 {
            text.push_str(&format!(".{micro:06}"));
        }
        text.push_str(&offset_text(offset_minutes));
        text
    }

    /// RFC 3339 in UTC+8, the zone of the documents.
    #[must_use]
    pub fn to_document(self) -> String {
        self.format_offset(DOCUMENT_OFFSET_MINUTES)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.format_offset(0))
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text)
    }
}

fn offset_text(minutes: i32) -> String {
    if minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A date and time of the proleptic Gregorian calendar.
struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micro: i64,
}

impl Civil {
    fn of(at: Timestamp, offset_minutes: i32) -> Self {
        let clamped = at.secs().clamp(MIN_SECS, MAX_SECS);
        let secs = (clamped + i64::from(offset_minutes) * SECS_PER_MINUTE).clamp(MIN_SECS, MAX_SECS);
        let (year, month, day) = civil_from_days(secs.div_euclid(SECS_PER_DAY));
        let of_day = secs.rem_euclid(SECS_PER_DAY);
        Self {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            micro: at.0.rem_euclid(MICROS_PER_SEC),
        }
    }

    /// The point in time that this date means at the offset, if the date exists.
    fn at_offset(&self, offset_minutes: i32) -> Option<Timestamp> {
        let in_range = (0..=9_999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day)
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..60).contains(&self.second);
        if !in_range {
            return None;
        }
        let days = days_from_civil(self.year, self.month, self.day);
        let local = days * SECS_PER_DAY + self.hour * 3_600 + self.minute * 60 + self.second;
        let secs = local - i64::from(offset_minutes) * SECS_PER_MINUTE;
        Some(Timestamp(secs * MICROS_PER_SEC + self.micro))
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01. Years count from March, so that the leap day is a year's last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Takes fixed pieces off the front of a text; every method is `None` where the text does not go on like that.
struct Reader<'a>(&'a str);

impl Reader<'_> {
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (head, tail) = self.0.split_at_checked(count)?;
        if !head.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        self.0 = tail;
        head.parse().ok()
    }

    fn one_of(&mut self, wanted: &[char]) -> Option<char> {
        let found = self.0.chars().next().filter(|c| wanted.contains(c))?;
        self.0 = self.0.get(found.len_utf8()..)?;
        Some(found)
    }

    /// Microseconds of an optional fraction; digits beyond the sixth are dropped.
    fn fraction(&mut self) -> Option<i64> {
        if self.one_of(&['.', ',']).is_none() {
            return Some(0);
        }
        let count = self.0.bytes().take_while(u8::is_ascii_digit).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let value = self.digits(count)?;
        let exponent = i32::try_from(count).ok()? - 6;
        let scale = 10_i64.pow(exponent.unsigned_abs());
        Some(if exponent > 0 { value / scale } else { value * scale })
    }

    /// Minutes of an offset.
    fn offset(&mut self) -> Option<i32> {
        let sign = match self.one_of(&['Z', 'z', '+', '-'])? {
            'Z' | 'z' => return Some(0),
            '-' => -1,
            _ => 1,
        };
        let hours = self.digits(2)?;
        self.one_of(&[':'])?;
        let minutes = self.digits(2)?;
        if hours > 23 || minutes > 59 {
            return None;
        }
        i32::try_from(hours * 60 + minutes).ok().map(|offset| sign * offset)
    }
}

/// Date, time, fraction and offset. Without an offset the default counts; without a default that is refused.
fn parse_iso(text: &str, default_offset: Option<i32>) -> Option<Timestamp> {
    let mut reader = Reader(text);
    let year = reader.digits(4)?;
    reader.one_of(&['-'])?;
    let month = reader.digits(2)?;
    reader.one_of(&['-'])?;
    let day = reader.digits(2)?;
    reader.one_of(&['T', 't', ' '])?;
    let hour = reader.digits(2)?;
    reader.one_of(&[':'])?;
    let minute = reader.digits(2)?;
    reader.one_of(&[':'])?;
    let second = reader.digits(2)?;
    let micro = reader.fraction()?;
    let offset = if reader.0.is_empty() { default_offset? } else { reader.offset()? };
    if !reader.0.is_empty() {
        return None;
    }
    Civil { year, month, day, hour, minute, second, micro }.at_offset(offset)
}

fn parse_compact(text: &str) -> Option<Timestamp> {
    let mut reader = Reader(text);
    let civil = Civil {
        year: reader.digits(4)?,
        month: reader.digits(2)?,
        day: reader.digits(2)?,
        hour: reader.digits(2)?,
        minute: reader.digits(2)?,
        second: reader.digits(2)?,
        micro: 0,
    };
    if reader.0.is_empty() { civil.at_offset(DOCUMENT_OFFSET_MINUTES) } else { None }
}

/// Serialises a point in time as RFC 3339 in UTC, for bodies that people and other tools read: no number there can be too
/// large to be exact.
pub mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Timestamp;

    /// Writes RFC 3339 in UTC.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(at)
    }

    /// Reads RFC 3339 with any offset.
    ///
    /// # Errors
    /// The deserializer's, or that of [`Timestamp::parse`].
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Timestamp::parse(&text).map_err(D::Error::custom)
    }
}

/// From a start (included) to an end (not included), between years 0000 and 9999. Never empty. Serialised as two RFC 3339
/// texts in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawRange", into = "RawRange")]
pub struct TimeRange {
    start: Timestamp,
    end: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct RawRange {
    #[serde(with = "rfc3339")]
    start: Timestamp,
    #[serde(with = "rfc3339")]
    end: Timestamp,
}

impl TryFrom<RawRange> for TimeRange {
    type Error = TimeError;

    fn try_from(raw: RawRange) -> Result<Self, TimeError> {
        Self::new(raw.start, raw.end)
    }
}

impl From<TimeRange> for RawRange {
    fn from(range: TimeRange) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl TimeRange {
    /// From start to end.
    ///
    /// # Errors
    /// [`TimeError::EmptyRange`] where the end is not after the start, [`TimeError::OutOfRange`] for a year that cannot be
    /// printed.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, TimeError> {
        if end <= start {
            return Err(TimeError::EmptyRange { start, end });
        }
        if start.secs() < MIN_SECS || end.secs() > MAX_SECS {
            return Err(TimeError::OutOfRange);
        }
        Ok(Self { start, end })
    }

    /// The first point that belongs to the range.
    #[must_use]
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The first point that does not belong to it any more.
    #[must_use]
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Whether the point belongs to the range.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether the whole range lies within the other.
    #[must_use]
    pub fn is_within(&self, outer: &Self) -> bool {
        outer.start <= self.start && self.end <= outer.end
    }

    /// What both have, if anything.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end)).ok()
    }

    /// Reads `start--end`, each side as [`Timestamp::parse_document`] does (TC609-6-2025-14, annex D example 5).
    ///
    /// # Errors
    /// [`TimeError::Range`] without `--`, else what is wrong with a side or their order.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let (start, end) = text.split_once("--").ok_or_else(|| TimeError::Range(text.to_owned()))?;
        Self::new(Timestamp::parse_document(start.trim())?, Timestamp::parse_document(end.trim())?)
    }
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}--{}", self.start, self.end)
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
