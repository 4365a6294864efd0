//! Comparisons of a widened column with a constant become comparisons of the column itself.
//!
//! `CAST(d AS TIMESTAMP) <= TIMESTAMP '…'` compares every row's timestamp; `d <= DATE '…'` lets
//! storage test it. The constant is narrowed: if it lies between two values of the narrower type,
//! the bound moves to the nearer one inside. Equality with such a constant is left as it is.

use types::{DataType, Date, Decimal, MICROS_PER_DAY, TIME_MAX, TIME_MIN, Timestamp, Value, pow10};

use crate::fallible::widens;
use crate::{CompareOp, Scalar, ScalarKind};

pub(super) fn apply(node: &mut Scalar) {
    match &mut node.kind {
        ScalarKind::Compare(op, left, right) => compare(op, left, right),
        ScalarKind::In { needle, list, .. } => inside(needle, list),
        _ => {}
    }
}

fn compare(op: &mut CompareOp, left: &mut Scalar, right: &mut Scalar) {
    let Some(value) = right.as_literal() else { return };
    let Some(ty) = narrow_type(left) else { return };
    let Some((narrow, place)) = narrowed(value, ty) else { return };
    let Some(moved) = moved(*op, place) else { return };
    *op = moved;
    *right = Scalar::literal(narrow, ty, right.span);
    strip(left);
}

fn inside(needle: &mut Scalar, list: &mut [Scalar]) {
    let Some(ty) = narrow_type(needle) else { return };
    let exact = |item: &Scalar| match narrowed(item.as_literal()?, ty) {
        Some((value, Place::Exact)) => Some(Scalar::literal(value, ty, item.span)),
        _ => None,
    };
    let Some(narrow) = list.iter().map(exact).collect::<Option<Vec<Scalar>>>() else { return };
    list.clone_from_slice(&narrow);
    strip(needle);
}

/// Returns the type under a cast that loses nothing, or of a decimal compared as it is.
fn narrow_type(side: &Scalar) -> Option<DataType> {
    match &side.kind {
        ScalarKind::Cast { input, .. } if widens(input.ty, side.ty) && is_line(input.ty) => {
            Some(input.ty)
        }
        ScalarKind::Column(_) if matches!(side.ty, DataType::Decimal { .. }) => Some(side.ty),
        _ => None,
    }
}

/// True of types whose values the constant can be placed among.
fn is_line(ty: DataType) -> bool {
    ty.is_integer() || ty.is_text() || matches!(ty, DataType::Decimal { .. } | DataType::Date)
}

fn strip(side: &mut Scalar) {
    if let ScalarKind::Cast { input, .. } = &mut side.kind {
        let inner = std::mem::replace(input.as_mut(), Scalar::boolean(false));
        *side = inner;
    }
}

/// Where a constant lies from the narrow value next to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is the same.
    Exact,
    /// It is greater than the narrow value, and less than the next.
    Above,
}

/// Returns the operator that compares with the narrow value below instead of the constant.
fn moved(op: CompareOp, place: Place) -> Option<CompareOp> {
    match (op, place) {
        (_, Place::Exact) => Some(op),
        (CompareOp::Lt | CompareOp::Le, Place::Above) => Some(CompareOp::Le),
        (CompareOp::Gt | CompareOp::Ge, Place::Above) => Some(CompareOp::Gt),
        (
            CompareOp::Eq | CompareOp::Ne | CompareOp::Distinct | CompareOp::NotDistinct,
            Place::Above,
        ) => None,
    }
}

/// Returns the greatest value of the narrow type that is not above the constant.
fn narrowed(value: &Value, ty: DataType) -> Option<(Value, Place)> {
    match (value, ty) {
        (Value::Timestamp(at), DataType::Date) => date_below(*at),
        (Value::Text(_), DataType::Text { .. }) => Some((value.clone(), Place::Exact)),
        _ => {
            let (unscaled, scale) = exact_number(value)?;
            let (floor, place) = floor(unscaled, scale, ty)?;
            Some((number_of(floor, ty)?, place))
        }
    }
}

fn date_below(at: Timestamp) -> Option<(Value, Place)> {
    let days = match at.0 {
        TIME_MIN => return Some((Value::Date(Date(i32::MIN)), Place::Exact)),
        TIME_MAX => return Some((Value::Date(Date(i32::MAX)), Place::Exact)),
        micros => i32::try_from(micros.div_euclid(MICROS_PER_DAY)).ok()?,
    };
    // The ends of the line are the infinities.
    if days == i32::MIN || days == i32::MAX {
        return None;
    }
    let exact = at.0.rem_euclid(MICROS_PER_DAY) == 0;
    Some((Value::Date(Date(days)), if exact { Place::Exact } else { Place::Above }))
}

fn exact_number(value: &Value) -> Option<(i128, u8)> {
    match value {
        Value::Int16(number) => Some((i128::from(*number), 0)),
        Value::Int32(number) => Some((i128::from(*number), 0)),
        Value::Int64(number) => Some((i128::from(*number), 0)),
        Value::Decimal(number) => Some((number.unscaled, number.scale)),
        _ => None,
    }
}

/// Returns the number in units of the narrow type, rounded down.
fn floor(unscaled: i128, scale: u8, ty: DataType) -> Option<(i128, Place)> {
    let wanted = match ty {
        DataType::Decimal { scale, .. } => scale,
        _ if ty.is_integer() => 0,
        _ => return None,
    };
    if wanted >= scale {
        return Some((unscaled.checked_mul(pow10(wanted - scale)?)?, Place::Exact));
    }
    let unit = pow10(scale - wanted)?;
    let place = if unscaled.rem_euclid(unit) == 0 { Place::Exact } else { Place::Above };
    Some((unscaled.div_euclid(unit), place))
}

/// Returns the number as a value of the type, if it is in its range.
fn number_of(units: i128, ty: DataType) -> Option<Value> {
    match ty {
        DataType::Int16 => i16::try_from(units).ok().map(Value::Int16),
        DataType::Int32 => i32::try_from(units).ok().map(Value::Int32),
        DataType::Int64 => i64::try_from(units).ok().map(Value::Int64),
        DataType::Decimal { precision, scale } => {
            let number = Decimal::new(units, scale);
            (number.digits() <= precision).then_some(Value::Decimal(number))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use diag::Span;

    use super::*;

    fn bound(op: CompareOp, value: Value, wide: DataType, narrow: DataType) -> (CompareOp, Value) {
        let column = Scalar::column(crate::Column(0), narrow, Span::NONE);
        let cast = ScalarKind::Cast { input: Box::new(column), lenient: false };
        let left = Scalar::new(cast, wide, Span::NONE);
        let right = Scalar::literal(value, wide, Span::NONE);
        let kind = ScalarKind::Compare(op, Box::new(left), Box::new(right));
        let mut node = Scalar::new(kind, DataType::Boolean, Span::NONE);
        apply(&mut node);
        let ScalarKind::Compare(op, _, right) = node.kind else { panic!("still a comparison") };
        (op, right.as_literal().expect("still a constant").clone())
    }

    #[test]
    fn a_bound_between_two_values_moves_inside() {
        let wide = DataType::Decimal { precision: 21, scale: 1 };
        let at = |tenths| Value::Decimal(Decimal::new(tenths, 1));
        let moved = |op, tenths| bound(op, at(tenths), wide, DataType::Int64);
        // n < 10.5, n <= 10.5: n <= 10. n > 10.5, n >= 10.5: n > 10. Below zero the floor is -11.
        assert_eq!(moved(CompareOp::Lt, 105), (CompareOp::Le, Value::Int64(10)));
        assert_eq!(moved(CompareOp::Ge, 105), (CompareOp::Gt, Value::Int64(10)));
        assert_eq!(moved(CompareOp::Gt, -105), (CompareOp::Gt, Value::Int64(-11)));
        assert_eq!(moved(CompareOp::Lt, 100), (CompareOp::Lt, Value::Int64(10)));
        assert_eq!(moved(CompareOp::Eq, 105), (CompareOp::Eq, at(105)));
    }

    #[test]
    fn timestamps_become_dates() {
        let noon = Value::Timestamp(Timestamp(MICROS_PER_DAY * 10 + MICROS_PER_DAY / 2));
        let moved = bound(CompareOp::Ge, noon, DataType::Timestamp, DataType::Date);
        assert_eq!(moved, (CompareOp::Gt, Value::Date(Date(10))));
        let never = Value::Timestamp(Timestamp(TIME_MAX));
        let moved = bound(CompareOp::Lt, never, DataType::Timestamp, DataType::Date);
        assert_eq!(moved, (CompareOp::Lt, Value::Date(Date(i32::MAX))));
    }
}
