//! What the stored values of a Parquet column mean: their order, and how they are shown.

use ::domain::Timestamp;
use ::domain::catalogue::ColumnKind;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::ColumnDescriptor;

use super::super::column::shortened;

const DAY_MICROS: i64 = 86_400_000_000;

/// Times that are not adjusted to UTC are UTC+8, the documents' time.
const LOCAL_OFFSET_MICROS: i64 = 8 * 3_600_000_000;

/// How the stored values of a column are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Boolean,
    Integer,
    Unsigned,
    Decimal {
        scale: i32,
    },
    Float,
    Date,
    /// Units per second; whether they count from 1970 in UTC.
    Moment {
        per_second: i64,
        utc: bool,
    },
    Text,
    /// No order, or none that is of use to people.
    Opaque,
}

impl Meaning {
    pub(super) fn of(leaf: &ColumnDescriptor) -> Self {
        let by_logical = leaf.logical_type_ref().map(|logical| Self::of_logical(logical, leaf));
        let by_converted = || match leaf.converted_type() {
            ConvertedType::NONE => None,
            converted => Some(Self::of_converted(converted, leaf)),
        };
        by_logical.or_else(by_converted).unwrap_or_else(|| Self::of_physical(leaf.physical_type()))
    }

    fn of_logical(logical: &LogicalType, leaf: &ColumnDescriptor) -> Self {
        match logical {
            LogicalType::String | LogicalType::Enum | LogicalType::Json => Self::Text,
            LogicalType::Date => Self::Date,
            LogicalType::Decimal(decimal) => Self::Decimal { scale: decimal.scale },
            LogicalType::Integer(integer) if integer.is_signed => Self::Integer,
            LogicalType::Integer(_) => Self::Unsigned,
            LogicalType::Timestamp(timestamp) => Self::Moment {
                per_second: match timestamp.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                },
                utc: timestamp.is_adjusted_to_u_t_c,
            },
            LogicalType::Unknown => Self::of_physical(leaf.physical_type()),
            _ => Self::Opaque,
        }
    }

    fn of_converted(converted: ConvertedType, leaf: &ColumnDescriptor) -> Self {
        match converted {
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Self::Text,
            ConvertedType::DATE => Self::Date,
            ConvertedType::DECIMAL => Self::Decimal { scale: leaf.type_scale() },
            ConvertedType::INT_8 | ConvertedType::INT_16 | ConvertedType::INT_32 | ConvertedType::INT_64 => {
                Self::Integer
            }
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Self::Unsigned,
            ConvertedType::TIMESTAMP_MILLIS => Self::Moment { per_second: 1_000, utc: true },
            ConvertedType::TIMESTAMP_MICROS => Self::Moment { per_second: 1_000_000, utc: true },
            _ => Self::Opaque,
        }
    }

    fn of_physical(physical: Type) -> Self {
        match physical {
            Type::BOOLEAN => Self::Boolean,
            Type::INT32 | Type::INT64 => Self::Integer,
            // Written by older systems for nothing but times, in nanoseconds; they reach us as microseconds.
            Type::INT96 => Self::Moment { per_second: 1_000_000, utc: true },
            Type::FLOAT | Type::DOUBLE => Self::Float,
            Type::BYTE_ARRAY => Self::Text,
            Type::FIXED_LEN_BYTE_ARRAY => Self::Opaque,
        }
    }

    pub(super) fn kind(self) -> ColumnKind {
        match self {
            Self::Boolean => ColumnKind::Boolean,
            Self::Integer | Self::Unsigned => ColumnKind::Integer,
            Self::Decimal { .. } | Self::Float => ColumnKind::Decimal,
            Self::Date => ColumnKind::Date,
            Self::Moment { .. } => ColumnKind::DateTime,
            Self::Text | Self::Opaque => ColumnKind::Text,
        }
    }

    pub(super) fn of_integer(self, value: i64) -> Option<Key<'static>> {
        Some(Key::Number(match self {
            Self::Unsigned => i128::from(value.cast_unsigned()),
            Self::Moment { per_second, .. } => i128::from(value) * 1_000_000 / i128::from(per_second),
            Self::Integer | Self::Decimal { .. } | Self::Date | Self::Boolean => i128::from(value),
            Self::Float | Self::Text | Self::Opaque => return None,
        }))
    }

    pub(super) fn of_int32(self, value: i32) -> Option<Key<'static>> {
        match self {
            Self::Unsigned => Some(Key::Number(i128::from(value.cast_unsigned()))),
            _ => self.of_integer(i64::from(value)),
        }
    }

    pub(super) fn of_bytes(self, value: &[u8]) -> Option<Key<'_>> {
        match self {
            Self::Text => Some(Key::Bytes(value)),
            Self::Decimal { .. } => signed_big_endian(value).map(Key::Number),
            _ => None,
        }
    }

    /// The moment of a key, in microseconds since 1970 UTC; none of what is no time.
    pub(super) fn micros(self, key: &OwnedKey) -> Option<i64> {
        let OwnedKey::Number(value) = key else { return None };
        let value = i64::try_from(*value).ok()?;
        match self {
            Self::Date => value.checked_mul(DAY_MICROS)?.checked_sub(LOCAL_OFFSET_MICROS),
            Self::Moment { utc: true, .. } => Some(value),
            Self::Moment { utc: false, .. } => value.checked_sub(LOCAL_OFFSET_MICROS),
            _ => None,
        }
    }

    /// The text of a key, as a CSV file of the same data would have it.
    pub(super) fn show(self, key: &OwnedKey) -> Option<String> {
        let value = match key {
            OwnedKey::Bytes(bytes) => return std::str::from_utf8(bytes).ok().map(shortened),
            OwnedKey::Number(value) => *value,
        };
        Some(match self {
            Self::Boolean => (value != 0).to_string(),
            Self::Decimal { scale } => decimal(value, scale),
            Self::Float => ordered_float(value)?.to_string(),
            Self::Date => {
                let day = i64::try_from(value).ok()?.checked_mul(DAY_MICROS)?;
                Timestamp::from_micros(day).to_string().chars().take_while(|c| *c != 'T').collect()
            }
            Self::Moment { utc, .. } => {
                let text = Timestamp::from_micros(i64::try_from(value).ok()?).to_string();
                if utc { text } else { text.trim_end_matches('Z').to_owned() }
            }
            Self::Integer | Self::Unsigned | Self::Text | Self::Opaque => value.to_string(),
        })
    }
}

/// A value as something that can be compared with the others of its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    Number(i128),
    Bytes(&'a [u8]),
}

/// A [`Key`] that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnedKey {
    Number(i128),
    Bytes(Vec<u8>),
}

impl OwnedKey {
    pub(super) fn key(&self) -> Key<'_> {
        match self {
            Self::Number(value) => Key::Number(*value),
            Self::Bytes(bytes) => Key::Bytes(bytes),
        }
    }
}

impl From<Key<'_>> for OwnedKey {
    fn from(key: Key<'_>) -> Self {
        match key {
            Key::Number(value) => Self::Number(value),
            Key::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

/// Two's complement, the highest byte first; nothing beyond 16 bytes.
fn signed_big_endian(bytes: &[u8]) -> Option<i128> {
    let (first, rest) = bytes.split_first()?;
    let start = i128::from(first.cast_signed());
    (bytes.len() <= 16).then(|| rest.iter().fold(start, |value, byte| (value << 8) | i128::from(*byte)))
}

/// A float as a number of the same order; nothing for what is no number.
pub(super) fn float_key(value: f64) -> Option<Key<'static>> {
    let bits = value.to_bits().cast_signed();
    let ordered = if bits < 0 { bits ^ i64::MAX } else { bits };
    (!value.is_nan()).then_some(Key::Number(i128::from(ordered)))
}

/// The float of a [`float_key`].
fn ordered_float(key: i128) -> Option<f64> {
    let ordered = i64::try_from(key).ok()?;
    let bits = if ordered < 0 { ordered ^ i64::MAX } else { ordered };
    Some(f64::from_bits(bits.cast_unsigned()))
}

/// `value` with `scale` digits after the point.
fn decimal(value: i128, scale: i32) -> String {
    let Some(scale) = usize::try_from(scale).ok().filter(|scale| *scale > 0) else {
        return value.to_string();
    };
    let (sign, digits) = (if value < 0 { "-" } else { "" }, value.unsigned_abs().to_string());
    let digits = format!("{digits:0>width$}", width = scale + 1);
    match digits.split_at_checked(digits.len() - scale) {
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn floats_keep_their_order_as_keys() {
        let order = [f64::NEG_INFINITY, -1e9, -0.5, 0.0, 1e-9, 2.5, f64::INFINITY];
        let keys: Vec<_> = order.iter().map(|value| float_key(*value).unwrap()).collect();
        assert!(keys.is_sorted());
        for (value, key) in order.iter().zip(keys) {
            let Key::Number(key) = key else { panic!("a number") };
            assert_eq!(ordered_float(key), Some(*value));
        }
        assert_eq!(float_key(f64::NAN), None);
    }

    #[test]
    fn decimals_are_written_with_their_scale() {
        assert_eq!(decimal(-5, 2), "-0.05");
        assert_eq!(decimal(1_250, 2), "12.50");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(signed_big_endian(&[0x80]), Some(-128));
        assert_eq!(signed_big_endian(&[0x01, 0x00]), Some(256));
        assert_eq!(signed_big_endian(&[0; 17]), None);
        assert_eq!(signed_big_endian(&[]), None);
    }
}
