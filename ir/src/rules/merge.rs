//! Neighbours become one: filters over filters, projections over projections; what only passes its
//! input through goes.
//!
//! A computed column is put into the projection above only if it is read once there: work is
//! never doubled. A projection that hides columns of an input that stands in the plan twice stays:
//! without it a join may find them on both its sides.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Column, Logical, PlanContext, Query, Scalar, ScalarKind};

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    let (mut made, mut twice) = (BTreeSet::new(), BTreeSet::new());
    if joins(&query.root) {
        find_shared(&query.root, &mut made, &mut twice);
    }
    visit(&mut query.root, &twice);
}

fn joins(plan: &Logical) -> bool {
    matches!(plan, Logical::Join(_)) || plan.inputs().into_iter().any(|input| joins(input))
}

/// Collects the columns that two operators of the tree make: an input that is there twice does.
fn find_shared(plan: &Logical, made: &mut BTreeSet<Column>, twice: &mut BTreeSet<Column>) {
    let below: BTreeSet<Column> =
        plan.inputs().into_iter().flat_map(|input| input.columns()).collect();
    for column in plan.columns() {
        if !below.contains(&column) && !made.insert(column) {
            twice.insert(column);
        }
    }
    plan.inputs().into_iter().for_each(|input| find_shared(input, made, twice));
}

fn visit(plan: &mut Arc<Logical>, shared: &BTreeSet<Column>) {
    if plan.inputs().is_empty() {
        return;
    }
    for input in Arc::make_mut(plan).inputs_mut() {
        visit(input, shared);
    }
    // DISTINCT compares all columns of its input, so a projection that drops some has a meaning.
    let keep = matches!(**plan, Logical::Distinct { .. });
    for input in Arc::make_mut(plan).inputs_mut() {
        if !keep {
            unwrap_identity(input, shared);
        }
    }
    merge(plan);
}

fn unwrap_identity(plan: &mut Arc<Logical>, shared: &BTreeSet<Column>) {
    if let Logical::Project { input, items } = &**plan
        && items.iter().all(|(made, item)| item.as_column() == Some(*made))
        && (shared.is_empty() || hides_none(items, input, shared))
    {
        *plan = Arc::clone(input);
    }
}

/// True if the projection drops none of the shared columns of its input.
fn hides_none(items: &[(Column, Scalar)], input: &Logical, shared: &BTreeSet<Column>) -> bool {
    let shown = |column: &Column| items.iter().any(|(made, _)| made == column);
    input.columns().iter().all(|column| shown(column) || !shared.contains(column))
}

fn merge(plan: &mut Arc<Logical>) {
    match Arc::make_mut(plan) {
        Logical::Filter { input, predicates } => {
            while let Logical::Filter { input: below, predicates: inner } = &**input {
                predicates.splice(0..0, inner.iter().cloned());
                *input = Arc::clone(below);
            }
            if predicates.is_empty() {
                *plan = Arc::clone(input);
            }
        }
        Logical::Project { input, items } => {
            while let Logical::Project { input: below, items: inner } = &**input
                && may_merge(items, inner)
            {
                items.iter_mut().for_each(|(_, item)| item.substitute(inner));
                *input = Arc::clone(below);
            }
        }
        _ => {}
    }
}

fn may_merge(outer: &[(Column, Scalar)], inner: &[(Column, Scalar)]) -> bool {
    inner.iter().all(|(made, item)| {
        let plain = matches!(item.kind, ScalarKind::Column(_) | ScalarKind::Literal(_));
        plain || (!item.is_volatile() && reads(outer, *made) <= 1)
    })
}

fn reads(outer: &[(Column, Scalar)], column: Column) -> usize {
    let mut count = 0;
    for (_, item) in outer {
        item.walk(&mut |node| count += usize::from(node.as_column() == Some(column)));
    }
    count
}
