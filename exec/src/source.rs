//! Sources: where morsels come from. Opened once a run, then read by any worker, morsel by morsel.

mod commits;
pub(crate) mod members;
pub(crate) mod scan;
mod series;
mod values;

use std::sync::Arc;

use ir::JoinKind;
use types::{BATCH_ROWS, Batch};

use crate::ExternalRows;
use crate::error::internal;
use crate::operator::join_table::JoinTable;
use crate::operator::probe::unmatched_batch;
use crate::pipeline::{Feed, OperatorId, PipelineId, Probe, Source};
use crate::profile::Recorder;
use crate::run::Run;
use parking_lot::Mutex;
use series::OpenSeries;

/// Batches of one morsel.
pub(crate) type Batches = Box<dyn Iterator<Item = diag::Result<Batch>> + Send>;

/// Batches of a morsel of rows in memory.
const MORSEL_BATCHES: usize = 32;

/// A source that workers read from.
pub(crate) enum OpenSource {
    /// A table.
    Scan(storage::Scan),
    /// Batches in memory.
    Memory(Arc<Vec<Batch>>),
    /// Numbers or times.
    Series(OpenSeries),
    /// The caller's rows.
    External(Arc<Mutex<ExternalRows>>),
    /// Build rows without a partner.
    Unmatched { spec: Arc<Probe>, table: Arc<JoinTable>, rows: Arc<Vec<u32>> },
}

impl OpenSource {
    /// Opens the source of a feed of a pipeline: evaluates its constants, plans its scan.
    pub(crate) fn open(feed: &Feed, of: PipelineId, run: &Run) -> diag::Result<OpenSource> {
        Ok(match &feed.source {
            Source::Scan(plan) => {
                let restrictions = members::restrictions(plan.columns.len(), feed, of, run);
                OpenSource::Scan(scan::open(plan, &restrictions, &run.context)?)
            }
            Source::Commits => OpenSource::Memory(Arc::new(commits::batches(&run.context)?)),
            Source::Values(rows, types) => {
                OpenSource::Memory(Arc::new(values::batches(rows, types, &run.context.eval)?))
            }
            Source::Series(series) => {
                OpenSource::Series(OpenSeries::open(series, &run.context.eval)?)
            }
            Source::External => {
                let rows = run.context.external.as_ref();
                OpenSource::External(Arc::clone(
                    rows.ok_or_else(|| internal("nobody supplies this plan's external rows"))?,
                ))
            }
            Source::Made(id) => OpenSource::Memory(run.batches(*id)),
            Source::Unmatched(spec) => {
                let table = Arc::clone(run.table(spec.build));
                let rows = Arc::new(match spec.kind {
                    JoinKind::Semi => table.matched(),
                    _ => table.unmatched(),
                });
                OpenSource::Unmatched { spec: Arc::clone(spec), table, rows }
            }
        })
    }

    /// Returns the number of morsels.
    pub(crate) fn morsels(&self) -> usize {
        match self {
            OpenSource::Scan(scan) => scan.morsels(),
            OpenSource::Memory(batches) => batches.len().div_ceil(MORSEL_BATCHES),
            OpenSource::Series(series) => series.morsels(),
            OpenSource::External(_) => 1,
            OpenSource::Unmatched { rows, .. } => rows.len().div_ceil(MORSEL_BATCHES * BATCH_ROWS),
        }
    }

    /// Reads one morsel.
    pub(crate) fn read(&self, morsel: usize, run: &Arc<Run>) -> diag::Result<Batches> {
        Ok(match self {
            OpenSource::Scan(scan) => {
                Box::new(scan.read(morsel).map(|batch| batch.map_err(crate::error::storage)))
            }
            OpenSource::Memory(batches) => {
                let batches = Arc::clone(batches);
                let start = morsel * MORSEL_BATCHES;
                let end = batches.len().min(start + MORSEL_BATCHES);
                Box::new((start..end).map(move |at| Ok(batches[at].clone())))
            }
            OpenSource::Series(series) => series.read(morsel, run),
            OpenSource::External(rows) => {
                let rows = Arc::clone(rows);
                Box::new(std::iter::from_fn(move || (rows.lock())().transpose()))
            }
            OpenSource::Unmatched { spec, table, rows } => {
                let (spec, table, rows) = (Arc::clone(spec), Arc::clone(table), Arc::clone(rows));
                let first = morsel * MORSEL_BATCHES * BATCH_ROWS;
                let last = rows.len().min(first + MORSEL_BATCHES * BATCH_ROWS);
                Box::new((first..last).step_by(BATCH_ROWS).map(move |start| {
                    let end = last.min(start + BATCH_ROWS);
                    Ok(unmatched_batch(&spec, &table, &rows[start..end]))
                }))
            }
        })
    }

    /// Records what the source found out about itself.
    pub(crate) fn record(&self, operator: OperatorId, recorder: &mut Recorder) {
        match self {
            OpenSource::Scan(scan) => {
                let counters = scan.counters();
                recorder.blocks(operator, counters.blocks_total, counters.blocks_skipped);
            }
            OpenSource::Memory(_)
            | OpenSource::Series(_)
            | OpenSource::External(_)
            | OpenSource::Unmatched { .. } => {}
        }
    }
}
