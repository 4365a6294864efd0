//! How a store is opened.

use std::fmt;
use std::sync::Arc;

/// When a commit counts as done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// When it is on the disk.
    #[default]
    Sync,
    /// When it is on the disk; where several commit at a time, they wait for each other to share a
    /// sync.
    Group {
        /// How long they wait at most.
        wait_ms: u32,
    },
    /// When the operating system has it: a crash of the process loses nothing, a power cut may.
    Os,
    /// As `Os`, with a sync each time this many records were logged.
    EveryRecords(u32),
    /// When it is in memory: there is no log, and a crash loses what was not flushed.
    None,
}

/// What the store is doing in the background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Writing a frozen memtable to runs.
    Flush,
    /// Merging runs.
    Compaction,
    /// Recording a new set of runs.
    Manifest,
}

/// Called when the phase changes: crash tests aim with it.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn Fn(Phase) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// Options of a store; none of them changes an answer.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// When a commit counts as done.
    pub durability: Durability,
    /// Memory of the memtable and pending closings at which it is frozen and flushed.
    pub memtable_bytes: usize,
    /// Partitions of the memtable.
    pub shards: usize,
    /// Flush and compact on threads of the store's own; else only when asked, or when full.
    pub background: bool,
    /// Bytes at which a compaction's output is cut.
    pub segment_bytes: usize,
    /// Told of every phase.
    pub observer: Option<Observer>,
}

impl Default for StoreOptions {
    fn default() -> StoreOptions {
        StoreOptions {
            durability: Durability::Sync,
            memtable_bytes: 64 << 20,
            shards: 1,
            background: true,
            segment_bytes: 128 << 20,
            observer: None,
        }
    }
}
