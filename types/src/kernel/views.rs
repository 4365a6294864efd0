//! Arrow view arrays over bytes that were validated when their page was opened.
//!
//! Arrow's checked constructor would read every string again on every decode. Views of entries that
//! many rows share are made once and copied.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::types::ByteViewType;
use arrow_array::{Array, BinaryViewArray, GenericByteViewArray, StringViewArray};
use arrow_buffer::{BooleanBufferBuilder, Buffer, NullBuffer, ScalarBuffer};
use foldhash::fast::FixedState;

use crate::encoded::ByteEntries;

/// Most bytes of a string that lies inside its view.
const INLINE_BYTES: usize = 12;

/// Which entry each row has.
pub(crate) enum Places {
    /// All of so many rows have entry 0.
    First(usize),
    /// Row after row, entry after entry.
    Range(Range<usize>),
    /// An entry a row.
    List(Vec<u32>),
}

impl Places {
    fn len(&self) -> usize {
        match self {
            Places::First(rows) => *rows,
            Places::Range(range) => range.len(),
            Places::List(list) => list.len(),
        }
    }

    /// Returns `of_entry` of every row's entry.
    pub(crate) fn map<T: Copy>(&self, of_entry: impl Fn(usize) -> T) -> Vec<T> {
        match self {
            Places::First(0) => Vec::new(),
            Places::First(rows) => vec![of_entry(0); *rows],
            Places::Range(range) => range.clone().map(of_entry).collect(),
            Places::List(list) => list.iter().map(|at| of_entry(*at as usize)).collect(),
        }
    }
}

/// Returns the values of `entries` at `places`, in order, without copying their bytes.
///
/// # Panics
/// If a place is past the end.
pub(crate) fn text_views(
    entries: &ByteEntries,
    places: &Places,
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
    places: &Places,
    nulls: Option<NullBuffer>,
) -> BinaryViewArray {
    let (views, buffers) = views(entries, places);
    // SAFETY: each view was made from a slice of the only buffer, at that slice's offset.
    unsafe { BinaryViewArray::new_unchecked(views, buffers, nulls) }
}

fn views(entries: &ByteEntries, places: &Places) -> (ScalarBuffer<u128>, Arc<[Buffer]>) {
    let of_entry = |at: usize| view(entries.bytes(), entries.range(at));
    let views = match places {
        Places::List(list) if entries.len() <= places.len() => {
            let table = in_order(entries, 0..entries.len());
            list.iter().map(|at| table[*at as usize]).collect()
        }
        Places::Range(range) => in_order(entries, range.clone()),
        Places::First(_) | Places::List(_) => places.map(of_entry),
    };
    (views.into(), Arc::from([entries.bytes().clone()]))
}

/// Returns the views of neighbours: each starts where the one before it ends.
fn in_order(entries: &ByteEntries, range: Range<usize>) -> Vec<u128> {
    let ends = entries.offsets(range);
    ends.windows(2).map(|pair| view(entries.bytes(), pair[0] as usize..pair[1] as usize)).collect()
}

/// Returns Arrow's view of a string in the first buffer: its length, then the bytes if they are few,
/// else the first four and where all of them are.
#[inline]
fn view(bytes: &[u8], range: Range<usize>) -> u128 {
    let (start, length) = (range.start, range.len());
    if length <= INLINE_BYTES {
        return inline(bytes, range) << 32 | length as u128;
    }
    let prefix = inline(bytes, start..start + 4);
    (start as u128) << 96 | prefix << 32 | length as u128
}

/// Returns at most twelve bytes as a number, the first lowest.
#[inline]
fn inline(bytes: &[u8], range: Range<usize>) -> u128 {
    // Sixteen bytes at once where there are so many; a copy of unknown length costs a call.
    match bytes[range.start..].first_chunk::<16>() {
        Some(chunk) => u128::from_le_bytes(*chunk) & ((1 << (8 * range.len())) - 1),
        None => {
            let mut chunk = [0; 16];
            chunk[..range.len()].copy_from_slice(&bytes[range]);
            u128::from_le_bytes(chunk)
        }
    }
}

/// Returns the values of all parts, in order, sharing their buffers.
///
/// Parts that were taken from one array have the very same buffers, which are kept once: Arrow's own
/// concatenation repeats them for every part, and what is joined again squares them.
pub(crate) fn concat_text(parts: &[&StringViewArray]) -> StringViewArray {
    let (views, buffers, nulls) = joined(parts);
    // SAFETY: each view came from a valid array of text, and its buffer index was moved to where that
    // array's buffers are now (`joined`).
    unsafe { StringViewArray::new_unchecked(views, buffers, nulls) }
}

/// Returns the values of all parts, in order, sharing their buffers; see [`concat_text`].
pub(crate) fn concat_bytes(parts: &[&BinaryViewArray]) -> BinaryViewArray {
    let (views, buffers, nulls) = joined(parts);
    // SAFETY: each view came from a valid array, and its buffer index was moved to where that array's
    // buffers are now (`joined`).
    unsafe { BinaryViewArray::new_unchecked(views, buffers, nulls) }
}

type Parts = (ScalarBuffer<u128>, Arc<[Buffer]>, Option<NullBuffer>);

fn joined<T: ByteViewType>(parts: &[&GenericByteViewArray<T>]) -> Parts {
    let rows = parts.iter().map(|part| part.len()).sum();
    let mut views = Vec::with_capacity(rows);
    let mut buffers: Vec<Buffer> = Vec::new();
    // Where the buffers of each list of them begin; the lists live as long as the parts.
    let mut places: HashMap<*const Buffer, u32, FixedState> = HashMap::default();
    for part in parts {
        let list = part.data_buffers();
        let base = *places.entry(list.as_ptr()).or_insert_with(|| {
            let base = u32::try_from(buffers.len()).expect("there are few pages");
            buffers.extend(list.iter().cloned());
            base
        });
        let moved = u128::from(base) << 64;
        let long = |view: u128| view as u32 as usize > INLINE_BYTES;
        views
            .extend(part.views().iter().map(|view| if long(*view) { view + moved } else { *view }));
    }
    (views.into(), buffers.into(), nulls_of(parts, rows))
}

fn nulls_of<T: ByteViewType>(
    parts: &[&GenericByteViewArray<T>],
    rows: usize,
) -> Option<NullBuffer> {
    if parts.iter().all(|part| part.null_count() == 0) {
        return None;
    }
    let mut valid = BooleanBufferBuilder::new(rows);
    for part in parts {
        match part.nulls() {
            Some(nulls) => valid.append_buffer(nulls.inner()),
            None => valid.append_n(part.len(), true),
        }
    }
    Some(NullBuffer::new(valid.finish()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{Array, StringViewArray, UInt32Array};

    use super::concat_text;

    #[test]
    fn parts_of_one_array_keep_its_buffers_once() {
        let long = "a string that lies outside of its view";
        let other = StringViewArray::from(vec![Some("another long string, elsewhere"), None]);
        let whole = StringViewArray::from(vec![Some("short"), Some(long), None, Some(long)]);
        let rows = UInt32Array::from(vec![3, 0, 2]);
        let taken = arrow_select::take::take(&whole, &rows, None).unwrap();
        let taken = taken.as_any().downcast_ref::<StringViewArray>().unwrap();
        assert!(Arc::ptr_eq(taken.data_buffers(), whole.data_buffers()));
        let joined = concat_text(&[&whole, &other, taken, &whole.slice(1, 1)]);
        joined.to_data().validate_full().unwrap();
        let buffers = whole.data_buffers().len() + other.data_buffers().len();
        assert_eq!(joined.data_buffers().len(), buffers);
        let expected = [
            Some("short"),
            Some(long),
            None,
            Some(long),
            Some("another long string, elsewhere"),
            None,
            Some(long),
            Some("short"),
            None,
            Some(long),
        ];
        assert_eq!(joined.iter().collect::<Vec<_>>(), expected);
    }
}
