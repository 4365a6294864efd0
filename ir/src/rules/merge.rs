//! Neighbours become one: filters over filters, projections over projections; what only passes its
//! input through goes.
//!
//! A computed column is put into the projection above only if it is read once there: work is
//! never doubled.

use std::sync::Arc;

use crate::{Column, Logical, PlanContext, Query, Scalar, ScalarKind};

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    visit(&mut query.root);
}

fn visit(plan: &mut Arc<Logical>) {
    if plan.inputs().is_empty() {
        return;
    }
    for input in Arc::make_mut(plan).inputs_mut() {
        visit(input);
    }
    // DISTINCT compares all columns of its input, so a projection that drops some has a meaning.
    let keep = matches!(**plan, Logical::Distinct { .. });
    for input in Arc::make_mut(plan).inputs_mut() {
        if !keep {
            unwrap_identity(input);
        }
    }
    merge(plan);
}

fn unwrap_identity(plan: &mut Arc<Logical>) {
    if let Logical::Project { input, items } = &**plan
        && items.iter().all(|(made, item)| item.as_column() == Some(*made))
    {
        *plan = Arc::clone(input);
    }
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
