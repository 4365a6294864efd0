//! One SQL value outside a batch.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use crate::float::{compare_float64, float32_text, float64_text};
use crate::{DataType, Date, Decimal, Interval, Timestamp, json};

/// A SQL value. Strings are shared, so that a clone is cheap.
///
/// `==` is of representation (NULL equals NULL, NaN does not equal NaN, 1.0 and 1.00 differ);
/// [`Value::compare`] is SQL's order.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL of any type.
    Null,
    /// `BOOLEAN`.
    Boolean(bool),
    /// `SMALLINT`.
    Int16(i16),
    /// `INT4`.
    Int32(i32),
    /// `BIGINT`.
    Int64(i64),
    /// `FLOAT4`.
    Float32(f32),
    /// `DOUBLE`.
    Float64(f64),
    /// `DECIMAL`.
    Decimal(Decimal),
    /// `TEXT`.
    Text(Arc<str>),
    /// `BLOB`.
    Blob(Arc<[u8]>),
    /// `DATE`.
    Date(Date),
    /// `TIMESTAMP`.
    Timestamp(Timestamp),
    /// `INTERVAL`.
    Interval(Interval),
    /// `JSON`, as minimal text with sorted keys.
    Json(Arc<str>),
}

/// A value that does not fit a type.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("value {value} does not fit type {wanted}")]
pub struct ValueError {
    /// The value, printed.
    pub value: String,
    /// The type wanted.
    pub wanted: DataType,
}

macro_rules! from {
    ($($rust:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$rust> for Value {
            fn from(value: $rust) -> Value {
                Value::$variant(value.into())
            }
        })+
    };
}

from! {
    bool => Boolean, i16 => Int16, i32 => Int32, i64 => Int64, f32 => Float32, f64 => Float64,
    &str => Text, String => Text,
}

impl Value {
    /// Returns a text value.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// True of NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Returns the narrowest type that holds the value; [`DataType::Null`] for NULL.
    pub fn data_type(&self) -> DataType {
        match self {
            Value::Null => DataType::Null,
            Value::Boolean(_) => DataType::Boolean,
            Value::Int16(_) => DataType::Int16,
            Value::Int32(_) => DataType::Int32,
            Value::Int64(_) => DataType::Int64,
            Value::Float32(_) => DataType::Float32,
            Value::Float64(_) => DataType::Float64,
            Value::Decimal(number) => DataType::Decimal {
                precision: number.digits().max(number.scale).min(38),
                scale: number.scale,
            },
            Value::Text(_) => DataType::TEXT,
            Value::Blob(_) => DataType::Blob,
            Value::Date(_) => DataType::Date,
            Value::Timestamp(_) => DataType::Timestamp,
            Value::Interval(_) => DataType::Interval,
            Value::Json(_) => DataType::Json,
        }
    }

    /// Returns the text that a cast to TEXT gives; `None` for NULL.
    pub fn cast_text(&self) -> Option<String> {
        (!self.is_null()).then(|| self.to_string())
    }

    /// Orders two values of one type; NULL is greatest, as `ORDER BY … ASC` has it.
    ///
    /// Numbers of different types compare by value. Values of types that do not compare are
    /// ordered by their types, so that the order is total.
    pub fn compare(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Boolean(a), Value::Boolean(b)) => a.cmp(b),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Blob(a), Value::Blob(b)) => a.cmp(b),
            (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
            (Value::Interval(a), Value::Interval(b)) => a.compare(*b),
            (Value::Json(a), Value::Json(b)) => json::compare(a, b),
            _ => match (self.as_number(), other.as_number()) {
                (Some(a), Some(b)) => a.compare(b),
                _ => self.rank().cmp(&other.rank()),
            },
        }
    }

    fn as_number(&self) -> Option<Number> {
        match self {
            Value::Int16(number) => Some(Number::Exact(Decimal::from(i64::from(*number)))),
            Value::Int32(number) => Some(Number::Exact(Decimal::from(i64::from(*number)))),
            Value::Int64(number) => Some(Number::Exact(Decimal::from(*number))),
            Value::Decimal(number) => Some(Number::Exact(*number)),
            Value::Float32(number) => Some(Number::Float(f64::from(*number))),
            Value::Float64(number) => Some(Number::Float(*number)),
            Value::Null
            | Value::Boolean(_)
            | Value::Text(_)
            | Value::Blob(_)
            | Value::Date(_)
            | Value::Timestamp(_)
            | Value::Interval(_)
            | Value::Json(_) => None,
        }
    }

    /// Returns the place of the value's type among types that do not compare.
    fn rank(&self) -> u8 {
        match self {
            Value::Boolean(_) => 0,
            Value::Int16(_)
            | Value::Int32(_)
            | Value::Int64(_)
            | Value::Float32(_)
            | Value::Float64(_)
            | Value::Decimal(_) => 1,
            Value::Text(_) => 2,
            Value::Blob(_) => 3,
            Value::Date(_) => 4,
            Value::Timestamp(_) => 5,
            Value::Interval(_) => 6,
            Value::Json(_) => 7,
            Value::Null => 8,
        }
    }
}

/// A number for comparisons between types.
#[derive(Clone, Copy)]
enum Number {
    Exact(Decimal),
    Float(f64),
}

impl Number {
    fn compare(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Exact(a), Number::Exact(b)) => a.compare(b),
            (a, b) => compare_float64(a.to_f64(), b.to_f64()),
        }
    }

    fn to_f64(self) -> f64 {
        match self {
            Number::Exact(number) => number.to_f64(),
            Number::Float(number) => number,
        }
    }
}

/// Writes the value for people: `NULL`, `true`, `1.50`, `2024-02-29 12:00:00`, `\x00ff`, text bare.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("NULL"),
            Value::Boolean(value) => value.fmt(f),
            Value::Int16(number) => number.fmt(f),
            Value::Int32(number) => number.fmt(f),
            Value::Int64(number) => number.fmt(f),
            Value::Float32(number) => f.write_str(&float32_text(*number)),
            Value::Float64(number) => f.write_str(&float64_text(*number)),
            Value::Decimal(number) => number.fmt(f),
            Value::Text(text) | Value::Json(text) => f.write_str(text),
            Value::Blob(bytes) => f.write_str(&blob_text(bytes)),
            Value::Date(date) => date.fmt(f),
            Value::Timestamp(timestamp) => timestamp.fmt(f),
            Value::Interval(interval) => interval.fmt(f),
        }
    }
}

/// Returns bytes as PostgreSQL writes them: `\x` and two hexadecimal digits a byte.
pub fn blob_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("\\x");
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes all text");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::Value;
    use crate::Decimal;

    fn decimal(text: &str) -> Value {
        Value::Decimal(Decimal::parse(text).unwrap())
    }

    #[test]
    fn the_order_is_sqls() {
        for (a, b, wanted) in [
            (Value::Int64(1), Value::Null, Ordering::Less),
            (Value::Null, Value::Null, Ordering::Equal),
            (decimal("1.0"), decimal("1.00"), Ordering::Equal),
            (Value::Int64(i64::MAX), decimal("9223372036854775807.5"), Ordering::Less),
            (Value::Float64(f64::NAN), Value::Float64(f64::INFINITY), Ordering::Greater),
            (Value::Float64(-0.0), Value::Float64(0.0), Ordering::Equal),
            (Value::Float32(1.5), decimal("1.5"), Ordering::Equal),
            (Value::text("Z"), Value::text("a"), Ordering::Less),
            (Value::Json("1".into()), Value::Json("1.0".into()), Ordering::Equal),
            (Value::Boolean(false), Value::Boolean(true), Ordering::Less),
        ] {
            assert_eq!(a.compare(&b), wanted, "{a} {b}");
            assert_eq!(b.compare(&a), wanted.reverse(), "{b} {a}");
        }
    }

    #[test]
    fn values_print_for_people() {
        assert_eq!(Value::Boolean(true).to_string(), "true");
        assert_eq!(Value::Blob([0, 255].as_slice().into()).to_string(), "\\x00ff");
        assert_eq!(decimal("1.50").to_string(), "1.50");
        assert_eq!(Value::Null.cast_text(), None);
    }
}
