//! Comparisons in the encoded domain: the constant is rewritten, not the data.
//!
//! A frame's comparison is one range of codes, a sorted dictionary's too (two binary searches over
//! its entries); runs are asked once each, a constant once. NULL never matches, as SQL's WHERE wants.

use std::cmp::Ordering;

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use super::Encoded;
use super::entries::{Entries, order as order_slots};
use super::layout::{Layout, Packed, run_ends};
use super::physical::{self, Form, Slot};
use crate::{DataType, Mask, Value};

/// Ranges of codes that are cheaper to test one after the other than to look up.
const RANGES_SCANNED_MAX: usize = 8;

/// A comparison with a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Comparison {
    /// True if a value that stands so to the constant satisfies the comparison.
    pub fn accepts(self, order: Ordering) -> bool {
        match self {
            Comparison::Eq => order.is_eq(),
            Comparison::Ne => order.is_ne(),
            Comparison::Lt => order.is_lt(),
            Comparison::Le => order.is_le(),
            Comparison::Gt => order.is_gt(),
            Comparison::Ge => order.is_ge(),
        }
    }

    /// Returns the numbers that satisfy the comparison with one of `[low, high]`, which are all equal,
    /// and whether those numbers are the ones that do *not*.
    fn range(self, low: i128, high: i128) -> (i128, i128, bool) {
        match self {
            Comparison::Eq => (low, high, false),
            Comparison::Ne => (low, high, true),
            Comparison::Lt => (i128::MIN, low.saturating_sub(1), false),
            Comparison::Le => (i128::MIN, high, false),
            Comparison::Gt => (high.saturating_add(1), i128::MAX, false),
            Comparison::Ge => (low, i128::MAX, false),
        }
    }
}

impl Encoded {
    /// Returns the rows whose value compares so with `value`; NULL matches nothing.
    ///
    /// Floats: NaN equals itself and is greater than all else; -0.0 equals 0.0. Text and JSON compare
    /// by bytes. Intervals compare by length, a month being 30 days.
    ///
    /// # Panics
    /// If `value` is neither NULL nor of the column's type.
    pub fn compare(&self, op: Comparison, value: &Value) -> Mask {
        let Some(probe) = physical::slot_of(self.ty, value) else {
            return BooleanBuffer::new_unset(self.rows);
        };
        let matches = |entries: &Entries, at| op.accepts(entries.order(self.ty, at, probe));
        let mask = match &self.layout {
            Layout::Frame { base, codes } => {
                let (low, high) = equal_numbers(self.ty, probe);
                let (low, high, outside) = op.range(low, high);
                let mask = match codes_between(*base, codes, low, high) {
                    Some((low, high)) => codes.in_range(low, high),
                    None => BooleanBuffer::new_unset(self.rows),
                };
                if outside { !&mask } else { mask }
            }
            Layout::Dictionary { codes, entries } => {
                compare_dictionary(self.ty, codes, entries, op, probe)
            }
            Layout::Constant(entries) if matches(entries, 0) => BooleanBuffer::new_set(self.rows),
            Layout::Constant(_) => BooleanBuffer::new_unset(self.rows),
            Layout::Runs { .. } | Layout::Plain(_) => self.by_entry(matches),
        };
        self.mask_validity(mask)
    }

    /// Returns the rows whose value equals one of `values`; NULLs, there or here, match nothing.
    ///
    /// # Panics
    /// If a value is neither NULL nor of the column's type.
    pub fn any_of(&self, values: &[Value]) -> Mask {
        let mut probes: Vec<Slot<'_>> =
            values.iter().filter_map(|value| physical::slot_of(self.ty, value)).collect();
        probes.sort_by(|left, right| order_slots(self.ty, *left, *right));
        let listed = |entries: &Entries, at: usize| {
            probes.binary_search_by(|probe| order_slots(self.ty, *probe, entries.slot(at))).is_ok()
        };
        let mask = match &self.layout {
            Layout::Frame { base, codes } => {
                let ranges = probes.iter().filter_map(|probe| {
                    let (low, high) = equal_numbers(self.ty, *probe);
                    codes_between(*base, codes, low, high)
                });
                in_ranges(codes, self.rows, merge(ranges))
            }
            Layout::Dictionary { codes, entries } => {
                let listed = (0..entries.len()).filter(|at| listed(entries, *at));
                in_ranges(codes, self.rows, merge(listed.map(|at| (at as u64, at as u64))))
            }
            Layout::Constant(entries) if listed(entries, 0) => BooleanBuffer::new_set(self.rows),
            Layout::Constant(_) => BooleanBuffer::new_unset(self.rows),
            Layout::Runs { .. } | Layout::Plain(_) => self.by_entry(listed),
        };
        self.mask_validity(mask)
    }

    /// Returns the rows that are not NULL.
    pub fn not_null(&self) -> Mask {
        self.mask_validity(BooleanBuffer::new_set(self.rows))
    }

    /// Returns the rows that are NULL.
    pub fn null(&self) -> Mask {
        !&self.not_null()
    }

    /// Asks `matches` once an entry, for encodings whose entries are in the order of the rows.
    fn by_entry(&self, matches: impl Fn(&Entries, usize) -> bool) -> Mask {
        match &self.layout {
            Layout::Runs { ends, entries } => {
                let mut mask = BooleanBufferBuilder::new(self.rows);
                for (run, end) in run_ends(ends).enumerate() {
                    mask.append_n(end - mask.len(), matches(entries, run));
                }
                mask.finish()
            }
            Layout::Plain(entries) => {
                BooleanBuffer::collect_bool(self.rows, |row| matches(entries, row))
            }
            Layout::Constant(_) | Layout::Dictionary { .. } | Layout::Frame { .. } => {
                panic!("only runs and plain pages keep entries in the order of the rows")
            }
        }
    }
}

fn compare_dictionary(
    ty: DataType,
    codes: &Packed,
    entries: &Entries,
    op: Comparison,
    probe: Slot<'_>,
) -> Mask {
    let first_at = |stands: fn(Ordering) -> bool| {
        let (mut low, mut high) = (0, entries.len());
        while low < high {
            let middle = low.midpoint(high);
            if stands(entries.order(ty, middle, probe)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low as u64
    };
    let (equal, above) = (first_at(Ordering::is_lt), first_at(Ordering::is_le));
    let end = entries.len() as u64;
    let (from, to) = match op {
        Comparison::Eq | Comparison::Ne => (equal, above),
        Comparison::Lt => (0, equal),
        Comparison::Le => (0, above),
        Comparison::Gt => (above, end),
        Comparison::Ge => (equal, end),
    };
    // An empty range has its high end below its low one, which matches nothing.
    let mask = if from < to { codes.in_range(from, to - 1) } else { codes.in_range(1, 0) };
    if op == Comparison::Ne { !&mask } else { mask }
}

/// Returns the least and the greatest number that equal `probe`.
fn equal_numbers(ty: DataType, probe: Slot<'_>) -> (i128, i128) {
    match probe {
        Slot::Word(word) => {
            let (low, high) = physical::words_equal_to(ty, physical::order_of_word(ty, word));
            (i128::from(low), i128::from(high))
        }
        Slot::Wide(wide) => (wide, wide),
        Slot::Bytes(_) => panic!("strings are not held in frames"),
    }
}

/// Returns the codes that stand for numbers in `[low, high]`, if any can.
fn codes_between(base: i128, codes: &Packed, low: i128, high: i128) -> Option<(u64, u64)> {
    let most = base.saturating_add(i128::from(codes.most()));
    let (low, high) = (low.max(base), high.min(most));
    let code = |number: i128| u64::try_from(number - base).expect("a number of the frame");
    (low <= high).then(|| (code(low), code(high)))
}

/// Joins ranges, which are sorted, where they touch.
fn merge(ranges: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut merged: Vec<(u64, u64)> = Vec::new();
    for (low, high) in ranges {
        match merged.last_mut() {
            Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
            Some(_) | None => merged.push((low, high)),
        }
    }
    merged
}

fn in_ranges(codes: &Packed, rows: usize, ranges: Vec<(u64, u64)>) -> Mask {
    if ranges.len() <= RANGES_SCANNED_MAX {
        let masks = ranges.iter().map(|(low, high)| codes.in_range(*low, *high));
        return masks.fold(BooleanBuffer::new_unset(rows), |all, mask| &all | &mask);
    }
    BooleanBuffer::collect_bool(rows, |row| {
        let code = codes.get(row);
        let after = ranges.partition_point(|(low, _)| *low <= code);
        after > 0 && code <= ranges[after - 1].1
    })
}

/// See [`Encoded::key_order`].
pub(super) fn key_order(column: &Encoded, at: usize, value: &Value) -> Ordering {
    match (column.is_null(at), physical::slot_of(column.ty, value)) {
        (true, None) => Ordering::Equal,
        (true, Some(_)) => Ordering::Greater,
        (false, None) => Ordering::Less,
        (false, Some(probe)) => match (slot_at(column, at), probe) {
            (Slot::Wide(left), Slot::Wide(right)) => {
                physical::key_order_of_wides(column.ty, left, right)
            }
            (slot, probe) => order_slots(column.ty, slot, probe),
        },
    }
}

/// Returns what row `at` holds, whether it is NULL or not.
pub(super) fn slot_at(column: &Encoded, at: usize) -> Slot<'_> {
    match &column.layout {
        Layout::Frame { base, codes } => {
            let number = base.wrapping_add(i128::from(codes.get(at)));
            match Form::of(column.ty) {
                Form::Words => Slot::Word(number as i64),
                Form::Wides | Form::Bytes => Slot::Wide(number),
            }
        }
        Layout::Constant(entries)
        | Layout::Runs { entries, .. }
        | Layout::Dictionary { entries, .. }
        | Layout::Plain(entries) => entries.slot(column.layout.place(at)),
    }
}
