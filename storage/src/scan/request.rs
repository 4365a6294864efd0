//! What a reader asks of a tree: columns, predicates, a key range and a point in both times.

use std::ops::Bound;

use types::{ColumnId, DataType, TreeId, Value, key};

use super::visible::ReadPoint;
use crate::error::{Error, Result};
use crate::schema::TreeSchema;

/// A column of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanColumn {
    /// A stored column.
    Stored(ColumnId),
    /// The commit that wrote the version, `BIGINT`; [`crate::PENDING`] for a transaction's own row.
    CommitFrom,
    /// The commit that ended it, `BIGINT`; NULL while it is open.
    CommitTo,
    /// The time of the commit that wrote it, `TIMESTAMP`.
    SystemFrom,
    /// The time of the commit that ended it, `TIMESTAMP`; infinity while it is open.
    SystemTo,
    /// The begin of its valid time, raw, `TIMESTAMP`.
    ValidFrom,
    /// The end of its valid time, raw, `TIMESTAMP`.
    ValidTo,
}

impl ScanColumn {
    /// Returns the column's type; `None` if the tree lacks it.
    pub fn data_type(self, schema: &TreeSchema) -> Option<DataType> {
        match self {
            ScanColumn::Stored(id) => schema.position(id).map(|at| schema.columns[at].ty),
            ScanColumn::CommitFrom | ScanColumn::CommitTo => Some(DataType::Int64),
            ScanColumn::SystemFrom
            | ScanColumn::SystemTo
            | ScanColumn::ValidFrom
            | ScanColumn::ValidTo => Some(DataType::Timestamp),
        }
    }
}

/// A comparison that the scan itself can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PredicateOp {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
    /// `IN (…)`
    In,
}

/// A condition on one column; a version passes if it is true, not if it is unknown.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The column.
    pub column: ScanColumn,
    /// The comparison.
    pub op: PredicateOp,
    /// What it is compared with: one value, none for the tests of NULL, any number for `IN`. They
    /// have the column's type; NULL matches nothing.
    pub values: Vec<Value>,
}

/// A range in key order, on a prefix of the key's columns.
///
/// "Lower" is what comes first in the tree's order: of a descending column, the larger value.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRange {
    /// Where it begins.
    pub lower: Bound<Vec<Value>>,
    /// Where it ends.
    pub upper: Bound<Vec<Value>>,
}

/// What to read.
#[derive(Clone, Debug, PartialEq)]
pub struct ScanRequest {
    /// The tree.
    pub tree: TreeId,
    /// The columns of the answer, in order; none if only rows are counted.
    pub columns: Vec<ScanColumn>,
    /// Conditions that a row must meet, all of them.
    pub predicates: Vec<Predicate>,
    /// Which keys.
    pub key_range: Option<KeyRange>,
    /// Which versions.
    pub at: ReadPoint,
}

/// A key range as bytes: `start <= key`, and `key < end` if there is an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeySpan {
    pub(crate) start: Vec<u8>,
    pub(crate) end: Option<Vec<u8>>,
}

impl KeySpan {
    /// Returns the span of a range; `None` if it holds no key.
    pub(crate) fn new(range: &KeyRange, schema: &TreeSchema) -> Option<KeySpan> {
        let start = match &range.lower {
            Bound::Unbounded => Vec::new(),
            Bound::Included(values) => schema.encode_key(values),
            // Above every key is nothing.
            Bound::Excluded(values) => key::successor(&schema.encode_key(values))?,
        };
        let end = match &range.upper {
            Bound::Unbounded => None,
            Bound::Included(values) => key::successor(&schema.encode_key(values)),
            Bound::Excluded(values) => Some(schema.encode_key(values)),
        };
        let empty = end.as_ref().is_some_and(|end| *end <= start);
        (!empty).then_some(KeySpan { start, end })
    }

    /// True if the span may hold a key between `first` and `last`.
    pub(crate) fn overlaps(&self, first: &[u8], last: &[u8]) -> bool {
        *self.start <= *last && self.end.as_ref().is_none_or(|end| *first < **end)
    }
}

/// Returns the types of the answer's columns.
pub(crate) fn column_types(columns: &[ScanColumn], schema: &TreeSchema) -> Result<Vec<DataType>> {
    columns
        .iter()
        .map(|column| {
            column.data_type(schema).ok_or(Error::NoColumn { tree: schema.id, column: *column })
        })
        .collect()
}
