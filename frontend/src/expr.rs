//! Expressions: one arm a kind of node, each in a function of its own.
//!
//! The dispatcher runs once a level of nesting, so its frame is kept small: the grammar allows 500
//! levels and a debug build must pass them on a 2 MB stack.

mod arithmetic;
mod case;
mod clause;
mod compare;
mod operator;
mod predicate;
mod subquery;

use diag::{Code, Diagnostic, Result, Span, Spanned};
use grammar::ast::{self, Expr, ExprKind, Parameter, UnaryOp};
use ir::{ArithmeticOp, Function, Scalar, ScalarKind, TruthTest};
use types::{DataType, Value};

pub(crate) use arithmetic::{one_of, shifted};
pub(crate) use clause::{Allows, Calls, Clause, Inside, WindowedCall, conjuncts, filtered_by};
pub(crate) use subquery::Subquery;

use crate::binder::Binder;
use crate::coerce::{cast, is_unknown, to_json};
use crate::literal;
use crate::scope::{Resolved, Scope};
use subquery::tested;

impl Binder<'_> {
    /// Binds an expression. Its type may be unknown (`coerce::is_unknown`).
    pub(crate) fn expr(&mut self, expr: &Expr, clause: &mut Clause<'_>) -> Result<Scalar> {
        let span = expr.span;
        let mut bound = match &expr.node {
            ExprKind::Literal(value) => literal::bind(self, value, false, span),
            ExprKind::Parameter(number) => self.numbered(*number, span),
            ExprKind::Column(parts) => self.column(parts, span, clause),
            ExprKind::Unary { op, operand } => self.unary(op.node, op.span, operand, span, clause),
            ExprKind::Binary { op, left, right } => {
                self.binary(Spanned::new(op.node, op.span), left, right, span, clause)
            }
            ExprKind::And(list) => self.connective(list, "AND", span, clause),
            ExprKind::Or(list) => self.connective(list, "OR", span, clause),
            ExprKind::Not(operand) => self.not(operand, span, clause),
            ExprKind::Is { operand, test, negated } => {
                self.is_test(operand, *test, *negated, span, clause)
            }
            ExprKind::IsDistinct { left, right, negated } => {
                self.is_distinct(left, right, *negated, span, clause)
            }
            ExprKind::Between { .. } => self.between(expr, clause),
            ExprKind::Like { .. } => self.like(expr, clause),
            ExprKind::InList { operand, list, negated } => {
                self.in_list(operand, list, *negated, span, clause)
            }
            ExprKind::InQuery { operand, query, negated } => {
                self.in_query(operand, query, *negated, span, clause)
            }
            ExprKind::Exists(query) => self.exists(query, span, clause),
            ExprKind::Subquery(query) => self.scalar_query(query, span, clause),
            ExprKind::QuantifiedQuery { operand, op, quantifier, query } => {
                let op = Spanned::new(op.node, op.span);
                self.quantified(op, *quantifier, (operand, query), span, clause)
            }
            ExprKind::QuantifiedArray { .. } => not_built(span, "ANY or ALL of an array"),
            ExprKind::Case { operand, arms, otherwise } => {
                self.case(operand.as_deref(), arms, otherwise.as_deref(), span, clause)
            }
            ExprKind::Cast { operand, target, or_null } => {
                self.cast(operand, target, *or_null, span, clause)
            }
            ExprKind::Call(call) => self.call(call, span, clause),
            ExprKind::Collate { collation, .. } => not_built(collation.span(), "COLLATE"),
            ExprKind::AtTimeZone { .. } => not_built(span, "AT TIME ZONE"),
            ExprKind::Row(_) => not_built(span, "a row value here"),
            ExprKind::Array(_) | ExprKind::ArrayQuery(_) => not_built(span, "an array"),
            ExprKind::Subscript { operand, index } => self.subscript(operand, index, span, clause),
            ExprKind::Slice { .. } => not_built(span, "an array slice"),
            ExprKind::Field { operand, name } => self.field(operand, name, span, clause),
            ExprKind::Default => Err(misplaced_default(span)),
            ExprKind::Error => {
                Err(Diagnostic::at(Code::Syntax, span, "unreadable expression").into())
            }
        };
        if let (Some(place), Ok(scalar)) = (self.foreign, &mut bound) {
            scalar.span = place;
        }
        bound
    }

    /// Binds an expression and gives an unknown type that nothing decides: TEXT.
    pub(crate) fn typed(&mut self, expr: &Expr, clause: &mut Clause<'_>) -> Result<Scalar> {
        let scalar = self.expr(expr, clause)?;
        self.settle(scalar)
    }

    /// Binds the condition of WHERE and its kin as a list of which all must be true.
    pub(crate) fn conjunction(
        &mut self,
        expr: &Expr,
        what: &str,
        clause: &mut Clause<'_>,
    ) -> Result<Vec<Scalar>> {
        let ExprKind::And(list) = &expr.node else {
            return Ok(conjuncts(self.predicate(expr, what, clause)?));
        };
        let mut all = Vec::with_capacity(list.len());
        for operand in list {
            all.extend(self.conjunction(operand, "AND", clause)?);
        }
        Ok(all)
    }

    /// Binds a condition of a clause.
    pub(crate) fn predicate(
        &mut self,
        expr: &Expr,
        what: &str,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let scalar = self.expr(expr, clause)?;
        self.condition(scalar, what)
    }

    fn numbered(&mut self, number: Parameter, span: Span) -> Result<Scalar> {
        match number {
            Parameter::Numbered(number) | Parameter::Positional(number) => {
                self.parameter(number, span)
            }
        }
    }

    fn column(
        &mut self,
        parts: &[ast::Name],
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let found = match clause.scope.lookup(parts, &self.columns) {
            Ok(Some(found)) => found,
            Ok(None) => {
                if let Some(scalar) = clause.alias(parts) {
                    return Ok(Scalar { span, ..scalar });
                }
                match self.outer_column(parts, clause)? {
                    Some(found) => found,
                    None => {
                        let scope = self.blamed(parts, clause);
                        let mistake = scope.resolve(parts, &self.columns);
                        let mistake = mistake.expect_err("the look-up found nothing");
                        return Err(clause.explain_missing(mistake));
                    }
                }
            }
            Err(mistake) => {
                return clause.alias(parts).map_or_else(
                    || Err(clause.explain_missing(mistake)),
                    |scalar| Ok(Scalar { span, ..scalar }),
                );
            }
        };
        if found.hidden {
            self.hidden_used.insert(found.column);
        }
        let scalar = self.columns.scalar(found.column, span);
        Ok(json_path(scalar, found.path, span))
    }

    /// Looks a name up in the queries around, the nearest first.
    fn outer_column<'n>(
        &self,
        parts: &'n [ast::Name],
        clause: &Clause<'_>,
    ) -> Result<Option<Resolved<'n>>> {
        if !clause.sees_outer || clause.scope.hides(parts) {
            return Ok(None);
        }
        for outer in self.outer.iter().rev() {
            if let Some(found) = outer.scope.lookup(parts, &self.columns)? {
                return Ok(Some(found));
            }
            if outer.scope.hides(parts) {
                break;
            }
        }
        Ok(None)
    }

    /// Returns the tables that a missing name is looked for in: those of the nearest query that has
    /// its table, else those here.
    fn blamed<'c>(&'c self, parts: &[ast::Name], clause: &'c Clause<'_>) -> &'c Scope {
        let mut around = self.outer.iter().rev().map(|outer| &outer.scope);
        let hidden = clause.scope.hides(parts) || !clause.sees_outer;
        let named = if hidden { None } else { around.find(|scope| scope.hides(parts)) };
        named.unwrap_or(clause.scope)
    }

    fn unary(
        &mut self,
        op: UnaryOp,
        op_span: Span,
        operand: &Expr,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        match op {
            UnaryOp::Plus => self.signed(operand, span, clause),
            UnaryOp::Minus => {
                if let ExprKind::Literal(number) = &operand.node
                    && matches!(number, ast::Literal::Integer(_) | ast::Literal::Decimal(_))
                {
                    return literal::bind(self, number, true, span);
                }
                let input = self.signed(operand, span, clause)?;
                Ok(negate(input, span))
            }
            UnaryOp::BitNot => not_built(op_span, "the operator ~"),
        }
    }

    /// The operand of a sign.
    fn signed(&mut self, operand: &Expr, span: Span, clause: &mut Clause<'_>) -> Result<Scalar> {
        let input = self.expr(operand, clause)?;
        match input.ty {
            DataType::Null => self.adopt(input, DataType::Float64),
            DataType::Json | DataType::Interval => Ok(input),
            ty if ty.is_numeric() => Ok(input),
            ty => {
                let message = format!("a sign needs a number, not {ty}");
                Err(Diagnostic::at(Code::UnknownOperator, span, message)
                    .primary("")
                    .label(input.span, format!("this is {ty}"))
                    .into())
            }
        }
    }

    fn connective(
        &mut self,
        list: &[Expr],
        what: &str,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let mut operands: Vec<Scalar> = Vec::with_capacity(list.len());
        let test = if what == "AND" { TruthTest::False } else { TruthTest::True };
        clause.behind(Vec::new(), |clause| -> Result<()> {
            for operand in list {
                let bound = self.predicate(operand, what, clause)?;
                clause.guard(|| tested(&bound, test, true));
                operands.push(bound);
            }
            Ok(())
        })?;
        let kind = if what == "AND" { ScalarKind::And(operands) } else { ScalarKind::Or(operands) };
        Ok(Scalar::new(kind, DataType::Boolean, span))
    }

    fn not(&mut self, operand: &Expr, span: Span, clause: &mut Clause<'_>) -> Result<Scalar> {
        let input = self.predicate(operand, "NOT", clause)?;
        Ok(negated(input, span))
    }

    /// `x[i]` reads an element of a JSON array, from 0 as `->` does.
    fn subscript(
        &mut self,
        operand: &Expr,
        index: &Expr,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let document = self.expr(operand, clause)?;
        if document.ty != DataType::Json {
            return not_built(span, "an array subscript");
        }
        let index = self.expr(index, clause)?;
        self.json_get(Function::JsonGet, document, index, span)
    }

    /// `(x).name` reads a field of a JSON value.
    fn field(
        &mut self,
        operand: &Expr,
        name: &ast::Name,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let document = self.expr(operand, clause)?;
        if document.ty != DataType::Json {
            let message = format!("{} has no field \"{}\"", document.ty, name.node);
            return Err(Diagnostic::at(Code::TypeMismatch, name.span, message)
                .primary("only JSON has fields")
                .label(document.span, format!("this is {}", document.ty))
                .into());
        }
        Ok(json_path(document, std::slice::from_ref(name), span))
    }
}

/// Returns NOT of a condition.
pub(crate) fn negated(input: Scalar, span: Span) -> Scalar {
    Scalar::new(ScalarKind::Not(Box::new(input)), DataType::Boolean, span)
}

fn negate(input: Scalar, span: Span) -> Scalar {
    let ty = input.ty;
    if ty == DataType::Json {
        let zero = to_json(literal::bigint(0, span));
        let (zero, input) = (Box::new(zero), Box::new(input));
        let kind = ScalarKind::Arithmetic(ArithmeticOp::Subtract, zero, input);
        return Scalar::new(kind, ty, span);
    }
    Scalar::new(ScalarKind::Negate(Box::new(input)), ty, span)
}

/// `doc.a.b`: the document itself without a path.
fn json_path(document: Scalar, path: &[ast::Name], span: Span) -> Scalar {
    if path.is_empty() {
        return document;
    }
    let keys = path
        .iter()
        .map(|key| Scalar::literal(Value::text(key.node.as_str()), DataType::TEXT, key.span));
    let args = std::iter::once(document).chain(keys).collect();
    Scalar::new(ScalarKind::Call(Function::JsonPath, args), DataType::Json, span)
}

/// Refuses a feature that is not built.
pub(crate) fn not_built<T>(span: Span, what: &str) -> Result<T> {
    Err(Diagnostic::not_built(span, what).into())
}

fn misplaced_default(span: Span) -> Box<Diagnostic> {
    let message = "DEFAULT is only allowed as a whole value of INSERT or UPDATE";
    Diagnostic::at(Code::Syntax, span, message).into()
}

/// Returns `scalar` as a double, adopting it if it is unknown.
pub(crate) fn as_double(binder: &mut Binder<'_>, scalar: Scalar) -> Result<Scalar> {
    if is_unknown(&scalar) {
        return binder.adopt(scalar, DataType::Float64);
    }
    Ok(cast(scalar, DataType::Float64))
}
