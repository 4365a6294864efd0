//! Installing new runs: first in the manifest, then in the Version.
//!
//! One installer works at a time. An edit is durable before memory knows of it, so what readers see
//! can be found again after a crash. Under the apply lock only the last closings are carried over
//! and the Version is exchanged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use types::{CommitId, TreeId};

use crate::engine::Engine;
use crate::error::Result;
use crate::manifest::{Edit, Manifest, ManifestFailure, RunRecord};
use crate::memtable::Memtable;
use crate::options::Phase;
use crate::run::{Run, RunFile, container_name};
use crate::segment::{FinishedSegment, Tier};
use crate::version::{TreeVersion, Trees, Version};

/// What only the installer touches.
#[derive(Debug)]
pub(crate) struct Installer {
    pub(crate) manifest: Manifest,
    /// The durable cut: the manifest is exactly the state at this commit.
    pub(crate) cut: CommitId,
    /// What the manifest knows of each tree: its number of columns and `single_piece`.
    pub(crate) trees: HashMap<TreeId, (usize, bool)>,
}

impl Installer {
    /// Appends edits. If it is unknown whether they are durable, the store is poisoned.
    pub(crate) fn record(&mut self, engine: &Engine, edits: &[Edit]) -> Result<()> {
        engine.observe(Phase::Manifest);
        self.manifest.append(edits).map_err(|failure| match failure {
            ManifestFailure::Untouched(error) => error,
            ManifestFailure::Unknown(error) => {
                engine.poison();
                error
            }
        })?;
        // Only now: a tree of an edit that failed must be in the next one again.
        for edit in edits {
            if let Edit::Tree { schema, single_piece } = edit {
                self.trees.insert(schema.id, (schema.columns.len(), *single_piece));
            }
        }
        Ok(())
    }

    /// Adds the edits for trees that the manifest does not know as they are.
    pub(crate) fn tree_edits(&self, version: &Version, edits: &mut Vec<Edit>) {
        for (&id, tree) in version.trees.iter() {
            let now = (tree.schema.columns.len(), tree.is_single_piece());
            if self.trees.get(&id) != Some(&now) {
                edits.push(Edit::Tree { schema: (*tree.schema).clone(), single_piece: now.1 });
            }
        }
    }

    /// Starts a new manifest if this one has grown long. A failure leaves the old one in use.
    pub(crate) fn shorten(&mut self, engine: &Engine) -> Result<()> {
        if !self.manifest.is_long() {
            return Ok(());
        }
        let snapshot = snapshot_edits(engine, &engine.current(), self.cut);
        self.manifest.rewrite(&snapshot).inspect_err(|_| engine.poison())
    }
}

/// Returns the edits that describe everything at the cut.
pub(crate) fn snapshot_edits(engine: &Engine, version: &Version, cut: CommitId) -> Vec<Edit> {
    let mut edits = Vec::new();
    for tree in version.trees.values() {
        let schema = (*tree.schema).clone();
        edits.push(Edit::Tree { schema, single_piece: tree.is_single_piece() });
        for run in &tree.runs {
            edits.push(Edit::AddRun(record_of(run)));
            let closings = run.closings.between(CommitId::ZERO, cut);
            if !closings.is_empty() {
                edits.push(Edit::Close { run: run.id, closings });
            }
        }
    }
    edits.push(Edit::NextId { id: engine.next_id.load(Ordering::Relaxed) });
    let times_us = engine.times.between(CommitId::ZERO, cut);
    edits.push(Edit::Cut { to: cut, next_row_id: engine.row_id_bound(), times_us });
    edits
}

pub(crate) fn record_of(run: &Run) -> RunRecord {
    RunRecord { id: run.id, file: run.file.id, offset: run.offset, tier: run.tier }
}

/// Segments below this size share a file.
const SHARED_BYTES_MAX: usize = 1 << 20;

/// Writes finished segments as they come, so that a flush or merge of any size holds one large one
/// at a time; small ones wait and share a container. If it is dropped before the end, the files
/// written so far are unlinked.
#[derive(Debug)]
pub(crate) struct RunWriter<'a> {
    engine: &'a Engine,
    /// In the order of the segments; `None` for one that waits.
    runs: Vec<Option<Arc<Run>>>,
    waiting: Vec<(usize, FinishedSegment)>,
}

impl<'a> RunWriter<'a> {
    pub(crate) fn new(engine: &'a Engine) -> RunWriter<'a> {
        RunWriter { engine, runs: Vec::new(), waiting: Vec::new() }
    }

    /// Writes a segment, now or at the end.
    pub(crate) fn add(&mut self, segment: FinishedSegment) -> Result<()> {
        if segment.bytes.len() < SHARED_BYTES_MAX {
            self.waiting.push((self.runs.len(), segment));
            self.runs.push(None);
            return Ok(());
        }
        let written = write_container(self.engine, &[&segment])?;
        self.runs.extend(written.into_iter().map(Some));
        Ok(())
    }

    /// Returns the number of segments added.
    pub(crate) fn count(&self) -> usize {
        self.runs.len()
    }

    /// Returns the runs of all segments, in the order in which they were added.
    pub(crate) fn finish(mut self) -> Result<Vec<Arc<Run>>> {
        let waiting = std::mem::take(&mut self.waiting);
        if !waiting.is_empty() {
            let segments: Vec<_> = waiting.iter().map(|(_, segment)| segment).collect();
            let written = write_container(self.engine, &segments)?;
            for ((place, _), run) in waiting.iter().zip(written) {
                self.runs[*place] = Some(run);
            }
        }
        Ok(std::mem::take(&mut self.runs).into_iter().flatten().collect())
    }
}

impl Drop for RunWriter<'_> {
    fn drop(&mut self) {
        self.runs.iter().flatten().for_each(|run| run.file.kill());
    }
}

fn write_container(engine: &Engine, segments: &[&FinishedSegment]) -> Result<Vec<Arc<Run>>> {
    let disk = &engine.disk;
    let id = engine.next_id.fetch_add(1, Ordering::Relaxed);
    let name = container_name(id);
    let mut writer = crate::container::ContainerWriter::new(id);
    for segment in segments {
        writer.add(segment);
    }
    let run_file = Arc::new(RunFile::new(disk.clone(), id));
    let written = disk.create(&name).and_then(|file| {
        file.write_at(0, &writer.finish())?;
        file.sync_data()?;
        disk.sync_dir(crate::run::DATA_DIRECTORY)
    });
    let opened = written.and_then(|()| open_container(engine, &run_file));
    let opened = opened.inspect_err(|_| run_file.kill())?;
    let numbered = opened.into_iter().map(|(offset, segment)| {
        let id = engine.next_id.fetch_add(1, Ordering::Relaxed);
        let tier = segment.meta().tier;
        Arc::new(Run::new(id, tier, offset, segment, Arc::clone(&run_file)))
    });
    Ok(numbered.collect())
}

/// Opens a container and its segments, with where each begins.
pub(crate) fn open_container(
    engine: &Engine,
    file: &RunFile,
) -> Result<Vec<(u64, crate::segment::Segment)>> {
    let name = container_name(file.id);
    let path: Arc<Path> = Arc::from(engine.disk.path(&name));
    let container = crate::container::Container::open(path, engine.disk.map(&name)?)?;
    container.places().iter().map(|&place| Ok((place.offset, container.segment(place)?))).collect()
}

/// A change of the runs of some trees.
#[derive(Debug, Default)]
pub(crate) struct RunChange {
    pub(crate) added: Vec<Arc<Run>>,
    pub(crate) removed: BTreeSet<u64>,
    /// The memtable that the added runs replace.
    pub(crate) flushed: Option<Arc<Memtable>>,
}

impl Engine {
    /// Exchanges the Version for one with other runs. The caller holds the apply lock.
    pub(crate) fn exchange_runs(&self, change: &RunChange) {
        let version = self.current();
        let mut by_tree: BTreeMap<TreeId, Vec<&Arc<Run>>> = BTreeMap::new();
        change.added.iter().for_each(|run| by_tree.entry(run.tree()).or_default().push(run));
        let mut trees: Trees = (*version.trees).clone();
        for tree in trees.values_mut() {
            let added = by_tree.remove(&tree.schema.id).unwrap_or_default();
            let kept = |run: &&Arc<Run>| !change.removed.contains(&run.id);
            let unchanged = added.is_empty() && tree.runs.iter().all(|run| kept(&run));
            if unchanged {
                continue;
            }
            let mut runs: Vec<_> = tree.runs.iter().filter(kept).cloned().collect();
            runs.extend(added.into_iter().cloned());
            sort_runs(&mut runs);
            *tree = Arc::new(TreeVersion { runs, ..(**tree).clone() });
        }
        let flushed = |memtable: &&Arc<Memtable>| {
            change.flushed.as_ref().is_none_or(|flushed| !Arc::ptr_eq(flushed, memtable))
        };
        let memtables = version.memtables.iter().filter(flushed).cloned().collect();
        self.set_current(Version::new(version.visible(), memtables, Arc::new(trees)));
    }

    /// Lets files without a living run go, once their last reader is gone.
    pub(crate) fn kill_files(&self, removed: &[Arc<Run>]) {
        let version = self.current();
        let living: BTreeSet<u64> =
            version.trees.values().flat_map(|tree| &tree.runs).map(|run| run.file.id).collect();
        let dead = removed.iter().filter(|run| !living.contains(&run.file.id));
        dead.for_each(|run| run.file.kill());
    }
}

/// L0 newest first, then C levels by key, then H by closing time.
pub(crate) fn sort_runs(runs: &mut [Arc<Run>]) {
    runs.sort_by(|a, b| {
        a.tier.cmp(&b.tier).then_with(|| match a.tier {
            Tier::Fresh => b.id.cmp(&a.id),
            Tier::Current(_) => a.first_key().cmp(b.first_key()),
            Tier::History(_) => a.bounds.sys_to.cmp(&b.bounds.sys_to),
        })
    });
}
