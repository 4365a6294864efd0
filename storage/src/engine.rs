//! The engine: the parts that a store, its transactions and its background work share.
//!
//! Locks are taken in this order: log, sequencer or apply (never both), then a memtable's shard or
//! a run's closings. `apply` is held while commits change the current Version's parts and while a
//! new Version is put in its place, so a Version always receives every commit that it publishes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use parking_lot::{Condvar, Mutex};
use types::CommitId;

use crate::clock::Clock;
use crate::commit::Sequencer;
use crate::error::Result;
use crate::memtable::Memtable;
use crate::options::StoreOptions;
use crate::times::TimeMap;
use crate::version::Version;
use crate::vfs::Disk;
use crate::view::View;
use crate::wal::Wal;

/// Bytes that a pending closing counts for in the memtable's budget.
const CLOSING_BYTES: usize = 24;

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
    pub(crate) log: Mutex<Option<Wal>>,
    pub(crate) apply: Mutex<()>,
    pub(crate) unsynced_records: UnsyncedRecords,
    current: ArcSwap<Version>,
    poisoned: AtomicBool,
    next_row_id: AtomicU64,
    pending_closings: AtomicUsize,
    /// Signalled when a frozen memtable appears or goes.
    pub(crate) frozen: (Mutex<()>, Condvar),
}

impl Engine {
    /// Returns an engine over a state read from disk.
    pub(crate) fn new(
        disk: Disk,
        clock: Arc<dyn Clock>,
        options: StoreOptions,
        version: Version,
    ) -> Engine {
        Engine {
            disk,
            clock,
            options,
            times: Arc::default(),
            sequencer: Mutex::default(),
            log: Mutex::new(None),
            apply: Mutex::new(()),
            unsynced_records: UnsyncedRecords::default(),
            current: ArcSwap::from_pointee(version),
            poisoned: AtomicBool::new(false),
            next_row_id: AtomicU64::new(1),
            pending_closings: AtomicUsize::new(0),
            frozen: Default::default(),
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
        let mut memtables = vec![Arc::new(Memtable::new(self.options.shards))];
        memtables.extend(version.memtables.iter().cloned());
        self.set_current(Version::new(version.visible(), memtables, Arc::clone(&version.trees)));
        self.frozen.1.notify_all();
    }

    /// Waits while the frozen memtables use more memory than they may.
    pub(crate) fn wait_for_room(&self) -> Result<()> {
        Ok(())
    }

    /// Does what a background thread would do, if there is none.
    pub(crate) fn after_commit(&self) -> Result<()> {
        Ok(())
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
