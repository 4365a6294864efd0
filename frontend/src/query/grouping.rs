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
use crate::expr::{Allows, Calls, Clause, Subquery, not_built};

/// What the output of an Aggregate holds.
pub(crate) struct Grouping {
    /// The columns of the rows that are grouped.
    from: Vec<Column>,
    pub(crate) groups: Vec<(Column, Scalar)>,
    /// Columns of aggregates and window functions.
    computed: Vec<Column>,
    /// What stands for "the keys" in an error: the GROUP BY clause, or the first aggregate.
    because: Option<Span>,
    has_keys: bool,
}

impl Grouping {
    /// True if the column is a group.
    pub(crate) fn has_group(&self, column: Column) -> bool {
        self.groups.iter().any(|(group, _)| *group == column)
    }
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
        subqueries: &[Subquery],
        group_by: Option<&GroupBy>,
    ) -> (Arc<Logical>, Grouping) {
        let marks = subqueries.iter().map(|subquery| subquery.column);
        let from = input.columns();
        let mut groups: Vec<(Column, Scalar)> = Vec::with_capacity(keys.len());
        for key in keys {
            if groups.iter().any(|(_, known)| *known == key) {
                continue;
            }
            let column = match key.kind {
                ScalarKind::Column(column) if from.contains(&column) => column,
                _ => self.columns.push("key", key.ty),
            };
            groups.push((column, key));
        }
        let aggregates = std::mem::take(&mut calls.aggregates);
        let windows = calls.windows.iter().map(|window| window.column);
        let computed = aggregates.iter().map(|(column, _)| *column).chain(windows);
        let subqueries = subqueries.iter().flat_map(|subquery| subquery.plan.columns());
        let computed = computed.chain(marks).chain(subqueries).collect();
        let because = group_span(group_by)
            .or_else(|| aggregates.first().map(|(_, aggregate)| aggregate.span));
        let grouping = Grouping {
            from,
            groups: groups.clone(),
            computed,
            because,
            has_keys: group_by.is_some(),
        };
        (Arc::new(Logical::Aggregate { input, groups, aggregates }), grouping)
    }

    /// Rewrites an expression over FROM into one over the groups.
    pub(crate) fn regroup(&self, scalar: &mut Scalar, grouping: &Grouping) -> Result<()> {
        if let Some((column, key)) = grouping.groups.iter().find(|(_, key)| key == scalar) {
            *scalar = Scalar::column(*column, key.ty, scalar.span);
            return Ok(());
        }
        if let ScalarKind::Column(column) = scalar.kind {
            // What is not a column of the rows comes from a query around, or belongs to a subquery.
            if grouping.computed.contains(&column) || !grouping.from.contains(&column) {
                return Ok(());
            }
            return Err(self.ungrouped(column, scalar.span, grouping).into());
        }
        for child in scalar.children_mut() {
            self.regroup(child, grouping)?;
        }
        Ok(())
    }

    /// Rewrites what a subquery reads of FROM into what it reads of the groups.
    pub(crate) fn regroup_subquery(
        &self,
        subquery: &mut Subquery,
        grouping: &Grouping,
    ) -> Result<()> {
        subquery.on.iter_mut().try_for_each(|condition| self.regroup(condition, grouping))?;
        let mut result = Ok(());
        ir::visit_scalars_mut(&mut subquery.plan, &mut |scalar| {
            if result.is_ok() {
                result = self.regroup(scalar, grouping);
            }
        });
        result
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
