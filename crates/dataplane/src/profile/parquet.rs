//! The profile of a Parquet file: schema and statistics from its footer, columns read only where those lack.
//!
//! A nested schema shows its leaves, named by their path. Values that have no order of their own here (intervals, half
//! floats, times of day) have a column without a range.

mod meaning;

use std::fs::File;
use std::path::Path;

use ::domain::catalogue::Column;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::statistics::Statistics;
use parquet::schema::types::ColumnDescriptor;

use self::meaning::{Key, Meaning, OwnedKey, float_key};
use super::clock::Clock;
use super::{COLUMNS_MAX, Content, best_time_range};
use crate::DataError;
use crate::csv_input::check_names;
use crate::source::digest_file;
use crate::text::Progress;

/// Values that are read at once.
const BATCH_VALUES: usize = 8_192;

/// Digests the file and reads its metadata.
pub(super) fn scan(path: &Path, file: &File, progress: Progress<'_>) -> Result<Content, DataError> {
    let (bytes, sha256) = digest_file(file, path, progress)?;
    let broken =
        |error: ParquetError| DataError::Parquet { path: path.to_owned(), reason: error.to_string() };
    let file = file.try_clone().map_err(DataError::io(path, "open"))?;
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let names = column_names(path, &reader)?;
    let rows = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or_default();
    let columns = columns(&reader).map_err(broken)?;
    let range = best_time_range(columns.iter().map(|column| (column.meaning.kind(), column.time_range())));
    let time_range = match range {
        Some(range) => Some(range),
        None => clock_range(&reader, &names).map_err(broken)?,
    };
    let columns = columns.into_iter().zip(names).map(|(column, name)| column.described(name, rows)).collect();
    Ok(Content { encoding: "binary".into(), delimiter: None, columns, rows, bytes, sha256, time_range })
}

fn column_names(path: &Path, reader: &SerializedFileReader<File>) -> Result<Vec<String>, DataError> {
    let leaves = reader.metadata().file_metadata().schema_descr().columns();
    if leaves.len() > COLUMNS_MAX {
        let (path, found) = (path.to_owned(), leaves.len());
        return Err(DataError::TooManyColumns { path, found, limit: COLUMNS_MAX });
    }
    let names: Vec<String> = leaves.iter().map(|leaf| leaf.path().parts().join(".")).collect();
    if names.is_empty() {
        return Err(DataError::Empty { path: path.to_owned() });
    }
    check_names(path, &names)?;
    Ok(names)
}

fn columns(reader: &SerializedFileReader<File>) -> Result<Vec<LeafColumn>, ParquetError> {
    let leaves = reader.metadata().file_metadata().schema_descr().columns();
    let mut columns: Vec<LeafColumn> = leaves.iter().map(|leaf| LeafColumn::new(leaf)).collect();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        for (index, column) in columns.iter_mut().enumerate() {
            column.see_chunk(group.as_ref(), index)?;
        }
    }
    Ok(columns)
}

/// The time range from columns for year, month, day and hour, read row by row.
fn clock_range(
    reader: &SerializedFileReader<File>,
    names: &[String],
) -> Result<Option<(i64, i64)>, ParquetError> {
    let Some(mut clock) = Clock::find(names) else { return Ok(None) };
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index)?;
        let part = |column: usize| integers(group.as_ref(), column);
        let (years, months, days) = (part(clock.year)?, part(clock.month)?, part(clock.day)?);
        let hours = match clock.hour {
            Some(column) => part(column)?,
            None => vec![0; years.len()],
        };
        // With a missing value the columns no longer run side by side, and say nothing about rows.
        if [months.len(), days.len(), hours.len()].iter().any(|length| *length != years.len()) {
            return Ok(None);
        }
        for (((year, month), day), hour) in years.into_iter().zip(months).zip(days).zip(hours) {
            clock.see_parts(year, month, day, hour);
        }
    }
    Ok(clock.range())
}

/// The present values of a column of whole numbers; none of other columns.
fn integers(group: &dyn RowGroupReader, column: usize) -> Result<Vec<i64>, ParquetError> {
    let mut found = Vec::new();
    match group.get_column_reader(column)? {
        ColumnReader::Int32ColumnReader(reader) => {
            scan_values(reader, 0, |value| found.push(i64::from(*value)))?
        }
        ColumnReader::Int64ColumnReader(reader) => scan_values(reader, 0, |value| found.push(*value))?,
        _ => 0,
    };
    Ok(found)
}

/// One leaf of the schema, so far.
struct LeafColumn {
    meaning: Meaning,
    max_definition_level: i16,
    nulls: u64,
    min: Option<OwnedKey>,
    max: Option<OwnedKey>,
}

impl LeafColumn {
    fn new(leaf: &ColumnDescriptor) -> Self {
        let max_definition_level = leaf.max_def_level();
        Self { meaning: Meaning::of(leaf), max_definition_level, nulls: 0, min: None, max: None }
    }

    /// Takes this column's part of a row group: its statistics, or its values where those do not suffice.
    fn see_chunk(&mut self, group: &dyn RowGroupReader, index: usize) -> Result<(), ParquetError> {
        let chunk = group.metadata().column(index);
        let values = u64::try_from(chunk.num_values()).unwrap_or_default();
        if chunk.statistics().is_some_and(|statistics| self.see_statistics(statistics, values)) {
            return Ok(());
        }
        self.see_values(group.get_column_reader(index)?)
    }

    /// Whether the statistics said everything.
    fn see_statistics(&mut self, statistics: &Statistics, values: u64) -> bool {
        let Some(nulls) = statistics.null_count_opt() else { return false };
        if self.meaning != Meaning::Opaque && nulls < values {
            let Some((min, max)) = self.statistics_range(statistics) else { return false };
            self.see_key(min.key());
            self.see_key(max.key());
        }
        self.nulls += nulls;
        true
    }

    fn statistics_range(&self, statistics: &Statistics) -> Option<(OwnedKey, OwnedKey)> {
        let meaning = self.meaning;
        let exact = statistics.min_is_exact() && statistics.max_is_exact();
        let (min, max) = match statistics {
            Statistics::Boolean(s) => {
                let key = |value: &bool| Some(Key::Number(i128::from(*value)));
                (s.min_opt().and_then(key)?, s.max_opt().and_then(key)?)
            }
            Statistics::Int32(s) => (meaning.of_int32(*s.min_opt()?)?, meaning.of_int32(*s.max_opt()?)?),
            Statistics::Int64(s) => (meaning.of_integer(*s.min_opt()?)?, meaning.of_integer(*s.max_opt()?)?),
            Statistics::Float(s) => {
                (float_key(f64::from(*s.min_opt()?))?, float_key(f64::from(*s.max_opt()?))?)
            }
            Statistics::Double(s) => (float_key(*s.min_opt()?)?, float_key(*s.max_opt()?)?),
            // Long texts may be cut in statistics, and older ones are ordered by signed bytes.
            Statistics::ByteArray(s) if exact && !statistics.is_min_max_deprecated() => {
                (meaning.of_bytes(s.min_opt()?.data())?, meaning.of_bytes(s.max_opt()?.data())?)
            }
            Statistics::ByteArray(_) | Statistics::FixedLenByteArray(_) | Statistics::Int96(_) => {
                return None;
            }
        };
        Some((min.into(), max.into()))
    }

    fn see_values(&mut self, reader: ColumnReader) -> Result<(), ParquetError> {
        let (meaning, level) = (self.meaning, self.max_definition_level);
        let mut see = |key: Option<Key<'_>>| {
            if let Some(key) = key {
                self.see_key(key);
            }
        };
        let nulls = match reader {
            ColumnReader::BoolColumnReader(r) => {
                scan_values(r, level, |v| see(Some(Key::Number(i128::from(*v)))))
            }
            ColumnReader::Int32ColumnReader(r) => scan_values(r, level, |v| see(meaning.of_int32(*v))),
            ColumnReader::Int64ColumnReader(r) => scan_values(r, level, |v| see(meaning.of_integer(*v))),
            ColumnReader::Int96ColumnReader(r) => {
                scan_values(r, level, |v| see(meaning.of_integer(v.to_micros())))
            }
            ColumnReader::FloatColumnReader(r) => scan_values(r, level, |v| see(float_key(f64::from(*v)))),
            ColumnReader::DoubleColumnReader(r) => scan_values(r, level, |v| see(float_key(*v))),
            ColumnReader::ByteArrayColumnReader(r) => {
                scan_values(r, level, |v| see(meaning.of_bytes(v.as_bytes())))
            }
            ColumnReader::FixedLenByteArrayColumnReader(r) => {
                scan_values(r, level, |v| see(meaning.of_bytes(v.as_bytes())))
            }
        }?;
        self.nulls += nulls;
        Ok(())
    }

    fn see_key(&mut self, key: Key<'_>) {
        if self.min.as_ref().is_none_or(|min| key < min.key()) {
            self.min = Some(key.into());
        }
        if self.max.as_ref().is_none_or(|max| key > max.key()) {
            self.max = Some(key.into());
        }
    }

    fn time_range(&self) -> Option<(i64, i64)> {
        let micros = |key: &Option<OwnedKey>| key.as_ref().and_then(|key| self.meaning.micros(key));
        micros(&self.min).zip(micros(&self.max))
    }

    fn described(self, name: String, rows: u64) -> Column {
        let show = |key: &Option<OwnedKey>| key.as_ref().and_then(|key| self.meaning.show(key));
        let (min, max) = (show(&self.min), show(&self.max));
        // A list has more cells than its table has rows.
        Column { name, kind: self.meaning.kind(), nulls: self.nulls.min(rows), min, max, title: None }
    }
}

/// Hands every present value to `see`, and gives the number of missing ones.
fn scan_values<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    max_definition_level: i16,
    mut see: impl FnMut(&T::T),
) -> Result<u64, ParquetError> {
    let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
    let mut nulls = 0;
    loop {
        definitions.clear();
        repetitions.clear();
        values.clear();
        let (records, ..) =
            reader.read_records(BATCH_VALUES, Some(&mut definitions), Some(&mut repetitions), &mut values)?;
        if records == 0 {
            return Ok(nulls);
        }
        nulls += definitions.iter().filter(|level| **level < max_definition_level).count() as u64;
        values.iter().for_each(&mut see);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type, Int96, Int96Type};
    use parquet::file::properties::{EnabledStatistics, WriterProperties};
    use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
    use parquet::schema::parser::parse_message_type;

    use super::super::{ProfileOptions, profile};
    use super::*;
    use ::domain::catalogue::{ColumnKind, Profile};

    fn of(path: &Path) -> Result<Profile, DataError> {
        profile(path, &ProfileOptions::default(), &|_| ()).map(|profiled| profiled.profile)
    }

    type Fill<'a> = &'a mut dyn FnMut(usize, &mut SerializedColumnWriter<'_>);

    /// Writes a file of `groups` row groups, each filled column by column.
    fn write(
        dir: &tempfile::TempDir,
        schema: &str,
        statistics: EnabledStatistics,
        groups: usize,
        fill: Fill<'_>,
    ) -> PathBuf {
        let path = dir.path().join("data.parquet");
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let properties = WriterProperties::builder().set_statistics_enabled(statistics).build();
        let mut writer =
            SerializedFileWriter::new(File::create(&path).unwrap(), schema, Arc::new(properties)).unwrap();
        for _ in 0..groups {
            let mut group = writer.next_row_group().unwrap();
            let mut index = 0;
            while let Some(mut column) = group.next_column().unwrap() {
                fill(index, &mut column);
                column.close().unwrap();
                index += 1;
            }
            group.close().unwrap();
        }
        writer.close().unwrap();
        path
    }

    fn put<T: DataType>(column: &mut SerializedColumnWriter<'_>, values: &[T::T], levels: Option<&[i16]>) {
        column.typed::<T>().write_batch(values, levels, None).unwrap();
    }

    const SCHEMA: &str = "message readings {
        required int64 no;
        optional int32 ozone;
        required double temperature;
        optional binary station (STRING);
        required int32 day (DATE);
        required int64 at (TIMESTAMP(MILLIS, true));
        required int32 price (DECIMAL(9, 2));
        required int64 big (INTEGER(64, false));
    }";

    fn readings(dir: &tempfile::TempDir, statistics: EnabledStatistics) -> PathBuf {
        write(dir, SCHEMA, statistics, 2, &mut |index, column| match index {
            0 => put::<Int64Type>(column, &[1, 2, 3], None),
            1 => put::<Int32Type>(column, &[-77, 5], Some(&[1, 0, 1])),
            2 => put::<DoubleType>(column, &[-0.5, 20.25, f64::NAN], None),
            3 => put::<ByteArrayType>(column, &[ByteArray::from("奥体中心")], Some(&[0, 1, 0])),
            4 => put::<Int32Type>(column, &[15_765, 15_766, 15_767], None),
            5 => put::<Int64Type>(column, &[0, 1_000, 1_500], None),
            6 => put::<Int32Type>(column, &[-5, 1_250, 0], None),
            _ => put::<Int64Type>(column, &[-1, 0, 1], None),
        })
    }

    fn check_readings(profile: &Profile) {
        let shown: Vec<(ColumnKind, u64, &str, &str)> = profile
            .columns
            .iter()
            .map(|c| (c.kind, c.nulls, c.min.as_deref().unwrap_or("-"), c.max.as_deref().unwrap_or("-")))
            .collect();
        let expected = [
            (ColumnKind::Integer, 0, "1", "3"),
            (ColumnKind::Integer, 2, "-77", "5"),
            (ColumnKind::Decimal, 0, "-0.5", "20.25"),
            (ColumnKind::Text, 4, "奥体中心", "奥体中心"),
            (ColumnKind::Date, 0, "2013-03-01", "2013-03-03"),
            (ColumnKind::DateTime, 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:01.500000Z"),
            (ColumnKind::Decimal, 0, "-0.05", "12.50"),
            (ColumnKind::Integer, 0, "0", "18446744073709551615"),
        ];
        assert_eq!(shown, expected);
        assert_eq!((profile.rows, profile.null_cells, profile.delimiter), (6, 6, None));
        let (first, last) = profile.time_range.unwrap();
        assert_eq!((first.micros(), last.micros()), (0, 1_500_000), "times go before dates");
        profile.check().unwrap();
    }

    #[test]
    fn statistics_and_values_tell_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let path = readings(&dir, EnabledStatistics::Chunk);
        check_readings(&of(&path).unwrap());
        let path = readings(&dir, EnabledStatistics::None);
        let profile = of(&path).unwrap();
        check_readings(&profile);
        assert_eq!(profile.sha256, crypto::Sha256::of(&std::fs::read(&path).unwrap()));
        assert_eq!(
            (profile.encoding.as_str(), profile.bytes),
            ("binary", std::fs::metadata(&path).unwrap().len())
        );
    }

    #[test]
    fn year_month_day_and_hour_give_a_time_range() {
        let dir = tempfile::tempdir().unwrap();
        let schema = "message m { required int32 year; required int64 month; required int32 day; required int32 hour; }";
        let path = write(&dir, schema, EnabledStatistics::Chunk, 1, &mut |index, column| match index {
            0 => put::<Int32Type>(column, &[2017, 2013], None),
            1 => put::<Int64Type>(column, &[2, 3], None),
            2 => put::<Int32Type>(column, &[28, 1], None),
            _ => put::<Int32Type>(column, &[23, 0], None),
        });
        let (first, last) = of(&path).unwrap().time_range.unwrap();
        assert_eq!(first.to_document(), "2013-03-01T00:00:00+08:00");
        assert_eq!(last.to_document(), "2017-02-28T23:00:00+08:00");
    }

    #[test]
    fn nested_and_old_columns_have_a_description_too() {
        let dir = tempfile::tempdir().unwrap();
        let schema = "message m { required group place { required binary name (UTF8); } required int96 at;
            required binary amount (DECIMAL(20, 3)); required int32 clock (TIME_MILLIS); }";
        let mut at = Int96::new();
        at.set_data(0, 0, 2_440_588);
        let path = write(&dir, schema, EnabledStatistics::Chunk, 1, &mut |index, column| match index {
            0 => put::<ByteArrayType>(column, &[ByteArray::from("x")], None),
            1 => put::<Int96Type>(column, &[at], None),
            2 => put::<ByteArrayType>(column, &[ByteArray::from(vec![0xff, 0x00])], None),
            _ => put::<Int32Type>(column, &[5], None),
        });
        let profile = of(&path).unwrap();
        let shown: Vec<(&str, ColumnKind, Option<&str>)> =
            profile.columns.iter().map(|c| (c.name.as_str(), c.kind, c.min.as_deref())).collect();
        let expected = [
            ("place.name", ColumnKind::Text, Some("x")),
            ("at", ColumnKind::DateTime, Some("1970-01-01T00:00:00Z")),
            ("amount", ColumnKind::Decimal, Some("-0.256")),
            ("clock", ColumnKind::Text, None),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn no_row_group_is_no_row() {
        let dir = tempfile::tempdir().unwrap();
        let path = write(&dir, SCHEMA, EnabledStatistics::Chunk, 0, &mut |_, _| ());
        let profile = of(&path).unwrap();
        assert_eq!((profile.rows, profile.columns.len(), profile.time_range), (0, 8, None));
    }

    #[test]
    fn a_truncated_file_is_named_as_such() {
        let dir = tempfile::tempdir().unwrap();
        let path = readings(&dir, EnabledStatistics::Chunk);
        let whole = std::fs::read(&path).unwrap();
        for length in [1, 4, 8, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..length]).unwrap();
            let error = of(&path).unwrap_err();
            assert!(matches!(error, DataError::Parquet { .. }), "{length} bytes: {error}");
            assert!(error.to_string().contains("is not a complete Parquet file"), "{error}");
        }
        std::fs::write(&path, "").unwrap();
        assert!(matches!(of(&path), Err(DataError::Empty { .. })));
        std::fs::write(&path, "a,b\n1,2\n".repeat(10)).unwrap();
        assert!(matches!(of(&path), Err(DataError::Parquet { .. })), "a CSV by another name");
    }
}
