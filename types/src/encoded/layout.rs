//! The five encodings as views over a page, and the proof that a page is sound.

use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

use super::entries::{ByteEntries, Entries, form_tag};
use super::physical::Form;
use super::{Encoded, PAGE_HEADER_BYTES, PageError};
use crate::kernel::{self, GROUP};
use crate::{DataType, Mask};

/// The most rows of a page.
pub(super) const PAGE_ROWS_MAX: usize = 1 << 20;

pub(super) const TAG_CONSTANT: u8 = 0;
pub(super) const TAG_RUNS: u8 = 1;
pub(super) const TAG_DICTIONARY: u8 = 2;
pub(super) const TAG_FRAME: u8 = 3;
pub(super) const TAG_PLAIN: u8 = 4;

/// How the rows of a page find their values.
#[derive(Clone)]
pub(super) enum Layout {
    /// All rows are entry 0.
    Constant(Entries),
    /// Row `r` is the first entry whose end is above `r`.
    Runs {
        /// The row after each run, u32.
        ends: Buffer,
        /// A value a run.
        entries: Entries,
    },
    /// Row `r` is the entry that its code names. Entries are sorted.
    Dictionary {
        /// A code a row.
        codes: Packed,
        /// The distinct values.
        entries: Entries,
    },
    /// Row `r` is `base` + its code.
    Frame {
        /// The least value.
        base: i128,
        /// A code a row.
        codes: Packed,
    },
    /// Row `r` is entry `r`.
    Plain(Entries),
}

impl Layout {
    /// Returns the entry of row `at`.
    ///
    /// # Panics
    /// For a frame, which has no entries.
    #[inline]
    pub(super) fn place(&self, at: usize) -> usize {
        match self {
            Layout::Constant(_) => 0,
            Layout::Runs { ends, .. } => run_of(ends, at),
            Layout::Dictionary { codes, .. } => codes.get(at) as usize,
            Layout::Frame { .. } => panic!("a frame has no entries"),
            Layout::Plain(_) => at,
        }
    }
}

/// Returns the ends of runs as numbers.
pub(super) fn run_ends(ends: &Buffer) -> impl ExactSizeIterator<Item = usize> + '_ {
    ends.as_chunks::<4>().0.iter().map(|end| u32::from_le_bytes(*end) as usize)
}

/// Returns the run that holds row `at`.
pub(super) fn run_of(ends: &Buffer, at: usize) -> usize {
    ends.as_chunks::<4>().0.partition_point(|end| u32::from_le_bytes(*end) as usize <= at)
}

/// Bit-packed numbers: see `kernel` for their layout.
#[derive(Clone)]
pub(super) struct Packed {
    bytes: Buffer,
    width: u8,
    len: usize,
}

impl Packed {
    #[inline]
    pub(super) fn get(&self, at: usize) -> u64 {
        kernel::code(&self.bytes, self.width, at)
    }

    /// Returns `base + code` of rows from `from`, and how many leading numbers to skip.
    pub(super) fn unpack<T: kernel::Native>(
        &self,
        base: i64,
        from: usize,
        to: usize,
    ) -> (Vec<T>, usize) {
        let first = from / GROUP * GROUP;
        let mut out = vec![T::default(); (to - first).div_ceil(GROUP) * GROUP];
        kernel::unpack(&self.bytes, self.width, base, first, &mut out);
        (out, from - first)
    }

    /// Returns numbers of at most 32 bits.
    pub(super) fn unpack_u32(&self, from: usize, to: usize) -> Vec<u32> {
        let (mut numbers, skip) = self.unpack::<u32>(0, from, to);
        numbers.truncate(skip + to - from);
        if skip > 0 {
            numbers.drain(..skip);
        }
        numbers
    }

    /// Returns the greatest number that this width can hold.
    pub(super) fn most(&self) -> u64 {
        if self.width == 0 { 0 } else { u64::MAX >> (64 - self.width) }
    }

    /// Returns the rows whose code lies in `[low, high]`.
    pub(super) fn in_range(&self, low: u64, high: u64) -> Mask {
        let mut words = vec![0_u32; self.len.div_ceil(GROUP)];
        if low <= high {
            kernel::in_range(&self.bytes, self.width, low, high - low, &mut words);
        }
        BooleanBuffer::new(Buffer::from_vec(words), 0, self.len)
    }
}

/// Cuts a page into parts, each padded to 8 bytes.
struct Parts<'a> {
    page: &'a Buffer,
    at: usize,
}

impl Parts<'_> {
    fn next(&mut self, bytes: usize) -> Result<Buffer, PageError> {
        let left = self.page.len() - self.at;
        let padded = bytes.next_multiple_of(8);
        if padded > left {
            return Err(self.error("a whole page", left));
        }
        let part = self.page.slice_with_length(self.at, bytes);
        self.at += padded;
        Ok(part)
    }

    fn packed(&mut self, len: usize, width: u8) -> Result<Packed, PageError> {
        if width > 64 {
            return Err(self.error("at most 64 bits a code", usize::from(width)));
        }
        Ok(Packed { bytes: self.next(kernel::packed_bytes(len, width))?, width, len })
    }

    fn error(&self, expected: &'static str, found: usize) -> PageError {
        PageError { at: self.at, expected, found: found as u64 }
    }
}

/// The header of a page, as read.
struct Header {
    tag: u8,
    width: u8,
    validity: bool,
    rows: usize,
    nulls: usize,
    entries: usize,
    string_bytes: usize,
    offset_width: u8,
    base: i128,
}

fn header(ty: DataType, page: &Buffer) -> Result<Header, PageError> {
    let Some((head, _)) = page.split_first_chunk::<PAGE_HEADER_BYTES>() else {
        return Err(PageError { at: 0, expected: "a page header", found: page.len() as u64 });
    };
    let u32_at = |at: usize| {
        u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize
    };
    let (_, base) = head.split_last_chunk::<16>().expect("the header is longer than a base");
    let header = Header {
        tag: head[0],
        width: head[2],
        validity: head[3] == 1,
        rows: u32_at(4),
        nulls: u32_at(8),
        entries: u32_at(12),
        string_bytes: u32_at(16),
        offset_width: head[20],
        base: i128::from_le_bytes(*base),
    };
    let check = |holds: bool, at, expected, found: usize| {
        if holds { Ok(()) } else { Err(PageError { at, expected, found: found as u64 }) }
    };
    let form = form_tag(Form::of(ty));
    check(head[1] == form, 1, "entries of the column's form", usize::from(head[1]))?;
    check(head[3] <= 1, 3, "0 or 1", usize::from(head[3]))?;
    check(head[21..24] == [0, 0, 0], 21, "zeros", 1)?;
    check(header.rows <= PAGE_ROWS_MAX, 4, "at most a million rows", header.rows)?;
    check(header.nulls <= header.rows, 8, "no more NULLs than rows", header.nulls)?;
    check(header.validity == (header.nulls > 0), 3, "a bitmap only with NULLs", header.nulls)?;
    check(header.offset_width <= 32, 20, "at most 32 bits an offset", header.offset_width.into())?;
    Ok(header)
}

pub(super) fn open(ty: DataType, page: &Buffer) -> Result<Encoded, PageError> {
    let header = header(ty, page)?;
    let mut parts = Parts { page, at: PAGE_HEADER_BYTES };
    let validity = if header.validity { Some(validity(&header, &mut parts)?) } else { None };
    let layout = layout(ty, &header, &mut parts)?;
    if parts.at != page.len() {
        return Err(parts.error("the end of the page", page.len()));
    }
    Ok(Encoded { ty, rows: header.rows, validity, layout })
}

fn validity(header: &Header, parts: &mut Parts<'_>) -> Result<NullBuffer, PageError> {
    let bits = parts.next(header.rows.div_ceil(64) * 8)?;
    let validity = NullBuffer::new(BooleanBuffer::new(bits, 0, header.rows));
    if validity.null_count() == header.nulls {
        Ok(validity)
    } else {
        Err(parts.error("as many NULLs as the header says", validity.null_count()))
    }
}

fn layout(ty: DataType, header: &Header, parts: &mut Parts<'_>) -> Result<Layout, PageError> {
    let wanted = |holds: bool, expected| {
        if holds {
            Ok(())
        } else {
            Err(PageError { at: 12, expected, found: header.entries as u64 })
        }
    };
    match header.tag {
        TAG_CONSTANT => {
            wanted(header.entries == 1, "one entry")?;
            Ok(Layout::Constant(entries(ty, header, parts)?))
        }
        TAG_RUNS => {
            wanted(header.entries <= header.rows, "no more runs than rows")?;
            let entries = entries(ty, header, parts)?;
            Ok(Layout::Runs { ends: ends(header, parts)?, entries })
        }
        TAG_DICTIONARY => {
            wanted(header.entries > 0, "entries")?;
            wanted(header.entries <= header.rows, "no more entries than rows")?;
            let entries = entries(ty, header, parts)?;
            Ok(Layout::Dictionary { codes: codes(header, parts)?, entries })
        }
        TAG_FRAME => {
            wanted(header.entries == 0, "no entries in a frame")?;
            wanted(Form::of(ty) != Form::Bytes, "numbers in a frame")?;
            wanted(ty != DataType::Interval, "no intervals in a frame")?;
            let codes = parts.packed(header.rows, header.width)?;
            Ok(Layout::Frame { base: header.base, codes })
        }
        TAG_PLAIN => {
            wanted(header.entries == header.rows, "an entry a row")?;
            Ok(Layout::Plain(entries(ty, header, parts)?))
        }
        tag => Err(PageError { at: 0, expected: "a known encoding", found: u64::from(tag) }),
    }
}

fn entries(ty: DataType, header: &Header, parts: &mut Parts<'_>) -> Result<Entries, PageError> {
    match Form::of(ty) {
        Form::Words => Ok(Entries::Words(parts.next(header.entries * 8)?)),
        Form::Wides => Ok(Entries::Wides(parts.next(header.entries * 16)?)),
        Form::Bytes => {
            let at = parts.at;
            let offsets = parts.packed(header.entries + 1, header.offset_width)?;
            let bytes = parts.next(header.string_bytes)?;
            let text = ty.is_text() || ty == DataType::Json;
            let strings = ByteEntries::open(offsets, bytes, header.entries, text, at)?;
            Ok(Entries::Bytes(strings))
        }
    }
}

fn ends(header: &Header, parts: &mut Parts<'_>) -> Result<Buffer, PageError> {
    let ends = parts.next(header.entries * 4)?;
    let rising = run_ends(&ends).is_sorted_by(|left, right| left < right);
    let last = run_ends(&ends).last().unwrap_or(0);
    if rising && last == header.rows {
        Ok(ends)
    } else {
        Err(parts.error("runs that rise to the last row", last))
    }
}

fn codes(header: &Header, parts: &mut Parts<'_>) -> Result<Packed, PageError> {
    let codes = parts.packed(header.rows, header.width)?;
    if header.width > 32 {
        return Err(parts.error("at most 32 bits a dictionary code", usize::from(header.width)));
    }
    let entries = header.entries as u64;
    if codes.most() < entries || codes.in_range(0, entries - 1).count_set_bits() == header.rows {
        Ok(codes)
    } else {
        Err(parts.error("codes of the dictionary's entries", header.entries))
    }
}
