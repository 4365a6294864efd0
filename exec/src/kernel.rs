//! Machine code in pipelines: what is cut out of a plan, and when compiled code takes over.
//!
//! Staging cuts a [`Fused`] piece out of an operator: the conditions of a filter, the expressions of
//! a projection, the updates of a hash aggregate ([`filter`], [`project`], [`aggregate`]). During a
//! run a [`Takeover`] a piece decides, batch by batch, who computes it. Interpreter and kernel give
//! the same rows and leave the same states, so they change places between any two batches. A kernel
//! knows that a row has no value, and where; the words of the error are the interpreter's, which
//! computes the same batch again.

pub(crate) mod aggregate;
pub(crate) mod filter;
pub(crate) mod project;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use codegen::{Cache, CompileOptions, Compiler, Kernel, Slot, States, compile, split};
use ir::{AggregateUpdate, KernelSpec, Scalar, ScalarKind};
use types::{Batch, DataType};

use crate::error::internal;
use crate::eval::EvalContext;
use crate::operator::columns;
use crate::pipeline::{OperatorId, Pipeline, Pipelines, Sink, StageKind};
use crate::profile::{OperatorProfile, Tier};
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

    fn submit(&self, piece: &Fused) -> Arc<Slot> {
        let start = || Compiler::start(Arc::new(Cache::new(CACHE_BYTES)));
        self.compiler.get_or_init(start).submit(&piece.spec, piece.options())
    }
}

/// The number of a kernel within its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KernelId(pub(crate) usize);

/// A piece of one operator that machine code can do.
#[derive(Debug)]
pub(crate) struct Fused {
    pub(crate) id: KernelId,
    /// Over the batch's columns, then one an element of `interpreted`.
    pub(crate) spec: KernelSpec,
    /// What the interpreter computes first, on every row.
    interpreted: Vec<Scalar>,
    /// True if rows have group numbers.
    grouped: bool,
}

impl Fused {
    /// Returns what machine code can do of `spec`.
    ///
    /// # Errors
    /// Why there is none.
    fn cut(id: KernelId, spec: &KernelSpec, grouped: bool) -> Result<Fused, String> {
        let cut = split(spec, grouped).map_err(|why| why.to_string())?;
        Ok(Fused { id, spec: cut.spec, interpreted: cut.interpreted, grouped })
    }

    fn options(&self) -> CompileOptions {
        CompileOptions { grouped: self.grouped, ..CompileOptions::default() }
    }

    /// True if rows have group numbers.
    pub(crate) fn is_grouped(&self) -> bool {
        self.grouped
    }

    /// Returns the columns that the code reads: the batch's, and what the interpreter adds.
    pub(crate) fn inputs(&self, batch: &Batch, context: &EvalContext) -> diag::Result<Batch> {
        if self.interpreted.is_empty() {
            return Ok(batch.clone());
        }
        let mut inputs = batch.columns().to_vec();
        inputs.extend(columns(&self.interpreted, batch, context)?);
        Ok(Batch::new(inputs, batch.rows()))
    }

    /// Runs code that keeps no states. After an error the interpreter computes the same batch, and
    /// fails with its own words; this error is only for the case that it does not.
    fn run(
        &self,
        code: &Kernel,
        batch: &Batch,
        context: &EvalContext,
    ) -> diag::Result<codegen::Output> {
        let inputs = self.inputs(batch, context)?;
        code.run(&inputs, context.parameters(), States::None).map_err(|error| {
            internal(format!("a kernel failed where the interpreter does not: {error}"))
        })
    }

    /// Returns how many expressions the code computes.
    fn expressions(&self) -> u64 {
        let outputs = self.spec.outputs.iter().filter(|output| !is_slot(output)).count();
        (usize::from(self.spec.filter.is_some()) + outputs + self.spec.aggregates.len()) as u64
    }
}

fn is_slot(scalar: &Scalar) -> bool {
    matches!(scalar.kind, ScalarKind::Slot(_))
}

fn spec_of(inputs: &[DataType]) -> KernelSpec {
    KernelSpec {
        inputs: inputs.to_vec(),
        filter: None,
        outputs: Vec::new(),
        aggregates: Vec::<AggregateUpdate>::new(),
    }
}

/// Returns the operations of an expression that a loop each would take.
fn operations(scalar: &Scalar) -> usize {
    let mut count = 0;
    scalar.walk(&mut |node| {
        count += usize::from(match &node.kind {
            ScalarKind::Column(_)
            | ScalarKind::Slot(_)
            | ScalarKind::Literal(_)
            | ScalarKind::Parameter(_)
            | ScalarKind::And(_) => false,
            ScalarKind::Not(_)
            | ScalarKind::Or(_)
            | ScalarKind::Is { .. }
            | ScalarKind::Compare(..)
            | ScalarKind::Arithmetic(..)
            | ScalarKind::Negate(_)
            | ScalarKind::Cast { .. }
            | ScalarKind::Case { .. }
            | ScalarKind::In { .. }
            | ScalarKind::Like { .. }
            | ScalarKind::Call(..) => true,
        });
    });
    count
}

/// Who computes one piece in one run; shared by its workers.
#[derive(Default)]
pub(crate) struct Takeover {
    /// Rows that the interpreter had, and the kernel.
    interpreted: AtomicU64,
    compiled: AtomicU64,
    slot: OnceLock<Arc<Slot>>,
}

impl Takeover {
    /// Returns the machine code, if it is to do the next batch, of `rows` rows.
    pub(crate) fn kernel(
        &self,
        piece: &Fused,
        context: &ExecContext,
        rows: usize,
    ) -> Option<Arc<Kernel>> {
        let code = self.code(piece, context);
        let counter = if code.is_some() { &self.compiled } else { &self.interpreted };
        counter.fetch_add(rows as u64, Ordering::Relaxed);
        code
    }

    fn code(&self, piece: &Fused, context: &ExecContext) -> Option<Arc<Kernel>> {
        let outcome = match context.jit {
            JitMode::Off => return None,
            JitMode::Force => self.slot(piece, context).wait(),
            JitMode::Auto => {
                if self.interpreted.load(Ordering::Relaxed) < ROWS_BEFORE_COMPILING {
                    return None;
                }
                self.slot(piece, context).get()?
            }
        };
        outcome.as_ref().as_ref().ok().map(Arc::clone)
    }

    fn slot(&self, piece: &Fused, context: &ExecContext) -> &Arc<Slot> {
        self.slot.get_or_init(|| context.kernels.submit(piece))
    }

    /// Says what became of the piece.
    fn tier(&self, piece: &Fused, jit: JitMode) -> Tier {
        let (interpreted, compiled) =
            (self.interpreted.load(Ordering::Relaxed), self.compiled.load(Ordering::Relaxed));
        let why = match (self.slot.get().and_then(|slot| slot.get()), jit) {
            (_, JitMode::Off) => "jit is off",
            (Some(outcome), _) => match outcome.as_ref() {
                Err(why) => return Tier::Interpreted { why: why.to_string() },
                Ok(kernel) if compiled > 0 => {
                    return Tier::Compiled {
                        expressions: piece.expressions(),
                        rows: compiled,
                        rows_before: interpreted,
                        compile_us: kernel.compile_micros().into(),
                        code_bytes: kernel.code_bytes().into(),
                    };
                }
                Ok(_) => "the rows ended before the compiler did",
            },
            (None, JitMode::Force) => "no rows came",
            (None, JitMode::Auto) if interpreted < ROWS_BEFORE_COMPILING => {
                "too few rows to compile for"
            }
            (None, JitMode::Auto) => "the rows ended before the compiler did",
        };
        Tier::Interpreted { why: why.to_owned() }
    }
}

/// Fills in how the operators that could be compiled were computed.
pub(crate) fn describe(
    pipelines: &Pipelines,
    takeovers: &[Takeover],
    jit: JitMode,
    profiles: &mut [OperatorProfile],
) {
    for (operator, piece) in pipelines.pieces() {
        profiles[operator.0].tier = Some(match piece {
            Ok(piece) => takeovers[piece.id.0].tier(piece, jit),
            Err(why) => Tier::Interpreted { why: why.clone() },
        });
    }
}

type Piece<'a> = Result<&'a Fused, &'a String>;

impl Pipelines {
    /// Returns the operators of which something is computed, and what machine code can do of each.
    fn pieces(&self) -> Vec<(OperatorId, Piece<'_>)> {
        self.list.iter().flat_map(of_pipeline).collect()
    }

    /// Returns what is compiled of this plan, in the order of its pipelines.
    pub fn kernels(&self) -> Vec<KernelSpec> {
        let pieces = self.pieces().into_iter();
        pieces.filter_map(|(_, piece)| piece.ok().map(|piece| piece.spec.clone())).collect()
    }

    /// Compiles and returns the Cranelift IR of each operator, or why it has none.
    pub fn clif(&self) -> String {
        self.compiled_text(Kernel::clif)
    }

    /// Compiles and returns the machine code of each operator as text, or why it has none.
    pub fn asm(&self) -> String {
        self.compiled_text(Kernel::asm)
    }

    fn compiled_text(&self, text: fn(&Kernel) -> &str) -> String {
        let line = |(operator, piece): (OperatorId, Piece<'_>)| {
            let name = format!("{} #{}", self.operators[operator.0], operator.0);
            let code = piece.map_err(Clone::clone).and_then(|piece| {
                compile(&piece.spec, piece.options()).map_err(|why| why.to_string())
            });
            match code {
                Ok(kernel) => format!("{name}: compiled\n{}\n", text(&kernel).trim_end()),
                Err(why) => format!("{name}: interpreted ({why})\n"),
            }
        };
        let pieces = self.pieces();
        if pieces.is_empty() {
            return "nothing to compile: no operator computes an expression\n".to_owned();
        }
        pieces.into_iter().map(line).collect()
    }
}

/// Returns the pieces of a pipeline. The stages of several feeds may be the same; each counts once.
fn of_pipeline(pipeline: &Pipeline) -> Vec<(OperatorId, Piece<'_>)> {
    let mut found: Vec<(OperatorId, Piece<'_>)> = Vec::new();
    for stage in pipeline.feeds.iter().flat_map(|feed| &feed.stages) {
        let piece = match &stage.kind {
            StageKind::Filter(filter) => filter.piece(),
            StageKind::Project(project) => project.piece(),
            StageKind::Probe(_) | StageKind::Limit { .. } => None,
        };
        if let Some(piece) = piece
            && found.iter().all(|(operator, _)| *operator != stage.operator)
        {
            found.push((stage.operator, piece));
        }
    }
    match &pipeline.sink {
        Sink::Aggregate(aggregation) => {
            found
                .push((pipeline.operator, aggregation.kernel.as_ref().map(|kernel| &kernel.piece)));
        }
        Sink::Result | Sink::Build { .. } | Sink::Sort(_) | Sink::Top { .. } | Sink::Window(_) => {}
    }
    found
}
