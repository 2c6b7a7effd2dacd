//! Layout, figures and the discipline of the two streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use unicode_width::UnicodeWidthStr;

use super::plain::is_control;
use super::table::shorten;
use super::*;

#[test]
fn times_have_the_unit_a_reader_needs() {
    let table = [
        (0, "0 µs"),
        (850, "850 µs"),
        (999, "999 µs"),
        (1000, "1 ms"),
        (41_499, "41 ms"),
        (999_400, "999 ms"),
        (999_999, "1.0 s"),
        (1_240_000, "1.2 s"),
        (59_900_000, "59.9 s"),
        (59_990_000, "1 min 0 s"),
        (125_000_000, "2 min 5 s"),
        (12_000_000_000, "3 h 20 min"),
    ];
    for (micros, text) in table {
        assert_eq!(duration(Duration::from_micros(micros)), text, "{micros}");
    }
    assert_eq!(step_time(Duration::from_millis(400)), "0.4 s");
    assert_eq!(step_time(Duration::from_millis(3)), "0.0 s");
    assert!(duration(Duration::MAX).ends_with(" min"));
}

fn step<'a>(label: &'a str, text: &'a str, time: Option<&'a str>) -> Step<'a> {
    Step { mark: Mark::Done, label, text, time }
}

#[test]
fn the_time_of_a_step_stands_at_the_right_edge() {
    let line = step("network", "1 global", Some("0.4 s")).render(40, false);
    assert_eq!(line, "✓ network    1 global              0.4 s");
    assert_eq!(line.width(), 40);
    let chinese = step("网络", "全域节点 1 个", Some("0.4 s")).render(40, false);
    assert_eq!(chinese, "✓ 网络       全域节点 1 个         0.4 s");
    assert_eq!(chinese.width(), 40);
    assert_eq!(step("found", "one", None).render(40, false), "✓ found      one");
}

#[test]
fn a_step_longer_than_the_line_keeps_all_its_text() {
    let text = "x".repeat(60);
    let line = step("visible", &text, Some("0.1 s")).render(40, false);
    assert_eq!(line, format!("✓ visible    {text}  0.1 s"));
}

#[test]
fn colours_do_not_move_anything() {
    let plain = step("网络", "text", Some("0.4 s")).render(60, false);
    let coloured = step("网络", "text", Some("0.4 s")).render(60, true);
    assert_ne!(plain, coloured);
    assert_eq!(without_colours(&coloured), plain);
    for mark in [Mark::Refused, Mark::Failed] {
        assert!(mark.render(true).contains('✗') && mark.render(false) == "✗");
    }
    assert_ne!(Mark::Refused.render(true), Mark::Failed.render(true));
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').unwrap().1)
}

fn stations() -> Table {
    let mut table = Table::new().column("provider", Align::Left).column("rows", Align::Right);
    table.row(["奥体中心", "35,064"]);
    table.row(["Aotizhongxin", "5"]);
    table
}

#[test]
fn columns_are_aligned_by_what_a_terminal_shows() {
    let text = stations().render(false);
    assert_eq!(text, "provider        rows\n奥体中心      35,064\nAotizhongxin       5");
    let widths: Vec<_> = text.lines().map(UnicodeWidthStr::width).collect();
    assert_eq!(widths, [20, 20, 20]);
    assert_eq!(without_colours(&stations().render(true)), text);
}

#[test]
fn rows_of_any_length_fit_the_columns() {
    let mut table = Table::new().column("a", Align::Left).column("b", Align::Left);
    table.row(["1", "2", "3"]);
    table.row(["4"]);
    table.row(Vec::<String>::new());
    assert_eq!(table.render(false), "a  b\n1  2\n4\n");
    assert_eq!(Table::new().render(false), "");
}

#[test]
fn long_cells_are_cut_at_a_character() {
    assert_eq!(shorten("abcdef", 6), "abcdef");
    assert_eq!(shorten("abcdef", 5), "abcd…");
    assert_eq!(shorten("奥体中心", 8), "奥体中心");
    assert_eq!(shorten("奥体中心", 7), "奥体中…");
    assert_eq!(shorten("奥体中心", 6), "奥体…");
    for columns in 1..9 {
        assert!(shorten("a奥b体c", columns).width() <= columns, "{columns}");
    }
    let mut table = Table::new().column_within("t", Align::Left, 4);
    table.row(["abcdefgh"]);
    assert_eq!(table.render(false), "t\nabc…");
}

#[test]
fn text_of_others_cannot_command_the_terminal() {
    let hostile = "\u{1b}[2J\u{202e}title\r\n\u{7}";
    let line = step("found", hostile, Some(hostile)).render(80, false);
    assert!(!line.chars().any(is_control), "{line:?}");
    let (out, captured) = Out::captured(Mode::Human);
    let mut table = Table::new().column(hostile, Align::Left);
    table.row([hostile]);
    out.table(&table).unwrap();
    out.data(hostile).unwrap();
    out.note(hostile).unwrap();
    out.labelled(Tone::Bad, hostile, hostile).unwrap();
    for text in [captured.out(), captured.err()] {
        assert!(text.contains("title"));
        assert!(!text.chars().any(|c| is_control(c) && c != '\n'), "{text:?}");
    }
}

#[test]
fn people_get_lines_on_stdout_and_the_rest_on_stderr() {
    let (out, captured) = Out::captured(Mode::Human);
    out.result(&1, || "one\n".to_owned()).unwrap();
    out.step(&step("found", "x", None)).unwrap();
    out.note("note").unwrap();
    out.labelled(Tone::Bad, "error: ", "why").unwrap();
    assert_eq!(captured.out(), "one\n✓ found      x\n");
    assert_eq!(captured.err(), "note\nerror: why\n");
    assert!(!out.is_json());
}

#[test]
fn programs_get_json_alone_on_stdout() {
    let (out, captured) = Out::captured(Mode::Json);
    out.result(&serde_json::json!({"a": "x\ny"}), || panic!("nobody reads it")).unwrap();
    out.data("line").unwrap();
    out.table(&stations()).unwrap();
    out.step(&step("found", "x", None)).unwrap();
    out.note("note").unwrap();
    assert_eq!(captured.out(), "{\"a\":\"x\\ny\"}\n");
    assert_eq!(captured.err(), "note\n");
    assert_eq!(out.mode(), Mode::Json);
}

#[test]
fn a_closed_pipe_is_an_error_and_no_panic() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (out, _captured) = Out::captured(Mode::Human);
    out.inner.streams().out = Box::new(Closed);
    assert_eq!(out.data("x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert!(out.note("still there").is_ok());
}

#[test]
fn lines_of_many_threads_do_not_mix() {
    let (out, captured) = Out::captured(Mode::Human);
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let out = out.clone();
            scope.spawn(move || (0..50).for_each(|_| out.data(&name.repeat(200)).unwrap()));
        }
    });
    let text = captured.out();
    assert_eq!(text.lines().count(), 200);
    assert!(text.lines().all(|line| line.len() == 200 && line.bytes().all(|b| b == line.as_bytes()[0])));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let read = |pairs: &[(&str, &str)]| {
        Environment::read(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert!(read(&[]).colours(true));
    assert!(!read(&[]).colours(false));
    assert!(!read(&[("NO_COLOR", "1")]).colours(true));
    assert!(read(&[("NO_COLOR", "")]).colours(true), "an empty NO_COLOR does not count");
    assert!(!read(&[("TERM", "dumb")]).colours(true));
    assert_eq!(read(&[("COLUMNS", "72")]).columns, Some(72));
    assert_eq!(read(&[("COLUMNS", "0")]).columns, None);
    assert_eq!(read(&[("COLUMNS", "wide")]).columns, None);
}

#[test]
fn a_bar_counts_though_nobody_sees_it() {
    for mode in [Mode::Human, Mode::Json] {
        let (out, captured) = Out::captured(mode);
        let bar = out.progress("downloading", Some(100), Unit::Bytes);
        bar.set(40);
        bar.add(2);
        bar.label("still downloading");
        assert_eq!(bar.position(), 42);
        drop(bar);
        drop(out.progress("counting", None, Unit::Items));
        assert_eq!((captured.out(), captured.err()), (String::new(), String::new()));
    }
}

#[test]
fn every_bar_has_a_style_that_can_be_drawn() {
    for unit in [Unit::Bytes, Unit::Items] {
        for has_total in [true, false] {
            let bar = ProgressBar::hidden().with_style(unit.style(has_total));
            bar.inc(1);
            assert_eq!(bar.position(), 1);
        }
    }
}
