//! Arrow view arrays over bytes that were validated when their page was opened.
//!
//! Arrow's checked constructor would read every string again on every decode.

use std::sync::Arc;

use arrow_array::builder::make_view;
use arrow_array::{BinaryViewArray, StringViewArray};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};

use crate::encoded::ByteEntries;

/// Returns the values of `entries` at `places`, in order, without copying their bytes.
///
/// # Panics
/// If a place is past the end.
pub(crate) fn text_views(
    entries: &ByteEntries,
    places: impl Iterator<Item = usize>,
    nulls: Option<NullBuffer>,
) -> StringViewArray {
    assert!(entries.is_text(), "only text was checked to be UTF-8");
    let (views, buffers) = views(entries, places);
    // SAFETY: each view was made from a slice of the only buffer, at that slice's offset, and
    // `ByteEntries::open` proved every slice to be UTF-8; the entries are immutable.
    unsafe { StringViewArray::new_unchecked(views, buffers, nulls) }
}

/// Returns the values of `entries` at `places`, in order, without copying their bytes.
///
/// # Panics
/// If a place is past the end.
pub(crate) fn byte_views(
    entries: &ByteEntries,
    places: impl Iterator<Item = usize>,
    nulls: Option<NullBuffer>,
) -> BinaryViewArray {
    let (views, buffers) = views(entries, places);
    // SAFETY: each view was made from a slice of the only buffer, at that slice's offset.
    unsafe { BinaryViewArray::new_unchecked(views, buffers, nulls) }
}

fn views(
    entries: &ByteEntries,
    places: impl Iterator<Item = usize>,
) -> (ScalarBuffer<u128>, Arc<[Buffer]>) {
    let views = places.map(|at| make_view(entries.get(at), 0, entries.offset(at))).collect();
    (views, Arc::from([entries.bytes().clone()]))
}
