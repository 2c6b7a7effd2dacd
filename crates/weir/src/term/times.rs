//! Times as people read them, rounded to what a reader needs.

use std::time::Duration;

/// A time as it is measured: `850 µs`, `41 ms`, `1.2 s`, `2 min 5 s`, `3 h 20 min`.
pub fn duration(time: Duration) -> String {
    let micros = time.as_micros();
    match rounded(micros, 1000) {
        _ if micros < 1000 => format!("{micros} µs"),
        millis if millis < 1000 => format!("{millis} ms"),
        _ => step_time(time),
    }
}

/// A time in seconds with a tenth, as at the end of a step's line: `0.4 s`; from a minute on, as [`duration`].
pub fn step_time(time: Duration) -> String {
    let tenths = rounded(time.as_millis(), 100);
    let whole = rounded(tenths, 10);
    match whole {
        _ if tenths < 600 => format!("{}.{} s", tenths / 10, tenths % 10),
        whole if whole < 3600 => format!("{} min {} s", whole / 60, whole % 60),
        whole => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

fn rounded(amount: u128, unit: u128) -> u128 {
    (amount + unit / 2) / unit
}
