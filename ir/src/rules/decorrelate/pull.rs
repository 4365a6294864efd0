//! Lifts the conditions that read the left input of a dependent join out of the right one.
//!
//! A condition passes an operator if testing it later keeps the same rows. Above an aggregation,
//! DISTINCT or window it must pin an expression of the subquery to one value (`t.k = outer.k`): then
//! that expression becomes a group, and the condition chooses among the groups.

use std::sync::Arc;

use super::occurrence::{may_fail, own_movable, own_reads, reads, scalar_reads};
use super::{Unnesting, compare, counts, zero_if_absent};
use crate::logical::Join;
use crate::{AggregateCall, Column, CompareOp, JoinKind, Logical, Scalar, ScalarKind};

use diag::Span;

/// A plan that no longer reads the left input, and what it owes.
pub(super) struct Pulled {
    /// The plan; it may have more columns than before.
    pub(super) plan: Arc<Logical>,
    /// Conditions over the left input and the plan, in order.
    pub(super) conditions: Vec<Scalar>,
    /// Columns that the plan does not make any more: they are computed above the join.
    pub(super) deferred: Vec<(Column, Scalar)>,
    /// True if there was a row for each left row: an aggregation without groups.
    pub(super) always: bool,
}

impl Pulled {
    fn of(plan: Arc<Logical>) -> Pulled {
        Pulled { plan, conditions: Vec::new(), deferred: Vec::new(), always: false }
    }

    /// True if nothing above has to know that anything was lifted but conditions.
    fn is_plain(&self) -> bool {
        self.deferred.is_empty() && !self.always
    }

    /// Parts a list of conditions into those that are lifted and those that stay. What can fail
    /// goes behind the conditions that stood before it.
    fn part(&mut self, list: &[Scalar], outer: &[Column]) -> Vec<Scalar> {
        let mut kept = Vec::new();
        for condition in list {
            let mut condition = condition.clone();
            condition.substitute(&self.deferred);
            let guarded = !condition.is_movable() && !self.conditions.is_empty();
            if guarded || scalar_reads(&condition, outer) {
                self.conditions.push(condition);
            } else {
                kept.push(condition);
            }
        }
        kept
    }
}

impl Unnesting<'_> {
    /// Returns the plan without what reads `outer`, or `None` if an operator is in the way.
    pub(super) fn pull(&mut self, plan: &Arc<Logical>, outer: &[Column]) -> Option<Pulled> {
        if !reads(plan, outer) {
            return Some(Pulled::of(Arc::clone(plan)));
        }
        match &**plan {
            Logical::Filter { input, predicates } => {
                let mut pulled = self.pull(input, outer).filter(|pulled| !pulled.always)?;
                let predicates = pulled.part(predicates, outer);
                if !predicates.is_empty() {
                    pulled.plan = Arc::new(Logical::Filter { input: pulled.plan, predicates });
                }
                Some(pulled)
            }
            Logical::Project { input, items } => {
                let pulled = self.pull(input, outer)?;
                Some(self.pull_project(pulled, items, outer))
            }
            Logical::Join(join) => self.pull_join(join, outer),
            Logical::DependentJoin(join) => self.pull_dependent(join, outer),
            Logical::Aggregate { input, groups, aggregates } => {
                let pulled = self.pull(input, outer)?;
                let fits = pulled.is_plain() && !own_reads(plan, outer) && own_movable(plan);
                if fits { self.pull_aggregate(pulled, groups, aggregates, outer) } else { None }
            }
            Logical::Window { input, partition, order, calls } => {
                let mut pulled = self.pull(input, outer)?;
                if !pulled.is_plain() || own_reads(plan, outer) || !own_movable(plan) {
                    return None;
                }
                let mut partition = partition.clone();
                for condition in &pulled.conditions {
                    partition.push(pinned(condition, outer)?.0.clone());
                }
                let (order, calls) = (order.clone(), calls.clone());
                let input = pulled.plan;
                pulled.plan = Arc::new(Logical::Window { input, partition, order, calls });
                Some(pulled)
            }
            // Only under a LIMIT has the order of a subquery a meaning.
            Logical::Sort { input, .. } => self.pull(input, outer),
            Logical::Distinct { input } => {
                let mut pulled = self.pull(input, outer).filter(Pulled::is_plain)?;
                let plain = |condition: &Scalar| {
                    pinned(condition, outer).is_some_and(|(inner, _)| inner.as_column().is_some())
                };
                if !pulled.conditions.iter().all(plain) {
                    return None;
                }
                pulled.plan = Arc::new(Logical::Distinct { input: pulled.plan });
                Some(pulled)
            }
            Logical::Limit { .. }
            | Logical::UnionAll { .. }
            | Logical::Values { .. }
            | Logical::Scan(_)
            | Logical::SystemScan { .. }
            | Logical::GenerateSeries { .. }
            | Logical::External { .. }
            | Logical::Write(_) => None,
        }
    }

    fn pull_project(
        &mut self,
        mut pulled: Pulled,
        list: &[(Column, Scalar)],
        outer: &[Column],
    ) -> Pulled {
        let (mut items, mut deferred) = (Vec::new(), Vec::new());
        for (made, item) in list {
            let mut item = item.clone();
            item.substitute(&pulled.deferred);
            let guarded = !item.is_movable() && !pulled.conditions.is_empty();
            if pulled.always || guarded || scalar_reads(&item, outer) {
                deferred.push((*made, item));
            } else {
                items.push((*made, item));
            }
        }
        let below = pulled.plan.columns();
        let late = deferred.iter().map(|(_, item)| item);
        for column in pulled.conditions.iter().chain(late).flat_map(Scalar::columns) {
            if below.contains(&column) && !items.iter().any(|(made, _)| *made == column) {
                items.push((column, self.columns.scalar(column, Span::NONE)));
            }
        }
        // What passes through under its own number is not to be computed again above.
        deferred.retain(|(made, _)| !items.iter().any(|(column, _)| column == made));
        pulled.plan = Arc::new(Logical::Project { input: pulled.plan, items });
        pulled.deferred = deferred;
        pulled
    }

    fn pull_join(&mut self, join: &Join, outer: &[Column]) -> Option<Pulled> {
        if join.kind != JoinKind::Inner {
            return self.pull_left(join, outer, Logical::Join);
        }
        let left = self.pull(&join.left, outer).filter(|pulled| !pulled.always)?;
        let right = self.pull(&join.right, outer).filter(|pulled| !pulled.always)?;
        let made = right.plan.columns();
        if left.plan.columns().iter().any(|column| made.contains(column)) {
            // A shared input read twice: what it lifts would be one column on both sides.
            return None;
        }
        let mut both = Pulled::of(left.plan);
        both.conditions = [left.conditions, right.conditions].concat();
        both.deferred = [left.deferred, right.deferred].concat();
        let on = both.part(&join.on, outer);
        let (left, right) = (both.plan, right.plan);
        both.plan = Arc::new(Logical::Join(Join { kind: JoinKind::Inner, left, right, on }));
        Some(both)
    }

    /// A subquery inside the subquery that reads only its own left input.
    fn pull_dependent(&mut self, join: &Join, outer: &[Column]) -> Option<Pulled> {
        let pulled = self.pull_left(join, outer, Logical::DependentJoin)?;
        let runs_more = !pulled.conditions.is_empty() && may_fail(&join.right);
        (!runs_more).then_some(pulled)
    }

    /// Lifts out of the left input of a join that keeps the left rows' columns.
    fn pull_left(
        &mut self,
        join: &Join,
        outer: &[Column],
        made: fn(Join) -> Logical,
    ) -> Option<Pulled> {
        let own = join.on.iter().any(|condition| scalar_reads(condition, outer));
        if own || reads(&join.right, outer) {
            return None;
        }
        let mut pulled = self.pull(&join.left, outer).filter(Pulled::is_plain)?;
        let fails = match join.kind {
            JoinKind::Right | JoinKind::Full => return None,
            JoinKind::Single { .. } => true,
            JoinKind::Inner
            | JoinKind::Left
            | JoinKind::Semi
            | JoinKind::Anti
            | JoinKind::Mark(_) => !join.on.iter().all(Scalar::is_movable),
        };
        if fails && !pulled.conditions.is_empty() {
            return None;
        }
        let (right, on) = (Arc::clone(&join.right), join.on.clone());
        pulled.plan = Arc::new(made(Join { kind: join.kind, left: pulled.plan, right, on }));
        Some(pulled)
    }

    fn pull_aggregate(
        &mut self,
        mut pulled: Pulled,
        groups: &[(Column, Scalar)],
        aggregates: &[(Column, AggregateCall)],
        outer: &[Column],
    ) -> Option<Pulled> {
        let always = groups.is_empty();
        let mut groups = groups.to_vec();
        let mut aggregates = aggregates.to_vec();
        let mut conditions = Vec::with_capacity(pulled.conditions.len());
        for condition in &pulled.conditions {
            let (inner, value) = pinned(condition, outer)?;
            let group = self.group_of(inner, &mut groups);
            let group = self.columns.scalar(group, inner.span);
            let chosen = compare(CompareOp::Eq, group, value.clone());
            conditions.push(Scalar { span: condition.span, ..chosen });
        }
        if always {
            for (made, call) in aggregates.iter_mut().filter(|(_, call)| counts(call.function)) {
                let raw = self.columns.push("count", call.ty);
                let count = zero_if_absent(self.columns.scalar(raw, call.span));
                pulled.deferred.push((std::mem::replace(made, raw), count));
            }
        }
        pulled.plan = Arc::new(Logical::Aggregate { input: pulled.plan, groups, aggregates });
        Some(Pulled { conditions, always, ..pulled })
    }

    /// Returns the group of an expression, which is made if there is none.
    fn group_of(&mut self, key: &Scalar, groups: &mut Vec<(Column, Scalar)>) -> Column {
        if let Some((made, _)) = groups.iter().find(|(_, group)| group == key) {
            return *made;
        }
        let made = match key.as_column() {
            Some(column) if !groups.iter().any(|(made, _)| *made == column) => column,
            _ => self.columns.push("key", key.ty),
        };
        groups.push((made, key.clone()));
        made
    }
}

/// Returns the expression of the subquery that a condition makes equal to one of the left input,
/// and that one.
fn pinned<'a>(condition: &'a Scalar, outer: &[Column]) -> Option<(&'a Scalar, &'a Scalar)> {
    let ScalarKind::Compare(CompareOp::Eq, left, right) = &condition.kind else { return None };
    let sides = |inner: &'a Scalar, value: &'a Scalar| {
        let apart = !scalar_reads(inner, outer) && inner.reads_any() && value.reads_only(outer);
        let movable = inner.is_movable() && value.is_movable();
        (apart && movable && value.reads_any()).then_some((inner, value))
    };
    sides(left, right).or_else(|| sides(right, left))
}
