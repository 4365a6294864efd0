//! What may become machine code: a fused piece of a pipeline, as data.
//!
//! `exec` cuts a [`KernelSpec`] out of a pipeline and interprets it until `codegen` has compiled it.
//! Both update aggregate states of the same layout, so they can change places at a morsel boundary.

use types::DataType;

use crate::{AggregateFunction, Scalar};

/// A fused filter, projection and aggregate update over dense input columns.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct KernelSpec {
    /// The types of the input slots.
    pub inputs: Vec<DataType>,
    /// Rows for which this is true take part; all rows without it.
    pub filter: Option<Scalar>,
    /// Columns computed for the rows that take part.
    pub outputs: Vec<Scalar>,
    /// Aggregate states updated by the rows that take part.
    pub aggregates: Vec<AggregateUpdate>,
}

/// One aggregate's update.
#[derive(Clone, Debug, PartialEq, Hash)]
pub struct AggregateUpdate {
    /// Count, Sum, Avg, Min or Max of a fixed-width type; others are not compiled.
    pub function: AggregateFunction,
    /// The argument; none for `count(*)`.
    pub argument: Option<Scalar>,
}

/// Where one aggregate's state lies in a group's state row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSlot {
    /// Byte offset from the row's start, a multiple of 16.
    pub offset: u32,
    /// Bytes.
    pub size: u32,
}

/// The layout of a group's aggregate states: fixed-width slots, zeroed at the start.
///
/// * Count: `count: i64`.
/// * Sum and Avg of integers and decimals: `sum: i128 (native endian), count: i64`. The sum of
///   arguments as unscaled integers never overflows i128 for fewer than 2^64 values of 64 bits;
///   wider ones are checked.
/// * Sum and Avg of floats: `sum: f64, count: i64`.
/// * Min and Max: `value: i64 | i128 | f64 (16 bytes reserved), count: i64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateLayout {
    /// A slot an aggregate.
    pub slots: Vec<StateSlot>,
    /// Bytes of a row, a multiple of 16.
    pub stride: u32,
}

impl StateLayout {
    /// Returns the layout of these updates, or `None` if one of them has no fixed-width state.
    pub fn of(updates: &[AggregateUpdate]) -> Option<StateLayout> {
        let mut slots = Vec::with_capacity(updates.len());
        let mut stride = 0;
        for update in updates {
            let size = state_size(update)?;
            slots.push(StateSlot { offset: stride, size });
            stride += size;
        }
        Some(StateLayout { slots, stride })
    }
}

/// The aggregate states of all groups, a row of [`StateLayout::stride`] bytes each, zeroed at first.
///
/// Rows are made of `u128` words, so every slot is aligned for what the layout puts there. `exec`
/// owns the rows; the interpreter reads and writes slots, a kernel gets [`StateRows::as_mut_ptr`].
#[derive(Clone, Debug, Default)]
pub struct StateRows {
    words: Vec<u128>,
    row_words: usize,
}

impl StateRows {
    /// Returns no rows of this layout.
    pub fn new(layout: &StateLayout) -> StateRows {
        StateRows { words: Vec::new(), row_words: layout.stride as usize / 16 }
    }

    /// Adds zeroed rows until there are `groups`.
    pub fn grow(&mut self, groups: usize) {
        let words = groups * self.row_words;
        if words > self.words.len() {
            self.words.resize(words, 0);
        }
    }

    /// Returns the number of whole rows; 0 if rows have no bytes.
    pub fn rows(&self) -> usize {
        self.words.len().checked_div(self.row_words).unwrap_or(0)
    }

    /// Returns the words from `offset` bytes on in the row of `group`, to the row's end.
    pub fn slot(&self, group: usize, offset: u32) -> &[u128] {
        let start = group * self.row_words;
        &self.words[start + offset as usize / 16..start + self.row_words]
    }

    /// Returns the same words for writing.
    pub fn slot_mut(&mut self, group: usize, offset: u32) -> &mut [u128] {
        let start = group * self.row_words;
        &mut self.words[start + offset as usize / 16..start + self.row_words]
    }

    /// Returns the start of the first row; rows lie `stride` bytes apart.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.words.as_mut_ptr().cast()
    }

    /// Returns the bytes of all rows.
    pub fn bytes(&self) -> usize {
        self.words.len() * 16
    }
}

fn state_size(update: &AggregateUpdate) -> Option<u32> {
    match (update.function, update.argument.as_ref().map(|argument| argument.ty)) {
        (AggregateFunction::CountStar | AggregateFunction::Count, _) => Some(16),
        (
            AggregateFunction::Sum
            | AggregateFunction::Avg
            | AggregateFunction::Min
            | AggregateFunction::Max,
            Some(ty),
        ) if is_fixed(ty) => Some(32),
        _ => None,
    }
}

fn is_fixed(ty: DataType) -> bool {
    ty.is_numeric() || matches!(ty, DataType::Date | DataType::Timestamp)
}
