//! The filter: says of most keys that are not in a segment that they are not.
//!
//! A binary fuse filter (Graf and Lemire, 2022; crate `xorf`) with 8-bit fingerprints over XXH3
//! hashes of whole keys: 9 bits a key, 0.39 % false positives, no false negatives. A look-up hashes
//! its key once ([`key_hash`]) and asks all segments with that.

use arrow_buffer::Buffer;
use twox_hash::XxHash3_64;
use xorf::{BinaryFuse8, BinaryFuse8Ref, DmaSerializable, Filter as _, FilterRef as _};

use super::Origin;
use super::fields::Fields;
use super::tail::Section;
use crate::error::Result;

/// Returns the hash of a key, for [`Segment::may_contain`](super::Segment::may_contain).
pub fn key_hash(key: &[u8]) -> u64 {
    XxHash3_64::oneshot(key)
}

/// The filter of a segment; without one every key may be there.
#[derive(Debug)]
pub(super) struct Filter {
    parts: Option<(Buffer, Buffer)>,
}

const DESCRIPTOR_BYTES: usize = BinaryFuse8::DESCRIPTOR_LEN;

impl Filter {
    pub(super) fn read(origin: &Origin, section: &Section) -> Result<Filter> {
        if section.bytes.is_empty() {
            return Ok(Filter { parts: None });
        }
        if !sound(&section.bytes) {
            return Err(origin.corrupt(section.at, "a filter", section.bytes.len()));
        }
        let descriptor = section.bytes.slice_with_length(0, DESCRIPTOR_BYTES);
        let fingerprints = section.bytes.slice(DESCRIPTOR_BYTES);
        Ok(Filter { parts: Some((descriptor, fingerprints)) })
    }

    pub(super) fn may_contain(&self, hash: u64) -> bool {
        self.parts.as_ref().is_none_or(|(descriptor, fingerprints)| {
            BinaryFuse8Ref::from_dma(descriptor, fingerprints).contains(&hash)
        })
    }
}

/// True if no hash leads outside of the fingerprints: their segments are a power of two long, and
/// the three places of a hash lie in neighbouring ones.
fn sound(bytes: &[u8]) -> bool {
    let mut fields = Fields::new(bytes);
    let Some(_seed) = fields.u64() else { return false };
    let (Some(length), Some(mask), Some(count)) = (fields.u32(), fields.u32(), fields.u32()) else {
        return false;
    };
    let fingerprints = (bytes.len() - DESCRIPTOR_BYTES) as u64;
    length.is_power_of_two()
        && mask == length - 1
        && count.is_multiple_of(length)
        && fingerprints == u64::from(count) + 2 * u64::from(length)
}

/// Returns the filter of keys with these hashes; empty if none can be made, which is as good as
/// certain not to happen.
pub(super) fn build(mut hashes: Vec<u64>) -> Vec<u8> {
    hashes.sort_unstable();
    hashes.dedup();
    let Ok(filter) = BinaryFuse8::try_from(&hashes) else { return Vec::new() };
    let mut out = vec![0; DESCRIPTOR_BYTES];
    filter.dma_copy_descriptor_to(&mut out);
    out.extend(filter.dma_fingerprints());
    if sound(&out) { out } else { Vec::new() }
}
