//! What the joins of a feed tell its scan: which keys their build sides have at all.
//!
//! A join that drops probe rows without a partner lets the scan drop them first, before their other
//! columns are read: by the range of the keys, which zone maps and encoded data are compared with,
//! and by a set of them. A key counts if it is a column of the scan that came through the stages
//! before the join unchanged.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use ir::{JoinKind, PhysicalScan, Scalar, ScalarKind};
use types::{DataType, Date, Decimal, IntegerSet, Timestamp, Value};

use crate::pipeline::{Feed, Probe, StageKind};
use crate::run::Run;

/// The keys of a build side that a column of the scan must be among.
pub(crate) struct Restriction {
    /// The place of the column in the scan.
    pub(crate) column: usize,
    pub(crate) set: Arc<IntegerSet>,
}

/// Returns what the joins of `feed`, whose build sides are there, let its scan drop.
pub(crate) fn restrictions(scan: &PhysicalScan, feed: &Feed, run: &Run) -> Vec<Restriction> {
    let mut found = Vec::new();
    // Where each slot of the batch comes from, if from the scan.
    let mut origins: Vec<Option<usize>> = (0..scan.columns.len()).map(Some).collect();
    for stage in &feed.stages {
        match &stage.kind {
            StageKind::Filter(_) => {}
            StageKind::Project(project) => {
                origins = project.items().iter().map(|item| origin(item, &origins)).collect();
            }
            StageKind::Probe(probe) => {
                if drops_strangers(probe) {
                    found.extend(of_probe(probe, &origins, run));
                }
                origins.extend(probe.right.iter().map(|_| None));
            }
            // Which rows pass a limit depends on the rows before it.
            StageKind::Limit { .. } => break,
        }
    }
    found
}

fn of_probe<'a>(
    probe: &'a Probe,
    origins: &'a [Option<usize>],
    run: &'a Run,
) -> impl Iterator<Item = Restriction> + 'a {
    let sets = &run.table(probe.build).key_sets;
    probe.keys.iter().zip(sets).filter_map(move |(key, set)| {
        Some(Restriction { column: origin(key, origins)?, set: Arc::clone(set.as_ref()?) })
    })
}

fn drops_strangers(probe: &Probe) -> bool {
    match probe.kind {
        JoinKind::Inner | JoinKind::Right | JoinKind::Semi => true,
        JoinKind::Left
        | JoinKind::Full
        | JoinKind::Anti
        | JoinKind::Mark(_)
        | JoinKind::Single { .. } => false,
    }
}

fn origin(scalar: &Scalar, origins: &[Option<usize>]) -> Option<usize> {
    match scalar.kind {
        ScalarKind::Slot(slot) => origins.get(slot as usize).copied().flatten(),
        _ => None,
    }
}

/// Returns the set of a key column's values; `None` if they are no integers, or all NULL.
pub(crate) fn key_set(column: &ArrayRef, ty: DataType) -> Option<Arc<IntegerSet>> {
    match ty {
        DataType::Int16 => set_of::<Int16Type>(column, i64::from),
        DataType::Int32 => set_of::<Int32Type>(column, i64::from),
        DataType::Int64 => set_of::<Int64Type>(column, |integer| integer),
        DataType::Date => set_of::<Date32Type>(column, i64::from),
        DataType::Timestamp => set_of::<TimestampMicrosecondType>(column, |integer| integer),
        DataType::Decimal { precision, .. } if types::is_narrow(precision) => {
            set_of::<Decimal64Type>(column, |integer| integer)
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal { .. }
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Interval
        | DataType::Json => None,
    }
    .map(Arc::new)
}

fn set_of<T: ArrowPrimitiveType>(
    column: &ArrayRef,
    integer: impl Fn(T::Native) -> i64 + Copy,
) -> Option<IntegerSet> {
    let column = column.as_primitive::<T>();
    match column.null_count() {
        0 => IntegerSet::of(column.values().iter().map(|value| integer(*value))),
        _ => IntegerSet::of(column.iter().flatten().map(integer)),
    }
}

/// Returns an integer of a set as a value of the column's type.
pub(crate) fn value(integer: i64, ty: DataType) -> Option<Value> {
    Some(match ty {
        DataType::Int16 => Value::Int16(integer.try_into().ok()?),
        DataType::Int32 => Value::Int32(integer.try_into().ok()?),
        DataType::Int64 => Value::Int64(integer),
        DataType::Date => Value::Date(Date(integer.try_into().ok()?)),
        DataType::Timestamp => Value::Timestamp(Timestamp(integer)),
        DataType::Decimal { scale, .. } => Value::Decimal(Decimal::new(integer.into(), scale)),
        DataType::Null
        | DataType::Boolean
        | DataType::Float32
        | DataType::Float64
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Interval
        | DataType::Json => return None,
    })
}
