//! Predicates on single values: the form for rows in memory.
//!
//! Segments compare in the encoded domain (`types::encoded`); both agree: NULL matches nothing,
//! -0 equals +0, NaN equals itself and is the largest, intervals compare by their length.

use std::cmp::Ordering;

use types::row::ValueRef;
use types::{Interval, MICROS_PER_DAY, Value};

use super::request::{Predicate, PredicateOp};

/// True if a row with this value in the predicate's column passes.
pub(crate) fn passes(predicate: &Predicate, value: ValueRef<'_>) -> bool {
    let test = |wanted: fn(Ordering) -> bool| {
        predicate.values.first().and_then(|other| compare(value, other)).is_some_and(wanted)
    };
    match predicate.op {
        PredicateOp::Eq => test(Ordering::is_eq),
        PredicateOp::Ne => test(Ordering::is_ne),
        PredicateOp::Lt => test(Ordering::is_lt),
        PredicateOp::Le => test(Ordering::is_le),
        PredicateOp::Gt => test(Ordering::is_gt),
        PredicateOp::Ge => test(Ordering::is_ge),
        PredicateOp::IsNull => value == ValueRef::Null,
        PredicateOp::IsNotNull => value != ValueRef::Null,
        PredicateOp::In => {
            predicate.values.iter().any(|other| compare(value, other).is_some_and(Ordering::is_eq))
        }
    }
}

/// Returns the order of two values of one type; `None` if either is NULL.
pub(crate) fn compare(value: ValueRef<'_>, other: &Value) -> Option<Ordering> {
    Some(match (value, other) {
        (ValueRef::Null, _) | (_, Value::Null) => return None,
        (ValueRef::Boolean(a), Value::Boolean(b)) => a.cmp(b),
        (ValueRef::Int16(a), Value::Int16(b)) => a.cmp(b),
        (ValueRef::Int32(a), Value::Int32(b)) => a.cmp(b),
        (ValueRef::Int64(a), Value::Int64(b)) => a.cmp(b),
        (ValueRef::Float32(a), Value::Float32(b)) => compare_floats(a.into(), (*b).into()),
        (ValueRef::Float64(a), Value::Float64(b)) => compare_floats(a, *b),
        (ValueRef::Decimal(a), Value::Decimal(b)) => a.unscaled.cmp(&b.unscaled),
        (ValueRef::Text(a), Value::Text(b)) | (ValueRef::Json(a), Value::Json(b)) => a.cmp(&**b),
        (ValueRef::Blob(a), Value::Blob(b)) => a.cmp(&**b),
        (ValueRef::Date(a), Value::Date(b)) => a.cmp(b),
        (ValueRef::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (ValueRef::Interval(a), Value::Interval(b)) => length_us(a).cmp(&length_us(*b)),
        (value, other) => panic!("a predicate compares one type, not {value:?} with {other:?}"),
    })
}

/// Returns the order of two values of one type; `None` if either is NULL.
pub(crate) fn compare_values(value: &Value, other: &Value) -> Option<Ordering> {
    compare(ValueRef::of(value), other)
}

fn compare_floats(a: f64, b: f64) -> Ordering {
    a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn length_us(interval: Interval) -> i128 {
    let days = i128::from(interval.months) * 30 + i128::from(interval.days);
    days * i128::from(MICROS_PER_DAY) + i128::from(interval.micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::request::ScanColumn;

    fn on_floats(op: PredicateOp, value: ValueRef<'_>, other: f64) -> bool {
        let values = vec![Value::Float64(other)];
        passes(&Predicate { column: ScanColumn::CommitFrom, op, values }, value)
    }

    #[test]
    fn null_matches_nothing_and_nan_is_largest() {
        for op in
            [PredicateOp::Eq, PredicateOp::Ne, PredicateOp::Lt, PredicateOp::Ge, PredicateOp::In]
        {
            assert!(!on_floats(op, ValueRef::Null, 1.0));
        }
        assert!(on_floats(PredicateOp::Eq, ValueRef::Float64(-0.0), 0.0));
        assert!(on_floats(PredicateOp::Eq, ValueRef::Float64(f64::NAN), f64::NAN));
        assert!(on_floats(PredicateOp::Gt, ValueRef::Float64(f64::NAN), f64::INFINITY));
        assert!(on_floats(PredicateOp::IsNull, ValueRef::Null, 0.0));
    }
}
