//! Values for parameters: their number, and their types.

use diag::{Code, Diagnostic, Span};
use exec::eval::{self, EvalContext};
use ir::{Scalar, ScalarKind};
use types::{DataType, Value};

/// Returns `values` cast to the types of a statement's parameters; NULL is the type of one that
/// takes any value, as the bound of a temporal clause does.
///
/// # Errors
/// A wrong number of values, or one that cannot be cast.
pub(crate) fn fit(values: &[Value], wanted: &[DataType]) -> diag::Result<Vec<Value>> {
    if values.len() != wanted.len() {
        let message = format!("{} values for {} parameters", values.len(), wanted.len());
        return Err(Box::new(Diagnostic::new(Code::UnknownParameter, message)));
    }
    values.iter().zip(wanted).map(|(value, ty)| cast(value, *ty)).collect()
}

fn cast(value: &Value, ty: DataType) -> diag::Result<Value> {
    if value.is_null() || matches!(ty, DataType::Null) || value.data_type() == ty {
        return Ok(value.clone());
    }
    let literal = Scalar::literal(value.clone(), value.data_type(), Span::NONE);
    let kind = ScalarKind::Cast { input: Box::new(literal), lenient: false };
    let cast = Scalar::new(kind, ty, Span::NONE);
    eval::constant(&cast, &EvalContext::default())
}
