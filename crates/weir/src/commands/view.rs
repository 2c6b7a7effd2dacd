//! How JSON of the API becomes tables and lines for people.
//!
//! What the API does not say stands as a dash: the tables hold even where a node of another version leaves something out.

use chrono::{DateTime, Days, FixedOffset, NaiveTime, SecondsFormat};
use domain::Timestamp;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::commands::{Context, closed};
use crate::i18n::Lang;
use crate::problem::Result;
use crate::term::{Align, Table, size, thousands};

/// The offset in which people read times, in seconds: UTC+8, as the documents have it.
pub(crate) const OFFSET_SECS: i32 = 8 * 3600;
/// Characters of a digest that are shown.
const DIGEST_CHARS_SHOWN: usize = 16;
/// Stands for what is not there.
const NOTHING: &str = "–";
/// The widest cell of free text, in columns of the terminal.
const TEXT_COLUMNS_MAX: usize = 48;

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it is.
    Text,
    /// A text in both languages, or in one.
    Words,
    /// A whole number, grouped by thousands.
    Count,
    /// A size.
    Bytes,
    /// A time, to the second.
    Time,
    /// Two times, from the first to the second.
    Span,
    /// The terms of an offer or a contract.
    Terms,
    /// A word of the node's, such as a role.
    Word,
    /// A state: a code of TC609-6-2025-14, table C.1, or a word of the catalogue.
    State,
}

/// A column of a table: the key of its heading, where in the item its value stands (the first place that has one), and how it is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    places: &'static [&'static str],
    kind: Kind,
}

/// A column; `heading` is a key of the catalogue.
pub(crate) const fn column(heading: &'static str, places: &'static [&'static str], kind: Kind) -> Column {
    Column { heading, places, kind }
}

/// The items of a list: the answer itself, or its member `items`.
pub(crate) fn items(answer: &Value) -> &[Value] {
    let list = answer.as_array().or_else(|| answer.get("items").and_then(Value::as_array));
    list.map_or(&[], Vec::as_slice)
}

/// A list as the command's result: the API's JSON for programs, a table for people, and a note where it is empty.
pub(crate) fn list(context: &Context, answer: &Value, columns: &[Column]) -> Result<()> {
    if context.out.is_json() {
        return context.out.json(answer).map_err(closed);
    }
    let items = items(answer);
    if items.is_empty() {
        return context.note(&context.msg("list-empty", &[]));
    }
    context.out.table(&table(context, items, columns)).map_err(closed)
}

/// Items as a table's rows.
pub(crate) fn table(context: &Context, items: &[Value], columns: &[Column]) -> Table {
    let headed = columns.iter().fold(Table::new(), |table, column| {
        let heading = context.msg(column.heading, &[]);
        match column.kind {
            Kind::Count | Kind::Bytes => table.column(&heading, Align::Right),
            Kind::Words | Kind::Terms => table.column_within(&heading, Align::Left, TEXT_COLUMNS_MAX),
            Kind::Text | Kind::Word | Kind::State | Kind::Time | Kind::Span => {
                table.column(&heading, Align::Left)
            }
        }
    });
    items.iter().fold(headed, |mut table, item| {
        table.row(columns.iter().map(|column| cell(context, item, column)));
        table
    })
}

/// One object as the command's result: the API's JSON for programs, its members one a line for people.
pub(crate) fn object(context: &Context, answer: &Value, lines: &[Column]) -> Result<()> {
    context.result(answer, || members(context, answer, lines))
}

/// The members of an object that are there, one a line, behind their names.
pub(crate) fn members(context: &Context, item: &Value, lines: &[Column]) -> String {
    let pairs = lines.iter().map(|line| (context.msg(line.heading, &[]), cell(context, item, line)));
    aligned(&pairs.filter(|(_, value)| value != NOTHING).collect::<Vec<_>>())
}

/// Names and values in two columns.
pub(crate) fn aligned(pairs: &[(String, String)]) -> String {
    let columns = pairs.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
    let line = |(name, value): &(String, String)| format!("{name}{:1$}  {value}", "", columns - name.width());
    pairs.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn place<'a>(item: &'a Value, places: &[&str]) -> Option<&'a Value> {
    places.iter().find_map(|place| item.pointer(place).filter(|value| !is_nothing(value)))
}

fn is_nothing(value: &Value) -> bool {
    value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_str().is_some_and(str::is_empty)
}

fn cell(context: &Context, item: &Value, column: &Column) -> String {
    place(item, column.places).map_or_else(|| NOTHING.to_owned(), |value| shown(context, value, column.kind))
}

/// A value for people.
pub(crate) fn shown(context: &Context, value: &Value, kind: Kind) -> String {
    match kind {
        Kind::Text => plain(value),
        Kind::Word => word(context, &plain(value), &plain(value)),
        Kind::Words => words(value, context.messages.lang()),
        Kind::Count => value.as_u64().map_or_else(|| plain(value), thousands),
        Kind::Time => time(value),
        Kind::Span => span(context, value),
        Kind::Bytes => value.as_u64().map_or_else(|| plain(value), size),
        Kind::Terms => super::terms::shown(context, value),
        Kind::State => state(context, &plain(value)),
    }
}

/// A value as text: strings without quotes, lists with commas.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Null => NOTHING.to_owned(),
        other => other.to_string(),
    }
}

/// A time of the API (RFC 3339) at UTC+8, without fractions of a second. What is none stays as it is.
pub(crate) fn time(value: &Value) -> String {
    read(value).map_or_else(|| plain(value), |time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Microseconds since 1970 as [`time`] shows a time.
pub(crate) fn moment(micros: i64) -> String {
    Timestamp::from_secs(Timestamp::from_micros(micros).secs()).to_document()
}

/// The beginning of a digest, enough to tell two apart.
pub(crate) fn head(digest: &impl std::fmt::Display) -> String {
    digest.to_string().chars().take(DIGEST_CHARS_SHOWN).collect()
}

/// A time that begins something, or stands for itself: the day alone where it is a midnight at UTC+8.
pub(crate) fn day_or_time(value: &Value) -> String {
    match read(value).filter(is_midnight) {
        Some(midnight) => midnight.date_naive().to_string(),
        None => time(value),
    }
}

/// A time before which something ends: the last whole day where it is a midnight at UTC+8, as `--to` takes it.
pub(crate) fn last_day_or_time(value: &Value) -> String {
    let midnight = read(value).filter(is_midnight);
    let last = midnight.and_then(|midnight| midnight.date_naive().checked_sub_days(Days::new(1)));
    last.map_or_else(|| time(value), |day| day.to_string())
}

fn read(value: &Value) -> Option<DateTime<FixedOffset>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(time.with_timezone(&FixedOffset::east_opt(OFFSET_SECS)?))
}

fn is_midnight(time: &DateTime<FixedOffset>) -> bool {
    time.time() == NaiveTime::MIN
}

/// The first and the last time of something: both are in it.
fn span(context: &Context, value: &Value) -> String {
    match value.as_array().map(Vec::as_slice) {
        Some([from, to]) if day_or_time(from) == day_or_time(to) => day_or_time(from),
        Some([from, to]) => {
            let args = [("from", day_or_time(from).into()), ("to", day_or_time(to).into())];
            context.msg("terms-span", &args)
        }
        _ => plain(value),
    }
}

/// A text or words in the reader's language, or in the other one.
pub(crate) fn words(value: &Value, lang: Lang) -> String {
    let text = |tag: &str| value.get(tag).map(plain).filter(|text| !text.is_empty());
    let first = text(lang.tag()).or_else(|| Lang::ALL.into_iter().find_map(|other| text(other.tag())));
    match (first, value) {
        (Some(text), _) => text,
        (None, Value::Object(_)) => NOTHING.to_owned(),
        (None, other) => plain(other),
    }
}

/// A state with its name: `05 in force`. What is not known stays as it is.
fn state(context: &Context, code: &str) -> String {
    let Some(key) = state_key(code) else { return code.to_owned() };
    let name = context.msg(key, &[]);
    if code.starts_with(|first: char| first.is_ascii_digit()) { format!("{code} {name}") } else { name }
}

/// A word of the node's in the reader's language: its sentence `word-…`, else `otherwise`.
pub(crate) fn word(context: &Context, word: &str, otherwise: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' };
    let parts: String = word.chars().map(plain).collect();
    let key = format!("word-{}", parts.split_whitespace().collect::<Vec<_>>().join("-"));
    if context.messages.has(&key) { context.msg(&key, &[]) } else { otherwise.to_owned() }
}

/// The text with every time of the API in it at UTC+8, as [`time`] shows one.
pub(crate) fn times_in(text: &str) -> String {
    let of_a_time = |c: char| c.is_ascii_digit() || matches!(c, '-' | ':' | '.' | 'T' | 'Z' | '+');
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(begin) = rest.find(of_a_time) {
        let (before, from) = rest.split_at(begin);
        let whole = from.find(|c| !of_a_time(c)).unwrap_or(from.len());
        let run = from.get(..whole).unwrap_or_default().trim_end_matches(['-', ':', '.', '+']);
        let (run, after) = from.split_at(run.len().max(1));
        shown.push_str(before);
        let parts: Vec<String> = run.split("--").map(|part| time(&Value::from(part))).collect();
        shown.push_str(&parts.join("--"));
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn state_key(code: &str) -> Option<&'static str> {
    Some(match code {
        "01" => "state-initiated",
        "02" => "state-negotiating",
        "03" => "state-signing",
        "0301" => "state-signed",
        "0302" => "state-not-signed",
        "05" => "state-in-force",
        "06" => "state-ended",
        "draft" => "state-draft",
        "catalogued" => "state-catalogued",
        "revoked" => "state-revoked",
        "registered" => "state-registered",
        "certified" => "state-certified",
        "deregistered" => "state-deregistered",
        "listed" => "state-listed",
        "delisted" => "state-delisted",
        "withdrawn" => "state-withdrawn",
        "open" => "state-use-open",
        "complete" => "state-use-complete",
        "incomplete" => "state-use-incomplete",
        "refused" => "state-use-refused",
        "mismatch" => "state-use-mismatch",
        "unanswered" => "state-use-unanswered",
        "waiting" => "state-message-waiting",
        "given_up" => "state-message-given-up",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::commands::tests::context;

    #[test]
    fn lists_come_bare_or_as_a_member() {
        assert_eq!(items(&json!([1, 2])).len(), 2);
        assert_eq!(items(&json!({"total": 9, "items": [1]})).len(), 1);
        assert!(items(&json!({"total": 0})).is_empty());
        assert!(items(&Value::Null).is_empty());
    }

    #[test]
    fn words_are_in_the_reader_s_language_or_the_other_one() {
        assert_eq!(words(&json!({"zh": "臭氧", "en": "ozone"}), Lang::Zh), "臭氧");
        assert_eq!(words(&json!({"zh": "臭氧", "en": ""}), Lang::En), "臭氧");
        assert_eq!(words(&json!("ozone"), Lang::Zh), "ozone");
        assert_eq!(words(&json!({"zh": [], "en": ["ozone", "air"]}), Lang::Zh), "ozone, air");
        assert_eq!(words(&json!({"zh": "", "en": ""}), Lang::En), NOTHING);
    }

    #[test]
    fn a_table_shows_a_dash_for_what_is_not_there() {
        let (context, captured) = context(&[]);
        let columns = [
            column("head-product", &["/id"], Kind::Text),
            column("head-rows", &["/profile/rows", "/rows"], Kind::Count),
            column("head-state", &["/state"], Kind::State),
        ];
        let answer =
            json!({"items": [{"id": "6A", "rows": 35064, "state": "05"}, {"id": "6B", "state": "99"}]});
        list(&context, &answer, &columns).unwrap();
        let text = captured.out();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(lines[1].contains("35,064") && lines[1].contains("05 in force"), "{text}");
        assert!(lines[2].contains('–') && lines[2].ends_with("99"), "{text}");
    }

    #[test]
    fn an_empty_list_leaves_standard_output_empty() {
        let (context, captured) = context(&[]);
        list(&context, &json!([]), &[column("head-product", &["/id"], Kind::Text)]).unwrap();
        assert_eq!(captured.out(), "");
        assert!(!captured.err().is_empty());
    }

    #[test]
    fn programs_get_the_answer_as_it_is() {
        let (context, captured) = context(&["--json"]);
        list(&context, &json!({"items": [], "total": 0}), &[]).unwrap();
        object(&context, &json!({"id": 1}), &[]).unwrap();
        assert_eq!(captured.out(), "{\"items\":[],\"total\":0}\n{\"id\":1}\n");
    }

    #[test]
    fn times_are_shown_to_the_second() {
        assert_eq!(time(&json!("2026-11-24T10:06:35.070533Z")), "2026-11-24T18:06:35+08:00");
        assert_eq!(time(&json!("2026-11-24T18:06:35+08:00")), "2026-11-24T18:06:35+08:00");
        assert_eq!(time(&json!("2019-12-31T16:00:00Z")), "2020-01-01T00:00:00+08:00");
        assert_eq!(time(&json!("soon")), "soon");
        assert_eq!(moment(1_577_808_000_999_999), "2020-01-01T00:00:00+08:00");
        assert!(!moment(i64::MIN).is_empty() && !moment(i64::MAX).is_empty());
    }

    #[test]
    fn times_in_a_text_are_shown_at_utc_plus_8() {
        for (text, shown) in [
            ("it ended at 2026-01-01T00:00:00.5Z: agree", "it ended at 2026-01-01T08:00:00+08:00: agree"),
            (
                "2025-12-31T16:00:00Z--2026-12-31T16:00:00Z",
                "2026-01-01T00:00:00+08:00--2027-01-01T00:00:00+08:00",
            ),
            ("约于2026-01-01T00:00:00Z，Z 1-2 TZ", "约于2026-01-01T08:00:00+08:00，Z 1-2 TZ"),
            ("", ""),
        ] {
            assert_eq!(times_in(text), shown);
        }
    }

    #[test]
    fn a_midnight_at_utc_plus_8_is_its_day() {
        assert_eq!(day_or_time(&json!("2019-12-31T16:00:00Z")), "2020-01-01");
        assert_eq!(day_or_time(&json!("2020-01-01T00:00:00Z")), "2020-01-01T08:00:00+08:00");
        assert_eq!(last_day_or_time(&json!("2026-12-31T16:00:00Z")), "2026-12-31");
        assert_eq!(last_day_or_time(&json!("2026-12-31T16:00:01Z")), "2027-01-01T00:00:01+08:00");
        let (context, _) = context(&[]);
        let shown = |from, to| span(&context, &json!([from, to]));
        assert_eq!(shown("2019-12-31T16:00:00Z", "2019-12-31T16:00:00Z"), "2020-01-01");
        assert_eq!(shown("2019-12-31T16:00:00Z", "2020-01-02T16:00:00Z"), "2020-01-01 to 2020-01-03");
        assert_eq!(
            shown("2013-02-28T16:00:00Z", "2017-02-28T15:00:00Z"),
            "2013-03-01 to 2017-02-28T23:00:00+08:00"
        );
    }

    #[test]
    fn members_leave_out_what_is_not_there() {
        let (context, _) = context(&[]);
        let lines = [
            column("head-product", &["/id"], Kind::Text),
            column("head-description", &["/description"], Kind::Words),
            column("head-service-node", &["/listings"], Kind::Text),
            column("head-time-range", &["/timeRange"], Kind::Span),
            column("head-problem", &["/problem"], Kind::Text),
        ];
        let item = json!({"id": "6A", "description": {"zh": "", "en": ""}, "listings": [], "timeRange": ["a", "b"], "problem": null});
        assert_eq!(members(&context, &item, &lines), "product     6A\ntime range  a to b");
    }

    #[test]
    fn members_are_aligned_by_width() {
        let pairs = [("状态".to_owned(), "a".to_owned()), ("id".to_owned(), "b".to_owned())];
        assert_eq!(aligned(&pairs), "状态  a\nid    b");
    }
}
