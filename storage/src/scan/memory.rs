//! Reading memtables: a page of versions under the shard's lock, then batches without it.

use std::collections::HashSet;
use std::ops::Bound;
use std::sync::Arc;

use types::{BATCH_ROWS, Batch, CommitId};

use super::request::KeySpan;
use super::rows::{BatchBuilder, RowPlan};
use super::visible::Rectangle;
use crate::PENDING;
use crate::memtable::MemTree;
use crate::overlay::PendingRow;

/// Versions of memtables that a transaction has closed, by internal key.
pub(crate) type HiddenKeys = HashSet<Vec<u8>>;

/// A part of one tree in one shard of a memtable.
#[derive(Clone, Debug)]
pub(crate) struct MemorySlice {
    pub(crate) tree: Arc<MemTree>,
    /// Internal keys: from, and up to but not including.
    pub(crate) span: KeySpan,
}

/// Cuts a tree of a memtable into slices of about `rows` versions.
pub(crate) fn slices(tree: &Arc<MemTree>, span: &KeySpan, rows: usize) -> Vec<MemorySlice> {
    let mut fences: Vec<Box<[u8]>> =
        if tree.count() > rows + rows / 2 { tree.fences(rows) } else { Vec::new() };
    fences.retain(|fence| {
        span.start.as_slice() < &**fence && span.end.as_ref().is_none_or(|end| **fence < **end)
    });
    let mut start = span.start.clone();
    let mut slices = Vec::with_capacity(fences.len() + 1);
    for fence in fences {
        let end = fence.into_vec();
        let span = KeySpan { start: std::mem::replace(&mut start, end.clone()), end: Some(end) };
        slices.push(MemorySlice { tree: Arc::clone(tree), span });
    }
    slices.push(MemorySlice {
        tree: Arc::clone(tree),
        span: KeySpan { start, end: span.end.clone() },
    });
    slices
}

/// Reads a slice, batch by batch.
#[derive(Debug)]
pub(crate) struct MemoryReader {
    plan: Arc<RowPlan>,
    hidden: Arc<HiddenKeys>,
    slice: MemorySlice,
    /// The last internal key read.
    last: Option<Box<[u8]>>,
    done: bool,
}

impl MemoryReader {
    pub(crate) fn new(
        plan: Arc<RowPlan>,
        hidden: Arc<HiddenKeys>,
        slice: MemorySlice,
    ) -> MemoryReader {
        MemoryReader { plan, hidden, slice, last: None, done: false }
    }

    /// Returns the next batch and the number of versions looked at; `None` at the end.
    pub(crate) fn next_batch(&mut self) -> Option<(Batch, usize)> {
        let mut builder = BatchBuilder::new(&self.plan);
        let mut visited = 0;
        while !self.done && builder.is_empty() {
            let lower = match &self.last {
                Some(last) => Bound::Excluded(&**last),
                None => Bound::Included(self.slice.span.start.as_slice()),
            };
            let upper = self.slice.span.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let hidden =
                |internal: &[u8]| !self.hidden.is_empty() && self.hidden.contains(internal);
            let page = self.slice.tree.entries(lower, upper, BATCH_ROWS, hidden);
            visited += page.visited;
            self.done = page.visited < BATCH_ROWS;
            let mut values = Vec::new();
            for entry in &page.versions {
                builder.push(&self.plan, entry.rectangle(), &entry.row, &mut values);
            }
            self.last = page.last;
        }
        (!builder.is_empty()).then(|| (builder.finish(), visited))
    }
}

/// Turns a transaction's own rows into batches.
pub(crate) fn pending_batches(plan: &RowPlan, rows: &[PendingRow]) -> Vec<Batch> {
    let mut builder = BatchBuilder::new(plan);
    let mut batches = Vec::new();
    let mut values = Vec::new();
    for row in rows {
        builder.push(plan, pending_rectangle(row, plan), &row.row, &mut values);
        if builder.is_full() {
            batches.push(builder.finish());
        }
    }
    if !builder.is_empty() {
        batches.push(builder.finish());
    }
    batches
}

/// Own rows are seen whatever the snapshot; only valid time decides. They show as [`PENDING`].
fn pending_rectangle(row: &PendingRow, plan: &RowPlan) -> Rectangle {
    debug_assert!(plan.window.known_by == PENDING, "own rows are read through an own window");
    Rectangle { sys_from: PENDING, sys_to: CommitId::MAX, valid: row.valid }
}
