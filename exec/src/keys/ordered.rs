//! Rows in the order of sort keys: memcomparable bytes with their first eight as a number.
//!
//! Order is by bytes and, among equals, by the row's place in the input, so that sorting is stable
//! although the algorithm is not.

use arrow_row::Rows;
use arrow_schema::SortOptions;
use ir::SortKey;
use types::Batch;

use super::RowCodec;
use crate::eval::{self, EvalContext};

/// Evaluates sort keys and encodes them.
pub(crate) struct OrderCodec {
    codec: RowCodec,
}

impl OrderCodec {
    /// Returns the codec of these keys.
    pub(crate) fn new(keys: &[SortKey]) -> diag::Result<OrderCodec> {
        let types: Vec<_> = keys.iter().map(|key| key.scalar.ty).collect();
        let options: Vec<_> = keys
            .iter()
            .map(|key| SortOptions { descending: key.descending, nulls_first: key.nulls_first })
            .collect();
        Ok(OrderCodec { codec: RowCodec::ordered(&types, &options)? })
    }

    /// Returns the keys of a batch's rows.
    pub(crate) fn encode(
        &self,
        keys: &[SortKey],
        batch: &Batch,
        context: &EvalContext,
    ) -> diag::Result<Rows> {
        let columns = keys
            .iter()
            .map(|key| Ok(eval::eval(&key.scalar, batch, context)?))
            .collect::<diag::Result<Vec<_>>>()?;
        self.codec.encode(&columns)
    }
}

/// A row waiting to be put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    /// The first eight bytes of the key, big-endian.
    prefix: u64,
    /// Which batch.
    pub(crate) batch: u32,
    /// Which row of it.
    pub(crate) row: u32,
}

impl Entry {
    /// Returns the entries of all rows of batch number `batch`.
    pub(crate) fn of(rows: &Rows, batch: u32) -> impl Iterator<Item = Entry> {
        rows.iter().zip(0..).map(move |(key, row)| Entry { prefix: prefix(key.data()), batch, row })
    }
}

fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let length = key.len().min(8);
    bytes[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(bytes)
}

/// Puts entries in the order of their keys, equal ones in the order of batches and rows.
pub(crate) fn sort_entries(entries: &mut [Entry], keys: &[Rows]) {
    let key = |entry: &Entry| keys[entry.batch as usize].row(entry.row as usize).data();
    entries.sort_unstable_by(|left, right| {
        left.prefix
            .cmp(&right.prefix)
            .then_with(|| key(left).cmp(key(right)))
            .then_with(|| (left.batch, left.row).cmp(&(right.batch, right.row)))
    });
}

/// Returns the rows that `entries` name, in their order, as batches.
pub(crate) fn gather(batches: &[Batch], entries: &[Entry]) -> Vec<Batch> {
    let pairs: Vec<(usize, usize)> =
        entries.iter().map(|entry| (entry.batch as usize, entry.row as usize)).collect();
    pairs.chunks(types::BATCH_ROWS).map(|chunk| interleave(batches, chunk)).collect()
}

/// Returns the rows `(batch, row)` of several batches as one batch.
pub(crate) fn interleave(batches: &[Batch], rows: &[(usize, usize)]) -> Batch {
    let columns = batches.first().map_or(0, |batch| batch.columns().len());
    let column = |at: usize| {
        let arrays: Vec<&dyn arrow_array::Array> =
            batches.iter().map(|batch| batch.column(at).as_ref()).collect();
        arrow_select::interleave::interleave(&arrays, rows).expect("rows lie in their batches")
    };
    Batch::new((0..columns).map(column).collect(), rows.len())
}
