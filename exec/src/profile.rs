//! What EXPLAIN ANALYZE shows, as data: figures by operator and by pipeline.
//!
//! Workers count for themselves and add up when a feed ends. Rows and batches are always counted;
//! times only if the run measures.

use types::Batch;

use crate::kernel;
use crate::memory::batch_bytes;
use crate::pipeline::{OperatorId, PipelineId, Pipelines};
use crate::run::Run;
use crate::sink::Made;

/// How an operator's expressions were computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tier {
    /// By the interpreter.
    Interpreted {
        /// Why not by machine code.
        why: String,
    },
    /// By machine code, from the first batch or from a later one on.
    Compiled {
        /// Conditions, items and aggregates that the code computes.
        expressions: u64,
        /// Rows that the code had.
        rows: u64,
        /// Rows that the interpreter had before it.
        rows_before: u64,
        /// Time to compile.
        compile_us: u64,
        /// Size of the code.
        code_bytes: u64,
    },
}

/// What one operator did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorProfile {
    /// Its name.
    pub name: &'static str,
    /// Rows that it yielded.
    pub rows: u64,
    /// Batches that it yielded.
    pub batches: u64,
    /// Time at work over all threads, without its inputs; 0 if not measured.
    pub busy_ns: u64,
    /// Bytes that it held at its end, for operators that keep rows.
    pub bytes: u64,
    /// Blocks of storage that a scan could have read.
    pub blocks_total: u64,
    /// Blocks that zone maps let it skip.
    pub blocks_skipped: u64,
    /// How its expressions were computed; none if it computes nothing that code could.
    pub tier: Option<Tier>,
}

/// What one pipeline did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PipelineProfile {
    /// Most threads that worked at one of its feeds.
    pub threads: u64,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutionProfile {
    /// By operator: the plan's nodes, parents before their inputs, a Write first.
    pub operators: Vec<OperatorProfile>,
    /// By pipeline, in the order in which they ran.
    pub pipelines: Vec<PipelineProfile>,
    /// The most memory that the database's queries held at once.
    pub memory_peak_bytes: u64,
}

/// One worker's counts, of the operators that it met: rows and batches.
#[derive(Default)]
pub(crate) struct Counts(Vec<(OperatorId, u64, u64)>);

impl Counts {
    /// Counts a batch that an operator yielded.
    pub(crate) fn add(&mut self, operator: OperatorId, batch: &Batch) {
        let found = self.0.iter_mut().find(|(known, ..)| *known == operator);
        match found {
            Some((_, rows, batches)) => {
                *rows += batch.rows() as u64;
                *batches += 1;
            }
            None => self.0.push((operator, batch.rows() as u64, 1)),
        }
    }
}

/// Adds up what the workers hand in.
pub(crate) struct Recorder(ExecutionProfile);

impl Recorder {
    /// Returns a recorder for these pipelines.
    pub(crate) fn new(pipelines: &Pipelines) -> Recorder {
        let operators = pipelines.operators.iter();
        Recorder(ExecutionProfile {
            operators: operators
                .map(|name| OperatorProfile { name, ..OperatorProfile::default() })
                .collect(),
            pipelines: pipelines.list.iter().map(|_| PipelineProfile { threads: 1 }).collect(),
            memory_peak_bytes: 0,
        })
    }

    /// Adds a worker's figures.
    pub(crate) fn add(&mut self, counts: &Counts, busy_ns: &[(usize, u64)]) {
        for (operator, rows, batches) in &counts.0 {
            let operator = &mut self.0.operators[operator.0];
            operator.rows += rows;
            operator.batches += batches;
        }
        for (operator, ns) in busy_ns {
            self.0.operators[*operator].busy_ns += ns;
        }
    }

    /// Sets what a scan found.
    pub(crate) fn blocks(&mut self, operator: OperatorId, total: u64, skipped: u64) {
        let operator = &mut self.0.operators[operator.0];
        operator.blocks_total = total;
        operator.blocks_skipped = skipped;
    }

    /// Records how many helpers joined the caller at a feed.
    pub(crate) fn helped(&mut self, pipeline: PipelineId, helpers: usize) {
        let threads = &mut self.0.pipelines[pipeline.0].threads;
        *threads = (*threads).max(helpers as u64 + 1);
    }

    /// Records the size of what a pipeline left for its operator.
    pub(crate) fn finished(&mut self, operator: OperatorId, made: &Made) {
        let bytes = match made {
            Made::Batches(batches, _) => batches.iter().map(batch_bytes).sum(),
            Made::Table(table) => batch_bytes(&table.rows),
        };
        self.0.operators[operator.0].bytes += bytes as u64;
    }

    /// Returns the figures so far.
    pub(crate) fn profile(&self, run: &Run) -> ExecutionProfile {
        let mut profile = self.0.clone();
        profile.memory_peak_bytes = run.context.governor.peak() as u64;
        let jit = run.context.jit;
        kernel::describe(&run.pipelines, run.takeovers(), jit, &mut profile.operators);
        profile
    }
}
