//! Encoded columns: how the values of one column of one block lie in bytes, and how to ask them.
//!
//! A **page** is one column of one block. It is read where it lies: any single value in constant time
//! (runs: a binary search), a range or a selection into an Arrow array, and a comparison with a
//! constant without decoding at all. [`Encoded::open`] proves every offset, code and string of a page
//! once; afterwards nothing can go out of bounds, whatever bytes the page was made of.
//!
//! Values come in three physical forms, by type ([`physical`]): **words** (i64: booleans, integers,
//! dates, timestamps, decimals up to 18 digits, and floats mapped to integers of the same order),
//! **wides** (i128: longer decimals, intervals) and **bytes** (text, JSON, blobs). A NULL takes a slot
//! like any value; a bitmap says which slots are real.
//!
//! # Bytes of a page (all integers little-endian)
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | encoding: 0 constant, 1 runs, 2 dictionary, 3 frame, 4 plain |
//! | 1 | 1 | form of the entries: 0 words, 1 wides, 2 bytes |
//! | 2 | 1 | bits of a code (dictionary and frame), else 0 |
//! | 3 | 1 | 1 if a validity bitmap follows, else 0 |
//! | 4 | 4 | rows |
//! | 8 | 4 | NULLs |
//! | 12 | 4 | entries: 1 constant, number of runs, of distinct values, of rows (plain), 0 (frame) |
//! | 16 | 4 | bytes of all byte entries together, else 0 |
//! | 20 | 1 | bits of a byte entry's offset, else 0 |
//! | 21 | 3 | zero |
//! | 24 | 16 | base of a frame (i128), else 0 |
//! | 40 | | validity bitmap: ⌈rows / 64⌉ × 8, a set bit is a value; absent without NULLs |
//! | | | entries: words 8 each; wides 16 each; bytes: packed offsets (entries + 1), then the bytes |
//! | | | runs: the row after each run, 4 each |
//! | | | dictionary, frame: packed codes, one a row |
//!
//! Each part is padded with zeros to 8 bytes. Packed numbers are laid out as `kernel` says.
//! A frame's value is base + code. A dictionary is sorted, so that a comparison becomes one range of
//! codes.

mod build;
mod choose;
mod compare;
mod decode;
mod entries;
mod layout;
mod physical;
#[cfg(test)]
mod tests;
mod zone;

use std::fmt;

use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

pub use crate::kernel::STRIPE_BYTES;
pub use build::{ColumnBuilder, Page};
pub use compare::Comparison;
pub(crate) use entries::ByteEntries;
use layout::Layout;
pub use zone::{Verdict, Zone};

use crate::{DataType, Value};

/// Bytes of a page's header.
pub const PAGE_HEADER_BYTES: usize = 40;

/// What is wrong with the bytes of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("page damaged at byte {at}: expected {expected}, found {found}")]
pub struct PageError {
    /// Where in the page.
    pub at: usize,
    /// What should be there.
    pub expected: &'static str,
    /// What is there.
    pub found: u64,
}

/// A column of a block, still encoded. Cheap to clone: the bytes are shared.
#[derive(Clone)]
pub struct Encoded {
    ty: DataType,
    rows: usize,
    validity: Option<NullBuffer>,
    layout: Layout,
}

impl Encoded {
    /// Returns the page of a column of type `ty`, every part of it checked.
    ///
    /// Takes time in proportion to the page, about as long as its checksum.
    /// # Errors
    /// If anything in the page points outside of it, or is not what `ty` asks for.
    pub fn open(ty: DataType, page: &Buffer) -> Result<Encoded, PageError> {
        layout::open(ty, page)
    }

    /// Returns the type of the column.
    pub fn data_type(&self) -> DataType {
        self.ty
    }

    /// Returns the number of rows, NULLs included.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of NULLs.
    pub fn null_count(&self) -> usize {
        self.validity.as_ref().map_or(0, NullBuffer::null_count)
    }

    /// Returns which rows are not NULL; `None` if none is.
    pub fn validity(&self) -> Option<&NullBuffer> {
        self.validity.as_ref()
    }

    /// Returns the name of the encoding, for people.
    pub fn encoding(&self) -> &'static str {
        match self.layout {
            Layout::Constant(_) => "constant",
            Layout::Runs { .. } => "runs",
            Layout::Dictionary { .. } => "dictionary",
            Layout::Frame { .. } => "frame",
            Layout::Plain(_) => "plain",
        }
    }

    /// True if row `at` is NULL.
    ///
    /// # Panics
    /// If `at` is not a row.
    pub fn is_null(&self, at: usize) -> bool {
        assert!(at < self.rows, "row {at} of {}", self.rows);
        self.validity.as_ref().is_some_and(|validity| validity.is_null(at))
    }

    /// Returns the value of row `at`.
    ///
    /// # Panics
    /// If `at` is not a row.
    pub fn value(&self, at: usize) -> Value {
        if self.is_null(at) {
            return Value::Null;
        }
        match &self.layout {
            Layout::Frame { base, codes } => {
                physical::value_of_frame(self.ty, base.wrapping_add(i128::from(codes.get(at))))
            }
            Layout::Constant(entries)
            | Layout::Runs { entries, .. }
            | Layout::Dictionary { entries, .. }
            | Layout::Plain(entries) => entries.value(self.ty, self.layout.place(at)),
        }
    }

    /// Returns the word of row `at` for columns of words: integers, dates, timestamps and commit ids
    /// as they are. A NULL's word is arbitrary.
    ///
    /// # Panics
    /// If `at` is not a row, or the column is not of words.
    #[inline]
    pub fn word(&self, at: usize) -> i64 {
        assert!(at < self.rows, "row {at} of {}", self.rows);
        match &self.layout {
            Layout::Frame { base, codes } => (*base as i64).wrapping_add(codes.get(at) as i64),
            Layout::Constant(entries)
            | Layout::Runs { entries, .. }
            | Layout::Dictionary { entries, .. }
            | Layout::Plain(entries) => entries.word(self.layout.place(at)),
        }
    }

    /// Returns the bytes of row `at` for columns of text, JSON and blobs. A NULL's are arbitrary.
    ///
    /// # Panics
    /// If `at` is not a row, or the column is not of bytes.
    pub fn bytes(&self, at: usize) -> &[u8] {
        assert!(at < self.rows, "row {at} of {}", self.rows);
        match &self.layout {
            Layout::Frame { .. } => panic!("a frame holds numbers"),
            Layout::Constant(entries)
            | Layout::Runs { entries, .. }
            | Layout::Dictionary { entries, .. }
            | Layout::Plain(entries) => entries.bytes(self.layout.place(at)),
        }
    }

    /// Returns the same answer for every row if the page holds one value only (or only NULL).
    pub fn constant(&self) -> Option<Value> {
        if self.null_count() == self.rows {
            return Some(Value::Null);
        }
        match &self.layout {
            Layout::Constant(_) if self.validity.is_none() => Some(self.value(0)),
            Layout::Constant(_)
            | Layout::Runs { .. }
            | Layout::Dictionary { .. }
            | Layout::Frame { .. }
            | Layout::Plain(_) => None,
        }
    }

    /// Returns how row `at` stands to `value` in the order of ascending keys (`types::key`): NULL after
    /// all, intervals of equal length by their months and days.
    ///
    /// # Panics
    /// If `at` is not a row, or `value` is not of the column's type.
    pub fn key_order(&self, at: usize, value: &Value) -> std::cmp::Ordering {
        compare::key_order(self, at, value)
    }

    fn mask_validity(&self, mask: BooleanBuffer) -> BooleanBuffer {
        match &self.validity {
            Some(validity) => &mask & validity.inner(),
            None => mask,
        }
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("type", &self.ty)
            .field("encoding", &self.encoding())
            .field("rows", &self.rows)
            .field("nulls", &self.null_count())
            .finish_non_exhaustive()
    }
}
