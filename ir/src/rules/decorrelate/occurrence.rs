//! Where a plan reads columns of another: a column is made once, so whoever reads one that the
//! left input of a dependent join makes reads it from there.

use crate::{Column, JoinKind, Logical, Scalar, ScalarKind};

/// Returns those of `among` that the plan reads, each once, in order of first use.
pub(super) fn read_of(plan: &Logical, among: &[Column]) -> Vec<Column> {
    let mut found = Vec::new();
    collect(plan, among, &mut found);
    found
}

fn collect(plan: &Logical, among: &[Column], found: &mut Vec<Column>) {
    own(plan).into_iter().flat_map(Scalar::columns).for_each(|column| {
        if among.contains(&column) && !found.contains(&column) {
            found.push(column);
        }
    });
    plan.inputs().into_iter().for_each(|input| collect(input, among, found));
}

/// Returns the operator's own expressions, those of VALUES too.
fn own(plan: &Logical) -> Vec<&Scalar> {
    match plan {
        Logical::Values { rows, .. } => rows.iter().flatten().collect(),
        _ => plan.scalars(),
    }
}

/// True if the plan reads one of `among`.
pub(super) fn reads(plan: &Logical, among: &[Column]) -> bool {
    own(plan).into_iter().any(|scalar| scalar_reads(scalar, among))
        || plan.inputs().into_iter().any(|input| reads(input, among))
}

/// True if the operator itself reads one of `among`.
pub(super) fn own_reads(plan: &Logical, among: &[Column]) -> bool {
    own(plan).into_iter().any(|scalar| scalar_reads(scalar, among))
}

/// True if the expression reads one of `among`.
pub(super) fn scalar_reads(scalar: &Scalar, among: &[Column]) -> bool {
    let mut any = false;
    scalar.walk(&mut |node| {
        if let ScalarKind::Column(column) = &node.kind {
            any |= among.contains(column);
        }
    });
    any
}

/// True if the operator's own expressions may run on other rows than written.
pub(super) fn own_movable(plan: &Logical) -> bool {
    own(plan).into_iter().all(Scalar::is_movable)
}

/// True if running the plan for more rows can raise an error or change a value.
pub fn may_fail(plan: &Logical) -> bool {
    let single = match plan {
        Logical::Join(join) | Logical::DependentJoin(join) => {
            matches!(join.kind, JoinKind::Single { .. })
        }
        _ => false,
    };
    single || !own_movable(plan) || plan.inputs().into_iter().any(|input| may_fail(input))
}
