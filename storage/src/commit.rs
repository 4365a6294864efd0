//! The commit pipeline: validate and number, log, apply, publish.
//!
//! Validation, taking the id and entering the recent writes are one critical section, so ids are
//! dense, the log is in id order and two conflicting transactions never both pass. Then the
//! committers meet at the log: whoever gets its lock is the leader of all that are queued, writes
//! them with one write and one sync, applies them and publishes. The others find their outcome when
//! the lock comes to them. Visibility order, log order and id order are therefore the same.
//!
//! After a failed write or sync it is unknown what the disk holds: the store is poisoned, refuses
//! every further write and never tries again. Only a failure before the first byte is harmless.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use types::{CommitId, Timestamp, TreeId};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::memtable::Entry;
use crate::options::Durability;
use crate::recent::{KeyHash, RecentWrites};
use crate::version::{TreeVersion, Trees, Version};
use crate::wal::record::Record;
use crate::wal::{LogEntry, LogFailure, Wal};

/// A commit that is durable as far as the options ask, and readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its number.
    pub id: CommitId,
    /// Its time.
    pub time: Timestamp,
}

/// One record and, of a Put, its key.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) record: Record,
    pub(crate) key: Vec<u8>,
}

/// What a transaction hands over.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) snapshot: CommitId,
    pub(crate) changes: Vec<Change>,
    /// Keys that must be unchanged since the snapshot, and count as written.
    pub(crate) touched: Vec<(TreeId, Vec<u8>)>,
}

/// A sequenced commit on its way.
#[derive(Debug)]
pub(crate) struct Pending {
    id: CommitId,
    time_us: i64,
    records: Vec<u8>,
    changes: Mutex<Vec<Change>>,
    outcome: OnceLock<std::result::Result<(), Error>>,
}

/// The state of the critical section.
#[derive(Debug, Default)]
pub(crate) struct Sequencer {
    pub(crate) last: CommitId,
    pub(crate) last_time_us: i64,
    /// No commit may be stamped at or below this: somebody has read the state at it.
    time_floor_us: i64,
    pub(crate) recent: RecentWrites,
    queue: Vec<Arc<Pending>>,
}

impl Sequencer {
    pub(crate) fn starting_at(last: CommitId, last_time_us: i64) -> Sequencer {
        Sequencer { last, last_time_us, time_floor_us: i64::MIN, ..Sequencer::default() }
    }

    fn validate(&self, staged: &Staged, hashes: &[(TreeId, KeyHash)]) -> Result<()> {
        let snapshot = staged.snapshot;
        for (at, &(tree, hash)) in hashes.iter().enumerate() {
            if self.recent.key_changed(tree, hash, snapshot) {
                let key = staged.keys().nth(at).map(|(_, key)| key.to_vec()).unwrap_or_default();
                return Err(Error::Conflict { tree, key });
            }
        }
        for tree in staged.closed_trees() {
            if self.recent.tree_changed(tree, snapshot) {
                return Err(Error::Conflict { tree, key: Vec::new() });
            }
        }
        Ok(())
    }

    fn next_time(&mut self, now_us: i64) -> i64 {
        let least = self.last_time_us.max(self.time_floor_us).saturating_add(1);
        self.last_time_us = now_us.max(least);
        self.last_time_us
    }
}

impl Staged {
    /// Returns every key that is written or must not change, in a fixed order.
    fn keys(&self) -> impl Iterator<Item = (TreeId, &[u8])> {
        let written = self.changes.iter().filter_map(|change| match &change.record {
            Record::Put { tree, .. } => Some((*tree, change.key.as_slice())),
            Record::Close { tree, key, .. } => Some((*tree, key.as_slice())),
            Record::CloseAll { .. } | Record::Tree(_) | Record::RowId { .. } => None,
        });
        written.chain(self.touched.iter().map(|(tree, key)| (*tree, key.as_slice())))
    }

    fn closed_trees(&self) -> impl Iterator<Item = TreeId> {
        self.changes.iter().filter_map(|change| match change.record {
            Record::CloseAll { tree } => Some(tree),
            Record::Put { .. } | Record::Close { .. } | Record::Tree(_) | Record::RowId { .. } => {
                None
            }
        })
    }
}

impl Engine {
    /// Commits a transaction's changes.
    pub(crate) fn commit(&self, staged: Staged) -> Result<Committed> {
        self.wait_for_room()?;
        let bytes = staged.changes.iter().map(|change| change.record.bytes()).sum();
        let mut records = Vec::with_capacity(bytes);
        staged.changes.iter().for_each(|change| change.record.put(&mut records));
        let hashes: Vec<_> =
            staged.keys().map(|(tree, key)| (tree, KeyHash::of(tree, key))).collect();
        let pending = self.sequence(staged, &hashes, records)?;
        let mut log = self.log.lock();
        if pending.outcome.get().is_none() {
            self.gather();
            self.lead(&mut log);
        }
        drop(log);
        self.after_commit();
        match pending.outcome.get().expect("the leader settles all that were queued") {
            Ok(()) => Ok(Committed { id: pending.id, time: Timestamp(pending.time_us) }),
            Err(error) => Err(error.again()),
        }
    }

    /// The critical section.
    fn sequence(
        &self,
        staged: Staged,
        hashes: &[(TreeId, KeyHash)],
        records: Vec<u8>,
    ) -> Result<Arc<Pending>> {
        let mut sequencer = self.sequencer.lock();
        if self.is_poisoned() {
            return Err(Error::Poisoned);
        }
        sequencer.validate(&staged, hashes)?;
        let id = sequencer.last.next();
        let time_us = sequencer.next_time(self.clock.now_us());
        sequencer.last = id;
        hashes.iter().for_each(|&(tree, hash)| sequencer.recent.write(tree, hash, id));
        staged.closed_trees().for_each(|tree| sequencer.recent.close_all(tree, id));
        let published = self.current().visible();
        sequencer.recent.prune(published);
        let changes = Mutex::new(staged.changes);
        let outcome = OnceLock::new();
        let pending = Arc::new(Pending { id, time_us, records, changes, outcome });
        sequencer.queue.push(Arc::clone(&pending));
        self.queued.notify_all();
        Ok(pending)
    }

    /// With group durability, the leader lets others join. It waits only if somebody rides along
    /// already, and no longer than until every living transaction is queued: a lone committer, or
    /// one beside transactions that do nothing, gains nothing by waiting.
    fn gather(&self) {
        let Durability::Group { wait_ms } = self.options.durability else { return };
        let wait = Duration::from_millis(wait_ms.into());
        let began_us = self.clock.now_us();
        let mut sequencer = self.sequencer.lock();
        while (2..sequencer.recent.living()).contains(&sequencer.queue.len()) {
            let waited_us = self.clock.now_us().saturating_sub(began_us);
            let rest = wait.saturating_sub(Duration::from_micros(waited_us.unsigned_abs()));
            if rest.is_zero() || self.queued.wait_for(&mut sequencer, rest).timed_out() {
                return;
            }
        }
    }

    /// Carries every queued commit to its outcome.
    pub(crate) fn lead(&self, log: &mut Option<Wal>) {
        let group = std::mem::take(&mut self.sequencer.lock().queue);
        if self.is_poisoned() {
            settle(&group, &Error::Poisoned);
            return;
        }
        match write_group(log.as_mut(), &group) {
            Ok(()) => {}
            Err(LogFailure::Untouched(error)) => return self.unwind(&group, &error),
            Err(LogFailure::Unknown(error)) => return self.fail(&group, &error),
        }
        if let Err(error) = self.sync_group(log.as_mut(), &group) {
            return self.fail(&group, &error);
        }
        match self.apply_group(&group) {
            Ok(()) => group.iter().for_each(|pending| drop(pending.outcome.set(Ok(())))),
            Err(error) => self.fail(&group, &error),
        }
    }

    fn sync_group(&self, log: Option<&mut Wal>, group: &[Arc<Pending>]) -> Result<()> {
        let Some(log) = log else { return Ok(()) };
        match self.options.durability {
            Durability::Sync | Durability::Group { .. } => log.sync(),
            Durability::EveryRecords(most) => {
                let records: usize = group.iter().map(|pending| pending.changes.lock().len()).sum();
                if self.unsynced_records.add(records) < most as usize {
                    return Ok(());
                }
                self.unsynced_records.reset();
                log.sync()
            }
            Durability::Os | Durability::None => Ok(()),
        }
    }

    fn apply_group(&self, group: &[Arc<Pending>]) -> Result<()> {
        let _applying = self.apply.lock();
        for pending in group {
            let changes = std::mem::take(&mut *pending.changes.lock());
            self.apply(pending.id, changes)?;
            self.times.push(pending.id, pending.time_us);
            self.current().publish(pending.id);
        }
        self.freeze_if_full();
        Ok(())
    }

    /// Takes back the numbers of commits of which nothing was written.
    fn unwind(&self, group: &[Arc<Pending>], error: &Error) {
        let mut sequencer = self.sequencer.lock();
        let queued = std::mem::take(&mut sequencer.queue);
        if let Some(first) = group.first() {
            let last = CommitId(first.id.0 - 1);
            sequencer.last = last;
            sequencer.recent.unwind(last);
        }
        settle(group, error);
        settle(&queued, error);
    }

    fn fail(&self, group: &[Arc<Pending>], error: &Error) {
        self.poison();
        settle(group, error);
    }

    /// Applies one commit to the current Version. The caller holds the apply lock.
    pub(crate) fn apply(&self, id: CommitId, changes: Vec<Change>) -> Result<()> {
        let mut version = self.current();
        for change in changes {
            match change.record {
                Record::Put { tree, valid, row } => {
                    let known = version.tree(tree).ok_or(Error::NoTree { tree })?;
                    if valid != types::Period::ALWAYS {
                        known.single_piece.store(false, std::sync::atomic::Ordering::Release);
                    }
                    version.active().insert(tree, &change.key, Entry::new(id, valid, row));
                }
                Record::Close { tree, key, valid_from, sys_from, hint } => {
                    let place = version.locate(tree, &key, valid_from, sys_from, hint)?;
                    let closed = place.is_some_and(|place| self.close_place(&place, id));
                    if !closed {
                        return Err(Error::NotOpen { tree, sys_from });
                    }
                }
                Record::CloseAll { tree } => self.close_tree(tree, id),
                Record::Tree(schema) => {
                    self.install_schema(schema);
                    version = self.current();
                }
                Record::RowId { next } => self.raise_row_id(next),
            }
        }
        Ok(())
    }

    fn close_place(&self, place: &crate::version::Place, id: CommitId) -> bool {
        if place.hint().is_some() {
            self.count_closing();
        }
        place.close(id)
    }

    /// Closes every open version of a tree.
    fn close_tree(&self, tree: TreeId, id: CommitId) {
        let version = self.current();
        for memtable in &version.memtables {
            for (_, entry) in memtable.sorted(tree) {
                entry.close(id);
            }
        }
        let Some(known) = version.tree(tree) else { return };
        for run in &known.runs {
            self.count_closings(run.close_all(id));
        }
    }

    /// Adds a tree, or columns to one. The caller holds the apply lock.
    fn install_schema(&self, schema: crate::TreeSchema) {
        let version = self.current();
        let mut trees: Trees = (*version.trees).clone();
        let tree = match trees.get(&schema.id) {
            Some(old) => TreeVersion { schema: Arc::new(schema), ..(**old).clone() },
            None => TreeVersion::new(schema),
        };
        trees.insert(tree.schema.id, Arc::new(tree));
        self.set_current(Version::new(
            version.visible(),
            version.memtables.clone(),
            Arc::new(trees),
        ));
    }

    /// Returns the largest commit at or before a time, and sees to it that no later commit will be
    /// stamped with a time up to it (or up to now, if the time is yet to come).
    pub(crate) fn commit_at(&self, at: Timestamp) -> CommitId {
        let waiting = {
            let mut sequencer = self.sequencer.lock();
            sequencer.time_floor_us = sequencer.time_floor_us.max(at.0.min(self.clock.now_us()));
            !sequencer.queue.is_empty() || sequencer.last > self.current().visible()
        };
        if waiting {
            // Whoever holds the log is publishing; what is still queued is ours to lead.
            let mut log = self.log.lock();
            self.lead(&mut log);
        }
        self.times.commit_at(at)
    }
}

fn write_group(
    log: Option<&mut Wal>,
    group: &[Arc<Pending>],
) -> std::result::Result<(), LogFailure> {
    let Some(log) = log else { return Ok(()) };
    let entries: Vec<_> = group
        .iter()
        .map(|pending| LogEntry {
            id: pending.id,
            time_us: pending.time_us,
            records: &pending.records,
        })
        .collect();
    if entries.is_empty() { Ok(()) } else { log.write(&entries) }
}

fn settle(group: &[Arc<Pending>], error: &Error) {
    for pending in group {
        // A commit is settled once; a second outcome would come from a broken leader.
        let first = pending.outcome.set(Err(error.again()));
        debug_assert!(first.is_ok(), "a commit has one outcome");
    }
}
