//! The build side of a join: all its rows, and chains of the rows whose keys share a bucket.
//!
//! Rows lie in whole columns in the source's order. `heads` holds the first row of every bucket,
//! `next` the one after each row, ascending; rows with NULL in a key are in no chain, since NULL
//! equals nothing, unless the key says that NULL meets NULL. Rows that NULL alone keeps from a chain
//! are listed where a mark must know of them. One integer key whose values lie close together is its
//! own bucket: no hash, no compare. Without key columns there is one chain of all rows: a
//! nested loop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arrow_array::{Array, ArrayRef};
use arrow_buffer::NullBuffer;
use arrow_row::Rows;
use diag::{Code, Diagnostic};
use ir::KeyNulls;
use types::{Batch, DataType, IntegerSet};

use crate::keys::dense::integers;
use crate::keys::packed::Layout;
use crate::keys::{RowCodec, any_null, hash_bytes, hash_packed};
use crate::memory::Reservation;
use crate::source::members::key_set;

/// Buckets a row that a table of one integer key may have.
const BUCKETS_PER_ROW: u64 = 16;
/// Buckets that such a table may always have.
const BUCKETS_SMALL: u64 = 1 << 16;

/// The end of a chain, and of an empty bucket.
pub(crate) const END: u32 = u32::MAX;

/// A hash table over the rows of a build side.
pub(crate) struct JoinTable {
    /// The build side's columns, whole.
    pub(crate) rows: Batch,
    keys: Keys,
    heads: Vec<u32>,
    next: Vec<u32>,
    shift: u32,
    matched: OnceLock<Vec<AtomicBool>>,
    /// The values of each key column, for the scan of the probe side.
    pub(crate) key_sets: Vec<Option<Arc<IntegerSet>>>,
    nulls: Vec<KeyNulls>,
    /// Rows with NULL in a key of which nobody knows whom it meets, ascending.
    unsure: Vec<u32>,
    _memory: Reservation,
}

enum Keys {
    None,
    /// One integer key: a bucket is one key, `min` that of the first. All rows of a chain are equal.
    Dense {
        ty: DataType,
        min: i64,
    },
    Packed {
        layout: Layout,
        keys: Vec<u128>,
    },
    Rows {
        codec: RowCodec,
        rows: Rows,
    },
}

/// The keys of a probe batch, as the table compares them.
pub(crate) enum ProbeKeys {
    None,
    Dense {
        nulls: Option<NullBuffer>,
    },
    Packed {
        keys: Vec<u128>,
        absent: Vec<bool>,
        /// Rows whose values no build row has: absent, but not for a NULL.
        unfit: Vec<usize>,
    },
    Rows {
        rows: Rows,
        absent: Vec<bool>,
    },
}

/// Rows of a build side that NULL keeps from being known as partners.
pub(crate) enum Unsure<'a> {
    /// So many rows: all that there are.
    All(u32),
    /// These.
    Some(&'a [u32]),
}

impl Unsure<'_> {
    /// Returns the rows, ascending.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> {
        let (all, some): (u32, &[u32]) = match self {
            Unsure::All(count) => (*count, &[]),
            Unsure::Some(rows) => (0, rows),
        };
        (0..all).chain(some.iter().copied())
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Unsure::All(count) => *count == 0,
            Unsure::Some(rows) => rows.is_empty(),
        }
    }
}

impl JoinTable {
    /// Builds the table over `rows` by these key columns, as long as the rows.
    pub(crate) fn build(
        rows: Batch,
        key_types: &[DataType],
        nulls: &[KeyNulls],
        key_columns: &[ArrayRef],
        mut memory: Reservation,
    ) -> diag::Result<JoinTable> {
        if rows.rows() >= END as usize {
            return Err(Box::new(Diagnostic::new(
                Code::TooComplex,
                "the smaller side of a join has more than 4 billion rows",
            )));
        }
        let columns = key_columns.iter().zip(key_types).zip(nulls);
        let set = |((column, ty), nulls): ((&ArrayRef, &DataType), &KeyNulls)| match nulls {
            // The set has no NULL, which is a key here.
            KeyNulls::Equal if column.logical_null_count() > 0 => None,
            KeyNulls::Equal | KeyNulls::Never | KeyNulls::Unknown => key_set(column, *ty),
        };
        let sets: Vec<_> = columns.map(set).collect();
        let (keys, buckets) = match (key_types, sets.as_slice()) {
            ([], _) => (Keys::None, 1),
            ([ty], [Some(set)]) if is_dense(set, rows.rows()) => {
                let span = set.max().wrapping_sub(set.min()).cast_unsigned();
                (Keys::Dense { ty: *ty, min: set.min() }, span as usize + 1)
            }
            _ => {
                let keys = Keys::of(key_types, key_columns)?;
                (keys, (rows.rows() * 2).next_power_of_two())
            }
        };
        let set_bytes: usize = sets.iter().flatten().map(|set| set.bytes()).sum();
        memory.grow(buckets * 4 + rows.rows() * 4 + keys.bytes() + set_bytes)?;
        let mut table = JoinTable {
            heads: vec![END; buckets],
            next: vec![END; rows.rows()],
            shift: 64 - buckets.next_power_of_two().trailing_zeros(),
            rows,
            keys,
            matched: OnceLock::new(),
            key_sets: sets,
            nulls: nulls.to_vec(),
            unsure: Vec::new(),
            _memory: memory,
        };
        let alone = table.lonely(key_columns);
        if nulls.contains(&KeyNulls::Unknown) {
            let rows = (0..).zip(alone.iter().flat_map(NullBuffer::iter));
            table.unsure = rows.filter(|(_, known)| !known).map(|(row, _)| row).collect();
        }
        table.link(key_columns, alone.as_ref());
        Ok(table)
    }

    /// Returns the rows that NULL in a key keeps from meeting any.
    fn lonely(&self, columns: &[ArrayRef]) -> Option<NullBuffer> {
        let strict = columns.iter().zip(&self.nulls);
        let strict = strict.filter(|(_, nulls)| **nulls != KeyNulls::Equal);
        any_null(strict.map(|(column, _)| column))
    }

    fn absent(&self, columns: &[ArrayRef], rows: usize) -> Vec<bool> {
        match self.lonely(columns) {
            Some(nulls) => (0..rows).map(|row| nulls.is_null(row)).collect(),
            None => vec![false; rows],
        }
    }

    /// Returns the rows that may or may not be partners of a probe row with these keys, of which
    /// none is one for sure.
    pub(crate) fn unsure(&self, keys: &ProbeKeys, probe_row: usize) -> Unsure<'_> {
        match keys {
            ProbeKeys::Packed { absent, unfit, .. }
                if absent[probe_row] && unfit.binary_search(&probe_row).is_err() =>
            {
                Unsure::All(self.next.len() as u32)
            }
            ProbeKeys::Rows { absent, .. } if absent[probe_row] => {
                Unsure::All(self.next.len() as u32)
            }
            ProbeKeys::Dense { nulls: Some(nulls) } if nulls.is_null(probe_row) => {
                Unsure::All(self.next.len() as u32)
            }
            ProbeKeys::None
            | ProbeKeys::Dense { .. }
            | ProbeKeys::Packed { .. }
            | ProbeKeys::Rows { .. } => Unsure::Some(&self.unsure),
        }
    }

    /// Links backwards, so that every chain runs in the rows' order.
    fn link(&mut self, columns: &[ArrayRef], nulls: Option<&NullBuffer>) {
        let dense = match self.keys {
            Keys::Dense { ty, min } => integers(&columns[0], ty).map(|keys| (keys, min)),
            Keys::None | Keys::Packed { .. } | Keys::Rows { .. } => None,
        };
        for row in (0..self.next.len()).rev() {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            let bucket = match &dense {
                Some((keys, min)) => keys[row].wrapping_sub(*min).cast_unsigned() as usize,
                None => self.bucket(self.keys.hash(row)),
            };
            self.next[row] = std::mem::replace(&mut self.heads[bucket], row as u32);
        }
    }

    fn bucket(&self, hash: u64) -> usize {
        // A shift by 64 is the table of one bucket.
        hash.checked_shr(self.shift).unwrap_or(0) as usize
    }

    /// True if the join has no keys: every row meets every row.
    pub(crate) fn is_loop(&self) -> bool {
        matches!(self.keys, Keys::None)
    }

    /// Returns the keys of probe rows and the head of the chain that each has to follow.
    pub(crate) fn probe(
        &self,
        columns: &[ArrayRef],
        rows: usize,
        heads: &mut Vec<u32>,
    ) -> diag::Result<ProbeKeys> {
        heads.clear();
        let keys = match &self.keys {
            Keys::None => {
                heads.resize(rows, self.heads[0]);
                return Ok(ProbeKeys::None);
            }
            Keys::Dense { ty, min } => {
                self.address(&columns[0], *ty, *min, heads);
                return Ok(ProbeKeys::Dense { nulls: self.lonely(columns) });
            }
            Keys::Packed { layout, .. } => {
                let (mut keys, mut unfit) = (Vec::with_capacity(rows), Vec::new());
                layout.pack(columns, &mut keys, &mut unfit);
                let mut absent = self.absent(columns, rows);
                // A value too large for the layout is in no build row, else the table had rows.
                unfit.retain(|row| !absent[*row]);
                unfit.sort_unstable();
                unfit.iter().for_each(|row| absent[*row] = true);
                ProbeKeys::Packed { keys, absent, unfit }
            }
            Keys::Rows { codec, .. } => {
                ProbeKeys::Rows { rows: codec.encode(columns)?, absent: self.absent(columns, rows) }
            }
        };
        heads.extend((0..rows).map(|row| match &keys {
            ProbeKeys::None | ProbeKeys::Dense { .. } => END,
            ProbeKeys::Packed { absent, .. } | ProbeKeys::Rows { absent, .. } if absent[row] => END,
            ProbeKeys::Packed { keys, .. } => self.heads[self.bucket(hash_packed(keys[row]))],
            ProbeKeys::Rows { rows, .. } => {
                self.heads[self.bucket(hash_bytes(rows.row(row).data()))]
            }
        }));
        Ok(keys)
    }

    /// Looks the chains of one integer key up by its value; NULL has none.
    fn address(&self, column: &ArrayRef, ty: DataType, min: i64, heads: &mut Vec<u32>) {
        let keys = integers(column, ty).expect("a key of both sides has one type");
        let head = |key: i64| {
            let place = usize::try_from(key.wrapping_sub(min).cast_unsigned());
            place.ok().and_then(|place| self.heads.get(place)).copied().unwrap_or(END)
        };
        match column.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => heads.extend(keys.iter().map(|key| head(*key))),
            Some(nulls) => heads.extend(
                keys.iter().zip(nulls).map(|(key, valid)| if valid { head(*key) } else { END }),
            ),
        }
    }

    /// Returns the first row from `row` on along its chain whose key is that of the probe row.
    pub(crate) fn seek(&self, keys: &ProbeKeys, probe_row: usize, mut row: u32) -> u32 {
        match (&self.keys, keys) {
            (Keys::Packed { keys: own, .. }, ProbeKeys::Packed { keys, .. }) => {
                let key = keys[probe_row];
                while row != END && own[row as usize] != key {
                    row = self.next[row as usize];
                }
            }
            (Keys::Rows { rows: own, .. }, ProbeKeys::Rows { rows, .. }) => {
                let key = rows.row(probe_row);
                while row != END && own.row(row as usize) != key {
                    row = self.next[row as usize];
                }
            }
            // A chain is all rows, or all rows of one key.
            (Keys::None | Keys::Dense { .. } | Keys::Packed { .. } | Keys::Rows { .. }, _) => {}
        }
        row
    }

    /// Returns the row after `row` on its chain.
    pub(crate) fn after(&self, row: u32) -> u32 {
        self.next[row as usize]
    }

    /// Records that these build rows met a probe row.
    pub(crate) fn mark(&self, rows: impl Iterator<Item = u32>) {
        let matched = self.matched.get_or_init(|| self.unmatched_flags());
        for row in rows {
            matched[row as usize].store(true, Ordering::Relaxed);
        }
    }

    /// True if a build row was recorded.
    pub(crate) fn is_marked(&self, row: u32) -> bool {
        let matched = self.matched.get_or_init(|| self.unmatched_flags());
        matched[row as usize].load(Ordering::Relaxed)
    }

    fn unmatched_flags(&self) -> Vec<AtomicBool> {
        (0..self.rows.rows()).map(|_| AtomicBool::new(false)).collect()
    }

    /// Returns the build rows that no probe row met, ascending.
    pub(crate) fn unmatched(&self) -> Vec<u32> {
        self.rows_that(|matched| !matched)
    }

    /// Returns the build rows that a probe row met, ascending.
    pub(crate) fn matched(&self) -> Vec<u32> {
        self.rows_that(|matched| matched)
    }

    fn rows_that(&self, wanted: impl Fn(bool) -> bool) -> Vec<u32> {
        let matched = self.matched.get_or_init(|| self.unmatched_flags());
        let rows =
            (0..).zip(matched).filter(|(_, matched)| wanted(matched.load(Ordering::Relaxed)));
        rows.map(|(row, _)| row).collect()
    }
}

/// True if a bucket a key costs little more memory than a hash table, or little altogether.
fn is_dense(set: &IntegerSet, rows: usize) -> bool {
    let span = set.max().wrapping_sub(set.min()).cast_unsigned();
    span < (rows as u64).saturating_mul(BUCKETS_PER_ROW).max(BUCKETS_SMALL)
}

impl Keys {
    fn of(types: &[DataType], columns: &[ArrayRef]) -> diag::Result<Keys> {
        if types.is_empty() {
            return Ok(Keys::None);
        }
        if let Some(layout) = Layout::of(types) {
            let (mut keys, mut unfit) = (Vec::new(), Vec::new());
            layout.pack(columns, &mut keys, &mut unfit);
            if unfit.is_empty() {
                return Ok(Keys::Packed { layout, keys });
            }
        }
        let codec = RowCodec::new(types)?;
        let rows = codec.encode(columns)?;
        Ok(Keys::Rows { codec, rows })
    }

    fn hash(&self, row: usize) -> u64 {
        match self {
            Keys::None | Keys::Dense { .. } => 0,
            Keys::Packed { keys, .. } => hash_packed(keys[row]),
            Keys::Rows { rows, .. } => hash_bytes(rows.row(row).data()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Keys::None | Keys::Dense { .. } => 0,
            Keys::Packed { keys, .. } => keys.len() * 16,
            Keys::Rows { rows, .. } => rows.size(),
        }
    }
}
