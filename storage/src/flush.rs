//! Flush: a frozen memtable becomes runs, and the durable cut moves to its boundary.
//!
//! Versions closed by the boundary go to H, by class of lifetime; the others to L0. A closing after
//! the boundary is not baked: it is carried over in memory, and stays in the log. Before the cut
//! moves, the log is synced through the boundary.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::CommitId;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::install::{RunChange, RunWriter, record_of};
use crate::manifest::Edit;
use crate::memtable::{Entry, Memtable, Page, lookup_key};
use crate::options::Phase;
use crate::run::Run;
use crate::schema::TreeSchema;
use crate::segment::{SegmentWriter, Tier, VersionRef};

/// Returns the class of a closed version's lifetime: floor(log4(length)).
pub(crate) fn lifetime_class(sys_from: CommitId, sys_to: CommitId) -> u8 {
    let length = sys_to.0.saturating_sub(sys_from.0).max(1);
    (length.ilog2() / 2) as u8
}

/// The runs of a flush, and which versions of the memtable went into each, in order of ordinals.
struct Flushed<'a> {
    writer: RunWriter<'a>,
    entries: Vec<Vec<Arc<Entry>>>,
}

impl Flushed<'_> {
    fn add(&mut self, (writer, entries): (SegmentWriter, Vec<Arc<Entry>>)) -> Result<()> {
        self.entries.push(entries);
        self.writer.add(writer.finish())
    }
}

impl Engine {
    /// Flushes every frozen memtable, oldest first.
    pub(crate) fn flush_frozen(&self) -> Result<()> {
        let _flushing = self.flushing.lock();
        loop {
            let version = self.current();
            let Some((oldest, [_, ..])) = version.memtables.split_last() else { return Ok(()) };
            self.observe(Phase::Flush);
            let flushed = self.flush_memtable(oldest);
            self.observe(Phase::Idle);
            flushed?;
            self.frozen.1.notify_all();
        }
    }

    fn flush_memtable(&self, memtable: &Arc<Memtable>) -> Result<()> {
        let cut = memtable.boundary();
        let version = self.current();
        let mut flushed = Flushed { writer: RunWriter::new(self), entries: Vec::new() };
        for tree in memtable.trees() {
            let schema = &version.tree(tree).ok_or(Error::NoTree { tree })?.schema;
            let segment_bytes = self.options.segment_bytes;
            write_tree(schema, memtable.sorted(tree), cut, segment_bytes, &mut flushed)?;
        }
        let Flushed { writer, entries } = flushed;
        let runs = writer.finish()?;
        let installed = self.install_flush(memtable, cut, &runs, &entries);
        if installed.is_err() && !self.is_poisoned() {
            runs.iter().for_each(|run| run.file.kill());
        }
        installed
    }

    fn install_flush(
        &self,
        memtable: &Arc<Memtable>,
        cut: CommitId,
        runs: &[Arc<Run>],
        entries: &[Vec<Arc<Entry>>],
    ) -> Result<()> {
        if let Some(log) = self.log.lock().as_mut() {
            log.sync().inspect_err(|_| self.poison())?;
        }
        let mut installer = self.installer();
        let version = self.current();
        let mut edits = Vec::new();
        installer.tree_edits(&version, &mut edits);
        for tree in version.trees.values() {
            for run in &tree.runs {
                let closings = run.closings.between(installer.cut, cut);
                if !closings.is_empty() {
                    edits.push(Edit::Close { run: run.id, closings });
                }
            }
        }
        edits.extend(runs.iter().map(|run| Edit::AddRun(record_of(run))));
        let id = self.next_id.load(std::sync::atomic::Ordering::Relaxed);
        edits.push(Edit::NextId { id });
        let times_us = self.times.between(installer.cut, cut);
        edits.push(Edit::Cut { to: cut, next_row_id: self.row_id_bound(), times_us });
        installer.record(self, &edits)?;
        let moved = installer.cut;
        installer.cut = cut;
        {
            let _applying = self.apply.lock();
            for (run, entries) in runs.iter().zip(entries) {
                carry_closings(run, entries, cut);
            }
            let flushed = Some(Arc::clone(memtable));
            self.exchange_runs(&RunChange {
                added: runs.to_vec(),
                flushed,
                ..RunChange::default()
            });
            self.recount_closings(cut);
        }
        debug_assert!(moved <= cut, "the cut only moves forward");
        installer.shorten(self)?;
        drop(installer);
        if let Some(log) = self.log.lock().as_mut() {
            // The runs are installed, so this is no reason to give them up: a segment that cannot
            // be unlinked now is tried again by the next flush.
            drop(log.retire(cut));
        }
        Ok(())
    }
}

/// Gives a run the closings that its versions received after the boundary.
fn carry_closings(run: &Run, entries: &[Arc<Entry>], cut: CommitId) {
    for (ordinal, entry) in (0..).zip(entries) {
        let sys_to = entry.sys_to();
        if sys_to != CommitId::MAX && sys_to > cut {
            run.closings.close(ordinal, sys_to);
        }
    }
}

/// Writes a tree's versions to a segment a tier, or more where one grows past `segment_bytes`.
fn write_tree(
    schema: &TreeSchema,
    page: Page,
    cut: CommitId,
    segment_bytes: usize,
    flushed: &mut Flushed<'_>,
) -> Result<()> {
    let mut tiers: BTreeMap<Tier, (SegmentWriter, Vec<Arc<Entry>>)> = BTreeMap::new();
    for (internal, entry) in page {
        let sys_to = entry.sys_to();
        let (tier, sys_to) = if sys_to <= cut {
            (Tier::History(lifetime_class(entry.sys_from, sys_to)), sys_to)
        } else {
            (Tier::Fresh, CommitId::MAX)
        };
        let full = tiers.get(&tier).is_some_and(|(writer, _)| writer.bytes() >= segment_bytes);
        if full && let Some(segment) = tiers.remove(&tier) {
            flushed.add(segment)?;
        }
        let (writer, entries) =
            tiers.entry(tier).or_insert_with(|| (SegmentWriter::new(schema, tier), Vec::new()));
        let version = VersionRef {
            key: lookup_key(&internal),
            row: &entry.row,
            sys_from: entry.sys_from,
            sys_to,
            valid_from: entry.valid.from,
            valid_to: entry.valid.to,
        };
        writer.push(&version).expect("rows are checked when they are staged or replayed");
        entries.push(entry);
    }
    tiers.into_values().try_for_each(|segment| flushed.add(segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_fall_into_powers_of_four() {
        let class = |length: u64| lifetime_class(CommitId(10), CommitId(10 + length));
        assert_eq!([1, 3, 4, 15, 16, 64].map(class), [0, 0, 1, 1, 2, 3]);
    }
}
