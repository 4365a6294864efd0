//! DISTINCT over rows that differ already: those of an aggregation that shows all its groups, and
//! of another DISTINCT.

use std::sync::Arc;

use crate::{Column, Logical, PlanContext, Query};

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
    if let Logical::Distinct { input } = &**plan
        && differs(input, &input.columns())
    {
        *plan = Arc::clone(input);
    }
}

/// True if no two rows of the plan are equal in `columns`.
fn differs(plan: &Logical, columns: &[Column]) -> bool {
    match plan {
        Logical::Aggregate { groups, .. } => {
            groups.iter().all(|(group, _)| columns.contains(group))
        }
        Logical::Distinct { input } => input.columns().iter().all(|made| columns.contains(made)),
        Logical::Filter { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Limit { input, .. }
        | Logical::Window { input, .. } => differs(input, columns),
        Logical::Project { input, items } => {
            let shown = items.iter().filter(|(made, _)| columns.contains(made));
            let sources: Vec<Column> = shown.filter_map(|(_, item)| item.as_column()).collect();
            differs(input, &sources)
        }
        Logical::Scan(_)
        | Logical::SystemScan { .. }
        | Logical::Values { .. }
        | Logical::External { .. }
        | Logical::GenerateSeries { .. }
        | Logical::Join(_)
        | Logical::DependentJoin(_)
        | Logical::UnionAll { .. }
        | Logical::Write(_) => false,
    }
}
