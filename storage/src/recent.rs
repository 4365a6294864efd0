//! Which keys were written lately: the table against which commits are validated.
//!
//! A transaction fails if one of its keys was written by a commit after its snapshot. The table is
//! entered when a commit is *sequenced*, before it is applied, so two transactions can never both
//! pass. Keys are kept as hashes: a collision can only cause a needless retry, never a lost update.
//!
//! Entries are needed as long as a transaction with an older snapshot lives, so they are kept in
//! two generations and the old one is dropped as a whole when nobody can need it.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hasher};

use types::{CommitId, TreeId};

const GENERATION_KEYS: usize = 1 << 16;

/// A key's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyHash(u64);

impl KeyHash {
    pub(crate) fn of(tree: TreeId, key: &[u8]) -> KeyHash {
        let mut hasher = foldhash::quality::FixedState::with_seed(0).build_hasher();
        hasher.write_u32(tree.0);
        hasher.write(key);
        KeyHash(hasher.finish())
    }
}

#[derive(Debug, Default)]
struct Generation {
    keys: HashMap<KeyHash, CommitId, foldhash::fast::FixedState>,
    last: CommitId,
}

/// The keys written by commits that a living transaction may not have seen.
#[derive(Debug, Default)]
pub(crate) struct RecentWrites {
    young: Generation,
    old: Generation,
    /// For each tree its last write, and the last commit that closed all of it.
    trees: HashMap<TreeId, (CommitId, CommitId), foldhash::fast::FixedState>,
    /// Snapshots of living transactions, with how many have each.
    snapshots: BTreeMap<CommitId, usize>,
}

impl RecentWrites {
    /// Notes that a transaction lives with this snapshot.
    pub(crate) fn enter(&mut self, snapshot: CommitId) {
        *self.snapshots.entry(snapshot).or_default() += 1;
    }

    /// Notes that it has ended.
    pub(crate) fn leave(&mut self, snapshot: CommitId) {
        if let Some(count) = self.snapshots.get_mut(&snapshot) {
            *count -= 1;
            if *count == 0 {
                self.snapshots.remove(&snapshot);
            }
        }
    }

    /// Returns the number of living transactions.
    pub(crate) fn living(&self) -> usize {
        self.snapshots.values().sum()
    }

    /// True if a commit after `snapshot` wrote the key, or closed its whole tree.
    pub(crate) fn key_changed(&self, tree: TreeId, key: KeyHash, snapshot: CommitId) -> bool {
        let written = |generation: &Generation| {
            generation.last > snapshot
                && generation.keys.get(&key).is_some_and(|&last| last > snapshot)
        };
        let closed = self.trees.get(&tree).is_some_and(|&(_, closed)| closed > snapshot);
        closed || written(&self.young) || written(&self.old)
    }

    /// True if a commit after `snapshot` wrote anything in the tree.
    pub(crate) fn tree_changed(&self, tree: TreeId, snapshot: CommitId) -> bool {
        self.trees.get(&tree).is_some_and(|&(written, _)| written > snapshot)
    }

    /// Enters a key written by `commit`.
    pub(crate) fn write(&mut self, tree: TreeId, key: KeyHash, commit: CommitId) {
        self.trees.entry(tree).or_default().0 = commit;
        self.young.keys.insert(key, commit);
        self.young.last = commit;
    }

    /// Enters the closing of a whole tree.
    pub(crate) fn close_all(&mut self, tree: TreeId, commit: CommitId) {
        self.trees.insert(tree, (commit, commit));
    }

    /// Takes back the numbers after `last`: their commits never were. What they entered counts as
    /// written by `last`, for an older entry of the same key is gone; a transaction that has seen
    /// `last`, and so one that tries again, is not held up.
    pub(crate) fn unwind(&mut self, last: CommitId) {
        for generation in [&mut self.young, &mut self.old] {
            generation.keys.values_mut().for_each(|written| *written = last.min(*written));
            generation.last = generation.last.min(last);
        }
        for (written, closed) in self.trees.values_mut() {
            (*written, *closed) = (last.min(*written), last.min(*closed));
        }
    }

    /// Forgets what no living or future transaction can ask about; `published` is the oldest
    /// snapshot that a new transaction can get.
    pub(crate) fn prune(&mut self, published: CommitId) {
        if self.young.keys.len() < GENERATION_KEYS {
            return;
        }
        let oldest =
            self.snapshots.keys().next().map_or(published, |&oldest| oldest.min(published));
        if self.old.last <= oldest {
            self.old = std::mem::take(&mut self.young);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_write_is_a_conflict_and_an_earlier_one_is_not() {
        let mut recent = RecentWrites::default();
        let (tree, key) = (TreeId(1), KeyHash::of(TreeId(1), b"k"));
        recent.write(tree, key, CommitId(5));
        assert!(recent.key_changed(tree, key, CommitId(4)));
        assert!(!recent.key_changed(tree, key, CommitId(5)));
        assert!(!recent.key_changed(tree, KeyHash::of(tree, b"l"), CommitId(0)));
        assert!(recent.tree_changed(tree, CommitId(4)));
        recent.close_all(tree, CommitId(6));
        assert!(recent.key_changed(tree, KeyHash::of(tree, b"l"), CommitId(5)));
    }

    #[test]
    fn a_commit_that_was_taken_back_is_no_conflict_for_its_next_try() {
        let mut recent = RecentWrites::default();
        let (tree, key) = (TreeId(1), KeyHash::of(TreeId(1), b"k"));
        recent.write(tree, key, CommitId(5));
        recent.write(tree, key, CommitId(9));
        recent.close_all(TreeId(2), CommitId(9));
        recent.unwind(CommitId(8));
        assert!(!recent.key_changed(tree, key, CommitId(8)));
        assert!(!recent.tree_changed(TreeId(2), CommitId(8)));
        assert!(recent.key_changed(tree, key, CommitId(4)), "the older write is not forgotten");
    }

    #[test]
    fn pruning_keeps_what_a_living_transaction_needs() {
        let mut recent = RecentWrites::default();
        recent.enter(CommitId(3));
        let tree = TreeId(1);
        let key = |n: u64| KeyHash::of(tree, &n.to_be_bytes());
        for n in 0..3 * GENERATION_KEYS as u64 {
            recent.write(tree, key(n), CommitId(n + 1));
            recent.prune(CommitId(n + 1));
        }
        assert!((3..3 * GENERATION_KEYS as u64).all(|n| recent.key_changed(
            tree,
            key(n),
            CommitId(3)
        )));
        recent.leave(CommitId(3));
        for n in 0..2 * GENERATION_KEYS as u64 {
            recent.write(tree, key(n), CommitId(1 << 30));
            recent.prune(CommitId(1 << 30));
        }
        assert!(recent.young.keys.len() + recent.old.keys.len() < 3 * GENERATION_KEYS + 2);
    }
}
