//! Only columns that someone reads are made: scans read no others, `count(*)` reads none.

use std::sync::Arc;

use crate::{
    AggregateCall, Column, Join, JoinKind, Logical, PlanContext, Query, Scalar, ScalarKind, Scan,
};

/// A set of columns.
#[derive(Clone, Default)]
struct Needed(Vec<u64>);

impl Needed {
    fn add(&mut self, column: Column) {
        let (word, bit) = (column.0 as usize / 64, column.0 % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << bit;
    }

    fn has(&self, column: Column) -> bool {
        let (word, bit) = (column.0 as usize / 64, column.0 % 64);
        self.0.get(word).is_some_and(|bits| bits & (1 << bit) != 0)
    }

    fn add_all(&mut self, columns: &[Column]) {
        columns.iter().for_each(|column| self.add(*column));
    }

    fn read(&mut self, scalar: &Scalar) {
        scalar.walk(&mut |node| {
            if let ScalarKind::Column(column) = node.kind {
                self.add(column);
            }
        });
    }

    /// Returns the set of what an operator reads itself.
    fn of(plan: &Logical) -> Needed {
        let mut needed = Needed::default();
        needed.read_own(plan);
        needed
    }

    fn read_own(&mut self, plan: &Logical) {
        plan.scalars().into_iter().for_each(|scalar| self.read(scalar));
    }
}

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    let mut needed = Needed::default();
    query.output.iter().for_each(|output| needed.add(output.column));
    prune(&mut query.root, needed);
}

fn prune(plan: &mut Arc<Logical>, mut needed: Needed) {
    match &**plan {
        // The rows of VALUES are shared; who reads them picks its columns.
        Logical::Values { .. }
        | Logical::SystemScan { .. }
        | Logical::External { .. }
        | Logical::GenerateSeries { .. } => return,
        Logical::Window { calls, input, .. }
            if !calls.iter().any(|(made, _)| needed.has(*made)) =>
        {
            *plan = Arc::clone(input);
            return prune(plan, needed);
        }
        // Nobody asks whether there is a partner.
        Logical::Join(Join { kind: JoinKind::Mark(mark), left, .. }) if !needed.has(*mark) => {
            *plan = Arc::clone(left);
            return prune(plan, needed);
        }
        _ => {}
    }
    let node = Arc::make_mut(plan);
    drop_unread(node, &needed);
    match node {
        Logical::Project { .. } | Logical::Aggregate { .. } => needed = Needed::of(node),
        Logical::Distinct { input } => needed.add_all(&input.columns()),
        Logical::Write(write) => needed.add_all(&write.columns),
        Logical::UnionAll { inputs, .. } => {
            for (input, columns) in inputs {
                let mut own = Needed::default();
                own.add_all(columns);
                prune(input, own);
            }
            return;
        }
        _ => needed.read_own(node),
    }
    if let Logical::Write(write) = node {
        // CHECK conditions read the new row, which is among the columns.
        return prune(&mut write.input, needed);
    }
    let mut inputs = node.inputs_mut();
    let last = inputs.pop();
    for input in inputs {
        prune(input, needed.clone());
    }
    if let Some(input) = last {
        prune(input, needed);
    }
}

fn drop_unread(node: &mut Logical, needed: &Needed) {
    match node {
        Logical::Scan(scan) => drop_from_scan(scan, needed.clone()),
        Logical::Project { items, .. } => items.retain(|(made, _)| needed.has(*made)),
        Logical::Aggregate { aggregates, .. } => {
            aggregates.retain(|(made, _): &(Column, AggregateCall)| needed.has(*made));
        }
        Logical::Window { calls, .. } => calls.retain(|(made, _)| needed.has(*made)),
        Logical::UnionAll { inputs, columns } => {
            let kept: Vec<bool> = columns.iter().map(|column| needed.has(*column)).collect();
            retain(columns, &kept);
            inputs.iter_mut().for_each(|(_, own)| retain(own, &kept));
        }
        Logical::SystemScan { .. }
        | Logical::Values { .. }
        | Logical::External { .. }
        | Logical::GenerateSeries { .. }
        | Logical::Filter { .. }
        | Logical::Join(_)
        | Logical::DependentJoin(_)
        | Logical::Sort { .. }
        | Logical::Limit { .. }
        | Logical::Distinct { .. }
        | Logical::Write(_) => {}
    }
}

fn retain(columns: &mut Vec<Column>, kept: &[bool]) {
    let mut kept = kept.iter();
    columns.retain(|_| *kept.next().expect("an arm has as many columns as the union"));
}

fn drop_from_scan(scan: &mut Scan, mut needed: Needed) {
    scan.predicates.iter().for_each(|predicate| needed.read(predicate));
    scan.columns.retain(|(made, _)| needed.has(*made));
}
