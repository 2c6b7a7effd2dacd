//! For the tests of this crate: the specification's sheets, a seeded generator, and the usual objects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr
)]

use std::collections::BTreeMap;
use std::path::Path;

use crate::catalogue::{Column, ColumnKind, Format, Profile};
use crate::contract::{ContractDraft, PartyRef, ProductRef, Role};
use crate::id::{AreaCode, ContractId, NodeId, ProductId, SubjectCode};
use crate::terms::{Action, Terms};
use crate::{TimeRange, Timestamp};

/// A file of the specifications, or `None` (said on stderr) where they are not there and need not be.
pub fn shared(test: &str, path: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if std::env::var("WEIR_REQUIRE").is_ok_and(|value| value == "all") => {
            panic!("{test} needs the specification `{path}`: {error}")
        }
        Err(_) => {
            eprintln!("skipped {test}: the specification `{path}` is not here");
            None
        }
    }
}

/// Fields of a one-line mapping `{key: value, …}`; values lose their quotes, nested brackets stay as text.
pub fn flow_map(line: &str) -> BTreeMap<String, String> {
    let start = line.find('{').unwrap() + 1;
    let inner = &line[start..line.rfind('}').unwrap()];
    split_top_level(inner)
        .into_iter()
        .filter_map(|field| {
            let (key, value) = field.split_once(':')?;
            Some((unquote(key), unquote(value)))
        })
        .collect()
}

fn split_top_level(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut depth, mut quoted) = (0, false);
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            '[' | '{' | '(' if !quoted => depth += 1,
            ']' | '}' | ')' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    parts
}

pub fn unquote(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace("''", "'"))
}

/// The lines of a block: after the line that contains `heading`, as long as they are indented deeper than it.
pub fn block<'a>(sheet: &'a str, heading: &str) -> Vec<&'a str> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut lines = sheet.lines().skip_while(|line| line.trim() != heading);
    let depth = indent(lines.next().unwrap_or_else(|| panic!("no `{heading}` in the sheet")));
    lines.take_while(|line| indent(line) > depth).collect()
}

/// A small seeded generator (splitmix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n).unwrap()).unwrap()
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

pub const NODE: &str = "491110000MA0TE5T08H5201Q7W8E9R09";
pub const PRODUCT: &str = "691110000MA0TE5T08H1101ZZZZZZZZ3";
pub const RESOURCE: &str = "712710000MB0TE5T1X30065A1B2C3D4I";
pub const CONTRACT: &str = "C491110000MA0TE5T08H520120250901093000Q7W8E9R0N";
pub const OTHER_CONTRACT: &str = "C412710000MB0TE5T1X300652025123123595900000001R";

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Within the time of [`terms`].
pub fn now() -> Timestamp {
    at("2026-03-01T12:00:00+08:00")
}

pub fn area(text: &str) -> AreaCode {
    AreaCode::parse(text).unwrap()
}

pub fn subject(text: &str) -> SubjectCode {
    SubjectCode::parse(text).unwrap()
}

pub fn provider() -> PartyRef {
    PartyRef::new(NodeId::parse("591110000MA0TE5T08H1101000000004").unwrap(), "奥体中心站")
}

pub fn user() -> PartyRef {
    PartyRef::new(NodeId::parse("591310105575958172F1101000000013").unwrap(), "Shanghai Laboratory")
}

pub fn contract_id() -> ContractId {
    ContractId::parse(CONTRACT).unwrap()
}

pub fn year() -> TimeRange {
    TimeRange::new(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z")).unwrap()
}

/// Read, twice, during 2026.
pub fn terms() -> Terms {
    Terms::new(Action::Read, year()).with_count(2)
}

pub fn draft(role: Role) -> ContractDraft {
    ContractDraft {
        key: "k1".to_owned(),
        role,
        name: "Air quality of 2026".to_owned(),
        abstract_: "Hourly readings".to_owned(),
        product: ProductRef {
            id: ProductId::parse(PRODUCT).unwrap(), name: "奥体中心空气质量".to_owned()
        },
        provider: provider(),
        user: user(),
    }
}

pub fn column(name: &str) -> Column {
    Column { name: name.to_owned(), kind: ColumnKind::Decimal, nulls: 0, min: None, max: None, title: None }
}

pub fn profile(format: Format, columns: &[&str]) -> Profile {
    Profile {
        format,
        encoding: "utf-8".to_owned(),
        delimiter: Some(','),
        columns: columns.iter().map(|name| column(name)).collect(),
        rows: 100,
        bytes: 4_096,
        sha256: crypto::Sha256::of(b"file"),
        time_range: None,
        null_cells: 3,
    }
}
