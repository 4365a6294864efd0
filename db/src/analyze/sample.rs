//! A table's sample: rows that stand for all, on which conditions are counted by the interpreter.
//!
//! Rows are drawn one a stride of the table, at a place in the stride that differs from stride to
//! stride, so that neither the order of the rows nor a period in it shows. What one count sees and no
//! product of shares does: columns that depend on each other, LIKE, CASE, arithmetic, one column
//! compared with another.

use exec::eval::{self, EvalContext};
use ir::{SampleCount, Scalar, ScalarKind, Scan, ScanColumn, Table};
use storage::{ReadPoint, ScanRequest, View};
use types::{BATCH_ROWS, Batch, ColumnId, DataType, Value, array_of};

use crate::catalog::stored_columns;

/// Most rows that are drawn for the spread of values.
const DRAWN_MAX: usize = 16_384;
/// Most rows that conditions are counted on.
const KEPT_MAX: usize = 4_096;
/// Most morsels that are read; of a larger table those that lie evenly over it.
const MORSELS_MAX: usize = 16;

/// Rows drawn from a table, column by column.
pub(super) struct Drawn {
    pub(super) columns: Vec<Vec<Value>>,
    pub(super) rows: usize,
    /// True if these are all rows.
    complete: bool,
}

/// The rows that conditions are counted on.
#[derive(Debug)]
pub(crate) struct Sample {
    columns: Vec<(ColumnId, DataType)>,
    batches: Vec<Batch>,
    rows: usize,
    complete: bool,
}

impl Drawn {
    /// Draws rows of a table that has about `rows`.
    pub(super) fn from(view: &View, table: &Table, rows: f64) -> storage::Result<Drawn> {
        let request = ScanRequest {
            tree: table.tree,
            columns: stored_columns(table).map(|own| storage::ScanColumn::Stored(own.id)).collect(),
            predicates: Vec::new(),
            key_range: None,
            at: ReadPoint::as_of(view.commit()),
        };
        let scan = view.scan(&request)?;
        let step = scan.morsels().div_ceil(MORSELS_MAX).max(1);
        let stride = (rows / step as f64 / DRAWN_MAX as f64).ceil().max(1.0) as usize;
        let mut drawn = Drawn {
            columns: vec![Vec::new(); stored_columns(table).count()],
            rows: 0,
            complete: step == 1 && stride == 1,
        };
        let mut seen = 0;
        for morsel in (0..scan.morsels()).step_by(step) {
            for batch in scan.read(morsel) {
                let batch = batch?;
                drawn.add(&batch, table, stride, seen);
                seen += batch.rows();
            }
        }
        Ok(drawn)
    }

    fn add(&mut self, batch: &Batch, table: &Table, stride: usize, before: usize) {
        for row in (0..batch.rows()).filter(|row| is_drawn(before + row, stride)) {
            for (at, column) in stored_columns(table).enumerate() {
                self.columns[at].push(Value::from_array(batch.column(at), row, column.ty));
            }
            self.rows += 1;
        }
    }

    /// Returns the rows that conditions are counted on.
    pub(super) fn sample(&self, table: &Table) -> Sample {
        let stride = self.rows.div_ceil(KEPT_MAX).max(1);
        let kept: Vec<usize> = (0..self.rows).filter(|row| is_drawn(*row, stride)).collect();
        let batch = |rows: &[usize]| {
            let columns = stored_columns(table).zip(&self.columns);
            let arrays = columns
                .map(|(own, values)| array_of(own.ty, rows.iter().map(|row| values[*row].clone())));
            Batch::new(arrays.collect(), rows.len())
        };
        Sample {
            columns: stored_columns(table).map(|own| (own.id, own.ty)).collect(),
            batches: kept.chunks(BATCH_ROWS).map(batch).collect(),
            rows: kept.len(),
            complete: self.complete && stride == 1,
        }
    }
}

/// True of one row a stride.
fn is_drawn(row: usize, stride: usize) -> bool {
    // The finalizer of SplitMix64: strides next to each other are drawn at unrelated places.
    let mut mixed = ((row / stride) as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % stride as u64 == (row % stride) as u64
}

impl Sample {
    /// Counts the rows for which a scan's conditions are true.
    ///
    /// `None` if the sample cannot tell: it lacks a column, or a condition fails or is volatile.
    pub(crate) fn count(&self, scan: &Scan, context: &EvalContext) -> Option<SampleCount> {
        let conditions: Option<Vec<Scalar>> =
            scan.predicates.iter().map(|condition| self.over_slots(condition, scan)).collect();
        let condition = match conditions? {
            list if list.len() == 1 => list.into_iter().next()?,
            list => Scalar::new(ScalarKind::And(list), DataType::Boolean, diag::Span::NONE),
        };
        let mut kept = 0;
        for batch in &self.batches {
            kept += eval::filter(&condition, batch, context).ok()?.count_set_bits();
        }
        Some(SampleCount { rows: self.rows, kept, complete: self.complete })
    }

    /// Returns a condition over the sample's columns.
    fn over_slots(&self, condition: &Scalar, scan: &Scan) -> Option<Scalar> {
        if condition.is_volatile() {
            return None;
        }
        let slot = |column: ir::Column| {
            let (_, source) = scan.columns.iter().find(|(made, _)| *made == column)?;
            let ScanColumn::Stored(id) = source else { return None };
            let own = |(known, _): &(ColumnId, DataType)| known == id;
            self.columns.iter().position(own).and_then(|at| u32::try_from(at).ok())
        };
        let mut known = true;
        let mut over_slots = condition.clone();
        over_slots.walk_mut(&mut |node| {
            let ScalarKind::Column(column) = node.kind else { return };
            let own_type = |at: &u32| same_values(self.columns[*at as usize].1, node.ty);
            match slot(column).filter(own_type) {
                Some(at) => node.kind = ScalarKind::Slot(at),
                None => known = false,
            }
        });
        known.then_some(over_slots)
    }
}

/// True if values of the two types look alike: texts do, whatever their greatest length.
fn same_values(one: DataType, other: DataType) -> bool {
    one == other || (one.is_text() && other.is_text())
}

#[cfg(test)]
mod tests {
    use super::is_drawn;

    #[test]
    fn each_stride_gives_one_row_at_a_place_of_its_own() {
        for stride in [1, 2, 7, 100] {
            let drawn: Vec<usize> = (0..stride * 50).filter(|row| is_drawn(*row, stride)).collect();
            let strides: Vec<usize> = drawn.iter().map(|row| row / stride).collect();
            assert_eq!(strides, (0..50).collect::<Vec<usize>>());
            let mut places: Vec<usize> = drawn.iter().map(|row| row % stride).collect();
            places.sort_unstable();
            places.dedup();
            assert!(places.len() >= stride.min(20), "{stride}: {places:?}");
        }
    }
}
