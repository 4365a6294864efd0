//! What a run is given by the session: what to read, how much to use, when to stop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use types::Batch;

use crate::eval::EvalContext;
use crate::{CancelToken, Governor, Kernels};

/// When expressions are compiled to machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum JitMode {
    /// Never.
    Off,
    /// In the background, once a pipeline has seen enough rows.
    #[default]
    Auto,
    /// Before the first row, wherever the compiler can.
    Force,
}

/// Rows that the caller hands in while the plan runs, for `Operator::External`.
///
/// `None` ends them. Called by one thread at a time.
pub type ExternalRows = Box<dyn FnMut() -> diag::Result<Option<Batch>> + Send>;

/// The threads that all queries of a database share; started by the first query that wants them.
pub struct Workers {
    threads: usize,
    pool: OnceLock<Option<rayon::ThreadPool>>,
}

impl Workers {
    /// Returns a pool of `threads` threads, none of them started.
    pub fn new(threads: usize) -> Arc<Workers> {
        Arc::new(Workers { threads, pool: OnceLock::new() })
    }

    /// Runs `work` on a thread of the pool some time; false if there is none.
    ///
    /// Nothing may depend on it being run: the thread that wants the result works too.
    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) -> bool {
        let pool = self.pool.get_or_init(|| {
            let builder = rayon::ThreadPoolBuilder::new().num_threads(self.threads);
            builder.thread_name(|number| format!("spectradb-worker-{number}")).build().ok()
        });
        match pool {
            Some(pool) => pool.spawn(work),
            None => return false,
        }
        true
    }
}

/// How far a statement is: morsels of the sources opened so far.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Returns the morsels done and the morsels known of.
    pub fn morsels(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    pub(crate) fn expect(&self, morsels: usize) {
        self.total.fetch_add(morsels as u64, Ordering::Relaxed);
    }

    pub(crate) fn finish_one(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Everything that a run takes from outside. Cheap to clone.
#[derive(Clone)]
pub struct ExecContext {
    /// What tables are read from; none for a plan that reads no table.
    pub view: Option<storage::View>,
    /// Parameters, the transaction's time and the rest of what scalars depend on.
    pub eval: Arc<EvalContext>,
    /// The memory budget.
    pub governor: Arc<Governor>,
    /// The switch that ends the statement.
    pub cancel: CancelToken,
    /// When to compile.
    pub jit: JitMode,
    /// The compiler and its code, to share.
    pub kernels: Arc<Kernels>,
    /// Most threads at work for this statement, the caller's included; at least 1.
    pub threads: usize,
    /// The threads to share.
    pub workers: Arc<Workers>,
    /// Rows for `Operator::External`.
    pub external: Option<Arc<Mutex<ExternalRows>>>,
    /// How far the statement is.
    pub progress: Arc<Progress>,
    /// True to measure times for EXPLAIN ANALYZE.
    pub measure: bool,
}
