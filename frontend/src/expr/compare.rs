//! Comparisons: both sides are brought to one type, or the error names both.

use diag::{Code, Diagnostic, Result, Span};
use ir::{CompareOp, Scalar, ScalarKind};
use types::DataType;

use crate::binder::Binder;
use crate::coerce::{cast, common, decimal_operand, is_unknown};

impl Binder<'_> {
    /// Returns the comparison of two operands.
    pub(crate) fn compare(
        &mut self,
        op: CompareOp,
        left: Scalar,
        right: Scalar,
        span: Span,
    ) -> Result<Scalar> {
        let (left, right) = self.comparable(op, left, right, span)?;
        let kind = ScalarKind::Compare(op, Box::new(left), Box::new(right));
        Ok(Scalar::new(kind, DataType::Boolean, span))
    }

    /// Brings two operands to a type that compares.
    fn comparable(
        &mut self,
        op: CompareOp,
        left: Scalar,
        right: Scalar,
        span: Span,
    ) -> Result<(Scalar, Scalar)> {
        if is_unknown(&left) && is_unknown(&right) {
            return Ok((self.adopt_text(left)?, self.adopt_text(right)?));
        }
        if is_unknown(&right) {
            let ty = left.ty.unlimited();
            return Ok((cast(left, ty), self.convert_value(right, ty)?));
        }
        if is_unknown(&left) {
            let ty = right.ty.unlimited();
            return Ok((self.convert_value(left, ty)?, cast(right, ty)));
        }
        let Some(ty) = common(left.ty, right.ty) else {
            return Err(incomparable(op, &left, &right, span).into());
        };
        // Decimals compare across scales, so that no digit is lost in a common type of 38.
        if let DataType::Decimal { .. } = ty {
            return Ok((decimal_operand(left), decimal_operand(right)));
        }
        Ok((self.convert_value(left, ty)?, self.convert_value(right, ty)?))
    }

    fn adopt_text(&mut self, scalar: Scalar) -> Result<Scalar> {
        self.adopt(scalar, DataType::TEXT)
    }
}

fn incomparable(op: CompareOp, left: &Scalar, right: &Scalar, span: Span) -> Diagnostic {
    let message = format!("cannot compare {} {} {}", left.ty, op.sql(), right.ty);
    let help = if left.ty.is_text() || right.ty.is_text() {
        let other = if left.ty.is_text() { right.ty } else { left.ty };
        Some(format!("convert the text: CAST(… AS {other})"))
    } else {
        None
    };
    Diagnostic::at(Code::UnknownOperator, span, message)
        .label(left.span, format!("this is {}", left.ty))
        .label(right.span, format!("this is {}", right.ty))
        .help_opt(help)
}
