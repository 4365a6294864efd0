//! SELECT: the clauses in the order in which they mean something.
//!
//! ```text
//! FROM ─ WHERE ─ GROUP BY ─ HAVING ─ windows ─ QUALIFY ─ select list ─ DISTINCT ─ ORDER BY
//! ```
//!
//! All expressions above WHERE are bound over the rows of FROM with one list of calls; if there are
//! groups, they are rewritten over these (`grouping`) before the plan is put together.

use std::sync::Arc;

use diag::{Code, Diagnostic, Result};
use grammar::ast::{self, Distinct, ExprKind, OrderItem, Select};
use ir::{Column, Logical, OutputColumn, Scalar, ScalarKind, SortKey};

use super::grouping::Grouping;
use super::items::Item;
use super::order::ordinal;
use super::relation::Source;
use super::setop::push_once;
use super::{Bound, filtered_with, with_subqueries};
use crate::binder::Binder;
use crate::expr::{Allows, Clause, WindowedCall, not_built};
use crate::function::sort_key;

/// The expressions of a SELECT above WHERE.
struct Parts {
    items: Vec<Item>,
    having: Vec<Scalar>,
    qualify: Vec<Scalar>,
    order: Vec<OrderKey>,
}

/// A key of ORDER BY.
struct OrderKey {
    by: OrderBy,
    descending: bool,
    nulls_first: bool,
}

enum OrderBy {
    /// A column of the select list.
    Item(usize),
    /// Another expression over FROM.
    Extra(Scalar),
}

impl Parts {
    /// Returns the expressions of the select list and of ORDER BY.
    fn shown(&self) -> impl Iterator<Item = &Scalar> {
        let extra = self.order.iter().filter_map(|key| match &key.by {
            OrderBy::Extra(scalar) => Some(scalar),
            OrderBy::Item(_) => None,
        });
        self.items.iter().map(|item| &item.scalar).chain(extra)
    }

    /// Returns all expressions.
    fn read(&self) -> impl Iterator<Item = &Scalar> {
        self.shown().chain(&self.having).chain(&self.qualify)
    }
}

impl Binder<'_> {
    /// Binds a SELECT and the ORDER BY of its query, whose keys may read what is not selected.
    pub(crate) fn select(&mut self, select: &Select, order_by: &[OrderItem]) -> Result<Bound> {
        if let Some(Distinct::On(keys)) = &select.distinct {
            return not_built(keys.first().map_or(select.span, |key| key.span), "DISTINCT ON");
        }
        let reads = self.reads_of(&select.temporal)?;
        let outer = std::mem::replace(&mut self.reads, reads);
        let bound = self.select_here(select, order_by);
        self.reads = outer;
        bound
    }

    fn select_here(&mut self, select: &Select, order_by: &[OrderItem]) -> Result<Bound> {
        let Source { plan, scope } = self.from(&select.from)?;
        let mut mistakes = Vec::new();
        let plan = self.where_filtered(plan, select, &scope).unwrap_or_else(|mistake| {
            mistakes.push(*mistake);
            Arc::new(Logical::Values { rows: Arc::default(), columns: Vec::new() })
        });
        let mut clause = Clause::with_subqueries(&scope, "the select list");
        clause.allows = Allows::Windows;
        clause.windows = &select.windows;
        let mut items = self.items(&select.items, &mut clause, &mut mistakes);
        mistakes.sort_by_key(|mistake| mistake.span().map_or(u32::MAX, |span| span.start));
        if let Some(mistake) = Diagnostic::join(mistakes) {
            return Err(mistake.into());
        }
        if select.distinct.is_some() || !order_by.is_empty() || select.group_by.is_some() {
            self.settle_items(&mut items)?;
        }
        clause.aliases =
            items.iter().map(|item| (item.name.clone(), item.scalar.clone())).collect();
        let keys = match &select.group_by {
            Some(group_by) => Some(self.group_keys(group_by, &items, &mut clause)?),
            None => None,
        };
        let mut parts = self.parts(select, order_by, items, &mut clause)?;
        let mut plan = plan;
        let grouped =
            keys.is_some() || !parts.having.is_empty() || !clause.calls.aggregates.is_empty();
        if grouped {
            let keys = keys.unwrap_or_default();
            let group_by = select.group_by.as_ref();
            plan = with_subqueries(plan, &clause.subqueries, grouped_by(&keys, &clause));
            let (aggregate, grouping) =
                self.grouped(plan, keys, &mut clause.calls, &clause.subqueries, group_by);
            plan = aggregate;
            self.regroup_parts(&mut parts, &mut clause, &grouping)?;
        }
        let Clause { calls, subqueries, .. } = clause;
        let plan = filtered_with(plan, std::mem::take(&mut parts.having), &subqueries);
        let plan = with_subqueries(plan, &subqueries, calls.windows.iter().flat_map(window_reads));
        let plan = windowed(plan, calls.windows);
        let plan = filtered_with(plan, std::mem::take(&mut parts.qualify), &subqueries);
        let plan = with_subqueries(plan, &subqueries, parts.shown());
        self.project(plan, parts, select.distinct.is_some())
    }

    fn where_filtered(
        &mut self,
        plan: Arc<Logical>,
        select: &Select,
        scope: &crate::scope::Scope,
    ) -> Result<Arc<Logical>> {
        let Some(filter) = &select.filter else { return Ok(plan) };
        let mut clause = Clause::with_subqueries(scope, "WHERE");
        let conditions = self.conjunction(filter, "WHERE", &mut clause)?;
        Ok(filtered_with(plan, conditions, &clause.subqueries))
    }

    fn settle_items(&mut self, items: &mut [Item]) -> Result<()> {
        for item in items {
            let scalar = std::mem::replace(&mut item.scalar, Scalar::boolean(true));
            item.scalar = self.settle(scalar)?;
        }
        Ok(())
    }

    /// Binds HAVING, QUALIFY and ORDER BY.
    fn parts(
        &mut self,
        select: &Select,
        order_by: &[OrderItem],
        items: Vec<Item>,
        clause: &mut Clause<'_>,
    ) -> Result<Parts> {
        clause.place = "HAVING";
        clause.allows = Allows::Aggregates;
        let having = match &select.having {
            Some(having) => self.having(having, clause)?,
            None => Vec::new(),
        };
        clause.place = "QUALIFY";
        clause.allows = Allows::Windows;
        let qualify = match &select.qualify {
            Some(qualify) => self.conjunction(qualify, "QUALIFY", clause)?,
            None => Vec::new(),
        };
        clause.place = "ORDER BY";
        let mut order = Vec::with_capacity(order_by.len());
        for item in order_by {
            order.push(self.order_key(item, &items, clause)?);
        }
        Ok(Parts { items, having, qualify, order })
    }

    fn having(&mut self, having: &ast::Expr, clause: &mut Clause<'_>) -> Result<Vec<Scalar>> {
        let conditions = self.conjunction(having, "HAVING", clause)?;
        let windows = &clause.calls.windows;
        let reads_window = conditions
            .iter()
            .flat_map(Scalar::columns)
            .any(|column| windows.iter().any(|window| window.column == column));
        if reads_window {
            let message = "window functions are not allowed in HAVING";
            return Err(Diagnostic::at(Code::MisplacedWindow, having.span, message)
                .help("conditions on window functions belong in QUALIFY")
                .into());
        }
        Ok(conditions)
    }

    /// A bare name means a column of the select list first; an integer its position.
    fn order_key(
        &mut self,
        item: &OrderItem,
        items: &[Item],
        clause: &mut Clause<'_>,
    ) -> Result<OrderKey> {
        let by = match self.order_item(&item.expr, items)? {
            Some(at) => OrderBy::Item(at),
            None => {
                let scalar = self.typed(&item.expr, clause)?;
                match items.iter().position(|other| other.scalar == scalar) {
                    Some(at) => OrderBy::Item(at),
                    None => OrderBy::Extra(scalar),
                }
            }
        };
        let key = sort_key(Scalar::boolean(true), item);
        Ok(OrderKey { by, descending: key.descending, nulls_first: key.nulls_first })
    }

    fn order_item(&self, expr: &ast::Expr, items: &[Item]) -> Result<Option<usize>> {
        if let Some(at) = ordinal(expr, items.len(), "ORDER BY")? {
            return Ok(Some(at));
        }
        let ExprKind::Column(parts) = &expr.node else { return Ok(None) };
        let [name] = parts.as_slice() else { return Ok(None) };
        let mut named = items.iter().enumerate().filter(|(_, item)| item.name == name.node);
        let Some((at, first)) = named.next() else { return Ok(None) };
        if let Some((_, other)) = named.find(|(_, item)| item.scalar != first.scalar) {
            let message = format!("ORDER BY \"{}\" is ambiguous", name.node);
            return Err(Diagnostic::at(Code::AmbiguousColumn, name.span, message)
                .label(first.span, "one column of this name")
                .label(other.span, "another one")
                .into());
        }
        Ok(Some(at))
    }

    fn regroup_parts(
        &self,
        parts: &mut Parts,
        clause: &mut Clause<'_>,
        grouping: &Grouping,
    ) -> Result<()> {
        let mut mistakes = Vec::new();
        let mut regroup = |scalar: &mut Scalar| {
            if let Err(mistake) = self.regroup(scalar, grouping) {
                mistakes.push(*mistake);
            }
        };
        parts.items.iter_mut().for_each(|item| regroup(&mut item.scalar));
        parts.having.iter_mut().for_each(&mut regroup);
        for window in &mut clause.calls.windows {
            window.partition.iter_mut().for_each(&mut regroup);
            window.order.iter_mut().for_each(|key| regroup(&mut key.scalar));
            window.call.args.iter_mut().for_each(&mut regroup);
        }
        parts.qualify.iter_mut().for_each(&mut regroup);
        for key in &mut parts.order {
            if let OrderBy::Extra(scalar) = &mut key.by {
                regroup(scalar);
            }
        }
        let windows = clause.calls.windows.iter().flat_map(window_reads);
        let read: Vec<Column> = parts.read().chain(windows).flat_map(Scalar::columns).collect();
        for subquery in &mut clause.subqueries {
            // One that is a group, or below the groups only, reads their rows as they are.
            let above = |column: &Column| read.contains(column) && !grouping.has_group(*column);
            let above = above(&subquery.column) || subquery.plan.columns().iter().any(above);
            if above && let Err(mistake) = self.regroup_subquery(subquery, grouping) {
                mistakes.push(*mistake);
            }
        }
        Diagnostic::join(mistakes).map_or(Ok(()), |mistake| Err(mistake.into()))
    }

    /// Puts the select list, DISTINCT and ORDER BY on top of the plan.
    fn project(&mut self, input: Arc<Logical>, parts: Parts, distinct: bool) -> Result<Bound> {
        let mut projected: Vec<(Column, Scalar)> = Vec::with_capacity(parts.items.len());
        let mut output = Vec::with_capacity(parts.items.len());
        for item in parts.items {
            let column = self.output_column(&item.name, &item.scalar, &input);
            push_once(&mut projected, column, item.scalar);
            output.push(OutputColumn { column, name: item.name });
        }
        let mut keys = Vec::with_capacity(parts.order.len());
        for key in parts.order {
            let scalar = match key.by {
                OrderBy::Item(at) => self.columns.scalar(output[at].column, diag::Span::NONE),
                OrderBy::Extra(scalar) => {
                    if distinct {
                        return Err(not_selected(&scalar).into());
                    }
                    let column = self.output_column("order", &scalar, &input);
                    let reference = self.columns.scalar(column, scalar.span);
                    push_once(&mut projected, column, scalar);
                    reference
                }
            };
            let (descending, nulls_first) = (key.descending, key.nulls_first);
            keys.push(SortKey { scalar, descending, nulls_first });
        }
        let mut plan = Arc::new(Logical::Project { input, items: projected });
        if distinct {
            plan = Arc::new(Logical::Distinct { input: plan });
        }
        if !keys.is_empty() {
            plan = Arc::new(Logical::Sort { input: plan, keys });
        }
        Ok(Bound { plan, output })
    }

    /// A column passes through under its own number; anything else gets a new one.
    fn output_column(&mut self, name: &str, scalar: &Scalar, input: &Logical) -> Column {
        match scalar.kind {
            // One of a query around is another column here.
            ScalarKind::Column(column)
                if self.outer.is_empty() || input.columns().contains(&column) =>
            {
                column
            }
            _ => self.columns.push(name, scalar.ty),
        }
    }
}

fn not_selected(scalar: &Scalar) -> Diagnostic {
    let message = "with SELECT DISTINCT, ORDER BY can only use columns of the select list";
    Diagnostic::at(Code::InvalidReference, scalar.span, message).primary("not in the select list")
}

fn window_reads(window: &WindowedCall) -> impl Iterator<Item = &Scalar> {
    let order = window.order.iter().map(|key| &key.scalar);
    window.partition.iter().chain(order).chain(&window.call.args)
}

/// Returns what is computed below the groups: their keys and the arguments of aggregates.
fn grouped_by<'s>(keys: &'s [Scalar], clause: &'s Clause<'_>) -> impl Iterator<Item = &'s Scalar> {
    keys.iter().chain(clause.calls.aggregates.iter().flat_map(|(_, call)| {
        let order = call.order.iter().map(|key| &key.scalar);
        call.args.iter().chain(&call.filter).chain(order)
    }))
}

/// One Window operator for each partition and order; calls that share both share it.
fn windowed(mut plan: Arc<Logical>, mut calls: Vec<WindowedCall>) -> Arc<Logical> {
    while !calls.is_empty() {
        let first = calls.remove(0);
        let (same, rest) = calls.into_iter().partition::<Vec<_>, _>(|other| {
            other.partition == first.partition && other.order == first.order
        });
        calls = rest;
        let mut list = vec![(first.column, first.call)];
        list.extend(same.into_iter().map(|other| (other.column, other.call)));
        plan = Arc::new(Logical::Window {
            input: plan,
            partition: first.partition,
            order: first.order,
            calls: list,
        });
    }
    plan
}
