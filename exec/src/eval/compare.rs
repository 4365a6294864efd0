//! Comparisons. NaN equals NaN and is greatest, -0 equals 0, text compares by bytes, decimals and
//! JSON by value, intervals as if a month had 30 days.

use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, BooleanArray, Datum};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::ArrowError;
use ir::CompareOp;
use types::{DataType, json};

use super::decimal;
use super::vector::{Lanes, Vector, bits2, booleans, map, validity, width};

/// Compares two vectors.
pub(super) fn compare(
    op: CompareOp,
    left: &Vector,
    left_ty: DataType,
    right: &Vector,
    right_ty: DataType,
    rows: usize,
) -> Vector {
    let (rows, constant) = width(&[left, right], rows);
    let distinct = matches!(op, CompareOp::Distinct | CompareOp::NotDistinct);
    let nothing = left_ty == DataType::Null || right_ty == DataType::Null;
    let bits = if nothing || left.is_null_constant() || right.is_null_constant() {
        BooleanBuffer::new_unset(rows)
    } else {
        values(if distinct { CompareOp::Eq } else { op }, left, left_ty, right, right_ty, rows)
    };
    let array = if distinct {
        let equal = same(&bits, left.validity(rows).as_ref(), right.validity(rows).as_ref(), rows);
        booleans(if op == CompareOp::Distinct { !&equal } else { equal }, None)
    } else {
        booleans(bits, validity(&[left, right], rows))
    };
    Vector::of_width(array, constant)
}

/// Returns the rows where both are equal or both are NULL.
fn same(
    equal: &BooleanBuffer,
    left: Option<&NullBuffer>,
    right: Option<&NullBuffer>,
    rows: usize,
) -> BooleanBuffer {
    if left.is_none() && right.is_none() {
        return equal.clone();
    }
    let bits = |valid: Option<&NullBuffer>| {
        valid.map_or_else(|| BooleanBuffer::new_set(rows), |valid| valid.inner().clone())
    };
    let (left, right) = (bits(left), bits(right));
    &(equal & &(&left & &right)) | &!&(&left | &right)
}

/// Compares the values of each row, NULL or not.
fn values(
    op: CompareOp,
    left: &Vector,
    left_ty: DataType,
    right: &Vector,
    right_ty: DataType,
    rows: usize,
) -> BooleanBuffer {
    match left_ty {
        DataType::Null => BooleanBuffer::new_unset(rows),
        DataType::Boolean | DataType::Text { .. } | DataType::Blob => {
            by_arrow(op, left, right, rows)
        }
        DataType::Int16 => integers::<Int16Type>(op, left, right, rows),
        DataType::Int32 => integers::<Int32Type>(op, left, right, rows),
        DataType::Int64 => integers::<Int64Type>(op, left, right, rows),
        DataType::Date => integers::<Date32Type>(op, left, right, rows),
        DataType::Timestamp => integers::<TimestampMicrosecondType>(op, left, right, rows),
        DataType::Float32 => {
            let wide = |input: &Vector| map(input.lanes::<Float32Type>(), 1, f64::from);
            let (a, b) = (wide(left), wide(right));
            floats(op, lanes(&a, left), lanes(&b, right), rows)
        }
        DataType::Float64 => {
            floats(op, left.lanes::<Float64Type>(), right.lanes::<Float64Type>(), rows)
        }
        DataType::Decimal { .. } => decimals(op, left, left_ty, right, right_ty, rows),
        DataType::Interval | DataType::Json => by_order(op, left, right, left_ty, rows),
    }
}

fn lanes<'a, N: Copy>(values: &'a [N], of: &Vector) -> Lanes<'a, N> {
    if of.is_constant() { Lanes::Same(values[0]) } else { Lanes::Each(values) }
}

/// Compares what has a total order of its own.
pub(super) fn ordered<N: Copy + Ord>(
    op: CompareOp,
    left: Lanes<'_, N>,
    right: Lanes<'_, N>,
    rows: usize,
) -> BooleanBuffer {
    match op {
        CompareOp::Eq | CompareOp::NotDistinct => bits2(left, right, rows, |a, b| a == b),
        CompareOp::Ne | CompareOp::Distinct => bits2(left, right, rows, |a, b| a != b),
        CompareOp::Lt => bits2(left, right, rows, |a, b| a < b),
        CompareOp::Le => bits2(left, right, rows, |a, b| a <= b),
        CompareOp::Gt => bits2(left, right, rows, |a, b| a > b),
        CompareOp::Ge => bits2(left, right, rows, |a, b| a >= b),
    }
}

fn integers<T: ArrowPrimitiveType<Native: Ord>>(
    op: CompareOp,
    left: &Vector,
    right: &Vector,
    rows: usize,
) -> BooleanBuffer {
    ordered(op, left.lanes::<T>(), right.lanes::<T>(), rows)
}

/// Compares doubles without branches: `x != x` is how NaN shows.
#[expect(clippy::eq_op, reason = "a NaN differs from itself, and the test vectorises")]
fn floats(
    op: CompareOp,
    left: Lanes<'_, f64>,
    right: Lanes<'_, f64>,
    rows: usize,
) -> BooleanBuffer {
    let equal = |a: f64, b: f64| (a == b) | ((a != a) & (b != b));
    let less = |a: f64, b: f64| (a < b) | ((a == a) & (b != b));
    match op {
        CompareOp::Eq | CompareOp::NotDistinct => bits2(left, right, rows, equal),
        CompareOp::Ne | CompareOp::Distinct => bits2(left, right, rows, |a, b| !equal(a, b)),
        CompareOp::Lt => bits2(left, right, rows, less),
        CompareOp::Le => bits2(left, right, rows, |a, b| !less(b, a)),
        CompareOp::Gt => bits2(left, right, rows, |a, b| less(b, a)),
        CompareOp::Ge => bits2(left, right, rows, |a, b| !less(a, b)),
    }
}

fn decimals(
    op: CompareOp,
    left: &Vector,
    left_ty: DataType,
    right: &Vector,
    right_ty: DataType,
    rows: usize,
) -> BooleanBuffer {
    if let Some(bits) = decimal::compare(op, (left, left_ty), (right, right_ty), rows) {
        return bits;
    }
    by_order_of(
        op,
        rows,
        |row| left.value(row, left_ty).compare(&right.value(row, right_ty)),
        left,
        right,
    )
}

/// Compares by Arrow's kernels, whose order of booleans and bytes is ours.
fn by_arrow(op: CompareOp, left: &Vector, right: &Vector, rows: usize) -> BooleanBuffer {
    let datum = |input: &Vector| -> Box<dyn Datum> {
        if input.is_constant() && rows != 1 {
            Box::new(arrow_array::Scalar::new(input.array().clone()))
        } else {
            Box::new(input.array().clone())
        }
    };
    arrow_kernel(op)(datum(left).as_ref(), datum(right).as_ref())
        .expect("operands of one type and length")
        .values()
        .clone()
}

type Kernel = fn(&dyn Datum, &dyn Datum) -> Result<BooleanArray, ArrowError>;

fn arrow_kernel(op: CompareOp) -> Kernel {
    match op {
        CompareOp::Eq | CompareOp::NotDistinct => arrow_ord::cmp::eq,
        CompareOp::Ne | CompareOp::Distinct => arrow_ord::cmp::neq,
        CompareOp::Lt => arrow_ord::cmp::lt,
        CompareOp::Le => arrow_ord::cmp::lt_eq,
        CompareOp::Gt => arrow_ord::cmp::gt,
        CompareOp::Ge => arrow_ord::cmp::gt_eq,
    }
}

/// Compares intervals and JSON row by row.
fn by_order(
    op: CompareOp,
    left: &Vector,
    right: &Vector,
    ty: DataType,
    rows: usize,
) -> BooleanBuffer {
    if ty == DataType::Json {
        let (a, b) = (left.strings(), right.strings());
        return by_order_of(op, rows, |row| json::compare(a.at(row), b.at(row)), left, right);
    }
    by_order_of(op, rows, |row| left.value(row, ty).compare(&right.value(row, ty)), left, right)
}

fn by_order_of(
    op: CompareOp,
    rows: usize,
    order: impl Fn(usize) -> Ordering,
    left: &Vector,
    right: &Vector,
) -> BooleanBuffer {
    // What lies under a NULL need not read as a value.
    let valid = validity(&[left, right], rows);
    BooleanBuffer::collect_bool(rows, |row| {
        valid.as_ref().is_none_or(|valid| valid.is_valid(row)) && holds(op, order(row))
    })
}

/// True if an operator holds of operands in this order.
pub(super) fn holds(op: CompareOp, order: Ordering) -> bool {
    match op {
        CompareOp::Eq | CompareOp::NotDistinct => order.is_eq(),
        CompareOp::Ne | CompareOp::Distinct => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    }
}

/// Returns the rows where two vectors of one type are equal, NULLs aside.
pub(super) fn equal_rows(left: &Vector, right: &Vector, ty: DataType, rows: usize) -> ArrayRef {
    compare(CompareOp::Eq, left, ty, right, ty, rows).into_array(rows)
}

/// Returns the rows of a boolean array that are true.
pub(super) fn true_rows(array: &ArrayRef) -> BooleanBuffer {
    let array = array.as_boolean();
    match arrow_array::Array::nulls(array) {
        None => array.values().clone(),
        Some(valid) => array.values() & valid.inner(),
    }
}
