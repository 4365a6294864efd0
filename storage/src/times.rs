//! The exact map between commit ids and commit times.
//!
//! Ids are dense and times strictly monotone, so the map is one sorted sequence, indexed by id one
//! way and searched the other. It holds every published commit; the manifest keeps it to the
//! durable cut and the log from there on.

use parking_lot::RwLock;
use types::{CommitId, Timestamp};

/// Commit times by id.
#[derive(Debug, Default)]
pub(crate) struct TimeMap {
    /// The time of commit `i + 1`, microseconds.
    times: RwLock<Vec<i64>>,
}

impl TimeMap {
    /// Appends the next commit's time.
    ///
    /// # Panics
    /// If ids have a gap or time stands still: the sequencer or replay is broken.
    pub(crate) fn push(&self, id: CommitId, time_us: i64) {
        let mut times = self.times.write();
        assert_eq!(id.0, times.len() as u64 + 1, "commit ids are dense");
        assert!(times.last().is_none_or(|&last| last < time_us), "commit times grow");
        times.push(time_us);
    }

    /// Returns a commit's time.
    pub(crate) fn time(&self, id: CommitId) -> Option<Timestamp> {
        let index = usize::try_from(id.0.checked_sub(1)?).ok()?;
        self.times.read().get(index).copied().map(Timestamp)
    }

    /// Returns the largest commit at or before a time; 0 if there is none.
    pub(crate) fn commit_at(&self, at: Timestamp) -> CommitId {
        CommitId(self.times.read().partition_point(|&time| time <= at.0) as u64)
    }

    /// Returns the last commit's id and time.
    pub(crate) fn last(&self) -> (CommitId, i64) {
        let times = self.times.read();
        (CommitId(times.len() as u64), times.last().copied().unwrap_or(i64::MIN))
    }

    /// Returns the times of commits `(after, to]`.
    pub(crate) fn between(&self, after: CommitId, to: CommitId) -> Vec<i64> {
        let times = self.times.read();
        let index =
            |id: CommitId| usize::try_from(id.0).map_or(times.len(), |at| at.min(times.len()));
        times.get(index(after)..index(to)).unwrap_or_default().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_map_both_ways() {
        let map = TimeMap::default();
        for (id, time) in [(1, 100), (2, 101), (3, 500)] {
            map.push(CommitId(id), time);
        }
        assert_eq!(map.time(CommitId(0)), None);
        assert_eq!(map.time(CommitId(3)), Some(Timestamp(500)));
        assert_eq!(map.time(CommitId(4)), None);
        let at = |time| map.commit_at(Timestamp(time)).0;
        assert_eq!([at(99), at(100), at(499), at(500), at(i64::MAX)], [0, 1, 2, 3, 3]);
        assert_eq!(map.between(CommitId(1), CommitId(3)), [101, 500]);
    }
}
