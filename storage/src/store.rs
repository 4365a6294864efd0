//! The store: opening a directory, and what can be asked of it as a whole.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;

use types::{CommitId, Timestamp};

use crate::clock::Clock;
use crate::engine::Engine;
use crate::error::Result;
use crate::options::StoreOptions;
use crate::transaction::Transaction;
use crate::vfs::Vfs;
use crate::view::Snapshot;

/// An open store. Clones share it; it closes when the last is gone.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Arc<Engine>,
    /// Held for as long as the store is open.
    _lock: Arc<dyn Debug + Send + Sync>,
}

impl Store {
    /// Opens the store in a directory, or makes one there.
    ///
    /// # Errors
    /// [`crate::Error::Locked`] if a process has it open, [`crate::Error::NotADatabase`],
    /// [`crate::Error::NewerFormat`], [`crate::Error::Corrupt`], or what the file system says.
    pub fn open(
        vfs: Arc<dyn Vfs>,
        clock: Arc<dyn Clock>,
        path: &Path,
        options: StoreOptions,
    ) -> Result<Store> {
        let (engine, lock) = crate::recovery::open(vfs, clock, path, options)?;
        Ok(Store { engine: Arc::new(engine), _lock: lock.into() })
    }

    /// Returns the newest committed state.
    pub fn snapshot(&self) -> Snapshot {
        self.engine.view()
    }

    /// Returns the newest commit that readers see.
    pub fn latest(&self) -> CommitId {
        self.engine.current().visible()
    }

    /// Begins a transaction.
    pub fn begin(&self) -> Transaction {
        Transaction::new(Arc::clone(&self.engine))
    }

    /// Returns the largest commit at or before a time; the answer never changes later, unless the
    /// time is yet to come.
    pub fn commit_at(&self, at: Timestamp) -> CommitId {
        self.engine.commit_at(at)
    }

    /// Returns the time of a commit; `None` if there is none.
    pub fn commit_time(&self, commit: CommitId) -> Option<Timestamp> {
        self.engine.times.time(commit)
    }
}
