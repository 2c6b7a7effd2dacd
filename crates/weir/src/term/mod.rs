//! What the command line writes, and where: data on standard output, everything else on standard error.
//!
//! In mode [`Mode::Json`] standard output carries JSON alone, one value per line. In mode [`Mode::Human`] it carries
//! tables, lines and steps, coloured only where a terminal reads them and `NO_COLOR` is not set (no-color.org). Text
//! that came from others can hold control characters; they are replaced before it reaches a terminal.
//!
//! Left to others: the sentences ([`crate::i18n`]) and what they say.

mod captured;
mod plain;
mod progress;
mod step;
mod table;
mod times;

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use serde::Serialize;

pub use self::captured::Captured;
use self::plain::{clean, clean_lines};
pub use self::progress::{Progress, Unit};
pub use self::step::{LABEL_COLUMNS, Mark, Step, Tone};
pub(crate) use self::table::pad_right;
pub use self::table::{Align, Table};
pub use self::times::{duration, step_time};
pub use console::figures::{share, size, thousands};

/// Columns that lines are laid out for where no terminal says how many it has.
pub const DEFAULT_COLUMNS: usize = 100;
/// Columns beyond which a line is not stretched on a wider terminal.
pub const MAX_COLUMNS: usize = 120;

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

    /// A line on standard error that begins with a word and its colon, such as `error: ` in the reader's language.
    ///
    /// # Errors
    /// The stream's.
    pub fn labelled(&self, tone: Tone, label: &str, text: &str) -> io::Result<()> {
        let label = tone.paint(&clean(label), self.inner.colour_err);
        self.write(Stream::Err, &format!("{label}{}", clean_lines(text)))
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

#[cfg(test)]
mod tests;
