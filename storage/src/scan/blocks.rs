//! Reading runs: a block at a time, compared and counted while it is still encoded.
//!
//! Zone maps and bounds pass over whole blocks; what is left becomes a mask of the rows that are
//! seen and pass, and only those are decoded. A block whose bounds are all inside of the window,
//! without closings that the reader knows, is not asked about visibility at all.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, new_null_array};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};
use types::encoded::{Comparison, Verdict};
use types::{BATCH_ROWS, Batch, ColumnId, CommitId, Mask};

use super::columns::ColumnBuilder;
use super::predicate::passes;
use super::request::{Predicate, PredicateOp, ScanColumn};
use super::rows::RowPlan;
use super::visible::Window;
use super::{Counters, Member};
use crate::error::Result;
use crate::run::{BlockTimes, Run, block_bounds};
use crate::segment::Block;

/// Some blocks of a run, and the ordinals within them that the key range allows.
#[derive(Clone, Debug)]
pub(crate) struct RunSlice {
    pub(crate) run: Arc<Run>,
    pub(crate) blocks: Range<usize>,
    pub(crate) ordinals: Range<u64>,
    /// Ordinals that a transaction has closed, sorted.
    pub(crate) hidden: Arc<Vec<u32>>,
}

/// Reads a slice, batch by batch.
#[derive(Debug)]
pub(crate) struct RunReader {
    plan: Arc<RowPlan>,
    slice: RunSlice,
    counters: Arc<Counters>,
    members: Arc<[Member]>,
    /// What is left of the block that was read last.
    rest: Option<Batch>,
}

impl RunReader {
    pub(crate) fn new(
        plan: Arc<RowPlan>,
        slice: RunSlice,
        counters: Arc<Counters>,
        members: Arc<[Member]>,
    ) -> RunReader {
        RunReader { plan, slice, counters, members, rest: None }
    }

    pub(crate) fn next_batch(&mut self) -> Option<Result<Batch>> {
        loop {
            if let Some(rest) = self.rest.take() {
                return Some(Ok(self.cut(rest)));
            }
            let at = self.slice.blocks.next()?;
            match self.read_block(at) {
                Ok(batch) => self.rest = batch,
                Err(error) => {
                    self.slice.blocks = 0..0;
                    return Some(Err(error));
                }
            }
        }
    }

    /// Blocks of runs at rest are longer than a batch.
    fn cut(&mut self, batch: Batch) -> Batch {
        if batch.rows() <= BATCH_ROWS {
            return batch;
        }
        self.rest = Some(batch.slice(BATCH_ROWS, batch.rows() - BATCH_ROWS));
        batch.slice(0, BATCH_ROWS)
    }

    fn read_block(&self, at: usize) -> Result<Option<Batch>> {
        let run = Arc::clone(&self.slice.run);
        let block = run.segment.block(at);
        Counters::add(&self.counters.blocks_total, 1);
        let Some(predicates) = self.left_by_zones(&block) else {
            Counters::add(&self.counters.blocks_skipped, 1);
            return Ok(None);
        };
        Counters::add(&self.counters.rows_visited, block.rows());
        let mut mask = self.visible(&block)?;
        for predicate in predicates {
            if mask.count_set_bits() == 0 {
                return Ok(None);
            }
            mask = &mask & &self.passing(&block, predicate, &mask)?;
        }
        for member in self.members.iter().filter(|member| member.is_worth_asking()) {
            if mask.count_set_bits() == 0 {
                return Ok(None);
            }
            // A column that the run lacks is NULL, and no set holds that.
            let Some(page) = block.column(member.column)? else { return Ok(None) };
            self.count_bytes(&block, member.column);
            mask = member.keep(&page, &mask);
        }
        let rows = mask.count_set_bits();
        if rows == 0 {
            return Ok(None);
        }
        let columns = self.plan.columns.iter().enumerate();
        let columns =
            columns.map(|(column, _)| self.column(&block, column, &mask)).collect::<Result<_>>()?;
        Ok(Some(Batch::new(columns, rows)))
    }

    /// Returns the predicates that zone maps leave open; `None` if they leave no row.
    fn left_by_zones<'a>(&'a self, block: &Block<'_>) -> Option<Vec<&'a Predicate>> {
        if !self.plan.window.may_see(&block_bounds(block)) {
            return None;
        }
        let mut left = Vec::new();
        for predicate in &self.plan.predicates {
            match verdict(block, predicate) {
                Verdict::None => return None,
                Verdict::All => {}
                Verdict::Some => left.push(predicate),
            }
        }
        Some(left)
    }

    /// Returns the mask of the rows that the reader sees.
    fn visible(&self, block: &Block<'_>) -> Result<Mask> {
        let window = &self.plan.window;
        let rows = block.rows();
        let first = u32::try_from(block.first()).expect("a segment has fewer than 2^32 rows");
        let all = window.sees_all(&block_bounds(block));
        let mut mask =
            if all { BooleanBuffer::new_set(rows) } else { seen_by_bounds(block, window)? };
        let ended = self.slice.run.closings.ended(first, rows as u32, window);
        let untouched = ended.is_none() && self.slice.hidden.is_empty();
        if all && untouched {
            Counters::add(&self.counters.blocks_all_visible, 1);
        }
        if let Some(ended) = ended {
            mask = without(&mask, ended.into_iter());
        }
        if !self.slice.hidden.is_empty() {
            let hidden = &self.slice.hidden;
            let from = hidden.partition_point(|&ordinal| ordinal < first);
            let here = hidden[from..].iter().map(|&ordinal| ordinal - first);
            mask = without(&mask, here.take_while(|&at| (at as usize) < rows));
        }
        Ok(self.within_range(block, mask))
    }

    fn within_range(&self, block: &Block<'_>, mask: Mask) -> Mask {
        let (wanted, has) = (&self.slice.ordinals, block.ordinals());
        if wanted.start <= has.start && has.end <= wanted.end {
            return mask;
        }
        let inside = BooleanBuffer::collect_bool(block.rows(), |at| {
            wanted.contains(&(has.start + at as u64))
        });
        &mask & &inside
    }

    /// Returns a mask that is right for the rows in `among`.
    fn passing(&self, block: &Block<'_>, predicate: &Predicate, among: &Mask) -> Result<Mask> {
        let ScanColumn::Stored(id) = predicate.column else {
            return self.passing_bounds(block, predicate, among);
        };
        let Some(page) = block.column(id)? else {
            let passes = predicate.op == PredicateOp::IsNull;
            return Ok(if passes { among.clone() } else { BooleanBuffer::new_unset(block.rows()) });
        };
        self.count_bytes(block, id);
        Ok(match comparison(predicate.op) {
            Some(op) => match predicate.values.first() {
                Some(value) => page.compare(op, value),
                None => BooleanBuffer::new_unset(block.rows()),
            },
            None => match predicate.op {
                PredicateOp::IsNull => page.null(),
                PredicateOp::IsNotNull => page.not_null(),
                _ => page.any_of(&predicate.values),
            },
        })
    }

    /// A version's end depends on closings and snapshot, so its bounds are asked row by row.
    fn passing_bounds(
        &self,
        block: &Block<'_>,
        predicate: &Predicate,
        among: &Mask,
    ) -> Result<Mask> {
        let times = BlockTimes::open(block)?;
        let ends = self.ends(block);
        Ok(BooleanBuffer::collect_bool(block.rows(), |at| {
            among.value(at) && {
                let version = times.rectangle(at, ends.at(at));
                passes(predicate, self.plan.bound(predicate.column, version))
            }
        }))
    }

    fn column(&self, block: &Block<'_>, column: usize, mask: &Mask) -> Result<ArrayRef> {
        match self.plan.columns[column] {
            ScanColumn::Stored(id) => match block.column(id)? {
                Some(page) => {
                    self.count_bytes(block, id);
                    Ok(page.decode_selected(mask))
                }
                None => {
                    let data_type = self.plan.types[column].arrow();
                    Ok(new_null_array(&data_type, mask.count_set_bits()))
                }
            },
            ScanColumn::CommitFrom => Ok(BlockTimes::open(block)?.sys_from.decode_selected(mask)),
            ScanColumn::ValidFrom => Ok(BlockTimes::open(block)?.valid_from.decode_selected(mask)),
            ScanColumn::ValidTo => Ok(BlockTimes::open(block)?.valid_to.decode_selected(mask)),
            bound @ (ScanColumn::CommitTo | ScanColumn::SystemFrom | ScanColumn::SystemTo) => {
                self.bound_column(block, column, bound, mask)
            }
        }
    }

    fn bound_column(
        &self,
        block: &Block<'_>,
        column: usize,
        bound: ScanColumn,
        mask: &Mask,
    ) -> Result<ArrayRef> {
        let times = BlockTimes::open(block)?;
        let ends = self.ends(block);
        let mut builder = ColumnBuilder::new(self.plan.types[column], mask.count_set_bits());
        for at in mask.set_indices() {
            builder.push(self.plan.bound(bound, times.rectangle(at, ends.at(at))));
        }
        Ok(builder.finish())
    }

    fn ends(&self, block: &Block<'_>) -> Ends {
        let first = u32::try_from(block.first()).expect("a segment has fewer than 2^32 rows");
        Ends(self.slice.run.closings.within(first, block.rows() as u32))
    }

    fn count_bytes(&self, block: &Block<'_>, column: ColumnId) {
        let bytes = block.zone(column).map_or(0, |zone| zone.bytes);
        Counters::add(&self.counters.bytes_encoded, bytes);
    }
}

/// The ends of a block's versions that came after it was written.
struct Ends(Vec<crate::closings::Closing>);

impl Ends {
    fn at(&self, at: usize) -> CommitId {
        let found = self.0.binary_search_by_key(&at, |closing| closing.ordinal as usize);
        found.map_or(CommitId::MAX, |found| self.0[found].at)
    }
}

fn comparison(op: PredicateOp) -> Option<Comparison> {
    match op {
        PredicateOp::Eq => Some(Comparison::Eq),
        PredicateOp::Ne => Some(Comparison::Ne),
        PredicateOp::Lt => Some(Comparison::Lt),
        PredicateOp::Le => Some(Comparison::Le),
        PredicateOp::Gt => Some(Comparison::Gt),
        PredicateOp::Ge => Some(Comparison::Ge),
        PredicateOp::IsNull | PredicateOp::IsNotNull | PredicateOp::In => None,
    }
}

/// Returns what a block's zone map says of a predicate, NULLs included.
fn verdict(block: &Block<'_>, predicate: &Predicate) -> Verdict {
    let ScanColumn::Stored(id) = predicate.column else { return Verdict::Some };
    let Some(page) = block.zone(id) else {
        return if predicate.op == PredicateOp::IsNull { Verdict::All } else { Verdict::None };
    };
    let of_values = |op, value| match page.zone {
        None => Verdict::None,
        Some(zone) => match zone.verdict(page.ty, op, value) {
            Verdict::All if page.nulls > 0 => Verdict::Some,
            verdict => verdict,
        },
    };
    let of_nulls = |nulls: usize| match nulls {
        0 => Verdict::None,
        nulls if nulls == page.rows => Verdict::All,
        _ => Verdict::Some,
    };
    match (predicate.op, comparison(predicate.op)) {
        (PredicateOp::IsNull, _) => of_nulls(page.nulls),
        (PredicateOp::IsNotNull, _) => of_nulls(page.rows - page.nulls),
        (_, Some(op)) => {
            predicate.values.first().map_or(Verdict::None, |value| of_values(op, value))
        }
        (_, None) => {
            let none = |value| of_values(Comparison::Eq, value) == Verdict::None;
            if predicate.values.iter().all(none) { Verdict::None } else { Verdict::Some }
        }
    }
}

/// Applies the window to the bounds that the block holds; closings come on top.
fn seen_by_bounds(block: &Block<'_>, window: &Window) -> Result<Mask> {
    let times = BlockTimes::open(block)?;
    let bounds = block_bounds(block);
    let mut mask = BooleanBuffer::new_set(block.rows());
    if bounds.sys_from.1 > window.known_by {
        mask = &mask & &times.sys_from.compare(Comparison::Le, word(window.known_by));
    }
    if !window.sees_until(bounds.sys_to.0) {
        let least = window.known_after.min(window.snapshot);
        mask = &mask & &times.sys_to.compare(Comparison::Gt, word(least));
    }
    if bounds.valid_from.1 > window.true_by {
        mask = &mask & &times.valid_from.compare(Comparison::Le, window.true_by);
    }
    if bounds.valid_to.0 <= window.true_after {
        mask = &mask & &times.valid_to.compare(Comparison::Gt, window.true_after);
    }
    Ok(mask)
}

fn word(commit: CommitId) -> i64 {
    i64::try_from(commit.0).unwrap_or(i64::MAX)
}

fn without(mask: &Mask, rows: impl Iterator<Item = u32>) -> Mask {
    let mut builder = BooleanBufferBuilder::new(mask.len());
    builder.append_buffer(mask);
    rows.for_each(|at| builder.set_bit(at as usize, false));
    builder.finish()
}
