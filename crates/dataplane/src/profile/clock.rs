//! The time range of a file: from a column of times, or of dates, or from columns for year, month, day and hour.

use super::value::{digits, hour_micros};

/// Where the parts of a time stand, and the range that they had so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) year: usize,
    pub(super) month: usize,
    pub(super) day: usize,
    pub(super) hour: Option<usize>,
    range: Option<Instants>,
}

/// First and last hour that was seen, as (year, month, day, hour).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Instants {
    first: [i64; 4],
    last: [i64; 4],
}

impl Clock {
    /// Finds the columns by their names, in English or Chinese; nothing unless year, month and day are there.
    pub(super) fn find(columns: &[String]) -> Option<Self> {
        let position = |names: [&str; 3]| {
            columns.iter().position(|column| names.iter().any(|name| column.eq_ignore_ascii_case(name)))
        };
        Some(Self {
            year: position(["year", "年", "年份"])?,
            month: position(["month", "月", "月份"])?,
            day: position(["day", "日", "日期"])?,
            hour: position(["hour", "时", "小时"]),
            range: None,
        })
    }

    /// Takes the parts of the next row. Rows that give no valid time do not count.
    pub(super) fn see<'a>(&mut self, field: impl Fn(usize) -> Option<&'a [u8]>) {
        let part = |index: usize| field(index).and_then(|field| digits(field.trim_ascii()));
        let hour = match self.hour {
            Some(index) => part(index),
            None => Some(0),
        };
        if let (Some(year), Some(month), Some(day), Some(hour)) =
            (part(self.year), part(self.month), part(self.day), hour)
        {
            self.see_parts(year, month, day, hour);
        }
    }

    /// As [`Clock::see`], for numbers.
    pub(super) fn see_parts(&mut self, year: i64, month: i64, day: i64, hour: i64) {
        let at = [year, month, day, hour];
        match &mut self.range {
            Some(range) if range.first <= at && at <= range.last => {}
            // Only what widens the range is worth the calendar.
            range => {
                if hour_micros(year, month, day, hour).is_some() {
                    let old = range.unwrap_or(Instants { first: at, last: at });
                    *range = Some(Instants { first: old.first.min(at), last: old.last.max(at) });
                }
            }
        }
    }

    /// First and last hour, in microseconds.
    pub(super) fn range(&self) -> Option<(i64, i64)> {
        let micros = |[year, month, day, hour]: [i64; 4]| hour_micros(year, month, day, hour);
        let range = self.range?;
        Some((micros(range.first)?, micros(range.last)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split(',').map(str::to_owned).collect()
    }

    fn see(clock: &mut Clock, row: &str) {
        let fields: Vec<&[u8]> = row.split(',').map(str::as_bytes).collect();
        clock.see(|index| fields.get(index).copied());
    }

    #[test]
    fn columns_are_found_in_both_languages() {
        let clock = Clock::find(&names("No,YEAR,Month,day,hour")).unwrap();
        assert_eq!((clock.year, clock.month, clock.day, clock.hour), (1, 2, 3, Some(4)));
        assert_eq!(Clock::find(&names("年,月,日")).unwrap().hour, None);
        assert_eq!(Clock::find(&names("year,month,hour")), None);
    }

    #[test]
    fn the_range_is_that_of_the_valid_rows() {
        let mut clock = Clock::find(&names("year,month,day,hour")).unwrap();
        assert_eq!(clock.range(), None);
        for row in ["2014,1,2,3", "2013,3,1,0", "2013,2,30,0", "NA,1,1,1", "2017,02,28,23", "2018,13,1,0"] {
            see(&mut clock, row);
        }
        let hours = |(from, to): (i64, i64)| (from / 3_600_000_000, to / 3_600_000_000);
        assert_eq!(hours(clock.range().unwrap()), (15_765 * 24 - 8, 17_225 * 24 + 15));
    }
}
