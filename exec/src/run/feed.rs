//! One feed at work: its queue of morsels, and the helpers that take from it.
//!
//! A helper counts from the moment it starts. Once the feed is closed none starts any more, so
//! waiting for those that did is enough, however long the pool's queue is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam::channel::Sender;
use diag::Diagnostic;
use parking_lot::{Condvar, Mutex};
use types::Batch;

use super::worker::Worker;
use super::{Outlet, Run};
use crate::error::internal;
use crate::pipeline::{Feed, PipelineId, Sink};
use crate::sink::LocalSink;
use crate::source::OpenSource;

/// A feed that workers take morsels from.
pub(crate) struct FeedRun {
    pub(crate) run: Arc<Run>,
    pub(crate) pipeline: PipelineId,
    pub(crate) number: usize,
    pub(crate) source: OpenSource,
    next: AtomicUsize,
    crew: Mutex<Crew>,
    left: Condvar,
}

#[derive(Default)]
struct Crew {
    working: usize,
    started: usize,
    closed: bool,
    /// Where a helper's batches go; none in pipelines that end in memory.
    sender: Option<Sender<Batch>>,
    locals: Vec<LocalSink>,
    error: Option<Box<Diagnostic>>,
}

impl FeedRun {
    /// Opens the source of a feed.
    pub(crate) fn open(
        run: &Arc<Run>,
        pipeline: PipelineId,
        number: usize,
        sender: Option<Sender<Batch>>,
    ) -> diag::Result<Arc<FeedRun>> {
        let feed = &run.pipelines.list[pipeline.0].feeds[number];
        let source = OpenSource::open(feed, pipeline, run)?;
        run.context.progress.expect(source.morsels());
        Ok(Arc::new(FeedRun {
            run: Arc::clone(run),
            pipeline,
            number,
            source,
            next: AtomicUsize::new(0),
            crew: Mutex::new(Crew { sender, ..Crew::default() }),
            left: Condvar::new(),
        }))
    }

    /// Returns the plan of this feed.
    pub(crate) fn feed(&self) -> &Feed {
        &self.run.pipelines.list[self.pipeline.0].feeds[self.number]
    }

    /// Returns the sink of the pipeline.
    pub(crate) fn sink(&self) -> &Sink {
        &self.run.pipelines.list[self.pipeline.0].sink
    }

    /// Takes the next morsel that nobody has.
    pub(crate) fn take(&self) -> Option<usize> {
        if self.run.is_stopped() {
            return None;
        }
        let morsel = self.next.fetch_add(1, Ordering::Relaxed);
        (morsel < self.source.morsels()).then_some(morsel)
    }

    /// Ends the queue: no morsel is taken any more.
    pub(crate) fn exhaust(&self) {
        self.next.store(self.source.morsels(), Ordering::Relaxed);
    }

    /// Asks the pool for helpers, where there is work for them; true if it was asked.
    pub(crate) fn call_helpers(self: &Arc<FeedRun>) -> bool {
        let most = self.run.context.threads.min(self.source.morsels());
        let helpers = if self.feed().ordered { 0 } else { most.saturating_sub(1) };
        for _ in 0..helpers {
            let feed = Arc::clone(self);
            self.run.context.workers.spawn(move || feed.help());
        }
        if helpers == 0 {
            self.crew.lock().sender = None;
        }
        helpers > 0
    }

    fn help(self: Arc<FeedRun>) {
        let Some(sender) = self.start() else { return };
        let worked = catch_unwind(AssertUnwindSafe(|| self.work(sender)));
        let result = worked.unwrap_or_else(|_| Err(internal("a worker thread panicked")));
        if result.is_err() {
            self.run.stop();
        }
        let mut crew = self.crew.lock();
        match result {
            Ok(local) => crew.locals.push(local),
            Err(error) => crew.error = crew.error.take().or(Some(error)),
        }
        crew.working -= 1;
        self.left.notify_all();
    }

    fn start(&self) -> Option<Option<Sender<Batch>>> {
        let mut crew = self.crew.lock();
        if crew.closed {
            return None;
        }
        crew.working += 1;
        crew.started += 1;
        Some(crew.sender.clone())
    }

    fn work(self: &Arc<FeedRun>, sender: Option<Sender<Batch>>) -> diag::Result<LocalSink> {
        let local = match sender {
            Some(sender) => LocalSink::Result(Outlet::Channel(sender)),
            None => LocalSink::new(self.sink(), &self.run)?,
        };
        let mut worker = Worker::new(Arc::clone(self), local);
        while worker.step()? {}
        Ok(match worker.finish() {
            // The sender must go now, or the caller would wait for more of this helper's batches.
            LocalSink::Result(_) => LocalSink::Result(Outlet::Own(Default::default())),
            local => local,
        })
    }

    /// Keeps what the caller's own worker filled.
    pub(crate) fn keep(&self, local: LocalSink) {
        self.crew.lock().locals.push(local);
    }

    /// Lets no further helper start.
    pub(crate) fn close(&self) {
        let mut crew = self.crew.lock();
        crew.closed = true;
        crew.sender = None;
    }

    /// Waits for the helpers that started; returns what all workers filled.
    pub(crate) fn join(&self) -> diag::Result<Vec<LocalSink>> {
        let mut crew = self.crew.lock();
        while crew.working > 0 {
            self.left.wait(&mut crew);
        }
        self.run.recorder.lock().helped(self.pipeline, crew.started);
        match crew.error.take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut crew.locals)),
        }
    }
}
