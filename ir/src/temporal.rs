//! Which versions a table reference reads: a rule a time axis (temporal.md §2, SQL:2011).

use types::{ColumnId, CommitId, DataType};

use crate::Table;

/// The system-time axis of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SystemTime {
    /// The transaction's snapshot, with its own pending writes.
    #[default]
    Current,
    /// `sys_from <= n < sys_to`.
    AsOf(CommitId),
    /// `FROM a TO b`, as commits: `sys_from < to AND sys_to > from`; `BETWEEN a AND b` has `to = b + 1`.
    Range {
        /// Start of the range.
        from: CommitId,
        /// End of the range, outside it.
        to: CommitId,
    },
    /// `CONTAINED IN (a, b)`: `sys_from >= a AND sys_to <= b`.
    ContainedIn {
        /// Start.
        from: CommitId,
        /// End.
        to: CommitId,
    },
    /// Every version.
    All,
}

/// The valid-time axis of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ValidTime {
    /// No filter: the standard's default.
    #[default]
    All,
    /// `valid_from <= t < valid_to`.
    At(i64),
    /// Overlaps `[from, to)`; `BETWEEN a AND b` has `to = b + 1`.
    Range {
        /// Start of the range.
        from: i64,
        /// End of the range, outside it.
        to: i64,
    },
    /// `CONTAINED IN (a, b)`: `valid_from >= a AND valid_to <= b`.
    ContainedIn {
        /// Start.
        from: i64,
        /// End.
        to: i64,
    },
}

/// Both axes of a read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TemporalRead {
    /// When we knew it.
    pub system: SystemTime,
    /// When it was true.
    pub valid: ValidTime,
}

/// A column that a scan can produce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScanColumn {
    /// A stored column.
    Stored(ColumnId),
    /// `_commit_from`: BIGINT.
    CommitFrom,
    /// `_commit_to`: BIGINT, NULL while open.
    CommitTo,
    /// `_system_from`: TIMESTAMP.
    SystemFrom,
    /// `_system_to`: TIMESTAMP, infinity while open.
    SystemTo,
    /// `_valid_from`: TIMESTAMP.
    ValidFrom,
    /// `_valid_to`: TIMESTAMP.
    ValidTo,
}

impl ScanColumn {
    /// Returns the type of the column as `table` has it; a stored column that is not one of the
    /// table's is its hidden row id.
    pub fn data_type(self, table: &Table) -> DataType {
        match self {
            ScanColumn::Stored(id) => {
                table.column_by_id(id).map_or(DataType::Int64, |column| column.ty)
            }
            ScanColumn::CommitFrom | ScanColumn::CommitTo => DataType::Int64,
            ScanColumn::SystemFrom
            | ScanColumn::SystemTo
            | ScanColumn::ValidFrom
            | ScanColumn::ValidTo => DataType::Timestamp,
        }
    }
}
