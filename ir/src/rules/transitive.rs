//! What is said of a column holds of the columns equal to it: `a.k = b.k AND a.k < 10` reads less
//! of `b` as well.

use crate::{Column, CompareOp, Scalar, ScalarKind};

/// Returns the two columns that a condition makes equal, if they are of one type.
pub(super) fn equality(condition: &Scalar) -> Option<(&Scalar, &Scalar)> {
    match &condition.kind {
        ScalarKind::Compare(CompareOp::Eq, left, right)
            if left.ty == right.ty
                && left.as_column().is_some()
                && right.as_column().is_some()
                && left != right =>
        {
            Some((left, right))
        }
        _ => None,
    }
}

/// Returns copies of conditions on one column for the columns equal to it.
pub(super) fn derived(equalities: &[Scalar], known: &[Scalar]) -> Vec<Scalar> {
    let pairs: Vec<(&Scalar, &Scalar)> = equalities.iter().filter_map(equality).collect();
    let mut all: Vec<Scalar> = Vec::new();
    if pairs.is_empty() {
        return all;
    }
    for condition in known {
        let Some(column) = bounded(condition) else { continue };
        for equal in class(column, &pairs) {
            let mut copy = condition.clone();
            copy.substitute(&[(column, equal)]);
            if !known.contains(&copy) && !all.contains(&copy) {
                all.push(copy);
            }
        }
    }
    all
}

/// Returns the column that a condition compares with constants.
fn bounded(condition: &Scalar) -> Option<Column> {
    let (side, constants) = match &condition.kind {
        ScalarKind::Compare(_, left, right) => (left, right.is_constant()),
        ScalarKind::In { needle, list, .. } => (needle, list.iter().all(Scalar::is_constant)),
        _ => return None,
    };
    (constants && condition.is_movable()).then(|| side.as_column()).flatten()
}

/// Returns the other columns equal to `column`, directly or not.
fn class(column: Column, pairs: &[(&Scalar, &Scalar)]) -> Vec<Scalar> {
    let mut members: Vec<Column> = vec![column];
    let mut scalars = Vec::new();
    let mut next = 0;
    while let Some(member) = members.get(next).copied() {
        next += 1;
        for (left, right) in pairs {
            for (one, other) in [(left, right), (right, left)] {
                let found = other.as_column().filter(|found| !members.contains(found));
                if one.as_column() == Some(member)
                    && let Some(found) = found
                {
                    members.push(found);
                    scalars.push((*other).clone());
                }
            }
        }
    }
    scalars
}
