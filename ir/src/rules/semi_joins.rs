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
        let mut read = Vec::new();
        count_reads(&query.root, &mut read);
        read.extend(query.output.iter().map(|output| output.column));
        visit(&mut query.root, &read);
    }
}

fn has_marks(plan: &Logical) -> bool {
    matches!(plan, Logical::Join(Join { kind: JoinKind::Mark(_), .. }))
        || plan.inputs().into_iter().any(|input| has_marks(input))
}

/// Lists each column as often as it is read.
fn count_reads(plan: &Logical, read: &mut Vec<Column>) {
    for scalar in plan.scalars() {
        scalar.walk(&mut |node| read.extend(node.as_column()));
    }
    plan.inputs().into_iter().for_each(|input| count_reads(input, read));
}

fn visit(plan: &mut Arc<Logical>, read: &[Column]) {
    if plan.inputs().is_empty() {
        return;
    }
    let node = Arc::make_mut(plan);
    if let Logical::Filter { input, predicates } = node {
        let decided = |(at, mark): (usize, Wanted)| {
            let once = read.iter().filter(|column| **column == mark.column).count() == 1;
            (once && narrowed(input, mark)).then_some(at)
        };
        let wanted = predicates.iter().enumerate();
        let wanted = wanted.filter_map(|(at, predicate)| Some((at, wanted_of(predicate)?)));
        if let Some(at) = wanted.collect::<Vec<_>>().into_iter().find_map(decided) {
            predicates.remove(at);
        }
        if predicates.is_empty() {
            *plan = Arc::clone(input);
            return visit(plan, read);
        }
    }
    for input in Arc::make_mut(plan).inputs_mut() {
        visit(input, read);
    }
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
