//! Decimal loops: 64-bit digits where they suffice, 128-bit digits everywhere else.
//!
//! Types bound the digits of operands and results, so many tests are proven to be needless before a
//! loop starts. A loop in which a row fails is given up; the caller computes the batch again row by
//! row.

use std::borrow::Cow;

use arrow_array::types::{Decimal64Type, Decimal128Type};
use ir::{ArithmeticOp, CompareOp};
use types::{DataType, divide_rounded, is_narrow, pow10};

use super::arithmetic::{Typed, checked};
use super::compare::ordered;
use super::vector::{
    Lanes, Vector, checked_map, checked_map2, map, map2, numbers, validity, width,
};

/// Digits that 128 bits hold, whichever they are.
const WIDE_DIGITS: u8 = 38;

/// Precision and scale.
type Digits = (u8, u8);

/// Computes `left op right` as a value of type `ty`; `None` if there is no loop or a row failed.
pub(super) fn arithmetic(
    op: ArithmeticOp,
    ty: DataType,
    left: Typed<'_>,
    right: Typed<'_>,
    rows: usize,
) -> Option<Vector> {
    let (to, a, b) = (digits_of(ty)?, digits_of(left.1)?, digits_of(right.1)?);
    let operands = (left.0, right.0);
    if is_narrow(a.0)
        && is_narrow(b.0)
        && let Some(result) = narrow(op, ty, (to, a, b), operands, rows)
    {
        return result;
    }
    match op {
        ArithmeticOp::Add => sum(ty, (to, a, b), false, operands, rows),
        ArithmeticOp::Subtract => sum(ty, (to, a, b), true, operands, rows),
        ArithmeticOp::Multiply => product(ty, (to, a, b), operands, rows),
        ArithmeticOp::Divide => quotient(ty, (to, a, b), operands, rows),
        ArithmeticOp::Modulo => None,
    }
}

/// Changes the sign.
pub(super) fn negate(input: Typed<'_>, ty: DataType, rows: usize) -> Option<Vector> {
    let (precision, _) = digits_of(ty)?;
    if input.1 != ty {
        return None;
    }
    if is_narrow(precision) {
        return checked::<Decimal64Type>(ty, input.0, input.0, rows, |a, _| {
            (a.wrapping_neg(), false)
        });
    }
    checked::<Decimal128Type>(ty, input.0, input.0, rows, |a, _| (a.wrapping_neg(), false))
}

/// Compares two decimals by value; `None` if their digits do not fit at one scale.
pub(super) fn compare(
    op: CompareOp,
    left: Typed<'_>,
    right: Typed<'_>,
    rows: usize,
) -> Option<arrow_buffer::BooleanBuffer> {
    let ((p, s), (q, t)) = (digits_of(left.1)?, digits_of(right.1)?);
    let scale = s.max(t);
    // Digits that each needs at the common scale.
    let most = (p + scale - s).max(q + scale - t);
    if is_narrow(p) && is_narrow(q) && is_narrow(most) {
        let (f, g) = (narrow_power(scale - s)?, narrow_power(scale - t)?);
        let (a, b) = (left.0.lanes::<Decimal64Type>(), right.0.lanes::<Decimal64Type>());
        if f == 1 && g == 1 {
            return Some(ordered(op, a, b, rows));
        }
        let (a, b) = (map(a, 1, |a| a.wrapping_mul(f)), map(b, 1, |b| b.wrapping_mul(g)));
        return Some(ordered(op, lanes(&a, left.0), lanes(&b, right.0), rows));
    }
    if most > WIDE_DIGITS {
        return None;
    }
    let (a, b) = (scaled(left.0, p, scale - s)?, scaled(right.0, q, scale - t)?);
    Some(ordered(op, lanes(&a, left.0), lanes(&b, right.0), rows))
}

/// Digits that fit 64 bits at the result's scale; the outer `None` if they do not.
fn narrow(
    op: ArithmeticOp,
    ty: DataType,
    ((precision, scale), (p, s), (q, t)): (Digits, Digits, Digits),
    (left, right): (&Vector, &Vector),
    rows: usize,
) -> Option<Option<Vector>> {
    match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract if scale >= s && scale >= t => {
            let fits = is_narrow(p + scale - s) && is_narrow(q + scale - t) && is_narrow(precision);
            let signed = if op == ArithmeticOp::Add { 1 } else { -1 };
            let factors = (narrow_power(scale - s)?, signed * narrow_power(scale - t)?);
            fits.then(|| narrow_sum(ty, precision, factors, left, right, rows))
        }
        ArithmeticOp::Multiply if scale == s + t && is_narrow(precision) => {
            let limit = narrow_power(precision)?.unsigned_abs();
            Some(checked::<Decimal64Type>(ty, left, right, rows, |a, b| {
                let (product, overflow) = a.overflowing_mul(b);
                (product, overflow | (product.unsigned_abs() >= limit))
            }))
        }
        ArithmeticOp::Multiply if scale == s + t && p + q <= precision => {
            Some(Some(wide_product(ty, left, right, rows)))
        }
        ArithmeticOp::Add
        | ArithmeticOp::Subtract
        | ArithmeticOp::Multiply
        | ArithmeticOp::Divide
        | ArithmeticOp::Modulo => None,
    }
}

/// `a × f + b × g` of digits that fit 64 bits: two operands below 10^18 do not overflow.
fn narrow_sum(
    ty: DataType,
    precision: u8,
    (f, g): (i64, i64),
    left: &Vector,
    right: &Vector,
    rows: usize,
) -> Option<Vector> {
    let limit = narrow_power(precision)?.unsigned_abs();
    checked::<Decimal64Type>(ty, left, right, rows, |a, b| {
        let sum = a.wrapping_mul(f).wrapping_add(b.wrapping_mul(g));
        (sum, sum.unsigned_abs() >= limit)
    })
}

/// The exact 128-bit product of 64-bit digits, which the node's precision holds.
fn wide_product(ty: DataType, left: &Vector, right: &Vector, rows: usize) -> Vector {
    let (rows, constant) = width(&[left, right], rows);
    let (a, b) = (left.lanes::<Decimal64Type>(), right.lanes::<Decimal64Type>());
    let values = map2(a, b, rows, |a, b| i128::from(a) * i128::from(b));
    let array = numbers::<Decimal128Type>(values, validity(&[left, right], rows), ty);
    Vector::of_width(array, constant)
}

/// `a ± b` at a scale that is no less than theirs.
fn sum(
    ty: DataType,
    ((precision, scale), (p, s), (q, t)): (Digits, Digits, Digits),
    subtract: bool,
    (left, right): (&Vector, &Vector),
    rows: usize,
) -> Option<Vector> {
    if scale < s || scale < t {
        return None;
    }
    let (a, b) = (scaled(left, p, scale - s)?, scaled(right, q, scale - t)?);
    let limit = limit(precision, (p + scale - s).max(q + scale - t) + 1)?;
    finish(ty, precision, (&a, &b), (left, right), rows, |a, b| {
        let (sum, overflow) = if subtract { a.overflowing_sub(b) } else { a.overflowing_add(b) };
        (sum, overflow | (sum.unsigned_abs() >= limit))
    })
}

/// `a × b` at the sum of their scales.
fn product(
    ty: DataType,
    ((precision, scale), (p, s), (q, t)): (Digits, Digits, Digits),
    (left, right): (&Vector, &Vector),
    rows: usize,
) -> Option<Vector> {
    if scale != s + t {
        return None;
    }
    let (a, b) = (scaled(left, p, 0)?, scaled(right, q, 0)?);
    if p + q <= WIDE_DIGITS {
        let limit = limit(precision, p + q)?;
        return finish(ty, precision, (&a, &b), (left, right), rows, |a, b| {
            let product = a.wrapping_mul(b);
            (product, product.unsigned_abs() >= limit)
        });
    }
    let limit = pow10(precision)?.unsigned_abs();
    finish(ty, precision, (&a, &b), (left, right), rows, |a, b| {
        let (product, overflow) = a.overflowing_mul(b);
        (product, overflow | (product.unsigned_abs() >= limit))
    })
}

/// `a / b`, rounded half away from zero, where the scaled dividend fits 128 bits.
fn quotient(
    ty: DataType,
    ((precision, scale), (p, s), (q, t)): (Digits, Digits, Digits),
    (left, right): (&Vector, &Vector),
    rows: usize,
) -> Option<Vector> {
    let more = (scale + t).checked_sub(s)?;
    let (a, b) = (scaled(left, p, more)?, scaled(right, q, 0)?);
    let limit = pow10(precision)?.unsigned_abs();
    finish(ty, precision, (&a, &b), (left, right), rows, |a, b| {
        // What is not a positive divisor after this is no divisor at all, or lies under a NULL.
        let quotient =
            divide_rounded(if b < 0 { a.wrapping_neg() } else { a }, b.wrapping_abs().max(1));
        (quotient, (b == 0) | (quotient.unsigned_abs() >= limit))
    })
}

/// Runs the loop over 128-bit digits and stores as many bits as the precision needs.
fn finish(
    ty: DataType,
    precision: u8,
    (a, b): (&[i128], &[i128]),
    (left, right): (&Vector, &Vector),
    rows: usize,
    f: impl Fn(i128, i128) -> (i128, bool),
) -> Option<Vector> {
    let (rows, constant) = width(&[left, right], rows);
    let (a, b) = (lanes(a, left), lanes(b, right));
    let validity = validity(&[left, right], rows);
    let array = if is_narrow(precision) {
        let (values, failed) = checked_map2(a, b, rows, |a, b| {
            let (value, failed) = f(a, b);
            (value as i64, failed)
        });
        (!failed).then(|| numbers::<Decimal64Type>(values, validity, ty))?
    } else {
        let (values, failed) = checked_map2(a, b, rows, f);
        (!failed).then(|| numbers::<Decimal128Type>(values, validity, ty))?
    };
    Some(Vector::of_width(array, constant))
}

/// Returns a column's digits with `more` zeros behind them; `None` if 128 bits do not hold them.
fn scaled(input: &Vector, precision: u8, more: u8) -> Option<Cow<'_, [i128]>> {
    let factor = pow10(more)?;
    let (digits, failed) = if is_narrow(precision) {
        let lanes = input.lanes::<Decimal64Type>();
        checked_map(lanes, 1, |a| i128::from(a).overflowing_mul(factor))
    } else {
        match input.lanes::<Decimal128Type>() {
            Lanes::Each(values) if more == 0 => return Some(Cow::Borrowed(values)),
            lanes if precision.saturating_add(more) <= WIDE_DIGITS => {
                checked_map(lanes, 1, |a| (a.wrapping_mul(factor), false))
            }
            lanes => checked_map(lanes, 1, |a| a.overflowing_mul(factor)),
        }
    };
    (!failed).then_some(Cow::Owned(digits))
}

/// Returns the least magnitude that is out of range; none is if `most` digits are all there can be.
fn limit(precision: u8, most: u8) -> Option<u128> {
    if most <= precision { Some(u128::MAX) } else { pow10(precision).map(i128::unsigned_abs) }
}

fn digits_of(ty: DataType) -> Option<Digits> {
    match ty {
        DataType::Decimal { precision, scale } => Some((precision, scale)),
        _ => None,
    }
}

fn narrow_power(digits: u8) -> Option<i64> {
    pow10(digits).and_then(|power| i64::try_from(power).ok())
}

fn lanes<'a, N: Copy>(values: &'a [N], of: &Vector) -> Lanes<'a, N> {
    if of.is_constant() { Lanes::Same(values[0]) } else { Lanes::Each(values) }
}

#[cfg(test)]
mod tests {
    use ir::{ArithmeticOp, CompareOp};
    use proptest::prelude::*;
    use types::{DataType, Decimal, Value, array_of, pow10};

    use super::{arithmetic, compare};
    use crate::eval::compare::holds;
    use crate::eval::row;
    use crate::eval::vector::Vector;

    fn decimal_type() -> impl Strategy<Value = DataType> {
        (1_u8..=38).prop_flat_map(|precision| {
            (0..=precision).prop_map(move |scale| DataType::Decimal { precision, scale })
        })
    }

    /// Values of a type, with as many digits as it likes and its extremes, and NULL.
    fn values(ty: DataType) -> impl Strategy<Value = Vec<Value>> {
        let DataType::Decimal { precision, scale } = ty else { panic!("{ty} is no decimal") };
        let most = pow10(precision).unwrap() - 1;
        let digits = prop_oneof![
            Just(most),
            Just(-most),
            Just(0),
            (0..=precision, any::<i128>())
                .prop_map(move |(digits, number)| { number % pow10(digits).unwrap().max(1) }),
        ];
        let value = prop_oneof![
            1 => Just(Value::Null),
            9 => digits.prop_map(move |digits| Value::Decimal(Decimal::new(digits, scale))),
        ];
        prop::collection::vec(value, 1..20)
    }

    fn operand() -> impl Strategy<Value = (DataType, Vec<Value>)> {
        decimal_type().prop_flat_map(|ty| (Just(ty), values(ty)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn loops_give_what_rows_give(
            (left, a) in operand(), (right, b) in operand(), to in decimal_type(), at in 0_usize..5,
        ) {
            let op = [
                ArithmeticOp::Add,
                ArithmeticOp::Subtract,
                ArithmeticOp::Multiply,
                ArithmeticOp::Divide,
                ArithmeticOp::Modulo,
            ][at];
            let rows = a.len().min(b.len());
            let vector = |ty, values: &[Value]| {
                Vector::dense(array_of(ty, values[..rows].iter().cloned()))
            };
            let (x, y) = (vector(left, &a), vector(right, &b));
            if let Some(result) = arithmetic(op, to, (&x, left), (&y, right), rows) {
                for row in 0..rows {
                    let wanted = row::arithmetic(op, &a[row], &b[row], to);
                    prop_assert_eq!(result.value(row, to), wanted.ok().unwrap());
                }
            }
            if let Some(bits) = compare(CompareOp::Lt, (&x, left), (&y, right), rows) {
                for row in (0..rows).filter(|row| !a[*row].is_null() && !b[*row].is_null()) {
                    prop_assert_eq!(bits.value(row), holds(CompareOp::Lt, a[row].compare(&b[row])));
                }
            }
        }
    }
}
