//! Machine code in pipelines: what is cut out of a plan, and when compiled code takes over.
//!
//! Staging cuts the updates of a hash aggregate into an [`AggregateKernel`]: the plain calls whose
//! states have a fixed width, over the batches that reach the sink. During a run a [`Takeover`] a
//! kernel decides, batch by batch, who does the updates. Interpreter and kernel share group numbers
//! and state rows, so they change places between any two batches and the result is the same.

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use codegen::{Cache, CompileOptions, Compiler, Kernel, Slot, compile, split};
use ir::{AggregateCall, AggregateFunction, AggregateUpdate, KernelSpec, Scalar, StateLayout};
use types::DataType;

use crate::pipeline::{Aggregation, Pipelines, Sink};
use crate::profile::{PipelineProfile, Tier};
use crate::{ExecContext, JitMode};

/// Machine code that a database keeps for later statements.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Rows after which compiling pays: interpreting as many takes about as long as compiling once.
const ROWS_BEFORE_COMPILING: u64 = 65_536;

/// The compiler and the code that all queries of a database share; started by the first that
/// compiles.
#[derive(Default)]
pub struct Kernels {
    compiler: OnceLock<Compiler>,
}

impl Kernels {
    /// Returns no kernels, and no thread yet.
    pub fn new() -> Arc<Kernels> {
        Arc::default()
    }

    /// Returns what the code cache did so far; nothing if no query has compiled.
    pub fn counters(&self) -> codegen::CacheCounters {
        self.compiler.get().map(|compiler| compiler.cache().counters()).unwrap_or_default()
    }

    fn submit(&self, kernel: &AggregateKernel) -> Arc<Slot> {
        let start = || Compiler::start(Arc::new(Cache::new(CACHE_BYTES)));
        self.compiler.get_or_init(start).submit(&kernel.spec, kernel.options())
    }
}

/// The number of a kernel within its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KernelId(pub(crate) usize);

/// The updates of an aggregate that machine code can do.
#[derive(Debug)]
pub(crate) struct AggregateKernel {
    pub(crate) id: KernelId,
    /// Over the batch's columns, then one an element of `interpreted`.
    pub(crate) spec: KernelSpec,
    /// What the interpreter computes first, on every row.
    pub(crate) interpreted: Vec<Scalar>,
    /// The calls whose states the spec updates, in its order.
    pub(crate) calls: Vec<usize>,
    /// Further calls that read one of those states, and which: avg(x) beside sum(x).
    pub(crate) followers: Vec<(usize, usize)>,
    /// True if rows have group numbers.
    pub(crate) grouped: bool,
}

impl AggregateKernel {
    /// Cuts the updates of `calls` over rows of `inputs`.
    ///
    /// # Errors
    /// Why none of them has machine code.
    pub(crate) fn cut(
        id: KernelId,
        inputs: &[DataType],
        calls: &[AggregateCall],
        grouped: bool,
    ) -> Result<AggregateKernel, String> {
        let mut refused = "a plan without plain aggregates is not compiled".to_owned();
        let mut kept: Vec<usize> = Vec::new();
        let mut followers = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let place = kept.iter().position(|first| same_state(&calls[*first], call));
            match (supported(inputs, call, grouped), place) {
                (Ok(()), Some(place)) => followers.push((at, place)),
                (Ok(()), None) => kept.push(at),
                (Err(why), _) => refused = why,
            }
        }
        if kept.is_empty() {
            return Err(refused);
        }
        let updates = kept.iter().map(|at| update_of(&calls[*at])).collect();
        let cut = split(&spec(inputs, updates), grouped).map_err(|why| why.to_string())?;
        Ok(AggregateKernel {
            id,
            spec: cut.spec,
            interpreted: cut.interpreted,
            calls: kept,
            followers,
            grouped,
        })
    }

    fn options(&self) -> CompileOptions {
        CompileOptions { grouped: self.grouped, ..CompileOptions::default() }
    }
}

/// Returns the update of a call's state.
pub(crate) fn update_of(call: &AggregateCall) -> AggregateUpdate {
    AggregateUpdate { function: call.function, argument: call.args.first().cloned() }
}

/// True of supported calls that keep the same state: a sum and a count make an average too.
fn same_state(left: &AggregateCall, right: &AggregateCall) -> bool {
    let sums = |call: &AggregateCall| {
        matches!(call.function, AggregateFunction::Sum | AggregateFunction::Avg)
    };
    let alike = left.function == right.function || (sums(left) && sums(right));
    alike && left.args == right.args
}

fn spec(inputs: &[DataType], aggregates: Vec<AggregateUpdate>) -> KernelSpec {
    KernelSpec { inputs: inputs.to_vec(), filter: None, outputs: Vec::new(), aggregates }
}

/// Refuses calls that do not simply update their state with every row, or lack machine code.
fn supported(inputs: &[DataType], call: &AggregateCall, grouped: bool) -> Result<(), String> {
    let name = call.function.sql();
    if call.distinct || !call.order.is_empty() || call.filter.is_some() {
        return Err(format!("{name}() with DISTINCT, ORDER BY or FILTER is not compiled"));
    }
    let update = update_of(call);
    if StateLayout::of(std::slice::from_ref(&update)).is_none() {
        return Err(format!("{name}() of this type is not compiled"));
    }
    split(&spec(inputs, vec![update]), grouped).map(drop).map_err(|why| why.to_string())
}

/// Who does the updates of one kernel in one run; shared by its workers.
#[derive(Default)]
pub(crate) struct Takeover {
    rows: AtomicU64,
    slot: OnceLock<Arc<Slot>>,
    ran: AtomicBool,
}

impl Takeover {
    /// Returns the machine code, if it is to do the next batch, of `rows` rows.
    pub(crate) fn kernel(
        &self,
        kernel: &AggregateKernel,
        context: &ExecContext,
        rows: usize,
    ) -> Option<Arc<Kernel>> {
        let outcome = match context.jit {
            JitMode::Off => return None,
            JitMode::Force => self.slot(kernel, context).wait(),
            JitMode::Auto => {
                let seen = self.rows.fetch_add(rows as u64, Ordering::Relaxed);
                if seen < ROWS_BEFORE_COMPILING {
                    return None;
                }
                self.slot(kernel, context).get()?
            }
        };
        let code = outcome.as_ref().as_ref().ok().map(Arc::clone);
        self.ran.fetch_or(code.is_some(), Ordering::Relaxed);
        code
    }

    fn slot(&self, kernel: &AggregateKernel, context: &ExecContext) -> &Arc<Slot> {
        self.slot.get_or_init(|| context.kernels.submit(kernel))
    }

    /// Says what became of the kernel.
    fn describe(&self, jit: JitMode, profile: &mut PipelineProfile) {
        let outcome = self.slot.get().map(|slot| slot.get());
        profile.refused = match (outcome, jit) {
            (_, JitMode::Off) => Some("jit is off".to_owned()),
            (None, JitMode::Force) => Some("no rows came".to_owned()),
            (None, JitMode::Auto) => Some("too few rows to compile for".to_owned()),
            (Some(None), _) => Some("the rows ended before the compiler did".to_owned()),
            (Some(Some(outcome)), _) => match outcome.as_ref() {
                Err(why) => Some(why.to_string()),
                Ok(_) if !self.ran.load(Ordering::Relaxed) => {
                    Some("the rows ended before the compiler did".to_owned())
                }
                Ok(kernel) => {
                    profile.tier = Tier::Compiled {
                        compile_us: kernel.compile_micros().into(),
                        code_bytes: kernel.code_bytes().into(),
                    };
                    None
                }
            },
        };
    }
}

/// Fills in how each pipeline's expressions were computed.
pub(crate) fn describe(
    pipelines: &Pipelines,
    takeovers: &[Takeover],
    jit: JitMode,
    profiles: &mut [PipelineProfile],
) {
    for (pipeline, profile) in pipelines.list.iter().zip(profiles) {
        match aggregation(&pipeline.sink).map(|aggregation| &aggregation.kernel) {
            None => profile.refused = Some(NO_AGGREGATE.to_owned()),
            Some(Err(why)) => profile.refused = Some(why.clone()),
            Some(Ok(kernel)) => takeovers[kernel.id.0].describe(jit, profile),
        }
    }
}

const NO_AGGREGATE: &str = "only the updates of aggregates are compiled";

fn aggregation(sink: &Sink) -> Option<&Aggregation> {
    match sink {
        Sink::Aggregate(aggregation) => Some(aggregation),
        Sink::Result | Sink::Build { .. } | Sink::Sort(_) | Sink::Top { .. } | Sink::Window(_) => {
            None
        }
    }
}

impl Pipelines {
    /// Returns what is compiled of this plan, in the order of its pipelines.
    pub fn kernels(&self) -> Vec<KernelSpec> {
        let aggregations = self.list.iter().filter_map(|pipeline| aggregation(&pipeline.sink));
        let kernels = aggregations.filter_map(|aggregation| aggregation.kernel.as_ref().ok());
        kernels.map(|kernel| kernel.spec.clone()).collect()
    }

    /// Compiles and returns the Cranelift IR of each pipeline, or why it has none.
    pub fn clif(&self) -> String {
        self.compiled_text(Kernel::clif)
    }

    /// Compiles and returns the machine code of each pipeline as text, or why it has none.
    pub fn asm(&self) -> String {
        self.compiled_text(Kernel::asm)
    }

    fn compiled_text(&self, text: fn(&Kernel) -> &str) -> String {
        let of = |sink: &Sink| -> Result<Arc<Kernel>, String> {
            let aggregation = aggregation(sink).ok_or_else(|| NO_AGGREGATE.to_owned())?;
            let kernel = aggregation.kernel.as_ref().map_err(Clone::clone)?;
            compile(&kernel.spec, kernel.options()).map_err(|why| why.to_string())
        };
        let pipelines = self.list.iter().enumerate();
        pipelines
            .map(|(number, pipeline)| match of(&pipeline.sink) {
                Ok(kernel) => format!("P{number}: compiled\n{}\n", text(&kernel).trim_end()),
                Err(why) => format!("P{number}: interpreted ({why})\n"),
            })
            .collect()
    }
}
