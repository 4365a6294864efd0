//! What a kernel's code is given: one flat record of addresses.
//!
//! The record belongs to the caller (`kernel`), which fills it anew for every block. Machine code
//! knows the offsets below and nothing else of the host.

use std::mem::offset_of;

/// The argument of every compiled function.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) columns: *const ColumnView,
    pub(crate) constants: *const ConstantSlot,
    pub(crate) sinks: *const Sink,
    /// A byte a row of the block: 1 if the row takes part.
    pub(crate) mask: *mut u8,
    /// A group number a row of the block.
    pub(crate) groups_in: *const u32,
    /// A group number a row that takes part.
    pub(crate) groups: *mut u32,
    pub(crate) states: *mut u128,
    /// Rows that take part.
    pub(crate) count: u64,
    pub(crate) fault: u64,
    pub(crate) fault_row: u64,
}

impl Frame {
    pub(crate) const COLUMNS: usize = offset_of!(Frame, columns);
    pub(crate) const CONSTANTS: usize = offset_of!(Frame, constants);
    pub(crate) const SINKS: usize = offset_of!(Frame, sinks);
    pub(crate) const MASK: usize = offset_of!(Frame, mask);
    pub(crate) const GROUPS_IN: usize = offset_of!(Frame, groups_in);
    pub(crate) const GROUPS: usize = offset_of!(Frame, groups);
    pub(crate) const STATES: usize = offset_of!(Frame, states);
    pub(crate) const COUNT: usize = offset_of!(Frame, count);
    pub(crate) const FAULT: usize = offset_of!(Frame, fault);
    pub(crate) const FAULT_ROW: usize = offset_of!(Frame, fault_row);
    pub(crate) const CONSTANT_BYTES: usize = size_of::<ConstantSlot>();
}

/// An input column from the block's first row on.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ColumnView {
    /// Fixed-width values, or the bits of a BOOLEAN column.
    pub(crate) values: *const u8,
    /// Validity bits; a run of ones if the column has no NULL.
    pub(crate) validity: *const u8,
    /// The first row's place among the bits of `values`.
    pub(crate) value_bit: u64,
    /// The first row's place among the bits of `validity`.
    pub(crate) validity_bit: u64,
}

impl ColumnView {
    pub(crate) const VALUES: usize = offset_of!(ColumnView, values);
    pub(crate) const VALIDITY: usize = offset_of!(ColumnView, validity);
    pub(crate) const VALUE_BIT: usize = offset_of!(ColumnView, value_bit);
    pub(crate) const VALIDITY_BIT: usize = offset_of!(ColumnView, validity_bit);
}

/// A literal or parameter.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConstantSlot {
    /// Little-endian, sign-extended; floats in their own bits.
    pub(crate) value: [u8; 16],
    pub(crate) valid: u8,
}

/// Where computed values go, from the block's first on.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sink {
    pub(crate) values: *mut u8,
    /// A byte a row.
    pub(crate) validity: *mut u8,
}

impl Sink {
    pub(crate) const VALUES: usize = offset_of!(Sink, values);
    pub(crate) const VALIDITY: usize = offset_of!(Sink, validity);
}
