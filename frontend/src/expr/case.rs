//! CASE and CAST.

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{CaseArm, Expr, TypeName};
use ir::{CompareOp, Function, Scalar, ScalarKind, TruthTest};
use types::{DataType, Value};

use super::Clause;
use super::subquery::tested;
use crate::binder::Binder;
use crate::coerce::{as_decimal, cast, castable, is_unknown, to_json};
use crate::literal;
use crate::typename::{Named, named_type};

impl Binder<'_> {
    pub(super) fn case(
        &mut self,
        operand: Option<&Expr>,
        arms: &[CaseArm],
        otherwise: Option<&Expr>,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let operand = operand.map(|operand| self.expr(operand, clause)).transpose()?;
        let mut conditions = Vec::with_capacity(arms.len());
        let mut values = Vec::with_capacity(arms.len() + 1);
        clause.behind(Vec::new(), |clause| -> Result<()> {
            for arm in arms {
                let when = self.when(operand.as_ref(), &arm.when, clause)?;
                let taken = clause.behind(Vec::new(), |clause| {
                    clause.guard(|| tested(&when, TruthTest::True, false));
                    self.expr(&arm.then, clause)
                });
                values.push(taken?);
                clause.guard(|| tested(&when, TruthTest::True, true));
                conditions.push(when);
            }
            if let Some(otherwise) = otherwise {
                values.push(self.expr(otherwise, clause)?);
            }
            Ok(())
        })?;
        self.case_of(conditions, values, span)
    }

    fn when(
        &mut self,
        operand: Option<&Scalar>,
        when: &Expr,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        match operand {
            None => self.predicate(when, "WHEN", clause),
            Some(operand) => {
                let value = self.expr(when, clause)?;
                let span = value.span;
                self.compare(CompareOp::Eq, operand.clone(), value, span)
            }
        }
    }

    /// Returns CASE; one value more than conditions is the ELSE.
    pub(crate) fn case_of(
        &mut self,
        conditions: Vec<Scalar>,
        values: Vec<Scalar>,
        span: Span,
    ) -> Result<Scalar> {
        let mut values = self.unify(values, "CASE")?;
        let otherwise = (values.len() > conditions.len()).then(|| values.pop()).flatten();
        let ty = values.first().map_or(DataType::TEXT, |value| value.ty);
        let branches = conditions.into_iter().zip(values).collect();
        let kind = ScalarKind::Case { branches, otherwise: otherwise.map(Box::new) };
        Ok(Scalar::new(kind, ty, span))
    }

    pub(super) fn cast(
        &mut self,
        operand: &Expr,
        target: &TypeName,
        lenient: bool,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let input = self.expr(operand, clause)?;
        let ty = cast_type(named_type(target)?, &input);
        if is_unknown(&input) && (!lenient || literal_null(&input)) {
            let mut adopted = self.adopt(input, ty.unlimited())?;
            adopted.span = span;
            return Ok(truncated(cast(adopted, ty.unlimited()), ty, span));
        }
        let input = if is_unknown(&input) { self.settled_text(input)? } else { input };
        if !castable(input.ty, ty) {
            let message = format!("cannot cast {} to {ty}", input.ty);
            return Err(Diagnostic::at(Code::CannotCast, span, message)
                .label(input.span, format!("this is {}", input.ty))
                .into());
        }
        Ok(explicit(input, ty, lenient, span))
    }

    fn settled_text(&mut self, input: Scalar) -> Result<Scalar> {
        self.adopt(input, DataType::TEXT)
    }
}

fn literal_null(scalar: &Scalar) -> bool {
    scalar.as_literal().is_some_and(Value::is_null)
}

/// Bare NUMERIC keeps the scale of a decimal and gives integers none.
fn cast_type(target: Named, input: &Scalar) -> DataType {
    let keep = |scale| DataType::Decimal { precision: 38, scale };
    match (target, input.ty) {
        (Named::Type(ty), _) => ty,
        (Named::BareNumeric, DataType::Decimal { scale, .. }) => keep(scale),
        (Named::BareNumeric, ty) if ty.is_integer() => keep(as_decimal(ty).1),
        (Named::BareNumeric, _) => match input.as_literal() {
            Some(Value::Text(text)) => {
                let scale = types::Decimal::parse(text).map_or(0, |number| number.scale);
                keep(scale)
            }
            _ => keep(16),
        },
    }
}

fn explicit(input: Scalar, ty: DataType, lenient: bool, span: Span) -> Scalar {
    if ty == DataType::Json && !input.ty.is_text() {
        return Scalar { span, ..to_json(input) };
    }
    let wide = ty.unlimited();
    if input.ty == wide {
        return truncated(Scalar { span, ..input }, ty, span);
    }
    let kind = ScalarKind::Cast { input: Box::new(input), lenient };
    truncated(Scalar::new(kind, wide, span), ty, span)
}

/// A cast to VARCHAR(n) cuts the text, where a column refuses it: SQL's own distinction.
fn truncated(scalar: Scalar, ty: DataType, span: Span) -> Scalar {
    let DataType::Text { length_max: Some(most) } = ty else { return scalar };
    let length = literal::bigint(i64::from(most), span);
    let kind = ScalarKind::Call(Function::Left, vec![scalar, length]);
    Scalar::new(kind, DataType::TEXT, span)
}
