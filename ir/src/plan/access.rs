//! Scans: which conditions find rows by key, which storage tests, which are left.
//!
//! A condition is sargable if it compares one column with a constant of the column's type. Values
//! for the whole key make a get, for a part of it a range. What storage cannot test is tested on
//! the decoded columns, what can fail last and in the order written: its guards stand before it.

use std::sync::Arc;

use types::{ColumnId, DataType, Decimal, Value, pow10};

use super::slots::Slots;
use super::{Lowered, Planner};
use crate::logical::Scan;
use crate::{
    Access, Column, CompareOp, Logical, Operator, PhysicalScan, Scalar, ScalarKind, ScanColumn,
    ScanPredicate, TruthTest,
};

impl Planner<'_> {
    pub(super) fn lower_scan(&self, scan: &Scan, plan: &Logical) -> Lowered {
        let columns: Vec<Column> = scan.columns.iter().map(|(column, _)| *column).collect();
        let (mut pushed, rest) = split(scan);
        let access = access(&scan.table.key(), &mut pushed);
        let physical = PhysicalScan {
            table: Arc::clone(&scan.table),
            alias: scan.table.name.clone(),
            columns: scan.columns.iter().map(|(_, source)| *source).collect(),
            temporal: scan.temporal,
            access,
            predicates: pushed,
            residual: Slots::of(&columns).all(&rest),
        };
        self.leaf(Operator::Scan(physical), columns, plan)
    }
}

/// Parts conditions into what storage tests and what is left.
fn split(scan: &Scan) -> (Vec<ScanPredicate>, Vec<Scalar>) {
    let (mut pushed, mut safe, mut fallible) = (Vec::new(), Vec::new(), Vec::new());
    for predicate in &scan.predicates {
        match sargable(predicate, scan) {
            Some(found) => pushed.push(found),
            None if predicate.is_movable() => safe.push(predicate.clone()),
            None => fallible.push(predicate.clone()),
        }
    }
    safe.append(&mut fallible);
    (pushed, safe)
}

fn sargable(predicate: &Scalar, scan: &Scan) -> Option<ScanPredicate> {
    match &predicate.kind {
        ScalarKind::Compare(op, left, right) => {
            compare(*op, left, right, scan).or_else(|| compare(op.flipped(), right, left, scan))
        }
        ScalarKind::In { needle, list, negated: false } => {
            let (column, ty) = stored(needle, scan)?;
            let values: Option<Vec<Scalar>> = list.iter().map(|value| fit(value, ty)).collect();
            Some(ScanPredicate::In { column, values: values? })
        }
        ScalarKind::Is { input, test: TruthTest::Null, negated } => {
            let (column, _) = stored(input, scan)?;
            Some(ScanPredicate::Null { column, negated: *negated })
        }
        ScalarKind::Column(_) => truth(predicate, true, scan),
        ScalarKind::Not(input) => truth(input, false, scan),
        _ => None,
    }
}

/// A BOOLEAN column stands for `column = TRUE`.
fn truth(input: &Scalar, wanted: bool, scan: &Scan) -> Option<ScanPredicate> {
    let (column, _) = stored(input, scan)?;
    Some(ScanPredicate::Compare { column, op: CompareOp::Eq, value: Scalar::boolean(wanted) })
}

fn compare(op: CompareOp, left: &Scalar, right: &Scalar, scan: &Scan) -> Option<ScanPredicate> {
    if matches!(op, CompareOp::Distinct | CompareOp::NotDistinct) {
        return None;
    }
    let (column, ty) = stored(left, scan)?;
    // Neither has an order of bytes: equal values may be written differently.
    if matches!(ty, DataType::Json | DataType::Interval) {
        return None;
    }
    Some(ScanPredicate::Compare { column, op, value: fit(right, ty)? })
}

fn stored(scalar: &Scalar, scan: &Scan) -> Option<(ScanColumn, DataType)> {
    let wanted = scalar.as_column()?;
    let (_, source) = scan.columns.iter().find(|(made, _)| *made == wanted)?;
    Some((*source, source.data_type(&scan.table)))
}

/// Returns a constant as one of exactly the column's type.
///
/// A constant that can fail is left for the rows, unless only its parameter's cast can.
fn fit(value: &Scalar, ty: DataType) -> Option<Scalar> {
    if !value.is_constant() || (value.is_fallible() && !value.is_bound_late()) {
        return None;
    }
    if value.ty == ty || (value.ty.is_text() && ty.is_text()) {
        return Some(value.clone());
    }
    let DataType::Decimal { scale, .. } = ty else { return None };
    match value.as_literal()? {
        Value::Decimal(number) => {
            let rescaled = rescaled(*number, scale)?;
            Some(Scalar::literal(Value::Decimal(rescaled), ty, value.span))
        }
        _ => None,
    }
}

/// Returns the same number with another scale, if it has no more digits after the point.
pub(crate) fn rescaled(number: Decimal, scale: u8) -> Option<Decimal> {
    let unscaled = if scale >= number.scale {
        number.unscaled.checked_mul(pow10(scale - number.scale)?)?
    } else {
        let divisor = pow10(number.scale - scale)?;
        (number.unscaled % divisor == 0).then_some(number.unscaled / divisor)?
    };
    Some(Decimal::new(unscaled, scale))
}

/// Chooses the access path and takes the conditions that it makes true out of `pushed`.
fn access(key: &[ColumnId], pushed: &mut Vec<ScanPredicate>) -> Access {
    let mut prefix = Vec::new();
    for id in key {
        let Some(value) = take(pushed, *id, &[CompareOp::Eq]) else { break };
        prefix.push(value.0);
    }
    let Some(next) = key.get(prefix.len()) else { return Access::KeyGet(prefix) };
    let lower = take(pushed, *next, &[CompareOp::Gt, CompareOp::Ge]);
    let upper = take(pushed, *next, &[CompareOp::Lt, CompareOp::Le]);
    if prefix.is_empty() && lower.is_none() && upper.is_none() {
        return Access::Full;
    }
    Access::KeyRange { prefix, lower, upper }
}

/// Takes the first comparison of the column by one of `ops`: its constant, and whether it is inside.
fn take(
    pushed: &mut Vec<ScanPredicate>,
    id: ColumnId,
    ops: &[CompareOp],
) -> Option<(Scalar, bool)> {
    let position = pushed.iter().position(|predicate| match predicate {
        ScanPredicate::Compare { column, op, .. } => {
            *column == ScanColumn::Stored(id) && ops.contains(op)
        }
        ScanPredicate::In { .. } | ScanPredicate::Null { .. } => false,
    })?;
    match pushed.remove(position) {
        ScanPredicate::Compare { op, value, .. } => {
            Some((value, matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge)))
        }
        ScanPredicate::In { .. } | ScanPredicate::Null { .. } => None,
    }
}
