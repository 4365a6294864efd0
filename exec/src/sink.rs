//! Sinks: where pipelines end. Every worker fills its own; at the end they are merged into one thing.
//!
//! Batches carry a [`Tag`], their place in the source, so that what a sink leaves does not depend on
//! which worker was faster.

pub(crate) mod aggregate;
pub(crate) mod build;
pub(crate) mod order;
pub(crate) mod window;

use std::sync::Arc;

use types::Batch;

use crate::memory::Reservation;
use crate::operator::Flow;
use crate::operator::join_table::JoinTable;
use crate::pipeline::Sink;
use crate::run::{Outlet, Run};
use aggregate::AggregateSink;
use build::BuildSink;
use order::{SortSink, TopSink};

/// A batch's place in the source: feed, morsel, number within the morsel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag {
    pub(crate) feed: u32,
    pub(crate) morsel: u32,
    pub(crate) batch: u32,
}

/// What a pipeline leaves for later ones.
#[derive(Clone)]
pub(crate) enum Made {
    /// Batches, and the memory that they take.
    Batches(
        Arc<Vec<Batch>>,
        #[expect(dead_code, reason = "held for its drop, which gives the memory back")]
        Arc<Reservation>,
    ),
    /// A join table.
    Table(Arc<JoinTable>),
}

/// A worker's own sink.
pub(crate) enum LocalSink {
    /// To the caller.
    Result(Outlet),
    /// To a join table.
    Build(BuildSink),
    /// To groups.
    Aggregate(Box<AggregateSink>),
    /// To a sorted run; Window's too.
    Sort(SortSink),
    /// To the first rows.
    Top(Box<TopSink>),
}

impl LocalSink {
    /// Returns an empty sink of a blocking pipeline.
    pub(crate) fn new(sink: &Sink, run: &Run) -> diag::Result<LocalSink> {
        Ok(match sink {
            Sink::Result => unreachable!("the caller supplies the outlet of a result"),
            Sink::Build { keys, .. } => LocalSink::Build(BuildSink::new(run, keys)),
            Sink::Aggregate(aggregation) => {
                LocalSink::Aggregate(Box::new(AggregateSink::new(run, aggregation)?))
            }
            Sink::Sort(keys) => LocalSink::Sort(SortSink::new(run, keys, "sort")?),
            Sink::Top { keys, limit, offset } => {
                LocalSink::Top(Box::new(TopSink::new(run, keys, limit, offset.as_ref())?))
            }
            Sink::Window(windowing) => {
                let keys = window::sort_keys(windowing);
                LocalSink::Sort(SortSink::new(run, &keys, "window")?)
            }
        })
    }

    /// Takes one batch.
    pub(crate) fn consume(&mut self, run: &Run, tag: Tag, batch: Batch) -> diag::Result<Flow> {
        match self {
            LocalSink::Result(outlet) => return Ok(outlet.push(batch)),
            LocalSink::Build(build) => build.consume(run, tag, batch)?,
            LocalSink::Aggregate(aggregate) => aggregate.consume(run, &batch)?,
            LocalSink::Sort(sort) => sort.consume(run, tag, batch)?,
            LocalSink::Top(top) => top.consume(run, tag, batch)?,
        }
        Ok(Flow::More)
    }
}

/// Merges the workers' sinks of a blocking pipeline into what it leaves.
pub(crate) fn finish(sink: &Sink, locals: Vec<LocalSink>, run: &Run) -> diag::Result<Made> {
    match sink {
        Sink::Result => unreachable!("a result is not merged"),
        Sink::Build { keys, nulls, types } => {
            let parts = locals.into_iter().map(LocalSink::into_build).collect();
            Ok(Made::Table(Arc::new(build::finish(run, keys, nulls, types, parts)?)))
        }
        Sink::Aggregate(aggregation) => {
            let parts = locals.into_iter().map(LocalSink::into_aggregate).collect();
            aggregate::finish(run, aggregation, parts)
        }
        Sink::Sort(_) => order::finish_sort(locals.into_iter().map(LocalSink::into_sort), run),
        Sink::Top { .. } => order::finish_top(locals.into_iter().map(LocalSink::into_top), run),
        Sink::Window(windowing) => {
            window::finish(run, windowing, locals.into_iter().map(LocalSink::into_sort))
        }
    }
}

/// A worker's sink is of the kind that its pipeline says.
const KIND: &str = "the workers of a pipeline have sinks of one kind";

impl LocalSink {
    fn into_build(self) -> BuildSink {
        let LocalSink::Build(build) = self else { panic!("{KIND}") };
        build
    }

    fn into_aggregate(self) -> AggregateSink {
        let LocalSink::Aggregate(aggregate) = self else { panic!("{KIND}") };
        *aggregate
    }

    fn into_sort(self) -> SortSink {
        let LocalSink::Sort(sort) = self else { panic!("{KIND}") };
        sort
    }

    fn into_top(self) -> TopSink {
        let LocalSink::Top(top) = self else { panic!("{KIND}") };
        *top
    }
}
