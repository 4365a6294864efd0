//! Where the subqueries of a clause go: dependent joins below the expressions that read them.

use std::sync::Arc;

use diag::Result;
use ir::{Column, Join, JoinKind, Logical, Scalar};

use super::relation::Source;
use crate::expr::{Subquery, filtered_by, not_built};
use crate::scope::Scope;

/// Returns `plan` with the columns of those subqueries that the expressions read.
pub(crate) fn with_subqueries<'s>(
    mut plan: Arc<Logical>,
    subqueries: &[Subquery],
    readers: impl IntoIterator<Item = &'s Scalar>,
) -> Arc<Logical> {
    if subqueries.is_empty() {
        return plan;
    }
    let there = plan.columns();
    for subquery in wanted(subqueries, readers.into_iter().flat_map(Scalar::columns)) {
        if !there.contains(&subquery.column) {
            plan = dependent(subquery, plan);
        }
    }
    plan
}

/// Filters by conditions in order, each over the subqueries that it reads: a later one is asked for
/// the rows that the earlier ones keep, and all of them for rows that plain conditions keep.
pub(crate) fn filtered_with(
    plan: Arc<Logical>,
    conditions: Vec<Scalar>,
    subqueries: &[Subquery],
) -> Arc<Logical> {
    if subqueries.is_empty() {
        return filtered_by(plan, conditions);
    }
    let there = plan.columns();
    let asks = |condition: &Scalar| {
        let columns = condition.columns();
        columns.into_iter().any(|column| !there.contains(&column) && made(column, subqueries))
    };
    let (late, plain): (Vec<_>, Vec<_>) = conditions.into_iter().partition(asks);
    let plan = filtered_by(plan, plain);
    late.into_iter().fold(plan, |plan, condition| {
        let plan = with_subqueries(plan, subqueries, [&condition]);
        filtered_by(plan, vec![condition])
    })
}

/// True if the column is one of a subquery's, which may have several.
fn made(column: Column, subqueries: &[Subquery]) -> bool {
    subqueries.iter().any(|subquery| makes(subquery, column))
}

fn makes(subquery: &Subquery, column: Column) -> bool {
    match subquery.kind {
        JoinKind::Single { .. } => subquery.plan.columns().contains(&column),
        _ => subquery.column == column,
    }
}

/// Returns the subqueries that make the columns, and those that these read, in order.
fn wanted(subqueries: &[Subquery], read: impl Iterator<Item = Column>) -> Vec<&Subquery> {
    let mut read: Vec<Column> = read.collect();
    let mut wanted = Vec::new();
    for subquery in subqueries.iter().rev() {
        if read.iter().any(|column| makes(subquery, *column)) {
            read.extend(subquery.on.iter().flat_map(Scalar::columns));
            wanted.push(subquery);
        }
    }
    wanted.reverse();
    wanted
}

fn dependent(subquery: &Subquery, left: Arc<Logical>) -> Arc<Logical> {
    let (kind, right) = (subquery.kind, Arc::clone(&subquery.plan));
    let on = subquery.on.clone();
    Arc::new(Logical::DependentJoin(Join { kind, left, right, on }))
}

/// Joins two sources on conditions whose subqueries belong to one side each, or to both.
pub(super) fn join_with(
    kind: JoinKind,
    left: &mut Source,
    right: &mut Source,
    on: Vec<Scalar>,
    subqueries: Vec<Subquery>,
) -> Result<Arc<Logical>> {
    let mut both = Vec::new();
    for subquery in subqueries {
        let reads = subquery.reads();
        let sees = |scope: &Scope| reads.iter().any(|column| scope.has(*column));
        match (sees(&left.scope), sees(&right.scope)) {
            (_, false) => left.plan = dependent(&subquery, Arc::clone(&left.plan)),
            (false, true) => right.plan = dependent(&subquery, Arc::clone(&right.plan)),
            (true, true) => both.push(subquery),
        }
    }
    let (left, right) = (Arc::clone(&left.plan), Arc::clone(&right.plan));
    if both.is_empty() {
        return Ok(Arc::new(Logical::Join(Join { kind, left, right, on })));
    }
    match kind {
        JoinKind::Inner => {
            let product = Join { kind, left, right, on: Vec::new() };
            Ok(filtered_with(Arc::new(Logical::Join(product)), on, &both))
        }
        JoinKind::Left => Ok(padded(left, filtered_with(right, on, &both))),
        JoinKind::Right => Ok(padded(right, filtered_with(left, on, &both))),
        JoinKind::Full
        | JoinKind::Semi
        | JoinKind::Anti
        | JoinKind::Mark(_)
        | JoinKind::Single { .. } => {
            not_built(both[0].span, "a subquery in this ON that reads both sides")
        }
    }
}

/// Pads the rows for which `inner`, which reads them, has none: the partners of an outer join are the
/// rows of its other side for which ON holds.
fn padded(outer: Arc<Logical>, inner: Arc<Logical>) -> Arc<Logical> {
    let (kind, on) = (JoinKind::Left, Vec::new());
    Arc::new(Logical::DependentJoin(Join { kind, left: outer, right: inner, on }))
}
