//! Text of the catalog (views, defaults, checks) read again as a tree.

use diag::{Code, Diagnostic, Result};
use grammar::ast::{self, ExprKind, QueryBody, SelectItem, StatementKind};

/// Reads the text of a view, which was a query when it was stored.
pub(crate) fn query(text: &str) -> Result<Box<ast::Query>> {
    match grammar::parse_statement(text)?.node {
        StatementKind::Query(query) => Ok(query),
        _ => Err(unreadable("query")),
    }
}

/// Reads the text of a default or check, which was an expression when it was stored.
pub(crate) fn expression(text: &str) -> Result<ast::Expr> {
    let query = query(&format!("SELECT {text}"))?;
    let QueryBody::Select(select) = query.body else { return Err(unreadable("expression")) };
    match select.items.into_iter().next() {
        Some(SelectItem::Expr { expr, alias: None }) if expr.node != ExprKind::Error => Ok(expr),
        _ => Err(unreadable("expression")),
    }
}

fn unreadable(what: &str) -> Box<Diagnostic> {
    Diagnostic::new(Code::Internal, format!("the stored text is not a {what}")).into()
}
