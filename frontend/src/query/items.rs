//! The select list: expressions, their names, and what `*` stands for.

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, Expr, ExprKind, QueryBody, SelectItem, Wildcard};
use ir::Scalar;

use crate::binder::Binder;
use crate::expr::Clause;
use crate::scope::{Scope, StarColumn};
use crate::unknown;

/// One column of the select list.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) scalar: Scalar,
    pub(crate) span: Span,
}

/// Most columns of a result, as in PostgreSQL.
const COLUMNS_MAX: usize = 1_664;

fn too_many() -> Diagnostic {
    let message = format!("a result has at most {COLUMNS_MAX} columns");
    Diagnostic::new(Code::TooManyColumns, message)
}

impl Binder<'_> {
    /// Binds the select list. Mistakes of several items are reported together.
    pub(crate) fn items(
        &mut self,
        list: &[SelectItem],
        clause: &mut Clause<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Item> {
        let mut items = Vec::with_capacity(list.len());
        for item in list {
            if items.len() >= COLUMNS_MAX {
                mistakes.push(too_many());
                break;
            }
            let bound = match item {
                SelectItem::Expr { expr, alias } => self.item(expr, alias.as_ref(), clause),
                SelectItem::Wildcard(wildcard) => self.wildcard(wildcard, clause),
            };
            match bound {
                Ok(bound) => items.extend(bound),
                Err(mistake) => mistakes.push(*mistake),
            }
        }
        items
    }

    fn item(
        &mut self,
        expr: &Expr,
        alias: Option<&ast::Name>,
        clause: &mut Clause<'_>,
    ) -> Result<Vec<Item>> {
        let scalar = self.expr(expr, clause)?;
        let name = alias.map_or_else(|| name_of(expr), |alias| alias.node.clone());
        Ok(vec![Item { name, scalar, span: expr.span }])
    }

    fn wildcard(&mut self, wildcard: &Wildcard, clause: &mut Clause<'_>) -> Result<Vec<Item>> {
        let scope = clause.scope;
        let list = wildcard_columns(wildcard, scope)?;
        check_named(&wildcard.exclude, &list, scope)?;
        let replaced: Vec<ast::Name> =
            wildcard.replace.iter().map(|(_, name)| name.clone()).collect();
        check_named(&replaced, &list, scope)?;
        let mut items = Vec::with_capacity(list.len());
        for (name, column) in list {
            if wildcard.exclude.iter().any(|out| out.node == name) {
                continue;
            }
            let replacement = wildcard.replace.iter().find(|(_, replaced)| replaced.node == name);
            let scalar = match replacement {
                Some((expr, _)) => self.expr(expr, clause)?,
                None => self.columns.scalar(column, wildcard.span),
            };
            items.push(Item { name, scalar, span: wildcard.span });
        }
        Ok(items)
    }
}

/// Returns the names and columns of `*` or `t.*`.
fn wildcard_columns(wildcard: &Wildcard, scope: &Scope) -> Result<Vec<(String, ir::Column)>> {
    let Some(qualifier) = &wildcard.qualifier else {
        if scope.tables.is_empty() {
            let message = "SELECT * needs a FROM clause";
            return Err(Diagnostic::at(Code::Syntax, wildcard.span, message).into());
        }
        let pair = |column: &StarColumn| (column.name.clone(), column.column);
        return Ok(scope.star.iter().map(pair).collect());
    };
    let name = qualifier.last();
    let Some((_, table)) = scope.table(&name.node) else {
        let message = format!("there is no table \"{}\" in FROM", name.node);
        let tables = scope.tables.iter().filter_map(|table| table.name.as_deref());
        return Err(Diagnostic::at(Code::UnknownTable, name.span, message)
            .help_opt(diag::did_you_mean(&name.node, tables))
            .into());
    };
    Ok(table.columns.iter().map(|column| (column.name.clone(), column.column)).collect())
}

/// EXCLUDE and REPLACE name columns that `*` has.
fn check_named(names: &[ast::Name], list: &[(String, ir::Column)], scope: &Scope) -> Result<()> {
    let missing = names.iter().find(|name| !list.iter().any(|(column, _)| *column == name.node));
    match missing {
        None => Ok(()),
        Some(name) => Err(unknown::column(scope, std::slice::from_ref(name)).into()),
    }
}

/// Returns the name of a column without an alias: PostgreSQL's rule.
fn name_of(expr: &Expr) -> String {
    match &expr.node {
        ExprKind::Column(parts) => {
            parts.last().expect("the grammar gives every name a part").node.clone()
        }
        ExprKind::Call(call) => call.name.last().node.clone(),
        ExprKind::Field { name, .. } => name.node.clone(),
        ExprKind::Exists(_) => "exists".to_owned(),
        ExprKind::Subquery(query) => first_name(&query.body),
        ExprKind::Cast { operand, target, .. } => {
            let inner = name_of(operand);
            if inner == UNNAMED { target.name.node.clone() } else { inner }
        }
        ExprKind::Case { otherwise, .. } => {
            let inner = otherwise.as_ref().map(|expr| name_of(expr));
            inner.filter(|name| name != UNNAMED).unwrap_or_else(|| "case".to_owned())
        }
        _ => UNNAMED.to_owned(),
    }
}

/// A query as a value is called as its column.
fn first_name(body: &QueryBody) -> String {
    match body {
        QueryBody::Select(select) => match select.items.first() {
            Some(SelectItem::Expr { alias: Some(alias), .. }) => alias.node.clone(),
            Some(SelectItem::Expr { expr, alias: None }) => name_of(expr),
            Some(SelectItem::Wildcard(_)) | None => UNNAMED.to_owned(),
        },
        QueryBody::Values(_) => "column1".to_owned(),
        QueryBody::Nested(query) => first_name(&query.body),
        QueryBody::SetChain { first, .. } => first_name(first),
    }
}

/// What PostgreSQL calls a column without a name.
const UNNAMED: &str = "?column?";
