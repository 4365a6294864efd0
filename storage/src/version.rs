//! A version of the store's shape: which memtables and runs there are, and the newest readable commit.
//!
//! Readers load the current [`Version`], then its `visible`, in this order. Freeze and install make
//! a new Version under the apply lock and copy `visible` into it; commits advance only the current
//! one. So a snapshot's parts and its commit always belong together: an old Version is never asked
//! about a commit whose closings it did not receive.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use types::{CommitId, TreeId};

use crate::memtable::{Memtable, internal_key};
use crate::run::Run;
use crate::schema::TreeSchema;
use crate::wal::record::Hint;

/// One tree's schema and runs.
#[derive(Clone, Debug)]
pub(crate) struct TreeVersion {
    pub(crate) schema: Arc<TreeSchema>,
    /// True until a version with a period other than all of time was stored; shared by Versions.
    pub(crate) single_piece: Arc<AtomicBool>,
    /// L0 newest first, then C levels from the top, then H.
    pub(crate) runs: Vec<Arc<Run>>,
}

impl TreeVersion {
    pub(crate) fn new(schema: TreeSchema) -> TreeVersion {
        let single_piece = Arc::new(AtomicBool::new(true));
        TreeVersion { schema: Arc::new(schema), single_piece, runs: Vec::new() }
    }

    pub(crate) fn is_single_piece(&self) -> bool {
        self.single_piece.load(Ordering::Acquire)
    }
}

/// Trees by number.
pub(crate) type Trees = HashMap<TreeId, Arc<TreeVersion>, foldhash::fast::FixedState>;

/// The store's shape at some time.
#[derive(Debug)]
pub(crate) struct Version {
    visible: AtomicU64,
    /// Newest first: the one being written, then the frozen ones.
    pub(crate) memtables: Vec<Arc<Memtable>>,
    pub(crate) trees: Arc<Trees>,
}

/// Where a version lies.
#[derive(Debug)]
pub(crate) enum Place {
    Memory(Arc<crate::memtable::Entry>),
    Run(Arc<Run>, u32),
}

impl Place {
    pub(crate) fn sys_to(&self) -> CommitId {
        match self {
            Place::Memory(entry) => entry.sys_to(),
            Place::Run(run, ordinal) => run.closed_at(*ordinal),
        }
    }

    /// Ends the version; false if it had ended before.
    pub(crate) fn close(&self, at: CommitId) -> bool {
        match self {
            Place::Memory(entry) => entry.close(at),
            Place::Run(run, ordinal) => run.closings.close(*ordinal, at),
        }
    }

    pub(crate) fn hint(&self) -> Option<Hint> {
        match self {
            Place::Memory(_) => None,
            Place::Run(run, ordinal) => Some(Hint { segment: run.id, ordinal: *ordinal }),
        }
    }
}

impl Version {
    pub(crate) fn new(
        visible: CommitId,
        memtables: Vec<Arc<Memtable>>,
        trees: Arc<Trees>,
    ) -> Version {
        Version { visible: AtomicU64::new(visible.0), memtables, trees }
    }

    /// Returns the newest commit that a reader of this Version sees.
    pub(crate) fn visible(&self) -> CommitId {
        CommitId(self.visible.load(Ordering::Acquire))
    }

    /// Makes a commit readable. Only the leader calls it, under the apply lock.
    pub(crate) fn publish(&self, commit: CommitId) {
        debug_assert!(commit >= self.visible(), "commits are published in order");
        self.visible.store(commit.0, Ordering::Release);
    }

    /// Returns the memtable that is being written.
    pub(crate) fn active(&self) -> &Arc<Memtable> {
        self.memtables.first().expect("a Version has an active memtable")
    }

    pub(crate) fn tree(&self, tree: TreeId) -> Option<&Arc<TreeVersion>> {
        self.trees.get(&tree)
    }

    /// Finds the version that `sys_from` wrote, wherever it lies now. The hint saves a search.
    pub(crate) fn locate(
        &self,
        tree: TreeId,
        key: &[u8],
        valid_from: i64,
        sys_from: CommitId,
        hint: Option<Hint>,
    ) -> crate::Result<Option<Place>> {
        let internal = internal_key(key, valid_from, sys_from);
        for memtable in &self.memtables {
            let part = memtable.tree_of_key(tree, key);
            if let Some(entry) = part.and_then(|part| part.find(&internal)) {
                return Ok(Some(Place::Memory(entry)));
            }
        }
        let Some(tree) = self.tree(tree) else { return Ok(None) };
        let hinted = |run: &&Arc<Run>| hint.is_some_and(|hint| hint.segment == run.id);
        let others = tree.runs.iter().filter(|run| !hinted(run));
        for run in tree.runs.iter().filter(hinted).chain(others) {
            if let Some(ordinal) = run.locate(key, valid_from, sys_from, hint)? {
                return Ok(Some(Place::Run(Arc::clone(run), ordinal)));
            }
        }
        Ok(None)
    }
}
