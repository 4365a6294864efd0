//! Predicates with syntax of their own: IS, BETWEEN, IN, LIKE, IS DISTINCT FROM.

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{Expr, ExprKind, IsTest, LikeKind};
use ir::{CompareOp, Scalar, ScalarKind, TruthTest};
use types::DataType;

use super::operator::constant_text;
use super::{Clause, negated as negation, not_built};
use crate::binder::Binder;
use crate::coerce::{is_unknown, to_text};

impl Binder<'_> {
    pub(super) fn is_test(
        &mut self,
        operand: &Expr,
        test: IsTest,
        negated: bool,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let (test, input) = match test {
            IsTest::Null => (TruthTest::Null, self.typed(operand, clause)?),
            IsTest::Unknown => (TruthTest::Null, self.predicate(operand, "IS UNKNOWN", clause)?),
            IsTest::True => (TruthTest::True, self.predicate(operand, "IS TRUE", clause)?),
            IsTest::False => (TruthTest::False, self.predicate(operand, "IS FALSE", clause)?),
        };
        let kind = ScalarKind::Is { input: Box::new(input), test, negated };
        Ok(Scalar::new(kind, DataType::Boolean, span))
    }

    pub(super) fn is_distinct(
        &mut self,
        left: &Expr,
        right: &Expr,
        negated: bool,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let left = self.expr(left, clause)?;
        let right = self.expr(right, clause)?;
        let op = if negated { CompareOp::NotDistinct } else { CompareOp::Distinct };
        self.compare(op, left, right, span)
    }

    /// `x BETWEEN a AND b` is `x >= a AND x <= b`.
    pub(super) fn between(&mut self, expr: &Expr, clause: &mut Clause<'_>) -> Result<Scalar> {
        let ExprKind::Between { operand, low, high, symmetric, negated } = &expr.node else {
            unreachable!("the dispatcher matched BETWEEN");
        };
        let span = expr.span;
        let input = self.expr(operand, clause)?;
        let low = self.expr(low, clause)?;
        let high = self.expr(high, clause)?;
        let mut within = self.within(input.clone(), low.clone(), high.clone(), span)?;
        if *symmetric {
            let swapped = self.within(input, high, low, span)?;
            let kind = ScalarKind::Or(vec![within, swapped]);
            within = Scalar::new(kind, DataType::Boolean, span);
        }
        Ok(if *negated { negation(within, span) } else { within })
    }

    fn within(&mut self, input: Scalar, low: Scalar, high: Scalar, span: Span) -> Result<Scalar> {
        let above = self.compare(CompareOp::Ge, input.clone(), low, span)?;
        let below = self.compare(CompareOp::Le, input, high, span)?;
        Ok(Scalar::new(ScalarKind::And(vec![above, below]), DataType::Boolean, span))
    }

    pub(super) fn in_list(
        &mut self,
        operand: &Expr,
        list: &[Expr],
        negated: bool,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        if let ExprKind::Row(row) = &operand.node {
            let found = self.row_in_list(row, list, span, clause)?;
            return Ok(if negated { negation(found, span) } else { found });
        }
        let mut all = Vec::with_capacity(list.len() + 1);
        all.push(self.expr(operand, clause)?);
        for candidate in list {
            all.push(self.expr(candidate, clause)?);
        }
        let mut all = self.unify(all, "IN")?;
        if all.iter().any(is_unknown) {
            all = all
                .into_iter()
                .map(|scalar| self.adopt(scalar, DataType::TEXT))
                .collect::<Result<_>>()?;
        }
        let needle = Box::new(all.remove(0));
        Ok(Scalar::new(ScalarKind::In { needle, list: all, negated }, DataType::Boolean, span))
    }

    /// `(a, b) IN ((1, 2), (3, 4))`: one of the rows is equal.
    fn row_in_list(
        &mut self,
        row: &[Expr],
        list: &[Expr],
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let mut rows = Vec::with_capacity(list.len());
        for candidate in list {
            let ExprKind::Row(values) = &candidate.node else {
                let message = "a row value is compared with something that is not one";
                return Err(Diagnostic::at(Code::TypeMismatch, candidate.span, message).into());
            };
            let pairs = self.row_pairs(row, values, CompareOp::Eq, candidate.span, clause)?;
            rows.push(Scalar::new(ScalarKind::And(pairs), DataType::Boolean, candidate.span));
        }
        if rows.len() == 1 {
            return Ok(rows.remove(0));
        }
        Ok(Scalar::new(ScalarKind::Or(rows), DataType::Boolean, span))
    }

    pub(super) fn like(&mut self, expr: &Expr, clause: &mut Clause<'_>) -> Result<Scalar> {
        let ExprKind::Like { kind, operand, pattern, escape, negated } = &expr.node else {
            unreachable!("the dispatcher matched LIKE");
        };
        let word = match kind {
            LikeKind::Like => "LIKE",
            LikeKind::ILike => "ILIKE",
            LikeKind::SimilarTo => return not_built(expr.span, "SIMILAR TO"),
        };
        let input = self.expr(operand, clause)?;
        let input = self.like_operand(input, word)?;
        let pattern = self.expr(pattern, clause)?;
        let pattern = self.like_operand(pattern, word)?;
        let escape = self.escape(escape.as_deref(), clause)?;
        let kind = ScalarKind::Like {
            input: Box::new(input),
            pattern: Box::new(pattern),
            escape,
            case_insensitive: *kind == LikeKind::ILike,
            negated: *negated,
        };
        Ok(Scalar::new(kind, DataType::Boolean, expr.span))
    }

    fn like_operand(&mut self, scalar: Scalar, word: &str) -> Result<Scalar> {
        match scalar.ty {
            DataType::Null => self.adopt(scalar, DataType::TEXT),
            DataType::Json => Ok(to_text(scalar)),
            ty if ty.is_text() => Ok(scalar),
            ty => {
                let message = format!("{word} needs TEXT, not {ty}");
                Err(Diagnostic::at(Code::UnknownOperator, scalar.span, message)
                    .primary(format!("this is {ty}"))
                    .help("convert it: CAST(… AS TEXT)")
                    .into())
            }
        }
    }

    /// The escape character: a backslash unless said otherwise, none for `ESCAPE ''`.
    fn escape(&mut self, escape: Option<&Expr>, clause: &mut Clause<'_>) -> Result<Option<char>> {
        let Some(escape) = escape else { return Ok(Some('\\')) };
        let scalar = self.expr(escape, clause)?;
        let mut characters = match constant_text(&scalar) {
            Some(text) => text.chars(),
            None => return not_built(escape.span, "an ESCAPE that is not a string"),
        };
        match (characters.next(), characters.next()) {
            (first, None) => Ok(first),
            _ => Err(Diagnostic::at(
                Code::InvalidArgument,
                escape.span,
                "ESCAPE takes one character or none",
            )
            .into()),
        }
    }
}
