//! The line of a step: its mark, its name, what it did, how long it took.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::plain::clean;
use super::table::pad_right;

/// Columns of a step's name.
pub const LABEL_COLUMNS: usize = 10;

/// How a text is meant; its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be: green.
    Good,
    /// Look at this: yellow.
    Warning,
    /// Wrong: red.
    Bad,
    /// A heading: bold.
    Strong,
    /// Beside the point: faint.
    Faint,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Tone::Good => "32",
            Tone::Warning => "33",
            Tone::Bad => "31",
            Tone::Strong => "1",
            Tone::Faint => "2",
        }
    }

    pub(super) fn paint(self, text: &str, colour: bool) -> String {
        if colour && !text.is_empty() {
            format!("\u{1b}[{}m{text}\u{1b}[0m", self.code())
        } else {
            text.to_owned()
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Done.
    Done,
    /// Refused, as it should be.
    Refused,
    /// Failed.
    Failed,
    /// There was nothing to be done; neither good nor bad.
    Skipped,
}

impl Mark {
    pub(super) fn render(self, colour: bool) -> String {
        match self {
            Mark::Done => Tone::Good.paint("✓", colour),
            Mark::Refused => Tone::Warning.paint("✗", colour),
            Mark::Failed => Tone::Bad.paint("✗", colour),
            Mark::Skipped => Tone::Faint.paint("–", colour),
        }
    }
}

/// One step of a walk: `✓ network    1 global, 2 region …      0.4 s`.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// How it ended.
    pub mark: Mark,
    /// Its name.
    pub label: &'a str,
    /// What it did.
    pub text: &'a str,
    /// How long it took, formatted; it stands at the right edge.
    pub time: Option<&'a str>,
}

impl Step<'_> {
    pub(super) fn render(&self, columns: usize, colour: bool) -> String {
        let (label, text) = (pad_right(&clean(self.label), LABEL_COLUMNS), clean(self.text));
        let mut line = format!("{} {} {text}", self.mark.render(colour), Tone::Strong.paint(&label, colour));
        if let Some(time) = self.time.map(clean) {
            let used = 2 + label.width() + 1 + text.width();
            let gap = columns.saturating_sub(used + time.width()).max(2);
            let _ = write!(line, "{:gap$}{}", "", Tone::Faint.paint(&time, colour));
        }
        line
    }
}
