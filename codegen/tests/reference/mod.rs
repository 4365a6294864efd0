//! A small row-wise evaluator and a generator of expressions, for the differential tests.
//!
//! Numbers are i128 here and every result is checked against its type, so there is nothing to get
//! wrong about widths.

use ir::{ArithmeticOp, CompareOp, Function, Scalar, ScalarKind, TruthTest};
use types::{DataType, Date, Decimal, Timestamp, Value, pow10};

/// The row has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

type Result = std::result::Result<Value, Failed>;

pub(crate) fn eval(scalar: &Scalar, row: &[Value]) -> Result {
    let ty = scalar.ty;
    match &scalar.kind {
        ScalarKind::Slot(slot) => Ok(row[*slot as usize].clone()),
        ScalarKind::Literal(value) => Ok(value.clone()),
        ScalarKind::Not(input) => Ok(match eval(input, row)? {
            Value::Boolean(value) => Value::Boolean(!value),
            _ => Value::Null,
        }),
        ScalarKind::And(list) => junction(list, row, false),
        ScalarKind::Or(list) => junction(list, row, true),
        ScalarKind::Is { input, test, negated } => {
            let value = eval(input, row)?;
            let holds = match test {
                TruthTest::Null => value.is_null(),
                TruthTest::True => value == Value::Boolean(true),
                TruthTest::False => value == Value::Boolean(false),
            };
            Ok(Value::Boolean(holds != *negated))
        }
        ScalarKind::Compare(op, l, r) => {
            let (l, r) = (eval(l, row)?, eval(r, row)?);
            Ok(compare(*op, &l, &r))
        }
        ScalarKind::Arithmetic(op, l, r) => {
            let (left, right) = (eval(l, row)?, eval(r, row)?);
            if left.is_null() || right.is_null() {
                return Ok(Value::Null);
            }
            arithmetic(*op, (&left, l.ty), (&right, r.ty), ty)
        }
        ScalarKind::Negate(input) => match eval(input, row)? {
            Value::Null => Ok(Value::Null),
            Value::Float64(value) => Ok(Value::Float64(-value)),
            value => exact(-number(&value), ty),
        },
        ScalarKind::Cast { input, lenient } => {
            let value = eval(input, row)?;
            match cast(&value, input.ty, ty) {
                Err(Failed) if *lenient => Ok(Value::Null),
                result => result,
            }
        }
        ScalarKind::Case { branches, otherwise } => {
            for (when, then) in branches {
                if eval(when, row)? == Value::Boolean(true) {
                    return eval(then, row);
                }
            }
            otherwise.as_ref().map_or(Ok(Value::Null), |otherwise| eval(otherwise, row))
        }
        ScalarKind::In { needle, list, negated } => {
            let needle = eval(needle, row)?;
            let mut found = Value::Boolean(false);
            for item in list {
                match compare(CompareOp::Eq, &needle, &eval(item, row)?) {
                    Value::Boolean(true) => return Ok(Value::Boolean(!negated)),
                    Value::Null => found = Value::Null,
                    _ => {}
                }
            }
            Ok(if found.is_null() { found } else { Value::Boolean(*negated) })
        }
        ScalarKind::Call(Function::Coalesce, list) => {
            for argument in list {
                let value = eval(argument, row)?;
                if !value.is_null() {
                    return Ok(value);
                }
            }
            Ok(Value::Null)
        }
        kind => panic!("the reference has no {kind:?}"),
    }
}

fn junction(list: &[Scalar], row: &[Value], decisive: bool) -> Result {
    let mut result = Value::Boolean(!decisive);
    for operand in list {
        match eval(operand, row)? {
            Value::Boolean(value) if value == decisive => return Ok(Value::Boolean(decisive)),
            Value::Null => result = Value::Null,
            _ => {}
        }
    }
    Ok(result)
}

fn compare(op: CompareOp, l: &Value, r: &Value) -> Value {
    let total = matches!(op, CompareOp::Distinct | CompareOp::NotDistinct);
    let order = match (l.is_null(), r.is_null()) {
        (false, false) => order(l, r),
        (true, true) if total => std::cmp::Ordering::Equal,
        _ if total => std::cmp::Ordering::Less,
        _ => return Value::Null,
    };
    Value::Boolean(match op {
        CompareOp::Eq | CompareOp::NotDistinct => order.is_eq(),
        CompareOp::Ne | CompareOp::Distinct => order.is_ne(),
        CompareOp::Lt => order.is_lt(),
        CompareOp::Le => order.is_le(),
        CompareOp::Gt => order.is_gt(),
        CompareOp::Ge => order.is_ge(),
    })
}

pub(crate) fn order(l: &Value, r: &Value) -> std::cmp::Ordering {
    let float = |value: &Value| match value {
        Value::Float64(value) => Some(*value),
        Value::Float32(value) => Some(f64::from(*value)),
        _ => None,
    };
    if let (Some(l), Some(r)) = (float(l), float(r)) {
        return l.partial_cmp(&r).unwrap_or_else(|| l.is_nan().cmp(&r.is_nan()));
    }
    if let (Value::Decimal(l), Value::Decimal(r)) = (l, r) {
        let scale = l.scale.max(r.scale);
        let lift = |d: &Decimal| d.unscaled * pow10(scale - d.scale).unwrap();
        return lift(l).cmp(&lift(r));
    }
    number(l).cmp(&number(r))
}

/// Returns the integer behind a value.
pub(crate) fn number(value: &Value) -> i128 {
    match value {
        Value::Boolean(value) => i128::from(*value),
        Value::Int16(value) => i128::from(*value),
        Value::Int32(value) => i128::from(*value),
        Value::Int64(value) => i128::from(*value),
        Value::Decimal(value) => value.unscaled,
        Value::Date(value) => i128::from(value.0),
        Value::Timestamp(value) => i128::from(value.0),
        value => panic!("{value:?} is not an integer"),
    }
}

/// Returns the value of type `ty` behind an integer, checked.
pub(crate) fn exact(number: i128, ty: DataType) -> Result {
    Ok(match ty {
        DataType::Int16 => Value::Int16(number.try_into().map_err(|_| Failed)?),
        DataType::Int32 => Value::Int32(number.try_into().map_err(|_| Failed)?),
        DataType::Int64 => Value::Int64(number.try_into().map_err(|_| Failed)?),
        DataType::Date => Value::Date(Date(number.try_into().map_err(|_| Failed)?)),
        DataType::Timestamp => Value::Timestamp(Timestamp(number.try_into().map_err(|_| Failed)?)),
        DataType::Decimal { precision, scale } => {
            if number.unsigned_abs() >= pow10(precision).unwrap().unsigned_abs() {
                return Err(Failed);
            }
            Value::Decimal(Decimal::new(number, scale))
        }
        ty => panic!("{ty} is not an integer"),
    })
}

fn scale(ty: DataType) -> u8 {
    if let DataType::Decimal { scale, .. } = ty { scale } else { 0 }
}

fn arithmetic(
    op: ArithmeticOp,
    l: (&Value, DataType),
    r: (&Value, DataType),
    ty: DataType,
) -> Result {
    if let (Value::Float64(l), Value::Float64(r)) = (l.0, r.0) {
        return float(op, *l, *r);
    }
    let (a, b) = (number(l.0), number(r.0));
    if l.1 == DataType::Date {
        return dates(op, a, b, r.1, ty);
    }
    let up = |n: i128, from: DataType| n.checked_mul(pow10(scale(ty) - scale(from)).unwrap());
    let result = match op {
        ArithmeticOp::Add => up(a, l.1).zip(up(b, r.1)).and_then(|(a, b)| a.checked_add(b)),
        ArithmeticOp::Subtract => up(a, l.1).zip(up(b, r.1)).and_then(|(a, b)| a.checked_sub(b)),
        ArithmeticOp::Multiply => a.checked_mul(b),
        ArithmeticOp::Divide | ArithmeticOp::Modulo if b == 0 => return Err(Failed),
        ArithmeticOp::Divide => Some(a / b),
        ArithmeticOp::Modulo => Some(a % b),
    };
    exact(result.ok_or(Failed)?, ty)
}

fn dates(op: ArithmeticOp, a: i128, b: i128, right: DataType, ty: DataType) -> Result {
    let infinite = |days: i128| days == i128::from(i32::MIN) || days == i128::from(i32::MAX);
    if right == DataType::Date {
        return if infinite(a) || infinite(b) { Err(Failed) } else { exact(a - b, ty) };
    }
    if infinite(a) {
        return exact(a, ty);
    }
    let moved = if op == ArithmeticOp::Add { a + b } else { a - b };
    if (-2_440_550..=2_145_042_905).contains(&moved) { exact(moved, ty) } else { Err(Failed) }
}

fn float(op: ArithmeticOp, l: f64, r: f64) -> Result {
    let (value, underflow) = match op {
        ArithmeticOp::Add => (l + r, false),
        ArithmeticOp::Subtract => (l - r, false),
        ArithmeticOp::Multiply => (l * r, l != 0.0 && r != 0.0),
        ArithmeticOp::Divide if r == 0.0 && !l.is_nan() => return Err(Failed),
        ArithmeticOp::Divide => {
            let value = l / r;
            let overflow = value.is_infinite() && !l.is_infinite();
            let underflow = value == 0.0 && l != 0.0 && !r.is_infinite();
            return if overflow || underflow { Err(Failed) } else { Ok(Value::Float64(value)) };
        }
        ArithmeticOp::Modulo => panic!("floats have no %"),
    };
    let overflow = value.is_infinite() && !l.is_infinite() && !r.is_infinite();
    if overflow || (underflow && value == 0.0) { Err(Failed) } else { Ok(Value::Float64(value)) }
}

fn cast(value: &Value, from: DataType, to: DataType) -> Result {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Float64(value) => {
            let whole = value.round_ties_even();
            if !(-1e30..1e30).contains(&whole) {
                return Err(Failed);
            }
            exact(whole as i128, to)
        }
        value if to == DataType::Float64 => {
            Ok(Value::Float64(number(value) as f64 / 10_f64.powi(scale(from).into())))
        }
        value => {
            let (n, from, target) = (number(value), scale(from), scale(to));
            if target >= from {
                let factor = pow10(target - from).unwrap();
                return exact(n.checked_mul(factor).ok_or(Failed)?, to);
            }
            let factor = pow10(from - target).unwrap();
            let rounded = (n.abs() + factor / 2) / factor * n.signum();
            exact(rounded, to)
        }
    }
}
