//! CASE and COALESCE: each row takes the first branch that it may, and evaluates no later one.

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_buffer::BooleanBuffer;
use ir::Scalar;
use types::Batch;

use super::select::{narrow, scatter};
use super::vector::{Vector, all_bits};
use super::{EvalContext, Result, conform, logic, vector};

/// Collects the values of branches and says which row takes which.
struct Choice {
    /// Values; the first holds one NULL, for rows that no branch takes.
    arrays: Vec<ArrayRef>,
    /// For each row, the array and the index in it.
    taken: Vec<(usize, usize)>,
    /// Rows that no branch has taken.
    open: BooleanBuffer,
}

impl Choice {
    fn new(expr: &Scalar, rows: usize) -> Choice {
        Choice {
            arrays: vec![new_null_array(&expr.ty.arrow(), 1)],
            taken: vec![(0, 0); rows],
            open: BooleanBuffer::new_set(rows),
        }
    }

    /// Returns the rows still open, of the slots that `exprs` read.
    fn open_rows(&self, batch: &Batch, exprs: &[&Scalar]) -> Batch {
        if self.open.count_set_bits() == batch.rows() {
            return batch.clone();
        }
        narrow(batch, &self.open, exprs)
    }

    /// Gives the rows of `mask` the values of `values`, which has a row for each of them.
    fn take(&mut self, mask: &BooleanBuffer, values: &Vector) {
        let array = self.arrays.len();
        self.arrays.push(values.array().clone());
        for (at, row) in mask.set_indices().enumerate() {
            self.taken[row] = (array, values.index(at));
        }
        self.open = &self.open & &!mask;
    }

    fn is_closed(&self) -> bool {
        self.open.count_set_bits() == 0
    }

    fn finish(self) -> Vector {
        let arrays: Vec<&dyn Array> = self.arrays.iter().map(AsRef::as_ref).collect();
        let chosen = arrow_select::interleave::interleave(&arrays, &self.taken);
        Vector::dense(chosen.expect("branches have the node's type"))
    }
}

/// CASE.
pub(super) fn case(
    expr: &Scalar,
    branches: &[(Scalar, Scalar)],
    otherwise: Option<&Scalar>,
    batch: &Batch,
    context: &EvalContext,
) -> Result<Vector> {
    let mut choice = Choice::new(expr, batch.rows());
    for (when, then) in branches {
        if choice.is_closed() {
            break;
        }
        let part = choice.open_rows(batch, &[when]);
        let condition = vector(when, &part, context)?;
        let mut holds = logic::truth(&condition);
        if condition.is_constant() {
            holds = all_bits(holds.value(0), part.rows());
        }
        if holds.count_set_bits() > 0 {
            let mask = scatter(&holds, &choice.open);
            take_branch(&mut choice, expr, then, &mask, batch, context)?;
        }
    }
    if let Some(otherwise) = otherwise.filter(|_| !choice.is_closed()) {
        let mask = choice.open.clone();
        take_branch(&mut choice, expr, otherwise, &mask, batch, context)?;
    }
    Ok(choice.finish())
}

fn take_branch(
    choice: &mut Choice,
    expr: &Scalar,
    then: &Scalar,
    mask: &BooleanBuffer,
    batch: &Batch,
    context: &EvalContext,
) -> Result<()> {
    let part = narrow(batch, mask, &[then]);
    let values = conform(vector(then, &part, context)?, then.ty, expr, part.rows())?;
    choice.take(mask, &values);
    Ok(())
}

/// COALESCE: the first operand that is not NULL.
pub(super) fn coalesce(
    expr: &Scalar,
    list: &[Scalar],
    batch: &Batch,
    context: &EvalContext,
) -> Result<Vector> {
    let mut choice = Choice::new(expr, batch.rows());
    for operand in list {
        if choice.is_closed() {
            break;
        }
        let part = choice.open_rows(batch, &[operand]);
        let values = conform(vector(operand, &part, context)?, operand.ty, expr, part.rows())?;
        let values = Vector::dense(values.into_array(part.rows()));
        let Some(valid) = values.validity(part.rows()) else {
            let mask = choice.open.clone();
            choice.take(&mask, &values);
            break;
        };
        let mask = scatter(valid.inner(), &choice.open);
        let kept = arrow_select::filter::filter(
            values.array(),
            &arrow_array::BooleanArray::new(valid.into_inner(), None),
        );
        choice.take(&mask, &Vector::dense(kept.expect("validity is as long as its array")));
    }
    Ok(choice.finish())
}
