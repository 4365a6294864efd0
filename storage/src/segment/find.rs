//! From a key to its versions: filter, fence, then a search in the block on typed columns.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use types::Value;
use types::encoded::Encoded;
use types::key;

use super::{Block, KeyPart, Segment, key_hash};
use crate::error::Result;

impl Segment {
    /// Returns false if no version has the key with this hash (of [`key_hash`]), and mostly only then.
    pub fn may_contain(&self, hash: u64) -> bool {
        self.filter.may_contain(hash)
    }

    /// Returns the ordinals of the versions of a whole key; an empty range if there are none.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a page on the way is not what was written.
    pub fn find(&self, key: &[u8]) -> Result<Range<u64>> {
        self.find_hashed(key, key_hash(key))
    }

    /// Returns what [`Segment::find`] does, for a caller that has the hash at hand.
    ///
    /// # Errors
    /// See [`Segment::find`].
    pub fn find_hashed(&self, key: &[u8], hash: u64) -> Result<Range<u64>> {
        if !self.may_contain(hash) {
            return Ok(0..0);
        }
        // A key that does not read by this segment's types is of no version in it.
        let Ok(values) = key::decode(key, &self.key_types()) else { return Ok(0..0) };
        // The key may begin inside the last block whose fence is below it.
        let first = self.fences.below(key).saturating_sub(1);
        let end = self.fences.below_or_equal(key).max(first + 1);
        let mut found = 0..0;
        for at in first..end {
            let block = self.block(at);
            let rows = equal_rows(&block, &self.key, &values)?;
            if rows.is_empty() {
                continue;
            }
            let first = block.first();
            if found.is_empty() {
                found.start = first + rows.start as u64;
            }
            found.end = first + rows.end as u64;
        }
        Ok(found)
    }

    /// Returns the ordinal of the first version whose key is not below `bound`: a key, a prefix of
    /// one, or the successor of a prefix.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if a page on the way is not what was written.
    pub fn seek(&self, bound: &[u8]) -> Result<u64> {
        let Some(at) = self.fences.below(bound).checked_sub(1) else { return Ok(0) };
        let block = self.block(at);
        let keys = self.keys_of(&block)?;
        let (mut from, mut to) = (0, block.rows());
        let mut key = Vec::new();
        while from < to {
            let middle = from.midpoint(to);
            keys.put(middle, &mut key);
            if key.as_slice() < bound {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        Ok(block.first() + from as u64)
    }

    /// Returns the memcomparable key of a version.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if its pages are not what was written.
    ///
    /// # Panics
    /// If there is no such version.
    pub fn key_at(&self, ordinal: u64) -> Result<Vec<u8>> {
        let block = self.block_of(ordinal);
        let mut key = Vec::new();
        self.keys_of(&block)?.put((ordinal - block.first()) as usize, &mut key);
        Ok(key)
    }

    /// Returns the memcomparable keys of all versions of a block, for a walk through it.
    ///
    /// # Errors
    /// [`Error::Corrupt`](crate::Error::Corrupt) if its pages are not what was written.
    pub fn keys_of(&self, block: &Block<'_>) -> Result<BlockKeys> {
        let pages = self.key.iter().map(|part| block.page(part.column)).collect::<Result<_>>()?;
        let descending = self.key.iter().map(|part| part.descending).collect();
        Ok(BlockKeys { pages, descending })
    }
}

/// The key columns of a block, to rebuild the key of any of its rows.
#[derive(Clone, Debug)]
pub struct BlockKeys {
    pages: Vec<Arc<Encoded>>,
    descending: Vec<bool>,
}

impl BlockKeys {
    /// Replaces `key` by the memcomparable key of row `at` of the block.
    ///
    /// # Panics
    /// If `at` is not a row.
    pub fn put(&self, at: usize, key: &mut Vec<u8>) {
        key.clear();
        for (page, descending) in self.pages.iter().zip(&self.descending) {
            key::encode_part(&page.value(at), *descending, key);
        }
    }
}

/// Returns the rows of a block with these key values: each key column narrows the rows left by those
/// before it, among which it is sorted.
fn equal_rows(block: &Block<'_>, parts: &[KeyPart], values: &[Value]) -> Result<Range<usize>> {
    let mut rows = 0..block.rows();
    for (part, value) in parts.iter().zip(values) {
        let page = block.page(part.column)?;
        let order = |at| {
            let order = page.key_order(at, value);
            if part.descending { order.reverse() } else { order }
        };
        rows = equal_range(rows, order);
        if rows.is_empty() {
            break;
        }
    }
    Ok(rows)
}

/// Returns the part of sorted `rows` that stands equal. Few rows of a key are the rule, so the end is
/// looked for from the start in doubling steps.
fn equal_range(rows: Range<usize>, order: impl Fn(usize) -> Ordering) -> Range<usize> {
    let start = partition(rows.clone(), |at| order(at).is_lt());
    let (mut known, mut step) = (start, 1);
    while known < rows.end && order(known).is_eq() {
        let next = (known + step).min(rows.end);
        if next == rows.end || !order(next).is_eq() {
            return start..partition(known + 1..next, |at| order(at).is_eq());
        }
        known = next;
        step *= 2;
    }
    start..start
}

/// Returns the first of `rows` for which `holds` is false; it is true of all before it.
fn partition(rows: Range<usize>, holds: impl Fn(usize) -> bool) -> usize {
    let Range { start: mut from, end: mut to } = rows;
    while from < to {
        let middle = from.midpoint(to);
        if holds(middle) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    from
}
