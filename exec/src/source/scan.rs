//! From the plan's scan to the store's: temporal rules, constants, key ranges.
//!
//! The store knows points and ranges of both times. CONTAINED IN is a range with conditions on the
//! version's own bounds, which the store tests like any other predicate.

use std::ops::Bound;
use std::sync::Arc;

use ir::{Access, CompareOp, PhysicalScan, Scalar, ScanPredicate, TemporalRead};
use storage::{KeyRange, Predicate, PredicateOp, ReadPoint, ScanRequest, View};
use types::{CommitId, DataType, Timestamp, Value};

use super::members::{self, Restriction};
use crate::ExecContext;
use crate::error::{internal, storage as failed};
use crate::eval::{self, EvalContext};

/// Plans the store's scan; what the feed's joins would drop, it may leave out.
pub(crate) fn open(
    plan: &PhysicalScan,
    restrictions: &[Restriction],
    context: &ExecContext,
) -> diag::Result<storage::Scan> {
    let view =
        context.view.as_ref().ok_or_else(|| internal("a run without a view reads a table"))?;
    let mut request = request(plan, view, &context.eval)?;
    for restriction in restrictions {
        request.predicates.extend(range(plan, restriction));
    }
    let mut scan = match plan.temporal.system {
        ir::SystemTime::Current => view.scan(&request),
        // The past, even the snapshot by its number, has none of the transaction's own rows.
        ir::SystemTime::AsOf(_)
        | ir::SystemTime::Range { .. }
        | ir::SystemTime::ContainedIn { .. }
        | ir::SystemTime::All => view.committed().scan(&request),
    }
    .map_err(failed)?;
    scan.restrict(
        restrictions.iter().filter_map(|restriction| member(plan, restriction)).collect(),
    );
    Ok(scan)
}

/// Returns the two ends of a restriction's keys as predicates.
fn range(plan: &PhysicalScan, restriction: &Restriction) -> Vec<Predicate> {
    let (column, set) = (plan.columns[restriction.column], &restriction.set);
    let ty = column_type(plan, column);
    let bounds = [(PredicateOp::Ge, set.min()), (PredicateOp::Le, set.max())];
    let predicate = |(op, bound)| {
        let value = members::value(bound, ty?)?;
        Some(Predicate { column: scan_column(column), op, values: vec![value] })
    };
    bounds.into_iter().filter_map(predicate).collect()
}

fn member(plan: &PhysicalScan, restriction: &Restriction) -> Option<storage::Member> {
    match plan.columns[restriction.column] {
        ir::ScanColumn::Stored(id) if !restriction.set.is_range() => {
            Some(storage::Member::new(id, Arc::clone(&restriction.set)))
        }
        // The bounds of versions lie in no page of their own.
        _ => None,
    }
}

fn column_type(plan: &PhysicalScan, column: ir::ScanColumn) -> Option<DataType> {
    match column {
        ir::ScanColumn::Stored(id) => plan.table.column_by_id(id).map(|column| column.ty),
        _ => None,
    }
}

fn request(plan: &PhysicalScan, view: &View, context: &EvalContext) -> diag::Result<ScanRequest> {
    let mut predicates = Vec::new();
    for predicate in &plan.predicates {
        predicates.push(constant_predicate(predicate, context)?);
    }
    let at = read_point(plan.temporal, view, &mut predicates);
    Ok(ScanRequest {
        tree: plan.table.tree,
        columns: plan.columns.iter().map(|column| scan_column(*column)).collect(),
        predicates,
        key_range: key_range(&plan.access, context)?,
        at,
    })
}

/// Returns the store's name of a column.
pub(crate) fn scan_column(column: ir::ScanColumn) -> storage::ScanColumn {
    match column {
        ir::ScanColumn::Stored(id) => storage::ScanColumn::Stored(id),
        ir::ScanColumn::CommitFrom => storage::ScanColumn::CommitFrom,
        ir::ScanColumn::CommitTo => storage::ScanColumn::CommitTo,
        ir::ScanColumn::SystemFrom => storage::ScanColumn::SystemFrom,
        ir::ScanColumn::SystemTo => storage::ScanColumn::SystemTo,
        ir::ScanColumn::ValidFrom => storage::ScanColumn::ValidFrom,
        ir::ScanColumn::ValidTo => storage::ScanColumn::ValidTo,
    }
}

fn read_point(read: TemporalRead, view: &View, predicates: &mut Vec<Predicate>) -> ReadPoint {
    use storage::{SystemTime as System, ValidTime as Valid};
    let system = match read.system {
        ir::SystemTime::Current => System::AsOf(view.commit()),
        ir::SystemTime::AsOf(commit) => System::AsOf(commit),
        ir::SystemTime::Range { from, to } => System::Range { from, to },
        ir::SystemTime::ContainedIn { from, to } => {
            predicates.push(commit_bound(storage::ScanColumn::CommitFrom, PredicateOp::Ge, from));
            predicates.push(commit_bound(storage::ScanColumn::CommitTo, PredicateOp::Le, to));
            System::All
        }
        ir::SystemTime::All => System::All,
    };
    let valid = match read.valid {
        ir::ValidTime::All => Valid::All,
        ir::ValidTime::At(at) => Valid::At(at),
        ir::ValidTime::Range { from, to } => Valid::Range { from, to },
        ir::ValidTime::ContainedIn { from, to } => {
            predicates.push(time_bound(storage::ScanColumn::ValidFrom, PredicateOp::Ge, from));
            predicates.push(time_bound(storage::ScanColumn::ValidTo, PredicateOp::Le, to));
            Valid::All
        }
    };
    ReadPoint { system, valid }
}

/// An open end is NULL, which passes no comparison: an open version is contained in nothing.
fn commit_bound(column: storage::ScanColumn, op: PredicateOp, commit: CommitId) -> Predicate {
    let value = Value::Int64(i64::try_from(commit.0).unwrap_or(i64::MAX));
    Predicate { column, op, values: vec![value] }
}

fn time_bound(column: storage::ScanColumn, op: PredicateOp, at: i64) -> Predicate {
    Predicate { column, op, values: vec![Value::Timestamp(Timestamp(at))] }
}

fn constant_predicate(predicate: &ScanPredicate, context: &EvalContext) -> diag::Result<Predicate> {
    Ok(match predicate {
        ScanPredicate::Compare { column, op, value } => Predicate {
            column: scan_column(*column),
            op: compare_op(*op)?,
            values: vec![eval::constant(value, context)?],
        },
        ScanPredicate::In { column, values } => Predicate {
            column: scan_column(*column),
            op: PredicateOp::In,
            values: constants(values, context)?,
        },
        ScanPredicate::Null { column, negated } => Predicate {
            column: scan_column(*column),
            op: if *negated { PredicateOp::IsNotNull } else { PredicateOp::IsNull },
            values: Vec::new(),
        },
    })
}

fn constants(scalars: &[Scalar], context: &EvalContext) -> diag::Result<Vec<Value>> {
    scalars.iter().map(|scalar| eval::constant(scalar, context)).collect()
}

fn compare_op(op: CompareOp) -> diag::Result<PredicateOp> {
    Ok(match op {
        CompareOp::Eq => PredicateOp::Eq,
        CompareOp::Ne => PredicateOp::Ne,
        CompareOp::Lt => PredicateOp::Lt,
        CompareOp::Le => PredicateOp::Le,
        CompareOp::Gt => PredicateOp::Gt,
        CompareOp::Ge => PredicateOp::Ge,
        CompareOp::Distinct | CompareOp::NotDistinct => {
            return Err(internal(format!("{} was pushed into a scan", op.sql())));
        }
    })
}

fn key_range(access: &Access, context: &EvalContext) -> diag::Result<Option<KeyRange>> {
    match access {
        Access::Full => Ok(None),
        Access::KeyGet(key) => {
            let key = constants(key, context)?;
            Ok(Some(exact(key)))
        }
        Access::KeyRange { prefix, lower, upper } => {
            let prefix = constants(prefix, context)?;
            let lower = bound(&prefix, lower.as_ref(), context)?;
            let upper = bound(&prefix, upper.as_ref(), context)?;
            Ok(Some(if has_null(&lower) || has_null(&upper) {
                nothing()
            } else {
                KeyRange { lower, upper }
            }))
        }
    }
}

fn exact(key: Vec<Value>) -> KeyRange {
    if key.iter().any(Value::is_null) {
        return nothing();
    }
    KeyRange { lower: Bound::Included(key.clone()), upper: Bound::Included(key) }
}

/// Comparing with NULL is never true, though the store's keys have a place for it.
fn nothing() -> KeyRange {
    let null = || vec![Value::Null];
    KeyRange { lower: Bound::Excluded(null()), upper: Bound::Excluded(null()) }
}

fn has_null(bound: &Bound<Vec<Value>>) -> bool {
    match bound {
        Bound::Included(values) | Bound::Excluded(values) => values.iter().any(Value::is_null),
        Bound::Unbounded => false,
    }
}

fn bound(
    prefix: &[Value],
    limit: Option<&(Scalar, bool)>,
    context: &EvalContext,
) -> diag::Result<Bound<Vec<Value>>> {
    let Some((scalar, inside)) = limit else {
        return Ok(match prefix {
            [] => Bound::Unbounded,
            prefix => Bound::Included(prefix.to_vec()),
        });
    };
    let mut key = prefix.to_vec();
    key.push(eval::constant(scalar, context)?);
    Ok(if *inside { Bound::Included(key) } else { Bound::Excluded(key) })
}
