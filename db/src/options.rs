//! How a database is opened.

use storage::StoreOptions;

pub use storage::{Durability, Observer, Phase};

/// Options of a database; none of them changes an answer.
#[derive(Clone, Debug)]
pub struct DatabaseOptions {
    /// When a commit counts as done; [`Durability::Sync`] unless set.
    pub durability: Durability,
    /// Memory for writes that are not yet in files, in bytes.
    pub memtable_bytes: usize,
    /// Partitions of that memory.
    pub shards: usize,
    /// Memory for queries, in bytes; `SET memory_limit` changes it.
    pub memory_limit: usize,
    /// Threads that a statement may use; `SET threads` changes it for a session.
    pub threads: usize,
    /// Told what the store does in the background, for tests that aim at it.
    pub observer: Option<Observer>,
}

/// What queries may use unless told otherwise.
const MEMORY_LIMIT: usize = 4 << 30;

impl Default for DatabaseOptions {
    /// One thread a core, 64 MiB for writes, 4 GiB for queries, durable commits.
    fn default() -> DatabaseOptions {
        let store = StoreOptions::default();
        DatabaseOptions {
            durability: store.durability,
            memtable_bytes: store.memtable_bytes,
            shards: store.shards,
            memory_limit: MEMORY_LIMIT,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            observer: None,
        }
    }
}

impl DatabaseOptions {
    /// Returns the part of the options that the store heeds.
    pub(crate) fn store(&self) -> StoreOptions {
        StoreOptions {
            durability: self.durability,
            memtable_bytes: self.memtable_bytes,
            shards: self.shards,
            observer: self.observer.clone(),
            ..StoreOptions::default()
        }
    }
}
