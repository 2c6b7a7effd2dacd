//! What the command line writes, and where: data on standard output, everything else on standard error.
//!
//! In mode [`Mode::Json`] standard output carries JSON alone, one value per line. In mode [`Mode::Human`] it carries
//! tables, lines and steps, coloured only where a terminal reads them and `NO_COLOR` is not set (no-color.org). Text
//! that came from others can hold control characters; they are replaced before it reaches a terminal.
//!
//! Left to others: the sentences ([`crate::i18n`]) and what they say.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// Columns that lines are laid out for where no terminal says how many it has.
pub const DEFAULT_COLUMNS: usize = 100;
/// Columns beyond which a line is not stretched on a wider terminal.
pub const MAX_COLUMNS: usize = 120;
/// Columns of a step's name.
pub const LABEL_COLUMNS: usize = 10;

/// Who reads standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// People.
    #[default]
    Human,
    /// Programs: JSON, one value per line.
    Json,
}

/// What the environment says about colours and width.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `TERM` is `dumb`.
    pub dumb: bool,
    /// `COLUMNS`, where it is a number.
    pub columns: Option<usize>,
}

impl Environment {
    /// Reads `NO_COLOR`, `TERM` and `COLUMNS` from values that `get` gives by name.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            no_color: get("NO_COLOR").is_some_and(|value| !value.is_empty()),
            dumb: get("TERM").is_some_and(|value| value == "dumb"),
            columns: get("COLUMNS").and_then(|value| value.parse().ok()).filter(|columns| *columns > 0),
        }
    }

    fn colours(&self, is_terminal: bool) -> bool {
        is_terminal && !self.no_color && !self.dumb
    }
}

/// The command line's output. Clones write to the same place; lines never mix.
#[derive(Clone)]
pub struct Out {
    inner: Arc<Inner>,
}

struct Inner {
    mode: Mode,
    columns: usize,
    colour_out: bool,
    colour_err: bool,
    bars: MultiProgress,
    streams: Mutex<Streams>,
}

struct Streams {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Out {
    /// The output of this process.
    pub fn of_process(mode: Mode, environment: &Environment) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let animated = mode == Mode::Human && err.is_terminal() && !environment.dumb;
        let target = if animated { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let inner = Inner {
            mode,
            columns: environment.columns.unwrap_or(DEFAULT_COLUMNS).min(MAX_COLUMNS),
            colour_out: environment.colours(out.is_terminal()),
            colour_err: environment.colours(err.is_terminal()),
            bars: MultiProgress::with_draw_target(target),
            streams: Mutex::new(Streams { out: Box::new(out), err: Box::new(err) }),
        };
        Self { inner: Arc::new(inner) }
    }

    /// An output into memory, without colours and animation, for tests.
    pub fn captured(mode: Mode) -> (Self, Captured) {
        let captured = Captured::default();
        let streams = Streams { out: Box::new(captured.out.clone()), err: Box::new(captured.err.clone()) };
        let inner = Inner {
            mode,
            columns: DEFAULT_COLUMNS,
            colour_out: false,
            colour_err: false,
            bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            streams: Mutex::new(streams),
        };
        (Self { inner: Arc::new(inner) }, captured)
    }

    /// Who reads.
    pub fn mode(&self) -> Mode {
        self.inner.mode
    }

    /// Whether programs read.
    pub fn is_json(&self) -> bool {
        self.mode() == Mode::Json
    }

    /// A result: `value` for programs, the lines of `human` for people. `human` runs only for people.
    ///
    /// # Errors
    /// The stream's, and [`io::ErrorKind::InvalidData`] for a value that is no JSON.
    pub fn result<T: Serialize + ?Sized>(&self, value: &T, human: impl FnOnce() -> String) -> io::Result<()> {
        match self.mode() {
            Mode::Json => self.json(value),
            Mode::Human => self.data(&human()),
        }
    }

    /// One JSON value on a line of standard output, in either mode.
    ///
    /// # Errors
    /// As [`Out::result`].
    pub fn json<T: Serialize + ?Sized>(&self, value: &T) -> io::Result<()> {
        let line = serde_json::to_string(value)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.write(Stream::Out, &line)
    }

    /// Lines on standard output as they are, but for control characters. Nothing in mode [`Mode::Json`].
    ///
    /// # Errors
    /// The stream's.
    pub fn data(&self, text: &str) -> io::Result<()> {
        self.human(&clean_lines(text))
    }

    /// A table on standard output. Nothing in mode [`Mode::Json`].
    ///
    /// # Errors
    /// The stream's.
    pub fn table(&self, table: &Table) -> io::Result<()> {
        self.human(&table.render(self.inner.colour_out))
    }

    /// A table's text as [`Out::table`] writes it, to stand among other lines.
    pub fn rendered(&self, table: &Table) -> String {
        table.render(self.inner.colour_out)
    }

    /// A step's line on standard output. Nothing in mode [`Mode::Json`].
    ///
    /// # Errors
    /// The stream's.
    pub fn step(&self, step: &Step<'_>) -> io::Result<()> {
        self.human(&step.render(self.inner.columns, self.inner.colour_out))
    }

    /// A line for people on standard error, in either mode.
    ///
    /// # Errors
    /// The stream's.
    pub fn note(&self, text: &str) -> io::Result<()> {
        self.write(Stream::Err, &clean_lines(text))
    }

    /// A line on standard error that begins with a word, such as `error` or `warning` in the reader's language.
    ///
    /// # Errors
    /// The stream's.
    pub fn labelled(&self, tone: Tone, label: &str, text: &str) -> io::Result<()> {
        let label = tone.paint(&format!("{}:", clean(label)), self.inner.colour_err);
        self.write(Stream::Err, &format!("{label} {}", clean_lines(text)))
    }

    /// A bar on standard error for something long; invisible where no terminal reads it.
    pub fn progress(&self, label: &str, total: Option<u64>, unit: Unit) -> Progress {
        let counted = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
        if self.inner.bars.is_hidden() {
            counted.set_draw_target(ProgressDrawTarget::hidden());
            return Progress { bar: counted, unit };
        }
        let bar = self.inner.bars.add(counted);
        bar.set_style(unit.style(total.is_some()));
        bar.set_message(clean(label));
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress { bar, unit }
    }

    fn human(&self, text: &str) -> io::Result<()> {
        match self.mode() {
            Mode::Human => self.write(Stream::Out, text),
            Mode::Json => Ok(()),
        }
    }

    /// Writes while no bar is drawn.
    fn write(&self, stream: Stream, text: &str) -> io::Result<()> {
        self.inner.bars.suspend(|| {
            let mut streams = self.inner.streams();
            let to = match stream {
                Stream::Out => &mut streams.out,
                Stream::Err => &mut streams.err,
            };
            writeln!(to, "{}", text.strip_suffix('\n').unwrap_or(text))?;
            to.flush()
        })
    }
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out").field("mode", &self.inner.mode).finish_non_exhaustive()
    }
}

impl Inner {
    /// A writer that panicked in the middle of a line has left nothing that could be put right here.
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// What was written to an output of [`Out::captured`].
#[derive(Clone, Debug, Default)]
pub struct Captured {
    out: Buffer,
    err: Buffer,
}

impl Captured {
    /// Standard output so far.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// Standard error so far.
    pub fn err(&self) -> String {
        self.err.text()
    }
}

#[derive(Clone, Debug, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Buffer {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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

    fn paint(self, text: &str, colour: bool) -> String {
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
    fn render(self, colour: bool) -> String {
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
    fn render(&self, columns: usize, colour: bool) -> String {
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

/// On which side a column's cells are filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

#[derive(Clone, Debug)]
struct Column {
    heading: String,
    align: Align,
    columns_max: usize,
}

/// Rows under headings, aligned by the width that a terminal gives each character (Chinese takes two columns).
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one column more.
    #[must_use]
    pub fn column(self, heading: &str, align: Align) -> Self {
        self.column_within(heading, align, usize::MAX)
    }

    /// The same with one column more, whose cells are cut to `columns_max` columns of the terminal.
    #[must_use]
    pub fn column_within(mut self, heading: &str, align: Align, columns_max: usize) -> Self {
        self.columns.push(Column { heading: clean(heading), align, columns_max });
        self
    }

    /// Adds a row. Missing cells are empty, and cells beyond the last column are dropped.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        let mut cells = cells.into_iter().map(Into::into);
        let fit = |column: &Column| shorten(&clean(&cells.next().unwrap_or_default()), column.columns_max);
        let row = self.columns.iter().map(fit).collect();
        self.rows.push(row);
    }

    /// The table's text, its last line without a line end.
    pub fn render(&self, colour: bool) -> String {
        let headings: Vec<_> = self.columns.iter().map(|column| column.heading.clone()).collect();
        let rows = std::iter::once(&headings).chain(&self.rows);
        let widths: Vec<_> = (0..self.columns.len()).map(|at| width_of(rows.clone(), at)).collect();
        let mut lines: Vec<_> = rows.map(|row| self.line(row, &widths)).collect();
        if let Some(first) = lines.first_mut() {
            *first = Tone::Strong.paint(first, colour);
        }
        lines.join("\n")
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells =
            self.columns.iter().zip(row).zip(widths).map(|((column, cell), width)| match column.align {
                Align::Left => pad_right(cell, *width),
                Align::Right => pad_left(cell, *width),
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

fn width_of<'a>(rows: impl Iterator<Item = &'a Vec<String>>, at: usize) -> usize {
    rows.filter_map(|row| row.get(at)).map(|cell| cell.width()).max().unwrap_or(0)
}

fn pad_right(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

fn pad_left(text: &str, columns: usize) -> String {
    format!("{:1$}{text}", "", columns.saturating_sub(text.width()))
}

/// The text within `columns_max` columns, its end replaced by `…` where it is longer.
fn shorten(text: &str, columns_max: usize) -> String {
    if text.width() <= columns_max {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if kept.width() + 1 > columns_max {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

/// A text on one line, harmless to a terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if is_control(c) { '\u{fffd}' } else { c }).collect()
}

/// A text on one or more lines, harmless to a terminal.
fn clean_lines(text: &str) -> String {
    text.chars().map(|c| if is_control(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and those that turn the direction of what follows.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Items,
}

impl Unit {
    fn style(self, has_total: bool) -> ProgressStyle {
        let template = match (self, has_total) {
            (Unit::Bytes, true) => {
                "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}"
            }
            (Unit::Bytes, false) => "{msg} {spinner} {decimal_bytes} {decimal_bytes_per_sec}",
            (Unit::Items, true) => "{msg} {wide_bar} {human_pos}/{human_len}",
            (Unit::Items, false) => "{msg} {spinner} {human_pos}",
        };
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }
}

/// A bar that is shown until it is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    unit: Unit,
}

impl Progress {
    /// Counts on.
    pub fn add(&self, amount: u64) {
        self.bar.inc(amount);
    }

    /// Counts from here, for what is resumed.
    pub fn set(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// Sets the total, where none is known yet.
    pub fn expect(&self, total: u64) {
        if self.bar.length().is_none() {
            self.bar.set_length(total);
            self.bar.set_style(self.unit.style(true));
        }
    }

    /// What there is to count in all, where that is known.
    pub fn total(&self) -> Option<u64> {
        self.bar.length()
    }

    /// Says what is at work now.
    pub fn label(&self, label: &str) {
        self.bar.set_message(clean(label));
    }

    /// What was counted so far.
    pub fn position(&self) -> u64 {
        self.bar.position()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

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

/// Bytes in decimal units, rounded to what a reader needs: `999 B`, `32.5 MB`, `1.1 GB`, `120 GB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut scale = 1000;
    for unit in UNITS {
        let (tenths, whole) = (rounded(u128::from(count) * 10, scale), rounded(u128::from(count), scale));
        if tenths < 1000 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        if whole < 1000 {
            return format!("{whole} {unit}");
        }
        scale *= 1000;
    }
    // Beyond the last unit there is no count: the largest has 18.4 of it.
    String::new()
}

/// A time as it is measured: `850 µs`, `41 ms`, `1.2 s`, `2 min 5 s`, `3 h 20 min`.
pub fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    match rounded(micros, 1000) {
        _ if micros < 1000 => format!("{micros} µs"),
        millis if millis < 1000 => format!("{millis} ms"),
        _ => seconds(time),
    }
}

/// A time in seconds with a tenth, as at the end of a step's line: `0.4 s`; from a minute on, as [`duration`].
pub fn seconds(time: Duration) -> String {
    let tenths = rounded(time.as_millis(), 100);
    let whole = rounded(tenths, 10);
    match whole {
        _ if tenths < 600 => format!("{}.{} s", tenths / 10, tenths % 10),
        whole if whole < 3600 => format!("{} min {} s", whole / 60, whole % 60),
        whole => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// A share in per cent with a tenth: `1.0 %`. Nothing of nothing is none.
pub fn percent(part: u64, whole: u64) -> String {
    let tenths = rounded(u128::from(part) * 1000, u128::from(whole.max(1)));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn rounded(amount: u128, unit: u128) -> u128 {
    (amount + unit / 2) / unit
}

#[cfg(test)]
#[path = "term_tests.rs"]
mod tests;
