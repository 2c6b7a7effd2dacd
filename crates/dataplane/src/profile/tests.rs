//! Profiles of good and bad files: encodings, delimiters, defects, limits, and the twelve stations where they are there. Parquet is
//! tested in `parquet.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::cell::Cell;
use std::path::PathBuf;

use ::domain::catalogue::ColumnKind;

use super::*;

fn place() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn write(dir: &tempfile::TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn of(path: &Path) -> Result<Profile, DataError> {
    profile(path, &ProfileOptions::default(), &|_| ()).map(|profiled| profiled.profile)
}

fn of_text(content: impl AsRef<[u8]>) -> Result<Profile, DataError> {
    let dir = place();
    of(&write(&dir, "data.csv", content))
}

fn refusal(content: impl AsRef<[u8]>) -> DataError {
    of_text(content).unwrap_err()
}

fn gbk(text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding_rs::GBK.encode(text);
    assert!(!lossy);
    bytes.into_owned()
}

const CHINESE: &str = "站点,日期,臭氧\n奥体中心,2013-03-01,77\n昌平,2013-03-02,NA\n";

#[test]
fn a_small_file_is_described_column_by_column() {
    let text = "id,name,open,since,seen,score\n1,b,true,2013-03-01,2013-03-01 10:00,0.5\n2,a,false,NA,,-3\n";
    let profile = of_text(text).unwrap();
    let kinds: Vec<ColumnKind> = profile.columns.iter().map(|column| column.kind).collect();
    use ColumnKind::{Boolean, Date, DateTime, Decimal, Integer, Text};
    assert_eq!(kinds, [Integer, Text, Boolean, Date, DateTime, Decimal]);
    let range = |name: &str| {
        let column = profile.column(name).unwrap();
        (column.min.clone().unwrap(), column.max.clone().unwrap())
    };
    assert_eq!(range("score"), ("-3".into(), "0.5".into()));
    assert_eq!(range("name"), ("a".into(), "b".into()));
    assert_eq!((profile.rows, profile.null_cells, profile.bytes), (2, 2, text.len() as u64));
    assert_eq!((profile.encoding.as_str(), profile.delimiter), ("utf-8", Some(',')));
    assert_eq!(profile.sha256, Sha256::of(text.as_bytes()));
    let (first, last) = profile.time_range.unwrap();
    assert_eq!(
        (first.to_string().as_str(), first),
        ("2013-03-01T02:00:00Z", last),
        "the column of times goes first"
    );
    profile.check().unwrap();
}

#[test]
fn delimiters_quotes_and_line_ends_are_understood() {
    let cases = [
        "a;b\n1;x\n2;y\n",
        "a\tb\r\n1\tx\r\n2\ty\r\n",
        "a|b\n1|\"x\"\n2|\"y|z\"",
        "\"a\",\"b\"\r1,\"x\"\r2,\"y\nz\"\r",
        "a,b\n\n1,x\n\n2,y\n\n",
    ];
    for text in cases {
        let profile = of_text(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(profile.rows, 2, "{text:?}");
        assert_eq!(profile.columns[0].kind, ColumnKind::Integer, "{text:?}");
        assert_eq!(profile.columns[1].min.as_deref(), Some("x"), "{text:?}");
    }
}

#[test]
fn a_header_without_rows_is_accepted() {
    for text in ["a,b\n", "a,b"] {
        let profile = of_text(text).unwrap();
        assert_eq!((profile.rows, profile.columns.len(), profile.time_range), (0, 2, None));
        assert_eq!(profile.columns[0].min, None);
    }
}

#[test]
fn gbk_is_detected_and_its_columns_are_named_in_chinese() {
    let bytes = gbk(CHINESE);
    let profile = of_text(&bytes).unwrap();
    let names: Vec<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["站点", "日期", "臭氧"]);
    assert_eq!((profile.encoding.as_str(), profile.rows, profile.columns[2].nulls), ("gbk", 2, 1));
    assert_eq!(profile.columns[0].min.as_deref(), Some("奥体中心"));
    assert_eq!(profile.sha256, Sha256::of(&bytes), "the digest is that of the file as it is");
    assert_eq!(profile.bytes, bytes.len() as u64);
}

#[test]
fn gbk_may_end_in_any_way() {
    let many: String = (0..50_000).map(|row| format!("{row},奥体中心\n")).collect();
    let cases = [
        ("时间,站点\n2020-01-01,东四\n2020-01-02,天坛公园\n".to_owned(), 2),
        ("时间,站点\r\n2020-01-01,东四\r\n2020-01-02,天坛公园\r\n".to_owned(), 2),
        ("时间,站点\n2020-01-01,东四\n2020-01-02,天坛公园".to_owned(), 2),
        ("时间,站点\r\n2020-01-01,东四\r\n2020-01-02,天坛公园".to_owned(), 2),
        ("站点,日期\n奥体中心,2013-03-01\n天坛公园,x".to_owned(), 2),
        (format!("时间,站点\n{many}"), 50_000),
        (format!("时间,站点\n{}", many.trim_end()), 50_000),
    ];
    for (text, rows) in cases {
        let profile = of_text(gbk(&text)).unwrap();
        assert_eq!((profile.encoding.as_str(), profile.rows), ("gbk", rows), "{:.40}", text);
    }
}

#[test]
fn utf16_without_a_line_end_is_a_header() {
    let profile = of_text(b"\xff\xfe\x00\x81\x00\x99").unwrap();
    let names: Vec<&str> = profile.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!((names, profile.rows), (vec!["\u{8100}\u{9900}"], 0));
}

#[test]
fn gbk_that_begins_late_is_detected_all_the_same() {
    let mut text = String::from("no,station\n");
    (0..60_000).for_each(|row| text.push_str(&format!("{row},plain\n")));
    (0..200).for_each(|row| text.push_str(&format!("{row},奥体中心监测站\n")));
    assert!(text.len() > 600 << 10, "the sample must not reach the Chinese part");
    let profile = of_text(gbk(&text)).unwrap();
    assert_eq!((profile.encoding.as_str(), profile.rows), ("gbk", 60_200));
    assert_eq!(profile.columns[1].max.as_deref(), Some("奥体中心监测站"));
}

#[test]
fn an_encoding_can_be_named() {
    let dir = place();
    let named = |bytes: &[u8], encoding: &str| {
        let path = write(&dir, "data.csv", bytes);
        let options = ProfileOptions { encoding: Some(encoding.into()) };
        profile(&path, &options, &|_| ()).map(|profiled| profiled.profile)
    };
    let (big5, ..) = encoding_rs::BIG5.encode("站點,臭氧\n奧體,77\n");
    let profile = named(&big5, "Big5").unwrap();
    assert_eq!((profile.columns[0].name.as_str(), profile.encoding.as_str()), ("站點", "big5"));
    let profile = named(&gbk(CHINESE), "GB18030").unwrap();
    assert_eq!((profile.columns[2].name.as_str(), profile.encoding.as_str()), ("臭氧", "gb18030"));

    let wrong = named(&gbk(CHINESE), "utf-8").unwrap_err();
    assert!(matches!(wrong, DataError::Malformed { line: 1, offset: 2, .. }), "{wrong}");
    let unknown = named(b"a\n1\n", "klingon").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "unknown encoding `klingon`: expected one such as `utf-8`, `gbk`, `gb18030` or `big5`"
    );
}

#[test]
fn an_encoding_that_the_file_does_not_have_is_refused() {
    let dir = place();
    let named = |bytes: &[u8], encoding: &str| {
        let options = ProfileOptions { encoding: Some(encoding.to_owned()) };
        profile(&write(&dir, "data.csv", bytes), &options, &|_| ())
    };
    let many_accents = "é,ü\n".repeat(6);
    for text in [CHINESE, "站", "\u{feff}a\n", many_accents.as_str()] {
        for encoding in ["gbk", "big5", "utf-16le", "windows-1252"] {
            let error = named(text.as_bytes(), encoding).unwrap_err();
            assert!(matches!(error, DataError::WrongEncoding { .. }), "{text:?} as {encoding}: {error}");
            assert!(error.to_string().ends_with("leave --encoding away"), "{error}");
        }
        assert!(named(text.as_bytes(), "utf8").is_ok() || text == many_accents, "{text:?}");
    }
    let accident = gbk("\u{72f2},x\n");
    let few = ["plain\n".as_bytes(), &[0xc4, 0xa3, b'\n'], &accident];
    assert!(std::str::from_utf8(few[1]).is_ok(), "GBK that is UTF-8 by accident");
    for bytes in few {
        assert_eq!(named(bytes, "gbk").unwrap().profile.encoding, "gbk", "{bytes:?}");
    }
}

#[test]
fn utf16_without_a_mark_is_refused_with_the_way_out() {
    let wide = |text: &str| -> [Vec<u8>; 2] {
        let units: Vec<u16> = text.encode_utf16().collect();
        [
            units.iter().copied().flat_map(u16::to_le_bytes).collect(),
            units.iter().copied().flat_map(u16::to_be_bytes).collect(),
        ]
    };
    for bytes in ["time\n1\n", "站点,日期\n奥体中心,1\n", "t"].into_iter().flat_map(wide) {
        let error = refusal(&bytes);
        assert!(matches!(error, DataError::UnknownText { line: 1, .. }), "{bytes:?}: {error}");
        assert!(error.to_string().contains("UTF-16 with a byte order mark"), "{error}");
    }
    assert!(of_text("a,b\nx\0y,2\n").is_ok(), "one zero is no UTF-16");
}

#[test]
fn a_file_that_ends_inside_a_quoted_field_is_refused_by_the_line_of_the_quote() {
    let mut late = String::from("a,b\n");
    (0..50_000).for_each(|row| late.push_str(&format!("{row},x\n")));
    late.push_str("7,\"y\n8,z\n");
    let cases = [
        ("a,b\n1,\"2\n3,4\n", 2),
        ("a,b\n1,\"2\n3,4", 2),
        ("a,b\r\n1,2\r\n3,\"4\r\n5,6\r\n", 3),
        ("a,b\r1,2\r3,\"4\r5,6\r", 3),
        ("a,b\n\n\n1,\"2\n", 4),
        ("a,b\n\"one\ntwo\",\"three\n4,5\n", 3),
        ("a,b\n1,\"2\"\"\n", 2),
        ("a,b\n1,\"", 2),
        ("a,\"b\n1,2\n", 1),
        ("\"", 1),
        (late.as_str(), 50_002),
    ];
    for (text, expected) in cases {
        let error = refusal(text);
        assert!(
            matches!(error, DataError::UnclosedQuote { line, .. } if line == expected),
            "{:.40}: {error}",
            format!("{text:?}")
        );
    }
}

#[test]
fn a_closed_quote_at_the_end_is_a_row() {
    let cases = [
        ("a,b\n1,\"2\n3\"", "2\n3"),
        ("a,b\n1,\"2\n3\"\n", "2\n3"),
        ("a,b\r\n1,\"2\r\n\"", "2"),
        ("a,b\n1,\"x\"\"\"", "x\""),
        ("a,b\n1,x\"", "x\""),
        ("a,b\r1,\"x\"", "x"),
    ];
    for (text, expected) in cases {
        let profile = of_text(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((profile.rows, profile.bytes), (1, text.len() as u64), "{text:?}");
        assert_eq!(profile.columns[1].min.as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn byte_order_marks_say_the_encoding_and_are_no_part_of_a_name() {
    let profile = of_text("\u{feff}a,b\n1,2\n").unwrap();
    assert_eq!((profile.columns[0].name.as_str(), profile.encoding.as_str()), ("a", "utf-8"));
    let utf16: Vec<u8> = "\u{feff}站点\tb\n奥体\t2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let profile = of_text(&utf16).unwrap();
    assert_eq!((profile.columns[0].name.as_str(), profile.encoding.as_str()), ("站点", "utf-16le"));
    assert_eq!((profile.delimiter, profile.rows), (Some('\t'), 1));
}

#[test]
fn text_in_no_known_encoding_asks_for_its_name() {
    let error = refusal(b"name,n\nplain,1\ncaf\xe9,2\nna\xefve,3\n");
    assert!(matches!(error, DataError::UnknownText { line: 3, offset: 18, .. }), "{error}");
    assert!(error.to_string().contains("--encoding"), "{error}");
}

#[test]
fn utf8_with_a_defect_is_not_taken_for_something_else() {
    let mut text: Vec<u8> = CHINESE.into();
    text.extend_from_slice("大兴,2013-03-03,\u{fffd}\n".as_bytes());
    text.extend_from_slice(b"\xe5\xa4,2013-03-04,1\n");
    let error = refusal(&text);
    assert!(
        matches!(&error, DataError::Malformed { line: 5, encoding, .. } if encoding == "UTF-8"),
        "{error}"
    );
}

#[test]
fn utf8_is_checked_across_the_edges_of_buffers() {
    let mut text = String::from("c\n");
    while text.len() < 700 << 10 {
        text.push_str("堰𠀀é1\n");
    }
    for shift in 0..8 {
        let shifted = format!("{}{text}", &"xxxxxxxx"[..shift]);
        assert!(of_text(&shifted).is_ok(), "shifted by {shift}");
    }
    let mut cut = text.clone().into_bytes();
    cut.extend_from_slice(&"堰".as_bytes()[..2]);
    assert!(matches!(refusal(&cut), DataError::Malformed { .. }), "a character is cut off at the end");
}

#[test]
fn an_empty_file_is_refused() {
    for content in ["", "\n", "\r\n\r\n"] {
        let error = refusal(content);
        assert!(matches!(error, DataError::Empty { .. }), "{content:?}: {error}");
    }
}

#[test]
fn a_ragged_row_is_named_by_its_line() {
    let cases =
        [("a,b\n1,2\n3\n4,5\n", 3, 1), ("a,b\r\n1,2\r\n3,4,5\r\n", 3, 3), ("a,b\n\"x\ny\",2\n3\n", 4, 1)];
    for (text, wanted, fields) in cases {
        match refusal(text) {
            DataError::Ragged { line, expected: 2, found, .. } => {
                assert_eq!((line, found), (wanted, fields), "{text:?}")
            }
            other => panic!("{text:?}: {other}"),
        }
    }
    let message = refusal("a,b\n1,2\n3\n").to_string();
    assert!(message.contains("line 3: 1 fields where the header has 2"), "{message}");
}

#[test]
fn five_thousand_columns_are_too_many() {
    let header: Vec<String> = (0..5_000).map(|column| format!("c{column}")).collect();
    let error = refusal(header.join(",") + "\n");
    assert!(matches!(error, DataError::TooManyColumns { found: 5_000, limit: 1_024, .. }), "{error}");
    assert!(error.to_string().contains("the limit is 1024"), "{error}");
    assert!(of_text(header[..1_024].join(",") + "\n").is_ok(), "the limit itself is allowed");
}

#[test]
fn names_must_be_there_and_unlike() {
    match refusal("a,b,a\n1,2,3\n") {
        DataError::DuplicateHeader { name, first: 1, second: 3, .. } => assert_eq!(name, "a"),
        other => panic!("{other}"),
    }
    assert!(
        matches!(refusal("a, a \n1,2\n"), DataError::DuplicateHeader { .. }),
        "blanks do not tell names apart"
    );
    assert!(matches!(refusal("a,,c\n1,2,3\n"), DataError::EmptyHeader { column: 2, .. }));
    assert!(matches!(refusal("a, ,c\n"), DataError::EmptyHeader { column: 2, .. }));
    let long = "n".repeat(COLUMN_NAME_CHARS_MAX + 1);
    assert!(matches!(refusal(format!("a,{long}\n")), DataError::LongHeader { column: 2, .. }));
}

/// What is catalogued is shown on terminals and pages, and goes over the wire, where control characters are refused.
#[test]
fn control_characters_are_refused_in_names_and_not_shown_in_values() {
    match refusal("a,b\u{2}c\n1,2\n") {
        DataError::ControlInHeader { column: 2, character, .. } => assert_eq!(character, "U+0002"),
        other => panic!("{other}"),
    }
    let dir = place();
    let found = of(&write(&dir, "a.csv", "a\nx\u{2}y\n")).unwrap();
    assert_eq!(found.columns[0].min.as_deref(), Some("x\u{fffd}y"));
}

#[test]
fn an_unclosed_quote_does_not_swallow_the_file() {
    let mut text = b"a,b\n1,2\n3,\"x".to_vec();
    text.resize(10 << 20, b'y');
    let error = refusal(&text);
    assert!(matches!(error, DataError::RowTooLong { line: 3, .. }), "{error}");
    let mut text = b"a,b\r\n1,2\r\n3,\"x".to_vec();
    text.resize(10 << 20, b'y');
    let error = refusal(&text);
    assert!(matches!(error, DataError::RowTooLong { line: 3, .. }), "{error}");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_refused() {
    let dir = place();
    let path = write(&dir, "data.csv", "a\n1\n");
    let append = |_| {
        use std::io::Write;
        let mut file = std::fs::File::options().append(true).open(&path).unwrap();
        file.write_all(b"2\n").unwrap();
        file.set_modified(std::time::UNIX_EPOCH).unwrap();
    };
    let once = Cell::new(true);
    let error = profile(&path, &ProfileOptions::default(), &|bytes| {
        if once.replace(false) {
            append(bytes);
        }
    })
    .unwrap_err();
    assert!(matches!(error, DataError::ChangedWhileRead { .. }), "{error}");

    let replace = |_| {
        std::fs::write(dir.path().join("other"), "a\n1\n").unwrap();
        std::fs::rename(dir.path().join("other"), &path).unwrap();
    };
    let error = profile(&path, &ProfileOptions::default(), &replace).unwrap_err();
    assert!(
        matches!(error, DataError::ChangedWhileRead { .. }),
        "replaced by another of the same size: {error}"
    );
}

#[test]
fn only_files_with_a_known_ending_are_read() {
    let dir = place();
    let error = of(&write(&dir, "data.xlsx", "a\n1\n")).unwrap_err();
    assert!(matches!(error, DataError::UnknownExtension { .. }), "{error}");
    assert!(error.to_string().contains(".csv, .tsv, .txt or .parquet"), "{error}");
    assert!(matches!(of(&write(&dir, "data", "a\n1\n")), Err(DataError::UnknownExtension { .. })));
    assert!(matches!(of(dir.path()), Err(DataError::NotAFile { .. })));
    assert!(matches!(of(&dir.path().join("none.csv")), Err(DataError::Missing { .. })));
    for name in ["a.CSV", "a.tsv", "a.txt"] {
        assert!(of(&write(&dir, name, "a\n1\n")).is_ok(), "{name}");
    }
}

#[test]
fn progress_rises_to_the_size_of_the_file() {
    let dir = place();
    let path = write(&dir, "data.csv", "a,b\n".to_owned() + &"1,2\n".repeat(200_000));
    let (last, calls) = (Cell::new(0), Cell::new(0));
    let profiled = profile(&path, &ProfileOptions::default(), &|bytes| {
        assert!(bytes >= last.replace(bytes));
        calls.set(calls.get() + 1);
    })
    .unwrap();
    assert_eq!((last.get(), profiled.stamp.size, profiled.profile.rows), (800_004, 800_004, 200_000));
    assert!(calls.get() > 2);
}

#[test]
fn the_twelve_stations_are_what_their_publisher_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/beijing-air");
    if !folder.is_dir() {
        assert_ne!(
            std::env::var("WEIR_REQUIRE").as_deref(),
            Ok("all"),
            "the data of the stations is missing"
        );
        eprintln!("skipped: the_twelve_stations_are_what_their_publisher_says (no {})", folder.display());
        return;
    }
    let paths = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let profiles: Vec<Profile> = paths.map(|path| of(&path).unwrap()).collect();
    assert_eq!(profiles.len(), 12);
    assert_eq!(profiles.iter().map(|profile| profile.rows).sum::<u64>(), 420_768);
    for profile in &profiles {
        assert_eq!(profile.columns.len(), 18);
        let (first, last) = profile.time_range.unwrap();
        assert_eq!(first.to_document(), "2013-03-01T00:00:00+08:00");
        assert_eq!(last.to_document(), "2017-02-28T23:00:00+08:00");
        let kind = |name: &str| profile.column(name).unwrap().kind;
        assert_eq!(
            (kind("No"), kind("TEMP"), kind("wd")),
            (ColumnKind::Integer, ColumnKind::Decimal, ColumnKind::Text)
        );
        let number = profile.column("No").unwrap();
        assert_eq!((number.min.as_deref(), number.max.as_deref()), (Some("1"), Some("35064")));
        assert_eq!(profile.column("station").unwrap().nulls, 0);
        assert!((1..=40).contains(&profile.null_permille()), "{}", profile.null_permille());
        profile.check().unwrap();
    }
}
