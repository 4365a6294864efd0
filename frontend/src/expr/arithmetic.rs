//! Arithmetic: the type of a result and the conversions of its operands.
//!
//! Decimals follow PostgreSQL as far as a fixed scale can: sums keep the larger scale, products add
//! scales. PostgreSQL chooses the digits of a quotient by the two values (`select_div_scale`): for
//! constants the same digits are chosen here; where a value is not known there are 16 after the
//! point, or the operands' own. A literal integer beside a decimal has only the digits that it needs.

use diag::{Code, Diagnostic, Result, Span};
use ir::{ArithmeticOp, Scalar, ScalarKind};
use types::{DataType, Decimal, Value};

use super::as_double;
use crate::binder::Binder;
use crate::coerce::{as_decimal, cast, decimal_operand, is_unknown, to_json};
use crate::literal;

/// Most digits after the point that a product of long decimals keeps.
const PRODUCT_SCALE_MAX: u8 = 20;

impl Binder<'_> {
    /// Returns `left op right`.
    pub(crate) fn arithmetic(
        &mut self,
        op: ArithmeticOp,
        left: Scalar,
        right: Scalar,
        span: Span,
    ) -> Result<Scalar> {
        let (left, right) = self.adopt_operands(op, left, right)?;
        let (l, r) = (left.ty, right.ty);
        if l == DataType::Json || r == DataType::Json {
            return Ok(node(op, to_json(left), to_json(right), DataType::Json, span));
        }
        if l.is_numeric() && r.is_numeric() {
            return Ok(numeric(op, left, right, span));
        }
        temporal(op, left, right, span)
    }

    /// Gives unknown operands the type that the other side asks for.
    fn adopt_operands(
        &mut self,
        op: ArithmeticOp,
        left: Scalar,
        right: Scalar,
    ) -> Result<(Scalar, Scalar)> {
        match (is_unknown(&left), is_unknown(&right)) {
            (false, false) => Ok((left, right)),
            (true, true) => {
                let ty = DataType::Float64;
                Ok((self.adopt(left, ty)?, self.adopt(right, ty)?))
            }
            (true, false) => {
                let ty = partner(op, right.ty, true);
                Ok((self.adopt_number(left, ty)?, right))
            }
            (false, true) => {
                let ty = partner(op, left.ty, false);
                let right = self.adopt_number(right, ty)?;
                Ok((left, right))
            }
        }
    }

    /// A string beside JSON arithmetic is a JSON number in quotes; it is read as a number.
    fn adopt_number(&mut self, scalar: Scalar, ty: DataType) -> Result<Scalar> {
        if ty == DataType::Json { as_double(self, scalar) } else { self.adopt(scalar, ty) }
    }
}

/// The type of an unknown operand beside one of type `other`.
fn partner(op: ArithmeticOp, other: DataType, unknown_is_left: bool) -> DataType {
    match (other, op) {
        (DataType::Date | DataType::Timestamp, ArithmeticOp::Subtract) => other,
        (DataType::Date | DataType::Timestamp, _) => DataType::Interval,
        (DataType::Interval, ArithmeticOp::Multiply | ArithmeticOp::Divide) => DataType::Float64,
        (DataType::Interval, _) if unknown_is_left => DataType::Timestamp,
        _ if other.is_text() => DataType::Float64,
        _ => other,
    }
}

fn node(op: ArithmeticOp, left: Scalar, right: Scalar, ty: DataType, span: Span) -> Scalar {
    Scalar::new(ScalarKind::Arithmetic(op, Box::new(left), Box::new(right)), ty, span)
}

fn numeric(op: ArithmeticOp, left: Scalar, right: Scalar, span: Span) -> Scalar {
    let (l, r) = (left.ty, right.ty);
    if l.is_float() || r.is_float() {
        let ty = DataType::Float64;
        return node(op, cast(left, ty), cast(right, ty), ty, span);
    }
    if l.is_integer() && r.is_integer() {
        let ty = if as_decimal(l).0 >= as_decimal(r).0 { l } else { r };
        return node(op, cast(left, ty), cast(right, ty), ty, span);
    }
    let (left, right) = (decimal_operand(left), decimal_operand(right));
    let ty = match (op, left.as_literal(), right.as_literal()) {
        (ArithmeticOp::Divide, Some(Value::Decimal(a)), Some(Value::Decimal(b))) => {
            DataType::Decimal { precision: 38, scale: quotient_scale(*a, *b) }
        }
        _ => decimal_result(op, as_decimal(left.ty), as_decimal(right.ty)),
    };
    node(op, left, right, ty, span)
}

/// Returns the digits after the point of a quotient of known values: at least 16 significant ones,
/// counted in groups of four as PostgreSQL stores them, and no fewer than either operand has.
fn quotient_scale(dividend: Decimal, divisor: Decimal) -> u8 {
    const SIGNIFICANT: i32 = 16;
    let least = dividend.scale.max(divisor.scale);
    let ((a, high_a), (b, high_b)) = (leading_group(dividend), leading_group(divisor));
    let weight = a - b - i32::from(high_a <= high_b);
    let wanted = (SIGNIFICANT - 4 * weight).clamp(0, 38);
    // The quotient has at most four digits before the point for each group of its weight.
    let whole = 4 * (weight + 1).max(0);
    let room = u8::try_from((38 - whole).max(0)).expect("it is at most 38");
    u8::try_from(wanted).expect("it is clamped").max(least).min(room.max(least))
}

/// Returns the place of a number's first group of four digits, counted from the point, and the group.
fn leading_group(number: Decimal) -> (i32, u32) {
    let digits = number.unscaled.unsigned_abs().to_string();
    if number.unscaled == 0 {
        return (0, 0);
    }
    // Of the digits before the point, or of the zeros behind it if there are none.
    let whole = digits.len() as i32 - i32::from(number.scale);
    let weight = (whole - 1).div_euclid(4);
    let length = whole - 4 * weight;
    let group = digits.chars().chain(std::iter::repeat('0')).take(length as usize);
    (weight, group.fold(0, |value, digit| 10 * value + digit.to_digit(10).unwrap_or(0)))
}

fn decimal_result(op: ArithmeticOp, (p1, s1): (u8, u8), (p2, s2): (u8, u8)) -> DataType {
    let scale = s1.max(s2);
    let whole = (p1 - s1).max(p2 - s2);
    let (precision, scale) = match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract => (whole + scale + 1, scale),
        ArithmeticOp::Multiply => product(p1 + p2, s1 + s2, scale),
        ArithmeticOp::Divide => (38, scale.max(16)),
        ArithmeticOp::Modulo => (whole + scale, scale),
    };
    DataType::Decimal { precision: precision.min(38), scale }
}

/// A product beyond 38 digits gives up digits after the twentieth, before it gives up whole ones.
fn product(precision: u8, scale: u8, wider: u8) -> (u8, u8) {
    if precision <= 38 { (precision, scale) } else { (38, scale.min(PRODUCT_SCALE_MAX.max(wider))) }
}

/// Dates, timestamps and intervals.
fn temporal(op: ArithmeticOp, left: Scalar, right: Scalar, span: Span) -> Result<Scalar> {
    use ArithmeticOp::{Add, Divide, Multiply, Subtract};
    use DataType as T;
    Ok(match (op, left.ty, right.ty) {
        (Add | Subtract, T::Date, r) if r.is_integer() => {
            node(op, left, cast(right, T::Int64), T::Date, span)
        }
        (Add, l, T::Date) if l.is_integer() => node(op, right, cast(left, T::Int64), T::Date, span),
        (Subtract, T::Date, T::Date) => node(op, left, right, T::Int64, span),
        (Subtract, T::Date | T::Timestamp, T::Date | T::Timestamp) => {
            let ty = T::Timestamp;
            node(op, cast(left, ty), cast(right, ty), T::Interval, span)
        }
        (Add | Subtract, T::Date | T::Timestamp, T::Interval) => {
            node(op, cast(left, T::Timestamp), right, T::Timestamp, span)
        }
        (Add, T::Interval, T::Date | T::Timestamp) => {
            node(op, cast(right, T::Timestamp), left, T::Timestamp, span)
        }
        (Add | Subtract, T::Interval, T::Interval) => node(op, left, right, T::Interval, span),
        (Multiply, T::Interval, r) if r.is_numeric() => {
            node(op, left, cast(right, T::Float64), T::Interval, span)
        }
        (Multiply, l, T::Interval) if l.is_numeric() => {
            node(op, right, cast(left, T::Float64), T::Interval, span)
        }
        (Divide, T::Interval, r) if r.is_numeric() => {
            let one = Scalar::literal(Value::Float64(1.0), T::Float64, right.span);
            let share = node(Divide, one, cast(right, T::Float64), T::Float64, span);
            node(Multiply, left, share, T::Interval, span)
        }
        _ => return Err(no_operator(op.sql(), &left, &right, span).into()),
    })
}

/// Returns the error of an operator that these types do not have.
pub(super) fn no_operator(symbol: &str, left: &Scalar, right: &Scalar, span: Span) -> Diagnostic {
    let message = format!("there is no operator {} {symbol} {}", left.ty, right.ty);
    let text = left.ty.is_text() || right.ty.is_text();
    let help =
        text.then(|| "text joins with ||, numbers in text need CAST(… AS DOUBLE)".to_owned());
    Diagnostic::at(Code::UnknownOperator, span, message)
        .label(left.span, format!("this is {}", left.ty))
        .label(right.span, format!("this is {}", right.ty))
        .help_opt(help)
}

/// Returns DATE, TIMESTAMP or INTERVAL plus or minus an interval of `count` units.
pub(crate) fn shifted(
    binder: &mut Binder<'_>,
    time: Scalar,
    interval: Scalar,
    forward: bool,
    span: Span,
) -> Result<Scalar> {
    let op = if forward { ArithmeticOp::Add } else { ArithmeticOp::Subtract };
    let time = if is_unknown(&time) { binder.adopt(time, DataType::Timestamp)? } else { time };
    let interval =
        if is_unknown(&interval) { binder.adopt(interval, DataType::Interval)? } else { interval };
    binder.arithmetic(op, time, interval, span)
}

/// Returns a constant of type INTERVAL that holds one of `unit`: `1 day`.
pub(crate) fn one_of(binder: &mut Binder<'_>, unit: &str, span: Span) -> Result<Scalar> {
    binder.adopt(literal::unknown_text(&format!("1 {unit}"), span), DataType::Interval)
}

#[cfg(test)]
mod tests {
    use types::Decimal;

    use super::quotient_scale;

    /// As PostgreSQL 15 prints these quotients.
    #[test]
    fn quotients_of_constants_have_the_digits_of_postgresql() {
        for (dividend, divisor, scale) in [
            ((70, 1), (2, 0), 16),
            ((1, 0), (30, 1), 20),
            ((1_000_000, 1), (3, 0), 12),
            ((1_234_567_890, 1), (7, 0), 12),
            ((1, 3), (3, 0), 20),
            ((100, 2), (70_000, 4), 20),
            ((123_456_789_012_345_678_900, 1), (3, 0), 1),
            ((10, 1), (12_345_678_901_234_567_890, 0), 36),
            ((0, 1), (3, 0), 20),
            ((999_995, 1), (3, 4), 8),
            ((50, 1), (99_990, 1), 20),
        ] {
            let number = |(unscaled, scale): (i128, u8)| Decimal::new(unscaled, scale);
            let found = quotient_scale(number(dividend), number(divisor));
            assert_eq!(found, scale, "{dividend:?} / {divisor:?}");
        }
    }
}
