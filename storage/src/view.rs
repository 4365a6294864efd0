//! A view: one commit of one Version, and for a transaction its own writes up to a mark.
//!
//! A view never changes. It keeps what it reads alive, so hold it no longer than a statement.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use types::{CommitId, Timestamp, TreeId, Value};

use crate::PENDING;
use crate::error::{Error, Result};
use crate::memtable::{Page, internal_key};
use crate::overlay::{Mark, Overlay};
use crate::run::Run;
use crate::scan::memory::{HiddenKeys, slices};
use crate::scan::request::{KeySpan, ScanColumn, ScanRequest};
use crate::scan::rows::RowPlan;
use crate::scan::visible::{ReadPoint, Rectangle, SystemTime, Window};
use crate::scan::{Counters, MORSEL_ROWS, RunSlice, Scan, Slice};
use crate::schema::TreeSchema;
use crate::times::TimeMap;
use crate::version::{TreeVersion, Version};

/// A fixed state of the store to read from.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) version: Arc<Version>,
    pub(crate) snapshot: CommitId,
    pub(crate) times: Arc<TimeMap>,
    own: Option<(Arc<RwLock<Overlay>>, Mark)>,
}

/// The state as of a commit, without anybody's uncommitted writes.
pub type Snapshot = View;

impl View {
    pub(crate) fn new(version: Arc<Version>, snapshot: CommitId, times: Arc<TimeMap>) -> View {
        View { version, snapshot, times, own: None }
    }

    pub(crate) fn with_own(mut self, overlay: Arc<RwLock<Overlay>>, mark: Mark) -> View {
        self.own = Some((overlay, mark));
        self
    }

    /// Returns the newest commit that the view sees.
    pub fn commit(&self) -> CommitId {
        self.snapshot
    }

    /// Returns the view without the transaction's own writes: for AS OF, ranges and ALL.
    #[must_use]
    pub fn committed(&self) -> View {
        View { own: None, ..self.clone() }
    }

    /// Returns the time of a commit that the view sees.
    pub fn commit_time(&self, commit: CommitId) -> Option<Timestamp> {
        if commit > self.snapshot { None } else { self.times.time(commit) }
    }

    /// Returns the largest commit at or before a time that the view sees.
    pub fn commit_at(&self, at: Timestamp) -> CommitId {
        self.times.commit_at(at).min(self.snapshot)
    }

    /// Returns a tree's schema.
    ///
    /// # Errors
    /// [`Error::NoTree`] if there is none.
    pub fn schema(&self, tree: TreeId) -> Result<Arc<TreeSchema>> {
        if let Some((overlay, _)) = &self.own
            && let Some(schema) = overlay.read().schema(tree)
        {
            return Ok(Arc::clone(schema));
        }
        self.version.tree(tree).map(|tree| Arc::clone(&tree.schema)).ok_or(Error::NoTree { tree })
    }

    /// True if no version of the tree ever had a period other than all of time: a key then has at
    /// most one current version.
    pub fn single_piece(&self, tree: TreeId) -> bool {
        self.version.tree(tree).is_none_or(|tree| tree.is_single_piece())
    }

    /// The overlay counts only for a plain read: the state as of the view's own snapshot.
    fn overlay(&self, at: ReadPoint) -> Option<(&Arc<RwLock<Overlay>>, Mark)> {
        let plain = at.system == SystemTime::AsOf(self.snapshot);
        self.own.as_ref().filter(|_| plain).map(|(overlay, mark)| (overlay, *mark))
    }

    /// Plans a scan.
    ///
    /// # Errors
    /// [`Error::NoTree`] or [`Error::NoColumn`].
    pub fn scan(&self, request: &ScanRequest) -> Result<Scan> {
        let (columns, predicates) = (&request.columns, &request.predicates);
        let plan = |window| {
            let times = Arc::clone(&self.times);
            RowPlan::new(self.schema(request.tree)?, window, times, columns, predicates)
                .map(Arc::new)
        };
        let empty = Window {
            snapshot: CommitId::ZERO,
            known_by: CommitId::ZERO,
            known_after: CommitId::ZERO,
            true_by: 0,
            true_after: 0,
        };
        let window = Window::new(request.at, self.snapshot);
        let mut scan = Scan {
            plan: plan(window.unwrap_or(empty))?,
            hidden: Arc::default(),
            slices: Vec::new(),
            counters: Arc::new(Counters::default()),
            members: Arc::from([]),
        };
        let span = match &request.key_range {
            Some(range) => KeySpan::new(range, &scan.plan.schema),
            None => Some(KeySpan::default()),
        };
        let (Some(window), Some(span)) = (window, span) else { return Ok(scan) };
        let mut cleared = false;
        if let Some((overlay, mark)) = self.overlay(request.at) {
            let overlay = overlay.read();
            let own_window = own_window(request.at);
            if let (Some(tree), Some(own_window)) = (overlay.tree(request.tree), own_window) {
                cleared = tree.cleared_at(mark);
                scan.hidden = Arc::new(hidden_keys(tree, mark));
                let rows: Vec<_> = tree
                    .rows_at(mark)
                    .filter(|(key, _)| span.overlaps(key, key))
                    .map(|(_, row)| row.clone())
                    .collect();
                if !rows.is_empty() {
                    scan.slices.push(Slice::Pending { plan: plan(own_window)?, rows });
                }
            }
        }
        if !cleared && let Some(tree) = self.version.tree(request.tree) {
            self.slice_memory(&mut scan, tree, &span);
            let hidden = self.hidden_ordinals(request);
            for run in tree.runs.iter().filter(|run| window.may_see(&run.bounds)) {
                slice_run(&mut scan, run, &span, hidden.get(&run.id))?;
            }
        }
        Ok(scan)
    }

    /// Returns the versions in runs that the transaction has closed, by run, sorted.
    fn hidden_ordinals(&self, request: &ScanRequest) -> BTreeMap<u64, Arc<Vec<u32>>> {
        let mut hidden: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        if let Some((overlay, mark)) = self.overlay(request.at)
            && let Some(tree) = overlay.read().tree(request.tree)
        {
            let seen = tree.closed().values().filter(|closed| closed.seen_at(mark));
            for hint in seen.filter_map(|closed| closed.hint) {
                hidden.entry(hint.segment).or_default().push(hint.ordinal);
            }
        }
        hidden.values_mut().for_each(|ordinals| ordinals.sort_unstable());
        hidden.into_iter().map(|(run, ordinals)| (run, Arc::new(ordinals))).collect()
    }

    fn slice_memory(&self, scan: &mut Scan, tree: &TreeVersion, span: &KeySpan) {
        for memtable in &self.version.memtables {
            for part in memtable.tree(tree.schema.id) {
                scan.slices.extend(slices(&part, span, MORSEL_ROWS).into_iter().map(Slice::Memory));
            }
        }
    }

    /// Returns the versions of one whole key that are seen, each as the values of `columns`.
    ///
    /// # Errors
    /// [`Error::NoTree`], [`Error::NoColumn`], or what reading a run meets.
    pub fn get(
        &self,
        tree: TreeId,
        key: &[Value],
        columns: &[ScanColumn],
        at: ReadPoint,
    ) -> Result<Vec<Vec<Value>>> {
        let schema = self.schema(tree)?;
        let key = schema.encode_key(key);
        let Some(window) = Window::new(at, self.snapshot) else { return Ok(Vec::new()) };
        let plan = RowPlan::new(schema, window, Arc::clone(&self.times), columns, &[])?;
        let mut found = Vec::new();
        let mut hidden = HiddenKeys::new();
        if let Some((overlay, mark)) = self.overlay(at)
            && let Some(own) = overlay.read().tree(tree)
        {
            let own_plan = own_window(at).map(|window| {
                RowPlan::new(
                    Arc::clone(&plan.schema),
                    window,
                    Arc::clone(&self.times),
                    columns,
                    &[],
                )
            });
            if let Some(own_plan) = own_plan.transpose()? {
                let rows = own.rows_of_key(&key, mark);
                found.extend(rows.iter().filter_map(|row| {
                    let version =
                        Rectangle { sys_from: PENDING, sys_to: CommitId::MAX, valid: row.valid };
                    own_plan.row(version, &row.row)
                }));
            }
            if own.cleared_at(mark) {
                return Ok(found);
            }
            hidden = hidden_keys(own, mark);
        }
        self.get_committed(tree, &key, &plan, &hidden, &mut found)?;
        Ok(found)
    }

    fn get_committed(
        &self,
        tree: TreeId,
        key: &[u8],
        plan: &RowPlan,
        hidden: &HiddenKeys,
        found: &mut Vec<Vec<Value>>,
    ) -> Result<()> {
        for memtable in &self.version.memtables {
            let Some(part) = memtable.tree_of_key(tree, key) else { continue };
            let versions: Page = part.versions(key);
            let seen = versions.iter().filter(|(internal, _)| !hidden.contains(&**internal));
            found.extend(seen.filter_map(|(_, entry)| plan.row(entry.rectangle(), &entry.row)));
        }
        let Some(known) = self.version.tree(tree) else { return Ok(()) };
        for run in known.runs.iter().filter(|run| plan.window.may_see(&run.bounds)) {
            for (ordinal, version) in run.versions(key)? {
                let internal = internal_key(key, version.valid.from, version.sys_from);
                if plan.window.sees(version) && !hidden.contains(&internal) {
                    let block = run.segment.block_of(ordinal.into());
                    let at = (u64::from(ordinal) - block.first()) as usize;
                    found.push(plan.row_of_block(&block, at, version)?);
                }
            }
        }
        Ok(())
    }
}

/// Cuts what a key span holds of a run into slices of about a morsel.
fn slice_run(
    scan: &mut Scan,
    run: &Arc<Run>,
    span: &KeySpan,
    hidden: Option<&Arc<Vec<u32>>>,
) -> Result<()> {
    if !span.overlaps(run.first_key(), run.last_key()) {
        return Ok(());
    }
    let segment = &run.segment;
    let start = if span.start.is_empty() { 0 } else { segment.seek(&span.start)? };
    let end = span.end.as_ref().map_or(Ok(run.rows()), |end| segment.seek(end))?;
    if start >= end {
        return Ok(());
    }
    let blocks = segment.block_of(start).index()..segment.block_of(end - 1).index() + 1;
    let step = (MORSEL_ROWS / run.tier.block_rows()).max(1);
    for first in blocks.clone().step_by(step) {
        scan.slices.push(Slice::Run(RunSlice {
            run: Arc::clone(run),
            blocks: first..blocks.end.min(first + step),
            ordinals: start..end,
            hidden: hidden.cloned().unwrap_or_default(),
        }));
    }
    Ok(())
}

/// The window through which a transaction sees its own rows: they are newer than every commit.
fn own_window(at: ReadPoint) -> Option<Window> {
    Window::new(ReadPoint { system: SystemTime::AsOf(PENDING), valid: at.valid }, PENDING)
}

fn hidden_keys(tree: &crate::overlay::TreeOverlay, mark: Mark) -> HiddenKeys {
    tree.closed()
        .iter()
        .filter(|(_, closed)| closed.seen_at(mark))
        .map(|(internal, _)| internal.clone())
        .collect()
}
