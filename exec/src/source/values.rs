//! VALUES: rows of constants as batches.

use ir::Scalar;
use types::{BATCH_ROWS, Batch, DataType, Value, array_of};

use crate::eval::{self, EvalContext};

/// Returns the rows as batches of columns of these types.
pub(crate) fn batches(
    rows: &[Vec<Scalar>],
    types: &[DataType],
    context: &EvalContext,
) -> diag::Result<Vec<Batch>> {
    rows.chunks(BATCH_ROWS).map(|chunk| batch(chunk, types, context)).collect()
}

fn batch(rows: &[Vec<Scalar>], types: &[DataType], context: &EvalContext) -> diag::Result<Batch> {
    // Row by row, so that the first mistake reported is the first one written.
    let mut columns: Vec<Vec<Value>> =
        types.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        for (column, scalar) in columns.iter_mut().zip(row) {
            column.push(cell(scalar, context)?);
        }
    }
    let arrays = columns.into_iter().zip(types).map(|(values, ty)| array_of(*ty, values));
    Ok(Batch::new(arrays.collect(), rows.len()))
}

fn cell(scalar: &Scalar, context: &EvalContext) -> diag::Result<Value> {
    match scalar.as_literal() {
        Some(value) => Ok(value.clone()),
        None => eval::constant(scalar, context),
    }
}
