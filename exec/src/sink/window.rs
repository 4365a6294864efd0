//! Window functions: the input sorted by partition and order, each call computed partition by
//! partition.
//!
//! Two rows are peers if their order keys are equal. The frame is the standard's default: from the
//! partition's start to the current row's last peer with ORDER BY, the whole partition without.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, UInt32Array};
use arrow_row::Rows;
use arrow_select::take::take;
use diag::{Code, Diagnostic};
use ir::{SortKey, WindowCall, WindowFunction};
use types::{Batch, DataType, Value, array_of};

use super::Made;
use super::order::{SortSink, sorted};
use crate::eval::EvalContext;
use crate::keys::RowCodec;
use crate::keys::groups::{batches_of, columns_of};
use crate::keys::ordered::gather;
use crate::memory::batch_bytes;
use crate::operator::columns;
use crate::pipeline::Windowing;
use crate::run::Run;

/// Returns the keys that the input is sorted by: partition, then order.
pub(crate) fn sort_keys(windowing: &Windowing) -> Vec<SortKey> {
    let partition = windowing.partition.iter().map(|scalar| SortKey {
        scalar: scalar.clone(),
        descending: false,
        nulls_first: false,
    });
    partition.chain(windowing.order.iter().cloned()).collect()
}

/// Sorts what the workers kept and adds the calls' columns.
pub(crate) fn finish(
    run: &Run,
    windowing: &Windowing,
    sinks: impl Iterator<Item = SortSink>,
) -> diag::Result<Made> {
    let mut sorted = sorted(sinks, run, "window")?;
    if sorted.entries.is_empty() {
        return Ok(Made::Batches(Arc::default(), Arc::new(sorted.memory)));
    }
    let bytes: usize = sorted.batches.iter().map(batch_bytes).sum();
    sorted.memory.grow(bytes + sorted.entries.len() * 16 * windowing.calls.len())?;
    let batches = gather(&sorted.batches, &sorted.entries);
    let whole = whole(&batches);
    drop(batches);
    let context = &run.context.eval;
    let spans = Spans::of(windowing, &whole, context)?;
    let mut columns = whole.columns().to_vec();
    for call in &windowing.calls {
        run.context.cancel.check()?;
        columns.push(compute(call, &whole, &spans, context)?);
    }
    let rows = whole.rows();
    Ok(Made::Batches(Arc::new(batches_of(columns, rows)), Arc::new(sorted.memory)))
}

fn whole(batches: &[Batch]) -> Batch {
    let rows = batches.iter().map(Batch::rows).sum();
    let width = batches.first().map_or(0, |batch| batch.columns().len());
    let pieces: Vec<Vec<ArrayRef>> = batches.iter().map(|batch| batch.columns().to_vec()).collect();
    // There is at least one piece, so that the types given here are never asked for.
    Batch::new(columns_of(&vec![DataType::Null; width], &pieces), rows)
}

/// Where partitions and runs of peers lie in the sorted rows.
struct Spans {
    partitions: Vec<Range<usize>>,
    /// For every row, the run of its peers.
    peers: Vec<Range<usize>>,
}

impl Spans {
    fn of(windowing: &Windowing, rows: &Batch, context: &EvalContext) -> diag::Result<Spans> {
        let order: Vec<_> = windowing.order.iter().map(|key| key.scalar.clone()).collect();
        let partitions = runs(&encoded(&windowing.partition, rows, context)?, 0..rows.rows());
        let order = encoded(&order, rows, context)?;
        let peers = partitions.iter().flat_map(|partition| runs(&order, partition.clone()));
        Ok(Spans { peers: peers.collect(), partitions })
    }

    /// Calls `visit` with every partition and the runs of peers in it.
    fn visit(&self, mut visit: impl FnMut(Range<usize>, &[Range<usize>])) {
        let mut peers = self.peers.as_slice();
        for partition in &self.partitions {
            let count = peers.iter().take_while(|run| run.start < partition.end).count();
            let (own, rest) = peers.split_at(count);
            visit(partition.clone(), own);
            peers = rest;
        }
    }
}

fn encoded(
    scalars: &[ir::Scalar],
    rows: &Batch,
    context: &EvalContext,
) -> diag::Result<Option<Rows>> {
    if scalars.is_empty() {
        return Ok(None);
    }
    let types: Vec<DataType> = scalars.iter().map(|scalar| scalar.ty).collect();
    let codec = RowCodec::new(&types)?;
    codec.encode(&columns(scalars, rows, context)?).map(Some)
}

/// Returns the runs of equal keys within a range; one run if there are no keys.
fn runs(keys: &Option<Rows>, within: Range<usize>) -> Vec<Range<usize>> {
    let Some(keys) = keys else { return vec![within] };
    let mut runs = Vec::new();
    let mut start = within.start;
    for row in within.start + 1..=within.end {
        if row == within.end || keys.row(row) != keys.row(row - 1) {
            runs.push(start..row);
            start = row;
        }
    }
    runs
}

fn compute(
    call: &WindowCall,
    rows: &Batch,
    spans: &Spans,
    context: &EvalContext,
) -> diag::Result<ArrayRef> {
    let args = columns(&call.args, rows, context)?;
    let count = rows.rows();
    Ok(match call.function {
        WindowFunction::RowNumber => {
            integers(count, spans, |partition, _, row| row - partition.start + 1)
        }
        WindowFunction::Rank => {
            integers(count, spans, |partition, peers, _| peers.start - partition.start + 1)
        }
        WindowFunction::DenseRank => dense_rank(count, spans),
        WindowFunction::PercentRank => fractions(count, spans, |partition, peers| {
            let others = partition.len() - 1;
            if others == 0 { 0.0 } else { (peers.start - partition.start) as f64 / others as f64 }
        }),
        WindowFunction::CumeDist => fractions(count, spans, |partition, peers| {
            (peers.end - partition.start) as f64 / partition.len() as f64
        }),
        WindowFunction::Ntile => ntile(call, &args, spans)?,
        WindowFunction::Lag => shifted(call, &args, spans, -1),
        WindowFunction::Lead => shifted(call, &args, spans, 1),
        WindowFunction::FirstValue => {
            picked(&args[0], count, spans, |partition, _| partition.start)
        }
        WindowFunction::LastValue => picked(&args[0], count, spans, |_, peers| peers.end - 1),
    })
}

fn integers(
    count: usize,
    spans: &Spans,
    number: impl Fn(&Range<usize>, &Range<usize>, usize) -> usize,
) -> ArrayRef {
    let mut numbers = Vec::with_capacity(count);
    spans.visit(|partition, runs| {
        for peers in runs {
            numbers.extend(peers.clone().map(|row| number(&partition, peers, row) as i64));
        }
    });
    Arc::new(Int64Array::from(numbers))
}

fn dense_rank(count: usize, spans: &Spans) -> ArrayRef {
    let mut numbers = Vec::with_capacity(count);
    spans.visit(|_, runs| {
        for (peers, rank) in runs.iter().zip(1..) {
            numbers.extend(std::iter::repeat_n(rank, peers.len()));
        }
    });
    Arc::new(Int64Array::from(numbers))
}

fn fractions(
    count: usize,
    spans: &Spans,
    fraction: impl Fn(&Range<usize>, &Range<usize>) -> f64,
) -> ArrayRef {
    let mut numbers = Vec::with_capacity(count);
    spans.visit(|partition, runs| {
        for peers in runs {
            numbers.extend(std::iter::repeat_n(fraction(&partition, peers), peers.len()));
        }
    });
    Arc::new(Float64Array::from(numbers))
}

/// Buckets as even as can be, larger ones first; the count is the partition's first row's.
fn ntile(call: &WindowCall, args: &[ArrayRef], spans: &Spans) -> diag::Result<ArrayRef> {
    let mut values = Vec::with_capacity(args[0].len());
    for partition in &spans.partitions {
        let buckets = match Value::from_array(&args[0], partition.start, call.args[0].ty) {
            Value::Int64(buckets) if buckets > 0 => buckets as u64,
            Value::Null => {
                values.extend(partition.clone().map(|_| Value::Null));
                continue;
            }
            other => {
                let message = "the number of buckets of ntile must be greater than zero";
                return Err(Box::new(
                    Diagnostic::at(Code::InvalidArgument, call.span, message)
                        .detail(format!("it is {other:?}")),
                ));
            }
        };
        let rows = partition.len() as u64;
        let (small, larger) = (rows / buckets, rows % buckets);
        let in_larger = larger * (small + 1);
        values.extend((0..rows).map(|row| {
            let bucket = match row < in_larger {
                true => row / (small + 1),
                false => larger + (row - in_larger) / small,
            };
            Value::Int64(bucket as i64 + 1)
        }));
    }
    Ok(array_of(DataType::Int64, values))
}

/// LAG and LEAD: the value some rows away in the partition, or the default.
fn shifted(call: &WindowCall, args: &[ArrayRef], spans: &Spans, direction: i64) -> ArrayRef {
    let (value_ty, count) = (call.args[0].ty, args[0].len());
    let mut values = Vec::with_capacity(count);
    for partition in &spans.partitions {
        for row in partition.clone() {
            let away = match args.get(1) {
                None => Value::Int64(1),
                Some(offsets) => Value::from_array(offsets, row, call.args[1].ty),
            };
            let Value::Int64(away) = away else {
                values.push(Value::Null);
                continue;
            };
            let target = (row as i64).saturating_add(away.saturating_mul(direction));
            let inside = usize::try_from(target).ok().filter(|at| partition.contains(at));
            values.push(match (inside, args.get(2)) {
                (Some(at), _) => Value::from_array(&args[0], at, value_ty),
                (None, Some(defaults)) => Value::from_array(defaults, row, call.args[2].ty),
                (None, None) => Value::Null,
            });
        }
    }
    array_of(call.ty, values)
}

fn picked(
    values: &ArrayRef,
    count: usize,
    spans: &Spans,
    pick: impl Fn(&Range<usize>, &Range<usize>) -> usize,
) -> ArrayRef {
    let mut rows = Vec::with_capacity(count);
    spans.visit(|partition, runs| {
        for peers in runs {
            // A join table or result of 2^32 rows is refused earlier.
            rows.extend(std::iter::repeat_n(pick(&partition, peers) as u32, peers.len()));
        }
    });
    take(values, &UInt32Array::from(rows), None).expect("row numbers lie in the column")
}
