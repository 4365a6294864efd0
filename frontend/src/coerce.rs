//! Conversions: which happen by themselves, which need a cast, and the type that two operands share.

use diag::{Code, Diagnostic, Result, Span};
use ir::{Function, Scalar, ScalarKind};
use types::{DataType, Decimal, Value};

use crate::binder::{Binder, pointed};
use crate::literal;

/// True if the type waits for a neighbour to decide it.
pub(crate) fn is_unknown(scalar: &Scalar) -> bool {
    scalar.ty == DataType::Null
}

/// Returns `scalar` converted to `ty`; the node itself if it has the type.
pub(crate) fn cast(scalar: Scalar, ty: DataType) -> Scalar {
    if scalar.ty == ty {
        return scalar;
    }
    if let Some(converted) = cast_number(&scalar, ty) {
        return converted;
    }
    let span = scalar.span;
    Scalar::new(ScalarKind::Cast { input: Box::new(scalar), lenient: false }, ty, span)
}

/// Converts NULL and integer literals at once where nothing can go wrong.
fn cast_number(scalar: &Scalar, ty: DataType) -> Option<Scalar> {
    let value = match (scalar.as_literal()?, ty) {
        (Value::Null, _) => Value::Null,
        (Value::Int64(value), DataType::Decimal { precision, scale }) => {
            let rescaled = Decimal::new(i128::from(*value), 0).rescale(scale).ok()?;
            (rescaled.digits() <= precision).then_some(Value::Decimal(rescaled))?
        }
        // Integers up to 2^53 are exact as doubles.
        (Value::Int64(value), DataType::Float64) if value.unsigned_abs() <= 1 << 53 =>
        {
            #[expect(clippy::cast_precision_loss, reason = "checked to be exact")]
            Value::Float64(*value as f64)
        }
        _ => return None,
    };
    Some(Scalar::literal(value, ty, scalar.span))
}

/// Returns `scalar` as JSON: text becomes a JSON string, numbers JSON numbers.
pub(crate) fn to_json(scalar: Scalar) -> Scalar {
    match scalar.ty {
        DataType::Json => scalar,
        // An absent field is NULL, so NULL stays NULL and never becomes JSON null.
        DataType::Null if scalar.as_literal().is_some_and(Value::is_null) => {
            literal::null(DataType::Json, scalar.span)
        }
        _ => {
            let span = scalar.span;
            Scalar::new(ScalarKind::Call(Function::ToJson, vec![scalar]), DataType::Json, span)
        }
    }
}

/// Returns `scalar` as text. A path into a document gives the string itself, without quotes.
pub(crate) fn to_text(scalar: Scalar) -> Scalar {
    if scalar.ty != DataType::Json {
        return cast(scalar, DataType::TEXT);
    }
    let span = scalar.span;
    match scalar.kind {
        ScalarKind::Call(Function::JsonPath, mut path) => {
            let last = path.pop().expect("a path has a document and a key");
            let document = if path.len() == 1 {
                path.remove(0)
            } else {
                Scalar::new(ScalarKind::Call(Function::JsonPath, path), DataType::Json, span)
            };
            text_field(document, last, span)
        }
        ScalarKind::Call(Function::JsonGet, mut path) => {
            let key = path.pop().expect("-> has two operands");
            let document = path.pop().expect("-> has two operands");
            text_field(document, key, span)
        }
        kind => cast(Scalar { kind, ty: DataType::Json, span }, DataType::TEXT),
    }
}

fn text_field(document: Scalar, key: Scalar, span: Span) -> Scalar {
    Scalar::new(ScalarKind::Call(Function::JsonGetText, vec![document, key]), DataType::TEXT, span)
}

/// Returns the decimal type that holds every value of an integer type, or the decimal type itself.
pub(crate) fn as_decimal(ty: DataType) -> (u8, u8) {
    match ty {
        DataType::Decimal { precision, scale } => (precision, scale),
        DataType::Int16 => (5, 0),
        DataType::Int32 => (10, 0),
        _ => (19, 0),
    }
}

/// Returns an integer as DECIMAL; a literal takes no more digits than it has.
pub(crate) fn decimal_operand(scalar: Scalar) -> Scalar {
    if let Some(Value::Int64(value)) = scalar.as_literal() {
        return literal::decimal(Decimal::new(i128::from(*value), 0), scalar.span);
    }
    if scalar.ty.is_integer() {
        let (precision, scale) = as_decimal(scalar.ty);
        return cast(scalar, DataType::Decimal { precision, scale });
    }
    scalar
}

/// Returns the narrowest type that holds values of both, if one exists without loss of kind.
pub(crate) fn common(left: DataType, right: DataType) -> Option<DataType> {
    use DataType as T;
    Some(match (left, right) {
        _ if left == right => left.unlimited(),
        (T::Null, other) | (other, T::Null) => other.unlimited(),
        (T::Text { .. }, T::Text { .. }) => T::TEXT,
        (T::Date, T::Timestamp) | (T::Timestamp, T::Date) => T::Timestamp,
        (T::Json, _) | (_, T::Json) => T::Json,
        _ if left.is_numeric() && right.is_numeric() => common_number(left, right),
        _ => return None,
    })
}

fn common_number(left: DataType, right: DataType) -> DataType {
    if left.is_float() || right.is_float() {
        return DataType::Float64;
    }
    if left.is_integer() && right.is_integer() {
        let (a, b) = (as_decimal(left).0, as_decimal(right).0);
        return if a >= b { left } else { right };
    }
    let ((p1, s1), (p2, s2)) = (as_decimal(left), as_decimal(right));
    let scale = s1.max(s2);
    let precision = ((p1 - s1).max(p2 - s2) + scale).min(38);
    DataType::Decimal { precision, scale }
}

/// True if `CAST(x AS to)` means something for `from`.
pub(crate) fn castable(from: DataType, to: DataType) -> bool {
    use DataType as T;
    match (from, to) {
        _ if from == to => true,
        (T::Null, _) | (T::Text { .. }, _) | (_, T::Text { .. }) | (_, T::Json) => true,
        (T::Json, _) => matches!(to, T::Boolean | T::Date | T::Timestamp) || to.is_numeric(),
        (T::Boolean, _) => to.is_integer(),
        (_, T::Boolean) => from.is_integer(),
        (T::Date, T::Timestamp) | (T::Timestamp, T::Date) => true,
        _ => from.is_numeric() && to.is_numeric(),
    }
}

/// True if a value of type `from` is stored in a column of type `to` without a cast written out.
fn assignable(from: DataType, to: DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (T::Json, _) => castable(from, to),
        (_, T::Text { .. } | T::Json) => true,
        (T::Date, T::Timestamp) | (T::Timestamp, T::Date) => true,
        _ => from == to || (from.is_numeric() && to.is_numeric()),
    }
}

impl Binder<'_> {
    /// Gives an unknown operand the type `ty`. Text that does not read as one is an error here,
    /// as in PostgreSQL, and not when a row happens to need it.
    pub(crate) fn adopt(&mut self, scalar: Scalar, ty: DataType) -> Result<Scalar> {
        match &scalar.kind {
            ScalarKind::Parameter(index) => {
                let index = *index;
                let decided = self.decide_parameter(index, ty);
                let span = scalar.span;
                let parameter = Scalar::new(ScalarKind::Parameter(index), decided, span);
                Ok(if common(decided, ty) == Some(decided) {
                    parameter
                } else {
                    cast(parameter, ty)
                })
            }
            ScalarKind::Literal(Value::Text(text)) if ty.is_text() => {
                Ok(Scalar::literal(Value::Text(text.clone()), DataType::TEXT, scalar.span))
            }
            ScalarKind::Literal(Value::Text(text)) => {
                let span = scalar.span;
                let text = Scalar::literal(Value::Text(text.clone()), DataType::TEXT, span);
                let value = (self.context.evaluate)(&cast(text, ty))
                    .map_err(|mistake| pointed(mistake, span))?;
                Ok(Scalar::literal(value, ty, span))
            }
            _ => Ok(cast(scalar, ty)),
        }
    }

    /// Gives an unknown operand that nothing decides the type TEXT; a parameter waits.
    pub(crate) fn settle(&mut self, scalar: Scalar) -> Result<Scalar> {
        match &scalar.kind {
            _ if !is_unknown(&scalar) => Ok(scalar),
            ScalarKind::Parameter(_) => {
                self.parameters.undecided = true;
                Ok(scalar)
            }
            _ => self.adopt(scalar, DataType::TEXT),
        }
    }

    /// Converts an operand to `ty`, adopting it if it is unknown and opening JSON if need be.
    pub(crate) fn convert(&mut self, scalar: Scalar, ty: DataType) -> Result<Scalar> {
        if is_unknown(&scalar) {
            return self.adopt(scalar, ty);
        }
        Ok(match ty {
            DataType::Json => to_json(scalar),
            DataType::Text { length_max: None } => to_text(scalar),
            _ => cast(scalar, ty),
        })
    }

    /// Converts a value to the type of the column that stores it.
    pub(crate) fn assign(&mut self, scalar: Scalar, ty: DataType, column: &str) -> Result<Scalar> {
        if is_unknown(&scalar) {
            let value = self.adopt(scalar, ty.unlimited())?;
            return Ok(limit_text(value, ty));
        }
        if !assignable(scalar.ty, ty) {
            return Err(not_assignable(&scalar, ty, column).into());
        }
        Ok(match (scalar.ty, ty) {
            (DataType::Text { .. }, DataType::Json) => cast(scalar, ty),
            (_, DataType::Json) => to_json(scalar),
            (_, DataType::Text { .. }) => limit_text(to_text(scalar), ty),
            _ => cast(scalar, ty),
        })
    }

    /// Brings a list of values to their common type: CASE, COALESCE, IN, UNION.
    pub(crate) fn unify(&mut self, list: Vec<Scalar>, what: &str) -> Result<Vec<Scalar>> {
        let ty = common_of(&list, what)?;
        if ty == DataType::Null {
            return list.into_iter().map(|scalar| self.settle(scalar)).collect();
        }
        list.into_iter().map(|scalar| self.convert_value(scalar, ty)).collect()
    }

    /// As [`Binder::convert`]; but a literal beside JSON is a JSON string, not JSON text.
    pub(crate) fn convert_value(&mut self, scalar: Scalar, ty: DataType) -> Result<Scalar> {
        if ty == DataType::Json && is_unknown(&scalar) {
            let settled = match scalar.as_literal() {
                Some(Value::Null) => scalar,
                _ => self.adopt(scalar, DataType::TEXT)?,
            };
            return Ok(to_json(settled));
        }
        self.convert(scalar, ty)
    }

    /// Converts a condition to BOOLEAN; `what` names the clause: `WHERE`.
    pub(crate) fn condition(&mut self, scalar: Scalar, what: &str) -> Result<Scalar> {
        match scalar.ty {
            DataType::Boolean => Ok(scalar),
            DataType::Null => self.adopt(scalar, DataType::Boolean),
            DataType::Json => Ok(cast(scalar, DataType::Boolean)),
            other => {
                let message = format!("{what} needs a BOOLEAN, not {other}");
                let mistake = Diagnostic::at(Code::TypeMismatch, scalar.span, message);
                Err(mistake.primary(format!("this is {other}")).into())
            }
        }
    }
}

/// Returns the common type of all; NULL if all are unknown.
fn common_of(list: &[Scalar], what: &str) -> Result<DataType> {
    let mut found: Option<&Scalar> = None;
    let mut ty = DataType::Null;
    for scalar in list.iter().filter(|scalar| !is_unknown(scalar)) {
        match common(ty, scalar.ty) {
            Some(wider) => ty = wider,
            None => {
                let first = found.map_or(scalar.span, |scalar| scalar.span);
                let message = format!("{what} types {ty} and {} cannot be matched", scalar.ty);
                return Err(Diagnostic::at(Code::TypeMismatch, scalar.span, message)
                    .primary(format!("this is {}", scalar.ty))
                    .label(first, format!("this is {ty}"))
                    .help("cast one of them")
                    .into());
            }
        }
        found = found.or(Some(scalar));
    }
    Ok(ty)
}

/// A string that fits its column needs no check at run time.
fn limit_text(scalar: Scalar, ty: DataType) -> Scalar {
    let DataType::Text { length_max: Some(most) } = ty else { return scalar };
    if let Some(Value::Text(text)) = scalar.as_literal()
        && text.chars().count() <= most as usize
    {
        return Scalar::literal(Value::Text(text.clone()), ty, scalar.span);
    }
    cast(scalar, ty)
}

fn not_assignable(scalar: &Scalar, ty: DataType, column: &str) -> Diagnostic {
    let message = format!("column \"{column}\" is {ty}, but the value is {}", scalar.ty);
    let mistake = Diagnostic::at(Code::TypeMismatch, scalar.span, message)
        .primary(format!("this is {}", scalar.ty));
    if castable(scalar.ty, ty) {
        mistake.help(format!("convert it: CAST(… AS {ty})"))
    } else {
        mistake
    }
}
