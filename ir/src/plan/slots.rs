//! Where each query column lies in an operator's output.

use std::collections::BTreeMap;

use diag::Span;

use crate::{Column, Columns, Scalar, ScalarKind, SortKey};

/// The slot of each column; of one that occurs twice, the first.
pub(super) struct Slots {
    by_column: BTreeMap<Column, u32>,
}

impl Slots {
    pub(super) fn of(columns: &[Column]) -> Slots {
        let mut by_column = BTreeMap::new();
        for (slot, column) in columns.iter().enumerate() {
            by_column.entry(*column).or_insert(slot_number(slot));
        }
        Slots { by_column }
    }

    /// Returns the expression over slots.
    pub(super) fn of_scalar(&self, scalar: &Scalar) -> Scalar {
        let mut over_slots = scalar.clone();
        over_slots.walk_mut(&mut |node| {
            if let ScalarKind::Column(column) = node.kind {
                node.kind = ScalarKind::Slot(self.position(column));
            }
        });
        over_slots
    }

    pub(super) fn all(&self, list: &[Scalar]) -> Vec<Scalar> {
        list.iter().map(|scalar| self.of_scalar(scalar)).collect()
    }

    pub(super) fn keys(&self, keys: &[SortKey]) -> Vec<SortKey> {
        let key = |key: &SortKey| SortKey { scalar: self.of_scalar(&key.scalar), ..*key };
        keys.iter().map(key).collect()
    }

    /// Returns a reference to the column.
    pub(super) fn slot(&self, column: Column, columns: &Columns) -> Scalar {
        let ty = columns.ty(column);
        Scalar::new(ScalarKind::Slot(self.position(column)), ty, Span::NONE)
    }

    fn position(&self, column: Column) -> u32 {
        *self.by_column.get(&column).expect("the verifier saw every column that is read produced")
    }
}

fn slot_number(position: usize) -> u32 {
    u32::try_from(position).expect("a row has fewer than 2^32 columns")
}
