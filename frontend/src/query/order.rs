//! ORDER BY over the output of VALUES and set operations, where only output columns have names.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, ExprKind, OrderItem};
use ir::Logical;

use super::{Bound, with_subqueries};
use crate::binder::Binder;
use crate::expr::Clause;
use crate::function::sort_key;

impl Binder<'_> {
    pub(super) fn order_output(&mut self, bound: Bound, items: &[OrderItem]) -> Result<Bound> {
        if items.is_empty() {
            return Ok(bound);
        }
        let bound = self.settled(bound);
        let scope = self.scope_of(&bound, None, Span::NONE);
        let mut clause = Clause::with_subqueries(&scope, "ORDER BY");
        let mut keys = Vec::with_capacity(items.len());
        for item in items {
            let scalar = match ordinal(&item.expr, bound.output.len(), "ORDER BY")? {
                Some(at) => self.columns.scalar(bound.output[at].column, item.expr.span),
                None => self.typed(&item.expr, &mut clause)?,
            };
            keys.push(sort_key(scalar, item));
        }
        let read = keys.iter().map(|key| &key.scalar);
        let input = with_subqueries(bound.plan, &clause.subqueries, read);
        let plan = Arc::new(Logical::Sort { input, keys });
        Ok(Bound { plan, ..bound })
    }
}

/// Returns the position, from 0, that a bare integer in ORDER BY or GROUP BY means.
pub(super) fn ordinal(expr: &ast::Expr, count: usize, what: &str) -> Result<Option<usize>> {
    let ExprKind::Literal(literal) = &expr.node else { return Ok(None) };
    let refuse = |message: String| {
        Err(Diagnostic::at(Code::InvalidReference, expr.span, message)
            .primary(format!("the select list has {count} columns"))
            .into())
    };
    match literal {
        ast::Literal::Integer(number) => match usize::try_from(*number) {
            Ok(at) if (1..=count).contains(&at) => Ok(Some(at - 1)),
            _ => refuse(format!("{what} position {number} is not in the select list")),
        },
        _ => refuse(format!("a constant in {what} that is not a position")),
    }
}
