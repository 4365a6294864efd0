//! Runs the rules of expressions over a whole plan, operands first.

use std::sync::Arc;

use crate::rules::once::Once;
use crate::rules::{constant_folding, or_factoring, simplify, unwrap_cast};
use crate::{Logical, PlanContext, Query, Scalar};

pub(super) fn apply(query: &mut Query, context: &PlanContext<'_>) {
    visit(&mut query.root, context);
}

fn visit(plan: &mut Arc<Logical>, context: &PlanContext<'_>) {
    if plan.inputs().is_empty() && plan.scalars().is_empty() {
        return;
    }
    let node = Arc::make_mut(plan);
    for scalar in node.scalars_mut() {
        rewrite(scalar, context);
    }
    if let Some(conditions) = node.conjunctions_mut() {
        conjunction(conditions, context);
    }
    for input in node.inputs_mut() {
        visit(input, context);
    }
}

/// Rewrites one expression.
pub(super) fn rewrite(scalar: &mut Scalar, context: &PlanContext<'_>) {
    scalar.walk_mut(&mut |node| {
        constant_folding::apply(node, context);
        simplify::apply(node);
        unwrap_cast::apply(node);
        or_factoring::apply(node);
    });
}

/// Flattens conditions that hold together, and drops what a list of conditions need not say.
pub(super) fn conjunction(list: &mut Vec<Scalar>, context: &PlanContext<'_>) {
    let mut flat = Once::default();
    for mut condition in list.drain(..) {
        simplify::as_condition(&mut condition);
        unwrap_cast::apply(&mut condition);
        constant_folding::apply(&mut condition, context);
        push_flat(condition, &mut flat);
    }
    let mut flat = flat.into_list();
    let impossible = |condition: &Scalar| simplify::is_never_true(condition);
    if let Some(position) = flat.iter().position(impossible) {
        flat = vec![flat.swap_remove(position)];
    }
    *list = flat;
}

fn push_flat(condition: Scalar, flat: &mut Once) {
    match condition.kind {
        crate::ScalarKind::And(list) => {
            for mut item in list {
                simplify::as_condition(&mut item);
                push_flat(item, flat);
            }
        }
        _ if simplify::is_true(&condition) => {}
        _ => flat.push(condition),
    }
}
