//! Zones: the least and the greatest value of a page, in 16 bytes each, whatever the type.
//!
//! Values map to u128 **marks** of the same order: numbers by flipping the sign bit, text and blobs by
//! their first 16 bytes, so that strings may share a mark. A mark never falls when the value rises,
//! which is all that skipping needs; "every row matches" is said of strings only where marks differ.

use super::physical::{self, Form, Slot};
use super::{Comparison, Encoded};
use crate::{DataType, Value};

/// The marks of the least and the greatest value that is not NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Mark of the least value.
    pub min: u128,
    /// Mark of the greatest value.
    pub max: u128,
}

/// What a zone says about a comparison with the values (not the NULLs) inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No value matches.
    None,
    /// Every value matches.
    All,
    /// The values must be asked.
    Some,
}

impl Zone {
    /// Returns the mark of a value of type `ty`.
    ///
    /// # Panics
    /// If the value is NULL or of another type.
    pub fn mark(ty: DataType, value: &Value) -> u128 {
        mark(ty, physical::slot_of(ty, value).expect("NULL has no mark"))
    }

    /// Returns the bytes that a mark of type `ty` needs: 8 or 16.
    pub fn mark_bytes(ty: DataType) -> usize {
        match Form::of(ty) {
            Form::Words => 8,
            Form::Wides | Form::Bytes => 16,
        }
    }

    /// Returns the zone of one mark.
    pub(super) fn of(mark: u128) -> Zone {
        Zone { min: mark, max: mark }
    }

    /// Returns the zone that holds both.
    #[must_use]
    pub fn union(self, other: Zone) -> Zone {
        Zone { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Returns what the zone of a column of type `ty` says about `op value`. NULL matches nothing.
    ///
    /// # Panics
    /// If the value is of another type.
    pub fn verdict(self, ty: DataType, op: Comparison, value: &Value) -> Verdict {
        if value.is_null() {
            return Verdict::None;
        }
        let mark = Zone::mark(ty, value);
        let exact = Form::of(ty) != Form::Bytes;
        let below = self.max < mark;
        let above = self.min > mark;
        let (below_or_equal, above_or_equal) =
            (below || exact && self.max == mark, above || exact && self.min == mark);
        let only = exact && self.min == mark && self.max == mark;
        let (all, none) = match op {
            Comparison::Eq => (only, below || above),
            Comparison::Ne => (below || above, only),
            Comparison::Lt => (below, above_or_equal),
            Comparison::Le => (below_or_equal, above),
            Comparison::Gt => (above, below_or_equal),
            Comparison::Ge => (above_or_equal, below),
        };
        match (all, none) {
            (true, _) => Verdict::All,
            (false, true) => Verdict::None,
            (false, false) => Verdict::Some,
        }
    }
}

/// Returns the mark of a slot of type `ty`.
pub(super) fn mark(ty: DataType, slot: Slot<'_>) -> u128 {
    match slot {
        Slot::Word(word) => {
            u128::from(physical::order_of_word(ty, word).cast_unsigned() ^ (1 << 63))
        }
        Slot::Wide(wide) => physical::order_of_wide(ty, wide).cast_unsigned() ^ (1 << 127),
        Slot::Bytes(bytes) => {
            let mut prefix = [0; 16];
            let kept = bytes.len().min(prefix.len());
            prefix[..kept].copy_from_slice(&bytes[..kept]);
            u128::from_be_bytes(prefix)
        }
    }
}

impl Encoded {
    /// Returns the zone of the values, computed from them; `None` if all are NULL.
    ///
    /// Reads every row: this is for checking what was stored, not for skipping.
    pub fn zone(&self) -> Option<Zone> {
        let marks = (0..self.rows)
            .filter(|at| !self.is_null(*at))
            .map(|at| Zone::of(mark(self.ty, super::compare::slot_at(self, at))));
        marks.reduce(Zone::union)
    }
}
