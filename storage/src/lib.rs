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
mod error;
mod schema;
pub mod vfs;

pub use clock::{Clock, ManualClock, StdClock};
pub use error::{Error, IoOp, Result};
pub use schema::{KeyColumn, TreeColumn, TreeSchema};
