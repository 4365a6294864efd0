//! LIMIT moves below what yields a row for each row: projections. An arm of UNION ALL yields no
//! more than the whole. A LIMIT directly over a sort becomes a top-N in the physical plan.

use std::sync::Arc;

use diag::Span;
use types::{DataType, Value};

use crate::{Logical, PlanContext, Query, Scalar};

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    visit(&mut query.root);
}

fn visit(plan: &mut Arc<Logical>) {
    if plan.inputs().is_empty() {
        return;
    }
    through_project(plan);
    into_union(plan);
    for input in Arc::make_mut(plan).inputs_mut() {
        visit(input);
    }
}

fn through_project(plan: &mut Arc<Logical>) {
    let Logical::Limit { input, limit, offset } = &**plan else { return };
    let Logical::Project { input: below, items } = &**input else { return };
    let (limit, offset) = (limit.clone(), offset.clone());
    let input = Arc::new(Logical::Limit { input: Arc::clone(below), limit, offset });
    *plan = Arc::new(Logical::Project { input, items: items.clone() });
}

fn into_union(plan: &mut Arc<Logical>) {
    let Some(kept) = rows_kept(plan) else { return };
    let Logical::Limit { input, .. } = Arc::make_mut(plan) else { return };
    if !matches!(**input, Logical::UnionAll { .. }) {
        return;
    }
    let Logical::UnionAll { inputs, .. } = Arc::make_mut(input) else { return };
    for (arm, _) in inputs {
        let input = Arc::clone(arm);
        let limit = Some(Scalar::literal(Value::Int64(kept), DataType::Int64, Span::NONE));
        *arm = Arc::new(Logical::Limit { input, limit, offset: None });
    }
}

/// Returns how many rows of its input a LIMIT looks at.
fn rows_kept(plan: &Logical) -> Option<i64> {
    let Logical::Limit { limit: Some(limit), offset, .. } = plan else { return None };
    let count = |scalar: &Scalar| match scalar.as_literal() {
        Some(Value::Int64(count)) => Some(*count),
        _ => None,
    };
    count(limit)?.checked_add(offset.as_ref().map_or(Some(0), count)?)
}
