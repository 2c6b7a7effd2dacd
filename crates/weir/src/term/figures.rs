//! Figures as people read them: sizes, times and shares, rounded to what a reader needs.

use std::time::Duration;

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
