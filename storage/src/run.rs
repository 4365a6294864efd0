//! A run: one segment of a tree as the store uses it, with the closings that came after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use types::{CommitId, Period, TreeId};

use crate::closings::Closings;
use crate::error::Result;
use crate::scan::visible::{Bounds, Rectangle};
use crate::segment::{Block, Segment, Tier, TimeColumn, Times, key_hash};
use crate::vfs::Disk;
use crate::wal::record::Hint;

/// The directory of containers.
pub(crate) const DATA_DIRECTORY: &str = "data";

/// Returns the name of a container.
pub(crate) fn container_name(file: u64) -> String {
    format!("{DATA_DIRECTORY}/{file:016}.seg")
}

/// A container on disk, unlinked with its last user once it is dead.
#[derive(Debug)]
pub(crate) struct RunFile {
    disk: Disk,
    pub(crate) id: u64,
    dead: AtomicBool,
}

impl RunFile {
    pub(crate) fn new(disk: Disk, id: u64) -> RunFile {
        RunFile { disk, id, dead: AtomicBool::new(false) }
    }

    /// No manifest names the file any more.
    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::Release);
    }
}

impl Drop for RunFile {
    fn drop(&mut self) {
        if self.dead.load(Ordering::Acquire) {
            // What cannot be unlinked now is unlinked at the next opening.
            drop(self.disk.remove(&container_name(self.id)));
        }
    }
}

/// A segment and its closings.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: u64,
    pub(crate) tier: Tier,
    pub(crate) bounds: Bounds,
    pub(crate) closings: Arc<Closings>,
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<RunFile>,
    /// Where in the file the segment begins, for the manifest.
    pub(crate) offset: u64,
}

impl Run {
    pub(crate) fn new(
        id: u64,
        tier: Tier,
        offset: u64,
        segment: Segment,
        file: Arc<RunFile>,
    ) -> Run {
        let meta = segment.meta();
        let valid = |column: TimeColumn| {
            let bounds = meta.times[column as usize];
            (bounds.min, bounds.max)
        };
        let bounds = Bounds {
            sys_from: meta.commits(TimeColumn::SysFrom),
            sys_to: meta.commits(TimeColumn::SysTo),
            valid_from: valid(TimeColumn::ValidFrom),
            valid_to: valid(TimeColumn::ValidTo),
        };
        let (segment, closings) = (Arc::new(segment), Arc::default());
        Run { id, tier, bounds, closings, segment, file, offset }
    }

    pub(crate) fn tree(&self) -> TreeId {
        self.segment.meta().tree
    }

    pub(crate) fn rows(&self) -> u64 {
        self.segment.rows()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.segment.meta().bytes
    }

    pub(crate) fn first_key(&self) -> &[u8] {
        &self.segment.meta().first_key
    }

    pub(crate) fn last_key(&self) -> &[u8] {
        &self.segment.meta().last_key
    }

    pub(crate) fn is_history(&self) -> bool {
        matches!(self.tier, Tier::History(_))
    }

    /// Returns the end that came after the segment was written; [`CommitId::MAX`] if none did.
    pub(crate) fn closed_at(&self, ordinal: u32) -> CommitId {
        self.closings.closed_at(ordinal)
    }

    /// Returns the versions of a key: their ordinals and rectangles.
    pub(crate) fn versions(&self, key: &[u8]) -> Result<Vec<(u32, Rectangle)>> {
        if key < self.first_key() || self.last_key() < key {
            return Ok(Vec::new());
        }
        let ordinals = self.segment.find_hashed(key, key_hash(key))?;
        ordinals
            .map(|ordinal| {
                let block = self.segment.block_of(ordinal);
                let times = BlockTimes::open(&block)?;
                let at = (ordinal - block.first()) as usize;
                let ordinal = u32::try_from(ordinal).expect("a segment has fewer than 2^32 rows");
                Ok((ordinal, times.rectangle(at, self.closed_at(ordinal))))
            })
            .collect()
    }

    /// Returns the ordinal of one version.
    pub(crate) fn locate(
        &self,
        key: &[u8],
        valid_from: i64,
        sys_from: CommitId,
        hint: Option<Hint>,
    ) -> Result<Option<u32>> {
        if self.is_history() {
            return Ok(None);
        }
        if let Some(hint) = hint.filter(|hint| hint.segment == self.id)
            && u64::from(hint.ordinal) < self.rows()
            && self.segment.key_at(hint.ordinal.into())? == key
        {
            let block = self.segment.block_of(hint.ordinal.into());
            let at = (u64::from(hint.ordinal) - block.first()) as usize;
            let version = BlockTimes::open(&block)?.rectangle(at, CommitId::MAX);
            if version.valid.from == valid_from && version.sys_from == sys_from {
                return Ok(Some(hint.ordinal));
            }
        }
        let same =
            |version: &Rectangle| version.valid.from == valid_from && version.sys_from == sys_from;
        let versions = self.versions(key)?;
        Ok(versions.iter().find(|(_, version)| same(version)).map(|(ordinal, _)| *ordinal))
    }

    /// Closes every open version and returns how many there were.
    pub(crate) fn close_all(&self, at: CommitId) -> usize {
        if self.is_history() {
            return 0;
        }
        let rows = u32::try_from(self.rows()).expect("a segment has fewer than 2^32 rows");
        (0..rows).filter(|&ordinal| self.closings.close(ordinal, at)).count()
    }
}

/// The four bounds of a block's versions.
#[derive(Clone, Debug)]
pub(crate) struct BlockTimes {
    pub(crate) sys_from: Times,
    pub(crate) sys_to: Times,
    pub(crate) valid_from: Times,
    pub(crate) valid_to: Times,
}

impl BlockTimes {
    pub(crate) fn open(block: &Block<'_>) -> Result<BlockTimes> {
        Ok(BlockTimes {
            sys_from: block.times(TimeColumn::SysFrom)?,
            sys_to: block.times(TimeColumn::SysTo)?,
            valid_from: block.times(TimeColumn::ValidFrom)?,
            valid_to: block.times(TimeColumn::ValidTo)?,
        })
    }

    /// Returns the rectangle of a version, given the end that came after the segment was written.
    pub(crate) fn rectangle(&self, at: usize, closed_at: CommitId) -> Rectangle {
        Rectangle {
            sys_from: self.sys_from.commit(at),
            sys_to: self.sys_to.commit(at).min(closed_at),
            valid: Period { from: self.valid_from.at(at), to: self.valid_to.at(at) },
        }
    }
}

/// Returns the bounds of a block's versions without opening a page.
pub(crate) fn block_bounds(block: &Block<'_>) -> Bounds {
    let valid = |column| {
        let bounds = block.time_bounds(column);
        (bounds.min, bounds.max)
    };
    // An open end is the largest word of its page and the largest commit.
    let commit = |word: i64| {
        if word == i64::MAX { CommitId::MAX } else { CommitId(word.cast_unsigned()) }
    };
    let commits = |column| {
        let (min, max) = valid(column);
        (commit(min), commit(max))
    };
    Bounds {
        sys_from: commits(TimeColumn::SysFrom),
        sys_to: commits(TimeColumn::SysTo),
        valid_from: valid(TimeColumn::ValidFrom),
        valid_to: valid(TimeColumn::ValidTo),
    }
}
