//! GROUP BY: its keys, and the check that all else is an aggregate.
//!
//! Expressions are bound over the rows of FROM first, with aggregates replaced by the columns that
//! will hold them. Then every part that equals a group key becomes the key's column; what still
//! reads a column of FROM has no single value in a group.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result, Span};
use grammar::ast::{self, Expr, ExprKind, GroupBy, GroupItem};
use ir::{Column, Logical, Scalar, ScalarKind};

use super::items::Item;
use super::order::ordinal;
use crate::binder::Binder;
use crate::coerce::is_unknown;
use crate::expr::{Allows, Calls, Clause, not_built};

/// What the output of an Aggregate holds.
pub(crate) struct Grouping {
    pub(crate) groups: Vec<(Column, Scalar)>,
    /// Columns of aggregates and window functions.
    computed: Vec<Column>,
    /// What stands for "the keys" in an error: the GROUP BY clause, or the first aggregate.
    because: Option<Span>,
    has_keys: bool,
}

impl Binder<'_> {
    /// Binds the keys of GROUP BY.
    pub(crate) fn group_keys(
        &mut self,
        group_by: &GroupBy,
        items: &[Item],
        clause: &mut Clause<'_>,
    ) -> Result<Vec<Scalar>> {
        let place = std::mem::replace(&mut clause.place, "GROUP BY");
        let allows = std::mem::replace(&mut clause.allows, Allows::Scalars);
        let keys = match group_by {
            GroupBy::All(_) => Ok(plain_items(items, &clause.calls)),
            GroupBy::Items(list) => self.listed_keys(list, items, clause),
        };
        clause.place = place;
        clause.allows = allows;
        keys
    }

    fn listed_keys(
        &mut self,
        list: &[GroupItem],
        items: &[Item],
        clause: &mut Clause<'_>,
    ) -> Result<Vec<Scalar>> {
        let mut keys = Vec::with_capacity(list.len());
        for item in list {
            match item {
                GroupItem::Expr(Expr { node: ExprKind::Row(row), .. }) => {
                    for part in row {
                        keys.push(self.group_key(part, items, clause)?);
                    }
                }
                GroupItem::Expr(expr) => keys.push(self.group_key(expr, items, clause)?),
                GroupItem::GroupingSets(sets) => {
                    let span = sets.iter().fold(Span::NONE, |all, set| all.to(set.span));
                    return not_built(span, "GROUPING SETS");
                }
            }
        }
        Ok(keys)
    }

    fn group_key(
        &mut self,
        expr: &Expr,
        items: &[Item],
        clause: &mut Clause<'_>,
    ) -> Result<Scalar> {
        let key = match ordinal(expr, items.len(), "GROUP BY")? {
            Some(at) => items[at].scalar.clone(),
            None => self.expr(expr, clause)?,
        };
        if let Some(call) = computed_in(&key, &clause.calls) {
            let message = "an aggregate or window function cannot be a key of GROUP BY";
            return Err(Diagnostic::at(Code::MisplacedAggregate, expr.span, message)
                .label(call, "computed from the groups")
                .into());
        }
        self.settle(key)
    }

    /// Makes the Aggregate; its keys keep their columns where they are columns.
    pub(crate) fn grouped(
        &mut self,
        input: Arc<Logical>,
        keys: Vec<Scalar>,
        calls: &mut Calls,
        group_by: Option<&GroupBy>,
    ) -> (Arc<Logical>, Grouping) {
        let mut groups: Vec<(Column, Scalar)> = Vec::with_capacity(keys.len());
        for key in keys {
            if groups.iter().any(|(_, known)| *known == key) {
                continue;
            }
            let column = match key.kind {
                ScalarKind::Column(column) => column,
                _ => self.columns.push("key", key.ty),
            };
            groups.push((column, key));
        }
        let aggregates = std::mem::take(&mut calls.aggregates);
        let windows = calls.windows.iter().map(|window| window.column);
        let computed = aggregates.iter().map(|(column, _)| *column).chain(windows).collect();
        let because = group_span(group_by)
            .or_else(|| aggregates.first().map(|(_, aggregate)| aggregate.span));
        let grouping =
            Grouping { groups: groups.clone(), computed, because, has_keys: group_by.is_some() };
        (Arc::new(Logical::Aggregate { input, groups, aggregates }), grouping)
    }

    /// Rewrites an expression over FROM into one over the groups.
    pub(crate) fn regroup(&self, scalar: &mut Scalar, grouping: &Grouping) -> Result<()> {
        if let Some((column, key)) = grouping.groups.iter().find(|(_, key)| key == scalar) {
            *scalar = Scalar::column(*column, key.ty, scalar.span);
            return Ok(());
        }
        if let ScalarKind::Column(column) = scalar.kind {
            if grouping.computed.contains(&column) {
                return Ok(());
            }
            return Err(self.ungrouped(column, scalar.span, grouping).into());
        }
        for child in scalar.children_mut() {
            self.regroup(child, grouping)?;
        }
        Ok(())
    }

    fn ungrouped(&self, column: Column, span: Span, grouping: &Grouping) -> Diagnostic {
        let name = &self.columns.info(column).name;
        let message =
            format!("column \"{name}\" must appear in GROUP BY or be used in an aggregate");
        let mistake =
            Diagnostic::at(Code::Grouping, span, message).primary("has many values in a group");
        let mistake = match grouping.because {
            Some(because) if grouping.has_keys => {
                mistake.label(because, "rows are grouped by this")
            }
            Some(because) => mistake.label(because, "this makes one group of all rows"),
            None => mistake,
        };
        mistake.help(format!("GROUP BY ALL groups by every plain column; min({name}) picks one"))
    }
}

fn group_span(group_by: Option<&GroupBy>) -> Option<Span> {
    match group_by? {
        GroupBy::All(all) => Some(all.span),
        GroupBy::Items(items) => Some(items.iter().fold(Span::NONE, |span, item| match item {
            GroupItem::Expr(expr) => span.to(expr.span),
            GroupItem::GroupingSets(sets) => {
                sets.iter().fold(span, |span, set: &ast::Expr| span.to(set.span))
            }
        })),
    }
}

/// GROUP BY ALL: the items that compute nothing from the groups.
fn plain_items(items: &[Item], calls: &Calls) -> Vec<Scalar> {
    let plain = items.iter().map(|item| &item.scalar);
    plain
        .filter(|scalar| computed_in(scalar, calls).is_none() && !is_unknown(scalar))
        .filter(|scalar| !scalar.columns().is_empty())
        .cloned()
        .collect()
}

/// Returns where an expression reads an aggregate or window function.
pub(crate) fn computed_in(scalar: &Scalar, calls: &Calls) -> Option<Span> {
    let mut found = None;
    scalar.walk(&mut |node| {
        if let ScalarKind::Column(column) = node.kind {
            let aggregate = calls.aggregates.iter().any(|(other, _)| *other == column);
            let window = calls.windows.iter().any(|other| other.column == column);
            if aggregate || window {
                found = found.or(Some(node.span));
            }
        }
    });
    found
}
