//! One SQL value outside a batch.

use std::sync::Arc;

use crate::{DataType, Date, Decimal, Interval, Timestamp};

/// A SQL value. Strings are shared, so that a clone is cheap.
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
}
