//! Casts over whole vectors. What has no loop, or fails in it, goes row by row ([`row::cast`]).

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
};
use diag::Span;
use types::{
    DataType, Date, MICROS_PER_DAY, Timestamp, Value, array_of, divide_rounded, is_narrow, pow10,
};

use super::vector::{Vector, checked_map, numbers, validity, width};
use super::{Result, row};

/// Casts a vector; a value that cannot be cast is NULL if `lenient`, else an error at `span`.
pub(super) fn cast(
    input: &Vector,
    from: DataType,
    to: DataType,
    lenient: bool,
    span: Span,
    rows: usize,
) -> Result<Vector> {
    if from == DataType::Null || input.is_null_constant() {
        return Ok(Vector::null(to));
    }
    if from == to || (from.is_text() && to == DataType::TEXT) {
        return Ok(input.clone());
    }
    if let Some(result) = fast(input, from, to, rows) {
        return Ok(result);
    }
    let (rows, constant) = width(&[input], rows);
    let mut results = Vec::with_capacity(rows);
    for at in 0..rows {
        results.push(match row::cast(&input.value(at, from), to) {
            Ok(value) => value,
            Err(_) if lenient => Value::Null,
            Err(failure) => return Err(failure.at(span)),
        });
    }
    Ok(Vector::of_width(array_of(to, results), constant))
}

/// Casts by a loop; `None` if there is none or a row failed.
fn fast(input: &Vector, from: DataType, to: DataType, rows: usize) -> Option<Vector> {
    use DataType::{Decimal, Float32, Float64, Int16, Int32, Int64, Timestamp as Time};
    match (from, to) {
        (Int16, Int32) => lossless::<Int16Type, Int32Type>(input, to, rows, i32::from),
        (Int16, Int64) => lossless::<Int16Type, Int64Type>(input, to, rows, i64::from),
        (Int32, Int64) => lossless::<Int32Type, Int64Type>(input, to, rows, i64::from),
        (Int16, Float64) => lossless::<Int16Type, Float64Type>(input, to, rows, f64::from),
        (Int32, Float64) => lossless::<Int32Type, Float64Type>(input, to, rows, f64::from),
        (Int64, Float64) => lossless::<Int64Type, Float64Type>(input, to, rows, |a| a as f64),
        (Float32, Float64) => lossless::<Float32Type, Float64Type>(input, to, rows, f64::from),
        (Int64, Int32) => checked::<Int64Type, Int32Type>(input, to, rows, |a| {
            let narrow = a as i32;
            (narrow, i64::from(narrow) != a)
        }),
        (Int64, Decimal { precision, scale }) => {
            integer_to_decimal(input, to, precision, scale, rows)
        }
        (Decimal { precision, scale }, Float64) if is_narrow(precision) => {
            decimal_to_float(input, to, scale, rows)
        }
        (Decimal { precision: p, scale: s }, Decimal { precision: q, scale: t }) => {
            rescale(input, (p, s), to, (q, t), rows)
        }
        (DataType::Date, Time) => {
            checked::<Date32Type, TimestampMicrosecondType>(input, to, rows, |days| {
                let inside = Timestamp::MIN.0 / MICROS_PER_DAY < i64::from(days)
                    && i64::from(days) < Timestamp::MAX.0 / MICROS_PER_DAY;
                (i64::from(days).wrapping_mul(MICROS_PER_DAY), !inside || !Date(days).is_finite())
            })
        }
        (Time, DataType::Date) => {
            checked::<TimestampMicrosecondType, Date32Type>(input, to, rows, |micros| {
                (Timestamp(micros).to_date().0, false)
            })
        }
        _ => None,
    }
}

fn checked<A: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    input: &Vector,
    to: DataType,
    rows: usize,
    f: impl Fn(A::Native) -> (R::Native, bool),
) -> Option<Vector> {
    let (rows, constant) = width(&[input], rows);
    let (values, failed) = checked_map(input.lanes::<A>(), rows, f);
    let array = (!failed).then(|| numbers::<R>(values, validity(&[input], rows), to))?;
    Some(Vector::of_width(array, constant))
}

fn lossless<A: ArrowPrimitiveType, R: ArrowPrimitiveType>(
    input: &Vector,
    to: DataType,
    rows: usize,
    f: impl Fn(A::Native) -> R::Native,
) -> Option<Vector> {
    checked::<A, R>(input, to, rows, |value| (f(value), false))
}

fn integer_to_decimal(
    input: &Vector,
    to: DataType,
    precision: u8,
    scale: u8,
    rows: usize,
) -> Option<Vector> {
    let factor = pow10(scale)?;
    let limit = pow10(precision)?;
    if is_narrow(precision) {
        let (factor, limit) = (i64::try_from(factor).ok()?, limit.unsigned_abs() as u64);
        return checked::<Int64Type, Decimal64Type>(input, to, rows, |a| {
            let (digits, overflow) = a.overflowing_mul(factor);
            (digits, overflow | (digits.unsigned_abs() >= limit))
        });
    }
    checked::<Int64Type, Decimal128Type>(input, to, rows, |a| {
        let (digits, overflow) = i128::from(a).overflowing_mul(factor);
        (digits, overflow | (digits.unsigned_abs() >= limit.unsigned_abs()))
    })
}

/// Digits below 2^53 over a power of ten below 10^22 are rounded once by one division.
fn decimal_to_float(input: &Vector, to: DataType, scale: u8, rows: usize) -> Option<Vector> {
    const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
    let divisor = 10_f64.powi(i32::from(scale));
    checked::<Decimal64Type, Float64Type>(input, to, rows, |digits| {
        (digits as f64 / divisor, digits.unsigned_abs() > EXACT)
    })
}

fn rescale(
    input: &Vector,
    (p, s): (u8, u8),
    to: DataType,
    (q, t): (u8, u8),
    rows: usize,
) -> Option<Vector> {
    let limit = pow10(q)?.unsigned_abs();
    let up = pow10(t.saturating_sub(s))?;
    let down = pow10(s.saturating_sub(t))?;
    let scaled = move |digits: i128| {
        let (digits, overflow) = digits.overflowing_mul(up);
        let digits = if down == 1 { digits } else { divide_rounded(digits, down) };
        (digits, overflow | (digits.unsigned_abs() >= limit))
    };
    match (is_narrow(p), is_narrow(q)) {
        (true, true) => checked::<Decimal64Type, Decimal64Type>(input, to, rows, |digits| {
            let (digits, failed) = scaled(i128::from(digits));
            (digits as i64, failed)
        }),
        (true, false) => checked::<Decimal64Type, Decimal128Type>(input, to, rows, |digits| {
            scaled(i128::from(digits))
        }),
        (false, true) => checked::<Decimal128Type, Decimal64Type>(input, to, rows, |digits| {
            let (digits, failed) = scaled(digits);
            (digits as i64, failed)
        }),
        (false, false) => checked::<Decimal128Type, Decimal128Type>(input, to, rows, scaled),
    }
}
