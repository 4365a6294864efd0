//! Which columns a condition demands: an outer join whose padding never passes is an inner one.
//!
//! Source: Galindo-Legaria and Rosenthal, Outerjoin Simplification and Reordering (1997).

use crate::{Column, CompareOp, JoinKind, Scalar, ScalarKind, TruthTest};

/// Adds the columns whose NULL keeps the condition from being TRUE.
pub(super) fn rejected(condition: &Scalar, found: &mut Vec<Column>) {
    match &condition.kind {
        ScalarKind::And(list) => list.iter().for_each(|item| rejected(item, found)),
        ScalarKind::Or(list) => found.extend(rejected_by_all(list)),
        ScalarKind::Is { input, test: TruthTest::Null, negated: true } => strict(input, found),
        ScalarKind::Is { input, test: TruthTest::True, negated: false } => rejected(input, found),
        ScalarKind::Is { input, test: TruthTest::False, negated: false } => strict(input, found),
        ScalarKind::Is { .. } => {}
        ScalarKind::Column(_)
        | ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::Not(_)
        | ScalarKind::Compare(..)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Case { .. }
        | ScalarKind::In { .. }
        | ScalarKind::Like { .. }
        | ScalarKind::Call(..) => strict(condition, found),
    }
}

fn rejected_by_all(list: &[Scalar]) -> Vec<Column> {
    let each = list.iter().map(|item| {
        let mut own = Vec::new();
        rejected(item, &mut own);
        own
    });
    let common = each.reduce(|mut all, own| {
        all.retain(|column| own.contains(column));
        all
    });
    common.unwrap_or_default()
}

/// Adds the columns whose NULL makes the expression NULL.
fn strict(scalar: &Scalar, found: &mut Vec<Column>) {
    match &scalar.kind {
        ScalarKind::Column(column) => found.push(*column),
        ScalarKind::Compare(CompareOp::Distinct | CompareOp::NotDistinct, ..) => {}
        ScalarKind::Call(function, _) if !function.is_strict() => {}
        ScalarKind::In { needle, .. } => strict(needle, found),
        ScalarKind::Not(_)
        | ScalarKind::Compare(..)
        | ScalarKind::Arithmetic(..)
        | ScalarKind::Negate(_)
        | ScalarKind::Cast { .. }
        | ScalarKind::Like { .. }
        | ScalarKind::Call(..) => {
            scalar.children().into_iter().for_each(|child| strict(child, found));
        }
        ScalarKind::Slot(_)
        | ScalarKind::Literal(_)
        | ScalarKind::Parameter(_)
        | ScalarKind::And(_)
        | ScalarKind::Or(_)
        | ScalarKind::Is { .. }
        | ScalarKind::Case { .. } => {}
    }
}

/// Returns the kind of join that is left where rows with NULL in `demanded` are dropped above.
pub(super) fn narrowed(
    kind: JoinKind,
    left: &[Column],
    right: &[Column],
    demanded: &[Column],
) -> JoinKind {
    let demands = |side: &[Column]| side.iter().any(|column| demanded.contains(column));
    match kind {
        JoinKind::Left if demands(right) => JoinKind::Inner,
        JoinKind::Right if demands(left) => JoinKind::Inner,
        JoinKind::Full => match (demands(left), demands(right)) {
            (true, true) => JoinKind::Inner,
            (true, false) => JoinKind::Left,
            (false, true) => JoinKind::Right,
            (false, false) => JoinKind::Full,
        },
        JoinKind::Inner
        | JoinKind::Left
        | JoinKind::Right
        | JoinKind::Semi
        | JoinKind::Anti
        | JoinKind::Mark(_)
        | JoinKind::Single { .. } => kind,
    }
}
