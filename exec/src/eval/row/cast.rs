//! Casts of one value, with PostgreSQL's roundings and limits.

use diag::Code;
use types::{
    DataType, Date, Decimal, DecimalError, Interval, TimeError, Timestamp, Value, json,
    parse_float64,
};

use crate::eval::{Failure, RowResult};

/// Returns the value as type `to`; NULL stays NULL.
pub(in crate::eval) fn cast(value: &Value, to: DataType) -> RowResult<Value> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Value::Json(text) = value {
        return cast_json(value, text, to);
    }
    match to {
        DataType::Null => Ok(Value::Null),
        DataType::Boolean => boolean(value),
        DataType::Int16 | DataType::Int32 | DataType::Int64 => integer(value, to),
        DataType::Float32 => float32(value),
        DataType::Float64 => float64(value).map(Value::Float64),
        DataType::Decimal { precision, scale } => decimal(value, precision, scale),
        DataType::Text { length_max } => text(value, length_max),
        DataType::Blob => blob(value),
        DataType::Date => date(value),
        DataType::Timestamp => timestamp(value),
        DataType::Interval => interval(value),
        DataType::Json => to_json(value),
    }
}

/// JSON casts by its kind: a string as text does, a number as a decimal, a boolean as itself. To
/// text it gives its JSON.
fn cast_json(value: &Value, text: &str, to: DataType) -> RowResult<Value> {
    match to {
        DataType::Json => Ok(value.clone()),
        DataType::Text { length_max } => self::text(value, length_max),
        _ => match json::to_value(text) {
            Value::Json(_) => Err(Failure::cannot_cast(value, to)),
            plain => cast(&plain, to),
        },
    }
}

fn boolean(value: &Value) -> RowResult<Value> {
    let truth = match value {
        Value::Boolean(truth) => Some(*truth),
        Value::Int16(number) => Some(*number != 0),
        Value::Int32(number) => Some(*number != 0),
        Value::Int64(number) => Some(*number != 0),
        Value::Text(text) => {
            Some(read_boolean(text).ok_or_else(|| Failure::invalid_text(text, DataType::Boolean))?)
        }
        _ => None,
    };
    truth.map(Value::Boolean).ok_or_else(|| Failure::cannot_cast(value, DataType::Boolean))
}

/// Reads `true`, `yes`, `on`, `1` and the reverse, or a beginning of one that is not ambiguous.
fn read_boolean(text: &str) -> Option<bool> {
    let word = text.trim_ascii().to_ascii_lowercase();
    let begins = |full: &str, least: usize| word.len() >= least && full.starts_with(&word);
    if word == "1" || begins("true", 1) || begins("yes", 1) || begins("on", 2) {
        Some(true)
    } else if word == "0" || begins("false", 1) || begins("no", 1) || begins("off", 2) {
        Some(false)
    } else {
        None
    }
}

fn integer(value: &Value, to: DataType) -> RowResult<Value> {
    let overflow = || Failure::out_of_range(value, to);
    let wide = match value {
        Value::Boolean(truth) => i64::from(*truth),
        Value::Int16(number) => i64::from(*number),
        Value::Int32(number) => i64::from(*number),
        Value::Int64(number) => *number,
        Value::Float32(number) => rounded(f64::from(*number)).ok_or_else(overflow)?,
        Value::Float64(number) => rounded(*number).ok_or_else(overflow)?,
        Value::Decimal(number) => number.to_i64().ok_or_else(overflow)?,
        Value::Text(text) => read_integer(text, to)?,
        _ => return Err(Failure::cannot_cast(value, to)),
    };
    match to {
        DataType::Int16 => i16::try_from(wide).map(Value::Int16).map_err(|_| overflow()),
        DataType::Int32 => i32::try_from(wide).map(Value::Int32).map_err(|_| overflow()),
        _ => Ok(Value::Int64(wide)),
    }
}

/// Rounds halves to even, as PostgreSQL does from floats; `None` outside 64 bits.
fn rounded(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let whole = number.round_ties_even();
    (-LIMIT..LIMIT).contains(&whole).then_some(whole as i64)
}

fn read_integer(text: &str, to: DataType) -> RowResult<i64> {
    let digits = text.trim_ascii();
    digits.parse().map_err(|_| {
        let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
        let number = !unsigned.is_empty() && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        if number { Failure::out_of_range(digits, to) } else { Failure::invalid_text(text, to) }
    })
}

fn float64(value: &Value) -> RowResult<f64> {
    let ty = DataType::Float64;
    match value {
        Value::Int16(number) => Ok(f64::from(*number)),
        Value::Int32(number) => Ok(f64::from(*number)),
        Value::Int64(number) => Ok(*number as f64),
        Value::Float32(number) => Ok(f64::from(*number)),
        Value::Float64(number) => Ok(*number),
        Value::Decimal(number) => Ok(number.to_f64()),
        Value::Text(text) => read_float(text, ty),
        _ => Err(Failure::cannot_cast(value, ty)),
    }
}

/// Reads a float; one beyond the range of doubles at either end is an error.
fn read_float(text: &str, ty: DataType) -> RowResult<f64> {
    let number = parse_float64(text).ok_or_else(|| Failure::invalid_text(text, ty))?;
    let mantissa = text.split(['e', 'E']).next().unwrap_or("");
    let named = number.is_infinite() && text.to_ascii_lowercase().contains("inf");
    let lost = number == 0.0 && mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if (number.is_infinite() && !named) || lost {
        return Err(Failure::out_of_range(text.trim_ascii(), ty));
    }
    Ok(number)
}

fn float32(value: &Value) -> RowResult<Value> {
    if let Value::Float32(number) = value {
        return Ok(Value::Float32(*number));
    }
    let wide = float64(value).map_err(|failure| match value {
        Value::Text(text) if failure.code == Code::InvalidText => {
            Failure::invalid_text(text, DataType::Float32)
        }
        _ => failure,
    })?;
    let narrow = wide as f32;
    if (narrow.is_infinite() && wide.is_finite()) || (narrow == 0.0 && wide != 0.0) {
        return Err(Failure::out_of_range(value, DataType::Float32));
    }
    Ok(Value::Float32(narrow))
}

fn decimal(value: &Value, precision: u8, scale: u8) -> RowResult<Value> {
    let ty = DataType::Decimal { precision, scale };
    let number = match value {
        Value::Boolean(truth) => Decimal::from(i64::from(*truth)).rescale(scale),
        Value::Int16(number) => Decimal::from(i64::from(*number)).rescale(scale),
        Value::Int32(number) => Decimal::from(i64::from(*number)).rescale(scale),
        Value::Int64(number) => Decimal::from(*number).rescale(scale),
        // Six digits are what 32 bits hold for certain.
        Value::Float32(number) if number.is_finite() => {
            Decimal::parse_to(&format!("{number:.5e}"), scale)
        }
        Value::Float32(number) => Decimal::from_f64(f64::from(*number), scale),
        Value::Float64(number) => Decimal::from_f64(*number, scale),
        Value::Decimal(number) => number.rescale(scale),
        Value::Text(text) => Decimal::parse_to(text, scale),
        _ => return Err(Failure::cannot_cast(value, ty)),
    };
    match (number, value) {
        (Ok(number), _) if number.fits(precision) => Ok(Value::Decimal(number)),
        (Err(DecimalError::Syntax), Value::Text(text)) => Err(Failure::invalid_text(text, ty)),
        _ => Err(field_overflow(value, precision, scale)),
    }
}

fn field_overflow(value: &Value, precision: u8, scale: u8) -> Failure {
    let ty = DataType::Decimal { precision, scale };
    let mut failure = Failure::out_of_range(value, ty);
    let whole = precision - scale;
    failure.detail =
        Some(format!("a value of {ty} must round to an absolute value less than 10^{whole}"));
    failure
}

/// Text of any value. Characters past the limit are an error, unless they are spaces only.
fn text(value: &Value, length_max: Option<u32>) -> RowResult<Value> {
    let text = match value {
        Value::Text(text) => text.clone(),
        other => other.to_string().into(),
    };
    let Some(most) = length_max else { return Ok(Value::Text(text)) };
    match text.char_indices().nth(most as usize) {
        None => Ok(Value::Text(text)),
        Some((end, _)) if text[end..].bytes().all(|byte| byte == b' ') => {
            Ok(Value::text(&text[..end]))
        }
        Some(_) => {
            let ty = DataType::Text { length_max };
            let chars = text.chars().count();
            let mut failure =
                Failure::new(Code::StringTooLong, format!("value too long for type {ty}"));
            failure.detail = Some(format!("the value has {chars} characters: \"{text}\""));
            Err(failure)
        }
    }
}

fn blob(value: &Value) -> RowResult<Value> {
    match value {
        Value::Blob(_) => Ok(value.clone()),
        Value::Text(text) => {
            let bytes =
                read_blob(text).ok_or_else(|| Failure::invalid_text(text, DataType::Blob))?;
            Ok(Value::Blob(bytes.into()))
        }
        _ => Err(Failure::cannot_cast(value, DataType::Blob)),
    }
}

/// Reads `\x` and hexadecimal digits, or text with `\\` and `\ooo` escapes.
fn read_blob(text: &str) -> Option<Vec<u8>> {
    if let Some(digits) = text.strip_prefix("\\x") {
        let digits: Vec<u8> = digits.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes =
            pairs.iter().map(|[high, low]| Some(hexadecimal(*high)? << 4 | hexadecimal(*low)?));
        return if rest.is_empty() { bytes.collect() } else { None };
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = match (first, after) {
            (b'\\', [b'\\', after @ ..]) => {
                bytes.push(b'\\');
                after
            }
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            (b'\\', _) => return None,
            (byte, after) => {
                bytes.push(*byte);
                after
            }
        };
    }
    Some(bytes)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

fn date(value: &Value) -> RowResult<Value> {
    match value {
        Value::Date(_) => Ok(value.clone()),
        Value::Timestamp(timestamp) => Ok(Value::Date(timestamp.to_date())),
        Value::Text(text) => Date::parse(text)
            .map(Value::Date)
            .map_err(|error| bad_time(error, text, DataType::Date)),
        _ => Err(Failure::cannot_cast(value, DataType::Date)),
    }
}

fn timestamp(value: &Value) -> RowResult<Value> {
    let ty = DataType::Timestamp;
    match value {
        Value::Timestamp(_) => Ok(value.clone()),
        Value::Date(date) => {
            date.to_timestamp().map(Value::Timestamp).map_err(|error| Failure::time(error, value))
        }
        Value::Text(text) => {
            Timestamp::parse(text).map(Value::Timestamp).map_err(|error| bad_time(error, text, ty))
        }
        _ => Err(Failure::cannot_cast(value, ty)),
    }
}

fn interval(value: &Value) -> RowResult<Value> {
    match value {
        Value::Interval(_) => Ok(value.clone()),
        Value::Text(text) => Interval::parse(text)
            .and_then(|interval| interval.to_arrow().map(|_| interval))
            .map(Value::Interval)
            .map_err(|error| bad_time(error, text, DataType::Interval)),
        _ => Err(Failure::cannot_cast(value, DataType::Interval)),
    }
}

fn bad_time(error: TimeError, text: &str, ty: DataType) -> Failure {
    match error {
        TimeError::Syntax => Failure::invalid_text(text, ty),
        TimeError::Range => Failure::time(error, format_args!("\"{text}\" as {ty}")),
    }
}

/// Text is read as JSON; other values become JSON's own kinds.
fn to_json(value: &Value) -> RowResult<Value> {
    let Value::Text(text) = value else {
        return Ok(Value::Json(json::from_value(value).into()));
    };
    json::normalise(text).map(|json| Value::Json(json.into())).map_err(|error| {
        let mut failure = Failure::invalid_text(text, DataType::Json);
        failure.detail = Some(error.to_string());
        failure
    })
}
