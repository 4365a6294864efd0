//! The sinks of ORDER BY: whole sorted input, or its first rows.

use std::sync::Arc;

use arrow_row::Rows;
use ir::{Scalar, SortKey};
use types::{BATCH_ROWS, Batch, Mask};

use super::{Made, Tag};
use crate::keys::ordered::{Entry, OrderCodec, gather, sort_entries};
use crate::memory::{Reservation, batch_bytes};
use crate::operator::limit::Bounds;
use crate::run::Run;

/// One worker's unsorted part.
pub(crate) struct SortSink {
    keys: Vec<SortKey>,
    codec: OrderCodec,
    parts: Vec<(Tag, Batch, Rows)>,
    memory: Reservation,
}

impl SortSink {
    /// Returns an empty part; `operator` is what an error about memory names.
    pub(crate) fn new(
        run: &Run,
        keys: &[SortKey],
        operator: &'static str,
    ) -> diag::Result<SortSink> {
        Ok(SortSink {
            keys: keys.to_vec(),
            codec: OrderCodec::new(keys)?,
            parts: Vec::new(),
            memory: run.context.governor.reservation(operator),
        })
    }

    /// Keeps a batch with its keys.
    pub(crate) fn consume(&mut self, run: &Run, tag: Tag, batch: Batch) -> diag::Result<()> {
        let rows = self.codec.encode(&self.keys, &batch, &run.context.eval)?;
        let entries = batch.rows() * size_of::<Entry>();
        self.memory.grow(batch_bytes(&batch) + rows.size() + entries)?;
        self.parts.push((tag, batch, rows));
        Ok(())
    }
}

/// All rows in order, still in their batches.
pub(crate) struct Sorted {
    pub(crate) batches: Vec<Batch>,
    pub(crate) keys: Vec<Rows>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) memory: Reservation,
}

/// Sorts what the workers kept.
pub(crate) fn sorted(
    sinks: impl Iterator<Item = SortSink>,
    run: &Run,
    operator: &'static str,
) -> diag::Result<Sorted> {
    let mut memory = run.context.governor.reservation(operator);
    let mut parts = Vec::new();
    for sink in sinks {
        parts.extend(sink.parts);
        memory.absorb(sink.memory);
    }
    // The order of the source decides among equal keys, not which worker was first.
    parts.sort_by_key(|(tag, ..)| *tag);
    let mut sorted = Sorted { batches: Vec::new(), keys: Vec::new(), entries: Vec::new(), memory };
    for ((_, batch, rows), number) in parts.into_iter().zip(0..) {
        sorted.entries.extend(Entry::of(&rows, number));
        sorted.batches.push(batch);
        sorted.keys.push(rows);
    }
    run.context.cancel.check()?;
    sort_entries(&mut sorted.entries, &sorted.keys);
    Ok(sorted)
}

/// Merges a sort's parts into batches in order.
pub(crate) fn finish_sort(sinks: impl Iterator<Item = SortSink>, run: &Run) -> diag::Result<Made> {
    let mut sorted = sorted(sinks, run, "sort")?;
    let bytes = sorted.batches.iter().map(batch_bytes).sum::<usize>();
    sorted.memory.grow_to(bytes * 2)?;
    let batches = gather(&sorted.batches, &sorted.entries);
    sorted.memory.shrink_to(bytes);
    Ok(Made::Batches(Arc::new(batches), Arc::new(sorted.memory)))
}

/// One worker's first rows.
pub(crate) struct TopSink {
    keys: Vec<SortKey>,
    codec: OrderCodec,
    bounds: Bounds,
    parts: Vec<(Tag, Batch, Rows)>,
    rows: usize,
    /// The key of the worst row kept, once as many rows are kept as can be wanted.
    threshold: Option<Vec<u8>>,
    memory: Reservation,
}

impl TopSink {
    /// Returns an empty part.
    pub(crate) fn new(
        run: &Run,
        keys: &[SortKey],
        limit: &Scalar,
        offset: Option<&Scalar>,
    ) -> diag::Result<TopSink> {
        Ok(TopSink {
            keys: keys.to_vec(),
            codec: OrderCodec::new(keys)?,
            bounds: Bounds::of(Some(limit), offset, &run.context.eval)?,
            parts: Vec::new(),
            rows: 0,
            threshold: None,
            memory: run.context.governor.reservation("top-n sort"),
        })
    }

    fn wanted(&self) -> usize {
        usize::try_from(self.bounds.end).unwrap_or(usize::MAX)
    }

    /// Keeps the rows that may be among the first.
    pub(crate) fn consume(&mut self, run: &Run, tag: Tag, batch: Batch) -> diag::Result<()> {
        if self.wanted() == 0 {
            return Ok(());
        }
        let mut rows = self.codec.encode(&self.keys, &batch, &run.context.eval)?;
        let mut batch = batch;
        if let Some(threshold) = &self.threshold {
            let better = Mask::from_iter(rows.iter().map(|key| key.data() < threshold.as_slice()));
            if better.count_set_bits() == 0 {
                return Ok(());
            }
            batch = batch.filter(&better);
            rows = self.codec.encode(&self.keys, &batch, &run.context.eval)?;
        }
        self.rows += batch.rows();
        self.memory.grow(batch_bytes(&batch) + rows.size())?;
        self.parts.push((tag, batch, rows));
        if self.rows > self.wanted().saturating_mul(2).max(8 * BATCH_ROWS) {
            self.compact(run)?;
        }
        Ok(())
    }

    /// Drops all but the rows that are wanted so far.
    fn compact(&mut self, run: &Run) -> diag::Result<()> {
        let tag = self.parts.first().map_or_else(Tag::default, |(tag, ..)| *tag);
        let batches = self.first_rows();
        self.rows = batches.iter().map(Batch::rows).sum();
        let full = self.rows >= self.wanted();
        let mut bytes = 0;
        for batch in batches {
            let rows = self.codec.encode(&self.keys, &batch, &run.context.eval)?;
            bytes += batch_bytes(&batch) + rows.size();
            self.threshold = rows.iter().last().filter(|_| full).map(|key| key.data().to_vec());
            self.parts.push((tag, batch, rows));
        }
        self.memory.shrink_to(bytes);
        self.memory.grow_to(bytes)
    }

    fn first_rows(&mut self) -> Vec<Batch> {
        let mut parts = std::mem::take(&mut self.parts);
        parts.sort_by_key(|(tag, ..)| *tag);
        let (mut batches, mut keys, mut entries) = (Vec::new(), Vec::new(), Vec::new());
        for ((_, batch, rows), number) in parts.into_iter().zip(0..) {
            entries.extend(Entry::of(&rows, number));
            batches.push(batch);
            keys.push(rows);
        }
        sort_entries(&mut entries, &keys);
        entries.truncate(self.wanted());
        gather(&batches, &entries)
    }
}

/// Merges the workers' first rows and skips the offset.
pub(crate) fn finish_top(
    mut sinks: impl Iterator<Item = TopSink>,
    run: &Run,
) -> diag::Result<Made> {
    let Some(mut all) = sinks.next() else {
        let memory = run.context.governor.reservation("top-n sort");
        return Ok(Made::Batches(Arc::default(), Arc::new(memory)));
    };
    for sink in sinks {
        all.parts.extend(sink.parts);
        all.memory.absorb(sink.memory);
    }
    let mut skip = usize::try_from(all.bounds.offset).unwrap_or(usize::MAX);
    let mut batches = all.first_rows();
    batches.retain_mut(|batch| {
        let drop = skip.min(batch.rows());
        skip -= drop;
        *batch = batch.slice(drop, batch.rows() - drop);
        batch.rows() > 0
    });
    Ok(Made::Batches(Arc::new(batches), Arc::new(all.memory)))
}
