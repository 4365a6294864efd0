//! Constants as written become typed values; strings and NULL stay unknown until a neighbour decides.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast;
use ir::Scalar;
use types::{DataType, Decimal, Value};

use crate::binder::Binder;

/// Returns a string whose type its neighbour decides.
pub(crate) fn unknown_text(text: &str, span: Span) -> Scalar {
    Scalar::literal(Value::text(text), DataType::Null, span)
}

/// Returns NULL of type `ty`.
pub(crate) fn null(ty: DataType, span: Span) -> Scalar {
    Scalar::literal(Value::Null, ty, span)
}

/// Returns a BIGINT.
pub(crate) fn bigint(value: i64, span: Span) -> Scalar {
    Scalar::literal(Value::Int64(value), DataType::Int64, span)
}

/// Returns a DECIMAL of the value's own digits.
pub(crate) fn decimal(value: Decimal, span: Span) -> Scalar {
    let value = Value::Decimal(value);
    let ty = value.data_type();
    Scalar::literal(value, ty, span)
}

/// Returns the scalar of a constant; `negative` if a minus stands before a number.
pub(crate) fn bind(
    binder: &mut Binder<'_>,
    literal: &ast::Literal,
    negative: bool,
    span: Span,
) -> Result<Scalar> {
    match literal {
        ast::Literal::Null => Ok(null(DataType::Null, span)),
        ast::Literal::Boolean(value) => {
            Ok(Scalar::literal(Value::Boolean(*value), DataType::Boolean, span))
        }
        ast::Literal::Integer(digits) => Ok(integer(*digits, negative, span)),
        ast::Literal::Decimal(digits) => number(digits, negative, span),
        ast::Literal::String(text) => Ok(unknown_text(text, span)),
        ast::Literal::Blob(bytes) => {
            Ok(Scalar::literal(Value::Blob(Arc::from(bytes.as_slice())), DataType::Blob, span))
        }
        ast::Literal::Typed(typed) => typed_literal(binder, typed, span),
    }
}

/// BIGINT; beyond it DECIMAL, so that 9223372036854775808 survives.
fn integer(digits: u64, negative: bool, span: Span) -> Scalar {
    let value = if negative { -i128::from(digits) } else { i128::from(digits) };
    match i64::try_from(value) {
        Ok(value) => bigint(value, span),
        Err(_) => decimal(Decimal::new(value, 0), span),
    }
}

/// DECIMAL with the digits written; DOUBLE if an exponent takes it beyond 38 digits.
fn number(digits: &str, negative: bool, span: Span) -> Result<Scalar> {
    let plain = digits.replace('_', "");
    let signed = if negative { format!("-{plain}") } else { plain.clone() };
    if let Ok(value) = Decimal::parse(&signed)
        && value.digits() <= 38
    {
        return Ok(decimal(value, span));
    }
    match signed.parse::<f64>() {
        Ok(value) if value.is_finite() && plain.contains(['e', 'E']) => {
            Ok(Scalar::literal(Value::Float64(value), DataType::Float64, span))
        }
        _ => Err(Diagnostic::at(Code::NumericOverflow, span, "number has more than 38 digits")
            .help("write it with an exponent for a DOUBLE: 1e40")
            .into()),
    }
}

/// `DATE '…'`, `INTERVAL '1' DAY`.
fn typed_literal(binder: &mut Binder<'_>, typed: &ast::TypedLiteral, span: Span) -> Result<Scalar> {
    let ty = match typed.type_name.node.as_str() {
        "date" => DataType::Date,
        "timestamp" | "timestamptz" => DataType::Timestamp,
        "interval" => DataType::Interval,
        "json" | "jsonb" => DataType::Json,
        other => {
            let what = format!("type {}", other.to_uppercase());
            return Err(Diagnostic::not_built(typed.type_name.span, what).into());
        }
    };
    if let Some(last) = &typed.last_unit {
        return Err(Diagnostic::not_built(last.span, "an interval with a range of units").into());
    }
    let text = match &typed.unit {
        Some(unit) => format!("{} {}", typed.text.node, unit.node),
        None => typed.text.node.clone(),
    };
    let mut scalar = binder.adopt(unknown_text(&text, binder.place(typed.text.span)), ty)?;
    scalar.span = span;
    Ok(scalar)
}
