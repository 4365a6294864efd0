//! The updates of one batch by machine code, into the rows that the interpreter fills too.
//!
//! A kernel knows that a row has no value, and where; the words of the error are the interpreter's,
//! which evaluates the same batch again. The statement fails either way: after an error the states
//! mean nothing.

use codegen::{Kernel, RuntimeError, States};
use diag::{Code, Diagnostic};
use ir::{AggregateCall, AggregateFunction, StateRows};
use types::Batch;

use super::flat::out_of_range;
use crate::error::internal;
use crate::eval::EvalContext;
use crate::kernel::aggregate::AggregateKernel;
use crate::operator::columns;

/// Updates the states of the kernel's calls with a batch whose groups are `numbers`.
pub(super) fn update(
    code: &Kernel,
    kernel: &AggregateKernel,
    calls: &[AggregateCall],
    rows: &mut StateRows,
    (batch, numbers): (&Batch, &[u32]),
    context: &EvalContext,
) -> diag::Result<()> {
    let inputs = kernel.piece.inputs(batch, context)?;
    let states = match kernel.piece.is_grouped() {
        true => States::Grouped { ids: numbers, rows },
        false => States::Single(rows),
    };
    match code.run(&inputs, context.parameters(), states) {
        Ok(_) => Ok(()),
        Err(error) => Err(explained(error, kernel, calls, batch, context)),
    }
}

/// Returns the interpreter's error for what the kernel met.
fn explained(
    error: RuntimeError,
    kernel: &AggregateKernel,
    calls: &[AggregateCall],
    batch: &Batch,
    context: &EvalContext,
) -> Box<Diagnostic> {
    let calls = || kernel.calls.iter().map(|at| &calls[*at]);
    for call in calls() {
        if let Err(found) = columns(&call.args, batch, context) {
            return found;
        }
    }
    // The arguments have values, so it was a sum that no longer fits.
    let sums = |call: &&AggregateCall| {
        matches!(call.function, AggregateFunction::Sum | AggregateFunction::Avg)
    };
    let of_argument = |call: &&AggregateCall| call.args.iter().any(|arg| arg.span == error.span);
    let call = calls().filter(sums).find(of_argument).or_else(|| calls().find(sums));
    match call {
        Some(call) if error.code == Code::NumericOverflow => out_of_range(call.function, call.span),
        Some(_) | None => {
            internal(format!("a kernel failed where the interpreter does not: {error}"))
        }
    }
}
