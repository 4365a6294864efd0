//! A transaction's own writes, before anybody else may see them.
//!
//! Every write has a sequence number. A view remembers the number at which it was taken and sees
//! the writes up to it, so a statement that reads while it writes does not meet its own rows, and
//! a savepoint is just such a number: rolling back forgets what came after it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use types::{CommitId, Period, TreeId};

use crate::memtable::{internal_key, lookup_key};
use crate::schema::TreeSchema;
use crate::wal::record::Hint;

/// The sequence number of a write within its transaction.
pub(crate) type Mark = u64;

/// A row that was put and not yet committed.
#[derive(Clone, Debug)]
pub(crate) struct PendingRow {
    pub(crate) valid: Period,
    pub(crate) row: Arc<[u8]>,
    /// The write that replaced or closed it; [`Mark::MAX`] while it stands.
    ended: Mark,
}

/// A committed version that the transaction closes.
#[derive(Clone, Debug)]
pub(crate) struct ClosedVersion {
    pub(crate) key: Vec<u8>,
    pub(crate) valid_from: i64,
    pub(crate) sys_from: CommitId,
    pub(crate) hint: Option<Hint>,
    at: Mark,
}

impl ClosedVersion {
    pub(crate) fn seen_at(&self, mark: Mark) -> bool {
        self.at <= mark
    }
}

/// Returns the name of a pending row: lookup key, valid_from, the write that put it. As a version's
/// internal key in the memtable, so rows of a key lie together and in order.
fn pending_key(key: &[u8], valid_from: i64, put: Mark) -> Vec<u8> {
    internal_key(key, valid_from, CommitId(put))
}

fn put_of(pending: &[u8]) -> Mark {
    let put = pending.last_chunk().expect("a pending key ends with its write");
    Mark::from_be_bytes(*put)
}

/// The writes to one tree.
#[derive(Debug, Default)]
pub(crate) struct TreeOverlay {
    /// By [`pending_key`].
    rows: BTreeMap<Vec<u8>, PendingRow>,
    /// By internal key.
    closed: HashMap<Vec<u8>, ClosedVersion>,
    /// The writes that closed the whole tree.
    cleared: Vec<Mark>,
}

impl TreeOverlay {
    /// True if every committed version is hidden from a view taken at `mark`.
    pub(crate) fn cleared_at(&self, mark: Mark) -> bool {
        self.cleared.iter().any(|&cleared| cleared <= mark)
    }

    /// Returns the rows that a view taken at `mark` sees, with their keys, in order.
    pub(crate) fn rows_at(&self, mark: Mark) -> impl Iterator<Item = (&[u8], &PendingRow)> {
        self.rows
            .iter()
            .filter(move |(pending, row)| put_of(pending) <= mark && mark < row.ended)
            .map(|(pending, row)| (lookup_key(pending), row))
    }

    /// Returns the rows of one key that a view taken at `mark` sees.
    pub(crate) fn rows_of_key(&self, key: &[u8], mark: Mark) -> Vec<PendingRow> {
        let last = pending_key(key, i64::MAX, Mark::MAX);
        self.rows
            .range::<[u8], _>((Bound::Included(key), Bound::Included(last.as_slice())))
            .filter(|(pending, row)| put_of(pending) <= mark && mark < row.ended)
            .map(|(_, row)| row.clone())
            .collect()
    }

    /// Returns the closed versions, by internal key.
    pub(crate) fn closed(&self) -> &HashMap<Vec<u8>, ClosedVersion> {
        &self.closed
    }

    /// Ends the standing row that is named as `pending` but for the write, which comes now.
    fn end_row(&mut self, pending: &[u8]) -> bool {
        let at = put_of(pending);
        let name = &pending[..pending.len() - size_of::<Mark>()];
        // Loads come in order of keys, and then there is nothing to look for.
        if self.rows.last_key_value().is_none_or(|(last, _)| last.as_slice() < name) {
            return false;
        }
        let same = (Bound::Included(name), Bound::Excluded(pending));
        let standing = self.rows.range_mut::<[u8], _>(same).find(|(_, row)| row.ended == Mark::MAX);
        standing.map(|(_, row)| row.ended = at).is_some()
    }

    fn roll_back(&mut self, to: Mark) {
        self.rows.retain(|pending, _| put_of(pending) <= to);
        for row in self.rows.values_mut().filter(|row| row.ended > to) {
            row.ended = Mark::MAX;
        }
        self.closed.retain(|_, closed| closed.at <= to);
        self.cleared.retain(|&at| at <= to);
    }
}

/// All writes of a transaction.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    trees: BTreeMap<TreeId, TreeOverlay>,
    schemas: Vec<(Mark, Arc<TreeSchema>)>,
    last: Mark,
}

impl Overlay {
    /// Returns the number of the last write.
    pub(crate) fn mark(&self) -> Mark {
        self.last
    }

    fn next(&mut self) -> Mark {
        self.last += 1;
        self.last
    }

    pub(crate) fn tree(&self, tree: TreeId) -> Option<&TreeOverlay> {
        self.trees.get(&tree)
    }

    pub(crate) fn trees(&self) -> impl Iterator<Item = (TreeId, &TreeOverlay)> {
        self.trees.iter().map(|(&id, tree)| (id, tree))
    }

    /// Returns the schema of a tree that the transaction made or changed.
    pub(crate) fn schema(&self, tree: TreeId) -> Option<&Arc<TreeSchema>> {
        self.schemas.iter().rev().map(|(_, schema)| schema).find(|schema| schema.id == tree)
    }

    /// Returns the schemas made, in order.
    pub(crate) fn schemas(&self) -> impl Iterator<Item = &Arc<TreeSchema>> {
        self.schemas.iter().map(|(_, schema)| schema)
    }

    pub(crate) fn put_schema(&mut self, schema: Arc<TreeSchema>) {
        let at = self.next();
        self.schemas.push((at, schema));
    }

    /// Puts a row; one with the same key and valid_from is replaced.
    pub(crate) fn put(&mut self, tree: TreeId, key: &[u8], valid: Period, row: Arc<[u8]>) {
        let pending = pending_key(key, valid.from, self.next());
        let tree = self.trees.entry(tree).or_default();
        tree.end_row(&pending);
        tree.rows.insert(pending, PendingRow { valid, row, ended: Mark::MAX });
    }

    /// Takes back a row of the transaction's own; false if there is none.
    pub(crate) fn close_pending(&mut self, tree: TreeId, key: &[u8], valid_from: i64) -> bool {
        let pending = pending_key(key, valid_from, self.next());
        self.trees.entry(tree).or_default().end_row(&pending)
    }

    /// Closes a committed version; false if it was closed before.
    pub(crate) fn close(
        &mut self,
        tree: TreeId,
        internal: Vec<u8>,
        version: (Vec<u8>, i64, CommitId),
        hint: Option<Hint>,
    ) -> bool {
        let at = self.next();
        let tree = self.trees.entry(tree).or_default();
        if tree.cleared_at(at) || tree.closed.contains_key(&internal) {
            return false;
        }
        let (key, valid_from, sys_from) = version;
        tree.closed.insert(internal, ClosedVersion { key, valid_from, sys_from, hint, at });
        true
    }

    /// Closes every committed version of a tree and takes back the transaction's own rows in it.
    pub(crate) fn close_all(&mut self, tree: TreeId) {
        let at = self.next();
        let tree = self.trees.entry(tree).or_default();
        tree.rows.values_mut().for_each(|row| row.ended = row.ended.min(at));
        tree.cleared.push(at);
    }

    /// Forgets every write after `to`.
    pub(crate) fn roll_back(&mut self, to: Mark) {
        self.trees.values_mut().for_each(|tree| tree.roll_back(to));
        self.schemas.retain(|(at, _)| *at <= to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: TreeId = TreeId(1);

    fn rows(overlay: &Overlay, mark: Mark) -> Vec<u8> {
        let tree = overlay.tree(TREE).unwrap();
        tree.rows_at(mark).map(|(_, row)| row.row[0]).collect()
    }

    fn put(overlay: &mut Overlay, key: &[u8], row: u8) {
        overlay.put(TREE, key, Period::ALWAYS, Arc::from([row]));
    }

    #[test]
    fn a_view_sees_the_writes_before_it() {
        let mut overlay = Overlay::default();
        put(&mut overlay, b"a", 1);
        let first = overlay.mark();
        put(&mut overlay, b"a", 2);
        put(&mut overlay, b"b", 3);
        assert_eq!(rows(&overlay, first), [1]);
        assert_eq!(rows(&overlay, overlay.mark()), [2, 3]);
        assert!(overlay.close_pending(TREE, b"b", i64::MIN));
        assert!(!overlay.close_pending(TREE, b"b", i64::MIN));
        overlay.close_all(TREE);
        assert_eq!(rows(&overlay, overlay.mark()), [0_u8; 0]);
        assert_eq!(rows(&overlay, first), [1]);
    }

    #[test]
    fn rolling_back_brings_back_what_stood() {
        let mut overlay = Overlay::default();
        put(&mut overlay, b"a", 1);
        let savepoint = overlay.mark();
        put(&mut overlay, b"a", 2);
        assert!(overlay.close(TREE, b"i".to_vec(), (b"k".to_vec(), 0, CommitId(1)), None));
        overlay.close_all(TREE);
        overlay.roll_back(savepoint);
        assert_eq!(rows(&overlay, overlay.mark()), [1]);
        assert!(!overlay.tree(TREE).unwrap().cleared_at(overlay.mark()));
        assert!(overlay.close(TREE, b"i".to_vec(), (b"k".to_vec(), 0, CommitId(1)), None));
    }
}
