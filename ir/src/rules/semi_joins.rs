//! A mark that only decides whether a row stays is a semi or an anti join.
//!
//! `WHERE mark` keeps the rows of which it is TRUE: those with a partner. `WHERE NOT mark` keeps those
//! of which it is FALSE, so it is an anti join only where the mark cannot be NULL: NOT EXISTS, and
//! NOT IN over columns that are never NULL. NOT IN over others stays a mark join under a filter,
//! which knows what NULL on either side means.

use std::sync::Arc;

use types::Value;

use crate::logical::Join;
use crate::{
    Column, CompareOp, JoinKind, Logical, PlanContext, Query, Scalar, ScalarKind, ScanColumn,
    SystemTime, TruthTest,
};

pub(super) fn apply(query: &mut Query, _: &PlanContext<'_>) {
    if has_marks(&query.root) {
        let mut read = query.output.iter().map(|output| output.column).collect();
        visit(&mut query.root, &mut read);
    }
}

fn has_marks(plan: &Logical) -> bool {
    matches!(plan, Logical::Join(Join { kind: JoinKind::Mark(_), .. }))
        || plan.inputs().into_iter().any(|input| has_marks(input))
}

/// Rewrites a plan of which the operators above read these columns.
fn visit(plan: &mut Arc<Logical>, read: &mut Vec<Column>) {
    if plan.inputs().is_empty() {
        return;
    }
    let node = Arc::make_mut(plan);
    if let Logical::Filter { input, predicates } = node {
        if let Some(at) = (0..predicates.len()).find(|at| decides(predicates, *at, input, read)) {
            predicates.remove(at);
        }
        if predicates.is_empty() {
            *plan = Arc::clone(input);
            return visit(plan, read);
        }
    }
    let above = read.len();
    let node = Arc::make_mut(plan);
    if let Logical::Project { items, .. } = node {
        // A mark that nobody reads above is not read by passing through.
        items.retain(|(made, item)| item.as_column() != Some(*made) || read.contains(made));
    }
    read_by(node, read);
    for input in node.inputs_mut() {
        visit(input, read);
    }
    read.truncate(above);
}

/// Adds the columns that an operator reads.
fn read_by(plan: &Logical, read: &mut Vec<Column>) {
    read.extend(plan.scalars().into_iter().flat_map(Scalar::columns));
    match plan {
        Logical::UnionAll { inputs, .. } => {
            read.extend(inputs.iter().flat_map(|(_, columns)| columns));
        }
        Logical::Write(write) => read.extend(&write.columns),
        Logical::Distinct { input } => read.extend(input.columns()),
        _ => {}
    }
}

/// Makes a semi or anti join of the mark join below if the condition is all that reads its mark.
fn decides(predicates: &[Scalar], at: usize, input: &mut Arc<Logical>, read: &[Column]) -> bool {
    let Some(wanted) = wanted_of(&predicates[at]) else { return false };
    let others = predicates.iter().enumerate().filter(|(other, _)| *other != at);
    let others = others.flat_map(|(_, predicate)| predicate.columns());
    let mut others = others.chain(read.iter().copied());
    others.all(|column| column != wanted.column) && narrowed(input, wanted)
}

/// What a condition asks of a mark.
#[derive(Clone, Copy)]
struct Wanted {
    column: Column,
    value: bool,
}

fn wanted_of(predicate: &Scalar) -> Option<Wanted> {
    match &predicate.kind {
        ScalarKind::Column(column) => Some(Wanted { column: *column, value: true }),
        ScalarKind::Not(input) => {
            let Wanted { column, value } = wanted_of(input)?;
            Some(Wanted { column, value: !value })
        }
        ScalarKind::Is { input, test: TruthTest::True, negated: false } => {
            wanted_of(input).filter(|wanted| wanted.value)
        }
        _ => None,
    }
}

/// Makes a semi or anti join of the mark join below that makes the column.
fn narrowed(plan: &mut Arc<Logical>, wanted: Wanted) -> bool {
    let Logical::Join(join) = &**plan else { return false };
    if join.kind != JoinKind::Mark(wanted.column) {
        return false;
    }
    let sure = |condition: &Scalar| never_null(condition, &[&join.left, &join.right]);
    if !wanted.value && !join.on.iter().all(sure) {
        return false;
    }
    let Logical::Join(join) = Arc::make_mut(plan) else { return false };
    join.kind = if wanted.value { JoinKind::Semi } else { JoinKind::Anti };
    join.on.iter_mut().for_each(as_condition);
    true
}

/// IS TRUE says nothing of a condition of which only TRUE counts.
fn as_condition(condition: &mut Scalar) {
    if let ScalarKind::Is { input, test: TruthTest::True, negated: false } = &mut condition.kind {
        *condition = std::mem::replace(input.as_mut(), Scalar::boolean(true));
    }
}

/// True if the expression has a value for every row of the inputs.
fn never_null(scalar: &Scalar, inputs: &[&Arc<Logical>]) -> bool {
    match &scalar.kind {
        ScalarKind::Is { .. } => true,
        ScalarKind::Literal(value) => *value != Value::Null,
        ScalarKind::Column(column) => inputs.iter().any(|input| filled(input, *column)),
        ScalarKind::Compare(CompareOp::Distinct | CompareOp::NotDistinct, ..) => true,
        ScalarKind::Not(_)
        | ScalarKind::And(_)
        | ScalarKind::Or(_)
        | ScalarKind::Compare(..)
        | ScalarKind::Cast { lenient: false, .. } => {
            scalar.children().into_iter().all(|child| never_null(child, inputs))
        }
        ScalarKind::Slot(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Case { .. }
        | ScalarKind::In { .. }
        | ScalarKind::Like { .. }
        | ScalarKind::Call(..) => false,
    }
}

/// True if the plan makes the column and no row has NULL in it.
fn filled(plan: &Arc<Logical>, column: Column) -> bool {
    match &**plan {
        Logical::Scan(scan) => scan.columns.iter().any(|(made, source)| {
            let current = matches!(scan.temporal.system, SystemTime::Current | SystemTime::AsOf(_));
            let ScanColumn::Stored(id) = source else { return false };
            let stored = scan.table.column_by_id(*id);
            let never = stored.is_some_and(|stored| stored.not_null);
            *made == column && current && (never || scan.table.primary_key.contains(id))
        }),
        Logical::Filter { input, .. }
        | Logical::Sort { input, .. }
        | Logical::Limit { input, .. }
        | Logical::Distinct { input }
        | Logical::Window { input, .. } => filled(input, column),
        Logical::Project { input, items } | Logical::Aggregate { input, groups: items, .. } => {
            let made = items.iter().find(|(made, _)| *made == column);
            made.is_some_and(|(_, item)| never_null(item, &[input]))
        }
        Logical::Join(join) | Logical::DependentJoin(join) => match join.kind {
            JoinKind::Inner => filled(&join.left, column) || filled(&join.right, column),
            JoinKind::Left
            | JoinKind::Semi
            | JoinKind::Anti
            | JoinKind::Mark(_)
            | JoinKind::Single { .. } => filled(&join.left, column),
            JoinKind::Right => filled(&join.right, column),
            JoinKind::Full => false,
        },
        Logical::SystemScan { .. }
        | Logical::Values { .. }
        | Logical::GenerateSeries { .. }
        | Logical::External { .. }
        | Logical::UnionAll { .. }
        | Logical::Write(_) => false,
    }
}
