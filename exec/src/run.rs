//! Who does the work, and on which thread.
//!
//! The thread that asks for rows is always one of the workers. Others from the shared pool may join
//! it where a feed has more than one morsel; nothing waits for a helper that has not started, so a
//! statement makes progress although the pool is busy, and small statements never leave their
//! thread. Pipelines before the last run to their end at the first call of [`Rows::next`]; the last
//! one runs as far as the caller reads, and stops when the result is dropped.

mod feed;
mod worker;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use crossbeam::channel::{Receiver, Sender, bounded};
use parking_lot::Mutex;
use types::{Batch, DataType};

use crate::ExecContext;
use crate::kernel::{KernelId, Takeover};
use crate::operator::Flow;
use crate::operator::join_table::JoinTable;
use crate::operator::limit::{Bounds, LimitCounter};
use crate::pipeline::{PipelineId, Pipelines, Sink, StageKind};
use crate::profile::{ExecutionProfile, Recorder};
use crate::sink::{self, LocalSink, Made};
use feed::FeedRun;
use worker::Worker;

/// Batches that helpers may be ahead of the caller.
const BATCHES_AHEAD: usize = 16;

/// One run of pipelines: what its workers share.
pub(crate) struct Run {
    pub(crate) context: ExecContext,
    pub(crate) pipelines: Arc<Pipelines>,
    pub(crate) recorder: Mutex<Recorder>,
    made: Vec<OnceLock<Made>>,
    limits: Vec<LimitCounter>,
    takeovers: Vec<Takeover>,
    stopped: AtomicBool,
}

impl Run {
    fn new(pipelines: Arc<Pipelines>, context: ExecContext) -> diag::Result<Run> {
        let mut bounds = vec![Bounds { offset: 0, end: 0 }; pipelines.limits];
        let feeds = pipelines.list.iter().flat_map(|pipeline| &pipeline.feeds);
        for stage in feeds.flat_map(|feed| &feed.stages) {
            if let StageKind::Limit { id, limit, offset } = &stage.kind {
                bounds[id.0] = Bounds::of(limit.as_ref(), offset.as_ref(), &context.eval)?;
            }
        }
        Ok(Run {
            recorder: Mutex::new(Recorder::new(&pipelines)),
            made: pipelines.list.iter().map(|_| OnceLock::new()).collect(),
            limits: bounds.into_iter().map(LimitCounter::new).collect(),
            takeovers: (0..pipelines.kernels).map(|_| Takeover::default()).collect(),
            stopped: AtomicBool::new(false),
            context,
            pipelines,
        })
    }

    /// Returns the batches that an earlier pipeline left.
    pub(crate) fn batches(&self, id: PipelineId) -> Arc<Vec<Batch>> {
        match self.made[id.0].get() {
            Some(Made::Batches(batches, _)) => Arc::clone(batches),
            Some(Made::Table(_)) | None => panic!("pipelines run in the order of their needs"),
        }
    }

    /// Returns the join table that an earlier pipeline left.
    pub(crate) fn table(&self, id: PipelineId) -> &Arc<JoinTable> {
        match self.made[id.0].get() {
            Some(Made::Table(table)) => table,
            Some(Made::Batches(..)) | None => panic!("pipelines run in the order of their needs"),
        }
    }

    /// Returns the join table of a pipeline, if that has run.
    pub(crate) fn made_table(&self, id: PipelineId) -> Option<&Arc<JoinTable>> {
        match self.made[id.0].get() {
            Some(Made::Table(table)) => Some(table),
            Some(Made::Batches(..)) | None => None,
        }
    }

    /// Returns the shared counter of a LIMIT.
    pub(crate) fn limit(&self, id: crate::pipeline::LimitId) -> &LimitCounter {
        &self.limits[id.0]
    }

    /// Returns who does a kernel's work.
    pub(crate) fn takeover(&self, id: KernelId) -> &Takeover {
        &self.takeovers[id.0]
    }

    /// Returns the same for all kernels, by their numbers.
    pub(crate) fn takeovers(&self) -> &[Takeover] {
        &self.takeovers
    }

    /// True if the workers are to leave: an error, or a result that nobody reads.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Where the last pipeline's batches go.
pub(crate) enum Outlet {
    /// The caller's own: it reads them when the current step is done.
    Own(VecDeque<Batch>),
    /// A helper's: waits while the caller is behind.
    Channel(Sender<Batch>),
}

impl Outlet {
    /// Hands a batch out.
    pub(crate) fn push(&mut self, batch: Batch) -> Flow {
        match self {
            Outlet::Own(queue) => queue.push_back(batch),
            Outlet::Channel(sender) => {
                if sender.send(batch).is_err() {
                    return Flow::Enough;
                }
            }
        }
        Flow::More
    }
}

/// Returns the rows of a plan, computed as they are read.
///
/// Batches have at most 2,048 rows and none is empty. Order is that of the plan's sort; without one
/// it is arbitrary if `threads > 1`.
///
/// # Errors
/// A LIMIT that is not a count. What fails later comes out of the iterator, as its last item.
pub fn run(pipelines: &Arc<Pipelines>, context: ExecContext) -> diag::Result<Rows> {
    let run = Arc::new(Run::new(Arc::clone(pipelines), context)?);
    Ok(Rows { run, state: State::Fresh })
}

/// The result of a run: an iterator over batches.
pub struct Rows {
    run: Arc<Run>,
    state: State,
}

enum State {
    Fresh,
    Reading { feed: usize, reading: Box<Reading> },
    Done,
}

/// The feed of the last pipeline that is being read.
struct Reading {
    feed: Arc<FeedRun>,
    own: Option<Worker>,
    receiver: Option<Receiver<Batch>>,
    ready: VecDeque<Batch>,
}

impl Rows {
    /// Returns the types of the columns.
    pub fn types(&self) -> &[DataType] {
        &self.run.pipelines.types
    }

    /// Returns what was measured so far; whole once the iterator has ended.
    pub fn profile(&self) -> ExecutionProfile {
        self.run.recorder.lock().profile(&self.run)
    }

    fn advance(&mut self) -> diag::Result<Option<Batch>> {
        loop {
            match &mut self.state {
                State::Done => return Ok(None),
                State::Fresh => {
                    for id in 0..self.run.pipelines.list.len() - 1 {
                        complete(&self.run, PipelineId(id))?;
                    }
                    self.open(0)?;
                }
                State::Reading { feed, reading } => {
                    if let Some(batch) = reading.next(&self.run)? {
                        return Ok(Some(batch));
                    }
                    let next = *feed + 1;
                    self.open(next)?;
                }
            }
        }
    }

    fn open(&mut self, feed: usize) -> diag::Result<()> {
        let last = PipelineId(self.run.pipelines.list.len() - 1);
        if feed == self.run.pipelines.list[last.0].feeds.len() {
            self.state = State::Done;
            return Ok(());
        }
        let (sender, receiver) = bounded(BATCHES_AHEAD);
        let opened = FeedRun::open(&self.run, last, feed, Some(sender))?;
        let helped = opened.call_helpers();
        let own = Worker::new(Arc::clone(&opened), LocalSink::Result(Outlet::Own(VecDeque::new())));
        let reading = Reading {
            feed: opened,
            own: Some(own),
            receiver: helped.then_some(receiver),
            ready: VecDeque::new(),
        };
        self.state = State::Reading { feed, reading: Box::new(reading) };
        Ok(())
    }
}

impl Reading {
    /// Helpers' batches first, so that they are never kept waiting for long; then own work.
    fn next(&mut self, run: &Run) -> diag::Result<Option<Batch>> {
        loop {
            if let Some(batch) = self.ready.pop_front() {
                return Ok(Some(batch));
            }
            if let Some(batch) = self.receiver.as_ref().and_then(|queue| queue.try_recv().ok()) {
                return Ok(Some(batch));
            }
            run.context.cancel.check()?;
            if let Some(own) = &mut self.own {
                if own.step()? {
                    self.ready = own.take_ready();
                } else {
                    self.ready = own.take_ready();
                    self.own.take().expect("it was just there").finish();
                    self.feed.close();
                }
                continue;
            }
            let last = self.receiver.as_ref().and_then(|queue| queue.recv().ok());
            if last.is_none() {
                self.feed.join()?;
            }
            return Ok(last);
        }
    }
}

impl Iterator for Rows {
    type Item = diag::Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.advance();
        if next.is_err() {
            self.run.stop();
            self.state = State::Done;
        }
        next.transpose()
    }
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.run.stop();
        if let State::Reading { reading, .. } = &mut self.state {
            reading.feed.close();
            // Helpers that wait to hand out a batch see that nobody will take it.
            reading.receiver = None;
        }
    }
}

/// Runs a pipeline that ends in memory.
fn complete(run: &Arc<Run>, id: PipelineId) -> diag::Result<()> {
    let pipeline = &run.pipelines.list[id.0];
    let mut locals = Vec::new();
    for feed in 0..pipeline.feeds.len() {
        let opened = FeedRun::open(run, id, feed, None)?;
        opened.call_helpers();
        let local = locals.pop().map_or_else(|| LocalSink::new(&pipeline.sink, run), Ok)?;
        let mut own = Worker::new(Arc::clone(&opened), local);
        while own.step()? {
            run.context.cancel.check()?;
        }
        opened.keep(own.finish());
        opened.close();
        locals.extend(opened.join()?);
    }
    debug_assert!(!matches!(pipeline.sink, Sink::Result), "a result is read, not completed");
    let made = sink::finish(&pipeline.sink, locals, run)?;
    run.recorder.lock().finished(pipeline.operator, &made);
    let first = run.made[id.0].set(made).is_ok();
    assert!(first, "a pipeline runs once");
    Ok(())
}
