//! The sink of a join's build side: batches with their keys evaluated, joined into one table.

use arrow_array::{Array, ArrayRef};
use ir::{KeyNulls, Scalar};
use types::{Batch, DataType};

use super::Tag;
use crate::keys::groups::columns_of;
use crate::memory::{Reservation, array_bytes, batch_bytes};
use crate::operator::columns;
use crate::operator::join_table::JoinTable;
use crate::run::Run;

const OPERATOR: &str = "hash join";

/// One worker's part of a build side.
pub(crate) struct BuildSink {
    keys: Vec<Scalar>,
    parts: Vec<(Tag, Batch, Vec<ArrayRef>)>,
    memory: Reservation,
}

impl BuildSink {
    /// Returns an empty part.
    pub(crate) fn new(run: &Run, keys: &[Scalar]) -> BuildSink {
        let memory = run.context.governor.reservation(OPERATOR);
        BuildSink { keys: keys.to_vec(), parts: Vec::new(), memory }
    }

    /// Keeps a batch and its keys.
    pub(crate) fn consume(&mut self, run: &Run, tag: Tag, batch: Batch) -> diag::Result<()> {
        let keys = columns(&self.keys, &batch, &run.context.eval)?;
        let key_bytes: usize = keys.iter().map(|column| array_bytes(column.as_ref())).sum();
        // Twice: the pieces and the whole columns exist together while the table is built.
        self.memory.grow(2 * batch_bytes(&batch) + key_bytes)?;
        self.parts.push((tag, batch, keys));
        Ok(())
    }
}

/// Builds the table out of the workers' parts, in the source's order.
pub(crate) fn finish(
    run: &Run,
    keys: &[Scalar],
    nulls: &[KeyNulls],
    types: &[DataType],
    sinks: Vec<BuildSink>,
) -> diag::Result<JoinTable> {
    let mut parts = Vec::new();
    let mut memory = run.context.governor.reservation(OPERATOR);
    for sink in sinks {
        parts.extend(sink.parts);
        memory.absorb(sink.memory);
    }
    parts.sort_by_key(|(tag, ..)| *tag);
    let rows = parts.iter().map(|(_, batch, _)| batch.rows()).sum();
    let key_types: Vec<DataType> = keys.iter().map(|key| key.ty).collect();
    let mut batches = Vec::with_capacity(parts.len());
    let mut key_pieces = Vec::with_capacity(parts.len());
    for (_, batch, keys) in parts {
        batches.push(batch.columns().to_vec());
        key_pieces.push(keys);
    }
    let columns = columns_of(types, &batches);
    drop(batches);
    let key_columns = columns_of(&key_types, &key_pieces);
    let held: usize = columns.iter().map(|column| array_bytes(column.as_ref())).sum();
    memory.shrink_to(held);
    debug_assert!(key_columns.iter().all(|column| column.len() == rows));
    JoinTable::build(Batch::new(columns, rows), &key_types, nulls, &key_columns, memory)
}
