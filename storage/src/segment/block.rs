//! A block: some thousand versions, each column one page, opened when asked for.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Int64Array, TimestampMicrosecondArray, cast::AsArray,
    types::TimestampMicrosecondType,
};
use types::encoded::{Comparison, Encoded, Zone};
use types::{ColumnId, CommitId, DataType, Mask, Timestamp, Value};

use super::Segment;
use super::meta::{TimeBounds, TimeColumn, commit_of_word};
use crate::error::Result;

/// A block of a segment.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    segment: &'a Segment,
    at: usize,
}

/// What the directory knows of a page without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageZone {
    /// Rows, NULLs included.
    pub rows: usize,
    /// NULLs.
    pub nulls: usize,
    /// The type, which gives the zone its meaning.
    pub ty: DataType,
    /// Where the values lie; `None` if all are NULL.
    pub zone: Option<Zone>,
    /// Bytes of the page.
    pub bytes: usize,
}

impl<'a> Block<'a> {
    pub(super) fn new(segment: &'a Segment, at: usize) -> Block<'a> {
        Block { segment, at }
    }

    /// Returns the block's place in the segment.
    pub fn index(&self) -> usize {
        self.at
    }

    /// Returns the number of versions.
    pub fn rows(&self) -> usize {
        self.segment.directory.rows(self.at)
    }

    /// Returns the ordinal of the first version.
    pub fn first(&self) -> u64 {
        self.segment.directory.first(self.at)
    }

    /// Returns the ordinals of the block's versions.
    pub fn ordinals(&self) -> Range<u64> {
        self.first()..self.first() + self.rows() as u64
    }

    /// Returns the memcomparable key of the first version.
    pub fn first_key(&self) -> &'a [u8] {
        self.segment.fences.key(self.at)
    }

    /// Returns a column's page; `None` if the segment was written before the column was added.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the page is not what was written.
    pub fn column(&self, column: ColumnId) -> Result<Option<Arc<Encoded>>> {
        self.segment.position(column).map(|at| self.page(at)).transpose()
    }

    /// Returns what is known of a column without opening it; `None` if the segment has none such.
    pub fn zone(&self, column: ColumnId) -> Option<PageZone> {
        self.segment.position(column).map(|at| self.zone_at(at))
    }

    /// Returns one of the four bounds of the versions.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if the page is not what was written.
    pub fn times(&self, column: TimeColumn) -> Result<Times> {
        let page = self.page(self.time_position(column))?;
        Ok(Times { page, column })
    }

    /// Returns the least and greatest of a time bound, without opening its page.
    pub fn time_bounds(&self, column: TimeColumn) -> TimeBounds {
        let PageZone { nulls, zone, .. } = self.zone_at(self.time_position(column));
        let mut bounds = TimeBounds::NONE;
        if let Some(Zone { min, max }) = zone {
            bounds.add(time_of_mark(min));
            bounds.add(time_of_mark(max));
        }
        if nulls > 0 {
            bounds.add(column.unbounded());
        }
        bounds
    }

    /// Returns the bytes that the block's pages take.
    pub fn bytes(&self) -> usize {
        (0..self.segment.directory.columns()).map(|column| self.zone_at(column).bytes).sum()
    }

    /// Reads every page and checks it against the directory.
    pub(super) fn verify(&self) -> Result<()> {
        for column in 0..self.segment.directory.columns() {
            let wanted = self.zone_at(column).zone;
            if self.page(column)?.zone() != wanted {
                let offset = self.segment.directory.entry(self.at, column).offset;
                return Err(self.segment.origin.corrupt(offset, "values in their zone", "others"));
            }
        }
        Ok(())
    }

    pub(super) fn page(&self, column: usize) -> Result<Arc<Encoded>> {
        self.segment.page(self.at, column)
    }

    fn time_position(&self, column: TimeColumn) -> usize {
        self.segment.columns.len() + column as usize
    }

    fn zone_at(&self, column: usize) -> PageZone {
        let entry = self.segment.directory.entry(self.at, column);
        let rows = self.rows();
        PageZone {
            rows,
            nulls: entry.nulls,
            ty: self.segment.type_at(column),
            zone: (entry.nulls < rows).then_some(entry.zone),
            bytes: entry.len,
        }
    }
}

/// Undoes the mark of a time, which is the time with its sign bit flipped.
fn time_of_mark(mark: u128) -> i64 {
    (mark as u64 ^ 1 << 63).cast_signed()
}

/// One of the four bounds of a block's versions, still encoded.
///
/// Words: commit ids as they are and `i64::MAX` for open; valid times in microseconds, the
/// infinities as `i64::MIN` and `i64::MAX`.
#[derive(Clone, Debug)]
pub struct Times {
    page: Arc<Encoded>,
    column: TimeColumn,
}

impl Times {
    /// Returns the time of row `at`.
    #[inline]
    pub fn at(&self, at: usize) -> i64 {
        if self.page.is_null(at) { self.column.unbounded() } else { self.page.word(at) }
    }

    /// Returns the commit of row `at`; [`CommitId::MAX`] if it is open.
    #[inline]
    pub fn commit(&self, at: usize) -> CommitId {
        commit_of_word(self.at(at))
    }

    /// Returns the time of all rows, if it is one.
    pub fn constant(&self) -> Option<i64> {
        match self.page.constant()? {
            Value::Int64(time) | Value::Timestamp(Timestamp(time)) => Some(time),
            _ => Some(self.column.unbounded()),
        }
    }

    /// Returns the rows whose time compares so with `time`.
    pub fn compare(&self, op: Comparison, time: i64) -> Mask {
        let value = match self.column.data_type() {
            DataType::Timestamp => Value::Timestamp(Timestamp(time)),
            _ => Value::Int64(time),
        };
        let bounded = self.page.compare(op, &value);
        if self.page.null_count() > 0 && op.accepts(self.column.unbounded().cmp(&time)) {
            &bounded | &self.page.null()
        } else {
            bounded
        }
    }

    /// Returns the page: commit ids as `BIGINT`, valid times as `TIMESTAMP`, NULL where unbounded.
    pub fn encoded(&self) -> &Arc<Encoded> {
        &self.page
    }

    /// Returns rows as words, `BIGINT` for commits and `TIMESTAMP` for valid times, without NULLs.
    pub fn decode(&self, range: Range<usize>) -> ArrayRef {
        self.fill(self.page.decode(range))
    }

    /// Returns the rows whose bit is set, in order, as [`Times::decode`] does.
    pub fn decode_selected(&self, mask: &Mask) -> ArrayRef {
        self.fill(self.page.decode_selected(mask))
    }

    fn fill(&self, array: ArrayRef) -> ArrayRef {
        let unbounded = self.column.unbounded();
        if array.null_count() == 0 {
            return array;
        }
        match self.column {
            TimeColumn::SysFrom | TimeColumn::SysTo => {
                let commits = array.as_primitive::<arrow_array::types::Int64Type>();
                let filled = commits.iter().map(|commit| commit.unwrap_or(unbounded));
                Arc::new(Int64Array::from_iter_values(filled))
            }
            TimeColumn::ValidFrom | TimeColumn::ValidTo => {
                let times = array.as_primitive::<TimestampMicrosecondType>();
                let filled = times.iter().map(|time| time.unwrap_or(unbounded));
                Arc::new(TimestampMicrosecondArray::from_iter_values(filled))
            }
        }
    }
}
