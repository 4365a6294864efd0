//! Joins: which conditions become hash keys, and which side is built.
//!
//! An equality of one left and one right expression is a hash key if equal values always hash
//! alike; the rest is tested on pairs. The smaller input is built, so sides may change places,
//! and LEFT and RIGHT with them.

use types::DataType;

use super::slots::Slots;
use super::{Lowered, Planner};
use crate::cost::estimate;
use crate::fallible::widens;
use crate::logical::Join;
use crate::{
    Column, CompareOp, JoinKey, JoinKind, KeyNulls, Logical, Operator, Scalar, ScalarKind, Side,
    TruthTest,
};

/// How much smaller the left side of a semi or anti join must be to be built: its rows are kept and
/// read a second time.
const LEFT_SMALLER: f64 = 1.5;

impl Planner<'_> {
    pub(super) fn lower_join(&self, join: &Join, plan: &Logical) -> Lowered {
        let (mut kind, mut left, mut right) =
            (join.kind, self.lower(&join.left), self.lower(&join.right));
        let expected = [left.physical.estimate, right.physical.estimate];
        let estimate = estimate(plan, &expected, &self.facts);
        if let Some(mirrored) = mirrored(kind)
            && expected[0].rows < expected[1].rows
        {
            std::mem::swap(&mut left, &mut right);
            kind = mirrored;
        }
        let (keys, rest) = split(kind, &join.on, &left.columns, &right.columns);
        let mut pair = left.columns.clone();
        pair.extend(&right.columns);
        let rest = Slots::of(&pair).all(&rest);
        let columns = kind.columns(left.columns.clone(), || right.columns.clone());
        // Whose rows have a partner can be asked from either side.
        let asks = matches!(kind, JoinKind::Semi | JoinKind::Anti);
        let build = match asks && LEFT_SMALLER * expected[0].rows < expected[1].rows {
            true => Side::Left,
            false => Side::Right,
        };
        self.made(operator(kind, left, right, build, keys, rest), columns, estimate)
    }
}

/// Returns the kind that means the same with the sides exchanged.
fn mirrored(kind: JoinKind) -> Option<JoinKind> {
    match kind {
        JoinKind::Inner | JoinKind::Full => Some(kind),
        JoinKind::Left => Some(JoinKind::Right),
        JoinKind::Right => Some(JoinKind::Left),
        JoinKind::Semi | JoinKind::Anti | JoinKind::Mark(_) | JoinKind::Single { .. } => None,
    }
}

fn operator(
    kind: JoinKind,
    left: Lowered,
    right: Lowered,
    build: Side,
    keys: Vec<JoinKey>,
    rest: Vec<Scalar>,
) -> Operator {
    let (of_left, of_right) = (Slots::of(&left.columns), Slots::of(&right.columns));
    let (left, right) = (Box::new(left.physical), Box::new(right.physical));
    if keys.is_empty() {
        return Operator::NestedLoopJoin { kind, left, right, on: rest };
    }
    let slots = |key: &JoinKey| JoinKey {
        left: of_left.of_scalar(&key.left),
        right: of_right.of_scalar(&key.right),
        nulls: key.nulls,
    };
    let keys = keys.iter().map(slots).collect();
    Operator::HashJoin { kind, left, right, build, keys, residual: rest }
}

/// Parts conditions into hash keys and the rest, in order.
fn split(
    kind: JoinKind,
    on: &[Scalar],
    left: &[Column],
    right: &[Column],
) -> (Vec<JoinKey>, Vec<Scalar>) {
    let (mut keys, mut rest) = (Vec::new(), Vec::new());
    for predicate in on {
        // A key is computed for every row; only where it is the sole condition can nothing guard it.
        let unguarded = on.len() == 1 || !predicate.is_fallible();
        match key(kind, predicate, left, right) {
            Some(pair) if unguarded => keys.push((pair, predicate)),
            _ => rest.push(predicate.clone()),
        }
    }
    let sure = keys.iter().any(|(key, _)| key.nulls != KeyNulls::Unknown);
    if sure {
        // Who meets by the sure keys alone is few; of these pairs the others may be NULL.
        let (kept, unknown): (Vec<_>, Vec<_>) =
            keys.into_iter().partition(|(key, _)| key.nulls != KeyNulls::Unknown);
        keys = kept;
        rest.splice(0..0, unknown.into_iter().map(|(_, predicate)| predicate.clone()));
    }
    (keys.into_iter().map(|(key, _)| key).collect(), rest)
}

fn key(kind: JoinKind, predicate: &Scalar, left: &[Column], right: &[Column]) -> Option<JoinKey> {
    let (a, b, nulls) = equality(kind, predicate)?;
    if !a.reads_any() || !b.reads_any() || predicate.is_volatile() {
        return None;
    }
    let ty = hashed_as(a.ty, b.ty)?;
    let (a, b) = if a.reads_only(left) && b.reads_only(right) {
        (a, b)
    } else if b.reads_only(left) && a.reads_only(right) {
        (b, a)
    } else {
        return None;
    };
    Some(JoinKey { left: cast(a, ty), right: cast(b, ty), nulls })
}

/// Returns the sides of an equality and what NULL on one of them means.
fn equality(kind: JoinKind, predicate: &Scalar) -> Option<(&Scalar, &Scalar, KeyNulls)> {
    match &predicate.kind {
        ScalarKind::Compare(CompareOp::Eq, a, b) => {
            let mark = matches!(kind, JoinKind::Mark(_));
            Some((a, b, if mark { KeyNulls::Unknown } else { KeyNulls::Never }))
        }
        ScalarKind::Compare(CompareOp::NotDistinct, a, b) => Some((a, b, KeyNulls::Equal)),
        ScalarKind::Is { input, test: TruthTest::True, negated: false } => {
            let (a, b, nulls) = equality(kind, input)?;
            Some((a, b, if nulls == KeyNulls::Unknown { KeyNulls::Never } else { nulls }))
        }
        _ => None,
    }
}

/// Returns the type in which equal values have equal bytes, if there is one.
fn hashed_as(left: DataType, right: DataType) -> Option<DataType> {
    match (left, right) {
        // Equal JSON numbers and equal intervals may be written differently.
        (DataType::Json | DataType::Interval, _) | (_, DataType::Json | DataType::Interval) => None,
        (DataType::Text { .. }, DataType::Text { .. }) => Some(DataType::TEXT),
        (
            DataType::Decimal { precision: p, scale: s },
            DataType::Decimal { precision: q, scale: t },
        ) => {
            let scale = s.max(t);
            let precision = (p - s).max(q - t) + scale;
            (precision <= 38).then_some(DataType::Decimal { precision, scale })
        }
        _ => (left == right).then_some(left),
    }
}

fn cast(scalar: &Scalar, ty: DataType) -> Scalar {
    if scalar.ty == ty || (scalar.ty.is_text() && ty.is_text()) {
        return scalar.clone();
    }
    debug_assert!(widens(scalar.ty, ty), "a key is cast without loss");
    let kind = ScalarKind::Cast { input: Box::new(scalar.clone()), lenient: false };
    Scalar::new(kind, ty, scalar.span)
}
