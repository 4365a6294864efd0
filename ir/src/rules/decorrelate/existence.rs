//! What only asks whether there are rows, or which values they have, does not count them: order,
//! DISTINCT and most projections below mean nothing, and a subquery inside may be a plain join.

use std::sync::Arc;

use types::Value;

use super::Unnesting;
use super::occurrence::{reads, scalar_reads};
use crate::logical::Join;
use crate::{Column, JoinKind, Logical, Scalar};

/// Returns a plan that has rows if and only if `plan` has.
pub(super) fn existence(plan: Arc<Logical>) -> Arc<Logical> {
    match &*plan {
        Logical::Project { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Distinct { input } => existence(Arc::clone(input)),
        Logical::Aggregate { input, groups, .. } if !groups.is_empty() => {
            existence(Arc::clone(input))
        }
        Logical::Limit { input, limit: Some(limit), offset: None }
            if matches!(limit.as_literal(), Some(Value::Int64(1..))) =>
        {
            existence(Arc::clone(input))
        }
        _ => plan,
    }
}

impl Unnesting<'_> {
    /// Returns a plan with the same rows, some perhaps more often: a condition of EXISTS or IN whose
    /// subquery reads `outer`, two levels up, becomes a join, out of which conditions are lifted.
    pub(super) fn relaxed(&mut self, plan: &Arc<Logical>, outer: &[Column]) -> Arc<Logical> {
        match &**plan {
            Logical::Project { input, items } => {
                let (input, items) = (self.relaxed(input, outer), items.clone());
                Arc::new(Logical::Project { input, items })
            }
            Logical::Filter { input, predicates } => {
                let (mut input, mut predicates) = (Arc::clone(input), predicates.clone());
                if let Some(at) = asked(&predicates, &input, outer)
                    && let Logical::DependentJoin(join) = &*input
                {
                    predicates.remove(at);
                    let mut join = Join { kind: JoinKind::Inner, ..join.clone() };
                    self.visit(&mut join.left);
                    input = self.unnested(join);
                }
                let input = self.relaxed(&input, outer);
                if predicates.is_empty() {
                    return input;
                }
                Arc::new(Logical::Filter { input, predicates })
            }
            Logical::Join(join) if join.kind == JoinKind::Inner => {
                let left = self.relaxed(&join.left, outer);
                let right = self.relaxed(&join.right, outer);
                let (kind, on) = (join.kind, join.on.clone());
                Arc::new(Logical::Join(Join { kind, left, right, on }))
            }
            _ => Arc::clone(plan),
        }
    }
}

/// Returns the place of the condition that is the mark of the join below, if that reads `outer` from
/// within.
fn asked(predicates: &[Scalar], input: &Logical, outer: &[Column]) -> Option<usize> {
    let Logical::DependentJoin(join) = input else { return None };
    let JoinKind::Mark(mark) = join.kind else { return None };
    let within =
        reads(&join.right, outer) || join.on.iter().any(|condition| scalar_reads(condition, outer));
    let mut readers =
        predicates.iter().enumerate().filter(|(_, own)| own.columns().contains(&mark));
    match (readers.next(), readers.next()) {
        (Some((at, own)), None) if within && own.as_column() == Some(mark) => Some(at),
        _ => None,
    }
}
