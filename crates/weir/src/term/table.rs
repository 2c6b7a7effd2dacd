//! Tables that are aligned by what a terminal shows.

use unicode_width::UnicodeWidthStr;

use super::plain::clean;
use super::step::Tone;

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

/// Fills a text up to so many columns of the terminal.
pub(crate) fn pad_right(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

fn pad_left(text: &str, columns: usize) -> String {
    format!("{:1$}{text}", "", columns.saturating_sub(text.width()))
}

/// The text within `columns_max` columns, its end replaced by `…` where it is longer.
pub(super) fn shorten(text: &str, columns_max: usize) -> String {
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
