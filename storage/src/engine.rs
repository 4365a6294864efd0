//! The engine: the parts that a store, its transactions and its background work share.
//!
//! Locks are taken in this order: log, sequencer or apply (never both), then a memtable's shard or
//! a run's closings. `apply` is held while commits change the current Version's parts and while a
//! new Version is put in its place, so a Version always receives every commit that it publishes.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::{Condvar, MappedMutexGuard, Mutex, MutexGuard};
use types::CommitId;

use crate::clock::Clock;
use crate::commit::Sequencer;
use crate::error::{Error, Result};
use crate::install::Installer;
use crate::memtable::Memtable;
use crate::options::{Phase, StoreOptions};
use crate::times::TimeMap;
use crate::version::Version;
use crate::vfs::Disk;
use crate::view::View;
use crate::wal::Wal;

/// Bytes that a pending closing counts for in the memtable's budget.
const CLOSING_BYTES: usize = 24;
/// Frozen memtables at which committers wait.
const FROZEN_MAX: usize = 3;
/// How long a waiting thread sleeps before it looks again: a lost wake-up costs no more than this.
const WAKE_UP: Duration = Duration::from_millis(100);

/// A counter of records that were logged and not synced.
#[derive(Debug, Default)]
pub(crate) struct UnsyncedRecords(AtomicUsize);

impl UnsyncedRecords {
    pub(crate) fn add(&self, records: usize) -> usize {
        self.0.fetch_add(records, Ordering::Relaxed) + records
    }

    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// The shared parts.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) disk: Disk,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: StoreOptions,
    pub(crate) times: Arc<TimeMap>,
    pub(crate) sequencer: Mutex<Sequencer>,
    /// Signalled when a commit is queued; goes with the sequencer.
    pub(crate) queued: Condvar,
    pub(crate) log: Mutex<Option<Wal>>,
    pub(crate) apply: Mutex<()>,
    pub(crate) unsynced_records: UnsyncedRecords,
    pub(crate) flushing: Mutex<()>,
    pub(crate) compacting: Mutex<()>,
    pub(crate) next_id: AtomicU64,
    installer: Mutex<Option<Installer>>,
    current: ArcSwap<Version>,
    stopping: AtomicBool,
    phase: Mutex<Phase>,
    /// Why the last flush failed; writers are told once there is no more room.
    flush_failure: Mutex<Option<Error>>,
    poisoned: AtomicBool,
    next_row_id: AtomicU64,
    pending_closings: AtomicUsize,
    /// Signalled when a frozen memtable appears or goes.
    pub(crate) frozen: (Mutex<()>, Condvar),
    /// The directory's lock, held for as long as anybody can write.
    #[expect(dead_code, reason = "kept for its Drop")]
    lock: Box<dyn Debug + Send + Sync>,
}

impl Engine {
    /// Returns an engine over a state read from disk.
    pub(crate) fn new(
        disk: Disk,
        clock: Arc<dyn Clock>,
        options: StoreOptions,
        version: Version,
        lock: Box<dyn Debug + Send + Sync>,
    ) -> Engine {
        Engine {
            disk,
            clock,
            options,
            times: Arc::default(),
            sequencer: Mutex::default(),
            queued: Condvar::new(),
            log: Mutex::new(None),
            apply: Mutex::new(()),
            unsynced_records: UnsyncedRecords::default(),
            flushing: Mutex::new(()),
            compacting: Mutex::new(()),
            next_id: AtomicU64::new(1),
            installer: Mutex::new(None),
            current: ArcSwap::from_pointee(version),
            stopping: AtomicBool::new(false),
            phase: Mutex::default(),
            flush_failure: Mutex::new(None),
            poisoned: AtomicBool::new(false),
            next_row_id: AtomicU64::new(1),
            pending_closings: AtomicUsize::new(0),
            frozen: Default::default(),
            lock,
        }
    }

    /// Returns a view of the newest state.
    pub(crate) fn view(&self) -> View {
        let version = self.current();
        let snapshot = version.visible();
        View::new(version, snapshot, Arc::clone(&self.times))
    }

    /// Returns a view for a transaction, and keeps the recent writes that it is validated against.
    pub(crate) fn enter(&self) -> View {
        let mut sequencer = self.sequencer.lock();
        let view = self.view();
        sequencer.recent.enter(view.commit());
        view
    }

    /// Ends what `enter` began.
    pub(crate) fn leave(&self, snapshot: CommitId) {
        self.sequencer.lock().recent.leave(snapshot);
    }

    /// Freezes the memtable if it and the pending closings fill the budget. The caller holds the
    /// apply lock.
    pub(crate) fn freeze_if_full(&self) {
        let closings = self.pending_closings.load(Ordering::Relaxed) * CLOSING_BYTES;
        if self.current().active().bytes() + closings >= self.options.memtable_bytes {
            self.freeze();
        }
    }

    /// Puts an empty memtable before the current one. The caller holds the apply lock.
    pub(crate) fn freeze(&self) {
        let version = self.current();
        version.active().set_boundary(version.visible());
        self.pending_closings.store(0, Ordering::Relaxed);
        let mut memtables = vec![Arc::new(Memtable::new(self.options.shards))];
        memtables.extend(version.memtables.iter().cloned());
        self.set_current(Version::new(version.visible(), memtables, Arc::clone(&version.trees)));
        self.frozen.1.notify_all();
    }

    fn frozen_count(&self) -> usize {
        self.current().memtables.len() - 1
    }

    /// Waits while there are too many frozen memtables.
    ///
    /// # Errors
    /// Why they cannot be flushed.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        if self.frozen_count() < FROZEN_MAX {
            return Ok(());
        }
        if !self.options.background {
            return self.flush_noting();
        }
        let (mutex, changed) = &self.frozen;
        let mut waiting = mutex.lock();
        while self.frozen_count() >= FROZEN_MAX && !self.is_stopping() {
            if let Some(error) = self.flush_failure.lock().as_ref() {
                return Err(error.again());
            }
            changed.wait_for(&mut waiting, WAKE_UP);
        }
        Ok(())
    }

    /// Does what a background thread would do, if there is none. The commit is done already: a
    /// failure is kept for the next one that needs room.
    pub(crate) fn after_commit(&self) {
        if !self.options.background && self.frozen_count() > 0 {
            drop(self.flush_noting());
        }
    }

    /// Flushes, and remembers a failure for those who wait.
    pub(crate) fn flush_noting(&self) -> Result<()> {
        let flushed = self.flush_frozen();
        *self.flush_failure.lock() = flushed.as_ref().err().map(Error::again);
        self.frozen.1.notify_all();
        flushed
    }

    /// Flushes everything committed so far.
    pub(crate) fn flush_all(&self) -> Result<()> {
        {
            let cut = self.installer().cut;
            let _applying = self.apply.lock();
            if self.current().visible() > cut && self.frozen_count() == 0
                || !self.current().active().is_empty()
            {
                self.freeze();
            }
        }
        self.flush_noting()
    }

    /// Tells the observer what is being done.
    pub(crate) fn observe(&self, phase: Phase) {
        *self.phase.lock() = phase;
        if let Some(observer) = &self.options.observer {
            (observer.0)(phase);
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.lock()
    }

    /// Returns the installer's state, for one at a time.
    pub(crate) fn installer(&self) -> MappedMutexGuard<'_, Installer> {
        MutexGuard::map(self.installer.lock(), |installer| {
            installer.as_mut().expect("recovery sets the installer before anybody can ask")
        })
    }

    pub(crate) fn set_installer(&self, installer: Installer) {
        *self.installer.lock() = Some(installer);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Asks background work to end at the next step.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.frozen.1.notify_all();
    }

    /// Waits until there may be something to flush, or a while.
    pub(crate) fn wait_for_work(&self) {
        let (mutex, changed) = &self.frozen;
        let mut waiting = mutex.lock();
        if self.frozen_count() == 0 && !self.is_stopping() {
            changed.wait_for(&mut waiting, WAKE_UP);
        }
    }

    /// Waits until something was frozen or flushed, or a while.
    pub(crate) fn wait_for_flush(&self) {
        let (mutex, changed) = &self.frozen;
        let mut waiting = mutex.lock();
        if !self.is_stopping() {
            changed.wait_for(&mut waiting, WAKE_UP);
        }
    }

    /// Counts the closings that only memory and the log have. The caller holds the apply lock.
    pub(crate) fn recount_closings(&self, cut: CommitId) {
        let version = self.current();
        let runs = version.trees.values().flat_map(|tree| &tree.runs);
        let pending = runs.map(|run| run.closings.between(cut, CommitId::MAX).len()).sum();
        // What the frozen memtables will take with them is not counted against the active one.
        let pending = if version.memtables.len() > 1 { 0 } else { pending };
        self.pending_closings.store(pending, Ordering::Relaxed);
    }

    /// Returns the current Version.
    pub(crate) fn current(&self) -> Arc<Version> {
        self.current.load_full()
    }

    /// Puts a Version in place of the current one. The caller holds the apply lock.
    pub(crate) fn set_current(&self, version: Version) {
        self.current.store(Arc::new(version));
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    pub(crate) fn poison(&self) {
        self.poisoned.store(true, Ordering::Release);
    }

    /// Returns a row id that was never given before.
    pub(crate) fn next_row_id(&self) -> u64 {
        self.next_row_id.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn row_id_bound(&self) -> u64 {
        self.next_row_id.load(Ordering::Relaxed)
    }

    pub(crate) fn raise_row_id(&self, next: u64) {
        self.next_row_id.fetch_max(next, Ordering::Relaxed);
    }

    pub(crate) fn count_closing(&self) {
        self.count_closings(1);
    }

    pub(crate) fn count_closings(&self, count: usize) {
        self.pending_closings.fetch_add(count, Ordering::Relaxed);
    }
}
