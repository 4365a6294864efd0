//! Access for rewriting: a plan's inputs and expressions, in place.
//!
//! A rule owns the plan it rewrites, so `Arc::make_mut` copies a node only where it is shared. The
//! rows of VALUES are never reached from here: there may be very many of them.

use std::sync::Arc;

use crate::{Column, JoinKind, Logical, Scalar, ScalarKind, SortKey};

impl Logical {
    /// Returns the operator's inputs for rewriting, in the order of [`Logical::inputs`].
    pub fn inputs_mut(&mut self) -> Vec<&mut Arc<Logical>> {
        match self {
            Logical::Scan(_)
            | Logical::SystemScan { .. }
            | Logical::Values { .. }
            | Logical::External { .. }
            | Logical::GenerateSeries { .. } => Vec::new(),
            Logical::Filter { input, .. }
            | Logical::Project { input, .. }
            | Logical::Aggregate { input, .. }
            | Logical::Window { input, .. }
            | Logical::Sort { input, .. }
            | Logical::Limit { input, .. }
            | Logical::Distinct { input } => vec![input],
            Logical::Join(join) | Logical::DependentJoin(join) => {
                vec![&mut join.left, &mut join.right]
            }
            Logical::UnionAll { inputs, .. } => inputs.iter_mut().map(|(input, _)| input).collect(),
            Logical::Write(write) => vec![&mut write.input],
        }
    }

    /// Returns the lists of conditions of which all must be true: what may be flattened.
    pub(crate) fn conjunctions_mut(&mut self) -> Option<&mut Vec<Scalar>> {
        match self {
            Logical::Scan(scan) => Some(&mut scan.predicates),
            Logical::Filter { predicates, .. } => Some(predicates),
            // Between FALSE and NULL a mark join tells.
            Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
                JoinKind::Mark(_) => None,
                _ => Some(&mut join.on),
            },
            Logical::SystemScan { .. }
            | Logical::Values { .. }
            | Logical::External { .. }
            | Logical::GenerateSeries { .. }
            | Logical::Project { .. }
            | Logical::Aggregate { .. }
            | Logical::Window { .. }
            | Logical::Sort { .. }
            | Logical::Limit { .. }
            | Logical::Distinct { .. }
            | Logical::UnionAll { .. }
            | Logical::Write(_) => None,
        }
    }

    /// Returns the operator's own expressions for rewriting; none of VALUES.
    pub fn scalars_mut(&mut self) -> Vec<&mut Scalar> {
        match self {
            Logical::SystemScan { .. }
            | Logical::Values { .. }
            | Logical::External { .. }
            | Logical::Distinct { .. }
            | Logical::UnionAll { .. } => Vec::new(),
            Logical::Scan(scan) => scan.predicates.iter_mut().collect(),
            Logical::Filter { predicates, .. } => predicates.iter_mut().collect(),
            Logical::Join(join) | Logical::DependentJoin(join) => join.on.iter_mut().collect(),
            Logical::GenerateSeries { start, stop, step, .. } => vec![start, stop, step],
            Logical::Project { items, .. } => items.iter_mut().map(|(_, item)| item).collect(),
            Logical::Aggregate { groups, aggregates, .. } => {
                let calls = aggregates.iter_mut().flat_map(|(_, call)| {
                    let order = call.order.iter_mut().map(|key| &mut key.scalar);
                    call.args.iter_mut().chain(call.filter.as_mut()).chain(order)
                });
                groups.iter_mut().map(|(_, group)| group).chain(calls).collect()
            }
            Logical::Window { partition, order, calls, .. } => {
                let args = calls.iter_mut().flat_map(|(_, call)| call.args.iter_mut());
                partition.iter_mut().chain(keys_mut(order)).chain(args).collect()
            }
            Logical::Sort { keys, .. } => keys_mut(keys).collect(),
            Logical::Limit { limit, offset, .. } => limit.iter_mut().chain(offset).collect(),
            Logical::Write(write) => write.checks.iter_mut().map(|(_, check)| check).collect(),
        }
    }

    /// Returns the operator's own expressions; none of VALUES.
    pub(crate) fn scalars(&self) -> Vec<&Scalar> {
        match self {
            Logical::SystemScan { .. }
            | Logical::Values { .. }
            | Logical::External { .. }
            | Logical::Distinct { .. }
            | Logical::UnionAll { .. } => Vec::new(),
            Logical::Scan(scan) => scan.predicates.iter().collect(),
            Logical::Filter { predicates, .. } => predicates.iter().collect(),
            Logical::Join(join) | Logical::DependentJoin(join) => join.on.iter().collect(),
            Logical::GenerateSeries { start, stop, step, .. } => vec![start, stop, step],
            Logical::Project { items, .. } => items.iter().map(|(_, item)| item).collect(),
            Logical::Aggregate { groups, aggregates, .. } => {
                let calls = aggregates.iter().flat_map(|(_, call)| {
                    let order = call.order.iter().map(|key| &key.scalar);
                    call.args.iter().chain(&call.filter).chain(order)
                });
                groups.iter().map(|(_, group)| group).chain(calls).collect()
            }
            Logical::Window { partition, order, calls, .. } => {
                let args = calls.iter().flat_map(|(_, call)| call.args.iter());
                partition.iter().chain(order.iter().map(|key| &key.scalar)).chain(args).collect()
            }
            Logical::Sort { keys, .. } => keys.iter().map(|key| &key.scalar).collect(),
            Logical::Limit { limit, offset, .. } => limit.iter().chain(offset).collect(),
            Logical::Write(write) => write.checks.iter().map(|(_, check)| check).collect(),
        }
    }
}

/// Calls `visit` on every expression of a plan, those of VALUES too.
pub fn visit_scalars_mut(plan: &mut Arc<Logical>, visit: &mut impl FnMut(&mut Scalar)) {
    let node = Arc::make_mut(plan);
    if let Logical::Values { rows, .. } = node
        && !rows.is_empty()
    {
        Arc::make_mut(rows).iter_mut().flatten().for_each(&mut *visit);
    }
    node.scalars_mut().into_iter().for_each(&mut *visit);
    for input in node.inputs_mut() {
        visit_scalars_mut(input, visit);
    }
}

/// Adds the columns that the expressions of a plan read, those of VALUES too.
pub fn columns_read(plan: &Logical, found: &mut Vec<Column>) {
    if let Logical::Values { rows, .. } = plan {
        found.extend(rows.iter().flatten().flat_map(Scalar::columns));
    }
    found.extend(plan.scalars().into_iter().flat_map(Scalar::columns));
    plan.inputs().into_iter().for_each(|input| columns_read(input, found));
}

fn keys_mut(keys: &mut [SortKey]) -> impl Iterator<Item = &mut Scalar> {
    keys.iter_mut().map(|key| &mut key.scalar)
}

impl Scalar {
    /// Returns the column, if the node is a reference to one.
    pub(crate) fn as_column(&self) -> Option<Column> {
        match self.kind {
            ScalarKind::Column(column) => Some(column),
            _ => None,
        }
    }

    /// True if every column that the expression reads is one of `columns`.
    pub(crate) fn reads_only(&self, columns: &[Column]) -> bool {
        let mut only = true;
        self.walk(&mut |node| {
            if let ScalarKind::Column(column) = &node.kind {
                only &= columns.contains(column);
            }
        });
        only
    }

    /// True if the expression reads any column.
    pub(crate) fn reads_any(&self) -> bool {
        let mut any = false;
        self.walk(&mut |node| any |= matches!(node.kind, ScalarKind::Column(_)));
        any
    }

    /// Puts the expression of each item in place of its column.
    pub(crate) fn substitute(&mut self, items: &[(Column, Scalar)]) {
        self.walk_mut(&mut |node| {
            if let ScalarKind::Column(column) = node.kind
                && let Some((_, item)) = items.iter().find(|(made, _)| *made == column)
            {
                *node = item.clone();
            }
        });
    }

    /// Returns the conjunction of conditions; TRUE of none.
    pub(crate) fn and(mut list: Vec<Scalar>) -> Scalar {
        match list.len() {
            0 => Scalar::boolean(true),
            1 => list.swap_remove(0),
            _ => {
                let span = list[0].span.to(list[list.len() - 1].span);
                Scalar::new(ScalarKind::And(list), types::DataType::Boolean, span)
            }
        }
    }
}
