//! The closed set of SQL types and the Arrow type that carries each.

use std::fmt;

use arrow_schema::TimeUnit;

use crate::decimal::MAX_PRECISION;

/// A SQL type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// The type of a bare NULL before anything gives it another.
    Null,
    /// `BOOLEAN`.
    Boolean,
    /// `SMALLINT`: 16 bits.
    Int16,
    /// `INT4`: 32 bits.
    Int32,
    /// `INTEGER`, `INT`, `BIGINT`: 64 bits.
    Int64,
    /// `FLOAT4`: 32 bits.
    Float32,
    /// `DOUBLE`, `REAL`, `FLOAT`: 64 bits.
    Float64,
    /// `DECIMAL(precision, scale)`: exact, `scale <= precision <= 38`.
    Decimal {
        /// Digits in all.
        precision: u8,
        /// Digits after the point.
        scale: u8,
    },
    /// `TEXT`, `VARCHAR(n)`: UTF-8; the length is counted in characters.
    Text {
        /// The most characters a column of this type holds.
        length_max: Option<u32>,
    },
    /// `BLOB`, `BYTEA`.
    Blob,
    /// `DATE`: days since 1970-01-01, with both infinities.
    Date,
    /// `TIMESTAMP`: microseconds since 1970-01-01 00:00 UTC, with both infinities.
    Timestamp,
    /// `INTERVAL`: months, days, microseconds.
    Interval,
    /// `JSON`: minimal text with sorted keys.
    Json,
}

impl DataType {
    /// Text without a limit.
    pub const TEXT: DataType = DataType::Text { length_max: None };
    /// The exact sum of integers.
    pub const INTEGER_SUM: DataType = DataType::Decimal { precision: MAX_PRECISION, scale: 0 };

    /// Returns the Arrow type of a column of this type.
    ///
    /// Decimals up to 18 digits are 64 bits wide, wider ones 128. Strings and bytes are views.
    /// Intervals are months, days and nanoseconds (microseconds × 1,000).
    pub fn arrow(self) -> arrow_schema::DataType {
        use arrow_schema::DataType as Arrow;
        match self {
            DataType::Null => Arrow::Null,
            DataType::Boolean => Arrow::Boolean,
            DataType::Int16 => Arrow::Int16,
            DataType::Int32 => Arrow::Int32,
            DataType::Int64 => Arrow::Int64,
            DataType::Float32 => Arrow::Float32,
            DataType::Float64 => Arrow::Float64,
            DataType::Decimal { precision, scale } if precision <= 18 => {
                Arrow::Decimal64(precision, scale_i8(scale))
            }
            DataType::Decimal { precision, scale } => Arrow::Decimal128(precision, scale_i8(scale)),
            DataType::Text { .. } | DataType::Json => Arrow::Utf8View,
            DataType::Blob => Arrow::BinaryView,
            DataType::Date => Arrow::Date32,
            DataType::Timestamp => Arrow::Timestamp(TimeUnit::Microsecond, None),
            DataType::Interval => Arrow::Interval(arrow_schema::IntervalUnit::MonthDayNano),
        }
    }

    /// True of the integer types.
    pub fn is_integer(self) -> bool {
        matches!(self, DataType::Int16 | DataType::Int32 | DataType::Int64)
    }

    /// True of integers, decimals and floats.
    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float() || matches!(self, DataType::Decimal { .. })
    }

    /// True of the floating-point types.
    pub fn is_float(self) -> bool {
        matches!(self, DataType::Float32 | DataType::Float64)
    }

    /// True of text of any length.
    pub fn is_text(self) -> bool {
        matches!(self, DataType::Text { .. })
    }

    /// Returns the same type without a limit on length: the type of expressions.
    #[must_use]
    pub fn unlimited(self) -> DataType {
        if self.is_text() { DataType::TEXT } else { self }
    }
}

fn scale_i8(scale: u8) -> i8 {
    i8::try_from(scale).expect("a scale is at most 38")
}

/// Writes the type as SQL: `BIGINT`, `DECIMAL(15,2)`, `VARCHAR(10)`.
impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Null => f.write_str("NULL"),
            DataType::Boolean => f.write_str("BOOLEAN"),
            DataType::Int16 => f.write_str("SMALLINT"),
            DataType::Int32 => f.write_str("INT4"),
            DataType::Int64 => f.write_str("BIGINT"),
            DataType::Float32 => f.write_str("FLOAT4"),
            DataType::Float64 => f.write_str("DOUBLE"),
            DataType::Decimal { precision, scale } => write!(f, "DECIMAL({precision},{scale})"),
            DataType::Text { length_max: Some(most) } => write!(f, "VARCHAR({most})"),
            DataType::Text { length_max: None } => f.write_str("TEXT"),
            DataType::Blob => f.write_str("BLOB"),
            DataType::Date => f.write_str("DATE"),
            DataType::Timestamp => f.write_str("TIMESTAMP"),
            DataType::Interval => f.write_str("INTERVAL"),
            DataType::Json => f.write_str("JSON"),
        }
    }
}
