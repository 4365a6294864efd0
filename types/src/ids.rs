//! Typed numbers, so that a table is never taken for a column.

use std::fmt;

/// The number of a committed transaction: dense, from 1, one sequence a database.
///
/// 0 is the empty database before the first commit; [`CommitId::MAX`] as an end means "open".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitId(pub u64);

impl CommitId {
    /// Before the first commit.
    pub const ZERO: CommitId = CommitId(0);
    /// The open end of a system period: not yet superseded.
    pub const MAX: CommitId = CommitId(u64::MAX);

    /// Returns the next commit's id.
    #[must_use]
    pub fn next(self) -> CommitId {
        CommitId(self.0 + 1)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A tree of the store: one table's primary order, or one index. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreeId(pub u32);

/// A stored column of a tree; stable across renames, never reused within its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnId(pub u32);
