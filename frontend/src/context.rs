//! What binding is told about the world.

use std::sync::Arc;

use ir::{Catalog, CatalogHistory, Evaluate, TemporalRead, ValidTime};
use types::{CommitId, Timestamp, Value};

/// How a session reads time where a statement does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionTime {
    /// `SET valid_time`: the valid-time axis of tables without a clause.
    pub valid: ValidTime,
    /// `SET temporal.strict_as_of`: a point in the future is an error.
    pub strict_as_of: bool,
    /// `BEGIN … AS OF x`: all tables without a clause are read so.
    pub pinned: Option<TemporalRead>,
}

/// What a statement is bound against.
pub struct BindContext<'a> {
    /// The text that the tree's spans point into.
    pub text: &'a str,
    /// All schemas there have been: `AS OF` binds against the one of its commit.
    pub catalog: &'a CatalogHistory,
    /// The schema of plain reads: that of the snapshot and the transaction's own DDL.
    pub current: Arc<Catalog>,
    /// The transaction's snapshot.
    pub snapshot: CommitId,
    /// Returns the largest commit with a time at or before the given one.
    pub commit_at: &'a dyn Fn(Timestamp) -> CommitId,
    /// The interpreter, for constants: literals of other types, temporal bounds, LIMIT.
    pub evaluate: &'a Evaluate<'a>,
    /// The session's settings that binding heeds.
    pub session: SessionTime,
    /// The values of `$1…`, if the statement is about to run. Without them parameters only get
    /// types, and a temporal bound that holds one reads the present.
    pub parameters: Option<&'a [Value]>,
}
