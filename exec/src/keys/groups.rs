//! The group table: distinct keys, numbered in order of first appearance.
//!
//! It gives every row of a batch the number of its key. Keys are kept twice: in the form that is
//! looked up (by address, packed or rows) and as columns of the rows that were first, so results need
//! no decoding and a table can change its form. One integer key is found by address while its values
//! lie close together. NULL equals NULL here, as GROUP BY wants.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{ArrayRef, UInt32Array};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use types::{BATCH_ROWS, Batch, DataType, IntegerSet};

use super::dense::{Dense, Integers, Window};
use super::packed::Layout;
use super::{RowCodec, hash_bytes, hash_packed};
use crate::memory::array_bytes;

/// Groups from which hashed integers may turn out to lie close together.
const RECONSIDER: usize = 1 << 14;

/// Distinct keys of some types.
pub(crate) struct GroupTable {
    types: Vec<DataType>,
    form: Form,
    /// Key columns of the first row of every group, in pieces of equal shape.
    pieces: Vec<Vec<ArrayRef>>,
    groups: usize,
    bytes: usize,
    fresh: Vec<u32>,
    unfit: Vec<usize>,
    /// Where a single integer key was seen.
    window: Option<Window>,
    /// Groups from which packed keys of one integer are looked at again.
    reconsider: usize,
}

enum Form {
    Dense(Dense),
    Packed { layout: Layout, keys: Vec<u128>, map: HashTable<(u128, u32)> },
    Rows { codec: RowCodec, arena: Arena, map: HashTable<(u64, u32)> },
}

/// Byte strings end to end.
#[derive(Default)]
struct Arena {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Arena {
    fn get(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.bytes[start..self.ends[at]]
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.ends.push(self.bytes.len());
    }
}

impl GroupTable {
    /// Returns an empty table for keys of these types.
    pub(crate) fn new(types: &[DataType]) -> diag::Result<GroupTable> {
        let form = match types {
            [ty] if IntegerSet::takes(*ty) => Form::Dense(Dense::default()),
            types => Form::hashed(types)?,
        };
        Ok(GroupTable {
            types: types.to_vec(),
            form,
            pieces: Vec::new(),
            groups: 0,
            bytes: 0,
            fresh: Vec::new(),
            unfit: Vec::new(),
            window: None,
            reconsider: RECONSIDER,
        })
    }

    /// Returns the number of groups.
    pub(crate) fn len(&self) -> usize {
        self.groups
    }

    /// Returns the bytes that the table holds.
    pub(crate) fn bytes(&self) -> usize {
        let form = match &self.form {
            Form::Dense(dense) => dense.bytes(),
            Form::Packed { keys, map, .. } => keys.capacity() * 16 + map.allocation_size(),
            Form::Rows { arena, map, .. } => {
                arena.bytes.capacity() + arena.ends.capacity() * 8 + map.allocation_size()
            }
        };
        form + self.bytes
    }

    /// Puts the group of every row into `groups`; new keys make new groups.
    pub(crate) fn assign(
        &mut self,
        columns: &[ArrayRef],
        rows: usize,
        groups: &mut Vec<u32>,
    ) -> diag::Result<()> {
        groups.clear();
        self.fresh.clear();
        if columns.is_empty() {
            // No key columns: all rows share the one empty key.
            self.groups = self.groups.max(usize::from(rows > 0));
            groups.resize(rows, 0);
            return Ok(());
        }
        self.find(columns, groups)?;
        self.keep_fresh(columns);
        Ok(())
    }

    /// Returns the rows of the last assignment that made a group, in order.
    pub(crate) fn fresh(&self) -> &[u32] {
        &self.fresh
    }

    fn find(&mut self, columns: &[ArrayRef], groups: &mut Vec<u32>) -> diag::Result<()> {
        if let ([ty], [column]) = (self.types.as_slice(), columns)
            && let Some(keys) = Integers::of(column, *ty)
        {
            self.window = keys.window(self.window);
            self.choose_form()?;
            if let Form::Dense(dense) = &mut self.form {
                dense.find(&keys, self.window, &mut self.groups, &mut self.fresh, groups);
                return Ok(());
            }
        }
        if let Form::Packed { layout, keys, map } = &mut self.form {
            layout.pack(columns, keys, &mut self.unfit);
            if self.unfit.is_empty() {
                find_packed(map, keys, &mut self.groups, &mut self.fresh, groups);
                return Ok(());
            }
            self.change_to_rows()?;
        }
        if let Form::Rows { codec, arena, map } = &mut self.form {
            let rows = codec.encode(columns)?;
            let keys = rows.iter();
            for (row, key) in keys.enumerate() {
                let (group, new) = find_row(map, arena, key.data());
                if new {
                    self.fresh.push(row as u32);
                    self.groups += 1;
                }
                groups.push(group);
            }
        }
        Ok(())
    }

    /// Takes one integer key by address while that is worth it, and again once it has become so.
    fn choose_form(&mut self) -> diag::Result<()> {
        let worth = Dense::is_worth(self.window, self.groups);
        let dense = match &self.form {
            Form::Dense(_) if !worth => Form::hashed(&self.types)?,
            Form::Packed { .. } if worth && self.groups >= self.reconsider => {
                Form::Dense(Dense::default())
            }
            Form::Dense(_) | Form::Packed { .. } | Form::Rows { .. } => return Ok(()),
        };
        // Twice as many groups must come before the form changes back.
        self.reconsider = (2 * self.groups).max(RECONSIDER);
        self.form = dense;
        let (pieces, groups) = (std::mem::take(&mut self.pieces), self.groups);
        (self.groups, self.bytes) = (0, 0);
        let mut found = Vec::new();
        for piece in &pieces {
            found.clear();
            self.fresh.clear();
            match (&mut self.form, Integers::of(&piece[0], self.types[0])) {
                (Form::Dense(dense), Some(keys)) => {
                    let window = self.window;
                    dense.find(&keys, window, &mut self.groups, &mut self.fresh, &mut found);
                }
                (Form::Packed { layout, keys, map }, _) => {
                    layout.pack(piece, keys, &mut self.unfit);
                    debug_assert!(self.unfit.is_empty(), "one integer always fits");
                    find_packed(map, keys, &mut self.groups, &mut self.fresh, &mut found);
                }
                (Form::Dense(_) | Form::Rows { .. }, _) => {
                    unreachable!("one integer key is found by address or packed")
                }
            }
        }
        debug_assert_eq!(self.groups, groups, "the groups keep their numbers");
        self.bytes = pieces.iter().flatten().map(|column| array_bytes(column.as_ref())).sum();
        self.pieces = pieces;
        self.fresh.clear();
        Ok(())
    }

    fn change_to_rows(&mut self) -> diag::Result<()> {
        self.form = Form::rows(&self.types)?;
        let Form::Rows { codec, arena, map } = &mut self.form else {
            unreachable!("the form was just made")
        };
        for piece in &self.pieces {
            for key in codec.encode(piece)?.iter() {
                find_row(map, arena, key.data());
            }
        }
        debug_assert_eq!(arena.ends.len(), self.groups, "distinct packed keys are distinct rows");
        Ok(())
    }

    fn keep_fresh(&mut self, columns: &[ArrayRef]) {
        if self.fresh.is_empty() {
            return;
        }
        let rows = UInt32Array::from(self.fresh.clone());
        let piece: Vec<ArrayRef> = columns.iter().map(|column| compact(column, &rows)).collect();
        self.bytes += piece.iter().map(|column| array_bytes(column.as_ref())).sum::<usize>();
        self.pieces.push(piece);
    }

    /// Adds the groups of `other`; returns the group here of each group there.
    pub(crate) fn merge(&mut self, other: &GroupTable) -> diag::Result<Vec<u32>> {
        let mut mapping = Vec::with_capacity(other.groups);
        let mut groups = Vec::new();
        if other.types.is_empty() {
            self.groups = self.groups.max(other.groups);
            return Ok(vec![0; other.groups]);
        }
        for piece in &other.pieces {
            self.assign(piece, piece[0].len(), &mut groups)?;
            mapping.extend_from_slice(&groups);
        }
        Ok(mapping)
    }

    /// Returns the key columns of all groups, in their order.
    pub(crate) fn into_columns(self) -> Vec<ArrayRef> {
        columns_of(&self.types, &self.pieces)
    }
}

impl Form {
    /// Packed if the types can be, else rows.
    fn hashed(types: &[DataType]) -> diag::Result<Form> {
        match Layout::of(types) {
            Some(layout) => Ok(Form::Packed { layout, keys: Vec::new(), map: HashTable::new() }),
            None => Form::rows(types),
        }
    }

    fn rows(types: &[DataType]) -> diag::Result<Form> {
        let codec = RowCodec::new(types)?;
        Ok(Form::Rows { codec, arena: Arena::default(), map: HashTable::new() })
    }
}

fn find_packed(
    map: &mut HashTable<(u128, u32)>,
    keys: &[u128],
    groups: &mut usize,
    fresh: &mut Vec<u32>,
    found: &mut Vec<u32>,
) {
    let mut recent = Recent::default();
    for (row, &key) in keys.iter().enumerate() {
        let hash = hash_packed(key);
        if let Some(group) = recent.get(key, hash) {
            found.push(group);
            continue;
        }
        let group = match map.entry(hash, |(other, _)| *other == key, |(key, _)| hash_packed(*key))
        {
            Entry::Occupied(entry) => entry.get().1,
            Entry::Vacant(entry) => {
                let group = *groups as u32;
                entry.insert((key, group));
                *groups += 1;
                fresh.push(row as u32);
                group
            }
        };
        recent.put(key, hash, group);
        found.push(group);
    }
}

/// A few groups found last, by the top bits of their hash: where groups are few, or rows of one key
/// follow each other, most rows need look no further.
struct Recent([(u128, u32); Recent::SLOTS]);

impl Default for Recent {
    fn default() -> Recent {
        Recent([(0, Recent::NONE); Recent::SLOTS])
    }
}

impl Recent {
    const BITS: u32 = 5;
    const SLOTS: usize = 1 << Recent::BITS;
    const NONE: u32 = u32::MAX;

    #[inline]
    fn get(&self, key: u128, hash: u64) -> Option<u32> {
        let (other, group) = self.0[Recent::slot(hash)];
        (other == key && group != Recent::NONE).then_some(group)
    }

    #[inline]
    fn put(&mut self, key: u128, hash: u64, group: u32) {
        self.0[Recent::slot(hash)] = (key, group);
    }

    #[inline]
    fn slot(hash: u64) -> usize {
        (hash >> (64 - Recent::BITS)) as usize
    }
}

fn find_row(map: &mut HashTable<(u64, u32)>, arena: &mut Arena, key: &[u8]) -> (u32, bool) {
    let hash = hash_bytes(key);
    let same = |(other, group): &(u64, u32)| *other == hash && arena.get(*group) == key;
    match map.entry(hash, same, |(hash, _)| *hash) {
        Entry::Occupied(entry) => (entry.get().1, false),
        Entry::Vacant(entry) => {
            let group = arena.ends.len() as u32;
            entry.insert((hash, group));
            arena.push(key);
            (group, true)
        }
    }
}

/// Returns the given rows of a column without the memory of the others.
pub(crate) fn compact(column: &ArrayRef, rows: &UInt32Array) -> ArrayRef {
    use arrow_schema::DataType as Arrow;
    let taken =
        arrow_select::take::take(column, rows, None).expect("row numbers lie in the column");
    match taken.data_type() {
        Arrow::Utf8View => Arc::new(taken.as_string_view().gc()),
        Arrow::BinaryView => Arc::new(taken.as_binary_view().gc()),
        _ => taken,
    }
}

/// Returns pieces of columns joined to whole ones.
pub(crate) fn columns_of(types: &[DataType], pieces: &[Vec<ArrayRef>]) -> Vec<ArrayRef> {
    let join = |(at, ty): (usize, &DataType)| {
        let parts: Vec<&dyn arrow_array::Array> =
            pieces.iter().map(|piece| piece[at].as_ref()).collect();
        match parts.as_slice() {
            [] => arrow_array::new_empty_array(&ty.arrow()),
            parts => types::concat(parts),
        }
    };
    types.iter().enumerate().map(join).collect()
}

/// Returns long columns as batches.
pub(crate) fn batches_of(columns: Vec<ArrayRef>, rows: usize) -> Vec<Batch> {
    let whole = Batch::new(columns, rows);
    let starts = (0..rows).step_by(BATCH_ROWS);
    starts.map(|start| whole.slice(start, BATCH_ROWS.min(rows - start))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array, StringViewArray};
    use types::DataType;

    use super::GroupTable;
    use crate::testing::Rng;

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(StringViewArray::from(values.to_vec()))
    }

    #[test]
    fn long_text_changes_the_table_to_rows_and_keeps_the_groups() {
        let mut table = GroupTable::new(&[DataType::TEXT]).unwrap();
        let mut groups = Vec::new();
        table.assign(&[texts(&[Some("a"), None, Some("a"), Some("b")])], 4, &mut groups).unwrap();
        assert_eq!(groups, [0, 1, 0, 2]);
        let long = "longer than thirteen bytes";
        table.assign(&[texts(&[Some(long), Some("b"), None, Some(long)])], 4, &mut groups).unwrap();
        assert_eq!(groups, [3, 2, 1, 3]);
        let columns = table.into_columns();
        let keys: Vec<_> = columns[0].as_string_view().iter().collect();
        assert_eq!(keys, [Some("a"), None, Some("b"), Some(long)]);
    }

    #[test]
    fn integers_keep_their_groups_as_the_form_changes() {
        let mut table = GroupTable::new(&[DataType::Int64]).unwrap();
        let mut expected: Vec<Option<i64>> = Vec::new();
        let mut rng = Rng::new(7);
        let mut forms = [false; 2];
        // Close together, then far apart, then so many that they are close again; NULLs in between.
        for (count, spread) in [(50, 1_000), (20, 1 << 40), (60, 3_000_000), (300, 3_000_000)] {
            for _ in 0..count {
                let keys: Vec<Option<i64>> = (0..1_000)
                    .map(|_| (!rng.one_in(50)).then(|| rng.below(spread) as i64 - 500))
                    .collect();
                let column: ArrayRef = Arc::new(Int64Array::from(keys.clone()));
                let mut groups = Vec::new();
                table.assign(&[column], keys.len(), &mut groups).unwrap();
                for (key, group) in keys.iter().zip(groups) {
                    if group as usize == expected.len() {
                        expected.push(*key);
                    }
                    assert_eq!(expected[group as usize], *key);
                }
                forms[usize::from(matches!(table.form, super::Form::Dense(_)))] = true;
            }
        }
        assert_eq!(forms, [true; 2], "both forms were met");
        let mut distinct = expected.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), expected.len(), "a key has one group");
        let columns = table.into_columns();
        let found: Vec<_> = columns[0].as_primitive::<Int64Type>().iter().collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn merging_maps_the_groups_of_the_other_table() {
        let numbers = |values: Vec<i64>| -> ArrayRef { Arc::new(Int64Array::from(values)) };
        let mut left = GroupTable::new(&[DataType::Int64]).unwrap();
        let mut right = GroupTable::new(&[DataType::Int64]).unwrap();
        let mut groups = Vec::new();
        left.assign(&[numbers(vec![7, 8])], 2, &mut groups).unwrap();
        right.assign(&[numbers(vec![9, 8, 9])], 3, &mut groups).unwrap();
        assert_eq!(left.merge(&right).unwrap(), [2, 1]);
        let columns = left.into_columns();
        assert_eq!(columns[0].as_primitive::<Int64Type>().values(), &[7, 8, 9]);
    }
}
