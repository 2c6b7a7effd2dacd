//! What is learnt about one column while its fields pass by.

use domain::catalogue::ColumnKind;

use super::value::{is_boolean, is_null, moment, number, trim};

/// One column, so far.
pub(super) struct ColumnStats {
    pub(super) name: String,
    kind: Option<ColumnKind>,
    pub(super) nulls: u64,
    /// Extremes by value, of numbers and times.
    values: Extremes<i128>,
    /// Extremes as text, kept for every column, since any may turn out to be text in its last row.
    texts: TextExtremes,
}

impl ColumnStats {
    pub(super) fn new(name: String) -> Self {
        Self { name, kind: None, nulls: 0, values: Extremes::default(), texts: TextExtremes::default() }
    }

    /// Takes the next field.
    pub(super) fn see(&mut self, raw: &[u8]) {
        let field = trim(raw);
        if is_null(field) {
            self.nulls += 1;
            return;
        }
        self.texts.see(field);
        match self.kind {
            Some(ColumnKind::Text) => {}
            Some(kind) => self.see_as(kind, field),
            None => {
                let kind = first_kind(field);
                self.kind = Some(kind);
                self.see_as(kind, field);
            }
        }
    }

    /// Takes a field of a column that has been `kind` so far, and widens the kind where the field asks for it.
    fn see_as(&mut self, kind: ColumnKind, field: &[u8]) {
        let (key, kind) = match kind {
            ColumnKind::Integer | ColumnKind::Decimal => match number(field) {
                Some(number) if number.integer => (Some(number.key), kind),
                Some(number) => (Some(number.key), ColumnKind::Decimal),
                None => (None, ColumnKind::Text),
            },
            ColumnKind::Date | ColumnKind::DateTime => match moment(field) {
                Some(moment) if !moment.timed => (Some(i128::from(moment.micros)), kind),
                Some(moment) => (Some(i128::from(moment.micros)), ColumnKind::DateTime),
                None => (None, ColumnKind::Text),
            },
            ColumnKind::Boolean if is_boolean(field) => (None, kind),
            ColumnKind::Boolean | ColumnKind::Text => (None, ColumnKind::Text),
        };
        self.kind = Some(kind);
        if let Some(key) = key {
            self.values.see(key, field);
        }
    }

    /// The kind in the end; a column without a value is text.
    pub(super) fn kind(&self) -> ColumnKind {
        self.kind.unwrap_or(ColumnKind::Text)
    }

    /// Smallest and largest value, as they are written in the file.
    pub(super) fn range(&self) -> (Option<String>, Option<String>) {
        let (min, max) = match self.kind() {
            ColumnKind::Text | ColumnKind::Boolean => (self.texts.min.as_deref(), self.texts.max.as_deref()),
            _ => (self.values.min_text(), self.values.max_text()),
        };
        let text = |bytes: &[u8]| shortened(&String::from_utf8_lossy(bytes));
        (min.map(text), max.map(text))
    }

    /// First and last point in time, in microseconds, of a column of dates or times.
    pub(super) fn time_range(&self) -> Option<(i64, i64)> {
        match self.kind() {
            ColumnKind::Date | ColumnKind::DateTime => {
                let (min, max) = self.values.keys()?;
                Some((i64::try_from(min).ok()?, i64::try_from(max).ok()?))
            }
            _ => None,
        }
    }
}

/// What the first value of a column makes it.
fn first_kind(field: &[u8]) -> ColumnKind {
    if let Some(number) = number(field) {
        return if number.integer { ColumnKind::Integer } else { ColumnKind::Decimal };
    }
    match moment(field) {
        Some(moment) if moment.timed => ColumnKind::DateTime,
        Some(_) => ColumnKind::Date,
        None if is_boolean(field) => ColumnKind::Boolean,
        None => ColumnKind::Text,
    }
}

/// Characters of an extreme that go into the catalogue.
const RANGE_TEXT_CHARS_MAX: usize = 64;

/// The text as far as the catalogue takes it. Control characters but line ends and tabs
/// cannot go over the wire: each becomes the replacement character.
pub(super) fn shortened(text: &str) -> String {
    let is_shown = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    let shown = |c: char| if is_shown(c) { c } else { char::REPLACEMENT_CHARACTER };
    text.chars().take(RANGE_TEXT_CHARS_MAX).map(shown).collect()
}

/// Smallest and largest key, with the text that each came from.
#[derive(Default)]
pub(super) struct Extremes<K> {
    min: Option<(K, Vec<u8>)>,
    max: Option<(K, Vec<u8>)>,
}

impl<K: Ord + Copy> Extremes<K> {
    pub(super) fn see(&mut self, key: K, text: &[u8]) {
        match &mut self.min {
            Some((least, _)) if *least <= key => {}
            slot => replace(slot, key, text),
        }
        match &mut self.max {
            Some((most, _)) if *most >= key => {}
            slot => replace(slot, key, text),
        }
    }

    pub(super) fn keys(&self) -> Option<(K, K)> {
        Some((self.min.as_ref()?.0, self.max.as_ref()?.0))
    }

    pub(super) fn min_text(&self) -> Option<&[u8]> {
        self.min.as_ref().map(|(_, text)| text.as_slice())
    }

    pub(super) fn max_text(&self) -> Option<&[u8]> {
        self.max.as_ref().map(|(_, text)| text.as_slice())
    }
}

/// Overwrites in place: a rising column has a new maximum in every row.
fn replace<K>(slot: &mut Option<(K, Vec<u8>)>, key: K, text: &[u8]) {
    match slot {
        Some((old, buffer)) => {
            *old = key;
            buffer.clear();
            buffer.extend_from_slice(text);
        }
        None => *slot = Some((key, text.to_vec())),
    }
}

/// Smallest and largest text, by bytes.
#[derive(Default)]
struct TextExtremes {
    min: Option<Vec<u8>>,
    max: Option<Vec<u8>>,
    /// First bytes of the two, so that most fields are dismissed without a comparison.
    heads: Option<(u8, u8)>,
}

impl TextExtremes {
    fn see(&mut self, text: &[u8]) {
        let Some(head) = text.first() else { return };
        if self.heads.is_some_and(|(low, high)| low < *head && *head < high) {
            return;
        }
        let mut changed = false;
        if self.min.as_deref().is_none_or(|min| text < min) {
            refill(&mut self.min, text);
            changed = true;
        }
        if self.max.as_deref().is_none_or(|max| text > max) {
            refill(&mut self.max, text);
            changed = true;
        }
        if changed {
            let first = |text: &Option<Vec<u8>>| text.as_ref().and_then(|text| text.first().copied());
            self.heads = first(&self.min).zip(first(&self.max));
        }
    }
}

fn refill(slot: &mut Option<Vec<u8>>, text: &[u8]) {
    let buffer = slot.get_or_insert_default();
    buffer.clear();
    buffer.extend_from_slice(text);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    fn column(fields: &[&str]) -> ColumnStats {
        let mut column = ColumnStats::new("c".into());
        fields.iter().for_each(|field| column.see(field.as_bytes()));
        column
    }

    fn range(fields: &[&str]) -> (String, String) {
        let (min, max) = column(fields).range();
        (min.unwrap(), max.unwrap())
    }

    #[test]
    fn kinds_widen_and_never_narrow() {
        assert_eq!(column(&["1", "2"]).kind(), ColumnKind::Integer);
        assert_eq!(column(&["1", "2.5", "3"]).kind(), ColumnKind::Decimal);
        assert_eq!(column(&["1", "x", "3"]).kind(), ColumnKind::Text);
        assert_eq!(column(&["true", "no"]).kind(), ColumnKind::Boolean);
        assert_eq!(column(&["true", "1"]).kind(), ColumnKind::Text);
        assert_eq!(column(&["2013-03-01"]).kind(), ColumnKind::Date);
        assert_eq!(column(&["2013-03-01", "2013-03-01 10:00"]).kind(), ColumnKind::DateTime);
        assert_eq!(column(&["2013-03-01 10:00", "2013-03-02"]).kind(), ColumnKind::DateTime);
        assert_eq!(column(&["2013-03-01", "5"]).kind(), ColumnKind::Text);
        assert_eq!(column(&["NNW", "N"]).kind(), ColumnKind::Text);
        assert_eq!(column(&["NA", ""]).kind(), ColumnKind::Text);
    }

    #[test]
    fn nulls_are_counted_and_otherwise_passed_over() {
        let column = column(&["NA", "3", "", " null ", "4"]);
        assert_eq!((column.nulls, column.kind()), (3, ColumnKind::Integer));
        assert_eq!(column.range(), (Some("3".into()), Some("4".into())));
        assert_eq!(super::tests::column(&["NA"]).range(), (None, None));
    }

    #[test]
    fn numbers_are_ordered_by_value_and_texts_by_bytes() {
        assert_eq!(range(&["9", "10", "-2", "-10"]), ("-10".into(), "10".into()));
        assert_eq!(range(&["0.5", "-0.25", "1e1", "9.75"]), ("-0.25".into(), "1e1".into()));
        assert_eq!(range(&["9", "10", "x"]), ("10".into(), "x".into()));
        assert_eq!(range(&["b", "ab", "c", "a"]), ("a".into(), "c".into()));
        assert_eq!(range(&["m", "n", "mm", "l", "lz"]), ("l".into(), "n".into()));
        assert_eq!(range(&["false", "true"]), ("false".into(), "true".into()));
    }

    #[test]
    fn times_have_a_range_across_their_spellings() {
        let column = column(&["2013/3/1", "2013-02-28T23:00:00Z", "2013-02-28"]);
        let (from, to) = column.time_range().unwrap();
        assert_eq!(to - from, 31 * 3_600_000_000);
        assert_eq!(column.range(), (Some("2013-02-28".into()), Some("2013-02-28T23:00:00Z".into())));
        assert_eq!(super::tests::column(&["5"]).time_range(), None);
    }

    #[test]
    fn long_texts_are_shortened_by_characters() {
        let long = "堰".repeat(100);
        let (min, _) = range(&[&long]);
        assert_eq!(min.chars().count(), RANGE_TEXT_CHARS_MAX);
    }
}
