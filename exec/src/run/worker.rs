//! A worker: takes morsels, pushes their batches through the stages, fills its own sink.
//!
//! [`Worker::step`] handles one batch of the source. A stage calls the rest of the line for every
//! batch that it makes; time is charged to the operator that is at work.

use std::collections::VecDeque;
use std::sync::Arc;

use types::Batch;

use super::feed::FeedRun;
use super::{Outlet, Run};
use crate::clock::Stopwatch;
use crate::operator::Flow;
use crate::operator::probe::{ProbeScratch, probe};
use crate::pipeline::{OperatorId, Stage, StageKind};
use crate::profile::Counts;
use crate::sink::{LocalSink, Tag};
use crate::source::Batches;

/// One thread's work at one feed.
pub(crate) struct Worker {
    feed: Arc<FeedRun>,
    scratch: Vec<ProbeScratch>,
    sink: LocalSink,
    meter: Meter,
    morsel: Option<(usize, Batches)>,
    tag: Tag,
    /// Most rows of a batch that enters the stages.
    rows_max: usize,
    rest: Option<Batch>,
}

/// What a worker counts.
struct Meter {
    watch: Stopwatch,
    counts: Counts,
}

impl Worker {
    /// Returns a worker that fills `sink`.
    pub(crate) fn new(feed: Arc<FeedRun>, sink: LocalSink) -> Worker {
        let scratch = feed.feed().stages.iter().map(|_| ProbeScratch::default()).collect();
        let meter =
            Meter { watch: Stopwatch::new(feed.run.context.measure), counts: Counts::default() };
        let rows_max = rows_max(&feed);
        Worker {
            scratch,
            sink,
            meter,
            morsel: None,
            tag: Tag { feed: feed.number as u32, morsel: 0, batch: 0 },
            rows_max,
            rest: None,
            feed,
        }
    }

    /// Handles one batch of the source; false when there is none left for this worker.
    pub(crate) fn step(&mut self) -> diag::Result<bool> {
        let source = self.feed.feed().operator;
        self.meter.watch.resume(source.0);
        let Some(batch) = self.pull()? else { return Ok(false) };
        self.feed.run.context.cancel.check()?;
        let feed = Arc::clone(&self.feed);
        // A scan with a residual is source and first stage in one: what it yields is counted there.
        if feed.feed().stages.first().is_none_or(|first| first.operator != source) {
            self.meter.counts.add(source, &batch);
        }
        self.tag.batch += 1;
        let mut line = Line {
            run: &feed.run,
            stages: &feed.feed().stages,
            scratch: &mut self.scratch,
            sink: &mut self.sink,
            sink_operator: feed.run.pipelines.list[feed.pipeline.0].operator,
            meter: &mut self.meter,
            tag: self.tag,
        };
        if line.push(batch)? == Flow::Enough {
            self.feed.exhaust();
            self.morsel = None;
            self.rest = None;
        }
        self.meter.watch.enter(source.0);
        Ok(true)
    }

    /// Returns the next batch, cut where one batch would make too many pairs.
    fn pull(&mut self) -> diag::Result<Option<Batch>> {
        let Some(batch) = self.rest.take().map_or_else(|| self.read(), |rest| Ok(Some(rest)))?
        else {
            return Ok(None);
        };
        if batch.rows() <= self.rows_max {
            return Ok(Some(batch));
        }
        self.rest = Some(batch.slice(self.rows_max, batch.rows() - self.rows_max));
        Ok(Some(batch.slice(0, self.rows_max)))
    }

    fn read(&mut self) -> diag::Result<Option<Batch>> {
        loop {
            if self.feed.run.is_stopped() {
                return Ok(None);
            }
            if let Some((_, batches)) = &mut self.morsel {
                match batches.next().transpose()? {
                    Some(batch) if batch.rows() == 0 => continue,
                    Some(batch) => return Ok(Some(batch)),
                    None => {
                        self.morsel = None;
                        self.feed.run.context.progress.finish_one();
                    }
                }
            }
            let Some(morsel) = self.feed.take() else { return Ok(None) };
            self.tag.morsel = morsel as u32;
            self.tag.batch = 0;
            self.morsel = Some((morsel, self.feed.source.read(morsel, &self.feed.run)?));
        }
    }

    /// Returns the batches handed out since the last call; for the caller's own worker.
    pub(crate) fn take_ready(&mut self) -> VecDeque<Batch> {
        match &mut self.sink {
            LocalSink::Result(Outlet::Own(queue)) => std::mem::take(queue),
            LocalSink::Result(Outlet::Channel(_))
            | LocalSink::Build(_)
            | LocalSink::Aggregate(_)
            | LocalSink::Sort(_)
            | LocalSink::Top(_) => VecDeque::new(),
        }
    }

    /// Hands in what was counted; returns the sink.
    pub(crate) fn finish(self) -> LocalSink {
        let mut recorder = self.feed.run.recorder.lock();
        recorder.add(&self.meter.counts, self.meter.watch.busy_ns());
        self.feed.source.record(self.feed.feed().operator, &mut recorder);
        drop(recorder);
        self.sink
    }
}

/// A probe without keys makes `rows × build rows` pairs: it is fed as many rows as make one batch.
fn rows_max(feed: &FeedRun) -> usize {
    let mut most = types::BATCH_ROWS;
    for stage in &feed.feed().stages {
        if let StageKind::Probe(spec) = &stage.kind {
            let table = feed.run.table(spec.build);
            if table.is_loop() {
                most /= table.rows.rows().max(1);
            }
        }
    }
    most.max(1)
}

/// The stages that a batch still has before it, and the sink behind them.
struct Line<'a> {
    run: &'a Run,
    stages: &'a [Arc<Stage>],
    scratch: &'a mut [ProbeScratch],
    sink: &'a mut LocalSink,
    sink_operator: OperatorId,
    meter: &'a mut Meter,
    tag: Tag,
}

impl Line<'_> {
    fn push(&mut self, batch: Batch) -> diag::Result<Flow> {
        let Some((stage, stages)) = self.stages.split_first() else { return self.fill(batch) };
        let (scratch, others) =
            self.scratch.split_first_mut().expect("every stage has its scratch space");
        let mut rest = Line {
            run: self.run,
            stages,
            scratch: others,
            sink: self.sink,
            sink_operator: self.sink_operator,
            meter: self.meter,
            tag: self.tag,
        };
        let before = rest.meter.watch.enter(stage.operator.0);
        let flow = rest.through(stage, scratch, batch);
        rest.meter.watch.enter(before);
        flow
    }

    fn through(
        &mut self,
        stage: &Stage,
        scratch: &mut ProbeScratch,
        batch: Batch,
    ) -> diag::Result<Flow> {
        let operator = stage.operator;
        match &stage.kind {
            StageKind::Filter(filter) => {
                let batch = filter.run(batch, self.run)?;
                self.on(operator, batch)
            }
            StageKind::Project(project) => {
                let batch = project.run(&batch, self.run)?;
                self.on(operator, batch)
            }
            StageKind::Probe(spec) => {
                let table = self.run.table(spec.build);
                let run = self.run;
                probe(spec, table, &batch, scratch, run, &mut |joined| self.on(operator, joined))
            }
            StageKind::Limit { id, .. } => {
                let (passed, flow) = self.run.limit(*id).pass(&batch);
                let wanted = match passed {
                    Some(batch) => self.on(operator, batch)?,
                    None => Flow::More,
                };
                Ok(if wanted == Flow::Enough { wanted } else { flow })
            }
        }
    }

    /// Counts a batch that `operator` made and passes it on.
    fn on(&mut self, operator: OperatorId, batch: Batch) -> diag::Result<Flow> {
        if batch.rows() == 0 {
            return Ok(Flow::More);
        }
        self.meter.counts.add(operator, &batch);
        self.push(batch)
    }

    fn fill(&mut self, batch: Batch) -> diag::Result<Flow> {
        let before = self.meter.watch.enter(self.sink_operator.0);
        let flow = self.sink.consume(self.run, self.tag, batch);
        self.meter.watch.enter(before);
        flow
    }
}
