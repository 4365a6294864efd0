//! What comes out: room for computed values, and the arrays that it becomes.

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Decimal64Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType,
};
use arrow_array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use arrow_buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, ScalarBuffer};
use types::{Batch, DataType, Mask};

use super::{BLOCK_ROWS, Output};
use crate::frame::Sink;
use crate::shape::{Output as Source, Shape};

/// Buffers for one batch: output columns of all rows, aggregate arguments of one block.
pub(super) struct Outputs {
    columns: Vec<Column>,
    arguments: Vec<Column>,
    mask: Vec<u8>,
    groups: Vec<u32>,
    /// Rows written by the blocks before.
    rows: usize,
}

struct Column {
    values: MutableBuffer,
    validity: Vec<u8>,
    width: usize,
}

impl Column {
    fn new(width: usize, rows: usize) -> Column {
        Column {
            values: MutableBuffer::from_len_zeroed(width * rows),
            validity: vec![1; rows],
            width,
        }
    }

    fn sink(&mut self, row: usize) -> Sink {
        Sink {
            values: self.values[row * self.width..].as_mut_ptr(),
            validity: self.validity[row..].as_mut_ptr(),
        }
    }
}

impl Outputs {
    pub(super) fn new(shape: &Shape, rows: usize) -> Outputs {
        let columns = shape.computed().map(|(_, ty)| Column::new(width(ty), rows)).collect();
        let block = BLOCK_ROWS.min(rows);
        let arguments = shape.arguments.iter().map(|_| Column::new(16, block)).collect();
        let filtered = shape.filter.is_some();
        let mask = vec![0; if filtered { rows } else { 0 }];
        let groups = vec![0; if filtered && shape.grouped { block } else { 0 }];
        Outputs { columns, arguments, mask, groups, rows: 0 }
    }

    /// Returns where a block that starts at `_begin` writes.
    pub(super) fn sinks(&mut self, _begin: usize) -> Vec<Sink> {
        let rows = self.rows;
        let columns = self.columns.iter_mut().map(|column| column.sink(rows));
        columns.chain(self.arguments.iter_mut().map(|argument| argument.sink(0))).collect()
    }

    pub(super) fn mask_from(&mut self, begin: usize) -> *mut u8 {
        if self.mask.is_empty() { std::ptr::null_mut() } else { self.mask[begin..].as_mut_ptr() }
    }

    pub(super) fn groups(&mut self) -> *mut u32 {
        self.groups.as_mut_ptr()
    }

    pub(super) fn advance(&mut self, rows: usize) {
        self.rows += rows;
    }

    /// Returns the batch's row of the n-th survivor of the block at `begin`.
    pub(super) fn survivor(&self, filtered: bool, begin: usize, n: usize) -> usize {
        if !filtered {
            return begin + n;
        }
        let kept = self.mask.iter().enumerate().skip(begin).filter(|(_, keep)| **keep != 0);
        kept.map(|(row, _)| row).nth(n).expect("the kernel kept more than n rows")
    }

    pub(super) fn finish(self, shape: &Shape, batch: &Batch) -> Output {
        let rows = if shape.filter.is_some() { self.rows } else { batch.rows() };
        let mask = shape.filter.map(|_| bits(&self.mask));
        let mut computed = self.columns.into_iter();
        let columns = shape.outputs.iter().map(|output| match output {
            Source::Slot(slot) => filtered(batch.column(*slot as usize), mask.as_ref()),
            Source::Computed(_, ty) => {
                let column = computed.next().expect("a buffer a computed column");
                array(column, *ty, rows)
            }
        });
        let columns = columns.collect();
        Output { rows, mask, columns }
    }
}

fn filtered(column: &ArrayRef, mask: Option<&Mask>) -> ArrayRef {
    let Some(mask) = mask else { return Arc::clone(column) };
    let keep = BooleanArray::new(mask.clone(), None);
    arrow_select::filter::filter(column, &keep).expect("mask and column are as long")
}

fn bits(bytes: &[u8]) -> BooleanBuffer {
    BooleanBuffer::collect_bool(bytes.len(), |row| bytes[row] != 0)
}

fn width(ty: DataType) -> usize {
    match ty {
        DataType::Boolean => 1,
        _ => ty.arrow().primitive_width().expect("computed columns have a fixed width"),
    }
}

fn array(column: Column, ty: DataType, rows: usize) -> ArrayRef {
    let validity = &column.validity[..rows];
    let nulls = validity.contains(&0).then(|| NullBuffer::new(bits(validity)));
    if ty == DataType::Boolean {
        return Arc::new(BooleanArray::new(bits(&column.values[..rows]), nulls));
    }
    let buffer = column.values.into();
    match ty {
        DataType::Int16 => Arc::new(primitive::<Int16Type>(buffer, rows, nulls)),
        DataType::Int32 => Arc::new(primitive::<Int32Type>(buffer, rows, nulls)),
        DataType::Int64 => Arc::new(primitive::<Int64Type>(buffer, rows, nulls)),
        DataType::Float32 => Arc::new(primitive::<Float32Type>(buffer, rows, nulls)),
        DataType::Float64 => Arc::new(primitive::<Float64Type>(buffer, rows, nulls)),
        DataType::Date => Arc::new(primitive::<Date32Type>(buffer, rows, nulls)),
        DataType::Timestamp => Arc::new(primitive::<TimestampMicrosecondType>(buffer, rows, nulls)),
        DataType::Decimal { precision, .. } if precision <= 18 => {
            let array = primitive::<Decimal64Type>(buffer, rows, nulls);
            Arc::new(array.with_data_type(ty.arrow()))
        }
        DataType::Decimal { .. } => {
            let array = primitive::<Decimal128Type>(buffer, rows, nulls);
            Arc::new(array.with_data_type(ty.arrow()))
        }
        DataType::Null
        | DataType::Boolean
        | DataType::Text { .. }
        | DataType::Blob
        | DataType::Interval
        | DataType::Json => unreachable!("lowering admits no such column"),
    }
}

fn primitive<T: ArrowPrimitiveType>(
    buffer: Buffer,
    rows: usize,
    nulls: Option<NullBuffer>,
) -> PrimitiveArray<T> {
    PrimitiveArray::new(ScalarBuffer::new(buffer, 0, rows), nulls)
}
