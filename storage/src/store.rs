//! The store: opening a directory, and what can be asked of it as a whole.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use types::{CommitId, Timestamp, TreeId};

use crate::clock::Clock;
use crate::compact::Eagerness;
use crate::engine::Engine;
use crate::error::Result;
use crate::options::{Durability, StoreOptions};
use crate::statistics::{StoreStats, TreeStatistics};
use crate::transaction::Transaction;
use crate::vfs::Vfs;
use crate::view::Snapshot;

/// An open store. Clones share it; background work ends with the last, the lock with the last of
/// these and of the transactions begun.
#[derive(Clone, Debug)]
pub struct Store {
    engine: Arc<Engine>,
    background: Arc<Background>,
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
        let engine = Arc::new(crate::recovery::open(vfs, clock, path, options)?);
        let background = Arc::new(Background::start(&engine));
        Ok(Store { engine, background })
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
        self.engine.times.time(commit).filter(|_| commit <= self.latest())
    }

    /// Writes everything committed so far to runs.
    ///
    /// # Errors
    /// What the file system says; nothing is lost then.
    pub fn flush(&self) -> Result<()> {
        self.engine.flush_all()
    }

    /// Flushes and merges until there is nothing left to merge.
    ///
    /// # Errors
    /// What the file system says; nothing is lost then.
    pub fn compact(&self) -> Result<()> {
        self.engine.flush_all()?;
        self.engine.compact(Eagerness::Everything)
    }

    /// Returns what the store is made of.
    pub fn stats(&self) -> StoreStats {
        StoreStats::of(&self.engine)
    }

    /// Returns what is known of a tree without reading it.
    ///
    /// # Errors
    /// [`crate::Error::NoTree`].
    pub fn statistics(&self, tree: TreeId) -> Result<TreeStatistics> {
        TreeStatistics::of(&self.engine, tree)
    }

    /// Ends background work, makes all commits durable and certifies the end of the log; without a
    /// log they are flushed. What is still held of the store can be read, and writing is refused.
    ///
    /// # Errors
    /// What the file system says.
    pub fn close(self) -> Result<()> {
        self.background.stop();
        if self.engine.options.durability == Durability::None && !self.engine.is_poisoned() {
            self.engine.flush_all()?;
        }
        let mut log = self.engine.log.lock();
        let poisoned = self.engine.is_poisoned();
        self.engine.poison();
        match log.as_mut() {
            Some(log) if !poisoned => log.mark(),
            Some(_) | None => Ok(()),
        }
    }
}

/// The store's own threads: one flushes, one compacts, so that a long merge holds up no flush.
#[derive(Debug)]
struct Background {
    engine: Arc<Engine>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Background {
    fn start(engine: &Arc<Engine>) -> Background {
        let mut threads = Vec::new();
        if engine.options.background {
            let flusher = Arc::clone(engine);
            threads.push(std::thread::spawn(move || flush_until_stopped(&flusher)));
            let compactor = Arc::clone(engine);
            threads.push(std::thread::spawn(move || compact_until_stopped(&compactor)));
        }
        Background { engine: Arc::clone(engine), threads: Mutex::new(threads) }
    }

    fn stop(&self) {
        self.engine.stop();
        for thread in self.threads.lock().drain(..) {
            // A thread that panicked has said so; there is nothing more to end.
            drop(thread.join());
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A failure is kept for the writers who wait for room; the next round tries again.
fn flush_until_stopped(engine: &Engine) {
    while !engine.is_stopping() {
        engine.wait_for_work();
        if engine.flush_noting().is_err() {
            std::thread::sleep(RETRY);
        }
    }
}

fn compact_until_stopped(engine: &Engine) {
    while !engine.is_stopping() {
        engine.wait_for_flush();
        if !engine.is_poisoned() && engine.compact(Eagerness::Usual).is_err() {
            std::thread::sleep(RETRY);
        }
    }
}

/// How long a failed flush or merge waits before it is tried again.
const RETRY: std::time::Duration = std::time::Duration::from_millis(100);
