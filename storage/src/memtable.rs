//! The memtable: the versions since the last freeze, in memory, ordered.
//!
//! One generation serves the whole database; each shard of it holds for every tree a `BTreeMap`
//! from internal key (lookup key, `valid_from`, `sys_from`) to the version. There is one writer,
//! the leader of a commit. Readers take a shard's lock for a page of rows at a time. A closing is
//! an atomic store into the version, so it reaches frozen memtables, too.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::RwLock;
use types::{CommitId, Period, TreeId};

use crate::scan::visible::Rectangle;

/// Bytes that a version costs beside its key and row: map node, counters, pointers.
const ENTRY_OVERHEAD_BYTES: usize = 96;
/// Bytes that follow the lookup key in an internal key.
pub(crate) const INTERNAL_SUFFIX_BYTES: usize = 16;

/// Returns the key under which a version is stored: unique, and in the order of segments.
pub(crate) fn internal_key(key: &[u8], valid_from: i64, sys_from: CommitId) -> Vec<u8> {
    let mut internal = Vec::with_capacity(key.len() + INTERNAL_SUFFIX_BYTES);
    internal.extend(key);
    internal.extend((valid_from ^ i64::MIN).to_be_bytes());
    internal.extend(sys_from.0.to_be_bytes());
    internal
}

/// Returns the lookup key of an internal key.
pub(crate) fn lookup_key(internal: &[u8]) -> &[u8] {
    &internal[..internal.len() - INTERNAL_SUFFIX_BYTES]
}

/// A stored version.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) sys_from: CommitId,
    sys_to: AtomicU64,
    pub(crate) valid: Period,
    /// Shared with the transaction that put it and the log's record.
    pub(crate) row: Arc<[u8]>,
}

impl Entry {
    pub(crate) fn new(sys_from: CommitId, valid: Period, row: Arc<[u8]>) -> Entry {
        Entry { sys_from, sys_to: AtomicU64::new(u64::MAX), valid, row }
    }

    pub(crate) fn sys_to(&self) -> CommitId {
        CommitId(self.sys_to.load(Ordering::Acquire))
    }

    pub(crate) fn rectangle(&self) -> Rectangle {
        Rectangle { sys_from: self.sys_from, sys_to: self.sys_to(), valid: self.valid }
    }

    /// Ends the version; false if it had ended before.
    pub(crate) fn close(&self, at: CommitId) -> bool {
        let open = u64::MAX;
        self.sys_to.compare_exchange(open, at.0, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// A page of a tree's versions: internal keys and versions in order.
pub(crate) type Page = Vec<(Box<[u8]>, Arc<Entry>)>;

/// A page of a tree's versions without their keys, for a scan.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) versions: Vec<Arc<Entry>>,
    /// How many were looked at.
    pub(crate) visited: usize,
    /// The internal key of the last of these.
    pub(crate) last: Option<Box<[u8]>>,
}

/// One tree's versions in one shard.
#[derive(Debug, Default)]
pub(crate) struct MemTree {
    rows: RwLock<BTreeMap<Box<[u8]>, Arc<Entry>>>,
    count: AtomicUsize,
}

impl MemTree {
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn insert(&self, internal: Vec<u8>, entry: Entry) {
        let old = self.rows.write().insert(internal.into(), Arc::new(entry));
        debug_assert!(old.is_none(), "a commit writes one version for a key and valid_from");
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the version under an internal key.
    pub(crate) fn find(&self, internal: &[u8]) -> Option<Arc<Entry>> {
        self.rows.read().get(internal).cloned()
    }

    /// Returns all versions of a lookup key.
    pub(crate) fn versions(&self, key: &[u8]) -> Page {
        let last = internal_key(key, i64::MAX, CommitId::MAX);
        let range = (Bound::Included(key), Bound::Included(last.as_slice()));
        copy(self.rows.read().range::<[u8], _>(range))
    }

    /// Returns up to `limit` versions within bounds on internal keys.
    pub(crate) fn page(&self, lower: Bound<&[u8]>, upper: Bound<&[u8]>, limit: usize) -> Page {
        if is_empty_range(lower, upper) {
            return Page::new();
        }
        copy(self.rows.read().range::<[u8], _>((lower, upper)).take(limit))
    }

    /// Returns up to `limit` versions within bounds on internal keys, without those that `hidden`
    /// names.
    pub(crate) fn entries(
        &self,
        lower: Bound<&[u8]>,
        upper: Bound<&[u8]>,
        limit: usize,
        hidden: impl Fn(&[u8]) -> bool,
    ) -> Entries {
        let mut entries = Entries::default();
        if is_empty_range(lower, upper) {
            return entries;
        }
        let rows = self.rows.read();
        let mut last = None;
        for (key, entry) in rows.range::<[u8], _>((lower, upper)).take(limit) {
            entries.visited += 1;
            last = Some(key);
            if !hidden(key) {
                entries.versions.push(Arc::clone(entry));
            }
        }
        entries.last = last.cloned();
        entries
    }

    /// Returns every `step`-th internal key, to cut the tree into slices.
    pub(crate) fn fences(&self, step: usize) -> Vec<Box<[u8]>> {
        self.rows.read().keys().step_by(step).skip(1).cloned().collect()
    }
}

/// `BTreeMap::range` panics where a range is upside down.
fn is_empty_range(lower: Bound<&[u8]>, upper: Bound<&[u8]>) -> bool {
    match (lower, upper) {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(lower), Bound::Included(upper)) => lower > upper,
        (
            Bound::Included(lower) | Bound::Excluded(lower),
            Bound::Included(upper) | Bound::Excluded(upper),
        ) => lower >= upper,
    }
}

fn copy<'a>(range: impl Iterator<Item = (&'a Box<[u8]>, &'a Arc<Entry>)>) -> Page {
    range.map(|(key, entry)| (key.clone(), Arc::clone(entry))).collect()
}

type Shard = RwLock<HashMap<TreeId, Arc<MemTree>, foldhash::fast::FixedState>>;

/// One generation of the memtable.
#[derive(Debug)]
pub(crate) struct Memtable {
    shards: Vec<Shard>,
    bytes: AtomicUsize,
    /// The last commit in it, once it is frozen.
    boundary: AtomicU64,
}

impl Memtable {
    /// Returns an empty memtable of `shards` partitions.
    pub(crate) fn new(shards: usize) -> Memtable {
        Memtable {
            shards: (0..shards.max(1)).map(|_| Shard::default()).collect(),
            bytes: AtomicUsize::new(0),
            boundary: AtomicU64::new(0),
        }
    }

    /// Returns an estimate of its memory.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Notes the last commit in it: no later one comes.
    pub(crate) fn set_boundary(&self, commit: CommitId) {
        self.boundary.store(commit.0, Ordering::Release);
    }

    /// Returns the last commit in a frozen memtable.
    pub(crate) fn boundary(&self) -> CommitId {
        CommitId(self.boundary.load(Ordering::Acquire))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes() == 0
    }

    pub(crate) fn insert(&self, tree: TreeId, key: &[u8], entry: Entry) {
        let internal = internal_key(key, entry.valid.from, entry.sys_from);
        let bytes = internal.len() + entry.row.len() + ENTRY_OVERHEAD_BYTES;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tree_for_write(tree, key).insert(internal, entry);
    }

    fn tree_for_write(&self, tree: TreeId, key: &[u8]) -> Arc<MemTree> {
        let shard = self.shard(key);
        if let Some(tree) = shard.read().get(&tree) {
            return Arc::clone(tree);
        }
        Arc::clone(shard.write().entry(tree).or_default())
    }

    fn shard(&self, key: &[u8]) -> &Shard {
        let count = self.shards.len();
        if count == 1 {
            return &self.shards[0];
        }
        // Equal answers for any count are a rule, so which hash spreads the keys is free to change.
        &self.shards[crc32fast::hash(key) as usize % count]
    }

    /// Returns the tree's part that holds a key.
    pub(crate) fn tree_of_key(&self, tree: TreeId, key: &[u8]) -> Option<Arc<MemTree>> {
        self.shard(key).read().get(&tree).cloned()
    }

    /// Returns the tree's parts in all shards.
    pub(crate) fn tree(&self, tree: TreeId) -> Vec<Arc<MemTree>> {
        self.shards.iter().filter_map(|shard| shard.read().get(&tree).cloned()).collect()
    }

    /// Returns the trees that have versions here, in order.
    pub(crate) fn trees(&self) -> Vec<TreeId> {
        let mut trees: Vec<TreeId> = self
            .shards
            .iter()
            .flat_map(|shard| shard.read().keys().copied().collect::<Vec<_>>())
            .collect();
        trees.sort_unstable();
        trees.dedup();
        trees
    }

    /// Returns all versions of a tree in internal order, over all shards.
    pub(crate) fn sorted(&self, tree: TreeId) -> Page {
        let mut page: Page = Vec::new();
        for part in self.tree(tree) {
            page.append(&mut part.page(Bound::Unbounded, Bound::Unbounded, usize::MAX));
        }
        page.sort_by(|a, b| a.0.cmp(&b.0));
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_key_are_found_in_order_and_closed_once() {
        for shards in [1, 4] {
            let memtable = Memtable::new(shards);
            let tree = TreeId(1);
            for (key, from, commit) in [(b"b", 0, 1), (b"a", 5, 2), (b"a", -5, 3), (b"a", 5, 1)] {
                let valid = Period { from, to: 9 };
                memtable.insert(tree, key, Entry::new(CommitId(commit), valid, [].into()));
            }
            let part = memtable.tree_of_key(tree, b"a").unwrap();
            let found: Vec<_> = part
                .versions(b"a")
                .iter()
                .map(|(_, entry)| (entry.valid.from, entry.sys_from.0))
                .collect();
            assert_eq!(found, [(-5, 3), (5, 1), (5, 2)]);
            let entry = part.find(&internal_key(b"a", 5, CommitId(2))).unwrap();
            assert!(entry.close(CommitId(4)));
            assert!(!entry.close(CommitId(5)));
            assert_eq!(entry.sys_to(), CommitId(4));
            assert_eq!(memtable.sorted(tree).len(), 4);
            assert_eq!(lookup_key(&memtable.sorted(tree)[3].0), b"b");
        }
    }

    #[test]
    fn a_page_upside_down_is_empty() {
        let memtable = Memtable::new(1);
        memtable.insert(TreeId(1), b"k", Entry::new(CommitId(1), Period::ALWAYS, [].into()));
        let part = &memtable.tree(TreeId(1))[0];
        assert!(part.page(Bound::Included(b"z"), Bound::Excluded(b"a"), 9).is_empty());
        assert_eq!(part.page(Bound::Unbounded, Bound::Unbounded, 9).len(), 1);
    }
}
