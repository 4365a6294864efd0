//! Collects the values of a column and writes their page.

use std::hash::BuildHasher;

use foldhash::quality::FixedState;

use super::physical::{self, Form, Slot};
use super::zone::{self, Zone};
use super::{Encoded, choose, compare};
use crate::row::ValueRef;
use crate::{DataType, Value};

/// A finished page and what its directory keeps about it.
#[derive(Clone, Debug)]
pub struct Page {
    /// The page, as [`Encoded::open`] reads it.
    pub bytes: Vec<u8>,
    /// Rows, NULLs included.
    pub rows: usize,
    /// NULLs.
    pub nulls: usize,
    /// The least and the greatest value; `None` if all are NULL.
    pub bounds: Option<(Value, Value)>,
    /// Where the values lie; `None` if all are NULL.
    pub zone: Option<Zone>,
}

/// The values of one column, row by row. After [`ColumnBuilder::finish`] it is empty again.
#[derive(Clone, Debug)]
pub struct ColumnBuilder {
    ty: DataType,
    pub(super) slots: Slots,
    pub(super) valid: Vec<bool>,
    nulls: usize,
}

/// Values in their physical form. A NULL repeats the value before it, which encodes best.
#[derive(Clone, Debug)]
pub(super) enum Slots {
    Words(Vec<i64>),
    Wides(Vec<i128>),
    Bytes(Strings),
}

/// Strings end to end.
#[derive(Clone, Debug, Default)]
pub(super) struct Strings {
    pub(super) bytes: Vec<u8>,
    /// The byte after each string.
    pub(super) ends: Vec<usize>,
}

impl Strings {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, at: usize) -> &[u8] {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[at]]
    }

    pub(super) fn push(&mut self, string: &[u8]) {
        self.bytes.extend_from_slice(string);
        self.ends.push(self.bytes.len());
    }
}

impl ColumnBuilder {
    /// Returns an empty column of type `ty`.
    pub fn new(ty: DataType) -> ColumnBuilder {
        let slots = match Form::of(ty) {
            Form::Words => Slots::Words(Vec::new()),
            Form::Wides => Slots::Wides(Vec::new()),
            Form::Bytes => Slots::Bytes(Strings::default()),
        };
        ColumnBuilder { ty, slots, valid: Vec::new(), nulls: 0 }
    }

    /// Returns the type of the column.
    pub fn data_type(&self) -> DataType {
        self.ty
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.valid.len()
    }

    /// Returns about how many bytes the values take before they are encoded.
    pub fn bytes(&self) -> usize {
        match &self.slots {
            Slots::Words(words) => words.len() * 8,
            Slots::Wides(wides) => wides.len() * 16,
            Slots::Bytes(strings) => strings.bytes.len() + strings.len() * 4,
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If the value is neither NULL nor of the column's type.
    pub fn push(&mut self, value: &Value) {
        self.push_option(physical::slot_of(self.ty, value));
    }

    /// Adds a row that borrows its value.
    ///
    /// # Panics
    /// If the value is neither NULL nor of the column's type.
    pub fn push_ref(&mut self, value: ValueRef<'_>) {
        self.push_option(physical::slot(self.ty, value));
    }

    fn push_option(&mut self, slot: Option<Slot<'_>>) {
        match slot {
            Some(slot) => self.push_slot(slot),
            None => self.push_null(),
        }
    }

    /// Adds a NULL.
    pub fn push_null(&mut self) {
        match &mut self.slots {
            Slots::Words(words) => words.push(words.last().copied().unwrap_or(0)),
            Slots::Wides(wides) => wides.push(wides.last().copied().unwrap_or(0)),
            // An empty string costs no bytes where strings are kept plain.
            Slots::Bytes(strings) => strings.push(&[]),
        }
        self.valid.push(false);
        self.nulls += 1;
    }

    /// Adds a word: the raw form of integers, dates, timestamps and commit ids.
    ///
    /// # Panics
    /// If the column is not of words.
    pub fn push_word(&mut self, word: i64) {
        self.push_slot(Slot::Word(word));
    }

    /// Adds a string to a column of text, JSON or blobs.
    ///
    /// # Panics
    /// If the column is not of bytes; when it is finished, if text is not UTF-8.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.push_slot(Slot::Bytes(bytes));
    }

    /// Adds row `at` of a column of the same type, without making a value of it.
    ///
    /// # Panics
    /// If the types differ or `at` is not a row.
    pub fn push_from(&mut self, column: &Encoded, at: usize) {
        assert_eq!(self.ty.unlimited(), column.ty.unlimited(), "rows move between equal columns");
        if column.is_null(at) {
            self.push_null();
        } else {
            self.push_slot(compare::slot_at(column, at));
        }
    }

    fn push_slot(&mut self, slot: Slot<'_>) {
        match (&mut self.slots, slot) {
            (Slots::Words(words), Slot::Word(word)) => words.push(word),
            (Slots::Wides(wides), Slot::Wide(wide)) => wides.push(wide),
            (Slots::Bytes(strings), Slot::Bytes(bytes)) => strings.push(bytes),
            (Slots::Words(_) | Slots::Wides(_) | Slots::Bytes(_), _) => {
                panic!("a value of another type than {}", self.ty)
            }
        }
        self.valid.push(true);
    }

    /// Returns a hash of each value, NULLs left out; equal values (as stored) have equal hashes.
    ///
    /// Every bit counts: sketches of distinct values sort by the highest ones, in which the fast form
    /// of this hash leaves small integers alike.
    pub fn hashes(&self) -> impl Iterator<Item = u64> + '_ {
        let hasher = FixedState::default();
        let valid = (0..self.rows()).filter(|at| self.valid[*at]);
        valid.map(move |at| match self.slot(at) {
            Slot::Word(word) => hasher.hash_one(word),
            Slot::Wide(wide) => hasher.hash_one(wide),
            Slot::Bytes(bytes) => hasher.hash_one(bytes),
        })
    }

    /// Returns the page of all rows pushed, in the encoding that suits them, and empties the column.
    pub fn finish(&mut self) -> Page {
        self.lead_with_a_value();
        let bounds = self.bounds();
        let page = Page {
            bytes: choose::page(self),
            rows: self.rows(),
            nulls: self.nulls,
            zone: bounds.map(|(min, max)| Zone {
                min: zone::mark(self.ty, self.slot(min)),
                max: zone::mark(self.ty, self.slot(max)),
            }),
            bounds: bounds.map(|(min, max)| (self.value(min), self.value(max))),
        };
        *self = ColumnBuilder::new(self.ty);
        page
    }

    pub(super) fn nulls(&self) -> usize {
        self.nulls
    }

    /// NULLs before the first value take that value, so that they do not widen a frame.
    fn lead_with_a_value(&mut self) {
        let Some(first) = self.valid.iter().position(|valid| *valid) else { return };
        match &mut self.slots {
            Slots::Words(words) => {
                let word = words[first];
                words[..first].fill(word);
            }
            Slots::Wides(wides) => {
                let wide = wides[first];
                wides[..first].fill(wide);
            }
            Slots::Bytes(_) => {}
        }
    }

    fn slot(&self, at: usize) -> Slot<'_> {
        match &self.slots {
            Slots::Words(words) => Slot::Word(words[at]),
            Slots::Wides(wides) => Slot::Wide(wides[at]),
            Slots::Bytes(strings) => Slot::Bytes(strings.get(at)),
        }
    }

    fn value(&self, at: usize) -> Value {
        match self.slot(at) {
            Slot::Word(word) => physical::value_of_word(self.ty, word),
            Slot::Wide(wide) => physical::value_of_wide(self.ty, wide),
            Slot::Bytes(bytes) => physical::value_of_bytes(self.ty, bytes),
        }
    }

    /// Returns the rows of the least and the greatest value; `None` if all are NULL.
    fn bounds(&self) -> Option<(usize, usize)> {
        let ty = self.ty;
        match &self.slots {
            Slots::Words(words) => self.bounds_by(|at| physical::order_of_word(ty, words[at])),
            Slots::Wides(wides) => self.bounds_by(|at| physical::order_of_wide(ty, wides[at])),
            Slots::Bytes(strings) => self.bounds_by(|at| strings.get(at)),
        }
    }

    fn bounds_by<K: Ord>(&self, key: impl Fn(usize) -> K) -> Option<(usize, usize)> {
        let mut valid = (0..self.rows()).filter(|at| self.valid[*at]);
        let first = valid.next()?;
        let (mut min, mut max) = (first, first);
        let (mut least, mut greatest) = (key(first), key(first));
        for at in valid {
            let this = key(at);
            if this < least {
                (min, least) = (at, this);
            } else if this > greatest {
                (max, greatest) = (at, this);
            }
        }
        Some((min, max))
    }
}
