//! A compiled kernel, safe to call.
//!
//! `run` checks that the batch has the types that the code was compiled for, fills a frame of
//! addresses for each block of rows, calls the code and wraps what it wrote in Arrow arrays. A block
//! without NULLs runs in the fast mode; if that mode assumed too much, the same block runs again in
//! exact mode, which overwrites all that the first attempt wrote and alone touches states before
//! it is known to have succeeded. This folder is the only one of the crate with `unsafe`.

mod input;
mod machine;
mod output;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow_array::ArrayRef;
use diag::{Code as ErrorCode, Span};
use ir::{KernelSpec, StateRows};
use types::{Batch, Mask, Value};

use crate::error::{Fault, RuntimeError, Unsupported};
use crate::frame::{ConstantSlot, Frame};
use crate::lower::lower;
use crate::shape::{Bindings, Repr, Shape};
use input::Inputs;
use machine::Entries;
pub(crate) use machine::Machine;
use output::Outputs;

/// Rows of a block: arguments of a few aggregates stay in the first-level cache.
const BLOCK_ROWS: usize = 512;

/// How to compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CompileOptions {
    /// True if `run` is given a group id a row.
    pub grouped: bool,
    /// Whether to use vector instructions where the host has them.
    pub simd: bool,
    /// Whether to run Cranelift's optimiser.
    pub optimize: bool,
    /// The most bytes of machine code; what needs more stays interpreted.
    pub code_bytes_max: u32,
}

impl Default for CompileOptions {
    fn default() -> CompileOptions {
        CompileOptions { grouped: false, simd: true, optimize: true, code_bytes_max: 128 * 1024 }
    }
}

/// Where aggregates are kept.
#[derive(Debug)]
pub enum States<'a> {
    /// The spec has no aggregates.
    None,
    /// The first row of states.
    Single(&'a mut StateRows),
    /// A row of states a group.
    Grouped {
        /// The group of each row of the batch.
        ids: &'a [u32],
        /// Rows of the spec's [`ir::StateLayout`].
        rows: &'a mut StateRows,
    },
}

/// What a kernel computed from one batch.
#[derive(Clone, Debug)]
pub struct Output {
    /// Rows that passed the filter.
    pub rows: usize,
    /// Which rows those are; none without a filter.
    pub mask: Option<Mask>,
    /// The spec's outputs, dense, of `rows` rows.
    pub columns: Vec<ArrayRef>,
}

/// Machine code and the constants and spans of one statement.
#[derive(Debug)]
pub struct Kernel {
    machine: Arc<Machine>,
    bindings: Bindings,
    /// The literals; places of parameters are filled by `run`.
    constants: Vec<ConstantSlot>,
    tried: AtomicU32,
    missed: AtomicU32,
}

/// Compiles `spec` at once, without a cache.
///
/// # Errors
/// [`Unsupported`] names what has no machine code; the interpreter does it.
pub fn compile(spec: &KernelSpec, options: CompileOptions) -> Result<Arc<Kernel>, Unsupported> {
    let (shape, bindings) = lower(spec, options.grouped)?;
    let machine = Arc::new(Machine::compile(Arc::new(shape), options)?);
    Kernel::bind(machine, bindings).map(Arc::new)
}

impl Kernel {
    /// Joins code with one statement's constants and spans.
    pub(crate) fn bind(machine: Arc<Machine>, bindings: Bindings) -> Result<Kernel, Unsupported> {
        let constants = input::literals(&machine.shape, &bindings)?;
        let (tried, missed) = (AtomicU32::new(0), AtomicU32::new(0));
        Ok(Kernel { machine, bindings, constants, tried, missed })
    }

    /// Runs over a batch of the spec's input types, updating `states`.
    ///
    /// # Errors
    /// [`RuntimeError`] if a row that the interpreter would evaluate has no value. States are then
    /// unspecified.
    ///
    /// # Panics
    /// If the batch, the group ids or the states are not those of the spec: a broken pipeline.
    pub fn run(
        &self,
        batch: &Batch,
        parameters: &[Value],
        states: States<'_>,
    ) -> Result<Output, RuntimeError> {
        let shape = &*self.machine.shape;
        let constants = self.parameters(parameters)?;
        let inputs = Inputs::of(shape, batch);
        let constants_fit = constants.iter().zip(&shape.constants).all(|(constant, ty)| {
            let wide = Repr::of(*ty).is_some_and(Repr::is_wide);
            let integer = i128::from_le_bytes(constant.value);
            // The fast modes compute with 64 bits.
            constant.valid == 1 && (!wide || i64::try_from(integer).is_ok())
        });
        let mut run = Run {
            shape,
            kernel: self,
            outputs: Outputs::new(shape, batch.rows()),
            states: CheckedStates::new(shape, states, batch.rows()),
            fast: constants_fit && !inputs.has_nulls(),
            inputs,
            constants: &constants,
        };
        let mut begin = 0;
        while begin < batch.rows() {
            let rows = BLOCK_ROWS.min(batch.rows() - begin);
            run.block(begin, rows)?;
            begin += rows;
        }
        Ok(run.outputs.finish(shape, batch))
    }

    fn parameters(&self, parameters: &[Value]) -> Result<Vec<ConstantSlot>, RuntimeError> {
        input::with_parameters(&self.machine.shape, &self.bindings, &self.constants, parameters)
            .map_err(|code| RuntimeError { code, span: Span::NONE, row: 0 })
    }

    /// Returns false once the fast mode has failed too often on this kernel's data.
    fn fast_pays(&self) -> bool {
        let (tried, missed) =
            (self.tried.load(Ordering::Relaxed), self.missed.load(Ordering::Relaxed));
        missed <= 8 + tried / 8
    }

    fn error(&self, fault: u64, row: usize) -> RuntimeError {
        let fault = Fault::from_number(fault);
        let span = self.bindings.spans[fault.node as usize];
        let row = u32::try_from(row).expect("a batch has few rows");
        RuntimeError { code: fault.code(), span, row }
    }

    /// Returns the Cranelift IR as text.
    pub fn clif(&self) -> &str {
        self.machine.clif()
    }

    /// Returns the machine code as text.
    pub fn asm(&self) -> &str {
        self.machine.asm()
    }

    /// Returns the bytes of machine code.
    pub fn code_bytes(&self) -> u32 {
        self.machine.code_bytes
    }

    /// Returns how long compilation took, in microseconds.
    pub fn compile_micros(&self) -> u32 {
        self.machine.compile_micros
    }

    /// Returns the fast mode's name: `vector`, `narrow`, or `exact` if there is none.
    pub fn mode(&self) -> &'static str {
        self.machine.fast.map_or("exact", |(mode, _)| mode.name())
    }
}

/// States whose length and group ids have been checked.
struct CheckedStates<'a> {
    rows: Option<&'a mut StateRows>,
    ids: &'a [u32],
}

impl<'a> CheckedStates<'a> {
    /// # Panics
    /// If the states or the group ids are not those of the shape and the batch.
    fn new(shape: &Shape, states: States<'a>, batch_rows: usize) -> CheckedStates<'a> {
        let (rows, ids): (Option<&mut StateRows>, &[u32]) = match states {
            States::None => (None, &[]),
            States::Single(rows) => (Some(rows), &[]),
            States::Grouped { ids, rows } => (Some(rows), ids),
        };
        if shape.updates.is_empty() {
            return CheckedStates { rows: None, ids: &[] };
        }
        let rows = rows.expect("a spec with aggregates has states");
        let groups = rows.bytes() / shape.stride as usize;
        if shape.grouped {
            assert_eq!(ids.len(), batch_rows, "a group id a row");
            let most = ids.iter().copied().max().map_or(0, |most| most as usize + 1);
            assert!(most <= groups, "every group has a row of states");
        } else {
            assert!(groups >= 1, "there is a row of states");
            assert!(ids.is_empty(), "the spec was compiled without groups");
        }
        CheckedStates { rows: Some(rows), ids }
    }

    fn pointer(&mut self) -> *mut u128 {
        match &mut self.rows {
            Some(rows) => rows.as_mut_ptr().cast(),
            None => std::ptr::null_mut(),
        }
    }
}

/// One call of [`Kernel::run`].
struct Run<'a> {
    shape: &'a Shape,
    kernel: &'a Kernel,
    inputs: Inputs,
    constants: &'a [ConstantSlot],
    outputs: Outputs,
    states: CheckedStates<'a>,
    fast: bool,
}

impl Run<'_> {
    /// Runs rows `[begin, begin + rows)`, the even part in the fast mode if it may.
    fn block(&mut self, begin: usize, rows: usize) -> Result<(), RuntimeError> {
        let machine = &self.kernel.machine;
        let Some((mode, entries)) = machine.fast.filter(|_| self.fast && self.kernel.fast_pays())
        else {
            return self.exact(begin, rows);
        };
        let lanes = mode.lanes();
        let fast_rows = rows / lanes * lanes;
        if fast_rows > 0 && !self.attempt(entries, begin, fast_rows) {
            self.exact(begin, fast_rows)?;
        }
        if fast_rows < rows { self.exact(begin + fast_rows, rows - fast_rows) } else { Ok(()) }
    }

    /// Returns false, with nothing changed that counts, if the fast mode's assumptions fail.
    fn attempt(&mut self, entries: Entries, begin: usize, rows: usize) -> bool {
        self.kernel.tried.fetch_add(1, Ordering::Relaxed);
        if self.call(entries, begin, rows).is_ok() {
            return true;
        }
        self.kernel.missed.fetch_add(1, Ordering::Relaxed);
        false
    }

    fn exact(&mut self, begin: usize, rows: usize) -> Result<(), RuntimeError> {
        let entries = self.kernel.machine.exact;
        self.call(entries, begin, rows).map_err(|(fault, row)| self.kernel.error(fault, row))
    }

    /// Runs both functions; an error is a fault and its row in the batch.
    fn call(&mut self, entries: Entries, begin: usize, rows: usize) -> Result<(), (u64, usize)> {
        let views = self.inputs.views(self.shape, begin);
        let sinks = self.outputs.sinks(begin);
        let filtered = self.shape.filter.is_some();
        let groups_in = match self.states.ids {
            [] => std::ptr::null(),
            ids => ids[begin..begin + rows].as_ptr(),
        };
        let groups = if filtered { self.outputs.groups() } else { groups_in.cast_mut() };
        let mut frame = Frame {
            columns: views.as_ptr(),
            constants: self.constants.as_ptr(),
            sinks: sinks.as_ptr(),
            mask: self.outputs.mask_from(begin),
            groups_in,
            groups,
            states: self.states.pointer(),
            count: 0,
            fault: 0,
            fault_row: 0,
        };
        let length = i64::try_from(rows).expect("a block has few rows");
        // SAFETY: `views` were built from columns of the types that the code was compiled for and
        // hold `rows` rows from `begin` on (`Inputs::of` and `Batch` checked it); `sinks`, the mask
        // and the groups have room for as many (`Outputs`); `constants` has a slot a constant.
        // All of them outlive the call, and `machine` keeps the code mapped.
        let status = unsafe { (entries.rows)(&raw mut frame, length) };
        if status != 0 {
            return Err((frame.fault, begin + row_of(frame.fault_row)));
        }
        let count = row_of(frame.count);
        if !self.shape.updates.is_empty() {
            let survivors = i64::try_from(count).expect("a block has few rows");
            // SAFETY: as above; `rows` has written `count` arguments and group ids, which
            // `CheckedStates` found to lie inside the states.
            let status = unsafe { (entries.update)(&raw mut frame, survivors) };
            if status != 0 {
                let row = self.outputs.survivor(filtered, begin, row_of(frame.fault_row));
                return Err((frame.fault, row));
            }
        }
        self.outputs.advance(count);
        Ok(())
    }
}

fn row_of(number: u64) -> usize {
    usize::try_from(number).expect("a batch has few rows")
}

/// Returns the code of a constant that does not fit its declared type.
pub(crate) fn mismatch() -> ErrorCode {
    ErrorCode::CannotCast
}
