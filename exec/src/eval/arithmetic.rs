//! Arithmetic over whole vectors.
//!
//! Integers and narrow decimals are computed with a sticky failure flag, so the loop has no branch;
//! if the flag is up, the batch is computed again row by row ([`row::arithmetic`]), which knows NULL
//! from failure and makes the error. Whatever has no loop here goes that way at once.

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float64Type, Int16Type, Int32Type, Int64Type,
};
use ir::{ArithmeticOp, Scalar};
use types::DataType;

use super::vector::{Lanes, Vector, checked_map2, numbers, validity, width};
use super::{Result, by_row, decimal, row};

/// A vector with its type.
pub(super) type Typed<'a> = (&'a Vector, DataType);

/// Computes a binary operator.
pub(super) fn binary(
    expr: &Scalar,
    op: ArithmeticOp,
    left: Typed<'_>,
    right: Typed<'_>,
    rows: usize,
) -> Result<Vector> {
    if left.0.is_null_constant() || right.0.is_null_constant() {
        return Ok(Vector::null(expr.ty));
    }
    if let Some(result) = fast(op, expr.ty, left, right, rows) {
        return Ok(result);
    }
    by_row(expr, &[left, right], rows, false, |values| {
        row::arithmetic(op, &values[0], &values[1], expr.ty)
    })
}

/// Computes unary minus.
pub(super) fn negate(expr: &Scalar, input: &Vector, ty: DataType, rows: usize) -> Result<Vector> {
    let fast = match ty {
        DataType::Int64 => {
            checked::<Int64Type>(expr.ty, input, input, rows, |a, _| a.overflowing_neg())
        }
        DataType::Float64 => {
            checked::<Float64Type>(expr.ty, input, input, rows, |a, _| (-a, false))
        }
        DataType::Decimal { .. } => decimal::negate((input, ty), expr.ty, rows),
        _ => None,
    };
    if let Some(result) = fast {
        return Ok(result);
    }
    by_row(expr, &[(input, ty)], rows, false, |values| row::negate(&values[0], expr.ty))
}

/// Computes what has a loop; `None` if it has none or a row failed.
fn fast(
    op: ArithmeticOp,
    ty: DataType,
    left: Typed<'_>,
    right: Typed<'_>,
    rows: usize,
) -> Option<Vector> {
    match (ty, left.1, right.1) {
        (DataType::Int16, DataType::Int16, DataType::Int16) => {
            checked::<Int16Type>(ty, left.0, right.0, rows, int16(op))
        }
        (DataType::Int32, DataType::Int32, DataType::Int32) => {
            checked::<Int32Type>(ty, left.0, right.0, rows, int32(op))
        }
        (DataType::Int64, DataType::Int64, DataType::Int64) => integer64(op, left.0, right.0, rows),
        (DataType::Float64, DataType::Float64, DataType::Float64) => {
            float64(op, left.0, right.0, rows)
        }
        (DataType::Decimal { .. }, DataType::Decimal { .. }, DataType::Decimal { .. }) => {
            decimal::arithmetic(op, ty, left, right, rows)
        }
        (DataType::Int64, DataType::Date, DataType::Date) if op == ArithmeticOp::Subtract => {
            days_between(left.0, right.0, rows)
        }
        _ => None,
    }
}

/// Runs a checked loop over two operands of one type.
pub(super) fn checked<T: ArrowPrimitiveType>(
    ty: DataType,
    left: &Vector,
    right: &Vector,
    rows: usize,
    f: impl Fn(T::Native, T::Native) -> (T::Native, bool),
) -> Option<Vector> {
    let (rows, constant) = width(&[left, right], rows);
    let (values, failed) = checked_map2(left.lanes::<T>(), right.lanes::<T>(), rows, f);
    let array = (!failed).then(|| numbers::<T>(values, validity(&[left, right], rows), ty))?;
    Some(Vector::of_width(array, constant))
}

macro_rules! integer_op {
    ($name:ident, $native:ty) => {
        /// Returns the checked operation; a second value of true is a failure.
        fn $name(op: ArithmeticOp) -> fn($native, $native) -> ($native, bool) {
            match op {
                ArithmeticOp::Add => <$native>::overflowing_add,
                ArithmeticOp::Subtract => <$native>::overflowing_sub,
                ArithmeticOp::Multiply => <$native>::overflowing_mul,
                ArithmeticOp::Divide => {
                    |a, b| if b == 0 { (0, true) } else { a.overflowing_div(b) }
                }
                ArithmeticOp::Modulo => {
                    |a, b| if b == 0 { (0, true) } else { (a.wrapping_rem(b), false) }
                }
            }
        }
    };
}

integer_op!(int16, i16);
integer_op!(int32, i32);
integer_op!(int64, i64);

/// The usual width gets a loop an operator, where a pointer to the operation would cost a call a row.
fn integer64(op: ArithmeticOp, left: &Vector, right: &Vector, rows: usize) -> Option<Vector> {
    let ty = DataType::Int64;
    match op {
        ArithmeticOp::Add => {
            checked::<Int64Type>(ty, left, right, rows, |a, b| a.overflowing_add(b))
        }
        ArithmeticOp::Subtract => {
            checked::<Int64Type>(ty, left, right, rows, |a, b| a.overflowing_sub(b))
        }
        ArithmeticOp::Multiply => {
            checked::<Int64Type>(ty, left, right, rows, |a, b| a.overflowing_mul(b))
        }
        ArithmeticOp::Divide | ArithmeticOp::Modulo => {
            checked::<Int64Type>(ty, left, right, rows, int64(op))
        }
    }
}

/// Doubles: a finite operation that overflows or underflows is an error, as in PostgreSQL.
fn float64(op: ArithmeticOp, left: &Vector, right: &Vector, rows: usize) -> Option<Vector> {
    let ty = DataType::Float64;
    let overflows = |r: f64, a: f64, b: f64| r.is_infinite() & !a.is_infinite() & !b.is_infinite();
    match op {
        ArithmeticOp::Add => {
            checked::<Float64Type>(ty, left, right, rows, |a, b| (a + b, overflows(a + b, a, b)))
        }
        ArithmeticOp::Subtract => {
            checked::<Float64Type>(ty, left, right, rows, |a, b| (a - b, overflows(a - b, a, b)))
        }
        ArithmeticOp::Multiply => checked::<Float64Type>(ty, left, right, rows, |a, b| {
            let r = a * b;
            (r, overflows(r, a, b) | ((r == 0.0) & (a != 0.0) & (b != 0.0)))
        }),
        ArithmeticOp::Divide => checked::<Float64Type>(ty, left, right, rows, |a, b| {
            let r = a / b;
            (r, (b == 0.0) | overflows(r, a, b) | ((r == 0.0) & (a != 0.0) & !b.is_infinite()))
        }),
        ArithmeticOp::Modulo => None,
    }
}

/// DATE - DATE in days; an infinity is a failure.
fn days_between(left: &Vector, right: &Vector, rows: usize) -> Option<Vector> {
    let (rows, constant) = width(&[left, right], rows);
    let infinite = |day: i32| (day == i32::MIN) | (day == i32::MAX);
    let lanes: (Lanes<'_, i32>, Lanes<'_, i32>) =
        (left.lanes::<Date32Type>(), right.lanes::<Date32Type>());
    let (values, failed) = checked_map2(lanes.0, lanes.1, rows, |a, b| {
        (i64::from(a) - i64::from(b), infinite(a) | infinite(b))
    });
    let validity = validity(&[left, right], rows);
    let array = (!failed).then(|| numbers::<Int64Type>(values, validity, DataType::Int64))?;
    Some(Vector::of_width(array, constant))
}
