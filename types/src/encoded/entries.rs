//! Flat arrays of values: the entries of a dictionary, of runs, of a plain page.

use std::cmp::Ordering;
use std::ops::Range;

use arrow_buffer::Buffer;

use super::PageError;
use super::layout::Packed;
use super::physical::{self, Form, Slot};
use crate::{DataType, Value};

/// Values in their physical form, in a shared buffer.
#[derive(Clone)]
pub(super) enum Entries {
    /// i64, 8 bytes each.
    Words(Buffer),
    /// i128, 16 bytes each.
    Wides(Buffer),
    /// Strings.
    Bytes(ByteEntries),
}

impl Entries {
    #[inline]
    pub(super) fn word(&self, at: usize) -> i64 {
        match self {
            Entries::Words(words) => i64::from_le_bytes(words.as_chunks::<8>().0[at]),
            Entries::Wides(_) | Entries::Bytes(_) => panic!("entries of another form"),
        }
    }

    pub(super) fn wide(&self, at: usize) -> i128 {
        match self {
            Entries::Wides(wides) => i128::from_le_bytes(wides.as_chunks::<16>().0[at]),
            Entries::Words(_) | Entries::Bytes(_) => panic!("entries of another form"),
        }
    }

    pub(super) fn bytes(&self, at: usize) -> &[u8] {
        self.strings().get(at)
    }

    pub(super) fn strings(&self) -> &ByteEntries {
        match self {
            Entries::Bytes(strings) => strings,
            Entries::Words(_) | Entries::Wides(_) => panic!("entries of another form"),
        }
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        match self {
            Entries::Words(words) => words.len() / 8,
            Entries::Wides(wides) => wides.len() / 16,
            Entries::Bytes(strings) => strings.len,
        }
    }

    pub(super) fn value(&self, ty: DataType, at: usize) -> Value {
        match self {
            Entries::Words(_) => physical::value_of_word(ty, self.word(at)),
            Entries::Wides(_) => physical::value_of_wide(ty, self.wide(at)),
            Entries::Bytes(strings) => physical::value_of_bytes(ty, strings.get(at)),
        }
    }

    pub(super) fn slot(&self, at: usize) -> Slot<'_> {
        match self {
            Entries::Words(_) => Slot::Word(self.word(at)),
            Entries::Wides(_) => Slot::Wide(self.wide(at)),
            Entries::Bytes(strings) => Slot::Bytes(strings.get(at)),
        }
    }

    /// Returns how entry `at` stands to `probe` in the order of type `ty`.
    pub(super) fn order(&self, ty: DataType, at: usize, probe: Slot<'_>) -> Ordering {
        order(ty, self.slot(at), probe)
    }
}

/// Returns how two slots of type `ty` stand to each other.
pub(super) fn order(ty: DataType, left: Slot<'_>, right: Slot<'_>) -> Ordering {
    match (left, right) {
        (Slot::Word(left), Slot::Word(right)) => {
            physical::order_of_word(ty, left).cmp(&physical::order_of_word(ty, right))
        }
        (Slot::Wide(left), Slot::Wide(right)) => {
            physical::order_of_wide(ty, left).cmp(&physical::order_of_wide(ty, right))
        }
        (Slot::Bytes(left), Slot::Bytes(right)) => left.cmp(right),
        (Slot::Word(_) | Slot::Wide(_) | Slot::Bytes(_), _) => {
            panic!("a value of another type than {ty}")
        }
    }
}

/// Strings end to end, with packed offsets.
///
/// Invariant, proved by [`ByteEntries::open`]: offsets do not fall and stay inside `bytes`; every
/// string of text is UTF-8.
#[derive(Clone)]
pub(crate) struct ByteEntries {
    offsets: Packed,
    bytes: Buffer,
    len: usize,
    text: bool,
}

impl ByteEntries {
    /// Returns `len` strings, checked; `at` is where the page holds them, for the error.
    pub(super) fn open(
        offsets: Packed,
        bytes: Buffer,
        len: usize,
        text: bool,
        at: usize,
    ) -> Result<ByteEntries, PageError> {
        let error = |expected, found| PageError { at, expected, found };
        let text_of = if text {
            let whole = std::str::from_utf8(&bytes)
                .map_err(|error_at| error("UTF-8 text", error_at.valid_up_to() as u64))?;
            Some(whole)
        } else {
            None
        };
        let mut before = 0;
        for offset in offsets.unpack_u32(0, len + 1) {
            let end = offset as usize;
            if end < before || end > bytes.len() {
                return Err(error("rising offsets inside the strings", u64::from(offset)));
            }
            if text_of.is_some_and(|text| !text.is_char_boundary(end)) {
                return Err(error("an offset between characters", u64::from(offset)));
            }
            before = end;
        }
        if before != bytes.len() {
            return Err(error("strings that fill their part", before as u64));
        }
        Ok(ByteEntries { offsets, bytes, len, text })
    }

    /// Returns string `at`.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> &[u8] {
        &self.bytes[self.range(at)]
    }

    /// Returns where string `at` lies in [`ByteEntries::bytes`].
    #[inline]
    pub(crate) fn range(&self, at: usize) -> Range<usize> {
        self.offsets.get(at) as usize..self.offsets.get(at + 1) as usize
    }

    /// Returns where each of these strings starts, then where the last one ends.
    pub(crate) fn offsets(&self, range: Range<usize>) -> Vec<u32> {
        assert!(range.end <= self.len, "string {} of {}", range.end, self.len);
        self.offsets.unpack_u32(range.start, range.end + 1)
    }

    /// Returns the number of strings.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns all strings end to end.
    pub(crate) fn bytes(&self) -> &Buffer {
        &self.bytes
    }

    /// True if the strings were proved to be UTF-8.
    pub(crate) fn is_text(&self) -> bool {
        self.text
    }
}

/// Returns the form's tag in a page.
pub(super) fn form_tag(form: Form) -> u8 {
    match form {
        Form::Words => 0,
        Form::Wides => 1,
        Form::Bytes => 2,
    }
}
