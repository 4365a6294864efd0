//! Mathematical functions. Decimals are exact where the function is; transcendental functions are
//! computed in doubles.

use ir::Function;
use types::{DataType, Decimal, DecimalError, Value, pow10};

use super::text::integer;
use crate::eval::{Failure, RowResult};

/// Calls a mathematical function.
pub(super) fn call(function: Function, args: &[Value], ty: DataType) -> RowResult<Value> {
    match function {
        Function::Abs => absolute(&args[0], ty),
        Function::Sign => sign(&args[0]),
        Function::Round | Function::Ceil | Function::Floor | Function::Truncate => {
            to_whole(function, &args[0], args.get(1).map_or(0, integer), ty)
        }
        Function::Power => match (&args[0], &args[1], ty) {
            (Value::Decimal(base), Value::Decimal(exponent), DataType::Decimal { scale, .. }) => {
                decimal_power(*base, *exponent, scale, ty)
            }
            _ => power(float(&args[0]), float(&args[1]), ty),
        },
        _ => transcendental(function, args, ty),
    }
}

fn float(value: &Value) -> f64 {
    match super::cast(value, DataType::Float64) {
        Ok(Value::Float64(number)) => number,
        other => panic!("a mathematical function got {value}: {other:?}"),
    }
}

fn absolute(value: &Value, ty: DataType) -> RowResult<Value> {
    match value {
        Value::Float32(number) => Ok(Value::Float32(number.abs())),
        Value::Float64(number) => Ok(Value::Float64(number.abs())),
        Value::Int16(..0) | Value::Int32(..0) | Value::Int64(..0) => super::negate(value, ty),
        Value::Decimal(number) if number.unscaled < 0 => Ok(Value::Decimal(number.negated())),
        Value::Interval(_) => panic!("an interval has no absolute value"),
        other => Ok(other.clone()),
    }
}

fn sign(value: &Value) -> RowResult<Value> {
    Ok(match value {
        Value::Decimal(number) => Value::Decimal(Decimal::new(number.unscaled.signum(), 0)),
        Value::Int16(_) | Value::Int32(_) | Value::Int64(_) => {
            Value::Int64(integer(value).signum())
        }
        other => {
            let number = float(other);
            Value::Float64(if number == 0.0 || number.is_nan() { number } else { number.signum() })
        }
    })
}

/// Rounds to `digits` after the point, before it if negative.
fn to_whole(function: Function, value: &Value, digits: i64, ty: DataType) -> RowResult<Value> {
    match value {
        Value::Float32(number) => float_to_whole(function, f64::from(*number), digits, ty),
        Value::Float64(number) => float_to_whole(function, *number, digits, ty),
        Value::Decimal(number) => decimal_to_whole(function, *number, digits)
            .map(Value::Decimal)
            .map_err(|_| Failure::out_of_range(value, ty)),
        Value::Int16(_) | Value::Int32(_) | Value::Int64(_) if digits >= 0 => Ok(value.clone()),
        other => decimal_to_whole(function, Decimal::from(integer(other)), digits)
            .map(Value::Decimal)
            .map_err(|_| Failure::out_of_range(value, ty)),
    }
}

fn decimal_to_whole(
    function: Function,
    number: Decimal,
    digits: i64,
) -> Result<Decimal, DecimalError> {
    if digits >= i64::from(number.scale) {
        return Ok(number);
    }
    // Digits that go away; past 38 nothing is left but a carry.
    let dropped = u8::try_from(i64::from(number.scale) - digits.max(-39)).expect("77 at most");
    let Some(unit) = pow10(dropped) else {
        return Ok(Decimal::new(0, 0));
    };
    let quotient = match function {
        Function::Round => types::divide_rounded(number.unscaled, unit),
        Function::Ceil => -(-number.unscaled).div_euclid(unit),
        Function::Floor => number.unscaled.div_euclid(unit),
        _ => number.unscaled / unit,
    };
    match u8::try_from(digits) {
        Ok(scale) => Ok(Decimal::new(quotient, scale)),
        Err(_) => {
            let zeros = u8::try_from(-digits).ok().and_then(pow10);
            let whole = zeros.and_then(|zeros| quotient.checked_mul(zeros));
            whole.map(|whole| Decimal::new(whole, 0)).ok_or(DecimalError::Overflow)
        }
    }
}

/// Doubles round halves to even at the point, as PostgreSQL does; to other places they are
/// rounded as the decimal that they print as.
fn float_to_whole(function: Function, number: f64, digits: i64, ty: DataType) -> RowResult<Value> {
    if digits == 0 || !number.is_finite() {
        return Ok(Value::Float64(match function {
            Function::Round => number.round_ties_even(),
            Function::Ceil => number.ceil(),
            Function::Floor => number.floor(),
            _ => number.trunc(),
        }));
    }
    match Decimal::parse(&format!("{number}")) {
        Ok(decimal) => decimal_to_whole(function, decimal, digits)
            .map(|rounded| Value::Float64(rounded.to_f64()))
            .map_err(|_| Failure::out_of_range(Value::Float64(number), ty)),
        // A double with more than 38 digits has none to round at the places that matter.
        Err(_) if number.abs() >= 1.0 => Ok(Value::Float64(number)),
        Err(_) => Ok(Value::Float64(0.0)),
    }
}

fn power(base: f64, exponent: f64, ty: DataType) -> RowResult<Value> {
    if base == 0.0 && exponent < 0.0 {
        return Err(Failure::domain("zero raised to a negative power is undefined"));
    }
    if base < 0.0 && exponent.is_finite() && exponent.fract() != 0.0 {
        let message = "a negative number raised to a non-integer power yields a complex result";
        return Err(Failure::domain(message));
    }
    let shown = || format!("power({}, {})", Value::Float64(base), Value::Float64(exponent));
    finite(base.powf(exponent), base.is_finite() && exponent.is_finite(), shown, ty)
}

/// An integer power is exact; others go through doubles.
fn decimal_power(base: Decimal, exponent: Decimal, scale: u8, ty: DataType) -> RowResult<Value> {
    let whole = exponent.normalized();
    let overflow = || Failure::out_of_range(format!("power({base}, {exponent})"), ty);
    match u32::try_from(whole.unscaled) {
        Ok(times) if whole.scale == 0 && times <= 128 => {
            let mut product = Decimal::new(1, 0);
            for _ in 0..times {
                product = product.checked_mul(base).map_err(|_| overflow())?;
            }
            Ok(Value::Decimal(product.rescale(scale).map_err(|_| overflow())?))
        }
        _ => power(base.to_f64(), exponent.to_f64(), ty),
    }
}

/// Returns the result; an infinity out of finite operands is an error.
fn finite(
    result: f64,
    operands_are_finite: bool,
    shown: impl Fn() -> String,
    ty: DataType,
) -> RowResult<Value> {
    if result.is_infinite() && operands_are_finite {
        return Err(Failure::out_of_range(shown(), ty));
    }
    Ok(Value::Float64(result))
}

fn transcendental(function: Function, args: &[Value], ty: DataType) -> RowResult<Value> {
    let Some(first) = args.first() else {
        return Ok(Value::Float64(std::f64::consts::PI));
    };
    let x = float(first);
    Ok(Value::Float64(match function {
        Function::Sqrt if x < 0.0 => {
            return Err(Failure::domain(format!("cannot take the square root of {first}")));
        }
        Function::Sqrt => x.sqrt(),
        Function::Exp => return finite(x.exp(), x.is_finite(), || format!("exp({first})"), ty),
        Function::Ln => logarithm(x, first)?,
        Function::Log10 => logarithm(x, first).map(|_| x.log10())?,
        Function::Log => return log(first, &args[1]),
        Function::Sin | Function::Cos | Function::Tan if x.is_infinite() => {
            return Err(Failure::out_of_range(first, ty));
        }
        Function::Sin => x.sin(),
        Function::Cos => x.cos(),
        Function::Tan => x.tan(),
        Function::Asin | Function::Acos if x.abs() > 1.0 => {
            return Err(Failure::out_of_range(first, ty));
        }
        Function::Asin => x.asin(),
        Function::Acos => x.acos(),
        Function::Atan => x.atan(),
        Function::Atan2 => x.atan2(float(&args[1])),
        Function::Degrees => x.to_degrees(),
        Function::Radians => x.to_radians(),
        other => panic!("{other:?} is no mathematical function"),
    }))
}

fn logarithm(x: f64, shown: &Value) -> RowResult<f64> {
    if x == 0.0 {
        return Err(Failure::logarithm("cannot take logarithm of zero"));
    }
    if x < 0.0 {
        let message = format!("cannot take logarithm of a negative number: {shown}");
        return Err(Failure::logarithm(message));
    }
    Ok(x.ln())
}

fn log(base: &Value, value: &Value) -> RowResult<Value> {
    let divisor = logarithm(float(base), base)?;
    let dividend = logarithm(float(value), value)?;
    if divisor == 0.0 {
        return Err(Failure::division_by_zero(value));
    }
    Ok(Value::Float64(dividend / divisor))
}
