//! From a field's text to a typed column.
//!
//! The texts accepted are those of a CAST from TEXT. The types that fill large files are parsed
//! straight into Arrow builders, the rest goes through values.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{
    Date32Builder, Decimal64Builder, Float64Builder, Int64Builder, StringViewBuilder,
};
use types::{DataType, Date, Decimal, Interval, Timestamp, Value, array_of, json};

/// Why a field does not read as its type.
type Reason = String;

/// A column under construction.
pub(super) enum ColumnBuilder {
    Int64(Int64Builder),
    Float64(Float64Builder),
    /// Decimals of up to 18 digits.
    Decimal64(Decimal64Builder, DataType),
    Text(StringViewBuilder, Option<u32>),
    Date(Date32Builder),
    Values(Vec<Value>, DataType),
}

impl ColumnBuilder {
    pub(super) fn new(ty: DataType) -> ColumnBuilder {
        match ty {
            DataType::Int64 => ColumnBuilder::Int64(Int64Builder::new()),
            DataType::Float64 => ColumnBuilder::Float64(Float64Builder::new()),
            DataType::Decimal { precision, .. } if precision <= 18 => {
                let builder = Decimal64Builder::new().with_data_type(ty.arrow());
                ColumnBuilder::Decimal64(builder, ty)
            }
            DataType::Text { length_max } => {
                ColumnBuilder::Text(StringViewBuilder::new(), length_max)
            }
            DataType::Date => ColumnBuilder::Date(Date32Builder::new()),
            DataType::Null
            | DataType::Boolean
            | DataType::Int16
            | DataType::Int32
            | DataType::Float32
            | DataType::Decimal { .. }
            | DataType::Blob
            | DataType::Timestamp
            | DataType::Interval
            | DataType::Json => ColumnBuilder::Values(Vec::new(), ty),
        }
    }

    pub(super) fn append_null(&mut self) {
        match self {
            ColumnBuilder::Int64(builder) => builder.append_null(),
            ColumnBuilder::Float64(builder) => builder.append_null(),
            ColumnBuilder::Decimal64(builder, _) => builder.append_null(),
            ColumnBuilder::Text(builder, _) => builder.append_null(),
            ColumnBuilder::Date(builder) => builder.append_null(),
            ColumnBuilder::Values(values, _) => values.push(Value::Null),
        }
    }

    pub(super) fn append(&mut self, text: &str) -> Result<(), Reason> {
        match self {
            ColumnBuilder::Int64(builder) => builder.append_value(number(text)?),
            ColumnBuilder::Float64(builder) => builder.append_value(number(text)?),
            ColumnBuilder::Decimal64(builder, ty) => {
                let unscaled = decimal(text, *ty)?.unscaled;
                builder.append_value(i64::try_from(unscaled).map_err(|error| error.to_string())?);
            }
            ColumnBuilder::Text(builder, length_max) => {
                builder.append_value(limited(text, *length_max)?);
            }
            ColumnBuilder::Date(builder) => builder.append_value(said(Date::parse(text))?.0),
            ColumnBuilder::Values(values, ty) => values.push(value(text, *ty)?),
        }
        Ok(())
    }

    pub(super) fn finish(self) -> ArrayRef {
        match self {
            ColumnBuilder::Int64(mut builder) => Arc::new(builder.finish()),
            ColumnBuilder::Float64(mut builder) => Arc::new(builder.finish()),
            ColumnBuilder::Decimal64(mut builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Text(mut builder, _) => Arc::new(builder.finish()),
            ColumnBuilder::Date(mut builder) => Arc::new(builder.finish()),
            ColumnBuilder::Values(values, ty) => array_of(ty, values),
        }
    }
}

fn value(text: &str, ty: DataType) -> Result<Value, Reason> {
    Ok(match ty {
        DataType::Null => Value::Null,
        DataType::Boolean => Value::Boolean(boolean(text)?),
        DataType::Int16 => Value::Int16(number(text)?),
        DataType::Int32 => Value::Int32(number(text)?),
        DataType::Int64 => Value::Int64(number(text)?),
        DataType::Float32 => Value::Float32(number(text)?),
        DataType::Float64 => Value::Float64(number(text)?),
        DataType::Decimal { .. } => Value::Decimal(decimal(text, ty)?),
        DataType::Text { length_max } => Value::text(limited(text, length_max)?),
        DataType::Blob => Value::Blob(blob(text)?.into()),
        DataType::Date => Value::Date(said(Date::parse(text))?),
        DataType::Timestamp => Value::Timestamp(said(Timestamp::parse(text))?),
        DataType::Interval => Value::Interval(said(Interval::parse(text))?),
        DataType::Json => Value::Json(said(json::normalise(text))?.into()),
    })
}

fn said<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Result<T, Reason> {
    outcome.map_err(|error| error.to_string())
}

fn number<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Reason> {
    said(text.trim().parse())
}

fn decimal(text: &str, ty: DataType) -> Result<Decimal, Reason> {
    let DataType::Decimal { precision, scale } = ty else {
        return Err("not a decimal column".to_owned());
    };
    let number = said(said(Decimal::parse(text.trim()))?.rescale(scale))?;
    if number.digits() > precision {
        return Err(format!("more than {precision} digits"));
    }
    Ok(number)
}

fn limited(text: &str, length_max: Option<u32>) -> Result<&str, Reason> {
    match length_max {
        Some(most) if text.len() > most as usize && text.chars().count() > most as usize => {
            Err(format!("longer than {most} characters"))
        }
        _ => Ok(text),
    }
}

fn boolean(text: &str) -> Result<bool, Reason> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Ok(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Ok(false),
        _ => Err("neither true nor false".to_owned()),
    }
}

/// `\x` and hexadecimal digits.
fn blob(text: &str) -> Result<Vec<u8>, Reason> {
    let Some(digits) = text.strip_prefix("\\x") else {
        return Ok(text.as_bytes().to_vec());
    };
    let odd = || "not hexadecimal".to_owned();
    if digits.len() % 2 != 0 || !digits.is_ascii() {
        return Err(odd());
    }
    let pairs = digits.as_bytes().chunks(2);
    let byte = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.map(|pair| byte(pair).ok_or_else(odd)).collect()
}
