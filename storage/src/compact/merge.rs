//! Merging runs: one walk in internal order, each version into the segment where it belongs now.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use types::CommitId;

use super::plan::Plan;
use crate::error::Result;
use crate::flush::lifetime_class;
use crate::run::{BlockTimes, Run};
use crate::segment::{BlockKeys, FinishedSegment, SegmentWriter, Tier};

/// Where a version went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) output: u32,
    pub(crate) ordinal: u32,
}

/// The result of a merge.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) segments: Vec<FinishedSegment>,
    /// For each input and each of its ordinals, where the version went.
    pub(crate) moved: Vec<Vec<Moved>>,
}

impl Merged {
    fn finish(&mut self, output: Output) {
        let number = self.segments.len() as u32;
        for (ordinal, (input, from)) in (0..).zip(output.sources) {
            self.moved[input as usize][from as usize] = Moved { output: number, ordinal };
        }
        self.segments.push(output.writer.finish());
    }

    /// Rows in equal rows out: a version that got lost here would be lost for good.
    fn verify(&self, inputs: &[Arc<Run>]) {
        let came: u64 = inputs.iter().map(|run| run.rows()).sum();
        let went: u64 = self.segments.iter().map(|segment| segment.meta.rows).sum();
        assert_eq!(came, went, "a merge neither loses nor makes versions");
        let placed = self.moved.iter().flatten().all(|moved| moved.output != u32::MAX);
        assert!(placed, "every version went somewhere");
    }
}

/// A place in an input's walk.
struct Cursor<'a> {
    run: &'a Run,
    input: usize,
    block: usize,
    at: usize,
    keys: BlockKeys,
    times: BlockTimes,
}

/// What the heap orders by: the internal key, then the input.
type Head = Reverse<(Vec<u8>, i64, CommitId, usize)>;

impl<'a> Cursor<'a> {
    fn open(run: &'a Run, input: usize) -> Result<Cursor<'a>> {
        let block = run.segment.block(0);
        let keys = run.segment.keys_of(&block)?;
        Ok(Cursor { run, input, block: 0, at: 0, keys, times: BlockTimes::open(&block)? })
    }

    fn head(&self) -> Head {
        let mut key = Vec::new();
        self.keys.put(self.at, &mut key);
        let (valid_from, sys_from) =
            (self.times.valid_from.at(self.at), self.times.sys_from.commit(self.at));
        Reverse((key, valid_from, sys_from, self.input))
    }

    fn ordinal(&self) -> u32 {
        let ordinal = self.run.segment.block(self.block).first() + self.at as u64;
        u32::try_from(ordinal).expect("a segment has fewer than 2^32 rows")
    }

    /// Moves on; false at the end.
    fn advance(&mut self) -> Result<bool> {
        self.at += 1;
        if self.at < self.run.segment.block(self.block).rows() {
            return Ok(true);
        }
        self.block += 1;
        self.at = 0;
        if self.block == self.run.segment.block_count() {
            return Ok(false);
        }
        let block = self.run.segment.block(self.block);
        self.keys = self.run.segment.keys_of(&block)?;
        self.times = BlockTimes::open(&block)?;
        Ok(true)
    }
}

/// A segment being written, and the places to fill in once its number is known.
struct Output {
    writer: SegmentWriter,
    sources: Vec<(u32, u32)>,
    last_key: Vec<u8>,
}

/// Merges the inputs of a plan; closings up to `cut` are baked.
pub(crate) fn merge(plan: &Plan, cut: CommitId, segment_bytes: usize) -> Result<Merged> {
    let inputs = &plan.inputs;
    let mut cursors = inputs
        .iter()
        .enumerate()
        .map(|(at, run)| Cursor::open(run, at))
        .collect::<Result<Vec<_>>>()?;
    let mut heap: BinaryHeap<Head> = cursors.iter().map(Cursor::head).collect();
    let nowhere = Moved { output: u32::MAX, ordinal: u32::MAX };
    let moved = inputs.iter().map(|run| vec![nowhere; run.rows() as usize]).collect();
    let mut merged = Merged { segments: Vec::new(), moved };
    let mut outputs: BTreeMap<Tier, Output> = BTreeMap::new();
    while let Some(Reverse((key, _, sys_from, input))) = heap.pop() {
        let cursor = &mut cursors[input];
        let ordinal = cursor.ordinal();
        let written_to = cursor.times.sys_to.commit(cursor.at);
        let closed = written_to.min(cursor.run.closed_at(ordinal));
        let (tier, sys_to) = if closed <= cut {
            (Tier::History(lifetime_class(sys_from, closed)), closed)
        } else {
            (plan.target, CommitId::MAX)
        };
        // A level's runs are disjoint: one is cut only between keys.
        let full = outputs
            .get(&tier)
            .is_some_and(|output| output.writer.bytes() >= segment_bytes && output.last_key != key);
        if full && let Some(output) = outputs.remove(&tier) {
            merged.finish(output);
        }
        let output = outputs.entry(tier).or_insert_with(|| Output {
            writer: SegmentWriter::new(&plan.tree.schema, tier),
            sources: Vec::new(),
            last_key: Vec::new(),
        });
        let block = cursor.run.segment.block(cursor.block);
        output.writer.push_from(&key, &block, cursor.at, sys_to)?;
        output.sources.push((input as u32, ordinal));
        output.last_key = key;
        if cursor.advance()? {
            heap.push(cursor.head());
        }
    }
    outputs.into_values().for_each(|output| merged.finish(output));
    merged.verify(inputs);
    Ok(merged)
}
