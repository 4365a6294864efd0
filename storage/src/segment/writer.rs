//! Writes a segment, version by version, in order.

use std::sync::Arc;

use types::CommitId;
use types::encoded::{ColumnBuilder, Encoded};
use types::row::{RowError, RowReader};

use super::block::Block;
use super::directory::{DirectoryWriter, PAGE_ALIGNMENT};
use super::fences::FenceWriter;
use super::meta::{Properties, SegmentMeta, Tier, TimeBounds, TimeColumn, word_of_commit};
use super::sketch::Sketch;
use super::statistics::{self, ColumnStatistics};
use super::{filter, key_hash, tail};
use crate::error::Result;
use crate::schema::TreeSchema;

/// A block ends early when its values take this many bytes, so that wide rows do not make huge pages.
const BLOCK_BYTES_MAX: usize = 4 << 20;
const TIMES: usize = TimeColumn::ALL.len();

/// A version to be written. Times are raw: an open end is [`CommitId::MAX`], valid times may be
/// infinite.
#[derive(Clone, Copy, Debug)]
pub struct VersionRef<'a> {
    /// The memcomparable key, which must be that of the row.
    pub key: &'a [u8],
    /// The row, by `types::row`, in the order of the schema.
    pub row: &'a [u8],
    /// The commit that wrote it.
    pub sys_from: CommitId,
    /// The commit that closed it.
    pub sys_to: CommitId,
    /// First instant at which it holds.
    pub valid_from: i64,
    /// First instant at which it no longer holds.
    pub valid_to: i64,
}

impl VersionRef<'_> {
    fn times(&self) -> [i64; TIMES] {
        [word_of_commit(self.sys_from), word_of_commit(self.sys_to), self.valid_from, self.valid_to]
    }
}

/// Where a version's rectangle lies, raw as in [`VersionRef`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionTimes {
    /// The commit that wrote it.
    pub sys_from: CommitId,
    /// The commit that closed it.
    pub sys_to: CommitId,
    /// First instant at which it holds.
    pub valid_from: i64,
    /// First instant at which it no longer holds.
    pub valid_to: i64,
}

/// A segment's bytes and what the manifest keeps about them.
#[derive(Clone, Debug)]
pub struct FinishedSegment {
    /// The segment, as [`Segment::open`](super::Segment::open) reads it.
    pub bytes: Vec<u8>,
    /// Its properties.
    pub meta: SegmentMeta,
}

/// Collects versions in the order of (key, `valid_from`, `sys_from`) into a segment.
#[derive(Debug)]
pub struct SegmentWriter {
    schema: TreeSchema,
    tier: Tier,
    block_rows: usize,
    /// The columns of the block being filled, then its four times.
    block: Vec<ColumnBuilder>,
    bytes: Vec<u8>,
    directory: DirectoryWriter,
    fences: FenceWriter,
    hashes: Vec<u64>,
    statistics: Vec<(ColumnStatistics, Sketch)>,
    rows: u64,
    open_rows: u64,
    times: [TimeBounds; TIMES],
    first_key: Vec<u8>,
    /// The key and times of the last version, to check the order.
    last: Option<(Vec<u8>, i64, i64)>,
}

impl SegmentWriter {
    /// Returns a writer of a segment of `schema`'s tree for `tier`.
    pub fn new(schema: &TreeSchema, tier: Tier) -> SegmentWriter {
        let columns = schema.columns.iter().map(|column| column.ty.unlimited());
        let types: Vec<_> = columns.chain(TimeColumn::ALL.map(TimeColumn::data_type)).collect();
        let unknown = ColumnStatistics {
            nulls: 0,
            distinct: 0,
            min: types::Value::Null,
            max: types::Value::Null,
        };
        SegmentWriter {
            schema: schema.clone(),
            tier,
            block_rows: tier.block_rows(),
            block: types.iter().map(|ty| ColumnBuilder::new(*ty)).collect(),
            bytes: Vec::new(),
            directory: DirectoryWriter::new(types.iter().copied()),
            fences: FenceWriter::default(),
            hashes: Vec::new(),
            statistics: vec![(unknown, Sketch::new()); schema.columns.len()],
            rows: 0,
            open_rows: 0,
            times: [TimeBounds::NONE; TIMES],
            first_key: Vec::new(),
            last: None,
        }
    }

    /// Returns the number of versions pushed.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns about how many bytes the segment has so far, without its sections.
    pub fn bytes(&self) -> usize {
        self.bytes.len() + self.block.iter().map(ColumnBuilder::bytes).sum::<usize>() / 4
    }

    /// Adds a version.
    ///
    /// # Errors
    /// If the row's bytes are no row of the schema; the writer is then of no further use.
    ///
    /// # Panics
    /// If the version does not come after the one before it.
    pub fn push(&mut self, version: &VersionRef<'_>) -> std::result::Result<(), RowError> {
        self.start_row(version.key, version.times());
        let mut row = RowReader::new(version.row)?;
        for (column, builder) in self.schema.columns.iter().zip(&mut self.block) {
            builder.push_ref(row.next(column.ty)?);
        }
        row.finish()?;
        self.end_row();
        Ok(())
    }

    /// Adds a version of another segment of the same tree, whose end is now `sys_to`, without making
    /// values of its columns. Columns that the other segment lacks become NULL.
    ///
    /// # Errors
    /// If the other segment is damaged; the writer is then of no further use.
    ///
    /// # Panics
    /// If the version does not come after the one before it, or `at` is not a row of `block`.
    pub fn push_from(
        &mut self,
        key: &[u8],
        block: &Block<'_>,
        at: usize,
        sys_to: CommitId,
    ) -> Result<()> {
        let times = VersionTimes {
            sys_from: block.times(TimeColumn::SysFrom)?.commit(at),
            sys_to,
            valid_from: block.times(TimeColumn::ValidFrom)?.at(at),
            valid_to: block.times(TimeColumn::ValidTo)?.at(at),
        };
        let pages = self.schema.columns.iter().map(|column| block.column(column.id));
        let pages = pages.collect::<Result<Vec<_>>>()?;
        self.push_pages(key, times, &pages, at);
        Ok(())
    }

    /// Adds row `at` of pages that a caller keeps open for all rows of a block: one a column of the
    /// schema, `None` where the block lacks the column.
    ///
    /// # Panics
    /// If the version does not come after the one before it, or `at` is not a row of the pages.
    pub(crate) fn push_pages(
        &mut self,
        key: &[u8],
        times: VersionTimes,
        pages: &[Option<Arc<Encoded>>],
        at: usize,
    ) {
        let VersionTimes { sys_from, sys_to, valid_from, valid_to } = times;
        let commits = [word_of_commit(sys_from), word_of_commit(sys_to)];
        self.start_row(key, [commits[0], commits[1], valid_from, valid_to]);
        for (page, builder) in pages.iter().zip(&mut self.block) {
            match page {
                Some(page) => builder.push_from(page, at),
                None => builder.push_null(),
            }
        }
        self.end_row();
    }

    /// Checks the order and takes what is kept about the key and the times.
    fn start_row(&mut self, key: &[u8], times: [i64; TIMES]) {
        let [sys_from, sys_to, valid_from, _] = times;
        let new_key = match &mut self.last {
            None => {
                self.first_key = key.to_vec();
                self.last = Some((key.to_vec(), valid_from, sys_from));
                true
            }
            Some((last_key, last_valid, last_sys)) => {
                let last = (last_key.as_slice(), *last_valid, *last_sys);
                assert!(last < (key, valid_from, sys_from), "versions come in order");
                let new_key = last_key.as_slice() != key;
                if new_key {
                    last_key.clear();
                    last_key.extend(key);
                }
                (*last_valid, *last_sys) = (valid_from, sys_from);
                new_key
            }
        };
        if new_key {
            self.hashes.push(key_hash(key));
        }
        if self.block[0].rows() == 0 {
            self.fences.add(key);
        }
        self.open_rows += u64::from(sys_to == TimeColumn::SysTo.unbounded());
        let columns = self.schema.columns.len();
        for (at, (column, time)) in TimeColumn::ALL.into_iter().zip(times).enumerate() {
            self.times[at].add(time);
            let builder = &mut self.block[columns + at];
            if time == column.unbounded() { builder.push_null() } else { builder.push_word(time) }
        }
    }

    fn end_row(&mut self) {
        self.rows += 1;
        let rows = self.block[0].rows();
        // Asked every so often: summing up all columns for each row would cost more than the row.
        let wide = || self.block.iter().map(ColumnBuilder::bytes).sum::<usize>() > BLOCK_BYTES_MAX;
        if rows == self.block_rows || rows.is_multiple_of(16) && wide() {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        let columns = self.schema.columns.len();
        self.directory.end_block(self.block[0].rows());
        for (at, builder) in self.block.iter_mut().enumerate() {
            if at < columns {
                let sketch = &mut self.statistics[at].1;
                builder.hashes().for_each(|hash| sketch.add(hash));
            }
            let page = builder.finish();
            self.directory.add(at, self.bytes.len(), &page);
            self.bytes.extend(&page.bytes);
            self.bytes.resize(self.bytes.len().next_multiple_of(PAGE_ALIGNMENT), 0);
            if at < columns {
                self.statistics[at].0.add(&page, builder.data_type());
            }
        }
    }

    /// Returns the segment of all versions pushed.
    ///
    /// # Panics
    /// If there are none.
    pub fn finish(mut self) -> FinishedSegment {
        if self.block[0].rows() > 0 {
            self.end_block();
        }
        let (last_key, ..) = self.last.take().expect("a segment has versions");
        let meta = SegmentMeta {
            tree: self.schema.id,
            tier: self.tier,
            rows: self.rows,
            open_rows: self.open_rows,
            bytes: 0,
            first_key: self.first_key,
            last_key,
            times: self.times,
        };
        let mut properties = Properties::of(&self.schema, meta);
        let statistics: Vec<_> = self.statistics.into_iter().map(with_distinct).collect();
        let sections = [
            filter::build(self.hashes),
            self.fences.finish(),
            self.directory.finish(),
            statistics::to_bytes(&properties.columns, &statistics),
            properties.to_bytes(),
        ];
        let mut bytes = self.bytes;
        tail::put_sections(&mut bytes, sections);
        properties.meta.bytes = bytes.len() as u64;
        FinishedSegment { bytes, meta: properties.meta }
    }
}

fn with_distinct((statistics, sketch): (ColumnStatistics, Sketch)) -> ColumnStatistics {
    ColumnStatistics { distinct: sketch.estimate(), ..statistics }
}
