//! A thread that compiles while the query runs interpreted.
//!
//! The pipeline submits a spec and keeps the [`Slot`]; it asks the slot at every morsel boundary,
//! which costs one atomic load, and changes over when the kernel is there. Without executable
//! memory or a thread the slot says so and the pipeline stays interpreted.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use arc_swap::ArcSwapOption;
use ir::KernelSpec;
use parking_lot::{Condvar, Mutex};

use crate::cache::Cache;
use crate::error::Unsupported;
use crate::kernel::{CompileOptions, Kernel};

type Outcome = Result<Arc<Kernel>, Unsupported>;

/// Where a kernel will appear.
#[derive(Debug, Default)]
pub struct Slot {
    outcome: ArcSwapOption<Outcome>,
    filled: Mutex<bool>,
    signal: Condvar,
}

impl Slot {
    /// Returns the kernel, or why there is none; nothing while it is not decided.
    pub fn get(&self) -> Option<Arc<Outcome>> {
        self.outcome.load_full()
    }

    /// Waits until it is decided (`SET jit = force`).
    pub fn wait(&self) -> Arc<Outcome> {
        let mut filled = self.filled.lock();
        while !*filled {
            self.signal.wait(&mut filled);
        }
        self.outcome.load_full().expect("a filled slot holds an outcome")
    }

    fn fill(&self, outcome: Outcome) {
        self.outcome.store(Some(Arc::new(outcome)));
        *self.filled.lock() = true;
        self.signal.notify_all();
    }
}

struct Job {
    spec: KernelSpec,
    options: CompileOptions,
    slot: Arc<Slot>,
}

/// A job that is never done (its thread died) fills its slot all the same.
impl Drop for Job {
    fn drop(&mut self) {
        if self.slot.get().is_none() {
            self.slot.fill(Err(Unsupported::new("a pipeline whose compiler has stopped")));
        }
    }
}

/// The compiling thread; dropping it finishes the job at hand and ends.
pub struct Compiler {
    cache: Arc<Cache>,
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Compiler {
    /// Starts the thread and warms Cranelift up, which costs a process's first kernel half a
    /// millisecond.
    pub fn start(cache: Arc<Cache>) -> Compiler {
        let (sender, receiver) = channel();
        let shared = Arc::clone(&cache);
        let thread = std::thread::Builder::new()
            .name("spectradb-compiler".into())
            .spawn(move || work(&shared, &receiver))
            .ok();
        let jobs = Mutex::new(thread.is_some().then_some(sender));
        Compiler { cache, jobs, thread }
    }

    /// Returns the cache that kernels are kept in.
    pub fn cache(&self) -> &Arc<Cache> {
        &self.cache
    }

    /// Asks for a kernel; known code is in the slot at once.
    pub fn submit(&self, spec: &KernelSpec, options: CompileOptions) -> Arc<Slot> {
        let slot = Arc::new(Slot::default());
        if let Some(kernel) = self.cache.peek(spec, options) {
            slot.fill(Ok(kernel));
            return slot;
        }
        let job = Job { spec: spec.clone(), options, slot: Arc::clone(&slot) };
        if let Some(jobs) = &*self.jobs.lock() {
            // A job that the thread no longer takes is dropped, which fills its slot.
            drop(jobs.send(job));
        }
        slot
    }
}

impl Drop for Compiler {
    fn drop(&mut self) {
        self.jobs.get_mut().take();
        if let Some(thread) = self.thread.take() {
            // A panic of the compiler has been seen by the slots it left empty.
            drop(thread.join());
        }
    }
}

fn work(cache: &Cache, jobs: &Receiver<Job>) {
    warm_up();
    while let Ok(job) = jobs.recv() {
        job.slot.fill(cache.kernel(&job.spec, job.options));
    }
}

fn warm_up() {
    use ir::{ArithmeticOp, Scalar, ScalarKind};
    let ty = types::DataType::Int64;
    let slot = || Box::new(Scalar::slot(0, ty));
    let sum = ScalarKind::Arithmetic(ArithmeticOp::Add, slot(), slot());
    let sum = Scalar::new(sum, ty, diag::Span::NONE);
    let spec =
        KernelSpec { inputs: vec![ty], filter: None, outputs: vec![sum], aggregates: Vec::new() };
    // Nothing depends on it: the first real kernel meets the same refusal, if there is one.
    drop(crate::kernel::compile(&spec, CompileOptions::default()));
}
