//! Cuts a physical plan into pipelines.
//!
//! The walk returns, for every operator, the feeds that yield its rows. Streaming operators add a
//! stage to each feed; blocking ones close the pipeline with a sink and yield one feed that reads
//! what the sink left. A join's build side is cut before its probe side, so that its keys are known
//! where they can restrict the scans of the other. A right or full join adds a feed of its own, the build rows nobody met, which
//! runs after the probes because feeds run in order. UNION ALL is the feeds of its inputs in a row.

use std::sync::Arc;

use diag::Span;
use ir::{CompareOp, JoinKey, JoinKind, KeyNulls, Operator, Physical, Scalar, ScalarKind, Side};
use types::DataType;

use crate::kernel::KernelId;
use crate::kernel::aggregate::AggregateKernel;
use crate::kernel::filter::Filter;
use crate::kernel::project::Project;
use crate::pipeline::{
    Aggregation, Feed, LimitId, OperatorId, Pipeline, PipelineId, Pipelines, Probe, Series, Sink,
    Source, Stage, StageKind, Windowing,
};

/// Returns the pipelines of a plan.
pub fn stage(plan: &Physical) -> Pipelines {
    let mut staging = Staging { list: Vec::new(), next: 0, limits: 0, kernels: 0 };
    let (write, root) = match &plan.operator {
        Operator::Write { input, write } => (Some(write.clone()), input.as_ref()),
        _ => (None, plan),
    };
    if write.is_some() {
        staging.operator();
    }
    let feeds = staging.feeds(root);
    staging.list.push(Pipeline { feeds, sink: Sink::Result, operator: OperatorId(0) });
    Pipelines {
        list: staging.list,
        operators: operators(plan),
        limits: staging.limits,
        kernels: staging.kernels,
        write,
        types: root.types.clone(),
    }
}

/// Returns the names of a plan's operators, parents before their inputs.
fn operators(plan: &Physical) -> Vec<&'static str> {
    let mut names = vec![operator_name(&plan.operator)];
    plan.inputs().into_iter().for_each(|input| names.extend(operators(input)));
    names
}

/// Returns the number of a plan's operators.
fn size(plan: &Physical) -> usize {
    1 + plan.inputs().into_iter().map(size).sum::<usize>()
}

struct Staging {
    list: Vec<Pipeline>,
    /// The number of the operator that is met next.
    next: usize,
    limits: usize,
    kernels: usize,
}

impl Staging {
    fn feeds(&mut self, plan: &Physical) -> Vec<Feed> {
        let operator = self.operator();
        match &plan.operator {
            Operator::Scan(scan) => {
                let feeds = vec![feed(Source::Scan(Arc::new(scan.clone())), operator, false)];
                if scan.residual.is_empty() {
                    return feeds;
                }
                let filter = Filter::cut(self.kernel(), &plan.types, &scan.residual);
                let kind = StageKind::Filter(filter);
                through(feeds, &Arc::new(Stage { kind, operator }))
            }
            Operator::SystemScan(ir::SystemTable::Commits) => {
                vec![feed(Source::Commits, operator, true)]
            }
            Operator::Values(rows) => {
                let source = Source::Values(Arc::clone(rows), plan.types.clone());
                vec![feed(source, operator, false)]
            }
            Operator::External => vec![feed(Source::External, operator, true)],
            Operator::GenerateSeries { start, stop, step } => {
                let series = Series {
                    start: start.clone(),
                    stop: stop.clone(),
                    step: step.clone(),
                    ty: plan.types[0],
                };
                vec![feed(Source::Series(Arc::new(series)), operator, false)]
            }
            Operator::Filter { input, predicates } => {
                let filter = Filter::cut(self.kernel(), &input.types, predicates);
                self.streamed(input, operator, StageKind::Filter(filter))
            }
            Operator::Project { input, items } => {
                let project = Project::cut(self.kernel(), &input.types, items);
                self.streamed(input, operator, StageKind::Project(project))
            }
            Operator::HashJoin { kind, left, right, build: Side::Right, keys, residual } => {
                self.join(operator, *kind, (left, right), keys, residual)
            }
            Operator::HashJoin { kind, left, right, build: Side::Left, keys, residual } => {
                self.reversed(operator, *kind, (left, right), keys, residual)
            }
            Operator::NestedLoopJoin { kind, left, right, on } => {
                self.join(operator, *kind, (left, right), &[], on)
            }
            Operator::HashAggregate { input, groups, aggregates } => {
                let id = self.kernel();
                let grouped = !groups.is_empty();
                let kernel = AggregateKernel::cut(id, &input.types, aggregates, grouped);
                let (groups, calls) = (groups.clone(), aggregates.clone());
                let aggregation = Aggregation { groups, calls, kernel };
                self.blocked(input, operator, Sink::Aggregate(Arc::new(aggregation)), false)
            }
            Operator::Window { input, partition, order, calls } => {
                let windowing = Windowing {
                    partition: partition.clone(),
                    order: order.clone(),
                    calls: calls.clone(),
                };
                self.blocked(input, operator, Sink::Window(Arc::new(windowing)), true)
            }
            Operator::Sort { input, keys } => {
                self.blocked(input, operator, Sink::Sort(keys.clone()), true)
            }
            Operator::TopN { input, keys, limit, offset } => {
                let top =
                    Sink::Top { keys: keys.clone(), limit: limit.clone(), offset: offset.clone() };
                self.blocked(input, operator, top, true)
            }
            Operator::Limit { input, limit, offset } => {
                let id = LimitId(self.limits);
                self.limits += 1;
                let kind = StageKind::Limit { id, limit: limit.clone(), offset: offset.clone() };
                self.streamed(input, operator, kind)
            }
            Operator::UnionAll(inputs) => {
                inputs.iter().flat_map(|input| self.feeds(input)).collect()
            }
            // A write below another operator has no rows to give; the planner never makes one.
            Operator::Write { input, .. } => self.feeds(input),
        }
    }

    /// Returns the next operator's number.
    fn operator(&mut self) -> OperatorId {
        self.next += 1;
        OperatorId(self.next - 1)
    }

    /// Returns the next kernel's number.
    fn kernel(&mut self) -> KernelId {
        let id = KernelId(self.kernels);
        self.kernels += 1;
        id
    }

    fn streamed(&mut self, input: &Physical, operator: OperatorId, kind: StageKind) -> Vec<Feed> {
        let feeds = self.feeds(input);
        through(feeds, &Arc::new(Stage { kind, operator }))
    }

    fn blocked(
        &mut self,
        input: &Physical,
        operator: OperatorId,
        sink: Sink,
        ordered: bool,
    ) -> Vec<Feed> {
        let made = self.close(input, operator, sink);
        vec![feed(Source::Made(made), operator, ordered)]
    }

    fn close(&mut self, input: &Physical, operator: OperatorId, sink: Sink) -> PipelineId {
        let feeds = self.feeds(input);
        let id = PipelineId(self.list.len());
        self.list.push(Pipeline { feeds, sink, operator });
        id
    }

    fn join(
        &mut self,
        operator: OperatorId,
        kind: JoinKind,
        (left, right): (&Physical, &Physical),
        keys: &[JoinKey],
        residual: &[Scalar],
    ) -> Vec<Feed> {
        let left_keys = keys.iter().map(|key| key.left.clone()).collect();
        let right_keys = keys.iter().map(|key| key.right.clone()).collect();
        let nulls: Vec<KeyNulls> = keys.iter().map(|key| key.nulls).collect();
        let sink = Sink::Build { keys: right_keys, nulls, types: right.types.clone() };
        // The left side has the lower numbers, and its pipelines run last.
        let first = self.next;
        self.next += size(left);
        let build = self.close(right, operator, sink);
        let after = std::mem::replace(&mut self.next, first);
        let left_feeds = self.feeds(left);
        self.next = after;
        let probe = Arc::new(Probe {
            build,
            kind,
            keys: left_keys,
            residual: conjunction(residual.to_vec()),
            unsure: unsure(keys, residual, left.types.len()),
            left: left.types.clone(),
            right: right.types.clone(),
            answer: Side::Left,
        });
        let stage = Stage { kind: StageKind::Probe(Arc::clone(&probe)), operator };
        let mut feeds = through(left_feeds, &Arc::new(stage));
        if matches!(kind, JoinKind::Right | JoinKind::Full) {
            feeds.push(feed(Source::Unmatched(probe), operator, false));
        }
        feeds
    }

    /// A semi or anti join that keeps its left side: the right one notes who has a partner, and then
    /// the rows that have one, or have none, are read out of the table.
    fn reversed(
        &mut self,
        operator: OperatorId,
        kind: JoinKind,
        (left, right): (&Physical, &Physical),
        keys: &[JoinKey],
        residual: &[Scalar],
    ) -> Vec<Feed> {
        let nulls: Vec<KeyNulls> = keys.iter().map(|key| key.nulls).collect();
        let left_keys = keys.iter().map(|key| key.left.clone()).collect();
        let sink = Sink::Build { keys: left_keys, nulls, types: left.types.clone() };
        let build = self.close(left, operator, sink);
        let right_feeds = self.feeds(right);
        let probe = Arc::new(Probe {
            build,
            kind,
            keys: keys.iter().map(|key| key.right.clone()).collect(),
            residual: conjunction(residual.to_vec()),
            unsure: None,
            left: right.types.clone(),
            right: left.types.clone(),
            answer: Side::Right,
        });
        let stage = Stage { kind: StageKind::Probe(Arc::clone(&probe)), operator };
        let mut feeds = through(right_feeds, &Arc::new(stage));
        feeds.push(feed(Source::Unmatched(probe), operator, false));
        feeds
    }
}

fn feed(source: Source, operator: OperatorId, ordered: bool) -> Feed {
    Feed { source, operator, stages: Vec::new(), ordered }
}

fn through(mut feeds: Vec<Feed>, stage: &Arc<Stage>) -> Vec<Feed> {
    for feed in &mut feeds {
        feed.stages.push(Arc::clone(stage));
    }
    feeds
}

/// Returns the conditions of pairs that NULL in a key keeps from each other, if a mark shows it.
fn unsure(keys: &[JoinKey], residual: &[Scalar], left: usize) -> Option<Scalar> {
    if !keys.iter().any(|key| key.nulls == KeyNulls::Unknown) {
        return None;
    }
    let equal = |key: &JoinKey| {
        let mut right = key.right.clone();
        right.walk_mut(&mut |node| {
            if let ScalarKind::Slot(slot) = &mut node.kind {
                *slot += u32::try_from(left).expect("a row has fewer than 2^32 columns");
            }
        });
        let kind = ScalarKind::Compare(CompareOp::Eq, Box::new(key.left.clone()), Box::new(right));
        Scalar::new(kind, DataType::Boolean, Span::NONE)
    };
    conjunction(keys.iter().map(equal).chain(residual.iter().cloned()).collect())
}

/// Returns the conditions as one, so that what can fail runs behind its guards.
fn conjunction(mut list: Vec<Scalar>) -> Option<Scalar> {
    match list.len() {
        0 | 1 => list.pop(),
        _ => Some(Scalar::new(ScalarKind::And(list), DataType::Boolean, Span::NONE)),
    }
}

fn operator_name(operator: &Operator) -> &'static str {
    match operator {
        Operator::Scan(_) => "Scan",
        Operator::SystemScan(_) => "SystemScan",
        Operator::Values(_) => "Values",
        Operator::External => "External",
        Operator::GenerateSeries { .. } => "GenerateSeries",
        Operator::Filter { .. } => "Filter",
        Operator::Project { .. } => "Project",
        Operator::HashJoin { .. } => "HashJoin",
        Operator::NestedLoopJoin { .. } => "NestedLoopJoin",
        Operator::HashAggregate { .. } => "HashAggregate",
        Operator::Window { .. } => "Window",
        Operator::Sort { .. } => "Sort",
        Operator::TopN { .. } => "TopN",
        Operator::Limit { .. } => "Limit",
        Operator::UnionAll(_) => "UnionAll",
        Operator::Write { .. } => "Write",
    }
}

/// Returns a NULL column of each type, `rows` long.
pub(crate) fn null_columns(types: &[DataType], rows: usize) -> Vec<arrow_array::ArrayRef> {
    types.iter().map(|ty| arrow_array::new_null_array(&ty.arrow(), rows)).collect()
}
