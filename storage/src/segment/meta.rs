//! What a segment says of itself: tree, tier, bounds, columns.

use types::{ColumnId, CommitId, DataType, TIME_MAX, TIME_MIN, TreeId};

use super::fields::Fields;
use super::tail::Section;
use super::{KeyPart, Origin, StoredColumn};
use crate::error::Result;
use crate::schema::TreeSchema;

/// Rows of a block where segments are young and rewritten soon.
pub(super) const SMALL_BLOCK_ROWS: usize = 1_024;
/// Rows of a block at rest.
pub(super) const LARGE_BLOCK_ROWS: usize = 8_192;

const DESCENDING: u32 = 1 << 31;

/// Where in the tree of levels a segment lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tier {
    /// Fresh from the memtable; segments overlap.
    Fresh,
    /// Level n (from 1) of versions that were open when written; segments of a level do not overlap.
    Current(u8),
    /// Closed versions, by class of lifetime.
    History(u8),
}

impl Tier {
    /// Returns the rows of a block.
    pub fn block_rows(self) -> usize {
        match self {
            Tier::Fresh | Tier::Current(0 | 1) => SMALL_BLOCK_ROWS,
            Tier::Current(_) | Tier::History(_) => LARGE_BLOCK_ROWS,
        }
    }

    /// Returns two bytes that say which tier, for the segment and the manifest.
    pub fn to_bytes(self) -> [u8; 2] {
        match self {
            Tier::Fresh => [0, 0],
            Tier::Current(level) => [1, level],
            Tier::History(class) => [2, class],
        }
    }

    /// Returns the tier that two bytes say.
    pub fn from_bytes(bytes: [u8; 2]) -> Option<Tier> {
        match bytes {
            [0, 0] => Some(Tier::Fresh),
            [1, level] => Some(Tier::Current(level)),
            [2, class] => Some(Tier::History(class)),
            _ => None,
        }
    }
}

/// One of the four bounds of a version's rectangle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeColumn {
    /// The commit that wrote it.
    SysFrom,
    /// The commit that closed it; open is [`CommitId::MAX`].
    SysTo,
    /// First instant at which it holds, microseconds.
    ValidFrom,
    /// First instant at which it no longer holds, microseconds.
    ValidTo,
}

impl TimeColumn {
    /// The four, in the order in which blocks hold them.
    pub const ALL: [TimeColumn; 4] =
        [TimeColumn::SysFrom, TimeColumn::SysTo, TimeColumn::ValidFrom, TimeColumn::ValidTo];

    /// Returns the type of its pages. Commit ids are kept as `BIGINT`.
    pub(super) fn data_type(self) -> DataType {
        match self {
            TimeColumn::SysFrom | TimeColumn::SysTo => DataType::Int64,
            TimeColumn::ValidFrom | TimeColumn::ValidTo => DataType::Timestamp,
        }
    }

    /// Returns what a NULL in its pages stands for: the end of time on its side. Kept as NULL, it
    /// does not widen the frame of the others.
    pub(super) fn unbounded(self) -> i64 {
        match self {
            TimeColumn::SysFrom | TimeColumn::ValidFrom => TIME_MIN,
            TimeColumn::SysTo | TimeColumn::ValidTo => TIME_MAX,
        }
    }
}

/// Returns a commit id as pages hold it.
pub(super) fn word_of_commit(commit: CommitId) -> i64 {
    i64::try_from(commit.0).unwrap_or(TIME_MAX)
}

/// Returns the commit id that a page's word stands for.
pub(super) fn commit_of_word(word: i64) -> CommitId {
    if word == TIME_MAX { CommitId::MAX } else { CommitId(word.cast_unsigned()) }
}

/// The least and greatest of one time bound, in the words of [`Times`](super::Times).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeBounds {
    /// The least.
    pub min: i64,
    /// The greatest.
    pub max: i64,
}

impl TimeBounds {
    pub(super) const NONE: TimeBounds = TimeBounds { min: i64::MAX, max: i64::MIN };

    pub(super) fn add(&mut self, time: i64) {
        self.min = self.min.min(time);
        self.max = self.max.max(time);
    }
}

/// What the manifest keeps about a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentMeta {
    /// The tree.
    pub tree: TreeId,
    /// The tier it was written for.
    pub tier: Tier,
    /// Versions.
    pub rows: u64,
    /// Versions that were open when written.
    pub open_rows: u64,
    /// Bytes of the segment.
    pub bytes: u64,
    /// The memcomparable key of the first version.
    pub first_key: Vec<u8>,
    /// The memcomparable key of the last version.
    pub last_key: Vec<u8>,
    /// Bounds of the four times, in the order of [`TimeColumn::ALL`].
    pub times: [TimeBounds; 4],
}

impl SegmentMeta {
    /// Returns the bounds of a commit bound as commits.
    pub fn commits(&self, column: TimeColumn) -> (CommitId, CommitId) {
        let TimeBounds { min, max } = self.times[column as usize];
        (commit_of_word(min), commit_of_word(max))
    }
}

/// The properties section.
pub(super) struct Properties {
    pub(super) meta: SegmentMeta,
    pub(super) columns: Vec<StoredColumn>,
    pub(super) key: Vec<KeyPart>,
}

impl Properties {
    pub(super) fn of(schema: &TreeSchema, meta: SegmentMeta) -> Properties {
        let columns = schema
            .columns
            .iter()
            .map(|column| StoredColumn { id: column.id, ty: column.ty.unlimited() });
        let key = schema.key.iter().map(|part| KeyPart {
            column: schema.position(part.column).expect("a key column is a column of the tree"),
            descending: part.descending,
        });
        Properties { meta, columns: columns.collect(), key: key.collect() }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let meta = &self.meta;
        let mut out = Vec::new();
        out.extend(meta.tree.0.to_le_bytes());
        out.extend(meta.tier.to_bytes());
        out.extend([0; 2]);
        out.extend(meta.rows.to_le_bytes());
        out.extend(meta.open_rows.to_le_bytes());
        for TimeBounds { min, max } in meta.times {
            out.extend(min.to_le_bytes());
            out.extend(max.to_le_bytes());
        }
        put_count(&mut out, self.columns.len());
        for column in &self.columns {
            out.extend(column.id.0.to_le_bytes());
            out.extend(type_code(column.ty).to_le_bytes());
        }
        put_count(&mut out, self.key.len());
        for part in &self.key {
            let column = u32::try_from(part.column).expect("columns are counted in 31 bits");
            out.extend((column | if part.descending { DESCENDING } else { 0 }).to_le_bytes());
        }
        for key in [&meta.first_key, &meta.last_key] {
            put_count(&mut out, key.len());
            out.extend(key);
        }
        out
    }

    pub(super) fn read(origin: &Origin, section: &Section, bytes: usize) -> Result<Properties> {
        read(&section.bytes, bytes as u64)
            .ok_or_else(|| origin.corrupt(section.at, "a segment's properties", "other bytes"))
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend(u32::try_from(count).expect("counted in 32 bits").to_le_bytes());
}

fn read(section: &[u8], bytes: u64) -> Option<Properties> {
    let mut fields = Fields::new(section);
    let tree = TreeId(fields.u32()?);
    let tier = Tier::from_bytes(fields.array()?)?;
    fields.u16()?;
    let (rows, open_rows) = (fields.u64()?, fields.u64()?);
    let mut times = [TimeBounds::NONE; 4];
    for bounds in &mut times {
        *bounds = TimeBounds { min: fields.i64()?, max: fields.i64()? };
    }
    let columns = (0..fields.count(8)?)
        .map(|_| Some(StoredColumn { id: ColumnId(fields.u32()?), ty: type_of(fields.u32()?)? }))
        .collect::<Option<Vec<_>>>()?;
    let key = (0..fields.count(4)?)
        .map(|_| {
            let code = fields.u32()?;
            let part =
                KeyPart { column: (code & !DESCENDING) as usize, descending: code >= DESCENDING };
            (part.column < columns.len()).then_some(part)
        })
        .collect::<Option<Vec<_>>>()?;
    let mut key_bytes = || {
        let len = fields.count(1)?;
        fields.bytes(len).map(<[u8]>::to_vec)
    };
    let (first_key, last_key) = (key_bytes()?, key_bytes()?);
    let meta = SegmentMeta { tree, tier, rows, open_rows, bytes, first_key, last_key, times };
    fields.is_empty().then_some(Properties { meta, columns, key })
}

/// Returns the number of a type: its tag, and the digits of a decimal.
fn type_code(ty: DataType) -> u32 {
    match ty {
        DataType::Null => 0,
        DataType::Boolean => 1,
        DataType::Int16 => 2,
        DataType::Int32 => 3,
        DataType::Int64 => 4,
        DataType::Float32 => 5,
        DataType::Float64 => 6,
        DataType::Decimal { precision, scale } => u32::from_le_bytes([7, precision, scale, 0]),
        DataType::Text { .. } => 8,
        DataType::Blob => 9,
        DataType::Date => 10,
        DataType::Timestamp => 11,
        DataType::Interval => 12,
        DataType::Json => 13,
    }
}

fn type_of(code: u32) -> Option<DataType> {
    Some(match code.to_le_bytes() {
        [0, 0, 0, 0] => DataType::Null,
        [1, 0, 0, 0] => DataType::Boolean,
        [2, 0, 0, 0] => DataType::Int16,
        [3, 0, 0, 0] => DataType::Int32,
        [4, 0, 0, 0] => DataType::Int64,
        [5, 0, 0, 0] => DataType::Float32,
        [6, 0, 0, 0] => DataType::Float64,
        [7, precision @ 1..=38, scale, 0] if scale <= precision => {
            DataType::Decimal { precision, scale }
        }
        [8, 0, 0, 0] => DataType::TEXT,
        [9, 0, 0, 0] => DataType::Blob,
        [10, 0, 0, 0] => DataType::Date,
        [11, 0, 0, 0] => DataType::Timestamp,
        [12, 0, 0, 0] => DataType::Interval,
        [13, 0, 0, 0] => DataType::Json,
        _ => return None,
    })
}
