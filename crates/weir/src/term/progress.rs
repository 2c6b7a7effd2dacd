//! Bars for what takes long.

use indicatif::{ProgressBar, ProgressStyle};

use super::plain::clean;

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Items,
}

impl Unit {
    pub(super) fn style(self, has_total: bool) -> ProgressStyle {
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
    pub(super) bar: ProgressBar,
    pub(super) unit: Unit,
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
