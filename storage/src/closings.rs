//! Closings of a run's versions that its segment does not hold yet.
//!
//! A block of 1,024 ordinals without closings costs nothing. A dirty one has a sorted list of
//! (ordinal, commit) and the largest commit in it. A reader that knows that commit takes the whole
//! list; another leaves out the few later ones. Blocks are copied on write only while a reader
//! holds them.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use types::CommitId;

use crate::scan::visible::Window;

/// Ordinals of one group of closings.
pub(crate) const GROUP_ROWS: u32 = 1_024;

/// The end of one version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Closing {
    pub(crate) ordinal: u32,
    pub(crate) at: CommitId,
}

/// The closings of one group of ordinals, sorted by ordinal.
#[derive(Clone, Debug, Default)]
struct Group {
    closings: Vec<Closing>,
    last: CommitId,
}

/// All closings of a run.
#[derive(Debug, Default)]
pub(crate) struct Closings {
    groups: RwLock<BTreeMap<u32, Arc<Group>>>,
    /// Closings since a compaction began to follow the run; `None` while none does.
    journal: Mutex<Option<Vec<Closing>>>,
}

impl Closings {
    /// Returns the commit that ended a version; [`CommitId::MAX`] while it is open.
    pub(crate) fn closed_at(&self, ordinal: u32) -> CommitId {
        let groups = self.groups.read();
        let Some(group) = groups.get(&(ordinal / GROUP_ROWS)) else { return CommitId::MAX };
        match group.closings.binary_search_by_key(&ordinal, |closing| closing.ordinal) {
            Ok(at) => group.closings[at].at,
            Err(_) => CommitId::MAX,
        }
    }

    /// Ends a version; false if it had ended before.
    pub(crate) fn close(&self, ordinal: u32, at: CommitId) -> bool {
        let mut groups = self.groups.write();
        let group = Arc::make_mut(groups.entry(ordinal / GROUP_ROWS).or_default());
        let place = group.closings.binary_search_by_key(&ordinal, |closing| closing.ordinal);
        let Err(place) = place else { return false };
        group.closings.insert(place, Closing { ordinal, at });
        group.last = group.last.max(at);
        if let Some(journal) = self.journal.lock().as_mut() {
            journal.push(Closing { ordinal, at });
        }
        true
    }

    /// Returns the number of closings.
    pub(crate) fn count(&self) -> usize {
        self.groups.read().values().map(|group| group.closings.len()).sum()
    }

    /// Returns the closings with `after < at <= to`, by ordinal.
    pub(crate) fn between(&self, after: CommitId, to: CommitId) -> Vec<Closing> {
        let groups = self.groups.read();
        let all = groups.values().filter(|group| group.last > after);
        all.flat_map(|group| &group.closings)
            .filter(|closing| after < closing.at && closing.at <= to)
            .copied()
            .collect()
    }

    /// Returns the versions among `rows` ordinals from `first` that `window` sees as ended, or
    /// `None` if there are none.
    pub(crate) fn ended(&self, first: u32, rows: u32, window: &Window) -> Option<Vec<u32>> {
        let groups = self.groups.read();
        let range = first / GROUP_ROWS..=first.saturating_add(rows) / GROUP_ROWS;
        let ended: Vec<u32> = groups
            .range(range)
            .flat_map(|(_, group)| &group.closings)
            .filter(|closing| closing.ordinal >= first && closing.ordinal - first < rows)
            .filter(|closing| !window.sees_until(closing.at))
            .map(|closing| closing.ordinal - first)
            .collect();
        (!ended.is_empty()).then_some(ended)
    }

    /// Returns the closings among `rows` ordinals from `first`, with ordinals relative to it.
    pub(crate) fn within(&self, first: u32, rows: u32) -> Vec<Closing> {
        let groups = self.groups.read();
        groups
            .range(first / GROUP_ROWS..=first.saturating_add(rows) / GROUP_ROWS)
            .flat_map(|(_, group)| &group.closings)
            .filter(|closing| closing.ordinal >= first && closing.ordinal - first < rows)
            .map(|closing| Closing { ordinal: closing.ordinal - first, at: closing.at })
            .collect()
    }

    /// Begins to note every closing for a compaction, with those after `cut` to start with. The
    /// caller holds the apply lock, so none is noted twice or missed.
    pub(crate) fn follow(&self, cut: CommitId) {
        *self.journal.lock() = Some(self.between(cut, CommitId::MAX));
    }

    /// Returns what was noted since the last call.
    pub(crate) fn drain(&self) -> Vec<Closing> {
        self.journal.lock().as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Stops noting: the compaction is installed or given up.
    pub(crate) fn unfollow(&self) {
        *self.journal.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::visible::ReadPoint;

    #[test]
    fn each_reader_sees_the_closings_that_it_knows() {
        let closings = Closings::default();
        assert!(closings.close(5, CommitId(10)));
        assert!(closings.close(2000, CommitId(11)));
        assert!(closings.close(4, CommitId(12)));
        assert!(!closings.close(5, CommitId(13)));
        assert_eq!(closings.closed_at(5), CommitId(10));
        assert_eq!(closings.closed_at(6), CommitId::MAX);
        let ended = |at| {
            let window = Window::new(ReadPoint::as_of(CommitId(at)), CommitId(at)).unwrap();
            closings.ended(0, 1024, &window)
        };
        assert_eq!(ended(9), None);
        assert_eq!(ended(10), Some(vec![5]));
        assert_eq!(ended(12), Some(vec![4, 5]));
        assert_eq!(closings.between(CommitId(10), CommitId(11)).len(), 1);
        assert_eq!(closings.count(), 3);
    }

    #[test]
    fn a_follower_hears_of_every_later_closing_once() {
        let closings = Closings::default();
        closings.close(1, CommitId(1));
        closings.close(2, CommitId(2));
        closings.follow(CommitId(1));
        closings.close(3, CommitId(3));
        let noted: Vec<_> = closings.drain().iter().map(|closing| closing.ordinal).collect();
        assert_eq!(noted, [2, 3]);
        assert!(closings.drain().is_empty());
    }
}
