//! How many rows a subquery can have: what has one at most needs no check at run time.

use types::Value;

use crate::{JoinKind, Logical};

/// True if the plan has one row, whatever the data.
pub(super) fn always(plan: &Logical) -> bool {
    match plan {
        Logical::Aggregate { groups, .. } => groups.is_empty(),
        Logical::Values { rows, .. } => rows.len() == 1,
        Logical::Project { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Distinct { input }
        | Logical::Window { input, .. } => always(input),
        Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
            JoinKind::Mark(_) | JoinKind::Single { .. } => always(&join.left),
            JoinKind::Left => always(&join.left) && at_most(&join.right),
            JoinKind::Inner => join.on.is_empty() && always(&join.left) && always(&join.right),
            JoinKind::Right | JoinKind::Full | JoinKind::Semi | JoinKind::Anti => false,
        },
        Logical::Scan(_)
        | Logical::SystemScan { .. }
        | Logical::GenerateSeries { .. }
        | Logical::External { .. }
        | Logical::Filter { .. }
        | Logical::Limit { .. }
        | Logical::UnionAll { .. }
        | Logical::Write(_) => false,
    }
}

/// True if the plan has one row at most.
pub(super) fn at_most(plan: &Logical) -> bool {
    match plan {
        Logical::Aggregate { groups, .. } => groups.is_empty(),
        Logical::Values { rows, .. } => rows.len() <= 1,
        Logical::Limit { input, limit, .. } => {
            let few = limit.as_ref().and_then(|limit| limit.as_literal());
            matches!(few, Some(Value::Int64(..=1))) || at_most(input)
        }
        Logical::Filter { input, .. }
        | Logical::Project { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Distinct { input }
        | Logical::Window { input, .. } => at_most(input),
        Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
            JoinKind::Mark(_) | JoinKind::Single { .. } | JoinKind::Semi | JoinKind::Anti => {
                at_most(&join.left)
            }
            JoinKind::Left | JoinKind::Inner => at_most(&join.left) && at_most(&join.right),
            JoinKind::Right | JoinKind::Full => false,
        },
        Logical::Scan(_)
        | Logical::SystemScan { .. }
        | Logical::GenerateSeries { .. }
        | Logical::External { .. }
        | Logical::UnionAll { .. }
        | Logical::Write(_) => false,
    }
}
