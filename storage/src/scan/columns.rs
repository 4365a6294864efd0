//! Values, one at a time, into the Arrow array that carries their type.

use std::sync::Arc;

use arrow_array::builder::{
    BinaryViewBuilder, BooleanBuilder, Date32Builder, Decimal64Builder, Decimal128Builder,
    Float32Builder, Float64Builder, Int16Builder, Int32Builder, Int64Builder,
    IntervalMonthDayNanoBuilder, StringViewBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::types::IntervalMonthDayNano;
use arrow_array::{ArrayRef, NullArray};
use types::row::ValueRef;
use types::{DataType, Interval};

/// An array being built.
#[derive(Debug)]
pub(crate) enum ColumnBuilder {
    Null(usize),
    Boolean(BooleanBuilder),
    Int16(Int16Builder),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float32(Float32Builder),
    Float64(Float64Builder),
    Decimal64(Decimal64Builder),
    Decimal128(Decimal128Builder),
    Text(StringViewBuilder),
    Blob(BinaryViewBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Interval(IntervalMonthDayNanoBuilder),
}

impl ColumnBuilder {
    /// Returns a builder of the array that `data_type.arrow()` names.
    pub(crate) fn new(data_type: DataType, rows: usize) -> ColumnBuilder {
        match data_type {
            DataType::Null => ColumnBuilder::Null(0),
            DataType::Boolean => ColumnBuilder::Boolean(BooleanBuilder::with_capacity(rows)),
            DataType::Int16 => ColumnBuilder::Int16(Int16Builder::with_capacity(rows)),
            DataType::Int32 => ColumnBuilder::Int32(Int32Builder::with_capacity(rows)),
            DataType::Int64 => ColumnBuilder::Int64(Int64Builder::with_capacity(rows)),
            DataType::Float32 => ColumnBuilder::Float32(Float32Builder::with_capacity(rows)),
            DataType::Float64 => ColumnBuilder::Float64(Float64Builder::with_capacity(rows)),
            DataType::Decimal { precision, .. } if precision <= 18 => ColumnBuilder::Decimal64(
                Decimal64Builder::with_capacity(rows).with_data_type(data_type.arrow()),
            ),
            DataType::Decimal { .. } => ColumnBuilder::Decimal128(
                Decimal128Builder::with_capacity(rows).with_data_type(data_type.arrow()),
            ),
            DataType::Text { .. } | DataType::Json => {
                ColumnBuilder::Text(StringViewBuilder::with_capacity(rows))
            }
            DataType::Blob => ColumnBuilder::Blob(BinaryViewBuilder::with_capacity(rows)),
            DataType::Date => ColumnBuilder::Date(Date32Builder::with_capacity(rows)),
            DataType::Timestamp => {
                ColumnBuilder::Timestamp(TimestampMicrosecondBuilder::with_capacity(rows))
            }
            DataType::Interval => {
                ColumnBuilder::Interval(IntervalMonthDayNanoBuilder::with_capacity(rows))
            }
        }
    }

    /// Appends a value of the builder's type, or NULL.
    pub(crate) fn push(&mut self, value: ValueRef<'_>) {
        match (self, value) {
            (ColumnBuilder::Null(rows), _) => *rows += 1,
            (builder, ValueRef::Null) => builder.push_null(),
            (ColumnBuilder::Boolean(builder), ValueRef::Boolean(truth)) => {
                builder.append_value(truth);
            }
            (ColumnBuilder::Int16(builder), ValueRef::Int16(number)) => {
                builder.append_value(number);
            }
            (ColumnBuilder::Int32(builder), ValueRef::Int32(number)) => {
                builder.append_value(number);
            }
            (ColumnBuilder::Int64(builder), ValueRef::Int64(number)) => {
                builder.append_value(number);
            }
            (ColumnBuilder::Float32(builder), ValueRef::Float32(number)) => {
                builder.append_value(number);
            }
            (ColumnBuilder::Float64(builder), ValueRef::Float64(number)) => {
                builder.append_value(number);
            }
            (ColumnBuilder::Decimal64(builder), ValueRef::Decimal(number)) => {
                builder.append_value(i64::try_from(number.unscaled).expect("18 digits fit 64 bits"))
            }
            (ColumnBuilder::Decimal128(builder), ValueRef::Decimal(number)) => {
                builder.append_value(number.unscaled);
            }
            (ColumnBuilder::Text(builder), ValueRef::Text(text) | ValueRef::Json(text)) => {
                builder.append_value(text);
            }
            (ColumnBuilder::Blob(builder), ValueRef::Blob(bytes)) => builder.append_value(bytes),
            (ColumnBuilder::Date(builder), ValueRef::Date(date)) => builder.append_value(date.0),
            (ColumnBuilder::Timestamp(builder), ValueRef::Timestamp(at)) => {
                builder.append_value(at.0);
            }
            (ColumnBuilder::Interval(builder), ValueRef::Interval(interval)) => {
                builder.append_value(arrow_interval(interval));
            }
            (builder, value) => panic!("{value:?} is not of the type of {builder:?}"),
        }
    }

    fn push_null(&mut self) {
        match self {
            ColumnBuilder::Null(rows) => *rows += 1,
            ColumnBuilder::Boolean(builder) => builder.append_null(),
            ColumnBuilder::Int16(builder) => builder.append_null(),
            ColumnBuilder::Int32(builder) => builder.append_null(),
            ColumnBuilder::Int64(builder) => builder.append_null(),
            ColumnBuilder::Float32(builder) => builder.append_null(),
            ColumnBuilder::Float64(builder) => builder.append_null(),
            ColumnBuilder::Decimal64(builder) => builder.append_null(),
            ColumnBuilder::Decimal128(builder) => builder.append_null(),
            ColumnBuilder::Text(builder) => builder.append_null(),
            ColumnBuilder::Blob(builder) => builder.append_null(),
            ColumnBuilder::Date(builder) => builder.append_null(),
            ColumnBuilder::Timestamp(builder) => builder.append_null(),
            ColumnBuilder::Interval(builder) => builder.append_null(),
        }
    }

    /// Returns the array and starts the next one.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            ColumnBuilder::Null(rows) => Arc::new(NullArray::new(std::mem::take(rows))),
            ColumnBuilder::Boolean(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Int16(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Int32(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Int64(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Float32(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Float64(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Decimal64(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Decimal128(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Text(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Blob(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Date(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Timestamp(builder) => Arc::new(builder.finish()),
            ColumnBuilder::Interval(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Arrow counts an interval's clock part in nanoseconds: past 292 years it stops growing.
fn arrow_interval(interval: Interval) -> IntervalMonthDayNano {
    let nanos = interval.micros.saturating_mul(1_000);
    IntervalMonthDayNano::new(interval.months, interval.days, nanos)
}
