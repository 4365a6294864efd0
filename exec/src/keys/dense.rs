//! Groups of one integer key by direct address: a slot an integer of a window, no hash and no compare.
//!
//! The window grows with the keys. It is worth its memory where it is small, or no larger than a few
//! slots a group; the table that owns it decides by [`Dense::is_worth`]. Slots are zeroed memory, of
//! which the system hands out only the pages that are touched.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal64Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use types::DataType;

/// Slots that are always worth it.
const SLOTS_SMALL: u64 = 1 << 20;
/// Slots a group that are worth it.
const SLOTS_PER_GROUP: u64 = 16;

/// The least and the greatest key seen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    min: i64,
    max: i64,
}

impl Window {
    /// Returns the window of these keys; `None` if all are NULL.
    fn of(keys: &[i64], nulls: Option<&NullBuffer>) -> Option<Window> {
        let widen = |window: Option<Window>, key: i64| match window {
            None => Some(Window { min: key, max: key }),
            Some(Window { min, max }) => Some(Window { min: min.min(key), max: max.max(key) }),
        };
        match nulls {
            None => {
                let (min, max) = (keys.iter().min()?, keys.iter().max()?);
                Some(Window { min: *min, max: *max })
            }
            Some(nulls) => nulls.valid_indices().map(|row| keys[row]).fold(None, widen),
        }
    }

    fn union(self, other: Window) -> Window {
        Window { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Returns how many integers lie between the ends, one less than there are slots.
    fn span(self) -> u64 {
        self.max.wrapping_sub(self.min).cast_unsigned()
    }
}

/// Integer keys of one batch.
pub(crate) struct Integers<'a> {
    keys: Cow<'a, [i64]>,
    nulls: Option<NullBuffer>,
    window: Option<Window>,
}

impl<'a> Integers<'a> {
    /// Returns the keys of a column; `None` if its type is not one of integers up to 64 bits.
    pub(crate) fn of(column: &'a ArrayRef, ty: DataType) -> Option<Integers<'a>> {
        let keys = integers(column, ty)?;
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
        let window = Window::of(&keys, nulls.as_ref());
        Some(Integers { keys, nulls, window })
    }

    /// Returns the window of the batch and what was seen before.
    pub(crate) fn window(&self, seen: Option<Window>) -> Option<Window> {
        match (self.window, seen) {
            (Some(own), Some(seen)) => Some(own.union(seen)),
            (own, seen) => own.or(seen),
        }
    }
}

/// Returns a column of integers as 64-bit ones; what lies under a NULL is anything.
pub(crate) fn integers(column: &ArrayRef, ty: DataType) -> Option<Cow<'_, [i64]>> {
    Some(match ty {
        DataType::Int16 => widened::<Int16Type>(column),
        DataType::Int32 => widened::<Int32Type>(column),
        DataType::Date => widened::<Date32Type>(column),
        DataType::Int64 => Cow::Borrowed(column.as_primitive::<Int64Type>().values()),
        DataType::Timestamp => {
            Cow::Borrowed(column.as_primitive::<TimestampMicrosecondType>().values())
        }
        DataType::Decimal { precision, .. } if types::is_narrow(precision) => {
            Cow::Borrowed(column.as_primitive::<Decimal64Type>().values())
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal { .. }
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Interval
        | DataType::Json => return None,
    })
}

fn widened<T: ArrowPrimitiveType<Native: Into<i64>>>(column: &ArrayRef) -> Cow<'_, [i64]> {
    let values = column.as_primitive::<T>().values();
    Cow::Owned(values.iter().map(|value| (*value).into()).collect())
}

/// Group numbers by key.
#[derive(Debug, Default)]
pub(crate) struct Dense {
    /// The key of the first slot.
    min: i64,
    /// One more than the group of each key; 0 for none.
    slots: Vec<u32>,
    null: Option<u32>,
}

impl Dense {
    /// True if a window of these keys is worth its memory for so many groups.
    pub(crate) fn is_worth(window: Option<Window>, groups: usize) -> bool {
        let most = (groups as u64).saturating_mul(SLOTS_PER_GROUP).max(SLOTS_SMALL);
        window.is_none_or(|window| window.span() < most)
    }

    /// Returns the bytes that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * 4
    }

    /// Puts the group of every key into `found`; new keys make new groups, their rows are `fresh`.
    ///
    /// `window` holds these keys and all before them.
    pub(crate) fn find(
        &mut self,
        batch: &Integers<'_>,
        window: Option<Window>,
        groups: &mut usize,
        fresh: &mut Vec<u32>,
        found: &mut Vec<u32>,
    ) {
        if let Some(window) = window {
            self.cover(window);
        }
        for (row, key) in batch.keys.iter().enumerate() {
            if batch.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                found.push(*self.null.get_or_insert_with(|| next(groups, fresh, row)));
                continue;
            }
            let slot = &mut self.slots[key.wrapping_sub(self.min).cast_unsigned() as usize];
            if *slot == 0 {
                *slot = next(groups, fresh, row) + 1;
            }
            found.push(*slot - 1);
        }
    }

    /// Makes slots for all keys of the window.
    fn cover(&mut self, window: Window) {
        let length = window.span() as usize + 1;
        if self.slots.is_empty() {
            self.min = window.min;
            self.slots = vec![0; length];
            return;
        }
        if window.min < self.min {
            // Below there is as much room again, so that falling keys do not move the slots each time.
            let below = (self.min.wrapping_sub(window.min)).cast_unsigned() as usize;
            let room = below.max(self.slots.len()).min(SLOTS_SMALL as usize).max(below);
            let min = self.min.checked_sub_unsigned(room as u64).unwrap_or(window.min);
            let shift = self.min.wrapping_sub(min).cast_unsigned() as usize;
            let mut slots = vec![0; shift + self.slots.len()];
            slots[shift..].copy_from_slice(&self.slots);
            (self.min, self.slots) = (min, slots);
        }
        let needed = window.max.wrapping_sub(self.min).cast_unsigned() as usize + 1;
        if needed > self.slots.len() {
            self.slots.resize(needed, 0);
        }
    }
}

fn next(groups: &mut usize, fresh: &mut Vec<u32>, row: usize) -> u32 {
    fresh.push(row as u32);
    *groups += 1;
    (*groups - 1) as u32
}
