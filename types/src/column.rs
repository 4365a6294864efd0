//! Between values and Arrow arrays.
//!
//! An array carries the Arrow type of its [`DataType`] (`DataType::arrow`); to read one as another
//! type is a broken plan, and panics. Text and bytes become views, decimals their narrow or wide
//! form, intervals months, days and nanoseconds.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, IntervalMonthDayNanoType, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, NullArray, PrimitiveArray, StringViewArray,
};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::ArrowError;

use crate::{DataType, Date, Decimal, Interval, TimeError, Timestamp, Value, kernel};

/// Nanoseconds in a microsecond, the clock unit of Arrow's interval.
const NANOS_PER_MICRO: i64 = 1_000;

impl Interval {
    /// Returns Arrow's form.
    ///
    /// # Errors
    /// [`TimeError::Range`] for a clock part beyond 292 years, which nanoseconds cannot count.
    pub fn to_arrow(self) -> Result<IntervalMonthDayNano, TimeError> {
        let nanos = self.micros.checked_mul(NANOS_PER_MICRO).ok_or(TimeError::Range)?;
        Ok(IntervalMonthDayNano::new(self.months, self.days, nanos))
    }

    /// Returns our form; nanoseconds below a microsecond are cut off.
    pub fn from_arrow(interval: IntervalMonthDayNano) -> Interval {
        Interval {
            months: interval.months,
            days: interval.days,
            micros: interval.nanoseconds / NANOS_PER_MICRO,
        }
    }
}

impl Value {
    /// Returns row `row` of an array of type `ty`.
    ///
    /// # Panics
    /// If the array does not carry the type, or has no such row.
    pub fn from_array(array: &ArrayRef, row: usize, ty: DataType) -> Value {
        if ty == DataType::Null || array.is_null(row) {
            return Value::Null;
        }
        match ty {
            DataType::Null => Value::Null,
            DataType::Boolean => Value::Boolean(array.as_boolean().value(row)),
            DataType::Int16 => Value::Int16(array.as_primitive::<Int16Type>().value(row)),
            DataType::Int32 => Value::Int32(array.as_primitive::<Int32Type>().value(row)),
            DataType::Int64 => Value::Int64(array.as_primitive::<Int64Type>().value(row)),
            DataType::Float32 => Value::Float32(array.as_primitive::<Float32Type>().value(row)),
            DataType::Float64 => Value::Float64(array.as_primitive::<Float64Type>().value(row)),
            DataType::Decimal { precision, scale } => {
                Value::Decimal(Decimal::new(decimal_at(array, row, precision), scale))
            }
            DataType::Text { .. } => Value::text(array.as_string_view().value(row)),
            DataType::Json => Value::Json(array.as_string_view().value(row).into()),
            DataType::Blob => Value::Blob(array.as_binary_view().value(row).into()),
            DataType::Date => Value::Date(Date(array.as_primitive::<Date32Type>().value(row))),
            DataType::Timestamp => Value::Timestamp(Timestamp(
                array.as_primitive::<TimestampMicrosecondType>().value(row),
            )),
            DataType::Interval => Value::Interval(Interval::from_arrow(
                array.as_primitive::<IntervalMonthDayNanoType>().value(row),
            )),
        }
    }
}

/// True if decimals of this precision are 64 bits wide.
pub fn is_narrow(precision: u8) -> bool {
    precision <= 18
}

fn decimal_at(array: &ArrayRef, row: usize, precision: u8) -> i128 {
    if is_narrow(precision) {
        i128::from(array.as_primitive::<Decimal64Type>().value(row))
    } else {
        array.as_primitive::<Decimal128Type>().value(row)
    }
}

/// Returns an array of type `ty` that holds the values in order.
///
/// Decimals are brought to the type's scale.
///
/// # Panics
/// If a value is neither NULL nor of the type: a broken plan.
pub fn array_of(ty: DataType, values: impl IntoIterator<Item = Value>) -> ArrayRef {
    let values = values.into_iter();
    macro_rules! primitive {
        ($arrow:ty, $variant:path) => {
            Arc::new(PrimitiveArray::<$arrow>::from_iter(values.map(|value| match value {
                Value::Null => None,
                $variant(inner) => Some(inner.into()),
                other => mismatch(&other, ty),
            })))
        };
    }
    match ty {
        DataType::Null => Arc::new(NullArray::new(values.count())),
        DataType::Boolean => Arc::new(BooleanArray::from_iter(values.map(|value| match value {
            Value::Null => None,
            Value::Boolean(inner) => Some(inner),
            other => mismatch(&other, ty),
        }))),
        DataType::Int16 => primitive!(Int16Type, Value::Int16),
        DataType::Int32 => primitive!(Int32Type, Value::Int32),
        DataType::Int64 => primitive!(Int64Type, Value::Int64),
        DataType::Float32 => primitive!(Float32Type, Value::Float32),
        DataType::Float64 => primitive!(Float64Type, Value::Float64),
        DataType::Decimal { precision, scale } => {
            let digits = values.map(|value| unscaled_of(value, ty));
            decimal_array(digits, precision, scale)
                .expect("a type's scale is at most its precision")
        }
        DataType::Text { .. } => {
            Arc::new(StringViewArray::from_iter(values.map(|value| match value {
                Value::Null => None,
                Value::Text(inner) => Some(inner),
                other => mismatch(&other, ty),
            })))
        }
        DataType::Json => Arc::new(StringViewArray::from_iter(values.map(|value| match value {
            Value::Null => None,
            Value::Json(inner) => Some(inner),
            other => mismatch(&other, ty),
        }))),
        DataType::Blob => Arc::new(BinaryViewArray::from_iter(values.map(|value| match value {
            Value::Null => None,
            Value::Blob(inner) => Some(inner),
            other => mismatch(&other, ty),
        }))),
        DataType::Date => {
            Arc::new(PrimitiveArray::<Date32Type>::from_iter(values.map(|value| match value {
                Value::Null => None,
                Value::Date(inner) => Some(inner.0),
                other => mismatch(&other, ty),
            })))
        }
        DataType::Timestamp => {
            let micros = values.map(|value| match value {
                Value::Null => None,
                Value::Timestamp(inner) => Some(inner.0),
                other => mismatch(&other, ty),
            });
            Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from_iter(micros))
        }
        DataType::Interval => {
            let intervals = values.map(|value| match value {
                Value::Null => None,
                Value::Interval(inner) => {
                    Some(inner.to_arrow().expect("an interval in a plan fits its column"))
                }
                other => mismatch(&other, ty),
            });
            Arc::new(PrimitiveArray::<IntervalMonthDayNanoType>::from_iter(intervals))
        }
    }
}

fn unscaled_of(value: Value, ty: DataType) -> Option<i128> {
    match (value, ty) {
        (Value::Null, _) => None,
        (Value::Decimal(number), DataType::Decimal { precision, scale }) => {
            let fitted = number.rescale(scale).ok().filter(|number| number.fits(precision));
            Some(fitted.unwrap_or_else(|| mismatch(&Value::Decimal(number), ty)).unscaled)
        }
        (other, _) => mismatch(&other, ty),
    }
}

fn mismatch<T>(value: &Value, ty: DataType) -> T {
    panic!("value {value} of type {} stands where the plan says {ty}", value.data_type())
}

/// Returns an array of decimals from their digits.
///
/// # Errors
/// If Arrow refuses the precision and scale.
fn decimal_array(
    digits: impl Iterator<Item = Option<i128>>,
    precision: u8,
    scale: u8,
) -> Result<ArrayRef, ArrowError> {
    let arrow_scale = i8::try_from(scale).expect("a scale is at most 38");
    Ok(if is_narrow(precision) {
        let narrow = digits.map(|digits| {
            digits.map(|digits| i64::try_from(digits).expect("18 digits fit in 64 bits"))
        });
        let array = PrimitiveArray::<Decimal64Type>::from_iter(narrow);
        Arc::new(array.with_precision_and_scale(precision, arrow_scale)?)
    } else {
        let array = PrimitiveArray::<Decimal128Type>::from_iter(digits);
        Arc::new(array.with_precision_and_scale(precision, arrow_scale)?)
    })
}

/// Returns an array of `rows` times one value.
///
/// # Panics
/// If the value is neither NULL nor of the type.
pub fn constant_array(value: &Value, ty: DataType, rows: usize) -> ArrayRef {
    array_of(ty, std::iter::repeat_n(value.clone(), rows))
}

/// Returns the rows of all parts, which have one type, in order.
///
/// # Panics
/// If there is no part, or their types differ.
pub fn concat(parts: &[&dyn Array]) -> ArrayRef {
    let first = parts.first().expect("there is a part");
    match first.data_type() {
        arrow_schema::DataType::Utf8View => {
            let parts: Vec<_> = parts.iter().map(|part| part.as_string_view()).collect();
            Arc::new(kernel::concat_text(&parts))
        }
        arrow_schema::DataType::BinaryView => {
            let parts: Vec<_> = parts.iter().map(|part| part.as_binary_view()).collect();
            Arc::new(kernel::concat_bytes(&parts))
        }
        _ => arrow_select::concat::concat(parts).expect("the parts have one type"),
    }
}

#[cfg(test)]
mod tests {
    use super::{array_of, constant_array};
    use crate::{DataType, Date, Decimal, Interval, Timestamp, Value};

    #[test]
    fn values_survive_an_array_of_every_type() {
        let narrow = DataType::Decimal { precision: 10, scale: 2 };
        let wide = DataType::Decimal { precision: 38, scale: 2 };
        let decimal = Value::Decimal(Decimal::new(-12_345, 2));
        for (ty, value) in [
            (DataType::Boolean, Value::Boolean(true)),
            (DataType::Int16, Value::Int16(-7)),
            (DataType::Int32, Value::Int32(i32::MIN)),
            (DataType::Int64, Value::Int64(i64::MAX)),
            (DataType::Float32, Value::Float32(1.5)),
            (DataType::Float64, Value::Float64(-0.25)),
            (narrow, decimal.clone()),
            (wide, decimal),
            (DataType::TEXT, Value::text("longer than twelve bytes")),
            (DataType::Json, Value::Json("{}".into())),
            (DataType::Blob, Value::Blob([1, 2].as_slice().into())),
            (DataType::Date, Value::Date(Date(-1))),
            (DataType::Timestamp, Value::Timestamp(Timestamp::MAX)),
            (DataType::Interval, Value::Interval(Interval { months: 1, days: -2, micros: 3 })),
            (DataType::Null, Value::Null),
        ] {
            let array = array_of(ty, [value.clone(), Value::Null]);
            assert_eq!(array.data_type(), &ty.arrow());
            assert_eq!(Value::from_array(&array, 0, ty), value);
            assert_eq!(Value::from_array(&array, 1, ty), Value::Null);
            assert_eq!(constant_array(&value, ty, 3).len(), 3);
        }
    }

    #[test]
    #[should_panic(expected = "stands where the plan says")]
    fn another_type_is_a_broken_plan() {
        array_of(DataType::Int64, [Value::text("x")]);
    }
}
