//! A semi or anti join asks one input of the inner joins below it: it moves there if that input has no
//! more rows than the joins make of it.
//!
//! Whether a row has a partner does not depend on the rows it is joined with later. Where the joins
//! leave few rows, asking these few is cheaper.

use std::sync::Arc;

use crate::cost::{Facts, estimate_all};
use crate::logical::Join;
use crate::{Column, JoinKind, Logical, PlanContext, Query, Scalar};

pub(super) fn apply(query: &mut Query, context: &PlanContext<'_>) {
    if asks(&query.root) {
        let facts = Facts::of(query, context);
        visit(&mut query.root, &facts);
    }
}

fn asks(plan: &Logical) -> bool {
    is_asking(plan) || plan.inputs().into_iter().any(|input| asks(input))
}

fn is_asking(plan: &Logical) -> bool {
    matches!(plan, Logical::Join(Join { kind: JoinKind::Semi | JoinKind::Anti, .. }))
}

fn visit(plan: &mut Arc<Logical>, facts: &Facts<'_>) {
    if is_asking(plan)
        && let Logical::Join(join) = &**plan
        && let Some(moved) = moved(join, &join.left, facts)
    {
        *plan = moved;
    }
    if plan.inputs().is_empty() {
        return;
    }
    for input in Arc::make_mut(plan).inputs_mut() {
        visit(input, facts);
    }
}

/// Returns `left` with the join below one of its inner joins, if that is better.
fn moved(join: &Join, left: &Arc<Logical>, facts: &Facts<'_>) -> Option<Arc<Logical>> {
    let Logical::Join(inner) = &**left else { return None };
    let movable = join.on.iter().all(Scalar::is_movable) && inner.on.iter().all(Scalar::is_movable);
    if inner.kind != JoinKind::Inner || !movable {
        return None;
    }
    let rows = estimate_all(left, facts).rows;
    for side in [&inner.left, &inner.right] {
        if !asked(join, &side.columns()) || estimate_all(side, facts).rows > rows {
            continue;
        }
        let below = moved(join, side, facts).unwrap_or_else(|| {
            let left = Arc::clone(side);
            Arc::new(Logical::Join(Join { left, ..join.clone() }))
        });
        let mut inner = inner.clone();
        match Arc::ptr_eq(side, &inner.left) {
            true => inner.left = below,
            false => inner.right = below,
        }
        return Some(Arc::new(Logical::Join(inner)));
    }
    None
}

/// True if the join asks only for these columns of its left input.
fn asked(join: &Join, columns: &[Column]) -> bool {
    let right = join.right.columns();
    let mut read = join.on.iter().flat_map(Scalar::columns);
    !join.on.is_empty() && read.all(|column| columns.contains(&column) || right.contains(&column))
}
