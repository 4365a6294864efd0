//! Arithmetic on two values.

use ir::ArithmeticOp;
use types::{DataType, Date, Decimal, DecimalError, Interval, TimeError, Timestamp, Value, json};

use crate::eval::{Failure, RowResult};

/// Returns `left op right` as a value of type `ty`; NULL if either is.
pub(in crate::eval) fn arithmetic(
    op: ArithmeticOp,
    left: &Value,
    right: &Value,
    ty: DataType,
) -> RowResult<Value> {
    let shown = || format!("{left} {} {right}", op.sql());
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => Ok(Value::Null),
        (Value::Int16(a), Value::Int16(b)) => {
            let result = integer(op, i64::from(*a), i64::from(*b), left)?;
            let narrow = result.and_then(|result| i16::try_from(result).ok());
            narrow.map(Value::Int16).ok_or_else(|| Failure::out_of_range(shown(), ty))
        }
        (Value::Int32(a), Value::Int32(b)) => {
            let result = integer(op, i64::from(*a), i64::from(*b), left)?;
            let narrow = result.and_then(|result| i32::try_from(result).ok());
            narrow.map(Value::Int32).ok_or_else(|| Failure::out_of_range(shown(), ty))
        }
        (Value::Int64(a), Value::Int64(b)) => {
            let result = integer(op, *a, *b, left)?;
            result.map(Value::Int64).ok_or_else(|| Failure::out_of_range(shown(), ty))
        }
        (Value::Float32(a), Value::Float32(b)) => float32(op, *a, *b, ty),
        (Value::Float64(a), Value::Float64(b)) => float64(op, *a, *b, ty),
        (Value::Decimal(a), Value::Decimal(b)) => {
            decimal(op, *a, *b, ty).map_err(|error| Failure::decimal(error, shown(), left, ty))
        }
        (Value::Json(a), Value::Json(b)) => json_numbers(op, a, b),
        (Value::Interval(_), Value::Float64(0.0)) if op == ArithmeticOp::Divide => {
            Err(Failure::division_by_zero(left))
        }
        _ => calendar(op, left, right).map_err(|error| Failure::time(error, shown())),
    }
}

/// Returns the value with the other sign.
pub(in crate::eval) fn negate(value: &Value, ty: DataType) -> RowResult<Value> {
    let overflow = || Failure::out_of_range(format!("-({value})"), ty);
    match value {
        Value::Null => Ok(Value::Null),
        Value::Int16(a) => a.checked_neg().map(Value::Int16).ok_or_else(overflow),
        Value::Int32(a) => a.checked_neg().map(Value::Int32).ok_or_else(overflow),
        Value::Int64(a) => a.checked_neg().map(Value::Int64).ok_or_else(overflow),
        Value::Float32(a) => Ok(Value::Float32(-a)),
        Value::Float64(a) => Ok(Value::Float64(-a)),
        Value::Decimal(a) => Ok(Value::Decimal(a.negated())),
        Value::Interval(a) => a.checked_neg().map(Value::Interval).map_err(|_| overflow()),
        Value::Json(a) => json_numbers(ArithmeticOp::Subtract, "0", a),
        Value::Boolean(_)
        | Value::Text(_)
        | Value::Blob(_)
        | Value::Date(_)
        | Value::Timestamp(_) => panic!("{} has no sign", value.data_type()),
    }
}

/// Returns the result, or `None` outside 64 bits.
fn integer(op: ArithmeticOp, a: i64, b: i64, dividend: &Value) -> RowResult<Option<i64>> {
    let divides = matches!(op, ArithmeticOp::Divide | ArithmeticOp::Modulo);
    if divides && b == 0 {
        return Err(Failure::division_by_zero(dividend));
    }
    Ok(match op {
        ArithmeticOp::Add => a.checked_add(b),
        ArithmeticOp::Subtract => a.checked_sub(b),
        ArithmeticOp::Multiply => a.checked_mul(b),
        ArithmeticOp::Divide => a.checked_div(b),
        // The least integer modulo -1 is 0, though the division overflows.
        ArithmeticOp::Modulo => Some(a.wrapping_rem(b)),
    })
}

fn float64(op: ArithmeticOp, a: f64, b: f64, ty: DataType) -> RowResult<Value> {
    let divides = matches!(op, ArithmeticOp::Divide | ArithmeticOp::Modulo);
    if divides && b == 0.0 {
        return Err(Failure::division_by_zero(&Value::Float64(a)));
    }
    let result = match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
        ArithmeticOp::Modulo => a % b,
    };
    let overflow = result.is_infinite() && !a.is_infinite() && !b.is_infinite();
    let underflow = result == 0.0
        && a != 0.0
        && match op {
            ArithmeticOp::Multiply => b != 0.0,
            ArithmeticOp::Divide => !b.is_infinite(),
            ArithmeticOp::Add | ArithmeticOp::Subtract | ArithmeticOp::Modulo => false,
        };
    if overflow || underflow {
        let shown = format!("{} {} {}", Value::Float64(a), op.sql(), Value::Float64(b));
        return Err(Failure::out_of_range(shown, ty));
    }
    Ok(Value::Float64(result))
}

/// A 32-bit operation is the 64-bit one, rounded: that is exact for one operation.
fn float32(op: ArithmeticOp, a: f32, b: f32, ty: DataType) -> RowResult<Value> {
    let Value::Float64(wide) = float64(op, f64::from(a), f64::from(b), ty)? else {
        panic!("a double operation gives a double");
    };
    let result = wide as f32;
    if (result.is_infinite() && wide.is_finite()) || (result == 0.0 && wide != 0.0) {
        let shown = format!("{} {} {}", Value::Float32(a), op.sql(), Value::Float32(b));
        return Err(Failure::out_of_range(shown, ty));
    }
    Ok(Value::Float32(result))
}

fn decimal(op: ArithmeticOp, a: Decimal, b: Decimal, ty: DataType) -> Result<Value, DecimalError> {
    let DataType::Decimal { precision, scale } = ty else {
        panic!("decimals give a decimal, not {ty}");
    };
    let result = decimal_at(op, a, b, scale)?;
    if result.fits(precision) { Ok(Value::Decimal(result)) } else { Err(DecimalError::Overflow) }
}

fn decimal_at(
    op: ArithmeticOp,
    a: Decimal,
    b: Decimal,
    scale: u8,
) -> Result<Decimal, DecimalError> {
    match op {
        ArithmeticOp::Add => a.add_to(b, scale),
        ArithmeticOp::Subtract => a.add_to(b.negated(), scale),
        ArithmeticOp::Multiply => a.mul_to(b, scale),
        ArithmeticOp::Divide => a.div_to(b, scale),
        ArithmeticOp::Modulo => a.rem_to(b, scale),
    }
}

/// Arithmetic of two JSON numbers is exact to 38 digits; a quotient has 16 more than its operands
/// at most. JSON null gives NULL.
fn json_numbers(op: ArithmeticOp, a: &str, b: &str) -> RowResult<Value> {
    let (Some(x), Some(y)) = (json_number(op, a)?, json_number(op, b)?) else {
        return Ok(Value::Null);
    };
    let scale = match op {
        ArithmeticOp::Add | ArithmeticOp::Subtract | ArithmeticOp::Modulo => x.scale.max(y.scale),
        ArithmeticOp::Multiply => (x.scale + y.scale).min(38),
        ArithmeticOp::Divide => x.scale.max(y.scale).max(16),
    };
    let result = decimal_at(op, x, y, scale).map_err(|error| {
        let shown = format!("{a} {} {b}", op.sql());
        Failure::decimal(error, shown, &Value::Json(a.into()), DataType::Json)
    })?;
    let result = if op == ArithmeticOp::Divide { result.normalized() } else { result };
    Ok(Value::Json(result.to_string().into()))
}

fn json_number(op: ArithmeticOp, json: &str) -> RowResult<Option<Decimal>> {
    match json::kind(json) {
        json::JsonKind::Null => Ok(None),
        json::JsonKind::Number => match json::number(json) {
            Some(number) => Ok(Some(number)),
            None => Err(Failure::out_of_range(json, DataType::Json)),
        },
        other => Err(Failure::new(
            diag::Code::CannotCast,
            format!("operator {} needs JSON numbers, not the {} {json}", op.sql(), other.name()),
        )),
    }
}

/// Dates, timestamps and intervals.
fn calendar(op: ArithmeticOp, left: &Value, right: &Value) -> Result<Value, TimeError> {
    use ArithmeticOp::{Add, Divide, Multiply, Subtract};
    match (op, left, right) {
        (Add, Value::Date(date), Value::Int64(days))
        | (Add, Value::Int64(days), Value::Date(date)) => {
            date.checked_add_days(*days).map(Value::Date)
        }
        (Subtract, Value::Date(date), Value::Int64(days)) => {
            let days = days.checked_neg().ok_or(TimeError::Range)?;
            date.checked_add_days(days).map(Value::Date)
        }
        (Subtract, Value::Date(a), Value::Date(b)) => days_between(*a, *b),
        (Add, Value::Timestamp(at), Value::Interval(interval))
        | (Add, Value::Interval(interval), Value::Timestamp(at)) => {
            at.checked_add(*interval).map(Value::Timestamp)
        }
        (Subtract, Value::Timestamp(at), Value::Interval(interval)) => {
            at.checked_add(interval.checked_neg()?).map(Value::Timestamp)
        }
        (Add, Value::Date(date), Value::Interval(interval))
        | (Add, Value::Interval(interval), Value::Date(date)) => {
            date.to_timestamp()?.checked_add(*interval).map(Value::Timestamp)
        }
        (Subtract, Value::Date(date), Value::Interval(interval)) => {
            date.to_timestamp()?.checked_add(interval.checked_neg()?).map(Value::Timestamp)
        }
        (Subtract, Value::Timestamp(a), Value::Timestamp(b)) => difference(*a, *b),
        (Add, Value::Interval(a), Value::Interval(b)) => a.checked_add(*b).map(in_arrow)?,
        (Subtract, Value::Interval(a), Value::Interval(b)) => {
            a.checked_add(b.checked_neg()?).map(in_arrow)?
        }
        (Multiply, Value::Interval(interval), Value::Float64(factor))
        | (Multiply, Value::Float64(factor), Value::Interval(interval)) => {
            interval.checked_mul(*factor).map(in_arrow)?
        }
        (Divide, Value::Interval(interval), Value::Float64(divisor)) => {
            interval.checked_mul(1.0 / divisor).map(in_arrow)?
        }
        _ => panic!("no operator {} for {} and {}", op.sql(), left.data_type(), right.data_type()),
    }
}

fn days_between(a: Date, b: Date) -> Result<Value, TimeError> {
    if !a.is_finite() || !b.is_finite() {
        return Err(TimeError::Range);
    }
    Ok(Value::Int64(i64::from(a.0) - i64::from(b.0)))
}

fn difference(a: Timestamp, b: Timestamp) -> Result<Value, TimeError> {
    a.checked_sub(b).and_then(in_arrow)
}

/// Refuses an interval that a column cannot hold.
fn in_arrow(interval: Interval) -> Result<Value, TimeError> {
    interval.to_arrow()?;
    Ok(Value::Interval(interval))
}
