//! Small files: hours of air quality, the same for the same seed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::data_type::{DoubleType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

/// The columns of [`csv`].
pub const COLUMNS: [&str; 5] = ["No", "hour", "PM2.5", "O3", "station"];

/// Writes a CSV of so many rows, and gives its path.
///
/// # Panics
/// Where it cannot be written.
pub fn csv(folder: &Path, name: &str, rows: u32) -> PathBuf {
    let path = folder.join(format!("{name}.csv"));
    std::fs::write(&path, csv_text(name, rows)).unwrap();
    path
}

/// The text of such a CSV.
pub fn csv_text(name: &str, rows: u32) -> String {
    let mut text = COLUMNS.join(",");
    text.push('\n');
    let mut state =
        name.bytes().fold(7_u32, |state, byte| state.wrapping_mul(31).wrapping_add(u32::from(byte)));
    for row in 0..rows {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (pm, ozone) = (state >> 24, (state >> 16) & 0xff);
        let time = format!("2017-{:02}-{:02} {:02}:00:00", 1 + row / 672 % 12, 1 + row / 24 % 28, row % 24);
        let _ = writeln!(text, "{},{time},{pm},{ozone},{name}", row + 1);
    }
    text
}

/// What a projection of [`csv_text`] on these columns looks like.
pub fn projected(text: &str, columns: &[&str]) -> String {
    let places: Vec<usize> = COLUMNS
        .iter()
        .enumerate()
        .filter(|(_, name)| columns.contains(name))
        .map(|(place, _)| place)
        .collect();
    let mut out = String::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let kept: Vec<&str> = places.iter().map(|place| cells[*place]).collect();
        out.push_str(&kept.join(","));
        out.push('\n');
    }
    out
}

/// Writes a Parquet file with the columns `No` and `PM2.5`.
///
/// # Panics
/// Where it cannot be written.
pub fn parquet(folder: &Path, name: &str, rows: u32) -> PathBuf {
    let path = folder.join(format!("{name}.parquet"));
    let schema = parse_message_type("message air { required int64 No; required double PM25; }").unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let numbers: Vec<i64> = (0..i64::from(rows)).collect();
    column.typed::<Int64Type>().write_batch(&numbers, None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let values: Vec<f64> = (0..rows).map(|row| f64::from(row) / 2.0).collect();
    column.typed::<DoubleType>().write_batch(&values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    path
}
