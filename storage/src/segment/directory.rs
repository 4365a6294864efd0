//! The directory: where each page is, its checksum, its NULLs and its zone.
//!
//! Entries of one column lie together, block after block, so that skipping by a predicate walks
//! neighbours. They are read where they lie.

use arrow_buffer::Buffer;
use types::DataType;
use types::encoded::{Page, Zone};

use super::meta::SegmentMeta;
use super::tail::{Section, Tail};
use super::{Origin, fields::Fields};
use crate::error::Result;

/// Bytes of an entry before its two marks.
pub(super) const ENTRY_HEAD_BYTES: usize = 16;
/// Pages start at multiples of this; their offsets count it.
pub(super) const PAGE_ALIGNMENT: usize = 8;

/// Where a page is and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) offset: usize,
    pub(super) len: usize,
    pub(super) crc: u32,
    pub(super) nulls: usize,
    pub(super) zone: Zone,
}

/// The directory of a segment, every entry proved to lie inside.
#[derive(Debug)]
pub(super) struct Directory {
    bytes: Buffer,
    /// The ordinal of each block's first row, and the number of rows at the end.
    firsts: Vec<u64>,
    columns: Vec<Column>,
}

#[derive(Clone, Copy, Debug)]
struct Column {
    at: usize,
    mark_bytes: usize,
}

impl Column {
    fn entry_bytes(self) -> usize {
        ENTRY_HEAD_BYTES + 2 * self.mark_bytes
    }
}

impl Directory {
    pub(super) fn read(
        origin: &Origin,
        section: &Section,
        types: &[DataType],
        meta: &SegmentMeta,
        tail: &Tail,
    ) -> Result<Directory> {
        let wrong = |expected| origin.corrupt(section.at, expected, section.bytes.len());
        let mut fields = Fields::new(&section.bytes);
        let blocks = fields.count(8).ok_or_else(|| wrong("a count of blocks"))?;
        fields.u32().ok_or_else(|| wrong("a whole head"))?;
        let firsts = (0..=blocks).map(|_| fields.u64()).collect::<Option<Vec<_>>>();
        let firsts = firsts.ok_or_else(|| wrong("the first row of each block"))?;
        let rising = firsts.is_sorted_by(|left, right| left < right);
        if !rising || firsts[0] != 0 || firsts[blocks] != meta.rows {
            return Err(wrong("blocks that rise to the last row"));
        }
        let mut at = 8 + 8 * firsts.len();
        let columns = types.iter().map(|ty| {
            let column = Column { at, mark_bytes: Zone::mark_bytes(*ty) };
            at += blocks * column.entry_bytes();
            column
        });
        let columns = columns.collect();
        if at != section.bytes.len() {
            return Err(wrong("an entry a page"));
        }
        let directory = Directory { bytes: section.bytes.clone(), firsts, columns };
        directory.check(origin, section.at, tail.filter.at)?;
        Ok(directory)
    }

    fn check(&self, origin: &Origin, at: usize, blocks_end: usize) -> Result<()> {
        for block in 0..self.blocks() {
            for column in 0..self.columns() {
                let entry = self.entry(block, column);
                if entry.offset.checked_add(entry.len).is_none_or(|end| end > blocks_end) {
                    return Err(origin.corrupt(at, "pages before the sections", entry.offset));
                }
            }
        }
        Ok(())
    }

    pub(super) fn blocks(&self) -> usize {
        self.firsts.len() - 1
    }

    /// Returns the pages of a block.
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn first(&self, block: usize) -> u64 {
        self.firsts[block]
    }

    pub(super) fn rows(&self, block: usize) -> usize {
        (self.firsts[block + 1] - self.firsts[block]) as usize
    }

    pub(super) fn block_of(&self, ordinal: u64) -> usize {
        self.firsts.partition_point(|first| *first <= ordinal) - 1
    }

    pub(super) fn entry(&self, block: usize, column: usize) -> Entry {
        let place = self.columns[column];
        let at = place.at + block * place.entry_bytes();
        let mut fields = Fields::new(&self.bytes[at..at + place.entry_bytes()]);
        let mut number = || fields.u32().expect("an entry has its length");
        let (offset, len, crc, nulls) = (number(), number(), number(), number());
        let mut mark = || match place.mark_bytes {
            8 => u128::from(fields.u64().expect("an entry has its length")),
            _ => u128::from_le_bytes(fields.array().expect("an entry has its length")),
        };
        Entry {
            offset: offset as usize * PAGE_ALIGNMENT,
            len: len as usize,
            crc,
            nulls: nulls as usize,
            zone: Zone { min: mark(), max: mark() },
        }
    }
}

/// Collects the directory while blocks are written.
#[derive(Debug)]
pub(super) struct DirectoryWriter {
    firsts: Vec<u64>,
    columns: Vec<(usize, Vec<u8>)>,
}

impl DirectoryWriter {
    pub(super) fn new(types: impl Iterator<Item = DataType>) -> DirectoryWriter {
        let columns = types.map(|ty| (Zone::mark_bytes(ty), Vec::new())).collect();
        DirectoryWriter { firsts: vec![0], columns }
    }

    pub(super) fn end_block(&mut self, rows: usize) {
        let first = self.firsts.last().expect("the first block starts at 0");
        self.firsts.push(first + rows as u64);
    }

    pub(super) fn add(&mut self, column: usize, offset: usize, page: &Page) {
        let (mark_bytes, out) = &mut self.columns[column];
        let zone = page.zone.unwrap_or(Zone { min: 0, max: 0 });
        let number = |number: usize| u32::try_from(number).expect("a segment is below 32 GiB");
        out.extend(number(offset / PAGE_ALIGNMENT).to_le_bytes());
        out.extend(number(page.bytes.len()).to_le_bytes());
        out.extend(crc32fast::hash(&page.bytes).to_le_bytes());
        out.extend(number(page.nulls).to_le_bytes());
        for mark in [zone.min, zone.max] {
            out.extend(&mark.to_le_bytes()[..*mark_bytes]);
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        let blocks = u32::try_from(self.firsts.len() - 1).expect("blocks are counted in 32 bits");
        let mut out = blocks.to_le_bytes().to_vec();
        out.extend([0; 4]);
        out.extend(self.firsts.iter().flat_map(|first| first.to_le_bytes()));
        self.columns.into_iter().for_each(|(_, entries)| out.extend(entries));
        out
    }
}
