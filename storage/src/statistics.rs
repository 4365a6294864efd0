//! What the store says of itself: counters for people and tests, statistics for the planner.

use types::{ColumnId, CommitId, TreeId, Value};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::options::Phase;
use crate::scan::predicate::compare_values;
use crate::segment::Tier;

/// What the store is made of now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// What it is doing in the background.
    pub phase: Phase,
    /// The newest readable commit.
    pub latest: CommitId,
    /// The durable cut: up to here everything is in runs.
    pub cut: CommitId,
    /// Bytes of the memtable being written.
    pub memtable_bytes: u64,
    /// Frozen memtables that wait for their flush.
    pub frozen: u64,
    /// Runs that are fresh from a memtable.
    pub fresh_runs: u64,
    /// Runs of the levels.
    pub current_runs: u64,
    /// Runs of closed versions.
    pub history_runs: u64,
    /// Bytes of all runs.
    pub run_bytes: u64,
    /// Versions in all runs.
    pub run_rows: u64,
    /// Closings that no run has baked in.
    pub closings: u64,
    /// Segments of the log.
    pub log_segments: u64,
}

impl StoreStats {
    pub(crate) fn of(engine: &Engine) -> StoreStats {
        let version = engine.current();
        let mut stats = StoreStats {
            phase: engine.phase(),
            latest: version.visible(),
            cut: engine.installer().cut,
            memtable_bytes: version.active().bytes() as u64,
            frozen: version.memtables.len() as u64 - 1,
            log_segments: engine.log.lock().as_ref().map_or(0, |log| log.segment_count() as u64),
            ..StoreStats::default()
        };
        for run in version.trees.values().flat_map(|tree| &tree.runs) {
            match run.tier {
                Tier::Fresh => stats.fresh_runs += 1,
                Tier::Current(_) => stats.current_runs += 1,
                Tier::History(_) => stats.history_runs += 1,
            }
            stats.run_bytes += run.bytes();
            stats.run_rows += run.rows();
            stats.closings += run.closings.count() as u64;
        }
        stats
    }
}

/// What is known of a column's values. Bounds may be wider than the values that are left.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnSummary {
    /// The column.
    pub column: ColumnId,
    /// The least value in runs; NULL if none is known.
    pub min: Value,
    /// The greatest value in runs; NULL if none is known.
    pub max: Value,
    /// NULLs in runs.
    pub nulls: u64,
    /// About how many distinct values there are.
    pub distinct: u64,
}

/// What is known of a tree without reading it: estimates for the planner, never answers.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeStatistics {
    /// Current versions, about.
    pub rows: u64,
    /// All versions, those of the past included, about.
    pub versions: u64,
    /// Bytes in runs.
    pub bytes: u64,
    /// Versions in memtables, of which the columns' summaries know nothing.
    pub rows_in_memory: u64,
    /// The columns, in order of the schema.
    pub columns: Vec<ColumnSummary>,
}

impl TreeStatistics {
    pub(crate) fn of(engine: &Engine, id: TreeId) -> Result<TreeStatistics> {
        let version = engine.current();
        let tree = version.tree(id).ok_or(Error::NoTree { tree: id })?;
        let parts = version.memtables.iter().flat_map(|memtable| memtable.tree(id));
        let in_memory: u64 = parts.map(|part| part.count() as u64).sum();
        let unknown = |column: &crate::TreeColumn| ColumnSummary {
            column: column.id,
            min: Value::Null,
            max: Value::Null,
            nulls: 0,
            distinct: 0,
        };
        let mut statistics = TreeStatistics {
            rows: in_memory,
            versions: in_memory,
            bytes: 0,
            rows_in_memory: in_memory,
            columns: tree.schema.columns.iter().map(unknown).collect(),
        };
        for run in &tree.runs {
            statistics.versions += run.rows();
            statistics.bytes += run.bytes();
            if run.is_history() {
                continue;
            }
            statistics.rows += run.rows().saturating_sub(run.closings.count() as u64);
            for column in &mut statistics.columns {
                column.add(run);
            }
        }
        Ok(statistics)
    }
}

impl ColumnSummary {
    fn add(&mut self, run: &crate::run::Run) {
        let Some(known) = run.segment.statistics(self.column) else {
            self.nulls += run.rows();
            return;
        };
        self.nulls += known.nulls;
        self.distinct = self.distinct.max(known.distinct);
        let wider = |old: &Value, new: &Value, less: bool| {
            compare_values(new, old)
                .map_or(old.is_null(), |order| order.is_lt() == less && order.is_ne())
        };
        if wider(&self.min, &known.min, true) {
            self.min = known.min.clone();
        }
        if wider(&self.max, &known.max, false) {
            self.max = known.max.clone();
        }
    }
}
