//! The bitemporal log-structured merge store: WAL, memtable, segments, compaction, commit, snapshots, scans.
//!
//! A [`Store`] is a directory with one writer process. A stored *version* of a key is a rectangle
//! `[sys_from, sys_to) × [valid_from, valid_to)`, written once and closed once; nothing else about
//! it ever changes, so a reader needs only to ask which rectangles hold its point
//! (`scan/visible.rs`). The store knows trees of typed columns, not tables and not SQL.
//!
//! The life of a write: [`Transaction`] (staged) → `commit` (validated, numbered) → `wal` (durable)
//! → `memtable` (applied) → published by the `version`. Off that path: `flush` → `manifest` →
//! `compact`. After a crash, `recovery` replays the log over the state that the manifest names.

mod clock;
mod closings;
mod codec;
mod commit;
mod compact;
pub mod container;
mod engine;
mod error;
mod flush;
#[cfg(test)]
mod format_pages;
mod install;
mod manifest;
mod memtable;
mod options;
mod overlay;
mod recent;
mod recovery;
mod run;
mod scan;
mod schema;
pub mod segment;
mod statistics;
mod store;
mod times;
mod transaction;
mod version;
pub mod vfs;
mod view;
mod wal;

pub use clock::{Clock, ManualClock, StdClock};
pub use commit::Committed;
pub use error::{Error, IoOp, Result};
pub use options::{Durability, Observer, Phase, StoreOptions};
pub use scan::request::{KeyRange, Predicate, PredicateOp, ScanColumn, ScanRequest};
pub use scan::visible::{ReadPoint, SystemTime, ValidTime};
pub use scan::{Member, MorselReader, Scan, ScanCounters};
pub use schema::{COMMITS, KeyColumn, TreeColumn, TreeSchema, commits_schema};
pub use statistics::{ColumnSummary, StoreStats, TreeStatistics};
pub use store::Store;
pub use transaction::{CommitMeta, Savepoint, Transaction};
pub use view::{Snapshot, View};

/// The commit that a transaction's own rows show as theirs: later than every real one.
pub const PENDING: types::CommitId = types::CommitId(i64::MAX as u64);
