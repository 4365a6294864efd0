//! Subqueries in expressions: EXISTS, IN, ANY, ALL and a query as a value.
//!
//! A subquery is bound where it stands, with the names of the queries around it in sight, and leaves
//! a column in the expression: a BOOLEAN that says whether a row compares (`JoinKind::Mark`), or the
//! one value (`JoinKind::Single`). The clause keeps the plan; whoever puts the clause's expressions
//! into a plan joins it below them (`query/joined`).
//!
//! What stands behind a condition (CASE, AND, OR, COALESCE) is only asked for where the condition
//! lets it be: a subquery that can fail takes the condition into its join.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span, Spanned};
use grammar::ast::{self, BinaryOp, Expr, ExprKind, Quantifier};
use ir::{Column, CompareOp, JoinKind, Logical, Scalar, ScalarKind, TruthTest};
use types::DataType;

use super::operator::comparison;
use super::{Clause, negated as negation, not_built};
use crate::binder::Binder;
use crate::query::Bound;
use crate::scope::Outer;

/// A subquery of a clause: the join that computes its column.
#[derive(Clone, Debug)]
pub(crate) struct Subquery {
    /// The column that stands for it.
    pub(crate) column: Column,
    pub(crate) kind: JoinKind,
    pub(crate) plan: Arc<Logical>,
    pub(crate) on: Vec<Scalar>,
    pub(crate) span: Span,
}

impl Binder<'_> {
    pub(super) fn exists(
        &mut self,
        query: &ast::Query,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let bound = self.inner_query(query, span, clause)?;
        Ok(self.marked("exists", bound.plan, Vec::new(), span, clause))
    }

    /// `x IN (SELECT …)` is `x = ANY (SELECT …)`.
    pub(super) fn in_query(
        &mut self,
        operand: &Expr,
        query: &ast::Query,
        negated: bool,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let found = self.any(CompareOp::Eq, operand, query, span, clause)?;
        Ok(if negated { negation(found, span) } else { found })
    }

    /// `x op ALL (SELECT …)`: no row compares the other way.
    pub(super) fn quantified(
        &mut self,
        op: Spanned<BinaryOp>,
        quantifier: Quantifier,
        (operand, query): (&Expr, &ast::Query),
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let Some(compare) = comparison(op.node) else {
            return not_built(op.span, "ANY or ALL with an operator that does not compare");
        };
        match quantifier {
            Quantifier::Any => self.any(compare, operand, query, span, clause),
            Quantifier::All => {
                let found = self.any(compare.inverse(), operand, query, span, clause)?;
                Ok(negation(found, span))
            }
        }
    }

    fn any(
        &mut self,
        op: CompareOp,
        operand: &Expr,
        query: &ast::Query,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let mut sought = Vec::new();
        match &operand.node {
            ExprKind::Row(row) => {
                for part in row {
                    sought.push(self.expr(part, clause)?);
                }
            }
            _ => sought.push(self.expr(operand, clause)?),
        }
        let bound = self.inner_query(query, span, clause)?;
        let (plan, columns) = self.named_columns(bound, sought.len(), span)?;
        let mut pairs = Vec::with_capacity(columns.len());
        for (left, column) in sought.into_iter().zip(columns) {
            let right = self.columns.scalar(column, self.place(query.span));
            pairs.push(self.compare(op, left, right, span)?);
        }
        let on = match (op, pairs.len()) {
            (CompareOp::Eq, _) | (_, 1) => pairs,
            (CompareOp::Ne, _) => {
                vec![Scalar::new(ScalarKind::Or(pairs), DataType::Boolean, span)]
            }
            _ => return not_built(span, "this operator on row values"),
        };
        Ok(self.marked("any", plan, on, span, clause))
    }

    /// A query as a value: NULL of no row, an error of several.
    pub(super) fn scalar_query(
        &mut self,
        query: &ast::Query,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let bound = self.inner_query(query, span, clause)?;
        let columns = self.row_of(bound, 1, span, clause)?;
        Ok(self.columns.scalar(columns[0], span))
    }

    /// Returns the columns of a query of one row at most.
    pub(crate) fn row_of(
        &mut self,
        bound: Bound,
        width: usize,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Vec<Column>> {
        let (plan, columns) = self.named_columns(bound, width, span)?;
        let span = self.place(span);
        let kind = JoinKind::Single { span };
        let on = clause.guards_of(&plan, true);
        clause.subqueries.push(Subquery { column: columns[0], kind, plan, on, span });
        Ok(columns)
    }

    fn marked(
        &mut self,
        name: &str,
        plan: Arc<Logical>,
        pairs: Vec<Scalar>,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Scalar {
        let column = self.columns.push(name, DataType::Boolean);
        let mut on = clause.guards_of(&plan, false);
        on.extend(pairs);
        let (kind, span) = (JoinKind::Mark(column), self.place(span));
        clause.subqueries.push(Subquery { column, kind, plan, on, span });
        Scalar::column(column, DataType::Boolean, span)
    }

    /// Binds a query that sees the names of the clause, and of the clauses around that.
    pub(crate) fn inner_query(
        &mut self,
        query: &ast::Query,
        span: Span,
        clause: &mut Clause<'_>,
    ) -> Result<Bound> {
        if !clause.takes_subqueries {
            let place = clause.place;
            return not_built(self.place(span), &format!("a subquery in {place}"));
        }
        let aggregates = std::mem::take(&mut clause.calls.aggregates);
        self.outer.push(Outer {
            scope: clause.scope.clone(),
            place: clause.place,
            allows: clause.allows,
            inside: clause.inside,
            aggregates,
        });
        let bound = self.query(query);
        let outer = self.outer.pop().expect("it was pushed above");
        clause.calls.aggregates = outer.aggregates;
        let bound = bound?;
        Ok(self.settled(bound))
    }

    /// Gives the output of a subquery columns of its own: it may show one of the outer query's.
    fn named_columns(
        &mut self,
        bound: Bound,
        width: usize,
        span: Span,
    ) -> Result<(Arc<Logical>, Vec<Column>)> {
        let given = bound.output.len();
        if given != width {
            let columns =
                if given == 1 { "1 column".to_owned() } else { format!("{given} columns") };
            let message = match width {
                1 => format!("the subquery returns {columns} where one is needed"),
                _ => format!("the subquery returns {columns} where {width} are needed"),
            };
            return Err(Diagnostic::at(Code::SubqueryShape, self.place(span), message).into());
        }
        let bound = self.fresh_columns(bound);
        let columns = bound.output.iter().map(|out| out.column).collect();
        Ok((bound.plan, columns))
    }
}

impl Clause<'_> {
    /// Runs `inner` with the expressions it binds asked for only where `condition` holds.
    pub(crate) fn behind<T>(
        &mut self,
        condition: Vec<Scalar>,
        inner: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.guards.len();
        self.guards.extend(condition);
        let result = inner(self);
        self.guards.truncate(before);
        result
    }

    /// Asks for what is bound from here on, until the [`Clause::behind`] around ends, only where
    /// `condition` holds.
    pub(crate) fn guard(&mut self, condition: impl FnOnce() -> Scalar) {
        if self.takes_subqueries {
            self.guards.push(condition());
        }
    }

    /// Returns the conditions under which a subquery that can fail is asked for.
    fn guards_of(&self, plan: &Arc<Logical>, single: bool) -> Vec<Scalar> {
        if single || ir::may_fail(plan) { self.guards.clone() } else { Vec::new() }
    }
}

impl Subquery {
    /// Returns the columns that it reads, those of its own plan among them.
    pub(crate) fn reads(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = self.on.iter().flat_map(Scalar::columns).collect();
        ir::columns_read(&self.plan, &mut columns);
        columns
    }
}

/// Returns `condition IS [NOT] TRUE | FALSE`.
pub(crate) fn tested(condition: &Scalar, test: TruthTest, negated: bool) -> Scalar {
    let kind = ScalarKind::Is { input: Box::new(condition.clone()), test, negated };
    Scalar::new(kind, DataType::Boolean, condition.span)
}
