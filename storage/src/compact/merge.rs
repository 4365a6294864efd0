//! Merging runs: one walk in internal order, each version into the segment where it belongs now.
//!
//! A cursor keeps the pages of its block open, so a version is copied column by column without
//! becoming a row. The least cursor goes on for as long as it stays the least: sorted loads and
//! single runs cost one comparison a version, or none.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::CommitId;
use types::encoded::Encoded;

use super::plan::Plan;
use crate::closings::Closing;
use crate::engine::Engine;
use crate::error::Result;
use crate::flush::lifetime_class;
use crate::install::RunWriter;
use crate::run::{BlockTimes, Run};
use crate::schema::TreeSchema;
use crate::segment::{BlockKeys, SegmentWriter, Tier, VersionTimes};

/// Where a version went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) output: u32,
    pub(crate) ordinal: u32,
}

/// The result of a merge.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) runs: Vec<Arc<Run>>,
    /// For each input and each of its ordinals, where the version went.
    pub(crate) moved: Vec<Vec<Moved>>,
}

impl Merged {
    /// Rows in equal rows out: a version that got lost here would be lost for good.
    fn verify(&self, inputs: &[Arc<Run>]) {
        let came: u64 = inputs.iter().map(|run| run.rows()).sum();
        let went: u64 = self.runs.iter().map(|run| run.rows()).sum();
        assert_eq!(came, went, "a merge neither loses nor makes versions");
        let placed = self.moved.iter().flatten().all(|moved| moved.output != u32::MAX);
        assert!(placed, "every version went somewhere");
    }
}

/// A segment being written, and the places to fill in once its number is known.
struct Output {
    writer: SegmentWriter,
    sources: Vec<(u32, u32)>,
    last_key: Vec<u8>,
}

/// What a merge has written so far.
struct Outputs<'a> {
    schema: &'a TreeSchema,
    segment_bytes: usize,
    open: BTreeMap<Tier, Output>,
    writer: RunWriter<'a>,
    moved: Vec<Vec<Moved>>,
}

impl Outputs<'_> {
    /// Returns the output of a tier for a version of `key`; one that is full is finished first.
    fn of_tier(&mut self, tier: Tier, key: &[u8]) -> Result<&mut Output> {
        // A level's runs are disjoint: one is cut only between keys.
        let is_full =
            |output: &Output| output.writer.bytes() >= self.segment_bytes && output.last_key != key;
        if self.open.get(&tier).is_some_and(is_full)
            && let Some(full) = self.open.remove(&tier)
        {
            self.write(full)?;
        }
        Ok(self.open.entry(tier).or_insert_with(|| Output {
            writer: SegmentWriter::new(self.schema, tier),
            sources: Vec::new(),
            last_key: Vec::new(),
        }))
    }

    fn write(&mut self, output: Output) -> Result<()> {
        let number = u32::try_from(self.writer.count()).expect("a merge writes few segments");
        for (ordinal, (input, from)) in (0..).zip(output.sources) {
            self.moved[input as usize][from as usize] = Moved { output: number, ordinal };
        }
        self.writer.add(output.writer.finish())
    }

    fn finish(mut self) -> Result<Merged> {
        for output in std::mem::take(&mut self.open).into_values() {
            self.write(output)?;
        }
        Ok(Merged { runs: self.writer.finish()?, moved: self.moved })
    }
}

/// A place in an input's walk.
struct Cursor<'a> {
    run: &'a Run,
    schema: &'a TreeSchema,
    input: usize,
    block: usize,
    open: OpenBlock,
    at: usize,
    key: Vec<u8>,
}

/// What a walk needs of a block.
struct OpenBlock {
    rows: usize,
    first: u64,
    keys: BlockKeys,
    times: BlockTimes,
    /// The pages of the schema's columns; `None` where the block is older than the column.
    pages: Vec<Option<Arc<Encoded>>>,
    /// Closings when the block was opened, by place in it. Those up to the cut are among them.
    closings: Vec<Closing>,
}

impl OpenBlock {
    fn open(run: &Run, schema: &TreeSchema, at: usize) -> Result<OpenBlock> {
        let block = run.segment.block(at);
        let (rows, first) = (block.rows(), block.first());
        let ordinal = u32::try_from(first).expect("a segment has fewer than 2^32 rows");
        let pages = schema.columns.iter().map(|column| block.column(column.id));
        Ok(OpenBlock {
            rows,
            first,
            keys: run.segment.keys_of(&block)?,
            times: BlockTimes::open(&block)?,
            pages: pages.collect::<Result<_>>()?,
            closings: run.closings.within(ordinal, rows as u32),
        })
    }

    fn closed_at(&self, at: usize) -> CommitId {
        if self.closings.is_empty() {
            return CommitId::MAX;
        }
        let found = self.closings.binary_search_by_key(&at, |closing| closing.ordinal as usize);
        found.map_or(CommitId::MAX, |found| self.closings[found].at)
    }
}

impl<'a> Cursor<'a> {
    fn open(run: &'a Run, schema: &'a TreeSchema, input: usize) -> Result<Cursor<'a>> {
        let open = OpenBlock::open(run, schema, 0)?;
        let mut cursor = Cursor { run, schema, input, block: 0, open, at: 0, key: Vec::new() };
        cursor.open.keys.put(0, &mut cursor.key);
        Ok(cursor)
    }

    /// Returns what cursors are ordered by: the internal key, then the input.
    fn head(&self) -> (&[u8], i64, CommitId, usize) {
        let times = &self.open.times;
        (&self.key, times.valid_from.at(self.at), times.sys_from.commit(self.at), self.input)
    }

    fn ordinal(&self) -> u32 {
        let ordinal = self.open.first + self.at as u64;
        u32::try_from(ordinal).expect("a segment has fewer than 2^32 rows")
    }

    /// Returns where the version's rectangle lies, with the closings that came after it was written.
    fn times(&self) -> VersionTimes {
        let times = &self.open.times;
        VersionTimes {
            sys_from: times.sys_from.commit(self.at),
            sys_to: times.sys_to.commit(self.at).min(self.open.closed_at(self.at)),
            valid_from: times.valid_from.at(self.at),
            valid_to: times.valid_to.at(self.at),
        }
    }

    /// Moves on; false at the end.
    fn advance(&mut self) -> Result<bool> {
        self.at += 1;
        if self.at == self.open.rows {
            self.block += 1;
            self.at = 0;
            if self.block == self.run.segment.block_count() {
                return Ok(false);
            }
            self.open = OpenBlock::open(self.run, self.schema, self.block)?;
        }
        self.open.keys.put(self.at, &mut self.key);
        Ok(true)
    }
}

/// Puts the last of `order` where it belongs: cursors stand in it from the greatest to the least.
fn reorder(order: &mut Vec<usize>, cursors: &[Cursor<'_>]) {
    let Some((&moved, others)) = order.split_last() else { return };
    let head = cursors[moved].head();
    if others.last().is_none_or(|&next| head < cursors[next].head()) {
        return;
    }
    let place = others.partition_point(|&other| cursors[other].head() > head);
    order.pop();
    order.insert(place, moved);
}

/// Merges the inputs of a plan; closings up to `cut` are baked.
pub(crate) fn merge(engine: &Engine, plan: &Plan, cut: CommitId) -> Result<Merged> {
    let schema = &plan.tree.schema;
    let inputs = plan.inputs.iter().enumerate();
    let mut cursors =
        inputs.map(|(at, run)| Cursor::open(run, schema, at)).collect::<Result<Vec<_>>>()?;
    let mut order: Vec<usize> = (0..cursors.len()).collect();
    order.sort_by(|&a, &b| cursors[b].head().cmp(&cursors[a].head()));
    let nowhere = Moved { output: u32::MAX, ordinal: u32::MAX };
    let mut outputs = Outputs {
        schema,
        segment_bytes: engine.options.segment_bytes,
        open: BTreeMap::new(),
        writer: RunWriter::new(engine),
        moved: plan.inputs.iter().map(|run| vec![nowhere; run.rows() as usize]).collect(),
    };
    while let Some(&least) = order.last() {
        let cursor = &mut cursors[least];
        let mut times = cursor.times();
        let tier = if times.sys_to <= cut {
            Tier::History(lifetime_class(times.sys_from, times.sys_to))
        } else {
            times.sys_to = CommitId::MAX;
            plan.target
        };
        let output = outputs.of_tier(tier, &cursor.key)?;
        output.writer.push_pages(&cursor.key, times, &cursor.open.pages, cursor.at);
        output.sources.push((cursor.input as u32, cursor.ordinal()));
        output.last_key.clone_from(&cursor.key);
        if cursor.advance()? {
            reorder(&mut order, &cursors);
        } else {
            order.pop();
        }
    }
    let merged = outputs.finish()?;
    merged.verify(&plan.inputs);
    Ok(merged)
}
