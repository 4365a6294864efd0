//! What the joins of a feed tell its scan: which keys their build sides have at all.
//!
//! A join that drops probe rows without a partner lets the scan drop them first, before their other
//! columns are read: by the range of the keys, which zone maps and encoded data are compared with,
//! and by a set of them. A key counts if it is a column of the scan that came through the stages
//! before the join unchanged. Joins behind an aggregate restrict its groups in the same way: their
//! build sides run first.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use ir::{JoinKind, Scalar, ScalarKind, Side};
use types::{DataType, Date, Decimal, IntegerSet, Timestamp, Value};

use crate::keys::dense::integers;
use crate::pipeline::{Feed, PipelineId, Probe, Sink, Source, StageKind};
use crate::run::Run;

/// The keys of a build side that a column of the scan must be among.
pub(crate) struct Restriction {
    /// The place of the column in the scan.
    pub(crate) column: usize,
    pub(crate) set: Arc<IntegerSet>,
}

/// Returns what the joins behind `feed`, as far as their build sides are there, let its source drop.
pub(crate) fn restrictions(
    width: usize,
    feed: &Feed,
    of: PipelineId,
    run: &Run,
) -> Vec<Restriction> {
    let mut found = Vec::new();
    // Where each slot of the batch comes from, if from the source.
    let mut origins: Vec<Option<usize>> = (0..width).map(Some).collect();
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
                if probe.answer == Side::Right {
                    // Behind it come the rows of the other side.
                    return found;
                }
                origins.extend(probe.right.iter().map(|_| None));
            }
            // Which rows pass a limit depends on the rows before it.
            StageKind::Limit { .. } => return found,
        }
    }
    found.extend(behind_groups(&origins, of, run));
    found
}

/// Returns what the joins behind an aggregate let the aggregate's source drop: all rows of a group
/// go together.
fn behind_groups(origins: &[Option<usize>], of: PipelineId, run: &Run) -> Vec<Restriction> {
    let Sink::Aggregate(aggregation) = &run.pipelines.list[of.0].sink else { return Vec::new() };
    let groups = &aggregation.groups;
    let reads = |feed: &Feed| matches!(feed.source, Source::Made(made) if made == of);
    let mut readers = (0..).map(PipelineId).zip(&run.pipelines.list).flat_map(|(id, pipeline)| {
        pipeline.feeds.iter().filter(|feed| reads(feed)).map(move |feed| (id, feed))
    });
    let (Some((reader, feed)), None) = (readers.next(), readers.next()) else { return Vec::new() };
    let of_group = |restriction: Restriction| {
        let column = origin(groups.get(restriction.column)?, origins)?;
        Some(Restriction { column, set: restriction.set })
    };
    let width = groups.len() + aggregation.calls.len();
    restrictions(width, feed, reader, run).into_iter().filter_map(of_group).collect()
}

fn of_probe<'a>(
    probe: &'a Probe,
    origins: &'a [Option<usize>],
    run: &'a Run,
) -> impl Iterator<Item = Restriction> + 'a {
    let sets = run.made_table(probe.build).map_or(&[][..], |table| &table.key_sets);
    probe.keys.iter().zip(sets).filter_map(move |(key, set)| {
        Some(Restriction { column: origin(key, origins)?, set: Arc::clone(set.as_ref()?) })
    })
}

fn drops_strangers(probe: &Probe) -> bool {
    if probe.answer == Side::Right {
        return true;
    }
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
    let keys = integers(column, ty)?;
    let set = match column.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => IntegerSet::of(keys.iter().copied()),
        Some(nulls) => {
            let rows = 0..keys.len();
            IntegerSet::of(rows.filter(|row| nulls.is_valid(*row)).map(|row| keys[row]))
        }
    };
    set.map(Arc::new)
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
