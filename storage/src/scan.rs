//! Scans: a tree's versions as unordered morsels of batches.
//!
//! A scan is planned once, over one Version: every memtable, run and transaction overlay that may
//! hold an answer is cut into slices of about 64 k rows, which any thread may read in any order.
//! Predicates and visibility are applied before a batch leaves; `scan/visible.rs` is the rule.

mod blocks;
mod columns;
pub(crate) mod memory;
pub(crate) mod predicate;
pub(crate) mod request;
pub(crate) mod rows;
pub(crate) mod visible;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use types::encoded::Encoded;
use types::{BATCH_ROWS, Batch, ColumnId, IntegerSet, Mask};

use crate::error::Result;
use blocks::RunReader;
pub(crate) use blocks::RunSlice;
use memory::{HiddenKeys, MemoryReader, MemorySlice, pending_batches};
use rows::RowPlan;

/// Rows of a morsel, about.
pub(crate) const MORSEL_ROWS: usize = 32 * BATCH_ROWS;

/// An integer column whose rows a later join keeps only if the set holds their value.
///
/// The scan may drop a row that the set does not hold, and need not.
#[derive(Debug)]
pub struct Member {
    column: ColumnId,
    set: Arc<IntegerSet>,
    tested: AtomicU64,
    kept: AtomicU64,
}

impl Member {
    /// Returns a filter of `column`, whose type [`IntegerSet::takes`].
    pub fn new(column: ColumnId, set: Arc<IntegerSet>) -> Member {
        Member { column, set, tested: AtomicU64::new(0), kept: AtomicU64::new(0) }
    }

    /// False once the set has turned out to drop next to nothing.
    pub(crate) fn is_worth_asking(&self) -> bool {
        let tested = self.tested.load(Ordering::Relaxed);
        tested < MORSEL_ROWS as u64 || self.kept.load(Ordering::Relaxed) < tested / 8 * 7
    }

    /// Returns the rows of `among` that the set may hold.
    pub(crate) fn keep(&self, page: &Encoded, among: &Mask) -> Mask {
        let kept = page.members(&self.set, among);
        Counters::add(&self.tested, among.count_set_bits());
        Counters::add(&self.kept, kept.count_set_bits());
        kept
    }
}

/// What a scan has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCounters {
    /// Blocks of the runs that the scan's slices cover.
    pub blocks_total: u64,
    /// Blocks passed over because their zone maps exclude every row.
    pub blocks_skipped: u64,
    /// Blocks read whose rows were all visible, so that none was asked.
    pub blocks_all_visible: u64,
    /// Rows looked at.
    pub rows_visited: u64,
    /// Rows given out.
    pub rows_out: u64,
    /// Encoded bytes of the columns read.
    pub bytes_encoded: u64,
}

/// Counters that the readers of a scan share.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) blocks_total: AtomicU64,
    pub(crate) blocks_skipped: AtomicU64,
    pub(crate) blocks_all_visible: AtomicU64,
    pub(crate) rows_visited: AtomicU64,
    pub(crate) rows_out: AtomicU64,
    pub(crate) bytes_encoded: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}

/// A part of a scan that one thread reads.
#[derive(Debug)]
pub(crate) enum Slice {
    Memory(MemorySlice),
    Run(RunSlice),
    Pending { plan: Arc<RowPlan>, rows: Vec<crate::overlay::PendingRow> },
}

/// A planned scan. Threads share it and read different morsels.
#[derive(Debug)]
pub struct Scan {
    pub(crate) plan: Arc<RowPlan>,
    pub(crate) hidden: Arc<HiddenKeys>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) members: Arc<[Member]>,
}

impl Scan {
    /// Lets the scan drop rows that are in none of these sets.
    pub fn restrict(&mut self, members: Vec<Member>) {
        self.members = members.into();
    }

    /// Returns the number of morsels; they are numbered from 0.
    pub fn morsels(&self) -> usize {
        self.slices.len()
    }

    /// Reads a morsel: batches of at most 2,048 rows, in no order that means anything.
    ///
    /// # Panics
    /// If there is no such morsel.
    pub fn read(&self, morsel: usize) -> MorselReader {
        let source = match &self.slices[morsel] {
            Slice::Memory(slice) => MorselSource::Memory(MemoryReader::new(
                Arc::clone(&self.plan),
                Arc::clone(&self.hidden),
                slice.clone(),
            )),
            Slice::Run(slice) => MorselSource::Run(RunReader::new(
                Arc::clone(&self.plan),
                slice.clone(),
                Arc::clone(&self.counters),
                Arc::clone(&self.members),
            )),
            Slice::Pending { plan, rows } => {
                MorselSource::Pending(pending_batches(plan, rows).into_iter())
            }
        };
        MorselReader { source, counters: Arc::clone(&self.counters) }
    }

    /// Returns what has been read so far, by all threads.
    pub fn counters(&self) -> ScanCounters {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ScanCounters {
            blocks_total: get(&self.counters.blocks_total),
            blocks_skipped: get(&self.counters.blocks_skipped),
            blocks_all_visible: get(&self.counters.blocks_all_visible),
            rows_visited: get(&self.counters.rows_visited),
            rows_out: get(&self.counters.rows_out),
            bytes_encoded: get(&self.counters.bytes_encoded),
        }
    }
}

enum MorselSource {
    Memory(MemoryReader),
    Run(RunReader),
    Pending(std::vec::IntoIter<Batch>),
}

/// The batches of one morsel.
pub struct MorselReader {
    source: MorselSource,
    counters: Arc<Counters>,
}

impl fmt::Debug for MorselReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MorselReader")
    }
}

impl Iterator for MorselReader {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Result<Batch>> {
        let batch = match &mut self.source {
            MorselSource::Memory(reader) => reader.next_batch().map(|(batch, visited)| {
                Counters::add(&self.counters.rows_visited, visited);
                Ok(batch)
            }),
            MorselSource::Run(reader) => reader.next_batch(),
            MorselSource::Pending(batches) => batches.next().map(Ok),
        };
        if let Some(Ok(batch)) = &batch {
            Counters::add(&self.counters.rows_out, batch.rows());
        }
        batch
    }
}
