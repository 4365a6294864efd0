//! A condition that is never true leaves no rows, and operators over no rows are none either.

use std::sync::Arc;

use super::simplify;
use crate::{JoinKind, Logical, PlanContext, Query, Scalar};

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    visit(&mut query.root);
}

fn visit(plan: &mut Arc<Logical>) {
    if !plan.inputs().is_empty() {
        for input in Arc::make_mut(plan).inputs_mut() {
            visit(input);
        }
    }
    if yields_nothing(plan) && !is_empty(plan) {
        let columns = plan.columns();
        *plan = Arc::new(Logical::Values { rows: Arc::new(Vec::new()), columns });
    }
}

fn is_empty(plan: &Logical) -> bool {
    matches!(plan, Logical::Values { rows, .. } if rows.is_empty())
}

fn never(conditions: &[Scalar]) -> bool {
    conditions.iter().any(simplify::is_never_true)
}

fn yields_nothing(plan: &Logical) -> bool {
    match plan {
        Logical::Scan(scan) => never(&scan.predicates),
        Logical::Filter { input, predicates } => is_empty(input) || never(predicates),
        Logical::Project { input, .. }
        | Logical::Window { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Limit { input, .. }
        | Logical::Distinct { input } => is_empty(input),
        // Without groups an aggregation of nothing is one row.
        Logical::Aggregate { input, groups, .. } => !groups.is_empty() && is_empty(input),
        Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
            JoinKind::Inner | JoinKind::Semi => {
                is_empty(&join.left) || is_empty(&join.right) || never(&join.on)
            }
            JoinKind::Left | JoinKind::Anti | JoinKind::Mark(_) | JoinKind::Single { .. } => {
                is_empty(&join.left)
            }
            JoinKind::Right => is_empty(&join.right),
            JoinKind::Full => is_empty(&join.left) && is_empty(&join.right),
        },
        Logical::UnionAll { inputs, .. } => inputs.iter().all(|(input, _)| is_empty(input)),
        Logical::SystemScan { .. }
        | Logical::Values { .. }
        | Logical::External { .. }
        | Logical::GenerateSeries { .. }
        | Logical::Write(_) => false,
    }
}
