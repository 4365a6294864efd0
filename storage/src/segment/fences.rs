//! Fences: the first key of each block, to find the block of a key without opening any.
//!
//! The first eight bytes of each key are kept beside as a number, so that most steps of the search
//! compare two integers that lie together.

use arrow_buffer::Buffer;

use super::Origin;
use super::fields::Fields;
use super::tail::Section;
use crate::error::Result;

/// The fences of a segment.
#[derive(Debug)]
pub(super) struct Fences {
    prefixes: Vec<u64>,
    /// Where each key starts, and where the last one ends.
    offsets: Vec<u32>,
    keys: Buffer,
}

/// Returns the first eight bytes as a number of the same order.
fn prefix(key: &[u8]) -> u64 {
    let mut bytes = [0; 8];
    let kept = key.len().min(8);
    bytes[..kept].copy_from_slice(&key[..kept]);
    u64::from_be_bytes(bytes)
}

impl Fences {
    pub(super) fn read(origin: &Origin, section: &Section, blocks: usize) -> Result<Fences> {
        let wrong = || origin.corrupt(section.at, "a key a block", section.bytes.len());
        let mut fields = Fields::new(&section.bytes);
        let offsets = (0..=blocks).map(|_| fields.u32()).collect::<Option<Vec<_>>>();
        let offsets = offsets.ok_or_else(wrong)?;
        let keys = section.bytes.slice(4 * offsets.len());
        let ends = offsets[0] == 0 && offsets[blocks] as usize == keys.len();
        if !ends || !offsets.is_sorted() {
            return Err(wrong());
        }
        let mut fences = Fences { prefixes: Vec::new(), offsets, keys };
        if !(0..blocks).is_sorted_by(|left, right| fences.key(*left) <= fences.key(*right)) {
            return Err(wrong());
        }
        fences.prefixes = (0..blocks).map(|block| prefix(fences.key(block))).collect();
        Ok(fences)
    }

    /// Returns the first key of a block.
    pub(super) fn key(&self, block: usize) -> &[u8] {
        &self.keys[self.offsets[block] as usize..self.offsets[block + 1] as usize]
    }

    /// Returns the number of blocks whose first key is below `key`.
    pub(super) fn below(&self, key: &[u8]) -> usize {
        self.count(key, |fence| fence < key)
    }

    /// Returns the number of blocks whose first key is not above `key`.
    pub(super) fn below_or_equal(&self, key: &[u8]) -> usize {
        self.count(key, |fence| fence <= key)
    }

    fn count(&self, key: &[u8], holds: impl Fn(&[u8]) -> bool) -> usize {
        let wanted = prefix(key);
        let low = self.prefixes.partition_point(|fence| *fence < wanted);
        let same = self.prefixes[low..].partition_point(|fence| *fence == wanted);
        let (mut from, mut to) = (low, low + same);
        while from < to {
            let middle = from.midpoint(to);
            if holds(self.key(middle)) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }
}

/// Collects fences while blocks are written.
#[derive(Debug, Default)]
pub(super) struct FenceWriter {
    offsets: Vec<u32>,
    keys: Vec<u8>,
}

impl FenceWriter {
    pub(super) fn add(&mut self, key: &[u8]) {
        self.offsets.push(self.end());
        self.keys.extend(key);
    }

    fn end(&self) -> u32 {
        u32::try_from(self.keys.len()).expect("fences are below 4 GiB")
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.offsets.push(self.end());
        let mut out: Vec<u8> =
            self.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        out.extend(self.keys);
        out
    }
}
