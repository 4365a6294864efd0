//! Pipelines as data: what there is to do, before anyone does it.
//!
//! A pipeline reads morsels from its feeds, one feed after the other, sends batches through
//! streaming stages and ends in a sink. Pipelines run in order; a later one may read what an earlier
//! one left ([`Source::Made`], a join table). A feed that is `ordered` is worked off by one thread.
//! Nothing here changes during a run, so that prepared statements keep their pipelines.

use std::sync::Arc;

use ir::{
    AggregateCall, JoinKind, KeyNulls, PhysicalScan, PhysicalWrite, Scalar, Side, SortKey,
    WindowCall,
};
use types::DataType;

use crate::kernel::aggregate::AggregateKernel;
use crate::kernel::filter::Filter;
use crate::kernel::project::Project;

/// The number of a pipeline, and of what it leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PipelineId(pub(crate) usize);

/// The number of an operator of the plan: parents before their inputs, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OperatorId(pub(crate) usize);

/// The number of a LIMIT whose counter the workers share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LimitId(pub(crate) usize);

/// A plan cut into pipelines, ready to run any number of times.
#[derive(Debug)]
pub struct Pipelines {
    pub(crate) list: Vec<Pipeline>,
    /// Names of the plan's operators by [`OperatorId`].
    pub(crate) operators: Vec<&'static str>,
    pub(crate) limits: usize,
    /// Number of kernel numbers given.
    pub(crate) kernels: usize,
    pub(crate) write: Option<PhysicalWrite>,
    pub(crate) types: Vec<DataType>,
}

impl Pipelines {
    /// Returns the types of the result's columns; of the rows to write, if the plan is a write.
    pub fn types(&self) -> &[DataType] {
        &self.types
    }

    /// Returns the write at the plan's root.
    pub fn write(&self) -> Option<&PhysicalWrite> {
        self.write.as_ref()
    }
}

/// Feeds → stages → sink.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) feeds: Vec<Feed>,
    pub(crate) sink: Sink,
    /// The operator that the sink belongs to.
    pub(crate) operator: OperatorId,
}

/// A source and the stages its batches go through.
#[derive(Clone, Debug)]
pub(crate) struct Feed {
    pub(crate) source: Source,
    pub(crate) operator: OperatorId,
    pub(crate) stages: Vec<Arc<Stage>>,
    /// True if batches must reach the sink in the source's order.
    pub(crate) ordered: bool,
}

/// Where batches come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A table.
    Scan(Arc<PhysicalScan>),
    /// `system.commits`.
    Commits,
    /// Rows of constants.
    Values(Arc<Vec<Vec<Scalar>>>, Vec<DataType>),
    /// `generate_series`.
    Series(Arc<Series>),
    /// The caller.
    External,
    /// What an earlier pipeline left.
    Made(PipelineId),
    /// Build rows of a right or full join that no probe row met; of a semi or anti join whose answer
    /// they are.
    Unmatched(Arc<Probe>),
}

/// Bounds of `generate_series`.
#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) start: Scalar,
    pub(crate) stop: Scalar,
    pub(crate) step: Scalar,
    pub(crate) ty: DataType,
}

/// A streaming operator.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) kind: StageKind,
    pub(crate) operator: OperatorId,
}

/// The streaming operators.
#[derive(Debug)]
pub(crate) enum StageKind {
    /// Keeps rows for which all conditions are true.
    Filter(Filter),
    /// Computes columns.
    Project(Project),
    /// Looks rows up in a join table.
    Probe(Arc<Probe>),
    /// Passes rows `[offset, offset + limit)`.
    Limit { id: LimitId, limit: Option<Scalar>, offset: Option<Scalar> },
}

/// The probe of a join. Without keys every pair meets: a nested loop over the build side.
#[derive(Debug)]
pub(crate) struct Probe {
    pub(crate) build: PipelineId,
    pub(crate) kind: JoinKind,
    /// Keys over the probe side's slots.
    pub(crate) keys: Vec<Scalar>,
    /// Further condition over left slots, then right slots.
    pub(crate) residual: Option<Scalar>,
    /// Where NULL in a key leaves a mark open: the condition of such pairs, the keys' part of it.
    pub(crate) unsure: Option<Scalar>,
    /// Types of the probe side.
    pub(crate) left: Vec<DataType>,
    /// Types of the build side.
    pub(crate) right: Vec<DataType>,
    /// Whose rows a semi or anti join gives: `Left` the probe side's, as they come; `Right` the build
    /// side's, at the end. Conditions then have the build side's slots first.
    pub(crate) answer: Side,
}

/// Where a pipeline ends.
#[derive(Debug)]
pub(crate) enum Sink {
    /// The caller.
    Result,
    /// A join table.
    Build { keys: Vec<Scalar>, nulls: Vec<KeyNulls>, types: Vec<DataType> },
    /// Groups and their aggregates.
    Aggregate(Arc<Aggregation>),
    /// Memory, in the order of keys.
    Sort(Vec<SortKey>),
    /// The first rows in the order of keys.
    Top { keys: Vec<SortKey>, limit: Scalar, offset: Option<Scalar> },
    /// Sorted partitions with the calls' columns added.
    Window(Arc<Windowing>),
}

/// What a hash aggregate computes.
#[derive(Debug)]
pub(crate) struct Aggregation {
    pub(crate) groups: Vec<Scalar>,
    pub(crate) calls: Vec<AggregateCall>,
    /// What machine code can do of it, or why it can do nothing.
    pub(crate) kernel: Result<AggregateKernel, String>,
}

/// What a window operator computes.
#[derive(Debug)]
pub(crate) struct Windowing {
    pub(crate) partition: Vec<Scalar>,
    pub(crate) order: Vec<SortKey>,
    pub(crate) calls: Vec<WindowCall>,
}
