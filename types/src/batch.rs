//! A batch: up to 2,048 rows that travel together.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;

/// Most rows of a batch.
pub const BATCH_ROWS: usize = 2_048;

/// Which rows of a batch take part: one bit a row.
pub type Mask = BooleanBuffer;

/// Dense columns of equal length.
///
/// A batch with no columns still has rows (`SELECT count(*)` needs none of them).
#[derive(Clone, Debug)]
pub struct Batch {
    columns: Vec<ArrayRef>,
    rows: usize,
}

impl Batch {
    /// Returns a batch of `rows` rows.
    ///
    /// # Panics
    /// If a column has another length: a broken operator.
    pub fn new(columns: Vec<ArrayRef>, rows: usize) -> Batch {
        for column in &columns {
            assert_eq!(column.len(), rows, "columns of a batch have equal length");
        }
        Batch { columns, rows }
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the columns, in order.
    pub fn columns(&self) -> &[ArrayRef] {
        &self.columns
    }

    /// Returns one column.
    pub fn column(&self, at: usize) -> &ArrayRef {
        &self.columns[at]
    }

    /// Returns the rows whose bit is set, in order; the batch itself if that is all of them.
    #[must_use]
    pub fn filter(self, mask: &Mask) -> Batch {
        assert_eq!(mask.len(), self.rows, "a mask has one bit a row");
        let rows = mask.count_set_bits();
        if rows == self.rows {
            return self;
        }
        let keep = BooleanArray::new(mask.clone(), None);
        let columns = self
            .columns
            .iter()
            .map(|column| {
                arrow_select::filter::filter(column, &keep).expect("mask and column are as long")
            })
            .collect();
        Batch { columns, rows }
    }

    /// Returns rows `[offset, offset + rows)` without copying.
    #[must_use]
    pub fn slice(&self, offset: usize, rows: usize) -> Batch {
        let columns = self.columns.iter().map(|column| column.slice(offset, rows)).collect();
        Batch { columns, rows }
    }

    /// Returns the batch with other columns of the same length.
    #[must_use]
    pub fn with_columns(self, columns: Vec<ArrayRef>) -> Batch {
        Batch::new(columns, self.rows)
    }

    /// Returns the memory that the columns hold, in bytes.
    pub fn bytes(&self) -> usize {
        self.columns.iter().map(|column| Arc::as_ref(column).get_array_memory_size()).sum()
    }
}
