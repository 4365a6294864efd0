//! Segments: immutable, key-sorted sections of a file, one tree and tier each.
//!
//! Rows are versions in the order of (key, `valid_from`, `sys_from`), cut into blocks; a block holds
//! each column as one page (`types::encoded`), the four bounds of the version's rectangle among them.
//! A row's **ordinal** is its place in the segment; closings name it. Key columns are ordinary pages:
//! key bytes are rebuilt when asked for (`Segment::key_at`), and a look-up compares typed values in
//! place, which needs neither a copy of the key nor its bytes.
//!
//! Beside the blocks lie five sections, each with its own checksum: a filter over whole keys, the
//! fences (the first key of each block), the directory (where each page is, its checksum and zone),
//! statistics, and properties. [`Segment::open`] checks them all; a page is checked on its first use
//! and stays open. Whatever the bytes are, the answer is right rows or [`Error::Corrupt`], never a
//! panic. Byte tables: docs/formats/segment.md.

mod block;
mod directory;
mod fences;
mod fields;
mod filter;
mod find;
mod meta;
mod sketch;
mod statistics;
mod tail;
#[cfg(test)]
pub(crate) mod tests;
mod writer;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow_buffer::Buffer;
use types::encoded::Encoded;
use types::{ColumnId, DataType};

use crate::error::{Error, Result};

pub use block::{Block, PageZone, Times};
pub use filter::key_hash;
pub use find::BlockKeys;
pub use meta::{SegmentMeta, Tier, TimeBounds, TimeColumn};
pub use statistics::ColumnStatistics;
pub use writer::{FinishedSegment, SegmentWriter, VersionRef, VersionTimes};

use directory::Directory;
use fences::Fences;
use filter::Filter;
use meta::Properties;
use tail::Tail;

/// A column of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredColumn {
    pub(crate) id: ColumnId,
    pub(crate) ty: DataType,
}

/// A column of the key: which stored column, and its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyPart {
    pub(crate) column: usize,
    pub(crate) descending: bool,
}

/// Where a segment's bytes are, for errors.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    file: Arc<Path>,
    start: u64,
}

impl Origin {
    /// Returns the error of wrong bytes at `at` of the segment.
    fn corrupt(&self, at: usize, expected: &'static str, found: impl ToString) -> Error {
        let offset = self.start + at as u64;
        Error::corrupt(self.file.as_ref(), offset, expected, found.to_string())
    }

    /// Checks bytes that lie at `at`.
    fn check_crc(&self, at: usize, bytes: &[u8], expected: u32) -> Result<()> {
        let found = crc32fast::hash(bytes);
        if found == expected {
            return Ok(());
        }
        let offset = self.start + at as u64;
        let (expected, found) = (format!("checksum {expected:08x}"), format!("{found:08x}"));
        Err(Error::corrupt(self.file.as_ref(), offset, expected, found))
    }
}

/// An open segment. Shared between readers; pages open on first use.
#[derive(Debug)]
pub struct Segment {
    origin: Origin,
    bytes: Buffer,
    meta: SegmentMeta,
    columns: Vec<StoredColumn>,
    key: Vec<KeyPart>,
    directory: Directory,
    fences: Fences,
    filter: Filter,
    statistics: Vec<ColumnStatistics>,
    /// Open pages, block by block, in each block column by column.
    pages: Box<[OnceLock<Arc<Encoded>>]>,
}

impl Segment {
    /// Opens the segment whose bytes are `bytes`, from byte `start` of `file`.
    ///
    /// Reads the sections, not the blocks.
    /// # Errors
    /// [`Error::Corrupt`] if a section is not what was written.
    pub fn open(file: Arc<Path>, start: u64, bytes: Buffer) -> Result<Segment> {
        let origin = Origin { file, start };
        let tail = Tail::read(&origin, &bytes)?;
        let properties = Properties::read(&origin, &tail.properties, bytes.len())?;
        let Properties { meta, columns, key } = properties;
        let types: Vec<DataType> = stored_types(&columns).collect();
        let directory = Directory::read(&origin, &tail.directory, &types, &meta, &tail)?;
        let fences = Fences::read(&origin, &tail.fences, directory.blocks())?;
        let filter = Filter::read(&origin, &tail.filter)?;
        let statistics = statistics::read(&origin, &tail.statistics, &columns, meta.rows)?;
        let pages = (0..directory.blocks() * types.len()).map(|_| OnceLock::new()).collect();
        Ok(Segment {
            origin,
            bytes,
            meta,
            columns,
            key,
            directory,
            fences,
            filter,
            statistics,
            pages,
        })
    }

    /// Returns what the manifest keeps about the segment.
    pub fn meta(&self) -> &SegmentMeta {
        &self.meta
    }

    /// Returns the number of versions.
    pub fn rows(&self) -> u64 {
        self.meta.rows
    }

    /// Returns the number of blocks.
    pub fn block_count(&self) -> usize {
        self.directory.blocks()
    }

    /// Returns a block.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn block(&self, at: usize) -> Block<'_> {
        assert!(at < self.block_count(), "block {at} of {}", self.block_count());
        Block::new(self, at)
    }

    /// Returns the block that holds a row.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn block_of(&self, ordinal: u64) -> Block<'_> {
        assert!(ordinal < self.rows(), "row {ordinal} of {}", self.rows());
        self.block(self.directory.block_of(ordinal))
    }

    /// Returns the ids and types of the columns that the segment has; text has no limit here.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (ColumnId, DataType)> + '_ {
        self.columns.iter().map(|column| (column.id, column.ty))
    }

    /// Returns the statistics of a column; `None` if the segment has no such column.
    pub fn statistics(&self, column: ColumnId) -> Option<&ColumnStatistics> {
        self.position(column).map(|at| &self.statistics[at])
    }

    /// Reads every page and checks it against its checksum, its own structure and its zone.
    ///
    /// # Errors
    /// [`Error::Corrupt`] at the first page that is not what was written.
    pub fn verify(&self) -> Result<()> {
        (0..self.block_count()).try_for_each(|at| self.block(at).verify())
    }

    fn position(&self, column: ColumnId) -> Option<usize> {
        self.columns.iter().position(|stored| stored.id == column)
    }

    fn key_types(&self) -> Vec<(DataType, bool)> {
        self.key.iter().map(|part| (self.columns[part.column].ty, part.descending)).collect()
    }

    fn type_at(&self, column: usize) -> DataType {
        self.columns.get(column).map_or_else(
            || TimeColumn::ALL[column - self.columns.len()].data_type(),
            |stored| stored.ty,
        )
    }

    /// Returns an open page, checked on the first call.
    fn page(&self, block: usize, column: usize) -> Result<Arc<Encoded>> {
        let slot = &self.pages[block * self.directory.columns() + column];
        if let Some(page) = slot.get() {
            return Ok(Arc::clone(page));
        }
        let page = Arc::new(self.open_page(block, column)?);
        Ok(Arc::clone(slot.get_or_init(|| page)))
    }

    fn open_page(&self, block: usize, column: usize) -> Result<Encoded> {
        let entry = self.directory.entry(block, column);
        let bytes = self.bytes.slice_with_length(entry.offset, entry.len);
        self.origin.check_crc(entry.offset, &bytes, entry.crc)?;
        let page = Encoded::open(self.type_at(column), &bytes).map_err(|error| {
            self.origin.corrupt(entry.offset + error.at, error.expected, error.found)
        })?;
        if page.rows() != self.directory.rows(block) {
            return Err(self.origin.corrupt(entry.offset, "a row count", page.rows()));
        }
        if page.null_count() != entry.nulls {
            return Err(self.origin.corrupt(entry.offset, "a NULL count", page.null_count()));
        }
        Ok(page)
    }
}

/// Returns the types of all pages of a block, in order: the columns, then the four time bounds.
fn stored_types(columns: &[StoredColumn]) -> impl Iterator<Item = DataType> + '_ {
    let times = TimeColumn::ALL.into_iter().map(TimeColumn::data_type);
    columns.iter().map(|column| column.ty).chain(times)
}
